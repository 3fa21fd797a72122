"""The proof that the table of hallucinated points is complete: a line, what exactly is proved, and its picture."""

from __future__ import annotations

import threading
from functools import lru_cache, partial
from typing import Final

import streamlit as st

from dynamics import HallucinatedPoints, Proof, certificate
from dynamics.certificate import compared, pieces_in
from dynamics.sentences import counted, place
from figures.boxes import MOST, proof_picture
from landscapes import Landscape
from pages.shared.analysis import Answer, Question
from pages.shared.compute import wait_for
from pages.shared.jobs import Busy, Job, submit
from pages.shared.legend import show_legend
from pages.shared.player import player

AT_ONCE: Final = 0.06  # seconds of estimated work for which nobody needs to ask
_BOXES_A_TARGET, _ARCS_A_TARGET = 12, 40  # about so many are looked at, by the catalogue
_KEPT: Final = 16  # proofs
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


_Asked = tuple[Landscape, float, float]  # with radius and step size


class _Proofs:
    """The last few proofs that workers make or have made, of all visitors."""

    def __init__(self) -> None:
        self._jobs: dict[_Asked, Job] = {}
        self._lock = threading.RLock()

    def get(self, asked: _Asked) -> Job | None:
        """Return the job, None where nobody has asked or it has failed."""
        with self._lock:
            job = self._jobs.get(asked)
            return None if job is None or job.failed else job

    def begin(self, asked: _Asked) -> Job:
        """Return the job, begun now unless it is there."""
        with self._lock:
            job = self.get(asked)
            if job is None:
                l, rho, eta = asked
                self._jobs.pop(asked, None)
                self._jobs[asked] = job = submit(certificate, l, rho, None, eta, question=True)
                while len(self._jobs) > _KEPT:
                    del self._jobs[next(iter(self._jobs))]
            return job


_proofs = _Proofs()


def _on_demand(q: Question, found: HallucinatedPoints) -> Proof | None:
    """Offer the proof, and let a worker make it when it is asked for."""
    asked = q.landscape, q.rho, q.eta
    job = _proofs.get(asked)
    button, line = st.empty(), st.empty()
    if job is None or not job.future.done():
        what = "these are all" if len(found) or found.curves else "there is none"
        pressed = button.button(f"Prove that {what}", key="prove", help="by ball arithmetic; takes a few seconds")
        if job is None and not pressed:
            return None
    try:
        job = job or _proofs.begin(asked)
        proof: Proof = wait_for(job, "Choose a smaller window.", partial(line.caption, "A worker is at it."))
    except Busy as error:
        line.warning(str(error))
        return None
    button.empty()
    line.empty()
    return proof


def _show(q: Question, p: Proof) -> None:
    word, _, rest = p.headline.partition(":")
    st.markdown(f"**{word}:**{rest}")
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


def unsearched(l: Landscape, p: Proof) -> str:
    """Say that the search has missed stationary points, and what follows."""
    n = len(p.unsearched)
    found = f"{counted(n, 'stationary point')} of f that the search has missed, {'such as' if n > 1 else 'at'}"
    return (
        f"The proof found {found} {place(p.unsearched[0], l.diagonal)}. Hallucinated points that look there are "
        "missing from the search's lists and pictures, at this and at other radii. A smaller window makes the search "
        "finer."
    )


def alternative(p: Proof) -> str:
    """Say what the picture shows."""
    cut = len(p.decided_boxes) + len(p.undecided_boxes)
    return f"The window widened by ρ, cut into {counted(cut, _HOW[len(p.window)][0])}. {p.sentence}"
