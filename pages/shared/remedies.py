"""What the page on remedies asks of the core, as pure functions of plain data, to be cached and sent to workers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from dynamics import RECIPES, Rule, basins, gd, iterate, verdict
from dynamics.grouping import GROUP_OF, Share, shares
from dynamics.recipes import Recipe
from dynamics.rescue import Rescue, edge, rescue
from landscapes import Landscape
from landscapes.landscape import Array, Objective
from landscapes.slopes import Slopes
from pages.shared import jobs
from pages.shared.analysis import KEPT, Question, Run
from pages.shared.compute import work_out
from pages.shared.sweeping import Stopped

DECAYS: Final = ("linear", "cosine")  # after their last step these are gradient descent
FINE: Final = "minimizer"  # the group of runs that end at a true minimizer
_NOISY: Final = 1.7  # a step with gradient noise in steps of `Question.cost`
_USUAL: Final = 0.9  # and one of the other remedies
_STEP: Final = 2.5e-5  # seconds that a step of however few starts takes
_TRIES: Final = 3  # batches that it takes to find the end of a basin


@dataclass(frozen=True)
class Remedy:
    """A rule tried in SAM's place, with those of its numbers that are not the usual ones."""

    name: str  # in `dynamics.RECIPES`
    options: tuple[tuple[str, float], ...] = ()

    @property
    def recipe(self) -> Recipe:
        """What it is."""
        return RECIPES[self.name]

    @property
    def label(self) -> str:
        """What it is called on the page."""
        return self.recipe.label

    def rule(self, l: Objective, q: Question) -> Rule:
        """Make the rule, on the question's landscape or its slopes."""
        return self.recipe.build(l, q.eta, q.rho, q.steps, dict(self.options))


SAM_ALONE: Final = Remedy("sam")


@dataclass(frozen=True)
class Heat:
    """One remedy's run from one start."""

    question: Question
    remedy: Remedy

    @property
    def cost(self) -> float:
        """Estimate the seconds that it takes."""
        q = self.question
        each = 12e-6 + q.landscape.kernel.length * 1e-7
        return q.steps * each * (_NOISY if self.remedy.name == "noise" else _USUAL)


@lru_cache(maxsize=24)
def race(heats: tuple[Heat, ...]) -> tuple[Run, ...]:
    """Run several remedies.

    Raises:
        Busy: as `compute.ask`.
    """
    return work_out(_run_all, heats, sum(heat.cost for heat in heats))


def _run_all(heats: tuple[Heat, ...]) -> tuple[Run, ...]:
    return tuple(_run(heat) for heat in heats)


@lru_cache(maxsize=64)
def _run(heat: Heat) -> Run:
    q = heat.question
    orbit = iterate(heat.remedy.rule(q.landscape, q), q.start, q.steps)
    return Run(replace(orbit.thinned(KEPT), name=heat.remedy.label), verdict(q.landscape, orbit))


def fine(run: Run) -> bool:
    """Say whether a run ended at a true minimizer: reached it, or bounces around it."""
    return GROUP_OF.get(run.verdict.outcome) == FINE


def cells(l: Landscape, n: int) -> tuple[Array, tuple[int, int]]:
    """Return n x n starts (n^2, d) in the middles of cells of the window, in one variable n^2, and the grid's shape."""
    count = n * n if l.dim == 1 else n
    axes = [low + (high - low) * (np.arange(count) + 0.5) / count for low, high in l.domain]
    x = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, l.dim)
    return x, (count, 1) if l.dim == 1 else (n, n)


@dataclass(frozen=True)
class GridCase:
    """One rule from every start of a grid."""

    question: Question  # its start does not matter
    n: int
    remedy: Remedy | None  # None for gradient descent

    @property
    def label(self) -> str:
        """What it is called on the page."""
        return self.remedy.label if self.remedy else "GD"

    @property
    def cost(self) -> float:
        """Estimate the seconds that it takes one worker; runs that settle early make it shorter."""
        q = self.question
        return q.steps * (_STEP + self.n**2 * (4e-8 + q.landscape.kernel.length * 1e-9))


