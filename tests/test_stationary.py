"""Stationary points and curves: all of them, nothing else, and of the kind that f itself shows around them."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamics import StationaryPoints, stationary_points
from dynamics.stationary import located
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
    roots_of_gradient,
    sine,
    stationary_in_one_variable,
    trigonometric,
)

ISOLATED = [HIMMELBLAU, TILTED_RING, VALLEY, CAMEL, STYBLINSKI_TANG, FOLD, WAVES]
SQUARE = ((-3.0, 3.0), (-3.0, 3.0))


def kind_seen(l: Landscape, z: np.ndarray, radius: float) -> str:
    """Minimizer, maximizer or saddle by the values of f on a small circle (in 1D: on both sides), H not asked."""
    if l.dim == 1:
        around = z + radius * np.array([[-1.0], [1.0]])
    else:
        angle = np.linspace(0.0, 2.0 * np.pi, 2000, endpoint=False)
        around = z + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    difference = l.value(around) - l.value(z)
    return "minimizer" if (difference > 0).all() else "maximizer" if (difference < 0).all() else "saddle"


def check_kinds(l: Landscape, s: StationaryPoints) -> None:
    for z, kind in zip(s.points, s.kinds, strict=True):
        if kind != "degenerate":
            assert kind == kind_seen(l, z, 1e-4 * l.diagonal), (z, kind)


def check_is_stationary(case: Case, s: StationaryPoints) -> None:
    g = np.linalg.norm(case.gradient(s.points), axis=-1)
    size = np.abs(case.landscape.hessian(case.grid(21))).max()
    assert (g <= 1e-9 * size * case.width).all()
    low, high = np.array(s.window).T
    assert ((s.points >= low) & (s.points <= high)).all()


@pytest.mark.parametrize("case", ISOLATED, ids=lambda case: case.formula)
def test_all_of_them_and_nothing_else(case: Case) -> None:
    s = stationary_points(case.landscape)
    expected = roots_of_gradient(case)
    assert len(s.points) == len(expected) > 0
    assert not len(missing(expected, s.points, 1e-6 * case.width))
    check_is_stationary(case, s)
    check_kinds(case.landscape, s)
    assert s.curves == ()
    assert s.unconverged == 0


def test_himmelblau() -> None:
    s = stationary_points(HIMMELBLAU.landscape)
    assert sorted(s.kinds.tolist()) == ["maximizer"] + 4 * ["minimizer"] + 4 * ["saddle"]
    minimizers = s.points[s.kinds == "minimizer"]
    known = np.array([[-3.779310, -3.283186], [-2.805118, 3.131312], [3.0, 2.0], [3.584428, -1.848127]])
    np.testing.assert_allclose(minimizers, known, atol=1e-6)
    np.testing.assert_allclose(s.points[s.kinds == "maximizer"], [[-0.270845, -0.923039]], atol=1e-6)


@pytest.mark.parametrize("margin", [0.0, 1.0])
@pytest.mark.parametrize("case", [RASTRIGIN, STYBLINSKI_TANG], ids=["Rastrigin", "Styblinski-Tang"])
def test_separable_landscapes_are_products_of_their_axes(case: Case, margin: float) -> None:
    """f(x, y) = h(x) + h(y): the roots are all pairs of roots of h', the kinds pairs of its signs."""
    low, high = case.domain[0]
    axis = Case("", ((low - margin, high + margin),), lambda p: case.gradient(np.concatenate([p, p], axis=-1))[..., :1])
    roots = stationary_in_one_variable(axis)[:, 0]
    s = stationary_points(case.landscape, margin)
    expected = np.stack(np.meshgrid(roots, roots, indexing="ij"), axis=-1).reshape(-1, 2)
    assert len(s.points) == len(expected)
    np.testing.assert_allclose(s.points[np.lexsort(s.points.round(6).T[::-1])], expected, atol=1e-9)
    up = np.sign(axis.gradient(s.points[..., :1] + 1e-4))[:, 0] + np.sign(axis.gradient(s.points[..., 1:] + 1e-4))[:, 0]
    named = np.select([up == 2, up == -2], ["minimizer", "maximizer"], "saddle")
    np.testing.assert_array_equal(s.kinds, named)
    if case is RASTRIGIN and margin:
        assert len(s.points) == 625


