"""Work in other processes: results, reports, stopping, the queue, and an end with the server."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from pages.shared import jobs

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


@pytest.fixture(scope="module")
def pool() -> jobs.Pool:
    return jobs.Pool(workers=1)


def wait_for_report(job: jobs.Job) -> None:
    end = time.monotonic() + 120
    while not job.reports and time.monotonic() < end:
        time.sleep(0.01)
    assert job.reports


def test_a_job_gives_its_result_and_its_reports(pool: jobs.Pool) -> None:
    job = pool.submit(double, 21)
    assert job.future.result(timeout=60) == 42
    wait_for_report(job)
    assert job.reports == [("half way", 21)]


def test_a_failure_comes_with_its_reason(pool: jobs.Pool) -> None:
    with pytest.raises(ValueError, match="a reason in words"):
        pool.submit(fail).future.result(timeout=60)


def test_a_running_job_can_be_stopped_and_the_next_ones_wait_in_line(pool: jobs.Pool) -> None:
    first = pool.submit(until_stopped, 60.0)
    wait_for_report(first)
    second, third = pool.submit(double, 1), pool.submit(double, 2)
    assert (second.ahead, third.ahead) == (0, 1)
    first.stop()
    assert first.future.result(timeout=60) == "stopped"
    assert (second.future.result(timeout=60), third.future.result(timeout=60)) == (2, 4)


def test_a_full_queue_refuses_in_words(pool: jobs.Pool) -> None:
    running = [pool.submit(until_stopped, 60.0) for _ in range(len(pool.flags))]
    with pytest.raises(jobs.Busy, match="Try again"):
        pool.submit(double, 1)
    for job in running:
        job.stop()
    for job in running:
        job.future.result(timeout=60)
    assert pool.submit(double, 3).future.result(timeout=60) == 6


def threads_and_niceness() -> tuple[list[int], int]:
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    return [pool["num_threads"] for pool in threadpool_info()], os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.parametrize("question", [False, True])
def test_workers_compute_in_one_thread_and_behind_others(pool: jobs.Pool, question: bool) -> None:
    before = dict(os.environ)
    threads, niceness = pool.submit(threads_and_niceness, question=question).future.result(timeout=60)
    assert set(threads) == {1}
    assert niceness > os.getpriority(os.PRIO_PROCESS, 0) and (niceness < 10) == question
    assert dict(os.environ) == before


def test_a_question_does_not_wait_behind_long_work(pool: jobs.Pool) -> None:
    running = [pool.submit(until_stopped, 60.0) for _ in range(4)]
    asked = pool.submit(double, 5, question=True)
    assert asked.ahead == 0
    assert asked.future.result(timeout=60) == 10
    assert not any(job.future.done() for job in running)
    for job in running:
        job.stop()
    for job in running:
        job.future.result(timeout=60)


def test_warm_workers_are_there_before_they_are_asked() -> None:
    fresh = jobs.Pool(workers=2)
    fresh.warm()
    pids = {fresh.submit(os.getpid).future.result(timeout=60) for _ in range(4)}
    assert len(fresh._long._processes) == 2 and pids <= set(fresh._long._processes)
    assert len(fresh._answers._processes) == 1
    assert 0.0 < jobs._free_memory()


def die() -> None:
    os._exit(1)


def test_no_worker_of_a_pool_that_broke_is_left_behind() -> None:
    first = jobs.pool()
    jobs.submit(double, 1, question=True).future.result(timeout=60)
    (left,) = first._answers._processes
    with pytest.raises(BrokenProcessPool):
        jobs.submit(die).future.result(timeout=60)
    assert jobs.submit(double, 2).future.result(timeout=60) == 4
    assert jobs.pool() is not first
    _, alive = psutil.wait_procs([psutil.Process(left)] if psutil.pid_exists(left) else [], timeout=60)
    assert not alive


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
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


def test_workers_end_with_a_server_that_was_killed() -> None:
    program = (
        "import time\nfrom pages.shared import jobs\nfrom tests.test_jobs import double\n"
        "if __name__ == '__main__':\n"
        "    print(jobs.submit(double, 4).future.result(timeout=60), flush=True)\n    time.sleep(60)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline() == "8\n"
    workers = psutil.Process(server.pid).children(recursive=True)
    assert workers
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
