"""Every hallucinated point that looks at one zero of the gradient, as directions from it, with proof.

x looks at z from the direction s, in turns, where x = z - rho e, e = (cos 2 pi s, sin 2 pi s); it is hallucinated
exactly if g(x) points along e. In one variable there are two directions, e = 1 and e = -1, and f' at both decides. The
directions in two variables are in `turn`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from landscapes.balls import Undefined
from landscapes.landscape import Landscape

from .krawczyk import UNDEFINED, Zero, above

STATIONARY, TANGENT, EDGE = "stationary", "tangent", "edge"  # reasons of undecided arcs


@dataclass(frozen=True)
class Direction:
    """An arc of directions that holds exactly one hallucinated point of the window."""

    arc: tuple[float, float]  # in turns; in one variable 0 or 0.5, twice
    x: tuple[float, ...]
    radius: float  # each coordinate of the point is within it of x
    attracts: bool | None  # for small enough steps; None: undecided
    attracts_at: bool | None  # the same at the step size asked for


@dataclass(frozen=True)
class Directions:
    """The hallucinated points of the window that look at one zero, and the account of the search."""

    points: tuple[Direction, ...]
    undecided: tuple[tuple[tuple[float, float], str], ...]  # arcs in turns that may hold more, each with the reason
    arcs: int  # that were looked at
    covered: float  # share of the turn that was looked at; 1 exactly, or something was skipped


def sides(l: Landscape, rho: float, zero: Zero, eta: float) -> Directions:
    """Find every hallucinated point of the window at radius rho > 0 whose target is `zero`, in one variable."""
    points, undecided = [], []
    (z,) = zero.balls()
    for s, x in ((0.0, z - rho), (0.5, z + rho)):
        outcome = _judged(l, s, x, z, eta)
        if isinstance(outcome, Direction):
            points.append(outcome)
        elif outcome:
            undecided.append(((s, s), outcome))
    return Directions(tuple(points), tuple(undecided), 2, 1.0)


def _judged(l: Landscape, s: float, x: arb, z: arb, eta: float) -> Direction | str:
    """Return the point, the reason why that is undecided, or "" where there is none."""
    where = inside(l, (x,))
    if where is False:
        return ""
    try:
        (g,) = l.on_balls("g")(x)
    except Undefined:
        return ""
    inwards = g if s == 0.0 else -g
    if inwards < 0:
        return ""
    if not inwards > 0:
        return STATIONARY if g.is_finite() else UNDEFINED
    if where is None:
        return EDGE
    (h,) = l.on_balls("h")(z)
    attracts = True if h > 0 else False if h < 0 else None
    # |1 - eta h| < 1, so written that a tiny h is not lost beside 1.
    at = False if h < 0 or eta * h > 2 else True if h > 0 and eta * h < 2 else None
    return Direction((s, s), *rounded((x,)), attracts, at if eta else attracts)


def inside(l: Landscape, x: tuple[arb, ...]) -> bool | None:
    """Say whether a point known by balls lies in the window; None where the balls do not decide it."""
    sure = True
    for ball, (low, high) in zip(x, l.domain, strict=True):
        if ball < low or ball > high:
            return False
        sure = sure and bool(ball >= low and ball <= high)
    return True if sure else None


def rounded(x: tuple[arb, ...]) -> tuple[tuple[float, ...], float]:
    """Return floats and how far from them the numbers in the balls may be."""
    centre = tuple(float(ball) for ball in x)
    return centre, max(above(abs(ball - c)) for ball, c in zip(x, centre, strict=True))
