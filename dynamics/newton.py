"""Newton's method on the gradient and on the shifted gradient, from one point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from landscapes.landscape import Array, Landscape

from .roots import continuous
from .rules import unit
from .spectra import constant_directions, kind_of, restricted
from .stability import shifted_jacobian

_STEPS: Final = 60
_ZERO: Final = 1e-6  # an eigenvalue below this share of the largest one counts as zero


def newton_on_gradient(l: Landscape, x: Array, reach: float) -> Array | None:
    """Return the stationary point of f (d,), no kink, that Newton finds within `reach` of x (d,), or None."""
    y = _solve(l.gradient_and_hessian, x, reach)
    if y is None or not np.isfinite(l.value(y)):
        return None
    g, hessian = l.gradient_and_hessian(y)
    small = np.linalg.norm(g) <= 1e-8 * reach * np.abs(hessian).max()
    if not small and g.any():
        return None
    # At a kink H is so large that any g is small beside it, and Newton's method takes the kink for a root.
    kink = hasattr(l, "diagonal") and not continuous(l, y[None], np.full(len(y), 0.1 * reach), reach)[0]
    return None if kink else y


def newton_on_shift(l: Landscape, x: Array, rho: float, reach: float) -> Array | None:
    """Return the zero of S (d,) that Newton finds within `reach` of x (d,) and at which |S| <= 1e-8 |g|, or None."""

    def shift(y: Array) -> tuple[Array, Array]:
        g, hessian = l.gradient_and_hessian(y)
        s, hessian_plus = l.gradient_and_hessian(y + rho * unit(g))
        return s, shifted_jacobian(g, hessian, hessian_plus, rho)

    with np.errstate(all="ignore"):
        y = _solve(shift, x, reach)
        if y is None:
            return None
        return y if np.linalg.norm(shift(y)[0]) <= 1e-8 * np.linalg.norm(l.gradient(y)) else None


def _solve(f: Callable[[Array], tuple[Array, Array]], x: Array, reach: float) -> Array | None:
    """Levenberg-Marquardt steps whose damping |f|^2/reach^2 vanishes with f: also towards curves of roots.

    Returns the last point, unless the way to it leads further than `reach` or out of the finite numbers.
    """
    y, best = x, np.inf
    identity = np.eye(len(x))
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            value, jacobian = f(y)
            size = max(float(np.abs(jacobian).max()), float(np.abs(value).max()) / reach)
            if size == 0.0:
                return y
            if not np.isfinite(size):
                return None
            v, j = value / size, jacobian / size
            damping = (v @ v) / reach**2 + 1e-15
            step = np.linalg.solve(j.T @ j + damping * identity, -(j.T @ v))
            y = y + step
            length = float(np.linalg.norm(step))
            if not np.isfinite(length) or np.linalg.norm(y - x) > reach:
                return None
            if length <= 1e-15 * max(1.0, float(np.linalg.norm(y))) or (length >= best and length < 1e-9 * reach):
                return y
            best = min(best, length)
    return y


def kind_of_stationary_point(l: Landscape, y: Array) -> str:
    """Name the kind of the stationary point y (d,), also when it lies on a curve of them.

    A zero eigenvalue of the Hessian is left out when the gradient vanishes along its direction too: then y belongs
    to a curve, and the other eigenvalue decides. Otherwise the point is degenerate. Where there is no window, as for
    a network, a zero eigenvalue always makes it degenerate, the known constant directions excepted.
    """
    if not hasattr(l, "diagonal"):
        return kind_of(np.linalg.eigvalsh(restricted(l.hessian(y), constant_directions(l))))
    eigenvalues, vectors = np.linalg.eigh(l.hessian(y))
    offset = 1e-3 * l.diagonal
    beside = l.hessian(y + offset * np.concatenate([np.eye(len(y)), -np.eye(len(y))]))
    around = np.abs(beside[np.isfinite(beside)]).max(initial=0.0)
    zero = np.abs(eigenvalues) <= _ZERO * max(float(np.abs(eigenvalues).max()), float(around))
    for k in np.flatnonzero(zero):
        neighbour = newton_on_gradient(l, y + offset * vectors[:, k], 0.5 * offset)
        if zero.all() or neighbour is None:
            return "degenerate"
    rest = eigenvalues[~zero]
    return "minimizer" if (rest > 0.0).all() else "maximizer" if (rest < 0.0).all() else "saddle"
