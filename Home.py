"""Home page: the stall in one picture, what it is in words, and the doors to the other pages."""

from dataclasses import replace
from typing import Final

import streamlit as st

from landscapes import CATALOGUE, Entry
from pages.shared.analysis import Question
from pages.shared.dials import log_slider, number_box, positions
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.picture import show_runs
from pages.shared.proofs import ask
from pages.shared.radius_analysis import Span
from pages.shared.radius_marks import show_marks
from pages.shared.stall import explain, tell

PRESET: Final = CATALOGUE["hill"]
EARLIER: Final = CATALOGUE["double-well"]  # what a link means that names no landscape: there was no other


def main() -> None:
    """Draw the page."""
    set_page("SAM Landscapes")
    link = Link("Home")
    entry = ask_entry(link)
    (window,) = entry.landscape.domain
    question = Question(entry.landscape, entry.rho, entry.eta, entry.start, entry.steps)
    st.title("SAM Landscapes")
    st.markdown(OPENING)
    picture, words = st.columns([5, 2], gap="large")
    with picture:
        dial, notes, runs = st.container(), st.container(), st.container()
    limits, lowest = (0.0, entry.rho_max), 1e-2 * entry.rho_max
    with dial:
        radius = log_slider(link, "radius", "radius ρ", entry.rho, limits, lowest, "How far SAM looks uphill.")
        places = positions(entry.rho, limits, lowest, st.session_state.get("_radius_typed"))
        show_marks(Span(entry.landscape, entry.rho_max, entry.eta), places)
    with words:
        start = number_box(link, "start", "start x; or drag the ring in the picture", entry.start[0], *window)
    for note in link.notes:
        notes.info(note)
    question = replace(question, rho=radius, start=(start,))
    with runs:
        show_runs(question, "picture", controls=("start",), tell=tell, radius="radius", rho_max=entry.rho_max)
    with words:
        with st.container(key="said-stall"):
            explain(question, ask(question))
        st.subheader("What next?", anchor=False)
        for page, asks in DOORS.items():
            st.page_link(f"pages/{page}.py", label=asks, icon=":material/arrow_forward:")
    with st.expander("Who says what"):
        st.markdown(CLAIMS)


def ask_entry(link: Link) -> Entry:
    """Say which landscape is shown: that of the link; a link that names none means what it has always meant."""
    here = {entry.name: entry for entry in CATALOGUE.values() if entry.landscape.dim == 1}
    usual = EARLIER if any(link.asked(key) is not None for key in ("v", "radius", "start")) else PRESET
    entry = here.get(st.query_params.get("landscape", usual.name), usual)
    link.check("landscape", "landscape", entry.name, "one of the catalogue's in one variable")
    link.put(landscape=entry.name)
    st.session_state.setdefault("_base", entry.name)  # the other pages begin with what is seen here
    return entry


OPENING = """
**Sharpness-aware minimization (SAM)** is used to train neural networks that do well on new data. It steps by a slope
that it measures not where it stands, but a distance ρ uphill. So it can stall: where that place happens to be level,
SAM stops, although the function f still falls where it stands.
"""

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
- **This project derived** where such points of a landscape lie at a given ρ (at the distance ρ from a stationary point,
  with the gradient pointing at it), and up to which step size each attracts.
- **This page measured** its numbers on the landscape shown. None is the paper's.
"""


if __name__ == "__main__":
    main()
