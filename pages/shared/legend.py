"""The legend of a picture as text that wraps: it leaves the picture its room, on a phone too."""

from __future__ import annotations

import html

import streamlit as st

from figures import Figure
from figures.legend import entries
from figures.palette import TEXT
from figures.shapes import POLYGONS, REACH
from pages.shared.playback import Playback

_STYLE = "display:inline-block;flex:none;width:16px;height:16px;background:{color};clip-path:polygon({corners})"


def mark(color: str, symbol: str) -> str:
    """Return a run's mark as HTML; a font need not have the character."""
    corners = ",".join(f"{x + REACH:g}px {y + REACH:g}px" for x, y in POLYGONS[symbol])
    return f'<span aria-hidden="true" style="{_STYLE.format(color=color, corners=corners)}"></span>'


def show_legend(picture: Figure, playback: Playback | None = None) -> None:
    """List the names of the paths that are played, and of a figure's traces, with their marks."""
    paths = [(track.name, mark(track.color, track.symbol)) for track in playback.tracks] if playback else []
    rest = [("start", "○", TEXT)] if playback and playback.start else []
    marks = [
        (name, f'<span aria-hidden="true" style="color:{color}">{character}</span>')
        for name, character, color in rest + entries(picture)
    ]
    items = "".join(f"<span>{drawn}{html.escape(name)}</span>" for name, drawn in paths + marks)
    st.html(f'<div class="legend">{items}</div>')
