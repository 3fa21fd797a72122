"""Hallucinated points at all radii at once: the branches on which they move as rho grows.

The points that look at an isolated target z lie, for all rho together, on one curve: where g(x) points to z. In one
variable that is the line, cut where f' changes sign; in two it is the zero line of the slope across the radius (see
`dynamics.levels`). Cut at folds and crossings, every branch is a function of rho. (Geometry: THEORY 1, 2 and 4.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape

from .arcs import Arcs, arcs, joined
from .hallucination import HallucinatedPoints, judged, thinned_targets
from .levels import Grid, Indices, level_lines, slopes
from .segments import SAMPLES, segments
from .stability import limits_at_degenerate, shifted_jacobian, step_limits
from .stationary import StationaryCurve, StationaryPoints, stationary_points
from .vertices import CROSSING, ENDS, FOLD, MOST, STATIONARY, TARGET, Chords

_CURVE: Final = 200  # samples of a curve of targets, at most
MOST_SAMPLES: Final = 500_000  # of all branches; targets far from the window's middle are left out beyond
_BLOCK: Final = 50_000  # samples that are judged together
_SAME: Final = 1e-9  # points closer than this share of the diagonal are one, where branches meet


@dataclass(frozen=True)
class Branch:
    """The hallucinated points with one target, followed while rho grows."""

    rho: Array  # (m,) ascending
    points: Array  # (m, d)
    target: Array  # (d,)
    kind: str  # of the target
    eigenvalues: np.ndarray  # (m, d) complex, of M; NaN at a stationary point of f
    step_limits: Array  # (m,) eta_max; 0 where the point repels, NaN where a degenerate target leaves it open
    start: str  # why it begins: one of dynamics.vertices.ENDS
    end: str
    curve: bool  # it stands for a curve of points at every rho; then the stability is the one across the curve


@dataclass(frozen=True)
class HallucinationCurves:
    """The hallucinated points of a landscape at all radii up to rho_max; samples of all branches in flat arrays."""

    landscape: Landscape
    rho_max: float
    offsets: Indices  # (n + 1,) where in the samples each branch begins
    rho: Array  # (m,) ascending in each branch
    points: Array  # (m, d)
    eigenvalues: np.ndarray  # (m, d) complex, of M
    step_limits: Array  # (m,)
    targets: Array  # (n, d)
    kinds: np.ndarray  # (n,) the targets' kinds
    hessians: Array  # (n, d, d) at the targets
    starts: np.ndarray  # (n,) why each branch begins
    ends: np.ndarray  # (n,) and ends
    curves: npt.NDArray[np.bool_]  # (n,) branches that stand for curves of points
    rays: npt.NDArray[np.bool_]  # (n,) of these the ones whose target f is round about
    stationary: StationaryPoints  # the targets that were looked at
    grid: Grid | None  # over distance and angle, in two variables
    at: Array  # (m, 2) positions of the samples on it; (m, 0) in one variable
    left_out: int  # targets that were not looked at, those farthest from the middle of the window

    def __len__(self) -> int:
        """Count the branches."""
        return len(self.targets)

    def __getitem__(self, i: int) -> Branch:
        """Return one branch."""
        own = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return Branch(
            self.rho[own], self.points[own], self.targets[i], str(self.kinds[i]), self.eigenvalues[own],
            self.step_limits[own], str(self.starts[i]), str(self.ends[i]), bool(self.curves[i]),
        )  # fmt: skip

    def __iter__(self) -> Iterator[Branch]:
        """Go through the branches."""
        return (self[i] for i in range(len(self)))

    @property
    def branch(self) -> Indices:
        """The branch (m,) of each sample."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def lows(self) -> Array:
        """Radii (n,) at which the branches begin."""
        return self.rho[self.offsets[:-1]]

    @property
    def highs(self) -> Array:
        """Radii (n,) at which they end."""
        return self.rho[self.offsets[1:] - 1]

    def chords(self, i: Indices) -> Chords:
        """Return the chords between the samples i and the next ones, in two variables."""
        assert self.grid is not None
        branch = self.branch[i]
        return Chords(self.landscape, self.grid, self.targets[branch], self.at[i], self.at[i + 1], self.rays[branch])

    def points_at(self, rho: float) -> HallucinatedPoints:
        """Return the isolated points at one radius: where the branches are there, exactly.

        Args:
            rho: from 0 to rho_max, in the units of x.

        Raises:
            ValueError: rho is outside.
        """
        if not 0.0 <= rho <= self.rho_max:
            raise ValueError(f"rho must be from 0 to {self.rho_max}, as far as these curves go; got {rho}")
        l, own = self.landscape, self.branch
        held = (self.rho[:-1] <= rho) & (rho <= self.rho[1:]) & (own[:-1] == own[1:]) & ~self.curves[own[:-1]]
        i = np.flatnonzero(held & (rho > 0.0))
        with np.errstate(all="ignore"):
            near = self._on_lines(i, rho) if l.dim == 1 else self._on_chords(i, rho)
            n, x = _distinct(own[i], near, _SAME * l.diagonal, self.targets)
            return judged(l, rho, x, self.targets[n], self.kinds[n], self.hessians[n], (), self.stationary, 0)

    def _on_lines(self, i: Indices, rho: float) -> Array:
        z = self.targets[self.branch[i]]
        return np.asarray(z + rho * np.sign(self.points[i + 1] - z))

    def _on_chords(self, i: Indices, rho: float) -> Array:
        """Return the points (k, 2) at radius rho between the samples i and the next ones."""
        assert self.grid is not None
        grid, chords = self.grid, self.chords(i)
        every, zero = np.arange(len(i)), np.zeros(len(i))
        t = chords.zeros(lambda at, s, k: grid.rho(at[:, 1]) - rho, every, zero, zero + 1.0)
        theta = grid.theta(chords.reach(t, every)[0][:, 0])
        begin = theta
        for _ in range(8):  # at the radius itself
            s = slopes(self.landscape, chords.z, np.full(len(i), rho), theta)
            change = np.clip(s.tau / s.by_theta, -0.1 * grid.column, 0.1 * grid.column)
            theta = theta - np.where(np.isfinite(change), change, 0.0)
        theta = np.where(np.abs(theta - begin) < 0.5 * grid.column, theta, begin)
        return chords.z - rho * np.stack([np.cos(theta), np.sin(theta)], axis=-1)


