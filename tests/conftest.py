"""What all tests share: the Hypothesis profile, and the app as a person starts it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
BROWSER_TESTS = ROOT / "tests" / "browser"

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


@dataclass(frozen=True)
class Server:
    url: str  # without a slash at the end; with the base path, if there is one
    process: subprocess.Popen[bytes]
    log: Path  # what it has printed, standard error included


@contextmanager
def running(command: list[str], url: str, log: Path, env: dict[str, str] | None = None) -> Iterator[Server]:
    """Run a command that serves `url` until the block ends; enter the block once it is healthy."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(env or {})}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until_healthy(process, url, log)
        yield Server(url, process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the app did not start (exit code {process.poll()}):\n{log.read_text()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def streamlit_run(port: int, *options: str) -> list[str]:
    """The command that starts the app on a loopback port."""
    quiet = ["--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    return [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", *quiet, *options]


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
def serve(tmp_path: Path):
    """`serve(*streamlit options, env={...})`: a context manager with a server of the test's own."""

    def start(*options: str, base_path: str = "", env: dict[str, str] | None = None):
        port = free_port()
        if base_path:
            options = (*options, f"--server.baseUrlPath={base_path}")
        url = f"http://127.0.0.1:{port}/{base_path}".rstrip("/")
        return running(streamlit_run(port, *options), url, tmp_path / f"server-{port}.log", env)

    return start
