"""What the page on remedies concludes, from one start and over a grid of them, in sentences made of its numbers."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

import numpy as np
import streamlit as st

from dynamics.rules import NORMALIZED
from dynamics.sentences import article, counted, number, percent
from dynamics.verdict import Verdict
from figures.palette import KINDS
from pages.shared.analysis import Answer, Question, Run
from pages.shared.remedies import Ends, GridCase, fine

_SAME: Final = 1e-4  # of the diagonal: ends that are closer are one place
_OWN_RADIUS: Final = {  # rules to which rho is another quantity than to SAM
    "USAM": "USAM's distance is ρ times the slope, so it shrinks to nothing where the slope does.",
    "ASAM": "ASAM's distance is scaled by the coordinates of x.",
    "LE-SAM": "LE-SAM's distance is at most ρ, and less where the slope is steep.",
}


def short(v: Verdict, own: bool = False) -> str:
    """Say in a few words how a run ended; `own` where a hallucinated point is not one of SAM's."""
    kind = KINDS[v.kind].label if v.kind else ""
    match v.outcome:
        case "reached":
            return "reached a minimizer"
        case "bouncing":
            return "bounces around a minimizer"
        case "stopped":
            return f"stopped at {article(v.kind or 'degenerate')}"
        case "trapped":
            return f"held at {article(v.kind or 'degenerate')}"
        case "hallucinated":
            return f"at a hallucinated {kind}{' of its own' if own else ''}"
        case "stalled":
            return "stalled, not certified"
        case "cycling":
            return "goes round in a cycle"
        case "diverged" | "still moving" | "small gradient":
            return v.outcome
        case _:
            assert_never(v.outcome)


def has_own(run: Run) -> bool:
    """Say whether a run stopped at a point that is hallucinated by its own look-ahead, which is not SAM's."""
    return run.verdict.outcome == "hallucinated" and run.orbit.traits.look_ahead != NORMALIZED


def ranked(runs: Sequence[Run]) -> list[Run]:
    """Sort runs: first those at a true minimizer, and among each kind by f at the end, the lowest first."""

    def last(run: Run) -> float:
        f = float(run.orbit.f[-1])
        return f if np.isfinite(f) else np.inf

    return sorted(runs, key=lambda run: (not fine(run), last(run)))


def finding(answer: Answer, runs: Sequence[Run]) -> str:
    """Say in a sentence or two which of the remedies helped from this start."""
    helped, how = fine(answer.sam), short(answer.sam.verdict)
    if not runs:
        does = "ends" if helped else "does not end"
        return f"From this start SAM alone {does} at a true minimizer ({how}). Choose what to try in its place."
    good = [run.orbit.name for run in runs if fine(run)]
    of = f"{len(good)} of {counted(len(runs), 'remedy', 'remedies')}" if good else "none of the remedies tried"
    said = f"From this start {of} {'end' if len(good) > 1 else 'ends'} at a true minimizer"
    names = f": {'; '.join(good)}" if good else ""
    return f"{said}{names}. SAM alone {'does' if helped else 'does not'} ({how})."


def alike(answer: Answer, runs: Sequence[Run], scale: float) -> str:
    """Say which runs end at the same place and so hide each other in the picture; empty where none do."""
    places: list[tuple[np.ndarray, list[str]]] = []
    for run in (answer.gd, answer.sam, *runs):
        end = run.orbit.x[-1]
        if not np.isfinite(end).all():
            continue
        same = next((names for at, names in places if np.linalg.norm(at - end) <= _SAME * scale), None)
        if same is None:
            places.append((end, [run.orbit.name]))
        else:
            same.append(run.orbit.name)
    several = ["; ".join(names) for _, names in places if len(names) > 1]
    return f"At one and the same place end {', and at another '.join(several)}." if several else ""


def over_grid(found: Mapping[GridCase, Ends]) -> str:
    """Say in a sentence or two which remedies help from more starts than SAM alone, by more than the grid's error."""
    by = {case: ends.share() for case, ends in found.items()}
    sam = next((case for case in by if case.remedy is not None and case.remedy.name == "sam"), None)
    if sam is None:
        return ""
    own = by[sam]
    said = [f"Over {sam.n**2:,} starts of the window SAM alone ends at a true minimizer from "
            f"{percent(own.share, own.error)} of them"]  # fmt: skip
    said += [f"GD from {percent(share.share, share.error)}" for case, share in by.items() if case.remedy is None]
    text = f"{', '.join(said)}."
    rest = sorted((case for case in by if case.remedy is not None and case != sam), key=lambda case: -by[case].share)
    groups: dict[str, list[str]] = {"better": [], "no different beyond the errors": [], "worse": []}
    for case in rest:
        gap, error = by[case].share - own.share, by[case].error + own.error
        word = list(groups)[0 if gap > error else 2 if gap < -error else 1]
        groups[word].append(f"{case.label} ({percent(by[case].share)})")
    parts = [f"{word}: {'; '.join(names)}" for word, names in groups.items() if names]
    return f"{text} {'. '.join(part[0].upper() + part[1:] for part in parts)}." if parts else text


def on_radius(q: Question, answer: Answer, runs: Sequence[Run]) -> str:
    """Say of rules to which rho is another quantity how far they look from the start; empty where none races."""
    own = [run for run in runs if run.orbit.name in _OWN_RADIUS]
    if not own:
        return ""
    far = [f"{run.orbit.name} {number(_looks(run))}" for run in own]
    return (
        f"ρ is another quantity to {' and '.join(run.orbit.name for run in own)}: at this start SAM looks "
        f"{number(_looks(answer.sam))} ahead at ρ = {q.rho:.4g}, {', '.join(far)} at the same ρ. "
        f"{' '.join(_OWN_RADIUS[run.orbit.name] for run in own)} So what they end at here says nothing about the same "
        "distance."
    )


def _looks(run: Run) -> float:
    return float(np.linalg.norm(run.orbit.x_plus[0] - run.orbit.x[0]))


def show_lead(q: Question, answer: Answer, runs: Sequence[Run], found: str) -> None:
    """Say first what the race shows, and what is known over the grid."""
    st.html(f'<p class="verdict"><strong>{html.escape(finding(answer, runs))}</strong></p>')
    if found:
        st.html(f'<p class="verdict">{html.escape(found)}</p>')
    words = alike(answer, runs, q.landscape.diagonal)
    if words:
        st.caption(words)
