import ast
import math
import operator
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscapes.faults import FormulaError
from landscapes.formula import MAX_LENGTH, MAX_NESTING, MAX_OPERATIONS, parse
from landscapes.tree import Binary, Call, Constant, Negate, Node, Number, Parameter, Variable

x, y, pi, e, a = Variable("x"), Variable("y"), Constant("pi"), Constant("e"), Parameter("a")


def n(text: str) -> Number:
    return Number(float(text), text)


def op(sign: str, left: Node, right: Node) -> Binary:
    return Binary(sign, left, right)


TREES = {
    # what binds before what
    "x + y*2": op("+", x, op("*", y, n("2"))),
    "x - y - 2": op("-", op("-", x, y), n("2")),
    "x/y/2": op("/", op("/", x, y), n("2")),
    "x/y*2": op("*", op("/", x, y), n("2")),
    "x - (y - 2)": op("-", x, op("-", y, n("2"))),
    "x^y^2": op("^", x, op("^", y, n("2"))),
    "x**y**2": op("^", x, op("^", y, n("2"))),
    "(x^y)^2": op("^", op("^", x, y), n("2")),
    "2*x^2": op("*", n("2"), op("^", x, n("2"))),
    # signs
    "-x^2": Negate(op("^", x, n("2"))),
    "(-x)^2": op("^", Negate(x), n("2")),
    "-x*y": op("*", Negate(x), y),
    "-x y": op("*", Negate(x), y),
    "x*-y": op("*", x, Negate(y)),
    "x--1": op("-", x, Negate(n("1"))),
    "2^-x": op("^", n("2"), Negate(x)),
    "2^-x^2": op("^", n("2"), Negate(op("^", x, n("2")))),
    "2^-1 x": op("*", op("^", n("2"), Negate(n("1"))), x),
    "+x": x,
    "x + +2": op("+", x, n("2")),
    "- - x": Negate(Negate(x)),
    # products without a sign
    "2x": op("*", n("2"), x),
    "x y": op("*", x, y),
    "x(y)": op("*", x, y),
    "2 sin(x)": op("*", n("2"), Call("sin", x)),
    "(x+1)(x-1)": op("*", op("+", x, n("1")), op("-", x, n("1"))),
    "1/2x": op("*", op("/", n("1"), n("2")), x),
    "2pi x": op("*", op("*", n("2"), pi), x),
    "3x^2y": op("*", op("*", n("3"), op("^", x, n("2"))), y),
    "x^2 y": op("*", op("^", x, n("2")), y),
    "sin(x)cos(y)": op("*", Call("sin", x), Call("cos", y)),
    "x/y(2)": op("*", op("/", x, y), n("2")),
    "a x": op("*", a, x),
    # numbers, and the e behind them
    ".5x": op("*", n(".5"), x),
    "1.x": op("*", n("1."), x),
    "2e3x": op("*", n("2e3"), x),
    "1E-3 + x": op("+", n("1E-3"), x),
    "2e x": op("*", op("*", n("2"), e), x),
    "2e+x": op("+", op("*", n("2"), e), x),
    "2e-x": op("-", op("*", n("2"), e), x),
    "2e + 1 + x": op("+", op("+", op("*", n("2"), e), n("1")), x),
    # other characters
    "x\u00b2": op("^", x, n("2")),
    "x\u00b9\u2070": op("^", x, n("10")),
    "x\u207b\u00b2": op("^", x, Negate(n("2"))),
    "-x\u00b2": Negate(op("^", x, n("2"))),
    "2^x\u00b2": op("^", n("2"), op("^", x, n("2"))),
    "3x\u00b2y": op("*", op("*", n("3"), op("^", x, n("2"))), y),
    "(x+y)\u00b3": op("^", op("+", x, y), n("3")),
    "2\u03c0x": op("*", op("*", n("2"), pi), x),
    "x\u00b7y": op("*", x, y),
    "x\u00d7y": op("*", x, y),
    "x\u00f7y": op("/", x, y),
    "x \u2212 y": op("-", x, y),
    "x \u2013 y": op("-", x, y),
    "1e\u22123x": op("*", n("1e-3"), x),
    "x\u00a0+\u2009y": op("+", x, y),
}


@pytest.mark.parametrize("text", TREES)
def test_tree(text: str) -> None:
    assert parse(text).tree == TREES[text]


@pytest.mark.parametrize("function", "sin cos tan asin acos atan sinh cosh tanh exp log log10 sqrt abs".split())
def test_functions(function: str) -> None:
    assert parse(f"{function} ( x )").tree == Call(function, x)


@pytest.mark.parametrize(
    ("text", "dim", "parameters"),
    [
        ("x", 1, ()),
        ("y^2", 2, ()),
        ("x*y", 2, ()),
        ("b*x + a*x + b", 1, ("b", "a")),
        ("rho x + e + pi", 1, ("rho",)),
        ("(x - x0)^2 + k_1 I x", 1, ("x0", "k_1", "I")),
        ("longest_name x", 1, ("longest_name",)),
        ("a x + b x + c x + d x + f x + g x + h x + i x", 1, tuple("abcdfghi")),
    ],
)
def test_dimension_and_parameters(text: str, dim: int, parameters: tuple[str, ...]) -> None:
    formula = parse(text)
    assert (formula.text, formula.dim, formula.parameters) == (text, dim, parameters)


