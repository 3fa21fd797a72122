"""Named landscapes, each with a window, a start, rho and eta at which there is something to be seen.

The formulas go through the same parser as typed ones. What an entry's story says, and how its two runs end, is
proved by a run in the tests. The numbers of the presets are this project's own, none of them is the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from .landscape import Landscape

Ending: TypeAlias = tuple[str, str | None]  # outcome and kind, in the words of dynamics.verdict


@dataclass(frozen=True)
class Entry:
    """A landscape, how GD and SAM run on it from one start, and what is to be seen. Hashable and picklable."""

    name: str  # a short title
    landscape: Landscape
    start: tuple[float, ...]
    rho: float  # also the value of the landscape's parameter rho, where it has one
    eta: float
    steps: int  # after which both runs have settled
    story: str  # one sentence or two, true at these numbers
    gd: Ending  # how GD ends
    sam: Ending  # how SAM ends

    @property
    def rho_max(self) -> float:
        """Half the window's smaller width: a look-ahead any longer leaves the picture from its middle."""
        return self.landscape.rho_max


_MINIMIZER: Final = ("reached", "minimizer")

_ONE_VARIABLE: Final = {
    # f' = (x + a) x (x - b)
    "double-well": Entry(
        name="Asymmetric double well",
        landscape=Landscape("x^4/4 + (a - b)*x^3/3 - a*b*x^2/2", ((-1.2, 2.9),), {"a": 0.6, "b": 2.0}),
        start=(0.1,),
        rho=1.0,
        eta=0.01,
        steps=2000,
        story="GD reaches the deep valley. SAM stops on the slope down to it, looking back into the shallow one.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    # the same f', with a hill between valleys that are both deep
    "hill": Entry(
        name="Hill between two valleys",
        landscape=Landscape("x^4/4 + (a - b)*x^3/3 - a*b*x^2/2", ((-2.6, 2.9),), {"a": 1.6, "b": 2.0}),
        start=(0.325,),  # at no radius of the sliders, so that no run begins on a hallucinated maximizer
        rho=2.4,
        eta=0.01,
        steps=400,
        story="GD goes down into the deeper valley. SAM stops on the way, looking back over the hill at the other one.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "sine": Entry(
        name="Sine wave",
        landscape=Landscape("9*beta*rho^2/(25*pi^2)*sin(5*pi*x/(3*rho))", ((-1.0, 1.0),), {"beta": 1.0, "rho": 0.5}),
        start=(0.1,),
        rho=0.5,
        eta=0.1,
        steps=2000,
        story="ρ is in the formula to stretch the wave along: however small ρ is made, SAM stops on the slope.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "two-pits": Entry(
        name="Two pits in a plain",
        landscape=Landscape("-exp(-x^2) - depth*exp(-((x - 4)/width)^2)", ((-2.5, 6.5),), {"depth": 2.0, "width": 1.0}),
        start=(1.5,),
        rho=3.2,
        eta=0.05,
        steps=2000,
        story="SAM has the bottom of the deeper pit in view, and stops on the side of the other one.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "wavy-bowl": Entry(
        name="Wavy bowl",
        landscape=Landscape("x^2/10 - a*cos(4*x)", ((-5.0, 5.0),), {"a": 0.3}),
        start=(3.6,),
        rho=0.2,
        eta=0.05,
        steps=2000,
        story="At this small ρ SAM bounces where GD ends. A larger ρ puts stalls on most of the slopes.",
        gd=_MINIMIZER,
        sam=("bouncing", "minimizer"),
    ),
    "narrow-dip": Entry(
        name="Narrow dip in a wide bowl",
        landscape=Landscape("x^2/4 - d*exp(-((x - 2)/w)^2)", ((-2.5, 3.5),), {"d": 0.4, "w": 0.3}),
        start=(2.8,),
        rho=0.05,
        eta=0.3,
        steps=2000,
        story="SAM at its best: at this large η the narrow dip holds GD, while SAM gets free and ends lower.",
        gd=_MINIMIZER,
        sam=("bouncing", "minimizer"),
    ),
    "plateau": Entry(
        name="Hole in a plateau",
        landscape=Landscape("-exp(-x^2/2)", ((-3.0, 7.0),)),
        start=(1.5,),
        rho=4.0,
        eta=0.1,
        steps=2000,
        story="SAM looks out on the plateau, where there is hardly a slope, and stalls. That is no hallucination.",
        gd=_MINIMIZER,
        sam=("stalled", None),
    ),
    "kinks": Entry(
        name="Valleys with a kink",
        landscape=Landscape("abs(x^2 - 2)", ((-2.2, 2.2),)),
        start=(0.9,),
        rho=1.7,
        eta=0.01,
        steps=2000,
        story="The slope jumps at the bottom of both valleys. SAM rattles on a slope, looking at the far kink.",
        gd=("cycling", None),
        sam=("cycling", None),
    ),
    "shelf": Entry(
        name="Shelf above a valley",
        landscape=Landscape("x^4/4 - x^3", ((-1.5, 3.6),)),
        start=(-1.0,),
        rho=0.8,
        eta=0.02,
        steps=3000,
        story="GD stops on the shelf. SAM gets over its edge and creeps to a stop further down, looking back at it.",
        gd=("stopped", "degenerate"),
        sam=("hallucinated", "degenerate"),
    ),
}

_TWO_VARIABLES: Final = {
    "himmelblau": Entry(
        name="Himmelblau's function",
        landscape=Landscape("(x^2 + y - 11)^2/100 + (x + y^2 - 7)^2/100", ((-6.0, 6.0), (-6.0, 6.0))),
        start=(4.5, 1.0),
        rho=3.0,
        eta=0.02,
        steps=3000,
        story="GD reaches a minimizer. SAM stops near it, looking across a saddle at the next minimizer.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "ring": Entry(
        name="Ring of minimizers",
        landscape=Landscape("(x^2 + y^2 - 1)^2/4", ((-2.0, 2.0), (-2.0, 2.0))),
        start=(1.5, 0.9),
        rho=1.5,
        eta=0.01,
        steps=2000,
        story="SAM stops on a smaller circle inside the ring, looking at the ring's opposite side.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "tilted-ring": Entry(
        name="Tilted ring",
        landscape=Landscape("(x^2 + y^2 - 1)^2/4 + c*x", ((-2.0, 2.0), (-2.0, 2.0)), {"c": 0.1}),
        start=(-0.2, 0.8),
        rho=1.5,
        eta=0.02,
        steps=6000,
        story="GD follows the ring down to its lowest point. SAM stops inside the ring, looking at a saddle.",
        gd=_MINIMIZER,
        sam=("hallucinated", "saddle"),
    ),
    "valley": Entry(
        name="Two valleys",
        landscape=Landscape("(x^2 - 1)^2/4 + y^2/2", ((-2.0, 2.0), (-1.5, 1.5))),
        start=(0.3, 1.0),
        rho=1.5,
        eta=0.02,
        steps=2000,
        story="No maximizer is needed: SAM stops short of one valley, looking across the saddle at the other.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "lone-minimizer": Entry(
        name="One minimizer and nothing else",
        landscape=Landscape("x^2 + y^2*(1 + x)^3", ((-3.4, 2.0), (-2.7, 2.7))),
        start=(-1.2, 0.8),
        rho=2.5,
        eta=0.01,
        steps=2000,
        story="The gradient vanishes at one point only. GD reaches it, SAM stops elsewhere, looking at it.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "gaussian-wells": Entry(
        name="Pair of Gaussian wells",
        landscape=Landscape(
            "-exp(-(x + 1.5)^2 - y^2) - depth*exp(-((x - 1.5)^2 + y^2)/width^2)",
            ((-3.5, 4.0), (-2.5, 2.5)),
            {"depth": 2.0, "width": 1.2},
        ),
        start=(-1.0, 0.9),
        rho=2.2,
        eta=0.05,
        steps=2000,
        story="SAM stops between the wells, higher than GD, though its look-ahead point is the deepest of all.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "rastrigin": Entry(
        name="Rastrigin's function",
        landscape=Landscape("2*a + x^2 + y^2 - a*(cos(2*pi*x) + cos(2*pi*y))", ((-2.6, 2.6), (-2.6, 2.6)), {"a": 10.0}),
        start=(1.7, 0.7),  # and a radius and step size at which SAM's run is not chaotic
        rho=1.2,
        eta=0.0003,
        steps=2000,
        story="SAM stops on the steep side of the pit whose bottom GD reaches, looking into a deeper one next to it.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "ackley": Entry(
        name="Ackley's function",
        landscape=Landscape(
            "20 + e - 20*exp(-0.2*sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2)",
            ((-3.0, 3.0), (-3.0, 3.0)),
        ),
        start=(1.71, 0.46),  # and a radius and step size at which SAM's run is not chaotic
        rho=1.26,
        eta=0.002,
        steps=3000,
        story="SAM leaves the pit that holds GD and ends lower, though on a slope, looking into a third pit.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "styblinski-tang": Entry(
        name="Styblinski-Tang function",
        landscape=Landscape("(x^4 - 16*x^2 + 5*x + y^4 - 16*y^2 + 5*y)/2", ((-4.5, 4.5), (-4.5, 4.5))),
        start=(-3.5, 1.0),
        rho=2.5,
        eta=0.005,
        steps=2000,
        story="SAM climbs to the maximizer and is held there, while GD goes down. No hallucinated point attracts.",
        gd=_MINIMIZER,
        sam=("trapped", "maximizer"),
    ),
    "beale": Entry(
        name="Beale's function",
        landscape=Landscape(
            "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2", ((-1.0, 4.0), (-1.0, 2.2))
        ),
        start=(0.7, 1.6),
        rho=0.5,
        eta=0.001,
        steps=10000,
        story="SAM is held by a saddle that GD passes by. A trap, but no hallucination; a small ρ frees it.",
        gd=_MINIMIZER,
        sam=("trapped", "saddle"),
    ),
    "six-hump-camel": Entry(
        name="Six-hump camel",
        landscape=Landscape("(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2", ((-2.0, 2.0), (-1.2, 1.2))),
        start=(-1.7, 0.3),
        rho=0.6,
        eta=0.01,
        steps=2000,
        story="GD goes down to a minimizer. SAM climbs and stops, looking over a saddle at a shallower one.",
        gd=_MINIMIZER,
        sam=("hallucinated", "minimizer"),
    ),
    "rosenbrock": Entry(
        name="Rosenbrock's valley",
        landscape=Landscape("(1 - x)^2 + 100*(y - x^2)^2", ((-2.0, 2.0), (-1.0, 3.0))),
        start=(-1.2, 1.0),
        rho=0.1,
        eta=0.001,
        steps=20000,
        story="SAM bounces between the valley's walls and stays where the valley is wider, short of its end.",
        gd=_MINIMIZER,
        sam=("cycling", None),
    ),
    "linear-network": Entry(
        name="Two-layer linear network",
        landscape=Landscape("(x*y - 1)^2/2", ((-0.5, 2.5), (-0.5, 2.5))),
        start=(2.2, 0.2),
        rho=0.2,
        eta=0.02,
        steps=10000,
        story="What SAM is made for: GD stops where it meets the curve of minimizers, SAM moves on to the flattest.",
        gd=_MINIMIZER,
        sam=("bouncing", "minimizer"),
    ),
    "quadratic-bowl": Entry(
        name="Quadratic bowl",
        landscape=Landscape("x^2/2 + k*y^2/2", ((-3.0, 3.0), (-2.0, 2.0)), {"k": 10.0}),
        start=(-2.5, 1.5),
        rho=0.3,
        eta=0.02,
        steps=2000,
        story="No hallucinated point at any ρ: SAM bounces along the steep axis, to and fro at every step.",
        gd=_MINIMIZER,
        sam=("bouncing", "minimizer"),
    ),
}

CATALOGUE: Final[Mapping[str, Entry]] = MappingProxyType(_ONE_VARIABLE | _TWO_VARIABLES)
