"""Level lines cut into arcs: the pieces on which hallucinated points move one way as rho grows.

A line is cut where the slope inwards vanishes (at a stationary point), at the window's edge, at the largest radius,
where it turns round in rho (a fold), and where it crosses another one. What is left is judged piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape

from .continuation import continued
from .kinks import kinks
from .levels import CROWD, Grid, Indices, Lines, Slopes, room
from .saddles import with_saddles
from .vertices import FOLD, JOIN, KINK, LOST, NONE, ROUNDING, STATIONARY, TARGET, UNDEFINED, Track

_JUMP: Final = 1e-6  # share of the slopes inwards beside it that one where it changes its sign has at most
_BLOCK: Final = 50_000  # vertices that are looked at together
_BESIDE: Final = np.array([-1.0, 0.0, 1.0, 2.0])  # nodes around the end of a line, along either axis


@dataclass(frozen=True)
class Arcs:
    """Pieces of lines with the gradient inwards, in the domain, along each of which rho grows; one after another."""

    at: Array  # (m, 2) positions on the grid
    offsets: Indices  # (n + 1,)
    target: Indices  # (n,)
    ray: npt.NDArray[np.bool_]  # (n,)
    starts: Indices  # (n,) why it starts and ends, as indices of ENDS
    ends: Indices  # (n,)


def arcs(l: Landscape, grid: Grid, rho_max: float, targets: Array, lines: Lines) -> Arcs:
    """Cut lines around targets (n, 2) into arcs."""
    track = Track(lines.at, lines.line, lines.target, lines.ray, _line_ends(l, grid, targets, lines))
    track = continued(l, grid, rho_max, targets, lines.batch, track, kinks(l))
    track = with_saddles(l, grid, targets, track)
    track = _with_cuts(l, grid, rho_max, targets, track)
    return _pieces(l, grid, rho_max, targets, track)


def _seen(l: Landscape, grid: Grid, targets: Array, track: Track) -> Iterator[tuple[Array, Slopes]]:
    """Yield the vertices' positions and what there is, a block at a time; none at all is one empty block."""
    for start in range(0, max(1, len(track.at)), _BLOCK):
        at = track.at[start : start + _BLOCK]
        yield at, grid.slopes(l, targets[track.target[start : start + _BLOCK]], at)


def _line_ends(l: Landscape, grid: Grid, targets: Array, lines: Lines) -> Indices:
    """Say for each vertex that is the end of a line why it ends there.

    Close to a target about which f is almost round tau drowns in rounding. There a line goes on to the target.
    """
    firsts = np.flatnonzero(np.diff(lines.line, prepend=-1))
    lasts = np.append(firsts[1:], len(lines.line))[: len(firsts)] - 1
    why = np.full(len(lines.at), NONE)
    for vertex, other in ((firsts, lasts), (lasts, firsts)):
        j, k = lines.at[vertex].T
        closed = (lines.at[vertex] == lines.at[other]).all(axis=-1)
        seam = (j == 0.0) | (j == grid.columns)
        why[vertex] = np.select([k == 0.0, closed | seam], [TARGET, JOIN], LOST)
    open_end = np.flatnonzero(why == LOST)
    x = grid.slopes(l, targets[lines.target[open_end]], lines.at[open_end]).x
    open_end = open_end[room(l, x) >= 0.0]  # the others are beyond the window's edge, where lines are cut
    at = lines.at[open_end]
    beside = np.floor(at)[:, None] + np.stack(np.meshgrid(_BESIDE, _BESIDE), axis=-1).reshape(-1, 2)
    around = grid.slopes(l, targets[lines.target[open_end]][:, None], np.maximum(beside, [-np.inf, 0.0]))
    known = (np.isfinite(around.tau) & np.isfinite(around.by_theta) & np.isfinite(around.by_rho)).all(axis=1)
    why[open_end] = np.select([~known, at[:, 1] <= CROWD], [UNDEFINED, TARGET], LOST)
    return why


