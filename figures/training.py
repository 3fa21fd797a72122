"""A network's training: loss, gradients, angle and accuracy over the steps, and what the first layer looks for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dynamics.sentences import number

from .palette import BACKGROUND, CLASSES, FAINT, GD, GREY, REMEDY, SAM, TEXT, figure

Array = npt.NDArray[np.float64]

COLORS: Final = (GD, SAM, REMEDY)  # gradient descent, SAM, and what is tried in its place
_HEIGHT: Final = 270
_FAINT: Final = 0.25
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
    faint: bool = False  # of single batches: drawn behind, and not in the legend
    thin: bool = False  # beside another one of the same run


def over_steps(
    lines: Sequence[Line],
    title: str,
    log: bool = False,
    share: bool = False,
    height: int = _HEIGHT,
    steps: int = 0,
    usual: tuple[float, float] | None = None,
    level: tuple[float, str] | None = None,
) -> go.Figure:
    """Draw curves over the steps; on a logarithmic axis nothing is drawn where they are not positive.

    Args:
        lines: the curves.
        title: of what they measure.
        log: on a logarithmic axis.
        share: they are shares of a whole, written in percent.
        height: in pixels.
        steps: how many there will be; the axis goes so far from the beginning.
        usual: from where to where the values go before there are any.
        level: a value to be compared with, and its name.
    """
    picture = figure(height, showlegend=False)
    for line in sorted(lines, key=lambda line: not line.faint):
        y = np.where(line.y > 0.0, line.y, np.nan) if log else line.y
        width = 1 if line.faint or line.thin else 2
        picture.add_scatter(
            x=line.k, y=y, mode="lines", name=line.name, opacity=_FAINT if line.faint else 1.0,
            line={"color": line.color, "width": width, "dash": "dot" if line.dotted else "solid"},
            hovertemplate=f"step %{{x}}: %{{y:{'.1%' if share else '.4g'}}}<extra>{line.name}</extra>",
            showlegend=not line.faint, hoverinfo="skip" if line.faint else None,
        )  # fmt: skip
    picture.update_xaxes(title="step", rangemode="tozero", **({"range": [0, 1.01 * steps]} if steps else {}))
    picture.update_yaxes(title={"text": title, "standoff": 8}, nticks=6)
    if share:
        picture.update_yaxes(tickformat=".0%", range=[-0.02, 1.04])
    if log:
        picture.update_yaxes(**_decades(np.concatenate([np.empty(0), *(line.y for line in lines)])))
    if usual is not None and not any(np.isfinite(line.y).any() for line in lines):
        picture.update_yaxes(range=[np.log10(v) if log else v for v in usual])
    if level is not None:
        picture.add_hline(
            y=level[0], line={"color": GREY, "width": 1, "dash": "dash"}, annotation_text=level[1],
            annotation_position="bottom right", annotation_font={"color": TEXT, "size": 12},
        )  # fmt: skip
    return picture


def moving_median(y: Array, width: int) -> Array:
    """Return the medians (n,) of the `width` values up to each, and of as many as there are before."""
    if width <= 1 or not len(y):
        return y
    padded = np.concatenate([np.full(width - 1, np.nan), y])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where nothing but NaN is in the window
        return np.asarray(np.nanmedian(windows, axis=1))


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


def boundary(grid: Array, x: Array, y: Array, points: Array, labels: Array, names: Sequence[str]) -> go.Figure:
    """Draw which class a network gives to every place of the plane, and the training examples with theirs.

    Args:
        grid: the classes (q, p) at the places.
        x: where these are along the first input (p,).
        y: along the second (q,).
        points: the examples (n, 2).
        labels: their classes (n,).
        names: of the classes.
    """
    picture = figure(220, showlegend=False, margin={"l": 36, "r": 8, "t": 8, "b": 30})
    most = max(1, len(names) - 1)
    inks = [CLASSES[i % len(CLASSES)] for i in range(len(names))]
    scale = [[(i + side) / len(names), ink] for i, ink in enumerate(inks) for side in (0, 1)]
    picture.add_heatmap(
        x=x, y=y, z=grid, colorscale=scale, zmin=-0.5, zmax=most + 0.5, opacity=0.35, showscale=False, hoverinfo="skip"
    )
    for i, name in enumerate(names):
        here = labels == i
        picture.add_scatter(
            x=points[here, 0], y=points[here, 1], mode="markers", name=name,
            marker={"color": inks[i], "symbol": _SYMBOLS[i % len(_SYMBOLS)], "size": 6,
                    "line": {"color": TEXT, "width": 0.5}},
            hovertemplate=f"(%{{x:.3g}}, %{{y:.3g}})<extra>class {name}</extra>",
        )  # fmt: skip
    picture.update_xaxes(range=[float(x[0]), float(x[-1])], showgrid=False)
    picture.update_yaxes(range=[float(y[0]), float(y[-1])], showgrid=False)
    return picture


@dataclass(frozen=True)
class Group:
    """One row of a sweep's pictures: results over rho, one list of seeds for each."""

    name: str
    color: str
    rho: Array  # (n,)
    values: tuple[Array, ...]  # n arrays, one value a seed


