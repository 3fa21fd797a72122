"""A training written out in plain PyTorch does what the page does: beside the page's runs, without the project."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynamics.training import Course, advance
from landscapes.networks import Network, one_thread, read_table
from pages.shared.networks_torch import OWN_DATA, code_of, lines, notebook
from pages.shared.training import CONVOLUTIONAL, DIGITS, PRESETS, TINY, Training

ROWS = np.random.default_rng(0).normal(size=(60, 2))
CSV = ("a,b,class\n" + "".join(f"{x:.3f},{y:.3f},{'cat' if x > 0 else 7}\n" for x, y in ROWS)).encode()
NORM = replace(CONVOLUTIONAL.network, batch_norm=True, held_out=0.2)
CASES = {
    "digits": replace(DIGITS, steps=40, warm=10),
    "tiny": replace(TINY, steps=200, warm=50),
    "convolutional": replace(CONVOLUTIONAL, steps=30, warm=10),
    "batch norm, momentum, decay": replace(
        CONVOLUTIONAL, steps=20, warm=10, network=NORM, beta=0.9, decay=0.01, eta=0.02
    ),
    "subset, noise, held out": Training(
        Network("moons", (4,), "relu", held_out=0.2, label_noise=0.1, subset=100, seed=3),
        rho=1.0, steps=60, warm=20, batch=16, scale=0.5,
    ),
    "gelu, penalty": Training(
        Network("digits", (16,), "gelu", batch_norm=True, weight_decay=0.001), rho=1.0, steps=20, warm=5, batch=200
    ),
    "own table": Training(
        Network(read_table(CSV), (5,), seed=1, held_out=0.25), rho=0.5, steps=30, warm=10, batch=10
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_notebook_runs_alone_and_finds_what_the_page_finds(name: str, tmp_path: Path) -> None:
    training = CASES[name]
    (tmp_path / OWN_DATA).write_bytes(CSV)
    program = "import torch; torch.set_num_threads(1)\n" + code_of(notebook(training))
    (tmp_path / "notebook.py").write_text(program, encoding="utf-8")
    # -I: neither this folder nor PYTHONPATH is on the path, so that the project is not found
    run = subprocess.run(
        [sys.executable, "-I", "notebook.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    said = [line for line in run.stdout.splitlines() if "loss" in line]
    tested = [line.split(": ")[1] for line in run.stdout.splitlines() if "held out" in line]
    n, rules = training.network, training.rules(training.network)[1:]
    assert len(said) == len(rules) == 2 and len(tested) == (2 if n.held_out else 0)
    for i, (line, rule) in enumerate(zip(said, rules, strict=True)):
        with one_thread():
            course = Course(rule, n.start(training.seed, training.scale), training.steps)
            advance((course,), None, None)
            w = course.orbit().x[-1]
        head, _, tail = line.partition(": loss ")
        loss, share = map(float, tail.split(", right "))
        assert head == rule.name
        # The notebook steps in the network's own precision, the page in doubles, which SAM's map magnifies.
        assert loss == pytest.approx(float(n.value(w)), rel=1e-6 if n.precision == "float64" else 1e-2)
        assert share == pytest.approx(n.accuracy(w), abs=1e-4 if n.precision == "float64" else 0.02)
        if tested:
            assert float(tested[i]) == pytest.approx(n.held_out_accuracy(w), abs=0.02)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_trains_is_about_twenty_lines_and_the_notebook_is_one(preset: str) -> None:
    training = PRESETS[preset]
    assert len(lines(training).strip().splitlines()) <= 22
    document = json.loads(notebook(training, {"SAM": "loss 1"}))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
    for cell in document["cells"]:
        assert cell["cell_type"] in ("markdown", "code") and isinstance(cell["source"], str)
        if cell["cell_type"] == "code":
            ast.parse(cell["source"])
            assert cell["outputs"] == [] and cell["execution_count"] is None
    assert "loss 1" in document["cells"][-1]["source"]


def test_it_imports_torch_numpy_and_scikit_learn_alone() -> None:
    for training in CASES.values():
        tree = ast.parse(code_of(notebook(training)))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= {"torch", "numpy", "sklearn", "csv", "io"}


def test_what_a_table_holds_gets_into_the_notebook_as_text_only() -> None:
    """A class may be called anything; it stands there as a string."""
    evil = CSV.replace(b"cat", b"'];import os;['")
    training = replace(CASES["own table"], network=Network(read_table(evil), (5,)))
    tree = ast.parse(code_of(notebook(training)))
    assert "os" not in {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
