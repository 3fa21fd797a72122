"""Remedies in a browser: the race, another choice, a dragged start, and the shares over a small grid."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from visiting import (
    PLOT,
    at_rest,
    eventually,
    go_to,
    handle_says,
    landscape,
    number_box,
    overflow,
    set_number,
    settle,
    visit,
)

from dynamics import RECIPES, gd, iterate, sam, verdict
from landscapes import CATALOGUE
from pages.shared.analysis import Question
from pages.shared.remedies import SAM_ALONE, Ends, GridCase, Remedy, run_grid
from pages.shared.remedies_controls import USUAL
from pages.shared.remedies_words import over_grid

Complaints = Callable[[Page], list[str]]
LONG = 300_000  # milliseconds; the machine may be busy

FIRST = next(iter(CATALOGUE.values()))
L = FIRST.landscape


def remedies(app_url: str, **link: str) -> str:
    return f"{app_url}/Remedies?{urlencode(link)}"


def shows_runs(page: Page, *names: str) -> None:
    """The runs whose marks are in the picture are these."""
    marks = page.locator(".st-key-picture .player-point")

    def holds() -> None:
        assert marks.evaluate_all("all => all.map(mark => mark.dataset.track)") == list(names)

    eventually(holds)


def row(page: Page, name: str) -> Locator:
    return page.locator(f'.ended tr[data-rule="{name}"]')


def says(name: str, start: float, steps: int = FIRST.steps) -> str:
    """How a remedy's run ends, by the core."""
    rules = {"GD": gd(L, FIRST.eta), "SAM": sam(L, FIRST.eta, FIRST.rho)}
    rule = rules.get(name) or RECIPES[name].build(L, FIRST.eta, FIRST.rho, steps)
    return verdict(L, iterate(rule, (start,), steps)).sentence


def test_the_race_another_choice_and_another_start(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, remedies(app_url))
    labels = [RECIPES[name].label for name in USUAL]
    expect(page.locator(".ended tbody tr")).to_have_count(2 + len(USUAL))
    shows_runs(page, "GD", "SAM", *labels)
    for name, label in zip(("GD", "SAM", *USUAL), ("GD", "SAM", *labels), strict=True):
        expect(row(page, label)).to_contain_text(says(name, FIRST.start[0]))

    # Another choice: it races, is in the link, and so are its numbers.
    gone = RECIPES["linear"].label
    settle(page)
    page.get_by_role("button", name=re.compile(gone, re.I)).first.click()
    expect(row(page, gone)).to_have_count(0)

    def choose() -> None:
        """Choose it; drawn anew under the mouse, as at the grid's end, Streamlit's list loses a click: again then."""
        settle(page)
        if row(page, "GSAM").count():
            return
        page.get_by_role("combobox", name="Beside GD and SAM").click()
        page.get_by_role("option", name="GSAM", exact=True).click()
        page.keyboard.press("Escape")
        expect(row(page, "GSAM")).to_be_visible(timeout=10_000)

    eventually(choose)
    expect(row(page, "GSAM")).to_contain_text(says("gsam", FIRST.start[0]))
    expect(row(page, gone)).to_have_count(0)
    expect(page).to_have_url(re.compile("tried=warm%2Cmomentum%2Cgsam"))
    shows_runs(page, "GD", "SAM", *(label for label in labels if label != gone), "GSAM")

    # Another start, dragged in the picture: every run starts there, and the table follows.
    handle = page.locator(".st-key-picture .player-handle")
    handle.scroll_into_view_if_needed()
    settle(page)
    box = at_rest(handle)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    pixels = page.evaluate(f"{PLOT}._fullLayout.xaxis._m")
    page.mouse.move(x, y)
    page.mouse.down()
    for share in (0.3, 0.6, 1.0):
        page.mouse.move(x + 0.8 * share * pixels, y - 20)
    chosen = handle_says(page)[0]
    page.mouse.up()
    expect(number_box(page, "start x")).to_have_value(chosen)
    settle(page)
    start = float(chosen)
    assert start == pytest.approx(0.9, abs=0.1)
    for name in ("warm", "momentum", "gsam"):
        expect(row(page, RECIPES[name].label)).to_contain_text(says(name, start))

    # Elsewhere and back: the choice is still there.
    go_to(page, "Explore")
    expect(page.get_by_text("Hallucinated points found in the window")).to_be_visible()
    go_to(page, "Remedies")
    expect(row(page, "GSAM")).to_contain_text(says("gsam", start))
    expect(page).to_have_url(re.compile("tried="))
    assert complaints(page) == []


def test_shares_over_a_small_grid_stop_and_change(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, remedies(app_url, tried="momentum", r_grid="6", steps="300"))

    def found(rho: float) -> dict[GridCase, Ends]:
        q = Question(L, rho, FIRST.eta, (), 300)
        return {case: run_grid(case) for case in (GridCase(q, 6, r) for r in (None, SAM_ALONE, Remedy("momentum")))}

    first = found(FIRST.rho)
    conclusion = page.locator(".verdict", has_text="Over 36 starts of the window SAM alone")
    expect(conclusion).to_have_text(over_grid(first), timeout=LONG)  # without being asked for
    figure = "document.querySelector('.st-key-fractions .player-figure')"
    page.wait_for_function(f"() => {figure}?._fullData?.[0].x.length === 3")
    shares = sorted((ends.share().share for ends in first.values()), reverse=True)
    np.testing.assert_allclose(page.evaluate(f"[...{figure}._fullData[0].x]"), shares)

    # Another radius: what was computed for the one before is not drawn.
    set_number(page, "radius ρ", 0.5)
    expect(conclusion).to_have_text(over_grid(found(0.5)), timeout=LONG)
    settle(page)

    # The search over the radius, stopped on the way: with as many steps it takes more than half a minute.
    set_number(page, "steps", 40_000)
    expect(page).to_have_url(re.compile("steps=40000"))
    settle(page)
    page.get_by_role("button", name=re.compile("Search at 4. radii")).click()
    expect(page.get_by_text(re.compile(r"\d+ of \d+ radii searched \(running\)"))).to_be_visible(timeout=LONG)
    page.locator(".st-key-stop-warm button").click()
    expect(page.get_by_text(re.compile(r"radii searched \(stopped\)"))).to_be_visible(timeout=LONG)
    assert complaints(page) == []


def test_on_a_phone_nothing_scrolls_sideways(
    new_page: Callable[..., Page], app_url: str, complaints: Complaints
) -> None:
    page = new_page(width=390, height=844, color_scheme="dark")
    visit(page, remedies(app_url, landscape="Himmelblau's function"))
    expect(page.locator(".ended tbody tr")).to_have_count(2 + len(USUAL))
    assert overflow(page) == 0
    expect(landscape(page)).to_be_visible()
    assert complaints(page) == []
