"""Warm-start: after how many steps of gradient descent SAM, from there on, ends at a true minimizer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape
from landscapes.slopes import Slopes

from .basins import basins
from .grouping import UNDECIDED
from .orbit import iterate
from .rules import gd, sam

SAVED: Final = "minimizer"  # the group of `dynamics.grouping` that counts as rescued
_BETWEEN: Final = 255  # starts that are tried at once between two others


@dataclass(frozen=True)
class Rescue:
    """How SAM ends after 0, 1, ..., n - 1 steps of gradient descent from one start, each of them tried."""

    rho: float
    steps: int  # of SAM, after the warm-start
    points: Array  # (n, d) where gradient descent is after k steps
    groups: npt.NDArray[np.str_]  # (n,) how SAM ends from there, in the groups of `dynamics.grouping`
    kinds: npt.NDArray[np.str_]  # (n,) of the stationary point that this is about, empty where it is about none
    rests: bool  # gradient descent moves no more after the last of them: any longer warm-start is the same
    leaves: bool  # gradient descent left the numbers after the last of them

    @property
    def saved(self) -> npt.NDArray[np.bool_]:
        """Which warm-starts (n,) rescue the start: SAM reaches a minimizer of f, or bounces around it."""
        return np.asarray(self.groups == SAVED)

    @property
    def looked(self) -> int:
        """The longest warm-start that was tried."""
        return len(self.groups) - 1

    @property
    def shortest(self) -> int | None:
        """The shortest warm-start that rescues; None where none of those tried does."""
        return int(np.argmax(self.saved)) if self.saved.any() else None

    @property
    def relapses(self) -> npt.NDArray[np.int64]:
        """The warm-starts (m,) that do not rescue though a shorter one does."""
        k = self.shortest
        return np.empty(0, np.int64) if k is None else k + np.flatnonzero(~self.saved[k:])

    @property
    def undecided(self) -> int:
        """How many warm-starts shorter than the shortest that rescues, or of all tried, end undecided."""
        k = self.shortest
        return int((self.groups[:k] == UNDECIDED).sum())


def rescue(
    l: Landscape,
    eta: float,
    rho: float,
    start: npt.ArrayLike,
    most: int,
    steps: int,
    report: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Rescue | None:
    """Try every warm-start of up to so many steps of gradient descent.

    Gradient descent runs once. SAM runs from each of its points, all together. A longer warm-start than one that
    rescues need not rescue, so none is left out but those that begin from the very same point, where gradient descent
    has come to rest to the last digit.

    Args:
        l: the landscape.
        eta: step size of both, > 0.
        rho: SAM's radius, >= 0.
        start: (d,).
        most: the longest warm-start, >= 0.
        steps: how many SAM takes after each of them, >= 0.
        report: called now and then with the share of the work that is done.
        stop: asked as often; when it says True there is no result.

    Returns:
        How each of them ends, or None where it was stopped.

    Raises:
        ValueError: a number is out of its range.
    """
    if most < 0:
        raise ValueError(f"most must be >= 0, got {most}; use 0 to try SAM alone")
    x = iterate(gd(l, eta), start, most, stop=stop).x
    finite = np.isfinite(x).all(axis=-1)
    leaves = not finite.all()
    x = x[: max(1, int(np.argmin(finite)))] if leaves else x
    same = (x[1:] == x[:-1]).all(axis=-1)
    rests = bool(same.any())
    x = x[: int(np.argmax(same)) + 1] if rests else x
    found = basins(sam(Slopes(l), eta, rho), x, steps, report, stop)
    return None if found is None else Rescue(rho, steps, x, found.groups, found.kinds, rests, leaves and not rests)


def edge(
    l: Landscape, eta: float, rho: float, lost: float, saved: float, steps: int, tolerance: float = 1e-9
) -> tuple[float, float]:
    """Find where, in one variable, the basin ends out of which a warm-start has to carry a run.

    Args:
        l: a landscape in one variable.
        eta: step size, > 0.
        rho: SAM's radius, >= 0.
        lost: a start from which SAM does not end at a minimizer.
        saved: a start from which it does.
        steps: how many SAM takes.
        tolerance: how closely the two have to enclose the end, as a share of the window.

    Returns:
        A start from which SAM does not end at a minimizer, and one so close to it from which it does. Where there are
        several such places between the two given, it is the one nearest to `lost` that the tries show.

    Raises:
        ValueError: the landscape has more than one variable.
    """
    if l.dim != 1:
        raise ValueError(f"an end of a basin is a number in one variable only, the landscape has {l.dim}")
    rule = sam(Slopes(l), eta, rho)
    narrow = tolerance * l.diagonal
    while abs(saved - lost) > max(narrow, 4.0 * math.ulp(max(abs(saved), abs(lost)))):
        x = np.linspace(lost, saved, _BETWEEN + 2)
        found = basins(rule, x[1:-1, None], steps)
        assert found is not None
        fine = np.append(found.groups == SAVED, True)
        first = int(np.argmax(fine)) + 1
        lost, saved = float(x[first - 1]), float(x[first])
    return lost, saved
