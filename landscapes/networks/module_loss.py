"""The loss of a PyTorch module as a function of its flat weights, with derivatives by automatic differentiation."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..landscape import DENSE, Array

Loss: TypeAlias = Callable[[Any, Any], torch.Tensor]
_PRECISIONS: Final = (torch.float32, torch.float64)
_NORMS: Final = torch.nn.modules.batchnorm._NormBase
_STATISTICS: Final = ("running_mean", "running_var", "num_batches_tracked")  # of batch norm, in a saved state
_SAME: Final = 1e-6  # two forward passes that differ by less, as a share, differ by rounding


class ModuleLoss:
    """The loss of any module on given examples, over its flat weights: an objective for rules, verdicts, certificates.

    The weights are those parameters that take a gradient, in the order of `module.parameters()`, each once where it
    is used in several places. Every evaluation leaves the module as it was, its buffers included. In training mode
    batch norm uses the statistics of the examples given here. One thread at a time may evaluate a module.

    Args:
        module: with float32 or float64 weights; sums are made in that precision.
        loss: maps the module's outputs and the targets to a scalar tensor, such as
            `torch.nn.functional.cross_entropy`.
        inputs: a tensor or an array, the examples along its first axis, or a tuple of such, one an argument of the
            module. Numbers with a fraction take the weights' precision.
        targets: likewise.
        weight_decay: weight_decay/2 |w|^2 is added to the loss, >= 0.
        device: where to; None for where the module is.

    Raises:
        ValueError: no parameter takes a gradient, weights of another or of several precisions, a device that is not
            there, a forward pass that is random (dropout in training mode), or a loss that is not scalar, not finite,
            or does not depend on the weights.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        loss: Loss,
        inputs: Any,
        targets: Any,
        weight_decay: float = 0.0,
        device: str | torch.device | None = None,
    ) -> None:
        if not (math.isfinite(weight_decay) and weight_decay >= 0.0):
            raise ValueError(f"weight_decay must be a finite number >= 0, got {weight_decay}")
        if device is not None:
            module = _moved(module, device)
        self.module, self.loss, self.weight_decay = module, loss, weight_decay
        self._slots, self._parameters = _weights_of(module)
        self._buffers = _buffers_of(module)
        self._weight_norm = any(_normed(part) for part in module.modules())
        self._shapes = [p.shape for p in self._parameters]
        self._sizes = [p.numel() for p in self._parameters]
        self._dtype, self._device = self._parameters[0].dtype, self._parameters[0].device
        self._inputs, self._targets = self._tensors(inputs), self._tensors(targets)
        self._check()

    @property
    def dim(self) -> int:
        """Number of weights."""
        return sum(self._sizes)

    @property
    def examples(self) -> int:
        """Number of examples, the length of the inputs' first axis."""
        return len(_first(self._inputs))

    def start(self) -> Array:
        """Return the module's weights (d,) as they are now."""
        return torch.cat([p.detach().reshape(-1) for p in self._parameters]).double().cpu().numpy()

    def load(self, weights: npt.ArrayLike | Mapping[str, torch.Tensor]) -> None:
        """Put weights (d,), or a saved state, into the module.

        Raises:
            ValueError: they do not fit the module.
        """
        if isinstance(weights, Mapping):
            try:
                self.module.load_state_dict(weights)
            except RuntimeError as error:
                raise ValueError(f"the state does not fit the module. {error}") from None
            return
        vector = torch.tensor(self._checked(weights, batch=False), dtype=self._dtype, device=self._device)
        with torch.no_grad():
            for p, part in zip(self._parameters, self._parts(vector), strict=True):
                p.copy_(part)

    @staticmethod
    def flat(state: Mapping[str, torch.Tensor]) -> Array:
        """Return the weights (d,) in a saved state, without batch norm's statistics and without integers.

        A tensor that stands there under several names counts once. For modules with other buffers, or with
        parameters that take no gradient, `load(state)` and then `start()` knows what the weights are.

        Raises:
            ValueError: it holds no weights.
        """
        parts, seen = [], set()
        for name, value in state.items():
            if not isinstance(value, torch.Tensor):
                raise ValueError(f"{name} is a {type(value).__name__}, no tensor; pass the module's state_dict()")
            place = (value.device, value.data_ptr(), value.shape, value.stride())
            if value.is_floating_point() and name.split(".")[-1] not in _STATISTICS and place not in seen:
                seen.add(place)
                parts.append(value.detach().reshape(-1).double().cpu())
        if not parts:
            raise ValueError("the state holds no weights; pass the module's state_dict()")
        return torch.cat(parts).numpy()

    def part(self, indices: npt.ArrayLike) -> ModuleLoss:
        """Return the loss on some of the examples, over the same weights.

        Args:
            indices: (m,) of the examples, m >= 1.

        Raises:
            ValueError: there are none, or one is not there.
        """
        chosen = np.asarray(indices)
        if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
            raise ValueError(f"indices must be whole numbers (m,), at least one, got {chosen.dtype} {chosen.shape}")
        if chosen.min() < 0 or chosen.max() >= self.examples:
            raise ValueError(f"indices must be from 0 to {self.examples - 1}, got {chosen.min()} to {chosen.max()}")
        at = torch.from_numpy(chosen.astype(np.int64)).to(self._device)
        batch = copy.copy(self)
        batch._inputs, batch._targets = _picked(self._inputs, at), _picked(self._targets, at)
        return batch

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
        leaf = self._leaf(points)
        loss = self._loss_at(leaf)
        (gradient,) = torch.autograd.grad(loss, leaf)
        value, result = float(loss.detach()), _numpy(gradient)
        if self.weight_decay:
            with np.errstate(all="ignore"):
                value += 0.5 * self.weight_decay * float(points @ points)
                result = result + self.weight_decay * points
        return np.float64(value), result  # type: ignore[return-value]

    def hessian_at(self, w: npt.ArrayLike) -> Callable[[Array], Array]:
        """Return the function that multiplies directions (d,) by the Hessian at w (d,): by double backward.

        Raises:
            ValueError: the module uses PyTorch's weight norm, whose second derivatives are wrong as of version 2.13.

        Source:
            Pearlmutter, "Fast exact multiplication by the Hessian", 1994: the gradient of g.v.
        """
        if self._weight_norm:
            raise ValueError(
                "second derivatives of torch's weight_norm are wrong, its Hessian is not symmetric; take it away by "
                "torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight')"
            )
        leaf = self._leaf(self._checked(w, batch=False))
        (gradient,) = torch.autograd.grad(self._loss_at(leaf), leaf, create_graph=True)

        def product(v: Array) -> Array:
            direction = self._checked(v, batch=False)
            along = torch.tensor(direction, dtype=self._dtype, device=self._device)
            if not gradient.requires_grad:  # the loss is linear in the weights
                return self.weight_decay * direction
            (image,) = torch.autograd.grad(
                gradient, leaf, along, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            return np.asarray(_numpy(image) + self.weight_decay * direction)

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

    def outputs(self, w: npt.ArrayLike, inputs: Any = None) -> Any:
        """Return the module's outputs at weights w (d,), as an array.

        Args:
            w: the weights.
            inputs: as for the class; None for its own. Others are seen as in use, in evaluation mode, with the
                statistics that batch norm takes from the class's own inputs.

        Source:
            Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021: statistics of the whole training set.
        """
        with torch.no_grad(), self._at(self._leaf(self._checked(w, batch=False))):
            if inputs is None:
                return _numpy(self.module(*self._inputs))
            with _in_use(self.module, self._inputs):
                return _numpy(self.module(*self._tensors(inputs)))

    def _loss_at(self, leaf: torch.Tensor) -> torch.Tensor:
        with self._at(leaf):
            outputs = self.module(*self._inputs)
            return self.loss(outputs, self._targets[0] if len(self._targets) == 1 else self._targets)

    @contextmanager
    def _at(self, leaf: torch.Tensor) -> Iterator[None]:
        """Have the module use the weights of a flat tensor, and copies of its buffers, which a pass may move."""
        parts = self._parts(leaf)
        buffers = [(owner, name, owner._buffers[name]) for owner, name in self._buffers]
        copies = {id(buffer): buffer.clone() for _, _, buffer in buffers if buffer is not None}
        try:
            for owner, name, i in self._slots:
                owner._parameters[name] = parts[i]  # type: ignore[assignment]
            for owner, name, buffer in buffers:
                owner._buffers[name] = copies.get(id(buffer))
            with sdpa_kernel(SDPBackend.MATH):  # the kernel of attention that can be differentiated twice
                yield
        finally:
            for owner, name, i in self._slots:
                owner._parameters[name] = self._parameters[i]
            for owner, name, buffer in buffers:
                owner._buffers[name] = buffer

    def _parts(self, leaf: torch.Tensor) -> list[torch.Tensor]:
        """Views of a flat tensor, one a parameter."""
        return [
            part.view(shape)
            for part, shape in zip(torch.split_with_sizes(leaf, self._sizes), self._shapes, strict=True)
        ]

    def _leaf(self, point: Array) -> torch.Tensor:
        return torch.tensor(point, dtype=self._dtype, device=self._device, requires_grad=True)

    def _tensors(self, values: Any) -> tuple[torch.Tensor, ...]:
        """Tensors on the device of the weights, numbers with a fraction in their precision."""
        return tuple(self._tensor(value) for value in (values if isinstance(values, tuple) else (values,)))

    def _tensor(self, value: Any) -> torch.Tensor:
        tensor = value if isinstance(value, torch.Tensor) else torch.tensor(np.asarray(value))
        return tensor.to(self._device, self._dtype if tensor.is_floating_point() else None)

    def _checked(self, w: npt.ArrayLike, batch: bool = True) -> Array:
        points = np.asarray(w, dtype=np.float64)
        if points.shape[-1:] != (self.dim,) or not (batch or points.ndim == 1):
            expected = f"(..., {self.dim})" if batch else f"({self.dim},)"
            raise ValueError(f"weights must have shape {expected}, got {points.shape}")
        return points

    def _check(self) -> None:
        """Check what can go wrong with a loss at the module's own weights."""
        leaf = self._leaf(self.start())
        before = torch.get_rng_state()
        loss = self._loss_at(leaf)
        drawn = not torch.equal(before, torch.get_rng_state())
        torch.set_rng_state(before)
        if not isinstance(loss, torch.Tensor) or loss.shape != ():
            what = f"shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else type(loss).__name__
            raise ValueError(f"the loss must be a scalar tensor, got {what}; take its mean or its sum")
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is {float(loss.detach())} at the module's weights; check the inputs and the targets"
            )
        if not loss.requires_grad:
            raise ValueError("the loss does not depend on the weights; make it of torch's functions, without detach")
        again = float(self._loss_at(leaf).detach())
        torch.set_rng_state(before)
        if drawn or abs(again - float(loss.detach())) > _SAME * max(1.0, abs(again)):
            raise ValueError(
                f"the module's forward pass is random{_random_parts(self.module)}, and its loss no function of the "
                "weights; call .eval() on the random parts, or set their share to 0"
            )


