"""A visitor's own training on the page: a log in, its verdict and its curves out."""

from __future__ import annotations

import hashlib
import html
from functools import partial
from typing import Final

import streamlit as st

from dynamics.sentences import counted, number
from dynamics.training_log import LogError
from figures.palette import SAM
from pages.shared.compute import PATIENCE, work_out
from pages.shared.controls import text
from pages.shared.desk import desk
from pages.shared.jobs import Busy
from pages.shared.link import Link
from pages.shared.logged import LARGE, MOST_MEGABYTES, Judged, judge_log
from pages.shared.networks_pictures import Shown, curve_pictures, offer_pictures, show_curves

EXAMPLE: Final = """\
from monitor import Monitor          # dynamics/monitor.py of this project, a file that stands alone

with Monitor(optimizer, "run.csv") as watch:
    for inputs, targets in data:
        watch(loss(model(inputs), targets)).backward()
        optimizer.first_step(zero_grad=True)
        watch(loss(model(inputs), targets)).backward()
        optimizer.second_step(zero_grad=True)
"""


def show_log(link: Link) -> None:
    """Take a log, and say how the run ended as far as norms can tell."""
    for note in link.notes:
        st.info(note)
    st.write(
        "Did your own run stall? Watch your PyTorch loop with these lines, and bring the CSV that they write. It is "
        "read as numbers only and not kept."
    )
    st.code(EXAMPLE, language="python")
    file = st.file_uploader("Training log, a CSV", type="csv", max_upload_size=MOST_MEGABYTES, key="log")
    if file is None:
        return
    judged = _judged(file.getvalue(), file.name)
    if judged is None:
        return
    st.html(f'<div role="status"><p class="verdict">{html.escape(judged.verdict.sentence)}</p></div>')
    if judged.verdict.outcome == "stalled":
        st.write(
            "To certify it, save the weights with `watch.save_weights` and call `certify` of this project on your loss."
        )
    st.caption(
        f"{counted(judged.rows, 'recorded step')}; ρ {_range(judged.rho)}, η {_range(judged.eta)}. The curves show "
        f"{counted(len(judged.curves.k), 'step')} of them."
    )
    shown = Shown("your run", SAM, judged.curves, True)
    show_curves((shown,), judged.verdict.sentence)
    drawn = curve_pictures((shown,))
    offer_pictures({title: partial(drawn.__getitem__, title) for title in drawn}, "log")


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
