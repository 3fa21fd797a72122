"""Variants of SAM, each as its authors wrote it down; g is the gradient at x, s the one at x+.

SAM itself is in `dynamics.rules`, and so is what can be put around any rule: warm-start, momentum, schedules. For the
gradient noise see `dynamics.noise`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from landscapes.landscape import Array, Objective

from .rules import LookAhead, Rule, Step, Traits, check_radius, check_share, dot, gd, unit
from .stability import look_ahead_jacobian

_PARALLEL: Final = 1e-12  # LookSAM: a part of s across g below this share of s is rounding


def _follow(
    name: str,
    l: Objective,
    eta: float,
    rho: float,
    traits: Traits,
    direction: Callable[[Array, Array], Array] = lambda g, s: s,
) -> Rule:
    """Return the rule x <- x - eta direction(g, s) that remembers nothing."""
    check_radius(eta, rho)
    ahead = traits.look_ahead.point

    def step(x: Array, memory: Any, k: int) -> tuple[Step, Any]:
        f, g = l.value_and_gradient(x)
        x_plus = ahead(x, g, rho)
        f_plus, s = l.value_and_gradient(x_plus)
        return Step(x - eta * direction(g, s), x_plus, f, f_plus, g, s, eta, rho), memory

    return Rule(name, l, step, steady_from=0, traits=traits)


def usam(l: Objective, eta: float, rho: float) -> Rule:
    """Unnormalized SAM: x+ = x + rho g(x), x <- x - eta g(x+).

    Where g = 0 there is no perturbation and the point stays. Where it stops though g is not 0, the target is at the
    distance rho |g|, and the point is a hallucinated one of SAM with that radius.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation in units of the gradient, >= 0: x+ is rho |g| away.

    Source:
        Andriushchenko and Flammarion 2022.
    """
    return _follow("USAM", l, eta, rho, Traits(PROPORTIONAL, fades=True))


def _proportional(x: Array, g: Array, rho: Any) -> Array:
    ahead: Array = x + rho * g
    return ahead


def _proportional_jacobian(x: Array, g: Array, hessian: Array, rho: Any) -> Array:
    return np.asarray(np.eye(x.shape[-1]) + rho * hessian)


PROPORTIONAL: Final = LookAhead(_proportional, _proportional_jacobian)


def asam(l: Objective, eta: float, rho: float, offset: float = 0.01) -> Rule:
    """Adaptive SAM: x+ = x + rho T^2 g/|T g| with T = |x| + offset for each variable, x <- x - eta g(x+).

    Where T g = 0, as where g = 0, there is no perturbation. Its look-ahead is not along g: a point where it stops
    though g is not 0 is hallucinated for ASAM, not for SAM.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation in units of T, >= 0.
        offset: what is added to |x|, >= 0, so that no variable is left out at 0.

    Source:
        Kwon, Kim, Park and Choi 2021.
    """
    return _follow("ASAM", l, eta, rho, Traits(adaptive(offset)))


def adaptive(offset: float) -> LookAhead:
    """Return ASAM's look-ahead, x + rho T^2 g/|T g| with T = |x| + offset."""
    return LookAhead(partial(_adaptive, offset), partial(_adaptive_jacobian, offset))


def _adaptive(offset: float, x: Array, g: Array, rho: Any) -> Array:
    t = np.abs(x) + offset
    ahead: Array = x + rho * t * unit(t * g)
    return ahead


def _adaptive_jacobian(offset: float, x: Array, g: Array, hessian: Array, rho: Any) -> Array:
    t, sign, identity = np.abs(x) + offset, np.sign(x), np.eye(x.shape[-1])
    v, norm = unit(t * g), np.linalg.norm(t * g, axis=-1)[..., None, None]
    stretched = (sign * g)[..., None] * identity + t[..., None] * hessian  # of T g
    turning = (identity - v[..., :, None] * v[..., None, :]) @ stretched / norm  # of its direction v
    return np.asarray(identity + rho * ((sign * v)[..., None] * identity + t[..., None] * turning))


