"""Level lines across kinks and poles: cut where they meet one, and followed up to it.

The contour on the grid takes a jump of tau for a zero, and sees none where a jump and a zero lie between the same two
nodes. So of its lines only the zeros are kept, and only away from kinks; from every end that this makes, and from every
place on a kink where a line is to end (see `dynamics.kinks`), the line is followed, in steps along its tangent and back
onto it, until it comes to a kink, leaves the window, or meets another of these ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from landscapes.landscape import Array, Landscape
from landscapes.switches import Switches

from .chains import groups
from .circles import rounding
from .kinks import Kinks
from .levels import Grid, Indices, Slopes, room
from .vertices import JOIN, KINK, LOST, NONE, ROUNDING, TARGET, UNDEFINED, Track

Mask = npt.NDArray[np.bool_]

_ON: Final = 1e-8  # largest tau of a zero, as a share of |g|/rho, rounding apart
_BEGIN, _LONGEST, _SHORTEST = 0.25, 0.5, 1e-9  # steps, in cells; below the last one a line has come to its end
_KEPT: Final = 1e-3  # shorter steps are not kept as vertices
_CORRECTIONS: Final = 6  # back onto the line, in a step
_BACK: Final = 0.5  # of a step: how far it may be back onto the line
_STRAIGHT: Final = 0.8  # cosine of the angle by which a line may turn in a step
_MOST: Final = 4000  # steps
_SHORT, _MOST_SHORT = 0.02, 300  # cells; so many shorter steps and a line cannot be followed
MOST_ENDS: Final = 4000  # around one batch of targets; kinks that make more are finer than the grid
_NEIGHBOURS: Final = 6  # ends that are looked at as the one that a step may meet
_ASIDE: Final = 0.1  # of a step: how far beside it that may lie
_AHEAD: Final = 1e-6  # cells beyond an end, where it is seen what is there
_SAME: Final = 1e-8  # of the window's diagonal: ends on both sides of a switch that are one place
_TWICE: Final = 1e-5  # cells between two places on kinks that are one
_SMOOTH: Final = 1e-5  # share of the gradient that it may change by across a switch that is no kink after all


@dataclass(frozen=True)
class _Plane:
    """Where lines are followed."""

    l: Landscape
    grid: Grid
    rho_max: float
    targets: Array
    switches: Switches

    def slopes(self, target: Indices, at: Array) -> Slopes:
        return self.grid.slopes(self.l, self.targets[target], at)

    def zero(self, target: Indices, at: Array, s: Slopes) -> Mask:
        """Mask the positions at which tau is zero up to rounding."""
        off = rounding(self.targets[target], self.grid.rho(at[:, 1])) * np.abs(s.hessian).max(axis=(1, 2), initial=0.0)
        return np.asarray(np.abs(s.tau) <= _ON * np.hypot(s.tau, s.inward) + off)

    def alone(self, at: Array, s: Slopes) -> Mask:
        """Mask the positions about which tau is not made of rounding, as it is where f is round about a target."""
        steep = np.maximum(np.abs(s.by_theta), self.grid.rho(at[:, 1]) * np.abs(s.by_rho))
        return np.asarray(steep > ROUNDING * np.abs(s.hessian).max(axis=(1, 2), initial=0.0))

    def onto(self, target: Indices, at: Array) -> tuple[Array, Slopes]:
        """Move positions (n, 2) onto their lines by Newton's method."""
        s = self.slopes(target, at)
        for _ in range(_CORRECTIONS):
            rise = self.grid.steepness(s, at)
            change = -(s.tau / (rise**2).sum(axis=-1))[:, None] * rise
            change = np.where(np.isfinite(change), np.clip(change, -_LONGEST, _LONGEST), 0.0)
            if not np.abs(change).max(initial=0.0) > 1e-13:
                break
            at = at + change
            s = self.slopes(target, at)
        return at, s

    def tangent(self, at: Array, s: Slopes, like: Array) -> Array:
        """Return the directions (n, 2) of lines, the way of others (n, 2)."""
        rise = self.grid.steepness(s, at)
        along = np.stack([-rise[:, 1], rise[:, 0]], axis=-1) / np.hypot(rise[:, 0], rise[:, 1])[:, None]
        return np.asarray(np.where((along * like).sum(axis=-1) < 0.0, -1.0, 1.0)[:, None] * along)

    def kinked(self, target: Indices, at: Array) -> Mask:
        """Mask the positions in whose cells there is a kink between the nodes."""
        corners = np.floor(at)[:, None] + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        corners = np.maximum(corners, [-np.inf, 0.0])
        rho, theta = self.grid.rho(corners[..., 1]), self.grid.theta(corners[..., 0])
        e = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
        sides = self.switches.sides(self.targets[target][:, None] - rho[..., None] * e)
        return np.asarray((sides != sides[:, :1]).any(axis=1))


