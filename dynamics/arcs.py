"""Level lines cut into arcs: the pieces on which hallucinated points move one way as rho grows.

A line is cut where the slope inwards vanishes (at a stationary point), at the window's edge, at the largest radius,
where it turns round in rho (a fold), and where it crosses another one. What is left is judged piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from landscapes.landscape import Array, Landscape

from .chains import groups
from .levels import Grid, Indices, Lines, Slopes, root_between

STATIONARY, EDGE, MOST, FOLD, CROSSING, TARGET, UNDEFINED, _JOIN = range(8)
ENDS: Final = ("stationary point", "edge", "rho_max", "fold", "crossing", "target", "undefined")

_NONE: Final = -1
_NEAR: Final = 1.5  # cells from a vertex within which a crossing is sought
_CLEARED: Final = 1.2  # cells around a crossing whose vertices give way to it
_FLAT: Final = 1e-10  # tau there, in units of its curvature by cell: lines that come no nearer than 1e-5 cells cross
_ROUNDING: Final = 1e-9  # slopes inwards below this share of |H| are rounding
_CLOSE: Final = 0.8  # cells from a saddle of tau within which lines may be linked wrongly by the grid
_CORRECTIONS: Final = 5
_SETTLED: Final = 1e-9  # the last correction in cells, beside which nothing changes


@dataclass(frozen=True)
class Arcs:
    """Pieces of lines with the gradient inwards, in the domain, along each of which rho grows; one after another."""

    at: Array  # (m, 2) positions on the grid
    offsets: Indices  # (n + 1,)
    target: Indices  # (n,)
    ray: npt.NDArray[np.bool_]  # (n,)
    starts: Indices  # (n,) why it starts and ends, as indices of ENDS
    ends: Indices  # (n,)


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

        def f(t: Array, k: Array) -> Array:
            which = k.astype(np.int64)
            return value(*self.reach(t, i[which]), which)

        return root_between(f, low, high, 0.5 * (low + high))


def room(l: Landscape, x: Array) -> Array:
    """Distance (n,) of points (n, 2) from the window's edge; negative outside."""
    low, high = np.array(l.domain).T
    return np.asarray(np.minimum(x - low, high - x).min(axis=-1)) + 1e-13 * l.diagonal


@dataclass(frozen=True)
class _Track:
    """Vertices of lines, one line after the other."""

    at: Array  # (m, 2) positions on the grid
    line: Indices  # (m,)
    target: Indices  # (m,)
    ray: npt.NDArray[np.bool_]  # (m,)
    why: Indices  # (m,) why a line is cut there or ends; _NONE for the others

    @property
    def cut(self) -> npt.NDArray[np.bool_]:
        """Mask (m,) of the cuts."""
        return (self.why >= STATIONARY) & (self.why <= CROSSING)

    @property
    def pairs(self) -> Indices:
        """Vertices (k,) that are followed by another one of their line."""
        return np.flatnonzero(self.line[1:] == self.line[:-1])

    def take(self, index: npt.NDArray[np.bool_] | Indices) -> _Track:
        """Choose vertices, in order."""
        return _Track(self.at[index], self.line[index], self.target[index], self.ray[index], self.why[index])

    def chords(self, l: Landscape, grid: Grid, targets: Array, i: Indices) -> Chords:
        """Return the chords from the vertices i to the next ones."""
        return Chords(l, grid, targets[self.target[i]], self.at[i], self.at[i + 1], self.ray[i])

    def insert(self, i: Indices, t: Array, at: Array, why: Indices) -> _Track:
        """Put vertices between the vertices i and the next ones, at the shares t of the way."""
        place = np.concatenate([np.arange(len(self.at), dtype=np.float64), i + np.clip(t, 1e-9, 1.0 - 1e-9)])
        more = _Track(at, self.line[i], self.target[i], self.ray[i], why)
        both = (np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(_Track))
        return _Track(*both).take(np.argsort(place, kind="stable"))


def arcs(l: Landscape, grid: Grid, rho_max: float, targets: Array, lines: Lines) -> Arcs:
    """Cut lines around targets (n, 2) into arcs."""
    track = _Track(lines.at, lines.line, lines.target, lines.ray, _line_ends(grid, lines))
    track = _with_saddles(l, grid, targets, track)
    track = _with_cuts(l, grid, rho_max, targets, track)
    return _pieces(l, grid, rho_max, targets, track)


