"""Verdicts beside runs ten times as long: python -m benchmarks.campaigns.verdicts [seed] [count].

On landscapes of the catalogue and on random formulas, SAM and GD run from random starts with random radii and step
sizes. Each run is judged after K steps, and the verdict is false where the 9 K steps that follow say otherwise. They
are not judged by `verdict`, but by their positions and by the gradient written by hand:

reached, stopped    the point is stationary and of its kind, and the run ends there or comes closer to it;
hallucinated        S vanishes at the point and g does not, the target is of its kind, and the run ends there or comes
                    closer;
bouncing, trapped   the point is stationary and of its kind, the run goes at most twice as far from it as in the last
                    w = max(20, K/10) of the K steps, and its last w steps have the point in their box or no further
                    from it than that is wide (a bounce across a curved valley has its middle beside the minimizer);
cycling             the run stays in the box of the last w of the K steps, a quarter of its diagonal more on every side,
                    and its last steps span at least half of it;
stalled             the run stays within a tenth of rho, and SciPy finds no zero of S where it ends;
diverged            the run does not end in the region that it has left;
still moving        the run had not settled: it has not, to 1e-6 of the window's diagonal, been for all of the last w
                    and of the 9 K steps at the same places, in a period of at most w/2 steps. What creeps on at an
                    undiminished pace, as over a plateau, has not settled, however slow it is.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import root

from benchmarks.campaigns.formulas import random_ground
from dynamics import Orbit, Verdict, gd, iterate, sam, verdict
from dynamics.outcome import OUTCOMES, TOLERANCES, tail_of
from landscapes import CATALOGUE, Landscape

LONGER = 10
STARTS = 5  # of one landscape, radius and step size
_SAME = 1e-6  # of the diagonal
_SLACK = 0.25  # of the diagonal of the box in which a cycle stays, on every side
_BESIDE = 1.0  # of the diagonal of the box of a bounce, on every side
_BOUNCE = 2.0  # an irregular bounce shows in a few steps only part of how far it goes
Array = np.ndarray
Gradient = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Question:
    """A run and the one ten times as long."""

    landscape: Landscape
    gradient: Gradient
    orbit: Orbit
    longer: Array  # (10 K + 1, d) positions
    rho: float
    eta: float

    @property
    def words(self) -> str:
        start = self.orbit.x[0].tolist()
        return (
            f"{self.orbit.name} on {self.landscape.formula!r}, {self.landscape.domain}, from {start}, "
            f"eta {self.eta!r}, rho {self.rho!r}, {self.orbit.steps} steps"
        )


def questions(seed: int, count: int) -> Iterator[Question]:
    """Draw runs: a quarter on the catalogue, the others on random formulas, half of these with kinks."""
    rng = np.random.default_rng(seed)
    names = sorted(CATALOGUE)
    for case in range(-(-count // STARTS)):
        if case % 4:
            ground = random_ground(rng, 1 + int(rng.random() < 0.7), kinks=bool(case % 2))
            l, gradient = ground.landscape, ground.gradient
        else:
            l = CATALOGUE[names[int(rng.integers(len(names)))]].landscape
            gradient = l.gradient
        low, high = np.array(l.domain).T
        steep = float(np.nanmedian(np.abs(l.hessian(rng.uniform(low, high, (200, l.dim)))).max(axis=(1, 2))))
        rho = float((high - low).min() * 10.0 ** rng.uniform(-2.0, -0.35))
        eta = float(10.0 ** rng.uniform(-2.0, -0.1) / max(steep, 1e-3))
        steps = int(rng.choice([300, 1000, 2000]))
        rule = gd(l, eta) if rng.random() < 0.2 else sam(l, eta, rho)
        runs = min(STARTS, count - case * STARTS)
        orbit = iterate(rule, rng.uniform(low, high, (runs, l.dim)), LONGER * steps)
        for run in range(runs):
            one = part(orbit, run, steps + 1)
            yield Question(l, gradient, one, orbit.x[:, run], float(one.rho[-1]), eta)


def part(orbit: Orbit, run: int, entries: int) -> Orbit:
    """Return the first entries of one run of a batch."""
    batch = ("x", "x_plus", "f", "f_plus", "gradient_norms", "shifted_norms", "cosine")
    cut = {name: getattr(orbit, name)[:entries, run] for name in batch}
    start = None if orbit.start is None else orbit.start[run]
    return replace(orbit, k=orbit.k[:entries], eta=orbit.eta[:entries], rho=orbit.rho[:entries], start=start, **cut)


def contradiction(v: Verdict, q: Question) -> str:
    """Say what the longer run has against a verdict; nothing where it is true."""
    l, steps = q.landscape, q.orbit.steps
    tail, after = q.longer[steps + 1 - tail_of(steps + 1) : steps + 1], q.longer[steps:]
    same = _SAME * l.diagonal
    with np.errstate(all="ignore"):
        match v.outcome:
            case "diverged":
                middle = np.array(l.domain).mean(axis=1)
                far = np.linalg.norm(after[-1] - middle) > TOLERANCES.far * l.diagonal
                return "" if far or not np.isfinite(after[-1]).all() else "it has come back"
            case "reached" | "stopped" | "hallucinated":
                return _no_such_point(v, q) or _leaves(v, after, same)
            case "bouncing" | "trapped":
                far = float(np.linalg.norm(tail - v.point, axis=1).max())
                stays = (np.linalg.norm(after - v.point, axis=1) <= _BOUNCE * far + same).all()
                around = _in_box(np.asarray(v.point), after[-len(tail) :], _BESIDE, same)
                return _no_such_point(v, q) or ("it goes away" if not stays else "" if around else "it is beside it")
            case "cycling":
                return _no_cycle(tail, after, same)
            case "stalled":
                if (np.linalg.norm(after - after[0], axis=1) > 0.1 * q.rho).any():
                    return "it goes on"
                return "S vanishes where it ends" if _vanishes(q, after[-1]) else ""
            case _:
                return "it had settled" if settled(tail, after, same) else ""


def settled(tail: Array, after: Array, same: float) -> bool:
    """Return whether a run has been at the same places, in some period, from the start of `tail` on."""
    x = np.concatenate([tail[:-1], after])
    apart = np.linalg.norm(tail[:-1][::-1] - tail[-1], axis=1)[: len(tail) // 2]
    for period in 1 + np.flatnonzero(apart <= same)[:8]:
        whole = x[: len(x) - len(x) % period].reshape(-1, period, x.shape[1])
        if (np.linalg.norm(whole - whole[0], axis=-1) <= same).all():
            first, half, last = whole[0, 0], whole[len(whole) // 2, 0], whole[-1, 0]
            return bool(np.linalg.norm(last - half) <= max(0.5 * np.linalg.norm(half - first), 1e-6 * same))
    return False


def _no_cycle(tail: Array, after: Array, same: float) -> str:
    if not _in_box(after, tail, _SLACK, same):
        return "it leaves the box"
    spread = np.linalg.norm(np.ptp(tail, axis=0))
    return "" if np.linalg.norm(np.ptp(after[-len(tail) :], axis=0)) >= 0.5 * spread else "it comes to rest"


def _in_box(x: Array, of: Array, slack: float, same: float) -> bool:
    low, high = of.min(axis=0), of.max(axis=0)
    slack = slack * float(np.linalg.norm(high - low)) + same
    return bool(((x >= low - slack) & (x <= high + slack)).all())


def _leaves(v: Verdict, after: Array, same: float) -> str:
    first, last = (float(np.linalg.norm(x - v.point)) for x in (after[0], after[-1]))
    return "" if last <= max(first, same) else f"it leaves: {first:.2g} away, then {last:.2g}"


def _vanishes(q: Question, x: Array) -> bool:
    """Return whether SciPy finds a hallucinated point close to x."""
    solved = root(lambda y: _g_and_s(q, y)[1], x, tol=1e-14)
    g, s = (float(np.linalg.norm(value)) for value in _g_and_s(q, solved.x))
    return bool(np.linalg.norm(solved.x - x) <= 0.1 * q.rho and s <= 1e-10 * g)


def _g_and_s(q: Question, x: Array) -> tuple[Array, Array]:
    g = q.gradient(x)
    return g, q.gradient(x + q.rho * g / max(float(np.linalg.norm(g)), 1e-300))


def _no_such_point(v: Verdict, q: Question) -> str:
    """Judge the point by the definition and its kind by differences of the gradient."""
    assert v.point is not None
    y = v.point
    if v.outcome == "hallucinated":
        assert v.target is not None
        g, s = (float(np.linalg.norm(value)) for value in _g_and_s(q, y))
        y = v.target
        if not (s <= 1e-7 * g and g > 0.0):
            return f"no hallucinated point: |S| = {s:.2g}, |g| = {g:.2g}"
        if abs(np.linalg.norm(y - v.point) - q.rho) > 1e-9 * q.rho:
            return "the target is not at the distance rho"
    h = 1e-6 * q.landscape.diagonal
    hessian = np.stack([(q.gradient(y + h * e) - q.gradient(y - h * e)) / (2.0 * h) for e in np.eye(len(y))])
    values = np.linalg.eigvalsh(0.5 * (hessian + hessian.T))
    size = max(float(np.abs(values).max()), 1e-300)
    if v.outcome != "hallucinated" and not np.linalg.norm(q.gradient(y)) <= 1e-7 * size * q.landscape.diagonal:
        return "no stationary point"
    low, high = values[0] < -1e-4 * size, values[-1] > 1e-4 * size
    kinds = {"minimizer": not low, "maximizer": not high, "saddle": low and high, "degenerate": True}
    return "" if kinds[str(v.kind)] else f"no {v.kind}: curvatures {values}"


def main() -> bool:
    """Return whether none of the words that claim a point was false, and of the others one in 500 at most."""
    seed, count = (int(text) for text in (sys.argv[1:] + ["0", "1000"][len(sys.argv) - 1 :]))
    begin = time.perf_counter()
    told, false = Counter[str](), Counter[str]()
    for q in questions(seed, count):
        v = verdict(q.landscape, q.orbit)
        told[v.outcome] += 1
        against = contradiction(v, q)
        if against:
            false[v.outcome] += 1
            print(f"{v.outcome} ({v.kind} at {v.point}), but {against}: {q.words}")
    print(f"seed {seed}: {count} verdicts beside runs {LONGER} times as long, {time.perf_counter() - begin:.0f} s")
    for word in OUTCOMES:
        print(f"  {word:12s} {told[word]:6d}   false {false[word]:4d}")
    sure = sum(false[word] for word in ("hallucinated", "reached", "stopped"))
    return not sure and false.total() <= count // 500


if __name__ == "__main__":
    sys.exit(not main())