# Cuts


def _with_cuts(l: Landscape, grid: Grid, rho_max: float, targets: Array, track: Track) -> Track:
    """Insert where lines pass a stationary point, leave the domain, pass rho_max, or turn round."""

    def values(at: Array, s: Slopes) -> Array:
        return np.stack([s.inward, room(l, s.x), rho_max - grid.rho(at[:, 1]), s.by_theta])

    v = np.concatenate([values(at, s) for at, s in _seen(l, grid, targets, track)], axis=1)
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
    at, s = chords.reach(t, every)
    # At the tip of a cone the slope inwards jumps.
    jump = np.abs(s.inward) > _JUMP * np.maximum(*np.abs(v[STATIONARY, [i, i + 1]]))
    why = np.where((why == STATIONARY) & jump, KINK, why)
    fold = why == FOLD
    at[fold] = _at_folds(l, grid, chords.z[fold], at[fold])
    track = track.insert(i, t, at, why)
    # Between two cuts there has to be something to judge the piece by.
    i = track.pairs
    i = i[track.cut[i] & track.cut[i + 1]]
    half = np.full(len(i), 0.5)
    middle = track.chords(l, grid, targets, i).reach(half, np.arange(len(i)))[0]
    return track.insert(i, half, middle, np.full(len(i), NONE))


def _at_folds(l: Landscape, grid: Grid, z: Array, begin: Array) -> Array:
    """Solve tau = 0 and its derivative by theta = 0 close to positions (n, 2), by Newton's method."""
    at = begin
    for _ in range(6):
        tau, rise, bend = grid.curvature(l, z, at, 1e-3)
        (right, up), (turn, mixed) = rise.T, bend[:, 0].T
        determinant = right * mixed - up * turn
        step = np.stack([up * right - mixed * tau, turn * tau - right * right], axis=-1) / determinant[:, None]
        at = at + np.where(np.isfinite(step).all(axis=-1)[:, None], np.clip(step, -0.5, 0.5), 0.0)
    s = grid.slopes(l, z, at)
    better = np.abs(s.by_theta) < np.abs(grid.slopes(l, z, begin).by_theta)
    better &= np.abs(s.tau) <= _JUMP * np.abs(s.inward)  # close to a pole it may not have converged
    better &= (np.abs(at - begin) <= 1.5).all(axis=-1)
    return np.where(better[:, None], at, begin)


def _pieces(l: Landscape, grid: Grid, rho_max: float, targets: Array, track: Track) -> Arcs:
    """Keep the pieces between cuts on which the gradient points inwards, join and orient them."""
    track = replace(track, at=_sharpened(l, grid, targets, track))
    parts = []
    for at, s in _seen(l, grid, targets, track):
        size = np.abs(s.hessian).max(axis=(1, 2), initial=0.0)
        holds = (s.inward > ROUNDING * size) & (room(l, s.x) >= 0.0) & (grid.rho(at[:, 1]) <= rho_max)
        parts.append([holds, np.abs(s.tau) > _JUMP * np.abs(s.inward) + 1e-13 * size])
    held, off = np.concatenate(parts, axis=1)
    m = len(track.at)
    first = np.diff(track.line, prepend=-1) != 0
    last = np.append(first[1:], True)[:m]
    begins = np.flatnonzero((first | track.cut) & ~last)
    stops = np.flatnonzero((last | track.cut) & ~first)
    inner = np.concatenate([[0], np.cumsum(~track.cut)])
    good = np.concatenate([[0], np.cumsum(held & ~track.cut)])
    alive = 2 * (good[stops + 1] - good[begins]) > inner[stops + 1] - inner[begins]
    # Between two poles that are close together slopes cancel, and a fold may not be found.
    lost = (track.why == FOLD) & off
    why = np.where(lost, LOST, track.why)
    begins, stops = begins[alive], stops[alive]
    pieces = [
        _Piece(
            track.at[b + lost[b] : e + 1 - lost[e]], int(track.target[b]), bool(track.ray[b]), int(why[b]), int(why[e])
        )
        for b, e in zip(begins.tolist(), stops.tolist(), strict=True)
    ]
    return _gathered(_joined(grid, [piece for piece in pieces if len(piece.at) > 1]))


