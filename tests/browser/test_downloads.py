"""A file that a visitor asks for reaches them, whatever other visitors do meanwhile."""

from collections.abc import Callable

from playwright.sync_api import Page, Route
from visiting import eventually, settle, visit

LONG = 300_000  # milliseconds; the machine may be busy


def test_other_visitors_do_not_take_a_file_away_before_it_is_fetched(
    new_page: Callable[..., Page], app_url: str, complaints: Callable[[Page], list[str]]
) -> None:
    page, other = new_page(), new_page()
    visit(page, f"{app_url}/Explore")
    visit(other, f"{app_url}/Explore")
    held: list[Route] = []
    page.route("**/media/**", lambda route: held.append(route))  # a slow connection
    with page.expect_download(timeout=LONG) as download:
        page.get_by_role("button", name="Python script").click()

        def is_asked_for() -> None:
            page.wait_for_timeout(50)
            assert held

        eventually(is_asked_for)
        for _ in range(3):  # three script runs of somebody else
            other.reload()
            settle(other)
        page.unroute("**/media/**")  # this lets go of what was held
    assert "hallucinated_points(landscape, rho)" in download.value.path().read_text(encoding="utf-8")
    assert complaints(page) == []
