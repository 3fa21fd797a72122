"""Hallucinated points: every one is found, and everything found is one, by the definition S(x) = 0 and g(x) != 0."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamics import HallucinatedPoints, hallucinated_points, stationary_points
from landscapes import Landscape
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
    WAVES,
    Case,
    gaussians,
    missing,
    roots_in_one_variable,
    roots_of_shift,
    satisfies,
    shifted,
    sine,
    trigonometric,
)

SQUARE = ((-3.0, 3.0), (-3.0, 3.0))
FLAT_LINES = Case(
    "(x^2-1)^2/4 + 0*y",
    ((-2, 2), (-2, 2)),
    lambda p: np.stack([p[..., 0] ** 3 - p[..., 0], 0.0 * p[..., 1]], axis=-1),
)


def _hyperbola(p: np.ndarray) -> np.ndarray:
    return 2.0 * (p[..., :1] * p[..., 1:] - 1.0) * p[..., ::-1]


HYPERBOLA = Case("(x*y-1)^2", SQUARE, _hyperbola)


def check(case: Case, rho: float, h: HallucinatedPoints) -> None:
    """All that a result says about its isolated points, by hand-written gradients."""
    n = len(h)
    assert h.points.shape == h.targets.shape == (n, case.dim)
    assert h.eigenvalues.shape == (n, case.dim)
    assert h.kinds.shape == h.residuals.shape == h.gradient_norms.shape == h.step_limits.shape == (n,)
    assert case.inside(h.points, 1e-9).all()
    g, s = case.gradient(h.points), shifted(case, h.points, rho)
    # A degenerate target is known to half of its digits, or fewer; and S is as small as the digits of x allow.
    sharp = h.kinds != "degenerate"
    rounding = 1e-15 * case.width * np.abs(h.eigenvalues).max(axis=-1, initial=0.0)
    zero = np.linalg.norm(s, axis=-1) <= np.where(sharp, 1e-8, 1e-5) * np.linalg.norm(g, axis=-1) + rounding
    assert zero.all(), h.points[~zero]
    assert satisfies(case, h.points, rho, 1e-5).all()
    np.testing.assert_allclose(h.gradient_norms, np.linalg.norm(g, axis=-1), rtol=1e-9)
    scale = np.abs(case.landscape.hessian(h.targets)).max(initial=1.0)
    np.testing.assert_allclose(h.residuals, np.linalg.norm(s, axis=-1), atol=1e-12 * scale * case.width)
    # The target is where SAM looks: at the distance rho, straight up the gradient.
    ahead = h.points + rho * g / np.linalg.norm(g, axis=-1, keepdims=True)
    np.testing.assert_allclose(h.targets[sharp], ahead[sharp], atol=1e-6 * case.width)
    np.testing.assert_allclose(np.linalg.norm(h.targets - h.points, axis=-1), rho, rtol=1e-9)
    for x, others in zip(h.points, (np.delete(h.points, i, axis=0) for i in range(n)), strict=True):
        assert np.linalg.norm(others - x, axis=-1).min(initial=np.inf) > 1e-9 * case.width
    order = np.lexsort(h.points.T[::-1])
    np.testing.assert_array_equal(order, np.arange(n))
    # Kinds are those of the stationary points.
    known = h.stationary
    nearest = np.linalg.norm(h.targets[:, None] - known.points[None], axis=-1).argmin(axis=1) if n else []
    np.testing.assert_array_equal(h.kinds, known.kinds[nearest])


def absent(case: Case, h: HallucinatedPoints, expected: np.ndarray) -> np.ndarray:
    """Expected points that are neither among the isolated ones nor on a curve."""
    left = missing(expected, h.points, 1e-6 * case.width)
    for curve in h.curves:
        spacing = np.linalg.norm(np.diff(curve.points, axis=0), axis=-1).max()
        left = missing(left, curve.points, 2.0 * spacing)
    if h.stationary.curves:  # the end of a curve that the window's corner cuts off is no curve
        left = left[case.inside(left, -0.02 * case.width)]
    return left


# Facts 1 to 3: completeness

RADII = {
    HIMMELBLAU: (0.1, 1.0, 2.0, 3.0, 4.35, 6.1),
    TILTED_RING: (0.1, 0.5, 1.0, 1.5, 2.0),
    VALLEY: (0.5, 0.99, 1.0, 1.01, 1.5, 2.0, 2.5),
    CAMEL: (0.1, 0.5, 1.0, 1.7, 3.0),
    STYBLINSKI_TANG: (0.3, 1.0, 3.0, 5.0),
    FOLD: (1.0, 2.4, 2.5, 3.0),
    WAVES.on((-1.5, 3), (-3, 1)): (0.2, 0.6),
}


@pytest.mark.parametrize(
    ("case", "rho"),
    [(case, rho) for case, radii in RADII.items() for rho in radii],
    ids=lambda v: getattr(v, "formula", str(v)),
)
def test_all_of_them_and_nothing_else(case: Case, rho: float) -> None:
    h = hallucinated_points(case.landscape, rho)
    check(case, rho, h)
    assert not len(absent(case, h, roots_of_shift(case, rho, fine=301)))
    assert h.curves == ()
    assert h.unconverged == 0


def test_himmelblau() -> None:
    h = hallucinated_points(HIMMELBLAU.landscape, 3.0)
    check(HIMMELBLAU, 3.0, h)
    assert len(h) == 14
    assert h.residuals.max() < 1e-10
    attracting = h.attract()
    assert attracting.sum() == 5
    minimizers = attracting & (h.kinds == "minimizer")
    np.testing.assert_allclose(h.points[minimizers], [[0.184, 2.872], [3.218, 1.129], [3.494, -0.959]], atol=5e-4)
    np.testing.assert_allclose(h.step_limits[minimizers], [0.034, 0.071, 0.086], atol=5e-4)
    assert set(h.kinds[attracting]) == {"minimizer", "saddle"}


def test_rastrigin() -> None:
    """The hundreds of circles in one batch."""
    h = hallucinated_points(RASTRIGIN.landscape, 1.0)
    assert len(h.stationary.points) == 625
    assert len(h) == 1432
    check(RASTRIGIN, 1.0, h)
    corner = RASTRIGIN.on((-1.3, 1.1), (-0.4, 2.0))
    h = hallucinated_points(corner.landscape, 1.0)
    check(corner, 1.0, h)
    assert not len(absent(corner, h, roots_of_shift(corner, 1.0, fine=201)))


SMALL = st.integers(5, 300).map(lambda n: n / 100)
AMPLITUDE = st.integers(20, 100).map(lambda n: n / 100) | st.integers(-100, -20).map(lambda n: n / 100)
PHASE = st.integers(0, 628).map(lambda n: n / 100)
FREQUENCY = st.integers(-250, 250).map(lambda n: n / 100)
PLACE = st.integers(-300, 300).map(lambda n: n / 100)
WIDTH = st.integers(20, 150).map(lambda n: n / 100)
WAVE = st.tuples(AMPLITUDE, PHASE, FREQUENCY, FREQUENCY)
TRIGONOMETRIC = st.lists(WAVE, min_size=2, max_size=5).map(lambda terms: trigonometric(terms, SQUARE))
GAUSSIANS = st.lists(st.tuples(AMPLITUDE, WIDTH, PLACE, PLACE), min_size=1, max_size=5).map(
    lambda terms: gaussians(terms, SQUARE)
)


@given(TRIGONOMETRIC | GAUSSIANS, SMALL)
@settings(max_examples=25)
def test_random_landscapes(case: Case, rho: float) -> None:
    h = hallucinated_points(case.landscape, rho)
    check(case, rho, h)
    if h.stationary.flat == 0.0:
        expected = roots_of_shift(case, rho, coarse=6, fine=161)
        assert not len(absent(case, h, expected)), absent(case, h, expected)


@given(
    st.lists(st.tuples(AMPLITUDE, PHASE, st.integers(-1500, 1500).map(lambda n: n / 100)), min_size=1, max_size=5),
    SMALL,
)
@settings(max_examples=60)
def test_random_landscapes_in_one_variable(terms: list[tuple[float, ...]], rho: float) -> None:
    case = trigonometric(terms, SQUARE[:1])
    h = hallucinated_points(case.landscape, rho)
    check(case, rho, h)
    if h.stationary.flat == 0.0:
        assert not len(missing(roots_in_one_variable(case, rho, 50_001), h.points, 1e-6))


@given(TRIGONOMETRIC, SMALL, st.sampled_from([1e-3, 1e-5, -1e-5, -1e-3]))
@settings(max_examples=25)
def test_points_go_on_as_rho_changes(case: Case, rho: float, change: float) -> None:
    """Each point, followed to another radius by SciPy's `root`, is among the points there."""
    h = hallucinated_points(case.landscape, rho)
    then = hallucinated_points(case.landscape, rho + change)
    followed = roots_of_shift(case, rho + change, starts=h.points)
    assert not len(absent(case, then, followed))