def _distinct(branch: Indices, x: Array, radius: float, targets: Array) -> tuple[Indices, Array]:
    """Drop points (k, d) that coincide with another one of the same target, as where two branches meet."""
    order = np.lexsort([*x.T, *targets[branch].T])
    gap = np.abs(np.diff(x[order], axis=0)).max(axis=-1, initial=0.0)
    same = (gap <= radius) & (targets[branch[order[1:]]] == targets[branch[order[:-1]]]).all(axis=-1)
    keep = order[np.concatenate([[True], ~same])[: len(order)]]
    return branch[keep], x[keep]


def hallucination_curves(
    l: Landscape, rho_max: float, stationary: StationaryPoints | None = None
) -> HallucinationCurves:
    """Find the points of the domain at which SAM stops although the gradient does not vanish, for all rho at once.

    Args:
        l: a landscape in one or two variables. (A parameter called rho keeps its value.)
        rho_max: the largest radius, in the units of x.
        stationary: the stationary points in the domain widened by at least rho_max, when already known.

    Returns:
        The branches on which they move as rho grows.

    Raises:
        ValueError: rho_max is negative or not finite, or `stationary` covers less than rho_max.
    """
    if not (math.isfinite(rho_max) and rho_max >= 0.0):
        raise ValueError(f"rho_max must be a finite number >= 0, got {rho_max}")
    s = stationary_points(l, margin=rho_max) if stationary is None else stationary
    if not s.covers(l, rho_max):
        raise ValueError(f"stationary covers {s.window}, which is not the domain widened by rho_max = {rho_max}")
    with np.errstate(all="ignore"):
        return _in_one_variable(l, rho_max, s) if l.dim == 1 else _in_two_variables(l, rho_max, s)


