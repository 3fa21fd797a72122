"""A network's training: loss, gradients, angle and accuracy over the steps, and what the first layer looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from .palette import BACKGROUND, GD, GREY, REMEDY, SAM, TEXT, figure

Array = npt.NDArray[np.float64]

COLORS: Final = (GD, SAM, REMEDY)  # gradient descent, SAM, and what is tried in its place
_HEIGHT: Final = 270
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "star", "circle-open")
# In the middle the page's own background: a weight of nothing is not seen.
_WEIGHTS: Final = [[0.0, GD], [0.5, BACKGROUND], [1.0, SAM]]


@dataclass(frozen=True)
class Line:
    """One curve over the steps."""

    name: str
    color: str
    k: npt.NDArray[np.int64]  # (n,)
    y: Array  # (n,)
    dotted: bool = False  # at the look-ahead point


def over_steps(lines: Sequence[Line], title: str, log: bool = False, height: int = _HEIGHT) -> go.Figure:
    """Draw curves over the steps; on a logarithmic axis nothing is drawn where they are not positive."""
    picture = figure(height, showlegend=False)
    for line in lines:
        y = np.where(line.y > 0.0, line.y, np.nan) if log else line.y
        picture.add_scatter(
            x=line.k, y=y, mode="lines", name=line.name,
            line={"color": line.color, "width": 2, "dash": "dot" if line.dotted else "solid"},
            hovertemplate="step %{x}: %{y:.4g}<extra>" + line.name + "</extra>",
        )  # fmt: skip
    picture.update_xaxes(title="step", rangemode="tozero")
    picture.update_yaxes(title={"text": title, "standoff": 8}, nticks=6)
    if log:
        picture.update_yaxes(**_decades(np.concatenate([np.empty(0), *(line.y for line in lines)])))
    return picture


def _decades(values: Array) -> dict[str, Any]:
    """Return a logarithmic axis, with whole powers of ten only where there are some."""
    with np.errstate(all="ignore"):
        exponents = np.log10(values[np.isfinite(values) & (values > 0.0)])
    span = float(np.ptp(exponents)) if exponents.size else 0.0
    steps = {"dtick": int(np.ceil(span / 5.0))} if span >= 2.0 else {}
    return {"type": "log", "exponentformat": "power", **steps}


def images(weights: Array, columns: int = 8) -> go.Figure:
    """Draw a layer's weights (units, rows, columns) as images side by side, on one scale around 0."""
    units, height, width = weights.shape
    rows = -(-units // columns)
    canvas = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, image in enumerate(weights):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        canvas[top : top + height, left : left + width] = image
    most = float(np.abs(weights).max()) or 1.0
    picture = figure(max(160, 90 * rows), showlegend=False)
    picture.add_heatmap(
        z=canvas, colorscale=_WEIGHTS, zmin=-most, zmax=most, hovertemplate="%{z:.3f}<extra></extra>",
        colorbar={"thickness": 12, "title": {"text": "weight"}},
    )  # fmt: skip
    picture.update_xaxes(visible=False, scaleanchor="y", constrain="domain")
    picture.update_yaxes(visible=False, autorange="reversed", constrain="domain")
    picture.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8})
    return picture


@dataclass(frozen=True)
class Group:
    """One row of a sweep's pictures: results over rho, one list of seeds for each."""

    name: str
    color: str
    rho: Array  # (n,)
    values: tuple[Array, ...]  # n arrays, one value a seed


def spread(groups: Sequence[Group], title: str, log: bool = False) -> go.Figure:
    """Draw the median over seeds with a bar from the least to the greatest, and every seed as a dot."""
    picture = figure(320, showlegend=False)
    for i, group in enumerate(groups):
        median = np.array([np.median(v) if len(v) else np.nan for v in group.values])
        low = np.array([np.min(v) if len(v) else np.nan for v in group.values])
        high = np.array([np.max(v) if len(v) else np.nan for v in group.values])
        picture.add_scatter(
            x=group.rho, y=median, mode="lines+markers", name=group.name,
            line={"color": group.color, "width": 2},
            marker={"color": group.color, "size": 8, "symbol": _SYMBOLS[i % len(_SYMBOLS)]},
            error_y={"type": "data", "symmetric": False, "array": high - median, "arrayminus": median - low,
                     "color": group.color, "thickness": 1.5},
            hovertemplate="ρ = %{x:.4g}: median %{y:.4g}<extra>" + group.name + "</extra>",
        )  # fmt: skip
        dots = [(rho, v) for rho, values in zip(group.rho, group.values, strict=True) for v in values]
        picture.add_scatter(
            x=[rho for rho, _ in dots], y=[v for _, v in dots], mode="markers", showlegend=False, name=group.name,
            marker={"color": group.color, "size": 5, "opacity": 0.5}, hoverinfo="skip",
        )  # fmt: skip
    picture.update_xaxes(title="radius ρ")
    picture.update_yaxes(title={"text": title, "standoff": 8}, nticks=6)
    if log:
        picture.update_yaxes(type="log", exponentformat="power")
    return picture


def heat(
    columns: Sequence[str],
    rows: Sequence[str],
    z: Array,
    text: Sequence[Sequence[str]],
    title: str,
    log: bool = False,
    color: str = GREY,
) -> go.Figure:
    """Draw one number for every combination as colour and as text.

    Args:
        columns: what stands below, (n,).
        rows: what stands beside, (m,).
        z: the numbers (m, n); NaN where there is none yet.
        text: what is written in each cell.
        title: of the numbers.
        log: colours go by the logarithm.
        color: of the greatest number.
    """
    lines = max((row.count("<br>") + 1 for row in rows), default=1)
    picture = figure(110 + max(46, 18 * lines + 4) * len(rows), showlegend=False)
    with np.errstate(all="ignore"):
        shade = np.log10(z) if log else z
    shade = np.where(np.isfinite(shade), shade, np.nan)
    picture.add_heatmap(
        x=list(columns), y=list(rows), z=shade, text=[list(row) for row in text], texttemplate="%{text}",
        colorscale=[[0.0, BACKGROUND], [1.0, color]], opacity=0.75, showscale=False,
        textfont={"color": TEXT}, hovertemplate="ρ = %{x}, %{y}: %{text}<extra>" + title + "</extra>",
        xgap=2, ygap=2,
    )  # fmt: skip
    picture.update_xaxes(title="radius ρ", type="category", showgrid=False)
    picture.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return picture
