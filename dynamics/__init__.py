"""What moves on a landscape, and where it stops."""

from .certify import Certificate, certify
from .hallucination import HallucinatedCurve, HallucinatedPoints, hallucinated_points
from .orbit import Orbit, iterate
from .rules import Rule, Step, gd, sam, warm_start
from .stationary import StationaryCurve, StationaryPoints, stationary_points
from .verdict import Verdict, verdict

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
    "warm_start",
]
