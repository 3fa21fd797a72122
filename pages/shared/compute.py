"""Answers to questions, from a bounded cache; what takes long is computed in a process of its own.

One process serves all visitors. A question that would hold its interpreter for longer than a moment goes to a single
worker process, which is made when it is first needed and ends with the server.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from typing import Final

from pages.shared.analysis import Answer, Question, answer

PATIENCE: Final = 0.3  # seconds of estimated work that may run in the script's own thread
LONGEST: Final = 60.0  # seconds to wait for the worker


class TooLong(RuntimeError):
    """The worker has not answered in time."""


@lru_cache(maxsize=48)
def ask(question: Question) -> Answer:
    """Answer a question, from the cache where it was asked before.

    Raises:
        TooLong: the worker did not answer within LONGEST seconds.
    """
    if question.cost <= PATIENCE:
        return answer(question)
    try:
        return _submitted(question).result(timeout=LONGEST)
    except TimeoutError as error:
        raise TooLong(
            f"This takes longer than {LONGEST:.0f} seconds. Ask for fewer steps or write a shorter formula."
        ) from error


@lru_cache(maxsize=1)
def _worker() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_end_with, initargs=(os.getpid(),))


def _submitted(question: Question) -> Future[Answer]:
    try:
        return _worker().submit(answer, question)
    except BrokenProcessPool:  # it has died, of lack of memory perhaps; the next one is made
        _worker.cache_clear()
        return _worker().submit(answer, question)


def _end_with(parent: int) -> None:
    """Watch the server and end when it has ended; nothing else ends a spawned worker whose parent was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
