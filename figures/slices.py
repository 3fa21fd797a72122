"""Cuts through a network's loss at the last weights of a run: a line and a plane."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from .palette import BACKGROUND, FAINT, HEIGHTS, SAM, TEXT, arrow, figure

Array = npt.NDArray[np.float64]


def line(along: Array, loss: Array, rho: float, here: float, there: float, name: str) -> go.Figure:
    """Draw the loss on the line through w, at 0, and its look-ahead point w+, at rho.

    Args:
        along: distances from w (m,) in the direction of the gradient.
        loss: (m,).
        rho: where w+ is.
        here: loss at w.
        there: loss at w+.
        name: of the rule that ended at w.
    """
    picture = figure(320, showlegend=False)
    picture.add_scatter(
        x=along, y=loss, mode="lines", name="loss", line={"color": TEXT, "width": 2},
        hovertemplate="at distance %{x:.3g}: loss %{y:.4g}<extra></extra>",
    )  # fmt: skip
    if rho > 0.0:
        picture.add_annotation(arrow((0.0, here), (rho, there), ""))
    for x, y, text, up in ((0.0, here, f"w: {name} is here", here > there), (rho, there, "w⁺: it looks here", True)):
        picture.add_scatter(
            x=[x], y=[y], mode="markers", marker={"color": SAM, "size": 10}, hoverinfo="skip", showlegend=False
        )
        picture.add_annotation(
            x=x, y=y, text=text, showarrow=False, yshift=22 if up else -22, font={"color": SAM, "size": 13},
            bgcolor=BACKGROUND, bordercolor=FAINT, borderpad=3, xanchor="center",
        )  # fmt: skip
    picture.update_xaxes(title="distance from w along its gradient")
    picture.update_yaxes(title={"text": "loss", "standoff": 8}, nticks=6)
    return picture


def plane(ahead: Array, across: Array, loss: Array, path: Array, steps: npt.NDArray[np.int64], rho: float) -> go.Figure:
    """Draw the loss on the plane of the look-ahead and the main direction of motion, with the run projected on it.

    Args:
        ahead: distances from w along u (p,).
        across: distances from w along the main direction of motion (q,).
        loss: (q, p).
        path: the run's points in these coordinates (s, 2), the last one w.
        steps: their steps (s,).
        rho: the look-ahead point is at (rho, 0).
    """
    picture = figure(380, showlegend=False)
    finite = loss[np.isfinite(loss)]
    top = float(np.quantile(finite, 0.97)) if finite.size else 1.0
    picture.add_contour(
        x=ahead, y=across, z=np.minimum(loss, top), colorscale=HEIGHTS, ncontours=18, line={"width": 0.6},
        colorbar={"thickness": 12, "title": {"text": "loss"}},
        hovertemplate="loss %{z:.4g}<extra></extra>",
    )  # fmt: skip
    picture.add_scatter(
        x=path[:, 0], y=path[:, 1], mode="lines+markers", name="the run, projected", customdata=steps,
        line={"color": SAM, "width": 1.5}, marker={"color": SAM, "size": 4},
        hovertemplate="step %{customdata}<extra></extra>",
    )  # fmt: skip
    if rho > 0.0:
        picture.add_annotation(arrow((0.0, 0.0), (rho, 0.0), ""))
    for x, text in ((0.0, "w"), (rho, "w⁺")):
        picture.add_annotation(
            x=x, y=0.0, text=text, showarrow=False, yshift=16, font={"color": TEXT, "size": 13},
            bgcolor=BACKGROUND, bordercolor=FAINT, borderpad=2,
        )  # fmt: skip
    picture.update_xaxes(title="along the gradient at w", range=[float(ahead[0]), float(ahead[-1])])
    picture.update_yaxes(title="along the main direction of motion", range=[float(across[0]), float(across[-1])])
    return picture


def words(rho: float, here: float, there: float, name: str) -> str:
    """Say what the line shows."""
    if rho == 0.0:
        return f"At ρ = 0 {name} does not look ahead."
    turn = "falls" if there < here else "rises"
    return (
        f"Looking a distance {rho:.4g} along its gradient, {name} means to climb; from w to w⁺ the loss {turn} "
        f"from {here:.5g} to {there:.5g}."
    )
