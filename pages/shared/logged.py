"""A visitor's training log as the page shows it: judged and thinned, by a pure function that a worker can run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dynamics.training import Curves, Judgement, Record, judge
from dynamics.training.course import CURVE
from dynamics.training_log import Checks, Log, read_log

MOST_MEGABYTES: Final = 20
LARGE: Final = 100_000  # bytes; longer files are read by a worker


@dataclass(frozen=True, eq=False)
class Judged:
    """What a log tells."""

    name: str
    judgement: Judgement
    curves: Curves  # of the checks on all examples, with the losses of the steps' batches; without checks, of the steps
    checks: int
    rows: int  # recorded steps
    last: int  # step
    epochs: int | None
    rho: tuple[float, float]  # the least and the greatest
    eta: tuple[float, float]
    loss: float  # at the end: on all examples, or the median of the last batches
    accuracy: float  # at the last check, NaN where it was not told
    validation_accuracy: float
    guessing: float

    def called(self, name: str) -> Judged:
        """Return the same, of a run of this name."""
        said = replace(self.judgement, sentence=self.judgement.sentence.replace(self.name, name, 1))
        return replace(self, name=name, judgement=said)


def judge_log(data: bytes, name: str) -> Judged:
    """Read a log, judge it by what was recorded of all examples, and thin its curves.

    Raises:
        dynamics.training_log.LogError: it is no log; the message says why.
    """
    log = read_log(data, name)
    checks = log.checks
    return Judged(
        name, judge(_record(log)), _curves(log), 0 if checks is None else len(checks.k), len(log.k),
        max(int(log.k[-1]), -1 if checks is None else int(checks.k[-1])), log.epochs,
        (float(log.rho.min()), float(log.rho.max())), (float(log.eta.min()), float(log.eta.max())),
        float(np.median(log.f[-_LAST:]) if checks is None else checks.f[-1]),
        _known(checks, "accuracy"), _known(checks, "validation_accuracy"),
        np.nan if checks is None else checks.guessing,
    )  # fmt: skip


_LAST: Final = 20  # batches whose median stands for the loss where nothing better was recorded


def _known(checks: Checks | None, field: str) -> float:
    values = np.empty(0) if checks is None else getattr(checks, field)
    told = values[np.isfinite(values)]
    return float(told[-1]) if told.size else np.nan


def _record(log: Log) -> Record:
    """Take what judgements rest on: the checks, and the losses of batches."""
    nothing = Record(log.name, np.empty(0, np.int64), np.empty(0), batch_k=log.k, batch_f=log.f)
    c = log.checks
    if c is None:
        return nothing
    return replace(
        nothing, k=c.k, f=c.f, f_plus=c.f_plus, gradient_norms=c.gradient_norms, shifted_norms=c.shifted_norms,
        rho=c.rho, guessing=c.guessing,
    )  # fmt: skip


def _curves(log: Log) -> Curves:
    """Thin a log to at most CURVE steps, the first and the last among them."""
    keep = np.unique(np.linspace(0, len(log.k) - 1, min(CURVE, len(log.k))).round().astype(np.int64))
    c = log.checks
    if c is None:
        return Curves(
            log.k[keep], log.f[keep], log.f_plus[keep], log.gradient_norms[keep], log.shifted_norms[keep],
            log.cosine[keep], np.full(len(keep), np.nan),
        )  # fmt: skip
    some = np.unique(np.linspace(0, len(c.k) - 1, min(CURVE, len(c.k))).round().astype(np.int64))
    return Curves(
        c.k[some], c.f[some], c.f_plus[some], c.gradient_norms[some], c.shifted_norms[some], np.full(len(some), np.nan),
        c.accuracy[some], c.validation_accuracy[some], c.rho[some], batch_k=log.k[keep], batch_loss=log.f[keep],
    )  # fmt: skip
