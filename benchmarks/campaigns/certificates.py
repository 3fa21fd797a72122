"""Proofs of completeness beside Newton's method: python -m benchmarks.campaigns.certificates [seed] [count].

Random formulas, smooth or with kinks, with random windows, radii and step sizes. Zeros of the gradient and of S are
sought from a fine grid and from random starts, with the gradient written by hand and Jacobians by differences; what is
found is compared with what `certificate` says. A certificate is false where

- a stationary point of the widened window lies in no box, proved or undecided, or a hallucinated point of the window
  is neither proved nor looks at what is undecided;
- a box that is proved holds no stationary point, or two, or one of another kind;
- a point that is proved does not satisfy the definition, or attracts where it is said to repel, or the reverse;
- the list is proved complete, and lacks a point.

What is closer to an edge than 1e-6 of the window, or closer to another one than 1e-5 of it, is not judged.
"""

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.campaigns.formulas import Ground, random_ground
from dynamics import Proof, certificate, hallucinated_points
from landscapes import Landscape

Array = np.ndarray
Field = Callable[[Array], Array]
_SAMPLES = (4001, 101)  # of the grid along an axis, in one variable and in two
_RANDOM = 300  # starts
_STEPS = 40
_EDGE, _SAME = 1e-6, 1e-5  # of the diagonal


@dataclass(frozen=True, eq=False)
class Question:
    """A formula with its window, a radius and a step size, and what is said of them."""

    ground: Ground
    landscape: Landscape
    rho: float
    eta: float
    proof: Proof
    rng: np.random.Generator

    @property
    def words(self) -> str:
        return f"{self.ground.formula!r}, {self.ground.domain}, rho {self.rho!r}, eta {self.eta!r}"


def questions(seed: int, count: int) -> Iterator[Question]:
    """Draw formulas, a third of them in one variable and four in ten with kinks, and prove what can be proved."""
    rng = np.random.default_rng(seed)
    for case in range(count):
        ground = random_ground(rng, 1 if case % 3 == 0 else 2, kinks=case % 5 < 2)
        l = ground.landscape
        width = min(high - low for low, high in l.domain)
        rho, eta = float(width * 10.0 ** rng.uniform(-1.5, -0.2)), float(10.0 ** rng.uniform(-3.0, 0.0))
        yield Question(ground, l, rho, eta, certificate(l, rho, hallucinated_points(l, rho), eta), rng)


@dataclass(frozen=True, eq=False)
class Found:
    """What Newton's method finds from everywhere."""

    zeros: Array  # (n, d) of the gradient, in the widened window
    points: Array  # (m, d) of S, in the window


def sought(q: Question) -> Found:
    """Seek stationary and hallucinated points with the gradient written by hand."""
    gradient, window = q.ground.gradient, q.landscape.domain
    with np.errstate(all="ignore"):
        zeros = _zeros(gradient, q.proof.window, q.rng, lambda x: np.ones(len(x)))
        points = _zeros(lambda x: shifted(q, x), window, q.rng, lambda x: np.linalg.norm(gradient(x), axis=-1))
    return Found(zeros, points)


def contradictions(q: Question, found: Found) -> list[str]:
    """Say what is false about a certificate; nothing where it is true."""
    size = q.landscape.diagonal
    with np.errstate(all="ignore"):
        return [
            *_zeros_against(q, found.zeros, size),
            *_boxes_against(q, found.zeros, size),
            *_points_against(q, found.points, size),
            *_definition_against(q),
        ]


def missed(q: Question, found: Found) -> int:
    """Count the points proved that Newton's method has not found: by so much it is the weaker of the two."""
    apart = np.linalg.norm(q.proof.points[:, None] - found.points[None], axis=-1)
    return int((apart.min(axis=1, initial=np.inf) > _SAME * q.landscape.diagonal).sum())


def shifted(q: Question, x: Array) -> Array:
    """S(x) (..., d)."""
    g = q.ground.gradient(x)
    return q.ground.gradient(x + q.rho * g / np.linalg.norm(g, axis=-1, keepdims=True))


