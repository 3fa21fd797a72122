"""Roots of many functions of one variable at once, each between two places at which its sign differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

Indices = npt.NDArray[np.int64]

_STEPS: Final = 80
_WIDTH: Final = 1e-13  # of a bracket in the end, and as a share of the root, where nothing else is asked for


def root_between(
    f: Callable[[Array, Indices], Array],
    low: Array,
    high: Array,
    otherwise: Array,
    absolute: float = _WIDTH,
    relative: float = _WIDTH,
) -> Array:
    """Solve f(t, i) = 0 for the brackets i = 0, 1, ... by Chandrupatla's method.

    Args:
        f: maps places (m,) and the brackets (m,) they lie in to values (m,).
        low: where the brackets begin (n,).
        high: where they end (n,).
        otherwise: (n,) what to return where f changes no sign between the two.
        absolute: width of a bracket in the end, in the units of t, above 0;
        relative: to which this share of the root is added; not below the floats' precision.

    Source:
        Chandrupatla 1997. For the few brackets there are, SciPy's form of it takes longer than the slopes themselves.
    """
    root, i = otherwise.copy(), np.arange(len(low))
    a, b = low, high  # the root is between them; b and c are the two places before a
    f_a, f_b = f(a, i), f(b, i)
    c, f_c, share = a, f_a, np.full(len(low), 0.5)
    for step in range(_STEPS):
        nearer = np.abs(f_a) < np.abs(f_b)
        best, width = np.where(nearer, a, b), np.abs(b - a)
        slack = absolute + relative * np.abs(best)
        held = np.sign(f_a) * np.sign(f_b) < 0.0
        done = (np.where(nearer, f_a, f_b) == 0.0) | (held & ((width < slack) | (step == _STEPS - 1)))
        root[i[done]] = best[done]
        left = held & ~done
        if not left.any():
            break
        a, b, c, f_a, f_b, f_c, i = (v[left] for v in (a, b, c, f_a, f_b, f_c, i))
        edge = 0.5 * (slack / width)[left]
        share = np.clip(share[left], edge, 1.0 - edge)
        t = a + share * (b - a)
        f_t = f(t, i)
        same = np.sign(f_t) == np.sign(f_a)
        c, f_c = np.where(same, a, b), np.where(same, f_a, f_b)
        b, f_b = np.where(same, b, a), np.where(same, f_b, f_a)
        a, f_a = t, f_t
        share = np.full(len(i), 0.5)
        with np.errstate(all="ignore"):
            x, y = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
            smooth = (y**2 < x) & ((1.0 - y) ** 2 < 1.0 - x)  # the parabola through the three is monotone between
            inverse = f_a / (f_b - f_a) * f_c / (f_b - f_c)
            inverse += (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)
        share[smooth] = inverse[smooth]
    return root
