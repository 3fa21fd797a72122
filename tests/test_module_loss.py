"""Any PyTorch module's loss is a landscape: derivatives, batches, buffers, and what is refused."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from dynamics import certify, gd, iterate, sam, verdict
from landscapes.networks import ModuleLoss, Network

N = 12  # examples


class Residual(nn.Module):
    """Two blocks that are added to what they see, by one and the same norm."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.norm, self.out = nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + torch.tanh(self.inside(self.norm(x)))
        return self.out(x + torch.tanh(self.inside(self.norm(x))))


class Tied(nn.Module):
    """Words that are read and written by one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.inside, self.out = nn.Embedding(7, 5), nn.Linear(5, 5), nn.Linear(5, 7)
        self.out.weight = self.words.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.tanh(self.inside(self.words(x).mean(dim=1))))


class Attention(nn.Module):
    """One layer of self-attention, by the kernel that PyTorch chooses for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.out = nn.Linear(4, 12), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (part.unflatten(-1, (2, 2)).transpose(1, 2) for part in self.into(x).chunk(3, dim=-1))
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(seen.transpose(1, 2).flatten(2).mean(dim=1))


class Recurrent(nn.Module):
    def __init__(self, cells: nn.Module) -> None:
        super().__init__()
        self.cells, self.out = cells, nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.cells(x)[0][:, -1])


class Frozen(nn.Module):
    """A layer that is not trained, before one that is."""

    def __init__(self) -> None:
        super().__init__()
        self.fixed, self.out = nn.Linear(4, 6).requires_grad_(False), nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.tanh(self.fixed(x)))


@dataclass(frozen=True)
class Case:
    make: Callable[[], nn.Module]
    shape: tuple[int, ...] = (4,)
    classes: int = 3
    words: int = 0  # inputs are numbers of words below this
    smooth: bool = True  # twice differentiable around a random point


CASES = {
    "perceptron": Case(lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))),
    "convolutional": Case(
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(),
            nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3),
        ),
        (1, 4, 4),
    ),
    "batch norm": Case(lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))),
    "batch norm, convolutional": Case(
        lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.GELU(), nn.Flatten(), nn.Linear(12, 3)),
        (1, 4, 4),
    ),
    "batch norm in use": Case(
        lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)).eval()
    ),
    "embedding": Case(
        lambda: nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Tanh(), nn.Linear(12, 3)), words=7
    ),
    "tied weights": Case(Tied, classes=7, words=7),
    "residual": Case(Residual),
    "attention": Case(Attention, (5, 4)),
    "group norm": Case(lambda: nn.Sequential(nn.Linear(4, 6), nn.GroupNorm(2, 6), nn.SiLU(), nn.Linear(6, 3))),
    "recurrent": Case(lambda: Recurrent(nn.GRU(4, 3, batch_first=True)), (5, 4)),
    "long memory": Case(lambda: Recurrent(nn.LSTM(4, 3, batch_first=True)), (5, 4)),
    "partly frozen": Case(Frozen),
}  # fmt: skip


def made(name: str, seed: int = 0) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    case = CASES[name]
    torch.manual_seed(seed)
    module = case.make().double()
    if case.words:
        x = torch.randint(case.words, (N, *case.shape))
    else:
        x = torch.randn(N, *case.shape, dtype=torch.float64)
    return module, x, torch.randint(case.classes, (N,))


def loss_of(name: str, seed: int = 0) -> ModuleLoss:
    module, x, y = made(name, seed)
    return ModuleLoss(module, cross_entropy, x, y)


