"""Stationary points and curves of a landscape: where its gradient vanishes.

One variable: every sign change of f' on a grid is solved by bracketing, and every sign change of f'' where f' comes
close to zero without crossing is looked at for an even root. Two variables: the cells of a grid in which both
components of the gradient change sign, and the local minima of its norm, start damped Newton iterations; what
converges is merged. Roots with a zero eigenvalue that line up form a curve. Kinks (abs, Ackley's centre) are not
roots of the gradient and are not searched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from landscapes.landscape import Array, Domain, Landscape

from .brackets import Indices, root_between
from .chains import chains, groups
from .roots import NOTHING, continuous, roots
from .spectra import ZERO

CELLS_1D: Final = 2000  # grid cells over the window in one variable; narrower features may be missed
MOST_POINTS: Final = 4000  # isolated points kept, the innermost; more are counted and left out
MOST_CURVES: Final = 400  # curves kept, the longest; more are counted and left out
_NEIGHBOURS: Final = 3.5  # cells between two samples of a curve, at most


@dataclass(frozen=True)
class StationaryCurve:
    """A curve of stationary points (in one variable: an interval on which f is flat)."""

    points: Array  # (m, d), in order along the curve
    kind: str  # by the sign of the Hessian across the curve
    closed: bool


@dataclass(frozen=True)
class StationaryPoints:
    """The stationary points of a landscape, with what was searched."""

    points: Array  # (n, d) the isolated ones
    kinds: np.ndarray  # (n,) "minimizer" | "saddle" | "maximizer" | "degenerate"
    hessians: Array  # (n, d, d); eigenvalues that count as zero are set to zero
    curves: tuple[StationaryCurve, ...]
    window: Domain  # the domain widened by the margin
    spacing: tuple[float, ...]  # of the grid, along each axis
    candidates: int  # places on the grid from which a root was sought
    unconverged: int  # of these, the ones that led neither to a root nor away from the place
    undefined: float  # share of the grid on which the gradient is not a number
    flat: float  # share of the grid on which the gradient is exactly zero
    left_out: int  # isolated points beyond MOST_POINTS and curves beyond MOST_CURVES

    def covers(self, l: Landscape, margin: float) -> bool:
        """Whether the landscape's domain, widened by a margin, lies in the window that was searched."""
        return all(w[0] <= d[0] - margin and w[1] >= d[1] + margin for w, d in zip(self.window, l.domain, strict=True))


def located(l: Landscape, points: Array) -> Array:
    """Estimate how far (n,) stationary points (n, d) are from the true ones, by two more steps of Newton's method.

    Where the second derivatives are singular g says little of where its zero is, and the steps shrink by a constant
    factor only: the estimate is the sum of all that would follow.
    """
    x, lengths = np.array(points), []
    with np.errstate(all="ignore"):
        for _ in range(2):
            g, hessian = l.gradient_and_hessian(x)
            finite = np.asarray(np.isfinite(g).all(axis=-1) & np.isfinite(hessian).all(axis=(1, 2)))
            inverse = np.linalg.pinv(np.where(finite[:, None, None], hessian, 0.0), rcond=1e-13, hermitian=True)
            step = np.asarray(inverse @ np.where(finite[:, None], g, 0.0)[..., None])[..., 0]
            lengths.append(np.linalg.norm(step, axis=-1))
            x = x - step
        factor = np.clip(lengths[1] / lengths[0], 0.0, 0.9)
        return np.where(lengths[0] > 0.0, lengths[0] / (1.0 - factor), 0.0)


def stationary_points(l: Landscape, margin: float = 0.0) -> StationaryPoints:
    """Find where the gradient of a landscape vanishes.

    Args:
        l: a landscape in one or two variables.
        margin: by how much the window is widened on every side, in the units of x.

    Returns:
        The isolated points with their kinds, the curves, and the account of the search.

    Raises:
        ValueError: the margin is negative or not finite.
    """
    if not (math.isfinite(margin) and margin >= 0.0):
        raise ValueError(f"margin must be a finite number >= 0, got {margin}")
    window = tuple((low - margin, high + margin) for low, high in l.domain)
    with np.errstate(all="ignore"):  # beyond overflow and outside f's region there are no roots, and no warnings
        return _in_one_variable(l, window) if l.dim == 1 else _in_two_variables(l, window)


