"""Roots in brackets: found to the last digits, at jumps too, and told apart from brackets without a change of sign."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dynamics.brackets import root_between


def test_roots_of_many_functions_are_found_at_once() -> None:
    roots = np.array([0.0, 1e-9, 0.3, 0.5, 1.0 / 3.0, 1.0])
    powers = np.array([1.0, 3.0, 1.0, 5.0, 9.0, 1.0])

    def f(t: np.ndarray, i: np.ndarray) -> np.ndarray:
        return np.sign(t - roots[i]) * np.abs(t - roots[i]) ** powers[i] * np.exp(3.0 * t)

    found = root_between(f, np.zeros(6), np.ones(6), np.full(6, np.nan))
    assert_allclose(found, roots, rtol=0.0, atol=3e-13)  # a bracket is 1e-13 (1 + t) wide in the end
    turned = root_between(f, np.ones(6), np.zeros(6), np.full(6, np.nan))
    assert_allclose(turned, roots, rtol=0.0, atol=3e-13)


def test_a_smooth_root_takes_few_evaluations() -> None:
    count = 0

    def f(t: np.ndarray, i: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        return np.cos(t) - t

    found = root_between(f, np.zeros(1), np.ones(1), np.zeros(1))
    assert_allclose(found, 0.7390851332151607, rtol=0.0, atol=2e-13)
    assert count <= 12  # bisection takes 43


def test_where_no_sign_changes_or_f_is_undefined_the_other_value_is_returned() -> None:
    values = [lambda t: t + 1.0, lambda t: np.where(t < 0.4, np.nan, t - 0.7), lambda t: np.where(t < 0.25, -1.0, 1.0)]

    def f(t: np.ndarray, i: np.ndarray) -> np.ndarray:
        return np.array([float(values[k](s)) for s, k in zip(t, i, strict=True)])

    found = root_between(f, np.zeros(3), np.ones(3), np.array([7.0, 8.0, 9.0]))
    assert_allclose(found, [7.0, 8.0, 0.25], rtol=0.0, atol=3e-13)  # the last one changes its sign by a jump


def test_no_brackets_have_no_roots() -> None:
    assert root_between(lambda t, i: t, np.empty(0), np.empty(0), np.empty(0)).shape == (0,)


@pytest.mark.parametrize("width", [1.0, 1e-9])
def test_roots_are_as_exact_as_is_asked_for(width: float) -> None:
    """Also next to 0, and in brackets so narrow that the usual width is wide beside them."""
    roots = np.array([1e-30, 0.3, 0.7]) * width
    found = root_between(
        lambda t, i: np.tanh((t - roots[i]) / width), -0.1 * width * np.ones(3), width * np.ones(3), np.full(3, np.nan),
        absolute=1e-16 * width, relative=1e-15,
    )  # fmt: skip
    assert_allclose(found, roots, rtol=0.0, atol=2e-16 * width)


def test_a_bracket_that_does_not_close_is_left_at_its_best_place() -> None:
    """Asked for more than floats can tell apart."""
    found = root_between(
        lambda t, _: np.where(t < 0.3, -1.0, 1e-3), np.zeros(1), np.ones(1), np.full(1, np.nan), 1e-300, 0.0
    )
    assert_allclose(found, 0.3, rtol=1e-15)
