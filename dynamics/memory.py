"""What rules remember from step to step: None, an array, or a tuple of such, with the points first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def take(memory: Any, which: npt.NDArray[Any]) -> Any:
    """Return what belongs to some of the points.

    Args:
        memory: of a rule that acts on points (n, d): None, an array (n, ...), or a tuple of memories.
        which: their indices (m,), or a mask (n,).

    Returns:
        A memory of the same form, copied.
    """
    if memory is None:
        return None
    if isinstance(memory, tuple):
        return tuple(take(part, which) for part in memory)
    return np.asarray(memory)[which]


def joined(memories: Sequence[Any]) -> Any:
    """Put the memories of several sets of points together; they have the same form."""
    first = memories[0]
    if first is None:
        return None
    if isinstance(first, tuple):
        return tuple(joined(parts) for parts in zip(*memories, strict=True))
    return np.concatenate(memories)


def mapped(memory: Any, change: Callable[[Any], Any]) -> Any:
    """Return a memory of the same form, every array of it changed."""
    if memory is None:
        return None
    if isinstance(memory, tuple):
        return tuple(mapped(part, change) for part in memory)
    return change(memory)


def arrays(memory: Any) -> list[Any]:
    """Return the arrays of a memory, in one order."""
    found: list[Any] = []
    mapped(memory, found.append)
    return found
