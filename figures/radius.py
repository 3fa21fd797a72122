"""Pictures of hallucinated points at all radii: their branches over rho, on the landscape, and the (rho, eta) plane."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from dynamics import HallucinationCurves
from dynamics.sentences import number

from . import marks
from .branches import Scene, broken, events, grouped
from .palette import BACKGROUND, HALLUCINATED, KINDS, SAM, TEXT, figure
from .plane import contours

HEIGHT: Final = 460
_WIDTHS: Final = (265.0, 295.0)  # of the contours' axes in pixels, about, on a desk and on a phone
_SMALL: Final = 6  # of stationary points where they are many
_PLANE: Final = 320
_LABELS: Final = 6  # radii that are written out at the top, at most
_APART: Final = 0.09  # and how far they are from each other at least, as a share of the axis
_ENVELOPE: Final = 600  # radii at which the largest step size is taken
_DECADES: Final = 3.5  # of step sizes below the largest one that the plane shows


def over_rho(scene: Scene, grid: tuple[np.ndarray, ...]) -> go.Figure:
    """Draw where the points are, over rho.

    In one variable that is x, beside f; in two it is the height f(x).

    Args:
        scene: what is shown.
        grid: x and f on it, in one variable.
    """
    l, c = scene.landscape, scene.curves
    one = l.dim == 1
    picture = figure(HEIGHT, showlegend=False, meta={"narrow": {"height": 380}})
    across = "x2" if one else "x"

    def up(x: np.ndarray) -> np.ndarray:
        return x[:, 0] if one else l.value(x)

    for look, parts in grouped(scene):
        rho, y = broken([p.rho for p in parts]), broken([up(p.points) for p in parts])
        picture.add_scatter(
            x=rho, y=y, mode="lines", xaxis=across, **look,
            hovertemplate=f"ρ = %{{x:.4g}}, {'x' if one else 'f'} = %{{y:.4g}}<extra>{look['name']}</extra>",
        )  # fmt: skip
    picture.add_traces(list(events(scene, up, across)))
    _add_stars(picture, scene, up, across)
    picture.add_scatter(  # the axes, where there is nothing else
        x=[scene.rho], y=[None], xaxis=across, mode="lines", showlegend=False, hoverinfo="skip"
    )
    _shade(picture, scene, across)
    if one:
        _add_landscape(picture, scene, grid)
        low, high = l.domain[0]
    else:
        low, high = _seen(scene, up)
    room = 0.04 * (high - low)
    picture.update_layout({
        "xaxis2" if one else "xaxis": {
            "title": {"text": "radius ρ", "standoff": 6}, "range": [0.0, c.rho_max],
            "domain": [0.23 if one else 0.0, 1.0], "anchor": "y",
        },
        "yaxis": {
            "title": {"text": "x" if one else "f at the point", "standoff": 6}, "range": [low - room, high + room],
            "nticks": 7,
        },
    })  # fmt: skip
    _add_radii(picture, scene, across)
    picture.update_layout(margin={"t": 40, "l": 50, "r": 14})
    return picture


def on_landscape(scene: Scene, grid: tuple[np.ndarray, ...]) -> go.Figure:
    """Draw the branches on the contours of f, in two variables.

    Args:
        scene: what is shown.
        grid: x (nx,), y (ny,) and f (ny, nx).
    """
    l = scene.landscape
    (left, right), (bottom, top) = l.domain
    aspect = (top - bottom) / (right - left)
    to_scale = 1.0 / 3.0 <= aspect <= 3.0
    height, narrow = (round(min(84.0 + width * (aspect if to_scale else 1.0), HEIGHT)) for width in _WIDTHS)
    picture = figure(height, showlegend=False, meta={"narrow": {"height": narrow}})
    x, y, z = grid
    ground = contours(x, y, z, "f")
    ground.showscale = False
    picture.add_trace(ground)
    for look, parts in grouped(scene):
        rho = broken([p.rho for p in parts])
        across, up = (broken([p.points[:, k] for p in parts]) for k in (0, 1))
        picture.add_scatter(
            x=across, y=up, mode="lines", customdata=rho, **look,
            hovertemplate=f"ρ = %{{customdata:.4g}} at (%{{x:.4g}}, %{{y:.4g}})<extra>{look['name']}</extra>",
        )  # fmt: skip
    s = scene.curves.stationary
    at = marks_at
    inside = l.contains(s.points) if len(s.points) else np.empty(0, dtype=bool)
    for trace in marks.stationary(s, at, inside, l.diagonal):
        if trace.mode == "markers" and inside.sum() > marks.CROWD:
            trace.marker.size = _SMALL
        picture.add_trace(trace)
    attract = scene.found.attract(scene.eta)
    from_here, to = scene.found.points[attract], scene.found.targets[attract]
    if len(to):
        looks = np.stack([from_here, to, np.full_like(to, np.nan)], axis=1).reshape(-1, 2)
        picture.add_scatter(
            x=looks[:, 0], y=looks[:, 1], mode="lines", name="looks here from there", hoverinfo="skip",
            line={"color": SAM, "width": 1.2, "dash": "dot"}, showlegend=False,
        )  # fmt: skip
    picture.add_traces(list(marks.hallucinated(scene.found, at, scene.eta, l.diagonal)))
    picture.update_xaxes(title="x", range=[left, right], constrain="domain")
    picture.update_yaxes(title="y", range=[bottom, top], constrain="domain")
    if to_scale:
        picture.update_yaxes(scaleanchor="x", constraintoward="top")
    picture.update_layout(margin={"t": 40, "l": 44, "r": 10})
    return picture


def rho_eta(scene: Scene) -> go.Figure:
    """Draw the (rho, eta) plane: where some hallucinated point attracts."""
    c = scene.curves
    picture = figure(_PLANE, showlegend=False)
    rho = np.linspace(0.0, c.rho_max, _ENVELOPE)
    limit = envelope(c, rho)
    known = limit[limit > 0.0]
    high = float(known.max()) if known.size else 10.0 * scene.eta
    high = max(high, scene.eta) * 2.0
    low = min(high * 10.0**-_DECADES, scene.eta / 2.0)
    with np.errstate(divide="ignore"):
        top = np.log10(np.maximum(limit, low / 10.0))
    picture.add_scatter(
        x=rho, y=10.0**top, mode="lines", name="some point attracts", fill="tozeroy", fillcolor=_clear(0.28),
        line={"color": HALLUCINATED, "width": 2},
        hovertemplate="at ρ = %{x:.4g} for η below %{y:.3g}<extra></extra>",
    )  # fmt: skip
    picture.add_scatter(
        x=[scene.rho], y=[scene.eta], mode="markers", name="here",
        hovertemplate="ρ = %{x:.4g}, η = %{y:.3g}<extra></extra>",
        marker={"symbol": "diamond", "size": 12, "color": SAM, "line": {"color": BACKGROUND, "width": 1.5}},
    )  # fmt: skip
    for axis, value in (("x", scene.rho), ("y", scene.eta)):
        other = "y" if axis == "x" else "x"
        picture.add_shape(
            **{f"{axis}0": value, f"{axis}1": value, f"{other}0": 0, f"{other}1": 1, f"{other}ref": "paper"},
            type="line", line={"color": SAM, "width": 1, "dash": "dot"},
        )  # fmt: skip
    picture.update_xaxes(title={"text": "radius ρ", "standoff": 6}, range=[0.0, c.rho_max])
    picture.update_yaxes(
        title={"text": "step size η", "standoff": 6}, type="log", range=[float(np.log10(low)), float(np.log10(high))],
        dtick=1, exponentformat="power",
    )  # fmt: skip
    return picture


def envelope(c: HallucinationCurves, rho: np.ndarray) -> np.ndarray:
    """Largest step size (n,) at which some point attracts, at radii (n,) in order; 0 where none does at any."""
    best = np.zeros(len(rho))
    for branch in c:
        if not (branch.step_limits > 0.0).any():
            continue
        first, stop = np.searchsorted(rho, branch.rho[[0, -1]])
        at = np.interp(rho[first:stop], branch.rho, np.nan_to_num(branch.step_limits))
        if c.landscape.dim == 2 and not branch.curve:
            # Where a pair of eigenvalues turns complex the limit has a peak; trace and determinant go on smoothly.
            pair = [branch.eigenvalues.sum(axis=1).real, branch.eigenvalues.prod(axis=1).real]
            trace, determinant = (np.interp(rho[first:stop], branch.rho, v) for v in pair)
            with np.errstate(all="ignore"):
                root = np.sqrt(np.maximum(trace**2 - 4.0 * determinant, 0.0))
                limit = np.where(root > 0.0, 4.0 / (trace + root), trace / determinant)
                limit = np.where((trace > 0.0) & (determinant > 0.0), limit, 0.0)
            at = np.where(np.isfinite(trace + determinant), limit, at)  # infinite where a branch begins
        best[first:stop] = np.maximum(best[first:stop], at)
    return best


def marks_at(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw points (n, 2) where they are."""
    return p[:, 0], p[:, 1]


