"""Whether a hallucinated point attracts SAM, and up to which step size."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

_CLEAR: Final = 1e-2  # share of |M| from which on the eigenvalue beside a zero one counts: the target is known badly


def shifted_jacobian(g: Array, hessian: Array, hessian_plus: Array, rho: float | Array) -> Array:
    """Jacobian M of the shifted gradient S at x: M = H(x+) (I + rho Du), Du = (I - u u^T) H(x) / |g|.

    Args:
        g: (..., d) gradients at x, not zero.
        hessian: (..., d, d) Hessians at x.
        hessian_plus: (..., d, d) Hessians at x+ = x + rho g/|g|.
        rho: perturbation radius, in the units of x; one for all, or one for each (..., 1, 1).

    Returns:
        (..., d, d). The SAM map x - eta S(x) has the Jacobian I - eta M.

    Source:
        Differentiating S(x) = g(x + rho u(x)); THEORY 5.
    """
    return np.asarray(hessian_plus @ look_ahead_jacobian(g, hessian, rho))


def look_ahead_jacobian(g: Array, hessian: Array, rho: float | Array) -> Array:
    """Jacobian I + rho Du (..., d, d) of x+ = x + rho g/|g| in x; see `shifted_jacobian`."""
    norm = np.linalg.norm(g, axis=-1)[..., None, None]
    u = g[..., None] / norm
    identity = np.eye(g.shape[-1])
    turning = (identity - u * np.swapaxes(u, -1, -2)) @ hessian / norm
    return np.asarray(identity + rho * turning)


def step_limits(eigenvalues: npt.NDArray[Any]) -> Array:
    """Step sizes below which the SAM map contracts, from the eigenvalues (n, d) of M.

    Returns:
        (n,): min 2 Re mu / |mu|^2 where every Re mu > 0; 0 where some Re mu < 0; NaN where a zero eigenvalue
        leaves it undecided.
    """
    real = eigenvalues.real
    size = np.abs(eigenvalues)
    scale = size.max(axis=-1, initial=0.0, keepdims=True)
    undecided = np.abs(real) <= 1e-9 * scale
    with np.errstate(all="ignore"):
        limit = np.where(undecided, np.inf, 2.0 * (real / size) / size).min(axis=-1, initial=np.inf)
    repels = ((real < 0.0) & ~undecided).any(axis=-1)
    return np.where(repels, 0.0, np.where(undecided.any(axis=-1), np.nan, limit))


def limits_at_degenerate(matrices: Array) -> Array:
    """Step limits of points whose targets are degenerate, as far as second derivatives decide them.

    H(x+) has a zero eigenvalue, and M with it. In two variables the trace of M is its other eigenvalue: where that is
    negative the point repels, whatever happens along the zero one.

    Args:
        matrices: (n, d, d) M, in at most two variables, where what counts as zero in H(x+) was set to zero.

    Returns:
        (n,): 0 where the point repels at every step size, else NaN.
    """
    trace = np.trace(matrices, axis1=1, axis2=2)
    return np.where(trace < -_CLEAR * np.linalg.norm(matrices, axis=(1, 2)), 0.0, np.nan)


def attraction(limits: Array, eta: float) -> np.ndarray:
    """Say of points with these step limits (n,) what they do to SAM at a step size (0: at small enough ones).

    Returns:
        For each "attracts", "repels", or "undecided" where second derivatives do not tell and the limit is NaN.
    """
    return np.select([np.isnan(limits), limits > eta], ["undecided", "attracts"], "repels")


def attraction_of_curve(limits: Array, eta: float) -> str:
    """Say the same of a curve from the step limits (n,) of its points; "attracts in part" where only some do."""
    words = set(attraction(limits, eta).tolist()) or {"undecided"}
    if len(words) == 1:
        return str(words.pop())
    return "attracts in part" if "attracts" in words else "undecided"
