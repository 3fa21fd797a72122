"""What a visitor has under way: one training at a time, its place in the queue, its failure in words, its end."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from pages.shared import desk as desks
from pages.shared import jobs
from pages.shared.desk import Desk
from pages.shared.sweeping import SweepJob, run_case
from pages.shared.trained import Trained
from pages.shared.training import DIGITS, TINY, Training, as_case

SHORT = as_case(TINY, steps=50)
LONG = as_case(DIGITS, steps=12_000)


def die(training: Training) -> Trained:
    os._exit(1)


def fail(training: Training) -> Trained:
    raise MemoryError("too many weights")


@pytest.fixture
def mine() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 300
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_training_leaves_its_result_once(mine: Desk) -> None:
    mine.train(SHORT)
    assert mine.result(SHORT) is None
    until(mine.collect)
    trained = mine.result(SHORT)
    assert trained is not None and not trained.stopped
    assert not mine.collect() and mine.training is None and not mine.failure


def test_progress_grows_with_the_curves_and_a_stop_keeps_them(mine: Desk) -> None:
    mine.train(LONG)
    job = mine.training
    assert job is not None

    def reached() -> bool:
        job.update()
        return len(job.curves[1].k) > 3

    until(reached)
    assert job.doing == "training" and 0.0 < job.share < 1.0
    job.stop()
    until(mine.collect)
    trained = mine.result(LONG)
    assert trained is not None and trained.stopped
    assert trained.runs[1].curves.k[:3].tolist() == job.curves[1].k[:3].tolist()


def test_a_waiting_training_knows_its_place_and_can_be_withdrawn(mine: Desk) -> None:
    others = [Desk() for _ in range(jobs.WORKERS + 2)]
    for other in others:
        other.train(LONG)
    mine.train(SHORT)
    job = mine.training
    assert job is not None
    until(lambda: all(other.training and other.training._job.reports for other in others[: jobs.WORKERS]))
    assert job.ahead == 2 and not job.doing
    job.stop()
    until(mine.collect)
    assert mine.result(SHORT) is None and "withdrawn" in mine.failure
    for other in others:
        other.close()
    for other in others:
        until(other.collect)


def test_a_new_training_ends_the_one_before(mine: Desk) -> None:
    mine.train(LONG)
    before = mine.training
    assert before is not None
    mine.train(SHORT)
    until(lambda: before.done)
    until(mine.collect)
    assert mine.result(SHORT) is not None and mine.result(LONG) is None


def test_a_closed_page_ends_training_and_sweep(mine: Desk) -> None:
    mine.train(LONG)
    mine.sweep = SweepJob([LONG], run_case)
    training, sweep = mine.training, mine.sweep
    assert training is not None
    until(lambda: bool(training._job.reports))
    mine.close()
    until(lambda: training.done and sweep.done)
    assert not sweep.finished


@pytest.mark.parametrize(("work", "words"), [(die, "its worker died"), (fail, "too many weights")])
def test_a_failure_is_said_and_the_next_training_works(
    mine: Desk, monkeypatch: pytest.MonkeyPatch, work: object, words: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(desks, "train_in_worker", work)
        mine.train(SHORT)
    until(mine.collect)
    assert words in mine.failure
    mine.train(SHORT)
    until(mine.collect)
    assert mine.result(SHORT) is not None and not mine.failure


def test_a_full_queue_is_said(mine: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise jobs.Busy("Everybody is computing just now.")

    monkeypatch.setattr(jobs, "submit", refuse)
    mine.train(SHORT)
    assert mine.training is None and "Everybody is computing" in mine.failure


def test_only_the_last_results_are_kept(mine: Desk) -> None:
    every = [as_case(SHORT, steps=5, seed=seed) for seed in range(6)]
    for training in every:
        mine.train(training)
        until(mine.collect)
    kept = [training.seed for training in every if mine.result(training) is not None]
    assert kept == [2, 3, 4, 5]
