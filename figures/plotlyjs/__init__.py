"""plotly.js for browsers, in two parts of which a page needs one: for two dimensions, and for surfaces.

The files are those of the npm packages plotly.js-cartesian-dist-min and plotly.js-gl3d-dist-min, of the version that
the installed plotly package draws for; together they are smaller than the whole of plotly.js. `python -m
figures.plotlyjs` says whether they are what was published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

VERSION: Final = "4.1.1"
CARTESIAN: Final = "plotly-cartesian.min.js"
SURFACES: Final = "plotly-gl3d.min.js"
CHECKSUMS: Final = {  # SHA-256 of the published files
    CARTESIAN: "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a",
    SURFACES: "aab04dcd9c103a92b18723f8c837712fe820f325d0bcd2421e415e8124a75b9f",
}
_OF_SPACE: Final = {"surface", "scatter3d", "mesh3d", "cone"}


def part_for(traces: Iterable[dict[str, Any]]) -> str:
    """Name of the part that draws these traces, given as plain values."""
    return SURFACES if any(trace.get("type") in _OF_SPACE for trace in traces) else CARTESIAN


@cache
def source(part: str) -> bytes:
    """Text of a part, `CARTESIAN` or `SURFACES`."""
    return (Path(__file__).parent / part).read_bytes()


def checksum(part: str) -> str:
    """SHA-256 of a part as it is here."""
    return hashlib.sha256(source(part)).hexdigest()
