"""Median times of two contenders that take turns, so that what slows the machine slows both."""

import statistics
import time
from collections.abc import Callable


def medians(*contenders: Callable[[], object], repeats: int = 7) -> list[float]:
    """Run the contenders in turns and return the median seconds of each."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(repeats):
        for taken, contender in zip(times, contenders, strict=True):
            begin = time.perf_counter()
            contender()
            taken.append(time.perf_counter() - begin)
    return [statistics.median(taken) for taken in times]


def report(what: str, mine: float, peer: float, bound: str) -> None:
    """Print one line: both times in milliseconds, their ratio, and the bound that the issue sets."""
    print(f"{what:58s} {1e3 * mine:9.1f} ms  peer {1e3 * peer:9.1f} ms  ratio {mine / peer:6.3f}  ({bound})")
