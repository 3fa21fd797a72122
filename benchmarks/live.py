"""Controls that move the picture, beside a bare page that computes nothing: python -m benchmarks.live.

A slider is moved in every frame for two seconds, as a hand would at best. The peer draws the same contours by the same
plotly.js and writes the slider's value; nothing else is done there.
"""

import json
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks._chromium import chromium
from benchmarks._server import ROOT, serving
from figures.plotlyjs import CARTESIAN, source
from landscapes import CATALOGUE
from pages.shared.analysis import Question, answer
from pages.shared.picture import draw_landscape
from pages.shared.player import figure_json

APP = ROOT / "app.py"
HIMMELBLAU = {"landscape": CATALOGUE["himmelblau"].name, "steps": "3000"}
PARAMETER = {"formula": "(x^2 + y - a)^2/100 + (x + y^2 - 7)^2/100", "p_a": "11", "rho": "3", "x": "4.5", "y": "1"}
SIZE = {"width": 1400, "height": 1500}
RESTS = 12

# Pictures, frames and long tasks in two seconds in which `step` is called at every frame, with a share from 0 to 1.
IN_EVERY_FRAME = """async ([what, mark, low, high]) => {
  let pictures = 0, long = 0;
  const seen = new MutationObserver(() => pictures++);
  seen.observe(document.querySelector(mark), { attributes: true, childList: true, characterData: true, subtree: true });
  const tasks = new PerformanceObserver(list => (long = Math.max(long, ...list.getEntries().map(e => e.duration))));
  tasks.observe({ entryTypes: ["longtask"] });
  const element = document.querySelector(what);
  const { left, top, width, height } = element.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const pointer = (type, dx = 0) => {
    const more = { bubbles: true, pointerId: 1, clientX: x + dx, clientY: y + dx / 3, button: 0, buttons: 1 };
    element.dispatchEvent(new PointerEvent(type, more));
  };
  element.setPointerCapture = () => {};
  pointer("pointerdown");
  const began = performance.now();
  let frames = 0;
  await new Promise(done => {
    const next = () => {
      const share = Math.min(1, (performance.now() - began) / 2000);
      const at = low + (high - low) * share;
      if (element.type === "range") {
        element.value = at * Number(element.max);
        element.dispatchEvent(new Event("input", { bubbles: true }));
      } else pointer("pointermove", at);
      frames++;
      if (share < 1) requestAnimationFrame(next);
      else done();
    };
    requestAnimationFrame(next);
  });
  const seconds = (performance.now() - began) / 1000;
  seen.disconnect();
  window.letGo = () => {
    if (element.type === "range") element.dispatchEvent(new Event("change", { bubbles: true }));
    else pointer("pointerup", high);
  };
  return [pictures / seconds, frames / seconds, long];
}"""
# Milliseconds from letting go to another verdict.
TO_VERDICT = """async () => {
  const text = () => document.querySelector("[role=status] .verdict")?.textContent;
  const before = text(), began = performance.now();
  window.letGo();
  while (text() === before && performance.now() < began + 10000) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
TRAIL = ".st-key-picture .player-overlay + .player-overlay > g:first-child > path:last-of-type"
DIAL = "[class*='st-key-_{}_slider'] input"


def say(what: str, number: str, more: str) -> None:
    print(f"{what:62s} {number:>12s}  {more}")


def settle(page: Page) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    page.wait_for_timeout(700)


def opened(browser: Browser, url: str, traffic: list[int]) -> Page:
    page = browser.new_page(viewport=SIZE)
    for event in ("framesent", "framereceived"):
        page.on("websocket", lambda socket, event=event: socket.on(event, lambda frame: traffic.append(len(frame))))
    page.goto(url)
    page.wait_for_selector(".player-trail", state="attached")
    settle(page)
    return page


def peer_page(folder: Path) -> str:
    """A page from disk with the figure of Explore and a slider; return its address."""
    entry = CATALOGUE["himmelblau"]
    q = Question(entry.landscape, entry.rho, entry.eta, entry.start, 3000)
    figure = json.dumps(figure_json(draw_landscape(q, answer(q), False, False)))
    (folder / "plotly.js").write_bytes(source(CARTESIAN))
    page = folder / "peer.html"
    page.write_text(
        "<meta charset=utf-8><script src=plotly.js></script><div id=figure></div><input type=range max=100 step=0.02>"
        f"<output></output><script>const f = {figure}; Plotly.newPlot('figure', f.data, f.layout);"
        "const [input, output] = document.querySelectorAll('input, output');"
        "input.oninput = () => (output.textContent = input.value);"
        "</script>",
        encoding="utf-8",
    )
    return page.as_uri()


def moving(browser: Browser, what: str, url: str, mark: str, ends: tuple[float, float], peer: str, bounds: str) -> None:
    """Move one control on a page, at the machine's pace and with the processor throttled four times."""
    rates, longest, traffic = [], [], []
    page = opened(browser, url, traffic)
    beside = browser.new_page(viewport=SIZE)
    beside.goto(peer)
    beside.wait_for_selector(".main-svg", state="attached")
    for throttle in (1, 4):
        for each in (page, beside):
            each.context.new_cdp_session(each).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
        page.bring_to_front()
        traffic.clear()
        pictures, _, long = page.evaluate(IN_EVERY_FRAME, [mark, TRAIL, *ends])
        sent = sum(traffic)
        page.evaluate(TO_VERDICT)
        settle(page)
        beside.bring_to_front()
        theirs = beside.evaluate(IN_EVERY_FRAME, ["input", "output", 0.1, 0.9])[0]
        rates.append((pictures, theirs))
        longest.append(long)
    (mine, theirs), (slow, slow_theirs) = rates
    more = f"throttled {slow:.0f}, peer {theirs:.0f} and {slow_theirs:.0f}  ({bounds}); {sent} bytes"
    say(what, f"{mine:.0f} a second", f"{more}; longest task {longest[0]:.0f} ms")
    page.close()
    beside.close()


