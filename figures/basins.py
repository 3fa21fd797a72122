"""Maps of starts, coloured by where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dynamics.grouping import PLACELESS
from landscapes import Landscape

from .palette import ATTRACTING, BACKGROUND, HALLUCINATED, KINDS, MINIMIZER, SADDLE, SYMBOLS, TEXT, Mark, figure
from .plane import contours

Array = npt.NDArray[np.floating[Any]]
Codes = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

# One family of colours for each meaning; places that meet have different shades of it. The first is the meaning's own.
# No two of all these colours come closer than 0.06 in the Oklab space, seen with all cones or without those for red or
# for green; the greys differ by their lightness.
_FAMILIES: Final = {
    "minimizer": (MINIMIZER, "#41E1B1", "#74B685", "#84FBA7"),
    "hallucinated": (HALLUCINATED, "#774E6E", "#FCACEB", "#B25AA4"),
    "saddle": (SADDLE, "#DBC282", "#BB8902", "#F9BF26"),
    "maximizer": ("#8A5A1E", "#402804", "#A67525", "#65431A"),
}
_GREYS: Final = {"cycling": "#6F7274", "diverged": "#43494D", "undecided": "#DBDEE3", "undefined": BACKGROUND}
_MARKS: Final = {"minimizer": "#00513B", "hallucinated": "#7A2E58", "saddle": "#7A5200", "maximizer": "#3F2A0D"}
_LIGHT, _DARK = "#FFFFFF", "#000000"  # of what lies on the cells, whose colours are the same in both themes
_PAPER: Final = "rgba(255,255,255,0.85)"  # below a number
_VEIL: Final = 0.55  # how much of what is provisional the page hides
_LINES: Final = "rgba(0,0,0,0.22)"  # level lines of f
_WIDTHS: Final = (395.0, 290.0)  # of the axes in pixels, about, on a desk and on a phone


@dataclass(frozen=True)
class Spot:
    """A place at which runs end, to be marked."""

    x: float
    y: float
    group: str
    kind: str  # of the point; of its target where hallucinated
    shade: int
    text: str
    curve: bool = False


@dataclass(frozen=True)
class Label:
    """The number of a place, where its basin lies or beside its mark."""

    x: float
    y: float
    text: str
    beside: bool  # a mark that stands there
    axis: str = ""  # "2" and "3" for the rows of starts, in one variable


def ink_on(background: str) -> str:
    """Return black or white, whichever reads better on a colour written #rrggbb."""
    red, green, blue = (int(background[i : i + 2], 16) for i in (1, 3, 5))
    return _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 120.0 else _LIGHT


def family(group: str, kind: str) -> str:
    """Name the family of colours of a group's places."""
    if group == "trapped":
        return "saddle" if kind == "saddle" else "maximizer"
    return group


def color(group: str, kind: str = "", shade: int = 0) -> str:
    """Return the colour in which starts that lead to such a place are drawn."""
    return _GREYS[group] if group in _GREYS else _FAMILIES[family(group, kind)][shade]


def window_map(
    l: Landscape,
    codes: Codes,
    colors: Sequence[str],
    heights: tuple[Array, Array, Array],
    spots: Sequence[Spot],
    start: tuple[float, ...],
    path: Array,
    rule: tuple[str, str],
    labels: Sequence[Label] = (),
    provisional: Flags | None = None,
) -> go.Figure:
    """Draw where the starts of a window lead, in two variables, with the run from one of them.

    Args:
        l: the landscape.
        codes: (rows, columns), from the lower left corner: number of the place, or -1, -2, ... for PLACELESS.
        colors: of the places.
        heights: x (nx,), y (ny,) and f (ny, nx), for level lines.
        spots: the places.
        start: of the run.
        path: the run (n, 2).
        rule: its name and colour.
        labels: numbers of the places.
        provisional: rows (rows,) that are to be drawn faint, since better ones are on their way.
    """
    (left, right), (bottom, top) = l.domain
    aspect = min(max((top - bottom) / (right - left), 0.5), 1.6)
    wide, narrow = (round(64.0 + width * aspect) for width in _WIDTHS)
    picture = figure(wide, showlegend=False, meta={"narrow": {"height": narrow}})
    picture.update_layout(margin={"l": 40, "r": 8, "t": 8, "b": 40})
    picture.add_trace(_cells(codes, colors, l.domain))
    picture.add_traces(_veil(provisional, l.domain))
    lines = contours(*heights, "f")
    if isinstance(lines, go.Contour):
        lines.update(
            contours={"coloring": "none"}, line={"color": _LINES, "width": 0.8}, showscale=False, colorbar=None
        )
        picture.add_trace(lines)
    picture.add_traces(_run(path, start, rule))
    picture.add_traces(_spots(spots))
    picture.update_layout(annotations=_numbers(labels))
    picture.update_xaxes(title={"text": "x", "standoff": 4}, range=[left, right], constrain="domain", showgrid=False)
    picture.update_yaxes(title={"text": "y", "standoff": 4}, range=[bottom, top], constrain="domain", showgrid=False)
    if 1.0 / 3.0 <= (top - bottom) / (right - left) <= 3.0:
        picture.update_yaxes(scaleanchor="x")
    return picture


