"""Level lines in polar coordinates around targets: where the gradient points to or away from a target, at any distance.

At x = z - rho e, with e = (cos theta, sin theta) and t = (-sin theta, cos theta), the gradient lies on the line through
x and z exactly if tau(rho, theta) = g(x).t/rho vanishes. (The division lets tau go on smoothly to rho = 0, where it is
-t.H(z)e.) The zero lines of tau on a grid are found by contourpy and put onto the exact zeros, which lie on the same
edges of the grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import contourpy
import numpy as np
import numpy.typing as npt
from scipy.optimize import elementwise
from scipy.special import expit

from landscapes.landscape import Array, Landscape

Indices = npt.NDArray[np.int64]

ROW: Final = 1.0 / 120.0  # rows of the grid are this share of the window's width apart
ARC: Final = 1.0 / 200.0  # and its columns, on the largest circle
_FEWEST, _MOST = (12, 96), (240, 1600)  # rows and columns
_FIRST: Final = 0.02  # the first radius, in rows: nearer to a target tau may be made of rounding
_CROWD, _FACTOR = 12, 3.0  # about so many rows are close to the target, by a factor of exp(1/3) from one to the next
_NODES: Final = 800_000  # of the grids of one batch of targets
_VANISHING: Final = 1e-9  # along a whole arc, a slope below this share of the one inwards counts as zero
_RAYS: Final = 24  # that stand for the circles of a target around which f is round
_STEPS: Final = 5  # of Newton's method on a vertex
_SHARP: Final = 1e-8  # its last step, in cells, that leaves an error of about the square


@dataclass(frozen=True)
class Slopes:
    """What there is at points in polar coordinates around their targets."""

    x: Array  # (n, 2)
    tau: Array  # (n,) slope across the radius, over rho
    inward: Array  # (n,) slope towards the target, over rho
    by_theta: Array  # (n,) derivatives of tau
    by_rho: Array  # (n,)
    bend: Array  # (n,) t.H(x)t
    hessian: Array  # (n, 2, 2)


def slopes(l: Landscape, targets: Array, rho: Array, theta: Array) -> Slopes:
    """Evaluate tau and its derivatives at radii (n,) > 0 and angles (n,) around targets (n, 2)."""
    c, s = np.cos(theta), np.sin(theta)
    x = targets - rho[..., None] * np.stack([c, s], axis=-1)
    g, h = l.gradient_and_hessian(x)
    a, b, d = h[..., 0, 0], h[..., 0, 1], h[..., 1, 1]
    tau = (g[..., 1] * c - g[..., 0] * s) / rho
    inward = (g[..., 0] * c + g[..., 1] * s) / rho
    across = a * s * s - 2.0 * b * s * c + d * c * c  # t.Ht
    mixed = (d - a) * s * c + b * (c * c - s * s)  # e.Ht
    return Slopes(x, tau, inward, -across - inward, (-mixed - tau) / rho, across, h)


@dataclass(frozen=True)
class Grid:
    """A grid over distance and angle; positions on it are counted in cells: (column, row)."""

    row: float  # distance of rows far out
    rows: int
    column: float  # angle between columns
    columns: int

    @staticmethod
    def of(l: Landscape, rho_max: float) -> Grid:
        """Make the grid for all radii up to rho_max; its last row lies beyond."""
        width = min(high - low for low, high in l.domain)
        rows = _CROWD + int(np.clip(math.ceil(rho_max / (ROW * width)), _FEWEST[0], _MOST[0]))
        columns = int(np.clip(math.ceil(2.0 * math.pi * rho_max / (ARC * width)), _FEWEST[1], _MOST[1]))
        last = rows - 0.618  # lines and crossings like to lie at simple radii: no row does
        return Grid(rho_max / float(_radius(np.array(last))), rows + 1, 2.0 * math.pi / columns, columns)

    def rho(self, k: Array) -> Array:
        """Radii at rows (n,): evenly spaced far out, by a constant factor near the target, where lines part."""
        return self.row * _radius(k)

    def spacing(self, k: Array) -> Array:
        """Derivative of the radii by the row."""
        return self.row * np.asarray(expit((k - _CROWD) / _FACTOR))

    @property
    def target(self) -> float:
        """The row, a little before the first one, at which rho is 0."""
        return _CROWD + _FACTOR * math.log(math.expm1(_softplus(-_CROWD / _FACTOR) - _FIRST / _FACTOR))

    def theta(self, j: Array) -> Array:
        """Angles at columns (n,); axes and diagonals, on which symmetric lines lie, are none of them."""
        return (j + 0.381966) * self.column

    def slopes(self, l: Landscape, targets: Array, at: Array) -> Slopes:
        """Evaluate at positions (n, 2); derivatives are by the polar coordinates."""
        return slopes(l, targets, self.rho(at[:, 1]), self.theta(at[:, 0]))

    def steepness(self, s: Slopes, at: Array) -> Array:
        """Gradient (n, 2) of tau by position on the grid, at positions (n, 2)."""
        return np.stack([s.by_theta * self.column, s.by_rho * self.spacing(at[:, 1])], axis=-1)


def steepness(l: Landscape, grid: Grid, targets: Array, at: Array) -> Array:
    """Evaluate the gradient (n, 2) of tau by position on the grid, at positions (n, 2) around targets (n, 2)."""
    return grid.steepness(grid.slopes(l, targets, at), at)


def _radius(k: Array) -> Array:
    return np.asarray(_FIRST + _FACTOR * (np.logaddexp(0.0, (k - _CROWD) / _FACTOR) - _softplus(-_CROWD / _FACTOR)))


def _softplus(t: float) -> float:
    return math.log1p(math.exp(t))


@dataclass(frozen=True)
class Lines:
    """Lines along which the gradient points to or away from a target, one after the other."""

    at: Array  # (m, 2) positions on the grid
    line: Indices  # (m,) the line of each vertex
    target: Indices  # (m,) the target of each
    ray: npt.NDArray[np.bool_]  # (m,) f is round about the target; the line stands for its neighbours too


def level_lines(l: Landscape, targets: Array, grid: Grid) -> Iterator[Lines]:
    """Yield the lines around targets (n, 2) in the domain, a batch of targets at a time; they reach a little beyond."""
    block = max(1, _NODES // (grid.rows * grid.columns))
    for start in range(0, len(targets), block):
        z = targets[start : start + block]
        tau, inward = _sampled(l, z, grid)
        rays = _take_rays(tau, inward)
        found = [_contoured(tau[i]) for i in range(len(z))]
        at = np.concatenate([np.empty((0, 2)), *(points for points, _ in found), *(points for points, _ in rays)])
        lengths = [np.diff(offsets) for _, offsets in found] + [np.array([len(points)]) for points, _ in rays]
        owner = [np.full(len(offsets) - 1, i) for i, (_, offsets) in enumerate(found)]
        owner += [np.array([i]) for _, i in rays]
        length = np.concatenate([np.empty(0, dtype=np.int64), *lengths]).astype(np.int64)
        target = np.repeat(np.concatenate([np.empty(0, dtype=np.int64), *owner]).astype(np.int64), length)
        ray = np.arange(len(at)) >= len(at) - sum(len(points) for points, _ in rays)
        at = _polished(l, grid, z[target], at, ~ray)
        yield Lines(at, np.repeat(np.arange(len(length)), length), target + start, ray)


def _sampled(l: Landscape, z: Array, grid: Grid) -> tuple[Array, Array]:
    """Sample tau and the slope inwards (n, rows, columns + 1) at the nodes of cells that meet the domain, or NaN."""
    theta = grid.theta(np.arange(grid.columns, dtype=np.float64))
    rho = grid.rho(np.arange(grid.rows, dtype=np.float64))
    e = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    shape = (len(z), grid.rows, grid.columns)
    between = grid.spacing(np.arange(grid.rows) + 0.5)
    slack = np.hypot(between, rho * grid.column)[:, None]  # from any point of a cell to its farthest node
    near = np.ones(shape, dtype=bool)
    places = []
    for axis, (low, high) in enumerate(l.domain):
        x = z[:, axis, None, None] - rho[:, None] * e[:, axis]
        near &= (x >= low - slack) & (x <= high + slack)
        places.append(x)
    g = l.gradient(np.stack([x[near] for x in places], axis=-1))
    c, s, r = (np.broadcast_to(v, shape)[near] for v in (e[:, 0], e[:, 1], rho[:, None]))
    tau, inward = np.full(shape, np.nan), np.full(shape, np.nan)
    tau[near] = (g[:, 1] * c - g[:, 0] * s) / r
    inward[near] = (g[:, 0] * c + g[:, 1] * s) / r
    return np.concatenate([tau, tau[..., :1]], axis=-1), np.concatenate([inward, inward[..., :1]], axis=-1)


def _take_rays(tau: Array, inward: Array) -> list[tuple[Array, int]]:
    """Blank out where tau vanishes along arcs, and return radial lines that stand for them, with their targets."""
    zero = np.abs(tau) <= _VANISHING * np.abs(inward)
    middle = zero & np.roll(zero, 1, axis=2) & np.roll(zero, -1, axis=2)
    if not middle.any():
        return []
    whole = middle | np.roll(middle, 1, axis=2) | np.roll(middle, -1, axis=2)
    tau[whole] = np.nan
    rays: list[tuple[Array, int]] = []
    for i in np.flatnonzero(middle.any(axis=(1, 2))).tolist():
        for j in np.linspace(0, tau.shape[2] - 1, _RAYS, endpoint=False).astype(int).tolist():
            edges = np.diff(np.concatenate([[0], whole[i, :, j].astype(int), [0]]))
            for first, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
                if stop - first >= 2:
                    k = np.arange(first, stop, dtype=np.float64)
                    rays.append((np.stack([np.full_like(k, j), k], axis=-1), i))
    return rays


def _contoured(tau: Array) -> tuple[Array, Indices]:
    """Draw the zero lines of tau (rows, columns + 1): vertices (m, 2) on the grid's edges, and the lines' offsets."""
    generator = contourpy.contour_generator(
        z=np.ma.masked_invalid(tau), name="serial", corner_mask=False, line_type=contourpy.LineType.ChunkCombinedOffset
    )
    chunks: Any = generator.lines(0.0)
    (points,), (offsets,) = chunks
    if points is None:
        return np.empty((0, 2)), np.zeros(1, dtype=np.int64)
    nodes = np.round(points)  # one of the coordinates is that of the edge, up to rounding
    exact = np.abs(points - nodes) <= 1e-12 * max(tau.shape)
    return np.where(exact, nodes, points), offsets.astype(np.int64)


def _polished(l: Landscape, grid: Grid, z: Array, at: Array, wanted: npt.NDArray[np.bool_]) -> Array:
    """Move vertices (m, 2) along their edges to the exact zeros of tau."""
    at = at.copy()
    chosen = np.flatnonzero(wanted & (at != np.floor(at)).any(axis=-1))
    axis = np.where(at[chosen, 1] == np.floor(at[chosen, 1]), 0, 1)
    step = np.eye(2)[axis]
    low, t = np.floor(at[chosen]), (at[chosen] - np.floor(at[chosen])).sum(axis=-1)
    z = z[chosen]
    left = np.arange(len(chosen))
    for _ in range(_STEPS):
        place = low[left] + t[left, None] * step[left]
        s = grid.slopes(l, z[left], place)
        along = (grid.steepness(s, place) * step[left]).sum(axis=-1)
        with np.errstate(all="ignore"):
            change = s.tau / along
        t[left] = np.clip(t[left] - change, 0.0, 1.0)
        left = left[~(np.abs(change) <= _SHARP)]
        if not left.size:
            break
    if left.size:  # a bracket that Newton's method leaves

        def edge(t: Array, i: Array) -> Array:
            which = left[i.astype(np.int64)]
            return grid.slopes(l, z[which], low[which] + t[:, None] * step[which]).tau

        t[left] = root_between(edge, np.zeros(len(left)), np.ones(len(left)), t[left])
    at[chosen] = low + t[:, None] * step
    return at


def root_between(f: Callable[[Array, Array], Array], low: Array, high: Array, otherwise: Array) -> Array:
    """Solve f(t, i) = 0 for the brackets i = 0, 1, ... by Chandrupatla's method; `otherwise` where no sign changes."""
    if not low.size:
        return low
    solved = elementwise.find_root(
        f,
        (low, high),
        args=(np.arange(len(low), dtype=np.float64),),
        tolerances={"xatol": 1e-13, "xrtol": 1e-13, "fatol": 0.0, "frtol": 0.0},
        maxiter=80,
    )
    return np.where(solved.success & np.isfinite(solved.x), solved.x, otherwise)
