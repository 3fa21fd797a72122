"""Traces of branches of hallucinated points: their parts that attract or repel, and what happens on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from dynamics import HallucinatedPoints, HallucinationCurves
from dynamics.critical_radius import Attracting, undecided
from dynamics.sentences import place
from landscapes import Landscape

from .palette import BACKGROUND, KINDS, TEXT

MOST: Final = 200  # branches that are drawn
STATES: Final = {"repels": (1.4, "dash"), "undecided": (2.2, "dashdot"), "attracts": (4.0, "solid")}  # width, dash
_SAMPLES: Final = 30  # of branches that stand for curves of points
_NEAR: Final = 0.03  # share of the window's diagonal up to which a click is at a branch
_EVENTS: Final = {  # how ends of branches are marked
    "stationary point": ("begins or ends where f is stationary", "circle-open", 6),
    "fold": ("fold: two begin or end together", "triangle-right", 9),
    "crossing": ("branches cross", "cross", 8),
    "kink": ("begins or ends at a kink or pole of f", "square", 7),
}


@dataclass(frozen=True)
class Scene:
    """What the pictures of all radii show."""

    landscape: Landscape
    curves: HallucinationCurves
    attracting: Attracting  # at eta
    found: HallucinatedPoints  # at rho
    eta: float
    rho: float
    intervals: np.ndarray  # (n, 2) at eta

    @property
    def drawn(self) -> np.ndarray:
        """The branches that are drawn, in order; of curves of points a few samples.

        Where there are more than MOST, these are the first by rho, and as many of those on which points attract.
        """
        sample = np.flatnonzero(self.curves.curves)
        sample = sample[np.linspace(0, len(sample) - 1, min(len(sample), _SAMPLES)).round().astype(int)]
        single = np.flatnonzero(~self.curves.curves)
        single = single[np.argsort(self.curves.lows[single], kind="stable")]
        if len(single) > MOST:
            a = self.attracting
            held = a.branch[np.argsort(a.low, kind="stable")]
            _, first = np.unique(held, return_index=True)
            held = held[np.sort(first)][: MOST // 2]
            rest = single[~np.isin(single, held)][: MOST - len(held)]
            single = np.concatenate([held, rest])
        return np.union1d(single, sample)


@dataclass(frozen=True)
class Part:
    """A part of a branch on which the points attract throughout, or nowhere, or derivatives do not tell."""

    kind: str
    state: str  # one of STATES
    curve: bool  # the branch stands for a curve of points
    rho: np.ndarray  # (m,)
    points: np.ndarray  # (m, d)


def style(kind: str, state: str, curve: bool) -> dict[str, Any]:
    """Choose name and line of the parts that look at a kind: strong where they attract, dashed where they do not."""
    width, dash = STATES[state]
    # The samples of a curve lie close together.
    line = {"color": KINDS[kind].color, "width": min(width, 2.0) if curve else width, "dash": dash}
    return {"name": f"looks at a {KINDS[kind].label}, {state}", "line": line}


def grouped(scene: Scene) -> Iterator[tuple[dict[str, Any], list[Part]]]:
    """Yield the parts of the drawn branches that look alike, with their style; the attracting ones last, on top."""
    unknown = undecided(scene.curves)
    parts = [part for i in scene.drawn for part in _parts(scene, int(i), bool(unknown[i]))]
    for state in STATES:
        for kind in KINDS:
            for curve in (True, False):
                chosen = [p for p in parts if (p.kind, p.state, p.curve) == (kind, state, curve)]
                if chosen:
                    yield style(kind, state, curve), chosen


def _parts(scene: Scene, i: int, unknown: bool) -> Iterator[Part]:
    """Cut a branch where its points begin or stop to attract, or where derivatives begin or cease to tell."""
    branch, a = scene.curves[i], scene.attracting
    mine = a.branch == i
    left_open = np.isnan(branch.step_limits) & unknown
    change = np.flatnonzero(left_open[1:] != left_open[:-1])
    between = 0.5 * (branch.rho[change] + branch.rho[change + 1])
    cuts = np.unique(np.concatenate([a.low[mine], a.high[mine], between, branch.rho[[0, -1]]]))
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        held = bool((mine & (a.low <= low) & (a.high >= high)).any())
        inner = (branch.rho > low) & (branch.rho < high)
        ends = np.array([[np.interp(r, branch.rho, x) for x in branch.points.T] for r in (low, high)])
        points = np.concatenate([ends[:1], branch.points[inner], ends[1:]])
        told = np.interp(0.5 * (low + high), branch.rho, left_open) < 0.5
        state = "attracts" if held else "repels" if told else "undecided"
        yield Part(branch.kind, state, branch.curve, np.concatenate([[low], branch.rho[inner], [high]]), points)


def nearest(scene: Scene, x: np.ndarray) -> float | None:
    """Return the radius at which a drawn branch comes closest to a point (2,) of the plane; None where none is near."""
    c = scene.curves
    first = np.flatnonzero((c.branch[:-1] == c.branch[1:]) & np.isin(c.branch[:-1], scene.drawn))
    if not len(first):
        return None
    a, along = c.points[first], c.points[first + 1] - c.points[first]
    share = ((x - a) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-300)
    share = np.clip(share, 0.0, 1.0)
    apart = np.linalg.norm(x - a - share[:, None] * along, axis=1)
    i = int(np.argmin(apart))
    if apart[i] > _NEAR * c.landscape.diagonal:
        return None
    return float(c.rho[first[i]] * (1.0 - share[i]) + c.rho[first[i] + 1] * share[i])


def broken(pieces: list[np.ndarray]) -> np.ndarray:
    """Put pieces one after another, with gaps between."""
    gap = np.array([np.nan])
    return np.concatenate([v for piece in pieces for v in (piece, gap)])


def events(scene: Scene, up: Any, across: str) -> Iterator[go.Scatter]:
    """Mark where branches begin and end, and where within a branch attraction begins or ends."""
    c, l = scene.curves, scene.landscape
    drawn = scene.drawn
    begins, ends = c.offsets[:-1][drawn], c.offsets[1:][drawn] - 1
    sample, why = np.concatenate([begins, ends]), np.concatenate([c.starts[drawn], c.ends[drawn]])
    born = np.repeat([True, False], len(drawn))
    for word, (name, symbol, size) in _EVENTS.items():
        chosen = np.flatnonzero(why == word)
        if not len(chosen):
            continue
        at = sample[chosen]
        kinds = c.kinds[c.branch[at]]
        texts = [
            f"ρ = {c.rho[k]:.7g}: {_said(word, bool(b))}<br>x at {place(c.points[k], l.diagonal)}, looking at a {kind}"
            for k, b, kind in zip(at, born[chosen], kinds, strict=True)
        ]
        yield _marked(c.rho[at], up(c.points[at]), name, symbol, size, texts, across)
    a = scene.attracting
    low = np.isin(a.branch, drawn) & (a.low > c.lows[a.branch] + 1e-9 * c.rho_max)
    high = np.isin(a.branch, drawn) & (a.high < c.highs[a.branch] - 1e-9 * c.rho_max)
    rho = np.concatenate([a.low[low], a.high[high]])
    if len(rho):
        branch = np.concatenate([a.branch[low], a.branch[high]])
        points = np.array([
            [np.interp(r, c[int(i)].rho, x) for x in c[int(i)].points.T] for r, i in zip(rho, branch, strict=True)
        ])  # fmt: skip
        words = ["begins to attract"] * int(low.sum()) + ["stops attracting"] * int(high.sum())
        texts = [f"ρ = {r:.7g}: {word} at η = {scene.eta:.4g}" for r, word in zip(rho, words, strict=True)]
        yield _marked(rho, up(points), "begins or stops to attract", "diamond", 8, texts, across)


def _said(word: str, born: bool) -> str:
    verb = "begins" if born else "ends"
    return {
        "stationary point": f"the branch {verb}; x meets a stationary point",
        "fold": f"a fold; two branches {verb[:-1]} together",
        "crossing": "branches cross",
        "kink": f"the branch {verb} at a kink or pole of f",
    }[word]


def _marked(
    x: np.ndarray, y: np.ndarray, name: str, symbol: str, size: int, texts: list[str], across: str
) -> go.Scatter:
    open_mark = symbol.endswith("open")
    return go.Scatter(
        x=x, y=y, mode="markers", name=name, text=texts, hovertemplate="%{text}<extra></extra>", xaxis=across,
        marker={
            "symbol": symbol, "size": size, "color": TEXT,
            "line": {"width": 1.3 if open_mark else 1.0, "color": TEXT if open_mark else BACKGROUND},
        },
    )  # fmt: skip
