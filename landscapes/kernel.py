"""Straight-line code for a formula's value, gradient and Hessian, for several types of numbers.

The same program runs on Python floats and on NumPy blocks, to the same last bit, and, as JavaScript, in the browser.
Where a function is undefined or overflows, the result is NaN or infinite, silently. On python-flint's balls it encloses
what the exact function takes. How it is written is in `landscapes.printing`: no character that somebody typed gets in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import javascript
from .arithmetic import FLOATS, NUMPY
from .printing import FLOATING, PYTHON, Language, written
from .tape import Tape
from .traced import Traced, Untraceable
from .tree import Formula


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
        return _source(self._tape, outputs, PYTHON)

    def javascript(self, outputs: str) -> str:
        """Return the program for `outputs` as JavaScript: an expression whose value is the function."""
        return javascript.function(self._tape, self._tape.arguments, self._tape.results(outputs))

    def traced(self, outputs: str, x: Traced, parameters: Sequence[float]) -> list[Traced]:
        """Write the lines of `outputs`, values and gradients, at a traced point x (d,) into its trace."""
        if x.shape != (len(self._tape.variables),) or "h" in outputs:
            raise Untraceable(f"{outputs!r} at points {x.shape} cannot be traced")
        found = x.trace.copy(self._tape, outputs, x, parameters)
        shaped = [atoms if output == "g" else atoms[0] for output, atoms in zip(outputs, found, strict=True)]
        return [Traced(x.trace, np.array(atoms, dtype=object)) for atoms in shaped]

    def _load(self, outputs: str, kind: str, functions: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
        key = (outputs, kind)
        if key not in self._programs:
            text = _source(self._tape, outputs, PYTHON if kind == "numpy" else FLOATING)
            namespace: dict[str, Any] = {
                "__builtins__": {},
                "float": float,
                "inf": math.inf,
                "nan": math.nan,
                **functions,
            }
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


def _source(tape: Tape, outputs: str, language: Language) -> str:
    """Print the program for floats or for arrays."""
    results = tape.results(outputs)
    text, body = written(tape, results, language)
    lines = "".join(f"    {name} = {text[name]}\n" for name in body)
    returned = ", ".join(map(PYTHON.atom, results))
    return f"def program({', '.join(tape.arguments)}):\n{lines}    return ({returned},)\n"


def _bound_source(tape: Tape, outputs: str) -> tuple[str, dict[float, str]]:
    """Print a function of the parameters that returns the program for balls; what is constant is worked out once.

    Returns:
        The text, and the name in it of every constant.
    """
    names: dict[float, str] = {}
    balls = Language(lambda value: names.setdefault(value, f"k{len(names)}"), PYTHON.words)
    results = tape.results(outputs)
    moving = set(tape.variables)
    for name, (_, *atoms) in tape.lines.items():
        if not moving.isdisjoint(atoms):
            moving.add(name)
    text, body = written(tape, results, balls, moving)
    returned = ", ".join(map(balls.atom, results))
    fixed = "".join(f"    {name} = {text[name]}\n" for name in body if name not in moving)
    lines = "".join(f"        {name} = {text[name]}\n" for name in body if name in moving)
    parameters = ", ".join(a for a in tape.arguments if a not in tape.variables)
    inner = f"    def program({', '.join(tape.variables)}):\n{lines}        return ({returned},)\n"
    return f"def bind({parameters}):\n{fixed}{inner}    return program\n", names
