"""Newton's method on the gradient and on the shifted gradient, from many points at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape

from .roots import continuous
from .rules import NORMALIZED, LookAhead
from .spectra import ZERO, constant_directions, kind_of, restricted

Indices: TypeAlias = npt.NDArray[np.int64]

_STEPS: Final = 60


def newton_on_gradient(l: Landscape, x: Array, reach: float) -> Array:
    """Return the stationary points of f (n, d), no kinks, that Newton finds within `reach` of x (n, d), else NaN."""
    with np.errstate(all="ignore"):
        y = _solve(lambda z, which: l.gradient_and_hessian(z), x, np.full(len(x), reach))
        found = np.flatnonzero(np.isfinite(y).all(axis=-1))
        at = y[found]
        g, hessian = l.gradient_and_hessian(at)
        small = np.linalg.norm(g, axis=-1) <= 1e-8 * reach * np.abs(hessian).max(axis=(-2, -1))
        fine = np.isfinite(l.value(at)) & (small | (g == 0.0).all(axis=-1))
        if hasattr(l, "diagonal"):
            # At a kink H is so large that any g is small beside it, and Newton's method takes the kink for a root.
            fine &= continuous(l, at, np.full(l.dim, 0.1 * reach), reach)
    y[found[~fine]] = np.nan
    return y


def newton_on_shift(l: Landscape, x: Array, rho: Array, reach: Array, look_ahead: LookAhead = NORMALIZED) -> Array:
    """Return the zeros of S (n, d) that Newton finds within `reach` (n,) of x (n, d) at radii rho (n,), else NaN.

    At each |S| <= 1e-8 |g|. S is the gradient at the point to which `look_ahead` leads.
    """

    def shift(y: Array, which: Indices) -> tuple[Array, Array]:
        g, hessian = l.gradient_and_hessian(y)
        radius = rho[which]
        s, hessian_plus = l.gradient_and_hessian(look_ahead.point(y, g, radius[:, None]))
        return s, hessian_plus @ look_ahead.jacobian(y, g, hessian, radius[:, None, None])

    with np.errstate(all="ignore"):
        y = _solve(shift, x, reach)
        found = np.flatnonzero(np.isfinite(y).all(axis=-1))
        s = np.linalg.norm(shift(y[found], found)[0], axis=-1)
        y[found[~(s <= 1e-8 * np.linalg.norm(l.gradient(y[found]), axis=-1))]] = np.nan
    return y


def _solve(f: Callable[[Array, Indices], tuple[Array, Array]], x: Array, reach: Array) -> Array:
    """Levenberg-Marquardt steps whose damping |f|^2/reach^2 vanishes with f: also towards curves of roots.

    Args:
        f: maps points (m, d) and which of x they come from to values (m, d) and Jacobians (m, d, d).
        x: where to begin (n, d).
        reach: (n,).

    Returns:
        The last points (n, d), NaN where the way there leads further than `reach` or out of the finite numbers.
    """
    y, best = np.array(x), np.full(len(x), np.inf)
    active = np.arange(len(x))
    for _ in range(_STEPS):
        if not active.size:
            break
        at, far = y[active], reach[active]
        value, jacobian = f(at, active)
        size = np.maximum(np.abs(jacobian).max(axis=(1, 2)), np.abs(value).max(axis=1) / far)
        v, j = value / size[:, None], jacobian / size[:, None, None]
        damping = np.vecdot(v, v) / far**2 + 1e-15
        step = np.where((size == 0.0)[:, None], 0.0, _damped(j, v, damping))
        at = at + step
        length = np.linalg.norm(step, axis=-1)
        lost = ~(np.isfinite(size) & np.isfinite(length) & (np.linalg.norm(at - x[active], axis=-1) <= far))
        arrived = length <= 1e-15 * np.maximum(1.0, np.linalg.norm(at, axis=-1))
        arrived |= (size == 0.0) | ((length >= best[active]) & (length < 1e-9 * far))
        y[active] = np.where(lost[:, None], np.nan, at)
        best[active] = np.minimum(best[active], length)
        active = active[~(lost | arrived)]
    return y


def _damped(j: Array, v: Array, damping: Array) -> Array:
    """Solve (j^T j + damping) step = -j^T v for Jacobians (n, d, d) and values (n, d)."""
    right = -np.einsum("nki,nk->ni", j, v)
    left = np.einsum("nki,nkj->nij", j, j) + damping[:, None, None] * np.eye(v.shape[1])
    if v.shape[1] == 1:
        return np.asarray(right / left[:, 0])
    if v.shape[1] == 2:
        a, b, c = left[:, 0, 0], left[:, 0, 1], left[:, 1, 1]
        steps = [c * right[:, 0] - b * right[:, 1], a * right[:, 1] - b * right[:, 0]]
        return np.asarray(np.stack(steps, axis=-1) / (a * c - b * b)[:, None])
    usable = np.isfinite(left).all(axis=(1, 2))
    step = np.full_like(v, np.nan)
    step[usable] = np.linalg.solve(left[usable], right[usable][..., None])[..., 0]
    return step


def kind_of_stationary_point(l: Landscape, y: Array) -> str:
    """Name the kind of the stationary point y (d,), see `kinds_of_stationary_points`."""
    return str(kinds_of_stationary_points(l, y[None])[0][0])


def kinds_of_stationary_points(l: Landscape, y: Array) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.bool_]]:
    """Name the kinds (n,) of the stationary points y (n, d), and say which (n,) lie on a curve of them.

    A zero eigenvalue of the Hessian is left out when the gradient vanishes along its direction too: then y belongs
    to a curve, and the other eigenvalue decides. Otherwise the point is degenerate. Where there is no window, as for
    a network, a zero eigenvalue always makes it degenerate, the known constant directions excepted.
    """
    if not hasattr(l, "diagonal"):
        q = constant_directions(l)
        names = [kind_of(np.linalg.eigvalsh(restricted(l.hessian(point), q))) for point in y]
        return np.array(names, dtype=np.str_), np.zeros(len(y), dtype=np.bool_)
    hessian = l.hessian(y)
    eigenvalues, vectors = np.linalg.eigh(np.where(np.isfinite(hessian), hessian, 0.0))
    offset = 1e-3 * l.diagonal
    sides = offset * np.concatenate([np.eye(l.dim), -np.eye(l.dim)])
    beside = np.abs(l.hessian(y[:, None, :] + sides))
    around = np.where(np.isfinite(beside), beside, 0.0).max(axis=(1, 2, 3), initial=0.0)
    zero = np.abs(eigenvalues) <= ZERO * np.maximum(np.abs(eigenvalues).max(axis=-1), around)[:, None]
    degenerate = zero.all(axis=-1)
    for k in range(l.dim):
        flat = np.flatnonzero(zero[:, k] & ~degenerate)
        if flat.size:
            neighbours = newton_on_gradient(l, y[flat] + offset * vectors[flat, :, k], 0.5 * offset)
            degenerate[flat] = np.isnan(neighbours[:, 0])
    minimal, maximal = (zero | (eigenvalues > 0.0)).all(axis=-1), (zero | (eigenvalues < 0.0)).all(axis=-1)
    kinds = np.select([degenerate, minimal, maximal], ["degenerate", "minimizer", "maximizer"], default="saddle")
    return np.asarray(kinds), zero.any(axis=-1) & ~degenerate
