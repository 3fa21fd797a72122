"""How much memory a search may take: blocks of points, and counts of what is left out, bound it by design."""

import subprocess
import sys
import tracemalloc
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist

from benchmarks.memory import BOUND
from dynamics import branches, chains, hallucination_curves, levels, stationary_points
from dynamics.hallucination import hallucinated_points
from landscapes import Landscape

CRITICAL = import_module("dynamics.critical_radius")  # in the package its name is that of the function
ROOT = Path(__file__).resolve().parent.parent
WAVES = Landscape("sin(2*x)*sin(2*y) + x/9", ((-4.0, 4.0), (-4.0, 4.0)))


@pytest.mark.parametrize(("n", "radius"), [(1, 1.0), (300, 0.02), (300, 0.05), (300, 0.1)])
def test_groups_are_those_of_single_linkage_however_few_pairs_are_held(
    n: int, radius: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "_PAIRS", 50)
    points = np.random.default_rng(n).random((n, 2))
    found = chains.groups(points, radius)
    expected = fcluster(linkage(points), radius, "distance") if n > 1 else np.ones(1)
    pairs = set(zip(found.tolist(), expected.tolist(), strict=True))
    assert len(pairs) == len(set(found.tolist())) == len(set(expected.tolist()))


def test_points_that_are_all_neighbours_take_little_memory() -> None:
    points = np.random.default_rng(0).random((5000, 2))
    tracemalloc.start()
    try:
        assert (chains.groups(points, 2.0) == 0).all()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60e6  # their 12.5 million pairs would be 200 MB


def test_curves_in_a_window_that_is_much_wider_than_high() -> None:
    """Samples of neighbouring lines are a few cells apart, and nearer to each other than to those of their own line."""
    s = stationary_points(Landscape("sin(x)^2 + 0*y", ((-10.0, 10.0), (-1e6, 1e6))))
    assert len(s.points) == 0
    assert len(s.curves) == 13  # at the multiples of pi/2
    for curve in s.curves:
        assert np.ptp(curve.points[:, 0]) < 1e-6
        assert np.ptp(curve.points[:, 1]) > 1.9e6
        assert curve.kind == ("minimizer" if np.sin(curve.points[0, 0]) ** 2 < 0.5 else "maximizer")


def same(a: branches.HallucinationCurves, b: branches.HallucinationCurves) -> bool:
    """Whether the same points look at the same targets at some radii."""
    return all(coincide(a.points_at(rho).points, b.points_at(rho).points) for rho in (0.3, 0.777, 1.3))


def coincide(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two sets of points, in any order, are the same up to rounding."""
    apart = cdist(a, b)
    return len(a) == len(b) > 0 and max(apart.min(axis=0).max(), apart.min(axis=1).max()) < 1e-9


@pytest.mark.parametrize(
    ("module", "name"),
    [(levels, "_VERTICES"), (branches, "_BLOCK"), ("dynamics.arcs", "_BLOCK"), ("dynamics.saddles", "_BLOCK"),
     (CRITICAL, "_CHORDS")],
)  # fmt: skip
def test_how_much_is_looked_at_together_changes_nothing(
    module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hallucination_curves(WAVES, 1.5)
    expected = CRITICAL.attracting(whole, 0.01)
    monkeypatch.setattr(sys.modules.get(str(module), module), name, 17)
    parts = hallucination_curves(WAVES, 1.5)
    assert same(parts, whole)
    found = CRITICAL.attracting(parts, 0.01)
    for a, b in ((expected.low, found.low), (expected.high, found.high)):
        np.testing.assert_allclose(np.sort(b), np.sort(a), atol=1e-9)
    assert len(found.low) > 0


def test_targets_far_from_the_middle_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    s = stationary_points(WAVES, margin=1.5)
    whole = hallucination_curves(WAVES, 1.5, s)
    assert whole.left_out == 0
    monkeypatch.setattr(branches, "MOST_SAMPLES", len(whole.rho) // 3)
    c = hallucination_curves(WAVES, 1.5, s)
    assert 0 < c.left_out < len(s.points)
    assert len(c.rho) <= len(whole.rho) // 3 + len(c)
    kept = np.unique(c.targets, axis=0)
    assert len(kept) <= len(s.points) - c.left_out
    for rho in (0.4, 1.1):
        every, found = hallucinated_points(WAVES, rho, s), c.points_at(rho)
        inner = cdist(every.targets, kept).min(axis=1) < 1e-9
        assert coincide(found.points, every.points[inner])
        assert np.abs(every.targets[~inner]).max(axis=-1).min() > np.abs(kept).max() - 1e-9


MEASURED = """
from pages.shared.analysis import Question, answer
from pages.shared.radius_analysis import Span, look
from landscapes import Landscape
{work}
from benchmarks.memory import peak
import os
print(peak(os.getpid()))
"""


@pytest.mark.parametrize(
    "work",
    [
        'answer(Question(Landscape("sin(y)", ((-6, 6), (-1e6, 1e6))), 1.0, 0.01, (2.2, 1.3), 2000))',
        'look(Span(Landscape("sin(1e6*x)", ((-6, 6),)), 6.0, 0.01))',
    ],
)
def test_a_worker_stays_within_its_bound(work: str) -> None:
    """The whole list of links is `python -m benchmarks.memory`."""
    told = subprocess.run(
        [sys.executable, "-c", MEASURED.format(work=work)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(told.stdout) < BOUND
