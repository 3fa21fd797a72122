"""What moves on a landscape, and where it stops."""

from .basins import Basins, basins
from .branches import Branch, HallucinationCurves, hallucination_curves
from .certificate import certificate
from .certify import Certificate, certify
from .completed import completed
from .critical_radius import attracting_intervals, critical_radius
from .hallucination import HallucinatedCurve, HallucinatedPoints, hallucinated_points
from .noise import noisy
from .norms import verdict_of_norms
from .orbit import Orbit, iterate
from .outcome import Verdict
from .proof import Proof
from .recipes import RECIPES, Knob, Recipe
from .rescue import Rescue, rescue
from .rules import (
    Rule,
    Step,
    cosine_decay,
    decayed,
    gd,
    linear_decay,
    linear_ramp,
    momentum,
    sam,
    scheduled,
    warm_start,
)
from .stationary import StationaryCurve, StationaryPoints, stationary_points
from .variants import asam, gsam, lesam, looksam, ssam, usam, vasso, wsam
from .verdict import verdict

__all__ = [
    "Basins",
    "Branch",
    "Certificate",
    "HallucinatedCurve",
    "HallucinatedPoints",
    "HallucinationCurves",
    "Knob",
    "Proof",
    "Orbit",
    "RECIPES",
    "Recipe",
    "Rescue",
    "Rule",
    "StationaryCurve",
    "StationaryPoints",
    "Step",
    "Verdict",
    "asam",
    "basins",
    "certificate",
    "certify",
    "completed",
    "cosine_decay",
    "decayed",
    "attracting_intervals",
    "gd",
    "gsam",
    "hallucinated_points",
    "hallucination_curves",
    "iterate",
    "lesam",
    "linear_decay",
    "linear_ramp",
    "looksam",
    "momentum",
    "noisy",
    "rescue",
    "critical_radius",
    "sam",
    "scheduled",
    "ssam",
    "stationary_points",
    "usam",
    "vasso",
    "verdict",
    "verdict_of_norms",
    "warm_start",
    "wsam",
]
