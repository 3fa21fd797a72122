"""A Python function as a landscape, its derivatives by autograd. It serves where no formula is, and as a check."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import autograd.numpy as anp
import numpy as np
import numpy.typing as npt
from autograd import elementwise_grad

from .tree import Binary, Call, Constant, Formula, Negate, Node, Number, Parameter, Variable

_FUNCTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "sin": anp.sin,
    "cos": anp.cos,
    "tan": anp.tan,
    "asin": anp.arcsin,
    "acos": anp.arccos,
    "atan": anp.arctan,
    "sinh": anp.sinh,
    "cosh": anp.cosh,
    "tanh": anp.tanh,
    "exp": anp.exp,
    "log": anp.log,
    "log10": anp.log10,
    "sqrt": anp.sqrt,
    "abs": anp.abs,
}
_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
}


class FunctionLandscape:
    """The landscape of an autograd-traceable f: (..., d) -> (...).

    It has a window and maps points as a `Landscape` does, so that rules, searches and verdicts take either. What needs
    the formula it has not: `latex`, parameters, another window by `with_domain`, and balls for a proof. It has no
    equality but identity, and cannot be pickled.
    """

    def __init__(self, f: Callable[[Any], Any], domain: tuple[tuple[float, float], ...]) -> None:
        """Keep `f`, to be looked at in `domain`, a pair (low, high) for each variable."""
        self.f = f
        self.domain = domain
        # Autograd warns of an output that does not depend on x, such as a constant derivative: 0 x makes it depend.
        self._gradient = elementwise_grad(lambda x: f(x) + 0.0 * x[..., 0])
        self._rows = [elementwise_grad(self._component(i)) for i in range(self.dim)]

    def _component(self, i: int) -> Callable[[Any], Any]:
        return lambda x: self._gradient(x)[..., i] + 0.0 * x[..., i]

    @property
    def dim(self) -> int:
        """Number of variables."""
        return len(self.domain)

    @property
    def diagonal(self) -> float:
        """Length of the window's diagonal."""
        return math.hypot(*(high - low for low, high in self.domain))

    def contains(self, x: npt.NDArray[Any], slack: float = 0.0) -> npt.NDArray[np.bool_]:
        """Mask (...) of the points (..., d) in the window, edges included, widened by `slack`."""
        return within(self.domain, x, slack)

    def value(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map points (..., d) to values (...)."""
        return self._mapped(self.f, x)

    def gradient(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map points (..., d) to gradients (..., d)."""
        return self._mapped(self._gradient, x)

    def hessian(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map points (..., d) to Hessians (..., d, d)."""
        return np.stack([self._mapped(row, x) for row in self._rows], axis=-2)

    def _mapped(self, function: Callable[[Any], Any], x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        points = points_of(x, self.dim)
        with np.errstate(all="ignore"):
            if points.ndim > 1:
                return np.asarray(function(points), dtype=np.float64)
            # As one of many: a power of a number is another one, in its last bit, than that of an array.
            return np.asarray(function(points[None])[0], dtype=np.float64)

    def value_and_gradient(self, x: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Map points (..., d) to values (...) and gradients (..., d)."""
        return self.value(x), self.gradient(x)

    def gradient_and_hessian(self, x: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Map points (..., d) to gradients (..., d) and Hessians (..., d, d)."""
        return self.gradient(x), self.hessian(x)


def points_of(x: npt.ArrayLike, d: int) -> npt.NDArray[np.float64]:
    """Return x as an array of points (..., d).

    Raises:
        ValueError: x has another shape.
    """
    points = np.asarray(x, dtype=np.float64)
    if points.shape[-1:] != (d,):
        raise ValueError(f"points must have shape (..., {d}), got {points.shape}")
    return points


def within(domain: tuple[tuple[float, float], ...], x: npt.NDArray[Any], slack: float = 0.0) -> npt.NDArray[np.bool_]:
    """Mask (...) of the points (..., d) in a window, edges included, widened by `slack`."""
    inside = np.ones(x.shape[:-1], dtype=np.bool_)
    for i, (low, high) in enumerate(domain):
        edge = slack + 1e-12 * (high - low)
        inside &= (x[..., i] >= low - edge) & (x[..., i] <= high + edge)
    return inside


def walk(formula: Formula, parameters: Mapping[str, float]) -> Callable[[Any], Any]:
    """Return the formula as a Python function (..., d) -> (...) that evaluates its tree node by node.

    Autograd differentiates it, so that the kernel's derivatives can be held against somebody else's.
    """

    def evaluate(node: Node, x: Any) -> Any:
        match node:
            case Number(value=value):
                return np.float64(value)  # where a float raises, as in 0/0, this gives NaN or infinity
            case Constant(name=name):
                return np.float64(math.pi if name == "pi" else math.e)
            case Parameter(name=name):
                return np.float64(parameters[name])
            case Variable(name=name):
                return x[..., 0 if name == "x" else 1]
            case Negate(argument=argument):
                return -evaluate(argument, x)
            case Call(function=function, argument=argument):
                return _FUNCTIONS[function](evaluate(argument, x))
            case Binary(operator=operator, left=left, right=right):
                return _OPERATORS[operator](evaluate(left, x), evaluate(right, x))
        raise TypeError(f"not a node of a formula: {node!r}")

    return lambda x: evaluate(formula.tree, x)
