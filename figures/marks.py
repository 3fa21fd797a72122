"""Traces that pictures in one and in two variables share: paths, stationary and hallucinated points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dynamics import HallucinatedPoints, Orbit, StationaryPoints
from dynamics.sentences import number, place
from dynamics.stability import attraction, attraction_of_curve

from .palette import (
    ATTRACTING,
    BACKGROUND,
    HALLUCINATED,
    KINDS,
    PROVED,
    REPELLING,
    RULES,
    SYMBOLS,
    TEXT,
    UNDECIDED,
    Mark,
    points,
)

Coordinates = Callable[[np.ndarray], tuple[Any, Any]]  # points (n, d) to what is drawn across and upwards

VERTICES = 800  # of a drawn path
MARKS = 2000  # of one kind; a browser takes seconds to draw ten times as many
CROWD = 30  # hallucinated points, from which on those that repel are drawn small and faint
_DASHES = {"attracts": "solid", "attracts in part": "dash", "repels": "dot", "undecided": "dashdot"}
_BEHIND = 23  # the size of a star that shows behind SAM's mark
FLAT = 1e-9  # coordinates below this share of the diagonal are written as 0


def path(orbit: Orbit, at: Coordinates, mode: str, **more: Any) -> go.Scatter:
    """Draw a run up to its last finite point."""
    thin = orbit.thinned(VERTICES)
    finite = np.isfinite(thin.x).all(axis=-1) & np.isfinite(thin.f)
    last = int(np.argmin(finite)) if not finite.all() else len(finite)
    x, y = at(thin.x[:last])
    color = RULES.get(orbit.name, TEXT)
    return go.Scatter(
        x=x,
        y=y,
        mode=mode,
        name=orbit.name,
        line={"color": color, "width": 2},
        marker={"color": color, "size": 5, **more.pop("marker", {})},
        customdata=np.stack([thin.k[:last], thin.f[:last], thin.gradient_norms[:last]], axis=-1),
        hovertemplate=f"{orbit.name}, step %{{customdata[0]}}<br>f = %{{customdata[1]:.4g}}"
        "<br>|∇f| = %{customdata[2]:.3g}<extra></extra>",
        **more,
    )


def end(orbit: Orbit, at: Coordinates) -> go.Scatter:
    """Mark where a run ended: a square for GD, a diamond for SAM, a shape of its own for every other."""
    finite = np.flatnonzero(np.isfinite(orbit.x).all(axis=-1) & np.isfinite(orbit.f))
    x, y = at(orbit.x[finite[-1:]])
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=f"{orbit.name} ends",
        marker={
            "color": RULES.get(orbit.name, TEXT),
            "symbol": SYMBOLS.get(orbit.name, "circle"),
            "size": 12,
            "line": {"color": BACKGROUND, "width": 1.5},
        },
        hovertemplate=f"{orbit.name} ends here<extra></extra>",
        showlegend=False,
    )


def start(x: np.ndarray, at: Coordinates) -> go.Scatter:
    """Mark the start that the runs share."""
    across, up = at(x[None])
    return go.Scatter(
        x=across,
        y=up,
        mode="markers",
        name="start",
        marker={"color": BACKGROUND, "size": 11, "line": {"color": TEXT, "width": 2}},
        hovertemplate="start<extra></extra>",
    )


def stationary(s: StationaryPoints, at: Coordinates, window: np.ndarray, scale: float) -> Iterable[go.Scatter]:
    """Draw the stationary points and curves; `window` masks the points (n,) to show, `scale` is the diagonal."""
    for kind, mark in KINDS.items():
        member = window & (s.kinds == kind)
        drawn, mark = _some(np.flatnonzero(member), mark)
        if drawn.size:
            x = s.points[drawn]
            yield points(*at(x), mark, [f"{mark.label} of f, {place(p, scale)}" for p in x])
    for curve in s.curves:
        x, y = at(np.concatenate([curve.points, curve.points[:1]]) if curve.closed else curve.points)
        mark = KINDS[curve.kind]
        yield go.Scatter(
            x=x,
            y=y,
            mode="lines",
            name=f"curve of {mark.label}s",
            line={"color": mark.color, "width": 2},
            hovertemplate=f"curve of {mark.label}s<extra></extra>",
        )


def _some(members: np.ndarray, mark: Mark) -> tuple[np.ndarray, Mark]:
    """Choose at most MARKS of the points to draw, evenly from their order; the label says so."""
    if len(members) <= MARKS:
        return members, mark
    chosen = np.linspace(0, len(members) - 1, MARKS).round().astype(np.int64)
    return members[chosen], replace(mark, label=f"{mark.label} ({MARKS:,} of {len(members):,} drawn)")


def hallucinated(
    h: HallucinatedPoints, at: Coordinates, eta: float, scale: float, behind: bool = False
) -> Iterable[go.Scatter]:
    """Draw the hallucinated points, those that attract at eta apart from the others and on top, and the curves.

    Those that only the proof has found have a hexagon around them.
    Where they are many those that repel are small and faint; such a trace has an opacity, and belongs below the paths.
    Where they stand `behind` the runs' marks those that attract, if they are few, are larger: SAM's mark may be on one.
    """
    states = attraction(h.step_limits, eta)
    crowd = len(h) > CROWD
    few = int((states == "attracts").sum()) <= CROWD
    full = replace(ATTRACTING, size=_BEHIND) if behind and few else ATTRACTING
    for state, mark in (("repels", REPELLING), ("undecided", UNDECIDED), ("attracts", full)):
        faint = crowd and state == "repels"
        drawn, mark = _some(np.flatnonzero(states == state), replace(mark, size=7) if faint else mark)
        if drawn.size:
            texts = [
                f"hallucinated point, {place(x, scale)}<br>looks at the {kind} {place(z, scale)}"
                f"<br>|∇f| = {number(g)}, not 0{'<br>found by the proof' if proved else ''}"
                for x, z, kind, g, proved in zip(
                    h.points[drawn],
                    h.targets[drawn],
                    h.kinds[drawn],
                    h.gradient_norms[drawn],
                    h.by_proof[drawn],
                    strict=True,
                )
            ]
            yield points(*at(h.points[drawn]), mark, texts, **({"opacity": 0.5} if faint else {}))
    ringed, ring = _some(np.flatnonzero(h.by_proof), PROVED)
    if ringed.size:
        yield points(*at(h.points[ringed]), ring, [], hoverinfo="skip")
    for curve in h.curves:
        x, y = at(np.concatenate([curve.points, curve.points[:1]]) if curve.closed else curve.points)
        state = attraction_of_curve(curve.step_limits, eta)
        yield go.Scatter(
            x=x,
            y=y,
            mode="lines",
            name=f"hallucinated curve, {state}",
            line={"color": HALLUCINATED, "width": 4, "dash": _DASHES[state]},
            hovertemplate="hallucinated curve<extra></extra>",
        )
