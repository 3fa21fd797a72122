"""The legend of a picture in characters, for a page that writes it as text."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

from .palette import START

_GLYPHS: Final = {
    "circle": "●",
    "circle-open": "○",
    "square": "■",
    "diamond": "◆",
    "star": "★",
    "star-open": "☆",
    "star-diamond": "✦",
    "x": "✖",
    "triangle-up": "▲",
    "arrow": "➤",
    "cross": "✚",
    "triangle-down": "▼",
    "triangle-right": "▶",
    "triangle-left": "◀",
    "triangle-ne": "◥",
    "triangle-sw": "◣",
    "triangle-se": "◢",
    "diamond-tall": "♦",
    "diamond-wide": "⬥",
    "pentagon": "⬟",
    "hexagon": "⬢",
    "hexagon-open": "⬡",
    "octagon": "⯃",
    "hourglass": "⧗",
    "bowtie": "⧓",
}
_LINES: Final = {"dash": "╌╌", "dot": "┄┄", "dashdot": "━·"}


def entries(picture: go.Figure) -> list[tuple[str, str, str]]:
    """List name, character and colour of the traces that a legend would list, each name once."""
    found: dict[str, tuple[str, str, str]] = {}
    for trace in picture.data:
        if trace.type == "scatter" and trace.showlegend is not False:
            found.setdefault(trace.name, (trace.name, *_look(trace)))
    return list(found.values())


def _look(trace: Any) -> tuple[str, str]:
    """Return the character and colour of a trace's mark, or of its line where it has no marks."""
    if (trace.mode or "").startswith("lines"):
        return _LINES.get(trace.line.dash or "", "━"), trace.line.color
    symbol = trace.marker.symbol or START
    edge = trace.marker.line.color if symbol == START else None
    return character(symbol), edge or trace.marker.color


def character(symbol: str) -> str:
    """Return the character of a marker's shape, as Plotly names it."""
    return _GLYPHS[symbol]
