"""The page on basins: its maps, drawn at once and filled in by workers, and what a click on them does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import streamlit as st

from dynamics.sentences import percent
from figures import Figure
from figures.basins import Spot, beside, color, radius_map, window_map
from figures.palette import RULES
from pages.shared.analysis import Answer, Question, heights
from pages.shared.basins_atlas import Atlas
from pages.shared.basins_labels import labels
from pages.shared.basins_map import SIZES, USUAL_SIZE, MapQuestion, Patch, Piece, run_coarse, run_piece
from pages.shared.basins_words import (
    RULE_NAMES,
    alternative,
    below_critical,
    place_words,
    show_headlines,
    show_legend,
    show_table,
)
from pages.shared.compute import work_out
from pages.shared.dials import count_box
from pages.shared.link import Link
from pages.shared.player import Click, player
from pages.shared.proofs import ask
from pages.shared.radius_analysis import Span, quick
from pages.shared.tracks import snapped
from pages.shared.watched import Watched, works

_OFTEN: Final = 0.7  # seconds between two looks at maps that fill in
_UNASKED: Final = 90.0  # estimated seconds of two workers up to which maps are computed without being asked for
_VERTICES: Final = 400  # of a run on a map
_MARKED: Final = 60  # places that are marked on a map
_CLICK: Final = {  # says what it does, by the number of variables
    1: "Click anywhere on the map: GD and SAM run from the start there, SAM with that radius; see “From one start”.",
    2: "Click anywhere on a map: GD and SAM run from there. The maps show both runs, and “From one start” plays them.",
}
_WORK, _CLICKED, _ASKED = "basins", "_map_clicked", "_map_asked"


class MapWork(Watched[Piece, Patch]):
    """Maps that fill in."""

    def __init__(self, atlas: Atlas) -> None:
        """Begin, or go on, with what the maps lack."""
        self.atlas = atlas
        self.by_hand = False  # stopped by the visitor
        self.wanted = False  # ... who wants it to go on, or to try again
        self._taken = 0
        question = atlas.question
        lacking = [piece for piece in question.pieces() if not atlas.fine[piece.map].done[piece.rows].all()]
        super().__init__(question, lacking, run_piece)

    @property
    def share(self) -> float:
        """How much is done."""
        return float(np.mean([chart.done.mean() for chart in self.atlas.fine.values()]))

    @property
    def cut_short(self) -> bool:
        """Whether it is to go on: it was ended, but not by the visitor's hand, when the page was left."""
        self.update()
        return (self.wanted or (self.stopped and not self.by_hand)) and not self.atlas.whole

    def stop_by_hand(self) -> None:
        """End it because the visitor wants it to."""
        self.by_hand = True
        self.stop()

    def update(self) -> None:
        """Take in what is done."""
        for one in list(self.finished)[self._taken :]:
            self._taken += 1
            if one.result is not None:
                self.atlas.take(one.case, one.result)


@lru_cache(maxsize=16)
def coarse(question: MapQuestion) -> dict[str, Patch]:
    """Compute the coarse maps, here or by a worker, and keep them.

    Raises:
        Busy: as `compute.ask`.
    """
    return work_out(run_coarse, question, question.coarse.cost)


def ask_size(link: Link) -> int:
    """Ask how many starts an axis of the maps has."""
    return count_box(
        link, "grid", "starts along an axis of the map", USUAL_SIZE, SIZES, 50, "starts along an axis",
        help="A map has as many rows as columns. A coarser one is drawn at once, then this one fills in.",
    )  # fmt: skip


def held_size() -> int:
    """Return what `ask_size` is going to say."""
    return int(st.session_state.get("grid", USUAL_SIZE))


