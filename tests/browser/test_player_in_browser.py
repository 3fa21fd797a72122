"""The player in a real browser, on the small app beside this file."""

import re
import sys
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from playwright.sync_api import CDPSession, FloatRect, Locator, Page, expect
from visiting import at_rest, eventually, settle

from app_server import free_port, running

Complaints = Callable[[Page], list[str]]

FULL_LAYOUT = "document.querySelector('.player-figure')._fullLayout"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "tests.browser.player_app:app", "--host=127.0.0.1", f"--port={port}"]
    log = tmp_path_factory.mktemp("player") / "log.txt"
    with running(command, address, log):
        yield address
    assert "Traceback" not in log.read_text()


def open_picture(page: Page, url: str, query: str = "") -> None:
    page.goto(url + query)
    expect(page.locator(".main-svg").first).to_be_attached()
    expect(page.get_by_text("clicks; last")).to_be_visible()
    settle(page)


def plot_area(page: Page, axes: str = "xy") -> FloatRect:
    return at_rest(page.locator(f".{axes} .nsewdrag"))


def drag_a_zoom_box(page: Page) -> None:
    area = plot_area(page)
    page.mouse.move(area["x"] + 100, area["y"] + 100)
    page.mouse.down()
    page.mouse.move(area["x"] + 200, area["y"] + 150, steps=5)
    page.mouse.move(area["x"] + 300, area["y"] + 200, steps=5)
    page.mouse.up()
    page.wait_for_function(f"{FULL_LAYOUT}.xaxis.range[0] > -6")


def ranges(page: Page) -> list[list[float]]:
    return page.evaluate(f"[{FULL_LAYOUT}.xaxis.range, {FULL_LAYOUT}.yaxis.range]")


def move_rho(page: Page, key: str = "ArrowRight") -> None:
    title = page.locator(".gtitle")
    before = title.text_content()
    page.get_by_role("slider").press(key)
    expect(title).not_to_have_text(before or "")


def clicks(page: Page) -> Locator:
    return page.get_by_text("clicks; last")


def last_click(page: Page, number: int | str) -> list[float]:
    """The coordinates that the callback heard, which are also those that the call returned."""
    expect(clicks(page)).to_have_text(re.compile(f"^{number} clicks"))
    numbers = r"(-?[\d.e-]+) (-?[\d.e-]+)"
    heard = re.search(f"heard {numbers}", clicks(page).text_content() or "")
    returned = re.search(f"clicked {numbers}", page.get_by_text("clicked ").text_content() or "")
    assert heard and returned and heard.groups() == returned.groups()
    return [float(number) for number in heard.groups()]


def devtools(page: Page) -> CDPSession:
    return page.context.new_cdp_session(page)


