"""A network's loss is a landscape: its derivatives, its data, and the rules that run on it."""

import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_optimizer import SAM
from sklearn.datasets import load_digits, make_moons
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from dynamics import gd, iterate, sam, verdict, warm_start
from landscapes.networks import Network

TINY = Network("moons", (2,), loss="logistic", weight_decay=0.01)
SMOOTH = {
    "tiny": TINY,
    "gelu, two layers": Network("moons", (3, 2), "gelu", "logistic", 0.02),
    "two outputs": Network("moons", (4,), "tanh", "cross-entropy"),
    "linear": Network("digits", (), subset=50),
    "digits": Network("digits", (5, 4), subset=80, label_noise=0.2, held_out=0.2, seed=3),
    "digits, gelu": Network("digits", (4,), "gelu", weight_decay=0.1, subset=40),
}
ALL = SMOOTH | {"relu": Network("moons", (5, 3), "relu", "logistic"), "relu, digits": Network("digits", (6,), "relu")}
SMALL = {name: n for name, n in SMOOTH.items() if n.dim < 500}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def torch_loss(n: Network, module: torch.nn.Module) -> torch.Tensor:
    out = module(torch.from_numpy(n.examples.x.copy()))
    y = torch.from_numpy(n.examples.y.copy())
    plain = (
        cross_entropy(out, y) if n.loss == "cross-entropy" else binary_cross_entropy_with_logits(out[:, 0], y.double())
    )
    return plain + 0.5 * n.weight_decay * sum((p * p).sum() for p in module.parameters())


def torch_gradients(n: Network, module: torch.nn.Module, create_graph: bool = False) -> torch.Tensor:
    parts = torch.autograd.grad(torch_loss(n, module), list(module.parameters()), create_graph=create_graph)
    return torch.cat([part.reshape(-1) for part in parts])


# Derivatives


