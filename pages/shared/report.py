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
from dynamics.stability import attraction, attraction_of_curve
from dynamics.stationary import CELLS_1D, located
from figures.palette import KINDS, RULES
from landscapes import Landscape
from pages.shared.analysis import COMPARED, Answer, Question
from pages.shared.download import download_table
from pages.shared.link import plain

_WHOLE: Final = 25  # rows up to which the table is shown whole
_SURE: Final = 1e-9  # of the window's diagonal: what is known better needs no word
_CURVES: Final = 10  # that are described one by one
_CURVE: Final = {
    "attracts": "it attracts SAM at this step size",
    "attracts in part": "a part of it attracts SAM at this step size",
    "repels": "it does not attract SAM at this step size",
    "undecided": "second derivatives do not decide whether it attracts SAM",
}
RESIDUAL: Final = "passes the definition up to rounding: 0 at x⁺, though not at x"
_ORDER: Final = {"attracts": 0, "undecided": 1, "repels": 2}  # of the rows


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
    window = " by ".join(f"{plain(low)} to {plain(high)}" for low, high in q.landscape.domain)
    return (
        f"Landscape f on {window} with radius {number(q.rho)}. {a.sam.verdict.sentence} {a.gd.verdict.sentence} "
        f"In the window: {inventory(a.found, q.eta)}."
    )


def inventory(h: HallucinatedPoints, eta: float, steps: str = " at this step size") -> str:
    """Count the points and the curves of them at one radius, and say how many attract."""
    parts = []
    if len(h) or not h.curves:
        parts.append(held(attraction(h.step_limits, eta), "hallucinated point", steps))
    if h.curves:
        states = np.array([attraction_of_curve(curve.step_limits, eta) for curve in h.curves])
        states[states == "attracts in part"] = "attracts"
        parts.append(held(states, "curve of hallucinated points", steps, "curves of hallucinated points"))
    return "; ".join(parts)


def held(states: np.ndarray, noun: str, steps: str = " at this step size", plural: str | None = None) -> str:
    """Count points in words and say how many of them attract, without a full stop; never of what is undecided.

    Args:
        states: (n,) of each "attracts", "repels" or "undecided".
        noun: what they are.
        steps: at which step size, in words.
        plural: of the noun where it is irregular.
    """
    n, some, undecided = len(states), int((states == "attracts").sum()), int((states == "undecided").sum())
    what = f"{counted(n, noun, plural)} found" if n else f"no {noun} was found"
    if undecided == n > 0:
        return f"{what}; second derivatives do not decide whether {'it attracts' if n == 1 else 'they attract'} SAM"
    if n < 2:
        return f"{what}, {'attracting' if some else 'not attracting'} SAM{steps}" if n else what
    if undecided and not some:
        others = "the other one does not" if n == undecided + 1 else "of the others none does"
        whether = "one of them attracts" if undecided == 1 else f"{undecided:,} of them attract"
        return f"{what}; second derivatives do not decide whether {whether} SAM{steps}, {others}"
    rest = f"; for {undecided:,} of them second derivatives do not decide it" if undecided else ""
    count = "all" if some == n else f"{some:,}" if some else "none"
    return f"{what}, {count} of them attracting SAM{steps}{rest}"


def table(q: Question, h: HallucinatedPoints) -> pd.DataFrame:
    """Tabulate the isolated hallucinated points, one a row, with all digits; first those that attract."""
    columns: dict[str, Any] = {}
    axes = "xy"[: q.landscape.dim]
    rounding = 1e-13 * q.landscape.diagonal
    points, targets = (np.where(np.abs(p) > rounding, p, 0.0) for p in (h.points, h.targets))
    for i, axis in enumerate(axes):
        columns[axis] = points[:, i]
    columns["at this η"] = attraction(h.step_limits, q.eta)  # what decides stands where a phone shows it
    columns["|∇f(x)|"] = h.gradient_norms
    for i, axis in enumerate(axes):
        columns[f"target {axis}"] = targets[:, i]
    columns["target is a"] = h.kinds
    columns["|∇f(x⁺)|"] = h.residuals
    columns["attracts below η"] = h.step_limits
    columns["found by"] = np.where(h.by_proof, "the proof", "search")
    rows = pd.DataFrame(columns)
    return rows.sort_values("at this η", kind="stable", key=lambda word: word.map(_ORDER), ignore_index=True)


