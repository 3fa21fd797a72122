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

_FILLED = 0.9  # share of the window over which f is shown where it has no hills


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
    """Draw f with the runs as beads on it, the hallucinated points, and SAM's last look ahead.

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
    stars = list(marks.hallucinated(found, at, found_eta(runs), scale, behind=True))
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
        _add_last_look(picture, l, grid, ended, 0.5 * room)
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
        walls = bottom + _ABOVE * float(seen.max() - bottom)
        if not _has_hills(finite):  # nothing is flattened, and where little happens f would be a needle
            walls = max(walls, float(np.quantile(finite, _FILLED)))
        top = min(top, walls)
    return (bottom, top) if top > bottom else (bottom - 1.0, bottom + 1.0)


def _has_hills(f: np.ndarray) -> bool:
    """Whether heights (n,) along a line do more than fall once and rise once."""
    steps = np.sign(np.diff(f))
    return bool((np.diff(steps[steps != 0.0]) != 0.0).sum() > 1)


def found_eta(runs: tuple[Orbit, ...]) -> float:
    """Step size of the runs."""
    return float(runs[-1].eta[-1])


def _add_last_look(
    picture: go.Figure, l: Landscape, grid: tuple[np.ndarray, np.ndarray], ended: Verdict, clear: float
) -> None:
    """Draw the look ahead from where SAM stopped, as a bow over the hill, and the slopes at both of its ends."""
    assert ended.point is not None and ended.target is not None and ended.slope is not None
    x, z = float(ended.point[0]), float(ended.target[0])
    fx, fz = (float(v) for v in l.value(np.array([[x], [z]])))
    up = hop(grid, (x, fx), (z, fz), clear)
    picture.add_shape(
        type="path", path=f"M{x!r},{fx!r} C{x!r},{up!r} {z!r},{up!r} {z!r},{fz!r}", line={"color": SAM, "width": 2}
    )
    picture.add_annotation(arrow((z, fz + 0.1 * (up - fz)), (z, fz), ""))
    half = 0.09 * l.diagonal
    picture.add_scatter(
        x=[x - half, x + half], y=[fx - ended.slope * half, fx + ended.slope * half], mode="lines",
        line={"color": SAM, "width": 3}, showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    right = x > z
    beside = {True: {"xanchor": "left", "xshift": 12}, False: {"xanchor": "right", "xshift": -12}}
    below = {"xanchor": "center", "yshift": -28}
    for at, height, text, color, where in (
        (x, fx, f"SAM stops: slope {number(ended.slope)}", SAM, {**beside[right], "yshift": 16}),
        (
            z, fz, "it looks here: slope 0", KINDS[ended.kind or "degenerate"].color,
            below if ended.kind == "minimizer" else {**beside[not right], "yshift": 16},
        ),
    ):  # fmt: skip
        picture.add_annotation(
            x=at, y=height, text=text, showarrow=False, **where, font={"color": color, "size": 13},
            bgcolor=BACKGROUND, bordercolor=FAINT, borderpad=3,
        )  # fmt: skip


def hop(
    grid: tuple[np.ndarray, np.ndarray], start: tuple[float, float], end: tuple[float, float], clear: float
) -> float:
    """Find how high a bow has to rise over f on its way from one point of it to another.

    Args:
        grid: x (n,) and f (n,).
        start: the point from which the bow rises.
        end: the point to which it falls.
        clear: how far it stays above f in its middle.

    Returns:
        The height of both inner control points of a cubic Bezier curve, each right above an end.
    """
    (x, fx), (z, fz) = start, end
    share = (grid[0] - x) / (z - x)
    between = (share > 0.02) & (share < 0.98) & np.isfinite(grid[1])
    t = 0.5 - np.sin(np.arcsin(1.0 - 2.0 * share[between]) / 3.0)  # where the curve is above that place
    needed = (grid[1][between] - (1.0 - t) ** 3 * fx - t**3 * fz) / (3.0 * t * (1.0 - t))
    return clear + float(max(fx, fz, *needed))


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
