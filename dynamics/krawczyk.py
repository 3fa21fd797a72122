"""Whether a box holds no zero of the gradient or exactly one, by ball arithmetic.

X a box with the centre m, g and H taken on balls, A about the inverse of H(m): a zero of g in X lies in
K(X) = m - A g(m) + (I - A H(X)) (X - m). Where K(X) and X do not meet there is none; where K(X) lies inside X there is
exactly one (Krawczyk 1969; Neumaier, Interval Methods for Systems of Equations, 1990, chapter 5). Boxes are widened a
little first, so that a zero on the border of two is inside one of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flint import arb

from landscapes.balls import Undefined
from landscapes.landscape import Landscape

Corners: TypeAlias = tuple[float, ...]  # of a box: low and high of x, then of y

_OVERLAP: Final = 0.02  # share of a box's half-width by which it is widened
_STEPS: Final = 12  # of Newton's method, from the centre of a box to its zero


@dataclass(frozen=True)
class Zero:
    """A zero of g, alone in its box."""

    box: Corners  # holds exactly one zero
    centre: tuple[float, ...]
    radius: float  # each coordinate of the zero is within it of the centre's
    kind: str  # "minimizer" | "saddle" | "maximizer", or "undecided"

    def balls(self) -> list[arb]:
        """Return balls around the zero's coordinates."""
        return [arb(c, self.radius) for c in self.centre]


# Outcomes of a test besides a Zero, and reasons of undecided boxes.
NONE, SPLIT = "none", "split"
UNDEFINED, KINK, FLAT, DEGENERATE = "undefined", "kink", "flat", "degenerate"
CURVE, LIMIT = "curve", "limit"


def within(zero: Zero, box: Corners) -> bool:
    """Whether all places where a zero may be lie in a box."""
    return all(
        box[2 * i] < c - 1.001 * zero.radius and c + 1.001 * zero.radius < box[2 * i + 1]
        for i, c in enumerate(zero.centre)
    )


def above(a: arb) -> float:
    """Return a float that is at least every number of a ball."""
    return math.nextafter(float(a.upper()), math.inf)


class Judge:
    """What a box holds: a function from boxes to a Zero, NONE, SPLIT or the reason why that is undecided."""

    def __init__(self, l: Landscape) -> None:
        self._gh: Callable[..., tuple[Any, ...]] = l.on_balls("gh")

    def __call__(self, box: Corners) -> Zero | str:
        """Return the box's one zero, or one of the words."""
        raise NotImplementedError

    def _on(self, *x: arb) -> tuple[Any, ...] | None:
        """Enclose g and H; None where f is undefined throughout."""
        try:
            return self._gh(*x)
        except Undefined:
            return None


def _widened(low: float, high: float) -> tuple[float, float, float, arb]:
    """Return the middle of an interval, wider ends, and a ball around the middle that holds them."""
    middle = low + 0.5 * (high - low)
    radius = max(high - middle, middle - low) * (1.0 + _OVERLAP)
    low, high = middle - radius, middle + radius
    return middle, low, high, arb(middle, max(high - middle, middle - low) * (1.0 + 1e-9))


class Line(Judge):
    """The same in one variable, by Newton's method on intervals."""

    def __call__(self, box: Corners) -> Zero | str:
        """Judge an interval."""
        middle, low, high, x = _widened(*box)
        here = self._on(x)
        if here is None:
            return NONE
        g, h = here
        if g > 0 or g < 0:
            return NONE
        if g.is_zero():
            return FLAT
        if not h.is_finite():
            return UNDEFINED if not g.is_finite() else KINK
        at, _ = self._gh(arb(middle))
        mean = at + h * (x - middle)
        if mean > 0 or mean < 0:
            return NONE
        if not (h > 0 or h < 0):
            return SPLIT
        newton = middle - at / h
        if newton < x.lower() or newton > x.upper():
            return NONE
        if not x.contains_interior(newton):
            return SPLIT
        z = self._newton(middle, h)
        kind = "minimizer" if h > 0 else "maximizer"
        zero = Zero((low, high), *z, kind)
        return zero if within(zero, zero.box) else SPLIT

    def _newton(self, z: float, h: arb) -> tuple[tuple[float, ...], float]:
        """Return a float close to the zero, and how far from it the zero may be; h holds H between them."""
        for _ in range(_STEPS):
            here = self._on(arb(z))
            if here is None:
                break
            g, slope = here
            step = float(g.mid() / slope.mid())  # as balls: they do not underflow
            if not math.isfinite(step) or z - step == z:
                break
            z -= step
        return (z,), above(abs(self._gh(arb(z))[0]) / h.abs_lower())


