"""Remedies: what helps against the stall, from one start, from a grid of starts, and after a warm-start?"""

from functools import partial

import streamlit as st

from pages.shared.analysis import Answer, Question, Run
from pages.shared.controls import ask_formula, picture_first
from pages.shared.download import download
from pages.shared.jobs import Busy
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.picture import draw_landscape, show_runs
from pages.shared.proofs import ask
from pages.shared.remedies import Heat, Remedy, race
from pages.shared.remedies_controls import ask_remedies
from pages.shared.remedies_grid import cases_of, held_side, known_words, show_grid
from pages.shared.remedies_table import show_sources, show_table, table_csv
from pages.shared.remedies_warm import show_warm
from pages.shared.remedies_words import on_radius, show_lead
from pages.shared.takeaway import offer


def main() -> None:
    """Draw the page."""
    set_page("Remedies")
    st.title("Remedies")
    st.write("What helps where SAM stalls? The same start under gradient descent, SAM, and what is tried in its place.")
    link = Link("Remedies")
    formula = ask_formula(link)
    left, right = st.columns([5, 2], gap="medium")
    choice, dials, notes, picture = left.container(), left.container(), left.container(), left.container()
    with choice:
        remedies = ask_remedies(link)
    question, raced = picture_first(link, formula, picture, right, partial(show, remedies), dials=dials)
    if raced is not None:
        show_rest(link, question, remedies, *raced)
    for note in link.notes:
        notes.info(note)


def show(remedies: tuple[Remedy, ...], q: Question) -> tuple[Answer, tuple[Run, ...]] | None:
    """Show the race; None where there is no answer now."""
    try:
        answer, runs = ask(q), race_from(remedies, q)
    except Busy as error:
        st.warning(str(error))
        return None
    show_runs(q, "picture", others=partial(race_from, remedies), lead=partial(lead, remedies))
    return answer, runs


def lead(remedies: tuple[Remedy, ...], q: Question, answer: Answer, runs: tuple[Run, ...]) -> None:
    """Say first which remedies help, from this start and from a grid of starts."""
    show_lead(q, answer, runs, known_words(cases_of(q, remedies, held_side())))


def race_from(remedies: tuple[Remedy, ...], q: Question) -> tuple[Run, ...]:
    """Run the remedies from the question's start."""
    return race(tuple(Heat(q, remedy) for remedy in remedies))


def show_rest(link: Link, q: Question, remedies: tuple[Remedy, ...], answer: Answer, runs: tuple[Run, ...]) -> None:
    """Show what stands below the picture."""
    tried = [(remedy.name, dict(remedy.options)) for remedy in remedies]
    view = partial(draw_landscape, q, answer, False, False, True, runs)
    offer(q, view, f"Remedies on {q.landscape.formula}", tried)
    words = on_radius(q, answer, runs)
    if words:
        st.caption(words)
    show_grid(link, q, remedies)
    st.subheader("How each ended, from this start")
    every = (answer.gd, answer.sam, *runs)
    show_table(q, every)
    download("Table as CSV", partial(table_csv, q, every, remedies), "remedies.csv")
    show_sources(remedies)
    show_warm(link, q, answer)
    with st.expander("Who says what"):
        st.markdown(CLAIMS)


CLAIMS = """
- **The paper** (Park, Jang, Ryu and Yang, arXiv 2509.21818) proposes the warm-start: a short run without SAM before it.
  The other remedies are what its readers ask about; the papers and practice they come from stand beside their
  equations.
- **Derived here**: in one variable the basin of a hallucinated point ends where the look-ahead point crosses the next
  stationary point of f. So a warm-start rescues a run once it has carried x past that place, if it can.
- **Measured here**: the numbers on this page, on the landscape shown, for these numbers of steps. What helps on one
  landscape need not help on another.
"""


if __name__ == "__main__":
    main()
