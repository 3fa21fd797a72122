"""Hallucinated points at one radius: S(x) = 0 although g(x) is not.

x is hallucinated with target z exactly if |x - z| = rho, g(z) = 0 and g(x) points from x to z (Park, Jang, Ryu and
Yang, arXiv 2509.21818, for the definition; the geometry is derived in this project). In one variable that leaves
x = z - rho and x = z + rho; in two, the points of the circle of radius rho around z where the derivative of f along
the circle vanishes and the gradient points inwards. All circles are searched in one batch. The points of a curve
of targets form curves themselves, and so does a circle along which the tangential derivative vanishes throughout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from landscapes.landscape import Array, Landscape

from .chains import linked
from .circles import circles
from .stability import shifted_jacobian, step_limits
from .stationary import StationaryCurve, StationaryPoints, stationary_points

_MOST_TARGETS: Final = 400  # samples of one curve of targets
_VANISHING: Final = 1e-9  # a slope below this share of what the curvature makes of it over rho counts as zero
_ACCEPTED: Final = 1e-6  # largest |S|/|g| of a point that is kept, rounding apart
_ROUNDING: Final = 1e-15  # of coordinates and slopes, a few units in the last place


@dataclass(frozen=True)
class HallucinatedCurve:
    """A curve of hallucinated points, along which M has a zero eigenvalue."""

    points: Array  # (m, d), in order along the curve
    targets: Array  # (m, d)
    kind: str  # of the targets
    transversal: Array  # (m,) the eigenvalue of M across the curve
    step_limits: Array  # (m,) 2/transversal; 0 where the curve repels
    closed: bool

    @property
    def attracts(self) -> bool:
        """Whether every point attracts across the curve, for small enough steps."""
        return bool((self.step_limits > 0.0).all())


@dataclass(frozen=True)
class HallucinatedPoints:
    """The hallucinated points of a landscape at one radius, with the account of the search."""

    rho: float
    points: Array  # (n, d) in the domain
    targets: Array  # (n, d)
    kinds: np.ndarray  # (n,) the targets' kinds
    residuals: Array  # (n,) |S(x)|
    gradient_norms: Array  # (n,) |g(x)|
    eigenvalues: np.ndarray  # (n, d) complex, of M
    step_limits: Array  # (n,) eta_max; 0 where the point repels, NaN for a degenerate target
    curves: tuple[HallucinatedCurve, ...]
    stationary: StationaryPoints  # the targets that were looked at
    angles: int  # samples on each circle; 2 in one variable
    unconverged: int  # candidates that failed the definition and were left out

    def __len__(self) -> int:
        """Count the isolated points."""
        return len(self.points)

    def attract(self, eta: float = 0.0) -> np.ndarray:
        """Mask (n,) of the points that attract SAM at the step size eta (0: for small enough steps)."""
        return self.step_limits > eta


def hallucinated_points(l: Landscape, rho: float, stationary: StationaryPoints | None = None) -> HallucinatedPoints:
    """Find the points of the domain at which SAM stops although the gradient does not vanish.

    Args:
        l: a landscape in one or two variables.
        rho: perturbation radius, in the units of x; at rho = 0 there are none.
        stationary: the stationary points in the domain widened by at least rho, when already known.

    Returns:
        The isolated points, ordered by x, then y, and the curves.

    Raises:
        ValueError: rho is negative or not finite, or `stationary` covers less than rho.
    """
    if not (math.isfinite(rho) and rho >= 0.0):
        raise ValueError(f"rho must be a finite number >= 0, got {rho}; use 0 for plain gradient descent")
    s = stationary_points(l, margin=rho) if stationary is None else stationary
    if not s.covers(l, rho):
        raise ValueError(f"stationary covers {s.window}, which is not the domain widened by rho = {rho}")
    search = _on_both_sides if l.dim == 1 else _on_circles
    with np.errstate(all="ignore"):  # where a gradient vanishes or overflows there is no hallucinated point
        targets = s if rho > 0.0 else replace(s, points=s.points[:0], curves=())
        return replace(search(l, rho, targets), stationary=s)


def judged(
    l: Landscape,
    rho: float,
    x: Array,
    targets: Array,
    kinds: np.ndarray,
    hessians: Array,
    curves: tuple[HallucinatedCurve, ...],
    s: StationaryPoints,
    angles: int,
) -> HallucinatedPoints:
    """Judge every candidate by the definition, S(x) = 0, and describe those that pass."""
    g, hessian = l.gradient_and_hessian(x)
    norms = np.linalg.norm(g, axis=-1)
    x_plus = x + rho * g / norms[:, None]
    residuals = np.linalg.norm(l.gradient(x_plus), axis=-1)
    # Where g is small its direction, and with it S, is known to few digits: a branch begins there.
    size, size_plus = (np.abs(h).max(axis=(1, 2), initial=0.0) for h in (hessian, hessians))
    reach = np.abs(x).max(axis=-1, initial=0.0) + rho
    keep = residuals <= _ACCEPTED * norms + _ROUNDING * reach * size_plus * (1.0 + rho * size / norms)
    keep &= np.isfinite(l.value(x)) & np.isfinite(hessian).all(axis=(1, 2))
    order = np.flatnonzero(keep)
    order = order[np.lexsort(x[order].T[::-1])]
    matrices = shifted_jacobian(g[order], hessian[order], hessians[order], rho)
    eigenvalues = np.linalg.eigvals(matrices).astype(np.complex128)
    return HallucinatedPoints(
        rho=rho,
        points=x[order],
        targets=targets[order],
        kinds=kinds[order],
        residuals=residuals[order],
        gradient_norms=norms[order],
        eigenvalues=eigenvalues,
        step_limits=np.where(kinds[order] == "degenerate", np.nan, step_limits(eigenvalues)),
        curves=curves,
        stationary=s,
        angles=angles,
        unconverged=int(np.sum(~keep)),
    )


# One variable


def _on_both_sides(l: Landscape, rho: float, s: StationaryPoints) -> HallucinatedPoints:
    x = np.concatenate([s.points - rho, s.points + rho])
    index = np.tile(np.arange(len(s.points)), 2)
    keep = _pointing_to(l, x, s.points[index], rho) & l.contains(x)
    curves = []
    for curve in s.curves:
        for side in (-rho, rho):
            y = curve.points + side
            held = _pointing_to(l, y, curve.points, rho) & l.contains(y)
            if held.sum() >= 3:
                zero = np.zeros(int(held.sum()))
                curves.append(
                    HallucinatedCurve(y[held], curve.points[held], curve.kind, zero, np.full_like(zero, np.nan), False)
                )
    index = index[keep]
    return judged(l, rho, x[keep], s.points[index], s.kinds[index], s.hessians[index], tuple(curves), s, 2)


def _pointing_to(l: Landscape, x: Array, targets: Array, rho: float) -> np.ndarray:
    """Mask of the x whose gradient points to the target and is not zero by rounding (there a branch ends)."""
    g, hessian = l.gradient_and_hessian(x)
    rounding = _VANISHING * rho * np.abs(hessian).max(axis=(1, 2), initial=0.0)
    toward = (g * (targets - x)).sum(axis=-1) / rho
    return np.asarray(toward > np.maximum(rounding, 0.5 * np.linalg.norm(g, axis=-1)))


# Two variables


def _on_circles(l: Landscape, rho: float, s: StationaryPoints) -> HallucinatedPoints:
    thinned = [thinned_targets(curve) for curve in s.curves]
    single = len(s.points)
    found = circles(l, rho, np.concatenate([s.points, *(curve.points for curve in thinned)]))
    keep = _pointing_to(l, found.points, found.targets, rho) & l.contains(found.points)
    i, x = found.index[keep], found.points[keep]
    curves = []
    for j, arc, closed in found.arcs:
        # Along a curve of targets the circles' arcs are no curves of their own; and where a circle meets other
        # stationary points all along, nothing points inwards but rounding.
        if j < single and _pointing_to(l, arc, s.points[j], rho).all():
            curves.append(_curve(l, rho, arc, np.broadcast_to(s.points[j], arc.shape), str(s.kinds[j]), closed))
    offset = single
    for targets in thinned:
        member = np.flatnonzero((i >= offset) & (i < offset + len(targets.points)))
        sample = i[member] - offset
        for order, closed in linked(targets.points, targets.closed, sample, x[member]):
            curves.append(_curve(l, rho, x[member[order]], targets.points[sample[order]], targets.kind, closed))
        offset += len(targets.points)
    i, x = i[i < single], x[i < single]
    return judged(l, rho, x, s.points[i], s.kinds[i], s.hessians[i], tuple(curves), s, found.angles)


def thinned_targets(curve: StationaryCurve, most: int = _MOST_TARGETS) -> StationaryCurve:
    """Choose the samples of a curve of targets around which hallucinated points are sought."""
    step = math.ceil(len(curve.points) / most)
    return StationaryCurve(curve.points[::step], curve.kind, curve.closed)


def _curve(l: Landscape, rho: float, x: Array, targets: Array, kind: str, closed: bool) -> HallucinatedCurve:
    """Describe a curve. M has a zero eigenvalue along it, so that its trace is the one across."""
    g, hessian = l.gradient_and_hessian(x)
    matrix = shifted_jacobian(g, hessian, l.hessian(targets), rho)
    across = np.trace(matrix, axis1=1, axis2=2)
    return HallucinatedCurve(x, targets, kind, across, step_limits(across[:, None]), closed)
