"""The gradient's length at the point and at the look-ahead point, over the steps of a run."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from dynamics import Orbit

from .marks import VERTICES
from .palette import GD, SAM, figure


def norms(gd: Orbit, sam: Orbit, height: int = 300) -> go.Figure:
    """Draw |grad f| of GD and of SAM, and SAM's |S|, on a logarithmic axis: a stall is where the last two part."""
    picture = figure(height)
    for orbit, values, name, color, dash in (
        (gd, gd.gradient_norms, "GD, |∇f(x)|", GD, "solid"),
        (sam, sam.gradient_norms, "SAM, |∇f(x)|", SAM, "solid"),
        (sam, sam.shifted_norms, "SAM, |∇f(x⁺)|, what it follows", SAM, "dot"),
    ):
        keep = np.unique(np.linspace(0, len(orbit.k) - 1, min(VERTICES, len(orbit.k))).round().astype(np.int64))
        drawn = np.where(values[keep] > 0.0, values[keep], np.nan)
        picture.add_scatter(
            x=orbit.k[keep], y=drawn, mode="lines", name=name, line={"color": color, "width": 2, "dash": dash},
            hovertemplate=f"{name}<br>step %{{x}}: %{{y:.3g}}<extra></extra>",
        )  # fmt: skip
    picture.update_xaxes(title="step")
    picture.update_yaxes(title={"text": "|gradient|", "standoff": 14}, type="log", exponentformat="power", nticks=6)
    return picture
