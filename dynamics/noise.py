"""Seeded gradient noise for any rule: a mini-batch's stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from landscapes.landscape import Array, Objective

from .rules import Rule, Step

_Words = npt.NDArray[np.uint64]

_GAMMA: Final = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)
_FACTORS: Final = tuple(np.array([factor], dtype=np.uint64) for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class _Tilted:
    """The objective f(x) + tilt.x: its gradient is g(x) + tilt; its value is given as f(x)."""

    def __init__(self, l: Objective, tilt: Array) -> None:
        self.dim, self._l, self._tilt = l.dim, l, tilt

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        f, g = self._l.value_and_gradient(x)
        return f, g + self._tilt


def noisy(rule_on: Callable[[Objective], Rule], l: Objective, sigma: float, seed: int) -> Rule:
    """Follow a rule that sees g + sigma xi in place of every gradient g, with one normal xi for each step.

    The rule's look-ahead within a step meets the same xi, as both gradients of a mini-batch come from the same
    examples. What a step says it saw, g and s, is without the noise. The xi of a start depend on the seed, on that
    start and on the number of the step alone: in a batch it goes as it goes alone.

    Args:
        rule_on: makes the rule from an objective, such as `lambda l: sam(l, eta, rho)`; how it starts and what it
            remembers must not depend on the objective.
        l: the objective.
        sigma: standard deviation of the noise in each variable, >= 0, in the units of the gradient.
        seed: >= 0.

    Source:
        Common practice; the numbers by SplitMix64 (Steele, Lea and Flood 2014), a generator for every start.
    """
    if not (np.isfinite(sigma) and sigma >= 0.0):
        raise ValueError(f"sigma must be a finite number >= 0, got {sigma}; use 0 for no noise")
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    plain = rule_on(l)

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        keys, kept = memory
        tilt = sigma * normal(keys, k, x.shape[-1])
        seen, kept = rule_on(_Tilted(l, tilt)).step(x, kept, k)
        return seen._replace(g=seen.g - tilt, s=seen.s - tilt), (keys, kept)

    def start(x: Array) -> Any:
        return keys_of(x, seed), plain.start(x)

    traits = replace(plain.traits, noise=sigma, follows_shift=plain.traits.follows_shift and sigma == 0.0)
    return Rule(f"{plain.name} with noise {sigma:g}", l, step, start, traits=traits)


def keys_of(x: Array, seed: int) -> _Words:
    """Return a generator's key (..., 1) for each of the starts (..., d), made of its bits and of the seed."""
    bits = (np.ascontiguousarray(x, dtype=np.float64) + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
    key = np.full((*x.shape[:-1], 1), seed % 2**64, dtype=np.uint64)
    for i in range(x.shape[-1]):
        key = _mixed((key + _GAMMA) ^ bits[..., i : i + 1])
    return key


def normal(keys: _Words, k: int, d: int) -> Array:
    """Return the standard normal numbers (..., d) of step k for generators with these keys (..., 1)."""
    counter = np.arange(k * d + 1, (k + 1) * d + 1, dtype=np.uint64)
    words = _mixed(keys + counter * _GAMMA)
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # never 0 or 1
    return np.asarray(ndtri(uniform))


def _mixed(z: _Words) -> _Words:
    """SplitMix64's mixing of words, modulo 2^64; arrays, since for these NumPy wraps round silently."""
    z = (z ^ (z >> np.uint64(30))) * _FACTORS[0]
    z = (z ^ (z >> np.uint64(27))) * _FACTORS[1]
    return z ^ (z >> np.uint64(31))
