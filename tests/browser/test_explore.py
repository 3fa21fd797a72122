"""Explore in a browser: the road from a formula to the verdict, the link, and what a keyboard and a phone reach."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from visiting import (
    PLOT,
    choose,
    controls,
    drawn,
    eventually,
    formula_box,
    go_to,
    landscape,
    mark,
    number_box,
    overflow,
    ranges,
    set_number,
    settle,
    type_formula,
    verdicts,
    visit,
    zoom,
)

from app_server import Server
from dynamics import gd, hallucinated_points, iterate, sam, verdict
from landscapes import CATALOGUE, Landscape
from pages.shared.controls import titled

Complaints = Callable[[Page], list[str]]

HIMMELBLAU = CATALOGUE["himmelblau"]
FIRST = next(iter(CATALOGUE.values()))
TYPED = "(x^2+y-11)^2/100 + (x+y^2-7)^2/100"


def explore(app_url: str, **link: str) -> str:
    return f"{app_url}/Explore?{urlencode(link)}"


def sam_says(l: Landscape, rho: float, eta: float, start: tuple[float, ...], steps: int) -> str:
    return verdict(l, iterate(sam(l, eta, rho), start, steps)).sentence


def test_the_road_from_a_formula_to_the_verdict(
    page: Page, new_page: Callable[..., Page], app_url: str, complaints: Complaints
) -> None:
    visit(page, explore(app_url))
    type_formula(page, TYPED)
    expect(number_box(page, "start y")).to_be_visible()
    expect(landscape(page)).to_have_value("Your own formula")
    set_number(page, "radius ρ", 3)
    l, start = Landscape(TYPED, ((-6.0, 6.0), (-6.0, 6.0))), (2.2, 1.3)
    found = hallucinated_points(l, 3.0)
    assert len(found) == 14
    expect(
        page.get_by_text(f"14 points found, {int(found.attract(FIRST.eta).sum())} of them attracting SAM")
    ).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").locator("[role=grid], table")).to_have_attribute("aria-rowcount", "15")
    expect(verdicts(page).first).to_contain_text(sam_says(l, 3.0, FIRST.eta, start, FIRST.steps))

    # Zoom, and move the radius by the keyboard: the zoom stays.
    zoomed = zoom(page)
    slider = page.get_by_role("slider", name="radius ρ")
    slider.press("ArrowLeft")
    expect(number_box(page, "radius ρ")).not_to_have_value("3")
    rho = float(number_box(page, "radius ρ").input_value())
    assert 2.5 < rho < 3.0
    expect(verdicts(page).first).to_contain_text(sam_says(l, rho, FIRST.eta, start, FIRST.steps))
    count = len(hallucinated_points(l, rho))
    expect(page.get_by_text(f"{count} points found, ")).to_be_visible()
    settle(page)
    np.testing.assert_allclose(ranges(page), zoomed)

    # A broken formula: what is wrong and where, beside the last good picture.
    said = verdicts(page).all_inner_texts()
    alt = page.locator(".st-key-picture .player-alt").get_attribute("aria-label") or ""
    type_formula(page, "(x^2+y-11)^2/100 + (x+y^2-7)^2/100 + sine(x)")
    expect(page.get_by_role("alert")).to_have_text("unknown function 'sine' at column 38; did you mean 'sin'?")
    settle(page)
    assert verdicts(page).all_inner_texts() == said
    expect(page.locator(".st-key-picture .player-alt")).to_have_attribute("aria-label", alt)
    np.testing.assert_allclose(ranges(page), zoomed)
    type_formula(page, TYPED)
    expect(page.get_by_role("alert")).to_have_count(0)
    settle(page)

    # The link, elsewhere, is the same state.
    elsewhere = new_page()
    visit(elsewhere, page.url)
    expect(verdicts(elsewhere).first).to_contain_text(sam_says(l, rho, FIRST.eta, start, FIRST.steps))
    assert verdicts(elsewhere).all_inner_texts() == said
    assert controls(elsewhere) == controls(page)
    expect(elsewhere.locator(".st-key-picture .player-alt")).to_have_attribute("aria-label", alt)
    assert complaints(page) == complaints(elsewhere) == []


@pytest.mark.parametrize("name", ["double-well", "himmelblau"])
def test_what_is_drawn_is_what_was_computed(page: Page, app_url: str, name: str) -> None:
    entry = CATALOGUE[name]
    l = entry.landscape
    visit(page, explore(app_url, landscape=entry.name))
    for rule in (gd(l, entry.eta), sam(l, entry.eta, entry.rho)):
        x = iterate(rule, entry.start, entry.steps).x[-1]
        at, pixel = mark(page, rule.name)
        assert np.abs(at - (x if l.dim == 2 else [x[0], l.value(x)])).max() < pixel
    found = hallucinated_points(l, entry.rho)
    attract = found.attract(entry.eta)
    for member, label in ((attract, "hallucinated, attracts"), (~attract, "hallucinated, repels")):
        points = found.points[member]
        expected = points if l.dim == 2 else np.stack([points[:, 0], l.value(points)], axis=-1)
        shown = drawn(page, label)
        np.testing.assert_allclose(shown[np.lexsort(shown.T)], expected[np.lexsort(expected.T)], atol=1e-9)
    x, y = page.evaluate(f"[{PLOT}._fullLayout.xaxis.range, {PLOT}._fullLayout.yaxis.range].map(r => r.map(Number))")
    assert x == list(l.domain[0])
    assert l.dim == 1 or y == list(l.domain[1])


def test_the_points_are_taken_away_with_every_digit(page: Page, app_url: str) -> None:
    visit(page, explore(app_url, landscape=HIMMELBLAU.name))
    with page.expect_download() as download:
        page.get_by_role("button", name="Points as CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    names = lines[0].split(",")
    l = HIMMELBLAU.landscape
    found = hallucinated_points(l, HIMMELBLAU.rho)
    x = np.array([[float(row[names.index(axis)]) for axis in "xy"] for row in rows])
    target = np.array([[float(row[names.index(f"target {axis}")]) for axis in "xy"] for row in rows])
    assert len(x) == len(found)
    np.testing.assert_allclose(np.hypot(*(x - target).T), HIMMELBLAU.rho, rtol=1e-14)
    g = l.gradient(x)
    ahead = x + HIMMELBLAU.rho * g / np.linalg.norm(g, axis=-1, keepdims=True)
    assert np.linalg.norm(l.gradient(ahead), axis=-1).max() < 1e-11
    norms = [float(row[names.index("|∇f(x)|")]) for row in rows]
    np.testing.assert_allclose(norms, np.linalg.norm(g, axis=-1), rtol=1e-12)


def test_back_and_forward_return_to_what_was_there(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, explore(app_url))
    choose(page, HIMMELBLAU.name)
    expect(number_box(page, "start y")).to_have_value("1")
    set_number(page, "radius ρ", 2)
    expect(page).to_have_url(re.compile("rho=2"))
    boxes = page.get_by_role("switch", name="show the boxes and arcs")  # where the proof is cheap, at the page's end
    prove = page.get_by_role("button", name="Prove that these are all")
    expect(boxes).to_be_attached()
    settle(page)
    himmelblau = controls(page)
    choose(page, "Ring of minimizers")
    expect(number_box(page, "radius ρ")).to_have_value("1.5")
    expect(prove).to_be_attached()
    expect(boxes).to_have_count(0)
    settle(page)
    ring = controls(page)
    page.go_back()
    expect(landscape(page)).to_have_value(titled(HIMMELBLAU.name))
    expect(number_box(page, "start x")).to_have_value("4.5")
    expect(boxes).to_be_attached()
    settle(page)
    assert controls(page) == himmelblau
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    page.go_forward()
    expect(landscape(page)).to_have_value(titled("Ring of minimizers"))
    expect(number_box(page, "radius ρ")).to_have_value("1.5")
    expect(prove).to_be_attached()
    expect(boxes).to_have_count(0)
    settle(page)
    assert controls(page) == ring
    assert complaints(page) == []


def test_the_tangent_of_a_line_does_not_stay_over_a_plane(page: Page, app_url: str) -> None:
    """In two variables there is none; the handle's marks are those of the runs before, moved."""
    visit(page, explore(app_url))
    tangents = "marks => marks.map(mark => mark.getAttribute('d')).filter(d => d)"

    def one_is_drawn() -> None:
        assert page.locator(".player-slope").evaluate_all(tangents) != []

    eventually(one_is_drawn)
    type_formula(page, "sin(x)*sin(y)")
    expect(number_box(page, "start y")).to_be_visible()
    settle(page)

    def none_is_drawn() -> None:
        assert page.locator(".player-slope").evaluate_all(tangents) == []

    eventually(none_is_drawn)


