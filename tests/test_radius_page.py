"""Radius, run without a browser: what it says and draws is what the core computes, whatever it is asked."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dynamics import attracting_intervals, certificate, completed, critical_radius, hallucinated_points
from dynamics.sentences import number
from figures.branches import MOST, Scene, nearest
from figures.legend import entries
from figures.radius import envelope, on_landscape, over_rho, rho_eta
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared.analysis import Question, answer, heights
from pages.shared.player import figure_json
from pages.shared.radius_analysis import Span, look
from pages.shared.radius_report import (
    alternative,
    beside_slider,
    branches_csv,
    corrected,
    defined,
    events,
    finding,
    here,
    script,
)
from pages.shared.radius_view import scene, shaded, span
from test_pages import component, verdicts, visit

PAGE = "pages/2_Radius.py"
LIGHT = [entry for name, entry in CATALOGUE.items() if name not in ("rastrigin", "ackley")]
HIMMELBLAU = CATALOGUE["himmelblau"]


def question(entry: Entry, **changes: float) -> Question:
    values = {"rho": entry.rho, "eta": entry.eta, **changes}
    return Question(entry.landscape, values["rho"], values["eta"], entry.start, 10)


def seen(q: Question) -> Scene:
    return scene(q, answer(q), look(span(q)))


@pytest.mark.parametrize("entry", LIGHT, ids=lambda e: e.name)
def test_pictures_of_every_landscape(entry: Entry) -> None:
    """They are plain JSON, each attracting part is drawn as one, and lies where the points attract."""
    q = question(entry)
    s = seen(q)
    axes, z = heights(entry.landscape)
    pictures = [over_rho(s, (*axes, z)), rho_eta(s)]
    if entry.landscape.dim == 2:
        pictures.append(on_landscape(s, (*axes, z)))
    for picture in pictures:
        assert figure_json(picture)["data"]
    strong = [t for t in pictures[0].data if t.name and t.name.endswith(", attracts") and t.mode == "lines"]
    strong = [t for t in strong if t.name.startswith("looks at")]
    intervals = attracting_intervals(entry.landscape, s.curves.rho_max, entry.eta, curves=s.curves)
    assert bool(strong) == bool(len(intervals))
    for trace in strong:
        rho = np.asarray(trace.x, dtype=float)
        rho = rho[np.isfinite(rho)]
        held = ((rho[:, None] >= intervals[:, 0] - 1e-9) & (rho[:, None] <= intervals[:, 1] + 1e-9)).any(axis=1)
        assert held.all()
        assert trace.line.dash == "solid"


@pytest.mark.parametrize("entry", [HIMMELBLAU, CATALOGUE["double-well"], CATALOGUE["ring"]], ids=lambda e: e.name)
def test_the_envelope_bounds_what_attracts(entry: Entry) -> None:
    q = question(entry)
    s = seen(q)
    rho = np.linspace(0.021, 0.979, 40) * s.curves.rho_max
    limit = envelope(s.curves, rho)
    best = []
    for r in rho:
        h = hallucinated_points(entry.landscape, float(r))
        best.append(max([0.0, *np.nan_to_num(h.step_limits), *(float(np.nanmax(c.step_limits)) for c in h.curves)]))
    # Between samples it is interpolated, which is exact to the eye, and coarse only next to a birth.
    np.testing.assert_allclose(limit, best, rtol=0.2, atol=2e-3)
    assert np.median(np.abs(limit - best)) < 2e-3


def test_the_finding() -> None:
    q = question(HIMMELBLAU)
    d = look(span(q))
    (words,) = finding(q, d)
    first = critical_radius(HIMMELBLAU.landscape, HIMMELBLAU.rho_max, HIMMELBLAU.eta)
    stuck = f"From ρ = {number(first)} on, SAM can get stuck on a slope here."
    assert words.startswith(f"{stuck} The critical radius at η = 0.02 is {number(first)}.")
    of = {kind: critical_radius(HIMMELBLAU.landscape, 6.0, HIMMELBLAU.eta, kind) for kind in ("minimizer", "saddle")}
    told = f"look at a saddle attract from {number(of['saddle'])}, at a minimizer from {number(of['minimizer'])}."
    assert told in words
    assert number(critical_radius(HIMMELBLAU.landscape, HIMMELBLAU.rho_max)) in words
    assert beside_slider(d).startswith(stuck)
    h = hallucinated_points(HIMMELBLAU.landscape, q.rho)
    assert here(q, h) == (
        f"At ρ = 3 and this step size: {len(h)} hallucinated points found, {int(h.attract(q.eta).sum())} of them "
        "attracting SAM."
    )
    assert words in alternative(q, d, h)


@pytest.mark.parametrize("name", ["quadratic-bowl", "plateau", "beale", "kinks", "rosenbrock"])
def test_where_nothing_attracts(name: str) -> None:
    q = question(CATALOGUE[name])
    d = look(span(q))
    (words,) = finding(q, d)
    assert words.startswith("No hallucinated point ")
    assert "found in this window" in words
    assert f"up to {number(d.curves.rho_max)}" in words
    assert beside_slider(d).startswith(f"Up to ρ = {number(d.curves.rho_max)} no point was found on a slope that holds")
    assert defined(d) is None
    assert shaded(d).startswith("Nothing is shaded")
    assert not scene(q, answer(q), d).intervals.size


@pytest.mark.parametrize("name", ["double-well", "narrow-dip", "wavy-bowl"])
def test_only_of_several_intervals_there_is_something_between(name: str) -> None:
    entry = CATALOGUE[name]
    q = question(entry, eta=5.0 * entry.eta)
    d = look(span(q))
    (words,) = finding(q, d)
    assert (len(d.intervals) > 1) == (name == "wavy-bowl") == ("between these radii no point found attracts" in words)
    assert ("With very small steps: for ρ from" in words) == (name == "narrow-dip")


def test_what_is_taken_away() -> None:
    q = question(HIMMELBLAU)
    d = look(span(q))
    table = pd.read_csv(io.BytesIO(branches_csv(d)))
    c = d.curves
    np.testing.assert_array_equal(table["rho"], c.rho)
    np.testing.assert_array_equal(table[["x", "y"]], c.points)
    np.testing.assert_array_equal(table["eta_max"], c.step_limits)
    assert table["branch"].nunique() == len(c)
    told = events(q, d)
    assert (told["what"] == "begins: a fold").sum() == (c.starts == "fold").sum()
    assert told["ρ"].is_monotonic_increasing
    program = script(q, d)
    out: list[str] = []
    exec(compile(program, "reproduce.py", "exec"), {"print": lambda *words: out.append(" ".join(map(str, words)))})
    assert f"critical radius {critical_radius(HIMMELBLAU.landscape, HIMMELBLAU.rho_max, q.eta)!r}" in out
    assert len(out) == len(c) + 5


def test_many_branches_are_drawn_in_part_and_it_is_said() -> None:
    l = CATALOGUE["rastrigin"].landscape.with_domain(((-1.2, 1.2), (-1.2, 1.2)))
    q = Question(l, 0.7, 0.001, (0.1, 0.2), 10)
    s = seen(q)
    assert len(s.curves) > MOST == len(s.drawn)
    lows = s.curves.lows
    assert lows[np.setdiff1d(s.drawn, s.attracting.branch)].max() <= np.sort(lows)[MOST]
    assert len(np.intersect1d(s.drawn, s.attracting.branch)) >= min(MOST // 2, len(np.unique(s.attracting.branch)))
    app = visit(PAGE, formula=l.formula, p_a="10", x_low="-1.2", x_high="1.2", y_low="-1.2", y_high="1.2")
    assert any(f"{MOST} of {len(s.curves):,} branches are drawn" in c.value for c in app.caption)


def test_the_page_opens_with_a_finding_and_its_pictures() -> None:
    app = visit(PAGE)
    first = next(iter(CATALOGUE.values()))
    said = verdicts(app)
    radius = number(critical_radius(first.landscape, first.rho_max, first.eta))
    assert said[0].startswith(f"From ρ = {radius} on, SAM can get stuck on a slope here.")
    assert any(caption.value.startswith(f"From ρ = {radius} on") for caption in app.caption)
    for key in ("picture", "plane"):
        data = component(app, key)
        assert said[0][:40] in data["alt"]
    assert component(app, "picture")["clickAxes"] == "x2y"


def test_another_radius_and_another_page_by_the_link() -> None:
    app = visit(PAGE, landscape=HIMMELBLAU.name, rho="2.5")
    assert verdicts(app)[1].startswith("At ρ = 2.5 and this step size")
    assert component(app, "map")["alt"].startswith("The branches on the contours of f.")
    app.switch_page("pages/1_Explore.py")
    assert not app.run().exception
    assert app.number_input("rho").value == 2.5


@pytest.mark.parametrize(
    "link",
    [
        {"formula": "5 + 0*x", "x_low": "-1", "x_high": "1"},
        {"formula": "log(-1-x^2)"},
        {"formula": "log(x)*sin(3x)"},
        {"formula": "abs(x) + y^2"},
        {"formula": "1e308*(x^2+y^2)"},
        {"formula": "x + y"},
        {"landscape": "Sine wave"},
        {"landscape": "Ring of minimizers", "rho": "0"},
    ],
    ids=lambda link: link.get("formula") or link["landscape"],
)
def test_a_hard_landscape_is_no_trouble(link: dict[str, str]) -> None:
    app = visit(PAGE, **link)
    assert verdicts(app)


def test_of_a_formula_with_rho_no_critical_radius_is_told() -> None:
    """At every radius it is another f: at rho = 0.1 and 0.2 SAM is held, far below the list of one f."""
    entry = CATALOGUE["sine"]
    for rho in (0.1, 0.2, entry.rho):
        at = entry.landscape.with_parameters(rho=rho)
        assert hallucinated_points(at, rho).attract(entry.eta).any()
    app = visit(PAGE, landscape=entry.name)
    text = " ".join([*verdicts(app), *(element.value for element in app.caption)])
    assert "f itself changes with the radius" in verdicts(app)[0]
    assert "get stuck" not in text and "ritical radius at" not in text and "Critical radius" not in text
    assert not [e for e in app.get("bidi_component") if e.key == "plane"]
    app.switch_page("pages/1_Explore.py")
    assert not app.run().exception
    text = " ".join(element.value for element in app.caption)
    assert "get stuck" not in text and "no radius is critical for all of these f" in text


UNDECIDED = [
    Question(CATALOGUE["shelf"].landscape, 0.8, 0.02, (-1.0,), 10),
    Question(Landscape("x^4 + 0.37y^2 + 0.37x*y^3", ((-2.0, 2.0), (-2.0, 2.0))), 1.6, 0.02, (1.0, 1.0), 10),
    Question(Landscape("2 - abs(x-1) - abs(x+1)", ((-4.0, 4.0),)), 0.5, 0.02, (1.5,), 10),
]


@pytest.mark.parametrize("q", UNDECIDED, ids=lambda q: q.landscape.formula)
def test_what_is_undecided_is_never_said_to_repel(q: Question) -> None:
    """A third state in the finding, beside the slider, in both pictures, in the file."""
    a, d = answer(q), look(span(q))
    assert len(d.undecided)
    words = " ".join([*finding(q, d), here(q, a.found), beside_slider(d), shaded(d), alternative(q, d, a.found)])
    assert "none of them" not in words and "No radius is critical" not in words
    assert "erivatives do not decide" in finding(q, d)[0] and "known" in finding(q, d)[0] + beside_slider(d)
    s = scene(q, a, d)
    axes, z = heights(q.landscape)
    for picture in [over_rho(s, (*axes, z)), *([on_landscape(s, (*axes, z))] if q.landscape.dim == 2 else [])]:
        unknown = [t for t in picture.data if t.name and t.name.endswith("undecided")]
        assert any(t.mode == "lines" and t.line.dash == "dashdot" for t in unknown)
        assert not any(t.name and "degenerate" in t.name and t.name.endswith("repels") for t in picture.data)
        assert entries(picture)
    table = pd.read_csv(io.BytesIO(branches_csv(d)))
    assert set(table.loc[table["target_kind"] == "degenerate", "at_eta"]) <= {"undecided"}


def test_intervals_that_lie_close_together_are_told_apart() -> None:
    l = CATALOGUE["himmelblau"].landscape
    d = look(Span(l, 6.0, 0.02))
    close = replace(d, intervals=np.array([[1.25, 1.2501], [1.25013, 2.13], [2.1304, 6.0]]))
    q = Question(l, 3.0, 0.02, (1.0, 1.0), 10)
    assert "for ρ from 1.2500 to 1.25010, from 1.25013 to 2.1300, from 2.1304 on" in finding(q, close)[0]
    assert "for ρ from 1.2500 to 1.25010, from 1.25013 to 2.1300, from 2.1304 on." in beside_slider(close)


def test_a_click_near_a_branch_takes_its_radius() -> None:
    q = question(HIMMELBLAU)
    s = seen(q)
    c = s.curves
    diagonal = HIMMELBLAU.landscape.diagonal
    for i in np.random.default_rng(0).choice(len(c.rho), 60):
        rho = nearest(s, c.points[i] + 1e-4)
        assert rho is not None
        points = c.points_at(rho).points
        assert np.linalg.norm(points - c.points[i], axis=1).min() < 3e-3 * diagonal
    far = np.array([-5.9, 5.9])
    assert np.linalg.norm(c.points - far, axis=1).min() > 0.05 * diagonal
    assert nearest(s, far) is None


def test_where_the_proof_has_what_attracts_below_the_critical_radius_that_is_corrected() -> None:
    """At so small a step the narrow dip, which no branch looks at, holds SAM from either side."""
    l = Landscape("-x^2/2 - 0.01*exp(-1e7*(x-0.5013)^2)", ((-3.0, 3.0),))
    q = Question(l, 1.0, 5e-6, (2.0,), 10)
    found = hallucinated_points(l, 1.0)
    whole = completed(l, certificate(l, 1.0), found)
    d = look(span(q))
    assert d.critical is None and (whole.by_proof & whole.attract(q.eta)).sum() == 2
    said = corrected(q, d, whole)
    assert said.startswith("At ρ = 1 the proof has 2 points that attract SAM and that the search has missed")
    assert "the critical radius is at most 1.00" in said
    assert corrected(q, d, found) == "" == corrected(replace(q, eta=0.01), d, whole)
    window = {"x_low": "-3", "x_high": "3"}
    app = visit(PAGE, landscape="Your own formula", formula=l.formula, rho="1", eta="5e-06", **window)
    assert said in [warning.value for warning in app.warning]
