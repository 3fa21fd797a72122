"""Pictures of a proof: the boxes that the widened window was cut into, and the arcs that hold hallucinated points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from dynamics import Proof
from dynamics.sentences import number, place
from landscapes import Landscape
from landscapes.landscape import Array

from .palette import ATTRACTING, FAINT, GREY, HALLUCINATED, KINDS, REPELLING, TEXT, UNDECIDED, figure, points

MOST: Final = 4000  # boxes, arcs or points of one kind that are drawn, evenly from their order
_CIRCLES: Final = 60  # targets from which on circles are not drawn whole
_BENDS: Final = 13  # points on an arc
_FEW: Final = 60  # undecided boxes up to which each has a mark, for they may be too small to be seen
_WIDTHS: Final = (480.0, 290.0)  # of the axes in pixels, about, on a desk and on a phone


def proof_picture(l: Landscape, p: Proof) -> go.Figure:
    """Draw what a proof rests on: in two variables the plane, in one f' over x."""
    return _line(l, p) if l.dim == 1 else _plane(l, p)


def _plane(l: Landscape, p: Proof) -> go.Figure:
    (left, right), (bottom, top) = p.window
    aspect = min(max((top - bottom) / (right - left), 1.0 / 3.0), 1.3)
    height, narrow = (round(56.0 + width * aspect) for width in _WIDTHS)
    picture = figure(height, showlegend=False, meta={"narrow": {"height": narrow}})
    _outlines(picture, p.decided_boxes, "box without a zero, or a part of one with one", color=GREY, width=0.4)
    _outlines(picture, p.undecided_boxes, "undecided box", GREY, color=TEXT, width=1.0)
    _outlines(picture, np.array([l.domain]), "window", color=TEXT, width=2.0, dash="dash")
    targets = np.unique(np.concatenate([p.targets, p.undecided_targets]))
    if len(targets) <= _CIRCLES:
        turn = np.tile([0.0, 1.0], (len(targets), 1))
        _arcs(picture, p, turn, targets, "circle of radius ρ around a zero", 121, color=GREY, width=1.5, dash="dot")
    _arcs(picture, p, p.arcs, p.targets, "arc with one hallucinated point", _BENDS, color=HALLUCINATED, width=5.0)
    _arcs(picture, p, p.undecided_arcs, p.undecided_targets, "undecided arc", 121, color=TEXT, width=3.0, dash="dot")
    _outlines(picture, p.boxes, "box with one zero of ∇f", color=KINDS["minimizer"].color, width=1.5)
    _marks(picture, l, p, p.zeros[:, 1], p.points[:, 1])
    picture.update_xaxes(title="x", range=[left, right], constrain="domain", showgrid=False)
    picture.update_yaxes(title="y", range=[bottom, top], constrain="domain", showgrid=False)
    if 1.0 / 3.0 <= (top - bottom) / (right - left) <= 3.0:
        picture.update_yaxes(scaleanchor="x")
    return picture


def _line(l: Landscape, p: Proof) -> go.Figure:
    ((low, high),) = p.window
    x = np.linspace(low, high, 1201)
    slope = l.gradient(x[:, None])[:, 0]
    at = l.gradient(p.points)[:, 0]
    inside = slope[(x >= l.domain[0][0]) & (x <= l.domain[0][1])]
    seen = np.concatenate([inside[np.isfinite(inside)], at, [0.0]])
    bottom, top = float(seen.min()), float(seen.max())
    room = 0.1 * (top - bottom) or 1.0
    picture = figure(340, showlegend=False)
    picture.add_scatter(x=x, y=slope, mode="lines", name="slope f′", line={"color": TEXT, "width": 2}, hoverinfo="skip")
    picture.add_vrect(
        x0=l.domain[0][0], x1=l.domain[0][1], fillcolor=GREY, opacity=0.12, line_width=0, layer="below"
    )  # the window
    picture.add_hline(y=0.0, line={"color": FAINT, "width": 1})
    zero = np.zeros(len(p.points))
    _path(
        picture,
        np.stack([p.points[:, 0], p.zeros[p.targets, 0]], axis=1),
        np.stack([at, zero], axis=1),
        "look ahead to the target",
        color=HALLUCINATED, width=1.0, dash="dot",
    )  # fmt: skip
    for boxes, name, color in (
        (p.undecided_boxes, "undecided interval", TEXT),
        (p.boxes, "interval with one zero of f′", KINDS["minimizer"].color),
    ):
        ends = _some(boxes[:, 0, :])
        dash = "dot" if name.startswith("undecided") else "solid"
        _path(picture, ends, np.zeros_like(ends), name, color=color, width=6.0, dash=dash)
    _marks(picture, l, p, np.zeros(len(p.zeros)), at)
    picture.update_xaxes(title="x", range=[low, high])
    picture.update_yaxes(title="f′(x)", range=[bottom - room, top + room])
    return picture


