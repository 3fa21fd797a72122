"""The networks that people train: layouts known without PyTorch, starts, batch norm, the same numbers in PyTorch."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from landscapes.networks import Network, guessing_loss
from landscapes.networks.columns import Perceptron, cross_entropy_by_columns

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "perceptron": Network("digits", (5,), subset=60),
    "deep": Network("digits", (6, 5, 4), "relu", subset=60),
    "linear": Network("digits", (), subset=60),
    "dense, batch norm": Network("digits", (6, 4), "tanh", subset=60, batch_norm=True, held_out=0.2),
    "convolutional": Network("digits", (2, 3), "relu", subset=60, layers="convolutional"),
    "three convolutions": Network("digits", (2, 3, 4), "tanh", subset=60, layers="convolutional"),
    "convolutional, batch norm": Network(
        "digits", (2, 3), "gelu", subset=60, layers="convolutional", batch_norm=True, held_out=0.2
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_layout_is_the_modules(name: str) -> None:
    n = KINDS[name]
    w = n.start(3)
    parameters = list(n.module(w).parameters())
    assert [tuple(p.shape) for p in parameters] == [part.shape for part in n.weights]
    assert sum(p.numel() for p in parameters) == n.dim == len(w)
    np.testing.assert_array_equal(torch.nn.utils.parameters_to_vector(parameters).detach().numpy(), w)
    assert n.module_loss.dim == n.dim


@pytest.mark.parametrize("name", KINDS)
def test_loss_and_gradient_are_those_of_the_sequence_of_layers(name: str) -> None:
    n = KINDS[name]
    w = n.start(1)
    module = nn.Sequential(*n.module(w))
    loss = cross_entropy(module(torch.tensor(n.examples.x)), torch.tensor(n.examples.y))
    value, gradient = n.value_and_gradient(w)
    assert value == pytest.approx(loss.item(), rel=1e-13)
    theirs = torch.autograd.grad(loss, list(module.parameters()))
    np.testing.assert_allclose(gradient, torch.cat([g.reshape(-1) for g in theirs]).numpy(), atol=1e-14)
    v = np.random.default_rng(0).standard_normal(n.dim)
    v /= np.linalg.norm(v)
    if n.activation != "relu":
        h = 1e-5
        np.testing.assert_allclose((n.gradient(w + h * v) - n.gradient(w - h * v)) / (2 * h), n.hvp(w, v), atol=1e-7)


@pytest.mark.parametrize("name", KINDS)
def test_the_loss_is_constant_along_the_constant_directions(name: str) -> None:
    n = KINDS[name]
    q, w = n.constant_directions(), n.start(0)
    np.testing.assert_allclose((q @ q.T).toarray(), np.eye(q.shape[0]), atol=1e-13)
    far = w + q.T @ np.random.default_rng(0).normal(0.0, 3.0, q.shape[0])
    assert q.shape[0] and n.value(far) == pytest.approx(float(n.value(w)), rel=1e-11)
    np.testing.assert_allclose(n.gradient(far), n.gradient(w), atol=1e-11)


@pytest.mark.parametrize("name", ["perceptron", "convolutional"])
def test_no_constant_direction_is_missed(name: str) -> None:
    n = KINDS[name]
    rng = np.random.default_rng(0)
    places = [n.start(seed) + 0.3 * rng.standard_normal(n.dim) for seed in range(3)]
    total = sum(h @ h for h in map(n.hessian, places))  # vanishes only along what vanishes at all of them
    assert (np.linalg.eigvalsh(total) < 1e-12).sum() == n.constant_directions().shape[0]


def test_batch_norm_begins_with_scales_of_one_and_no_shift() -> None:
    n = KINDS["convolutional, batch norm"]
    for part in n.module(n.start(0)):
        if isinstance(part, nn.BatchNorm2d):
            assert (part.weight == 1.0).all() and not part.bias.any()
    scaled = n.module(n.start(0, scale=0.5))
    assert all((part.weight == 1.0).all() for part in scaled if isinstance(part, nn.BatchNorm2d))


@pytest.mark.parametrize("name", KINDS)
def test_uniform_starts_are_drawn_as_pytorchs_layers_draw_theirs(name: str) -> None:
    """Layer by layer the same bound: the largest of many draws comes close to it and does not pass it."""
    n = KINDS[name]
    ours = [n.module(n.start(seed, "uniform")) for seed in range(40)]
    for i, layer in enumerate(ours[0]):
        theirs = [copy.deepcopy(layer) for _ in range(40)]
        for other in theirs:
            if hasattr(other, "reset_parameters"):
                other.reset_parameters()
        for key in dict(layer.named_parameters()):
            most, least = (max(getattr(m, key).abs().max().item() for m in ms) for ms in ([o[i] for o in ours], theirs))
            assert most == pytest.approx(least, rel=0.1)


@pytest.mark.parametrize("name", ["dense, batch norm", "convolutional, batch norm"])
def test_held_out_examples_are_seen_with_the_training_sets_statistics(name: str) -> None:
    n = KINDS[name]
    w = n.start(0)
    module = n.module(w)
    for part in module:
        if hasattr(part, "momentum"):
            part.momentum = 1.0
    module(torch.tensor(n.examples.x))
    said = module.eval()(torch.tensor(n.examples.held_out_x)).argmax(dim=1).numpy()
    assert n.held_out_accuracy(w) == np.mean(said == n.examples.held_out_y)
    np.testing.assert_array_equal(n.classify(w, n.examples.held_out_x), said)


def test_first_layers_are_windows() -> None:
    n = KINDS["convolutional"]
    w = n.start(0)
    np.testing.assert_array_equal(n.first_layer(w)[1].ravel(), w[9:18])


def test_a_perceptron_by_columns_is_the_sequence() -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5)).double()
    ours = Perceptron(*copy.deepcopy(plain))
    x, y = torch.randn(7, 3, dtype=torch.float64), torch.randint(5, (7,))
    assert ours.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(ours(x), plain(x), rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(cross_entropy_by_columns(ours(x), y), cross_entropy(plain(x), y), rtol=1e-13, atol=1e-14)


def test_the_loss_of_guessing_is_the_entropy_of_the_classes() -> None:
    assert guessing_loss([0, 1, 1, 1]) == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75), rel=1e-14)
    n = Network("digits", (4,), label_noise=0.2)
    silent = np.zeros(n.dim)  # only biases are left to fit: the best constant answer
    shares = np.bincount(n.examples.y) / n.count
    silent[-10:] = np.log(shares)
    assert n.value(silent) == pytest.approx(n.guessing, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": "moons", "layers": "convolutional", "hidden": (4,)}, "convolutional layers need images"),
        ({"layers": "convolutional", "hidden": ()}, r"use hidden=\(8, 16\)"),
        ({"layers": "convolutional", "hidden": (2,) * 4}, "at most 3 convolutional layers"),
        ({"layers": "recurrent"}, "layers must be one of dense, convolutional"),
        ({"hidden": (), "batch_norm": True}, "batch norm needs a hidden layer"),
        ({"precision": "float16"}, "precision must be one of float64, float32"),
    ],
)
def test_misuse_is_said_in_words(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network(**arguments)


def test_descriptions_are_plain_data_and_need_no_pytorch() -> None:
    n = KINDS["convolutional, batch norm"]
    assert pickle.loads(pickle.dumps(n)) == n and len(pickle.dumps(n)) < 400
    program = (
        "import sys\nfrom landscapes.networks import Network, read_table\n"
        "n = Network('digits', (8, 16), 'relu', layers='convolutional', batch_norm=True)\n"
        "print(n.dim, n.count, n.widths, n.start(0).shape, 'torch' in sys.modules, 'sklearn' in sys.modules)\n"
        "from landscapes.networks import ModuleLoss\nprint('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said.split("\n")[:2] == ["1922 1797 (64, 8, 16, 10) (1922,) False False", "True"]