# Near folds


def _fold_by_scipy() -> float:
    """Where the points of FOLD are born, by bisection on whether `root` finds any from a patch of starts."""
    patch = FOLD.on((-1.78, -1.64), (1.68, 1.82)).grid(7).reshape(-1, 2)
    low, high = 2.44, 2.46
    for _ in range(14):
        middle = 0.5 * (low + high)
        found = len(roots_of_shift(FOLD, middle, starts=patch)) > 0
        low, high = (low, middle) if found else (middle, high)
    return high


def test_birth_at_a_fold() -> None:
    """f = x^2 + y^2 (1 + x)^3 has one stationary point, and yet hallucinated minimizers, two of which attract."""
    l = FOLD.landscape
    born = _fold_by_scipy()
    assert born == pytest.approx(2.448459, abs=1e-5)
    assert len(hallucinated_points(l, 2.448459 - 1e-6)) == 0
    for beyond in (1e-6, 1e-5, 1e-4, 1e-3):
        h = hallucinated_points(l, 2.448459 + beyond)
        check(FOLD, 2.448459 + beyond, h)
        assert len(h) == 4
        assert h.attract().sum() == 2
        assert set(h.kinds) == {"minimizer"}
        np.testing.assert_allclose(h.targets, 0.0, atol=1e-12)
        if beyond < 1e-5:
            np.testing.assert_allclose(h.points[:, 0], -1.7106, atol=2e-3)
            apart = np.linalg.norm(h.points[h.points[:, 1] > 0][0] - h.points[h.points[:, 1] > 0][1])
            assert apart < 0.5 * 2.0 * np.pi * h.rho / h.angles  # closer than the samples on the circle