@pytest.mark.parametrize("name", ALL)
def test_the_gradient_is_autograds(name: str) -> None:
    n = ALL[name]
    w = n.start(1)
    module = n.module(w)
    value, gradient = n.value_and_gradient(w)
    assert value == pytest.approx(torch_loss(n, module).item(), rel=1e-13)
    # Both add up some hundred rounded products.
    np.testing.assert_allclose(gradient, torch_gradients(n, module).numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_gradient_is_the_limit_of_differences(name: str) -> None:
    n = SMOOTH[name]
    rng = np.random.default_rng(0)
    w = n.start(2)
    for _ in range(3):
        v = rng.standard_normal(n.dim)
        v /= np.linalg.norm(v)
        h = 1e-5  # truncation h^2, rounding 1e-16/h
        difference = (n.value(w + h * v) - n.value(w - h * v)) / (2 * h)
        assert difference == pytest.approx(n.gradient(w) @ v, abs=1e-8)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_hessian_product_is_the_limit_of_differences_and_autograds(name: str) -> None:
    n = SMOOTH[name]
    w = n.start(3)
    v = np.random.default_rng(1).standard_normal(n.dim)
    v /= np.linalg.norm(v)
    product = n.hvp(w, v)
    h = 1e-5
    np.testing.assert_allclose((n.gradient(w + h * v) - n.gradient(w - h * v)) / (2 * h), product, atol=1e-8)
    module = n.module(w)
    along = torch_gradients(n, module, create_graph=True) @ torch.from_numpy(v)
    parts = torch.autograd.grad(along, list(module.parameters()), allow_unused=True, materialize_grads=True)
    np.testing.assert_allclose(product, torch.cat([part.reshape(-1) for part in parts]).numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", SMALL)
def test_the_hessian_is_symmetric_and_made_of_products(name: str) -> None:
    n = SMALL[name]
    w = n.start(4)
    hessian = n.hessian(w)
    product = n.hessian_at(w)
    np.testing.assert_array_equal(hessian, hessian.T)
    np.testing.assert_allclose(hessian, [product(row) for row in np.eye(n.dim)], atol=1e-14)


def test_relu_has_slope_0_at_0_and_no_curvature() -> None:
    n = Network("moons", (3,), "relu", "logistic")
    gradient = n.gradient(np.zeros(n.dim))
    assert not gradient[:-1].any()  # nothing but the last bias is seen where all units are at their kink
    w = n.start(0)
    v = np.zeros(n.dim)
    v[:2] = 1e-7  # too small a change of a unit to carry an example over its kink
    np.testing.assert_allclose((n.gradient(w + v) - n.gradient(w)), n.hvp(w, v), atol=1e-15)


def test_many_weight_vectors_at_once() -> None:
    w = np.array([[TINY.start(i, 0.7) for i in range(3)] for _ in range(2)])
    value, gradient = TINY.value_and_gradient(w)
    assert value.shape == (2, 3) and gradient.shape == w.shape and TINY.hessian(w).shape == (2, 3, 9, 9)
    assert value[1, 2] == TINY.value(w[1, 2])
    np.testing.assert_array_equal(gradient[0, 1], TINY.gradient(w[0, 1]))


def test_overflow_is_silent() -> None:
    w = np.full(TINY.dim, 1e200)
    assert not np.isfinite(TINY.value(w))
    assert np.isnan(TINY.accuracy(np.full(TINY.dim, np.nan)))


# Directions along which nothing changes


@pytest.mark.parametrize(
    ("n", "count"),
    [
        (TINY, 0),
        (Network("moons", (3,), loss="logistic"), 0),
        (Network("moons", (4,)), 5),  # the softmax's shift: 4 units and a bias
        (Network("digits", (32,)), 33 + 3 * 32),  # and three pixels that are the same in every image, for 32 units
        (Network("digits", (4,), weight_decay=1e-3), 0),
        (Network("digits", ()), 65 + 3 * 9),  # pixels and shifts overlap
        (Network("digits", (2,), subset=10), 3 + 2 * 55),  # ten images span ten of 65 dimensions
    ],
)
def test_the_loss_is_constant_along_the_constant_directions(n: Network, count: int) -> None:
    q = n.constant_directions()
    assert q.shape == (count, n.dim)
    np.testing.assert_allclose((q @ q.T).toarray(), np.eye(count), atol=1e-13)
    w = n.start(0)
    far = w + q.T @ np.random.default_rng(0).normal(0.0, 10.0, count)
    assert n.value(far) == pytest.approx(n.value(w), rel=1e-12)
    np.testing.assert_allclose(n.gradient(far), n.gradient(w), atol=1e-13)
    np.testing.assert_allclose(q @ n.gradient(w), 0.0, atol=1e-15)


def test_no_constant_direction_is_missed() -> None:
    n = Network("digits", (3,), held_out=0.5)
    zero = np.abs(np.linalg.eigvalsh(n.hessian(n.start(0)))) < 1e-14
    assert zero.sum() == n.constant_directions().shape[0]


# Data


def test_digits_are_scikit_learns_and_all_are_trained_on() -> None:
    digits = load_digits()
    n = Network("digits")
    np.testing.assert_array_equal(n.examples.x, digits.data / 16.0 - 0.5)
    np.testing.assert_array_equal(n.examples.y, digits.target)
    assert n.widths == (64, 32, 10) and n.dim == 64 * 32 + 32 + 32 * 10 + 10


def test_moons_are_scikit_learns_centred() -> None:
    x, y = make_moons(200, noise=0.15, random_state=0)
    np.testing.assert_array_equal(TINY.examples.x, x - x.mean(axis=0))
    np.testing.assert_array_equal(TINY.examples.y, y)
    assert not np.array_equal(replace(TINY, seed=1).examples.x, TINY.examples.x)


def test_held_out_examples_are_not_trained_on() -> None:
    e = Network("digits", held_out=0.2, subset=300).examples
    assert e.x.shape == (300, 64) and e.held_out_x.shape == (359, 64) and e.held_out_y.shape == (359,)
    everything = {row.tobytes() for row in load_digits().data / 16.0 - 0.5}
    trained, held_out = ({row.tobytes() for row in x} for x in (e.x, e.held_out_x))
    assert trained <= everything and held_out <= everything and not trained & held_out


def test_label_noise_changes_that_share_of_the_training_labels_only() -> None:
    clean, noisy = (Network("digits", held_out=0.25, label_noise=noise) for noise in (0.0, 0.3))
    wrong = clean.examples.y != noisy.examples.y
    assert wrong.sum() == round(0.3 * len(wrong))
    assert set(noisy.examples.y) == set(range(10))
    np.testing.assert_array_equal(clean.examples.x, noisy.examples.x)
    np.testing.assert_array_equal(clean.examples.held_out_y, noisy.examples.held_out_y)


def test_the_examples_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TINY.examples.x[0, 0] = 0.0


def test_accuracy_is_the_share_classified_right() -> None:
    n = Network("digits", (8,), held_out=0.3)
    w = n.start(0)
    said = n.module(w)(torch.from_numpy(n.examples.held_out_x.copy())).argmax(dim=1).numpy()
    assert n.held_out_accuracy(w) == np.mean(said == n.examples.held_out_y)
    assert np.isnan(Network("digits").held_out_accuracy(Network("digits").start(0)))
    always_one = np.zeros(TINY.dim)
    always_one[-1] = 1.0
    assert TINY.accuracy(always_one) == np.mean(TINY.examples.y == 1)


# Weights


def test_starts_are_drawn_by_their_seed() -> None:
    np.testing.assert_array_equal(TINY.start(5, 0.7), 0.7 * np.random.default_rng(5).standard_normal(9))
    n = Network("digits", (64, 64))
    np.testing.assert_array_equal(n.start(1), n.start(1))
    assert not np.array_equal(n.start(1), n.start(2))
    for layer in [m for m in n.module(n.start(0)) if isinstance(m, torch.nn.Linear)]:
        assert not layer.bias.any()
        assert layer.weight.std().item() == pytest.approx(layer.in_features**-0.5, rel=0.1)  # 640 draws or more


def test_the_module_holds_the_weights_in_pytorchs_order() -> None:
    w = ALL["digits"].start(0)
    np.testing.assert_array_equal(
        torch.nn.utils.parameters_to_vector(ALL["digits"].module(w).parameters()).detach().numpy(), w
    )


def test_the_first_layer_is_images() -> None:
    n = Network("digits", (6,))
    w = n.start(0)
    np.testing.assert_array_equal(n.first_layer(w)[2].ravel(), w[2 * 64 : 3 * 64])
    assert n.first_layer(w).shape == (6, 8, 8) and TINY.first_layer(TINY.start(0)).shape == (2, 2)


def test_a_network_is_plain_data() -> None:
    n = Network("digits", [8, 4], "relu", subset=100)  # type: ignore[arg-type]
    assert n.value(n.start(0)) > 0.0
    again = pickle.loads(pickle.dumps(n))
    assert again == n and hash(again) == hash(n) and again.hidden == (8, 4)
    assert len(pickle.dumps(n)) < 300  # the examples do not travel
    assert again.value(n.start(0)) == n.value(n.start(0))
    assert replace(n, subset=99) != n


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": "cifar"}, "data must be one of digits, moons"),
        ({"activation": "sigmoid"}, "activation must be one of tanh, relu, gelu"),
        ({"loss": "hinge"}, "loss must be one of"),
        ({"hidden": (0,)}, "between 1 and 512, got 0"),
        ({"hidden": (10_000,)}, "between 1 and 512, got 10000"),
        ({"hidden": (2,) * 5}, "at most 4 dense layers"),
        ({"loss": "logistic"}, "use cross-entropy"),
        ({"weight_decay": -1.0}, "weight_decay must be"),
        ({"weight_decay": np.nan}, "weight_decay must be"),
        ({"label_noise": 1.5}, "label_noise must be between 0 and 1"),
        ({"held_out": 1.0}, "held_out must be between 0 and 0.9"),
        ({"subset": 0}, "subset must be between 1 and 1797"),
        ({"subset": 1500, "held_out": 0.5}, "subset must be between 1 and 899"),
        ({"seed": -1}, "seed must be >= 0"),
    ],
)
def test_misuse_is_said_in_words(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network(**arguments)


def test_wrong_weights_are_said_in_words() -> None:
    for call in (TINY.value, TINY.accuracy, TINY.hessian_at, TINY.first_layer):
        with pytest.raises(ValueError, match="weights must have shape .*9"):
            call(np.zeros(8))
    with pytest.raises(ValueError, match="use hvp"):
        Network("digits").hessian(np.zeros(2410))
    with pytest.raises(ValueError, match="scale must be"):
        TINY.start(0, -1.0)
    with pytest.raises(ValueError, match="None or 'uniform', got 'normal'"):
        TINY.start(0, "normal")  # type: ignore[arg-type]


# Rules on it


def sam_by_hand(n: Network, w: np.ndarray, eta: float, rho: float, steps: int) -> np.ndarray:
    """The loop of the definition, written with PyTorch's autograd."""
    module = n.module(w)
    for _ in range(steps):
        at = torch.nn.utils.parameters_to_vector(module.parameters()).detach()
        g = torch_gradients(n, module)
        torch.nn.utils.vector_to_parameters(at + rho * g / torch.linalg.vector_norm(g), module.parameters())
        s = torch_gradients(n, module)
        torch.nn.utils.vector_to_parameters(at - eta * s, module.parameters())
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach().numpy()


@pytest.mark.parametrize(
    ("n", "eta", "rho"),
    [(TINY, 0.05, 4.0), (SMOOTH["gelu, two layers"], 0.1, 0.5), (SMOOTH["digits"], 0.1, 0.1), (ALL["relu"], 0.1, 0.1)],
)
def test_fifty_steps_are_those_of_the_loop_by_hand_and_of_pytorch_optimizer(n: Network, eta: float, rho: float) -> None:
    w = n.start(0)
    end = iterate(sam(n, eta, rho), w, 50, keep="scalars").x[-1]
    np.testing.assert_allclose(end, sam_by_hand(n, w, eta, rho, 50), atol=1e-12)
    module = n.module(w)
    optimizer = SAM(module.parameters(), torch.optim.SGD, rho=rho, lr=eta)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch_loss(n, module)
        loss.backward()
        return loss

    for _ in range(50):
        closure()
        optimizer.step(closure)
    theirs = torch.nn.utils.parameters_to_vector(module.parameters()).detach().numpy()
    np.testing.assert_allclose(end, theirs, atol=1e-6)  # it takes its norm in float32, which larger radii amplify


def test_runs_are_the_same_bit_for_bit_however_they_are_watched() -> None:
    rule = warm_start(gd(TINY, 0.05), sam(TINY, 0.05, 4.0), 40)
    plain = iterate(rule, TINY.start(0, 0.7), 700, keep="scalars")
    told: list[int] = []
    watched = iterate(
        rule, TINY.start(0, 0.7), 700, keep="scalars", report=lambda k, x: told.append(k), stop=lambda: False
    )
    for field in ("f", "f_plus", "gradient_norms", "shifted_norms", "cosine", "eta", "rho", "x", "x_plus"):
        np.testing.assert_array_equal(getattr(plain, field), getattr(watched, field))
    assert told[-1] == 700


def test_another_process_gets_the_same_numbers() -> None:
    script = (
        "from dynamics import iterate, sam; from landscapes.networks import Network\n"
        "n = Network('moons', (2,), loss='logistic', weight_decay=0.01)\n"
        "print(*map(float.hex, iterate(sam(n, 0.05, 4.0), n.start(0, 0.7), 300, keep='scalars').x[-1].tolist()))\n"
        ""
    )
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split("\n")
    here = iterate(sam(TINY, 0.05, 4.0), TINY.start(0, 0.7), 300, keep="scalars").x[-1]
    assert said[0] == " ".join(map(float.hex, here.tolist()))


def test_a_run_can_be_stopped_and_is_that_much_shorter() -> None:
    orbit = iterate(sam(TINY, 0.05, 4.0), TINY.start(0, 0.7), 10_000, keep="scalars", stop=lambda: True)
    assert 0 < len(orbit.f) <= 256 and len(orbit.f) == len(orbit.k) == len(orbit.eta)


def test_many_weights_are_not_all_kept() -> None:
    n = Network("digits", (512, 512), subset=1)
    orbit = iterate(gd(n, 1e-3), n.start(0), 20, keep="scalars")
    assert len(orbit.x) < 20 and len(orbit.f) == 21
    np.testing.assert_array_equal(orbit.x[-1], iterate(gd(n, 1e-3), n.start(0), 20, keep="scalars").x[-1])
    assert n.value(orbit.x[-1]) == orbit.f[-1]


def test_the_verdict_knows_a_networks_ends() -> None:
    start = TINY.start(0, 0.7)
    stalled = verdict(TINY, iterate(sam(TINY, 0.05, 4.0), start, 3000, keep="scalars"))
    assert (stalled.outcome, stalled.kind, stalled.approaching) == ("hallucinated", "saddle", True)
    reached = verdict(TINY, iterate(gd(TINY, 0.3), start, 6000, keep="scalars"))
    assert (reached.outcome, reached.kind) == ("reached", "minimizer")
    moving = verdict(TINY, iterate(gd(TINY, 0.05), start, 100))
    assert moving.outcome == "still moving"
