"""The legend of a picture as text that wraps: it leaves the picture its room, on a phone too."""

from __future__ import annotations

import html

import streamlit as st

from figures import Figure
from figures.legend import entries
from figures.palette import TEXT
from pages.shared.playback import Playback

_PATHS = {"square": "■", "diamond": "◆"}


def show_legend(picture: Figure, playback: Playback | None = None) -> None:
    """List the names of the paths that are played, and of a figure's traces, with their marks."""
    paths = [(track.name, _PATHS[track.symbol], track.color) for track in playback.tracks] if playback else []
    if playback and playback.start:
        paths.append(("start", "○", TEXT))
    items = "".join(
        f'<span><span aria-hidden="true" style="color:{color}">{character}</span>{html.escape(name)}</span>'
        for name, character, color in paths + entries(picture)
    )
    st.html(f'<div class="legend">{items}</div>')
