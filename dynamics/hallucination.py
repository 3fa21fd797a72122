"""Hallucinated points at one radius: S(x) = 0 although g(x) is not.

x is hallucinated with target z exactly if |x - z| = rho, g(z) = 0 and g(x) points from x to z (Park, Jang, Ryu and
Yang, arXiv 2509.21818, for the definition; the geometry is derived in this project). In one variable that leaves
x = z - rho and x = z + rho; in two, the points of the circle of radius rho around z where the derivative of f along
the circle vanishes and the gradient points inwards. All circles are searched in one batch. The points of a curve
of targets form curves themselves, and so does a circle along which the tangential derivative vanishes throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import elementwise
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from landscapes.landscape import Array, Landscape

from .stability import shifted_jacobian, step_limits
from .stationary import StationaryCurve, StationaryPoints, stationary_points

ARC: Final = 1.0 / 400.0  # angular samples are at most this share of the window's width apart
_FEWEST, _MOST = 96, 1600  # angles on a circle
_SAMPLES: Final = 200_000  # gradients in one batch of circles
_MOST_TARGETS: Final = 400  # samples of one curve of targets
_VANISHING: Final = 1e-9  # a slope below this share of the largest one on its circle counts as zero
_ROUNDING: Final = 1e-13  # ... and one below this share of the slope inwards is rounding
_ACCEPTED: Final = 1e-6  # largest |S|/|g| of a point that is kept


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
    if any(w[0] > d[0] - rho or w[1] < d[1] + rho for w, d in zip(s.window, l.domain, strict=True)):
        raise ValueError(f"stationary covers {s.window}, which is not the domain widened by rho = {rho}")
    search = _on_both_sides if l.dim == 1 else _on_circles
    with np.errstate(all="ignore"):  # where a gradient vanishes or overflows there is no hallucinated point
        return search(l, rho, s if rho > 0.0 else replace(s, points=s.points[:0], curves=()))


def _inside(l: Landscape, x: Array, slack: float = 0.0) -> np.ndarray:
    within = np.ones(x.shape[:-1], dtype=bool)
    for i, (low, high) in enumerate(l.domain):
        edge = slack + 1e-12 * (high - low)
        within &= (x[..., i] >= low - edge) & (x[..., i] <= high + edge)
    return within


def _result(
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
    keep = residuals <= _ACCEPTED * norms
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
    keep = _pointing_to(l, x, s.points[index], rho) & _inside(l, x)
    curves = []
    for curve in s.curves:
        for side in (-rho, rho):
            y = curve.points + side
            held = _pointing_to(l, y, curve.points, rho) & _inside(l, y)
            if held.sum() >= 3:
                zero = np.zeros(int(held.sum()))
                curves.append(
                    HallucinatedCurve(y[held], curve.points[held], curve.kind, zero, np.full_like(zero, np.nan), False)
                )
    index = index[keep]
    return _result(l, rho, x[keep], s.points[index], s.kinds[index], s.hessians[index], tuple(curves), s, 2)


def _pointing_to(l: Landscape, x: Array, targets: Array, rho: float) -> np.ndarray:
    """Mask of the x whose gradient points to the target and is not zero by rounding (there a branch ends)."""
    g, hessian = l.gradient_and_hessian(x)
    rounding = _VANISHING * rho * np.abs(hessian).max(axis=(1, 2), initial=0.0)
    toward = (g * (targets - x)).sum(axis=-1) / rho
    return np.asarray(toward > np.maximum(rounding, 0.5 * np.linalg.norm(g, axis=-1)))


# Two variables


def _on_circles(l: Landscape, rho: float, s: StationaryPoints) -> HallucinatedPoints:
    thinned = [_thinned(curve) for curve in s.curves]
    targets = np.concatenate([s.points, *(c.points for c in thinned)])
    width = min(high - low for low, high in l.domain)
    angles = int(np.clip(math.ceil(2.0 * math.pi * rho / (ARC * width)), _FEWEST, _MOST))
    step = 2.0 * math.pi / angles
    index: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
    theta: list[Array] = [np.empty(0)]
    curves: list[HallucinatedCurve] = []
    for start, t, n in _sampled(l, rho, targets, angles):
        t = np.where(np.abs(t) <= _ROUNDING * np.abs(n), 0.0, t)
        whole, circles = _runs(t, n)
        for j in circles:
            if start + j < len(s.points):
                curves += _arcs(l, rho, s, start + j, whole[j] & (n[j] > 0.0))
        t[whole] = np.nan
        for i, low, high in (_crossings(t, n, step), _close_pairs(l, rho, targets[start:], t, n, step)):
            index.append(start + i)
            theta.append(_angles(l, rho, targets[start + i], low, high))
    i, angle = np.concatenate(index), np.concatenate(theta)
    x = targets[i] - rho * _unit(angle)
    keep = _pointing_to(l, x, targets[i], rho) & _inside(l, x)
    i, x = i[keep], x[keep]
    single = i < len(s.points)
    offset = len(s.points)
    for curve in thinned:
        member = (i >= offset) & (i < offset + len(curve.points))
        curves += _along(l, rho, curve, i[member] - offset, x[member])
        offset += len(curve.points)
    i, x = i[single], x[single]
    return _result(l, rho, x, targets[i], s.kinds[i], s.hessians[i], tuple(curves), s, angles)


def _unit(angle: Array) -> Array:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _thinned(curve: StationaryCurve) -> StationaryCurve:
    step = math.ceil(len(curve.points) / _MOST_TARGETS)
    return StationaryCurve(curve.points[::step], curve.kind, curve.closed)


def _slopes(l: Landscape, rho: float, targets: Array, angle: Array) -> tuple[Array, Array]:
    """Slopes across the radius, g.t, and inwards, g.e, at x = z - rho e; e = (cos, sin), t = (-sin, cos).

    At a zero of g.t with g.e > 0 the gradient at x points to z. Targets (..., 2), angles (...).
    """
    e = _unit(angle)
    g = l.gradient(targets - rho * e)
    return g[..., 1] * e[..., 0] - g[..., 0] * e[..., 1], g[..., 0] * e[..., 0] + g[..., 1] * e[..., 1]


def _turning(l: Landscape, rho: float, targets: Array, angle: Array) -> Array:
    """Derivative of g.t by the angle: -rho t^T H t - g.e."""
    e = _unit(angle)
    t = np.stack([-e[..., 1], e[..., 0]], axis=-1)
    g, hessian = l.gradient_and_hessian(targets - rho * e)
    return np.asarray(-rho * np.einsum("...i,...ij,...j", t, hessian, t) - (g * e).sum(axis=-1))


def _sampled(l: Landscape, rho: float, targets: Array, angles: int) -> Iterator[tuple[int, Array, Array]]:
    """Yield the slopes g.t and g.e (m, angles) on the circles of blocks of targets; NaN outside the domain."""
    angle = np.arange(angles) * (2.0 * math.pi / angles)
    radii = rho * _unit(angle)
    slack = 2.0 * math.pi * rho / angles
    block = max(1, _SAMPLES // angles)
    for start in range(0, len(targets), block):
        block_targets = targets[start : start + block]
        circle, k = np.nonzero(_inside(l, block_targets[:, None, :] - radii, slack))
        t = np.full((len(block_targets), angles), np.nan)
        n = np.full_like(t, np.nan)
        t[circle, k], n[circle, k] = _slopes(l, rho, block_targets[circle], angle[k])
        yield start, t, n


def _runs(t: Array, n: Array) -> tuple[np.ndarray, np.ndarray]:
    """Mask (m, angles) of runs of three or more angles at which g.t vanishes, and the circles that have some."""
    zero = np.abs(t) <= _VANISHING * np.abs(n)
    middle = zero & np.roll(zero, 1, axis=1) & np.roll(zero, -1, axis=1)
    whole = middle | np.roll(middle, 1, axis=1) | np.roll(middle, -1, axis=1)
    return whole, np.flatnonzero(middle.any(axis=1))


def _crossings(t: Array, n: Array, step: float) -> tuple[np.ndarray, Array, Array]:
    """Circles and brackets of the angle between which g.t changes sign while g points inwards at one end."""
    ahead = np.roll(t, -1, axis=1)
    between = (t * np.sign(ahead) < 0.0) & ((n > 0.0) | (np.roll(n, -1, axis=1) > 0.0))
    circle, first = np.nonzero(between)
    at_node, node = np.nonzero((t == 0.0) & (n > 0.0))
    low = np.concatenate([first, node - 0.5]) * step
    high = np.concatenate([first + 1.0, node + 0.5]) * step
    return np.concatenate([circle, at_node]), low, high


def _close_pairs(
    l: Landscape, rho: float, targets: Array, t: Array, n: Array, step: float
) -> tuple[np.ndarray, Array, Array]:
    """Brackets of two roots between neighbouring angles, which change no sign at the samples: near a fold.

    Where a parabola through three samples comes close to zero, the extremum of g.t is solved for; on its other
    side of zero, each half of the bracket holds a root.
    """
    before, ahead = np.roll(t, 1, axis=1), np.roll(t, -1, axis=1)
    bend = before - 2.0 * t + ahead
    vertex = t - (ahead - before) ** 2 / (8.0 * bend)
    side = np.sign(t)
    dip = (side * before > side * t) & (side * ahead >= side * t) & (side * vertex < 0.1 * np.abs(bend))
    circle, k = np.nonzero(dip & (n > 0.0))
    low, high = (k - 1.0) * step, (k + 1.0) * step
    z = targets[circle]

    def turning(angle: Array, zx: Array, zy: Array) -> Array:
        return _turning(l, rho, np.stack([zx, zy], axis=-1), angle)

    extremum = _solve(turning, low, high, z)
    other = side[circle, k] * _slopes(l, rho, z, extremum)[0] <= 0.0
    circle, low, high, extremum = circle[other], low[other], high[other], extremum[other]
    return np.tile(circle, 2), np.concatenate([low, extremum]), np.concatenate([extremum, high])


def _angles(l: Landscape, rho: float, targets: Array, low: Array, high: Array) -> Array:
    """Solve g.t = 0 between the angles low and high."""

    def across(angle: Array, zx: Array, zy: Array) -> Array:
        return _slopes(l, rho, np.stack([zx, zy], axis=-1), angle)[0]

    return _solve(across, low, high, targets)


def _solve(f: Callable[[Array, Array, Array], Array], low: Array, high: Array, targets: Array) -> Array:
    """Solve f(angle) = 0 by Chandrupatla's method; the middle of a bracket in which f changes no sign."""
    if not low.size:
        return low
    solved = elementwise.find_root(
        f,
        (low, high),
        args=(targets[:, 0], targets[:, 1]),
        tolerances={"xatol": 1e-15, "xrtol": 1e-15, "fatol": 0.0, "frtol": 0.0},
        maxiter=100,
    )
    return np.where(np.isfinite(solved.x), solved.x, 0.5 * (low + high))


