"""The page on networks, run without a browser: what it says is what was stored or trained, whatever it is asked."""

import io
import json
import os
import re
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dynamics import RECIPES, gsam, iterate
from dynamics.sentences import number, percent
from figures.standalone import standalone
from pages.shared.networks_controls import ARCHITECTURES, TRIED, widths
from pages.shared.networks_example import LOGS
from pages.shared.networks_pictures import curve_makers, shown, slice_makers, slices_csv
from pages.shared.networks_sweep import table as sweep_table
from pages.shared.networks_training import curves_csv, script, table
from pages.shared.stored import stored
from pages.shared.sweeping import MOST_RUNS, SweepJob
from pages.shared.training import MOST_STEPS, PRESETS, TINY, as_case

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "Home.py"
LOG = "step,loss,loss_plus,gradient_norm,shifted_norm,cosine,eta,rho\n" + "".join(
    f"{k},2.3,2.30,0.04,0.0001,0.5,0.1,3\n" for k in range(100)
)


def visit(**link: str) -> AppTest:
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page("pages/5_Networks.py")
    app.query_params.update(link)
    return healthy(app.run())


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def verdicts(app: AppTest) -> list[str]:
    paragraphs = [
        p for element in app.get("html") for p in re.findall(r'<p class="verdict">(.*?)</p>', element.proto.body)
    ]
    return [unescape(re.sub("<[^>]*>", "", p)).removeprefix("●").strip() for p in paragraphs]


