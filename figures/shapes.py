"""The marks of runs as polygons around (0, 0), in pixels; upwards is negative, as in SVG."""

from __future__ import annotations

import math
from typing import Final

Polygon = tuple[tuple[float, float], ...]

REACH: Final = 8.0  # no corner is farther out, across or upwards


def _regular(corners: int, radius: float) -> Polygon:
    """Return a regular polygon; it stands on a side where the number of corners is even."""
    turn = math.pi / corners if corners % 2 == 0 else 0.0
    angles = [2.0 * math.pi * i / corners + turn for i in range(corners)]
    return tuple((round(radius * math.sin(a), 2), round(-radius * math.cos(a), 2)) for a in angles)


POLYGONS: Final[dict[str, Polygon]] = {  # by Plotly's name of the symbol
    "square": ((-6, -6), (6, -6), (6, 6), (-6, 6)),
    "diamond": ((0, -8), (8, 0), (0, 8), (-8, 0)),
    "diamond-tall": ((0, -8), (5, 0), (0, 8), (-5, 0)),
    "diamond-wide": ((0, -5), (8, 0), (0, 5), (-8, 0)),
    "triangle-right": ((-5, -7), (8, 0), (-5, 7)),
    "triangle-left": ((5, -7), (-8, 0), (5, 7)),
    "triangle-down": ((-7, -5), (7, -5), (0, 8)),
    "triangle-sw": ((-6, -7), (7, 6), (-6, 6)),
    "triangle-se": ((6, -7), (6, 6), (-7, 6)),
    "triangle-ne": ((-6, -7), (7, -7), (7, 6)),
    "cross": (
        (-2.5, -7), (2.5, -7), (2.5, -2.5), (7, -2.5), (7, 2.5), (2.5, 2.5),
        (2.5, 7), (-2.5, 7), (-2.5, 2.5), (-7, 2.5), (-7, -2.5), (-2.5, -2.5),
    ),
    "hourglass": ((-6, -7), (6, -7), (1, 0), (6, 7), (-6, 7), (-1, 0)),
    "bowtie": ((-7, -6), (0, -1), (7, -6), (7, 6), (0, 1), (-7, 6)),
    "pentagon": _regular(5, 8.0),
    "hexagon": _regular(6, 7.5),
    "octagon": _regular(8, 7.5),
}  # fmt: skip


def path(symbol: str) -> str:
    """Return a mark as SVG path data."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in POLYGONS[symbol]) + "Z"