def swipe_up(page: Page, x: float, y: float, distance: int) -> None:
    session = devtools(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for moved in range(10, distance + 1, 10):
        point = {"x": x, "y": y - moved}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        page.wait_for_timeout(16)
    for _ in range(5):  # the finger rests before it is lifted: the page does not slide on
        page.wait_for_timeout(40)
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_the_picture_appears_with_its_text_alternative(page: Page, url: str, complaints: Complaints):
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    open_picture(page, url)
    expect(page.get_by_role("img", name="The circle has the radius 1.0.")).to_be_visible()
    expect(page.locator(".contour")).to_be_attached()
    expect(page.locator(".colorbar")).to_have_count(1)
    # A screen reader finds the text, and no loose tick labels.
    assert page.locator(".main-svg").evaluate_all("all => all.every(svg => svg.ariaHidden === 'true')")
    outside = [address for address in requests if not address.startswith((url, "blob:", "data:"))]
    assert outside == []
    assert complaints(page) == []


def test_an_update_keeps_the_zoom_and_another_view_drops_it(page: Page, url: str, complaints: Complaints):
    open_picture(page, url)
    drag_a_zoom_box(page)
    zoomed = ranges(page)
    move_rho(page)
    move_rho(page)
    assert ranges(page) == zoomed
    expect(page.get_by_role("img", name="The circle has the radius 1.2.")).to_be_visible()
    expect(clicks(page)).to_contain_text("0 clicks")  # dragging is no click
    page.get_by_text("Another window").click()
    page.wait_for_function(f"{FULL_LAYOUT}.xaxis.range[0] === -6")
    assert complaints(page) == []


def test_a_theme_recolours_text_and_keeps_zoom_and_data_colours(page: Page, url: str, complaints: Complaints):
    open_picture(page, url)
    drag_a_zoom_box(page)
    zoomed = ranges(page)
    colours = f"""() => {{
        const data = document.querySelector('.player-figure')._fullData;
        const line = data[1].line.color;
        return [{FULL_LAYOUT}.font.color, data[2].marker.color, data[3].marker.colorscale[0][1], line];
    }}"""
    text, marker, scale, line = page.evaluate(colours)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{FULL_LAYOUT}.font.color !== '{text}'")
    dark_text, dark_marker, dark_scale, dark_line = page.evaluate(colours)
    assert text == marker == scale  # these ask for the text's colour
    assert dark_text == dark_marker == dark_scale
    assert line == dark_line == "#D55E00"
    assert ranges(page) == zoomed
    move_rho(page)
    assert page.evaluate(colours) == [dark_text, dark_marker, dark_scale, dark_line]
    assert ranges(page) == zoomed
    assert complaints(page) == []


@pytest.mark.parametrize(("dx", "dy"), [(20, 30), (333, 222), (650, 390)])
def test_a_click_anywhere_tells_where_it_was(page: Page, url: str, dx: int, dy: int):
    open_picture(page, url)
    area = plot_area(page)
    page.mouse.click(area["x"] + dx, area["y"] + dy)
    x, y = last_click(page, 1)
    where = page.evaluate(f"[{FULL_LAYOUT}.xaxis.c2p({x}), {FULL_LAYOUT}.yaxis.c2p({y})]")
    assert where == pytest.approx([dx, dy], abs=1)  # pixels
    page.mouse.click(area["x"] + dx, area["y"] + dy)  # the same point again is another click
    last_click(page, 2)


def test_a_double_click_leaves_the_zoom_where_a_click_has_a_meaning(page: Page, url: str):
    open_picture(page, url)
    drag_a_zoom_box(page)
    zoomed = ranges(page)
    area = plot_area(page)
    context = "document.querySelector('.player-figure')._context"
    delay = page.evaluate(f"{context}.doubleClickDelay")
    page.evaluate(
        """() => {
            const figure = document.querySelector(".player-figure");
            Object.assign(window, { clicks: 0, doubles: 0 });
            figure.on("plotly_click", () => window.clicks++);
            figure.on("plotly_doubleclick", () => window.doubles++);
            figure._context.doubleClickDelay = 60_000; // milliseconds; two slow clicks are a double click too
            figure._mouseDownTime = -Infinity; // but not the zoom and the first of them
        }"""
    )
    page.mouse.dblclick(area["x"] + 100, area["y"] + 100)
    page.wait_for_function("window.clicks === 2 && window.doubles === 1")
    last_click(page, "[12]")  # both may fall into one run of the script, which then hears of the last
    settle(page)
    assert ranges(page) == zoomed
    page.evaluate(f"{context}.doubleClickDelay = {delay}")
    move_rho(page)  # and what has been heard by now does not change the next drawing either
    assert ranges(page) == zoomed


def test_only_the_named_axes_count_and_log_axes_give_data_values(page: Page, url: str):
    open_picture(page, url, "?case=axes")
    first, second = plot_area(page, "xy"), plot_area(page, "x2y2")
    page.mouse.click(first["x"] + 50, first["y"] + 50)
    page.mouse.click(second["x"] + 0.5 * second["width"], second["y"] + 0.5 * second["height"])
    x, y = last_click(page, 1)
    assert 4 < x < 6
    assert 10 < y < 100  # the middle of a logarithmic axis from 1 to 1000


def test_what_the_legend_hides_stays_hidden(page: Page, url: str):
    open_picture(page, url, "?case=axes")
    shown = "() => document.querySelector('.player-figure')._fullData.map(trace => trace.visible)"
    page.locator(".legendtoggle").first.click()
    page.wait_for_function(f"({shown})()[0] === 'legendonly'")
    move_rho(page)
    assert page.evaluate(shown) == ["legendonly", True]


def test_without_a_listener_clicks_stay_in_the_browser(page: Page, url: str):
    open_picture(page, url, "?case=deaf")
    expect(page.get_by_text("run 1")).to_be_visible()
    area = plot_area(page)
    page.mouse.click(area["x"] + 100, area["y"] + 100)
    move_rho(page)
    expect(page.get_by_text("run 2")).to_be_visible()


def test_without_plotly_a_sentence_stands_in_place_of_the_picture(page: Page, url: str, complaints: Complaints):
    page.goto(f"{url}?plotly=missing")
    expect(page.get_by_role("status")).to_have_text(
        "The picture cannot be shown: plotly.js did not load. Reload the page to try again. "
        "It says: The circle has the radius 1.0."
    )
    assert complaints(page) == []


def test_a_figure_without_data_says_so(page: Page, url: str, complaints: Complaints):
    page.goto(f"{url}?case=empty")
    expect(page.get_by_role("status")).to_contain_text("there is nothing to draw")
    assert complaints(page) == []


def test_holes_and_infinite_values_in_a_grid_are_gaps(page: Page, url: str, complaints: Complaints):
    open_picture(page, url, "?case=gaps")
    expect(page.locator(".contour")).to_be_attached()
    highest = page.evaluate("document.querySelector('.player-figure')._fullData[0].zmax")
    assert 0 < highest < 10
    assert complaints(page) == []


def test_a_phone_shows_scrolls_and_taps(new_page: Callable[..., Page], url: str, complaints: Complaints):
    page = new_page(width=390, height=700, has_touch=True, is_mobile=True)
    open_picture(page, url)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator(".modebar-btn").first).to_be_hidden()
    expect(page.locator(".colorbar")).to_have_count(0)
    area = plot_area(page)
    swipe_up(page, area["x"] + 100, area["y"] + 200, 150)
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 50")
    area = plot_area(page)
    page.touchscreen.tap(area["x"] + 100, area["y"] + 250)
    x, y = last_click(page, 1)  # one tap is one click, and the swipe was none
    where = page.evaluate(f"[{FULL_LAYOUT}.xaxis.c2p({x}), {FULL_LAYOUT}.yaxis.c2p({y})]")
    assert where == pytest.approx([100, 250], abs=3)  # the page is scrolled by fractions of a pixel
    assert complaints(page) == []


