"""The player: one browser component that owns one Plotly picture and keeps its zoom and camera through updates."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import plotly.graph_objects as go
import streamlit as st

from figures.plotlyjs import part_for
from pages.shared.playback import Playback, plain
from pages.shared.player_js import loader
from pages.shared.plotly_js import plotly_js_url

_HERE = Path(__file__).parent
_SENT_ONCE_FROM = 10_000  # characters of base64; Streamlit caches messages from 10,000 bytes on


@cache
def component() -> Any:
    """Register the browser's part of pictures and sliders, once the server's base path is known."""
    return st.components.v2.component(
        "landscapes_player",
        css=(_HERE / "player.css").read_text(encoding="utf-8"),
        js=loader(),
        isolate_styles=False,  # in a shadow root Plotly loses its styles, and with them clicks and panning
    )


@dataclass(frozen=True, slots=True)
class Click:
    """Where a visitor clicked, in the coordinates of the axes that the page named."""

    x: float
    y: float


def player(
    figure: go.Figure,
    *,
    key: str,
    height: int,
    alt: str,
    view: str = "",
    on_click: Callable[[Click], None] | None = None,
    click_axes: str = "xy",
    playback: Playback | None = None,
    curves: go.Figure | None = None,
    on_start: Callable[[Click], None] | None = None,
) -> Click | None:
    """Show a figure whose zoom, pan and camera survive new data, a new theme and reruns.

    Args:
        figure: what to draw. Colours of text, grid and background come from the visitor's theme where the figure
            names none; a colour written `var(--st-text-color)` follows the theme too. Data colours stay.
        key: the picture's name, unique on the page.
        height: in pixels; the width is the container's.
        alt: the text alternative; it states what the figure shows, with numbers.
        view: zoom and camera are kept as long as this text stays the same; another landscape or window is another.
        on_click: called with each click before the page reruns; without it clicks are not sent.
        click_axes: the pair of axes whose clicks count, as Plotly names subplots ("xy", "x2y2").
        playback: paths to draw over the figure and to play; they change without the figure being drawn anew.
        curves: a figure of f, |g| and |S| over the steps, which the browser fills in from the playback's tracks (see
            `figures.curves`).
        on_start: called with the start that was clicked, or dragged to once it has come to rest; `playback` has the
            limits.

    Returns:
        The click that caused this rerun, or None.
    """
    drawn = figure_json(figure)
    once = _take_grids(drawn["data"])
    paths = None if playback is None else _paths(playback, st.session_state.get(f"{key}-apart"), once)
    for number, (digest, grid) in enumerate(once.items()):
        # Messages of their own: where one equals that of the run before, Streamlit only sends its hash.
        component()(key=f"{key}-player-grid-{number}", data={"digest": digest, "grid": grid})
    data = {
        "figure": drawn,
        "digest": _digest(drawn),
        "height": height,
        "alt": alt,
        "view": view,
        "clickAxes": click_axes if on_click else None,
        "plotlyUrl": plotly_js_url(part_for(drawn["data"])),
    }
    if playback is not None:
        data |= {
            "playback": paths,
            "curves": None if curves is None else figure_json(curves),
            "startable": on_start is not None,
        }
    listeners: dict[str, Callable[[], None]] = {}
    if on_click is not None:

        def on_point_change() -> None:
            click = _click(st.session_state[key].get("point"))
            if click is not None:
                on_click(click)

        listeners["on_point_change"] = on_point_change
    if on_start is not None:

        def on_start_change() -> None:
            click = _click(st.session_state[key].get("start"))
            if click is not None:
                on_start(click)

        listeners["on_start_change"] = on_start_change
    if paths is not None and paths["live"] is not None:

        def on_apart_change() -> None:
            asked = st.session_state[key].get("apart")
            if isinstance(asked, str):
                st.session_state[f"{key}-apart"] = asked

        listeners["on_apart_change"] = on_apart_change
    if not listeners:
        component()(key=key, data=data)
        return None
    return _click(component()(key=key, data=data, **listeners).get("point"))


def figure_json(figure: go.Figure) -> dict[str, Any]:
    """Return a figure as plain JSON values: NaN and infinity become null, arrays base64, surfaces 32-bit floats."""
    plain = figure.to_dict()
    for trace in plain["data"]:
        for name in ("z", "surfacecolor"):
            if name in trace:
                trace[name] = _single_precision(trace[name])
    text = orjson.dumps(plain, default=_listed, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    result: dict[str, Any] = orjson.loads(text)
    return result


def _single_precision(values: Any) -> Any:
    """Halve a grid of 64-bit floats: a colour needs no more. Whatever else it is stays as it is."""
    if not isinstance(values, Mapping) or values.get("dtype") != "f8" or "shape" not in values:
        return values
    with np.errstate(over="ignore"):  # beyond 3e38 it becomes infinite, and Plotly leaves a gap as for NaN
        single = np.frombuffer(base64.b64decode(values["bdata"]), dtype="<f8").astype("<f4")
    return {**values, "dtype": "f4", "bdata": base64.b64encode(single).decode("ascii")}


def _listed(value: Any) -> Any:
    """Return what orjson cannot write (arrays of text, strided arrays) as lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"a figure cannot hold {type(value).__name__}; use numbers, text, lists or arrays")


def _digest(value: Any) -> str:
    return hashlib.blake2b(orjson.dumps(value), digest_size=12).hexdigest()


def _take_grids(traces: list[dict[str, Any]]) -> dict[str, Any]:
    """Replace the large two-dimensional arrays in traces by their digests; return them by digest."""
    taken: dict[str, Any] = {}
    for trace in traces:
        for name, value in trace.items():
            if isinstance(value, dict) and "shape" in value and len(value["bdata"]) >= _SENT_ONCE_FROM:
                digest = _digest(value)
                taken[digest] = value
                trace[name] = {"digest": digest}
    return taken


def _paths(playback: Playback, apart: Any, once: dict[str, Any]) -> dict[str, Any]:
    """Return paths as plain values.

    Args:
        playback: the paths.
        apart: the name of the question of which the browser gets to other runs, or "*" where it cannot run any.
        once: what is sent once, to which a long program is added.
    """
    live = playback.live
    paths = plain(playback, whole=live is not None and apart in (live.name, "*"))
    if live is not None and len(live.program) >= _SENT_ONCE_FROM:
        digest = _digest(live.program)
        once[digest] = live.program
        paths["live"]["program"] = {"digest": digest}
    if live is not None and live.branches is not None:
        branches = paths["live"]["branches"]
        for name in ("samples", "offsets"):
            if len(branches[name]["bdata"]) >= _SENT_ONCE_FROM:
                digest = _digest(branches[name])
                once[digest], branches[name] = branches[name], {"digest": digest}
    return paths


def _click(point: Any) -> Click | None:
    """Read what the browser sent; anything but two finite numbers is no click."""
    if not isinstance(point, Mapping):
        return None
    x, y = point.get("x"), point.get("y")
    if isinstance(x, (int, float)) and isinstance(y, (int, float)) and math.isfinite(x) and math.isfinite(y):
        return Click(float(x), float(y))
    return None
