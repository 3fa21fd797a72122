"""Sweeps: every case once, partial results, failures with their reasons, stopping, and the executors they run on."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app_server import free_port
from dynamics import RECIPES, gd, iterate, warm_start
from dynamics.sweep import Finished, reason, sweep
from pages.shared import jobs, sweeping
from pages.shared.sweeping import MOST_RUNS, Setting, SweepJob, cases, run_case, values_at
from pages.shared.training import TINY, as_case

ROOT = Path(__file__).resolve().parent.parent
SHORT = as_case(TINY, steps=60)


def halve(x: int) -> float:
    if x % 3 == 2:
        raise ValueError(f"{x} will not do")
    return x / 2


def die(x: int) -> int:
    if x == 1:
        os._exit(1)
    return x


@given(st.lists(st.integers(0, 8), max_size=12), st.integers(1, 5))
@settings(max_examples=30)
def test_every_case_is_run_once_and_failures_carry_their_reason(given: list[int], at_once: int) -> None:
    seen: list[Finished[int, float]] = []
    with ThreadPoolExecutor(2) as executor:
        finished = sweep(given, halve, executor, seen.append, at_once=at_once)
    assert [one.case for one in finished] == list(dict.fromkeys(given))
    assert sorted(one.case for one in seen) == sorted(set(given))
    for one in finished:
        if one.case % 3 == 2:
            assert one.failed and one.result is None and one.failure == f"ValueError: {one.case} will not do"
        else:
            assert not one.failed and one.result == one.case / 2


def test_stopping_keeps_what_is_done_and_begins_nothing_further() -> None:
    seen: list[Finished[int, float]] = []
    with ThreadPoolExecutor(1) as executor:
        finished = sweep([0, 1, 3, 4], halve, executor, seen.append, lambda: len(seen) >= 1, at_once=1)
    assert finished == seen[: len(finished)]
    assert 1 <= len(finished) <= 2  # asked after a run ended, when at most one more was under way


def test_an_executor_that_refuses_marks_the_run_failed() -> None:
    class Refuses(Executor):
        def submit(self, fn: object, /, *args: object, **kwargs: object) -> Future[float]:
            raise RuntimeError("closed")

    finished = sweep([0, 1], halve, Refuses())
    assert [one.failure for one in finished] == ["RuntimeError: closed"] * 2


def test_at_once_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at_once must be >= 1, got 0"):
        sweep([1], halve, ThreadPoolExecutor(1), at_once=0)


def test_the_cases_are_all_combinations_and_no_others() -> None:
    every = cases(TINY, (1.0, 2.0), (0, 9_999), 3, (0.0, 0.5), ("sam", "gsam"))
    assert len(set(every)) == len(every) == 2 * 2 * 3 * 2 * 2
    assert {(c.rho, c.warm, c.seed, c.network.label_noise, c.rule) for c in every} == {
        (rho, warm, seed, noise, rule) for rho in (1.0, 2.0) for warm in (0, TINY.steps) for seed in range(3)
        for noise in (0.0, 0.5) for rule in ("sam", "gsam")
    }  # fmt: skip
    assert {c.eta for c in every} == {TINY.eta}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("warm", [0, 9])
def test_a_run_of_a_sweep_follows_its_rule_after_the_warm_start(name: str, warm: int) -> None:
    case = as_case(SHORT, rule=name, warm=warm, steps=40)
    n = case.network
    w, descent = n.start(case.seed, case.scale), gd(n, case.eta)
    after = RECIPES["sam" if name == "warm" else name].build(n, case.eta, case.rho, 40 - warm)
    expected = iterate(warm_start(descent, after, warm), w, 40)
    found = run_case(case)
    assert (found.loss, found.shifted) == (expected.f[-1], expected.shifted_norms[-1])


def test_a_sweep_has_at_most_so_many_runs() -> None:
    with pytest.raises(ValueError, match=f"at most {MOST_RUNS} runs"):
        SweepJob(cases(TINY, [float(i) for i in range(MOST_RUNS + 1)], (0,), 1), run_case)


# --- on the server's workers ------------------------------------------------------------------------


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sweeping.ADDRESS, raising=False)


def finish(job: SweepJob) -> SweepJob:
    job.wait(timeout=300)
    assert job.done
    return job


def test_a_sweep_in_the_workers_gives_the_numbers_of_this_process_bit_for_bit(no_cluster: None) -> None:
    every = cases(SHORT, (0.0, 4.0), (0, 20), 1)
    job = finish(SweepJob(every, run_case))
    assert sorted(map(str, (one.case for one in job.finished))) == sorted(map(str, every))
    for one in job.finished:
        assert not one.failed
        mine = run_case(one.case)
        assert one.result is not None
        assert (one.result.loss, one.result.gradient, one.result.shifted) == (mine.loss, mine.gradient, mine.shifted)
        values = values_at(job.finished, one.case.rho, Setting.of(one.case), "loss")
        assert values.tolist() == [mine.loss]


def test_a_worker_that_dies_fails_its_run_and_the_next_sweep_has_new_workers(no_cluster: None) -> None:
    job = finish(SweepJob([0, 1, 2, 3, 4, 5], die))
    assert sorted(one.case for one in job.finished) == [0, 1, 2, 3, 4, 5]  # none is left out or counted twice
    failed = [one for one in job.finished if one.failed]
    assert [(one.case, one.failure) for one in failed] == [(1, "its worker died, of lack of memory perhaps")]
    again = finish(SweepJob([2, 3], die))
    assert not any(one.failed for one in again.finished)


def test_keywords_are_refused_in_words_not_dropped() -> None:
    with pytest.raises(TypeError, match="positional arguments, got x by keyword; use functools.partial"):
        sweeping.LocalExecutor().submit(halve, x=1)


def test_a_stopped_sweep_leaves_out_the_runs_that_were_under_way(no_cluster: None) -> None:
    long = [as_case(TINY, steps=12_000, seed=seed) for seed in range(3)]
    job = SweepJob([SHORT, *long], run_case)
    end = time.monotonic() + 60
    while not job.finished and time.monotonic() < end:
        time.sleep(0.02)
    job.stop()
    finish(job)
    assert SHORT in [one.case for one in job.finished]
    assert not any(one.failed for one in job.finished)


# --- on a Dask cluster ------------------------------------------------------------------------------


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start a real scheduler with two workers on loopback, by the lines in the README."""
    pytest.importorskip("distributed")
    port = str(free_port())
    address = f"tcp://127.0.0.1:{port}"
    env = {**os.environ, "PYTHONPATH": ".", "PYTHONWARNINGS": "ignore"}
    dask = str(Path(sys.executable).parent / "dask")
    lines = re.findall(r"^PYTHONPATH=\. dask (.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    head, worker = (line.replace("8786", port).split() for line in lines)
    running = [
        subprocess.Popen([dask, *line], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for line in (head, worker, worker)
    ]
    monkeypatch.setenv(sweeping.ADDRESS, address)
    yield address
    for process in reversed(running):
        process.kill()
    for process in running:
        process.wait()


@pytest.mark.filterwarnings("ignore")
def test_a_sweep_on_a_dask_cluster_gives_the_same_numbers(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_PATIENCE", 60)  # its processes only just begin
    monkeypatch.setattr(jobs, "submit", None)  # no local worker takes part
    job = finish(SweepJob(cases(SHORT, (1.0, 4.0), (0,), 2), run_case))
    assert scheduler in job.note
    assert len(job.finished) == 4
    for one in job.finished:
        assert one.result is not None
        assert (one.result.loss, one.result.shifted) == (run_case(one.case).loss, run_case(one.case).shifted)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer_is_named_and_local_workers_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    address = f"tcp://127.0.0.1:{free_port()}"
    monkeypatch.setenv(sweeping.ADDRESS, address)
    monkeypatch.setattr(sweeping, "_PATIENCE", 1)
    job = finish(SweepJob([SHORT], run_case))
    assert address in job.note and "local workers" in job.note
    assert [one.failed for one in job.finished] == [False]


def test_reasons_are_in_words() -> None:
    with ProcessPoolExecutor(1) as executor:
        finished = sweep([1], die, executor)
    assert "worker died" in finished[0].failure
    assert reason(KeyError("x")) == "KeyError: 'x'"
    lines = RuntimeError("Error during deserialization of the task graph. This\nfrequently occurs if ...")
    assert reason(lines).startswith("the scheduler or a worker lacks this project")