def show_maps(q: Question, a: Answer, n: int, maps: Any, words: Any) -> Atlas:
    """Show the maps and how far they are in one container, and what they say in another one.

    Returns:
        The maps; they are what was asked, coarse at first.

    Raises:
        Busy: as `compute.ask`.
    """
    question = MapQuestion.of(q, n)
    patches = coarse(question)
    mine = works()
    work = mine.of.get(_WORK)
    known = work if isinstance(work, MapWork) and work.about == question else None
    atlas = known.atlas if known else Atlas.of(question, patches)
    if not atlas.whole and (known is None or known.cut_short):
        known = None
        if question.cost <= 2.0 * _UNASKED or st.session_state.get(_ASKED) == question:
            known = MapWork(atlas)
            mine.begin(_WORK, known)
        elif work is not None:
            work.stop()
    with maps:
        show_headlines(atlas)
        st.fragment(_show, run_every=_OFTEN if known and not known.done else None)(q, a, atlas, known)
    with words:
        danger = quick(Span(q.landscape, q.landscape.rho_max, q.eta))
        said = below_critical(atlas, danger.critical) if danger else ""
        if said:
            st.markdown(said)
        show_table(atlas)
    return atlas


def _show(q: Question, a: Answer, atlas: Atlas, work: MapWork | None) -> None:
    if st.session_state.pop(_CLICKED, False):
        st.rerun()
    ended = work is not None and work.done
    if work is not None:
        work.look()
        work.update()
    _show_progress(atlas, work)
    names = _show_pictures(q, a, atlas, work is not None and not work.done)
    show_legend(atlas, names)
    st.caption(_CLICK[q.landscape.dim])
    if work is not None and ended and not work.seen:
        work.seen = True
        st.rerun()  # the page need not look at it any longer


def _show_pictures(q: Question, a: Answer, atlas: Atlas, filling: bool) -> tuple[str, ...]:
    """Draw the maps; return the names of what is on them."""
    if q.landscape.dim == 1:
        alt = " ".join(alternative(atlas, name) for name in RULE_NAMES)
        picture = draw_map(q, a, atlas, filling=filling)
        player(
            picture, key="map-radii", height=picture.layout.height, view=str(q.landscape.domain),
            alt=f"{alt} Below, SAM at every radius.", on_click=partial(_start_from, q),
        )  # fmt: skip
        return ("radii", *RULE_NAMES)
    for column, name in zip(st.columns(2, gap="small"), RULE_NAMES, strict=True):
        with column:
            st.html(f'<p style="margin:0;font-weight:600;color:{RULES[name]}">{name}</p>')
            picture = draw_map(q, a, atlas, name, filling)
            player(
                picture, key=f"map-{name}", height=picture.layout.height, view=str(q.landscape.domain),
                alt=alternative(atlas, name), on_click=partial(_start_from, q),
            )  # fmt: skip
    return RULE_NAMES


def draw_map(q: Question, a: Answer, atlas: Atlas, name: str = "", filling: bool = False) -> Figure:
    """Draw the map of a rule in two variables, and the one of both in one variable; faint where it is to be better."""
    l = q.landscape
    colors = [color(p.group, p.kind, p.shade) for p in atlas.places]
    axes, z = heights(l)
    if l.dim == 1:
        rows = (atlas.drawn("GD"), atlas.drawn("SAM"))
        marked = _spots(atlas, "SAM", q.rho)
        most = l.rho_max
        numbers = labels(atlas.drawn("radii"), (l.domain[0], (0.0, most)), _ranked(atlas, "radii", marked))
        for axis, name in (("2", "GD"), ("3", "SAM")):
            numbers += labels(atlas.drawn(name), (l.domain[0], (0.0, 1.0)), _ranked(atlas, name, {}), axis)
        return radius_map(
            l, atlas.drawn("radii"), rows, colors, (axes[0], z), list(marked.values()), q.start[0], q.rho, most,
            numbers, _veiled(atlas, "radii", filling),
        )  # fmt: skip
    run = a.gd if name == "GD" else a.sam
    path = run.orbit.thinned(_VERTICES).x
    seen = l.contains(path, slack=l.diagonal)  # what has left is not followed: a browser cannot draw what is far out
    path = path if seen.all() else path[: int(np.argmin(seen))]
    marked = _spots(atlas, name)
    return window_map(
        l, atlas.drawn(name), colors, (*axes, z), list(marked.values()), q.start, path, (name, RULES[name]),
        labels(atlas.drawn(name), (l.domain[0], l.domain[1]), _ranked(atlas, name, marked)),
        _veiled(atlas, name, filling),
    )  # fmt: skip


