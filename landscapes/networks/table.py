"""A visitor's own data: a CSV of numbers whose last column is the class, parsed as data only."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from ..landscape import Array

MOST_BYTES: Final = 5_000_000
MOST_CLASSES: Final = 20
MOST_FEATURES: Final = 1000
LEAST: Final = 10  # examples
_SHOWN: Final = 40  # characters of a wrong entry that are repeated
_EXPECTED: Final = "expected a CSV of numbers, one example a line, its class in the last column"


class TableError(ValueError):
    """The bytes are no table of examples; the message says where and what to do."""


@dataclass(frozen=True)
class Table:
    """Examples with their classes. Equal where the numbers are; hashable by these."""

    digest: str  # of the numbers, the classes and the names
    x: Array = field(compare=False, repr=False)  # (n, features) as they stand in the file
    y: npt.NDArray[np.int64] = field(compare=False, repr=False)  # (n,) places in `classes`
    classes: tuple[str, ...] = field(compare=False)  # as they are written, in ascending order
    names: tuple[str, ...] = field(compare=False, repr=False)  # of the columns; "column 1", ... where none are given

    @staticmethod
    def of(x: npt.ArrayLike, labels: list[str], names: tuple[str, ...] = ()) -> Table:
        """Make a table of numbers (n, features) and one label each."""
        values = np.array(x, dtype=np.float64)
        classes = tuple(sorted(set(labels), key=_order))
        place = {name: i for i, name in enumerate(classes)}
        y = np.array([place[label] for label in labels], dtype=np.int64)
        names = names or tuple(f"column {i + 1}" for i in range(values.shape[1] + 1))
        digest = hashlib.sha256(values.tobytes() + y.tobytes() + repr((values.shape, classes, names)).encode())
        values.flags.writeable = y.flags.writeable = False
        return Table(digest.hexdigest(), values, y, classes, names)


def read_table(data: bytes) -> Table:
    """Read a CSV, separated by commas, semicolons or tabs, the class in the last column.

    A first line in which a column other than the last has no number is taken as the columns' names. Classes may be
    numbers or words.

    Args:
        data: the file, at most 5 MB.

    Raises:
        TableError: too large, empty, not text, ragged, not numbers, too few examples, one class, or more than 20.
    """
    if len(data) > MOST_BYTES:
        size = f"{len(data) / 1e6:,.1f} MB, at most {MOST_BYTES / 1e6:.0f} MB are read"
        raise TableError(f"the file has {size}; leave out some of the examples")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TableError(f"the file is not text; {_EXPECTED}") from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise TableError(f"the file is empty; {_EXPECTED}")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        lines = [(rows.line_num, [cell.strip() for cell in row]) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as e:
        raise TableError(f"line {rows.line_num} is not CSV: {e}") from None
    names = tuple(lines[0][1])
    named = any(_number(cell) is None for cell in names[:-1]) or (
        len(names) == 1 and len(lines) > 1 and _number(names[0]) is None
    )
    return _checked(lines[named:], names if named else ())


def _checked(lines: list[tuple[int, list[str]]], names: tuple[str, ...]) -> Table:
    width = len(names) if names else len(lines[0][1]) if lines else 0
    if width < 2:
        raise TableError(f"a line has {width} entries, at least 2 are needed: {_EXPECTED}")
    if width - 1 > MOST_FEATURES:
        raise TableError(f"a line has {width:,} entries, at most {MOST_FEATURES + 1:,} are read")
    values = np.empty((len(lines), width - 1))
    for i, (line, row) in enumerate(lines):
        if len(row) != width:
            raise TableError(f"line {line} has {len(row)} entries, those before have {width}")
        for j, cell in enumerate(row[:-1]):
            number = _number(cell)
            if number is None or not np.isfinite(number):
                name = f" ({names[j][:_SHOWN]})" if names else ""
                raise TableError(f"line {line}, column {j + 1}{name}: {cell[:_SHOWN]!r} is not a finite number")
            values[i, j] = number
        if not row[-1]:
            raise TableError(f"line {line} has no class in its last column")
    if len(lines) < LEAST:
        raise TableError(f"there are {len(lines)} examples, at least {LEAST} are needed")
    labels = [_label(row[-1]) for _, row in lines]
    count = len(set(labels))
    if count < 2:
        raise TableError(f"all examples are of the class {labels[0][:_SHOWN]!r}, the last column; two are needed")
    if count > MOST_CLASSES:
        raise TableError(
            f"the last column has {count:,} different entries, at most {MOST_CLASSES} classes can be told apart; "
            "put the class into the last column"
        )
    return Table.of(values, labels, names)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _label(cell: str) -> str:
    """Write a class in one way: 1 and 1.0 are the same."""
    number = _number(cell)
    return cell if number is None or not np.isfinite(number) else f"{number:g}" if number % 1 else f"{number:.0f}"


def _order(label: str) -> tuple[bool, float, str]:
    number = _number(label)
    return number is None, number or 0.0, label
