"""What the pages ask of the core, as pure functions of plain data: they can be cached, and sent to another process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dynamics import (
    HallucinatedPoints,
    Orbit,
    StationaryPoints,
    Verdict,
    gd,
    hallucinated_points,
    iterate,
    sam,
    stationary_points,
    verdict,
)
from dynamics.rules import Rule, unit
from landscapes import Landscape
from landscapes.function import walk
from pages.shared.jobs import Busy, stop_asked
from pages.shared.ruggedness import circles_cost, search_cost

COMPARED = {1: 99, 2: 10}  # places along each axis at which the kernel's gradient is compared with autograd's
KEPT = 4000  # entries of a run that are kept for the picture; longer runs are thinned


@dataclass(frozen=True)
class Question:
    """A landscape and how GD and SAM run on it."""

    landscape: Landscape
    rho: float
    eta: float
    start: tuple[float, ...]
    steps: int

    @property
    def cost(self) -> float:
        """Estimate the seconds that the answer takes, of the search by a look at the landscape."""
        l, margin = self.landscape, max(self.landscape.rho_max, self.rho)
        search = search_cost(l, margin) + (circles_cost(l, self.rho) if l.dim == 2 else 0.0)
        return search + self.steps * (12e-6 + l.kernel.length * 1e-7)


@dataclass(frozen=True)
class Run:
    """A run, thinned to what a picture shows, and how it ended."""

    orbit: Orbit
    verdict: Verdict


@dataclass(frozen=True)
class Answer:
    """GD and SAM from the same start, and the hallucinated points found in the window."""

    gd: Run
    sam: Run
    found: HallucinatedPoints
    agreement: float  # largest difference between the kernel's gradient and autograd's, see `agreement`


def answer(q: Question) -> Answer:
    """Run GD and SAM and search for the hallucinated points.

    Raises:
        Busy: the visitor has gone on to another question; only in a worker.
    """
    l = q.landscape
    descent = _descent(l, q.eta, q.start, q.steps)
    ahead = _run(sam(l, q.eta, q.rho), l, q.start, q.steps)
    if stop_asked():
        raise Busy("It was stopped.")
    return Answer(descent, ahead, hallucinated_points(l, q.rho, _stationary(l, q.rho)), agreement(l))


def _run(rule: Rule, l: Landscape, start: tuple[float, ...], steps: int) -> Run:
    orbit = iterate(rule, start, steps)
    return Run(orbit.thinned(KEPT), verdict(l, orbit))


@lru_cache(maxsize=32)
def _descent(l: Landscape, eta: float, start: tuple[float, ...], steps: int) -> Run:
    """Run GD, which does not change with rho."""
    return _run(gd(l, eta), l, start, steps)


def _stationary(l: Landscape, rho: float) -> StationaryPoints:
    """Stationary points on the window widened by half its smaller width, or by rho if that is more.

    The wider search is made once, so that moving rho costs only the circles. Where it finds too many points, the
    window widened by rho may hold fewer.
    """
    # A landscape with a parameter rho changes with it: a search of its own for every rho.
    if not l.depends_on_rho:
        wide = stationary(l, max(l.rho_max, rho))
        if not wide.left_out:
            return wide
    return stationary(l, rho)


stationary = lru_cache(maxsize=32)(stationary_points)


@lru_cache(maxsize=128)
def agreement(l: Landscape) -> float:
    """Compare the kernel's gradient with autograd's on a walk over the same tree.

    Returns:
        The largest difference over a grid in the window, relative to 1 + |gradient|; NaN where nothing is defined.
    """
    axes = [np.linspace(low, high, COMPARED[l.dim] + 2)[1:-1] for low, high in l.domain]
    x = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, l.dim)
    mine = l.gradient(x)
    theirs = Landscape.of(walk(l.parsed, dict(l.parameters)), l.domain).gradient(x)
    with np.errstate(all="ignore"):
        difference = np.abs(mine - theirs) / (1.0 + np.abs(theirs))
    both = np.isfinite(difference)
    return float(difference[both].max()) if both.any() else float("nan")


@lru_cache(maxsize=32)
def heights(l: Landscape) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Values of f on the window's grid: the axes, and f (n,) or (ny, nx), for the picture."""
    n = 601 if l.dim == 1 else 121
    axes = tuple(np.linspace(low, high, n) for low, high in l.domain)
    value = l.value(axes[0][:, None] if l.dim == 1 else np.stack(np.meshgrid(*axes), axis=-1))
    return tuple(map(_read_only, axes)), _read_only(value)


@lru_cache(maxsize=32)
def shifts(l: Landscape, rho: float, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Surrogate f(x+) and shifted gradient S on a grid of n points an axis: points, values, gradients."""
    axes = [np.linspace(low, high, n) for low, high in l.domain]
    x = np.stack(np.meshgrid(*axes), axis=-1)
    with np.errstate(all="ignore"):
        x_plus = x + rho * unit(l.gradient(x))
    value, s = l.value_and_gradient(x_plus)
    return _read_only(x), _read_only(value), _read_only(s)


def _read_only(array: np.ndarray) -> np.ndarray:
    """Lock what visitors share."""
    array.flags.writeable = False
    return array
