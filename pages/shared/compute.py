"""Answers to questions, from a bounded cache; what would hold the interpreter for long is computed by a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait
from functools import partial
from typing import Any, Final, TypeVar

from pages.shared.analysis import Answer, Question, answer
from pages.shared.jobs import EVERYBODY, Busy, Job, submit
from pages.shared.kept import Kept

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

PATIENCE: Final = 0.3  # seconds of estimated work that may run in the script's own thread
LONGEST: Final = 60.0  # seconds to wait for a worker
HOPELESS: Final = 2.0 * LONGEST  # seconds of estimated work that is not begun
_LOOK: Final = 0.5  # seconds between two calls of what is to be done meanwhile
_ADVICE: Final = "Ask for fewer steps or write a shorter formula."


def _ask(question: Question) -> Answer:
    """Answer a question, from the cache where it was asked before.

    Raises:
        Busy: too many wait for a worker, none answered within LONGEST seconds, or the one at it died; or it would
            take far longer than that.
    """
    return work_out(answer, question, question.cost)


ask = Kept(_ask)


def work_out(function: Callable[[Asked], Answered], question: Asked, cost: float, advice: str = _ADVICE) -> Answered:
    """Return function(question): computed here where that is estimated to take a moment, else by a worker.

    Args:
        function: a module's own function.
        question: what it is asked.
        cost: estimated seconds.
        advice: what the visitor may do where it takes too long.

    Raises:
        Busy: as `ask`.
    """
    if cost <= PATIENCE:
        return function(question)
    if cost > HOPELESS:
        raise hopeless(advice)
    job = submit(function, question, question=True)
    try:
        answered: Answered = wait_for(job, advice, _word())
    except Exception:
        raise
    except BaseException:  # no error: the visitor has gone on to another question, or has left
        job.stop()
        raise
    return answered


def hopeless(advice: str) -> Busy:
    """Return what is raised instead of work that would take longer than HOPELESS seconds."""
    return Busy(f"This would take far longer than {LONGEST:.0f} seconds. {advice}")


def _word() -> Callable[[], object] | None:
    """Return what says on the page that a worker is at it; by that a page goes on where its visitor has done so."""
    import streamlit as st  # workers load this module too, and need no pages
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return partial(st.empty().caption, "A worker is at it.")


def wait_for(job: Job, advice: str, meanwhile: Callable[[], object] | None = None) -> Any:
    """Wait for a job, and return what came of it; one that takes too long is ended.

    Args:
        job: a worker has it in hand, or it waits for one.
        advice: what the visitor may do where it takes too long.
        meanwhile: called now and twice a second from now on. Where it writes to the page, the page can go on to
            something else there.

    Raises:
        Busy: as `ask`.
    """
    end = time.monotonic() + LONGEST
    while (left := end - time.monotonic()) > 0.0 and not job.future.done():
        if meanwhile is not None:
            meanwhile()
        wait([job.future], min(_LOOK, left))
    if not job.future.done():
        waited = not job.running
        job.stop(at_once=True)  # others wait for the worker
        raise Busy(EVERYBODY if waited else f"This takes longer than {LONGEST:.0f} seconds. {advice}")
    return job.result()
