"""Answers to questions, from a bounded cache; what would hold the interpreter for long is computed by a worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

from pages.shared.analysis import Answer, Question, answer
from pages.shared.jobs import Busy, submit

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

PATIENCE: Final = 0.3  # seconds of estimated work that may run in the script's own thread
LONGEST: Final = 60.0  # seconds to wait for a worker


class TooLong(Busy):
    """No worker has answered in time."""


@lru_cache(maxsize=48)
def ask(question: Question) -> Answer:
    """Answer a question, from the cache where it was asked before.

    Raises:
        Busy: too many wait for a worker, or (TooLong) none answered within LONGEST seconds.
    """
    return work_out(answer, question, question.cost)


def work_out(function: Callable[[Asked], Answered], question: Asked, cost: float) -> Answered:
    """Return function(question): computed here where that is estimated to take a moment, else by a worker.

    Args:
        function: a module's own function.
        question: what it is asked.
        cost: estimated seconds.

    Raises:
        Busy: as `ask`.
    """
    if cost <= PATIENCE:
        return function(question)
    job = submit(function, question, question=True)
    try:
        result: Answered = job.future.result(timeout=LONGEST)
    except TimeoutError as error:
        job.future.cancel()
        job.stop()
        raise TooLong(
            f"This takes longer than {LONGEST:.0f} seconds. Ask for fewer steps or write a shorter formula."
        ) from error
    return result