def show_points(q: Question, a: Answer) -> None:
    """Show the hallucinated points found, with the numbers that the definition is about, to sort and to take away."""
    h = a.found
    st.subheader("Hallucinated points found in the window")
    if q.rho == 0.0:
        st.write("With ρ = 0 SAM does not look ahead: it is gradient descent, and there are no hallucinated points.")
        return
    if h.stationary.flat == 1.0:
        st.write(
            "f is constant on this window, exactly or by rounding: its gradient is zero everywhere, so there is "
            "nothing to hallucinate."
        )
    elif h.stationary.undefined == 1.0:
        st.write("f is not defined anywhere on this window. Set another window, or other values for the parameters.")
    elif len(h) == 0 and not h.curves:
        st.write(f"None was found at ρ = {plain(q.rho)}.")
    missing = h.stationary.left_out + h.left_out
    if missing:
        used = f"{len(h.stationary.points) - h.left_out:,} innermost"
        if h.stationary.curves:
            used += f" and {counted(len(h.stationary.curves), 'curve')} of them"
        st.warning(
            f"f has too many stationary points: only the {used} were used as targets, {missing:,} more were left out, "
            "and points that look at these are missing here. Choose a smaller window."
        )
    for curve in h.curves[:_CURVES]:
        st.write(
            f"A whole {'curve' if q.landscape.dim == 2 else 'interval'} of hallucinated points, drawn as a line of "
            f"{len(curve.points)} samples. Its targets are {KINDS[curve.kind].label}s of f; "
            f"{_CURVE[attraction_of_curve(curve.step_limits, q.eta)]}."
        )
    if len(h.curves) > _CURVES:
        st.write(f"{len(h.curves) + h.curves_left_out - _CURVES:,} more such curves were found.")
    if h.curves_left_out:
        st.write(f"Of these {counted(h.curves_left_out, 'curve')}, the shortest, are not drawn.")
    if len(h) == 0:
        return
    st.write(f"{held(attraction(h.step_limits, q.eta), 'point')}.")
    rows = table(q, h)
    formats = {name: st.column_config.NumberColumn(format="%.6g") for name in rows if rows[name].dtype.kind == "f"}
    formats["|∇f(x⁺)|"] = st.column_config.NumberColumn(format="%.1e", help=RESIDUAL)
    formats["|∇f(x)|"] = st.column_config.NumberColumn(format="%.6g", help="not 0: x is no stationary point of f")
    formats["attracts below η"] = st.column_config.NumberColumn(
        format="%.4g",
        help="largest stable step size; 0: repels at every step size; none: not decided by second derivatives",
    )
    height: Any = "content" if len(rows) <= _WHOLE else "auto"
    shown = [name for name in rows if name != "found by" or h.by_proof.any()]
    st.dataframe(rows, hide_index=True, column_config=formats, column_order=shown, width="stretch", height=height)
    show_located(q.landscape, h)
    download_table("Points as CSV", rows, "hallucinated-points.csv")


def show_located(l: Landscape, h: HallucinatedPoints) -> None:
    """Say how well targets are known whose place the gradient hardly tells."""
    targets = np.unique(h.targets[h.kinds == "degenerate"], axis=0)
    error = float(located(l, targets).max(initial=0.0))
    if error > _SURE * l.diagonal:
        st.caption(
            f"Degenerate stationary points of f are located to about {number(error)} only, by the steps that Newton's "
            "method would still take there, and the points that look at them no better."
        )


def searched(l: Landscape) -> str:
    """Say what a search for stationary points may miss."""
    cells = CELLS_1D if l.dim == 1 else CELLS_2D
    narrow = 2.0 * max((high - low) / cells for low, high in l.domain)
    return (
        f"Features narrower than {number(narrow)} may be missed. Kinks, such as that of |x|, are no zeros of the "
        "gradient; they are not searched."
    )


def show_search(q: Question, a: Answer) -> None:
    """Say what the search covered, what it left undecided, and how the numbers were checked."""
    h, s = a.found, a.found.stationary
    window = " × ".join(f"[{plain(low)}, {plain(high)}]" for low, high in s.window)
    lines = [
        f"Targets were searched in {window}: {counted(s.candidates, 'place')} on a grid of spacing "
        f"{' × '.join(number(v) for v in s.spacing)} gave {counted(len(s.points), 'isolated stationary point')}"
        + (f" and {counted(len(s.curves), 'curve')} of them" if s.curves else "")
        + f"; {counted(s.unconverged, 'place')} remained undecided.",
        searched(q.landscape),
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
        n = COMPARED[q.landscape.dim]
        where = counted(n, "place") if q.landscape.dim == 1 else f"{n} × {n} places"
        lines.append(f"The gradient agrees with autograd's {agrees}, compared at {where} of this window.")
    with st.expander("What was searched and checked"):
        st.markdown("\n".join(f"- {line}" for line in lines))
