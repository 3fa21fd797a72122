"""A network and its data as plain values, and as a landscape over its flat weights.

Made and asked for its size without PyTorch, so that pages can name networks; its loss is that of the PyTorch module.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import null_space

from ..landscape import Array
from . import data as datasets
from . import modules
from .table import Table

if TYPE_CHECKING:
    import torch

    from .module_loss import ModuleLoss

LAYERS: Final = ("dense", "convolutional")
ACTIVATIONS: Final = ("tanh", "relu", "gelu")
LOSSES: Final = ("cross-entropy", "logistic")
PRECISIONS: Final = ("float64", "float32")
Scale: TypeAlias = float | Literal["uniform"] | None  # of the first weights; see `Network.start`
_WIDEST: Final = 512
_DEEPEST: Final = {"dense": 4, "convolutional": 3}
_CONSTANT: Final = 1e-12  # of the largest singular value: inputs combined that way are constant


@dataclass(frozen=True)
class Network:
    """The loss of a network on a data set. Frozen, hashable and picklable.

    Args:
        data: "digits", "moons", or a `Table`; see `landscapes.networks.data`.
        hidden: the hidden layers' widths between 1 and 512: units of up to four dense layers, () for a linear
            classifier; or channels of one to three convolutions.
        activation: "tanh", "relu" (whose slope at 0 is taken to be 0) or "gelu".
        loss: "cross-entropy", one output a class, or "logistic", one output for two classes.
        weight_decay: weight_decay/2 |w|^2 is added to the mean loss, >= 0.
        subset: how many examples to train on; None for all that are not held out.
        label_noise: share of training examples with a wrong class, 0 to 1.
        held_out: share of the data set kept for testing, 0 to 0.9.
        seed: of the data set (split, noise, the moons' points); the weights have their own in `start`.
        layers: "dense", a multilayer perceptron; or "convolutional", 3 x 3 pixels each with max-pooling, for images.
        batch_norm: whether there is one before each activation; it uses the statistics of the examples of a batch.
        precision: in which PyTorch works, "float64" or "float32".

    Raises:
        ValueError: an argument is out of its range.
    """

    data: datasets.Data = "digits"
    hidden: tuple[int, ...] = (32,)
    activation: Literal["tanh", "relu", "gelu"] = "tanh"
    loss: Literal["cross-entropy", "logistic"] = "cross-entropy"
    weight_decay: float = 0.0
    subset: int | None = None
    label_noise: float = 0.0
    held_out: float = 0.0
    seed: int = 0
    layers: Literal["dense", "convolutional"] = "dense"
    batch_norm: bool = False
    precision: Literal["float64", "float32"] = "float64"

    def __post_init__(self) -> None:
        """Check the arguments."""
        if not isinstance(self.data, Table):
            _one_of("data", self.data, datasets.CLASSES)
        for name, known in (
            ("activation", ACTIVATIONS), ("loss", LOSSES), ("layers", LAYERS), ("precision", PRECISIONS),
        ):  # fmt: skip
            _one_of(name, getattr(self, name), known)
        object.__setattr__(self, "hidden", tuple(int(width) for width in self.hidden))
        self._check_layers()
        classes = datasets.classes_of(self.data)
        if self.loss == "logistic" and classes != 2:
            raise ValueError(f"the logistic loss needs two classes, these data have {classes}; use cross-entropy")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0.0):
            raise ValueError(f"weight_decay must be a finite number >= 0, got {self.weight_decay}")
        for name, most in (("label_noise", 1.0), ("held_out", 0.9)):
            if not 0.0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be between 0 and {most:g}, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be >= 0, got {self.seed}")
        if self.subset is not None and not 1 <= self.subset <= self._trainable:
            raise ValueError(
                f"subset must be between 1 and {self._trainable}, the examples not held out, got {self.subset}"
            )

    def _check_layers(self) -> None:
        most = _DEEPEST[self.layers]
        if len(self.hidden) > most:
            raise ValueError(f"hidden must have at most {most} {self.layers} layers, got {len(self.hidden)}")
        for width in self.hidden:
            if not 1 <= width <= _WIDEST:
                raise ValueError(f"a hidden layer's width must be between 1 and {_WIDEST}, got {width}")
        if self.layers == "convolutional" and (isinstance(self.data, Table) or self.data not in datasets.IMAGES):
            raise ValueError("convolutional layers need images, as the digits are; use dense layers for these data")
        if self.layers == "convolutional" and not self.hidden:
            raise ValueError("a convolutional network needs one to three layers, got none; use hidden=(8, 16)")
        if self.batch_norm and not self.hidden:
            raise ValueError("batch norm needs a hidden layer to stand in; use hidden=(32,), or no batch norm")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the plain data; the examples are loaded anew."""
        return Network, tuple(getattr(self, field.name) for field in fields(self))

    @property
    def _trainable(self) -> int:
        whole = datasets.count_of(self.data)
        return whole - round(self.held_out * whole)

    @property
    def count(self) -> int:
        """Number of training examples."""
        return self.subset or self._trainable

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Number of inputs, of units or channels in each hidden layer, and of outputs."""
        outputs = 1 if self.loss == "logistic" else datasets.classes_of(self.data)
        return (datasets.features_of(self.data), *self.hidden, outputs)

    @cached_property
    def weights(self) -> list[modules.Weights]:
        """The parameters in the order in which they lie in the flat vector."""
        if self.layers == "convolutional":
            return modules.convolutional(self._image, self.widths, self.batch_norm)
        return modules.dense(self.widths, self.batch_norm)

    @property
    def _image(self) -> tuple[int, int]:
        assert not isinstance(self.data, Table)
        return datasets.IMAGES[self.data]

    @cached_property
    def dim(self) -> int:
        """Number of weights and biases."""
        return sum(part.size for part in self.weights)

    @cached_property
    def examples(self) -> datasets.Examples:
        """The data, training and held-out."""
        return datasets.examples(self.data, self.subset, self.label_noise, self.held_out, self.seed)

    @property
    def guessing(self) -> float:
        """The loss of guessing the training classes' shares whatever the input."""
        return datasets.guessing_loss(self.examples.y)

    @cached_property
    def module_loss(self) -> ModuleLoss:
        """The loss of the PyTorch module on the training examples; made when it is first asked for."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        from .columns import cross_entropy_by_columns
        from .module_loss import ModuleLoss

        e = self.examples
        module = self.module(self.start(0))
        if self.loss == "cross-entropy":
            return ModuleLoss(module, cross_entropy_by_columns, e.x, e.y, self.weight_decay)
        targets = e.y[:, None].astype(np.float64)
        return ModuleLoss(module, binary_cross_entropy_with_logits, e.x, targets, self.weight_decay)

    def part(self, indices: npt.ArrayLike) -> ModuleLoss:
        """Return the loss on some of the training examples, over the same weights; see `ModuleLoss.part`."""
        return self.module_loss.part(indices)

    def value(self, w: npt.ArrayLike) -> Array:
        """Map weights (..., d) to losses (...)."""
        return self.value_and_gradient(w)[0]

    def gradient(self, w: npt.ArrayLike) -> Array:
        """Map weights (..., d) to gradients (..., d)."""
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w: npt.ArrayLike) -> tuple[Array, Array]:
        """Map weights (..., d) to losses (...) and gradients (..., d); what rules and loops call."""
        return self.module_loss.value_and_gradient(w)

    def hessian_at(self, w: npt.ArrayLike) -> Callable[[Array], Array]:
        """Return the function that multiplies directions (d,) by the Hessian at w (d,)."""
        return self.module_loss.hessian_at(w)

    def hvp(self, w: npt.ArrayLike, v: npt.ArrayLike) -> Array:
        """Return the Hessian at w (d,) times v (d,)."""
        return self.module_loss.hvp(w, v)

    def hessian(self, w: npt.ArrayLike) -> Array:
        """Map weights (..., d) to Hessians (..., d, d).

        Raises:
            ValueError: there are 500 weights or more; use `hvp`.
        """
        return self.module_loss.hessian(w)

    def gradient_and_hessian(self, w: npt.ArrayLike) -> tuple[Array, Array]:
        """Map weights (..., d) to gradients (..., d) and Hessians (..., d, d); what Newton's method calls."""
        return self.module_loss.gradient_and_hessian(w)

    def accuracy(self, w: npt.ArrayLike) -> float:
        """Share of the training examples that weights w (d,) classify as they are labelled, noise included."""
        return self._right(w, None, self.examples.y)

    def held_out_accuracy(self, w: npt.ArrayLike) -> float:
        """Share of the held-out examples that weights w (d,) classify right; NaN when none are held out."""
        return self._right(w, self.examples.held_out_x, self.examples.held_out_y)

    def _right(self, w: npt.ArrayLike, x: Array | None, y: npt.NDArray[np.int64]) -> float:
        point = self._checked(w)
        if not len(y) or not np.isfinite(point).all():
            return math.nan
        return float(np.mean(self._said(self.module_loss.outputs(point, x)) == y))

    def classify(self, w: npt.ArrayLike, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the class (m,) that weights w (d,) give to each of the inputs (m, features), scaled as the data."""
        return self._said(self.module_loss.outputs(self._checked(w), np.asarray(x, dtype=np.float64)))

    def _said(self, outputs: Array) -> npt.NDArray[np.int64]:
        classes = outputs[:, 0] > 0.0 if self.loss == "logistic" else outputs.argmax(axis=1)
        return np.asarray(classes, dtype=np.int64)

    def start(self, seed: int, scale: Scale = None) -> Array:
        """Draw weights (d,) by `np.random.default_rng(seed)`.

        Args:
            seed: >= 0.
            scale: N(0, scale^2) for every weight and bias; None for N(0, 1/fan-in) and zero biases; "uniform" for
                what PyTorch's layers begin with, weights and biases between -1/sqrt(fan-in) and 1/sqrt(fan-in).
                Batch norm begins with scales of 1 and, where biases are zero or uniform, without shifts.

        Raises:
            ValueError: scale is negative, not finite, or another word.
        """
        rng = np.random.default_rng(seed)
        if scale == "uniform":
            return self._uniform(rng)
        if scale is not None and (isinstance(scale, str) or not (math.isfinite(scale) and scale >= 0.0)):
            raise ValueError(f"scale must be a finite number >= 0, None or 'uniform', got {scale!r}")
        parts = []
        for part in self.weights:
            if part.scale:
                parts.append(np.ones(part.size))
            elif scale is not None:
                parts.append(scale * rng.standard_normal(part.size))
            else:
                parts.append(rng.standard_normal(part.size) / math.sqrt(part.fan_in) if part.fan_in else
                             np.zeros(part.size))  # fmt: skip
        return np.concatenate(parts)

    def _uniform(self, rng: np.random.Generator) -> Array:
        """Draw what PyTorch's layers begin with: of a layer's biases the bound is that of its weights."""
        parts, fan_in = [], 0
        for part, norm in zip(self.weights, self._of_norm, strict=True):
            fan_in = part.fan_in or fan_in
            bound = 0.0 if norm else 1.0 / math.sqrt(fan_in)
            parts.append(float(part.scale) + bound * rng.uniform(-1.0, 1.0, part.size))
        return np.concatenate(parts)

    @property
    def _of_norm(self) -> list[bool]:
        """Which parameters are scales and shifts of batch norm: a shift follows its scale."""
        scales = [part.scale for part in self.weights]
        return [here or before for here, before in zip(scales, [False, *scales[:-1]], strict=True)]

    def constant_directions(self) -> sparse.csr_array:
        """Return an orthonormal basis (m, d), sparse, of the directions along which the loss is constant everywhere.

        Without weight decay there are two sorts: for the cross-entropy, shifts of the last layer that are equal for
        all classes; and changes of a dense first layer that no training example sees, such as those at a pixel that
        is the same in every image, made up for by the bias or by batch norm. With weight decay there are none.
        """
        index = self._layers(np.arange(self.dim))
        last = np.full((1, self.widths[-1]), self.widths[-1] ** -0.5)
        parts = []
        if self.loss == "cross-entropy":
            parts.append(_directions(last, np.eye(index[-1].shape[1]), index[-1], self.dim))
        if self.layers == "dense":
            first = np.eye(self.widths[1])
            if self.loss == "cross-entropy" and not self.hidden:  # the first layer is the last one: count it once
                first = null_space(last).T
            parts.append(_directions(first, self._unseen(), index[0], self.dim))
        if not parts or self.weight_decay:
            return sparse.csr_array((0, self.dim))
        return sparse.csr_array(sparse.vstack(parts))

    def _unseen(self) -> Array:
        """Rows (m, inputs [+ 1]) that are 0 on every training example, after its mean where batch norm follows."""
        x = self.examples.x.T
        seen = x - x.mean(axis=1, keepdims=True) if self.batch_norm else np.vstack([x, np.ones(x.shape[1])])
        rows = null_space(np.linalg.qr(seen.T, mode="r"), rcond=_CONSTANT).T
        rows[np.abs(rows) < _CONSTANT] = 0.0
        return np.asarray(rows)

    def _layers(self, w: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Each layer's weights as a matrix (units, inputs), and the bias where it has one as a last column."""
        found: list[npt.NDArray[Any]] = []
        ends = np.cumsum([part.size for part in self.weights])
        for part, values in zip(self.weights, np.split(w, ends[:-1]), strict=True):
            if part.fan_in:
                found.append(values.reshape(part.shape[0], -1))
            elif not (self.batch_norm and len(found) < len(self.hidden) + 1):
                found[-1] = np.column_stack([found[-1], values])
        return found

    def first_layer(self, w: npt.ArrayLike) -> Array:
        """Return the first layer's weights of w (d,), one image a unit: (units, 8, 8) for digits, (units, 2) else.

        Of a convolution they are the windows, (channels, 3, 3).
        """
        part = self.weights[0]
        weights = self._checked(w)[: part.size].reshape(part.shape)
        if self.layers == "convolutional":
            return weights[:, 0]
        return weights.reshape(-1, *self._image) if self.data in datasets.IMAGES else weights

    def module(self, w: npt.ArrayLike) -> torch.nn.Sequential:
        """Return the network in PyTorch, in training mode, with the weights w (d,).

        `torch.nn.utils.parameters_to_vector` of its parameters is w again, to its precision.
        """
        import torch

        if self.layers == "convolutional":
            module = modules.convolutional_module(self._image, self.widths, self.activation, self.batch_norm)
        else:
            module = modules.dense_module(self.widths, self.activation, self.batch_norm)
        module.to(getattr(torch, self.precision))
        vector = torch.tensor(self._checked(w), dtype=getattr(torch, self.precision))
        torch.nn.utils.vector_to_parameters(vector, module.parameters())
        return module

    def _checked(self, w: npt.ArrayLike) -> Array:
        points = np.asarray(w, dtype=np.float64)
        if points.shape != (self.dim,):
            raise ValueError(f"weights must have shape ({self.dim},) for widths {self.widths}, got {points.shape}")
        return points


def _one_of(name: str, value: object, known: Iterable[str]) -> None:
    if value not in tuple(known):
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {value!r}")


def _directions(units: Array, inputs: Array, index: npt.NDArray[Any], d: int) -> sparse.csr_array:
    """Rows (p q, d) that change a layer, indexed (units, inputs + 1), by units[i] times inputs[j]."""
    product = sparse.coo_array(sparse.kron(units, inputs))
    rows, columns = product.coords
    shape = (len(units) * len(inputs), d)
    return sparse.csr_array((product.data, (rows, index.ravel()[columns])), shape=shape)
