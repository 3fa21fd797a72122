"""Every zero of the gradient in a window, each in a box of its own, with proof.

The window is halved into boxes until each is decided by `krawczyk`. Every box that is left counts for the share of the
window that its halvings make it, so that a box that went missing shows.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from landscapes.landscape import Domain, Landscape

from .krawczyk import (
    CURVE,
    DEGENERATE,
    FLAT,
    KINK,
    LIMIT,
    NONE,
    SPLIT,
    UNDEFINED,
    Corners,
    Line,
    Plane,
    Zero,
    within,
)

_SPLIT: Final = 0.47  # not the middle: there symmetric landscapes have their zeros
_DEEPEST: Final = {1: 26, 2: 44}  # halvings; boxes any smaller drown in rounding where H is singular
_DEEPEST_UNDEFINED: Final = {1: 14, 2: 18}  # the same where the derivatives are undefined somewhere on the box
_CURVE: Final = {1: 20, 2: 18}  # after so many halvings more than _MANY boxes are left: they do not close in on points
_MANY: Final = 2000
_ONE: Final = "one"


@dataclass(frozen=True)
class Zeros:
    """The zeros of g in a window, and the account of the search."""

    zeros: tuple[Zero, ...]  # ordered by x, then y
    undecided: tuple[tuple[Corners, str], ...]  # boxes that may hold more zeros, each with the reason
    decided: tuple[Corners, ...]  # the other boxes; together they make up the window
    boxes: int  # that were looked at
    covered: float  # share of the window that was looked at; 1 exactly, or something was skipped


def zeros(l: Landscape, window: Domain, most: int) -> Zeros:
    """Find every zero of the gradient of a landscape in a window, with proof.

    Args:
        l: a landscape given by a formula.
        window: where to look, in floats.
        most: boxes to look at before giving up.
    """
    judge = (Line if l.dim == 1 else Plane)(l)
    widths = [high - low for low, high in window]
    found = _Found(max(widths))
    undecided: list[tuple[Corners, str]] = []
    decided: list[Corners] = []
    pending = deque([(tuple(edge for pair in window for edge in pair), 0)])
    covered, boxes, last = 0.0, 0, 0
    while pending and boxes < most:
        box, depth = pending[0]
        if depth > last:  # a level is done
            last = depth
            if depth >= _CURVE[l.dim] and len(pending) > _MANY:
                break
        pending.popleft()
        boxes += 1
        outcome = judge(box)
        if isinstance(outcome, Zero):
            outcome = found.add(outcome)
        if outcome in (NONE, _ONE):
            covered += 0.5**depth
            decided.append(box)
        elif outcome == FLAT or depth >= (_DEEPEST if outcome == SPLIT else _DEEPEST_UNDEFINED)[l.dim]:
            covered += 0.5**depth
            undecided.append((box, DEGENERATE if outcome == SPLIT else outcome))
        else:
            pending.extend((half, depth + 1) for half in halves(box, widths))
    for box, depth in pending:
        covered += 0.5**depth
        reason = LIMIT if boxes >= most else str(judge(box))
        if reason == NONE:
            decided.append(box)
        else:
            undecided.append((box, reason if reason in (LIMIT, UNDEFINED, KINK, FLAT) else CURVE))
    ordered = tuple(sorted(found.zeros, key=lambda zero: zero.centre))
    return Zeros(ordered, tuple(undecided), tuple(decided), boxes, covered)


def halves(box: Corners, widths: list[float]) -> Iterator[Corners]:
    """Cut a box in two across its longest side, as a share of the window's widths."""
    axis = max(range(len(widths)), key=lambda i: (box[2 * i + 1] - box[2 * i]) / widths[i])
    low, high = box[2 * axis : 2 * axis + 2]
    cut = low + _SPLIT * (high - low)
    yield (*box[: 2 * axis], low, cut, *box[2 * axis + 2 :])
    yield (*box[: 2 * axis], cut, high, *box[2 * axis + 2 :])


class _Found:
    """Zeros, each once, by the cell of a fine grid that their centres lie in."""

    def __init__(self, width: float) -> None:
        self.zeros: list[Zero] = []
        self._cell = 1e-6 * width
        self._by_cell: dict[tuple[int, ...], list[Zero]] = {}

    def add(self, zero: Zero) -> str:
        """Add a zero, unless it is one of those there; where that cannot be told, ask for smaller boxes."""
        if zero.radius > 0.4 * self._cell:
            return SPLIT
        home = tuple(math.floor(c / self._cell) for c in zero.centre)
        for step in itertools.product((-1, 0, 1), repeat=len(home)):
            for other in self._by_cell.get(tuple(h + k for h, k in zip(home, step, strict=True)), ()):
                if _touch(zero, other):
                    return _ONE if within(zero, other.box) or within(other, zero.box) else SPLIT
        self.zeros.append(zero)
        self._by_cell.setdefault(home, []).append(zero)
        return _ONE


def _touch(a: Zero, b: Zero) -> bool:
    """Whether two zeros may be the same; then their centres are at most 0.8 cells apart."""
    reach = 1.001 * (a.radius + b.radius) + 1e-300
    return all(abs(p - q) <= reach for p, q in zip(a.centre, b.centre, strict=True))