def test_the_picture_follows_the_width_of_its_column(page: Page, url: str, complaints: Complaints):
    open_picture(page, url)
    drag_a_zoom_box(page)
    zoomed = ranges(page)
    fits = f"{FULL_LAYOUT}.width === document.querySelector('.player').clientWidth"
    for width in (1000, 390, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"{fits} && document.documentElement.scrollWidth === {width}")
    assert ranges(page) == zoomed
    assert complaints(page) == []


def test_the_buttons_work_by_keyboard(page: Page, url: str):
    open_picture(page, url)
    expect(page.locator(".modebar-btn")).to_have_count(6)
    names = page.locator(".modebar-btn").evaluate_all("all => all.map(button => button.ariaLabel)")
    assert names == ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes", "Save as PNG"]
    zoom_in = page.get_by_role("button", name="Zoom in")
    zoom_in.focus()
    expect(page.locator(".modebar")).to_have_css("opacity", "1")
    zoom_in.press("Enter")
    page.wait_for_function(f"{FULL_LAYOUT}.xaxis.range[0] > -6")
    page.get_by_role("button", name="Reset axes").press("Enter")
    page.wait_for_function(f"{FULL_LAYOUT}.xaxis.range[0] === -6")


@pytest.mark.parametrize("width", [390, 1400])
def test_the_picture_can_be_saved_on_a_background(new_page: Callable[..., Page], url: str, width: int):
    page = new_page(width=width, color_scheme="dark")
    open_picture(page, url)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").press("Enter")
    picture = Image.open(download.value.path())
    height = page.evaluate(f"{FULL_LAYOUT}.height")
    style = "getComputedStyle(document.querySelector('[data-testid=stApp]'))"
    shade = [int(number) for number in re.findall(r"\d+", page.evaluate(f"{style}.backgroundColor"))]
    assert max(shade) < 60
    assert picture.size == (2 * page.evaluate(f"{FULL_LAYOUT}.width"), 2 * height)
    assert picture.convert("RGBA").getpixel((2, height)) == (*shade, 255)


