"""Training in pieces: the numbers of an uncut run, stored results, certificates, slices, and logs."""

import io
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamics import decayed, gd, iterate, momentum, sam, verdict, verdict_of_norms, warm_start
from dynamics.outcome import STALLS
from dynamics.training import Batches, Course, Progress, advance, batched
from dynamics.training.course import CURVE
from dynamics.training_log import Log
from landscapes.networks import Network, one_thread
from pages.shared.logged import judge_log
from pages.shared.stored import FOLDER, pack, stored, unpack
from pages.shared.sweeping import SweepJob, run_case
from pages.shared.trained import slices, train
from pages.shared.training import CONVOLUTIONAL, DIGITS, PRESETS, TINY, as_case, described

ROOT = Path(__file__).resolve().parent.parent
SCALARS = ("f", "f_plus", "gradient_norms", "shifted_norms", "eta", "rho")
SHORT = as_case(TINY, steps=700, warm=50)


# --- a course ---------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 300), min_size=1, max_size=8), st.integers(0, 60))
@settings(max_examples=10)
def test_a_run_in_pieces_gives_the_numbers_of_one_piece_bit_for_bit(pieces: list[int], warm: int) -> None:
    n = TINY.network
    w, steps = n.start(1, 0.7), 150
    rule = warm_start(gd(n, 0.05), sam(n, 0.05, 4.0), warm)
    course = Course(rule, w, steps)
    while course.left:
        for count in pieces:
            course.go_on(count)
            if not course.left:
                break
    cut, whole = course.orbit(), iterate(rule, w, steps, keep="scalars")
    for name in SCALARS:
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))
    np.testing.assert_array_equal(cut.x[-1], whole.x[-1])
    np.testing.assert_array_equal(cut.k, np.arange(steps + 1))


def test_the_curves_are_the_orbit_at_their_steps_with_the_ends_among_them() -> None:
    n = TINY.network
    course = Course(sam(n, 0.05, 4.0), n.start(0, 0.7), 2000)
    curves = advance((course,), None, None)[0]
    orbit = course.orbit()
    assert len(curves.k) <= CURVE
    assert (curves.k[0], curves.k[-1]) == (0, 2000)
    np.testing.assert_array_equal(curves.loss, orbit.f[curves.k])
    np.testing.assert_array_equal(curves.shifted, orbit.shifted_norms[curves.k])
    assert curves.accuracy[-1] == n.accuracy(orbit.x[-1])
    for k, x in course.snapshots:
        assert float(n.value(x)) == orbit.f[k]


@pytest.mark.parametrize("eta", [3e3, 30.0])
def test_a_run_that_leaves_has_diverged_at_the_step_where_it_was_too_far(eta: float) -> None:
    """Far from its start it ends, and at the same step however it is cut: also where it would have come back."""
    n = TINY.network
    w = n.start(0, 0.7)
    freely = iterate(gd(n, eta), w, 700)
    with np.errstate(over="ignore"):
        apart = np.linalg.norm(freely.x - w, axis=-1)
    far = int(np.argmax(~(apart <= 100.0 * max(1.0, np.linalg.norm(w)))))
    assert far
    for pieces in (1, 7, 701):
        course = Course(gd(n, eta), w, 700)
        curves = []
        while course.left:
            curves.append(course.go_on(pieces))
        orbit = course.orbit()
        assert orbit.steps == 700
        np.testing.assert_array_equal(orbit.f[:far], freely.f[:far])
        assert np.isnan(orbit.f[far:]).all() and np.isnan(orbit.x[-1]).all()
        assert max(k for curve in curves for k in curve.k) < far
        found = verdict(n, orbit)
        assert (found.outcome, found.step) == ("diverged", far)
        assert "far from its start" in found.sentence


