"""How a run ended, in one of the words of the list below.

The list is gone through from the top; w is the number of last steps that are looked at.

1. Non-finite, or far outside the window: diverged.
2. The rule no longer looks ahead, or the gradient vanishes and its steps with it: reached a minimizer or stopped at
   another stationary point, where Newton on g confirms it and the last steps do not lead away from it.
3. |S| small against |g| throughout the last steps: hallucinated, where Newton on S confirms a point at which S
   vanishes and g does not, and which attracts at this step size. By a point that repels a run is only passing, however
   close, unless it no longer moves at all. Otherwise stalled, not certified, if at its pace it stays.
4. The last steps stay around a stationary point, and at their pace will: bouncing around a minimizer, trapped at a
   saddle or maximizer, or, when far out and the run goes round, cycling through it.
5. All of the last steps come back to where they were, and neither drift nor shrink: cycling. Where a hallucinated
   point that repels at this step size lies in the midst of them, it is named.
6. Otherwise: still moving; if it is passing close to a point that repels, past which one.

Nothing is called hallucinated because it did not converge. At their pace means: what goes on in one direction is
continued for as many steps as `Tolerances.ahead` says, ten times the run.

S is the gradient at the rule's own look-ahead point: SAM's for most rules; USAM's and ASAM's own, and what is
certified for these is a zero of that S. Where a rule's steps are not -eta S, as with momentum, a point may attract it
that SAM cannot hold; then the Jacobian of S is asked only whether the point repels at every step size. With gradient
noise S does not become small, nor does a run come to rest: there rules 3 and 4 ask whether the last steps stay as
close to the point as the noise alone would carry a run from it.

Where there is no window, as for a network, its diagonal means 10 max(1, |x0|) and its centre x0. From 500 variables
on, and where only norms are known, as from the log of a training run, less can be told: see `verdict_of_norms`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from landscapes.landscape import DENSE, Array

from .certify import certify
from .endings import Endings, Ground, Judged, judge, small_gradient
from .norms import of_norms
from .orbit import Orbit
from .outcome import TOLERANCES, Kind, Outcome, Verdict, since, tail_of
from .rules import NORMALIZED
from .sentences import sentence
from .tails import rests


def verdict(l: Any, orbit: Orbit) -> Verdict:
    """Say how one run ended.

    Args:
        l: the landscape or the network it ran on.
        orbit: a run from one start; its last positions suffice, but from where on a verdict holds is not followed
            back beyond them.

    Returns:
        The outcome, where, and from which step on.

    Raises:
        ValueError: the orbit holds several runs, is thinned, or is of a run on mini-batches; see `training.judge`.
    """
    if orbit.traits.batches:
        raise ValueError("a run on mini-batches is judged by what all examples say: use dynamics.training.judge")
    if orbit.x.ndim != 2 or len(orbit.k) != orbit.steps + 1:
        raise ValueError(f"verdict needs one run with all its steps, got x of shape {orbit.x.shape}")
    ground = Ground.of(l, orbit.x[0] if orbit.start is None else orbit.start, orbit.traits)
    with np.errstate(all="ignore"):  # runs that leave the finite numbers are judged too
        found = _diverged(ground, orbit) or (_by_list if l.dim < DENSE else _by_norms)(ground, orbit)
    full = replace(
        found,
        gradient_norm=_finite(found.gradient_norm, orbit.gradient_norms[-1]),
        shifted_norm=float(orbit.shifted_norms[-1]),
    )
    return replace(full, sentence=sentence(full, orbit, ground.diagonal))


def _finite(value: float, otherwise: float) -> float:
    return float(value if np.isfinite(value) else otherwise)


def _distance(orbit: Orbit, y: Array, unknown: float) -> Array:
    """Distances (steps+1,) of the positions from y, `unknown` where a position was not kept."""
    known = np.linalg.norm(orbit.x - y, axis=-1)
    return np.concatenate([np.full(len(orbit.k) - len(known), unknown), known])


def _diverged(at: Ground, orbit: Orbit) -> Verdict | None:
    distance = _distance(orbit, at.centre, 0.0)
    fine = (distance <= TOLERANCES.far * at.diagonal) & np.isfinite(orbit.f) & np.isfinite(orbit.shifted_norms)
    if fine.all():
        return None
    step = int(np.argmin(fine))
    kept = step - 1 - (len(orbit.k) - len(orbit.x))
    return Verdict("diverged", None, orbit.x[max(kept, 0)], None, step)


def _by_list(at: Ground, orbit: Orbit) -> Verdict:
    """Go through the list from its second rule on."""
    end = _ending(orbit)
    found = judge(at, end)
    outcome, kind = cast(Outcome, str(found.outcomes[0])), cast(Kind, str(found.kinds[0])) or None
    about = bool(np.isfinite(found.targets[0]).all())
    return Verdict(
        outcome,
        kind,
        found.points[0],
        found.targets[0] if about else None,
        _since(at, orbit, end, found),
        bool(found.approaching[0]),
        gradient_norm=float(found.gradient_norms[0]),
        step_limit=float(found.step_limits[0]),
        slope=float(found.slopes[0]) if about and at.l.dim == 1 else None,
    )


def _ending(orbit: Orbit) -> Endings:
    """Take what the list looks at from a run."""
    w = min(tail_of(orbit.steps + 1), len(orbit.x))
    quarter = max(1, tail_of(orbit.steps + 1) // 4)
    norms, shifted = orbit.gradient_norms, orbit.shifted_norms
    ratio = shifted[-quarter:] / norms[-quarter:]
    tail = orbit.x[-w:]
    one = (
        orbit.x[-1],
        tail,
        tail[int(np.argmin(norms[-w:]))],
        norms[-1],
        norms.max(),
        shifted[-1],
        (orbit.eta[-w:] * shifted[-w:]).max(),
        (ratio <= TOLERANCES.stall).all(),
        ratio[0],
        orbit.eta[-1],
        orbit.rho[-1],
        orbit.rho.max(),
    )
    return Endings(*(np.asarray(value)[None] for value in one))


def _since(at: Ground, orbit: Orbit, end: Endings, found: Judged) -> int:
    """Return the step from which on a verdict holds."""
    outcome, y = found.outcomes[0], found.points[0]
    if outcome in ("reached", "stopped"):
        small = orbit.gradient_norms <= small_gradient(at, end.x, end.largest)
        return since(small & (_distance(orbit, y, 0.0) <= TOLERANCES.near_root * at.diagonal))
    if outcome in ("hallucinated", "stalled"):
        if outcome == "hallucinated" or end.stalls[0]:
            return since(orbit.shifted_norms / orbit.gradient_norms <= TOLERANCES.stall)
        return orbit.steps - int(end.tail.shape[1] // 4)  # at rest, its two gradients in balance
    if np.isfinite(found.widest[0]):
        return since(_distance(orbit, y, np.inf) <= found.widest[0])
    return orbit.steps + 1 - end.tail.shape[1] if outcome == "cycling" else orbit.steps


def _by_norms(at: Ground, orbit: Orbit) -> Verdict:
    """Judge by the norms; what has stalled is certified, where that succeeds."""
    found = replace(of_norms(orbit), point=orbit.x[-1])
    if found.outcome != "stalled" or orbit.traits.look_ahead != NORMALIZED:
        return found
    rho, eta = float(orbit.rho[-1]), float(orbit.eta[-1])
    c = certify(at.l, orbit.x[-1], rho, eta, reach=TOLERANCES.near_stall * rho)
    if not c.certified:
        return found
    told = replace(
        found,
        outcome="hallucinated",
        kind=cast(Kind | None, c.kind),
        point=c.x,
        target=c.target,
        approaching=bool(orbit.shifted_norms[-1] >= TOLERANCES.arrived * orbit.gradient_norms[-1]),
        gradient_norm=c.gradient_norm,
        step_limit=c.step_limit,
    )
    if c.attracts is False and not rests(orbit.x[None])[0]:
        return replace(told, outcome="still moving", approaching=False, step=orbit.steps)
    return told
