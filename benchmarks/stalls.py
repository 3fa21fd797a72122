"""How often the verdict on a training on mini-batches is right: seeded runs, and a judge who trains on.

python -m benchmarks.stalls [file]; where a file is named the runs are kept there, and taken from there the next time.

The judge: where 300 steps of plain SGD from the last weights bring the loss on all examples down by half, SAM held the
run, and "stalled" is the right word; of all other runs it is wrong. The verdict knows nothing of the judge. Its
thresholds were chosen on the even seeds; the odd ones are what counts.
"""

import os
import pickle
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

from dynamics import gd, iterate, momentum, sam, warm_start  # noqa: E402
from dynamics.rules import Rule  # noqa: E402
from dynamics.training import Batches, Course, Curves, Record, advance, batched, judge  # noqa: E402
from landscapes.landscape import Objective  # noqa: E402
from landscapes.networks import Network, one_thread  # noqa: E402

SEEDS = range(7)
ETA = 0.1
AFTER = 300  # steps of SGD that the judge takes
TANH = Network("digits", (32,), "tanh", precision="float32")
RELU = Network("digits", (64, 64), "relu", precision="float32")
CONVOLUTIONAL = Network("digits", (8, 16), "relu", layers="convolutional", precision="float32")
MOONS = Network("moons", (16, 16), "tanh", precision="float32")
NOISY = replace(RELU, label_noise=0.4)


@dataclass(frozen=True)
class Case:
    """One run."""

    network: Network
    rho: float
    seed: int
    warm: int = 0
    steps: int = 2000
    batch: int = 128
    beta: float = 0.0
    eta: float = ETA


@dataclass(frozen=True)
class Judged:
    """What a run left, and what the judge found."""

    case: Case
    curves: Curves
    guessing: float
    before: float  # loss on all examples at the end of the run
    after: float  # after the judge's steps

    @property
    def held(self) -> bool:
        return self.after <= 0.5 * self.before


def cases(seed: int) -> Iterator[Case]:
    """Runs that stall, runs that learn, and what lies between; all long enough to have ended at something."""
    yield from (Case(TANH, rho, seed, eta=0.3) for rho in (1.0, 2.0, 3.0))
    yield Case(TANH, 2.0, seed, warm=300, eta=0.3)
    yield Case(TANH, 2.0, seed, beta=0.9, eta=0.03)
    yield from (Case(RELU, rho, seed) for rho in (0.5, 1.5, 2.0, 3.0))
    yield from (Case(RELU, rho, seed, warm=300) for rho in (1.0, 2.0))
    yield from (Case(CONVOLUTIONAL, rho, seed, warm, 1000) for rho, warm in ((0.1, 0), (1.0, 0), (2.0, 0), (1.0, 300)))
    yield Case(NOISY, 0.2, seed)
    yield from (Case(MOONS, rho, seed, batch=32, eta=0.2) for rho in (0.1, 1.0, 4.0))


def rule_on(case: Case, l: Objective) -> Rule:
    rule = warm_start(gd(l, case.eta), sam(l, case.eta, case.rho), case.warm)
    return momentum(rule, case.beta) if case.beta else rule


def run(case: Case) -> Judged:
    n = case.network
    course = Course(
        batched(partial(rule_on, case), n, Batches(n.count, case.batch, case.seed)), n.start(case.seed), case.steps
    )
    (curves,) = advance((course,), None, None)
    plain = partial(rule_on, replace(case, rho=0.0, warm=0))  # SGD, with the run's own momentum
    on = batched(plain, n, Batches(n.count, case.batch, 1000 + case.seed))
    w = course.orbit().x[-1]
    after = n.value(iterate(on, w, AFTER, keep="scalars").x[-1])
    return Judged(case, curves, n.guessing, float(n.value(w)), float(after))


def runs(file: Path | None) -> list[Judged]:
    if file is not None and file.exists():
        return pickle.loads(file.read_bytes())  # noqa: S301
    found = []
    for case in (case for seed in SEEDS for case in cases(seed)):
        found.append(run(case))
        r = found[-1]
        print(f"{len(found):3d} {case.network.hidden} {case.network.activation} rho {case.rho:g} warm {case.warm} "
              f"seed {case.seed}: loss {r.before:.4f}, after {r.after:.4f}", flush=True)  # fmt: skip
    if file is not None:
        file.write_bytes(pickle.dumps(found))
    return found


def share(found: list[Judged], seeds: str) -> None:
    """Print how many verdicts were right, and what was said of the runs that the judge calls held, or not."""
    said = Counter((judge(Record.of("SAM", r.curves, r.guessing)).outcome, r.held) for r in found)
    right = sum(count for (outcome, held), count in said.items() if (outcome == "stalled") == held)
    held = sum(r.held for r in found)
    print(f"{seeds} seeds: {right} of {len(found)} right ({right / len(found):.1%}); the judge calls {held} held")
    for outcome in sorted({outcome for outcome, _ in said}):
        print(f"  {outcome:9s} held {said[outcome, True]:3d}, not held {said[outcome, False]:3d}")
    called = [count for (outcome, _), count in said.items() if outcome == "stalled"]
    if called:
        print(f"  of {sum(called)} called stalled {said['stalled', True]} are held")


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with one_thread():
        found = runs(file)
    print(f"{len(found)} runs; thresholds were chosen on the even seeds")
    for parity, seeds in enumerate(("even", "odd")):
        share([r for r in found if r.case.seed % 2 == parity], seeds)


if __name__ == "__main__":
    main()
