"""Home and Explore, run without a browser: what they say is what the core computes, whatever they are asked."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import KDTree
from streamlit.testing.v1 import AppTest

from dynamics import Verdict, gd, hallucinated_points, iterate, sam, verdict
from dynamics.outcome import KINDS, OUTCOMES
from dynamics.sentences import number, place
from landscapes import CATALOGUE, FormulaError, Landscape
from landscapes.catalogue import Entry
from landscapes.formula import parse
from pages.shared.analysis import Question
from pages.shared.controls import OWN, text
from pages.shared.stall import otherwise
from pages.shared.window import widened

HOME = Path(__file__).resolve().parent.parent / "Home.py"
FIRST = next(iter(CATALOGUE.values()))
PRESET = CATALOGUE["hill"]  # of Home
HIMMELBLAU = CATALOGUE["himmelblau"]


def visit(page: str = "pages/1_Explore.py", **link: str) -> AppTest:
    """Open a page by a link, as the first page of a visit."""
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page(page)
    app.query_params.update(link)
    return healthy(app.run())


def healthy(app: AppTest) -> AppTest:
    """The script ran to its end: a warning is an error here, and an error shows as an exception."""
    assert not app.exception, app.exception[0].message
    return app


def verdicts(app: AppTest) -> list[str]:
    """What the page says of SAM and of GD."""
    paragraphs = [
        p for element in app.get("html") for p in re.findall(r'<p class="verdict">(.*?)</p>', element.proto.body)
    ]
    return [unescape(re.sub("<[^>]*>", "", p)).removeprefix("●").strip() for p in paragraphs]


def expected_verdicts(l: Landscape, rho: float, eta: float, start: tuple[float, ...], steps: int) -> list[str]:
    return [verdict(l, iterate(rule, start, steps)).sentence for rule in (sam(l, eta, rho), gd(l, eta))]


def notes(app: AppTest) -> list[str]:
    return [note.value for note in app.info]


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.warning))


def component(app: AppTest, key: str) -> dict:
    """What a component of the page was sent."""
    found = [e.proto for e in app.get("bidi_component") if e.key == key]
    assert len(found) == 1
    return json.loads(found[0].json)


def controls(app: AppTest) -> dict[str, object]:
    kinds = (app.text_input, app.number_input, app.toggle)
    values = {w.key: w.value for kind in kinds for w in kind}
    return values | {"landscape": app.selectbox(key="_landscape").value}


# --- Home -------------------------------------------------------------------------------------------


def test_home_opens_with_the_stall_and_its_numbers() -> None:
    app = visit("Home.py")
    l = PRESET.landscape
    a, b = (dict(l.parameters)[name] for name in "ab")
    x = np.array([PRESET.rho - a])
    slope, target = l.gradient(x)[0], x - PRESET.rho
    assert abs(slope) > 0.1 and abs(l.gradient(target)[0]) < 1e-12  # the point of THEORY: x = rho - a
    by_sam, by_gd = verdicts(app)
    assert by_sam == f"SAM stops at {place(x, 1.0)}, although f still falls there: the slope is {number(slope)}, not 0."
    assert by_gd == f"GD, from the same start, goes on down to the bottom of a valley, at x = {number(b)}."
    (steps,) = (part.value for part in app.markdown if "Look uphill" in part.value)
    assert (
        f"From {place(x, 1.0)} SAM goes ρ = {PRESET.rho:g}" in steps
        and f"over the top, to {place(target, 1.0)}" in steps
    )
    assert f"the slope here is {number(slope)}" in steps
    # The name comes after what it names, and what it rests on is the core's verdict.
    assert "hallucinated" not in "".join(verdicts(app))
    assert steps.index("Step down") < steps.index("called a **hallucinated minimizer**")
    v = verdict(l, iterate(sam(l, PRESET.eta, PRESET.rho), PRESET.start, PRESET.steps))
    assert (v.outcome, v.kind) == ("hallucinated", "minimizer")
    np.testing.assert_allclose(v.point, x, atol=1e-6)


def test_home_tells_the_top_from_the_valley() -> None:
    assert "over the top, to" in said(visit("Home.py"))
    app = visit("Home.py", landscape=PRESET.name, radius="0.325")  # the start is at this distance from the maximizer
    assert "called a **hallucinated maximizer**" in said(app)
    assert "over the top" not in said(app)


@pytest.mark.parametrize("rho", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("entry", [PRESET, FIRST], ids=["hill", "double well"])
def test_home_says_so_where_sam_is_not_deceived(entry: Entry, rho: float) -> None:
    app = visit("Home.py", radius=str(rho), landscape=entry.name)
    assert not notes(app)
    l = entry.landscape
    v = verdict(l, iterate(sam(l, entry.eta, rho), entry.start, entry.steps))
    found = hallucinated_points(l, rho)
    attracting = int(found.attract(entry.eta).sum())
    if v.outcome == "hallucinated":
        assert attracting and "Look uphill" in said(app)
        return
    assert "Look uphill" not in said(app) and "although f still falls" not in verdicts(app)[0]
    if v.outcome == "trapped":  # below the critical radius, and held all the same: both are said
        assert "held on the top of the hill" in verdicts(app)[0]
        assert "A trap, but no hallucination" in said(app)
        assert "deceived" not in said(app)
        (told,) = (c for c in app.caption if "get stuck on a slope" in c.value)
        assert "a maximizer, a saddle or a cycle can still hold it" in told.value
        assert told.proto.help.startswith("Critical radius: ") and "a maximizer or a saddle of f" in told.proto.help
    else:
        assert verdicts(app)[0] == v.sentence
        assert ("gradient descent" if rho == 0.0 else "not deceived") in said(app)
    both = "2 hallucinated points. All of them repel SAM at this step size."
    assert both in said(app) or not len(found)


@pytest.mark.parametrize(("name", "outcome", "words"), [
    ("kinks", "cycling", "does not come to rest"),
    ("plateau", "stalled", "the slope where it looks has almost vanished"),
])  # fmt: skip
def test_home_calls_no_run_undeceived_that_is_on_a_slope(name: str, outcome: str, words: str) -> None:
    entry = CATALOGUE[name]
    v = verdict(entry.landscape, iterate(sam(entry.landscape, entry.eta, entry.rho), entry.start, entry.steps))
    assert v.outcome == outcome and v.gradient_norm > 0.4
    app = visit("Home.py", landscape=entry.name)
    assert words in said(app) and "not deceived" not in said(app)
    assert f"the slope where it is now is {number(v.gradient_norm)}" in said(app)
    assert "no point was found where SAM would stop" in said(app)


def test_only_of_a_run_at_a_minimizer_it_is_said_that_sam_is_not_deceived() -> None:
    """Whatever a run may come to: every word of verdicts, with every kind."""
    q = Question(PRESET.landscape, 1.0, 0.01, PRESET.start, 400)
    for outcome in (*OUTCOMES, "a word of later"):
        for kind in (None, *KINDS):
            v = Verdict(outcome, kind, np.zeros(1), None, 0, gradient_norm=0.123)  # type: ignore[arg-type]
            rests = outcome in ("reached", "bouncing") and kind == "minimizer"
            assert ("not deceived" in otherwise(q, v)) == rests
            if outcome in ("cycling", "still moving", "stalled", "a word of later"):
                assert "0.123" in otherwise(q, v)


def test_a_run_that_leaves_is_not_promised_to_stay() -> None:
    window = {"x_low": "-1", "x_high": "1", "y_low": "-1", "y_high": "1"}
    app = visit(formula="-x^2 - y^2", x="0.5", y="0.5", eta="0.1", **window)
    assert "it may stay, unless f has no lower bound." in verdicts(app)[1]


def test_home_says_which_part_of_its_link_is_replaced() -> None:
    app = visit("Home.py", radius="99", v="3", landscape="Himmelblau's function")
    assert "version '3'" in notes(app)[0]
    assert "in one variable" in notes(app)[1] and FIRST.name in notes(app)[1]
    assert "radius ρ = '99'" in notes(app)[2] and f"{FIRST.rho:g} is used" in notes(app)[2]
    assert len(notes(app)) == 3


@pytest.mark.parametrize(
    ("link", "entry"),
    [
        ({}, PRESET),
        ({"v": "1"}, FIRST),  # links of before there was a choice mean what they meant
        ({"v": "1", "radius": "1.5", "start": "0.3"}, FIRST),
        ({"start": "0.3"}, FIRST),
        ({"v": "1", "landscape": PRESET.name}, PRESET),
        ({"v": "1", "landscape": "Sine wave"}, CATALOGUE["sine"]),
    ],
    ids=str,
)
def test_a_link_to_home_shows_the_landscape_it_means(link: dict[str, str], entry: Entry) -> None:
    app = visit("Home.py", **link)
    assert not notes(app)
    assert app.query_params["landscape"] in (entry.name, [entry.name])
    values = {key: app.number_input(key=key).value for key in ("radius", "start")}
    assert values == {"radius": float(link.get("radius", entry.rho)), "start": float(link.get("start", entry.start[0]))}
    assert component(app, "picture")["view"] == str(entry.landscape.domain)


def test_the_other_pages_begin_with_what_was_seen_on_home() -> None:
    app = visit("Home.py")
    app.query_params.clear()  # as the menu does
    healthy(app.switch_page("pages/1_Explore.py").run())
    assert controls(app)["landscape"] == PRESET.name
    assert verdicts(app) == expected_verdicts(PRESET.landscape, PRESET.rho, PRESET.eta, PRESET.start, PRESET.steps)


# --- Explore: every landscape -----------------------------------------------------------------------


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_explore_shows_every_landscape_as_the_core_finds_it(entry: Entry) -> None:
    app = visit(landscape=entry.name)
    l = entry.landscape
    assert notes(app) == []
    assert verdicts(app) == expected_verdicts(l, entry.rho, entry.eta, entry.start, entry.steps)
    assert text(entry.story) in [caption.value for caption in app.caption]
    found = hallucinated_points(l, entry.rho)
    if not len(found):
        assert not app.dataframe
        assert ("A whole" if found.curves else "None was found") in said(app)
        return
    rows = app.dataframe[0].value
    axes = ["x", "y"][: l.dim]
    # The page searches a wider window on another grid: last digits differ, and with them the order of equal ones.
    ends = rows[axes + [f"target {axis}" for axis in axes]].to_numpy()
    distance, row = KDTree(ends).query(np.concatenate([found.points, found.targets], axis=1))
    assert len(rows) == len(found) == len(set(row))
    assert distance.max() < 1e-9 * l.diagonal
    rows = rows.iloc[row]
    np.testing.assert_allclose(rows["|∇f(x)|"], found.gradient_norms, rtol=1e-6)
    assert (rows["|∇f(x⁺)|"] <= 1e-9 * rows["|∇f(x)|"]).all()
    assert list(rows["target is a"]) == list(found.kinds)
    assert list(rows["at this η"] == "attracts") == list(found.attract(entry.eta))
    assert list(rows["at this η"] == "undecided") == list(np.isnan(found.step_limits))
    assert f"{len(found):,} point" in said(app)


def test_the_picture_has_a_text_that_states_its_finding() -> None:
    app = visit(landscape=HIMMELBLAU.name)
    alt = component(app, "picture")["alt"]
    found = hallucinated_points(HIMMELBLAU.landscape, HIMMELBLAU.rho)
    for sentence in verdicts(app):
        assert sentence in alt
    assert "−6 to 6 by −6 to 6" in alt
    assert (
        f"{len(found)} hallucinated points found, {int(found.attract(HIMMELBLAU.eta).sum())} of them attracting SAM"
        in alt
    )


def test_every_picture_is_plain_json_without_nan_and_has_a_text() -> None:
    for entry in (FIRST, HIMMELBLAU):
        for element in visit(landscape=entry.name, surrogate="true", field="true").get("bidi_component"):
            sent = json.loads(element.proto.json, parse_constant=pytest.fail)
            assert "grid" in sent or "dial" in sent or len(sent["alt"]) > 40


def test_the_search_is_accounted_for() -> None:
    app = visit(landscape=HIMMELBLAU.name)
    for words in (
        "Targets were searched in [−12, 12] × [−12, 12]",
        "9 isolated stationary points",
        "Kinks",
        "autograd",
    ):
        assert words in said(app)


# --- Explore: what a visitor types ------------------------------------------------------------------

NO_FORMULAS = [
    "",
    "   ",
    "__import__('os')",
    "x.real",
    "'x'",
    "[x]",
    "{x}",
    "x = 2",
    "lambda",
    "x if y else 1",
    "x\x00",
    "x\u202e+1",
    "(" * 500 + "x" + ")" * 498,
    "sin(" * 190 + "x" + ")" * 190,
    "x+" * 499 + "x",
    "sine(x)",
    "sin(x, 2)",
    "sin()",
    "sin x",
    "xy",
    "3",
    "a+b",
    "x +",
    "1,5*x",
    "1e999*x",
    "<script>alert(1)</script>",
    "$x$ *bold* [a](http://b)",
]


@pytest.fixture(scope="module")
def typing() -> AppTest:
    """One visitor who types one thing after the other."""
    return visit(landscape=HIMMELBLAU.name)


@pytest.mark.parametrize("typed", NO_FORMULAS, ids=lambda typed: ascii(typed)[:24])
def test_what_is_no_formula_gets_its_message_and_the_last_good_picture_stays(typing: AppTest, typed: str) -> None:
    before = verdicts(typing), component(typing, "picture"), controls(typing)
    healthy(typing.text_input(key="formula").set_value(typed).run())
    with pytest.raises(FormulaError) as caught:
        parse(typed)
    assert [error.value for error in typing.error] == [text(str(caught.value))]
    assert (verdicts(typing), component(typing, "picture")) == before[:2]
    assert controls(typing) == before[2] | {"formula": typed}


def test_after_an_error_a_formula_is_drawn_again() -> None:
    app = visit(landscape=HIMMELBLAU.name, formula="x^2 +")
    assert app.error
    assert verdicts(app) == verdicts(visit(landscape=HIMMELBLAU.name))
    healthy(app.text_input(key="formula").set_value("x^2 + y^4").run())
    assert not app.error
    assert controls(app)["landscape"] == OWN
    assert verdicts(app) == expected_verdicts(
        Landscape("x^2 + y^4", HIMMELBLAU.landscape.domain), 3.0, HIMMELBLAU.eta, HIMMELBLAU.start, HIMMELBLAU.steps
    )


def test_a_message_is_shown_as_it_is_and_not_as_markup() -> None:
    message = "'*' at column 1 <b> [x](y) $z$ :red[w] `v` 1. # ~a~ | b"
    assert re.sub(r"\\(.)", r"\1", text(message)) == message
    assert not re.search(r"(?<!\\)[*_`<>\[\]$:#~|]", text(message))


def test_a_typed_formula_is_the_visitors_own_and_keeps_the_controls() -> None:
    app = visit(landscape=HIMMELBLAU.name, rho="2")
    assert controls(app)["landscape"] == HIMMELBLAU.name
    healthy(app.text_input(key="formula").set_value("x^2*y^2 - x*y").run())
    kept = {"rho": 2.0, "eta": HIMMELBLAU.eta, "steps": HIMMELBLAU.steps, "x": 4.5, "y": 1.0, "x_low": -6.0}
    assert kept.items() <= controls(app).items()
    assert controls(app)["landscape"] == OWN
    assert verdicts(app) == expected_verdicts(
        Landscape("x^2*y^2 - x*y", HIMMELBLAU.landscape.domain), 2.0, HIMMELBLAU.eta, HIMMELBLAU.start, HIMMELBLAU.steps
    )
    healthy(app.text_input(key="formula").set_value(HIMMELBLAU.landscape.formula).run())
    assert controls(app)["landscape"] == HIMMELBLAU.name


def test_another_number_of_variables_gets_a_new_window_and_start() -> None:
    app = visit(landscape=FIRST.name, rho="2")
    healthy(app.text_input(key="formula").set_value("x^2 + y^2").run())
    window = {"x_low": -6.0, "x_high": 6.0, "y_low": -6.0, "y_high": 6.0}
    assert window.items() <= controls(app).items()
    assert {"rho": 2.0, "x": 2.2, "y": 1.3}.items() <= controls(app).items()
    healthy(app.text_input(key="formula").set_value(FIRST.landscape.formula + " + x").run())
    assert {"x_low": -1.2, "x_high": 2.9, "x": 0.1, "rho": 2.0}.items() <= controls(app).items()
    assert "y" not in controls(app)


def test_choosing_a_landscape_sets_every_control() -> None:
    app = visit(formula="a*x^2 + b", x_low="-2", x_high="3", rho="0.3", eta="0.5", steps="7", x="2")
    for entry in (HIMMELBLAU, CATALOGUE["rastrigin"], CATALOGUE["sine"], FIRST):
        healthy(app.selectbox(key="_landscape").set_value(entry.name).run())
        assert controls(app) == controls(visit(landscape=entry.name))
        assert verdicts(app) == expected_verdicts(entry.landscape, entry.rho, entry.eta, entry.start, entry.steps)


def test_ones_own_formula_begins_with_what_is_there() -> None:
    app = visit(landscape=HIMMELBLAU.name)
    before = controls(app)
    healthy(app.selectbox(key="_landscape").set_value(OWN).run())
    assert controls(app) == before | {"landscape": OWN}


def sliders(app: AppTest) -> dict[str, dict[str, Any]]:
    """What the browser's sliders are sent, by the control that each moves."""
    sent = (json.loads(element.proto.json) for element in app.get("bidi_component"))
    return {data["dial"]: data for data in sent if "dial" in data}


