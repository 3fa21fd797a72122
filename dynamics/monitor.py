"""Watch a PyTorch training loop that takes SAM steps, and write what is needed to tell a stall from a success.

The file stands alone: copy it beside a training script. It imports no PyTorch, but calls the methods of its tensors.
"""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, TypeVar

import numpy as np

COLUMNS: Final = ("step", "loss", "loss_plus", "gradient_norm", "shifted_norm", "cosine", "eta", "rho")
_ROWS: Final = 50  # written at once
_Loss = TypeVar("_Loss")


class Monitor:
    """Records each step of an optimizer with `first_step` and `second_step`, as SAM's usual implementations have.

    with Monitor(optimizer, "run.csv") as watch:
        for inputs, targets in data:
            watch(loss(model(inputs), targets)).backward()
            optimizer.first_step(zero_grad=True)
            watch(loss(model(inputs), targets)).backward()
            optimizer.second_step(zero_grad=True)

    With a closure, `optimizer.step(closure)`, call `watch` inside the closure. Gradients are read when `first_step`
    and `second_step` are called: unscale them before that if you scale them, and clip them afterwards or not at all.

    Args:
        optimizer: any object with these two methods and with `param_groups`, whose "lr" and "rho" are recorded.
        path: the CSV to write; an existing file is replaced.
        every: record each `every`-th step, beginning with step 0.
    """

    def __init__(self, optimizer: Any, path: str | Path, every: int = 1) -> None:
        for method in ("first_step", "second_step"):
            if not callable(getattr(optimizer, method, None)):
                raise TypeError(f"the optimizer must have first_step and second_step, {type(optimizer)} lacks {method}")
        if "rho" not in optimizer.param_groups[0]:
            raise TypeError('the optimizer must have its radius as param_groups[0]["rho"]')
        if every < 1:
            raise ValueError(f"every must be >= 1, got {every}")
        self.optimizer, self.every, self.step = optimizer, every, 0
        self._first, self._second = optimizer.first_step, optimizer.second_step
        optimizer.first_step, optimizer.second_step = self._at_w, self._at_w_plus
        self._loss: Any = float("nan")
        self._seen: list[Any] = []  # of this step: the loss, |g|^2, g, eta, rho
        self._rows: list[list[float]] = []
        self._file: IO[str] = Path(path).open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def __call__(self, loss: _Loss) -> _Loss:
        """Take notice of a loss, at w or at w+, and return it unchanged."""
        self._loss = loss
        return loss

    def save_weights(self, path: str | Path) -> None:
        """Write the weights as one flat float64 vector in NumPy's format, for `certify`."""
        parts = [p.detach().cpu().numpy().ravel() for p in self._parameters()]
        np.save(path, np.concatenate(parts).astype(np.float64), allow_pickle=False)

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
        self._loss = float("nan")
        return self._first(*args, **kwargs)

    def _at_w_plus(self, *args: Any, **kwargs: Any) -> Any:
        if self._seen:
            loss, gg, g, eta, rho = self._seen
            s = self._gradients()
            ss, gs = _dot(s, s), _dot(g, s)
            lengths = (gg * ss) ** 0.5
            cosine = gs / lengths if lengths > 0.0 else float("nan")
            self._rows.append([self.step, loss, _number(self._loss), gg**0.5, ss**0.5, cosine, eta, rho])
            if len(self._rows) >= _ROWS:
                self._write()
        self._seen, self._loss = [], float("nan")
        self.step += 1
        return self._second(*args, **kwargs)

    def _write(self) -> None:
        self._writer.writerows(self._rows)
        self._file.flush()
        self._rows = []


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
