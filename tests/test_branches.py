"""All radii at once: the branches hold every hallucinated point at every radius, and begin and end for a reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from dynamics import (
    HallucinatedPoints,
    HallucinationCurves,
    hallucinated_points,
    hallucination_curves,
    stationary_points,
)
from dynamics.vertices import ENDS
from landscapes import CATALOGUE, Landscape
from oracle import (
    CAMEL,
    DOUBLE_WELL,
    FOLD,
    HIMMELBLAU,
    RASTRIGIN,
    RING,
    STYBLINSKI_TANG,
    TILTED_RING,
    VALLEY,
    Case,
    missing,
    roots_of_shift,
    satisfies,
    shifted,
)
from test_hallucination import GAUSSIANS, SMALL, SQUARE, TRIGONOMETRIC

MANY = ("rastrigin", "ackley")  # hundreds of targets: fewer radii, on a part of the window
PARTS = {"rastrigin": ((-1.3, 1.1), (-0.4, 2.0)), "ackley": ((0.2, 2.3), (-1.2, 0.9))}


def part(name: str) -> Landscape:
    l = CATALOGUE[name].landscape
    return l.with_domain(PARTS[name]) if name in PARTS else l


def near(found: np.ndarray, expected: np.ndarray) -> float:
    """How far the expected points are from the found ones at most."""
    if not len(expected):
        return 0.0
    return float(np.linalg.norm(expected[:, None] - found[None], axis=-1).min(axis=1, initial=np.inf).max())


def check(c: HallucinationCurves) -> None:
    """What holds for all branches: shapes, order, and the definition along them."""
    l, n = c.landscape, len(c)
    assert c.targets.shape == (n, l.dim)
    assert c.points.shape == (c.offsets[-1], l.dim)
    assert c.rho.shape == c.step_limits.shape == (c.offsets[-1],)
    assert c.kinds.shape == c.starts.shape == c.ends.shape == c.curves.shape == (n,)
    assert set(c.starts) | set(c.ends) <= {*ENDS, "kink"}
    assert (c.rho >= 0.0).all()
    assert (c.rho <= c.rho_max * (1.0 + 1e-12)).all()
    own = c.branch
    assert (np.diff(c.rho)[own[1:] == own[:-1]] >= -1e-9 * c.rho_max).all()
    np.testing.assert_allclose(np.linalg.norm(c.points - c.targets[own], axis=-1), c.rho, atol=1e-9 * l.diagonal)
    assert l.contains(c.points, 1e-9 * l.diagonal).all()
    inner = np.ones(len(c.rho), dtype=bool)
    inner[c.offsets[:-1]] = inner[c.offsets[1:] - 1] = False
    inner &= (c.kinds != "degenerate")[own] & ~c.curves[own]
    x, rho = c.points[inner], c.rho[inner]
    g, h = l.gradient_and_hessian(x)
    norm = np.linalg.norm(g, axis=-1)
    s = np.linalg.norm(l.gradient(x + rho[:, None] * g / norm[:, None]), axis=-1)
    rounding = 1e-11 * (1.0 + rho * np.abs(h).max(axis=(1, 2)) / norm) * np.abs(c.hessians[own[inner]]).max(axis=(1, 2))
    assert (s <= 1e-6 * norm + rounding * l.diagonal).all()
    for low, why in ((c.points[c.offsets[:-1]], c.starts), (c.points[c.offsets[1:] - 1], c.ends)):
        meets = (why == "stationary point") & ~c.curves
        usual = np.median(np.linalg.norm(g, axis=-1)) if len(g) else 1.0
        assert (np.linalg.norm(l.gradient(low[meets]), axis=-1) <= 1e-5 * usual).all()
        edge = np.abs(low[why == "edge"][:, :, None] - np.array(l.domain)).min(axis=(1, 2), initial=np.inf)
        assert (edge <= 1e-8 * l.diagonal).all() or not (why == "edge").any()
    np.testing.assert_allclose(c.lows[c.starts == "target"], 0.0, atol=1e-12)
    np.testing.assert_allclose(c.highs[c.ends == "rho_max"], c.rho_max, rtol=1e-12)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_same_points_as_at_one_radius(name: str) -> None:
    """Facts 2 and 4, at 100 random radii. Curves of points are sampled, and have tests of their own."""
    l = part(name)
    rho_max = min(CATALOGUE[name].rho_max, 1.5) if name in PARTS else CATALOGUE[name].rho_max
    s = stationary_points(l, rho_max)
    c = hallucination_curves(l, rho_max, s)
    check(c)
    assert c.stationary is s
    radii = np.random.default_rng(5).uniform(0.0, rho_max, 5 if s.curves else 100)
    for rho in radii:
        compare(hallucinated_points(l, rho, s), c.points_at(rho))


def compare(h: HallucinatedPoints, at: HallucinatedPoints) -> None:
    """Both hold the same points.

    Next to a birth, where g is tiny, the one-radius solver's samples on the circle may not tell a point from the
    stationary point; and where two branches all but meet, M is singular and places are known to half of the digits.
    """
    l_scale = np.abs(np.ptp(np.array(h.stationary.window), axis=1)).max()
    usual = np.median(h.gradient_norms) if len(h) else 1.0
    for some, others in ((h, at), (at, h)):
        size = np.abs(some.eigenvalues)
        singular = size.min(axis=-1, initial=np.inf) < 1e-4 * size.max(axis=-1, initial=0.0)
        if some.points.shape[1] == 1:
            singular[:] = False
        certain = some.gradient_norms > 2e-3 * usual
        assert near(others.points, some.points[certain & ~singular]) < 1e-8 * l_scale, h.rho
        assert near(others.points, some.points[certain & singular]) < 1e-4 * l_scale, h.rho
    if certain.all() and (h.gradient_norms > 2e-3 * usual).all():
        assert len(h) == len(at)
        np.testing.assert_array_equal(np.sort(h.kinds), np.sort(at.kinds))


@given(TRIGONOMETRIC | GAUSSIANS, SMALL)
@settings(max_examples=5)
def test_random_landscapes(case: Case, rho: float) -> None:
    """The branches, the one-radius solver and SciPy's `root` from many starts find the same points."""
    l = case.landscape
    s = stationary_points(l, 3.0)
    if s.curves or s.flat:
        return
    c = hallucination_curves(l, 3.0, s)
    check(c)
    h, at = hallucinated_points(l, rho, s), c.points_at(rho)
    # Where the gradient is tiny a branch begins: the last digits say whether the point is there already.
    usual = np.median(np.linalg.norm(case.gradient(case.grid(21)), axis=-1))
    for some, others in ((h, at), (at, h)):
        sure = (some.gradient_norms > 1e-4 * usual) & case.inside(some.points, -1e-6)
        assert near(others.points, some.points[sure]) < 1e-6, rho
    expected = roots_of_shift(case, rho, coarse=4, fine=61)
    expected = expected[np.linalg.norm(case.gradient(expected), axis=-1) > 1e-4 * usual]
    assert not len(missing(expected, at.points, 1e-6))