def _add_stars(picture: go.Figure, scene: Scene, up: Any, across: str) -> None:
    """Put stars on the points at the current radius."""

    def at(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(p), scene.rho), up(p)

    for trace in marks.hallucinated(scene.found, at, scene.eta, scene.landscape.diagonal):
        if trace.mode == "markers":
            trace.xaxis = across
            picture.add_trace(trace)


def _shade(picture: go.Figure, scene: Scene, across: str) -> None:
    """Shade the radii at which some point attracts."""
    for low, high in scene.intervals[:50]:
        picture.add_shape(
            type="rect", x0=low, x1=high, xref=across, y0=0, y1=1, yref="paper", layer="below",
            fillcolor=_clear(0.14), line={"width": 0},
        )  # fmt: skip


def _clear(opacity: float) -> str:
    """Return the hallucinated points' colour, less than opaque."""
    r, g, b = (int(HALLUCINATED[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{opacity})"


def _add_radii(picture: go.Figure, scene: Scene, across: str) -> None:
    """Write the ends of the intervals at the top, and draw the current radius."""
    most = scene.curves.rho_max
    ends = [float(v) for v in scene.intervals.ravel() if 1e-9 * most < v < most * (1.0 - 1e-9)]
    apart = (_APART if scene.landscape.dim == 1 else 2.0 * _APART) * most
    written: list[float] = []
    wanted = [(v, number(v), HALLUCINATED) for v in ends]
    wanted.insert(1, (scene.rho, f"ρ = {scene.rho:.4g}", SAM))  # the critical radius goes before it
    for value, label, color in wanted:
        if len(written) > _LABELS or any(abs(value - other) < apart for other in written):
            continue
        written.append(value)
        picture.add_annotation(
            x=value, xref=across, y=1.0, yref="paper", text=label, showarrow=False, yanchor="bottom",
            font={"color": color, "size": 12}, **_inwards(value / most),
        )  # fmt: skip
    picture.add_shape(
        type="line",
        x0=scene.rho,
        x1=scene.rho,
        xref=across,
        y0=0,
        y1=1,
        yref="paper",
        line={"color": SAM, "width": 1.6},
    )


def _inwards(share: float) -> dict[str, str]:
    """Anchor a label so that it stays over the axes."""
    return {"xanchor": "left" if share < 0.05 else "right" if share > 0.95 else "center"}


def _add_landscape(picture: go.Figure, scene: Scene, grid: tuple[np.ndarray, ...]) -> None:
    """Draw f upright beside the diagram, with its stationary points and the points at the current radius."""
    x, f = grid
    s, l = scene.curves.stationary, scene.landscape
    (low, high) = l.domain[0]
    inside = (s.points[:, 0] >= low) & (s.points[:, 0] <= high)
    places = np.concatenate([s.points[inside], scene.found.points])

    def at(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return l.value(p), p[:, 0]

    picture.add_scatter(
        x=f, y=x, mode="lines", name="f", line={"color": TEXT, "width": 2}, hoverinfo="skip", showlegend=False
    )
    for p, kind in zip(s.points[inside][:40, 0], s.kinds[inside][:40], strict=True):
        picture.add_shape(
            type="line", x0=0, x1=1, xref="paper", y0=p, y1=p, yref="y", layer="below",
            line={"color": KINDS[str(kind)].color, "width": 1, "dash": "dot"},
        )  # fmt: skip
    picture.add_traces(list(marks.stationary(s, at, inside, l.diagonal)))
    for trace in marks.hallucinated(scene.found, at, scene.eta, l.diagonal):
        trace.showlegend = False
        picture.add_trace(trace)
    heights = l.value(places) if len(places) else f
    heights = heights[np.isfinite(heights)]
    finite = f[np.isfinite(f)]
    bottom, top = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if heights.size:
        top = min(top, bottom + 2.0 * max(float(heights.max()) - bottom, 1e-300))
    room = 0.08 * (top - bottom) or 1.0
    picture.update_layout(
        xaxis={
            "title": {"text": "f(x)", "standoff": 6},
            "domain": [0.0, 0.19],
            "range": [bottom - room, top + room],
            "nticks": 3,
        }
    )


def _seen(scene: Scene, up: Any) -> tuple[float, float]:
    """Heights that must be seen: those of the attracting parts and of most of the others."""
    c = scene.curves
    heights = up(c.points[np.isin(c.branch, scene.drawn)])
    heights = heights[np.isfinite(heights)]
    if not heights.size:
        return 0.0, 1.0
    low, high = float(heights.min()), float(np.quantile(heights, 0.97))
    held = scene.found.points[scene.found.attract(scene.eta)]
    if len(held):
        high = max(high, float(np.nanmax(up(held))))
    return (low, high) if high > low else (low - 1.0, low + 1.0)
