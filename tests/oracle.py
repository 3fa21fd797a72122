"""A second opinion on where SAM stops, which shares no idea and no line with the program.

Gradients are written by hand here. Roots of S(x) = g(x + rho g/|g|) are sought directly, by SciPy's `root` from a
dense set of starts, and judged by the definition; nothing here knows about circles, targets or stationary points.
Stability is told by differences of S and by running the SAM map itself from small perturbations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, root

from landscapes.landscape import Landscape

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Case:
    """A formula with its window, and its gradient (..., d) -> (..., d) written by hand."""

    formula: str
    domain: tuple[tuple[float, float], ...]
    gradient: Callable[[Array], Array]
    parameters: dict[str, float] = field(default_factory=dict)

    @property
    def landscape(self) -> Landscape:
        return Landscape(self.formula, self.domain, self.parameters)

    @property
    def dim(self) -> int:
        return len(self.domain)

    @property
    def width(self) -> float:
        return min(high - low for low, high in self.domain)

    def on(self, *domain: tuple[float, float]) -> Case:
        return replace(self, domain=domain)

    def inside(self, x: Array, slack: float = 0.0) -> Array:
        low, high = np.array(self.domain).T
        return np.all((x >= low - slack) & (x <= high + slack), axis=-1)

    def grid(self, n: int) -> Array:
        axes = [np.linspace(low, high, n) for low, high in self.domain]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def shifted(case: Case, x: Array, rho: float) -> Array:
    """S(x) (..., d); g(x) where that vanishes."""
    g = case.gradient(x)
    norm = np.linalg.norm(g, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return case.gradient(x + rho * g / np.where(norm > 0.0, norm, 1.0))


def satisfies(case: Case, x: Array, rho: float, tolerance: float = 1e-9) -> Array:
    """Mask of the points at which S vanishes and g does not: the definition.

    A gradient 10^8 times smaller than is usual in the window counts as zero: a branch of points ends there.
    """
    usual = np.nanmedian(np.linalg.norm(case.gradient(case.grid(41)), axis=-1))
    g = np.linalg.norm(case.gradient(x), axis=-1)
    s = np.linalg.norm(shifted(case, x, rho), axis=-1)
    return (s <= tolerance * g) & (g > 1e-8 * usual)


def _start_points(case: Case, field: Callable[[Array], Array], coarse: int, fine: int) -> Array:
    """A coarse grid, and the cells of a fine one in which both components of a vector field change sign."""
    nodes = case.grid(fine)
    s = field(nodes)
    change = np.ones((fine - 1, fine - 1), dtype=bool)
    for i in range(2):
        corners = np.stack([s[:-1, :-1, i], s[1:, :-1, i], s[:-1, 1:, i], s[1:, 1:, i]])
        change &= (corners > 0.0).any(axis=0) & (corners < 0.0).any(axis=0)
    cells = nodes[:-1, :-1][change] + 0.5 * (nodes[1, 1] - nodes[0, 0])
    # More than a few hundred are the cells along a curve, on which a part stands for all.
    cells = cells[:: 1 + len(cells) // 600]
    return np.concatenate([case.grid(coarse).reshape(-1, 2), cells])


def _solved(case: Case, field: Callable[[Array], Array], starts: Array) -> Array:
    """Roots (n, 2) of a vector field by `scipy.optimize.root`, clear of the window's edge; not yet judged."""
    found = []
    with np.errstate(all="ignore"):
        for start in starts:
            solved = root(field, start, tol=1e-13, options={"maxfev": 50})
            if np.isfinite(solved.x).all() and np.linalg.norm(solved.fun) < 1e-6:
                found.append(solved.x)
    x = np.array(found).reshape(-1, 2)
    return x[case.inside(x, -1e-9 * case.width)]


def roots_of_shift(case: Case, rho: float, coarse: int = 8, fine: int = 401, starts: Array | None = None) -> Array:
    """Return hallucinated points (n, 2) of the window found by `scipy.optimize.root` from many starts."""

    def s(x: Array) -> Array:
        g = case.gradient(x)
        norm = np.sqrt(g @ g)
        return case.gradient(x + (rho / norm) * g) if norm > 0.0 else g

    if starts is None:
        starts = _start_points(case, lambda nodes: shifted(case, nodes, rho), coarse, fine)
    x = _solved(case, s, starts)
    return distinct(x[satisfies(case, x, rho)], 1e-6 * case.width)


