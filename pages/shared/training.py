"""Training a network by several rules side by side, as pure functions of plain data that a worker process runs.

The server's own process only describes networks: their data are loaded where they are trained, in the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from dynamics import RECIPES, Rule, decayed, gd, momentum, sam, warm_start
from dynamics.training import Batches, batched
from landscapes.networks import Network, Table
from landscapes.networks.network import Scale

MOST_STEPS: Final = 12_000
WIDEST: Final = 64
DEEPEST: Final = {"dense": 4, "convolutional": 3}


@dataclass(frozen=True)
class Training:
    """A network, its first weights, and how it is trained."""

    network: Network = Network()
    rho: float = 3.0
    eta: float = 0.1
    steps: int = 6000
    warm: int = 300  # steps of gradient descent before the rule, where there is a warm-start
    scale: Scale = None  # of the first weights; see `Network.start`
    seed: int = 0  # of the first weights, and of the order of the examples
    rule: str = "warm"  # what is tried in SAM's place, a name in `dynamics.RECIPES`
    options: tuple[tuple[str, float], ...] = ()  # of that rule, where they are not as by default
    batch: int | None = None  # how many examples a step sees; None for all of them
    beta: float = 0.0  # momentum, of every rule
    decay: float = 0.0  # weight decay of every rule's steps, as SGD has it; the objective's own is the network's

    def rules(self, network: Any) -> tuple[Rule, ...]:
        """Gradient descent, SAM, and what is tried in its place."""
        return tuple(self._stepping(make, network) for make in self._made)

    @property
    def _made(self) -> tuple[Callable[[Any], Rule], ...]:
        return (
            lambda l: gd(l, self.eta),
            lambda l: sam(l, self.eta, self.rho),
            lambda l: self._tried(l, self.steps),
        )

    def swept(self, network: Any) -> Rule:
        """Gradient descent for the warm-start's steps, then the rule, or SAM; what a sweep trains by."""
        kept = replace(self, rule="sam") if self.rule == "warm" else self

        def make(l: Any) -> Rule:
            rule = kept._tried(l, self.steps - self.warm)
            return warm_start(gd(l, self.eta), rule, self.warm) if self.warm else rule

        return self._stepping(make, network)

    def _stepping(self, make: Callable[[Any], Rule], network: Any) -> Rule:
        """Make a rule with the training's momentum, weight decay and mini-batches, under its own name."""

        def on(l: Any) -> Rule:
            rule = make(l)
            rule = decayed(rule, self.decay) if self.decay else rule
            return momentum(rule, self.beta) if self.beta else rule

        rule = on(network) if self.batch is None else batched(on, network, self.batches)
        return replace(rule, name=make(network).name)

    @property
    def batches(self) -> Batches:
        """Which examples each step sees, where it does not see all."""
        return Batches(self.network.count, self.batch or self.network.count, self.seed)

    @property
    def epochs(self) -> float:
        """How often every example is seen."""
        return self.steps / self.batches.per_epoch

    @property
    def values(self) -> dict[str, float]:
        """The rule's options."""
        return {"warm": self.warm} if self.rule == "warm" else dict(self.options)

    def _tried(self, network: Any, steps: int) -> Rule:
        return RECIPES[self.rule].build(network, self.eta, self.rho, steps, self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """What the three runs are called."""
        return tuple(make(None).name for make in self._made)


def described(training: Training) -> str:
    """Describe a training in one sentence of plain words."""
    n = training.network
    layers = " and ".join(str(width) for width in n.hidden) or "no"
    part = "hidden {} unit" if n.layers == "dense" else "{} channel"
    return (
        f"{name_of(n)}, {n.count:,} examples; {layers} {part.format(n.activation)}{'' if n.hidden == (1,) else 's'}"
        f"{' with batch norm' if n.batch_norm else ''}, {n.dim:,} weights; {n.loss} loss"
        + (f" with weight decay {n.weight_decay:g}" if n.weight_decay else "")
        + (f", {100.0 * n.label_noise:g}% of the labels wrong" if n.label_noise else "")
        + f"; ρ = {training.rho:g}, η = {training.eta:g}, {training.steps:,} steps "
        + ("of the full batch" if training.batch is None else f"on mini-batches of {training.batch:,}")
        + (f", momentum {training.beta:g}" if training.beta else "")
        + (f", weight decay {training.decay:g} of the steps" if training.decay else "")
        + "."
    )


def name_of(network: Network) -> str:
    """Name a network's data."""
    if isinstance(network.data, Table):
        return f"Your own table of {network.widths[0]:,} columns and {len(network.data.classes)} classes"
    return "Handwritten digits" if network.data == "digits" else "Two moons"


DIGITS: Final = Training()
TINY: Final = Training(
    Network("moons", (2,), loss="logistic", weight_decay=0.01), rho=4.0, eta=0.05, steps=3000, warm=300, scale=0.7
)
CONVOLUTIONAL: Final = Training(
    Network("digits", (8, 16), "relu", layers="convolutional", precision="float32"),
    rho=1.0,
    steps=1500,
    batch=128,
)
PRESETS: Final = {"Digits": DIGITS, "Convolutional, mini-batches": CONVOLUTIONAL, "Tiny": TINY}


def as_case(training: Training, **changes: Any) -> Training:
    """Return a training with some of its values, or of its network's, replaced."""
    own = {field.name for field in fields(Training)}
    network = replace(training.network, **{k: v for k, v in changes.items() if k not in own})
    return replace(training, network=network, **{k: v for k, v in changes.items() if k in own})
