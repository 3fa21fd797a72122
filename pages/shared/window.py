"""Runs that leave the window: how far they go, and a button that widens the window to them."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from landscapes.landscape import Domain
from pages.shared.analysis import Answer, Question
from pages.shared.link import plain

_ROOM = 0.05  # of the wider window, beyond the runs
_FARTHEST = 20.0  # times the window's width; a run that goes farther is not followed


def offer_window(q: Question, a: Answer) -> None:
    """Say which runs leave the window, and offer one that holds them; nothing where none does."""
    out = [run for run in (a.gd, a.sam) if not _inside(q, run.orbit.x)]
    if not out:
        return
    who = " and ".join(run.orbit.name for run in out)
    wider = widened(q.landscape.domain, np.concatenate([run.orbit.x for run in out]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{who} {'leaves' if len(out) == 1 else 'leave'} the window that is drawn.", width="content")
        if wider is not None:
            shown = " by ".join(f"{plain(low)} to {plain(high)}" for low, high in wider)
            st.button(f"Show {shown}", on_click=_take, args=(wider,), help="Widens the window to hold the runs.")


def widened(domain: Domain, x: np.ndarray) -> Domain | None:
    """Widen a window so that it holds the finite points of x (n, d), to round numbers; None where they go too far."""
    seen = x[np.isfinite(x).all(axis=-1)]
    pairs = []
    for i, (low, high) in enumerate(domain):
        left, right = min(low, float(seen[:, i].min())), max(high, float(seen[:, i].max()))
        if right - left > _FARTHEST * (high - low):
            return None
        room = _ROOM * (right - left)
        tenth = 10.0 ** math.floor(math.log10(right - left) - 1.0)
        digits = max(0, -round(math.log10(tenth)))
        below, above = math.floor((left - room) / tenth) * tenth, math.ceil((right + room) / tenth) * tenth
        pairs.append((low if left == low else round(below, digits), high if right == high else round(above, digits)))
    return tuple(pairs)


def _inside(q: Question, x: np.ndarray) -> bool:
    """Say whether the finite points (n, d) of a run stay in the window."""
    return bool(q.landscape.contains(x[np.isfinite(x).all(axis=-1)]).all())


def _take(domain: Domain) -> None:
    """Set the window; the other controls stay."""
    for axis, (low, high) in zip("xy", domain, strict=False):
        st.session_state.update({f"{axis}_low": low, f"{axis}_high": high})
