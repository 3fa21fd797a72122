"""From a grid of starts: the share that ends at a true minimizer, for each rule, as the rules' runs end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dynamics.grouping import GROUPS, WORDS
from dynamics.sentences import counted, percent
from figures import Figure
from figures.palette import RULES, SYMBOLS
from figures.remedies import Bar, fractions
from figures.standalone import standalone
from pages.shared.analysis import Question
from pages.shared.dials import count_box
from pages.shared.download import download, download_table
from pages.shared.link import Link
from pages.shared.player import player
from pages.shared.remedies import DECAYS, FINE, SAM_ALONE, Ends, GridCase, Remedy, run_grid
from pages.shared.remedies_controls import PREFIX
from pages.shared.remedies_words import over_grid
from pages.shared.watched import Watched, looked_at, show_share, works

_SIDE: Final = (5, 100)  # starts along an axis
_USUAL: Final = 30
_OFTEN: Final = 0.7  # seconds between two looks at what is under way
_UNASKED: Final = 30.0  # estimated seconds of a worker up to which the grid is run without being asked for
_NAME: Final = "grid"
_TITLE: Final = f"starts that {WORDS[FINE].many}"


class GridWork(Watched[GridCase, Ends]):
    """Rules that run from every start of a grid, and what was known of them before."""

    def __init__(self, cases: tuple[GridCase, ...], known: Mapping[GridCase, Ends]) -> None:
        """Begin with those of the cases that are not known."""
        self.known = {case: known[case] for case in cases if case in known}
        self.by_hand = False  # stopped by the visitor
        super().__init__(cases, [case for case in cases if case not in known], run_grid)

    def results(self) -> dict[GridCase, Ends]:
        """Return what is known by now."""
        return self.known | super().results()

    def stop_by_hand(self) -> None:
        """End it because the visitor wants it to."""
        self.by_hand = True
        self.stop()


def held_side() -> int:
    """Return how many starts an axis is going to have, before it is asked for."""
    key = f"{PREFIX}grid"
    if key in st.session_state:
        return int(st.session_state[key])
    asked = st.query_params.get(key, "")[:9]
    return min(int(asked), _SIDE[1]) if asked.isdecimal() and int(asked) >= _SIDE[0] else _USUAL


def cases_of(q: Question, remedies: Sequence[Remedy], n: int) -> tuple[GridCase, ...]:
    """Return what is run: GD, SAM and the remedies; the start does not matter."""
    common = Question(q.landscape, q.rho, q.eta, (), q.steps)
    return tuple(GridCase(common, n, remedy) for remedy in (None, SAM_ALONE, *remedies))


def known_words(cases: tuple[GridCase, ...]) -> str:
    """Say what is known over the grid, or that it is under way; empty where it has to be asked for."""
    work = works().of.get(_NAME)
    results = work.results() if isinstance(work, GridWork) else {}
    found = {case: results[case] for case in cases if case in results}
    if len(found) == len(cases):
        return over_grid(found)
    ended = work is not None and work.about == cases and work.done
    long = sum(case.cost for case in cases if case not in found) > _UNASKED
    return "" if ended or long else f"Over {cases[0].n ** 2:,} starts of the window: under way, see below."


def begin(cases: tuple[GridCase, ...], asked: bool = False) -> GridWork | None:
    """Begin with what is not known yet, if it is a matter of seconds or asked for; what others asked is ended."""
    work = works().of.get(_NAME)
    before = work if isinstance(work, GridWork) else None
    known = before.results() if before else {}
    if before and before.about == cases and not asked and not (before.stopped and not before.by_hand):
        return before
    lacking = [case for case in cases if case not in known]
    if asked or not lacking or sum(case.cost for case in lacking) <= _UNASKED:
        if before and before.about == cases and not lacking:
            return before
        fresh = GridWork(cases, known)
        works().begin(_NAME, fresh)
        return fresh
    if before:
        before.stop()
    return before


def show_grid(link: Link, q: Question, remedies: Sequence[Remedy]) -> None:
    """Ask for the grid, run every rule from it, and show what has come of it so far."""
    st.subheader("From a grid of starts")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        cases = _ask(link, q, remedies)
    work = begin(cases)
    running = work is not None and not work.done and work.about == cases  # what others asked is about to end
    results = work.results() if work else {}
    with row:
        idle = running or all(case in results for case in cases)
        if st.button("Run them all", type="primary", disabled=idle, key="run-grid"):
            begin(cases, asked=True)
            st.rerun()
        if st.button("Stop the runs", disabled=not running, key="stop-grid") and work is not None:
            work.stop_by_hand()
    st.caption(f"{counted(cases[0].n ** 2, 'start')}, in the middles of equal cells of the window.")
    if work is None or not (work.about == cases or set(cases) & set(results)):
        st.write(
            "One start is an anecdote. Run every rule from every start of a grid over the window to see how often each "
            f"{WORDS[FINE].one}: has reached it, or bounces around it. This server's workers do it; stopped, they "
            "keep what is finished."
        )
        return
    st.fragment(_show_progress, run_every=_OFTEN if running else None)(cases)


def _ask(link: Link, q: Question, remedies: Sequence[Remedy]) -> tuple[GridCase, ...]:
    n = count_box(
        link, f"{PREFIX}grid", "starts along an axis, n", _USUAL, _SIDE, 5, "starts along an axis", width=230,
        help="In one variable n × n starts stand side by side.",
    )  # fmt: skip
    return cases_of(q, remedies, n)


def _show_progress(cases: tuple[GridCase, ...]) -> None:
    """Show what has come of it; at its end the page is drawn anew, once."""
    work = looked_at(_NAME)
    if work is None:
        return
    if not work.done or work.stopped or work.failures():
        show_share(work, "rules finished", "A rule")
    results = work.results()
    found = {case: results[case] for case in cases if case in results}
    missing = [case.label for case in cases if case not in found]
    if missing and work.done and not work.failures():
        st.info(f"Not run yet: {', '.join(missing)}. Run them all anew to have them too.")
    if not found:
        return
    picture, words = draw(found), in_words(found)
    player(picture, key="fractions", height=picture.layout.height, alt=words, view="fractions")
    st.write(over_grid(found) or words)
    for sentence in decays(found):
        st.write(sentence)
    rows = table(found)
    shown = rows.assign(**{name: 100.0 * rows[name] for name in rows if rows[name].dtype.kind == "f"})
    st.dataframe(shown, hide_index=True, width="stretch", column_config=_FORMATS)
    st.caption(_errors(found))
    with st.container(horizontal=True):
        download_table("Shares as CSV", rows, "shares.csv", key="csv-grid")
        download(
            "Picture as HTML", partial(standalone, picture, f"Share of {_TITLE}"),
            "shares.html", key="html-grid",
        )  # fmt: skip


def draw(found: Mapping[GridCase, Ends]) -> Figure:
    """Draw the shares at a true minimizer, the largest on top."""
    bars = []
    for case, ends in _ranked(found):
        name, share = case.label, ends.share()
        text = f"{name}: {percent(share.share, share.error)}"
        bars.append(Bar(name, RULES[name], SYMBOLS[name], share.share, share.error, text))
    return fractions(bars, _TITLE)


def _ranked(found: Mapping[GridCase, Ends]) -> list[tuple[GridCase, Ends]]:
    return sorted(found.items(), key=lambda pair: -pair[1].share().share)


def in_words(found: Mapping[GridCase, Ends]) -> str:
    """Say in numbers what was found."""
    said = "; ".join(f"{case.label} {percent(ends.share().share, ends.share().error)}" for case, ends in _ranked(found))
    return f"Share of {next(iter(found)).n ** 2:,} {_TITLE}: {said}."


def decays(found: Mapping[GridCase, Ends]) -> list[str]:
    """Say of each rule whose radius falls to 0 how often it stopped on a saddle or maximizer here."""
    said = []
    for case, ends in found.items():
        if case.remedy is None or case.remedy.name not in DECAYS:
            continue
        n, count = case.n**2, sum(number for _, number in ends.stopped)
        if not count:
            said.append(f"{case.label}: on this grid none of its {n:,} runs stopped on a saddle or maximizer of f.")
            continue
        kinds = " and ".join(f"{number:,} on a {kind}" for kind, number in ends.stopped)
        further = counted(case.question.steps, "further step")
        said.append(
            f"{case.label}: of {n:,} runs {count:,} ({percent(count / n)}) stopped where f has no minimum, {kinds}. "
            f"{further} of gradient descent led {ends.left:,} of these to a minimizer."
        )
    return said


def _errors(found: Mapping[GridCase, Ends]) -> str:
    """Say what the errors are."""
    grid = (
        "Measured here. The error of a share is a bound from the grid: half the cells through which the group's "
        "boundary runs; what is narrower than a cell is not seen."
    )
    if any(ends.sampled for ends in found.values()):
        grid += " With gradient noise each start is a random draw, and the error is half of Wilson's interval for 95%."
    return grid


_FORMATS: Final = {
    "rule": st.column_config.TextColumn(width="medium"),
    **{
        label: st.column_config.NumberColumn(format="%.1f%%")
        for label in ("error", *(words.label for words in WORDS.values()))
    },
}


def table(found: Mapping[GridCase, Ends]) -> pd.DataFrame:
    """Tabulate the shares of every group, one rule a row, the best first; groups that nobody ends in are left out."""
    rows = []
    for case, ends in _ranked(found):
        row: dict[str, object] = {"rule": case.label, WORDS[FINE].label: ends.share().share}
        row["error"] = ends.share().error
        row |= {WORDS[share.group].label: share.share for share in ends.shares if share.group != FINE}
        rows.append(row)
    frame = pd.DataFrame(rows)
    rest = [WORDS[group].label for group in GROUPS if group != FINE]
    return frame.drop(columns=[label for label in rest if not frame[label].any()])
