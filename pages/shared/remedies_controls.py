"""Which remedies race, and with which numbers; each is in the link."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dynamics import RECIPES
from pages.shared.link import Link, plain
from pages.shared.remedies import Remedy

PREFIX: Final = "r_"  # of this page's keys
MOST: Final = 8  # remedies beside GD and SAM: with ten runs the picture is full
CHOICE: Final = tuple(name for name in RECIPES if name != "sam")
USUAL: Final = ("warm", "linear", "momentum")  # where no link says it
IMPLIED: Final = ("warm", "linear", "momentum", "noise", "usam", "asam")  # by a link that names none
_TRIED: Final = "tried"  # in the link and in the session: their names


def ask_remedies(link: Link) -> tuple[Remedy, ...]:
    """Ask which remedies race beside GD and SAM, and for their numbers, the limits being those of the recipes."""
    names = _tried(link)
    st.session_state[_TRIED] = st.session_state["_tried"] = list(names)
    st.multiselect(
        "Beside GD and SAM", CHOICE, key="_tried", on_change=_take_over, format_func=lambda name: RECIPES[name].label,
        max_selections=MOST, placeholder="Choose what to try in SAM's place",
        help=f"Up to {MOST}. Their equations and sources stand below the table.",
    )  # fmt: skip
    _keep(names)
    if not any(RECIPES[name].knobs for name in names):
        return tuple(Remedy(name) for name in names)
    with st.expander("Numbers of these remedies"), st.container(horizontal=True):
        return tuple(Remedy(name, _ask_options(link, name)) for name in names)


def _tried(link: Link) -> tuple[str, ...]:
    """Return the names that the link says or implies, or those of an earlier visit, or the usual ones.

    Every link that this page writes names them; earlier ones left out six, which they still mean.
    """
    asked = st.query_params.get(_TRIED)
    if asked is None:
        held = st.session_state.get(_TRIED) if link.arrived else None
        names = tuple(held) if held is not None else USUAL if link.asked("v") is None else IMPLIED
        _put(names)
        return names
    given = [name.strip() for name in asked.split(",") if name.strip()]
    names = tuple(name for name in CHOICE if name in given)[:MOST]
    unknown = [name for name in given if name not in CHOICE]
    if unknown:
        link.notes.append(f"The link asks for {unknown[0][:40]!r}, which is no remedy; it is left out.")
    elif len(set(given)) > MOST:
        link.notes.append(f"The link asks for {len(set(given))} remedies; the first {MOST} are used.")
    return names


def _take_over() -> None:
    _put(tuple(st.session_state["_tried"]))


def _put(names: tuple[str, ...]) -> None:
    """Write the names into the link."""
    chosen = ",".join(name for name in CHOICE if name in names)
    if st.query_params.get(_TRIED) != chosen:
        st.query_params[_TRIED] = chosen


def _keep(names: tuple[str, ...]) -> None:
    """Keep the numbers of remedies that do not race now: what is not drawn would be forgotten."""
    for name in CHOICE:
        for knob in RECIPES[name].knobs if name not in names else ():
            key = f"{PREFIX}{name}_{knob.name}"
            if key in st.session_state:
                st.session_state[key] = st.session_state[key]


def _ask_options(link: Link, name: str) -> tuple[tuple[str, float], ...]:
    recipe = RECIPES[name]
    options = []
    for knob in recipe.knobs:
        key, kind = f"{PREFIX}{name}_{knob.name}", int if knob.whole else float
        low, high, usual = kind(knob.low), kind(knob.high), kind(knob.default)
        held = st.session_state.get(key)
        if held is not None and not low <= held <= high:
            del st.session_state[key]
        value = st.number_input(
            f"{recipe.label}: {knob.symbol}", low, high, usual, 1 if knob.whole else 0.05,
            "%d" if knob.whole else "%.6g", key=key, bind="query-params", help=knob.says, width=230,
        )  # fmt: skip
        link.check(key, f"{recipe.label}, {knob.symbol}", value, f"a number from {plain(low)} to {plain(high)}")
        if value != usual:
            options.append((knob.name, float(value)))
    return tuple(options)
