"""A visitor's own training on the page: a log in, its verdict and its curves out."""

from __future__ import annotations

import hashlib
import html
from functools import cache, partial
from pathlib import Path
from typing import Final

import streamlit as st

from dynamics import monitor
from dynamics.sentences import counted, number
from dynamics.training_log import LogError
from figures.palette import SAM
from pages.shared.compute import PATIENCE, work_out
from pages.shared.controls import text
from pages.shared.desk import desk
from pages.shared.download import download
from pages.shared.jobs import Busy
from pages.shared.link import Link
from pages.shared.logged import LARGE, MOST_MEGABYTES, Judged, judge_log
from pages.shared.networks_example import EVERY, LOG, example
from pages.shared.networks_pictures import curve_pictures, offer_pictures, show_curves
from pages.shared.networks_swept import measured, radii, settings
from pages.shared.networks_words import Shown
from pages.shared.sweeping import Setting

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
"""
MONITOR: Final = Path(monitor.__file__)


def show_log(link: Link) -> None:
    """Take a log, and say how the run ended as far as norms can tell; before there is one, show an example's."""
    for note in link.notes:
        st.info(note)
    st.write(
        "Did your own run stall? Watch your PyTorch loop with these lines, and bring the CSV that they write. It is "
        "read as numbers only and not kept."
    )
    st.code(WATCH, language="python")
    with st.container(horizontal=True):
        download("monitor.py", MONITOR.read_bytes, "monitor.py")
        download("Example log", LOG.read_bytes, "example-log.csv")
    st.caption(
        "monitor.py stands alone: it needs PyTorch and nothing else. In this project's folder "
        "import it as: from dynamics.monitor import Monitor"
    )
    file = st.file_uploader("Training log, a CSV", type="csv", max_upload_size=MOST_MEGABYTES, key="log")
    if file is None:
        st.caption(
            f"Below is what the example log gives: SAM on the preset Tiny, trained in PyTorch, every {EVERY}th step "
            "recorded by monitor.py."
        )
        _show_judged(_example(), "the example")
        return
    judged = _judged(file.getvalue(), file.name)
    if judged is not None:
        _show_judged(judged, "your run")


@cache
def _example() -> Judged:
    return judge_log(LOG.read_bytes(), "The example's run")


def _show_judged(judged: Judged, name: str) -> None:
    """Show a log's verdict, what can be tried where it stalled, and its curves."""
    st.html(f'<div role="status"><p class="verdict">{html.escape(judged.verdict.sentence)}</p></div>')
    st.caption(
        f"{counted(judged.rows, 'recorded step')}; ρ {_range(judged.rho)}, η {_range(judged.eta)}. The curves show "
        f"{counted(len(judged.curves.k), 'step')} of them."
    )
    if judged.verdict.outcome == "stalled":
        st.markdown("\n".join(["What to try:", "", *(f"- {line}" for line in advice(judged))]))
        st.page_link("pages/4_Remedies.py", label="Remedies, compared from one start", icon=":material/arrow_forward:")
        with st.expander("Certify it: was it a hallucinated point?"):
            st.write(
                "With the saved weights and your loss on all training data, in this project's folder. The loss has to "
                "be the one that was trained, weight decay included, and the same at every call: no dropout, no batch "
                "statistics."
            )
            st.code(certifying(judged), language="python")
    shown = Shown(name, SAM, judged.curves, True)
    show_curves((shown,))
    drawn = curve_pictures((shown,))
    offer_pictures({title: partial(drawn.__getitem__, title) for title in drawn}, "log")


def advice(judged: Judged) -> list[str]:
    """Say what may free a run that has stalled, with this run's numbers, and what it did in the stored sweep."""
    rho, steps = judged.rho[1], int(judged.curves.k[-1]) + 1
    sweep = example("Digits")
    least, most = radii(sweep)[0], radii(sweep)[-1]
    bare, warm = settings(sweep)[0], settings(sweep)[-1]

    def stalled(rho: float, setting: Setting) -> str:
        values = measured(sweep, rho, setting, "stalled")
        return f"{int(values.sum())} of {counted(len(values), 'run')}"

    return [
        f"a smaller radius, such as ρ = {number(rho / 2.0)} in place of {number(rho)}. In the sweep of Digits that is "
        f"stored with this app {stalled(most, bare)} stalled at ρ = {most:g} and {stalled(least, bare)} at "
        f"ρ = {least:g};",
        f"a warm-start: plain gradient steps for the first tenth of your {steps:,}, say, then SAM. "
        f"In that sweep, after {warm.warm} steps of it, {stalled(most, warm)} stalled at ρ = {most:g}.",
    ]


def certifying(judged: Judged) -> str:
    """Write a program that certifies the end of a run of the visitor's own, with the numbers of its log."""
    return f"""import numpy as np
import torch
from torch.func import functional_call, grad, grad_and_value, hessian, jvp

from dynamics.certify import certify

model.double()  # and inputs too: a certificate needs all digits
names, parts = zip(*model.named_parameters())


def f(w):
    pieces = w.split([p.numel() for p in parts])
    named = {{name: piece.view_as(p) for name, piece, p in zip(names, pieces, parts)}}
    return loss(functional_call(model, named, (inputs,)), targets)


class Loss:
    dim = sum(p.numel() for p in parts)

    def value_and_gradient(self, w):
        g, value = grad_and_value(f)(torch.from_numpy(w))
        return value.numpy(), g.numpy()

    def hessian(self, w):  # asked for below 500 weights
        return hessian(f)(torch.from_numpy(w)).numpy()

    def hessian_at(self, w):  # from there on
        return lambda v: jvp(grad(f), (torch.from_numpy(w),), (torch.from_numpy(v),))[1].numpy()


print(certify(Loss(), np.load("weights.npy"), rho={judged.rho[1]!r}, eta={judged.eta[1]!r}).sentence)
"""


def _range(limits: tuple[float, float]) -> str:
    low, high = limits
    return f"= {number(low)}" if low == high else f"from {number(low)} to {number(high)}"


def _judged(data: bytes, name: str) -> Judged | None:
    """Judge a log once, a large one in a worker; where it is none, say why."""
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    held = desk().log
    if held is not None and held[0] == digest:
        return held[1]
    try:
        cost = PATIENCE * len(data) / LARGE
        judged = work_out(partial(judge_log, name="Your run"), data, cost, "Bring a log of fewer steps.")
    except LogError as error:
        st.error(text(f"{name[:60]} cannot be read: {error}."))
        return None
    except Busy as error:
        st.warning(str(error))
        return None
    desk().log = (digest, judged)
    return judged