# Facts 4 and 8: how branches begin and end


def test_branches_in_one_variable() -> None:
    """f' = (x + 0.6) x (x - 2): with target -0.6 the point rho - 0.6 lies in (0, 2) for 0.6 < rho < 2.6."""
    c = hallucination_curves(DOUBLE_WELL.landscape, 3.0)
    check(c)
    found = sorted(
        (float(b.target[0].round(9)), float(b.points[0, 0].round(9)), *b.rho[[0, -1]].round(9).tolist(), b.start, b.end)
        for b in c
    )
    inner, outer = ("stationary point", "stationary point"), ("stationary point", "rho_max")
    assert (-0.6, 0.0, 0.6, 2.6, *inner) in found
    assert (2.0, 0.0, 2.0, 2.6, *inner) in found
    assert [b[:4] for b in found if b[4] == "target"] == [(0.0, 0.0, 0.0, 0.6), (0.0, 0.0, 0.0, 2.0)]
    assert outer not in [b[4:] for b in found]


@pytest.mark.parametrize("case", [HIMMELBLAU, CAMEL, TILTED_RING, VALLEY], ids=lambda c: c.formula)
def test_two_branches_begin_at_a_saddle_and_four_at_a_maximizer(case: Case) -> None:
    s = stationary_points(case.landscape, 1.0)
    c = hallucination_curves(case.landscape, 1.0, s)
    check(c)
    inside = case.inside(s.points)
    expected = 2 * (s.kinds[inside] == "saddle").sum() + 4 * (s.kinds[inside] == "maximizer").sum()
    assert (c.starts == "target").sum() == expected
    assert "minimizer" not in c.kinds[c.starts == "target"]


ALMOST_ROUND = [
    Landscape("cos(x)+cos(y)", ((-1.0, 2.0), (-1.0, 2.0))),
    Landscape("cos(2x)+cos(2y)", ((-1.0, 2.0), (-1.0, 2.0))),
    Landscape("-x^2-y^2+x^2*y^2", ((-1.5, 1.5), (-1.0, 1.2))),
    Landscape("cos(x/30)+cos(y/30)", ((-1.0, 2.0), (-1.0, 2.0))),
]
SMOOTH = [
    part(name) for name, entry in CATALOGUE.items() if name not in ("kinks", "ackley") and entry.landscape.dim == 2
]


