import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscapes.faults import FormulaError
from landscapes.formula import parse
from landscapes.tree import Formula

# text: (0-based position, what the message says)
FAULTS: dict[str, tuple[int, str]] = {
    # names before a bracket
    "2*sine(x)": (2, "unknown function 'sine' at column 3; did you mean 'sin'?"),
    "ln(x)": (0, "did you mean 'log'?"),
    "arcsin(x)": (0, "did you mean 'asin'?"),
    "Sin(x)": (0, "did you mean 'sin'?"),
    "cosine(x)": (0, "did you mean 'cos'?"),
    "sec(x)": (0, "write 1/cos(x) for sec(x)"),
    "max(x, 1)": (0, "write (x + y + abs(x - y))/2 for max(x, y)"),
    "pow(x, 2)": (0, "write x^y"),
    "foo(x)": (0, "the functions are sin, cos,"),
    "print(x)": (0, "the functions are sin, cos,"),
    "foo(x": (0, "the functions are sin, cos,"),
    "softpluss(x)": (0, "write log(1 + exp(x)) for softplus(x)"),
    "a*x + a(x+1)": (6, "write a*(x+1)"),
    "a (x+1)": (0, "write a*(x+1)"),
    "pi(x+1)": (0, "write pi*(x+1)"),
    "2e(x)": (1, "write e*(x)"),
    "2xsin(x)": (1, "did you mean x*sin(x)?"),
    "a x + axy(2)": (6, "did you mean a*x*y*(2)?"),
    # arguments
    "sin()": (0, "'sin' at column 1 has no argument; write sin(x)"),
    "sin(x, y)": (0, "takes one argument; write sin(x)"),
    "log(x, 2)": (0, "write log(x)/log(2)"),
    "sin(1,5x)": (0, "write 1.5"),
    "sin x": (0, "did you mean sin(x)?"),
    "x + sin 2x": (4, "did you mean sin(2x)?"),
    "2 sin": (2, "did you mean sin(x)?"),
    "ln x": (0, "did you mean log(x)?"),
    "sin^2(x+1)": (0, "did you mean sin(x+1)^2?"),
    "sin\u00b2(x)": (0, "did you mean sin(x)^2?"),
    "sin\u207b\u00b9(x)": (0, "did you mean asin(x)?"),
    "exp^-x": (0, "did you mean exp(-x)?"),
    # names
    "xy": (0, "did you mean x*y?"),
    "x + X": (4, "did you mean x?"),
    "PI x": (0, "did you mean pi?"),
    "x1": (0, "did you mean x?"),
    "x_2": (0, "did you mean y or x^2?"),
    "y3": (0, "did you mean y^3?"),
    "x2y": (0, "did you mean x^2*y?"),
    "ax + a": (0, "did you mean a*x?"),
    "a x + ax": (6, "did you mean a*x?"),
    "ax^2 + bx + c": (0, "did you mean a*x?"),
    "2pix": (1, "did you mean pi*x?"),
    "2ex": (1, "did you mean e*x?"),
    "sinx": (0, "did you mean sin(x)?"),
    "sin2x": (0, "did you mean sin(2*x)?"),
    "lnx": (0, "did you mean log(x)?"),
    "if x": (0, "reserved word"),
    "lambda x": (0, "such as lam"),
    "a_very_long_name x": (0, "'a_very_long_name' at column 1 is longer than 12 characters"),
    "a_very_very_long_name x": (0, "'a_very_very_long_...' at column 1"),
    "a x+b x+c x+d x+f x+g x+h x+i x+j x": (32, "at most 8"),
    # no variable
    "3": (0, "neither x nor y"),
    "pi": (0, "neither x nor y"),
    "2 + t^2": (4, "write x for it"),
    # side by side
    "2 3": (2, "did you mean 2*3 or 23?"),
    "1.2.3": (3, "did you mean 1.2*.3?"),
    "x 2": (2, "did you mean x*2 or x^2?"),
    "(x+1)2": (5, "write * for a product or ^ for a power"),
    "x\u00b2^3": (2, "write (x^2)^3 or x^(2^3)"),
    "\u00b2x": (0, "nothing to raise"),
    # what is missing or too much
    "": (0, "the formula is empty"),
    "  ": (0, "the formula is empty"),
    "x^": (1, "'^' at column 2 has nothing after it"),
    "(x+)": (2, "'+' at column 3 has nothing after it"),
    "*x": (0, "has nothing before it"),
    "x + * y": (4, "'*' at column 5 cannot follow '+'"),
    "x // 2": (2, "write one /"),
    "2 + (x": (4, "never closed"),
    "(x))": (3, "never opened"),
    ")": (0, "closes nothing"),
    "()": (0, "are empty"),
    # commas and numbers
    "1,5x": (1, "write 1.5"),
    "x + ,5": (4, "write 0.5"),
    "x, y": (1, "type one expression"),
    "(x, y)": (2, "type one expression"),
    "1e999x": (0, "too large"),
    "1e-999x": (0, "too small"),
    "1_000x": (1, "without it"),
    # what is no formula at all
    "f(x) = x^2": (5, "only the right-hand side"),
    "y = x^2": (2, "only the right-hand side"),
    "f(x) := x^2": (6, "only the right-hand side"),
    "x^2 = 1": (4, "without an equals sign"),
    "x == 1": (2, "without a comparison"),
    "x != 1": (2, "without a comparison"),
    "x <= 1": (2, "without a comparison"),
    "lambda x: x": (8, "only the expression after it"),
    "x[0]^2": (1, "write x for x[0] and y for x[1]"),
    "[x]": (0, "round brackets"),
    "{x}": (0, "round brackets"),
    "|x+1|": (0, "write abs(x+1)"),
    "x!": (1, "factorial"),
    "x % 2": (2, "0.05 for 5%"),
    "'x'": (0, "quotation marks"),
    '"x"': (0, "quotation marks"),
    "__import__('os')": (0, "names start with a letter"),
    "x.__class__": (1, "no digit beside it"),
    "x.real": (1, "write * for a product"),
    "np.sin(x)": (2, "write sin without 'np.'"),
    "\\frac{x}{2}": (0, "without LaTeX commands"),
    "import os": (0, "reserved word"),
    "x and y": (2, "reserved word"),
    "x; y": (1, "write one formula"),
    "x@y": (1, "the signs are"),
    # other characters
    "\u221ax": (0, "write sqrt(x)"),
    "x + \u03b1": (4, "write alpha"),
    "\u03bbx": (0, "write lam"),
    "\u0394x": (0, "write Delta"),
    "\U0001d465^2": (0, "write x"),
    "\uff58": (0, "write x"),
    "\u0445": (0, "only looks like 'x'"),
    "\u00bdx": (0, "write (1/2)"),
    "x\u2081": (1, "such as a_1"),
    "x\u207f": (1, "such as x^n"),
    "\u0663x": (0, "write 3"),
    "x \u2014 1": (2, "write - or --"),
    # hidden characters
    "x\n+ 1": (1, "a line break"),
    "x\t+ 1": (1, "a tab"),
    "x\x00": (1, "control character U+0000"),
    "x\x07": (1, "control character U+0007"),
    "\u202ex": (0, "hidden character U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    "x\u200b": (1, "hidden character U+200B"),
    "x\u2062y": (1, "hidden character U+2062 (INVISIBLE TIMES)"),
    "x\ufeff": (1, "hidden character U+FEFF"),
    "x\u0301": (1, "hidden character U+0301"),
    "x\ud800": (1, "hidden character U+D800"),
    "x\u05d0": (1, "U+05D0 (HEBREW LETTER ALEF)"),
}


@pytest.mark.parametrize("text", FAULTS, ids=ascii)
def test_message_says_what_where_and_what_to_write(text: str) -> None:
    position, words = FAULTS[text]
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.position == position
    assert f"at column {position + 1}" in str(caught.value)


@pytest.mark.parametrize("text", ["(" * 2000, "(" * 2000 + "x" + ")" * 2000, "sin(" * 500 + "x" + ")" * 500])
def test_oversized_text_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="too long"):
        parse(text)


