"""What a sweep has found: in one sentence, in numbers for each setting, in pictures, and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
import pandas as pd

from dynamics import RECIPES
from dynamics.outcome import STALLS
from dynamics.sentences import counted, number, percent
from dynamics.sweep import Finished
from figures import Figure
from figures.palette import GREY, HALLUCINATED, LINES
from figures.training import Group, heat, spread
from landscapes.landscape import Array
from pages.shared.networks_words import APART
from pages.shared.sweeping import CaseResult, Setting, values_at
from pages.shared.training import Training

MEASURES: Final = {
    "accuracy": "training accuracy", "loss": "loss", "ratio": "slope at w⁺ / slope at w",
    "stalled": "share of runs that stalled",
}  # fmt: skip
PLAIN: Final = {  # the table's columns as programs call them
    "ρ": "rho", "warm-start": "warm_start", "|∇f(w)|": "gradient_norm", "|∇f(w⁺)|": "shifted_norm",
    "|∇f(w⁺)| / |∇f(w)|": "ratio", "loss at w⁺": "loss_plus", "held-out accuracy": "held_out_accuracy",
    "wrong labels": "wrong_labels",
}  # fmt: skip
CELLS, DOTS = "Sweep as cells", "Sweep as lines"
_ORDER: Final = {name: i for i, name in enumerate(RECIPES)}
_SHARES: Final = ("accuracy", "stalled")


class Swept(Protocol):
    """A sweep under way, one that has ended, or a stored one."""

    @property
    def cases(self) -> Sequence[Training]:
        """All of its runs."""
        ...

    @property
    def finished(self) -> Sequence[Finished[Training, CaseResult]]:
        """Those that have ended."""
        ...


def radii(swept: Swept) -> list[float]:
    """List the radii, ascending."""
    return sorted({case.rho for case in swept.cases})


def settings(swept: Swept) -> list[Setting]:
    """List what the runs of a row have in common, in the order in which rows are drawn."""
    return sorted({Setting.of(case) for case in swept.cases}, key=lambda s: (s.noise, _ORDER[s.rule], s.warm))


def named(setting: Setting, among: Sequence[Setting]) -> str:
    """Say what sets a row apart from the others."""
    parts = [RECIPES[setting.rule].label] if len({s.rule for s in among}) > 1 else []
    if not parts or len({s.warm for s in among}) > 1:
        parts.append(f"warm-start of {counted(setting.warm, 'step')}" if setting.warm else "no warm-start")
    if len({s.noise for s in among}) > 1:
        parts.append(f"{100.0 * setting.noise:g}% wrong labels")
    return ", ".join(parts)


def measured(swept: Swept, rho: float, setting: Setting, measure: str) -> Array:
    """Return a measure of the finished runs with these settings, one a seed; 1 for a stalled run, 0 else."""
    if measure == "stalled":
        return np.array([float(v in STALLS) for v in values_at(swept.finished, rho, setting, "outcome")])
    values = values_at(swept.finished, rho, setting, measure)
    return np.asarray(values[np.isfinite(values)])


@dataclass(frozen=True)
class _Row:
    """The medians of one setting, at the radii where there are some."""

    setting: Setting
    name: str
    rho: tuple[float, ...]
    median: tuple[float, ...]  # training accuracy
    stalled: int
    ended: int


def _rows(swept: Swept) -> list[_Row]:
    among, found = settings(swept), []
    for setting in among:
        at = {rho: measured(swept, rho, setting, "accuracy") for rho in radii(swept)}
        medians = {rho: float(np.median(values)) for rho, values in at.items() if len(values)}
        stalls = np.concatenate([measured(swept, rho, setting, "stalled") for rho in at])
        found.append(
            _Row(
                setting, named(setting, among), tuple(medians), tuple(medians.values()), int(stalls.sum()), len(stalls)
            )
        )
    return [row for row in found if row.ended]


def conclusion(swept: Swept) -> str:
    """Say what a warm-start, or where there is none the radius, changes most."""
    rows = [row for row in _rows(swept) if row.rho]
    gains = [
        (warm.median[warm.rho.index(rho)] - bare.median[bare.rho.index(rho)], rho, bare, warm)
        for bare in rows
        for warm in rows
        if bare.setting._replace(warm=warm.setting.warm) == warm.setting
        if bare.setting.warm < warm.setting.warm
        for rho in bare.rho
        if rho in warm.rho
    ]
    of = f"(median of {counted(_seeds(swept), 'seed')})"
    if gains:
        gain, rho, bare, warm = max(gains, key=lambda found: abs(found[0]))
        ends = f"{percent(bare.median[bare.rho.index(rho)])} correct with {bare.name}"
        ends += f", {percent(warm.median[warm.rho.index(rho)])} with a {warm.name}"
        if abs(gain) < APART:
            return f"The warm-start changes little at any radius; most at ρ = {rho:g}: {ends} {of}."
        lost = min(found[0] for found in gains)
        but = " Elsewhere it does harm." if gain > 0.0 and lost <= -APART else ""
        verb = "helps" if gain > 0.0 else "harms"
        return f"The warm-start {verb} most at ρ = {rho:g}: {ends} {of}.{but}"
    if not rows:
        return ""
    best, worst = (
        pick(((m, rho, row) for row in rows for m, rho in zip(row.median, row.rho, strict=True)), key=lambda t: t[0])
        for pick in (max, min)
    )
    if best[0] - worst[0] < APART:
        return f"All settings end about alike, from {percent(worst[0])} to {percent(best[0])} correct {of}."
    ends = [
        f"{percent(m)} correct at ρ = {rho:g}" + (f" ({row.name})" if len(rows) > 1 else "")
        for m, rho, row in (best, worst)
    ]
    return f"Best are {ends[0]}, worst {ends[1]} {of}."


def lines(swept: Swept) -> list[str]:
    """Say for each setting how its accuracy depends on the radius, and how many of its runs stalled."""
    said = []
    for row in _rows(swept):
        ends = f"{row.stalled} of {counted(row.ended, 'run')} stalled."
        name = row.name[0].upper() + row.name[1:]
        if not row.rho:
            said.append(f"{name}: {ends}")
            continue
        low, high = int(np.argmin(row.median)), int(np.argmax(row.median))
        if len(row.rho) == 1 or row.median[high] - row.median[low] < APART:
            between = percent(row.median[low])
            if low != high:
                between += f" to {percent(row.median[high])}"
            said.append(f"{name}: {between} correct at ρ = {', '.join(f'{rho:g}' for rho in row.rho)}; {ends}")
            continue
        said.append(
            f"{name}: from {percent(row.median[high])} correct at ρ = {row.rho[high]:g} to "
            f"{percent(row.median[low])} at ρ = {row.rho[low]:g}; {ends}"
        )
    return said


def verdicts(swept: Swept) -> str:
    """Count the verdicts of the finished runs."""
    results = [one.result for one in list(swept.finished) if one.result is not None]
    ends = ", ".join(f"{outcome} {count:,}" for outcome, count in Counter(r.outcome for r in results).most_common())
    return f"Verdicts of {counted(len(results), 'finished run')}: {ends}."


def _seeds(swept: Swept) -> int:
    return len({case.seed for case in swept.cases})


def statistic(swept: Swept, measure: str) -> str:
    """Say what a cell holds."""
    title, seeds = MEASURES[measure], counted(_seeds(swept), "seed")
    return f"{title}, of {seeds}" if measure == "stalled" else f"{title}, median of {seeds}"


def pictures(swept: Swept, measure: str) -> tuple[Mapping[str, Callable[[], Figure]], dict[str, str]]:
    """Return how to draw what has come of a sweep so far, and the pictures' text alternatives, by title."""
    across, among = radii(swept), settings(swept)
    names = [named(setting, among) for setting in among]
    every = [[measured(swept, rho, setting, measure) for rho in across] for setting in among]
    middle = np.mean if measure == "stalled" else np.median
    z = np.array([[middle(v) if len(v) else np.nan for v in row] for row in every])
    seeds = _seeds(swept)
    text = [[_cell(v, measure, seeds) for v in row] for row in every]
    columns, title, share, log = [f"{rho:g}" for rho in across], statistic(swept, measure), measure in _SHARES, False
    log = measure == "ratio"
    cells = " ".join(
        f"{name}, ρ = {column}: {cell}."
        for name, row in zip(names, text, strict=True)
        for column, cell in zip(columns, row, strict=True)
        if cell
    )
    color = HALLUCINATED if measure == "stalled" else GREY
    rows = [_wrapped(name) for name in names]  # beside the cells there is little room
    makers: dict[str, Callable[[], Figure]] = {CELLS: partial(heat, columns, rows, z, text, title, log, share, color)}
    alts = {CELLS: f"{title}. {cells}"}
    if measure != "stalled":
        groups = [
            Group(name, color, np.array(across), tuple(row))
            for name, color, row in zip(names, LINES, every, strict=False)
        ]
        makers[DOTS] = partial(spread, groups, MEASURES[measure], log, share)
        write = percent if share else number
        spreads = " ".join(
            f"{name}, ρ = {column}: from {write(float(v.min()))} to {write(float(v.max()))}."
            for name, row, _ in zip(names, every, LINES, strict=False)
            for column, v in zip(columns, row, strict=True)
            if len(v)
        )
        alts[DOTS] = f"{MEASURES[measure]} over ρ: every seed, from the least to the greatest. {spreads}"
    return makers, alts


