"""Random formulas from a seed: sums, products, quotients, powers and calls over x, y and parameters."""

import numpy as np

from landscapes import Landscape
from landscapes.formula import parse

FUNCTIONS = "sin cos tan asin acos atan sinh cosh tanh exp log log10 sqrt abs".split()
PARAMETERS = {"a": 1.5, "constructor": -2.25, "eval": 0.5}


def random_formula(rng: np.random.Generator, depth: int = 3) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.15:
        if rng.random() < 0.7:
            return str(rng.choice(["x", "y"]))
        return str(rng.choice([*PARAMETERS, "pi", *map(str, rng.uniform(0.1, 4.0, 3).round(2))]))
    inner = random_formula(rng, depth - 1)
    if kind < 0.4:
        return f"{rng.choice(FUNCTIONS)}({inner})"
    if kind < 0.55:
        return f"({inner})^{rng.choice(['2', '3', '-1', '0.5', '1.5', 'a', 'y'])}"
    return f"({inner}) {rng.choice(['+', '-', '*', '/'])} ({random_formula(rng, depth - 1)})"


def random_landscapes(count: int, seed: int) -> list[Landscape]:
    """Landscapes of formulas that have a variable, on [-3, 3] or its square."""
    rng = np.random.default_rng(seed)
    found: list[Landscape] = []
    while len(found) < count:
        text = random_formula(rng)
        if {"x", "y"} & set(text.replace("exp", "")):
            formula = parse(text)
            values = {name: PARAMETERS[name] for name in formula.parameters}
            found.append(Landscape(text, ((-3.0, 3.0),) * formula.dim, values))
    return found
