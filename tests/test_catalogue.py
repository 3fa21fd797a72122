"""Every landscape of the catalogue is run, and what its story says is asserted."""

import dataclasses
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dynamics import HallucinatedPoints, Orbit, Rule, Verdict, gd, hallucinated_points, iterate, sam, verdict
from dynamics import stationary_points as find_stationary_points
from dynamics.basins import basins
from landscapes import CATALOGUE, Entry, Landscape
from landscapes.formula import parse
from landscapes.function import walk
from landscapes.landscape import Array
from landscapes.notation import plain

KEYS = list(CATALOGUE)
every_entry = pytest.mark.parametrize("key", KEYS)


@dataclasses.dataclass(frozen=True)
class Case:
    """An entry, its two runs and how they ended, and the hallucinated points at its rho."""

    entry: Entry
    gd: Orbit
    sam: Orbit
    gd_end: Verdict
    sam_end: Verdict
    found: HallucinatedPoints

    @property
    def landscape(self) -> Landscape:
        return self.entry.landscape

    @property
    def target_distance(self) -> float:
        """Distance from SAM's target to the point where GD ended."""
        return float(np.linalg.norm(self.sam_end.target - self.gd_end.point))


@lru_cache(maxsize=len(KEYS))
def case(key: str) -> Case:
    e = CATALOGUE[key]
    l = e.landscape
    a, b = (iterate(rule, e.start, e.steps) for rule in (gd(l, e.eta), sam(l, e.eta, e.rho)))
    return Case(e, a, b, verdict(l, a), verdict(l, b), hallucinated_points(l, e.rho))


def sam_from(e: Entry, **changes: object) -> Verdict:
    """How SAM ends on an entry's landscape with another rho, eta, start or number of steps."""
    e = dataclasses.replace(e, **changes)
    return verdict(e.landscape, iterate(sam(e.landscape, e.eta, e.rho), e.start, e.steps))


def ending(v: Verdict) -> tuple[str, str | None]:
    return v.outcome, v.kind


def sample(l: Landscape, n: int, seed: int = 0) -> Array:
    """Random points (n, d) of the window."""
    low, high = np.array(l.domain).T
    return np.random.default_rng(seed).uniform(low, high, (n, l.dim))


def sharpness(l: Landscape, x: Array) -> Array:
    """Largest eigenvalue of the Hessian at x (..., d)."""
    return np.linalg.eigvalsh(l.hessian(x))[..., -1]


# What it is made of


def test_enough_landscapes_in_one_and_two_variables() -> None:
    dims = [e.landscape.dim for e in CATALOGUE.values()]
    assert dims.count(1) >= 6
    assert dims.count(2) >= 10


