"""What the pages ask of the core: the answer is the core's, plain data, and bounded in time."""

import json
import pickle
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamics import gd, hallucinated_points, iterate, sam, stationary_points, verdict
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from landscapes.formula import parse
from pages.shared import compute
from pages.shared.analysis import KEPT, Question, agreement, answer, heights, shifts
from pages.shared.jobs import Busy
from pages.shared.picture import draw_landscape
from pages.shared.player import figure_json
from pages.shared.report import alternative, table
from pages.shared.tracks import playback

HIMMELBLAU = CATALOGUE["himmelblau"]

FUNCTIONS = "sin cos tan asin acos atan sinh cosh tanh exp log log10 sqrt abs".split()
numbers = st.sampled_from(["0", "1", "2", "0.5", "3", "1e-9", "1e300", "pi"])
formulas = st.recursive(
    st.sampled_from(["x", "x", "y", "a", "rho"]) | numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map(lambda parts: "({}{}{})".format(*parts)),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda parts: "{}({})".format(*parts)),
    ),
    max_leaves=8,
)
windows = st.tuples(st.floats(-1e6, 1e6), st.floats(-3.0, 6.0)).map(lambda w: (w[0], w[0] + 10.0 ** w[1]))
usual = st.just((-3.0, 3.0))


def question(entry: Entry, **changes: object) -> Question:
    q = Question(entry.landscape, entry.rho, entry.eta, entry.start, entry.steps)
    return replace(q, **changes)


@pytest.mark.parametrize("name", ["double-well", "himmelblau", "ring", "kinks"])
def test_an_answer_is_what_the_core_says(name: str) -> None:
    q = question(CATALOGUE[name], steps=500)
    a = answer(q)
    for run, rule in ((a.gd, gd(q.landscape, q.eta)), (a.sam, sam(q.landscape, q.eta, q.rho))):
        orbit = iterate(rule, q.start, q.steps)
        np.testing.assert_array_equal(run.orbit.x, orbit.x)
        assert run.verdict.sentence == verdict(q.landscape, orbit).sentence
    found = hallucinated_points(q.landscape, q.rho)
    assert len(a.found) == len(found)
    assert len(a.found.curves) == len(found.curves)
    assert a.found.stationary.points.size  # they are drawn, so they stay, at radius 0 too
    at_zero = answer(replace(q, rho=0.0))
    assert len(at_zero.found) == 0
    np.testing.assert_array_equal(at_zero.found.stationary.points, a.found.stationary.points)
    np.testing.assert_array_equal(at_zero.sam.orbit.x, at_zero.gd.orbit.x)


def test_question_and_answer_go_to_another_process_and_back() -> None:
    q = question(HIMMELBLAU, steps=100)
    assert pickle.loads(pickle.dumps(q)) == q
    assert hash(pickle.loads(pickle.dumps(q))) == hash(q)
    a, b = answer(q), pickle.loads(pickle.dumps(answer(q)))
    np.testing.assert_array_equal(a.found.points, b.found.points)
    assert a.sam.verdict.sentence == b.sam.verdict.sentence


def test_a_long_run_is_thinned_and_keeps_its_ends() -> None:
    q = question(CATALOGUE["double-well"], steps=3 * KEPT)
    run = answer(q).sam.orbit
    whole = iterate(sam(q.landscape, q.eta, q.rho), q.start, q.steps)
    assert len(run.k) <= KEPT
    assert (run.k[0], run.k[-1]) == (0, q.steps)
    np.testing.assert_array_equal(run.x, whole.x[run.k])


def test_where_targets_are_too_many_a_narrower_window_is_searched() -> None:
    rugged = Landscape("sin(12x)*sin(12y)", ((-6.0, 6.0), (-6.0, 6.0)))
    assert stationary_points(rugged, 6.0).left_out
    assert not stationary_points(rugged, 0.1).left_out or len(stationary_points(rugged, 0.1).points) == 4000
    found = answer(Question(rugged, 0.1, 0.01, (1.0, 1.0), 10)).found
    assert found.stationary.window == ((-6.1, 6.1), (-6.1, 6.1))
    assert len(found) >= len(hallucinated_points(rugged, 0.1))


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_the_gradient_agrees_with_autograd(entry: Entry) -> None:
    assert agreement(entry.landscape) < 1e-12


