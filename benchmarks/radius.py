"""All radii at once beside one radius at a time: python -m benchmarks.radius."""

import numpy as np

from benchmarks._timing import medians, report
from benchmarks.core import HIMMELBLAU, WINDOW
from dynamics import attracting_intervals, critical_radius, hallucinated_points, hallucination_curves, stationary_points
from landscapes import CATALOGUE, Landscape
from landscapes.formula import _parse
from landscapes.landscape import _kernel

RHO_MAX = 6.0
RADII = np.random.default_rng(0).uniform(0.0, RHO_MAX, 100)
RASTRIGIN = "20 + x^2 + y^2 - 10(cos(2pi x) + cos(2pi y))"


def from_nothing():
    """All radii with nothing cached, the kernel and the stationary points included."""
    _parse.cache_clear()
    _kernel.cache_clear()
    return hallucination_curves(Landscape(HIMMELBLAU, WINDOW), RHO_MAX)


def disagreement(l, rho_max, radii):
    """How many points there are that one of the two has and the other has not, over all radii."""
    s = stationary_points(l, rho_max)
    c = hallucination_curves(l, rho_max, s)
    lonely = count = 0
    for rho in radii:
        h, at = hallucinated_points(l, rho, s).points, c.points_at(rho).points
        count += len(h)
        for a, b in ((h, at), (at, h)):
            if len(a):
                distance = np.linalg.norm(a[:, None] - b[None], axis=-1).min(axis=1, initial=np.inf)
                lonely += int((distance > 1e-6 * l.diagonal).sum())
    return lonely, count


def scanned(l, rho_max, eta, radii=200):
    """How many of the radii a scan judges otherwise, the changes it brackets, and how far these are from the ends."""
    s = stationary_points(l, rho_max)
    intervals = attracting_intervals(l, rho_max, eta, curves=hallucination_curves(l, rho_max, s))

    def dangerous(rho):
        h = hallucinated_points(l, rho, s)
        return bool((h.step_limits > eta).any() or any((curve.step_limits > eta).any() for curve in h.curves))

    def within(rho):
        return bool(((intervals[:, 0] < rho) & (rho < intervals[:, 1])).any())

    rhos = np.linspace(0.0, rho_max, radii + 2)[1:-1]
    seen = [dangerous(rho) for rho in rhos]
    off = []
    for i in np.flatnonzero(np.diff(seen)):
        low, high = rhos[i], rhos[i + 1]
        while high - low > 1e-7:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if dangerous(middle) == seen[i] else (low, middle)
        off.append(float(np.abs(intervals - low).min(initial=np.inf)))
    return sum(was != within(rho) for was, rho in zip(seen, rhos, strict=True)), len(off), max(off, default=0.0)


def main():
    l = Landscape(HIMMELBLAU, WINDOW)
    s = stationary_points(l, RHO_MAX)
    c = hallucination_curves(l, RHO_MAX, s)
    print(f"Himmelblau/100, rho up to {RHO_MAX:g}: {len(c)} branches, {len(c.rho)} samples")

    def one_by_one():
        for rho in RADII:
            hallucinated_points(l, rho, s)

    whole, shared, peer, one = medians(
        from_nothing, lambda: hallucination_curves(l, RHO_MAX, s), one_by_one, lambda: c.points_at(3.0), repeats=21
    )
    print(f"all radii, kernel and stationary points included: {1e3 * whole:.0f} ms (below 150 ms)")
    report("the same beside 100 one-radius calls that share the points", whole, peer, "at most 1/3")
    report("  and sharing the stationary points too", shared, peer, "printed")
    print(f"then one radius from the branches: {1e3 * one:.1f} ms")

    print("\ncritical radii of Himmelblau/100, by the targets' kind")
    for eta in (0.0, 0.05):
        radii = [(kind, critical_radius(l, RHO_MAX, eta, kind, c)) for kind in ("saddle", "minimizer", "maximizer")]
        print(f"  eta = {eta:g}: " + ", ".join(f"{kind} {rho and format(rho, '.7g')}" for kind, rho in radii))
    ring = CATALOGUE["ring"].landscape
    fold = Landscape("x^2 + y^2*(1 + x)^3", ((-3.0, 3.0), (-3.0, 3.0)))
    print(f"  ring: {attracting_intervals(ring, 2.0).tolist()}")
    print(f"  x^2 + y^2 (1 + x)^3: {attracting_intervals(fold, 3.0).tolist()}")

    print("\npoints that only one of the two has, at 100 random radii (20 where there are hundreds of targets)")
    for name, entry in CATALOGUE.items():
        many = name in ("rastrigin", "ackley")
        radii = np.random.default_rng(1).uniform(0.0, entry.rho_max, 20 if many else 100)
        lonely, count = disagreement(entry.landscape, entry.rho_max, radii)
        print(f"  {name:18s} {lonely:4d} of {count}")

    print("\nattracting intervals beside a scan of 200 radii and bisection of each change; the others are in the tests")
    for name in ("rastrigin", "ackley"):
        entry = CATALOGUE[name]
        for eta in (0.0, entry.eta):
            wrong, changes, off = scanned(entry.landscape, entry.rho_max, eta)
            print(f"  {name}, eta = {eta:g}: {wrong} radii otherwise, {changes} changes, at most {off:.0e} off (1e-6)")

    print("\nRastrigin, rho up to 1: time per target and radius")
    for half in (1.1, 2.6, 5.2, 10.2):
        r = Landscape(RASTRIGIN, ((-half, half), (-half, half)))
        known = stationary_points(r, 1.0)
        (taken,) = medians(lambda r=r, known=known: hallucination_curves(r, 1.0, known), repeats=1)
        n = len(known.points)
        print(f"  {n:5d} targets  {taken:6.2f} s  {1e3 * taken / n:5.2f} ms a target")
    r = Landscape(RASTRIGIN, ((-2.6, 2.6), (-2.6, 2.6)))
    for rho_max in (0.65, 1.3, 2.6):
        known = stationary_points(r, rho_max)
        (taken,) = medians(lambda known=known, m=rho_max: hallucination_curves(r, m, known), repeats=1)
        n = len(known.points)
        print(f"  up to {rho_max:4g}: {n:5d} targets  {taken:6.2f} s  {1e3 * taken / n:5.2f} ms a target")


if __name__ == "__main__":
    main()
