"""What a network of two inputs decides in the plane: the training examples, and the class that it gives to every place.

The examples are sent once, the classes again and again while a network is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array
from landscapes.networks import Network, Table

_PLACES: Final = 41  # along each axis
_MARGIN: Final = 0.12  # of the width, beyond the examples
_SHOWN: Final = 1000  # examples that are drawn at most


@dataclass(frozen=True, eq=False)
class Scene:
    """The plane: where classes are asked for, and the examples in it."""

    x: Array  # (p,) along the first input, scaled as the network sees it
    y: Array  # (q,) along the second
    points: Array  # (n, 2) examples
    labels: npt.NDArray[np.int64]  # (n,)
    names: tuple[str, ...]  # of the classes


def scene(network: Network) -> Scene | None:
    """Return the plane of a network of two inputs, and None for any other."""
    if network.widths[0] != 2:
        return None
    points, labels = network.examples.x[:_SHOWN], network.examples.y[:_SHOWN]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * np.maximum(high - low, 1e-9)
    x, y = (np.linspace(a, b, _PLACES) for a, b in zip(low - margin, high + margin, strict=True))
    names = network.data.classes if isinstance(network.data, Table) else ("0", "1")
    return Scene(x, y, points, labels, names)


def decided(network: Network, plane: Scene, weights: Sequence[Array]) -> Array:
    """Return the classes (runs, q, p) that networks with these weights give to the places; NaN where not finite."""
    across, up = np.meshgrid(plane.x, plane.y)
    places = np.column_stack([across.ravel(), up.ravel()])
    found = np.full((len(weights), *across.shape), np.nan)
    for i, w in enumerate(weights):
        if np.isfinite(w).all():
            found[i] = network.classify(w, places).reshape(across.shape)
    return found


def of_boundary(name: str, plane: Scene, grid: Array) -> str:
    """Say what a network decides: which share of the plane goes to which class."""
    shares = [float(np.mean(grid == i)) for i in range(len(plane.names))]
    given = [f"{100.0 * share:.0f}% to class {name}" for share, name in zip(shares, plane.names, strict=True) if share]
    if not given:
        return f"{name}: nothing is decided, its weights are no numbers."
    return f"{name} gives {', '.join(given)} of the plane."
