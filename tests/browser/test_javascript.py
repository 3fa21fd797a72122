"""JavaScript of formulas against NumPy, and of rules against the library's runs, in a browser."""

import base64
import json
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from dynamics import RECIPES, Rule, gd, iterate, sam
from dynamics.programs import in_javascript
from landscapes import CATALOGUE, Landscape
from landscapes.arithmetic import NUMPY
from landscapes.javascript import function
from landscapes.landscape import Objective
from landscapes.tape import Lines
from random_formulas import random_landscapes

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan]
RuleOn = Callable[[Objective, float, float], Rule]
TWO = ("pow", "pow1", "pow2", "logarithmic", "equal", "greater")

# JSON has no NaN and no infinity; doubles go as their bits.
CALL = """([text, columns]) => {
    const doubles = column => new Float64Array(Uint8Array.from(atob(column), c => c.charCodeAt(0)).buffer);
    const f = (0, eval)(text), given = columns.map(doubles);
    const rows = Array.from(given[0], (_, i) => f(...given.map(column => column[i])));
    return rows.map(row => row.map(v => Object.is(v, -0) ? "-0" : String(v)));
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page for all tests of this file."""
    page = browser.new_page()
    yield page
    page.close()


RUN = """([text, dim, state, given, steps]) => {
    const width = 4 * dim + 2, rows = new Float64Array(width * (steps + 1));
    (0, eval)(text)(Float64Array.from(state), given, rows, 0, steps + 1);
    return btoa(Array.from(new Uint8Array(rows.buffer), byte => String.fromCharCode(byte)).join(""));
}"""


def gd_on(l: Objective, eta: float, rho: float) -> Rule:
    return gd(l, eta)


def run(page: Page, text: str, l: Landscape, given: list[float], start: np.ndarray, steps: int) -> np.ndarray:
    """Rows (steps+1, 4d+2) of x, x+, f, f+, g, S, by the browser; the run starts without a memory."""
    state = [*start.tolist(), *[0.0] * (8 * l.dim)]
    sent = page.evaluate(RUN, [text, l.dim, state, [*given, *(value for _, value in l.parameters)], steps])
    return np.frombuffer(base64.b64decode(sent), dtype="<f8").reshape(steps + 1, -1)


def agrees(page: Page, rule_on: RuleOn, l: Landscape, eta: float, rho: float, start: np.ndarray) -> bool:
    """Compare a run with the library's; return whether it is a calm one: its neighbours stay with it.

    Of calm runs positions agree to 1e-9 of the window, and what is undefined or infinite is so at the same steps.
    """
    steps = 200
    text = in_javascript(rule_on, l)
    assert text
    d = l.dim
    got = run(page, text, l, [eta, rho], start, steps)
    near = iterate(rule_on(l, eta, rho), start + np.array([[0.0], [1e-12], [-1e-12]]), steps)
    with np.errstate(all="ignore"):
        apart = np.abs(near.x - near.x[:, :1]) > 1e-6 * l.diagonal
    kinds = [np.isnan(near.x), np.isinf(near.x), np.isnan(near.f), np.isinf(near.f)]
    if apart.any() or not all((kind == kind[:, :1]).all() for kind in kinds):
        return False
    what = f"{l.formula} from {start}, eta {eta}, rho {rho}"
    x, f = got[:, :d], got[:, 2 * d]
    for mine, theirs in zip((np.isnan(x), np.isinf(x), np.isnan(f), np.isinf(f)), kinds, strict=True):
        np.testing.assert_array_equal(mine, theirs[:, 0], err_msg=what)
    with np.errstate(all="ignore"):
        far = np.abs(x - near.x[:, 0]) > 1e-9 * np.maximum(l.diagonal, np.abs(x))
    assert not far.any(), what
    return True


@pytest.mark.parametrize("key", CATALOGUE)
def test_the_catalogues_runs_are_the_librarys(page: Page, key: str) -> None:
    entry = CATALOGUE[key]
    l, rng = entry.landscape, np.random.default_rng(31)
    low, high = np.array(l.domain).T
    calm = 0
    for start in [np.array(entry.start), *rng.uniform(low, high, (5, l.dim))]:
        for rule_on in (gd_on, sam):
            calm += agrees(page, rule_on, l, entry.eta, entry.rho, start)
    assert calm >= 4


def test_runs_of_random_formulas_are_the_librarys(page: Page) -> None:
    rng = np.random.default_rng(32)
    calm = 0
    for l in random_landscapes(500, seed=33):
        start = rng.uniform(-3.0, 3.0, l.dim)
        eta, rho = 10.0 ** rng.uniform(-3.0, -1.0), rng.uniform(0.0, 1.5)
        calm += sum(agrees(page, rule_on, l, eta, rho, start) for rule_on in (gd_on, sam))
    assert calm > 500


@pytest.mark.parametrize("key", ["usam", "asam", "gsam", "ssam", "vasso", "momentum"])
def test_runs_of_other_rules_are_the_librarys(page: Page, key: str) -> None:
    def rule_on(l: Objective, eta: float, rho: float) -> Rule:
        return RECIPES[key].build(l, eta, rho, 200)

    rng = np.random.default_rng(34)
    calm = 0
    for name in ("himmelblau", "double-well", "valley"):
        entry = CATALOGUE[name]
        l = entry.landscape
        for start in rng.uniform(*np.array(l.domain).T, (5, l.dim)):
            calm += agrees(page, rule_on, l, entry.eta, entry.rho, start)
    assert calm >= 5


