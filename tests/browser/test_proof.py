"""The proof on Explore in a browser: its line follows rho, its picture comes when asked for, a phone shows it."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from visiting import overflow, set_number, visit

from dynamics import Proof, certificate, hallucinated_points
from landscapes import CATALOGUE

HIMMELBLAU = CATALOGUE["himmelblau"]
RASTRIGIN = CATALOGUE["rastrigin"]
Complaints = Callable[[Page], list[str]]


def proof_at(rho: float) -> Proof:
    l = HIMMELBLAU.landscape
    return certificate(l, rho, hallucinated_points(l, rho), HIMMELBLAU.eta)


def says(page: Page, headline: str) -> None:
    expect(page.get_by_text(headline)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_the_line_follows_rho_and_the_picture_is_drawn(
    new_page: Callable[..., Page], app_url: str, complaints: Complaints, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    visit(page, f"{app_url}/Explore?{urlencode({'v': 1, 'landscape': HIMMELBLAU.name})}")
    says(page, proof_at(HIMMELBLAU.rho).headline)
    expect(page.locator(".st-key-proof")).to_have_count(0)
    page.get_by_text("show the boxes and arcs").click()
    figure = page.locator(".st-key-proof .player-figure")
    expect(figure.locator(".main-svg").first).to_be_attached()
    expect(page).to_have_url(re.compile("boxes=true"))
    assert overflow(page) == 0
    set_number(page, "radius ρ", 1.5)
    says(page, proof_at(1.5).headline)
    alternative = page.locator(".st-key-proof").get_by_label(f"{len(proof_at(1.5).arcs)} arcs")
    expect(alternative.first).to_be_attached()
    assert complaints(page) == []


def test_a_dear_proof_is_made_when_asked_for(page: Page, app_url: str, complaints: Complaints) -> None:
    visit(page, f"{app_url}/Explore?{urlencode({'v': 2, 'landscape': RASTRIGIN.name})}")
    button = page.get_by_role("button", name="Prove that these are all")
    button.click()
    found = hallucinated_points(RASTRIGIN.landscape, RASTRIGIN.rho)
    says(page, f"these are all {len(found)} hallucinated points in this window.")
    expect(button).to_have_count(0)
    assert complaints(page) == []
