"""The error that a text is not a formula, and how to name its characters without echoing a harmful one."""

from __future__ import annotations

import unicodedata

_RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "RLI"}
_LONGEST_ECHO = 20


class FormulaError(ValueError):
    """A text that is not a formula.

    The message is complete: what is wrong, at which column (counted from 1), what to write instead. It holds
    no control, invisible or right-to-left character of the text.

    Args:
        message: the whole sentence.
        position: 0-based index of the fault in the text as typed, at most the text's length.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position

    def __reduce__(self) -> tuple[type[FormulaError], tuple[str, int]]:
        return type(self), (str(self), self.position)


def fault(subject: str, position: int, rest: str) -> FormulaError:
    """Return the error "`subject` at column N`rest`"."""
    return FormulaError(f"{subject} at column {position + 1}{rest}", position)


def quoted(text: str) -> str:
    """Return a piece of the text in quotation marks, cut where it is long."""
    if len(text) > _LONGEST_ECHO:
        text = text[: _LONGEST_ECHO - 3] + "..."
    return f'"{text}"' if "'" in text else f"'{text}'"


def character(c: str) -> str:
    """Return how to speak of one character: itself where that is safe, its number and name where it helps."""
    if c.isascii() and c.isprintable():
        return quoted(c)
    number = f"U+{ord(c):04X}"
    name = unicodedata.name(c, "")
    if is_visible(c):
        return f"'{c}' ({number}, {name})" if name else f"'{c}' ({number})"
    return f"{number} ({name})" if name else number


def is_visible(c: str) -> bool:
    """Return whether one character can stand in a sentence without changing how the rest is shown."""
    joins_the_one_before = unicodedata.category(c).startswith("M")
    return c.isprintable() and not joins_the_one_before and unicodedata.bidirectional(c) not in _RIGHT_TO_LEFT
