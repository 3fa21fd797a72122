"""The functions a kernel may call on balls, python-flint's `arb`: what they return encloses all values on a ball.

A ball on which a function is undefined in places gives NaN, and so does everything made from it. A ball on which it
is undefined throughout raises Undefined. Nothing overflows: a number too large for the ball's centre is a ball of
infinite radius.

Python-flint's own functions enclose, too, but widely where a ball is wide: the square of [-1, 1] is [-1, 1] to them.
Here powers and monotone functions are taken at a wide ball's ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flint import arb

_ZERO: Final = arb(0)
_ONE: Final = arb(1)
_NAN: Final = arb("nan")
_LARGEST: Final = 10_000  # exponent that is multiplied out
_NARROW: Final = 10  # bits of a ball's centre that its radius leaves; its ends would gain nothing then


class Undefined(ArithmeticError):
    """A function is undefined on the whole of a ball."""


def undefined(*_: arb) -> tuple[arb, ...]:
    """Raise Undefined: the program of a formula that is defined nowhere."""
    raise Undefined


def power(a: arb, n: int) -> arb:
    """Enclose a^n, n >= 2."""
    if a.rel_accuracy_bits() > _NARROW:
        return _product(a, n)
    if n % 2:
        return _product(a.lower(), n).union(_product(a.upper(), n))
    return _product(a.abs_lower(), n).union(_product(a.abs_upper(), n))


def _product(a: arb, n: int) -> arb:
    if n == 1:
        return a
    half = _product(a, n // 2)
    return half * half * a if n % 2 else half * half


def _rising(function: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """Enclose a function that is defined everywhere and rises."""

    def enclosed(a: arb) -> arb:
        if a.rel_accuracy_bits() > _NARROW:
            return function(a)
        return function(a.lower()).union(function(a.upper()))

    return enclosed


def _cosh(a: arb) -> arb:
    if a.rel_accuracy_bits() > _NARROW:
        return a.cosh()
    return a.abs_lower().cosh().union(a.abs_upper().cosh())


def _tan(a: arb) -> arb:
    value = a.tan()
    return value if value.is_finite() else _NAN  # over a pole


def _between(function: Callable[[arb], arb], low: float | None, high: float | None) -> Callable[[arb], arb]:
    """Raise where an argument lies beyond the ends of a function's domain."""

    def checked(a: arb) -> arb:
        if (low is not None and a < low) or (high is not None and a > high):
            raise Undefined
        return function(a)

    return checked


def _log10(a: arb) -> arb:
    return _log(a) / arb.const_log10()


def _sign(a: arb) -> arb:
    return a.sgn() if a.is_finite() else _NAN


def _bend(a: arb) -> arb:
    """Second derivative of |a|, which is none where a may be zero."""
    return _ZERO if a > 0 or a < 0 else _NAN


def _pow(a: arb, b: arb) -> arb:
    """Enclose a^b; a negative a has whole exponents only."""
    whole = b.unique_fmpz() if b.is_integer() else None
    if whole is not None and abs(whole) <= _LARGEST:
        n = int(whole)
        if n == 0:
            return _ONE if a.is_finite() else _NAN
        value = a if abs(n) == 1 else power(a, abs(n))
        return value if n > 0 else 1 / value
    if a > 0:
        return a**b
    if a < 0 and not b.contains_integer():
        raise Undefined
    return _NAN


def _pow1(a: arb, b: arb) -> arb:
    return b * _pow(a, b - 1)


def _pow2(a: arb, b: arb) -> arb:
    factor = b * (b - 1)
    return factor if factor.is_zero() else factor * _pow(a, b - 2)


def _logarithmic(value: arb, a: arb) -> arb:
    return value * _log(a)


_log: Final = _between(arb.log, 0.0, None)

BALLS: Final[dict[str, Any]] = {
    "sin": arb.sin,
    "cos": arb.cos,
    "tan": _tan,
    "asin": _between(arb.asin, -1.0, 1.0),
    "acos": _between(arb.acos, -1.0, 1.0),
    "atan": arb.atan,
    "sinh": _rising(arb.sinh),
    "cosh": _cosh,
    "tanh": _rising(arb.tanh),
    "exp": arb.exp,
    "log": _log,
    "log10": _log10,
    "sqrt": _between(arb.sqrt, 0.0, None),
    "abs": abs,
    "sign": _sign,
    "bend": _bend,
    "pow": _pow,
    "pow1": _pow1,
    "pow2": _pow2,
    "logarithmic": _logarithmic,
    "power": power,
    "pi": arb.pi(),
    "e": arb.const_e(),
}
