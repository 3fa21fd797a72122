"""What belongs to a visitor outlives a dropped connection, and is closed when the visitor is gone."""

import threading
from collections.abc import Iterator

import pytest

from pages.shared import belongings


class Thing:
    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def visitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(belongings, "GRACE", 1.0)  # seconds; far more than a test takes from one line to the next
    monkeypatch.setattr(belongings, "get_script_run_ctx", lambda: type("Context", (), {"session_id": "visitor"})())
    yield


def test_who_comes_back_finds_it_again() -> None:
    claim = belongings._Claim("thing", Thing)
    claim.release()
    again = belongings._Claim("thing", Thing)
    assert again.thing is claim.thing
    assert not claim.thing.closed.wait(1.5)
    again.release()
    assert claim.thing.closed.wait(60.0)
    assert belongings._Claim("thing", Thing).thing is not claim.thing


def test_it_is_closed_once_the_visitor_is_gone() -> None:
    claim = belongings._Claim("thing", Thing)
    claim.release()
    assert not claim.thing.closed.is_set()
    assert claim.thing.closed.wait(60.0)
    assert not belongings._leaving


def test_things_of_other_names_are_others() -> None:
    one = belongings._Claim("one", Thing)
    one.release()
    assert belongings._Claim("other", Thing).thing is not one.thing
    assert one.thing.closed.wait(60.0)
