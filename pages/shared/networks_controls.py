"""The controls of the page on networks: which network, and how it is trained. All limits are here and in `training`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dynamics import RECIPES
from dynamics.sentences import counted
from landscapes.networks import Network, Table, TableError, read_table
from landscapes.networks.data import Data, classes_of, count_of, scaling_of
from landscapes.networks.network import ACTIVATIONS, PRECISIONS
from landscapes.networks.table import MOST_BYTES
from pages.shared.compute import PATIENCE, work_out
from pages.shared.controls import text
from pages.shared.desk import desk
from pages.shared.jobs import Busy
from pages.shared.link import Link, plain
from pages.shared.training import DEEPEST, MOST_STEPS, PRESETS, WIDEST, Training

RADII: Final = (0.0, 20.0)
STEP_SIZES: Final = (1e-6, 10.0)
PREFIX: Final = "n_"  # of this page's keys: other pages have radii and steps of their own
TRAINING, SWEEP, LOG = "Training", "Sweep", "Your own log"
TRIED: Final = tuple(name for name in RECIPES if name != "sam")  # in SAM's place
_KNOBS: Final = tuple(f"{name}_{knob.name}" for name in TRIED if name != "warm" for knob in RECIPES[name].knobs)
_BOTH: Final = (
    "eta", "steps", "seed", "hidden", "activation", "loss", "held", "decay", "examples", "data", "net", "precision",
    "batch", "beta", "wd",
)  # fmt: skip
PARTS: Final = {  # of the page, and the keys of their controls
    TRAINING: (*_BOTH, "rho", "rule", "warm", *_KNOBS, "noise"),
    SWEEP: (*_BOTH, "rules", "rhos", "warms", "seeds", "noises", "measure"),
    LOG: (),
}
_ALL: Final = 0  # examples, of the data or of a batch: all of them
OWN: Final = "own"
_DATA: Final = {"digits": "Handwritten digits", "moons": "Two moons", OWN: "Your own CSV"}


@dataclass(frozen=True)
class Architecture:
    """A sort of network, and the hidden layers that it begins with."""

    label: str
    layers: Literal["dense", "convolutional"]
    batch_norm: bool
    hidden: tuple[int, ...]
    activation: Literal["tanh", "relu", "gelu"]


ARCHITECTURES: Final = {
    "perceptron": Architecture("Perceptron", "dense", False, (32,), "tanh"),
    "deep": Architecture("Deep ReLU", "dense", False, (64, 64), "relu"),
    "convolutional": Architecture("Convolutional", "convolutional", False, (8, 16), "relu"),
    "norm": Architecture("Convolutional, batch norm", "convolutional", True, (8, 16), "relu"),
}
_LARGE: Final = 50_000  # bytes; longer files are read by a worker
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
    "Digits: handwritten digits and a network of two layers, every step on all images. Convolutional, mini-batches: "
    "as networks are trained. Tiny: two moons, and so few weights that where SAM stops can be certified."
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
    columns = iter(st.columns(3 if one else 2))
    if one:
        with next(columns), st.expander("Third run, beside GD and SAM"):
            rule, warm, options = _ask_tried(link, default)
    with next(columns), st.expander("Network and data"):
        network = _ask_network(link, usual.network, default, one)
    with next(columns), st.expander("Mini-batches and SGD"):
        seed = _number(link, "seed", "seed of the first weights and of the order", default, 0, 9999, 1)
        batch, beta, decay = _ask_stepping(link, default, network)
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
        batch=batch,
        beta=beta,
        decay=decay,
    )


def _ask_stepping(link: Link, default: dict[str, Any], network: Network) -> tuple[int | None, float, float]:
    """Ask for the size of a mini-batch, the momentum, and the weight decay of the steps."""
    batch = _number(
        link, "batch", "examples in a mini-batch", default, _ALL, network.count, 32,
        help="Both slopes of a step are measured on the same batch. 0 for all examples.",
    )  # fmt: skip
    beta = _number(link, "beta", "momentum β", default, 0.0, 0.999, 0.1, help="Of every run, as PyTorch's SGD has it.")
    decay = _number(
        link, "wd", "weight decay of SGD", default, 0.0, 1.0, 0.001,
        help="Added to every step, as PyTorch's SGD has it; the loss does not know of it.",
    )  # fmt: skip
    return batch or None, beta, decay


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
    """Ask for the data and the network; where they do not fit each other, say so and use the preset's."""
    data = _ask_data(link, usual.data, default)
    kind = _choice(
        link, "net", "architecture", default, tuple(ARCHITECTURES), {n: a.label for n, a in ARCHITECTURES.items()},
        on_change=_take_over_architecture,
    )  # fmt: skip
    built = ARCHITECTURES[kind]
    if kind != default["net"]:
        default = {**default, "hidden": ", ".join(map(str, built.hidden)), "activation": built.activation}
    units = "channels" if built.layers == "convolutional" else "hidden units"
    deepest = DEEPEST[built.layers]
    typed = st.text_input(
        units, default["hidden"], key=f"{PREFIX}hidden", bind="query-params", max_chars=24,
        help=f"Up to {deepest} layers of 1 to {WIDEST}, as in: 32, 16",
    )  # fmt: skip
    hidden = built.hidden if kind != default["net"] else usual.hidden
    try:
        hidden = widths(typed, deepest)
    except ValueError as error:
        st.error(str(error))
    activation = _choice(link, "activation", "activation", default, ACTIVATIONS)
    loss, losses = default["loss"], _losses(data)
    if loss not in losses:
        loss = losses[0]
    if len(losses) > 1:
        loss = _choice(link, "loss", "loss", {"loss": loss}, losses)
    held_out = _number(link, "held", "share held out", default, 0.0, 0.5, 0.1)
    noise = _number(link, "noise", "share of wrong labels", default, 0.0, 0.9, 0.1) if one else 0.0
    decay = _number(link, "decay", "weight decay in the loss", default, 0.0, 1.0, 0.001)
    precision = _choice(link, "precision", "precision", default, PRECISIONS)
    most = count_of(data) - round(held_out * count_of(data))
    subset = _number(
        link, "examples", "training examples", default, _ALL, most, 100, help="0 for all that are not held out."
    )
    st.caption(f"Inputs: {scaling_of(data)}. How they are scaled moves the radius from which on SAM stalls.")
    try:
        return Network(
            data, hidden, activation, loss, decay, subset or None, noise, held_out, usual.seed, built.layers,
            built.batch_norm, precision,
        )  # fmt: skip
    except ValueError as error:
        st.error(text(f"These do not fit: {error}. The preset's network is used."))
        return usual


