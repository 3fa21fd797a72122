"""The page on remedies, run without a browser: what it says is what the core computes, whatever it is asked."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dynamics import RECIPES, Rule, gd, iterate, sam, verdict
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared.analysis import Question
from pages.shared.link import LEAVE
from pages.shared.remedies import GridCase, Remedy, run_grid
from pages.shared.remedies_controls import IMPLIED, USUAL
from pages.shared.remedies_words import over_grid
from pages.shared.watched import Watched

HOME = Path(__file__).resolve().parent.parent / "Home.py"
FIRST = next(iter(CATALOGUE.values()))


def visit(**link: str) -> AppTest:
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page("pages/4_Remedies.py")
    app.query_params.update(link)
    return healthy(app.run())


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.warning, *app.caption))


def notes(app: AppTest) -> list[str]:
    return [note.value for note in app.info]


def rows(app: AppTest) -> list[list[str]]:
    """The table's rows: name, how it ended, where, f, steps, gradient, whether that is a true minimizer."""
    (table,) = (element.proto.body for element in app.get("html") if '<table class="ended">' in element.proto.body)
    found = []
    for row in re.findall(r"<tr[^>]*>(<th scope=\"row\">.*?)</tr>", table):
        row = re.sub("<summary>.*?</summary>", "", row)
        cells = [row[: row.index("</th>")], *re.findall(r"<td[^>]*>(.*?)</td>", row)]
        found.append([unescape(re.sub("<[^>]*>", "", cell)).strip() for cell in cells])
    return found


def top(app: AppTest) -> str:
    """What the page concludes, above the picture."""
    return unescape(" ".join(e.proto.body for e in app.get("html") if 'class="verdict"' in e.proto.body))


def picture(app: AppTest) -> dict:
    (proto,) = (element.proto for element in app.get("bidi_component") if element.key == "picture")
    return json.loads(proto.json, parse_constant=pytest.fail)


def expected(entry: Entry, names: tuple[str, ...]) -> list[list[str]]:
    l = entry.landscape
    rules: list[tuple[str, Rule]] = [("GD", gd(l, entry.eta)), ("SAM", sam(l, entry.eta, entry.rho))]
    rules += [(RECIPES[n].label, RECIPES[n].build(l, entry.eta, entry.rho, entry.steps)) for n in names]
    found = []
    for label, rule in rules:
        v = verdict(l, iterate(rule, entry.start, entry.steps))
        found.append([label, v.sentence, f"{v.step:,}", "yes" if v.outcome in ("reached", "bouncing") else "no"])
    return found


@pytest.mark.parametrize(
    ("entry", "tried"),
    [
        (FIRST, ""),
        (CATALOGUE["himmelblau"], "gsam,looksam,vasso,ssam,cosine,ramp,wsam,lesam"),
        (CATALOGUE["sine"], "usam,momentum"),
    ],
    ids=["as it opens", "two variables", "with a parameter rho"],
)
def test_the_table_says_how_each_ends(entry: Entry, tried: str) -> None:
    app = visit(landscape=entry.name, **({"tried": tried} if tried else {}))
    assert notes(app) == []
    names = tuple(name for name in RECIPES if name in (tried.split(",") if tried else USUAL))
    shown = rows(app)
    told = expected(entry, names)
    assert sorted([row[0], row[1], row[4], row[6]] for row in shown) == sorted(told)
    assert [row[6] for row in shown] == sorted((row[3] for row in told), reverse=True)  # the best first
    sent = picture(app)
    assert [track["name"] for track in sent["playback"]["tracks"]] == [row[0] for row in told]
    assert all(row[1] in sent["alt"] for row in shown)
    assert len({track["color"] for track in sent["playback"]["tracks"]}) == len(shown)