def jacobian(field: Field, x: Array, h: float) -> Array:
    """Differences of a field at points (n, d): (n, d, d), columns are the directions."""
    sides = h * np.eye(x.shape[-1])
    return np.stack([(field(x + e) - field(x - e)) / (2.0 * h) for e in sides], axis=-1)


def _zeros(field: Field, window: tuple, rng: np.random.Generator, scale: Callable[[Array], Array]) -> Array:
    """Newton's method on a field from cells in which all its components change sign, and from random starts."""
    low, high = np.array(window).T
    diagonal = float(np.linalg.norm(high - low))
    dim = len(low)
    axes = [np.linspace(a, b, _SAMPLES[dim - 1]) for a, b in window]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    positive = field(nodes) > 0.0
    corners = np.stack([positive[tuple(slice(i, i - 1 or None) for i in at)] for at in np.ndindex(*(2,) * dim)])
    change = (corners.any(axis=0) & ~corners.all(axis=0)).all(axis=-1)
    middles = nodes[(slice(None, -1),) * dim][change] + 0.5 * np.array([axis[1] - axis[0] for axis in axes])
    x = np.concatenate([middles, rng.uniform(low, high, (_RANDOM, dim))])
    for _ in range(_STEPS):
        step = _solved(jacobian(field, x, 1e-7 * diagonal), field(x))
        length = np.linalg.norm(step, axis=-1, keepdims=True)
        x = x - step * np.minimum(1.0, 0.05 * diagonal / np.maximum(length, 1e-300))
    residual = np.linalg.norm(field(x), axis=-1)
    inside = ((x >= low + _EDGE * diagonal) & (x <= high - _EDGE * diagonal)).all(axis=-1)
    x = x[inside & (residual <= 1e-10 * scale(x)) & (np.linalg.norm(step, axis=-1) <= 1e-9 * diagonal)]
    return _apart(x, _SAME * diagonal)


def _solved(j: Array, v: Array) -> Array:
    if v.shape[-1] == 1:
        return v / j[..., 0]
    det = j[:, 0, 0] * j[:, 1, 1] - j[:, 0, 1] * j[:, 1, 0]
    turned = [j[:, 1, 1] * v[:, 0] - j[:, 0, 1] * v[:, 1], j[:, 0, 0] * v[:, 1] - j[:, 1, 0] * v[:, 0]]
    return np.stack(turned, axis=-1) / det[:, None]


def _apart(x: Array, gap: float) -> Array:
    kept: list[Array] = []
    for point in x:
        if np.isfinite(point).all() and all(np.linalg.norm(point - other) > gap for other in kept):
            kept.append(point)
    return np.array(kept).reshape(-1, x.shape[-1])


def _within(x: Array, boxes: Array, slack: float) -> Array:
    """Mask (b,) of the boxes (b, d, 2) that a point (d,) lies in."""
    return ((x >= boxes[:, :, 0] - slack) & (x <= boxes[:, :, 1] + slack)).all(axis=1)


def _zeros_against(q: Question, zeros: Array, size: float) -> list[str]:
    p, slack = q.proof, _EDGE * size
    return [
        f"the stationary point {z.tolist()} lies in no box"
        for z in zeros
        if not _within(z, p.boxes, slack).any() and not _within(z, p.undecided_boxes, slack).any()
    ]


def _boxes_against(q: Question, zeros: Array, size: float) -> list[str]:
    p, said = q.proof, []
    for box, zero, kind in zip(p.boxes, p.zeros, p.kinds, strict=True):
        inside = [z for z in zeros if _within(z, box[None], -1e-12 * size)[0]]
        if len(inside) > 1:
            said.append(f"the box around {zero.tolist()} holds {len(inside)} stationary points")
        hessian = jacobian(q.ground.gradient, zero[None], 1e-6 * size)[0]
        scale = max(float(np.abs(hessian).max()), 1e-300)
        if not np.linalg.norm(q.ground.gradient(zero)) <= 1e-9 * (1.0 + scale * size):
            said.append(f"{zero.tolist()} is no stationary point")
        values = np.linalg.eigvalsh(0.5 * (hessian + hessian.T))
        if (np.abs(values) > 1e-4 * scale).all() and kind != "undecided":
            true = "minimizer" if values[0] > 0.0 else "maximizer" if values[-1] < 0.0 else "saddle"
            if kind != true:
                said.append(f"{zero.tolist()} is a {true}, not a {kind}")
    return said


