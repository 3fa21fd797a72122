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
from .circles import Circles, circles
from .stability import limits_at_degenerate, shifted_jacobian, step_limits
from .stationary import StationaryCurve, StationaryPoints, stationary_points

MOST_POINTS: Final = 10_000  # isolated points; the targets farther out are then left out and counted
MOST_CURVES: Final = 400  # curves, the longest; more are left out and counted
_MOST_TARGETS: Final = 400  # samples of one curve of targets
_MOST_SAMPLES: Final = 16_000  # of all of them, where there are many
_FEW: Final = 1000  # targets that are looked at together, whatever is around them
_FIRST: Final = 256  # of more targets, those that tell how many points there are around one
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
    step_limits: Array  # (n,) eta_max; 0 where the point repels, NaN where a degenerate target leaves it open
    by_proof: np.ndarray  # (n,) whether the search has missed it and the proof has found it, see `completed`
    curves: tuple[HallucinatedCurve, ...]
    stationary: StationaryPoints  # the targets that were looked at
    angles: int  # samples on each circle; 2 in one variable
    unconverged: int  # candidates that failed the definition and were left out
    left_out: int = 0  # stationary points that were not looked at
    curves_left_out: int = 0  # of the points' own

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
    proved: bool = False,
) -> HallucinatedPoints:
    """Judge every candidate by the definition, S(x) = 0, and describe those that pass.

    All that are proved do. At a pole |g| is so large that any S is small beside it: what x sees has to be the target,
    too.
    """
    g, hessian = l.gradient_and_hessian(x)
    norms = np.linalg.norm(g, axis=-1)
    x_plus = x + rho * g / norms[:, None]
    residuals = np.linalg.norm(l.gradient(x_plus), axis=-1)
    # Where g is small its direction, and with it S, is known to few digits: a branch begins there.
    size, size_plus = (np.abs(h).max(axis=(1, 2), initial=0.0) for h in (hessian, hessians))
    reach = np.abs(x).max(axis=-1, initial=0.0) + rho
    off = _ROUNDING * reach * (1.0 + rho * size / norms)
    keep = residuals <= _ACCEPTED * norms + off * size_plus
    keep &= np.linalg.norm(x_plus - targets, axis=-1) <= _ACCEPTED * rho + off
    keep &= np.isfinite(l.value(x)) & np.isfinite(hessian).all(axis=(1, 2))
    keep |= proved
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
        step_limits=np.where(kinds[order] == "degenerate", limits_at_degenerate(matrices), step_limits(eigenvalues)),
        by_proof=np.full(len(order), proved),
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
    most = min(_MOST_TARGETS, _MOST_SAMPLES // max(1, len(s.curves)))
    thinned = [thinned_targets(curve, most) for curve in s.curves]
    found, looked_at, left_out = _around_points(l, rho, s.points)
    i, x = _inwards(l, rho, found)
    i = looked_at[i]
    # Along a curve of targets the circles' arcs are no curves of their own; and where a circle meets other stationary
    # points all along, nothing points inwards but rounding.
    whole, around = [], [looked_at[j] for j, _, _ in found.arcs]
    ends = np.cumsum([len(arc) for _, arc, _ in found.arcs])
    if found.arcs:
        every = np.concatenate([arc for _, arc, _ in found.arcs])
        z = np.repeat(s.points[around], np.diff(ends, prepend=0), axis=0)
        inwards = _pointing_to(l, every, z, rho)
        for (_, arc, closed), j, end in zip(found.arcs, around, ends, strict=True):
            if inwards[end - len(arc) : end].all():
                whole.append((arc, np.broadcast_to(s.points[j], arc.shape), str(s.kinds[j]), closed))
    rings = circles(l, rho, np.concatenate([s.points[:0], *(curve.points for curve in thinned)]))
    ring, y = _inwards(l, rho, rings)
    offset = 0
    for targets in thinned:
        member = np.flatnonzero((ring >= offset) & (ring < offset + len(targets.points)))
        sample = ring[member] - offset
        for order, closed in linked(targets.points, targets.closed, sample, y[member]):
            whole.append((y[member[order]], targets.points[sample[order]], targets.kind, closed))
        offset += len(targets.points)
    longest = sorted(np.argsort([-len(one[0]) for one in whole], kind="stable")[:MOST_CURVES].tolist())
    curves = _described(l, rho, [whole[k] for k in longest])
    kinds, hessians = s.kinds[i], s.hessians[i]
    h = judged(l, rho, x, s.points[i], kinds, hessians, curves, s, found.angles)
    return replace(h, left_out=left_out, curves_left_out=len(whole) - len(curves))


def _around_points(l: Landscape, rho: float, targets: Array) -> tuple[Circles, np.ndarray, int]:
    """Search around targets (n, 2), from the middle of the domain outwards where there are many.

    Returns the circles, which target each of their indices stands for, and how many targets were left out.
    """
    if len(targets) <= _FEW:
        return _cut(l, rho, circles(l, rho, targets), np.arange(len(targets)))
    domain = np.array(l.domain)
    distance = (np.abs(targets - domain.mean(axis=1)) / np.ptp(domain, axis=1)).max(axis=-1)
    order = np.argsort(distance, kind="stable")
    first = circles(l, rho, targets[order[:_FIRST]])
    each = max(1, len(_inwards(l, rho, first)[0])) / _FIRST
    looked_at = np.sort(order[: max(_FIRST, math.ceil(1.2 * MOST_POINTS / each))])
    found, inner, beyond = _cut(
        l, rho, circles(l, rho, targets[looked_at]), looked_at, np.argsort(distance[looked_at], kind="stable")
    )
    return found, inner, beyond + len(targets) - len(looked_at)


def _cut(
    l: Landscape, rho: float, found: Circles, targets: np.ndarray, order: np.ndarray | None = None
) -> tuple[Circles, np.ndarray, int]:
    """Leave out the last targets in an order, around which there are more than MOST_POINTS points and arcs."""
    if len(found.index) <= MOST_POINTS:
        return found, targets, 0
    order = np.arange(len(targets)) if order is None else order
    count = np.bincount(_inwards(l, rho, found)[0], minlength=len(targets))
    most = count[order].cumsum() <= MOST_POINTS
    if most.all():
        return found, targets, 0
    kept = np.zeros(len(targets), dtype=bool)
    kept[order[most]] = True
    held = kept[found.index]
    arcs = tuple(arc for arc in found.arcs if kept[arc[0]])
    cut = Circles(found.index[held], found.targets[held], found.points[held], arcs, found.angles)
    return cut, targets, int(np.sum(~kept))


def _inwards(l: Landscape, rho: float, found: Circles) -> tuple[np.ndarray, Array]:
    """Return targets and places (k, 2) of the candidates in the domain at which the gradient points inwards."""
    keep = _pointing_to(l, found.points, found.targets, rho) & l.contains(found.points)
    return found.index[keep], found.points[keep]


def thinned_targets(curve: StationaryCurve, most: int = _MOST_TARGETS) -> StationaryCurve:
    """Choose the samples of a curve of targets around which hallucinated points are sought."""
    step = math.ceil(len(curve.points) / most)
    return StationaryCurve(curve.points[::step], curve.kind, curve.closed)


def _described(l: Landscape, rho: float, whole: list[tuple[Array, Array, str, bool]]) -> tuple[HallucinatedCurve, ...]:
    """Describe curves. M has a zero eigenvalue along each, so that its trace is the one across."""
    if not whole:
        return ()
    x, targets = (np.concatenate([one[k] for one in whole]) for k in (0, 1))
    g, hessian = l.gradient_and_hessian(x)
    matrix = shifted_jacobian(g, hessian, l.hessian(targets), rho)
    across = np.trace(matrix, axis1=1, axis2=2)
    limits, ends = step_limits(across[:, None]), np.cumsum([len(one[0]) for one in whole])
    return tuple(
        HallucinatedCurve(places, seen, kind, across[end - len(places) : end], limits[end - len(places) : end], closed)
        for (places, seen, kind, closed), end in zip(whole, ends, strict=True)
    )
