"""The controls that pages share. Each is in the link, under its key, and keeps its value from page to page."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np
import streamlit as st

from landscapes import CATALOGUE, FormulaError, Landscape
from landscapes.formula import Formula, latex, parse
from pages.shared.analysis import Question
from pages.shared.link import Link

OWN: Final = "Your own formula"
MOST_STEPS: Final = 100_000
STEP_SIZES: Final = (1e-7, 10.0)
EDGE: Final = 1e6  # largest absolute value of a window's edge
_OWN: Final = {"low": -6.0, "high": 6.0, "start": 1.0, "rho": 1.0, "eta": 0.01, "steps": 2000, "parameter": 1.0}
_DECADE: Final = 40  # positions of a logarithmic slider in a decade
_ENTRIES: Final = {entry.name: entry for entry in CATALOGUE.values()}
_FIRST: Final = next(iter(CATALOGUE.values()))


def text(message: str) -> str:
    """Escape a message so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|$<>~:^])", r"\\\1", message)


def ask_formula(link: Link) -> Formula:
    """Ask for one of the catalogue's landscapes or a formula; where what is typed is none, say why.

    Returns:
        What was typed, or the last formula that was one.
    """
    choice, formula = st.columns([1, 2])
    with choice:
        name = st.selectbox(
            "Landscape", [*_ENTRIES, OWN], key="landscape", bind="query-params", on_change=_take_over_entry
        )
        link.check("landscape", "landscape", name, "in the catalogue")
        if name in _ENTRIES:
            st.caption(text(_ENTRIES[name].story))
    with formula:
        typed = st.text_input(
            "f, a formula in x, or in x and y",
            _ENTRIES.get(name, _FIRST).landscape.formula,
            key="formula",
            bind="query-params",
            max_chars=1000,
            on_change=_take_over_formula,
            help="Write 2x or 2*x, x^2 or x**2, brackets, sin cos tan asin acos atan sinh cosh tanh exp log log10 sqrt "
            "abs, pi and e. Every other name becomes a parameter with a slider; rho is SAM's radius.",
        )
        try:
            st.session_state["_formula"] = parse(typed).text
        except FormulaError as error:
            st.error(text(str(error)))
        understood = parse(st.session_state.get("_formula", _FIRST.landscape.formula))
        variables = ", ".join("xy"[: understood.dim])
        st.latex(f"f({variables}) = {latex(understood)}")
    return understood


def ask_question(link: Link, formula: Formula) -> Question:
    """Ask for window, parameters, radius, step size, start and number of steps."""
    default = _defaults(st.session_state["landscape"], formula)
    radius, size = st.container(), st.container()
    starts, counts = st.container(), st.container()
    values = {}
    with st.container():
        for name in formula.parameters:
            if name != "rho":
                values[name] = _parameter(link, name, default[f"p_{name}"])
    with st.expander("Window"):
        domain = _window(link, formula.dim, default)
    with radius:
        most = 0.5 * min(high - low for low, high in domain)
        rho = log_slider(
            link, "rho", "radius ρ", default["rho"], (0.0, most), 1e-3 * most,
            "How far SAM looks uphill before it measures the slope; 0 is plain gradient descent.",
        )  # fmt: skip
    with size:
        eta = log_slider(
            link, "eta", "step size η", default["eta"], STEP_SIZES, 1e-5, "How far a step goes for a slope of 1."
        )
    with starts:
        columns = st.columns(formula.dim)
        start = tuple(
            _box(link, axis, f"start {axis}", default[axis], *pair, _tidy((pair[1] - pair[0]) / 30.0), into=column)
            for axis, pair, column in zip("xy", domain, columns, strict=False)
        )
    with counts:
        steps = int(
            st.number_input("steps", 1, MOST_STEPS, int(default["steps"]), 500, key="steps", bind="query-params")
        )
        link.check("steps", "steps", steps, f"a whole number from 1 to {MOST_STEPS:,}")
    if "rho" in formula.parameters:
        values["rho"] = rho
    return Question(Landscape(formula.text, domain, values), rho, eta, start, steps)


def _take_over_entry() -> None:
    """Set every control to what the catalogue says of the chosen landscape."""
    entry = _ENTRIES.get(st.session_state["landscape"])
    if entry is not None:
        formula = parse(entry.landscape.formula)
        st.session_state.update({"formula": formula.text, **_defaults(entry.name, formula)})


