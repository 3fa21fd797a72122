"""Pictures of a landscape in one variable."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dynamics import HallucinatedPoints, Orbit, StationaryPoints, Verdict
from dynamics.sentences import number
from landscapes import Landscape

from . import marks
from .palette import BACKGROUND, FAINT, KINDS, SAM, TEXT, arrow, figure

_ABOVE = 1.35  # the height that is shown, in that of what happens: steep walls beyond it would flatten the hills


def landscape_1d(
    l: Landscape,
    grid: tuple[np.ndarray, np.ndarray],
    runs: tuple[Orbit, ...],
    ended: Verdict,
    found: HallucinatedPoints,
    shifted: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    surrogate: bool,
    field: bool,
    paths: bool = True,
) -> go.Figure:
    """Draw f with the runs as beads on it, every hallucinated point, and SAM's last look ahead.

    Args:
        l: the landscape.
        grid: x (n,) and f (n,).
        runs: the orbits, from one start.
        ended: the verdict on SAM's run.
        found: the hallucinated points.
        shifted: points (m, 1), f(x+) (m,) and S (m, 1), where asked for.
        surrogate: draw f(x+).
        field: draw the direction of SAM's step, -S, along the axis.
        paths: draw the runs; without them it is the ground for a player that draws them itself.
    """
    x, f = grid

    def at(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return p[:, 0], l.value(p)

    s = found.stationary
    (low, high), scale = l.domain[0], l.diagonal
    bottom, top = _heights(l, f, runs, s, found)
    room = 0.12 * (top - bottom)
    picture = figure(430, showlegend=False, meta={"narrow": {"height": 320}})
    picture.add_scatter(
        x=x, y=f, mode="lines", name="f", line={"color": TEXT, "width": 2}, hoverinfo="skip", showlegend=False
    )
    if shifted is not None and surrogate:
        picture.add_scatter(
            x=shifted[0][:, 0], y=shifted[1], mode="lines", name="f at the look-ahead point",
            line={"color": SAM, "width": 1.5, "dash": "dash"}, hoverinfo="skip",
        )  # fmt: skip
    if shifted is not None and field:
        points, step = shifted[0][:, 0][::12], -shifted[2][:, 0][::12]
        picture.add_scatter(
            x=points, y=np.full(len(points), bottom - room), mode="markers", name="direction of SAM's step",
            marker={"symbol": "arrow", "size": 9, "angle": np.where(step > 0, 90, -90), "color": SAM, "opacity": 0.7},
            hoverinfo="skip",
        )  # fmt: skip
    inside = (s.points[:, 0] >= low) & (s.points[:, 0] <= high)
    stars = list(marks.hallucinated(found, at, found_eta(runs), scale))
    picture.add_traces([trace for trace in stars if trace.opacity is not None])
    for orbit in runs if paths else ():
        bead = {"symbol": "circle-open" if orbit.name == "GD" else "circle", "size": 7 if orbit.name == "GD" else 5}
        picture.add_trace(marks.path(orbit, at, "markers", marker={**bead, "opacity": 0.75}))
    picture.add_traces(list(marks.stationary(s, at, inside, scale)))
    picture.add_traces([trace for trace in stars if trace.opacity is None])
    if paths:
        picture.add_trace(marks.start(runs[0].x[0], at))
        picture.add_traces([marks.end(orbit, at) for orbit in runs])
    if paths and ended.outcome == "hallucinated" and ended.point is not None and ended.target is not None:
        _add_last_look(picture, l, ended)
    picture.update_xaxes(title="x", range=[low, high])
    picture.update_yaxes(title="f(x)", range=[bottom - 1.5 * room, top + room])
    return picture


def _heights(
    l: Landscape, f: np.ndarray, runs: tuple[Orbit, ...], s: StationaryPoints, found: HallucinatedPoints
) -> tuple[float, float]:
    """Lowest and highest value that must be seen: f where something happens, and all of f where it is not steep."""
    low, high = l.domain[0]
    inside = s.points[(s.points[:, 0] >= low) & (s.points[:, 0] <= high)]
    seen = np.concatenate([*(orbit.f for orbit in runs), l.value(inside), l.value(found.points)])
    finite, seen = f[np.isfinite(f)], seen[np.isfinite(seen)]
    if not finite.size:
        return 0.0, 1.0
    seen = np.clip(seen, finite.min(), finite.max())
    bottom, top = float(min(finite.min(), *seen)) if seen.size else float(finite.min()), float(finite.max())
    if seen.size and seen.max() > bottom:
        top = min(top, bottom + _ABOVE * float(seen.max() - bottom))
    return (bottom, top) if top > bottom else (bottom - 1.0, bottom + 1.0)


def found_eta(runs: tuple[Orbit, ...]) -> float:
    """Step size of the runs."""
    return float(runs[-1].eta[-1])


def _add_last_look(picture: go.Figure, l: Landscape, ended: Verdict) -> None:
    """Draw the look-ahead arrow from where SAM stopped, and the slopes at both of its ends."""
    assert ended.point is not None and ended.target is not None and ended.slope is not None
    x, z = float(ended.point[0]), float(ended.target[0])
    fx, fz = (float(v) for v in l.value(np.array([[x], [z]])))
    picture.add_annotation(arrow((x, fx), (z, fz), ""))
    half = 0.09 * l.diagonal
    picture.add_scatter(
        x=[x - half, x + half], y=[fx - ended.slope * half, fx + ended.slope * half], mode="lines",
        line={"color": SAM, "width": 3}, showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    right = x > z
    for at, height, text, color, to_right in (
        (x, fx, f"SAM stops: slope {number(ended.slope)}", SAM, right),
        (z, fz, "it looks here: slope 0", KINDS[ended.kind or "degenerate"].color, not right),
    ):
        picture.add_annotation(
            x=at, y=height, text=text, showarrow=False, yshift=28, font={"color": color, "size": 13},
            xanchor="left" if to_right else "right", xshift=-12 if to_right else 12,
            bgcolor=BACKGROUND, bordercolor=FAINT, borderpad=3,
        )  # fmt: skip


def position(runs: tuple[Orbit, ...], height: int = 300) -> go.Figure:
    """Draw x over the steps, for a landscape in one variable."""
    picture = figure(height)
    for orbit in runs:
        path = marks.path(orbit, lambda p: (np.empty(0), p[:, 0]), "lines")
        thin = orbit.thinned(marks.VERTICES)
        path.x = thin.k[: len(path.y)]
        if orbit.name == "SAM":
            path.line.dash = "solid"
        picture.add_trace(path)
    picture.update_xaxes(title="step")
    picture.update_yaxes(title="x")
    return picture
