"""What the sweep and the log on the page on networks open with: a sweep of each preset and a watched run, in files.

They are made by `python -m pages.shared.networks_example` and kept beside the presets, as CSV with all digits.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from dynamics.monitor import Monitor, guessing_loss
from dynamics.sweep import Finished, sweep
from landscapes.networks import Network, one_thread
from pages.shared.jobs import WORKERS
from pages.shared.stored import file_name
from pages.shared.sweeping import CaseResult, cases, run_case
from pages.shared.training import CONVOLUTIONAL, PRESETS, Training, as_case

FOLDER: Final = Path(__file__).parent / "presets"
RADII: Final = {  # what a sweep asks for by default
    "Digits": (2.0, 2.5, 3.0, 4.0),
    "Convolutional, mini-batches": (0.25, 0.5, 1.0, 2.0),
    "Tiny": (1.0, 2.0, 3.0, 4.0),
}
WARMS: Final = (0, 300)
SEEDS: Final = 3
WATCHED: Final = as_case(CONVOLUTIONAL, hidden=(64, 64), layers="dense", rho=2.0)  # what the example logs are of
LOGS: Final = (FOLDER / "example-log.csv", FOLDER / "example-log-warm-start.csv")
EVERY: Final = 5  # steps of a log's run from one row to the next
CHECK: Final = 25  # steps from one check to the next
_COLUMNS: Final = ("rho", "warm", "seed", *(field.name for field in fields(CaseResult)))
_WORDS: Final = {"outcome": str, "warm": int, "seed": int, "steps": int}  # the other columns are numbers


@dataclass(frozen=True, eq=False)
class Example:
    """A sweep that was run before, in the form of one that has ended."""

    base: Training
    cases: tuple[Training, ...]
    finished: Sequence[Finished[Training, CaseResult]]


def usual(preset: str) -> list[Training]:
    """Return the cases that the sweep of a preset has by default."""
    return cases(PRESETS[preset], RADII[preset], WARMS, SEEDS)


@cache
def example(preset: str) -> Example:
    """Return the stored sweep of a preset."""
    with _file(preset).open(newline="", encoding="utf-8") as file:
        rows = [{name: _WORDS.get(name, float)(value) for name, value in row.items()} for row in csv.DictReader(file)]
    every = usual(preset)
    found = {(row.pop("rho"), row.pop("warm"), row.pop("seed")): CaseResult(**row) for row in rows}
    finished = tuple(Finished(case, found[case.rho, case.warm, case.seed]) for case in every)
    return Example(PRESETS[preset], tuple(every), finished)


def _file(preset: str) -> Path:
    return FOLDER / f"{file_name(preset)}-sweep.csv"


def make_sweep(preset: str) -> None:
    """Run the sweep of a preset anew and keep its results."""
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        finished = sweep(usual(preset), run_case, pool, lambda one: print(f"  {one.case.rho} {one.result}", flush=True))
    with _file(preset).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for one in finished:
            assert one.result is not None, one.failure
            case = one.case
            writer.writerow([case.rho, case.warm, case.seed, *(getattr(one.result, name) for name in _COLUMNS[3:])])


class Sam:
    """SAM for a PyTorch network, as its usual implementations have it: what the monitor watches."""

    def __init__(self, parameters: Sequence[Any], eta: float, rho: float) -> None:
        """Begin with a step size and a radius."""
        self.param_groups = [{"params": list(parameters), "lr": eta, "rho": rho}]
        self._moves: list[Any] = []

    def first_step(self, zero_grad: bool = False) -> None:
        """Go to the look-ahead point."""
        (group,) = self.param_groups
        length = math.sqrt(sum(float((p.grad**2).sum()) for p in group["params"]))
        self._moves = [p.grad * (group["rho"] / length if length else 0.0) for p in group["params"]]
        for p, move in zip(group["params"], self._moves, strict=True):
            p.data += move
        self._clear(zero_grad)

    def second_step(self, zero_grad: bool = False) -> None:
        """Go back, and take a step along the gradient found there."""
        (group,) = self.param_groups
        for p, move in zip(group["params"], self._moves, strict=True):
            p.data -= move + group["lr"] * p.grad
        self._clear(zero_grad)

    def _clear(self, zero_grad: bool) -> None:
        for p in self.param_groups[0]["params"] if zero_grad else ():
            p.grad = None


def watched(training: Training, log: Path, warm: int) -> None:
    """Train by SAM in PyTorch with the monitor on, as a visitor would, and write the log.

    Args:
        training: on mini-batches, with the cross-entropy.
        log: the CSV to write.
        warm: steps of plain SGD before SAM begins: a radius of 0.
    """
    import torch
    from torch.nn.functional import cross_entropy

    n: Network = training.network
    model: Any = n.module(n.start(training.seed, training.scale))
    x, y = torch.tensor(n.examples.x, dtype=next(model.parameters()).dtype), torch.tensor(n.examples.y)
    optimizer = Sam(list(model.parameters()), training.eta, training.rho)
    (group,), order = optimizer.param_groups, training.batches
    with Monitor(optimizer, log, every=EVERY, guessing=guessing_loss(y), model=model) as watch:
        for k in range(training.steps):
            group["rho"] = training.rho if k >= warm else 0.0
            i = torch.from_numpy(order.at(k))
            for step in (optimizer.first_step, optimizer.second_step):
                watch(cross_entropy(model(x[i]), y[i])).backward()
                step(zero_grad=True)
            if (k + 1) % CHECK == 0:
                with torch.no_grad():
                    share = (model(x).argmax(dim=1) == y).double().mean().item()
                watch.epochs = (k + 1) // order.per_epoch
                watch.check(lambda: cross_entropy(model(x), y), accuracy=share)


def make() -> None:
    """Make all of it anew."""
    FOLDER.mkdir(exist_ok=True)
    with one_thread():
        for log, warm in zip(LOGS, (0, WATCHED.warm), strict=True):
            watched(WATCHED, log, warm)
    for preset in PRESETS:
        make_sweep(preset)
    for file in (*LOGS, *map(_file, PRESETS)):
        print(f"{file.name}: {file.stat().st_size / 1000.0:.0f} kB")


if __name__ == "__main__":
    make()
