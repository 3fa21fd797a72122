"""All radii in words and numbers: the finding, what happens at which radius, and what can be taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dynamics import HallucinatedPoints, HallucinationCurves
from dynamics.safe import KINDS
from dynamics.sentences import counted, number, place
from figures import Figure
from figures.branches import MOST
from figures.standalone import standalone
from pages.shared.analysis import Question
from pages.shared.download import download
from pages.shared.link import plain
from pages.shared.radius_analysis import Danger

_ROWS = 2000  # of the table of events


def finding(q: Question, d: Danger) -> list[str]:
    """Say from which radius on there is danger, at the step size and for small enough ones."""
    most = d.curves.rho_max
    small = "" if _same(d.small, d.intervals) else f" For small enough steps one does {_where(d.small, most)}."
    if d.safe is None:
        upto = f"at any radius up to {number(most)}"
        if not len(d.curves):
            return [f"No hallucinated point in this window, {upto}."]
        return [f"No hallucinated point in this window attracts SAM at η = {plain(q.eta)}, {upto}.{small}"]
    first = (
        f"Safe radius {number(d.safe)}. At η = {plain(q.eta)} some hallucinated point attracts SAM "
        f"{_where(d.intervals, most)}"
    )
    gap = "; between these radii none does" if len(d.intervals) > 1 else ""
    parts = [f"{kind}s from {number(float(v[0, 0]))}" for kind, v in d.by_kind.items() if len(v)]
    kinds = f" Looking at {', at '.join(parts)} on." if parts else ""
    return [f"{first}{gap}.{kinds}{small}"]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=5e-4))


def _where(intervals: np.ndarray, most: float, limit: int = 4) -> str:
    """Write intervals of radii: for ρ from 0.6 to 2.05."""
    if not len(intervals):
        return "at no radius"
    parts = [
        f"from {number(float(low))} " + ("on" if high > most * (1.0 - 1e-9) else f"to {number(float(high))}")
        for low, high in intervals[:limit]
    ]
    more = f" and in {counted(len(intervals) - limit, 'further interval')}" if len(intervals) > limit else ""
    return f"for ρ {', '.join(parts)}{more}"


def here(q: Question, h: HallucinatedPoints) -> str:
    """Say what there is at the current radius."""
    attracting = int(h.attract(q.eta).sum())
    parts = []
    if len(h) or not h.curves:
        parts.append(f"{counted(len(h), 'hallucinated point')}, {attracting or 'none'} of them attracting SAM")
    if h.curves:
        held = sum(bool((curve.step_limits > q.eta).any()) for curve in h.curves)
        parts.append(
            f"{counted(len(h.curves), 'curve')} of hallucinated points, {held or 'none'} of them attracting SAM"
        )
    return f"At ρ = {plain(q.rho)} and this step size: {'; '.join(parts)}."


def show_finding(q: Question, d: Danger, h: HallucinatedPoints) -> None:
    """Show the finding, and what there is at the current radius."""
    lines = "".join(f'<p class="verdict">{line}</p>' for line in (*finding(q, d), here(q, h)))
    if d.safe is not None:  # the words that count
        lines = lines.replace(f"Safe radius {number(d.safe)}.", f"<strong>Safe radius {number(d.safe)}.</strong>", 1)
    st.html(f"<div role='status'>{lines}</div>")
    if "rho" in dict(q.landscape.parameters):
        st.info(
            f"This formula contains ρ, so that f itself changes with the radius. The branches hold f as it is at "
            f"ρ = {plain(q.rho)}; move ρ to see the others."
        )
    s = d.curves.stationary
    if s.left_out:
        st.warning(f"f has too many stationary points: only the {len(s.points):,} innermost are looked at.")
    single = int((~d.curves.curves).sum())
    if single > MOST:
        st.caption(
            f"{MOST} of {single:,} branches are drawn: the first by ρ, and up to {MOST // 2} of those on which points "
            "attract. The numbers cover all of them."
        )
    if single < len(d.curves):
        st.caption(
            "Some of the points form curves, drawn as samples. There “attracts” means across the curve: along it SAM "
            "stays where it arrives."
        )
    if s.undefined:
        st.caption("f is undefined on a part of the window; branches end there.")


def critical(d: Danger) -> str:
    """Name the radii at which it begins or ceases to be dangerous, for beside the slider."""
    most = d.curves.rho_max
    ends = [number(float(v)) for v in d.intervals.ravel() if 0.0 < v < most * (1.0 - 1e-9)]
    if not ends:
        return "No radius is critical at this step size."
    if len(ends) == 1:
        return f"Critical radius at this step size: {ends[0]}, the safe radius."
    shown = ", ".join(ends[:6]) + (", …" if len(ends) > 6 else "")
    return f"Critical radii at this step size: {shown}. The first is the safe radius."


def alternative(q: Question, d: Danger, h: HallucinatedPoints) -> str:
    """Say what the pictures show, for those who do not see them."""
    c = d.curves
    folds = int((c.starts == "fold").sum() + (c.ends == "fold").sum()) // 2
    return (
        f"Hallucinated points over the radius, from 0 to {number(c.rho_max)}, on {counted(len(c), 'branch')} "
        f"with {counted(folds, 'fold')}. {' '.join(finding(q, d))} {here(q, h)}"
    )


def events(q: Question, d: Danger) -> pd.DataFrame:
    """Tabulate what happens at which radius: births, deaths, folds, crossings, changes of attraction."""
    c, a, l = d.curves, d.now, q.landscape
    rows: list[dict[str, Any]] = []
    for ends, why, verb in ((c.offsets[:-1], c.starts, "begins"), (c.offsets[1:] - 1, c.ends, "ends")):
        for i, (k, word) in enumerate(zip(ends.tolist(), why.tolist(), strict=True)):
            if word not in ("target", "rho_max"):
                rows.append(_row(c, l.diagonal, i, float(c.rho[k]), c.points[k], f"{verb}: {_WHY.get(word, word)}"))
    tiny = 1e-9 * c.rho_max
    for n, (i, low, high) in enumerate(zip(a.branch.tolist(), a.low.tolist(), a.high.tolist(), strict=True)):
        if n >= _ROWS:
            break
        for rho, word, inner in (
            (low, "begins to attract", low > c.lows[i] + tiny),
            (high, "stops attracting", high < c.highs[i] - tiny),
        ):
            if inner:
                branch = c[i]
                x = np.array([np.interp(rho, branch.rho, column) for column in branch.points.T])
                rows.append(_row(c, l.diagonal, i, rho, x, word))
    table = pd.DataFrame(rows, columns=["ρ", "what", "x at", "looks at a", "target", "branch"])
    # The samples of a curve of points all tell the same.
    alike = c.curves[table["branch"]] & table.assign(ρ=table["ρ"].round(9)).duplicated(["ρ", "what", "looks at a"])
    return table[~alike].sort_values("ρ", kind="stable", ignore_index=True)


_WHY = {
    "stationary point": "x meets a stationary point",
    "edge": "the window's edge",
    "fold": "a fold",
    "crossing": "branches cross",
    "kink": "a kink of f",
    "undefined": "f is undefined",
}


def _row(c: HallucinationCurves, scale: float, i: int, rho: float, x: np.ndarray, what: str) -> dict[str, Any]:
    return {
        "ρ": rho,
        "what": what,
        "x at": place(x, scale),
        "looks at a": str(c.kinds[i]),
        "target": place(c.targets[i], scale),
        "branch": i,
    }


def show_events(q: Question, d: Danger) -> None:
    """Show what happens at which radius."""
    if not len(d.curves):
        return
    table = events(q, d)
    with st.expander(f"What happens at which radius: {counted(len(table), 'event')}"):
        st.dataframe(
            table[:_ROWS], hide_index=True, width="stretch",
            column_config={"ρ": st.column_config.NumberColumn(format="%.7g")},
        )  # fmt: skip
        if len(table) > _ROWS:
            st.caption(f"The first {_ROWS:,} of {len(table):,}.")


def branches_csv(d: Danger) -> bytes:
    """Write the samples of all branches, one a row, with all digits."""
    c = d.curves
    own, axes = c.branch, "xy"[: c.landscape.dim]
    columns: dict[str, Any] = {"branch": own, "rho": c.rho}
    columns |= {axis: c.points[:, i] for i, axis in enumerate(axes)}
    columns |= {f"target_{axis}": c.targets[own, i] for i, axis in enumerate(axes)}
    columns["target_kind"] = c.kinds[own]
    for i in range(c.landscape.dim):
        columns |= {f"mu{i + 1}_real": c.eigenvalues[:, i].real, f"mu{i + 1}_imag": c.eigenvalues[:, i].imag}
    columns |= {"eta_max": c.step_limits, "begins": c.starts[own], "ends": c.ends[own], "of_a_curve": c.curves[own]}
    return pd.DataFrame(columns).to_csv(index=False).encode()


def script(q: Question, d: Danger) -> str:
    """Write a short program that finds the same branches and radii with this package."""
    l = q.landscape
    parameters = f", parameters={dict(l.parameters)!r}" if l.parameters else ""
    return f'''"""Run it where the packages landscapes and dynamics are, in this project's folder."""

from dynamics import attracting_intervals, hallucination_curves, safe_radius
from landscapes import Landscape

landscape = Landscape({l.formula!r}, domain={l.domain!r}{parameters})
rho_max, eta = {d.curves.rho_max!r}, {q.eta!r}

curves = hallucination_curves(landscape, rho_max)
for branch in curves:
    print(branch.kind, branch.target.tolist(), branch.rho[[0, -1]].tolist(), branch.start, branch.end)

print("safe radius", safe_radius(landscape, rho_max, eta, curves=curves))
print("attracting", attracting_intervals(landscape, rho_max, eta, curves=curves).tolist())
for kind in {KINDS!r}:
    print(kind, attracting_intervals(landscape, rho_max, eta, kind, curves).tolist())
'''


def offer(q: Question, d: Danger, draw: Callable[[], Figure]) -> None:
    """Offer the branches and the diagram to be taken away."""
    title = f"Hallucinated points over the radius: {q.landscape.formula}"
    with st.container(horizontal=True):
        download("Branches as CSV", partial(branches_csv, d), "branches.csv")
        download("Picture as HTML", lambda: standalone(draw(), title), "picture.html")
        download("Python script", partial(script, q, d), "reproduce.py")