def test_the_camera_of_a_surface_survives_an_update_and_a_theme(page: Page, url: str):
    open_picture(page, url, "?case=surface")
    camera = f"JSON.stringify({FULL_LAYOUT}.scene._scene.getCamera().eye)"
    page.wait_for_function(f"{FULL_LAYOUT}.scene._scene?.camera")  # it comes after the rest
    box = at_rest(page.locator(".gl-container"))
    initial = page.evaluate(camera)
    page.mouse.move(box["x"] + 400, box["y"] + 250)
    page.mouse.down()
    page.mouse.move(box["x"] + 450, box["y"] + 300, steps=5)
    page.wait_for_function(f"{camera} !== {initial!r}")
    rests = f"() => {{ const before = window.eye; return before === (window.eye = {camera}); }}"
    page.wait_for_function(rests, polling=200)  # the camera eases to its place; Plotly keeps where it is at the end
    page.mouse.up()
    turned = page.evaluate(f"{FULL_LAYOUT}.scene._scene.getCamera().eye")
    move_rho(page)
    text = page.evaluate(f"{FULL_LAYOUT}.font.color")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{FULL_LAYOUT}.font.color !== '{text}'")
    at_rest(page.locator(".gl-container"))
    assert page.evaluate(f"{FULL_LAYOUT}.scene._scene.getCamera().eye") == pytest.approx(turned, abs=1e-6)


def test_the_grid_crosses_the_network_once(page: Page, url: str):
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    open_picture(page, url)
    at_rest(page.locator(".player-figure"))
    assert max(received) > 120_000  # 150 x 150 numbers of 4 bytes in base64
    received.clear()
    move_rho(page)
    assert 0 < sum(received) < 100_000


def left(session: CDPSession) -> tuple[int, int]:
    """How many nodes and listeners there are, once what nobody holds is collected."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    return metrics["Nodes"], metrics["JSEventListeners"]


def test_pages_and_updates_leave_nothing_behind(page: Page, url: str, complaints: Complaints):
    open_picture(page, url)
    session = devtools(page)
    session.send("Performance.enable")

    def switch_pages(times: int) -> tuple[int, int]:
        for _ in range(times):
            page.get_by_role("link", name="other").click()
            expect(page.get_by_text("No picture here")).to_be_visible()
            expect(page.locator(".js-plotly-plot")).to_have_count(0)
            page.get_by_role("link", name="picture").click()
            expect(page.locator(".js-plotly-plot .main-svg").first).to_be_attached()
            expect(clicks(page)).to_be_visible()
        for direction in ("ArrowRight", "ArrowLeft") * 3:
            move_rho(page, direction)
        assert page.locator(".js-plotly-plot").count() == 1
        settle(page)
        return left(session)

    nodes, listeners = switch_pages(4)
    switch_pages(10)

    def is_clean() -> None:
        more_nodes, more_listeners = left(session)
        # One picture left behind would be 300 nodes and 50 listeners; ten, ten times that.
        assert more_nodes - nodes < 20  # two a switch; a picture has 300, an element that only carries a grid 7
        assert more_listeners - listeners < 20

    eventually(is_clean)  # what is only held for a while goes; what is left behind stays
    assert complaints(page) == []
