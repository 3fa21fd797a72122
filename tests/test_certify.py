"""Certificates: against closed forms, an independent solver, the two-dimensional search, and THEORY's tiny network."""

import sys
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root

import dynamics.certify
from dynamics import Certificate, certify, hallucinated_points, iterate, sam
from dynamics.sentences import certificate_sentence, number
from dynamics.shift import Shift
from dynamics.spectra import curvatures, kind_of, outer_eigenvalues, restricted
from landscapes import Landscape
from landscapes.landscape import Array
from landscapes.networks import Network

TINY = Network("moons", (2,), loss="logistic", weight_decay=0.01)
HIMMELBLAU = Landscape("(x^2+y-11)^2/100 + (x+y^2-7)^2/100", ((-6, 6), (-6, 6)))


@dataclass(frozen=True)
class Valley:
    """f = (x_0^2 - 1)^2/4 + sum of bends_i x_i^2/2, in many variables.

    At rho = 1.5 the point (0.5, 0, ...) is hallucinated: g = -0.375 e_0 points to (-1, 0, ...). There H is
    diag(2, bends), and M is diag(2, bends (1 + rho bends/0.375)).
    """

    bends: Array = field(compare=False)

    @property
    def dim(self) -> int:
        return len(self.bends) + 1

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        value = (x[0] ** 2 - 1.0) ** 2 / 4.0 + 0.5 * (self.bends * x[1:]) @ x[1:]
        return np.float64(value), np.concatenate([[x[0] ** 3 - x[0]], self.bends * x[1:]])  # type: ignore[return-value]

    def hessian(self, x: Array) -> Array:
        return np.diag(np.concatenate([[3.0 * x[0] ** 2 - 1.0], self.bends]))

    def hessian_at(self, x: Array):
        diagonal = np.diag(self.hessian(x))
        return lambda v: diagonal * v

    def found(self, seed: int = 0, **options) -> Certificate:
        """A search that starts 0.01 away from the point."""
        push = np.random.default_rng(seed).standard_normal(self.dim)
        start = 0.01 * push / np.linalg.norm(push)
        start[0] += 0.5
        return certify(self, start, 1.5, **options)

    @property
    def eigenvalues(self) -> Array:
        return np.sort(np.concatenate([[2.0], self.bends * (1.0 + 1.5 * self.bends / 0.375)]))


def bends(d: int, low: float = 0.4, high: float = 1.0) -> Array:
    return np.linspace(low, high, d - 1)


# Closed forms, dense and in Krylov spaces


@pytest.mark.parametrize("d", [2, 40, 150, 500, 1500])
def test_a_minimizer_in_any_number_of_variables(d: int) -> None:
    valley = Valley(bends(d))
    c = valley.found()
    assert c.certified and c.reason == "" and c.dense == (d < 500)
    np.testing.assert_allclose(c.x, np.eye(1, d)[0] * 0.5, atol=1e-9)
    np.testing.assert_allclose(c.target, -np.eye(1, d)[0], atol=1e-9)
    assert c.residual <= 1e-8 * c.gradient_norm and c.gradient_norm == pytest.approx(0.375)
    assert c.moved == pytest.approx(0.01, rel=1e-6)
    assert (c.kind, c.attracts) == ("minimizer", True)
    # Krylov spaces find outer eigenvalues to rounding and those further in less well.
    assert c.highest == pytest.approx(2.0, rel=1e-9) and c.lowest == pytest.approx(0.4, rel=1e-3)
    assert c.step_limit == pytest.approx(2.0 / valley.eigenvalues[-1], rel=1e-6)
    if c.dense:
        np.testing.assert_allclose(c.eigenvalues, valley.eigenvalues, atol=1e-6)


@pytest.mark.parametrize("d", [6, 600])
def test_attraction_is_judged_at_the_step_size(d: int) -> None:
    limit = 2.0 / 5.0
    assert Valley(bends(d)).found(eta=0.99 * limit).attracts is True
    c = Valley(bends(d)).found(eta=1.01 * limit)
    assert c.attracts is False and c.step_limit == pytest.approx(limit, rel=1e-6) and "too long" in c.sentence


