"""How runs move in their last steps: whether they go round, go on, or leave a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .outcome import TOLERANCES

Mask = npt.NDArray[np.bool_]

_AWAY: Final = 0.25  # of the spread: so far a run has to be away before it can come back
_LAGS: Final = 3  # that are tried, those first at which the end is closest
_BLOCKS: Final = 8  # of a tail: their means go on in one direction by chance in 1 of 20,160 cases
_ROUNDING: Final = 1e-14  # of the diagonal: what is closer to a point does not tell whether it leaves


def length(v: Array) -> Array:
    """Return |v| along the last axis; for few components and many vectors faster than NumPy's."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", v, v)))


def spread(tail: Array) -> Array:
    """Return the diagonals (n,) of the boxes around tails (n, w, d)."""
    return length(np.ptp(tail, axis=1))


def rests(tail: Array) -> Mask:
    """Mask (n,) of the tails (n, w, d) whose last step led nowhere: what was steady has come to rest for ever."""
    if tail.shape[1] < 2:
        return np.zeros(len(tail), dtype=np.bool_)
    return np.asarray((tail[:, -1] == tail[:, -2]).all(axis=-1))


def slip(tail: Array) -> Array:
    """Return how much at most (n,) tails (n, w, d) that go round move on at each step; infinity for the others.

    A tail goes round where, at some lag, nine in ten positions are again where they were, to 2% of the spread; in
    between the run has to have been away. A single return does not suffice: what is chaotic returns, too, and may go
    elsewhere. Not all can be asked for: what rattles on a kink is a rotation of an interval, cut open at one place.
    """
    n, w, _ = tail.shape
    size = spread(tail)
    near = TOLERANCES.recurrence * size
    apart = length(tail[:, ::-1][:, 1 : w // 2 + 1] - tail[:, -1:])  # by the lag
    away = np.maximum.accumulate(apart, axis=1) > _AWAY * size[:, None]
    apart[(apart > near[:, None]) | ~away] = np.inf
    found = np.full(n, np.inf)
    for _ in range(_LAGS):
        left = np.flatnonzero(np.isfinite(apart).any(axis=1))
        if not left.size:
            break
        index = np.argmin(apart[left], axis=1)
        apart[left, index] = np.inf
        lag = index + 1
        before = np.arange(w) - lag[:, None]
        earlier = np.take_along_axis(tail[left], np.maximum(before, 0)[..., None], axis=1)
        moved = np.where(before >= 0, length(tail[left] - earlier), 0.0)
        again = moved <= near[left, None]
        goes_round = (~again).sum(axis=1) <= (1.0 - TOLERANCES.again) * (w - lag)
        pace = np.where(again, moved, 0.0).max(axis=1) / lag
        found[left] = np.minimum(found[left], np.where(goes_round, pace, np.inf))
    return found


@dataclass(frozen=True)
class Outlook:
    """Where runs will be, at the pace of their last steps, after as many tails more as `Tolerances.ahead` says."""

    moved: Array  # (n, d) by how much the middle will have moved
    middle: Array  # (n, d) where it will be
    grown: Array  # (n,) by which factor the size will have changed


def outlook(tail: Array) -> Outlook:
    """Continue tails (n, w, d): along each principal axis the means of its eighths, and their sizes.

    Where these go on in one direction they are continued geometrically; where they go to and fro they stay. Of fewer
    than 16 positions nothing is said.
    """
    n, w, d = tail.shape
    block = w // _BLOCKS - (w // _BLOCKS) % 2  # even: of what goes to and fro, the mean stays
    if block == 0:
        return Outlook(np.zeros((n, d)), tail.mean(axis=1), np.ones(n))
    last = tail[:, w - block * _BLOCKS :]
    centre = last.mean(axis=1, keepdims=True)
    last = last - centre
    _, axes = np.linalg.eigh(np.einsum("nwi,nwj->nij", last, last))
    blocks = (last @ axes).reshape(n, _BLOCKS, block, d)
    means = blocks.mean(axis=2)
    sizes = np.sqrt(blocks.var(axis=2).sum(axis=-1))
    back = np.swapaxes(axes, -1, -2)
    moved = (_ahead(means)[:, None] @ back)[:, 0]
    middle = centre[:, 0] + (means[:, -1:] @ back)[:, 0] + moved
    change = _ahead(sizes[..., None])[:, 0]
    return Outlook(moved, middle, 1.0 + change / np.where(sizes[:, -1] > 0.0, sizes[:, -1], np.inf))


def _ahead(values: Array) -> Array:
    """Return by how much (n, m) sequences (n, 8, m) will go on; 0 where they go to and fro."""
    half = _BLOCKS // 2
    steps = np.diff(values, axis=1)
    goes_on = (steps > 0.0).all(axis=1) | (steps < 0.0).all(axis=1)
    first, second = (values[:, i + half - 1] - values[:, i] for i in (0, half))
    halves = 2.0 * TOLERANCES.ahead
    q = np.clip(second / np.where(goes_on, first, 1.0), 0.0, 1.0)
    times = np.where(q < 1.0, np.minimum(q / np.maximum(1.0 - q, 1e-300), halves), halves)
    return np.asarray(np.where(goes_on, second * half / (half - 1) * times, 0.0))


def leaves(tail: Array, y: Array, directions: Array, diagonal: float) -> Mask:
    """Mask (n,) of the tails (n, w, d) that move away from points y (n, d) in the last quarter of their steps.

    Only the part along `directions` (n, d, d) counts, columns that are 0 where a point does not push away. A run on the
    stable manifold of a saddle, or one that is there exactly, does not leave.
    """
    quarter = max(1, tail.shape[1] // 4)
    ends = tail[:, [-1 - min(quarter, tail.shape[1] - 1), -1]] - y[:, None]
    before, now = length(ends @ directions).T
    return np.asarray((now > before) & (now > _ROUNDING * diagonal))