def test_a_run_that_diverges_ends_there_and_says_at_which_step() -> None:
    trained = train(as_case(SHORT, eta=500.0, steps=4000))  # weight decay alone multiplies by -4
    for run in trained.runs:
        assert run.outcome == "diverged"
        assert "diverged" in run.sentence and f"step {run.step:,}" in run.sentence
        assert run.curves.k[-1] < 4000
    assert trained.slices is None or np.isfinite(trained.slices.loss)


# --- a training -------------------------------------------------------------------------------------


def test_three_runs_side_by_side_report_their_curves_piece_by_piece() -> None:
    reports: list[Progress] = []
    trained = train(SHORT, reports.append)
    assert [run.name for run in trained.runs] == ["GD", "SAM", "SAM after 50 steps of GD"]
    n = SHORT.network
    w = n.start(SHORT.seed, SHORT.scale)
    for i, rule in enumerate(SHORT.rules(n)):
        pieces = np.concatenate([report.pieces[i].loss for report in reports])
        np.testing.assert_array_equal(pieces, trained.runs[i].curves.loss)
        assert trained.runs[i].curves.loss[0] == n.value(w)
        with one_thread():
            orbit = iterate(rule, w, SHORT.steps, keep="scalars")
        assert trained.runs[i].loss == orbit.f[-1]
        assert trained.runs[i].outcome == verdict(n, orbit).outcome
    done = [report.done / report.of for report in reports]
    assert done == sorted(done) and done[-1] == 1.0


def test_a_stopped_training_keeps_what_it_has() -> None:
    reports: list[Progress] = []

    def moved() -> bool:
        return all(any(k > 0 for report in reports for k in report.pieces[run].k) for run in range(3))

    trained = train(as_case(TINY, steps=12_000), reports.append, moved)
    assert trained.stopped
    assert all(0 < run.curves.k[-1] < 12_000 for run in trained.runs)
    assert trained.slices is None and all(run.proof is None for run in trained.runs)


@pytest.mark.parametrize("name", ["usam", "asam", "noise", "momentum"])
def test_a_certificate_is_sought_only_where_the_rule_looks_as_sam_does(name: str) -> None:
    trained = train(as_case(TINY, rule=name, steps=1500))
    tried = trained.runs[2]
    assert (tried.proof is not None) == (tried.outcome in STALLS and name not in ("usam", "asam"))
    assert name != "momentum" or (tried.proof is not None and tried.proof.certified)


def test_radius_zero_is_gradient_descent() -> None:
    descent, ahead, warm = train(as_case(SHORT, rho=0.0)).runs
    np.testing.assert_array_equal(descent.curves.loss, ahead.curves.loss)
    np.testing.assert_array_equal(descent.curves.loss, warm.curves.loss)
    assert ahead.proof is None


# --- what the page knows without loading anything ---------------------------------------------------


