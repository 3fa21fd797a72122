"""Proofs that were made, for all visitors, and answers whose lists they complete."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeVar

from dynamics import HallucinatedPoints, Proof, certificate, completed
from dynamics.certificate import pieces_in
from landscapes import Landscape
from pages.shared import compute
from pages.shared.analysis import Answer, Question
from pages.shared.jobs import Job, submit

AT_ONCE: Final = 0.06  # seconds of estimated work for which nobody needs to ask
KEPT: Final = 16  # proofs of either sort; one that a worker has made may hold 10 MB
_BOXES_A_TARGET, _ARCS_A_TARGET = 12, 40  # about so many are looked at, by the catalogue

Held = TypeVar("Held")
Asked = tuple[Landscape, float, float]  # with radius and step size


def asked_by(q: Question) -> Asked:
    """Return what a question asks a proof of."""
    return q.landscape, q.rho, q.eta


class Proofs:
    """The last few proofs that were made at once, and those that workers make or have made."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._small: OrderedDict[Asked, Proof] = OrderedDict()
        self._jobs: OrderedDict[Asked, Job] = OrderedDict()
        self._lock = threading.RLock()

    def job(self, asked: Asked) -> Job | None:
        """Return the job, None where nobody has asked for one or it has failed."""
        with self._lock:
            job = self._jobs.get(asked)
            return None if job is None or job.failed else job

    def begin(self, asked: Asked) -> Job:
        """Return the job, begun now unless it is there."""
        with self._lock:
            job = self.job(asked)
            if job is None:
                l, rho, eta = asked
                job = submit(certificate, l, rho, None, eta, question=True)
                _hold(self._jobs, asked, job)
            return job

    def made(self, asked: Asked) -> Proof | None:
        """Return the proof, None where it is not made."""
        with self._lock:
            job, small = self.job(asked), self._small.get(asked)
        return job.result() if job is not None and job.future.done() else small

    def keep(self, asked: Asked, proof: Proof) -> None:
        """Keep a proof that was made at once."""
        with self._lock:
            _hold(self._small, asked, proof)


def _hold(held: OrderedDict[Asked, Held], asked: Asked, value: Held) -> None:
    """Hold a value as the last one, and forget the first ones where there are too many."""
    held.pop(asked, None)
    held[asked] = value
    while len(held) > KEPT:
        held.popitem(last=False)


proofs = Proofs()


def ask(q: Question) -> Answer:
    """Answer a question; where a proof is made its list has the points that only the proof has found.

    Raises:
        Busy: as `compute.ask`.
    """
    a, proof = compute.ask(q), proofs.made(asked_by(q))
    whole = a.found if proof is None else completed(q.landscape, proof, a.found)
    return a if whole is a.found else replace(a, found=whole)


def at_once(q: Question, found: HallucinatedPoints) -> Proof | None:
    """Return the proof where it is cheap, None where it would take longer."""
    most = pieces_in(q.landscape, AT_ONCE)
    if _expected(q, found) > most:
        return None
    proof = _prove(*asked_by(q), most)
    if sum(proof.looked_at) >= most:
        return None
    proofs.keep(asked_by(q), proof)
    return proof


def _expected(q: Question, found: HallucinatedPoints) -> int:
    """Estimate how many boxes and arcs a proof looks at; too many where the zeros are known to form curves."""
    targets = len(found.stationary.points)
    if q.landscape.dim == 1:
        return 20 * targets
    many = bool(found.stationary.curves) or bool((found.stationary.kinds == "degenerate").any())
    return 10**9 if many else (_BOXES_A_TARGET + _ARCS_A_TARGET) * targets


@lru_cache(maxsize=32)
def _prove(l: Landscape, rho: float, eta: float, most: int) -> Proof:
    """Prove what can be proved without a list, from the cache where that was asked before."""
    return certificate(l, rho, None, eta, most)
