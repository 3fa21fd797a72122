"""From the words of the verdicts to the groups that basins are drawn in: their names, and how large each share is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from .outcome import TOLERANCES

UNDEFINED: Final = "undefined"
UNDECIDED: Final = "undecided"

# The one map from the verdicts' words to groups. A word that is not here is undecided.
GROUP_OF: Final = MappingProxyType(
    {
        "reached": "minimizer",  # a minimizer of f was reached,
        "bouncing": "minimizer",  # or is bounced around
        "hallucinated": "hallucinated",
        "trapped": "trapped",  # around a saddle or maximizer,
        "stopped": "trapped",  # or on one
        "cycling": "cycling",
        "diverged": "diverged",
        "still moving": UNDECIDED,
        "stalled": UNDECIDED,  # not certified
    }
)


@dataclass(frozen=True)
class Words:
    """How one speaks of a group."""

    label: str  # 12.3% at a true minimizer
    one: str  # SAM ends at a true minimizer
    many: str  # 12.3% of the starts end at a true minimizer
    help: str  # which runs belong to it


# In this order they are listed.
WORDS: Final = MappingProxyType(
    {
        "minimizer": Words(
            "at a true minimizer", "ends at a true minimizer", "end at a true minimizer",
            "a minimizer of f was reached, or the run bounces around it",
        ),
        "hallucinated": Words(
            "at a hallucinated point", "ends at a hallucinated point", "end at a hallucinated point",
            "the run stopped, or is closing in, where the gradient is not 0",
        ),
        "trapped": Words(
            "held at a saddle, maximizer or degenerate point", "is held at a saddle, maximizer or degenerate point",
            "are held at a saddle, maximizer or degenerate point",
            "the run stopped on, or is held around, a stationary point of f that is no minimizer by its curvatures",
        ),
        "cycling": Words(
            "in a cycle", "goes round in a cycle", "go round in a cycle", "the run comes back to where it was"
        ),
        "diverged": Words(
            "diverged", "diverges", "diverge",
            f"the run left the finite numbers, or went {TOLERANCES.far:g} diagonals of the window from its middle",
        ),
        UNDECIDED: Words(
            "undecided", "is undecided (still moving, or stalled without a proof)",
            "are undecided (still moving, or stalled without a proof)",
            "still moving after these steps, or stalled without being certified",
        ),
        UNDEFINED: Words(
            "f undefined", "begins where f is undefined", "begin where f is undefined", "f is not defined at the start"
        ),
    }
)  # fmt: skip
GROUPS: Final = tuple(WORDS)
PLACED: Final = ("minimizer", "hallucinated", "trapped")  # runs of these end at a place
PLACELESS: Final = tuple(group for group in WORDS if group not in PLACED)

_Z: Final = 1.96  # standard deviations on either side of the mean that hold 95% of a normal distribution


@dataclass(frozen=True)
class Share:
    """Which part of the starts belongs to a group, and by how much that may be off for the window as a whole."""

    group: str
    count: int
    share: float
    error: float


def grouped(outcomes: npt.NDArray[np.str_], undefined: npt.NDArray[np.bool_]) -> npt.NDArray[np.str_]:
    """Map words (n,) to groups; where f is undefined at the start that is the group, whatever became of the run."""
    words, which = np.unique(outcomes, return_inverse=True)
    groups = np.array([GROUP_OF.get(str(word), UNDECIDED) for word in words], dtype=str)
    return np.where(undefined, UNDEFINED, groups[which] if len(words) else outcomes)


def shares(groups: npt.NDArray[np.str_], wanted: Sequence[str] = GROUPS) -> tuple[Share, ...]:
    """Return the share of each group, with its error; the shares of all groups sum to 1.

    Args:
        groups: of random starts (n,); or of a regular grid of starts that stand in the middles of their cells, (n, 1)
            in one variable, (ny, nx) in two.
        wanted: the groups.

    Returns:
        One a group. Of random starts the error is half the width of Wilson's interval for 95%. On a grid it is no
        matter of chance, and such an interval would say too much or too little: there it is an estimate. Cells through
        which the boundary of the group runs are counted wrongly, each by half of it at most where the boundary is
        straight in it, and there are about as many of them as neighbours in a row or a column that end differently:
        half their number, as a share, is the error. What is narrower than a cell is not seen.

    Source:
        Wilson 1927; for the grid, the count of the cells that a curve meets by the grid lines that it crosses.
    """
    n = groups.size
    found = []
    for group in wanted:
        inside = groups == group
        count = int(inside.sum())
        error = 0.0 if not n else _of_a_grid(inside) if groups.ndim == 2 else _of_a_sample(count, n)
        found.append(Share(group, count, count / n if n else 0.0, error))
    return tuple(found)


def _of_a_grid(inside: npt.NDArray[np.bool_]) -> float:
    return 0.5 * sum(int(np.count_nonzero(np.diff(inside, axis=axis))) for axis in (0, 1)) / inside.size


def _of_a_sample(count: int, n: int) -> float:
    p = count / n
    return float(_Z / (1.0 + _Z**2 / n) * np.sqrt(p * (1.0 - p) / n + _Z**2 / (4.0 * n**2)))
