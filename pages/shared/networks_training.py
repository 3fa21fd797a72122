"""The training on the page: a preset's stored result at once, and anew with live curves."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.sentences import counted, number, percent
from figures.training import COLORS
from landscapes.landscape import Array
from pages.shared.controls import text
from pages.shared.desk import desk
from pages.shared.download import download
from pages.shared.link import Link
from pages.shared.networks_controls import ask_training
from pages.shared.networks_pictures import (
    curve_makers,
    offer_pictures,
    show_both_slopes,
    show_boundaries,
    show_curves,
    show_legend_of,
    show_slices,
    shown,
    slice_makers,
    slices_csv,
)
from pages.shared.networks_torch import lines, notebook
from pages.shared.networks_words import behind, in_short, remedy, tendency, why
from pages.shared.stored import stored
from pages.shared.trained import CertificateSummary, Trained, TrainedRun
from pages.shared.training import Training, described

_OFTEN: Final = 0.7  # seconds between two looks at a running training


def show_training(link: Link, preset: str) -> None:
    """Show how the preset's network, or the visitor's, was trained, and offer to train it."""
    mine = desk()
    mine.collect()
    notes, outcome = st.container(), st.container()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    training = ask_training(link, preset, row)
    with row:
        if st.button("Train", type="primary", disabled=mine.training is not None, key="train"):
            mine.train(training)
            st.rerun()
        if st.button("Stop", disabled=mine.training is None, key="stop") and mine.training is not None:
            mine.training.stop()
    for note in link.notes:
        notes.info(note)
    if mine.failure:
        notes.warning(text(mine.failure))
    if mine.training is not None:
        with outcome:
            st.fragment(_show_live, run_every=_OFTEN)()
        return
    kept, trained = stored(preset)
    own = mine.result(training)
    if own is not None:
        kept, trained = training, own
    elif training != kept:
        notes.info(f"The settings have changed. Below is the stored result of the preset {preset}; Train makes yours.")
    with outcome:
        show_outcome(kept, trained)
    show_result(kept, trained)
    show_slices(kept, trained)
    show_pytorch(kept, trained)
    offer(kept, trained)


def _show_live() -> None:
    """Show the curves of the training under way; when it has ended, the page is drawn anew."""
    job = desk().training
    if job is None:
        return
    job.update()
    if job.done:
        st.rerun()
    ahead, training = job.ahead, job.training
    runs = shown(training, job.curves)
    show_cards([_card(run.name, run.color, _last(run.curves.accuracy), _last(run.curves.held_out), "") for run in runs])
    if job.doing:
        reached = max((int(c.k[-1]) for c in job.curves if len(c.k)), default=0)
        st.progress(job.share, f"{job.doing}: step {reached:,} of {training.steps:,}")
    else:
        st.progress(0.0, f"Waiting for a worker: {counted(ahead, 'job') if ahead else 'no jobs'} before this one.")
    show_curves(runs, training.steps)
    if job.scene is not None and job.classes is not None:
        show_boundaries(runs, job.scene, job.classes)
    show_legend_of(runs, training.steps)
    st.caption(described(training))


def _last(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if known.size else math.nan


def show_outcome(training: Training, trained: Trained) -> None:
    """Show what the three runs have learned and how, why SAM ended where it did, and what became of the remedy."""
    proof = trained.runs[1].proof
    kind = proof.kind if proof is not None and proof.certified else None
    gd, sam, _ = trained.runs
    show_cards([_card(r.name, color, r.accuracy, r.held_out, in_short(r))
                for r, color in zip(trained.runs, COLORS, strict=True)])  # fmt: skip
    runs = shown(training, [run.curves for run in trained.runs])
    show_curves(runs, training.steps, trained.guessing)
    if trained.scene is not None and trained.classes is not None:
        show_boundaries(runs, trained.scene, trained.classes)
    show_legend_of(runs, training.steps)
    said = (why(sam, training.rho, kind, behind(sam, gd)), remedy(trained))
    paragraphs = "".join(f'<p class="verdict">{html.escape(line)}</p>' for line in said)
    st.html(f"<div role='status'>{paragraphs}</div>")


def show_cards(cards: Sequence[str]) -> None:
    """Show the runs' accuracies side by side: SAM's, that of what is tried in its place, and GD's."""
    st.html(f"<div class='runs' style='{_SIDE_BY_SIDE}'>{''.join(cards[i] for i in (1, 2, 0))}</div>")