# Curves


def _curve(l: Landscape, rho: float, x: Array, targets: Array, kind: str, closed: bool) -> HallucinatedCurve:
    """Describe a curve. M has a zero eigenvalue along it, so that its trace is the one across."""
    g, hessian = l.gradient_and_hessian(x)
    matrix = shifted_jacobian(g, hessian, l.hessian(targets), rho)
    across = np.trace(matrix, axis1=1, axis2=2)
    return HallucinatedCurve(x, targets, kind, across, step_limits(across[:, None]), closed)


def _arcs(l: Landscape, rho: float, s: StationaryPoints, j: int, held: np.ndarray) -> list[HallucinatedCurve]:
    """Turn the runs of angles at which the gradient points to the target throughout into curves."""
    angles = len(held)
    closed = bool(held.all())
    shift = 0 if closed else int(np.argmin(held))
    edges = np.diff(np.concatenate([[0], np.roll(held, -shift).astype(int), [0]]))
    curves = []
    for first, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        k = (np.arange(first, stop) + shift) % angles
        x = s.points[j] - rho * _unit(k * (2.0 * math.pi / angles))
        inside = _inside(l, x)
        x = x[inside]
        if len(x) >= 3:
            targets = np.broadcast_to(s.points[j], x.shape)
            curves.append(_curve(l, rho, x, targets, str(s.kinds[j]), closed and bool(inside.all())))
    return curves


