"""Networks: the stall, its cure and its certificate, what a step, the monitor and a sweep cost, and who waits for it.

python -m benchmarks.networks; one thread on both sides of every comparison.
"""

import itertools
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from tempfile import TemporaryDirectory

# What runs in one thread has to say so before NumPy is imported, here and in every worker.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import psutil  # noqa: E402

from benchmarks._timing import medians, report  # noqa: E402
from dynamics import Certificate, certify, gd, iterate, sam, verdict_of_norms, warm_start  # noqa: E402
from dynamics.sweep import sweep  # noqa: E402
from landscapes.networks import Network  # noqa: E402

DIGITS = Network("digits", (32,))
TINY = Network("moons", (2,), loss="logistic", weight_decay=0.01)
SEEDS = range(5)
STEPS = 6000


def digits_run(case: tuple[float, int, int]) -> dict[str, object]:
    """One run on Digits: rho, GD steps before, seed."""
    rho, warm, seed = case
    rule = warm_start(gd(DIGITS, 0.1), sam(DIGITS, 0.1, rho), warm)
    orbit = iterate(rule, DIGITS.start(seed), STEPS, keep="scalars")
    w = orbit.x[-1]
    outcome = verdict_of_norms(orbit).outcome
    return {
        "loss": orbit.f[-1],
        "ahead": orbit.f_plus[-1],
        "g": orbit.gradient_norms[-1],
        "s": orbit.shifted_norms[-1],
        "accuracy": DIGITS.accuracy(w),
        "outcome": outcome,
        "proof": certify(DIGITS, w, rho, eta=0.1) if outcome == "stalled" else None,
    }


def tiny_run(seed: int) -> Certificate:
    orbit = iterate(sam(TINY, 0.05, 4.0), TINY.start(seed, 0.7), 3000, keep="scalars")
    return certify(TINY, orbit.x[-1], 4.0, eta=0.05)


def digits(executor: Executor) -> None:
    cases = list(itertools.product((3.0, 4.0), (0, 300), SEEDS))
    results = dict(zip(cases, executor.map(digits_run, cases), strict=True))
    print(f"Digits 64-32-10, tanh, eta = 0.1, {STEPS:,} steps")
    print("rho  GD before  seed   f(w)    f(w+)   |g|      |S|      accuracy  from norms    certificate")
    for (rho, warm, seed), r in results.items():
        proof = "" if r["proof"] is None else f"{'' if r['proof'].certified else 'not '}certified, {r['proof'].kind}"
        print(f"{rho:3g}  {warm:9d}  {seed:4d}  {r['loss']:6.4f}  {r['ahead']:6.4f}  {r['g']:.1e}  {r['s']:.1e}  "
              f"{r['accuracy']:8.3f}  {r['outcome']:12s}  {proof}")  # fmt: skip
    for rho, warm in itertools.product((3.0, 4.0), (0, 300)):
        runs = [results[rho, warm, seed] for seed in SEEDS]
        accuracy = [r["accuracy"] for r in runs]
        bound = f"above {0.9 if rho == 3.0 else 0.85}" if warm else "below 0.35 in at least 4 of 5"
        low, stalled = sum(a < 0.35 for a in accuracy), sum(r["s"] <= 0.05 * r["g"] for r in runs)
        print(f"rho = {rho:g}, {warm} GD steps before: accuracy {min(accuracy):.3f} to {max(accuracy):.3f} ({bound}); "
              f"below 0.35: {low} of 5; |S| <= 0.05|g| at the end: {stalled} of 5")  # fmt: skip


def tiny(executor: Executor) -> None:
    found = list(executor.map(tiny_run, range(24)))
    good = [c for c in found if c.certified and c.residual < 1e-10 and c.gradient_norm > 0.1]
    print(f"Tiny, rho = 4: {len(good)} of 24 seeds certified with |S| < 1e-10 and |g| > 0.1 (at least 20)")
    for (kind, attracts, f, g, ahead), count in Counter(
        (c.kind, c.attracts, f"{c.f:.3f}", f"{c.gradient_norm:.3f}", f"{c.f_plus:.3f}") for c in good
    ).most_common():
        does = {True: "attracts", False: "repels", None: "undecided"}[attracts]
        print(f"  {count:2d} at a hallucinated {kind} (f = {f}, |g| = {g}, f(w+) = {ahead}), which {does} SAM")


