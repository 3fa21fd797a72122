"""The proof that the table of hallucinated points is complete: a line, what exactly is proved, and its picture."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Final

import streamlit as st

from dynamics import HallucinatedPoints, Proof, certificate
from dynamics.certificate import compared, pieces_in
from dynamics.sentences import counted
from figures.boxes import MOST, proof_picture
from landscapes import Landscape
from pages.shared.analysis import Answer, Question
from pages.shared.jobs import Busy, Job, submit
from pages.shared.legend import show_legend
from pages.shared.player import player

AT_ONCE: Final = 0.06  # seconds of estimated work for which nobody needs to ask
_BOXES_A_TARGET, _ARCS_A_TARGET = 12, 40  # about so many are looked at, by the catalogue
_LONGEST: Final = 30.0  # seconds to wait for a worker
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

    A fragment: asking for the proof or for its picture runs this part of the page only.

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
    proof = _at_once(q, found)
    if proof is None:
        proof = _on_demand(q, found)
    if proof is not None:
        _show(q, compared(proof, q.landscape, found))


def _at_once(q: Question, found: HallucinatedPoints) -> Proof | None:
    """Return the proof where it is cheap, None where it would take longer."""
    most = pieces_in(q.landscape, AT_ONCE)
    if _expected(q, found) > most:
        return None
    proof = prove(q.landscape, q.rho, q.eta, most)
    return None if sum(proof.looked_at) >= most else proof


def _expected(q: Question, found: HallucinatedPoints) -> int:
    """Estimate how many boxes and arcs a proof looks at; too many where the zeros are known to form curves."""
    targets = len(found.stationary.points)
    if q.landscape.dim == 1:
        return 20 * targets
    many = bool(found.stationary.curves) or bool((found.stationary.kinds == "degenerate").any())
    return 10**9 if many else (_BOXES_A_TARGET + _ARCS_A_TARGET) * targets


@lru_cache(maxsize=32)
def prove(l: Landscape, rho: float, eta: float, most: int) -> Proof:
    """Prove what can be proved without a list, from the cache where that was asked before."""
    return certificate(l, rho, None, eta, most)


_asked: dict[tuple[Landscape, float, float], Job] = {}  # of all visitors, the last few


def _on_demand(q: Question, found: HallucinatedPoints) -> Proof | None:
    """Offer the proof, and let a worker make it when it is asked for."""
    key = (q.landscape, q.rho, q.eta)
    job = _asked.get(key)
    if job is None:
        button = st.empty()
        what = "these are all" if len(found) or found.curves else "there is none"
        if not button.button(f"Prove that {what}", key="prove", help="by ball arithmetic; takes a few seconds"):
            return None
        button.empty()
        try:
            job = submit(certificate, q.landscape, q.rho, None, q.eta, question=True)
        except Busy as error:
            st.warning(str(error))
            return None
        while len(_asked) >= 16:
            _asked.pop(next(iter(_asked)), None)
        _asked[key] = job
    line = st.empty()
    end = time.monotonic() + _LONGEST
    while not job.future.done() and time.monotonic() < end:
        line.caption("A worker is at it.")  # here the page can go on to something else
        time.sleep(0.05)
    line.empty()
    if not job.future.done():
        st.warning("No worker has answered in time. Try again in a moment.")
        return None
    if job.future.exception() is not None:
        _asked.pop(key, None)
        st.warning("The worker that made the proof has ended without one. Try again.")
        return None
    proof: Proof = job.future.result()
    return proof


def _show(q: Question, p: Proof) -> None:
    word, _, rest = p.headline.partition(":")
    st.markdown(f"**{word}:**{rest}")
    noun, where, how = _HOW[q.landscape.dim]
    boxes, arcs = p.looked_at
    lines = [
        p.sentence,
        "f is here the formula over the real numbers: its decimals, its parameters, ρ, η and the window's edges are "
        "the floating-point numbers they were read as, π and e the numbers of mathematics, and no result is rounded. "
        "Ball arithmetic encloses every rounding of the proof itself.",
        f"The proof looked at {counted(boxes, noun)} and {arcs:,} {where}. {how}",
        "It knows nothing of the search that made the table: it finds everything anew, and only then compares.",
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


def alternative(p: Proof) -> str:
    """Say what the picture shows."""
    cut = len(p.decided_boxes) + len(p.undecided_boxes)
    return f"The window widened by ρ, cut into {counted(cut, _HOW[len(p.window)][0])}. {p.sentence}"
