"""Paths that are played, in a real browser: what is drawn is what Python computed, wherever the playback stands."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from visiting import at_rest, eventually, handle_says, number_box, set_number, settle

from app_server import free_port, running
from dynamics import gd, iterate, sam
from dynamics.sentences import number
from pages.shared.analysis import answer
from pages.shared.playback import Playback
from pages.shared.tracks import playback
from tests.browser.player_app import QUESTIONS

Complaints = Callable[[Page], list[str]]

FULL_LAYOUT = "document.querySelector('.player-figure')._fullLayout"
# Where a track's mark and the tip of its arrow are drawn, through the axes: their coordinates.
DRAWN = f"""name => {{
    const {{ xaxis, yaxis }} = {FULL_LAYOUT};
    const back = ([x, y]) => [xaxis.p2l(x), yaxis.p2l(y)];
    const numbers = text => text.match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
    const [point, ahead] = ["point", "ahead"].map(
        mark => document.querySelector(`.player-${{mark}}[data-track=${{name}}]`));
    const arrow = ahead.getAttribute("d");
    return {{
        x: point.style.display === "none" ? null : back(numbers(point.getAttribute("transform"))),
        tip: arrow ? back(numbers(arrow.split("M")[1]).slice(-2)) : null, // before the head
        pixel: [1 / Math.abs(xaxis._m), 1 / Math.abs(yaxis._m)],
    }};
}}"""
PATH = f"""index => {{
    const {{ xaxis, yaxis }} = {FULL_LAYOUT};
    const text = document.querySelectorAll(".player-path")[index].getAttribute("d");
    return text.slice(1).split("L").map(pair => pair.split(" ").map(Number)).map(
        ([x, y]) => [xaxis.p2l(x), yaxis.p2l(y)]);
}}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "tests.browser.player_app:app", "--host=127.0.0.1", f"--port={port}"]
    log = tmp_path_factory.mktemp("playback") / "log.txt"
    with running(command, address, log):
        yield address
    assert "Traceback" not in log.read_text()


def open_case(page: Page, url: str, case: str) -> Playback:
    """Open a case and return what Python plays there."""
    page.goto(f"{url}?case={case}")
    expect(page.locator(".player-figure .main-svg").first).to_be_attached()
    expect(page.get_by_text("run 1")).to_be_visible()
    expect(page.locator(".player-path").first).to_have_attribute("d", re.compile("^M|^$"))
    settle(page)
    return playback(QUESTIONS[case], answer(QUESTIONS[case]))


def step(page: Page) -> int:
    text = page.locator(".player-step").text_content() or ""
    return int(text.split()[1].replace(",", ""))


def scrub_to(page: Page, index: int) -> None:
    set_value = "(range, index) => { range.value = index; range.dispatchEvent(new Event('input')); }"
    page.get_by_role("slider", name="Step").evaluate(set_value, index)


def assert_drawn(page: Page, paths: Playback, k: int) -> None:
    """The marks are at the points of step k, to a pixel; a million pixels out they need not be."""
    for track in paths.tracks:
        i = int(np.searchsorted(track.k, k, side="right")) - 1
        drawn = page.evaluate(DRAWN, track.name)
        assert drawn["x"] is not None
        pixel = np.array(drawn["pixel"])
        if np.abs(track.x[i] / pixel).max() > 5e5:
            continue
        assert np.abs((track.x[i] - drawn["x"]) / pixel).max() < 1
        if track.x_plus is None:
            assert drawn["tip"] is None
        else:
            assert np.abs((track.x_plus[i] - drawn["tip"]) / pixel).max() < 1


@pytest.mark.parametrize("case", ["plane", "line"])
def test_it_opens_at_the_end_with_whole_paths_and_says_how_the_runs_ended(
    page: Page, url: str, case: str, complaints: Complaints
):
    paths = open_case(page, url, case)
    assert_drawn(page, paths, 2000)
    for i, track in enumerate(paths.tracks):
        drawn = np.array(page.evaluate(PATH, i))
        pixel = page.evaluate(DRAWN, track.name)["pixel"]
        # Every point of the run lies within a pixel of a drawn one, and the ends are drawn.
        away = np.abs((track.x[:, None] - drawn[None]) / pixel).max(axis=-1)
        assert away.min(axis=1).max() < 1
        assert away[0, 0] < 1
    says = page.locator(".player-live")
    for track in paths.tracks:
        expect(says).to_contain_text(track.end)
    expect(says).to_contain_text("SAM stalled after")
    expect(page.locator(".player-notes span").first).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("case", ["plane", "line", "diverging"])
