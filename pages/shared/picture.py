"""The pictures of a question and its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache, partial
from typing import Final

import numpy as np
import streamlit as st

from dynamics import Orbit
from figures import Figure
from figures.curves import curves
from figures.line import landscape_1d, position
from figures.palette import RULES
from figures.plane import landscape_2d
from landscapes import Landscape
from pages.shared.analysis import Answer, Question, Run, heights, shifts
from pages.shared.jobs import Busy
from pages.shared.legend import show_legend
from pages.shared.player import Click, player
from pages.shared.proofs import ask
from pages.shared.report import alternative, show_verdicts
from pages.shared.tracks import playback, snapped

Others = Callable[[Question], tuple[Run, ...]]
Tell = Callable[[Question, Answer], None]
Lead = Callable[[Question, Answer, tuple[Run, ...]], None]

_FIELD: Final = 21  # arrows along an axis
_DECADES: Final = 30.0  # from this ratio of its values on, f is drawn by its logarithm


def show_runs(
    q: Question,
    key: str,
    surrogate: bool = False,
    field: bool = False,
    controls: tuple[str, ...] = ("x", "y"),
    others: Others | None = None,
    tell: Tell | None = None,
    lead: Lead | None = None,
    radius: str = "rho",
    rho_max: float | None = None,
) -> None:
    """Show how the runs ended and their picture, in which a click or a drag sets the start.

    The `controls` of the start, one for each variable, have it then. `others` gives runs of other rules, from the
    question's start, that are drawn too. `tell` says in the page's own words how the runs ended; the curves are then
    folded. `lead` says first what all of them together show. `radius` is the key of the radius's control, `rho_max`
    its upper limit, where that is not the landscape's.
    """
    try:
        a = ask(q)
        more = others(q) if others else ()
    except Busy as error:
        st.warning(str(error))
        return
    if lead:
        lead(q, a, more)
    if tell:
        tell(q, a)
    else:
        show_verdicts(a)
    show_landscape(q, a, key, surrogate, field, controls, more, tell is not None, radius, rho_max)


def show_landscape(
    q: Question,
    a: Answer,
    key: str,
    surrogate: bool = False,
    field: bool = False,
    controls: tuple[str, ...] = (),
    more: tuple[Run, ...] = (),
    folded: bool = False,
    radius: str = "rho",
    rho_max: float | None = None,
) -> None:
    """Show f with the runs to play, and on demand the surrogate f(x+) and the field of S.

    Where there are `controls` of the start, a click or a drag sets it, see `show_runs`; `more` are runs beside GD and
    SAM; `folded`: the curves over the steps show when they are asked for; `radius` and
    `rho_max`: as there.
    """
    picture = _ground(
        _Ground(q.landscape, q.rho, q.eta, surrogate, field, _seen(q, a, more), int(a.found.by_proof.sum()), q, a, more)
    )
    paths = playback(q, a, more, radius, rho_max)
    show_legend(picture, paths)
    player(
        picture,
        key=key,
        height=picture.layout.height,
        alt=" ".join([alternative(q, a), *(run.verdict.sentence for run in more)]),
        view=str(q.landscape.domain),
        playback=paths,
        curves=_curves(*(run.orbit for run in (a.gd, a.sam, *more)), folded=folded),
        on_start=partial(_set_start, q, controls) if controls else None,
    )


def _pointed_at(q: Question, click: Click) -> tuple[float, ...]:
    """Return the start that was pointed at: in the window, and rounded."""
    pairs = zip((click.x, click.y), q.landscape.domain, strict=False)
    return tuple(snapped(value, low, high) for value, (low, high) in pairs)


def _set_start(q: Question, controls: tuple[str, ...], click: Click) -> None:
    st.session_state.update(dict(zip(controls, _pointed_at(q, click), strict=False)))


@dataclass(frozen=True)
class _Ground:
    """What the picture below the paths depends on, and the answer that it is drawn from."""

    landscape: Landscape
    rho: float
    eta: float
    surrogate: bool
    field: bool
    seen: tuple[float, ...]
    proved: int  # points that only the proof has found
    q: Question = dataclass_field(compare=False)
    a: Answer = dataclass_field(compare=False)
    more: tuple[Run, ...] = dataclass_field(compare=False)


def _seen(q: Question, a: Answer, more: tuple[Run, ...]) -> tuple[float, ...]:
    """Return what of the runs shows in the ground: the heights they reach, or a target outside the window."""
    if q.landscape.dim == 1:
        f = np.concatenate([run.orbit.f for run in (a.gd, a.sam, *more)])
        f = f[np.isfinite(f)]
        return (float(f.min()), float(f.max())) if f.size else ()
    target = a.sam.verdict.target
    return () if target is None else tuple(float(f"{v:.6g}") for v in target)


@lru_cache(maxsize=8)
def _ground(g: _Ground) -> Figure:
    """Draw what the paths run on; another start or number of steps leaves most of it as it was."""
    return draw_landscape(g.q, g.a, g.surrogate, g.field, paths=False, more=g.more)


def _curves(*runs: Orbit, folded: bool) -> Figure:
    """Make room for f, |g| and |S| over the steps; f by its logarithm where it spans decades."""
    f = np.concatenate([orbit.f for orbit in runs])
    f = f[np.isfinite(f)]
    log_f = bool(f.size and f.min() > 0.0 and f.max() / _DECADES > f.min())
    return _cached_curves(tuple((o.name, RULES[o.name], bool(o.rho.max() > 0.0)) for o in runs), log_f, folded)


_cached_curves = lru_cache(maxsize=8)(curves)


def draw_landscape(
    q: Question, a: Answer, surrogate: bool, field: bool, paths: bool = True, more: tuple[Run, ...] = ()
) -> Figure:
    """Draw f, on demand with the runs, the surrogate f(x+) and the field of S."""
    l = q.landscape
    axes, z = heights(l)
    runs = tuple(run.orbit for run in (a.gd, a.sam, *more))
    if l.dim == 1:
        shifted = shifts(l, q.rho, 601) if surrogate or field else None
        return landscape_1d(l, (*axes, z), runs, a.sam.verdict, a.found, shifted, surrogate, field, paths)
    if surrogate:
        z = shifts(l, q.rho, len(axes[0]))[1]
    shifted = shifts(l, q.rho, _FIELD) if field else None
    return landscape_2d(l, (*axes, np.asarray(z)), runs, a.sam.verdict, a.found, shifted, surrogate, field, paths)


def show_position(q: Question, a: Answer, key: str) -> None:
    """Show x over the steps, in one variable."""
    runs = (a.gd.orbit, a.sam.orbit)
    alt = "x over the steps. " + " ".join(run.verdict.sentence for run in (a.sam, a.gd))
    player(position(runs), key=key, height=300, alt=alt, view=str(q.landscape.domain))
