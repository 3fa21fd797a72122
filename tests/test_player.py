import base64
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.shared.player import Click, _click, figure_json
from pages.shared.player_js import _TEXT, bundle

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
)


def decoded(array: dict[str, str]) -> np.ndarray:
    flat = np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"])
    return flat.reshape([int(n) for n in array["shape"].split(",")]) if "shape" in array else flat


def test_what_json_cannot_say_becomes_null():
    figure = go.Figure(
        [{"type": "scatter", "x": [0.0, np.nan, np.inf], "y": (1, -np.inf, np.float64("nan"))}],
        {"meta": {"nested": [np.array([1.0, np.nan]), {"deep": np.float32("inf")}], "count": np.int64(3)}},
    )
    plain = json.loads(json.dumps(figure_json(figure), allow_nan=False))
    assert plain["data"][0]["x"] == [0, None, None]
    assert plain["data"][0]["y"] == [1, None, None]
    assert plain["layout"]["meta"]["nested"][1] == {"deep": None}
    assert plain["layout"]["meta"]["count"] == 3


def test_a_path_keeps_every_bit_and_its_gaps():
    x = np.array([0.1, np.nan, 1e300, -np.inf])
    sent = figure_json(go.Figure(go.Scatter(x=x, y=x[::-1])))["data"][0]
    np.testing.assert_array_equal(decoded(sent["x"]), x)
    np.testing.assert_array_equal(decoded(sent["y"]), x[::-1])


def test_a_grid_is_sent_in_single_precision():
    z = np.linspace(-1, 1, 12).reshape(3, 4)
    z[0, 0] = 1e300  # too large for 32 bits: infinite there, and a gap in the picture
    sent = decoded(figure_json(go.Figure(go.Contour(z=z)))["data"][0]["z"])
    assert sent.dtype == np.float32
    assert np.isposinf(sent[0, 0])
    np.testing.assert_allclose(sent.flat[1:], z.flat[1:], rtol=2**-24)  # half a unit in the last place


def test_text_and_strided_arrays_are_sent_too():
    figure = go.Figure(go.Scatter(x=np.arange(10.0)[::2], text=np.array(["a", "b"], dtype=object)))
    sent = figure_json(figure)["data"][0]
    np.testing.assert_array_equal(decoded(sent["x"]), [0, 2, 4, 6, 8])
    assert sent["text"] == ["a", "b"]


@given(json_values)
def test_whatever_the_browser_sends_is_a_finite_click_or_none(point):
    click = _click(point)
    assert click is None or np.isfinite([click.x, click.y]).all()


def test_two_numbers_are_a_click():
    assert _click({"x": 1, "y": -2.5}) == Click(1.0, -2.5)


def page():
    import numpy as np
    import plotly.graph_objects as go
    import streamlit as st

    from pages.shared.player import player

    size = st.number_input("size", value=150)
    grid = np.add.outer(np.arange(float(size)), np.arange(float(size)))
    traces = [go.Contour(z=grid), go.Heatmap(z=grid), go.Scatter(x=[0, np.nan], y=[np.inf, 1])]
    click = player(go.Figure(traces), key="picture", height=300, alt="Two points.", view="a", on_click=print)
    st.text(f"clicked {click}")
    player(go.Figure(traces[2]), key="other", height=200, alt="The same two.")


def sent(app: AppTest) -> list[dict]:
    return [json.loads(element.proto.json) for element in app.get("bidi_component")]


@pytest.fixture
def app() -> AppTest:
    app = AppTest.from_function(page).run()
    assert not app.exception
    return app


def test_a_page_sends_the_figure_and_its_text(app):
    _, picture, other = sent(app)
    assert picture["alt"] == "Two points."
    assert picture["height"] == 300
    assert picture["view"] == "a"
    assert picture["plotlyUrl"].endswith("plotly-cartesian.min.js")
    assert picture["figure"]["data"][2]["x"] == [0, None]
    assert picture["figure"]["data"][2]["y"] == [None, 1]
    assert picture["figure"]["data"][2] == other["figure"]["data"][0]
    assert app.text[0].value == "clicked None"


def test_clicks_are_sent_only_where_a_page_listens(app):
    _, picture, other = sent(app)
    assert picture["clickAxes"] == "xy"
    assert other["clickAxes"] is None


def test_a_large_grid_is_sent_once_and_named_where_it_is_used(app):
    carrier, picture, _ = sent(app)
    contour, heatmap, _ = picture["figure"]["data"]
    assert contour["z"] == heatmap["z"] == {"digest": carrier["digest"]}
    assert decoded(carrier["grid"]).shape == (150, 150)


def test_a_small_grid_stays_in_its_figure(app):
    app.number_input[0].set_value(5).run()
    picture, _ = sent(app)
    assert decoded(picture["figure"]["data"][0]["z"]).shape == (5, 5)


def playing():
    import plotly.graph_objects as go

    from figures.curves import curves
    from landscapes import Landscape
    from pages.shared.analysis import Question, answer
    from pages.shared.player import player
    from pages.shared.tracks import playback

    q = Question(Landscape("x^2 + 2y^2", ((-2.0, 2.0), (-2.0, 2.0))), 0.5, 0.1, (1.0, 1.0), 20)
    figure, room = go.Figure(go.Scatter(x=[0, 1], y=[0, 1])), curves([("GD", "red", False)], log_f=True)
    player(
        figure, key="picture", height=300, alt="Paths.", playback=playback(q, answer(q)), curves=room, on_start=print
    )
    player(figure, key="fixed", height=300, alt="Paths.", playback=playback(q, answer(q)))
    player(figure, key="plain", height=300, alt="No paths.")


def test_paths_curves_and_whether_one_may_move_the_start_are_sent():
    app = AppTest.from_function(playing).run()
    assert not app.exception
    picture, fixed, plain_picture = sent(app)
    assert [track["name"] for track in picture["playback"]["tracks"]] == ["GD", "SAM"]
    assert picture["startable"] and not fixed["startable"]
    assert [trace["meta"] for trace in picture["curves"]["data"]] == [[0, "f"], [0, "gradient"]]
    assert fixed["curves"] is None
    assert "playback" not in plain_picture
    assert picture["digest"] == fixed["digest"]  # the same figure: the browser need not draw it anew


def test_another_figure_has_another_digest(app):
    before = sent(app)[1]["digest"]
    app.number_input[0].set_value(151).run()
    assert sent(app)[1]["digest"] != before


def test_modules_become_one_without_imports():
    sources = ['import { b } from "./b.js";\nexport const a = 1;\n// export stays\n', "export default function () {}\n"]
    text = bundle(sources)
    assert text == "const a = 1;\n// export stays\n\nexport default function () {}\n"
    names = re.findall(r"^(?:const|let|class|function) (\w+)", _TEXT, flags=re.MULTILINE)
    assert len(names) == len(set(names))  # one scope holds them all
    assert "import {" not in _TEXT
    assert _TEXT.count("export ") == 1
