"""A real Chromium for benchmarks; times are taken inside the page, by its own clock."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Playwright, ViewportSize

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WINDOW: ViewportSize = {"width": 1400, "height": 900}

# Milliseconds from the next key press until the text at a selector is another one.
_KEY_TO_TEXT = """
selector => {
  const text = () => document.querySelector(selector)?.textContent;
  const before = text();
  let pressed;
  addEventListener("keydown", event => (pressed ??= event.timeStamp), { capture: true });
  window.keyToText = new Promise((resolve, reject) => {
    setTimeout(reject, 60000, "no new text within a minute");
    const observer = new MutationObserver(() => {
      if (!text() || text() === before) return;
      observer.disconnect();
      resolve(performance.now() - pressed);
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}
"""

# Milliseconds from the start of the page's own request until a condition holds.
_OPEN_UNTIL = """
window.openUntil = new Promise((resolve, reject) => {
  setTimeout(reject, 60000, "nothing to be seen within a minute");
  const look = () => ((CONDITION) ? resolve(performance.now()) : requestAnimationFrame(look));
  look();
});
"""


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start a Chromium with an empty profile."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("Chromium is missing; install it: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    try:
        yield browser
    finally:
        browser.close()


def first_visit(playwright: Playwright, url: str, condition: str) -> float:
    """Open an address in a browser that has just started; return the seconds until `condition` holds in the page."""
    with chromium(playwright) as browser:
        page = browser.new_page(viewport=WINDOW)
        page.add_init_script(_OPEN_UNTIL.replace("CONDITION", condition))
        page.goto(url, wait_until="commit")
        return float(page.evaluate("window.openUntil")) / 1e3


def visit(browser: Browser, url: str) -> Page:
    """Open an address in a fresh profile and wait until its pictures are drawn."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(url)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    _settle(page)
    return page


def press(page: Page, key: str, selector: str) -> float:
    """Press a key; return the seconds until the text at `selector` has changed."""
    page.bring_to_front()
    page.evaluate(_KEY_TO_TEXT, selector)
    page.keyboard.press(key)
    seconds = float(page.evaluate("window.keyToText")) / 1e3
    _settle(page)
    return seconds


def _settle(page: Page) -> None:
    """Wait until the script has run to its end and the browser has drawn what it sent."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", state="attached")
    page.wait_for_timeout(500)
