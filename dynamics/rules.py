"""Update rules: from a point to the next one, and what was seen on the way.

Each rule is built by a pure function and acts on points (..., d). What it needs to remember is passed in and out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from landscapes.landscape import Array, Objective


class Step(NamedTuple):
    """What a rule saw at x, and where it goes."""

    x_next: Array  # (..., d)
    x_plus: Array  # (..., d) the perturbed point; x itself where the rule does not look ahead
    f: Array  # (...) f(x)
    f_plus: Array  # (...) f(x+)
    g: Array  # (..., d) gradient at x
    s: Array  # (..., d) gradient at x+, the shifted gradient
    eta: float
    rho: float


def _remembers_nothing(x: Array) -> None:
    return None


@dataclass(frozen=True)
class Rule:
    """An update rule on one objective.

    `step(x, memory, k)` returns a `Step` and the memory for step k + 1; `start(x)` makes the memory for step 0.
    From step `steady_from` on every step is the same map of x alone: nothing is remembered, and k does not matter.
    """

    name: str
    objective: Objective
    step: Callable[[Array, Any, int], tuple[Step, Any]]
    start: Callable[[Array], Any] = _remembers_nothing
    steady_from: float = math.inf


def unit(g: Array) -> Array:
    """Return g/|g| along the last axis, and 0 where g = 0 (or is too small to be squared)."""
    square = np.vecdot(g, g) if g.ndim == 1 else np.einsum("...i,...i->...", g, g)  # fast for one, and for many
    norm = np.sqrt(square)[..., None]
    return np.asarray(g / (norm + (norm == 0.0)))


def gd(l: Objective, eta: float) -> Rule:
    """Gradient descent, x <- x - eta g(x).

    Args:
        l: the objective.
        eta: step size, > 0.

    Source:
        Cauchy 1847.
    """
    _check("eta", eta, zero="use fewer steps to stay where you are")

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        f, g = l.value_and_gradient(x)
        return Step(x - eta * g, x, f, f, g, g, eta, 0.0), memory

    return Rule("GD", l, step, steady_from=0)


def sam(l: Objective, eta: float, rho: float) -> Rule:
    """Sharpness-aware minimization: x+ = x + rho g(x)/|g(x)|, x <- x - eta g(x+).

    Where g(x) = 0 the direction is undefined; here there is no perturbation then, x+ = x, and the point stays.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation radius, >= 0, in the units of x; 0 is gradient descent.

    Source:
        Foret, Kleiner, Mobahi and Neyshabur 2021.
    """
    _check("eta", eta, zero="use fewer steps to stay where you are")
    _check("rho", rho)

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        f, g = l.value_and_gradient(x)
        x_plus = x + rho * unit(g)
        f_plus, s = l.value_and_gradient(x_plus)
        return Step(x - eta * s, x_plus, f, f_plus, g, s, eta, rho), memory

    return Rule("SAM", l, step, steady_from=0)


def warm_start(first: Rule, then: Rule, steps: int) -> Rule:
    """Follow `first` for a number of steps, then `then`, which starts afresh.

    Args:
        first: usually gradient descent.
        then: usually SAM, on the same objective.
        steps: number of steps of `first`, >= 0.

    Source:
        Park, Jang, Ryu and Yang, arXiv 2509.21818.
    """
    if steps < 0:
        raise ValueError(f"steps must be >= 0, got {steps}; use 0 for no warm-start")

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        if k < steps:
            return first.step(x, memory, k)
        return then.step(x, then.start(x) if k == steps else memory, k - steps)

    start = first.start if steps else then.start
    name = f"{then.name} after {steps} steps of {first.name}"
    return Rule(name, then.objective, step, start, steps + then.steady_from)


def _check(name: str, value: float, zero: str | None = None) -> None:
    if not math.isfinite(value) or value < 0.0:
        hint = "; use 0 for plain gradient descent" if name == "rho" else ""
        raise ValueError(f"{name} must be a finite number {'>' if zero else '>='} 0, got {value}{hint}")
    if zero is not None and value == 0.0:
        raise ValueError(f"{name} must be > 0, got 0; {zero}")
