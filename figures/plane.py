"""Pictures of a landscape in two variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dynamics import HallucinatedPoints, Orbit, Verdict
from dynamics.sentences import number
from landscapes import Landscape

from . import marks
from .line import found_eta
from .palette import BACKGROUND, FAINT, HEIGHTS, SAM, arrow, figure

_WIDTHS = (480.0, 290.0, 700.0)  # of the axes in pixels, about, on a desk, a phone and a large screen: heights follow
_MOST = (560.0, 560.0, 740.0)  # the heights
_LONG = 3.0  # up to this ratio of its sides a window is drawn to scale
_HIGHEST = 1e300  # what is beyond it is left blank, so that differences do not overflow
_BUSY = 24.0  # turns of f along a line from which on level lines take a browser seconds, and are left out
_SKEWED = 3.0  # from this ratio of the heights above and below the median on, heights are drawn by their logarithm


def landscape_2d(
    l: Landscape,
    grid: tuple[np.ndarray, np.ndarray, np.ndarray],
    runs: tuple[Orbit, ...],
    ended: Verdict,
    found: HallucinatedPoints,
    shifted: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    surrogate: bool,
    field: bool,
    paths: bool = True,
) -> go.Figure:
    """Draw the contours of f, both runs, the hallucinated points, and SAM's last look ahead.

    Args:
        l: the landscape.
        grid: x (nx,), y (ny,) and the heights (ny, nx): of f, or of f(x+) where `surrogate`.
        runs: the orbits, from one start.
        ended: the verdict on SAM's run.
        found: the hallucinated points.
        shifted: points (m, m, 2), f(x+) (m, m) and S (m, m, 2), where asked for.
        surrogate: the heights are those of f(x+).
        field: draw the direction of SAM's step, -S.
        paths: draw the runs; without them it is the ground for a player that draws them itself.
    """
    x, y, z = grid

    def at(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return p[:, 0], p[:, 1]

    s = found.stationary
    (left, right), (bottom, top) = l.domain
    aspect = (top - bottom) / (right - left)
    to_scale = 1.0 / _LONG <= aspect <= _LONG
    height, narrow, tall = (
        round(min(56.0 + width * (aspect if to_scale else 0.75), most))
        for width, most in zip(_WIDTHS, _MOST, strict=True)
    )
    picture = figure(height, showlegend=False, meta={"narrow": {"height": narrow}, "tall": {"height": tall}})
    picture.add_trace(contours(x, y, z, "f at the look-ahead point" if surrogate else "f"))
    if shifted is not None and field:
        picture.add_trace(_field(shifted[0], shifted[2]))
    inside = np.ones(len(s.points), dtype=bool)
    for i, (low, high) in enumerate(l.domain):
        inside &= (s.points[:, i] >= low) & (s.points[:, i] <= high)
    if ended.outcome == "hallucinated" and ended.target is not None:
        inside |= np.linalg.norm(s.points - ended.target, axis=-1) <= 1e-6 * l.diagonal
    stars = list(marks.hallucinated(found, at, found_eta(runs), l.diagonal, behind=True))
    picture.add_traces([trace for trace in stars if trace.opacity is not None])
    for orbit in runs if paths else ():
        picture.add_trace(marks.path(orbit, at, "lines+markers", marker={"size": 3}))
    picture.add_traces(list(marks.stationary(s, at, inside, l.diagonal)))
    picture.add_traces([trace for trace in stars if trace.opacity is None])
    if paths:
        picture.add_trace(marks.start(runs[0].x[0], at))
        picture.add_traces([marks.end(orbit, at) for orbit in runs])
    if paths and ended.outcome == "hallucinated" and ended.point is not None and ended.target is not None:
        picture.add_annotation(arrow(ended.point.tolist(), ended.target.tolist(), ""))
        dx, dy = ended.target - ended.point
        beside: dict[str, Any] = {"yshift": 24 if dy <= 0.0 else -24}
        if abs(dy) > abs(dx):
            left = ended.point[0] > 0.5 * sum(l.domain[0])
            beside = {"xanchor": "right" if left else "left", "xshift": -14 if left else 14}
        picture.add_annotation(
            x=ended.point[0], y=ended.point[1], text=f"SAM stops: |∇f| = {number(ended.gradient_norm)}",
            showarrow=False, **beside, font={"color": SAM, "size": 13},
            bgcolor=BACKGROUND, bordercolor=FAINT, borderpad=3,
        )  # fmt: skip
    picture.update_xaxes(title="x", range=list(l.domain[0]), constrain="domain")
    picture.update_yaxes(title="y", range=list(l.domain[1]), constrain="domain")
    if to_scale:
        picture.update_yaxes(scaleanchor="x")
    return picture


def contours(x: np.ndarray, y: np.ndarray, z: np.ndarray, name: str) -> go.Contour | go.Heatmap:
    """Draw heights (ny, nx); by their logarithm where few of them tower over the rest.

    The trace's `meta` has the unit of that, log(1 + (f - lowest)/unit), or 0 where the heights are drawn as they are.
    """
    with np.errstate(invalid="ignore"):
        z = np.where(np.abs(z) < _HIGHEST, z, np.nan)
    finite = z[np.isfinite(z)]
    bar: dict[str, Any] = {"title": {"text": name, "side": "right"}, "thickness": 10, "len": 0.9, "tickformat": ".3~g"}
    drawn, unit = z, 0.0
    if finite.size and finite.max() > finite.min():
        low, middle, high = float(finite.min()), float(np.median(finite)), float(finite.max())
        if high - middle > _SKEWED * (middle - low):
            drawn, bar, unit = _by_logarithm(z, finite, bar)
    common = {
        "meta": {"unit": unit},
        "x": x,
        "y": y,
        "z": drawn,
        "name": name,
        "colorscale": HEIGHTS,
        "colorbar": bar,
        "hoverinfo": "skip",
    }
    if _turns(drawn) > _BUSY:
        return go.Heatmap(**common, zsmooth="best")
    return go.Contour(**common, ncontours=18, line={"width": 0.7, "color": FAINT}, contours={"coloring": "heatmap"})


def _turns(z: np.ndarray) -> float:
    """Count how often heights (ny, nx) turn from rising to falling or back along a row or a column, on average."""
    counts = []
    for axis in (0, 1):
        rising = np.sign(np.diff(z, axis=axis))
        turning = np.delete(rising, 0, axis) * np.delete(rising, -1, axis) < 0.0
        counts.append(float(turning.sum(axis=axis).mean()))
    return max(counts)


def _by_logarithm(z: np.ndarray, finite: np.ndarray, bar: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any], float]:
    low = float(finite.min())
    unit = float(np.quantile(finite - low, 0.05)) or float(np.median(finite - low)) or 1.0
    unit = max(unit, 1e-290 * float(finite.max() - low))  # so that no quotient overflows
    with np.errstate(all="ignore"):
        drawn = np.log1p((z - low) / unit)
        ticks = np.linspace(0.0, float(drawn[np.isfinite(drawn)].max()), 6)
        labels = [number(float(v)) for v in low + unit * np.expm1(ticks)]
    return drawn, {**bar, "tickvals": ticks, "ticktext": labels}, unit


def _field(x: np.ndarray, s: np.ndarray) -> go.Scatter:
    """Draw arrows along -S on a grid; their length says nothing."""
    points, steps = x.reshape(-1, 2), -s.reshape(-1, 2)
    known = np.isfinite(steps).all(axis=-1) & (np.abs(steps).max(axis=-1) > 0.0)
    points, steps = points[known], steps[known]
    return go.Scatter(
        x=points[:, 0],
        y=points[:, 1],
        mode="markers",
        name="direction of SAM's step",
        marker={
            "symbol": "arrow",
            "size": 8,
            "angle": np.degrees(np.arctan2(steps[:, 0], steps[:, 1])),
            "color": SAM,
            "opacity": 0.55,
        },
        hoverinfo="skip",
    )
