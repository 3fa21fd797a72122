"""Answers to questions, from a bounded cache; what would hold the interpreter for long is computed by a worker."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from pages.shared.analysis import Answer, Question, answer
from pages.shared.jobs import Busy, submit

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
    if question.cost <= PATIENCE:
        return answer(question)
    job = submit(answer, question, question=True)
    try:
        result: Answer = job.future.result(timeout=LONGEST)
    except TimeoutError as error:
        job.future.cancel()
        raise TooLong(
            f"This takes longer than {LONGEST:.0f} seconds. Ask for fewer steps or write a shorter formula."
        ) from error
    return result
