"""The training on the page: a preset's stored result at once, and anew with live curves."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.sentences import number
from figures import Figure, slices
from figures.standalone import standalone
from figures.training import COLORS, Line, images, over_steps
from pages.shared.desk import desk
from pages.shared.legend import show_legend
from pages.shared.link import Link
from pages.shared.networks_controls import ask_training
from pages.shared.player import player
from pages.shared.stored import stored
from pages.shared.trained import Proof, Slices, Trained, TrainedRun
from pages.shared.training import Curves, Training, described

_OFTEN: Final = 0.7  # seconds between two looks at a running training


def show_training(link: Link, preset: str) -> None:
    """Show how the preset's network, or the visitor's, was trained, and offer to train it."""
    mine = desk()
    mine.collect()
    left, right = st.columns([7, 4], gap="large")
    with right:
        training = ask_training(link, preset)
        with st.container(horizontal=True):
            if st.button("Train", type="primary", disabled=mine.training is not None, key="train"):
                mine.train(training)
                st.rerun()
            if st.button("Stop", disabled=mine.training is None, key="stop") and mine.training is not None:
                mine.training.stop()
    with left:
        for note in link.notes:
            st.info(note)
        if mine.failure:
            st.warning(mine.failure)
        if mine.training is not None:
            st.caption(described(mine.training.training))
            st.fragment(_show_live, run_every=_OFTEN)()
            return
        kept, trained = stored(preset)
        own = mine.result(training)
        if own is not None:
            kept, trained = training, own
        elif training != kept:
            st.info(f"The settings have changed. Below is the stored result of the preset {preset}; Train makes yours.")
        show_result(kept, trained)
    show_pictures(kept, trained)
    offer(kept, trained)


def _show_live() -> None:
    """Show the curves of the training under way; when it has ended, the page is drawn anew."""
    job = desk().training
    if job is None:
        return
    job.update()
    if job.done:
        st.rerun()
    ahead = job.ahead
    if job.doing:
        reached = max((int(c.k[-1]) for c in job.curves if len(c.k)), default=0)
        st.progress(job.share, f"{job.doing}: step {reached:,} of {job.training.steps:,}")
    else:
        st.progress(0.0, f"Waiting for a worker: {ahead or 'no'} job{'' if ahead == 1 else 's'} before this one.")
    show_curves(shown(job.training, job.curves), "The training under way.")


def show_result(training: Training, trained: Trained) -> None:
    """Say how each run ended, SAM's first, with what was certified and the numbers side by side."""
    order = (1, 0, 2)
    lines = "".join(
        f'<p class="verdict"><span aria-hidden="true" style="color:{COLORS[i]}">&#9679;</span> '
        f"{html.escape(trained.runs[i].sentence)} {html.escape(_learned(trained.runs[i]))}</p>"
        for i in order
    )
    st.html(f"<div role='status'>{lines}</div>")
    for i in order:
        run = trained.runs[i]
        if run.proof is not None:
            sentence = f"**{run.name}.** {run.proof.sentence}"
            (st.success if run.proof.certified else st.info)(sentence, icon=None)
            st.caption(_details(run.proof))
    if all(run.proof is None for run in trained.runs):
        st.caption("No certificate was sought: one is sought where a run has stalled.")
    if trained.stopped:
        st.caption("The training was stopped before its last step.")
    st.caption(described(training))
    show_curves(shown(training, [run.curves for run in trained.runs]), _alternative(trained))
    st.dataframe(table(trained), hide_index=True, width="stretch")


def _details(proof: Proof) -> str:
    """Say where Newton's method ended, in numbers."""
    e = [number(float(value)) for value in proof.eigenvalues]
    half = len(e) // 2
    spectrum = ""
    if e:
        spectrum = f" Lowest curvatures at w⁺: {', '.join(e[:half])}; highest: {', '.join(e[half:])}."
    return (
        f"Newton's method ended {number(proof.moved)} from the last weights, with |g| = {number(proof.gradient_norm)} "
        f"and |S| = {number(proof.residual)}; the loss is {number(proof.f)} there and {number(proof.f_plus)} at w⁺."
        f"{spectrum}"
    )


def _learned(run: TrainedRun) -> str:
    """Say what a run has learned, in numbers."""
    held = f", {run.held_out:.1%} on those held out" if math.isfinite(run.held_out) else ""
    if not math.isfinite(run.loss):
        return ""
    return f"Loss {number(run.loss)}, {run.accuracy:.1%} of the training examples right{held}."


def _alternative(trained: Trained) -> str:
    return " ".join(f"{run.sentence} {_learned(run)}" for run in trained.runs)


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


