"""A slider that pictures follow while it moves; the page runs again once it rests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import streamlit as st

from pages.shared.player import component


def slider(
    key: str,
    name: str,
    value: float,
    take: Callable[[float], None],
    places: Sequence[float] | None = None,
    span: tuple[float, float, int] | None = None,
    help: str = "",
) -> None:
    """Show a slider in the browser's own form.

    Args:
        key: of the control that it moves; pictures know it by it.
        name: its label.
        value: where it stands.
        take: called with the value at which it has come to rest, before the page runs again.
        places: the values that it takes, ascending; or else
        span: its lowest and highest value, and into how many parts they are divided.
        help: one sentence.
    """
    widget = f"_{key}_slider"

    def on_value_change() -> None:
        asked = st.session_state[widget].get("value")
        if isinstance(asked, (int, float)) and math.isfinite(asked):
            take(float(asked))

    data = {"dial": key, "name": name, "value": value, "places": places, "span": span, "help": help}
    component()(key=widget, data=data, on_value_change=on_value_change)
