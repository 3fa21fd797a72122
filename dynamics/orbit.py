"""Iterate a rule and keep what it saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .memory import arrays, mapped
from .programs import Program, program
from .rules import Rule, Step, Traits, dot

_CHUNK: Final = 256  # at most so many steps between reports, and between looks at whether to stop or to go on
_SECONDS: Final = 0.25  # and about so many seconds
_LAST: Final = 256  # positions kept when only the scalars are
_WORTHWHILE: Final = 32  # steps; for fewer no program is made
_NUMBERS: Final = 2_000_000  # that a buffer of positions may hold; with more variables fewer positions are kept


@dataclass(frozen=True)
class Orbit:
    """A run, or many at once. Entry i of every array belongs to the point reached after k[i] steps."""

    name: str
    k: npt.NDArray[np.int64]  # (steps+1,) 0, 1, 2, ...; fewer in a thinned orbit
    x: Array  # (steps+1, ..., d); with keep="scalars" the last positions only
    x_plus: Array  # like x
    f: Array  # (steps+1, ...) f(x)
    f_plus: Array  # (steps+1, ...) f(x+)
    gradient_norms: Array  # (steps+1, ...) |g(x)|
    shifted_norms: Array  # (steps+1, ...) |S(x)|
    cosine: Array  # (steps+1, ...) of the angle between g and S; NaN where one of them vanishes
    eta: Array  # (steps+1,)
    rho: Array  # (steps+1,) 0 where the rule does not look ahead
    start: Array | None = None  # (..., d), also when its position is not among those kept
    traits: Traits = field(default=Traits(), kw_only=True)  # of the rule

    @property
    def steps(self) -> int:
        """Number of steps taken."""
        return int(self.k[-1])

    def thinned(self, most: int) -> Orbit:
        """Return the orbit with at most about `most` entries, evenly spread, the first and the last among them."""
        if len(self.k) <= most or len(self.x) != len(self.k):
            return self
        keep = np.unique(np.linspace(0, len(self.k) - 1, most).round().astype(np.int64))
        return replace(self, **{name: getattr(self, name)[keep] for name in ("x", "x_plus", *_OF_STEPS)})


_OF_STEPS: Final = tuple(f.name for f in fields(Orbit) if f.name not in ("name", "x", "x_plus", "start", "traits"))


def lengths(g: Array, s: Array) -> tuple[Array, Array, Array]:
    """Return |g|, |s| and the cosine of the angle between them, (...) each, of gradients (..., d)."""
    with np.errstate(all="ignore"):
        norms, shifted = np.sqrt(dot(g, g)), np.sqrt(dot(s, s))
        return norms, shifted, np.clip(dot(g, s) / (norms * shifted), -1.0, 1.0)


class Recorder:
    """Takes down what a rule sees at one point after the other, and makes an orbit of it.

    Args:
        rule: whose run it is.
        start: the first point (..., d).
        steps: how many there will be, at most.
        keep: as for `iterate`.
    """

    def __init__(self, rule: Rule, start: Array, steps: int, keep: Literal["all", "scalars"] = "all") -> None:
        n, batch = steps + 1, start.shape[:-1]
        most = max(1, _NUMBERS // max(1, start.size))
        self._kept = n if keep == "all" else min(n, _LAST, most)
        x, x_plus = (np.empty((self._kept, *start.shape)) for _ in range(2))
        f, f_plus, norms, shifted, cosine = (np.empty((n, *batch)) for _ in range(5))
        eta, rho = np.empty(n), np.empty(n)
        self._all = Orbit(
            rule.name, np.arange(n), x, x_plus, f, f_plus, norms, shifted, cosine, eta, rho, start, traits=rule.traits
        )
        self._g, self._s = (np.empty((min(n, _CHUNK, most), *start.shape)) for _ in range(2))
        self._waiting = 0  # of the last steps: their gradients are in _g and _s
        self.seen = 0  # points, the start among them

    def see(self, x: Array, step: Step) -> None:
        """Take down what the rule saw at the next point x (..., d)."""
        k, i, into = self.seen, self._waiting, self._all
        slot = k % self._kept
        into.x[slot], into.x_plus[slot] = x, step.x_plus
        into.f[k], into.f_plus[k], self._g[i], self._s[i] = step.f, step.f_plus, step.g, step.s
        into.eta[k], into.rho[k] = step.eta, step.rho
        self.seen, self._waiting = k + 1, i + 1
        if self._waiting == len(self._g):
            self._settle()

    def _settle(self) -> None:
        """Work out lengths and angles: for many steps at a time, as that is quicker."""
        part = slice(self.seen - self._waiting, self.seen)
        self._measure(part, self._g[: self._waiting], self._s[: self._waiting])
        self._waiting = 0

    def _measure(self, part: slice, g: Array, s: Array) -> None:
        into = self._all
        into.gradient_norms[part], into.shifted_norms[part], into.cosine[part] = lengths(g, s)

    def see_all(self, rows: Array, eta: float, rho: float) -> None:
        """Take down what the rule saw at the next points (n, 4d + 2), in the order of `dynamics.programs.Program`."""
        self._settle()
        n, into = len(rows), self._all
        d = into.x.shape[-1]
        x, x_plus, values, g, s = np.split(rows, (d, 2 * d, 2 * d + 2, 3 * d + 2), axis=-1)
        part, slots = slice(self.seen, self.seen + n), np.arange(self.seen, self.seen + n) % self._kept
        into.x[slots], into.x_plus[slots] = x, x_plus
        into.f[part], into.f_plus[part] = values.T
        into.eta[part], into.rho[part] = eta, rho
        self._measure(part, g, s)
        self.seen += n

    def leave(self) -> None:
        """Put NaN at the points not seen: the run has left for good. Where all were seen nothing changes."""
        self._settle()
        k, n, into = self.seen, len(self._all.k), self._all
        slots = np.arange(max(k, n - self._kept), n) % self._kept
        for array in (into.f, into.f_plus, into.gradient_norms, into.shifted_norms, into.cosine):
            array[k:] = np.nan
        into.x[slots], into.x_plus[slots] = np.nan, np.nan
        into.eta[k:], into.rho[k:] = into.eta[k - 1], into.rho[k - 1]
        self.seen = n

    def orbit(self, first: int = 0) -> Orbit:
        """Return what was seen, from the point after `first` steps on."""
        self._settle()
        k, everything = self.seen, self._kept == len(self._all.k)
        slots = slice(first, k) if everything else np.arange(max(first, k - self._kept), k) % self._kept
        of_steps = {name: getattr(self._all, name)[first:k] for name in _OF_STEPS}
        return replace(self._all, **of_steps, x=self._all.x[slots], x_plus=self._all.x_plus[slots])


class _Walker:
    """Takes a rule's steps: from one start by its program as far as there is one, else one by one.

    Args:
        rule: any rule.
        x: starts (..., d).
        recorder: takes down what is seen.
    """

    def __init__(self, rule: Rule, x: Array, recorder: Recorder) -> None:
        self.x, self._rule, self._recorder = x, rule, recorder
        self._memory = rule.start(x)
        self._program: Program | None = None
        self._attempt = 0 if x.ndim == 1 and x.size <= 2 else math.inf  # the step before which none is traced
        self._patience = 1

    def go(self, k: int, most: int) -> int:
        """Take steps from step k on, at most so many and at least one; return how many."""
        if self._program is None and k >= self._attempt and most >= _WORTHWHILE:
            self._program = program(self._rule, self._memory, k)
            if self._program is None:
                self._attempt, self._patience = k + self._patience, 2 * self._patience
        taken = self._run(min(most, self._program.until - k)) if self._program else 0
        if self._program and k + taken >= self._program.until:
            self._program, self._patience = None, 1
        if not taken:
            seen, self._memory = self._rule.step(self.x, self._memory, k)
            self._recorder.see(self.x, seen)
            self.x = seen.x_next
        return max(taken, 1)

    def _run(self, steps: float) -> int:
        assert self._program is not None
        state, rows = self._program.run(int(steps), np.concatenate([self.x, *arrays(self._memory)]).tolist())
        self._recorder.see_all(rows, self._program.eta, self._program.rho)
        parts = iter(np.array(state).reshape(-1, self.x.size))
        self.x = next(parts)
        self._memory = mapped(self._memory, lambda _: next(parts))
        return len(rows)


def iterate(
    rule: Rule,
    x0: npt.ArrayLike,
    steps: int,
    keep: Literal["all", "scalars"] = "all",
    report: Callable[[int, Array], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Orbit:
    """Apply a rule again and again, from one start or from many at once.

    Args:
        rule: any rule of `dynamics.rules`.
        x0: starts (..., d).
        steps: how many, >= 0.
        keep: "all" positions, or the "scalars" of every step and the last positions only (for networks).
        report: called as report(k, x) every few hundred steps or every quarter of a second, whichever is sooner.
        stop: asked as often; when it says True the run ends there and is that much shorter.

    Returns:
        The orbit. A run from one start is the same, to the last bit, alone and among others, on an objective of which
        that holds for each point. Where a run leaves the finite numbers, the rest of it is NaN, from some hundred steps
        later on at the latest.

    Raises:
        ValueError: steps is negative, or x0 does not fit the rule's objective.
    """
    x: Array = np.array(x0, dtype=np.float64)
    d = rule.objective.dim
    if steps < 0:
        raise ValueError(f"steps must be >= 0, got {steps}")
    if x.shape[-1:] != (d,):
        raise ValueError(f"x0 must have shape (..., {d}), got {x.shape}")
    recorder = Recorder(rule, x, steps, keep)
    walker = _Walker(rule, x, recorder)
    attended, stopped = report is not None or stop is not None, False
    due, k = time.perf_counter() + _SECONDS, 0
    with np.errstate(all="ignore"):
        while k <= steps:
            k += walker.go(k, min(_CHUNK - k % _CHUNK, steps + 1 - k))
            if k % _CHUNK and k <= steps and not (attended and time.perf_counter() > due):
                continue
            if report is not None:
                report(k - 1, walker.x)
            stopped = stop is not None and stop()
            if k % _CHUNK == 0:  # not whenever it is time to report: what is kept must not depend on that
                walker.x = np.where(np.isfinite(walker.x).all(axis=-1, keepdims=True), walker.x, np.nan)
            if stopped or np.isnan(walker.x).all():
                break
            due = time.perf_counter() + _SECONDS
    if not stopped:
        recorder.leave()
    return recorder.orbit()
