"""All radii in words and numbers: the finding, what happens at which radius, and what can be taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics import HallucinatedPoints, HallucinationCurves
from dynamics.critical_radius import KINDS
from dynamics.sentences import counted, number, place, told_apart
from dynamics.stability import attraction
from figures import Figure
from figures.branches import MOST
from figures.standalone import standalone
from pages.shared.analysis import Question
from pages.shared.download import download
from pages.shared.link import plain
from pages.shared.radius_analysis import Danger
from pages.shared.report import inventory, searched

_ELSE: Final = "a maximizer or a saddle of f, or a cycle around a hallucinated point, can still hold it"
_ALMOST: Final = 1.0 - 1e-9  # of the largest radius: what reaches it goes on
_ROWS = 2000  # of the table of events


def stuck(d: Danger) -> str:
    """Say at which radii SAM can stop at a hallucinated point, for a reader who has never heard of one."""
    if _from_one_on(d):
        perhaps = " (perhaps earlier)" if _open_below(d) else ""
        return f"From ρ = {number(float(d.intervals[0, 0]))} on{perhaps}, SAM can get stuck on a slope here."
    perhaps = ", perhaps at others too" if len(d.undecided) else ""
    return f"SAM can get stuck on a slope here {_where(d.intervals, d.curves.rho_max)}{perhaps}."


def _from_one_on(d: Danger) -> bool:
    """Say whether some point attracts at every radius from the critical one on."""
    if len(d.intervals) != 1:
        return False
    low, high = d.intervals[0].tolist()
    return bool(low > 0.0 and high >= d.curves.rho_max * _ALMOST)


def _open_below(d: Danger) -> bool:
    """Say whether below the critical radius there are points of which it is undecided whether they attract."""
    return d.critical is not None and len(d.undecided) > 0 and float(d.undecided[0, 0]) < d.critical


def finding(q: Question, d: Danger) -> list[str]:
    """Say from which radius on there is danger, at the step size and for small enough ones."""
    if d.moves:
        return [
            "This formula contains ρ, so that f itself changes with the radius: there is no critical radius that could "
            f"be read off one f. The branches hold f as it is at ρ = {plain(q.rho)}; move ρ to see the others."
        ]
    most = d.curves.rho_max
    upto = f"at any radius up to {number(most)}"
    if not len(d.curves):
        return [f"No hallucinated point was found in this window, {upto}."]
    small = "" if _same(d.small, d.intervals) else f" With very small steps: {_where(d.small, most)}."
    unknown = ""
    if len(d.undecided):
        unknown = (
            " For some that look at degenerate stationary points of f second derivatives do not decide it, "
            f"{_where(d.undecided, most)}."
        )
    if d.critical is None:
        known = " is known to attract SAM" if unknown else " attracts SAM"
        return [f"No hallucinated point found in this window{known} at η = {plain(q.eta)}, {upto}.{small}{unknown}"]
    at_most = "at most " if _open_below(d) else ""
    gap = ""
    if len(d.intervals) > 1:
        gap = f"; between these radii no point found {'is known to attract' if unknown else 'attracts'} SAM"
    firsts = sorted((float(v[0, 0]), kind) for kind, v in d.by_kind.items() if len(v))
    parts = [f"{kind}{'' if i else ' attract'} from {number(low)}" for i, (low, kind) in enumerate(firsts)]
    kinds = f" Points that look at a {', at a '.join(parts)}." if parts else ""
    return [
        f"{stuck(d)} The critical radius at η = {plain(q.eta)} is {at_most}{number(d.critical)}{gap}."
        f"{kinds}{small}{unknown}"
    ]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=5e-4))


def _where(intervals: np.ndarray, most: float, limit: int = 4) -> str:
    """Write intervals of radii: for ρ from 0.6 to 2.05."""
    if not len(intervals):
        return "at no radius"
    shown = intervals[:limit]
    written = told_apart(shown.ravel().tolist())
    parts = [
        f"from {begin} " + ("on" if high > most * _ALMOST else f"to {end}")
        for high, begin, end in zip(shown[:, 1], written[::2], written[1::2], strict=True)
    ]
    more = f" and in {counted(len(intervals) - limit, 'further interval')}" if len(intervals) > limit else ""
    return f"for ρ {', '.join(parts)}{more}"


def here(q: Question, h: HallucinatedPoints) -> str:
    """Say what there is at the current radius."""
    return f"At ρ = {plain(q.rho)} and this step size: {inventory(h, q.eta, '')}."


def corrected(q: Question, d: Danger, h: HallucinatedPoints) -> str:
    """Say so where the proof has points that attract at a radius at which no branch does; empty elsewhere."""
    n = int((h.by_proof & h.attract(q.eta)).sum())
    dangerous = ((d.intervals[:, 0] <= q.rho) & (q.rho <= d.intervals[:, 1])).any()
    if not n or d.moves or dangerous:
        return ""
    lower = d.critical is None or q.rho < d.critical
    at_most = f"the critical radius is at most {number(q.rho)}, and " if lower else ""
    return (
        f"At ρ = {plain(q.rho)} the proof has {counted(n, 'point')} that {'attracts' if n == 1 else 'attract'} SAM and "
        f"that the search has missed: {at_most}the branches lack {'it' if n == 1 else 'them'}."
    )


def show_finding(q: Question, d: Danger, h: HallucinatedPoints) -> None:
    """Show the finding, and what there is at the current radius."""
    lines = "".join(f'<p class="verdict">{line}</p>' for line in (*finding(q, d), here(q, h)))
    if d.critical is not None:  # the words that count
        words, _, _ = finding(q, d)[0].partition(". ")
        lines = lines.replace(f"{words}.", f"<strong>{words}.</strong>", 1)
    st.html(f"<div role='status'>{lines}</div>")
    if words := corrected(q, d, h):
        st.warning(words)
    notes = []
    told = defined(d)
    if told:
        notes.append(told)
    notes.append(searched(q.landscape))
    s = d.curves.stationary
    if missing := s.left_out + d.curves.left_out:
        st.warning(f"f has too many stationary points: only the innermost are looked at, {missing:,} are left out.")
    single = int((~d.curves.curves).sum())
    if single > MOST:
        notes.append(
            f"{MOST} of {single:,} branches are drawn: the first by ρ, and up to {MOST // 2} of those on which points "
            "attract. The numbers cover all of them."
        )
    if single < len(d.curves):
        notes.append(
            "Some of the points form curves, drawn as samples. There “attracts” means across the curve: along it SAM "
            "stays where it arrives."
        )
    if s.undefined:
        notes.append("f is undefined on a part of the window; branches end there.")
    st.caption(" ".join(notes))


def defined(d: Danger) -> str | None:
    """Say what the critical radius is and what it does not exclude; None where there is none."""
    if d.critical is None:
        return None
    known = "is known to attract" if len(d.undecided) else "attracts"
    return (
        "Critical radius: from there on a hallucinated point of this window can attract SAM at this step size. Below "
        f"it no point found {known} SAM, but {_ELSE}; Basins shows from which share of the starts."
    )


def beside_slider(d: Danger) -> str:
    """Say in a line or two at which radii there is danger, and what that leaves out."""
    if d.moves:
        return "This formula contains ρ: f changes with it, and no radius is critical for all of these f."
    if d.critical is None:
        found = "is known" if len(d.undecided) else "was found"
        most = number(d.curves.rho_max)
        return (
            f"Up to ρ = {most} no point {found} on a slope that holds SAM here. A saddle, a cycle or a plateau can "
            "still hold it."
        )
    there = "Below that" if _from_one_on(d) else "Elsewhere"
    return f"{stuck(d)} {there}, a maximizer, a saddle or a cycle can still hold it."


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
    "kink": "a kink or pole of f",
    "undefined": "f is undefined",
    "rounding": "it cannot be followed in floating-point numbers",
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
    columns["at_eta"] = attraction(c.step_limits, d.now.eta)
    columns |= {"eta_max": c.step_limits, "begins": c.starts[own], "ends": c.ends[own], "of_a_curve": c.curves[own]}
    return pd.DataFrame(columns).to_csv(index=False).encode()


def script(q: Question, d: Danger) -> str:
    """Write a short program that finds the same branches and radii with this package."""
    l = q.landscape
    intervals = f"""
