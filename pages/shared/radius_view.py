"""The pictures of all radii on the page, in which a click sets rho."""

from __future__ import annotations

from functools import partial

import streamlit as st

from figures import Figure
from figures.branches import Scene
from figures.radius import HEIGHT, on_landscape, over_rho, rho_eta
from pages.shared.analysis import Answer, Question, heights
from pages.shared.controls import STEP_SIZES
from pages.shared.legend import show_legend
from pages.shared.player import Click, player
from pages.shared.radius_analysis import Danger, Span, danger
from pages.shared.radius_report import alternative, finding, here
from pages.shared.tracks import snapped


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
            )
        with right:
            player(picture, key="picture", height=HEIGHT, alt=alt, view=str(q.landscape.domain), on_click=take)
    show_legend(Figure(data=[*above, *picture.data]))
    return d


def show_plane(q: Question, a: Answer, d: Danger) -> None:
    """Show for which radii and step sizes some point attracts."""
    st.subheader("Radius and step size together")
    st.caption("In the shaded region some hallucinated point attracts SAM. A click goes there.")
    picture = rho_eta(scene(q, a, d))
    alt = f"The plane of radius and step size. {' '.join(finding(q, d))} {here(q, a.found)}"
    player(
        picture, key="plane", height=picture.layout.height, alt=alt, view=str(q.landscape.domain),
        on_click=partial(_take_both, d.curves.rho_max),
    )  # fmt: skip


def _take(most: float, click: Click) -> None:
    """Set the radius to where was clicked; the control has it on the other pages too."""
    st.session_state["rho"] = snapped(click.x, 0.0, most)


def _take_both(most: float, click: Click) -> None:
    _take(most, click)
    st.session_state["eta"] = float(f"{min(max(click.y, STEP_SIZES[0]), STEP_SIZES[1]):.3g}")
