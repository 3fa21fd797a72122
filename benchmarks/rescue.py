"""The search for the shortest warm-start beside loops by hand: python -m benchmarks.rescue."""

import time

import numpy as np

from benchmarks._timing import medians, report
from dynamics import iterate, rescue, sam, verdict
from landscapes import CATALOGUE

ENTRY = CATALOGUE["double-well"]
A, B, RHO, ETA, STEPS, MOST = 0.6, 2.0, ENTRY.rho, ENTRY.eta, ENTRY.steps, 810
SINGLE = 12  # runs one by one that are timed, of all


def slope(x):
    return (x + A) * x * (x - B)


def by_hand():
    """Every length at once in plain NumPy, all steps of all runs; how they end is read off their last place."""
    x = np.empty(MOST + 1)
    x[0] = ENTRY.start[0]
    for k in range(MOST):
        x[k + 1] = x[k] - ETA * slope(x[k])
    for _ in range(STEPS):
        x = x - ETA * slope(x + RHO * np.sign(slope(x)))
    saved = np.abs(x - B) < 0.2
    return int(np.argmax(saved))


def here():
    found = rescue(ENTRY.landscape, ETA, RHO, ENTRY.start, MOST, STEPS)
    assert found is not None
    return found.shortest


def one_by_one(points):
    rule = sam(ENTRY.landscape, ETA, RHO)
    for x in points:
        verdict(ENTRY.landscape, iterate(rule, x, STEPS))


def main():
    assert here() == by_hand() == 153
    mine, peer = medians(here, by_hand, repeats=9)
    report(f"{MOST + 1} warm-starts, verdicts included, beside NumPy by hand", mine, peer, "no bound")
    found = rescue(ENTRY.landscape, ETA, RHO, ENTRY.start, MOST, STEPS)
    assert found is not None
    begin = time.perf_counter()
    one_by_one(found.points[:: (MOST + 1) // SINGLE][:SINGLE])
    single = (time.perf_counter() - begin) / SINGLE * (MOST + 1)
    report(f"the same one by one, from {SINGLE} of the {MOST + 1}", mine, single, "no bound")


if __name__ == "__main__":
    main()
