"""What the browser runs itself: the programs of a formula and of the rules on it, and the numbers they run with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dynamics import Rule, gd, sam
from dynamics.programs import in_javascript
from landscapes import Landscape
from landscapes.formula import parse
from landscapes.landscape import Objective
from pages.shared.analysis import Question

ETA, RHO, PARAMETERS = 0, 1, 2  # where they stand among the numbers given to a program
Moves = Mapping[str, tuple[int, ...]]


def _gd_on(l: Objective, eta: float, rho: float) -> Rule:
    return gd(l, eta)


_RULES: Final[dict[str, Callable[[Objective, float, float], Rule]]] = {"GD": _gd_on, "SAM": sam}


@dataclass(frozen=True)
class Live:
    """A question as the browser needs it to run GD and SAM.

    `program` is the text of a JavaScript module; it exports `value`, a formula's function, and `rules`, the runs by the
    rules' names, see `dynamics.programs.in_javascript`. No typed character is in it.
    """

    program: str
    given: tuple[float, ...]  # eta, rho and the parameters
    start: tuple[float, ...]
    steps: int
    moves: Moves  # which of the given numbers a control sets, by its key

    @property
    def name(self) -> str:
        """A name for the question: another one has another."""
        asked = (self.program, self.given, self.start, self.steps)
        return hashlib.blake2b(repr(asked).encode(), digest_size=12).hexdigest()


def live(q: Question, radius: str = "rho") -> Live:
    """Say how the browser runs GD and SAM.

    Args:
        q: the question.
        radius: the key of the radius's control.
    """
    parameters = dict(q.landscape.parameters)
    places = {f"p_{name}": (PARAMETERS + i,) for i, name in enumerate(parameters) if name != "rho"}
    radii = tuple(PARAMETERS + i for i, name in enumerate(parameters) if name == "rho")
    return Live(
        program=program(q.landscape.formula),
        given=(q.eta, q.rho, *parameters.values()),
        start=q.start,
        steps=q.steps,
        moves={"eta": (ETA,), radius: (RHO, *radii), **places},
    )


@lru_cache(maxsize=64)
def program(formula: str) -> str:
    """Write the module for a formula."""
    parsed = parse(formula)
    l = Landscape(formula, ((-1.0, 1.0),) * parsed.dim, dict.fromkeys(parsed.parameters, 1.0))
    rules = ",\n".join(f"{name}: {in_javascript(rule_on, l)}" for name, rule_on in _RULES.items())
    return f"export const value = {l.javascript('f')};\nexport const rules = {{\n{rules}\n}};\n"
