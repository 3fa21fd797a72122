"""Whether hallucinated points attract: by differences of S, and by letting SAM run."""

import numpy as np
import pytest

from dynamics import StationaryPoints, hallucinated_points, hallucination_curves, stationary_points
from dynamics.critical_radius import undecided
from dynamics.stability import shifted_jacobian, step_limits
from landscapes import Landscape
from oracle import (
    CAMEL,
    DOUBLE_WELL,
    FOLD,
    HIMMELBLAU,
    STYBLINSKI_TANG,
    TILTED_RING,
    VALLEY,
    WAVES,
    Case,
    distance_after,
    jacobian_of_shift,
    shifted,
    sine,
)

PAIRS = [
    (HIMMELBLAU, 1.2),
    (HIMMELBLAU, 3.0),
    (HIMMELBLAU, 5.5),
    (CAMEL, 0.5),
    (CAMEL, 1.2),
    (STYBLINSKI_TANG, 3.0),
    (TILTED_RING, 1.5),
    (VALLEY, 1.5),
    (FOLD, 2.6),
    (DOUBLE_WELL, 1.0),
    (sine(1.0, 0.5), 0.5),
]
PLANAR = [(case, rho) for case, rho in PAIRS if case.dim == 2]
NAMES = [f"{case.formula[:18]}, {rho}" for case, rho in PAIRS]
PLANAR_NAMES = [f"{case.formula[:18]}, {rho}" for case, rho in PLANAR]