def _line_ends(grid: Grid, lines: Lines) -> Indices:
    """Say for each vertex that is the end of a line why it ends there."""
    firsts = np.flatnonzero(np.diff(lines.line, prepend=-1))
    lasts = np.append(firsts[1:], len(lines.line))[: len(firsts)] - 1
    why = np.full(len(lines.at), _NONE)
    for vertex, other in ((firsts, lasts), (lasts, firsts)):
        j, k = lines.at[vertex].T
        closed = (lines.at[vertex] == lines.at[other]).all(axis=-1)
        seam = (j == 0.0) | (j == grid.columns)
        why[vertex] = np.select([k == 0.0, closed | seam], [TARGET, _JOIN], UNDEFINED)
    return why


# Saddles of tau: where two lines cross, or all but do


@dataclass(frozen=True)
class _Saddles:
    target: Indices  # (n,)
    at: Array  # (n, 2) positions on the grid
    apart: Array  # (n, 2) from there to the nearest point of the one line; the other one's is opposite; 0 at crossings

    def take(self, index: npt.NDArray[np.bool_] | Indices) -> _Saddles:
        return _Saddles(self.target[index], self.at[index], self.apart[index])


def _with_saddles(l: Landscape, grid: Grid, targets: Array, track: _Track) -> _Track:
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
    met = np.abs(s.inward) <= _ROUNDING * np.abs(s.hessian).max(axis=(1, 2), initial=0.0)
    crossing = (push == 0.0).all(axis=-1)
    why[first[crossing]] = np.where(met, STATIONARY, CROSSING)[crossing]
    parted = ~crossing & (come != go)
    why[first[parted]] = _JOIN
    keep = ~near
    keep[first] = True
    # The second part of a parted line begins anew.
    place = np.cumsum(keep)[first[parted]]
    track = replace(track, at=at, why=why).take(keep)
    again = np.zeros(len(track.at) + len(place), dtype=np.int64)
    again[place + np.arange(len(place))] = 1
    return _Track(
        np.insert(track.at, place, centre[parted] + go[parted, None] * push[parted], axis=0),
        np.insert(track.line, place, track.line[place - 1]) + np.cumsum(again),
        np.insert(track.target, place, track.target[place - 1]),
        np.insert(track.ray, place, False),
        np.insert(track.why, place, _JOIN),
    )


def _saddles(l: Landscape, grid: Grid, targets: Array, at: Array, target: Indices) -> _Saddles:
    """Find the saddles of tau close to vertices at which it all but vanishes."""
    step, saddle, _ = _to_flat(l, grid, targets[target], at)
    near = np.flatnonzero(saddle & (np.abs(step) <= _NEAR).all(axis=-1))
    begin, found = at[near], _Saddles(target[near], at[near] + step[near], np.zeros((len(near), 2)))
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
    found.at[:, 0] %= grid.columns
    if not len(found.target):
        return found
    _, first = np.unique(groups(np.column_stack([found.at, found.target * 1e6]), 1e-3), return_index=True)
    return _parted(l, grid, targets, found.take(first), bend[first])


def _parted(l: Landscape, grid: Grid, targets: Array, found: _Saddles, bend: Array) -> _Saddles:
    """Say how far from the saddles the lines are, and keep those at which that is less than a cell."""
    z = targets[found.target]
    tau = grid.slopes(l, z, found.at).tau
    curvature, axes = np.linalg.eigh(0.5 * (bend + np.swapaxes(bend, 1, 2)))
    rows, other = np.arange(len(tau)), np.where(tau > 0.0, 0, 1)  # the axis along which tau returns to zero
    axis, slope = axes[rows, :, other], curvature[rows, other]
    away = np.sqrt(np.maximum(-2.0 * tau / slope, 0.0))
    for _ in range(3):
        s = grid.slopes(l, z, found.at + away[:, None] * axis)
        rate = (grid.steepness(s, found.at + away[:, None] * axis) * axis).sum(axis=-1)
        change = np.where(away > 0.0, s.tau / rate, 0.0)
        away = away - np.where(np.isfinite(change), np.clip(change, -0.3, 0.3), 0.0)
    size = np.abs(bend).max(axis=(1, 2))
    crossing = np.abs(tau) <= _FLAT * size
    push = np.where(crossing, 0.0, np.maximum(away, 0.0))[:, None] * axis
    return replace(found, apart=push).take(crossing | (away < _CLOSE))