def test_the_menu_keeps_the_controls_and_the_link_is_written_again(
    page: Page, new_page: Callable[..., Page], app_url: str, complaints: Complaints
) -> None:
    visit(page, explore(app_url, landscape=HIMMELBLAU.name, rho="2.5"))
    set_number(page, "step size η", 0.03)
    set_number(page, "start x", -1.5)
    type_formula(page, "a x^2 + y^2 - cos(3x)")
    expect(number_box(page, "a")).to_be_visible()
    set_number(page, "a", 7.5)
    expect(page).to_have_url(re.compile("p_a=7.5"))
    settle(page)
    before, said = controls(page), verdicts(page).all_inner_texts()
    go_to(page, "Home")
    expect(page).to_have_title("SAM Landscapes")
    expect(page.get_by_text("Who says what")).to_be_visible()
    go_to(page, "Explore")
    expect(page).to_have_title("Explore")
    expect(number_box(page, "a")).to_have_value("7.5")
    settle(page)
    assert controls(page) == before
    assert verdicts(page).all_inner_texts() == said
    elsewhere = new_page()
    visit(elsewhere, page.url)
    assert controls(elsewhere) == before
    assert complaints(page) == complaints(elsewhere) == []


def test_a_link_with_broken_parts_says_which_and_the_words_stay(page: Page, app_url: str) -> None:
    visit(page, explore(app_url, landscape=HIMMELBLAU.name, rho="99", eta="abc", y="3"))
    expect(page.get_by_test_id("stAlert")).to_have_count(2)
    said = page.get_by_test_id("stAlert").all_inner_texts()
    assert "radius ρ = '99', which is not a number from 0 to 6; 3 is used" in said[0]
    assert "step size η = 'abc'" in said[1]
    page.wait_for_timeout(500)  # nothing that the page itself does takes them away
    assert page.get_by_test_id("stAlert").all_inner_texts() == said
    expect(number_box(page, "start y")).to_have_value("3")
    expect(page).not_to_have_url(re.compile("rho|eta"))


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_text_in_the_picture_can_be_read_in_both_themes(
    new_page: Callable[..., Page], app_url: str, color_scheme: str
) -> None:
    page = new_page(color_scheme=color_scheme)
    visit(page, explore(app_url, landscape=HIMMELBLAU.name))
    text, ground = page.evaluate(
        """() => {
            const label = document.querySelector(".st-key-picture .xtick text");
            const app = document.querySelector("[data-testid=stApp]");
            return [getComputedStyle(label).fill, getComputedStyle(app).backgroundColor];
        }"""
    )
    assert contrast(text, ground) > 4.5  # WCAG 2, for text of normal size


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, by WCAG 2."""
    luminances = []
    for color in (one, other):
        channels = np.array([float(part) for part in re.findall(r"[\d.]+", color)[:3]]) / 255.0
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        luminances.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


@pytest.mark.parametrize(
    ("name", "color_scheme"), [("double-well", "light"), ("himmelblau", "dark"), ("rastrigin", "light")]
)
def test_a_phone_shows_everything_without_sideways_scrolling(
    new_page: Callable[..., Page], app_url: str, complaints: Complaints, name: str, color_scheme: str
) -> None:
    page = new_page(390, 844, color_scheme)
    visit(page, explore(app_url, landscape=CATALOGUE[name].name, surrogate="true", field="true", rho="999"))
    assert overflow(page) == 0
    page.get_by_text("What was searched and checked").click()
    page.get_by_test_id("stExpander").get_by_text("Window", exact=True).click()
    expect(page.get_by_text("Targets were searched")).to_be_visible()
    assert overflow(page) == 0
    type_formula(page, "+".join(f"sin({i}*x)*exp(-x^2)" for i in range(1, 12)))  # typeset, it is wide
    expect(landscape(page)).to_have_value("Your own formula")
    settle(page)
    assert overflow(page) == 0
    type_formula(page, "W" * 12 + "W" * 200 + "(x)")
    expect(page.get_by_text("longer than 12 characters").or_(page.get_by_text("unknown function"))).to_be_visible()
    assert overflow(page) == 0
    assert complaints(page) == []


def test_the_keyboard_reaches_every_control_in_order(page: Page, app_url: str) -> None:
    visit(page, explore(app_url, landscape=FIRST.name))
    landscape(page).focus()
    reached = []
    name = "(({ activeElement: e }) => e.getAttribute('aria-label') || e.innerText.trim().split('\\n').pop())(document)"
    while "Points as CSV" not in reached and len(reached) < 100:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(name))
    wanted = ["f, a formula in x, or in x and y", "radius ρ", "step size η", "Play", "start x", "steps", "a", "b"]
    wanted += ["Window", "show f at the look-ahead point, f(x⁺)", "Points as CSV"]
    order = [reached.index(name) for name in wanted]
    assert order == sorted(order)


def test_a_slider_moves_by_keys_and_the_box_has_the_exact_value(page: Page, app_url: str) -> None:
    visit(page, explore(app_url))
    page.get_by_role("slider", name="step size η").press("ArrowRight")
    expect(number_box(page, "step size η")).not_to_have_value("0.01")
    eta = float(number_box(page, "step size η").input_value())
    assert 0.01 < eta < 0.012
    expect(page).to_have_url(re.compile("eta=0.01"))
    set_number(page, "step size η", 0.0123456)
    expect(page).to_have_url(re.compile("eta=0.0123456"))
    expect(verdicts(page).first).to_contain_text(
        sam_says(FIRST.landscape, FIRST.rho, 0.0123456, FIRST.start, FIRST.steps)
    )
    page.locator(".st-key-_p_a_slider").get_by_role("slider").press("ArrowRight")
    expect(number_box(page, "a")).not_to_have_value("0.6")
    expect(page).to_have_url(re.compile("p_a="))


def test_typed_text_is_never_markup(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, explore(app_url, formula="<img src=x onerror=alert(1)>"))
    expect(page.get_by_role("alert")).to_contain_text("at column")
    said = page.get_by_role("alert").inner_text()
    type_formula(page, "**bold** $x$ [a](b) :red[x]")
    expect(page.get_by_role("alert")).not_to_have_text(said)
    expect(page.get_by_role("alert")).to_contain_text("at column 1")
    settle(page)
    assert page.get_by_role("alert").locator("strong, a, img, .katex").count() == 0
    assert formula_box(page).input_value() == "**bold** $x$ [a](b) :red[x]"
    assert complaints(page) == []


def test_the_server_has_nothing_to_complain_of(page: Page, server: Server) -> None:
    visit(page, explore(server.url, formula="x*y", eta="10"))
    for formula in ("exp(exp(x + y))", "log(x)*sqrt(y)", "1/x", "0*x"):
        type_formula(page, formula)
        page.wait_for_url(lambda url, formula=formula: parse_qs(urlsplit(url).query).get("formula") == [formula])
        expect(page.locator(".st-key-picture .player-alt")).to_be_attached()
        settle(page)
    log = server.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "Warning" not in log
