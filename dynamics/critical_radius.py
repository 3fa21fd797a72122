"""From which radius on there is danger: where on their branches hallucinated points attract, and the critical radius.

At the step size eta a point of a branch attracts exactly if three numbers are positive, det M, tr M - eta det M and
4 - 2 eta tr M + eta^2 det M (Jury's conditions for I - eta M). Times |g| they go on smoothly to where a branch begins
and M is infinite, so that their zeros are found there too. (det M and tr M in closed form: THEORY 6.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape

from .branches import HallucinationCurves, hallucination_curves
from .levels import Indices, Slopes

_CLOSE: Final = 1e-6  # of the last chord of a branch: how near to its end the conditions are still looked at
_CHORDS: Final = 250_000  # that are looked at together
_PROBES: Final = 8  # parts of a chord in which two changes may hide
_MEETING: Final = 1e-9  # intervals with a smaller gap, as a share of rho_max, are one: branches that go on in others
KINDS: Final = ("minimizer", "saddle", "maximizer")  # degenerate targets leave it undecided


@dataclass(frozen=True)
class Attracting:
    """The parts of branches on which the points attract at one step size."""

    eta: float
    branch: Indices  # (k,)
    low: Array  # (k,) radii
    high: Array  # (k,)


def critical_radius(
    l: Landscape, rho_max: float, eta: float = 0.0, kind: str | None = None, curves: HallucinationCurves | None = None
) -> float | None:
    """Infimum of the radii at which some hallucinated point in the domain attracts SAM.

    Below it SAM can still be held by a maximizer or a saddle of f, or by a cycle around a hallucinated point.

    Args:
        l: a landscape in one or two variables.
        rho_max: how far to look, in the units of x.
        eta: step size; 0 for small enough ones.
        kind: of the targets that count: "minimizer", "saddle" or "maximizer"; None for any.
        curves: the branches up to rho_max, when already known.

    Returns:
        The radius, or None if no point attracts up to rho_max. A point of a curve of hallucinated points counts when
        it attracts across the curve; for a curve of targets that holds for the samples of it (THEORY 8 and 9).

    Raises:
        ValueError: rho_max or eta is negative or not finite, the kind is unknown, or `curves` do not fit.
    """
    every = attracting_intervals(l, rho_max, eta, kind, curves)
    return float(every[0, 0]) if len(every) else None


def attracting_intervals(
    l: Landscape, rho_max: float, eta: float = 0.0, kind: str | None = None, curves: HallucinationCurves | None = None
) -> Array:
    """Return all intervals (n, 2) of radii at which some point attracts; arguments as in `critical_radius`."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, or None for any, got {kind!r}")
    c = hallucination_curves(l, rho_max) if curves is None else curves
    if c.landscape != l or c.rho_max < rho_max:
        raise ValueError(f"curves are of {c.landscape} up to {c.rho_max}, not of {l} up to {rho_max}")
    return intervals(c, attracting(c, eta), rho_max, kind)


def intervals(c: HallucinationCurves, found: Attracting, rho_max: float, kind: str | None = None) -> Array:
    """Unite the attracting parts of branches, where wanted of one kind of targets, to intervals of radii (n, 2)."""
    wanted = found.low < rho_max
    if kind is not None:
        wanted &= c.kinds[found.branch] == kind
    return union(found.low[wanted], np.minimum(found.high[wanted], rho_max), _MEETING * rho_max)


def undecided(c: HallucinationCurves) -> npt.NDArray[np.bool_]:
    """Mask (n,) of the branches of which second derivatives leave open whether all points repel, at any step size.

    Their targets are degenerate, or flat intervals in one variable; where such a branch repels all along, that is
    decided.
    """
    flat = c.curves if c.landscape.dim == 1 else np.zeros_like(c.curves)
    open_somewhere = np.zeros(len(c), dtype=np.bool_)
    open_somewhere[c.branch[np.isnan(c.step_limits)]] = True
    return np.asarray(((c.kinds == "degenerate") | flat) & open_somewhere)