def _wrapped(name: str) -> str:
    return name.replace(", ", "<br>").replace("warm-start of ", "warm-start<br>of ")


def _cell(values: Array, measure: str, seeds: int) -> str:
    if not len(values):
        return ""
    if measure == "stalled":
        return f"{int(values.sum())} of {len(values)}"
    median = float(np.median(values))
    written = percent(median) if measure in _SHARES else number(median)
    return written if len(values) == seeds else f"{written} (of {len(values)})"


def table(swept: Swept) -> pd.DataFrame:
    """Tabulate the finished runs, the failed ones among them, one a row, what decides first."""
    rows = []
    for one in list(swept.finished):
        case, r = one.case, one.result
        row = {
            "ρ": case.rho, "warm-start": case.warm, "seed": case.seed, "accuracy": r.accuracy if r else np.nan,
            "verdict": r.outcome if r else "failed", "|∇f(w)|": r.gradient if r else np.nan,
            "|∇f(w⁺)|": r.shifted if r else np.nan, "|∇f(w⁺)| / |∇f(w)|": r.ratio if r else np.nan,
            "loss": r.loss if r else np.nan, "loss at w⁺": r.loss_plus if r else np.nan,
            "held-out accuracy": r.held_out if r else np.nan, "wrong labels": case.network.label_noise,
            "rule": RECIPES["sam" if case.rule == "warm" else case.rule].label, "reason": one.failure or None,
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")
