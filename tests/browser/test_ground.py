"""Pages arrive in a browser: by the menu, by a deep link, below a base path, from this server alone."""

import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect
from visiting import eventually

from app_server import ROOT, Serve, free_port, running, streamlit_run

Complaints = Callable[[Page], list[str]]
MENU = ["Home", "Explore", "Radius", "Basins", "Remedies", "Networks"]


def visit(page: Page, url: str, title: str) -> None:
    """Open a page and wait until its script has run to the end."""
    page.goto(url)
    expect(page).to_have_title(title)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()


def menu(page: Page) -> Locator:
    return page.get_by_test_id("stSidebarNavLink")


@pytest.mark.parametrize(("path", "title"), [("/", "SAM Landscapes"), ("/Explore", "Explore")])
def test_a_page_opens_without_a_complaint_and_from_this_server_only(
    page: Page, app_url: str, complaints: Complaints, path: str, title: str
) -> None:
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    visit(page, app_url + path, title)
    assert complaints(page) == []
    assert hosts - {""} == {urlsplit(app_url).netloc}  # "" is for data: and blob:


@pytest.mark.parametrize("base_path", ["", "sam/landscapes"])
def test_a_deep_link_as_the_first_visit_shows_its_page_and_the_menu(
    page: Page, serve: Serve, complaints: Complaints, base_path: str
) -> None:
    with serve(base_path=base_path) as server:
        visit(page, f"{server.url}/Explore", "Explore")
        expect(menu(page)).to_have_text(MENU)
        page.get_by_test_id("stSidebarNavLink").get_by_text("Home").click()
        expect(page).to_have_title("SAM Landscapes")
        expect(menu(page)).to_have_text(MENU)
        assert complaints(page) == []


def test_sigterm_stops_a_server_that_has_visitors(page: Page, serve: Serve) -> None:
    with serve() as server:
        visit(page, server.url, "SAM Landscapes")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.log.read_text()


def test_an_error_in_a_script_is_a_sentence_to_visitors_and_a_traceback_in_the_log(page: Page, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('not for visitors')\n")
    launcher = tmp_path / "launcher.py"
    launcher.write_text(
        "import streamlit as st\n"
        "from app import apologize\n"
        f"app = st.App({str(tmp_path / 'broken.py')!r}, on_script_error=apologize)\n"
    )
    port = free_port()
    command = streamlit_run(port, script=launcher)
    url = f"http://127.0.0.1:{port}"
    with running(command, url, tmp_path / "log.txt", {"PYTHONPATH": str(ROOT)}) as server:
        page.goto(url)
        expect(page.get_by_role("alert")).to_contain_text("Something went wrong on this page")
        assert "not for visitors" not in page.content()
        assert "Traceback" not in page.content()

        def is_logged() -> None:
            assert "not for visitors" in server.log.read_text()

        eventually(is_logged)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_theme_follows_the_visitors(new_page: Callable[..., Page], app_url: str, color_scheme: str) -> None:
    page = new_page(color_scheme=color_scheme)
    visit(page, app_url, "SAM Landscapes")
    background = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"

    def follows() -> None:
        red, green, blue = (int(part) for part in page.evaluate(background).strip("rgb()").split(","))
        assert (red + green + blue > 3 * 128) == (color_scheme == "light")

    eventually(follows)
