"""What the records of a training on mini-batches tell: each verdict from what defines it, and never too much."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamics import gd, sam, warm_start
from dynamics.training import Batches, Course, Record, advance, batched, judge
from landscapes.networks import Network

N = 100
K = 10 * np.arange(N)
GUESS = np.log(10.0)
FALL = 0.02 + 2.28 * 0.95 ** np.arange(N)


def record(f, f_plus=np.nan, g=0.1, s=0.1, rho=1.0, drift=0.1, guessing=GUESS, noise: float = 0.0) -> Record:
    rng = np.random.default_rng(0)
    f, f_plus, g, s, rho, drift = (
        np.broadcast_to(np.asarray(v, float), (N,)).copy() for v in (f, f_plus, g, s, rho, drift)
    )
    return Record("SAM", K, f + noise * rng.standard_normal(N), f_plus, g, s, drift, rho, guessing=guessing)


def test_each_verdict_by_what_defines_it() -> None:
    cases = {
        "learned": record(FALL, 2.0 * FALL),
        "learning": record(2.3 - 1.5 * np.arange(N) / N, 2.3),
        "stalled": record(2.28, 2.303, s=0.003, noise=0.01),
        "bouncing": record(0.6, 1.1, s=0.5, noise=0.01),
        "bouncing ": record(2.3, 9.0, g=0.1, s=0.7, noise=0.01),  # a trap at a saddle: the look-ahead sees a slope
        "diverged": record(np.where(np.arange(N) < 37, 2.3, np.nan), 2.3),
    }
    for outcome, given_record in cases.items():
        found = judge(given_record)
        assert found.outcome == outcome.strip(), found
        assert found.sentence.startswith("SAM ") and found.advice.endswith(".") and found.rests_on
        assert "hallucinat" not in found.sentence
    assert judge(cases["diverged"]).step == 370
    assert judge(replace(cases["learned"], f=np.where(np.arange(N) < 50, 2.3, 1e5))).outcome == "diverged"


@pytest.mark.parametrize("held", [
    record(2.28, 2.51, g=0.1, s=0.5, drift=0.3),  # the look-ahead sees the loss of guessing, though S is large
    record(1.2, 1.0, g=0.3, s=0.02, drift=0.3),  # S is small against g
    record(1.2, 1.0, g=0.3, s=0.3, drift=0.02),  # the batches' S cancel
])  # fmt: skip
def test_three_signs_of_a_stall(held: Record) -> None:
    assert judge(held).outcome == "stalled"
    falling = replace(held, f=np.linspace(2.3, 1.0, N))
    assert judge(falling).outcome == "learning"
    without = replace(held, rho=np.zeros(N))
    assert judge(without).outcome == "bouncing"  # SGD does not look ahead: nothing can hold it there


def test_a_stall_begins_where_its_sign_does_and_advises_a_warm_start() -> None:
    ahead = np.where(np.arange(N) < 30, 1.0, 2.3)
    found = judge(record(np.where(np.arange(N) < 30, 2.0, 2.25), ahead))
    assert found.outcome == "stalled" and 150 <= found.step <= 350 and f"step {found.step:,}" in found.sentence
    assert "warm-start of 100 steps" in found.advice
    assert "warm-start of 2,000 steps" in judge(replace(record(2.3, 2.3), k=200 * np.arange(N))).advice


@given(
    st.lists(st.tuples(*[st.one_of(st.floats(0.0, 1e3), st.just(np.nan))] * 5), min_size=1, max_size=60), st.booleans()
)
def test_without_the_look_ahead_or_full_batches_a_stall_is_never_said(rows, batches_only: bool) -> None:
    f, g, s, drift, rho = np.array(rows).T
    k = np.arange(len(f))
    if batches_only:
        blind = Record("The run", k[:0], f[:0], batch_k=k, batch_f=f)
    else:
        blind = Record("The run", k, f, np.empty(0), g, s, drift, rho)
    found = judge(blind)
    assert found.outcome in {"learned", "learning", "flat", "diverged"}
    assert re.search("stall|halluc", found.sentence) is None
    assert found.outcome != "flat" or found.advice.startswith("Record full-batch checks")


def test_a_flat_log_of_batches_is_told_what_to_record() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(500)
    found = judge(Record("Yours", K[:0], np.empty(0), batch_k=np.arange(500), batch_f=2.28 + noise))
    assert found.outcome == "flat" and "Record full-batch checks" in found.advice
    falling = Record("Yours", K[:0], np.empty(0), batch_k=np.arange(500), batch_f=np.linspace(2.3, 1.0, 500) + noise)
    assert judge(falling).outcome == "learning"


def test_without_the_classes_shares_the_first_loss_stands_for_them() -> None:
    found = judge(record(np.r_[2.3, np.full(N - 1, 2.28)], 2.3, guessing=np.nan))
    assert found.outcome == "stalled" and any("first loss" in line for line in found.rests_on)


def test_nothing_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="nothing was recorded"):
        judge(Record("SAM", K[:0], np.empty(0)))


def course(rho: float, warm: int = 0, eta: float = 0.1, steps: int = 600) -> Record:
    n = Network("digits", (64, 64), "relu", precision="float32")
    on = lambda l: warm_start(gd(l, eta), sam(l, eta, rho), warm)  # noqa: E731
    (curves,) = advance((Course(batched(on, n, Batches(n.count, 128)), n.start(0), steps),), None, None)
    return Record.of("SAM", curves, n.guessing)


def test_real_runs_are_told_apart() -> None:
    """ReLU network on digits: the radius 2 holds SAM from the start; plain SGD learns; a huge step size leaves."""
    assert judge(course(2.0)).outcome == "stalled"
    assert judge(course(0.0)).outcome in ("learning", "learned")
    assert judge(course(0.5, eta=1e4)).outcome == "diverged"
