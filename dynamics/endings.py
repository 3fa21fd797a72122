"""The decision list of `dynamics.verdict`, on the ends of many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .newton import kinds_of_stationary_points, newton_on_gradient, newton_on_shift
from .outcome import STAYS, TOLERANCES, WORD
from .rules import NORMALIZED, Traits
from .spectra import ZERO, constant_directions, restricted
from .stability import step_limits
from .tails import leaves, length, outlook, rests, slip, spread
from .wander import around_hallucinated, around_minimizers

Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Ground:
    """What runs are judged on: the objective, how large its world is, and what their rule is like."""

    l: Any  # Landscape, FunctionLandscape or Network: an Objective with gradient_and_hessian
    centre: Array
    diagonal: float
    traits: Traits = Traits()

    @staticmethod
    def of(l: Any, start: Array | None = None, traits: Traits | None = None) -> Ground:
        """Take the window of a landscape; where there is none, as for a network, what lies around the start (d,)."""
        traits = Traits() if traits is None else traits
        if hasattr(l, "domain"):
            return Ground(l, np.array([0.5 * (low + high) for low, high in l.domain]), l.diagonal, traits)
        assert start is not None
        return Ground(l, start, 10.0 * max(1.0, float(np.linalg.norm(start))), traits)


@dataclass(frozen=True)
class Endings:
    """What the list looks at of n runs that stayed; w is the number of last steps that are looked at."""

    x: Array  # (n, d) at the end
    tail: Array  # (n, w, d) the last positions, x among them; fast where n runs fastest in memory
    calm: Array  # (n, d) of these the one with the least gradient
    norms: Array  # (n,) |g| at the end
    largest: Array  # (n,) |g| at its largest in the whole run
    shifted: Array  # (n,) |S| at the end
    longest: Array  # (n,) the longest step eta |S| in the tail
    stalls: Mask  # (n,) |S| small against |g| throughout the last w/4 steps
    before: Array  # (n,) |S|/|g| at the first of these
    eta: Array  # (n,) at the end
    rho: Array  # (n,) at the end
    largest_rho: Array  # (n,)

    @property
    def looks_ahead(self) -> Mask:
        """Mask (n,) of the runs that still look ahead."""
        return np.asarray((self.norms > 0.0) & (self.rho > TOLERANCES.no_look_ahead * self.largest_rho))

    def part(self, members: npt.NDArray[Any]) -> Endings:
        """Return the endings of some of the runs."""
        tail = _rows(self.tail, members)
        rest = {field.name: getattr(self, field.name)[members] for field in fields(self) if field.name != "tail"}
        return Endings(tail=tail, **rest)

    @staticmethod
    def joined(parts: Sequence[Endings], tail: Array | None = None) -> Endings:
        """Put the endings of several sets of runs together; `tail` is that of all of them, where there is one."""
        if tail is None:
            tail = np.concatenate([part.tail.transpose(1, 2, 0) for part in parts], axis=2).transpose(2, 0, 1)
        names = [field.name for field in fields(Endings) if field.name != "tail"]
        return Endings(tail=tail, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class Judged:
    """How n runs ended; the words are those of `dynamics.outcome.Verdict`."""

    outcomes: Words  # (n,)
    kinds: Words  # (n,) of the stationary point it is about; empty where there is none
    along: Mask  # (n,) that point lies on a curve of such points
    points: Array  # (n, d) where; for hallucinated after Newton
    targets: Array  # (n, d) the look-ahead points there, NaN where it is about no hallucinated point
    approaching: Mask  # (n,) hallucinated: not there yet
    gradient_norms: Array  # (n,) |g| at the hallucinated points, else NaN
    step_limits: Array  # (n,) eta below which the hallucinated point attracts; else NaN
    slopes: Array  # (n,) one variable: f' at the hallucinated point; else NaN
    widest: Array  # (n,) around a stationary point: the largest distance from it in the tail; else NaN

    def drop(self, here: npt.NDArray[Any]) -> None:
        """Say of the runs `here` that their endings are about no point that was told before."""
        self.kinds[here], self.along[here] = "", False
        for array in (self.targets, self.gradient_norms, self.step_limits, self.slopes):
            array[here] = np.nan


_UNDECIDED: Final = ""
_PLACE: Final = 1e-9  # of the diagonal: points this close together are one, whether Newton's or a run's
_FEW: Final = 32  # points, whose kinds are named one by one
_STILL: Final = 2.0 * STAYS  # of the diagonal: what moves less in all the steps ahead counts as staying
_SLACK: Final = 1e-9  # for rounding, where runs are passed over that a test could not hold for


def judge(at: Ground, e: Endings) -> Judged:
    """Go through the list from its second rule on, for n runs at once; the first one is for those that left.

    Args:
        at: what they ran on.
        e: their ends.
    """
    n = len(e.x)
    nothing = np.full(n, np.nan)
    found = Judged(
        outcomes=np.full(n, _UNDECIDED, dtype=WORD),
        kinds=np.full(n, "", dtype=WORD),
        along=np.zeros(n, dtype=np.bool_),
        points=np.array(e.x),
        targets=np.full_like(e.x, np.nan),
        approaching=np.zeros(n, dtype=np.bool_),
        gradient_norms=nothing.copy(),
        step_limits=nothing.copy(),
        slopes=nothing.copy(),
        widest=nothing.copy(),
    )
    rules: tuple[Callable[[Ground, Endings, Judged, Any], None], ...] = (
        _at_rest,
        _stalled,
        _around_a_point,
        _in_balance,
        _cycling,
    )
    with np.errstate(all="ignore"):
        for rule in rules:
            open_ones = np.flatnonzero(found.outcomes == _UNDECIDED)
            if open_ones.size:
                rule(at, e.part(open_ones) if len(open_ones) < n else e, found, open_ones)
    found.outcomes[found.outcomes == _UNDECIDED] = "still moving"
    return found


def _at_rest(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    traits = at.traits
    rest = np.arange(len(e.x)) if traits.fades else np.flatnonzero(~e.looks_ahead)
    if not rest.size:
        return
    small = rest[e.norms[rest] <= small_gradient(at, e.x[rest], e.largest[rest])]
    reach = TOLERANCES.near_root * at.diagonal
    y = newton_on_gradient(at.l, e.x[small], reach)
    near = np.isfinite(y).all(axis=-1)
    if not traits.follows_shift:  # what has momentum may only be passing by
        last = _rows(e.tail, small)[:, -(e.tail.shape[1] // 4 + 1) :]
        near &= (length(last - y[:, None]) <= reach).all(axis=-1)
    small, y = small[near], y[near]
    kinds, along = _kinds(at, y)
    here = members[small]
    passing = leaves(_rows(e.tail, small), y, _downhill(at, y), at.diagonal)
    found.outcomes[here] = np.select([passing, kinds == "minimizer"], [_UNDECIDED, "reached"], "stopped")
    found.kinds[here], found.along[here], found.points[here] = kinds, along, y


def _downhill(at: Ground, y: Array) -> Array:
    """Return the directions (n, d, d) in which stationary points y (n, d) fall off, as columns; the others are 0."""
    values, vectors = np.linalg.eigh(at.l.hessian(y))
    return np.asarray(vectors * (values < -ZERO * np.abs(values).max(axis=-1, keepdims=True))[:, None])


def small_gradient(at: Ground, x: Array, largest: Array) -> Array:
    """Return below which |g| (n,) the gradient at x (n, d) counts as small, where it was at most `largest` (n,).

    A run that starts at a stationary point has no larger gradient to be compared with.
    """
    t = TOLERANCES
    with np.errstate(all="ignore"):
        rounding = t.rounding * at.diagonal * np.abs(at.l.hessian(x)).max(axis=(-2, -1))
    return np.asarray(np.maximum(t.small_gradient * largest, rounding))


@dataclass(frozen=True)
class _Hallucinated:
    """Points at which S vanishes and g does not, found from some of the runs."""

    runs: npt.NDArray[np.int64]  # (m,) from which
    x: Array  # (m, d)
    targets: Array  # (m, d)
    g: Array  # (m, d)
    hessians: Array  # (m, d, d) at x
    hessians_plus: Array  # (m, d, d) at the targets
    matrices: Array  # (m, d, d) the Jacobians of S
    kinds: Words  # (m,) of the targets
    along: Mask  # (m,) on curves of them
    limits: Array  # (m,) eta below which they attract, NaN where that is not known

    def tell(self, found: Judged, here: npt.NDArray[Any], chosen: Mask) -> None:
        """Say of the runs `here` that it is these points, of those `chosen` (m,), that their endings are about."""
        found.kinds[here], found.along[here] = self.kinds[chosen], self.along[chosen]
        found.points[here], found.targets[here] = self.x[chosen], self.targets[chosen]
        found.gradient_norms[here] = np.linalg.norm(self.g[chosen], axis=-1)
        found.step_limits[here] = self.limits[chosen]
        if self.x.shape[1] == 1:
            found.slopes[here] = self.g[chosen, 0]


def _hallucinated(at: Ground, starts: Array, rho: Array, reach: Array) -> _Hallucinated:
    """Look for a zero of S within `reach` (n,) of each of `starts` (n, d), at radii rho (n,)."""
    look_ahead = at.traits.look_ahead
    x = newton_on_shift(at.l, starts, rho, reach, look_ahead)
    runs = np.flatnonzero(np.isfinite(x).all(axis=-1))
    x, rho = x[runs], rho[runs]
    g, hessians = at.l.gradient_and_hessian(x)
    targets = look_ahead.point(x, g, rho[:, None])
    hessians_plus = at.l.hessian(targets)
    matrices = hessians_plus @ look_ahead.jacobian(x, g, hessians, rho[:, None, None])
    kinds, along = _kinds(at, targets)
    q = constant_directions(at.l)
    inner = np.stack([restricted(matrix, q) for matrix in matrices]) if q.shape[0] and len(x) else matrices
    limits = np.where(kinds == "degenerate", np.nan, step_limits(np.linalg.eigvals(inner)))
    if not at.traits.follows_shift:  # of a rule with steps of its own they only tell what repels at every step size
        limits = np.where(limits > 0.0, np.nan, limits)
    return _Hallucinated(runs, x, targets, g, hessians, hessians_plus, matrices, kinds, along, limits)


def _stalled(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    noise = at.traits.noise
    stalls = np.flatnonzero(e.looks_ahead if noise else e.stalls)
    if not stalls.size:
        return
    e, members = e.part(stalls), members[stalls]
    starts = e.tail.mean(axis=1) if noise else e.x
    reach = TOLERANCES.near_stall * _look(at, starts, e.rho)
    creeps = _pace(e) > reach  # it has not stalled: it will go further than Newton's method looks
    found.outcomes[members[e.stalls & (~creeps | bool(noise))]] = "stalled"
    h = _hallucinated(at, starts, e.rho, reach)
    if not len(h.runs):
        return
    e, here = e.part(h.runs), members[h.runs]
    held = np.zeros(len(here), dtype=np.bool_)
    if noise:  # S is not small then, but the run stays where noise would carry it from the point
        held = length(e.tail - h.x[:, None]).max(axis=1) <= _wander(at, h, e)
    ratio = e.shifted / e.norms
    arrived = ratio < TOLERANCES.arrived
    # A point that pushes the run away at this step size is only being passed by, however close, but for a run that no
    # longer moves at all; where the eigenvalues do not tell, the run does.
    repels = (h.limits == 0.0) | (h.limits <= e.eta)
    leaving = np.where(np.isnan(h.limits), at.traits.follows_shift & ~arrived & (ratio > e.before), repels)
    passing = np.asarray(e.stalls & leaving & ~rests(e.tail) & ~held)
    stays = (e.stalls & ~passing) | held
    found.outcomes[here[passing]] = _UNDECIDED
    found.outcomes[here[stays]] = "hallucinated"
    found.approaching[here[stays]] = ~arrived[stays]
    told = stays | (passing & repels)
    h.tell(found, here[told], told)


def _pace(e: Endings) -> Array:
    """Return how far (n,) runs whose |S|/|g| goes on growing, or stays, will go in ten times as many steps."""
    quarters = 4.0 * TOLERANCES.ahead
    grows = np.clip(e.shifted / e.norms / e.before - 1.0, 1e-9, 1.0)
    return np.asarray(0.25 * length(e.tail[:, -1] - e.tail[:, 0]) * np.expm1(quarters * np.log1p(grows)) / grows)


def _wander(at: Ground, h: _Hallucinated, e: Endings) -> Array:
    """Return how far (m,) noise carries a run from points that hold it."""
    identity = np.broadcast_to(np.eye(at.l.dim), h.hessians.shape)
    looking = at.traits.look_ahead.jacobian(h.x, h.g, identity, e.rho[:, None, None])
    gains = identity + h.hessians_plus @ (looking - identity)
    return around_hallucinated(h.matrices, gains, e.eta, at.traits.noise)


def _around_a_point(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    t, noise = TOLERANCES, at.traits.noise
    most = t.bounce * (e.longest if at.traits.follows_shift else np.maximum(e.longest, _stride(e)))
    left = np.arange(len(members))
    if not noise:  # no point is so close to both ends of a tail that are farther apart than twice that
        near = length(e.tail[:, -1] - e.tail[:, 0]) <= 2.0 * most * (1.0 + _SLACK)
        left = np.flatnonzero(near & (e.looks_ahead | at.traits.fades))
    mean = e.tail.mean(axis=1)
    for starts in (mean, e.calm):
        if not left.size:
            return
        y = newton_on_gradient(at.l, starts[left], t.near_root * at.diagonal)
        close = np.isfinite(y).all(axis=-1)
        inside, y = left[close], y[close]
        widest = length(_rows(e.tail, inside) - y[:, None]).max(axis=1)
        wander: Array = np.zeros(len(y))
        if noise and starts is mean:
            look = _look(at, y, e.rho[inside])
            wander = around_minimizers(at.l.hessian(y), e.eta[inside], noise, look)
        fits = widest <= np.maximum(most[inside], wander)
        inside, y, widest, wander = inside[fits], y[fits], widest[fits], wander[fits]
        wide = widest > np.maximum(t.wide * _look(at, e.x[inside], e.rho[inside]), wander)
        tail = _rows(e.tail, inside)
        returns = length(tail[:, 2:] - tail[:, :-2]).max(axis=1, initial=0.0) <= t.recurrence * widest
        wide &= ~returns
        if not noise:
            stays = _stays(tail, y, widest, wide, at.diagonal)
            inside, y, widest, wide = inside[stays], y[stays], widest[stays], wide[stays]
        kinds, along = _kinds(at, y)
        here = members[inside]
        found.drop(here)
        found.outcomes[here] = np.where(wide, "cycling", np.where(kinds == "minimizer", "bouncing", "trapped"))
        found.kinds[here], found.along[here] = kinds, along
        found.points[here], found.widest[here] = y, widest
        left = np.setdiff1d(left, inside)


def _stays(tail: Array, y: Array, widest: Array, wide: Mask, diagonal: float) -> Mask:
    """Mask (n,) of the runs that, at their pace, stay around points y (n, d); of what is wide only what goes round."""
    seen, still = outlook(tail), _STILL * diagonal
    away = length(seen.middle - y) > spread(tail) + still  # what goes round a point has it in its box
    grows = (seen.grown > 1.0 + TOLERANCES.drift) & (widest > still)
    stays, doubtful = ~(away | grows), np.flatnonzero(wide | grows)
    slips = slip(tail[doubtful])
    stays[doubtful] = np.isfinite(slips) & (stays[doubtful] | (_slips_little(tail[doubtful], slips) & ~away[doubtful]))
    return np.asarray(stays)


def _slips_little(tail: Array, slips: Array) -> Mask:
    """Mask (n,) of the tails (n, w, d) that go round and will have moved by little, in ten times as many steps."""
    return np.asarray(TOLERANCES.ahead * tail.shape[1] * slips <= TOLERANCES.drift * spread(tail))


def _in_balance(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    """Rule 3 for a rule with steps of its own: they have shrunk to nothing though neither gradient has."""
    if at.traits.follows_shift or at.traits.noise:
        return
    quarter = e.tail[:, -(e.tail.shape[1] // 4 + 1) :]
    longest = length(np.diff(quarter, axis=1)).max(axis=1, initial=0.0)
    rest = e.looks_ahead & (longest <= TOLERANCES.stall * e.eta * e.norms)
    found.outcomes[members[rest]] = "stalled"


def _kinds(at: Ground, y: Array) -> tuple[Words, Mask]:
    """Name the kinds (n,) of stationary points y (n, d), and which lie on a curve: once for all in one place."""
    if len(y) < _FEW:
        return kinds_of_stationary_points(at.l, y)
    _, first, place = np.unique(np.round(y / (_PLACE * at.diagonal)), axis=0, return_index=True, return_inverse=True)
    kinds, along = kinds_of_stationary_points(at.l, y[first])
    return kinds[place], along[place]


def _rows(tail: Array, members: npt.NDArray[Any]) -> Array:
    """Return the tails (m, w, d) of some runs, as they lie in memory: with the runs running fastest."""
    return np.asarray(tail.transpose(1, 2, 0)[:, :, members].transpose(2, 0, 1))


def _look(at: Ground, x: Array, rho: Array) -> Array:
    """Return how far (n,) the rule looks ahead from x (n, d)."""
    look_ahead = at.traits.look_ahead
    if look_ahead == NORMALIZED:
        return rho
    return np.asarray(np.linalg.norm(look_ahead.point(x, at.l.gradient(x), rho[:, None]) - x, axis=-1))


def _stride(e: Endings) -> Array:
    """Return the longest steps (n,) of the tails."""
    return np.asarray(length(np.diff(e.tail, axis=1)).max(axis=1, initial=0.0))


def _cycling(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    if at.traits.noise:
        return  # it comes back by chance
    t, w = TOLERANCES, e.tail.shape[1]
    net = length(e.tail[:, -1] - e.tail[:, 0])
    if at.traits.follows_shift:  # no step is longer than the longest, so that many are seen to go ahead at once
        longest_path = (w - 1) * (e.longest * (1.0 + _SLACK) + _SLACK * at.diagonal)
        slow = np.flatnonzero(net <= t.net * longest_path)
        e, members, net = e.part(slow), members[slow], net[slow]
    path = length(np.diff(e.tail, axis=1)).sum(axis=1)
    rounds = np.flatnonzero(net <= t.net * path)
    tail = _rows(e.tail, rounds)
    slips = slip(tail)
    seen, size = outlook(tail), spread(tail)
    lasts = (length(seen.moved) <= t.drift * size + _STILL * at.diagonal) & (np.abs(seen.grown - 1.0) <= t.drift)
    lasts |= _slips_little(tail, slips)
    cycles = np.flatnonzero(np.isfinite(slips) & lasts & (size > _PLACE * at.diagonal))
    e, here, tail, size = e.part(rounds[cycles]), members[rounds[cycles]], tail[cycles], size[cycles]
    middle = tail.mean(axis=1)
    found.drop(here)
    found.outcomes[here], found.points[here] = "cycling", middle
    if not at.traits.follows_shift:
        return
    looks = np.flatnonzero(e.looks_ahead)
    h = _hallucinated(at, middle[looks], e.rho[looks], size[looks])
    runs = looks[h.runs]
    low, high = tail[runs].min(axis=1), tail[runs].max(axis=1)
    outside = length(np.maximum(np.maximum(low - h.x, h.x - high), 0.0))
    around = (h.limits <= e.eta[runs]) & (outside <= t.around * size[runs])
    h.tell(found, here[runs[around]], around)
