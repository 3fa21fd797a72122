"""Basins: labels are the verdicts of single runs, early leaving changes none, shares are as sure as they say."""

import math
import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from dynamics import Orbit, Rule, gd, hallucinated_points, iterate, sam, stationary_points, verdict, warm_start
from dynamics.basins import BLOCK, LOOKS, Basins, basins, joined
from dynamics.grouping import GROUP_OF, GROUPS, WORDS, shares
from dynamics.memory import joined as joined_memory
from dynamics.memory import take
from dynamics.outcome import OUTCOMES, STAYS, TOLERANCES
from dynamics.radii import sam_at_radii
from dynamics.settling import settled
from landscapes import CATALOGUE, Landscape
from oracle import CAMEL, DOUBLE_WELL, HIMMELBLAU, RASTRIGIN, RING

H, WELL, R = HIMMELBLAU.landscape, DOUBLE_WELL.landscape, RING.landscape


def grid(l: Landscape, n: int) -> np.ndarray:
    """Starts in the middles of n cells along each axis, x running fastest."""
    axes = [low + (high - low) * (np.arange(n) + 0.5) / n for low, high in l.domain]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, l.dim)


def run(rule: Rule | Callable[[], Rule], starts: np.ndarray, steps: int) -> Basins:
    found = basins(rule, starts, steps)
    assert found is not None
    return found


# Labels are verdicts


def part(orbit: Orbit, i: int) -> Orbit:
    """One run of a batch."""
    batch = ("x", "x_plus", "f", "f_plus", "gradient_norms", "shifted_norms", "cosine")
    return replace(orbit, **{name: getattr(orbit, name)[:, i] for name in batch}, start=None)