def union(low: Array, high: Array, gap: float = 0.0) -> Array:
    """Unite intervals (n,) to disjoint ones (m, 2), ascending; those at most `gap` apart are joined."""
    if not len(low):
        return np.empty((0, 2))
    order = np.argsort(low, kind="stable")
    low, reach = low[order], np.maximum.accumulate(high[order])
    begins = np.concatenate([[True], low[1:] > reach[:-1] + gap])
    return np.stack([low[begins], reach[np.append(np.flatnonzero(begins)[1:] - 1, len(low) - 1)]], axis=-1)


def attracting(c: HallucinationCurves, eta: float) -> Attracting:
    """Find where on the branches the points attract at the step size eta (0: for small enough ones).

    Raises:
        ValueError: eta is negative or not finite.
    """
    if not (math.isfinite(eta) and eta >= 0.0):
        raise ValueError(f"eta must be a finite number >= 0, got {eta}; 0 stands for small enough step sizes")
    with np.errstate(all="ignore"):
        if c.landscape.dim == 1:
            held = c.step_limits[c.offsets[:-1]] > eta
            return Attracting(eta, np.flatnonzero(held), c.lows[held], c.highs[held])
        return _in_two_variables(c, eta)


@dataclass(frozen=True)
class _Pieces:
    """Parts of the chords between samples, with the conditions at both ends."""

    chord: Indices  # (p,)
    low: Array  # (p,) shares of the chord
    high: Array
    q_low: Array  # (3, p)
    q_high: Array

    def take(self, keep: np.ndarray) -> _Pieces:
        return _Pieces(self.chord[keep], self.low[keep], self.high[keep], self.q_low[:, keep], self.q_high[:, keep])