@dataclass(frozen=True)
class _Ends:
    """Loose ends of runs, from which lines are followed."""

    run: Indices  # (n,)
    last: Mask  # (n,) the run's last vertex, not its first
    at: Array  # (n, 2) positions on the grid
    target: Indices  # (n,)
    side: Indices  # (n,) of the switches
    along: Array  # (n, 2) the direction outwards

    def __len__(self) -> int:
        return len(self.run)

    @property
    def none(self) -> _Ends:
        return _Ends(*(getattr(self, f)[:0] for f in _Ends.__dataclass_fields__))


@dataclass(frozen=True)
class _Run:
    """A piece of a line between kinks."""

    at: Array  # (m, 2)
    target: int
    ray: bool
    first: int  # why it begins and ends there
    last: int


def continued(
    l: Landscape, grid: Grid, rho_max: float, targets: Array, batch: range, track: Track, kinks: Kinks
) -> Track:
    """Cut the lines of a batch of targets at kinks and poles, and follow them up to there."""
    plane = _Plane(l, grid, rho_max, targets, kinks.switches)
    s = plane.slopes(track.target, track.at)
    side = kinks.switches.sides(s.x)
    zero = track.ray | plane.zero(track.target, track.at, s)
    i = track.pairs
    broken = side[i] != side[i + 1]
    if len(kinks.switches):
        zero &= track.ray | plane.alone(track.at, s)
        broken |= ~track.ray[i] & plane.kinked(track.target[i], 0.5 * (track.at[i] + track.at[i + 1]))
    broken |= ~(zero[i] & zero[i + 1])
    if not broken.any() and not len(kinks.points):
        return track
    runs, ends = _runs(plane, track, s, side, zero, i[broken])
    more, seeds = _seeds(plane, kinks, batch, len(runs))
    if len(ends) + len(seeds) > MOST_ENDS:
        runs, ends = _runs(plane, track, s, side, zero, i[~(zero[i] & zero[i + 1])])
        more, ends, seeds = [], ends.none, ends.none
    ends = _Ends(*(np.concatenate([getattr(ends, f), getattr(seeds, f)]) for f in _Ends.__dataclass_fields__))
    return _without_switches(plane, _lengthened(runs + more, ends, _Followed.of(plane, ends)))


