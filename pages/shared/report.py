"""An answer in words and numbers: verdicts, the table of hallucinated points, and what was searched."""

from __future__ import annotations

import html
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics import HallucinatedPoints
from dynamics.roots import CELLS_2D
from dynamics.sentences import counted, number, percent
from dynamics.stationary import CELLS_1D
from figures.palette import KINDS, RULES
from pages.shared.analysis import Answer, Question
from pages.shared.download import download_table
from pages.shared.link import plain

_WHOLE: Final = 25  # rows up to which the table is shown whole


def show_verdicts(a: Answer) -> None:
    """Say how SAM and GD ended, SAM first."""
    lines = "".join(
        f'<p class="verdict"><span aria-hidden="true" style="color:{RULES[run.orbit.name]}">&#9679;</span> '
        f"{html.escape(run.verdict.sentence)}</p>"
        for run in (a.sam, a.gd)
    )
    st.html(f"<div role='status'>{lines}</div>")


def alternative(q: Question, a: Answer) -> str:
    """Say what the picture shows, for those who do not see it."""
    count = len(a.found)
    attracting = int(a.found.attract(q.eta).sum())
    window = " by ".join(f"{plain(low)} to {plain(high)}" for low, high in q.landscape.domain)
    return (
        f"Landscape f on {window} with radius {number(q.rho)}. {a.sam.verdict.sentence} {a.gd.verdict.sentence} "
        f"In the window: {counted(count, 'isolated hallucinated point')}; {attracting} of them attract SAM at this "
        "step size."
    )


def table(q: Question, h: HallucinatedPoints) -> pd.DataFrame:
    """Tabulate the isolated hallucinated points, one a row, with all digits."""
    columns: dict[str, Any] = {}
    axes = "xy"[: q.landscape.dim]
    rounding = 1e-13 * q.landscape.diagonal
    points, targets = (np.where(np.abs(p) > rounding, p, 0.0) for p in (h.points, h.targets))
    for i, axis in enumerate(axes):
        columns[axis] = points[:, i]
    columns["|∇f(x)|"] = h.gradient_norms
    for i, axis in enumerate(axes):
        columns[f"target {axis}"] = targets[:, i]
    columns["target is a"] = h.kinds
    columns["|∇f(x⁺)|"] = h.residuals
    undecided = np.isnan(h.step_limits)
    columns["at this η"] = np.select([undecided, h.attract(q.eta)], ["undecided", "attracts"], "repels")
    columns["attracts below η"] = np.where(undecided, np.nan, h.step_limits)
    return pd.DataFrame(columns)


def show_points(q: Question, a: Answer) -> None:
    """Show every hallucinated point with the numbers that prove it, to sort and to take away."""
    h = a.found
    st.subheader("Every hallucinated point in the window")
    if q.rho == 0.0:
        st.write("With ρ = 0 SAM does not look ahead: it is gradient descent, and there are no hallucinated points.")
        return
    if h.stationary.flat == 1.0:
        st.write("f is constant on this window: its gradient is zero everywhere, so there is nothing to hallucinate.")
    elif h.stationary.undefined == 1.0:
        st.write("f is not defined anywhere on this window. Set another window, or other values for the parameters.")
    elif len(h) == 0 and not h.curves:
        st.write(f"{'None was found' if h.stationary.left_out else 'There is none'} at ρ = {q.rho:.4g}.")
    if h.stationary.left_out:
        st.warning(
            f"f has too many stationary points: only the {len(h.stationary.points):,} innermost were used as targets, "
            "and points that look at others are missing here. Choose a smaller window."
        )
    for curve in h.curves:
        held = bool((curve.step_limits > q.eta).all())
        st.write(
            f"A whole {'curve' if q.landscape.dim == 2 else 'interval'} of hallucinated points, drawn as a line of "
            f"{len(curve.points)} samples. Its targets are {KINDS[curve.kind].label}s of f; it "
            f"{'attracts' if held else 'does not attract'} SAM at this step size."
        )
    if len(h) == 0:
        return
    st.write(_summary(h, q.eta))
    rows = table(q, h)
    formats = {name: st.column_config.NumberColumn(format="%.6g") for name in rows if rows[name].dtype.kind == "f"}
    formats["|∇f(x⁺)|"] = st.column_config.NumberColumn(format="%.1e", help="0 up to rounding: that proves the point")
    formats["|∇f(x)|"] = st.column_config.NumberColumn(format="%.6g", help="not 0: x is no stationary point of f")
    formats["attracts below η"] = st.column_config.NumberColumn(
        format="%.4g", help="largest stable step size; 0: repels at every step size; none: not decided by derivatives"
    )
    height: Any = "content" if len(rows) <= _WHOLE else "auto"
    st.dataframe(rows, hide_index=True, column_config=formats, width="stretch", height=height)
    download_table("Points as CSV", rows, "hallucinated-points.csv")


def _summary(h: HallucinatedPoints, eta: float) -> str:
    """Say how many isolated points there are and how many of them attract."""
    attracting, undecided = int(h.attract(eta).sum()), int(np.isnan(h.step_limits).sum())
    if len(h) == 1:
        if undecided:
            return "1 point; derivatives do not decide whether it attracts SAM."
        return f"1 point, {'attracting' if attracting else 'not attracting'} SAM at this step size."
    some = "all" if attracting == len(h) else f"{attracting:,}" if attracting else "none"
    rest = f" For {undecided:,} of them derivatives do not decide it." if undecided else ""
    return f"{counted(len(h), 'point')}, {some} of them attracting SAM at this step size.{rest}"


def show_search(q: Question, a: Answer) -> None:
    """Say what the search covered, what it left undecided, and how the numbers were checked."""
    h, s = a.found, a.found.stationary
    cells = CELLS_1D if q.landscape.dim == 1 else CELLS_2D
    narrow = 2.0 * max((high - low) / cells for low, high in q.landscape.domain)
    window = " × ".join(f"[{plain(low)}, {plain(high)}]" for low, high in s.window)
    lines = [
        f"Targets were searched in {window}: {counted(s.candidates, 'place')} on a grid of spacing "
        f"{' × '.join(number(v) for v in s.spacing)} gave {counted(len(s.points), 'isolated stationary point')}"
        + (f" and {counted(len(s.curves), 'curve')} of them" if s.curves else "")
        + f"; {counted(s.unconverged, 'place')} remained undecided.",
        f"Features narrower than {number(narrow)} may be missed. Kinks, such as that of |x|, are no zeros of the "
        "gradient; they are not searched.",
    ]
    if len(h):
        worst = number(float(h.residuals.max()))
        lines.append(f"At every point found the gradient at the look-ahead point is at most {worst}.")
    if h.unconverged:
        lines.append(f"{counted(h.unconverged, 'candidate')} failed the definition and were left out.")
    if s.left_out:
        lines.append(f"{counted(s.left_out, 'further stationary point')} were left out: the limit is reached.")
    if s.undefined:
        lines.append(f"f is undefined on {percent(s.undefined)} of the grid.")
    if s.flat:
        lines.append(f"On {percent(s.flat)} of the grid the gradient is zero, exactly or by rounding.")
    if np.isfinite(a.agreement):
        agrees = f"to {number(a.agreement)}" if a.agreement else "to the last digit"
        lines.append(f"The gradient agrees with autograd's {agrees} on this window.")
    with st.expander("What was searched and checked"):
        st.markdown("\n".join(f"- {line}" for line in lines))