@pytest.mark.parametrize("near", [6.078, 6.226])
def test_folds_of_himmelblau(near: float) -> None:
    l = HIMMELBLAU.landscape
    low, high = near - 0.02, near + 0.02
    before = len(hallucinated_points(l, low))
    assert len(hallucinated_points(l, high)) == before + 2
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if len(hallucinated_points(l, middle)) > before else (middle, high)
        low, high = min(low, high), max(low, high)
    assert high == pytest.approx(near, abs=2e-3)
    h = hallucinated_points(l, high)
    check(HIMMELBLAU, high, h)
    distances = np.linalg.norm(h.points[:, None] - h.points[None], axis=-1)
    assert distances[distances > 0.0].min() < 1e-3  # the newborn pair


@given(TRIGONOMETRIC, st.integers(50, 250).map(lambda n: n / 100))
@settings(max_examples=10)
def test_points_are_born_and_die_for_a_reason(case: Case, rho: float) -> None:
    """Where the number of points changes with rho, two meet, or one meets g = 0 or the window's edge.

    A number that changed for no reason would be a point that is missed on one side.
    """
    l = case.landscape
    s = stationary_points(l, rho + 0.1)
    if s.curves or s.flat:
        return
    a, b = rho, rho + 0.1
    ha, hb = (hallucinated_points(l, r, s) for r in (a, b))
    if len(ha) == len(hb) or ha.curves or hb.curves:
        return
    for _ in range(22):
        middle = 0.5 * (a + b)
        h = hallucinated_points(l, middle, s)
        if len(h) == len(ha):
            a, ha = middle, h
        else:
            b, hb = middle, h
    only = np.concatenate([missing(ha.points, hb.points, 2e-3), missing(hb.points, ha.points, 2e-3)])
    small = 1e-2 * np.median(np.linalg.norm(case.gradient(case.grid(21)), axis=-1))
    for x in np.concatenate([ha.points, hb.points]) if not len(only) else only:
        pair = any(2 <= (np.linalg.norm(h.points - x, axis=-1) < 0.02).sum() for h in (ha, hb))
        edge = not case.inside(x, -1e-3)
        if pair or edge or np.linalg.norm(case.gradient(x)) < small:
            return
    raise AssertionError((a, b, only))