def spread(groups: Sequence[Group], title: str, log: bool = False, share: bool = False) -> go.Figure:
    """Draw the medians over seeds, every seed as a dot, and whiskers from the least to the greatest.

    Args:
        groups: what is compared; at each radius they stand beside each other.
        title: of what was measured.
        log: on a logarithmic axis.
        share: it is a share of a whole, written in percent.
    """
    picture = figure(320, showlegend=False)
    every = np.unique(np.concatenate([np.empty(0), *(group.rho for group in groups)]))
    apart = _BESIDE * (float(np.ptp(every)) if every.size > 1 else 1.0)
    digits = ".1%" if share else ".4g"
    for i, group in enumerate(groups):
        x = group.rho + apart * (i - 0.5 * (len(groups) - 1))
        median, low, high = (
            np.array([of(v) if len(v) else np.nan for v in group.values]) for of in (np.median, np.min, np.max)
        )
        picture.add_scatter(
            x=x, y=median, mode="lines+markers", name=group.name,
            line={"color": group.color, "width": 1, "dash": "dot"},
            marker={"color": group.color, "size": 10, "symbol": _SYMBOLS[i % len(_SYMBOLS)]},
            error_y={"type": "data", "symmetric": False, "array": high - median, "arrayminus": median - low,
                     "color": group.color, "thickness": 2, "width": 6},
            customdata=group.rho,
            hovertemplate=f"ρ = %{{customdata:.4g}}: median %{{y:{digits}}}<extra>{group.name}</extra>",
        )  # fmt: skip
        seeds = [(at, rho, v) for at, rho, vs in zip(x, group.rho, group.values, strict=True) for v in vs]
        picture.add_scatter(
            x=[at + 0.3 * apart for at, _, _ in seeds], y=[v for _, _, v in seeds], mode="markers",
            showlegend=False, name=group.name, customdata=[rho for _, rho, _ in seeds],
            marker={"color": group.color, "size": 6, "symbol": "circle-open"},
            hovertemplate=f"ρ = %{{customdata:.4g}}: a seed's %{{y:{digits}}}<extra>{group.name}</extra>",
        )  # fmt: skip
    picture.update_xaxes(title="radius ρ", tickvals=every.tolist(), ticktext=[f"{rho:g}" for rho in every])
    picture.update_yaxes(title={"text": title, "standoff": 8}, nticks=6)
    if share:
        picture.update_yaxes(tickformat=".0%", range=[-0.03, 1.03])
    if log:
        picture.update_yaxes(**_decades(np.concatenate([np.empty(0), *(v for group in groups for v in group.values)])))
    return picture


def heat(
    columns: Sequence[str],
    rows: Sequence[str],
    z: Array,
    text: Sequence[Sequence[str]],
    title: str,
    log: bool = False,
    share: bool = False,
    color: str = GREY,
) -> go.Figure:
    """Draw one number for every combination as colour and as text, with a bar that says which colour is which.

    Args:
        columns: what stands below, (n,).
        rows: what stands beside, (m,).
        z: the numbers (m, n); NaN where there is none yet.
        text: what is written in each cell.
        title: of the numbers.
        log: colours go by the logarithm.
        share: they are shares of a whole: the colours go from none to all of it.
        color: of the greatest number.
    """
    lines = max((row.count("<br>") + 1 for row in rows), default=1)
    picture = figure(170 + max(46, 18 * lines + 4) * len(rows), showlegend=False)
    with np.errstate(all="ignore"):
        shade = np.log10(z) if log else z
    shade = np.where(np.isfinite(shade), shade, np.nan)
    low, high = (0.0, 1.0) if share else _reach(shade)
    ticks = np.linspace(low, high, 5 if share else 3)
    picture.add_heatmap(
        x=list(columns), y=list(rows), z=shade, text=[list(row) for row in text], texttemplate="%{text}",
        opacity=0.75, textfont={"color": TEXT}, xgap=2, ygap=2, coloraxis="coloraxis",
        hovertemplate="ρ = %{x}, %{y}: %{text}<extra>" + title + "</extra>",
    )  # fmt: skip
    # Above the picture the bar takes none of its width; as an axis of its own it stays on a phone too.
    bar = {
        "orientation": "h", "x": 0.0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "thickness": 10, "len": 1,
        "title": {"text": title, "side": "top", "font": {"size": 12}}, "outlinecolor": FAINT, "outlinewidth": 1,
        "tickvals": ticks.tolist(), "ticktext": [_tick(v, log, share) for v in ticks], "tickcolor": FAINT,
    }  # fmt: skip
    colors = [[0.0, BACKGROUND], [1.0, color]]
    picture.update_layout(coloraxis={"colorscale": colors, "cmin": low, "cmax": high, "colorbar": bar})
    picture.update_xaxes(title="radius ρ", type="category", showgrid=False)
    picture.update_yaxes(type="category", autorange="reversed", showgrid=False)
    picture.update_layout(margin={"t": 72})
    return picture


_BESIDE: Final = 0.035  # of the width: how far groups stand apart at the same radius


def _reach(values: Array) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0


def _tick(value: float, log: bool, share: bool) -> str:
    return f"{value:.0%}" if share else number(10.0**value if log else value)
