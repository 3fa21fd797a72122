"""Pictures of trainings: curves of batches, axes that fit from the start, and what a network decides in the plane."""

import numpy as np
import pytest

from figures.training import Line, boundary, moving_median, over_steps
from landscapes.networks import Network, Table
from pages.shared.networks_pictures import curve_makers, shown
from pages.shared.scene import decided, of_boundary, scene
from pages.shared.stored import stored

MOONS = Network("moons", (3,), loss="logistic")
STEPS = np.arange(100)


@pytest.mark.parametrize("width", [1, 2, 5, 30, 200])
def test_a_moving_median_is_the_median_of_what_was_last_seen(width: int) -> None:
    y = np.random.default_rng(0).normal(size=60)
    y[7] = np.nan
    expected = [np.nanmedian(y[max(0, i - width + 1) : i + 1]) if width > 1 else y[i] for i in range(60)]
    np.testing.assert_allclose(moving_median(y, width), expected)
    assert moving_median(np.empty(0), width).shape == (0,)


def test_the_axes_fit_before_there_is_a_point() -> None:
    empty = [Line("a run", "red", np.empty(0, np.int64), np.empty(0))]
    picture = over_steps(empty, "loss", steps=1000, usual=(0.0, 2.6))
    assert picture.layout.xaxis.range == (0, 1010.0) and picture.layout.yaxis.range == (0.0, 2.6)
    slopes = over_steps(empty, "slope", log=True, steps=1000, usual=(1e-3, 10.0))
    assert slopes.layout.yaxis.range == (-3.0, 1.0)
    drawn = over_steps([Line("a run", "red", STEPS, np.linspace(9.0, 1.0, 100))], "loss", usual=(0.0, 2.6))
    assert drawn.layout.yaxis.range is None  # it fits what is there


def test_batches_are_drawn_behind_and_their_median_before_them() -> None:
    training, trained = stored("Convolutional, mini-batches")
    runs = shown(training, [run.curves for run in trained.runs])
    loss = curve_makers(runs, training.steps, trained.guessing)["Loss over the steps"]()
    faint = [trace for trace in loss.data if not trace.showlegend]
    assert len(faint) == 3 and all(trace.opacity < 0.5 for trace in faint)
    assert list(loss.data[:3]) == faint  # below everything else
    assert sum("moving median" in trace.name for trace in loss.data) == 3
    (level,) = loss.layout.shapes
    assert level.y0 == level.y1 == pytest.approx(np.log(10.0), abs=1e-3)  # ten classes of nearly equal size
    for run in trained.runs:
        assert len(run.curves.batch_k) == training.steps + 1
    full = curve_makers(shown(*_of("Digits")), 10)["Loss over the steps"]()
    assert not any("batch" in trace.name for trace in full.data)


def _of(preset: str):
    training, trained = stored(preset)
    return training, [run.curves for run in trained.runs]


def test_the_plane_shows_every_example_and_what_the_network_says_of_each_place() -> None:
    plane = scene(MOONS)
    assert plane is not None
    w = [MOONS.start(seed, 0.7) for seed in (0, 1)]
    grids = decided(MOONS, plane, [*w, np.full(MOONS.dim, np.nan)])
    assert grids.shape == (3, len(plane.y), len(plane.x)) and np.isnan(grids[2]).all()
    for grid, weights in zip(grids, w, strict=False):
        for i, j in ((0, 0), (5, 30), (40, 17)):
            (said,) = MOONS.classify(weights, [[plane.x[j], plane.y[i]]])
            assert grid[i, j] == said
    picture = boundary(grids[0], plane.x, plane.y, plane.points, plane.labels, plane.names)
    heat, *marks = picture.data
    np.testing.assert_array_equal(heat.z, grids[0])
    assert sum(len(mark.x) for mark in marks) == MOONS.count
    assert len({mark.marker.symbol for mark in marks}) == len({mark.marker.color for mark in marks}) == 2
    (left, right), (bottom, top) = picture.layout.xaxis.range, picture.layout.yaxis.range
    x, y = plane.points.T
    assert left < x.min() and x.max() < right and bottom < y.min() and y.max() < top
    words = of_boundary("SAM", plane, grids[0])
    assert f"{100.0 * np.mean(grids[0] == 0):.0f}% to class 0" in words
    assert "no numbers" in of_boundary("SAM", plane, grids[2])


def test_a_table_s_classes_are_called_as_in_the_file_and_only_two_inputs_have_a_plane() -> None:
    rng = np.random.default_rng(2)
    labels = ["cat", "dog", "eel"] * 10
    plane = scene(Network(Table.of(rng.normal(size=(30, 2)), labels), (3,)))
    assert plane is not None and plane.names == ("cat", "dog", "eel")
    assert scene(Network(Table.of(rng.normal(size=(30, 3)), labels), (3,))) is None
    assert scene(Network("digits")) is None
