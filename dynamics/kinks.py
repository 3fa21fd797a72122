"""Kinks and poles in the plane, and where on them a line ends along which the gradient points to a target.

At a kink tau = g(x) x (z - x) jumps. On each side of it tau is smooth, and where it vanishes there a line ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import contourpy
import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array, Landscape
from landscapes.switches import Switches, switches

from .brackets import root_between
from .levels import Indices

_CELLS: Final = 400  # of the grid on which kinks are sought, along an axis of the window
_CHUNK: Final = 65_536  # nodes at which a switch is looked at together
_STEPS: Final = 4  # of Newton's method onto a kink
_BESIDE: Final = 1e-9  # of the window's diagonal: how close to a kink the gradient is looked at
_ROUNDING: Final = 1e-9  # tau below this share of |g| |z - x| may be rounding
_ON: Final = 1e-6  # largest tau, as a share of |g| |z - x|, at the end of a line


@dataclass(frozen=True)
class Kinks:
    """Places along the kinks and poles in a window, kink after kink."""

    l: Landscape
    switches: Switches
    points: Array  # (m, 2)
    which: Indices  # (m,) the switch that vanishes there
    follows: npt.NDArray[np.bool_]  # (m,) the next place is on the same kink
    gradients: Array  # (2, m, 2) of f where the switch is below zero, and above

    @staticmethod
    def of(l: Landscape) -> Kinks:
        """Find the kinks and poles in the window of a landscape in two variables."""
        every = switches(l)
        points: list[Array] = [np.empty((0, 2))]
        which, last = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.bool_)]
        for i in range(len(every)):
            for curve in _zero_lines(l, every, i):
                points.append(curve)
                which.append(np.full(len(curve), i))
                last.append(np.arange(len(curve)) == len(curve) - 1)
        x, switch = np.concatenate(points), np.concatenate(which)
        found = Kinks(l, every, x, switch, ~np.concatenate(last), np.empty((2, len(x), 2)))
        for side, sign in enumerate((-1.0, 1.0)):
            found.gradients[side] = l.gradient(found.beside(x, switch, np.full(len(x), sign)))
        return found

    def beside(self, x: Array, which: Indices, sign: Array) -> Array:
        """Return points (n, 2) just beside the kinks of switches (n,) near x (n, 2), where these have a sign (n,)."""
        x = x.copy()
        offset = _BESIDE * self.l.diagonal * sign
        for i in np.unique(which).tolist():
            own = which == i
            place, step = self._onto(x[own], i)
            x[own] = place + offset[own, None] * step
        return x

    def _onto(self, x: Array, i: int) -> tuple[Array, Array]:
        """Return the points (n, 2) of the zero line of switch i near x (n, 2), and the normals there."""
        for _ in range(_STEPS):
            value, slope = self.switches.value_and_gradient(i, x)
            square = (slope**2).sum(axis=-1)
            with np.errstate(all="ignore"):
                change = -(value / square)[:, None] * slope
            x = x + np.where(np.isfinite(change), change, 0.0)
        slope = self.switches.value_and_gradient(i, x)[1]
        with np.errstate(all="ignore"):
            return x, slope / np.hypot(slope[:, 0], slope[:, 1])[:, None]

    def ends(self, z: Array, rho_max: float) -> tuple[Array, Indices, Array]:
        """Find where on kinks lines of a target z (2,) end, up to a distance.

        Returns:
            The points (k, 2) just beside the kinks, the switches that vanish there (k,), and their signs (k,).
        """
        away = z - self.points
        tau = self.gradients[..., 0] * away[:, 1] - self.gradients[..., 1] * away[:, 0]
        far, size = np.hypot(away[:, 0], away[:, 1]), np.hypot(self.gradients[..., 0], self.gradients[..., 1])
        # Along a circle around the target tau is made of rounding.
        sure = np.abs(tau) > _ROUNDING * size * far
        changes = ((tau >= 0.0) != (np.roll(tau, -1, axis=1) >= 0.0)) & (sure | np.roll(sure, -1, axis=1))
        side, i = np.nonzero(changes & self.follows & (far <= 1.1 * rho_max))
        a, b, which, sign = self.points[i], self.points[i + 1], self.which[i], 2.0 * side - 1.0

        def across(t: Array, k: Indices) -> Array:
            x = self.beside(a[k] + t[:, None] * (b[k] - a[k]), which[k], sign[k])
            g = self.l.gradient(x)
            return np.asarray(g[:, 0] * (z - x)[:, 1] - g[:, 1] * (z - x)[:, 0])

        every, zero = np.arange(len(i)), np.zeros(len(i))
        t = root_between(across, zero, zero + 1.0, zero + np.nan)
        x = self.beside(a + t[:, None] * (b - a), which, sign)
        size = np.linalg.norm(self.l.gradient(x), axis=-1) * np.linalg.norm(z - x, axis=-1)
        held = np.abs(across(t, every)) <= _ON * size  # otherwise tau jumps, where two kinks cross
        return x[held], which[held], sign[held]


@lru_cache(maxsize=8)
def kinks(l: Landscape) -> Kinks:
    """Return the kinks and poles in the window of a landscape in two variables."""
    return Kinks.of(l)


def _zero_lines(l: Landscape, every: Switches, i: int) -> list[Array]:
    """Draw the zero lines (m, 2) of switch i in the window."""
    x, y = (np.linspace(low, high, _CELLS + 1) for low, high in l.domain)
    value = np.empty((len(y), len(x)))
    rows = max(1, _CHUNK // len(x))
    for first in range(0, len(y), rows):
        value[first : first + rows] = every.value(i, np.stack(np.meshgrid(x, y[first : first + rows]), axis=-1))
    generator = contourpy.contour_generator(x, y, np.ma.masked_invalid(value), line_type="Separate")
    return [np.asarray(line) for line in generator.lines(0.0)]
