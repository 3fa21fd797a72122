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

import numpy as np

from dynamics.monitor import Monitor
from dynamics.sweep import Finished, sweep
from landscapes.networks import Network
from pages.shared.jobs import WORKERS
from pages.shared.sweeping import CaseResult, cases, run_case
from pages.shared.training import PRESETS, TINY, Training

FOLDER: Final = Path(__file__).parent / "presets"
RADII: Final = {"Digits": (2.0, 2.5, 3.0, 4.0), "Tiny": (1.0, 2.0, 3.0, 4.0)}  # what a sweep asks for by default
WARMS: Final = (0, 300)
SEEDS: Final = 3
LOG: Final = FOLDER / "example-log.csv"
WEIGHTS: Final = FOLDER / "example-weights.npy"
EVERY: Final = 10  # steps of the log's run from one row to the next
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
    return FOLDER / f"{preset.lower()}-sweep.csv"


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


def watched(training: Training, log: Path, weights: Path) -> None:
    """Train a network of two classes by SAM in PyTorch, with the monitor on: as a visitor would.

    Args:
        training: of a network with the logistic loss.
        log: the CSV to write.
        weights: where the last weights go, in NumPy's format.
    """
    n: Network = training.network
    model: Any = n.module(n.start(training.seed, training.scale))
    tensor = next(model.parameters()).new_tensor
    x, y = tensor(n.examples.x), tensor(n.examples.y)

    def loss() -> Any:
        z = model(x)[:, 0]
        decay = sum((p**2).sum() for p in model.parameters())
        return (z.exp().log1p() - y * z).mean() + 0.5 * n.weight_decay * decay

    optimizer = Sam(list(model.parameters()), training.eta, training.rho)
    with Monitor(optimizer, log, every=EVERY) as watch:
        for _ in range(training.steps):
            watch(loss()).backward()
            optimizer.first_step(zero_grad=True)
            watch(loss()).backward()
            optimizer.second_step(zero_grad=True)
    parts = [p.detach().numpy().ravel() for p in model.parameters()]
    np.save(weights, np.concatenate(parts), allow_pickle=False)


def make() -> None:
    """Make all of it anew."""
    FOLDER.mkdir(exist_ok=True)
    watched(TINY, LOG, WEIGHTS)
    for preset in PRESETS:
        make_sweep(preset)
    for file in (LOG, WEIGHTS, *map(_file, PRESETS)):
        print(f"{file.name}: {file.stat().st_size / 1000.0:.0f} kB")


if __name__ == "__main__":
    make()
