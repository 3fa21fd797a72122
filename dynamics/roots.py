"""Isolated and non-isolated roots of the gradient in two variables: from a grid, by damped Newton steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from landscapes.landscape import Array, Domain, Landscape

from .chains import groups

CELLS_2D: Final = 200  # grid cells over the window along each axis; features narrower than two may be missed
MOST_CELLS: Final = 400  # along an axis of the widened window
NOTHING: Final = 1e-140  # a gradient below this share of the largest one, or of 1, cannot be squared: it is zero
_MOST_SEEDS: Final = 40_000
_STEPS: Final = 100  # damped Newton; a root of order 4 converges by a factor 2/3 a step
_CONVERGED: Final = 1e-8  # last Newton step and |g|/|H|, in window widths: well below a cell, above rounding
_SOFT: Final = 1e-6  # an eigenvalue below this share of the other one gives no Newton step to be judged by


@dataclass(frozen=True)
class Roots:
    """Roots of the gradient in a window, and the account of the search."""

    points: Array  # (n, 2) ordered by x, then y; samples of a curve where roots are not isolated
    spacing: Array  # (2,) of the grid
    candidates: int  # places on the grid from which a root was sought
    unconverged: int  # of these, the ones that led neither to a root nor away from the place
    undefined: float  # share of the grid on which the gradient is not a number
    flat: float  # share of the grid on which the gradient rounds to zero


def roots(l: Landscape, window: Domain) -> Roots:
    """Find where the gradient vanishes in a window that contains the domain."""
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
    width = min(widths)
    x, converged, undecided = _damped_newton(l, seeds[:_MOST_SEEDS], spacing, width)
    _step_beside_gaps(l, x, converged, undecided, 1e-7 * spacing, width)
    inside = np.all([(x[:, i] >= lo) & (x[:, i] <= hi) for i, (lo, hi) in enumerate(window)], axis=0)
    x = x[converged & inside]
    x = _merged(l, x[np.isfinite(l.value(x))], 1e-7 * width)
    return Roots(
        points=x[continuous(l, x, spacing, width)],
        spacing=spacing,
        candidates=len(seeds),
        unconverged=int(np.sum(undecided)) + skipped,
        undefined=1.0 - float(np.mean(np.isfinite(g).all(axis=-1))),
        flat=float(np.mean(flat)),
    )


def _step_beside_gaps(
    l: Landscape, x: Array, converged: np.ndarray, undecided: np.ndarray, offset: Array, width: float
) -> None:
    """Move roots at which f is defined and its derivatives are not to a point beside, in place.

    (To the kernel cos(sqrt(x^2 + y^2)) has no derivatives at 0, where Newton's method may end to the digit.)
    """
    g, hessian = l.gradient_and_hessian(x)
    known = np.isfinite(g).all(axis=-1) & np.isfinite(hessian).all(axis=(-2, -1))
    gap = np.flatnonzero((converged | undecided) & ~known & np.isfinite(l.value(x)))
    beside = x[gap] + offset
    g, hessian = l.gradient_and_hessian(beside)
    size = np.abs(hessian).max(axis=(1, 2))
    root = _step(g / size[:, None], hessian / size[:, None, None], width)[1] <= _CONVERGED * width
    x[gap] = np.where(root[:, None], beside, x[gap])
    converged[gap], undecided[gap] = root, ~root


def continuous(l: Landscape, x: Array, spacing: Array, width: float) -> np.ndarray:
    """Mask of the roots x (n, d) into which the gradient fades: at a kink that a point hits exactly it jumps.

    (The derivative of |x| at 0 is 0 to the kernel, and 1 as close by as one looks.)
    """
    d = x.shape[1]
    directions = np.concatenate([np.eye(d), -np.eye(d)])
    close, far = (
        np.nanmax(np.linalg.norm(l.gradient(x[:, None, :] + offset * directions), axis=-1), axis=1, initial=0.0)
        for offset in (1e-9 * width, spacing)
    )
    return np.asarray((close <= 0.1 * far) | (close == 0.0))


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
    flat_node = np.asarray(size <= NOTHING * min(1.0, np.max(size, where=finite, initial=0.0)))
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
    cell = float(spacing.max())
    reach = 3.0 * cell
    last = np.full(len(x), np.inf)
    undecided = np.zeros(len(x), dtype=bool)
    active = np.arange(len(x))
    for _ in range(_STEPS):
        if not active.size:
            break
        g, hessian = l.gradient_and_hessian(x[active])
        size = np.maximum(np.abs(hessian).max(axis=(1, 2)), np.hypot(g[:, 0], g[:, 1]) / reach)
        step, error = _step(g / size[:, None], hessian / size[:, None, None], width)
        # Longer steps would leap over the nearest root where the waves of f are a few cells long.
        step *= np.minimum(1.0, cell / np.hypot(step[:, 0], step[:, 1]))[:, None]
        exact = (g == 0.0).all(axis=-1)
        step[exact], error[exact] = 0.0, 0.0
        step[np.isnan(error)] = 0.0
        undecided[active] = np.isnan(error)
        error = np.where(np.isnan(error), np.inf, error)
        settled = (error >= 0.99 * last[active]) & (error <= _CONVERGED * width)
        x[active] += step
        last[active] = error
        left = np.abs(x[active] - seeds[active]).max(axis=-1) > 2.0 * reach
        last[active[left]] = np.inf
        # A step that dies out far from a root has come to a minimum of |g| that is not zero.
        dead = np.hypot(step[:, 0], step[:, 1]) <= 1e-15 * width
        active = active[~(left | dead | np.isinf(error) | settled)]
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
    largest = np.maximum(np.abs(high), np.abs(low))
    soft_high, soft_low = np.abs(high) <= _SOFT * largest, np.abs(low) <= _SOFT * largest
    newton_high = np.where(soft_high, 0.0, np.abs(along_high / high))
    newton_low = np.where(soft_low, 0.0, np.abs(along_low / low))
    error = np.maximum(np.maximum(newton_high, newton_low), np.hypot(g[:, 0], g[:, 1]) / largest)
    # On a curve of roots a step along it is made of rounding, and may be long.
    arrived = error <= _CONVERGED * length
    s_high, s_low = np.where(arrived & soft_high, 0.0, s_high), np.where(arrived & soft_low, 0.0, s_low)
    return np.stack([cos * s_high - sin * s_low, sin * s_high + cos * s_low], axis=-1), error


def _merged(l: Landscape, x: Array, radius: float) -> Array:
    """Keep of every group of coinciding roots the one with the smallest gradient, ordered by x, then y."""
    if not len(x):
        return x
    group = groups(x, radius)
    best = np.lexsort([np.linalg.norm(l.gradient(x), axis=-1), group])
    x = x[best[np.concatenate([[True], np.diff(group[best]) > 0])]]
    return x[np.lexsort([x[:, 1], x[:, 0]])]
