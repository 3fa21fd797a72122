"""The page on basins in a browser: maps fill in, are stopped, are clicked, and end with the page."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from visiting import at_rest, eventually, number_box, overflow, set_number, settle

from app_server import Serve, Server, wait_until_workers
from dynamics import gd, iterate, sam, verdict
from landscapes import CATALOGUE

Complaints = Callable[[Page], list[str]]
LONG = 300_000  # milliseconds; the machine may be busy
HIMMELBLAU, WELL = CATALOGUE["himmelblau"], CATALOGUE["double-well"]


def visit(page: Page, server: Server, **link: str) -> Page:
    page.goto(f"{server.url}/Basins?{urlencode(link)}")
    expect(page).to_have_title("Basins")
    expect(page.locator("[class*=st-key-map-] .main-svg").first).to_be_attached(timeout=LONG)
    settle(page)
    return page


def filled(page: Page) -> None:
    """Wait until the maps are as fine as asked, and the page says so."""
    expect(page.locator(".st-key-map-stop")).to_have_count(0, timeout=LONG)
    settle(page)


def click(page: Page, key: str, x: float, y: float) -> None:
    """Click on a map, at shares of its width and height."""
    area = page.locator(f".st-key-{key} .nsewdrag").first
    area.scroll_into_view_if_needed()
    box = at_rest(area)
    page.mouse.click(box["x"] + x * box["width"], box["y"] + (1.0 - y) * box["height"])


def verdicts(page: Page) -> Locator:
    return page.locator(".verdict")


def colours(page: Page, key: str) -> list[list[int]]:
    """What the map's cells hold, as Plotly has them, its first and last row."""
    return page.evaluate(
        """key => {
            const trace = document.querySelector(`.st-key-${key} .player-figure`)._fullData[0];
            return [[...trace.z[0]], [...trace.z[trace.z.length - 1]]];
        }""",
        key,
    )


def test_maps_fill_in_and_a_click_runs_both_rules_from_there(
    page: Page, server: Server, complaints: Complaints
) -> None:
    visit(page, server, landscape=HIMMELBLAU.name, grid="60", steps="800", eta="0.05")
    filled(page)
    expect(page.get_by_text("Shares of 60 × 60 starts after 800 steps")).to_be_visible()
    expect(page.locator(".basins tr.sum")).to_have_text(re.compile(r"all starts\s*100%\s*100%"))

    def is_fine() -> None:
        assert len(colours(page, "map-SAM")[0]) == 60

    eventually(is_fine)
    alt = page.locator(".st-key-map-GD .player-alt")
    expect(alt).to_have_attribute("aria-label", re.compile(r"GD leads from them, 60 × 60 starts: at a true minimizer"))
    click(page, "map-SAM", 0.25, 0.7)
    expect(page).to_have_url(re.compile(r"x=-[\d.]+.*y=[\d.]+"))
    settle(page)
    start = tuple(float(number_box(page, f"start {axis}").input_value()) for axis in "xy")
    np.testing.assert_allclose(start, (-3.0, 2.4), atol=0.1)
    for i, rule in ((2, sam(HIMMELBLAU.landscape, 0.05, 3.0)), (3, gd(HIMMELBLAU.landscape, 0.05))):
        said = verdict(HIMMELBLAU.landscape, iterate(rule, start, 800)).sentence
        expect(verdicts(page).nth(i)).to_contain_text(said)
    # It is the start on Explore too.
    page.get_by_test_id("stSidebarNavLink").get_by_text("Explore", exact=True).click()
    expect(page).to_have_title("Explore")
    settle(page)
    assert tuple(float(number_box(page, f"start {axis}").input_value()) for axis in "xy") == start
    assert complaints(page) == []


def test_maps_are_stopped_and_taken_up_again(page: Page, server: Server, complaints: Complaints) -> None:
    visit(page, server, landscape=HIMMELBLAU.name, grid="300", steps="6000")
    under_way = re.compile(r"of 300 × 300 starts; the rest \(faint\) and the shares are drawn from")
    expect(page.get_by_text(under_way)).to_be_visible()
    page.locator(".st-key-map-stop button").click()
    expect(page.get_by_text(re.compile(r"Stopped at .* of 300 × 300 starts"))).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
    # Another question is never answered by these maps.
    set_number(page, "steps", 50)
    expect(page.get_by_text(re.compile("starts after 50 steps"))).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile(r"Stopped at"))).to_have_count(0)
    filled(page)
    expect(page.get_by_text("Shares of 300 × 300 starts after 50 steps")).to_be_visible(timeout=LONG)
    assert complaints(page) == []


def test_a_page_that_is_left_ends_its_work(page: Page, serve: Serve) -> None:
    with serve() as server:
        visit(page, server, landscape=CATALOGUE["rastrigin"].name, grid="400", steps="6000")
        expect(page.locator(".st-key-map-stop button")).to_be_visible()
        wait_until_workers(server, compute=True)
        page.get_by_test_id("stSidebarNavLink").get_by_text("Home", exact=True).click()
        expect(page).to_have_title("SAM Landscapes")
        wait_until_workers(server, compute=False)


def test_in_one_variable_a_click_sets_start_and_radius(page: Page, server: Server, complaints: Complaints) -> None:
    visit(page, server, grid="40")
    click(page, "map-radii", 0.5, 0.25)
    expect(number_box(page, "radius ρ")).not_to_have_value(f"{WELL.rho:g}")
    settle(page)
    (low, high) = WELL.landscape.domain[0]
    assert float(number_box(page, "start x").input_value()) == pytest.approx(0.5 * (low + high), abs=0.05)
    assert float(number_box(page, "radius ρ").input_value()) == pytest.approx(0.25 * WELL.rho_max, abs=0.05)
    assert complaints(page) == []


@pytest.mark.parametrize(("name", "color_scheme"), [("double-well", "dark"), ("rastrigin", "light")])
def test_a_phone_shows_the_maps_without_sideways_scrolling(
    new_page: Callable[..., Page], server: Server, complaints: Complaints, name: str, color_scheme: str
) -> None:
    page = visit(new_page(390, 844, color_scheme), server, landscape=CATALOGUE[name].name, grid="50", steps="300")
    assert overflow(page) == 0
    # The maps come before the controls there.
    first, box = at_rest(page.locator(".player-figure").first), at_rest(number_box(page, "steps"))
    assert first["y"] < box["y"]
    assert complaints(page) == []
