"""Slopes: the gradients of a landscape, and nothing else."""

import pickle

import numpy as np
import pytest

from dynamics import iterate, sam
from landscapes import CATALOGUE, Landscape
from landscapes.slopes import Slopes


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients_are_the_landscapes(name: str, order: str) -> None:
    l = CATALOGUE[name].landscape
    x = np.asarray(np.random.default_rng(0).uniform(*np.array(l.domain).T, (500, l.dim)), order=order)
    slopes = pickle.loads(pickle.dumps(Slopes(l)))
    assert slopes == Slopes(l)
    assert slopes.dim == l.dim
    for points in (x, x[7], x[:, None]):
        value, gradient = slopes.value_and_gradient(points)
        assert np.isnan(value)
        scale = 1.0 + np.abs(l.gradient(points))
        assert (np.abs(gradient - l.gradient(points)) / scale).max() < 1e-13


@pytest.mark.parametrize("a", [-2.5, 0.0, -0.0, 3.0, 1e300])
def test_parameters_of_any_sign_stand_in_the_program(a: float) -> None:
    l = Landscape("a*x^2 + x^a + sin(-a*y)/(a - 7) + log(y)", ((0.1, 2.0), (-1.0, 1.0)), {"a": a})
    x = np.random.default_rng(1).uniform(0.1, 2.0, (40, 2)) - [0.0, 0.5]
    expected, gradient = l.gradient(x), Slopes(l).value_and_gradient(x)[1]
    np.testing.assert_array_equal(np.isnan(gradient), np.isnan(expected))
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)


def test_where_f_is_undefined_so_are_they() -> None:
    gradient = Slopes(Landscape("log(x)", ((-1.0, 1.0),))).value_and_gradient(np.array([[-0.5], [0.5]]))[1]
    assert np.isnan(gradient[0]).all()
    assert gradient[1] == 2.0


def test_a_rule_goes_the_same_way_on_them() -> None:
    l = CATALOGUE["himmelblau"].landscape
    starts = [(4.5, 1.0), (-3.0, 2.0)]
    a, b = (iterate(sam(f, 0.02, 3.0), starts, 200).x for f in (l, Slopes(l)))
    np.testing.assert_allclose(a, b, atol=1e-9)
