"""The monitor for the reader's own training, its log, and what norms alone tell."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_optimizer import SAM
from torch.nn.functional import cross_entropy

import dynamics.training_log
from dynamics import gd, iterate, sam, verdict_of_norms, warm_start
from dynamics.monitor import COLUMNS, Monitor, guessing_loss
from dynamics.training_log import Log, LogError, read_log
from landscapes.networks import Network

ROOT = Path(__file__).resolve().parent.parent
N = Network("moons", (4,))

# The README's example.
EXAMPLE = """
import torch
from pytorch_optimizer import SAM
from dynamics.monitor import Monitor, guessing_loss

optimizer = SAM(model.parameters(), torch.optim.SGD, rho=2.0, lr=0.1)
with Monitor(optimizer, "run.csv", guessing=guessing_loss(all_targets), model=model) as watch:
    for _ in range(epochs):
        for inputs, targets in watch.epoch(data):
            watch(loss(model(inputs), targets)).backward()  # the loss at w
            optimizer.first_step(zero_grad=True)
            watch(loss(model(inputs), targets)).backward()  # and at w+
            optimizer.second_step(zero_grad=True)
        watch.check(lambda: loss(model(all_inputs), all_targets))
torch.save(model.state_dict(), "weights.pt")
"""


class HandWritten:
    """SAM as it is often written in a training script: first_step, second_step, and the norm in full precision."""

    def __init__(self, parameters, rho: float, eta: float) -> None:
        self.param_groups = [{"params": list(parameters), "rho": rho, "lr": eta}]

    def _move(self, scale: float) -> list[torch.Tensor]:
        moves = [scale * p.grad for p in self.param_groups[0]["params"]]
        with torch.no_grad():
            for p, move in zip(self.param_groups[0]["params"], moves, strict=True):
                p += move
        return moves

    def first_step(self, zero_grad: bool = False) -> None:
        group = self.param_groups[0]
        norm = torch.sqrt(sum((p.grad**2).sum() for p in group["params"]))
        self.away = self._move(group["rho"] / norm.item())
        self.zero_grad()

    def second_step(self, zero_grad: bool = False) -> None:
        group = self.param_groups[0]
        with torch.no_grad():
            for p, move in zip(group["params"], self.away, strict=True):
                p -= move
        self._move(-group["lr"])
        self.zero_grad()

    def zero_grad(self) -> None:
        for p in self.param_groups[0]["params"]:
            p.grad = None


def data(n: Network, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(n.examples.x.copy()).to(dtype), torch.from_numpy(n.examples.y.copy())


def train(module, optimizer, path: Path | None, steps: int, **options) -> Monitor | None:
    watch = Monitor(optimizer, path, **options) if path else None
    x, y = data(N, next(module.parameters()).dtype)
    for _ in range(steps):
        for step in (optimizer.first_step, optimizer.second_step):
            loss = cross_entropy(module(x), y)
            (watch(loss) if watch else loss).backward()
            step(zero_grad=True)
    if watch:
        watch.close()
    return watch


def vector(module) -> np.ndarray:
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach().numpy()


# The monitor


def test_it_records_what_iterate_records(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    train(module, HandWritten(module.parameters(), 0.5, 0.1), tmp_path / "run.csv", 60)
    log = read_log((tmp_path / "run.csv").read_bytes())
    orbit = iterate(sam(N, 0.1, 0.5), N.start(0), 59)
    np.testing.assert_array_equal(log.k, orbit.k)
    for field in ("f", "f_plus", "gradient_norms", "shifted_norms", "cosine", "eta", "rho"):
        np.testing.assert_allclose(getattr(log, field), getattr(orbit, field), atol=1e-11, err_msg=field)


def test_it_watches_a_step_with_a_closure(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    optimizer = SAM(module.parameters(), torch.optim.SGD, rho=0.5, lr=0.1)
    x, y = data(N)
    with Monitor(optimizer, tmp_path / "run.csv") as watch:

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = watch(cross_entropy(module(x), y))
            loss.backward()
            return loss

        for _ in range(20):
            closure()
            optimizer.step(closure)
    log = read_log((tmp_path / "run.csv").read_bytes())
    orbit = iterate(sam(N, 0.1, 0.5), N.start(0), 19)
    assert len(log.k) == 20
    for field in ("f", "f_plus", "gradient_norms", "shifted_norms", "cosine"):
        np.testing.assert_allclose(getattr(log, field), getattr(orbit, field), atol=1e-6, err_msg=field)  # float32 norm


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_changes_no_bit_of_the_training(tmp_path: Path, dtype: torch.dtype) -> None:
    ends = []
    for path in (None, tmp_path / "run.csv"):
        module = N.module(N.start(0)).to(dtype)
        train(module, SAM(module.parameters(), torch.optim.SGD, rho=0.5, lr=0.1), path, 20)
        ends.append(vector(module))
    np.testing.assert_array_equal(*ends)


def test_every_nth_step_is_recorded_and_closing_ends_it(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    optimizer = HandWritten(module.parameters(), 0.5, 0.1)
    watch = train(module, optimizer, tmp_path / "run.csv", 10, every=4)
    written = (tmp_path / "run.csv").read_bytes()
    assert read_log(written).k.tolist() == [0, 4, 8]
    assert watch is not None and watch.step == 10
    train(module, optimizer, None, 3)
    watch.close()
    assert watch.step == 10 and (tmp_path / "run.csv").read_bytes() == written


def test_a_loop_that_breaks_leaves_its_rows(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    optimizer = HandWritten(module.parameters(), 0.5, 0.1)
    x, y = data(N)
    with pytest.raises(RuntimeError, match="power cut"), Monitor(optimizer, tmp_path / "run.csv") as watch:
        for _ in range(3):
            for step in (optimizer.first_step, optimizer.second_step):
                watch(cross_entropy(module(x), y)).backward()
                step()
        raise RuntimeError("power cut")
    assert read_log((tmp_path / "run.csv").read_bytes()).k.tolist() == [0, 1, 2]


def test_losses_that_were_not_shown_are_nan(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    optimizer = HandWritten(module.parameters(), 0.5, 0.1)
    x, y = data(N)
    with Monitor(optimizer, tmp_path / "run.csv"):
        for step in (optimizer.first_step, optimizer.second_step):
            cross_entropy(module(x), y).backward()
            step()
    log = read_log((tmp_path / "run.csv").read_bytes())
    assert np.isnan([log.f[0], log.f_plus[0]]).all() and log.gradient_norms[0] > 0.0


def test_half_precision_does_not_overflow(tmp_path: Path) -> None:
    p = torch.nn.Parameter(torch.zeros(3, dtype=torch.float16))
    optimizer = HandWritten([p], 0.5, 0.1)
    optimizer.first_step = optimizer.second_step = lambda: None  # type: ignore[method-assign]
    with Monitor(optimizer, tmp_path / "run.csv"):
        p.grad = torch.full((3,), 1e4, dtype=torch.float16)
        optimizer.first_step()
        optimizer.second_step()
    log = read_log((tmp_path / "run.csv").read_bytes())
    assert log.gradient_norms[0] == pytest.approx(1e4 * 3**0.5, rel=1e-3) and log.cosine[0] == pytest.approx(1.0)


def test_an_optimizer_that_cannot_be_watched_is_refused(tmp_path: Path) -> None:
    sgd = torch.optim.SGD(N.module(N.start(0)).parameters(), lr=0.1)
    with pytest.raises(TypeError, match="first_step"):
        Monitor(sgd, tmp_path / "run.csv")
    no_radius = HandWritten([], 0.5, 0.1)
    del no_radius.param_groups[0]["rho"]
    with pytest.raises(TypeError, match="radius"):
        Monitor(no_radius, tmp_path / "run.csv")
    with pytest.raises(ValueError, match="every"):
        Monitor(HandWritten([], 0.5, 0.1), tmp_path / "run.csv", every=0)
    assert not (tmp_path / "run.csv").exists()


class Convolutional(torch.nn.Module):
    """With batch norm, whose buffers a forward pass moves, and dropout, which draws random numbers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.parts = torch.nn.Sequential(
            torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Flatten(),
            torch.nn.Dropout(0.2), torch.nn.Linear(27, 3),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.parts(x)


IMAGES = torch.from_numpy(np.random.default_rng(3).normal(size=(24, 1, 5, 5))).float()
LABELS = torch.from_numpy(np.random.default_rng(4).integers(0, 3, 24))


def test_a_check_is_of_all_examples_at_w_and_at_the_look_ahead(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    x, y = data(N)
    optimizer = HandWritten(module.parameters(), 0.7, 0.1)
    seen = []
    with Monitor(optimizer, tmp_path / "run.csv", guessing=guessing_loss(y)) as watch:
        for epoch in range(3):
            for i in watch.epoch([np.arange(0, 100), np.arange(100, 200)]):
                for step in (optimizer.first_step, optimizer.second_step):
                    watch(cross_entropy(module(x[i]), y[i])).backward()
                    step()
            seen.append(vector(module).copy())
            watch.check(lambda: cross_entropy(module(x), y), accuracy=0.25 * epoch, validation_accuracy=0.5)
    log = read_log((tmp_path / "run.csv").read_bytes())
    assert log.k.tolist() == [0, 1, 2, 3, 4, 5] and log.epochs == 3
    assert log.checks is not None and log.checks.k.tolist() == [2, 4, 6]
    assert log.checks.guessing == pytest.approx(np.log(2.0), rel=1e-12)  # the moons are of one size
    np.testing.assert_array_equal(log.checks.accuracy, [0.0, 0.25, 0.5])
    np.testing.assert_array_equal(log.checks.validation_accuracy, 0.5)
    np.testing.assert_array_equal(log.checks.rho, 0.7)
    for i, w in enumerate(seen):
        f, g = N.value_and_gradient(w)
        f_plus, s = N.value_and_gradient(w + 0.7 * g / np.linalg.norm(g))
        found = log.checks
        recorded = [found.f[i], found.f_plus[i], found.gradient_norms[i], found.shifted_norms[i]]
        np.testing.assert_allclose(recorded, [f, f_plus, np.linalg.norm(g), np.linalg.norm(s)], rtol=1e-10)


def test_checks_change_no_bit_of_the_training_nor_of_batch_norm_nor_of_dropouts_numbers(tmp_path: Path) -> None:
    ends = []
    for checks in (False, True):
        module = Convolutional()
        optimizer = SAM(module.parameters(), torch.optim.SGD, rho=0.5, lr=0.1)
        with Monitor(optimizer, tmp_path / "run.csv", model=module) as watch:
            for _ in range(6):
                for step in (optimizer.first_step, optimizer.second_step):
                    watch(cross_entropy(module(IMAGES[:8]), LABELS[:8])).backward()
                    if checks and step == optimizer.first_step:
                        gradients = [p.grad.clone() for p in module.parameters()]
                        watch.check(lambda module=module: cross_entropy(module(IMAGES), LABELS))
                        for p, before in zip(module.parameters(), gradients, strict=True):
                            assert torch.equal(p.grad, before)
                    step(zero_grad=True)
        ends.append({name: value.clone() for name, value in module.state_dict().items()})
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())
    assert read_log((tmp_path / "run.csv").read_bytes()).checks is not None


def last_row(path: Path) -> list[float]:
    return [float(cell) for cell in path.read_text().splitlines()[-1].split(",")[7:13]]


def test_a_check_may_go_through_all_examples_in_parts(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    x, y = data(N)
    optimizer = HandWritten(module.parameters(), 0.5, 0.1)

    def in_parts() -> float:
        total = 0.0
        for i in np.array_split(np.arange(200), 7):
            loss = cross_entropy(module(x[i]), y[i]) * (len(i) / 200)
            loss.backward()
            total += float(loss.detach())
        return total

    with Monitor(optimizer, tmp_path / "run.csv") as watch:
        watch.check(lambda: cross_entropy(module(x), y))
        whole = last_row(tmp_path / "run.csv")
        watch.check(in_parts)
        np.testing.assert_allclose(last_row(tmp_path / "run.csv"), whole, rtol=1e-10)


def test_a_check_that_cannot_be_made_is_refused_and_leaves_the_weights(tmp_path: Path) -> None:
    module = N.module(N.start(0))
    x, y = data(N)
    optimizer = HandWritten(module.parameters(), 0.5, 0.1)
    before = vector(module).copy()
    with Monitor(optimizer, tmp_path / "run.csv") as watch:
        with pytest.raises(ValueError, match="depends on the weights"):
            watch.check(lambda: float(cross_entropy(module(x), y).detach()))
        with pytest.raises(ZeroDivisionError):
            watch.check(lambda: 1 / 0)
        np.testing.assert_array_equal(vector(module), before)
        watch(cross_entropy(module(x), y)).backward()
        optimizer.first_step()
        with pytest.raises(RuntimeError, match="at w\\+"):
            watch.check(lambda: cross_entropy(module(x), y))


def test_the_readmes_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = N.module(N.start(0))
    x, y = data(N)
    batches = [(x[i::4], y[i::4]) for i in range(4)]
    given = {"model": module, "data": batches, "loss": cross_entropy, "all_inputs": x, "all_targets": y, "epochs": 5}
    exec(EXAMPLE, given)
    log = read_log((tmp_path / "run.csv").read_bytes())
    assert len(log.k) == 20 and np.isfinite(log.f_plus).all() and log.epochs == 5
    assert log.checks is not None and log.checks.k.tolist() == [4, 8, 12, 16, 20]
    state = torch.load(tmp_path / "weights.pt", weights_only=True)
    np.testing.assert_array_equal(torch.cat([v.reshape(-1) for v in state.values()]).numpy(), vector(module))
    readme = ROOT / "README.md"
    if readme.is_file() and "dynamics.monitor" in readme.read_text(encoding="utf-8"):
        assert EXAMPLE.strip() in readme.read_text(encoding="utf-8")


def test_the_file_stands_alone_and_needs_pytorch_only() -> None:
    tree = ast.parse((ROOT / "dynamics" / "monitor.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "collections.abc", "csv", "math", "pathlib", "types", "typing", "torch"}
    at_the_top = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert "torch" not in at_the_top  # the page offers the file without importing it


# The log


BEFORE = ("step", "loss", "loss_plus", "gradient_norm", "shifted_norm", "cosine", "eta", "rho")  # there were checks
HEADER = ",".join(BEFORE)
ROW = "0,0.7,0.8,0.1,0.2,0.5,0.1,3.0"


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def test_columns_may_come_in_any_order_among_others() -> None:
    shuffled = csv_of("x,3.0,0.1,0.5,0.2,0.1,0.8,0.7,0", header="Note, RHO," + ",".join(reversed(BEFORE[:-1])))
    expected = read_log(csv_of(ROW))
    for data in (shuffled, b"\xef\xbb\xbf" + csv_of(ROW).replace(b"\n", b"\r\n"), csv_of("", ROW, "")):
        assert read_log(data) == expected


WHOLE = ",".join(COLUMNS)
STEP_ROW = "0,0,0.7,0.8,0.1,0.2,0.5,0.1,3.0,,,,,,,"
CHECK_ROW = "1,1,,,,,,0.1,3.0,0.6,0.9,0.3,0.01,0.5,nan,2.3"


def test_steps_and_checks_are_told_apart() -> None:
    log = read_log(csv_of(STEP_ROW, CHECK_ROW, STEP_ROW.replace("0,0,", "1,1,", 1), header=WHOLE))
    assert log.k.tolist() == [0, 1] and log.epochs == 1 and log.checks is not None
    assert log.checks.k.tolist() == [1] and log.checks.guessing == 2.3 and np.isnan(log.checks.validation_accuracy[0])
    assert (log.checks.f[0], log.checks.f_plus[0], log.checks.shifted_norms[0]) == (0.6, 0.9, 0.01)
    assert read_log(csv_of(STEP_ROW, header=WHOLE)).checks is None
    assert read_log(csv_of(ROW)).checks is None and read_log(csv_of(ROW)).epochs is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((CHECK_ROW,), "checks and no steps"),
        ((STEP_ROW, CHECK_ROW, CHECK_ROW), "steps must ascend, but 1 is followed by 1"),
        ((STEP_ROW, CHECK_ROW.replace("0.01", "-1")), "full_shifted_norm must not be negative"),
        ((STEP_ROW, CHECK_ROW.replace("0.5,nan", "50,nan")), "accuracy must be shares from 0 to 1, got 50; divide"),
        ((STEP_ROW, CHECK_ROW.replace("0.6", "six")), "line 3, full_loss: 'six' is not a number"),
        ((STEP_ROW, CHECK_ROW.replace("0.6", "")), "line 3, full_loss: '' is not a number"),
        ((STEP_ROW, CHECK_ROW.replace("3.0", "nan")), "rho must be finite"),
    ],
)
def test_checks_that_cannot_be_are_refused_in_words(rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(LogError, match=message):
        read_log(csv_of(*rows, header=WHOLE))


def test_a_run_that_diverged_can_be_read() -> None:
    log = read_log(csv_of(ROW, "1,nan,inf,nan,inf,nan,0.1,3.0"))
    assert np.isnan(log.f[1]) and np.isinf(log.shifted_norms[1])
    assert verdict_of_norms(log).step == 1 and verdict_of_norms(log).outcome == "diverged"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "not text"),
        (HEADER.encode(), "a header and no rows"),
        (csv_of(ROW).replace(b",rho", b""), "header lacks rho"),
        (b"a,b\n1,2\n", "header lacks step, loss, "),
        (csv_of(ROW, header=HEADER + ",loss"), "loss more than once"),
        (csv_of(ROW, "1,2"), "line 3 has 2 entries, the header has 8"),
        (csv_of(ROW, "1,zero,0.8,0.1,0.2,0.5,0.1,3.0"), "line 3, loss: 'zero' is not a number"),
        (csv_of("0," + "9" * 50 + "x,0.8,0.1,0.2,0.5,0.1,3.0"), r"loss: '9{40}' is not a number"),
        (csv_of("0,,0.8,0.1,0.2,0.5,0.1,3.0"), "loss: '' is not a number"),
        (csv_of(ROW, ROW), "steps must ascend, but 0 is followed by 0"),
        (csv_of("0.5" + ROW[1:]), "step must hold whole numbers"),
        (csv_of("-1" + ROW[1:]), "step must hold whole numbers"),
        (csv_of("nan" + ROW[1:]), "step must hold whole numbers"),
        (csv_of("0,0.7,0.8,-0.1,0.2,0.5,0.1,3.0"), "gradient_norm must not be negative, got -0.1"),
        (csv_of("0,0.7,0.8,0.1,0.2,0.5,nan,3.0"), "eta must be finite"),
        (csv_of("0,0.7,0.8,0.1,0.2,0.5,0.1,-3.0"), "rho must not be negative"),
        (csv_of(ROW, 'a"b"'), "line 3"),
        (csv_of(ROW, '"' + "x" * 200_000), "is not CSV"),
        (csv_of(ROW, "1,\x00"), "line 3"),
    ],
)
def test_a_file_that_is_no_log_is_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(LogError, match=message):
        read_log(data)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dynamics.training_log.MOST_BYTES == 20_000_000
    monkeypatch.setattr(dynamics.training_log, "MOST_BYTES", 100)
    with pytest.raises(LogError, match=r"at most 0 MB are read; record fewer steps"):
        read_log(csv_of(ROW, "1" + ROW[1:]))