def roots_of_gradient(case: Case, coarse: int = 8, fine: int = 401) -> Array:
    """Return stationary points (n, 2) of the window found by `scipy.optimize.root` from many starts."""
    x = _solved(case, case.gradient, _start_points(case, case.gradient, coarse, fine))
    usual = np.nanmedian(np.linalg.norm(case.gradient(case.grid(41)), axis=-1))
    return distinct(x[np.linalg.norm(case.gradient(x), axis=-1) <= 1e-11 * usual], 1e-6 * case.width)


def distinct(x: Array, radius: float) -> Array:
    """Keep one of every group of points closer than `radius`."""
    kept: list[Array] = []
    for p in x:
        if all(np.linalg.norm(p - q) > radius for q in kept):
            kept.append(p)
    return np.array(kept).reshape(-1, x.shape[-1])


def roots_in_one_variable(case: Case, rho: float, samples: int = 200_001) -> Array:
    """Return hallucinated points (n, 1) of the window at which S changes sign, by dense sampling."""
    x = _sign_changes(lambda t: shifted(case, t, rho), case.domain[0], samples)
    return x[satisfies(case, x, rho)]


def stationary_in_one_variable(case: Case, samples: int = 200_001) -> Array:
    """Return stationary points (n, 1) of the window at which f' changes sign, by dense sampling."""
    x = _sign_changes(case.gradient, case.domain[0], samples)
    usual = np.nanmedian(np.abs(case.gradient(case.grid(1001))))
    return x[np.abs(case.gradient(x))[:, 0] <= 1e-9 * usual]


def _sign_changes(f: Callable[[Array], Array], domain: tuple[float, float], samples: int) -> Array:
    t = np.linspace(*domain, samples)
    values = f(t[:, None])[:, 0]
    with np.errstate(all="ignore"):
        first = np.flatnonzero((values[:-1] * values[1:] < 0.0) | (values[:-1] == 0.0))
    one = [brentq(lambda v: float(f(np.array([v]))[0]), t[i], t[i + 1], xtol=1e-15) for i in first if values[i]]
    return np.sort(np.array([*one, *t[first[values[first] == 0.0]]])).reshape(-1, 1)


def missing(expected: Array, found: Array, radius: float) -> Array:
    """Return the expected points that no found point is near to."""
    if not len(expected):
        return expected
    if not len(found):
        return expected
    distance = np.linalg.norm(expected[:, None] - found[None], axis=-1).min(axis=1)
    return expected[distance > radius]


def jacobian_of_shift(case: Case, x: Array, rho: float, h: float = 1e-6) -> Array:
    """DS (n, d, d) by Richardson-extrapolated central differences; columns are the directions."""
    columns = []
    for e in np.eye(case.dim):

        def difference(step: float, e: Array = e) -> Array:
            ahead, behind = shifted(case, x + step * e, rho), shifted(case, x - step * e, rho)
            return (ahead - behind) / (2.0 * step)

        columns.append((4.0 * difference(h) - difference(2.0 * h)) / 3.0)
    return np.stack(columns, axis=-1)


def distance_after(case: Case, x: Array, rho: float, eta: Array, steps: int, start: float = 1e-7) -> Array:
    """Run SAM from 8 perturbations of each point (n, d): the largest distance then, in units of the first one.

    A run that has gone further than 10^4 times its first distance has left, and stays where it is.
    """
    rng = np.random.default_rng(0)
    push = rng.normal(size=(8, *x.shape))
    y = x + start * push / np.linalg.norm(push, axis=-1, keepdims=True)
    for _ in range(steps):
        stay = np.linalg.norm(y - x, axis=-1, keepdims=True) > 1e4 * start
        y = np.where(stay, y, y - eta[:, None] * shifted(case, y, rho))
    return np.linalg.norm(y - x, axis=-1).max(axis=0) / start


# Landscapes with gradients by hand


def _columns(x: Array) -> tuple[Array, Array]:
    return x[..., 0], x[..., 1]


def _vector(*parts: Any) -> Array:
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def _himmelblau(p: Array) -> Array:
    x, y = _columns(p)
    a, b = x * x + y - 11.0, x + y * y - 7.0
    return _vector((4 * x * a + 2 * b) / 100, (2 * a + 4 * y * b) / 100)


def _rastrigin(p: Array) -> Array:
    return 2.0 * p + 20.0 * np.pi * np.sin(2.0 * np.pi * p)


def _ring(p: Array) -> Array:
    return p * ((p * p).sum(axis=-1, keepdims=True) - 1.0)


def _camel(p: Array) -> Array:
    x, y = _columns(p)
    return _vector(8 * x - 8.4 * x**3 + 2 * x**5 + y, x - 8 * y + 16 * y**3)


