"""A small app around the player, for its browser tests: `uvicorn tests.browser.player_app:app`.

The address chooses what is drawn, `?case=axes`; a case of QUESTIONS is played. `?plotly=missing` takes plotly.js away.
"""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from figures.curves import curves
from landscapes import Landscape
from pages.shared import player as player_module
from pages.shared.analysis import Question, answer
from pages.shared.picture import draw_landscape
from pages.shared.playback import Playback, Track
from pages.shared.player import player
from pages.shared.player_js import PLAYER_JS_ROUTE
from pages.shared.plotly_js import PLOTLY_JS_ROUTE, plotly_js_url
from pages.shared.tracks import playback, snapped

HIMMELBLAU = Landscape("((x^2 + y - 11)^2 + (x + y^2 - 7)^2)/100", ((-6.0, 6.0), (-6.0, 6.0)))
WELL = Landscape("x^4/4 - 1.4x^3/3 - 0.6x^2", ((-1.2, 2.9),))
QUESTIONS = {
    "plane": Question(HIMMELBLAU, 3.0, 0.02, (2.33, 3.79), 2000),
    "line": Question(WELL, 1.0, 0.01, (0.1,), 2000),
    "short": Question(HIMMELBLAU, 3.0, 0.02, (2.33, 3.79), 20),
    "long": Question(HIMMELBLAU, 3.0, 0.02, (2.33, 3.79), 20_000),
    "diverging": Question(WELL, 1.0, 0.9, (-1.1,), 200),
    "one": Question(HIMMELBLAU, 3.0, 0.02, (2.33, 3.79), 0),
    "undefined": Question(Landscape("log(x)", ((-1.0, 2.0),)), 0.1, 0.1, (-0.5,), 50),
}
THEMED = [[0, "var(--st-text-color)"], [1, "#D55E00"]]


def himmelblau(rho: float, *, gaps: bool = False) -> go.Figure:
    axis = np.linspace(-6, 6, 150)
    x, y = np.meshgrid(axis, axis)
    z = np.log1p(((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2) / 100)
    if gaps:
        z[:20, :20] = np.nan
        z[-20:, -20:] = np.inf
    angle = np.linspace(0, 6, 2000)
    return go.Figure(
        [
            go.Contour(x=axis, y=axis, z=z, colorscale="Viridis", colorbar={"title": {"text": "f"}}),
            go.Scatter(x=rho * np.cos(angle), y=rho * np.sin(angle), mode="lines", line={"color": "#D55E00"}),
            go.Scatter(x=[rho], y=[0.0], mode="markers", marker={"color": "var(--st-text-color)", "size": 12}),
            go.Scatter(x=[0, 1], y=[0, 0], mode="markers", marker={"color": [0, 1], "colorscale": THEMED}),
        ],
        {
            "title": {"text": f"ρ = {rho}"},
            "margin": {"t": 40, "l": 40, "r": 20, "b": 40},
            "showlegend": False,
        },
    )


def two_axes(rho: float) -> go.Figure:
    return go.Figure(
        [
            go.Scatter(x=[0, 1], y=[0, rho], name="line"),
            go.Scatter(x=[0, 10], y=[1, 1000], xaxis="x2", yaxis="y2", name="exponential"),
        ],
        {
            "hovermode": False,
            "xaxis": {"domain": [0, 0.45]},
            "xaxis2": {"domain": [0.55, 1], "anchor": "y2"},
            "yaxis2": {"type": "log", "anchor": "x2"},
            "title": {"text": f"ρ = {rho}"},
        },
    )


def surface(rho: float) -> go.Figure:
    axis = np.linspace(-1, 1, 40)
    return go.Figure(
        [go.Surface(x=axis, y=axis, z=rho * np.outer(axis, axis))],
        {"title": {"text": f"ρ = {rho}"}, "margin": {"t": 40}},
    )


def picture() -> None:
    st.title("Picture")
    case = st.session_state.setdefault("case", st.query_params.get("case", "contour"))  # the menu empties the link
    if case in QUESTIONS:
        return played(case)
    rho = st.slider("rho", 0.5, 5.0, 1.0, 0.1)
    if case == "none":
        return
    if case == "nothing":
        return nothing_to_play()
    if case == "plotly_chart":
        st.plotly_chart(himmelblau(rho), key="chart", height=500, theme=None)
        return
    make = {"axes": two_axes, "surface": surface, "empty": lambda _: go.Figure()}.get(case, himmelblau)
    figure = himmelblau(rho, gaps=True) if case == "gaps" else make(rho)
    view = str(st.toggle("Another window"))
    heard: list[str] = st.session_state.setdefault("heard", [])
    click = player(
        figure,
        key="picture",
        height=500,
        alt=f"The circle has the radius {rho}.",
        view=view,
        on_click=None if case == "deaf" else lambda click: heard.append(f"heard {click.x!r} {click.y!r}"),
        click_axes="x2y2" if case == "axes" else "xy",
    )
    st.text(f"clicked {click.x!r} {click.y!r}" if click else "no click")
    st.text(f"{len(heard)} clicks; last: {heard[-1] if heard else 'none'}")
    st.session_state["run"] = st.session_state.get("run", 0) + 1
    st.text(f"run {st.session_state['run']}")
    st.text("and more\n" * 40)  # so that there is something to scroll to


def played(case: str) -> None:
    """What a page with motion does: the start comes from the session, and a click or a drag sets it."""
    asked = QUESTIONS[case]
    rho = st.slider("rho", 0.5, 5.0, asked.rho, 0.1)
    q = replace(asked, rho=rho, start=st.session_state.setdefault("start", asked.start))
    a = answer(q)
    figure = draw_landscape(q, a, False, False, paths=False)
    figure.update_layout(title={"text": f"ρ = {rho}"}, margin={"t": 40})

    def take(click: player_module.Click) -> None:
        pairs = zip((click.x, click.y), q.landscape.domain, strict=False)
        st.session_state["start"] = tuple(snapped(value, *window) for value, window in pairs)

    paths = playback(q, a, radius="rho")
    room = curves([(track.name, track.color, track.x_plus is not None) for track in paths.tracks], log_f=False)
    player(figure, key="picture", height=500, alt="Paths.", playback=paths, curves=room, on_start=take)
    st.text(f"starts at {q.start}")
    st.session_state["run"] = st.session_state.get("run", 0) + 1
    st.text(f"run {st.session_state['run']}")


def nothing_to_play() -> None:
    """Tracks without a point, and none at all."""
    nothing, none = np.empty(0), np.empty((0, 2))
    track = Track(
        "SAM", "#D55E00", "diamond", np.empty(0, dtype=np.int64), none, none, none,
        nothing, nothing, nothing, 0.1, 1.0, "SAM has no point.",
    )  # fmt: skip
    for tracks in ((track,), ()):
        paths = Playback(tracks, 2, None)
        key = f"picture-{len(tracks)}"
        player(himmelblau(1.0), key=key, height=300, alt="No path.", playback=paths, curves=curves([], log_f=True))


def other() -> None:
    st.title("Other")
    st.write("No picture here.")


def main() -> None:
    st.set_page_config(page_title="Player", layout="wide")
    missing = st.query_params.get("plotly") == "missing"
    player_module.plotly_js_url = (lambda part: "/no/such/plotly.js") if missing else plotly_js_url
    st.navigation([st.Page(picture, default=True), st.Page(other)]).run()


if __name__ == "__main__":
    main()
else:
    app = st.App(__file__, routes=[PLOTLY_JS_ROUTE, PLAYER_JS_ROUTE])
