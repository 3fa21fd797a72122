"""Branches across kinks and poles beside single radii: python -m benchmarks.campaigns.kinks 0 600."""

import argparse
import sys
import time
from dataclasses import astuple, dataclass, fields

import numpy as np

from dynamics import (
    HallucinatedPoints,
    HallucinationCurves,
    attracting_intervals,
    hallucinated_points,
    hallucination_curves,
    stationary_points,
)
from landscapes import Landscape

RADII = 200  # single radii beside the branches of a formula
POINTS_AT = 10  # at every so many of them all points are compared, not only whether one attracts
_ABOVE = 1e-6  # of the largest radius
_ROUNDING = 1e-15  # of coordinates and slopes


@dataclass(frozen=True)
class Counts:
    """What is wrong with the branches of a formula, and how much was looked at."""

    samples: int  # of branches
    false_samples: int  # where |S| > 1e-6 |g|, or the look-ahead point is not the target
    dangerous: int  # radii at which a single search has an attracting point
    false_radii: int  # in an attracting interval, and the single search has no attracting point
    missed_radii: int  # the other way round
    false_critical: int  # nothing attracts just above where the first interval begins, or something does before
    points: int  # of the single searches
    false_points: int  # of the branches, which the single search has not
    missed_points: int  # the other way round

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def wrong(self) -> bool:
        """Whether anything is."""
        return any(getattr(self, f.name) for f in fields(self) if f.name.startswith(("false", "missed")))


NOTHING = Counts(*[0] * len(fields(Counts)))


def landscape(rng: np.random.Generator) -> Landscape:
    """A bowl, one or two waves, and one or two terms with a kink or a pole."""
    a, b = rng.uniform(0.1, 0.6, 2).round(3)

    def number(low: float, high: float) -> str:
        return repr(round(float(rng.uniform(low, high)), 3))

    def waves() -> str:
        k, m = number(0.8, 3.0), number(0.8, 3.0)
        forms = [f"cos({k}*x)", f"sin({k}*x)*y", f"sin({k}*x+{m}*y)", "x*y", f"cos({k}*y)", "exp(-x^2-y^2)"]
        return f"{number(0.2, 1.2)}*{forms[rng.integers(len(forms))]}"

    def kinks() -> str:
        c = number(-1.2, 1.2)
        forms = [
            f"{number(0.1, 1.0)}*abs(x-({c}))",
            f"{number(0.1, 1.0)}*abs(x+y-({c}))",
            f"{number(0.1, 1.0)}*abs(y-({c})*x^2)",
            f"{number(0.1, 1.0)}*sqrt((x-({c}))^2)",
            f"{number(-0.2, 0.2)}/(x-({c}))",
            f"{number(0.02, 0.2)}*tan({number(0.5, 1.5)}*x)",
        ]
        return forms[rng.integers(len(forms))]

    terms = [
        f"{a}*x^2+{b}*y^2",
        *(waves() for _ in range(rng.integers(1, 3))),
        *(kinks() for _ in range(rng.integers(1, 3))),
    ]
    x, y = rng.uniform(1.5, 3.0, 2).round(1)
    return Landscape("+".join(terms).replace("+-", "-"), ((-x, x), (-y, y)))


def rounding(l: Landscape, x: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """How far (n,) the look-ahead points may be off because g is known to a few digits only."""
    g, h = l.gradient_and_hessian(x)
    size = np.abs(h).max(axis=(1, 2)) / np.linalg.norm(g, axis=-1)
    return _ROUNDING * (np.abs(x).max(axis=-1) + rho) * (1.0 + rho * size)


def false_samples(c: HallucinationCurves) -> np.ndarray:
    """Mask (m,) of samples that break the definition; at a stationary point of f there is nothing to judge."""
    l, x, rho, z = c.landscape, c.points, c.rho, c.targets[c.branch]
    with np.errstate(all="ignore"):
        g = l.gradient(x)
        norm = np.linalg.norm(g, axis=-1)
        plus = x + rho[:, None] * g / norm[:, None]
        off = rounding(l, x, rho)
        size = np.abs(c.hessians[c.branch]).max(axis=(1, 2))
        wrong = ~(np.linalg.norm(l.gradient(plus), axis=-1) <= 1e-6 * norm + off * size)
        wrong |= ~(np.linalg.norm(plus - z, axis=-1) <= 1e-6 * rho + off)
    begins, stops = c.offsets[:-1], c.offsets[1:] - 1
    for ends, why in ((begins, c.starts), (stops, c.ends)):
        wrong[ends[(why == "stationary point") | (why == "target")]] = False
    return wrong


def lonely(some: HallucinatedPoints, others: HallucinatedPoints, diagonal: float) -> int:
    """How many points of the one have no point of the other beside them."""
    if not len(some):
        return 0
    return int(
        (
            np.linalg.norm(some.points[:, None] - others.points[None], axis=-1).min(axis=1, initial=np.inf)
            > 1e-6 * diagonal
        ).sum()
    )


def counts(l: Landscape, radii: int = RADII, eta: float = 0.0) -> Counts:
    """Compare all radii at once with single ones."""
    s = stationary_points(l, l.rho_max)
    c = hallucination_curves(l, l.rho_max, s)
    intervals = attracting_intervals(l, l.rho_max, eta, curves=c)
    rhos = np.linspace(0.0, l.rho_max, radii + 2)[1:-1]
    single = [hallucinated_points(l, rho, s) for rho in rhos]
    seen = np.array([bool(h.attract(eta).any()) for h in single])
    within = ((intervals[:, :1] < rhos) & (rhos < intervals[:, 1:])).any(axis=0)
    first, above = intervals[0] if len(intervals) else (np.inf, np.inf)
    just_above = min(first + _ABOVE * l.rho_max, 0.5 * (first + above))
    false_critical = bool((rhos[seen] < first).any())
    false_critical |= len(intervals) > 0 and not hallucinated_points(l, just_above, s).attract(eta).any()
    compared = [(h, c.points_at(h.rho)) for h in single[POINTS_AT // 2 :: POINTS_AT]]
    return Counts(
        samples=len(c.rho),
        false_samples=int(false_samples(c).sum()),
        dangerous=int(seen.sum()),
        false_radii=int((within & ~seen).sum()),
        missed_radii=int((seen & ~within).sum()),
        false_critical=int(false_critical),
        points=sum(len(h) for h, _ in compared),
        false_points=sum(lonely(at, h, l.diagonal) for h, at in compared),
        missed_points=sum(lonely(h, at, l.diagonal) for h, at in compared),
    )


def main() -> bool:
    """Return whether nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("count", type=int, nargs="?", default=600, help="formulas; 600 take half an hour")
    parser.add_argument("--first", type=int, default=0, help="the first formula of the seed that is looked at")
    parser.add_argument("--radii", type=int, default=RADII)
    parser.add_argument("--eta", type=float, default=0.0)
    a = parser.parse_args()
    total, begin, right = NOTHING, time.perf_counter(), True
    for k in range(a.first, a.first + a.count):
        l = landscape(np.random.default_rng((a.seed, k)))
        found = counts(l, a.radii, a.eta)
        total += found
        if found.wrong:
            right = False
            print(f"  {k}: {l.formula} on {l.domain}: {found}", flush=True)
    taken = time.perf_counter() - begin
    print(f"{a.count} formulas of seed {a.seed}, {a.radii} radii each, eta = {a.eta:g}, {taken:.0f} s")
    for field in fields(Counts):
        print(f"  {field.name.replace('_', ' '):16s} {getattr(total, field.name):8d}")
    return right


if __name__ == "__main__":
    sys.exit(not main())
