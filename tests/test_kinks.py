"""Branches across kinks and poles: they end there, and nowhere is a jump of the slope taken for a point."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad

from benchmarks.campaigns.kinks import counts, false_samples, landscape
from dynamics import (
    HallucinationCurves,
    attracting_intervals,
    critical_radius,
    hallucinated_points,
    hallucination_curves,
    stationary_points,
)
from landscapes import Landscape
from landscapes.function import walk
from oracle import Case, missing, roots_of_shift, satisfies

SQUARE = ((-2.0, 2.0), (-2.0, 2.0))


def random_case(k: int) -> Case:
    """The k-th random formula with the gradient of the walk over its tree by autograd."""
    l = landscape(np.random.default_rng((1, k)))
    return Case(l.formula, l.domain, by_autograd(l))


def by_autograd(l: Landscape):
    f = walk(l.parsed, {})
    return lambda x: np.asarray(elementwise_grad(lambda p: f(p) + 0.0 * anp.sum(p, axis=-1))(np.asarray(x)))


def ends_at_kinks(c: HallucinationCurves) -> np.ndarray:
    return np.concatenate([c.points[c.offsets[:-1]][c.starts == "kink"], c.points[c.offsets[1:] - 1][c.ends == "kink"]])


def steepest_jump(l: Landscape, x: np.ndarray, radius: float = 1e-6) -> np.ndarray:
    """How much (n,) the gradient changes across points, as a share of it; a smooth one changes by about the radius."""
    angle = np.linspace(0.0, np.pi, 32, endpoint=False)
    e = radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    ahead, behind = l.gradient(x[:, None] + e), l.gradient(x[:, None] - e)
    size = np.linalg.norm(ahead, axis=-1) + np.linalg.norm(behind, axis=-1)
    return np.asarray((np.linalg.norm(ahead - behind, axis=-1) / size).max(axis=1))


# One radius, beside SciPy's root from many starts


@pytest.mark.parametrize("k", range(6))
def test_one_radius_against_roots_of_the_shift(k: int) -> None:
    """The same points clear of kinks; and all that are found satisfy the definition by another gradient."""
    case, rng = random_case(k), np.random.default_rng(k)
    l = case.landscape
    rho = float(rng.uniform(0.3, 0.95) * l.rho_max)
    s = stationary_points(l, rho)
    h = hallucinated_points(l, rho, s)
    assert satisfies(case, h.points, rho, 1e-7).all()
    expected = roots_of_shift(case, rho, coarse=4, fine=81)
    # Such a root looks at a zero of g: the search for these is another one's, and has tests of its own.
    g = case.gradient(expected)
    seen = expected + rho * g / np.linalg.norm(g, axis=-1, keepdims=True)
    known = np.linalg.norm(seen[:, None] - s.points, axis=-1).min(axis=1, initial=np.inf) < 1e-6
    assert known.all()
    assert not len(missing(expected, h.points, 1e-6))


def test_a_pole_is_no_point() -> None:
    """At a pole |g| is infinite, and |S| <= 1e-6 |g| whatever S is: what x looks at has to be the target."""
    l = Landscape("0.2/(x-0.3)^2 + x^2/2 + y^2/3 - x*y/5 + cos(2*y)", SQUARE)
    s = stationary_points(l, 2.0)
    assert len(s.points) > 1
    for rho in np.linspace(0.1, 1.9, 60):
        h = hallucinated_points(l, rho, s)
        g = l.gradient(h.points)
        seen = h.points + rho * g / np.linalg.norm(g, axis=-1, keepdims=True)
        np.testing.assert_allclose(seen, h.targets, atol=1e-6)
        assert (np.abs(h.points[:, 0] - 0.3) > 1e-6).all()
        assert h.unconverged == 0


# All radii


@pytest.mark.parametrize("k", range(50))
def test_random_formulas_against_single_radii(k: int) -> None:
    """200 radii: no false sample, no interval without an attracting point, and none missed."""
    l = landscape(np.random.default_rng((0, k)))
    assert not counts(l).wrong, l


def test_a_kink_that_was_taken_for_a_branch() -> None:
    l = Landscape("0.8*abs(x+y+0.439)+0.588*cos(2.96*x)+0.485*x^2+0.39*y^2", SQUARE)
    s = stationary_points(l, 2.0)
    assert critical_radius(l, 2.0, curves=hallucination_curves(l, 2.0, s)) is None
    for rho in np.linspace(0.02, 1.98, 99):
        assert not hallucinated_points(l, rho, s).attract().any()


def test_a_gap_that_was_bridged_along_a_kink() -> None:
    """Nothing attracts from 1.5919 to 1.6318; the ends of the gap are found by bisection with single radii too."""
    l = Landscape("0.35*abs(x-0.344)+sin(1.5*x)*y+0.329*x^2+0.407*y^2", ((-3.0, 3.0), (-1.5, 1.5)))
    s = stationary_points(l, 2.25)
    c = hallucination_curves(l, 2.25, s)
    found = attracting_intervals(l, 2.25, curves=c)
    assert found.shape == (2, 2)
    for end, inside in ((found[0, 0], 1), (found[0, 1], -1), (found[1, 0], 1)):
        at = [hallucinated_points(l, end + inside * d, s).attract().any() for d in (-1e-6, 1e-6)]
        assert at == [False, True]
    np.testing.assert_allclose(found[:, 0], [0.898946, 1.631782], atol=1e-6)
    x = ends_at_kinks(c)
    assert len(x)
    np.testing.assert_allclose(x[:, 0], 0.344, atol=1e-7)


def test_kinks_that_touch_where_a_branch_ends() -> None:
    """Both parabolas have their kink at 0, where the branch on the axis ends: no part of it is lost."""
    l = Landscape(
        "0.212*x^2+0.587*y^2+1.144*cos(1.851*y)+0.157*abs(y+0.818*x^2)+0.901*abs(y+1.19*x^2)",
        ((-2.1, 2.1), (-2.8, 2.8)),
    )
    s = stationary_points(l, l.rho_max)
    found = attracting_intervals(l, l.rho_max, curves=hallucination_curves(l, l.rho_max, s))
    attracts = [hallucinated_points(l, found[-1, 1] + d, s).attract().any() for d in (-1e-6, 1e-6)]
    assert attracts == [True, False]


@pytest.mark.parametrize("b", [1.0, 0.7])
def test_ends_in_closed_form(b: float) -> None:
    """f = (x^2 + b y^2)/2 - 2 |x - 0.5|: minimizers (-2, 0) and (2, 0); from beyond the ridge the axis looks at them.

    (x, 0) with 0.5 < x < 2 looks at (-2, 0), at rho = x + 2; with -2 < x < 0.5 it looks at (2, 0), at rho = 2 - x.
    """
    l = Landscape(f"(x^2+{b}*y^2)/2-2*abs(x-0.5)", ((-3.5, 3.5), (-3.0, 3.0)))
    c = hallucination_curves(l, 5.0)
    axis = [br for br in c if not br.curve and np.abs(br.points[:, 1]).max() < 1e-9]
    found = {(round(float(br.target[0]), 6), *br.rho[[0, -1]].round(6).tolist(), br.start, br.end) for br in axis}
    assert (-2.0, 2.5, 4.0, "kink", "stationary point") in found
    assert (2.0, 1.5, 4.0, "kink", "stationary point") in found
    np.testing.assert_allclose(attracting_intervals(l, 5.0, curves=c)[0], [1.5, 4.0], atol=1e-6)


def test_every_end_at_a_kink_is_at_one() -> None:
    """The gradient jumps there, or is infinite close by."""
    count = 0
    for k in range(12):
        l = landscape(np.random.default_rng((2, k)))
        c = hallucination_curves(l, l.rho_max)
        assert not false_samples(c).any()
        x = ends_at_kinks(c)
        count += len(x)
        # Beside a pole g turns round or grows by half, in whatever direction it lies.
        assert (steepest_jump(l, x) > 1e-4).all()
    assert count > 20


def test_a_switch_without_a_kink_ends_nothing() -> None:
    """x |x| has a continuous gradient: branches go on across x = 0, and no branch ends there."""
    l = Landscape("x*abs(x)/2-x^3/5+y^2/2+0.3*x*y+sin(2*y)", SQUARE)
    s = stationary_points(l, 2.0)
    c = hallucination_curves(l, 2.0, s)
    assert not {"kink", "rounding", "undefined"} & {*c.starts, *c.ends}
    own = c.branch[1:] == c.branch[:-1]
    assert ((c.points[1:, 0] * c.points[:-1, 0] < 0.0) & own).any()
    assert not false_samples(c).any()
    for rho in np.linspace(0.05, 1.95, 39):
        h, at = hallucinated_points(l, rho, s).points, c.points_at(rho).points
        assert not len(missing(h, at, 1e-7))
        assert not len(missing(at, h, 1e-7))


def test_a_kink_around_the_target() -> None:
    """f = |r^2 - 1|: the circles r = rho look at 0 up to the kink r = 1, beyond which the slope is outwards."""
    c = hallucination_curves(Landscape("abs(x^2+y^2-1)", SQUARE), 2.0)
    assert c.curves.all()
    assert set(c.starts) == {"target"}
    assert set(c.ends) == {"kink"}
    np.testing.assert_allclose(c.highs, 1.0, atol=1e-9)


def test_the_tip_of_a_cone() -> None:
    """By symmetry branches on the axis run into the tip, which is no stationary point."""
    l = Landscape("sqrt(x^2+y^2)+0.8*cos(3*x)-y^2/5", SQUARE)
    c = hallucination_curves(l, 2.0)
    at = np.concatenate([c.points[c.offsets[:-1]], c.points[c.offsets[1:] - 1]])
    why = np.concatenate([c.starts, c.ends])
    tip = (np.linalg.norm(at, axis=-1) < 1e-6) & (why != "target")
    assert tip.any()
    assert set(why[tip]) == {"kink"}


def test_a_function_without_a_formula() -> None:
    """Where kinks are not known beforehand, no sample is false either, and what follows a kink's contour is dropped."""
    l = Landscape.of(
        lambda p: (
            0.35 * anp.abs(p[..., 0] - 0.344)
            + anp.sin(1.5 * p[..., 0]) * p[..., 1]
            + 0.329 * p[..., 0] ** 2
            + 0.407 * p[..., 1] ** 2
        ),
        ((-3.0, 3.0), (-1.5, 1.5)),
    )
    c = hallucination_curves(l, 2.25)
    assert not false_samples(c).any()
    np.testing.assert_allclose(ends_at_kinks(c)[:, 0], 0.344, atol=1e-6)
    found = attracting_intervals(l, 2.25, curves=c)
    np.testing.assert_allclose(found, [[0.898946, 1.591891], [1.631782, 2.25]], atol=1e-5)
