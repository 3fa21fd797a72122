"""The pages in a real browser beside a bare Streamlit script: python -m benchmarks.ui."""

import os
import statistics
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from benchmarks._chromium import chromium, first_visit, press, visit
from benchmarks._server import ROOT, maps, resident, serving
from benchmarks._timing import report

APP, PEER = ROOT / "app.py", Path(__file__).with_name("_peer_app.py")
VERDICT, VALUE = "[role=status] .verdict", "[data-testid=stText]"
PICTURE = "document.querySelector('.js-plotly-plot .contour, .js-plotly-plot .contourlines, .js-plotly-plot .hm')"
# Both runs' paths lie over what Plotly has drawn, and the verdict is there to be read.
MEANINGFUL = f"""(() => {{
  const drawn = document.querySelector(".js-plotly-plot .scatterlayer .trace");
  const paths = [...document.querySelectorAll(".player-overlay .player-path")];
  return drawn && paths.filter(path => path.getAttribute("d")).length >= 2 && document.querySelector({VERDICT!r});
}})()"""
# Pages on which each of five steps of the slider changes the sentence, with another number each time they are opened,
# so that nothing is kept from before; and the bounds on what a step may cost the server's processor, in ms.
PRESSED = (
    ("Home", "?landscape=Hill+between+two+valleys&radius=1.8&start=0.3{}", 50),
    ("Explore", "Explore?landscape=Himmelblau%27s+function&rho=2&steps=310{}", 110),
)
CHART = f"{PICTURE} && document.querySelector({VALUE!r})"


def open_slider(browser: Browser, url: str, slider: str, text: str) -> Page:
    """Open an address, give a slider the focus, and press a key once unmeasured."""
    page = visit(browser, url)
    page.get_by_role("slider", name=slider).focus()
    press(page, "ArrowRight", text)
    return page


def presses(playwright: Playwright, app: str, peer: str, rounds: int = 2, times: int = 10) -> tuple[float, float]:
    """Median seconds from a key press on rho to the new text, here and beside; the two take turns."""
    mine, theirs = [], []
    with chromium(playwright) as browser:
        for number in range(rounds):
            # From rho = 2 on each step of the slider changes the sentence; other steps, so that nothing is cached.
            asked = {"landscape": "Himmelblau's function", "rho": 2, "steps": 3000 + number}
            page = open_slider(browser, f"{app}/Explore?{urlencode(asked)}", "radius", VERDICT)
            beside = open_slider(browser, peer, "rho", VALUE)
            for _ in range(times):
                mine.append(press(page, "ArrowRight", VERDICT))
                theirs.append(press(beside, "ArrowRight", VALUE))
            page.close()
            beside.close()
    return statistics.median(mine), statistics.median(theirs)


def processor(browser: Browser, address: str, server: psutil.Process, rounds: int = 5, times: int = 4) -> float:
    """Mean seconds of the server's processor for a key press on rho, whatever it does in the half second after it."""
    seconds = 0.0
    for number in range(1, rounds + 1):
        page = open_slider(browser, address.format(number), "radius", VERDICT)
        before = server.cpu_times()
        for _ in range(times):
            press(page, "ArrowRight", VERDICT)
        after = server.cpu_times()
        seconds += after.user + after.system - before.user - before.system
        page.close()
    return seconds / (rounds * times)


def memory(playwright: Playwright, url: str, server: psutil.Process, pages: list[str]) -> float:
    """Resident MB of a server whose pages have been visited."""
    with chromium(playwright) as browser:
        for name in pages:
            visit(browser, f"{url}/{name}")
    return resident(server)


def main() -> None:
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; other work slows both sides")
    with sync_playwright() as playwright:
        first: dict[Path, list[float]] = {APP: [], PEER: []}
        for _ in range(3):
            for script, condition in ((APP, MEANINGFUL), (PEER, CHART)):
                with serving(script) as (url, _server):
                    first[script].append(first_visit(playwright, url, condition))
        mine, theirs = (statistics.median(first[script]) for script in (APP, PEER))
        report("home, first visit to a fresh server by a cold browser", mine, theirs, "below 3,000 ms")

        with serving(APP) as (app, server), serving(PEER) as (peer, peer_server):
            used = memory(playwright, app, server, ["", "Explore"])
            beside = memory(playwright, peer, peer_server, [""])
            torch = "imported" if maps(server, "libtorch") else "not imported"
            print(f"{'server memory, both pages visited':58s} {used:9.0f} MB  peer {beside:9.0f} MB  "
                  f"ratio {used / beside:6.3f}  (below 400 MB; torch is {torch})")  # fmt: skip
            mine, theirs = presses(playwright, app, peer)
            report("Explore, key press on rho to new verdict", mine, theirs, "at most 2")
            print(f"{'  server memory after that':58s} {resident(server):9.0f} MB")
            for name, address, bound in PRESSED:
                with chromium(playwright) as browser:
                    taken = 1e3 * processor(browser, f"{app}/{address}", server)
                print(f"{name + ', processor for a key press on rho':58s} {taken:9.0f} ms  (at most {bound} ms)")


if __name__ == "__main__":
    main()
