"""Isolated and non-isolated roots of the gradient in two variables: from a grid, by damped Newton steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Domain, Landscape

from .chains import groups

Mask = npt.NDArray[np.bool_]

CELLS_2D: Final = 200  # grid cells over the window along each axis; features narrower than two may be missed
MOST_CELLS: Final = 400  # along an axis of the widened window
NOTHING: Final = 1e-140  # a gradient below this share of the largest one, or of 1, cannot be squared: it is zero
_CHUNK: Final = 8192  # nodes at which f is looked at together
MOST_SEEDS: Final = 40_000  # places from which a root is sought
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


def cells(domain: Domain, window: Domain) -> list[int]:
    """Count the cells of the search's grid along each axis of a window that contains the domain."""
    shares = [(b - a) / (high - low) for (low, high), (a, b) in zip(domain, window, strict=True)]
    return [min(math.ceil(share * CELLS_2D), MOST_CELLS) for share in shares]


def roots(l: Landscape, window: Domain) -> Roots:
    """Find where the gradient vanishes in a window that contains the domain."""
    x_axis, y_axis = (np.linspace(*pair, n + 1) for pair, n in zip(window, cells(l.domain, window), strict=True))
    spacing = np.array([x_axis[1] - x_axis[0], y_axis[1] - y_axis[0]])
    seen = _Nodes.of(l, x_axis, y_axis)
    seeds, flat = _seeds(x_axis, y_axis, seen, float(np.hypot(*spacing)))
    skipped = max(0, len(seeds) - MOST_SEEDS)
    width = min(high - low for low, high in l.domain)
    x, converged, undecided = _damped_newton(l, seeds[:MOST_SEEDS], spacing, width)
    _step_beside_gaps(l, x, converged, undecided, 1e-7 * spacing, width)
    inside = np.all([(x[:, i] >= lo) & (x[:, i] <= hi) for i, (lo, hi) in enumerate(window)], axis=0)
    x = x[converged & inside]
    x = _merged(l, x[np.isfinite(l.value(x))], 1e-7 * width)
    return Roots(
        points=x[continuous(l, x, spacing, width)],
        spacing=spacing,
        candidates=len(seeds),
        unconverged=int(np.sum(undecided)) + skipped,
        undefined=1.0 - float(np.mean(seen.sloped)),
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


@dataclass(frozen=True)
class _Nodes:
    """What there is at the nodes of a grid, all of shape (n, m)."""

    sloped: Mask  # the gradient is finite
    finite: Mask  # so is the Hessian
    size: Array  # |g|
    bend: Array  # an upper bound of |H|
    signs: list[Mask]  # g_x >= 0, g_x <= 0, g_y >= 0, g_y <= 0

    @staticmethod
    def of(l: Landscape, x: Array, y: Array) -> _Nodes:
        """Look at the nodes, some rows at a time: what is larger falls out of the cache."""
        n, m = len(x), len(y)
        size, bend = np.empty((n, m)), np.empty((n, m))
        sloped, finite, *signs = (np.empty((n, m), dtype=bool) for _ in range(6))
        step = max(1, _CHUNK // m)
        for first in range(0, n, step):
            rows = slice(first, min(n, first + step))
            points = np.stack([np.repeat(x[rows], m), np.tile(y, rows.stop - first)]).T  # column by column
            g, hessian = l.gradient_and_hessian(points)
            (g_x, g_y), shape = g.T, (-1, m)
            h_xx, h_xy, h_yy = np.abs(hessian[:, 0, 0]), np.abs(hessian[:, 0, 1]), np.abs(hessian[:, 1, 1])
            known = np.isfinite(g_x) & np.isfinite(g_y)
            sloped[rows] = known.reshape(shape)
            finite[rows] = (known & np.isfinite(h_xx) & np.isfinite(h_xy) & np.isfinite(h_yy)).reshape(shape)
            size[rows] = np.hypot(g_x, g_y).reshape(shape)
            bend[rows] = (np.maximum(h_xx, h_yy) + h_xy).reshape(shape)
            for mask, values in zip(signs, (g_x >= 0.0, g_x <= 0.0, g_y >= 0.0, g_y <= 0.0), strict=True):
                mask[rows] = values.reshape(shape)
        return _Nodes(sloped, finite, np.where(finite, size, np.inf), bend, signs)


def _any(mask: Mask) -> Mask:
    """Mask the cells (n - 1, m - 1) with a corner in the mask (n, m) of nodes."""
    beside = mask[:-1] | mask[1:]
    return np.asarray(beside[:, :-1] | beside[:, 1:])


def _around(cells: Mask) -> Mask:
    """Mask the nodes (n + 1, m + 1) that are a corner of one of the cells (n, m)."""
    return _any(np.pad(cells, 1))


def _seeds(x: Array, y: Array, seen: _Nodes, cell: float) -> tuple[Array, Mask]:
    """Choose where to start Newton, and mask the nodes at which the gradient rounds to zero.

    A cell qualifies when both components change sign in it. A root within reach of a node makes |g| <= |H| times
    the distance there, so that away from such cells every node with |g|/|H| below a cell's diagonal qualifies
    that has the smallest of these among its neighbours in some direction: across a curve of roots, say.
    """
    finite, size = seen.finite, seen.size
    largest = float(np.max(size, where=finite, initial=0.0))
    flat_node = size <= NOTHING * min(1.0, largest)
    usable = ~_any(~finite)
    for mask in seen.signs:
        usable &= _any(mask)
    flat, taken = _around(~_any(~flat_node)), _around(usable)
    usable &= ~_any(flat)
    i, j = np.nonzero(usable)
    centres = 0.25 * np.stack([x[i] + x[i + 1] + x[i] + x[i + 1], y[j] + y[j] + y[j + 1] + y[j + 1]], axis=-1)

    distance = np.where(finite & ~flat, size / np.maximum(seen.bend, 1e-300), np.inf)
    # Few nodes are so close to a root; only these are held beside their neighbours.
    i, j = np.nonzero((distance[1:-1, 1:-1] <= cell) & ~taken[1:-1, 1:-1])
    i, j = i + 1, j + 1
    middle, lowest = distance[i, j], np.zeros(len(i), dtype=bool)
    for di, dj in ((0, 1), (1, 0), (1, 1), (1, -1)):
        lowest |= (middle <= distance[i + di, j + dj]) & (middle <= distance[i - di, j - dj])
    return np.concatenate([centres, np.stack([x[i], y[j]], axis=-1)[lowest]]), flat


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
