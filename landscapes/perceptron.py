"""The loss of a multilayer perceptron with its derivatives, written out as matrix products.

Examples are columns. A layer's weights W (out, in) and biases b (out,) lie in the flat vector one after the other, as
in PyTorch's `parameters_to_vector`: W1, b1, W2, b2, ...
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import erf, expit

from .landscape import Array

Layers: TypeAlias = list[tuple[Array, Array]]


def size(widths: tuple[int, ...]) -> int:
    """Count the weights and biases of a network with these widths, inputs and outputs included."""
    return sum((a + 1) * b for a, b in zip(widths[:-1], widths[1:], strict=True))


def layers(w: npt.NDArray[Any], widths: tuple[int, ...]) -> Layers:
    """Views of a flat vector (d,) as one pair W (out, in), b (out,) for each layer."""
    found: Layers = []
    taken = 0
    for a, b in zip(widths[:-1], widths[1:], strict=True):
        found.append((w[taken : taken + a * b].reshape(b, a), w[taken + a * b : taken + (a + 1) * b]))
        taken += (a + 1) * b
    return found


# Activations: z -> phi(z), phi'(z); and phi''(z) from z and these two.


def _tanh(z: Array) -> tuple[Array, Array]:
    a = np.tanh(z)
    return a, 1.0 - a * a


def _relu(z: Array) -> tuple[Array, Array]:
    slope = (z > 0.0).astype(np.float64)  # 0 at 0, as in PyTorch
    return z * slope, slope


def _gelu(z: Array) -> tuple[Array, Array]:
    below = 0.5 + 0.5 * erf(z * math.sqrt(0.5))
    return z * below, below + z * _normal(z)


def _normal(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


ACTIVATIONS: Final[dict[str, Callable[[Array], tuple[Array, Array]]]] = {"tanh": _tanh, "relu": _relu, "gelu": _gelu}
_CURVATURES: Final[dict[str, Callable[[Array, Array, Array], Array]]] = {
    "tanh": lambda z, a, slope: -2.0 * a * slope,
    "relu": lambda z, a, slope: np.zeros_like(z),
    "gelu": lambda z, a, slope: (2.0 - z * z) * _normal(z),
}


# Losses: outputs z (classes, n) and targets -> the mean loss, its gradient, and its Hessian times a direction.

Loss: TypeAlias = tuple[float, Array, Callable[[Array], Array]]


def _cross_entropy(z: Array, target: Array) -> Loss:
    n = z.shape[1]
    z = z - z.max(axis=0)
    p = np.exp(z)
    total = p.sum(axis=0)
    p /= total
    value = (np.log(total).sum() - np.vdot(target, z)) / n

    def turned(r: Array) -> Array:
        part = p * r
        return np.asarray((part - p * part.sum(axis=0)) / n)

    return float(value), (p - target) / n, turned


def _logistic(z: Array, target: Array) -> Loss:
    n = z.shape[1]
    value = (np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))) - target * z).sum() / n
    p = expit(z)
    return float(value), (p - target) / n, lambda r: np.asarray(p * (1.0 - p) * r / n)


LOSSES: Final[dict[str, Callable[[Array, Array], Loss]]] = {"cross-entropy": _cross_entropy, "logistic": _logistic}


class Pass(NamedTuple):
    """What a forward pass leaves for the way back."""

    layers: Layers
    z: list[Array]  # before the activation, of each hidden layer
    a: list[Array]  # the inputs, then each hidden layer's outputs
    slopes: list[Array]  # of the activation, of each hidden layer
    out: Array  # (classes, n)


def forward(parts: Layers, x: Array, activation: str) -> Pass:
    """Carry inputs x (features, n) through the network."""
    phi = ACTIVATIONS[activation]
    zs: list[Array] = []
    a: list[Array] = [x]
    slopes: list[Array] = []
    for w, b in parts[:-1]:
        z = w @ a[-1]
        z += b[:, None]
        out, slope = phi(z)
        zs.append(z)
        a.append(out)
        slopes.append(slope)
    w, b = parts[-1]
    return Pass(parts, zs, a, slopes, w @ a[-1] + b[:, None])


def gradient(seen: Pass, delta: Array, into: Layers) -> None:
    """Carry the loss's gradient delta (classes, n) at the outputs back to the weights, into views of the result."""
    for i in reversed(range(len(into))):
        np.matmul(delta, seen.a[i].T, out=into[i][0])
        delta.sum(axis=1, out=into[i][1])
        if i:
            delta = seen.layers[i][0].T @ delta
            delta *= seen.slopes[i - 1]


def hessian_product(
    seen: Pass, delta: Array, turned: Callable[[Array], Array], activation: str
) -> Callable[[Layers, Layers], None]:
    """Return the function that writes the Hessian times a direction into views of the result.

    Args:
        seen: the forward pass.
        delta: the loss's gradient (classes, n) at the outputs.
        turned: the loss's Hessian there, times a direction (classes, n).
        activation: one of ACTIVATIONS.

    Source:
        Pearlmutter, "Fast exact multiplication by the Hessian", 1994: the derivative of the gradient's program
        along the direction.
    """
    deltas, backs = [delta], []  # of the last layer first; backs are the deltas before the activation's slope
    for i in reversed(range(1, len(seen.layers))):
        backs.append(seen.layers[i][0].T @ deltas[-1])
        deltas.append(backs[-1] * seen.slopes[i - 1])
    deltas.reverse()
    backs.reverse()
    bends = [
        _CURVATURES[activation](z, a, slope) * back
        for z, a, slope, back in zip(seen.z, seen.a[1:], seen.slopes, backs, strict=True)
    ]

    def product(v: Layers, into: Layers) -> None:
        ra: list[Array | None] = [None]  # how each layer's inputs change; the examples do not
        rz: list[Array] = []
        for i, (vw, vb) in enumerate(v):
            r = vw @ seen.a[i]
            r += vb[:, None]
            before = ra[i]
            if before is not None:
                r += seen.layers[i][0] @ before
            rz.append(r)
            if i < len(v) - 1:
                ra.append(seen.slopes[i] * r)
        rdelta = turned(rz[-1])
        for i in reversed(range(len(v))):
            into_w, into_b = into[i]
            np.matmul(rdelta, seen.a[i].T, out=into_w)
            before = ra[i]
            if before is not None:
                into_w += deltas[i] @ before.T
            rdelta.sum(axis=1, out=into_b)
            if i:
                back = v[i][0].T @ deltas[i]
                back += seen.layers[i][0].T @ rdelta
                rdelta = seen.slopes[i - 1] * back + bends[i - 1] * rz[i - 1]

    return product
