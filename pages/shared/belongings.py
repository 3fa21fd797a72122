"""What belongs to one visitor and has to be closed when they are gone.

A session's cache is emptied as soon as its connection drops, also where the browser is back a moment later. So what
belongs to a visitor outlives the cache by a while, and is taken up again by who comes back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

GRACE: Final = 6.0  # seconds; a browser whose connection dropped tries again after half a second


class Closable(Protocol):
    """Something that can be closed."""

    def close(self) -> None:
        """End whatever is under way."""


Thing = TypeVar("Thing", bound=Closable)


class _Claim:
    """One visitor's hold on a thing, for as long as the session's cache has it."""

    def __init__(self, name: str, make: Callable[[], Closable]) -> None:
        context = get_script_run_ctx()
        self.key = (context.session_id if context else "", name)
        with _lock:
            leaving = _leaving.pop(self.key, None)
        if leaving is None:
            self.thing = make()
        else:
            timer, self.thing = leaving
            timer.cancel()

    def release(self) -> None:
        """Close the thing unless it is claimed again soon."""
        timer = threading.Timer(GRACE, self._close)
        timer.daemon = True
        with _lock:
            _leaving[self.key] = (timer, self.thing)
        timer.start()

    def _close(self) -> None:
        with _lock:
            if _leaving.pop(self.key, None) is None:
                return  # claimed again in this very moment
        self.thing.close()


_lock = threading.Lock()
_leaving: dict[tuple[str, str], tuple[threading.Timer, Closable]] = {}


@st.cache_resource(scope="session", on_release=lambda claim: claim.release(), show_spinner=False)
def _claim(name: str, _make: Callable[[], Closable]) -> _Claim:
    return _Claim(name, _make)


def belonging(name: str, make: Callable[[], Thing]) -> Thing:
    """Return this visitor's thing of that name, made when first asked for; it is closed when they are gone."""
    thing: Thing = _claim(name, make).thing  # type: ignore[assignment]
    return thing