def _in_one_variable(l: Landscape, rho_max: float, s: StationaryPoints) -> HallucinationCurves:
    thinned = [thinned_targets(curve, _CURVE) for curve in s.curves]
    targets, kinds, hessians, single = _with_samples(l, s, thinned)
    found = segments(l, rho_max, targets, s)
    share = np.linspace(0.0, 1.0, SAMPLES)
    rho = (found.low[:, None] * (1.0 - share) + found.high[:, None] * share).ravel()
    target = np.repeat(found.target, SAMPLES)
    eigenvalues = hessians[target, :, 0].astype(np.complex128)
    curved = found.target >= single
    undecided = (kinds[target] == "degenerate") | (target >= single)
    return HallucinationCurves(
        landscape=l,
        rho_max=rho_max,
        offsets=np.arange(len(found.target) + 1) * SAMPLES,
        rho=rho,
        points=targets[target] + (rho * np.repeat(found.side, SAMPLES))[:, None],
        eigenvalues=eigenvalues,
        step_limits=np.where(undecided, np.nan, step_limits(eigenvalues)),
        targets=targets[found.target],
        kinds=kinds[found.target],
        hessians=hessians[found.target],
        starts=found.starts,
        ends=found.ends,
        curves=curved,
        rays=np.zeros_like(curved),
        stationary=s,
        grid=None,
        at=np.empty((len(rho), 0)),
        left_out=found.left_out,
    )


def _with_samples(
    l: Landscape, s: StationaryPoints, thinned: list[StationaryCurve]
) -> tuple[Array, np.ndarray, Array, int]:
    """Return isolated targets and samples of curves of them: points, kinds, Hessians, and how many are isolated."""
    samples = np.concatenate([s.points[:0], *(curve.points for curve in thinned)])
    kinds = np.repeat([curve.kind for curve in thinned], [len(curve.points) for curve in thinned])
    return (
        np.concatenate([s.points, samples]),
        np.concatenate([s.kinds, kinds]).astype("<U16"),
        np.concatenate([s.hessians, l.hessian(samples)]),
        len(s.points),
    )


def _in_two_variables(l: Landscape, rho_max: float, s: StationaryPoints) -> HallucinationCurves:
    thinned = [thinned_targets(curve, _CURVE) for curve in s.curves]
    targets, kinds, hessians, single = _with_samples(l, s, thinned)
    grid = Grid.of(l, rho_max)
    found, left_out = _around(l, rho_max, targets, grid)
    # f round about a sample of a curve, or arcs around it: they are no curves of their own.
    n, own = found.target, np.repeat(np.arange(len(found.target)), np.diff(found.offsets))
    rho, theta = grid.rho(found.at[:, 1]), grid.theta(found.at[:, 0])
    rho[found.offsets[1:][found.ends == MOST] - 1] = rho_max  # by rounding it was a little less or more
    points = targets[n[own]] - rho[:, None] * np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    curved = found.ray | (n >= single)
    degenerate = kinds[n] == "degenerate"
    eigenvalues, limits = _stability(l, rho, points, hessians[n[own]], curved[own], degenerate[own])
    _settle_ends(found, curved | degenerate, eigenvalues, limits)
    begin = found.offsets[:-1][found.starts == TARGET]  # the grid's first row is not quite at rho = 0
    offsets = found.offsets + np.concatenate([[0], np.cumsum(found.starts == TARGET)])
    at = np.insert(found.at, begin, found.at[begin] * [1.0, 0.0] + [0.0, grid.target], axis=0)
    return HallucinationCurves(
        landscape=l,
        rho_max=rho_max,
        offsets=offsets,
        rho=np.insert(rho, begin, 0.0),
        points=np.insert(points, begin, targets[n[own[begin]]], axis=0),
        eigenvalues=np.insert(eigenvalues, begin, eigenvalues[begin], axis=0),
        step_limits=np.insert(limits, begin, limits[begin]),
        targets=targets[n],
        kinds=kinds[n],
        hessians=hessians[n],
        starts=np.array(ENDS)[found.starts],
        ends=np.array(ENDS)[found.ends],
        curves=curved,
        rays=found.ray,
        stationary=s,
        grid=grid,
        at=at,
        left_out=left_out,
    )