def random_runs(count: int) -> Iterator[tuple[str, Rule, Rule, int, np.ndarray]]:
    """Random starts over the catalogue, for GD and SAM: name, the rules, steps, starts."""
    rng = np.random.default_rng(7)
    each = -(-count // (2 * len(CATALOGUE)))
    for name, entry in CATALOGUE.items():
        l = entry.landscape
        starts = rng.uniform(*np.array(l.domain).T, (each, l.dim))
        yield name, gd(l, entry.eta), sam(l, entry.eta, entry.rho), min(entry.steps, 1000), starts


def test_labels_agree_with_verdicts_on_single_runs() -> None:
    """Word, kind and place with those of the verdict on the run from that start alone, on chaotic landscapes too."""
    total, words, places = 0, 0, 0
    for name, descent, ahead, steps, starts in random_runs(500):
        l = CATALOGUE[name].landscape
        for rule in (descent, ahead):
            found = run(rule, starts, steps)
            for i, start in enumerate(starts):
                v = verdict(l, iterate(rule, start, steps))
                assert v.point is not None
                total += 1
                words += (found.outcomes[i], found.kinds[i]) == (v.outcome, v.kind or "")
                near = found.attractors[i] < 0 or np.linalg.norm(found.ends[i] - v.point) <= 1e-4 * l.diagonal
                places += near
    print(f"{total} runs: {words} with the same word and kind, {places} at the same place")
    assert total >= 500
    assert words >= 0.99 * total
    assert places >= 0.99 * total


UNSETTLED: dict[str, tuple[Rule, int]] = {
    "a bounce that drifts along a valley": (
        sam(
            Landscape(
                "x^4/4 - 0.547*x^2 + 0.651*cos(y/14.4) + 0.0067*y^2/30 - 0.000545*x*y", ((-2.0, 2.0), (-45.0, 45.0))
            ),
            0.025,
            0.539,
        ),
        1000,
    ),
    "a bounce that drifts along minimizers": (
        sam(Landscape("(x*y-1)^2/2", ((-0.5, 2.5), (-0.5, 2.5))), 0.016, 0.071),
        800,
    ),
    "cycles around hallucinated points": (sam(CAMEL.landscape, 0.05, 0.4329), 1000),
    "past points that repel": (sam(RASTRIGIN.landscape, 0.001, 1.0), 600),
    "GD past saddles": (gd(CAMEL.landscape, 0.01), 60),
    "GD on kinks": (gd(Landscape("abs(x)+y^2", ((-2.0, 2.0), (-2.0, 2.0))), 0.11), 500),
    "plateaus": (sam(Landscape("-exp(-x^2/2)", ((-3.0, 7.0),)), 0.088, 2.94), 1500),
}


@pytest.mark.parametrize("name", UNSETTLED)
def test_labels_agree_with_verdicts_on_runs_that_go_on(name: str) -> None:
    rule, steps = UNSETTLED[name]
    l: Any = rule.objective
    starts = np.random.default_rng(3).uniform(*np.array(l.domain).T, (60, l.dim))
    found, orbit = run(rule, starts, steps), iterate(rule, starts, steps)
    for i in range(len(starts)):
        v = verdict(l, part(orbit, i))
        assert (found.outcomes[i], found.kinds[i]) == (v.outcome, v.kind or ""), (starts[i], v)
        if v.target is not None:
            np.testing.assert_allclose(found.ends[i], v.point, atol=1e-6 * l.diagonal)
            np.testing.assert_allclose(found.targets[i], v.target, atol=1e-6 * l.diagonal)


@pytest.mark.parametrize(
    "name", ["himmelblau", "rastrigin", "ring", "linear-network", "quadratic-bowl", "shelf", "sine"]
)
def test_leaving_early_changes_no_label(name: str) -> None:
    """The same rules, of which it is not known that they are steady: every run goes on to its last step."""
    entry = CATALOGUE[name]
    l = entry.landscape
    starts = grid(l, 25 if l.dim == 2 else 300)
    early = 0
    for rule in (gd(l, entry.eta), sam(l, entry.eta, entry.rho)):
        found, whole = run(rule, starts, 700), run(replace(rule, steady_from=math.inf), starts, 700)
        np.testing.assert_array_equal(found.outcomes, whole.outcomes)
        np.testing.assert_array_equal(found.kinds, whole.kinds)
        held = found.attractors >= 0
        np.testing.assert_allclose(found.ends[held], whole.ends[held], atol=2.0 * STAYS * l.diagonal)
        early += int((found.settled < 700).sum())
        assert (whole.settled[whole.outcomes != "diverged"] == 700).all()
    assert early > 0


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 19, 20, 21, 40])
def test_short_runs(steps: int) -> None:
    for l, starts in ((H, grid(H, 4)), (WELL, grid(WELL, 16))):
        for rule in (gd(l, 0.05), sam(l, 0.05, 1.0)):
            found = run(rule, starts, steps)
            for i, start in enumerate(starts):
                v = verdict(l, iterate(rule, start, steps))
                assert (found.outcomes[i], found.kinds[i]) == (v.outcome, v.kind or "")


def test_from_no_start_there_is_nothing() -> None:
    found = run(sam(H, 0.02, 3.0), np.empty((0, 2)), 100)
    assert len(found.found) == len(found.groups) == 0
    assert all(share.share == 0.0 for share in found.shares())


# Whether a run has settled


def test_a_run_on_a_bowl_has_settled_on_its_orbit_of_period_two() -> None:
    """On a quadratic with eigenvalue a the orbit's amplitude is eta a rho/(2 - eta a)."""
    a, eta, rho = 3.0, 0.1, 0.5
    l = Landscape("3*x^2/2", ((-2.0, 2.0),))
    amplitude = eta * a * rho / (2.0 - eta * a)
    x = np.array([[amplitude], [-amplitude], [1.1 * amplitude], [1.0]])
    assert settled(sam(l, eta, rho), x, None, 0, 1000, l.diagonal).mask.tolist() == [True, True, False, False]


