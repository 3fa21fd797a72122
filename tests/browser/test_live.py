"""What moves with a control: by mouse, touch and keyboard the picture follows, and the server hears where it rests."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from visiting import PLOT, eventually, handle_says, mark, number_box, settle, type_formula, verdicts, visit

from app_server import Serve
from dynamics import Orbit, attracting_intervals, gd, hallucinated_points, iterate, sam, verdict
from landscapes import CATALOGUE, Entry, Landscape

Complaints = Callable[[Page], list[str]]
Point = tuple[float, float]

HILL, HIMMELBLAU = CATALOGUE["hill"], CATALOGUE["himmelblau"]
TYPED = "(x^2 + y - a)^2/100 + (x + y^2 - 7)^2/100"


def explore(app_url: str, **link: str) -> str:
    return f"{app_url}/Explore?{urlencode(link)}"


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def shown(page: Page, name: str) -> float:
    """The value that a slider says; it has at most four digits wherever a hand has put it."""
    return float((slider(page, name).get_attribute("aria-valuetext") or "").replace("−", "-"))


@contextmanager
def listening(page: Page) -> Iterator[list[int]]:
    """Sizes of what goes to the server and comes from it while the block runs; open the page in the block."""
    sizes: list[int] = []

    def listen(socket: object) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda frame: sizes.append(len(frame)))  # type: ignore[attr-defined]

    page.on("websocket", listen)
    yield sizes


def told(page: Page) -> dict[str, float]:
    """What the line of numbers says of f where each run stands."""
    text = page.locator(".st-key-picture .player-readout").inner_text()
    superscripts = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    found = re.findall(r"(\w+): f = ([^,]+),", text)
    return {
        name: float(value.replace("−", "-").replace(",", "").replace("·10", "e").translate(superscripts))
        for name, value in found
    }


@dataclass(frozen=True)
class Asked:
    landscape: Landscape
    rho: float
    eta: float
    start: tuple[float, ...]
    steps: int


def asked(entry: Entry, **other: Any) -> Asked:
    return replace(Asked(entry.landscape, entry.rho, entry.eta, entry.start, entry.steps), **other)


@lru_cache(maxsize=32)
def runs_of(q: Asked) -> dict[str, Orbit]:
    l = q.landscape
    return {"GD": iterate(gd(l, q.eta), q.start, q.steps), "SAM": iterate(sam(l, q.eta, q.rho), q.start, q.steps)}


def expect_runs(page: Page, question: Callable[[], Asked]) -> Asked:
    """The line of numbers and the marks are the library's for the question, which is what the controls show then."""
    seen: list[Asked] = []

    def check() -> None:
        q = question()
        l, runs, numbers = q.landscape, runs_of(q), told(page)
        for name, orbit in runs.items():
            assert name in numbers, numbers
            assert numbers[name] == pytest.approx(float(orbit.f[-1]), rel=6e-3, abs=1e-9), (name, numbers)
            at, pixel = mark(page, name)
            place = orbit.x[-1] if l.dim == 2 else np.array([orbit.x[-1, 0], orbit.f[-1]])
            assert np.abs(at - place).max() <= 2.0 * pixel + 1e-9
        seen.append(q)

    eventually(check)
    return seen[-1]


def expect_number(page: Page, name: str, value: float) -> None:
    """The box has exactly this value, however it is written."""

    def check() -> None:
        assert float(number_box(page, name).input_value()) == pytest.approx(value, rel=1e-12)

    eventually(check)


def grabbed(page: Page, element: Locator, share: float | None = None) -> Point:
    """Where to take hold: of a slider's thumb, or of the middle of anything else."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box
    x = box["x"] + box["width"] / 2
    if share is not None:
        x = box["x"] + 8 + share * (box["width"] - 16)
    return x, box["y"] + box["height"] / 2


def thumb(page: Page, name: str) -> float:
    return float(slider(page, name).evaluate("input => Number(input.value) / Number(input.max)"))


class Finger:
    """One finger on the screen."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def _touch(self, kind: str, points: list[Point]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    def down(self, x: float, y: float) -> None:
        self._touch("touchStart", [(x, y)])

    def move(self, x: float, y: float) -> None:
        self._touch("touchMove", [(x, y)])

    def up(self) -> None:
        self._touch("touchEnd", [])


