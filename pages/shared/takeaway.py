"""What can be taken away: a run as CSV, a picture as a standalone page, and a script that reproduces both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dynamics import RECIPES, Orbit, gd, iterate, sam
from figures import Figure
from figures.standalone import standalone
from pages.shared.analysis import Question
from pages.shared.download import download

_AXES: Final = "xy"


Tried = Sequence[tuple[str, Mapping[str, float]]]  # names in `dynamics.RECIPES`, and the numbers that are not as usual


def run_csv(q: Question, tried: Tried = ()) -> bytes:
    """Write the runs as CSV, one step a row, with all digits; nothing is thinned."""
    rules = [gd(q.landscape, q.eta), sam(q.landscape, q.eta, q.rho)]
    rules += [RECIPES[name].build(q.landscape, q.eta, q.rho, q.steps, options) for name, options in tried]
    tables = [_table(iterate(rule, q.start, q.steps)) for rule in rules]
    return pd.concat(tables).to_csv(index=False).encode()


def _table(orbit: Orbit) -> pd.DataFrame:
    axes = _AXES[: orbit.x.shape[-1]]
    columns: dict[str, object] = {"rule": orbit.name, "step": orbit.k}
    columns |= {axis: orbit.x[:, i] for i, axis in enumerate(axes)}
    columns |= {f"{axis}_plus": orbit.x_plus[:, i] for i, axis in enumerate(axes)}
    columns |= {
        "f": orbit.f,
        "f_plus": orbit.f_plus,
        "gradient_norm": orbit.gradient_norms,
        "shifted_norm": orbit.shifted_norms,
        "cosine": orbit.cosine,
        "eta": orbit.eta,
        "rho": orbit.rho,
    }
    return pd.DataFrame(columns)


def script(q: Question, tried: Tried = ()) -> str:
    """Write a short program that makes the same runs and finds the same points with this package."""
    l = q.landscape
    recipes, more, others = "", "", ""
    if tried:
        recipes, others = "RECIPES, ", ", *others"
        listed = "".join(f"    ({name!r}, {dict(options)!r}),\n" for name, options in tried)
        more = (
            f"\ntried = (\n{listed})\n"
            "others = [RECIPES[name].build(landscape, eta, rho, steps, options) for name, options in tried]\n"
        )
    parameters = f", parameters={dict(l.parameters)!r}" if l.parameters else ""
    return f'''"""Run it where the packages landscapes and dynamics are, in this project's folder."""

from dynamics import {recipes}gd, hallucinated_points, iterate, sam, verdict
from landscapes import Landscape

landscape = Landscape({l.formula!r}, domain={l.domain!r}{parameters})
rho, eta, start, steps = {q.rho!r}, {q.eta!r}, {q.start!r}, {q.steps!r}
{more}
for rule in (gd(landscape, eta), sam(landscape, eta, rho){others}):
    orbit = iterate(rule, start, steps)
    print(rule.name, orbit.x[-1].tolist(), verdict(landscape, orbit).sentence)

found = hallucinated_points(landscape, rho)
for x, target, kind, limit in zip(found.points, found.targets, found.kinds, found.step_limits):
    print(x.tolist(), target.tolist(), kind, float(limit))
'''


def offer(q: Question, draw: Callable[[], Figure], title: str, tried: Tried = ()) -> None:
    """Offer the runs and their picture to be taken away; nothing is made before it is asked for."""
    with st.container(horizontal=True):
        download("Runs as CSV", partial(run_csv, q, tried), "runs.csv")
        download("Picture as HTML", lambda: standalone(draw(), title), "picture.html")
        download("Python script", partial(script, q, tried), "reproduce.py")
