"""An answer as tracks for the player: thinned, in the picture's coordinates, with their sentences and numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from dynamics import Orbit
from dynamics.outcome import STALLS
from dynamics.rules import NORMALIZED
from dynamics.sentences import article, counted, number, place
from figures.palette import KINDS, RULES, SYMBOLS, TEXT
from landscapes import Landscape
from pages.shared.analysis import Answer, Question, Run
from pages.shared.live import live
from pages.shared.playback import LONGEST, Array, Note, Playback, Track

_SLOPE: Final = {1: ("slope", "slope"), 2: ("gradient", "length of the gradient")}


def playback(
    q: Question, a: Answer, more: Sequence[Run] = (), radius: str | None = None, rho_max: float | None = None
) -> Playback:
    """Make the tracks of GD and SAM, and of further runs.

    Args:
        q: the question; its start is the handle's place, its window the handle's limits.
        a: the answer to it.
        more: runs of other rules from the same start.
        radius: the key of the radius's control; where there is one the browser runs GD and SAM itself.
        rho_max: its upper limit, if it is not the landscape's.
    """
    l = q.landscape
    start = np.asarray(q.start, dtype=np.float64)
    return Playback(
        tracks=tuple(_track(l, run) for run in (a.gd, a.sam, *more)),
        dim=l.dim,
        start=(float(start[0]), float(start[1] if l.dim == 2 else l.value(start))),
        window=l.domain,
        quantum=tuple(quantum(low, high) for low, high in l.domain),
        templates=_templates(l.dim),
        thinned=_thinned(q.steps),
        every=_every(q.steps),
        live=None if radius is None else live(q, radius, rho_max),
    )


def quantum(low: float, high: float) -> float:
    """Return the distance between the starts that one can point at: the fourth significant digit of the width."""
    return float(10.0 ** (math.floor(math.log10(high - low)) - 3))


def snapped(value: float, low: float, high: float) -> float:
    """Return the nearest start that one can point at, in the window."""
    q = quantum(low, high)
    digits = max(0, -round(math.log10(q)))
    return min(max(round(round(value / q) * q, digits), low), high)


def _evenly(orbit: Orbit) -> npt.NDArray[np.int64]:
    """Return the entries of about every n-th step and of the last one, at most LONGEST."""
    wanted = np.append(np.arange(0, orbit.steps, _every(orbit.steps)), orbit.steps)
    return np.unique(np.searchsorted(orbit.k, wanted))  # the orbit may have been thinned before


def _every(steps: int) -> int:
    """Return which of so many steps are shown: every one, every second, ..."""
    return max(1, -(-steps // (LONGEST - 1)))


def _thinned(steps: int) -> str:
    """Say so where not every step is shown."""
    n = _every(steps)
    return "" if n == 1 else f"The picture shows about every {_ordinal(n)} of {steps:,} steps."


def _ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def _track(l: Landscape, run: Run) -> Track:
    """Take a run up to its last finite point, thinned, to the coordinates of the picture."""
    orbit = run.orbit
    keep = _evenly(orbit)
    finite = np.isfinite(orbit.x[keep]).all(axis=-1) & np.isfinite(orbit.f[keep])
    keep = keep if finite.all() else keep[: int(np.argmin(finite))]
    x, x_plus, f = orbit.x[keep], orbit.x_plus[keep], orbit.f[keep]
    looks = bool(orbit.rho.max() > 0.0)
    return Track(
        name=orbit.name,
        color=RULES.get(orbit.name, TEXT),
        symbol=SYMBOLS.get(orbit.name, "diamond"),
        k=orbit.k[keep],
        x=_in_picture(x, f),
        x_plus=_in_picture(x_plus, orbit.f_plus[keep]) if looks else None,
        step=l.gradient(x_plus) if looks else None,
        f=f,
        gradient=orbit.gradient_norms[keep],
        shifted=orbit.shifted_norms[keep] if looks else None,
        eta=float(orbit.eta[-1]),
        rho=_radius(orbit),
        end=end(l, run),
        slope=l.gradient(x)[:, 0] if l.dim == 1 else None,
        notes=_notes(l, run) if orbit.name in ("GD", "SAM") else (),  # more of them would hide the picture
    )


def _radius(orbit: Orbit) -> float:
    """Return how far a run looks ahead, NaN where that is not the same all the way."""
    sams = orbit.traits.look_ahead == NORMALIZED
    return float(orbit.rho[-1]) if sams and (orbit.rho == orbit.rho[0]).all() else math.nan


def _in_picture(x: Array, f: Array) -> Array:
    """Return points (n, d) with their heights (n,) as points (n, 2) of the picture."""
    return x if x.shape[-1] == 2 else np.stack([x[:, 0], f], axis=-1)


def end(l: Landscape, run: Run) -> str:
    """Say how a run ended and from which step on, for those who do not see it."""
    v, name = run.verdict, run.orbit.name
    if v.outcome == "diverged":
        return f"{name} diverged at step {v.step:,}." if v.step else v.sentence
    if v.outcome not in STALLS or v.point is None:
        return v.sentence
    what, length = _SLOPE[l.dim]
    value = v.slope if v.slope is not None else v.gradient_norm
    seen = f"to {place(v.target, l.diagonal)}, {article(v.kind or 'degenerate')} of f" if v.target is not None else ""
    return (
        f"{name} stalled after {counted(v.step, 'step')} at {place(v.point, l.diagonal)}: "
        f"the {length} there is {number(value)}, but it looks {seen or 'uphill'}, "
        f"where the {what} has all but vanished."
    )


def _notes(l: Landscape, run: Run) -> tuple[Note, ...]:
    """Label the place of a hallucinated stop, and in one variable the place it looks at."""
    v = run.verdict
    if v.outcome != "hallucinated" or v.point is None or v.target is None:
        return ()
    color = RULES.get(run.orbit.name, TEXT)
    if l.dim == 2:
        dx, dy = v.target - v.point
        side = "above" if dy <= 0.0 else "below"
        if abs(dy) > abs(dx):
            side = "left" if v.point[0] > 0.5 * sum(l.domain[0]) else "right"
        text = f"{run.orbit.name} stops: |∇f| = {number(v.gradient_norm)}"
        return (Note(float(v.point[0]), float(v.point[1]), text, color, side),)
    assert v.slope is not None
    outwards, inwards = ("right", "left") if v.point[0] > v.target[0] else ("left", "right")
    free = "below" if v.kind == "minimizer" else inwards  # where there is no curve
    return tuple(
        Note(float(at[0]), float(l.value(at)), text, ink, side)
        for at, text, ink, side in (
            (v.point, f"{run.orbit.name} stops: slope {number(v.slope)}", color, outwards),
            (v.target, "it looks here: slope 0", KINDS[v.kind or "degenerate"].color, free),
        )
    )


def _templates(dim: int) -> dict[str, str]:
    """Write the microscope's sentences; the browser puts the numbers of a step in."""
    what, length = _SLOPE[dim]
    return {
        "uphill": "Step {k} of {name}, look uphill: from {x}, where the " + length + " is {g}, it goes ρ = {rho} in "
        "the direction in which f rises, to {x_plus}.",
        "measure": f"Measure there: the {length} is {{s}}.",
        "down": "Come back and step down: it takes the " + what + " that it measured there, {s}, for the one here, "
        "{g}, and moves by η = {eta} times it, a distance of {move}, to {next}.",
    }