# Fact 4: small radii; fact 8: one variable


@pytest.mark.parametrize("case", [HIMMELBLAU, CAMEL, TILTED_RING, VALLEY], ids=lambda c: c.formula)
def test_small_radii_leave_repelling_points_at_saddles_and_maximizers(case: Case) -> None:
    """Two at every saddle and four at every maximizer, along the eigenvectors of H; none at minimizers.

    (At the maximizer of Styblinski-Tang the eigenvalues are equal, and higher orders decide.)
    """
    rho = 1e-3
    h = hallucinated_points(case.landscape, rho)
    kinds = h.stationary.kinds.tolist()
    assert len(h) == 2 * kinds.count("saddle") + 4 * kinds.count("maximizer")
    assert not h.attract().any()
    assert "minimizer" not in h.kinds
    check(case, rho, h)


@pytest.mark.parametrize("rho", [0.05, 0.3, 0.59, 0.61, 1.0, 1.9, 2.1, 2.59, 2.61, 3.0])
def test_double_well(rho: float) -> None:
    """With a maximizer at 0 and minimizers at -a and b, x = rho - a lies in (0, b) exactly if a < rho < a + b."""
    h = hallucinated_points(DOUBLE_WELL.landscape, rho)
    check(DOUBLE_WELL, rho, h)
    expected = roots_in_one_variable(DOUBLE_WELL, rho)
    np.testing.assert_allclose(h.points, expected, atol=1e-12)
    between = (h.points[:, 0] > 0.0) & (h.points[:, 0] < 2.0) & (h.kinds == "minimizer") & (h.targets[:, 0] < 0.0)
    assert between.sum() == (0.6 < rho < 2.6)
    np.testing.assert_allclose(h.points[between, 0], [rho - 0.6] * int(between.sum()), atol=1e-14)


def test_double_wells_preset() -> None:
    h = hallucinated_points(DOUBLE_WELL.landscape, 1.0)
    k = int(np.argmin(np.abs(h.points[:, 0] - 0.4)))
    assert h.points[k, 0] == pytest.approx(0.4, abs=1e-14)
    assert h.targets[k, 0] == pytest.approx(-0.6, abs=1e-14)
    assert h.gradient_norms[k] == pytest.approx(0.64, abs=1e-13)
    l = DOUBLE_WELL.landscape
    assert l.value(h.targets[k]) > l.value(h.points[k])  # f(x+) > f(x) here


@pytest.mark.parametrize("rho", [0.1, 0.5, 1.0])
def test_sine(rho: float) -> None:
    case = sine(1.0, rho)
    h = hallucinated_points(case.landscape, rho)
    check(case, rho, h)
    np.testing.assert_allclose(h.points, roots_in_one_variable(case, rho), atol=1e-12)
    assert np.abs(h.points[:, 0] + rho / 10.0).min() < 1e-13


@pytest.mark.parametrize("text", ["log(x)*sin(3x)", "x + 1/x", "tan(x) - 3x", "x^4/4 - 2x^2 + sqrt(x+2)", "x^x - 3x^2"])
@pytest.mark.parametrize("rho", [0.5, 1.0, 1.7])
def test_undefined_regions_and_poles(text: str, rho: float) -> None:
    l = Landscape(text, SQUARE[:1])
    case = Case(text, SQUARE[:1], l.gradient)
    h = hallucinated_points(l, rho)
    expected = roots_in_one_variable(case, rho)
    assert len(h) == len(expected)
    np.testing.assert_allclose(h.points, expected, atol=1e-9)
    assert np.isfinite(h.points).all()


