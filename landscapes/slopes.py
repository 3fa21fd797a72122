"""A landscape to go down, not to be drawn: where only gradients are needed, values cost as much again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .landscape import Array, Landscape

_UNKNOWN: Final = np.float64(np.nan)


@dataclass(frozen=True)
class Slopes:
    """The gradients of a landscape, for rules; its values are NaN. Hashable and picklable."""

    landscape: Landscape

    @property
    def dim(self) -> int:
        """Number of variables."""
        return self.landscape.dim

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        """Map points (..., d) to one NaN, for the values that are not computed, and gradients (..., d)."""
        return _UNKNOWN, self.landscape.gradient(x)  # type: ignore[return-value]
