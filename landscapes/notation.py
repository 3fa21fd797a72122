"""Checked tree -> text: as LaTeX for people, as plain text that parses back. Both show what was understood.

Brackets stand where the tree needs them and nowhere else, with one exception: after `+ - * /` a sign stands
in brackets, so `x - -y` becomes x - (-y). Where so many brackets would be more than the parser reads, plain text
does without these.
"""

from __future__ import annotations

import re

from .faults import FormulaError
from .formula import parse
from .tree import Binary, Call, Constant, Formula, Negate, Node, Number, Parameter, Variable

# How tightly a piece holds together, from loose to tight.
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


def plain(formula: Formula) -> str:
    """Return the formula in ASCII with every product written out, such as "2*x^2 - 1".

    Parsed again it gives the same tree (unless the signs and spaces added make it longer than what is read, or `^`
    in the place of a superscript nests it deeper).
    """
    text = _plain(formula.tree)
    try:
        parse(text)
    except FormulaError:
        return _plain(formula.tree, bare=True)
    return text


def latex(formula: Formula) -> str:
    """Return the formula in LaTeX: in the order typed, quotients as fractions, products without a sign."""
    return _latex(formula.tree)


def _plain(node: Node, bare: bool = False) -> str:
    """Write a node; `bare`: without brackets around signs, which the parser does not need."""
    match node:
        case Number(_, text):
            return text
        case Variable(name) | Constant(name) | Parameter(name):
            return name
        case Call(function, argument):
            return f"{function}({_plain(argument, bare)})"
        case Negate(argument):
            return "-" + _bracketed(_plain(argument, bare), _level(argument) < _SIGN + (not bare))
        case Binary("^", left, right):
            base = _bracketed(_plain(left, bare), _level(left) < _ATOM)
            return f"{base}^{_bracketed(_plain(right, bare), _level(right) < _SIGN)}"
        case Binary(operator, left, right):
            own = _level(node)
            before = _bracketed(_plain(left, bare), _level(left) < own)
            after = _plain(right, bare)
            after = _bracketed(after, _level(right) <= own or (after.startswith("-") and not bare))
            return f"{before} {operator} {after}" if own == _SUM else f"{before}{operator}{after}"


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


def _level(node: Node) -> int:
    match node:
        case Binary("+" | "-"):
            return _SUM
        case Binary("*" | "/"):
            return _PRODUCT
        case Negate():
            return _SIGN
        case Binary():
            return _POWER
    return _ATOM


_FUNCTIONS = {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "log10": r"\log_{10}"}
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa mu nu xi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega"
).split()
_SYMBOLS = {name: f"\\{name}" for name in _GREEK} | {"lam": r"\lambda"}  # lambda is a keyword


def _latex(node: Node) -> str:
    match node:
        case Number(_, text):
            return _latex_number(text)
        case Variable(name):
            return name
        case Constant(name):
            return r"\pi" if name == "pi" else name
        case Parameter(name):
            return _latex_name(name)
        case Call("sqrt", argument):
            return rf"\sqrt{{{_latex(argument)}}}"
        case Call("abs", argument):
            return rf"\left|{_latex(argument)}\right|"
        case Call(function, argument):
            return _FUNCTIONS.get(function, f"\\{function}") + _latex_bracketed(_latex(argument), True)
        case Negate(argument):
            return "-" + _latex_bracketed(_latex(argument), _latex_level(argument) <= _SIGN)
        case Binary("/", left, right):
            return rf"\frac{{{_latex(left)}}}{{{_latex(right)}}}"
        case Binary("^", left, right):
            base = _latex_bracketed(_latex(left), _latex_level(left) < _ATOM)
            return f"{base}^{{{_latex(right)}}}"
        case Binary(operator, left, right):
            own = _level(node)
            before = _latex_bracketed(_latex(left), _latex_level(left) < own)
            after = _latex(right)
            after = _latex_bracketed(after, _latex_level(right) <= own or after.startswith("-"))
            if operator != "*":
                return f"{before} {operator} {after}"
            # 2 3 would be 23, 2 1/3 a mixed number
            return before + (r" \cdot " if re.match(r"[0-9]|\\frac", after) else r"\,") + after


def _latex_level(node: Node) -> int:
    """Return the level at which a piece is set: a fraction's bar keeps it together."""
    match node:
        case Binary("/"):
            return _POWER
        case Number(_, text) if "e" in text.lower():
            return _POWER
    return _level(node)


def _latex_bracketed(text: str, needed: bool) -> str:
    return rf"\left({text}\right)" if needed else text


def _latex_number(text: str) -> str:
    """Return a literal: .5 as 0.5, 2. as 2, 2e-3 as 2 x 10^-3, 1e-3 as 10^-3."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = ("0" if mantissa.startswith(".") else "") + mantissa.removesuffix(".")
    if not exponent:
        return digits
    power = f"10^{{{exponent.removeprefix('+')}}}"
    return power if digits == "1" else rf"{digits} \cdot {power}"


def _latex_name(name: str) -> str:
    """Return a parameter: a letter or a Greek name as such, digits at its end or what follows _ as index."""
    parts = re.fullmatch(r"([A-Za-z]+)_?([0-9]+)|([A-Za-z]+)_([A-Za-z0-9]+)|([A-Za-z]+)", name)
    if parts is None:
        return rf"\mathrm{{{name}}}".replace("_", r"\_")
    head = parts[1] or parts[3] or parts[5]
    index = parts[2] or parts[4]
    base = _SYMBOLS.get(head) or (head if len(head) == 1 else rf"\mathrm{{{head}}}")
    if not index:
        return base
    is_upright = len(index) > 1 and not index.isdecimal()
    return rf"{base}_{{\mathrm{{{index}}}}}" if is_upright else f"{base}_{{{index}}}"
