"""Proofs of completeness: balls enclose, proofs agree with the search, and everything that is left out shows."""

import ast
import importlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import root

import dynamics
from dynamics import (
    HallucinatedPoints,
    boxes,
    certificate,
    hallucinated_points,
    hallucination_curves,
    stationary_points,
    turn,
)
from dynamics.krawczyk import Corners
from dynamics.proof import at_most, sentence_of
from landscapes import CATALOGUE, Landscape

# Entries whose gradient has kinks or degenerate zeros in the widened window, and the reason that has to be given.
UNDECIDED = {
    "kinks": "absolute value",
    "ackley": "undefined",  # its centre
    "shelf": "singular",
    "ring": "curve",
    "linear-network": "curve",
}
SHARES = (0.137, 0.31, 0.533, 0.771, 0.961)  # of rho_max; no landscape of the catalogue has an event there
HIMMELBLAU = CATALOGUE["himmelblau"].landscape
SQUARE = ((-2.0, 2.0), (-2.0, 2.0))


def proof_of(l: Landscape, rho: float, eta: float = 0.0) -> tuple[dynamics.Proof, HallucinatedPoints]:
    found = hallucinated_points(l, rho)
    return certificate(l, rho, found, eta), found


# The catalogue


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in UNDECIDED])
def test_every_smooth_landscape_is_decided_and_agrees_with_the_search(name: str, share: float) -> None:
    entry = CATALOGUE[name]
    rho = share * entry.rho_max
    proof, found = proof_of(entry.landscape, rho, entry.eta)
    assert proof.proved and proof.complete and not proof.reasons, proof.headline
    assert len(proof.points) == len(found) == proof.confirmed
    assert "undecided" not in proof.attracts and "undecided" not in proof.kinds
    assert (proof.attracts == "attracts").sum() == found.attract(entry.eta).sum()
    assert proof.errors.max(initial=0.0) <= 1e-9 * entry.landscape.diagonal


@pytest.mark.parametrize("share", SHARES[1::2])
@pytest.mark.parametrize("name", [name for name in UNDECIDED if name != "ackley"])
def test_kinks_and_degenerate_points_end_undecided_and_contradict_nothing(name: str, share: float) -> None:
    entry = CATALOGUE[name]
    proof, _ = proof_of(entry.landscape, share * entry.rho_max, entry.eta)
    assert not proof.proved and not proof.complete and not proof.differences
    assert len(proof.undecided_boxes)
    assert any(UNDECIDED[name] in reason for reason in proof.reasons), proof.headline


def test_of_ackleys_function_only_the_kink_is_undecided() -> None:
    entry = CATALOGUE["ackley"]
    proof, found = proof_of(entry.landscape, 0.2, entry.eta)
    assert not proof.differences and proof.confirmed == len(found)
    assert (proof.undecided_boxes[:, :, 0] <= 0.0).all() and (proof.undecided_boxes[:, :, 1] >= 0.0).all()
    assert UNDECIDED["ackley"] in proof.headline


def test_himmelblaus_function_at_radius_three() -> None:
    proof, found = proof_of(HIMMELBLAU, 3.0, 0.02)
    assert (len(proof.boxes), len(proof.points)) == (9, 14)
    assert proof.headline == "Proved: these are all 14 hallucinated points in this window."
    assert "9 boxes" in proof.sentence and "14 arcs" in proof.sentence
    assert sorted(proof.kinds) == ["maximizer"] + 4 * ["minimizer"] + 4 * ["saddle"]
    assert (proof.attracts == "attracts").sum() == 5
    np.testing.assert_allclose(proof.points, found.points, atol=1e-12)


@pytest.mark.parametrize("name", ["double-well", "wavy-bowl", "himmelblau", "six-hump-camel"])
def test_every_box_holds_one_stationary_point_and_every_arc_one_hallucinated_point(name: str) -> None:
    entry = CATALOGUE[name]
    l, rho = entry.landscape, 0.533 * entry.rho_max
    proof, found = proof_of(l, rho)
    s = stationary_points(l, margin=rho).points
    inside = (s[:, None] > proof.boxes[:, :, 0]) & (s[:, None] < proof.boxes[:, :, 1])
    assert (inside.all(axis=2).sum(axis=0) == 1).all()
    assert inside.all(axis=2).any(axis=1).all()
    if l.dim == 1:
        return
    away = (found.targets - found.points) / rho
    turns = np.arctan2(away[:, 1], away[:, 0]) / (2.0 * np.pi)
    after = (turns[:, None] - proof.arcs[:, 0]) % 1.0
    hits = (after < np.ptp(proof.arcs, axis=1)) & (
        np.abs(found.targets[:, None] - proof.zeros[proof.targets]).max(axis=2) < 1e-9
    )
    assert (hits.sum(axis=0) == 1).all() and (hits.sum(axis=1) == 1).all()


