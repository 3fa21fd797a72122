"""The list of hallucinated points at one radius, completed with those that a proof has and the search lacks.

The search starts from a grid and misses what is narrower than its cells; the proof cuts until nothing is left open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from landscapes.landscape import Landscape

from .certificate import compared
from .hallucination import HallucinatedPoints, judged
from .proof import Proof
from .spectra import kind_of


def completed(l: Landscape, p: Proof, found: HallucinatedPoints) -> HallucinatedPoints:
    """Complete a list with the points that are proved and that it lacks, marked as found by the proof.

    Args:
        l: the landscape of both.
        p: a proof at the list's radius; what it leaves undecided adds nothing.
        found: the list of the search, which stays as it is where the proof has no more.

    Returns:
        All of `found`, and the points of the proof that are none of these, ordered by x, then y.

    Raises:
        ValueError: the proof is for another radius.
    """
    if p.rho != found.rho:
        raise ValueError(f"the proof is for rho = {p.rho}, the list for rho = {found.rho}")
    lacking = compared(p, l, found).lacking
    if not lacking.size:
        return found
    targets, hessians = (a[p.targets[lacking]] for a in (p.zeros, l.hessian(p.zeros)))
    kinds = p.kinds[p.targets[lacking]].astype("<U16")
    unnamed = kinds == "undecided"
    kinds[unnamed] = [kind_of(np.linalg.eigvalsh(h)) for h in hessians[unnamed]]
    more = judged(l, p.rho, p.points[lacking], targets, kinds, hessians, (), found.stationary, found.angles, True)
    return _joined(found, more)


def _joined(a: HallucinatedPoints, b: HallucinatedPoints) -> HallucinatedPoints:
    """Put the points of b into a."""
    of_points = ("points", "targets", "kinds", "residuals", "gradient_norms", "eigenvalues", "step_limits", "by_proof")
    both: dict[str, Any] = {name: np.concatenate([getattr(a, name), getattr(b, name)]) for name in of_points}
    order = np.lexsort(both["points"].T[::-1])
    return replace(a, **{name: values[order] for name, values in both.items()})
