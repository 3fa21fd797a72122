"""The shifted gradient S in d dimensions, and Newton's method on it.

Below 500 variables its Jacobian M is dense. From there on only products with Hessians are made, and the steps come
from LSMR.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol, cast

import numpy as np
import numpy.typing as npt
from scipy.linalg import lstsq
from scipy.sparse.linalg import LinearOperator, lsmr

from landscapes.landscape import DENSE, Array, Objective

from .rules import unit
from .sentences import number
from .spectra import Product
from .stability import shifted_jacobian

CERTIFIED: Final = 1e-8  # largest |S|/|g| of a root of S
_STEPS: Final = 40
_HALVINGS: Final = 12  # of one step, until |S| falls
_INNER: Final = 200  # products with M and its transpose for one step
_SLOW: Final = (0.8, 6)  # so many steps one after the other that leave more than this share of |S|: it is no use


class Hessians(Protocol):
    """An objective of few variables."""

    def hessian(self, x: npt.ArrayLike) -> Array:
        """Map points (d,) to Hessians (d, d)."""
        ...


class Products(Protocol):
    """An objective of many variables, its Hessian only in products."""

    def hessian_at(self, x: npt.ArrayLike) -> Product:
        """Return the function that multiplies directions (d,) by the Hessian at x (d,)."""
        ...


class Stopped(Exception):
    """Raised by a product with a Hessian when the search is to end."""


class Shift:
    """Everything at one x: f, g, and the same at x+; Hessians when asked for."""

    def __init__(self, objective: Objective, x: Array, rho: float, stop: Callable[[], bool] | None) -> None:
        self.objective, self.x, self.rho, self.stop = objective, x, rho, stop
        self.f, self.g = objective.value_and_gradient(x)
        self.u = unit(self.g)
        self.x_plus = x + rho * self.u
        self.f_plus, self.s = objective.value_and_gradient(self.x_plus)
        self.norm, self.residual = float(np.linalg.norm(self.g)), float(np.linalg.norm(self.s))

    @property
    def finite(self) -> bool:
        """Whether f and its gradient are finite at x and at x+."""
        return all(map(math.isfinite, (float(self.f), float(self.f_plus), self.norm, self.residual)))

    def at(self, x: Array) -> Shift:
        """Return the same at another x."""
        return Shift(self.objective, x, self.rho, self.stop)

    def hessian_plus(self) -> Array:
        """Return H(x+) (d, d)."""
        return cast(Hessians, self.objective).hessian(self.x_plus)

    def jacobian(self) -> Array:
        """Return M (d, d)."""
        hessian = cast(Hessians, self.objective).hessian(self.x)
        return shifted_jacobian(self.g, hessian, self.hessian_plus(), self.rho)

    def products(self) -> tuple[Product, Product, Product]:
        """Return the products of directions (d,) with M, with its transpose, and with H(x+)."""
        hessian_at = cast(Products, self.objective).hessian_at
        h, undisturbed = hessian_at(self.x), hessian_at(self.x_plus)
        u, factor = self.u, self.rho / self.norm

        def h_plus(v: Array) -> Array:
            if self.stop is not None and self.stop():
                raise Stopped
            return undisturbed(v)

        def flat(v: Array) -> Array:
            return v - u * (u @ v)

        def m(v: Array) -> Array:
            return h_plus(v + factor * flat(h(v)))

        def transposed(v: Array) -> Array:
            t = h_plus(v)
            return t + factor * h(flat(t))

        return m, transposed, h_plus


def newton(here: Shift, reach: float) -> tuple[Shift, int, str]:
    """Follow damped Newton steps that make |S| fall; return the last point, the steps, and why it is no root."""
    start, slow = here.x, 0
    solve = _dense_step if here.objective.dim < DENSE else _krylov_step
    for taken in range(_STEPS):
        try:
            step = solve(here, reach)
        except Stopped:
            return here, taken, "it was stopped"
        if not np.isfinite(step).all():
            return here, taken, "second derivatives are not finite there"
        tried = _shorter(here, step)
        if tried is None:
            return here, taken, _why_not(here)
        if np.linalg.norm(tried.x - start) > reach:
            return here, taken, f"Newton's method leads further away than {number(reach)}"
        slow = slow + 1 if tried.residual > _SLOW[0] * here.residual else 0
        here = tried
        if slow >= _SLOW[1] or (slow and not _why_not(here)):
            return here, taken + 1, _why_not(here)
    return here, _STEPS, _why_not(here)


def _why_not(here: Shift) -> str:
    if here.residual <= CERTIFIED * here.norm:
        return ""
    return f"Newton's method came to a halt where the shifted gradient is {number(here.residual)}, not 0"


def _shorter(here: Shift, step: Array) -> Shift | None:
    """Return the first of x + step, x + step/2, ... at which |S| is smaller."""
    for halvings in range(_HALVINGS):
        tried = here.at(here.x + 0.5**halvings * step)
        if tried.finite and tried.norm > 0.0 and tried.residual < here.residual:
            return tried
    return None


def _dense_step(here: Shift, reach: float) -> Array:
    """Levenberg-Marquardt step, argmin |M d + S|^2 + |d|^2 |S|^2/reach^2: defined where M is singular, too."""
    m = here.jacobian()
    if not np.isfinite(m).all():
        return np.full_like(here.x, np.nan)
    damped = np.concatenate([m, here.residual / reach * np.eye(len(m))])
    # Of LAPACK's drivers the one that is fast and copes with rank deficiency.
    return np.asarray(lstsq(damped, np.concatenate([-here.s, np.zeros(len(m))]), lapack_driver="gelsy")[0])


def _krylov_step(here: Shift, reach: float) -> Array:
    """Return about the same step by LSMR, solved more exactly the closer the root is."""
    m, transposed, _ = here.products()
    d = len(here.x)
    operator = LinearOperator((d, d), matvec=m, rmatvec=transposed, dtype=np.float64)
    inexact = min(0.1, math.sqrt(here.residual / here.norm))
    solved = lsmr(operator, -here.s, damp=here.residual / reach, atol=0.0, btol=inexact, conlim=0.0, maxiter=_INNER)
    return np.asarray(solved[0])