def test_what_is_drawn_at_a_step_is_what_python_computed(page: Page, url: str, case: str, complaints: Complaints):
    paths = open_case(page, url, case)
    timeline = max((track.k for track in paths.tracks), key=lambda k: k[-1])
    for index in (0, 1, len(timeline) // 3, len(timeline) - 1):
        scrub_to(page, index)
        assert step(page) == timeline[index]
        assert_drawn(page, paths, int(timeline[index]))
    assert complaints(page) == []


def test_playing_asks_nothing_of_the_server_and_pauses(page: Page, url: str, complaints: Complaints):
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(len(frame))))
    paths = open_case(page, url, "plane")
    expect(page.locator(".player-curves-figure .main-svg").first).to_be_attached()
    at_rest(page.locator(".player"))
    sent.clear()
    page.get_by_label("Speed").select_option("1")  # 40 seconds for all
    page.get_by_role("button", name="Play", exact=True).click()
    on_its_way = "({ value, max }) => +value > 20 && +value < +max"
    page.wait_for_function(f"({on_its_way})(document.querySelector('.player-scrub'))")
    page.get_by_role("button", name="Pause").click()
    k = step(page)
    assert 20 < k < 2000
    assert_drawn(page, paths, k)
    page.wait_for_timeout(200)
    assert step(page) == k
    page.get_by_role("button", name="One step on").click()
    assert step(page) == k + 1
    page.get_by_role("button", name="One step back").click()
    page.get_by_role("button", name="One step back").click()
    assert step(page) == k - 1
    assert_drawn(page, paths, k - 1)
    expect(page.locator(".player-notes")).to_be_hidden()  # they belong to the end
    assert sent == []
    assert complaints(page) == []


def test_the_keys_play_step_and_go_to_the_ends(page: Page, url: str):
    open_case(page, url, "plane")
    button = page.get_by_role("button", name="One step on")
    button.focus()
    page.keyboard.press("Home")
    assert step(page) == 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert step(page) == 1
    page.keyboard.press("End")
    assert step(page) == 2000
    scrub = page.get_by_role("slider", name="Step")
    scrub.press("Home")
    scrub.press("ArrowRight")
    assert step(page) == 1
    assert scrub.get_attribute("aria-valuetext") == "step 1 of 2,000"
    page.get_by_label("Speed").select_option("1")  # 40 seconds for all
    scrub.press("Space")
    page.wait_for_function("document.querySelector('.player-scrub').value > 20")
    scrub.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert step(page) < 2000


def test_it_stops_at_the_end_or_begins_again(page: Page, url: str):
    open_case(page, url, "short")
    page.get_by_label("Speed").select_option("4")  # a tenth of a second for all: what it shows is written down
    page.evaluate(
        """() => {
            window.rounds = 0;
            let before = 20;
            new MutationObserver(() => {
                const now = Number(document.querySelector('.player-scrub').value);
                if (now < before) window.rounds++;
                before = now;
            }).observe(document.querySelector('.player-step'), { childList: true, characterData: true, subtree: true });
        }"""
    )
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("window.rounds > 0")  # it has begun anew
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()  # and paused itself
    assert step(page) == 20
    assert page.evaluate("window.rounds") == 1
    page.get_by_role("button", name="Loop").click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("window.rounds >= 4")
    page.get_by_role("button", name="Pause").click()