class Mouse:
    """The mouse's left button."""

    def __init__(self, page: Page) -> None:
        self._mouse = page.mouse

    def down(self, x: float, y: float) -> None:
        self._mouse.move(x, y)
        self._mouse.down()

    def move(self, x: float, y: float) -> None:
        self._mouse.move(x, y)

    def up(self) -> None:
        self._mouse.up()


def drag(hand: Mouse | Finger, start: Point, by: Point, look: Callable[[], None], parts: int = 3) -> None:
    """Drag in parts, look at each of their ends, and let go."""
    (x, y), (dx, dy) = start, by
    hand.down(x, y)
    for i in range(1, parts + 1):
        for j in range(1, 5):
            share = (i - 1 + j / 4) / parts
            hand.move(x + share * dx, y + share * dy)
        look()
    hand.up()


@pytest.fixture(params=["mouse", "finger"])
def hand(request: pytest.FixtureRequest, new_page: Callable[..., Page]) -> tuple[Page, Mouse | Finger]:
    touches = request.param == "finger"
    page = new_page(width=1400, height=1500, has_touch=touches)
    return page, Finger(page) if touches else Mouse(page)


def test_the_radius_on_home_moves_the_picture(
    hand: tuple[Page, Mouse | Finger], app_url: str, complaints: Complaints
) -> None:
    page, pointer = hand
    visit(page, app_url)
    expect_runs(page, lambda: asked(HILL))
    said = verdicts(page).first.inner_text()
    seen: list[float] = []

    def look() -> None:
        seen.append(expect_runs(page, lambda: asked(HILL, rho=shown(page, "radius ρ"))).rho)
        expect(verdicts(page).first).to_have_css("opacity", "0.4")

    drag(pointer, grabbed(page, slider(page, "radius ρ"), thumb(page, "radius ρ")), (-160, 0), look)
    assert len(set(seen)) == 3 and seen == sorted(seen, reverse=True)
    rho = shown(page, "radius ρ")
    expect_number(page, "radius ρ", rho)
    expect(verdicts(page).first).not_to_have_text(said)
    expect(verdicts(page).first).to_have_css("opacity", "1")
    expect(page).to_have_url(re.compile(rf"radius={rho:g}"))
    expect_runs(page, lambda: asked(HILL, rho=rho))
    assert complaints(page) == []


def test_nothing_is_sent_while_a_control_moves(page: Page, app_url: str) -> None:
    with listening(page) as traffic:
        visit(page, explore(app_url, landscape=HIMMELBLAU.name))
        for name, key in (("radius ρ", "ArrowLeft"), ("step size η", "ArrowRight")):
            settle(page)
            page.wait_for_timeout(500)
            traffic.clear()
            slider(page, name).focus()
            before = told(page)
            for _ in range(12):  # a held key
                page.keyboard.down(key)
                page.wait_for_timeout(30)
            eventually(partial(changed, page, before))
            assert traffic == []
            page.keyboard.up(key)
            eventually(partial(came, page, traffic))
            settle(page)
        rho, eta = shown(page, "radius ρ"), shown(page, "step size η")
        expect_number(page, "radius ρ", rho)
        ended = verdict(
            HIMMELBLAU.landscape, iterate(sam(HIMMELBLAU.landscape, eta, rho), HIMMELBLAU.start, HIMMELBLAU.steps)
        )
        expect(verdicts(page).first).to_contain_text(ended.sentence)


def changed(page: Page, before: dict[str, float]) -> None:
    assert told(page) != before


def came(page: Page, traffic: list[int]) -> None:
    page.wait_for_timeout(50)  # what a page hears is heard while something is asked of it
    assert traffic


