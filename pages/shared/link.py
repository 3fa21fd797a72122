"""The link of a page: what it asked for on arrival, and what of that could not be used.

The widgets themselves put their values into the link (`bind="query-params"`), and leave out what equals the default.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import streamlit as st
from streamlit.runtime.state import get_session_state

LEAVE: Final = "_leave"  # in the session: called on arrival at another page, to end the work of the one that was left
VERSION: Final = "2"  # the defaults of a version never change, so that an old link keeps its meaning
EARLIER: Final = ("1",)  # versions that are read still; see `controls._earlier`


class Link:
    """What the link said by which a visitor arrived at a page."""

    def __init__(self, page: str) -> None:
        """Read the link on the first run of `page`; on later runs the widgets have the values."""
        self.arrived: Final = st.session_state.get("_page") != page
        st.session_state["_page"] = page
        if self.arrived and LEAVE in st.session_state:
            st.session_state.pop(LEAVE)()
        self._asked = st.query_params.to_dict() if self.arrived else {}
        endless = [key for key, value in self._asked.items() if _endless(value)]
        if endless:  # Streamlit fails at them where it expects a whole number
            self.refuse(*endless)
        self.notes: list[str] = []
        version = self._asked.get("v", VERSION)
        if version not in (VERSION, *EARLIER):
            self.notes.append(f"This link is of version {version[:20]!r}; this app reads version {VERSION}.")

    def put(self, **values: str) -> None:
        """Write the version and values that no widget writes, all at once: each time is a step of the back button."""
        values["v"] = VERSION
        new = {key: value for key, value in values.items() if st.query_params.get(key) != value}
        if new:
            st.query_params.update(new)

    def refuse(self, *keys: str) -> None:
        """Keep widgets from taking what the link asks for; to be called before they are drawn."""
        with get_session_state().query_params() as params:
            for key in keys:
                params.discard_param_no_forward_msg(key)
            params.set_initial_query_params_from_current()

    def choose(self, key: str, options: Iterable[str]) -> None:
        """Refuse what is none of the options; to be called before the control is drawn, which takes empty for none."""
        if self._asked.get(key) is not None and self._asked[key] not in options:
            self.refuse(key)

    def asked(self, key: str) -> str | None:
        """Return what the link said of a key on arrival."""
        return self._asked.get(key)

    def check(self, key: str, name: str, used: float | str, allowed: str) -> None:
        """Note it where the link asked for something else than what is used."""
        asked = self._asked.get(key)
        if asked is not None and asked != str(used) and not _equal(asked, used):
            shown = plain(used) if isinstance(used, float) else used
            self.notes.append(f"The link asks for {name} = {asked[:40]!r}, which is not {allowed}; {shown} is used.")


def plain(value: float) -> str:
    """Write a number with up to seven digits: 0.1, −1,000,000, 1e-07."""
    return f"{value:,.7g}".replace("-", "−")


def _endless(asked: str) -> bool:
    """Say whether a text reads as an infinite number."""
    try:
        return math.isinf(float(asked))
    except ValueError:
        return False


def _equal(asked: str, used: float | str) -> bool:
    try:
        return math.isclose(float(asked), float(used), rel_tol=1e-9)
    except ValueError:
        return str(used).lower() == asked.lower()


def replace(drop: Iterable[str], **values: str) -> None:
    """Drop what widgets have written into the link and write values, all as one step of the back button.

    `st.query_params` refuses to drop it, and the widgets would drop it one by one.
    """
    with get_session_state().query_params() as params:
        for key in drop:
            params.discard_param_no_forward_msg(key)
    st.query_params.update(values)
