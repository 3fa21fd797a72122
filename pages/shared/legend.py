"""The legend of a picture as text that wraps: it leaves the picture its room, on a phone too."""

from __future__ import annotations

import html

import streamlit as st

from figures import Figure
from figures.legend import entries


def show_legend(picture: Figure) -> None:
    """List the names of a figure's traces with their marks."""
    items = "".join(
        f'<span><span aria-hidden="true" style="color:{color}">{character}</span>{html.escape(name)}</span>'
        for name, character, color in entries(picture)
    )
    st.html(f'<div class="legend">{items}</div>')
