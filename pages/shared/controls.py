"""The controls that pages share. Each is in the link, under its key, and keeps its value from page to page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import streamlit as st

from landscapes import CATALOGUE, FormulaError, Landscape
from landscapes.formula import parse
from landscapes.landscape import largest_radius
from landscapes.notation import latex
from landscapes.tree import Formula
from pages.shared.analysis import Question
from pages.shared.dials import log_slider, number_box, parameter_slider, positions, whole_box
from pages.shared.link import Link, plain, replace
from pages.shared.radius_analysis import Span
from pages.shared.radius_marks import show_marks

Shown = TypeVar("Shown")

OWN: Final = "Your own formula"
MOST_STEPS: Final = 100_000
STEP_SIZES: Final = (1e-7, 10.0)
EDGE: Final = 1e6  # largest absolute value of a window's edge
_OWN: Final = {"low": -6.0, "high": 6.0, "rho": 1.0, "eta": 0.01, "steps": 2000, "parameter": 1.0}
_OWN_START: Final = (2.2, 1.3)  # on no diagonal, and not at the distance rho from where symmetric functions turn
_ENDS: Final = ("low", "high")
_LONG: Final = 48  # characters of a formula; one that is longer is typeset smaller
_ENTRIES: Final = {entry.name: entry for entry in CATALOGUE.values()}
_FIRST: Final = next(iter(CATALOGUE.values()))
# What the catalogue said while links were of version 1, where it says something else now.
_VERSION_1: Final[dict[str, dict[str, float]]] = {
    "Rastrigin's function": {"rho": 1.0, "eta": 0.001, "x": 1.57, "y": 2.3},
    "Ackley's function": {"rho": 1.0, "eta": 0.016, "x": -2.3, "y": 0.5},
    "Six-hump camel": {"rho": 0.05, "x": -1.0, "y": 0.5},
}


def text(message: str) -> str:
    """Escape a message so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|$<>~:^])", r"\\\1", message)


