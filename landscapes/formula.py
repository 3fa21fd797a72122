"""Text -> checked tree: the only way by which typed text enters the program."""

from __future__ import annotations

from dataclasses import dataclass, field

from landscapes.tree import (
    CONSTANTS, FUNCTIONS, VARIABLES, Binary, Call, Constant, Negate, Node, Number, Parameter, Variable,
)  # fmt: skip

__all__ = [
    "CONSTANTS", "FUNCTIONS", "VARIABLES", "Binary", "Call", "Constant", "Formula", "Negate", "Node", "Number",
    "Parameter", "Variable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula. The text determines the rest, so it alone is compared and hashed."""

    text: str
    tree: Node = field(compare=False)
    dim: int
    parameters: tuple[str, ...]