def test_the_true_points_are_as_close_as_stated() -> None:
    proof, _ = proof_of(HIMMELBLAU, 3.0)
    with mpmath.workdps(40):

        def gradient(x: Any, y: Any) -> tuple[Any, Any]:
            u, v = x**2 + y - 11, x + y**2 - 7
            return (4 * x * u + 2 * v) / 100, (2 * u + 4 * y * v) / 100

        def shift(x: Any, y: Any) -> tuple[Any, Any]:
            g = gradient(x, y)
            length = mpmath.hypot(*g)
            return gradient(x + 3 * g[0] / length, y + 3 * g[1] / length)

        for point, error in zip(proof.points, proof.errors, strict=True):
            true = mpmath.findroot(shift, [mpmath.mpf(float(v)) for v in point], tol=1e-60)
            apart = mpmath.hypot(*(t - mpmath.mpf(float(v)) for t, v in zip(true, point, strict=True)))
            assert apart <= error < 1e-11


def test_zeros_are_as_close_as_stated() -> None:
    l = Landscape("(x^2 - 2)^2 + (y^2 - 3)^2", SQUARE)
    found = boxes.zeros(l, SQUARE, 1000).zeros
    assert len(found) == 9
    with mpmath.workdps(40):
        for zero in found:
            for c, square in zip(zero.centre, (2, 3), strict=True):
                true = mpmath.sign(round(c)) * mpmath.sqrt(square)
                assert abs(true - mpmath.mpf(c)) <= zero.radius <= 1e-15


@pytest.mark.parametrize("name", ["sine", "kinks", "himmelblau", "ring"])
def test_the_boxes_are_the_widened_window(name: str) -> None:
    entry = CATALOGUE[name]
    proof = certificate(entry.landscape, 0.533 * entry.rho_max)
    every = np.concatenate([proof.decided_boxes, proof.undecided_boxes])
    low, high = np.array(proof.window).T
    assert (every[:, :, 0] >= low).all() and (every[:, :, 1] <= high).all()
    assert np.ptp(every, axis=2).prod(axis=1).sum() == pytest.approx(np.prod(high - low), rel=1e-12)
    points = low + (high - low) * np.random.default_rng(2).uniform(0.0, 1.0, (300, len(low)))
    held = ((points[:, None] >= every[:, :, 0]) & (points[:, None] <= every[:, :, 1])).all(axis=2)
    assert (held.sum(axis=1) == 1).all()


def test_a_proof_is_the_same_every_time() -> None:
    one, two = (certificate(HIMMELBLAU, 2.0) for _ in range(2))
    assert one.sentence == two.sentence and one.looked_at == two.looked_at
    np.testing.assert_array_equal(one.errors, two.errors)


# What is left out shows


@pytest.mark.parametrize("name", ["sine", "himmelblau"])
def test_a_list_that_lacks_one_point_is_not_proved(name: str) -> None:
    entry = CATALOGUE[name]
    rho = 0.533 * entry.rho_max
    _, found = proof_of(entry.landscape, rho)
    for i in range(len(found)):
        proof = certificate(entry.landscape, rho, without(found, i))
        assert proof.complete and not proof.proved
        assert "lacks 1 point" in proof.headline


def without(h: HallucinatedPoints, i: int) -> HallucinatedPoints:
    arrays = ("points", "targets", "kinds", "residuals", "gradient_norms", "eigenvalues", "step_limits", "by_proof")
    return replace(h, **{name: np.delete(getattr(h, name), i, axis=0) for name in arrays})


def with_point_twice(h: HallucinatedPoints) -> HallucinatedPoints:
    arrays = ("points", "targets", "kinds", "residuals", "gradient_norms", "eigenvalues", "step_limits", "by_proof")
    return replace(h, **{name: np.concatenate([getattr(h, name), getattr(h, name)[:1]]) for name in arrays})


def moved(h: HallucinatedPoints) -> HallucinatedPoints:
    return replace(h, points=h.points + 1e-3 * (np.arange(len(h)) == 2)[:, None])


def looking_elsewhere(h: HallucinatedPoints) -> HallucinatedPoints:
    return replace(h, targets=np.roll(h.targets, 1, axis=0))


