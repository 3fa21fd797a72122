"""What networks are trained on: scikit-learn's digits (packaged with it), two moons, or a table of one's own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..landscape import Array
from .table import Table

Data: TypeAlias = Literal["digits", "moons"] | Table

CLASSES: Final = {"digits": 10, "moons": 2}
FEATURES: Final = {"digits": 64, "moons": 2}
MOST: Final = {"digits": 1797, "moons": 200}  # examples
IMAGES: Final = {"digits": (8, 8)}  # pixels, row by row, of data that are images
_NOISE: Final = 0.15  # standard deviation of the moons' points


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and classes, the training examples and those held out."""

    x: Array  # (n, features)
    y: npt.NDArray[np.int64]  # (n,)
    held_out_x: Array  # (m, features)
    held_out_y: npt.NDArray[np.int64]  # (m,)


def classes_of(data: Data) -> int:
    """Count the classes of a data set."""
    return len(data.classes) if isinstance(data, Table) else CLASSES[data]


def features_of(data: Data) -> int:
    """Count the inputs of an example."""
    return data.x.shape[1] if isinstance(data, Table) else FEATURES[data]


def count_of(data: Data) -> int:
    """Count the examples of a data set, for training and held out."""
    return len(data.y) if isinstance(data, Table) else MOST[data]


def scaling_of(data: Data) -> str:
    """Say how the inputs were scaled, which moves the radius from which on SAM stalls."""
    if isinstance(data, Table):
        return "each column scaled and shifted so that its training examples go from −0.5 to 0.5"
    return "pixels scaled to [−0.5, 0.5]" if data == "digits" else "points shifted so that their mean is 0"


def guessing_loss(y: npt.ArrayLike) -> float:
    """Return the mean loss of guessing the classes' shares, whatever the inputs: the entropy of the labels (n,)."""
    shares = np.unique(np.asarray(y), return_counts=True)[1] / np.size(y)
    return float(-(shares * np.log(shares)).sum())


@lru_cache(maxsize=8)
def examples(data: Data, subset: int | None, label_noise: float, held_out: float, seed: int) -> Examples:
    """Load or make a data set; the same arguments give the same arrays.

    Args:
        data: "digits", 8 x 8 pixels in [-0.5, 0.5]; "moons", 200 points in the plane, centred; or a table, its
            columns scaled so that the training examples go from -0.5 to 0.5.
        subset: how many examples to train on, drawn at random from those not held out; None for all of them.
        label_noise: share of the training examples whose class is replaced by one of the others.
        held_out: share of the data set that is kept for testing.
        seed: of the split, of the noise, and of the moons' points.

    Returns:
        The examples, read-only. Nothing is reordered when all are trained on.
    """
    x, y = _whole(data, seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    tested = round(held_out * len(y))
    trained = np.sort(order[tested:][:subset])
    labels = y[trained]
    wrong = rng.choice(len(trained), round(label_noise * len(trained)), replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, classes_of(data), len(wrong))) % classes_of(data)
    test = np.sort(order[:tested])
    if isinstance(data, Table):
        x = _scaled(x, x[trained])
    result = Examples(x[trained], labels, x[test], y[test])
    for field in fields(result):
        getattr(result, field.name).flags.writeable = False
    return result


def _whole(data: Data, seed: int) -> tuple[Array, npt.NDArray[np.int64]]:
    if isinstance(data, Table):
        return data.x, data.y
    from sklearn.datasets import load_digits, make_moons  # takes long to import, and not all who name a set load it

    if data == "digits":
        digits = load_digits()
        return digits.data / 16.0 - 0.5, digits.target.astype(np.int64)
    x, y = make_moons(MOST["moons"], noise=_NOISE, random_state=seed)
    return x - x.mean(axis=0), y.astype(np.int64)


def _scaled(x: Array, seen: Array) -> Array:
    low, high = seen.min(axis=0), seen.max(axis=0)
    width = high - low
    return np.where(width > 0.0, (x - low) / np.where(width > 0.0, width, 1.0) - 0.5, 0.0)
