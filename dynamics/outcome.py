"""What a verdict says, the words it says it in, and the one table of tolerances that verdicts rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from landscapes.landscape import Array

# How a run can end. What is stored holds places in these tuples: a new word goes to the end.
Outcome: TypeAlias = Literal[
    "reached", "bouncing", "hallucinated", "stopped", "trapped", "cycling", "diverged", "stalled", "still moving"
]
OfNorms: TypeAlias = Literal["small gradient"]  # what is said where only norms are known
Kind: TypeAlias = Literal["minimizer", "saddle", "maximizer", "degenerate"]  # of a stationary point
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
STALLS: Final[tuple[Outcome, ...]] = ("hallucinated", "stalled")  # S has vanished where g has not; proved or not
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WORD: Final = np.dtype(f"U{max(map(len, (*OUTCOMES, *KINDS)))}")  # of arrays of these words; a longer one is cut


@dataclass(frozen=True)
class Tolerances:
    """What verdicts rest on; w is the number of last steps that are looked at."""

    window: tuple[int, float] = (20, 0.1)  # w: at least so many steps, and this share of the run
    far: float = 10.0  # diverged: window diagonals from the window's centre
    no_look_ahead: float = 1e-3  # rule 2: rho below this share of its largest
    small_gradient: float = 1e-3  # rule 2: |g| below this share of its largest
    rounding: float = 1e-12  # rule 2: ... or below this share of |H| times the diagonal
    near_root: float = 0.01  # rules 2 and 4: Newton on g may go this many diagonals
    stall: float = 0.05  # rule 3: |S|/|g| at most, throughout the last w/4 steps
    near_stall: float = 0.1  # rule 3: Newton on S may go this share of rho; so far may go on what has stalled
    arrived: float = 1e-6  # rule 3: |S|/|g| below which a point has been reached; above, it is being approached
    bounce: float = 3.0  # rule 4: distance from the stationary point at most this times eta max|S|
    wander: float = 5.0  # rule 4, gradient noise: ... or this many standard deviations of what the noise alone does
    wide: float = 0.25  # rule 4: from this share of rho on it cycles through the point, unless every other step returns
    recurrence: float = 0.02  # rules 4 and 5: comes back this close, as a share of the spread
    again: float = 0.9  # rules 4 and 5: ... at this share of the last steps, at some lag
    net: float = 0.3  # rule 5: net displacement at most this share of the path; no cycle has more
    ahead: float = 100.0  # rules 3 to 5: what goes on is continued for so many times w steps, ten times the run
    drift: float = 0.1  # rules 4 and 5: ... and then may have moved, or grown, by this share of the spread
    around: float = 0.25  # rule 5: a cycle is around a point this far outside its box at most, as a share of the spread
    grown: float = 1e4  # from norms alone, diverged: the loss is this many times max(1, the first one)


TOLERANCES: Final = Tolerances()
STAYS: Final = 1e-6  # of the window's diagonal: a settled run moves less than this in all the steps that count


@dataclass(frozen=True)
class Verdict:
    """How a run ended, with the numbers it rests on."""

    outcome: Outcome | OfNorms
    kind: Kind | None  # of the stationary point it is about (the target, where that is a hallucinated point)
    point: Array | None  # (d,) where; for a hallucinated point after Newton
    target: Array | None  # (d,) the look-ahead point there, where it is about a hallucinated point
    step: int  # from which on it holds
    approaching: bool = False  # hallucinated: not there yet
    gradient_norm: float = np.nan  # |g| at the point, or at the end
    shifted_norm: float = np.nan  # |S| at the end
    step_limit: float = np.nan  # about a hallucinated point: eta below which it attracts; 0 where it repels
    slope: float | None = None  # about a hallucinated point, one variable: f' there
    sentence: str = ""  # the same in words


def tail_of(entries: int) -> int:
    """Count the last entries that are looked at, of so many."""
    fewest, share = TOLERANCES.window
    return int(min(entries, max(fewest, share * (entries - 1))))


def since(holds: np.ndarray) -> int:
    """First step from which on `holds` (steps+1,) is true to the end."""
    broken = np.flatnonzero(~holds)
    return int(broken[-1]) + 1 if broken.size else 0