def _sharpened(l: Landscape, grid: Grid, targets: Array, track: Track) -> Array:
    """Move the vertices that were put between others onto the lines, straight across them."""
    at = track.at.copy()
    put = np.flatnonzero((at != np.round(at)).all(axis=-1) & ~track.ray & ~track.cut)
    z = targets[track.target[put]]
    for _ in range(5):
        s = grid.slopes(l, z, at[put])
        rise = grid.steepness(s, at[put])
        step = -(s.tau / (rise**2).sum(axis=-1))[:, None] * rise
        at[put] += np.where(np.isfinite(step), np.clip(step, -0.2, 0.2), 0.0)
    return at


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
        """Drop what rounding has put in the wrong order close to folds; the ends stay."""
        k = self.at[:, 1]
        below = k <= k[-1]
        keep = below & (k >= np.maximum.accumulate(np.where(below, k, -np.inf)))
        return self if keep.all() else replace(self, at=self.at[keep])


def _joined(grid: Grid, pieces: list[_Piece]) -> list[_Piece]:
    """Join the pieces that meet at the seam of the grid or where a closed line begins."""

    def key(piece: _Piece, vertex: int) -> tuple[int, float, float]:
        j, k = piece.at[vertex]
        return piece.target, round(float(j % grid.columns), 6) % grid.columns, round(float(k), 6)

    loose = [p for p in pieces if JOIN in (p.start, p.end)]
    meeting: dict[tuple[int, float, float], list[int]] = {}
    for n, piece in enumerate(loose):
        for why, vertex in ((piece.start, 0), (piece.end, -1)):
            if why == JOIN:
                meeting.setdefault(key(piece, vertex), []).append(n)
    used = [False] * len(loose)
    done = [p for p in pieces if JOIN not in (p.start, p.end)]
    # From the pieces with one loose end on; two loose ends are in the middle of a chain, or lead nowhere.
    for n in sorted(range(len(loose)), key=lambda n: (loose[n].start, loose[n].end).count(JOIN)):
        if used[n]:
            continue
        used[n] = True
        chain = loose[n] if loose[n].end == JOIN else loose[n].turned()
        while chain.end == JOIN:
            here = key(chain, -1)
            other = next((m for m in meeting[here] if not used[m]), None)
            if other is None:
                break
            used[other] = True
            piece = loose[other]
            if piece.start != JOIN or key(piece, 0) != here:
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
        return LOST if why == JOIN else why

    return Arcs(
        at=np.concatenate([np.empty((0, 2)), *(p.at for p in pieces)]),
        offsets=np.concatenate([[0], np.cumsum([len(p.at) for p in pieces])]).astype(np.int64),
        target=np.array([p.target for p in pieces], dtype=np.int64),
        ray=np.array([p.ray for p in pieces], dtype=bool),
        starts=np.array([named(p.start) for p in pieces], dtype=np.int64),
        ends=np.array([LOST if p.end == TARGET else named(p.end) for p in pieces], dtype=np.int64),
    )


def joined(batches: list[Arcs]) -> Arcs:
    """Put the arcs of several batches of targets one after another."""
    if not batches:
        return _gathered([])
    shifts = np.cumsum([0, *(len(b.at) for b in batches)])
    offsets = [b.offsets[1:] + shift for b, shift in zip(batches, shifts[:-1], strict=True)]
    rest = {f.name: np.concatenate([getattr(b, f.name) for b in batches]) for f in fields(Arcs) if f.name != "offsets"}
    return Arcs(offsets=np.concatenate([[0], *offsets]), **rest)
