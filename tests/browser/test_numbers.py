"""The player writes numbers as the verdicts do."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from dynamics.sentences import number
from pages.shared import player_js

FIGURE = Path(player_js.__file__).with_name("figure.js").read_text(encoding="utf-8")


def test_a_number_reads_the_same_in_a_verdict_and_under_the_picture(page: Page) -> None:
    rng = np.random.default_rng(0)
    edges = [
        0.0099999,
        0.00099999,
        0.0009994,
        99999.6,
        99999.4,
        9.9996,
        9.994,
        999.5,
        0.125,
        1.125,
        2.625,
        1234.5,
        12345,
    ]
    values = [*edges, *(10.0 ** rng.uniform(-9.0, 9.0, 200)), 0.0, 1e300, 5e-324]
    values += [-value for value in values]
    written = page.evaluate(f"values => {{ {player_js.bundle([FIGURE])}; return values.map(number); }}", values)
    assert written == [number(value) for value in values]
