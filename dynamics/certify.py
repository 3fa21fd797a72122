"""Certify that a run ended at a hallucinated point: Newton's method on the shifted gradient, in d dimensions.

Below 500 variables the Jacobian of S and the spectra are dense. From there on only products with Hessians are made:
the steps come from LSMR, the ends of the spectra from Krylov spaces.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from landscapes.landscape import DENSE, Array, Objective

from .newton import kind_of_stationary_point
from .sentences import certificate_sentence
from .shift import Shift, Stopped, newton
from .spectra import constant_directions, curvatures, kind_of, outer_eigenvalues, restricted
from .stability import step_limits

_REACH: Final = 0.1  # how far Newton may go, as a share of rho


@dataclass(frozen=True)
class Certificate:
    """What Newton's method made of the end of a run. The numbers are those of its last point, certified or not."""

    certified: bool
    reason: str  # why not, in words; empty where certified
    rho: float
    x: Array  # (d,)
    target: Array  # (d,) x+, the look-ahead point
    f: float  # at x
    f_plus: float  # at the target
    gradient_norm: float  # |g(x)|
    residual: float  # |S(x)|, the gradient's length at the target
    moved: float  # distance from where Newton started
    iterations: int
    kind: str | None = None  # minimizer, saddle, maximizer or degenerate, by H(x+); None where that is not finite
    attracts: bool | None = None  # whether x attracts SAM at eta; None where undecided or not certified
    step_limit: float = math.nan  # eta below which x attracts; 0 where it repels, NaN where undecided
    hessian_eigenvalues: Array = field(default_factory=lambda: np.empty(0))  # of H(x+), ascending; see `dense`
    eigenvalues: np.ndarray = field(default_factory=lambda: np.empty(0, complex))  # of M, by real part; see `dense`
    constant: int = 0  # directions along which the objective is constant, left out of both spectra
    dense: bool = True  # all eigenvalues; otherwise approximate ones of H(x+) with both ends, and outer ones of M
    sentence: str = ""  # the same in words

    @property
    def lowest(self) -> float:
        """Lowest eigenvalue of H(x+); NaN where there is none."""
        return float(self.hessian_eigenvalues[0]) if len(self.hessian_eigenvalues) else math.nan

    @property
    def highest(self) -> float:
        """Highest eigenvalue of H(x+); NaN where there is none."""
        return float(self.hessian_eigenvalues[-1]) if len(self.hessian_eigenvalues) else math.nan


def certify(
    objective: Objective,
    w: npt.ArrayLike,
    rho: float,
    eta: float = 0.0,
    reach: float | None = None,
    stop: Callable[[], bool] | None = None,
) -> Certificate:
    """Search for a hallucinated point close to where a run ended, by Newton's method on S, and describe it.

    This is about one point, in any number of variables and in floating point. That a list of all points of a window
    is complete is proved by `certificate`.

    Args:
        objective: a network, a landscape, or anything with `value_and_gradient` and, below 500 variables, `hessian`,
            from there on `hessian_at`. Where it has `constant_directions`, these are left out of the spectra.
        w: where to start (d,), usually the last weights of a run of SAM.
        rho: perturbation radius of that run, in the units of w.
        eta: step size at which attraction is judged; 0 for small enough ones.
        reach: how far Newton may go; 0.1 rho by default.
        stop: asked again and again; when it says True the search ends where it is.

    Returns:
        The certificate. `certified` means that |S| <= 1e-8 |g| was reached within `reach`. From 500 variables on the
        kind and the attraction rest on what Krylov spaces show of the spectra: an eigenvalue of H(x+) said to be
        negative, positive or zero is there, but others can have been missed.

    Raises:
        ValueError: w does not fit the objective, or rho, eta or reach is out of its range.
    """
    start = np.array(w, dtype=np.float64)
    if start.shape != (objective.dim,):
        raise ValueError(f"w must have shape ({objective.dim},), got {start.shape}")
    for name, value in (("rho", rho), ("eta", eta)):
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} must be a finite number >= 0, got {value}")
    if reach is not None and not (math.isfinite(reach) and reach > 0.0):
        raise ValueError(f"reach must be a finite number > 0, got {reach}; leave it out for 0.1 rho")
    with np.errstate(all="ignore"):
        seen, iterations = Shift(objective, start, rho, stop), 0
        reason = _hopeless(seen)
        if not reason:
            seen, iterations, reason = newton(seen, _REACH * rho if reach is None else reach)
        found = _described(
            Certificate(
                certified=not reason,
                reason=reason,
                rho=rho,
                x=seen.x,
                target=seen.x_plus,
                f=float(seen.f),
                f_plus=float(seen.f_plus),
                gradient_norm=seen.norm,
                residual=seen.residual,
                moved=float(np.linalg.norm(seen.x - start)),
                iterations=iterations,
            ),
            seen,
            eta,
        )
    return replace(found, sentence=certificate_sentence(found))


def _hopeless(seen: Shift) -> str:
    if not np.isfinite(seen.x).all() or not seen.finite:
        return "the run has left the finite numbers"
    if seen.rho == 0.0:
        return "at ρ = 0 SAM is gradient descent, which stops only where the gradient vanishes"
    if seen.norm == 0.0:
        return "the gradient itself is 0 there, so that the run stopped at a stationary point of f"
    return ""


def _described(c: Certificate, seen: Shift, eta: float) -> Certificate:
    """Add the spectra of H(x+) and of M, and what follows from them."""
    if not seen.finite:
        return c
    d, q = len(seen.x), constant_directions(seen.objective)
    if d < DENSE:
        h = restricted(seen.hessian_plus(), q)
        if not np.isfinite(h).all():
            return c
        values, radii = np.linalg.eigvalsh(h), None
        mu = np.linalg.eigvals(restricted(seen.jacobian(), q)) if c.certified else np.empty(0)
    else:
        try:
            m, _, h_plus = seen.products()
            values, radii = curvatures(h_plus, q, d)
            mu = outer_eigenvalues(m, q, d) if c.certified else np.empty(0)
        except Stopped:
            return c
    if c.certified and d < DENSE:
        kind = kind_of_stationary_point(cast(Any, seen.objective), c.target)
    else:
        kind = kind_of(values, radii)
    limit = float(step_limits(mu[None])[0]) if len(mu) else math.nan
    if kind == "degenerate" and limit > 0.0:
        limit = math.nan
    return replace(
        c,
        kind=kind,
        attracts=None if math.isnan(limit) else limit > eta,
        step_limit=limit,
        hessian_eigenvalues=values,
        eigenvalues=mu[np.argsort(mu.real)].astype(np.complex128),
        constant=int(q.shape[0]),
        dense=d < DENSE,
    )