def _weights_of(module: torch.nn.Module) -> tuple[list[tuple[torch.nn.Module, str, int]], list[torch.nn.Parameter]]:
    """Return where each weight is used, as owner, name and number, and the weights."""
    slots: list[tuple[torch.nn.Module, str, int]] = []
    weights: list[torch.nn.Parameter] = []
    numbers: dict[int, int] = {}
    others: set[str] = set()
    for owner in module.modules():
        for name, p in owner._parameters.items():
            if p is None:
                continue
            if not p.requires_grad:
                others.add(str(p.dtype).removeprefix("torch."))
                continue
            if id(p) not in numbers:
                numbers[id(p)] = len(weights)
                weights.append(p)
            slots.append((owner, name, numbers[id(p)]))
    if not weights:
        what = f"its parameters ({', '.join(sorted(others))}) take no gradient" if others else "it has no parameters"
        raise ValueError(f"the module has nothing to train: {what}; float weights with requires_grad are needed")
    for p in weights:
        if p.dtype not in _PRECISIONS or p.dtype != weights[0].dtype:
            found = ", ".join(sorted({str(p.dtype).removeprefix("torch.") for p in weights}))
            raise ValueError(f"all weights must be float32, or all float64, got {found}; call module.float()")
        if p.is_meta:
            raise ValueError("weights on the meta device have no numbers; call module.to_empty(device='cpu') and load")
        if p.device != weights[0].device:
            raise ValueError(f"all weights must be on one device, got {weights[0].device} and {p.device}")
    return slots, weights