@dataclass(frozen=True)
class Ends:
    """How a rule ended from the starts of a grid."""

    shares: tuple[Share, ...]  # of every group
    sampled: bool  # the errors are those of a random sample: the rule is a random one
    stopped: tuple[tuple[str, int], ...]  # kinds of the saddles and maximizers that it stopped on, and how often
    left: int  # of these, how many plain gradient descent of as many steps again has led to a minimizer; a decay only

    def share(self, group: str = FINE) -> Share:
        """Return the share of a group."""
        return next(share for share in self.shares if share.group == group)


def run_grid(case: GridCase) -> Ends:
    """Run one rule from every start of a grid; to be called by a worker of `jobs`.

    Raises:
        Stopped: the job's owner has asked for the end.
    """
    q, slopes = case.question, Slopes(case.question.landscape)
    starts, shape = cells(q.landscape, case.n)
    rule = case.remedy.rule(slopes, q) if case.remedy else gd(slopes, q.eta)
    found = basins(rule, starts, q.steps, stop=jobs.stop_asked)
    if found is None:
        raise Stopped("it was stopped")
    on = (found.outcomes == "stopped") & np.isin(found.kinds, ["saddle", "maximizer"])
    left = 0
    if case.remedy and case.remedy.name in DECAYS and on.any():
        later = basins(rule, starts[on], 2 * q.steps, stop=jobs.stop_asked)
        if later is None:
            raise Stopped("it was stopped")
        left = int((later.groups == FINE).sum())
    sampled = rule.traits.noise > 0.0
    groups = found.groups
    return Ends(
        shares(groups if sampled else groups.reshape(shape)), sampled,
        tuple(sorted(Counter(found.kinds[on].tolist()).items())), left,
    )  # fmt: skip


@dataclass(frozen=True)
class WarmCase:
    """The search for the shortest warm-start at one radius."""

    question: Question
    most: int  # steps of gradient descent

    @property
    def cost(self) -> float:
        """Estimate the seconds that it takes; runs that settle early make it shorter."""
        q = self.question
        length = q.landscape.kernel.length
        ends = _TRIES * q.steps * 2e-5 if q.landscape.dim == 1 else 0.0
        return (self.most + 1) * q.steps * length * 3e-9 + self.most * 1.2e-5 + ends

    def at(self, rho: float) -> WarmCase:
        """Return the same search at another radius."""
        q = self.question
        return replace(self, question=replace(q, rho=rho, landscape=q.landscape.with_parameters(rho=rho)))


def run_rescue(case: WarmCase) -> Rescue:
    """Search; to be called by a worker of `jobs` where it takes long.

    Raises:
        Stopped: the job's owner has asked for the end.
    """
    q = case.question
    found = rescue(q.landscape, q.eta, q.rho, q.start, case.most, q.steps, stop=jobs.stop_asked)
    if found is None:
        raise Stopped("it was stopped")
    return found


@dataclass(frozen=True)
class Warm:
    """What the search found, and in one variable the end of the basin that the warm-start has to leave."""

    rescue: Rescue
    edge: tuple[float, float] | None  # starts on either side of it, lost and saved; None in two variables, or for none


@lru_cache(maxsize=24)
def warm(case: WarmCase) -> Warm:
    """Search at one radius, here or by a worker.

    Raises:
        Busy: as `compute.ask`.
    """
    return work_out(run_warm, case, case.cost)


def run_warm(case: WarmCase) -> Warm:
    """Search, and find the end of the basin; to be called by a worker of `jobs` where it takes long.

    Raises:
        Stopped: the job's owner has asked for the end.
    """
    q, found = case.question, run_rescue(case)
    k = found.shortest
    if not k or q.landscape.dim > 1:
        return Warm(found, None)
    lost, saved = (float(x) for x in found.points[k - 1 : k + 1, 0])
    return Warm(found, edge(q.landscape, q.eta, q.rho, lost, saved, q.steps))
