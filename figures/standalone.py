"""A picture as a page that stands alone: no server, no theme, no network."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go
import plotly.io as pio

from .plotlyjs import part_for, source

# The light theme's colours, where no theme puts its own.
_INK: Final = {
    "text-color": "#31333f",
    "background-color": "#ffffff",
    "secondary-background-color": "#f0f2f6",
    "border-color": "#d5d7de",
    "gray-color": "#7d8190",
}
_ROW: Final = 22  # pixels of a row of the legend
_IN_A_ROW: Final = 4  # names, where they are long


def standalone(picture: go.Figure, title: str) -> bytes:
    """Write a figure as a standalone HTML page, plotly.js included, in the light theme's colours."""
    text = picture.to_json()
    for name, color in _INK.items():
        text = text.replace(f"var(--st-{name})", color)
    plain = pio.from_json(text, skip_invalid=True)
    white = _INK["background-color"]
    names = {trace.name for trace in plain.data if trace.name and trace.showlegend is not False}
    above = 70 + _ROW * -(-len(names) // _IN_A_ROW)  # the title, and below it the legend
    plain.update_layout(
        title={"text": title, "yref": "container", "y": 1.0, "yanchor": "top", "pad": {"t": 18}},
        showlegend=bool(names), height=None, margin={"t": above}, paper_bgcolor=white, plot_bgcolor=white,
    )  # fmt: skip
    page = plain.to_html(include_plotlyjs=False, config={"displaylogo": False, "showSendToCloud": False})
    script = source(part_for(plain.to_plotly_json()["data"])).decode()
    return str(page).replace("<head>", f"<head><script>{script}</script>", 1).encode()