def beside(left: go.Figure, right: go.Figure) -> go.Figure:
    """Draw two maps of a window side by side, in one picture."""
    picture = go.Figure(left)
    for trace in right.data:
        picture.add_trace(go.Figure(data=[trace]).data[0].update(xaxis="x2", yaxis="y2", showlegend=False))
    for label in right.layout.annotations:
        picture.add_annotation(label.update(xref="x2", yref="y2"))
    x, y = (axis.to_plotly_json() for axis in (right.layout.xaxis, right.layout.yaxis))
    picture.update_layout(
        height=None,
        xaxis={"domain": [0.0, 0.47]},
        xaxis2={**x, "domain": [0.53, 1.0], "anchor": "y2"},
        yaxis2={**y, "anchor": "x2", "scaleanchor": "x2"},
        meta=None,
    )
    return picture


def radius_map(
    l: Landscape,
    codes: Codes,
    rows: tuple[Codes, Codes],
    colors: Sequence[str],
    heights: tuple[Array, Array],
    spots: Sequence[Spot],
    start: float,
    rho: float,
    rho_max: float,
    labels: Sequence[Label] = (),
    provisional: Flags | None = None,
) -> go.Figure:
    """Draw where the starts of a window lead, in one variable: f, GD, SAM at one radius, and SAM at every radius.

    Args:
        l: the landscape.
        codes: (radii, starts), the smallest radius first; as in `window_map`.
        rows: the codes (1, starts) of GD, and of SAM at the radius rho.
        colors: of the places.
        heights: x (n,) and f (n,).
        spots: the places at that radius.
        start: x of the run.
        rho: the radius.
        rho_max: the largest one.
        labels: as in `window_map`.
        provisional: as in `window_map`.
    """
    low, high = l.domain[0]
    picture = figure(560, showlegend=False, meta={"narrow": {"height": 500}})
    picture.update_layout(margin={"l": 56, "r": 12, "t": 8, "b": 40})
    window = ((low, high), (0.0, rho_max))
    picture.add_trace(_cells(codes, colors, window))
    picture.add_traces(_veil(provisional, window))
    for number, one in enumerate(rows):
        picture.add_trace(_cells(one, colors, ((low, high), (0.0, 1.0)), axis=str(number + 2)))
    x, f = heights
    picture.add_scatter(
        x=x, y=f, mode="lines", name="f", line={"color": TEXT, "width": 2}, hoverinfo="skip", xaxis="x", yaxis="y4"
    )
    picture.add_scatter(
        x=[low, high], y=[rho, rho], mode="lines", name="this radius",
        line={"color": _DARK, "width": 1.5, "dash": "dash"}, hoverinfo="skip",
    )  # fmt: skip
    picture.add_traces(_spots(spots))
    picture.add_trace(_ring(start, rho))
    picture.update_layout(annotations=_numbers(labels))
    picture.update_xaxes(title={"text": "start x", "standoff": 4}, range=[low, high], showgrid=False, anchor="y")
    plain: dict[str, Any] = {"showgrid": False, "range": [0.0, 1.0], "tickvals": [0.5], "ticks": "", "anchor": "x"}
    plain["ticklabelstandoff"] = 4
    picture.update_layout(
        yaxis={"title": {"text": "radius ρ", "standoff": 6}, "range": [0.0, rho_max], "domain": [0.0, 0.60]},
        yaxis3={**plain, "domain": [0.635, 0.705], "ticktext": ["SAM"]},
        yaxis2={**plain, "domain": [0.725, 0.795], "ticktext": ["GD"]},
        yaxis4={"domain": [0.83, 1.0], "anchor": "x", "title": {"text": "f", "standoff": 6}, "nticks": 3},
    )
    return picture


