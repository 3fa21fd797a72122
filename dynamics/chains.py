"""Unordered points of curves, put in order."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from landscapes.landscape import Array


def chains(points: Array, radius: float) -> list[tuple[np.ndarray, bool]]:
    """Order scattered points of curves into polylines.

    A chain starts at the end of a curve where there is one and goes on to the neighbour that is near and straight
    ahead, so that curves which cross are followed through the crossing.

    Args:
        points: (n, d), at most about `radius`/2 apart along each curve.
        radius: neighbours are at most this far apart.

    Returns:
        For each polyline of three or more points the indices (m,) in order, and whether it closes.
    """
    tree = KDTree(points)
    free = np.ones(len(points), dtype=bool)
    degree = tree.query_ball_point(points, 0.7 * radius, return_length=True)
    result = []
    for start in np.argsort(degree, kind="stable"):
        if not free[start]:
            continue
        forward = _follow(points, tree, radius, free, int(start), np.zeros(points.shape[1]))
        if len(forward) > 1:
            back = _follow(points, tree, radius, free, int(start), points[start] - points[forward[1]])
            forward = back[:0:-1] + forward
        if len(forward) < 3:
            continue
        gap = np.linalg.norm(points[forward[0]] - points[forward[-1]])
        result.append((np.array(forward), bool(len(forward) > 4 and gap <= radius)))
    return result


def _follow(points: Array, tree: KDTree, radius: float, free: np.ndarray, start: int, direction: Array) -> list[int]:
    """Walk from `start` over free points, which are taken, as straight ahead as they allow."""
    path = [start]
    free[start] = False
    while True:
        near = [j for j in tree.query_ball_point(points[path[-1]], radius) if free[j]]
        if not near:
            return path
        step = points[near] - points[path[-1]]
        distance = np.linalg.norm(step, axis=-1)
        ahead = step @ direction / np.maximum(distance, 1e-300)
        if direction.any():
            near_ahead = ahead > 0.3
            if not near_ahead.any():
                return path
            distance = np.where(near_ahead, distance * (2.0 - ahead), np.inf)
        best = int(np.argmin(distance))
        length = float(np.linalg.norm(step[best]))
        heading = step[best] / max(length, 1e-300)
        direction = heading if not direction.any() else 0.5 * direction + 0.5 * heading
        direction = direction / max(float(np.linalg.norm(direction)), 1e-300)
        path.append(near[best])
        free[path[-1]] = False
