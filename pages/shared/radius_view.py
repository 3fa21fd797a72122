"""The pictures of all radii on the page, in which a click sets rho."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import streamlit as st

from dynamics.sentences import number
from figures import Figure
from figures.branches import Scene, nearest
from figures.radius import HEIGHT, on_landscape, over_rho, rho_eta
from pages.shared.analysis import Answer, Question, heights
from pages.shared.controls import STEP_SIZES
from pages.shared.legend import show_legend
from pages.shared.player import Click, player
from pages.shared.radius_analysis import Danger, Span, danger
from pages.shared.radius_report import alternative, finding, here
from pages.shared.tracks import snapped

_TAKES: Final = "A click takes the ρ at that place."


def span(q: Question) -> Span:
    """Return the radii that are looked at: up to half the window's smaller width, as far as the slider goes."""
    return Span(q.landscape, q.landscape.rho_max, q.eta)


def scene(q: Question, a: Answer, d: Danger) -> Scene:
    """Put together what the pictures show."""
    return Scene(q.landscape, d.curves, d.now, a.found, q.eta, q.rho, d.intervals)


def diagram(q: Question, a: Answer, d: Danger) -> Figure:
    """Draw the points over rho."""
    axes, z = heights(q.landscape)
    return over_rho(scene(q, a, d), (*axes, z) if q.landscape.dim == 1 else ())


def show_pictures(q: Question, a: Answer) -> Danger:
    """Show the branches over rho, on the contour in two variables, and the (rho, eta) plane."""
    d = danger(span(q))
    alt, most = alternative(q, d, a.found), d.curves.rho_max
    picture = diagram(q, a, d)
    take = partial(_take, most)
    above: tuple[object, ...] = ()
    if q.landscape.dim == 1:
        player(
            picture,
            key="picture",
            height=HEIGHT,
            alt=alt,
            view=str(q.landscape.domain),
            on_click=take,
            click_axes="x2y",
        )
        st.caption(_TAKES)
    else:
        left, right = st.columns(2, gap="small")
        with left:
            axes, z = heights(q.landscape)
            ground = on_landscape(scene(q, a, d), (*axes, z))
            above = ground.data
            player(
                ground,
                key="map",
                height=ground.layout.height,
                alt=f"The branches on the contours of f. {alt}",
                view=str(q.landscape.domain),
                on_click=partial(_take_nearest, scene(q, a, d)),
            )
            if len(d.curves):
                st.caption("A click on a branch takes its ρ.")
        with right:
            player(picture, key="picture", height=HEIGHT, alt=alt, view=str(q.landscape.domain), on_click=take)
            st.caption(_TAKES)
    show_legend(Figure(data=[*above, *picture.data]))
    return d


def show_plane(q: Question, a: Answer, d: Danger) -> None:
    """Show for which radii and step sizes some point attracts."""
    st.subheader("Radius and step size together")
    if d.moves:
        st.caption("This formula contains ρ: f is another one at every radius, and one picture cannot show them all.")
        return
    st.caption(shaded(d))
    picture = rho_eta(scene(q, a, d))
    alt = f"The plane of radius and step size. {' '.join(finding(q, d))} {here(q, a.found)}"
    player(
        picture, key="plane", height=picture.layout.height, alt=alt, view=str(q.landscape.domain),
        on_click=partial(_take_both, d.curves.rho_max),
    )  # fmt: skip


def shaded(d: Danger) -> str:
    """Say what the plane of radius and step size shows."""
    takes = "A click takes ρ and η."
    known = " is known to attract" if len(d.undecided) else " attracts"
    if len(d.small):
        return f"In the shaded region some hallucinated point attracts SAM. {takes}"
    most = number(d.curves.rho_max)
    what = f"no hallucinated point found{known} SAM at any step size" if len(d.curves) else "none was found"
    return f"Nothing is shaded: up to ρ = {most} {what}. {takes}"


def _take(most: float, click: Click) -> None:
    """Set the radius to where was clicked; the control has it on the other pages too."""
    st.session_state["rho"] = snapped(click.x, 0.0, most)


def _take_nearest(s: Scene, click: Click) -> None:
    """Set the radius to that of the branch that was clicked at, in the plane; elsewhere nothing happens."""
    rho = nearest(s, np.array([click.x, click.y]))
    if rho is not None:
        st.session_state["rho"] = snapped(rho, 0.0, s.curves.rho_max)


def _take_both(most: float, click: Click) -> None:
    _take(most, click)
    st.session_state["eta"] = float(f"{min(max(click.y, STEP_SIZES[0]), STEP_SIZES[1]):.3g}")
