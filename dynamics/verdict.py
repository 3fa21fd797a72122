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
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import numpy as np

from landscapes.landscape import Array, Landscape

from .newton import kind_of_stationary_point, newton_on_gradient, newton_on_shift
from .orbit import Orbit
from .sentences import sentence
from .stability import shifted_jacobian, step_limits

TOLERANCES: Final = SimpleNamespace(
    window=(20, 0.1),  # w: at least so many steps, and this share of the run
    far=10.0,  # diverged: window diagonals from the window's centre
    no_look_ahead=1e-3,  # rule 2: rho below this share of its largest
    small_gradient=1e-3,  # rule 2: |g| below this share of its largest
    near_root=0.01,  # rules 2 and 4: Newton on g may go this many diagonals
    stall=0.05,  # rule 3: |S|/|g| at most, throughout the last w/4 steps
    near_stall=0.1,  # rule 3: Newton on S may go this share of rho
    arrived=1e-6,  # rule 3: |S|/|g| below which a point has been reached; above, it is being approached
    bounce=3.0,  # rule 4: distance from the stationary point at most this times eta max|S|
    wide=0.25,  # rule 4: from this share of rho on it is cycling through the point, unless every second step returns
    recurrence=0.02,  # rule 5: comes back this close, as a share of the spread
    net=0.05,  # rule 5: net displacement at most this share of the path
)


@dataclass(frozen=True)
class Verdict:
    """How a run ended, with the numbers it rests on."""

    outcome: str  # reached, stopped, hallucinated, stalled, bouncing, trapped, cycling, diverged, still moving
    kind: str | None  # of the stationary point it is about (the target, where hallucinated)
    point: Array | None  # (d,) where; for hallucinated after Newton
    target: Array | None  # (d,) the look-ahead point there, where hallucinated
    step: int  # from which on it holds
    approaching: bool = False  # hallucinated: not there yet
    gradient_norm: float = np.nan  # |g| at the point, or at the end
    shifted_norm: float = np.nan  # |S| at the end
    step_limit: float = np.nan  # hallucinated: eta below which the point attracts; 0 where it repels
    slope: float | None = None  # hallucinated, one variable: f' at the point
    sentence: str = ""  # the same in words


def verdict(l: Landscape, orbit: Orbit) -> Verdict:
    """Say how one run ended.

    Args:
        l: the landscape it ran on.
        orbit: a run from one start, with all its positions.

    Returns:
        The outcome, where, and from which step on.

    Raises:
        ValueError: the orbit holds several runs or only the last positions.
    """
    if orbit.x.ndim != 2 or len(orbit.x) != orbit.steps + 1:
        raise ValueError(f"verdict needs one run with all its positions, got x of shape {orbit.x.shape}")
    with np.errstate(all="ignore"):  # runs that leave the finite numbers are judged too
        for judge in (_diverged, _at_rest, _stalled, _around_a_point, _cycling):
            found = judge(l, orbit)
            if found is not None:
                break
        else:
            found = Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    full = Verdict(
        **{
            **vars(found),
            "gradient_norm": _finite(found.gradient_norm, orbit.gradient_norms[-1]),
            "shifted_norm": float(orbit.shifted_norms[-1]),
        }
    )
    return Verdict(**{**vars(full), "sentence": sentence(full, orbit, l.diagonal)})


def _finite(value: float, otherwise: float) -> float:
    return float(value if np.isfinite(value) else otherwise)


def _tail(orbit: Orbit) -> int:
    fewest, share = TOLERANCES.window
    return int(min(orbit.steps + 1, max(fewest, share * orbit.steps)))


def _since(holds: np.ndarray) -> int:
    """First step from which on `holds` (steps+1,) is true to the end."""
    broken = np.flatnonzero(~holds)
    return int(broken[-1]) + 1 if broken.size else 0


def _diverged(l: Landscape, orbit: Orbit) -> Verdict | None:
    centre = np.array([0.5 * (low + high) for low, high in l.domain])
    distance = np.linalg.norm(orbit.x - centre, axis=-1)
    fine = (distance <= TOLERANCES.far * l.diagonal) & np.isfinite(orbit.f) & np.isfinite(orbit.shifted_norms)
    if fine.all():
        return None
    step = int(np.argmin(fine))
    return Verdict("diverged", None, orbit.x[max(step - 1, 0)], None, step)


def _at_rest(l: Landscape, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    norms = orbit.gradient_norms
    if norms[-1] > 0.0 and orbit.rho[-1] > t.no_look_ahead * orbit.rho.max():
        return None
    small = norms <= t.small_gradient * norms.max()
    y = newton_on_gradient(l, orbit.x[-1], t.near_root * l.diagonal) if small[-1] else None
    if y is None:
        return Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    kind = kind_of_stationary_point(l, y)
    near = np.linalg.norm(orbit.x - y, axis=-1) <= t.near_root * l.diagonal
    return Verdict("reached" if kind == "minimizer" else "stopped", kind, y, None, _since(small & near))


def _stalled(l: Landscape, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    ratio = orbit.shifted_norms / orbit.gradient_norms
    stall = ratio <= t.stall
    quarter = max(1, _tail(orbit) // 4)
    if not stall[-quarter:].all():
        return None
    since = _since(stall)
    rho, eta = float(orbit.rho[-1]), float(orbit.eta[-1])
    x = newton_on_shift(l, orbit.x[-1], rho, t.near_stall * rho)
    if x is None:
        return Verdict("stalled", None, orbit.x[-1], None, since)
    g, hessian = l.gradient_and_hessian(x)
    target = x + rho * g / np.linalg.norm(g)
    eigenvalues = np.linalg.eigvals(shifted_jacobian(g, hessian, l.hessian(target), rho))[None]
    kind = kind_of_stationary_point(l, target)
    limit = float(step_limits(eigenvalues)[0]) if kind != "degenerate" else np.nan
    arrived = bool(ratio[-1] < t.arrived)
    # A point that pushes the run away at this step size is only being passed by.
    if not arrived and limit <= eta:
        return Verdict("still moving", None, orbit.x[-1], None, orbit.steps)
    return Verdict(
        "hallucinated",
        kind,
        x,
        target,
        since,
        approaching=not arrived,
        gradient_norm=float(np.linalg.norm(g)),
        step_limit=limit,
        slope=float(g[0]) if l.dim == 1 else None,
    )


def _around_a_point(l: Landscape, orbit: Orbit) -> Verdict | None:
    t = TOLERANCES
    w = _tail(orbit)
    tail = orbit.x[-w:]
    most = t.bounce * float((orbit.eta[-w:] * orbit.shifted_norms[-w:]).max())
    starts = (tail.mean(axis=0), tail[int(np.argmin(orbit.gradient_norms[-w:]))])
    for start in starts:
        y = newton_on_gradient(l, start, t.near_root * l.diagonal)
        if y is None:
            continue
        distance = np.linalg.norm(orbit.x - y, axis=-1)
        widest = float(distance[-w:].max())
        if widest > most:
            continue
        kind = kind_of_stationary_point(l, y)
        since = _since(distance <= widest)
        back_and_forth = float(np.linalg.norm(tail[2:] - tail[:-2], axis=-1).max(initial=0.0)) <= t.recurrence * widest
        if widest > t.wide * orbit.rho[-1] and not back_and_forth:
            return Verdict("cycling", kind, y, None, since)
        return Verdict("bouncing" if kind == "minimizer" else "trapped", kind, y, None, since)
    return None


def _cycling(l: Landscape, orbit: Orbit) -> Verdict | None:
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
