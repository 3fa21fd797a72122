"""Pictures: every number in them is the core's, one colour and one mark for each meaning, and nothing breaks them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dynamics import gd, iterate, sam
from dynamics.stationary import StationaryPoints
from figures import marks
from figures.legend import character, entries
from figures.line import position
from figures.palette import ATTRACTING, GD, HALLUCINATED, KINDS, PROVED, REPELLING, SAM, UNDECIDED, arrow
from figures.plane import _BUSY, _field, _turns, contours
from figures.shapes import REACH
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared.analysis import Answer, Question, answer
from pages.shared.picture import draw_landscape
from pages.shared.player import figure_json

HOUSE = {mark.label: mark for mark in (*KINDS.values(), ATTRACTING, REPELLING, UNDECIDED, PROVED)}


def asked(entry: Entry, **changes: object) -> tuple[Question, Answer]:
    q = Question(entry.landscape, entry.rho, entry.eta, entry.start, min(entry.steps, 3000))
    q = replace(q, **changes)
    return q, answer(q)


def trace(picture: go.Figure, name: str) -> go.Scatter:
    found = [t for t in picture.data if t.name == name]
    assert len(found) == 1, [t.name for t in picture.data]
    return found[0]


def at(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return p[:, 0], p[:, 1]


# --- whole pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("paths", [True, False], ids=["with paths", "for the player"])
@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_every_landscape_is_plain_json_in_the_house_colours(entry: Entry, paths: bool) -> None:
    q, a = asked(entry)
    picture = draw_landscape(q, a, surrogate=True, field=True, paths=paths)
    json.dumps(figure_json(picture), allow_nan=False)
    for t in picture.data:
        if t.name in HOUSE:
            mark = HOUSE[t.name]
            assert (t.marker.color, t.marker.symbol) == (mark.color, mark.symbol)
    names = {t.name for t in picture.data}
    assert {"GD", "SAM", "start"} <= names if paths else not {"GD", "SAM", "start"} & names
    for name, drawn, color in entries(picture):
        assert name and len(drawn) <= 2 and color
    (low, high) = q.landscape.domain[0]
    assert list(picture.layout.xaxis.range) == [low, high]


@pytest.mark.parametrize("name", ["double-well", "himmelblau", "shelf", "gaussian-wells"])
def test_points_stand_where_they_were_found(name: str) -> None:
    q, a = asked(CATALOGUE[name])
    l, h = q.landscape, a.found
    picture = draw_landscape(q, a, False, False)
    attract, undecided = h.attract(q.eta), np.isnan(h.step_limits)
    groups = [(attract, ATTRACTING), (undecided, UNDECIDED), (~attract & ~undecided, REPELLING)]
    drawn = 0
    for member, mark in groups:
        if member.any():
            t = trace(picture, mark.label)
            np.testing.assert_array_equal(t.x, h.points[member, 0])
            np.testing.assert_array_equal(t.y, h.points[member, 1] if l.dim == 2 else l.value(h.points[member]))
            drawn += len(t.x)
            assert all("looks at the" in text for text in t.text)
    assert drawn == len(h)
    s = h.stationary
    inside = l.contains(s.points)
    for kind, mark in KINDS.items():
        member = inside & (s.kinds == kind)
        if member.any():
            assert set(s.points[member, 0]) <= set(trace(picture, mark.label).x)


def test_the_arrow_goes_from_x_to_its_look_ahead_point() -> None:
    q, a = asked(CATALOGUE["himmelblau"])
    v = a.sam.verdict
    picture = draw_landscape(q, a, False, False)
    (drawn,) = [note for note in picture.layout.annotations if note.showarrow]
    np.testing.assert_array_equal([[drawn.ax, drawn.ay], [drawn.x, drawn.y]], [v.point, v.target])
    assert np.linalg.norm(v.target - v.point) == pytest.approx(q.rho, rel=1e-12)
    assert {drawn.axref, drawn.xref} == {"x"} and {drawn.ayref, drawn.yref} == {"y"}
    assert drawn.arrowcolor == SAM


@pytest.mark.parametrize(
    ("name", "rho"),
    [("hill", 1.7), ("hill", 2.0), ("hill", 2.7), ("double-well", 0.7), ("double-well", 1.9), ("two-pits", 3.2)],
)
def test_in_one_variable_the_look_ahead_is_a_bow_over_the_hill(name: str, rho: float) -> None:
    q, a = asked(CATALOGUE[name], rho=rho)
    l, v = q.landscape, a.sam.verdict
    assert v.outcome == "hallucinated"
    picture = draw_landscape(q, a, False, False)
    (bow,) = picture.layout.shapes
    corners = np.array([float(part) for part in re.findall(r"-?[\d.]+(?:e-?\d+)?", bow.path)]).reshape(4, 2)
    (tip,) = [note for note in picture.layout.annotations if note.showarrow]
    assert [tip.x, tip.y] == list(corners[3]) and tip.ay > tip.y
    np.testing.assert_array_equal(corners[[0, 3], 0], [v.point[0], v.target[0]])
    np.testing.assert_allclose(corners[[0, 3], 1], l.value(np.array([v.point, v.target])))
    t = np.linspace(0.0, 1.0, 201)[1:-1, None]
    drawn = (
        (1 - t) ** 3 * corners[0]
        + 3 * t * (1 - t) ** 2 * corners[1]
        + 3 * t**2 * (1 - t) * corners[2]
        + t**3 * corners[3]
    )
    assert (drawn[:, 1] > l.value(drawn[:, :1])).all()  # it never runs through the ground
    assert bow.line.color == SAM


@pytest.mark.parametrize("name", ["hill", "himmelblau"])
def test_the_star_at_which_sam_stopped_is_larger_than_its_mark(name: str) -> None:
    q, a = asked(CATALOGUE[name])
    drawn = trace(draw_landscape(q, a, False, False, paths=False), ATTRACTING.label)
    points = np.stack([drawn.x, drawn.y] if q.landscape.dim == 2 else [drawn.x], axis=-1)
    assert (np.linalg.norm(points - a.sam.verdict.point, axis=-1) < 1e-6).sum() == 1
    assert 0.7 * drawn.marker.size > 1.5 * REACH  # a star's points are 0.7 of its size away from its middle


@pytest.mark.parametrize(("width", "height", "to_scale"), [(4.0, 4.0, True), (6.0, 2.5, True), (40.0, 2.0, False)])
def test_a_window_is_drawn_to_scale_unless_it_is_long(width: float, height: float, to_scale: bool) -> None:
    l = Landscape("x^2 + y^2", ((-1.0, width - 1.0), (-1.0, height - 1.0)))
    q = Question(l, 0.5, 0.01, (0.5, 0.5), 10)
    layout = draw_landscape(q, answer(q), False, False).layout
    assert (layout.yaxis.scaleanchor == "x") == to_scale
    assert layout.meta["narrow"]["height"] <= layout.height
    assert 200 <= layout.height <= 560


@pytest.mark.parametrize(("name", "crowd"), [("rastrigin", True), ("himmelblau", False)])
def test_of_many_points_those_that_repel_are_faint_and_below_the_paths(name: str, crowd: bool) -> None:
    q, a = asked(CATALOGUE[name])
    assert (len(a.found) > marks.CROWD) == crowd
    picture = draw_landscape(q, a, surrogate=False, field=False)
    names = [t.name for t in picture.data]
    repel, attract = trace(picture, REPELLING.label), trace(picture, ATTRACTING.label)
    assert names.index(REPELLING.label) < names.index(ATTRACTING.label)
    assert (names.index(REPELLING.label) < names.index("SAM")) == crowd
    assert (repel.opacity is not None and repel.marker.size < REPELLING.size) == crowd
    assert names.index("SAM") < names.index(ATTRACTING.label) and attract.opacity is None
    assert attract.marker.size >= ATTRACTING.size


def test_without_a_stall_there_is_no_arrow() -> None:
    picture = draw_landscape(*asked(CATALOGUE["double-well"], rho=0.2), False, False)
    assert not [note for note in picture.layout.annotations if note.showarrow]


def test_an_arrow_points_at_its_second_place() -> None:
    drawn = arrow((1.0, 2.0), (3.0, 4.0), "")
    assert [drawn[k] for k in ("ax", "ay", "x", "y")] == [1.0, 2.0, 3.0, 4.0]


# --- one meaning, one mark --------------------------------------------------------------------------


def test_no_two_meanings_share_a_mark() -> None:
    shown = [(mark.color, mark.symbol) for mark in HOUSE.values()]
    assert len(set(shown)) == len(shown)
    assert len({GD, SAM, HALLUCINATED, *(mark.color for mark in KINDS.values())}) >= 6
    characters = [character(mark.symbol) for mark in HOUSE.values()]
    assert len(set(characters)) == len(characters)


def test_colours_are_those_of_the_specification() -> None:
    assert (GD, SAM, HALLUCINATED) == ("#0072B2", "#D55E00", "#CC79A7")
    assert KINDS["minimizer"].color == "#009E73" and KINDS["minimizer"].symbol == "circle"
    assert KINDS["saddle"].color == "#E69F00" and KINDS["saddle"].symbol == "x"
    assert KINDS["maximizer"].symbol == "triangle-up"
    assert ATTRACTING.symbol == "star"


def test_colours_of_the_palette_are_typed_in_the_palette_alone() -> None:
    root = Path(__file__).resolve().parent.parent
    typed = re.compile(r'"(#[0-9A-Fa-f]{6}|var\(--st-[a-z-]+\))"')
    own = set(typed.findall((root / "figures/palette.py").read_text()))
    assert {GD, SAM, HALLUCINATED, *(mark.color for mark in KINDS.values())} <= own
    for folder in ("figures", "pages"):
        for file in (root / folder).rglob("*.py"):
            if file.name != "palette.py":
                assert not own & set(typed.findall(file.read_text())), file.name


# --- paths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 1, marks.VERTICES - 1, marks.VERTICES, 10 * marks.VERTICES + 7])
def test_a_thinned_path_keeps_its_first_and_last_point(steps: int) -> None:
    entry = CATALOGUE["himmelblau"]
    orbit = iterate(sam(entry.landscape, entry.eta, entry.rho), entry.start, steps)
    drawn = marks.path(orbit, at, "lines")
    assert len(drawn.x) <= marks.VERTICES
    np.testing.assert_array_equal([drawn.x[0], drawn.y[0]], orbit.x[0])
    np.testing.assert_array_equal([drawn.x[-1], drawn.y[-1]], orbit.x[-1])
    assert list(drawn.customdata[[0, -1], 0]) == [0, steps]
    end = marks.end(orbit, at)
    np.testing.assert_array_equal([end.x[0], end.y[0]], orbit.x[-1])


def test_a_path_that_diverges_ends_at_its_last_finite_point() -> None:
    l = Landscape("x^4 + y^4", ((-2.0, 2.0), (-2.0, 2.0)))
    orbit = iterate(gd(l, 1.0), (1.5, 1.0), 50)
    finite = np.isfinite(orbit.x).all(axis=-1) & np.isfinite(orbit.f)
    last = int(np.argmin(finite)) - 1
    assert 0 < last < 20
    for drawn in (marks.path(orbit, at, "lines"), marks.end(orbit, at)):
        np.testing.assert_array_equal([drawn.x[-1], drawn.y[-1]], orbit.x[last])
        assert np.isfinite([*drawn.x, *drawn.y]).all()


def test_a_run_that_cannot_start_is_an_empty_path() -> None:
    l = Landscape("log(x) + y", ((-2.0, 2.0), (-2.0, 2.0)))
    orbit = iterate(gd(l, 0.1), (-1.0, 0.0), 5)
    assert len(marks.path(orbit, at, "lines").x) == len(marks.end(orbit, at).x) == 0


def test_positions_are_drawn_over_their_steps() -> None:
    entry = CATALOGUE["double-well"]
    l = entry.landscape
    runs = tuple(iterate(rule, entry.start, 5000) for rule in (gd(l, 0.01), sam(l, 0.01, 1.0)))
    picture = position(runs)
    for drawn, orbit in zip(picture.data, runs, strict=True):
        np.testing.assert_array_equal(drawn.y, orbit.x[np.asarray(drawn.x), 0])
        assert (drawn.x[0], drawn.x[-1]) == (0, 5000)


# --- many points ------------------------------------------------------------------------------------


def many(n: int) -> StationaryPoints:
    s = answer(Question(CATALOGUE["himmelblau"].landscape, 0.0, 0.01, (1.0, 1.0), 1)).found.stationary
    return replace(s, points=np.arange(2.0 * n).reshape(n, 2), kinds=np.full(n, "saddle"))


@pytest.mark.parametrize(("n", "label"), [(2000, "saddle"), (2001, "saddle (2,000 of 2,001 drawn)")])
def test_of_too_many_points_some_are_drawn_and_the_legend_says_so(n: int, label: str) -> None:
    s = many(n)
    (drawn,) = marks.stationary(s, at, np.ones(n, dtype=bool), 1.0)
    assert drawn.name == label
    assert len(drawn.x) == len(set(drawn.x)) == len(drawn.text) == 2000
    assert (drawn.x[0], drawn.x[-1]) == (s.points[0, 0], s.points[-1, 0])


# --- heights ----------------------------------------------------------------------------------------

AXIS = np.linspace(0.0, 1.0, 5)
heights = arrays(np.float64, (5, 5), elements=st.floats(allow_nan=True, allow_infinity=True))


@given(heights)
def test_heights_are_drawn_in_their_order(z: np.ndarray) -> None:
    drawn = np.asarray(contours(AXIS, AXIS, z, "f").z, dtype=np.float64)
    known = np.isfinite(z) & np.isfinite(drawn)
    order = np.argsort(z[known], kind="stable")
    assert (np.diff(drawn[known][order]) >= 0.0).all()
    with np.errstate(invalid="ignore"):
        assert np.isfinite(drawn[np.abs(z) < 1e290]).all()  # what is left blank is not finite, or near overflow


def test_towering_heights_are_drawn_by_their_logarithm_and_labelled_by_themselves() -> None:
    x = np.linspace(-2.0, 2.0, 41)
    z = (1.0 - x[None, :]) ** 2 + 100.0 * (x[:, None] - x[None, :] ** 2) ** 2
    drawn = contours(x, x, z, "f")
    assert np.ptp(drawn.z) < 20.0 < z.max()
    assert drawn.colorbar.ticktext[0] == "0"
    assert drawn.colorbar.ticktext[-1] == f"{z.max():,.0f}"
    plain = contours(x, x, x[None, :] + x[:, None], "f")
    np.testing.assert_array_equal(plain.z, x[None, :] + x[:, None])


@pytest.mark.parametrize(("waves", "kind"), [(3, go.Contour), (20, go.Heatmap)])
def test_level_lines_are_left_out_where_they_would_be_too_many(waves: int, kind: type) -> None:
    x = np.linspace(0.0, 1.0, 121)
    z = np.sin(2 * np.pi * waves * x)[None, :] * np.ones((121, 1))
    assert abs(_turns(z) - 2 * waves) <= 1
    assert (_turns(z) > _BUSY) == (kind is go.Heatmap)
    assert isinstance(contours(x, x, z, "f"), kind)
    assert isinstance(contours(x, x, z.T, "f"), kind)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 1e308])
def test_heights_without_a_range_are_drawn(value: float) -> None:
    picture = go.Figure(contours(AXIS, AXIS, np.full((5, 5), value), "f"))
    json.dumps(figure_json(picture), allow_nan=False)


def test_the_field_points_where_sam_steps() -> None:
    x = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])
    s = np.array([[[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [np.nan, 0.0]]])
    drawn = _field(x, s)
    # An arrow points up at angle 0 and turns clockwise; -S is left, down, and up to the right.
    np.testing.assert_allclose(np.mod(drawn.marker.angle, 360.0), [270.0, 180.0, 45.0])
    np.testing.assert_array_equal(np.stack([drawn.x, drawn.y], axis=-1), x[0, :3])


@pytest.mark.parametrize("name", ["double-well", "sine", "kinks"])
def test_in_one_variable_everything_that_happens_is_in_sight(name: str) -> None:
    q, a = asked(CATALOGUE[name])
    picture = draw_landscape(q, a, False, False)
    low, high = picture.layout.yaxis.range
    for run in (a.gd, a.sam):
        inside = q.landscape.contains(run.orbit.x)
        assert (run.orbit.f[inside] >= low).all() and (run.orbit.f[inside] <= high).all()


@pytest.mark.parametrize("half", [6.0, 100.0])
@pytest.mark.parametrize("text", ["x^2 + 1", "exp(x/9)", "abs(x)"])
def test_in_one_variable_a_function_without_hills_fills_the_picture(text: str, half: float) -> None:
    l = Landscape(text, ((-half, half),))
    q = Question(l, 1.0, 0.01, (2.2,), 2000)
    picture = draw_landscape(q, answer(q), False, False)
    f, (bottom, top) = np.asarray(trace(picture, "f").y), picture.layout.yaxis.range
    assert ((bottom <= f) & (f <= top)).mean() > 0.85
    assert np.ptp(f[f <= top]) > 0.6 * (top - bottom)


def test_in_one_variable_walls_do_not_flatten_hills() -> None:
    q = Question(Landscape("x^4/4 - x^2", ((-6.0, 6.0),)), 1.0, 0.01, (2.2,), 2000)
    bottom, top = draw_landscape(q, answer(q), False, False).layout.yaxis.range
    assert 1.0 > 0.2 * (top - bottom)  # the hill is 1 high