def _veiled(atlas: Atlas, name: str, filling: bool) -> Any:
    """Return which rows are provisional: none where the coarse map is all there is and will be."""
    rows = atlas.provisional(name)
    return None if rows.all() and not filling else rows


def _ranked(atlas: Atlas, name: str, marked: Mapping[int, Spot]) -> list[tuple[int, Spot | None]]:
    """Return a map's places, the most frequent first, each with its mark."""
    of = atlas.shares(name)[1]
    return [(i, marked.get(i)) for i in sorted(of.keys() | marked.keys(), key=lambda i: -of[i].count if i in of else 0)]


def draw_both(q: Question, atlas: Atlas) -> Figure:
    """Draw the maps of both rules in one picture, to be taken away."""
    a = ask(q)
    if q.landscape.dim == 1:
        return draw_map(q, a, atlas)
    return beside(*(draw_map(q, a, atlas, name) for name in RULE_NAMES))


def _spots(atlas: Atlas, name: str, height: float = 0.0) -> dict[int, Spot]:
    """Mark the places to which starts of a map lead, the most frequent ones."""
    of = atlas.shares(name)[1]
    spots = {}
    for i in sorted(of, key=lambda i: -of[i].count)[:_MARKED]:
        p, at = atlas.places[i], atlas.where(name, i)
        if not atlas.question.landscape.contains(at):
            continue
        text = f"{i + 1}: {place_words(atlas, i)}<br>{percent(of[i].share)} of the starts"
        y = float(at[1]) if len(at) == 2 else height
        spots[i] = Spot(float(at[0]), y, p.group, p.kind, p.shade, text, p.curve)
    return spots


def _start_from(q: Question, click: Click) -> None:
    """Let both rules run from where the map was clicked; in one variable the radius is the one there."""
    l = q.landscape
    for axis, value, pair in zip("xy", (click.x, click.y), l.domain, strict=False):
        st.session_state[axis] = snapped(value, *pair)
    if l.dim == 1:
        st.session_state["rho"] = snapped(click.y, 0.0, l.rho_max)
    st.session_state[_CLICKED] = True


def _show_progress(atlas: Atlas, work: MapWork | None) -> None:
    """Say how far the maps are; they can be stopped and taken up again."""
    question = atlas.question
    n, fewer = question.n, question.coarse.n
    known = f"drawn from {fewer} × {fewer} starts"
    if atlas.whole:  # one line in any case, so that the maps stay where they are
        st.caption(f"All {n} × {n} starts.")
        return
    if work is None:
        line, button = st.columns([3, 1], vertical_alignment="center")
        minutes = max(1, round(question.cost / 120.0))
        line.caption(f"{known.capitalize()}. {n} × {n} starts take about {minutes} min.")
        button.button("Fill in", key="map-go", on_click=partial(_ask_for, question), width="stretch")
        return
    line, button = st.columns([3, 1], vertical_alignment="center")
    if work.done:
        why = "Stopped" if work.by_hand else "Ended early"
        line.caption(
            f"{why} at {percent(work.share)} of {n} × {n} starts; the rest (faint) and the shares are {known}."
        )
        for reason in dict.fromkeys(work.failures()):
            line.caption(f"A part failed: {reason}.")
        button.button("Go on", key="map-go", on_click=partial(_ask_for, question), width="stretch")
        return
    line.progress(work.share, f"{percent(work.share)} of {n} × {n} starts; the rest (faint) and the shares are {known}")
    button.button("Stop", key="map-stop", on_click=work.stop_by_hand, width="stretch")


def _ask_for(question: MapQuestion) -> None:
    st.session_state[_ASKED] = question
    work = works().of.get(_WORK)
    if isinstance(work, MapWork):
        work.wanted = True
    st.session_state[_CLICKED] = True
