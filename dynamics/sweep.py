"""Many runs on a `concurrent.futures.Executor`: partial results as they come, and failures with their reasons."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Case = TypeVar("Case", bound=Hashable)
Result = TypeVar("Result")

_LOOK: Final = 0.2  # seconds between looks at whether to stop


@dataclass(frozen=True)
class Finished(Generic[Case, Result]):
    """One run of a sweep: what came of it, or why nothing did."""

    case: Case
    result: Result | None
    failure: str = ""  # the reason, where the run failed

    @property
    def failed(self) -> bool:
        """Whether the run failed."""
        return bool(self.failure)


def sweep(
    cases: Iterable[Case],
    run: Callable[[Case], Result],
    executor: Executor,
    on_result: Callable[[Finished[Case, Result]], None] | None = None,
    stop: Callable[[], bool] | None = None,
    at_once: int = 4,
) -> list[Finished[Case, Result]]:
    """Run every case once.

    Args:
        cases: what to run; a case given twice is run once.
        run: a function that the executor can call: for processes, a module's own.
        executor: a process pool, a Dask client's executor, or any other.
        on_result: called with each run as it ends, in the order of ending.
        stop: asked a few times a second; where it says True nothing further begins, what has not ended is withdrawn
            and left out, and what has ended is returned.
        at_once: how many are handed to the executor at a time, >= 1; others can get between them.

    Returns:
        The finished runs, the failed ones among them, in the order of the cases. A run whose worker died has failed,
        and so has every later one where the executor does not recover.

    Raises:
        ValueError: at_once is below 1.
    """
    if at_once < 1:
        raise ValueError(f"at_once must be >= 1, got {at_once}")
    left = list(dict.fromkeys(cases))
    order = {case: i for i, case in enumerate(left)}
    left.reverse()
    running: dict[Future[Result], Case] = {}
    finished: dict[Case, Finished[Case, Result]] = {}

    def take(one: Finished[Case, Result]) -> None:
        finished[one.case] = one
        if on_result is not None:
            on_result(one)

    stopped = False
    while (left or running) and not stopped:
        while left and len(running) < at_once:
            case = left.pop()
            try:
                running[executor.submit(run, case)] = case
            except Exception as error:
                take(Finished(case, None, reason(error)))
        done, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
        stopped = stop is not None and stop()
        for future in sorted(done, key=lambda future: order[running[future]]):
            take(_finished(running.pop(future), future))
    for future in running:
        future.cancel()
    return sorted(finished.values(), key=lambda one: order[one.case])


def _finished(case: Case, future: Future[Result]) -> Finished[Case, Result]:
    try:
        return Finished(case, future.result())
    except (Exception, CancelledError) as error:
        return Finished(case, None, reason(error))


def reason(error: BaseException) -> str:
    """Say in words why a run failed."""
    if isinstance(error, CancelledError):
        return "it was withdrawn"
    if type(error).__name__ in ("BrokenProcessPool", "KilledWorker"):
        return "its worker died, of lack of memory perhaps"
    if "deserializ" in str(error):  # Dask's message of many lines
        return "the scheduler or a worker lacks this project's code, or has other versions of its packages"
    return f"{type(error).__name__}: {error}"