def gsam(l: Objective, eta: float, rho: float, alpha: float) -> Rule:
    """Surrogate gap guided SAM: SAM's x+ and x <- x - eta (s - alpha (g - (g.s)s/|s|^2)).

    What is subtracted is the part of g orthogonal to s. Where s = 0 there is none, and the point stays; so it does
    where g = 0.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation radius, >= 0.
        alpha: how much of the orthogonal part is ascended, from 0 to 1; 0 is SAM.

    Source:
        Zhuang, Gong, Yuan, Cui, Adam, Dvornek, Tatikonda, Duncan and Liu 2022.
    """
    check_share("alpha", alpha)

    def direction(g: Array, s: Array) -> Array:
        e = unit(s)
        orthogonal = g - dot(g, e)[..., None] * e
        towards: Array = s - alpha * np.where(dot(e, e)[..., None] > 0.0, orthogonal, 0.0)
        return towards

    return _follow("GSAM", l, eta, rho, Traits(follows_shift=False), direction)


def ssam(l: Objective, eta: float, rho: float) -> Rule:
    """Stable SAM: SAM's x+ and x <- x - eta |g| s/|s|, a step as long as gradient descent's.

    Where g = 0 or s = 0 the point stays. Sparse SAM (Mi et al. 2022), which perturbs some of the variables only, is
    called SSAM as well; it is another rule.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation radius, >= 0.

    Source:
        Tan, Zhang, Liu, Liu and Xiong 2024.
    """

    def direction(g: Array, s: Array) -> Array:
        towards: Array = np.sqrt(dot(g, g))[..., None] * unit(s)
        return towards

    return _follow("SSAM", l, eta, rho, Traits(follows_shift=False, fades=True), direction)


def wsam(l: Objective, eta: float, rho: float, gamma: float) -> Rule:
    """Weighted SAM: SAM's x+ and x <- x - eta (g + (s - g) gamma/(1 - gamma)).

    What is added to g is the gradient of f(x+) - f(x), the sharpness, with the direction of the look-ahead held fast.
    Where g = 0 the point stays. Where s = 0 and g is not it goes on, but it stays where s = g (2 - 1/gamma): for
    gamma < 1/2 the two gradients oppose each other there.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation radius, >= 0.
        gamma: weight of the sharpness, >= 0 and < 1; 0 is gradient descent, 1/2 is SAM.

    Source:
        Yue, Jiang, Ye, Gao, Liu and Zhang 2023.
    """
    check_radius(eta, rho)
    check_share("gamma", gamma, below_one=True)
    if gamma == 0.0:  # so that nobody takes it for a rule that looks ahead
        return replace(gd(l, eta), name="WSAM")
    weight = gamma / (1.0 - gamma)

    def direction(g: Array, s: Array) -> Array:
        return np.asarray(g + weight * (s - g))

    return _follow("WSAM", l, eta, rho, Traits(follows_shift=False), direction)


def lesam(l: Objective, eta: float, rho: float, sigma: float, epsilon: float = 1e-12) -> Rule:
    """Loss-equated SAM: x+ = x + r g/|g| with r = min(sigma/(|g| + epsilon), rho), x <- x - eta g(x+).

    Up to the cap f(x+) exceeds f(x) by sigma, to first order. Where g = 0 there is no perturbation and the point
    stays. Where it stops though g is not 0, the target is at the distance r, and the point is a hallucinated one of
    SAM with that radius.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: the cap on the radius, rho_max, >= 0; from |g| <= sigma/rho on it is SAM.
        sigma: what the look-ahead may cost, >= 0, in the units of f; 0 is gradient descent. The authors let it rise
            and fall over the epochs; here it is constant.
        epsilon: keeps the quotient finite, > 0.

    Source:
        Wang, Liu, Xie and Gao, arXiv 2605.10183.
    """
    check_radius(eta, rho)
    if not (math.isfinite(sigma) and sigma >= 0.0):
        raise ValueError(f"sigma must be a finite number >= 0, got {sigma}; use 0 for gradient descent")
    if not epsilon > 0.0:
        raise ValueError(f"epsilon must be > 0, got {epsilon}")
    if sigma == 0.0:
        return replace(gd(l, eta), name="LE-SAM")
    return _follow("LE-SAM", l, eta, rho, Traits(budgeted(sigma, epsilon)))


