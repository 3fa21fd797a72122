"""Update rules against their equations, and against closed forms on quadratics."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dynamics import Rule, Step, gd, iterate, sam, warm_start
from dynamics.rules import unit
from landscapes import Landscape
from oracle import CAMEL, DOUBLE_WELL, HIMMELBLAU, RING, Case, shifted, sine

CASES = [HIMMELBLAU, CAMEL, RING, DOUBLE_WELL, sine(1.0, 0.5)]
NAMES = [case.formula[:20] for case in CASES]


def starts(case: Case, n: int = 6) -> np.ndarray:
    return np.random.default_rng(0).uniform(*np.array(case.domain).T, (n, case.dim))


def quadratic(*eigenvalues: float) -> Landscape:
    terms = [f"{v!r}*{n}^2/2" for v, n in zip(eigenvalues, "xy", strict=False)]
    return Landscape("+".join(terms), ((-5, 5),) * len(eigenvalues))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_one_step_of_gd(case: Case) -> None:
    x = starts(case)
    seen, memory = gd(case.landscape, 0.01).step(x, None, 0)
    assert memory is None
    np.testing.assert_allclose(seen.x_next, x - 0.01 * case.gradient(x), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(seen.x_plus, x)
    np.testing.assert_array_equal(seen.g, seen.s)
    np.testing.assert_array_equal(seen.f, case.landscape.value(x))
    np.testing.assert_array_equal(seen.f, seen.f_plus)
    assert (seen.eta, seen.rho) == (0.01, 0.0)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_one_step_of_sam(case: Case) -> None:
    x = starts(case)
    g = case.gradient(x)
    ahead = x + 0.7 * g / np.linalg.norm(g, axis=-1, keepdims=True)
    seen, _ = sam(case.landscape, 0.01, 0.7).step(x, None, 0)
    np.testing.assert_allclose(seen.x_plus, ahead, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(seen.g, g, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(seen.s, shifted(case, x, 0.7), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(seen.x_next, x - 0.01 * case.gradient(ahead), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(seen.f, case.landscape.value(x), rtol=1e-14)
    np.testing.assert_allclose(seen.f_plus, case.landscape.value(ahead), rtol=1e-10, atol=1e-12)
    assert (seen.eta, seen.rho) == (0.01, 0.7)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_radius_zero_is_gradient_descent_to_the_bit(case: Case) -> None:
    l = case.landscape
    for x0 in (starts(case), starts(case)[0]):
        plain, at_zero = iterate(gd(l, 0.01), x0, 300), iterate(sam(l, 0.01, 0.0), x0, 300)
        for name in ("x", "x_plus", "f", "f_plus", "gradient_norms", "shifted_norms", "eta", "rho"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(at_zero, name))


@given(st.floats(0.1, 10.0), st.floats(0.1, 10.0), st.floats(1e-3, 0.19), st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
@settings(max_examples=30)
def test_gd_on_a_quadratic(a: float, b: float, eta: float, x: float, y: float) -> None:
    """x_k = (1 - eta lambda)^k x_0."""
    orbit = iterate(gd(quadratic(a, b), eta), (x, y), 60)
    k = np.arange(61)
    expected = np.stack([x * (1.0 - eta * a) ** k, y * (1.0 - eta * b) ** k], axis=-1)
    np.testing.assert_allclose(orbit.x, expected, rtol=1e-10, atol=1e-12)


@given(st.floats(0.2, 8.0), st.floats(0.02, 1.5), st.floats(0.05, 3.0), st.floats(0.01, 4.0) | st.floats(-4.0, -0.01))
@settings(max_examples=30)
def test_sam_on_a_parabola_ends_on_a_period_two_orbit(curvature: float, share: float, rho: float, x0: float) -> None:
    """x <- x - eta lambda (x + rho sign x): once around 0, to and fro at eta lambda rho/(2 - eta lambda)."""
    orbit = iterate(sam(quadratic(curvature), share / curvature, rho), [x0], 3000)
    assume((orbit.x != 0.0).all())  # a start that leads to 0 itself: there SAM stops, fact 11
    amplitude = share * rho / (2.0 - share)
    tail = orbit.x[-6:, 0]
    np.testing.assert_allclose(np.abs(tail), amplitude, rtol=1e-6)
    np.testing.assert_array_equal(np.sign(tail[1:]), -np.sign(tail[:-1]))


def test_sam_on_a_parabola_step_by_step() -> None:
    orbit = iterate(sam(quadratic(3.0), 0.05, 0.4), [2.0], 50)
    x = 2.0
    for found in orbit.x[:, 0]:
        assert found == pytest.approx(x, abs=1e-12)
        x -= 0.05 * 3.0 * (x + 0.4 * np.sign(x))


def test_sam_on_a_bowl_step_by_step() -> None:
    l = quadratic(1.0, 4.0)
    orbit = iterate(sam(l, 0.05, 0.4), (2.0, -1.0), 200)
    x, h = np.array([2.0, -1.0]), np.array([1.0, 4.0])
    for found in orbit.x:
        np.testing.assert_allclose(found, x, atol=1e-9)
        x = x - 0.05 * h * (x + 0.4 * h * x / np.linalg.norm(h * x))


# Fact 11: g = 0


@pytest.mark.parametrize(
    ("l", "x"),
    [
        (quadratic(2.0), [0.0]),
        (quadratic(2.0, -1.0), [0.0, 0.0]),
        (RING.landscape, [0.0, 0.0]),
        (RING.landscape, [1.0, 0.0]),
        (Landscape("5 + 0*x", ((-1, 1),)), [0.3]),
        (Landscape("abs(x)", ((-1, 1),)), [0.0]),
        (DOUBLE_WELL.landscape, [0.0]),
    ],
)
def test_no_perturbation_where_the_gradient_vanishes(l: Landscape, x: list[float]) -> None:
    for x0 in (np.array(x), np.array([x, x])):
        seen, _ = sam(l, 0.1, 1.0).step(x0, None, 0)
        np.testing.assert_array_equal(seen.x_plus, x0)
        np.testing.assert_array_equal(seen.s, np.zeros_like(x0))
        orbit = iterate(sam(l, 0.1, 1.0), x0, 5)
        np.testing.assert_array_equal(orbit.x, np.broadcast_to(x0, orbit.x.shape))
        assert np.isnan(orbit.cosine).all()


def test_a_batch_may_hold_points_with_and_without_gradient() -> None:
    x = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    seen, _ = sam(RING.landscape, 0.1, 0.3).step(x, None, 0)
    np.testing.assert_allclose(seen.x_plus, [[0.0, 0.0], [0.2, 0.0], [1.0, 0.0]], atol=1e-15)


def test_unit() -> None:
    g = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1e-100], [1e100, 0.0], [-0.0, 2.0]])
    expected = [[0.6, 0.8], [0.0, 0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 1.0]]
    np.testing.assert_allclose(unit(g), expected, atol=1e-15)
    np.testing.assert_allclose(unit(np.array([-2.0])), [-1.0])


def test_a_small_gradient_leads_as_far_as_a_large_one() -> None:
    """On a maximizer SAM stays; beside it it looks the full radius ahead."""
    seen, _ = sam(DOUBLE_WELL.landscape, 0.1, 1.0).step(np.array([1e-12]), None, 0)
    assert seen.x_plus[0] == pytest.approx(-1.0, abs=1e-9)


# Warm-start


@pytest.mark.parametrize("switch", [0, 1, 7, 256, 300])
def test_warm_start_has_two_phases(switch: int) -> None:
    l = HIMMELBLAU.landscape
    x0 = (1.0, -2.0)
    orbit = iterate(warm_start(gd(l, 0.02), sam(l, 0.03, 1.5), switch), x0, 400)
    first = iterate(gd(l, 0.02), x0, switch)
    then = iterate(sam(l, 0.03, 1.5), first.x[-1], 400 - switch)
    np.testing.assert_array_equal(orbit.x[: switch + 1], first.x)
    np.testing.assert_array_equal(orbit.x[switch:], then.x)
    np.testing.assert_array_equal(orbit.x_plus[switch:], then.x_plus)
    np.testing.assert_array_equal(orbit.rho, np.where(np.arange(401) < switch, 0.0, 1.5))
    np.testing.assert_array_equal(orbit.eta, np.where(np.arange(401) < switch, 0.02, 0.03))
    assert str(switch) in orbit.name
    assert "GD" in orbit.name
    assert "SAM" in orbit.name


def test_warm_start_longer_than_the_run() -> None:
    l = HIMMELBLAU.landscape
    orbit = iterate(warm_start(gd(l, 0.02), sam(l, 0.03, 1.5), 1000), (1.0, -2.0), 100)
    np.testing.assert_array_equal(orbit.x, iterate(gd(l, 0.02), (1.0, -2.0), 100).x)


def test_warm_starts_can_be_chained() -> None:
    l = quadratic(1.0)
    rule = warm_start(warm_start(gd(l, 0.1), sam(l, 0.1, 0.5), 3), gd(l, 0.2), 5)
    orbit = iterate(rule, [1.0], 8)
    assert orbit.eta.tolist() == [0.1] * 5 + [0.2] * 4
    assert orbit.rho.tolist() == [0.0] * 3 + [0.5] * 2 + [0.0] * 4


def counting(l: Landscape, name: str) -> Rule:
    """A rule that remembers how many steps it took since its start, and goes that far to the right."""

    def step(x: np.ndarray, memory: int, k: int) -> tuple[Step, int]:
        f, g = l.value_and_gradient(x)
        return Step(x + memory, x, f, f, g, g, 0.1, 0.0), memory + 1

    return Rule(name, l, step, lambda x: 1)


def test_each_phase_of_a_warm_start_has_its_own_memory() -> None:
    l = quadratic(1.0)
    orbit = iterate(warm_start(counting(l, "a"), counting(l, "b"), 3), [0.0], 6)
    np.testing.assert_array_equal(np.diff(orbit.x[:, 0]), [1, 2, 3, 1, 2, 3])
    orbit = iterate(warm_start(counting(l, "a"), counting(l, "b"), 0), [0.0], 3)
    np.testing.assert_array_equal(np.diff(orbit.x[:, 0]), [1, 2, 3])


# Purity and misuse


def test_rules_change_nothing() -> None:
    x = np.array([[1.0, 2.0], [-3.0, 0.5]])
    kept = x.copy()
    for rule in (gd(HIMMELBLAU.landscape, 0.1), sam(HIMMELBLAU.landscape, 0.1, 1.0)):
        a, b = (rule.step(x, rule.start(x), k)[0] for k in (0, 5))
        np.testing.assert_array_equal(a.x_next, b.x_next)
        np.testing.assert_array_equal(x, kept)
        assert not np.shares_memory(a.x_next, x)


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_misuse_says_what_was_given_and_expected(bad: float) -> None:
    l = HIMMELBLAU.landscape
    for rule in (lambda: gd(l, bad), lambda: sam(l, bad, 1.0)):
        with pytest.raises(ValueError, match=f"eta must be a finite number > 0, got {bad}"):
            rule()
    with pytest.raises(
        ValueError, match=f"rho must be a finite number >= 0, got {bad}; use 0 for plain gradient descent"
    ):
        sam(l, 0.1, bad)


def test_a_step_size_of_zero_is_misuse() -> None:
    for rule in (lambda: gd(HIMMELBLAU.landscape, 0.0), lambda: sam(HIMMELBLAU.landscape, 0.0, 1.0)):
        with pytest.raises(ValueError, match="eta must be > 0, got 0; use fewer steps"):
            rule()


def test_a_negative_warm_start_is_misuse() -> None:
    l = HIMMELBLAU.landscape
    with pytest.raises(ValueError, match="steps must be >= 0, got -1; use 0 for no warm-start"):
        warm_start(gd(l, 0.1), sam(l, 0.1, 1.0), -1)
