"""Straight-line code for a formula's value, gradient and Hessian, by forward differentiation.

The checked tree is walked once. Every node gives its value and its first and second derivatives in x (and y) as
lines of arithmetic; derivatives that are zero by structure are left out, constants are folded, equal lines are
shared and lines that no output needs are dropped. Nothing is simplified: x/x stays undefined at 0. The number of
lines is linear in the formula.

The same program runs on Python floats (module math) and on NumPy blocks. Where a function is undefined or
overflows, the result is NaN or infinite, silently. Names in the emitted text are ours (x, y, p0, p1, t0, ...) and
numbers are the `repr` of floats: no character that somebody typed gets into it.
"""

import math
from collections.abc import Callable
from types import CodeType
from typing import Any, Final, TypeAlias

import numpy as np

from .arithmetic import MATH, NUMPY
from .formula import Binary, Call, Constant, Formula, Negate, Node, Number, Parameter, Variable

Atom: TypeAlias = float | str  # a constant, or the name of a variable, a parameter or a line
Maybe: TypeAlias = Atom | None  # None: zero by structure
Jet: TypeAlias = tuple[Atom, list[Maybe], list[Maybe]]  # value, first derivatives, second derivatives

_CONSTANTS: Final = {"pi": math.pi, "e": math.e}
_LONGEST_PRODUCT: Final = 32  # integer powers up to this one are products; numpy.power is ten times slower
_DEEPEST_NESTING: Final = 12  # of brackets in one emitted line; Python's parser allows 200
_PARTIAL: Final = {
    "log",
    "log10",
    "sqrt",
    "asin",
    "acos",
}  # functions whose derivative may outlive their value