def _to_flat(
    l: Landscape, grid: Grid, z: Array, at: Array, h: float = 1e-2
) -> tuple[Array, npt.NDArray[np.bool_], Array]:
    """Newton steps (n, 2) to where tau's gradient vanishes, where that is a saddle, and tau's Hessian (n, 2, 2)."""
    columns = []
    for axis in np.eye(2):
        ahead, behind = (_steepness(l, grid, z, at + sign * h * axis) for sign in (1.0, -1.0))
        columns.append((ahead - behind) / (2.0 * h))
    bend = np.stack(columns, axis=-1)
    (a, b), (c, d) = columns[0].T, columns[1].T
    g = _steepness(l, grid, z, at)
    with np.errstate(all="ignore"):
        determinant = a * d - b * c
        step = np.stack([c * g[:, 1] - d * g[:, 0], b * g[:, 0] - a * g[:, 1]], axis=-1) / determinant[:, None]
    return step, determinant < 0.0, np.where(np.isfinite(bend), bend, 0.0)


def _steepness(l: Landscape, grid: Grid, z: Array, at: Array) -> Array:
    return grid.steepness(grid.slopes(l, z, at), at)


# Cuts


def _with_cuts(l: Landscape, grid: Grid, rho_max: float, targets: Array, track: _Track) -> _Track:
    """Insert where lines pass a stationary point, leave the domain, pass rho_max, or turn round."""

    def values(at: Array, s: Slopes) -> Array:
        return np.stack([s.inward, room(l, s.x), rho_max - grid.rho(at[:, 1]), s.by_theta])

    v = values(track.at, grid.slopes(l, targets[track.target], track.at))
    pair = track.pairs
    pair = pair[(np.maximum(v[:FOLD, pair], v[:FOLD, pair + 1]) > 0.0).all(axis=0)]
    changes = v[:, pair] * np.sign(v[:, pair + 1]) < 0.0
    changes[STATIONARY] &= (track.why[pair] != STATIONARY) & (track.why[pair + 1] != STATIONARY)
    changes[FOLD] &= ~track.cut[pair] & ~track.cut[pair + 1] & ~track.ray[pair]
    why, which = np.nonzero(changes)
    i = pair[which]
    chords = track.chords(l, grid, targets, i)
    every, zero = np.arange(len(i)), np.zeros(len(i))
    t = chords.zeros(lambda at, s, k: values(at, s)[why[k], np.arange(len(k))], every, zero, zero + 1.0)
    at = chords.reach(t, every)[0]
    fold = why == FOLD
    at[fold] = _at_folds(l, grid, chords.z[fold], at[fold])
    track = track.insert(i, t, at, why)
    # Between two cuts there has to be something to judge the piece by.
    i = track.pairs
    i = i[track.cut[i] & track.cut[i + 1]]
    half = np.full(len(i), 0.5)
    middle = track.chords(l, grid, targets, i).reach(half, np.arange(len(i)))[0]
    return track.insert(i, half, middle, np.full(len(i), _NONE))


def _at_folds(l: Landscape, grid: Grid, z: Array, begin: Array) -> Array:
    """Solve tau = 0 and its derivative by theta = 0 close to positions (n, 2), by Newton's method."""
    at = begin
    for _ in range(6):
        s = grid.slopes(l, z, at)
        ahead, behind = (_steepness(l, grid, z, at + [h, 0.0])[:, 0] for h in (1e-3, -1e-3))
        right, up = grid.steepness(s, at).T
        above, below = (_steepness(l, grid, z, at + [0.0, h])[:, 0] for h in (1e-3, -1e-3))
        turn, mixed = (ahead - behind) / 2e-3, (above - below) / 2e-3
        determinant = right * mixed - up * turn
        step = np.stack([up * right - mixed * s.tau, turn * s.tau - right * right], axis=-1) / determinant[:, None]
        at = at + np.where(np.isfinite(step).all(axis=-1)[:, None], np.clip(step, -0.5, 0.5), 0.0)
    better = np.abs(_steepness(l, grid, z, at)[:, 0]) < np.abs(_steepness(l, grid, z, begin)[:, 0])
    better &= (np.abs(at - begin) <= 1.5).all(axis=-1)
    return np.where(better[:, None], at, begin)


