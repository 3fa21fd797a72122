"""The functions a kernel may call, once for Python floats and once for NumPy arrays.

Domain errors and overflow give NaN or infinity on arrays and an exception on floats, which the caller answers by
evaluating the point as an array. Elsewhere both give the same to the last bit: NumPy's functions, which differ in it
from Python's, and from one processor to the next, so that a run alone would leave the same run among others.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np

_OneFloat: TypeAlias = Callable[[float], float]

_SHORT_CUTS: Final = (-1.0, 0.5, 2.0)  # powers for which NumPy goes another way where the exponent is one number


def _as_on_arrays(check: _OneFloat, function: Callable[..., Any]) -> _OneFloat:
    """Return NumPy's `function` on floats, with an exception where that of module math, `check`, raises one."""

    def call(a: float) -> float:
        check(a)
        return float(function(a))

    return call


_log = _as_on_arrays(math.log, np.log)


def _pow(a: float, b: float) -> float:
    math.pow(a, b)
    return float(np.power(a, b))


def _sign(a: float) -> float:
    return 1.0 if a > 0.0 else -1.0 if a < 0.0 else 0.0 if a == 0.0 else a


def _pow1(a: float, b: float) -> float:
    return b * _pow(a, b - 1.0) if b != 0.0 else 0.0


def _pow2(a: float, b: float) -> float:
    factor = b * (b - 1.0)
    return factor * _pow(a, b - 2.0) if factor != 0.0 else 0.0


def _logarithmic(value: float, a: float) -> float:
    return value * _log(a) if value != 0.0 else 0.0


def _array_pow(a: Any, b: Any) -> Any:
    powers = np.power(a, b)
    if np.ndim(b):
        bases, exponents = np.broadcast_arrays(a, b)
        for short_cut in _SHORT_CUTS:
            taken = exponents == short_cut
            if taken.any():
                powers[taken] = np.power(bases[taken], short_cut)
    return powers


def _array_pow1(a: Any, b: Any) -> Any:
    return np.where(np.equal(b, 0.0), 0.0, b * _array_pow(a, b - 1.0))


def _array_pow2(a: Any, b: Any) -> Any:
    factor = b * (b - 1.0)
    return np.where(np.equal(factor, 0.0), 0.0, factor * _array_pow(a, b - 2.0))


def _array_logarithmic(value: Any, a: Any) -> Any:
    return np.where(np.equal(value, 0.0), 0.0, value * np.log(a))


_Functions: TypeAlias = dict[str, Callable[..., Any]]

FLOATS: Final[_Functions] = {
    "sin": _as_on_arrays(math.sin, np.sin),
    "cos": _as_on_arrays(math.cos, np.cos),
    "tan": _as_on_arrays(math.tan, np.tan),
    "asin": _as_on_arrays(math.asin, np.arcsin),
    "acos": _as_on_arrays(math.acos, np.arccos),
    "atan": _as_on_arrays(math.atan, np.arctan),
    "sinh": _as_on_arrays(math.sinh, np.sinh),
    "cosh": _as_on_arrays(math.cosh, np.cosh),
    "tanh": _as_on_arrays(math.tanh, np.tanh),
    "exp": _as_on_arrays(math.exp, np.exp),
    "log": _log,
    "log10": _as_on_arrays(math.log10, np.log10),
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "sign": _sign,
    "pow": _pow,
    "pow1": _pow1,
    "pow2": _pow2,
    "logarithmic": _logarithmic,
}

NUMPY: Final[_Functions] = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "pow": _array_pow,
    "pow1": _array_pow1,
    "pow2": _array_pow2,
    "logarithmic": _array_logarithmic,
}
