"""The modules that a `Network` describes, in PyTorch, and how their weights lie in the flat vector."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import torch

KERNEL: Final = 3  # pixels along an edge of a convolution's window


class Weights(NamedTuple):
    """One parameter of a module."""

    shape: tuple[int, ...]
    fan_in: int  # 0 for those that begin with zeros
    scale: bool = False  # of batch norm; begins with ones

    @property
    def size(self) -> int:
        """Number of its numbers."""
        return math.prod(self.shape)


def dense(widths: tuple[int, ...], batch_norm: bool) -> list[Weights]:
    """List the parameters of a multilayer perceptron: W1 (out, in), b1 (out,), W2, b2, ...

    With batch norm a hidden layer has a scale and a shift a unit in place of its bias.

    Args:
        widths: number of inputs, of units in each hidden layer, and of outputs.
        batch_norm: whether there is one before each activation.
    """
    found = []
    for a, b in zip(widths[:-2], widths[1:-1], strict=True):
        found += [Weights((b, a), a), *_after(b, batch_norm)]
    return [*found, *_last(widths[-2], widths[-1])]


def convolutional(image: tuple[int, int], widths: tuple[int, ...], batch_norm: bool) -> list[Weights]:
    """List the parameters of convolutions of 3 x 3 pixels, each halved by max-pooling, and of one dense layer.

    Args:
        image: height and width of the inputs, in pixels.
        widths: number of inputs, of channels of each convolution, and of outputs.
        batch_norm: whether there is one before each activation.
    """
    found = []
    for a, b in zip((1, *widths[1:-2]), widths[1:-1], strict=True):
        found += [Weights((b, a, KERNEL, KERNEL), a * KERNEL**2), *_after(b, batch_norm)]
    halvings = 2 ** (len(widths) - 2)
    return [*found, *_last(widths[-2] * (image[0] // halvings) * (image[1] // halvings), widths[-1])]


def _after(b: int, batch_norm: bool) -> list[Weights]:
    return [Weights((b,), 0, scale=True), Weights((b,), 0)] if batch_norm else [Weights((b,), 0)]


def _last(a: int, b: int) -> list[Weights]:
    return [Weights((b, a), a), Weights((b,), 0)]


def dense_module(widths: tuple[int, ...], activation: str, batch_norm: bool) -> torch.nn.Sequential:
    """Make a multilayer perceptron; see `dense`."""
    from torch import nn

    from .columns import Perceptron

    parts: list[nn.Module] = []
    for a, b in zip(widths[:-2], widths[1:-1], strict=True):
        parts += [nn.Linear(a, b, bias=not batch_norm), *([nn.BatchNorm1d(b)] if batch_norm else [])]
        parts.append(_activation(activation))
    parts.append(nn.Linear(widths[-2], widths[-1]))
    return nn.Sequential(*parts) if batch_norm else Perceptron(*parts)


def convolutional_module(
    image: tuple[int, int], widths: tuple[int, ...], activation: str, batch_norm: bool
) -> torch.nn.Sequential:
    """Make a convolutional network; see `convolutional`. Its inputs are rows of pixels."""
    from torch import nn

    parts: list[nn.Module] = [nn.Unflatten(1, (1, *image))]
    for a, b in zip((1, *widths[1:-2]), widths[1:-1], strict=True):
        parts += [nn.Conv2d(a, b, KERNEL, padding=KERNEL // 2, bias=not batch_norm)]
        parts += [nn.BatchNorm2d(b)] if batch_norm else []
        parts += [_activation(activation), nn.MaxPool2d(2)]
    last = convolutional(image, widths, batch_norm)[-2].fan_in
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(last, widths[-1]))


def _activation(name: str) -> torch.nn.Module:
    from torch import nn

    made: nn.Module = {"tanh": nn.Tanh, "relu": nn.ReLU, "gelu": nn.GELU}[name]()
    return made