def test_a_run_at_a_point_that_repels_has_not_settled() -> None:
    saddle = Landscape("x^2 - y^2", ((-1.0, 1.0), (-1.0, 1.0)))
    bowl = Landscape("x^2 + y^2", ((-1.0, 1.0), (-1.0, 1.0)))
    at = np.array([[0.0, 0.0]])
    assert not settled(gd(saddle, 0.1), at, None, 0, 10_000, saddle.diagonal).mask[0]
    assert settled(gd(bowl, 0.1), at, None, 0, 10_000, bowl.diagonal).mask[0]
    assert not settled(gd(bowl, 1.1), at, None, 0, 10_000, bowl.diagonal).mask[0]  # beyond the step limit, 1


def test_on_a_curve_of_minimizers_a_run_settles_when_no_way_is_left() -> None:
    for out, still in ((1e-12, True), (1e-4, False)):
        mask = settled(gd(R, 0.01), np.array([[1.0 + out, 0.0]]), None, 0, 1000, R.diagonal).mask
        assert bool(mask[0]) is still


# Where runs end


def test_the_places_are_the_stationary_and_the_hallucinated_points() -> None:
    starts = grid(H, 40)
    descent, ahead = run(gd(H, 0.05), starts, 2000), run(sam(H, 0.02, 3.0), starts, 3000)
    s = stationary_points(H)
    for found, group, points in (
        (descent, "minimizer", s.points[s.kinds == "minimizer"]),
        (ahead, "hallucinated", (h := hallucinated_points(H, 3.0)).points[h.attract(0.02)]),
    ):
        places = found.found.points[found.found.groups == group]
        inside = places[H.contains(places)]
        gap = np.linalg.norm(inside[:, None] - points, axis=-1)
        assert (gap.min(axis=1) <= 1e-6).all()
        assert len(inside) == len(points)
    targets = ahead.found.targets[ahead.found.groups == "hallucinated"]
    np.testing.assert_allclose(H.gradient(targets), 0.0, atol=1e-8)
    counts = Counter(descent.attractors[descent.attractors >= 0].tolist())
    assert [counts[i] for i in range(len(descent.found))] == descent.found.counts.tolist()
    assert (np.diff(descent.found.counts) <= 0).all()


def test_a_ring_is_one_place() -> None:
    for rule, radius in ((gd(R, 0.05), 1.0), (sam(R, 0.01, 1.5), 0.5)):
        found = run(rule, grid(R, 30), 1500)
        held = found.attractors >= 0
        assert held.mean() > 0.99
        curve = int(np.argmax(found.found.counts))
        assert found.found.curves[curve]
        assert found.found.counts[curve] == (found.attractors == curve).sum() >= 0.99 * len(held)
        np.testing.assert_allclose(np.linalg.norm(found.ends[found.attractors == curve], axis=-1), radius, atol=1e-6)


def test_the_basin_of_a_hallucinated_point_ends_where_x_is_rho() -> None:
    """Fact 8: in (0, b) the basin of x = rho - a is x < rho; here it reaches beyond 0, to the end of the window."""
    low, high = WELL.domain[0]
    for n in (38, 500, 2050):
        found = run(sam(WELL, 0.01, 1.0), grid(WELL, n), 2000)
        np.testing.assert_array_equal(found.groups == "hallucinated", found.starts[:, 0] < 1.0)
        share = next(s for s in found.shares((n, 1)) if s.group == "hallucinated")
        assert abs(share.share - (1.0 - low) / (high - low)) <= share.error == 0.5 / n


# Leaving, undefined, stopping


def test_a_landscape_from_which_every_start_diverges() -> None:
    found = run(sam(H, 5.0, 1.0), grid(H, 10), 500)
    assert set(found.groups) == {"diverged"}
    assert (found.settled <= 2 * LOOKS).all()
    assert len(found.found) == 0


def test_where_f_is_undefined_the_start_is() -> None:
    l = Landscape("log(x) + x^2*y^2", ((-1.0, 1.0), (-1.0, 1.0)))
    found = run(gd(l, 0.01), grid(l, 20), 200)
    assert ((found.groups == "undefined") == (found.starts[:, 0] < 0.0)).all()
    assert set(found.outcomes[found.undefined]) == {"diverged"}