def renamed(h: HallucinatedPoints) -> HallucinatedPoints:
    return replace(h, kinds=np.where(h.kinds == "saddle", "minimizer", h.kinds))


def attracting(h: HallucinatedPoints) -> HallucinatedPoints:
    return replace(h, step_limits=np.full(len(h), 1.0))


@pytest.mark.parametrize(
    ("falsify", "words"),
    [
        (with_point_twice, "has 1 point that the proof has not"),
        (moved, "has 1 point that the proof has not"),
        (looking_elsewhere, "that the proof has not"),
        (renamed, "differently"),
        (attracting, "whether 9 points attract"),
    ],
)
def test_a_false_list_is_not_proved(falsify: Callable[[HallucinatedPoints], HallucinatedPoints], words: str) -> None:
    found = hallucinated_points(HIMMELBLAU, 3.0)
    proof = certificate(HIMMELBLAU, 3.0, falsify(found), 0.02)
    assert proof.complete and not proof.proved
    assert words in proof.headline
    assert certificate(HIMMELBLAU, 3.0, found, 0.02).proved


NARROW = Landscape("x^2+0.01*exp(-1e7*(x-0.1234)^2)", ((-6.0, 6.0),))  # the search's cells are ten times as wide


def test_zeros_that_the_search_has_missed_are_named() -> None:
    """Though there may be no point at this radius that looks at them."""
    found = hallucinated_points(NARROW, 1.0)
    proof = certificate(NARROW, 1.0, found)
    assert proof.complete and len(found.stationary.points) == 1
    assert len(proof.unsearched) == 2
    np.testing.assert_allclose(proof.unsearched, 0.1234, atol=2e-3)
    for name in ("double-well", "himmelblau", "shelf", "ring"):
        entry = CATALOGUE[name]
        h = hallucinated_points(entry.landscape, entry.rho)
        assert not len(certificate(entry.landscape, entry.rho, h, most=20_000).unsearched)


@pytest.mark.parametrize("lost", [0, 7, 40, 200])
def test_a_box_that_goes_missing_in_the_search_shows(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = hallucinated_points(HIMMELBLAU, 3.0)
    usual, count = boxes.halves, iter(range(10**6))

    def halves(box: Corners, widths: list[float]) -> Iterator[Corners]:
        both = list(usual(box, widths))
        return iter(both[:1] if next(count) == lost else both)

    with monkeypatch.context() as patch:
        patch.setattr(boxes, "halves", halves)
        proof = certificate(HIMMELBLAU, 3.0, found)
    if next(count) > lost:
        assert not proof.proved and not proof.complete
        assert "left out" in proof.headline and proof.sentence.startswith("Nothing is proved")


@pytest.mark.parametrize("lost", [0, 5, 40])
def test_an_arc_that_goes_missing_shows(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = hallucinated_points(HIMMELBLAU, 3.0)
    usual, count = turn.halves, iter(range(10**6))
    monkeypatch.setattr(turn, "halves", lambda *arc: usual(*arc)[: 1 if next(count) == lost else 2])
    proof = certificate(HIMMELBLAU, 3.0, found)
    assert next(count) > lost
    assert not proof.proved and "left out" in proof.headline


def test_a_target_that_goes_missing_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, found = proof_of(HIMMELBLAU, 3.0)
    for i in set(whole.targets.tolist()):

        def fewer(*arguments: Any, i: int = i) -> boxes.Zeros:
            every = boxes.zeros(*arguments)
            return replace(every, zeros=every.zeros[:i] + every.zeros[i + 1 :])

        monkeypatch.setattr(importlib.import_module("dynamics.certificate"), "zeros", fewer)
        proof = certificate(HIMMELBLAU, 3.0, found)
        assert not proof.proved and "that the proof has not" in proof.headline


# Edge cases


def why(text: str, rho: float, domain: Any = SQUARE, **more: Any) -> str:
    l = Landscape(text, domain)
    proof = certificate(l, rho, hallucinated_points(l, rho), **more)
    assert not proof.proved and not proof.differences
    return proof.headline


def test_a_point_on_the_windows_edge_is_undecided() -> None:
    # x = -1 + 1.5 looks at -1, and is the window's edge.
    assert "window's edge" in why("(x^2 - 1)^2", 1.5, ((0.5, 2.0),))
    l = Landscape("(x^2 - 1)^2", ((np.nextafter(0.5, 0.0), 2.0),))
    assert certificate(l, 1.5, hallucinated_points(l, 1.5)).proved
    l = Landscape("(x^2 - 1)^2", ((np.nextafter(0.5, 1.0), 2.0),))
    assert len(certificate(l, 1.5).points) == 0
    assert "window's edge" in why("(x^2 - 1)^2/4 + y^2/2", 1.5, ((0.5, 2.0), (-1.5, 1.5)))


def test_circles_through_another_stationary_point_are_undecided() -> None:
    assert "another stationary point" in why("(x^2 - 1)^2", 1.0, ((-2.0, 2.0),))
    assert "another stationary point" in why("(x^2 - 1)^2 + (y^2 - 1)^2", 2.0)


def test_a_circle_of_hallucinated_points_is_undecided() -> None:
    assert "a whole curve of them" in why("(x^2 + y^2 - 1)^2/4", 0.5)


@pytest.mark.parametrize("text", ["log(x)*x", "sqrt(x) + x^2", "1/x + x", "log(x)*x + y^2", "1/(x - 1) + x^2 + y^2"])
def test_undefined_regions_are_undecided(text: str) -> None:
    assert "undefined" in why(text, 0.7, SQUARE[: 1 + ("y" in text)])


def test_where_f_is_undefined_throughout_nothing_is_left_open() -> None:
    l = Landscape("log(x - 1) - x + sqrt(-2 - x)", ((-1.0, 1.0),))
    proof = certificate(l, 0.5, hallucinated_points(l, 0.5))
    assert proof.proved and proof.sentence.startswith("f′ has no zero")


@pytest.mark.parametrize("text", ["x^2 + log(-1)", "x^2 + log(a)", "x*y + sqrt(a)"])
def test_where_f_is_defined_nowhere_there_is_nothing(text: str) -> None:
    l = Landscape(text, SQUARE[: 1 + ("y" in text)], {"a": -1.0} if "a)" in text else {})
    proof = certificate(l, 0.5, hallucinated_points(l, 0.5))
    assert proof.proved and not len(proof.points)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abs(x)", "kink"),
        ("abs(x)*x", "kink"),  # a zero of g, but H jumps
        ("0*x", "zero throughout"),
        ("0*x + 0*y", "zero throughout"),
        ("x^4", "singular"),
        ("x^3 - 3*x*y^2", "singular"),
        ("exp(exp(exp(exp(x^2))))", "too large"),
    ],
)
def test_other_reasons(text: str, words: str) -> None:
    assert words in why(text, 1.0, SQUARE[: 1 + ("y" in text)])


