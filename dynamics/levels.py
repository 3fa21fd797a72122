"""Level lines in polar coordinates around targets: where the gradient points to or away from a target, at any distance.

At x = z - rho e, with e = (cos theta, sin theta) and t = (-sin theta, cos theta), the gradient lies on the line through
x and z exactly if tau(rho, theta) = g(x).t/rho vanishes. (The division lets tau go on smoothly to rho = 0, where it is
-t.H(z)e.) The zero lines of tau on a grid are found by contourpy and put onto the exact zeros, which lie on the same
edges of the grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import contourpy
import numpy as np
import numpy.typing as npt
from scipy.special import expit

from landscapes.landscape import Array, Landscape

from .brackets import root_between
from .circles import rounding

Indices = npt.NDArray[np.int64]

ROW: Final = 1.0 / 120.0  # rows of the grid are this share of the window's width apart
ARC: Final = 1.0 / 200.0  # and its columns, on the largest circle
_FEWEST, _MOST = (12, 96), (240, 1600)  # rows and columns
_FIRST: Final = 0.02  # the first radius, in rows: nearer to a target tau may be made of rounding
CROWD, _FACTOR = 12, 3.0  # about so many rows are close to the target, by a factor of exp(1/3) from one to the next
_NODES: Final = 800_000  # of the grids of one batch of targets
_VERTICES: Final = 50_000  # of the lines of one batch, but for its last target
_CHUNK: Final = 8192  # of these, at which f is looked at together; what is larger falls out of the cache
_VANISHING: Final = 1e-9  # along a whole arc, a slope below this share of the one inwards counts as zero
_RAYS: Final = 24  # that stand for the circles of a target around which f is round
_STEPS: Final = 5  # of Newton's method on a vertex
_ASIDE: Final = 0.381966  # of a column, from angle 0 to the first one
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
        rows = CROWD + int(np.clip(math.ceil(rho_max / (ROW * width)), _FEWEST[0], _MOST[0]))
        columns = int(np.clip(math.ceil(2.0 * math.pi * rho_max / (ARC * width)), _FEWEST[1], _MOST[1]))
        last = rows - 0.618  # lines and crossings like to lie at simple radii: no row does
        return Grid(rho_max / float(_radius(np.array(last))), rows + 1, 2.0 * math.pi / columns, columns)

    def rho(self, k: Array) -> Array:
        """Radii at rows (n,): evenly spaced far out, by a constant factor near the target, where lines part."""
        return self.row * _radius(k)

    def spacing(self, k: Array) -> Array:
        """Derivative of the radii by the row."""
        return self.row * np.asarray(expit((k - CROWD) / _FACTOR))

    @property
    def target(self) -> float:
        """The row, a little before the first one, at which rho is 0."""
        return CROWD + _FACTOR * math.log(math.expm1(_softplus(-CROWD / _FACTOR) - _FIRST / _FACTOR))

    def position(self, z: Array, x: Array) -> Array:
        """Return the positions (n, 2) of points (n, 2) around targets (n, 2)."""
        e = z - x
        far = np.hypot(e[:, 0], e[:, 1]) / self.row
        k = CROWD + _FACTOR * np.log(np.expm1((far - _FIRST) / _FACTOR + _softplus(-CROWD / _FACTOR)))
        return np.stack([np.arctan2(e[:, 1], e[:, 0]) / self.column - _ASIDE, k], axis=-1)

    def theta(self, j: Array) -> Array:
        """Angles at columns (n,); axes and diagonals, on which symmetric lines lie, are none of them."""
        return (j + _ASIDE) * self.column

    def slopes(self, l: Landscape, targets: Array, at: Array) -> Slopes:
        """Evaluate at positions (n, 2); derivatives are by the polar coordinates."""
        return slopes(l, targets, self.rho(at[:, 1]), self.theta(at[:, 0]))

    def steepness(self, s: Slopes, at: Array) -> Array:
        """Gradient (n, 2) of tau by position on the grid, at positions (n, 2)."""
        return np.stack([s.by_theta * self.column, s.by_rho * self.spacing(at[:, 1])], axis=-1)

    def curvature(self, l: Landscape, targets: Array, at: Array, h: float) -> tuple[Array, Array, Array]:
        """Return tau (n,), its gradient (n, 2) and its Hessian (n, 2, 2) by position, from differences over h cells."""
        beside = h * np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        around = (at + beside[:, None]).reshape(-1, 2)
        s = self.slopes(l, np.tile(targets, (5, 1)), around)
        rise = self.steepness(s, around).reshape(5, -1, 2)
        return s.tau[: len(at)], rise[0], np.stack([rise[1] - rise[2], rise[3] - rise[4]], axis=-1) / (2.0 * h)


def _radius(k: Array) -> Array:
    return np.asarray(_FIRST + _FACTOR * (np.logaddexp(0.0, (k - CROWD) / _FACTOR) - _softplus(-CROWD / _FACTOR)))


def _softplus(t: float) -> float:
    return math.log1p(math.exp(t))


def room(l: Landscape, x: Array) -> Array:
    """Distance (n,) of points (n, 2) from the window's edge; negative outside."""
    low, high = np.array(l.domain).T
    return np.asarray(np.minimum(x - low, high - x).min(axis=-1)) + 1e-13 * l.diagonal


