"""Home page: the stall in one picture, its verdict in words, and the doors to the other pages."""

from dataclasses import replace

import streamlit as st

from dynamics.sentences import counted, number, place
from landscapes import CATALOGUE
from pages.shared.analysis import Answer, Question
from pages.shared.compute import ask
from pages.shared.controls import log_slider, number_box
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.picture import show_runs
from pages.shared.radius_analysis import Span, quick
from pages.shared.radius_report import critical


def main() -> None:
    """Draw the page."""
    set_page("SAM Landscapes")
    link = Link("Home")
    link.put()
    entry = next(iter(CATALOGUE.values()))
    (window,) = entry.landscape.domain
    question = Question(entry.landscape, entry.rho, entry.eta, entry.start, entry.steps)
    st.title("SAM Landscapes")
    st.write(
        "Sharpness-aware minimization (SAM) looks a distance ρ uphill, measures the slope there, and steps down here. "
        "It can stop at a place that is no minimum at all, next to gradient descent (GD) that does not."
    )
    picture, words = st.columns([7, 4], gap="large")
    notes = picture.container()
    with words:
        steps = st.container()
        radius = log_slider(
            link,
            "radius",
            "radius ρ",
            entry.rho,
            (0.0, entry.rho_max),
            1e-2 * entry.rho_max,
            "How far SAM looks uphill.",
        )
        found = quick(Span(entry.landscape, entry.rho_max, entry.eta))
        if found is not None:
            st.caption(critical(found))
        start = number_box(link, "start", "start x; or drag the ring in the picture", entry.start[0], *window)
        question = replace(question, rho=radius, start=(start,))
        answer = ask(question)
        for note in link.notes:
            notes.info(note)
        with steps:
            explain(question, answer)
        for page, asks in DOORS.items():
            st.page_link(f"pages/{page}.py", label=asks, icon=":material/arrow_forward:")
    with picture:
        show_runs(question, "picture", controls=("start",))
    with st.expander("Who says what"):
        st.markdown(CLAIMS)


def explain(q: Question, a: Answer) -> None:
    """Take the last step of SAM's run apart, with its numbers."""
    v, scale = a.sam.verdict, q.landscape.diagonal
    if v.outcome != "hallucinated" or v.point is None or v.target is None or v.slope is None:
        attracting = int(a.found.attract(q.eta).sum())
        st.write(
            f"From this start SAM is not deceived at this radius. In the whole window: "
            f"{counted(len(a.found), 'hallucinated point')}, {attracting or 'none'} of them attracting SAM."
        )
        return
    over = "over the top, " if v.kind == "minimizer" else ""
    st.markdown(
        f"1. **Look uphill.** From {place(v.point, scale)} SAM goes ρ = {q.rho:.4g} in the direction in which f "
        f"rises, {over}to {place(v.target, scale)}.\n"
        f"2. **Measure there.** That is a {v.kind} of f; the slope is 0.\n"
        f"3. **Step down here.** A step of η times 0 is no step. SAM stays, though the slope here is "
        f"{number(v.slope)}."
    )


DOORS = {
    "1_Explore": "Explore: where does SAM stop on your function?",
    "2_Radius": "Radius: from which ρ on is there danger?",
    "3_Basins": "Basins: which starts are lost?",
    "4_Remedies": "Remedies: what helps?",
    "5_Networks": "Networks: does it happen in a real one?",
}

CLAIMS = """
- **The paper** (Park, Jang, Ryu and Yang, *Sharpness-Aware Minimization Can Hallucinate Minimizers*, arXiv 2509.21818)
  defines hallucinated minimizers, shows that they exist for some ρ where f has a minimizer and a maximizer, gives
  conditions under which they attract, reports the same stall in neural networks, and proposes a warm-start with
  gradient descent.
- **This project derived** how to find all such points of a landscape at a given ρ (they lie at the distance ρ from a
  stationary point, with the gradient pointing at it), and up to which step size each attracts.
- **This page measured** every number on it, just now, on the landscape shown. None is the paper's.
"""


if __name__ == "__main__":
    main()
