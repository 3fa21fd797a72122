"""What the player plays: named paths with what was measured along them, and their form for the browser."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from figures.palette import HALLUCINATED
from figures.shapes import path
from pages.shared.live import Live

Array = npt.NDArray[np.floating[Any]]

LONGEST: Final = 2001  # points of a track; longer runs are thinned
CHECKS: Final = 9  # places of a track at which what the browser computes is compared
RULES_RUN: Final = ("GD", "SAM")  # the tracks that the browser computes
SINGLE: Final = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Note:
    """A label beside a point of the picture, shown while a track is at its end."""

    x: float
    y: float
    text: str
    color: str
    side: str  # "left", "right", "above" or "below" the point


@dataclass(frozen=True)
class Track:
    """One named path, in the axes' coordinates: in one variable these are x and f(x)."""

    name: str
    color: str
    symbol: str  # of `figures.shapes`
    k: npt.NDArray[np.int64]  # (n,) step numbers
    x: Array  # (n, 2)
    x_plus: Array | None  # (n, 2) look-ahead points; None for a rule that does not look ahead
    step: Array | None  # (n, 2) the shifted gradient S at x+; in one variable (n, 1) the slope there
    f: Array  # (n,)
    gradient: Array  # (n,) |g(x)|
    shifted: Array | None  # (n,) |S(x)|; None for a rule that does not look ahead
    eta: float
    rho: float  # NaN where it changes on the way, or the look-ahead is not of that length
    end: str  # how it ended, as a sentence
    slope: Array | None = None  # (n,) f'(x), in one variable
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Playback:
    """Paths that are played in step, and the words that go with them."""

    tracks: tuple[Track, ...]
    dim: int
    start: tuple[float, float] | None  # where the handle stands, in the axes' coordinates
    window: tuple[tuple[float, float], ...] = ()  # the start stays in it; one pair a variable
    quantum: tuple[float, ...] = ()  # a chosen start is a multiple of it, for each variable
    templates: Mapping[str, str] = field(default_factory=dict)  # the microscope's sentences, with {placeholders}
    thinned: str = ""  # says so where not every step is shown
    every: int = 1  # of the steps one is shown
    live: Live | None = None  # by which the browser runs GD and SAM itself


def plain(playback: Playback, whole: bool = False) -> dict[str, Any]:
    """Return a playback as JSON values; arrays become 32-bit floats in base64, positions relative to an origin.

    Of tracks that the browser computes it gets a few places to compare; where they are not the same there it asks for
    the `whole` tracks.
    """
    computed = () if whole or playback.live is None else tuple(RULES_RUN)
    sent = [track for track in playback.tracks if track.name not in computed]
    longest = max((track.k for track in sent), key=len, default=np.zeros(0, dtype=np.int64))
    in_step = all(np.array_equal(track.k, longest[: len(track.k)]) for track in sent)
    return {
        "k": _steps(longest) if in_step else None,
        "tracks": [
            _checked(track) if track.name in computed else _track(track, None if in_step else _steps(track.k))
            for track in playback.tracks
        ],
        "dim": playback.dim,
        "start": playback.start if playback.start and np.isfinite(playback.start).all() else None,
        "window": playback.window,
        "quantum": playback.quantum,
        "templates": dict(playback.templates),
        "thinned": playback.thinned,
        "every": playback.every,
        "live": None if playback.live is None else _live(playback.live),
    }


def _live(live: Live) -> dict[str, Any]:
    branches = live.branches
    return {
        "branches": None
        if branches is None
        else {"samples": _single(branches.samples), "offsets": _encoded(branches.offsets), "dim": len(live.start)},
        "star": HALLUCINATED,
        "program": live.program,
        "given": live.given,
        "start": live.start,
        "steps": live.steps,
        "moves": [[key, list(places)] for key, places in live.moves.items()],  # no name that was typed is one of ours
        "name": live.name,
    }


def _steps(k: npt.NDArray[np.int64]) -> dict[str, str] | None:
    """Return step numbers, or None for 0, 1, 2, ..."""
    return None if np.array_equal(k, np.arange(len(k))) else _encoded(k.astype(np.int32))


def _said(track: Track) -> dict[str, Any]:
    """Return what is said of a track besides its numbers."""
    return {
        "name": track.name,
        "color": track.color,
        "shape": path(track.symbol),
        "eta": track.eta,
        "rho": track.rho if np.isfinite(track.rho) else None,
        "end": track.end,
        "notes": [
            {"x": note.x, "y": note.y, "text": note.text, "color": note.color, "side": note.side}
            for note in track.notes
            if np.isfinite([note.x, note.y]).all()
        ],
    }


def _checked(track: Track) -> dict[str, Any]:
    """Return a track that the browser computes: which of its places are to be where."""
    n = len(track.k)
    entries = np.unique(np.linspace(0, n - 1, CHECKS).round().astype(np.int64)) if n else np.empty(0, dtype=np.int64)
    return {
        **_said(track),
        "last": int(track.k[-1]) if n else -1,
        "checks": [[int(track.k[i]), *(float(v) for v in track.x[i])] for i in entries],
    }


def _track(track: Track, k: dict[str, str] | None) -> dict[str, Any]:
    origin = [float(v) for v in track.x[0]] if len(track.x) else [0.0, 0.0]
    return {
        **_said(track),
        "origin": origin,
        "count": len(track.k),
        "k": k,
        "x": _single(track.x - origin),
        "xPlus": None if track.x_plus is None else _single(track.x_plus - origin),
        "step": None if track.step is None else _single(track.step),
        "slope": None if track.slope is None else _single(track.slope),
        "f": _single(track.f),
        "gradient": _single(track.gradient),
        "shifted": None if track.shifted is None else _single(track.shifted),
    }


def _single(values: Array) -> dict[str, str]:
    return _encoded(np.clip(values, -SINGLE, SINGLE).astype(np.float32))


def _encoded(values: npt.NDArray[Any]) -> dict[str, str]:
    kind = "i4" if values.dtype == np.int32 else "f4"
    return {"dtype": kind, "bdata": base64.b64encode(np.ascontiguousarray(values)).decode("ascii")}