@pytest.mark.parametrize("d", [6, 600])
def test_a_saddle_may_attract_or_repel(d: int) -> None:
    slightly, strongly = bends(d), bends(d)
    slightly[0], strongly[0] = -0.2, -0.5  # M's eigenvalue there: -0.2 (1 - 0.8) < 0, and -0.5 (1 - 2) > 0
    assert (Valley(slightly).found().kind, Valley(slightly).found().attracts) == ("saddle", False)
    assert (Valley(strongly).found().kind, Valley(strongly).found().attracts) == ("saddle", True)
    assert Valley(strongly).found().lowest == pytest.approx(-0.5, rel=1e-9)


@pytest.mark.parametrize("d", [6, 600])
@pytest.mark.parametrize("lowest", [0.4, -0.2])
def test_a_degenerate_target_is_named_by_its_other_curvatures(d: int, lowest: float) -> None:
    flat = bends(d)
    flat[0], flat[d // 2 :] = lowest, 0.0
    c = Valley(flat).found()
    assert c.certified and c.kind == "degenerate"
    what = "a degenerate saddle" if lowest < 0.0 else "a degenerate stationary point with no downward curvature"
    assert f"The look-ahead point is {what} of f, with curvatures from {number(c.lowest)} to 2.00" in c.sentence
    assert c.attracts is (None if lowest > 0.0 else False)


@pytest.mark.parametrize(
    ("curvatures", "word"),
    [
        ((-0.238, 0.0, 0.351), "a degenerate saddle"),  # what SAM looks at on the digits, where nothing is flat
        ((0.0, 1e-9, 0.351), "a degenerate stationary point with no downward curvature"),
        ((-0.238, -1e-9, 0.0), "a degenerate stationary point with no upward curvature"),
        ((0.0, 0.0, 0.0), "a plateau"),
    ],
)
def test_only_what_is_flat_is_called_a_plateau(curvatures: tuple[float, ...], word: str) -> None:
    c = replace(Valley(bends(3)).found(), kind="degenerate", hessian_eigenvalues=np.array(curvatures))
    assert f"is {word} of f" in certificate_sentence(c)
    assert certificate_sentence(replace(c, certified=False)).endswith(f": {word}.")


@pytest.mark.parametrize("d", [6, 600])
def test_constant_directions_are_left_out(d: int) -> None:
    class Known(Valley):
        def constant_directions(self) -> Array:
            return np.eye(self.dim)[self.dim // 2 :]

    flat = bends(d)
    flat[d // 2 - 1 :] = 0.0
    c = Known(flat).found()
    assert (c.kind, c.attracts, c.constant) == ("minimizer", True, d - d // 2)
    assert c.lowest > 0.39 and np.abs(c.eigenvalues).min() > 0.39


def test_the_products_with_m_and_its_transpose_are_those_of_the_matrix() -> None:
    n = Network("moons", (4,), "gelu")
    here = Shift(n, n.start(0), 0.7, None)
    m, transposed, h_plus = here.products()
    identity = np.eye(n.dim)
    np.testing.assert_allclose(np.array([m(v) for v in identity]).T, here.jacobian(), atol=1e-12)
    np.testing.assert_allclose(np.array([transposed(v) for v in identity]), here.jacobian(), atol=1e-12)
    np.testing.assert_allclose(np.array([h_plus(v) for v in identity]), n.hessian(here.x_plus), atol=1e-13)
    h = 1e-6
    differences = [(here.at(here.x + h * v).s - here.at(here.x - h * v).s) / (2 * h) for v in identity]
    np.testing.assert_allclose(np.array(differences).T, here.jacobian(), atol=1e-8)


# Not certified


@pytest.mark.parametrize("d", [6, 600])
def test_what_is_too_far_is_not_certified(d: int) -> None:
    start = np.eye(1, d)[0] * 0.7
    c = certify(Valley(bends(d)), start, 1.5)
    assert not c.certified and "further away than 0.150" in c.reason and c.sentence.startswith("Not certified: ")
    assert certify(Valley(bends(d)), start, 1.5, reach=0.3).certified


@pytest.mark.parametrize("d", [6, 600])
def test_what_is_no_root_is_not_certified(d: int) -> None:
    @dataclass(frozen=True)
    class Slope(Valley):  # a slope along the last axis: S never vanishes
        def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
            value, gradient = super().value_and_gradient(x)
            gradient[-1] = 0.1
            return value + 0.1 * x[-1], gradient

    flat = bends(d)
    flat[-1] = 0.0
    start = np.eye(1, d)[0] * 0.5
    c = certify(Slope(flat), start, 1.5, reach=100.0)
    assert not c.certified and "came to a halt" in c.reason
    assert c.residual >= 0.1 and c.attracts is None and c.kind is not None


def test_hopeless_starts_are_answered_in_words() -> None:
    w = TINY.start(0, 0.7)
    for start, rho, reason in (
        (w, 0.0, "ρ = 0"),
        (np.full(9, np.nan), 4.0, "finite"),
        (np.full(9, 1e200), 4.0, "finite"),
    ):
        c = certify(TINY, start, rho)
        assert not c.certified and reason in c.reason and c.sentence.startswith("Not certified: ")
    c = certify(Valley(bends(4)), np.zeros(4), 1.5)
    assert not c.certified and "gradient itself is 0" in c.reason


@pytest.mark.parametrize("after", [0, 5, 400])
def test_a_search_can_be_stopped(after: int) -> None:
    asked = iter(range(100_000))
    c = Valley(bends(600, 1e-3, 1.0)).found(stop=lambda: next(asked) >= after)
    assert next(asked) < 2000
    assert c.certified or c.reason == "it was stopped"
    if c.certified and c.kind is None:  # stopped after Newton's method, before the spectra
        assert c.attracts is None and "is a stationary point of f. Whether" in c.sentence


def test_misuse_is_said_in_words() -> None:
    w = TINY.start(0)
    with pytest.raises(ValueError, match=r"w must have shape \(9,\), got \(8,\)"):
        certify(TINY, w[:8], 1.0)
    for options, message in (
        ({"rho": -1.0}, "rho must be a finite number >= 0"),
        ({"rho": 1.0, "eta": np.nan}, "eta must be"),
        ({"rho": 1.0, "reach": 0.0}, "reach must be a finite number > 0"),
    ):
        with pytest.raises(ValueError, match=message):
            certify(TINY, w, **options)


# Landscapes in one and two variables


@pytest.mark.parametrize("rho", [1.5, 3.0])
def test_it_agrees_with_the_search_on_a_landscape(rho: float) -> None:
    h = hallucinated_points(HIMMELBLAU, rho)
    assert len(h) > 5
    for i, point in enumerate(h.points):
        c = certify(HIMMELBLAU, point + 1e-4, rho)
        assert c.certified
        np.testing.assert_allclose(c.x, point, atol=1e-9)
        np.testing.assert_allclose(c.target, h.targets[i], atol=1e-9)
        assert c.kind == h.kinds[i]
        assert c.attracts == (h.step_limits[i] > 0.0)
        assert c.step_limit == pytest.approx(h.step_limits[i], rel=1e-6)
        np.testing.assert_allclose(np.sort_complex(c.eigenvalues), np.sort_complex(h.eigenvalues[i]), atol=1e-6)


def test_curves_and_one_variable() -> None:
    ring = Landscape("(x^2+y^2-1)^2/4", ((-2, 2), (-2, 2)))
    c = certify(ring, [0.31, 0.4], 1.5)
    assert c.certified and np.linalg.norm(c.x) == pytest.approx(0.5) and c.kind == "minimizer" and c.attracts is None
    well = Landscape("x^4/4 - 1.4x^3/3 - 0.6x^2", ((-2, 4),))
    c = certify(well, [0.38], 1.0)
    assert c.certified and c.x[0] == pytest.approx(0.4) and (c.kind, c.attracts) == ("minimizer", True)
    assert c.eigenvalues == pytest.approx(well.hessian([-0.6]).ravel())


# The tiny network of THEORY


def end_of_run(seed: int) -> Array:
    return iterate(sam(TINY, 0.05, 4.0), TINY.start(seed, 0.7), 3000, keep="scalars").x[-1]


@pytest.mark.parametrize(
    ("seed", "kind", "f", "norm", "f_plus"),
    [(0, "saddle", 0.629, 0.142, 0.362), (3, "saddle", 0.629, 0.142, 0.362), (19, "minimizer", 0.592, 0.165, 0.346)],
)
def test_the_tiny_networks_stall_is_certified(seed: int, kind: str, f: float, norm: float, f_plus: float) -> None:
    end = end_of_run(seed)
    c = certify(TINY, end, 4.0, eta=0.05)
    assert c.certified and c.residual < 1e-10 and c.gradient_norm > 0.1 and c.kind == kind
    assert c.attracts is (kind == "saddle")
    assert (c.f, c.gradient_norm, c.f_plus) == pytest.approx((f, norm, f_plus), abs=6e-4)
    assert (np.sum(c.hessian_eigenvalues < 0.0) == 1) == (kind == "saddle")

    def shifted(w: Array) -> Array:
        g = TINY.gradient(w)
        return TINY.gradient(w + 4.0 * g / np.linalg.norm(g))

    # MINPACK's hybrid method, its Jacobian by differences, shares nothing with ours but the gradient.
    solved = root(shifted, end, tol=1e-13)
    np.testing.assert_allclose(c.x, solved.x, atol=1e-7)
    # And SAM itself, started beside the point, comes back or goes away as the certificate says.
    push = 1e-4 * np.random.default_rng(0).standard_normal(9)
    later = iterate(sam(TINY, 0.05, 4.0), c.x + push, 20_000, keep="scalars").x[-1]
    assert (np.linalg.norm(later - c.x) < 1e-2 * np.linalg.norm(push)) == c.attracts


def test_krylov_spaces_certify_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    end = end_of_run(0)
    dense = certify(TINY, end, 4.0, eta=0.05)
    for module in ("dynamics.shift", "dynamics.certify"):
        monkeypatch.setattr(sys.modules[module], "DENSE", 0)
    krylov = certify(TINY, end, 4.0, eta=0.05)
    assert not krylov.dense and krylov.certified and (krylov.kind, krylov.attracts) == (dense.kind, dense.attracts)
    np.testing.assert_allclose(krylov.x, dense.x, atol=1e-8)
    assert krylov.lowest == pytest.approx(dense.lowest, rel=1e-6)
    assert krylov.highest == pytest.approx(dense.highest, rel=1e-6)
    assert krylov.step_limit == pytest.approx(dense.step_limit, rel=1e-5)


# Spectra


def symmetric(seed: int, eigenvalues: Array) -> Array:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))
    return (q * eigenvalues) @ q.T


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 50, 150]), st.floats(-2.0, 0.5), st.floats(1.0, 3.0))
def test_curvatures_lie_within_their_radii_and_reach_both_ends(seed: int, zeros: int, low: float, high: float) -> None:
    rng = np.random.default_rng(seed)
    eigenvalues = np.concatenate([[low, high], rng.uniform(0.6, 0.9, 248 - zeros), np.zeros(zeros)])
    matrix = symmetric(seed, eigenvalues)
    values, radii = curvatures(lambda v: matrix @ v, np.empty((0, len(matrix))), len(matrix))
    distance = np.abs(values[:, None] - eigenvalues).min(axis=1)
    assert (distance <= radii + 1e-12).all()
    assert values[0] == pytest.approx(min(low, 0.0) if zeros else min(low, eigenvalues.min()), abs=1e-7)
    assert values[-1] == pytest.approx(high, abs=1e-9)
    nothing_lost = "degenerate" if zeros or abs(low) <= 1e-6 * high else "minimizer" if low > 0.0 else "saddle"
    assert kind_of(values, radii) == nothing_lost


