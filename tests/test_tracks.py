"""Tracks hold what the runs did, in the picture's coordinates, and say it in words."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamics import iterate, sam
from landscapes import CATALOGUE, Landscape
from pages.shared.analysis import Question, answer
from pages.shared.playback import LONGEST, plain
from pages.shared.tracks import playback, quantum, snapped
from test_player import decoded

WELL = Landscape("x^4/4 - 1.4x^3/3 - 0.6x^2", ((-1.2, 2.9),))
HIMMELBLAU = Landscape("((x^2 + y - 11)^2 + (x + y^2 - 7)^2)/100", ((-6.0, 6.0), (-6.0, 6.0)))


def tracks(l: Landscape, rho: float, eta: float, start: tuple[float, ...], steps: int):
    q = Question(l, rho, eta, start, steps)
    a = answer(q)
    return playback(q, a), a


def test_in_one_variable_a_point_has_its_height_and_its_slopes():
    paths, a = tracks(WELL, 1.0, 0.01, (0.1,), 500)
    gd, track = paths.tracks
    x, orbit = track.x[:, 0], a.sam.orbit
    np.testing.assert_array_equal(x, orbit.x[:, 0])
    np.testing.assert_array_equal(track.x[:, 1], orbit.f)
    np.testing.assert_allclose(track.slope, x**3 - 1.4 * x**2 - 1.2 * x, atol=1e-12)
    ahead = x + np.sign(track.slope)
    np.testing.assert_allclose(track.x_plus[:, 0], ahead, atol=1e-12)
    np.testing.assert_allclose(track.step[:, 0], ahead**3 - 1.4 * ahead**2 - 1.2 * ahead, atol=1e-12)
    assert gd.x_plus is None and gd.step is None and gd.shifted is None
    assert paths.start == (0.1, WELL.value(np.array([0.1])))


def test_a_step_is_eta_times_what_was_measured():
    paths, _ = tracks(HIMMELBLAU, 3.0, 0.02, (4.5, 1.0), 300)
    track = paths.tracks[1]
    np.testing.assert_allclose(track.x[1:], track.x[:-1] - 0.02 * track.step[:-1], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(track.x_plus - track.x, axis=1), 3.0, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(track.step, axis=1), track.shifted, rtol=1e-12)


def test_with_radius_zero_sam_does_not_look_ahead():
    paths, _ = tracks(HIMMELBLAU, 0.0, 0.02, (4.5, 1.0), 10)
    assert all(track.x_plus is None and track.notes == () for track in paths.tracks)


@pytest.mark.parametrize("steps", [0, 1, 1999, 2000, 2001, 4500, 100_000])
def test_long_runs_are_thinned_and_say_so(steps):
    paths, _ = tracks(WELL, 1.0, 0.01, (0.1,), steps)
    for track in paths.tracks:
        assert len(track.k) <= LONGEST
        assert track.k[0] == 0 and track.k[-1] == steps
        assert (np.diff(track.k) >= 1).all()
    if steps < LONGEST:
        assert paths.thinned == ""
        np.testing.assert_array_equal(paths.tracks[0].k, np.arange(steps + 1))
    else:
        every = int(re.search(r"every (\d+)(st|nd|rd|th) of", paths.thinned)[1])
        # The last step comes on top; the answer itself keeps an even choice of 4,000, so that one may be off by that.
        assert np.abs(np.diff(paths.tracks[0].k)[:-1] - every).max() <= math.ceil(steps / 4000)


def test_a_diverging_run_ends_with_its_last_finite_step():
    paths, a = tracks(WELL, 1.0, 0.9, (-1.1,), 200)
    for track, run in zip(paths.tracks, (a.gd, a.sam), strict=True):
        assert np.isfinite(track.x).all()
        assert 0 < track.k[-1] < 200
        if run.verdict.outcome == "diverged":
            assert track.end == f"{track.name} diverged at step {run.verdict.step}."
            assert run.verdict.step <= track.k[-1] + 1
    assert any(run.verdict.outcome == "diverged" for run in (a.gd, a.sam))
    json.dumps(plain(paths), allow_nan=False)


def test_a_start_where_f_is_undefined_has_no_points_and_says_so():
    paths, _ = tracks(Landscape("log(x)", ((-1.0, 2.0),)), 0.1, 0.1, (-0.5,), 50)
    assert all(len(track.k) == 0 and "cannot start" in track.end for track in paths.tracks)
    assert plain(paths)["start"] is None
    json.dumps(plain(paths), allow_nan=False)


def test_the_stall_is_told_from_its_first_step_on():
    paths, a = tracks(WELL, 1.0, 0.01, (0.1,), 2000)
    orbit = iterate(sam(WELL, 0.01, 1.0), (0.1,), 2000)
    stalls = orbit.shifted_norms / orbit.gradient_norms <= 0.05
    first = int(np.flatnonzero(~stalls)[-1]) + 1
    assert first > 0 and a.sam.verdict.outcome == "hallucinated"
    assert paths.tracks[1].end.startswith(f"SAM stalled after {first} steps at x = 0.400: the slope there is −0.640")
    assert [note.text for note in paths.tracks[1].notes] == ["SAM stops: slope −0.640", "it looks here: slope 0"]


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_every_landscape_can_be_sent_and_has_sentences(entry):
    paths, _ = tracks(entry.landscape, entry.rho, entry.eta, entry.start, 200)
    sent = plain(paths)
    json.dumps(sent, allow_nan=False)
    assert all(track.end.endswith(".") for track in paths.tracks)
    assert set(paths.templates) == {"uphill", "measure", "down"}


def test_what_is_sent_is_what_was_computed_to_single_precision():
    far = Landscape("(x - 1000000)^2 + 2(y + 5)^2", ((999_999.0, 1_000_001.0), (-6.0, -4.0)))
    paths, _ = tracks(far, 0.5, 0.05, (1_000_000.7, -4.1), 2000)
    sent = plain(paths)
    for track, made in zip(sent["tracks"], paths.tracks, strict=True):
        assert track["count"] == len(made.k)
        x = decoded(track["x"]).reshape(-1, 2) + np.array(track["origin"])
        np.testing.assert_allclose(x, made.x, rtol=0, atol=2e-7)  # 1e-7 of the window, though it lies far out
        np.testing.assert_allclose(decoded(track["gradient"]), made.gradient, rtol=1e-6, atol=1e-37)
    assert sent["k"] is None


def test_2000_steps_in_the_plane_are_sent_in_less_than_160_kilobytes():
    for steps in (2000, 100_000):
        paths, _ = tracks(HIMMELBLAU, 3.0, 0.02, (4.5, 1.0), steps)
        assert len(json.dumps(plain(paths))) < 160_000


windows = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), windows)
def test_a_chosen_start_lies_in_the_window_and_near_the_finger(value, window):
    low, high = window
    start = snapped(value, low, high)
    assert low <= start <= high
    q = quantum(low, high)
    assert 1e-4 * (high - low) <= q * (1 + 1e-9) <= 1.0000001e-3 * (high - low)
    if low <= value <= high:
        assert abs(start - value) <= 0.5000001 * q + 1e-9 * abs(value)


def test_a_chosen_start_is_short():
    assert snapped(1.23456789, -6.0, 6.0) == 1.23
    assert snapped(-0.1234567, -1.2, 2.9) == -0.123
    assert snapped(7.0, -6.0, 6.0) == 6.0
