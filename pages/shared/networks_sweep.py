"""The sweep on the page: radius by warm-start by seed, drawn as its runs end; before any, a stored one."""

from __future__ import annotations

import html
import math
from collections import Counter
from typing import Final, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dynamics import RECIPES
from dynamics.sentences import counted, number, percent
from figures.palette import LINES
from pages.shared.desk import desk
from pages.shared.download import download_table
from pages.shared.legend import show_legend
from pages.shared.link import Link, plain
from pages.shared.networks_controls import PREFIX, ask_training
from pages.shared.networks_example import RADII, SEEDS, WARMS, example
from pages.shared.networks_pictures import offer_pictures
from pages.shared.networks_swept import (
    CELLS,
    DOTS,
    MEASURES,
    PLAIN,
    Swept,
    conclusion,
    lines,
    pictures,
    settings,
    statistic,
    table,
    verdicts,
)
from pages.shared.player import player
from pages.shared.sweeping import MOST_RUNS, SweepJob, cases, run_case
from pages.shared.training import MOST_STEPS, Training

SWEPT: Final = tuple(name for name in RECIPES if name != "warm")  # the warm-start has values of its own
_LONGEST: Final = 8  # values in a list
_OFTEN: Final = 1.0  # seconds between two looks at a running sweep
_NARROW: Final = 165  # pixels: two beside each other on a phone


def show_sweep(link: Link, preset: str) -> None:
    """Ask for the values to combine, run them, and show what has come of it so far."""
    _read_formerly(link)
    mine = desk()
    under_way = mine.sweep if mine.sweep is not None and not mine.sweep.done else None
    running = under_way is not None
    notes, found = st.container(), st.container()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    base, every = _ask(link, preset, row)
    runs = len(every)
    with row:
        if st.button("Run the sweep", type="primary", disabled=running or not 0 < runs <= MOST_RUNS, key="sweep"):
            mine.sweep = SweepJob(every, run_case)
            st.rerun()
        if st.button("Stop", disabled=not running, key="stop-sweep") and under_way is not None:
            under_way.stop()
    st.caption(
        f"{counted(runs, 'run')} of {base.steps:,} steps: every combination is trained from its first weights, in this "
        "server's workers, and drawn as soon as it has ended. Stop keeps what is done."
    )
    for note in link.notes:
        notes.info(note)
    if runs > MOST_RUNS:
        notes.error(f"A sweep has at most {MOST_RUNS} runs; these are {runs:,}.")
    link.choose(_MEASURE, (*MEASURES, *MEASURES.values()))
    measure = st.segmented_control(
        "Show", list(MEASURES), format_func=lambda key: MEASURES[key], default="accuracy", key=_MEASURE,
        bind="query-params", required=True,
    )  # fmt: skip
    if mine.sweep is not None:
        st.fragment(_show_progress, run_every=_OFTEN if running else None)(str(measure))
        return
    stored = example(preset)
    with found:
        st.caption(
            f"An example, stored with this app: {counted(len(stored.cases), 'run')} of the preset {preset}, "
            f"{stored.base.steps:,} steps each. Run the sweep makes yours."
        )
        _conclude(stored)
    _show_found(stored, str(measure))


_MEASURE: Final = f"{PREFIX}measure"
_FORMERLY: Final = {"|S|/|g|": "ratio"}  # what links said for a measure that has another name now


def _read_formerly(link: Link) -> None:
    """Let an old link keep its meaning."""
    measure = _FORMERLY.get(link.asked(_MEASURE) or "")
    if measure is not None:
        link.refuse(_MEASURE)
        st.session_state[_MEASURE] = measure


