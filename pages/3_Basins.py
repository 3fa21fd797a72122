"""Basins: which starts are lost?"""

from functools import partial
from typing import Any

import streamlit as st

from pages.shared.analysis import Question
from pages.shared.basins_page import ask_size, draw_both, held_size, show_maps
from pages.shared.basins_takeaway import offer_maps
from pages.shared.controls import ask_formula, ask_question, held_question
from pages.shared.jobs import Busy
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.picture import show_runs
from pages.shared.proofs import ask

# The maps take the page's whole width, so the controls stand above them, side by side; on a phone below them.
_STYLE = """
<style>
.st-key-basins-controls { display: grid; align-items: start; gap: 0.4rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); }
.st-key-basins-controls > * { min-width: 0; width: 100%; }
@media (max-width: 640px) {
  :is(.st-key-basins-controls, :has(> .st-key-basins-controls)) { order: 1; }
  :is(.st-key-basins-words, :has(> .st-key-basins-words)) { order: 2; }
}
</style>
"""


def main() -> None:
    """Draw the page."""
    set_page("Basins")
    st.title("Basins")
    st.write(
        "Which starts are lost? Every point of a map is a start, in the colour of where GD or SAM leads from it. "
        "Click on a map: both run from there."
    )
    link = Link("Basins")
    formula = ask_formula(link)
    st.html(_STYLE)
    dials, controls, notes = st.container(), st.container(key="basins-controls"), st.container()
    parts = st.container(), st.container(key="basins-words")
    held, size = held_question(link, formula), held_size()
    if held is not None:  # the maps first: the controls take longer to draw than they do
        show(held, size, *parts)
    with controls:
        question = ask_question(link, formula, dials)
        n = ask_size(link)
    for note in link.notes:
        notes.info(note)
    if held is None:
        show(question, n, *parts)
    elif (question, n) != (held, size):
        st.rerun()


def show(question: Question, n: int, maps: Any, words: Any) -> None:
    """Show the maps, below them what they say, and beside that the runs from one start."""
    with words:
        left, right = st.columns([5, 6], gap="large")
        try:
            atlas = show_maps(question, ask(question), n, maps, left)
        except Busy as error:
            maps.warning(str(error))
            return
        with left:
            title = f"Where GD and SAM lead on {question.landscape.formula}"
            offer_maps(atlas, partial(draw_both, question, atlas), title)
        with right:
            st.subheader("From one start", anchor=False)
            show_runs(question, "picture")


if __name__ == "__main__":
    main()