@pytest.mark.parametrize("l", [*ALMOST_ROUND, *SMOOTH], ids=lambda l: l.formula)
def test_branches_reach_down_to_their_targets(l: Landscape) -> None:
    """Fact 4. Close to a target about which f is almost round the slope across the radius drowns in rounding."""
    rho_max = min(l.rho_max, 1.5)
    s = stationary_points(l, rho_max)
    c = hallucination_curves(l, rho_max, s)
    check(c)
    for ends in (c.starts, c.ends):
        assert not {"undefined", "rounding"} & set(ends)
    if s.curves or c.curves.any():
        return
    inside = l.contains(s.points)
    expected = 2 * (s.kinds[inside] == "saddle").sum() + 4 * (s.kinds[inside] == "maximizer").sum()
    assert (c.starts == "target").sum() >= expected
    wide = "30" in l.formula  # on so small a part of a wave its roundness is lost at one radius by itself
    for rho in rho_max * np.array([1e-5, 1e-4, 5e-4, 1e-3, 3e-3, 1e-2])[4 if wide else 0 :]:
        h, at = hallucinated_points(l, rho, s), c.points_at(rho)
        assert len(h) == len(at)
        assert not h.curves
        for some, others in ((h, at), (at, h)):
            # Angles are known to the digits that rounding leaves of a slope of the order of rho or its square.
            assert near(others.points, some.points) < 1e-2 * rho


@pytest.mark.parametrize("seed", range(8))
def test_landscapes_that_are_round_or_almost(seed: int) -> None:
    """Waves of equal lengths, bent a little or not: at small radii the same points by both ways, and no false end."""
    a, b, c, d = np.random.default_rng(seed).normal(size=4).round(3)
    k = (0.0, 0.05, 1.0)[seed % 3]
    text = f"cos(x) + cos(y) + {k}*(({a})*sin(x+2y) + ({b})*x*y + ({d})*x^3/5) + ({c})*x^2*y^2/3"
    l = Landscape(text, ((-1.1, 1.9), (-1.3, 1.6)))
    s = stationary_points(l, 1.4)
    found = hallucination_curves(l, 1.4, s)
    assert not {"undefined", "rounding"} & {*found.starts, *found.ends}
    for rho in 1.4 * np.array([1e-4, 3.7e-4, 1e-3, 5e-3, 2e-2, 0.1]):
        h, at = hallucinated_points(l, rho, s), found.points_at(rho)
        assert len(h) == len(at) and not h.curves
        assert near(at.points, h.points) < 1e-2 * rho


def test_eight_branches_begin_at_a_maximizer_that_is_almost_round() -> None:
    c = hallucination_curves(ALMOST_ROUND[0], 1.5)
    np.testing.assert_allclose(c.lows, 0.0)
    e = c.targets[c.branch] - c.points
    inner = (c.rho > 1e-4) & (c.rho < 0.5)
    turns = np.degrees(np.arctan2(e[inner, 1], e[inner, 0])) / 45.0
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-6)


def test_an_undefined_region_is_named_as_such_and_nothing_else_is() -> None:
    l = Landscape("log(x+1)*sin(2y) + x*y - 0.3*sqrt(y+1)", ((-2.0, 2.0), (-2.0, 2.0)))
    c = hallucination_curves(l, 2.0)
    ends = np.concatenate(
        [c.points[c.offsets[:-1]][c.starts == "undefined"], c.points[c.offsets[1:] - 1][c.ends == "undefined"]]
    )
    assert len(ends)
    assert (np.minimum(np.abs(ends[:, 0] + 1.0), np.abs(ends[:, 1] + 1.0)) < 0.1).all()
    assert "rounding" not in {*c.starts, *c.ends}


def test_births_are_distances_to_stationary_points() -> None:
    """Where x meets a stationary point y, rho is |z - y|, to 1e-9."""
    s = stationary_points(HIMMELBLAU.landscape, 6.0)
    c = hallucination_curves(HIMMELBLAU.landscape, 6.0, s)
    distances = np.linalg.norm(s.points[:, None] - s.points[None], axis=-1)
    for rho in (*c.lows[c.starts == "stationary point"], *c.highs[c.ends == "stationary point"]):
        assert np.abs(distances - rho).min() < 1e-9


