"""Maps of basins as they fill in: which start ends where, with places that keep their names and shades."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from dynamics.grouping import GROUP_OF, GROUPS, PLACELESS, UNDEFINED, Share, shares
from dynamics.outcome import OUTCOMES
from landscapes.landscape import Array
from pages.shared.basins_map import MapQuestion, Patch, Piece

SHADES: Final = 4  # of a group's colour, for its places
_SAME: Final = 2e-4  # of the diagonal: two places of different patches are one
_ALONG: Final = 0.04  # ... and two curves
UNKNOWN: Final = -9  # code of a cell that is not computed

Codes = npt.NDArray[np.int16]


@dataclass(eq=False)
class Place:
    """A place at which runs end: a point, or a curve of points."""

    group: str
    kind: str
    curve: bool
    point: Array  # (d,)
    target: Array  # (d,) NaN where not hallucinated
    samples: Array  # (s, d)
    moves: bool = False  # on a map over radii of which each makes another landscape
    shade: int = 0


@dataclass(eq=False)
class Chart:
    """One map: the cells (rows, n) in row-major order."""

    shape: tuple[int, int]
    codes: Codes  # (k,) place, or -1, -2, ... for those of `grouping.PLACELESS`
    words: npt.NDArray[np.uint8]  # (k,) in OUTCOMES
    kinds: npt.NDArray[np.uint8]  # (k,) in KINDS
    settled: npt.NDArray[np.int32]  # (k,)
    ends: Array  # (k, d)
    done: npt.NDArray[np.bool_]  # (rows,)

    @staticmethod
    def empty(shape: tuple[int, int], d: int) -> Chart:
        """Return a chart of which nothing is known."""
        k = shape[0] * shape[1]
        return Chart(
            shape, np.full(k, UNKNOWN, dtype=np.int16), np.zeros(k, np.uint8), np.zeros(k, np.uint8),
            np.zeros(k, np.int32), np.full((k, d), np.nan), np.zeros(shape[0], dtype=np.bool_),
        )  # fmt: skip

    @property
    def grid(self) -> Codes:
        """The codes (rows, n)."""
        return self.codes.reshape(self.shape)


@dataclass(eq=False)
class Atlas:
    """All maps of one question, coarse at first and then as fine as asked."""

    question: MapQuestion
    places: list[Place] = field(default_factory=list)
    coarse: dict[str, Chart] = field(default_factory=dict)
    fine: dict[str, Chart] = field(default_factory=dict)

    @staticmethod
    def of(question: MapQuestion, patches: dict[str, Patch]) -> Atlas:
        """Begin with the coarse maps, and in one variable with the rows of starts."""
        atlas, d = Atlas(question), question.landscape.dim
        for name, patch in patches.items():
            n = question.coarse.n
            shape = (n, n) if name in question.maps() else (1, question.n)
            chart = atlas.coarse[name] = Chart.empty(shape, d)
            atlas._fill(chart, np.arange(shape[0]), patch)
            if name in question.maps() and n < question.n:
                atlas.fine[name] = Chart.empty((question.n, question.n), d)
        atlas._shade()
        return atlas

    def take(self, piece: Piece, patch: Patch) -> None:
        """Put a piece in."""
        known = len(self.places)
        self._fill(self.fine[piece.map], piece.rows, patch)
        if len(self.places) > known:
            self._shade()

    @property
    def whole(self) -> bool:
        """Whether all maps are as fine as asked."""
        return all(chart.done.all() for chart in self.fine.values())

    def chart(self, name: str) -> Chart:
        """Return the finest chart that is whole: all its cells belong to one grid."""
        fine = self.fine.get(name)
        return fine if fine is not None and fine.done.all() else self.coarse[name]

    def drawn(self, name: str) -> Codes:
        """Return the codes (n, n) to draw: the fine ones, and where there are none yet the coarse ones."""
        coarse = self.coarse[name]
        if name not in self.fine:
            return coarse.grid
        fine = self.fine[name]
        nearest = [
            ((np.arange(n) + 0.5) / n * m).astype(np.int64) for n, m in zip(fine.shape, coarse.shape, strict=True)
        ]
        rough = coarse.grid[np.ix_(*nearest)]
        return np.where(fine.done[:, None], fine.grid, rough)

    def provisional(self, name: str) -> npt.NDArray[np.bool_]:
        """Return which rows (n,) of what is drawn are still those of the coarse map."""
        return ~self.fine[name].done if name in self.fine else np.zeros(self.coarse[name].shape[0], dtype=np.bool_)

    def shares(self, name: str) -> tuple[dict[str, Share], dict[int, Share]]:
        """Return the shares of the groups, and of the places by their numbers."""
        grid = self.chart(name).grid
        groups = self.groups(grid)
        if grid.shape[0] == 1:
            grid, groups = grid.T, groups.T
        numbers = np.unique(grid[grid >= 0]).tolist()
        of_groups = {share.group: share for share in shares(groups)}
        return of_groups, {i: _one(grid == i) for i in numbers}

    def where(self, name: str, i: int) -> Array:
        """Return the place (d,) numbered i as a map has it: in one variable it may move with the radius."""
        chart = self.chart(name)
        return np.asarray(chart.ends[int(np.argmax(chart.codes == i))])

    def groups(self, codes: Codes) -> npt.NDArray[np.str_]:
        """Return the groups of codes (...)."""
        names = np.array([place.group for place in self.places] + list(PLACELESS[::-1]), dtype=str)
        return names[np.where(codes >= 0, codes, len(names) + codes)]

    def _fill(self, chart: Chart, rows: npt.NDArray[np.int64], patch: Patch) -> None:
        n = chart.shape[1]
        cells = (rows[:, None] * n + np.arange(n)).reshape(-1)
        l = self.question.landscape
        moves = l.dim == 1 and len(chart.done) > 1 and l.depends_on_rho
        numbers = np.array([self._number(patch, i, moves) for i in range(len(patch.places))] + [0], dtype=np.int16)
        groups = np.array([GROUP_OF[word] for word in OUTCOMES])[patch.words]
        codes = numbers[patch.place]
        for i, group in enumerate(PLACELESS):
            codes = np.where((groups == group) if group != UNDEFINED else patch.undefined, -1 - i, codes)
        chart.codes[cells] = codes
        chart.words[cells], chart.kinds[cells] = patch.words, patch.kinds
        chart.settled[cells], chart.ends[cells] = patch.settled, patch.ends
        chart.done[rows] = True

    def _number(self, patch: Patch, i: int, moves: bool) -> int:
        """Return the number of a patch's place: that of a known one that is the same, or a new one."""
        l, p = self.question.landscape, patch.places
        what = (str(p.groups[i]), str(p.kinds[i]), bool(p.curves[i]))
        place = Place(*what, p.points[i], p.targets[i], patch.samples[i], moves)
        near = (_ALONG if place.curve else _SAME) * l.diagonal
        for number, known in enumerate(self.places):
            if (known.group, known.kind, known.curve, known.moves) == (*what, moves):
                if moves:
                    return number
                if l.dim == 1 and place.group == "hallucinated":  # it moves along with the radius, its target does not
                    side, other = (np.sign(one.point - one.target) for one in (place, known))
                    if side == other and abs(place.target - known.target) <= _SAME * l.diagonal:
                        return number
                elif float(cdist(known.samples, place.samples).min()) <= near:
                    return number
        if not place.curve:
            place.samples = place.samples[:1]
        self.places.append(place)
        return len(self.places) - 1

    def _shade(self) -> None:
        """Give new places shades that their neighbours on the maps do not have."""
        meets: list[set[int]] = [set() for _ in self.places]
        for name in self.coarse:
            grid = self.drawn(name)
            for a, b in ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])):
                border = (a != b) & (a >= 0) & (b >= 0)
                for i, j in np.unique(np.stack([a[border], b[border]], axis=1), axis=0).tolist():
                    meets[i].add(j)
                    meets[j].add(i)
        used: dict[str, list[int]] = {group: [0] * SHADES for group in GROUPS}
        for i, place in enumerate(self.places):
            counts = used[place.group]
            if i >= self._shaded:
                taken = {self.places[j].shade for j in meets[i] if j < i and self.places[j].group == place.group}
                free = [s for s in range(SHADES) if s not in taken] or list(range(SHADES))
                place.shade = min(free, key=lambda s: (counts[s], s))
            counts[place.shade] += 1
        self._shaded = len(self.places)

    _shaded: int = 0


def _one(inside: npt.NDArray[np.bool_]) -> Share:
    return shares(np.where(inside, "in", "out"), ("in",))[0]
