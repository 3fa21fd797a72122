"""A landscape to go down, not to be drawn: where only gradients are needed, values may cost as much again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from .kernel import Kernel
from .landscape import Array, Landscape
from .tree import Binary, Call, Negate, Node, Number, Parameter

_UNKNOWN: Final = np.float64(math.nan)


@dataclass(frozen=True)
class Slopes:
    """The gradients of a landscape, for rules; its values are NaN. Hashable and picklable.

    The parameters' values stand in the program as numbers, so that what is constant is computed once. Gradients
    agree with the landscape's up to rounding.
    """

    landscape: Landscape

    @property
    def dim(self) -> int:
        """Number of variables."""
        return self.landscape.dim

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        """Map points (..., d) to one NaN, for the values that are not computed, and gradients (..., d).

        Points (n, d) that are stored column by column, in blocks of about 2,000, take the least time.
        """
        if x.ndim != 2:
            return _UNKNOWN, self.landscape.gradient(x)  # type: ignore[return-value]
        gradient = np.empty(x.shape[::-1])
        with np.errstate(all="ignore"):
            for row, part in zip(gradient, _program(self.landscape)(*map(np.ascontiguousarray, x.T)), strict=True):
                row[...] = part
        return _UNKNOWN, gradient.T  # type: ignore[return-value]


@lru_cache(maxsize=64)
def _program(l: Landscape) -> Callable[..., tuple[Any, ...]]:
    tree = _with_numbers(l.parsed.tree, dict(l.parameters))
    return Kernel(replace(l.parsed, tree=tree, parameters=())).program("g")


def _with_numbers(node: Node, values: Mapping[str, float]) -> Node:
    """Return a tree in which the parameters are numbers."""
    match node:
        case Parameter(name=name):
            number = Number(abs(values[name]), repr(abs(values[name])))
            return Negate(number) if values[name] < 0.0 else number
        case Negate(argument=argument):
            return Negate(_with_numbers(argument, values))
        case Call(function=function, argument=argument):
            return Call(function, _with_numbers(argument, values))
        case Binary(operator=operator, left=left, right=right):
            return Binary(operator, _with_numbers(left, values), _with_numbers(right, values))
    return node
