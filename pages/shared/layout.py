"""What every page has in common: its title, its width, and little else."""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
.stMainBlockContainer { padding-top: 3rem; padding-bottom: 3rem; }
.verdict { margin: 0 0 0.4rem 0; font-size: 1.05rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; font-size: 0.85rem; }
.legend span { display: inline-flex; align-items: center; gap: 0.3rem; }
.stLatex, .katex-display { overflow-x: auto; overflow-y: hidden; }
</style>
"""


def set_page(title: str) -> None:
    """Begin a page; to be called before anything else is drawn."""
    st.set_page_config(page_title=title, layout="wide")
    st.html(_STYLE)
