"""Mini-batches: which examples a step sees, and any rule on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Objective

from ..rules import Rule, Step

Indices = npt.NDArray[np.int64]
_SHUFFLE: Final = 0x5EED  # tells these orders from other uses of the same seed


class Divisible(Objective, Protocol):
    """An objective that is a mean over examples."""

    def part(self, indices: npt.ArrayLike) -> Objective:
        """Return the objective on some of the examples."""
        ...


@dataclass(frozen=True)
class Batches:
    """The examples of each step: a new random order every epoch, cut into batches of equal size.

    What is left over at the end of an epoch is not seen in that epoch. The same numbers give the same batches.

    Args:
        count: number of examples.
        size: of a batch, from 1 to count.
        seed: of the orders, >= 0.

    Raises:
        ValueError: size or seed is out of its range.
    """

    count: int
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 1 <= self.size <= self.count:
            raise ValueError(f"the batch size must be from 1 to {self.count}, the number of examples, got {self.size}")
        if self.seed < 0:
            raise ValueError(f"seed must be >= 0, got {self.seed}")

    @property
    def per_epoch(self) -> int:
        """Number of steps in an epoch."""
        return self.count // self.size

    def at(self, k: int) -> Indices:
        """Return the examples (size,) that step k sees."""
        epoch, i = divmod(k, self.per_epoch)
        return _order(self.count, self.seed, epoch)[i * self.size : (i + 1) * self.size]


@lru_cache(maxsize=8)
def _order(count: int, seed: int, epoch: int) -> Indices:
    return np.random.default_rng((_SHUFFLE, seed, epoch)).permutation(count)


def batched(rule_on: Callable[[Objective], Rule], objective: Divisible, batches: Batches) -> Rule:
    """Follow a rule that sees at each step the objective on that step's mini-batch alone.

    Both gradients of a SAM step come from the same batch. What a step says it saw is that of the batch.

    Args:
        rule_on: makes the rule from an objective, such as `lambda l: sam(l, eta, rho)`; how it starts and what it
            remembers must not depend on the objective.
        objective: the loss on all examples.
        batches: which of them a step sees.

    Source:
        Foret et al. 2021, algorithm 1; the paper's m is the batch's size here.
    """
    plain = rule_on(objective)

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        return rule_on(objective.part(batches.at(k))).step(x, memory, k)

    traits = replace(plain.traits, follows_shift=False, batches=True)
    return Rule(plain.name, objective, step, plain.start, traits=traits)
