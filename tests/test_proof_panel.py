"""The panel with the proof: it says what the core proves, at once where that is cheap, and draws it on demand."""

import base64
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dynamics import Proof, certificate, completed, hallucinated_points
from figures.boxes import MOST, proof_picture
from figures.legend import entries
from landscapes import CATALOGUE, Landscape
from landscapes.catalogue import Entry
from pages.shared import jobs
from pages.shared import proofs as store
from pages.shared.compute import wait_for
from pages.shared.player import figure_json

HOME = Path(__file__).resolve().parent.parent / "Home.py"


def visit(**link: str) -> AppTest:
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page("pages/1_Explore.py")
    app.query_params.update(**link)
    return healthy(app.run())


def healthy(app: AppTest) -> AppTest:
    assert not app.exception, app.exception[0].message
    return app


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown).replace("**", "")


def proof_of(entry: Entry) -> Proof:
    return certificate(entry.landscape, entry.rho, hallucinated_points(entry.landscape, entry.rho), entry.eta)


@pytest.mark.parametrize("name", ["double-well", "himmelblau", "kinks", "styblinski-tang"])
def test_a_cheap_proof_is_simply_there(name: str) -> None:
    entry = CATALOGUE[name]
    app = visit(landscape=entry.name)
    proof = proof_of(entry)
    assert proof.headline in said(app)
    assert proof.sentence.partition(" The list")[0] in said(app)  # the last digits of the list are the page's own
    assert not [b for b in app.button if b.key == "prove"]


def test_a_dear_proof_is_offered_and_made_by_a_worker() -> None:
    entry = CATALOGUE["rastrigin"]
    app = visit(landscape=entry.name)
    assert "Proved" not in said(app)
    app.button(key="prove").click()
    healthy(app.run())
    proof = proof_of(entry)
    assert proof.proved and proof.headline in said(app)
    assert not [b for b in app.button if b.key == "prove"]


def die(*arguments: object) -> None:
    os._exit(1)


def sleep_a_while(*arguments: object) -> str:
    time.sleep(1.2)
    return "a proof"