def _kinds(hessians: Array, scale: Array) -> tuple[np.ndarray, Array]:
    """Name the kinds (n,) from Hessians (n, d, d) and their size (n,) around each point.

    Returns:
        The kinds, and the Hessians without the eigenvalues that count as zero.
    """
    eigenvalues, vectors = np.linalg.eigh(hessians)
    largest = np.maximum(np.abs(eigenvalues).max(axis=-1, initial=0.0), scale)
    zeros = np.abs(eigenvalues) <= ZERO * largest[:, None]
    zero = zeros.any(axis=-1)
    positive, negative = (eigenvalues > 0.0).all(axis=-1), (eigenvalues < 0.0).all(axis=-1)
    kinds = np.select([zero, positive, negative], ["degenerate", "minimizer", "maximizer"], default="saddle")
    rest = np.einsum("nij,nj,nkj->nik", vectors, np.where(zeros, 0.0, eigenvalues), vectors)
    return kinds, np.where(zero[:, None, None], rest, hessians)


# One variable


def _in_one_variable(l: Landscape, window: Domain) -> StationaryPoints:
    (low, high), (inner_low, inner_high) = window[0], l.domain[0]
    width = inner_high - inner_low
    cells = min(math.ceil((high - low) / width * CELLS_1D), 2 * CELLS_1D)
    x = np.linspace(low, high, cells + 1)
    slope, bend = l.gradient_and_hessian(x[:, None])
    g, h = slope[:, 0], bend[:, 0, 0]
    finite = np.isfinite(g) & np.isfinite(h)
    largest = np.max(np.abs(g), where=finite, initial=0.0)
    zero = finite & (np.abs(g) <= NOTHING * min(1.0, largest))
    curves, flat = _flat_intervals(x, g, zero)

    both = finite[:-1] & finite[1:] & ~(flat[:-1] | flat[1:])
    left, right = x[:-1], x[1:]
    crossing = both & (g[:-1] * np.sign(g[1:]) < 0.0)
    # f' turns around inside the cell: it may touch zero there, or cross it twice.
    turning = both & ~crossing & (h[:-1] * np.sign(h[1:]) < 0.0) & (np.sign(g[:-1]) * h[:-1] < 0.0)
    turns = _solve(lambda t, _: l.hessian(t[:, None])[:, 0, 0], left[turning], right[turning], width)
    at_turn = l.gradient(turns[:, None])[:, 0]
    beside = np.maximum(np.abs(g[:-1]), np.abs(g[1:]))[turning]
    touching = np.abs(at_turn) <= 1e-12 * beside
    twice = ~touching & (np.sign(at_turn) * np.sign(g[:-1][turning]) < 0.0)
    starts = np.concatenate([left[crossing], left[turning][twice], turns[twice]])
    ends = np.concatenate([right[crossing], turns[twice], right[turning][twice]])
    size = np.concatenate([np.maximum(np.abs(g[:-1]), np.abs(g[1:]))[crossing], beside[twice], beside[twice]])

    roots = _solve(lambda t, _: l.gradient(t[:, None])[:, 0], starts, ends, width)
    # At a jump or a pole f' changes sign without becoming small: those are not roots.
    genuine = np.abs(l.gradient(roots[:, None])[:, 0]) <= 1e-6 * size
    found = np.concatenate([roots[genuine], turns[touching], x[zero & ~flat]])
    found = np.unique(found[np.isfinite(l.value(found[:, None]))])
    found = found[continuous(l, found[:, None], np.array([x[1] - x[0]]), width)]
    if found.size:
        found = found[np.concatenate([[True], np.diff(found) > 1e-12 * width])]
    kept = found[:MOST_POINTS, None]
    hessians = l.hessian(kept)
    offset = 2.0 * (x[1] - x[0])
    around = np.nanmax(np.abs(l.hessian(np.stack([kept - offset, kept + offset]))), axis=(0, 2, 3), initial=0.0)
    candidates = len(starts) + int(np.sum(turning)) + int(np.sum(zero & ~flat))
    kinds, hessians = _kinds(hessians, around)
    return StationaryPoints(
        points=kept,
        kinds=kinds,
        hessians=hessians,
        curves=curves,
        window=window,
        spacing=(float(x[1] - x[0]),),
        candidates=candidates,
        unconverged=int(np.sum(~genuine)),
        undefined=float(np.mean(~finite)),
        flat=float(np.mean(flat)),
        left_out=len(found) - len(kept),
    )


def _solve(f: Callable[[Array, Indices], Array], low: Array, high: Array, width: float) -> Array:
    return root_between(f, low, high, np.full_like(low, np.nan), 1e-16 * width, 1e-15)


