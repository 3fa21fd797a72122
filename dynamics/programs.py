"""A rule's step as a straight-line program: a loop on Python's floats, and JavaScript for the browser.

The rule is called once on a traced point, see `landscapes.traced`; what it does there is written down, the lines of the
landscape's value and gradient among it. So every rule is written once, in NumPy, and the loop does the same operations
in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from landscapes import Landscape, javascript
from landscapes.arithmetic import FLOATS
from landscapes.landscape import Array, Objective
from landscapes.printing import FLOATING, written
from landscapes.tape import Atom
from landscapes.traced import Named, Trace, Traced, Untraceable

from .memory import arrays, mapped
from .rules import Rule

_FAILURES: Final = (ArithmeticError, ValueError)  # where Python's floats raise and NumPy's are NaN or infinite


class StepNumber:
    """The number of a step, as a rule sees it while it is traced: what is asked of it says how long the trace holds."""

    def __init__(self, k: int, until: list[float], shift: int = 0) -> None:
        self._k, self._until, self._shift = k, until, shift

    def _turns(self, at: float) -> None:
        if at + self._shift > self._k:
            self._until[0] = min(self._until[0], at + self._shift)

    def __lt__(self, other: float) -> bool:
        self._turns(other)
        return self._k - self._shift < other

    def __ge__(self, other: float) -> bool:
        return not self < other

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, int)
        if self._k - self._shift == other:
            raise Untraceable("a step of its own")
        self._turns(other)
        return False

    def __sub__(self, steps: int) -> StepNumber:
        return StepNumber(self._k, self._until, self._shift + steps)

    def _refuse(self, *_: Any) -> Any:
        raise Untraceable("another map at every step")

    __hash__ = None  # type: ignore[assignment]
    __bool__ = __int__ = __index__ = __float__ = __mod__ = __mul__ = __rmul__ = __truediv__ = __add__ = _refuse


@dataclass(frozen=True)
class Program:
    """One step of a rule, as lines.

    Args:
        trace: its lines and the values of its arguments.
        state: variables x (d) and what is remembered; the lines set them anew.
        seen: atoms of x, x+, f, f+, g, s: 4d + 2 of them.
        onwards: atoms of the next state.
        eta: the step size.
        rho: the radius, as the rule says it.
        until: the first step that is another one; infinite where none is.
    """

    trace: Trace
    state: tuple[str, ...]
    seen: tuple[Atom, ...]
    onwards: tuple[Atom, ...]
    eta: float
    rho: float
    until: float

    @property
    def python(self) -> str:
        """Text of a function that takes steps until they are done or an operation fails."""
        text, body = written(self.trace.lines, [*self.seen, *self.onwards], FLOATING)
        lines = "".join(f"            {name} = {text[name]}\n" for name in body)
        state, seen, onwards = (", ".join(map(FLOATING.atom, part)) for part in (self.state, self.seen, self.onwards))
        arguments = ", ".join(["steps", "put", *self.state, *self.trace.arguments])
        return (
            f"def run({arguments}):\n    try:\n        for _ in steps:\n{lines}            put(({seen},))\n"
            f"            {state} = {onwards}\n    except failures:\n        pass\n    return [{state}]\n"
        )

    def run(self, steps: int, state: Sequence[float]) -> tuple[list[float], Array]:
        """Take steps, fewer where an operation fails: what is undefined or overflows is up to NumPy.

        Args:
            steps: how many, at most.
            state: x and what is remembered.

        Returns:
            The state after them, and what was seen, a row a step.
        """
        rows: list[tuple[float, ...]] = []
        state = _loaded(self.python)(range(steps), rows.append, *state, *self.trace.arguments.values())
        return list(state), np.array(rows).reshape(len(rows), len(self.seen))


@lru_cache(maxsize=128)
def _loaded(text: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {
        "__builtins__": {},
        "float": float,
        "inf": math.inf,
        "nan": math.nan,
        "failures": _FAILURES,
        **FLOATS,
    }
    exec(compile(text, "<rule>", "exec"), namespace)
    run: Callable[..., Any] = namespace["run"]
    return run


def program(rule: Rule, memory: Any, k: int) -> Program | None:
    """Trace step k of a rule.

    Args:
        rule: any rule.
        memory: of step k, for one point.
        k: the step's number.

    Returns:
        Its program; None where it cannot be traced: its objective has no formula, it makes random numbers, or it is
        another map at every step.
    """
    d = rule.objective.dim
    trace, until = Trace(), [math.inf]
    names = list("xy"[:d])

    def remembered(array: Any) -> Traced:
        if np.shape(array) != (d,) or np.asarray(array).dtype != np.float64:
            raise Untraceable("what is remembered is not of the point's kind")
        more = [f"m{len(names) - d + i}" for i in range(d)]
        names.extend(more)
        return trace.variables(*more)

    x = trace.variables(*names)
    try:
        seen, onwards = rule.step(x, mapped(memory, remembered), StepNumber(k, until))  # type: ignore[arg-type]
        parts = [x, seen.x_plus, seen.f, seen.f_plus, seen.g, seen.s]
        after = [seen.x_next, *arrays(onwards)]
        flat = [tuple(atom for part in each for atom in trace.atoms(part).ravel()) for each in (parts, after)]
    except (Untraceable, ValueError):  # a network says that a traced point is no point of its
        return None
    return Program(trace, tuple(names), flat[0], flat[1], float(seen.eta), float(seen.rho), until[0])


def in_javascript(rule_on: Callable[[Objective, float, float], Rule], l: Landscape) -> str | None:
    """Write runs of a rule as JavaScript: an expression whose value is the function run(state, given, rows, from, to).

    `state` holds x and what is remembered, `given` eta, rho and the landscape's parameters; row i from `from` on, of
    4d + 2 numbers, is written with x, x+, f, f+, g and S of step i, and `state` set to that of step `to`. No typed
    character is in it.

    Args:
        rule_on: makes the rule from a landscape, a step size and a radius; where it computes with these alone, before
            they meet a point, the rule cannot be traced.
        l: its formula is what counts: window and parameters may be others when it runs.

    Returns:
        The text; None where the rule cannot be traced, or is not the same at every step.
    """
    try:
        rule = rule_on(l, Named("eta", 0.01), Named("rho", 1.0))
    except Untraceable:
        return None
    found = program(rule, rule.start(np.zeros(l.dim)), 0)
    if found is None or found.until != math.inf:
        return None
    own, lines = javascript.body(found.trace.lines, [*found.seen, *found.onwards])
    atom = javascript.JAVASCRIPT.atom
    given = ["eta", "rho", *(f"p{i}" for i in range(len(l.parameters)))]
    constants = {name: value for name, value in found.trace.arguments.items() if name not in given}
    taken = "".join(f"const {name} = given[{i}];\n" for i, name in enumerate(given))
    taken += "".join(f"const {name} = {javascript.number(value)};\n" for name, value in constants.items())
    state = ", ".join(f"{name} = state[{i}]" for i, name in enumerate(found.state))
    rows = "".join(f"rows[at++] = {atom(a)};\n" for a in found.seen)
    onwards = "".join(f"const n{i} = {atom(a)};\n" for i, a in enumerate(found.onwards))
    onwards += "".join(f"{name} = n{i};\n" for i, name in enumerate(found.state))
    back = "".join(f"state[{i}] = {name};\n" for i, name in enumerate(found.state))
    return (
        f"(() => {{\n{own}return (state, given, rows, from, to) => {{\n{taken}let {state};\n"
        f"let at = from * {len(found.seen)};\nfor (let k = from; k < to; k++) {{\n{lines}{rows}{onwards}}}\n{back}}};\n"
        "})()"
    )
