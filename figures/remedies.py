"""Pictures of what helps: the share of starts that end at a true minimizer, and the warm-start over the radius."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dynamics.grouping import GROUPS, WORDS
from dynamics.sentences import article

from .basins import color
from .palette import BACKGROUND, TEXT, figure

Array = npt.NDArray[np.floating[Any]]

_ROWS: Final = 240  # of the picture over the radius
# A group, and of those held somewhere also where, with its name and the colour that it has on the maps of basins.
_HELD: Final = ("saddle", "maximizer", "degenerate")
_CLASSES: Final = [
    (group, kind, f"held at {article(kind)}" if kind else WORDS[group].label, color(group, kind))
    for group in GROUPS
    for kind in (_HELD if group == "trapped" else ("",))
]


@dataclass(frozen=True)
class Bar:
    """A rule's share, by how much it may be off, and how the rule is drawn."""

    name: str
    color: str
    symbol: str
    share: float
    error: float
    text: str  # the same in words, for the mouse


def fractions(bars: Sequence[Bar], title: str) -> go.Figure:
    """Draw the share of each rule as a bar with a mark at its end and its error, the first on top."""
    picture = figure(96 + 34 * len(bars), showlegend=False)
    names = [bar.name for bar in bars]
    share = np.array([bar.share for bar in bars])
    error = np.array([bar.error for bar in bars])
    picture.add_bar(
        x=share, y=names, orientation="h", width=0.42, marker={"color": [bar.color for bar in bars], "opacity": 0.3},
        hoverinfo="skip",
    )  # fmt: skip
    picture.add_scatter(
        x=share, y=names, mode="markers", text=[bar.text for bar in bars], hovertemplate="%{text}<extra></extra>",
        marker={
            "color": [bar.color for bar in bars], "symbol": [bar.symbol for bar in bars], "size": 12,
            "line": {"color": BACKGROUND, "width": 1},
        },
        error_x={
            "type": "data", "symmetric": False, "array": np.minimum(error, 1.0 - share),
            "arrayminus": np.minimum(error, share), "color": TEXT, "thickness": 1.5, "width": 5,
        },
    )  # fmt: skip
    picture.update_xaxes(title=title, range=[-0.02, 1.02], tickformat=".0%", nticks=6)
    picture.update_yaxes(type="category", autorange="reversed", ticks="", showgrid=False)
    picture.update_layout(margin={"l": 8, "r": 16, "t": 8, "b": 44})
    return picture


def over_radius(
    radii: Array,
    groups: Sequence[npt.NDArray[np.str_]],
    kinds: Sequence[npt.NDArray[np.str_]],
    rests: Sequence[bool],
    shortest: Sequence[int | None],
    now: float,
) -> go.Figure:
    """Draw how SAM ends by radius and warm-start, and the shortest warm-start that rescues.

    Args:
        radii: (n,), ascending, evenly spaced but for a few.
        groups: for each how SAM ends after 0, 1, ... steps of gradient descent, in the groups of `dynamics.grouping`.
        kinds: for each of these the kind of stationary point that it is about.
        rests: for each whether any longer warm-start is the same as the last one.
        shortest: for each the shortest warm-start that rescues, or None.
        now: the radius that the page looks at.
    """
    most = max(len(found) for found in groups) - 1
    rows = np.unique(np.linspace(0, most, _ROWS).round().astype(np.int64))
    z = np.full((len(rows), len(radii)), np.nan)
    seen = set()
    for column, (found, about, same) in enumerate(zip(groups, kinds, rests, strict=True)):
        numbers = np.full(len(found), np.nan)
        for i, (group, kind, _, _) in enumerate(_CLASSES):
            here = (found == group) & ((about == kind) if kind else True)
            numbers[here] = i
            seen |= {i} if here.any() else set()
        known = rows < len(numbers)
        z[known, column] = numbers[rows[known]]
        z[~known, column] = numbers[-1] if same else np.nan
    picture = figure(360, showlegend=False)
    count = len(_CLASSES)
    colors: list[tuple[float, str]] = []
    for i, (_, _, _, ink) in enumerate(_CLASSES):
        colors += [(i / count, ink), ((i + 1) / count, ink)]
    picture.add_heatmap(
        x=radii, y=rows, z=z, zmin=-0.5, zmax=count - 0.5, colorscale=colors, showscale=False,
        hoverinfo="skip",
    )  # fmt: skip
    for i in sorted(seen):
        _, _, label, ink = _CLASSES[i]
        picture.add_scatter(
            x=[None], y=[None], mode="markers", name=label, marker={"color": ink, "symbol": "square", "size": 10}
        )
    picture.add_scatter(
        x=radii, y=[np.nan if k is None else k for k in shortest], mode="lines+markers", connectgaps=False,
        name="the shortest warm-start that rescues", line={"color": TEXT, "width": 2},
        marker={"size": 6, "color": TEXT},
        hovertemplate="ρ = %{x:.4g}: %{y:,} steps<extra></extra>",
    )  # fmt: skip
    picture.add_vline(x=now, line={"color": TEXT, "width": 1, "dash": "dot"})
    picture.update_xaxes(title="radius ρ", showgrid=False)
    picture.update_yaxes(title="steps of GD before SAM", range=[-0.02 * max(most, 1), 1.02 * max(most, 1)], nticks=6)
    return picture
