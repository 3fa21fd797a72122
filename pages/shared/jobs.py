"""Long work in a bounded pool of processes: with its place in the queue, its progress, and a way to stop it.

One process serves all visitors, and one of its threads holds the interpreter at a time; what takes longer than a moment
runs here. A question that a visitor waits for has a pool of its own: it does not queue behind trainings and sweeps.
Where a worker dies, of lack of memory perhaps, what it had in hand has failed, and everything else goes on.
"""

from __future__ import annotations

import atexit
import math
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Final

from pages.shared.worker import Worker, report, stop_asked

__all__ = ["Busy", "Full", "Job", "Pool", "get_ready", "pool", "report", "stop_asked", "submit", "warm_soon"]

WORKERS: Final = 2  # for long work
ANSWERING: Final = 1  # more for questions that take longer than a moment
MOST_WAITING: Final = 16  # jobs in a pool's queue; further ones are refused
_NICE: Final = 10  # how far workers stand back behind the server, in the system's units
_NICE_ANSWERING: Final = 5
_WARMING: Final = 3.0  # seconds after the server's start, which needs the processor itself
_ROOM: Final = 1_000_000_000  # bytes of free memory from which on workers are made before they are needed
_GROUP: Final = Path("/sys/fs/cgroup")  # of the container
EVERYBODY: Final = "Everybody is computing just now. Try again in a moment."


class Busy(RuntimeError):
    """There is no answer now; the message says why, and what to do."""


class Full(Busy):
    """As many jobs wait as may."""


