"""A visitor's own training on the page: one log or two in, their verdicts and curves out."""

from __future__ import annotations

import hashlib
import html
import math
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from dynamics import monitor
from dynamics.sentences import number, percent
from dynamics.training import Judgement
from dynamics.training_log import LogError
from figures.palette import REMEDY, SAM
from pages.shared.compute import PATIENCE, work_out
from pages.shared.controls import text
from pages.shared.desk import desk
from pages.shared.download import download
from pages.shared.jobs import Busy
from pages.shared.link import Link
from pages.shared.logged import LARGE, MOST_MEGABYTES, Judged, judge_log
from pages.shared.networks_example import LOGS, WATCHED
from pages.shared.networks_pictures import (
    curve_makers,
    offer_pictures,
    show_both_slopes,
    show_curves,
    show_legend_of,
)
from pages.shared.networks_words import APART, Shown
from pages.shared.training import described

WATCH: Final = """\
from monitor import Monitor, guessing_loss  # the file monitor.py, beside your script

with Monitor(optimizer, "run.csv", guessing=guessing_loss(all_targets), model=model) as watch:
    for _ in range(epochs):
        for inputs, targets in watch.epoch(data):
            watch(loss(model(inputs), targets)).backward()
            optimizer.first_step(zero_grad=True)
            watch(loss(model(inputs), targets)).backward()
            optimizer.second_step(zero_grad=True)
        watch.check(lambda: loss(model(all_inputs), all_targets))  # both slopes on all examples
torch.save(model.state_dict(), "weights.pt")
"""
CERTIFY: Final = """\
import torch
from dynamics import certify
from landscapes.networks import ModuleLoss

model.double().eval()  # a certificate needs all digits, and the same loss at every call
f = ModuleLoss(model, loss, all_inputs, all_targets)
w = ModuleLoss.flat(torch.load("weights.pt", weights_only=True))
c = certify(f, w, rho={rho}, eta={eta})
print(c.sentence)
"""
MONITOR: Final = Path(monitor.__file__)
_COLORS: Final = (SAM, REMEDY)  # of the first log and of the second


def show_log(link: Link) -> None:
    """Take one log or two, and say how the runs went; before there is one, show two examples."""
    for note in link.notes:
        st.info(note)
    st.write("Did your own run stall? Add these lines to your PyTorch loop and upload the CSV.")
    st.code(WATCH, language="python")
    with st.container(horizontal=True):
        download("monitor.py", MONITOR.read_bytes, "monitor.py")
        for path in LOGS:
            download(path.name, path.read_bytes, path.name)
    st.caption("monitor.py needs PyTorch and nothing else. A log is read as numbers only and not kept.")
    with st.container(horizontal=True):
        files = [
            st.file_uploader(label, type="csv", max_upload_size=MOST_MEGABYTES, key=key)
            for label, key in (("Training log, a CSV", "log"), ("Another, to compare it with", "log-2"))
        ]
    given = [(file.getvalue(), file.name) for file in files if file is not None]
    if not given:
        st.caption(f"Below is what the two example logs give: {described(WATCHED)}")
        show_judged(_examples())
        return
    names = ("Your run",) if len(given) == 1 else ("The first run", "The second run")
    runs = [_judged(data, name, called) for (data, name), called in zip(given, names, strict=True)]
    known = [run for run in runs if run is not None]
    if known:
        show_judged(known)


@cache
def _examples() -> tuple[Judged, ...]:
    names = ("SAM from the start", f"SAM after {WATCHED.warm} steps of SGD")
    return tuple(judge_log(path.read_bytes(), name) for path, name in zip(LOGS, names, strict=True))


def show_judged(runs: Sequence[Judged]) -> None:
    """Show how runs went, what that rests on, one piece of advice each, and their curves."""
    said = "".join(_verdict(run, color) for run, color in zip(runs, _COLORS, strict=False))
    if len(runs) == 2:
        said = f'<p class="verdict">{html.escape(compared(*runs))}</p>{said}'
    st.html(f'<div role="status">{said}</div>')
    shown = tuple(
        Shown(run.name, color, run.curves, run.rho[1] > 0.0) for run, color in zip(runs, _COLORS, strict=False)
    )
    guessing = next((run.guessing for run in runs if math.isfinite(run.guessing)), math.nan)
    steps = max(run.last for run in runs)
    show_curves(shown, steps, guessing)
    show_legend_of(shown, steps)
    show_both_slopes(shown, steps)
    st.table(table(runs).style.format(precision=3, na_rep="not told"), hide_index=True, border="horizontal")
    if any(run.judgement.outcome == "stalled" for run in runs):
        st.page_link("pages/4_Remedies.py", label="Remedies, compared from one start", icon=":material/arrow_forward:")
        with st.expander("Certify it: was it a hallucinated point?"):
            st.write(
                "On mini-batches S rarely vanishes, so a stall is seldom a hallucinated point of the whole loss. "
                "Whether one is near, Newton's method tells from the saved weights, in this project's folder. The loss "
                "has to be the one that was trained, and the same at every call: no dropout."
            )
            st.code(certifying(next(run for run in runs if run.judgement.outcome == "stalled")), language="python")
    makers = curve_makers(shown, steps, guessing)
    offer_pictures(makers, "log")


