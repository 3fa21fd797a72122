"""The proof that the table of hallucinated points is complete: a line, what exactly is proved, and its picture."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from dynamics import HallucinatedPoints, Proof
from dynamics.certificate import compared
from dynamics.sentences import counted, place
from figures.boxes import MOST, proof_picture
from landscapes import Landscape
from pages.shared.analysis import Answer, Question
from pages.shared.compute import wait_for
from pages.shared.jobs import Busy
from pages.shared.legend import show_legend
from pages.shared.player import player
from pages.shared.proofs import asked_by, at_once, proofs

_HOW: Final = {
    1: ("interval", "places at the distance ρ from zeros", "An interval is decided by Newton's method for f′ = 0."),
    2: (
        "box",
        "arcs of directions around zeros",
        "A box is decided by Krawczyk's test on ∇f = 0, an arc by the slope along the circle and its derivative.",
    ),
}


@st.fragment
def show_proof(q: Question, a: Answer, heading: str = "") -> None:
    """Say whether the points found are proved to be all, at once where that takes a moment, else on demand.

    A fragment: asking for the proof or for its picture runs this part of the page only, unless the proof has points
    that the list lacks. Then the page runs anew, with `proofs.ask` to complete the list, its table and its picture.

    Args:
        q: landscape, radius and step size.
        a: the answer, of which the points found are looked at.
        heading: written above, unless there is nothing to prove.
    """
    found = a.found
    if q.rho == 0.0 or found.stationary.undefined == 1.0 or found.stationary.flat == 1.0:
        return
    if heading:
        st.subheader(heading)
    proof = proofs.made(asked_by(q)) or at_once(q, found) or _on_demand(q, found)
    if proof is None:
        return
    proof = compared(proof, q.landscape, found)
    if proof.lacking.size and not found.by_proof.any():
        st.rerun()
    _show(q, proof, found)


def _on_demand(q: Question, found: HallucinatedPoints) -> Proof | None:
    """Offer the proof, and let a worker make it when it is asked for."""
    asked = asked_by(q)
    job = proofs.job(asked)
    button, line = st.empty(), st.empty()
    if job is None or not job.future.done():
        what = "these are all" if len(found) or found.curves else "there is none"
        pressed = button.button(f"Prove that {what}", key="prove", help="by ball arithmetic; takes a few seconds")
        if job is None and not pressed:
            return None
    try:
        job = job or proofs.begin(asked)
        proof: Proof = wait_for(job, "Choose a smaller window.", partial(line.caption, "A worker is at it."))
    except Busy as error:
        line.warning(str(error))
        return None
    button.empty()
    line.empty()
    return proof


def _show(q: Question, p: Proof, found: HallucinatedPoints) -> None:
    word, _, rest = p.headline.partition(":")
    st.markdown(f"**{word}:**{rest}")
    if found.by_proof.any():
        st.markdown(joined(found))
    if len(p.unsearched):
        st.warning(unsearched(q.landscape, p))
    noun, where, how = _HOW[q.landscape.dim]
    boxes, arcs = p.looked_at
    lines = [
        p.sentence,
        "f is here the formula over the real numbers: its decimals, its parameters, ρ, η and the window's edges are "
        "the floating-point numbers they were read as, π and e the numbers of mathematics, and no result is rounded. "
        "Ball arithmetic encloses every rounding of the proof itself.",
        f"The proof looked at {counted(boxes, noun)} and {arcs:,} {where}. {how}",
        "It knows nothing of the search that made the table: it finds everything anew, and only then compares. What "
        "it has and the search lacks joins the table.",
    ]
    with st.expander("What exactly is proved"):
        st.markdown("\n".join(f"- {line}" for line in lines))
    what = "boxes and arcs" if q.landscape.dim == 2 else "intervals"
    if st.toggle(f"show the {what}", key="boxes", bind="query-params"):
        picture = proof_picture(q.landscape, p)
        show_legend(picture)
        player(picture, key="proof", height=picture.layout.height, alt=alternative(p), view=str(p.window))
        if max(len(p.decided_boxes), len(p.undecided_boxes), len(p.arcs)) > MOST:
            st.caption(f"Of boxes and arcs of one kind at most {MOST:,} are drawn; the numbers are of all.")


def joined(found: HallucinatedPoints) -> str:
    """Say which of the points in the table only the proof has found."""
    n = int(found.by_proof.sum())
    which, them = ("One of them was", "it") if n == 1 else (f"{n:,} of them were", "them")
    return f"{which} missed by the search and found by the proof. Hexagons mark {them} in the picture."


def unsearched(l: Landscape, p: Proof) -> str:
    """Say that the search has missed stationary points, and what follows."""
    n = len(p.unsearched)
    found = f"{counted(n, 'stationary point')} of f that the search has missed, {'such as' if n > 1 else 'at'}"
    return (
        f"The proof found {found} {place(p.unsearched[0], l.diagonal)}. Hallucinated points that look there are "
        "missing at other radii, as long as they are not proved too, and with them critical radii and branches. A "
        "smaller window makes the search finer."
    )


def alternative(p: Proof) -> str:
    """Say what the picture shows."""
    cut = len(p.decided_boxes) + len(p.undecided_boxes)
    return f"The window widened by ρ, cut into {counted(cut, _HOW[len(p.window)][0])}. {p.sentence}"
