"""Streamlit servers on loopback for benchmarks, and what they hold in memory."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def serving(script: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a script as `make run` does; yield its address and process once it is healthy, and end it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    command.append("--server.address=127.0.0.1")
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_healthy(url, server)
        yield url, psutil.Process(server.pid)
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the server did not start (exit code {server.poll()})")


def family(server: psutil.Process) -> list[psutil.Process]:
    """Return the server and the processes that it has started."""
    return [server, *server.children(recursive=True)]


def resident(server: psutil.Process) -> float:
    """Resident memory of the server and its children, in MB."""
    return sum(process.memory_info().rss for process in family(server)) / 1e6


def maps(server: psutil.Process, library: str) -> bool:
    """Whether the server or one of its children has a library of this name in its memory."""
    return any(library in mapped.path for process in family(server) for mapped in process.memory_maps())