@pytest.mark.parametrize("text", ["log(x+1)*sin(2y) + x*y", "sqrt(x+y+3)*cos(2x)*sin(y)", "x + 1/x + y^2*x"])
def test_undefined_regions_in_two_variables(text: str) -> None:
    l = Landscape(text, SQUARE)
    steep = Case(text, SQUARE, lambda p: np.nan_to_num(l.gradient(p), nan=1e3, posinf=1e3, neginf=-1e3))
    h = hallucinated_points(l, 1.0)
    assert len(h)
    assert satisfies(steep, h.points, 1.0, 1e-7).all()
    expected = roots_of_shift(steep, 1.0, fine=201)
    # SciPy's root needs numbers everywhere, and beside a pole any S is small against g.
    expected = expected[np.linalg.norm(l.gradient(expected), axis=-1) < 1e6]
    assert not len(absent(steep, h, expected))


# Fact 9: curves


def _circle(r: float, n: int = 400) -> np.ndarray:
    angle = np.linspace(0.0, 2.0 * np.pi, n)
    return r * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


@pytest.mark.parametrize("rho", [1.05, 1.2, 1.5, 1.95])
def test_ring_of_minimizers(rho: float) -> None:
    """Every point of the circle of radius rho - 1 looks through the centre at the other side of the ring."""
    h = hallucinated_points(RING.landscape, rho)
    assert len(h) == 0
    assert [(c.kind, c.closed, c.attracts) for c in h.curves] == [("minimizer", True, True)]
    curve = h.curves[0]
    np.testing.assert_allclose(np.linalg.norm(curve.points, axis=-1), rho - 1.0, atol=1e-9)
    np.testing.assert_allclose(curve.targets, -curve.points / (rho - 1.0), atol=1e-7)
    np.testing.assert_allclose(curve.transversal, 2.0, rtol=1e-6)  # the radial second derivative on the ring
    np.testing.assert_allclose(curve.step_limits, 1.0, rtol=1e-6)
    assert not len(missing(_circle(rho - 1.0), curve.points, 0.05))


@pytest.mark.parametrize("rho", [0.05, 0.3, 0.5, 0.9, 0.99])
def test_ring_around_a_maximizer(rho: float) -> None:
    """An isolated maximizer with a whole circle of points, which repel."""
    h = hallucinated_points(RING.landscape, rho)
    assert len(h) == 0
    assert [(c.kind, c.closed, c.attracts) for c in h.curves] == [("maximizer", True, False)]
    curve = h.curves[0]
    np.testing.assert_allclose(np.linalg.norm(curve.points, axis=-1), rho, atol=1e-12)
    np.testing.assert_allclose(curve.targets, 0.0, atol=1e-12)
    np.testing.assert_allclose(curve.transversal, -1.0, rtol=1e-9)
    np.testing.assert_allclose(curve.step_limits, 0.0)
    assert not len(missing(_circle(rho), curve.points, 0.05))


@pytest.mark.parametrize("text", [RING.formula, "(x^2+y^2-1)^4"])
@pytest.mark.parametrize("rho", [1.0, 2.0, 2.5, 3.0])
def test_ring_has_no_points_where_the_circle_meets_it(text: str, rho: float) -> None:
    h = hallucinated_points(Landscape(text, RING.domain), rho)
    assert len(h) == 0
    assert h.curves == ()


RADIAL = {
    "(r^2-1)^2/4": lambda r: r**3 - r,
    "(r^2-1)^2*(r^2-4)^2/40": lambda r: (
        (4 * r * (r**2 - 1) * (r**2 - 4) ** 2 + 4 * r * (r**2 - 4) * (r**2 - 1) ** 2) / 40
    ),
    "sin(r^2)": lambda r: 2 * r * np.cos(r**2),
    "exp(-r^2)": lambda r: -2 * r * np.exp(-(r**2)),
}


