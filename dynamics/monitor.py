"""Watch a PyTorch training loop that takes SAM steps, and write what is needed to tell a stall from a success.

The file stands alone: copy it beside a training script. It needs PyTorch and nothing else.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, TypeVar

STEP: Final = ("loss", "loss_plus", "gradient_norm", "shifted_norm", "cosine")  # of one step, on its batch
CHECK: Final = (  # of all examples
    "full_loss", "full_loss_plus", "full_gradient_norm", "full_shifted_norm", "accuracy", "validation_accuracy",
    "guessing",
)  # fmt: skip
COLUMNS: Final = ("step", "epoch", *STEP, "eta", "rho", *CHECK)
_ROWS: Final = 50  # written at once
_Loss = TypeVar("_Loss")
_Item = TypeVar("_Item")


class Monitor:
    """Records each step of an optimizer with `first_step` and `second_step`, as SAM's usual implementations have.

    with Monitor(optimizer, "run.csv", guessing=guessing_loss(all_targets)) as watch:
        for _ in range(epochs):
            for inputs, targets in watch.epoch(data):
                watch(loss(model(inputs), targets)).backward()
                optimizer.first_step(zero_grad=True)
                watch(loss(model(inputs), targets)).backward()
                optimizer.second_step(zero_grad=True)
            watch.check(lambda: loss(model(all_inputs), all_targets))

    With a closure, `optimizer.step(closure)`, call `watch` inside the closure. Gradients are read when `first_step`
    and `second_step` are called: unscale them before that if you scale them, and clip them afterwards or not at all.

    Args:
        optimizer: any object with these two methods and with `param_groups`, whose "lr" and "rho" are recorded.
        path: the CSV to write; an existing file is replaced. A row is a step on its batch, or a check on all examples.
        every: record each `every`-th step, beginning with step 0.
        guessing: the loss of guessing the classes' shares whatever the input; see `guessing_loss`.
        model: the module, whose buffers a check then leaves as they are; batch norm's statistics are such.
    """

    def __init__(
        self,
        optimizer: Any,
        path: str | Path,
        every: int = 1,
        guessing: float | None = None,
        model: Any = None,
    ) -> None:
        for method in ("first_step", "second_step"):
            if not callable(getattr(optimizer, method, None)):
                raise TypeError(f"the optimizer must have first_step and second_step, {type(optimizer)} lacks {method}")
        if "rho" not in optimizer.param_groups[0]:
            raise TypeError('the optimizer must have its radius as param_groups[0]["rho"]')
        if every < 1:
            raise ValueError(f"every must be >= 1, got {every}")
        self.optimizer, self.every, self.step, self.epochs = optimizer, every, 0, 0
        self._guessing, self._model, self._ahead = guessing, model, False
        self._first, self._second = optimizer.first_step, optimizer.second_step
        optimizer.first_step, optimizer.second_step = self._at_w, self._at_w_plus
        self._loss: Any = float("nan")
        self._seen: list[Any] = []  # of this step: the loss, |g|^2, g, eta, rho
        self._rows: list[list[float | str]] = []
        self._file: IO[str] = Path(path).open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def __call__(self, loss: _Loss) -> _Loss:
        """Take notice of a loss, at w or at w+, and return it unchanged."""
        self._loss = loss
        return loss

    def epoch(self, data: Iterable[_Item]) -> Iterator[_Item]:
        """Go through the batches of an epoch, and count it."""
        try:
            yield from data
        finally:
            self.epochs += 1

    def check(
        self,
        loss_of_all: Callable[[], Any],
        accuracy: float | None = None,
        validation_accuracy: float | None = None,
    ) -> None:
        """Record loss and gradient of all examples, at w and at w+ = w + rho g/|g|; call it between two steps.

        It costs two passes over the data, so check once an epoch or more rarely. Weights, gradients, random numbers
        and the model's buffers are as before afterwards. Where all examples do not fit into memory, let `loss_of_all`
        call `backward()` on the parts of a sum and return the whole as a number.

        Args:
            loss_of_all: returns the training loss on all examples at the model's weights, weight decay included
                where it is part of the loss.
            accuracy: share of the training examples that are classified right, if known.
            validation_accuracy: the same of examples held out.
        """
        import torch

        if self._ahead:
            raise RuntimeError("check was called at w+; call it before first_step or after second_step")
        parameters, group = self._parameters(), self.optimizer.param_groups[0]
        eta, rho = float(group["lr"]), float(group["rho"])
        held = [(p, p.detach().clone(), p.grad) for p in parameters]
        buffers = [(b, b.clone()) for b in self._model.buffers()] if self._model is not None else []
        with torch.random.fork_rng():
            try:
                loss, g = self._slope(loss_of_all)
                norm = math.sqrt(_dot(g, g))
                with torch.no_grad():
                    for p, v in zip((p for p in parameters if p.grad is not None), g, strict=True):
                        p += (v * (rho / norm if norm > 0.0 else 0.0)).view_as(p).to(p.dtype)
                loss_plus, s = self._slope(loss_of_all)
            finally:
                with torch.no_grad():
                    for p, weights, gradient in held:
                        p.copy_(weights)
                        p.grad = gradient
                    for b, value in buffers:
                        b.copy_(value)
        said = [math.nan if v is None else v for v in (accuracy, validation_accuracy, self._guessing)]
        step: list[str] = [""] * len(STEP)
        seen = [loss, loss_plus, norm, math.sqrt(_dot(s, s))]
        self._rows.append([self.step, self.epochs, *step, eta, rho, *seen, *said])
        self._write()

    def _slope(self, loss_of_all: Callable[[], Any]) -> tuple[float, list[Any]]:
        for p in self._parameters():
            p.grad = None
        loss = loss_of_all()
        if hasattr(loss, "requires_grad") and loss.requires_grad:
            loss.backward()
        g = self._gradients()
        if not g:
            raise ValueError("loss_of_all must return a tensor that depends on the weights, or call backward() itself")
        return _number(loss), g

    def close(self) -> None:
        """Write what has been recorded and stop watching; at the end of a `with` block this happens by itself."""
        if not self._file.closed:
            self._write()
            self._file.close()
            self.optimizer.first_step, self.optimizer.second_step = self._first, self._second

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        self.close()

    def _parameters(self) -> list[Any]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def _gradients(self) -> list[Any]:
        parts = [p.grad.detach().reshape(-1) for p in self._parameters() if p.grad is not None]
        return [v.float() if v.element_size() < 4 else v for v in parts]  # half precision overflows when squared

    def _at_w(self, *args: Any, **kwargs: Any) -> Any:
        self._seen = []
        if self.step % self.every == 0:
            group = self.optimizer.param_groups[0]
            g = [v.clone() for v in self._gradients()]
            self._seen = [_number(self._loss), _dot(g, g), g, float(group["lr"]), float(group["rho"])]
        self._loss, self._ahead = float("nan"), True
        return self._first(*args, **kwargs)

    def _at_w_plus(self, *args: Any, **kwargs: Any) -> Any:
        if self._seen:
            loss, gg, g, eta, rho = self._seen
            s = self._gradients()
            ss, gs = _dot(s, s), _dot(g, s)
            lengths = (gg * ss) ** 0.5
            cosine = gs / lengths if lengths > 0.0 else float("nan")
            check = [""] * len(CHECK)
            seen = [loss, _number(self._loss), gg**0.5, ss**0.5, cosine, eta, rho]
            self._rows.append([self.step, self.epochs, *seen, *check])
            if len(self._rows) >= _ROWS:
                self._write()
        self._seen, self._loss, self._ahead = [], float("nan"), False
        self.step += 1
        return self._second(*args, **kwargs)

    def _write(self) -> None:
        self._writer.writerows(self._rows)
        self._file.flush()
        self._rows = []


def guessing_loss(targets: Any) -> float:
    """Return the cross-entropy of guessing the classes' shares whatever the input.

    Args:
        targets: a tensor of classes, whole numbers (n,).
    """
    shares = targets.flatten().unique(return_counts=True)[1].double() / targets.numel()
    return float(-(shares * shares.log()).sum())


def _number(loss: Any) -> float:
    return float(loss.detach()) if hasattr(loss, "detach") else float(loss)


def _dot(a: list[Any], b: list[Any]) -> float:
    """Inner product over all parameters, gathered where the first of them is."""
    if not a or len(a) != len(b):
        return float("nan")
    total = a[0].dot(b[0])
    for v, w in zip(a[1:], b[1:], strict=True):
        total = total + v.dot(w).to(total.device)
    return float(total)