@pytest.mark.parametrize(
    ("case", "rho_max", "near_to"), [(HIMMELBLAU, 6.5, [6.078, 6.2249]), (FOLD, 3.0, [2.448459])], ids=["two", "one"]
)
def test_folds(case: Case, rho_max: float, near_to: list[float]) -> None:
    """At a fold two branches begin or end; on either side of it there are two points more or less, within 1e-6."""
    l = case.landscape
    c = hallucination_curves(l, rho_max)
    check(c)
    folds = np.unique(np.concatenate([c.lows[c.starts == "fold"], c.highs[c.ends == "fold"]]).round(9))
    for fold in folds:
        below, above = (len(hallucinated_points(l, fold + d)) for d in (-1e-6, 1e-6))
        assert abs(above - below) in (2, 4)
    for value in near_to:
        assert np.abs(folds - value).min() < 1e-3 * value
    if case is FOLD:
        np.testing.assert_allclose(folds, 2.448459, atol=1e-6)
        np.testing.assert_allclose(c.points[c.offsets[:-1], 0], -1.7106, atol=1e-4)
        assert set(c.kinds) == {"minimizer"}


@pytest.mark.parametrize("case", [TILTED_RING, STYBLINSKI_TANG], ids=lambda c: c.formula)
def test_crossings(case: Case) -> None:
    """Symmetric f: where branches cross, the slope along the circle has a double zero, and all arms end there."""
    l = case.landscape
    c = hallucination_curves(l, 2.9)
    check(c)
    ends = [(c.offsets[:-1][c.starts == "crossing"]), (c.offsets[1:][c.ends == "crossing"] - 1)]
    at = np.concatenate(ends)
    assert len(at)
    z, x, rho = c.targets[c.branch[at]], c.points[at], c.rho[at]
    e = (z - x) / rho[:, None]
    t = np.stack([-e[:, 1], e[:, 0]], axis=-1)
    g, h = l.gradient_and_hessian(x)
    across = (g * t).sum(axis=-1)
    by_angle = -rho * np.einsum("ni,nij,nj->n", t, h, t) - (g * e).sum(axis=-1)
    by_rho = -np.einsum("ni,nij,nj->n", e, h, t)
    for value in (across, by_angle, by_rho):
        np.testing.assert_allclose(value, 0.0, atol=1e-7 * np.abs(h).max())
    # As many arms as there are: three or four with the gradient inwards.
    _, arms = np.unique(np.column_stack([x, z]).round(6), axis=0, return_counts=True)
    assert (arms >= 3).all()


def test_close_branches_are_not_mixed_up() -> None:
    """A small tilt of a symmetric f parts the crossing lines, by less than the grid can tell."""
    for tilt in (1e-2, 1e-4, 1e-6, 1e-8):
        l = Landscape(f"(x^2+y^2-1)^2/4 + 0.1x + {tilt!r}y", RING.domain)
        s = stationary_points(l, 2.0)
        c = hallucination_curves(l, 2.0, s)
        check(c)
        assert not (c.ends == "undefined").any()
        for rho in np.random.default_rng(1).uniform(1.7, 2.0, 30):
            assert near(c.points_at(rho).points, hallucinated_points(l, rho, s).points) < 1e-8


# Fact 9: curves


def test_ring() -> None:
    c = hallucination_curves(RING.landscape, 2.0)
    check(c)
    assert c.curves.all()
    radius = np.linalg.norm(c.points, axis=-1)
    inner = c.kinds[c.branch] == "maximizer"
    np.testing.assert_allclose(radius[inner], c.rho[inner], atol=1e-12)
    np.testing.assert_allclose(radius[~inner], c.rho[~inner] - 1.0, atol=1e-7)
    np.testing.assert_allclose(c.highs[c.kinds == "maximizer"], 1.0, atol=1e-9)
    np.testing.assert_allclose(c.lows[c.kinds == "minimizer"], 1.0, atol=1e-7)
    middle = (c.rho > 1.01) & (c.rho < 1.99) & ~inner
    np.testing.assert_allclose(c.step_limits[middle], 1.0, rtol=1e-5)
    assert (c.step_limits[inner] == 0.0).all()


def test_a_flat_interval() -> None:
    c = hallucination_curves(Landscape("-abs(x-1)-abs(x+1)", ((-4, 4),)), 2.0)
    assert c.curves.all()
    assert np.isnan(c.step_limits).all()
    assert len(c)


# What can go wrong


