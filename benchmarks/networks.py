"""Networks: the stall, its cure and its certificate, what a step, the monitor and a sweep cost, and who waits for it.

python -m benchmarks.networks; one thread on both sides of every comparison.
"""

import itertools
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory

# What runs in one thread has to say so before NumPy is imported, here and in every worker.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import psutil  # noqa: E402

from benchmarks._timing import medians, report  # noqa: E402
from dynamics import Certificate, certify, gd, iterate, sam, verdict_of_norms, warm_start  # noqa: E402
from dynamics.monitor import Monitor  # noqa: E402
from dynamics.rules import Rule  # noqa: E402
from dynamics.sweep import sweep  # noqa: E402
from dynamics.training import Batches, batched  # noqa: E402
from landscapes.landscape import Objective  # noqa: E402
from landscapes.networks import Network, one_thread  # noqa: E402
from pages.shared.sweeping import run_case  # noqa: E402
from pages.shared.training import Training  # noqa: E402

DIGITS = Network("digits", (32,))
RELU = Network("digits", (64, 64), "relu", precision="float32")
CONVOLUTIONAL = Network("digits", (8, 16), "relu", layers="convolutional", precision="float32")
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


def peer(network: Network, rho: float, n: int, batches: Batches | None = None, path: str = "") -> None:
    """Take SAM steps in PyTorch with `pytorch_optimizer`, on all examples or on mini-batches, watched or not."""
    import torch
    from pytorch_optimizer import SAM

    module = torch.nn.Sequential(*network.module(network.start(0)))  # as anyone would write it
    x = torch.tensor(network.examples.x, dtype=next(module.parameters()).dtype)
    y = torch.tensor(network.examples.y)
    optimizer = SAM(module.parameters(), torch.optim.SGD, rho=rho, lr=0.1)
    watch = Monitor(optimizer, path) if path else None
    for k in range(n):
        chosen = torch.tensor(batches.at(k)) if batches else None
        inputs, targets = (x, y) if chosen is None else (x[chosen], y[chosen])

        def closure(inputs: torch.Tensor = inputs, targets: torch.Tensor = targets) -> torch.Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(inputs), targets)
            (watch(loss) if watch else loss).backward()
            return loss

        closure()
        optimizer.step(closure)
    if watch:
        watch.close()


def ours(network: Network, rho: float, n: int, batches: Batches | None = None) -> None:
    """Take the same steps here, with the records of every step."""

    def on(l: Objective) -> Rule:
        return sam(l, 0.1, rho)

    rule = on(network) if batches is None else batched(on, network, batches)
    iterate(rule, network.start(0), n - 1, keep="scalars", report=lambda k, x: None)


def steps() -> None:
    """SAM steps here and in PyTorch, and what the monitor adds to the latter."""
    for words, network, rho, n, size, bound in (
        ("Digits", DIGITS, 3.0, 20, None, "at most 0.8"),
        ("Digits, single precision", replace(DIGITS, precision="float32"), 3.0, 20, None, ""),
        ("convolutional", CONVOLUTIONAL, 1.0, 3, None, "at most 1.05"),
        ("convolutional, mini-batches of 128", CONVOLUTIONAL, 1.0, 20, 128, "at most 1.05"),
    ):
        batches = Batches(network.count, size) if size else None
        mine, theirs = medians(
            partial(ours, network, rho, n, batches), partial(peer, network, rho, n, batches), repeats=31
        )
        report(f"{words}, {n} SAM steps with their records, beside PyTorch", mine, theirs, bound)
    with TemporaryDirectory() as folder:
        watched, bare = medians(
            partial(peer, DIGITS, 3.0, 20, path=f"{folder}/run.csv"), partial(peer, DIGITS, 3.0, 20), repeats=51
        )
    report("  Digits in PyTorch with the monitor, beside without", watched, bare, "below 1.05")


AS_PEOPLE_DO = Training(scale="uniform", batch=128)  # PyTorch's own first weights
STALLS = {  # the networks that people train, on mini-batches: SAM from the start and after a warm-start
    "perceptron, rho = 2": replace(AS_PEOPLE_DO, network=replace(DIGITS, precision="float32"), rho=2.0, steps=3000),
    "two ReLU layers, rho = 2": replace(AS_PEOPLE_DO, network=RELU, rho=2.0, steps=3000),
    "convolutional, rho = 1": replace(AS_PEOPLE_DO, network=CONVOLUTIONAL, rho=1.0, steps=1500),
    "convolutional, rho = 2": replace(AS_PEOPLE_DO, network=CONVOLUTIONAL, rho=2.0, steps=1500),
}
WARM_BOUND = {"convolutional, rho = 2": 0.75}


def stalls(executor: Executor) -> None:
    """Print the accuracies at the ends of runs on mini-batches, by the code that the page runs."""
    cases = {
        (name, warm, seed): replace(training, rule="sam", warm=warm, seed=seed)
        for name, training in STALLS.items() for warm in (0, 300) for seed in SEEDS
    }  # fmt: skip
    results = dict(zip(cases, executor.map(run_case, cases.values()), strict=True))
    print("Mini-batches of 128, eta = 0.1, single precision, by seed: accuracy; |g|, |S|, f(w+); verdict")
    for name, warm in itertools.product(STALLS, (0, 300)):
        ends = [results[name, warm, seed] for seed in SEEDS]
        bound = WARM_BOUND.get(name, 0.9)
        good = sum(r.accuracy > bound if warm else r.accuracy <= 0.25 for r in ends)
        print(f"{name}, {warm} steps of SGD before: {good} of 5 {f'above {bound}' if warm else 'at or below 0.25'} "
              "(at least 4)")  # fmt: skip
        for r in ends:
            print(f"  {r.accuracy:.3f}; {r.gradient:.1e}, {r.shifted:.1e}, {r.loss_plus:.3f}; {r.outcome}")


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
    with one_thread():
        steps()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        list(executor.map(tiny_run, range(100, 104)))  # start the workers before anything is timed
        sweeps(executor)
        tiny(executor)
        digits(executor)
        stalls(executor)
    from benchmarks import _networks_page  # not in the workers, which import this file again

    _networks_page.main()


if __name__ == "__main__":
    main()