@dataclass(frozen=True)
class Lines:
    """Lines along which the gradient points to or away from a target, one after the other."""

    at: Array  # (m, 2) positions on the grid
    line: Indices  # (m,) the line of each vertex
    target: Indices  # (m,) the target of each
    ray: npt.NDArray[np.bool_]  # (m,) f is round about the target; the line stands for its neighbours too
    batch: range  # the targets around which they were sought


def level_lines(l: Landscape, targets: Array, grid: Grid) -> Iterator[Lines]:
    """Yield the lines around targets (n, 2) in the domain, a batch of targets at a time; they reach a little beyond."""
    block = max(1, _NODES // (grid.rows * grid.columns))
    nodes = _Nodes(grid)
    start, stop = 0, 0
    while stop < len(targets):
        start, vertices = stop, 0
        found: list[tuple[Array, Indices]] = []
        rays: list[tuple[Array, int]] = []
        while stop < min(start + block, len(targets)) and vertices < _VERTICES:
            nodes.sample(l, targets[stop])
            rays += [(points, stop - start) for points in nodes.take_rays()]
            found.append(nodes.contour())
            vertices += len(found[-1][0])
            stop += 1
        z = targets[start:stop]
        at = np.concatenate([np.empty((0, 2)), *(points for points, _ in found), *(points for points, _ in rays)])
        lengths = [np.diff(offsets) for _, offsets in found] + [np.array([len(points)]) for points, _ in rays]
        owner = [np.full(len(offsets) - 1, i) for i, (_, offsets) in enumerate(found)]
        owner += [np.array([i]) for _, i in rays]
        length = np.concatenate([np.empty(0, dtype=np.int64), *lengths]).astype(np.int64)
        target = np.repeat(np.concatenate([np.empty(0, dtype=np.int64), *owner]).astype(np.int64), length)
        ray = np.arange(len(at)) >= len(at) - sum(len(points) for points, _ in rays)
        at = _polished(l, grid, z[target], at, ~ray)
        yield Lines(at, np.repeat(np.arange(len(length)), length), target + start, ray, range(start, start + len(z)))


class _Nodes:
    """The nodes of a grid around one target after another, in the same memory: new memory costs more than the sums."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        theta = grid.theta(np.arange(grid.columns, dtype=np.float64))
        cos, sin = np.cos(theta), np.sin(theta)
        self._cos, self._sin = np.append(cos, cos[0]), np.append(sin, sin[0])  # the last column is the first one again
        rows = np.arange(grid.rows)
        self._rho = grid.rho(rows.astype(np.float64))[:, None]
        between = grid.spacing(rows + 0.5)[:, None]
        self._slack = np.hypot(between, self._rho * grid.column)  # from any point of a cell to its farthest node
        shape = grid.rows, grid.columns + 1
        self._column, self._row = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in shape[::-1]))
        self._tau, self._zero, self._unknown = np.empty(shape), np.empty(shape, dtype=bool), np.empty(shape, dtype=bool)

    def sample(self, l: Landscape, z: Array) -> None:
        """Sample tau at the nodes of cells that meet the domain, elsewhere NaN; and where it all but vanishes."""
        (x_low, x_high), (y_low, y_high) = l.domain
        step = max(1, _CHUNK // len(self._cos))
        for first in range(0, self._grid.rows, step):
            rows = slice(first, first + step)
            rho, slack = self._rho[rows], self._slack[rows]
            x, y = z[0] - rho * self._cos, z[1] - rho * self._sin
            near = (x >= x_low - slack) & (x <= x_high + slack) & (y >= y_low - slack) & (y <= y_high + slack)
            g_x, g_y = np.full((2, *near.shape), np.nan)
            g_x[near], g_y[near] = l.gradient(np.stack([x[near], y[near]]).T).T
            tau = (g_y * self._cos - g_x * self._sin) / rho
            inward = (g_x * self._cos + g_y * self._sin) / rho
            # Where f is almost round about a target, tau is small there without being zero.
            few = np.where(np.arange(rows.start, rows.start + len(rho))[:, None] < CROWD, rounding(z, rho), _VANISHING)
            self._tau[rows] = 0.25 * tau  # the difference of two may be as large as a float
            self._zero[rows] = np.abs(tau) <= np.minimum(few, _VANISHING) * np.abs(inward)

    def take_rays(self) -> list[Array]:
        """Blank out where tau vanishes along arcs, and return radial lines (m, 2) that stand for them."""
        zero = self._zero
        if not zero.any():
            return []
        middle = zero & np.roll(zero, 1, axis=1) & np.roll(zero, -1, axis=1)
        if not middle.any():
            return []
        whole = middle | np.roll(middle, 1, axis=1) | np.roll(middle, -1, axis=1)
        known = np.isfinite(self._tau)
        self._tau[whole] = np.nan
        rays: list[Array] = []
        for j in np.linspace(0, whole.shape[1] - 1, _RAYS, endpoint=False).astype(int).tolist():
            edges = np.diff(np.concatenate([[0], whole[:, j].astype(int), [0]]))
            for first, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
                drowned = first == 0 and stop <= CROWD and known[stop, j]  # further out tau is not zero
                if stop - first >= 2 and not drowned:
                    k = np.arange(first, stop, dtype=np.float64)
                    rays.append(np.stack([np.full_like(k, j), k], axis=-1))
        return rays

    def contour(self) -> tuple[Array, Indices]:
        """Draw the zero lines of tau: vertices (m, 2) on the grid's edges, and the lines' offsets."""
        np.logical_not(np.isfinite(self._tau, out=self._unknown), out=self._unknown)
        generator = contourpy.SerialContourGenerator(
            self._column, self._row, self._tau, self._unknown, corner_mask=False, quad_as_tri=False,
            line_type=contourpy.LineType.ChunkCombinedOffset, fill_type=contourpy.FillType.OuterCode,
            z_interp=contourpy.ZInterp.Linear,
        )  # fmt: skip
        chunks: Any = generator.lines(0.0)
        (points,), (offsets,) = chunks
        if points is None:
            return np.empty((0, 2)), np.zeros(1, dtype=np.int64)
        nodes = np.round(points)  # one of the coordinates is that of the edge, up to rounding
        exact = np.abs(points - nodes) <= 1e-12 * max(self._tau.shape)
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
        t[left] = np.where(np.isfinite(change), np.clip(t[left] - change, 0.0, 1.0), t[left])
        left = left[~(np.abs(change) <= _SHARP)]
        if not left.size:
            break
    if left.size:  # a bracket that Newton's method leaves

        def edge(t: Array, i: Indices) -> Array:
            which = left[i]
            return grid.slopes(l, z[which], low[which] + t[:, None] * step[which]).tau

        t[left] = root_between(edge, np.zeros(len(left)), np.ones(len(left)), t[left])
    at[chosen] = low + t[:, None] * step
    return at