def _along(l: Landscape, rho: float, curve: StationaryCurve, i: np.ndarray, x: Array) -> list[HallucinatedCurve]:
    """Join the points x (k, 2) of the samples i (k,) of a curve of targets into curves.

    Points of neighbouring samples belong together when each is the other's nearest.
    """
    order = np.argsort(i, kind="stable")
    i, x = i[order], x[order]
    m = len(curve.points)
    count = np.bincount(i, minlength=m)
    most = int(count.max(initial=0))
    if most == 0:
        return []
    slot = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    table = np.full((m, most, 2), np.nan)
    label = np.full((m, most), -1)
    table[i, slot], label[i, slot] = x, np.arange(len(i))
    spacing = np.linalg.norm(curve.points - np.roll(curve.points, -1, axis=0), axis=-1)
    distance = np.linalg.norm(table[:, :, None, :] - np.roll(table, -1, axis=0)[:, None, :, :], axis=-1)
    distance = np.where(distance <= 8.0 * spacing[:, None, None], distance, np.inf)
    if not curve.closed:
        distance[-1] = np.inf
    mutual = (distance == distance.min(axis=2, keepdims=True)) & (distance == distance.min(axis=1, keepdims=True))
    sample, a, b = np.nonzero(mutual & np.isfinite(distance))
    links = (label[sample, a], label[(sample + 1) % m, b])
    graph = coo_array((np.ones(len(sample)), links), shape=(len(i), len(i)))
    component = connected_components(graph, directed=False)[1]
    curves = []
    for c in range(int(component.max()) + 1):
        member = np.flatnonzero(component == c)
        if len(member) < 3:
            continue
        whole = curve.closed and len(member) == m
        gap = 0 if whole else int(np.argmax(np.diff(i[member], append=i[member[0]] + m))) + 1
        member = np.roll(member, -gap)
        curves.append(_curve(l, rho, x[member], curve.points[i[member]], curve.kind, whole))
    return curves