def test_outer_eigenvalues_are_eigenvalues() -> None:
    rng = np.random.default_rng(0)
    matrix = np.diag(np.linspace(1.0, 2.0, 300)) + 1e-3 * rng.standard_normal((300, 300))
    matrix[:2, :2] = [[4.0, 3.0], [-3.0, 4.0]]  # a complex pair far out
    matrix[2, 2] = -1.0
    found = outer_eigenvalues(lambda v: matrix @ v, np.empty((0, len(matrix))), len(matrix))
    exact = np.linalg.eigvals(matrix)
    for mu in (exact[np.argmax(exact.imag)], exact[np.argmin(exact.imag)], exact[np.argmin(exact.real)]):
        assert np.abs(found - mu).min() < 1e-9


def test_a_restriction_leaves_directions_out() -> None:
    matrix = symmetric(0, np.arange(1.0, 6.0))
    vectors = np.linalg.eigh(matrix)[1]
    np.testing.assert_allclose(np.linalg.eigvalsh(restricted(matrix, vectors[:, [0, 3]].T)), [2.0, 3.0, 5.0])


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ([1, 2], "minimizer"),
        ([-1, -2], "maximizer"),
        ([-1, 2], "saddle"),
        ([1e-9, 2], "degenerate"),
        ([0], "degenerate"),
    ],
)
def test_kinds(eigenvalues: list[float], kind: str) -> None:
    assert kind_of(np.array(eigenvalues, dtype=float)) == kind


def test_the_function_is_what_the_package_exports() -> None:
    assert dynamics.certify is certify