def _cells(codes: Codes, colors: Sequence[str], window: Any, axis: str = "") -> go.Heatmap:
    """Draw cells, each in its code's colour."""
    every = [_GREYS[name] for name in PLACELESS[::-1]] + list(colors)
    classes = len(every)
    scale = [pair for i, ink in enumerate(every) for pair in ([i / classes, ink], [(i + 1) / classes, ink])]
    (left, right), (bottom, top) = window
    rows, columns = codes.shape
    z = codes + len(PLACELESS)
    return go.Heatmap(
        z=z.astype(np.uint8 if classes < 256 else np.int16), x0=left + 0.5 * (right - left) / columns,
        dx=(right - left) / columns, y0=bottom + 0.5 * (top - bottom) / rows, dy=(top - bottom) / rows,
        zmin=-0.5, zmax=classes - 0.5, colorscale=scale, showscale=False, hoverinfo="skip", name="ends",
        xaxis="x", yaxis=f"y{axis}",
    )  # fmt: skip


def _veil(rows: Flags | None, window: Any) -> list[go.Heatmap]:
    """Draw a veil in the page's colour over rows (n,) of cells."""
    if rows is None or not rows.any():
        return []
    (left, right), (bottom, top) = window
    height = (top - bottom) / len(rows)
    return [
        go.Heatmap(
            z=np.where(rows, 1.0, np.nan)[:, None], x0=0.5 * (left + right), dx=right - left, y0=bottom + 0.5 * height,
            dy=height, zmin=0.0, zmax=1.0, colorscale=[[0.0, BACKGROUND], [1.0, BACKGROUND]], opacity=_VEIL,
            showscale=False, hoverinfo="skip", name="provisional",
        )
    ]  # fmt: skip


def _numbers(labels: Sequence[Label]) -> list[dict[str, Any]]:
    """Write the places' numbers, dark on light paper: they read well on every colour, in both themes."""
    return [
        {
            "x": label.x, "y": label.y, "yref": f"y{label.axis}", "text": label.text, "showarrow": False,
            "font": {"size": 11, "color": _DARK}, "bgcolor": _PAPER, "borderpad": 1,
            "xshift": 13 if label.beside else 0, "yshift": 9 if label.beside else 0,
        }
        for label in labels
    ]  # fmt: skip


def _run(path: Array, start: tuple[float, ...], rule: tuple[str, str]) -> list[go.Scatter]:
    """Draw a run with a light edge, so that it stands out on every colour, its start and its end."""
    name, ink = rule
    edge: dict[str, Any] = {"x": path[:, 0], "y": path[:, 1], "mode": "lines", "hoverinfo": "skip"}
    return [
        go.Scatter(**edge, name="edge", line={"color": _LIGHT, "width": 4.5}),
        go.Scatter(**edge, name=name, line={"color": ink, "width": 2}),
        _ring(start[0], start[1]),
        go.Scatter(
            x=path[-1:, 0], y=path[-1:, 1], mode="markers", name=f"{name} ends", hoverinfo="skip",
            marker={"color": ink, "symbol": SYMBOLS[name], "size": 10, "line": {"color": _LIGHT, "width": 1.5}},
        ),
    ]  # fmt: skip


def _ring(x: float, y: float) -> go.Scatter:
    return go.Scatter(
        x=[x], y=[y], mode="markers", name="start", hovertemplate="start<extra></extra>",
        marker={"color": _LIGHT, "size": 11, "line": {"color": _DARK, "width": 2}},
    )  # fmt: skip


def _spots(spots: Sequence[Spot]) -> list[go.Scatter]:
    """Mark places by their kind's shape; what is a curve is told by its colour alone."""
    traces = []
    marks: dict[str, list[Spot]] = {}
    for spot in spots:
        if not spot.curve:
            marks.setdefault("hallucinated" if spot.group == "hallucinated" else spot.kind, []).append(spot)
    for name, some in marks.items():
        mark: Mark = ATTRACTING if name == "hallucinated" else KINDS[name]
        traces.append(
            go.Scatter(
                x=[spot.x for spot in some], y=[spot.y for spot in some], mode="markers", name=mark.label,
                text=[spot.text for spot in some], hovertemplate="%{text}<extra></extra>",
                marker={
                    "symbol": mark.symbol, "size": mark.size, "color": _MARKS.get(name, TEXT),
                    "line": {"color": _LIGHT, "width": 1.5},
                },
            )
        )  # fmt: skip
    return traces
