"""Explore: where does SAM stop on this function, and why?"""

from functools import partial
from typing import Any

import streamlit as st

from landscapes.tree import Formula
from pages.shared.analysis import Answer, Question
from pages.shared.controls import ask_formula, ask_question, picture_first, switch
from pages.shared.jobs import Busy
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.picture import draw_landscape, show_position, show_runs
from pages.shared.proof import show_proof
from pages.shared.proofs import ask
from pages.shared.report import show_points, show_search
from pages.shared.takeaway import offer
from pages.shared.window import offer_window


def main() -> None:
    """Draw the page."""
    set_page("Explore")
    st.title("Explore")
    st.write(
        "Pick a function f or type one: SAM runs on it beside gradient descent (GD), and the window is searched for "
        "points where SAM would stop although f still slopes downhill."
    )
    link = Link("Explore")
    formula = ask_formula(link)
    left, right = st.columns([5, 2], gap="medium")
    dials, notes, gone, picture = (left.container() for _ in range(4))
    question, answer = picture_first(link, formula, picture, right, show, ask_all, dials)
    for note in link.notes:
        notes.info(note)
    if answer is None:
        return
    with gone:
        offer_window(question, answer)
    view = partial(draw_landscape, question, answer, *shown())
    offer(question, view, f"SAM and GD on {question.landscape.formula}")
    if question.landscape.dim == 1:
        show_position(question, answer, "position")
    with st.container(key="said-points"):
        show_points(question, answer)
        show_proof(question, answer)
        show_search(question, answer)


def ask_all(link: Link, formula: Formula, dials: Any) -> Question:
    """Ask the question, and what is to be shown besides the runs."""
    question = ask_question(link, formula, dials)
    switch(link, "surrogate", "show f at the look-ahead point, f(x⁺)")
    switch(link, "field", "show the direction of SAM's step, −∇f(x⁺)")
    st.page_link("pages/2_Radius.py", label="Every radius at once", icon=":material/arrow_forward:")
    return question


def show(question: Question) -> Answer | None:
    """Show the runs; None where there is no answer now."""
    try:
        answer = ask(question)
    except Busy as error:
        st.warning(str(error))
        return None
    show_runs(question, "picture", *shown())
    return answer


def shown() -> tuple[bool, bool]:
    """Say whether the surrogate and the field are to be drawn; their switches may come later on the page."""
    return bool(st.session_state.get("surrogate")), bool(st.session_state.get("field"))


if __name__ == "__main__":
    main()