def _some(rows: np.ndarray) -> np.ndarray:
    """Choose at most MOST rows, evenly from their order."""
    if len(rows) <= MOST:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST).round().astype(np.int64)]


def _outlines(picture: go.Figure, boxes: Array, name: str, fill: str | None = None, **line: Any) -> None:
    """Draw boxes (n, 2, 2) as one trace."""
    (left, right), (low, high) = _some(boxes).transpose(1, 2, 0)
    x, y = np.stack([left, right, right, left, left], axis=1), np.stack([low, low, high, high, low], axis=1)
    _path(picture, x, y, name, fill, **line)


def _path(picture: go.Figure, x: Array, y: Array, name: str, fill: str | None = None, **line: Any) -> None:
    """Draw lines (n, k) as one trace, with gaps between them."""
    if not len(x):
        return
    marked = name.startswith("undecided") and len(x) <= _FEW
    gap = np.full((len(x), 1), np.nan)
    picture.add_scatter(
        x=np.hstack([x, gap]).ravel(), y=np.hstack([y, gap]).ravel(), mode="lines+markers" if marked else "lines",
        name=name, line=line, marker={"color": TEXT, "symbol": "square", "size": 5},
        fill="toself" if fill else None, fillcolor=fill, opacity=0.8 if fill else None, hoverinfo="skip",
    )  # fmt: skip


def _arcs(picture: go.Figure, p: Proof, arcs: Array, targets: np.ndarray, name: str, bends: int, **line: Any) -> None:
    """Draw arcs (n, 2), in turns, of directions from which one looks at zeros[targets]."""
    arcs, targets = _some(arcs), _some(targets)
    angle = 2.0 * np.pi * (arcs[:, :1] + np.ptp(arcs, axis=1)[:, None] * np.linspace(0.0, 1.0, bends))
    z = p.zeros[targets]
    _path(picture, z[:, :1] - p.rho * np.cos(angle), z[:, 1:] - p.rho * np.sin(angle), name, **line)


def _marks(picture: go.Figure, l: Landscape, p: Proof, zeros_up: Array, points_up: Array) -> None:
    """Draw the zeros and the hallucinated points; the heights are given."""
    undecided = replace(KINDS["degenerate"], label="zero of undecided kind")
    for kind, mark in (*KINDS.items(), ("undecided", undecided)):
        chosen = _some(np.flatnonzero(p.kinds == kind))
        if chosen.size:
            texts = [f"{mark.label} of f, {place(p.zeros[i], l.diagonal)}" for i in chosen]
            picture.add_trace(points(p.zeros[chosen, 0], zeros_up[chosen], mark, texts))
    for word, mark in (("attracts", ATTRACTING), ("repels", REPELLING), ("undecided", UNDECIDED)):
        chosen = _some(np.flatnonzero(p.attracts == word))
        if chosen.size:
            texts = [
                f"hallucinated point, {place(p.points[i], l.diagonal)}<br>true to {number(float(p.errors[i]))}"
                for i in chosen
            ]
            picture.add_trace(points(p.points[chosen, 0], points_up[chosen], mark, texts))