class Job:
    """One piece of work: a future, and what it has reported so far."""

    def __init__(self, pool: Pool, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Begin nothing; that is the pool's."""
        self.reports: list[Any] = []
        self.future: Future[Any] = Future()
        self._pool = pool
        self._work = function, arguments

    def stop(self, at_once: bool = False) -> None:
        """End it: in the queue it is withdrawn; what a worker has of it by then is its result.

        Args:
            at_once: also where its work does not ask `stop_asked`; nothing comes of it then.
        """
        self._pool.stop(self, at_once)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for what comes of it, and return that.

        Args:
            timeout: seconds.

        Raises:
            Busy: nothing came of it, being withdrawn or its worker dead.
            TimeoutError: it has not ended.
            Exception: whatever the work raised.
        """
        try:
            return self.future.result(timeout)
        except (CancelledError, BrokenProcessPool) as error:
            from dynamics.sweep import reason  # workers load this module too, and not all of them need dynamics

            again = "" if isinstance(error, CancelledError) else " Try again."
            raise Busy(f"There is no result: {reason(error)}.{again}") from error

    @property
    def running(self) -> bool:
        """Whether a worker has it in hand, or has had."""
        return self.future.running() or self.future.done()

    @property
    def failed(self) -> bool:
        """Whether it has ended without a result."""
        return self.future.done() and (self.future.cancelled() or self.future.exception() is not None)

    @property
    def ahead(self) -> int:
        """How many jobs are before it in the queue."""
        return self._pool.waiting_before(self)


class Pool:
    """Workers, each with a thread that hands it one job after another, and the jobs that wait for them."""

    def __init__(self, workers: int = WORKERS, nice: int = _NICE) -> None:
        """Make the pool; its processes start with the first jobs.

        Args:
            workers: how many.
            nice: how far they stand back behind the server, in the system's units.
        """
        self.workers = tuple(Worker(nice) for _ in range(workers))
        self._waiting: deque[Job] = deque()
        self._in_hand: dict[Worker, Job] = {}
        self._closed = False
        self._changed = threading.Condition()
        for worker in self.workers:
            threading.Thread(target=self._hand_out, args=(worker,), daemon=True).start()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Job:
        """Queue function(*arguments), which may call `report` and `stop_asked` of this module.

        Args:
            function: a module's own function.
            arguments: its arguments.

        Raises:
            Full: as many jobs wait as may.
            RuntimeError: the pool is closed.
        """
        job = Job(self, function, arguments)
        with self._changed:
            if self._closed:
                raise RuntimeError("The pool is closed: it takes no further jobs.")
            waiting = sum(not other.future.cancelled() for other in self._waiting)
            if waiting + len(self._in_hand) >= MOST_WAITING + len(self.workers):
                raise Full(EVERYBODY)
            self._waiting.append(job)
            self._changed.notify()
        return job

    def stop(self, job: Job, at_once: bool = False) -> None:
        """Withdraw a job from the queue, or have its worker end it, see `Job.stop`; one that has ended is left."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                _withdraw(job)
            for worker, other in self._in_hand.items():
                if other is job:
                    worker.kill() if at_once else worker.ask_to_stop()

    def waiting_before(self, job: Job) -> int:
        """Count the jobs that were queued before `job` and have not begun."""
        with self._changed:
            if job not in self._waiting:
                return 0
            return sum(not other.future.cancelled() for other in list(self._waiting)[: self._waiting.index(job)])

    @property
    def busy(self) -> bool:
        """Whether a job is under way or waits."""
        with self._changed:
            return bool(self._in_hand or self._waiting)

    def close(self) -> None:
        """Withdraw what waits; the workers end with the work that they have in hand."""
        with self._changed:
            self._closed = True
            while self._waiting:
                _withdraw(self._waiting.popleft())
            self._changed.notify_all()

    def warm(self) -> None:
        """Start the workers before there is work."""
        for worker in self.workers:
            worker.start()

    def _hand_out(self, worker: Worker) -> None:
        while self._hand_next(worker):
            pass
        worker.end()

    def _hand_next(self, worker: Worker) -> bool:
        """Wait for a job and have it done; False where there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return False
            job = self._waiting.popleft()
            if not job.future.set_running_or_notify_cancel():
                return True
            self._in_hand[worker] = job
            worker.ask_to_stop(False)
        try:
            result = worker.do(*job._work, job.reports.append)
        except BaseException as error:
            self._put_down(worker)
            job.future.set_exception(error)
        else:
            self._put_down(worker)
            job.future.set_result(result)
        return True

    def _put_down(self, worker: Worker) -> None:
        with self._changed:
            del self._in_hand[worker]


def _withdraw(job: Job) -> None:
    job.future.cancel()
    job.future.set_running_or_notify_cancel()  # who waits for it is told


_pools: dict[bool, Pool] = {}
_making = threading.Lock()  # two visitors may be the first at once


def pool(question: bool = False) -> Pool:
    """Return the server's pool for long work, or that for questions."""
    with _making:
        if question not in _pools:
            _pools[question] = Pool(ANSWERING, _NICE_ANSWERING) if question else Pool(WORKERS, _NICE)
        return _pools[question]


@atexit.register
def _close() -> None:
    for each in _pools.values():
        each.close()  # or a worker that is ended with the server would be started anew for the next job


def submit(function: Callable[..., Any], *arguments: Any, question: bool = False) -> Job:
    """Queue work in the server's pool.

    Args:
        function: a module's own function.
        arguments: its arguments.
        question: a visitor waits for it; it only waits for other such.

    Raises:
        Full: as many jobs wait as may.
    """
    return pool(question).submit(function, *arguments)


def warm_soon() -> None:
    """Start the server's workers a few seconds from now, where there is memory for them to wait in."""

    def warm() -> None:
        if _free_memory() >= _ROOM:
            for question in (False, True):
                pool(question).warm()

    timer = threading.Timer(_WARMING, warm)
    timer.daemon = True
    timer.start()


def get_ready(function: Callable[[], Any]) -> None:
    """Have each waiting worker for long work call a function once, such as one that loads what the work needs.

    Nothing is done where no workers were started beforehand, where memory is short, or where others are waiting.

    Args:
        function: a module's own function.
    """
    with _making:
        ready = _pools.get(False)
        if ready is None or function in _prepared or _free_memory() < _ROOM:
            return
        _prepared.add(function)
    try:
        for _ in ready.workers:
            ready.submit(function)
    except Full:
        pass


_prepared: set[Callable[[], Any]] = set()


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
