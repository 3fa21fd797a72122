"""What iterate keeps: the run itself, whatever the batch, the length, what is kept and who looks on."""

from typing import Any

import numpy as np
import pytest

from dynamics import gd, iterate, sam, warm_start
from dynamics.orbit import Recorder
from landscapes import Landscape
from oracle import DOUBLE_WELL, HIMMELBLAU, Case, shifted, sine

L = HIMMELBLAU.landscape
SCALARS = ("f", "f_plus", "gradient_norms", "shifted_norms", "cosine")
ALL = ("x", "x_plus", *SCALARS)


def starts(*shape: int, case: Case = HIMMELBLAU) -> np.ndarray:
    return np.random.default_rng(0).uniform(*(0.7 * np.array(case.domain).T), (*shape, case.dim))


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (0,)])
@pytest.mark.parametrize("case", [HIMMELBLAU, DOUBLE_WELL], ids=["2D", "1D"])
def test_shapes_and_contents(case: Case, shape: tuple[int, ...]) -> None:
    l = case.landscape
    x0 = starts(*shape, case=case)
    orbit = iterate(sam(l, 0.01, 0.7), x0, 40)
    assert orbit.steps == 40
    assert orbit.x.shape == orbit.x_plus.shape == (41, *shape, case.dim)
    assert all(getattr(orbit, name).shape == (41, *shape) for name in SCALARS)
    assert orbit.eta.shape == orbit.rho.shape == orbit.k.shape == (41,)
    np.testing.assert_array_equal(orbit.k, np.arange(41))
    np.testing.assert_array_equal(orbit.x[0], x0)
    g, s = case.gradient(orbit.x), shifted(case, orbit.x, 0.7)
    norm = np.linalg.norm(g, axis=-1)
    close = {"rtol": 1e-9, "atol": 1e-10}
    np.testing.assert_allclose(orbit.f, l.value(orbit.x), **close)
    np.testing.assert_allclose(orbit.f_plus, l.value(orbit.x_plus), **close)
    np.testing.assert_allclose(orbit.gradient_norms, norm, **close)
    np.testing.assert_allclose(orbit.shifted_norms, np.linalg.norm(s, axis=-1), **close)
    np.testing.assert_allclose(orbit.x_plus, orbit.x + 0.7 * g / norm[..., None], **close)
    np.testing.assert_allclose(orbit.cosine, (g * s).sum(axis=-1) / (norm * np.linalg.norm(s, axis=-1)), **close)
    np.testing.assert_allclose(orbit.x[1:], orbit.x[:-1] - 0.01 * s[:-1], **close)
    np.testing.assert_array_equal(orbit.eta, 0.01)
    np.testing.assert_array_equal(orbit.rho, 0.7)


@pytest.mark.parametrize("rule", [gd(L, 0.02), sam(L, 0.02, 0.5), warm_start(gd(L, 0.02), sam(L, 0.01, 1.0), 30)])
def test_a_batch_is_many_single_runs(rule: Any) -> None:
    x0 = starts(3, 2)
    many = iterate(rule, x0, 200)
    for i, j in np.ndindex(3, 2):
        one = iterate(rule, x0[i, j], 200)
        for name in ALL:
            np.testing.assert_array_equal(getattr(many, name)[:, i, j], getattr(one, name))


def test_a_batch_of_transcendental_runs() -> None:
    case = sine(1.0, 0.5)
    rule = sam(case.landscape, 0.1, 0.5)
    x0 = starts(5, case=case)
    many = iterate(rule, x0, 100)
    for i in range(5):
        np.testing.assert_array_equal(many.x[:, i], iterate(rule, x0[i], 100).x)


@pytest.mark.parametrize("steps", [0, 1, 2, 254, 255, 256, 257, 511, 512, 600])
@pytest.mark.parametrize("keep", ["all", "scalars"])
def test_lengths(steps: int, keep: Any) -> None:
    longer = iterate(sam(L, 0.01, 1.0), starts(2), 700)
    orbit = iterate(sam(L, 0.01, 1.0), starts(2), steps, keep=keep)
    assert orbit.steps == steps
    for name in SCALARS:
        np.testing.assert_array_equal(getattr(orbit, name), getattr(longer, name)[: steps + 1])
    kept = len(orbit.x)
    assert kept == steps + 1 if keep == "all" or steps < 256 else kept == 256
    for name in ("x", "x_plus"):
        np.testing.assert_array_equal(getattr(orbit, name), getattr(longer, name)[steps + 1 - kept : steps + 1])
    np.testing.assert_array_equal(orbit.start, longer.x[0])


def test_report_is_called_as_the_run_goes_on() -> None:
    told: list[tuple[int, np.ndarray]] = []
    orbit = iterate(sam(L, 0.01, 1.0), starts(3), 1000, report=lambda k, x: told.append((k, x.copy())))
    steps = [k for k, _ in told]
    assert len(steps) >= 3
    assert steps == sorted(set(steps))
    assert steps[-1] == orbit.steps
    for k, x in told[:-1]:
        np.testing.assert_array_equal(x, orbit.x[k + 1])  # where it goes next


@pytest.mark.parametrize("keep", ["all", "scalars"])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_run_can_be_stopped(keep: Any, after: int) -> None:
    full = iterate(sam(L, 0.01, 1.0), starts(2), 5000)
    asked = iter([False] * (after - 1) + [True])
    orbit = iterate(sam(L, 0.01, 1.0), starts(2), 5000, keep=keep, stop=lambda: next(asked))
    n = orbit.steps + 1
    assert 0 < n < 5001
    for name in SCALARS:
        np.testing.assert_array_equal(getattr(orbit, name), getattr(full, name)[:n])
    np.testing.assert_array_equal(orbit.x, full.x[n - len(orbit.x) : n])
    assert len(orbit.eta) == len(orbit.rho) == len(orbit.k) == n