def test_it_can_be_stopped_and_tells_how_far_it_is() -> None:
    told: list[float] = []
    assert basins(sam(H, 0.02, 3.0), grid(H, 5), 1000, told.append) is not None
    assert told == sorted(told) and 0.0 < told[0] < told[-1] < 1.0
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) == 3

    assert basins(sam(H, 0.02, 3.0), grid(H, 5), 100_000, stop=stop) is None
    assert len(asked) == 3
    assert basins(sam(H, 0.02, 3.0), grid(H, 5), 20, stop=lambda: True) is None


@pytest.mark.parametrize(
    ("starts", "steps", "says"),
    [
        (np.zeros((3, 2)), -1, "steps must be >= 0, got -1"),
        (np.zeros((3, 1)), 10, r"starts must have shape \(n, 2\), got \(3, 1\)"),
        (np.zeros(2), 10, r"starts must have shape \(n, 2\), got \(2,\)"),
    ],
)
def test_misuse(starts: np.ndarray, steps: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        basins(gd(H, 0.02), starts, steps)


# Parts, memories, cost


def same(a: Basins, b: Basins) -> None:
    for name in ("starts", "outcomes", "kinds", "undefined", "settled", "attractors"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_allclose(a.ends, b.ends, atol=1e-9, equal_nan=True)
    np.testing.assert_array_equal(a.found.counts, b.found.counts)


def test_parts_on_an_executor_are_the_whole() -> None:
    starts, make = grid(H, 20), partial(sam, H, 0.02, 3.0)
    work = partial(basins, make, steps=400)
    pickle.dumps((work, starts))  # what is sent to another process
    with ThreadPoolExecutor(2) as executor:
        parts = list(executor.map(work, np.array_split(starts, 5)))
    whole = joined([part for part in parts if part is not None])
    same(whole, run(make, starts, 400))


def test_blocks_that_empty_are_put_together() -> None:
    """More than two blocks, most of whose runs leave early: the same labels as one by one."""
    starts = grid(H, 70)
    assert len(starts) > 2 * BLOCK
    rule = gd(H, 0.1)
    found = run(rule, starts, 400)
    assert 0.1 < (found.settled < 400).mean() < 1.0
    chosen = np.arange(0, len(starts), 97)
    few = run(rule, starts[chosen], 400)
    np.testing.assert_array_equal(found.outcomes[chosen], few.outcomes)
    np.testing.assert_allclose(found.ends[chosen], few.ends, atol=1e-9)


def heavy_ball(l: Landscape, eta: float, beta: float) -> Rule:
    """A rule with a memory, and one whose radius changes with k."""
    plain = sam(l, eta, 0.3)

    def step(x: np.ndarray, memory: Any, k: int) -> tuple[Any, Any]:
        velocity, (times,) = memory
        seen, _ = plain.step(x, None, k)
        velocity = beta * velocity + seen.s * (1.0 + 0.1 * math.sin(k))
        return seen._replace(x_next=x - eta * velocity), (velocity, (times + 1.0,))

    return Rule("heavy ball", l, step, lambda x: (np.zeros_like(x), (np.zeros(len(x)),)))


def test_a_memory_goes_with_its_run() -> None:
    starts = grid(H, 12)
    starts[:40] += 100.0  # these diverge at once, and leave holes
    rule = heavy_ball(H, 0.01, 0.8)
    found = run(rule, starts, 300)
    assert 0 < (found.groups == "diverged").sum() < len(starts)
    for i in range(0, len(starts), 17):
        v = verdict(H, part(iterate(rule, starts[i][None], 300), 0))
        assert (found.outcomes[i], found.kinds[i]) == (v.outcome, v.kind or "")


def test_memories_are_taken_and_joined() -> None:
    memory = (np.arange(6.0).reshape(3, 2), None, (np.arange(3),))
    a, b = take(memory, np.array([0])), take(memory, np.array([False, True, True]))
    back = joined_memory([a, b])
    np.testing.assert_array_equal(back[0], memory[0])
    assert back[1] is None
    np.testing.assert_array_equal(back[2][0], memory[2][0])


def test_a_warm_start_may_be_left_after_its_steps_only() -> None:
    rule = warm_start(gd(WELL, 0.01), sam(WELL, 0.01, 1.0), 153)
    found = run(rule, np.array([[0.1], [0.099]]), 2000)
    assert found.groups.tolist() == ["minimizer", "hallucinated"]
    assert (found.settled > 153).all()


def test_every_start_may_have_a_radius_of_its_own() -> None:
    radii = np.repeat([0.0, 0.3, 1.0], 8)
    starts = np.tile(grid(WELL, 8), (3, 1))
    found = run(sam_at_radii(WELL, 0.01, radii), starts, 1500)
    for rho in (0.0, 0.3, 1.0):
        one, those = run(sam(WELL, 0.01, rho), grid(WELL, 8), 1500), radii == rho
        np.testing.assert_array_equal(found.outcomes[those], one.outcomes)
        np.testing.assert_array_equal(found.kinds[those], one.kinds)
        np.testing.assert_allclose(found.ends[those], one.ends, atol=1e-6)
    with pytest.raises(ValueError, match="rho must be a finite number >= 0, got -1"):
        sam_at_radii(WELL, 0.01, np.array([1.0, -1.0]))


def test_the_work_ends_with_the_runs() -> None:
    """Points at which the rule is evaluated: one a step until a run has settled, and a few to see that."""
    rule, seen = gd(CATALOGUE["rastrigin"].landscape, CATALOGUE["rastrigin"].eta), [0]

    def step(x: np.ndarray, memory: Any, k: int) -> tuple[Any, Any]:
        seen[0] += len(x)
        return rule.step(x, memory, k)

    for n in (20, 40):
        starts = grid(CATALOGUE["rastrigin"].landscape, n)
        seen[0] = 0
        found = run(replace(rule, step=step), starts, 5000)
        assert (found.settled < 200).all()
        assert seen[0] <= found.settled.sum() + 30 * len(starts)


# Groups, and how sure their shares are


def test_every_word_has_a_group() -> None:
    assert set(GROUP_OF.values()) < set(GROUPS)
    assert set(GROUP_OF) == set(OUTCOMES)
    assert len({words.label for words in WORDS.values()}) == len(GROUPS) == len(WORDS)
    assert f" {TOLERANCES.far:g} diagonals" in WORDS["diverged"].help


@given(
    n=st.integers(10, 60), m=st.integers(10, 60), x=st.floats(0.3, 0.7), y=st.floats(0.3, 0.7), r=st.floats(0.2, 0.29)
)
def test_the_error_of_a_grid_is_a_bound(n: int, m: int, x: float, y: float, r: float) -> None:
    """Of discs and their complements in the unit square, whose areas are known."""
    across, up = (np.arange(n) + 0.5) / n, (np.arange(m) + 0.5) / m
    inside = (across - x) ** 2 + (up[:, None] - y) ** 2 <= r**2
    found = {s.group: s for s in shares(np.where(inside, "in", "out"), ("in", "out"))}
    assert found["in"].share + found["out"].share == pytest.approx(1.0, abs=1e-15)
    assert found["in"].error == found["out"].error
    assert abs(found["in"].share - math.pi * r**2) <= found["in"].error


@given(n=st.integers(1, 500), data=st.data())
def test_the_error_of_random_starts_is_wilsons(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    share = shares(np.array(["in"] * k + ["out"] * (n - k)), ("in",))[0]
    interval = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert share.error == pytest.approx(0.5 * (interval.high - interval.low), abs=1e-4)


@given(st.lists(st.sampled_from(GROUPS), min_size=1, max_size=60))
def test_shares_sum_to_one(groups: list[str]) -> None:
    assert sum(s.share for s in shares(np.array(groups))) == pytest.approx(1.0, abs=1e-12)
    assert sum(s.count for s in shares(np.array(groups)[:, None])) == len(groups)
