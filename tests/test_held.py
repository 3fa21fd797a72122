"""The question that is known before the controls are drawn is the one that the controls then say."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import pages.shared.controls as controls

HOME = Path(__file__).parents[1] / "Home.py"


@pytest.fixture
def explore(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    at = AppTest.from_file(str(HOME), default_timeout=120)
    at.run()
    at.switch_page("pages/1_Explore.py").run()
    return at


def held(at: AppTest, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Run the page; say for each run whether the question was known, and check it against the controls' one."""
    known: list[bool] = []
    early, asked = controls.held_question, controls.ask_question

    def watched(link, formula):
        question = early(link, formula)
        known.append(question is not None)
        watched.last = question
        return question

    def compared(link, formula, *dials):
        question = asked(link, formula, *dials)
        assert watched.last in (None, question)
        return question

    monkeypatch.setattr(controls, "held_question", watched)
    monkeypatch.setattr(controls, "ask_question", compared)
    at.run()
    assert not at.exception
    return known


@pytest.mark.parametrize(("key", "value"), [("rho", 0.7), ("eta", 0.02), ("x", 0.5), ("steps", 100)])
def test_a_changed_control_is_known_before_it_is_drawn(explore, monkeypatch, key, value) -> None:
    explore.number_input(key=key).set_value(value)
    assert held(explore, monkeypatch) == [True]
    assert explore.number_input(key=key).value == value


@pytest.mark.parametrize(("key", "value"), [("x_high", 1.0), ("x_low", 0.0)])
def test_a_changed_window_is_left_to_the_controls(explore, monkeypatch, key, value) -> None:
    explore.number_input(key=key).set_value(value)
    assert held(explore, monkeypatch) == [False]


def test_another_formula_is_left_to_the_controls(explore, monkeypatch) -> None:
    explore.text_input(key="formula").set_value("x^4 - a*x^2 + rho*x")
    assert held(explore, monkeypatch) == [False]
    explore.number_input(key="p_a").set_value(2.0)
    assert held(explore, monkeypatch) == [True]
    explore.number_input(key="rho").set_value(0.25)
    assert held(explore, monkeypatch) == [True]


@pytest.mark.parametrize("value", [1e9, -1.0])
def test_a_value_beyond_the_limits_is_not_used(explore, monkeypatch, value) -> None:
    explore.number_input(key="rho").set_value(value)
    held(explore, monkeypatch)
    low, high = explore.number_input(key="rho").min, explore.number_input(key="rho").max
    assert low <= explore.number_input(key="rho").value <= high