@pytest.mark.parametrize(
    "case", [DOUBLE_WELL, sine(1.0, 0.5), sine(2.0, 0.1)], ids=["double well", "sine", "fast sine"]
)
@pytest.mark.parametrize("margin", [0.0, 0.7])
def test_one_variable(case: Case, margin: float) -> None:
    l = case.landscape
    s = stationary_points(l, margin)
    expected = stationary_in_one_variable(case.on((case.domain[0][0] - margin, case.domain[0][1] + margin)))
    assert s.points.shape == expected.shape
    np.testing.assert_allclose(s.points, expected, atol=1e-12)
    check_kinds(l, s)


def test_double_well() -> None:
    s = stationary_points(DOUBLE_WELL.landscape)
    np.testing.assert_allclose(s.points[:, 0], [-0.6, 0.0, 2.0], atol=1e-14)
    assert s.kinds.tolist() == ["minimizer", "maximizer", "minimizer"]


@pytest.mark.parametrize("margin", [0.0, 0.5, 2.5])
def test_margin_widens_the_window(margin: float) -> None:
    l = Landscape("sin(x)*sin(y)", SQUARE)
    s = stationary_points(l, margin)
    assert s.window == ((-3.0 - margin, 3.0 + margin),) * 2
    inside = [k for k in range(-3, 4) if abs(k * np.pi) <= 3.0 + margin]
    halves = [k + 0.5 for k in range(-4, 4) if abs((k + 0.5) * np.pi) <= 3.0 + margin]
    assert len(s.points) == len(inside) ** 2 + len(halves) ** 2


@pytest.mark.parametrize("margin", [-0.1, np.nan, np.inf])
def test_margin_misuse(margin: float) -> None:
    with pytest.raises(ValueError, match="margin must be a finite number >= 0, got"):
        stationary_points(HIMMELBLAU.landscape, margin)


# Random landscapes

WHOLE = st.integers(-100, 100).map(lambda n: n / 100)
AMPLITUDE = st.integers(20, 100).map(lambda n: n / 100) | st.integers(-100, -20).map(lambda n: n / 100)
PHASE = st.integers(0, 628).map(lambda n: n / 100)
FREQUENCY = st.integers(-300, 300).map(lambda n: n / 100)
PLACE = st.integers(-300, 300).map(lambda n: n / 100)
WIDTH = st.integers(20, 150).map(lambda n: n / 100)
TRIGONOMETRIC = st.lists(st.tuples(AMPLITUDE, PHASE, FREQUENCY, FREQUENCY), min_size=2, max_size=5).map(
    lambda terms: trigonometric(terms, SQUARE)
)
GAUSSIANS = st.lists(st.tuples(AMPLITUDE, WIDTH, PLACE, PLACE), min_size=1, max_size=5).map(
    lambda terms: gaussians(terms, SQUARE)
)


@given(TRIGONOMETRIC | GAUSSIANS)
@settings(max_examples=40)
def test_random_landscapes(case: Case) -> None:
    l = case.landscape
    s = stationary_points(l)
    absent = missing(roots_of_gradient(case, coarse=8, fine=201), s.points, 1e-5 * case.width)
    for curve in s.curves:  # a draw may be a function of one combination of x and y, or be constant
        absent = missing(absent, curve.points, 3.0 * max(s.spacing))
    if s.curves:  # the end of a curve that the window's corner cuts off is no curve
        absent = absent[case.inside(absent, -5.0 * max(s.spacing))]
    if s.flat == 0.0:
        assert not len(absent), absent
    check_is_stationary(case, s)
    check_kinds(l, s)


TRIGONOMETRIC_1D = st.lists(
    st.tuples(AMPLITUDE, PHASE, st.integers(-2000, 2000).map(lambda n: n / 100)), min_size=1, max_size=5
).map(lambda terms: trigonometric(terms, ((-3.0, 3.0),)))


@given(TRIGONOMETRIC_1D)
@settings(max_examples=60)
def test_random_landscapes_in_one_variable(case: Case) -> None:
    s = stationary_points(case.landscape)
    if s.flat == 0.0:
        assert not len(missing(stationary_in_one_variable(case), s.points, 1e-6))
    check_is_stationary(case, s)
    check_kinds(case.landscape, s)


@pytest.mark.parametrize("n", [20, 50, 100])
def test_waves_down_to_a_hundredth_of_the_window(n: int) -> None:
    """Half a wave is 1/n of the window wide."""
    s = stationary_points(Landscape(f"sin({n}*pi*x)", ((0.0, 1.0),)))
    np.testing.assert_allclose(s.points[:, 0], (np.arange(n) + 0.5) / n, atol=1e-13)


