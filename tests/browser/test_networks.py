"""The page on networks in a browser: train, stop, sweep, upload, and an end with the page."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from visiting import overflow

from app_server import Serve, Server, wait_until_workers
from pages.shared.networks_example import LOGS

Complaints = Callable[[Page], list[str]]
LONG = 300_000  # milliseconds; the machine may be busy


def visit(page: Page, server: Server, link: str = "") -> Page:
    page.goto(f"{server.url}/Networks?v=1{link}")
    expect(page).to_have_title("Networks")
    settled(page)
    return page


def settled(page: Page) -> None:
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached(timeout=LONG)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(
    ("width", "scheme", "link"),
    [
        (1400, "light", "&preset=Digits"),
        (390, "dark", "&preset=Digits"),
        (390, "light", "&part=Sweep"),
        (390, "dark", "&part=Your+own+log"),
    ],
)
def test_the_page_opens_without_a_complaint_and_without_scrolling_sideways(
    new_page: Callable[..., Page], server: Server, complaints: Complaints, width: int, scheme: str, link: str
) -> None:
    page = visit(new_page(width=width, color_scheme=scheme), server, link)
    if link == "&preset=Digits":
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=LONG)
        expect(page.get_by_role("status").filter(has_text="SAM stalled").first).to_be_visible(timeout=LONG)
        seen = [page.locator(".runs"), page.get_by_role("img", name=re.compile("^Loss over")).first]
        if width > 1000:
            seen.append(page.get_by_role("img", name=re.compile("^Training accuracy")).first)
            seen.append(page.get_by_role("button", name="Train", exact=True))
        for what in seen:  # without scrolling: what was learned, and how
            box = what.bounding_box()
            assert box is not None and box["y"] + box["height"] <= page.viewport_size["height"]
    assert overflow(page) == 0
    assert complaints(page) == []


def test_a_training_runs_stops_and_ends_with_a_closed_page(page: Page, serve: Serve, complaints: Complaints) -> None:
    with serve() as server:
        visit(page, server, "&preset=Digits&n_steps=12000&n_hidden=64,64")
        press(page, "Train")
        expect(page.get_by_text(re.compile("training: step"))).to_be_visible(timeout=LONG)
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        press(page, "Stop")
        expect(page.get_by_text("stopped before its last step")).to_be_visible(timeout=LONG)
        expect(page.get_by_role("status").filter(has_text="SAM").first).to_be_visible()
        assert complaints(page) == []
        press(page, "Train")
        expect(page.get_by_text(re.compile("training: step"))).to_be_visible(timeout=LONG)
        wait_until_workers(server, compute=True)
        page.close()
        wait_until_workers(server, compute=False)


def test_a_training_of_the_tiny_network_is_certified(page: Page, server: Server) -> None:
    visit(page, server, "&preset=Tiny&n_steps=4000")
    stored = page.get_by_text("Below is the stored result")
    expect(stored).to_be_visible()
    press(page, "Train")
    expect(stored).to_have_count(0, timeout=LONG)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled(timeout=LONG)
    settled(page)
    expect(stored).to_have_count(0)
    expect(page.get_by_text("4,000 steps of the full batch")).to_be_visible()
    page.get_by_text("The verdicts in full").click()
    expect(page.get_by_text(re.compile("Certified: .* the gradient is")).first).to_be_visible(timeout=LONG)


@pytest.mark.parametrize(
    ("link", "words", "said"),
    [
        ("&preset=Digits&n_steps=60", "60 steps of the full batch", "SAM"),
        ("&preset=Convolutional,+mini-batches&n_steps=60&n_warm=50", "60 steps on mini-batches of 128", "SAM stalled"),
        ("&preset=Tiny&n_steps=300", "300 steps of the full batch", "SAM"),
    ],
)
def test_each_preset_is_trained(
    page: Page, server: Server, complaints: Complaints, link: str, words: str, said: str
) -> None:
    visit(page, server, link)
    stored = page.get_by_text("Below is the stored result")
    expect(stored).to_be_visible()
    press(page, "Train")
    expect(stored).to_have_count(0, timeout=LONG)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled(timeout=LONG)
    settled(page)
    expect(stored).to_have_count(0)
    expect(page.get_by_text(words).first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=said).first).to_be_visible()
    planes = page.get_by_role("img", name=re.compile("to class .* of the plane"))
    expect(planes).to_have_count(3 if "Tiny" in link else 0)
    assert complaints(page) == []


def test_the_pictures_are_there_before_the_first_point_with_axes_that_fit(page: Page, server: Server) -> None:
    visit(page, server, "&preset=Digits&n_steps=12000")
    press(page, "Train")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_enabled(timeout=LONG)
    drawn = page.locator(".js-plotly-plot").first
    expect(drawn).to_be_visible(timeout=LONG)
    page.wait_for_function(
        """() => {
          const range = document.querySelector(".js-plotly-plot")?._fullLayout?.xaxis.range;
          return range && range[0] === 0 && Math.abs(range[1] - 12120) < 1;
        }""",
        timeout=LONG,
    )  # fmt: skip
    press(page, "Stop")
    expect(page.get_by_text("stopped before its last step")).to_be_visible(timeout=LONG)


def test_data_of_ones_own_are_uploaded_and_trained_on(page: Page, server: Server, complaints: Complaints) -> None:
    visit(page, server, "&preset=Tiny&n_steps=40&n_data=Your+own+CSV")
    page.get_by_text("Network and data").click()
    rows = "".join(f"{i % 7},{i % 5},{'odd' if i % 2 else 'even'}\n" for i in range(70))
    files = page.locator("input[type=file]")
    files.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": b"1,2\n1\n"})
    expect(page.get_by_text(re.compile("bad.csv cannot be read: line 2 has 1 entries"))).to_be_visible(timeout=LONG)
    files.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": ("a,b,kind\n" + rows).encode()})
    expect(page.get_by_text("mine.csv: 70 examples, 2 columns, classes even, odd.")).to_be_visible(timeout=LONG)
    settled(page)
    press(page, "Train")
    expect(page.get_by_text("Your own table of 2 columns and 2 classes").first).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled(timeout=LONG)
    expect(page.get_by_role("img", name=re.compile("to class .* of the plane"))).to_have_count(3, timeout=LONG)
    assert complaints(page) == []


def test_the_notebook_is_taken_away(page: Page, server: Server) -> None:
    visit(page, server, "&preset=Tiny")
    with page.expect_download() as download:
        press(page, "As notebook")
    document = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert download.value.suggested_filename == "sam.ipynb" and document["nbformat"] == 4


def test_another_rule_is_tried_and_its_pictures_are_taken_away(page: Page, server: Server) -> None:
    visit(page, server, "&preset=Tiny&n_steps=1200&n_rule=GSAM")
    page.get_by_text("Third run, beside GD and SAM").click()
    expect(page.get_by_text("Zhuang et al. 2022")).to_be_visible()
    press(page, "Train")
    expect(page.get_by_role("status").filter(has_text="GSAM").first).to_be_visible(timeout=LONG)
    settled(page)
    press(page, "Pictures as HTML")
    with page.expect_download() as download:
        page.get_by_role("button", name="Loss over the steps", exact=True).click()
    assert b"GSAM" in download.value.path().read_bytes()


def test_a_sweep_is_drawn_and_keeps_what_is_done_when_stopped(page: Page, server: Server) -> None:
    visit(page, server, "&preset=Tiny&part=Sweep&n_rhos=1,4&n_warms=0&n_seeds=1&n_steps=200")
    expect(page.get_by_role("status").filter(has_text="median of 3 seeds").first).to_be_visible()  # the example
    press(page, "Run the sweep")
    expect(page.get_by_text("2 of 2 runs finished (done)")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("img", name=re.compile("training accuracy, median of 1 seed")).first).to_be_attached()
    visit(page, server, "&preset=Tiny&part=Sweep&n_rhos=1,2,3,4&n_seeds=10&n_steps=8000")
    press(page, "Run the sweep")
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 80 runs finished"))).to_be_visible(timeout=LONG)
    press(page, "Stop")
    expect(page.get_by_text(re.compile(r"of 80 runs finished \(stopped\)"))).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("Verdicts of"))).to_be_visible()


def test_two_logs_are_uploaded_judged_and_compared(page: Page, server: Server) -> None:
    visit(page, server, "&part=Your+own+log")
    said = page.get_by_role("status")
    expect(said.filter(has_text="SAM from the start stalled").first).to_be_visible()
    with page.expect_download() as download:
        press(page, "monitor.py")
    assert b"class Monitor" in download.value.path().read_bytes()
    first, second = page.locator("input[type=file]").all()
    first.set_input_files(LOGS[0])
    expect(said.filter(has_text="Your run stalled").first).to_be_visible(timeout=LONG)
    expect(said.filter(has_text=re.compile("warm-start of [0-9,]+ steps of SGD, or lower ρ, to")).first).to_be_visible()
    second.set_input_files(LOGS[1])
    expect(said.filter(has_text="The second run comes out better").first).to_be_visible(timeout=LONG)
    expect(said.filter(has_text="The second run has learned").first).to_be_visible()
    page.get_by_text("What this rests on").first.click()
    expect(page.get_by_text("Guessing the classes' shares has the loss 2.30.").first).to_be_visible()


def test_a_log_without_checks_is_told_what_to_record(page: Page, server: Server) -> None:
    visit(page, server, "&part=Your+own+log")
    header = "step,loss,loss_plus,gradient_norm,shifted_norm,cosine,eta,rho\n"
    rows = "".join(f"{k},2.3,2.30,0.04,0.0001,0.5,0.1,3\n" for k in range(100))
    files = page.locator("input[type=file]").first
    files.set_input_files({"name": "run.csv", "mimeType": "text/csv", "buffer": (header + rows).encode()})
    said = page.get_by_role("status").filter(has_text="Your run is flat")
    expect(said.first).to_be_visible(timeout=LONG)
    expect(said.first).to_contain_text("Record full-batch checks")
    files.set_input_files({"name": "other.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    expect(page.get_by_text("other.csv cannot be read")).to_be_visible(timeout=LONG)
