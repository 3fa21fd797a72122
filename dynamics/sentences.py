"""Verdicts in words, with their numbers, and how numbers, counts, shares and places are written."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

import numpy as np

from .outcome import TOLERANCES
from .rules import NORMALIZED
from .spectra import ZERO

if TYPE_CHECKING:
    from landscapes.landscape import Array

    from .certify import Certificate
    from .orbit import Orbit
    from .outcome import Verdict


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """Write a number with three significant digits, or as many as asked for, or as it has before the point."""
    if not np.isfinite(value):
        return "infinity" if value > 0 else "-infinity" if value < 0 else "undefined"
    if value == 0.0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")  # rounded, so that 0.0099999 is 0.0100 and not 0.01000
    if -3 <= int(exponent) < 5:
        places = max(0, digits - 1 - int(exponent))
        return f"{value:,.{places}f}".replace("-", "−")
    return f"{mantissa}·10".replace("-", "−") + str(int(exponent)).translate(_RAISED)


def told_apart(values: Sequence[float], most: int = 9) -> list[str]:
    """Write ascending numbers with three digits, or as many more, up to `most`, as tell them apart."""
    digits = [3] * len(values)
    for i, (a, b) in enumerate(itertools.pairwise(values)):
        needed = next((n for n in range(3, most) if number(a, n) != number(b, n)), most) if a != b else 3
        digits[i : i + 2] = max(digits[i], needed), max(digits[i + 1], needed)
    return [number(value, n) for value, n in zip(values, digits, strict=True)]


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Write a number of things: 1 box, 2 boxes; `plural` where it is irregular, as of radius."""
    return f"{n:,} {noun if n == 1 else plural or plural_of(noun)}"


def plural_of(noun: str) -> str:
    """Write the regular plural of an English noun."""
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def percent(share: float, error: float = 0.0) -> str:
    """Write a measured share, and by how much it may be off: 12.3% ± 0.4%.

    What is little but not nothing is not 0%, nor almost all 100%.
    """
    if 0.0 < share < 0.0005:
        written = "< 0.1%"
    elif 0.9995 <= share < 1.0:
        written = "> 99.9%"
    else:
        written = f"{share:.1%}" if 0.0 < share < 1.0 else f"{share:.0%}"
    if not error:
        return written
    return f"{written} ± {error:.1%}" if error >= 0.0005 else f"{written} ± {100.0 * error:.1g}%"


def place(x: Array, scale: float) -> str:
    """Write a point: x = 0.400, or (1.20, 3.40); what is nothing beside `scale`, the window's diagonal, is 0.

    Of many variables only the length is written.
    """
    if len(x) > 2:
        return f"weights of length {number(float(np.linalg.norm(x)))}"
    rounded = [number(float(v) if abs(v) > 1e-9 * scale else 0.0) for v in x]
    return f"x = {rounded[0]}" if len(x) == 1 else f"({', '.join(rounded)})"


def article(kind: str) -> str:
    """Write a kind with its article; a degenerate point is a degenerate stationary point."""
    return "a degenerate stationary point" if kind == "degenerate" else f"a {kind}"


def sentence(v: Verdict, orbit: Orbit, scale: float) -> str:
    """Say in one or two plain sentences how a run ended.

    Args:
        v: the verdict, with everything but its sentence.
        orbit: the run it is about.
        scale: the window's diagonal.
    """
    name = orbit.name
    steps = counted(orbit.steps, "step")
    where = place(v.point, scale) if v.point is not None else ""
    match v.outcome:
        case "reached":
            return f"{name} reached a minimizer of f at {where}."
        case "stopped":
            return f"{name} stopped at {where}, {article(v.kind or 'degenerate')} of f."
        case "hallucinated":
            assert v.target is not None
            close = "is closing in on" if orbit.traits.follows_shift else "stays close to"
            verb = close if v.approaching else "stopped at"
            assert v.point is not None
            sams = orbit.traits.look_ahead == NORMALIZED
            far = float(orbit.rho[-1]) if sams else float(np.linalg.norm(v.target - v.point))
            what = _hallucinated(v.kind) + ("" if sams else " of its own")
            repels = v.step_limit <= orbit.eta[-1]  # and the run stands on it
            return (
                f"{name} {verb} {where}, a hallucinated {what}: {_slope(v)}, not 0. "
                f"It looked a distance {far:.4g} uphill, to {place(v.target, scale)}, "
                f"{article(v.kind or 'degenerate')} of f, and the gradient there is 0."
                + (" The point repels: the least disturbance would carry the run away." if repels else "")
            )
        case "stalled" if v.shifted_norm > TOLERANCES.stall * v.gradient_norm:
            return (
                f"{name} came to rest at {where}, where neither gradient is 0: its step takes one against the other. "
                f"The gradient there has length {number(v.gradient_norm)}, at the look-ahead point "
                f"{number(v.shifted_norm)}."
            )
        case "stalled":
            return (
                f"{name} stalled near {where}: the gradient at the look-ahead point has shrunk to "
                f"{number(v.shifted_norm)} while the gradient itself is {number(v.gradient_norm)}. "
                + (
                    "Newton's method did not confirm a hallucinated point."
                    if orbit.traits.look_ahead == NORMALIZED
                    else "No hallucinated point was confirmed."
                )
            )
        case "bouncing":
            parts = ["its radius"] if orbit.rho[-1] > 0.0 else []
            parts += ["its step size", "the noise"] if orbit.traits.noise else ["its step size"]
            what = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
            return f"{name} bounces around a minimizer of f at {where}, at a distance set by {what}."
        case "trapped":
            return f"{name} is trapped at {where}, {article(v.kind or 'degenerate')} of f. That is no hallucination."
        case "cycling" if v.target is not None:
            why = (
                "that point repels at every step size"
                if v.step_limit == 0.0
                else f"at η = {orbit.eta[-1]:.4g} the steps are too long to settle there, which they do below "
                f"η = {number(v.step_limit)}"
            )
            return (
                f"{name} goes round in a cycle around a hallucinated {_hallucinated(v.kind)} near {where}: "
                f"{_slope(v)}, not 0, and {why}."
            )
        case "cycling":
            around = f" through {article(v.kind)} of f" if v.kind else ""
            return f"{name} goes round in a cycle{around} near {where}."
        case "diverged":
            return _gone(v.step, orbit, scale)
        case "small gradient":
            return norms_sentence(v, name)
        case "still moving":
            if v.target is not None:
                repels = "repels" if v.step_limit == 0.0 else f"repels at η = {orbit.eta[-1]:.4g}"
                return (
                    f"{name} is still moving after {steps}, passing close to a hallucinated point that {repels}, "
                    f"at {where}; it looks at {article(v.kind or 'degenerate')} of f."
                )
            if v.kind is not None:
                return f"{name} is still moving after {steps}, passing close to {article(v.kind)} of f at {where}."
            return f"{name} is still moving after {steps}, now at {where}."
        case _:
            assert_never(v.outcome)


