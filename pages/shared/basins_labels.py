"""Where the numbers of places stand on a map: beside the places' marks, and in basins that lie elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.ndimage import distance_transform_edt

from figures.basins import Label, Spot
from pages.shared.basins_atlas import Codes

MOST: Final = 16  # places of a map whose numbers are written
_CELLS: Final = 64  # along an axis: as finely as the middle of a basin is searched
_NEAR: Final = 0.05  # of the map's width: numbers beside marks that are closer would cover each other
_ROOM: Final = 0.025  # of the map's width, around the middle of a basin that has room for a number

Window = tuple[tuple[float, float], tuple[float, float]]


def labels(grid: Codes, window: Window, places: Sequence[tuple[int, Spot | None]], axis: str = "") -> list[Label]:
    """Place the numbers of a map's places.

    Args:
        grid: codes (rows, columns), from the lower left corner.
        window: what the map shows, across and upwards.
        places: their codes and marks, None where there is no mark on the map.
        axis: see `Label`.
    """
    found: list[Label] = []
    (left, right), (bottom, top) = window
    for code, spot in list(places)[:MOST]:
        text, beside = str(code + 1), False
        if spot is not None and not spot.curve:
            near = (_NEAR * (right - left), _NEAR * (top - bottom))
            beside = not any(abs(one.x - spot.x) < near[0] and abs(one.y - spot.y) < near[1] for one in found)
            if beside:
                found.append(Label(spot.x, spot.y, text, True, axis))
        if beside and spot is not None and grid[_cell(spot, grid.shape, window)] == code:
            continue
        at = _middle(grid == code)
        if at is not None:
            x, y = left + at[0] * (right - left), bottom + at[1] * (top - bottom)
            found.append(Label(x, y, text, False, axis))
    return found


def _cell(spot: Spot, shape: tuple[int, ...], window: Window) -> tuple[int, ...]:
    """Return the row and the column in which a mark stands."""
    ends = zip((spot.y, spot.x), window[::-1], shape, strict=True)
    return tuple(min(max(int((at - low) / (high - low) * count), 0), count - 1) for at, (low, high), count in ends)


def _middle(inside: np.ndarray) -> tuple[float, float] | None:
    """Return where a basin is widest, in shares of the map across and upwards; None where there is no room."""
    rows, columns = inside.shape
    if rows == 1:  # a row of starts: the middle of the longest run of them
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside[0], [False]]).astype(np.int8)))
        if not edges.size:
            return None
        first, last = max(zip(edges[::2], edges[1::2], strict=True), key=lambda pair: pair[1] - pair[0])
        return (0.5 * (first + last) / columns, 0.5) if last - first >= 2.0 * _ROOM * columns else None
    step = max(1, max(inside.shape) // _CELLS)
    thin = np.pad(inside[::step, ::step], 1)  # the map's edge is one of the basin too
    depth = distance_transform_edt(thin)
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    if depth[row, column] < _ROOM * thin.shape[1]:
        return None
    return ((column - 0.5) * step / columns, (row - 0.5) * step / rows)
