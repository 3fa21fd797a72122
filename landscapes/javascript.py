"""JavaScript of straight-line programs, for the visitor's browser: what it computes, NumPy would.

`Math` differs from NumPy where C's pow is 1 (a base of 1, or of -1 and an infinite exponent), and in the sign of -0;
there the text brings functions of its own. What the browser's sin, exp, ... make of the last digit is its own affair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from .printing import Language, written
from .tape import Lines, Maybe

_MATH: Final = "sin cos tan asin acos atan sinh cosh tanh exp log log10 sqrt abs".split()
_OWN: Final = {
    "sign": "(a) => (a > 0 ? 1 : a < 0 ? -1 : a === 0 ? 0 : NaN)",
    "pow": "(a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : b === 0.5 ? Math.sqrt(a) : "
    "Math.pow(a, b))",
    "pow1": "(a, b) => (b === 0 ? 0 : b * pow(a, b - 1))",
    "pow2": "(a, b) => (b * (b - 1) === 0 ? 0 : b * (b - 1) * pow(a, b - 2))",
    "logarithmic": "(value, a) => (value === 0 ? 0 : value * Math.log(a))",
}


def number(value: float) -> str:
    """Write a float; the shortest digits that JavaScript reads as the same one."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0.0 else "-Infinity"


JAVASCRIPT: Final = Language(
    number,
    {"neg": "-{0}", "equal": "{0} === {1} ? 1 : 0", "greater": "{0} > {1} ? 1 : 0", "choose": "{0} ? {1} : {2}"}
    | {name: f"Math.{name}" + "({0})" for name in _MATH},
)


def body(lines: Lines, results: Sequence[Maybe]) -> tuple[str, str]:
    """Write the lines that some results need.

    Returns:
        The functions of our own that they call, and the lines, each a `const`.
    """
    text, names = written(lines, results, JAVASCRIPT)
    called = {lines.lines[name][0] for name in text}
    if called & {"pow1", "pow2"}:
        called.add("pow")
    own = "".join(f"const {name} = {_OWN[name]};\n" for name in _OWN if name in called)
    return own, "".join(f"const {name} = {text[name]};\n" for name in names)


def function(lines: Lines, arguments: Sequence[str], results: Sequence[Maybe]) -> str:
    """Write an expression whose value is the function of some arguments that returns the flat array of results."""
    own, inner = body(lines, results)
    returned = ", ".join(map(JAVASCRIPT.atom, results))
    return f"(() => {{\n{own}return ({', '.join(arguments)}) => {{\n{inner}return [{returned}];\n}};\n}})()"
