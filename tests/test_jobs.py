"""Work in other processes: results, reports, stopping, the queue, and an end with the server."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from pages.shared import jobs, worker

if TYPE_CHECKING:
    from app_server import Serve

ROOT = Path(__file__).parents[1]


def double(x: int) -> int:
    jobs.report(("half way", x))
    return 2 * x


def fail() -> None:
    raise ValueError("a reason in words")


def until_stopped(limit: float) -> str:
    jobs.report("begun")
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if jobs.stop_asked():
            return "stopped"
        time.sleep(0.01)
    return "not stopped"


def die() -> None:
    os._exit(1)


class Unpicklable(Exception):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)


def fail_oddly() -> None:
    raise Unpicklable(1, "odd words")


def sized(data: bytes) -> int:
    return len(data)


@pytest.fixture(scope="module")
def pool() -> Iterator[jobs.Pool]:
    pool = jobs.Pool(workers=1)
    yield pool
    pool.close()


def held() -> tuple[int, int]:
    """How many threads and open descriptors this process has."""
    gc.collect()
    return threading.active_count(), psutil.Process().num_fds()


def until_held(before: tuple[int, int]) -> None:
    end = time.monotonic() + 120
    while held() != before and time.monotonic() < end:
        time.sleep(0.05)
    assert held() == before


def wait_for_report(job: jobs.Job) -> None:
    end = time.monotonic() + 120
    while not job.reports and time.monotonic() < end:
        time.sleep(0.01)
    assert job.reports


def test_a_job_gives_its_result_and_its_reports(pool: jobs.Pool) -> None:
    job = pool.submit(double, 21)
    assert job.result(timeout=120) == 42
    assert job.reports == [("half way", 21)]


def test_a_failure_comes_with_its_reason(pool: jobs.Pool) -> None:
    with pytest.raises(ValueError, match="a reason in words") as caught:
        pool.submit(fail).result(timeout=120)
    assert "in fail" in caught.value.__notes__[0]  # where in the worker's code


def test_what_cannot_be_sent_fails_in_words_and_the_worker_goes_on(pool: jobs.Pool) -> None:
    pid = pool.submit(os.getpid).result(timeout=120)
    with pytest.raises(RuntimeError, match="Unpicklable: odd words"):
        pool.submit(fail_oddly).result(timeout=120)
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        pool.submit(lambda: None).result(timeout=120)
    with pytest.raises((TypeError, pickle.PicklingError), match="pickle"):
        pool.submit(threading.Lock).result(timeout=120)
    assert pool.submit(os.getpid).result(timeout=120) == pid


def test_much_is_sent_both_ways(pool: jobs.Pool) -> None:
    assert pool.submit(sized, bytes(20_000_000)).result(timeout=120) == 20_000_000
    assert pool.submit(bytes, 20_000_000).result(timeout=120) == bytes(20_000_000)


def test_a_running_job_can_be_stopped_and_the_next_ones_wait_in_line(pool: jobs.Pool) -> None:
    first = pool.submit(until_stopped, 60.0)
    wait_for_report(first)
    second, third = pool.submit(double, 1), pool.submit(double, 2)
    assert (second.ahead, third.ahead) == (0, 1)
    first.stop()
    assert first.result(timeout=120) == "stopped"
    assert (second.result(timeout=120), third.result(timeout=120)) == (2, 4)


def test_stopping_what_has_ended_stops_nobody_else(pool: jobs.Pool) -> None:
    ended = pool.submit(double, 1)
    ended.result(timeout=120)
    another = pool.submit(until_stopped, 0.5)
    wait_for_report(another)
    ended.stop()
    assert another.result(timeout=120) == "not stopped"


def test_what_stops_a_job_does_not_stop_the_next(pool: jobs.Pool) -> None:
    first = pool.submit(until_stopped, 60.0)
    wait_for_report(first)
    for _ in range(3):
        first.stop()
    assert first.result(timeout=120) == "stopped"
    assert pool.submit(until_stopped, 0.1).result(timeout=120) == "not stopped"


def test_stopping_withdraws_what_waits(pool: jobs.Pool) -> None:
    first = pool.submit(until_stopped, 60.0)
    waiting = [pool.submit(double, i) for i in range(4)]
    wait_for_report(first)
    waiting[1].stop()
    waiting[2].future.cancel()
    with pytest.raises(jobs.Busy, match="withdrawn"):
        waiting[1].result(timeout=0)
    assert waiting[1].failed and waiting[2].failed and not waiting[3].failed
    assert waiting[3].ahead == 1
    first.stop()
    assert (waiting[0].result(timeout=120), waiting[3].result(timeout=120)) == (0, 6)


def test_a_full_queue_refuses_in_words(pool: jobs.Pool) -> None:
    every = [pool.submit(until_stopped, 60.0) for _ in range(jobs.MOST_WAITING + 1)]
    with pytest.raises(jobs.Full, match="Try again"):
        pool.submit(double, 1)
    wait_for_report(every[0])
    every.pop().stop()  # what is withdrawn makes room
    every.append(pool.submit(until_stopped, 60.0))
    with pytest.raises(jobs.Full):
        pool.submit(double, 1)
    for job in reversed(every):
        job.stop()
    assert every[0].result(timeout=120) == "stopped"
    assert pool.submit(double, 3).result(timeout=120) == 6


def threads_and_niceness() -> tuple[list[int], int]:
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [pool["num_threads"] for pool in threadpool_info()], os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.parametrize("question", [False, True])
def test_workers_compute_in_one_thread_and_behind_others(question: bool) -> None:
    before = dict(os.environ)
    threads, niceness = jobs.submit(threads_and_niceness, question=question).result(timeout=120)
    assert set(threads) == {1}
    assert niceness > os.getpriority(os.PRIO_PROCESS, 0) and (niceness < 10) == question
    assert dict(os.environ) == before


def test_a_question_does_not_wait_behind_long_work() -> None:
    running = [jobs.submit(until_stopped, 60.0) for _ in range(jobs.MOST_WAITING + jobs.WORKERS)]
    with pytest.raises(jobs.Full):
        jobs.submit(double, 1)
    asked = jobs.submit(double, 5, question=True)
    assert asked.result(timeout=120) == 10
    assert not any(job.future.done() for job in running)
    for job in reversed(running):
        job.stop()


def test_warm_workers_are_there_before_they_are_asked() -> None:
    fresh = jobs.Pool(workers=2)
    fresh.warm()
    pids = {worker.pid for worker in fresh.workers}
    assert len(pids) == 2 and None not in pids
    assert {fresh.submit(os.getpid).result(timeout=120) for _ in range(4)} <= pids
    assert 0.0 < jobs._free_memory()
    fresh.close()


# --- a worker that dies -----------------------------------------------------------------------------


def test_only_the_job_of_the_worker_that_died_fails(pool: jobs.Pool) -> None:
    lost = pool.submit(until_stopped, 60.0)
    waiting = [pool.submit(double, i) for i in range(5)]
    wait_for_report(lost)
    waiting[3].stop()
    psutil.Process(pool.workers[0].pid).kill()
    with pytest.raises(BrokenProcessPool):
        lost.future.result(timeout=120)
    with pytest.raises(jobs.Busy, match="its worker died, of lack of memory perhaps. Try again"):
        lost.result(timeout=120)
    assert [job.result(timeout=120) for job in waiting if not job.failed] == [0, 2, 4, 8]


def test_an_idle_worker_that_died_is_not_missed(pool: jobs.Pool) -> None:
    pid = pool.submit(os.getpid).result(timeout=120)
    worker = psutil.Process(pid)
    worker.kill()
    worker.wait(60)
    assert pool.submit(os.getpid).result(timeout=120) != pid


def test_workers_that_die_leave_nothing_behind(pool: jobs.Pool) -> None:
    pool.submit(double, 1).result(timeout=120)
    before = held()
    for _ in range(3):
        pid = pool.workers[0].pid
        with pytest.raises(jobs.Busy, match="died"):
            pool.submit(die).result(timeout=120)
        assert pool.submit(double, 2).result(timeout=120) == 4
        assert pid is not None and not psutil.pid_exists(pid)
    until_held(before)


def test_where_no_process_can_be_started_the_job_fails_in_words(
    pool: jobs.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(process: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr(worker._Process, "start", refuse)
        pool.workers[0].end()
        with pytest.raises(jobs.Busy, match="died"):
            pool.submit(double, 1).result(timeout=120)
    assert pool.submit(double, 1).result(timeout=120) == 2


def test_a_closed_pool_ends_its_threads_and_processes_and_withdraws_what_waits() -> None:
    before = held()
    closing = jobs.Pool(workers=2)
    running = [closing.submit(until_stopped, 60.0) for _ in range(2)]
    waiting = closing.submit(double, 1)
    for job in running:
        wait_for_report(job)
    pids = [worker.pid for worker in closing.workers]
    closing.close()
    assert waiting.failed
    with pytest.raises(RuntimeError, match="closed"):
        closing.submit(double, 1)
    for job in running:
        job.stop()
        assert job.result(timeout=120) == "stopped"
    del job, running, waiting, closing
    until_held(before)
    assert not any(psutil.pid_exists(pid) for pid in pids if pid is not None)


# --- with the server --------------------------------------------------------------------------------


def test_a_server_has_its_workers_soon_and_they_stand_back(serve: "Serve") -> None:
    if jobs._free_memory() < 2 * jobs._ROOM:
        pytest.skip("there is no memory for workers to wait in")
    with serve() as server:
        workers = []
        end = time.monotonic() + 60
        while len(workers) < jobs.WORKERS + jobs.ANSWERING and time.monotonic() < end:
            time.sleep(0.2)
            children = psutil.Process(server.process.pid).children()
            workers = [child for child in children if "spawn_main" in " ".join(child.cmdline()) and child.nice() >= 5]
        assert len(workers) == jobs.WORKERS + jobs.ANSWERING
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert not alive


def test_workers_end_with_a_server_that_was_killed() -> None:
    program = (
        "import time\nfrom pages.shared import jobs\nfrom tests.test_jobs import double\n"
        "if __name__ == '__main__':\n"
        "    print(jobs.submit(double, 4).result(timeout=120), flush=True)\n    time.sleep(60)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "8\n"
    workers = psutil.Process(server.pid).children(recursive=True)
    assert workers
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert not alive


def test_a_server_that_ends_does_not_wait_for_the_work_in_hand() -> None:
    program = (
        "from pages.shared import jobs\nfrom tests.test_jobs import double, until_stopped, wait_for_report\n"
        "if __name__ == '__main__':\n"
        "    every = [jobs.submit(until_stopped, 600.0) for _ in range(4)]\n    wait_for_report(every[0])\n"
    )
    server = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert (server.returncode, server.stdout, server.stderr) == (0, "", "")


class Counting:
    """Stands for a pool: it takes down what it is handed."""

    workers = ("one", "another")

    def __init__(self) -> None:
        self.handed: list[object] = []

    def submit(self, function: object) -> None:
        self.handed.append(function)


def test_waiting_workers_get_ready_once_and_only_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_prepared", set())
    monkeypatch.setattr(jobs, "_free_memory", lambda: float("inf"))
    monkeypatch.setattr(jobs, "_pools", {})
    jobs.get_ready(die)
    assert jobs._pools == {}  # no worker is started for it
    pool = Counting()
    monkeypatch.setattr(jobs, "_pools", {False: pool})
    monkeypatch.setattr(jobs, "_free_memory", lambda: 0.0)
    jobs.get_ready(die)
    assert pool.handed == []
    monkeypatch.setattr(jobs, "_free_memory", lambda: float("inf"))
    jobs.get_ready(die)
    jobs.get_ready(die)
    assert pool.handed == [die, die]  # one for each worker
