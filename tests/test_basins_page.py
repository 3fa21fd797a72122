"""The page on basins without a browser: its maps fill in to what the core computes, and its words are its numbers."""

import io
import pickle
import re
from contextlib import redirect_stdout
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dynamics import critical_radius, gd, iterate, sam, verdict
from dynamics.basins import basins
from dynamics.grouping import GROUPS, PLACED, PLACELESS
from dynamics.outcome import OUTCOMES
from dynamics.sentences import number, percent
from figures.basins import Spot, color
from landscapes import CATALOGUE, Landscape
from pages.shared.analysis import Question, answer
from pages.shared.basins_atlas import SHADES, UNKNOWN, Atlas
from pages.shared.basins_labels import labels as labels_of
from pages.shared.basins_map import KINDS, MapQuestion, Patch, run_coarse, run_piece
from pages.shared.basins_page import draw_both, draw_map
from pages.shared.basins_takeaway import labels, labels_csv, script
from pages.shared.basins_words import RULE_NAMES, alternative, below_critical, headline
from test_pages import healthy, notes, said, verdicts, visit

PAGE = "pages/3_Basins.py"
HIMMELBLAU, WELL, RING, SINE = (CATALOGUE[name] for name in ("himmelblau", "double-well", "ring", "sine"))


def question(entry: object, n: int, steps: int = 300, **changes: float) -> MapQuestion:
    return replace(MapQuestion(entry.landscape, entry.rho, entry.eta, steps, n), **changes)  # type: ignore[attr-defined]


def filled(q: MapQuestion) -> Atlas:
    atlas = Atlas.of(q, run_coarse(q))
    for piece in q.pieces():
        if piece.map in atlas.fine:
            atlas.take(piece, run_piece(piece))
    return atlas


# Maps


@pytest.mark.parametrize("n", [10, 73, 200, 400])
@pytest.mark.parametrize("entry", [HIMMELBLAU, WELL], ids=["plane", "line"])
def test_pieces_are_every_row_of_every_map_once(entry: object, n: int) -> None:
    q = question(entry, n)
    for name in q.maps():
        rows = np.concatenate([piece.rows for piece in q.pieces() if piece.map == name])
        assert sorted(rows.tolist()) == list(range(n))
    assert len(q.pieces()) <= 200  # so many cases a worker's sweep may have


def test_a_map_that_has_filled_in_is_the_core_s() -> None:
    q = question(HIMMELBLAU, 80)
    atlas = filled(q)
    assert atlas.whole
    across, up = q.axes()
    starts = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    for name, rule in (("GD", gd(q.landscape, q.eta)), ("SAM", sam(q.landscape, q.eta, q.rho))):
        found = basins(rule, starts, q.steps)
        chart = atlas.chart(name)
        assert found is not None
        assert chart.shape == (80, 80)
        np.testing.assert_array_equal(np.array(OUTCOMES)[chart.words], found.outcomes)
        np.testing.assert_array_equal(np.array(KINDS)[chart.kinds], found.kinds)
        np.testing.assert_array_equal(atlas.groups(chart.codes), found.groups)
        np.testing.assert_allclose(chart.ends, found.ends, atol=1e-6)
        of_groups, of_places = atlas.shares(name)
        expected = {share.group: share for share in found.shares((80, 80))}
        assert of_groups == expected
        assert set(of_groups) == set(GROUPS)
        counted = sorted((share.count for share in of_places.values()), reverse=True)
        assert counted == found.found.counts.tolist()


def test_in_one_variable_the_row_at_the_radius_is_sams() -> None:
    q = question(WELL, 64, steps=1500)
    atlas = filled(q)
    across, radii = q.axes()
    row = int(np.argmin(np.abs(radii - 0.9)))
    found = basins(sam(q.landscape, q.eta, float(radii[row])), across[:, None], q.steps)
    assert found is not None
    np.testing.assert_array_equal(atlas.groups(atlas.chart("radii").grid[row]), found.groups)
    found = basins(sam(q.landscape, q.eta, q.rho), across[:, None], q.steps)
    assert found is not None
    np.testing.assert_array_equal(atlas.groups(atlas.chart("SAM").codes), found.groups)
    # A hallucinated point moves with the radius and stays one place.
    hallucinated = [p for p in atlas.places if p.group == "hallucinated"]
    assert len(hallucinated) < 6
    sides = {(round(float(p.target[0]), 6), bool(p.point[0] > p.target[0])) for p in hallucinated}
    assert len(sides) == len(hallucinated)


