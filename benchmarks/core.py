"""The core beside hand-written NumPy and scipy.optimize.root: python -m benchmarks.core."""

import autograd.numpy as anp
import numpy as np
from autograd import grad
from scipy.optimize import root

from benchmarks._timing import medians, report
from dynamics import gd, hallucinated_points, iterate, sam
from dynamics.stationary import stationary_points
from landscapes import Landscape
from landscapes.formula import _parse, parse
from landscapes.kernel import Kernel
from landscapes.landscape import _kernel

HIMMELBLAU = "(x^2 + y - 11)^2/100 + (x + y^2 - 7)^2/100"
WINDOW = ((-6.0, 6.0), (-6.0, 6.0))
RHO = 3.0


def value_by_hand(p):
    x, y = p
    return ((x * x + y - 11.0) ** 2 + (x + y * y - 7.0) ** 2) / 100.0


def gradient_by_hand(p):
    x, y = p
    a, b = x * x + y - 11.0, x + y * y - 7.0
    return np.array([4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b]) / 100.0


gradient_by_autograd = grad(
    lambda p: ((p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2) / 100.0 + 0 * anp.sum(p)
)


def roots_from_starts(gradient):
    """Solve the shifted gradient from a 20 x 20 grid of starts and keep what passes the definition."""

    def shifted(p):
        g = gradient(p)
        norm = np.sqrt(g[0] * g[0] + g[1] * g[1])
        return gradient(p + RHO * g / norm)

    found = []
    with np.errstate(all="ignore"):
        for x in np.linspace(-6, 6, 20):
            for y in np.linspace(-6, 6, 20):
                solved = root(shifted, np.array([x, y]))
                p = solved.x
                if solved.success and np.abs(p).max() <= 6 and np.abs(shifted(p)).max() < 1e-8:
                    if np.abs(gradient(p)).max() > 1e-6 and all(np.abs(p - q).max() > 1e-6 for q in found):
                        found.append(p)
    return found


def ours_from_nothing():
    """Find the points with nothing cached, the kernel included."""
    _parse.cache_clear()
    _kernel.cache_clear()
    return hallucinated_points(Landscape(HIMMELBLAU, WINDOW), RHO)


def loops_by_hand(start, eta, steps):
    """GD and SAM with their records, as one writes them for this one function."""
    records = []
    for look_ahead in (False, True):
        x = np.array(start)
        xs, fs, gs, ss = np.empty((steps + 1, 2)), np.empty(steps + 1), np.empty(steps + 1), np.empty(steps + 1)
        fps, cosines = np.empty(steps + 1), np.empty(steps + 1)
        for k in range(steps + 1):
            g = gradient_by_hand(x)
            norm = np.sqrt(g @ g)
            x_plus = x + RHO * g / norm if look_ahead else x
            s = gradient_by_hand(x_plus) if look_ahead else g
            length = np.sqrt(s @ s)
            xs[k], fs[k], gs[k], ss[k] = x, value_by_hand(x), norm, length
            fps[k] = value_by_hand(x_plus) if look_ahead else fs[k]
            cosines[k] = g @ s / (norm * length)
            x = x - eta * s
        records.append(xs)
    return records


def main():
    l = Landscape(HIMMELBLAU, WINDOW)
    found = ours_from_nothing()
    by_hand, by_autograd = roots_from_starts(gradient_by_hand), roots_from_starts(gradient_by_autograd)
    print(f"Himmelblau/100, rho = 3: {len(found)} points here (largest |S| {found.residuals.max():.1e}), "
          f"{len(by_hand)} by root on a hand-written gradient, {len(by_autograd)} on autograd's")  # fmt: skip
    mine, peer = medians(ours_from_nothing, lambda: roots_from_starts(gradient_by_hand))
    report("all points, beside root from 20 x 20 starts", mine, peer, "at most 1")
    (slow,) = medians(lambda: roots_from_starts(gradient_by_autograd), repeats=1)
    report("  the same beside root on autograd's gradient", mine, slow, "printed")

    rastrigin = Landscape("20 + x^2 + y^2 - 10(cos(2pi x) + cos(2pi y))", ((-5.12, 5.12), (-5.12, 5.12)))
    count = len(hallucinated_points(rastrigin, 1.0))
    mine, search = medians(lambda: hallucinated_points(rastrigin, 1.0), lambda: stationary_points(rastrigin, 1.0))
    print(f"Rastrigin, rho = 1: {count} points in {1e3 * mine:.0f} ms (below 500 ms), "
          f"of which {1e3 * search:.0f} ms for the stationary points")  # fmt: skip

    start, eta, steps = (0.1, 2.5), 0.02, 2000

    def ours():
        return [iterate(rule, start, steps) for rule in (gd(l, eta), sam(l, eta, RHO))]

    apart = max(float(np.abs(o.x - x).max()) for o, x in zip(ours(), loops_by_hand(start, eta, steps), strict=True))
    mine, peer = medians(ours, lambda: loops_by_hand(start, eta, steps), repeats=9)
    report(f"GD and SAM, 2,000 steps each ({apart:.0e} apart)", mine, peer, "at most 1.5")

    block = np.random.default_rng(0).uniform(-6, 6, (2000, 2))
    x, y = block.T.copy()

    def numpy_by_hand():
        a, b = x * x + y - 11.0, x + y * y - 7.0
        return (4.0 * x * a + 2.0 * b) / 100.0, (2.0 * a + 4.0 * y * b) / 100.0

    mine, peer = medians(lambda: [l.gradient(block) for _ in range(100)], lambda: [numpy_by_hand() for _ in range(100)])
    report("gradient at 2,000 points, 100 times", mine, peer, "printed")
    formulas = [HIMMELBLAU, "+".join(["x^y"] * 60), "x/y*" * 60 + "x", "tan(x)/tan(y)*" * 20 + "x"]
    slowest = max(medians(lambda f=f: [Kernel(parse(f)).program(o) for o in ("fg", "gh")])[0] for f in formulas)
    print(
        f"slowest kernel of {len(formulas)} formulas, value, gradient and Hessian: {1e3 * slowest:.1f} ms (at most 20)"
    )


if __name__ == "__main__":
    main()