def hessian_by_differences(case: Case, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """H (n, d, d) from the hand-written gradient."""
    columns = [(case.gradient(x + h * e) - case.gradient(x - h * e)) / (2.0 * h) for e in np.eye(case.dim)]
    return np.stack(columns, axis=-1)


# Fact 5


@pytest.mark.parametrize(("case", "rho"), PAIRS, ids=NAMES)
def test_eigenvalues_are_those_of_the_derivative_of_s(case: Case, rho: float) -> None:
    h = hallucinated_points(case.landscape, rho)
    assert len(h)
    measured = np.linalg.eigvals(jacobian_of_shift(case, h.points, rho))
    size = np.abs(measured).max(axis=-1, keepdims=True)
    for found, expected, scale in zip(h.eigenvalues, measured, size, strict=True):
        # Differences over 1e-6 of a field that bends over |g|/|H| keep five digits and more.
        match = np.abs(found[:, None] - expected) < 1e-5 * scale
        assert match.any(axis=0).all()
        assert match.any(axis=1).all()


@pytest.mark.parametrize(("case", "rho"), PAIRS, ids=NAMES)
def test_sam_comes_back_below_the_step_limit_and_leaves_above(case: Case, rho: float) -> None:
    h = hallucinated_points(case.landscape, rho)
    mask = h.attract()
    x, limit = h.points[mask], h.step_limits[mask]
    assert mask.any()
    mu = np.linalg.eigvals(jacobian_of_shift(case, x, rho))
    contraction = np.abs(1.0 - 0.9 * limit[:, None] * mu).max()
    assert contraction < 1.0
    steps = int(min(200_000, np.log(1e-4) / np.log(contraction)))
    assert distance_after(case, x, rho, 0.9 * limit, steps).max() < 1e-2
    assert distance_after(case, x, rho, 1.1 * limit, 2000).min() > 1e3


@pytest.mark.parametrize(("case", "rho"), PAIRS, ids=NAMES)
def test_sam_leaves_repelling_points_at_every_step_size(case: Case, rho: float) -> None:
    h = hallucinated_points(case.landscape, rho)
    repels = h.step_limits == 0.0
    x = h.points[repels]
    if not len(x):
        assert case in (VALLEY,) or case.dim == 1
        return
    strongest = -h.eigenvalues[repels].real.min(axis=-1)
    assert (strongest > 0.0).all()
    for eta in (0.5, 0.02):  # in units of 1/|Re mu|: 40 and 1,000 steps of growth by a factor e
        assert distance_after(case, x, rho, eta / strongest, int(30 / eta)).min() > 1e3


def test_steps_of_one_variable() -> None:
    """M = f''(z), eta_max = 2/f''(z), whatever the slope at x."""
    for case, rho in ((DOUBLE_WELL, 1.0), (DOUBLE_WELL, 2.3), (sine(1.3, 0.5), 0.5)):
        h = hallucinated_points(case.landscape, rho)
        bend = hessian_by_differences(case, h.targets)[:, 0, 0]
        np.testing.assert_allclose(h.eigenvalues[:, 0].real, bend, rtol=1e-7)
        np.testing.assert_allclose(h.step_limits, np.where(bend > 0.0, 2.0 / bend, 0.0), rtol=1e-7)


def test_step_limit_is_the_smallest_over_the_eigenvalues() -> None:
    for case, rho in PLANAR:
        h = hallucinated_points(case.landscape, rho)
        mu = h.eigenvalues[h.attract()]
        expected = (2.0 * mu.real / np.abs(mu) ** 2).min(axis=-1)
        np.testing.assert_allclose(h.step_limits[h.attract()], expected, rtol=1e-12)


def test_complex_pairs() -> None:
    """In 2D a complex pair has eta_max = tr M/det M; there are some on Himmelblau."""
    for rho in (3.2, 3.27, 5.985, 6.05):
        h = hallucinated_points(HIMMELBLAU.landscape, rho)
        m = jacobian_of_shift(HIMMELBLAU, h.points, rho)
        turning = (np.abs(h.eigenvalues.imag).max(axis=-1) > 1e-6) & h.attract()
        assert turning.any()
        trace, determinant = np.trace(m, axis1=1, axis2=2)[turning], np.linalg.det(m)[turning]
        np.testing.assert_allclose(h.step_limits[turning], trace / determinant, rtol=1e-3)


@pytest.mark.parametrize(
    ("eigenvalues", "limit"),
    [
        ([2.0], 1.0),
        ([-2.0], 0.0),
        ([0.0], np.nan),
        ([1.0, 4.0], 0.5),
        ([1.0, -4.0], 0.0),
        ([1.0 + 2.0j, 1.0 - 2.0j], 0.4),
        ([-1e-3 + 2.0j, -1e-3 - 2.0j], 0.0),
        ([3.0, 1e-15], np.nan),
        ([-3.0, 1e-15], 0.0),
        ([2.0j, -2.0j], np.nan),
        ([1e200, 2e200], 1e-200),
        ([1e-200, 2e-200], 1e200),
    ],
)
def test_step_limits(eigenvalues: list[complex], limit: float) -> None:
    np.testing.assert_allclose(step_limits(np.array([eigenvalues])), [limit], rtol=1e-12)


def test_step_limits_of_none() -> None:
    assert step_limits(np.empty((0, 2))).shape == (0,)


def test_jacobian_in_batches_and_dimensions() -> None:
    """M at any x with g(x) != 0, against differences of S, also where S is not zero."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-4, 4, (3, 5, 2))
    l, rho = HIMMELBLAU.landscape, 0.7
    g, hessian = l.gradient_and_hessian(x)
    ahead = x + rho * g / np.linalg.norm(g, axis=-1, keepdims=True)
    m = shifted_jacobian(g, hessian, l.hessian(ahead), rho)
    assert m.shape == (3, 5, 2, 2)
    np.testing.assert_allclose(m, jacobian_of_shift(HIMMELBLAU, x, rho), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(shifted_jacobian(g, hessian, hessian, 0.0), hessian, rtol=1e-14)


def test_attraction_at_a_step_size() -> None:
    h = hallucinated_points(HIMMELBLAU.landscape, 3.0)
    assert h.attract().sum() == 5
    assert h.attract(0.05).sum() == 4
    assert h.attract(0.08).sum() == 3
    assert h.attract(10.0).sum() == 0
    np.testing.assert_array_equal(h.attract(0.05), h.step_limits > 0.05)


# Fact 6


@pytest.mark.parametrize(("case", "rho"), PLANAR, ids=PLANAR_NAMES)
def test_determinant_and_trace(case: Case, rho: float) -> None:
    """det M = a det H(z) and tr M = p + qb + ra, where a has the sign of the bend of f along the circle."""
    h = hallucinated_points(case.landscape, rho)
    g = case.gradient(h.points)
    norm = np.linalg.norm(g, axis=-1)
    u = g / norm[:, None]
    t = np.stack([-u[:, 1], u[:, 0]], axis=-1)
    here, there = hessian_by_differences(case, h.points), hessian_by_differences(case, h.targets)
    a = 1.0 + rho * np.einsum("ni,nij,nj->n", t, here, t) / norm
    b = rho * np.einsum("ni,nij,nj->n", t, here, u) / norm
    p, q, r = (np.einsum("ni,nij,nj->n", v, there, w) for v, w in ((u, u), (u, t), (t, t)))
    determinant, trace = h.eigenvalues.prod(axis=-1).real, h.eigenvalues.sum(axis=-1).real
    scale = np.abs(h.eigenvalues).max(axis=-1)
    np.testing.assert_allclose(determinant / scale**2, a * np.linalg.det(there) / scale**2, atol=1e-6)
    np.testing.assert_allclose(trace / scale, (p + q * b + r * a) / scale, atol=1e-6)
    # Attraction for small steps is det M > 0 and tr M > 0.
    np.testing.assert_array_equal(h.attract(), (a * np.linalg.det(there) > 0.0) & (p + q * b + r * a > 0.0))
    # The second derivative of f along the circle around z, by differences, is rho |g| a.
    value, step = case.landscape.value, 1e-4
    turned = [
        h.targets - rho * (np.cos(s * step) * u + np.sin(s * step) * t) for s in (-1.0, 0.0, 1.0)
    ]  # x itself is z - rho u
    bend = (value(turned[0]) - 2.0 * value(turned[1]) + value(turned[2])) / step**2
    np.testing.assert_allclose(bend, rho * norm * a, rtol=1e-3, atol=1e-3 * np.abs(bend).max())
    # a > 0 is necessary at a minimizer, a < 0 at a saddle.
    assert (a[h.attract() & (h.kinds == "minimizer")] > 0.0).all()
    assert (a[h.attract() & (h.kinds == "saddle")] < 0.0).all()


# Fact 7


def surrogate_is_lowest(case: Case, x: np.ndarray, rho: float, radius: float) -> bool:
    """Whether f^SAM = f(x+) is lower at x than all around it."""
    angle = np.linspace(0.0, 2.0 * np.pi, 720, endpoint=False)
    around = x + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    points = np.concatenate([x[None], around])
    g = case.gradient(points)
    f = case.landscape.value(points + rho * g / np.linalg.norm(g, axis=-1, keepdims=True))
    return bool((f[1:] > f[0]).all())


def inside(case: Case, s: StationaryPoints, kind: str) -> np.ndarray:
    points = s.points[s.kinds == kind]
    return points[case.inside(points)]


@pytest.mark.parametrize("case", [HIMMELBLAU, CAMEL, TILTED_RING], ids=lambda case: case.formula)
def test_near_a_maximizer_minimizers_of_the_surrogate_repel(case: Case) -> None:
    """For rho just above |z - y|, z a minimizer and y a maximizer of f, SAM leaves a minimizer of f^SAM near y."""
    tried = 0
    l = case.landscape
    s = stationary_points(l, l.diagonal)
    for y in inside(case, s, "maximizer"):
        for z in inside(case, s, "minimizer"):
            distance = np.linalg.norm(z - y)
            above, below = (hallucinated_points(l, distance * c, s) for c in (1.0 + 1e-3, 1.0 - 1e-3))

            def close(h, y=y, z=z, distance=distance):  # type: ignore[no-untyped-def]
                to_y = np.linalg.norm(h.points - y, axis=-1) < 0.02 * distance
                return np.flatnonzero(to_y & (np.linalg.norm(h.targets - z, axis=-1) < 1e-6))

            if not len(close(above)):
                continue  # another branch meets the window's edge there
            assert len(close(above)) == 1
            assert len(close(below)) == 0
            k = close(above)[0]
            x = above.points[k]
            assert above.step_limits[k] == 0.0
            radius = 1e-2 * np.linalg.norm(x - y)
            assert surrogate_is_lowest(case, x, above.rho, radius)
            eta = 0.1 / np.abs(above.eigenvalues[k]).max()
            assert distance_after(case, x[None], above.rho, np.array([eta]), 2000, 1e-9)[0] > 1e3
            tried += 1
    assert tried >= 1


@pytest.mark.parametrize("case", [HIMMELBLAU, CAMEL], ids=lambda case: case.formula)
def test_near_a_saddle_the_side_of_the_birth_follows_a_sign(case: Case) -> None:
    """Near a saddle y they appear below |z - y| where (z - y)^T H(y)^-1 (z - y) > 0, and above where it is < 0."""
    signs = set()
    l = case.landscape
    s = stationary_points(l, l.diagonal)
    for y in inside(case, s, "saddle"):
        inverse = np.linalg.inv(hessian_by_differences(case, y[None])[0])
        for z in inside(case, s, "minimizer"):
            distance = np.linalg.norm(z - y)
            form = (z - y) @ inverse @ (z - y) / (distance**2 * np.abs(inverse).max())
            if abs(form) < 0.05 or distance < 0.3:
                continue
            counts = []
            for c in (1.0 - 1e-3, 1.0 + 1e-3):
                h = hallucinated_points(l, distance * c, s)
                to_y = np.linalg.norm(h.points - y, axis=-1) < 0.04 * distance
                counts.append(int((to_y & (np.linalg.norm(h.targets - z, axis=-1) < 1e-6)).sum()))
            assert counts == ([1, 0] if form > 0.0 else [0, 1]), (y, z, form)
            signs.add(form > 0.0)
    assert signs == {True, False}


def test_step_limit_vanishes_at_a_birth() -> None:
    """Valley: x = rho - 1, |g| = x - x^3, M = diag(2, 1 + rho/|g|)."""
    for rho in (1.001, 1.01, 1.1, 1.5, 1.9):
        h = hallucinated_points(VALLEY.landscape, rho)
        x = rho - 1.0
        np.testing.assert_allclose(h.points, [[-x, 0.0], [x, 0.0]], atol=1e-12)
        np.testing.assert_allclose(h.targets, [[1.0, 0.0], [-1.0, 0.0]], atol=1e-9)
        expected = min(1.0, 2.0 / (1.0 + rho / (x - x**3)))
        np.testing.assert_allclose(h.step_limits, expected, rtol=1e-9)
        assert rho > 1.01 or expected < 0.05


# Fact 8, and the numbers of presets


@pytest.mark.parametrize(
    ("eta", "kind", "rho"),
    [(0.0, None, 1.0405), (0.05, None, 1.0775), (0.0, "minimizer", 1.9323), (0.05, "minimizer", 2.2923)],
)
def test_smallest_attracting_radius_of_himmelblau(eta: float, kind: str | None, rho: float) -> None:
    s = stationary_points(HIMMELBLAU.landscape, 2.5)

    def attracting(r: float) -> int:
        h = hallucinated_points(HIMMELBLAU.landscape, r, s)
        return int((h.attract(eta) & ((h.kinds == kind) if kind else True)).sum())

    assert attracting(rho + 3e-4) > 0
    assert all(attracting(r) == 0 for r in np.linspace(0.1, rho - 3e-4, 25))


@pytest.mark.parametrize(("rho", "comes"), [(3.275, False), (5.982, True)])
def test_attraction_switches_on_the_way(rho: float, comes: bool) -> None:
    """A complex pair crosses Re mu = 0: the point goes on, and attracts on one side only."""
    before, after = (hallucinated_points(HIMMELBLAU.landscape, rho + d) for d in (-2e-3, 2e-3))
    distance = np.linalg.norm(before.points[:, None] - after.points[None], axis=-1)
    same = distance.argmin(axis=1)
    switched = (before.attract() != after.attract()[same]) & (distance.min(axis=1) < 0.02)
    assert switched.sum() == 1
    k = int(np.argmax(switched))
    assert after.attract()[same[k]] == comes
    mu = before.eigenvalues[k]
    assert np.abs(mu.real).max() < 0.03 * np.abs(mu.imag).min()


def test_tilted_ring() -> None:
    h = hallucinated_points(TILTED_RING.landscape, 1.5)
    assert h.attract().sum() == 1
    k = int(np.argmax(h.attract()))
    np.testing.assert_allclose(h.points[k], [-0.554, 0.0], atol=5e-4)
    np.testing.assert_allclose(h.targets[k], [0.946, 0.0], atol=5e-4)
    assert h.kinds[k] == "saddle"


def test_fold_gives_attracting_minimizers() -> None:
    h = hallucinated_points(FOLD.landscape, 2.5)
    assert sorted(h.attract().tolist()) == [False, False, True, True]
    s = np.linalg.norm(shifted(FOLD, h.points, 2.5), axis=-1)
    assert s.max() < 1e-12


def test_maximizers_can_attract() -> None:
    """A target that is a maximizer, and a point that attracts all the same."""
    h = hallucinated_points(WAVES.landscape, 3.0)
    built = h.attract() & (h.kinds == "maximizer")
    assert built.any()
    bends = np.linalg.eigvalsh(hessian_by_differences(WAVES, h.targets[built]))
    assert (bends < 0.0).all()
    mu = h.eigenvalues[built]
    rate = np.abs(1.0 - 0.5 * h.step_limits[built, None] * mu).max()
    steps = int(np.log(1e-3) / np.log(rate))
    assert distance_after(WAVES, h.points[built], 3.0, 0.5 * h.step_limits[built], steps, 1e-9).max() < 0.1


# Degenerate targets


def degenerate_cases(n: int = 40) -> list[tuple[Landscape, float]]:
    """Functions whose Hessian at the origin is diag(0, c), with a random cubic part, and radii."""
    random = np.random.default_rng(20)
    cases = [(Landscape("x^3-y^2+x*y^2/3", ((-2.0, 2.0), (-2.0, 2.0))), 0.7)]
    while len(cases) < n:
        a, b, c, d = random.uniform(-1.0, 1.0, 4).round(3).tolist()
        c += 0.3 if c > 0.0 else -0.3
        text = f"x^3 + ({a})*x^2*y + ({b})*x*y^2 + ({c})*y^2 + ({d})*y^3"
        cases.append((Landscape(text, ((-2.0, 2.0), (-2.0, 2.0))), round(random.uniform(0.3, 1.2), 2)))
    return cases


def test_a_point_whose_target_is_degenerate_repels_where_the_other_eigenvalue_does() -> None:
    """Against differences of S and runs of SAM; elsewhere it stays undecided."""
    repelling = undecided = 0
    for l, rho in degenerate_cases():

        def s(x: np.ndarray, l: Landscape = l, rho: float = rho) -> np.ndarray:
            g = l.gradient(x)
            return l.gradient(x + rho * g / np.linalg.norm(g, axis=-1, keepdims=True))

        h = hallucinated_points(l, rho)
        for k in np.flatnonzero((h.kinds == "degenerate") & (np.abs(h.targets).max(axis=1) < 1e-4)):
            x, step = h.points[k], 1e-6
            matrix = np.stack([(s(x + step * e) - s(x - step * e)) / (2.0 * step) for e in np.eye(2)], axis=-1)
            mu, vectors = np.linalg.eig(matrix)
            other = int(np.argmax(np.abs(mu)))
            if not np.isfinite(mu).all() or np.abs(mu[other]) < 0.05 * np.linalg.norm(matrix):
                continue  # almost a double zero
            assert (h.step_limits[k] == 0.0) == (mu[other].real < 0.0), (l.formula, rho, x, mu)
            assert h.step_limits[k] == 0.0 or np.isnan(h.step_limits[k])
            if h.step_limits[k] != 0.0:
                undecided += 1
                continue
            repelling += 1
            eta, run = 0.02 / abs(float(mu[other].real)), x + 1e-5 * vectors[:, other].real
            for _ in range(200):
                run = run - eta * s(run)
            assert np.linalg.norm(run - x) > 1e-4, (l.formula, rho, x)
    assert repelling > 5 and undecided > 5
    assert not h.attract()[h.kinds == "degenerate"].any()


@pytest.mark.parametrize("text", ["x^3 - 3*x*y^2", "x^4 - y^4", "-x^4 - y^4 + x^2*y^2", "x^6 - y^4"])
def test_what_is_zero_by_rounding_makes_nothing_repel(text: str) -> None:
    h = hallucinated_points(Landscape(text, ((-2.0, 2.0), (-2.0, 2.0))), 0.7)
    degenerate = h.kinds == "degenerate"
    assert degenerate.any()
    assert np.isnan(h.step_limits[degenerate]).all()


def test_branches_of_degenerate_targets_say_the_same_as_single_radii() -> None:
    seen = set()
    for l, rho in degenerate_cases(12):
        c = hallucination_curves(l, 1.2 * rho)
        h = hallucinated_points(l, rho, c.stationary)
        at = c.points_at(rho)
        for x, limit in zip(h.points[h.kinds == "degenerate"], h.step_limits[h.kinds == "degenerate"], strict=True):
            k = int(np.argmin(np.linalg.norm(at.points - x, axis=1)))
            assert np.linalg.norm(at.points[k] - x) < 1e-6
            assert np.isnan(limit) == np.isnan(at.step_limits[k])
        open_ = undecided(c)
        for i, branch in enumerate(c):
            if branch.kind == "degenerate":
                assert not (branch.step_limits > 0.0).any()
                assert bool(open_[i]) == bool(np.isnan(branch.step_limits).any())
                seen.add(bool(open_[i]))
    assert seen == {True, False}
