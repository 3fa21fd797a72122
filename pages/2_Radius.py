"""Radius: from which radius on is there danger, and for which step sizes?"""

from functools import partial

import streamlit as st

from pages.shared.analysis import Answer, Question
from pages.shared.controls import ask_formula, picture_first
from pages.shared.jobs import Busy
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.proof import show_proof
from pages.shared.proofs import ask
from pages.shared.radius_analysis import Danger, danger, quick
from pages.shared.radius_report import beside_slider, offer, show_events, show_finding
from pages.shared.radius_view import diagram, show_pictures, show_plane, span


def main() -> None:
    """Draw the page."""
    set_page("Radius")
    st.title("Radius")
    st.write(
        "From which radius ρ on can SAM stop on a slope? The hallucinated points found, followed through all radii."
    )
    link = Link("Radius")
    formula = ask_formula(link)
    left, right = st.columns([8, 3], gap="medium")
    dials, notes, picture = left.container(), left.container(), left.container()
    radii = right.container()
    question, shown = picture_first(link, formula, picture, right, show, dials=dials)
    for note in link.notes:
        notes.info(note)
    if shown is None:
        return
    answer, found = shown
    if quick(span(question)) is None:  # else they stand below the slider
        radii.caption(beside_slider(found))
    offer(question, found, partial(diagram, question, answer, found))
    show_plane(question, answer, found)
    show_events(question, found)
    show_proof(question, answer, f"Are these all, at ρ = {question.rho:.4g}?")
    with st.expander("Who says what"):
        st.markdown(CLAIMS)


def show(question: Question) -> tuple[Answer, Danger] | None:
    """Show the finding and the pictures; None where there is no answer now."""
    try:
        answer, found = ask(question), danger(span(question))
    except Busy as error:
        st.warning(str(error))
        return None
    show_finding(question, found, answer.found)
    show_pictures(question, answer)
    return answer, found


CLAIMS = """
- **The paper** (Park, Jang, Ryu and Yang, arXiv 2509.21818) defines hallucinated minimizers and shows that they exist
  for some ρ where f has a minimizer and a maximizer. The critical radius is not in it.
- **Derived here**: all points that look at one stationary point of f lie on one curve that does not depend on ρ, and
  whether a point attracts follows from derivatives there and at the target. Attraction need not last as ρ grows.
- **Computed here**: the radii on this page, on the landscape and window shown, for the points that the search found.
  Where a branch begins, folds, ends or changes is solved for, not read off a grid. Points outside the window do not
  count.
"""


if __name__ == "__main__":
    main()
