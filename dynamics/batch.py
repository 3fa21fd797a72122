"""Runs that step together: what is known of each while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .memory import joined, take
from .rules import Step

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Runs under way; entry i of every array belongs to the start number which[i]."""

    which: Indices
    x: Array  # (m, d), column by column
    memory: Any
    largest: Array  # (m,) |g|^2
    largest_rho: Array  # (m,)
    closeness: Array  # (m,) how closely two steps have to lead back before it is worth a look at whether it has settled

    def part(self, members: npt.NDArray[Any]) -> Block:
        """Return some of the runs."""
        rest = (values[members] for values in (self.largest, self.largest_rho, self.closeness))
        return Block(self.which[members], np.asfortranarray(self.x[members]), take(self.memory, members), *rest)

    def cut(self, most: int) -> list[Block]:
        """Return blocks of at most so many runs each."""
        n = len(self.which)
        if n <= most:
            return [self]
        return [self.part(np.arange(i, min(n, i + most))) for i in range(0, n, most)]


def together(blocks: Sequence[Block]) -> Block:
    """Put blocks together into one."""
    columns = zip(*((b.which, b.x, b.largest, b.largest_rho, b.closeness) for b in blocks), strict=True)
    which, x, *rest = map(np.concatenate, columns)
    return Block(which, x, joined([block.memory for block in blocks]), *rest)


class Watch:
    """What is kept of every step: the box the runs have been in, their largest gradient and radius."""

    def __init__(self, block: Block) -> None:
        self.low, self.high = block.x.copy(order="F"), block.x.copy(order="F")
        self.largest, self.largest_rho = block.largest.copy(), block.largest_rho.copy()
        self._rho: Any = 0.0

    def see(self, seen: Step) -> Array:
        """Take in what was seen in a step; return |g|^2 (m,)."""
        x_next = seen.x_next
        np.minimum(self.low, x_next, out=self.low)
        np.maximum(self.high, x_next, out=self.high)
        square = squares(seen.g)
        np.maximum(self.largest, square, out=self.largest)
        if seen.rho is not self._rho:
            self._rho = seen.rho
            np.maximum(self.largest_rho, np.reshape(seen.rho, -1), out=self.largest_rho)
        return square

    def reach(self, centre: Array) -> Array:
        """Return how far from the centre the runs (m,) have been at most, NaN where they have been nowhere."""
        return np.asarray(np.linalg.norm(np.maximum(self.high - centre, centre - self.low), axis=-1))


def squares(v: Array) -> Array:
    """Return |v|^2 (m,) of vectors (m, d), column by column; for one or two components faster than `rules.dot`."""
    return np.asarray(reduce(np.add, np.square(v).T))


def each(value: Any, n: int) -> Array:
    """Return eta or rho of each run (n,); most rules have one for all."""
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64).reshape(-1), n))
