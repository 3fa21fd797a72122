"""Where the gradient at x points to a target at the distance rho: on circles around many targets at once.

On the circle of radius rho around z let x = z - rho e with e = (cos, sin) and t = (-sin, cos). The gradient at x points
to z exactly if its slope g.t across the radius vanishes and its slope g.e inwards is positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from landscapes.landscape import Array, Landscape
from landscapes.switches import switches

from .brackets import root_between

ARC: Final = 1.0 / 400.0  # angular samples are at most this share of the window's width apart
_FEWEST, _MOST = 96, 1600  # angles on a circle
_SAMPLES: Final = 200_000  # gradients in one batch of circles
_VANISHING: Final = 1e-9  # along a whole arc, a slope below this share of the one inwards counts as zero
_BESIDE: Final = 1e-6  # how close to a root, in samples, two others are sought
_ROUNDING: Final = 1e-13  # at one angle, a slope below this share of the one inwards is rounding
_LAST_DIGITS: Final = 16.0 * float(np.finfo(np.float64).eps)  # by which coordinates and slopes may be off
_PAST: Final = 1e-12  # angle between a kink and where f is looked at on either side of it
_SMALL: Final = 1.0 / 60.0  # of the window's width: on a smaller circle f may be almost round without being round


@dataclass(frozen=True)
class Circles:
    """Candidates for hallucinated points on circles around targets."""

    index: np.ndarray  # (k,) the target of each point
    targets: Array  # (k, 2)
    points: Array  # (k, 2) where g.t vanishes; some lie outside the domain, at some g points outwards
    arcs: tuple[tuple[int, Array, bool], ...]  # target, points (m, 2) and whether the arc is the whole circle
    angles: int  # samples on each circle


def circles(l: Landscape, rho: float, targets: Array) -> Circles:
    """Find where the slope across the radius vanishes on the circles of radius rho > 0 around targets (n, 2)."""
    width = min(high - low for low, high in l.domain)
    angles = int(np.clip(math.ceil(2.0 * math.pi * rho / (ARC * width)), _FEWEST, _MOST)) if rho else _FEWEST
    step = 2.0 * math.pi / angles
    index: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
    theta: list[Array] = [np.empty(0)]
    arcs: list[tuple[int, Array, bool]] = []
    for start, t, n in _sampled(l, rho, targets, angles):
        few = np.minimum(rounding(targets[start : start + len(t), None], rho), _VANISHING)
        t = np.where(np.abs(t) <= np.maximum(few, _ROUNDING) * np.abs(n), 0.0, t)
        whole, on_circle = _runs(t, n, few if rho < _SMALL * width else np.full_like(few, _VANISHING))
        for j in on_circle:
            held = whole[j] & (n[j] > 0.0)
            arcs += [(start + int(j), arc, closed) for arc, closed in _arcs(l, rho, targets[start + j], held)]
        t[whole] = np.nan
        kinked = _kinked(l, rho, targets[start:], t, step)
        for at_sample, (i, low, high) in (
            (False, _crossings(t, kinked, step)),
            (True, _at_samples(t, n, step)),
            (False, _close_pairs(l, rho, targets[start:], t, n, kinked, step)),
            (False, _between_kinks(l, rho, targets[start:], kinked, step)),
        ):
            z, near = targets[start + i], (0.5 - _BESIDE if at_sample else 0.0) * (high - low)
            root = _solve(partial(_across, l, rho), low + near, high - near, z)
            which, others = _beside(l, rho, z, low, root, high, step, at_sample)
            index += [start + i, start + i[which]]
            theta += [root, others]
    i = np.concatenate(index)
    return Circles(i, targets[i], targets[i] - rho * _unit(np.concatenate(theta)), tuple(arcs), angles)


def _unit(angle: Array) -> Array:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _slopes(l: Landscape, rho: float, targets: Array, angle: Array) -> tuple[Array, Array]:
    """Slopes across the radius, g.t, and inwards, g.e, at x = z - rho e; e = (cos, sin), t = (-sin, cos).

    At a zero of g.t with g.e > 0 the gradient at x points to z. Targets (..., 2), angles (...).
    """
    e = _unit(angle)
    g = l.gradient(targets - rho * e)
    return g[..., 1] * e[..., 0] - g[..., 0] * e[..., 1], g[..., 0] * e[..., 0] + g[..., 1] * e[..., 1]


def _across(l: Landscape, rho: float, angle: Array, targets: Array) -> Array:
    """The slope g.t across the radius."""
    return _slopes(l, rho, targets, angle)[0]


def _turning(l: Landscape, rho: float, angle: Array, targets: Array) -> Array:
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
        circle, k = np.nonzero(l.contains(block_targets[:, None, :] - radii, slack))
        t = np.full((len(block_targets), angles), np.nan)
        n = np.full_like(t, np.nan)
        t[circle, k], n[circle, k] = _slopes(l, rho, block_targets[circle], angle[k])
        yield start, t, n


def rounding(z: Array, rho: Array | float) -> Array:
    """What g.t may be off by, as a share of rho |H|: targets (..., 2) and points are floats."""
    return np.asarray(_LAST_DIGITS * (1.0 + np.abs(z).max(axis=-1) / rho))


def _runs(t: Array, n: Array, share: Array) -> tuple[np.ndarray, np.ndarray]:
    """Mask (m, angles) of runs of three or more angles at which g.t vanishes, and the circles that have some.

    It counts as zero below a share (m, 1) of g.e.
    """
    zero = np.abs(t) <= share * np.abs(n)
    middle = zero & np.roll(zero, 1, axis=1) & np.roll(zero, -1, axis=1)
    whole = middle | np.roll(middle, 1, axis=1) | np.roll(middle, -1, axis=1)
    return whole, np.flatnonzero(middle.any(axis=1))


@dataclass(frozen=True)
class _Kinked:
    """The kinks on circles, by the arcs between neighbouring angles in which they are."""

    arcs: np.ndarray  # (m, angles) mask of the arcs, each from its angle to the next one
    circle: np.ndarray  # (k,) circles, angles before and places of the kinks, ascending
    first: np.ndarray  # (k,)
    angle: Array  # (k,)


def _kinked(l: Landscape, rho: float, targets: Array, t: Array, step: float) -> _Kinked:
    """Find where a switch of the formula changes its sign on the arcs at whose ends t (m, angles) is known."""
    known = np.isfinite(t)
    arcs = np.zeros_like(known)
    none = np.empty(0, dtype=np.int64)
    found: list[tuple[np.ndarray, np.ndarray, Array]] = [(none, none, np.empty(0))]
    every = switches(l)
    if len(every):
        known &= np.roll(known, -1, axis=1)
        x = targets[: len(t), None] - rho * _unit(np.arange(t.shape[1]) * step)
    for i in range(len(every)):
        positive = every.value(i, x) > 0.0
        flips = known & (positive != np.roll(positive, -1, axis=1))
        arcs |= flips
        circle, first = np.nonzero(flips)
        z = targets[circle]
        switch = partial(lambda angle, z, i: every.value(i, z - rho * _unit(angle)), i=i)
        found.append((circle, first, _solve(switch, first * step, (first + 1.0) * step, z)))
    circle, first, angle = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort([angle, first, circle])
    return _Kinked(arcs, circle[order], first[order], angle[order])


def _between_kinks(
    l: Landscape, rho: float, targets: Array, kinked: _Kinked, step: float
) -> tuple[np.ndarray, Array, Array]:
    """Circles and brackets of the angle between which g.t changes sign, on the parts of arcs that kinks leave.

    A jump of g.t at a kink is no root.
    """
    circle, first = np.nonzero(kinked.arcs)
    past = _PAST * (1.0 + np.abs(targets[kinked.circle]).max(axis=-1, initial=0.0) / rho) if rho else 0.0
    owner = np.concatenate([circle, kinked.circle])
    arc = np.concatenate([first, kinked.first])
    low = np.concatenate([first * step, kinked.angle + past])
    high = np.concatenate([(first + 1.0) * step, kinked.angle - past])
    low, high = low[np.lexsort([low, arc, owner])], high[np.lexsort([high, arc, owner])]
    owner = np.sort(owner, kind="stable")
    z = targets[owner]
    changes = _across(l, rho, low, z) * np.sign(_across(l, rho, high, z)) < 0.0
    held = changes & (high > low)
    return owner[held], low[held], high[held]


def _crossings(t: Array, kinked: _Kinked, step: float) -> tuple[np.ndarray, Array, Array]:
    """Circles and brackets of the angle between which g.t changes sign, on arcs without a kink.

    Whether g points inwards there is not told by the samples: on a sharp crest it may do so in between only.
    """
    circle, first = np.nonzero((t * np.sign(np.roll(t, -1, axis=1)) < 0.0) & ~kinked.arcs)
    return circle, first * step, (first + 1.0) * step


def _at_samples(t: Array, n: Array, step: float) -> tuple[np.ndarray, Array, Array]:
    """Circles and angles on both sides of the samples at which g.t vanishes."""
    circle, node = np.nonzero((t == 0.0) & (n > 0.0))
    return circle, (node - 1.0) * step, (node + 1.0) * step


def _close_pairs(
    l: Landscape, rho: float, targets: Array, t: Array, n: Array, kinked: _Kinked, step: float
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
    circle, k = np.nonzero(dip & (n > 0.0) & ~kinked.arcs & ~np.roll(kinked.arcs, 1, axis=1))
    low, high = (k - 1.0) * step, (k + 1.0) * step
    z = targets[circle]

    extremum = _solve(partial(_turning, l, rho), low, high, z)
    other = side[circle, k] * _across(l, rho, extremum, z) <= 0.0
    circle, low, high, extremum = circle[other], low[other], high[other], extremum[other]
    return np.tile(circle, 2), np.concatenate([low, extremum]), np.concatenate([extremum, high])


def _beside(
    l: Landscape, rho: float, z: Array, low: Array, root: Array, high: Array, step: float, all_of_them: bool
) -> tuple[np.ndarray, Array]:
    """Find more roots around those in a bracket at which the slope turns the wrong way: near a crossing of branches.

    Returns which of the roots (k,) they are beside, and their angles (k,).
    """
    across = partial(_across, l, rho)
    turned = _turning(l, rho, root, z) * np.sign(across(high, z) - across(low, z)) < 0.0
    k = np.flatnonzero(turned | all_of_them)
    which = np.concatenate([k, k])
    a = np.concatenate([low[k], root[k] + _BESIDE * step])
    b = np.concatenate([root[k] - _BESIDE * step, high[k]])
    first, last = across(a, z[which]), across(b, z[which])
    close = np.where(np.arange(len(which)) < len(k), last, first)  # beside the root, where it may be made of rounding
    inward = np.abs(_slopes(l, rho, z[which], root[which])[1])
    held = (first * np.sign(last) < 0.0) & (np.abs(close) > rounding(z[which], rho) * inward)
    which, a, b = which[held], a[held], b[held]
    return which, _solve(across, a, b, z[which])


def _solve(f: Callable[[Array, Array], Array], low: Array, high: Array, targets: Array) -> Array:
    """Solve f(angle, target) = 0; the middle of a bracket in which f changes no sign."""
    return root_between(lambda angle, i: f(angle, targets[i]), low, high, 0.5 * (low + high), 1e-15, 1e-15)


def _arcs(l: Landscape, rho: float, target: Array, held: np.ndarray) -> Iterator[tuple[Array, bool]]:
    """Yield the runs of angles at which the gradient points to the target throughout, as points of the domain."""
    angles = len(held)
    x = target - rho * _unit(np.arange(angles) * (2.0 * math.pi / angles))
    held = held & l.contains(x)
    closed = bool(held.all())
    shift = 0 if closed else int(np.argmin(held))
    edges = np.diff(np.concatenate([[0], np.roll(held, -shift).astype(int), [0]]))
    for first, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        if stop - first >= 3:
            yield x[(np.arange(first, stop) + shift) % angles], closed