def test_where_the_worker_dies_that_is_said_and_the_next_try_works(monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(landscape=CATALOGUE["rastrigin"].name, rho="0.9")
    with monkeypatch.context() as patched:
        patched.setattr(store, "certificate", die)
        healthy(app.button(key="prove").click().run())
    assert any("its worker died" in warning.value and "Try again" in warning.value for warning in app.warning)
    healthy(app.button(key="prove").click().run())
    assert "Proved" in said(app) and not app.warning


def test_who_asks_for_the_same_proof_gets_the_same_job(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(
        store, "submit", lambda *_, **__: begun.append(jobs.Job(jobs.pool(), double, (1,))) or begun[-1]
    )
    proofs, l = store.Proofs(), CATALOGUE["rastrigin"].landscape
    assert proofs.job((l, 1.0, 0.1)) is None and proofs.made((l, 1.0, 0.1)) is None
    with ThreadPoolExecutor(8) as visitors:
        found = set(visitors.map(lambda _: proofs.begin((l, 1.0, 0.1)), range(64)))
    assert found == set(begun) and len(begun) == 1
    assert proofs.made((l, 1.0, 0.1)) is None  # not yet
    begun[0].future.cancel()
    assert proofs.job((l, 1.0, 0.1)) is None and proofs.begin((l, 1.0, 0.1)) is begun[1]
    begun[1].future.set_result("a proof")
    assert proofs.made((l, 1.0, 0.1)) == "a proof"
    with ThreadPoolExecutor(8) as visitors:
        list(visitors.map(lambda i: proofs.begin((l, 1.0, float(i % 50))), range(800)))
    assert len(proofs._jobs) == store.KEPT


def double(x: int) -> int:
    return 2 * x


def test_the_page_is_written_to_twice_a_second_while_it_waits() -> None:
    """Where it is, a visitor can go on to something else; more would only burden the connection."""
    written: list[float] = []
    job = jobs.submit(sleep_a_while, question=True)
    assert wait_for(job, "", lambda: written.append(time.monotonic())) == "a proof"
    assert written and np.diff(written).min(initial=1.0) > 0.4


def test_the_picture_is_drawn_when_asked_for() -> None:
    app = visit(landscape=CATALOGUE["himmelblau"].name)
    before = len(app.get("bidi_component"))
    app.toggle(key="boxes").set_value(True)
    healthy(app.run())
    assert len(app.get("bidi_component")) > before
    texts = [json.loads(e.proto.json).get("alt", "") for e in app.get("bidi_component")]
    assert any(text.startswith("The window widened by") and "14 arcs" in text for text in texts)


def test_radius_shows_it_too() -> None:
    entry = CATALOGUE["himmelblau"]
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page("pages/2_Radius.py")
    app.query_params.update(v="1", landscape=entry.name)
    healthy(app.run())
    assert f"Are these all, at ρ = {entry.rho:g}?" in [heading.value for heading in app.subheader]
    assert proof_of(entry).headline in said(app)


def test_what_the_search_has_missed_is_said_beside_the_list() -> None:
    app = visit(
        landscape="Your own formula", formula="x^2+0.01*exp(-1e7*(x-0.1234)^2)", x_low="-6", x_high="6", rho="1"
    )
    (warning,) = (w.value for w in app.warning if "missed" in w.value)
    assert warning.startswith("The proof found 2 stationary points of f that the search has missed, such as x = 0.123.")


DIP = Landscape("-x^2/2 - 0.01*exp(-1e7*(x-0.5013)^2)", ((-3.0, 3.0),))  # a tenth as wide as the search's cells


@pytest.mark.parametrize("page", ["pages/1_Explore.py", "pages/2_Radius.py"])
def test_points_that_only_the_proof_has_join_the_list_the_table_and_the_picture(page: str) -> None:
    found = hallucinated_points(DIP, 1.0)
    whole = completed(DIP, certificate(DIP, 1.0, eta=0.01), found)
    assert whole.by_proof.sum() >= 2 and not found.by_proof.any()
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page(page)
    app.query_params.update(v="1", landscape="Your own formula", formula=DIP.formula, x_low="-3", x_high="3", rho="1")
    healthy(app.run())
    assert f"Proved: these are all {len(whole)} hallucinated points in this window." in said(app)
    assert f"{whole.by_proof.sum()} of them were missed by the search and found by the proof" in said(app)
    data = [json.loads(e.proto.json) for e in app.get("bidi_component") if e.key == "picture"]
    assert f"{len(whole)} hallucinated points found" in data[0]["alt"]
    rings = [t for t in data[0]["figure"]["data"] if t.get("name") == "found by the proof"]
    assert rings
    x = whole.points[whole.by_proof]
    for ring in rings:  # they stand on the graph of f, or over the radius
        y = np.sort(np.frombuffer(base64.b64decode(ring["y"]["bdata"])))
        assert any(np.allclose(y, np.sort(up), atol=1e-9) for up in (DIP.value(x), x[:, 0]))
    if page == "pages/1_Explore.py":
        rows = app.dataframe[0].value
        np.testing.assert_allclose(np.sort(rows["x"]), whole.points[:, 0], atol=1e-12)
        by = rows["x"][rows["found by"] == "the proof"]
        np.testing.assert_allclose(np.sort(by), whole.points[whole.by_proof, 0], atol=1e-12)
        assert f"{len(whole)} points found" in said(app)


def test_where_the_search_has_all_nothing_is_marked() -> None:
    entry = CATALOGUE["himmelblau"]
    app = visit(landscape=entry.name)
    assert "missed by the search" not in said(app)
    assert (app.dataframe[0].value["found by"] == "search").all()


@pytest.mark.parametrize(
    "link",
    [
        {"formula": "exp(-x^2)+exp(-(x-60)^2)", "x_low": "-40", "x_high": "100"},
        {"formula": "exp(-1000)*(x^2-1)^2", "x_low": "-3", "x_high": "3"},
    ],
    ids=lambda link: link["formula"],
)
@pytest.mark.parametrize("page", ["pages/1_Explore.py", "pages/2_Radius.py"])
def test_slopes_that_floats_cannot_hold_are_no_trouble(page: str, link: dict[str, str]) -> None:
    app = AppTest.from_file(HOME, default_timeout=60)
    app.switch_page(page)
    app.query_params.update(v="1", landscape="Your own formula", **link)
    healthy(app.run())


@pytest.mark.parametrize("formula", ["0*x + 1", "log(-1 - x^2)"])
def test_where_there_is_nothing_to_prove_nothing_is_said(formula: str) -> None:
    app = visit(landscape="Your own formula", formula=formula)
    assert "roved:" not in said(app) and not [b for b in app.button if b.key == "prove"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_page_says_of_every_landscape_what_the_core_proves(name: str) -> None:
    """No contradiction anywhere, and every picture is plain JSON with the marks of the house."""
    entry = CATALOGUE[name]
    proof = certificate(entry.landscape, entry.rho, None, entry.eta, most=20_000)
    picture = proof_picture(entry.landscape, proof)
    json.dumps(figure_json(picture), allow_nan=False)
    assert entries(picture)


def test_what_the_picture_shows() -> None:
    entry = CATALOGUE["himmelblau"]
    proof = proof_of(entry)
    picture = proof_picture(entry.landscape, proof)
    traces = {t.name: t for t in picture.data}
    boxes = np.array(traces["box with one zero of ∇f"].x, dtype=float).reshape(-1, 6)
    np.testing.assert_array_equal(boxes[:, :2], proof.boxes[:, 0])
    arcs = traces["arc with one hallucinated point"]
    x, y = (np.array(v, dtype=float).reshape(len(proof.arcs), -1)[:, :-1] for v in (arcs.x, arcs.y))
    apart = np.hypot(x - proof.points[:, :1], y - proof.points[:, 1:]).min(axis=1)
    length = 2.0 * np.pi * proof.rho * np.ptp(proof.arcs, axis=1)
    assert (apart <= length / 12).all()  # every point lies on its arc
    stars = traces["hallucinated, attracts"]
    assert len(stars.x) == (proof.attracts == "attracts").sum()


def test_a_picture_of_many_boxes_is_thinned() -> None:
    l = Landscape("sin(9*x)*sin(9*y)", ((-3.0, 3.0), (-3.0, 3.0)))
    proof = certificate(l, 1.0, None)
    assert len(proof.decided_boxes) > MOST
    traces = {t.name: t for t in proof_picture(l, proof).data}
    assert len(traces["box without a zero, or a part of one with one"].x) == 6 * MOST