def test_every_radius_has_a_landscape_of_its_own_where_rho_is_a_parameter() -> None:
    q = question(SINE, 12, steps=400)
    patch = run_coarse(q)["radii"]
    across, radii = q.axes()
    for row in (0, 7):
        l = q.landscape.with_parameters(rho=float(radii[row]))
        found = basins(sam(l, q.eta, float(radii[row])), across[:, None], q.steps)
        assert found is not None
        np.testing.assert_array_equal(np.array(OUTCOMES)[patch.words.reshape(12, 12)[row]], found.outcomes)


def test_a_word_that_is_not_known_is_an_error_and_no_other_word() -> None:
    l = HIMMELBLAU.landscape
    found = basins(gd(l, 0.01), [[1.0, 1.0], [5.0, 5.0]], 50)
    assert found is not None
    for field, known in (("outcomes", "'still moving'"), ("kinds", "'degenerate'")):
        with pytest.raises(ValueError, match=f"{known}.*, got 'spiralling out'"):
            Patch.of(replace(found, **{field: np.array(["", "spiralling out"])[[1, 1]]}))


def test_what_has_not_filled_in_is_drawn_coarse_and_counted_coarse() -> None:
    q = question(HIMMELBLAU, 100, steps=200)
    atlas = Atlas.of(q, run_coarse(q))
    coarse = q.coarse.n
    assert not atlas.whole
    assert (atlas.drawn("SAM") != UNKNOWN).all()
    assert sum(s.count for s in atlas.shares("SAM")[0].values()) == coarse**2
    piece = q.pieces()[1]
    atlas.take(piece, run_piece(piece))
    drawn, fine = atlas.drawn(piece.map), atlas.fine[piece.map].grid
    np.testing.assert_array_equal(drawn[piece.rows], fine[piece.rows])
    other = np.setdiff1d(np.arange(100), piece.rows)
    rough = atlas.coarse[piece.map].grid
    np.testing.assert_array_equal(
        drawn[other][:, 37], rough[(other + 0.5).astype(int) * coarse // 100, 37 * coarse // 100]
    )


def test_places_keep_their_numbers_and_shades_while_maps_fill_in() -> None:
    q = question(HIMMELBLAU, 90, steps=2000, eta=0.05)
    atlas = Atlas.of(q, run_coarse(q))
    before = [(p.group, p.kind, p.shade, p.point.tolist()) for p in atlas.places]
    for piece in q.pieces():
        atlas.take(piece, run_piece(piece))
    after = [(p.group, p.kind, p.shade, p.point.tolist()) for p in atlas.places]
    assert after[: len(before)] == before
    for i, p in enumerate(atlas.places):
        for other in atlas.places[:i]:
            if (p.group, p.kind) == (other.group, other.kind):
                assert np.linalg.norm(p.point - other.point) > 1e-3 * q.landscape.diagonal


def test_minimizers_whose_basins_meet_have_different_shades() -> None:
    atlas = filled(question(CATALOGUE["rastrigin"], 60))
    grid = atlas.drawn("GD")
    shades = np.array([p.shade for p in atlas.places])
    pairs = np.unique(np.stack([grid[:, 1:].ravel(), grid[:, :-1].ravel()], axis=1), axis=0)
    pairs = pairs[(pairs >= 0).all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
    assert len(pairs) > 20
    assert (shades[pairs[:, 0]] != shades[pairs[:, 1]]).mean() > 0.9
    assert shades.max() < SHADES


def test_a_ring_is_one_place_in_every_piece() -> None:
    atlas = filled(question(RING, 80, steps=1500))
    assert [(p.group, p.curve) for p in atlas.places if p.curve] == [("minimizer", True), ("hallucinated", True)]


def test_all_pieces_together_take_the_time_that_is_estimated_more_or_less() -> None:
    for entry in (HIMMELBLAU, WELL, SINE):
        assert question(entry, 200).cost == pytest.approx(4.0 * question(entry, 100).cost, rel=0.6)
        assert question(entry, 200).coarse.n <= 50


# Pictures


def test_every_group_has_a_colour_and_no_two_meanings_share_one() -> None:
    meanings = [
        ("minimizer", "minimizer"),
        ("hallucinated", "minimizer"),
        ("trapped", "saddle"),
        ("trapped", "maximizer"),
    ]
    inks = [color(group, kind, shade) for group, kind in meanings for shade in range(SHADES)]
    inks += [color(name) for name in PLACELESS]
    assert len(set(inks)) == len(inks)
    assert sorted(PLACELESS + PLACED) == sorted(GROUPS)


@pytest.mark.parametrize("entry", [HIMMELBLAU, WELL, CATALOGUE["rastrigin"]], ids=lambda entry: entry.name)
def test_the_picture_has_the_cells_in_the_colours_of_their_places(entry: object) -> None:
    q = question(entry, 20, steps=300)
    atlas = filled(q)
    whole = Question(q.landscape, q.rho, q.eta, entry.start, q.steps)  # type: ignore[attr-defined]
    a = answer(whole)
    name = "SAM" if q.landscape.dim == 2 else "radii"
    picture = draw_map(whole, a, atlas, name if q.landscape.dim == 2 else "")
    cells = picture.data[0]
    scale, classes = cells.colorscale, (cells.zmax - cells.zmin)
    for code, z in zip(atlas.drawn(name).ravel()[:50].tolist(), np.asarray(cells.z).ravel()[:50].tolist(), strict=True):
        at = (z - cells.zmin) / classes
        ink = next(ink for low, ink in reversed(scale) if low <= at + 1e-12)
        p = atlas.places[code] if code >= 0 else None
        assert ink == (color(p.group, p.kind, p.shade) if p else color(PLACELESS[-1 - code]))
    low, high = q.landscape.domain[0]
    assert cells.x0 == pytest.approx(low + 0.5 * (high - low) / 20)
    assert draw_both(whole, atlas).data


def test_no_two_colours_look_the_same_to_anybody() -> None:
    families = (("minimizer", ""), ("hallucinated", ""), ("trapped", "saddle"), ("trapped", "maximizer"))
    inks = [color(group, kind, shade) for group, kind in families for shade in range(SHADES)]
    inks += [color(name) for name in PLACELESS if name != "undefined"]
    linear = np.array([[int(ink[i : i + 2], 16) / 255.0 for i in (1, 3, 5)] for ink in inks])
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    for seen in (np.eye(3), PROTAN, DEUTAN):
        lab = np.cbrt(np.clip(linear @ seen.T, 0.0, 1.0) @ LMS.T) @ LAB.T
        apart = np.linalg.norm(lab[:, None] - lab, axis=-1) + np.eye(len(inks))
        assert apart.min() > 0.06


# Oklab (Ottosson 2020), and sight without the cones for red or for green (Machado et al. 2009)
LMS = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
LAB = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])
PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])


