"""What moves on a landscape, and where it stops."""

from .certify import Certificate, certify
from .hallucination import HallucinatedCurve, HallucinatedPoints, hallucinated_points
from .norms import verdict_of_norms
from .orbit import Orbit, iterate
from .outcome import Verdict
from .rules import Rule, Step, gd, sam, warm_start
from .stationary import StationaryCurve, StationaryPoints, stationary_points
from .verdict import verdict

__all__ = [
    "Certificate",
    "HallucinatedCurve",
    "HallucinatedPoints",
    "Orbit",
    "Rule",
    "StationaryCurve",
    "StationaryPoints",
    "Step",
    "Verdict",
    "certify",
    "gd",
    "hallucinated_points",
    "iterate",
    "sam",
    "stationary_points",
    "verdict",
    "verdict_of_norms",
    "warm_start",
]
