"""A real Chromium for the browser tests, driven through Playwright."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Streamlit's frontend looks for its server below a page's own address first, and the browser logs the
# 404s of that search. Everything else is ours.
STREAMLITS_OWN = ("/_stcore/health", "/_stcore/host-config")

# Milliseconds to wait for what has to come: a busy machine is no fault of the app's, and who waits for a condition
# waits no longer for it where there is more patience.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once; install the package `chromium` where it is missing."""
    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """`new_page(width=1400, height=900, color_scheme="light", ...)`: a page in a fresh profile.

    Further options go to Playwright's `new_context`. All contexts are closed when the test ends.
    """
    contexts = []

    def make(width: int = 1400, height: int = 900, color_scheme: str = "light", **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=color_scheme, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A desktop page, 1400 by 900, light."""
    return new_page()


@pytest.fixture(scope="session")
def complaints() -> Callable[[Page], list[str]]:
    """`complaints(page)`: what is wrong according to the browser's console, less Streamlit's own."""
    return _complaints


def _complaints(page: Page) -> list[str]:
    said = [
        f"{message.type}: {message.text} ({message.location['url']})"
        for message in page.console_messages()
        if message.type in ("warning", "error") and not message.location["url"].endswith(STREAMLITS_OWN)
    ]
    return said + [f"uncaught: {error}" for error in page.page_errors()]
