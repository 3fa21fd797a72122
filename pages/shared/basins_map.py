"""What the page on basins asks of the core: maps of starts, cut into pieces that workers carry out.

In two variables there is a map of the window for GD and one for SAM. In one variable there are a row of starts for
each, and a map of SAM with the start across and the radius upwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dynamics import Basins, Rule, basins, gd, outcome, sam
from dynamics.attractors import Attractors
from dynamics.basins import joined
from dynamics.outcome import OUTCOMES
from dynamics.radii import sam_at_radii
from landscapes import Landscape
from landscapes.landscape import Array
from landscapes.slopes import Slopes
from pages.shared import jobs
from pages.shared.analysis import Question
from pages.shared.compute import PATIENCE
from pages.shared.sweeping import Stopped

_COARSE: Final = (50, 32, 20)  # starts along an axis of the map that is drawn at once: as many as take a moment
SIZES: Final = (10, 400)  # of the grid that follows
USUAL_SIZE: Final = 200
_ROWS: Final = 5000  # starts of a piece, about
_SAMPLES: Final = 200  # ends that are kept of a curve, to know it again
KINDS: Final = ("", *outcome.KINDS)  # empty where a verdict is about no stationary point


@dataclass(frozen=True)
class MapQuestion:
    """A landscape, two rules on it, and how many starts along an axis."""

    landscape: Landscape
    rho: float
    eta: float
    steps: int
    n: int

    @staticmethod
    def of(q: Question, n: int) -> MapQuestion:
        """Take what matters from a question; its start does not."""
        return MapQuestion(q.landscape, q.rho, q.eta, q.steps, n)

    def axes(self) -> tuple[Array, Array]:
        """Return the middles of the cells, across (n,) and upwards (n,): x and y, or x and rho."""
        ranges = (*self.landscape.domain, (0.0, self.landscape.rho_max))[:2]
        return tuple(low + (high - low) * (np.arange(self.n) + 0.5) / self.n for low, high in ranges)  # type: ignore[return-value]

    def maps(self) -> tuple[str, ...]:
        """Name the maps: what runs, and over what."""
        return ("GD", "SAM") if self.landscape.dim == 2 else ("radii",)

    def pieces(self) -> tuple[Piece, ...]:
        """Cut the maps into pieces, in an order in which they fill in evenly."""
        parts = max(1, round(self.n * self.n / _ROWS))
        order = sorted(range(parts), key=lambda part: f"{part:08b}"[::-1])
        return tuple(Piece(self, name, part, parts) for part in order for name in self.maps())

    @property
    def coarse(self) -> MapQuestion:
        """The same on a grid that can be drawn at once."""
        fewer = [replace(self, n=min(n, self.n)) for n in _COARSE]
        return next((q for q in fewer if q.cost <= PATIENCE), fewer[-1])

    @property
    def cost(self) -> float:
        """Estimate the seconds that the maps take one worker; runs that settle early make it shorter."""
        share = 1.0 if self.landscape.dim == 2 else 0.6
        each = 4e-8 + self.landscape.kernel.length * 1e-9
        if self.landscape.dim == 1 and self.landscape.depends_on_rho:
            return self.n * self.steps * (3e-5 + self.n * each)
        return share * self.n**2 * self.steps * each


@dataclass(frozen=True)
class Piece:
    """Every so many-th row of a map, which one worker carries out."""

    question: MapQuestion
    map: str  # "GD", "SAM" or "radii"
    part: int
    parts: int

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Which rows these are."""
        return np.arange(self.part, self.question.n, self.parts)


@dataclass(frozen=True, eq=False)
class Patch:
    """How the runs of a piece ended, in numbers that take little room: k runs in r rows, at m places."""

    words: npt.NDArray[np.uint8]  # (k,) in OUTCOMES
    kinds: npt.NDArray[np.uint8]  # (k,) in KINDS
    undefined: npt.NDArray[np.bool_]  # (k,)
    settled: npt.NDArray[np.int32]  # (k,)
    ends: Array  # (k, d)
    place: npt.NDArray[np.int16]  # (k,) in `places`; -1 for none
    places: Attractors
    samples: tuple[Array, ...]  # m ends (s, d) at each place

    @staticmethod
    def of(b: Basins) -> Patch:
        """Pack basins."""
        samples = []
        for i in range(len(b.found)):
            members = np.flatnonzero(b.attractors == i)
            samples.append(b.ends[members[:: max(1, len(members) // _SAMPLES)]])
        return Patch(
            words=_coded(b.outcomes, OUTCOMES), kinds=_coded(b.kinds, KINDS), undefined=b.undefined,
            settled=b.settled.astype(np.int32), ends=b.ends, place=b.attractors.astype(np.int16), places=b.found,
            samples=tuple(samples),
        )  # fmt: skip


def _coded(words: npt.NDArray[np.str_], known: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Return the places (n,) of words in a tuple; a word that is not in it is an error, not the first one."""
    codes, unknown = np.zeros(len(words), dtype=np.uint8), np.ones(len(words), dtype=np.bool_)
    for i, word in enumerate(known):
        here = words == word
        codes[here], unknown[here] = i, False
    if unknown.any():
        raise ValueError(f"words must be among {', '.join(map(repr, known))}, got {str(words[unknown][0])!r}")
    return codes


def rules(q: MapQuestion) -> dict[str, Any]:
    """Return the rules of both columns, at the question's own radius."""
    slopes = Slopes(q.landscape)
    return {"GD": gd(slopes, q.eta), "SAM": sam(slopes, q.eta, q.rho)}


def run_piece(piece: Piece) -> Patch:
    """Carry out a piece; to be called by a worker of `jobs`.

    Raises:
        Stopped: the job's owner has asked for the end.
    """
    q = piece.question
    across, up = q.axes()
    rows = piece.rows
    if piece.map == "radii":
        return Patch.of(_over_radii(q, across, up[rows]))
    starts = np.stack(np.meshgrid(across, up[rows]), axis=-1).reshape(-1, 2)
    return Patch.of(_run(rules(q)[piece.map], starts, q.steps))


def _over_radii(q: MapQuestion, across: Array, radii: Array) -> Basins:
    starts = np.tile(across[:, None], (len(radii), 1))
    if "rho" not in dict(q.landscape.parameters):
        slopes = Slopes(q.landscape)
        return _run(sam_at_radii(slopes, q.eta, np.repeat(radii, len(across))), starts, q.steps)
    rows = []
    for rho in radii.tolist():  # each radius makes another landscape
        slopes = Slopes(q.landscape.with_parameters(rho=rho))
        rows.append(_run(sam(slopes, q.eta, rho), across[:, None], q.steps))
    return joined(rows)


def _run(rule: Rule, starts: Array, steps: int) -> Basins:
    found = basins(rule, starts, steps, stop=jobs.stop_asked)
    if found is None:
        raise Stopped("it was stopped")
    return found


def run_coarse(q: MapQuestion) -> dict[str, Patch]:
    """Carry out the maps on a coarse grid; in one variable also the rows of starts at the question's radius."""
    patches = {name: run_piece(Piece(q.coarse, name, 0, 1)) for name in q.maps()}
    if q.landscape.dim == 1:
        starts = q.axes()[0][:, None]
        patches |= {name: Patch.of(_run(rule, starts, q.steps)) for name, rule in rules(q).items()}
    return patches
