"""The decision list of `dynamics.verdict`, on the ends of many runs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .newton import kinds_of_stationary_points, newton_on_gradient, newton_on_shift
from .outcome import TOLERANCES, WORD
from .rules import NORMALIZED, Traits
from .spectra import constant_directions, restricted
from .stability import step_limits
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
    targets: Array  # (n, d) the look-ahead points there, NaN where not hallucinated
    approaching: Mask  # (n,) hallucinated: not there yet
    gradient_norms: Array  # (n,) |g| at the hallucinated points, else NaN
    step_limits: Array  # (n,) hallucinated: eta below which the point attracts; else NaN
    slopes: Array  # (n,) hallucinated, one variable: f' at the point; else NaN
    widest: Array  # (n,) around a stationary point: the largest distance from it in the tail; else NaN


_UNDECIDED: Final = ""
_PLACE: Final = 1e-9  # of the diagonal: points this close together, from Newton's method, are one
_FEW: Final = 32  # points, whose kinds are named one by one
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
    if not traits.fades and not traits.noise:
        found.outcomes[members[rest]] = "still moving"
    small = rest[e.norms[rest] <= small_gradient(at, e.x[rest], e.largest[rest])]
    reach = TOLERANCES.near_root * at.diagonal
    y = newton_on_gradient(at.l, e.x[small], reach)
    near = np.isfinite(y).all(axis=-1)
    if not traits.follows_shift:  # what has momentum may only be passing by
        last = _rows(e.tail, small)[:, -(e.tail.shape[1] // 4 + 1) :]
        near &= (_length(last - y[:, None]) <= reach).all(axis=-1)
    kinds, along = _kinds(at, y[near])
    here = members[small[near]]
    found.outcomes[here] = np.where(kinds == "minimizer", "reached", "stopped")
    found.kinds[here], found.along[here], found.points[here] = kinds, along, y[near]


def small_gradient(at: Ground, x: Array, largest: Array) -> Array:
    """Return below which |g| (n,) the gradient at x (n, d) counts as small, where it was at most `largest` (n,).

    A run that starts at a stationary point has no larger gradient to be compared with.
    """
    t = TOLERANCES
    with np.errstate(all="ignore"):
        rounding = t.rounding * at.diagonal * np.abs(at.l.hessian(x)).max(axis=(-2, -1))
    return np.asarray(np.maximum(t.small_gradient * largest, rounding))


def _stalled(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    noise = at.traits.noise
    stalls = np.flatnonzero(e.looks_ahead if noise else e.stalls)
    if not stalls.size:
        return
    found.outcomes[members[np.flatnonzero(e.stalls)]] = "stalled"
    rho, look_ahead = e.rho[stalls], at.traits.look_ahead
    starts = _rows(e.tail, stalls).mean(axis=1) if noise else e.x[stalls]
    reach = TOLERANCES.near_stall * _look(at, starts, rho)
    x = newton_on_shift(at.l, starts, rho, reach, look_ahead)
    zero = np.isfinite(x).all(axis=-1)
    if not zero.any():
        return
    stalls, rho, x = stalls[zero], rho[zero], x[zero]
    g, hessian = at.l.gradient_and_hessian(x)
    norms = np.linalg.norm(g, axis=-1)
    targets = look_ahead.point(x, g, rho[:, None])
    hessian_plus = at.l.hessian(targets)
    matrices = hessian_plus @ look_ahead.jacobian(x, g, hessian, rho[:, None, None])
    held = np.zeros(len(x), dtype=np.bool_)
    if noise:  # S is not small then, but the run stays where noise would carry it from the point
        identity = np.broadcast_to(np.eye(at.l.dim), hessian.shape)
        gains = identity + hessian_plus @ (look_ahead.jacobian(x, g, identity, rho[:, None, None]) - identity)
        wander = around_hallucinated(matrices, gains, e.eta[stalls], noise)
        held = _length(_rows(e.tail, stalls) - x[:, None]).max(axis=1) <= wander
    q = constant_directions(at.l)
    if q.shape[0]:
        matrices = np.stack([restricted(matrix, q) for matrix in matrices])
    kinds, along = _kinds(at, targets)
    limits = np.where(kinds == "degenerate", np.nan, step_limits(np.linalg.eigvals(matrices)))
    ratio = e.shifted[stalls] / e.norms[stalls]
    arrived = ratio < TOLERANCES.arrived
    # A point that pushes the run away at this step size is only being passed by; where the eigenvalues do not tell,
    # the run does. Of a rule with steps of its own they only tell what repels at every step size.
    if not at.traits.follows_shift:
        limits = np.where(limits > 0.0, np.nan, limits)
        leaving = limits == 0.0
    else:
        leaving = (limits <= e.eta[stalls]) | (np.isnan(limits) & (ratio > e.before[stalls]))
    passing = e.stalls[stalls] & ~arrived & leaving & ~held
    found.outcomes[members[stalls[passing]]] = "still moving"
    stays = (e.stalls[stalls] & ~passing) | held
    here = members[stalls[stays]]
    found.outcomes[here], found.kinds[here], found.along[here] = "hallucinated", kinds[stays], along[stays]
    found.points[here], found.targets[here] = x[stays], targets[stays]
    found.approaching[here] = ~arrived[stays]
    found.gradient_norms[here], found.step_limits[here] = norms[stays], limits[stays]
    if at.l.dim == 1:
        found.slopes[here] = g[stays, 0]


def _around_a_point(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    t = TOLERANCES
    most = t.bounce * (e.longest if at.traits.follows_shift else np.maximum(e.longest, _stride(e)))
    left = np.arange(len(members))
    if not at.traits.noise:  # no point is so close to both ends of a tail that are farther apart than twice that
        left = np.flatnonzero(_length(e.tail[:, -1] - e.tail[:, 0]) <= 2.0 * most * (1.0 + _SLACK))
    mean = e.tail.mean(axis=1)
    for starts in (mean, e.calm):
        if not left.size:
            return
        y = newton_on_gradient(at.l, starts[left], t.near_root * at.diagonal)
        near = np.isfinite(y).all(axis=-1)
        inside, y = left[near], y[near]
        widest = _length(_rows(e.tail, inside) - y[:, None]).max(axis=1)
        wander: Array = np.zeros(len(y))
        if at.traits.noise and starts is mean:
            look = _look(at, y, e.rho[inside])
            wander = around_minimizers(at.l.hessian(y), e.eta[inside], at.traits.noise, look)
        fits = widest <= np.maximum(most[inside], wander)
        inside, y, widest, wander = inside[fits], y[fits], widest[fits], wander[fits]
        kinds, along = _kinds(at, y)
        wide = widest > np.maximum(t.wide * _look(at, e.x[inside], e.rho[inside]), wander)
        tail = _rows(e.tail, inside[wide])
        wide[wide] = _length(tail[:, 2:] - tail[:, :-2]).max(axis=1, initial=0.0) > t.recurrence * widest[wide]
        here = members[inside]
        found.outcomes[here] = np.where(wide, "cycling", np.where(kinds == "minimizer", "bouncing", "trapped"))
        found.kinds[here], found.along[here] = kinds, along
        found.points[here], found.widest[here] = y, widest
        left = np.setdiff1d(left, inside)


def _in_balance(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    """Rule 3 for a rule with steps of its own: they have shrunk to nothing though neither gradient has."""
    if at.traits.follows_shift or at.traits.noise:
        return
    quarter = e.tail[:, -(e.tail.shape[1] // 4 + 1) :]
    longest = _length(np.diff(quarter, axis=1)).max(axis=1, initial=0.0)
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


def _length(v: Array) -> Array:
    """Return |v| along the last axis; for few components and many vectors faster than NumPy's."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", v, v)))