def test_parameters_become_sliders_and_reach_the_landscape() -> None:
    app = visit(formula="a*x^2 + b_1*cos(x)")
    assert {"p_a", "p_b_1"} <= set(sliders(app))
    healthy(app.number_input(key="p_a").set_value(0.25).run())
    healthy(app.number_input(key="p_b_1").set_value(-20.0).run())  # beyond the slider, which makes room for it
    assert app.number_input(key="p_a").value == 0.25
    assert sliders(app)["p_b_1"]["value"] == -20.0
    assert sliders(app)["p_b_1"]["span"][:2] == [-20.0, 20.0]
    l = Landscape("a*x^2 + b_1*cos(x)", ((-6.0, 6.0),), {"a": 0.25, "b_1": -20.0})
    assert verdicts(app) == expected_verdicts(l, 1.0, 0.01, (2.2,), 2000)


@pytest.mark.parametrize("entry", [e for e in CATALOGUE.values() if e.landscape.parameters], ids=lambda e: e.name)
def test_the_formula_of_a_landscape_with_parameters_can_be_edited(entry: Entry) -> None:
    app = visit(landscape=entry.name)
    healthy(app.text_input(key="formula").set_value(f"({entry.landscape.formula}) + x/10").run())
    l = Landscape(f"({entry.landscape.formula}) + x/10", entry.landscape.domain, entry.landscape.parameters)
    assert verdicts(app) == expected_verdicts(l, entry.rho, entry.eta, entry.start, entry.steps)


