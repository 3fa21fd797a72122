"""What the page on networks says: how a training came out, and for each picture what it shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dynamics.outcome import STALLS, TOLERANCES, since
from dynamics.sentences import counted, number, percent
from dynamics.training import Curves
from landscapes.landscape import Array
from pages.shared.trained import Slices, Trained, TrainedRun

APART: Final = 0.05  # accuracies that differ by less are called equal
_MOVES: Final = 0.01  # a loss that changes by less than this share from one tenth to the next is at rest
_TENTH: Final = 10


@dataclass(frozen=True, eq=False)
class Shown:
    """A run whose curves are drawn."""

    name: str
    color: str
    curves: Curves
    ahead: bool  # whether it looks ahead


def tendency(curves: Curves) -> str:
    """Say what the loss did lately, from its median over the last tenth of the steps and over the tenth before."""
    part = len(curves.loss) // _TENTH
    if part < 2:
        return ""
    before, last = (float(np.median(tail)) for tail in (curves.loss[-2 * part : -part], curves.loss[-part:]))
    if not (math.isfinite(before) and math.isfinite(last)):
        return ""
    change = last - before
    if abs(change) < _MOVES * abs(before):
        return "the loss is flat"
    return "still improving" if change < 0.0 else "getting worse"


def in_short(run: TrainedRun) -> str:
    """Say a run's verdict in its own word, and beside it what its loss did lately."""
    told = run.outcome in ("diverged", "learned", "learning", "flat")  # the word says it
    lately = "" if told else tendency(run.curves)
    word = run.outcome[0].upper() + run.outcome[1:]
    return f"{word}; {lately}." if lately else f"{word}."


def why(run: TrainedRun, rho: float, kind: str | None, behind: bool = False) -> str:
    """Say in one sentence why SAM ended as it did: the slope where it looks, and the one where it is.

    Args:
        run: SAM's.
        rho: how far it looks.
        kind: of the hallucinated point, where it is certified.
        behind: it has learned less than gradient descent.
    """
    c, name = run.curves, run.name
    if run.rests_on:  # on mini-batches, where the slope at w+ need not vanish
        return run.sentence
    if run.outcome == "diverged":
        return f"{name} diverged at step {run.step:,}: a smaller step size η or radius ρ may keep it."
    if rho == 0.0:
        return f"At ρ = 0 {name} does not look ahead: it is gradient descent."
    here, there = number(float(c.gradient[-1])), number(float(c.shifted[-1]))
    if run.outcome in STALLS:
        what = f"{name} stalled"
        if run.outcome == "hallucinated":
            close = c.shifted[-1] >= TOLERANCES.arrived * c.gradient[-1]
            point = "point" if kind in (None, "degenerate") else kind
            what = f"{name} {'is closing in on' if close else 'stopped at'} a hallucinated {point}"
        return (
            f"{what}: it moves by the slope at w⁺, a distance {rho:g} uphill from its weights w, and that has shrunk "
            f"to {there}, while at w itself the slope is {here}."
        )
    if run.outcome == "trapped":
        return (
            f"{name} is held by a stationary point of the loss that is no minimizer: the slope is {here} at its "
            f"weights w and {there} at w⁺. That is no hallucination."
        )
    slopes = f"the slope at w⁺, where it looks, is {there}, at its weights w it is {here}"
    if behind:
        return f"{name} has learned less, but not by a stall: {slopes}. That is no hallucination."
    return f"{name} did not stall: {slopes}."


def remedy(trained: Trained) -> str:
    """Say whether what was tried in SAM's place came out better, and as well as gradient descent."""
    gd, sam, tried = trained.runs
    ends = f"{_right(tried)} correct, where SAM has {_right(sam)} and {gd.name} {_right(gd)}"
    if tried.outcome == "diverged":
        return f"{tried.name} diverged at step {tried.step:,}."
    if tried.outcome in STALLS:
        return f"{tried.name} stalls too: {ends}."
    if not math.isfinite(gd.accuracy):
        return f"{tried.name}: {ends}."
    if sam.outcome not in STALLS and not behind(sam, gd):
        return f"SAM learned about as much as {gd.name} here. {tried.name}: {ends}."
    if not behind(tried, gd):
        return f"{tried.name} learns about as much as {gd.name}: {ends}."
    if tried.accuracy > sam.accuracy + APART or not math.isfinite(sam.accuracy):
        return f"{tried.name} helps only in part: {ends}."
    return f"{tried.name} does not help here: {ends}."


def behind(run: TrainedRun, other: TrainedRun) -> bool:
    """Say whether a run has learned less than another."""
    return math.isfinite(other.accuracy) and not run.accuracy >= other.accuracy - APART


