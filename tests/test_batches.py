"""Mini-batches: which examples a step sees, that both gradients are of one batch, and PyTorch's optimizers agree."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_optimizer import SAM

from dynamics import decayed, gd, iterate, momentum, sam, verdict, warm_start
from dynamics.training import Batches, Course, advance, batched, look
from landscapes.networks import Network

DENSE = Network("digits", (6,), subset=100, held_out=0.2)
NORMED = Network("digits", (3,), "relu", layers="convolutional", batch_norm=True, subset=60)
SINGLE = Network("digits", (8,), "tanh", subset=100, precision="float32")


# Which examples


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 5))
def test_an_epoch_sees_no_example_twice_and_all_where_they_fit(count: int, size: int, seed: int) -> None:
    batches = Batches(count, min(size, count), seed)
    size = batches.size
    for epoch in range(2):
        steps = range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch)
        seen = np.concatenate([batches.at(k) for k in steps])
        assert len(seen) == batches.per_epoch * size == len(set(seen.tolist())) > count - size
        assert seen.min() >= 0 and seen.max() < count


def test_orders_are_of_the_seed_and_new_every_epoch() -> None:
    a, b = Batches(50, 10, 1), Batches(50, 10, 2)
    np.testing.assert_array_equal(a.at(7), Batches(50, 10, 1).at(7))
    assert not np.array_equal(a.at(0), b.at(0))
    assert not np.array_equal(a.at(0), a.at(a.per_epoch))
    first = [sum(3 in Batches(9, 3, seed).at(k) for seed in range(300)) for k in range(3)]
    assert all(60 < times < 140 for times in first)  # 100 on the average, a standard deviation of 8


@pytest.mark.parametrize(("size", "seed", "message"), [
    (0, 0, "from 1 to 50, the number of examples, got 0"), (51, 0, "got 51"), (-3, 0, "got -3"), (5, -1, "seed"),
])  # fmt: skip
def test_sizes_that_do_not_fit_are_refused(size: int, seed: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Batches(50, size, seed)


# Steps


def weights(module: torch.nn.Module) -> np.ndarray:
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach().double().numpy()


def test_a_step_is_the_rules_on_that_steps_batch() -> None:
    batches = Batches(DENSE.count, 30, 4)
    orbit = iterate(batched(lambda l: sam(l, 0.1, 0.5), DENSE, batches), DENSE.start(0), 8)
    for k in range(8):
        part, w = DENSE.part(batches.at(k)), orbit.x[k]
        g = part.gradient(w)
        ahead = w + 0.5 * g / np.linalg.norm(g)
        assert (orbit.f[k], orbit.f_plus[k]) == (part.value(w), part.value(ahead))
        np.testing.assert_allclose(orbit.x[k + 1], w - 0.1 * part.gradient(ahead), atol=1e-14)


def test_a_batch_of_all_examples_is_the_full_batch() -> None:
    rule = batched(lambda l: sam(l, 0.1, 0.5), DENSE, Batches(DENSE.count, DENSE.count))
    ends = [iterate(r, DENSE.start(0), 20).x[-1] for r in (rule, sam(DENSE, 0.1, 0.5))]
    np.testing.assert_allclose(*ends, atol=1e-12)  # the sums are in another order


@pytest.mark.parametrize(("n", "close"), [(DENSE, 1e-6), (NORMED, 1e-5), (SINGLE, 1e-4)])
@pytest.mark.parametrize(("beta", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.0, 0.01), (0.9, 0.01)])
def test_thirty_steps_are_pytorch_optimizers(n: Network, close: float, beta: float, decay: float) -> None:
    """It takes its norm in float32, and a single-precision network all of it."""
    eta, rho, batches = 0.05, 0.2, Batches(n.count, 20, 3)

    def on(l):
        return momentum(decayed(sam(l, eta, rho), decay), beta)

    w = n.start(0)
    end = iterate(batched(on, n, batches), w, 30, keep="scalars").x[-1]
    module = n.module(w)
    x = torch.tensor(n.examples.x, dtype=next(module.parameters()).dtype)
    y = torch.tensor(n.examples.y)
    optimizer = SAM(module.parameters(), torch.optim.SGD, rho=rho, lr=eta, momentum=beta, weight_decay=decay)
    for k in range(30):
        chosen = torch.tensor(batches.at(k))

        def closure(chosen: torch.Tensor = chosen) -> torch.Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(x[chosen]), y[chosen])
            loss.backward()
            return loss

        closure()
        optimizer.step(closure)
    np.testing.assert_allclose(end, weights(module), atol=close)


def test_weight_decay_shrinks_what_the_gradient_leaves() -> None:
    n = Network("moons", (2,), loss="logistic")
    w = n.start(0)
    rule = decayed(gd(n, 0.1), 0.5)
    seen, _ = rule.step(w, None, 0)
    np.testing.assert_allclose(seen.x_next, w - 0.1 * n.gradient(w) - 0.05 * w, atol=1e-15)
    assert not rule.traits.follows_shift and decayed(gd(n, 0.1), 0.0).traits.follows_shift
    with pytest.raises(ValueError, match="decay must be"):
        decayed(gd(n, 0.1), -1.0)


# Courses


def course(seed: int = 0, steps: int = 150, warm: int = 40) -> Course:
    batches = Batches(DENSE.count, 16, seed)
    on = lambda l: warm_start(gd(l, 0.2), sam(l, 0.2, 0.3), warm)  # noqa: E731
    return Course(batched(on, DENSE, batches), DENSE.start(seed), steps)


def test_the_same_seed_gives_the_same_run_however_it_is_cut() -> None:
    whole, again = (advance((course(),), None, None)[0] for _ in range(2))
    cut = course()
    pieces = [cut.go_on(count) for count in (1, 3, 40, 7, 200)]
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = joined.after(piece)
    for name, values in vars(whole).items():
        np.testing.assert_array_equal(values, getattr(again, name), err_msg=name)
        np.testing.assert_array_equal(values, getattr(joined, name), err_msg=name)
    other = advance((course(seed=1),), None, None)[0]
    assert not np.array_equal(whole.batch_loss, other.batch_loss)


def test_curves_hold_the_full_batch_beside_every_batch() -> None:
    one = course()
    curves = advance((one,), None, None)[0]
    np.testing.assert_array_equal(curves.batch_k, np.arange(151))
    assert (curves.k[0], curves.k[-1]) == (0, 150) and len(curves.k) <= 100
    for k, w in one.snapshots:
        if k not in curves.k:
            continue
        i = int(np.flatnonzero(curves.k == k)[0])
        rho = 0.3 if k >= 40 else 0.0
        g = DENSE.gradient(w)
        ahead = w + rho * g / np.linalg.norm(g)
        assert (curves.loss[i], curves.rho[i]) == (DENSE.value(w), rho)
        assert curves.loss_plus[i] == pytest.approx(float(DENSE.value(ahead)), rel=1e-12)
        assert curves.gradient[i] == pytest.approx(np.linalg.norm(g), rel=1e-12)
        assert curves.shifted[i] == pytest.approx(np.linalg.norm(DENSE.gradient(ahead)), rel=1e-9)
        assert (curves.accuracy[i], curves.held_out[i]) == (DENSE.accuracy(w), DENSE.held_out_accuracy(w))


def test_the_drift_is_how_far_the_batches_moved_the_weights() -> None:
    """The mean of S over the batches between two looks is the way between them, over eta and the steps."""
    batches = Batches(DENSE.count, 16, 0)
    one = Course(batched(lambda l: sam(l, 0.2, 0.3), DENSE, batches), DENSE.start(0), 150)
    curves = advance((one,), None, None)[0]
    positions = one.orbit().x  # all 151 of them
    for i in range(1, len(curves.k)):
        a, b = curves.k[i - 1] + 1, curves.k[i] + 1
        if b < len(positions):
            way = np.linalg.norm(positions[b] - positions[a]) / (0.2 * (b - a))
            assert curves.drift[i] == pytest.approx(way, rel=1e-9)


def test_a_look_is_a_step_without_the_step() -> None:
    w = DENSE.start(0)
    rule = sam(DENSE, 0.1, 0.4)
    seen, taken = look(DENSE, w, 0.4, rule.traits.look_ahead), rule.step(w, None, 0)[0]
    for name in ("x_plus", "f", "f_plus", "g", "s"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(taken, name))
    still = look(DENSE, w, 0.0, rule.traits.look_ahead)
    assert still.f == still.f_plus and still.g is still.s


def test_a_run_on_batches_is_not_judged_by_its_batches() -> None:
    orbit = iterate(batched(lambda l: sam(l, 0.1, 0.5), DENSE, Batches(DENSE.count, 20)), DENSE.start(0), 30)
    with pytest.raises(ValueError, match="mini-batches"):
        verdict(DENSE, orbit)