def test_a_hidden_tab_pauses_and_reduced_motion_does_not_begin_again(new_page: Callable[..., Page], url: str):
    page = new_page(reduced_motion="reduce")
    open_case(page, url, "plane")
    assert step(page) == 2000  # nothing has moved by itself
    page.get_by_label("Speed").select_option("0.25")  # more than two minutes for all
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert step(page) < 2000
    scrub_to(page, 1990)
    page.get_by_role("button", name="Loop").click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.player-scrub').value == 2000")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_one_step_under_the_microscope(page: Page, url: str, complaints: Complaints):
    paths = open_case(page, url, "line")
    sam = paths.tracks[1]
    assert sam.x_plus is not None and sam.step is not None and sam.slope is not None
    scrub_to(page, 10)
    page.get_by_role("button", name="One step under the microscope").click()
    says = page.locator(".player-microscope p")
    marks = "['ahead', 'measured', 'back'].map(m => !!document.querySelectorAll('.player-' + m)[1].getAttribute('d'))"
    expect(says).to_contain_text(f"Step 10 of SAM, look uphill: from x = {number(sam.x[10, 0])}")
    expect(says).to_contain_text(f"slope is {number(sam.slope[10])}")
    expect(says).to_contain_text(f"to x = {number(sam.x_plus[10, 0])}")
    assert page.evaluate(marks) == [True, False, False]
    page.get_by_role("button", name="Next").click()
    expect(says).to_contain_text(f"Measure there: the slope is {number(sam.step[10, 0])}.")
    assert page.evaluate(marks) == [True, True, False]
    page.get_by_role("button", name="Next").click()
    expect(says).to_contain_text(f"to x = {number(sam.x[11, 0])}.")
    assert page.evaluate(marks) == [True, True, True]
    page.get_by_role("button", name="Next step").click()
    assert step(page) == 11
    expect(says).to_contain_text("Step 11 of SAM, look uphill")
    page.get_by_role("button", name="One step under the microscope").click()
    expect(says).to_be_hidden()
    assert page.evaluate(marks) == [True, True, True]
    assert complaints(page) == []


def test_the_circle_has_the_radius_rho(page: Page, url: str):
    paths = open_case(page, url, "plane")
    circle = page.locator(".player-circle").nth(1)
    expect(circle).to_be_hidden()
    page.get_by_role("button", name="Circle of radius ρ").click()
    expect(circle).to_be_visible()
    radius = float(circle.get_attribute("rx") or 0) * page.evaluate(DRAWN, "SAM")["pixel"][0]
    assert radius == pytest.approx(paths.tracks[1].rho, rel=1e-3)


def test_the_curves_have_the_numbers_and_a_click_goes_to_its_step(page: Page, url: str, complaints: Complaints):
    paths = open_case(page, url, "plane")
    curves = page.locator(".player-curves-figure")
    expect(curves.locator(".main-svg").first).to_be_attached()
    drawn = curves.evaluate("div => div._fullData.map(t => [t.meta, Array.from(t.x), Array.from(t.y)])")
    assert len(drawn) == 5
    for (track, curve), x, y in drawn:
        np.testing.assert_array_equal(x, paths.tracks[track].k)
        np.testing.assert_allclose(y, getattr(paths.tracks[track], curve), rtol=1e-6, atol=1e-30)
    curves.scroll_into_view_if_needed()
    box = at_rest(curves.locator(".x2y2 .nsewdrag"))
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 40)
    expected = page.evaluate(
        f"document.querySelector('.player-curves-figure')._fullLayout.xaxis2.p2l({0.25 * box['width']})"
    )
    assert step(page) == pytest.approx(expected, abs=10)
    assert_drawn(page, paths, step(page))
    cursors = page.locator(".player-cursors path").evaluate_all(
        "all => all.map(path => path.getBoundingClientRect().left)"
    )
    assert cursors[1] == pytest.approx(box["x"] + 0.25 * box["width"], abs=2)
    assert complaints(page) == []


def start_of(page: Page) -> tuple[float, ...]:
    text = page.get_by_text("starts at").text_content() or ""
    return tuple(float(number) for number in re.findall(r"-?[\d.]+", text))


def assert_starts(page: Page, case: str, start: tuple[float, ...]) -> None:
    """The page has taken the start over, and the paths are those from there."""
    expect(page.get_by_text(f"starts at {start}")).to_be_visible()
    q = replace(QUESTIONS[case], start=start)
    paths = playback(q, answer(q))
    expect(page.locator(".player-live")).to_contain_text(paths.tracks[1].end)
    eventually(lambda: assert_drawn(page, paths, q.steps))


