"""What was proved of the hallucinated points in a window, and what was not, as data and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from landscapes.landscape import Array, Domain

from .boxes import Zeros
from .directions import EDGE, STATIONARY, TANGENT, Directions
from .krawczyk import CURVE, DEGENERATE, FLAT, KINK, UNDEFINED
from .sentences import counted, number, plural_of


@dataclass(frozen=True)
class Proof:
    """What was proved of the hallucinated points in a window, and what was not."""

    rho: float
    eta: float
    window: Domain  # the domain widened by rho
    boxes: Array  # (n, d, 2) low and high; each holds exactly one zero of g
    zeros: Array  # (n, d) these zeros, as floats
    kinds: np.ndarray  # (n,) "minimizer" | "saddle" | "maximizer", or "undecided"
    undecided_boxes: Array  # (m, d, 2) these may hold further zeros
    decided_boxes: Array  # (l, d, 2) the others that the window was cut into
    arcs: Array  # (k, 2) in turns, around zeros[targets]; each holds exactly one hallucinated point of the window
    points: Array  # (k, d) these points, as floats
    errors: Array  # (k,) how far from them the true ones are at most
    targets: np.ndarray  # (k,) indices into zeros
    attracts: np.ndarray  # (k,) at eta, or for small enough steps: "attracts" | "repels" | "undecided"
    undecided_arcs: Array  # (u, 2) these may hold further points
    undecided_targets: np.ndarray  # (u,) indices into zeros
    looked_at: tuple[int, int]  # boxes and arcs
    covered: bool  # boxes and arcs cover all of the window and of the circles; False if some went missing
    complete: bool  # every box and every arc is decided, and none is missing
    differences: tuple[str, ...]  # what the list says otherwise than the proof
    confirmed: int  # points of the list that are proved
    lacking: np.ndarray  # (s,) indices of the points proved that the list has not
    unsearched: Array  # (s, d) those of the zeros that the list's search for targets has not
    reasons: tuple[str, ...]  # why the list is not proved complete; empty if it is
    proved: bool  # complete, and the list is the points proved, no more and no less
    sentence: str  # what is proved, word by word

    @property
    def headline(self) -> str:
        """Say in one line whether the list is complete, and if not, why that is not proved."""
        n = len(self.points)
        if not self.proved:
            return f"Not proved: {'; '.join(self.reasons)}."
        if not n:
            return "Proved: there is no hallucinated point in this window."
        few = {1: "this is the only hallucinated point", 2: "these are the only two hallucinated points"}
        return f"Proved: {few.get(n, f'these are all {n:,} hallucinated points')} in this window."


_BOXES: Final = {
    UNDEFINED: "f or one of its derivatives is undefined somewhere in {them}, or too large to be told",
    KINK: "the inside of an absolute value may change its sign in {them}, and f has a kink there",
    FLAT: "the gradient is zero throughout {them}",
    DEGENERATE: "f's second derivative is singular, or almost, where the gradient is zero or almost zero in {them}",
    CURVE: "they do not close in on single points: stationary points form a curve there, or lie very close together",
}
_ARCS: Final = {
    UNDEFINED: "f or one of its derivatives is undefined somewhere along {them}, or jumps",
    STATIONARY: "f may have another stationary point there, at the distance ρ from the one looked at",
    TANGENT: "two hallucinated points meet there, or almost, or there is a whole curve of them",
    EDGE: "a hallucinated point lies on the window's edge",
}


def reasons_of(every: Zeros, around: list[Directions], looked_at: tuple[int, int], dim: int) -> tuple[str, ...]:
    """Say in words why there may be more than what was found."""
    reasons = []
    stopped = 0
    boxes = Counter(reason for _, reason in every.undecided)
    arcs = Counter(reason for one in around for _, reason in one.undecided)
    whole, part = ("interval", "place") if dim == 1 else ("box", "arc")
    for counts, words, noun in ((boxes, _BOXES, whole), (arcs, _ARCS, part)):
        for reason, count in counts.items():
            if reason in words:
                why = words[reason].format(them="it" if count == 1 else "them")
                reasons.append(f"{counted(count, noun)} undecided, because {why}")
            else:
                stopped += count
    if stopped:
        what = counted(sum(looked_at), whole) + (f" and {plural_of(part)}" if looked_at[1] else "")
        reasons.append(f"stopped after {what}, with {stopped:,} still undecided")
    if not all_covered(every, around):
        reasons.append("a part of the window or of a circle was left out")
    return tuple(reasons)


def all_covered(every: Zeros, around: list[Directions]) -> bool:
    """Whether the boxes cover the window, and the arcs the circle around every zero."""
    return every.covered == 1.0 and len(around) == len(every.zeros) and all(one.covered == 1.0 for one in around)


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def at_most(value: float) -> str:
    """Write a number that is not below `value`."""
    return number(max(1.006 * value, 1e-30))  # three digits lose at most half a percent


def sentence_of(p: Proof, listed: int | None, distance: float) -> str:
    """Say what is proved, word by word."""
    if p.rho == 0.0:
        return "With ρ = 0 the look-ahead point is x itself: there is no hallucinated point."
    if not p.covered:
        return "Nothing is proved, because a part of the window or of a circle was left out."
    words = [_of_boxes(p), _of_arcs(p), _of_stability(p)]
    if p.proved and listed is not None and len(p.points):
        each = "It is in the list" if len(p.points) == 1 else f"The list has these {len(p.points):,}, each"
        words.append(f"{each} at a distance of at most {at_most(distance)} from the true one.")
    if not p.proved and listed:
        words.append(f"Of the list {counted(p.confirmed, 'point')} of {listed:,} {_are(p.confirmed)} proved.")
    return " ".join(filter(None, words))


def _of_boxes(p: Proof) -> str:
    n, undecided = len(p.boxes), len(p.undecided_boxes)
    gradient, noun = ("f′", "interval") if len(p.window) == 1 else ("∇f", "box")
    if not n and not undecided:
        return f"{gradient} has no zero in the window widened by ρ, and so there is no hallucinated point."
    return f"Every zero of {gradient} in the window widened by ρ lies in {_held(n, undecided, noun)}."


def _of_arcs(p: Proof) -> str:
    n, undecided = len(p.arcs), len(p.undecided_arcs)
    if not len(p.boxes):
        return ""
    which = " that looks at one of these zeros" if len(p.undecided_boxes) else ""
    if not n and not undecided:
        return f"There is no hallucinated point in the window{which}."
    if len(p.window) == 2:
        return f"Every hallucinated point of the window{which} lies in {_held(n, undecided, 'arc')}."
    where = []
    if n:
        known = f"known to within {at_most(float(p.errors.max()))}"
        where.append(f"this one, {known}" if n == 1 else f"one of these {n:,}, each {known}")
    if undecided:
        where.append("at the undecided place" if undecided == 1 else f"at one of the {undecided:,} undecided places")
    return f"Every hallucinated point of the window{which} is {', or '.join(where)}."


def _held(n: int, undecided: int, noun: str) -> str:
    """Say which boxes or arcs hold exactly one, and which may hold more."""
    where = []
    if n:
        one = f"this {noun}, which holds exactly one"
        where.append(one if n == 1 else f"one of these {counted(n, noun)}, each holding exactly one")
    if undecided:
        one = f"the undecided {noun}"
        where.append(one if undecided == 1 else f"one of the {undecided:,} undecided {plural_of(noun)}")
    return ", or in ".join(where)


def _of_stability(p: Proof) -> str:
    n = len(p.points)
    if not n:
        return ""
    attract, undecided = (int(np.sum(p.attracts == word)) for word in ("attracts", "undecided"))
    steps = f"at the step size η = {p.eta:.4g}" if p.eta else "for small enough steps"
    if n == 1:
        known = {"attracts": "attracts SAM", "repels": "does not attract SAM"}.get(str(p.attracts[0]))
        return f"It {known} {steps}." if known else f"Whether it attracts SAM {steps} is undecided."
    if undecided == n:
        return f"Whether they attract SAM {steps} is undecided."
    if undecided and not attract:
        which, it = ("one", "it attracts") if undecided == 1 else (f"{undecided:,}", "they attract")
        others = "the other one does not" if n == undecided + 1 else "of the others none does"
        return f"For {which} of them it is undecided whether {it} SAM {steps}; {others}."
    some = {0: "None of them attracts", 1: "One of them attracts", n: "All of them attract"}.get(
        attract, f"{attract:,} of them attract"
    )
    rest = "" if not undecided else f"; for {undecided:,} that is undecided"
    return f"{some} SAM {steps}{rest}."
