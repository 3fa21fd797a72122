"""Explore: where does SAM stop on this function, and why?"""

from functools import partial

import streamlit as st

from pages.shared.compute import ask
from pages.shared.controls import ask_formula, ask_question, switch
from pages.shared.jobs import Busy
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.picture import draw_landscape, show_position, show_runs
from pages.shared.report import show_points, show_search
from pages.shared.takeaway import offer


def main() -> None:
    """Draw the page."""
    set_page("Explore")
    st.title("Explore")
    link = Link("Explore")
    formula = ask_formula(link)
    picture, controls = st.columns([7, 4], gap="large")
    with controls:
        question = ask_question(link, formula)
        surrogate = switch(link, "surrogate", "show f at the look-ahead point, f(x⁺)")
        field = switch(link, "field", "show the direction of SAM's step, −∇f(x⁺)")
    with picture:
        for note in link.notes:
            st.info(note)
        try:
            answer = ask(question)
        except Busy as error:
            st.warning(str(error))
            return
        show_runs(question, "picture", surrogate, field)
        offer(question, partial(draw_landscape, question, answer, surrogate, field), f"SAM and GD on {formula.text}")
    if question.landscape.dim == 1:
        show_position(question, answer, "position")
    show_points(question, answer)
    show_search(question, answer)


if __name__ == "__main__":
    main()