def test_every_number_on_a_map_stands_on_its_place_or_in_its_basin() -> None:
    q = question(HIMMELBLAU, 60, steps=HIMMELBLAU.steps)
    atlas = filled(q)
    grid, of = atlas.drawn("SAM"), atlas.shares("SAM")[1]
    spots = {i: Spot(*atlas.where("SAM", i), "", "", 0, "") for i in of}
    found = labels_of(grid, q.landscape.domain, list(spots.items()))
    assert {int(label.text) - 1 for label in found} >= {i for i, share in of.items() if share.share > 0.05}
    for label in found:
        code = int(label.text) - 1
        if label.beside:
            assert (label.x, label.y) == (spots[code].x, spots[code].y)
        else:
            (left, right), (bottom, top) = q.landscape.domain
            row, column = int((label.y - bottom) / (top - bottom) * 60), int((label.x - left) / (right - left) * 60)
            assert grid[row, column] == code
    beside = np.array([(label.x, label.y) for label in found if label.beside])
    apart = np.abs(beside[:, None] - beside).max(axis=-1) + 99.0 * np.eye(len(beside))
    assert apart.min() > 0.5  # of a window that is 12 wide


def test_what_is_provisional_is_veiled_only_while_better_is_on_its_way() -> None:
    q = question(HIMMELBLAU, 100, steps=200)
    atlas = Atlas.of(q, run_coarse(q))
    whole = Question(q.landscape, q.rho, q.eta, HIMMELBLAU.start, q.steps)
    a = answer(whole)

    def veiled(filling: bool) -> int:
        traces = [t for t in draw_map(whole, a, atlas, "SAM", filling).data if t.name == "provisional"]
        return int(np.nansum(traces[0].z)) if traces else 0

    assert (veiled(True), veiled(False)) == (100, 0)
    piece = next(piece for piece in q.pieces() if piece.map == "SAM")
    atlas.take(piece, run_piece(piece))
    assert veiled(True) == veiled(False) == 100 - len(piece.rows)


