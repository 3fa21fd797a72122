"""The stall in plain words, for a reader who has never heard of it: what happened, why, and what it is called."""

from __future__ import annotations

import html

import streamlit as st

from dynamics import Verdict
from dynamics.sentences import article, number, place
from dynamics.stability import attraction
from figures.palette import GD, SAM
from pages.shared.analysis import Answer, Question
from pages.shared.report import held

_LINE = '<p class="verdict"><span aria-hidden="true" style="color:{}">&#9679;</span> {}</p>'


def tell(q: Question, a: Answer) -> None:
    """Say how SAM and GD ended, SAM first, without a word that needs to be explained."""
    lines = _LINE.format(SAM, html.escape(sam_ended(q, a.sam.verdict))) + _LINE.format(GD, html.escape(gd_ended(q, a)))
    st.html(f"<div role='status'>{lines}</div>")


def sam_ended(q: Question, v: Verdict) -> str:
    """Say how SAM ended, for one variable."""
    scale = q.landscape.diagonal
    if v.outcome == "hallucinated" and v.point is not None and v.slope is not None:
        falls = f"although f still falls there: the slope is {number(v.slope)}, not 0."
        return f"SAM stops at {place(v.point, scale)}, {falls}"
    if v.outcome == "trapped" and v.kind == "maximizer" and v.point is not None:
        return f"SAM is held on the top of the hill, at {place(v.point, scale)}, where the slope is 0."
    return v.sentence


def gd_ended(q: Question, a: Answer) -> str:
    """Say how GD ended; that it goes on, where SAM stopped short."""
    v = a.gd.verdict
    if v.outcome == "reached" and a.sam.verdict.outcome in ("hallucinated", "trapped") and v.point is not None:
        where = place(v.point, q.landscape.diagonal)
        return f"GD, from the same start, goes on down to the bottom of a valley, at {where}."
    return v.sentence


def explain(q: Question, a: Answer) -> None:
    """Take the last step of SAM's run apart, with its numbers, and say what such a stop is called."""
    v, scale = a.sam.verdict, q.landscape.diagonal
    if v.outcome == "hallucinated" and v.point is not None and v.target is not None and v.slope is not None:
        over = "over the top, " if v.kind == "minimizer" else ""
        bottom = ", the bottom of a valley" if v.kind == "minimizer" else ""
        st.markdown(
            f"1. **Look uphill.** From {place(v.point, scale)} SAM goes ρ = {q.rho:.4g} in the direction in which f "
            f"rises, {over}to {place(v.target, scale)}.\n"
            f"2. **Measure there.** That is {article(v.kind or 'degenerate')} of f{bottom}: the slope is 0.\n"
            f"3. **Step down here.** A step of η times 0 is no step. SAM stays, though the slope here is "
            f"{number(v.slope)}.\n\n"
            f"Such a place is called a **hallucinated {v.kind if v.kind != 'degenerate' else 'point'}**: SAM takes "
            f"{place(v.point, scale)} for what it sees at {place(v.target, scale)}."
        )
    elif v.outcome == "trapped" and v.kind == "maximizer":
        st.markdown(
            "**A trap, but no hallucination.** On either side of the top SAM looks over it, measures the slope of the "
            "other side, and steps back up. At the top itself the slope is 0, as it should be where a method stops; "
            "but nobody wants to end there, and GD rolls off."
        )
    elif q.rho == 0.0:
        st.markdown("With ρ = 0 SAM does not look ahead: it is gradient descent. Move ρ up.")
    else:
        st.markdown("From this start SAM is not deceived at this radius.")
    st.markdown(stars(q, a))


def stars(q: Question, a: Answer) -> str:
    """Say what the stars in the picture are, and how many there are."""
    if not len(a.found):
        return "At this ρ there is no place in the window at which SAM could stop though f falls."
    points = held(attraction(a.found.step_limits, q.eta), "hallucinated point", "")
    return (
        f"Stars mark every place in the window at which SAM can stop though f falls: {points}. From hollow stars it "
        "drifts away."
    )