def test_a_jump_of_the_gradient_over_zero_is_no_zero() -> None:
    # g = x - 0.1 + 0.3 sign(x - 0.1) has none, though its derivative is 1 where there is one.
    l = Landscape("(x - 0.1)^2/2 + 0.3*abs(x - 0.1)", ((-1.0, 1.0),))
    proof = certificate(l, 0.5)
    assert not proof.complete and not len(proof.boxes) and len(proof.undecided_boxes) == 1


def test_a_kink_at_which_the_slope_keeps_its_sign_is_no_obstacle() -> None:
    l = Landscape("x + 2*abs(x - 0.1)*sin(x)", ((-2.0, 2.0),))
    assert proof_of(l, 1.0)[0].proved


def test_a_limit_on_the_boxes() -> None:
    assert "stopped after 50 boxes" in why("sin(9*x)*sin(9*y)", 1.0, most=50)
    l = Landscape("sin(9*x)*sin(9*y)", SQUARE)
    few, many = certificate(l, 1.0, most=2000), certificate(l, 1.0)
    assert sum(few.looked_at) <= 2000 < sum(many.looked_at)
    assert many.complete and not few.complete


def test_radius_zero_and_no_stationary_points() -> None:
    proof, _ = proof_of(HIMMELBLAU, 0.0)
    assert proof.proved and "no hallucinated point" in proof.headline
    proof, _ = proof_of(Landscape("x + y^3/9 + y", SQUARE), 1.0)
    assert proof.proved and "no zero" in proof.sentence


def test_the_fold_of_the_lone_minimizer() -> None:
    l = CATALOGUE["lone-minimizer"].landscape
    before, after = proof_of(l, 2.4484)[0], proof_of(l, 2.4485)[0]
    assert before.proved and after.proved
    assert (len(before.points), len(after.points)) == (0, 4)
    assert (after.attracts == "attracts").sum() == 2


