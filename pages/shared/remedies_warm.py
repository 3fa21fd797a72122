"""How long a warm-start has to be: at this radius, and over the radius."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.grouping import WORDS
from dynamics.rescue import SAVED, Rescue
from dynamics.sentences import counted, number, place
from figures import Figure
from figures.remedies import over_radius
from figures.standalone import standalone
from pages.shared.analysis import Answer, Question
from pages.shared.compute import PATIENCE
from pages.shared.dials import number_box
from pages.shared.download import download, download_table
from pages.shared.jobs import Busy
from pages.shared.legend import show_legend
from pages.shared.link import Link
from pages.shared.player import player
from pages.shared.remedies import Warm, WarmCase, run_rescue, run_warm, warm
from pages.shared.remedies_controls import PREFIX
from pages.shared.watched import Watched, looked_at, show_share, works

_RADII: Final = 40
_LONGEST: Final = 5000  # steps of a warm-start that is looked for
_USUAL: Final = 1000
_OFTEN: Final = 0.7  # seconds between two looks at what is under way
_WAIT: Final = 2.0 * PATIENCE  # seconds of work that the page waits for
_NAME, _HERE = "warm", "warm-here"
_SAME: Final = 1e-6  # of the window: an end of a basin is as far as rho from a stationary point


def show_warm(link: Link, q: Question, a: Answer) -> None:
    """Show the shortest warm-start at this radius, and on demand over the radius."""
    st.subheader("How long must a warm-start be?")
    most = int(
        number_box(
            link, f"{PREFIX}longest", "look up to so many steps of GD", float(_USUAL), 0.0, float(_LONGEST), 100.0,
            width=230, help="Every length from 0 up to it is tried.",
        )
    )  # fmt: skip
    case = WarmCase(q, most)
    _show_here(case, a)
    cases = radii_of(case)
    work = works().of.get(_NAME)
    if work is not None and not work.done and work.about != case:
        work.stop()
    running = work is not None and not work.done
    with st.container(horizontal=True):
        if st.button(f"Search at {counted(len(cases), 'radius', 'radii')}", disabled=running, key="run-warm"):
            works().begin(_NAME, Watched(case, cases, run_rescue))
            st.rerun()
        if st.button("Stop the search over ρ", disabled=not running, key="stop-warm") and work is not None:
            work.stop()
    if work is None or work.about != case:
        return
    st.fragment(_show_progress, run_every=_OFTEN if running else None)(case)


def radii_of(case: WarmCase) -> tuple[WarmCase, ...]:
    """Return the search at radii up to half the window's smaller width, and at the page's own."""
    q = case.question
    most = q.landscape.rho_max
    radii = np.append(most * np.arange(1, _RADII + 1) / _RADII, q.rho)
    return tuple(case.at(float(f"{rho:.10g}")) for rho in np.unique(radii.round(12)) if rho > 0.0)


def _show_here(case: WarmCase, a: Answer) -> None:
    """Say what the search finds at this radius; where it takes long only when asked, and by a worker."""
    if case.cost <= _WAIT:
        try:
            st.write(" ".join(here(case, warm(case), a)))
        except Busy as error:
            st.warning(str(error))
        return
    work = works().of.get(_HERE)
    if work is not None and work.about != case:
        work.stop()
        work = None
    running = work is not None and not work.done
    with st.container(horizontal=True):
        if st.button(f"Search at ρ = {case.question.rho:.4g}", disabled=running, key="run-here"):
            works().begin(_HERE, Watched(case, (case,), run_warm))
            st.rerun()
        if st.button("Stop this search", disabled=not running, key="stop-here") and work is not None:
            work.stop()
    if work is None:
        st.write("Every length is tried, which takes a while with as many steps.")
        return
    st.fragment(_show_search, run_every=_OFTEN if running else None)(case, a)


def _show_search(case: WarmCase, a: Answer) -> None:
    """Show what has come of the search at this radius; at its end the page is drawn anew, once."""
    work = looked_at(_HERE)
    if work is None:
        return
    for failure in work.failures():
        st.warning(f"The search failed: {failure}.")
    found = work.results().get(case)
    if found is not None:
        st.write(" ".join(here(case, found, a)))
    elif not work.done:
        lengths, steps = counted(case.most + 1, "length"), counted(case.question.steps, "step")
        st.write(f"Searching: up to {lengths} of warm-start, each with up to {steps} of SAM after it.")
    elif work.stopped:
        st.write("The search was stopped before its end.")


def here(case: WarmCase, found: Warm, a: Answer) -> list[str]:
    """Say in sentences what the search found at one radius."""
    r, q = found.rescue, case.question
    k = r.shortest
    tried = f"Every length up to {counted(r.looked, 'step')} was tried, each with {q.steps:,} of SAM after it"
    if r.rests:
        tried += "; there GD has come to rest, and a longer warm-start is the same"
    elif r.leaves:
        tried += "; there GD diverges"
    at = f"At ρ = {q.rho:.4g}"
    if k is None:
        return [f"{at} no warm-start rescues this start: {_all_ends(r.groups)}. {tried}."]
    if k == 0:
        return [f"{at} there is nothing to rescue: SAM alone {WORDS[SAVED].one}.{_spoilt(r)} {tried}."]
    before = WORDS[str(r.groups[k - 1])].one
    said = [f"**{at} the shortest warm-start that rescues this start has {counted(k, 'step')} of GD**; "
            f"after {counted(k - 1, 'step')} SAM still {before}. {tried}."]  # fmt: skip
    said.append(_longer(r))
    if r.undecided:
        said.append(f"After {r.undecided:,} of the shorter ones SAM is undecided.")
    if found.edge is not None and k:
        said.append(_leaving(q, found, a))
    return said


def _all_ends(groups: np.ndarray) -> str:
    """Say how SAM ends after the warm-starts, the most frequent end first."""
    words, counts = np.unique(groups, return_counts=True)
    order = np.argsort(-counts)
    if len(words) == 1:
        return f"after each of them SAM {WORDS[str(words[0])].one}"
    return "SAM " + ", ".join(f"{WORDS[str(words[i])].one} after {counts[i]:,} of them" for i in order)


def _spoilt(r: Rescue) -> str:
    """Say whether a warm-start makes it worse where SAM alone needs none."""
    lost = len(r.relapses)
    return (
        f" But {counted(lost, 'warm-start')} of those tried {'does' if lost == 1 else 'do'} spoil that." if lost else ""
    )


def _longer(r: Rescue) -> str:
    """Say whether longer warm-starts than the shortest rescue too."""
    lost = r.relapses
    if not len(lost):
        return "Every longer one that was tried rescues it too."
    first, last = int(lost[0]), int(lost[-1])
    where = f"that of {first:,}" if first == last else f"those between {first:,} and {last:,} among them"
    return (
        f"Longer is not always better here: {counted(len(lost), 'longer one')} of those tried "
        f"{'does' if len(lost) == 1 else 'do'} not rescue it, {where}."
    )


def _leaving(q: Question, found: Warm, a: Answer) -> str:
    """Say, in one variable, where the basin ends that the warm-start has to leave, and what stands at that distance."""
    assert found.edge is not None and found.rescue.shortest
    end = 0.5 * sum(found.edge)
    k, scale = found.rescue.shortest, q.landscape.diagonal
    said = f"The basin that GD has to leave ends at {place(np.array([end]), scale)}"
    said += f", {number(abs(end - q.start[0]))} from the start"
    point = a.sam.verdict.point
    if a.sam.verdict.outcome == "hallucinated" and point is not None:
        said += f" and {number(abs(end - float(point[0])))} from where SAM stops"
    said += f"; GD passes it in step {k:,}."
    s = a.found.stationary
    looks = end + q.rho * float(np.sign(q.landscape.gradient(np.array([end]))[0]))
    off = np.abs(s.points[:, 0] - looks)
    if off.size and off.min() <= _SAME * scale:
        i = int(np.argmin(off))
        said += (
            f" From there SAM looks at the {s.kinds[i]} of f at {place(s.points[i], scale)}, ρ away; on its two "
            "sides the slope that SAM follows has opposite signs."
        )
    return said


def _show_progress(case: WarmCase) -> None:
    """Show what has come of the search over the radius; at its end the page is drawn anew, once."""
    work = looked_at(_NAME)
    if work is None:
        return
    show_share(work, "radii searched", "A search")
    found = sorted(work.results().values(), key=lambda one: one.rho)
    if not found:
        return
    picture, words = draw(found, case.question.rho), over(found)
    show_legend(picture)
    player(picture, key="warm-starts", height=picture.layout.height, alt=words, view=str(case.question.landscape))
    st.write(words)
    rows = table(found)
    with st.container(horizontal=True):
        download_table("Warm-starts as CSV", rows, "warm-starts.csv", key="csv-warm")
        download(
            "Picture as HTML", partial(standalone, picture, "The shortest warm-start over the radius"),
            "warm-starts.html", key="html-warm",
        )  # fmt: skip


def draw(every: Sequence[Rescue], now: float) -> Figure:
    """Draw how SAM ends by radius and warm-start."""
    return over_radius(
        np.array([r.rho for r in every]), [r.groups for r in every], [r.kinds for r in every], [r.rests for r in every],
        [r.shortest for r in every], now,
    )  # fmt: skip


def over(every: Sequence[Rescue]) -> str:
    """Say in sentences what was found over the radius."""
    alone = sum(r.shortest == 0 for r in every)
    steps = [r.shortest for r in every if r.shortest]
    never = [r.rho for r in every if r.shortest is None]
    said = [
        f"{counted(len(every), 'radius', 'radii')} from {number(every[0].rho)} to {number(every[-1].rho)}.",
        f"At {alone} of them SAM alone {WORDS[SAVED].one} from this start.",
    ]
    if steps:
        span = f"{min(steps):,} to {counted(max(steps), 'step')}" if len(steps) > 1 else counted(steps[0], "step")
        said.append(f"At {len(steps)} it needs a warm-start, of {span} at least.")
    if never:
        said.append(f"At {len(never)} none of those tried rescues it, the smallest of these ρ = {number(min(never))}.")
    broken = sum(bool(len(r.relapses)) for r in every)
    if broken:
        said.append(f"At {broken} some warm-start longer than the shortest fails again.")
    elif alone or steps:
        said.append("Wherever one rescues it, every longer one that was tried does too.")
    return " ".join(said)


def table(every: Sequence[Rescue]) -> pd.DataFrame:
    """Tabulate the search, one radius a row."""
    return pd.DataFrame([
        {
            "rho": r.rho, "shortest_warm_start": r.shortest, "looked_up_to": r.looked, "gd_rests_there": r.rests,
            "longer_ones_that_fail": len(r.relapses), "shorter_ones_undecided": r.undecided,
        }
        for r in every
    ])  # fmt: skip
