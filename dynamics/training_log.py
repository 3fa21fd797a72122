"""The log of a training run, as `dynamics.monitor` writes it: checked, and parsed as data only."""

from __future__ import annotations

import csv
import io
from array import array
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .monitor import CHECK, COLUMNS, STEP

MOST_BYTES: Final = 20_000_000
_SHOWN: Final = 40  # characters of a wrong entry that are repeated
_ASKED: Final = ("step", *STEP, "eta", "rho")  # the columns that every log has; earlier monitors wrote no others
_NAMES: Final = {  # of the fields of a log and of its checks, in the CSV
    "f": "loss",
    "f_plus": "loss_plus",
    "gradient_norms": "gradient_norm",
    "shifted_norms": "shifted_norm",
    "cosine": "cosine",
    "eta": "eta",
    "rho": "rho",
}
_CHECKS: Final = {
    "f": "full_loss",
    "f_plus": "full_loss_plus",
    "gradient_norms": "full_gradient_norm",
    "shifted_norms": "full_shifted_norm",
    "rho": "rho",
    "accuracy": "accuracy",
    "validation_accuracy": "validation_accuracy",
}
_FINITE: Final = ("eta", "rho")  # the user's own; all else a run that diverges can leave NaN or infinite
_SHARES: Final = ("accuracy", "validation_accuracy")


class LogError(ValueError):
    """The bytes are no log of a training run; the message says where and what to do."""


@dataclass(frozen=True)
class Checks:
    """What was recorded of all examples now and then. Entry i of every array belongs to the weights of step k[i]."""

    k: npt.NDArray[np.int64]  # (n,) ascending
    f: Array  # (n,) loss at w
    f_plus: Array  # (n,) loss at w+
    gradient_norms: Array  # (n,) |g|
    shifted_norms: Array  # (n,) |S|
    rho: Array  # (n,)
    accuracy: Array  # (n,) on the training examples; NaN where it was not told
    validation_accuracy: Array  # (n,) likewise, on those held out
    guessing: float  # the loss of guessing the classes' shares; NaN where it was not told


@dataclass(frozen=True)
class Log:
    """What was recorded of a run, step by step. Entry i of every array belongs to step k[i]."""

    name: str
    k: npt.NDArray[np.int64]  # (n,) ascending
    f: Array  # (n,) loss at w
    f_plus: Array  # (n,) loss at w+
    gradient_norms: Array  # (n,) |g|
    shifted_norms: Array  # (n,) |S|
    cosine: Array  # (n,) of the angle between g and S
    eta: Array  # (n,)
    rho: Array  # (n,)
    epochs: int | None = None  # that were gone through; None where it was not told
    checks: Checks | None = None


def read_log(data: bytes, name: str = "The run") -> Log:
    """Read a CSV with the columns of `dynamics.monitor`, in any order, among others; those of checks may be missing.

    Args:
        data: the file, at most 20 MB.
        name: what to call the run in a sentence.

    Raises:
        LogError: too large, empty, not text, ragged, not numbers, a column missing, or steps that do not ascend.
    """
    if len(data) > MOST_BYTES:
        size = f"{len(data) / 1e6:,.1f} MB, at most {MOST_BYTES / 1e6:.0f} MB are read"
        raise LogError(f"the file has {size}; record fewer steps with every=10")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LogError("the file is not text; a CSV in UTF-8 is expected, as dynamics/monitor.py writes it") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        columns = _columns(header)
        values = array("d")
        for row in rows:
            if row:
                values.extend(_numbers(row, header, columns, rows.line_num))
    except csv.Error as e:
        raise LogError(f"line {rows.line_num} is not CSV: {e}") from None
    table = np.frombuffer(values, dtype=np.float64).reshape(-1, 1 + len(columns))
    if not len(table):
        raise LogError("the file has a header and no rows; train for at least one step before you upload it")
    return _checked(table[:, 0] == 1.0, dict(zip(columns, table[:, 1:].T, strict=True)), name)


