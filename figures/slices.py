"""Cuts through a network's loss at the last weights of a run: a line and a plane."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from dynamics.sentences import number

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
    bottom, top = _heights(np.append(loss, [here, there]))
    ends = [(0.0, here, f"w: {name} is here", "diamond")]
    if rho > 0.0:
        # The head ends before the mark that it points at.
        picture.add_annotation(arrow((0.0, here), (rho, there), ""), standoff=8)
        ends.append((rho, there, "w⁺: it looks here", "diamond-open"))
    for x, y, text, symbol in ends:
        picture.add_scatter(
            x=[x], y=[y], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"color": SAM, "size": 11, "symbol": symbol, "line": {"color": SAM, "width": 2}},
        )  # fmt: skip
        # The curve is nowhere higher than its top: above it the labels hide nothing, and what leads to them neither.
        picture.add_annotation(
            x=x, y=y, text=text, ax=x, ay=top + _LABELS * (top - bottom), axref="x", ayref="y", yanchor="bottom",
            showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=SAM, standoff=8,
            font={"color": SAM, "size": 13}, bgcolor=BACKGROUND, bordercolor=FAINT, borderpad=3, xanchor="center",
        )  # fmt: skip
    room = top - bottom
    picture.update_xaxes(title="distance from w along ∇f(w)", range=[float(along[0]), float(along[-1])])
    picture.update_yaxes(
        title={"text": "loss f", "standoff": 8}, nticks=6, range=[bottom - 0.06 * room, top + (_LABELS + 0.2) * room]
    )
    return picture


_LABELS: Final = 0.12  # above the curve's top, as a share of its height, the labels begin


def _heights(values: Array) -> tuple[float, float]:
    """Return the least and the greatest finite value; where they are the same, a little apart."""
    finite = values[np.isfinite(values)]
    bottom, top = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    apart = max(top - bottom, 1e-6 * max(1.0, abs(top)))
    return bottom, bottom + apart


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
    picture.update_xaxes(title="distance from w along ∇f(w)", range=[float(ahead[0]), float(ahead[-1])])
    picture.update_yaxes(
        title="distance along the main direction of motion", range=[float(across[0]), float(across[-1])]
    )
    return picture


def words(rho: float, here: float, there: float, slope: float, name: str) -> str:
    """Say what the line shows.

    Args:
        rho: where w+ is.
        here: loss at w.
        there: loss at w+.
        slope: length of the gradient at w+.
        name: of the rule that ended at w.
    """
    if rho == 0.0:
        return f"At ρ = 0 {name} does not look ahead."
    turn = "falls" if there < here else "rises"
    return (
        f"Looking a distance {rho:.4g} along its gradient, {name} means to climb; from w to w⁺ the loss {turn} "
        f"from {here:.5g} to {there:.5g}, and there the slope is {number(slope)}."
    )
