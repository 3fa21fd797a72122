"""From which radius on there is danger: intervals against a scan with bisection, and facts 6 and 8."""

from collections.abc import Callable

import numpy as np
import pytest

from dynamics import (
    StationaryPoints,
    attracting_intervals,
    critical_radius,
    hallucinated_points,
    hallucination_curves,
    stationary_points,
)
from dynamics.critical_radius import attracting, union
from landscapes import CATALOGUE, Landscape
from oracle import DOUBLE_WELL, FOLD, HIMMELBLAU, RING, VALLEY
from test_branches import PARTS, part


def attracts(l: Landscape, s: StationaryPoints, eta: float, kind: str | None) -> Callable[[float], bool]:
    """Whether some point attracts, by the one-radius solver."""

    def answer(rho: float) -> bool:
        h = hallucinated_points(l, rho, s)
        held = h.attract(eta) & ((h.kinds == kind) | (kind is None))
        return bool(held.any()) or any((c.step_limits > eta).any() for c in h.curves if kind in (None, c.kind))

    return answer


def changes(answer: Callable[[float], bool], low: float, high: float, steps: int) -> np.ndarray:
    """Where an answer changes between radii of a scan, by bisection."""
    radii = np.linspace(low, high, steps + 1)
    answers = [answer(r) for r in radii]
    found = []
    for a, b, before, after in zip(radii, radii[1:], answers, answers[1:], strict=False):
        if before != after:
            for _ in range(26):
                middle = 0.5 * (a + b)
                a, b = (middle, b) if answer(middle) == before else (a, middle)
            found.append(0.5 * (a + b))
    return np.array(found)


SCANNED = [(name, False) for name in CATALOGUE] + [
    (name, True)
    for name in CATALOGUE
    if name not in ("ring", "linear-network")  # across a curve: a test of its own
]


@pytest.mark.parametrize(("name", "stepped"), [pair for pair in SCANNED if pair[0] != "ackley"])
def test_intervals_against_a_scan(name: str, stepped: bool) -> None:
    """200 radii, and bisection of each change, over the one-radius solver; to 1e-6."""
    entry, l = CATALOGUE[name], part(name)
    eta = entry.eta if stepped else 0.0
    rho_max = 0.8 if name in PARTS else entry.rho_max
    s = stationary_points(l, rho_max)
    c = hallucination_curves(l, rho_max, s)
    found = attracting_intervals(l, rho_max, eta, curves=c)
    if s.curves:  # a scan sees curves by three samples and more, so that it knows their ends to less
        scanned, tolerance = changes(attracts(l, s, eta, None), 1e-3 * rho_max, 0.999 * rho_max, 20), 2e-3
    else:
        scanned, tolerance = changes(attracts(l, s, eta, None), 1e-6 * rho_max, rho_max, 200), 1e-6
    ends = found.ravel()
    ends = ends[(ends > 1e-6 * rho_max) & (ends < rho_max * (1.0 - 1e-9))]
    assert len(ends) == len(scanned)
    np.testing.assert_allclose(ends, scanned, atol=tolerance)


@pytest.mark.parametrize(
    ("eta", "kind", "expected"),
    [
        (0.0, None, 1.0405),
        (0.0, "saddle", 1.0405),
        (0.0, "minimizer", 1.9323),
        (0.05, "saddle", 1.0775),
        (0.05, "minimizer", 2.2923),
        (0.0, "maximizer", None),
    ],
)
def test_himmelblau(eta: float, kind: str | None, expected: float | None) -> None:
    found = critical_radius(HIMMELBLAU.landscape, 6.0, eta, kind)
    assert found == (None if expected is None else pytest.approx(expected, abs=5e-5))


def test_switches_of_himmelblau() -> None:
    """Where a complex pair of eigenvalues loses its negative part, or a real one passes zero, within a branch."""
    c = hallucination_curves(HIMMELBLAU.landscape, 6.5)
    found = attracting(c, 0.0)
    inner = np.concatenate([
        found.low[found.low > c.lows[found.branch] + 1e-6], found.high[found.high < c.highs[found.branch] - 1e-6]
    ])  # fmt: skip
    for expected in (3.275, 5.982):
        assert np.abs(inner - expected).min() < 1e-3
    for rho in inner:  # the largest step size there is 0, and the point is not at a birth or a fold
        counts = [int(hallucinated_points(HIMMELBLAU.landscape, rho + d).attract().sum()) for d in (-1e-6, 1e-6)]
        assert abs(counts[0] - counts[1]) == 1