def _right(run: TrainedRun) -> str:
    return percent(run.accuracy) if math.isfinite(run.accuracy) else "none"


def of_loss(runs: Sequence[Shown]) -> str:
    """Say what the curves of the loss show."""
    parts = []
    for run in runs:
        loss, plus = _finite(run.curves.loss), _finite(run.curves.loss_plus)
        if loss.size:
            ahead = f", and ends at {number(plus[-1])} at w⁺" if run.ahead and plus.size else ""
            parts.append(f"{run.name} goes from {number(loss[0])} to {number(loss[-1])} at w{ahead}.")
    return _said("Loss", runs, parts)


def of_slopes(runs: Sequence[Shown]) -> str:
    """Say what the curves of the gradients' lengths show."""
    parts = []
    for run in runs:
        g, s, k = run.curves.gradient, run.curves.shifted, run.curves.k
        if not _finite(g).size:
            continue
        if not run.ahead:
            parts.append(f"{run.name} ends with {number(_finite(g)[-1])}.")
            continue
        with np.errstate(all="ignore"):
            first = since(s / g <= TOLERANCES.stall)
        from_there = ""
        if first < len(k):
            from_there = f"; from step {k[first]:,} on the second is below {percent(TOLERANCES.stall)} of the first"
        parts.append(
            f"{run.name} ends with {number(_finite(g)[-1])} at w and {_last(s)} at w⁺, where it looks{from_there}."
        )
    return _said("Slope, on a scale of powers of ten,", runs, parts)


def of_angle(runs: Sequence[Shown]) -> str:
    """Say what the curves of the angle show."""
    parts = []
    for run in runs:
        cosine = _finite(run.curves.cosine)
        if run.ahead and cosine.size:
            lowest = int(np.nanargmin(run.curves.cosine))
            parts.append(
                f"{run.name} ends at {number(cosine[-1])}; the least is {number(cosine.min())}, "
                f"at step {run.curves.k[lowest]:,}."
            )
    return _said("Cosine of the angle between the gradients at w and at w⁺, 1 where they agree,", runs, parts)


def of_accuracy(runs: Sequence[Shown]) -> str:
    """Say what the curves of the accuracy show."""
    parts = []
    for run in runs:
        share = _finite(run.curves.accuracy)
        if not share.size:
            continue
        best = int(np.nanargmax(run.curves.accuracy))
        lost = share.max() - share[-1] >= APART
        before = f", after {percent(share.max())} at step {run.curves.k[best]:,}" if lost else ""
        parts.append(f"{run.name} ends at {percent(share[-1])}{before}.")
    return _said("Training accuracy", runs, parts)


def _said(what: str, runs: Sequence[Shown], parts: Sequence[str]) -> str:
    reached = max((int(run.curves.k[-1]) for run in runs if len(run.curves.k)), default=0)
    return " ".join([f"{what} over {counted(reached, 'step')}.", *parts])


def _finite(values: Array) -> Array:
    return np.asarray(values[np.isfinite(values)])


def _last(values: Array) -> str:
    return number(float(_finite(values)[-1])) if _finite(values).size else "an undefined slope"


def of_line(s: Slices, rho: float) -> str:
    """Say what the loss does on the line through w and w+."""
    low, high = int(np.nanargmin(s.line)), int(np.nanargmax(s.line))
    return (
        f"Loss on the line through w and w⁺: {s.loss:.5g} at w, {s.loss_plus:.5g} at w⁺, a distance {rho:g} on. "
        f"It is least, {s.line[low]:.5g}, at a distance of {number(s.along[low])} from w, and greatest, "
        f"{s.line[high]:.5g}, at {number(s.along[high])}."
    )


def of_plane(s: Slices, rho: float) -> str:
    """Say what the loss looks like on the plane, and how the run goes over it."""
    q, p = np.unravel_index(int(np.nanargmin(s.plane)), s.plane.shape)
    (a, b), first = s.path[0], int(s.path_steps[0])
    return (
        f"Level lines of the loss on a plane through w, at (0, 0), and w⁺, at ({number(rho)}, 0): from "
        f"{number(float(np.nanmin(s.plane)))}, at ({number(s.ahead[p])}, {number(s.across[q])}), to "
        f"{number(float(np.nanmax(s.plane)))}. The run, projected, goes from ({number(a)}, {number(b)}) at step "
        f"{first:,} to w at step {s.path_steps[-1]:,}."
    )


def of_layer(layer: Array) -> str:
    """Say what the images of a first layer show."""
    most, typical = float(np.abs(layer).max()), float(np.sqrt(np.mean(layer**2)))
    return (
        f"The weights of the first layer's {counted(len(layer), 'unit')} as images, on one scale from "
        f"{number(-most)} to {number(most)}; their root mean square is {number(typical)}."
    )
