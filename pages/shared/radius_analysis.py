"""What the page on radii asks of the core: all branches up to the largest radius, and where on them points attract."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from dynamics import (
    HallucinationCurves,
    StationaryPoints,
    attracting_intervals,
    hallucination_curves,
)
from dynamics.critical_radius import KINDS, Attracting, attracting, intervals, undecided, union
from dynamics.stationary import MOST_POINTS
from landscapes import Landscape
from pages.shared.analysis import stationary
from pages.shared.compute import HOPELESS, PATIENCE, hopeless, work_out
from pages.shared.kept import Kept
from pages.shared.ruggedness import search_cost

_BRANCHES: Final = 2e-4  # estimated seconds of the branches around one stationary point, for a line of the kernel
_AROUND: Final = 4  # of the points left out one is in the window, which is widened to twice its width
_OTHERS: Final = 2e-5  # and for each other one in the window, by which branches end
_ADVICE: Final = "Choose a smaller window."


@dataclass(frozen=True)
class Span:
    """A landscape and the radii that are looked at."""

    landscape: Landscape
    rho_max: float
    eta: float


@dataclass(frozen=True)
class Danger:
    """All radii at once, and where some point attracts, at the step size and for small enough ones.

    A formula that contains rho is another f at every radius. Then the curves hold f as it is at one radius, and what
    attracts at another one is not known from them: there are no intervals.
    """

    curves: HallucinationCurves
    now: Attracting
    intervals: np.ndarray  # (n, 2) at eta
    small: np.ndarray  # (n, 2) for small enough steps
    by_kind: dict[str, np.ndarray]  # (n, 2) at eta, by the targets' kind
    undecided: np.ndarray  # (n, 2) where second derivatives leave it open whether some point attracts

    @property
    def critical(self) -> float | None:
        """The critical radius at eta."""
        return float(self.intervals[0, 0]) if len(self.intervals) else None

    @property
    def moves(self) -> bool:
        """Whether f changes with the radius."""
        return self.curves.landscape.depends_on_rho


def _danger(span: Span) -> Danger:
    """Answer from the cache, here, or by a worker.

    Raises:
        Busy: too many wait for a worker, or none answered in time.
    """
    return work_out(look, span, _cost(span), _ADVICE)


danger = Kept(_danger)


def quick(span: Span) -> Danger | None:
    """Answer where that is estimated to take a moment only."""
    return danger(span) if _cost(span) <= PATIENCE else None


def _cost(span: Span) -> float:
    """Estimate the seconds that an answer takes; where the search takes long it is not made for that, see `look`."""
    l, search = span.landscape, search_cost(span.landscape, span.rho_max)
    if l.dim == 1 or search > PATIENCE:
        return search
    return search + _branches_cost(l, stationary(l, span.rho_max))


def _branches_cost(l: Landscape, s: StationaryPoints) -> float:
    """Estimate the seconds that the branches around stationary points take, in two variables."""
    inside = int(l.contains(s.points).sum()) + (s.left_out // _AROUND if len(s.points) >= MOST_POINTS else 0)
    return _targets(s) * (l.kernel.length * _BRANCHES + inside * _OTHERS)


def look(span: Span) -> Danger:
    """Find all branches, and where on them points attract.

    Raises:
        Busy: there are so many stationary points that it would take far too long.
    """
    l, most = span.landscape, span.rho_max
    if l.dim == 2 and _branches_cost(l, stationary(l, most)) > HOPELESS:
        raise hopeless(_ADVICE)
    c = _curves(l, most)
    now = attracting(c, span.eta)
    none = np.empty((0, 2))
    return Danger(
        curves=c,
        now=now,
        intervals=none if l.depends_on_rho else intervals(c, now, most),
        small=none if l.depends_on_rho else attracting_intervals(l, most, curves=c),
        by_kind={kind: none if l.depends_on_rho else intervals(c, now, most, kind) for kind in KINDS},
        undecided=_undecided(c),
    )


def _undecided(c: HallucinationCurves) -> np.ndarray:
    """Return the intervals (n, 2) of radii at which second derivatives leave it open whether some point attracts."""
    mask = np.isnan(c.step_limits) & undecided(c)[c.branch]
    first = np.flatnonzero((c.branch[:-1] == c.branch[1:]) & (mask[:-1] | mask[1:]))
    return union(*np.sort([c.rho[first], c.rho[first + 1]], axis=0))


@lru_cache(maxsize=2)
def _curves(l: Landscape, rho_max: float) -> HallucinationCurves:
    return hallucination_curves(l, rho_max, stationary(l, rho_max))


def _targets(s: StationaryPoints) -> int:
    """Count the targets around which is looked; curves of them are sampled."""
    return len(s.points) + sum(min(len(curve.points), 400) for curve in s.curves)
