"""Points whose arithmetic is written down: Python that acts on arrays becomes a straight-line program.

A `Traced` array holds names of lines instead of numbers. NumPy's operators and functions append lines to its trace, and
so does a landscape that is asked for its value and gradient there. Where a result would be needed, to branch on it or
to make a number of it, `Untraceable` is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .arithmetic import NUMPY
from .tape import Atom, Lines, Tape

_Atoms = npt.NDArray[np.object_]

_OPERATIONS: Final[dict[Any, str]] = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.negative: "neg",
    np.equal: "equal",
    np.greater: "greater",
    **{function: name for name, function in NUMPY.items() if isinstance(function, np.ufunc)},
}


class Untraceable(TypeError):
    """What was done to a traced array, or to a named number, needs its value."""


class Named(float):
    """A number that a trace keeps by its name. Until it meets a traced array it can be compared, but not changed."""

    name: str

    def __new__(cls, name: str, value: float) -> Named:
        """Give `value` a name."""
        number = super().__new__(cls, value)
        number.name = name
        return number

    def _meet(self, other: Any = None, *_: Any) -> Any:
        if isinstance(other, Traced):
            return NotImplemented  # Python asks the array
        raise Untraceable(f"{self.name} was computed with before it met a traced array, and would lose its name")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _meet
    __pow__ = __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __neg__ = __abs__ = _meet


class Trace:
    """The lines of a program that is being written, and the values that its arguments have now."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.arguments: dict[str, float] = {}  # what is no variable: named numbers, parameters, constants
        self._constants: dict[str, str] = {}

    def variables(self, *names: str) -> Traced:
        """Return an array of variables."""
        return Traced(self, np.array(names, dtype=object))

    def atoms(self, value: Any) -> _Atoms:
        """Return the atoms of a traced array, or of numbers: these become arguments, so that the text has none."""
        if isinstance(value, Traced):
            return value.atoms
        if isinstance(value, Named):
            self.arguments[value.name] = float.__float__(value)
            return np.asarray(value.name, dtype=object)
        try:
            numbers = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise Untraceable(f"{type(value).__name__} is no array of numbers") from error
        return np.asarray(np.frompyfunc(self._constant, 1, 1)(numbers), dtype=object)

    def _constant(self, value: float) -> str:
        name = self._constants.setdefault(repr(float(value)), f"c{len(self._constants)}")
        self.arguments[name] = float(value)
        return name

    def apply(self, operation: str, *inputs: Any) -> Traced:
        """Write an operation on arrays, element by element."""
        atoms = [self.atoms(each) for each in inputs]
        with np.errstate(all="ignore"):  # constants are folded
            written = np.frompyfunc(partial(self.lines.op, operation), len(atoms), 1)(*atoms)
        return Traced(self, np.asarray(written, dtype=object))

    def copy(self, tape: Tape, outputs: str, x: Traced, parameters: Sequence[float]) -> list[list[Atom]]:
        """Write the lines of a formula at x (d,); return the atoms of each of the outputs."""
        names = tape.arguments[len(tape.variables) :]
        self.arguments |= dict(zip(names, parameters, strict=True))
        here: dict[Any, Atom] = dict(zip(tape.variables, x.atoms.tolist(), strict=True))
        needed = tape.needed(tape.results(outputs))
        for name, (operation, *atoms) in tape.lines.items():
            if name in needed:
                here[name] = self.lines.op(operation, *(here.get(a, a) for a in atoms))
        return [[0.0 if a is None else here.get(a, a) for a in tape.outputs[output]] for output in outputs]


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of atoms: constants, and names of variables and lines of a trace."""

    def __init__(self, trace: Trace, atoms: _Atoms) -> None:
        self.trace = trace
        self.atoms = atoms

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, as of an array of numbers."""
        return self.atoms.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.atoms.ndim

    def __getitem__(self, key: Any) -> Traced:
        return Traced(self.trace, np.asarray(self.atoms[key], dtype=object))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Traced:
        operation = _OPERATIONS.get(ufunc)
        if operation is None or method != "__call__" or options:
            raise Untraceable(f"{ufunc.__name__} cannot be traced")
        return self.trace.apply(operation, *inputs)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Traced:
        if function is np.where and len(inputs) == 3 and not options:
            return self.trace.apply("choose", *inputs)
        if function is np.zeros_like and len(inputs) == 1 and not options:
            return Traced(self.trace, np.full(self.shape, 0.0, dtype=object))
        raise Untraceable(f"{function.__name__} cannot be traced")

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Untraceable("the value of a traced array is not known")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __iter__ = _refuse
    __hash__ = None  # type: ignore[assignment]
