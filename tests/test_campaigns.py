"""A few dozen questions of each campaign, and that their judges see what is false."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.campaigns import certificates, verdicts
from benchmarks.campaigns.formulas import random_ground
from dynamics import sam, verdict
from dynamics.verdict import Verdict
from landscapes import Landscape

SEED = 11


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("kinks", [False, True])
def test_gradients_by_hand_are_those_of_the_formulas(dim: int, kinks: bool) -> None:
    rng = np.random.default_rng(SEED)
    for _ in range(40):
        ground = random_ground(rng, dim, kinks)
        l = ground.landscape
        x = rng.uniform(*np.array(l.domain).T, (30, dim))
        np.testing.assert_allclose(ground.gradient(x), l.gradient(x), rtol=1e-9, atol=1e-9)
        h = 1e-6 * np.eye(dim)
        slopes = np.stack([(l.value(x + e) - l.value(x - e)) / 2e-6 for e in h], axis=-1)
        scale = 1.0 + np.abs(l.value(x)) + np.linalg.norm(slopes, axis=-1)
        assert np.median(np.linalg.norm(slopes - ground.gradient(x), axis=-1) / scale) < 1e-6  # a kink may be crossed


def test_fifty_verdicts_beside_runs_ten_times_as_long() -> None:
    words = []
    for q in verdicts.questions(SEED, 50):
        v = verdict(q.landscape, q.orbit)
        words.append(v.outcome)
        assert not verdicts.contradiction(v, q), (v, q.words)
    assert len(words) == 50 and len(set(words)) >= 5, words


def run_of(formula: str, rho: float, eta: float, x0: float, steps: int) -> verdicts.Question:
    l = Landscape(formula, ((-3.0, 3.0),))
    orbit = verdicts.iterate(sam(l, eta, rho), [[x0]], verdicts.LONGER * steps)
    return verdicts.Question(l, l.gradient, verdicts.part(orbit, 0, steps + 1), orbit.x[:, 0], rho, eta)


BOWL = ("x^2", 0.5, 0.1, 1.0, 300)  # it bounces around 0, with an amplitude of 0.05/0.9
SLOPE = ("x", 0.5, 0.001, 0.0, 300)


@pytest.mark.parametrize(
    ("run", "told", "against"),
    [
        (BOWL, Verdict("bouncing", "minimizer", np.array([0.0]), None, 0), ""),
        (SLOPE, Verdict("still moving", None, np.array([0.0]), None, 0), ""),
        (BOWL, Verdict("bouncing", "maximizer", np.array([0.0]), None, 0), "no maximizer"),
        (BOWL, Verdict("bouncing", "minimizer", np.array([0.1]), None, 0), "no stationary point"),
        (BOWL, Verdict("hallucinated", "minimizer", np.array([0.5]), np.array([0.0]), 0), "no hallucinated point"),
        (BOWL, Verdict("still moving", None, np.array([0.1]), None, 0), "it had settled"),
        (BOWL, Verdict("diverged", None, np.array([0.1]), None, 0), "it has come back"),
        (BOWL, Verdict("cycling", None, np.array([0.0]), None, 0), ""),
        (SLOPE, Verdict("cycling", None, np.array([0.0]), None, 0), "it leaves the box"),
        (SLOPE, Verdict("stalled", None, np.array([0.0]), None, 0), "it goes on"),
        (("x^3", 0.5, 0.01, 0.1, 300), Verdict("stopped", "degenerate", np.array([0.0]), None, 0), "it leaves"),
    ],
)
def test_a_false_verdict_shows(run: tuple[str, float, float, float, int], told: Verdict, against: str) -> None:
    q = run_of(*run)
    said = verdicts.contradiction(told, q)
    assert said.startswith(against) if against else not said


def test_fifty_certificates_beside_newtons_method() -> None:
    proved = points = missed = 0
    for q in certificates.questions(SEED, 50):
        found = certificates.sought(q)
        against = certificates.contradictions(q, found)
        assert not against, (against, q.words)
        proved += q.proof.proved
        points += len(q.proof.points)
        missed += certificates.missed(q, found)
    print(f"{proved} of 50 proved; of {points} points proved Newton's method misses {missed}")
    assert proved >= 25
    assert missed <= 0.02 * points


def test_a_false_certificate_shows() -> None:
    seen = 0
    for q in certificates.questions(SEED, 12):
        found = certificates.sought(q)
        p = q.proof
        if not p.proved or not len(p.points) or len(found.points) < len(p.points):
            continue
        seen += 1
        fewer = {name: getattr(p, name)[1:] for name in ("points", "targets", "attracts")}
        other = np.where(p.attracts == "attracts", "repels", "attracts").astype(object)
        turned = np.where(p.kinds == "minimizer", "saddle", "minimizer").astype(object)
        wide = np.array(p.boxes)
        wide[:] = np.array(p.window)
        for lie, words in (
            (replace(p, **fewer), "proved complete without the point"),
            (replace(p, points=p.points + 1e-3 * q.landscape.diagonal), "no hallucinated point"),
            (replace(p, attracts=other), "is said to be one that"),
            (replace(p, kinds=turned), ", not a "),
            (replace(p, boxes=p.boxes + q.landscape.diagonal), "lies in no box"),
            *([(replace(p, boxes=wide), "stationary points")] if len(p.boxes) > 1 else []),
        ):
            assert any(words in said for said in certificates.contradictions(replace(q, proof=lie), found)), words
    assert seen >= 3