@pytest.mark.parametrize("text", RADIAL)
@pytest.mark.parametrize("rho", [0.4, 1.2, 1.7, 2.2])
def test_radial_landscapes_are_landscapes_in_one_variable(text: str, rho: float) -> None:
    """Points of f(|x|) lie on circles whose radii are the points of f on a line."""
    line = Case("", ((1e-9, 2.9),), RADIAL[text])
    radii = roots_in_one_variable(line, rho)[:, 0]
    l = Landscape(text.replace("r^2", "(x^2+y^2)"), SQUARE)
    h = hallucinated_points(l, rho)
    assert len(h) == 0
    found = [c.points[np.linalg.norm(c.points, axis=-1) < 2.89] for c in h.curves]
    found = np.linalg.norm(np.concatenate([np.empty((0, 2)), *found]), axis=-1)
    for r in radii:
        close = np.concatenate([np.empty((0, 2)), *(c.points for c in h.curves)])
        assert not len(missing(_circle(r), close, 0.08)), r
    assert np.abs(found[:, None] - radii).min(axis=1, initial=np.inf).max(initial=0.0) < 1e-5


@pytest.mark.parametrize("rho", [0.7, 1.5, 2.5])
def test_lines(rho: float) -> None:
    """f does not depend on y: lines of targets, lines of points."""
    h = hallucinated_points(FLAT_LINES.landscape, rho)
    one = hallucinated_points(Landscape("(x^2-1)^2/4", ((-2, 2),)), rho)
    assert len(h) == 0
    assert len(h.curves) == len(one)
    for curve, x, kind, limit in zip(
        sorted(h.curves, key=lambda c: float(c.points[0, 0])), one.points[:, 0], one.kinds, one.step_limits, strict=True
    ):
        np.testing.assert_allclose(curve.points[:, 0], x, atol=1e-12)
        assert np.ptp(curve.points[:, 1]) > 3.9  # from edge to edge
        assert curve.kind == kind
        np.testing.assert_allclose(curve.step_limits, limit, rtol=1e-9)


@pytest.mark.parametrize("rho", [0.7, 1.5, 1.84, 2.2])
def test_curves_on_a_hyperbola_of_minimizers(rho: float) -> None:
    h = hallucinated_points(HYPERBOLA.landscape, rho)
    check(HYPERBOLA, rho, h)
    for curve in h.curves:
        assert satisfies(HYPERBOLA, curve.points, rho, 1e-5).all()
        np.testing.assert_allclose(np.linalg.norm(curve.targets - curve.points, axis=-1), rho, rtol=1e-9)
        assert curve.kind == "minimizer"
    assert not len(absent(HYPERBOLA, h, roots_of_shift(HYPERBOLA, rho, fine=201)))
    assert (len(h), len(h.curves)) == ((2, 0) if rho < 1.0 else (0, 2))


def _graph_gradient(p: np.ndarray) -> np.ndarray:
    x, y = p[..., 0], p[..., 1]
    return 2.0 * (y - np.sin(x))[..., None] * np.stack([-np.cos(x), np.ones_like(x)], axis=-1)


NO_MAXIMIZER: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
    ("(y-sin(x))^2", _graph_gradient),
    ("(x*y)^2", lambda p: 2.0 * p[..., :1] * p[..., 1:] * p[..., ::-1]),
    ("x^2 + 0*y", lambda p: 2.0 * p * np.array([1.0, 0.0])),
]


@pytest.mark.parametrize(("text", "gradient"), NO_MAXIMIZER, ids=[text for text, _ in NO_MAXIMIZER])
@pytest.mark.parametrize("rho", [0.7, 2.0])
def test_curves_of_minimizers_without_points(
    text: str, gradient: Callable[[np.ndarray], np.ndarray], rho: float
) -> None:
    case = Case(text, SQUARE, gradient)
    h = hallucinated_points(case.landscape, rho)
    assert len(h.stationary.curves)
    assert len(h) == 0
    assert h.curves == ()
    assert not len(roots_of_shift(case, rho, fine=101))


def test_a_flat_interval_of_maximizers() -> None:
    """f' = 2 left of [-1, 1], 0 on it: every x with x + rho in it is stuck, and nothing says whether it attracts."""
    h = hallucinated_points(Landscape("-abs(x-1)-abs(x+1)", ((-4, 4),)), 1.5)
    assert len(h) == 0
    assert [c.kind for c in h.curves] == ["maximizer", "maximizer"]
    left, right = sorted(h.curves, key=lambda c: float(c.points[0, 0]))
    np.testing.assert_allclose(left.points[[0, -1], 0], [-2.5, -1.0], atol=0.01)
    np.testing.assert_allclose(right.points[[0, -1], 0], [1.0, 2.5], atol=0.01)
    assert not left.attracts
    assert np.isnan(left.step_limits).all()
    assert len(hallucinated_points(Landscape("abs(x-1)+abs(x+1)", ((-4, 4),)), 1.5).curves) == 0