def runs(page: Page) -> int:
    """How often the script has run."""
    return int((page.get_by_text("run ").text_content() or "").split()[1])


def centre(page: Page) -> tuple[float, float]:
    box = at_rest(page.locator(".player-handle"))
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def centre_in_figure(page: Page) -> tuple[float, float]:
    figure = at_rest(page.locator(".player-figure"))
    x, y = centre(page)
    return x - figure["x"], y - figure["y"]


def test_a_click_sets_the_start_and_draws_no_new_ground(page: Page, url: str, complaints: Complaints):
    open_case(page, url, "plane")
    expect(page.locator(".player-curves-figure .main-svg").first).to_be_attached()  # the curves come later
    box = at_rest(page.locator(".player-figure .nsewdrag"))
    page.evaluate(
        """() => {
            const react = window.Plotly.react;
            window.reacted = [];
            window.Plotly.react = (div, ...rest) => {
                window.reacted.push(div.className.includes("curves") ? "curves" : "ground");
                return react(div, ...rest);
            };
        }"""
    )
    page.mouse.click(box["x"] + 100, box["y"] + 100)
    expect(page.get_by_text("run 2")).to_be_visible()
    x, y = start_of(page)
    where = page.evaluate(f"[{FULL_LAYOUT}.xaxis.l2p({x}), {FULL_LAYOUT}.yaxis.l2p({y})]")
    assert where == pytest.approx([100, 100], abs=1)
    assert_starts(page, "plane", (x, y))
    assert "ground" not in page.evaluate("window.reacted")
    assert complaints(page) == []


@pytest.mark.parametrize("case", ["plane", "line"])
def test_dragging_the_handle_moves_the_paths_live_and_ends_right(
    page: Page, url: str, case: str, complaints: Complaints
):
    open_case(page, url, case)
    x, y = centre(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for moves in range(1, 21):
        page.mouse.move(x + 3 * moves, y + 2 * moves)

    def follows() -> None:
        drawn = page.evaluate(PATH, 1)[0]
        assert drawn[: 2 if case == "plane" else 1] == pytest.approx([float(v) for v in handle_says(page)], abs=0.03)

    eventually(follows)
    assert runs(page) == 1  # the server has not been asked while it is held
    page.mouse.move(x + 61, y + 41)
    expected = tuple(float(v) for v in handle_says(page))
    page.mouse.up()
    if case == "plane":
        assert np.hypot(centre(page)[0] - x - 61, centre(page)[1] - y - 41) < 1.5
    assert_starts(page, case, expected)
    assert complaints(page) == []


def test_the_arrow_keys_move_the_handle_and_the_window_holds_it(page: Page, url: str):
    open_case(page, url, "plane")
    handle = page.get_by_role("button", name="Start of the paths")
    handle.press("ArrowRight")
    handle.press("ArrowUp")
    assert_starts(page, "plane", (2.45, 3.91))
    handle.press("Shift+ArrowLeft")
    assert_starts(page, "plane", (2.44, 3.91))
    for _ in range(40):
        handle.press("ArrowUp")
    assert_starts(page, "plane", (2.44, 6.0))
    assert step(page) == 2000  # the arrow keys of the handle do not step


def test_a_finger_drags_the_handle_and_scrolls_elsewhere(
    new_page: Callable[..., Page], url: str, complaints: Complaints
):
    page = new_page(width=390, height=700, has_touch=True, is_mobile=True)
    open_case(page, url, "plane")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".player-handle").scroll_into_view_if_needed()
    x, y = centre(page)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})

    touch("touchStart", (x, y))
    for i in range(1, 11):
        touch("touchMove", (x - 5 * i, y + 3 * i))

    def follows() -> None:
        assert np.hypot(centre(page)[0] - x + 50, centre(page)[1] - y - 30) < 2

    eventually(follows)
    expected = tuple(float(v) for v in handle_says(page))
    touch("touchEnd")
    follows()  # the page has not scrolled
    assert_starts(page, "plane", expected)
    sizes = page.locator(".player-bar :is(button, select, input):visible").evaluate_all(
        "all => all.map(control => [control.getBoundingClientRect().width, control.getBoundingClientRect().height])"
    )
    assert min(min(size) for size in sizes) >= 44
    assert complaints(page) == []


