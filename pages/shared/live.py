"""What the browser runs itself: the programs of a formula and of the rules on it, and the numbers they run with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dynamics import HallucinationCurves, Rule, gd, sam
from dynamics.programs import in_javascript
from landscapes import Landscape
from landscapes.formula import parse
from landscapes.landscape import Objective
from pages.shared.analysis import Question
from pages.shared.radius_analysis import Span, quick

_MOST_SAMPLES: Final = 9_000  # of branches: about 200 kB
ETA, RHO, PARAMETERS = 0, 1, 2  # where they stand among the numbers given to a program
Moves = Mapping[str, tuple[int, ...]]


def _gd_on(l: Objective, eta: float, rho: float) -> Rule:
    return gd(l, eta)


_RULES: Final[dict[str, Callable[[Objective, float, float], Rule]]] = {"GD": _gd_on, "SAM": sam}


@dataclass(frozen=True, eq=False)
class Branches:
    """Where the hallucinated points are at every radius."""

    samples: npt.NDArray[np.float64]  # (m, d + 2) rho, x and the step limit; ascending in rho on each branch
    offsets: npt.NDArray[np.int32]  # (n + 1,) where in the samples each branch begins


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
    branches: Branches | None = None  # None where they take long, or change with the radius

    @property
    def name(self) -> str:
        """A name for the question: another one has another."""
        asked = (self.program, self.given, self.start, self.steps)
        return hashlib.blake2b(repr(asked).encode(), digest_size=12).hexdigest()


def live(q: Question, radius: str = "rho", rho_max: float | None = None) -> Live:
    """Say how the browser runs GD and SAM.

    Args:
        q: the question.
        radius: the key of the radius's control.
        rho_max: its upper limit; the landscape's, where none is given.
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
        branches=_branches(q, q.landscape.rho_max if rho_max is None else rho_max),
    )


def _branches(q: Question, rho_max: float) -> Branches | None:
    """Sample the branches where they are found in a moment and are not many; curves of points are none of them."""
    found = quick(Span(q.landscape, rho_max, q.eta))
    if found is None or found.moves or len(found.curves.rho) > _MOST_SAMPLES:
        return None
    return _sampled(found.curves)


def _sampled(c: HallucinationCurves) -> Branches:
    samples = np.column_stack([c.rho, c.points, c.step_limits])
    counts = np.diff(c.offsets)
    isolated = ~c.curves
    return Branches(
        samples[np.repeat(isolated, counts)],
        np.concatenate([[0], np.cumsum(counts[isolated])]).astype(np.int32),
    )


@lru_cache(maxsize=64)
def program(formula: str) -> str:
    """Write the module for a formula."""
    parsed = parse(formula)
    l = Landscape(formula, ((-1.0, 1.0),) * parsed.dim, dict.fromkeys(parsed.parameters, 1.0))
    rules = ",\n".join(f"{name}: {in_javascript(rule_on, l)}" for name, rule_on in _RULES.items())
    return f"export const value = {l.javascript('f')};\nexport const rules = {{\n{rules}\n}};\n"