@pytest.mark.parametrize(("name", "by"), [("radius ρ", -60), ("step size η", -60)])
def test_the_radius_and_the_step_size_on_explore(
    hand: tuple[Page, Mouse | Finger], app_url: str, name: str, by: int, complaints: Complaints
) -> None:
    page, pointer = hand
    l = HIMMELBLAU.landscape
    visit(page, explore(app_url, landscape=HIMMELBLAU.name))

    def look() -> None:
        q = expect_runs(page, lambda: asked(HIMMELBLAU, rho=shown(page, "radius ρ"), eta=shown(page, "step size η")))
        eventually(lambda: stars_are(page, l, q.rho, q.eta))

    drag(pointer, grabbed(page, slider(page, name), thumb(page, name)), (by, 0), look)
    expect_number(page, name, shown(page, name))
    settle(page)
    expect(page.locator(".player-star-filled")).to_have_attribute("d", "")  # Plotly's are back
    look_at = page.evaluate(f"{PLOT}._fullData.filter(t => t.name.startsWith('hallucinated')).map(t => t.uid)")
    for uid in look_at:
        expect(page.locator(f".st-key-picture .trace{uid}")).to_have_css("opacity", "1")
    assert complaints(page) == []


def stars_are(page: Page, l: Landscape, rho: float, eta: float) -> None:
    """The stars drawn while a control moves stand at the library's points, filled where these attract."""
    found = hallucinated_points(l, rho)
    attracts = found.step_limits > eta
    for kind, expected in (("filled", found.points[attracts]), ("hollow", found.points[~attracts])):
        drawn = np.array(
            page.evaluate(
                f"""kind => {{
                    const {{ xaxis, yaxis }} = {PLOT}._fullLayout;
                    const d = document.querySelector(`.st-key-picture .player-star-${{kind}}`).getAttribute("d");
                    return [...d.matchAll(/M(\\S+) (\\S+?)m/g)].map(([, x, y]) => [xaxis.p2l(+x), yaxis.p2l(+y)]);
                }}""",
                kind,
            )
        ).reshape(-1, 2)
        assert len(drawn) == len(expected), (kind, rho, eta)
        for point in expected:  # chords of the branches are off by less than the mark's size
            assert np.linalg.norm(drawn - point, axis=1).min() < 0.02 * l.diagonal


def test_the_band_of_radii_follows_the_step_size(page: Page, app_url: str) -> None:
    visit(page, explore(app_url, landscape=HIMMELBLAU.name))
    slider(page, "step size η").focus()
    for _ in range(3):
        page.keyboard.down("ArrowRight")
    eta = shown(page, "step size η")
    expected = attracting_intervals(HIMMELBLAU.landscape, HIMMELBLAU.landscape.rho_max, eta)

    def check() -> None:
        drawn = page.evaluate(
            """() => {
                const dial = [...document.querySelectorAll(".player-dial")].find(dial => /ρ/.test(dial.textContent));
                return [...dial.querySelectorAll("i span")].map(span => parseFloat(span.style.left));
            }"""
        )
        assert len(drawn) == len(expected)

    eventually(check)
    expect(page.locator(".radius-marks")).to_have_css("visibility", "hidden")
    page.keyboard.up("ArrowRight")
    expect(page.locator(".radius-marks")).to_have_css("visibility", "visible")


def test_the_start_moves_the_paths(hand: tuple[Page, Mouse | Finger], app_url: str, complaints: Complaints) -> None:
    page, pointer = hand
    with listening(page) as traffic:
        visit(page, explore(app_url, landscape=HIMMELBLAU.name))
        page.wait_for_timeout(300)
        at = grabbed(page, page.locator(".player-handle"))
        traffic.clear()
        starts: list[tuple[float, ...]] = []

        def look() -> None:
            starts.append(expect_runs(page, lambda: asked(HIMMELBLAU, start=handle_at(page))).start)
            assert traffic == []

        drag(pointer, at, (-120, 60), look)
        assert len(set(starts)) == 3
    starts.append(handle_at(page))
    expect_number(page, "start x", starts[-1][0])
    expect_runs(page, lambda: asked(HIMMELBLAU, start=starts[-1]))
    page.locator(".player-handle").press("ArrowLeft")
    expect_number(page, "start x", starts[-1][0] - 0.12)
    assert complaints(page) == []


