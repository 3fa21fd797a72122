"""Boxes and sliders for numbers. Their values are in the link; what is beyond their limits is replaced, and said so."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
import streamlit as st

from pages.shared.link import Link, plain
from pages.shared.slider import slider as moving_slider

Number = TypeVar("Number", int, float)

SHARES: Final = (3, 2)  # of a slider's width and its box's
_PARTS: Final = 400  # of a parameter's slider
_DECADE: Final = 40  # positions of a logarithmic slider in a decade
# The limit of the widgets themselves. Beyond theirs they keep what is typed to themselves, so theirs are no use.
_FAR: Final = 10**12


def tidy(step: float) -> float:
    """Round a step down to a power of ten."""
    return float(10.0 ** math.floor(math.log10(step)))


def number_box(
    link: Link,
    key: str,
    name: str,
    default: float,
    low: float,
    high: float,
    step: float | None = None,
    into: Any = st,
    **more: Any,
) -> float:
    """Ask for a number; the same limits hold for the box and for the link."""
    step = step or tidy((high - low) / 30.0)
    default = min(max(float(default), low), high)
    allowed = f"{plain(low)} to {plain(high)}"
    if "label_visibility" not in more:
        more = {"help": f"From {allowed}.", **more}
    value = _box(link, key, name, default, (low, high), step, allowed, into, format="%.6g", **more)
    link.check(key, name, value, f"a number from {allowed}")
    return value


def whole_box(link: Link, key: str, name: str, default: int, limits: tuple[int, int], step: int, **more: Any) -> int:
    """Ask for a whole number; the same limits hold for the box and for the link."""
    low, high = limits
    more = {"help": f"A whole number from {low:,} to {high:,}.", **more}
    value = _box(link, key, name, default, limits, step, f"{low:,} to {high:,}", st, **more)
    link.check(key, name, str(value), f"a whole number from {low:,} to {high:,}")
    return value


def count_box(
    link: Link, key: str, name: str, default: int, limits: tuple[int, int], step: int, what: str, **more: Any
) -> int:
    """Ask for a whole number; where a link asks for more of `what` than there may be, the most is used and said so."""
    low, high = limits
    asked = link.asked(key)
    beyond = asked is not None and asked.isdecimal() and int(asked[:20]) > high
    if beyond:
        st.session_state[key] = high
        link.notes.append(f"The link asks for {asked[:20]} {what}; {high} are the most, and are used.")
    value = _box(link, key, name, default, limits, step, f"{low:,} to {high:,}", st, beyond=beyond, **more)
    if not beyond:
        link.check(key, what, float(value), f"a whole number from {low} to {high}")
    return value


def log_slider(
    link: Link, key: str, name: str, default: float, limits: tuple[float, float], lowest: float, help: str
) -> float:
    """Ask for a number by a logarithmic slider, from `lowest` up, and a box that has the exact value."""
    low, high = limits
    with st.container(key=f"dial-{key}"):  # side by side on a phone too
        slider, box = st.columns(SHARES, vertical_alignment="bottom")
    value = number_box(
        link, key, name, default, low, high, tidy(0.1 * (default or high)), into=box, label_visibility="collapsed"
    )
    typed = f"_{key}_typed"
    if value not in positions(default, limits, lowest):  # the slider gets a place for it, and keeps it while it moves
        st.session_state[typed] = value
    places = positions(default, limits, lowest, st.session_state.get(typed))

    with slider:
        moving_slider(key, name, value, partial(_take, key), places, help=f"{help} From {plain(low)} to {plain(high)}.")
    return value


def positions(
    default: float, limits: tuple[float, float], lowest: float, typed: float | None = None
) -> tuple[float, ...]:
    """List the values of a logarithmic slider: round ones, its limits, its default, and one that was typed."""
    low, high = limits
    count = max(2, round(_DECADE * math.log10(high / lowest)) + 1)
    values = {float(f"{v:.2g}") for v in np.geomspace(lowest, high, count)}
    values = {v for v in values | {default, high, low} if v >= lowest or v == 0.0}
    return tuple(sorted(v for v in (values if typed is None else values | {typed}) if low <= v <= high))


def parameter_slider(link: Link, key: str, name: str, default: float, edge: float) -> float:
    """Ask for a parameter by a slider around zero, and a box for what is exact or beyond it, up to `edge`."""
    with st.container(key=f"dial-{key}"):
        slider, box = st.columns(SHARES, vertical_alignment="bottom")
    value = number_box(link, key, name, default, -edge, edge, 0.1, into=box, label_visibility="collapsed")
    reach = max(5.0, 3.0 * abs(default), abs(value))

    with slider:
        moving_slider(key, name, value, partial(_take, key), span=(-reach, reach, _PARTS))
    return value


def _take(key: str, value: float) -> None:
    st.session_state[key] = value


def _box(
    link: Link,
    key: str,
    name: str,
    default: Number,
    limits: tuple[Number, Number],
    step: Number,
    allowed: str,
    into: Any,
    beyond: bool = False,
    **more: Any,
) -> Number:
    """Ask for a number; what is beyond the limits becomes the default in a link, and else the nearest limit.

    `beyond` says that the link's value has been replaced already.
    """
    low, high = limits
    kind = type(default)
    asked = _as_number(link.asked(key))
    if asked is not None and not low <= asked <= high:  # the widget would take it
        link.refuse(key)
        if not beyond:
            st.session_state[key] = default
    held = st.session_state.get(key)
    nearest = None
    if held is not None and not low <= held <= high:
        st.session_state[key] = nearest = kind(min(max(held, low), high))
    value = kind(into.number_input(name, kind(-_FAR), kind(_FAR), default, step, key=key, bind="query-params", **more))
    if not low <= value <= high:  # by going back in the browser's history, which can also set the default instead
        held, value = value, kind(min(max(value, low), high))
        nearest = value
    if nearest is not None and value == nearest:
        link.notes.append(f"{name} = {plain(held)} is outside {allowed}; {plain(value)} is used.")
    return value


def _as_number(asked: str | None) -> float | None:
    """Return the number that a text is, if it is one."""
    try:
        return None if asked is None else float(asked)
    except ValueError:
        return None
