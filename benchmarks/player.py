"""The player beside st.plotly_chart and beside the browser's own pace: python -m benchmarks.player."""

import os
import re
import statistics
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from benchmarks._chromium import chromium
from benchmarks._server import ROOT, serving

APP, PEER = ROOT / "app.py", Path(__file__).with_name("_player_peer.py")
ASKED = "landscape=Himmelblau%27s+function&steps=2000"
TIMES = 12

# Milliseconds from an event of this type to the first frame after a mark of the picture has changed.
EVENT_TO_PICTURE = """([type, mark]) => {
  const picture = () => document.querySelector(mark)?.getAttribute("d") ?? null;
  const before = picture();
  let began;
  addEventListener(type, event => (began ??= event.timeStamp), { capture: true });
  window.eventToPicture = new Promise(resolve => {
    const look = () => {
      const now = picture();
      if (began !== undefined && now && now !== before) requestAnimationFrame(() => resolve(performance.now() - began));
      else requestAnimationFrame(look);
    };
    look();
  });
}"""
# The path of SAM, here drawn by the overlay and there by Plotly.
OURS, THEIRS = ".player-trail:last-of-type", ".scatterlayer .trace:nth-of-type(2) path.js-line"
FRAMES = """async count => {
  const times = [];
  await new Promise(resolve => {
    const next = time => (times.push(time) < count ? requestAnimationFrame(next) : resolve());
    requestAnimationFrame(next);
  });
  return 1000 * (times.length - 1) / (times.at(-1) - times[0]);
}"""