_SIDE_BY_SIDE: Final = "display:flex;gap:0.5rem 1.2rem"
_CARD: Final = "flex:1 1 0;max-width:17rem;min-width:0;border-left:3px solid {color};padding-left:0.6rem"


def _card(name: str, color: str, accuracy: float, held_out: float, verdict: str) -> str:
    """Write a run's accuracy large, and its verdict in short."""
    held = f", held out {percent(held_out)}" if math.isfinite(held_out) else ""
    right = percent(accuracy) if math.isfinite(accuracy) else "none"
    said = f"correct{held}. {verdict}"
    return (
        f'<div class="run" style="{_CARD.format(color=color)}"><div>{html.escape(name)}</div>'
        f'<div style="font-size:1.7rem;line-height:1.2;font-weight:600">{html.escape(right)}</div>'
        f'<div style="font-size:0.85rem">{html.escape(said)}</div></div>'
    )


def show_result(training: Training, trained: Trained) -> None:
    """Show the slopes, the runs' numbers side by side, and, folded, the verdicts in full."""
    if trained.stopped:
        st.caption("The training was stopped before its last step.")
    st.caption(described(training))
    st.subheader("Slopes where SAM is, and where it looks")
    show_both_slopes(shown(training, [run.curves for run in trained.runs]), training.steps)
    rows = table(trained)
    formats = {name: percent if "accuracy" in name else number for name in rows if rows[name].dtype.kind == "f"}
    st.table(rows.style.format(formats), hide_index=True, border="horizontal")
    with st.expander("The verdicts in full, and what could be certified"):
        show_verdicts(trained)


def show_pytorch(training: Training, trained: Trained) -> None:
    """Show the lines of PyTorch that train what is shown, and offer them as a notebook."""
    st.subheader("It is PyTorch")
    st.write(
        "These lines train what is shown. With the data and the network around them they make a notebook that runs "
        "alone, with torch, numpy and scikit-learn."
    )
    st.code(lines(training), language="python")
    results = {
        run.name: f"loss {run.loss:.6f}, correct {run.accuracy:.4f}"
        for run in (trained.runs if training.rule == "warm" else trained.runs[:2])
    }
    with st.container(horizontal=True):
        download("As notebook", partial(notebook, training, results), "sam.ipynb")
    if training.rule != "warm":
        st.caption("The lines are SAM's and those of a warm-start. The third run's are in the Python script below.")


def show_verdicts(trained: Trained) -> None:
    """Say how each run ended, SAM's first, and what was certified of it."""
    st.caption(
        "f is the loss, w are the weights; w⁺ = w + ρ∇f(w)/|∇f(w)| is SAM's look-ahead point. Slope means the length "
        "of the gradient, |∇f(w)| at w and |∇f(w⁺)| at w⁺; the gradient at w⁺ is also called the shifted gradient."
    )
    order = (1, 0, 2)
    said = "".join(
        f'<p class="verdict"><span aria-hidden="true" style="color:{COLORS[i]}">&#9679;</span> '
        f"{html.escape(trained.runs[i].sentence)} {html.escape(_learned(trained.runs[i]))}</p>"
        for i in order
    )
    st.html(said)
    for i in order:
        run = trained.runs[i]
        if run.rests_on:
            st.markdown(
                "\n".join([f"**{run.name}.** What that rests on:", "", *(f"- {line}" for line in run.rests_on)])
            )
            st.markdown(f"What to do: {run.advice}")
        if run.proof is not None:
            sentence = f"**{run.name}.** {run.proof.sentence}"
            (st.success if run.proof.certified else st.info)(sentence, icon=None)
            st.caption(_details(run.proof))
    if all(run.proof is None for run in trained.runs):
        st.caption("No certificate was sought: one is sought where a run has stalled that looks where SAM looks.")