@given(PLACE, PLACE, st.integers(6, 30).map(lambda n: n / 100))
@settings(max_examples=30)
def test_a_well_of_a_hundredth_of_the_window(x: float, y: float, width: float) -> None:
    case = gaussians([(-1.0, width, x, y)], SQUARE, bowl=0.02)
    s = stationary_points(case.landscape)
    lowest = s.points[s.kinds == "minimizer"]
    # The bowl moves the well's bottom by less than its width.
    assert np.linalg.norm(lowest - [x, y], axis=-1).min() < width


@pytest.mark.parametrize("gap", [1e-1, 1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("shift", [0.0, 0.0137, 0.3331])
@pytest.mark.parametrize(
    "form", ["({x})^3/3 - {e}*({x})", "({x})^3/3 - {e}*({x}) + y^2", "(x-y)^2 + ({x}+y)^3/3 - {e}*({x}+y)"]
)
def test_pairs_closer_than_the_grid(form: str, shift: float, gap: float) -> None:
    """A minimizer and a saddle (in 1D a maximizer) that have just been born together."""
    text = form.format(x=f"x-{shift}", e=gap**2)
    l = Landscape(text, SQUARE if "y" in text else SQUARE[:1])
    s = stationary_points(l)
    assert len(s.points) == 2
    apart = np.linalg.norm(s.points[1] - s.points[0])
    assert apart == pytest.approx(2.0 * gap / (np.sqrt(2.0) if "(x-y)" in text else 1.0), rel=1e-3)
    assert len(set(s.kinds)) == 2


# Degenerate points


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("x^3", [0.0]),
        ("(x-0.1234)^3", [0.1234]),
        ("x^4", [0.0]),
        ("x^5 + x^3", [0.0]),
        ("(x-1)^4*(x+1)^3", [-1.0, 1.0]),
        ("x^2*(x-1)^3", [1.0]),
    ],
)
def test_even_and_higher_roots_in_one_variable(text: str, roots: list[float]) -> None:
    s = stationary_points(Landscape(text, ((-3.1, 3.0),)))
    found = s.points[s.kinds == "degenerate", 0]
    # At a root of f' of order n the position is known to about eps^(1/n).
    np.testing.assert_allclose(found, roots, atol=2e-4)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x^2*y + y^3", (0.0, 0.0)),
        ("(x-0.1234)^2*(y-0.3) + (y-0.3)^3", (0.1234, 0.3)),
        ("x^4 + y^4", (0.0, 0.0)),
        ("x^3 - 3x*y^2", (0.0, 0.0)),
        ("x^4 + y^2", (0.0, 0.0)),
        ("x^3 + y^2", (0.0, 0.0)),
        ("(x-0.77)^3 + (y+1.23)^2", (0.77, -1.23)),
        ("(x^2+y^2)^2", (0.0, 0.0)),
    ],
)
def test_degenerate_points_are_said_to_be_so(text: str, place: tuple[float, float]) -> None:
    s = stationary_points(Landscape(text, SQUARE))
    assert s.kinds.tolist() == ["degenerate"]
    np.testing.assert_allclose(s.points, [place], atol=1e-3)
    assert s.curves == ()


# Curves

LINE = np.linspace(-3.0, 3.0, 2001)


def _circle(r: float) -> np.ndarray:
    angle = np.linspace(0.0, 2.0 * np.pi, 2001)
    return r * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _graph(y: Callable[[np.ndarray], np.ndarray], x: np.ndarray = LINE) -> np.ndarray:
    points = np.stack([x, y(x)], axis=-1)
    return points[(np.abs(points) <= 3.0).all(axis=-1)]


def _nothing(x: np.ndarray) -> np.ndarray:
    return 0.0 * x