def test_numbers_and_choice_are_in_the_link() -> None:
    app = visit(tried="warm,noise", r_warm_warm="20", r_noise_sigma="0.5", r_noise_seed="3")
    assert notes(app) == []
    l = FIRST.landscape
    shown = {row[0]: row for row in rows(app)}
    for name, options in (("warm", {"warm": 20.0}), ("noise", {"sigma": 0.5, "seed": 3.0})):
        row = shown[RECIPES[name].label]
        rule = RECIPES[name].build(l, FIRST.eta, FIRST.rho, FIRST.steps, options)
        assert row[1] == verdict(l, iterate(rule, FIRST.start, FIRST.steps)).sentence
    healthy(app.multiselect[0].set_value(["momentum"]).run())
    assert app.query_params["tried"] in ("momentum", ["momentum"])
    assert {row[0] for row in rows(app)} == {"GD", "SAM", "SAM with momentum"}
    healthy(app.multiselect[0].set_value(["warm", "noise"]).run())  # and their numbers are as they were
    assert app.number_input(key="r_noise_sigma").value == 0.5


def test_a_link_of_before_that_names_no_remedy_means_the_six_of_then() -> None:
    for link, names in (({}, USUAL), ({"v": "1"}, IMPLIED), ({"v": "1", "tried": "usam"}, ("usam",))):
        app = visit(**link, steps="50")
        assert {row[0] for row in rows(app)} == {"GD", "SAM", *(RECIPES[name].label for name in names)}
        assert "".join(app.query_params["tried"]) == ",".join(names)  # and says so from now on
        healthy(app.run())
        assert len(rows(app)) == 2 + len(names)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"tried": "warm,nothing"}, "'nothing', which is no remedy; it is left out."),
        ({"tried": ",".join(RECIPES)}, "'sam', which is no remedy"),
        ({"tried": ",".join(name for name in RECIPES if name != "sam")}, "14 remedies; the first 8 are used"),
        ({"r_momentum_beta": "1.5"}, "a number from 0 to 0.999"),
        ({"r_grid": "5000"}, "5000 starts along an axis; 100 are the most, and are used."),
        ({"r_grid": "1"}, "a whole number from 5 to 100"),
        ({"r_longest": "1e9"}, "a number from 0 to 5,000"),
    ],
)
def test_what_a_link_gets_wrong_is_said(link: dict[str, str], words: str) -> None:
    app = visit(**link)
    assert any(words in note for note in notes(app)), notes(app)


def test_without_a_remedy_gd_and_sam_race() -> None:
    app = visit(tried="")
    assert {row[0] for row in rows(app)} == {"GD", "SAM"}
    assert "Choose what to try" in top(app)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"eta": "10"}, "no warm-start rescues"),
        ({"landscape": "Himmelblau's function", "eta": "10"}, "there GD diverges"),
        ({"formula": "log(-1 - x^2 - y^2)"}, "no warm-start rescues"),
        ({"formula": "log(x) + x^2 - 3x", "x": "-1"}, "no warm-start rescues"),
        ({"formula": "0*x + 3"}, "no warm-start rescues"),
        ({"x": "0"}, "no warm-start rescues"),  # the gradient there is 0
        ({"landscape": "Ring of minimizers", "r_longest": "30"}, "up to 30 steps"),
        ({"rho": "0"}, "there is nothing to rescue"),
        ({"formula": "abs(x)"}, "no warm-start rescues"),
        ({"steps": "1"}, ""),
        ({"r_longest": "0"}, "Every length up to 0 steps"),
        ({"landscape": "Beale's function"}, "Every length is tried, which takes a while"),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items())[:30] if isinstance(value, dict) else None,
)
def test_a_hard_landscape_gets_a_plain_sentence(link: dict[str, str], words: str) -> None:
    app = visit(**link)
    assert words in said(app), said(app)
    assert len(rows(app)) == 2 + len(USUAL)
    assert notes(app) == []


# The grid, in workers


def until(app: AppTest, words: str, seconds: float = 120.0) -> AppTest:
    end = time.monotonic() + seconds
    while words not in said(app) + " ".join(str(e.proto) for e in app.get("progress")):
        assert time.monotonic() < end, said(app)
        time.sleep(0.3)
        healthy(app.run())
    return app