def _moved(module: torch.nn.Module, device: str | torch.device) -> torch.nn.Module:
    try:
        return module.to(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"device {device} is not available here ({str(error).splitlines()[0]}); use 'cpu'") from None


def _buffers_of(module: torch.nn.Module) -> list[tuple[torch.nn.Module, str]]:
    """Return where the buffers are, as owner and name."""
    return [(owner, name) for owner in module.modules() for name in owner._buffers]


@contextmanager
def _in_use(module: torch.nn.Module, inputs: Sequence[torch.Tensor]) -> Iterator[None]:
    """Have a module in evaluation mode, with the statistics that batch norm takes from inputs."""
    modes = [(part, part.training) for part in module.modules()]
    norms = [part for part in module.modules() if isinstance(part, _NORMS) and part.training]
    momenta = [part.momentum for part in norms]
    try:
        for norm in norms:
            norm.momentum = 1.0  # what was seen before does not count
        if norms:
            module(*inputs)
        module.eval()
        yield
    finally:
        for part, mode in modes:
            part.training = mode
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _normed(part: torch.nn.Module) -> bool:
    """Return whether a part is a weight norm, or has one as PyTorch did it before."""
    return "WeightNorm" in type(part).__name__ or any(
        "WeightNorm" in type(hook).__name__ for hook in part._forward_pre_hooks.values()
    )


def _random_parts(module: torch.nn.Module) -> str:
    names = [
        f"{name} ({type(part).__name__})" for name, part in module.named_modules()
        if part.training and ("Dropout" in type(part).__name__ or isinstance(part, torch.nn.RReLU))
    ]  # fmt: skip
    return f": {', '.join(names)} in training mode" if names else ""


def _first(tensors: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return tensors[0]


def _picked(tensors: tuple[torch.Tensor, ...], at: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(tensor[at] for tensor in tensors)


def _numpy(tensor: torch.Tensor) -> Array:
    return tensor.detach().double().cpu().numpy()
