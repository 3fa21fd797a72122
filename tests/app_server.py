"""The app, started as a person starts it, for tests that ask it from outside."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    url: str  # without a slash at the end; with the base path, if there is one
    process: subprocess.Popen[bytes]
    log: Path  # what it has printed, standard error included


Serve = Callable[..., AbstractContextManager[Server]]


@contextmanager
def running(command: list[str], url: str, log: Path, env: Mapping[str, str] | None = None) -> Iterator[Server]:
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
    give_up = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"the app did not start (exit code {process.poll()}):\n{log.read_text()}")


def wait_until_workers(server: Server, compute: bool) -> None:
    """Wait until the server's workers have computed for two seconds, or have been at rest for two seconds on end.

    On a busy machine a worker that stands back gets next to no processor time; it is told from one with nothing to do
    by being ready to run instead of asleep.
    """
    give_up = time.monotonic() + 300
    looks = 0  # that found what is waited for, each a fifth of a second long
    while time.monotonic() < give_up:
        if _any_computes(server) == compute:
            looks += 1
        elif not compute:
            looks = 0
        if looks == 10:
            return
    pytest.fail(f"the workers did not {'compute' if compute else 'come to rest'}")


def _any_computes(server: Server) -> bool:
    """Whether a worker was ready to run at one of ten moments within a fifth of a second."""
    found = False
    for _ in range(10):
        for worker in psutil.Process(server.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found |= worker.status() == psutil.STATUS_RUNNING
        time.sleep(0.02)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def streamlit_run(port: int, *options: str, script: Path = ROOT / "app.py") -> list[str]:
    """The command that starts the app on a loopback port."""
    fixed = [f"--server.port={port}", "--server.address=127.0.0.1"]
    return [sys.executable, "-m", "streamlit", "run", str(script), *fixed, *options]
