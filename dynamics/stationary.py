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
from scipy.optimize import elementwise
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from landscapes.landscape import Array, Domain, Landscape

from .chains import chains

CELLS_1D: Final = 2000  # grid cells over the window in one variable
CELLS_2D: Final = 200  # ... and along each axis in two; features narrower than two cells may be missed
MOST_CELLS: Final = 400  # along an axis of the widened window
MOST_POINTS: Final = 4000  # isolated points kept; more are counted and left out
_MOST_SEEDS: Final = 40_000
_STEPS: Final = 100  # damped Newton; a root of order 4 converges by a factor 2/3 a step
_CONVERGED: Final = 1e-8  # last Newton step and |g|/|H|, in window widths: well below a cell, above rounding
_NOTHING: Final = 1e-140  # a gradient below this share of the largest one cannot be squared: it rounds to zero
_DEGENERATE: Final = 1e-6  # an eigenvalue below this share of the largest one nearby counts as zero


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
    hessians: Array  # (n, d, d)
    curves: tuple[StationaryCurve, ...]
    window: Domain  # the domain widened by the margin
    spacing: tuple[float, ...]  # of the grid, along each axis
    candidates: int  # places on the grid from which a root was sought
    unconverged: int  # of these, the ones that led neither to a root nor away from the place
    undefined: float  # share of the grid on which the gradient is not a number
    flat: float  # share of the grid on which the gradient is exactly zero
    left_out: int  # isolated points beyond MOST_POINTS


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