def cards(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html") if "class='runs'" in element.proto.body)


def said(app: AppTest) -> str:
    return "\n".join(e.value for e in (*app.info, *app.warning, *app.error, *app.success, *app.caption, *app.markdown))


def button(app: AppTest, key: str) -> object:
    return next(b for b in app.button if b.key == key)


# --- a first visit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_opens_with_its_stored_verdicts_and_certificate(preset: str) -> None:
    app = visit(preset=preset)
    training, trained = stored(preset)
    assert all(f">{percent(run.accuracy)}<" in cards(app) for run in trained.runs)
    c, sam = trained.runs[1].curves, trained.runs[1]
    if training.batch is None:
        assert number(c.gradient[-1]) in verdicts(app)[0] and number(c.shifted[-1]) in verdicts(app)[0]
    else:
        assert sam.sentence in verdicts(app)[0] and sam.rests_on and sam.advice in said(app)
    for line, i in zip(verdicts(app)[2:], (1, 0, 2), strict=True):
        assert trained.runs[i].sentence in line
        assert percent(trained.runs[i].accuracy) in line
    assert sam.proof is not None and sam.proof.sentence in said(app)
    assert app.number_input(key="n_rho").value == training.rho
    frame = app.table[0].value
    np.testing.assert_allclose(frame["accuracy"], [run.accuracy for run in trained.runs])


def test_the_server_loads_no_torch_and_no_scikit_learn_for_the_presets() -> None:
    program = (
        "import sys\nfrom tests.test_networks_page import visit\n"
        "visit(); visit(preset='Tiny'); visit(part='Sweep'); visit(part='Your own log')\n"
        "print(sorted({'torch', 'sklearn', 'distributed'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.stdout.strip().splitlines()[-1:] == ["[]"], run.stderr[-2000:]


# --- links and bad input ----------------------------------------------------------------------------


def test_a_link_sets_the_controls_and_says_that_the_result_is_the_presets() -> None:
    app = visit(v="1", preset="Tiny", n_rho="2.5", n_steps="1000", n_hidden="3", n_warm="20", n_seed="7")
    assert app.number_input(key="n_rho").value == 2.5
    assert app.number_input(key="n_steps").value == 1000
    assert app.text_input(key="n_hidden").value == "3"
    assert "The settings have changed" in said(app)
    assert stored("Tiny")[1].runs[1].sentence in verdicts(app)[2]


@pytest.mark.parametrize(
    ("link", "key", "used"),
    [
        ({"n_rho": "-1"}, "n_rho", PRESETS["Digits"].rho),
        ({"n_steps": "1000000000"}, "n_steps", PRESETS["Digits"].steps),
        ({"n_eta": "nan"}, "n_eta", PRESETS["Digits"].eta),
        ({"preset": "Tiny", "n_warm": "many"}, "n_warm", TINY.warm),
    ],
)
def test_what_a_link_asks_beyond_the_limits_is_not_used_and_said(link: dict[str, str], key: str, used: float) -> None:
    app = visit(v="1", **link)
    assert app.number_input(key=key).value == used
    assert "The link asks for" in said(app)


def test_an_unknown_preset_or_part_in_a_link_is_said() -> None:
    assert "not one of Digits, Convolutional, mini-batches, Tiny" in said(visit(preset="Huge"))
    assert "not one of Training, Sweep" in said(visit(part="Elsewhere"))


@pytest.mark.parametrize("typed", ["", "0", "10000", "8, 8, 8, 8, 8", "a", "-1", "1.5", "٣"])
def test_hidden_widths_beyond_the_limits_are_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="whole numbers from 1 to 64"):
        widths(typed)
    app = visit(preset="Tiny")
    app.text_input(key="n_hidden").set_value(typed).run()
    assert "whole numbers from 1 to 64" in said(healthy(app))


def test_hidden_widths_are_read() -> None:
    assert widths("32") == (32,)
    assert widths("8, 64") == widths("8 64") == (8, 64)


def test_another_preset_sets_every_control() -> None:
    app = visit()
    app.number_input(key="n_rho").set_value(1.5).run()
    app.segmented_control(key="preset").set_value("Tiny").run()
    assert app.number_input(key="n_rho").value == TINY.rho
    assert app.number_input(key="n_steps").value == TINY.steps
    assert stored("Tiny")[1].runs[1].sentence in verdicts(healthy(app))[2]


@pytest.mark.parametrize(
    "link", [{"part": ""}, {"part": "Sweep", "n_measure": ""}, {"part": "Sweep", "n_measure": "None"}, {"preset": ""}]
)
def test_an_empty_choice_in_a_link_is_the_default_on_every_run(link: dict[str, str]) -> None:
    app = visit(**link)
    healthy(app.run())
    assert app.segmented_control(key="part").value == (link.get("part") or "Training")


def test_the_controls_keep_their_values_while_another_part_is_shown() -> None:
    app = visit(preset="Tiny")
    app.number_input(key="n_rho").set_value(1.5)
    app.number_input(key="n_steps").set_value(500)
    healthy(app.run())
    app.segmented_control(key="part").set_value("Your own log")
    healthy(app.run())
    app.segmented_control(key="part").set_value("Training")
    healthy(app.run())
    assert app.number_input(key="n_rho").value == 1.5
    assert app.number_input(key="n_steps").value == 500


# --- training ---------------------------------------------------------------------------------------


def until(app: AppTest, done: object) -> AppTest:
    end = time.monotonic() + 300
    while not done(app) and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.2)
        healthy(app.run())
    assert done(app)  # type: ignore[operator]
    return app


def test_a_training_ends_with_its_own_verdict() -> None:
    app = visit(preset="Tiny", n_steps="300", n_rho="0.5")
    button(app, "train").click()  # type: ignore[attr-defined]
    healthy(app.run())
    until(app, verdicts)
    assert "The settings have changed" not in said(app)
    frame = app.table[0].value
    assert frame["run"].tolist() == list(as_case(TINY, steps=300).names)
    training = as_case(TINY, steps=300, rho=0.5)
    n = training.network
    ends = [iterate(rule, n.start(0, 0.7), 300).f[-1] for rule in training.rules(n)]
    np.testing.assert_allclose(frame["loss"], ends, rtol=1e-12)


