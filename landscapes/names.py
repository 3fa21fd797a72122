"""What a person most likely meant by a name that a formula cannot hold as it stands."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Collection

from .tree import CONSTANTS, FUNCTIONS, VARIABLES

# Other names of the functions there are.
_ALIASES = {
    "ln": "log", "lg": "log10", "sen": "sin", "tg": "tan", "sh": "sinh", "ch": "cosh", "th": "tanh",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctg": "atan", "fabs": "abs", "absolute": "abs",
    "squareroot": "sqrt", "root": "sqrt", "exponential": "exp",
    "sine": "sin", "sinus": "sin", "cosine": "cos", "cosinus": "cos", "tangent": "tan", "logarithm": "log",
}  # fmt: skip

# Functions that there are not, in terms of those there are.
_ARSINH, _ARCOSH, _ARTANH = "log(x + sqrt(x^2 + 1))", "log(x + sqrt(x^2 - 1))", "log((1 + x)/(1 - x))/2"
_MAX, _MIN, _ATAN2 = "(x + y + abs(x - y))/2", "(x + y - abs(x - y))/2", "2*atan(y/(x + sqrt(x^2 + y^2)))"
_LOGISTIC, _LOG2 = "1/(1 + exp(-x))", "log(x)/log(2)"
_SPELLED_OUT = {
    "sec": "1/cos(x)", "csc": "1/sin(x)", "cosec": "1/sin(x)", "cot": "1/tan(x)", "ctg": "1/tan(x)",
    "sech": "1/cosh(x)", "csch": "1/sinh(x)", "coth": "1/tanh(x)",
    "asinh": _ARSINH, "arsinh": _ARSINH, "arcsinh": _ARSINH,
    "acosh": _ARCOSH, "arcosh": _ARCOSH, "arccosh": _ARCOSH,
    "atanh": _ARTANH, "artanh": _ARTANH, "arctanh": _ARTANH,
    "log2": _LOG2, "ld": _LOG2, "lb": _LOG2, "log1p": "log(1 + x)", "exp2": "2^x", "expm1": "exp(x) - 1",
    "pow": "x^y", "power": "x^y", "sq": "x^2", "sqr": "x^2", "square": "x^2", "cube": "x^3",
    "cbrt": "x^(1/3)",
    "hypot": "sqrt(x^2 + y^2)", "atan2": _ATAN2, "arctan2": _ATAN2, "frac": "x/y",
    "max": _MAX, "maximum": _MAX, "min": _MIN, "minimum": _MIN, "sign": "x/abs(x)", "sgn": "x/abs(x)",
    "relu": "(x + abs(x))/2", "sigmoid": _LOGISTIC, "logistic": _LOGISTIC, "expit": _LOGISTIC,
    "softplus": "log(1 + exp(x))", "sinc": "sin(x)/x", "gauss": "exp(-x^2)", "gaussian": "exp(-x^2)",
}  # fmt: skip

# Functions looked for inside a name that was typed for a product; other aliases would be found by accident.
_INSIDE = {name: _ALIASES.get(name, name) for name in (*FUNCTIONS, "ln", "arcsin", "arccos", "arctan")}
_MAX_INSIDE = 12  # longer names are not taken apart
_LIKENESS = 0.65  # of a mistyped function to the one meant: cosine to cos, but not print to expit


def renamed(name: str) -> str | None:
    """Return the function that a name is another spelling of: ln, arcsin, Sin."""
    lower = name.lower()
    return lower if lower in FUNCTIONS else _ALIASES.get(lower)


def for_name(name: str, known: Collection[str]) -> str | None:
    """Return what a name without a bracket was meant to be, or None where it can be a parameter.

    Args:
        name: the name as typed, neither a variable nor a constant nor a function.
        known: the names of the formula that stand without a bracket.
    """
    if name.lower() in VARIABLES or name.lower() == "pi":
        return name.lower()
    if re.fullmatch(r"[xy]_?0", name):  # the usual name of a centre
        return None
    numbered = re.fullmatch(r"([xy])_?([1-9][0-9]*)", name)
    if numbered is not None:
        letter, digits = numbered.groups()
        if digits == "1":
            return letter
        return "y or x^2" if letter + digits == "x2" else f"{letter}^{digits}"
    pieces = _pieces(name, known)
    return None if set(pieces).isdisjoint(VARIABLES) else _product(pieces, None)


def for_call(name: str, argument: str, known: Collection[str]) -> str:
    """Return what to write in place of an unknown function, as the end of a sentence.

    Args:
        name: the name before the bracket, neither a variable nor a function.
        argument: what stands in the brackets, or "..." where that is long.
        known: the names of the formula that stand without a bracket.
    """
    if name in CONSTANTS or name in known:
        return f"write {name}*({argument}) for a product"
    same = renamed(name)
    if same is not None:
        return f"did you mean '{same}'?"
    if name.lower() in _SPELLED_OUT:
        return _spelled_out(name.lower())
    product = _product(_pieces(name, known), argument)
    if product is not None:
        return f"did you mean {product}?"
    names = [*FUNCTIONS, *_ALIASES, *_SPELLED_OUT]
    near = [] if keyword.iskeyword(name) else difflib.get_close_matches(name.lower(), names, 1, _LIKENESS)
    if near:
        return _spelled_out(near[0]) if near[0] in _SPELLED_OUT else f"did you mean '{renamed(near[0])}'?"
    if len(name) <= 2:
        return f"if {name} is a parameter, write {name}*({argument})"
    return f"the functions are {', '.join(FUNCTIONS)}"


def split_off_variables(name: str) -> str | None:
    """Return a short name that holds x or y as a product of its letters: ax -> a*x."""
    if len(name) <= 4 and name.isalpha() and not set(name).isdisjoint(VARIABLES):
        return "*".join(name)
    return None


def _spelled_out(name: str) -> str:
    expression = _SPELLED_OUT[name]
    arguments = "x" if "y" not in expression else "y, x" if name.endswith("tan2") else "x, y"
    return f"write {expression} for {name}({arguments})"


def _pieces(name: str, known: Collection[str]) -> tuple[str, ...]:
    """Return a name as a row of known names, functions and numbers, the longest first; () if it is none."""
    if len(name) > _MAX_INSIDE:
        return ()
    words = sorted({*VARIABLES, *CONSTANTS, *_INSIDE, *known} - {name}, key=len, reverse=True)
    pieces = _split(name, words)
    return pieces if {"0", "1"}.isdisjoint(pieces) else ()  # nobody types a factor or a power of 1


def _split(rest: str, words: list[str]) -> tuple[str, ...]:
    digits = re.match("[0-9]+", rest)
    for word in [digits[0]] if digits else words:
        if rest == word:
            return (word,)
        if rest.startswith(word):
            following = _split(rest[len(word) :], words)
            if following:
                return (word, *following)
    return ()


def _product(pieces: tuple[str, ...], argument: str | None) -> str | None:
    """Return the pieces with the signs and brackets they lack; before a bracket, `argument` stands in it."""
    if not pieces:
        return None
    text = ""
    for i, piece in enumerate(pieces):
        is_power = piece.isdecimal() and i > 0 and pieces[i - 1] in VARIABLES
        text += "" if i == 0 else "^" if is_power else "*"
        if piece in _INSIDE:
            following = pieces[i + 1 :]
            if following:  # sin2 before a bracket is no product
                inner = _product(following, None) if argument is None else None
            else:
                inner = argument
            return None if inner is None else f"{text}{_INSIDE[piece]}({inner})"
        text += piece
    return text if argument is None else f"{text}*({argument})"