def handle_at(page: Page) -> tuple[float, ...]:
    return tuple(map(float, handle_says(page)))


def test_a_parameter_moves_f_in_one_variable(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, explore(app_url, landscape=HILL.name))

    def look() -> None:
        q = expect_runs(page, lambda: asked(HILL, landscape=HILL.landscape.with_parameters(a=shown(page, "a"))))
        l = q.landscape
        x, y = drawn_line(page)
        inside = np.abs(y - l.value(x[:, None])) < 0.02 * np.ptp(y)
        assert inside.mean() > 0.95

    drag(Mouse(page), grabbed(page, slider(page, "a"), thumb(page, "a")), (20, 0), look)
    expect_number(page, "a", shown(page, "a"))
    settle(page)
    look()
    assert complaints(page) == []


def drawn_line(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """Points of the line of f as it is on the screen."""
    points = page.evaluate(
        f"""() => {{
            const figure = {PLOT}, {{ xaxis, yaxis }} = figure._fullLayout;
            const {{ uid }} = figure._fullData.find(trace => trace.name === "f");
            const d = figure.querySelector(`.trace${{uid}} path.js-line`).getAttribute("d");
            const numbers = d.match(/-?[\\d.]+/g).map(Number);
            const at = i => [xaxis.p2l(numbers[i]), yaxis.p2l(numbers[i + 1])];
            return numbers.flatMap((_, i) => (i % 2 ? [] : [at(i)]));
        }}"""
    )
    x, y = np.array(points).T
    return x, y


def test_a_parameter_moves_the_contours_in_two(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, explore(app_url, formula=TYPED, p_a="11", rho="3", x="4.5", y="1"))

    def look() -> None:
        typed = Landscape(TYPED, ((-6.0, 6.0), (-6.0, 6.0)), {"a": 11.0})
        q = Asked(typed, 3.0, 0.01, (4.5, 1.0), 2000)
        l = expect_runs(page, lambda: replace(q, landscape=typed.with_parameters(a=shown(page, "a")))).landscape
        points = np.array(level_points(page))
        assert len(points) > 200
        low = l.value(np.stack(np.meshgrid(*[np.linspace(-6, 6, 121)] * 2), axis=-1)).min()
        unit, start, size = page.evaluate(
            f"(() => {{ const t = {PLOT}._fullData[0]; return [t.meta.unit, t.contours.start, t.contours.size]; }})()"
        )
        height = np.log1p((l.value(points) - low) / unit) if unit else l.value(points)
        turns = (height - start) / size
        # Cells are 0.1 wide, in which f is nearly a plane but at its bottom.
        assert np.mean(np.abs(turns - np.round(turns)) < 0.1) > 0.9

    drag(Mouse(page), grabbed(page, slider(page, "a"), thumb(page, "a")), (-20, 0), look)
    expect_number(page, "a", shown(page, "a"))
    settle(page)
    expect(page.locator(".player-heights path")).to_have_count(0)
    assert complaints(page) == []


def level_points(page: Page) -> list[list[float]]:
    """Points on the level lines that are drawn while a parameter moves."""
    found: list[list[float]] = page.evaluate(
        f"""() => {{
            const {{ xaxis, yaxis }} = {PLOT}._fullLayout;
            const d = document.querySelector(".player-heights path").getAttribute("d");
            const numbers = d.match(/-?[\\d.]+/g).map(Number);
            const at = i => [xaxis.p2l(numbers[i]), yaxis.p2l(numbers[i + 1])];
            return numbers.flatMap((_, i) => (i % 2 ? [] : [at(i)]));
        }}"""
    )
    return found


def test_where_the_browser_gets_elsewhere_the_servers_runs_are_shown(page: Page, app_url: str) -> None:
    page.add_init_script("const sin = Math.sin; Math.sin = x => sin(x) * (1 + 1e-3);")
    visit(page, explore(app_url, formula="sin(3x) + x^2/9", x="2", rho="0.4"))
    l = Landscape("sin(3x) + x^2/9", ((-6.0, 6.0),))
    expect_runs(page, lambda: Asked(l, 0.4, 0.01, (2.0,), 2000))


def test_without_programs_the_page_works_on_release(page: Page, app_url: str) -> None:
    page.add_init_script(  # Streamlit's own modules are short: they load the player's
        "const make = URL.createObjectURL; URL.createObjectURL = blob => (blob.size < 500 ? make(blob) : 'blob:no');"
    )
    visit(page, app_url)
    expect_runs(page, lambda: asked(HILL))
    slider(page, "radius ρ").press("ArrowLeft")
    rho = shown(page, "radius ρ")
    expect_number(page, "radius ρ", rho)
    expect_runs(page, lambda: asked(HILL, rho=rho))
    at = grabbed(page, page.locator(".player-handle"))
    drag(Mouse(page), at, (40, 0), lambda: None)
    expect(number_box(page, "start x; or drag the ring in the picture")).not_to_have_value(f"{HILL.start[0]:g}")


def test_without_its_server_the_picture_goes_on_moving(page: Page, serve: Serve) -> None:
    with serve() as server:
        visit(page, server.url)
        expect_runs(page, lambda: asked(HILL))
    slider(page, "radius ρ").press("ArrowLeft")
    expect_runs(page, lambda: asked(HILL, rho=shown(page, "radius ρ")))
    expect(page.get_by_text("The verdict waits for the server.")).to_be_visible()


def test_names_of_javascript_are_names_like_others(page: Page, app_url: str, complaints: Complaints) -> None:
    formula = "constructor*x^2 + eval*cos(prototype*x)"
    visit(page, explore(app_url, formula=formula, x="1", rho="0.5"))
    names = ("constructor", "eval", "prototype")
    l = Landscape(formula, ((-6.0, 6.0),), dict.fromkeys(names, 1.0))
    expect_runs(page, lambda: Asked(l, 0.5, 0.01, (1.0,), 2000))
    slider(page, "constructor").press("ArrowRight")
    expect(number_box(page, "constructor")).not_to_have_value("1")
    moved = l.with_parameters(constructor=shown(page, "constructor"))
    expect_runs(page, lambda: Asked(moved, 0.5, 0.01, (1.0,), 2000))
    for typed in ("</script><script>alert(1)</script>", "x\\u0061", "x + \u202ey"):
        type_formula(page, typed)
        expect(page.get_by_role("alert")).to_contain_text("column")
    assert complaints(page) == []


def test_of_a_long_run_what_fits_into_a_frame_is_shown_and_said(page: Page, app_url: str) -> None:
    visit(page, explore(app_url, landscape=HILL.name, steps="100000"))
    slider(page, "radius ρ").focus()
    page.keyboard.down("ArrowLeft")
    expect(page.locator(".player-readout")).to_contain_text(
        re.compile("While it moves, the first [0-9,]+ of 100,000 steps")
    )
    page.keyboard.up("ArrowLeft")
    expect(page.locator(".player-readout")).to_contain_text("The picture shows about every 50th of 100,000 steps.")


def test_a_run_that_diverges_says_so_while_it_moves(page: Page, app_url: str) -> None:
    visit(page, explore(app_url, landscape=HILL.name))
    slider(page, "step size η").focus()
    for _ in range(110):
        page.keyboard.down("ArrowRight")
    expect(page.locator(".player-readout")).to_contain_text(re.compile(r"GD: .*It diverged at step \d+\."))
    page.keyboard.up("ArrowRight")
    expect(verdicts(page).last).to_contain_text("diverged")