def budgeted(sigma: float, epsilon: float = 1e-12) -> LookAhead:
    """Return LE-SAM's look-ahead, x + r g/|g| with r = min(sigma/(|g| + epsilon), rho)."""
    return LookAhead(partial(_budgeted, sigma, epsilon), partial(_budgeted_jacobian, sigma, epsilon))


def _budgeted(sigma: float, epsilon: float, x: Array, g: Array, rho: Any) -> Array:
    norm = np.sqrt(dot(g, g))[..., None]
    return np.asarray(x + np.minimum(sigma / (norm + epsilon), rho) * unit(g))


def _budgeted_jacobian(sigma: float, epsilon: float, x: Array, g: Array, hessian: Array, rho: Any) -> Array:
    u, norm = unit(g), np.linalg.norm(g, axis=-1)[..., None, None] + epsilon
    r = np.minimum(sigma / norm, rho)
    slope = np.where(sigma / norm < rho, r / norm, 0.0)  # of -r over |g|
    shortening = u[..., :, None] * (u[..., None, :] @ hessian)
    return np.asarray(look_ahead_jacobian(g, hessian, r) - slope * shortening)


def looksam(l: Objective, eta: float, rho: float, alpha: float, period: int) -> Rule:
    """LookSAM: every so many steps one of SAM, x <- x - eta s, and v = s - (s.u)u with u = g/|g| is kept.

    In between x <- x - eta (g + alpha |g| v/|v|) without a look-ahead, x+ = x. Where v = 0, to rounding, these are
    steps of gradient descent; where g = 0 the point stays. So it does not stay where only s = 0.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation radius, >= 0; said of every step.
        alpha: weight of the kept direction, >= 0 and at most 1.
        period: number of steps from one look-ahead to the next, >= 1; 1 is SAM.

    Source:
        Liu, Mai, Chen, Hsieh and You 2022.
    """
    check_radius(eta, rho)
    check_share("alpha", alpha)
    if period < 1:
        raise ValueError(f"period must be >= 1, got {period}; use 1 for SAM")

    def step(x: Array, v: Any, k: int) -> tuple[Step, Any]:
        f, g = l.value_and_gradient(x)
        if k % period:
            towards = g + alpha * np.sqrt(dot(g, g))[..., None] * unit(v)
            return Step(x - eta * towards, x, f, f, g, g, eta, rho), v
        u = unit(g)
        x_plus = x + rho * u
        f_plus, s = l.value_and_gradient(x_plus)
        v = s - dot(s, u)[..., None] * u
        turned = dot(v, v) > _PARALLEL**2 * dot(s, s)
        return Step(x - eta * s, x_plus, f, f_plus, g, s, eta, rho), np.where(turned[..., None], v, 0.0)

    return Rule("LookSAM", l, step, np.zeros_like, traits=Traits(follows_shift=False))


def vasso(l: Objective, eta: float, rho: float, theta: float) -> Rule:
    """Variance suppressed SAM: d <- (1 - theta)d + theta g, x+ = x + rho d/|d|, x <- x - eta g(x+).

    At the start d = 0, so that the first step is SAM's. Where d = 0 there is no perturbation. At rest d = g: a point
    where it stays is one of SAM's.

    Args:
        l: the objective.
        eta: step size, > 0.
        rho: perturbation radius, >= 0.
        theta: weight of the newest gradient, > 0 and at most 1; 1 is SAM.

    Source:
        Li and Giannakis 2023.
    """
    check_radius(eta, rho)
    check_share("theta", theta)
    if theta == 0.0:
        raise ValueError("theta must be > 0, got 0; use 1 for SAM")

    def step(x: Array, d: Any, k: int) -> tuple[Step, Any]:
        f, g = l.value_and_gradient(x)
        d = (1.0 - theta) * d + theta * g
        x_plus = x + rho * unit(d)
        f_plus, s = l.value_and_gradient(x_plus)
        return Step(x - eta * s, x_plus, f, f_plus, g, s, eta, rho), d

    return Rule("VaSSO", l, step, np.zeros_like, traits=Traits(follows_shift=False))