def _columns(header: list[str]) -> dict[str, int]:
    """Where each of COLUMNS is in the header; those of checks and epochs may be missing."""
    if not any(header):
        raise LogError(f"the file is empty; expected a CSV with the columns {', '.join(_ASKED)}")
    missing = [column for column in _ASKED if column not in header]
    if missing:
        raise LogError(f"the header lacks {', '.join(missing)}; expected the columns {', '.join(_ASKED)}")
    twice = [column for column in COLUMNS if header.count(column) > 1]
    if twice:
        raise LogError(f"the header has {', '.join(twice)} more than once")
    return {column: header.index(column) for column in COLUMNS if column in header}


def _numbers(row: list[str], header: list[str], columns: dict[str, int], line: int) -> list[float]:
    """Read one row, whether it is a check, and its entries: in a check those of a step are empty, and conversely."""
    if len(row) != len(header):
        raise LogError(f"line {line} has {len(row)} entries, the header has {len(header)}")
    checked = CHECK[0] in columns and not any(row[columns[name]].strip() for name in STEP)
    left_out = STEP if checked else CHECK
    try:
        return [float(checked), *(np.nan if name in left_out else float(row[i]) for name, i in columns.items())]
    except ValueError:
        for name, i in columns.items():
            try:
                name in left_out or float(row[i])
            except ValueError:
                raise LogError(f"line {line}, {header[i]}: {row[i][:_SHOWN]!r} is not a number") from None
        raise


def _checked(check: npt.NDArray[np.bool_], table: dict[str, Array], name: str) -> Log:
    """Make a log of the columns (n,), some rows of which are checks, if their numbers can be those of a run."""
    step = table["step"]
    if not ((step >= 0.0) & (step < 2.0**53) & (step == np.floor(step))).all():
        raise LogError("step must hold whole numbers from 0 on")
    for field in _FINITE:
        if not np.isfinite(table[field]).all():
            raise LogError(f"{field} must be finite numbers throughout")
    steps, checks = _rows(table, ~check, _NAMES), _rows(table, check, _CHECKS)
    if not len(steps["k"]):
        raise LogError("the file has checks and no steps; call watch(loss) for both losses of a step")
    last = float(table["epoch"][-1]) if "epoch" in table else np.nan
    epochs = int(last) if 0.0 <= last < 2.0**53 else None
    return Log(name, **steps, epochs=epochs, checks=_checks(table, check, checks))


def _rows(table: dict[str, Array], of: npt.NDArray[np.bool_], names: dict[str, str]) -> dict[str, Any]:
    """Take the rows of one sort, by their fields."""
    step = table["step"][of]
    back = np.flatnonzero(np.diff(step) <= 0.0)
    if back.size:
        raise LogError(f"steps must ascend, but {step[back[0]]:,.0f} is followed by {step[back[0] + 1]:,.0f}")
    values = {field: table[column][of] for field, column in names.items() if column in table}
    for field in ("gradient_norms", "shifted_norms", *_FINITE, *_SHARES):
        if field in values and (values[field] < 0.0).any():
            raise LogError(f"{names[field]} must not be negative, got {float(np.nanmin(values[field])):g}")
    for field in _SHARES:
        if field in values and (values[field] > 1.0).any():
            most = float(np.nanmax(values[field]))
            raise LogError(f"{names[field]} must be shares from 0 to 1, got {most:g}; divide percent by 100")
    return {"k": step.astype(np.int64), **values}


def _checks(table: dict[str, Array], of: npt.NDArray[np.bool_], fields: dict[str, Any]) -> Checks | None:
    if not of.any():
        return None
    guessing = table["guessing"][of] if "guessing" in table else np.empty(0)
    told = guessing[np.isfinite(guessing)]
    missing = {field: np.full(int(of.sum()), np.nan) for field in _CHECKS if field not in fields}
    return Checks(**fields, **missing, guessing=float(told[-1]) if told.size else float("nan"))
