"""The lines of a formula's value, gradient and Hessian, by forward differentiation of its checked tree.

Every node gives its value and its first and second derivatives in x (and y) as lines of arithmetic; derivatives that
are zero by structure are left out, constants are folded, equal lines are shared. Nothing is simplified: x/x stays
undefined at 0. The number of lines is linear in the formula.
"""

import math
import operator
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np

from .arithmetic import NUMPY
from .tree import Binary, Call, Constant, Formula, Negate, Node, Number, Parameter, Variable

Atom: TypeAlias = float | str  # a constant, or the name of a variable, a parameter or a line
Maybe: TypeAlias = Atom | None  # None: zero by structure
Jet: TypeAlias = tuple[Atom, list[Maybe], list[Maybe]]  # value, first derivatives, second derivatives

_CONSTANTS: Final = {"pi": math.pi, "e": math.e}
_LONGEST_PRODUCT: Final = 32  # integer powers up to this one are products; numpy.power is ten times slower
_PARTIAL: Final = {
    "log",
    "log10",
    "sqrt",
    "asin",
    "acos",
}  # functions whose derivative may outlive their value


class Lines:
    """Lines of arithmetic, each an operation on constants, arguments and earlier lines; equal ones are shared.

    Args:
        exact: constants are folded only where no digit is lost.
    """

    def __init__(self, exact: bool = False) -> None:
        self._exact = exact
        self.lines: dict[str, tuple[Any, ...]] = {}  # name -> (operation, *atoms)
        self._known: dict[tuple[Any, ...], str] = {}

    def op(self, operation: str, *atoms: Atom) -> Atom:
        """Append a line, or return the constant or the earlier line that it equals."""
        constants = [a for a in atoms if isinstance(a, float)]
        if len(constants) == len(atoms):
            folded = _folded_exactly(operation, constants) if self._exact else _folded(operation, constants)
            if folded is not None:
                return folded
        key = (operation, *(repr(a) if isinstance(a, float) else a for a in atoms))
        if key not in self._known:
            name = f"t{len(self.lines)}"
            self.lines[name] = (operation, *atoms)
            self._known[key] = name
        return self._known[key]

    def needed(self, results: Iterable[Maybe]) -> set[str]:
        """Return the names of the lines that some results depend on."""
        pending = [a for a in results if isinstance(a, str) and a in self.lines]
        found = set(pending)
        while pending:
            for atom in self.lines[pending.pop()][1:]:
                if isinstance(atom, str) and atom in self.lines and atom not in found:
                    found.add(atom)
                    pending.append(atom)
        return found


class Tape(Lines):
    """The lines of a formula and the atoms of its outputs.

    Args:
        formula: what to differentiate.
        exact: for balls. Constants are folded only where no digit is lost, pi and e keep their names, squares and
            higher powers are lines of their own, and |a| has a second derivative "bend", undefined at its kink.
    """

    def __init__(self, formula: Formula, exact: bool = False) -> None:
        super().__init__(exact)
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

    def results(self, outputs: str) -> list[Maybe]:
        """Return the atoms of outputs such as "fg"."""
        return [atom for output in outputs for atom in self.outputs[output]]

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
                return name if self._exact else _CONSTANTS[name], nothing, none
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
            case Binary(operator=sign, left=left, right=right):
                a, b = self._walk(left), self._walk(right)
                if sign == "^":
                    return self._power(a, b)
                if sign == "*":
                    return self._product(a, b)
                if sign == "/":
                    return self._quotient(a, b)
                join = self.add if sign == "+" else self.subtract
                return (
                    self.op(sign, a[0], b[0]),
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
                scale = op("/", 1.0, op("log", 10.0)) if self._exact else 1.0 / math.log(10.0)
                slope = op("/", scale, a)
                return v, slope, op("neg", op("/", slope, a))
            case "sqrt":
                slope = op("/", 0.5, v)
                return v, slope, op("/", op("*", -0.5, slope), a)
            case "abs":
                return v, op("sign", a), op("bend", a) if self._exact else None
        raise TypeError(f"not a function of a formula: {function!r}")

    def _product(self, a: Jet, b: Jet) -> Jet:
        (u, du, ddu), (v, dv, ddv) = a, b
        second = []
        for k, (i, j) in enumerate(self._pairs):
            outer = self.add(self.multiply(ddu[k], v), self.multiply(u, ddv[k]))
            inner = self.add(self.multiply(du[i], dv[j]), self.multiply(du[j], dv[i]))
            second.append(self.add(outer, inner))
        first = [self.add(self.multiply(c, v), self.multiply(u, d)) for c, d in zip(du, dv, strict=True)]
        value = self.op("power", u, 2.0) if self._exact and u == v and isinstance(u, str) else self.op("*", u, v)
        return value, first, second

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
        if self._exact:
            return self.op("power", a, float(n))
        half = self._products(a, n // 2)
        square = self.op("*", half, half)
        return self.op("*", square, a) if n % 2 else square


def _folded(operation: str, constants: list[float]) -> float:
    with np.errstate(all="ignore"):
        return float(_FOLD[operation](*(np.float64(a) for a in constants)))


def _folded_exactly(operation: str, constants: list[float]) -> float | None:
    """Return the result where it is a float to the last digit, else None."""
    if operation not in _EXACT or not all(map(math.isfinite, constants)):
        return None
    if operation == "/" and constants[1] == 0.0:
        return None
    exact = _EXACT[operation](*map(Fraction, constants))
    rounded = _folded(operation, constants)
    return rounded if math.isfinite(rounded) and Fraction(rounded) == exact else None


_FOLD: Final[dict[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "neg": np.negative,
    "equal": np.equal,
    "greater": np.greater,
    "choose": np.where,
    **NUMPY,
}
_EXACT: Final[dict[str, Callable[..., Fraction]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "neg": operator.neg,
}
