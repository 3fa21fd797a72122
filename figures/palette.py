"""One colour and one marker shape per meaning, the same on all pages (Okabe and Ito's colours).

A colour written `var(--st-...)` is the visitor's theme's; the player puts it in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from dynamics import RECIPES

TEXT: Final = "var(--st-text-color)"
BACKGROUND: Final = "var(--st-background-color)"
FAINT: Final = "var(--st-border-color)"

GD: Final = "#0072B2"
SAM: Final = "#D55E00"
HALLUCINATED: Final = "#CC79A7"
MINIMIZER: Final = "#009E73"
SADDLE: Final = "#E69F00"
REMEDY: Final = "#56B4E9"  # a run of something else in SAM's place, as after a warm-start
GREY: Final = "#8A8F98"

# What is tried in SAM's place, by its name in `dynamics.recipes`. No two of these colours and the two above come closer
# than 0.065 in the Oklab space, seen with all cones or without those for red or for green; each stands out on both
# backgrounds. With as many as that colour alone is not enough: each has a shape of its own.
_TRIED: Final = {
    "warm": ("#35ADBF", "triangle-right"),
    "linear": ("#8F5100", "triangle-down"),
    "cosine": ("#C09D00", "triangle-sw"),
    "ramp": ("#827C92", "triangle-se"),
    "momentum": ("#D30BC6", "hexagon"),
    "noise": ("#006E52", "hourglass"),
    "usam": ("#0347FE", "cross"),
    "asam": ("#C2255B", "bowtie"),
    "gsam": ("#5079FF", "diamond-tall"),
    "looksam": ("#F87A7D", "diamond-wide"),
    "vasso": ("#FE0081", "pentagon"),
    "ssam": ("#A68EFF", "octagon"),
    "wsam": ("#B4088C", "triangle-left"),
    "lesam": ("#3C9848", "triangle-ne"),
}
RULES: Final = {"GD": GD, "SAM": SAM, **{RECIPES[name].label: color for name, (color, _) in _TRIED.items()}}
SYMBOLS: Final = {  # of a run's mark, as Plotly names them
    **{"GD": "square", "SAM": "diamond"},
    **{RECIPES[name].label: symbol for name, (_, symbol) in _TRIED.items()},
}
START: Final = "circle-open"  # the mark of a start
LINES: Final = (SAM, REMEDY, GD, HALLUCINATED, SADDLE, GREY)  # of a sweep: colours to tell lines apart, of no meaning

CLASSES: Final = ("#5B5FC7", "#B8860B", "#2E8B7A", "#A0522D", "#8E6BAA", "#6B7F2A", "#4F7CAC", "#9C4F6B")  # of data


@dataclass(frozen=True)
class Mark:
    """How a kind of point is drawn and called."""

    label: str
    color: str
    symbol: str
    size: int


KINDS: Final = {
    "minimizer": Mark("minimizer", MINIMIZER, "circle", 11),
    "saddle": Mark("saddle", SADDLE, "x", 10),
    "maximizer": Mark("maximizer", GREY, "triangle-up", 11),
    "degenerate": Mark("degenerate stationary point", GREY, "square", 9),
}
ATTRACTING: Final = Mark("hallucinated, attracts", HALLUCINATED, "star", 14)
REPELLING: Final = Mark("hallucinated, repels", HALLUCINATED, "star-open", 11)
PROVED: Final = Mark("found by the proof", TEXT, "hexagon-open", 24)  # around a star
UNDECIDED: Final = Mark("hallucinated, undecided", HALLUCINATED, "star-diamond", 13)

# From valleys, in the page's own background, up to grey: every marker stands out on it, in both themes.
HEIGHTS: Final = [[0.0, BACKGROUND], [0.55, "var(--st-secondary-background-color)"], [1.0, "var(--st-gray-color)"]]


def points(x: Any, y: Any, mark: Mark, hover: Sequence[str], **more: Any) -> go.Scatter:
    """Draw points (n,) with their mark; `hover` has one text for each."""
    line = {"width": 1.5, "color": mark.color} if mark.symbol.endswith("open") else {"width": 1, "color": BACKGROUND}
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=mark.label,
        marker={"color": mark.color, "symbol": mark.symbol, "size": mark.size, "line": line},
        text=list(hover),
        hovertemplate="%{text}<extra></extra>",
        **more,
    )


def arrow(x: Sequence[float], x_plus: Sequence[float], text: str, color: str = SAM) -> dict[str, Any]:
    """Draw an arrow from a point to its look-ahead point, as an annotation."""
    return {
        "x": x_plus[0],
        "y": x_plus[1],
        "ax": x[0],
        "ay": x[1],
        "xref": "x",
        "yref": "y",
        "axref": "x",
        "ayref": "y",
        "text": text,
        "showarrow": True,
        "arrowhead": 2,
        "arrowsize": 1.2,
        "arrowwidth": 2,
        "arrowcolor": color,
    }


def figure(height: int, **layout: Any) -> go.Figure:
    """Make an empty figure in the house's style."""
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": 52, "r": 22, "t": 12, "b": 44},
            "template": {
                "layout": {
                    "font": {"size": 13},
                    "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.01, "xanchor": "left", "x": 0.0},
                    "hovermode": "closest",
                    "xaxis": {"zeroline": False, "ticks": "outside", "automargin": True},
                    "yaxis": {"zeroline": False, "ticks": "outside", "automargin": True},
                }
            },
            **layout,
        }
    )