def norms_sentence(v: Verdict, name: str) -> str:
    """Say in plain sentences what the norms of a run tell.

    Args:
        v: the verdict, with everything but its sentence.
        name: what the run is called.
    """
    s, g = number(v.shifted_norm), number(v.gradient_norm)
    match v.outcome:
        case "diverged":
            return f"{name} diverged at step {v.step:,}. A smaller step size may keep it."
        case "stalled":
            return (
                f"{name} stalled, not certified: from step {v.step:,} on the gradient at the look-ahead point is small "
                f"against the gradient itself, at the end {s} against {g}. Norms alone cannot tell what it stalled at."
            )
        case "small gradient":
            return (
                f"The gradient has become small, {g} at the end: {name} is close to a stationary point. "
                "Norms alone cannot tell of which kind."
            )
    return f"{name} is still moving at step {v.step:,}, where the gradient is {g}."


def _slope(v: Verdict) -> str:
    """Say how steep f is at a hallucinated point."""
    if v.slope is not None:
        return f"the slope there is {number(v.slope)}"
    return f"the gradient there has length {number(v.gradient_norm)}"


def _hallucinated(kind: str | None) -> str:
    return "point" if kind in (None, "degenerate") else str(kind)


def _gone(k: int, orbit: Orbit, scale: float) -> str:
    """Say where a run went that left, at step k, the window or the region where f is defined."""
    with np.errstate(all="ignore"):
        apart = np.linalg.norm(orbit.x[k] - orbit.x[0]) if len(orbit.x) == len(orbit.k) else np.nan
    if not apart <= (TOLERANCES.far - 1.0) * scale:  # it started in the window, or close to it
        where = "outside the window" if orbit.x.shape[-1] <= 2 else "from its start"
        return (
            f"{orbit.name} diverged: at step {k:,} it was far {where}. "
            f"With a step size smaller than η = {orbit.eta[-1]:.4g} it may stay, unless f has no lower bound."
        )
    at_x = not np.isfinite(orbit.f[k]) or not np.isfinite(orbit.gradient_norms[k])
    if k == 0:
        return f"{orbit.name} cannot start: f is not defined at {'the start' if at_x else 'its look-ahead point'}."
    who = orbit.name if at_x else f"{orbit.name}'s look-ahead point"
    return f"{who} left the region where f is defined at step {k:,}."


def certificate_sentence(c: Certificate) -> str:
    """Say in plain sentences what a certificate states, or why there is none."""
    what = f"{article(c.kind) if c.kind else 'a stationary point'} of f"
    if c.kind == "degenerate":
        what = f"{_degenerate(c)} of f, with {_spread(c)}"
    if not c.certified:
        looks = f" {_curvatures(c)}" if c.kind else ""
        return f"Not certified: {c.reason}.{looks}"
    attracts = {
        True: "The point attracts SAM.",
        False: "The point repels SAM, which only leaves it slowly."
        if c.step_limit == 0.0
        else f"SAM's steps are too long to settle there: it attracts below η = {number(c.step_limit)}.",
        None: "Whether the point attracts SAM is undecided.",
    }[c.attracts]
    return (
        f"Certified: {number(c.moved)} away from the end of the run the shifted gradient is {number(c.residual)} "
        f"while the gradient is {number(c.gradient_norm)}, not 0. The look-ahead point is {what}. {attracts}"
    )


def _degenerate(c: Certificate) -> str:
    """Name a stationary point some of whose curvatures vanish by the others."""
    tiny = ZERO * max(abs(c.lowest), abs(c.highest))
    if c.lowest < -tiny and c.highest > tiny:
        return "a degenerate saddle"
    if c.lowest < -tiny or c.highest > tiny:
        return f"a degenerate stationary point with no {'upward' if c.lowest < -tiny else 'downward'} curvature"
    return "a plateau"


def _spread(c: Certificate) -> str:
    zero = ", some of them 0" if c.kind == "degenerate" else ""
    return f"curvatures from {number(c.lowest)} to {number(c.highest)}{zero}"


def _curvatures(c: Certificate) -> str:
    return f"The look-ahead point has {_spread(c)}{f': {_degenerate(c)}' if c.kind == 'degenerate' else ''}."
