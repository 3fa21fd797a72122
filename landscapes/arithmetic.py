"""The functions a kernel may call, once for Python floats and once for NumPy arrays.

Domain errors and overflow give NaN or infinity on arrays and an exception on floats, which the caller answers by
evaluating the point as an array.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np


def _sign(a: float) -> float:
    return math.copysign(1.0, a) if a > 0.0 or a < 0.0 else a * 0.0


def _pow1(a: float, b: float) -> float:
    return b * math.pow(a, b - 1.0) if b != 0.0 else 0.0


def _pow2(a: float, b: float) -> float:
    factor = b * (b - 1.0)
    return factor * math.pow(a, b - 2.0) if factor != 0.0 else 0.0


def _logarithmic(value: float, a: float) -> float:
    return value * math.log(a) if value != 0.0 else 0.0


def _array_pow1(a: Any, b: Any) -> Any:
    return np.where(np.equal(b, 0.0), 0.0, b * np.power(a, b - 1.0))


def _array_pow2(a: Any, b: Any) -> Any:
    factor = b * (b - 1.0)
    return np.where(np.equal(factor, 0.0), 0.0, factor * np.power(a, b - 2.0))


def _array_logarithmic(value: Any, a: Any) -> Any:
    return np.where(np.equal(value, 0.0), 0.0, value * np.log(a))


_Functions: TypeAlias = dict[str, Callable[..., Any]]

MATH: Final[_Functions] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "sign": _sign,
    "pow": math.pow,
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
    "pow": np.power,
    "pow1": _array_pow1,
    "pow2": _array_pow2,
    "logarithmic": _array_logarithmic,
}
