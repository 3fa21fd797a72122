"""The kernel on balls: what it returns holds all values on a ball, of the exact function."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from landscapes import CATALOGUE, Landscape
from landscapes.balls import BALLS, Undefined, power
from landscapes.formula import parse

FORMULAS = [
    "(x^2+y-11)^2/100 + (x+y^2-7)^2/100",
    "sin(x)*exp(-x^2/3)/(1+x^2)",
    "a*x^2 + cos(b*x) + x^a",
    "log(x+3)*x + y^2/3",
    "sqrt(x^2+y^2+1) + x^3/(4+y)",
    "tanh(x*y) + atan(y) + asin(x/5) + acos(y/7)",
    "(x + 2.5)^y",
    "2^x + (x-3)^-3*y",
    "abs(x-1)*y + cosh(x) - sinh(y) + tan(x/3)",
    "log10(x+3)*(x+3)^2.5 + x*x*x",
    "(x^2+1)^(a*y)",
    "x^33/1e9 + (y+3)^-2 + x^0 + y^1",
    "0.1*x*3*0.7 + x^7*0.2 - pi*e*x",
    "(x+5)/(y+5)/(x-5)*y - x/((y-5)*(x+5))",
]
POINTS = np.random.default_rng(7).uniform(-2.0, 2.0, (200, 2))


def landscape(text: str) -> Landscape:
    formula = parse(text)
    values = {"a": 1.5, "b": -2.25}
    return Landscape(text, ((-2.0, 2.0),) * formula.dim, {name: values[name] for name in formula.parameters})


def holds(balls: tuple[arb, ...], values: np.ndarray, rounding: float) -> bool:
    """Whether balls (k) hold floats (k, n), which are off by a little themselves."""
    return all(
        (ball + arb(0, rounding * (1.0 + abs(value)))).contains(value)
        for ball, row in zip(balls, values, strict=True)
        for value in row.tolist()
        if math.isfinite(value)
    )


@pytest.mark.parametrize("radius", [0.0, 1e-9, 0.01, 0.3, 1.5])
@pytest.mark.parametrize("text", FORMULAS)
def test_balls_hold_what_floats_give(text: str, radius: float) -> None:
    l = landscape(text)
    rng = np.random.default_rng(3)
    for middle in POINTS[:25, : l.dim]:
        x = middle + radius * rng.uniform(-1.0, 1.0, (30, l.dim))
        try:
            balls = l.on_balls("fgh")(*(arb(float(m), radius) for m in middle))
        except Undefined:
            assert not np.isfinite(l.value(x)).any()
            continue
        f, (g, h) = l.value(x), l.gradient_and_hessian(x)
        upper = [h[:, i, j] for i in range(l.dim) for j in range(i, l.dim)]
        assert holds(balls, np.array([f, *g.T, *upper]), 1e-10)


@pytest.mark.parametrize("name", CATALOGUE)
def test_balls_around_points_are_tight(name: str) -> None:
    l = CATALOGUE[name].landscape
    low, high = np.array(l.domain).T
    x = low + (high - low) * np.random.default_rng(5).uniform(0.0, 1.0, (20, l.dim))
    g = l.gradient(x)
    scale = np.abs(g).max()
    for point, gradient in zip(x, g, strict=True):
        for ball, value in zip(l.on_balls("g")(*map(arb, point.tolist())), gradient.tolist(), strict=True):
            assert abs(float(ball) - value) <= 1e-12 * scale and float(ball.rad()) <= 1e-12 * scale


def test_a_ball_made_of_floats_holds_what_it_should() -> None:
    rng = np.random.default_rng(1)
    for middle, radius in zip(rng.normal(size=500), 10.0 ** rng.uniform(-300, 3, 500), strict=True):
        ball = arb(float(middle), float(radius))
        assert ball.mid() == arb(float(middle)) and arb(float(middle)).is_exact()
        assert ball.rad() >= arb(float(radius)) and arb(float(radius)).is_exact()


# The exact function


def test_constants_are_exact() -> None:
    """Decimals are the floats they were read as, no product of them is rounded, pi is pi."""
    l = Landscape("0.1*x*3*0.7", ((-1.0, 1.0),))
    exact = Fraction(0.1) * 3 * Fraction(0.7)
    (slope,) = l.on_balls("g")(arb(1))
    assert slope.contains(arb(exact.numerator) / arb(exact.denominator)) and slope.rad() < 1e-16
    (half,) = Landscape("sin(pi*x)", ((-1.0, 1.0),)).on_balls("f")(arb(1))
    assert half.contains(0)
    (value,) = Landscape("log(e^x) + 0.3*x - 0.3*x", ((-1.0, 1.0),)).on_balls("f")(arb(0.5))
    assert value.contains(0.5)


@pytest.mark.parametrize(
    "text", ["sin(x/3)*0.3*0.7", "x^2*0.1*0.3", "log10(x)*0.7/0.9", "(0.1*0.3)*x^3", "atan(x/7)^3"]
)
def test_each_derivative_is_that_of_the_same_function(text: str) -> None:
    """Checked with 40 digits, which tell a folded constant from an exact one."""
    l = Landscape(text, ((0.5, 2.0),))
    with mpmath.workdps(60):
        numbers = {"sin": mpmath.sin, "atan": mpmath.atan, "log10": mpmath.log10}
        source = text.replace("^", "**")
        for literal in ("0.1", "0.3", "0.7", "0.9"):
            source = source.replace(literal, f"mpf({float(literal)!r})")

        def f(x: mpmath.mpf) -> mpmath.mpf:
            return eval(source, {"x": x, "mpf": mpmath.mpf, **numbers})

        for x in (0.6875, 1.3, 1.9):
            values = [mpmath.diff(f, mpmath.mpf(x), n) for n in range(3)]
            for ball, value in zip(l.on_balls("fgh")(arb(x)), values, strict=True):
                apart = abs(mpmath.mpf(float(ball.mid())) - value)
                assert apart <= float(ball.rad()) * (1 + 1e-6) + 1e-25
                assert float(ball.rad()) < 1e-13


@given(st.floats(-5, 5), st.floats(0, 3), st.integers(2, 9))
def test_powers_are_tight(middle: float, radius: float, n: int) -> None:
    a = arb(middle, radius)
    value = power(a, n)
    low, high = float(a.lower()), float(a.upper())
    ends = [low**n, high**n] + ([0.0] if low <= 0.0 <= high else [])
    size = max(1.0, *(abs(e) for e in ends))
    assert float(value.upper()) == pytest.approx(max(ends), abs=1e-2 * size)
    assert float(value.lower()) == pytest.approx(min(ends), abs=1e-2 * size)
    assert value.contains(power(arb(middle), n))


@pytest.mark.parametrize("name", ["tanh", "sinh", "cosh", "exp", "atan"])
def test_monotone_functions_are_tight(name: str) -> None:
    ball = BALLS[name](arb(0, 2))
    function = getattr(math, name)
    low = 1.0 if name == "cosh" else function(-2.0)
    assert float(ball.lower()) == pytest.approx(low, abs=0.05) and float(ball.upper()) == pytest.approx(
        function(2.0), abs=0.05
    )


# Where a function is undefined


@pytest.mark.parametrize(
    ("text", "undefined", "partly"),
    [
        ("log(x)", (-2.0, 1.0), (0.0, 1.0)),
        ("log10(x)", (-2.0, 1.0), (0.5, 1.0)),
        ("sqrt(x)", (-2.0, 1.0), (0.5, 1.0)),
        ("asin(x)", (3.0, 1.0), (1.0, 0.5)),
        ("acos(x)", (-3.0, 1.0), (-1.0, 0.5)),
        ("x^0.5", (-2.0, 1.0), (0.0, 1.0)),
        ("x^x", (-2.0, 0.0), (0.0, 1.0)),
        ("1/x", None, (0.5, 1.0)),
        ("x^-3", None, (0.5, 1.0)),
        ("sin(1/x)", None, (0.5, 1.0)),
        ("atan(tan(x))", None, (1.5, 0.2)),
    ],
)
def test_undefined_throughout_raises_and_undefined_in_places_is_nan(
    text: str, undefined: tuple[float, float] | None, partly: tuple[float, float]
) -> None:
    gh = Landscape(text, ((-4.0, 4.0),)).on_balls("gh")
    assert not any(ball.is_finite() for ball in gh(arb(*partly)))
    if undefined and undefined[1]:
        with pytest.raises(Undefined):
            gh(arb(*undefined))


def test_a_second_derivative_over_a_kink_is_nan() -> None:
    g, h = Landscape("abs(x) + x^2", ((-1.0, 1.0),)).on_balls("gh")(arb(0.1, 0.2))
    assert g.is_finite() and g.contains(-1) and g.contains(1) and not h.is_finite()
    g, h = Landscape("abs(x) + x^2", ((-1.0, 1.0),)).on_balls("gh")(arb(0.3, 0.2))
    assert h.is_finite() and g > 0


def test_nothing_overflows() -> None:
    f, g = Landscape("exp(exp(x))", ((-1.0, 9.0),)).on_balls("fg")(arb(9))
    assert f.is_finite() and g > f > 0
    (f,) = Landscape("exp(exp(exp(exp(x))))", ((-1.0, 9.0),)).on_balls("f")(arb(9))
    assert not f.is_finite() and f.contains(10**6)