def test_ring() -> None:
    l = RING.landscape
    c = hallucination_curves(l, 2.0)
    np.testing.assert_allclose(attracting_intervals(l, 2.0, curves=c), [[1.0, 2.0]], atol=1e-7)
    assert critical_radius(l, 0.99, curves=c) is None
    assert critical_radius(l, 2.0, kind="maximizer", curves=c) is None
    assert critical_radius(l, 2.0, eta=0.99, curves=c) == pytest.approx(1.0, abs=1e-6)
    assert critical_radius(l, 2.0, eta=1.01, curves=c) is None  # 2/M = 1 across the circle


def test_a_single_stationary_point() -> None:
    found = attracting_intervals(FOLD.landscape, 3.0, kind="minimizer")
    assert found[0, 0] == pytest.approx(2.448459, abs=1e-6)


def test_double_well() -> None:
    """With minimizers -a and b around 0 the point rho - a attracts for a < rho < a + b, b - rho for b < rho < a + b."""
    np.testing.assert_allclose(attracting_intervals(DOUBLE_WELL.landscape, 3.0), [[0.6, 2.6]], atol=1e-12)
    limits = [2.0 / 1.56, 2.0 / 5.2]  # f'' at -0.6 and at 2
    middle = 0.5 * sum(limits)
    np.testing.assert_allclose(attracting_intervals(DOUBLE_WELL.landscape, 3.0, middle), [[0.6, 2.6]], atol=1e-12)
    assert critical_radius(DOUBLE_WELL.landscape, 3.0, eta=1.3) is None


def test_at_larger_steps_the_critical_radius_is_no_smaller() -> None:
    c = hallucination_curves(HIMMELBLAU.landscape, 6.0)
    radii = [critical_radius(HIMMELBLAU.landscape, 6.0, eta, curves=c) for eta in (0.0, 0.01, 0.02, 0.05, 0.1)]
    assert radii == sorted(radii)


@pytest.mark.parametrize("eta", [0.0, 0.02])
def test_attraction_is_what_the_eigenvalues_say(eta: float) -> None:
    """Fact 6: det M and tr M in closed form against the eigenvalues of M, along all branches."""
    c = hallucination_curves(HIMMELBLAU.landscape, 6.0)
    found = attracting(c, eta)
    own = c.branch
    held = np.zeros(len(c.rho), dtype=bool)
    edge = np.zeros(len(c.rho), dtype=bool)
    for n, low, high in zip(found.branch, found.low, found.high, strict=True):
        held |= (own == n) & (c.rho > low) & (c.rho < high)
        edge |= (own == n) & ((np.abs(c.rho - low) < 1e-4) | (np.abs(c.rho - high) < 1e-4))
    edge[c.offsets[:-1]] = edge[c.offsets[1:] - 1] = True
    np.testing.assert_array_equal(held[~edge], (c.step_limits > eta)[~edge])


def test_nothing_attracts() -> None:
    for l in (Landscape("x^2+y^2", VALLEY.domain), Landscape("x", ((-1, 1),)), Landscape("x+y", VALLEY.domain)):
        assert critical_radius(l, 1.0) is None
        assert attracting_intervals(l, 1.0).shape == (0, 2)


def test_union() -> None:
    low, high = np.array([3.0, 0.0, 1.0, 5.0]), np.array([4.0, 1.5, 2.0, 5.5])
    np.testing.assert_array_equal(union(low, high), [[0.0, 2.0], [3.0, 4.0], [5.0, 5.5]])
    np.testing.assert_array_equal(union(low, high, 1.0), [[0.0, 5.5]])


def test_misuse() -> None:
    l = VALLEY.landscape
    with pytest.raises(ValueError, match="eta must be a finite number >= 0"):
        critical_radius(l, 1.0, eta=-1.0)
    with pytest.raises(ValueError, match="kind must be one of minimizer, saddle, maximizer"):
        critical_radius(l, 1.0, kind="sadle")
    with pytest.raises(ValueError, match="rho_max must be a finite number"):
        attracting_intervals(l, -1.0)
    with pytest.raises(ValueError, match="curves are of"):
        critical_radius(l, 2.0, curves=hallucination_curves(l, 1.0))
