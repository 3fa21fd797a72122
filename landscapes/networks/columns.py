"""A multilayer perceptron and its loss with examples as columns: PyTorch's products and sums are quicker that way."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy


class Perceptron(torch.nn.Sequential):
    """Linear layers and activations one after the other, as `torch.nn.Sequential` has them, on columns in between.

    Rows in, rows out, and the weights of the same layers; the outputs are those of the sequence to rounding.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs (n, features) to outputs (n, classes)."""
        h = x.T
        for part in self:
            h = torch.addmm(part.bias[:, None], part.weight, h) if isinstance(part, torch.nn.Linear) else part(h)
        return h.T


def cross_entropy_by_columns(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of outputs (n, classes); sums over the classes run along the examples."""
    return cross_entropy(outputs.T[None], targets[None])