def _runs(
    plane: _Plane, track: Track, s: Slopes, side: Indices, zero: Mask, broken: Indices
) -> tuple[list[_Run], _Ends]:
    """Cut lines after the vertices `broken`, drop the vertices that are no zeros, and say which ends are loose."""
    cut = np.zeros(len(track.at) + 1, dtype=bool)
    cut[broken + 1] = True
    new = np.diff(track.line, prepend=-1) != 0
    firsts = np.flatnonzero((new | cut[:-1]) & zero)
    lasts = np.flatnonzero((np.append(new[1:], True)[: len(new)] | cut[1:]) & zero)
    along = plane.tangent(track.at, s, np.ones_like(track.at))
    runs, loose = [], []
    for run, (a, b) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True)):
        at, why = track.at[a : b + 1], [int(track.why[a]), int(track.why[b])]
        if track.ray[a]:
            # A ray is straight: its kink is where the side changes.
            if why[0] in (NONE, LOST) and (kink := _kink_on_ray(plane, track, a, -1.0)) is not None:
                at, why[0] = np.concatenate([kink, at]), KINK
            if why[1] in (NONE, LOST) and (kink := _kink_on_ray(plane, track, b, 1.0)) is not None:
                at, why[1] = np.concatenate([at, kink]), KINK
        else:
            way = track.at[b] - track.at[a] if b > a else along[a]
            inner = (track.at[a + 1] - track.at[a], track.at[b] - track.at[b - 1]) if b > a else (way, way)
            loose += [(run, False, a, -inner[0])] if cut[a] else []
            loose += [(run, True, b, inner[1])] if cut[b + 1] else []
        runs.append(_Run(at, int(track.target[a]), bool(track.ray[a]), *why))
    v = np.array([vertex for _, _, vertex, _ in loose], dtype=np.int64)
    inside = (room(plane.l, s.x[v]) >= 0.0) & (plane.grid.rho(track.at[v, 1]) <= plane.rho_max)
    loose, v = [one for one, held in zip(loose, inside, strict=True) if held], v[inside]
    like = np.array([way for *_, way in loose]).reshape(-1, 2)
    turned = np.where((along[v] * like).sum(axis=-1) < 0.0, -1.0, 1.0)[:, None] * along[v]
    return runs, _Ends(
        np.array([run for run, *_ in loose], dtype=np.int64),
        np.array([last for _, last, *_ in loose], dtype=bool),
        track.at[v], track.target[v], side[v], turned,
    )  # fmt: skip


def _kink_on_ray(plane: _Plane, track: Track, vertex: int, rows: float) -> Array | None:
    """Return the position (1, 2) of the kink between a vertex of a ray and some rows on, if there is one."""
    target, low = track.target[[vertex]], track.at[[vertex]]
    high = np.maximum(low + [0.0, rows], [-np.inf, 0.0])

    def side(at: Array) -> int:
        return int(plane.switches.sides(plane.slopes(target, at).x)[0])

    begin = side(low)
    if side(high) == begin:
        return None
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if side(middle) == begin else (low, middle)
    return low


def _seeds(plane: _Plane, kinks: Kinks, batch: range, first: int) -> tuple[list[_Run], _Ends]:
    """Find where on kinks lines end: runs of one vertex each, numbered from `first` on, and their loose ends."""
    found = [kinks.ends(plane.targets[n], plane.rho_max) for n in batch]
    x, which, sign = (np.concatenate(parts) for parts in zip(*found, strict=True))
    target = np.repeat(np.array(batch), [len(points) for points, _, _ in found])
    side = plane.switches.sides(x)
    at, s = plane.onto(target, plane.grid.position(plane.targets[target], x))
    held = (plane.switches.sides(s.x) == side) & plane.zero(target, at, s) & plane.alone(at, s) & (at[:, 1] >= 0.0)
    held &= plane.grid.rho(at[:, 1]) <= plane.rho_max
    # Where two kinks touch, both tell of the same line.
    spots = np.column_stack([at, 1e4 * target, 1e4 * np.unique(side, return_inverse=True)[1]])[held]
    own = np.flatnonzero(held)[np.unique(groups(spots, _TWICE), return_index=True)[1]] if held.any() else held
    at, target, which, sign, side = at[own], target[own], which[own], sign[own], side[own]
    along = plane.tangent(at, plane.slopes(target, at), np.ones_like(at))
    rise = np.zeros(len(at))
    for i in np.unique(which).tolist():
        own = which == i
        value = [plane.switches.value(i, plane.slopes(target[own], at[own] + h * along[own]).x) for h in (-1e-4, 1e-4)]
        rise[own] = value[1] - value[0]
    along = along * np.where(rise * sign < 0.0, -1.0, 1.0)[:, None]
    runs = [_Run(at[k : k + 1], int(target[k]), False, KINK, NONE) for k in range(len(at))]
    return runs, _Ends(first + np.arange(len(at)), np.ones(len(at), dtype=bool), at, target, side, along)