def _flat_intervals(x: Array, g: Array, zero: np.ndarray) -> tuple[tuple[StationaryCurve, ...], np.ndarray]:
    """Find the runs of three or more nodes at which f' rounds to zero.

    A run that ends at a jump of f' is a curve of stationary points; one into which f' fades (the far tail of a
    Gaussian) or that fills the window is only masked as flat.
    """
    edges = np.diff(np.concatenate([[0], zero.astype(int), [0]]))
    curves = []
    flat = np.zeros(len(x), dtype=bool)
    for first, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        if stop - first < 3:
            continue
        flat[first:stop] = True
        ends = [g[k] for k in (first - 1, stop) if 0 <= k < len(x)]
        if not ends or min(abs(end) for end in ends) < 1e-100 * np.nanmax(np.abs(g)):
            continue
        before = np.sign(g[first - 1]) if first else 0.0
        after = np.sign(g[stop]) if stop < len(x) else 0.0
        kind = {(-1.0, 1.0): "minimizer", (1.0, -1.0): "maximizer"}.get((before, after), "degenerate")
        curves.append(StationaryCurve(x[first:stop, None], kind, closed=False))
    return tuple(curves), flat


# Two variables


def _in_two_variables(l: Landscape, window: Domain) -> StationaryPoints:
    found = roots(l, window)
    x, spacing = found.points, found.spacing
    measured = l.hessian(x)
    kinds, hessians = _kinds(measured, _hessian_around(l, x, 2.0 * spacing))
    every, isolated = _curves(l, x, kinds, measured, spacing)
    longest = np.argsort([-len(curve.points) for curve in every], kind="stable")[:MOST_CURVES]
    curves = tuple(every[k] for k in sorted(longest.tolist()))
    isolated = np.flatnonzero(isolated)
    kept = isolated[_innermost(l, x[isolated])]
    return StationaryPoints(
        points=x[kept],
        kinds=kinds[kept],
        hessians=hessians[kept],
        curves=curves,
        window=window,
        spacing=(float(spacing[0]), float(spacing[1])),
        candidates=found.candidates,
        unconverged=found.unconverged,
        undefined=found.undefined,
        flat=found.flat,
        left_out=len(isolated) - len(kept) + len(every) - len(curves),
    )


def _innermost(l: Landscape, x: Array) -> np.ndarray:
    """Indices, in order, of the MOST_POINTS points of x (n, 2) that are nearest to the middle of the domain."""
    if len(x) <= MOST_POINTS:
        return np.arange(len(x))
    domain = np.array(l.domain)
    distance = np.abs(x - domain.mean(axis=1)) / np.ptp(domain, axis=1)
    return np.sort(np.argpartition(distance.max(axis=-1), MOST_POINTS)[:MOST_POINTS])


def _hessian_around(l: Landscape, x: Array, offset: Array) -> Array:
    """Largest entry (n,) of the Hessian on eight points around each root: what a vanishing one is compared with."""
    angles = np.arange(8) * (math.pi / 4.0)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * offset
    hessians = np.abs(l.hessian(x[:, None, :] + ring)).max(axis=(2, 3))
    return np.asarray(np.where(np.isfinite(hessians), hessians, 0.0).max(axis=1, initial=0.0))


def _curves(
    l: Landscape, x: Array, kinds: np.ndarray, hessians: Array, spacing: Array
) -> tuple[tuple[StationaryCurve, ...], np.ndarray]:
    """Split the roots into curves and the mask of the isolated ones.

    Degenerate roots that line up over more than four cells form curves; a smaller group is one degenerate root,
    as sharply located as its order allows.
    """
    isolated = kinds != "degenerate"
    candidates = np.flatnonzero(~isolated)
    if not candidates.size:
        return (), isolated
    cells = x / spacing  # a window may be a thousand times as wide as high
    group = groups(cells[candidates], _NEIGHBOURS)
    curves = []
    for label in range(group.max() + 1):
        members = candidates[group == label]
        extent = np.ptp(cells[members], axis=0).max()
        if extent <= 4.0:
            size = np.linalg.norm(l.gradient(x[members]), axis=-1)
            isolated[members[np.argmin(size)]] = True
            continue
        _, first = np.unique(np.floor(cells[members]).astype(np.int64), axis=0, return_index=True)
        members = members[first]
        trace = np.trace(hessians[members], axis1=1, axis2=2)
        for order, closed in chains(cells[members], _NEIGHBOURS):
            across = trace[order]
            across = across[np.abs(across) > ZERO * np.abs(across).max(initial=0.0)]
            kind = "degenerate"
            if across.size and ((across > 0).all() or (across < 0).all()):
                kind = "minimizer" if across[0] > 0 else "maximizer"
            curves.append(StationaryCurve(x[members[order]], kind, closed))
    return tuple(curves), isolated