def _look(at: Ground, x: Array, rho: Array) -> Array:
    """Return how far (n,) the rule looks ahead from x (n, d)."""
    look_ahead = at.traits.look_ahead
    if look_ahead == NORMALIZED:
        return rho
    return np.asarray(np.linalg.norm(look_ahead.point(x, at.l.gradient(x), rho[:, None]) - x, axis=-1))


def _stride(e: Endings) -> Array:
    """Return the longest steps (n,) of the tails."""
    return np.asarray(_length(np.diff(e.tail, axis=1)).max(axis=1, initial=0.0))


def _cycling(at: Ground, e: Endings, found: Judged, members: npt.NDArray[Any]) -> None:
    if at.traits.noise:
        return  # it comes back by chance
    t, w = TOLERANCES, e.tail.shape[1]
    net = _length(e.tail[:, -1] - e.tail[:, 0])
    if at.traits.follows_shift:  # no step is longer than the longest, so that many are seen to go ahead at once
        longest_path = (w - 1) * (e.longest * (1.0 + _SLACK) + _SLACK * at.diagonal)
        slow = np.flatnonzero(net <= t.net * longest_path)
        e, members, net = e.part(slow), members[slow], net[slow]
    tail = e.tail
    path = _length(np.diff(tail, axis=1)).sum(axis=1)
    spread = _length(np.ptp(tail, axis=1))
    back = _length(tail - tail[:, -1:]) <= t.recurrence * spread[:, None]
    last_away = w - 1 - np.argmin(back[:, ::-1], axis=1)
    comes_back = ~back.all(axis=1) & (np.argmax(back, axis=1) < last_away)
    cycles = np.flatnonzero((net <= t.net * path) & (spread > 0.0) & comes_back)
    here = members[cycles]
    found.outcomes[here], found.points[here] = "cycling", tail[cycles].mean(axis=1)