# Degenerate targets


@pytest.mark.parametrize(
    ("text", "rho", "expected"),
    [
        ("x^3", 1.0, [[-1.0]]),
        ("-x^4", 1.0, [[-1.0], [1.0]]),
        ("x^4", 1.0, []),
        ("x^2*y + y^3", 0.7, [[0.0, -0.7]]),
        ("(x-0.1234)^2*(y-0.3) + (y-0.3)^3", 0.7, [[0.1234, -0.4]]),
        ("x^3 - 3x*y^2", 1.0, [[-1.0, 0.0], [0.5, -np.sqrt(0.75)], [0.5, np.sqrt(0.75)]]),
    ],
)
def test_degenerate_targets(text: str, rho: float, expected: list[list[float]]) -> None:
    l = Landscape(text, SQUARE if "y" in text else SQUARE[:1])
    h = hallucinated_points(l, rho)
    np.testing.assert_allclose(
        h.points[np.lexsort(h.points.round(3).T[::-1])], np.reshape(expected, (-1, l.dim)), atol=1e-3
    )
    assert set(h.kinds) <= {"degenerate"}
    assert np.isnan(h.step_limits).all()
    assert not h.attract().any()


# Fact 12: kinks; and what has none


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("abs(x)", SQUARE[:1]),
        ("-abs(x)", SQUARE[:1]),
        ("-abs(x) - abs(y)", SQUARE),
        ("-sqrt(x^2+y^2)", SQUARE),
        ("5 + 0*x", SQUARE[:1]),
        ("5 + 0*x*y", SQUARE),
        ("x + y", SQUARE),
        ("x^2 + y^2", SQUARE),
        ("x^2", SQUARE[:1]),
        ("exp(x)", SQUARE[:1]),
        ("log(-1-x^2)", SQUARE[:1]),
        ("1e308*(x^2+y^2)", SQUARE),
        ("x^x^x", SQUARE[:1]),
        ("exp(exp(exp(x)))", SQUARE[:1]),
        ("tan(x)", SQUARE[:1]),
    ],
)
@pytest.mark.parametrize("rho", [0.5, 1.0])
def test_landscapes_without_points(text: str, domain: tuple[tuple[float, float], ...], rho: float) -> None:
    """Kinks are not searched; minimizers alone, constants and slopes stop nobody."""
    h = hallucinated_points(Landscape(text, domain), rho)
    assert len(h) == 0
    assert h.curves == ()


def test_ackley() -> None:
    text = "-20*exp(-0.2*sqrt((x^2+y^2)/2))-exp((cos(2*pi*x)+cos(2*pi*y))/2)+e+20"
    l = Landscape(text, ((-5, 5), (-5, 5)))
    case = Case(text, l.domain, l.gradient)
    h = hallucinated_points(l, 1.0)
    check(case, 1.0, h)
    assert len(h) > 1000
    assert np.linalg.norm(h.targets, axis=-1).min() > 0.1  # nothing aims at the kink in the middle


# The function's own contract


@pytest.mark.parametrize("l", [HIMMELBLAU.landscape, DOUBLE_WELL.landscape])
def test_no_points_at_radius_zero(l: Landscape) -> None:
    h = hallucinated_points(l, 0.0)
    assert len(h) == 0
    assert h.points.shape == (0, l.dim)
    assert h.curves == ()


@pytest.mark.parametrize("rho", [-0.1, np.nan, np.inf])
def test_rho_misuse(rho: float) -> None:
    with pytest.raises(ValueError, match="rho must be a finite number >= 0, got .*; use 0 for plain gradient descent"):
        hallucinated_points(HIMMELBLAU.landscape, rho)


