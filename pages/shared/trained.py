"""What a training left: curves, verdicts, a certificate and the slices of the loss around where the rule ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from dynamics import Orbit, Verdict, verdict
from dynamics.certify import Certificate, certify
from dynamics.outcome import STALLS
from dynamics.rules import NORMALIZED, unit
from dynamics.training import Course, Curves, Judgement, Progress, Record, advance, judge
from landscapes.landscape import Array
from landscapes.networks import Network, one_thread
from landscapes.networks.data import IMAGES
from pages.shared import jobs
from pages.shared.scene import Scene, decided, scene
from pages.shared.training import DIGITS, Training

_LINE: Final = 121  # values on the line through w and w+
_PLANE: Final = 27  # values along an axis of the plane
_BEYOND: Final = 0.6  # the line goes on this share of rho beyond w and w+
_SEARCH: Final = 30.0  # seconds for a certificate
_OFTEN: Final = 0.6  # seconds from one look at the plane to the next: as often as the page is drawn anew
_ENDS: Final = 3  # eigenvalues kept at either end of the spectrum


@dataclass(frozen=True, eq=False)
class CertificateSummary:
    """What a certificate says, without the weights that it is about."""

    certified: bool
    sentence: str
    kind: str | None
    attracts: bool | None
    gradient_norm: float
    residual: float
    moved: float
    f: float
    f_plus: float
    eigenvalues: Array  # of H(x+), the lowest and the highest few, ascending; empty where not certified


@dataclass(frozen=True, eq=False)
class Slices:
    """The loss around the last weights w of a run, and the run's way seen from there.

    Coordinates are distances from w: along u, the direction of the look-ahead, and along the main direction of motion.
    """

    along: Array  # (m,) distances along u
    line: Array  # (m,) loss there
    ahead: Array  # (p,) the plane's first axis: distances along u
    across: Array  # (q,) its second axis: along the main direction of motion, orthogonal to u
    plane: Array  # (q, p) loss there
    path: Array  # (s, 2) the run, projected on the plane
    path_steps: np.ndarray  # (s,)
    share: float  # of the squared length of the way from w that the plane holds
    loss: float  # at w
    loss_plus: float  # at w+


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """How one of the runs went and how it ended."""

    name: str
    curves: Curves
    outcome: str
    step: int  # from which on the verdict holds
    sentence: str
    loss: float
    accuracy: float
    held_out: float  # NaN where no examples are held out
    proof: CertificateSummary | None  # None where no certificate was sought
    rests_on: tuple[str, ...] = ()  # what a verdict on mini-batches rests on, in sentences
    advice: str = ""  # and what to do


@dataclass(frozen=True, eq=False)
class Trained:
    """All runs of a training, and pictures of where the second, that of SAM, ended."""

    runs: tuple[TrainedRun, ...]
    slices: Slices | None  # None where the run left the finite numbers or was stopped
    first_layer: Array | None  # (units, height, width) for images, else None
    stopped: bool  # before the last step
    scene: Scene | None = None  # of networks of two inputs
    classes: Array | None = None  # (runs, q, p) that each run's network gives to the places of the scene
    guessing: float = math.nan  # the loss of guessing the classes' shares


@dataclass(frozen=True, eq=False)
class Seen(Progress):
    """Progress with what is to be seen of the networks as they are: the plane at first, then who decides what in it."""

    scene: Scene | None = None
    classes: Array | None = None


class _Watcher:
    """Passes on reports of the courses, with what their networks decide."""

    def __init__(self, network: Network, report: Callable[[Progress], None]) -> None:
        """Begin with the plane, if the network has one."""
        self.scene, self._network, self._report, self._told = scene(network), network, report, False
        self._drawn = -math.inf  # when the plane was last asked about

    def tell(self, courses: tuple[Course, ...], p: Progress) -> None:
        """Report, and in the first report send the plane along."""
        classes, now = None, time.monotonic()
        if self.scene is not None and now - self._drawn >= _OFTEN:
            classes, self._drawn = decided(self._network, self.scene, [course.weights for course in courses]), now
        plane = None if self._told else self.scene
        self._told = True
        self._report(Seen(p.done, p.of, p.pieces, p.doing, plane, classes))


def train(
    training: Training,
    report: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trained:
    """Train by gradient descent, by SAM, and by what is tried in its place, from the same weights.

    Args:
        training: what to train, and how.
        report: called a few times a second, with the next piece of every curve.
        stop: asked as often; where it says True the runs end there, and are judged as far as they went.
    """
    network = training.network
    w = network.start(training.seed, training.scale)
    courses = tuple(Course(rule, w, training.steps) for rule in training.rules(network))
    with one_thread():
        watching = None if report is None else partial(_Watcher(network, report).tell, courses)
        curves = advance(courses, watching, stop)
    cut = any(course.left for course in courses)

    def ended_early() -> bool:
        return cut or (stop is not None and stop())

    def say(doing: str) -> None:
        if report is not None and not cut:
            report(Progress(1, 1, tuple(Curves.empty() for _ in courses), doing))

    say("looking for a certificate")
    with one_thread():
        runs = tuple(
            ended(training, network, name, course.orbit(), curve, ended_early)
            for name, course, curve in zip(training.names, courses, curves, strict=True)
        )
        say("cutting through the loss")
        end = courses[1].orbit()
        finite = bool(np.isfinite(end.x[-1]).all() and np.isfinite(end.f[-1]))
        cuts = None
        if finite and not ended_early():
            cuts = slices(network, end, courses[1].snapshots, training.rho)
        layer = network.first_layer(end.x[-1]) if network.data in IMAGES and finite else None
        plane = scene(network)
        classes = None if plane is None else decided(network, plane, [course.orbit().x[-1] for course in courses])
        return Trained(runs, cuts, layer, cut, plane, classes, network.guessing)


def train_in_worker(training: Training) -> Trained:
    """Train, and report to the job's owner; to be called by a worker of `jobs`."""
    nothing = tuple(Curves.empty() for _ in training.names)
    jobs.report(Progress(0, 1, nothing, "loading the data"))
    return train(training, jobs.report, jobs.stop_asked)