def _losses(data: Data) -> tuple[str, ...]:
    return ("logistic", "cross-entropy") if classes_of(data) == 2 else ("cross-entropy",)


def _take_over_architecture() -> None:
    """Let another sort of network begin with the layers that it usually has."""
    built = ARCHITECTURES[st.session_state[f"{PREFIX}net"]]
    st.session_state[f"{PREFIX}hidden"] = ", ".join(map(str, built.hidden))
    st.session_state[f"{PREFIX}activation"] = built.activation
    st.session_state[f"{PREFIX}precision"] = "float32" if built.layers == "convolutional" else "float64"


def _ask_data(link: Link, usual: Data, default: dict[str, Any]) -> Data:
    """Ask which data, and for a file where they are the visitor's own."""
    asked = _choice(link, "data", "data", default, tuple(_DATA), _DATA)
    if asked != OWN:
        return cast(Data, asked)
    mine = desk()
    file = st.file_uploader(
        "A CSV of numbers, the class in the last column", type=["csv", "txt", "tsv"], key="own-data",
        max_upload_size=MOST_BYTES // 1_000_000, help="At most 5 MB and 20 classes; read as numbers only, not kept.",
    )  # fmt: skip
    if file is not None and (mine.table is None or mine.table[0] != file.file_id):
        try:
            cost = PATIENCE * file.size / _LARGE
            found = work_out(read_table, file.getvalue(), cost, "Bring a file with fewer lines.")
            mine.table = file.file_id, file.name, found
        except TableError as error:
            st.error(text(f"{file.name[:60]} cannot be read: {error}."))
            mine.table = None
        except Busy as error:
            st.warning(str(error))
    if mine.table is None:
        st.caption("Until there is one, the preset's data are used.")
        return usual
    _, name, found = mine.table
    st.caption(
        text(
            f"{name[:60]}: {counted(len(found.y), 'example')}, {counted(found.x.shape[1], 'column')}, classes "
            f"{', '.join(c[:20] for c in found.classes)}."
        )
    )
    return found


def widths(typed: str, deepest: int = DEEPEST["dense"]) -> tuple[int, ...]:
    """Read the hidden layers' widths.

    Raises:
        ValueError: it is no list of one to `deepest` whole numbers from 1 to WIDEST.
    """
    asks = f"The layers' widths are one to {deepest} whole numbers from 1 to {WIDEST}, as in: 32, 16"
    parts = typed.replace(",", " ").split()
    if not 1 <= len(parts) <= deepest or not all(part.isascii() and part.isdigit() for part in parts):
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
        "decay": n.weight_decay, "examples": n.subset or _ALL, "data": OWN if isinstance(n.data, Table) else n.data,
        "net": architecture(n), "precision": n.precision, "batch": training.batch or _ALL, "beta": training.beta,
        "wd": training.decay,
    }  # fmt: skip


def architecture(n: Network) -> str:
    """Return which of ARCHITECTURES a network is of."""
    if n.layers == "convolutional":
        return "norm" if n.batch_norm else "convolutional"
    return "deep" if n.activation == "relu" and len(n.hidden) > 1 else "perceptron"


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
    on_change: Callable[[], None] | None = None,
) -> Any:
    usual, key = default[key], f"{PREFIX}{key}"
    if st.session_state.get(key) not in (None, *options):
        del st.session_state[key]
    shown = [labels.get(option, option) for option in options]  # what the link says, too
    value = str(
        st.selectbox(
            name,
            options,
            options.index(usual),
            lambda option: labels.get(option, option),
            key=key,
            bind="query-params",
            on_change=on_change,
        )
    )
    link.check(key, name, labels.get(value, value), f"one of {', '.join(shown)}")
    return value