def _details(proof: CertificateSummary) -> str:
    """Say where Newton's method ended, in numbers."""
    e = [number(float(value)) for value in proof.eigenvalues]
    half = len(e) // 2
    spectrum = ""
    if e:
        spectrum = f" Lowest curvatures at w⁺: {', '.join(e[:half])}; highest: {', '.join(e[half:])}."
    return (
        f"Newton's method ended {number(proof.moved)} from the last weights, where the slope is "
        f"{number(proof.gradient_norm)} at w and {number(proof.residual)} at w⁺; the loss is {number(proof.f)} at w "
        f"and {number(proof.f_plus)} at w⁺.{spectrum}"
    )


def _learned(run: TrainedRun) -> str:
    """Say what a run has learned, in numbers."""
    held = f", {percent(run.held_out)} on those held out" if math.isfinite(run.held_out) else ""
    if not math.isfinite(run.loss):
        return ""
    return f"Loss {number(run.loss)}, {percent(run.accuracy)} of the training examples correct{held}."


def table(trained: Trained) -> pd.DataFrame:
    """Tabulate how the runs ended, one a row, what decides first."""
    rows = []
    for run in trained.runs:
        c = run.curves
        last = len(c.k) - 1
        g, s = c.gradient[last], c.shifted[last]
        rows.append({
            "run": run.name, "accuracy": run.accuracy, "|∇f(w)|": g, "|∇f(w⁺)|": s, "verdict": run.outcome,
            "lately": tendency(c), "loss": run.loss, "loss at w⁺": c.loss_plus[last],
            "|∇f(w⁺)| / |∇f(w)|": s / g if g else math.nan, "held-out accuracy": run.held_out,
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.dropna(axis="columns", how="all")


def offer(training: Training, trained: Trained) -> None:
    """Offer curves, pictures and a script to be taken away."""
    runs = shown(training, [run.curves for run in trained.runs])
    curves = curve_makers(runs, training.steps, trained.guessing)
    with st.container(horizontal=True):
        download("Curves as CSV", partial(curves_csv, trained), "training.csv")
        if trained.slices is not None:
            download("Slices as CSV", partial(slices_csv, trained), "slices.csv")
        offer_pictures({**curves, **slice_makers(training, trained)}, "training")
        download("Python script", partial(script, training), "reproduce.py")


def curves_csv(trained: Trained) -> bytes:
    """Write all runs' curves as CSV, one recorded step a row; where there are mini-batches, their losses too."""
    frames = []
    for run in trained.runs:
        c = run.curves
        frames.append(
            pd.DataFrame({
                "run": run.name, "step": c.k, "loss": c.loss, "loss_plus": c.loss_plus, "gradient_norm": c.gradient,
                "shifted_norm": c.shifted, "cosine": c.cosine, "accuracy": c.accuracy,
            })
        )  # fmt: skip
        if len(c.held_out):
            frames[-1]["held_out_accuracy"] = c.held_out
        if len(c.batch_k):
            frames.append(pd.DataFrame({"run": run.name, "step": c.batch_k, "batch_loss": c.batch_loss}))
    return pd.concat(frames).to_csv(index=False).encode()


def script(training: Training) -> str:
    """Write a short program that trains the same runs with this package."""
    n = training.network
    return f'''"""Run it where the packages landscapes and dynamics are, in this project's folder."""

from dynamics import RECIPES, gd, iterate, sam
from dynamics.certify import certify
from landscapes.networks import Network

network = Network({n.data!r}, {n.hidden!r}, {n.activation!r}, {n.loss!r}, {n.weight_decay!r}, {n.subset!r},
                  {n.label_noise!r}, {n.held_out!r}, {n.seed!r})
start = network.start({training.seed!r}, scale={training.scale!r})
rho, eta, steps = {training.rho!r}, {training.eta!r}, {training.steps!r}

tried = RECIPES[{training.rule!r}].build(network, eta, rho, steps, {training.values!r})
for rule in (gd(network, eta), sam(network, eta, rho), tried):
    orbit = iterate(rule, start, steps, keep="scalars")
    print(rule.name, orbit.f[-1], orbit.gradient_norms[-1], orbit.shifted_norms[-1], network.accuracy(orbit.x[-1]))
    if rule.name == "SAM":
        print(certify(network, orbit.x[-1], rho, eta).sentence)
'''
