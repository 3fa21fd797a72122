"""A landscape: a formula, the window it is looked at in, and the values of its parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Literal, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from .arithmetic import SILENT
from .formula import parse
from .function import FunctionLandscape, points_of, within
from .kernel import Kernel
from .notation import latex
from .traced import Traced
from .tree import Formula

Array: TypeAlias = npt.NDArray[np.floating[Any]]
Domain: TypeAlias = tuple[tuple[float, float], ...]

# Larger blocks fall out of the cache and of the allocator's small sizes and cost ten times as much a point.
_BLOCK: Final = 2048

DENSE: Final = 500  # variables; an objective of so many or more has no Hessian, only its products


class Objective(Protocol):
    """What rules and loops need of a function: a landscape in one or two variables, or a network's loss."""

    @property
    def dim(self) -> int:
        """Number of variables."""
        ...

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        """Map (..., d) to (...) and (..., d)."""
        ...


@lru_cache(maxsize=256)
def _kernel(text: str) -> Kernel:
    return Kernel(parse(text))


@dataclass(frozen=True)
class Landscape:
    """A formula in x, or in x and y, on a window. Frozen, hashable and picklable.

    Args:
        formula: the text, see `landscapes.formula` for what may be written.
        domain: one pair (low, high) for each variable.
        parameters: a finite value for every other name in the formula.

    Raises:
        FormulaError: the text is not a formula.
        ValueError: domain or parameters do not fit the formula.
    """

    formula: str
    domain: Domain
    parameters: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    parsed: Formula = field(init=False, repr=False, compare=False)
    kernel: Kernel = field(init=False, repr=False, compare=False)
    _values: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the window and the parameters; make the kernel or take it from the cache."""
        parsed = parse(self.formula)
        given = dict(self.parameters)
        missing = [name for name in parsed.parameters if name not in given]
        if missing:
            raise ValueError(f"the parameter {missing[0]!r} has no value; give parameters={{{missing[0]!r}: 1.0}}")
        unknown = [name for name in given if name not in parsed.parameters]
        if unknown:
            raise ValueError(f"the formula has no parameter {unknown[0]!r}; it has {list(parsed.parameters)}")
        values = tuple(float(given[name]) for name in parsed.parameters)
        for name, value in zip(parsed.parameters, values, strict=True):
            if not math.isfinite(value):
                raise ValueError(f"the parameter {name!r} must be a finite number, got {value}")
        domain = _checked(self.domain)
        if len(domain) != parsed.dim:
            raise ValueError(
                f"the formula has {parsed.dim} variable(s), the domain has {len(domain)} pair(s); "
                "give one (low, high) for each variable"
            )
        put = object.__setattr__
        put(self, "domain", domain)
        put(self, "parameters", tuple(zip(parsed.parameters, values, strict=True)))
        put(self, "parsed", parsed)
        put(self, "kernel", _kernel(self.formula))
        put(self, "_values", values)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the plain data; the kernel is made anew."""
        return Landscape, (self.formula, self.domain, self.parameters)

    @staticmethod
    def of(f: Callable[[Any], Any], domain: Domain) -> FunctionLandscape:
        """Make a landscape of any autograd-traceable f: (..., d) -> (...), without what needs a formula."""
        return FunctionLandscape(f, _checked(domain))

    @property
    def dim(self) -> int:
        """Number of variables, 1 or 2."""
        return self.parsed.dim

    @property
    def diagonal(self) -> float:
        """Length of the window's diagonal."""
        return math.hypot(*(high - low for low, high in self.domain))

    @property
    def rho_max(self) -> float:
        """The largest radius that is looked at: half the window's smaller width."""
        return largest_radius(self.domain)

    @property
    def depends_on_rho(self) -> bool:
        """Whether f has a parameter rho: that one is SAM's radius, and f another one at every radius."""
        return "rho" in dict(self.parameters)

    def contains(self, x: Array, slack: float = 0.0) -> npt.NDArray[np.bool_]:
        """Mask (...) of the points (..., d) in the window, edges included, widened by `slack`."""
        return within(self.domain, x, slack)

    def latex(self) -> str:
        """Return the formula as typed, in LaTeX."""
        return latex(self.parsed)

    def with_parameters(self, **values: float) -> Landscape:
        """Return the same landscape with other values for those of `values` that it has as parameters."""
        known = dict(self.parameters)
        return replace(self, parameters=known | {k: v for k, v in values.items() if k in known})

    def with_domain(self, domain: Domain) -> Landscape:
        """Return the same landscape on another window."""
        return replace(self, domain=domain)

    def value(self, x: npt.ArrayLike) -> Array:
        """Map points (..., d) to values (...); NaN where f is undefined."""
        return self._evaluate("f", x)[0]

    def gradient(self, x: npt.ArrayLike) -> Array:
        """Map points (..., d) to gradients (..., d); NaN where f is undefined."""
        return self._evaluate("g", x)[0]

    def hessian(self, x: npt.ArrayLike) -> Array:
        """Map points (..., d) to Hessians (..., d, d); NaN where f is undefined."""
        return self._evaluate("h", x)[0]

    def value_and_gradient(self, x: npt.ArrayLike) -> tuple[Array, Array]:
        """Map points (..., d) to values (...) and gradients (..., d); what rules and loops call.

        At a traced point (d,), see `landscapes.traced`, both are traced too.
        """
        value, gradient = self._evaluate("fg", x)
        return value, gradient

    def gradient_and_hessian(self, x: npt.ArrayLike) -> tuple[Array, Array]:
        """Map points (..., d) to gradients (..., d) and Hessians (..., d, d); what Newton's method calls."""
        gradient, hessian = self._evaluate("gh", x)
        return gradient, hessian

    def on_balls(self, outputs: str) -> Callable[..., tuple[Any, ...]]:
        """Return the function of balls (x[, y]) that encloses "f", "g", "h" or several; see `Kernel.balls`."""
        return self.kernel.balls(outputs, self._values)

    def javascript(self, outputs: str) -> str:
        """Return a JavaScript expression whose value is a function, what the kernel's program is in Python.

        The function takes numbers (x[, y], *parameters), in the order of `parameters`, and returns the flat array of
        the asked value "f", gradient "g" (x, y) and Hessian "h" (xx, xy, yy). Where f is undefined or overflows they
        are NaN or infinite as with NumPy. No character of the formula's text is in it.
        """
        return self.kernel.javascript(outputs)

    def _evaluate(self, outputs: str, x: npt.ArrayLike) -> list[Array]:
        if isinstance(x, Traced):
            return cast(list[Array], self.kernel.traced(outputs, x, self._values))
        d = self.dim
        points = points_of(x, d)
        if points.ndim == 1:
            return self._evaluate_one(outputs, points)
        columns = points.reshape(-1, d).T
        n = columns.shape[1]
        # What comes in column by column goes out so: the program works on columns, and copies none then.
        order: Literal["F", "C"] = "F" if points.ndim == 2 and points.flags.f_contiguous else "C"
        results = [
            np.empty((n, *(d,) * _ORDER[output]), order=order if _ORDER[output] < 2 else "C") for output in outputs
        ]
        targets = [
            target for output, result in zip(outputs, results, strict=True) for target in _targets(output, result)
        ]
        program = self.kernel.program(outputs)
        with np.errstate(all="ignore"):
            for start in range(0, n, _BLOCK):
                block = slice(start, start + _BLOCK)
                arguments = [np.ascontiguousarray(column[block]) for column in columns]
                for target, result in zip(targets, program(*arguments, *self._values), strict=True):
                    target[block] = result
        if d == 2 and "h" in outputs:
            hessian = results[outputs.index("h")]
            hessian[:, 1, 0] = hessian[:, 0, 1]
        return [result.reshape(points.shape[:-1] + result.shape[1:]) for result in results]

    def _evaluate_one(self, outputs: str, point: Array) -> list[Array]:
        try:
            results = SILENT.copy().run(self.kernel.scalar(outputs), *point.tolist(), *self._values)
        except (ArithmeticError, ValueError):  # where Python raises, arrays have NaN or infinity
            return [result[0] for result in self._evaluate(outputs, point[None])]
        shaped: list[Array] = []
        taken = 0
        for output in outputs:
            width = _WIDTH[self.dim][output]
            part = results[taken : taken + width]
            taken += width
            if output == "f":
                shaped.append(np.float64(part[0]))  # type: ignore[arg-type]
            elif output == "g":
                shaped.append(np.array(part))
            elif width == 1:
                shaped.append(np.array([part]))
            else:
                shaped.append(np.array([part[:2], part[1:]]))
        return shaped


_ORDER: Final = {"f": 0, "g": 1, "h": 2}
_WIDTH: Final = {1: {"f": 1, "g": 1, "h": 1}, 2: {"f": 1, "g": 2, "h": 3}}


def _targets(output: str, result: Array) -> list[Array]:
    """Views (n,) into a result for what a program returns: f; g_x, g_y; h_xx, h_xy, h_yy."""
    if output == "f":
        return [result]
    if output == "g":
        return list(result.T)
    d = result.shape[1]
    return [result[:, i, j] for i in range(d) for j in range(i, d)]


def largest_radius(domain: Domain) -> float:
    """Half the smaller width of a window."""
    return 0.5 * min(high - low for low, high in domain)


def _checked(domain: Any) -> Domain:
    pairs = tuple((float(low), float(high)) for low, high in domain)
    if len(pairs) not in (1, 2):
        raise ValueError(f"the domain must have one or two pairs (low, high), got {len(pairs)}")
    for low, high in pairs:
        if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low) and low < high):
            raise ValueError(f"a domain's pair must be finite numbers low < high, got ({low}, {high})")
    return pairs