# Words


def test_headlines_have_the_shares() -> None:
    atlas = filled(question(WELL, 50, steps=2000))
    assert headline(atlas, "GD") == "GD: 100% of the starts end at a true minimizer."
    shares = atlas.shares("SAM")[0]
    said = headline(atlas, "SAM")
    assert f"{percent(shares['hallucinated'].share)} " in said
    assert f"{percent(shares['minimizer'].share)} " in said
    assert "50 starts: at a true minimizer" in alternative(atlas, "SAM")


def test_a_landscape_from_which_every_start_diverges_says_so() -> None:
    atlas = filled(question(HIMMELBLAU, 20, eta=8.0))
    for name in RULE_NAMES:
        assert headline(atlas, name) == (
            f"{name} diverges from every start of this map: η = 8 is too large a step, or f has no lower bound."
        )  # fmt: skip
    nowhere = MapQuestion(Landscape("log(-1 - x^2 - y^2)", ((-1, 1), (-1, 1))), 0.5, 0.01, 50, 20)
    assert headline(filled(nowhere), "SAM") == "f is not defined at any start of this window."


# What is taken away


@pytest.mark.parametrize("entry", [HIMMELBLAU, WELL], ids=["plane", "line"])
def test_the_labels_are_verdicts(entry: object) -> None:
    q = question(entry, 20, steps=400)
    table = labels(filled(q))
    assert len(table) == (800 if q.landscape.dim == 2 else 440)
    rng = np.random.default_rng(0)
    for i in rng.choice(len(table), 25, replace=False):
        row = table.iloc[i]
        rule = gd(q.landscape, q.eta) if row.rule == "GD" else sam(q.landscape, q.eta, row.rho)
        start = [row.x, row.y] if q.landscape.dim == 2 else [row.x]
        v = verdict(q.landscape, iterate(rule, start, q.steps))
        assert (row.ends, row.kind) == (v.outcome, v.kind or "")


def test_a_worker_can_be_sent_the_maps_to_write_their_labels() -> None:
    atlas = filled(question(WELL, 20))
    assert labels_csv(pickle.loads(pickle.dumps(atlas))) == labels_csv(atlas)


@pytest.mark.parametrize("entry", [HIMMELBLAU, WELL], ids=["plane", "line"])
def test_the_script_prints_the_shares(entry: object) -> None:
    q = question(entry, 15, steps=300)
    atlas, out = filled(q), io.StringIO()
    with redirect_stdout(out):
        exec(script(q), {})
    for name in RULE_NAMES:
        for share in atlas.shares(name)[0].values():
            assert f"{name} {share.group} {round(share.share, 4)} +- {round(share.error, 4)}" in out.getvalue()


# The page


def table_text(app: AppTest) -> str:
    return unescape(re.sub("<[^>]*>", " ", "".join(e.proto.body for e in app.get("html") if "<table" in e.proto.body)))


def test_the_page_opens_with_maps_and_shares() -> None:
    app = visit(PAGE, grid="20")
    q = question(WELL, 20, steps=WELL.steps)
    atlas = Atlas.of(q, run_coarse(q))
    assert verdicts(app)[:2] == [headline(atlas, name) for name in ("SAM", "GD")]
    assert re.search(r"all starts\s+100%\s+100%", table_text(app))
    assert [e.key for e in app.get("bidi_component") if e.key.startswith("map")][0] == "map-radii"
    assert any("looked" in text or "stopped" in text for text in verdicts(app)[2:])


