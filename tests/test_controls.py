"""Controls and link: what they take, what they replace, and how they say it."""

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from landscapes import CATALOGUE
from landscapes.catalogue import Entry
from pages.shared.controls import EDGE, OWN, STEP_SIZES, _defaults, text, titled
from pages.shared.dials import positions, tidy
from pages.shared.link import _equal, plain
from pages.shared.radius_analysis import Span, quick
from pages.shared.radius_marks import along, strip


@given(st.text(max_size=40))
def test_an_escaped_text_loses_nothing(message: str) -> None:
    assume("\\" not in message)
    assert text(message).replace("\\", "") == message


@given(st.text(alphabet="\\`*_{}[]()#+-.!|$<>~:^ax ", max_size=12))
def test_every_sign_that_markdown_could_read_is_escaped(message: str) -> None:
    assert re.fullmatch(r"(\\[^a-z0-9\s]|[ax ])*", text(message))
    assert re.sub(r"\\(.)", r"\1", text(message)) == message


@given(st.floats(1e-6, 1e6))
def test_a_step_is_a_power_of_ten_at_most_as_large(step: float) -> None:
    power = tidy(step)
    assert power <= step * (1 + 1e-12) < 10.1 * power
    assert f"{power:e}".startswith("1.000000e")


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.1, "0.1"), (-1e6, "−1,000,000"), (1e-7, "1e−07"), (2.0, "2"), (0.0, "0"), (12345.678, "12,345.68")],
)
def test_numbers_in_sentences_have_no_needless_digits(value: float, words: str) -> None:
    assert plain(value) == words


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_in_a_link_equals_itself_however_it_is_written(value: float) -> None:
    assert _equal(repr(value), value)
    assert _equal(f"{value:.17g}", value)
    assert not _equal("x", value)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_the_catalogue_lies_within_the_limits_of_the_controls(entry: Entry) -> None:
    l = entry.landscape
    for (low, high), x in zip(l.domain, entry.start, strict=True):
        assert -EDGE <= low < high <= EDGE
        assert low <= x <= high
    assert 0.0 <= entry.rho <= l.rho_max
    assert STEP_SIZES[0] <= entry.eta <= STEP_SIZES[1]
    assert entry.name != OWN


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_the_defaults_of_a_landscape_are_its_own(entry: Entry) -> None:
    values = _defaults(entry.name, entry.landscape.parsed)
    assert (values["rho"], values["eta"], values["steps"]) == (entry.rho, entry.eta, entry.steps)
    axes = "xy"[: entry.landscape.dim]
    assert tuple(values[axis] for axis in axes) == entry.start
    assert tuple((values[f"{axis}_low"], values[f"{axis}_high"]) for axis in axes) == entry.landscape.domain
    assert {f"p_{name}": value for name, value in entry.landscape.parameters}.items() <= values.items()


def slider_page() -> None:
    import streamlit as st

    from pages.shared.dials import log_slider
    from pages.shared.link import Link

    link = Link("Test")
    most = st.number_input("most", value=2.05)
    value = log_slider(link, "rho", "radius ρ", 1.0, (0.0, most), 2e-3, "help")
    st.text(f"{value!r}")
    for note in link.notes:
        st.info(note)


def slider(app: AppTest) -> dict[str, Any]:
    """What the browser's slider is sent."""
    (sent,) = (json.loads(element.proto.json) for element in app.get("bidi_component"))
    return sent


def test_a_logarithmic_slider_and_its_box_agree() -> None:
    app = AppTest.from_function(slider_page).run()
    sent = slider(app)
    assert (sent["dial"], sent["name"], sent["help"]) == ("rho", "radius ρ", "help From 0 to 2.05.")
    positions = sent["places"]
    assert positions == sorted(positions)
    assert (positions[0], positions[-1]) == (0.0, 2.05)
    ratios = [b / a for a, b in zip(positions[1:-1], positions[2:-1], strict=False)]
    assert max(ratios) < 1.2  # logarithmic, and fine enough to be steered by keys
    assert sent["value"] == 1.0
    app.number_input(key="rho").set_value(0.77777).run()
    assert app.text[0].value == "0.77777"
    assert slider(app)["value"] == 0.77777  # it says the same as the box
    assert 0.77777 in slider(app)["places"]
    assert not app.exception and not app.info