class Kernel:
    """The programs of one formula.

    `program(outputs)` gives, for outputs such as "f", "g", "fg" or "gh", a function of (x[, y], *parameters) on
    NumPy arrays that returns the flat tuple of the asked value f, gradient g (x, y) and Hessian h (xx, xy, yy);
    `scalar(outputs)` gives the same on Python floats. Constant outputs are plain floats.
    """

    def __init__(self, formula: Formula) -> None:
        """Differentiate `formula`; the programs are printed when first asked for."""
        self._tape = _Tape(formula)
        self._programs: dict[tuple[str, str], Callable[..., tuple[Any, ...]]] = {}
        self._codes: dict[str, CodeType] = {}

    @property
    def length(self) -> int:
        """Lines of value, gradient and Hessian together: a measure of what one evaluation costs."""
        return len(self._tape.lines)

    def program(self, outputs: str) -> Callable[..., tuple[Any, ...]]:
        """Return the program for `outputs` on NumPy arrays."""
        return self._load(outputs, "numpy", NUMPY)

    def scalar(self, outputs: str) -> Callable[..., tuple[Any, ...]]:
        """Return the program for `outputs` on floats; it raises ArithmeticError or ValueError where math does."""
        return self._load(outputs, "math", MATH)

    def source(self, outputs: str) -> str:
        """Return the emitted Python text."""
        return self._tape.source(outputs)

    def _load(self, outputs: str, kind: str, functions: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
        key = (outputs, kind)
        if key not in self._programs:
            if outputs not in self._codes:
                self._codes[outputs] = compile(self.source(outputs), "<kernel>", "exec")
            namespace: dict[str, Any] = {"__builtins__": {}, "inf": math.inf, "nan": math.nan, **functions}
            exec(self._codes[outputs], namespace)
            program = namespace["program"]
            self._programs[key] = self._on_numpy_numbers(program) if kind == "numpy" else program
        return self._programs[key]

    def _on_numpy_numbers(self, program: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        """Pass parameters as NumPy's numbers: where these become NaN or infinity, Python's own floats raise."""
        d = len(self._tape.variables)
        if len(self._tape.arguments) == d:
            return program
        return lambda *arguments: program(*arguments[:d], *map(np.float64, arguments[d:]))


class _Tape:
    """The lines of a formula and the atoms of its outputs."""

    def __init__(self, formula: Formula) -> None:
        self.lines: dict[str, tuple[Any, ...]] = {}  # name -> (operation, *atoms)
        self._known: dict[tuple[Any, ...], str] = {}
        self.variables = ("x", "y")[: formula.dim]
        self.arguments = self.variables + tuple(f"p{i}" for i in range(len(formula.parameters)))
        self._parameters = {name: f"p{i}" for i, name in enumerate(formula.parameters)}
        self._pairs = [(i, j) for i in range(formula.dim) for j in range(i, formula.dim)]
        self._partial = False
        value, first, second = self._walk(formula.tree)
        # Where the value is undefined there are no derivatives either: log(x) has none at x < 0, though 1/x has.
        mask = self.op("*", 0.0, value) if self._partial else None
        self.outputs: dict[str, list[Maybe]] = {
            "f": [value],
            "g": [self.add(d, mask) for d in first],
            "h": [self.add(h, mask) for h in second],
        }

    def op(self, operation: str, *atoms: Atom) -> Atom:
        """Append a line, or return the constant or the earlier line that it equals."""
        if all(isinstance(a, float) for a in atoms):
            with np.errstate(all="ignore"):
                return float(_FOLD[operation](*(np.float64(a) for a in atoms)))
        key = (operation, *(repr(a) if isinstance(a, float) else a for a in atoms))
        if key not in self._known:
            name = f"t{len(self.lines)}"
            self.lines[name] = (operation, *atoms)
            self._known[key] = name
        return self._known[key]

    def add(self, a: Maybe, b: Maybe) -> Maybe:
        """Sum of two derivatives."""
        if a is None or b is None:
            return b if a is None else a
        return self.op("+", a, b)

    def subtract(self, a: Maybe, b: Maybe) -> Maybe:
        """Difference of two derivatives."""
        if b is None:
            return a
        return self.op("neg", b) if a is None else self.op("-", a, b)

    def multiply(self, a: Maybe, b: Maybe) -> Maybe:
        """Product of two derivatives, or of a value and a derivative."""
        if a is None or b is None:
            return None
        if a == 1.0 or b == 1.0:
            return b if a == 1.0 else a
        return self.op("*", a, b)

    def _walk(self, node: Node) -> Jet:
        nothing: list[Maybe] = [None] * len(self.variables)
        none: list[Maybe] = [None] * len(self._pairs)
        match node:
            case Number(value=value):
                return float(value), nothing, none
            case Constant(name=name):
                return _CONSTANTS[name], nothing, none
            case Parameter(name=name):
                return self._parameters[name], nothing, none
            case Variable(name=name):
                return name, [1.0 if v == name else None for v in self.variables], none
            case Negate(argument=argument):
                inner, first, second = self._walk(argument)
                return (
                    self.op("neg", inner),
                    [self.subtract(None, d) for d in first],
                    [self.subtract(None, h) for h in second],
                )
            case Call(function=function, argument=argument):
                inner, first, second = self._walk(argument)
                self._partial |= function in _PARTIAL
                return self._chain(*self._call(function, inner), first, second)
            case Binary(operator=operator, left=left, right=right):
                a, b = self._walk(left), self._walk(right)
                if operator == "^":
                    return self._power(a, b)
                if operator == "*":
                    return self._product(a, b)
                if operator == "/":
                    return self._quotient(a, b)
                join = self.add if operator == "+" else self.subtract
                return (
                    self.op(operator, a[0], b[0]),
                    [join(c, d) for c, d in zip(a[1], b[1], strict=True)],
                    [join(c, d) for c, d in zip(a[2], b[2], strict=True)],
                )
        raise TypeError(f"not a node of a formula: {node!r}")

    def _chain(self, value: Atom, slope: Maybe, curvature: Maybe, first: list[Maybe], second: list[Maybe]) -> Jet:
        """Derivatives of phi(a), given phi, phi' and phi'' at a and the derivatives of a."""
        bent = [self.multiply(curvature, d) for d in first]
        return (
            value,
            [self.multiply(slope, d) for d in first],
            [
                self.add(self.multiply(slope, h), self.multiply(bent[i], first[j]))
                for h, (i, j) in zip(second, self._pairs, strict=True)
            ],
        )

    def _call(self, function: str, a: Atom) -> tuple[Atom, Maybe, Maybe]:
        """phi, phi' and phi'' at a."""
        op = self.op
        v = op(function, a)
        match function:
            case "sin":
                return v, op("cos", a), op("neg", v)
            case "cos":
                return v, op("neg", op("sin", a)), op("neg", v)
            case "tan":
                slope = op("+", 1.0, op("*", v, v))
                return v, slope, op("*", op("*", 2.0, v), slope)
            case "asin" | "acos":
                one = 1.0 if function == "asin" else -1.0
                square = op("*", op("-", 1.0, a), op("+", 1.0, a))
                slope = op("/", one, op("sqrt", square))
                return v, slope, op("/", op("*", a, slope), square)
            case "atan":
                slope = op("/", 1.0, op("+", 1.0, op("*", a, a)))
                return v, slope, op("*", op("*", op("*", -2.0, a), slope), slope)
            case "sinh":
                return v, op("cosh", a), v
            case "cosh":
                return v, op("sinh", a), v
            case "tanh":
                reciprocal = op("/", 1.0, op("cosh", a))
                slope = op("*", reciprocal, reciprocal)  # 1 - tanh(a)**2 would lose its digits in the tails
                return v, slope, op("*", op("*", -2.0, v), slope)
            case "exp":
                return v, v, v
            case "log":
                slope = op("/", 1.0, a)
                return v, slope, op("neg", op("*", slope, slope))
            case "log10":
                slope = op("/", 1.0 / math.log(10.0), a)
                return v, slope, op("neg", op("/", slope, a))
            case "sqrt":
                slope = op("/", 0.5, v)
                return v, slope, op("/", op("*", -0.5, slope), a)
            case "abs":
                return v, op("sign", a), None
        raise TypeError(f"not a function of a formula: {function!r}")

    def _product(self, a: Jet, b: Jet) -> Jet:
        (u, du, ddu), (v, dv, ddv) = a, b
        second = []
        for k, (i, j) in enumerate(self._pairs):
            outer = self.add(self.multiply(ddu[k], v), self.multiply(u, ddv[k]))
            inner = self.add(self.multiply(du[i], dv[j]), self.multiply(du[j], dv[i]))
            second.append(self.add(outer, inner))
        first = [self.add(self.multiply(c, v), self.multiply(u, d)) for c, d in zip(du, dv, strict=True)]
        return self.op("*", u, v), first, second

    def _quotient(self, a: Jet, b: Jet) -> Jet:
        """Divide, q = u/v: q_i = (u_i - q v_i)/v and q_ij = (u_ij - q_i v_j - q_j v_i - q v_ij)/v."""
        (u, du, ddu), (v, dv, ddv) = a, b
        self._partial |= isinstance(v, str) or v == 0.0
        q = self.op("/", u, v)

        def over(d: Maybe) -> Maybe:
            return None if d is None else self.op("/", d, v)

        first = [over(self.subtract(c, self.multiply(q, d))) for c, d in zip(du, dv, strict=True)]
        second = []
        for k, (i, j) in enumerate(self._pairs):
            mixed = self.add(self.multiply(first[i], dv[j]), self.multiply(first[j], dv[i]))
            second.append(over(self.subtract(self.subtract(ddu[k], mixed), self.multiply(q, ddv[k]))))
        return q, first, second

    def _power(self, a: Jet, b: Jet) -> Jet:
        (u, du, ddu), (v, dv, ddv) = a, b
        op = self.op
        if isinstance(v, float) and v.is_integer() and abs(v) <= _LONGEST_PRODUCT:
            return self._chain(*self._integer_power(u, int(v)), du, ddu)
        self._partial = True
        value = op("pow", u, v)
        moving_base, moving_exponent = any(d is not None for d in du), any(d is not None for d in dv)
        slope = op("pow1", u, v) if moving_base else None  # v u^(v-1), 0 where v = 0
        curvature = op("pow2", u, v) if moving_base else None  # v (v-1) u^(v-2), 0 where that factor is 0
        _, first, second = self._chain(value, slope, curvature, du, ddu)
        if not moving_exponent:
            return value, first, second
        by_exponent = op("logarithmic", value, u)  # u^v log u, 0 where u^v is 0
        twice = op("logarithmic", by_exponent, u)
        _, more, bent = self._chain(value, by_exponent, twice, dv, ddv)
        first = [self.add(c, d) for c, d in zip(first, more, strict=True)]
        second = [self.add(c, d) for c, d in zip(second, bent, strict=True)]
        if moving_base:
            lower = op("pow", u, op("-", v, 1.0))
            mixed = op("+", lower, op("*", v, op("logarithmic", lower, u)))  # u^(v-1) (1 + v log u)
            for k, (i, j) in enumerate(self._pairs):
                cross = self.add(self.multiply(du[i], dv[j]), self.multiply(du[j], dv[i]))
                second[k] = self.add(second[k], self.multiply(mixed, cross))
        return value, first, second

    def _integer_power(self, a: Atom, n: int) -> tuple[Atom, Maybe, Maybe]:
        """a^n, n a^(n-1) and n (n-1) a^(n-2) as products."""
        if n < 0:
            self._partial = True
            value = self.op("/", 1.0, self._products(a, -n))
            first = self.op("/", self.op("*", float(n), value), a)
            return value, first, self.op("/", self.op("*", float(n - 1), first), a)
        value = self._products(a, n)
        slope = self.multiply(float(n), self._products(a, n - 1)) if n >= 1 else None
        curvature = self.multiply(float(n * (n - 1)), self._products(a, n - 2)) if n >= 2 else None
        return value, slope, curvature

    def _products(self, a: Atom, n: int) -> Atom:
        if n <= 1:
            return a if n else 1.0
        half = self._products(a, n // 2)
        square = self.op("*", half, half)
        return self.op("*", square, a) if n % 2 else square

    def source(self, outputs: str) -> str:
        """Print the lines that the outputs need; what is used once is written where it is used."""
        results = [atom for output in outputs for atom in self.outputs[output]]
        uses: dict[str, int] = {}
        stack = [a for a in results if isinstance(a, str)]
        for name in stack:
            uses[name] = uses.get(name, 0) + 2  # an output stays a line of its own
        pending = [a for a in stack if a in self.lines]
        visited = set(pending)
        while pending:
            for atom in self.lines[pending.pop()][1:]:
                if isinstance(atom, str):
                    uses[atom] = uses.get(atom, 0) + 1
                    if atom in self.lines and atom not in visited:
                        visited.add(atom)
                        pending.append(atom)
        text: dict[str, str] = {}
        depth: dict[str, int] = {}
        body = []
        for name, (operation, *atoms) in self.lines.items():
            if name not in visited:
                continue
            written = [text.get(a, a) if isinstance(a, str) else repr(a) for a in atoms]
            deep = 1 + max(depth.get(a, 0) for a in atoms if isinstance(a, str))
            if operation == "neg":
                expression = f"-{written[0]}"
            elif operation in _SIGNS:
                expression = f"{written[0]} {operation} {written[1]}"
            else:
                expression = f"{operation}({', '.join(written)})"
            if uses[name] == 1 and deep < _DEEPEST_NESTING:
                text[name] = f"({expression})"
                depth[name] = deep
            else:
                body.append(f"    {name} = {expression}\n")
        returned = ", ".join("0.0" if a is None else a if isinstance(a, str) else repr(a) for a in results)
        return f"def program({', '.join(self.arguments)}):\n{''.join(body)}    return ({returned},)\n"


_SIGNS: Final = {"+", "-", "*", "/"}
_FOLD: Final[dict[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "neg": np.negative,
    **NUMPY,
}
