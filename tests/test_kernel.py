"""The kernel's derivatives against autograd, exact arithmetic and sympy, and what its source is made of."""

import ast
import io
import math
import re
import tokenize
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from landscapes.formula import parse
from landscapes.function import FunctionLandscape, walk
from landscapes.kernel import Kernel
from landscapes.landscape import Landscape
from landscapes.tree import Binary, Call, Constant, Formula, Negate, Node, Number, Parameter, Variable

# Autograd says so of every derivative that is constant.
pytestmark = pytest.mark.filterwarnings("ignore:Output seems independent of input:UserWarning")

PARAMETERS = {"a": 1.5, "b": -2.25}

# Every function and every rule of differentiation, at points and scales where floats keep their digits.
SMOOTH = [
    "(x^2+y-11)^2/100 + (x+y^2-7)^2/100",
    "x^4/4 - 1.4x^3/3 - 0.6x^2",
    "sin(x)*exp(-x^2/3)/(1+x^2)",
    "a*x^2 + cos(b*x)",
    "log(x)*x + y^2",
    "sqrt(x^2+y^2+1) + x^3/(4+y)",
    "tanh(x*y) + atan(y) + asin(x/5) + acos(y/7)",
    "x^y",
    "2^x + x^-3*y",
    "abs(x-1)*y + cosh(x) - sinh(y) + tan(x/3)",
    "log10(x+3)*x^2.5 + x^a",
    "(x^2+1)^(a*y)",
    "-x^2*-y - -(-x)",
    "1/(1+1/(1+1/(1+x^2)))",
    "x^33 + y^-2 + x^0 + y^1",
    "exp(-a*(x^2+y^2)) - exp(b*((x-1)^2+y^2))/2",
    "20+x^2+y^2-10*(cos(2*pi*x)+cos(2*pi*y))",
    "-20*exp(-0.2*sqrt((x^2+y^2)/2))-exp((cos(2*pi*x)+cos(2*pi*y))/2)+e+20",
    "(x+5)/(y+5)/(x-5)*y - x/((y-5)*(x+5))",
    "x*x*x*x*y",
    "sqrt(abs(x*y)) + log(abs(y))",
    "0*x + 0*y + 5",
    "x + y",
]


def landscape(text: str, side: float = 4.0) -> Landscape:
    formula = parse(text)
    return Landscape(text, ((-side, side),) * formula.dim, {name: PARAMETERS[name] for name in formula.parameters})


def by_autograd(l: Landscape) -> FunctionLandscape:
    return Landscape.of(walk(l.parsed, dict(l.parameters)), l.domain)


def points(l: Landscape, n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-4.0, 4.0, (n, l.dim))


