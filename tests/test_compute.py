"""Answers from workers: a moment's work is done here, and whatever keeps an answer away is said in words."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from pages.shared import compute, jobs
from pages.shared.compute import work_out


def where(question: str) -> int:
    return os.getpid()


def die(question: object) -> None:
    os._exit(1)


def fail(question: str) -> None:
    raise ValueError(f"{question} will not do")


def take_long(question: str) -> str:
    end = time.monotonic() + 60.0
    while time.monotonic() < end and not jobs.stop_asked():
        time.sleep(0.01)
    return "stopped" if jobs.stop_asked() else "done"


def test_only_what_takes_long_goes_to_a_worker() -> None:
    assert work_out(where, "", compute.PATIENCE) == os.getpid()
    assert work_out(where, "", 1.0) == jobs.pool(question=True).workers[0].pid


def test_a_worker_that_dies_is_said_and_the_next_question_answered() -> None:
    with pytest.raises(jobs.Busy, match="its worker died, of lack of memory perhaps. Try again"):
        work_out(die, "", 1.0)
    assert work_out(where, "", 1.0) == jobs.pool(question=True).workers[0].pid


def test_many_who_ask_while_workers_die_are_all_answered_in_words() -> None:
    def ask(i: int) -> object:
        try:
            return work_out(die if i % 4 == 0 else where, "", 1.0)
        except jobs.Busy as error:
            return str(error)

    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(ask, range(8)))
    assert all("worker died" in str(answer) for answer in answers[::4])
    assert all(isinstance(answer, int) for i, answer in enumerate(answers) if i % 4)


def test_what_the_work_raises_comes_through() -> None:
    with pytest.raises(ValueError, match="this will not do"):
        work_out(fail, "this", 1.0)


def test_what_takes_too_long_is_ended_and_advice_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it does not ask whether it is to stop; the next question is answered."""
    job = jobs.submit(time.sleep, 600.0, question=True)
    while not job.running:
        time.sleep(0.01)
    with monkeypatch.context() as patched, pytest.raises(jobs.Busy, match="takes longer than .* Do less."):
        patched.setattr(compute, "LONGEST", 0.3)
        compute.wait_for(job, "Do less.")
    assert work_out(where, "", 1.0) == jobs.pool(question=True).workers[0].pid
    assert job.failed


def test_who_only_waited_is_told_so_and_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    running = jobs.submit(take_long, "", question=True)
    while not running.running:
        time.sleep(0.01)
    monkeypatch.setattr(compute, "LONGEST", 0.1)
    waiting = jobs.submit(where, "", question=True)
    with pytest.raises(jobs.Busy, match="Everybody is computing"):
        compute.wait_for(waiting, "Do less.")
    assert waiting.failed
    running.stop()
    assert running.result(timeout=60) == "stopped"


def test_a_killed_worker_is_said_to_who_waits_for_it() -> None:
    said: list[str] = []

    def visitor() -> None:
        try:
            work_out(take_long, "", 1.0)
        except jobs.Busy as error:
            said.append(str(error))

    thread = threading.Thread(target=visitor)
    thread.start()
    pool = jobs.pool(question=True)
    while not pool._in_hand:
        time.sleep(0.01)
    pid = pool.workers[0].pid
    assert pid is not None
    psutil.Process(pid).kill()
    thread.join(60)
    assert "Try again" in said[0]