@dataclass(frozen=True)
class _Followed:
    """The lines beyond loose ends."""

    paths: list[Array]  # for each end positions (m, 2)
    why: Indices  # (n,) why it ends there
    partner: Indices  # (n,) the end that it meets, where it is JOIN

    @staticmethod
    def of(plane: _Plane, ends: _Ends) -> _Followed:
        """Follow lines from all ends at once."""
        n = len(ends)
        at, along, step, easy = ends.at.copy(), ends.along, np.full(n, _BEGIN), np.ones(n, dtype=bool)
        short = np.zeros(n, dtype=np.int64)
        why, partner, meeting = np.full(n, NONE), np.full(n, -1), _Meeting(plane.grid, ends)
        trail: list[tuple[Indices, Array]] = []
        k = np.arange(n)
        for _ in range(_MOST):
            if not k.size:
                break
            ahead = at[k] + step[k, None] * along[k]
            to, s = plane.onto(ends.target[k], ahead)
            way = plane.tangent(to, s, along[k])
            ok = plane.zero(ends.target[k], to, s) & (plane.switches.sides(s.x) == ends.side[k])
            ok &= np.hypot(*(to - ahead).T) <= _BACK * step[k]
            ok &= (way * along[k]).sum(axis=-1) >= _STRAIGHT
            go, to, way, x = k[ok], to[ok], way[ok], s.x[ok]
            other, place = meeting.met(go, at[go], to)
            met = other >= 0
            why[go[met]], partner[go[met]] = JOIN, other[met]
            trail.append((go[met], place[met]))
            why[go[~met & (to[:, 1] < 0.0)]] = TARGET
            why[go[~met & ((room(plane.l, x) < 0.0) | (plane.grid.rho(to[:, 1]) > plane.rho_max))]] = LOST
            kept = ~met & (to[:, 1] >= 0.0) & ((step[go] >= _KEPT) | (why[go] == LOST))
            trail.append((go[kept], to[kept]))
            at[go], along[go] = to, way
            step[go] = np.where(easy[go], np.minimum(2.0 * step[go], _LONGEST), step[go])
            step[k[~ok]] *= 0.5
            easy[k] = ok
            short[k] += step[k] < _SHORT
            k = k[(why[k] == NONE) & (step[k] >= _SHORTEST) & (short[k] <= _MOST_SHORT)]
        stuck = np.flatnonzero(why == NONE)
        trail.append((stuck, at[stuck]))
        why[stuck] = _reasons(plane, ends.target[stuck], ends.side[stuck], at[stuck] + _AHEAD * along[stuck])
        owner, places = np.concatenate([own for own, _ in trail]), np.concatenate([place for _, place in trail])
        order = np.argsort(owner, kind="stable")
        paths = np.split(places[order], np.cumsum(np.bincount(owner, minlength=n))[:-1]) if n else []
        return _Followed(paths, why, partner)


def _reasons(plane: _Plane, target: Indices, side: Indices, beyond: Array) -> Indices:
    """Say why lines end where they cannot be followed, by what is beyond (n, 2)."""
    s = plane.slopes(target, beyond)
    jump = (plane.switches.sides(s.x) != side) | ~plane.zero(target, beyond, s)
    return np.select([~np.isfinite(s.tau), jump], [UNDEFINED, KINK], LOST)


