"""Loss and gradients over the steps of several runs, side by side; the player fills the numbers in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from .palette import figure

HEIGHT = 270
MANY = 3  # runs
STACKED = 460  # on a phone one above the other


def curves(runs: Sequence[tuple[str, str, bool]], log_f: bool, folded: bool = False) -> go.Figure:
    """Draw empty curves of f, |g(x)| and |S(x)|, whose `meta` says which numbers belong in them.

    Args:
        runs: name, colour, and whether it looks ahead.
        log_f: f is drawn on a logarithmic axis; the gradients always are.
        folded: the player shows them when they are asked for, as it always does on a phone.
    """
    # A legend would leave many curves no room, so the colours are in the picture's; two lines a run would be a knot.
    many = len(runs) > MANY
    picture = figure(
        HEIGHT, legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0.0},
        showlegend=not many,
    )  # fmt: skip
    for i, (name, color, ahead) in enumerate(runs):
        drawn = [("f", f"{name}, f(x)", "", "solid"), ("gradient", f"{name}, |∇f(x)|", "2", "solid")]
        if ahead and not many:
            drawn.append(("shifted", f"{name}, |∇f(x⁺)|, what it follows", "2", "dot"))
        for curve, label, axis, dash in drawn:
            picture.add_scatter(
                name=label, mode="lines", line={"color": color, "width": 2, "dash": dash}, meta=[i, curve],
                xaxis=f"x{axis}", yaxis=f"y{axis}", showlegend=curve != "f",
                hovertemplate="step %{x}: %{y:.4g}<extra>" + label + "</extra>",
            )  # fmt: skip
    title = "|∇f(x)|" if many else "|gradient|"
    log: dict[str, Any] = {"type": "log", "exponentformat": "power", "nticks": 6}
    picture.update_layout(
        xaxis={"title": "step", "domain": [0.0, 0.41], "rangemode": "tozero"},
        xaxis2={"title": "step", "domain": [0.58, 1.0], "anchor": "y2", "rangemode": "tozero", "matches": "x"},
        yaxis={"title": {"text": "f(x)", "standoff": 8}, **(log if log_f else {"nticks": 6})},
        yaxis2={"title": {"text": title, "standoff": 8}, "anchor": "x2", **log},
        meta={"folded": folded, "narrow": {
            "height": STACKED,
            "xaxis": {"domain": [0.0, 1.0], "anchor": "y", "title": {"text": ""}},
            "xaxis2": {"domain": [0.0, 1.0]},
            "yaxis": {"domain": [0.6, 1.0]},
            "yaxis2": {"domain": [0.0, 0.5]},
        }},
    )  # fmt: skip
    return picture
