"""A network's loss as a landscape over its flat weight vector.

The perceptron and its derivatives are matrix products in NumPy, float64, over all training examples at once.
PyTorch has the same network, `module`, for scripts and as a second opinion; nothing else here needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import null_space

from . import datasets, perceptron
from .landscape import DENSE, Array

if TYPE_CHECKING:
    import torch

_WIDEST: Final = 512
_DEEPEST: Final = 4
_CONSTANT: Final = 1e-12  # of the largest singular value: inputs combined that way are constant


@dataclass(frozen=True)
class Network:
    """The loss of a multilayer perceptron on a data set. Frozen, hashable and picklable.

    Args:
        data: "digits" or "moons", see `landscapes.datasets`.
        hidden: the hidden layers' widths, up to four of them between 1 and 512; () for a linear classifier.
        activation: "tanh", "relu" (whose slope at 0 is taken to be 0) or "gelu".
        loss: "cross-entropy", one output a class, or "logistic", one output for two classes.
        weight_decay: weight_decay/2 |w|^2 is added to the mean loss, >= 0.
        subset: how many examples to train on; None for all that are not held out.
        label_noise: share of training examples with a wrong class, 0 to 1.
        held_out: share of the data set kept for testing, 0 to 0.9.
        seed: of the data set (split, noise, the moons' points); the weights have their own in `start`.

    Raises:
        ValueError: an argument is out of its range.
    """

    data: Literal["digits", "moons"] = "digits"
    hidden: tuple[int, ...] = (32,)
    activation: Literal["tanh", "relu", "gelu"] = "tanh"
    loss: Literal["cross-entropy", "logistic"] = "cross-entropy"
    weight_decay: float = 0.0
    subset: int | None = None
    label_noise: float = 0.0
    held_out: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the arguments."""
        _one_of("data", self.data, datasets.CLASSES)
        _one_of("activation", self.activation, perceptron.ACTIVATIONS)
        _one_of("loss", self.loss, perceptron.LOSSES)
        object.__setattr__(self, "hidden", tuple(int(width) for width in self.hidden))
        if len(self.hidden) > _DEEPEST:
            raise ValueError(f"hidden must have at most {_DEEPEST} layers, got {len(self.hidden)}")
        for width in self.hidden:
            if not 1 <= width <= _WIDEST:
                raise ValueError(f"a hidden layer's width must be between 1 and {_WIDEST}, got {width}")
        if self.loss == "logistic" and datasets.CLASSES[self.data] != 2:
            raise ValueError(f"the logistic loss needs two classes, {self.data} has more; use cross-entropy")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0.0):
            raise ValueError(f"weight_decay must be a finite number >= 0, got {self.weight_decay}")
        for name, most in (("label_noise", 1.0), ("held_out", 0.9)):
            if not 0.0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be between 0 and {most:g}, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be >= 0, got {self.seed}")
        most = datasets.MOST[self.data] - round(self.held_out * datasets.MOST[self.data])
        if self.subset is not None and not 1 <= self.subset <= most:
            raise ValueError(f"subset must be between 1 and {most}, the examples not held out, got {self.subset}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the plain data; the examples are loaded anew."""
        return Network, tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Number of inputs, of units in each hidden layer, and of outputs."""
        outputs = 1 if self.loss == "logistic" else datasets.CLASSES[self.data]
        return (datasets.FEATURES[self.data], *self.hidden, outputs)

    @cached_property
    def dim(self) -> int:
        """Number of weights and biases."""
        return perceptron.size(self.widths)

    @cached_property
    def examples(self) -> datasets.Examples:
        """The data, training and held-out."""
        return datasets.examples(self.data, self.subset, self.label_noise, self.held_out, self.seed)

    @cached_property
    def _targets(self) -> Array:
        """What the outputs (classes, n) are compared with."""
        y = self.examples.y
        return y[None].astype(np.float64) if self.loss == "logistic" else np.eye(self.widths[-1])[:, y]

    def value(self, w: npt.ArrayLike) -> Array:
        """Map weights (..., d) to losses (...)."""
        return self.value_and_gradient(w)[0]

    def gradient(self, w: npt.ArrayLike) -> Array:
        """Map weights (..., d) to gradients (..., d)."""
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w: npt.ArrayLike) -> tuple[Array, Array]:
        """Map weights (..., d) to losses (...) and gradients (..., d); what rules and loops call."""
        points = self._checked(w)
        if points.ndim > 1:
            pairs = [self.value_and_gradient(point) for point in points.reshape(-1, self.dim)]
            values = np.array([value for value, _ in pairs]).reshape(points.shape[:-1])
            return values, np.array([gradient for _, gradient in pairs]).reshape(points.shape)
        with np.errstate(all="ignore"):
            value, delta, _, seen = self._forward(points)
            result = np.empty(self.dim)
            perceptron.gradient(seen, delta, perceptron.layers(result, self.widths))
            if self.weight_decay:
                value += 0.5 * self.weight_decay * float(points @ points)
                result += self.weight_decay * points
        return np.float64(value), result  # type: ignore[return-value]

    def _forward(self, w: Array) -> tuple[float, Array, Callable[[Array], Array], perceptron.Pass]:
        seen = perceptron.forward(perceptron.layers(w, self.widths), self.examples.x, self.activation)
        return *perceptron.LOSSES[self.loss](seen.out, self._targets), seen

    def hessian_at(self, w: npt.ArrayLike) -> Callable[[Array], Array]:
        """Return the function that multiplies directions (d,) by the Hessian at w (d,)."""
        point = self._checked(w, batch=False).copy()
        with np.errstate(all="ignore"):
            _, delta, turned, seen = self._forward(point)
            into = perceptron.hessian_product(seen, delta, turned, self.activation)

        def product(v: Array) -> Array:
            direction = self._checked(v, batch=False)
            result = np.empty(self.dim)
            with np.errstate(all="ignore"):
                into(perceptron.layers(direction, self.widths), perceptron.layers(result, self.widths))
                return result + self.weight_decay * direction

        return product

    def hvp(self, w: npt.ArrayLike, v: npt.ArrayLike) -> Array:
        """Return the Hessian at w (d,) times v (d,)."""
        return self.hessian_at(w)(np.asarray(v, dtype=np.float64))

    def hessian(self, w: npt.ArrayLike) -> Array:
        """Map weights (..., d) to Hessians (..., d, d).

        Raises:
            ValueError: there are 500 weights or more; use `hvp`.
        """
        if self.dim >= DENSE:
            raise ValueError(f"a Hessian is made below {DENSE} weights, this network has {self.dim}; use hvp")
        points = self._checked(w)
        result = np.empty((*points.shape, self.dim))
        for index in np.ndindex(points.shape[:-1]):
            product = self.hessian_at(points[index])
            matrix = np.array([product(row) for row in np.eye(self.dim)])
            result[index] = 0.5 * (matrix + matrix.T)
        return result

    def gradient_and_hessian(self, w: npt.ArrayLike) -> tuple[Array, Array]:
        """Map weights (..., d) to gradients (..., d) and Hessians (..., d, d); what Newton's method calls."""
        return self.gradient(w), self.hessian(w)

    def accuracy(self, w: npt.ArrayLike) -> float:
        """Share of the training examples that weights w (d,) classify as they are labelled, noise included."""
        return self._right(w, self.examples.x, self.examples.y)

    def held_out_accuracy(self, w: npt.ArrayLike) -> float:
        """Share of the held-out examples that weights w (d,) classify right; NaN when none are held out."""
        return self._right(w, self.examples.held_out_x, self.examples.held_out_y)

    def _right(self, w: npt.ArrayLike, x: Array, y: npt.NDArray[np.int64]) -> float:
        point = self._checked(w, batch=False)
        if not len(y) or not np.isfinite(point).all():
            return math.nan
        with np.errstate(all="ignore"):
            out = perceptron.forward(perceptron.layers(point, self.widths), x, self.activation).out
        said = (out[0] > 0.0) if self.loss == "logistic" else out.argmax(axis=0)
        return float(np.mean(said == y))

    def start(self, seed: int, scale: float | None = None) -> Array:
        """Draw weights (d,) by `np.random.default_rng(seed)`.

        Args:
            seed: >= 0.
            scale: N(0, scale^2) for every weight and bias; None for N(0, 1/fan-in) and zero biases.

        Raises:
            ValueError: scale is negative or not finite.
        """
        rng = np.random.default_rng(seed)
        if scale is not None:
            if not (math.isfinite(scale) and scale >= 0.0):
                raise ValueError(f"scale must be a finite number >= 0, got {scale}")
            return scale * rng.standard_normal(self.dim)
        w = np.zeros(self.dim)
        for weights, _ in perceptron.layers(w, self.widths):
            weights[:] = rng.standard_normal(weights.shape) / math.sqrt(weights.shape[1])
        return w

    def constant_directions(self) -> sparse.csr_array:
        """Return an orthonormal basis (m, d), sparse, of the directions along which the loss is constant everywhere.

        Without weight decay there are two sorts: for the cross-entropy, shifts of the last layer that are equal for
        all classes; and changes of the first layer that no training example sees, such as those at a pixel that is
        the same in every image, made up for by the bias. With weight decay there are none.
        """
        x = self.examples.x
        unseen = null_space(np.linalg.qr(np.vstack([x, np.ones(x.shape[1])]).T, mode="r"), rcond=_CONSTANT).T
        unseen[np.abs(unseen) < _CONSTANT] = 0.0
        index = [np.column_stack(pair) for pair in perceptron.layers(np.arange(self.dim), self.widths)]
        first, last = np.eye(self.widths[1]), np.full((1, self.widths[-1]), self.widths[-1] ** -0.5)
        parts = []
        if self.loss == "cross-entropy":
            parts.append(_directions(last, np.eye(index[-1].shape[1]), index[-1], self.dim))
            if not self.hidden:  # the first layer is the last one: do not count a direction twice
                first = null_space(last).T
        parts.append(_directions(first, unseen, index[0], self.dim))
        return sparse.csr_array(sparse.vstack(parts)[: 0 if self.weight_decay else None])

    def first_layer(self, w: npt.ArrayLike) -> Array:
        """Return the first layer's weights of w (d,), one image a unit: (units, 8, 8) for digits, (units, 2) else."""
        weights = perceptron.layers(self._checked(w, batch=False), self.widths)[0][0]
        return weights.reshape(-1, 8, 8) if self.data == "digits" else weights

    def module(self, w: npt.ArrayLike) -> torch.nn.Sequential:
        """Return the same network in PyTorch, float64, with the weights w (d,).

        `torch.nn.utils.parameters_to_vector` of its parameters is w again.
        """
        import torch

        point = self._checked(w, batch=False)
        activation = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "gelu": torch.nn.GELU}[self.activation]
        parts: list[torch.nn.Module] = []
        for weights, bias in perceptron.layers(point.copy(), self.widths):
            layer = torch.nn.Linear(weights.shape[1], weights.shape[0], dtype=torch.float64)
            layer.weight.data, layer.bias.data = torch.from_numpy(weights), torch.from_numpy(bias)
            parts += [layer, activation()]
        return torch.nn.Sequential(*parts[:-1])

    def _checked(self, w: npt.ArrayLike, batch: bool = True) -> Array:
        points = np.asarray(w, dtype=np.float64)
        if points.shape[-1:] != (self.dim,) or not (batch or points.ndim == 1):
            expected = f"(..., {self.dim})" if batch else f"({self.dim},)"
            raise ValueError(f"weights must have shape {expected} for widths {self.widths}, got {points.shape}")
        return points


def _one_of(name: str, value: str, known: Iterable[str]) -> None:
    if value not in tuple(known):
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")


def _directions(units: Array, inputs: Array, index: npt.NDArray[Any], d: int) -> sparse.csr_array:
    """Rows (p q, d) that change a layer, indexed (units, inputs + 1), by units[i] times inputs[j]."""
    product = sparse.coo_array(sparse.kron(units, inputs))
    rows, columns = product.coords
    shape = (len(units) * len(inputs), d)
    return sparse.csr_array((product.data, (rows, index.ravel()[columns])), shape=shape)