def test_a_value_beyond_new_limits_is_clamped_and_said() -> None:
    app = AppTest.from_function(slider_page).run()
    app.number_input(key="rho").set_value(1.75).run()
    app.number_input[0].set_value(1.5).run()
    assert app.number_input(key="rho").value == 1.5
    assert slider(app)["value"] == 1.5
    assert [note.value for note in app.info] == ["radius ρ = 1.75 is outside 0 to 1.5; 1.5 is used."]
    assert not app.run().info


@pytest.mark.parametrize(("typed", "used"), [(9.0, 2.05), (-1.0, 0.0), (1e11, 2.05)])
def test_a_number_typed_beyond_the_limits_is_clamped_and_said(typed: float, used: float) -> None:
    app = AppTest.from_function(slider_page).run()
    app.number_input(key="rho").set_value(typed).run()
    assert app.number_input(key="rho").value == slider(app)["value"] == used
    assert [note.value for note in app.info] == [
        f"radius ρ = {plain(typed)} is outside 0 to 2.05; {plain(used)} is used."
    ]
    assert not app.run().info


def boxes_page() -> None:
    import streamlit as st

    from pages.shared.dials import count_box, number_box, whole_box
    from pages.shared.link import Link

    link = Link("Test")
    st.text(number_box(link, "x", "start x", 0.5, -1.0, 2.0))
    st.text(whole_box(link, "steps", "steps", 10, (1, 100), 5))
    st.text(count_box(link, "grid", "starts along an axis", 20, (2, 40), 1, "starts"))
    for note in link.notes:
        st.info(note)


def test_boxes_name_their_limits_and_hold_to_them() -> None:
    app = AppTest.from_function(boxes_page).run()
    assert [app.number_input(key=key).help for key in ("x", "steps")] == [
        "From −1 to 2.",
        "A whole number from 1 to 100.",
    ]
    for key, typed, used in (("x", 5.0, "2.0"), ("steps", 0, "1"), ("grid", 1000, "40")):
        app.number_input(key=key).set_value(typed).run()
        assert len(app.info) == 1 and f"= {plain(typed)} is outside" in app.info[0].value
        assert used in [text.value for text in app.text]


def test_a_link_beyond_the_limits_means_the_default() -> None:
    app = AppTest.from_function(boxes_page)
    app.query_params.update({"x": "5", "steps": "1000", "grid": "1000"})
    app.run()
    assert [text.value for text in app.text] == ["0.5", "10", "40"]
    assert len(app.info) == 3


def test_a_typed_value_gets_its_place_on_the_slider() -> None:
    usual = positions(1.0, (0.0, 2.05), 2e-3)
    assert 0.77777 not in usual
    assert positions(1.0, (0.0, 2.05), 2e-3, 0.77777) == tuple(sorted((*usual, 0.77777)))
    assert positions(1.0, (0.0, 2.05), 2e-3, 3.0) == usual  # beyond limits that have changed since


@given(st.lists(st.floats(0.0, 10.0), min_size=2, max_size=30, unique=True), st.floats(0.0, 1.0))
def test_along_a_slider_every_place_is_as_far_from_the_next(values: list[float], share: float) -> None:
    places = sorted(values)
    at = [along(places, value) for value in places]
    assert at == pytest.approx([100.0 * i / (len(places) - 1) for i in range(len(places))])
    between = places[0] + share * (places[1] - places[0])
    assert at[0] <= along(places, between) <= at[1] + 1e-9


def test_dangerous_radii_are_marked_where_they_stand_on_the_slider() -> None:
    entry = CATALOGUE["hill"]
    found = quick(Span(entry.landscape, entry.rho_max, entry.eta))
    assert found is not None and found.critical == pytest.approx(1.6)
    places = positions(entry.rho, (0.0, entry.rho_max), 1e-3)
    (left,) = re.findall(r"left:([\d.]+)%;width:[\d.]+%", strip(found, places))
    assert float(left) == pytest.approx(along(places, 1.6), abs=0.01)
    assert 0.0 < float(left) < along(places, entry.rho)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_the_list_says_how_many_variables_a_landscape_has(entry: Entry) -> None:
    assert titled(entry.name) == f"{entry.name} · {entry.landscape.dim}D"
    assert titled(OWN) == OWN
