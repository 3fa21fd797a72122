"""SAM with a radius of its own for every start: for pictures over the radius."""

from __future__ import annotations

from typing import Any

import numpy as np

from landscapes.landscape import Array, Landscape

from .rules import Rule, Step, sam, unit


def sam_at_radii(l: Landscape, eta: float, radii: Array) -> Rule:
    """Sharpness-aware minimization, x+ = x + rho g(x)/|g(x)|, x <- x - eta g(x+), rho that of the run.

    Args:
        l: the landscape; a parameter rho of it stays as it is.
        eta: step size, > 0.
        radii: (n,) one for each of the starts that the rule is then used on, >= 0.

    Source:
        As `sam`.
    """
    for extreme in (np.min(radii, initial=0.0), np.max(radii, initial=0.0)):
        sam(l, eta, float(extreme))  # checks them

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        f, g = l.value_and_gradient(x)
        x_plus = x + memory[:, None] * unit(g)
        f_plus, s = l.value_and_gradient(x_plus)
        return Step(x - eta * s, x_plus, f, f_plus, g, s, eta, memory), memory

    return Rule("SAM", l, step, lambda x: np.array(radii, dtype=np.float64), steady_from=0)
