"""Saddles of tau close to its level lines: where two lines cross, or all but do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from landscapes.landscape import Array, Landscape
from landscapes.switches import switches

from .chains import groups
from .circles import rounding
from .levels import Grid, Indices
from .vertices import CROSSING, JOIN, KINK, ROUNDING, STATIONARY, Track

_NEAR: Final = 1.5  # cells from a vertex within which a saddle is sought
_BLOCK: Final = 20_000  # vertices that are looked at together
_CLEARED: Final = 1.2  # cells around a saddle whose vertices give way to it
_FLAT: Final = 1e-10  # tau there, in units of its curvature by cell: lines that come no nearer than 1e-5 cells cross
_CLOSE: Final = 0.8  # cells from a saddle within which lines may be linked wrongly by the grid


@dataclass(frozen=True)
class _Saddles:
    target: Indices  # (n,)
    at: Array  # (n, 2) positions on the grid
    apart: Array  # (n, 2) from there to the nearest point of the one line; the other one's is opposite; 0 at crossings

    def take(self, index: npt.NDArray[np.bool_] | Indices) -> _Saddles:
        return _Saddles(self.target[index], self.at[index], self.apart[index])


def with_saddles(l: Landscape, grid: Grid, targets: Array, track: Track) -> Track:
    """Put crossings, which are cuts, in the place of the vertices around them; and where lines come close, link them.

    There a line on the grid may change over to the other one. The vertices within reach give way to the points of
    both lines that are nearest to each other, and the parts of a line on different sides become two.
    """
    line = ~track.ray
    found = _saddles(l, grid, targets, track.at[line], track.target[line])
    if not len(found.target):
        return track
    shifts = np.repeat([-1.0, 0.0, 1.0], len(found.target))[:, None] * [grid.columns, 0.0]
    found = found.take(np.tile(np.arange(len(found.target)), 3))
    found = replace(found, at=found.at + shifts)
    apart = 10.0 * max(grid.columns, grid.rows)
    vertices = np.column_stack([track.at, track.target * apart])
    tree = KDTree(np.column_stack([found.at, found.target * apart]))
    distance, nearest = (np.asarray(v) for v in tree.query(vertices, distance_upper_bound=_CLEARED))
    near = np.isfinite(distance) & line
    nearest = np.where(near, nearest, -1)
    new = np.diff(track.line, prepend=-1) != 0
    # Where a line ends at a kink, or was followed up to another, it is linked rightly.
    part = np.cumsum(new | (np.roll(nearest, 1) != nearest))
    followed = (track.why == KINK) | ((track.why == JOIN) & (track.at != np.round(track.at)).all(axis=-1))
    near &= ~np.isin(part, part[followed])
    first = np.flatnonzero(near & (new | (np.roll(nearest, 1) != nearest)))
    last = np.flatnonzero(near & (np.roll(new, -1) | (np.roll(nearest, -1) != nearest)))
    saddle = nearest[first]
    centre, push = found.at[saddle], found.apart[saddle]

    def side(beyond: Indices, outside: npt.NDArray[np.bool_]) -> Array:
        """Say on which side of the saddle a line comes or goes; 0 where it ends before."""
        return np.where(outside, np.sign(((track.at[beyond] - centre) * push).sum(axis=-1)), 0.0)

    m = len(track.at)
    come = side(np.maximum(first - 1, 0), ~new[first])
    go = side(np.minimum(last + 1, m - 1), ~np.roll(new, -1)[last])
    come, go = np.where(come == 0.0, go, come), np.where(go == 0.0, come, go)
    at, why = track.at.copy(), track.why.copy()
    at[first] = centre + come[:, None] * push
    # On a curve of stationary points the lines meet that curve itself.
    s = grid.slopes(l, targets[found.target[saddle]], centre)
    met = np.abs(s.inward) <= ROUNDING * np.abs(s.hessian).max(axis=(1, 2), initial=0.0)
    crossing = (push == 0.0).all(axis=-1)
    why[first[crossing]] = np.where(met, STATIONARY, CROSSING)[crossing]
    parted = ~crossing & (come != go)
    why[first[parted]] = JOIN
    keep = ~near
    keep[first] = True
    # The second part of a parted line begins anew.
    place = np.cumsum(keep)[first[parted]]
    track = replace(track, at=at, why=why).take(keep)
    again = np.zeros(len(track.at) + len(place), dtype=np.int64)
    again[place + np.arange(len(place))] = 1
    return Track(
        np.insert(track.at, place, centre[parted] + go[parted, None] * push[parted], axis=0),
        np.insert(track.line, place, track.line[place - 1]) + np.cumsum(again),
        np.insert(track.target, place, track.target[place - 1]),
        np.insert(track.ray, place, False),
        np.insert(track.why, place, JOIN),
    )


def _saddles(l: Landscape, grid: Grid, targets: Array, at: Array, target: Indices) -> _Saddles:
    """Find the saddles of tau close to vertices at which it all but vanishes."""
    close = []
    for start in range(0, len(at), _BLOCK):
        step, saddle, _ = _to_flat(l, grid, targets[target[start : start + _BLOCK]], at[start : start + _BLOCK])
        near = start + np.flatnonzero(saddle & (np.abs(step) <= _NEAR).all(axis=-1))
        close.append((near, at[near] + step[near - start]))
    near, there = (np.concatenate(v) for v in zip((np.empty(0, np.int64), np.empty((0, 2))), *close, strict=True))
    begin, found = at[near], _Saddles(target[near], there, np.zeros((len(near), 2)))
    if not len(near):
        return found
    for _ in range(12):
        step, saddle, bend = _to_flat(l, grid, targets[found.target], found.at, 1e-3)
        step = np.where(np.isfinite(step), step, 10.0)
        found = replace(found, at=found.at + np.clip(step, -1.0, 1.0))
        if (np.abs(step) < 1e-9).all():
            break
    settled = (np.abs(step) < 1e-7).all(axis=-1) & (np.abs(found.at - begin) <= 2.0 * _NEAR).all(axis=-1) & saddle
    settled &= found.at[:, 1] >= 0.0
    found, bend = found.take(settled), bend[settled]
    off = _off_kinks(l, grid, targets, found, begin[settled])
    found, bend = found.take(off), bend[off]
    found.at[:, 0] %= grid.columns
    if not len(found.target):
        return found
    _, first = np.unique(groups(np.column_stack([found.at, found.target * 1e6]), 1e-3), return_index=True)
    return _parted(l, grid, targets, found.take(first), bend[first])


def _off_kinks(l: Landscape, grid: Grid, targets: Array, found: _Saddles, begin: Array) -> npt.NDArray[np.bool_]:
    """Mask the saddles with no kink nearby, nor on the way from where their search began: the others are none."""
    every = switches(l)
    if not len(every):
        return np.ones(len(begin), dtype=bool)
    beside = 1e-2 * np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    around = np.concatenate([found.at + beside[:, None], begin[None]])
    z = np.tile(targets[found.target], (len(around), 1))
    sides = every.sides(grid.slopes(l, z, around.reshape(-1, 2)).x).reshape(len(around), -1)
    return np.asarray((sides == sides[0]).all(axis=0))


def _parted(l: Landscape, grid: Grid, targets: Array, found: _Saddles, bend: Array) -> _Saddles:
    """Say how far from the saddles the lines are, and keep those at which that is less than a cell."""
    z = targets[found.target]
    tau = grid.slopes(l, z, found.at).tau
    bends, axes = np.linalg.eigh(0.5 * (bend + np.swapaxes(bend, 1, 2)))
    rows, other = np.arange(len(tau)), np.where(tau > 0.0, 0, 1)  # the axis along which tau returns to zero
    axis, slope = axes[rows, :, other], bends[rows, other]
    away = np.sqrt(np.maximum(-2.0 * tau / slope, 0.0))
    for _ in range(8):
        at = found.at + away[:, None] * axis
        s = grid.slopes(l, z, at)
        rate = (grid.steepness(s, at) * axis).sum(axis=-1)
        change = np.where(away > 0.0, s.tau / rate, 0.0)
        away = away - np.where(np.isfinite(change), np.clip(change, -0.3, 0.3), 0.0)
    size = np.abs(bend).max(axis=(1, 2))
    # Floats cannot tell a smaller tau from zero, as where f is almost round about the target.
    h = np.abs(grid.slopes(l, z, found.at).hessian).max(axis=(1, 2))
    crossing = np.abs(tau) <= _FLAT * size + h * rounding(z, grid.rho(found.at[:, 1]))
    push = np.where(crossing, 0.0, np.maximum(away, 0.0))[:, None] * axis
    return replace(found, apart=push).take(crossing | (away < _CLOSE))


def _to_flat(
    l: Landscape, grid: Grid, z: Array, at: Array, h: float = 1e-2
) -> tuple[Array, npt.NDArray[np.bool_], Array]:
    """Newton steps (n, 2) to where tau's gradient vanishes, where that is a saddle, and tau's Hessian (n, 2, 2)."""
    _, g, bend = grid.curvature(l, z, at, h)
    (a, c), (b, d) = np.moveaxis(bend, 0, -1)
    with np.errstate(all="ignore"):
        determinant = a * d - b * c
        step = np.stack([c * g[:, 1] - d * g[:, 0], b * g[:, 0] - a * g[:, 1]], axis=-1) / determinant[:, None]
    return step, determinant < 0.0, np.where(np.isfinite(bend), bend, 0.0)
