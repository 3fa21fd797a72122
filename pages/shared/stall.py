"""The stall in plain words, for a reader who has never heard of it: what happened, why, and what it is called."""

from __future__ import annotations

import html

import streamlit as st

from dynamics import Verdict
from dynamics.sentences import article, counted, number, place
from dynamics.stability import attraction
from figures.palette import GD, SAM
from pages.shared.analysis import Answer, Question

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
        st.markdown(otherwise(q, v))
    st.markdown(stars(q, a))


def otherwise(q: Question, v: Verdict) -> str:
    """Say what it means that a run did not stop at a hallucinated point, nor on a hilltop."""
    if v.kind == "minimizer" and v.outcome in ("reached", "bouncing"):
        return "From this start SAM is not deceived at this radius: it finds a valley, as GD would."
    if v.outcome in ("stopped", "trapped"):
        return "That is no hallucination: the slope is 0 where SAM is held. But it is not the bottom of a valley."
    if v.outcome == "diverged":
        return "That is no hallucination: SAM has left the window."
    slope = f"the slope where it is now is {number(v.gradient_norm)}"
    if v.outcome == "stalled":
        return (
            f"SAM hardly moves, since the slope where it looks has almost vanished; {slope}. No point was confirmed at "
            "which it would be exactly 0, so that this is not called a hallucination."
        )
    if v.outcome == "cycling":
        return f"SAM does not come to rest: it goes round and round, and {slope}. That is not called a hallucination."
    return f"SAM has not come to rest after {counted(q.steps, 'step')}; {slope}. More steps may tell."


def stars(q: Question, a: Answer) -> str:
    """Say what the stars in the picture are, how many were found, and what they do to SAM."""
    states = attraction(a.found.step_limits, q.eta)
    n, some, undecided = len(states), int((states == "attracts").sum()), int((states == "undecided").sum())
    if not n:
        return "At this ρ no point was found where SAM would stop although f still slopes downhill."
    what = (
        f"Stars mark the points found where SAM would stop although f still slopes downhill: "
        f"{counted(n, 'hallucinated point')}. "
    )
    if some == n:
        return what + ("It attracts SAM." if n == 1 else "Both attract SAM." if n == 2 else "All of them attract SAM.")
    if undecided == n:
        return what + f"Second derivatives do not decide whether {'it attracts' if n == 1 else 'they attract'} SAM."
    open_ = f"; of {undecided:,} that is undecided" if undecided else ""
    if not some:
        them = "It repels" if n == 1 else "The hollow ones repel" if undecided else "All of them repel"
        return f"{what}{them} SAM at this step size{open_}."
    hollow = "; hollow ones repel it" if some + undecided < n else ""
    return f"{what}{some:,} of them {'attracts' if some == 1 else 'attract'} SAM{hollow}{open_}."
