"""What the page on networks says and draws of trainings, sweeps and logs, beside the numbers it rests on."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynamics import iterate, sam
from dynamics.certify import certify
from dynamics.outcome import TOLERANCES
from dynamics.sentences import number, percent
from dynamics.sweep import Finished
from dynamics.training import Curves
from figures import slices
from figures.training import Group, heat, spread
from landscapes.networks import one_thread
from pages.shared.logged import judge_log
from pages.shared.networks_example import (
    CHECK,
    EVERY,
    LOGS,
    RADII,
    SEEDS,
    WARMS,
    WATCHED,
    Example,
    example,
    usual,
    watched,
)  # fmt: skip
from pages.shared.networks_log import advice, certifying, compared
from pages.shared.networks_pictures import shown
from pages.shared.networks_swept import CELLS, DOTS, MEASURES, conclusion, lines, pictures
from pages.shared.networks_words import (
    of_accuracy,
    of_angle,
    of_layer,
    of_line,
    of_loss,
    of_plane,
    of_slopes,
    remedy,
    tendency,
    why,
)
from pages.shared.stored import stored
from pages.shared.sweeping import CaseResult, cases, run_case
from pages.shared.training import PRESETS, TINY, as_case

ROOT = Path(__file__).resolve().parent.parent


def curves(loss: np.ndarray, gradient: float = 0.1, shifted: float = 1e-5) -> Curves:
    n = len(loss)
    return Curves(
        np.arange(n), loss, loss, np.full(n, gradient), np.full(n, shifted), np.zeros(n), np.linspace(0.1, 0.9, n)
    )


# --- a training -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "word"),
    [
        (np.linspace(2.0, 1.0, 100), "still improving"),
        (np.linspace(1.0, 2.0, 100), "getting worse"),
        (np.full(100, 1.0), "the loss is flat"),
        (1.0 + 0.3 * (-1.0) ** np.arange(100), "the loss is flat"),  # it only bounces
        (np.linspace(2.0, 1.0, 15), ""),  # too short to tell
        (np.full(100, np.nan), ""),
    ],
)
def test_what_the_loss_did_lately_is_told_from_its_numbers(loss: np.ndarray, word: str) -> None:
    assert tendency(curves(loss)) == word


def test_the_reason_names_both_slopes_and_calls_hallucinated_only_what_the_verdict_does() -> None:
    run = replace(stored("Digits")[1].runs[1], curves=curves(np.ones(50), 0.25, 0.000125))
    for outcome in ("stalled", "still moving", "trapped", "cycling"):
        words = why(replace(run, outcome=outcome), 3.0, None)
        assert number(0.25) in words and number(0.000125) in words
        assert "a hallucinated" not in words
        assert ("did not stall" in words) == (outcome in ("still moving", "cycling"))
    assert "no hallucination" in why(replace(run, outcome="still moving"), 3.0, None, behind=True)
    hallucinated = replace(run, outcome="hallucinated")
    assert "closing in on a hallucinated saddle" in why(hallucinated, 3.0, "saddle")
    assert "closing in on a hallucinated point" in why(hallucinated, 3.0, "degenerate")
    there = replace(hallucinated, curves=curves(np.ones(50), 0.25, 0.01 * TOLERANCES.arrived))
    assert "stopped at a hallucinated minimizer" in why(there, 3.0, "minimizer")
    assert "gradient descent" in why(run, 0.0, None)
    assert "diverged at step 7" in why(replace(run, outcome="diverged", step=7), 3.0, None)


def test_a_remedy_that_fails_is_said_to_fail() -> None:
    trained = stored("Digits")[1]
    gd, sam, tried = trained.runs

    def told(**changes: object) -> str:
        return remedy(replace(trained, runs=(gd, sam, replace(tried, **changes))))

    assert "about as much as GD" in told() and percent(tried.accuracy) in told() and percent(gd.accuracy) in told()
    assert "stalls too" in told(outcome="stalled")
    assert "does not help here" in told(accuracy=sam.accuracy)
    assert "only in part" in told(accuracy=0.5)
    assert "diverged at step 3" in told(outcome="diverged", step=3, accuracy=float("nan"))
    gone = remedy(replace(trained, runs=(replace(gd, outcome="diverged", accuracy=float("nan")), sam, tried)))
    assert "about" not in gone and percent(tried.accuracy) in gone
    tiny = stored("Tiny")[1]
    assert "does not help here" in remedy(tiny) and percent(tiny.runs[2].accuracy) in remedy(tiny)
    fine = replace(trained, runs=(gd, replace(sam, outcome="still moving", accuracy=gd.accuracy), tried))
    assert "SAM learned about as much" in remedy(fine)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_picture_says_what_it_shows_itself(preset: str) -> None:
    training, trained = stored(preset)
    runs = shown(training, [run.curves for run in trained.runs])
    sam = trained.runs[1].curves
    ends = {of_loss: sam.loss, of_slopes: sam.shifted, of_angle: sam.cosine}
    for of, values in ends.items():
        assert f"{training.steps:,} steps" in of(runs)
        assert number(float(values[-1])) in of(runs)
    assert percent(float(sam.accuracy[-1])) in of_accuracy(runs)
    stalled = sam.shifted <= TOLERANCES.stall * sam.gradient
    if stalled[-1]:
        assert f"from step {sam.k[np.flatnonzero(~stalled)[-1] + 1]:,} on" in of_slopes(runs)
    s = trained.slices
    assert s is not None
    assert f"{s.line.min():.5g}" in of_line(s, training.rho) and f"{s.loss_plus:.5g}" in of_line(s, training.rho)
    assert number(float(s.plane.min())) in of_plane(s, training.rho)
    if trained.first_layer is not None:
        assert number(float(np.abs(trained.first_layer).max())) in of_layer(trained.first_layer)


def test_pictures_of_nothing_yet_have_alternatives_too() -> None:
    training, _ = stored("Tiny")
    empty = shown(training, [Curves.empty()] * 3)
    left = shown(training, [curves(np.full(3, np.nan), np.nan, np.nan)] * 3)
    for of in (of_loss, of_slopes, of_angle, of_accuracy):
        assert "0 steps" in of(empty)
        assert "2 steps" in of(left)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_slice_shows_all_of_its_curve_and_labels_where_nothing_is(preset: str) -> None:
    training, trained = stored(preset)
    s = trained.slices
    assert s is not None
    picture = slices.line(s.along, s.line, training.rho, s.loss, s.loss_plus, "SAM")
    (left, right), (bottom, top) = picture.layout.xaxis.range, picture.layout.yaxis.range
    drawn = picture.data[0]
    assert left <= min(drawn.x) and max(drawn.x) <= right and bottom < min(drawn.y) and max(drawn.y) < top
    labels = [note for note in picture.layout.annotations if note.text]
    assert [note.x for note in labels] == [0.0, training.rho]
    assert all(max(drawn.y) < note.ay < top and note.yanchor == "bottom" for note in labels)
    marks = [trace for trace in picture.data if trace.mode == "markers"]
    assert [(mark.x[0], mark.y[0]) for mark in marks] == [(0.0, s.loss), (training.rho, s.loss_plus)]
    assert slices.line(s.along, np.ones(len(s.along)), 0.0, 1.0, 1.0, "SAM").layout.yaxis.range[0] < 1.0


# --- a sweep ----------------------------------------------------------------------------------------


def swept(accuracy: dict[tuple[float, int], list[float]], outcome: str = "still moving") -> Example:
    seeds = max(map(len, accuracy.values()))
    every = cases(TINY, sorted({rho for rho, _ in accuracy}), sorted({warm for _, warm in accuracy}), seeds)
    finished = [
        Finished(case, CaseResult(1.0, 1.0, 0.1, 0.2, values[case.seed], float("nan"), outcome, 10))
        for case in every
        if case.seed < len(values := accuracy[case.rho, case.warm])
    ]
    return Example(TINY, tuple(every), finished)


def test_a_sweep_concludes_with_where_the_warm_start_matters_most() -> None:
    helps = {(1.0, 0): [0.9, 0.9], (2.0, 0): [0.1, 0.3], (1.0, 50): [0.9, 0.9], (2.0, 50): [0.7, 0.9]}
    words = conclusion(swept(helps))
    assert "helps most at ρ = 2" in words and percent(0.2) in words and percent(0.8) in words and "2 seeds" in words
    assert "harms most at ρ = 1" in conclusion(swept({(1.0, 0): [0.9], (1.0, 50): [0.2]}))
    assert "does harm" in conclusion(swept(helps | {(1.0, 50): [0.7, 0.7]}))
    assert "changes little" in conclusion(swept({(1.0, 0): [0.9], (1.0, 50): [0.91]}))
    bare = conclusion(swept({(1.0, 0): [0.9], (2.0, 0): [0.2]}))
    assert f"{percent(0.9)} correct at ρ = 1" in bare and f"{percent(0.2)} correct at ρ = 2" in bare
    assert "about alike" in conclusion(swept({(1.0, 0): [0.9], (2.0, 0): [0.9]}))
    first, second = lines(swept(helps, "stalled"))
    assert first.startswith("No warm-start") and "4 of 4 runs stalled" in first
    assert second.startswith("Warm-start of 50 steps")


def test_a_sweep_s_pictures_hold_every_seed_the_median_and_the_extremes() -> None:
    values = {(1.0, 0): [0.2, 0.9, 0.5], (2.0, 0): [0.4, 0.4, 0.6], (1.0, 9): [0.8, 0.8], (2.0, 9): [0.7]}
    makers, alts = pictures(swept(values), "accuracy")
    cells, dots = makers[CELLS](), makers[DOTS]()
    np.testing.assert_allclose(cells.data[0].z, [[0.5, 0.4], [0.8, 0.7]])
    assert cells.data[0].text[1][0] == f"{percent(0.8)} (of 2)"
    assert cells.layout.coloraxis.colorbar.title.text == "training accuracy, median of 3 seeds"
    line, seeds = dots.data[:2]
    np.testing.assert_allclose(line.y + line.error_y.array, [0.9, 0.6])
    np.testing.assert_allclose(line.y - line.error_y.arrayminus, [0.2, 0.4])
    assert sorted(seeds.y) == sorted(values[1.0, 0] + values[2.0, 0])
    assert f"from {percent(0.2)} to {percent(0.9)}" in alts[DOTS] and percent(0.5) in alts[CELLS]
    for measure in MEASURES:
        makers, alts = pictures(swept(values), measure)
        assert makers.keys() == alts.keys()
        for make in makers.values():
            make()


def test_colours_go_by_the_logarithm_and_over_nothing() -> None:
    z = np.array([[1e-4, 1.0]])
    picture = heat(["1", "2"], ["a"], z, [["", ""]], "a title", log=True)
    assert (picture.layout.coloraxis.cmin, picture.layout.coloraxis.cmax) == (-4.0, 0.0)
    assert list(picture.layout.coloraxis.colorbar.ticktext) == [number(1e-4), number(1e-2), number(1.0)]
    heat(["1"], ["a"], np.array([[np.nan]]), [[""]], "a title")
    spread([Group("a", "red", np.array([1.0]), (np.empty(0),))], "a title")


@pytest.mark.parametrize("preset", PRESETS)
def test_the_stored_sweep_is_the_one_that_the_page_offers_and_agrees_with_the_stored_run(preset: str) -> None:
    found = example(preset)
    assert list(found.cases) == usual(preset) == cases(PRESETS[preset], RADII[preset], WARMS, SEEDS)
    training, trained = stored(preset)
    for warm, run in ((0, trained.runs[1]), (training.warm, trained.runs[2])):
        same = as_case(training, rule="sam", options=(), warm=warm)
        (one,) = [one.result for one in found.finished if one.case == same]
        assert one is not None
        assert one.outcome == run.outcome
        assert one.loss == pytest.approx(run.loss, abs=1e-2)


def test_a_fresh_run_of_the_stored_sweep_ends_as_it_did() -> None:
    for one in example("Tiny").finished:
        if (one.case.rho, one.case.seed) == (4.0, 1):
            fresh = run_case(one.case)
            assert one.result is not None
            assert fresh.outcome == one.result.outcome
            assert fresh.loss == pytest.approx(one.result.loss, abs=1e-2)
            assert fresh.accuracy == pytest.approx(one.result.accuracy, abs=1e-2)


# --- a log ------------------------------------------------------------------------------------------

EXAMPLES = tuple(judge_log(path.read_bytes(), f"Run {i}") for i, path in enumerate(LOGS))


def test_the_example_logs_are_what_the_monitor_writes_of_trainings_in_pytorch(tmp_path: Path) -> None:
    steps = 50
    for path, warm in zip(LOGS, (0, WATCHED.warm), strict=True):
        with one_thread():
            watched(as_case(WATCHED, steps=steps), tmp_path / "log.csv", warm)
        fresh, kept = pd.read_csv(tmp_path / "log.csv"), pd.read_csv(path)
        assert len(fresh) == steps // EVERY + steps // CHECK
        assert len(kept) == WATCHED.steps // EVERY + WATCHED.steps // CHECK < 500
        # float32, and sums in another order on another processor
        pd.testing.assert_frame_equal(fresh, kept.head(len(fresh)), rtol=1e-2, atol=1e-3)
        assert len(path.read_bytes()) < 60_000


def test_the_example_logs_are_of_a_stall_and_of_its_cure() -> None:
    stall, cured = EXAMPLES
    assert (stall.judgement.outcome, cured.judgement.outcome) == ("stalled", "learned")
    assert stall.accuracy < 0.3 < 0.9 < cured.accuracy
    assert stall.checks == WATCHED.steps // CHECK and stall.epochs == WATCHED.steps // WATCHED.batches.per_epoch
    assert stall.guessing == pytest.approx(WATCHED.network.guessing, rel=1e-6)
    assert "hallucinat" not in stall.judgement.sentence


def test_each_log_gets_one_piece_of_advice_with_its_own_radius() -> None:
    stall, cured = EXAMPLES
    assert "warm-start of" in advice(stall) and f"lower ρ, to {number(WATCHED.rho / 2.0)}" in advice(stall)
    assert advice(cured) == "Nothing is wrong."
    bare = judge_log(without_checks(LOGS[0].read_bytes()), "It")
    assert bare.judgement.outcome == "flat" and bare.checks == 0
    assert "full-batch checks" in advice(bare) and "stalled" not in bare.judgement.sentence


def without_checks(data: bytes) -> bytes:
    """Leave out the columns and the rows of checks, as a log of the monitor before there were any."""
    frame = pd.read_csv(io.BytesIO(data))
    return frame.loc[frame["loss"].notna(), [*BEFORE]].to_csv(index=False).encode()


BEFORE = ("step", "loss", "loss_plus", "gradient_norm", "shifted_norm", "cosine", "eta", "rho")


def test_two_logs_are_compared_by_accuracy_or_else_by_loss() -> None:
    stall, cured = EXAMPLES
    for pair in ((stall, cured), (cured, stall)):
        words = compared(*pair)
        assert words.startswith("Run 1 comes out better")
        assert percent(cured.accuracy) in words and percent(stall.accuracy) in words and "warm-start" in words
    unknown = [replace(run, accuracy=float("nan")) for run in EXAMPLES]
    words = compared(*unknown)
    assert words.startswith("Run 1 comes out better") and number(cured.loss) in words and number(stall.loss) in words
    assert "about alike" in compared(stall, stall) and "about alike" in compared(unknown[0], unknown[0])
    assert "cannot be compared" in compared(unknown[0], replace(unknown[1], loss=float("nan")))
    other = replace(stall, rho=(0.5, 0.5), eta=(0.01, 0.01), accuracy=0.9)
    assert f"ρ {number(0.5)} against {number(WATCHED.rho)} and η {number(0.01)} against" in compared(other, stall)


def test_the_curves_of_a_log_are_its_checks_and_its_batches() -> None:
    frame = pd.read_csv(LOGS[0])
    checks, steps = frame[frame["loss"].isna()], frame[frame["loss"].notna()]
    c = EXAMPLES[0].curves
    np.testing.assert_array_equal(c.k, checks["step"])
    np.testing.assert_array_equal(c.loss_plus, checks["full_loss_plus"])
    np.testing.assert_array_equal(c.shifted, checks["full_shifted_norm"])
    np.testing.assert_array_equal(c.batch_k, steps["step"])
    np.testing.assert_array_equal(c.batch_loss, steps["loss"])


def test_the_lines_that_certify_a_network_of_ones_own_do(tmp_path: Path) -> None:
    """On the weights of a saved state they say what `certify` says of the same weights as a vector."""
    import torch

    n = replace(TINY.network, weight_decay=0.0)
    w = iterate(sam(TINY.network, TINY.eta, TINY.rho), TINY.network.start(0, 0.7), 3000, keep="scalars").x[-1]
    torch.save(n.module(w).state_dict(), tmp_path / "weights.pt")
    judged = replace(EXAMPLES[0], rho=(TINY.rho, TINY.rho), eta=(TINY.eta, TINY.eta))
    before = """
import torch
from landscapes.networks import Network
n = Network("moons", (2,), loss="logistic")
model = n.module(n.start(0))
all_inputs, all_targets = torch.from_numpy(n.examples.x.copy()), torch.from_numpy(n.examples.y).double()[:, None]
loss = torch.nn.functional.binary_cross_entropy_with_logits
"""
    lines = certifying(judged)
    assert len(lines.strip().splitlines()) <= 10
    program = before + lines.replace("weights.pt", str(tmp_path / "weights.pt"))
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == certify(n, w, TINY.rho, TINY.eta).sentence
    example = replace(EXAMPLES[0], rho=(2.0, 2.0), eta=(0.1, 0.1))
    assert certifying(example).strip() in (ROOT / "README.md").read_text(encoding="utf-8")
