"""The peer that benchmarks/player.py serves: the same figure, paths included, in st.plotly_chart."""

import streamlit as st

from landscapes import CATALOGUE
from pages.shared.analysis import Question
from pages.shared.compute import ask
from pages.shared.picture import draw_landscape

st.set_page_config(layout="wide")
entry = CATALOGUE[next(name for name in CATALOGUE if CATALOGUE[name].name == "Himmelblau's function")]
rho = st.slider("rho", 0.0, 6.0, 2.0, 0.05)
if st.button("Another start"):
    st.session_state["turn"] = st.session_state.get("turn", 0) + 1
turn = st.session_state.get("turn", 0)
q = Question(entry.landscape, rho, entry.eta, (-4.0 + 0.37 * turn, 4.0 - 0.29 * turn), 2000)
figure = draw_landscape(q, ask(q), False, False)
figure.update_layout(height=figure.layout.meta["tall"]["height"])  # as the player draws it in a window of this size
with st.container(width=780):
    st.plotly_chart(figure, key="picture", theme=None)
