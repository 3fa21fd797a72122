"""Radius in a browser: a click on a radius goes there, here and on Explore, and moving it moves the points."""

from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from visiting import PLOT, at_rest, drawn, go_to, number_box, overflow, ranges, set_number, verdicts, visit

from dynamics import hallucinated_points
from landscapes import CATALOGUE

Complaints = Callable[[Page], list[str]]
DOUBLE_WELL, HIMMELBLAU = CATALOGUE["double-well"], CATALOGUE["himmelblau"]


def line(page: Page) -> float:
    """Where the line of the current radius stands."""
    return page.evaluate(f"{PLOT}._fullLayout.shapes.filter(s => s.x0 === s.x1).map(s => +s.x0)[0]")


def stars(page: Page) -> np.ndarray:
    """The points at the current radius, from the diagram."""
    return np.concatenate([
        drawn_on(page, name) for name in ("hallucinated, attracts", "hallucinated, repels")
    ])  # fmt: skip


def drawn_on(page: Page, name: str) -> np.ndarray:
    found = page.evaluate(
        f"""name => {{
            const trace = {PLOT}._fullData.find(t => t.name === name && t.xaxis === "x2");
            return trace ? [[...trace.x], [...trace.y]] : [[], []];
        }}""",
        name,
    )
    return np.array(found, dtype=float).T


def click_at(page: Page, rho: float, axis: str) -> None:
    """Click on the diagram where its axis says rho, at half its height."""
    box = at_rest(page.locator(".st-key-picture .player-figure"))
    x, y = page.evaluate(
        f"""rho => {{
            const {{ {axis}: across, yaxis: up }} = {PLOT}._fullLayout;
            return [across._offset + across.l2p(rho), up._offset + 0.5 * up._length];
        }}""",
        rho,
    )
    page.mouse.click(box["x"] + x, box["y"] + y)


def test_a_click_sets_the_radius_here_and_on_explore(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, f"{app_url}/Radius")
    l = DOUBLE_WELL.landscape
    expect(verdicts(page).first).to_contain_text("From ρ = 0.600 on, SAM can get stuck")
    before = ranges(page)
    click_at(page, 1.4, "xaxis2")
    expect(number_box(page, "radius ρ")).not_to_have_value("1")
    rho = float(number_box(page, "radius ρ").input_value())
    assert abs(rho - 1.4) < 0.01
    expect(verdicts(page).nth(1)).to_contain_text(f"At ρ = {rho:g} and")
    page.wait_for_function(f"rho => {PLOT}._fullLayout.shapes.some(s => +s.x0 === rho && +s.x1 === rho)", arg=rho)
    page.wait_for_url(f"**rho={rho:g}**")
    expected = hallucinated_points(l, rho).points[:, 0]
    shown = stars(page)
    np.testing.assert_allclose(shown[:, 0], rho)
    np.testing.assert_allclose(np.sort(shown[:, 1]), np.sort(expected), atol=1e-9)
    assert ranges(page) == before
    go_to(page, "Explore")
    expect(number_box(page, "radius ρ")).to_have_value(f"{rho:g}")
    assert complaints(page) == []


def test_a_click_on_a_branch_of_the_map_takes_its_radius(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, f"{app_url}/Radius?{urlencode({'landscape': HIMMELBLAU.name})}")
    expect(page.locator(".st-key-map .player-figure .main-svg").first).to_be_attached()
    wanted = 5.0
    found = hallucinated_points(HIMMELBLAU.landscape, wanted)
    others = np.linalg.norm(
        found.points[:, None] - hallucinated_points(HIMMELBLAU.landscape, HIMMELBLAU.rho).points, axis=-1
    )
    point = found.points[np.argmax(others.min(axis=1))]
    box = at_rest(page.locator(".st-key-map .player-figure"))
    x, y = page.evaluate(
        """([x, y]) => {
            const { xaxis: across, yaxis: up } = document.querySelector(".st-key-map .js-plotly-plot")._fullLayout;
            return [across._offset + across.l2p(x), up._offset + up.l2p(y)];
        }""",
        point.tolist(),
    )
    page.mouse.click(box["x"] + x, box["y"] + y)
    expect(number_box(page, "radius ρ")).not_to_have_value("3")
    rho = float(number_box(page, "radius ρ").input_value())
    near = hallucinated_points(HIMMELBLAU.landscape, rho).points
    assert np.linalg.norm(near - point, axis=1).min() < 0.05 * HIMMELBLAU.landscape.diagonal
    expect(verdicts(page).nth(1)).to_contain_text(f"At ρ = {rho:.4g} and")
    assert complaints(page) == []


def test_moving_the_radius_moves_the_line_and_the_points(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, f"{app_url}/Radius?{urlencode({'landscape': HIMMELBLAU.name})}")
    expect(page.locator(".st-key-map .player-figure .main-svg").first).to_be_attached()
    assert line(page) == HIMMELBLAU.rho
    page.get_by_role("slider", name="radius ρ").press("ArrowLeft")
    expect(number_box(page, "radius ρ")).not_to_have_value("3")
    rho = float(number_box(page, "radius ρ").input_value())
    page.wait_for_function(f"rho => {PLOT}._fullLayout.shapes.some(s => +s.x0 === rho && +s.x1 === rho)", arg=rho)
    found = hallucinated_points(HIMMELBLAU.landscape, rho)
    attract = found.attract(HIMMELBLAU.eta)
    for member, name in ((attract, "hallucinated, attracts"), (~attract, "hallucinated, repels")):
        shown = drawn(page, name)
        np.testing.assert_allclose(shown[:, 0], rho)
        np.testing.assert_allclose(
            np.sort(shown[:, 1]), np.sort(HIMMELBLAU.landscape.value(found.points[member])), atol=1e-9
        )
    assert complaints(page) == []


@pytest.mark.parametrize("name", ["double-well", "himmelblau"])
def test_on_a_phone(new_page: Callable[..., Page], app_url: str, complaints: Complaints, name: str) -> None:
    page = new_page(390, 844, "dark")
    visit(page, f"{app_url}/Radius?{urlencode({'landscape': CATALOGUE[name].name})}")
    expect(verdicts(page).first).to_contain_text("SAM can get stuck on a slope here")
    set_number(page, "radius ρ", 1.3)
    expect(verdicts(page).nth(1)).to_contain_text("At ρ = 1.3 and")
    assert overflow(page) == 0
    page.wait_for_function(f"rho => {PLOT}._fullLayout.shapes.some(s => +s.x0 === rho && +s.x1 === rho)", arg=1.3)
    labels = "[...document.querySelectorAll('.st-key-picture .annotation-text')]"
    boxes = page.evaluate(f"{labels}.map(label => label.getBoundingClientRect().toJSON())")
    for i, a in enumerate(boxes):
        assert a["x"] >= 0 and a["x"] + a["width"] <= 390
        for b in boxes[i + 1 :]:  # no label lies over another
            assert a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    assert complaints(page) == []
