"""Switches: between two zeros of them f is smooth, and where f has a kink or a pole one of them changes its sign."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad

from landscapes import CATALOGUE, Landscape
from landscapes.function import walk
from landscapes.switches import switches

SQUARE = ((-2.0, 2.0), (-2.0, 2.0))
KINKED = [
    "abs(x-0.3)",
    "y^2+0.4*abs(x+y-0.439)",
    "abs(y-0.7*x^2)+x",
    "sqrt((x-0.3)^2)*y",
    "((x-0.3)^2)^0.5+y",
    "0.1/(x-0.898)+y",
    "1/(x*y)",
    "x/(y-0.2)^2",
    "(x-y)^(-3)",
    "tan(1.3*x)*y",
    "abs(sin(3*x)*(y-0.1))",
    "exp(-abs(x-0.3))*cos(y)+tanh(abs(y))",
    "log(abs(x+0.2))+y",
    "abs(abs(x)-y)",
]


def jumps(l: Landscape, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether the gradient jumps or is infinite on segments (n, 2) from a to b, by autograd on the formula's tree.

    Between neighbouring samples a smooth one changes by an eighth of what it does between every eighth.
    """
    f = walk(l.parsed, {})
    share = np.linspace(0.0, 1.0, 4097)[:, None, None]
    with np.errstate(all="ignore"):
        g = elementwise_grad(lambda x: f(x) + 0.0 * anp.sum(x, axis=-1))(a + share * (b - a))
    change = [np.abs(g[k:] - g[:-k]).max(axis=(0, 2)) for k in (1, 8)]
    return ~(change[0] < 0.5 * change[1] + 1e-12 * np.abs(g).max(axis=(0, 2)))


@pytest.mark.parametrize("text", KINKED)
def test_a_sign_changes_where_the_slope_jumps(text: str) -> None:
    """On segments; a few come so close to a pole, or to a kink twice, that samples do not tell."""
    l = Landscape(text if "y" in text else f"{text}+y", SQUARE)
    rng = np.random.default_rng(3)
    a = rng.uniform(-1.9, 1.9, (300, 2))
    b = a + rng.uniform(-0.3, 0.3, a.shape)
    crossed = switches(l).sides(a) != switches(l).sides(b)
    told = jumps(l, a, b)
    assert crossed.sum() > 5
    assert (crossed != told).sum() <= 3


@pytest.mark.parametrize(
    "text",
    ["x^2*y+cos(3*x)", "(x^2+y^2)/100", "exp(x)*tanh(y)-atan(x)", "2^x+y^12", "x/2+y*pi^(-0.5)", "sinh(x)*y/exp(x)"],
)
def test_smooth_formulas_have_none(text: str) -> None:
    assert len(switches(Landscape(text, SQUARE))) == 0


def test_the_catalogue() -> None:
    assert [name for name, entry in CATALOGUE.items() if len(switches(entry.landscape))] == ["kinks", "ackley"]


def test_values_and_slopes() -> None:
    """The factor of sqrt((x - a)^2) is x - a, with the parameter's value."""
    l = Landscape("b*sqrt((x-a)^2)+y", SQUARE, {"a": 0.25, "b": 2.0})
    every = switches(l)
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    assert len(every) == 1
    np.testing.assert_array_equal(every.value(0, x), x[..., 0] - 0.25)
    value, slope = every.value_and_gradient(0, x)
    np.testing.assert_array_equal(value, x[..., 0] - 0.25)
    np.testing.assert_array_equal(slope, np.broadcast_to([1.0, 0.0], x.shape))


def test_sides_tell_undefined_from_negative() -> None:
    every = switches(Landscape("abs(log(x))+y", SQUARE))
    assert len(set(every.sides([[-1.0, 0.0], [0.5, 0.0], [1.5, 0.0]]).tolist())) == 3


def test_a_function_has_none() -> None:
    assert len(switches(Landscape.of(lambda x: abs(x[..., 0]) + x[..., 1] ** 2, SQUARE))) == 0
