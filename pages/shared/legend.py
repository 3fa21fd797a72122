"""The legend of a picture as text that wraps: it leaves the picture its room, on a phone too."""

from __future__ import annotations

import html
from typing import Any, Final

import plotly.graph_objects as go
import streamlit as st

_GLYPHS: Final = {
    "circle": "●",
    "circle-open": "○",
    "square": "■",
    "diamond": "◆",
    "star": "★",
    "star-open": "☆",
    "x": "✖",
    "triangle-up": "▲",
    "arrow": "➤",
}
_LINES: Final = {"dash": "╌╌", "dot": "┄┄"}


def show_legend(picture: go.Figure) -> None:
    """List the names of a figure's traces with their marks, in their order, each once."""
    entries: dict[str, str] = {}
    for trace in picture.data:
        if trace.type == "scatter" and trace.showlegend is not False and trace.name not in entries:
            entries[trace.name] = _glyph(trace)
    items = "".join(f"<span>{glyph}{html.escape(name)}</span>" for name, glyph in entries.items())
    st.html(f'<div class="legend">{items}</div>')


def _glyph(trace: Any) -> str:
    """Write a trace's mark, or its line where it has none, in its colour."""
    if (trace.mode or "").startswith("lines"):
        color, glyph = trace.line.color, _LINES.get(trace.line.dash or "", "━")
    else:
        symbol = trace.marker.symbol or "circle-open"
        color, glyph = trace.marker.color, _GLYPHS[symbol]
        if symbol == "circle-open" and trace.marker.line.color:
            color = trace.marker.line.color
    return f'<span aria-hidden="true" style="color:{color}">{glyph}</span>'
