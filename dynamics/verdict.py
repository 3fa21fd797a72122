"""How a run ended, in one of the words of the list below.

The list is gone through from the top; w is the number of last steps that are looked at.

1. Non-finite, or far outside the window: diverged.
2. The rule no longer looks ahead, or the gradient vanishes: reached a minimizer or stopped at another stationary
   point, where Newton on g confirms it; otherwise still moving.
3. |S| small against |g| throughout the last steps: hallucinated, where Newton on S confirms a point at which S
   vanishes and g does not, and which attracts or has been reached; otherwise stalled, not certified.
4. The last steps stay around a stationary point: bouncing around a minimizer, trapped at a saddle or maximizer,
   or, when far out, cycling through it.
5. The run comes back to where it was: cycling.
6. Otherwise: still moving.

Nothing is called hallucinated because it did not converge.

Where there is no window, as for a network, its diagonal means 10 max(1, |x0|) and its centre x0. From 500 variables
on, and where only norms are known, as from the log of a training run, less can be told: see `verdict_of_norms`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from landscapes.landscape import Array

from .certify import certify
from .newton import kind_of_stationary_point, newton_on_gradient, newton_on_shift
from .norms import of_norms
from .orbit import Orbit
from .outcome import TOLERANCES, Verdict, since, tail_of
from .sentences import sentence
from .shift import DENSE
from .spectra import constant_directions, restricted
from .stability import shifted_jacobian, step_limits


@dataclass(frozen=True)
class _Ground:
    """What a run is judged on: the objective, and how large its world is."""

    l: Any  # Landscape, FunctionLandscape or Network: an Objective with gradient_and_hessian
    centre: Array
    diagonal: float


def _ground(l: Any, orbit: Orbit) -> _Ground:
    if hasattr(l, "domain"):
        return _Ground(l, np.array([0.5 * (low + high) for low, high in l.domain]), l.diagonal)
    start = orbit.x[0] if orbit.start is None else orbit.start
    return _Ground(l, start, 10.0 * max(1.0, float(np.linalg.norm(start))))


def verdict(l: Any, orbit: Orbit) -> Verdict:
    """Say how one run ended.

    Args:
        l: the landscape or the network it ran on.
        orbit: a run from one start; its last positions suffice, but from where on a verdict holds is not followed
            back beyond them.

    Returns:
        The outcome, where, and from which step on.

    Raises:
        ValueError: the orbit holds several runs, or is thinned.
    """
    if orbit.x.ndim != 2 or len(orbit.k) != orbit.steps + 1:
        raise ValueError(f"verdict needs one run with all its steps, got x of shape {orbit.x.shape}")
    ground = _ground(l, orbit)
    judges = (_diverged, _at_rest, _stalled, _around_a_point, _cycling) if l.dim < DENSE else (_diverged, _by_norms)
    with np.errstate(all="ignore"):  # runs that leave the finite numbers are judged too
        for judge in judges:
            found = judge(ground, orbit)
            if found is not None:
                break
        else:
            found = Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    full = replace(
        found,
        gradient_norm=_finite(found.gradient_norm, orbit.gradient_norms[-1]),
        shifted_norm=float(orbit.shifted_norms[-1]),
    )
    return replace(full, sentence=sentence(full, orbit, ground.diagonal))


def _finite(value: float, otherwise: float) -> float:
    return float(value if np.isfinite(value) else otherwise)


def _tail(orbit: Orbit) -> int:
    return min(tail_of(orbit.steps + 1), len(orbit.x))


def _distance(orbit: Orbit, y: Array, unknown: float) -> Array:
    """Distances (steps+1,) of the positions from y, `unknown` where a position was not kept."""
    known = np.linalg.norm(orbit.x - y, axis=-1)
    return np.concatenate([np.full(len(orbit.k) - len(known), unknown), known])


def _diverged(at: _Ground, orbit: Orbit) -> Verdict | None:
    distance = _distance(orbit, at.centre, 0.0)
    fine = (distance <= TOLERANCES.far * at.diagonal) & np.isfinite(orbit.f) & np.isfinite(orbit.shifted_norms)
    if fine.all():
        return None
    step = int(np.argmin(fine))
    kept = step - 1 - (len(orbit.k) - len(orbit.x))
    return Verdict("diverged", None, orbit.x[max(kept, 0)], None, step)


def _at_rest(at: _Ground, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    norms = orbit.gradient_norms
    if norms[-1] > 0.0 and orbit.rho[-1] > t.no_look_ahead * orbit.rho.max():
        return None
    # A run that starts at a stationary point has no larger gradient to be compared with.
    rounding = t.rounding * at.diagonal * float(np.abs(at.l.hessian(orbit.x[-1])).max())
    small = norms <= max(t.small_gradient * norms.max(), rounding)
    y = newton_on_gradient(at.l, orbit.x[-1], t.near_root * at.diagonal) if small[-1] else None
    if y is None:
        return Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    kind = kind_of_stationary_point(at.l, y)
    near = _distance(orbit, y, 0.0) <= t.near_root * at.diagonal
    return Verdict("reached" if kind == "minimizer" else "stopped", kind, y, None, since(small & near))


def _stalled(at: _Ground, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    ratio = orbit.shifted_norms / orbit.gradient_norms
    stall = ratio <= t.stall
    quarter = max(1, tail_of(orbit.steps + 1) // 4)
    if not stall[-quarter:].all():
        return None
    first = since(stall)
    rho, eta = float(orbit.rho[-1]), float(orbit.eta[-1])
    x = newton_on_shift(at.l, orbit.x[-1], rho, t.near_stall * rho)
    if x is None:
        return Verdict("stalled", None, orbit.x[-1], None, first)
    g, hessian = at.l.gradient_and_hessian(x)
    target = x + rho * g / np.linalg.norm(g)
    matrix = shifted_jacobian(g, hessian, at.l.hessian(target), rho)
    eigenvalues = np.linalg.eigvals(restricted(matrix, constant_directions(at.l)))[None]
    kind = kind_of_stationary_point(at.l, target)
    limit = float(step_limits(eigenvalues)[0]) if kind != "degenerate" else np.nan
    arrived = bool(ratio[-1] < t.arrived)
    # A point that pushes the run away at this step size is only being passed by; where the eigenvalues do not tell,
    # the run does.
    leaving = limit <= eta or (np.isnan(limit) and ratio[-1] > ratio[-quarter])
    if not arrived and leaving:
        return Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    return Verdict(
        "hallucinated",
        kind,
        x,
        target,
        first,
        approaching=not arrived,
        gradient_norm=float(np.linalg.norm(g)),
        step_limit=limit,
        slope=float(g[0]) if at.l.dim == 1 else None,
    )


def _around_a_point(at: _Ground, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    w = _tail(orbit)
    tail = orbit.x[-w:]
    most = t.bounce * float((orbit.eta[-w:] * orbit.shifted_norms[-w:]).max())
    starts = (tail.mean(axis=0), tail[int(np.argmin(orbit.gradient_norms[-w:]))])
    for start in starts:
        y = newton_on_gradient(at.l, start, t.near_root * at.diagonal)
        if y is None:
            continue
        distance = _distance(orbit, y, np.inf)
        widest = float(distance[-w:].max())
        if widest > most:
            continue
        kind = kind_of_stationary_point(at.l, y)
        first = since(distance <= widest)
        back_and_forth = float(np.linalg.norm(tail[2:] - tail[:-2], axis=-1).max(initial=0.0)) <= t.recurrence * widest
        if widest > t.wide * orbit.rho[-1] and not back_and_forth:
            return Verdict("cycling", kind, y, None, first)
        return Verdict("bouncing" if kind == "minimizer" else "trapped", kind, y, None, first)
    return None


def _cycling(at: _Ground, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    w = _tail(orbit)
    tail = orbit.x[-w:]
    path = float(np.linalg.norm(np.diff(tail, axis=0), axis=-1).sum())
    net = float(np.linalg.norm(tail[-1] - tail[0]))
    spread = float(np.linalg.norm(np.ptp(tail, axis=0)))
    if net > t.net * path or spread == 0.0:
        return None
    back = np.linalg.norm(tail - tail[-1], axis=-1) <= t.recurrence * spread
    left = np.flatnonzero(~back)
    if not left.size or not back[: left[-1]].any():
        return None
    return Verdict("cycling", None, tail.mean(axis=0), None, orbit.steps + 1 - w)


def _by_norms(at: _Ground, orbit: Orbit) -> Verdict | None:
    """Judge by the norms; what has stalled is certified, where that succeeds."""
    found = replace(of_norms(orbit), point=orbit.x[-1])
    if found.outcome != "stalled":
        return found
    rho, eta = float(orbit.rho[-1]), float(orbit.eta[-1])
    c = certify(at.l, orbit.x[-1], rho, eta, reach=TOLERANCES.near_stall * rho)
    if not c.certified:
        return found
    arrived = bool(orbit.shifted_norms[-1] < TOLERANCES.arrived * orbit.gradient_norms[-1])
    if not arrived and c.attracts is False:
        return Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    return replace(
        found,
        outcome="hallucinated",
        kind=c.kind,
        point=c.x,
        target=c.target,
        approaching=not arrived,
        gradient_norm=c.gradient_norm,
        step_limit=c.step_limit,
    )
