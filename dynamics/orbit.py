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

from .rules import Rule, Traits

_CHUNK: Final = 256  # at most so many steps between reports, and between looks at whether to stop
_SECONDS: Final = 0.25  # and about so many seconds
_LAST: Final = 256  # positions kept when only the scalars are
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
        whole = ("name", "start", "traits")
        return replace(self, **{f.name: getattr(self, f.name)[keep] for f in fields(self) if f.name not in whole})


def iterate(
    rule: Rule,
    x0: npt.ArrayLike,
    steps: int,
    keep: Literal["all", "scalars"] = "all",
    report: Callable[[int, Array], None] | None = None,
    stop: Callable[[], bool] | None = None,
    watch: Callable[[Orbit], None] | None = None,
    leash: float = math.inf,
) -> Orbit:
    """Apply a rule again and again, from one start or from many at once.

    Args:
        rule: any rule of `dynamics.rules`.
        x0: starts (..., d).
        steps: how many, >= 0.
        keep: "all" positions, or the "scalars" of every step and the last positions only (for networks).
        report: called as report(k, x) every few hundred steps or every quarter of a second, whichever is sooner.
        stop: asked as often; when it says True the run ends there and is that much shorter.
        watch: called as often with the part of the orbit since the last call, of its positions the last one only.
        leash: a run further than this from its start has left, and the rest of it is NaN.

    Returns:
        The orbit. Where a run leaves the finite numbers, the rest of it is NaN.

    Raises:
        ValueError: steps is negative, or x0 does not fit the rule's objective.
    """
    x: Array = np.array(x0, dtype=np.float64)
    d = rule.objective.dim
    if steps < 0:
        raise ValueError(f"steps must be >= 0, got {steps}")
    if x.shape[-1:] != (d,):
        raise ValueError(f"x0 must have shape (..., {d}), got {x.shape}")
    n = steps + 1
    batch = x.shape[:-1]
    most = max(1, _NUMBERS // max(1, x.size))
    kept = n if keep == "all" else min(n, _LAST, most)
    longest = min(n, _CHUNK, most)
    home, attended = x, any((report, stop, watch))
    positions = np.empty((kept, *x.shape))
    ahead = np.empty((kept, *x.shape))
    f, f_plus = np.empty((n, *batch)), np.empty((n, *batch))
    norms, shifted, cosine = np.empty((n, *batch)), np.empty((n, *batch)), np.empty((n, *batch))
    eta, rho = np.empty(n), np.empty(n)
    g, s = np.empty((longest, *x.shape)), np.empty((longest, *x.shape))
    memory = rule.start(x)
    step = rule.step
    done = 0
    interrupted = False
    with np.errstate(all="ignore"):
        while done < n:
            chunk = min(longest, n - done)
            due = time.perf_counter() + _SECONDS if attended else math.inf
            for i in range(chunk):
                k = done + i
                seen, memory = step(x, memory, k)
                slot = k % kept
                positions[slot], ahead[slot] = x, seen.x_plus
                f[k], f_plus[k], g[i], s[i] = seen.f, seen.f_plus, seen.g, seen.s
                eta[k], rho[k] = seen.eta, seen.rho
                x = seen.x_next
                if attended and time.perf_counter() > due:
                    chunk = i + 1
                    break
            part = slice(done, done + chunk)
            a, b = g[:chunk], s[:chunk]
            norms[part], shifted[part] = np.linalg.norm(a, axis=-1), np.linalg.norm(b, axis=-1)
            cosine[part] = np.clip(np.vecdot(a, b) / (norms[part] * shifted[part]), -1.0, 1.0)
            if leash < math.inf:
                slots = np.arange(done, done + chunk) % kept
                apart = np.linalg.norm(positions[slots] - home, axis=-1)
                gone = np.logical_or.accumulate(apart > leash, axis=0)
                for array in (f, f_plus, norms, shifted, cosine):
                    array[part][gone] = np.nan
                for array in (positions, ahead):
                    array[slots] = np.where(gone[..., None], np.nan, array[slots])
                x = np.where(gone[-1][..., None], np.nan, x)
            done += chunk
            if watch is not None:
                last = [(done - 1) % kept]
                seen_now = (array[part].copy() for array in (f, f_plus, norms, shifted, cosine, eta, rho))
                now = np.arange(part.start, part.stop)
                watch(Orbit(rule.name, now, positions[last], ahead[last], *seen_now, traits=rule.traits))
            if report is not None:
                report(done - 1, x)
            interrupted = stop is not None and stop()
            if interrupted or not np.isfinite(x).any():
                break
    if done < n and not interrupted:  # everything has left the finite numbers
        for array in (f, f_plus, norms, shifted, cosine):
            array[done:] = np.nan
        eta[done:], rho[done:] = eta[done - 1], rho[done - 1]
        slots = np.arange(max(done, n - kept), n) % kept
        positions[slots], ahead[slots] = np.nan, np.nan
        done = n
    order = np.arange(max(0, done - kept), done) % kept if kept < n else slice(0, done)
    return Orbit(
        rule.name,
        np.arange(done),
        positions[order],
        ahead[order],
        f[:done],
        f_plus[:done],
        norms[:done],
        shifted[:done],
        cosine[:done],
        eta[:done],
        rho[:done],
        home,
        traits=rule.traits,
    )
