"""The log of a training run, as `dynamics.monitor` writes it: checked, and parsed as data only."""

from __future__ import annotations

import csv
import io
from array import array
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .monitor import COLUMNS

MOST_BYTES: Final = 20_000_000
_SHOWN: Final = 40  # characters of a wrong entry that are repeated
_NAMES: Final = {  # of a log's fields in the CSV
    "f": "loss",
    "f_plus": "loss_plus",
    "gradient_norms": "gradient_norm",
    "shifted_norms": "shifted_norm",
    "cosine": "cosine",
    "eta": "eta",
    "rho": "rho",
}
_FINITE: Final = ("eta", "rho")  # the user's own; all else a run that diverges can leave NaN or infinite


class LogError(ValueError):
    """The bytes are no log of a training run; the message says where and what to do."""


@dataclass(frozen=True)
class Log:
    """What was recorded of a run. Entry i of every array belongs to step k[i]."""

    name: str
    k: npt.NDArray[np.int64]  # (n,) ascending
    f: Array  # (n,) loss at w
    f_plus: Array  # (n,) loss at w+
    gradient_norms: Array  # (n,) |g|
    shifted_norms: Array  # (n,) |S|
    cosine: Array  # (n,) of the angle between g and S
    eta: Array  # (n,)
    rho: Array  # (n,)


def read_log(data: bytes, name: str = "The run") -> Log:
    """Read a CSV with the columns of `dynamics.monitor`, in any order, among others.

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
    table = np.frombuffer(values, dtype=np.float64).reshape(-1, len(COLUMNS))
    if not len(table):
        raise LogError("the file has a header and no rows; train for at least one step before you upload it")
    return _checked(table, name)


def _columns(header: list[str]) -> list[int]:
    """Where each of COLUMNS is in the header."""
    if not any(header):
        raise LogError(f"the file is empty; expected a CSV with the columns {', '.join(COLUMNS)}")
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise LogError(f"the header lacks {', '.join(missing)}; expected the columns {', '.join(COLUMNS)}")
    twice = [column for column in COLUMNS if header.count(column) > 1]
    if twice:
        raise LogError(f"the header has {', '.join(twice)} more than once")
    return [header.index(column) for column in COLUMNS]


def _numbers(row: list[str], header: list[str], columns: list[int], line: int) -> list[float]:
    if len(row) != len(header):
        raise LogError(f"line {line} has {len(row)} entries, the header has {len(header)}")
    try:
        return [float(row[i]) for i in columns]
    except ValueError:
        for i in columns:
            try:
                float(row[i])
            except ValueError:
                raise LogError(f"line {line}, {header[i]}: {row[i][:_SHOWN]!r} is not a number") from None
        raise


def _checked(table: Array, name: str) -> Log:
    """Make a log of the rows (n, columns), if their numbers can be those of a run."""
    step = table[:, 0]
    values = {field: table[:, COLUMNS.index(column)].copy() for field, column in _NAMES.items()}
    if not ((step >= 0.0) & (step < 2.0**53) & (step == np.floor(step))).all():
        raise LogError("step must hold whole numbers from 0 on")
    back = np.flatnonzero(np.diff(step) <= 0.0)
    if back.size:
        raise LogError(f"steps must ascend, but {step[back[0]]:,.0f} is followed by {step[back[0] + 1]:,.0f}")
    for field in ("gradient_norms", "shifted_norms", *_FINITE):
        if (values[field] < 0.0).any():
            raise LogError(f"{_NAMES[field]} must not be negative, got {float(np.nanmin(values[field])):g}")
    for field in _FINITE:
        if not np.isfinite(values[field]).all():
            raise LogError(f"{_NAMES[field]} must be finite numbers throughout")
    return Log(name, step.astype(np.int64), **values)
