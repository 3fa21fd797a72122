"""What is kept takes no more room than it may, and what is rugged is known to be before it is searched."""

from dataclasses import replace

import numpy as np
import pytest

from dynamics import hallucinated_points
from dynamics.hallucination import MOST_CURVES, MOST_POINTS
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared import compute, jobs
from pages.shared.analysis import Question
from pages.shared.kept import Kept, size_of
from pages.shared.radius_analysis import Span, look

WINDOW = ((-6.0, 6.0), (-6.0, 6.0))
RUGGED = ("sin(60x)*sin(60y)", "sin(100x)*sin(100y)", "sin(exp(x*y))", "sin(50x*y)", "sin(exp(3*x))*cos(exp(2*y))")


def test_what_was_not_asked_for_the_longest_is_forgotten_first() -> None:
    asked: list[int] = []
    kept = Kept(lambda n: asked.append(n) or np.zeros(n), room=2000)
    for n in (100, 101, 100, 102, 100, 101):
        assert len(kept(n)) == n
        assert kept.size <= 2000
    assert asked == [100, 101, 102, 101]


def test_what_is_larger_than_the_room_is_not_kept() -> None:
    kept = Kept(np.zeros, room=3000)
    assert len(kept(1000)) == 1000
    assert kept.size == 0


def test_a_view_counts_all_that_it_holds_and_once() -> None:
    whole = np.zeros(1000)
    assert 8000 <= size_of((whole[:1], whole[1:])) < 9000


@pytest.mark.parametrize("text", RUGGED)
def test_what_is_rugged_is_not_searched_in_the_scripts_thread(text: str) -> None:
    assert Question(Landscape(text, WINDOW), 1.0, 0.01, (2.2, 1.3), 100).cost > compute.PATIENCE


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_the_catalogue_is(entry: Entry) -> None:
    assert Question(entry.landscape, entry.rho, entry.eta, entry.start, 100).cost < compute.PATIENCE


def test_points_and_targets_beyond_the_limit_are_left_out_from_the_outside_and_counted() -> None:
    l = Landscape("sin(30x)*sin(30y)", ((-3.0, 3.0), (-3.0, 3.0)))
    h = hallucinated_points(l, 0.5)
    assert 0.9 * MOST_POINTS < len(h) <= MOST_POINTS
    seen = np.unique(h.targets, axis=0)
    assert 0 < h.left_out <= len(h.stationary.points) - len(seen)
    inner = np.flatnonzero(np.abs(h.stationary.points).max(axis=1) < 0.2)
    few = replace(
        h.stationary, **{name: getattr(h.stationary, name)[inner] for name in ("points", "kinds", "hessians")}
    )
    alone = hallucinated_points(l, 0.5, few)  # around these all points are kept
    assert len(alone) == np.isin(h.targets, few.points).all(axis=1).sum() > 0


def test_hopeless_work_is_refused_before_it_is_begun() -> None:
    with pytest.raises(jobs.Busy, match="would take far longer than .* Do less."):
        compute.work_out(int, "1", 1e4, "Do less.")
    with pytest.raises(jobs.Busy, match="Choose a smaller window"):
        look(Span(Landscape("sin(12x)*sin(12y)", WINDOW), 6.0, 0.01))


def test_who_goes_on_to_another_question_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(BaseException):
        pass

    def leave() -> None:
        raise Gone

    stopped = []
    monkeypatch.setattr(compute, "_word", lambda: leave)
    monkeypatch.setattr(jobs.Job, "stop", lambda job, at_once=False: stopped.append(job))
    monkeypatch.setattr(compute, "submit", lambda *_, **__: jobs.Job(jobs.Pool(0), int, ()))
    with pytest.raises(Gone):
        compute.work_out(int, "1", 1.0)
    assert len(stopped) == 1


def test_curves_beyond_the_limit_are_left_out_and_counted() -> None:
    h = hallucinated_points(Landscape("sin(exp(3*x))*cos(exp(2*y))", WINDOW), 1.0)
    assert len(h.curves) == MOST_CURVES
    assert h.curves_left_out > 0
    assert 0 < h.left_out < len(h.stationary.points)