def test_a_training_is_described_without_its_data() -> None:
    program = (
        "import sys\nfrom pages.shared.training import DIGITS, described\nfrom pages.shared.stored import stored\n"
        "print(described(DIGITS), stored('Digits')[0].network.dim)\nprint('sklearn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    words, loaded = run.stdout.splitlines()
    n = Network()
    assert f"{len(n.examples.x):,} examples" in words and words.endswith(f" {n.dim}")
    assert loaded == "False"


# --- stored results ---------------------------------------------------------------------------------


def test_the_stored_results_are_small_and_of_the_presets() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 300_000
    for name, training in PRESETS.items():
        assert stored(name)[0] == training


def test_a_result_survives_its_file() -> None:
    trained = train(SHORT)
    training, back = unpack(pack((SHORT, trained)))
    assert training == SHORT
    assert [run.sentence for run in back.runs] == [run.sentence for run in trained.runs]
    np.testing.assert_allclose(back.runs[1].curves.loss, trained.runs[1].curves.loss, rtol=1e-6)  # 32-bit floats
    assert back.slices is not None and trained.slices is not None
    np.testing.assert_allclose(back.slices.plane, trained.slices.plane, rtol=1e-6)


def test_a_file_with_objects_in_it_is_not_read() -> None:
    into = io.BytesIO()
    np.savez(into, text=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        unpack(into.getvalue())


def test_the_tiny_presets_stored_result_is_that_of_a_fresh_run() -> None:
    _, kept = stored("Tiny")
    fresh = train(TINY)
    for old, new in zip(kept.runs, fresh.runs, strict=True):
        assert (old.name, old.outcome) == (new.name, new.outcome)
        assert old.loss == pytest.approx(new.loss, abs=1e-2)
    proof, again = kept.runs[1].proof, fresh.runs[1].proof
    assert proof is not None and again is not None
    assert proof.certified and again.certified and proof.kind == again.kind
    assert again.residual < 1e-10 and again.gradient_norm > 0.1


def test_the_digits_presets_stored_result_is_that_of_a_fresh_run() -> None:
    """All 6,000 steps of all three runs, on the server's workers: the slowest test of this file."""
    training, kept = stored("Digits")
    assert training == DIGITS
    every = [as_case(DIGITS, rule="sam", warm=warm) for warm in (DIGITS.steps + 1, 0, DIGITS.warm)]
    job = SweepJob(every, run_case)
    job.wait(1800)
    fresh = {one.case.warm: one.result for one in job.finished}
    for old, case in zip(kept.runs, every, strict=True):
        new = fresh[case.warm]
        assert new is not None, job.finished
        assert new.outcome == old.outcome
        assert new.loss == pytest.approx(old.loss, abs=1e-2)
        assert new.accuracy == pytest.approx(old.accuracy, abs=1e-2)


def test_the_digits_presets_stored_result_shows_the_stall_and_its_cure() -> None:
    _, kept = stored("Digits")
    descent, ahead, warm = kept.runs
    c = ahead.curves
    assert c.k[-1] == DIGITS.steps
    rho, eta = np.full(len(c.k), DIGITS.rho), np.full(len(c.k), DIGITS.eta)
    log = Log("SAM", c.k, c.loss, c.loss_plus, c.gradient, c.shifted, c.cosine, eta, rho)
    assert ahead.outcome == verdict_of_norms(log).outcome == "stalled"
    assert ahead.accuracy < 0.35 and descent.accuracy > 0.95 and warm.accuracy > 0.9
    assert ahead.proof is not None and ahead.proof.kind == "degenerate"


# --- slices -----------------------------------------------------------------------------------------


def test_slices_hold_the_loss_where_they_say() -> None:
    n = TINY.network
    course = Course(sam(n, 0.05, 4.0), n.start(0, 0.7), 500)
    advance((course,), None, None)
    orbit = course.orbit()
    s = slices(n, orbit, course.snapshots, 4.0)
    w = orbit.x[-1]
    u = n.gradient(w) / np.linalg.norm(n.gradient(w))
    for t, loss in zip(s.along[::20], s.line[::20], strict=True):
        assert loss == pytest.approx(float(n.value(w + t * u)), rel=1e-12)
    assert s.loss == orbit.f[-1] and s.loss_plus == pytest.approx(orbit.f_plus[-1], rel=1e-12)
    np.testing.assert_allclose(s.path[-1], [0.0, 0.0], atol=1e-12)
    way = np.array([x for _, x in course.snapshots]) - w
    np.testing.assert_allclose(s.path[:-1, 0], way @ u, atol=1e-12)
    assert (np.linalg.norm(s.path[:-1], axis=1) <= np.linalg.norm(way, axis=1) * (1 + 1e-12)).all()
    assert 0.0 < s.share <= 1.0
    row = int(np.argmin(np.abs(s.across)))
    assert s.plane.shape == (len(s.across), len(s.ahead))
    assert np.isfinite(s.plane[row]).all()


def test_a_run_that_stood_still_has_slices_too() -> None:
    n = TINY.network
    w = n.start(0, 0.7)
    orbit = iterate(sam(n, 0.05, 0.0), w, 0, keep="scalars")
    s = slices(n, orbit, [(0, w)], 0.0)
    assert s.share == 1.0 and np.isfinite(s.plane).all()


# --- logs -------------------------------------------------------------------------------------------


def test_a_log_is_judged_by_its_norms_and_thinned() -> None:
    n = TINY.network
    orbit = iterate(sam(n, 0.05, 4.0), n.start(0, 0.7), 3000, keep="scalars")
    columns = (orbit.k, orbit.f, orbit.f_plus, orbit.gradient_norms, orbit.shifted_norms, orbit.cosine, orbit.eta,
               orbit.rho)  # fmt: skip
    header = "step,loss,loss_plus,gradient_norm,shifted_norm,cosine,eta,rho\n"
    text = header + "\n".join(",".join(repr(float(v)) for v in row) for row in zip(*columns, strict=True))
    judged = judge_log(text.encode(), "Your run")
    assert judged.judgement.outcome == "flat"  # without checks on all examples no stall is told
    assert "hallucinated" not in judged.judgement.sentence
    assert (judged.rows, judged.rho, judged.eta) == (3001, (4.0, 4.0), (0.05, 0.05))
    assert len(judged.curves.k) <= CURVE and judged.curves.k[[0, -1]].tolist() == [0, 3000]


def test_as_case_changes_the_training_or_its_network() -> None:
    case = as_case(DIGITS, rho=2.0, label_noise=0.1)
    assert case == replace(DIGITS, rho=2.0, network=replace(DIGITS.network, label_noise=0.1))
    assert math.isclose(case.network.label_noise, 0.1)


# --- mini-batches -----------------------------------------------------------------------------------


BATCHES = as_case(
    DIGITS, hidden=(64, 64), activation="relu", precision="float32", batch=128, rho=2.0, steps=400, warm=150
)


def test_a_training_on_mini_batches_is_judged_by_all_examples_and_advised() -> None:
    trained = train(BATCHES)
    assert [run.name for run in trained.runs] == ["GD", "SAM", "SAM after 150 steps of GD"]
    n = BATCHES.network
    for run in trained.runs:
        assert len(run.curves.batch_k) == 401 and run.curves.k[-1] == 400
        assert run.rests_on and run.advice
        assert run.loss == pytest.approx(run.curves.loss[-1], rel=1e-6)
    descent, ahead, warm = trained.runs
    assert ahead.outcome == "stalled" and "warm-start" in ahead.advice and ahead.accuracy < 0.5
    assert ahead.proof is not None and not ahead.proof.certified
    assert descent.outcome in ("learning", "learned") and warm.accuracy > 0.75
    again = unpack(pack((BATCHES, trained)))
    assert again[0] == BATCHES and again[1].runs[1].advice == ahead.advice
    assert ahead.curves.loss_plus[-1] == pytest.approx(n.guessing, rel=0.05)


def test_momentum_and_weight_decay_are_those_of_the_training() -> None:
    case = replace(as_case(BATCHES, steps=20, warm=0), beta=0.9, decay=0.01, rule="sam")
    n, w = case.network, case.network.start(0)
    course = Course(case.swept(n), w, 20)
    advance((course,), None, None)
    plain = batched(lambda l: momentum(decayed(sam(l, 0.1, 2.0), 0.01), 0.9), n, Batches(n.count, 128, 0))
    np.testing.assert_array_equal(course.orbit().x[-1], iterate(plain, w, 20, keep="scalars").x[-1])
    assert case.epochs == pytest.approx(20 / 14)
    assert run_case(case).steps == 20


def test_a_training_is_described_with_its_batches() -> None:
    words = described(replace(CONVOLUTIONAL, beta=0.9, decay=1e-4))
    assert "8 and 16 relu channels" in words and "mini-batches of 128" in words and "momentum 0.9" in words
    assert "full batch" in described(DIGITS) and "weight decay 0.0001" in words
