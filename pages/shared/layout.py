"""What every page has in common: its title, its width, and little else."""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
.stMainBlockContainer { padding-top: 3rem; padding-bottom: 3rem; max-width: 1750px; }
.stMainBlockContainer h1 { font-size: 2.2rem; padding: 0.2rem 0 0.6rem; }
@media (min-width: 768px) {
  .stMainBlockContainer { padding: 4rem 3rem 3rem; }
  [data-testid="stSidebar"][data-collapsed="false"] { width: 200px !important; }
}
/* What stops work is named beside it; Streamlit's own button would be a second Stop. */
[data-testid="stStatusWidget"] button { display: none; }
.verdict { margin: 0 0 0.4rem 0; font-size: 1.05rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; font-size: 0.85rem; }
.legend span { display: inline-flex; align-items: center; gap: 0.3rem; }
.stLatex, .katex-display { overflow-x: auto; overflow-y: hidden; }
.st-key-formula-long .katex { font-size: clamp(0.64rem, 1.15vw, 1.1rem); }
@media (max-width: 600px) { .st-key-formula-typeset .katex { font-size: min(1.1rem, 4.1vw); } }
[data-testid="stPageLink"] p { white-space: normal; }
/* A slider and its box stay side by side on a phone. */
[class*="st-key-dial-"] [data-testid="stHorizontalBlock"] { flex-wrap: nowrap; gap: 0.8rem; }
[class*="st-key-dial-"] [data-testid="stColumn"] { min-width: 0; }
.st-key-dial-marks { margin-top: -1rem; }
</style>
"""


def set_page(title: str) -> None:
    """Begin a page; to be called before anything else is drawn."""
    st.set_page_config(page_title=title, layout="wide")
    st.html(_STYLE)