@pytest.mark.parametrize("case", [HIMMELBLAU, DOUBLE_WELL], ids=["2D", "1D"])
def test_known_stationary_points_are_used(case: Case) -> None:
    l = case.landscape
    expected = hallucinated_points(l, 1.5)
    for margin in (1.5, 1.7):
        s = stationary_points(l, margin)
        h = hallucinated_points(l, 1.5, s)
        assert h.stationary is s
        np.testing.assert_allclose(h.points, expected.points, atol=1e-12)
    with pytest.raises(ValueError, match=r"not the domain widened by rho = 1.5"):
        hallucinated_points(l, 1.5, stationary_points(l, 1.4))


def test_the_search_is_accounted_for() -> None:
    h = hallucinated_points(HIMMELBLAU.landscape, 3.0)
    assert h.rho == 3.0
    assert h.stationary.window == ((-9.0, 9.0), (-9.0, 9.0))
    assert h.angles >= 2.0 * np.pi * 3.0 / (12.0 / 400.0)
    assert h.unconverged == 0
    assert len(h.stationary.points) == 9


@pytest.mark.parametrize("edge", [0.4 - 1e-6, 0.4, 0.4 + 1e-6])
def test_points_on_the_edge_of_the_window(edge: float) -> None:
    h = hallucinated_points(DOUBLE_WELL.on((edge, 4.0)).landscape, 1.0)
    assert bool((np.abs(h.points - 0.4) < 1e-9).any()) == (edge <= 0.4)


# Symmetries: what a change of scale or of place does to f, it does to the points


@pytest.mark.parametrize("c", [1e-6, 0.02, 50.0, 1e6])
def test_scaling_f(c: float) -> None:
    """S and g scale alike: points and kinds stay, and steps are measured against steeper slopes."""
    h = hallucinated_points(CAMEL.landscape, 1.0)
    scaled = hallucinated_points(Landscape(f"{c!r}*({CAMEL.formula})", CAMEL.domain), 1.0)
    np.testing.assert_allclose(scaled.points, h.points, atol=1e-10)
    np.testing.assert_array_equal(scaled.kinds, h.kinds)
    np.testing.assert_allclose(scaled.step_limits * c, h.step_limits, rtol=1e-6)
    np.testing.assert_allclose(scaled.eigenvalues, h.eigenvalues * c, rtol=1e-6, atol=1e-9 * c)


@given(st.lists(WAVE, min_size=2, max_size=3), SMALL, st.sampled_from([1e-3, 0.5, 3.0, 1e3]))
@settings(max_examples=15)
def test_scaling_x(terms: list[tuple[float, ...]], rho: float, k: float) -> None:
    case = trigonometric(terms, SQUARE)
    scaled = trigonometric([(a, c, *(w / k for w in v)) for a, c, *v in terms], ((-3.0 * k, 3.0 * k),) * 2)
    h = hallucinated_points(case.landscape, rho)
    other = hallucinated_points(scaled.landscape, rho * k)
    if h.curves or h.stationary.flat:
        return
    inner = case.on((-2.9999, 2.9999), (-2.9999, 2.9999))
    for a, b in ((h.points, other.points / k), (other.points / k, h.points)):
        assert not len(missing(a[inner.inside(a)], b, 1e-6))


@given(st.lists(WAVE, min_size=2, max_size=3), SMALL, PHASE, PLACE, PLACE)
@settings(max_examples=15)
def test_turning_and_moving_x(terms: list[tuple[float, ...]], rho: float, angle: float, x: float, y: float) -> None:
    """In f(R^T (p - d)) the points turn and move along, as far as both windows show them."""
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = np.array([x, y]) / 3.0
    turned = []
    for a, c, *k in terms:
        w = rotation @ k
        turned.append((a, float(c - w @ shift), *map(float, w)))
    case, moved = trigonometric(terms, SQUARE), trigonometric(turned, SQUARE)
    h, other = hallucinated_points(case.landscape, rho), hallucinated_points(moved.landscape, rho)
    if h.curves or other.curves or h.stationary.flat or other.stationary.flat:
        return
    there = h.points @ rotation.T + shift
    back = (other.points - shift) @ rotation
    assert not len(missing(there[case.inside(there, -1e-4)], other.points, 1e-6))
    assert not len(missing(back[case.inside(back, -1e-4)], h.points, 1e-6))