def test_zoom_rho_and_theme_keep_the_step_and_the_paths_on_their_axes(page: Page, url: str, complaints: Complaints):
    paths = open_case(page, url, "plane")
    scrub_to(page, 300)
    box = at_rest(page.locator(".player-figure .nsewdrag"))
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 100, steps=4)
    page.mouse.move(box["x"] + 300, box["y"] + 300, steps=4)
    page.mouse.up()
    page.wait_for_function(f"{FULL_LAYOUT}.xaxis.range[0] > -6")
    zoomed = page.evaluate(f"[{FULL_LAYOUT}.xaxis.range, {FULL_LAYOUT}.yaxis.range]")
    eventually(lambda: assert_drawn(page, paths, 300))
    page.get_by_role("slider", name="rho").press("ArrowRight")
    expect(page.locator(".player-figure .gtitle")).to_have_text("ρ = 3.1")
    assert page.evaluate(f"[{FULL_LAYOUT}.xaxis.range, {FULL_LAYOUT}.yaxis.range]") == zoomed
    q = replace(QUESTIONS["plane"], rho=3.1)
    anew = playback(q, answer(q))
    assert step(page) == 300
    eventually(lambda: assert_drawn(page, anew, 300))
    text = page.evaluate(f"{FULL_LAYOUT}.font.color")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{FULL_LAYOUT}.font.color !== '{text}'")
    eventually(lambda: assert_drawn(page, anew, 300))
    page.set_viewport_size({"width": 900, "height": 900})
    page.wait_for_function(
        f"innerWidth === 900 && {FULL_LAYOUT}.width === document.querySelector('.player').clientWidth"
    )
    eventually(lambda: assert_drawn(page, anew, 300))
    assert complaints(page) == []


def test_a_path_that_diverges_is_played_up_to_its_last_finite_step(page: Page, url: str, complaints: Complaints):
    paths = open_case(page, url, "diverging")
    assert all(np.isfinite(track.x).all() for track in paths.tracks)
    says = page.locator(".player-live")
    expect(says).to_contain_text(re.compile(r"diverged at step \d+"))
    assert complaints(page) == []


@pytest.mark.parametrize(("case", "says"), [("one", "There is nothing to play"), ("undefined", "cannot start")])
def test_runs_that_cannot_be_played_say_so(page: Page, url: str, case: str, says: str, complaints: Complaints):
    open_case(page, url, case)
    live = page.locator(".player-live")
    expect(live).to_contain_text(says)
    expect(live).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_disabled()
    assert complaints(page) == []


def test_no_points_and_no_paths_say_so(page: Page, url: str, complaints: Complaints):
    page.goto(f"{url}?case=nothing")
    expect(page.locator(".player-live")).to_contain_text(["There is nothing to play"] * 2)
    for figure in page.locator(".player-figure").all():
        expect(figure.locator(".main-svg").first).to_be_attached()
    settle(page)
    assert complaints(page) == []


def test_a_long_run_says_what_is_shown(page: Page, url: str):
    open_case(page, url, "long")
    expect(page.locator(".player-readout")).to_contain_text("about every 10th of 20,000 steps")
    page.get_by_role("button", name="One step back").click()
    assert step(page) == 19_990
    q = QUESTIONS["long"]
    for rule in (gd(q.landscape, q.eta), sam(q.landscape, q.eta, q.rho)):
        drawn = page.evaluate(DRAWN, rule.name)
        expected = iterate(rule, q.start, 19_990).x[-1]
        assert np.abs((expected - drawn["x"]) / np.array(drawn["pixel"])).max() < 1