def _around(l: Landscape, rho_max: float, targets: Array, grid: Grid) -> tuple[Arcs, int]:
    """Find the arcs around targets (n, 2), and how many of these are left out where there would be too many samples."""
    looked_at = np.arange(len(targets) if rho_max > 0.0 else 0)
    while True:
        found, samples = [], 0
        for batch in level_lines(l, targets[looked_at], grid):
            found.append(arcs(l, grid, rho_max, targets[looked_at], batch))
            samples += len(found[-1].at)
            if samples > MOST_SAMPLES:
                break
        every = joined(found)
        if samples <= MOST_SAMPLES or len(looked_at) == 1:
            return replace(every, target=looked_at[every.target]), len(targets) - len(looked_at)
        domain = np.array(l.domain)
        distance = (np.abs(targets - domain.mean(axis=1)) / np.ptp(domain, axis=1)).max(axis=-1)
        done = int(every.target.max()) + 1
        most = max(1, int(0.8 * done * MOST_SAMPLES / samples))
        looked_at = np.sort(np.argsort(distance, kind="stable")[:most])


def _stability(
    l: Landscape,
    rho: Array,
    points: Array,
    hessians: Array,
    curved: npt.NDArray[np.bool_],
    degenerate: npt.NDArray[np.bool_],
) -> tuple[np.ndarray, Array]:
    """Eigenvalues (m, 2) of M and step limits (m,); on curves the limit is the one across them."""
    eigenvalues, limits = np.full((len(rho), 2), np.nan + 0j), np.empty(len(rho))
    for start in range(0, len(rho), _BLOCK):
        own = slice(start, start + _BLOCK)
        g, hessian = l.gradient_and_hessian(points[own])
        matrices = shifted_jacobian(g, hessian, hessians[own], rho[own, None, None])
        known = np.isfinite(matrices).all(axis=(1, 2))
        eigenvalues[own][known] = np.linalg.eigvals(matrices[known])
        across = np.trace(matrices, axis1=1, axis2=2)[:, None].astype(np.complex128)
        isolated = np.where(degenerate[own], limits_at_degenerate(matrices), step_limits(eigenvalues[own]))
        along = np.where(degenerate[own], np.nan, step_limits(across))
        limits[own] = np.where(curved[own], along, isolated)
    return eigenvalues, limits


def _settle_ends(found: Arcs, alike: npt.NDArray[np.bool_], eigenvalues: np.ndarray, limits: Array) -> None:
    """Put in place what eigenvalues and limits tend to at the ends of arcs, where M is infinite or singular."""
    first, last = found.offsets[:-1], found.offsets[1:] - 1
    for ends, inner, why in ((first, first + 1, found.starts), (last, last - 1, found.ends)):
        there = ends[why == STATIONARY]
        eigenvalues[there], limits[there] = np.nan, 0.0
        there = ends[(why == FOLD) | (why == CROSSING)]
        trace = eigenvalues[there].real.sum(axis=-1)
        limits[there] = np.where(trace > 0.0, 2.0 / trace, 0.0)
        limits[ends[alike]] = limits[inner[alike]]  # across a curve M stays finite; what is undecided stays so
