"""The runs lie on the picture that they belong to, whatever was shown before."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from visiting import PLOT, set_number, settle, verdicts, visit

from landscapes import CATALOGUE

BY_NAME = {entry.name: entry for entry in CATALOGUE.values()}
RING = """() => {
    const layout = document.querySelector('.st-key-picture .player-figure')._fullLayout;
    const figure = document.querySelector('.st-key-picture .player-figure').getBoundingClientRect();
    const ring = document.querySelector('.st-key-picture .player-handle').getBoundingClientRect();
    const path = document.querySelector('.st-key-picture .player-path');
    return [
        ring.x + ring.width / 2 - figure.x - layout.xaxis._offset,
        ring.y + ring.height / 2 - figure.y - layout.yaxis._offset,
        path.getAttribute('d') ? 1 : 0,
    ];
}"""


def assert_start_in_place(page: Page, start: tuple[float, ...]) -> None:
    """The ring is where the axes have the start, and a path is drawn."""
    x, y = start
    there = f"[{PLOT}._fullLayout.xaxis.l2p({x}), {PLOT}._fullLayout.yaxis.l2p({y})]"
    near = "drawn && Math.abs(x - a) < 1.5 && Math.abs(y - b) < 1.5"
    page.wait_for_function(f"() => {{ const [x, y, drawn] = ({RING})(); const [a, b] = {there}; return {near}; }}")


@pytest.mark.parametrize(
    ("name", "size"),
    [("Quadratic bowl", (1400, 900)), ("Beale's function", (1280, 720)), ("Two valleys", (390, 800))],
)
def test_the_start_lies_where_the_axes_have_it(
    new_page: Callable[..., Page], app_url: str, name: str, size: tuple[int, int]
) -> None:
    page = new_page(*size)
    visit(page, f"{app_url}/Explore?v=1&landscape={name.replace(' ', '+')}")
    assert_start_in_place(page, BY_NAME[name].start)


def test_a_radius_of_nothing_and_back(page: Page, app_url: str, complaints: Callable[[Page], list[str]]) -> None:
    visit(page, f"{app_url}/Explore?v=1&landscape=Asymmetric+double+well")
    before = verdicts(page).last.text_content() or ""
    for rho in (0.0, 1.0, 0.0, 1.0):
        said = verdicts(page).first.text_content() or ""
        set_number(page, "radius ρ", rho)
        expect(verdicts(page).first).not_to_have_text(said)
        settle(page)
        expect(page.locator(".st-key-picture .player-path").first).to_be_attached()
    expect(verdicts(page).last).to_have_text(before)
    assert page.get_by_text("BidiComponent").count() == 0
    assert complaints(page) == []