def ask_formula(link: Link) -> Formula:
    """Ask for one of the catalogue's landscapes or a formula; where what is typed is none, say why.

    Returns:
        What was typed, or the last formula that was one.
    """
    base = _base(link)
    choice, formula = st.columns([1, 2])
    with formula:
        typed = st.text_input(
            "f, a formula in x, or in x and y",
            _ENTRIES.get(base, _FIRST).landscape.formula,
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
        understood = _last_formula()
        variables = ", ".join("xy"[: understood.dim])
        typeset = f"f({variables}) = {latex(understood)}"
        with st.container(key="formula-long" if len(understood.text) > _LONG else "formula-typeset"):
            st.latex(typeset)
    with choice:
        entry = _ENTRIES.get(base)
        kept = entry is not None and entry.landscape.parsed.tree == understood.tree
        st.session_state["_landscape"] = base if kept and not st.session_state.get("_own") else OWN
        name = st.selectbox(
            "Landscape", [*_ENTRIES, OWN], key="_landscape", on_change=_take_over_entry, format_func=titled
        )
        st.caption(text(_ENTRIES[name].story) if name in _ENTRIES else "Type it into the field beside.")
    return understood


def titled(name: str) -> str:
    """Write a landscape's name with the number of its variables."""
    return f"{name} · {_ENTRIES[name].landscape.dim}D" if name in _ENTRIES else name


def ask_question(link: Link, formula: Formula, dials: Any = None) -> Question:
    """Ask for window, parameters, radius, step size, start and number of steps.

    Radius and step size go where `dials` is, side by side: a container above the picture, where they stay while the
    text changes, and within sight of what they change on a phone too.
    """
    default = _defaults(st.session_state["_base"], formula)
    radius, size = dials.columns(2, gap="medium") if dials else (st.container(), st.container())
    starts, counts = st.container(), st.container()
    values = {}
    with st.container():
        for name in formula.parameters:
            if name != "rho":
                values[name] = parameter_slider(link, f"p_{name}", name, default[f"p_{name}"], EDGE)
    with st.expander("Window"):
        domain = _window(link, formula.dim, default)
    with radius:
        most = largest_radius(domain)
        rho = log_slider(
            link, "rho", "radius ρ", default["rho"], (0.0, most), 1e-3 * most,
            "How far SAM looks uphill before it measures the slope; 0 is plain gradient descent.",
        )  # fmt: skip
        marks = st.container()
    with size:
        eta = log_slider(
            link, "eta", "step size η", default["eta"], STEP_SIZES, 1e-5, "How far a step goes for a slope of 1."
        )
    with starts:
        columns = st.columns(formula.dim)
        start = tuple(
            number_box(link, axis, f"start {axis}", default[axis], *pair, into=column)
            for axis, pair, column in zip("xy", domain, columns, strict=False)
        )
    with counts:
        steps = whole_box(link, "steps", "steps", int(default["steps"]), (1, MOST_STEPS), 500)
    if "rho" in formula.parameters:
        values["rho"] = rho
    question = Question(Landscape(formula.text, domain, values), rho, eta, start, steps)
    st.session_state["_question"] = question
    places = positions(default["rho"], (0.0, most), 1e-3 * most, st.session_state.get("_rho_typed"))
    show_marks(Span(question.landscape, most, eta), places, marks)
    return question


def held_question(link: Link, formula: Formula) -> Question | None:
    """Return what the controls are going to say, before they are drawn, so that the picture can be drawn first.

    Returns:
        None where the window or the formula may have changed, or a value may be replaced: then only `ask_question`
        can tell.
    """
    last = st.session_state.get("_question")
    if link.arrived or last is None or last.landscape.formula != formula.text:
        return None
    state, domain = st.session_state, last.landscape.domain
    edges = {f"{axis}_{end}": pair[i] for axis, pair in zip("xy", domain, strict=False) for i, end in enumerate(_ENDS)}
    parameters = [f"p_{name}" for name in formula.parameters if name != "rho"]
    limits: dict[str, tuple[float, float]] = {
        **{"rho": (0.0, last.landscape.rho_max), "eta": STEP_SIZES, "steps": (1, MOST_STEPS)},
        **dict(zip("xy", domain, strict=False)),
        **{key: (-EDGE, EDGE) for key in parameters},
    }
    if not all(state.get(key) == edge for key, edge in edges.items()):
        return None
    if not all(key in state and low <= state[key] <= high for key, (low, high) in limits.items()):
        return None
    values = {key[2:]: float(state[key]) for key in parameters}
    if "rho" in formula.parameters:
        values["rho"] = float(state["rho"])
    start = tuple(float(state[axis]) for axis in "xy"[: formula.dim])
    landscape = Landscape(formula.text, domain, values)
    return Question(landscape, float(state["rho"]), float(state["eta"]), start, int(state["steps"]))


def picture_first(
    link: Link,
    formula: Formula,
    picture: Any,
    controls: Any,
    show: Callable[[Question], Shown],
    ask: Callable[[Link, Formula, Any], Question] | None = None,
    dials: Any = None,
) -> tuple[Question, Shown]:
    """Ask the question in `controls` and show it in `picture`, before the controls where it is known already.

    The controls take longer to draw than the picture does. Radius and step size go where `dials` is.
    """
    held = held_question(link, formula)
    if held is not None:
        with picture:
            shown = show(held)
    with controls:
        question = (ask or ask_question)(link, formula, dials)
    if held is None:
        with picture:
            shown = show(question)
    elif question != held:
        st.rerun()
    return question, shown


def _base(link: Link) -> str:
    """Say from which landscape the defaults come: what the link leaves out is as it is there.

    The link always names it, also where the formula has become the visitor's own. Where it does not (by the menu,
    which empties it), that of before is kept, and the link written anew.
    """
    asked = st.query_params.get("landscape")
    if asked in _ENTRIES or asked == OWN:
        base = asked
    else:
        base = st.session_state.get("_base") or (OWN if _is_formula(st.query_params.get("formula")) else _FIRST.name)
        link.check("landscape", "landscape", base, "in the catalogue")
    st.session_state["_base"] = base
    kept = {**_kept(base), **_earlier(link, base)} if link.arrived else {}
    link.put(landscape=base, **{key: value for key, value in kept.items() if key not in st.query_params})
    return base


def _kept(base: str) -> dict[str, str]:
    """Return the controls' values from an earlier visit to the page, where they differ from the defaults."""
    default = {"formula": _ENTRIES.get(base, _FIRST).landscape.formula, **_defaults(base, _last_formula())}
    held = {key: st.session_state[key] for key in default if key in st.session_state}
    return {key: str(value) for key, value in held.items() if value != default[key]}


def _earlier(link: Link, base: str) -> dict[str, str]:
    """Set what a link of version 1 leaves out to what it meant by that; return it, to be said by the new link."""
    meant = _VERSION_1.get(base, {}) if link.asked("v") == "1" else {}
    typed = st.query_params.get("formula")
    if meant and _is_formula(typed) and parse(typed).dim != _ENTRIES[base].landscape.dim:  # then the start is not its
        meant = {key: value for key, value in meant.items() if key not in ("x", "y")}
    meant = {key: value for key, value in meant.items() if key not in st.query_params}
    st.session_state.update(meant)
    return {key: str(value) for key, value in meant.items()}


def _is_formula(typed: str | None) -> bool:
    try:
        return typed is not None and bool(parse(typed))
    except FormulaError:
        return False


def _last_formula() -> Formula:
    """Return the last text that was a formula."""
    base = _ENTRIES.get(st.session_state["_base"], _FIRST)
    return parse(st.session_state.get("_formula", base.landscape.formula))


def switch(link: Link, key: str, name: str) -> bool:
    """Ask for yes or no."""
    value = st.toggle(name, key=key, bind="query-params")
    link.check(key, key, str(value).lower(), "true or false")
    return value


def _take_over_entry() -> None:
    """Set every control to what the catalogue says of the chosen landscape; one's own begins from what is there."""
    chosen = st.session_state["_landscape"]
    st.session_state["_own"] = chosen == OWN
    if chosen == OWN:
        return
    formula = _ENTRIES[chosen].landscape.parsed
    values = {"formula": formula.text, **_defaults(chosen, formula)}
    own = {"formula", "rho", "eta", "steps", "x", "y", "x_low", "x_high", "y_low", "y_high"}  # the landscape's
    replace([key for key in st.query_params if key in own or key.startswith("p_")], landscape=chosen)
    st.session_state["_base"] = chosen
    st.session_state.update(values)


def _take_over_formula() -> None:
    """Set window and start anew where the formula has another number of variables than the one before."""
    try:
        formula = parse(st.session_state["formula"])
    except FormulaError:
        return
    if _last_formula().dim != formula.dim:
        fresh = _defaults(st.session_state["_base"], formula)
        st.session_state.update({k: v for k, v in fresh.items() if k[0] in "xy"})


def _defaults(name: str, formula: Formula) -> dict[str, Any]:
    """What each control is set to where the link says nothing: the catalogue's values, or ours for one's own."""
    entry = _ENTRIES.get(name)
    fits = entry is not None and entry.landscape.dim == formula.dim
    domain = entry.landscape.domain if entry and fits else ((_OWN["low"], _OWN["high"]),) * formula.dim
    start = entry.start if entry and fits else _OWN_START[: formula.dim]
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


def _window(link: Link, dim: int, default: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    """Ask for the window; where an edge passes the other one, say so and keep the default."""
    domain = []
    for axis in "xy"[:dim]:
        left, right = st.columns(2)
        low = number_box(link, f"{axis}_low", f"{axis} from", default[f"{axis}_low"], -EDGE, EDGE, 0.5, into=left)
        high = number_box(link, f"{axis}_high", f"{axis} to", default[f"{axis}_high"], -EDGE, EDGE, 0.5, into=right)
        if high - low < 1e-6 * max(1.0, abs(low), abs(high)):
            usual = (default[f"{axis}_low"], default[f"{axis}_high"])
            link.notes.append(
                f"{axis} from {plain(low)} to {plain(high)} is no window: the right edge must be greater than the "
                f"left one. {plain(usual[0])} to {plain(usual[1])} is used."
            )
            low, high = usual
        domain.append((low, high))
    return tuple(domain)
