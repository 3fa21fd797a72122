"""Maps of basins in words and numbers: the finding in a sentence, a legend, and a table of shares that sum to 1."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import streamlit as st

from dynamics.grouping import GROUPS, UNDEFINED, WORDS, Share, shares
from dynamics.outcome import OUTCOMES, Outcome
from dynamics.sentences import article, counted, number, percent, place
from figures.basins import color, ink_on
from figures.legend import character
from figures.palette import ATTRACTING, KINDS, RULES, START, TEXT
from pages.shared.basins_atlas import Atlas

RULE_NAMES: Final = ("GD", "SAM")
_LONGEST: Final = 6  # places of a group that are listed
_NOTHING: Final = "–"
_STYLE: Final = """
<style>
.basins { width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
.basins th, .basins td { padding: 0.15rem 0.4rem; text-align: right; border-bottom: 1px solid var(--st-border-color); }
.basins th:first-child, .basins td:first-child { text-align: left; }
.basins td:not(:first-child) { white-space: nowrap; vertical-align: top; }
.basins tr.place td { border-bottom: none; font-size: 0.85rem; }
.basins tr.place td:first-child { padding-left: 3.2rem; text-indent: -2rem; }
.basins tr.group td { border-top: 1px solid var(--st-border-color); border-bottom: none; font-weight: 600; }
.basins tr.sum td { border-top: 2px solid var(--st-border-color); border-bottom: none; }
.basins .cell { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 0.4rem; vertical-align: -0.05rem;
  border-radius: 2px; outline: 1px solid var(--st-border-color); }
.basins .numbered { width: 1.6rem; height: 1.1rem; line-height: 1.1rem; text-align: center; text-indent: 0;
  font-size: 0.75rem; font-weight: 600; vertical-align: 0; }
</style>
"""


def _with_error(share: Share | None) -> str:
    return _NOTHING if share is None or not share.count else percent(share.share, share.error)


def headline(atlas: Atlas, name: str) -> str:
    """Say in one sentence where the starts lead under a rule."""
    of = atlas.shares(name)[0]
    eta = atlas.question.eta
    if of[UNDEFINED].share == 1.0:
        return "f is not defined at any start of this window."
    if of["diverged"].share == 1.0:
        why = f"η = {eta:.4g} is too large a step, or f has no lower bound"
        return f"{name} diverges from every start of this map: {why}."
    defined = sorted((s for s in of.values() if s.count), key=lambda s: (s.group == UNDEFINED, -s.count))
    first, *rest = (
        f"{percent(s.share)}{'' if i else ' of the starts'} {WORDS[s.group].many}" for i, s in enumerate(defined)
    )
    return f"{name}: {first}{''.join(f', {part}' for part in rest)}."


def show_headlines(atlas: Atlas) -> None:
    """Say where the starts lead, SAM first."""
    lines = "".join(
        f'<p class="verdict"><span aria-hidden="true" style="color:{RULES[name]}">&#9679;</span> '
        f"{html.escape(headline(atlas, name))}</p>"
        for name in RULE_NAMES[::-1]
    )
    st.html(f"<div role='status'>{lines}</div>")


def below_critical(atlas: Atlas, critical: float | None) -> str:
    """Say from which share of the starts SAM is held though no hallucinated point attracts it; empty from there on."""
    rho = atlas.question.rho
    if critical is None or not 0.0 < rho < critical:
        return ""
    chart = atlas.chart("SAM")
    words = {f"at {article(kind)}": _held_at(atlas, kind) for kind in ("maximizer", "saddle", "degenerate")}
    words["in a cycle"] = atlas.shares("SAM")[0]["cycling"]
    parts = [f"{where} from {percent(share.share, share.error)}" for where, share in words.items() if share.count]
    if not parts:
        held = f"From none of these {counted(chart.codes.size, 'start')} is SAM held by anything else."
    else:
        held = f"Yet SAM is held {' and '.join(parts)} of these starts."
    below = f"ρ = {rho:.4g} is below the critical radius {number(critical)}"
    return f"{below}: no hallucinated point found attracts SAM. {held}"


def _held_at(atlas: Atlas, kind: str) -> Share:
    """Return the share of SAM's starts that are held at a kind of stationary point."""
    chart = atlas.chart("SAM")
    numbers = [i for i, p in enumerate(atlas.places) if (p.group, p.kind) == ("trapped", kind)]
    grid = np.where(np.isin(chart.codes, numbers), kind, "").reshape(chart.shape)
    return shares(grid if chart.shape[0] > 1 else grid.T, (kind,))[0]


def grid_words(atlas: Atlas, name: str) -> str:
    """Say from which starts a map's shares are."""
    rows, columns = atlas.chart(name).shape
    return f"{columns:,} starts" if rows == 1 else f"{columns} × {rows} starts"


def alternative(atlas: Atlas, name: str) -> str:
    """Say what a map shows, for those who do not see it."""
    of, _ = atlas.shares(name)
    parts = ", ".join(f"{WORDS[s.group].label} {percent(s.share)}" for s in of.values() if s.count)
    return f"Map of the starts by where {name} leads from them, {grid_words(atlas, name)}: {parts}."


def show_legend(atlas: Atlas, names: Sequence[str]) -> None:
    """List what the colours of the maps mean."""
    codes = np.unique(np.concatenate([np.unique(atlas.drawn(name)) for name in names]))
    seen = set(atlas.groups(codes).tolist())
    places = [atlas.places[i] for i in codes[codes >= 0]]
    items = []
    for group in GROUPS:
        if group not in seen:
            continue
        if group == "trapped":
            for kind in ("saddle", "maximizer", "degenerate"):
                shades = sorted({p.shade for p in places if (p.group, p.kind) == (group, kind)})
                if shades:
                    colors = [color(group, kind, shade) for shade in shades]
                    items.append((colors, f"held at {article(kind)}", WORDS[group].help))
            continue
        blank = " (blank)" if group == UNDEFINED else ""
        colors = [color(group, "", shade) for shade in sorted({p.shade for p in places if p.group == group}) or [0]]
        items.append((colors, f"{WORDS[group].label}{blank}", WORDS[group].help))
    spans = "".join(
        f'<span title="{html.escape(says)}"><span style="gap:0">{"".join(map(_swatch, colors))}</span>'
        f"{html.escape(label)}</span>"
        for colors, label, says in items
    )
    spans += "".join(
        f'<span><span aria-hidden="true" style="color:{TEXT}">{mark}</span>{what}</span>'
        for mark, what in _marks(atlas)
    )
    st.html(f'{_STYLE}<div class="legend basins-legend">{spans}</div>')


def _marks(atlas: Atlas) -> list[tuple[str, str]]:
    """List the shapes that mark the places and the start."""
    of = {"hallucinated" if p.group == "hallucinated" else p.kind for p in atlas.places if not p.curve}
    marks = {**KINDS, "hallucinated": replace(ATTRACTING, label="hallucinated point")}
    shapes = [(character(mark.symbol), mark.label) for kind, mark in marks.items() if kind in of]
    return [*shapes, (character(START), "start")]


def _swatch(ink: str) -> str:
    return (
        f'<span aria-hidden="true" style="display:inline-block;width:0.85rem;height:0.85rem;border-radius:2px;'
        f'background:{ink};outline:1px solid var(--st-border-color)"></span>'
    )


def show_table(atlas: Atlas) -> None:
    """Show the share of every group and of its places, for GD and SAM."""
    of = {name: atlas.shares(name) for name in RULE_NAMES}
    rows = []
    for group in GROUPS:
        both = [of[name][0][group] for name in RULE_NAMES]
        if not any(share.count for share in both):
            continue
        numbers = [i for i, p in enumerate(atlas.places) if p.group == group and any(i in of[n][1] for n in RULE_NAMES)]
        numbers.sort(key=lambda i: -max(of[name][1][i].count if i in of[name][1] else 0 for name in RULE_NAMES))
        ink = color(group, atlas.places[numbers[0]].kind) if numbers else color(group)
        rows.append(_row("group", ink, WORDS[group].label, [_with_error(share) for share in both], WORDS[group].help))
        for i in numbers[:_LONGEST]:
            p = atlas.places[i]
            each = [of[name][1].get(i) for name in RULE_NAMES]
            ink = color(p.group, p.kind, p.shade)
            rows.append(_row("place", ink, place_words(atlas, i), [_with_error(share) for share in each], number=i + 1))
        if group == "undecided":
            for word in ("still moving", "stalled"):
                parts = [word_share(atlas, name, word) for name in RULE_NAMES]
                if any(part.count for part in parts):
                    label = "stalled, not certified" if word == "stalled" else word
                    rows.append(_row("place", None, label, [_with_error(part) for part in parts]))
        if len(numbers) > _LONGEST:
            rest = numbers[_LONGEST:]
            sums = [sum(of[name][1][i].share for i in rest if i in of[name][1]) for name in RULE_NAMES]
            cells = [percent(total) if total else _NOTHING for total in sums]
            rows.append(_row("place", None, f"{counted(len(rest), 'other place')}", cells))
    # Counts, since shares need not sum to 1 to the last digit.
    totals = [percent(sum(s.count for s in of[name][0].values()) / atlas.chart(name).codes.size) for name in RULE_NAMES]
    rows.append(_row("sum", None, "all starts", totals))
    heads = "".join(
        f'<th scope="col"><span aria-hidden="true" style="color:{RULES[name]}">&#9679;</span> {name}</th>'
        for name in RULE_NAMES
    )
    st.html(
        f'<table class="basins"><thead><tr><th scope="col">where the starts lead</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    starts = " and ".join(dict.fromkeys(grid_words(atlas, name) for name in RULE_NAMES))
    after = counted(atlas.question.steps, "step")
    st.caption(
        f"Shares of {starts} after {after}; numbers as on the maps. ± is an estimate, no bound, of how far the grid is "
        "off for the window: half the cells through which a boundary runs. What is narrower than a cell is not seen. → "
        "names what SAM looks at from there."
    )


def word_share(atlas: Atlas, name: str, word: Outcome) -> Share:
    """Return the share of a verdict's word among the starts of a map at which f is defined."""
    chart = atlas.chart(name)
    inside = (chart.words == OUTCOMES.index(word)) & (atlas.groups(chart.codes) != UNDEFINED)
    grid = inside.reshape(chart.shape)
    return shares(np.where(grid if chart.shape[0] > 1 else grid.T, word, ""), (word,))[0]


def place_words(atlas: Atlas, i: int) -> str:
    """Name a place."""
    p, l = atlas.places[i], atlas.question.landscape
    name = next((name for name in RULE_NAMES if (atlas.chart(name).codes == i).any()), None)
    at = place(p.point if name is None else atlas.where(name, i), l.diagonal)
    kind = KINDS[p.kind].label
    if p.curve:
        what = "curve" if l.dim == 2 else "interval"
        return f"a {what}, looking at {kind}s" if p.group == "hallucinated" else f"a {what} of {kind}s"
    return f"{at} → {kind}" if p.group == "hallucinated" else f"{kind} {at}"


def _row(
    kind: str, ink: str | None, label: str, cells: Sequence[str], says: str = "", number: int | None = None
) -> str:
    mark = f'<span class="cell" aria-hidden="true" style="background:{ink}"></span>' if ink else ""
    if ink and number:
        mark = f'<span class="cell numbered" style="background:{ink};color:{ink_on(ink)}">{number}</span>'
    title = f' title="{html.escape(says)}"' if says else ""
    values = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}"><td{title}>{mark}{html.escape(label)}</td>{values}</tr>'
