"""A sweep of trainings: its cases, one run of it, and where the runs are carried out. No page, no picture."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple

import numpy as np

from dynamics.sentences import counted
from dynamics.sweep import Case, Finished, Result, sweep
from dynamics.training import Course, advance
from landscapes.networks import one_thread
from pages.shared import jobs
from pages.shared.trained import judged
from pages.shared.training import Training, as_case

MOST_RUNS: Final = 200
_PATIENCE: Final = 5  # seconds in which a scheduler has to answer
_AGAIN: Final = 0.3  # seconds until a full queue is tried again
ADDRESS: Final = "DASK_SCHEDULER_ADDRESS"


@dataclass(frozen=True)
class CaseResult:
    """Where one run of a sweep ended."""

    loss: float
    loss_plus: float
    gradient: float  # |g|
    shifted: float  # |S|
    accuracy: float  # on the training examples, wrong labels included
    held_out: float  # NaN where no examples are held out
    outcome: str  # the verdict's word
    steps: int

    @property
    def ratio(self) -> float:
        """|S|/|g|, NaN at a stationary point."""
        return self.shifted / self.gradient if self.gradient else float("nan")


class Setting(NamedTuple):
    """What the runs of one row of a sweep have in common."""

    noise: float  # share of wrong labels
    rule: str
    warm: int

    @classmethod
    def of(cls, case: Training) -> Setting:
        """Take it from one of its runs."""
        return cls(case.network.label_noise, case.rule, case.warm)


class Stopped(RuntimeError):
    """A run was asked to end before its last step."""


def cases(
    base: Training,
    radii: Sequence[float],
    warms: Sequence[int],
    seeds: int,
    noises: Sequence[float] = (),
    rules: Sequence[str] = ("sam",),
) -> list[Training]:
    """Combine rules, radii, lengths of warm-start, seeds of the first weights and shares of wrong labels."""
    every = itertools.product(range(seeds), noises or (base.network.label_noise,), rules, warms, radii)
    return [
        as_case(
            base, rule=rule, options=(), rho=rho, warm=min(warm, base.steps), seed=base.seed + seed, label_noise=noise
        )
        for seed, noise, rule, warm, rho in every
    ]


def run_case(case: Training) -> CaseResult:
    """Train once, by gradient descent for the warm-start's steps and by the rule from there on.

    Raises:
        Stopped: the job's owner has asked for the end.
    """
    network = case.network
    course = Course(case.swept(network), network.start(case.seed, case.scale), case.steps)
    with one_thread():
        (curves,) = advance((course,), None, jobs.stop_asked)
        if course.left:
            raise Stopped("it was stopped")
        orbit = course.orbit()
        w, here = orbit.x[-1], np.isfinite(orbit.x[-1]).all()
        ends = (float(values[-1]) if here else np.nan for values in (
            curves.loss, curves.loss_plus, curves.gradient, curves.shifted
        ))  # fmt: skip
        outcome = judged(network, "SAM", orbit, curves).outcome
        return CaseResult(*ends, network.accuracy(w), network.held_out_accuracy(w), outcome, case.steps)


class LocalExecutor(Executor):
    """The server's own workers as an executor; each call takes its place in the queue with everybody's."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._jobs: list[jobs.Job] = []
        self._stopping = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a call, and wait where the queue is full.

        Raises:
            TypeError: there are keyword arguments.
            Stopped: it was shut down.
        """
        if kwargs:
            raise TypeError(
                f"submit takes a module's own function and its positional arguments, got {', '.join(kwargs)} "
                "by keyword; use functools.partial."
            )
        while not self._stopping.is_set():
            try:
                job = jobs.submit(fn, *args)
            except jobs.Full:
                self._stopping.wait(_AGAIN)
                continue
            self._jobs = [other for other in self._jobs if not other.future.done()] + [job]
            return job.future
        raise Stopped("it was stopped")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the calls under way; the workers stay."""
        self._stopping.set()
        for job in self._jobs:
            job.stop()


@contextmanager
def executor(note: Callable[[str], None]) -> Iterator[tuple[Executor, int]]:
    """Make the executor of a sweep: the Dask cluster's where one is named, else the server's own workers.

    Args:
        note: called with a sentence where the cluster does not answer.

    Yields:
        The executor, and how many runs to hand to it at a time.
    """
    address = os.environ.get(ADDRESS, "")
    client = _client(address, note) if address else None
    if client is None:
        local = LocalExecutor()
        try:
            yield local, jobs.WORKERS + 1  # one waits, so that no worker does
        finally:
            local.shutdown()
        return
    threads = sum(client.nthreads().values())
    note(f"Running on the Dask cluster at {address}, {counted(threads, 'thread')}.")
    try:
        yield client.get_executor(pure=False, retries=0), max(1, 2 * threads)
    finally:
        client.close()


def _client(address: str, note: Callable[[str], None]) -> Any:
    try:
        from distributed import Client
    except ImportError:
        note(f"{ADDRESS} is set, but the package distributed is not installed: local workers are used.")
        return None
    try:
        return Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        note(f"No Dask scheduler answers at {address}: local workers are used. ({type(error).__name__})")
        return None


class SweepJob(Generic[Case, Result]):
    """A sweep under way in a thread that waits for workers, and what has come of it so far."""

    def __init__(self, every: Sequence[Case], run: Callable[[Case], Result]) -> None:
        """Begin.

        Args:
            every: the cases, at most MOST_RUNS; one given twice is run once.
            run: a module's own function, of a case.

        Raises:
            ValueError: there are more than MOST_RUNS cases.
        """
        if len(every) > MOST_RUNS:
            raise ValueError(f"a sweep has at most {MOST_RUNS} runs, got {len(every)}")
        self.cases = tuple(dict.fromkeys(every))
        self.finished: list[Finished[Case, Result]] = []
        self.note = ""
        self.seen = False  # whether its end has been shown
        self._run = run
        self._stop = threading.Event()
        self._executor: Executor | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return not self._thread.is_alive()

    @property
    def stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End it and keep what is done."""
        self._stop.set()
        if isinstance(self._executor, LocalExecutor):
            self._executor.shutdown()

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            with executor(self._say) as (where, at_once):
                self._executor = where
                sweep(self.cases, self._run, where, self._take, self._stop.is_set, at_once)
        except Exception as error:
            self._say(f"The sweep ended early: {error}")

    def _take(self, one: Finished[Case, Result]) -> None:
        if not (self.stopped and one.failed):  # a run that was stopped has not failed
            self.finished.append(one)

    def _say(self, sentence: str) -> None:
        self.note = sentence


def values_at(
    finished: Sequence[Finished[Training, CaseResult]], rho: float, setting: Setting, measure: str
) -> np.ndarray:
    """Return one measure of the runs with this radius and setting, one a seed."""
    found = [
        getattr(one.result, measure)
        for one in list(finished)
        if one.result is not None and one.case.rho == rho and Setting.of(one.case) == setting
    ]
    return np.array(found)
