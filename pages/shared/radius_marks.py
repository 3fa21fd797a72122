"""The dangerous radii below the slider of rho: where some hallucinated point attracts, and from where on."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from figures.palette import HALLUCINATED
from pages.shared.dials import SHARES
from pages.shared.radius_analysis import Danger, Span, quick
from pages.shared.radius_report import beside_slider, defined

_STRIP: Final = "position:relative;height:9px;margin:0 6px"  # the slider's ends stand in from its edges as far
_PART: Final = "position:absolute;top:0;height:5px;border-radius:2px;left:{:.2f}%;width:{:.2f}%;background:{}"
_TICK: Final = "position:absolute;top:-2px;height:9px;width:2px;left:{:.2f}%;background:{}"


def show_marks(span: Span, places: Sequence[float], into: Any = st) -> None:
    """Mark the dangerous radii below a slider with these places, and name them, where they are found in a moment."""
    found = quick(span)
    if found is None:
        return
    with into.container(key="dial-marks", gap=None):
        slider, _ = st.columns(SHARES)
        slider.html(strip(found, places))
        st.caption(beside_slider(found), help=defined(found))


def strip(found: Danger, places: Sequence[float]) -> str:
    """Draw the intervals of dangerous radii along a slider, as HTML; a tick at the critical radius."""
    parts = []
    for low, high in found.intervals.tolist():
        left, right = along(places, low), along(places, high)
        parts.append(_PART.format(left, max(right - left, 0.5), HALLUCINATED))
    if found.critical is not None and found.critical > places[0]:
        parts.append(_TICK.format(along(places, found.critical), "currentColor"))
    drawn = "".join(f'<span style="{part}"></span>' for part in parts)
    return f'<div class="radius-marks" aria-hidden="true" style="{_STRIP}">{drawn}</div>'


def along(places: Sequence[float], value: float) -> float:
    """Return where a value stands along a slider whose places are equally far apart, in percent."""
    i = bisect.bisect_left(places, value)
    if i == 0:
        return 0.0
    if i == len(places):
        return 100.0
    low, high = places[i - 1], places[i]
    return 100.0 * (i - 1 + (value - low) / (high - low)) / (len(places) - 1)
