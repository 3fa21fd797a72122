"""How a training went whose steps see mini-batches, told from what was recorded of all examples.

With mini-batches S does not vanish where SAM is held, and the batches' losses scatter: what tells is the loss on all
examples at w and at w+. The rule, gone through from the top; medians are taken over the last fifth of the looks, and
the loss of guessing is that of answering with the classes' shares, or, where these are unknown, the first loss:

1. A loss that is not finite, or has grown 10,000-fold: diverged.
2. The loss is below a tenth of that of guessing: learned.
3. It has fallen by 7 % or more from the fifth before to the last one: learning.
4. The last steps look ahead, and the loss at w+ is that of guessing, from four fifths of it to twice as much, or |S|,
   or the mean of S over the batches, is below a tenth of |g|: stalled, SAM is held where its look-ahead sees a flat
   loss. (Higher above, the look-ahead sees a slope: a trap at a saddle has that.)
5. It has fallen by 2 % or more: learning.
6. Nothing was recorded at w+, or of all examples: flat, and what to record.
7. Otherwise: bouncing, the loss no longer falls, at a floor that rho, the step size, the batches and wrong labels set.

Nothing here is called hallucinated: that is what `certify` says of weights.

How often this is right is measured by `python -m benchmarks.stalls`, whose judge, whether 300 steps of plain SGD from
the end bring the loss down by half, is no input. Of 133 seeded runs it calls 72 held. Of the 76 on even seeds, on which
the thresholds were chosen, 64 are judged as it does, of the 57 others 48. All 51 runs called stalled are held; the 21
held ones that are not called so had learned or were learning, only more slowly than by SGD (18), or bounced (3).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from ..outcome import TOLERANCES
from ..sentences import number
from .course import Curves

Outcome: TypeAlias = Literal["learning", "learned", "stalled", "bouncing", "flat", "diverged"]


@dataclass(frozen=True)
class Thresholds:
    """What judgements rest on; chosen on the even seeds of `benchmarks.stalls`."""

    tail: tuple[int, float] = (5, 0.2)  # looks at the end: at least so many, and this share of all
    learned: float = 0.1  # loss at w, as a share of that of guessing
    falls: float = 0.07  # from the tail before to the last one: learning, whatever else
    slowly: float = 0.02  # likewise: learning, where it is not stalled
    flat_ahead: tuple[float, float] = (0.8, 2.0)  # loss at w+, as a share of that of guessing
    small: float = 0.1  # |S|/|g|
    warm: tuple[int, float] = (100, 0.1)  # steps of a warm-start advised: at least so many, and this share of the run


THRESHOLDS: Final = Thresholds()


def _none() -> Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Record:
    """What is known of a training. Entry i of the arrays (n,) belongs to step k[i]; NaN is what was not recorded."""

    name: str
    k: npt.NDArray[np.int64]  # (n,) ascending; empty where nothing was recorded of all examples
    f: Array  # (n,) loss on all examples, at w
    f_plus: Array = field(default_factory=_none)  # (n,) at w+; or empty
    gradient_norms: Array = field(default_factory=_none)  # (n,) |g| on all examples; or empty
    shifted_norms: Array = field(default_factory=_none)  # (n,) |S|; or empty
    drift: Array = field(default_factory=_none)  # (n,) |mean of S over the batches since the entry before|; or empty
    rho: Array = field(default_factory=_none)  # (n,) 0 where the rule does not look ahead; or empty
    batch_k: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # (m,)
    batch_f: Array = field(default_factory=_none)  # (m,) loss of that step's batch, at w
    guessing: float = np.nan  # loss of answering with the classes' shares

    @staticmethod
    def of(name: str, curves: Curves, guessing: float = np.nan) -> Record:
        """Take what a course has recorded."""
        c = curves
        return Record(
            name, c.k, c.loss, c.loss_plus, c.gradient, c.shifted, c.drift, c.rho, c.batch_k, c.batch_loss, guessing
        )


@dataclass(frozen=True)
class Judgement:
    """How a training went, in one word and in sentences, with what that rests on and one piece of advice."""

    outcome: Outcome
    step: int  # from which on it holds; the last one recorded where it is of the whole run
    sentence: str
    rests_on: tuple[str, ...]
    advice: str


def judge(record: Record) -> Judgement:
    """Say how a training went, from its records alone.

    Raises:
        ValueError: nothing was recorded.
    """
    r = _filled(record)
    whole = bool(len(record.f))
    k, f = (r.k, r.f) if whole else (r.batch_k, r.batch_f)
    if not len(f):
        raise ValueError("nothing was recorded; a training needs one step at least to be judged")
    reference = r.guessing if np.isfinite(r.guessing) else float(f[0])
    limit = TOLERANCES.grown * max(1.0, abs(float(f[0]))) if np.isfinite(f[0]) else np.inf
    for steps, losses in ((k, f), (r.batch_k, r.batch_f)):
        fine = np.isfinite(losses) & (losses <= limit)
        if not fine.all():
            return _diverged(r, int(steps[np.argmin(fine)]))
    with np.errstate(all="ignore"):
        return _of_finite(r, k, f, reference, whole)


def _filled(r: Record) -> Record:
    """Return a record with NaN in place of every array that is empty."""
    names = ("f_plus", "gradient_norms", "shifted_norms", "drift", "rho")
    unknown: dict[str, Any] = {name: np.full(len(r.k), np.nan) for name in names if len(getattr(r, name)) != len(r.k)}
    return replace(r, **unknown)


def _of_finite(r: Record, k: npt.NDArray[np.int64], f: Array, reference: float, whole: bool) -> Judgement:
    t = THRESHOLDS
    n = _tail(len(f))
    loss, before = float(np.median(f[-n:])), float(np.median(f[-2 * n : -n])) if len(f) > n else float(f[0])
    of = "all examples" if whole else "the batches"
    rests = [f"The median loss on {of} was {number(loss)} at last and {number(before)} before that."]
    rests.append(
        f"Guessing the classes' shares has the loss {number(reference)}." if np.isfinite(r.guessing) else
        f"The first loss, {number(reference)}, stands for that of guessing."
    )  # fmt: skip
    if loss <= t.learned * reference:
        since = int(k[_since(f <= t.learned * reference, n)])
        return _said(r, "learned", since, loss, reference, rests)
    if loss <= (1.0 - t.falls) * before:
        return _said(r, "learning", int(k[-1]), loss, reference, rests)
    known = whole and bool(np.isfinite(r.f_plus).any())
    held = _held(r, reference, rests) if known else None
    if held is not None:
        return _said(r, "stalled", held, loss, reference, rests)
    if loss <= (1.0 - t.slowly) * before:
        return _said(r, "learning", int(k[-1]), loss, reference, rests)
    return _said(r, "bouncing" if known else "flat", int(k[-1]), loss, reference, rests)


def _held(r: Record, reference: float, rests: list[str]) -> int | None:
    """Return the step from which on the look-ahead sees a flat loss; None where it does not. Add what that rests on."""
    t, n = THRESHOLDS, _tail(len(r.k))
    ratio, drift = r.shifted_norms / r.gradient_norms, r.drift / r.gradient_norms
    ahead = float(np.median(r.f_plus[-n:]))
    rests.append(f"The median loss at the look-ahead point was {number(ahead)} at last.")
    if np.isfinite(np.median(ratio[-n:])):
        rests.append(f"|S| was {number(float(np.median(ratio[-n:])))} times |g|, by the median.")
    if (r.rho[-n:] == 0.0).any():
        return None
    low, high = t.flat_ahead
    flat = (r.f_plus >= low * reference) & (r.f_plus <= high * reference)
    for holds in (flat, ratio <= t.small, drift <= t.small):
        if np.mean(holds[-n:]) > 0.5:
            return int(r.k[_since(holds, n)])
    return None


def _tail(entries: int) -> int:
    fewest, share = THRESHOLDS.tail
    return int(min(entries, max(fewest, share * entries)))


def _since(holds: npt.NDArray[np.bool_], n: int) -> int:
    """First entry from which on most of the next n entries hold, to the end."""
    broken = [i for i in range(len(holds)) if np.mean(holds[i : i + n]) <= 0.5]
    return min(broken[-1] + 1 if broken else 0, len(holds) - 1)


def _diverged(r: Record, step: int) -> Judgement:
    return Judgement(
        "diverged", step, f"{r.name} diverged at step {step:,}.",
        ("Its loss is no longer finite, or has grown 10,000-fold.",), "Lower the step size.",
    )  # fmt: skip


def _said(r: Record, outcome: Outcome, step: int, loss: float, reference: float, rests: list[str]) -> Judgement:
    last = int(r.k[-1]) if len(r.k) else int(r.batch_k[-1])
    fewest, share = THRESHOLDS.warm
    warm = max(fewest, 100 * round(share * last / 100))
    guess = f"that of guessing is {number(reference)}"
    sentence, advice = {
        "learned": (f"{r.name} has learned: its loss is {number(loss)}, {guess}.", "Nothing is wrong."),
        "learning": (
            f"{r.name} is still learning at step {last:,}: its loss is {number(loss)} and falls.",
            "Nothing is wrong; train on.",
        ),
        "stalled": (
            f"{r.name} stalled: SAM is held where its look-ahead sees a flat loss. From step {step:,} on its loss is "
            f"about {number(loss)}; {guess}.",
            f"Begin with a warm-start of {warm:,} steps of SGD, or lower ρ.",
        ),
        "bouncing": (
            f"{r.name} bounces at a noise floor: its loss no longer falls, at {number(loss)}; {guess}. The radius, the "
            "step size, the batches and wrong labels set such a floor.",
            "Lower ρ or the step size to get below it.",
        ),
        "flat": (
            f"{r.name} is flat at a loss of {number(loss)}; {guess}. What was recorded does not tell why.",
            "Record full-batch checks: the loss, |g| and |S| on all examples, at w and at w⁺.",
        ),
        "diverged": ("", ""),
    }[outcome]
    return Judgement(outcome, step, sentence, tuple(rests), advice)
