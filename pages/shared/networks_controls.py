"""The controls of the page on networks: which network, and how it is trained. All limits are here and in `training`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dynamics import RECIPES
from landscapes.networks import Network
from landscapes.networks.data import MOST
from landscapes.networks.network import ACTIVATIONS
from pages.shared.link import Link, plain
from pages.shared.training import DEEPEST, MOST_STEPS, PRESETS, WIDEST, Training

LOSSES: Final = {"digits": ("cross-entropy",), "moons": ("logistic", "cross-entropy")}
RADII: Final = (0.0, 20.0)
STEP_SIZES: Final = (1e-6, 10.0)
PREFIX: Final = "n_"  # of this page's keys: other pages have radii and steps of their own
TRAINING, SWEEP, LOG = "Training", "Sweep", "Your own log"
TRIED: Final = tuple(name for name in RECIPES if name != "sam")  # in SAM's place
_KNOBS: Final = tuple(f"{name}_{knob.name}" for name in TRIED if name != "warm" for knob in RECIPES[name].knobs)
_BOTH: Final = ("eta", "steps", "seed", "hidden", "activation", "loss", "held", "decay", "examples")
PARTS: Final = {  # of the page, and the keys of their controls
    TRAINING: (*_BOTH, "rho", "rule", "warm", *_KNOBS, "noise"),
    SWEEP: (*_BOTH, "rules", "rhos", "warms", "seeds", "noises", "measure"),
    LOG: (),
}
_ALL: Final = 0  # examples: all of them
_NARROW: Final = 140  # pixels: two beside each other on a phone
_VARIABLE: Final = re.compile(r"(?<![\\A-Za-z])x(?![A-Za-z])")  # of the recipes; on this page it is called w


def keep_values(rendered: str) -> None:
    """Keep the values of the controls that another part of the page has: what is not drawn would be forgotten.

    Args:
        rendered: the part that is drawn now.
    """
    for part, keys in PARTS.items():
        for key in keys if part != rendered else ():
            if f"{PREFIX}{key}" in st.session_state and key not in PARTS[rendered]:
                st.session_state[f"{PREFIX}{key}"] = st.session_state[f"{PREFIX}{key}"]


def ask_preset(link: Link) -> str:
    """Ask which of the presets the settings start from."""
    names = list(PRESETS)
    asked = st.query_params.get("preset")
    held = st.session_state.get("preset")
    if held not in names:
        st.session_state["preset"] = held = asked if asked in names else names[0]
    link.check("preset", "preset", held, f"one of {', '.join(names)}")
    link.put(preset=held)

    def take_over() -> None:
        st.query_params["preset"] = st.session_state["preset"]
        values = _values(PRESETS[st.session_state["preset"]])
        st.session_state.update({f"{PREFIX}{key}": value for key, value in values.items()})

    return str(st.segmented_control("Preset", names, key="preset", on_change=take_over, required=True, help=_STORIES))


_STORIES: Final = (
    "Digits: handwritten digits, a network as one would train. Tiny: two moons, so few weights that where SAM stops "
    "can be certified."
)


def ask_training(link: Link, preset: str, row: DeltaGenerator, one: bool = True) -> Training:
    """Ask for the radius, the step size and the rest; what the link leaves out is as in the preset.

    Args:
        link: the page's link.
        preset: where the settings start from.
        row: where the numbers go that are changed most; the rest is folded, and drawn where this is called.
        one: ask for one radius, warm-start and share of wrong labels; a sweep asks for several by itself.
    """
    usual = PRESETS[preset]
    default = _values(usual)
    rho, warm, rule, options = usual.rho, usual.warm, usual.rule, usual.options
    with row:
        if one:
            says = "How far SAM looks uphill."
            rho = _number(link, "rho", "radius ρ", default, *RADII, 0.5, help=says, width=_NARROW)
        eta = _number(link, "eta", "step size η", default, *STEP_SIZES, 0.01, width=_NARROW)
        steps = _number(link, "steps", "steps", default, 1, MOST_STEPS, 500, width=_NARROW)
    left, right = st.columns(2) if one else (None, st.container())
    if left is not None:
        with left, st.expander("Third run, beside GD and SAM"):
            rule, warm, options = _ask_tried(link, default)
    with right, st.expander("Network and data"):
        seed = _number(link, "seed", "seed of the first weights", default, 0, 9999, 1)
        network = _ask_network(link, usual.network, default, one)
    return replace(
        usual,
        network=network,
        rho=rho,
        eta=eta,
        steps=steps,
        warm=min(warm, steps),
        rule=rule,
        options=options,
        seed=seed,
    )


def _ask_tried(link: Link, default: dict[str, Any]) -> tuple[str, int, tuple[tuple[str, float], ...]]:
    """Ask what is tried in SAM's place, in the third run, and with which numbers."""
    warm, options = int(default["warm"]), []
    rule = _choice(link, "rule", "in SAM's place", default, TRIED, {name: RECIPES[name].label for name in TRIED})
    recipe = RECIPES[rule]
    for part in recipe.equation.split(r"\quad"):
        equation = _VARIABLE.sub("w", part.strip().rstrip(","))
        st.markdown(f"${equation}$")  # breaks between symbols where there is little room
    st.caption(f"{recipe.source}; g stands for ∇f(w) and s for ∇f(w⁺).")
    for knob in recipe.knobs:
        if rule == "warm":
            warm = _number(link, "warm", "steps of GD, k", default, 0, MOST_STEPS, 100, help=knob.says)
            continue
        key, kind = f"{rule}_{knob.name}", int if knob.whole else float
        low, high, usual = kind(knob.low), kind(knob.high), kind(knob.default)
        value = _number(link, key, knob.symbol, {key: usual}, low, high, 1 if knob.whole else 0.05, help=knob.says)
        if value != usual:
            options.append((knob.name, float(value)))
    return rule, warm, tuple(options)