def settle(page: Page) -> None:
    """Wait until the script has run to its end and the browser has drawn what it sent."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    page.wait_for_timeout(500)


def say(what: str, number: str, more: str) -> None:
    print(f"{what:58s} {number:>12s}  {more}")


def opened(browser: Browser, url: str, mark: str) -> Page:
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    page.goto(url)
    page.wait_for_selector(mark, state="attached")
    settle(page)
    return page


def pressed(page: Page, key: str, mark: str) -> float:
    """Milliseconds from a key press on the slider of rho to the new picture."""
    page.bring_to_front()
    page.get_by_role("slider", name="rho").or_(page.get_by_role("slider", name="radius")).first.focus()
    page.evaluate(EVENT_TO_PICTURE, ["keydown", mark])
    page.keyboard.press(key)
    taken = float(page.evaluate("window.eventToPicture"))
    settle(page)
    return taken


def clicked(page: Page, number: int, ours: bool) -> float:
    """Milliseconds from a click (there on a button: a contour hears no clicks) to the paths from another start."""
    page.bring_to_front()
    mark = OURS if ours else THEIRS
    page.evaluate(EVENT_TO_PICTURE, ["mouseup", mark])
    if ours:
        box = page.locator(".player-figure .nsewdrag").bounding_box()
        assert box
        page.mouse.click(box["x"] + 60 + 17 * number, box["y"] + 70 + 13 * number)
    else:
        page.get_by_role("button", name="Another start").click()
    taken = float(page.evaluate("window.eventToPicture"))
    page.wait_for_timeout(600)  # until it has settled
    settle(page)
    return taken


def compare(what: str, mine: list[float], theirs: list[float], bound: str) -> None:
    m, t = statistics.median(mine), statistics.median(theirs)
    more = f"peer {t:9.0f} ms  ratio {m / t:6.3f}  ({bound}; slowest {max(mine):.0f} and {max(theirs):.0f})"
    say(what, f"{m:.0f} ms", more)


def updates(browser: Browser, app: str, peer: str) -> None:
    mine, theirs = opened(browser, f"{app}/Explore?{ASKED}&rho=2", OURS), opened(browser, peer, THEIRS)
    keys: tuple[list[float], list[float]] = ([], [])
    clicks: tuple[list[float], list[float]] = ([], [])
    for number in range(TIMES):
        keys[0].append(pressed(mine, "ArrowRight" if number < TIMES // 2 else "ArrowLeft", OURS))
        keys[1].append(pressed(theirs, "ArrowRight", THEIRS))
        clicks[0].append(clicked(mine, number, True))
        clicks[1].append(clicked(theirs, number, False))
    compare("key press on rho to the new picture", *keys, "at most 0.7")
    compare("click to the paths from there", *clicks, "at most 0.7")
    mine.close()
    theirs.close()


def playing(browser: Browser, app: str) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    traffic: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: traffic.append(len(frame))))
    page.goto(f"{app}/Explore?{ASKED}")
    page.wait_for_selector(OURS, state="attached")
    settle(page)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    still = float(page.evaluate(FRAMES, 240))
    traffic.clear()
    page.get_by_role("button", name="Play", exact=True).click()
    moving = float(page.evaluate(FRAMES, 240))
    page.get_by_role("button", name="Pause").click()
    more = f"standing still {still:.1f} fps  ratio {moving / still:6.3f}  (at least 50 fps); {sum(traffic)} bytes sent"
    say("playing 2,000 steps, processor throttled 4 times", f"{moving:.1f} fps", more)
    page.close()


def dragging(browser: Browser, app: str) -> None:
    page = opened(browser, f"{app}/Explore?{ASKED}", OURS)
    box = page.locator(".player-handle").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(
        """mark => {
            window.redrawn = 0;
            new MutationObserver(() => window.redrawn++).observe(
                document.querySelector(mark), { attributes: true, attributeFilter: ["d"] });
        }""",
        OURS,
    )
    page.mouse.move(x, y)
    page.mouse.down()
    begin = float(page.evaluate("performance.now()"))
    while (now := float(page.evaluate("performance.now()"))) < begin + 4000:
        share = (now - begin) / 4000
        page.mouse.move(x - 250 * share, y + 120 * share)
        page.wait_for_timeout(16)
    redrawn = int(page.evaluate("window.redrawn"))
    page.mouse.up()
    page.wait_for_timeout(1500)
    settle(page)
    title = page.locator(".player-handle").get_attribute("title")
    more = f"(at least 6)  handle {title}, link {page.url.partition('&v=1')[2]}"
    say("dragging the start on Himmelblau, redraws a second", f"{redrawn / 4:.1f}", more)
    page.close()


def payload(browser: Browser, app: str) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    fetched: list[int] = []
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: fetched.append(int(event["encodedDataLength"])))
    page.goto(f"{app}/Explore?{ASKED}")
    page.wait_for_selector(OURS, state="attached")
    settle(page)
    first = sum(fetched)
    sizes = []
    for key in ("ArrowLeft", "ArrowRight", "ArrowLeft"):
        received.clear()
        pressed(page, key, OURS)
        sizes.append(sum(received))
    ours = "performance.getEntriesByType('resource').filter(e => /plotly.min|player.js/.test(e.name))"
    page.reload()
    page.wait_for_selector(OURS, state="attached")
    again = page.evaluate(f"{ours}.map(entry => entry.transferSize)")
    say("one update of rho, 2 D, 2,000 steps", f"{max(sizes) / 1e3:.0f} kB", "(below 200 kB)")
    more = f"(0), of {len(again)} files; first visit, all files {first / 1e3:,.0f} kB"
    say("scripts of ours on the second visit", f"{sum(again)} bytes", more)
    page.close()


def leaving(browser: Browser, app: str, switches: int = 50, changes: int = 200) -> None:
    page = opened(browser, f"{app}/Explore?{ASKED}", OURS)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def counts() -> dict[str, float]:
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        return {m["name"]: m["value"] for m in metrics if m["name"] in ("Nodes", "JSEventListeners")}

    def switch(times: int) -> None:
        for _ in range(times):
            for name in ("Home", "Explore"):
                page.get_by_test_id("stSidebarNavLink").get_by_text(name).click()
                expect(page).to_have_title(re.compile("SAM" if name == "Home" else name))
                expect(page.locator(OURS)).to_be_attached()  # a selector's handle would keep the element alive

    switch(5)
    before = counts()
    switch(switches // 2)
    between = counts()
    handle = page.locator(".player-handle")
    for number in range(changes):
        handle.press("ArrowLeft" if number % 2 else "ArrowRight")
        page.wait_for_timeout(30)
    settle(page)
    after = counts()
    for name, count in before.items():
        more = f"after {switches} switches {between[name]:.0f}, after {changes} updates {after[name]:.0f}"
        say(name, f"{count:.0f}", more)
    page.close()


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with serving(APP) as (app, _), serving(PEER) as (peer, _), sync_playwright() as playwright:
        with chromium(playwright) as browser:
            updates(browser, app, peer)
            playing(browser, app)
            dragging(browser, app)
            payload(browser, app)
            leaving(browser, app)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