HYPERBOLA = np.concatenate([_graph(lambda x: 1.0 / x, LINE[LINE > 0.3]), _graph(lambda x: 1.0 / x, LINE[LINE < -0.3])])
CURVES = {
    "(x^2+y^2-1)^2/4": (_circle(1.0), {"minimizer"}, 1, True),
    "-(x^2+y^2-1)^2": (_circle(1.0), {"maximizer"}, 1, True),
    "(x*y-1)^2": (HYPERBOLA, {"minimizer"}, 2, False),
    "(y-sin(x))^2": (_graph(np.sin), {"minimizer"}, 1, False),
    "(x*y)^2": (np.concatenate([_graph(_nothing), _graph(_nothing)[:, ::-1]]), {"minimizer"}, 4, False),
    "x^2 + 0*y": (_graph(_nothing)[:, ::-1], {"minimizer"}, 1, False),
    "y^2": (_graph(_nothing), {"minimizer"}, 1, False),
    "(x-y)^4": (_graph(lambda x: x), {"minimizer"}, 1, False),
    "-(x^2+y)^2": (_graph(lambda x: -(x**2)), {"maximizer"}, 1, False),
    "(x-0.123)^2*(y^2+1)": (_graph(_nothing)[:, ::-1] + [0.123, 0.0], {"minimizer"}, 1, False),
    "cos(sqrt(x^2+y^2+0.01))": (_circle(np.sqrt(np.pi**2 - 0.01))[:0], {"minimizer"}, None, False),
    "exp(-(x^2+y^2-4)^2)": (_circle(2.0), {"maximizer"}, 1, True),
}


@pytest.mark.parametrize("text", CURVES)
def test_curves(text: str) -> None:
    truth, kinds, count, closed = CURVES[text]
    l = Landscape(text, SQUARE)
    s = stationary_points(l)
    cell = max(s.spacing)
    found = np.concatenate([curve.points for curve in s.curves])
    size = np.abs(l.hessian(found)).max()
    assert np.linalg.norm(l.gradient(found), axis=-1).max() <= 1e-7 * max(size, 1.0)
    # The whole curve is covered. Where curves cross, Newton runs along them to the crossing, an isolated point.
    bare = missing(truth, np.concatenate([found, s.points]), 3.0 * cell)
    assert not len(missing(bare, s.points, 12.0 * cell))
    assert not len(truth) or not len(missing(found, truth, cell))
    assert {curve.kind for curve in s.curves} == kinds
    assert count is None or len(s.curves) == count
    for curve in s.curves:
        assert curve.closed == closed or count is None
        steps = np.linalg.norm(np.diff(curve.points, axis=0), axis=-1)
        assert steps.max() <= 4.0 * cell  # in order along the curve


def test_a_curve_beside_isolated_points() -> None:
    s = stationary_points(RING.landscape)
    np.testing.assert_allclose(s.points, [[0.0, 0.0]], atol=1e-12)
    assert s.kinds.tolist() == ["maximizer"]
    s = stationary_points(Landscape("(x*y-1)^2", SQUARE))
    np.testing.assert_allclose(s.points, [[0.0, 0.0]], atol=1e-12)
    assert s.kinds.tolist() == ["saddle"]


def test_curves_of_both_kinds() -> None:
    s = stationary_points(Landscape("(x^2+y^2-1)^2*(x^2+y^2-4)^2/40", SQUARE))
    by_kind = {
        kind: np.concatenate([c.points for c in s.curves if c.kind == kind]) for kind in ("minimizer", "maximizer")
    }
    radii = {kind: np.linalg.norm(points, axis=-1) for kind, points in by_kind.items()}
    assert set(np.round(radii["minimizer"], 6)) == {1.0, 2.0}
    assert set(np.round(radii["maximizer"], 6)) == {round(np.sqrt(2.5), 6)}
    for kind, r in (("minimizer", 1.0), ("minimizer", 2.0), ("maximizer", np.sqrt(2.5))):
        assert not len(missing(_circle(r), by_kind[kind], 3.0 * max(s.spacing)))
    assert s.kinds.tolist() == ["maximizer"]


# What is not a stationary point


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("abs(x)", ((-3, 3),)),
        ("abs(x)", ((-2, 4),)),
        ("abs(x) + x^2", ((-3, 3),)),
        ("abs(abs(x)-1)", ((-3, 3),)),
        ("abs(x) + abs(y)", SQUARE),
        ("abs(x) + x^2 + y^2", SQUARE),
        ("sqrt(x^2+y^2)", SQUARE),
        ("-sqrt(x^2+y^2)", ((-3, 3), (-2.9, 3.1))),
        ("abs(x) + 0*y", SQUARE),
    ],
)
def test_kinks_are_not_roots(text: str, domain: tuple[tuple[float, float], ...]) -> None:
    s = stationary_points(Landscape(text, domain), margin=1.0)
    assert not len(s.points), s.points
    assert s.curves == ()