def _take_over_formula() -> None:
    """Make the typed formula one's own; with another number of variables, window and start are new."""
    try:
        formula = parse(st.session_state["formula"])
    except FormulaError:
        return
    before = parse(st.session_state.get("_formula", _FIRST.landscape.formula))
    st.session_state["landscape"] = OWN
    if before.dim != formula.dim:
        fresh = _defaults(OWN, formula)
        st.session_state.update({k: v for k, v in fresh.items() if k[0] in "xy"})


def _defaults(name: str, formula: Formula) -> dict[str, Any]:
    """What each control is set to where the link says nothing: the catalogue's values, or ours for one's own."""
    entry = _ENTRIES.get(name)
    fits = entry is not None and entry.landscape.dim == formula.dim
    domain = entry.landscape.domain if entry and fits else ((_OWN["low"], _OWN["high"]),) * formula.dim
    start = entry.start if entry and fits else (_OWN["start"],) * formula.dim
    parameters = dict(entry.landscape.parameters) if entry else {}
    values: dict[str, Any] = {
        "rho": entry.rho if entry else _OWN["rho"],
        "eta": entry.eta if entry else _OWN["eta"],
        "steps": entry.steps if entry else _OWN["steps"],
    }
    for axis, (low, high), x in zip("xy", domain, start, strict=False):
        values |= {f"{axis}_low": low, f"{axis}_high": high, axis: x}
    for p in formula.parameters:
        values[f"p_{p}"] = parameters.get(p, _OWN["parameter"])
    return values


def _tidy(step: float) -> float:
    """Round a step down to a power of ten."""
    return float(10.0 ** math.floor(math.log10(step)))


def _box(
    link: Link, key: str, name: str, default: float, low: float, high: float, step: float, into: Any = st, **more: Any
) -> float:
    """Ask for a number; the same limits hold for the box and for the link."""
    held = st.session_state.get(key)
    if held is not None and not low <= held <= high:
        st.session_state[key] = min(max(held, low), high)
        link.notes.append(f"{name} = {held:g} is outside {low:g} to {high:g}; {st.session_state[key]:g} is used.")
    default = min(max(default, low), high)
    value = into.number_input(name, low, high, default, step, "%.6g", key, bind="query-params", **more)
    link.check(key, name, value, f"a number from {low:g} to {high:g}")
    return float(value)


def log_slider(
    link: Link, key: str, name: str, default: float, limits: tuple[float, float], lowest: float, help: str
) -> float:
    """Ask for a number by a logarithmic slider, from `lowest` up, and a box that has the exact value."""
    slider, box = st.columns([3, 2], vertical_alignment="bottom")
    low, high = limits
    value = _box(
        link, key, name, default, low, high, _tidy(0.1 * (default or high)), into=box, label_visibility="collapsed"
    )
    count = max(2, round(_DECADE * math.log10(high / lowest)) + 1)
    round_values = [float(f"{v:.2g}") for v in np.geomspace(lowest, high, count)]
    positions = sorted(
        {v for v in (*round_values, default, high, low) if low <= v <= high and (v >= lowest or v == 0.0)}
    )

    def move() -> None:
        st.session_state[key] = st.session_state[f"_{key}_slider"]

    st.session_state[f"_{key}_slider"] = min(positions, key=lambda p: abs(p - value))
    slider.select_slider(
        name, positions, key=f"_{key}_slider", on_change=move, help=help, format_func=lambda p: f"{p:.3g}"
    )
    return value


def _parameter(link: Link, name: str, default: float) -> float:
    """Ask for a parameter of the formula by a slider around its default."""
    reach = max(5.0, 3.0 * abs(default))
    key = f"p_{name}"
    value = st.slider(name, -reach, reach, float(default), reach / 200.0, key=key, bind="query-params", format="%.4g")
    link.check(key, name, value, f"a number from {-reach:g} to {reach:g}")
    return float(value)


def _window(link: Link, dim: int, default: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    """Ask for the window; where an edge passes the other one, say so and keep the default."""
    domain = []
    for axis in "xy"[:dim]:
        left, right = st.columns(2)
        low = _box(link, f"{axis}_low", f"{axis} from", default[f"{axis}_low"], -EDGE, EDGE, 0.5, into=left)
        high = _box(link, f"{axis}_high", f"{axis} to", default[f"{axis}_high"], -EDGE, EDGE, 0.5, into=right)
        if high - low < 1e-6 * max(1.0, abs(low), abs(high)):
            usual = (default[f"{axis}_low"], default[f"{axis}_high"])
            link.notes.append(
                f"{axis} from {low:g} to {high:g} is no window: the right edge must be greater than the left one. "
                f"{usual[0]:g} to {usual[1]:g} is used."
            )
            low, high = usual
        domain.append((low, high))
    return tuple(domain)
