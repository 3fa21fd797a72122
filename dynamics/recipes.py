"""What can be tried in place of plain SAM, in the order in which pages list it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from landscapes.landscape import Objective

from .noise import noisy
from .rules import Rule, cosine_decay, gd, linear_decay, linear_ramp, momentum, sam, scheduled, warm_start
from .variants import asam, gsam, lesam, looksam, ssam, usam, vasso, wsam

Values: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Knob:
    """A number that a rule takes besides eta and rho."""

    name: str
    symbol: str
    default: float
    low: float
    high: float
    says: str  # what it does, in one sentence
    whole: bool = False  # only whole numbers


@dataclass(frozen=True)
class Recipe:
    """How a rule is called, what it does, and how it is made."""

    label: str
    equation: str  # LaTeX, in the symbols x, g, s = g(x+), eta, rho
    source: str
    make: Callable[[Objective, float, float, int, Values], Rule]
    knobs: tuple[Knob, ...] = ()

    def values(self, options: Values | None = None) -> dict[str, float]:
        """Return a value for every knob.

        Args:
            options: values by the knobs' names; what is left out is as by default.

        Raises:
            ValueError: an option is no knob of this rule, or out of its range.
        """
        values: dict[str, float] = {knob.name: knob.default for knob in self.knobs}
        for name, value in (options or {}).items():
            knob = next((knob for knob in self.knobs if knob.name == name), None)
            if knob is None:
                raise ValueError(f"{self.label} has no option {name!r}; it has {list(values)}")
            if not knob.low <= value <= knob.high or (knob.whole and value != int(value)):
                kind = "a whole number" if knob.whole else "a number"
                raise ValueError(f"{name} must be {kind} from {knob.low:g} to {knob.high:g}, got {value}")
            values[name] = int(value) if knob.whole else float(value)
        return values

    def build(self, l: Objective, eta: float, rho: float, steps: int, options: Values | None = None) -> Rule:
        """Make the rule.

        Args:
            l: the objective.
            eta: step size, > 0.
            rho: perturbation radius, >= 0.
            steps: of the whole run; schedules end with it.
            options: see `values`.
        """
        return self.make(l, eta, rho, steps, self.values(options))


def _whole(name: str, symbol: str, default: int, low: int, high: int, says: str) -> Knob:
    return Knob(name, symbol, default, low, high, says, whole=True)


def _scheduled(
    schedule: Callable[[float, int], Callable[[int], float]],
    words: str,
    l: Objective,
    eta: float,
    rho: float,
    steps: int,
    values: Values,
) -> Rule:
    return scheduled(partial(sam, l, eta), schedule(rho, steps), steps, words)


_AHEAD: Final = r"x^+ = x + \rho\,g/\lVert g\rVert"
_STEP: Final = r"x \leftarrow x - \eta\,s"
_WARM: Final = _whole("warm", "k", 300, 0, 100_000, "Steps of gradient descent before SAM begins.")

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "sam": Recipe(
            "SAM",
            rf"{_AHEAD}, \quad {_STEP}",
            "Foret et al. 2021",
            lambda l, eta, rho, steps, v: sam(l, eta, rho),
        ),
        "warm": Recipe(
            "SAM after a warm-start",
            r"x \leftarrow x - \eta\,g \text{ for } k \text{ steps, then SAM}",
            "Park et al. 2025",
            lambda l, eta, rho, steps, v: warm_start(gd(l, eta), sam(l, eta, rho), int(v["warm"])),
            (_WARM,),
        ),
        "linear": Recipe(
            "SAM, ρ falling linearly",
            r"\rho_t = \rho\,(1 - t/T)",
            "common practice",
            partial(_scheduled, linear_decay, "ρ falling linearly to 0"),
        ),
        "cosine": Recipe(
            "SAM, ρ falling as a cosine",
            r"\rho_t = \tfrac12\,\rho\,(1 + \cos(\pi t/T))",
            "common practice",
            partial(_scheduled, cosine_decay, "ρ falling to 0 as a cosine"),
        ),
        "ramp": Recipe(
            "SAM, ρ rising linearly",
            r"\rho_t = \rho\,t/T",
            "common practice",
            partial(_scheduled, linear_ramp, "ρ rising linearly from 0"),
        ),
        "momentum": Recipe(
            "SAM with momentum",
            rf"{_AHEAD}, \quad v \leftarrow \beta v + s, \quad x \leftarrow x - \eta\,v",
            "Polyak 1964",
            lambda l, eta, rho, steps, v: momentum(sam(l, eta, rho), v["beta"]),
            (Knob("beta", "β", 0.9, 0.0, 0.999, "The share of the last step that is kept."),),
        ),
        "noise": Recipe(
            "SAM with gradient noise",
            r"g + \sigma\xi \text{ and } s + \sigma\xi \text{ in place of } g \text{ and } s",
            "common practice",
            lambda l, eta, rho, steps, v: noisy(partial(_sam_on, eta, rho), l, v["sigma"], int(v["seed"])),
            (
                Knob("sigma", "σ", 0.1, 0.0, 100.0, "The noise's standard deviation in each variable."),
                _whole("seed", "seed", 0, 0, 9999, "The same seed gives the same noise."),
            ),
        ),
        "usam": Recipe(
            "USAM",
            rf"x^+ = x + \rho\,g, \quad {_STEP}",
            "Andriushchenko and Flammarion 2022",
            lambda l, eta, rho, steps, v: usam(l, eta, rho),
        ),
        "asam": Recipe(
            "ASAM",
            rf"T = |x| + 0.01, \quad x^+ = x + \rho\,T^2 g/\lVert T g\rVert, \quad {_STEP}",
            "Kwon et al. 2021",
            lambda l, eta, rho, steps, v: asam(l, eta, rho),
        ),
        "gsam": Recipe(
            "GSAM",
            rf"{_AHEAD}, \quad x \leftarrow x - \eta\,(s - \alpha\,g_\perp), \quad g_\perp = g - (g \cdot s)\,s/"
            r"\lVert s\rVert^2",
            "Zhuang et al. 2022",
            lambda l, eta, rho, steps, v: gsam(l, eta, rho, v["alpha"]),
            (Knob("alpha", "α", 0.4, 0.0, 1.0, "How much of the gradient's part across s is ascended."),),
        ),
        "looksam": Recipe(
            "LookSAM",
            rf"\text{{every }} k \text{{ steps }} {_STEP},\ v = s - (s \cdot u)\,u,\ u = g/\lVert g\rVert; \quad "
            r"\text{else } x \leftarrow x - \eta\,(g + \alpha\,\lVert g\rVert\,v/\lVert v\rVert)",
            "Liu et al. 2022",
            lambda l, eta, rho, steps, v: looksam(l, eta, rho, v["alpha"], int(v["k"])),
            (
                _whole("k", "k", 5, 1, 1000, "Steps from one look-ahead to the next."),
                Knob("alpha", "α", 0.7, 0.0, 1.0, "The weight of the kept direction in between."),
            ),
        ),
        "vasso": Recipe(
            "VaSSO",
            rf"d \leftarrow (1 - \theta)\,d + \theta\,g, \quad x^+ = x + \rho\,d/\lVert d\rVert, \quad {_STEP}",
            "Li and Giannakis 2023",
            lambda l, eta, rho, steps, v: vasso(l, eta, rho, v["theta"]),
            (Knob("theta", "θ", 0.4, 0.001, 1.0, "The weight of the newest gradient in the look-ahead."),),
        ),
        "ssam": Recipe(
            "SSAM",
            rf"{_AHEAD}, \quad x \leftarrow x - \eta\,\lVert g\rVert\,s/\lVert s\rVert",
            "Stable SAM, Tan et al. 2024",
            lambda l, eta, rho, steps, v: ssam(l, eta, rho),
        ),
        "wsam": Recipe(
            "WSAM",
            rf"{_AHEAD}, \quad x \leftarrow x - \eta\,(g + (s - g)\,\gamma/(1 - \gamma))",
            "Yue et al. 2023",
            lambda l, eta, rho, steps, v: wsam(l, eta, rho, v["gamma"]),
            (Knob("gamma", "γ", 0.9, 0.0, 0.99, "The weight of the sharpness: 0 is gradient descent, 1/2 is SAM."),),
        ),
        "lesam": Recipe(
            "LE-SAM",
            rf"x^+ = x + r\,g/\lVert g\rVert, \quad r = \min(\sigma/\lVert g\rVert, \rho), \quad {_STEP}",
            "Wang et al. 2026",
            lambda l, eta, rho, steps, v: lesam(l, eta, rho, v["sigma"]),
            (Knob("sigma", "σ", 0.35, 0.0, 1000.0, "How much higher, to first order, f is where it looks."),),
        ),
    }
)


def _sam_on(eta: float, rho: float, l: Objective) -> Rule:
    return sam(l, eta, rho)
