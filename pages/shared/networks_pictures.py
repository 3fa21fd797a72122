"""The pictures of the page on networks: curves of runs, cuts through the loss, and a first layer's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.sentences import percent
from dynamics.training import Curves
from figures import Figure, slices
from figures.standalone import standalone
from figures.training import COLORS, Line, images, over_steps
from pages.shared.download import download
from pages.shared.legend import show_legend
from pages.shared.networks_words import Shown, of_accuracy, of_angle, of_layer, of_line, of_loss, of_plane, of_slopes
from pages.shared.player import player
from pages.shared.trained import Trained
from pages.shared.training import Training

Makers = Mapping[str, Callable[[], Figure]]  # how to draw each picture, by its title

_LOSS, _SLOPES = "Loss over the steps", "Slopes over the steps"
_ANGLE, _ACCURACY = "Angle between the gradients", "Accuracy over the steps"
_KEYS = {_LOSS: "loss", _SLOPES: "norms", _ANGLE: "cosine", _ACCURACY: "accuracy"}
_SAY = {_LOSS: of_loss, _SLOPES: of_slopes, _ANGLE: of_angle, _ACCURACY: of_accuracy}


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
        _LOSS: over_steps(lines("loss", "loss_plus"), "loss f"),
        _SLOPES: over_steps(lines("gradient", "shifted"), "slope |∇f|", log=True),
        _ANGLE: over_steps(lines(None, "cosine"), "cosine of ∇f(w) and ∇f(w⁺)"),
    }
    if any(np.isfinite(run.curves.accuracy).any() for run in runs):
        pictures[_ACCURACY] = over_steps(lines("accuracy"), "training accuracy", share=True)
    return pictures


def show_curves(runs: Sequence[Shown]) -> None:
    """Show the curves of all runs."""
    pictures = curve_pictures(runs)
    show_legend(pictures[_LOSS])
    rows = [[_LOSS, _ACCURACY], [_SLOPES, _ANGLE]] if _ACCURACY in pictures else [[_LOSS], [_SLOPES], [_ANGLE]]
    for column, titles in zip(st.columns(len(rows), gap="medium"), rows, strict=True):
        with column:
            for title in titles:
                picture, key = pictures[title], _KEYS[title]
                player(picture, key=f"curve-{key}", height=picture.layout.height, alt=_SAY[title](runs), view=key)


def show_slices(training: Training, trained: Trained) -> None:
    """Show the loss around where SAM ended, and what its first layer looks for."""
    s, rho = trained.slices, training.rho
    if s is None:
        return
    st.subheader("The loss where SAM ended")
    pictures = {title: make() for title, make in slice_makers(training, trained).items()}
    left, right = st.columns(2, gap="large")
    with left:
        st.write(slices.words(rho, s.loss, s.loss_plus, float(trained.runs[1].curves.shifted[-1]), "SAM"))
        line = pictures[_LINE]
        player(line, key="line", height=line.layout.height, alt=of_line(s, rho), view=f"{rho}")
    with right:
        st.write(
            f"The plane of that direction and the main direction of motion holds {percent(s.share)} of the way that "
            "SAM went, as squared distances from where it ended."
        )
        player(
            pictures[_PLANE], key="plane", height=pictures[_PLANE].layout.height, alt=of_plane(s, rho), view=f"{rho}"
        )
    if trained.first_layer is not None:
        st.subheader("What SAM's first layer looks for")
        words = of_layer(trained.first_layer)
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
