"""Unordered points of curves, put in order."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from landscapes.landscape import Array

_PAIRS: Final = 500_000  # of neighbours, in one piece of work; one point has fewer


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
            behind = points[start] - points[forward[1]]
            behind = behind / max(float(np.linalg.norm(behind)), 1e-300)
            back = _follow(points, tree, radius, free, int(start), behind)
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


def groups(points: Array, radius: float) -> np.ndarray:
    """Label (n,) the connected groups of points (n, d) that are closer than `radius`.

    However many pairs of neighbours there are, about _PAIRS of them are held at once.
    """
    tree, label = KDTree(points), np.arange(len(points))
    if tree.count_neighbors(tree, radius) <= 2 * _PAIRS:
        return _connected(tree.query_pairs(radius, output_type="ndarray").T, len(points))
    block = np.cumsum(tree.query_ball_point(points, radius, return_length=True)) // _PAIRS
    for part in np.split(np.arange(len(points)), np.flatnonzero(np.diff(block)) + 1):
        near = KDTree(points[part]).sparse_distance_matrix(tree, radius, output_type="ndarray")
        label = _connected(np.stack([label[part[near["i"]]], label[near["j"]]]), len(points))[label]
    return label


def _connected(links: np.ndarray, n: int) -> np.ndarray:
    graph = coo_array((np.ones(links.shape[1]), (links[0], links[1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])


def linked(curve: Array, closed: bool, sample: np.ndarray, points: Array) -> list[tuple[np.ndarray, bool]]:
    """Order points that belong to the samples of a curve into curves of their own.

    Points of neighbouring samples belong together when each is the other's nearest.

    Args:
        curve: (m, 2) samples in order.
        closed: whether the last sample is the first one's neighbour.
        sample: (k,) the sample of each point.
        points: (k, 2); several may belong to one sample.

    Returns:
        For each curve of three or more points the indices into `points`, in order, and whether it closes.
    """
    if not len(points):
        return []
    order = np.argsort(sample, kind="stable")
    i, m = sample[order], len(curve)
    count = np.bincount(i, minlength=m)
    slot = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    table = np.full((m, int(count.max()), 2), np.nan)
    label = np.full(table.shape[:2], -1)
    table[i, slot], label[i, slot] = points[order], np.arange(len(i))
    spacing = np.linalg.norm(curve - np.roll(curve, -1, axis=0), axis=-1)
    distance = np.linalg.norm(table[:, :, None, :] - np.roll(table, -1, axis=0)[:, None, :, :], axis=-1)
    distance = np.where(distance <= 8.0 * spacing[:, None, None], distance, np.inf)
    if not closed:
        distance[-1] = np.inf
    mutual = (distance == distance.min(axis=2, keepdims=True)) & (distance == distance.min(axis=1, keepdims=True))
    at, a, b = np.nonzero(mutual & np.isfinite(distance))
    component = _connected(np.stack([label[at, a], label[(at + 1) % m, b]]), len(i))
    curves = []
    for c in range(int(component.max()) + 1):
        member = np.flatnonzero(component == c)
        if len(member) < 3:
            continue
        whole = closed and len(member) == m
        gap = 0 if whole else int(np.argmax(np.diff(i[member], append=i[member[0]] + m))) + 1
        curves.append((order[np.roll(member, -gap)], whole))
    return curves
