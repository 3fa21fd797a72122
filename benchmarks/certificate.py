"""The proof of completeness beside the search whose list it proves: python -m benchmarks.certificate.

One thread does all of a proof; what is run once is measured in seconds of its processor, which others do not slow.
"""

import time

from benchmarks._timing import medians
from dynamics import certificate, hallucinated_points
from landscapes import CATALOGUE, Landscape
from landscapes.landscape import _kernel

SHARES = (0.137, 0.31, 0.533, 0.771, 0.961)  # of rho_max
# With kinks, or with stationary points that are degenerate or form curves: undecided by nature.
UNDECIDED = ("kinks", "shelf", "ring", "linear-network", "ackley")
HARD = (  # as long or as rugged as may be typed
    "sin(" * 40 + "x*y" + ")" * 40,
    "+".join(f"sin({i}*x*y)*cos(x/{i + 1})" for i in range(1, 14)),
    "exp(sin(" * 20 + "x+y" + "))" * 20,
    "sin(50*x)*cos(50*y)",
    "sin(x*y*20)",
    "exp(exp(exp(exp(x^2))))",
)


def from_nothing():
    """Prove with nothing cached, the kernel included."""
    _kernel.cache_clear()
    entry = CATALOGUE["himmelblau"]
    l = Landscape(entry.landscape.formula, entry.landscape.domain)
    return certificate(l, 3.0, None, entry.eta)


def main():
    l, eta = CATALOGUE["himmelblau"].landscape, CATALOGUE["himmelblau"].eta
    found = hallucinated_points(l, 3.0)
    proof = certificate(l, 3.0, found, eta)
    print(proof.headline)
    boxes, arcs = proof.looked_at
    mine, first, peer = medians(
        lambda: certificate(l, 3.0, found, eta), from_nothing, lambda: hallucinated_points(l, 3.0)
    )
    print(f"Himmelblau/100, rho = 3: {boxes} boxes, {arcs} arcs in {1e3 * mine:.1f} ms (at most 50), "
          f"{1e3 * first:.1f} ms with the kernel made anew; the search takes {1e3 * peer:.1f} ms")  # fmt: skip

    proved, slowest, where = 0, 0.0, ""
    names = [name for name in CATALOGUE if name not in UNDECIDED]
    for name in names:
        entry = CATALOGUE[name]
        for share in SHARES:
            rho = share * entry.rho_max
            found = hallucinated_points(entry.landscape, rho)
            begin = time.process_time()
            proof = certificate(entry.landscape, rho, found, entry.eta)
            taken = time.process_time() - begin
            proved += proof.proved
            if taken > slowest:
                slowest, where = taken, f"{name}, {len(found):,} points"
    print(f"catalogue without {', '.join(UNDECIDED)}: proved {proved} of {len(names) * len(SHARES)} questions; "
          f"slowest {1e3 * slowest:.0f} ms ({where})")  # fmt: skip

    longest, which = 0.0, ""
    for text in HARD:
        window = ((-6.0, 6.0),) * (2 if "y" in text else 1)
        hard = Landscape(text, window)
        begin = time.process_time()
        certificate(hard, 3.0)
        taken = time.process_time() - begin
        longest, which = max((longest, which), (taken, text[:24]))
    print(f"slowest of {len(HARD)} formulas that are too much: {longest:.1f} s (at most 5), {which}")

    print("Rastrigin, rho = 1, by the window:")
    for side in (2.6, 5.12, 7.6, 10.1):
        rastrigin = Landscape("20 + x^2 + y^2 - 10(cos(2pi x) + cos(2pi y))", ((-side, side),) * 2)
        begin = time.process_time()
        proof = certificate(rastrigin, 1.0)
        taken = time.process_time() - begin
        done = "complete" if proof.complete else proof.headline
        print(f"  {len(proof.boxes):5,} targets, {len(proof.points):5,} points: {taken:.2f} s, "
              f"{1e3 * taken / len(proof.boxes):.2f} ms a target; {done}")  # fmt: skip


if __name__ == "__main__":
    main()
