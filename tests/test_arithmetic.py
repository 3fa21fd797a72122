"""A run from one start is, to the last bit, that run among others: floats and arrays give the same on every processor.

`make test` runs these tests again as on processors with fewer instructions, and with other kernels for sums.
"""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dynamics import RECIPES, Orbit, Rule, gd, iterate, sam
from landscapes import CATALOGUE, Landscape
from landscapes.arithmetic import FLOATS, NUMPY
from test_kernel import ANY, landscape

STEPS = 40
SIZES = (1, 3, 257)
GROUNDS = {
    key: CATALOGUE[key].landscape for key in ("double-well", "plateau", "ackley", "rastrigin", "himmelblau", "sine")
} | {
    "logarithms": Landscape("log(1 + x^2)*log10(2 + y^2) + tanh(x*y)", ((-3, 3), (-3, 3))),
    "hyperbolic": Landscape("sinh(x/2) + cosh(y/3) + atan(x - y) + asin(x/9) + acos(y/9)", ((-3, 3), (-3, 3))),
    "powers": Landscape("(1 + x^2)^1.3 + (2 + y^2)^p + (1.5 + sin(x))^y", ((-3, 3), (-3, 3)), {"p": 0.5}),
    "tangent": Landscape("exp(sin(3x)) + tan(x/4)", ((-3, 3),)),
}
RULES = {"gd": lambda l, eta, rho, steps: gd(l, eta)} | {key: recipe.build for key, recipe in RECIPES.items()}


@pytest.mark.parametrize("key", RULES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_a_run_alone_is_that_run_among_others(key: str, ground: str) -> None:
    l = GROUNDS[ground]
    low, high = np.array(l.domain).T
    starts = np.random.default_rng(7).uniform(low, high, (max(SIZES), l.dim))
    starts[0, -1] = 0.5  # powers of which NumPy takes by another way
    rule: Rule = RULES[key](l, 0.03, 0.4, STEPS)
    for n in SIZES:
        among = iterate(rule, starts[:n], STEPS)
        for i in (0, n // 2, n - 1):
            assert_same(iterate(rule, starts[i], STEPS), among, i)


def bits(a: np.ndarray) -> np.ndarray:
    """Numbers as their bits, so that 0 is not -0; one NaN is as good as another."""
    return np.where(np.isnan(a), np.nan, a).view(np.int64)


def assert_same(alone: Orbit, among: Orbit, i: int) -> None:
    for name in (f.name for f in fields(Orbit) if f.name not in ("name", "k", "eta", "rho", "start", "traits")):
        np.testing.assert_array_equal(bits(getattr(alone, name)), bits(getattr(among, name)[:, i]), err_msg=name)


@pytest.mark.parametrize("text", ["-x^2", "-x^2 - y^2", "x^2*y^2 - y^2", "x^4 - x*y"])
def test_a_run_that_leaves_does_so_alike_alone_and_among_runs_that_stay(text: str) -> None:
    l = landscape(text)
    starts = np.array([0.0, 1.0, 1e200, -1e250])[:, None] * np.ones(l.dim)
    for rule in (gd(l, 0.25), sam(l, 0.25, 1.0)):
        among = iterate(rule, starts, 1000)
        assert np.isfinite(among.x[:, 0]).all() and np.isnan(among.x[-1, 2:]).all()
        for i, start in enumerate(starts):
            assert_same(iterate(rule, start, 1000), among, i)
            assert_same(iterate(rule, start, 1000, report=lambda k, x: None), among, i)


def test_functions_in_python_give_a_point_alone_what_it_has_among_others() -> None:
    l = Landscape.of(lambda p: abs(p[..., 0]) ** 2.5 + p[..., 0] ** 3 + 1.7 ** p[..., 1], ((-3, 3), (-3, 3)))
    x = np.random.default_rng(5).uniform(-3.0, 3.0, (200, 2))
    for method in (l.value, l.gradient, l.hessian):
        np.testing.assert_array_equal(bits(method(x)), bits(np.array([method(p) for p in x])))


@pytest.mark.parametrize("name", FLOATS)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 300), scale=st.sampled_from([1e-3, 1.0, 30.0, 700.0]))
def test_functions_give_floats_what_they_give_arrays(name: str, seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    arguments = [rng.normal(size=n) * scale for _ in range(2 if name.startswith(("pow", "log")) else 1)]
    if name in ("log", "log10"):
        arguments = arguments[:1]
    if name.startswith("pow"):
        arguments[1][rng.random(n) < 0.5] = rng.choice([-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0])
    with np.errstate(all="ignore"):
        many = NUMPY[name](*arguments)
        for i, at in enumerate(zip(*(a.tolist() for a in arguments), strict=True)):
            try:
                one = float(FLOATS[name](*at))
            except ValueError:  # a square root
                one = float(NUMPY[name](*map(np.float64, at)))
            assert repr(one) == repr(float(many[i])), at


NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]) | st.floats(-5.0, 5.0)


@given(ANY, st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
@example(
    "x^y + abs(x)^(y - 1) + log(x)/y + exp(x)*tan(y) - sqrt(x*y) + abs(x - y)", [(2.0, 0.5), (0.7, -1.0), (-0.0, 2)]
)
@settings(max_examples=200)
def test_points_alone_have_the_values_that_they_have_among_others(text: str, places: list[tuple[float, float]]) -> None:
    l = landscape(text)
    x = np.array(places)[:, : l.dim]
    for among, alone in zip(l._evaluate("fgh", x), zip(*(l._evaluate("fgh", p) for p in x), strict=True), strict=True):
        np.testing.assert_array_equal(bits(among), bits(np.array(alone)))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 6000))
@settings(max_examples=20)
def test_a_point_has_the_same_values_wherever_it_stands(seed: int, n: int) -> None:
    """Also across the ends of the blocks in which many points are evaluated, and in rows as in columns."""
    l = GROUNDS["powers"]
    x = np.random.default_rng(seed).uniform(-3.0, 3.0, (n, 2))
    order = np.random.default_rng(seed).permutation(n)
    for values, again in zip(l._evaluate("fgh", x), l._evaluate("fgh", np.asfortranarray(x[order])), strict=True):
        np.testing.assert_array_equal(bits(values[order]), bits(again))
