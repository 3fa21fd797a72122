"""The home page in a browser: the stall is seen and said on the first screen, on a desk and on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from visiting import at_rest, handle_says, mark, number_box, overflow, set_number, settle, verdicts, visit

from dynamics import gd, iterate, sam, verdict
from dynamics.sentences import number
from landscapes import CATALOGUE
from pages.shared.analysis import Question, answer
from pages.shared.stall import gd_ended, sam_ended

Complaints = Callable[[Page], list[str]]
PRESET = CATALOGUE["hill"]


def sentences(rho: float = PRESET.rho, start: tuple[float, ...] = PRESET.start) -> list[str]:
    q = Question(PRESET.landscape, rho, PRESET.eta, start, PRESET.steps)
    a = answer(q)
    return [sam_ended(q, a.sam.verdict), gd_ended(q, a)]


@pytest.mark.parametrize(
    ("width", "height", "color_scheme"), [(1400, 900, "light"), (390, 844, "dark")], ids=["desk", "phone"]
)
def test_the_first_screen_shows_the_stall_and_says_what_it_is(
    new_page: Callable[..., Page], app_url: str, complaints: Complaints, width: int, height: int, color_scheme: str
) -> None:
    page = new_page(width, height, color_scheme)
    visit(page, app_url)
    assert [text.removeprefix("●").strip() for text in verdicts(page).all_inner_texts()] == sentences()
    slope = PRESET.landscape.gradient([PRESET.rho - dict(PRESET.landscape.parameters)["a"]])[0]
    assert f"although f still falls there: the slope is {number(slope)}, not 0" in (
        verdicts(page).first.text_content() or ""
    )
    said = at_rest(verdicts(page).last)
    seen = at_rest(page.locator(".st-key-picture .player-figure .nsewdrag").first)
    assert said["y"] + said["height"] < 0.75 * height
    assert seen["y"] + 0.5 * seen["height"] < height
    assert overflow(page) == 0
    assert complaints(page) == []


def test_the_marks_stand_where_the_runs_end(page: Page, app_url: str) -> None:
    visit(page, app_url)
    l = PRESET.landscape
    for rule in (sam(l, PRESET.eta, PRESET.rho), gd(l, PRESET.eta)):
        x = iterate(rule, PRESET.start, PRESET.steps).x[-1]
        at, pixel = mark(page, rule.name)
        assert abs(at[0] - x[0]) < pixel and abs(at[1] - l.value(x)) < pixel


def test_another_radius_has_another_verdict_and_is_in_the_link(
    page: Page, app_url: str, complaints: Complaints
) -> None:
    visit(page, app_url)
    set_number(page, "radius ρ", 0.5)
    expect(verdicts(page).first).to_contain_text(sentences(0.5)[0])
    expect(page.get_by_text("A trap, but no hallucination")).to_be_visible()
    expect(page).to_have_url(re.compile("[?&]radius=0.5"))
    visit(page, page.url)
    expect(verdicts(page).first).to_contain_text(sentences(0.5)[0])
    expect(number_box(page, "radius ρ")).to_have_value("0.5")
    slider = page.get_by_role("slider", name="radius ρ")
    slider.press("End")
    expect(number_box(page, "radius ρ")).to_have_value(f"{PRESET.rho_max:g}")
    expect(verdicts(page).first).to_contain_text(sentences(PRESET.rho_max)[0])
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
    assert start > PRESET.start[0]
    said = sentences(start=(start,))[0]
    expect(verdicts(page).first).to_contain_text(said)
    visit(page, page.url)
    expect(verdicts(page).first).to_contain_text(said)
    assert complaints(page) == []


def test_the_curves_show_when_they_are_asked_for(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, app_url)
    curves = page.locator(".player-curves-figure")
    expect(curves).to_be_hidden()
    page.get_by_text("Curves over the steps").click()
    expect(curves.locator(".main-svg").first).to_be_visible()
    set_number(page, "radius ρ", 2.2)
    settle(page)
    expect(curves).to_be_visible()  # once open they stay
    assert complaints(page) == []


def test_a_door_leads_to_explore(page: Page, app_url: str) -> None:
    visit(page, app_url)
    page.get_by_role("link", name="Explore: where does SAM stop on your function?").click()
    expect(page).to_have_title("Explore")
    settle(page)
    l = PRESET.landscape
    ended = [
        verdict(l, iterate(rule, PRESET.start, PRESET.steps)).sentence
        for rule in (sam(l, PRESET.eta, PRESET.rho), gd(l, PRESET.eta))
    ]
    assert [text.removeprefix("●").strip() for text in verdicts(page).all_inner_texts()] == ended


@pytest.mark.parametrize("width", [1400, 390])
def test_the_radius_stays_where_it_is_while_the_words_change(
    new_page: Callable[..., Page], app_url: str, width: int
) -> None:
    page = new_page(width, 844)
    visit(page, app_url)
    slider = page.get_by_role("slider", name="radius ρ")
    places = []
    for rho in (PRESET.rho, 0.3, 0.0, 1.0):
        set_number(page, "radius ρ", rho)
        expect(verdicts(page).first).to_contain_text(sentences(rho)[0])
        settle(page)
        places.append(at_rest(slider)["y"])
    assert len(set(places)) == 1


def test_a_number_beyond_the_limits_is_clamped_and_said(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, app_url)
    set_number(page, "radius ρ", 99)
    expect(number_box(page, "radius ρ")).to_have_value(f"{PRESET.rho_max:g}")
    expect(
        page.get_by_text(f"radius ρ = 99 is outside 0 to {PRESET.rho_max:g}; {PRESET.rho_max:g} is used.")
    ).to_be_visible()
    expect(verdicts(page).first).to_contain_text(sentences(PRESET.rho_max)[0])
    assert complaints(page) == []


def test_on_a_phone_the_radius_and_the_picture_are_on_one_screen(new_page: Callable[..., Page], app_url: str) -> None:
    page = new_page(390, 800)
    for url in (app_url, f"{app_url}/Explore?landscape=Himmelblau%27s+function"):
        visit(page, url)
        slider = at_rest(page.get_by_role("slider", name="radius ρ"))
        seen = at_rest(page.locator(".st-key-picture .player-figure .nsewdrag").first)
        box = at_rest(number_box(page, "radius ρ"))
        assert abs(box["y"] + box["height"] / 2 - slider["y"] - slider["height"] / 2) < 40  # side by side
        assert seen["y"] + seen["height"] - slider["y"] < 800