# ---- against Python, on text that both read

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": operator.pow}
ENVIRONMENT = {"x": 1.3, "y": -0.7, "a": 2.5, "pi": math.pi, "e": math.e, "sin": math.sin, "exp": math.exp, "abs": abs}


def evaluate(node: Node) -> float:
    match node:
        case Number(value, _):
            return value
        case Variable(name) | Constant(name) | Parameter(name):
            return ENVIRONMENT[name]
        case Negate(argument):
            return -evaluate(argument)
        case Binary(sign, left, right):
            return OPERATORS[sign](evaluate(left), evaluate(right))
        case Call(function, argument):
            return ENVIRONMENT[function](evaluate(argument))


def result(compute) -> object:
    """A value, or the name of the error: 0.0**-1.0 and the sine of a complex number are the same on both sides."""
    try:
        return compute()
    except (ArithmeticError, ValueError, TypeError) as error:
        return type(error)


def python_text() -> st.SearchStrategy[str]:
    """Expressions that Python reads too; its numbers are floats, so that no tower of integers grows."""

    def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.tuples(inner, st.sampled_from(["+", " - ", "*", "/", "**", " ** "]), inner).map("".join)
        wrapped = st.tuples(st.sampled_from(["-", "+", "(", "sin(", "exp(", "abs("]), inner)
        return binary | wrapped.map(lambda pair: "".join(pair) + ")" * pair[0].count("("))

    leaves = st.sampled_from(["x", "y", "a", "pi", "e", "2.0", ".5", "3.", "1e-2", "1.5E1"])
    return st.recursive(leaves, extended, max_leaves=12).filter(lambda text: len(text) <= MAX_LENGTH - 4)


@given(python_text())
def test_precedence_is_pythons(text: str) -> None:
    text = f"x + {text}"
    expected = result(lambda: eval(text, {"__builtins__": {}}, ENVIRONMENT))
    tree = parse(text).tree
    found = result(lambda: evaluate(tree))
    assert found == expected or (found != found and expected != expected)  # equal, or NaN on both sides


# ---- limits

NESTED = {
    "brackets": lambda depth: "(" * depth + "x" + ")" * depth,
    "signs": lambda depth: "-" * depth + "x",
    "powers": lambda depth: "x" + "^x" * depth,
    "calls": lambda depth: "abs(" * depth + "x" + ")" * depth,
}


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nesting_is_limited(nested) -> None:
    parse(nested(MAX_NESTING))
    with pytest.raises(FormulaError, match=f"nested too deep.*at most {MAX_NESTING}"):
        parse(nested(MAX_NESTING + 1))


def test_length_is_limited() -> None:
    parse("x" + " " * (MAX_LENGTH - 1))
    with pytest.raises(FormulaError, match=f"at most {MAX_LENGTH} characters .* 100000") as caught:
        parse("(" * 100_000)
    assert caught.value.position == MAX_LENGTH


def test_operations_are_limited() -> None:
    pi_sign = "\u03c0"
    assert parse("x" + "+x" * (MAX_OPERATIONS - 1))
    assert parse("x" + pi_sign * MAX_OPERATIONS)
    with pytest.raises(FormulaError, match=f"after {MAX_OPERATIONS} sums and products"):
        parse("x" + pi_sign * (MAX_OPERATIONS + 1))


@pytest.mark.parametrize(
    "text",
    [
        "-" * MAX_NESTING + "x" + "\u03c0" * MAX_OPERATIONS,
        "abs(" * 24 + "x" + ")\u00b2" * 24 + "\u03c0" * MAX_OPERATIONS,
        "x" + "+x" * (MAX_OPERATIONS - 1),
        "x^(" * 25 + "x" + ")" * 25 + "+x" * 50,
    ],
)
def test_highest_trees_can_be_walked_from_deep_within_a_program(text: str) -> None:
    def from_below(frames: int) -> None:
        if frames > 0:
            return from_below(frames - 1)
        formula = parse(text)
        copy = pickle.loads(pickle.dumps(formula))
        assert copy == formula and copy.tree is not formula.tree
        assert hash(copy) == hash(formula)
        assert repr(copy) == repr(formula)

    from_below(150)


def test_formula_is_a_text() -> None:
    with pytest.raises(TypeError, match="text, such as 'x\\^2', got float"):
        parse(3.0)


def test_typed_text_reaches_no_interpreter() -> None:
    folder = Path(__file__).parent.parent / "landscapes"
    for module in ("faults", "formula", "mistakes", "names", "notation", "tokens", "tree"):
        for node in ast.walk(ast.parse((folder / f"{module}.py").read_text())):
            if isinstance(node, ast.Name):
                assert node.id not in {"eval", "exec", "compile", "__import__", "getattr", "globals"}
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & {"ast", "sympy", "importlib", "builtins"}
