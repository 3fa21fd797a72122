"""Vertices of level lines, and the chords between them from which the exact lines are reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape

from .brackets import root_between
from .levels import Grid, Indices, Slopes

# Why a line is cut or ends at a vertex.
STATIONARY, EDGE, MOST, FOLD, CROSSING, KINK, TARGET, UNDEFINED, LOST, JOIN = range(10)
ENDS: Final = (
    "stationary point", "edge", "rho_max", "fold", "crossing", "kink", "target", "undefined", "rounding",
)  # fmt: skip
NONE: Final = -1  # it goes on there

ROUNDING: Final = 1e-9  # slopes inwards below this share of |H| are rounding
_CORRECTIONS: Final = 5
_SETTLED: Final = 1e-9  # the last correction in cells, beside which nothing changes


@dataclass(frozen=True)
class Chords:
    """Chords between points of lines, from which the lines are reached at right angles."""

    l: Landscape
    grid: Grid
    z: Array  # (n, 2) targets
    a: Array  # (n, 2) ends, as positions on the grid
    b: Array
    ray: npt.NDArray[np.bool_]  # (n,) rays are straight

    def reach(self, t: Array, i: Indices) -> tuple[Array, Slopes]:
        """Return the lines' positions (k, 2) beside the shares t (k,) of the chords i, and what there is."""
        along = self.b[i] - self.a[i]
        normal = np.stack([-along[:, 1], along[:, 0]], axis=-1)
        normal /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-300)[:, None]
        foot = self.a[i] + t[:, None] * along
        at = foot
        for _ in range(_CORRECTIONS):
            s = self.grid.slopes(self.l, self.z[i], at)
            with np.errstate(all="ignore"):
                change = -s.tau / (self.grid.steepness(s, at) * normal).sum(axis=-1)
            change = np.where(np.isfinite(change) & ~self.ray[i], np.clip(change, -1.0, 1.0), 0.0)
            at = at + change[:, None] * normal
            if np.abs(change).max(initial=0.0) < _SETTLED:
                return at, s
        lost = np.abs(at - foot).max(axis=-1) > 2.0
        at = np.where(lost[:, None], foot, at)
        return at, self.grid.slopes(self.l, self.z[i], at)

    def zeros(self, value: Callable[[Array, Slopes, Indices], Array], i: Indices, low: Array, high: Array) -> Array:
        """Find the shares (k,) from low to high of the chords i at which a value changes its sign along the lines.

        The value is a function of positions (n, 2), what there is, and which of the k they belong to (n,).
        """

        def f(t: Array, k: Indices) -> Array:
            return value(*self.reach(t, i[k]), k)

        return root_between(f, low, high, 0.5 * (low + high))


@dataclass(frozen=True)
class Track:
    """Vertices of lines, one line after the other."""

    at: Array  # (m, 2) positions on the grid
    line: Indices  # (m,)
    target: Indices  # (m,)
    ray: npt.NDArray[np.bool_]  # (m,)
    why: Indices  # (m,) why a line is cut there or ends; NONE for the others

    @property
    def cut(self) -> npt.NDArray[np.bool_]:
        """Mask (m,) of the cuts."""
        return (self.why >= STATIONARY) & (self.why <= KINK)

    @property
    def pairs(self) -> Indices:
        """Vertices (k,) that are followed by another one of their line."""
        return np.flatnonzero(self.line[1:] == self.line[:-1])

    def take(self, index: npt.NDArray[np.bool_] | Indices) -> Track:
        """Choose vertices, in order."""
        return Track(self.at[index], self.line[index], self.target[index], self.ray[index], self.why[index])

    def chords(self, l: Landscape, grid: Grid, targets: Array, i: Indices) -> Chords:
        """Return the chords from the vertices i to the next ones."""
        return Chords(l, grid, targets[self.target[i]], self.at[i], self.at[i + 1], self.ray[i])

    def insert(self, i: Indices, t: Array, at: Array, why: Indices) -> Track:
        """Put vertices between the vertices i and the next ones, at the shares t of the way."""
        place = np.concatenate([np.arange(len(self.at), dtype=np.float64), i + np.clip(t, 1e-9, 1.0 - 1e-9)])
        more = Track(at, self.line[i], self.target[i], self.ray[i], why)
        both = (np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(Track))
        return Track(*both).take(np.argsort(place, kind="stable"))