@pytest.mark.parametrize(
    "l",
    [
        Landscape("x", ((-1, 1),)),
        Landscape("x + y", SQUARE),
        Landscape("log(-1-x^2-y^2)", SQUARE),
        Landscape("5 + 0*x*y", SQUARE),
        Landscape("abs(x)", ((-3, 3),)),
        Landscape("1e308*(x^2+y^2)", SQUARE),
    ],
    ids=lambda l: l.formula,
)
@pytest.mark.parametrize("rho_max", [0.0, 1.0, 10.0])
def test_nothing_to_find(l: Landscape, rho_max: float) -> None:
    c = hallucination_curves(l, rho_max)
    check(c)
    assert len(c) == len(list(c)) == 0
    assert len(c.points_at(0.5 * rho_max)) == 0


@pytest.mark.parametrize("text", ["log(x+1)*sin(2y) + x*y", "sqrt(x+y+3)*cos(2x)*sin(y)", "x + 1/x + y^2*x"])
def test_undefined_regions(text: str) -> None:
    l = Landscape(text, SQUARE)
    s = stationary_points(l, 2.0)
    c = hallucination_curves(l, 2.0, s)
    for rho in (0.4, 1.0, 1.7):
        h = hallucinated_points(l, rho, s)
        assert near(c.points_at(rho).points, h.points) < 1e-8


@pytest.mark.parametrize("text", ["log(x)*sin(3x)", "x + 1/x", "tan(x) - 3x", "x^4/4 - 2x^2 + sqrt(x+2)", "abs(x^2-2)"])
def test_undefined_regions_and_kinks_in_one_variable(text: str) -> None:
    l = Landscape(text, SQUARE[:1])
    s = stationary_points(l, 3.0)
    c = hallucination_curves(l, 3.0, s)
    check(c)
    for rho in np.random.default_rng(2).uniform(0.0, 3.0, 40):
        np.testing.assert_allclose(c.points_at(rho).points, hallucinated_points(l, rho, s).points, atol=1e-9)
    if text == "abs(x^2-2)":
        assert "kink" in {*c.starts, *c.ends}


def test_beyond_the_windows_size() -> None:
    c = hallucination_curves(VALLEY.landscape, 20.0)
    check(c)
    assert c.highs.max() < 4.0


@pytest.mark.parametrize("rho_max", [-1.0, np.nan, np.inf])
def test_misuse(rho_max: float) -> None:
    with pytest.raises(ValueError, match="rho_max must be a finite number >= 0, got"):
        hallucination_curves(VALLEY.landscape, rho_max)


def test_misuse_of_what_is_known() -> None:
    l = VALLEY.landscape
    with pytest.raises(ValueError, match="not the domain widened by rho_max = 1.5"):
        hallucination_curves(l, 1.5, stationary_points(l, 1.0))
    with pytest.raises(ValueError, match="rho must be from 0 to 1.5"):
        hallucination_curves(l, 1.5).points_at(1.6)


def test_satisfied_by_hand_written_gradients() -> None:
    corner = RASTRIGIN.on((-1.3, 1.1), (-0.4, 2.0))
    c = hallucination_curves(corner.landscape, 1.2)
    for case, at in ((corner, c.points_at(1.0)), (CAMEL, hallucination_curves(CAMEL.landscape, 1.2).points_at(0.7))):
        assert len(at)
        assert satisfies(case, at.points, at.rho, 1e-7).all()
        assert np.linalg.norm(shifted(case, at.points, at.rho), axis=-1).max() < 1e-7
        assert (np.diff(at.points[:, 0]) >= 0.0).all()


def test_slopes_whose_difference_overflows() -> None:
    l = Landscape("(cos(y^4))^y", ((-3.0, 3.0), (-3.0, 3.0)))
    s = stationary_points(l, margin=l.rho_max)
    some = tuple(replace(curve, points=curve.points[::100]) for curve in s.curves[:3])
    c = hallucination_curves(l, l.rho_max, replace(s, curves=some))
    assert np.isfinite(c.rho).all()


def test_arcs_that_rounding_turns_back_and_forth_keep_their_ends() -> None:
    l = Landscape(
        "((x)*(tan(b)-(x)^2))*(cosh((sinh(c1))/(tan(y))))-sinh(((x-rho)*((x)^(c1)))^2)",
        ((-5.0, 5.0), (-5.0, 5.0)),
        {"b": -1.4217406871610971, "c1": 0.001, "rho": 5.852343987552105},
    )
    c = hallucination_curves(l, l.rho_max)
    assert len(c) > 0
    assert (np.diff(c.offsets) >= 2).all()
    assert (np.diff(c.rho)[c.branch[:-1] == c.branch[1:]] >= 0.0).all()
