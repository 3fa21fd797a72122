"""A Python function as a landscape, and the plain walk over a formula's tree."""

import autograd.numpy as anp
import numpy as np
import pytest

from dynamics import hallucinated_points, iterate, sam, stationary_points, verdict
from landscapes import Landscape
from landscapes.formula import parse
from landscapes.function import walk
from oracle import HIMMELBLAU, Case


def himmelblau(p):  # type: ignore[no-untyped-def]
    x, y = p[..., 0], p[..., 1]
    return ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2) / 100


@pytest.fixture(scope="module")
def function():  # type: ignore[no-untyped-def]
    return Landscape.of(himmelblau, ((-6, 6), (-6, 6)))


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (0,)])
def test_methods_are_those_of_the_formula(function, shape: tuple[int, ...]) -> None:  # type: ignore[no-untyped-def]
    l = HIMMELBLAU.landscape
    x = np.random.default_rng(0).uniform(-6, 6, (*shape, 2))
    for method in ("value", "gradient", "hessian"):
        found, expected = getattr(function, method)(x), getattr(l, method)(x)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    for method in ("value_and_gradient", "gradient_and_hessian"):
        for found, expected in zip(getattr(function, method)(x), getattr(l, method)(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert (function.dim, function.diagonal, function.domain) == (l.dim, l.diagonal, l.domain)


def test_a_function_runs_through_the_whole_dynamics(function) -> None:  # type: ignore[no-untyped-def]
    """A landscape is a few methods: what finds, iterates and judges does not ask where they come from."""
    l = HIMMELBLAU.landscape
    found, expected = hallucinated_points(function, 3.0), hallucinated_points(l, 3.0)
    np.testing.assert_allclose(found.points, expected.points, atol=1e-9)
    np.testing.assert_array_equal(found.kinds, expected.kinds)
    np.testing.assert_allclose(found.step_limits, expected.step_limits, rtol=1e-6, atol=1e-12)
    x0 = (3.4, -0.9)
    ends = [verdict(m, iterate(sam(m, 0.02, 3.0), x0, 400)) for m in (function, l)]
    assert ends[0].outcome == ends[1].outcome == "hallucinated"
    np.testing.assert_allclose(ends[0].point, ends[1].point, atol=1e-9)


def test_a_function_in_one_variable() -> None:
    l = Landscape.of(lambda p: anp.cos(p[..., 0]), ((-4, 4),))
    np.testing.assert_allclose(stationary_points(l).points[:, 0], [-np.pi, 0.0, np.pi], atol=1e-12)
    np.testing.assert_allclose(hallucinated_points(l, 1.0).points[:, 0], [-1.0, 1.0], atol=1e-12)


def test_undefined_is_silent() -> None:
    l = Landscape.of(lambda p: anp.log(p[..., 0]) + 1 / p[..., 0], ((-1, 1),))
    assert np.isnan(l.value(np.array([[-1.0], [1.0]]))).tolist() == [True, False]
    assert not np.isfinite(l.value(np.array([0.0])))


@pytest.mark.parametrize("method", ["value", "gradient", "hessian", "value_and_gradient", "gradient_and_hessian"])
@pytest.mark.parametrize("x", [3.0, [1.0], [1.0, 2.0, 3.0], [[1.0], [2.0]]])
def test_points_of_another_shape_are_refused_as_by_a_formula(function, method: str, x: object) -> None:  # type: ignore[no-untyped-def]
    said = []
    for l in (function, HIMMELBLAU.landscape):
        with pytest.raises(ValueError, match=r"points must have shape \(\.\.\., 2\), got") as caught:
            getattr(l, method)(x)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("domain", [(), ((1, 0),), ((0, 1),) * 3, ((0, np.nan),)])
def test_a_broken_window(domain: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="pair"):
        Landscape.of(himmelblau, domain)


@pytest.mark.parametrize("text", ["x + y", "3x - 2", "0*x + 5"])
def test_constant_derivatives_are_silent(text: str) -> None:
    formula = parse(text)
    x = np.random.default_rng(1).uniform(-1, 1, (4, formula.dim))
    l = Landscape(text, ((-1, 1),) * formula.dim)
    other = Landscape.of(walk(formula, {}), l.domain)
    for method in ("value", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(other, method)(x), getattr(l, method)(x), atol=1e-15)
        np.testing.assert_allclose(getattr(other, method)(x[0]), getattr(l, method)(x[0]), atol=1e-15)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("x + 1/0", {}),
        ("x + 0/0", {}),
        ("x + (-8)^(1/3)", {}),
        ("x + 10^400", {}),
        ("x + e^1000", {}),
        ("x + 1/a", {"a": 0.0}),
        ("x + a^0.5", {"a": -1.0}),
    ],
)
def test_walk_is_undefined_where_the_kernel_is(text: str, parameters: dict[str, float]) -> None:
    l = Landscape(text, ((-1, 1),), parameters)
    x = np.array([[0.5], [0.25]])
    other = Landscape.of(walk(l.parsed, parameters), l.domain)
    np.testing.assert_array_equal(other.value(x), l.value(x))


def test_walk_reads_parameters_and_constants() -> None:
    f = walk(parse("a*x + pi*y - e"), {"a": 2.0})
    assert f(np.array([3.0, 1.0])) == 6.0 + np.pi - np.e


def test_oracles_gradients_are_the_formulas() -> None:
    """The hand-written gradients that the other tests trust, against the kernel."""
    import oracle

    cases = [case for case in vars(oracle).values() if isinstance(case, Case)]
    cases += [
        oracle.sine(1.3, 0.5),
        oracle.trigonometric([(0.5, 1.0, 1.2, -0.7), (-0.25, 0.0, 0.3, 2.0)], ((-3, 3), (-3, 3))),
        oracle.gaussians([(0.5, 0.7, 1.0, -1.5), (-1.0, 0.3, 0.0, 2.0)], ((-3, 3), (-3, 3))),
        oracle.trigonometric([(0.5, 1.0, 1.2), (-0.25, 0.0, -2.0)], ((-3, 3),)),
        oracle.gaussians([(-1.0, 0.3, 0.5)], ((-3, 3),)),
    ]
    assert len(cases) >= 15
    for case in cases:
        x = np.random.default_rng(2).uniform(*np.array(case.domain).T, (50, case.dim))
        np.testing.assert_allclose(case.landscape.gradient(x), case.gradient(x), rtol=1e-11, atol=1e-11)