def test_radius_zero_and_a_step_size_that_diverges_are_trained_too() -> None:
    app = visit(preset="Tiny", n_steps="400", n_rho="0")
    button(app, "train").click()  # type: ignore[attr-defined]
    until(healthy(app.run()), verdicts)
    assert len(verdicts(app)) == 5 and "does not look ahead" in verdicts(app)[0]
    app.number_input(key="n_eta").set_value(10.0).run()
    app.number_input(key="n_rho").set_value(20.0).run()
    app.number_input(key="n_steps").set_value(MOST_STEPS // 10).run()
    app.number_input(key="n_decay").set_value(1.0).run()
    button(app, "train").click()  # type: ignore[attr-defined]
    until(healthy(app.run()), verdicts)
    assert all("diverged" in line and "step" in line for line in verdicts(app))


def test_any_rule_can_be_tried_beside_gd_and_sam() -> None:
    app = visit(preset="Tiny", n_steps="40", n_rule="GSAM", n_gsam_alpha="0.25")
    assert app.number_input(key="n_gsam_alpha").value == 0.25
    assert not [widget for widget in app.number_input if widget.key == "n_warm"]
    button(app, "train").click()  # type: ignore[attr-defined]
    until(healthy(app.run()), lambda app: "GSAM" in " ".join(verdicts(app)))
    training = as_case(TINY, steps=40, rule="gsam", options=(("alpha", 0.25),))
    n = training.network
    end = iterate(gsam(n, training.eta, training.rho, 0.25), n.start(0, 0.7), 40).f[-1]
    assert app.table[0].value["loss"].tolist()[2] == pytest.approx(end, rel=1e-12)
    assert "_GSAM_" not in said(app) and "Zhuang" in said(app)


def test_what_the_link_asks_of_rules_is_checked() -> None:
    app = visit(n_rule="SGD")
    assert "'SGD', which is not one of SAM after a warm-start" in said(app)
    app = visit(n_rule="LookSAM", n_looksam_k="0", preset="Tiny")
    assert app.number_input(key="n_looksam_k").value == 5
    assert "which is not a whole number from 1 to 1,000; 5 is used" in said(app)
    app = visit(part="Sweep", n_rules="SGD", preset="Tiny")
    assert "The link asks for the rule 'SGD'" in said(app)


def test_every_rule_can_be_chosen() -> None:
    app = visit(preset="Tiny")
    for name in TRIED:
        app.selectbox(key="n_rule").set_value(name)
        healthy(app.run())
        assert RECIPES[name].source in said(app)


# --- architectures, data and mini-batches ------------------------------------------------------------


def test_every_architecture_begins_with_its_layers_and_can_be_trained() -> None:
    app = visit(n_steps="4", n_batch="64", n_examples="200")
    for name, built in ARCHITECTURES.items():
        app.selectbox(key="n_net").set_value(name)
        healthy(app.run())
        assert app.text_input(key="n_hidden").value == ", ".join(map(str, built.hidden))
        assert app.selectbox(key="n_activation").value == built.activation
        button(app, "train").click()  # type: ignore[attr-defined]
        until(healthy(app.run()), verdicts)
        assert "4 steps on mini-batches of 64" in said(app) and "The settings have changed" not in said(app)


def test_convolutions_need_images_and_a_batch_is_no_larger_than_the_data() -> None:
    app = visit(preset="Convolutional, mini-batches", n_data="Two moons")
    assert "convolutional layers need images" in said(app)
    app = visit(n_batch="100000")
    assert "0 is used" in said(app) and app.number_input(key="n_batch").value == 0
    app = visit(n_batch="1500")
    app.number_input(key="n_examples").set_value(100)
    assert "1500 is outside 0 to 100; 100 is used" in said(healthy(app.run())).replace(",", "")


TABLE = ("a,b,kind\n" + "".join(f"{x:.2f},{y:.2f},{'up' if y > x else 'down'}\n" for x, y in
         np.random.default_rng(1).normal(size=(80, 2)))).encode()  # fmt: skip


def bring(data: bytes) -> AppTest:
    app = visit(preset="Tiny", n_data="Your own CSV", n_steps="20")
    app.file_uploader[0].set_value(("mine.csv", data, "text/csv"))
    return healthy(app.run())


def test_a_table_of_ones_own_is_trained_on_with_its_plane() -> None:
    app = bring(TABLE)
    assert "80 examples, 2 columns, classes down, up" in said(app) and "each column scaled" in said(app)
    button(app, "train").click()  # type: ignore[attr-defined]
    until(healthy(app.run()), verdicts)
    assert "Your own table of 2 columns and 2 classes, 80 examples" in said(app)
    alts = [json.loads(c.proto.json).get("alt", "") for c in app.get("bidi_component")]
    assert sum("to class" in alt and "of the plane" in alt for alt in alts) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"1,2,3\n1,2\n", "entries"),
        (TABLE.replace(b"0.", b"x"), "not a finite number"),
        (TABLE.replace(b"down", b"up"), "two are needed"),
        (b"\xff\xfe\x00", "not text"),
        (b"1,2,3\n", "at least 10"),
        (b"cos\nsystem\n(S'echo'\ntR.", "entries"),
    ],
)
def test_what_is_no_table_is_refused_in_words(data: bytes, words: str) -> None:
    app = bring(data)
    assert words in app.error[0].value
    assert "the preset's data are used" in said(app)