def _ask_network(link: Link, usual: Network, default: dict[str, Any], one: bool) -> Network:
    data = usual.data
    typed = st.text_input(
        "hidden units", default["hidden"], key=f"{PREFIX}hidden", bind="query-params", max_chars=20,
        help=f"Up to {DEEPEST} layers of 1 to {WIDEST} units, as in: 32, 16",
    )  # fmt: skip
    hidden = usual.hidden
    try:
        hidden = widths(typed)
    except ValueError as error:
        st.error(str(error))
    activation = _choice(link, "activation", "activation", default, tuple(ACTIVATIONS))
    loss = default["loss"]
    if len(LOSSES[data]) > 1:
        loss = _choice(link, "loss", "loss", default, LOSSES[data])
    held_out = _number(link, "held", "share held out", default, 0.0, 0.5, 0.1)
    noise = _number(link, "noise", "share of wrong labels", default, 0.0, 0.9, 0.1) if one else 0.0
    decay = _number(link, "decay", "weight decay", default, 0.0, 1.0, 0.001)
    most = MOST[data] - round(held_out * MOST[data])
    subset = _number(
        link, "examples", "training examples", default, _ALL, most, 100, help="0 for all that are not held out."
    )
    return Network(data, hidden, activation, loss, decay, subset or None, noise, held_out, usual.seed)


def widths(typed: str) -> tuple[int, ...]:
    """Read the hidden layers' widths.

    Raises:
        ValueError: it is no list of one to DEEPEST whole numbers from 1 to WIDEST.
    """
    asks = f"Hidden units are one to {DEEPEST} whole numbers from 1 to {WIDEST}, as in: 32, 16"
    parts = typed.replace(",", " ").split()
    if not 1 <= len(parts) <= DEEPEST or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"{asks}; the preset's are used.")
    found = tuple(int(part) for part in parts)
    wrong = next((width for width in found if not 1 <= width <= WIDEST), None)
    if wrong is not None:
        raise ValueError(f"{asks}; {wrong:,} is not, and the preset's are used.")
    return found


def _values(training: Training) -> dict[str, Any]:
    """What each control is set to for a training, by the control's key."""
    n = training.network
    return {
        "rho": training.rho, "eta": training.eta, "steps": training.steps, "warm": training.warm,
        "rule": training.rule, "seed": training.seed, "hidden": ", ".join(map(str, n.hidden)),
        "activation": n.activation, "loss": n.loss, "held": n.held_out, "noise": n.label_noise,
        "decay": n.weight_decay, "examples": n.subset or _ALL,
    }  # fmt: skip


def _number(
    link: Link,
    key: str,
    name: str,
    default: dict[str, Any],
    low: Any,
    high: Any,
    step: Any,
    help: str | None = None,
    width: int | Literal["stretch"] = "stretch",
) -> Any:
    """Ask for a number; the same limits hold for the box and for the link."""
    usual, key = default[key], f"{PREFIX}{key}"
    held = st.session_state.get(key)
    if held is not None and not low <= held <= high:
        st.session_state[key] = nearest = min(max(held, low), high)
        link.notes.append(f"{name} = {plain(held)} is outside {plain(low)} to {plain(high)}; {plain(nearest)} is used.")
    form = None if isinstance(low, int) else "%.6g"
    value = st.number_input(
        name, low, high, min(max(usual, low), high), step, form, key, bind="query-params", help=help, width=width
    )
    what = "a whole number" if isinstance(low, int) else "a number"
    link.check(key, name, float(value), f"{what} from {plain(low)} to {plain(high)}")
    return value


def _choice(
    link: Link,
    key: str,
    name: str,
    default: dict[str, Any],
    options: tuple[str, ...],
    labels: Mapping[str, str] = MappingProxyType({}),
) -> str:
    usual, key = default[key], f"{PREFIX}{key}"
    if st.session_state.get(key) not in (None, *options):
        del st.session_state[key]
    shown = [labels.get(option, option) for option in options]  # what the link says, too
    value = str(
        st.selectbox(
            name, options, options.index(usual), lambda option: labels.get(option, option), key=key, bind="query-params"
        )
    )
    link.check(key, name, labels.get(value, value), f"one of {', '.join(shown)}")
    return value
