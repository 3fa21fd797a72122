"""The functions a kernel may call, once for Python floats and once for NumPy arrays.

Both give the same to the last bit: NumPy's functions, which differ in it from Python's, and from one processor to the
next, so that a run alone would leave the same run among others. Only what IEEE 754 rounds in one way alone, square
roots among it, is Python's on floats. Domain errors and overflow give NaN or infinity; where Python raises an exception
instead the caller evaluates the point as an array.
"""

import math
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, TypeAlias

import numpy as np

# NumPy keeps in the context whether it warns; `SILENT.copy().run(...)` takes a tenth of the time of `np.errstate`.
SILENT: Final = Context()
SILENT.run(np.seterr, all="ignore")

_SHORT_CUTS: Final = (-1.0, 0.5, 2.0)  # powers for which NumPy goes another way where the exponent is one number


def _sign(a: float) -> float:
    return 1.0 if a > 0.0 else -1.0 if a < 0.0 else 0.0 if a == 0.0 else a


def _pow1(a: float, b: float) -> float:
    return b * float(np.power(a, b - 1.0)) if b != 0.0 else 0.0


def _pow2(a: float, b: float) -> float:
    factor = b * (b - 1.0)
    return factor * float(np.power(a, b - 2.0)) if factor != 0.0 else 0.0


def _logarithmic(value: float, a: float) -> float:
    return value * float(np.log(a)) if value != 0.0 else 0.0


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

FLOATS: Final[_Functions] = NUMPY | {  # a result may be a number of NumPy's: the program makes it a float
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "sign": _sign,
    "pow": np.power,
    "pow1": _pow1,
    "pow2": _pow2,
    "logarithmic": _logarithmic,
}
