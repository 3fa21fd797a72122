"""Update rules: from a point to the next one, and what was seen on the way.

Each rule is built by a pure function and acts on points (..., d). What it needs to remember is passed in and out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np

from landscapes.landscape import Array, Objective

from .stability import look_ahead_jacobian


class Step(NamedTuple):
    """What a rule saw at x, and where it goes."""

    x_next: Array  # (..., d)
    x_plus: Array  # (..., d) the perturbed point; x itself where the rule does not look ahead
    f: Array  # (...) f(x)
    f_plus: Array  # (...) f(x+)
    g: Array  # (..., d) gradient at x
    s: Array  # (..., d) gradient at x+, the shifted gradient
    eta: float
    rho: float  # the parameter, as given; how far x+ is from x is up to the rule's look-ahead


def _remembers_nothing(x: Array) -> None:
    return None


def dot(a: Array, b: Array) -> Array:
    """Return a . b along the last axis; in one or two variables the same for a point alone and among others.

    With more variables, as for a network, a library sums, in an order of its own.
    """
    if a.shape[-1] > 2:
        return np.asarray(np.vecdot(a, b))
    products = a * b
    total: Array = products[..., 0] if a.shape[-1] == 1 else products[..., 0] + products[..., 1]
    return total


def unit(g: Array) -> Array:
    """Return g/|g| along the last axis, and 0 where g = 0 (or is too small to be squared)."""
    norm = np.sqrt(dot(g, g))[..., None]
    direction: Array = g / (norm + (norm == 0.0))
    return direction


@dataclass(frozen=True)
class LookAhead:
    """Where a rule looks: the perturbed point x+ as a function of x, g(x) and rho, and its Jacobian in x.

    `point(x, g, rho)` maps points (..., d) and radii that fit them to x+ (..., d); `jacobian(x, g, hessian, rho)`
    maps points (n, d), Hessians (n, d, d) and radii (n, 1, 1) to (n, d, d). The Jacobian of S is H(x+) times that.
    """

    point: Callable[[Array, Array, Any], Array]
    jacobian: Callable[[Array, Array, Array, Any], Array]


def _along_the_gradient(x: Array, g: Array, rho: Any) -> Array:
    ahead: Array = x + rho * unit(g)
    return ahead


def _jacobian_along_the_gradient(x: Array, g: Array, hessian: Array, rho: Any) -> Array:
    return look_ahead_jacobian(g, hessian, rho)


NORMALIZED: Final = LookAhead(_along_the_gradient, _jacobian_along_the_gradient)  # SAM's, x + rho g/|g|


@dataclass(frozen=True)
class Traits:
    """What a verdict on a run has to know of its rule."""

    look_ahead: LookAhead = NORMALIZED
    follows_shift: bool = True  # x <- x - eta S(x), so that the Jacobian of S tells what attracts
    fades: bool = False  # where g vanishes so do its steps, however close it is; SAM's do not, with its look-ahead
    noise: float = 0.0  # standard deviation, in each variable, of what is added to the gradients
    batches: bool = False  # each step sees the objective on some of the examples; what it saw is theirs


@dataclass(frozen=True)
class Rule:
    """An update rule on one objective.

    `step(x, memory, k)` returns a `Step` and the memory for step k + 1; `start(x)` makes the memory for step 0. A
    memory is None, an array with the axes of the batch first, or a tuple of memories; see `memory.take`. From step
    `steady_from` on every step is the same map of x alone: nothing is remembered, and k does not matter.
    """

    name: str
    objective: Objective
    step: Callable[[Array, Any, int], tuple[Step, Any]]
    start: Callable[[Array], Any] = _remembers_nothing
    steady_from: float = math.inf
    traits: Traits = Traits()


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
    check_radius(eta, rho)

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
    return Rule(name, then.objective, step, start, steps + then.steady_from, then.traits)


def momentum(rule: Rule, beta: float) -> Rule:
    """Heavy-ball momentum on any rule: v <- beta v + p, x <- x - eta v, where the rule alone goes x <- x - eta p.

    At the start v = 0. Where p = 0, as at a hallucinated point, the run goes on until v has died away.

    Args:
        rule: any rule; what it looks at is what the run looks at.
        beta: share of v that is kept, >= 0 and < 1; 0 is the rule itself, up to rounding.

    Source:
        Polyak 1964, in the form of PyTorch's SGD.
    """
    check_share("beta", beta, below_one=True)

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        v, kept = memory
        seen, kept = rule.step(x, kept, k)
        v = beta * v + (x - seen.x_next) / seen.eta
        return seen._replace(x_next=x - seen.eta * v), (v, kept)

    def start(x: Array) -> Any:
        return np.zeros_like(x), rule.start(x)

    name = f"{rule.name} with momentum {beta:g}"
    return Rule(name, rule.objective, step, start, traits=replace(rule.traits, follows_shift=False))


def decayed(rule: Rule, decay: float) -> Rule:
    """Weight decay on any rule: x <- x - eta (p + decay x), where the rule alone goes x <- x - eta p.

    Neither the look-ahead nor what is recorded knows of it: of a penalty in the objective they do. With momentum
    around it, `momentum(decayed(rule, decay), beta)`, it is that of PyTorch's SGD.

    Args:
        rule: any rule; what it looks at is what the run looks at.
        decay: >= 0; 0 is the rule itself.

    Source:
        Krogh and Hertz 1991, in the form of PyTorch's SGD.
    """
    _check("decay", decay)

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        seen, memory = rule.step(x, memory, k)
        return seen._replace(x_next=seen.x_next - seen.eta * decay * x), memory

    traits = replace(rule.traits, follows_shift=rule.traits.follows_shift and decay == 0.0)
    name = f"{rule.name} with weight decay {decay:g}"
    return Rule(name, rule.objective, step, rule.start, rule.steady_from, traits)


def scheduled(rule_at: Callable[[float], Rule], schedule: Callable[[int], float], steps: int, words: str) -> Rule:
    """Follow a rule whose radius changes: at step k take a step of rule_at(schedule(k)).

    Args:
        rule_at: makes the rule from its radius, such as `lambda rho: sam(l, eta, rho)`; what it remembers must not
            depend on the radius.
        schedule: the radius by the step; see `linear_decay`, `cosine_decay`, `linear_ramp`.
        steps: from which step on the radius stays as it is.
        words: how the radius goes, for the rule's name.

    Source:
        Common practice; GSAM (Zhuang et al. 2022) lets the radius follow the learning rate.
    """
    last = rule_at(schedule(steps))

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        return (last if k >= steps else rule_at(schedule(k))).step(x, memory, k)

    name = f"{last.name} with {words}"
    return Rule(name, last.objective, step, last.start, max(steps, last.steady_from), last.traits)


def linear_decay(rho: float, steps: int) -> Callable[[int], float]:
    """Let the radius fall in a straight line from rho at step 0 to 0 at step `steps`: rho (1 - k/steps)."""
    return lambda k: rho * (1.0 - min(1.0, k / steps)) if steps else 0.0


def cosine_decay(rho: float, steps: int) -> Callable[[int], float]:
    """Let the radius fall from rho to 0, slowly at both ends: rho (1 + cos(pi k/steps))/2."""
    return lambda k: 0.5 * rho * (1.0 + math.cos(math.pi * k / steps)) if k < steps else 0.0


def linear_ramp(rho: float, steps: int) -> Callable[[int], float]:
    """Let the radius rise in a straight line from 0 at step 0 to rho at step `steps`: rho k/steps."""
    return lambda k: rho * min(1.0, k / steps) if steps else rho


def check_radius(eta: float, rho: float) -> None:
    """Check a step size and a radius; raise ValueError where one is out of its range."""
    _check("eta", eta, zero="use fewer steps to stay where you are")
    _check("rho", rho)


def check_share(name: str, value: float, below_one: bool = False) -> None:
    """Check a number from 0 to 1; raise ValueError where it is out of its range."""
    if not (0.0 <= value <= 1.0) or (below_one and value == 1.0):
        raise ValueError(f"{name} must be from 0 to {'below ' if below_one else ''}1, got {value}")


def _check(name: str, value: float, zero: str | None = None) -> None:
    if not math.isfinite(value) or value < 0.0:
        hint = "; use 0 for plain gradient descent" if name == "rho" else ""
        raise ValueError(f"{name} must be a finite number {'>' if zero else '>='} 0, got {value}{hint}")
    if zero is not None and value == 0.0:
        raise ValueError(f"{name} must be > 0, got 0; {zero}")