class _Meeting:
    """Ends that a step from another one may come by."""

    def __init__(self, grid: Grid, ends: _Ends) -> None:
        self._columns, self._ends = grid.columns, ends
        _, self._group = np.unique(np.stack([ends.target, ends.side]), axis=1, return_inverse=True)
        self._apart = 10.0 * max(grid.columns, grid.rows)
        self._turned = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]) * grid.columns

    @cached_property
    def _tree(self) -> KDTree:
        turned = (self._ends.at % [self._columns, np.inf] + self._turned[:, None]).reshape(-1, 2)
        return KDTree(np.column_stack([turned, np.tile(self._group * self._apart, 3)]))

    def met(self, ends: Indices, a: Array, b: Array) -> tuple[Indices, Array]:
        """Return which end (n,) a step (n, 2) of each of the ends (n,) comes by, or -1, and where (n, 2) that is."""
        found, place = np.full(len(ends), -1), np.full((len(ends), 2), np.nan)
        if not len(ends):
            return found, place
        turns = np.floor(a[:, 0] / self._columns)[:, None] * [self._columns, 0.0]
        along = b - a
        square = np.maximum((along**2).sum(axis=-1), 1e-300)
        middle = np.column_stack([0.5 * (a + b) - turns, self._group[ends] * self._apart])
        near = self._tree.query(middle, k=_NEIGHBOURS, distance_upper_bound=_LONGEST)[1]
        nearest = np.full(len(ends), np.inf)
        for column in np.asarray(near).T:
            there = column < self._tree.n
            other = np.where(there, column, 0) % len(self._ends)
            spot = self._tree.data[np.where(there, column, 0), :2] + turns
            share = ((spot - a) * along).sum(axis=-1) / square
            aside = np.linalg.norm(spot - a - share[:, None] * along, axis=-1)
            facing = (self._ends.along[other] * along).sum(axis=-1) < 0.0
            held = there & facing & (other != ends) & (share > 1e-9) & (share <= 1.0 + 1e-9) & (share < nearest)
            held &= aside <= _ASIDE * np.sqrt(square) + 1e-12
            found, nearest = np.where(held, other, found), np.where(held, share, nearest)
            place = np.where(held[:, None], spot, place)
        return found, place


def _lengthened(runs: list[_Run], ends: _Ends, followed: _Followed) -> Track:
    """Put what is beyond their loose ends to the runs; of two ends that meet only one gets the way between them."""
    why, paths = followed.why.copy(), list(followed.paths)
    taken = np.zeros(len(ends), dtype=bool)
    for i in np.flatnonzero(why == JOIN).tolist():
        j = int(followed.partner[i])
        if taken[i] or taken[j]:
            if not taken[i]:
                why[i] = LOST
            continue
        taken[[i, j]], paths[j] = True, ends.at[:0]
        # The seed of a line has nothing behind it but the kink.
        why[[i, j]] = KINK if runs[ends.run[j]].first == KINK and len(runs[ends.run[j]].at) == 1 else JOIN
    for i in range(len(ends)):
        run = runs[ends.run[i]]
        if ends.last[i]:
            at, more = np.concatenate([run.at, paths[i]]), {"last": int(why[i])}
        else:
            at, more = np.concatenate([paths[i][::-1], run.at]), {"first": int(why[i])}
        runs[ends.run[i]] = replace(run, at=at, **more)
    runs = [run for run in runs if len(run.at) > 1]
    length = np.array([len(run.at) for run in runs], dtype=np.int64)
    whys = np.full(int(length.sum()), NONE)
    stop = np.cumsum(length)
    whys[stop - length], whys[stop - 1] = [run.first for run in runs], [run.last for run in runs]
    return Track(
        np.concatenate([np.empty((0, 2)), *(run.at for run in runs)]),
        np.repeat(np.arange(len(runs)), length),
        np.repeat(np.array([run.target for run in runs], dtype=np.int64), length),
        np.repeat(np.array([run.ray for run in runs], dtype=bool), length),
        whys,
    )


def _without_switches(plane: _Plane, track: Track) -> Track:
    """Join the lines that go on smoothly across a switch that is no kink, such as x = 0 for x |x|."""
    v = np.flatnonzero((track.why == KINK) & ~track.ray)
    if len(v) < 2:
        return track
    x = plane.slopes(track.target[v], track.at[v]).x
    same = _SAME * plane.l.diagonal
    i, j = KDTree(np.column_stack([x, 4.0 * same * track.target[v]])).query_pairs(same, output_type="ndarray").T
    g, beside = plane.l.gradient(x[i]), plane.l.gradient(x[j])
    size = np.linalg.norm(g, axis=-1)
    smooth = np.linalg.norm(g - beside, axis=-1) <= _SMOOTH * size
    smooth &= plane.switches.sides(x[i]) != plane.switches.sides(x[j])
    at, why = track.at.copy(), track.why.copy()
    i, j = v[i[smooth]], v[j[smooth]]
    why[i], why[j] = JOIN, JOIN
    turns = np.round((at[j, 0] - at[i, 0]) / plane.grid.columns)[:, None] * [plane.grid.columns, 0.0]
    at[j] = at[i] + turns
    return replace(track, at=at, why=why)
