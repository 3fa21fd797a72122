"""Straight-line text from lines of arithmetic: dead lines are dropped, and one that is used once goes where it is used.

Names in the text are ours (x, y, p0, t0, ...) and numbers come from floats: no character that somebody typed gets
into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .tape import Atom, Lines, Maybe

_DEEPEST_NESTING: Final = 12  # of brackets in one emitted line; Python's parser allows 200
_SIGNS: Final = {"+", "-", "*", "/"}


@dataclass(frozen=True)
class Language:
    """How constants and operations are written."""

    constant: Callable[[float], str]
    words: dict[str, str]  # the form of an operation that is no call of its own name: "{0} == {1}"
    call: str = "{0}({1})"  # of a function

    def atom(self, a: Maybe) -> str:
        """Write a constant or a name; what is zero by structure is 0."""
        return a if isinstance(a, str) else self.constant(0.0 if a is None else a)

    def phrase(self, operation: str, written: Sequence[str]) -> str:
        """Write an operation on what is written already."""
        if operation in _SIGNS:
            return f"{written[0]} {operation} {written[1]}"
        form = self.words.get(operation)
        return form.format(*written) if form else self.call.format(operation, ", ".join(written))


PYTHON: Final = Language(
    repr, {"neg": "-{0}", "equal": "{0} == {1}", "greater": "{0} > {1}", "choose": "{1} if {0} else {2}"}
)
# On floats: arithmetic with NumPy's numbers, which its functions return, would take several times as long.
FLOATING: Final = replace(PYTHON, call="float({0}({1}))")


def written(
    lines: Lines, results: Sequence[Maybe], language: Language, moving: set[str] | None = None
) -> tuple[dict[str, str], list[str]]:
    """Write the lines that the results need.

    Args:
        lines: where they are.
        results: atoms; each keeps a line of its own.
        language: how it is written.
        moving: lines that depend on a variable; where given, the others are not written into them.

    Returns:
        The expression of every needed line, and the names of those that keep a line of their own, in order.
    """
    needed = lines.needed(results)
    uses = {name: 0 for name in needed}
    for name in needed:
        for a in lines.lines[name][1:]:
            if a in uses:
                uses[a] += 1
    kept = {a for a in results if isinstance(a, str)}
    text: dict[str, str] = {}
    inlined: dict[str, str] = {}
    depth: dict[str, int] = {}
    body = []

    def put(a: Atom) -> str:
        return inlined.get(a, a) if isinstance(a, str) else language.constant(a)

    for name, (operation, *atoms) in lines.lines.items():
        if name not in needed:
            continue
        deep = 1 + max((depth.get(a, 0) for a in atoms if isinstance(a, str)), default=0)
        whole = operation == "power"  # its exponent is no constant of the arithmetic
        parts = [put(atoms[0]), str(int(atoms[1]))] if whole else [put(a) for a in atoms]
        text[name] = language.phrase(operation, parts)
        once = uses[name] == 1 and name not in kept
        if once and deep < _DEEPEST_NESTING and (moving is None or name in moving):
            inlined[name] = f"({text[name]})"
            depth[name] = deep
        else:
            body.append(name)
    return text, body
