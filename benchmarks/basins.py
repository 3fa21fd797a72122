"""Basins beside the same loop in NumPy with gradients written by hand: python -m benchmarks.basins."""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks._chromium import chromium, press, visit
from benchmarks._server import ROOT, serving
from benchmarks._timing import medians
from benchmarks.ui import APP, VERDICT, open_slider
from dynamics import Basins, Rule, basins, gd, sam
from dynamics.basins import BLOCK, LOOKS
from dynamics.outcome import TOLERANCES, tail_of
from landscapes import CATALOGUE, Landscape
from landscapes.slopes import Slopes

SIZE, STEPS = 200, 1000
TAU = 2.0 * math.pi


def himmelblau(x, y):
    a, b = x * x + y - 11.0, x + y * y - 7.0
    return (4.0 * x * a + 2.0 * b) / 100.0, (2.0 * a + 4.0 * y * b) / 100.0


def rastrigin(x, y):
    return 2.0 * x + 10.0 * TAU * np.sin(TAU * x), 2.0 * y + 10.0 * TAU * np.sin(TAU * y)


def wells(x, y):
    a, b, square = x + 1.5, x - 1.5, y * y
    left = np.exp(-a * a - square)
    right = 2.0 / 1.44 * np.exp(-(b * b + square) / 1.44)
    return 2.0 * (a * left + b * right), 2.0 * y * (left + right)


BY_HAND = {"himmelblau": himmelblau, "rastrigin": rastrigin, "gaussian-wells": wells}


def grid(l: Landscape, n: int) -> np.ndarray:
    axes = [low + (high - low) * (np.arange(n) + 0.5) / n for low, high in l.domain]
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, l.dim)


