"""How far gradient noise carries a run that is held by a point, by the linear map around that point."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from landscapes.landscape import Array

from .outcome import TOLERANCES

_UNSTABLE: Final = 0.0  # what does not hold a run holds it nowhere


def around_minimizers(hessians: Array, eta: Array, sigma: float, look: Array) -> Array:
    """Return how far (n,) from minimizers with these Hessians (n, d, d) a run is found; 0 at other points.

    In the direction of an eigenvalue L of H the variance of x <- x - eta (L x + sigma xi) is sigma^2 eta/(L (2 - eta
    L)). A look-ahead of the length r whose direction the noise decides adds at most (r L)^2 to sigma^2.

    Args:
        hessians: (n, d, d).
        eta: step sizes (n,).
        sigma: standard deviation of the noise in each variable.
        look: how far the rule looks ahead (n,).
    """
    values = np.linalg.eigvalsh(hessians)
    each = sigma**2 + (look[:, None] * values) ** 2
    variance = (each * eta[:, None] / (values * (2.0 - eta[:, None] * values))).sum(axis=-1)
    holds = ((values > 0.0) & (eta[:, None] * values < 2.0)).all(axis=-1)
    return np.asarray(np.where(holds, TOLERANCES.wander * np.sqrt(np.abs(variance)), _UNSTABLE))


def around_hallucinated(matrices: Array, gains: Array, eta: Array, sigma: float) -> Array:
    """Return how far (n,) from hallucinated points a run is found; 0 where SAM's map does not contract.

    The covariance C of x <- x - eta (M x + sigma B xi) solves C = (I - eta M) C (I - eta M)^T + (eta sigma)^2 B B^T.

    Args:
        matrices: M (n, d, d), the Jacobians of S.
        gains: B (n, d, d), what a small change of both gradients does to S.
        eta: step sizes (n,).
        sigma: standard deviation of the noise in each variable.
    """
    far = np.full(len(matrices), _UNSTABLE)
    for i, (m, b) in enumerate(zip(matrices, gains, strict=True)):
        step = np.eye(len(m)) - eta[i] * m
        if np.isfinite(step).all() and np.abs(np.linalg.eigvals(step)).max() < 1.0:
            covariance = solve_discrete_lyapunov(step, (eta[i] * sigma) ** 2 * b @ b.T)
            far[i] = TOLERANCES.wander * np.sqrt(max(0.0, float(np.trace(covariance))))
    return far
