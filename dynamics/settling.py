"""Whether a run has settled: from here on it stays where it is, or goes to and fro between two places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array

from .memory import take
from .outcome import STAYS
from .rules import Rule, Step

_OFFSET: Final = 1e-7  # of the diagonal, for differences of the map
_ROUNDING: Final = 1e-15  # of the diagonal and the position, in two steps
_NEUTRAL: Final = 1e-6  # eigenvalues within this of 1 are 1 to differences


@dataclass(frozen=True)
class Settled:
    """Runs (m,) whose every second step leads back, and what was seen on these two steps."""

    mask: npt.NDArray[np.bool_]  # (m,)
    closeness: Array  # (m,) how closely two steps have to lead back for that, judging by the map's derivative here
    first: Step  # from x
    second: Step  # from where that leads


def settled(rule: Rule, x: Array, memory: Any, k: int, left: int, diagonal: float) -> Settled:
    """Say which runs have settled at x, so that what is seen of them now holds to the end.

    Two steps of a steady rule are a map T of x alone. A run is settled where T leads back to x so closely,
    and its differences say that it pulls together so strongly, that in the steps that are left the run moves less than
    STAYS of the diagonal: |T(x) - x| and rounding, times the sum of the powers of the largest |eigenvalue|. Along a
    curve of points at rest that is 1; where it is more the point repels, and holds no run.

    Args:
        rule: a rule that is steady at step k.
        x: where the runs are, (m, d).
        memory: the rule's, with the runs first.
        k: the step.
        left: how many steps follow.
        diagonal: of the window.

    Source:
        Linear stability of a fixed point of the map composed with itself.
    """
    m, d = x.shape
    h = _OFFSET * diagonal
    with np.errstate(all="ignore"):
        first, kept = rule.step(x, memory, k)
        second, _ = rule.step(first.x_next, kept, k)
        apart = np.linalg.norm(second.x_next - x, axis=-1)
        offsets = h * np.concatenate([np.eye(d), -np.eye(d)])
        sides = (x.T + offsets[:, :, None]).transpose(1, 0, 2).reshape(d, -1).T  # column by column
        there, kept = rule.step(sides, take(memory, np.tile(np.arange(m), 2 * d)), k)
        back, _ = rule.step(there.x_next, kept, k)
        moved = back.x_next.reshape(2, d, m, d)  # by side, axis of the offset, run
        pull = np.moveaxis((moved[0] - moved[1]) / (2.0 * h), 0, -1)
        largest = _spectral_radius(pull)
        times = max(1.0, 0.5 * left)
        neutral = np.abs(largest - 1.0) <= _NEUTRAL
        powers = np.where(neutral, times, np.where(largest < 1.0, np.minimum(times, 1.0 / (1.0 - largest)), np.inf))
        # What is not normal may grow for a while before it shrinks; its norm says by how much.
        growth = np.maximum(1.0, np.linalg.norm(pull, axis=(1, 2)))
        rounding = _ROUNDING * (diagonal + np.linalg.norm(x, axis=-1))
        closeness = STAYS * diagonal / (growth * powers) - rounding
    return Settled(np.asarray(apart <= closeness), closeness, first, second)


def _spectral_radius(matrices: Array) -> Array:
    """Return the largest |eigenvalue| (m,) of matrices (m, d, d), d = 1 or 2."""
    if matrices.shape[-1] == 1:
        return np.asarray(np.abs(matrices[:, 0, 0]))
    half = 0.5 * (matrices[:, 0, 0] + matrices[:, 1, 1])
    det = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]
    turning = half**2 - det
    return np.where(turning >= 0.0, np.abs(half) + np.sqrt(np.maximum(turning, 0.0)), np.sqrt(np.abs(det)))
