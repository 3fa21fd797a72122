"""The sweep on the page: radius by warm-start by seed, drawn as its runs end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics import RECIPES
from dynamics.outcome import STALLS
from dynamics.sentences import counted, number
from figures import Figure
from figures.palette import GREY, HALLUCINATED, LINES
from figures.training import Group, heat, spread
from pages.shared.desk import desk
from pages.shared.download import download_table
from pages.shared.legend import show_legend
from pages.shared.link import Link, plain
from pages.shared.networks_controls import PREFIX, ask_training
from pages.shared.networks_pictures import Makers, offer_pictures
from pages.shared.player import player
from pages.shared.sweeping import MOST_RUNS, CaseResult, Setting, SweepJob, cases, run_case, values_at
from pages.shared.training import MOST_STEPS, Training

MEASURES: Final = {
    "accuracy": "training accuracy", "loss": "loss", "ratio": "|S|/|g|", "stalled": "share of runs that stalled",
}  # fmt: skip
SWEPT: Final = tuple(name for name in RECIPES if name != "warm")  # the warm-start has values of its own
_ORDER: Final = {name: i for i, name in enumerate(RECIPES)}
_LONGEST: Final = 8  # values in a list
_OFTEN: Final = 1.0  # seconds between two looks at a running sweep
_RADII: Final = {"Digits": "2, 2.5, 3, 4", "Tiny": "1, 2, 3, 4"}

Sweep = SweepJob[Training, CaseResult]


def show_sweep(link: Link, preset: str) -> None:
    """Ask for the values to combine, run them, and show what has come of it so far."""
    mine = desk()
    under_way = mine.sweep if mine.sweep is not None and not mine.sweep.done else None
    running = under_way is not None
    left, right = st.columns([7, 4], gap="large")
    with right:
        base, every = _ask(link, preset)
        runs = len(every)
        with st.container(horizontal=True):
            if st.button("Run the sweep", type="primary", disabled=running or not 0 < runs <= MOST_RUNS, key="sweep"):
                mine.sweep = SweepJob(every, run_case)
                st.rerun()
            if st.button("Stop", disabled=not running, key="stop-sweep") and under_way is not None:
                under_way.stop()
        st.caption(f"{counted(runs, 'run')} of {base.steps:,} steps.")
        if runs > MOST_RUNS:
            st.error(f"A sweep has at most {MOST_RUNS} runs; these are {runs:,}.")
    with left:
        for note in link.notes:
            st.info(note)
        measure = st.segmented_control(
            "Show", list(MEASURES), format_func=lambda key: MEASURES[key], default="accuracy", key=f"{PREFIX}measure",
            bind="query-params", required=True,
        )  # fmt: skip
        if mine.sweep is None:
            st.write(
                "Does the stall depend on the radius, the warm-start, the first weights? A sweep trains every "
                "combination from scratch, in this server's workers, and draws each as soon as it has ended. "
                "Stop keeps what is done."
            )
            return
        st.fragment(_show_progress, run_every=_OFTEN if running else None)(str(measure))


def _ask(link: Link, preset: str) -> tuple[Training, list[Training]]:
    radii = _list(link, "rhos", "radii ρ", _RADII[preset], 0.0, 20.0)
    warms = _list(link, "warms", "steps of warm-start", "0, 300", 0.0, float(MOST_STEPS), whole=True)
    seeds = int(st.number_input("seeds", 1, 10, 3, key=f"{PREFIX}seeds", bind="query-params"))
    link.check(f"{PREFIX}seeds", "seeds", float(seeds), "a whole number from 1 to 10")
    noises = _list(link, "noises", "shares of wrong labels", "0", 0.0, 0.9)
    labels = [RECIPES[name].label for name in SWEPT]
    for asked in st.query_params.get_all(f"{PREFIX}rules") if link.arrived else []:
        if asked not in labels:
            link.notes.append(f"The link asks for the rule {asked[:40]!r}, which is not one of {', '.join(labels)}.")
    rules = st.multiselect(
        "rules", SWEPT, ["sam"], lambda name: RECIPES[name].label, key=f"{PREFIX}rules", bind="query-params",
        help="Each follows the warm-start, with its usual settings.",
    )  # fmt: skip
    base = ask_training(link, preset, one=False)
    return base, cases(base, radii, [int(warm) for warm in warms], seeds, noises, rules)


def _list(link: Link, key: str, name: str, default: str, low: float, high: float, whole: bool = False) -> list[float]:
    """Ask for up to so many numbers with commas between them; where something else is typed, say so."""
    kind = "whole numbers" if whole else "numbers"
    asks = f"{name}: up to {_LONGEST} {kind} from {plain(low)} to {plain(high)} with commas between them"
    typed = st.text_input(name, default, key=f"{PREFIX}{key}", bind="query-params", max_chars=80, help=f"{asks}.")
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
    _show_pictures(job, measure)
    st.write(_words(job))
    rows = table(job)
    st.dataframe(rows, hide_index=True, width="stretch", height=250)
    download_table("Runs as CSV", rows, "sweep.csv")


def _show_pictures(job: Sweep, measure: str) -> None:
    """Draw the sweep as cells and as lines, and offer the pictures."""
    makers, alt = pictures(job, measure)
    picture = makers[_CELLS]()
    player(picture, key="heat", height=picture.layout.height, alt=alt, view=measure)
    if _LINES in makers:
        count = len({Setting.of(case) for case in job.cases})
        if count > len(LINES):
            st.caption(f"Lines are drawn for the first {len(LINES)} of {count} settings.")
        lines = makers[_LINES]()
        show_legend(lines)
        player(lines, key="spread", height=320, alt=f"{alt} Bars reach from the least to the greatest.", view=measure)
    offer_pictures(makers, "sweep")


_CELLS, _LINES = "Sweep as cells", "Sweep as lines"


def pictures(job: Sweep, measure: str) -> tuple[Makers, str]:
    """Return how to draw what has come of a sweep so far, and its text alternative."""
    radii = sorted({case.rho for case in job.cases})
    settings = sorted({Setting.of(case) for case in job.cases}, key=lambda s: (s.noise, _ORDER[s.rule], s.warm))
    names = [_named(setting, settings) for setting in settings]
    every = [[measured(job, rho, setting, measure) for rho in radii] for setting in settings]
    middle = np.mean if measure == "stalled" else np.median
    z = np.array([[middle(v) if len(v) else np.nan for v in row] for row in every])
    text = [[_cell(v, measure) for v in row] for row in every]
    columns = [f"{rho:g}" for rho in radii]
    title = MEASURES[measure]
    alt = f"{title}, {'share' if measure == 'stalled' else 'median over seeds'}. " + " ".join(
        f"{name}, ρ = {column}: {cell}."
        for name, row in zip(names, text, strict=True)
        for column, cell in zip(columns, row, strict=True)
        if cell
    )
    color = HALLUCINATED if measure == "stalled" else GREY
    rows = [name.replace(", ", "<br>") for name in names]  # beside the cells there is little room
    makers: dict[str, Callable[[], Figure]] = {
        _CELLS: partial(heat, columns, rows, z, text, title, measure == "ratio", color)
    }
    if measure != "stalled":
        groups = [
            Group(name, color, np.array(radii), tuple(row))
            for name, color, row in zip(names, LINES, every, strict=False)
        ]
        makers[_LINES] = partial(spread, groups, title, log=measure == "ratio")
    return makers, alt


def _named(setting: Setting, among: Sequence[Setting]) -> str:
    """Say what sets a row apart from the others."""
    parts = [RECIPES[setting.rule].label] if len({s.rule for s in among}) > 1 else []
    if not parts or len({s.warm for s in among}) > 1:
        parts.append(f"warm-start {setting.warm:,}")
    if len({s.noise for s in among}) > 1:
        parts.append(f"{100.0 * setting.noise:g}% wrong")
    return ", ".join(parts)


def measured(job: Sweep, rho: float, setting: Setting, measure: str) -> np.ndarray:
    """Return a measure of the finished runs with these settings, one a seed; 1 for a stalled run, 0 else."""
    if measure == "stalled":
        return np.array([float(v in STALLS) for v in values_at(job.finished, rho, setting, "outcome")])
    values = values_at(job.finished, rho, setting, measure)
    return values[np.isfinite(values)]


def _cell(values: np.ndarray, measure: str) -> str:
    if not len(values):
        return ""
    return f"{int(values.sum())} of {len(values)}" if measure == "stalled" else number(float(np.median(values)))


def _words(job: Sweep) -> str:
    """Say in numbers what was found."""
    results = [one for one in list(job.finished) if one.result is not None]
    outcomes = Counter(one.result.outcome for one in results if one.result)
    ends = ", ".join(f"{outcome} {count:,}" for outcome, count in outcomes.most_common())
    return f"Verdicts of {counted(len(results), 'finished run')}: {ends}."


def table(job: Sweep) -> pd.DataFrame:
    """Tabulate the finished runs, the failed ones among them, one a row."""
    rows = []
    for one in list(job.finished):
        case, r = one.case, one.result
        row = {
            "rule": RECIPES["sam" if case.rule == "warm" else case.rule].label, "rho": case.rho,
            "warm-start": case.warm, "seed": case.seed, "wrong labels": case.network.label_noise,
            "verdict": r.outcome if r else "failed", "accuracy": r.accuracy if r else np.nan,
            "held-out accuracy": r.held_out if r else np.nan, "loss": r.loss if r else np.nan,
            "loss at w+": r.loss_plus if r else np.nan, "|g|": r.gradient if r else np.nan,
            "|S|": r.shifted if r else np.nan, "|S|/|g|": r.ratio if r else np.nan, "reason": one.failure,
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")