def _in_two_variables(c: HallucinationCurves, eta: float) -> Attracting:
    own = c.branch
    sample = np.flatnonzero(own[:-1] == own[1:])
    sample = sample[(c.kinds[own[sample]] != "degenerate") & (c.rho[sample] > 0.0)]
    block = np.cumsum(np.bincount(own[sample], minlength=len(c)))[own[sample]] // _CHORDS  # whole branches
    parts = np.split(sample, np.flatnonzero(np.diff(block)) + 1) if len(sample) else []
    found = [_of_chords(c, eta, part, own[part]) for part in parts]
    nothing = Attracting(eta, np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
    return Attracting(
        eta, *(np.concatenate([getattr(a, name) for a in (nothing, *found)]) for name in ("branch", "low", "high"))
    )


def _of_chords(c: HallucinationCurves, eta: float, sample: Indices, branch: Indices) -> Attracting:
    """Find where the points attract on whole branches: from these samples (k,), of `branch` (k,), to the next ones."""
    assert c.grid is not None
    grid, chords = c.grid, c.chords(sample)

    def conditions(t: Array, i: Indices) -> Array:
        return _conditions(c, branch[i], *chords.reach(t, i), eta)

    first = np.diff(branch, prepend=-1) != 0
    pieces = _pieces(conditions, first, np.append(first[1:], True))
    condition, cut = np.nonzero(pieces.q_low * np.sign(pieces.q_high) < 0.0)
    i = pieces.chord[cut]
    t = chords.zeros(
        lambda at, s, k: _conditions(c, branch[i[k]], at, s, eta)[condition[k], np.arange(len(k))],
        i, pieces.low[cut], pieces.high[cut],
    )  # fmt: skip
    radii = grid.rho(chords.reach(t, i)[0][:, 1])

    # Every piece and what its cuts leave of it, in order; each cut turns one of the conditions round.
    piece = np.concatenate([np.arange(len(pieces.chord)), cut])
    share = np.concatenate([pieces.low, t])
    turned = np.concatenate([np.zeros((3, len(pieces.chord)), dtype=bool), np.arange(3)[:, None] == condition], axis=1)
    rho = np.concatenate([_radius(c, sample, pieces.chord, pieces.low), radii])
    order = np.lexsort([share, piece])
    piece, rho, turns = piece[order], rho[order], np.cumsum(turned[:, order], axis=1)
    begins = np.flatnonzero(np.diff(piece, prepend=-1) != 0)
    held = ((pieces.q_low[:, piece] > 0.0) ^ ((turns - turns[:, begins[piece]]) % 2 == 1)).all(axis=0)
    end = np.append(begins[1:], len(piece)) - 1
    after = np.append(rho[1:], 0.0)
    after[end] = _radius(c, sample, pieces.chord, pieces.high)
    return _gathered(eta, branch[pieces.chord[piece[held]]], rho[held], after[held])


def _pieces(conditions: Callable[[Array, Indices], Array], first: np.ndarray, last: np.ndarray) -> _Pieces:
    """Evaluate the conditions along the chords; more closely where two changes of sign may hide between samples."""
    low, high = np.where(first, _CLOSE, 0.0), np.where(last, 1.0 - _CLOSE, 1.0)
    every = np.arange(len(first))
    whole = _Pieces(every, low, high, conditions(low, every), conditions(high, every))
    before, at, after = whole.q_low[:, :-1], whole.q_high[:, :-1], whole.q_high[:, 1:]
    side, bend = np.sign(at), before - 2.0 * at + after
    dip = (side * before > side * at) & (side * after >= side * at) & ~last[:-1]
    lowest = side * (at - (after - before) ** 2 / (8.0 * bend))
    i = np.flatnonzero((dip & (lowest < 0.1 * np.abs(bend))).any(axis=0))
    i = np.union1d(i, i + 1)
    if not i.size:
        return whole
    share = np.linspace(0.0, 1.0, _PROBES + 1)
    t = low[i, None] * (1.0 - share) + high[i, None] * share
    q = conditions(t.ravel(), np.repeat(i, _PROBES + 1)).reshape(3, *t.shape)
    kept = whole.take(~np.isin(every, i))
    return _Pieces(
        np.concatenate([kept.chord, np.repeat(i, _PROBES)]),
        np.concatenate([kept.low, t[:, :-1].ravel()]),
        np.concatenate([kept.high, t[:, 1:].ravel()]),
        np.concatenate([kept.q_low, q[:, :, :-1].reshape(3, -1)], axis=1),
        np.concatenate([kept.q_high, q[:, :, 1:].reshape(3, -1)], axis=1),
    )


def _conditions(c: HallucinationCurves, branch: Indices, at: Array, s: Slopes, eta: float) -> Array:
    """Return what has to be positive (3, n) for points of branches (n,) to attract, times |g|."""
    assert c.grid is not None
    rho, theta = c.grid.rho(at[:, 1]), c.grid.theta(at[:, 0])
    hessian = c.hessians[branch]
    t = np.stack([-np.sin(theta), np.cos(theta)], axis=-1)
    norm = rho * s.inward
    trace = norm * np.trace(hessian, axis1=1, axis2=2) + rho * np.einsum("ni,nij,njk,nk->n", t, s.hessian, hessian, t)
    determinant = (norm + rho * s.bend) * np.linalg.det(hessian)
    last = 4.0 * norm - 2.0 * eta * trace + eta * eta * determinant
    isolated = np.stack([determinant, trace - eta * determinant, last])
    across = np.stack([trace, trace, 2.0 * norm - eta * trace])
    return np.where(c.curves[branch], across, isolated)


def _radius(c: HallucinationCurves, sample: Indices, i: Indices, t: Array) -> Array:
    """Radius at shares t (n,) of the chords i; at the ends of a branch that of its end."""
    t = np.where(t <= _CLOSE, 0.0, np.where(t >= 1.0 - _CLOSE, 1.0, t))
    rho = c.rho[sample[i]] * (1.0 - t) + c.rho[sample[i] + 1] * t
    begins = (t == 0.0) & (sample[i] > 0) & (c.rho[sample[i] - 1] == 0.0)
    return np.where(begins, 0.0, rho)


def _gathered(eta: float, branch: Indices, low: Array, high: Array) -> Attracting:
    """Join the pieces that follow one another on a branch."""
    order = np.lexsort([low, branch])
    branch, low, high = branch[order], low[order], high[order]
    new = np.concatenate([[True], (branch[1:] != branch[:-1]) | (low[1:] > high[:-1])])[: len(branch)]
    begin = np.flatnonzero(new)
    end = np.append(begin[1:], len(branch))[: len(begin)] - 1
    keep = high[end] > low[begin]
    return Attracting(eta, branch[begin][keep], low[begin][keep], high[end][keep])