@pytest.mark.parametrize("name", ["a", "ab", "ex1", "exponent", "ma", "x0", "y_0", "x_max", "sinus", "th", "E", "z"])
def test_ordinary_names_are_parameters(name: str) -> None:
    assert parse(f"{name} + x").parameters == (name,)


def is_harmless(c: str) -> bool:
    return c.isprintable() and unicodedata.bidirectional(c) not in {"R", "AL", "AN", "RLE", "RLO", "RLI"}


def check(text: str) -> None:
    try:
        formula = parse(text)
    except FormulaError as error:
        assert 0 <= error.position <= len(text)
        assert f"at column {error.position + 1}" in str(error)
        assert all(map(is_harmless, str(error)))
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), copy.position) == (FormulaError, str(error), error.position)
    else:
        assert isinstance(formula, Formula) and formula.text == text


@given(st.text())
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    check(text)


PIECES = [
    *"xyXaef()()+-*/^,.|=[]{}'\"_!%:; 0123",
    *["pi", "sin(", "sin", "log", "ln", "**", "//", "==", "1e", "e-", ".5", "x_1", "if", "foo(", "max(", "np."],
    *"\u00b2\u207b\u03c0\u00d7\u2212\u2014\u03b1\u221a\u202e\u0301\n\t\u05d0\u00bd\U0001d465\ud800",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_row_of_pieces_is_a_formula_or_a_formula_error(text: str) -> None:
    check(text)