def test_ackleys_centre_is_a_kink() -> None:
    l = Landscape("-20*exp(-0.2*sqrt((x^2+y^2)/2))-exp((cos(2*pi*x)+cos(2*pi*y))/2)+e+20", ((-5, 5), (-5, 5)))
    s = stationary_points(l)
    assert len(s.points) > 300
    assert np.linalg.norm(s.points, axis=-1).min() > 0.1
    check_kinds(l, s)


@pytest.mark.parametrize("text", ["1/x^2", "tan(x)", "1/x", "x/(x^2-4)", "1/(x*y)", "1/(x^2+y^2)", "x/y"])
def test_poles_are_not_roots(text: str) -> None:
    s = stationary_points(Landscape(text, SQUARE if "y" in text else SQUARE[:1]))
    assert not len(s.points), s.points
    assert s.curves == ()


def test_roots_beside_a_pole() -> None:
    s = stationary_points(Landscape("x + 1/x", ((-3, 3),)))
    np.testing.assert_allclose(s.points[:, 0], [-1.0, 1.0], atol=1e-14)
    assert s.kinds.tolist() == ["maximizer", "minimizer"]


@pytest.mark.parametrize("side", [2.9, 3.0, 3.1, 4.0, 5.0])
@pytest.mark.parametrize("margin", [0.0, 0.4, 0.7, 1.2, 2.2])
def test_a_gap_in_the_formula_is_none_in_the_function(side: float, margin: float) -> None:
    """sqrt has no derivative at 0, so that the kernel has none there; cos(sqrt(x^2 + y^2)) does have its maximizer."""
    s = stationary_points(Landscape("cos(sqrt(x^2+y^2))", ((-side, side),) * 2), margin)
    np.testing.assert_allclose(s.points, [[0.0, 0.0]], atol=1e-8)
    assert s.kinds.tolist() == ["maximizer"]
    np.testing.assert_allclose(s.hessians, [-np.eye(2)], atol=1e-6)


@pytest.mark.parametrize("text", ["5 + 0*x", "3 + 0*x*y", "tanh(1e6)*(1 + 0*x)"])
def test_a_constant_is_flat(text: str) -> None:
    s = stationary_points(Landscape(text, SQUARE if "y" in text else SQUARE[:1]))
    assert not len(s.points)
    assert s.curves == ()
    assert s.flat == 1.0


@pytest.mark.parametrize(("text", "kind"), [("abs(x-1)+abs(x+1)", "minimizer"), ("-abs(x-1)-abs(x+1)", "maximizer")])
def test_a_flat_interval(text: str, kind: str) -> None:
    s = stationary_points(Landscape(text, ((-4, 4),)))
    assert not len(s.points)
    assert [curve.kind for curve in s.curves] == [kind]
    ends = s.curves[0].points[[0, -1], 0]
    np.testing.assert_allclose(ends, [-1.0, 1.0], atol=2.0 * s.spacing[0])
    assert s.flat == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("text", ["exp(-1000*x^2)", "exp(-100*x^2-100*y^2)"])
def test_a_tail_that_fades_is_no_curve(text: str) -> None:
    s = stationary_points(Landscape(text, SQUARE if "y" in text else SQUARE[:1]))
    np.testing.assert_allclose(s.points, np.zeros((1, 2 if "y" in text else 1)), atol=1e-12)
    assert s.curves == ()


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("x*log(x)", [np.exp(-1.0)]),
        ("x^x", [np.exp(-1.0)]),
        ("log(-1-x^2)", []),
        ("0/0*x", []),
        ("sqrt(x)", []),
        ("sqrt(1-x^2)", [0.0]),
        ("log(x) + log(y) - x - y", [1.0, 1.0]),
        ("log(x*y)", []),
        ("asin(x/9)*0 + sqrt(4-x^2-y^2)", [0.0, 0.0]),
    ],
)
def test_partly_undefined(text: str, roots: list[float]) -> None:
    l = Landscape(text, SQUARE if "y" in text else SQUARE[:1])
    s = stationary_points(l)
    np.testing.assert_allclose(s.points.ravel(), roots, atol=1e-12)
    assert s.curves == ()
    nodes = np.random.default_rng(0).uniform(-3.0, 3.0, (4000, l.dim))
    assert s.undefined == pytest.approx(np.isnan(l.gradient(nodes)).any(axis=-1).mean(), abs=0.03)


