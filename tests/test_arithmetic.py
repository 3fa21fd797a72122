"""A run from one start is, to the last bit, that run among others: floats and arrays give the same on every processor.

`make test` runs these tests again as on processors with fewer instructions, and with other kernels for sums.
"""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamics import RECIPES, Orbit, Rule, gd, iterate
from landscapes import CATALOGUE, Landscape
from landscapes.arithmetic import FLOATS, NUMPY

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


def assert_same(alone: Orbit, among: Orbit, i: int) -> None:
    for name in (f.name for f in fields(Orbit) if f.name not in ("name", "k", "eta", "rho", "start", "traits")):
        np.testing.assert_array_equal(getattr(alone, name), getattr(among, name)[:, i], err_msg=name, strict=True)


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
                one = FLOATS[name](*at)
            except (ArithmeticError, ValueError):
                one = float(NUMPY[name](*map(np.float64, at)))
            assert repr(one) == repr(float(many[i])), at


NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]) | st.floats(-5.0, 5.0)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_points_alone_have_the_values_that_they_have_among_others(points: list[tuple[float, float]]) -> None:
    l = Landscape("x^y + abs(x)^(y - 1) + log(x)/y + exp(x)*tan(y) - sqrt(x*y) + abs(x - y)", ((-5, 5), (-5, 5)))
    x = np.array(points)
    for among, alone in zip(l._evaluate("fgh", x), zip(*(l._evaluate("fgh", p) for p in x), strict=True), strict=True):
        np.testing.assert_array_equal(among, np.array(alone))
