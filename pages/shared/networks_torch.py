"""A training of the page written out in plain PyTorch: the lines that train it, and a notebook that runs alone."""

from __future__ import annotations

import json
from typing import Any, Final

from landscapes.networks import Network, Table
from landscapes.networks.data import scaling_of
from pages.shared.training import Training, described

OWN_DATA: Final = "data.csv"  # what the notebook reads where the data are the visitor's own
_ACTIVATIONS: Final = {"tanh": "nn.Tanh()", "relu": "nn.ReLU()", "gelu": "nn.GELU()"}


def lines(training: Training) -> str:
    """Write the lines of PyTorch that train what is shown: SAM, from the start or after steps of plain SGD."""
    options = f"lr={training.eta:g}"
    options += f", momentum={training.beta:g}" if training.beta else ""
    options += f", weight_decay={training.decay:g}" if training.decay else ""
    batch = "" if training.batch is None else "[batch(k)]"
    each = "inputs, targets" if training.batch is None else f"inputs{batch}, targets{batch}"
    return f"""\
def train(rho, warm):
    model = make_model()
    weights = list(model.parameters())
    optimizer = torch.optim.SGD(weights, {options})
    for k in range({training.steps}):
        x, y = {each}
        optimizer.zero_grad()
        loss(model, x, y).backward()
        if k >= warm:  # SAM: the slope at w + rho g/|g| in place of g
            norm = sum((p.grad**2).sum() for p in weights) ** 0.5
            before = [p.detach().clone() for p in weights]
            with torch.no_grad():
                for p in weights:
                    p += rho * p.grad / (norm + 1e-12)
            optimizer.zero_grad()
            loss(model, x, y).backward()
            with torch.no_grad():
                for p, w in zip(weights, before):
                    p.copy_(w)
        optimizer.step()
    return model
"""


