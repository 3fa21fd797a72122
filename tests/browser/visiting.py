"""What a visitor does with the pages, in a browser: open them, set controls, read."""

import json
import re
import time
from collections.abc import Callable

import numpy as np
from playwright.sync_api import FloatRect, Locator, Page, expect

from pages.shared.controls import titled

PATIENCE = 60.0  # seconds, for a condition that has to hold in the end

# Plotly's div of the picture with this key, as the player draws it.
PLOT = "document.querySelector('.st-key-picture .player-figure')"


# Of an element, once it has stayed for five frames and a tenth of a second where it is.
AT_REST = """element => new Promise(done => {
    const end = performance.now() + 60_000;
    let [before, since, frames] = ["", 0, 0];
    const look = now => {
        const where = JSON.stringify([element.getBoundingClientRect(), innerWidth]);
        if (where !== before) [before, since, frames] = [where, now, 0];
        if ((++frames > 5 && now - since > 100) || now > end) done(now <= end);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""


def eventually(check: Callable[[], None]) -> None:
    """Repeat a check until it holds; where it never does, its last failure is the test's."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


def visit(page: Page, url: str) -> None:
    """Open a page and wait until its picture is drawn and its script has run to the end."""
    page.goto(url)
    expect(page.locator(".st-key-picture .player-figure .main-svg").first).to_be_attached()
    settle(page)


def settle(page: Page) -> None:
    """Wait until no script runs; what a change brings about is expected by its own words beside it."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()


def at_rest(shown: Locator) -> FloatRect:
    """Where an element stands once it does not move any longer: a page grows while it is drawn."""
    assert shown.evaluate(AT_REST), "it is still moving"
    box = shown.bounding_box()
    assert box
    return box


def handle_says(page: Page) -> list[str]:
    """The start that the handle in the picture is at, a number a variable, as the page writes them."""
    title = page.locator(".player-handle").get_attribute("title") or ""
    return [v.replace("−", "-") for v in re.findall(r"= (−?[\d.]+)", title)]


def verdicts(page: Page) -> Locator:
    return page.locator(".verdict")


def number_box(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stNumberInput").get_by_label(name, exact=True)


def set_number(page: Page, name: str, value: float) -> None:
    settle(page)  # else the script may still write its own number into the box
    box = number_box(page, name)
    box.fill(f"{value:g}")
    box.press("Enter")


def formula_box(page: Page) -> Locator:
    return page.get_by_test_id("stTextInput").locator("input")


def type_formula(page: Page, formula: str) -> None:
    settle(page)
    box = formula_box(page)
    box.fill(formula)
    box.press("Enter")


def landscape(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Landscape")


def choose(page: Page, name: str) -> None:
    settle(page)
    landscape(page).click()
    page.get_by_role("option", name=titled(name), exact=True).click()
    expect(landscape(page)).to_have_value(titled(name))


def go_to(page: Page, name: str) -> None:
    """Change the page by the menu."""
    page.get_by_test_id("stSidebarNavLink").get_by_text(name, exact=True).click()


def controls(page: Page) -> dict[str, str]:
    """What every control of Explore shows."""
    boxes = page.get_by_test_id("stNumberInput").locator("input").all()
    values = {box.get_attribute("aria-label") or "": box.input_value() for box in boxes}
    switches = {s.get_attribute("aria-label") or "": str(s.is_checked()) for s in page.get_by_role("switch").all()}
    return values | switches | {"f": formula_box(page).input_value(), "landscape": landscape(page).input_value()}


def ranges(page: Page) -> list[list[float]]:
    """The visible window of the picture."""
    return page.evaluate(f"[{PLOT}._fullLayout.xaxis.range.map(Number), {PLOT}._fullLayout.yaxis.range.map(Number)]")


def zoom(page: Page) -> list[list[float]]:
    """Drag a box over the middle of the picture; return the window it leaves."""
    page.locator(".st-key-picture").scroll_into_view_if_needed()
    area = at_rest(page.locator(".st-key-picture .player-figure .nsewdrag").first)
    before = ranges(page)
    left, top, width, height = area["x"], area["y"], area["width"], area["height"]
    page.mouse.move(left + 0.3 * width, top + 0.2 * height)
    page.mouse.down()
    for share in (0.45, 0.55, 0.65):
        page.mouse.move(left + share * width, top + share * height)
    page.mouse.up()
    page.wait_for_function(f"before => {PLOT}._fullLayout.xaxis.range[0] > before", arg=before[0][0])
    return ranges(page)


def drawn(page: Page, name: str) -> np.ndarray:
    """Points (n, 2) of the picture's trace of that name, as Plotly has them."""
    found = page.evaluate(
        f"""name => {{
            const trace = {PLOT}._fullData.find(trace => trace.name === name);
            return JSON.stringify([[...trace.x], [...trace.y]]);
        }}""",
        name,
    )
    return np.array(json.loads(found)).T


def mark(page: Page, track: str) -> tuple[np.ndarray, float]:
    """Where the mark of a run stands in the picture, in its coordinates, and the size of a pixel in them."""
    marked = f".st-key-picture .player-point[data-track={track}]"
    expect(page.locator(marked)).to_have_attribute("transform", re.compile("translate"))
    x, y, pixel = page.evaluate(
        f"""marked => {{
            const {{ xaxis, yaxis }} = {PLOT}._fullLayout;
            const mark = document.querySelector(marked);
            const [x, y] = mark.getAttribute("transform").match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
            return [xaxis.p2l(x), yaxis.p2l(y), Math.max(1 / Math.abs(xaxis._m), 1 / Math.abs(yaxis._m))];
        }}""",
        marked,
    )
    return np.array([x, y]), pixel


def overflow(page: Page) -> int:
    """By how many pixels the page can be scrolled sideways, once it has been drawn."""
    settle(page)
    at_rest(page.locator("[data-testid=stMainBlockContainer]"))
    return page.evaluate(
        """Math.max(...[document.documentElement, document.querySelector("[data-testid=stMain]")].map(
            element => element.scrollWidth - element.clientWidth))"""
    )