def _kinds(eigenvalues: Array, scale: Array) -> np.ndarray:
    """Name the kinds from eigenvalues (n, d) and the size (n,) of the Hessian around each point."""
    largest = np.maximum(np.abs(eigenvalues).max(axis=-1, initial=0.0), scale)
    zero = (np.abs(eigenvalues) <= _DEGENERATE * largest[:, None]).any(axis=-1)
    positive, negative = (eigenvalues > 0.0).all(axis=-1), (eigenvalues < 0.0).all(axis=-1)
    return np.select([zero, positive, negative], ["degenerate", "minimizer", "maximizer"], default="saddle")


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
    zero = finite & (np.abs(g) <= _NOTHING * largest)
    curves, flat = _flat_intervals(x, g, zero)

    both = finite[:-1] & finite[1:] & ~(flat[:-1] | flat[1:])
    left, right = x[:-1], x[1:]
    crossing = both & (g[:-1] * np.sign(g[1:]) < 0.0)
    # f' turns around inside the cell: it may touch zero there, or cross it twice.
    turning = both & ~crossing & (h[:-1] * np.sign(h[1:]) < 0.0) & (np.sign(g[:-1]) * h[:-1] < 0.0)
    turns = _roots(lambda t: l.hessian(t[..., None])[..., 0, 0], left[turning], right[turning], width)
    at_turn = l.gradient(turns[:, None])[:, 0]
    beside = np.maximum(np.abs(g[:-1]), np.abs(g[1:]))[turning]
    touching = np.abs(at_turn) <= 1e-12 * beside
    twice = ~touching & (np.sign(at_turn) * np.sign(g[:-1][turning]) < 0.0)
    starts = np.concatenate([left[crossing], left[turning][twice], turns[twice]])
    ends = np.concatenate([right[crossing], turns[twice], right[turning][twice]])
    size = np.concatenate([np.maximum(np.abs(g[:-1]), np.abs(g[1:]))[crossing], beside[twice], beside[twice]])

    roots = _roots(lambda t: l.gradient(t[..., None])[..., 0], starts, ends, width)
    # At a jump or a pole f' changes sign without becoming small: those are not roots.
    genuine = np.abs(l.gradient(roots[:, None])[:, 0]) <= 1e-6 * size
    found = np.concatenate([roots[genuine], turns[touching], x[zero & ~flat]])
    found = np.unique(found[np.isfinite(l.value(found[:, None]))])
    if found.size:
        found = found[np.concatenate([[True], np.diff(found) > 1e-12 * width])]
    kept = found[:MOST_POINTS, None]
    hessians = l.hessian(kept)
    offset = 2.0 * (x[1] - x[0])
    around = np.nanmax(np.abs(l.hessian(np.stack([kept - offset, kept + offset]))), axis=(0, 2, 3), initial=0.0)
    candidates = len(starts) + int(np.sum(turning)) + int(np.sum(zero & ~flat))
    return StationaryPoints(
        points=kept,
        kinds=_kinds(hessians[:, :, 0], around),
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


def _roots(f: Callable[[Array], Array], low: Array, high: Array, width: float) -> Array:
    """Solve f = 0 in brackets (n,) by Chandrupatla's method."""
    if not low.size:
        return np.empty(0)
    solved = elementwise.find_root(
        f, (low, high), tolerances={"xatol": 1e-16 * width, "xrtol": 1e-15, "fatol": 0.0, "frtol": 0.0}, maxiter=200
    )
    return np.asarray(solved.x)


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
    widths = [high - low for low, high in l.domain]
    cells = [
        min(math.ceil((high - low) / width * CELLS_2D), MOST_CELLS)
        for (low, high), width in zip(window, widths, strict=True)
    ]
    axes = [np.linspace(low, high, n + 1) for (low, high), n in zip(window, cells, strict=True)]
    spacing = np.array([axis[1] - axis[0] for axis in axes])
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    g, hessian = l.gradient_and_hessian(nodes)
    seeds, flat = _seeds(nodes, g, hessian, float(np.hypot(*spacing)))
    skipped = max(0, len(seeds) - _MOST_SEEDS)
    seeds = seeds[:_MOST_SEEDS]
    width = min(widths)
    x, converged, undecided = _damped_newton(l, seeds, spacing, width)
    inside = np.all([(x[:, i] >= lo) & (x[:, i] <= hi) for i, (lo, hi) in enumerate(window)], axis=0)
    x = x[converged & inside]
    x = x[np.isfinite(l.value(x))]
    x = _merged(l, x, 1e-7 * width)
    hessians = l.hessian(x)
    eigenvalues = np.linalg.eigvalsh(hessians)
    kinds = _kinds(eigenvalues, _hessian_around(l, x, 2.0 * spacing))
    curves, isolated = _curves(l, x, kinds, hessians, spacing)
    x, kinds, hessians = x[isolated], kinds[isolated], hessians[isolated]
    return StationaryPoints(
        points=x[:MOST_POINTS],
        kinds=kinds[:MOST_POINTS],
        hessians=hessians[:MOST_POINTS],
        curves=curves,
        window=window,
        spacing=(float(spacing[0]), float(spacing[1])),
        candidates=len(seeds) + skipped,
        unconverged=int(np.sum(undecided)) + skipped,
        undefined=1.0 - float(np.mean(np.isfinite(g).all(axis=-1))),
        flat=float(np.mean(flat)),
        left_out=max(0, len(x) - MOST_POINTS),
    )


def _corners(mask: np.ndarray) -> tuple[np.ndarray, ...]:
    return mask[:-1, :-1], mask[1:, :-1], mask[:-1, 1:], mask[1:, 1:]


def _seeds(nodes: Array, g: Array, hessian: Array, cell: float) -> tuple[Array, np.ndarray]:
    """Choose where to start Newton, and mask the nodes at which the gradient rounds to zero.

    A cell qualifies when both components change sign in it. A root within reach of a node makes |g| <= |H| times
    the distance there, so that away from such cells every node with |g|/|H| below a cell's diagonal qualifies
    that has the smallest of these among its neighbours in some direction: across a curve of roots, say.
    """
    finite = np.asarray(np.isfinite(g).all(axis=-1) & np.isfinite(hessian).all(axis=(-2, -1)))
    size = np.where(finite, np.hypot(g[..., 0], g[..., 1]), np.inf)
    flat_node = np.asarray(size <= _NOTHING * np.max(size, where=finite, initial=0.0))
    flat_cell = np.logical_and.reduce(_corners(flat_node))
    usable = np.logical_and.reduce(_corners(finite))
    for i in range(2):
        usable &= np.logical_or.reduce(_corners(g[..., i] >= 0.0))
        usable &= np.logical_or.reduce(_corners(g[..., i] <= 0.0))
    flat, taken = np.zeros_like(finite), np.zeros_like(finite)
    for flat_part, taken_part in zip(_corners(flat), _corners(taken), strict=True):
        flat_part |= flat_cell
        taken_part |= usable
    usable &= ~np.logical_or.reduce(_corners(flat))
    centres = 0.25 * sum(_corners(nodes), start=np.zeros(2))

    curvature = np.maximum(np.abs(hessian[..., 0, 0]), np.abs(hessian[..., 1, 1])) + np.abs(hessian[..., 0, 1])
    distance = np.where(finite & ~flat, size / np.maximum(curvature, 1e-300), np.inf)
    middle = distance[1:-1, 1:-1]
    lowest = np.zeros(middle.shape, dtype=bool)
    n, m = distance.shape
    for i, j in ((0, 1), (1, 0), (1, 1), (1, -1)):
        ahead = distance[1 + i : n - 1 + i, 1 + j : m - 1 + j]
        behind = distance[1 - i : n - 1 - i, 1 - j : m - 1 - j]
        lowest |= (middle <= ahead) & (middle <= behind)
    lowest &= (middle <= cell) & ~taken[1:-1, 1:-1]
    return np.concatenate([centres[usable], nodes[1:-1, 1:-1][lowest]]), flat


def _damped_newton(l: Landscape, seeds: Array, spacing: Array, width: float) -> tuple[Array, np.ndarray, np.ndarray]:
    """Solve g = 0 from every seed at once by Levenberg-Marquardt steps in the Hessian's eigenbasis.

    Returns where they ended (n, 2), which of them at a root (n,), and which were left undecided (n,): the others
    left the seed's neighbourhood or ended at a minimum of |g| that is not zero.

    The damping |g|^2/width^2 vanishes with the gradient, so that the iteration converges quadratically to isolated
    roots and to curves of roots alike (Yamashita and Fukushima 2001).
    """
    x = seeds.copy()
    reach = 3.0 * float(spacing.max())
    last = np.full(len(x), np.inf)
    undecided = np.zeros(len(x), dtype=bool)
    active = np.arange(len(x))
    for _ in range(_STEPS):
        if not active.size:
            break
        g, hessian = l.gradient_and_hessian(x[active])
        size = np.maximum(np.abs(hessian).max(axis=(1, 2)), np.hypot(g[:, 0], g[:, 1]) / reach)
        step, error = _step(g / size[:, None], hessian / size[:, None, None], width)
        step *= np.minimum(1.0, reach / np.hypot(step[:, 0], step[:, 1]))[:, None]
        exact = (g == 0.0).all(axis=-1)
        step[exact], error[exact] = 0.0, 0.0
        undecided[active] = np.isnan(error)
        x[active] += step
        error = np.where(np.isnan(error), np.inf, error)
        settled = error >= 0.99 * last[active]
        last[active] = error
        left = np.abs(x[active] - seeds[active]).max(axis=-1) > 2.0 * reach
        last[active[left]] = np.inf
        # A step that dies out far from a root has come to a minimum of |g| that is not zero.
        dead = np.hypot(step[:, 0], step[:, 1]) <= 1e-15 * width
        active = active[~(left | dead | np.isinf(error) | (settled & (error <= _CONVERGED * width)))]
    undecided[active] |= last[active] > _CONVERGED * width
    return x, last <= _CONVERGED * width, undecided


def _step(g: Array, hessian: Array, length: float) -> tuple[Array, Array]:
    """Damped Newton steps (n, 2), and how far away (n,) the root is by the undamped ones."""
    a, b, c = hessian[:, 0, 0], hessian[:, 0, 1], hessian[:, 1, 1]
    mean, half = 0.5 * (a + c), 0.5 * (a - c)
    radius = np.hypot(half, b)
    angle = 0.5 * np.arctan2(b, half)
    cos, sin = np.cos(angle), np.sin(angle)
    high, low = mean + radius, mean - radius
    along_high, along_low = cos * g[:, 0] + sin * g[:, 1], cos * g[:, 1] - sin * g[:, 0]
    damping = (g[:, 0] ** 2 + g[:, 1] ** 2) / length**2
    s_high = -high * along_high / np.maximum(high * high + damping, 1e-300)
    s_low = -low * along_low / np.maximum(low * low + damping, 1e-300)
    step = np.stack([cos * s_high - sin * s_low, sin * s_high + cos * s_low], axis=-1)
    largest = np.maximum(np.abs(high), np.abs(low))
    residual = np.hypot(g[:, 0], g[:, 1]) / largest
    newton = [
        np.where(np.abs(e) > _DEGENERATE * largest, np.abs(d / e), 0.0)
        for e, d in ((high, along_high), (low, along_low))
    ]
    return step, np.maximum(np.maximum(newton[0], newton[1]), residual)


def _groups(x: Array, radius: float) -> np.ndarray:
    """Label the connected groups of points that are closer than `radius`."""
    pairs = KDTree(x).query_pairs(radius, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(x), len(x)))
    return np.asarray(connected_components(graph, directed=False)[1])


