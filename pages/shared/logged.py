"""A visitor's training log as the page shows it: judged and thinned, by a pure function that a worker can run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dynamics import Verdict, verdict_of_norms
from dynamics.training import Curves
from dynamics.training.course import CURVE
from dynamics.training_log import read_log

MOST_MEGABYTES: Final = 20
LARGE: Final = 100_000  # bytes; longer files are read by a worker


@dataclass(frozen=True, eq=False)
class Judged:
    """What a log tells."""

    name: str
    verdict: Verdict
    curves: Curves
    rows: int
    rho: tuple[float, float]  # the least and the greatest
    eta: tuple[float, float]


def judge_log(data: bytes, name: str) -> Judged:
    """Read a log, judge it, and keep at most CURVE rows for its curves, the first and the last among them.

    Raises:
        dynamics.training_log.LogError: it is no log; the message says why.
    """
    log = read_log(data, name)
    keep = np.unique(np.linspace(0, len(log.k) - 1, min(CURVE, len(log.k))).round().astype(np.int64))
    curves = Curves(
        log.k[keep], log.f[keep], log.f_plus[keep], log.gradient_norms[keep], log.shifted_norms[keep],
        log.cosine[keep], np.full(len(keep), np.nan),
    )  # fmt: skip
    return Judged(
        name, verdict_of_norms(log), curves, len(log.k), (float(log.rho.min()), float(log.rho.max())),
        (float(log.eta.min()), float(log.eta.max())),
    )  # fmt: skip
