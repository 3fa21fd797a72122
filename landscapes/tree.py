"""The checked tree of a formula: what the parser makes and the kernel, the writers and the tests read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

VARIABLES = ("x", "y")
CONSTANTS = ("pi", "e")
FUNCTIONS = (
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "log10", "sqrt", "abs",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A finite, non-negative literal; `text` is the literal as typed, in ASCII."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One of VARIABLES."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """One of CONSTANTS; e is the base of the natural logarithm."""

    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number that is set outside the formula."""

    name: str


@dataclass(frozen=True, slots=True)
class Negate:
    """Unary minus."""

    argument: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """One of `+ - * / ^` between two trees; a product typed without a sign is a `*` like any other."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """One of FUNCTIONS with its one argument; log is the natural logarithm."""

    function: str
    argument: Node


Node: TypeAlias = Number | Variable | Constant | Parameter | Negate | Binary | Call


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula.

    The tree is at most about 250 nodes high, so that walks over it, its hash, == and pickle can recurse.

    Args:
        text: as typed.
        tree: what was understood.
        dim: 2 if y occurs, else 1.
        parameters: their names, in the order of their first appearance.
    """

    text: str
    tree: Node
    dim: int
    parameters: tuple[str, ...]