CELLS = st.sampled_from(["", "0", "1", "2", "nan", "inf", "-1", "1e400", "x"])
TABLES = st.lists(st.lists(CELLS, min_size=16, max_size=16).map(",".join))


@given(
    st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.lists(st.text()).map(lambda rows: csv_of(*rows)),
        TABLES.map(lambda rows: csv_of(*rows, header=",".join(COLUMNS))),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(read_log(data), Log)
    except LogError as e:
        assert str(e)


# What norms alone tell


def log_of(f, g, s, rho=1.0) -> Log:
    n = len(g)
    f, g, s, rho = (np.broadcast_to(np.asarray(v, dtype=float), (n,)) for v in (f, g, s, rho))
    return Log("SAM", 10 * np.arange(n), f, f, g, s, np.full(n, np.nan), np.full(n, 0.1), rho)


def test_what_norms_tell() -> None:
    n = np.arange(400)
    ones = np.ones(400)
    fall = np.maximum(1e-6, 0.9**n)
    cases = {
        "stalled": log_of(1.0, ones, np.where(n < 100, 1.0, 0.01)),
        "small gradient": log_of(1.0, fall, fall),
        "still moving": log_of(1.0, ones, ones),
        "diverged": log_of(np.where(n < 37, 1.0, np.nan), ones, ones),
    }
    for outcome, log in cases.items():
        found = verdict_of_norms(log)
        assert found.outcome == outcome
        assert found.point is None and found.target is None and found.kind is None
        assert "hallucinat" not in found.sentence
    assert (
        verdict_of_norms(cases["stalled"]).step == 1000
        and "not certified" in verdict_of_norms(cases["stalled"]).sentence
    )
    assert verdict_of_norms(cases["diverged"]).step == 370 and "370" in verdict_of_norms(cases["diverged"]).sentence
    assert verdict_of_norms(log_of(np.where(n < 50, 1.0, 1e5), ones, ones)).outcome == "diverged"


def test_norms_that_only_dip_are_no_stall() -> None:
    n = np.arange(400)
    assert verdict_of_norms(log_of(1.0, np.ones(400), np.where(n == 395, 1.0, 0.01))).outcome == "still moving"


def test_without_look_ahead_there_is_no_stall() -> None:
    for rho in (0.0, np.where(np.arange(100) < 50, 1.0, 1e-4)):  # GD, and a radius that has decayed
        assert verdict_of_norms(log_of(1.0, np.ones(100), np.full(100, 1e-3), rho)).outcome == "still moving"


@given(st.lists(st.tuples(*[st.floats(allow_nan=True)] * 5), min_size=1, max_size=60))
def test_norms_alone_never_tell_a_hallucination(rows) -> None:
    f, f_plus, g, s, rho = np.abs(np.array(rows).T)
    log = replace(log_of(f, g, s, np.nan_to_num(rho)), f_plus=f_plus)
    found = verdict_of_norms(log)
    assert found.outcome in {"diverged", "stalled", "small gradient", "still moving"}
    assert re.search("halluc", found.sentence) is None and found.sentence


def test_an_orbit_without_positions_is_judged_the_same_way() -> None:
    tiny = Network("moons", (2,), loss="logistic", weight_decay=0.01)
    stalled = verdict_of_norms(iterate(sam(tiny, 0.05, 4.0), tiny.start(0, 0.7), 3000, keep="scalars"))
    assert stalled.outcome == "stalled" and stalled.sentence.startswith("SAM stalled, not certified")
    assert verdict_of_norms(iterate(gd(tiny, 0.3), tiny.start(0, 0.7), 3000)).outcome == "small gradient"
    cured = iterate(warm_start(gd(tiny, 0.3), sam(tiny, 0.05, 0.05), 300), tiny.start(0, 0.7), 400)
    assert verdict_of_norms(cured).outcome == "still moving"
    with pytest.raises(ValueError, match="one run"):
        verdict_of_norms(iterate(gd(tiny, 0.3), np.array([tiny.start(i) for i in range(3)]), 2))
