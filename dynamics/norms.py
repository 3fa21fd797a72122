"""What the norms of a run tell without its positions, as from the log of a training run."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .outcome import TOLERANCES, OfNorms, Outcome, Verdict, since, tail_of
from .sentences import norms_sentence


class Norms(Protocol):
    """What is known of a run without positions: an `Orbit` of one run, or the log of a training run."""

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        ...

    @property
    def k(self) -> npt.NDArray[np.int64]:
        """Step numbers (n,), ascending."""
        ...

    @property
    def f(self) -> Array:
        """The objective at x (n,)."""
        ...

    @property
    def f_plus(self) -> Array:
        """The objective at x+ (n,)."""
        ...

    @property
    def gradient_norms(self) -> Array:
        """|g(x)| (n,)."""
        ...

    @property
    def shifted_norms(self) -> Array:
        """|S(x)| (n,)."""
        ...

    @property
    def rho(self) -> Array:
        """Perturbation radius (n,); 0 where the rule does not look ahead."""
        ...


def verdict_of_norms(run: Norms) -> Verdict:
    """Say what the norms of a run tell without its positions; never that it is hallucinated.

    Args:
        run: an orbit of one run, or a log.

    Returns:
        "diverged": not finite, or the loss has grown 10,000-fold; "stalled": |S| small against |g|, which Newton's
        method has still to certify; "small gradient"; or "still moving".

    Raises:
        ValueError: the run is empty, or an orbit of several runs.
    """
    if run.f.ndim != 1 or not len(run.f):
        raise ValueError(f"verdict_of_norms needs one run of at least one step, got f of shape {run.f.shape}")
    with np.errstate(all="ignore"):
        found = of_norms(run)
        found = replace(found, gradient_norm=float(run.gradient_norms[-1]), shifted_norm=float(run.shifted_norms[-1]))
    return replace(found, sentence=norms_sentence(found, run.name))


def of_norms(run: Norms) -> Verdict:
    """Return that verdict without the norms at the end and without its sentence."""
    t = TOLERANCES
    norms, shifted = run.gradient_norms, run.shifted_norms
    limit = t.grown * max(1.0, abs(float(run.f[0]))) if np.isfinite(run.f[0]) else np.inf
    fine = np.isfinite(run.f) & np.isfinite(run.f_plus) & np.isfinite(norms) & np.isfinite(shifted) & (run.f <= limit)
    if not fine.all():
        return Verdict("diverged", None, None, None, int(run.k[np.argmin(fine)]))
    quarter = max(1, tail_of(len(norms)) // 4)
    looks_ahead = norms[-1] > 0.0 and run.rho[-1] > t.no_look_ahead * run.rho.max()
    stall = looks_ahead & (shifted <= t.stall * norms)
    small = norms <= t.small_gradient * norms.max()
    looks: tuple[tuple[Outcome | OfNorms, npt.NDArray[np.bool_]], ...] = (("stalled", stall), ("small gradient", small))
    for outcome, holds in looks:
        if holds[-quarter:].all():
            return Verdict(outcome, None, None, None, int(run.k[since(holds)]))
    return Verdict("still moving", None, None, None, int(run.k[-1]))
