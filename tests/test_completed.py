"""The list completed by the proof: what the search's grid misses joins it, is marked, and is what it is said to be."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from dynamics import HallucinatedPoints, certificate, completed, hallucinated_points
from landscapes import CATALOGUE, Landscape

Gradient = Callable[[np.ndarray], np.ndarray]


def dipped(random: np.random.Generator, dim: int) -> tuple[Landscape, Gradient, float]:
    """A smooth function with one dip narrower than the cells of the search, its gradient by hand, and a radius."""
    a, b = abs(round(random.uniform(-1.0, 1.0), 3)) + 0.2, round(random.uniform(-1.0, 1.0), 3)
    c = np.round(random.uniform(-1.5, 1.5, dim), 4)
    narrow = round(10.0 ** (random.uniform(4.0, 7.0) if dim == 1 else random.uniform(3.3, 4.6)), 1)
    deep = round(random.uniform(0.2, 3.0) / np.sqrt(narrow), 7)
    rho = round(random.uniform(0.3, 1.2), 3)

    def dip(x: np.ndarray) -> np.ndarray:
        away = x - c
        return 2.0 * narrow * deep * away * np.exp(-narrow * (away**2).sum(axis=-1, keepdims=True))

    if dim == 1:
        text = f"x^4/8 - ({a})*x^2 + ({b})*x - {deep}*exp(-{narrow}*(x-({c[0]}))^2)"
        return Landscape(text, ((-3.0, 3.0),)), lambda x: x**3 / 2 - 2 * a * x + b + dip(x), rho
    text = f"x^2/2 + ({a})*y^2 + ({b})*sin(x+y) - {deep}*exp(-{narrow}*((x-({c[0]}))^2+(y-({c[1]}))^2))"

    def gradient(x: np.ndarray) -> np.ndarray:
        smooth = np.stack([x[..., 0], 2 * a * x[..., 1]], axis=-1) + b * np.cos(x.sum(axis=-1, keepdims=True))
        return smooth + dip(x)

    return Landscape(text, ((-2.0, 2.0), (-2.0, 2.0))), gradient, rho


@pytest.mark.parametrize("dim", [1, 2])
def test_what_the_search_misses_joins_the_list(dim: int) -> None:
    random, missed = np.random.default_rng(11), 0
    for _ in range(60):
        l, gradient, rho = dipped(random, dim)
        found = hallucinated_points(l, rho)
        proof = certificate(l, rho, found, 0.01)
        whole = completed(l, proof, found)
        again = certificate(l, rho, whole, 0.01)
        assert not again.differences and again.proved == proof.complete, (l.formula, rho, again.headline)
        assert proof.proved == (whole is found) or not proof.complete
        assert len(whole) == len(found) + len(proof.lacking) == len(found) + int(whole.by_proof.sum())
        assert not found.by_proof.any()
        if not whole.by_proof.any():
            continue
        missed += 1
        # By the definition, with the gradient written by hand.
        x, z = whole.points[whole.by_proof], whole.targets[whole.by_proof]
        g = gradient(x)
        norms = np.linalg.norm(g, axis=-1, keepdims=True)
        np.testing.assert_allclose(x + rho * g / norms, z, atol=1e-7)
        steep = np.abs(l.hessian(z)).max()
        assert np.linalg.norm(gradient(x + rho * g / norms), axis=-1).max() <= 1e-11 * steep
        np.testing.assert_allclose(whole.gradient_norms[whole.by_proof], norms[:, 0], rtol=1e-8)
        # The list's own points are what they were, in the same order.
        np.testing.assert_array_equal(whole.points[~whole.by_proof], found.points)
        np.testing.assert_array_equal(whole.step_limits[~whole.by_proof], found.step_limits)
        assert (np.diff(whole.points[:, 0]) >= 0.0).all()
        partner = np.argmin(np.linalg.norm(proof.points[:, None] - whole.points, axis=2), axis=1)
        known = proof.attracts != "undecided"
        assert (whole.attract(0.01)[partner] == (proof.attracts == "attracts"))[known].all()
    assert missed >= 4, "the search found every dip: make them narrower"


def without(h: HallucinatedPoints, i: int) -> HallucinatedPoints:
    names = ("points", "targets", "kinds", "residuals", "gradient_norms", "eigenvalues", "step_limits", "by_proof")
    return replace(h, **{name: np.delete(getattr(h, name), i, axis=0) for name in names})


@pytest.mark.parametrize("name", ["sine", "himmelblau"])
def test_a_point_taken_from_the_list_comes_back_as_it_was(name: str) -> None:
    entry = CATALOGUE[name]
    l, rho = entry.landscape, entry.rho
    found = hallucinated_points(l, rho)
    proof = certificate(l, rho)
    assert completed(l, proof, found) is found
    for i in range(len(found)):
        whole = completed(l, proof, without(found, i))
        assert np.flatnonzero(whole.by_proof).tolist() == [i]
        np.testing.assert_allclose(whole.points, found.points, atol=1e-10)
        np.testing.assert_allclose(whole.step_limits, found.step_limits, rtol=1e-6)
        assert whole.kinds.tolist() == found.kinds.tolist()


def test_what_is_undecided_adds_nothing() -> None:
    for name in ("kinks", "shelf", "ring"):
        entry = CATALOGUE[name]
        found = hallucinated_points(entry.landscape, entry.rho)
        proof = certificate(entry.landscape, entry.rho, most=20_000)
        assert not proof.complete
        assert completed(entry.landscape, proof, found) is found


def test_a_proof_at_another_radius_is_refused() -> None:
    l = CATALOGUE["himmelblau"].landscape
    with pytest.raises(ValueError, match="the proof is for rho = 2.0, the list for rho = 3.0"):
        completed(l, certificate(l, 2.0), hallucinated_points(l, 3.0))
