"""Work of a page that ends when nobody looks at it any longer: the page was left, or the browser is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import streamlit as st

from dynamics.sweep import Case, Result
from pages.shared.belongings import belonging
from pages.shared.link import LEAVE
from pages.shared.sweeping import SweepJob

_LOOK: Final = 0.5  # seconds between two looks at whether somebody looks
_PATIENCE: Final = 75.0  # seconds without a look; a browser wakes a page in the background once a minute


class Watched(SweepJob[Case, Result]):
    """Cases that workers carry out, and what has come of them so far; it stops where nobody looks."""

    def __init__(self, about: Hashable, cases: Sequence[Case], run: Callable[[Case], Result]) -> None:
        """Begin.

        Args:
            about: what the results belong to; where a page asks something else they are not to be drawn.
            cases: what to carry out, at most `sweeping.MOST_RUNS`.
            run: a module's own function, of a case.
        """
        self.about = about
        self._looked = time.monotonic()
        super().__init__(cases, run)
        threading.Thread(target=self._watch, daemon=True).start()

    def look(self) -> None:
        """Say that somebody looks."""
        self._looked = time.monotonic()

    def results(self) -> dict[Case, Result]:
        """Return what has come of the cases that are done, by case."""
        return {one.case: one.result for one in list(self.finished) if one.result is not None}

    def failures(self) -> list[str]:
        """Return the reasons of those that failed."""
        return [one.failure for one in list(self.finished) if one.failed]

    def _watch(self) -> None:
        while not self.done:
            self.wait(_LOOK)
            if time.monotonic() - self._looked > _PATIENCE:
                self.stop()


class Works:
    """What a visitor has under way, by the page's name for it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.of: dict[str, Watched[Any, Any]] = {}

    def begin(self, name: str, work: Watched[Any, Any]) -> None:
        """Put work in the place of what was under way by that name; it ends when the page is left."""
        if name in self.of:
            self.of[name].stop()
        self.of[name] = work
        st.session_state[LEAVE] = self.close

    def close(self) -> None:
        """End all of it."""
        for work in list(self.of.values()):
            work.stop()


def works() -> Works:
    """Return this visitor's; it ends with the session."""
    return belonging("works", Works)


def looked_at(name: str) -> Watched[Any, Any] | None:
    """Return the work by that name, now looked at; at its end the page is drawn anew, once."""
    work = works().of.get(name)
    if work is not None:
        work.look()
        if work.done and not work.seen:
            work.seen = True
            st.rerun()
    return work


def show_share(work: Watched[Any, Any], finished: str, failed: str) -> None:
    """Show how much is done, as "3 of 9" and the words `finished`, and why what `failed` did."""
    done, of = len(work.finished), len(work.cases)
    state = "stopped" if work.stopped else "done" if work.done else "running"
    st.progress(done / of, f"{done} of {of} {finished} ({state})")
    if work.note:
        st.caption(work.note)
    for failure in dict.fromkeys(work.failures()):
        st.warning(f"{failed} failed: {failure}.")