def test_pages_and_updates_leave_nothing_behind(page: Page, url: str, complaints: Complaints):
    open_case(page, url, "plane")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def left() -> dict[str, float]:
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}

    def visits(times: int) -> dict[str, float]:
        for _ in range(times):
            page.get_by_role("link", name="other").click()
            expect(page.get_by_text("No picture here")).to_be_visible()
            page.get_by_role("link", name="picture").click()
            expect(page.locator(".player-curves-figure .main-svg").first).to_be_attached()
            page.get_by_label("Speed").select_option("0.25")
            page.get_by_role("button", name="Play", exact=True).click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        assert page.locator(".player").count() == 1
        settle(page)
        return left()

    before = visits(2)
    visits(6)

    def is_clean() -> None:
        after = left()
        # One player left behind would be more than 400 nodes and 60 listeners; six, six times that.
        assert after["Nodes"] - before["Nodes"] < 100
        assert after["JSEventListeners"] - before["JSEventListeners"] < 30

    eventually(is_clean)  # what is only held for a while goes; what is left behind stays
    assert complaints(page) == []


def test_on_explore_a_dragged_start_reaches_the_controls_and_the_link(page: Page, app_url: str, complaints: Complaints):
    page.goto(f"{app_url}/Explore?landscape=Himmelblau%27s+function")
    handle = page.locator(".player-handle")
    expect(handle).to_be_visible()
    expect(page.locator(".player-path").first).to_have_attribute("d", re.compile("^M"))
    settle(page)
    says = page.locator(".player-readout")
    before = says.text_content() or ""
    x, y = centre(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(1, 11):
        page.mouse.move(x - 12 * i, y + 6 * i)
    expect(says).not_to_have_text(before)  # the paths follow, though the handle is still held
    chosen = handle_says(page)
    page.mouse.up()
    page.wait_for_url(re.compile(re.escape(f"x={chosen[0]}&y={chosen[1]}") + "$"))
    expect(number_box(page, "start x")).to_have_value(chosen[0])
    expect(number_box(page, "start y")).to_have_value(chosen[1])

    def begins_there() -> None:
        drawn = page.evaluate(PATH, 1)[0]
        assert drawn == pytest.approx([float(v) for v in chosen], abs=0.03)  # a pixel or two

    eventually(begins_there)
    settle(page)
    # Another control afterwards leaves the start where it is.
    set_number(page, "steps", 1000)
    expect(page.locator(".player-step")).to_contain_text("of 1,000")
    settle(page)
    begins_there()
    assert complaints(page) == []


def test_a_phone_unfolds_the_curves_when_asked(new_page: Callable[..., Page], url: str, complaints: Complaints):
    page = new_page(390, 844)
    open_case(page, url, "plane")
    curves = page.locator(".player-curves-figure")
    expect(page.get_by_text("Curves over the steps")).to_be_visible()
    expect(curves).to_be_hidden()
    page.get_by_text("Curves over the steps").click()
    expect(curves.locator(".main-svg").first).to_be_visible()
    assert curves.evaluate("div => div._fullData.length") > 0
    page.set_viewport_size({"width": 1400, "height": 900})  # turned: there is room for all
    expect(page.get_by_text("Curves over the steps")).to_be_hidden()
    expect(curves).to_be_visible()
    assert complaints(page) == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_picture_is_saved_as_it_is_seen(new_page: Callable[..., Page], url: str, color_scheme: str, tmp_path: Path):
    page = new_page(color_scheme=color_scheme)
    open_case(page, url, "plane")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    download.value.save_as(tmp_path / "picture.png")
    pixels = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB")).astype(int)
    width = page.evaluate(f"{FULL_LAYOUT}.width")
    assert pixels.shape == (1000, 2 * width, 3)
    for color in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):  # both paths are in it
        assert (np.abs(pixels - color).max(axis=-1) < 24).sum() > 200
    x, y = (round(2 * v) for v in centre_in_figure(page))
    ring = pixels[y, x + 12]  # the start's, drawn twice as large
    middle = pixels[y, x]
    assert np.abs(middle - pixels[4, 4]).sum() < 30  # paper inside, whatever path begins there
    assert np.abs(ring - middle).sum() > 300
    paper = pixels[4, 4].sum()
    assert (paper > 600) == (color_scheme == "light")
