"""What runs end at: their end points, put together where they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .chains import groups
from .grouping import GROUP_OF, PLACED

_SAME: Final = 1e-4  # of the diagonal: Newton's method puts end points closer together than this
_ALONG: Final = 0.02  # of the diagonal: ends on a curve of such points are linked over such gaps


@dataclass(frozen=True)
class Attractors:
    """The places at which runs end, the most frequent first."""

    points: Array  # (m, d); of a curve one of its points
    targets: Array  # (m, d) the look-ahead points there, NaN where not hallucinated
    groups: npt.NDArray[np.str_]  # (m,) "minimizer", "hallucinated" or "trapped"
    kinds: npt.NDArray[np.str_]  # (m,) of the point, or of the target where hallucinated
    counts: npt.NDArray[np.int64]  # (m,) how many runs end there
    curves: npt.NDArray[np.bool_]  # (m,) whether it is a curve of such points
    diagonal: float  # of the window

    def __len__(self) -> int:
        return len(self.counts)


def distinct(
    outcomes: npt.NDArray[np.str_],
    kinds: npt.NDArray[np.str_],
    along: npt.NDArray[np.bool_],
    ends: Array,
    targets: Array,
    diagonal: float,
) -> tuple[npt.NDArray[np.int64], Attractors]:
    """Put the end points of runs together.

    Ends of the same group and kind are one place when they are closer than 1e-4 of the diagonal, and where they lie on
    a curve of such points when they can be linked over gaps of at most 0.02 of it.

    Args:
        outcomes: the verdicts' words (n,).
        kinds: the kinds (n,) they are about.
        along: which (n,) end on a curve of such points.
        ends: (n, d).
        targets: (n, d).
        diagonal: of the window.

    Returns:
        For each run its place, -1 for none (n,), and the places.
    """
    n, d = ends.shape
    label = np.full(n, -1)
    words, inverse = np.unique(outcomes, return_inverse=True)
    group = np.array([GROUP_OF.get(str(word), "") for word in words], dtype=str)[inverse] if n else outcomes
    firsts: list[int] = []
    curves: list[bool] = []
    for name in PLACED:
        for kind in np.unique(kinds[group == name]):
            for curve in (False, True):
                members = np.flatnonzero((group == name) & (kinds == kind) & (along == curve))
                if members.size:
                    place, first = _places(ends[members], (_ALONG if curve else _SAME) * diagonal)
                    label[members] = place + len(firsts)
                    firsts += members[first].tolist()
                    curves += [curve] * len(first)
    counts = np.bincount(label[label >= 0], minlength=len(firsts))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    chosen = np.array(firsts, dtype=np.int64)[order]
    along = np.array(curves, dtype=np.bool_)[order]
    found = Attractors(ends[chosen], targets[chosen], group[chosen], kinds[chosen], counts[order], along, diagonal)
    return rank[label], found


def _places(x: Array, gap: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Label (n,) the places of ends (n, d) that are linked over gaps, and give the first end of each place."""
    cells = np.round((x - x.min(axis=0)) / (0.1 * gap)).astype(np.int64)
    key = np.ravel_multi_index(tuple(cells.T), tuple(cells.max(axis=0) + 1))  # one number sorts faster than two
    _, seen, cell = np.unique(key, return_index=True, return_inverse=True)
    _, first, label = np.unique(groups(x[seen], gap), return_index=True, return_inverse=True)
    return label[cell], seen[first]