def weights(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def flat(parts: tuple[torch.Tensor, ...]) -> np.ndarray:
    return torch.cat([part.reshape(-1) for part in parts]).detach().numpy()


# Derivatives


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_pytorchs_own(name: str) -> None:
    module, x, y = made(name)
    l = ModuleLoss(copy.deepcopy(module), cross_entropy, x, y)
    theirs = cross_entropy(module(x), y)
    value, gradient = l.value_and_gradient(l.start())
    assert value == pytest.approx(theirs.item(), abs=1e-10)
    np.testing.assert_allclose(gradient, flat(torch.autograd.grad(theirs, weights(module))), atol=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_hessian_products_and_hessians_are_pytorchs_own(name: str) -> None:
    """By `torch.func` on the state as a dictionary: another way through PyTorch than double backward of one vector."""
    module, x, y = made(name)
    l = ModuleLoss(copy.deepcopy(module), cross_entropy, x, y)
    assert l.dim < 500
    names = [name for name, p in module.named_parameters() if p.requires_grad]
    sizes = [p.numel() for p in weights(module)]
    shapes = [p.shape for p in weights(module)]

    def theirs(w: torch.Tensor) -> torch.Tensor:
        parts = [part.view(shape) for part, shape in zip(w.split(sizes), shapes, strict=True)]
        state = {k: b.clone() for k, b in module.named_buffers()} | dict(zip(names, parts, strict=True))
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            return cross_entropy(torch.func.functional_call(module, state, (x,)), y)

    w = torch.from_numpy(l.start())
    hessian = torch.autograd.functional.hessian(theirs, w).numpy()
    np.testing.assert_allclose(l.hessian(l.start()), hessian, atol=1e-10)
    v = np.random.default_rng(0).standard_normal(l.dim)
    product = l.hessian_at(l.start())
    for direction in (v, -v, v[::-1].copy()):  # one graph for many products
        np.testing.assert_allclose(product(direction), hessian @ direction, atol=1e-9)
    np.testing.assert_allclose(l.hvp(l.start(), v), hessian @ v, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_the_limit_of_differences(name: str) -> None:
    l = loss_of(name)
    rng = np.random.default_rng(1)
    w = l.start()
    v = rng.standard_normal(l.dim)
    v /= np.linalg.norm(v)
    h = 1e-6  # truncation h^2, rounding 1e-16/h
    assert (l.value(w + h * v) - l.value(w - h * v)) / (2 * h) == pytest.approx(l.gradient(w) @ v, abs=1e-8)


def test_weight_decay_is_added_to_all_of_it() -> None:
    module, x, y = made("perceptron")
    bare, decayed = ModuleLoss(module, cross_entropy, x, y), ModuleLoss(module, cross_entropy, x, y, weight_decay=0.3)
    w = bare.start()
    assert decayed.value(w) == pytest.approx(bare.value(w) + 0.15 * w @ w, rel=1e-14)
    np.testing.assert_allclose(decayed.gradient(w), bare.gradient(w) + 0.3 * w, rtol=1e-14)
    np.testing.assert_allclose(decayed.hessian(w), bare.hessian(w) + 0.3 * np.eye(bare.dim), atol=1e-14)


def test_a_loss_that_is_linear_has_no_curvature() -> None:
    l = ModuleLoss(nn.Linear(3, 1, bias=False).double(), lambda out, y: out.mean(), torch.ones(4, 3), torch.zeros(4))
    np.testing.assert_array_equal(l.hessian(l.start()), np.zeros((3, 3)))


def test_weight_norm_is_refused_where_pytorchs_second_derivatives_are_wrong() -> None:
    norms = (nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), nn.Linear(3, 2))
    for norm in norms:
        l = ModuleLoss(nn.Sequential(norm, nn.Tanh()).double(), mse_loss, torch.eye(3), torch.zeros(3, 2))
        w = l.start()
        if norm is norms[1]:
            assert l.hessian(w).any()
            continue
        with pytest.raises(ValueError, match="not symmetric; take it away"):
            l.hessian_at(w)
        l._weight_norm = False  # what PyTorch says of it; once this is symmetric the refusal can go
        product = l.hessian_at(w)
        hessian = np.array([product(row) for row in np.eye(l.dim)])
        assert np.abs(hessian - hessian.T).max() > 1e-3


def test_single_precision_gives_and_takes_doubles() -> None:
    module, x, y = made("perceptron")
    double, single = (
        ModuleLoss(module, cross_entropy, x, y),
        ModuleLoss(copy.deepcopy(module).float(), cross_entropy, x, y),
    )
    w = double.start()
    for a, b in zip(double.value_and_gradient(w), single.value_and_gradient(w), strict=True):
        assert np.asarray(b).dtype == np.float64
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert single.hvp(w, w).dtype == np.float64


# The module stays as it was


@pytest.mark.parametrize("name", ["batch norm", "attention", "tied weights", "long memory"])
def test_evaluations_leave_the_module_as_it_was(name: str) -> None:
    module, x, y = made(name)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    parameters, modes = list(module.parameters()), [part.training for part in module.modules()]
    l = ModuleLoss(module, cross_entropy, x, y)
    w = l.start()
    l.value_and_gradient(2.0 * w)
    l.hessian_at(3.0 * w)(w)
    l.outputs(0.5 * w, x)
    assert all(a is b for a, b in zip(parameters, module.parameters(), strict=True))
    assert [part.training for part in module.modules()] == modes
    after = module.state_dict()
    assert before.keys() == after.keys()
    for key, value in before.items():
        assert torch.equal(value, after[key]), key
    np.testing.assert_array_equal(l.start(), w)


def test_an_error_in_the_forward_pass_leaves_the_module_as_it_was() -> None:
    module, x, y = made("perceptron")
    l = ModuleLoss(module, cross_entropy, x, y)
    w = l.start()
    with pytest.raises(RuntimeError):
        l.outputs(2.0 * w, torch.zeros(2, 9))
    np.testing.assert_array_equal(l.start(), w)


def test_a_products_graph_outlives_other_evaluations() -> None:
    l = loss_of("batch norm")
    w = l.start()
    v = np.ones(l.dim)
    product = l.hessian_at(w)
    first = product(v)
    l.load(2.0 * w)
    l.value_and_gradient(3.0 * w)
    np.testing.assert_array_equal(product(v), first)


def test_batch_norm_uses_the_batchs_statistics_in_training_and_its_own_in_use() -> None:
    module, x, y = made("batch norm")
    l = ModuleLoss(module, cross_entropy, x, y)
    some = np.arange(5)
    assert l.part(some).value(l.start()) == pytest.approx(cross_entropy(module(x[:5]), y[:5]).item(), abs=1e-12)
    hidden = nn.functional.linear(x, module[0].weight, module[0].bias)
    mean, var = hidden.mean(dim=0), hidden.var(dim=0)
    other = torch.randn(3, 4, dtype=torch.float64)
    scaled = (nn.functional.linear(other, module[0].weight, module[0].bias) - mean) / torch.sqrt(var + module[1].eps)
    expected = module[3](torch.tanh(scaled * module[1].weight + module[1].bias)).detach().numpy()
    np.testing.assert_allclose(l.outputs(l.start(), other), expected, atol=1e-12)


# Weights in and out


def test_weights_that_are_shared_count_once_and_frozen_ones_not() -> None:
    assert loss_of("tied weights").dim == 7 * 5 + 5 * 5 + 5 + 7
    assert loss_of("partly frozen").dim == 6 * 3 + 3
    l = loss_of("tied weights")
    w = l.start()
    l.load(np.arange(l.dim, dtype=float))
    assert l.module.out.weight is l.module.words.weight
    np.testing.assert_array_equal(l.start(), np.arange(l.dim))
    assert not np.array_equal(w, l.start())


@pytest.mark.parametrize("name", [name for name in CASES if name != "partly frozen"])
def test_a_saved_state_is_the_flat_weights(name: str, tmp_path) -> None:
    module, x, y = made(name)
    torch.save(module.state_dict(), tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    l = ModuleLoss(module, cross_entropy, x, y)
    np.testing.assert_array_equal(ModuleLoss.flat(state), l.start())
    other = loss_of(name, seed=1)
    assert not np.array_equal(other.start(), l.start())
    other.load(state)
    np.testing.assert_array_equal(other.start(), l.start())


def test_a_state_that_does_not_fit_is_refused() -> None:
    l = loss_of("perceptron")
    with pytest.raises(ValueError, match="does not fit the module"):
        l.load(loss_of("residual").module.state_dict())
    with pytest.raises(ValueError, match=r"must have shape \(51,\), got"):
        l.load(ModuleLoss.flat(loss_of("residual").module.state_dict()))
    with pytest.raises(ValueError, match="no weights"):
        ModuleLoss.flat({})
    with pytest.raises(ValueError, match="state_dict"):
        ModuleLoss.flat({"epoch": 3})  # type: ignore[dict-item]


def test_many_weight_vectors_at_once() -> None:
    l = loss_of("perceptron")
    w = np.random.default_rng(0).standard_normal((2, 3, l.dim))
    value, gradient = l.value_and_gradient(w)
    assert value.shape == (2, 3) and gradient.shape == w.shape
    assert value[1, 2] == l.value(w[1, 2])
    np.testing.assert_array_equal(l.hessian(w[0])[1], l.hessian(w[0, 1]))


# Batches


def test_the_mean_over_the_batches_of_an_epoch_is_the_whole() -> None:
    l = loss_of("convolutional")
    w = l.start()
    parts = [l.part(np.arange(i, i + 4)) for i in (0, 4, 8)]
    assert all(part.examples == 4 for part in parts)
    assert np.mean([part.value(w) for part in parts]) == pytest.approx(float(l.value(w)), rel=1e-13)
    np.testing.assert_allclose(np.mean([part.gradient(w) for part in parts], axis=0), l.gradient(w), atol=1e-14)


@pytest.mark.parametrize("indices", [[], [12], [-1], [0.5], [[0, 1]], [True, False]])
def test_examples_that_are_not_there_are_refused(indices: list) -> None:
    with pytest.raises(ValueError, match="indices must be"):
        loss_of("perceptron").part(indices)


# What is refused


def refused(module: nn.Module, message: str, loss=mse_loss, x=None, **options) -> None:
    with pytest.raises(ValueError, match=message):
        ModuleLoss(module, loss, torch.ones(4, 3) if x is None else x, torch.zeros(4, 1), **options)


def test_a_module_that_cannot_be_a_landscape_is_refused_in_words() -> None:
    linear = nn.Linear(3, 1)
    refused(nn.Flatten(), "it has no parameters")
    whole = nn.Module()
    whole.register_parameter("w", nn.Parameter(torch.ones(3, dtype=torch.int64), requires_grad=False))
    refused(whole, r"its parameters \(int64\) take no gradient")
    refused(nn.Linear(3, 1).requires_grad_(False), "take no gradient; float weights")
    refused(nn.Linear(3, 1).to(torch.bfloat16), "got bfloat16; call module.float")
    refused(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1).double()), "got float32, float64")
    refused(nn.Linear(3, 1, device="meta"), "meta device")
    refused(linear, "device cuda:7 is not available here", device="cuda:7")
    refused(linear, r"scalar tensor, got shape \(4, 1\); take its mean", loss=lambda out, y: out)
    refused(linear, "scalar tensor, got float", loss=lambda out, y: out.detach().sum().item())
    refused(linear, "the loss is nan", x=torch.full((4, 3), torch.nan))
    refused(linear, "does not depend on the weights", loss=lambda out, y: y.sum())
    refused(linear, "weight_decay must be", weight_decay=-1.0)


def test_dropout_in_training_mode_is_refused_and_draws_nothing() -> None:
    module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    before = torch.get_rng_state()
    refused(module, r"random: 1 \(Dropout\) in training mode.*call .eval\(\)")
    assert torch.equal(before, torch.get_rng_state())
    ModuleLoss(module.eval(), mse_loss, torch.ones(4, 3), torch.zeros(4, 1))
    ModuleLoss(nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.0)), mse_loss, torch.ones(4, 3), torch.zeros(4, 1))


