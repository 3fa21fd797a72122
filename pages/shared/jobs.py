"""Long work in a bounded pool of processes: with its place in the queue, its progress, and a way to stop it.

One process serves all visitors, and one of its threads holds the interpreter at a time; what takes longer than a moment
runs here. Workers are made when first needed and end with the server.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Final
from weakref import WeakValueDictionary

WORKERS: Final = 2
MOST_WAITING: Final = 16  # jobs in the queue; further ones are refused

_BEGUN: Final = None  # a report that says no more than that a worker has the job in hand
_progress: Any = None  # in a worker: where it reports to
_stopped: Any = None  # in a worker: one flag a slot


class Busy(RuntimeError):
    """The queue is full."""


class Job:
    """One piece of work: a future, what it has reported so far, and a flag that stops it."""

    def __init__(self, pool: Pool, number: int, slot: int) -> None:
        """Reserve a slot of the pool."""
        self.number = number
        self.reports: list[Any] = []
        self.begun = False
        self.future: Future[Any] = Future()
        self._pool = pool
        self._slot = slot

    def stop(self) -> None:
        """Ask the work to end; what it has by then is its result."""
        self._pool.flags[self._slot] = 1

    @property
    def running(self) -> bool:
        """Whether a worker has it in hand; the executor calls its future running while it still waits."""
        return self.begun or self.future.done()

    @property
    def ahead(self) -> int:
        """How many jobs are before it in the queue."""
        return self._pool.waiting_before(self)


class _Worker(SpawnProcess):
    """A spawned process that does not run the program's main file again: that is the page a visitor looks at."""

    _launching = threading.Lock()

    @staticmethod
    def _Popen(process: Any) -> Any:
        usual = spawn.get_preparation_data

        def without_main(name: str) -> dict[str, Any]:
            return {key: value for key, value in usual(name).items() if not key.startswith("init_main")}

        with _Worker._launching:
            spawn.get_preparation_data = without_main
            try:
                return SpawnProcess._Popen(process)
            finally:
                spawn.get_preparation_data = usual


class _Context(SpawnContext):
    Process = _Worker


class Pool:
    """Worker processes, the jobs that wait for them, and the thread that takes in their reports."""

    def __init__(self, workers: int = WORKERS) -> None:
        """Make the pool; its processes start with the first job."""
        context = _Context()
        self.flags = context.Array("b", MOST_WAITING + workers)
        self._reports = context.SimpleQueue()
        self._executor = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin, initargs=(os.getpid(), self._reports, self.flags)
        )
        self._jobs: dict[int, Job] = {}
        self._owned: WeakValueDictionary[int, Job] = WeakValueDictionary()  # a last report may come after the result
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Job:
        """Queue function(*arguments), which may call `report` and `stop_asked` of this module.

        Raises:
            Busy: as many jobs wait as may.
        """
        with self._lock:
            free = set(range(len(self.flags))) - {job._slot for job in self._jobs.values()}
            if not free:
                raise Busy("Everybody is computing just now. Try again in a moment.")
            job = Job(self, next(self._numbers), min(free))
            self.flags[job._slot] = 0
            self._jobs[job.number] = self._owned[job.number] = job
        job.future = self._executor.submit(_work, job.number, job._slot, function, arguments)
        job.future.add_done_callback(lambda _: self._forget(job))
        return job

    def waiting_before(self, job: Job) -> int:
        """Count the jobs that were queued before `job` and have not begun."""
        with self._lock:
            return sum(1 for other in self._jobs.values() if other.number < job.number and not other.running)

    def _forget(self, job: Job) -> None:
        with self._lock:
            self._jobs.pop(job.number, None)

    def _listen(self) -> None:
        while True:
            try:
                number, report = self._reports.get()
            except (EOFError, OSError):
                return
            job = self._owned.get(number)
            if job is not None:
                job.begun = True
                if report is not _BEGUN:
                    job.reports.append(report)


@lru_cache(maxsize=1)
def pool() -> Pool:
    """Return the server's pool."""
    return Pool()


def submit(function: Callable[..., Any], *arguments: Any) -> Job:
    """Queue work in the server's pool; where its workers have died, of lack of memory perhaps, in a new one."""
    try:
        return pool().submit(function, *arguments)
    except BrokenProcessPool:
        pool.cache_clear()
        return pool().submit(function, *arguments)


def report(what: Any) -> None:
    """Tell the job's owner how far it is; to be called in a worker."""
    if _progress is not None:
        _progress.put((_current[0], what))


def stop_asked() -> bool:
    """Say whether the job's owner wants it to end; to be called in a worker."""
    return _stopped is not None and bool(_stopped[_current[1]])


_current = [0, 0]  # in a worker: number and slot of the job in hand


def _work(number: int, slot: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    _current[:] = [number, slot]
    report(_BEGUN)
    return function(*arguments)


def _begin(parent: int, progress: Any, flags: Any) -> None:
    """Set a worker up, and end it when the server has ended: nothing else ends a worker whose parent was killed."""
    global _progress, _stopped
    _progress, _stopped = progress, flags

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