def test_what_attracts_at_a_step_size() -> None:
    found = hallucinated_points(HIMMELBLAU, 3.0)
    for eta in (0.03, 0.05, 0.08, 0.2):
        proof = certificate(HIMMELBLAU, 3.0, found, eta)
        assert proof.proved
        assert list(proof.attracts == "attracts") == list(found.attract(eta))


def test_a_spiral_stops_attracting_where_its_eigenvalues_leave_the_unit_circle() -> None:
    l = CATALOGUE["six-hump-camel"].landscape
    found = hallucinated_points(l, 0.65)
    spirals = (found.step_limits > 0.0) & (np.abs(found.eigenvalues.imag).max(axis=1) > 1.0)
    assert spirals.any()
    for factor in (0.99, 1.01):
        for limit in found.step_limits[spirals]:
            proof = certificate(l, 0.65, found, float(factor * limit))
            assert proof.proved and "undecided" not in proof.attracts


@pytest.mark.parametrize(
    ("attracts", "words"),
    [
        (("undecided",), "Whether it attracts SAM for small enough steps is undecided."),
        (("undecided", "undecided"), "Whether they attract SAM for small enough steps is undecided."),
        (
            ("undecided", "repels"),
            "For one of them it is undecided whether it attracts SAM for small enough steps; the o",
        ),
        (("undecided", "repels", "repels"), "small enough steps; of the others none does."),
        (("undecided", "undecided", "repels"), "For 2 of them it is undecided whether they attract SAM"),
        (
            ("undecided", "attracts", "repels"),
            "One of them attracts SAM for small enough steps; for 1 that is undecided.",
        ),
        (("repels", "repels"), "None of them attracts SAM for small enough steps."),
    ],
)
def test_of_what_is_undecided_nothing_is_said(attracts: tuple[str, ...], words: str) -> None:
    proof, n = certificate(HIMMELBLAU, 3.0), len(attracts)
    few = replace(proof, points=proof.points[:n], arcs=proof.arcs[:n], attracts=np.array(attracts, dtype=object))
    assert words in sentence_of(few, None, 0.0)


def test_a_step_size_that_neither_attracts_nor_repels() -> None:
    """At both targets of (x^2 - 1)^2/8 the second derivative is 1, and with eta = 2 the factor of a step is -1."""
    proof = certificate(Landscape("(x^2-1)^2/8", ((-2.0, 2.0),)), 1.5, None, 2.0)
    assert list(proof.attracts) == ["undecided", "undecided"]
    assert proof.sentence.endswith("Whether they attract SAM at the step size η = 2 is undecided.")


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("exp(-x^2)+exp(-(x-60)^2)", ((-40.0, 100.0),)),
        ("exp(-1000)*(x^2-1)^2", ((-3.0, 3.0),)),
        ("exp(900)*(x^2-1)^2", ((-3.0, 3.0),)),
        ("exp(-1000)*((x^2-1)^2+y^2)", ((-3.0, 3.0), (-2.0, 2.0))),
        ("exp(900)*((x^2-1)^2+y^2)", ((-3.0, 3.0), (-2.0, 2.0))),
    ],
)
def test_slopes_too_small_or_too_large_for_floats(text: str, domain: Any) -> None:
    """Balls know no underflow: three zeros of the gradient, and the points that the same f of common size has."""
    proof = certificate(Landscape(text, domain), 0.5, None, 0.01)
    assert proof.complete
    assert len(proof.zeros) == 3
    if "60" not in text:
        same = certificate(Landscape(text.partition("*")[2], domain), 0.5, None, 0.01)
        np.testing.assert_allclose(proof.points, same.points, atol=1e-12)
        assert list(proof.attracts) == list(same.attracts) == ["repels"] * len(same.points)
    else:
        np.testing.assert_allclose(proof.zeros[:, 0], [0.0, 30.0, 60.0], atol=1e-12)
        np.testing.assert_allclose(proof.points[:, 0], [-0.5, 0.5, 59.5, 60.5], atol=1e-12)


def test_written_bounds_are_bounds() -> None:
    for value in np.random.default_rng(4).uniform(0.1, 1.0, 200) * 10.0 ** np.arange(-100, 100):
        mantissa, _, exponent = at_most(float(value)).replace(",", "").partition("·10")
        raised = exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
        assert value <= float(f"{mantissa}e{raised}") <= max(1.02 * value, 1.1e-30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((HIMMELBLAU, -1.0), "rho must be"),
        ((HIMMELBLAU, np.inf), "rho must be"),
        ((HIMMELBLAU, 1.0, None, -0.1), "eta must be"),
        ((HIMMELBLAU, 1.0, None, 0.0, 0), "most must be"),
        ((HIMMELBLAU, 1.0, hallucinated_points(HIMMELBLAU, 2.0)), "found is for rho = 2.0"),
    ],
)
def test_misuse_is_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certificate(*arguments)