def close(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """Mask of equal entries, up to a share of the larger of 1 and the largest entry at that point."""
    size = np.abs(b).reshape(len(b), -1).max(axis=1, initial=1.0)
    return np.abs(a - b) <= tolerance * size.reshape(-1, *[1] * (b.ndim - 1))


@pytest.mark.parametrize("text", SMOOTH)
def test_derivatives_are_autograds(text: str) -> None:
    l = landscape(text)
    other = by_autograd(l)
    x = points(l)
    value, expected = l.value(x), other.value(x)
    np.testing.assert_array_equal(np.isnan(value), np.isnan(expected))
    ok = np.isfinite(expected)
    assert ok.sum() >= 80
    assert close(value[ok], expected[ok]).all()
    # Both lose digits where a term is near a pole: 1e-11 leaves them four.
    assert close(l.gradient(x)[ok], other.gradient(x)[ok], 1e-11).all()
    assert close(l.hessian(x)[ok], other.hessian(x)[ok], 1e-11).all()


@pytest.mark.parametrize("text", SMOOTH)
def test_derivatives_do_not_exist_where_the_value_does_not(text: str) -> None:
    l = landscape(text)
    x = points(l)
    undefined = np.isnan(l.value(x))
    assert np.isnan(l.gradient(x)[undefined]).all()
    assert np.isnan(l.hessian(x)[undefined]).all()


@pytest.mark.parametrize("text", [f for f in SMOOTH if "abs" not in f])
def test_derivatives_are_sympys(text: str) -> None:
    l = landscape(text)
    symbols = sympy.symbols("x y", real=True)[: l.dim]
    names = {str(s): s for s in symbols} | {k: sympy.Float(v, 30) for k, v in l.parameters}
    # sympy's parser knows e as E and needs a sign in every product.
    f = sympy.sympify(text.replace("^", "**").replace("1.4x", "1.4*x").replace("0.6x", "0.6*x"), names | {
        "e": sympy.E, "log10": lambda t: sympy.log(t, 10)
    })  # fmt: skip
    x = np.random.default_rng(1).uniform(0.2, 2.0, (20, l.dim))
    gradient, hessian = l.gradient_and_hessian(x)
    for i, s in enumerate(symbols):
        for found, expected in [(gradient[:, i], sympy.diff(f, s))] + [
            (hessian[:, i, j], sympy.diff(f, s, t)) for j, t in enumerate(symbols)
        ]:
            exact = [float(expected.evalf(30, subs=dict(zip(symbols, p, strict=True)))) for p in x.tolist()]
            assert close(found, np.array(exact), 1e-12).all()


# Random formulas, in exact arithmetic


class Untold(Exception):
    """Nothing is claimed here: undefined, at a kink, or beyond the range of floats."""


def _inside(quantity: Any) -> Any:
    """Where such a quantity is zero, the function has a kink, a pole or an end: stay clear of it."""
    if not abs(quantity) > 1e-8:
        raise Untold
    return quantity


def _positive(a: Any) -> Any:
    if not _inside(a) > 0:
        raise Untold
    return a


def _moderate(a: Any) -> Any:
    if not abs(a) < 600:
        raise Untold
    return a


def _power(u: Any, v: Any) -> Any:
    u, v = mpmath.mpf(u), mpmath.mpf(v)
    if not (mpmath.isfinite(u) and mpmath.isfinite(v)):
        raise Untold
    if v != int(v):
        _positive(u)
    elif v < 0:
        _inside(u)
    if u != 0:
        _moderate(v * mpmath.log(abs(u)))
    return u**v


FUNCTIONS = {
    "sin": lambda a: mpmath.sin(_moderate(a)),
    "cos": lambda a: mpmath.cos(_moderate(a)),
    "tan": lambda a: mpmath.tan(_moderate(a)),
    "asin": lambda a: mpmath.asin(a if _positive(1 - a * a) else a),
    "acos": lambda a: mpmath.acos(a if _positive(1 - a * a) else a),
    "atan": mpmath.atan,
    "sinh": lambda a: mpmath.sinh(_moderate(a)),
    "cosh": lambda a: mpmath.cosh(_moderate(a)),
    "tanh": lambda a: mpmath.tanh(_moderate(a)),
    "exp": lambda a: mpmath.exp(_moderate(a)),
    "log": lambda a: mpmath.log(_positive(a)),
    "log10": lambda a: mpmath.log(_positive(a)) / mpmath.log(10),
    "sqrt": lambda a: mpmath.sqrt(_positive(a)),
    "abs": lambda a: abs(_inside(a)),
}


def exact(node: Node, x: tuple[Any, ...]) -> Any:
    """The value of a tree in the precision that mpmath is set to."""
    match node:
        case Number(value=value):
            return mpmath.mpf(value)
        case Constant(name=name):
            return mpmath.mpf(math.pi if name == "pi" else math.e)
        case Parameter(name=name):
            return mpmath.mpf(PARAMETERS[name])
        case Variable(name=name):
            return x["xy".index(name)]
        case Negate(argument=argument):
            return -exact(argument, x)
        case Call(function=function, argument=argument):
            return FUNCTIONS[function](exact(argument, x))
        case Binary(operator=operator, left=left, right=right):
            a, b = exact(left, x), exact(right, x)
            match operator:
                case "+":
                    return a + b
                case "-":
                    return a - b
                case "*":
                    return a * b
                case "/":
                    return a / _inside(b)
            if v_moves(right) and not a > 0:
                raise Untold  # u^v with u <= 0 is defined at single points only
            return _power(a, b)
    raise TypeError(node)


def v_moves(node: Node) -> bool:
    """Whether a variable occurs in a tree."""
    if isinstance(node, Variable):
        return True
    return any(v_moves(getattr(node, k)) for k in ("left", "right", "argument") if hasattr(node, k))


def differences(formula: Formula, x: tuple[float, ...]) -> list[Any]:
    """Value, gradient and Hessian (xx, xy, yy) by differences with a step of 2^-150, in 640 bits."""
    with mpmath.workprec(640):
        h = mpmath.mpf(2) ** -150

        def f(*shift: int) -> Any:
            return exact(formula.tree, tuple(mpmath.mpf(c) + s * h for c, s in zip(x, shift, strict=True)))

        if formula.dim == 1:
            ahead, here, behind = f(1), f(0), f(-1)
            return [here, (ahead - behind) / (2 * h), (ahead - 2 * here + behind) / h**2]
        here, east, west, north, south = f(0, 0), f(1, 0), f(-1, 0), f(0, 1), f(0, -1)
        mixed = (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * h**2)
        return [
            here,
            (east - west) / (2 * h),
            (north - south) / (2 * h),
            (east - 2 * here + west) / h**2,
            mixed,
            (north - 2 * here + south) / h**2,
        ]


class _Watch(ast.NodeTransformer):
    """Send the result of every operation in the emitted source through `seen`."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.BinOp | ast.Call):
            return ast.Call(ast.Name("seen", ast.Load()), [node], [])
        return node


class Exactly:
    """The emitted program of value, gradient and Hessian, run by mpmath in any precision."""

    def __init__(self, formula: Formula) -> None:
        tree = _Watch().visit(ast.parse(Kernel(formula).source("fgh")))
        functions: dict[str, Any] = {
            **FUNCTIONS,
            "sign": mpmath.sign,
            "pow": _power,
            "pow1": lambda u, v: v * _power(u, v - 1) if v != 0 else mpmath.mpf(0),
            "pow2": lambda u, v: v * (v - 1) * _power(u, v - 2) if v * (v - 1) != 0 else mpmath.mpf(0),
            "logarithmic": lambda value, u: value * mpmath.log(_positive(u)) if value != 0 else mpmath.mpf(0),
            "inf": mpmath.inf,
            "nan": mpmath.nan,
            "seen": self._seen,
        }
        exec(compile(ast.fix_missing_locations(tree), "<exactly>", "exec"), functions)
        self._program = functions["program"]
        self._parameters = [PARAMETERS[name] for name in formula.parameters]

    def _seen(self, value: Any) -> Any:
        if value != 0:
            if not 1e-250 < abs(value) < 1e250:
                raise Untold
            self.tame &= bool(1e-2 < abs(value) < 1e2)
        return value

    def __call__(self, x: tuple[float, ...], bits: int) -> list[Any]:
        self.tame = True  # whether all numbers on the way were neither large nor small
        with mpmath.workprec(bits):
            try:
                results = self._program(*(mpmath.mpf(v) for v in (*x, *self._parameters)))
            except ZeroDivisionError:
                raise Untold from None
            return [mpmath.mpf(self._seen(r)) for r in results]


LEAVES = st.sampled_from(["x", "y", "a", "b"])
# Their sums and products are exact in floats, so that folding them loses nothing.
DYADIC = st.sampled_from(["0", "1", "2", "3", "0.5", "0.25", "1.75", "4"])
CALLS = st.sampled_from(sorted(FUNCTIONS))


def _compound(child: st.SearchStrategy[str], constant: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({}{}{})".format, child, st.sampled_from("+-*/"), child),
        st.builds("({}{}{})".format, constant, st.sampled_from("+-*/"), child),
        st.builds("({}{}{})".format, child, st.sampled_from("+-*/"), constant),
        st.builds("{}({})".format, CALLS, child),
        st.builds("(-{})".format, child),
        st.builds("({})^({})".format, child, st.sampled_from(["2", "3", "-1", "-2", "0", "5", "33", "0.5", "2.5"])),
        st.builds("({})^({})".format, child, child),
    )


def _with_a_variable(text: str) -> str:
    return text if "x" in text.replace("exp", "") or "y" in text else f"{text}+0*x"


RANDOM = st.recursive(LEAVES, lambda child: _compound(child, DYADIC), max_leaves=7).map(_with_a_variable)
# Constants anywhere, also within functions and on their own.
ANY = st.recursive(
    LEAVES | st.sampled_from(["0", "1", "2", "3", "0.1", "10", "1e3", "1e-3", "1e300", "pi", "e"]),
    lambda child: _compound(child, child),
    max_leaves=9,
).map(_with_a_variable)
COORDINATE = st.floats(-4.0, 4.0).map(lambda v: round(v, 6)) | st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5])
POINT = st.tuples(COORDINATE, COORDINATE)
POLE = 1e50  # tan(acos(0)) is the tangent of pi/2, rounded to whichever digits: beyond this only the rounding is seen


@given(RANDOM, st.lists(POINT, min_size=4, max_size=4))
@settings(max_examples=200)
def test_emitted_program_is_the_exact_derivative(text: str, where: list[tuple[float, float]]) -> None:
    formula = parse(text)
    program = Exactly(formula)
    for point in where:
        x = point[: formula.dim]
        try:
            expected = differences(formula, x)
            found = program(x, 200)
        except Untold:
            continue
        # 1/log(10) is the one constant that is rounded before it enters.
        scale = max(1, *(abs(e) for e in expected))
        if scale > POLE:
            continue
        for e, f in zip(expected, found, strict=True):
            assert abs(e - f) <= 1e-14 * scale, (x, expected, found)


def rounding(program: Exactly, x: tuple[float, ...]) -> tuple[list[Any], list[float]]:
    """Exact outputs, and how far floats may be off, told from the same program in about 30 bits.

    Floats have 53 bits, so their errors are 2^-23 times these; a factor of 200 is for luck and for functions that
    are off by some units in the last place. What is lost altogether in 30 bits, as in 1 + 10^-13, is not judged.
    """
    right = program(x, 200)
    rough = [program(x, bits) for bits in (28, 30, 31, 33)]
    off = [max(abs(r[i] - right[i]) for r in rough) for i in range(len(right))]
    scale = max(abs(r) for r in right)  # at simple numbers, such as 0.9^2, 30 bits may happen to lose nothing
    share = [200 * 2.0**-23 if o <= 0.01 * abs(r) else 2.0 for o, r in zip(off, right, strict=True)]
    return right, [float(k * o + 1e-14 * scale + 1e-290) for k, o in zip(share, off, strict=True)]


def _flat(l: Landscape, outputs: list[Any]) -> list[float]:
    value, gradient, hessian = (np.asarray(o) for o in outputs)
    upper = [(i, j) for i in range(l.dim) for j in range(i, l.dim)]
    return [float(value), *gradient.tolist(), *(float(hessian[i, j]) for i, j in upper)]


@given(ANY, st.lists(POINT, min_size=4, max_size=4))
@settings(max_examples=200)
def test_floats_are_right_up_to_rounding(text: str, where: list[tuple[float, float]]) -> None:
    l = landscape(text)
    program, other = Exactly(l.parsed), by_autograd(l)
    batch = np.array([point[: l.dim] for point in where])
    many = [l.value(batch), l.gradient(batch), l.hessian(batch)]
    for k, point in enumerate(where):
        x = point[: l.dim]
        try:
            exact(l.parsed.tree, tuple(mpmath.mpf(v) for v in x))  # is it smooth there?
            right, off = rounding(program, x)
        except Untold:
            continue
        one = _flat(l, [l.value(np.array(x)), l.gradient(np.array(x)), l.hessian(np.array(x))])
        for found in (one, _flat(l, [m[k] for m in many])):
            for f, r, o in zip(found, right, off, strict=True):
                assert abs(f - r) <= o, (x, found, right, off)
        theirs = _flat(l, [other.value(np.array(x)), other.gradient(np.array(x)), other.hessian(np.array(x))])
        if program.tame:  # autograd sums other terms, whose rounding is not the kernel's
            theirs = _flat(l, [m(np.array(x)) for m in (other.value, other.gradient, other.hessian)])
            # Its second derivatives of u^v are wrong where v = 0: d/du of u^v log u is 1/u there, and it says u.
            believed = 1 + l.dim if re.search(r"\^\([^0-9-]", text) else len(right)
            scale = max(1.0, *(float(abs(r)) for r in right))
            for f, r, o in list(zip(theirs, right, off, strict=True))[:believed]:
                assert not abs(f - r) > 1e4 * o + 1e-7 * scale, (x, theirs, right, off)  # NaN where theirs fail


@given(ANY, st.lists(POINT, min_size=6, max_size=6))
@settings(max_examples=200)
def test_value_is_undefined_where_the_plain_walk_is(text: str, where: list[tuple[float, float]]) -> None:
    l = landscape(text)
    other = by_autograd(l)
    x = np.array([point[: l.dim] for point in where])
    found, expected = l.value(x), np.broadcast_to(other.value(x), len(x))
    if "^" not in text:  # the very same operations
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        return
    # Products instead of numpy.power round differently, which may move a value over the edge of a domain.
    program = Exactly(l.parsed)
    for k, p in enumerate(x.tolist()):
        try:
            program(tuple(p), 100)
        except Untold:
            continue
        assert np.isnan(found[k]) == np.isnan(expected[k])


@given(ANY, st.lists(POINT, min_size=3, max_size=3))
def test_one_point_is_undefined_where_a_batch_is(text: str, where: list[tuple[float, float]]) -> None:
    l = landscape(text)
    x = np.array([point[: l.dim] for point in where])
    for method in (l.value, l.gradient, l.hessian):
        many = method(x)
        for k in range(len(x)):
            np.testing.assert_array_equal(np.isnan(many[k]), np.isnan(method(x[k])))


# The emitted text

NAMES = {"def", "program", "return", "x", "y", "inf", "nan", *FUNCTIONS, "sign", "pow", "pow1", "pow2", "logarithmic"}
SIGNS = {"(", ")", ",", ":", "=", "+", "-", "*", "/"}


def check_source(source: str) -> None:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        match token.type:
            case tokenize.NAME:
                numbered = token.string[0] in "pt" and token.string[1:].isdigit()
                assert numbered or token.string in NAMES, token
            case tokenize.NUMBER:
                assert token.string == repr(float(token.string)), token
            case tokenize.OP:
                assert token.string in SIGNS, token
            case _:
                assert not token.string.strip(), token


@given(ANY)
def test_source_holds_no_typed_character(text: str) -> None:
    for outputs in ("f", "fg", "gh", "fgh"):
        check_source(Kernel(parse(text)).source(outputs))


@pytest.mark.parametrize("name", ["t0", "p0", "p1", "inf", "nan", "program", "sign", "pow1", "numpy", "range"])
def test_a_parameter_may_have_any_name_that_the_source_uses(name: str) -> None:
    text = f"c*x + {name}*x^2"
    check_source(Kernel(parse(text)).source("fgh"))
    l = Landscape(text, ((-1, 1),), {name: 3.0, "c": 0.5})
    assert l.value(np.array([2.0])) == 13.0
    assert l.gradient(np.array([2.0])) == [12.5]
    assert l.hessian(np.array([2.0])) == [[6.0]]


def _nested(inside: str, before: str, after: str, most: int) -> str:
    text = inside
    for _ in range(most):
        if len(before) + len(text) + len(after) > 300:
            break
        text = before + text + after
    return text


NASTY = [
    "^".join(["x"] * 49),
    "(" * 49 + "x" + ")" * 49,
    _nested("x", "sin(", ")", 48),
    _nested("x*y", "exp(-", ")", 24),
    _nested("x", "-(", ")", 24),
    "-" * 49 + "x",
    _nested("x", "1/(1+", ")", 48),
    _nested("x", "(", "^y/x)", 48),
    "+".join(["x^y"] * 60),
    "*".join(["sin(x*y)"] * 30),
    " * ".join(f"x/{k}.1" for k in range(1, 35)),
    "tan(x)/tan(y)*" * 20 + "x",
    "x/" * 148 + "x",
    "x" * 1 + "+x" * 149,
    "(x+y)" * 60,
    "x^32*y^-32*" * 12 + "x^31",
    "(x^2+y^2)^(x^2+y^2)^(x^2+y^2)^(x^2+y^2)^(x^2+y^2)",
    _nested("abs(x)", "sqrt(", "+x*y)", 26),
    _nested("x", "asin(acos(", "))", 24),
    _nested("x", "tanh(y*", ")", 33),
    "*".join(["x^0.5"] * 50),
    "a*b*" * 70 + "x",
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_every_long_formula_has_a_kernel(text: str) -> None:
    assert len(text) <= 300
    l = landscape(text)
    for outputs in ("f", "g", "h", "fg", "gh", "fgh"):
        check_source(l.kernel.source(outputs))
    x = points(l, 50) / 3.0
    value, gradient, hessian = l.value(x), l.gradient(x), l.hessian(x)
    np.testing.assert_allclose(value, by_autograd(l).value(x), rtol=1e-9)
    for k in range(0, 50, 10):
        np.testing.assert_allclose(l.value(x[k]), value[k], rtol=1e-9)
        np.testing.assert_allclose(l.gradient(x[k]), gradient[k], rtol=1e-7)
        np.testing.assert_allclose(l.hessian(x[k]), hessian[k], rtol=1e-7, atol=1e-7 * np.abs(hessian[k]).max())


def test_source_is_linear_in_the_formula() -> None:
    lengths = [Kernel(parse("+".join(f"sin({k}x*y)" for k in range(1, n)))).length for n in (6, 11, 16)]
    assert lengths[2] - lengths[1] == lengths[1] - lengths[0]


def test_equal_parts_are_computed_once() -> None:
    assert Kernel(parse("exp(x*y) + exp(x*y)*sin(exp(x*y))")).source("fgh").count("exp(") == 1


def test_lines_that_no_output_needs_are_left_out() -> None:
    assert "cos(" not in Kernel(parse("sin(x)")).source("f")
    assert "sin(" not in Kernel(parse("sin(x)")).source("g")


# What is said at the edge of the definition


def at(text: str, x: float, **parameters: float) -> tuple[float, float, float]:
    l = Landscape(text, ((-4, 4),), parameters)
    point = np.array([x])
    batch = np.array([[x], [x]])
    value, gradient, hessian = l.value(point), l.gradient(point), l.hessian(point)
    np.testing.assert_array_equal(l.value(batch), [value, value])
    np.testing.assert_array_equal(l.gradient(batch), [gradient, gradient])
    np.testing.assert_array_equal(l.hessian(batch), [hessian, hessian])
    return float(value), float(gradient[0]), float(hessian[0, 0])


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("x/x", 0.0, (np.nan, np.nan, np.nan)),
        ("(x-1)/(x-1)", 1.0, (np.nan, np.nan, np.nan)),
        ("1/x - 1/x", 0.0, (np.nan, np.nan, np.nan)),
        ("log(x)", -1.0, (np.nan, np.nan, np.nan)),
        ("sqrt(x)", -1.0, (np.nan, np.nan, np.nan)),
        ("x^0.5", -1.0, (np.nan, np.nan, np.nan)),
        ("asin(x)", 2.0, (np.nan, np.nan, np.nan)),
        ("x^x", -0.5, (np.nan, np.nan, np.nan)),
        ("(-8)^(1/3)*x", 1.0, (np.nan, np.nan, np.nan)),
        ("x + 0/0", 1.0, (np.nan, np.nan, np.nan)),
        ("log(-1-x^2)", 1.0, (np.nan, np.nan, np.nan)),
        ("sqrt(x)", 0.0, (0.0, np.inf, -np.inf)),
        ("x^3", 0.0, (0.0, 0.0, 0.0)),
        ("x^2", 0.0, (0.0, 0.0, 2.0)),
        ("x^1", 0.0, (0.0, 1.0, 0.0)),
        ("x^0", 0.0, (1.0, 0.0, 0.0)),
        ("x^2.5", 0.0, (0.0, 0.0, 0.0)),
        ("x^33", -2.0, (-(2.0**33), 33 * 2.0**32, -33 * 32 * 2.0**31)),
        ("0^x", 1.0, (0.0, 0.0, 0.0)),
        ("abs(x)", 0.0, (0.0, 0.0, 0.0)),
        ("abs(x)", -2.0, (2.0, -1.0, 0.0)),
        ("tanh(x)", 1000.0, (1.0, 0.0, 0.0)),
        ("exp(-x^2)", 1e200, (0.0, 0.0, 0.0)),
        ("0*x + 5", 3.0, (5.0, 0.0, 0.0)),
        ("2^-x^2", 0.0, (1.0, 0.0, -2.0 * math.log(2.0))),
    ],
)
def test_edge_of_the_definition(text: str, x: float, expected: tuple[float, float, float]) -> None:
    np.testing.assert_array_equal(at(text, x), expected)


@pytest.mark.parametrize("text", ["exp(x)", "x^300", "cosh(x)", "1e308*x", "x*x*1e300", "exp(exp(x))", "sinh(x)/x"])
def test_overflow_is_silent(text: str) -> None:
    assert at(text, 1e10)[0] == np.inf


@pytest.mark.parametrize(
    ("text", "parameters", "value"),
    [
        ("x + 1/a", {"a": 0.0}, np.inf),
        ("x/(a-2)", {"a": 2.0}, np.inf),
        ("x + a/b", {"a": 0.0, "b": 0.0}, np.nan),
        ("x + log(a)", {"a": -1.0}, np.nan),
        ("x + sqrt(a-2)", {"a": 1.0}, np.nan),
        ("x + 10^a", {"a": 400.0}, np.inf),
        ("x*a*b", {"a": 1e300, "b": 1e300}, np.inf),
        ("x + a^b", {"a": -2.0, "b": 0.5}, np.nan),
        ("x + exp(a)", {"a": 1000.0}, np.inf),
    ],
)
def test_parameters_at_which_the_formula_is_undefined(text: str, parameters: dict[str, float], value: float) -> None:
    np.testing.assert_array_equal(at(text, 1.0, **parameters)[0], value)


@pytest.mark.parametrize("power", [2.0, 3.0, 0.0, 1.0, -2.0])
def test_a_whole_number_as_parameter_is_a_whole_power(power: float) -> None:
    as_parameter, typed = at("x^a", -2.0, a=power), at(f"x^({power})", -2.0)
    assert as_parameter == pytest.approx(typed, rel=1e-15)


def test_scalar_program_raises_where_python_does() -> None:
    with pytest.raises((ArithmeticError, ValueError)):
        Kernel(parse("sqrt(x)")).scalar("f")(-1.0)
    with pytest.raises((ArithmeticError, ValueError)):
        Kernel(parse("1/x")).scalar("f")(0.0)
