"""The page on networks in a real browser: how soon a training shows, how soon it stops, and who waits for a sweep."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks._chromium import WINDOW, chromium, press
from benchmarks._server import ROOT, family, resident, serving
from benchmarks.ui import VERDICT, open_slider

PATIENCE = 120_000  # milliseconds
QUIET = "[data-testid=stApp][data-test-script-state=notRunning]"
PROGRESS = 'document.querySelector("[data-testid=stProgress]")?.textContent'
POINTS = '[...document.querySelectorAll(".js-plotly-plot")].some(p => p.data?.some(t => t.x?.length || t.x?.shape))'
FIRST_POINT = f"/training: step [1-9]/.test({PROGRESS}) && {POINTS}"
STOPPED = 'document.body.textContent.includes("stopped before its last step")'
# Milliseconds from the next click until a condition holds in the page.
_CLICK_UNTIL = """
condition => {
  const holds = new Function(`return ${condition}`);
  window.clickUntil = new Promise((resolve, reject) => {
    setTimeout(reject, 120000, "not within two minutes");
    addEventListener("click", ({ timeStamp }) => {
      const look = () => (holds() ? resolve(performance.now() - timeStamp) : requestAnimationFrame(look));
      look();
    }, { capture: true, once: true });
  });
}
"""


def click(page: Page, name: str, condition: str) -> float:
    """Press a button; return the seconds until a condition holds in the page."""
    page.evaluate(_CLICK_UNTIL, condition)
    page.get_by_role("button", name=name, exact=True).click()
    return float(page.evaluate("window.clickUntil")) / 1e3


def open_page(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport=WINDOW)
    page.goto(url)
    page.get_by_role("button").first.wait_for(timeout=PATIENCE)
    page.wait_for_selector(QUIET, state="attached")
    return page


def trainings(browser: Browser, url: str) -> None:
    """Train each preset a few times, a moment after its page was opened: the first training is told apart."""
    first, stops = 0.0, []
    for preset in ("Digits", "Convolutional, mini-batches", "Tiny"):
        later = []
        for turn in range(3):
            link = urlencode({"v": 1, "preset": preset, "n_steps": 12000, "n_seed": turn})
            page = open_page(browser, f"{url}/Networks?{link}")
            page.wait_for_timeout(5000)  # as long as one takes to look at it; meanwhile the workers load PyTorch
            taken = click(page, "Train", FIRST_POINT)
            if first:
                later.append(taken)
            first = first or taken
            stops.append(click(page, "Stop", STOPPED))
            page.close()
        print(
            f"{preset}, click on Train to the first point of the curves: {statistics.median(later):.2f} s (below 2 s)"
        )
    print(f"the first of all: {first:.2f} s (below 2 s); click on Stop to the result: {statistics.median(stops):.2f}, "
          f"at most {max(stops):.2f} s (below 1 s)")  # fmt: skip


@contextmanager
def sweeping(browser: Browser, url: str) -> Iterator[None]:
    """Have a sweep running that keeps both workers busy."""
    page = open_page(browser, f"{url}/Networks?v=1&part=Sweep&n_seeds=10&n_steps=6000")
    page.get_by_role("button", name="Run the sweep").click()
    page.get_by_text("(running)").wait_for(timeout=PATIENCE)
    time.sleep(8.0)  # both have begun
    try:
        yield
    finally:
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("(stopped)").wait_for(timeout=PATIENCE)
        page.close()


def working(server: psutil.Process, seconds: float = 1.0) -> float:
    """Processors that the server's workers use."""
    workers = family(server)[1:]
    before = sum(sum(process.cpu_times()[:2]) for process in workers)
    time.sleep(seconds)
    return (sum(sum(process.cpu_times()[:2]) for process in workers) - before) / seconds


def explore(url: str, steps: int) -> str:
    """Link to Explore on Himmelblau's function."""
    asked = {"landscape": "Himmelblau's function", "rho": 3, "steps": steps}
    return f"{url}/Explore?{urlencode(asked)}"


def sliders(browser: Browser, url: str, server: psutil.Process, times: int = 15) -> None:
    """Press a key on Explore's slider in quiet and while a sweep runs, in turns."""

    def presses(page: Page) -> list[float]:
        return [press(page, "ArrowRight" if i % 2 else "ArrowLeft", VERDICT) for i in range(times)]

    quiet, beside = [], []
    for turn in range(2):
        # Steps of their own, so that nothing is cached.
        page = open_slider(browser, explore(url, 3000 + 2 * turn), "radius", VERDICT)
        quiet += presses(page)
        page.close()
        with sweeping(browser, url):
            page = open_slider(browser, explore(url, 3001 + 2 * turn), "radius", VERDICT)
            used = working(server)
            beside += presses(page)
            page.close()
            memory, processes = resident(server), len(family(server))
    a, b = statistics.median(beside), statistics.median(quiet)
    print(f"Explore, key press on rho to the new verdict: {1e3 * a:.0f} ms while a sweep runs ({used:.1f} processors), "
          f"{1e3 * b:.0f} ms in quiet, ratio {a / b:.2f} (at most 2)")  # fmt: skip
    print(f"server and workers together, a sweep running: {memory:.0f} MB in {processes} processes (below 1,000 MB)")


def main() -> None:
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with sync_playwright() as playwright, serving(ROOT / "app.py") as (url, server), chromium(playwright) as browser:
        time.sleep(8.0)  # until the workers wait
        trainings(browser, url)
        sliders(browser, url, server)


if __name__ == "__main__":
    main()
