"""The pictures of the page on networks: curves of runs, cuts through the loss, and a first layer's weights."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.sentences import percent
from dynamics.training import Curves
from figures import Figure, slices
from figures.standalone import standalone
from figures.training import COLORS, Line, boundary, images, moving_median, over_steps
from landscapes.landscape import Array
from pages.shared.download import download
from pages.shared.legend import show_legend
from pages.shared.networks_words import Shown, of_accuracy, of_angle, of_layer, of_line, of_loss, of_plane, of_slopes
from pages.shared.player import player
from pages.shared.scene import Scene, of_boundary
from pages.shared.trained import Trained
from pages.shared.training import Training

Makers = Mapping[str, Callable[[], Figure]]  # how to draw each picture, by its title

_LOSS, _SLOPES = "Loss over the steps", "Slopes over the steps"
_ANGLE, _ACCURACY = "Angle between the gradients", "Accuracy over the steps"
_KEYS = {_LOSS: "loss", _SLOPES: "norms", _ANGLE: "cosine", _ACCURACY: "accuracy"}
_SAY = {_LOSS: of_loss, _SLOPES: of_slopes, _ANGLE: of_angle, _ACCURACY: of_accuracy}
_MOST: Final = 600  # losses of batches in a curve
_MEDIAN: Final = 50  # a moving median is over this share of the steps so far, the reciprocal of it
_USUAL: Final = {"loss": (0.0, 2.6), "slope": (1e-3, 10.0), "cosine": (-1.05, 1.05)}  # before there are any curves


def shown(training: Training, curves: Sequence[Curves]) -> tuple[Shown, ...]:
    """Name and colour the runs of a training."""
    return tuple(
        Shown(name, color, c, i > 0)
        for i, (name, color, c) in enumerate(zip(training.names, COLORS, curves, strict=True))
    )


def curve_makers(runs: Sequence[Shown], steps: int = 0, guessing: float = math.nan) -> Makers:
    """Return how to draw loss, gradients, angle and accuracy over the steps of all runs, by title.

    Args:
        runs: what is drawn.
        steps: how many there will be, so that axes fit from the start; 0 for as many as there are.
        guessing: the loss of guessing the classes' shares, NaN where it is not known.
    """

    def lines(at_w: str | None, ahead: str | None = None) -> list[Line]:
        drawn = []
        for run in runs:
            c = run.curves
            if at_w:
                drawn.append(Line(f"{run.name}, at w", run.color, c.k, getattr(c, at_w)))
            if ahead and run.ahead:
                drawn.append(Line(f"{run.name}, at the look-ahead point w⁺", run.color, c.k, getattr(c, ahead), True))
        return drawn

    level = (guessing, "guessing") if math.isfinite(guessing) else None
    makers: dict[str, Callable[[], Figure]] = {
        _LOSS: lambda: over_steps(
            [*_batches(runs), *lines("loss", "loss_plus")], "loss f", steps=steps, usual=_USUAL["loss"], level=level
        ),
        _SLOPES: lambda: over_steps(
            lines("gradient", "shifted"), "slope |∇f|", log=True, steps=steps, usual=_USUAL["slope"]
        ),
    }
    if any(np.isfinite(run.curves.cosine).any() for run in runs if run.ahead):
        makers[_ANGLE] = lambda: over_steps(
            lines(None, "cosine"), "cosine of ∇f(w) and ∇f(w⁺)", steps=steps, usual=_USUAL["cosine"]
        )
    if steps or any(np.isfinite(run.curves.accuracy).any() for run in runs):
        makers[_ACCURACY] = partial(_accuracies, runs, steps)
    return makers


def _accuracies(runs: Sequence[Shown], steps: int) -> Figure:
    held = [
        Line(f"{run.name}, held out", run.color, run.curves.k, run.curves.held_out, True)
        for run in runs
        if np.isfinite(run.curves.held_out).any()
    ]
    accuracy = [Line(run.name, run.color, run.curves.k, run.curves.accuracy) for run in runs]
    title = "accuracy (dotted: held out)" if held else "training accuracy"
    return over_steps([*accuracy, *held], title, share=True, steps=steps)


def _batches(runs: Sequence[Shown]) -> list[Line]:
    """Draw the losses of single batches, thinned, and their moving median."""
    drawn = []
    for run in runs:
        k, y = run.curves.batch_k, run.curves.batch_loss
        if not len(k):
            continue
        keep = np.unique(np.linspace(0, len(k) - 1, min(_MOST, len(k))).round().astype(np.int64))
        median = moving_median(y, max(5, len(y) // _MEDIAN))
        drawn.append(Line(f"{run.name}, batch", run.color, k[keep], y[keep], faint=True))
        drawn.append(Line(f"{run.name}, moving median of the batches", run.color, k[keep], median[keep], thin=True))
    return drawn


def show_curves(
    runs: Sequence[Shown], steps: int = 0, guessing: float = math.nan, titles: Sequence[str] = (_LOSS, _ACCURACY)
) -> None:
    """Show some of the curves of all runs, side by side where there is room."""
    makers = curve_makers(runs, steps, guessing)
    titles = [title for title in titles if title in makers]
    for column, title in zip(st.columns(len(titles), gap="medium"), titles, strict=True):
        with column:
            picture, key, alt = makers[title](), _KEYS[title], _SAY[title](runs)
            player(picture, key=f"curve-{key}", height=picture.layout.height, alt=alt, view=f"{key} {steps}")


def show_both_slopes(runs: Sequence[Shown], steps: int = 0) -> None:
    """Show the slopes at w and w+ and the angle between them."""
    show_curves(runs, steps, titles=(_SLOPES, _ANGLE))


def show_legend_of(runs: Sequence[Shown], steps: int = 0) -> None:
    """Say which line is which, of all curves."""
    show_legend(curve_makers(runs, steps)[_LOSS]())


def show_boundaries(runs: Sequence[Shown], plane: Scene, grids: Array) -> None:
    """Show what each run's network decides in the plane, the one that is tried first."""
    order = range(len(runs)) if len(runs) < 3 else (1, 2, 0)
    for column, i in zip(st.columns(len(runs), gap="small"), order, strict=True):
        with column:
            st.html(f'<p style="margin:0;font-weight:600;color:{runs[i].color}">{html.escape(runs[i].name)}</p>')
            picture = boundary(grids[i], plane.x, plane.y, plane.points, plane.labels, plane.names)
            player(picture, key=f"plane-{i}", height=picture.layout.height,
                   alt=of_boundary(runs[i].name, plane, grids[i]), view="boundary")  # fmt: skip


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
            f"Across: the main direction of motion. This slice contains {percent(s.share)} of SAM's path, by squared "
            "distance."
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
