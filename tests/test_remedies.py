"""The search for warm-starts, and what the page on remedies asks of the core, against runs made one by one."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynamics import RECIPES, Rescue, gd, iterate, rescue, sam, verdict, warm_start
from dynamics.grouping import GROUP_OF, Share
from dynamics.rescue import edge
from dynamics.sentences import number, percent
from figures.basins import color
from figures.palette import RULES, SYMBOLS
from figures.remedies import Bar, fractions, over_radius
from figures.shapes import POLYGONS, REACH, path
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared import takeaway
from pages.shared.analysis import Question, answer
from pages.shared.remedies import (
    SAM_ALONE,
    Ends,
    GridCase,
    Heat,
    Remedy,
    Warm,
    WarmCase,
    cells,
    fine,
    race,
    run_grid,
    run_rescue,
    warm,
)
from pages.shared.remedies_grid import decays, draw, in_words, table
from pages.shared.remedies_table import equation, table_csv
from pages.shared.remedies_table import in_words as plain_equation
from pages.shared.remedies_warm import here, over, radii_of
from pages.shared.remedies_words import alike, finding, on_radius, over_grid, ranked

ROOT = Path(__file__).resolve().parent.parent
WELL = CATALOGUE["double-well"]
HIMMELBLAU = CATALOGUE["himmelblau"]
RING = CATALOGUE["ring"]
L = WELL.landscape


def group(l: Landscape, x: np.ndarray, eta: float, rho: float, steps: int) -> str:
    """How SAM ends from x, by a run of its own."""
    return GROUP_OF[verdict(l, iterate(sam(l, eta, rho), x, steps)).outcome]


def question(e: Entry = WELL, **changes: object) -> Question:
    values = {"landscape": e.landscape, "rho": e.rho, "eta": e.eta, "start": e.start, "steps": e.steps}
    return Question(**values | changes)  # type: ignore[arg-type]


# The shortest warm-start


@pytest.fixture(scope="module")
def well() -> Rescue:
    found = rescue(L, WELL.eta, WELL.rho, WELL.start, 1000, 2000)
    assert found is not None
    return found


def test_the_double_well_is_rescued_by_153_steps_and_not_by_152(well: Rescue) -> None:
    assert well.shortest == 153
    assert (well.groups[:153] == "hallucinated").all()
    assert not len(well.relapses)
    assert well.undecided == 0
    for k, outcome in ((152, "hallucinated"), (153, "bouncing")):  # as one rule, from the start
        rule = warm_start(gd(L, WELL.eta), sam(L, WELL.eta, WELL.rho), k)
        assert verdict(L, iterate(rule, WELL.start, 2000 + k)).outcome == outcome


def test_gradient_descent_is_followed_until_it_rests(well: Rescue) -> None:
    x = iterate(gd(L, WELL.eta), WELL.start, 1000).x
    np.testing.assert_array_equal(well.points, x[: well.looked + 1])
    assert well.rests
    assert not well.leaves
    assert (x[well.looked :] == x[well.looked]).all()
    assert (x[well.looked] != x[well.looked - 1]).all()


@pytest.mark.parametrize(
    ("entry", "start", "rho", "relapses"),
    [(HIMMELBLAU, (5.564, -4.194), 3.204, True), (WELL, (0.5,), 1.2, False)],
    ids=["2D", "1D"],
)
def test_every_warm_start_ends_as_a_run_of_its_own_and_longer_need_not_be_better(
    entry: Entry, start: tuple[float, ...], rho: float, relapses: bool
) -> None:
    l, eta = entry.landscape, entry.eta
    found = rescue(l, eta, rho, start, 120, 800)
    assert found is not None
    assert len(found.groups) == 121
    lost, k = found.relapses, found.shortest
    assert bool(len(lost)) == relapses
    assert k is not None
    some = {0, k, max(0, k - 1), 60, 120, *lost[:1].tolist(), *lost[-1:].tolist()}
    for i in some:
        assert group(l, found.points[i], eta, rho, 800) == found.groups[i]
        assert found.saved[i] == (found.groups[i] == "minimizer")
    assert set(lost) == {i for i in range(k, 121) if not found.saved[i]}
    assert not found.saved[:k].any()


def test_a_search_that_finds_none_says_how_far_it_looked() -> None:
    """Ring: for 1 < rho < 2 SAM leaves every point of it, so nothing rescues."""
    case = WarmCase(question(RING), 40)
    found = run_rescue(case)
    assert found.shortest is None
    assert not len(found.relapses)
    assert found.looked == 40
    said = here(case, Warm(found, None), answer(case.question))
    assert len(said) == 1
    assert "no warm-start rescues this start" in said[0]
    assert "up to 40 steps" in said[0]
    assert "at a hallucinated point" in said[0]


def test_where_the_gradient_is_zero_there_is_one_start_to_try() -> None:
    found = rescue(L, 0.01, 1.0, (0.0,), 500, 300)
    assert found is not None
    assert (found.looked, found.rests, found.shortest) == (0, True, None)
    assert found.groups.tolist() == ["trapped"]


@pytest.mark.parametrize(
    ("formula", "start", "eta", "looked"), [("log(x) + x^2", -1.0, 0.1, 0), ("x^4", 3.0, 1.0, None)]
)
def test_gradient_descent_may_leave(formula: str, start: float, eta: float, looked: int | None) -> None:
    found = rescue(Landscape(formula, ((-2.0, 2.0),)), eta, 0.5, (start,), 200, 50)
    assert found is not None
    assert found.leaves
    assert found.shortest is None
    assert found.looked == looked or (looked is None and 0 < found.looked < 20)
    assert np.isfinite(found.points[1:]).all()


def test_the_search_can_be_stopped_and_tells_how_far_it_is(well: Rescue) -> None:
    assert rescue(L, 0.01, 1.0, (0.1,), 50, 500, stop=lambda: True) is None
    told: list[float] = []
    assert rescue(L, 0.01, 1.0, (0.1,), 50, 500, report=told.append) is not None
    assert told
    assert sorted(told) == told
    with pytest.raises(ValueError, match="most must be >= 0, got -1"):
        rescue(L, 0.01, 1.0, (0.1,), -1, 500)


# Fact 8: by how much a basin has to be left, in one variable


@pytest.mark.parametrize("rho", [0.7, 1.0, 1.3, 1.6])
def test_the_basin_ends_a_radius_from_the_maximizer(rho: float) -> None:
    """In (0, b) the basin of x = rho - a is x < rho: the look-ahead point crosses the maximizer 0 there."""
    lost, saved = edge(L, 0.01, rho, 0.1, 2.0, 2000)
    assert lost < saved <= lost + 2e-9 * L.diagonal
    assert lost - 1e-8 < rho < saved + 1e-8
    found = rescue(L, 0.01, rho, (0.1,), 400, 2000)
    assert found is not None
    k = found.shortest
    assert k
    assert found.points[k - 1, 0] < rho < found.points[k, 0]


@pytest.mark.parametrize(("rho", "eta", "rescued"), [(1.9, 0.002, True), (2.1, 0.002, False), (1.9, 0.01, False)])
def test_a_warm_start_rescues_where_the_minimizer_is_out_of_the_basin(rho: float, eta: float, rescued: bool) -> None:
    """For small eta exactly if rho < b = 2; at eta = 0.01 bouncing around b carries SAM back below rho = 1.9."""
    found = rescue(L, eta, rho, (0.1,), round(6.0 / eta), round(10.0 / eta))
    assert found is not None
    assert (found.shortest is not None) == rescued
    assert not len(found.relapses)


def test_an_edge_is_for_one_variable() -> None:
    with pytest.raises(ValueError, match="in one variable only, the landscape has 2"):
        edge(RING.landscape, 0.01, 1.0, 0.1, 1.0, 100)


def test_what_is_said_of_the_double_well_is_computed(well: Rescue) -> None:
    case = WarmCase(question(), 1000)
    said = " ".join(here(case, warm(case), answer(case.question)))
    for words in (
        "has 153 steps of GD**; after 152 steps SAM still ends at a hallucinated point",
        f"up to {well.looked} steps was tried, each with 2,000 of SAM",
        "Every longer one that was tried rescues it too.",
        "ends at x = 1.00, 0.900 from the start and 0.600 from where SAM stops; GD passes it in step 153",
        "From there SAM looks at the maximizer of f at x = 0, ρ away",
    ):
        assert words in said, words


def test_over_the_radius() -> None:
    case = WarmCase(question(steps=600), 300)
    cases = radii_of(case)
    radii = [c.question.rho for c in cases]
    assert radii == sorted(set(radii))
    assert WELL.rho in radii
    assert max(radii) == WELL.rho_max
    found = [run_rescue(c) for c in cases[4::12]]
    words = over(found)
    alone, needs = sum(r.shortest == 0 for r in found), sum(bool(r.shortest) for r in found)
    assert f"At {alone} of them SAM alone ends at a true minimizer" in words
    assert f"At {needs} it needs a warm-start" in words
    picture = over_radius(
        np.array([r.rho for r in found]), [r.groups for r in found], [r.kinds for r in found],
        [r.rests for r in found], [r.shortest for r in found], 1.0,
    )  # fmt: skip
    heat, line = picture.data[0], picture.data[-1]
    assert list(line.x) == [r.rho for r in found]
    for column, r in enumerate(found):
        for row, k in enumerate(heat.y):
            if k <= r.looked or r.rests:  # in the colour that it has on the maps of basins
                end = min(k, r.looked)
                ink = heat.colorscale[2 * int(heat.z[row, column])][1]
                assert ink == color(str(r.groups[end]), str(r.kinds[end]))
        assert r.shortest == line.y[column] or (r.shortest is None and np.isnan(line.y[column]))


def test_a_parameter_rho_goes_with_the_radius() -> None:
    case = WarmCase(question(CATALOGUE["sine"]), 10)
    for other in radii_of(case):
        assert dict(other.question.landscape.parameters)["rho"] == other.question.rho


# The race


EVERY = tuple(Remedy(name) for name in RECIPES if name != "sam")


def test_each_remedy_runs_as_its_rule_and_is_called_by_its_label() -> None:
    q = question(steps=300)
    tried = (*EVERY, Remedy("warm", (("warm", 20.0),)), Remedy("noise", (("seed", 3.0), ("sigma", 0.5))))
    runs = race(tuple(Heat(q, remedy) for remedy in tried))
    for remedy, run in zip(tried, runs, strict=True):
        rule = RECIPES[remedy.name].build(L, q.eta, q.rho, q.steps, dict(remedy.options))
        orbit = iterate(rule, q.start, q.steps)
        np.testing.assert_array_equal(run.orbit.x, orbit.x)
        v = verdict(L, orbit)
        assert run.verdict.sentence == v.sentence
        assert run.orbit.name == remedy.label == RECIPES[remedy.name].label
        assert fine(run) == (v.outcome in ("reached", "bouncing"))
    said = finding(answer(q), runs)
    good = [run.orbit.name for run in runs if fine(run)]
    assert all(name in said for name in good)
    rows = pd.read_csv(io.BytesIO(table_csv(q, runs, tried)))
    assert rows["x"].tolist() == pytest.approx([float(run.verdict.point[0]) for run in runs], rel=1e-15)  # type: ignore[index]
    assert rows["at_true_minimizer"].tolist() == [fine(run) for run in runs]


def test_the_presets_of_the_page_differ_in_how_they_end() -> None:
    from pages.shared.remedies_controls import USUAL

    runs = race(tuple(Heat(question(), Remedy(name)) for name in USUAL))
    assert len({run.verdict.outcome for run in runs}) == len(runs)


def test_every_rule_has_a_colour_and_a_shape_of_its_own() -> None:
    labels = {"GD", *(recipe.label for recipe in RECIPES.values())}
    assert set(RULES) == set(SYMBOLS) == labels
    assert len(set(RULES.values())) == len(set(SYMBOLS.values())) == len(labels)
    assert set(SYMBOLS.values()) == set(POLYGONS)
    for symbol, corners in POLYGONS.items():
        x = np.array(corners)
        assert np.abs(x).max() <= REACH
        assert path(symbol).count("L") == len(corners) - 1
        across, up = x.T
        area = 0.5 * abs(np.dot(across, np.roll(up, 1)) - np.dot(up, np.roll(across, 1)))
        assert 40.0 < area < 200.0


def test_equations_in_plain_characters_have_no_latex_left() -> None:
    for recipe in RECIPES.values():
        plain = plain_equation(recipe.equation)
        assert not set("\\{}$^_") & set(plain), plain
    assert plain_equation(equation("SAM", ())) == "x⁺ = x + ρ g/|g|, x ← x − η s"
    assert plain_equation(equation("GD", ())) == "x ← x − η g"


def test_the_script_makes_the_same_runs() -> None:
    q = question(steps=200)
    tried = [("warm", {"warm": 20.0}), ("gsam", {})]
    run = subprocess.run(
        [sys.executable, "-c", takeaway.script(q, tried)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    for (name, options), line in zip(tried, lines[2:], strict=False):
        rule = RECIPES[name].build(L, q.eta, q.rho, q.steps, options)
        assert (
            line
            == f"{rule.name} {iterate(rule, q.start, 200).x[-1].tolist()} "
            + verdict(L, iterate(rule, q.start, 200)).sentence
        )
    rows = pd.read_csv(io.BytesIO(takeaway.run_csv(q, tried)))
    assert len(rows) == 4 * 201
    assert rows["rule"].unique().tolist() == ["GD", "SAM", "SAM after 20 steps of GD", "GSAM"]


# From a grid of starts


@pytest.mark.parametrize("entry", [WELL, HIMMELBLAU], ids=["1D", "2D"])
@pytest.mark.parametrize("remedy", [None, SAM_ALONE, Remedy("momentum"), Remedy("noise")])
def test_shares_are_those_of_single_runs(entry: Entry, remedy: Remedy | None) -> None:
    q = question(entry, start=(), steps=400)
    l, n = q.landscape, 5
    starts, shape = cells(l, n)
    assert starts.shape == (25, l.dim)
    assert shape[0] * shape[1] == 25
    assert l.contains(starts).all()
    rule = remedy.rule(l, q) if remedy else gd(l, q.eta)
    groups = [GROUP_OF[verdict(l, iterate(rule, x, q.steps)).outcome] for x in starts]
    ends = run_grid(GridCase(q, n, remedy))
    assert {share.group: share.count for share in ends.shares if share.count} == {
        word: groups.count(word) for word in set(groups)
    }
    assert sum(share.share for share in ends.shares) == pytest.approx(1.0, abs=1e-12)
    assert ends.sampled == (remedy == Remedy("noise"))


def test_a_falling_radius_that_ends_on_a_maximizer_is_said_so_and_followed_by_gradient_descent() -> None:
    case = GridCase(question(start=(), steps=1500), 6, Remedy("linear"))
    ends = run_grid(case)
    starts, _ = cells(L, 6)
    rule = RECIPES["linear"].build(L, WELL.eta, WELL.rho, 1500)
    on = [x for x in starts if verdict(L, iterate(rule, x, 1500)).outcome == "stopped"]
    assert ends.stopped == (("maximizer", len(on)),)
    longer = [iterate(rule, x, 3000) for x in on]
    for orbit in longer:  # gradient descent from where the radius has become 0
        np.testing.assert_array_equal(iterate(gd(L, WELL.eta), orbit.x[1500], 1500).x, orbit.x[1500:])
    assert 0 < ends.left == sum(verdict(L, orbit).outcome == "reached" for orbit in longer)
    (said,) = decays({case: ends})
    assert f"of 36 runs {len(on)} (" in said
    assert f"led {ends.left} of these to a minimizer" in said
    none = GridCase(question(CATALOGUE["quadratic-bowl"], start=(), steps=300), 5, Remedy("linear"))
    (said,) = decays({none: run_grid(none)})
    assert "none of its 25 runs" in said


def test_a_landscape_on_which_every_start_diverges_or_f_is_undefined() -> None:
    q = question(HIMMELBLAU, start=(), eta=5.0, steps=100)
    gone = run_grid(GridCase(q, 5, SAM_ALONE))
    assert gone.share("diverged").share == 1.0
    assert gone.share().share == gone.share().error == 0.0
    half = Question(Landscape("log(x) + x^2 - 3*x", ((-2.0, 2.0),)), 0.1, 0.05, (), 300)
    ends = run_grid(GridCase(half, 6, Remedy("linear")))
    assert ends.share("undefined").share == 0.5


def test_the_picture_and_the_words_have_the_shares() -> None:
    q = question(start=(), steps=300)
    found = {case: run_grid(case) for case in (GridCase(q, 5, None), GridCase(q, 5, SAM_ALONE))}
    picture = draw(found)
    bar, dots = picture.data
    np.testing.assert_array_equal(bar.x, [ends.share().share for ends in found.values()])
    np.testing.assert_array_equal(bar.x, dots.x)
    assert (dots.x + dots.error_x.array <= 1.0).all()
    assert (dots.x - dots.error_x.arrayminus >= 0.0).all()
    words = in_words(found)
    for case, ends in found.items():
        assert f"{case.label} {percent(ends.share().share, ends.share().error)}" in words
    rows = table(found)
    shares = rows.drop(columns=["rule", "error"])
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


def test_the_conclusions_count_what_ran() -> None:
    q = question()
    a, runs = answer(q), race(tuple(Heat(q, Remedy(name)) for name in ("warm", "linear", "usam", "asam")))
    assert finding(a, runs).startswith(
        "From this start 1 of 4 remedies ends at a true minimizer: SAM after a warm-start."
    )
    assert "SAM alone does not (at a hallucinated minimizer)" in finding(a, runs)
    assert "none of the remedies tried ends" in finding(a, runs[1:2])
    assert "Choose what to try" in finding(a, ())
    assert alike(a, (a.sam, *runs), L.diagonal).startswith("At one and the same place end SAM; SAM")
    assert [fine(run) for run in ranked(runs)] == [True, False, False, False]
    g, x = abs(float(L.gradient(np.array(q.start))[0])), abs(q.start[0])
    words = on_radius(q, a, runs)
    assert f"USAM {number(q.rho * g)}, ASAM {number(q.rho * (x + 0.01))} at the same ρ" in words
    assert on_radius(q, a, runs[:2]) == ""


def test_over_a_grid_only_what_exceeds_the_errors_is_called_better() -> None:
    q = question(start=(), steps=10)

    def ends(share: float, error: float) -> Ends:
        return Ends((Share("minimizer", 0, share, error),), False, (), 0)

    found = {
        GridCase(q, 5, None): ends(1.0, 0.0),
        GridCase(q, 5, SAM_ALONE): ends(0.5, 0.02),
        GridCase(q, 5, Remedy("warm")): ends(0.6, 0.05),
        GridCase(q, 5, Remedy("usam")): ends(0.53, 0.05),
        GridCase(q, 5, Remedy("asam")): ends(0.1, 0.05),
    }
    assert over_grid(found) == (
        "Over 25 starts of the window SAM alone ends at a true minimizer from 50.0% ± 2.0% of them, GD from 100%. "
        "Better: SAM after a warm-start (60.0%). No different beyond the errors: USAM (53.0%). Worse: ASAM (10.0%)."
    )


def test_an_interval_stays_between_nothing_and_all() -> None:
    picture = fractions([Bar("GD", "#000", "square", 0.02, 0.1, ""), Bar("SAM", "#111", "diamond", 0.97, 0.1, "")], "")
    dots = picture.data[1]
    np.testing.assert_allclose(dots.error_x.array, [0.1, 0.03])
    np.testing.assert_allclose(dots.error_x.arrayminus, [0.02, 0.1])
