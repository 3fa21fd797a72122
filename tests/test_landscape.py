"""Landscapes as plain data: shapes, blocks, parameters, windows, equality, pickling, misuse."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from landscapes import FormulaError, Landscape

HIMMELBLAU = Landscape("(x^2+y-11)^2/100 + (x+y^2-7)^2/100", ((-6, 6), (-6, 6)))
WELL = Landscape("x^4/4 - a*x^2", ((-2, 4),), {"a": 0.5})
LANDSCAPES = [HIMMELBLAU, WELL, Landscape("5 + 0*x", ((-1, 1),)), Landscape("y", ((-1, 1), (0, 1)))]
METHODS = ["value", "gradient", "hessian"]


def himmelblau(p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = p[..., 0], p[..., 1]
    a, b = x * x + y - 11, x + y * y - 7
    value = (a * a + b * b) / 100
    gradient = np.stack([4 * x * a + 2 * b, 2 * a + 4 * y * b], axis=-1) / 100
    mixed = (4 * x + 4 * y) / 100
    hessian = np.stack(
        [
            np.stack([(4 * a + 8 * x * x + 2) / 100, mixed], axis=-1),
            np.stack([mixed, (2 + 4 * b + 8 * y * y) / 100], axis=-1),
        ],
        axis=-1,
    )
    return value, gradient, hessian


@pytest.mark.parametrize("shape", [(), (1,), (7,), (0,), (3, 4), (2, 0, 3), (2, 1, 5)])
def test_shapes_and_values(shape: tuple[int, ...]) -> None:
    p = np.random.default_rng(0).uniform(-6, 6, (*shape, 2))
    for found, expected in zip((getattr(HIMMELBLAU, m)(p) for m in METHODS), himmelblau(p), strict=True):
        assert found.shape == expected.shape
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("l", LANDSCAPES)
@pytest.mark.parametrize("shape", [(), (1,), (5,), (0,), (2, 3)])
def test_methods_agree_with_each_other(l: Landscape, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).uniform(-1, 1, (*shape, l.dim))
    value, gradient, hessian = l.value(x), l.gradient(x), l.hessian(x)
    assert value.shape == shape
    assert gradient.shape == (*shape, l.dim)
    assert hessian.shape == (*shape, l.dim, l.dim)
    for found, expected in zip(l.value_and_gradient(x), (value, gradient), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(l.gradient_and_hessian(x), (gradient, hessian), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n", [1, 2047, 2048, 2049, 4096, 5000])
@pytest.mark.parametrize("method", METHODS)
def test_blocks_make_no_difference(n: int, method: str) -> None:
    x = np.random.default_rng(2).uniform(-6, 6, (5000, 2))
    whole = getattr(HIMMELBLAU, method)(x)
    np.testing.assert_array_equal(getattr(HIMMELBLAU, method)(x[:n]), whole[:n])
    grid = getattr(HIMMELBLAU, method)(x.reshape(50, 100, 2))
    np.testing.assert_array_equal(grid.reshape(whole.shape), whole)


@pytest.mark.parametrize("l", LANDSCAPES)
@pytest.mark.parametrize("method", METHODS)
def test_one_point_is_a_batch_of_one(l: Landscape, method: str) -> None:
    x = np.random.default_rng(3).uniform(-1, 1, (20, l.dim))
    batch = getattr(l, method)(x)
    one = np.array([getattr(l, method)(p) for p in x])
    np.testing.assert_allclose(one, batch, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("points", [[1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1, 2], dtype=np.float32)])
def test_points_may_be_lists_and_whole_numbers(points: Any) -> None:
    np.testing.assert_array_equal(HIMMELBLAU.gradient(points), HIMMELBLAU.gradient(np.array([1.0, 2.0])))
    np.testing.assert_array_equal(HIMMELBLAU.value([points, points]), [HIMMELBLAU.value(points)] * 2)


def test_points_may_be_views() -> None:
    x = np.random.default_rng(4).uniform(-6, 6, (2, 3000))
    np.testing.assert_array_equal(HIMMELBLAU.gradient(x.T), HIMMELBLAU.gradient(np.ascontiguousarray(x.T)))
    np.testing.assert_array_equal(HIMMELBLAU.gradient(x.T[::-2]), HIMMELBLAU.gradient(np.ascontiguousarray(x.T[::-2])))


@pytest.mark.parametrize("l", LANDSCAPES)
def test_results_are_the_callers_own(l: Landscape) -> None:
    for x in (np.full((3, l.dim), 0.5), np.full(l.dim, 0.5)):
        kept = x.copy()
        for method in ("gradient", "hessian"):
            result = getattr(l, method)(x)
            expected = result.copy()
            result += 1.0
            np.testing.assert_array_equal(getattr(l, method)(x), expected)
        np.testing.assert_array_equal(x, kept)


def test_a_point_that_is_not_a_number_has_no_value() -> None:
    for x in (np.array([np.nan, 1.0]), np.array([[np.nan, 1.0], [1.0, np.inf]])):
        assert not np.isfinite(HIMMELBLAU.value(x)).any()


@pytest.mark.parametrize(
    ("l", "shape", "expected"),
    [
        (HIMMELBLAU, (3,), "(..., 2)"),
        (HIMMELBLAU, (2, 1), "(..., 2)"),
        (WELL, (2,), "(..., 1)"),
        (WELL, (), "(..., 1)"),
    ],
)
def test_points_of_another_shape(l: Landscape, shape: tuple[int, ...], expected: str) -> None:
    for method in METHODS:
        with pytest.raises(ValueError, match="points must have shape") as error:
            getattr(l, method)(np.zeros(shape))
        assert expected in str(error.value)
        assert str(shape) in str(error.value)


# Plain data


def test_equal_data_make_equal_landscapes() -> None:
    a = Landscape("a*x^2 + b*x", [[-1, 1]], {"b": 2, "a": 1})  # type: ignore[arg-type]
    b = Landscape("a*x^2 + b*x", ((-1.0, 1.0),), (("a", 1.0), ("b", 2.0)))
    assert a == b
    assert hash(a) == hash(b)
    assert len({a, b, WELL}) == 2
    assert a != Landscape("a*x^2 + b*x", ((-1, 1),), {"a": 1, "b": 3})
    assert a != Landscape("a*x^2 + b*x", ((-1, 2),), {"a": 1, "b": 2})
    assert a != Landscape("a*x^2 + x*b", ((-1, 1),), {"a": 1, "b": 2})


@pytest.mark.parametrize("l", LANDSCAPES)
def test_pickles_and_copies(l: Landscape) -> None:
    x = np.full((2, l.dim), 0.3)
    for other in (pickle.loads(pickle.dumps(l)), copy.copy(l), copy.deepcopy(l)):
        assert other == l
        assert hash(other) == hash(l)
        np.testing.assert_array_equal(other.hessian(x), l.hessian(x))


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        WELL.formula = "x"  # type: ignore[misc]


def test_data_are_as_given() -> None:
    assert WELL.formula == "x^4/4 - a*x^2"
    assert WELL.domain == ((-2.0, 4.0),)
    assert dict(WELL.parameters) == {"a": 0.5}
    assert WELL.dim == 1
    assert HIMMELBLAU.dim == 2
    assert WELL.diagonal == 6.0
    assert HIMMELBLAU.diagonal == pytest.approx(12.0 * np.sqrt(2.0))
    assert "x" in WELL.latex()


def test_parameters_keep_the_order_of_the_formula() -> None:
    l = Landscape("b*x + a", ((0, 1),), {"a": 1.0, "b": 2.0})
    assert [name for name, _ in l.parameters] == ["b", "a"]
    assert l.value(np.array([10.0])) == 21.0


def test_other_parameters_and_windows() -> None:
    l = Landscape("b*x + a", ((0, 1),), {"a": 1.0, "b": 2.0})
    assert l.with_parameters(a=5.0) == Landscape("b*x + a", ((0, 1),), {"a": 5.0, "b": 2.0})
    assert l.with_parameters(rho=5.0) == l  # SAM's rho, where the formula has one
    assert l.with_domain(((2, 3),)) == Landscape("b*x + a", ((2, 3),), {"a": 1.0, "b": 2.0})
    assert l.with_parameters(a=5.0).value(np.array([10.0])) == 25.0
    with pytest.raises(ValueError, match="finite"):
        l.with_parameters(a=float("nan"))


def test_two_landscapes_of_one_formula_do_not_share_parameters() -> None:
    a, b = (Landscape("c*x", ((0, 1),), {"c": c}) for c in (1.0, 2.0))
    assert a.kernel is b.kernel
    assert (a.value([3.0]), b.value([3.0]), a.value([3.0])) == (3.0, 6.0, 3.0)


# Misuse


@pytest.mark.parametrize(
    ("formula", "domain", "parameters", "said"),
    [
        ("a*x", ((0, 1),), {}, ["'a'", "no value"]),
        ("x", ((0, 1),), {"a": 1.0}, ["no parameter 'a'"]),
        ("a*x", ((0, 1),), {"a": 1.0, "c": 1.0}, ["'c'", "'a'"]),
        ("a*x", ((0, 1),), {"a": np.inf}, ["'a'", "finite", "inf"]),
        ("a*x", ((0, 1),), {"a": np.nan}, ["'a'", "finite", "nan"]),
        ("x", ((0, 1), (0, 1)), {}, ["1 variable", "2 pair"]),
        ("x*y", ((0, 1),), {}, ["2 variable", "1 pair"]),
        ("x", (), {}, ["one or two pairs", "0"]),
        ("x", ((0, 1),) * 3, {}, ["one or two pairs", "3"]),
        ("x", ((1, 0),), {}, ["low < high", "1.0", "0.0"]),
        ("x", ((1, 1),), {}, ["low < high"]),
        ("x", ((0, np.inf),), {}, ["finite", "inf"]),
        ("x", ((np.nan, 1),), {}, ["finite", "nan"]),
        ("x", ((-1e308, 1e308),), {}, ["finite"]),
    ],
)
def test_misuse_says_what_was_given_and_expected(
    formula: str, domain: Any, parameters: dict[str, float], said: list[str]
) -> None:
    with pytest.raises(ValueError, match=".") as error:
        Landscape(formula, domain, parameters)
    assert all(part in str(error.value) for part in said), str(error.value)


def test_a_broken_formula_says_where() -> None:
    with pytest.raises(FormulaError) as error:
        Landscape("x + sine(x)", ((0, 1),))
    assert error.value.position == 4