class Plane(Judge):
    """The same in two variables."""

    def __call__(self, box: Corners) -> Zero | str:
        """Judge a box."""
        mx, left, right, x = _widened(*box[:2])
        my, low, high, y = _widened(*box[2:])
        here = self._on(x, y)
        if here is None:
            return NONE
        g1, g2, h11, h12, h22 = here
        if g1 > 0 or g1 < 0 or g2 > 0 or g2 < 0:
            return NONE
        if g1.is_zero() and g2.is_zero():
            return FLAT
        if not (h11.is_finite() and h12.is_finite() and h22.is_finite()):
            return KINK if g1.is_finite() and g2.is_finite() else UNDEFINED
        dx, dy = x - mx, y - my
        c1, c2, j11, j12, j22 = self._gh(arb(mx), arb(my))
        mean = c1 + h11 * dx + h12 * dy
        if mean > 0 or mean < 0:
            return NONE
        mean = c2 + h12 * dx + h22 * dy
        if mean > 0 or mean < 0:
            return NONE
        inverse = _inverse(j11, j12, j22)
        if inverse is None:
            return SPLIT
        a11, a12, a22 = inverse
        off1 = (1 - (h11 * a11 + h12 * a12)) * dx - (h12 * a11 + h22 * a12) * dy
        off2 = (1 - (h12 * a12 + h22 * a22)) * dy - (h11 * a12 + h12 * a22) * dx
        step1, step2 = c1 * a11 + c2 * a12, c1 * a12 + c2 * a22
        spread1, spread2 = off1.abs_upper(), off2.abs_upper()
        x_radius, y_radius = x.rad(), y.rad()
        if step1.abs_lower() > x_radius + spread1 or step2.abs_lower() > y_radius + spread2:
            return NONE
        if not (step1.abs_upper() + spread1 < x_radius and step2.abs_upper() + spread2 < y_radius):
            return SPLIT
        # From here on I - A H contracts by `share` in the norm max(|x|/x_radius, |y|/y_radius).
        share = (spread1 / x_radius).max(spread2 / y_radius)
        zx, zy = self._newton(mx, my)
        g1, g2, *_ = self._gh(arb(zx), arb(zy))
        step1, step2 = g1 * a11 + g2 * a12, g1 * a12 + g2 * a22
        bound = (step1 / x_radius).abs_upper().max((step2 / y_radius).abs_upper()) / (1 - share)
        radius = above(bound * x_radius.max(y_radius))
        zero = Zero((left, right, low, high), (zx, zy), radius, self._kind(zx, zy, radius))
        return zero if within(zero, zero.box) else SPLIT

    def _newton(self, x: float, y: float) -> tuple[float, float]:
        """Return floats close to the zero."""
        for _ in range(_STEPS):
            here = self._on(arb(x), arb(y))
            if here is None:
                break
            g1, g2, h11, h12, h22 = here
            inverse = _inverse(h11, h12, h22)
            if inverse is None:
                break
            a11, a12, a22 = inverse
            u, v = g1.mid(), g2.mid()
            to = x - float(a11 * u + a12 * v), y - float(a12 * u + a22 * v)
            if to == (x, y) or not all(map(math.isfinite, to)):
                break
            x, y = to
        return x, y

    def _kind(self, x: float, y: float, radius: float) -> str:
        _, _, h11, h12, h22 = self._gh(arb(x, radius), arb(y, radius))
        determinant, trace = h11 * h22 - h12 * h12, h11 + h22
        if determinant < 0:
            return "saddle"
        if determinant > 0 and trace > 0:
            return "minimizer"
        return "maximizer" if determinant > 0 and trace < 0 else "undecided"


def _inverse(a: arb, b: arb, c: arb) -> tuple[arb, arb, arb] | None:
    """Invert the symmetric matrix of the middles of a, b, c, up to rounding; None where that is not finite.

    In numbers without balls, but not in floats, which underflow and overflow.
    """
    a, b, c = a.mid(), b.mid(), c.mid()
    determinant = (a * c - b * b).mid()
    inverse = (c / determinant).mid(), (-b / determinant).mid(), (a / determinant).mid()
    return inverse if all(v.is_finite() for v in inverse) else None