def test_a_link_to_ones_own_data_asks_for_the_file() -> None:
    app = visit(preset="Tiny", n_data="Your own CSV")
    assert "Until there is one, the preset's data are used" in said(app)


# --- sweep ------------------------------------------------------------------------------------------


def test_a_sweep_is_drawn_and_tabulated_run_by_run() -> None:
    app = visit(preset="Tiny", part="Sweep", n_rhos="0.5, 1", n_warms="0, 10", n_seeds="2", n_steps="50")
    assert "8 runs of 50 steps" in said(app)
    button(app, "sweep").click()  # type: ignore[attr-defined]
    until(healthy(app.run()), lambda app: "8 finished runs" in said(app))
    assert len(app.dataframe[0].value) == 8


def test_rules_can_be_swept() -> None:
    app = visit(preset="Tiny", part="Sweep", n_rhos="1", n_warms="0", n_seeds="2", n_steps="30")
    app.multiselect(key="n_rules").set_value(["sam", "vasso"])
    assert "4 runs of 30 steps" in said(healthy(app.run()))
    button(app, "sweep").click()  # type: ignore[attr-defined]
    until(healthy(app.run()), lambda app: "4 finished runs" in said(app))
    assert app.dataframe[0].value["rule"].value_counts().to_dict() == {"SAM": 2, "VaSSO": 2}
    app.multiselect(key="n_rules").set_value([])
    assert "0 runs" in said(healthy(app.run())) and button(app, "sweep").disabled  # type: ignore[attr-defined]


def test_too_many_runs_are_refused_with_their_number() -> None:
    app = visit(part="Sweep", n_rhos="1,2,3,4,5,6,7,8", n_warms="0,1,2,3", n_seeds="10")
    assert f"at most {MOST_RUNS} runs; these are 320" in said(app)
    assert button(app, "sweep").disabled  # type: ignore[attr-defined]


@pytest.mark.parametrize("typed", ["", "a", "1;2", "-1", "21", "nan", "1,2,3,4,5,6,7,8,9", "inf"])
def test_a_list_that_is_none_is_said_and_the_default_used(typed: str) -> None:
    app = visit(preset="Tiny", part="Sweep")
    app.text_input(key="n_rhos").set_value(typed).run()
    assert "radii ρ: up to 8 numbers from 0 to 20" in said(healthy(app))
    assert "24 runs" in said(app)


def test_a_failed_run_stands_in_the_table_with_its_reason() -> None:
    job = SweepJob([as_case(TINY, steps=20)], fail)
    job.wait(60)
    rows = sweep_table(job)
    assert rows["verdict"].tolist() == ["failed"]
    assert rows["reason"].tolist() == ["ValueError: a reason"]


def fail(case: object) -> None:
    raise ValueError("a reason")


# --- a log ------------------------------------------------------------------------------------------


def upload(*files: bytes) -> AppTest:
    app = visit(part="Your own log")
    for uploader, data in zip(app.file_uploader, files, strict=False):
        uploader.set_value(("run.csv", data, "text/csv"))
    return healthy(app.run())


def test_a_log_without_checks_is_told_what_to_record_and_never_that_it_stalled() -> None:
    (line,) = verdicts(upload(LOG.encode()))
    assert "flat" in line and "Record full-batch checks" in line
    assert "stalled" not in line and "hallucinated" not in line


