"""Training a network by several rules side by side, as pure functions of plain data that a worker process runs.

The server's own process only describes networks: their data are loaded where they are trained, in the worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dynamics import RECIPES, Orbit, Rule, gd, sam, warm_start
from dynamics.orbit import Recorder
from landscapes.networks import Network, one_thread
from landscapes.networks.data import MOST

Array = npt.NDArray[np.float64]

MOST_STEPS: Final = 12_000
WIDEST: Final = 64
DEEPEST: Final = 2
CURVE: Final = 600  # points of a curve at most
SNAPSHOTS: Final = 200  # positions of a path that are kept
_PATIENCE: Final = 0.2  # seconds between two reports
_CHUNK: Final = 128  # steps of a round at most
_LEASH: Final = 100.0  # a run that is further from its start than this many times the start's length has left


@dataclass(frozen=True)
class Training:
    """A network, its first weights, and how it is trained."""

    network: Network = Network()
    rho: float = 3.0
    eta: float = 0.1
    steps: int = 6000
    warm: int = 300  # steps of gradient descent before the rule, where there is a warm-start
    scale: float | None = None  # of the first weights; None for N(0, 1/fan-in) and no biases
    seed: int = 0  # of the first weights
    rule: str = "warm"  # what is tried in SAM's place, a name in `dynamics.RECIPES`
    options: tuple[tuple[str, float], ...] = ()  # of that rule, where they are not as by default

    def rules(self, network: Any) -> tuple[Rule, ...]:
        """Gradient descent, SAM, and what is tried in its place."""
        return gd(network, self.eta), sam(network, self.eta, self.rho), self._tried(network, self.steps)

    def swept(self, network: Any) -> Rule:
        """Gradient descent for the warm-start's steps, then the rule, or SAM; what a sweep trains by."""
        kept = replace(self, rule="sam") if self.rule == "warm" else self
        rule = kept._tried(network, self.steps - self.warm)
        return warm_start(gd(network, self.eta), rule, self.warm) if self.warm else rule

    @property
    def values(self) -> dict[str, float]:
        """The rule's options."""
        return {"warm": self.warm} if self.rule == "warm" else dict(self.options)

    def _tried(self, network: Any, steps: int) -> Rule:
        return RECIPES[self.rule].build(network, self.eta, self.rho, steps, self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """What the three runs are called."""
        return tuple(rule.name for rule in self.rules(None))


@dataclass(frozen=True, eq=False)
class Curves:
    """What was recorded of a run, at the steps k."""

    k: npt.NDArray[np.int64]  # (n,)
    loss: Array  # (n,) at w
    loss_plus: Array  # (n,) at w+
    gradient: Array  # (n,) |g|
    shifted: Array  # (n,) |S|
    cosine: Array  # (n,) of the angle between g and S
    accuracy: Array  # (n,) on the training examples; NaN where it was not taken

    def after(self, more: Curves) -> Curves:
        """Return these and what followed."""
        return Curves(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)))

    @staticmethod
    def empty() -> Curves:
        """Return the curves of a run that has not begun."""
        return Curves(np.empty(0, np.int64), *(np.empty(0) for _ in range(6)))


@dataclass(frozen=True, eq=False)
class Progress:
    """What a worker reports now and then: the next piece of every curve, and how far it is."""

    done: int  # steps, of all runs together
    of: int
    pieces: tuple[Curves, ...]
    doing: str = "training"


class Course:
    """One run that is continued piece by piece, and gives the same numbers however it is cut."""

    def __init__(self, rule: Rule, w: Array, steps: int) -> None:
        """Begin at the weights w (d,)."""
        self.steps = steps
        self.snapshots: list[tuple[int, Array]] = []
        self._rule, self._w, self._memory = rule, w, rule.start(w)
        self._recorder = Recorder(rule, w, steps, keep="scalars")
        self._start, self._leash = w, _LEASH * max(1.0, float(np.linalg.norm(w)))

    @property
    def left(self) -> int:
        """How many of its points 0, 1, ..., steps have not been visited."""
        return self.steps + 1 - self._recorder.seen

    def go_on(self, count: int) -> Curves:
        """Visit the next points, `count` of them at most; return what belongs in the curves."""
        first, w = self._recorder.seen, self._w
        accuracy = getattr(self._rule.objective, "accuracy", lambda _: np.nan)
        for_curves, for_path = max(1, -(-self.steps // (CURVE - 1))), max(1, -(-self.steps // SNAPSHOTS))
        accuracies: dict[int, float] = {}  # at the steps that belong in the curves
        with np.errstate(all="ignore"):
            for k in range(first, min(first + count, self.steps + 1)):
                way = w - self._start
                if not way @ way <= self._leash**2:  # it has left, or its weights are no numbers
                    self._recorder.leave()
                    break
                seen, self._memory = self._rule.step(w, self._memory, k)
                self._recorder.see(w, seen)
                if k % for_path == 0:
                    self.snapshots.append((k, w))
                if k % for_curves == 0 or k == self.steps:
                    accuracies[k] = accuracy(w)
                w = seen.x_next
        self._w, orbit, k = w, self._recorder.orbit(first), np.array(list(accuracies), np.int64)
        i = k - first
        return Curves(
            k, orbit.f[i], orbit.f_plus[i], orbit.gradient_norms[i], orbit.shifted_norms[i], orbit.cosine[i],
            np.array(list(accuracies.values())),
        )  # fmt: skip

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
    count = 16
    with one_thread():
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


def described(training: Training) -> str:
    """Describe a training in one sentence of plain words."""
    n = training.network
    layers = " and ".join(str(width) for width in n.hidden) or "no"
    return (
        f"{'Handwritten digits' if n.data == 'digits' else 'Two moons'}, {n.subset or MOST[n.data]:,} examples; "
        f"{layers} hidden {n.activation} unit{'' if n.hidden == (1,) else 's'}, {n.dim:,} weights; {n.loss} loss"
        + (f" with weight decay {n.weight_decay:g}" if n.weight_decay else "")
        + (f", {100.0 * n.label_noise:g}% of the labels wrong" if n.label_noise else "")
        + f"; ρ = {training.rho:g}, η = {training.eta:g}, {training.steps:,} steps of the full batch."
    )


DIGITS: Final = Training()
TINY: Final = Training(
    Network("moons", (2,), loss="logistic", weight_decay=0.01), rho=4.0, eta=0.05, steps=3000, warm=300, scale=0.7
)
PRESETS: Final = {"Digits": DIGITS, "Tiny": TINY}


def as_case(training: Training, **changes: Any) -> Training:
    """Return a training with some of its values, or of its network's, replaced."""
    own = {field.name for field in fields(Training)}
    network = replace(training.network, **{k: v for k, v in changes.items() if k not in own})
    return replace(training, network=network, **{k: v for k, v in changes.items() if k in own})