def _fold(p: Array) -> Array:
    x, y = _columns(p)
    return _vector(2 * x + 3 * y**2 * (1 + x) ** 2, 2 * y * (1 + x) ** 3)


def _waves(p: Array) -> Array:
    x, y = _columns(p)
    c, s = np.cos, np.sin
    return _vector(y * c(x * y) * c(x - y) - s(x * y) * s(x - y) + 1 / 7, x * c(x * y) * c(x - y) + s(x * y) * s(x - y))


HIMMELBLAU = Case("(x^2+y-11)^2/100 + (x+y^2-7)^2/100", ((-6, 6), (-6, 6)), _himmelblau)
RASTRIGIN = Case("20+x^2+y^2-10*(cos(2*pi*x)+cos(2*pi*y))", ((-5.12, 5.12), (-5.12, 5.12)), _rastrigin)
RING = Case("(x^2+y^2-1)^2/4", ((-2, 2), (-2, 2)), _ring)
TILTED_RING = Case("(x^2+y^2-1)^2/4 + 0.1x", ((-2, 2), (-2, 2)), lambda p: _ring(p) + np.array([0.1, 0.0]))
VALLEY = Case("(x^2-1)^2/4 + y^2/2", ((-2, 2), (-2, 2)), lambda p: _vector(p[..., 0] ** 3 - p[..., 0], p[..., 1]))
CAMEL = Case("(4-2.1x^2+x^4/3)*x^2 + x*y + (4y^2-4)*y^2", ((-2, 2), (-1.2, 1.2)), _camel)
STYBLINSKI_TANG = Case("(x^4-16x^2+5x+y^4-16y^2+5y)/2", ((-5, 5), (-5, 5)), lambda p: 2.0 * p**3 - 16.0 * p + 2.5)
FOLD = Case("x^2 + y^2*(1+x)^3", ((-3, 3), (-3, 3)), _fold)
WAVES = Case("sin(x*y)*cos(x-y) + x/7", ((-3, 3), (-3, 3)), _waves)
DOUBLE_WELL = Case(
    "x^4/4 - 1.4x^3/3 - 0.6x^2", ((-2, 4),), lambda p: (p + 0.6) * p * (p - 2.0)
)  # f' = (x + 0.6) x (x - 2)


def sine(beta: float, rho: float) -> Case:
    """The sine preset, whose wave length is 6 rho/5."""
    k = 5.0 * np.pi / (3.0 * rho)
    amplitude = 9.0 * beta * rho**2 / (25.0 * np.pi**2)
    return Case(
        "(9*b*rho^2/(25*pi^2)) * sin(5*pi*x/(3*rho))",
        ((-1, 1),),
        lambda p: amplitude * k * np.cos(k * p),
        {"b": beta, "rho": rho},
    )


def trigonometric(terms: list[tuple[float, ...]], domain: tuple[tuple[float, float], ...]) -> Case:
    """The sum of a sin(k.x + c), for terms (a, c, *k)."""
    names = "xy"[: len(domain)]

    def text(a: float, c: float, *k: float) -> str:
        return f"({a!r})*sin({'+'.join(f'({w!r})*{n}' for w, n in zip(k, names, strict=True))}+({c!r}))"

    def gradient(p: Array) -> Array:
        total = np.zeros_like(p)
        for a, c, *k in terms:
            total = total + a * np.cos(p @ np.array(k) + c)[..., None] * np.array(k)
        return total

    return Case("+".join(text(*term) for term in terms), domain, gradient)


def gaussians(terms: list[tuple[float, ...]], domain: tuple[tuple[float, float], ...], bowl: float = 0.05) -> Case:
    """The sum of a exp(-|x - c|^2/(2 s^2)), for terms (a, s, *c), and of bowl |x|^2."""
    names = "xy"[: len(domain)]

    def text(a: float, s: float, *c: float) -> str:
        square = "+".join(f"({n}-({v!r}))^2" for n, v in zip(names, c, strict=True))
        return f"({a!r})*exp(-({square})/(2*{s!r}^2))"

    def gradient(p: Array) -> Array:
        total = 2.0 * bowl * p
        for a, s, *c in terms:
            v = p - np.array(c)
            total = total - a / (s * s) * v * np.exp(-(v * v).sum(axis=-1, keepdims=True) / (2.0 * s * s))
        return total

    round_bowl = f"{bowl!r}*({'+'.join(f'{n}^2' for n in names)})"
    return Case("+".join([*(text(*term) for term in terms), round_bowl]), domain, gradient)