def test_a_parameter_named_rho_is_the_radius() -> None:
    entry = CATALOGUE["sine"]
    app = visit(landscape=entry.name)
    assert "p_rho" not in controls(app)
    healthy(app.number_input(key="rho").set_value(0.3).run())
    l = entry.landscape.with_parameters(rho=0.3)
    assert verdicts(app) == expected_verdicts(l, 0.3, entry.eta, entry.start, entry.steps)


# --- Explore: what is hard or impossible to draw ----------------------------------------------------


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ({"formula": "0*x + 3"}, "f is constant"),
        ({"formula": "x*0*y - 1"}, "f is constant"),
        ({"formula": "sqrt(-1 - x^2)"}, "not defined at the start"),
        ({"formula": "log(-1 - x^2 - y^2)"}, "f is not defined anywhere on this window"),
        ({"formula": "0/0*x"}, "f is not defined anywhere on this window"),
        ({"formula": "(0 - 8)^(1/3)*x*y"}, "f is not defined anywhere on this window"),
        ({"formula": "log(x) + x^2", "x": "2"}, "left the region where f is defined"),
        (
            {"formula": "sqrt(x)*y^2 + x*log(y)", "x": "1", "y": "1"},
            "SAM's look-ahead point left the region where f is defined",
        ),
        ({"formula": "1/x", "x": "1"}, "SAM cannot start: f is not defined at its look-ahead point."),
        ({"formula": "exp(exp(x + y))"}, "SAM diverged"),
        ({"formula": "1e308*x^2 + 1e308*y"}, "cannot start"),
        ({"formula": "1e308*x^2 - 1e308*sin(x)"}, ""),
        ({"formula": "x^x^x^x^x^x"}, r"< 0\.1% of the grid|9.\..% of the grid"),
        ({"formula": "2^2^2^2^2^2^x"}, "cannot start"),
        ({"formula": "(x^2 + y^2)^(x^2)^(y^2)^9^9"}, "cannot start"),
        ({"formula": "10^400*x"}, "not defined"),
        ({"rho": "0"}, "it is gradient descent, and there are no hallucinated points"),
        ({"formula": "x^2 + y^2", "rho": "0", "surrogate": "true", "field": "true"}, "it is gradient descent"),
        ({"formula": "rho*x^2 + sin(x)", "rho": "0"}, "it is gradient descent"),
        ({"eta": "10"}, "GD diverged: at step"),
        ({"landscape": HIMMELBLAU.name, "eta": "10"}, "SAM diverged: at step"),
        ({"steps": "1"}, "after 1 step"),
        ({"x_low": "999999", "x_high": "1000000", "x": "999999.5"}, "999,998.5, 1,000,000"),
        ({"formula": "abs(x)"}, "Kinks"),
        ({"formula": "sin(20x)*sin(20y)"}, "only the [0-9,]+ innermost were used as targets, [0-9,]+ more"),
        ({"formula": "x^4/4 - x^3", "x": "-1"}, "derivatives do not decide whether it attracts"),
    ],
    ids=lambda value: "-".join(value.values())[:30] if isinstance(value, dict) else None,
)
def test_a_hard_landscape_gets_a_plain_sentence(
    link: dict[str, str], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    app = visit(**link)
    everything = "\n".join([*verdicts(app), said(app)])
    assert re.search(sentence, everything), everything
    assert notes(app) == []
    assert len(verdicts(app)) == 2
    assert not complaints(capfd)


def complaints(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Lines on stderr, less what Streamlit says of every script that runs without a browser."""
    return [line for line in capfd.readouterr().err.splitlines() if "ScriptRunContext" not in line]


@pytest.mark.parametrize(
    "link",
    [
        {"steps": "100000"},
        {"landscape": HIMMELBLAU.name, "steps": "100000"},
        {"formula": "sin(" * 40 + "x*y" + ")" * 40, "steps": "300"},
        {"formula": "+".join(f"cos({i}x)*cos({i}y)" for i in range(1, 16)), "steps": "300"},
        {"formula": "/".join(["(x*y-1)"] * 37), "steps": "300"},
    ],
    ids=["100,000 steps", "100,000 steps in two variables", "nested", "rugged", "quotients"],
)
def test_heavy_work_is_done_elsewhere_and_comes_back(link: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    app = visit(**link)
    assert len(verdicts(app)) == 2
    assert not app.warning or "innermost" in app.warning[0].value
    assert notes(app) == []
    assert not complaints(capfd)


# --- Explore: links ---------------------------------------------------------------------------------

LINKS = [
    {"landscape": HIMMELBLAU.name, "rho": "2.5", "eta": "0.03", "x": "-1.25", "y": "3", "steps": "500"},
    {"landscape": FIRST.name, "p_a": "0.8", "p_b": "-7.5", "x_low": "-3", "x_high": "4", "rho": "1.5", "field": "true"},
    {"landscape": OWN, "formula": "a x^2 + cos(b y)", "p_a": "1000", "p_b": "0.001", "rho": "0"},
    {"landscape": HIMMELBLAU.name, "formula": "x^2 - y^2/3", "surrogate": "true", "eta": "1e-7"},
    {"formula": "sin(x)", "x_low": "-20", "x_high": "20.5", "x": "15"},
]


@pytest.mark.parametrize("link", LINKS, ids=lambda link: " ".join(link))
def test_a_valid_link_is_taken_at_its_word(link: dict[str, str]) -> None:
    app = visit(v="1", **link)
    assert notes(app) == []
    assert not app.error
    values = controls(app)
    values["landscape"] = link.get("landscape", OWN) if "formula" not in link else OWN
    for key, asked in link.items():
        if key != "landscape":
            assert str(values[key]).lower() == asked or float(values[key]) == float(asked)


BROKEN = [
    ({"rho": "99"}, ["radius ρ = '99', which is not a number from 0 to 2.05; 1 is used"]),
    ({"rho": "abc"}, ["radius ρ = 'abc'"]),
    ({"rho": "nan"}, ["radius ρ = 'nan'"]),
    ({"rho": "inf"}, ["radius ρ = 'inf'"]),
    ({"rho": "-1"}, ["radius ρ = '-1'"]),
    ({"rho": ""}, ["radius ρ = ''"]),
    ({"eta": "1e-9"}, ["step size η = '1e-9'", "1e−07 to 10; 0.01 is used"]),
    ({"eta": "11"}, ["step size η = '11'"]),
    ({"steps": "1000000000"}, ["steps = '1000000000', which is not a whole number from 1 to 100,000; 2000 is used"]),
    ({"steps": "10^9"}, ["steps = '10^9'"]),
    ({"steps": "0"}, ["steps = '0'"]),
    ({"steps": "2.5"}, ["steps = '2.5'"]),
    ({"x": "50"}, ["start x = '50', which is not a number from −1.2 to 2.9; 0.1 is used"]),
    ({"x_low": "5", "x_high": "-5"}, ["x from 5 to −5 is no window", "−1.2 to 2.9 is used"]),
    ({"x_low": "0", "x_high": "1e-9"}, ["is no window"]),
    ({"x_low": "-1e9"}, ["x from = '-1e9', which is not a number from −1,000,000 to 1,000,000; −1.2 is used"]),
    ({"p_a": "1e7"}, ["a = '1e7'", "0.6 is used"]),
    ({"p_a": "abc"}, ["a = 'abc'"]),
    ({"landscape": "Nope"}, [f"landscape = 'Nope', which is not in the catalogue; {FIRST.name} is used"]),
    ({"landscape": "Nope", "formula": "x^2"}, [f"landscape = 'Nope', which is not in the catalogue; {OWN} is used"]),
    ({"surrogate": "maybe"}, ["surrogate = 'maybe', which is not true or false; false is used"]),
    ({"v": "3"}, ["version '3'", "version 2"]),
]


@pytest.mark.parametrize(("link", "words"), BROKEN, ids=lambda value: str(value)[:40])
def test_what_is_broken_in_a_link_is_replaced_and_named(link: dict[str, str], words: list[str]) -> None:
    app = visit(**link)
    assert len(notes(app)) == 1
    for part in words:
        assert part in notes(app)[0]
    if "formula" not in link and link.get("steps") != "2.5":
        assert verdicts(app) == expected_verdicts(FIRST.landscape, FIRST.rho, FIRST.eta, FIRST.start, FIRST.steps)


# What these entries of the catalogue said before they were changed, when links were of version 1.
BEFORE: list[tuple[str, dict[str, float]]] = [
    ("rastrigin", {"rho": 1.0, "eta": 0.001, "x": 1.57, "y": 2.3}),
    ("ackley", {"rho": 1.0, "eta": 0.016, "x": -2.3, "y": 0.5}),
    ("six-hump-camel", {"rho": 0.05, "eta": 0.01, "x": -1.0, "y": 0.5}),
]


@pytest.mark.parametrize(("key", "meant"), BEFORE)
def test_a_link_of_version_1_means_what_it_meant_and_becomes_one_that_says_so(
    key: str, meant: dict[str, float]
) -> None:
    e = CATALOGUE[key]
    app = visit(v="1", landscape=e.name)
    assert notes(app) == []
    assert meant.items() <= controls(app).items()
    link = {name: str(value) for name, value in app.query_params.items()}
    assert link["v"] == "2" and controls(visit(**link)) == controls(app)
    assert {**meant, "rho": 0.7, "y": -0.25}.items() <= controls(
        visit(v="1", landscape=e.name, rho="0.7", y="-0.25")
    ).items()
    now = {"rho": e.rho, "eta": e.eta, "x": e.start[0], "y": e.start[1]}
    for link in ({"v": "2"}, {}):
        assert now.items() <= controls(visit(landscape=e.name, **link)).items()


def test_a_link_of_version_1_with_a_formula_in_one_variable_leaves_its_start() -> None:
    for link in ({"v": "1"}, {"v": "2"}):
        assert controls(visit(landscape=CATALOGUE["ackley"].name, formula="x^2", **link))["x"] == 2.2


def test_each_broken_part_is_named_and_the_others_are_kept() -> None:
    app = visit(landscape=HIMMELBLAU.name, rho="99", eta="0.03", x="nan", y="3", steps="-4")
    assert [re.search("asks for (.*?) =", note)[1] for note in notes(app)] == ["radius ρ", "start x", "steps"]
    assert {"rho": 3.0, "eta": 0.03, "x": 4.5, "y": 3.0, "steps": 3000}.items() <= controls(app).items()


def test_a_broken_formula_in_a_link_gets_its_message() -> None:
    app = visit(formula="sine(x)", p_a="2")
    assert [error.value for error in app.error] == [text("unknown function 'sine' at column 1; did you mean 'sin'?")]
    assert controls(app)["p_a"] == 2.0
    assert verdicts(app)


def test_unknown_parts_of_a_link_do_no_harm() -> None:
    assert notes(visit(utm_source="mail", p_zzz="3", y_low="4")) == []


def test_the_notes_on_a_link_are_gone_with_the_next_change() -> None:
    app = visit(rho="99")
    assert notes(app)
    assert not notes(healthy(app.number_input(key="rho").set_value(1.5).run()))


def test_a_start_outside_a_new_window_moves_to_its_edge_and_says_so() -> None:
    app = visit(landscape=HIMMELBLAU.name)
    healthy(app.number_input(key="x_high").set_value(2.0).run())
    assert any("start x = 4.5 is outside −6 to 2; 2 is used" in note for note in notes(app))
    assert controls(app)["x"] == 2.0


def test_a_window_upside_down_is_said_and_the_usual_one_used() -> None:
    app = visit(landscape=HIMMELBLAU.name)
    before = component(app, "picture")["view"]
    healthy(app.number_input(key="y_low").set_value(7.0).run())
    assert "y from 7 to 6 is no window" in notes(app)[0]
    assert component(app, "picture")["view"] == before


# --- from page to page ------------------------------------------------------------------------------


def test_explore_keeps_its_controls_while_home_is_visited() -> None:
    app = visit(landscape=HIMMELBLAU.name)
    healthy(app.text_input(key="formula").set_value("a*x^2 + y^2").run())
    for key, value in (("rho", 2.5), ("eta", 0.05), ("x", -1.5), ("p_a", 3.0), ("y_high", 4.0)):
        healthy(app.number_input(key=key).set_value(value).run())
    before, sentences = controls(app), verdicts(app)
    app.query_params.clear()  # as the menu does
    healthy(app.switch_page("Home.py").run())
    app.query_params.clear()
    healthy(app.switch_page("pages/1_Explore.py").run())
    assert controls(app) == before
    assert verdicts(app) == sentences
    link = {key: str(value) for key, value in app.query_params.items()}
    assert controls(visit(**link)) == before  # the link is written again


def test_the_home_page_has_a_door_to_every_page() -> None:
    home = HOME.parent
    names = {path.stem for path in (home / "pages").glob("*.py")}
    at = AppTest.from_file(str(HOME), default_timeout=60).run()
    doors = {link.proto.page.split("/")[-1] for link in at.get("page_link")}
    assert doors == {name.split("_", 1)[1] for name in names}


@pytest.mark.parametrize(
    "page", [None, *(f"pages/{name}.py" for name in ("1_Explore", "2_Radius", "3_Basins", "4_Remedies"))]
)
def test_the_critical_radius_stands_below_the_slider(page: str | None) -> None:
    at = AppTest.from_file(str(HOME), default_timeout=60)
    at = at.run() if page is None else at.switch_page(page).run()
    l = (PRESET if page is None else FIRST).landscape
    first = dict(l.parameters)["a"]  # the distance between the maximizer and the shallow minimizer
    (said,) = (caption.value for caption in at.caption if "get stuck" in caption.value)
    assert said.startswith(f"From ρ = {number(first)} on, SAM can get stuck on a slope here.")
    assert len([element for element in at.get("html") if "radius-marks" in element.proto.body]) == 1


# --- runs that leave the window ----------------------------------------------------------------------


def test_runs_that_leave_the_window_are_named_and_it_can_be_widened() -> None:
    app = visit(formula="sin(x) + 0.1x^2", x_low="-1.2", x_high="2.9", x="0.1", rho="0.5")
    assert "SAM and GD leave the window" in [c.value for c in app.caption][-1] or any(
        "GD and SAM leave the window" in caption.value for caption in app.caption
    )
    (button,) = (b for b in app.button if b.label.startswith("Show "))
    healthy(button.click().run())
    low, high = controls(app)["x_low"], controls(app)["x_high"]
    assert low < -1.2 and high == 2.9
    l = Landscape("sin(x) + 0.1x^2", ((low, high),))
    for rule in (sam(l, 0.01, 0.5), gd(l, 0.01)):
        x = iterate(rule, (0.1,), 2000).x
        assert l.contains(x).all()
    assert not any("leave" in caption.value for caption in app.caption)
    assert not notes(app)


@given(st.floats(-100.0, 100.0), st.floats(0.5, 200.0), st.lists(st.floats(-300.0, 300.0), min_size=1, max_size=5))
def test_a_widened_window_holds_the_old_one_and_the_runs(low: float, width: float, x: list[float]) -> None:
    wider = widened(((low, low + width),), np.array([x]).T)
    whole = max([*x, low + width]) - min([*x, low])
    if wider is None:
        assert whole > 19.99 * width
        return
    ((left, right),) = wider
    assert left <= low and low + width <= right
    assert left <= min(x) and max(x) <= right
    assert right - left <= 1.5 * whole
