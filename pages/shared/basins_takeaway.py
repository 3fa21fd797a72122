"""What can be taken away from the maps of basins: the labels, the pictures, and a script that makes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.outcome import OUTCOMES
from figures import Figure
from figures.standalone import standalone
from pages.shared.basins_atlas import Atlas
from pages.shared.basins_map import KINDS, MapQuestion
from pages.shared.compute import work_out
from pages.shared.download import download

_SECONDS: Final = 1e-5  # that a row of the table takes


def labels(atlas: Atlas) -> pd.DataFrame:
    """Tabulate the labels of the finest whole maps, one start a row."""
    parts = []
    for name in atlas.coarse:
        chart, q = atlas.chart(name), atlas.question
        across, up = MapQuestion(q.landscape, q.rho, q.eta, q.steps, chart.shape[1]).axes()
        rows = len(chart.codes) // len(across)
        d = q.landscape.dim
        columns: dict[str, object] = {"rule": "GD" if name == "GD" else "SAM", "x": np.tile(across, rows)}
        if d == 2:
            columns["y"] = np.repeat(up, len(across))
        radius = np.repeat(up, len(across)) if name == "radii" else 0.0 if name == "GD" else q.rho
        columns |= {
            "rho": radius,
            "ends": np.array(OUTCOMES)[chart.words],
            "kind": np.array(KINDS)[chart.kinds],
            "group": atlas.groups(chart.codes),
            "place": np.where(chart.codes >= 0, chart.codes + 1, 0),
            "over_by_step": chart.settled,
        }
        columns |= {f"{axis}_end": chart.ends[:, i] for i, axis in enumerate("xy"[:d])}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts)


def script(q: MapQuestion) -> str:
    """Write a short program that makes the same maps with this package."""
    l = q.landscape
    parameters = f", parameters={dict(l.parameters)!r}" if l.parameters else ""
    shape = "(n, n)" if l.dim == 2 else "(n, 1)"
    return f'''"""Run it where the packages landscapes and dynamics are, in this project's folder."""

import numpy as np

from dynamics import basins, gd, sam
from landscapes import Landscape

landscape = Landscape({l.formula!r}, domain={l.domain!r}{parameters})
rho, eta, steps, n = {q.rho!r}, {q.eta!r}, {q.steps!r}, {q.n!r}

axes = [low + (high - low) * (np.arange(n) + 0.5) / n for low, high in landscape.domain]
starts = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, landscape.dim)
for rule in (gd(landscape, eta), sam(landscape, eta, rho)):
    found = basins(rule, starts, steps)
    for share in found.shares({shape}):
        print(rule.name, share.group, round(share.share, 4), "+-", round(share.error, 4))
    places = found.found
    for point, group, kind, count in zip(places.points, places.groups, places.kinds, places.counts):
        print("   ", group, kind, point.tolist(), int(count))
'''


def offer_maps(atlas: Atlas, draw: Callable[[], Figure], title: str) -> None:
    """Offer the labels, the picture and the script; nothing is made before it is asked for."""
    with st.container(horizontal=True):
        rows = sum(len(atlas.chart(name).codes) for name in atlas.coarse)
        write = partial(work_out, labels_csv, atlas, _SECONDS * rows)  # many are written by a worker
        download("Labels as CSV", write, "basins.csv")
        download("Maps as HTML", lambda: standalone(draw(), title), "basins.html")
        download("Python script", partial(script, atlas.question), "basins.py")


def labels_csv(atlas: Atlas) -> bytes:
    """Write the labels as CSV."""
    return labels(atlas).to_csv(index=False).encode()