def called(page: Page, text: str, *columns: np.ndarray) -> np.ndarray:
    """What the function written in `text` returns for every row of columns (n,): an array (n, results)."""
    sent = [base64.b64encode(np.ascontiguousarray(column, dtype="<f8")).decode() for column in columns]
    read = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}
    rows = page.evaluate(CALL, [text, sent])
    return np.array([[read[v] if v in read else float(v) for v in row] for row in rows])


@pytest.mark.parametrize("name", [*NUMPY, "equal", "greater", "neg", "+", "-", "*", "/", "choose"])
def test_functions_are_numpys(page: Page, name: str) -> None:
    rng = np.random.default_rng(5)
    count = 3 if name == "choose" else 2 if name in TWO or name in "+-*/" else 1
    ordinary = [rng.normal(size=400) * scale for scale in (1e-3, 1.0, 30.0, 700.0)]
    values = np.concatenate([SPECIAL, 10.0 ** np.arange(-20, 21), *ordinary])
    if count == 1:
        columns = [values]
    else:
        pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL])
        pairs = np.concatenate([pairs, rng.normal(size=(400, 2)) * rng.choice([1.0, 30.0], (400, 1))])
        columns = [pairs[:, 0], pairs[:, 1]] if count == 2 else [pairs[:, 0] > 0.0, pairs[:, 0], pairs[:, 1]]
    names = ["x", "y", "z"][:count]
    lines = Lines()
    with np.errstate(all="ignore"):
        expected = {**NUMPY, "equal": np.equal, "greater": np.greater, "neg": np.negative, "+": np.add}.get(name)
        expected = expected or {"-": np.subtract, "*": np.multiply, "/": np.divide, "choose": np.where}[name]
        wanted = np.asarray(expected(*columns), dtype=np.float64)
    got = called(page, function(lines, names, [lines.op(name, *names)]), *columns)[:, 0]
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    # Math's functions are good to a few of the last digits; 1e-14 is 45 of them.
    np.testing.assert_allclose(got, wanted, rtol=1e-14, atol=0.0)
    ordinary_zero = wanted == 0.0
    if name not in ("pow", "pow1", "pow2", "logarithmic"):
        np.testing.assert_array_equal(np.signbit(got[ordinary_zero]), np.signbit(wanted[ordinary_zero]))


def compare(page: Page, l: Landscape, x: np.ndarray) -> int:
    """Compare value, gradient and Hessian at points (n, d); return how many were compared by value.

    Where a change of the point by its last digits is felt, the last digit of a sine is as well: no value is compared.
    """
    columns = [*x.T, *(np.full(len(x), value) for _, value in l.parameters)]
    got = called(page, l.javascript("fgh"), *columns)

    def numpys(x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = l.kernel.program("fgh")(*x.T, *(value for _, value in l.parameters))
        return np.stack([np.broadcast_to(column, len(x)) for column in found], axis=-1)

    wanted = numpys(x)
    near = np.stack([numpys(x * (1.0 + e)) for e in (-1e-13, 1e-13)])
    kinds = [(np.isnan(v), np.isposinf(v), np.isneginf(v)) for v in (got, wanted, *near)]
    for got_is, is_here, *is_near in zip(*kinds, strict=True):
        same = np.logical_and.reduce([is_here == other for other in is_near])
        np.testing.assert_array_equal(got_is[same], is_here[same], err_msg=l.formula)
    with np.errstate(all="ignore"):
        size = 1.0 + np.abs(wanted).max(axis=-1, keepdims=True)
        calm = (np.abs(near - wanted) <= 1e-10 * size).all(axis=0) & np.isfinite(size)
        near_enough = np.abs(got - wanted) <= 1e-9 * size
    assert near_enough[calm].all(), l.formula
    return int(calm.sum())


@pytest.mark.parametrize("key", CATALOGUE)
def test_the_catalogues_values_and_derivatives_are_the_kernels(page: Page, key: str) -> None:
    l = CATALOGUE[key].landscape
    low, high = np.array(l.domain).T
    x = np.random.default_rng(3).uniform(low, high, (200, l.dim))
    assert compare(page, l, x) > 200


def test_random_formulas_have_the_kernels_values_and_derivatives(page: Page) -> None:
    rng = np.random.default_rng(11)
    compared = 0
    for l in random_landscapes(300, seed=12):
        x = rng.uniform(-3.0, 3.0, (40, l.dim))
        x[:4] = rng.choice([0.0, 1.0, -1.0, 1e200], (4, l.dim))
        compared += compare(page, l, x)
    assert compared > 20_000


def test_no_typed_character_gets_into_the_text() -> None:
    names = ("constructor", "prototype", "eval", "toString")
    plain = Landscape("a*x + b*x^2 + c*cos(d*x)", ((-1, 1),), dict.fromkeys("abcd", 1.0))
    text = "constructor*x + prototype*x^2 + eval*cos(toString*x)"
    odd = Landscape(text, ((-1, 1),), dict.fromkeys(names, 1.0))
    assert odd.javascript("fgh") == plain.javascript("fgh")
    assert json.dumps(odd.javascript("fgh")).isascii()
