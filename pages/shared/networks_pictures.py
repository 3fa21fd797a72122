"""The pictures of the page on networks: curves of runs, cuts through the loss, and a first layer's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.sentences import number, percent
from figures import Figure, slices
from figures.standalone import standalone
from figures.training import COLORS, Line, images, over_steps
from pages.shared.download import download
from pages.shared.legend import show_legend
from pages.shared.player import player
from pages.shared.trained import Trained
from pages.shared.training import Curves, Training

Makers = Mapping[str, Callable[[], Figure]]  # how to draw each picture, by its title


@dataclass(frozen=True, eq=False)
class Shown:
    """A run whose curves are drawn."""

    name: str
    color: str
    curves: Curves
    ahead: bool  # whether it looks ahead


def shown(training: Training, curves: Sequence[Curves]) -> tuple[Shown, ...]:
    """Name and colour the runs of a training."""
    return tuple(
        Shown(name, color, c, i > 0)
        for i, (name, color, c) in enumerate(zip(training.names, COLORS, curves, strict=True))
    )


def curve_pictures(runs: Sequence[Shown]) -> dict[str, Figure]:
    """Draw loss, gradients, angle and accuracy over the steps of all runs, by title."""

    def lines(at_w: str | None, ahead: str | None = None) -> list[Line]:
        drawn = []
        for run in runs:
            c = run.curves
            if at_w:
                drawn.append(Line(f"{run.name}, at w", run.color, c.k, getattr(c, at_w)))
            if ahead and run.ahead:
                drawn.append(Line(f"{run.name}, at the look-ahead point w⁺", run.color, c.k, getattr(c, ahead), True))
        return drawn

    pictures = {
        "Loss over the steps": over_steps(lines("loss", "loss_plus"), "loss"),
        "Gradients over the steps": over_steps(lines("gradient", "shifted"), "|gradient|", log=True),
        "Angle between the gradients": over_steps(lines(None, "cosine"), "cosine of g and S"),
    }
    if any(np.isfinite(run.curves.accuracy).any() for run in runs):
        pictures["Accuracy over the steps"] = over_steps(lines("accuracy"), "training accuracy")
    return pictures


_KEYS = {"Loss": "loss", "Gradients": "norms", "Angle": "cosine", "Accuracy": "accuracy"}


def show_curves(runs: Sequence[Shown], alt: str) -> None:
    """Show the curves of all runs."""
    pictures = curve_pictures(runs)
    show_legend(pictures["Loss over the steps"])
    columns = st.columns(2)
    for title, picture in pictures.items():
        key = _KEYS[title.split()[0]]
        with columns[0 if key in ("loss", "accuracy") else 1]:
            player(picture, key=f"curve-{key}", height=picture.layout.height, alt=f"{title}. {alt}", view=key)


def show_slices(training: Training, trained: Trained) -> None:
    """Show the loss around where SAM ended, and what its first layer looks for."""
    s = trained.slices
    if s is None:
        return
    st.subheader("The loss where SAM ended")
    pictures = {title: make() for title, make in slice_makers(training, trained).items()}
    left, right = st.columns(2, gap="large")
    with left:
        words = slices.words(training.rho, s.loss, s.loss_plus, "SAM")
        st.write(words)
        player(pictures[_LINE], key="line", height=320, alt=words, view=f"{training.rho}")
    with right:
        words = (
            f"The plane of that direction and the main direction of motion holds {percent(s.share)} of the way that "
            "SAM went, as squared distances from where it ended."
        )
        st.write(words)
        player(pictures[_PLANE], key="plane", height=380, alt=words, view=f"{training.rho}")
    if trained.first_layer is not None:
        st.subheader("What SAM's first layer looks for")
        most = float(np.abs(trained.first_layer).max())
        words = (
            f"The weights of {len(trained.first_layer)} hidden units as images, on one scale from {number(-most)} to "
            f"{number(most)}."
        )
        st.write(words)
        picture = pictures[_LAYER]
        player(picture, key="layer", height=picture.layout.height, alt=words, view="layer")


_LINE, _PLANE, _LAYER = "Loss through w and the look-ahead point", "Loss on a plane", "First layer"


def slice_makers(training: Training, trained: Trained) -> Makers:
    """Return how to draw the cuts through the loss and the first layer, where there are such."""
    s, layer = trained.slices, trained.first_layer
    if s is None:
        return {}
    makers: dict[str, Callable[[], Figure]] = {
        _LINE: partial(slices.line, s.along, s.line, training.rho, s.loss, s.loss_plus, "SAM"),
        _PLANE: partial(slices.plane, s.ahead, s.across, s.plane, s.path, s.path_steps, training.rho),
    }
    return makers if layer is None else {**makers, _LAYER: partial(images, layer)}


def slices_csv(trained: Trained) -> bytes:
    """Write what the pictures of the last weights show as CSV, one value a row."""
    s, layer = trained.slices, trained.first_layer
    if s is None:
        return b""
    u, across = np.meshgrid(s.ahead, s.across)
    frames = [
        pd.DataFrame({"picture": "line", "along_gradient": s.along, "value": s.line}),
        pd.DataFrame(
            {"picture": "plane", "along_gradient": u.ravel(), "along_motion": across.ravel(), "value": s.plane.ravel()}
        ),
        pd.DataFrame(
            {"picture": "run", "along_gradient": s.path[:, 0], "along_motion": s.path[:, 1], "step": s.path_steps}
        ),
    ]
    if layer is not None:
        unit, row, column = np.indices(layer.shape).reshape(3, -1)
        weights = {"picture": "first layer", "unit": unit, "row": row, "column": column, "value": layer.ravel()}
        frames.append(pd.DataFrame(weights))
    return pd.concat(frames).to_csv(index=False).encode()


def offer_pictures(makers: Makers, key: str) -> None:
    """Offer pictures as standalone pages; none is made before it is asked for. The player saves PNGs."""
    with st.popover("Pictures as HTML"):
        for title, make in makers.items():
            name = title.lower().replace(" ", "-")
            download(title, partial(_page, make, title), f"{name}.html", key=f"{key}-{name}")


def _page(make: Callable[[], Figure], title: str) -> bytes:
    return standalone(make(), title)
