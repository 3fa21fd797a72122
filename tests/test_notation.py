import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from landscapes.formula import MAX_LENGTH, parse
from landscapes.notation import latex, plain
from landscapes.tree import FUNCTIONS, Binary, Call, Constant, Formula, Negate, Node, Number, Parameter, Variable

PARAMETERS = ("a", "k_1", "rho", "width")


def trees(numbers: list[str]) -> st.SearchStrategy[Node]:
    def extended(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return (
            st.builds(Negate, inner)
            | st.builds(Call, st.sampled_from(FUNCTIONS), inner)
            | st.builds(Binary, st.sampled_from("+-*/^"), inner, inner)
        )

    leaves = (
        st.sampled_from([Number(float(text), text) for text in numbers])
        | st.sampled_from([Variable("x"), Variable("y"), Constant("pi"), Constant("e")])
        | st.sampled_from([Parameter(name) for name in PARAMETERS])
    )
    return st.recursive(leaves, extended, max_leaves=10).map(lambda tree: Binary("+", Variable("x"), tree))


def formula(tree: Node) -> Formula:
    return Formula("", tree, 2, PARAMETERS)


@given(trees(["2", "10", ".5", "3.", "1e-3", "2.5E+10", "007"]))
def test_plain_text_parses_to_the_same_tree(tree: Node) -> None:
    text = plain(formula(tree))
    assume(len(text) <= MAX_LENGTH)
    assert text.isascii()
    assert parse(text).tree == tree


def from_latex(text: str) -> str:
    """Read LaTeX as a person does: a fraction's bar, a root and an exponent hold together what they span."""
    text = text.replace(r"\log_{10}", "log10").replace("k_{1}", "k_1").replace(r"\mathrm{width}", "width")
    text = text.replace(r"\left|", "abs(").replace(r"\right|", ")").replace(r"\left", "").replace(r"\right", "")
    text = text.replace(r"\cdot", "*").replace(r"\,", "*").replace(r"\arc", "a")
    inner = r"\{([^{}]*)\}"
    while "{" in text:
        text, count = re.subn(rf"\\frac{inner}{inner}|\\sqrt{inner}|\^{inner}", _bracketed, text)
        assert count, text
    return text.replace("\\", "")


def _bracketed(match: re.Match[str]) -> str:
    numerator, denominator, root, exponent = match.groups()
    if numerator is not None:
        return f"(({numerator})/({denominator}))"
    return f"sqrt({root})" if root is not None else f"^({exponent})"


@pytest.mark.parametrize(
    "typed",
    [
        "-" * 26 + "x",
        "-" * 50 + "x",
        "-" * 48 + "(x+1)",
        "x*-(y*-(" * 11 + "x" + "))" * 11,
        "x - -(" * 24 + "y" + ")" * 24,
        "2^-(" * 16 + "x" + ")" * 16,
    ],
)
def test_what_is_nested_as_deep_as_may_be_parses_back(typed: str) -> None:
    tree = parse(typed).tree
    assert parse(plain(parse(typed))).tree == tree


@given(trees(["2", "10", "0.5"]))
def test_latex_can_be_read_in_one_way(tree: Node) -> None:
    text = from_latex(latex(formula(tree)))
    assume(len(text) <= MAX_LENGTH)
    assert parse(text).tree == tree


@given(trees(["2", ".5", "1e-3", "2.5E+10"]))
def test_latex_is_balanced(tree: Node) -> None:
    text = latex(formula(tree))
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1/2x", "1/2*x"),
        ("2 sin(x) cos(y)", "2*sin(x)*cos(y)"),
        ("((x)) + (2*y)", "x + 2*y"),
        ("x - (y - 1)", "x - (y - 1)"),
        ("-(x^2)", "-x^2"),
        ("(-x)^2", "(-x)^2"),
        ("x - -1", "x - (-1)"),
        ("2**-x\u00b2", "2^-x^2"),
        ("(x^2)^3 + x^(2^3)", "(x^2)^3 + x^2^3"),
    ],
)
def test_plain(typed: str, expected: str) -> None:
    assert plain(parse(typed)) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("x^2 - 1", "x^{2} - 1"),
        ("1 + x", "1 + x"),  # the order is kept
        ("2x y", r"2\,x\,y"),
        ("x*2", r"x \cdot 2"),
        ("2*(1/3)*x", r"2 \cdot \frac{1}{3}\,x"),
        ("1/2x", r"\frac{1}{2}\,x"),
        ("1/(2x)", r"\frac{1}{2\,x}"),
        ("(x+1)/(x-1)", r"\frac{x + 1}{x - 1}"),
        ("(x+1)(x-1)", r"\left(x + 1\right)\,\left(x - 1\right)"),
        ("(x/2)^2", r"\left(\frac{x}{2}\right)^{2}"),
        ("-x^2", "-x^{2}"),
        ("(-x)^2", r"\left(-x\right)^{2}"),
        ("x*-1", r"x\,\left(-1\right)"),
        ("x^y^2 + (x^y)^2", r"x^{y^{2}} + \left(x^{y}\right)^{2}"),
        ("sin(x)^2", r"\sin\left(x\right)^{2}"),
        ("asin(x) + log10(x)", r"\arcsin\left(x\right) + \log_{10}\left(x\right)"),
        ("sqrt(x^2+1) + abs(x)", r"\sqrt{x^{2} + 1} + \left|x\right|"),
        ("2pi x + e^x", r"2\,\pi\,x + e^{x}"),
        (".5x + 2.", r"0.5\,x + 2"),
        ("1e-3x + 2.5E+10", r"10^{-3}\,x + 2.5 \cdot 10^{10}"),
        ("1e3^x", r"\left(10^{3}\right)^{x}"),
        ("a x + rho + alpha_0", r"a\,x + \rho + \alpha_{0}"),
        ("b_1 x + width + x0", r"b_{1}\,x + \mathrm{width} + x_{0}"),
        ("c_max x + a_b_c", r"c_{\mathrm{max}}\,x + \mathrm{a\_b\_c}"),
    ],
)
def test_latex(typed: str, expected: str) -> None:
    assert latex(parse(typed)) == expected
