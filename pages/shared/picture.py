"""The pictures of a question and its answer."""

from __future__ import annotations

from typing import Final

import numpy as np

from figures import Figure
from figures.line import landscape_1d, position
from figures.norms import norms
from figures.plane import landscape_2d
from pages.shared.analysis import Answer, Question, heights, shifts
from pages.shared.legend import show_legend
from pages.shared.player import player
from pages.shared.report import alternative

_FIELD: Final = 21  # arrows along an axis


def show_landscape(q: Question, a: Answer, key: str, surrogate: bool = False, field: bool = False) -> None:
    """Show f with both runs, and on demand the surrogate f(x+) and the field of S."""
    picture = draw_landscape(q, a, surrogate, field)
    show_legend(picture)
    player(picture, key=key, height=picture.layout.height, alt=alternative(q, a), view=str(q.landscape.domain))


def draw_landscape(q: Question, a: Answer, surrogate: bool, field: bool) -> Figure:
    """Draw f with both runs, and on demand the surrogate f(x+) and the field of S."""
    l = q.landscape
    axes, z = heights(l)
    runs = (a.gd.orbit, a.sam.orbit)
    if l.dim == 1:
        shifted = shifts(l, q.rho, 601) if surrogate or field else None
        return landscape_1d(l, (*axes, z), runs, a.sam.verdict, a.found, shifted, surrogate, field)
    if surrogate:
        z = shifts(l, q.rho, len(axes[0]))[1]
    shifted = shifts(l, q.rho, _FIELD) if field else None
    return landscape_2d(l, (*axes, np.asarray(z)), runs, a.sam.verdict, a.found, shifted, surrogate, field)


def show_position(q: Question, a: Answer, key: str) -> None:
    """Show x over the steps, in one variable."""
    runs = (a.gd.orbit, a.sam.orbit)
    alt = "x over the steps. " + " ".join(run.verdict.sentence for run in (a.sam, a.gd))
    player(position(runs), key=key, height=300, alt=alt, view=str(q.landscape.domain))


def show_norms(q: Question, a: Answer, key: str) -> None:
    """Show what SAM and GD measured: the gradient's length at x and at the look-ahead point."""
    last = a.sam.orbit
    alt = (
        f"Length of the gradient over the steps. At the end of SAM's run it is {last.gradient_norms[-1]:.3g} at x and "
        f"{last.shifted_norms[-1]:.3g} at the look-ahead point."
    )
    player(norms(a.gd.orbit, a.sam.orbit), key=key, height=300, alt=alt)