def resting(browser: Browser, what: str, url: str, key: str, server: psutil.Process, bound: str) -> None:
    """Let go again and again, each time elsewhere: bytes, time to the verdict, and the server's processor time."""
    traffic: list[int] = []
    page = opened(browser, url, traffic)
    dial = DIAL.format(key)
    times, sizes, spent = [], [], []
    for i in range(RESTS):
        low = 0.75 + 0.01 * i
        page.evaluate(IN_EVERY_FRAME.replace("/ 2000", "/ 200"), [dial, TRAIL, low, low + 0.1])
        traffic.clear()
        before = sum(server.cpu_times()[:2])
        times.append(float(page.evaluate(TO_VERDICT)))
        settle(page)
        spent.append(1e3 * (sum(server.cpu_times()[:2]) - before))
        sizes.append(sum(traffic))
    say(f"{what}: from rest to the verdict", f"{statistics.median(times):.0f} ms", "")
    say(f"{what}: bytes of a rest, both ways", f"{statistics.median(sizes) / 1e3:.0f} kB", "(at most 20 kB)")
    say(f"{what}: processor time of a rest", f"{statistics.median(spent):.0f} ms", f"({bound})")
    page.close()


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with TemporaryDirectory() as folder, serving(APP) as (app, server), sync_playwright() as playwright:
        peer = peer_page(Path(folder))
        explore, typed = (f"{app}/Explore?{urlencode(link)}" for link in (HIMMELBLAU, PARAMETER))
        handle = ".player-handle"
        with chromium(playwright) as browser:
            fast = "at least 50, throttled 40"
            moving(browser, "Home, radius", app, DIAL.format("radius"), (0.7, 0.97), peer, fast)
            moving(browser, "Home, start", app, handle, (0.0, 150.0), peer, fast)
            moving(browser, "Explore, 3,000 steps, radius", explore, DIAL.format("rho"), (0.5, 0.95), peer, fast)
            moving(browser, "Explore, 3,000 steps, step size", explore, DIAL.format("eta"), (0.3, 0.6), peer, fast)
            moving(browser, "Explore, 3,000 steps, start", explore, handle, (0.0, -150.0), peer, fast)
            moving(
                browser, "Explore, a parameter of f(x, y)", typed, DIAL.format("p_a"), (0.6, 0.8), peer, "at least 25"
            )
            resting(browser, "Home", app, "radius", server, "at most 20")
            resting(browser, "Explore, first landscape", f"{app}/Explore", "rho", server, "at most 35")
            resting(browser, "Explore, Himmelblau, 3,000 steps", explore, "rho", server, "at most 60")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