def test_the_first_entry_is_what_a_link_without_a_landscape_means() -> None:
    assert KEYS[0] == "double-well"


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["new"] = CATALOGUE["ring"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOGUE["ring"].rho = 2.0  # type: ignore[misc]


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, landscapes; print(sorted({'torch', 'streamlit', 'plotly', 'dynamics'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_tell_the_entries_apart() -> None:
    names = [e.name for e in CATALOGUE.values()]
    assert len(set(names)) == len(names)
    assert len({e.landscape for e in CATALOGUE.values()}) == len(names)


@every_entry
def test_keys_names_and_stories_are_fit_to_be_shown(key: str) -> None:
    e = CATALOGUE[key]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", key)
    assert e.name.isascii() and len(e.name) <= 40
    assert e.story.endswith(".") and len(e.story) <= 110
    assert not re.search(r"[\d!]", e.story)  # numbers come from the computation beside it
    assert set(e.story) - set("ρη") == {c for c in e.story if c.isascii()}


@every_entry
def test_entries_are_plain_data(key: str) -> None:
    e = CATALOGUE[key]
    copy = pickle.loads(pickle.dumps(e))
    assert copy == e and hash(copy) == hash(e)


@every_entry
def test_formulas_go_through_the_parser(key: str) -> None:
    l = CATALOGUE[key].landscape
    assert parse(l.formula).tree == l.parsed.tree
    assert parse(plain(l.parsed)).tree == l.parsed.tree
    assert l.latex()


@every_entry
def test_settings_fit_the_window(key: str) -> None:
    e = CATALOGUE[key]
    width = min(high - low for low, high in e.landscape.domain)
    assert len(e.start) == e.landscape.dim
    assert all(low < x < high for x, (low, high) in zip(e.start, e.landscape.domain, strict=True))
    assert 0.0 < e.rho <= e.rho_max <= width / 2
    assert e.eta > 0.0
    assert 0 < e.steps <= 20_000
    assert np.isfinite(e.landscape.value(sample(e.landscape, 1000))).all()


@every_entry
def test_a_parameter_rho_is_the_rho_of_sam(key: str) -> None:
    e = CATALOGUE[key]
    assert dict(e.landscape.parameters).get("rho", e.rho) == e.rho


# Derivatives


@every_entry
def test_the_kernel_agrees_with_autograd(key: str) -> None:
    l = CATALOGUE[key].landscape
    other = Landscape.of(walk(l.parsed, dict(l.parameters)), l.domain)
    x = sample(l, 300)
    for mine, theirs in (
        (l.value(x), other.value(x)),
        (l.gradient(x), other.gradient(x)),
        (l.hessian(x), other.hessian(x)),
    ):
        # Rounding only: terms of either sign cancel, so it is measured against the largest value.
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).max())


@given(st.sampled_from(KEYS), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=2))
@settings(max_examples=200)
def test_gradients_agree_with_finite_differences(key: str, place: list[float]) -> None:
    l = CATALOGUE[key].landscape
    low, high = np.array(l.domain).T
    x = low + (high - low) * place[: l.dim]
    h = 1e-5 * float((high - low).min())
    if key == "kinks":
        assume(abs(abs(x[0]) - np.sqrt(2.0)) > 2.0 * h)
    if key == "ackley":
        assume(np.linalg.norm(x) > 0.01)
    offsets = h * np.eye(l.dim)
    difference = (l.value(x + offsets) - l.value(x - offsets)) / (2.0 * h)
    scale = np.abs(l.gradient(sample(l, 200))).max()
    # Truncation h^2 f'''/6 and rounding 1e-16 |f|/h are below this on every window.
    np.testing.assert_allclose(l.gradient(x), difference, rtol=1e-6, atol=1e-6 * scale)


# How the runs end


@every_entry
def test_gd_and_sam_end_as_expected(key: str) -> None:
    c = case(key)
    assert ending(c.gd_end) == c.entry.gd
    assert ending(c.sam_end) == c.entry.sam
    assert not c.sam_end.approaching or c.sam_end.kind == "degenerate"  # there the approach is algebraic


@every_entry
def test_the_step_size_is_stable_for_gd(key: str) -> None:
    c = case(key)
    assert c.gd.f[-1] < c.gd.f[0]
    if c.gd_end.outcome == "reached":
        assert c.entry.eta < 2.0 / sharpness(c.landscape, c.gd_end.point)


def nudges(l: Landscape) -> Array:
    """Offsets of 1 % of the window: none, then along and across the axes."""
    widths = np.array([high - low for low, high in l.domain])
    signs = np.stack(np.meshgrid(*[[0, 1, -1]] * l.dim, indexing="ij"), axis=-1).reshape(-1, l.dim)
    return 0.01 * widths * signs


def one_of(orbit: Orbit, i: int, steps: int) -> Orbit:
    """The first steps of run i of many."""
    n = steps + 1
    batched = ("x", "x_plus", "f", "f_plus", "gradient_norms", "shifted_norms", "cosine")
    return dataclasses.replace(
        orbit,
        **{name: getattr(orbit, name)[:n, i] for name in batched},
        **{name: getattr(orbit, name)[:n] for name in ("k", "eta", "rho")},
    )


@every_entry
@pytest.mark.parametrize("name", ["gd", "sam"])
def test_nudged_starts_and_twice_the_steps_end_alike(key: str, name: str) -> None:
    e = CATALOGUE[key]
    l = e.landscape
    rule: Rule = gd(l, e.eta) if name == "gd" else sam(l, e.eta, e.rho)
    starts = e.start + nudges(l)
    runs = iterate(rule, starts, e.steps)
    ends = {ending(verdict(l, one_of(runs, i, e.steps))) for i in range(len(starts))}
    ends.add(ending(verdict(l, iterate(rule, e.start, 2 * e.steps))))
    assert ends == {getattr(e, name)}


def around(e: Entry, n: int = 40) -> Array:
    """Starts at 1e-9 and at 1e-4 of the window from an entry's, n of each, in random directions."""
    rng = np.random.default_rng(11)
    directions = rng.normal(size=(2 * n, len(e.start)))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    widths = np.array([high - low for low, high in e.landscape.domain])
    return np.array(e.start) + np.repeat([1e-9, 1e-4], n)[:, None] * widths * directions


@every_entry
@pytest.mark.parametrize("name", ["gd", "sam"])
def test_no_story_hangs_on_rounding(key: str, name: str) -> None:
    """From close by, and after twice the steps, runs end in the same words, and as high: stories compare heights."""
    e = CATALOGUE[key]
    l = e.landscape
    rule: Rule = gd(l, e.eta) if name == "gd" else sam(l, e.eta, e.rho)
    starts = np.vstack([e.start, around(e)])
    heights = []
    for steps in (e.steps, 2 * e.steps):
        found = basins(rule, starts, steps)
        assert found is not None
        assert {(outcome, kind or None) for outcome, kind in zip(found.outcomes, found.kinds, strict=True)} == {
            getattr(e, name)
        }
        heights.append(l.value(found.ends))
    # Where SAM stalls or GD rattles on a kink, ends are about as far apart as starts; heights of pits differ by more.
    assert np.ptp(heights) <= 1e-2 * np.ptp(l.value(sample(l, 1000)))


# Hallucinated points


@every_entry
def test_hallucinated_points_satisfy_the_definition(key: str) -> None:
    c = case(key)
    h, l, rho = c.found, c.landscape, c.entry.rho
    for x, z in [(h.points, h.targets), *((curve.points, curve.targets) for curve in h.curves)]:
        seen, _ = sam(l, c.entry.eta, rho).step(x, None, 0)
        size = np.linalg.norm(seen.g, axis=-1)
        assert (size > 0.0).all()
        np.testing.assert_allclose(seen.x_plus, z, rtol=0.0, atol=1e-6 * l.diagonal)
        np.testing.assert_allclose(np.linalg.norm(x - z, axis=-1), rho, rtol=1e-9)
        assert (np.linalg.norm(seen.s, axis=-1) <= 1e-6 * size).all()


@every_entry
def test_sams_stop_is_among_the_hallucinated_points(key: str) -> None:
    c = case(key)
    if c.sam_end.outcome != "hallucinated":
        pytest.skip("SAM does not end at a hallucinated point")
    distance = np.linalg.norm(c.found.points - c.sam_end.point, axis=-1)
    attracts = c.found.attract(c.entry.eta)
    if c.found.curves:
        (curve,) = c.found.curves
        along = np.linalg.norm(np.diff(curve.points, axis=0), axis=-1).max()
        assert np.linalg.norm(curve.points - c.sam_end.point, axis=-1).min() <= along
        assert curve.attracts and curve.kind == c.sam_end.kind
        return
    i = int(np.argmin(distance))
    assert distance[i] <= 1e-6 * c.landscape.diagonal
    assert c.found.kinds[i] == c.sam_end.kind
    assert attracts[i] or c.sam_end.kind == "degenerate"  # whose step limit is not defined


# The stories


def double_well(c: Case) -> None:
    x = sample(c.landscape, 20)
    np.testing.assert_allclose(c.landscape.gradient(x), (x + 0.6) * x * (x - 2.0), atol=1e-13)
    np.testing.assert_allclose(c.gd_end.point, [2.0], atol=1e-9)
    np.testing.assert_allclose(c.sam_end.point, [0.4], atol=1e-9)
    np.testing.assert_allclose(c.sam_end.target, [-0.6], atol=1e-9)
    np.testing.assert_allclose(c.landscape.gradient(c.sam_end.point), [-0.64], atol=1e-9)
    deep, stop, shallow = (float(c.landscape.value(p)) for p in (c.gd_end.point, c.sam_end.point, c.sam_end.target))
    assert deep < stop < shallow


def hill(c: Case) -> None:
    np.testing.assert_allclose(c.gd_end.point, [2.0], atol=1e-9)
    np.testing.assert_allclose(c.sam_end.point, [0.8], atol=1e-9)
    np.testing.assert_allclose(c.sam_end.target, [-1.6], atol=1e-9)
    deep, other, stop, start, top = (float(c.landscape.value([x])) for x in (2.0, -1.6, 0.8, *c.entry.start, 0.0))
    assert deep < other < stop < start < top
    assert stop - deep > 0.5 * (top - deep) and top - stop > 0.2 * (top - deep)  # on the way, and well below the top
    assert abs(c.landscape.gradient(c.sam_end.point)[0]) > 2.0


def sine(c: Case) -> None:
    np.testing.assert_allclose(c.sam_end.point, [-0.1 * c.entry.rho], atol=1e-9)
    for rho in (0.5, 0.1, 0.01, 0.001):
        small = dataclasses.replace(
            c.entry,
            landscape=c.landscape.with_parameters(rho=rho).with_domain(((-2.0 * rho, 2.0 * rho),)),
            rho=rho,
            start=(0.2 * rho,),
        )
        v = sam_from(small)
        assert ending(v) == c.entry.sam
        np.testing.assert_allclose(v.point, [-0.1 * rho], rtol=1e-9)
        slope = np.abs(small.landscape.gradient(v.point)) / np.abs(small.landscape.gradient([[0.0]])).max()
        assert slope > 0.5


def two_pits(c: Case) -> None:
    deeper, other, stop = (float(c.landscape.value(p)) for p in (c.sam_end.target, c.gd_end.point, c.sam_end.point))
    assert deeper < other < stop
    assert c.gd_end.point < c.sam_end.point < c.sam_end.target


def wavy_bowl(c: Case) -> None:
    np.testing.assert_allclose(c.sam_end.point, c.gd_end.point, atol=1e-9)
    assert not c.found.attract().any()
    larger = hallucinated_points(c.landscape, 5.0 * c.entry.rho)
    turns = np.sort(find_stationary_points(c.landscape).points[:, 0])
    slopes = np.unique(np.searchsorted(turns, larger.points[larger.attract(c.entry.eta), 0]))
    assert len(slopes) > (len(turns) + 1) / 2


def narrow_dip(c: Case) -> None:
    assert c.landscape.value(c.sam_end.point) < c.landscape.value(c.gd_end.point)
    assert sharpness(c.landscape, c.sam_end.point) < sharpness(c.landscape, c.gd_end.point)
    slower = sam_from(c.entry, eta=c.entry.eta / 4.0)
    np.testing.assert_allclose(slower.point, c.gd_end.point, atol=1e-6)


def plateau(c: Case) -> None:
    assert not len(c.found) and not c.found.curves
    assert abs(c.sam.x[-1] - c.sam.x[0]) < 1e-3
    assert c.sam.shifted_norms[-1] < 1e-4 * c.sam.gradient_norms[-1]


def kinks(c: Case) -> None:
    assert list(c.found.stationary.kinds) == ["maximizer"]
    np.testing.assert_allclose(
        c.landscape.gradient([[-1.415], [-1.414], [1.414], [1.415]])[:, 0], [-2.83, 2.828, -2.828, 2.83]
    )
    step = c.entry.eta * c.sam.shifted_norms.max()
    ahead = c.sam.x_plus[-200:, 0]
    assert np.abs(ahead + np.sqrt(2.0)).max() <= step
    assert (ahead < -np.sqrt(2.0)).any() and (ahead > -np.sqrt(2.0)).any()
    assert c.sam.gradient_norms[-200:].min() > 0.4
    assert np.abs(c.gd.x[-200:, 0] - np.sqrt(2.0)).max() <= c.entry.eta * c.gd.gradient_norms.max()


def shelf(c: Case) -> None:
    np.testing.assert_allclose(c.gd_end.point, [0.0], atol=1e-3)
    np.testing.assert_allclose(c.sam_end.point, [c.entry.rho], atol=1e-6)
    assert c.sam_end.approaching
    assert c.landscape.value(c.sam_end.point) < c.landscape.value(c.gd_end.point)


def saddles_on_the_look_ahead(c: Case) -> Array:
    """The saddles within 1 % of the window of the line from SAM's stop to its target."""
    saddles = c.found.stationary.points[c.found.stationary.kinds == "saddle"]
    ray = c.sam_end.point + np.linspace(0.0, 1.0, 200)[:, None] * (c.sam_end.target - c.sam_end.point)
    width = min(high - low for low, high in c.landscape.domain)
    return saddles[np.linalg.norm(saddles[:, None] - ray, axis=-1).min(axis=-1) < 0.01 * width]


def himmelblau(c: Case) -> None:
    assert len(c.found) == 14 and c.found.attract().sum() == 5
    assert np.linalg.norm(c.sam_end.point - c.gd_end.point) < c.entry.rho / 2.0
    assert c.target_distance > 1.0
    assert len(saddles_on_the_look_ahead(c)) == 1


def ring(c: Case) -> None:
    assert np.linalg.norm(c.sam_end.point) == pytest.approx(c.entry.rho - 1.0)
    assert np.linalg.norm(c.sam_end.target) == pytest.approx(1.0)
    assert c.sam_end.point @ c.sam_end.target < 0.0
    (curve,) = c.found.curves
    np.testing.assert_allclose(np.linalg.norm(curve.points, axis=-1), c.entry.rho - 1.0)


def tilted_ring(c: Case) -> None:
    s = c.found.stationary
    assert np.linalg.norm(c.gd_end.point - s.points[np.argmin(c.landscape.value(s.points))]) < 1e-6
    assert np.linalg.norm(c.sam_end.point) < 0.6
    np.testing.assert_allclose(c.sam_end.point, [-0.554, 0.0], atol=5e-4)
    np.testing.assert_allclose(c.sam_end.target, [0.946, 0.0], atol=5e-4)


def valley(c: Case) -> None:
    assert "maximizer" not in c.found.stationary.kinds
    np.testing.assert_allclose(c.sam_end.point, [c.entry.rho - 1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(c.sam_end.target, -c.gd_end.point, atol=1e-9)
    assert 0.0 < c.sam_end.point[0] < c.gd_end.point[0]


def lone_minimizer(c: Case) -> None:
    assert list(c.found.stationary.kinds) == ["minimizer"] and not c.found.stationary.curves
    assert c.target_distance < 1e-9
    assert c.entry.rho > 2.448459 and not len(hallucinated_points(c.landscape, 2.448))


def gaussian_wells(c: Case) -> None:
    s = c.found.stationary
    lowest, second = np.sort(c.landscape.value(s.points[s.kinds == "minimizer"]))
    assert c.landscape.value(c.sam_end.target) == pytest.approx(lowest)
    assert c.landscape.value(c.gd_end.point) == pytest.approx(second)
    assert c.landscape.value(c.sam_end.point) > second
    assert c.gd_end.point[0] < c.sam_end.point[0] < c.sam_end.target[0]


def rastrigin(c: Case) -> None:
    pit, stop, deeper = (float(c.landscape.value(p)) for p in (c.gd_end.point, c.sam_end.point, c.sam_end.target))
    assert deeper < pit < stop
    from_there = iterate(gd(c.landscape, c.entry.eta), c.sam_end.point, c.entry.steps).x[-1]
    np.testing.assert_allclose(from_there, c.gd_end.point, atol=1e-9)  # it is in the same pit
    assert c.target_distance < 1.5  # next to it: the pits are about 1 apart, along both axes
    steepest = np.linalg.norm(c.landscape.gradient(sample(c.landscape, 1000)), axis=-1).max()
    assert c.sam_end.gradient_norm > 0.7 * steepest


def ackley(c: Case) -> None:
    assert c.landscape.value(c.sam_end.point) < c.landscape.value(c.gd_end.point)
    # Where GD would go from the places that SAM comes by: first into the pit that holds it, in the end into another.
    first, last = iterate(gd(c.landscape, c.entry.eta), c.sam.x[[0, -1]], c.entry.steps).x[-1]
    np.testing.assert_allclose(first, c.gd_end.point, atol=1e-9)
    pits = np.stack([c.gd_end.point, last, c.sam_end.target])
    apart = np.linalg.norm(pits[:, None] - pits, axis=-1)[np.triu_indices(3, 1)]
    assert apart.min() > 0.9
    assert set(c.found.stationary.kinds[[nearest(c, pit) for pit in pits]]) == {"minimizer"}


def nearest(c: Case, x: Array) -> int:
    """The stationary point nearest to x, by its number."""
    return int(np.argmin(np.linalg.norm(c.found.stationary.points - x, axis=-1)))


def styblinski_tang(c: Case) -> None:
    assert not c.found.attract().any()
    assert c.sam.f[-1] > c.sam.f[0] > c.gd.f[-1]
    assert np.linalg.norm(c.sam.x[-1] - c.sam_end.point) < 0.1


def beale(c: Case) -> None:
    np.testing.assert_allclose(c.sam_end.point, [0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(c.gd_end.point, [3.0, 0.5], atol=1e-9)
    assert not c.found.attract().any()
    small = iterate(sam(c.landscape, c.entry.eta, 0.1), c.entry.start, c.entry.steps)
    assert np.linalg.norm(small.x[-1] - c.gd_end.point) < 0.5


def six_hump_camel(c: Case) -> None:
    deep, start, shallow, stop = (
        float(c.landscape.value(p)) for p in (c.gd_end.point, c.entry.start, c.sam_end.target, c.sam_end.point)
    )
    assert deep < shallow and start < stop
    assert c.target_distance > 1.0
    assert len(saddles_on_the_look_ahead(c)) == 1


def rosenbrock(c: Case) -> None:
    tail = c.sam.x[-c.entry.steps // 10 :]
    height = tail[:, 1] - tail[:, 0] ** 2
    assert (height > 0.0).any() and (height < 0.0).any()
    assert sharpness(c.landscape, tail).max() < 0.5 * sharpness(c.landscape, c.gd_end.point)
    assert tail[:, 0].max() < 0.5
    np.testing.assert_allclose(c.gd_end.point, [1.0, 1.0], atol=1e-9)


def linear_network(c: Case) -> None:
    for p in (c.gd_end.point, c.sam_end.point):
        assert p[0] * p[1] == pytest.approx(1.0)
    np.testing.assert_allclose(c.sam_end.point, [1.0, 1.0], atol=0.01)
    (valley_floor,) = c.found.stationary.curves
    flattest = valley_floor.points[np.argmin(sharpness(c.landscape, valley_floor.points))]
    np.testing.assert_allclose(flattest, [1.0, 1.0], atol=0.02)
    assert sharpness(c.landscape, c.sam_end.point) < 0.5 * sharpness(c.landscape, c.gd_end.point)


def quadratic_bowl(c: Case) -> None:
    for rho in (0.01, 0.3, 1.0, c.entry.rho_max):
        found = hallucinated_points(c.landscape, rho)
        assert not len(found) and not found.curves
    eta, k = c.entry.eta, dict(c.landscape.parameters)["k"]
    tail = c.sam.x[-100:]
    amplitude = eta * k * c.entry.rho / (2.0 - eta * k)
    np.testing.assert_allclose(np.abs(tail[:, 1]), amplitude, rtol=1e-6)
    assert (tail[1:, 1] * tail[:-1, 1] < 0.0).all()
    assert np.abs(tail[:, 0]).max() < 1e-3 * amplitude


STORIES: dict[str, Callable[[Case], None]] = {
    "double-well": double_well,
    "hill": hill,
    "sine": sine,
    "two-pits": two_pits,
    "wavy-bowl": wavy_bowl,
    "narrow-dip": narrow_dip,
    "plateau": plateau,
    "kinks": kinks,
    "shelf": shelf,
    "himmelblau": himmelblau,
    "ring": ring,
    "tilted-ring": tilted_ring,
    "valley": valley,
    "lone-minimizer": lone_minimizer,
    "gaussian-wells": gaussian_wells,
    "rastrigin": rastrigin,
    "ackley": ackley,
    "styblinski-tang": styblinski_tang,
    "beale": beale,
    "six-hump-camel": six_hump_camel,
    "rosenbrock": rosenbrock,
    "linear-network": linear_network,
    "quadratic-bowl": quadratic_bowl,
}


@every_entry
def test_the_story_is_true(key: str) -> None:
    STORIES[key](case(key))
