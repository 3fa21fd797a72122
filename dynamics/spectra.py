"""Spectra of operators that are only known by their products: Lanczos' and Arnoldi's methods, and what they tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from scipy.linalg import null_space
from scipy.sparse.linalg import LinearOperator, minres

from landscapes.landscape import Array

Product: TypeAlias = Callable[[Array], Array]

_KRYLOV: Final = 120  # dimension of the Krylov space
_NUMBERS: Final = 20_000_000  # that a Krylov space may hold
ZERO: Final = 1e-6  # an eigenvalue below this share of the largest one counts as zero
_NULL: Final = 1e-8  # of the image of a random direction: so much is left where the operator vanishes
_PRODUCTS: Final = 1000  # to find such a direction
_SETTLED: Final = 1e-2  # an eigenvalue is believed when its residual is below this share of it


def constant_directions(objective: Any) -> Any:
    """Return orthonormal rows (m, d) along which an objective is constant, where it knows of any; perhaps sparse."""
    known = getattr(objective, "constant_directions", None)
    return np.empty((0, objective.dim)) if known is None else known()


def restricted(matrix: Array, q: Any) -> Array:
    """Restrict a matrix (d, d) to what is orthogonal to the orthonormal rows of q (m, d)."""
    if not q.shape[0]:
        return matrix
    z = null_space(q @ np.eye(len(matrix)))  # q may be sparse
    return np.asarray(z.T @ matrix @ z)


def curvatures(product: Product, q: Any, d: int) -> tuple[Array, Array]:
    """Approximate eigenvalues of a symmetric operator: both ends of the spectrum, and the one closest to 0.

    Args:
        product: the operator on directions (d,).
        q: (m, d) orthonormal rows, dense or sparse: what they span is left out.
        d: number of variables.

    Returns:
        Rayleigh quotients (n,), ascending, and for each a radius within which an eigenvalue lies. They lie between
        the lowest and the highest eigenvalue: one below zero proves an eigenvalue below zero.

    Source:
        Lanczos' method for the ends. For the one closest to 0: the part of a random direction that MINRES cannot
        make out of the operator's image.
    """
    square, out = _krylov(product, q, d)
    values, vectors = np.linalg.eigh(0.5 * (square + square.T))
    start = _random(q, d)
    operator = LinearOperator((d, d), matvec=product, dtype=np.float64)
    v = start - _without(q, minres(operator, product(start), rtol=_NULL, maxiter=_PRODUCTS)[0])
    v /= np.linalg.norm(v)
    image = _without(q, product(v))
    value = float(v @ image)
    values = np.append(values, value)
    radii = np.append(out * np.abs(vectors[-1]), np.linalg.norm(image - value * v))
    order = np.argsort(values)
    return values[order], radii[order]


def outer_eigenvalues(product: Product, q: Any, d: int) -> np.ndarray:
    """Approximate eigenvalues (n,) complex of an operator by Arnoldi's method, those alone that have settled.

    Args:
        product: the operator on directions (d,).
        q: (m, d) orthonormal rows, dense or sparse: what they span is left out.
        d: number of variables.
    """
    square, out = _krylov(product, q, d)
    values, vectors = np.linalg.eig(square.astype(np.complex128))
    return np.asarray(values[out * np.abs(vectors[-1]) <= _SETTLED * np.abs(values)])


def kind_of(eigenvalues: Array, radii: Array | None = None) -> str:
    """Name the kind of a stationary point from the eigenvalues (n,) of its Hessian.

    Args:
        eigenvalues: all of them, or approximate ones.
        radii: within which of each an eigenvalue lies; None where they are exact.
    """
    zero = ZERO * float(np.abs(eigenvalues).max(initial=0.0))
    if (np.abs(eigenvalues) + (0.0 if radii is None else radii) <= zero).any():
        return "degenerate"
    rest = eigenvalues[np.abs(eigenvalues) > zero]
    return "minimizer" if (rest > 0.0).all() else "maximizer" if (rest < 0.0).all() else "saddle"


def _krylov(product: Product, q: Any, d: int) -> tuple[Array, float]:
    """Restrict an operator to the Krylov space of a random start (always the same), orthogonal to the rows of q.

    Returns:
        The restriction (m, m), and the length of what leads out of the space from its last vector.
    """
    m = max(1, min(_KRYLOV, d - q.shape[0], _NUMBERS // d))
    basis = np.zeros((m + 1, d))
    square = np.zeros((m + 1, m))
    basis[0] = _random(q, d)
    for j in range(m):
        v: Array = product(basis[j])
        size = float(np.linalg.norm(v))
        for _ in range(2):  # twice is enough to be orthogonal in floating point
            v = _without(q, v)
            parts = basis[: j + 1] @ v
            v -= parts @ basis[: j + 1]
            square[: j + 1, j] += parts
        out = float(np.linalg.norm(v))
        if out <= 1e-12 * size:  # the space is invariant, and these are eigenvalues
            return square[: j + 1, : j + 1], 0.0
        square[j + 1, j] = out
        basis[j + 1] = v / out
    return square[:m], out


def _random(q: Any, d: int) -> Array:
    v = _without(q, np.random.default_rng(0).standard_normal(d))
    return np.asarray(v / np.linalg.norm(v))


def _without(q: Any, v: Array) -> Array:
    """Return v less what the orthonormal rows of q span."""
    return np.asarray(v - q.T @ (q @ v))