def _ask(link: Link, preset: str, row: DeltaGenerator) -> tuple[Training, list[Training]]:
    """Ask what to combine: what is changed most in `row`, the rest folded."""
    with row:
        radii = _list(link, "rhos", "radii ρ", ", ".join(f"{rho:g}" for rho in RADII[preset]), 0.0, 20.0)
        usual = ", ".join(map(str, WARMS))
        warms = _list(link, "warms", "steps of warm-start", usual, 0.0, float(MOST_STEPS), whole=True)
    with st.expander("Seeds, steps, rules and labels"):
        numbers = st.container(horizontal=True)
        with numbers:
            seeds = int(st.number_input("seeds", 1, 10, SEEDS, key=f"{PREFIX}seeds", bind="query-params", width=140))
        link.check(f"{PREFIX}seeds", "seeds", float(seeds), "a whole number from 1 to 10")
        noises = _list(link, "noises", "shares of wrong labels", "0", 0.0, 0.9, width="stretch")
        labels = [RECIPES[name].label for name in SWEPT]
        for asked in st.query_params.get_all(f"{PREFIX}rules") if link.arrived else []:
            if asked not in labels:
                link.notes.append(
                    f"The link asks for the rule {asked[:40]!r}, which is not one of {', '.join(labels)}."
                )
        rules = st.multiselect(
            "rules", SWEPT, ["sam"], lambda name: RECIPES[name].label, key=f"{PREFIX}rules", bind="query-params",
            help="Each follows the warm-start, with its usual settings.",
        )  # fmt: skip
    base = ask_training(link, preset, numbers, one=False)
    return base, cases(base, radii, [int(warm) for warm in warms], seeds, noises, rules)


def _list(
    link: Link,
    key: str,
    name: str,
    default: str,
    low: float,
    high: float,
    whole: bool = False,
    width: int | Literal["stretch"] = _NARROW,
) -> list[float]:
    """Ask for up to so many numbers with commas between them; where something else is typed, say so."""
    kind = "whole numbers" if whole else "numbers"
    asks = f"{name}: up to {_LONGEST} {kind} from {plain(low)} to {plain(high)} with commas between them"
    typed = st.text_input(
        name, default, key=f"{PREFIX}{key}", bind="query-params", max_chars=80, help=f"{asks}.", width=width
    )
    try:
        values = sorted({float(part) for part in typed.split(",")})
        fine = len(values) <= _LONGEST and all(low <= value <= high for value in values)
        fine = fine and not (whole and any(value % 1.0 for value in values))
    except ValueError:
        fine = False
    if not fine:
        st.error(f"{asks}; {default} is used.")
        return [float(part) for part in default.split(",")]
    return values


def _show_progress(measure: str) -> None:
    """Show what has come of the sweep; at its end the page is drawn anew, once."""
    mine = desk()
    job = mine.sweep
    if job is None:
        return
    if job.done and not job.seen:
        job.seen = True
        st.rerun()
    finished = list(job.finished)
    done, of = len(finished), len(job.cases)
    state = "stopped" if job.stopped else "done" if job.done else "running"
    st.progress(done / of, f"{done:,} of {counted(of, 'run')} finished ({state})")
    if job.note:
        st.caption(job.note)
    failures = Counter(one.failure for one in finished if one.failed)
    for failure, count in failures.items():
        st.warning(f"{counted(count, 'run')} failed: {failure}.")
    if done == sum(failures.values()):
        return
    _conclude(job)
    _show_found(job, measure)


def _conclude(swept: Swept) -> None:
    """Say what came out, and how it depends on the radius for each setting."""
    if found := conclusion(swept):
        st.html(f'<div role="status"><p class="verdict">{html.escape(found)}</p></div>')
    st.markdown("\n".join(f"- {line}" for line in lines(swept)))


def _show_found(swept: Swept, measure: str) -> None:
    """Draw a sweep as cells and as lines, tabulate its runs, and offer both."""
    makers, alts = pictures(swept, measure)
    picture = makers[CELLS]()
    player(picture, key="heat", height=picture.layout.height, alt=alts[CELLS], view=measure)
    if DOTS in makers:
        count = len(settings(swept))
        if count > len(LINES):
            st.caption(f"Lines are drawn for the first {len(LINES)} of {count} settings.")
        drawn = makers[DOTS]()
        show_legend(drawn)
        player(drawn, key="spread", height=320, alt=alts[DOTS], view=measure)
        st.caption(
            f"Filled marks: {statistic(swept, measure)}. Rings: every seed. Whiskers: from the least to the greatest "
            "seed. Marks beside each other belong to the same radius."
        )
    offer_pictures(makers, "sweep")
    st.write(verdicts(swept))
    rows = table(swept)
    alike = [name for name in ("rule", "wrong labels") if rows[name].nunique() == 1]
    shown = rows.drop(columns=alike)
    formats = {name: _share if "accuracy" in name else number for name in shown if shown[name].dtype.kind == "f"}
    st.dataframe(shown.style.format(formats | {"ρ": "{:g}"}), hide_index=True, width="stretch", height=250)
    download_table("Runs as CSV", rows.rename(columns=PLAIN), "sweep.csv")


def _share(value: float) -> str:
    return percent(value) if math.isfinite(value) else ""
