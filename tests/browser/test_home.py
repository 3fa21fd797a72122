"""The home page in a browser: the stall is seen and said on the first screen, on a desk and on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from visiting import at_rest, handle_says, mark, number_box, overflow, set_number, settle, verdicts, visit

from dynamics import gd, iterate, sam, verdict
from dynamics.sentences import number
from landscapes import CATALOGUE

Complaints = Callable[[Page], list[str]]
FIRST = next(iter(CATALOGUE.values()))


def sentences(rho: float) -> list[str]:
    l = FIRST.landscape
    return [
        verdict(l, iterate(rule, FIRST.start, FIRST.steps)).sentence
        for rule in (sam(l, FIRST.eta, rho), gd(l, FIRST.eta))
    ]


@pytest.mark.parametrize(
    ("width", "height", "color_scheme"), [(1400, 900, "light"), (390, 844, "dark")], ids=["desk", "phone"]
)
def test_the_first_screen_shows_the_stall_and_says_what_it_is(
    new_page: Callable[..., Page], app_url: str, complaints: Complaints, width: int, height: int, color_scheme: str
) -> None:
    page = new_page(width, height, color_scheme)
    visit(page, app_url)
    assert [text.removeprefix("●").strip() for text in verdicts(page).all_inner_texts()] == sentences(FIRST.rho)
    slope = FIRST.landscape.gradient([FIRST.rho - dict(FIRST.landscape.parameters)["a"]])[0]
    assert f"the slope there is {number(slope)}, not 0" in (verdicts(page).first.text_content() or "")
    said = at_rest(verdicts(page).last)
    seen = at_rest(page.locator(".st-key-picture .player-figure .nsewdrag").first)
    assert said["y"] + said["height"] < 0.75 * height
    assert seen["y"] + 0.5 * seen["height"] < height
    assert overflow(page) == 0
    assert complaints(page) == []


def test_the_marks_stand_where_the_runs_end(page: Page, app_url: str) -> None:
    visit(page, app_url)
    l = FIRST.landscape
    for rule in (sam(l, FIRST.eta, FIRST.rho), gd(l, FIRST.eta)):
        x = iterate(rule, FIRST.start, FIRST.steps).x[-1]
        at, pixel = mark(page, rule.name)
        assert abs(at[0] - x[0]) < pixel and abs(at[1] - l.value(x)) < pixel


def test_another_radius_has_another_verdict_and_is_in_the_link(
    page: Page, app_url: str, complaints: Complaints
) -> None:
    visit(page, app_url)
    set_number(page, "radius ρ", 0.3)
    expect(verdicts(page).first).to_contain_text(sentences(0.3)[0])
    expect(page.get_by_text("SAM is not deceived at this radius")).to_be_visible()
    expect(page).to_have_url(re.compile("[?&]radius=0.3"))
    visit(page, page.url)
    expect(verdicts(page).first).to_contain_text(sentences(0.3)[0])
    expect(number_box(page, "radius ρ")).to_have_value("0.3")
    slider = page.get_by_role("slider", name="radius ρ")
    slider.press("End")
    expect(number_box(page, "radius ρ")).to_have_value(f"{FIRST.rho_max:g}")
    expect(verdicts(page).first).to_contain_text(sentences(FIRST.rho_max)[0])
    assert complaints(page) == []


def test_a_dragged_start_reaches_its_box_and_the_link(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, app_url)
    handle = page.locator(".player-handle")
    for _ in range(12):
        handle.press("Shift+ArrowRight")
    (chosen,) = handle_says(page)  # all twelve; the page may already have taken over some of them
    page.wait_for_url(re.compile(f"[?&]start={re.escape(chosen)}(&|$)"))
    expect(number_box(page, "start x; or drag the ring in the picture")).to_have_value(chosen)
    settle(page)
    start = float(chosen)
    assert start > FIRST.start[0]
    l = FIRST.landscape
    said = verdict(l, iterate(sam(l, FIRST.eta, FIRST.rho), [start], FIRST.steps)).sentence
    expect(verdicts(page).first).to_contain_text(said)
    visit(page, page.url)
    expect(verdicts(page).first).to_contain_text(said)
    assert complaints(page) == []


def test_a_door_leads_to_explore(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.get_by_role("link", name="Explore: where does SAM stop on your function?").click()
    expect(page).to_have_title("Explore")
    settle(page)
    assert [text.removeprefix("●").strip() for text in verdicts(page).all_inner_texts()] == sentences(FIRST.rho)