@pytest.mark.parametrize("keep", ["all", "scalars"])
def test_a_recorder_gives_the_orbit_whole_or_from_any_point_on(keep: Any) -> None:
    """Also of a run that goes on: what was asked for before stays as it was."""
    rule = sam(L, 0.01, 1.0)
    x, whole = starts(2), iterate(rule, starts(2), 700)
    recorder = Recorder(rule, x, 700, keep)
    parts = []
    for k in range(701):
        if k in (1, 100, 356, 650):  # one piece longer than what is settled at a time
            parts.append(recorder.orbit(parts[-1].k[-1] + 1 if parts else 0))
        seen, _ = rule.step(x, None, k)
        recorder.see(x, seen)
        x = seen.x_next
    parts.append(recorder.orbit(650))
    for name in ("k", *SCALARS, "eta", "rho"):
        for found in (np.concatenate([getattr(part, name) for part in parts]), getattr(recorder.orbit(), name)):
            np.testing.assert_array_equal(found, getattr(whole, name))
    for part in parts:
        np.testing.assert_array_equal(part.x, whole.x[part.k[-len(part.x) :]])


# Leaving


@pytest.mark.parametrize("rule", [gd(L, 5.0), sam(L, 5.0, 1.0)])
@pytest.mark.parametrize("keep", ["all", "scalars"])
def test_divergence_is_silent(rule: Any, keep: Any) -> None:
    orbit = iterate(rule, (5.0, 5.0), 2000, keep=keep)
    assert orbit.steps == 2000
    assert np.isnan(orbit.f[-1])
    assert np.isnan(orbit.x[-1]).all()
    assert np.isfinite(orbit.f[0])
    gone = int(np.argmin(np.isfinite(orbit.f)))
    assert not np.isfinite(orbit.f[gone:]).any()
    np.testing.assert_array_equal(orbit.eta, 5.0)
    np.testing.assert_array_equal(orbit.rho, orbit.rho[0])


def test_one_run_that_leaves_takes_no_other_along() -> None:
    rule = gd(L, 0.05)
    together = iterate(rule, [(1.0, 1.0), (60.0, 60.0), (3.0, 2.1)], 1000)
    assert np.isnan(together.x[-1, 1]).all()
    for i, x0 in ((0, (1.0, 1.0)), (2, (3.0, 2.1))):
        np.testing.assert_allclose(together.x[:, i], iterate(rule, x0, 1000).x, rtol=1e-12)


def test_starts_where_f_is_undefined() -> None:
    l = Landscape("x*log(x)", ((0, 1),))
    orbit = iterate(sam(l, 0.1, 0.5), [[-1.0], [0.5]], 20)
    assert np.isnan(orbit.f[:, 0]).all()
    assert np.isfinite(orbit.f[0, 1])
    one = iterate(gd(l, 0.1), [-1.0], 20)
    assert np.isnan(one.f).all()
    assert one.steps == 20


# Thinning


def test_thinned_orbits_keep_their_ends() -> None:
    orbit = iterate(sam(L, 0.01, 1.0), starts(2), 1000)
    thin = orbit.thinned(100)
    assert 90 <= len(thin.k) <= 101
    assert (thin.k[0], thin.k[-1], thin.steps) == (0, 1000, 1000)
    for name in (*ALL, "eta", "rho"):
        np.testing.assert_array_equal(getattr(thin, name), getattr(orbit, name)[thin.k])
    assert orbit.thinned(1001) is orbit
    assert iterate(sam(L, 0.01, 1.0), starts(2), 0).thinned(1).steps == 0


# Any objective, any number of variables


class Bowl:
    """sum_i i x_i^2/2 in many variables; nothing but what rules call."""

    dim = 50

    def value_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weights = np.arange(1.0, 51.0)
        return 0.5 * (weights * x * x).sum(axis=-1), weights * x


@pytest.mark.parametrize("shape", [(), (3,)])
def test_rules_run_on_any_objective(shape: tuple[int, ...]) -> None:
    x0 = np.random.default_rng(1).normal(size=(*shape, 50))
    orbit = iterate(gd(Bowl(), 0.01), x0, 30)
    np.testing.assert_allclose(orbit.x[-1], x0 * (1.0 - 0.01 * np.arange(1.0, 51.0)) ** 30, rtol=1e-10, atol=1e-12)
    orbit = iterate(sam(Bowl(), 0.01, 0.1), x0, 30, keep="scalars")
    assert orbit.f.shape == (31, *shape)
    assert (orbit.f[-1] < orbit.f[0]).all()


# Misuse


def test_misuse_says_what_was_given_and_expected() -> None:
    rule = sam(L, 0.01, 1.0)
    with pytest.raises(ValueError, match="steps must be >= 0, got -1"):
        iterate(rule, (0.0, 0.0), -1)
    for x0 in ([1.0], 1.0, [[1.0, 2.0, 3.0]]):
        with pytest.raises(ValueError, match=r"x0 must have shape \(\.\.\., 2\), got"):
            iterate(rule, x0, 10)


def test_the_start_is_not_changed() -> None:
    x0 = starts(2)
    kept = x0.copy()
    iterate(sam(L, 0.01, 1.0), x0, 10)
    np.testing.assert_array_equal(x0, kept)
    np.testing.assert_array_equal(iterate(gd(L, 0.01), [1, 2], 3).x, iterate(gd(L, 0.01), (1.0, 2.0), 3).x)
