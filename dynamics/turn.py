"""Every hallucinated point that looks at one zero of the gradient in two variables, by balls of directions.

On the circle x = z - rho e, e = (cos 2 pi s, sin 2 pi s), with t across e, x is hallucinated exactly if the slope
across, g.t, vanishes and the slope inwards, g.e, is positive. The turn is halved into arcs until each is proved to hold
none or exactly one such point: the derivative of g.t by the angle has one sign on the arc, and g.t has different ones
at its ends. z is known by balls; what is proved holds for all points in them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from flint import arb

from landscapes.balls import Undefined
from landscapes.landscape import Landscape

from .directions import EDGE, STATIONARY, TANGENT, Direction, Directions, inside, rounded
from .krawczyk import LIMIT, UNDEFINED, Zero

_FIRST: Final = 4  # halvings of the turn to begin with: 16 arcs
_DEEPEST: Final = 40
_STUCK: Final = (12, 0.1)  # after so many halvings this share of the turn undecided: something vanishes all along
_FROM: Final = 14352637 / 2.0**30  # where the turn begins: no direction that a symmetric landscape distinguishes
_STEPS: Final = 40  # of Newton's method on the direction
_CLOSE: Final = 1e-14  # an enclosure of the direction, in radians, that needs no second look
_TURN: Final = 2 * arb.pi()
_HALF: Final = arb(0.5)
_UNIT: Final = arb(0, 1)

_SPLIT: Final = "split"


def turn(l: Landscape, rho: float, zero: Zero, eta: float, most: int) -> Directions:
    """Find every hallucinated point of the window at radius rho > 0 whose target is `zero`, with proof.

    Args:
        l: a landscape in two variables, given by a formula.
        rho: the radius.
        zero: the target.
        eta: step size for which it is decided whether the points attract; 0: for small enough steps only.
        most: arcs to look at before giving up.
    """
    return _Circle(l, rho, zero, eta).search(most)


def halves(start: float, depth: int) -> list[tuple[float, int]]:
    """Cut an arc, known by its start and the number of halvings that made it, in two."""
    return [(start, depth + 1), (start + 0.5 ** (depth + 1), depth + 1)]


@dataclass(frozen=True)
class _There:
    """Slopes on a ball of directions, and what they are made of."""

    x: tuple[arb, arb]
    e: tuple[arb, arb]
    across: arb  # g.t
    inwards: arb  # g.e
    turning: arb  # derivative of g.t by the angle
    rising: arb  # derivative of g.e by the angle
    bent: tuple[arb, arb, arb]  # the Hessian in e and t: ee, et, tt


class _Circle:
    """All directions in two variables."""

    def __init__(self, l: Landscape, rho: float, zero: Zero, eta: float) -> None:
        self._l, self._rho, self._zero, self._eta = l, arb(rho), zero, eta
        self._g, self._gh = l.on_balls("g"), l.on_balls("gh")
        self._z = zero.balls()
        self._signs: dict[float, int] = {}  # of g.t, in single directions
        self._arcs: dict[int, tuple[arb, arb, arb]] = {}  # of a depth: half the angle, its cosine, its sine

    def search(self, most: int) -> Directions:
        points: list[Direction] = []
        undecided: list[tuple[tuple[float, float], str]] = []
        covered, arcs, last, left = 0.0, 0, _FIRST, 1.0
        pending = deque((_FROM + k * 0.5**_FIRST, _FIRST) for k in range(2**_FIRST))
        while pending and arcs < most:
            start, depth = pending[0]
            if depth > last:
                last, left = depth, len(pending) * 0.5**depth
                if depth >= _STUCK[0] and left > _STUCK[1]:
                    break
            pending.popleft()
            arcs += 1
            outcome = self._judged(start, depth)
            if outcome is _SPLIT and depth < _DEEPEST:
                pending.extend(halves(start, depth))
                continue
            covered += 0.5**depth
            if isinstance(outcome, Direction):
                points.append(outcome)
            elif outcome:
                reason = self._why(start, depth) if outcome is _SPLIT else str(outcome)
                undecided.append(((start, start + 0.5**depth), reason))
        reason = self._why(*pending[0]) if pending and arcs < most else LIMIT
        for start, depth in pending:
            covered += 0.5**depth
            undecided.append(((start, start + 0.5**depth), reason))
        return Directions(tuple(points), tuple(_joined(undecided)), arcs, covered)

    def _judged(self, start: float, depth: int) -> Direction | str:
        """Return the arc's one point, "" where it holds none, _SPLIT, or the reason why it is undecided."""
        end = start + 0.5**depth
        e, angle, x, arc = self._on(start, depth)
        if inside(self._l, x) is False:
            return ""
        try:
            there = self._slopes(x, arc)
        except Undefined:
            return ""
        if there.across > 0 or there.across < 0 or there.inwards < 0:
            return ""
        if not there.turning.is_finite():
            return _SPLIT
        try:
            across, inwards = self._at(e)
        except Undefined:
            return _SPLIT
        mean = across + there.turning * angle
        if mean > 0 or mean < 0 or inwards + there.rising * angle < 0:
            return ""
        if not (there.turning > 0 or there.turning < 0):
            return _SPLIT
        signs = self._sign(start), self._sign(end)
        if signs[0] == 0 or signs[1] == 0:
            return _SPLIT
        return "" if signs[0] == signs[1] else self._proved((start, end), there.turning)

    def _proved(self, arc: tuple[float, float], turning: arb) -> Direction | str:
        """Describe the one direction of an arc in which g.t vanishes; `turning` holds its derivative there."""
        s = self._newton(arc)
        angle = abs(self._at(_along(s))[0]) / turning.abs_lower()  # by the mean value theorem no further
        for _ in range(2):  # again with the derivative close to it
            _, *turned = _turned(angle.upper())
            x, e = self._place(_along(s), turned)
            there = self._slopes(x, e)
            if angle < _CLOSE or not there.turning.is_finite():
                break
            angle = angle.min(abs(self._at(_along(s))[0]) / there.turning.abs_lower())
        where = inside(self._l, x)
        if where is False:
            return ""
        if there.inwards < 0:
            return ""
        if not there.inwards > 0:
            return STATIONARY if there.inwards.is_finite() else UNDEFINED
        if where is None:
            return EDGE
        return Direction(arc, *rounded(x), *self._attracts(there))

    def _newton(self, arc: tuple[float, float]) -> float:
        """Return a float close to the one zero of g.t on an arc: Newton's steps, halving where they lead out of it."""
        low, high = arc
        s = low + 0.5 * (high - low)
        for _ in range(_STEPS):
            e = _along(s)
            there = self._slopes(self._place(e, None)[0], e)
            across, turning = there.across.mid(), there.turning.mid()
            if bool(across > 0) == (self._sign(arc[0]) > 0):
                low = s
            else:
                high = s
            to = s - float(across / turning) / (2.0 * math.pi)  # as balls, which do not underflow
            to = to if low <= to <= high else low + 0.5 * (high - low)
            if abs(to - s) < 1e-17:
                break
            s = to
        return s

    def _attracts(self, there: _There) -> tuple[bool | None, bool | None]:
        """Say whether a point attracts for small steps, and at eta, from det M and tr M (THEORY 6)."""
        _, _, p, q, r = self._about(self._gh(*self._z), there.e)
        _, across, along = there.bent
        a = 1 + self._rho * along / there.inwards
        b = self._rho * across / there.inwards
        determinant, trace = a * (p * r - q * q), p + q * b + r * a
        small = _all(determinant, trace)
        if not self._eta:
            return small, small
        eta = arb(self._eta)
        square = eta * eta * determinant
        return small, _all(determinant, eta * trace - square, 4 - 2 * eta * trace + square)

    def _on(self, start: float, depth: int) -> tuple[tuple[arb, arb], arb, tuple[arb, arb], tuple[arb, arb]]:
        """Return e in an arc's middle, the angle on both sides of it, and x and e over the arc."""
        if depth not in self._arcs:
            self._arcs[depth] = _turned(_TURN * 0.5 ** (depth + 1))
        angle, *turned = self._arcs[depth]
        e = _along(start + 0.5 ** (depth + 1))
        return e, angle, *self._place(e, turned)

    def _place(self, e: tuple[arb, arb], turned: Any) -> tuple[tuple[arb, arb], tuple[arb, arb]]:
        """Return x, and e, over the directions around e that a cosine and a sine turn it to."""
        if turned is not None:
            cosine, sine = turned
            e = e[0] * cosine - e[1] * sine, e[1] * cosine + e[0] * sine
        return (self._z[0] - self._rho * e[0], self._z[1] - self._rho * e[1]), e

    def _at(self, e: tuple[arb, arb]) -> tuple[arb, arb]:
        """Slopes across and inwards in one direction."""
        g1, g2 = self._g(*self._place(e, None)[0])
        return g2 * e[0] - g1 * e[1], g1 * e[0] + g2 * e[1]

    def _sign(self, s: float) -> int:
        """Sign of the slope across, 0 where it is undecided."""
        s = s - 1.0 if s >= _FROM + 1.0 else s
        if s not in self._signs:
            try:
                across, _ = self._at(_along(s))
                self._signs[s] = 1 if across > 0 else -1 if across < 0 else 0
            except Undefined:
                self._signs[s] = 0
        return self._signs[s]

    def _slopes(self, x: tuple[arb, arb], e: tuple[arb, arb]) -> _There:
        across, inwards, *bent = self._about(self._gh(*x), e)
        ee, et, tt = bent
        return _There(x, e, across, inwards, -self._rho * tt - inwards, -self._rho * et + across, (ee, et, tt))

    def _about(self, gh: tuple[Any, ...], e: tuple[arb, arb]) -> tuple[arb, arb, arb, arb, arb]:
        """Return g.t, g.e, and the Hessian in e and t (ee, et, tt)."""
        g1, g2, h11, h12, h22 = gh
        c, s = e
        v1, v2 = h11 * c + h12 * s, h12 * c + h22 * s
        w1, w2 = h12 * c - h11 * s, h22 * c - h12 * s
        return g2 * c - g1 * s, g1 * c + g2 * s, v1 * c + v2 * s, v2 * c - v1 * s, w2 * c - w1 * s

    def _why(self, start: float, depth: int) -> str:
        """Say why an arc that cannot be cut any further is undecided."""
        _, _, x, arc = self._on(start, depth)
        try:
            there = self._slopes(x, arc)
        except Undefined:
            return UNDEFINED
        if not there.turning.is_finite():
            return UNDEFINED
        return TANGENT if there.inwards > 0 else STATIONARY


def _joined(arcs: list[tuple[tuple[float, float], str]]) -> list[tuple[tuple[float, float], str]]:
    """Join arcs that follow one another and have the same reason."""
    joined: list[tuple[tuple[float, float], str]] = []
    for (start, end), reason in sorted(arcs):
        if joined and joined[-1][0][1] == start and joined[-1][1] == reason:
            joined[-1] = ((joined[-1][0][0], end), reason)
        else:
            joined.append(((start, end), reason))
    return joined


def _along(s: float) -> tuple[arb, arb]:
    """Return e in the direction s."""
    sine, cosine = arb(2.0 * s).sin_cos_pi()
    return cosine, sine


def _turned(angle: arb) -> tuple[arb, arb, arb]:
    """Return the ball [-angle, angle], and balls around cosine and sine on it."""
    ball = angle * _UNIT
    quarter = _HALF * _HALF * angle * angle
    return ball, 1 - quarter + quarter * _UNIT, ball


def _all(*values: arb) -> bool | None:
    """Say whether all numbers are positive; False where one is negative, None where that is undecided."""
    if any(value < 0 for value in values):
        return False
    return True if all(value > 0 for value in values) else None