def test_in_two_variables_there_are_two_maps() -> None:
    app = visit(PAGE, landscape=HIMMELBLAU.name, grid="12", steps="2000", eta="0.05")
    keys = [e.key for e in app.get("bidi_component")]
    assert "map-GD" in keys and "map-SAM" in keys
    assert "minimizer (3.00, 2.00)" in table_text(app)


@pytest.mark.parametrize(
    ("asked", "used", "says"),
    [
        ("1000", 400, "The link asks for 1000 starts along an axis; 400 are the most, and are used."),
        ("9" * 500, 400, "400 are the most"),
        ("3", 200, "which is not a whole number from 10 to 400; 200 is used"),
        ("many", 200, "which is not a whole number from 10 to 400; 200 is used"),
        ("-400", 200, "which is not a whole number from 10 to 400; 200 is used"),
    ],
)
def test_a_grid_beyond_the_limits_is_said(asked: str, used: int, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.shared.basins_page.MapWork", _no_work)
    app = visit(PAGE, grid=asked, steps="50")
    assert app.number_input(key="grid").value == used
    assert any(says in note for note in notes(app))


class _no_work:  # noqa: N801
    """In place of workers, which these tests do not need."""

    about, done, seen, by_hand, cut_short, stopped = None, True, True, True, False, True

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas

    def __getattr__(self, name: str) -> object:
        return 0.0 if name == "share" else (lambda *_: [])


@pytest.mark.parametrize(
    "link",
    [
        {"formula": "log(x)*sqrt(y)", "steps": "60"},
        {"formula": "log(-1-x^2)", "steps": "60"},
        {"formula": "0*x+3", "steps": "60"},
        {"formula": "1/x", "steps": "60"},
        {"formula": "exp(exp(x+y))", "steps": "60"},
        {"formula": "abs(x)+abs(y)", "steps": "60", "rho": "0"},
        {"formula": "x^2+rho*y^2", "steps": "60"},
        {"formula": "sin(x/rho)", "steps": "60"},
        {"landscape": "Ring of minimizers", "steps": "60", "eta": "10"},
        {"landscape": "Sine wave", "steps": "60", "rho": "0"},
        {"formula": "sine(", "steps": "1"},
    ],
    ids=lambda link: str(next(iter(link.values()))),
)
def test_whatever_is_asked_the_page_answers(link: dict[str, str]) -> None:
    app = visit(PAGE, grid="10", **link)
    assert re.search(r"all starts\s+100%\s+100%", table_text(app))
    healthy(app.run())
    assert "Traceback" not in said(app)


@pytest.mark.parametrize("asked", ["1e999", "-1e999", "9" * 500, "nan"])
def test_an_endless_number_in_a_link_is_replaced_on_every_page(asked: str) -> None:
    app = visit("pages/1_Explore.py", steps=asked)
    assert app.number_input(key="steps").value == WELL.steps
    assert any("which is not a whole number" in note for note in notes(app))


@pytest.mark.parametrize("rho", [0.8, 1.0, 1.3, 1.59])
def test_below_the_critical_radius_the_page_says_what_holds_sam(rho: float) -> None:
    """On the home page's landscape the hilltop does, from more of the starts the nearer rho comes."""
    entry = CATALOGUE["hill"]
    l = entry.landscape
    critical = critical_radius(l, entry.rho_max, entry.eta)
    assert rho < critical
    atlas = filled(question(entry, 200, entry.steps, rho=rho))
    words = below_critical(atlas, critical)
    assert f"below the critical radius {number(critical)}" in words
    # Every start by itself, with a verdict on its run.
    (low, high), held = l.domain[0], 0
    for x in low + (high - low) * (np.arange(200) + 0.5) / 200:
        v = verdict(l, iterate(sam(l, entry.eta, rho), (float(x),), entry.steps))
        assert v.outcome != "hallucinated"
        held += v.outcome in ("trapped", "stopped") and v.kind == "maximizer"
    assert f"SAM is held at a maximizer from {percent(held / 200)} ±" in words
    assert below_critical(atlas, rho) == below_critical(atlas, None) == ""
    if rho == 0.8:
        app = visit(PAGE, landscape=entry.name, rho="0.8")
        assert any(m.value.startswith("ρ = 0.8 is below the critical radius 1.60") for m in app.markdown)
