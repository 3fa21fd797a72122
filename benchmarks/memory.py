"""The most memory that a worker takes for what a link asks: python -m benchmarks.memory [links].

Each link is opened in a process of its own, where every question goes to a worker, however short it is estimated to
take; what the page offers to compute on demand is asked for too. Exit code 1 where a worker took more than BOUND.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import psutil

from benchmarks._server import ROOT

BOUND = 400.0  # MB
_AT_MOST = 15.0  # seconds of work of a link; what takes longer has shown by then what it takes
_TIMEOUT = 180
_PAGES = {"Explore": "1_Explore", "Radius": "2_Radius", "Basins": "3_Basins", "Remedies": "4_Remedies"}
_ON_DEMAND = ("map-go", "run-grid", "run-warm", "run-here")  # keys of buttons

# What is wild in a window, in one variable and in two.
_RUGGED = (
    "sin(60*x)*sin(60*y)",
    "sin(1e6*x)",
    "sin(1/x)+y^2",
    "cos(1000*x*y)",
    "tan(x^2+y^2)*sin(1/x)*sin(1/y)",
    "exp(sin(30*x)+cos(30*y))*abs(x-y)",
    "cos(y)",
    "sin(20*(x+y))",
    "tanh(50*sin(9*x)*sin(9*y))",
)
_HEAVY = ("Rastrigin's function", "Ackley's function", "Himmelblau's function", "Beale's function")


def _own(page: str, formula: str, **more: object) -> str:
    return f"/{page}?" + urlencode({"v": 1, "landscape": "Your own formula", "formula": formula, **more})


LINKS = (
    _own("Explore", "sin(y)", y_low=-1000000, y_high=1000000),
    _own("Radius", "cos(y)"),
    _own("Radius", "sin(1/x)+y^2"),
    _own("Radius", "sin(y)", y_low=-1000000, y_high=1000000),
    _own("Explore", "sin(x)*sin(y)", x_low=-1e6, x_high=1e6, y_low=-1e-3, y_high=1e-3),
    _own("Explore", "x^2+y^2", x_low=-1000000, x_high=1000000, y_low=-1000000, y_high=1000000, steps=100000),
    _own("Explore", "0*x*y"),
    _own("Radius", "sin(60*x)*sin(60*y)", x_low=-50, x_high=50, y_low=-50, y_high=50),
    _own("Radius", "x^2 + sin(20*y)", y_low=-100, y_high=100),
    *(_own(page, formula) for formula in _RUGGED for page in _PAGES),
    *(f"/{page}?{urlencode({'v': 1, 'landscape': name})}" for name in _HEAVY for page in _PAGES),
    f"/Basins?{urlencode({'v': 1, 'landscape': _HEAVY[0], 'grid': 400, 'steps': 20000})}",
    f"/Remedies?{urlencode({'v': 1, 'landscape': _HEAVY[0], 'steps': 100000, 'r_grid': 100, 'r_longest': 5000})}",
)


class Watch(threading.Thread):
    """Looks ten times a second at the most MB that any one of this process's children has held so far."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0

    def run(self) -> None:
        """Look until the process ends."""
        while True:
            self.look()
            time.sleep(0.1)

    def look(self) -> None:
        """Look once."""
        for child in psutil.Process().children(recursive=True):
            with suppress(OSError, IndexError):  # it has just died
                self.most = max(self.most, peak(child.pid))


def peak(pid: int) -> float:
    """Most MB that a process has held at once."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return float(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def most_of_workers(link: str) -> tuple[float, float]:
    """Ask what a link asks of workers; return the most MB of one of them and of this process, which is a new one."""
    import pages.shared.basins_page  # noqa: F401  the coarse maps are chosen by the usual patience
    from pages.shared import compute, jobs

    compute.PATIENCE = -1.0  # type: ignore[misc]
    from streamlit.testing.v1 import AppTest

    watch = Watch()
    watch.start()
    parts = urlsplit(link)
    app = AppTest.from_file(ROOT / "Home.py", default_timeout=_TIMEOUT)
    app.switch_page(f"pages/{_PAGES[parts.path.strip('/')]}.py")
    app.query_params.update(dict(parse_qsl(parts.query)))
    app.run()
    wanted = [button for button in app.button if button.key in _ON_DEMAND and not button.disabled]
    for button in wanted:
        button.click()
    if wanted:
        app.run()
    if app.exception:
        raise RuntimeError(app.exception[0].message)
    pools, end = [jobs.pool(question) for question in (False, True)], time.monotonic() + _AT_MOST
    while any(pool.busy for pool in pools) and time.monotonic() < end:
        time.sleep(0.2)
    watch.look()
    for pool in pools:
        pool.close()
        for worker in pool.workers:
            worker.kill()
    return watch.most, peak(os.getpid())


def measured(links: tuple[str, ...]) -> Iterator[tuple[str, float, float, float]]:
    """Measure links one after another: each with MB of a worker and of the server's process, and seconds."""
    for link in links:
        begin = time.monotonic()
        code = f"from benchmarks.memory import most_of_workers; print(*most_of_workers({link!r}))"
        told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
        if told.returncode:
            raise RuntimeError(f"{link}: {told.stderr}")
        worker, own = map(float, told.stdout.split()[-2:])
        yield link, worker, own, time.monotonic() - begin


def main() -> None:
    most = 0.0
    for link, worker, own, seconds in measured(tuple(sys.argv[1:]) or LINKS):
        most = max(most, worker)
        over = "  TOO MUCH" if worker > BOUND else ""
        print(f"worker {worker:5.0f} MB  page {own:5.0f} MB  {seconds:5.1f} s  {link}{over}", flush=True)
    print(f"at most {most:.0f} MB (at most {BOUND:.0f})")
    if most > BOUND:
        sys.exit(1)


if __name__ == "__main__":
    main()
