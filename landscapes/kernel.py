"""Straight-line code for a formula's value, gradient and Hessian, for several types of numbers.

The lines of the formula's tape that no output needs are dropped, and a line that is used once is written where it is
used. The same program runs on Python floats and on NumPy blocks, to the same last bit. Where a function is undefined or
overflows, the result is NaN or infinite, silently. On python-flint's balls it encloses what the exact function takes.
Names in the emitted text are ours (x, y, p0, p1, t0, ...) and numbers are the `repr` of floats: no character that
somebody typed gets into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .arithmetic import FLOATS, NUMPY
from .tape import Tape
from .tree import Formula

_DEEPEST_NESTING: Final = 12  # of brackets in one emitted line; Python's parser allows 200
_SIGNS: Final = {"+", "-", "*", "/"}


class Kernel:
    """The programs of one formula.

    `program(outputs)` gives, for outputs such as "f", "g", "fg" or "gh", a function of (x[, y], *parameters) on
    NumPy arrays that returns the flat tuple of the asked value f, gradient g (x, y) and Hessian h (xx, xy, yy);
    `scalar(outputs)` gives the same on Python floats, and `balls(outputs, parameters)` a function of (x[, y]) on
    balls. Constant outputs are plain floats, or balls.
    """

    def __init__(self, formula: Formula) -> None:
        """Differentiate `formula`; the programs are printed when first asked for."""
        self._formula = formula
        self._tape = Tape(formula)
        self._exact: Tape | None = None
        self._programs: dict[tuple[str, str], Callable[..., tuple[Any, ...]]] = {}
        self._binders: dict[str, Callable[..., Callable[..., tuple[Any, ...]]]] = {}

    @property
    def length(self) -> int:
        """Lines of value, gradient and Hessian together: a measure of what one evaluation costs."""
        return len(self._tape.lines)

    def program(self, outputs: str) -> Callable[..., tuple[Any, ...]]:
        """Return the program for `outputs` on NumPy arrays."""
        return self._load(outputs, "numpy", NUMPY)

    def scalar(self, outputs: str) -> Callable[..., tuple[Any, ...]]:
        """Return the program for `outputs` on floats, to be run in the context `arithmetic.SILENT`.

        It raises ArithmeticError or ValueError where Python's division and square root do.
        """
        return self._load(outputs, "floats", FLOATS)

    def balls(self, outputs: str, parameters: tuple[float, ...]) -> Callable[..., tuple[Any, ...]]:
        """Return the program for `outputs` on balls.

        The function it encloses is the formula's over the real numbers, in which the decimals typed and the
        parameters are the floats they were read as, pi and e the numbers of mathematics, and no result is rounded.
        The balls returned hold its values at all points of the balls given. NaN: it is undefined, or a derivative
        jumps, somewhere there. The program raises `landscapes.balls.Undefined` where it is undefined throughout.
        """
        from flint import arb

        from .balls import BALLS, Undefined, undefined

        if outputs not in self._binders:
            if self._exact is None:
                self._exact = Tape(self._formula, exact=True)
            text, constants = _bound_source(self._exact, outputs)
            namespace: dict[str, Any] = {"__builtins__": {}, **BALLS}
            namespace.update({name: arb(value) for value, name in constants.items()})
            exec(compile(text, "<kernel>", "exec"), namespace)
            self._binders[outputs] = namespace["bind"]
        try:
            return self._binders[outputs](*map(arb, parameters))
        except Undefined:  # a part of it that is constant
            return undefined

    def source(self, outputs: str) -> str:
        """Return the emitted Python text."""
        return _source(self._tape, outputs, "{}({})")

    def _load(self, outputs: str, kind: str, functions: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
        key = (outputs, kind)
        if key not in self._programs:
            # On floats, arithmetic with NumPy's numbers would take several times as long.
            text = _source(self._tape, outputs, "{}({})" if kind == "numpy" else "float({}({}))")
            names = {"__builtins__": {}, "float": float, "inf": math.inf, "nan": math.nan}
            namespace: dict[str, Any] = names | functions
            exec(compile(text, "<kernel>", "exec"), namespace)
            program = namespace["program"]
            self._programs[key] = self._on_numpy_numbers(program) if kind == "numpy" else program
        return self._programs[key]

    def _on_numpy_numbers(self, program: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        """Pass parameters as NumPy's numbers: where these become NaN or infinity, Python's own floats raise."""
        d = len(self._tape.variables)
        if len(self._tape.arguments) == d:
            return program
        return lambda *arguments: program(*arguments[:d], *map(np.float64, arguments[d:]))


def _source(tape: Tape, outputs: str, call: str) -> str:
    """Print the program for floats or for arrays."""
    results = [atom for output in outputs for atom in tape.outputs[output]]
    text, body = _written(tape, results, repr, call=call)
    returned = ", ".join("0.0" if a is None else a if isinstance(a, str) else repr(a) for a in results)
    lines = "".join(f"    {name} = {text[name]}\n" for name in body)
    return f"def program({', '.join(tape.arguments)}):\n{lines}    return ({returned},)\n"


def _bound_source(tape: Tape, outputs: str) -> tuple[str, dict[float, str]]:
    """Print a function of the parameters that returns the program for balls; what is constant is worked out once.

    Returns:
        The text, and the name in it of every constant.
    """
    names: dict[float, str] = {}

    def constant(value: float) -> str:
        return names.setdefault(value, f"k{len(names)}")

    results = [0.0 if atom is None else atom for output in outputs for atom in tape.outputs[output]]
    moving = set(tape.variables)
    for name, (_, *atoms) in tape.lines.items():
        if not moving.isdisjoint(atoms):
            moving.add(name)
    text, body = _written(tape, results, constant, moving)
    returned = ", ".join(a if isinstance(a, str) else constant(a) for a in results)
    fixed = "".join(f"    {name} = {text[name]}\n" for name in body if name not in moving)
    lines = "".join(f"        {name} = {text[name]}\n" for name in body if name in moving)
    parameters = ", ".join(a for a in tape.arguments if a not in tape.variables)
    inner = f"    def program({', '.join(tape.variables)}):\n{lines}        return ({returned},)\n"
    return f"def bind({parameters}):\n{fixed}{inner}    return program\n", names


def _written(
    tape: Tape,
    results: list[Any],
    constant: Callable[[float], str],
    moving: set[str] | None = None,
    call: str = "{}({})",
) -> tuple[dict[str, str], list[str]]:
    """Write the lines that the results need.

    Args:
        tape: the lines.
        results: atoms; each keeps a line of its own.
        constant: how a constant is written.
        moving: lines that depend on a variable; where given, the others are not written into them.
        call: how a function and its arguments are written.

    Returns:
        The expression of every needed line, and the names of those that keep a line of their own, in order.
    """
    uses: dict[str, int] = {}
    stack = [a for a in results if isinstance(a, str)]
    for name in stack:
        uses[name] = uses.get(name, 0) + 2  # an output stays a line of its own
    pending = [a for a in stack if a in tape.lines]
    visited = set(pending)
    while pending:
        for atom in tape.lines[pending.pop()][1:]:
            if isinstance(atom, str):
                uses[atom] = uses.get(atom, 0) + 1
                if atom in tape.lines and atom not in visited:
                    visited.add(atom)
                    pending.append(atom)
    text: dict[str, str] = {}
    inlined: dict[str, str] = {}
    depth: dict[str, int] = {}
    body = []
    for name, (operation, *atoms) in tape.lines.items():
        if name not in visited:
            continue
        deep = 1 + max((depth.get(a, 0) for a in atoms if isinstance(a, str)), default=0)
        if operation == "power":
            expression = f"power({_atom(atoms[0], inlined, constant)}, {int(atoms[1])})"
        else:
            written = [_atom(a, inlined, constant) for a in atoms]
            if operation == "neg":
                expression = f"-{written[0]}"
            elif operation in _SIGNS:
                expression = f"{written[0]} {operation} {written[1]}"
            else:
                expression = call.format(operation, ", ".join(written))
        text[name] = expression
        if uses[name] == 1 and deep < _DEEPEST_NESTING and (moving is None or name in moving):
            inlined[name] = f"({expression})"
            depth[name] = deep
        else:
            body.append(name)
    return text, body


def _atom(a: float | str, inlined: dict[str, str], constant: Callable[[float], str]) -> str:
    return inlined.get(a, a) if isinstance(a, str) else constant(a)