def prepare() -> None:
    """Load PyTorch and the data, so that the next training begins at once; to be called by a worker of `jobs`."""
    network = DIGITS.network
    with one_thread():
        network.value(network.start(0))


def ended(
    training: Training, network: Network, name: str, orbit: Orbit, curves: Curves, stop: Callable[[], bool]
) -> TrainedRun:
    """Judge a run; where it has stalled, and nobody wants it to stop, seek a certificate."""
    v, w = judged(network, name, orbit, curves), orbit.x[-1]
    proof = None
    # What is certified are SAM's points; a rule that looks elsewhere has others.
    if v.outcome in STALLS and orbit.traits.look_ahead == NORMALIZED and not stop():
        proof = _summary(_certificate(training, network, orbit, stop))
    loss = network.value(w) if orbit.traits.batches else orbit.f[-1]
    rests_on, advice = (v.rests_on, v.advice) if isinstance(v, Judgement) else ((), "")
    return TrainedRun(
        name, curves, v.outcome, v.step, v.sentence, float(loss), network.accuracy(w),
        network.held_out_accuracy(w), proof, rests_on, advice,
    )  # fmt: skip


def judged(network: Network, name: str, orbit: Orbit, curves: Curves) -> Verdict | Judgement:
    """Say how a run ended: by its steps, or, where these saw mini-batches, by what was recorded of all examples."""
    if not orbit.traits.batches:
        return verdict(network, orbit)
    return judge(Record.of(name, curves, network.guessing))


def _certificate(training: Training, network: Network, orbit: Orbit, stop: Callable[[], bool]) -> Certificate:
    """Seek a certificate on all examples, in double precision, for a while; of batches from the mean place, too."""
    exact, until = replace(network, precision="float64"), time.monotonic() + _SEARCH
    starts = [orbit.x[-1], orbit.x.mean(axis=0)] if orbit.traits.batches else [orbit.x[-1]]
    for w in starts:
        found = certify(exact, w, training.rho, training.eta, stop=lambda: stop() or time.monotonic() > until)
        if found.certified:
            break
    return found


def _summary(c: Certificate) -> CertificateSummary:
    e = c.hessian_eigenvalues
    ends = e if len(e) <= 2 * _ENDS else np.concatenate([e[:_ENDS], e[-_ENDS:]])
    return CertificateSummary(
        c.certified, c.sentence, c.kind, c.attracts, c.gradient_norm, c.residual, c.moved, c.f, c.f_plus, ends
    )


def slices(network: Network, end: Orbit, snapshots: list[tuple[int, Array]], rho: float) -> Slices:
    """Cut the loss through the last weights of a run: along u, and along u and the main direction of motion.

    Args:
        network: the landscape.
        end: the run; its last position is w.
        snapshots: step and weights (d,) of points on the way.
        rho: how far it looks ahead.
    """
    w = end.x[-1]
    u = unit(network.gradient(w))
    reach = max(rho, 1e-3)
    along = np.linspace(-_BEYOND * reach, (1.0 + _BEYOND) * reach, _LINE)
    line = np.array([network.value(w + t * u) for t in along])
    way = np.array([x for _, x in snapshots if np.isfinite(x).all()] + [w]) - w
    steps = np.array([k for k, x in snapshots if np.isfinite(x).all()] + [end.steps])
    across = way - np.outer(way @ u, u)
    main = np.linalg.svd(across, full_matrices=False)[2][0] if across.any() else _orthogonal(u)
    main = main if (across[0] @ main) <= 0.0 else -main  # the run comes from below
    path = np.column_stack([way @ u, way @ main])
    ahead = _axis(np.append(path[:, 0], [-_BEYOND * reach, (1.0 + _BEYOND) * reach]), reach)
    other = _axis(np.append(path[:, 1], [-reach, reach]), reach)
    plane = np.array([[network.value(w + a * u + b * main) for a in ahead] for b in other])
    whole = float((way**2).sum())
    share = float((path**2).sum()) / whole if whole else 1.0
    return Slices(
        along, line, ahead, other, plane, path, steps, share, float(network.value(w)), float(network.value(w + rho * u))
    )


def _orthogonal(u: Array) -> Array:
    other = np.eye(len(u))[int(np.argmin(np.abs(u)))]
    other -= (other @ u) * u
    return np.asarray(other / np.linalg.norm(other))


def _axis(values: Array, reach: float) -> Array:
    """Cover values, with a margin, but not more than three radii on either side of w."""
    low, high = max(float(values.min()), -3.0 * reach), min(float(values.max()), 3.0 * reach)
    margin = 0.05 * (high - low)
    return np.linspace(low - margin, high + margin, _PLANE)