def _points_against(q: Question, points: Array, size: float) -> list[str]:
    p, slack, said = q.proof, _EDGE * size, []
    for x in points:
        if np.linalg.norm(p.points - x, axis=1).min(initial=np.inf) <= _SAME * size:
            continue
        g = q.ground.gradient(x)
        target = x + q.rho * g / np.linalg.norm(g)
        if p.proved:
            said.append(f"proved complete without the point {x.tolist()}")
        elif not _within(target, p.undecided_boxes, slack).any() and not _in_undecided_arc(p, x, target, size):
            said.append(f"the point {x.tolist()} is neither proved nor undecided")
    return said


def _in_undecided_arc(p: Proof, x: Array, target: Array, size: float) -> bool:
    """Return whether a point looks at a zero around which the proof leaves its direction undecided."""
    near = np.linalg.norm(p.zeros - target, axis=1) <= _SAME * size
    arcs = p.undecided_arcs[near[p.undecided_targets]]
    away = x - target
    turn = (0.0 if away[0] > 0.0 else 0.5) if len(x) == 1 else math.atan2(away[1], away[0]) / (2.0 * math.pi)
    return any(
        bool(((arcs[:, 0] - 1e-4 <= t) & (t <= arcs[:, 1] + 1e-4)).any()) for t in (turn - 1.0, turn, turn + 1.0)
    )


def _definition_against(q: Question) -> list[str]:
    p, said, size = q.proof, [], q.landscape.diagonal
    for x, k, attracts in zip(p.points, p.targets, p.attracts, strict=True):
        g, s = (np.linalg.norm(v) for v in (q.ground.gradient(x), shifted(q, x)))
        m = jacobian(lambda y: shifted(q, y), x[None], 1e-7 * size)[0]
        if not s <= 1e-8 * (g + np.abs(m).max() * size):
            said.append(f"{x.tolist()} is no hallucinated point: |S| = {s:.2g}, |g| = {g:.2g}")
        if abs(np.linalg.norm(p.zeros[k] - x) - q.rho) > 1e-8 * size:
            said.append(f"{x.tolist()} does not look at its target")
        factors = np.abs(np.linalg.eigvals(np.eye(len(x)) - q.eta * m))
        if attracts != "undecided" and abs(factors.max() - 1.0) > 1e-4 * (1.0 + factors.max()):
            if (factors.max() < 1.0) != (attracts == "attracts"):
                said.append(f"{x.tolist()} is said to be one that {attracts}, but its multipliers are {factors}")
    return said


def main() -> bool:
    """Return whether no certificate was false."""
    seed, count = (int(text) for text in (sys.argv[1:] + ["0", "2000"][len(sys.argv) - 1 :]))
    begin, told, false = time.perf_counter(), Counter[str](), 0
    for q in questions(seed, count):
        word = "proved" if q.proof.proved else "complete, not the list" if q.proof.complete else "undecided"
        told[f"{'kinks' if q.ground.kinks else 'smooth'}: {word}"] += 1
        told["points proved"] += len(q.proof.points)
        found = sought(q)
        told["points proved that Newton misses"] += missed(q, found)
        against = contradictions(q, found)
        false += bool(against)
        if against:
            print(f"{word}, but {'; '.join(against)}: {q.words}")
    print(f"seed {seed}: {count} certificates beside Newton's method, {time.perf_counter() - begin:.0f} s")
    for name in sorted(told):
        print(f"  {name:33s} {told[name]:6d}")
    print(f"  {'false':33s} {false:6d}")
    return not false


if __name__ == "__main__":
    sys.exit(not main())
