"""How many places a search for stationary points will look at, estimated in a millisecond or two before it is made."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np

from dynamics.roots import MOST_SEEDS, cells
from dynamics.stationary import MOST_POINTS
from landscapes import Landscape

_PATCHES: Final = 7  # along each axis
_CELLS: Final = 8  # of the search's own grid along each side of a patch
_STEPS: Final = 40  # of it, about
_A_POINT: Final = 3.4  # places that lead to one point, about


@lru_cache(maxsize=128)
def places(l: Landscape, margin: float) -> float:
    """Estimate how many places the search in two variables starts from, by patches of the very grid it looks at."""
    corners, spacings = [], []
    window = tuple((low - margin, high + margin) for low, high in l.domain)
    for (low, high), count in zip(window, cells(l.domain, window), strict=True):
        first = np.floor((np.arange(_PATCHES) + 0.382) / _PATCHES * (count - _CELLS))  # in no symmetric place
        spacing = (high - low) / count
        corners.append(low + spacing * first)
        spacings.append((spacing, count))
    (dx, n), (dy, m) = spacings
    ranks = np.arange(_CELLS + 1)
    x = corners[0][:, None, None, None] + dx * ranks[:, None]
    y = corners[1][None, :, None, None] + dy * ranks
    nodes = np.stack(np.broadcast_arrays(x, y), axis=-1)
    with np.errstate(all="ignore"):
        g, hessian = l.gradient_and_hessian(nodes)
        distance = np.hypot(g[..., 0], g[..., 1]) / np.abs(hessian).max(axis=(-2, -1))
        cell = np.ones((_PATCHES, _PATCHES, _CELLS, _CELLS), dtype=bool)
        for i in range(2):
            for sign in (1.0, -1.0):
                side = sign * g[..., i] >= 0.0
                cell &= side[..., :-1, :-1] | side[..., 1:, :-1] | side[..., :-1, 1:] | side[..., 1:, 1:]
        middle = distance[..., 1:-1, 1:-1]
        lowest = (middle <= distance[..., 1:-1, 2:]) & (middle <= distance[..., 1:-1, :-2])
        lowest |= (middle <= distance[..., 2:, 1:-1]) & (middle <= distance[..., :-2, 1:-1])
        lowest &= middle <= math.hypot(dx, dy)
    return float(n * m * (cell.mean() + lowest.mean()))


def search_cost(l: Landscape, margin: float) -> float:
    """Estimate the seconds that the search for stationary points takes."""
    length = l.kernel.length
    if l.dim == 1:
        return length * 2e-5
    each = _STEPS * (3e-7 + 2.5e-9 * length)
    return 0.01 + length * 2e-4 + each * min(places(l, margin), MOST_SEEDS)


def points(l: Landscape, margin: float) -> float:
    """Estimate how many points it finds, those that are left out among them."""
    return places(l, margin) / _A_POINT


def circles_cost(l: Landscape, rho: float) -> float:
    """Estimate the seconds that the search around all of them takes at one radius, in two variables."""
    width = min(high - low for low, high in l.domain)
    angles = min(1600.0, max(96.0, 2500.0 * rho / width))
    return min(points(l, max(l.rho_max, rho)), MOST_POINTS) * angles * (3e-8 + 1e-9 * l.kernel.length)
