"""Proof that a list of hallucinated points is complete, by ball arithmetic.

First every zero of the gradient in the window widened by rho is enclosed in a box of its own (`boxes`), then, on the
circle of radius rho around each, every direction in which a hallucinated point of the window lies (`turn`). Only
then the list is looked at. The proof shares the kernel with the search in `hallucination`, and nothing else.

What it is about: f is the formula over the real numbers, in which the decimals typed, the parameters, rho, eta and the
window's edges are the floats they were read as, and pi and e are the numbers of mathematics. Floats are not what is
claimed: a point of the list is a float close to the true one, and the proof says how close.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from landscapes.landscape import Array, Domain, Landscape

from .boxes import Zeros, zeros
from .directions import Directions, sides
from .hallucination import HallucinatedPoints
from .proof import Proof, all_covered, reasons_of, sentence_of
from .sentences import counted, place
from .turn import turn

MOST: Final = 300_000  # boxes and arcs together
_SECONDS: Final = 2.0  # of estimated work, which no formula exceeds
_PIECE: Final = (10e-6, 0.15e-6)  # estimated seconds for a box or an arc, and more for each line of the kernel
_MANY: Final = 1000  # undecided boxes that are not told apart any more
_BESIDE: Final = 1e-3  # share of the window's diagonal around an undecided box that counts as undecided
_ACCURACY: Final = 1e-6  # share of the window's diagonal within which a listed point is taken for a proved one


def certificate(
    l: Landscape, rho: float, found: HallucinatedPoints | None = None, eta: float = 0.0, most: int = MOST
) -> Proof:
    """Prove that `found` are all hallucinated points of a window at one radius, or say why that is not proved.

    This is about all points, in one variable or two and in ball arithmetic. Whether the end of one run is close to
    such a point, of a network too, is told by `certify`.

    Args:
        l: a landscape given by a formula.
        rho: perturbation radius, in the units of x.
        found: the list to compare with; None for what can be proved without one.
        eta: step size for which it is decided whether the points attract; 0: for small enough steps.
        most: boxes and arcs to look at before giving up. Long formulas have a smaller limit, so that no proof takes
            longer than a few seconds; both limits are counts, the result does not depend on the clock.

    Returns:
        The boxes and arcs, what is undecided, and whether the list is proved complete.

    Raises:
        TypeError: l has no formula.
        ValueError: rho, eta or most is out of range, or `found` is for another radius.

    Source:
        Krawczyk's test (Neumaier, Interval Methods for Systems of Equations, 1990); THEORY 1, 6 and 10.
    """
    if not isinstance(l, Landscape):
        raise TypeError(f"a proof needs a landscape given by a formula, got {type(l).__name__}")
    for name, value in (("rho", rho), ("eta", eta)):
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} must be a finite number >= 0, got {value}")
    if most < 1:
        raise ValueError(f"most must be at least 1, got {most}")
    if found is not None and found.rho != rho:
        raise ValueError(f"found is for rho = {found.rho}, not {rho}")
    most = min(most, pieces_in(l, _SECONDS))
    window = tuple(
        (math.nextafter(low - rho, -math.inf), math.nextafter(high + rho, math.inf)) for low, high in l.domain
    )
    every = zeros(l, window, most) if rho > 0.0 else Zeros((), (), (), 0, 1.0)
    left = most - every.boxes
    around = []
    for zero in every.zeros:
        around.append(sides(l, rho, zero, eta) if l.dim == 1 else turn(l, rho, zero, eta, max(left, 0)))
        left -= around[-1].arcs
    return compared(_drawn_up(l, rho, eta, window, every, around), l, found)


def pieces_in(l: Landscape, seconds: float) -> int:
    """Estimate how many boxes and arcs can be looked at in a time."""
    return max(1, int(seconds / (_PIECE[0] + _PIECE[1] * l.kernel.length)))


def _drawn_up(l: Landscape, rho: float, eta: float, window: Domain, every: Zeros, around: list[Directions]) -> Proof:
    """Put what was found into arrays, and say what of it is undecided."""
    d = l.dim
    points = [(k, point) for k, one in enumerate(around) for point in one.points]
    arcs = [(k, arc) for k, one in enumerate(around) for arc, _ in one.undecided]
    order = sorted(range(len(points)), key=lambda i: points[i][1].x)
    points = [points[i] for i in order]
    looked_at = every.boxes, sum(one.arcs for one in around)
    reasons = reasons_of(every, around, looked_at, d)
    return Proof(
        rho=rho,
        eta=eta,
        window=window,
        boxes=np.array([zero.box for zero in every.zeros]).reshape(-1, d, 2),
        zeros=np.array([zero.centre for zero in every.zeros]).reshape(-1, d),
        kinds=np.array([zero.kind for zero in every.zeros], dtype=object),
        undecided_boxes=np.array([box for box, _ in every.undecided]).reshape(-1, d, 2),
        decided_boxes=np.array(every.decided).reshape(-1, d, 2),
        arcs=np.array([point.arc for _, point in points]).reshape(-1, 2),
        points=np.array([point.x for _, point in points]).reshape(-1, d),
        errors=np.array([point.radius for _, point in points]) * (math.sqrt(d) * (1.0 + 1e-12)),
        targets=np.array([k for k, _ in points], dtype=np.int64),
        attracts=np.array([_STABILITY[point.attracts_at] for _, point in points], dtype=object),
        undecided_arcs=np.array([arc for _, arc in arcs]).reshape(-1, 2),
        undecided_targets=np.array([k for k, _ in arcs], dtype=np.int64),
        looked_at=looked_at,
        covered=all_covered(every, around),
        complete=not reasons,
        differences=(),
        confirmed=0,
        lacking=np.empty(0, dtype=np.int64),
        unsearched=np.empty((0, d)),
        reasons=reasons,
        proved=not reasons,
        sentence="",
    )


_STABILITY: Final = {True: "attracts", False: "repels", None: "undecided"}


def compared(p: Proof, l: Landscape, found: HallucinatedPoints | None) -> Proof:
    """Compare a proof made without a list with one: every point proved has to be one of the list, and the reverse."""
    distance = math.nan
    if found is not None:
        partner, apart = _partners(p, l, found)
        p = replace(p, confirmed=int(np.sum(partner >= 0)), lacking=np.setdiff1d(np.arange(len(p.points)), partner))
        differences = _differences(p, l, found, partner)
        p = replace(
            p,
            differences=differences,
            unsearched=_unsearched(p, l, found),
            reasons=p.reasons + differences,
            proved=p.complete and not differences,
        )
        distance = float(apart[partner >= 0].max(initial=0.0))
    return replace(p, sentence=sentence_of(p, None if found is None else len(found.points), distance))


def _unsearched(p: Proof, l: Landscape, found: HallucinatedPoints) -> Array:
    """Return the zeros (s, d) proved that the search for targets has not, whatever looks at them."""
    s = found.stationary
    loose = [s.points[s.kinds == "degenerate"], *(curve.points for curve in s.curves)]
    new = np.ones(len(p.zeros), dtype=bool)
    for points, reach in ((s.points, _ACCURACY), (np.concatenate(loose), _BESIDE)):
        if len(points) and len(p.zeros):
            new &= cKDTree(points).query(p.zeros)[0] > reach * l.diagonal
    return p.zeros[new]


def _differences(p: Proof, l: Landscape, found: HallucinatedPoints, partner: np.ndarray) -> tuple[str, ...]:
    """Say where proof and list contradict each other; what is undecided contradicts nothing."""
    listed = np.flatnonzero(partner >= 0)
    differences = []
    strangers = np.flatnonzero((partner < 0) & ~_undecided(p, l, found))
    if strangers.size:
        where = place(found.points[strangers[0]], l.diagonal)
        differences.append(f"the list has {counted(strangers.size, 'point')} that the proof has not, such as {where}")
    if p.lacking.size:
        where = place(p.points[p.lacking[0]], l.diagonal)
        differences.append(f"the list lacks {counted(p.lacking.size, 'point')} that the proof has, such as {where}")
    if p.complete and found.curves:
        differences.append(f"the list has {counted(len(found.curves), 'whole curve')} of points, the proof has none")
    partner = partner[listed]
    mine, theirs = p.kinds[p.targets[partner]], found.kinds[listed]
    other = int(np.sum((mine != theirs) & (mine != "undecided") & (theirs != "degenerate")))
    if other:
        differences.append(f"list and proof name the target of {counted(other, 'point')} differently")
    attracts, attract = p.attracts[partner], found.attract(p.eta)[listed]
    known = (attracts != "undecided") & ~np.isnan(found.step_limits[listed])
    other = int(np.sum(known & ((attracts == "attracts") != attract)))
    if other:
        differences.append(
            f"list and proof differ on whether {counted(other, 'point')} {'attracts' if other == 1 else 'attract'}"
        )
    return tuple(differences)


def _undecided(p: Proof, l: Landscape, found: HallucinatedPoints) -> np.ndarray:
    """Mask of the listed points that may be ones of which the proof could not decide."""
    n = len(found.points)
    if len(p.undecided_boxes) > _MANY:
        return np.ones(n, dtype=bool)
    reach = _BESIDE * l.diagonal  # a degenerate target is not located any better
    low, high = p.undecided_boxes[:, :, 0] - reach, p.undecided_boxes[:, :, 1] + reach
    around = p.zeros[np.unique(p.undecided_targets)]
    mask = np.zeros(n, dtype=bool)
    for i, z in enumerate(found.targets):
        mask[i] = ((z >= low) & (z <= high)).all(axis=1).any() or (np.abs(z - around) <= reach).all(axis=1).any()
    return mask


def _partners(p: Proof, l: Landscape, found: HallucinatedPoints) -> tuple[np.ndarray, Array]:
    """Pair every listed point with the point proved closest to it, if it is close enough and no other's partner.

    Returns:
        For each listed point the index of its partner, or -1, and how far it is from the true point at most.
    """
    n = len(found.points)
    if not len(p.points) or not n:
        return np.full(n, -1), np.full(n, np.inf)
    reach = _ACCURACY * l.diagonal
    distance, partner = cKDTree(p.points).query(found.points)
    same_target = np.abs(p.zeros[p.targets[partner]] - found.targets).max(axis=1) <= reach
    apart = (distance + p.errors[partner]) * (1.0 + 1e-12)
    fits = (apart <= reach) & same_target
    order = np.argsort(distance, kind="stable")
    _, first = np.unique(np.where(fits, partner, -1)[order], return_index=True)
    closest = np.zeros(n, dtype=bool)
    closest[order[first]] = True
    fits &= closest
    return np.where(fits, partner, -1), apart