@pytest.mark.parametrize(
    "text",
    ["x^x^x", "exp(100x)", "exp(1e3*x)", "1e308*x^2", "exp(exp(exp(x)))", "1e308*(x^2+y^2)", "exp(exp(x)+y)"],
)
def test_overflow_is_no_root_and_no_warning(text: str) -> None:
    s = stationary_points(Landscape(text, SQUARE if "y" in text else SQUARE[:1]), margin=1.0)
    assert s.curves == ()
    for z in s.points:
        assert np.linalg.norm(z) < 1e-9  # 1e308*x^2 does have one


@pytest.mark.parametrize("text", ["exp(exp(x)) + 1e3*cos(3x)", "cosh(60x) + 1e3*cos(3x)", "x^99*1e9 + cos(9x)"])
def test_huge_values_elsewhere_hide_no_root(text: str) -> None:
    """f' is of moderate size in the middle of the window and astronomical at its edge."""
    l = Landscape(text, ((-6, 6),))
    s = stationary_points(l)
    t = np.linspace(-6.0, 6.0, 400_001)
    g = l.gradient(t[:, None])[:, 0]
    with np.errstate(invalid="ignore", over="ignore"):
        crossings = t[:-1][np.sign(g[:-1]) * np.sign(g[1:]) < 0]
    assert len(crossings)
    assert not len(missing(crossings[:, None], s.points, 1e-3))


# Symmetries: what a change of scale or of place does to f, it does to the points


@given(st.sampled_from([1e-8, 1e-3, 0.3, 7.0, 1e5, 1e12]))
@settings(max_examples=6)
def test_scaling_f_changes_nothing(c: float) -> None:
    s = stationary_points(HIMMELBLAU.landscape)
    scaled = stationary_points(Landscape(f"{c!r}*({HIMMELBLAU.formula})", HIMMELBLAU.domain))
    np.testing.assert_allclose(scaled.points, s.points, atol=1e-10)
    np.testing.assert_array_equal(scaled.kinds, s.kinds)


@given(st.sampled_from([1e-6, 1e-2, 3.0, 1e4]), WHOLE, WHOLE)
@settings(max_examples=12)
def test_scaling_and_moving_x_moves_the_points(k: float, x: float, y: float) -> None:
    """f((p - c)/k) on the window that goes with it."""
    x, y = k * x, k * y
    moved = CAMEL.formula.replace("x", "u").replace("y", f"((y-({y!r}))/{k!r})").replace("u", f"((x-({x!r}))/{k!r})")
    domain = tuple((k * low + c, k * high + c) for (low, high), c in zip(CAMEL.domain, (x, y), strict=True))
    s = stationary_points(CAMEL.landscape)
    other = stationary_points(Landscape(moved, domain))
    assert not len(missing(s.points, (other.points - [x, y]) / k, 1e-9))
    assert sorted(other.kinds) == sorted(s.kinds)


def test_more_points_than_are_kept_are_counted() -> None:
    s = stationary_points(Landscape("sin(40x)*sin(40y)", SQUARE))
    per_axis = [2 * int(3.0 * 40.0 / np.pi) + 1, 2 * int(3.0 * 40.0 / np.pi + 0.5)]
    assert len(s.points) + s.left_out == per_axis[0] ** 2 + per_axis[1] ** 2
    assert len(s.points) == 4000


@pytest.mark.parametrize("text", ["x^4 + 0.37y^2 + 0.37x*y^3", "x^6 + y^2", "(x-0.25)^4 + y^2*(1+x)", "cos(x)+y^2"])
def test_how_well_a_point_is_located(text: str) -> None:
    """At a degenerate point the gradient tells little of its place; the estimate is of the order of the true error."""
    l = Landscape(text, ((-2.0, 2.0), (-2.0, 2.0)))
    for push in (0.0, 3e-4):
        s = stationary_points(l)
        true = np.array([0.25 if "0.25" in text else 0.0, 0.0])
        x = s.points[[np.argmin(np.linalg.norm(s.points - true, axis=1))]] + [push, 0.0]
        error = float(np.linalg.norm(x[0] - true))
        assert 0.3 * error - 1e-12 <= float(located(l, x)[0]) <= 3.0 * error + 1e-12


def test_what_was_searched_covers_the_margin_and_no_more() -> None:
    l = Landscape("x^2 + y^2", ((-1, 1), (0, 3)))
    s = stationary_points(l, 0.25)
    assert s.covers(l, 0.0) and s.covers(l, 0.25) and not s.covers(l, 0.2500001)
    assert s.covers(l.with_domain(((-1, 1.25), (0.25, 3))), 0.0)
    assert not s.covers(l.with_domain(((-1, 1), (0, 3.5))), 0.0)
