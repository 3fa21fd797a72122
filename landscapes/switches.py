"""Switches of a formula: the terms in it at whose zeros it may have a kink, a pole, or end.

Between two zeros of switches f is smooth. They are the arguments of abs, the denominators, the bases of powers other
than the natural ones, the arguments of log, log10 and sqrt, the cosine of the argument of tan and, at the ends of where
asin and acos are defined, 1 - u^2; each taken apart into factors, as abs(u v) into u and v, and sqrt(u^2) into u.
A term that touches zero without changing its sign, as that of sqrt(1 - cos(x)^2), is not told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .function import FunctionLandscape, points_of
from .kernel import Kernel
from .landscape import Array, Landscape
from .tree import Binary, Call, Formula, Negate, Node, Number, Variable

_ONE = Number(1.0, "1")
_POSITIVE = ("exp", "cosh")


class Switches:
    """The switches of a landscape."""

    def __init__(self, formula: Formula, parameters: tuple[float, ...]) -> None:
        """Find the switches of a formula and make their programs."""
        self._dim = formula.dim
        self._parameters = tuple(map(np.float64, parameters))
        trees = dict.fromkeys(factor for term in _terms(formula.tree) for factor in _factors(term))
        self._kernels = [Kernel(replace(formula, tree=tree)) for tree in trees]

    def __len__(self) -> int:
        """Count the switches."""
        return len(self._kernels)

    def value(self, i: int, x: npt.ArrayLike) -> Array:
        """Map points (..., d) to values (...) of switch i."""
        return self._evaluate(self._kernels[i], "f", x)[0]

    def value_and_gradient(self, i: int, x: npt.ArrayLike) -> tuple[Array, Array]:
        """Map points (..., d) to values (...) and gradients (..., d) of switch i."""
        value, *gradient = self._evaluate(self._kernels[i], "fg", x)
        return value, np.stack(gradient, axis=-1)

    def sides(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Map points (..., d) to numbers (...), equal where all switches have the same signs."""
        x = np.asarray(x, dtype=np.float64)
        sides = np.zeros(x.shape[:-1], dtype=np.int64)
        for i in range(len(self)):
            value = self.value(i, x)
            sides = 3 * sides + (value > 0.0) + 2 * np.isnan(value)
        return sides

    def _evaluate(self, kernel: Kernel, outputs: str, x: npt.ArrayLike) -> list[Array]:
        points = points_of(x, self._dim)
        columns = [np.ascontiguousarray(points[..., i]) for i in range(self._dim)]
        with np.errstate(all="ignore"):
            results = kernel.program(outputs)(*columns, *self._parameters)
        return [np.broadcast_to(np.asarray(r, dtype=np.float64), points.shape[:-1]) for r in results]


def _terms(node: Node) -> Iterator[Node]:
    """Yield the terms at whose zeros something happens, wherever in a tree."""
    match node:
        case Call(function="abs" | "sqrt" | "log" | "log10", argument=argument):
            yield argument
        case Call(function="tan", argument=argument):
            yield Call("cos", argument)
        case Call(function="asin" | "acos", argument=argument):
            yield Binary("-", _ONE, argument)
            yield Binary("+", _ONE, argument)
        case Binary(operator="/", right=right):
            yield right
        case Binary(operator="^", left=left, right=right) if _natural(right) is None:
            yield left
    for child in _children(node):
        yield from _terms(child)


def _factors(node: Node) -> Iterator[Node]:
    """Yield the factors at whose zeros a term vanishes or has a pole; none for what is constant or positive."""
    match node:
        case Negate(argument=argument) | Call(function="abs" | "sqrt", argument=argument):
            yield from _factors(argument)
        case Binary(operator="*" | "/", left=left, right=right):
            yield from _factors(left)
            yield from _factors(right)
        case Binary(operator="^", left=left):
            yield from _factors(left)
        case Call(function=function) if function in _POSITIVE:
            return
        case _:
            if _moves(node):
                yield node


def _natural(node: Node) -> int | None:
    """Return the natural number that an exponent is, if it is one."""
    if isinstance(node, Number) and node.value == int(node.value):
        return int(node.value)
    return None


def _moves(node: Node) -> bool:
    return isinstance(node, Variable) or any(_moves(child) for child in _children(node))


def _children(node: Node) -> tuple[Any, ...]:
    match node:
        case Negate(argument=argument) | Call(argument=argument):
            return (argument,)
        case Binary(left=left, right=right):
            return left, right
    return ()


@lru_cache(maxsize=64)
def _switches(formula: Formula, parameters: tuple[float, ...]) -> Switches:
    return Switches(formula, parameters)


_NONE = Switches(Formula("x", Variable("x"), 1, ()), ())


def switches(l: Landscape | FunctionLandscape) -> Switches:
    """Return the switches of a landscape; none where there is no formula."""
    return _switches(l.parsed, tuple(dict(l.parameters).values())) if isinstance(l, Landscape) else _NONE