@pytest.mark.parametrize("text", ["0/0*x", "(0 - 8)^(1/3)*x*y", "sqrt(-1 - x^2)", "log(0)*x", "10^400*x"])
def test_where_nothing_is_defined_nothing_agrees(text: str) -> None:
    dim = 2 if "y" in text else 1
    assert np.isnan(agreement(Landscape(text, ((-1.0, 1.0),) * dim)))


@pytest.mark.parametrize("entry", [CATALOGUE["double-well"], HIMMELBLAU], ids=["one", "two"])
def test_heights_are_the_values_on_the_grid(entry: Entry) -> None:
    l = entry.landscape
    axes, z = heights(l)
    assert [(axis[0], axis[-1]) for axis in axes] == list(l.domain)
    index = (3, 100)[: l.dim]
    point = [axis[i] for axis, i in zip(axes, reversed(index), strict=True)]
    assert z[index] == pytest.approx(l.value(point), rel=1e-14)


def test_shifts_look_ahead_along_the_gradient() -> None:
    l, rho = HIMMELBLAU.landscape, 1.7
    x, value, s = shifts(l, rho, 9)
    g = l.gradient(x)
    ahead = x + rho * g / np.linalg.norm(g, axis=-1, keepdims=True)
    np.testing.assert_allclose(value, l.value(ahead), rtol=1e-12)
    np.testing.assert_allclose(s, l.gradient(ahead), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(shifts(l, 0.0, 9)[1], l.value(x))


def test_cost_grows_with_steps_formula_and_variables() -> None:
    q = question(HIMMELBLAU)
    long = Landscape("+".join(f"sin({i}x)*cos({i}y)" for i in range(1, 16)), HIMMELBLAU.landscape.domain)
    assert q.cost < replace(q, steps=100_000).cost
    assert q.cost < replace(q, landscape=long).cost
    for entry in CATALOGUE.values():
        assert question(entry, steps=100).cost < compute.PATIENCE
    assert replace(q, steps=100_000).cost > compute.PATIENCE
    assert replace(q, landscape=long, steps=100).cost > compute.PATIENCE


def test_an_answer_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(compute, "answer", lambda q: asked.append(q) or "answer")
    q = question(HIMMELBLAU, steps=17)
    assert compute.ask(q) == compute.ask(replace(q)) == "answer"
    assert asked == [q]
    compute.ask.cache_clear()


def test_a_worker_that_does_not_answer_is_given_up_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    job = SimpleNamespace(future=Future(), running=True, stop=lambda at_once: stopped.append(at_once))
    monkeypatch.setattr(compute, "submit", lambda *_, **__: job)
    monkeypatch.setattr(compute, "LONGEST", 0.01)
    with pytest.raises(Busy, match="takes longer than .* Ask for fewer steps"):
        compute.ask(question(HIMMELBLAU, steps=99_999))
    assert stopped
    job.running = False  # it has waited all the while
    with pytest.raises(Busy, match="Everybody is computing"):
        compute.ask(question(HIMMELBLAU, steps=99_999))


@settings(max_examples=60)
@given(
    text=formulas,
    pairs=st.tuples(usual | windows, usual | windows),
    place=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
    rho=st.sampled_from([0.0, 0.01, 0.3, 1.0]),
    eta=st.sampled_from([1e-7, 0.01, 10.0]),
    a=st.floats(-1e6, 1e6),
)
def test_whatever_is_asked_is_answered_and_drawn(
    text: str,
    pairs: tuple[tuple[float, float], ...],
    place: tuple[float, float],
    rho: float,
    eta: float,
    a: float,
) -> None:
    formula = parse(f"x + {text}")  # warnings are errors here
    domain = pairs[: formula.dim]
    rho *= 0.5 * min(high - low for low, high in domain)
    parameters = {name: {"a": a, "rho": rho}[name] for name in formula.parameters}
    start = tuple(low + share * (high - low) for (low, high), share in zip(domain, place, strict=False))
    q = Question(Landscape(formula.text, domain, parameters), rho, eta, start, 40)
    found = answer(q)
    for extras in (False, True):
        picture = draw_landscape(q, found, surrogate=extras, field=extras)
        json.dumps(figure_json(picture), allow_nan=False)
    assert found.sam.verdict.sentence in alternative(q, found)
    assert len(table(q, found.found)) == len(found.found)
    assert len(playback(q, found).tracks) == 2