def _verdict(run: Judged, color: str) -> str:
    j = run.judgement
    rests = "".join(f"<li>{html.escape(line)}</li>" for line in j.rests_on)
    return (
        f'<p class="verdict"><span aria-hidden="true" style="color:{color}">&#9679;</span> '
        f"{html.escape(j.sentence)} <strong>{html.escape(advice(run))}</strong></p>"
        f"<details><summary>What this rests on</summary><ul>{rests}</ul></details>"
    )


def advice(run: Judged) -> str:
    """Say what to do next, in one sentence, with this run's numbers."""
    j: Judgement = run.judgement
    if j.outcome == "stalled" and run.rho[1] > 0.0:
        return j.advice.replace("lower ρ", f"lower ρ, to {number(run.rho[1] / 2.0)} say")
    return j.advice


def compared(first: Judged, second: Judged) -> str:
    """Say in a sentence which of two runs came out better, by the accuracy where both told it, else by the loss."""
    shares = [run.accuracy for run in (first, second)]
    if all(map(math.isfinite, shares)):
        if abs(shares[0] - shares[1]) < APART:
            return f"Both runs end about alike: {percent(shares[0])} and {percent(shares[1])} correct."
        better, worse = (first, second) if shares[0] > shares[1] else (second, first)
        ends = f"{percent(better.accuracy)} correct, against {percent(worse.accuracy)}"
    else:
        losses = [run.loss for run in (first, second)]
        if not all(map(math.isfinite, losses)):
            return "At least one of the runs has no loss at its end; the two cannot be compared."
        if abs(losses[0] - losses[1]) <= _ALIKE * max(map(abs, losses)):
            return f"Both runs end about alike, at a loss of {number(losses[0])} and {number(losses[1])}."
        better, worse = (first, second) if losses[0] < losses[1] else (second, first)
        ends = f"a loss of {number(better.loss)}, against {number(worse.loss)}"
    apart = [
        f"{word} {number(a)} against {number(b)}"
        for word, a, b in (("ρ", better.rho[1], worse.rho[1]), ("η", better.eta[1], worse.eta[1]))
        if a != b
    ]
    if better.rho[0] == 0.0 < min(better.rho[1], worse.rho[0]):
        apart.append("steps without a look-ahead, as a warm-start has")
    told = f" It had {' and '.join(apart)}." if apart else ""
    return f"{better.name} comes out better: {ends}.{told}"


_ALIKE: Final = 0.05  # losses that differ by less than this share are called alike


def table(runs: Sequence[Judged]) -> pd.DataFrame:
    """Tabulate the ends of runs, one a row."""
    return pd.DataFrame(
        {
            "run": run.name, "verdict": run.judgement.outcome, "loss": run.loss, "accuracy": run.accuracy,
            "validation accuracy": run.validation_accuracy, "ρ": _range(run.rho), "η": _range(run.eta),
            "steps recorded": f"{run.rows:,}", "checks": f"{run.checks:,}",
            "epochs": "not told" if run.epochs is None else f"{run.epochs:,}",
        }
        for run in runs
    )  # fmt: skip


def certifying(run: Judged) -> str:
    """Write a program that certifies the end of a run of the visitor's own, with the numbers of its log."""
    return CERTIFY.format(rho=repr(run.rho[1]), eta=repr(run.eta[1]))


def _range(limits: tuple[float, float]) -> str:
    low, high = limits
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _judged(data: bytes, name: str, called: str) -> Judged | None:
    """Judge a log once, a large one in a worker; where it is none, say why."""
    digest, held = hashlib.blake2b(data, digest_size=16).hexdigest(), desk().logs
    if digest not in held:
        try:
            cost = PATIENCE * len(data) / LARGE
            held[digest] = work_out(partial(judge_log, name=called), data, cost, "Bring a log of fewer steps.")
        except LogError as error:
            st.error(text(f"{name[:60]} cannot be read: {error}."))
            return None
        except Busy as error:
            st.warning(str(error))
            return None
        while len(held) > _KEPT:
            del held[next(iter(held))]
    return held[digest].called(called)


_KEPT: Final = 4  # judged logs of a visitor