def test_a_function_has_no_formula_to_prove_from() -> None:
    with pytest.raises(TypeError, match="given by a formula"):
        certificate(Landscape.of(lambda x: x[..., 0] ** 2, ((-1.0, 1.0),)), 0.5)  # type: ignore[arg-type]


# Random formulas


def terms(variables: str) -> st.SearchStrategy[str]:
    number = st.integers(-20, 20).map(lambda n: f"({n / 10:g})")
    variable = st.sampled_from(variables)
    return st.one_of(
        st.builds("{}*{}^{}".format, number, variable, st.integers(1, 4)),
        st.builds("{}*{}*{}".format, number, variable, variable),
        st.builds("{}*{}({}*{} + {}*{})".format, number, st.sampled_from(["sin", "cos", "tanh", "atan"]), number,
                  variable, number, variable),
        st.builds("{}/(1 + {}^2 + {}^2)".format, number, variable, variable),
        st.builds("{}*sqrt(1 + ({} + {})^2)".format, number, variable, number),
    )  # fmt: skip


@pytest.mark.parametrize("variables", ["x", "xy"])
@given(data=st.data())
@settings(max_examples=60)
def test_random_smooth_formulas(variables: str, data: st.DataObject) -> None:
    text = " + ".join(data.draw(st.lists(terms(variables), min_size=2, max_size=4)))
    text += "+ 0*x" if len(variables) == 1 else " + 0.37*x^2 - 0.29*y^2 + 0.1*x*y"
    rho = data.draw(st.integers(10, 300)) / 97.0
    l = Landscape(text, ((-3.1, 3.0), (-2.4, 2.5))[: len(variables)])
    found = hallucinated_points(l, rho)
    # Where the search meets a curve or a degenerate point it judges by tolerances; that is compared above.
    assume(not found.curves and not found.stationary.curves and not found.stationary.flat)
    assume("degenerate" not in found.stationary.kinds)
    proof = certificate(l, rho, found, 0.05, most=30_000)
    assert not proof.differences, (text, rho, proof.differences)
    if proof.complete:
        assert proof.proved and len(proof.points) == len(found)


@given(data=st.data())
@settings(max_examples=12)
def test_four_ways_find_the_same_points(data: st.DataObject) -> None:
    """The curves of all radii, the search at one, the proof, and Newton's method on S from many starts."""
    text = " + ".join(data.draw(st.lists(terms("xy"), min_size=2, max_size=3))) + " + 0.37*x^2 - 0.29*y^2 + 0.1*x*y"
    rho = data.draw(st.integers(20, 150)) / 97.0
    l = Landscape(text, ((-3.1, 3.0), (-2.4, 2.5)))
    found = hallucinated_points(l, rho)
    assume(not found.curves and not found.stationary.curves and "degenerate" not in found.stationary.kinds)
    proof = certificate(l, rho, found, most=20_000)
    assume(proof.complete)
    assert proof.proved, (text, rho, proof.headline)
    followed = hallucination_curves(l, 1.1 * rho).points_at(rho)
    assert certificate(l, rho, followed).proved, (text, rho)

    def shift(x: np.ndarray) -> np.ndarray:
        g = l.gradient(x)
        return l.gradient(x + rho * g / max(float(np.linalg.norm(g)), 1e-300))

    starts = np.random.default_rng(0).uniform(-2.4, 2.5, (60, 2))
    for start in starts:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of steps that do not lead anywhere
            solved = root(shift, start, tol=1e-13)
        x, size = solved.x, np.linalg.norm(l.gradient(solved.x))
        if np.linalg.norm(shift(x)) <= 1e-10 * size and size > 1e-3 and l.contains(x, -1e-6):
            assert np.linalg.norm(proof.points - x, axis=1).min(initial=np.inf) <= 1e-6, (text, rho, x)


# Independence


def test_the_proof_shares_the_kernel_with_the_search_and_nothing_else() -> None:
    mine = {"boxes", "krawczyk", "directions", "turn", "proof", "sentences", "certificate"}
    for name in mine - {"sentences"}:
        tree = ast.parse((Path(dynamics.__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level}
        # The list that is compared with is only a type here.
        assert imported <= mine | ({"hallucination"} if name == "certificate" else set())