def test_two_logs_get_their_verdicts_advice_and_comparison() -> None:
    stall, cured = (path.read_bytes() for path in LOGS)
    both, first, second = verdicts(upload(stall, cured))
    assert both.startswith("The second run comes out better")
    assert first.startswith("The first run stalled") and "warm-start of" in first and "lower ρ, to" in first
    assert second.startswith("The second run has learned") and second.endswith("Nothing is wrong.")
    (alone,) = verdicts(upload(stall))
    assert alone.startswith("Your run stalled") and "hallucinated" not in alone


def test_a_large_log_is_read_by_a_worker() -> None:
    header, *rows = LOG.splitlines()
    many = [row.replace(row.partition(",")[0], str(k), 1) for k, row in enumerate(rows * 40)]
    app = upload("\n".join([header, *many]).encode())
    assert app.table[0].value["steps recorded"].tolist() == ["4,000"]


def die(data: bytes, name: str) -> None:
    os._exit(1)


def test_where_the_worker_that_reads_a_log_dies_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    many = (LOG + LOG.partition("\n")[2] * 40).encode()
    visit(part="Your own log")  # the page's example is read by the server itself, once
    with monkeypatch.context() as patched:
        patched.setattr("pages.shared.networks_log.judge_log", die)
        app = upload(many)
    assert any("its worker died" in warning.value and "Try again" in warning.value for warning in app.warning)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"step,loss\n1,2\n", "lacks"),
        (LOG.encode() + b"1,2\n", "entries"),
        (LOG.replace("2.3,", "high,").encode(), "not a number"),
        (b"\xff\xfe\x00\x01", "not text"),
        (b"<script>alert(1)</script>", "lacks"),
    ],
)
def test_what_is_no_log_is_refused_in_words(data: bytes, words: str) -> None:
    app = upload(data)
    assert words in app.error[0].value
    assert not verdicts(app)


# --- what is taken away -----------------------------------------------------------------------------


def test_the_curves_as_csv_are_the_stored_ones() -> None:
    training, trained = stored("Tiny")
    frame = pd.read_csv(io.BytesIO(curves_csv(trained)))
    assert frame["run"].unique().tolist() == list(training.names)
    for run in trained.runs:
        np.testing.assert_allclose(frame.loc[frame["run"] == run.name, "loss"], run.curves.loss)
    assert table(trained)["verdict"].tolist() == [run.outcome for run in trained.runs]


def test_the_slices_as_csv_are_the_stored_ones() -> None:
    _, trained = stored("Digits")
    s = trained.slices
    assert s is not None and trained.first_layer is not None
    frame = pd.read_csv(io.BytesIO(slices_csv(trained))).set_index("picture")
    np.testing.assert_allclose(frame.loc["line", "value"], s.line)
    np.testing.assert_allclose(frame.loc["plane", "value"], s.plane.ravel())
    at = frame.loc["plane"].iloc[len(s.ahead) + 2]
    assert (at["along_gradient"], at["along_motion"]) == pytest.approx((s.ahead[2], s.across[1]))
    np.testing.assert_array_equal(frame.loc["run", "step"], s.path_steps)
    one = frame.loc["first layer"].query("unit == 3 and row == 1 and column == 5")["value"]
    assert one.item() == pytest.approx(trained.first_layer[3, 1, 5])


def test_every_picture_can_be_had_as_a_page() -> None:
    training, trained = stored("Digits")
    assert list(slice_makers(training, trained)) == [
        "Loss through w and the look-ahead point", "Loss on a plane", "First layer",
    ]  # fmt: skip
    for make in slice_makers(training, trained).values():
        assert b"plotly" in standalone(make(), "a title").lower()
    makers = curve_makers(shown(training, [run.curves for run in trained.runs]), training.steps, trained.guessing)
    assert len(makers) == 4 and all(len(make().data) >= 2 for make in makers.values())


@pytest.mark.parametrize("changes", [{}, {"rule": "vasso", "options": (("theta", 0.2),)}])
def test_the_script_trains_the_same_runs(changes: dict[str, object]) -> None:
    training = as_case(TINY, steps=200, **changes)
    run = subprocess.run(
        [sys.executable, "-c", script(training)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    n = training.network
    for rule in training.rules(n):
        assert f"{rule.name} {iterate(rule, n.start(0, 0.7), 200).f[-1]}" in run.stdout