def _pieces(l: Landscape, grid: Grid, rho_max: float, targets: Array, track: _Track) -> Arcs:
    """Keep the pieces between cuts on which the gradient points inwards, join and orient them."""
    s = grid.slopes(l, targets[track.target], track.at)
    size = np.abs(s.hessian).max(axis=(1, 2), initial=0.0)
    held = (s.inward > _ROUNDING * size) & (room(l, s.x) >= 0.0) & (grid.rho(track.at[:, 1]) <= rho_max)
    m = len(track.at)
    first = np.diff(track.line, prepend=-1) != 0
    last = np.append(first[1:], True)[:m]
    begins = np.flatnonzero((first | track.cut) & ~last)
    stops = np.flatnonzero((last | track.cut) & ~first)
    inner = np.concatenate([[0], np.cumsum(~track.cut)])
    good = np.concatenate([[0], np.cumsum(held & ~track.cut)])
    alive = 2 * (good[stops + 1] - good[begins]) > inner[stops + 1] - inner[begins]
    pieces = [
        _Piece(track.at[b : e + 1], int(track.target[b]), bool(track.ray[b]), int(track.why[b]), int(track.why[e]))
        for b, e in zip(begins[alive].tolist(), stops[alive].tolist(), strict=True)
    ]
    return _gathered(_joined(grid, pieces))


@dataclass(frozen=True)
class _Piece:
    at: Array  # (m, 2)
    target: int
    ray: bool
    start: int
    end: int

    def turned(self) -> _Piece:
        return replace(self, at=self.at[::-1], start=self.end, end=self.start)

    def ascending(self) -> _Piece:
        """Drop what rounding has put in the wrong order close to folds."""
        k = self.at[:, 1]
        keep = (k >= np.maximum.accumulate(k)) & (k <= k[-1])
        return self if keep.all() else replace(self, at=self.at[keep])


def _joined(grid: Grid, pieces: list[_Piece]) -> list[_Piece]:
    """Join the pieces that meet at the seam of the grid or where a closed line begins."""

    def key(piece: _Piece, vertex: int) -> tuple[int, float, float]:
        j, k = piece.at[vertex]
        return piece.target, round(float(j % grid.columns), 6) % grid.columns, round(float(k), 6)

    loose = [p for p in pieces if _JOIN in (p.start, p.end)]
    meeting: dict[tuple[int, float, float], list[int]] = {}
    for n, piece in enumerate(loose):
        for why, vertex in ((piece.start, 0), (piece.end, -1)):
            if why == _JOIN:
                meeting.setdefault(key(piece, vertex), []).append(n)
    used = [False] * len(loose)
    done = [p for p in pieces if _JOIN not in (p.start, p.end)]
    # From the pieces with one loose end on; two loose ends are in the middle of a chain, or lead nowhere.
    for n in sorted(range(len(loose)), key=lambda n: (loose[n].start, loose[n].end).count(_JOIN)):
        if used[n]:
            continue
        used[n] = True
        chain = loose[n] if loose[n].end == _JOIN else loose[n].turned()
        while chain.end == _JOIN:
            here = key(chain, -1)
            other = next((m for m in meeting[here] if not used[m]), None)
            if other is None:
                break
            used[other] = True
            piece = loose[other]
            if piece.start != _JOIN or key(piece, 0) != here:
                piece = piece.turned()
            turns = np.round((chain.at[-1, 0] - piece.at[0, 0]) / grid.columns)
            more = piece.at[1:] + np.array([turns * grid.columns, 0.0])
            chain = replace(chain, at=np.concatenate([chain.at, more]), end=piece.end)
        done.append(chain)
    return done


def _gathered(pieces: list[_Piece]) -> Arcs:
    """Turn every piece the way in which rho grows, and put all of them into arrays."""
    pieces = [(p if p.at[0, 1] <= p.at[-1, 1] else p.turned()).ascending() for p in pieces]

    def named(why: int) -> int:
        return UNDEFINED if why == _JOIN else why

    return Arcs(
        at=np.concatenate([np.empty((0, 2)), *(p.at for p in pieces)]),
        offsets=np.concatenate([[0], np.cumsum([len(p.at) for p in pieces])]).astype(np.int64),
        target=np.array([p.target for p in pieces], dtype=np.int64),
        ray=np.array([p.ray for p in pieces], dtype=bool),
        starts=np.array([named(p.start) for p in pieces], dtype=np.int64),
        ends=np.array([named(p.end) for p in pieces], dtype=np.int64),
    )


def joined(batches: list[Arcs]) -> Arcs:
    """Put the arcs of several batches of targets one after another."""
    if not batches:
        return _gathered([])
    shifts = np.cumsum([0, *(len(b.at) for b in batches)])
    offsets = [b.offsets[1:] + shift for b, shift in zip(batches, shifts[:-1], strict=True)]
    rest = {f.name: np.concatenate([getattr(b, f.name) for b in batches]) for f in fields(Arcs) if f.name != "offsets"}
    return Arcs(offsets=np.concatenate([[0], *offsets]), **rest)