def notebook(training: Training, results: dict[str, str] | None = None) -> bytes:
    """Write a notebook that trains SAM with and without the warm-start: with torch, numpy and scikit-learn alone.

    Args:
        training: what is trained, and how.
        results: what the page has found, by the run's name, to be compared with.
    """
    cells = [
        _text(
            "# SAM from the start, and after a warm-start\n\n"
            f"{described(training)} The inputs are scaled: {scaling_of(training.network.data)}; that moves the radius "
            "from which on SAM stalls.\n\n"
            "Sharpness-aware minimization looks a distance ρ uphill before each step and uses the slope it finds "
            "there. If that spot happens to be flat, it stops, although the loss still slopes under its feet (Park, "
            "Jang, Ryu and Yang, arXiv 2509.21818). It needs PyTorch, NumPy and scikit-learn."
            + (f"\n\nPut your data beside it, as {OWN_DATA}." if isinstance(training.network.data, Table) else "")
        ),
        _code(setting_up(training)),
        _code(model(training)),
        _text("The lines that train: `warm` steps of plain gradient descent, then SAM."),
        _code(lines(training)),
        _code(outcome(training)),
    ]
    if results:
        found = "\n".join(f"- {name}: {result}" for name, result in results.items())
        cells.append(_text(f"On the page:\n\n{found}"))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    whole = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _text(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": text.rstrip("\n")}


def setting_up(training: Training) -> str:
    """Write the lines that load the data, and say which examples a step sees."""
    n = training.network
    parts = ["import numpy as np\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F", ""]
    parts += _loading(n)
    parts += [
        f"rng = np.random.default_rng({n.seed})",
        "order = rng.permutation(len(y))",
        f"held_out = round({n.held_out!r} * len(y))",
        f"trained = np.sort(order[held_out:]{f'[:{n.subset}]' if n.subset else ''})",
        "labels = y[trained]",
    ]
    if n.label_noise:
        classes = len(n.data.classes) if isinstance(n.data, Table) else {"digits": 10, "moons": 2}[n.data]
        parts += [
            f"wrong = rng.choice(len(trained), round({n.label_noise!r} * len(trained)), replace=False)",
            f"labels[wrong] = (labels[wrong] + rng.integers(1, {classes}, len(wrong))) % {classes}",
        ]
    if isinstance(n.data, Table):
        parts += [
            "low, high = x[trained].min(axis=0), x[trained].max(axis=0)",
            "width = high - low",
            "x = np.where(width > 0, (x - low) / np.where(width > 0, width, 1) - 0.5, 0)",
        ]
    parts += [
        f"inputs = torch.tensor(x[trained], dtype=torch.{n.precision})",
        "targets = torch.tensor(labels)",
    ]
    if n.held_out:
        parts += [
            "test = np.sort(order[:held_out])",
            f"test_inputs, test_targets = torch.tensor(x[test], dtype=torch.{n.precision}), torch.tensor(y[test])",
        ]
    if training.batch is not None:
        parts += ["", *_batches(training)]
    return "\n".join(parts) + "\n"


def _loading(n: Network) -> list[str]:
    if n.data == "digits":
        return [
            "from sklearn.datasets import load_digits", "", "digits = load_digits()",
            "x, y = digits.data / 16 - 0.5, digits.target.astype(np.int64)",
        ]  # fmt: skip
    if n.data == "moons":
        return [
            "from sklearn.datasets import make_moons", "",
            f"x, y = make_moons(200, noise=0.15, random_state={n.seed})",
            "x, y = x - x.mean(axis=0), y.astype(np.int64)",
        ]  # fmt: skip
    assert isinstance(n.data, Table)
    return [
        "import csv", "import io", "",
        f'text = open("{OWN_DATA}", encoding="utf-8-sig", newline="").read()',
        "first = next(line for line in text.splitlines() if line.strip())",
        'reader = csv.reader(io.StringIO(text), delimiter=max(",;\\t", key=first.count))',
        'rows = [row for row in reader if "".join(row).strip()]',
        f"rows = rows[len(rows) - {len(n.data.y)} :]  # without the columns' names, if there are any",
        "x = np.array([[float(cell) for cell in row[:-1]] for row in rows])",
        f"classes = {list(n.data.classes)!r}",
        "",
        "",
        "def place(label):",
        "    try:",
        "        number = float(label)",
        "    except ValueError:",
        "        return classes.index(label)",
        '    return classes.index(f"{number:g}" if number % 1 else f"{number:.0f}")',
        "",
        "",
        "y = np.array([place(row[-1].strip()) for row in rows])",
    ]  # fmt: skip


def _batches(training: Training) -> list[str]:
    order = training.batches
    return [
        "def batch(k):  # of step k: another order in every epoch",
        f"    epoch, i = divmod(k, {order.per_epoch})",
        f"    order = np.random.default_rng((0x5EED, {order.seed}, epoch)).permutation({order.count})",
        f"    return order[i * {order.size} : (i + 1) * {order.size}]",
    ]


def model(training: Training) -> str:
    """Write the lines that make the network with its first weights, and its loss."""
    n = training.network
    parts = "".join(f"        {part},\n" for part in _modules(n))
    scale = training.scale
    if scale is None:
        drawn = "torch.from_numpy(rng.standard_normal(p.shape) / p[0].numel() ** 0.5)"
        first = f"            p.copy_({drawn} if p.dim() > 1 else torch.zeros_like(p))"
    else:
        first = f"            p.copy_(torch.from_numpy({scale!r} * rng.standard_normal(p.shape)))"
    if n.batch_norm:
        first = "            if not any(p is part.weight for part in norms):\n    " + first
        norms = "    norms = [part for part in model if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d))]\n"
    else:
        norms = ""
    outputs = "model(x)"
    if n.loss == "logistic":
        mean = f"F.binary_cross_entropy_with_logits({outputs}[:, 0], y.to(x.dtype))"
    else:
        mean = f"F.cross_entropy({outputs}, y)"
    if n.weight_decay:
        mean += f" + {n.weight_decay / 2.0!r} * sum((p**2).sum() for p in model.parameters())"
    return f"""\
def make_model():
    model = nn.Sequential(
{parts}    ).to(torch.{n.precision})
    rng = np.random.default_rng({training.seed})
{norms}    with torch.no_grad():
        for p in model.parameters():
{first}
    return model


def loss(model, x, y):
    return {mean}
"""


def _modules(n: Network) -> list[str]:
    """Write the parts of the module; see `landscapes.networks.modules`."""
    activation, bias = _ACTIVATIONS[n.activation], ", bias=False" if n.batch_norm else ""
    if n.layers == "dense":
        parts = []
        for a, b in zip(n.widths[:-2], n.widths[1:-1], strict=True):
            parts += [f"nn.Linear({a}, {b}{bias})", *([f"nn.BatchNorm1d({b})"] if n.batch_norm else []), activation]
        return [*parts, f"nn.Linear({n.widths[-2]}, {n.widths[-1]})"]
    parts = ["nn.Unflatten(1, (1, 8, 8))"]
    for a, b in zip((1, *n.hidden[:-1]), n.hidden, strict=True):
        parts.append(f"nn.Conv2d({a}, {b}, 3, padding=1{bias})")
        parts += [f"nn.BatchNorm2d({b})"] if n.batch_norm else []
        parts += [activation, "nn.MaxPool2d(2)"]
    return [*parts, "nn.Flatten()", f"nn.Linear({n.weights[-2].fan_in}, {n.widths[-1]})"]


def outcome(training: Training) -> str:
    """Write the lines that train twice and say what was learned."""
    n = training.network
    right = "(model(x)[:, 0] > 0).long()" if n.loss == "logistic" else "model(x).argmax(dim=1)"
    tested = ""
    if n.held_out and n.batch_norm:
        tested = """\
        for part in model:
            part.momentum = 1.0
        model(inputs)  # now batch norm has the statistics of all examples
        model.eval()
"""
    if n.held_out:
        tested += '        print(f"  held out: {share(model, test_inputs, test_targets):.4f}")\n'
    return f"""\
def share(model, x, y):
    return ({right} == y).double().mean().item()


for warm in (0, {training.warm}):
    name = f"SAM after {{warm}} steps of GD" if warm else "SAM"
    model = train({training.rho!r}, warm)
    with torch.no_grad():
        print(f"{{name}}: loss {{loss(model, inputs, targets):.6f}}, right {{share(model, inputs, targets):.4f}}")
{tested}"""


def code_of(document: bytes) -> str:
    """Return the code of a notebook as one program."""
    cells = json.loads(document)["cells"]
    return "\n\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code") + "\n"