def loop_by_hand(gradient, l: Landscape, starts, eta, rho, over) -> np.ndarray:
    """The loop alone, for one function: the same blocks, and every run ends when it ended there.

    It also keeps what has to be known of a run to judge it: how far out it was, its largest gradient, and positions,
    |g| and |S| of the last steps. It judges nothing.
    """
    (cx, cy), far = [0.5 * (low + high) for low, high in l.domain], (TOLERANCES.far * l.diagonal) ** 2
    last = STEPS + 1 - tail_of(STEPS + 1)
    ends = np.empty_like(starts)
    cuts = np.split(np.arange(len(starts)), range(BLOCK, len(starts), BLOCK))
    blocks = [(which, *starts[which].T.copy(), np.zeros(len(which))) for which in cuts]

    def step(x, y):
        gx, gy = gradient(x, y)
        square = gx * gx + gy * gy
        if not rho:
            return gx, gy, square, square
        scale = rho / np.sqrt(square)
        sx, sy = gradient(x + scale * gx, y + scale * gy)
        return sx, sy, square, sx * sx + sy * sy

    k = 0
    with np.errstate(all="ignore"):
        while k < last and blocks:
            steps = min(LOOKS, last - k)
            for number, (which, x, y, largest) in enumerate(blocks):
                extent = np.zeros(len(x))
                for _ in range(steps):
                    sx, sy, square, _ = step(x, y)
                    np.maximum(largest, square, out=largest)
                    np.maximum(extent, (x - cx) ** 2 + (y - cy) ** 2, out=extent)
                    x, y = x - eta * sx, y - eta * sy
                stays = (over[which] > k + steps) & (extent <= far)
                ends[which[~stays], 0], ends[which[~stays], 1] = x[~stays], y[~stays]
                blocks[number] = (which[stays], x[stays], y[stays], largest[stays])
            k += steps
            blocks = [block for block in blocks if len(block[0])]
            count = -(-sum(len(block[0]) for block in blocks) // BLOCK)
            if len(blocks) > 1 and count <= 0.75 * len(blocks):
                whole = [np.concatenate(column) for column in zip(*blocks, strict=True)]
                blocks = list(zip(*(np.array_split(column, count) for column in whole), strict=True))
        w = STEPS + 1 - k
        for which, x, y, largest in blocks:
            tail, norms, shifted = np.empty((w, 2, len(x))), np.empty((w, len(x))), np.empty((w, len(x)))
            for i in range(w):
                sx, sy, norms[i], shifted[i] = step(x, y)
                np.maximum(largest, norms[i], out=largest)
                tail[i, 0], tail[i, 1] = x, y
                x, y = x - eta * sx, y - eta * sy
            ends[which] = tail[-1].T
    return ends


def rules(name: str) -> list[tuple[Rule, float]]:
    entry = CATALOGUE[name]
    return [
        (gd(Slopes(entry.landscape), entry.eta), 0.0),
        (sam(Slopes(entry.landscape), entry.eta, entry.rho), entry.rho),
    ]


def beside_numpy() -> None:
    print(f"{SIZE} x {SIZE} starts, up to {STEPS:,} steps, one process; labels included here, not beside")
    for name, gradient in BY_HAND.items():
        entry, both = CATALOGUE[name], [0.0, 0.0]
        starts = grid(entry.landscape, SIZE)
        for rule, rho in rules(name):
            found = basins(rule, starts, STEPS)
            assert found is not None
            by_hand = partial(loop_by_hand, gradient, entry.landscape, starts, entry.eta, rho, found.settled)
            held = found.outcomes == ("hallucinated" if rho else "reached")
            apart = np.median(np.linalg.norm(by_hand()[held] - found.ends[held], axis=-1))
            mine, peer = medians(partial(basins, rule, starts, STEPS), by_hand, repeats=5)
            both[0] += mine
            both[1] += peer
            print(f"  {name:15s} {rule.name:4s} {mine:6.2f} s  by hand {peer:6.2f} s  ratio {mine / peer:5.2f}  "
                  f"(settled after {found.settled.mean():4.0f} steps on average; ends {apart:.0e} apart)")  # fmt: skip
        print(f"  {name:15s} both {both[0]:6.2f} s  by hand {both[1]:6.2f} s  ratio {both[0] / both[1]:5.2f}  "
              "(at most 2)")  # fmt: skip


def both_cores() -> None:
    entry = CATALOGUE["rastrigin"]
    starts = grid(entry.landscape, SIZE)
    make = partial(sam, Slopes(entry.landscape), entry.eta, entry.rho)
    work: Callable[[np.ndarray], Basins | None] = partial(basins, make, steps=STEPS)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        list(executor.map(work, np.array_split(starts[:64], 2)))  # the workers are made
        alone, shared = medians(
            lambda: work(starts), lambda: list(executor.map(work, np.array_split(starts, 8))), repeats=3
        )
    print(f"SAM on Rastrigin in two processes {shared:.2f} s, in one {alone:.2f} s: {alone / shared:.2f} times as fast "
          f"on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip


def linear() -> None:
    entry = CATALOGUE["himmelblau"]
    rule = sam(Slopes(entry.landscape), entry.eta, entry.rho)
    print(
        "SAM on Himmelblau/100: starts, steps, steps until settled (mean), seconds, ns a start and step until settled"
    )
    for n, steps in ((50, 1000), (100, 1000), (200, 1000), (400, 1000), (200, 500), (200, 2000), (200, 4000)):
        starts = grid(entry.landscape, n)
        times = []
        for _ in range(1 if n > 200 or steps > 2000 else 3):
            begin = time.perf_counter()
            found = basins(rule, starts, steps)
            times.append(time.perf_counter() - begin)
        assert found is not None
        taken, seconds = found.settled.mean(), statistics.median(times)
        print(f"  {n * n:8,} {steps:6,} {taken:8.0f} {seconds:8.2f} {1e9 * seconds / (n * n * taken):8.1f}")


def memory() -> None:
    """Peak memory of a process that does nothing but one basin run, the largest that the page allows among them."""
    for n, steps in ((200, 1000), (400, 1000), (200, 20_000)):
        code = f"from benchmarks.basins import peak; print(peak({n}, {steps}))"
        told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        idle, used = map(float, told.split())
        print(f"peak memory of a process, {n} x {n} starts, {steps:,} steps: {used:.0f} MB (below 300), "
              f"of which {idle:.0f} MB were in use before")  # fmt: skip


def peak(n: int, steps: int) -> str:
    entry = CATALOGUE["beale" if steps > 1000 else "rastrigin"]
    before = _most()
    basins(sam(Slopes(entry.landscape), entry.eta, entry.rho), grid(entry.landscape, n), steps)
    return f"{before} {_most()}"


def _most() -> float:
    """Most MB that this process has held; the usual call also counts what the process that started it held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return float(status.split("VmHWM:")[1].split()[0]) / 1e3


def beside_another_visitor() -> None:
    """Explore's slider while another visitor's maps fill in, in turns with the same slider while they are stopped."""
    maps = urlencode({"landscape": "Rastrigin's function", "grid": 400, "steps": 20_000})
    times: dict[bool, list[float]] = {False: [], True: []}
    with sync_playwright() as playwright, serving(APP) as (url, _server):
        with chromium(playwright) as browser, chromium(playwright) as other:
            page = visit(other, f"{url}/Basins?{maps}")
            fills = page.locator(".st-key-map-stop button")
            for number in range(6):
                computing = number % 2 == 1
                if computing:
                    page.locator(".st-key-map-go button").click()
                    fills.wait_for(timeout=120_000)
                    page.wait_for_timeout(3000)
                # Another number of steps: nothing is known from before.
                asked = {"landscape": "Himmelblau's function", "rho": 2, "steps": 3000 + number}
                explore = open_slider(browser, f"{url}/Explore?{urlencode(asked)}", "radius", VERDICT)
                times[computing] += [press(explore, "ArrowRight", VERDICT) for _ in range(8)]
                explore.close()
                if computing:
                    fills.click()
                    page.locator(".st-key-map-go button").wait_for(timeout=120_000)
                    page.wait_for_timeout(1000)
    quiet, busy = (statistics.median(times[computing]) for computing in (False, True))
    print(f"Explore's slider while another visitor's maps fill in: {1e3 * busy:.0f} ms, while they are stopped "
          f"{1e3 * quiet:.0f} ms, ratio {busy / quiet:.2f} (at most 2); load {os.getloadavg()[0]:.1f}")  # fmt: skip


def main() -> None:
    beside_numpy()
    both_cores()
    linear()
    memory()
    beside_another_visitor()


if __name__ == "__main__":
    main()