def steps() -> None:
    """SAM steps here and in PyTorch, and what the monitor adds to the latter."""
    import torch
    from pytorch_optimizer import SAM

    from dynamics.monitor import Monitor

    torch.set_num_threads(1)
    x, y = torch.from_numpy(DIGITS.examples.x.copy()), torch.from_numpy(DIGITS.examples.y.copy())
    w, n = DIGITS.start(0), 20

    def theirs(path: str = "") -> None:
        module = DIGITS.module(w)
        optimizer = SAM(module.parameters(), torch.optim.SGD, rho=3.0, lr=0.1)
        watch = Monitor(optimizer, path) if path else None

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(x), y)
            (watch(loss) if watch else loss).backward()
            return loss

        for _ in range(n):
            closure()
            optimizer.step(closure)
        if watch:
            watch.close()

    def ours() -> None:
        iterate(sam(DIGITS, 0.1, 3.0), w, n - 1, keep="scalars", report=lambda k, x: None)

    with TemporaryDirectory() as folder:
        mine, peer, watched = medians(ours, theirs, lambda: theirs(f"{folder}/run.csv"), repeats=51)
    report(f"Digits, {n} SAM steps with their records, beside PyTorch", mine, peer, "at most 1.15")
    report("  the same in PyTorch with the monitor, beside without", watched, peer, "below 1.05")


def forty(executor: Executor) -> None:
    finished = sweep(range(40), tiny_run, executor)
    assert len(finished) == 40 and not any(one.failed for one in finished)


def busy() -> str:
    """Say what else the machine does: two workers need two free cores to take half the time of one."""
    percent = psutil.cpu_percent(interval=1.0, percpu=True)
    cores = ", ".join(f"{value:.0f}%" for value in percent)
    word = "; busy, so that no speedup can be shown" if max(percent) > 20.0 else ""
    return f"other work on the cores: {cores}{word}"


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of processor that this process and those it has started spend on some work."""

    def spent() -> float:
        me = psutil.Process()
        return sum(sum(process.cpu_times()[:2]) for process in [me, *me.children(recursive=True)])

    before = spent()
    work()
    return spent() - before


def on_free_cores(executor: Executor, alone: Callable[[], object]) -> None:
    """Say what the ratio would be if nobody else had used the two cores: half of all processor time, over one's."""
    ratio = 0.5 * processor_time(lambda: forty(executor)) / processor_time(alone)
    print(f"  by processor time, as if on two free cores: ratio {ratio:.2f}; {busy()}")


def sweeps(executor: Executor) -> None:
    """Time 40 runs on workers that are warm, beside the same one after another."""
    print(busy())

    def one_after_another() -> None:
        for seed in range(40):
            tiny_run(seed)

    mine, alone = medians(lambda: forty(executor), one_after_another, repeats=3)
    report("a sweep of 40 runs on 2 worker processes", mine, alone, "at most 0.6")
    on_free_cores(executor, one_after_another)
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster) as client,
    ):
        dask = client.get_executor()
        list(dask.map(tiny_run, range(100, 104)))
        mine, alone = medians(lambda: forty(dask), one_after_another, repeats=3)
        report("  the same on a local Dask cluster of 2 workers", mine, alone, "at most 0.7")
        on_free_cores(dask, one_after_another)


def main() -> None:
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    steps()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        list(executor.map(tiny_run, range(100, 104)))  # start the workers before anything is timed
        sweeps(executor)
        tiny(executor)
        digits(executor)
    from benchmarks import _networks_page  # not in the workers, which import this file again

    _networks_page.main()


if __name__ == "__main__":
    main()
