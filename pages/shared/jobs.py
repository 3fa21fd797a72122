"""Long work in a bounded pool of processes: with its place in the queue, its progress, and a way to stop it.

One process serves all visitors, and one of its threads holds the interpreter at a time; what takes longer than a moment
runs here. Workers compute in one thread each and behind everybody else; they end with the server. A question that a
visitor waits for has a worker of its own kind: it does not queue behind trainings and sweeps.
"""

from __future__ import annotations

import importlib
import itertools
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

WORKERS: Final = 2  # for long work
ANSWERING: Final = 1  # more for questions that take longer than a moment
MOST_WAITING: Final = 16  # jobs in the queue; further ones are refused
_NICE: Final = {"long": 10, "question": 5}  # how far workers stand back behind the server, in the system's units
_ONE_THREAD: Final = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
_WARMING: Final = 3.0  # seconds after the server's start, which needs the processor itself
_ROOM: Final = 1_000_000_000  # bytes of free memory from which on workers are made before they are needed
_GROUP: Final = Path("/sys/fs/cgroup")  # of the container

_BEGUN: Final = None  # a report that says no more than that a worker has the job in hand
_progress: Any = None  # in a worker: where it reports to
_stopped: Any = None  # in a worker: one flag a slot


class Busy(RuntimeError):
    """The queue is full."""


class Job:
    """One piece of work: a future, what it has reported so far, and a flag that stops it."""

    def __init__(self, pool: Pool, number: int, slot: int, question: bool) -> None:
        """Reserve a slot of the pool."""
        self.number = number
        self.question = question
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
            before = {name: os.environ.get(name) for name in _ONE_THREAD}
            os.environ.update(_ONE_THREAD)  # NumPy's libraries read it when they are loaded, in the worker
            try:
                return SpawnProcess._Popen(process)
            finally:
                spawn.get_preparation_data = usual
                for name, value in before.items():
                    os.environ.pop(name) if value is None else os.environ.update({name: value})


class _Context(SpawnContext):
    Process = _Worker


class Pool:
    """Worker processes, the jobs that wait for them, and the thread that takes in their reports."""

    def __init__(self, workers: int = WORKERS, answering: int = ANSWERING) -> None:
        """Make the pool; its processes start with the first job of their kind."""
        context = _Context()
        self.flags = context.Array("b", MOST_WAITING + workers + answering)
        self._reports = context.SimpleQueue()
        begin = (os.getpid(), self._reports, self.flags)
        self._long, self._answers = (
            ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(*begin, _NICE[kind]))
            for kind, count in (("long", workers), ("question", answering))
        )
        self.workers = workers
        self._jobs: dict[int, Job] = {}
        self._owned: WeakValueDictionary[int, Job] = WeakValueDictionary()  # a last report may come after the result
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def submit(self, function: Callable[..., Any], *arguments: Any, question: bool = False) -> Job:
        """Queue function(*arguments), which may call `report` and `stop_asked` of this module.

        Args:
            function: a module's own function.
            arguments: its arguments.
            question: a visitor waits for it; it only waits for other such.

        Raises:
            Busy: as many jobs wait as may.
        """
        with self._lock:
            free = set(range(len(self.flags))) - {job._slot for job in self._jobs.values()}
            if not free:
                raise Busy("Everybody is computing just now. Try again in a moment.")
            job = Job(self, next(self._numbers), min(free), question)
            self.flags[job._slot] = 0
            self._jobs[job.number] = self._owned[job.number] = job
        executor = self._answers if question else self._long
        job.future = executor.submit(_work, job.number, job._slot, function, arguments)
        job.future.add_done_callback(lambda _: self._forget(job))
        return job

    def waiting_before(self, job: Job) -> int:
        """Count the jobs that were queued before `job` and have not begun."""
        with self._lock:
            earlier = (other for other in self._jobs.values() if other.number < job.number)
            return sum(1 for other in earlier if other.question == job.question and not other.running)

    def close(self) -> None:
        """Let the workers end with the work that they have in hand; nothing further is taken on."""
        for executor in (self._long, self._answers):
            executor.shutdown(wait=False)

    def warm(self) -> None:
        """Start the workers, with what all of their work needs."""
        for executor in (*[self._long] * self.workers, self._answers):
            executor.submit(_load)

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


_made = lru_cache(maxsize=1)(Pool)
_making = threading.Lock()  # two visitors may be the first at once


def pool() -> Pool:
    """Return the server's pool."""
    with _making:
        return _made()


def submit(function: Callable[..., Any], *arguments: Any, question: bool = False) -> Job:
    """Queue work in the server's pool; where its workers have died, of lack of memory perhaps, in a new one."""
    present = pool()
    try:
        return present.submit(function, *arguments, question=question)
    except BrokenProcessPool:
        with _making:
            if _made() is present:
                _made.cache_clear()
        present.close()
        return pool().submit(function, *arguments, question=question)


def warm_soon() -> None:
    """Start the server's workers a few seconds from now, where there is memory for them to wait in."""

    def warm() -> None:
        if _free_memory() >= _ROOM:
            pool().warm()

    timer = threading.Timer(_WARMING, warm)
    timer.daemon = True
    timer.start()


def _free_memory() -> float:
    """Bytes that are free on the machine and in the container, infinity where that cannot be told."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = 1024.0 * float(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return math.inf
    try:
        limit, used = (float((_GROUP / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no container, or one without a limit, whose memory.max is a word
        return free
    return min(free, limit - used)


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


def _load() -> None:
    """Import what every job needs and few megabytes hold; the rest is left to the jobs that need it."""
    importlib.import_module("numpy")


def _begin(parent: int, progress: Any, flags: Any, nice: int) -> None:
    """Set a worker up, and end it when the server has ended: nothing else ends a worker whose parent was killed."""
    global _progress, _stopped
    _progress, _stopped = progress, flags
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