def test_a_forward_pass_that_draws_elsewhere_is_refused() -> None:
    rng = np.random.default_rng(0)

    class Shaken(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * rng.uniform(0.5, 1.5)

    refused(Shaken(3, 1), "forward pass is random, and its loss")


def test_weights_that_do_not_fit_are_refused() -> None:
    l = loss_of("perceptron")
    for call in (l.value, l.load, l.hessian_at, l.outputs):
        with pytest.raises(ValueError, match=r"weights must have shape .*51"):
            call(np.zeros(8))
    with pytest.raises(ValueError, match="use hvp"):
        big = ModuleLoss(nn.Linear(600, 1), mse_loss, torch.ones(4, 600), torch.zeros(4, 1))
        big.hessian(big.start())


# Rules, verdicts and certificates run on it


def test_a_modules_own_run_is_judged_and_certified_as_the_same_networks() -> None:
    n = Network("moons", (2,), loss="logistic", weight_decay=0.01)
    x, y = torch.from_numpy(n.examples.x.copy()), torch.from_numpy(n.examples.y.astype(float))
    module = n.module(n.start(0, 0.7))
    own = ModuleLoss(module, lambda out, y: nn.functional.softplus(out[:, 0]).sub(y * out[:, 0]).mean(), x, y, 0.01)
    np.testing.assert_allclose(own.gradient(own.start()), n.gradient(own.start()), atol=1e-14)
    orbit = iterate(sam(own, 0.05, 4.0), own.start(), 3000, keep="scalars")
    found = verdict(own, orbit)
    assert (found.outcome, found.kind) == ("hallucinated", "saddle")
    own.load(orbit.x[-1])
    w = ModuleLoss.flat(module.state_dict())
    c = certify(own, w, rho=4.0, eta=0.05)
    assert c.certified and c.kind == "saddle" and c.residual < 1e-10 and c.gradient_norm > 0.1


def test_gradient_descent_on_a_module_is_pytorchs_sgd() -> None:
    module, x, y = made("batch norm")
    l = ModuleLoss(copy.deepcopy(module), cross_entropy, x, y)
    end = iterate(gd(l, 0.1), l.start(), 20).x[-1]
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        cross_entropy(module(x), y).backward()
        optimizer.step()
    np.testing.assert_allclose(end, flat(tuple(module.parameters())), atol=1e-12)
