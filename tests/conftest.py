"""What all tests share: the Hypothesis profile, the order of tests, and the running app."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings

from app_server import Serve, Server, free_port, running, streamlit_run

# Before NumPy and PyTorch start their threads: sums by one thread repeat bit for bit, and on a busy machine a team of
# threads that wait for each other takes many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

BROWSER_TESTS = Path(__file__).resolve().parent / "browser"

# No deadline: a test that fails on a busy machine only proves that the machine was busy.
settings.register_profile("project", print_blob=True, deadline=None)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Browser tests run last: they are the slowest, and once Playwright has started, its event loop
    # counts as running in this thread, where no other test could start one of its own.
    for item in items:
        if BROWSER_TESTS in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: BROWSER_TESTS in item.path.parents)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, started once for all tests that only look at it."""
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with running(streamlit_run(port), f"http://127.0.0.1:{port}", log) as server:
        yield server


@pytest.fixture(scope="session")
def app_url(server: Server) -> str:
    """Address of the running app, without a slash at the end."""
    return server.url


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """`serve(*streamlit options, env={...})`: a context manager with a server of the test's own."""

    def start(
        *options: str, base_path: str = "", env: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Server]:
        port = free_port()
        if base_path:
            options = (*options, f"--server.baseUrlPath={base_path}")
        url = f"http://127.0.0.1:{port}/{base_path}".rstrip("/")
        return running(streamlit_run(port, *options), url, tmp_path / f"server-{port}.log", env)

    return start
