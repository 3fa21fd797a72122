"""The data sets that networks are trained on: scikit-learn's digits (packaged with it) and two moons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from .landscape import Array

CLASSES: Final = {"digits": 10, "moons": 2}
FEATURES: Final = {"digits": 64, "moons": 2}
MOST: Final = {"digits": 1797, "moons": 200}  # examples
_NOISE: Final = 0.15  # standard deviation of the moons' points


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and classes, the training examples and those held out."""

    x: Array  # (features, n): one column an example
    y: npt.NDArray[np.int64]  # (n,)
    held_out_x: Array  # (features, m)
    held_out_y: npt.NDArray[np.int64]  # (m,)


@lru_cache(maxsize=8)
def examples(data: str, subset: int | None, label_noise: float, held_out: float, seed: int) -> Examples:
    """Load or make a data set; the same arguments give the same arrays.

    Args:
        data: "digits", 8 x 8 pixels in [-0.5, 0.5], or "moons", 200 points in the plane, centred.
        subset: how many examples to train on, drawn at random from those not held out; None for all of them.
        label_noise: share of the training examples whose class is replaced by one of the others.
        held_out: share of the data set that is kept for testing.
        seed: of the split, of the noise, and of the moons' points.

    Returns:
        The examples, read-only. Nothing is reordered when all are trained on.
    """
    from sklearn.datasets import load_digits, make_moons  # takes long to import, and not all who name a set load it

    if data == "digits":
        digits = load_digits()
        x, y = digits.data / 16.0 - 0.5, digits.target
    else:
        x, y = make_moons(MOST["moons"], noise=_NOISE, random_state=seed)
        x = x - x.mean(axis=0)
    y = y.astype(np.int64)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    tested = round(held_out * len(y))
    trained = np.sort(order[tested:][:subset])
    labels = y[trained]
    wrong = rng.choice(len(trained), round(label_noise * len(trained)), replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, CLASSES[data], len(wrong))) % CLASSES[data]
    test = np.sort(order[:tested])
    result = Examples(_columns(x[trained]), labels, _columns(x[test]), y[test])
    for array in vars(result).values():
        array.flags.writeable = False
    return result


def _columns(x: Array) -> Array:
    return np.ascontiguousarray(x.T, dtype=np.float64)