print("critical radius", critical_radius(landscape, rho_max, eta, curves=curves))
print("attracting", attracting_intervals(landscape, rho_max, eta, curves=curves).tolist())
for kind in {KINDS!r}:
    print(kind, attracting_intervals(landscape, rho_max, eta, kind, curves).tolist())
"""
    names = "attracting_intervals, hallucination_curves, critical_radius"
    if d.moves:
        intervals = "# The formula contains rho: these branches are of f as it is at one radius.\n"
        names = "hallucination_curves"
    parameters = f", parameters={dict(l.parameters)!r}" if l.parameters else ""
    return f'''"""Run it where the packages landscapes and dynamics are, in this project's folder."""

from dynamics import {names}
from landscapes import Landscape

landscape = Landscape({l.formula!r}, domain={l.domain!r}{parameters})
rho_max, eta = {d.curves.rho_max!r}, {q.eta!r}

curves = hallucination_curves(landscape, rho_max)
for branch in curves:
    print(branch.kind, branch.target.tolist(), branch.rho[[0, -1]].tolist(), branch.start, branch.end)
{intervals}'''


def offer(q: Question, d: Danger, draw: Callable[[], Figure]) -> None:
    """Offer the branches and the diagram to be taken away."""
    title = f"Hallucinated points over the radius: {q.landscape.formula}"
    with st.container(horizontal=True):
        download("Branches as CSV", partial(branches_csv, d), "branches.csv")
        download("Picture as HTML", lambda: standalone(draw(), title), "picture.html")
        download("Python script", partial(script, q, d), "reproduce.py")
