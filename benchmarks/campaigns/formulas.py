"""Random formulas in one and two variables, smooth or with kinks, each with its gradient written by hand."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from landscapes import Landscape
from landscapes.formula import MAX_LENGTH

Array = np.ndarray
Shape = tuple[str, Callable[[Array], Array], Callable[[Array], Array]]

# Functions of one variable u: as typed, and with their derivatives.
SMOOTH: tuple[Shape, ...] = (
    ("sin({})", np.sin, np.cos),
    ("cos({})", np.cos, lambda u: -np.sin(u)),
    ("tanh({})", np.tanh, lambda u: 1.0 / np.cosh(u) ** 2),
    ("atan({})", np.arctan, lambda u: 1.0 / (1.0 + u * u)),
    ("sqrt(1+({})^2)", lambda u: np.sqrt(1.0 + u * u), lambda u: u / np.sqrt(1.0 + u * u)),
    ("log(1+({})^2)", lambda u: np.log(1.0 + u * u), lambda u: 2.0 * u / (1.0 + u * u)),
    ("exp(-({})^2)", lambda u: np.exp(-u * u), lambda u: -2.0 * u * np.exp(-u * u)),
    ("({})^2", lambda u: u**2, lambda u: 2.0 * u),
    ("({})^3/3", lambda u: u**3 / 3.0, lambda u: u**2),
    ("({})^4/4", lambda u: u**4 / 4.0, lambda u: u**3),
)
KINKS: tuple[Shape, ...] = (
    ("abs({})", np.abs, np.sign),
    ("sqrt(({})^2)", np.abs, np.sign),
    ("abs({0})*({0})/2", lambda u: np.abs(u) * u / 2.0, np.abs),
)


@dataclass(frozen=True, eq=False)
class Ground:
    """A formula with its window, and its gradient (..., d) -> (..., d) by hand."""

    formula: str
    domain: tuple[tuple[float, float], ...]
    gradient: Callable[[Array], Array]
    kinks: bool

    @property
    def landscape(self) -> Landscape:
        return Landscape(self.formula, self.domain)


def random_ground(rng: np.random.Generator, dim: int, kinks: bool) -> Ground:
    """Draw a bowl and two to four terms c p(u) or c p(u) q(v), where u and v are linear in x and y."""
    width = float(rng.uniform(2.0, 8.0))
    middle = rng.uniform(-1.0, 1.0, dim)
    domain = tuple((round(float(m - 0.5 * width), 3), round(float(m + 0.5 * width), 3)) for m in middle)
    count = int(rng.integers(2, 5))
    terms = [_term(rng, dim, 4.0 / width, kinks and i == 0) for i in range(count)]
    bowl = np.round(rng.uniform(0.05, 0.6, dim) * 16.0 / width**2, 3)
    text = "+".join(f"{c}*{name}^2" for c, name in zip(bowl.tolist(), "xy", strict=False))
    while len(text) + sum(len(term) for term, _ in terms) > MAX_LENGTH:
        terms.pop()

    def gradient(p: Array) -> Array:
        return 2.0 * bowl * p + sum(of_term(p) for _, of_term in terms)

    return Ground(text + "".join(term for term, _ in terms), domain, gradient, kinks)


def _term(rng: np.random.Generator, dim: int, scale: float, kink: bool) -> tuple[str, Callable[[Array], Array]]:
    factors = [_factor(rng, dim, scale, KINKS if kink else SMOOTH)]
    if rng.random() < 0.3:
        factors.append(_factor(rng, dim, scale, SMOOTH[:5]))
    c = float(np.round(rng.normal(0.0, 1.0), 2))

    def gradient(p: Array) -> Array:
        (value, slope), *rest = [of_factor(p) for _, of_factor in factors]
        for other, its_slope in rest:
            value, slope = value * other, value[..., None] * its_slope + other[..., None] * slope
        return c * slope

    return "*".join([f"{c:+}", *(text for text, _ in factors)]), gradient


def _factor(
    rng: np.random.Generator, dim: int, scale: float, shapes: tuple[Shape, ...]
) -> tuple[str, Callable[[Array], tuple[Array, Array]]]:
    text, p, slope = shapes[int(rng.integers(len(shapes)))]
    k, shift = np.round(scale * rng.normal(0.0, 1.2, dim), 2), float(np.round(rng.normal(), 2))
    inside = "".join([*(f"{a:+}*{name}" for a, name in zip(k.tolist(), "xy", strict=False)), f"{shift:+}"])

    def values(x: Array) -> tuple[Array, Array]:
        u = x @ k + shift
        return p(u), slope(u)[..., None] * k

    return text.format(inside), values
