"""An answer in words and numbers: the table has every digit, the sentences count right."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from dynamics import hallucinated_points
from dynamics.sentences import counted, number, percent, told_apart
from dynamics.stability import attraction, attraction_of_curve
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared.analysis import Question, answer
from pages.shared.report import alternative, held, searched, table
from pages.shared.stall import stars
from test_pages import visit


def question(entry: Entry) -> Question:
    return Question(entry.landscape, entry.rho, entry.eta, entry.start, min(entry.steps, 3000))


@pytest.mark.parametrize("name", ["double-well", "himmelblau", "rastrigin", "shelf"])
def test_every_row_proves_its_point(name: str) -> None:
    q = question(CATALOGUE[name])
    l, rows = q.landscape, table(q, hallucinated_points(q.landscape, q.rho))
    axes = ["x", "y"][: l.dim]
    x, z = rows[axes].to_numpy(), rows[[f"target {axis}" for axis in axes]].to_numpy()
    g = l.gradient(x)
    norms = np.linalg.norm(g, axis=-1)
    np.testing.assert_allclose(rows["|∇f(x)|"], norms, rtol=1e-9)
    np.testing.assert_allclose(x + q.rho * g / norms[:, None], z, atol=1e-9 * l.diagonal)
    assert (np.linalg.norm(l.gradient(z), axis=-1) <= 1e-6 * norms).all()
    assert (rows["|∇f(x⁺)|"] <= 1e-6 * norms).all()
    attracts = rows["attracts below η"].to_numpy() > q.eta
    assert list(rows["at this η"] == "attracts") == list(attracts)
    assert list(rows["at this η"] == "undecided") == list(rows["attracts below η"].isna())


def test_a_file_gives_back_every_digit() -> None:
    q = question(CATALOGUE["himmelblau"])
    rows = table(q, hallucinated_points(q.landscape, q.rho))
    read = pd.read_csv(StringIO(rows.to_csv(index=False)))
    pd.testing.assert_frame_equal(read, rows, check_exact=True, check_dtype=False)


def test_what_is_nothing_beside_the_window_is_written_as_zero() -> None:
    q = question(CATALOGUE["valley"])
    found = hallucinated_points(q.landscape, q.rho)
    rows = table(q, replace(found, points=found.points + 1e-17))
    assert (rows["y"] == 0.0).all()
    assert (rows["x"] != 0.0).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((), "no point was found"),
        ((0.5,), "1 point found, attracting SAM at this step size"),
        ((0.0,), "1 point found, not attracting SAM at this step size"),
        ((0.05,), "1 point found, not attracting SAM at this step size"),
        ((np.nan,), "1 point found; second derivatives do not decide whether it attracts SAM"),
        ((np.nan, np.nan), "2 points found; second derivatives do not decide whether they attract SAM"),
        ((0.5, 0.0, 0.2), "3 points found, 2 of them attracting SAM at this step size"),
        ((0.5, 0.2), "2 points found, all of them attracting SAM at this step size"),
        ((0.0, 0.0), "2 points found, none of them attracting SAM at this step size"),
        (
            (0.5, 0.0, np.nan),
            "3 points found, 1 of them attracting SAM at this step size; for 1 of them second derivatives do not "
            "decide it",
        ),
        (
            (0.0, np.nan),
            "2 points found; second derivatives do not decide whether one of them attracts SAM at this step size, the "
            "other one does not",
        ),
        (
            (0.0, 0.0, np.nan, np.nan),
            "4 points found; second derivatives do not decide whether 2 of them attract SAM at this step size, of the "
            "others none does",
        ),
    ],
)
def test_the_summary_counts_right(values: tuple[float, ...], words: str) -> None:
    """And it never says that none attracts while that is undecided of some."""
    assert held(attraction(np.array(values), eta=0.1), "point") == words


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((0.5, 0.2), "attracts"),
        ((0.5, 0.05), "attracts in part"),
        ((0.5, np.nan), "attracts in part"),
        ((0.0, 0.0), "repels"),
        ((0.0, np.nan), "undecided"),
        ((np.nan, np.nan), "undecided"),
    ],
)
def test_what_a_curve_does(values: tuple[float, ...], word: str) -> None:
    assert attraction_of_curve(np.array(values), eta=0.1) == word


@pytest.mark.parametrize("name", ["himmelblau", "shelf", "rastrigin"])
def test_what_attracts_comes_first_in_the_table(name: str) -> None:
    q = question(CATALOGUE[name])
    found = hallucinated_points(q.landscape, q.rho)
    words = table(q, found)["at this η"].tolist()
    assert words == sorted(words, key=["attracts", "undecided", "repels"].index)
    assert sorted(words) == sorted(attraction(found.step_limits, q.eta).tolist())


def test_numbers_that_lie_close_together_are_told_apart() -> None:
    assert told_apart([0.0, 1.2501, 1.25013, 1.28, 3.0]) == ["0", "1.25010", "1.25013", "1.28", "3.00"]
    assert told_apart([1.25, 1.25]) == ["1.25", "1.25"]
    assert told_apart([1.06]) == ["1.06"] and told_apart([]) == []
    assert number(12345.678, 7) == "12,345.68" and number(1.23456e-7, 5) == "1.2346·10⁻⁷"
    values = np.sort(np.random.default_rng(3).uniform(0.0, 1.0, 500))
    assert len(set(told_apart(values.tolist()))) == 500


def test_a_target_that_is_located_badly_is_said_to_be() -> None:
    l = Landscape("x^4 + 0.37y^2 + 0.37x*y^3", ((-2.0, 2.0), (-2.0, 2.0)))
    window = {"x_low": "-2", "x_high": "2", "y_low": "-2", "y_high": "2"}
    app = visit(landscape="Your own formula", formula=l.formula, rho="1.6", **window)
    (said,) = (c.value for c in app.caption if "located to about" in c.value)
    found = hallucinated_points(l, 1.6)
    error = float(np.linalg.norm(found.targets[found.kinds == "degenerate"], axis=1).max())
    assert f"located to about {number(error)[:3]}" in said  # the true place is the origin
    assert "located" not in " ".join(c.value for c in visit(landscape=CATALOGUE["himmelblau"].name).caption)


def test_what_may_be_missed_is_as_wide_as_two_cells() -> None:
    assert "narrower than 0.00600 may" in searched(CATALOGUE["double-well"].landscape.with_domain(((0.0, 6.0),)))


def test_counts_and_shares_in_words() -> None:
    assert [counted(n, "point") for n in (0, 1, 2, 1432)] == ["0 points", "1 point", "2 points", "1,432 points"]
    assert [counted(n, noun) for noun in ("box", "branch") for n in (1, 2)] == [
        "1 box",
        "2 boxes",
        "1 branch",
        "2 branches",
    ]
    assert [counted(n, "radius", "radii") for n in (1, 41)] == ["1 radius", "41 radii"]
    shares = {0.0: "0%", 1e-9: "< 0.1%", 0.0005: "0.1%", 0.12345: "12.3%", 0.25: "25.0%", 0.9994: "99.9%", 1.0: "100%"}
    assert {share: percent(share) for share in shares} == shares
    assert percent(1.0 - 1e-9) == "> 99.9%"
    errors = {
        0.0: "12.3%",
        0.0123: "12.3% ± 1.2%",
        0.0005: "12.3% ± 0.1%",
        3e-4: "12.3% ± 0.03%",
        3e-6: "12.3% ± 0.0003%",
    }
    assert {error: percent(0.123, error) for error in errors} == errors


@pytest.mark.parametrize("name", ["double-well", "himmelblau", "ring"])
def test_the_text_alternative_states_the_finding(name: str) -> None:
    q = question(CATALOGUE[name])
    a = answer(q)
    words = alternative(q, a)
    assert a.sam.verdict.sentence in words and a.gd.verdict.sentence in words
    found = a.found
    assert (
        counted(len(found), "hallucinated point") if len(found) else counted(len(found.curves), "curve of hallucinated")
    ) in words
    assert "<" not in words and "nan" not in words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0099999, "0.0100"),
        (0.01, "0.0100"),
        (9.9996, "10.0"),
        (0.4, "0.400"),
        (-12345.6, "−12,346"),
        (0.00099999, "0.00100"),
        (1e5, "1.00·10⁵"),
        (0.0, "0"),
    ],
)
def test_numbers_in_verdicts_have_three_digits(value: float, words: str) -> None:
    assert number(value) == words


def test_the_home_page_does_not_say_that_undecided_points_repel() -> None:
    q = question(CATALOGUE["shelf"])
    said = stars(q, answer(q))
    assert "derivatives do not decide" in said
    assert "none of them" not in said and "not attracting" not in said


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.5,), "1 hallucinated point. It attracts SAM."),
        ((0.0,), "1 hallucinated point. It repels SAM at this step size."),
        ((np.nan,), "1 hallucinated point. Second derivatives do not decide whether it attracts SAM."),
        ((0.5, 0.5), "2 hallucinated points. Both attract SAM."),
        ((0.0, 0.5), "2 hallucinated points. 1 of them attracts SAM; hollow ones repel it."),
        ((np.nan, 0.5), "2 hallucinated points. 1 of them attracts SAM; of 1 that is undecided."),
        ((np.nan, 0.0), "2 hallucinated points. The hollow ones repel SAM at this step size; of 1 that is undecided."),
        ((0.0, 0.0, 0.0), "3 hallucinated points. All of them repel SAM at this step size."),
        ((0.5, 0.5, 0.5), "3 hallucinated points. All of them attract SAM."),
        (
            (0.5, 0.5, 0.0, np.nan),
            "4 hallucinated points. 2 of them attract SAM; hollow ones repel it; of 1 that is un",
        ),
    ],
)
def test_the_home_page_says_what_its_stars_do(values: tuple[float, ...], words: str) -> None:
    q = question(CATALOGUE["hill"])
    a = answer(q)
    found = replace(a.found, points=np.zeros((len(values), 1)), step_limits=np.array(values))
    said = stars(q, replace(a, found=found))
    assert said.startswith(
        f"Stars mark the points found where SAM would stop although f still slopes downhill: {words}"
    )