def _merged(l: Landscape, x: Array, radius: float) -> Array:
    """Keep of every group of coinciding roots the one with the smallest gradient, ordered by x, then y."""
    if not len(x):
        return x
    group = _groups(x, radius)
    best = np.lexsort([np.linalg.norm(l.gradient(x), axis=-1), group])
    x = x[best[np.concatenate([[True], np.diff(group[best]) > 0])]]
    return x[np.lexsort([x[:, 1], x[:, 0]])]


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
    cell = float(spacing.max())
    group = _groups(x[candidates], 3.5 * cell)
    curves = []
    for label in range(group.max() + 1):
        members = candidates[group == label]
        extent = np.ptp(x[members] / spacing, axis=0).max()
        if extent <= 4.0:
            size = np.linalg.norm(l.gradient(x[members]), axis=-1)
            isolated[members[np.argmin(size)]] = True
            continue
        _, first = np.unique(np.floor(x[members] / spacing).astype(np.int64), axis=0, return_index=True)
        members = members[first]
        trace = np.trace(hessians[members], axis1=1, axis2=2)
        for order, closed in chains(x[members], 3.5 * cell):
            across = trace[order]
            across = across[np.abs(across) > _DEGENERATE * np.abs(across).max(initial=0.0)]
            kind = "degenerate"
            if across.size and ((across > 0).all() or (across < 0).all()):
                kind = "minimizer" if across[0] > 0 else "maximizer"
            curves.append(StationaryCurve(x[members[order]], kind, closed))
    return tuple(curves), isolated
