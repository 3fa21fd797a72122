"""Basins: how a rule ends from many starts, all of which step together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from landscapes.landscape import Array
from landscapes.slopes import Slopes

from .attractors import Attractors, distinct
from .batch import Block, Watch, each, squares, together
from .endings import Endings, Ground, judge, small_gradient
from .grouping import Share, grouped, shares
from .outcome import STAYS, TOLERANCES, WORD, tail_of
from .rules import Rule
from .settling import settled

BLOCK: Final = 2048  # runs that step together; see landscapes.landscape
LOOKS: Final = 32  # steps between two looks at which runs are over
_NUMBERS: Final = 1_000_000  # of last positions that are kept at a time
_GONE: Final = -1  # in the place of the number of a run that has left in its last steps

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Basins:
    """How a rule ended from n starts, in the words of `verdict` and in groups, and where."""

    name: str  # of the rule
    steps: int
    starts: Array  # (n, d)
    outcomes: npt.NDArray[np.str_]  # (n,) the verdicts' words
    kinds: npt.NDArray[np.str_]  # (n,) of the stationary point it is about, empty where there is none
    along: npt.NDArray[np.bool_]  # (n,) that point lies on a curve of such points
    undefined: npt.NDArray[np.bool_]  # (n,) f is not defined at the start
    attractors: Indices  # (n,) which of `found` it ended at, -1 for none
    settled: Indices  # (n,) the step at which the run was over, looked at every LOOKS steps; `steps` where it was not
    ends: Array  # (n, d) where: the stationary or hallucinated point, or the last position
    targets: Array  # (n, d) the look-ahead point there, NaN where not hallucinated
    found: Attractors

    @property
    def groups(self) -> npt.NDArray[np.str_]:
        """The groups (n,) of `dynamics.grouping`."""
        return grouped(self.outcomes, self.undefined)

    def shares(self, shape: tuple[int, ...] | None = None) -> tuple[Share, ...]:
        """Return the share of every group; `shape` is that of the grid of starts, where they stand on one."""
        groups = self.groups
        return shares(groups if shape is None else groups.reshape(shape))


def basins(
    rule: Rule | Callable[[], Rule],
    starts: npt.ArrayLike,
    steps: int,
    report: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Basins | None:
    """Run a rule from many starts and say how each run ends.

    The runs step together in blocks of about 2,000. A run leaves when it has diverged, or has settled (see
    `dynamics.settling`) so that its verdict is known; what is left is judged by its last steps, as `verdict` would.

    To use several processes, map this function over parts of the starts on any `concurrent.futures.Executor`, with a
    function that makes the rule in place of the rule, which cannot be sent; and put the results together by `joined`:

        make = partial(sam, Slopes(l), eta=0.02, rho=3.0)
        found = joined(list(executor.map(partial(basins, make, steps=1000), np.array_split(starts, 8))))

    Args:
        rule: a rule on a landscape, or a function without arguments that makes one. On the landscape's `Slopes` it
            takes less time: values of f are not needed.
        starts: (n, d).
        steps: how many, >= 0.
        report: called now and then with the share of the work that is done.
        stop: asked as often; when it says True there is no result.

    Returns:
        The basins, or None where it was stopped. Their memory and time grow linearly with the starts.

    Raises:
        ValueError: steps is negative, or the starts do not fit the rule's landscape.
    """
    if not isinstance(rule, Rule):
        rule = rule()
    l = _landscape(rule)
    x = np.asfortranarray(starts, dtype=np.float64)
    if steps < 0:
        raise ValueError(f"steps must be >= 0, got {steps}")
    if x.ndim != 2 or x.shape[1] != l.dim:
        raise ValueError(f"starts must have shape (n, {l.dim}), got {x.shape}")
    with np.errstate(all="ignore"):
        work = _Work(rule, x, steps)
        last = steps + 1 - tail_of(steps + 1)  # the first of the steps that are looked at in the end
        while work.k < last and work.blocks:
            ahead = min(LOOKS, last - work.k)
            near = []
            for number, block in enumerate(work.blocks):
                work.blocks[number], returning = work.advance(block, ahead)
                near.append(returning)
                if stop is not None and stop():
                    return None
            work.settle(near, work.k + ahead)
            work.next(ahead)
            if report is not None:
                report(work.k / (steps + 1))
        work.keep_last()
        for block in work.blocks:
            for part in block.cut(work.most):
                work.finish(part)
                if stop is not None and stop():
                    return None
        work.judge_last()
        work.judge_settled()
    return work.result()


def joined(parts: Sequence[Basins]) -> Basins:
    """Put basins of the same rule and number of steps from several sets of starts together."""
    arrays = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Basins)
        if field.name not in ("name", "steps", "attractors", "found")
    }
    diagonal = parts[0].found.diagonal
    which, found = distinct(
        arrays["outcomes"], arrays["kinds"], arrays["along"], arrays["ends"], arrays["targets"], diagonal
    )
    return Basins(name=parts[0].name, steps=parts[0].steps, attractors=which, found=found, **arrays)


def _landscape(rule: Rule) -> Any:
    return rule.objective.landscape if isinstance(rule.objective, Slopes) else rule.objective


class _Work:
    """The blocks under way, and what is known of the runs that are over."""

    def __init__(self, rule: Rule, starts: Array, steps: int) -> None:
        self.rule, self.starts, self.steps, self.k = rule, starts, steps, 0
        self.at = Ground.of(_landscape(rule), traits=rule.traits)
        n, d = starts.shape
        worth = np.full(n, STAYS * self.at.diagonal)
        everything = Block(np.arange(n), starts, rule.start(starts), np.zeros(n), np.zeros(n), worth)
        self.blocks = everything.cut(BLOCK)
        self.outcomes = np.full(n, "diverged", dtype=WORD)
        self.kinds, self.along = np.full(n, "", dtype=WORD), np.zeros(n, dtype=np.bool_)
        self.over = np.full(n, steps)
        self.ends, self.targets = np.full((n, d), np.nan), np.full((n, d), np.nan)
        self.settled: list[tuple[Indices, Endings]] = []
        self.last: list[tuple[Indices, Endings]] = []
        self.most = self.waiting = 0  # runs whose last steps are kept at a time, about, and how many these are now

    def next(self, steps: int) -> None:
        """Go on to the next look; where blocks have emptied, put what is left of them together."""
        self.k += steps
        self.blocks = [block for block in self.blocks if len(block.which)]
        left = sum(len(block.which) for block in self.blocks)
        if len(self.blocks) > 1 and -(-left // BLOCK) <= 0.75 * len(self.blocks):
            everything = together(self.blocks)
            count = -(-left // BLOCK)
            self.blocks = [everything.part(members) for members in np.array_split(np.arange(left), count)]

    def advance(self, block: Block, steps: int) -> tuple[Block, npt.NDArray[np.bool_]]:
        """Take some steps with a block; return the runs that have not left, and which of these may have settled."""
        watch = Watch(block)
        x, memory, before = block.x, block.memory, block.x
        for k in range(self.k, self.k + steps):
            seen, memory = self.rule.step(x, memory, k)
            watch.see(seen)
            two_before, before, x = before, x, seen.x_next
        if self.k + steps >= self.rule.steady_from and steps > 1:
            near = np.linalg.norm(x - two_before, axis=-1) <= block.closeness
        else:
            near = np.zeros(len(x), dtype=np.bool_)
        which = block.which
        suspects = np.flatnonzero(~(watch.reach(self.at.centre) <= TOLERANCES.far * self.at.diagonal))
        gone = suspects[self._leave(block.part(suspects), steps)] if suspects.size else suspects
        block = Block(which, x, memory, watch.largest, watch.largest_rho, block.closeness.copy())
        if not gone.size:
            return block, near
        self.ends[which[gone]], self.over[which[gone]] = x[gone], self.k + steps
        stays = np.ones(len(x), dtype=np.bool_)
        stays[gone] = False
        return block.part(stays), near[stays]

    def settle(self, near: Sequence[npt.NDArray[np.bool_]], k: int) -> None:
        """Let go the runs that have settled by step k, of those in the blocks that may have.

        All of them are looked at together: often they are few in each block.
        """
        chosen = [number for number, mask in enumerate(near) if mask.any()]
        if not chosen:
            return
        parts = [self.blocks[number].part(near[number]) for number in chosen]
        looks = [self._settle(part, k) for part in together(parts).cut(BLOCK)]
        over, closeness = (np.concatenate(values) for values in zip(*looks, strict=True))
        ends = np.cumsum([len(part.which) for part in parts])[:-1]
        for number, leaves, closely in zip(chosen, np.split(over, ends), np.split(closeness, ends), strict=True):
            block, stays = self.blocks[number], ~near[number]
            block.closeness[near[number]] = closely
            stays[near[number]] = ~leaves
            self.blocks[number] = block if stays.all() else block.part(stays)

    def _leave(self, block: Block, steps: int) -> npt.NDArray[np.bool_]:
        """Say which runs of a block (m,) leave in so many steps, going these steps once more."""
        x, memory, gone = block.x, block.memory, np.zeros(len(block.which), dtype=np.bool_)
        for k in range(self.k, self.k + steps):
            seen, memory = self.rule.step(x, memory, k)
            x = seen.x_next
            gone |= self._far(x)
        return gone

    def _far(self, x: Array) -> npt.NDArray[np.bool_]:
        """Mask (...) of the positions (..., d) that are far outside the window, or nowhere."""
        return np.asarray(~(np.linalg.norm(x - self.at.centre, axis=-1) <= TOLERANCES.far * self.at.diagonal))

    def _settle(self, block: Block, k: int) -> tuple[npt.NDArray[np.bool_], Array]:
        """Keep the endings of the runs that have settled by step k.

        Returns:
            Which these are (m,), and how closely two steps must lead back before another look (m,).
        """
        # Its verdict rests on where it would go from the end on, too.
        left = self.steps - k + int(TOLERANCES.ahead * tail_of(self.steps + 1))
        there = settled(self.rule, block.x, block.memory, k, left, self.at.diagonal)
        x, first, second = block.x, there.first, there.second
        # Of one that has settled, with a verdict that is not known yet, what decides it shrinks along with its steps.
        closeness = np.where(there.mask, 0.25 * np.linalg.norm(second.x_next - x, axis=-1), there.closeness)
        over, here = np.zeros(len(x), dtype=np.bool_), np.flatnonzero(there.mask)
        if not here.size:
            return over, closeness
        eta, rho = (each(v, len(x))[here] for v in (first.eta, first.rho))
        x, x1, x2 = x[here], first.x_next[here], second.x_next[here]
        norms, shifted = (
            np.stack([np.linalg.norm(v[here], axis=-1) for v in vs], axis=1)
            for vs in ((first.g, second.g), (first.s, second.s))
        )
        ratio = shifted / norms
        largest = np.maximum(np.sqrt(block.largest[here]), norms.max(axis=1))
        ending = Endings(
            x=x,
            tail=np.stack([x, x1, x2, x1, x2], axis=1),
            calm=np.where((norms[:, 0] <= norms[:, 1])[:, None], x, x1),
            norms=norms[:, 0],
            largest=largest,
            shifted=shifted[:, 0],
            longest=eta * shifted.max(axis=1),
            stalls=(ratio <= TOLERANCES.stall).all(axis=1),
            before=np.full(len(x), np.inf),  # it stays, by the differences of the map: it is not leaving
            eta=eta,
            rho=rho,
            largest_rho=np.maximum(block.largest_rho[here], rho),
        )
        # What decides its verdict, g or S, may go on getting smaller: then it is known once that is small.
        at_rest = norms[:, 0] <= small_gradient(self.at, x, largest)
        arrived = (ratio <= TOLERANCES.arrived).all(axis=1)
        known = np.where(ending.looks_ahead, arrived | (ratio > TOLERANCES.stall).all(axis=1), at_rest)
        if self.rule.traits.fades:
            known &= at_rest | arrived | (np.linalg.norm(x1 - x, axis=-1) > STAYS * self.at.diagonal)
        if known.any():
            self.settled.append((block.which[here[known]], ending.part(known)))
            over[here[known]] = True
            self.over[block.which[over]] = k
        return over, closeness

    def keep_last(self) -> None:
        """Make room for the last steps of some runs at a time, which is used again by the next ones."""
        w, left, d = self.steps + 1 - self.k, sum(len(block.which) for block in self.blocks), self.starts.shape[1]
        self.most = max(1, _NUMBERS // (d * w))
        room = min(self.most + BLOCK, left)
        self.tail, self.norms, self.shifted = np.empty((w, d, room)), np.empty((w, room)), np.empty((w, room))

    def finish(self, block: Block) -> None:
        """Take the last steps with a block."""
        m = len(block.which)
        watch = Watch(block)
        x, memory = block.x, block.memory
        own = slice(self.waiting, self.waiting + m)
        tail, norms, shifted = self.tail[:, :, own], self.norms[:, own], self.shifted[:, own]
        w, longest = len(tail), np.zeros(m)
        for i in range(w):
            seen, memory = self.rule.step(x, memory, self.k + i)
            norms[i] = watch.see(seen)
            tail[i] = x.T
            shifted[i] = norms[i] if seen.s is seen.g else squares(seen.s)
            np.maximum(longest, np.square(seen.eta) * shifted[i], out=longest)
            end, x = x, seen.x_next
        np.sqrt(norms, out=norms)
        np.sqrt(shifted, out=shifted)
        gone: npt.NDArray[np.bool_] = np.asarray(~np.isfinite(shifted).all(axis=0))
        suspects = np.flatnonzero(gone | ~(watch.reach(self.at.centre) <= TOLERANCES.far * self.at.diagonal))
        gone[suspects] |= self._far(tail[:, :, suspects].transpose(2, 0, 1)).any(axis=1)
        ratio = shifted[-max(1, w // 4) :] / norms[-max(1, w // 4) :]
        self.ends[block.which[gone]] = end[gone]
        calm = tail[np.argmin(norms, axis=0), :, np.arange(m)]
        ending = Endings(
            end, tail.transpose(2, 0, 1), calm, norms[-1], np.sqrt(watch.largest), shifted[-1], np.sqrt(longest),
            np.asarray((ratio <= TOLERANCES.stall).all(axis=0)), ratio[0], each(seen.eta, m), each(seen.rho, m),
            watch.largest_rho,
        )  # fmt: skip
        self.last.append((np.where(gone, _GONE, block.which), ending))
        self.waiting += m
        if self.waiting >= self.most:
            self.judge_last()

    def judge_last(self) -> None:
        """Judge the runs that have taken their last steps."""
        if self.last:
            tail = self.tail[:, :, : self.waiting].transpose(2, 0, 1)
            self._judge(self.last, tail)
        self.waiting = 0

    def judge_settled(self) -> None:
        """Judge the runs that settled."""
        if self.settled:
            self._judge(self.settled)

    def _judge(self, parts: list[tuple[Indices, Endings]], tail: Array | None = None) -> None:
        which = np.concatenate([members for members, _ in parts])
        endings = Endings.joined([endings for _, endings in parts], tail)
        parts.clear()  # they may be large
        stayed = which != _GONE
        if not stayed.all():
            which, endings = which[stayed], endings.part(stayed)
        found = judge(self.at, endings)
        self.outcomes[which], self.kinds[which], self.along[which] = found.outcomes, found.kinds, found.along
        self.ends[which], self.targets[which] = found.points, found.targets

    def result(self) -> Basins:
        """Return what has been found."""
        undefined = ~np.isfinite(self.at.l.value(self.starts))
        words = (self.outcomes, self.kinds, self.along)
        which, found = distinct(*words, self.ends, self.targets, self.at.diagonal)
        return Basins(
            self.rule.name, self.steps, np.ascontiguousarray(self.starts), *words, undefined, which, self.over,
            self.ends, self.targets, found,
        )  # fmt: skip