def test_the_grid_runs_at_once_in_workers_and_what_belongs_to_another_question_is_not_drawn() -> None:
    app = visit(tried="momentum", r_grid="5", steps="300")
    remedies = [None, Remedy("sam"), Remedy("momentum")]

    def shares(rho: float) -> str:
        q = Question(FIRST.landscape, rho, FIRST.eta, (), 300)
        return over_grid({case: run_grid(case) for case in (GridCase(q, 5, remedy) for remedy in remedies)})

    first = shares(FIRST.rho)
    until(app, first)
    healthy(app.run())
    assert first in top(app)
    assert app.button(key="run-grid").disabled and app.button(key="stop-grid").disabled
    healthy(app.number_input(key="rho").set_value(0.5).run())
    assert first not in said(app) + top(app)
    remedies.append(Remedy("usam"))  # only what is new is run
    healthy(app.multiselect[0].set_value(["momentum", "usam"]).run())
    until(app, shares(0.5))


def test_a_grid_that_takes_long_waits_to_be_asked_for() -> None:
    app = visit(tried="momentum", r_grid="100", steps="100000")
    assert "One start is an anecdote" in said(app)
    assert "under way" not in top(app)
    healthy(app.button(key="run-grid").click().run())
    until(app, "0 of 3 rules finished (running)")
    healthy(app.button(key="stop-grid").click().run())
    until(app, "(stopped)")
    healthy(app.run())
    assert app.button(key="stop-grid").disabled  # it does not begin again by itself


def test_a_long_search_is_done_by_a_worker_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(landscape="Beale's function", steps="60000", eta="0.0005")
    assert "takes a while" in said(app)
    healthy(app.button(key="run-here").click().run())
    assert "Searching: up to 1,001 lengths of warm-start" in said(app)
    healthy(app.button(key="stop-here").click().run())
    until(app, "The search was stopped before its end.")
    monkeypatch.setattr("pages.shared.remedies_warm._WAIT", 0.0)
    healthy(app.selectbox(key="_landscape").set_value(FIRST.name).run())
    assert "stopped" not in said(app).replace("SAM stops", "")
    healthy(app.button(key="run-here").click().run())
    until(app, "has 153 steps of GD")


def slow(case: int) -> int:
    from pages.shared import jobs

    for _ in range(600):
        if jobs.stop_asked():
            break
        time.sleep(0.05)
    return case


def test_work_ends_when_its_page_is_left() -> None:
    app = visit(tried="", r_grid="5", steps="300")
    work = Watched("about", [1, 2], slow)
    app.session_state[LEAVE] = work.stop
    healthy(app.switch_page("pages/1_Explore.py").run())
    assert work.stopped
    work.wait(120.0)
    assert work.done
    assert LEAVE not in app.session_state


def test_work_ends_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.shared.watched._PATIENCE", 0.2)
    work = Watched("about", [1], slow)
    work.wait(120.0)
    assert work.done
    assert work.stopped
    assert work.results() in ({}, {1: 1})


def test_a_case_that_fails_says_why() -> None:
    work = Watched("about", [1, 2], fails)
    work.wait(120.0)
    assert work.failures() == ["ValueError: 1 is odd"]
    assert work.results() == {2: 2}


def fails(case: int) -> int:
    if case % 2:
        raise ValueError(f"{case} is odd")
    return case


def test_a_landscape_of_ones_own_is_raced_too() -> None:
    app = visit(formula="a*x^2 + y^4", p_a="0.5", tried="ssam")
    l = Landscape("a*x^2 + y^4", ((-6.0, 6.0), (-6.0, 6.0)), {"a": 0.5})
    orbit = iterate(RECIPES["ssam"].build(l, 0.01, 1.0, 2000), (2.2, 1.3), 2000)
    assert next(row[1] for row in rows(app) if row[0] == "SSAM") == verdict(l, orbit).sentence


def test_what_stops_something_says_what() -> None:
    app = visit(landscape="Himmelblau's function", r_grid="100", r_longest="5000", steps="100000")
    stops = [button.label for button in app.button if button.label.startswith("Stop")]
    assert len(stops) == len(set(stops)) == 3
    assert "Stop" not in stops