def show_curves(runs: Sequence[Shown], alt: str) -> None:
    """Show loss, gradients, angle and accuracy over the steps of all runs."""

    def lines(at_w: str | None, ahead: str | None = None) -> list[Line]:
        drawn = []
        for run in runs:
            c = run.curves
            if at_w:
                drawn.append(Line(f"{run.name}, at w", run.color, c.k, getattr(c, at_w)))
            if ahead and run.ahead:
                drawn.append(Line(f"{run.name}, at the look-ahead point w⁺", run.color, c.k, getattr(c, ahead), True))
        return drawn

    loss = over_steps(lines("loss", "loss_plus"), "loss")
    show_legend(loss)
    left, right = st.columns(2)
    panels = [
        (left, "loss", loss, "Loss over the steps."),
        (right, "norms", over_steps(lines("gradient", "shifted"), "|gradient|", log=True), "Gradients over the steps."),
        (right, "cosine", over_steps(lines(None, "cosine"), "cosine of g and S"), "Angle between the gradients."),
    ]
    if any(np.isfinite(run.curves.accuracy).any() for run in runs):
        picture = over_steps(lines("accuracy"), "training accuracy")
        panels.append((left, "accuracy", picture, "Accuracy over the steps."))
    for column, key, picture, what in panels:
        with column:
            player(picture, key=f"curve-{key}", height=picture.layout.height, alt=f"{what} {alt}", view=key)


def table(trained: Trained) -> pd.DataFrame:
    """Tabulate how the runs ended, one a row."""
    rows = []
    for run in trained.runs:
        c = run.curves
        last = len(c.k) - 1
        rows.append({
            "run": run.name, "verdict": run.outcome, "loss": run.loss, "accuracy": run.accuracy,
            "held-out accuracy": run.held_out, "loss at w⁺": c.loss_plus[last], "|g|": c.gradient[last],
            "|S|": c.shifted[last], "|S|/|g|": c.shifted[last] / c.gradient[last] if c.gradient[last] else math.nan,
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.dropna(axis="columns", how="all")


def show_pictures(training: Training, trained: Trained) -> None:
    """Show the loss around where the rule without a warm-start ended, and what its first layer looks for."""
    s, name = trained.slices, training.rule
    if s is None:
        return
    st.subheader(f"The loss where {name} ended")
    left, right = st.columns(2, gap="large")
    with left:
        words = slices.words(training.rho, s.loss, s.loss_plus, name)
        st.write(words)
        player(line_picture(training, s), key="line", height=320, alt=words, view=f"{training.rho}")
    with right:
        words = (
            f"The plane of that direction and the main direction of motion holds {s.share:.0%} of the way that {name} "
            "went, as squared distances from where it ended."
        )
        st.write(words)
        picture = slices.plane(s.ahead, s.across, s.plane, s.path, s.path_steps, training.rho)
        player(picture, key="plane", height=380, alt=words, view=f"{training.rho}")
    if trained.first_layer is not None:
        st.subheader(f"What {name}'s first layer looks for")
        most = float(np.abs(trained.first_layer).max())
        words = (
            f"The weights of {len(trained.first_layer)} hidden units as images, on one scale from {number(-most)} to "
            f"{number(most)}."
        )
        st.write(words)
        picture = images(trained.first_layer)
        player(picture, key="layer", height=picture.layout.height, alt=words, view="layer")


def line_picture(training: Training, s: Slices) -> Figure:
    """Draw the loss on the line through w and w+."""
    return slices.line(s.along, s.line, training.rho, s.loss, s.loss_plus, training.rule)


def offer(training: Training, trained: Trained) -> None:
    """Offer curves, a picture and a script to be taken away."""
    with st.container(horizontal=True):
        st.download_button("Curves as CSV", partial(curves_csv, trained), "training.csv", "text/csv", on_click="ignore")
        if trained.slices is not None:
            picture = line_picture(training, trained.slices)
            st.download_button(
                "Picture as HTML", partial(standalone, picture, "Loss through w and the look-ahead point"),
                "loss.html", "text/html", on_click="ignore",
            )  # fmt: skip
        st.download_button("Python script", script(training), "reproduce.py", "text/x-python", on_click="ignore")


def curves_csv(trained: Trained) -> bytes:
    """Write all runs' curves as CSV, one recorded step a row."""
    frames = [
        pd.DataFrame({
            "run": run.name, "step": run.curves.k, "loss": run.curves.loss, "loss_plus": run.curves.loss_plus,
            "gradient_norm": run.curves.gradient, "shifted_norm": run.curves.shifted, "cosine": run.curves.cosine,
            "accuracy": run.curves.accuracy,
        })
        for run in trained.runs
    ]  # fmt: skip
    return pd.concat(frames).to_csv(index=False).encode()


def script(training: Training) -> str:
    """Write a short program that trains the same runs with this package."""
    n = training.network
    return f'''"""Run it where the packages landscapes and dynamics are, in this project's folder."""

from dynamics import gd, iterate, sam, warm_start
from dynamics.certify import certify
from landscapes.network import Network

network = Network({n.data!r}, {n.hidden!r}, {n.activation!r}, {n.loss!r}, {n.weight_decay!r}, {n.subset!r},
                  {n.label_noise!r}, {n.held_out!r}, {n.seed!r})
start = network.start({training.seed!r}, scale={training.scale!r})
rho, eta, steps = {training.rho!r}, {training.eta!r}, {training.steps!r}

descent, ahead = gd(network, eta), sam(network, eta, rho)
for rule in (descent, ahead, warm_start(descent, ahead, {training.warm!r})):
    orbit = iterate(rule, start, steps, keep="scalars")
    print(rule.name, orbit.f[-1], orbit.gradient_norms[-1], orbit.shifted_norms[-1], network.accuracy(orbit.x[-1]))
    if rule.name.startswith("SAM"):
        print(certify(network, orbit.x[-1], rho, eta).sentence)
'''
