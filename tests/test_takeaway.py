"""What is taken away says the same as what was seen: the CSV, the page and the script."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dynamics import gd, hallucinated_points, iterate, sam, verdict
from figures.standalone import standalone
from landscapes import CATALOGUE
from pages.shared import takeaway
from pages.shared.analysis import Question, answer
from pages.shared.picture import draw_landscape

ROOT = Path(__file__).parents[1]


def question(name: str) -> Question:
    entry = CATALOGUE[name]
    return Question(entry.landscape, entry.rho, entry.eta, entry.start, 300)


@pytest.mark.parametrize("name", ["double-well", "himmelblau", "gaussian-wells"])
def test_the_script_reproduces_the_numbers(name: str) -> None:
    q = question(name)
    done = subprocess.run(
        [sys.executable, "-c", takeaway.script(q)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    expected = []
    for rule in (gd(q.landscape, q.eta), sam(q.landscape, q.eta, q.rho)):
        orbit = iterate(rule, q.start, q.steps)
        expected.append(f"{rule.name} {orbit.x[-1].tolist()} {verdict(q.landscape, orbit).sentence}")
    assert lines[:2] == expected
    found = hallucinated_points(q.landscape, q.rho)
    assert len(lines) - 2 == len(found) > 0
    for line, x in zip(lines[2:], found.points, strict=True):
        assert line.startswith(str(x.tolist()))


def test_a_formula_cannot_leave_its_string_in_the_script() -> None:
    q = question("double-well")
    text = takeaway.script(q)
    assert f"Landscape({q.landscape.formula!r}" in text
    compile(text, "script", "exec")


@pytest.mark.parametrize("name", ["double-well", "himmelblau"])
def test_the_csv_has_every_step_with_all_digits(name: str) -> None:
    q = question(name)
    rows = list(csv.DictReader(io.StringIO(takeaway.run_csv(q).decode())))
    assert len(rows) == 2 * (q.steps + 1)
    orbit = iterate(sam(q.landscape, q.eta, q.rho), q.start, q.steps)
    of_sam = [row for row in rows if row["rule"] == "SAM"]
    assert [int(row["step"]) for row in of_sam] == list(range(q.steps + 1))
    for i, axis in enumerate("xy"[: q.landscape.dim]):
        np.testing.assert_array_equal([float(row[axis]) for row in of_sam], orbit.x[:, i])
    np.testing.assert_array_equal([float(row["shifted_norm"]) for row in of_sam], orbit.shifted_norms)


def test_the_page_stands_alone() -> None:
    q = question("himmelblau")
    text = standalone(draw_landscape(q, answer(q), surrogate=False, field=False), "A title").decode()
    assert "var(--st-" not in text.split("Plotly.newPlot")[-1]
    assert 'src="http' not in text
    assert "A title" in text
