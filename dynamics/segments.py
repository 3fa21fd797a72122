"""Branches of hallucinated points in one variable: x = z - rho and x = z + rho, cut where f' changes sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from landscapes.landscape import Array, Landscape

from .stationary import CELLS_1D, StationaryPoints

MOST: Final = 80_000  # segments; the targets farthest from the window's middle are left out beyond
_SAME: Final = 1e-11  # boundaries closer than this share of the width are one
SAMPLES: Final = 9  # of a segment, for pictures: x is linear in rho


@dataclass(frozen=True)
class Segments:
    """Pieces of the lines x = z - rho and x = z + rho."""

    target: np.ndarray  # (n,) index
    side: Array  # (n,) -1 or 1
    low: Array  # (n,) radii
    high: Array  # (n,)
    starts: np.ndarray  # (n,) why it begins and ends there
    ends: np.ndarray  # (n,)
    left_out: int  # targets


def segments(l: Landscape, rho_max: float, targets: Array, s: StationaryPoints) -> Segments:
    """Find for which radii each target (n, 1) is seen from the left and from the right, in the domain."""
    x, words = _boundaries(l, s)
    middle = 0.5 * (x[:-1] + x[1:])
    slope = l.gradient(middle[:, None])[:, 0]
    flat = np.abs(slope) <= 0.0
    most = max(1, MOST // max(1, len(middle)))
    order = np.argsort(np.abs(targets[:, 0] - middle.mean()), kind="stable")[:most]
    z = np.sort(targets[order, 0]) if len(order) < len(targets) else targets[:, 0]
    chosen = np.searchsorted(targets[:, 0], z) if len(order) < len(targets) else np.arange(len(z))
    parts = []
    for side in (-1.0, 1.0):
        near, far = (x[:-1], x[1:]) if side > 0.0 else (x[1:], x[:-1])
        near_word, far_word = (words[:-1], words[1:]) if side > 0.0 else (words[1:], words[:-1])
        low, high = side * (near - z[:, None]), side * (far - z[:, None])
        i, k = np.nonzero((side * slope < 0.0) & ~flat & (high > 0.0) & (low < rho_max))
        # Rounding: a target is a boundary itself, where it is in the domain.
        at_target = low[i, k] <= _SAME * (x[-1] - x[0])
        cut = high[i, k] > rho_max
        parts.append(
            (
                chosen[i], np.full(len(i), side), np.where(at_target, 0.0, low[i, k]),
                np.where(cut, rho_max, high[i, k]), np.where(at_target, "target", near_word[k]),
                np.where(cut, "rho_max", far_word[k]),
            )
        )  # fmt: skip
    target, sides, low, high, starts, ends = (np.concatenate(v) for v in zip(*parts, strict=True))
    keep = high > low
    return Segments(target[keep], sides[keep], low[keep], high[keep], starts[keep], ends[keep], len(targets) - len(z))


def _boundaries(l: Landscape, s: StationaryPoints) -> tuple[Array, np.ndarray]:
    """Return where in the domain f' changes its sign or whether it is defined: ascending, with the reason."""
    low, high = l.domain[0]
    x = np.linspace(low, high, CELLS_1D + 1)

    def sign(t: Array) -> Array:
        slope = l.gradient(t[..., None])[..., 0]
        return np.where(np.isfinite(slope), np.sign(slope), 2.0)

    signs = sign(x)
    cell = np.flatnonzero(signs[:-1] != signs[1:])
    found = _changes(sign, x[cell], x[cell + 1], signs[cell])
    gap = (signs[cell] == 2.0) | (signs[cell + 1] == 2.0)
    inside = s.points[(s.points[:, 0] > low) & (s.points[:, 0] < high), 0]
    flats = [curve.points[[0, -1], 0] for curve in s.curves]
    every = np.concatenate([[low, high], inside, *flats, found])
    words = ["edge"] * 2 + ["stationary point"] * (len(every) - 2 - len(found))
    reason = np.array(words + np.where(gap, "undefined", "kink").tolist())
    rank = np.array([0] * 2 + [1] * (len(every) - 2 - len(found)) + [2] * len(found))
    order = np.lexsort([rank, every])
    every, reason, rank = every[order], reason[order], rank[order]
    # Where a root and the change of sign at it are apart by rounding, the root counts.
    width = _SAME * (high - low)
    keep: list[int] = []
    for i in range(len(every)):
        if keep and every[i] - every[keep[-1]] <= width:
            if rank[i] < rank[keep[-1]]:
                keep[-1] = i
        else:
            keep.append(i)
    return every[keep], reason[keep]


def _changes(sign: Callable[[Array], Array], low: Array, high: Array, first: Array) -> Array:
    """Halve the brackets (n,) down to where a sign stops being the first one."""
    low, high = low.copy(), high.copy()
    for _ in range(60):
        middle = 0.5 * (low + high)
        same = sign(middle) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * (low + high)
