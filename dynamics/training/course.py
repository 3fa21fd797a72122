"""The training loop: runs that are continued piece by piece and report their curves, by any rule.

Where a rule sees the whole objective its steps are what is recorded; where it sees mini-batches, the loss on all
examples and its gradients at w and w+ are taken every so many steps besides.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Objective

from ..orbit import Orbit, Recorder, lengths
from ..rules import LookAhead, Rule, Step

CURVE: Final = 600  # points of a curve at most
CHECKS: Final = 100  # looks at all examples, in a run on mini-batches, at most
SNAPSHOTS: Final = 200  # positions of a path that are kept
_PATIENCE: Final = 0.2  # seconds between two reports
_CHUNK: Final = 128  # steps of a round at most
_COLUMNS: Final = 10  # of what is recorded at a step
_LEASH: Final = 100.0  # a run that is further from its start than this many times the start's length has left


def _none() -> Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Curves:
    """What was recorded of a run on all examples, at the steps k, and of the batches, at the steps batch_k."""

    k: npt.NDArray[np.int64]  # (n,)
    loss: Array  # (n,) at w
    loss_plus: Array  # (n,) at w+
    gradient: Array  # (n,) |g|
    shifted: Array  # (n,) |S|
    cosine: Array  # (n,) of the angle between g and S
    accuracy: Array  # (n,) on the training examples; NaN where it was not taken
    held_out: Array = field(default_factory=_none)  # (n,) accuracy on the held-out examples; NaN where there are none
    rho: Array = field(default_factory=_none)  # (n,) of the step taken from there; 0 where it does not look ahead
    drift: Array = field(default_factory=_none)  # (n,) |mean S of the batches since the last look|; |S| at full batch
    batch_k: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # (m,) none at full batch
    batch_loss: Array = field(default_factory=_none)  # (m,) of that step's batch, at w

    def after(self, more: Curves) -> Curves:
        """Return these and what followed."""
        joined: Any = [np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)]
        return Curves(*joined)

    @staticmethod
    def empty() -> Curves:
        """Return the curves of a run that has not begun."""
        nothing: Any = [np.empty(0) for _ in range(6)]
        return Curves(np.empty(0, np.int64), *nothing)


@dataclass(frozen=True, eq=False)
class Progress:
    """What is reported now and then: the next piece of every curve, and how far it is."""

    done: int  # steps, of all runs together
    of: int
    pieces: tuple[Curves, ...]
    doing: str = "training"


def look(objective: Objective, w: Array, rho: float, ahead: LookAhead) -> Step:
    """Return what a rule would see at w (d,) on an objective, without a step: x_next is w."""
    f, g = objective.value_and_gradient(w)
    if rho == 0.0:
        return Step(w, w, f, f, g, g, 0.0, rho)
    w_plus = ahead.point(w, g, rho)
    f_plus, s = objective.value_and_gradient(w_plus)
    return Step(w, w_plus, f, f_plus, g, s, 0.0, rho)


class Course:
    """One run that is continued piece by piece, and gives the same numbers however it is cut.

    Args:
        rule: whose run it is; on mini-batches where it comes from `batched`.
        w: first weights (d,).
        steps: how many there will be.
    """

    def __init__(self, rule: Rule, w: Array, steps: int) -> None:
        self.steps = steps
        self.snapshots: list[tuple[int, Array]] = []
        self._rule, self._w, self._memory = rule, w, rule.start(w)
        self._recorder = Recorder(rule, w, steps, keep="scalars")
        self._start, self._leash = w, _LEASH * max(1.0, float(np.linalg.norm(w)))
        self._sum: Array = np.zeros_like(w)  # of S, since the last look
        self._summed = 0
        self._every = max(1, -(-steps // ((CHECKS if rule.traits.batches else CURVE) - 1)))

    @property
    def left(self) -> int:
        """How many of its points 0, 1, ..., steps have not been visited."""
        return self.steps + 1 - self._recorder.seen

    @property
    def weights(self) -> Array:
        """The next point to be visited (d,); at the end it is one step beyond the last."""
        return self._w

    def go_on(self, count: int) -> Curves:
        """Visit the next points, `count` of them at most; return what belongs in the curves."""
        first, w = self._recorder.seen, self._w
        for_path = max(1, -(-self.steps // SNAPSHOTS))
        rows: list[tuple[float, ...]] = []
        with np.errstate(all="ignore"):
            for k in range(first, min(first + count, self.steps + 1)):
                way = w - self._start
                if not way @ way <= self._leash**2:  # it has left, or its weights are no numbers
                    self._recorder.leave()
                    break
                seen, self._memory = self._rule.step(w, self._memory, k)
                self._recorder.see(w, seen)
                self._sum, self._summed = self._sum + seen.s, self._summed + 1
                if k % for_path == 0:
                    self.snapshots.append((k, w))
                if k % self._every == 0 or k == self.steps:
                    rows.append(self._row(k, w, seen))
                w = seen.x_next
        self._w = w
        return self._curves(rows, first)

    def _row(self, k: int, w: Array, seen: Step) -> tuple[float, ...]:
        """Take down what belongs in the curves at step k: of all examples."""
        rule, drift = self._rule, float(np.linalg.norm(self._sum)) / self._summed
        self._sum, self._summed = np.zeros_like(w), 0
        if rule.traits.batches:
            seen = look(rule.objective, w, seen.rho, rule.traits.look_ahead)
        norm, shifted, cosine = (float(values[0]) for values in lengths(seen.g[None], seen.s[None]))
        shares = (getattr(rule.objective, name, None) for name in ("accuracy", "held_out_accuracy"))
        accuracies = (np.nan if share is None else share(w) for share in shares)
        moved = drift if rule.traits.batches else shifted
        return (k, float(seen.f), float(seen.f_plus), norm, shifted, cosine, *accuracies, seen.rho, moved)

    def _curves(self, rows: list[tuple[float, ...]], first: int) -> Curves:
        columns: Any = np.array(rows).reshape(-1, _COLUMNS).T
        batch_k: npt.NDArray[np.int64] = np.empty(0, np.int64)
        batch_loss = _none()
        if self._rule.traits.batches:
            orbit = self._recorder.orbit(first)
            fine = np.isfinite(orbit.f)
            seen = len(fine) if fine.all() else int(np.argmin(fine)) + 1  # where it left there is one more, not finite
            batch_k, batch_loss = orbit.k[:seen], orbit.f[:seen].copy()
        looks: list[Any] = [columns[0].astype(np.int64), *columns[1:], batch_k, batch_loss]
        return Curves(*looks)

    def orbit(self) -> Orbit:
        """Return the scalars of every step, and the last positions; where it has left, they end with NaN."""
        return self._recorder.orbit()


def advance(
    courses: tuple[Course, ...], report: Callable[[Progress], None] | None, stop: Callable[[], bool] | None
) -> tuple[Curves, ...]:
    """Run courses to their ends, side by side: after each round every one has come equally far.

    Returns:
        Their curves, up to where they were stopped.
    """
    whole = [Curves.empty() for _ in courses]
    count = 4
    while any(course.left for course in courses):
        began = time.monotonic()
        pieces = tuple(course.go_on(count) if course.left else Curves.empty() for course in courses)
        whole = [before.after(piece) for before, piece in zip(whole, pieces, strict=True)]
        if report is not None:
            of = sum(course.steps + 1 for course in courses)
            report(Progress(of - sum(course.left for course in courses), of, pieces))
        if stop is not None and stop():
            break
        spent = max(1e-4, time.monotonic() - began)
        count = int(min(_CHUNK, max(1, count * min(2.0, _PATIENCE / spent))))
    return tuple(whole)
