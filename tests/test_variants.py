"""SAM's variants against their equations written out here, and against other people's implementations."""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_optimizer import GSAM, SAM, WSAM
from scipy.stats import kstest

from dynamics import (
    RECIPES,
    Rule,
    asam,
    gd,
    gsam,
    iterate,
    lesam,
    looksam,
    noisy,
    sam,
    ssam,
    usam,
    vasso,
    verdict,
    wsam,
)
from dynamics.basins import basins
from dynamics.memory import take
from dynamics.noise import keys_of, normal
from dynamics.rules import NORMALIZED
from dynamics.variants import PROPORTIONAL, adaptive, budgeted
from dynamics.wander import around_hallucinated, around_minimizers
from landscapes import CATALOGUE, Landscape
from oracle import HIMMELBLAU, VALLEY, Case

Array = np.ndarray
Gradient = Callable[[Array], Array]

BOWL = Case("2x^2 + 0.5y^2 + x*y", ((-3, 3), (-3, 3)), lambda p: p @ np.array([[4.0, 1.0], [1.0, 1.0]]))
SADDLE = Case("x^2 - 0.5y^2", ((-3, 3), (-3, 3)), lambda p: p * np.array([2.0, -1.0]))
GROUNDS = [BOWL, SADDLE, HIMMELBLAU]
NAMES = ["bowl", "saddle", "Himmelblau"]
STEPS = 60
ETA, RHO = 0.02, 0.3
STARTS = np.array([[2.0, -1.0], [-1.5, 0.3], [0.4, 2.5], [-2.9, -2.2]])


def norm(v: Array) -> float:
    return float(np.sqrt(sum(c * c for c in v)))


# --- every rule beside its equations, written as one would on paper: one start, plain loops -----------


def by_hand_usam(x: Array, grad: Gradient) -> Iterator[Array]:
    while True:
        yield x
        x = x - ETA * grad(x + RHO * grad(x))


def by_hand_asam(x: Array, grad: Gradient, offset: float = 0.01) -> Iterator[Array]:
    while True:
        yield x
        g = grad(x)
        t = np.array([abs(c) + offset for c in x])
        x = x - ETA * grad(x + RHO * t**2 * g / norm(t * g))


def by_hand_gsam(x: Array, grad: Gradient) -> Iterator[Array]:
    while True:
        yield x
        g = grad(x)
        s = grad(x + RHO * g / norm(g))
        x = x - ETA * (s - 0.4 * (g - (g @ s) / (s @ s) * s))


def by_hand_ssam(x: Array, grad: Gradient) -> Iterator[Array]:
    while True:
        yield x
        g = grad(x)
        s = grad(x + RHO * g / norm(g))
        x = x - ETA * norm(g) / norm(s) * s


def by_hand_wsam(x: Array, grad: Gradient) -> Iterator[Array]:
    while True:
        yield x
        g = grad(x)
        s = grad(x + RHO * g / norm(g))
        x = x - ETA * (g + 0.9 / 0.1 * (s - g))


def by_hand_lesam(x: Array, grad: Gradient) -> Iterator[Array]:
    while True:
        yield x
        g = grad(x)
        x = x - ETA * grad(x + min(0.35 / (norm(g) + 1e-12), RHO) * g / norm(g))


def by_hand_looksam(x: Array, grad: Gradient) -> Iterator[Array]:
    k, v = 0, np.zeros(2)
    while True:
        yield x
        g = grad(x)
        if k % 5 == 0:
            s = grad(x + RHO * g / norm(g))
            v = s - (s @ g) / (g @ g) * g
            x = x - ETA * s
        else:
            x = x - ETA * (g + 0.7 * norm(g) / norm(v) * v)
        k += 1


def by_hand_vasso(x: Array, grad: Gradient) -> Iterator[Array]:
    d = np.zeros(2)
    while True:
        yield x
        d = 0.6 * d + 0.4 * grad(x)
        x = x - ETA * grad(x + RHO * d / norm(d))


def by_hand_momentum(x: Array, grad: Gradient) -> Iterator[Array]:
    v = np.zeros(2)
    while True:
        yield x
        g = grad(x)
        v = 0.9 * v + grad(x + RHO * g / norm(g))
        x = x - ETA * v


def radius_by_hand(schedule: Callable[[float], float]) -> Callable[[Array, Gradient], Iterator[Array]]:
    def run(x: Array, grad: Gradient) -> Iterator[Array]:
        for k in range(STEPS + 1):
            yield x
            g = grad(x)
            x = x - ETA * grad(x + RHO * schedule(k / STEPS) * g / norm(g))

    return run


BY_HAND: dict[str, Callable[[Array, Gradient], Iterator[Array]]] = {
    "usam": by_hand_usam,
    "asam": by_hand_asam,
    "gsam": by_hand_gsam,
    "ssam": by_hand_ssam,
    "wsam": by_hand_wsam,
    "lesam": by_hand_lesam,
    "looksam": by_hand_looksam,
    "vasso": by_hand_vasso,
    "momentum": by_hand_momentum,
    "linear": radius_by_hand(lambda t: 1.0 - t),
    "cosine": radius_by_hand(lambda t: (1.0 + np.cos(np.pi * t)) / 2.0),
    "ramp": radius_by_hand(lambda t: t),
}


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
@pytest.mark.parametrize("name", BY_HAND)
def test_a_rule_follows_its_equations_alone_and_in_a_batch(case: Case, name: str) -> None:
    rule = RECIPES[name].build(case.landscape, ETA, RHO, STEPS)
    together = iterate(rule, STARTS, STEPS).x
    for i, start in enumerate(STARTS):
        # SAM's map magnifies rounding where g is small, WSAM's by its weight of 9 more.
        n = 31 if name == "wsam" else STEPS + 1
        expected = np.array([x for x, _ in zip(BY_HAND[name](start, case.gradient), range(n), strict=False)])
        np.testing.assert_allclose(iterate(rule, start, STEPS).x[:n], expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(together[:n, i], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
@pytest.mark.parametrize("name", [name for name in RECIPES if name != "noise"])
def test_what_a_step_says_it_saw_is_what_is_there(case: Case, name: str) -> None:
    """x+, g and S = g(x+) hold for every rule, and the radius bounds how far it looks."""
    rho = 0.3
    orbit = iterate(
        RECIPES[name].build(case.landscape, ETA, rho, STEPS, {"warm": 9} if name == "warm" else {}), STARTS, STEPS
    )
    np.testing.assert_allclose(orbit.gradient_norms, np.linalg.norm(case.gradient(orbit.x), axis=-1), rtol=1e-9)
    shifted = np.linalg.norm(case.gradient(orbit.x_plus), axis=-1)
    np.testing.assert_allclose(orbit.shifted_norms, shifted, rtol=1e-9, atol=1e-12)
    far = np.linalg.norm(orbit.x_plus - orbit.x, axis=-1)
    if name in ("usam", "asam"):
        expected = rho * orbit.gradient_norms if name == "usam" else far
    elif name == "lesam":
        expected = np.minimum(0.35 / orbit.gradient_norms, rho)
        assert case is HIMMELBLAU or ((expected < rho).any() and (expected == rho).any())
    elif name == "looksam":
        expected = np.where(np.arange(STEPS + 1)[:, None] % 5 == 0, rho, 0.0) * np.ones(4)
    else:
        expected = orbit.rho[:, None] * np.ones(4)
    np.testing.assert_allclose(far, expected, rtol=1e-9, atol=1e-12)


# --- other people's implementations ------------------------------------------------------------------


def value(case: Case, p: torch.Tensor) -> torch.Tensor:
    x, y = p[0], p[1]
    if case is HIMMELBLAU:
        return (x**2 + y - 11) ** 2 / 100 + (x + y**2 - 7) ** 2 / 100
    return 2 * x**2 + 0.5 * y**2 + x * y if case is BOWL else x**2 - 0.5 * y**2


def by_pytorch_optimizer(case: Case, start: Array, steps: int, **options: Any) -> Array:
    p = torch.tensor(start, requires_grad=True)
    optimizer = SAM([p], torch.optim.SGD, rho=RHO, lr=ETA, **options)
    path = []
    for _ in range(steps + 1):
        path.append(p.detach().numpy().copy())

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = value(case, p)
            loss.backward()
            return loss

        closure()
        optimizer.step(closure)
    return np.array(path)


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
def test_sam_and_asam_agree_with_pytorch_optimizer(case: Case) -> None:
    """Its norms are in float32, and its ASAM has T = |w|."""
    l = case.landscape
    for start in STARTS:
        for rule, options in ((sam(l, ETA, RHO), {}), (asam(l, ETA, RHO, offset=0.0), {"adaptive": True})):
            theirs = by_pytorch_optimizer(case, start, 40, **options)
            np.testing.assert_allclose(iterate(rule, start, 40).x, theirs, atol=1e-6)


@pytest.mark.parametrize("decouple", [True, False])
@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
def test_wsam_agrees_with_pytorch_optimizer(case: Case, decouple: bool) -> None:
    """Without momentum the sharpness is added before or after the base optimizer's step alike; norms in float32."""
    for start in STARTS:
        p = torch.nn.Parameter(torch.tensor(start))
        optimizer = WSAM(torch.nn.Identity(), [p], torch.optim.SGD, rho=RHO, gamma=0.7, decouple=decouple, lr=ETA)

        def closure(p: torch.nn.Parameter = p, optimizer: WSAM = optimizer) -> torch.Tensor:
            optimizer.zero_grad()
            loss = value(case, p)
            loss.backward()
            return loss

        theirs = []
        for _ in range(41):
            theirs.append(p.detach().numpy().copy())
            optimizer.step(closure)
        np.testing.assert_allclose(iterate(wsam(case.landscape, ETA, RHO, 0.7), start, 40).x, theirs, atol=1e-6)


class Constant:
    def step(self) -> float:
        return RHO


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
def test_gsam_agrees_with_pytorch_optimizer(case: Case) -> None:
    for start in STARTS:
        p = torch.nn.Parameter(torch.tensor(start))
        base = torch.optim.SGD([p], lr=ETA)
        optimizer = GSAM([p], base, torch.nn.Identity(), Constant(), alpha=0.4)

        def closure(p: torch.nn.Parameter = p, base: torch.optim.SGD = base) -> tuple[None, torch.Tensor]:
            base.zero_grad()
            with torch.enable_grad():
                loss = value(case, p)
            loss.backward()
            return None, loss

        theirs = []
        for _ in range(41):
            theirs.append(p.detach().numpy().copy())
            optimizer.step(closure)
        np.testing.assert_allclose(iterate(gsam(case.landscape, ETA, RHO, 0.4), start, 40).x, theirs, atol=1e-6)


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
def test_momentum_without_a_look_ahead_is_that_of_pytorch(case: Case) -> None:
    rule = RECIPES["momentum"].build(case.landscape, ETA, 0.0, STEPS)
    for start in STARTS:
        p = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.SGD([p], lr=ETA, momentum=0.9)
        theirs = []
        for _ in range(STEPS + 1):
            theirs.append(p.detach().numpy().copy())
            optimizer.zero_grad()
            value(case, p).backward()
            optimizer.step()
        np.testing.assert_allclose(iterate(rule, start, STEPS).x, theirs, rtol=1e-10, atol=1e-10)


# --- limits in which a rule is another one ------------------------------------------------------------


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
@pytest.mark.parametrize(
    "make",
    [
        lambda l: usam(l, ETA, 0.0),
        lambda l: asam(l, ETA, 0.0),
        lambda l: gsam(l, ETA, 0.0, 0.4),
        lambda l: ssam(l, ETA, 0.0),
        lambda l: looksam(l, ETA, 0.0, 0.7, 5),
        lambda l: vasso(l, ETA, 0.0, 0.4),
        lambda l: wsam(l, ETA, 0.0, 0.9),
        lambda l: lesam(l, ETA, 0.0, 0.35),
        lambda l: RECIPES["momentum"].build(l, ETA, 0.0, STEPS, {"beta": 0.0}),
        lambda l: RECIPES["linear"].build(l, ETA, 0.0, STEPS),
        lambda l: RECIPES["noise"].build(l, ETA, 0.0, STEPS, {"sigma": 0.0}),
        lambda l: RECIPES["warm"].build(l, ETA, 0.0, STEPS),
    ],
)
def test_at_radius_zero_it_is_gradient_descent(case: Case, make: Callable[[Landscape], Rule]) -> None:
    l = case.landscape
    np.testing.assert_allclose(
        iterate(make(l), STARTS, STEPS).x, iterate(gd(l, ETA), STARTS, STEPS).x, rtol=1e-9, atol=1e-10
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda l: gsam(l, ETA, RHO, 0.0),
        lambda l: looksam(l, ETA, RHO, 0.7, 1),
        lambda l: vasso(l, ETA, RHO, 1.0),
        lambda l: RECIPES["noise"].build(l, ETA, RHO, STEPS, {"sigma": 0.0}),
        lambda l: RECIPES["warm"].build(l, ETA, RHO, STEPS, {"warm": 0}),
    ],
)
def test_it_is_sam_where_its_own_knob_is_off(make: Callable[[Landscape], Rule]) -> None:
    l = HIMMELBLAU.landscape
    np.testing.assert_array_equal(iterate(make(l), STARTS, STEPS).x, iterate(sam(l, ETA, RHO), STARTS, STEPS).x)


@pytest.mark.parametrize("case", GROUNDS, ids=NAMES)
def test_wsam_goes_from_gradient_descent_to_sam_and_lesam_too(case: Case) -> None:
    l = case.landscape
    plain, sams = iterate(gd(l, ETA), STARTS, STEPS).x, iterate(sam(l, ETA, RHO), STARTS, STEPS).x
    for gamma, expected in ((0.0, plain), (1e-13, plain), (0.5, sams)):
        np.testing.assert_allclose(iterate(wsam(l, ETA, RHO, gamma), STARTS, STEPS).x, expected, rtol=1e-9, atol=1e-9)
    steepest = np.linalg.norm(case.gradient(np.concatenate([plain, sams])), axis=-1).max()
    for sigma, expected in ((0.0, plain), (1e-13, plain), (2.0 * RHO * steepest, sams)):
        np.testing.assert_allclose(iterate(lesam(l, ETA, RHO, sigma), STARTS, STEPS).x, expected, rtol=1e-9, atol=1e-9)


def test_lesams_look_ahead_costs_its_budget_to_first_order() -> None:
    """On a plane exactly: f(x+) - f(x) = sigma, unless the cap is nearer."""
    l = Landscape("3x - 4y", ((-3, 3), (-3, 3)))
    for sigma, cap, expected in ((0.5, 1.0, 0.5), (0.5, 0.05, 0.25)):
        seen, _ = lesam(l, ETA, cap, sigma).step(STARTS, None, 0)
        np.testing.assert_allclose(seen.f_plus - seen.f, expected, rtol=1e-11)


def test_usam_looks_as_far_as_sam_with_that_radius() -> None:
    l = HIMMELBLAU.landscape
    for x in STARTS:
        ahead, _ = usam(l, ETA, 0.2).step(x, None, 0)
        beside, _ = sam(l, ETA, 0.2 * norm(HIMMELBLAU.gradient(x))).step(x, None, 0)
        np.testing.assert_allclose(ahead.x_next, beside.x_next, atol=1e-14)


# --- the look-aheads' Jacobians -----------------------------------------------------------------------


@pytest.mark.parametrize("look_ahead", [NORMALIZED, PROPORTIONAL, adaptive(0.01), adaptive(0.0), budgeted(1.0)])
def test_the_jacobian_of_a_look_ahead_agrees_with_differences(look_ahead: Any) -> None:
    l, h = HIMMELBLAU.landscape, 1e-5
    g, hessian = l.gradient_and_hessian(STARTS)
    found = look_ahead.jacobian(STARTS, g, hessian, np.full((4, 1, 1), 0.7))
    if look_ahead == budgeted(1.0):
        assert set(1.0 / np.linalg.norm(g, axis=-1) < 0.7) == {True, False}  # on both sides of the cap
    for i, e in enumerate(np.eye(2)):
        sides = [look_ahead.point(x, l.gradient(x), 0.7) for x in (STARTS + h * e, STARTS - h * e)]
        np.testing.assert_allclose(found[..., i], (sides[0] - sides[1]) / (2 * h), rtol=1e-7, atol=1e-7)


# --- where g, S, T g, d or v vanish ---------------------------------------------------------------------

FLAT = Landscape("5 + 0*x", ((-1, 1),))


@pytest.mark.parametrize("name", RECIPES)
def test_no_rule_moves_from_where_the_gradient_vanishes(name: str) -> None:
    """Not even with noise of size 0; and nothing is NaN."""
    options = {"sigma": 0.0} if name == "noise" else {"warm": 2} if name == "warm" else {}
    for l, x in ((SADDLE.landscape, [0.0, 0.0]), (VALLEY.landscape, [1.0, 0.0]), (FLAT, [0.3])):
        rule = RECIPES[name].build(l, 0.1, 1.0, 12, options)
        for x0 in (np.array(x), np.array([x, x])):
            orbit = iterate(rule, x0, 12)
            np.testing.assert_array_equal(orbit.x, np.broadcast_to(x0, orbit.x.shape))
            np.testing.assert_array_equal(orbit.x_plus, orbit.x)


@pytest.mark.parametrize("name", RECIPES)
def test_a_batch_may_hold_points_without_a_gradient(name: str) -> None:
    l = SADDLE.landscape
    starts = np.array([[0.0, 0.0], [1.0, 0.5], [0.0, 0.0]])
    rule = RECIPES[name].build(l, 0.1, 0.4, 30)
    orbit = iterate(rule, starts, 30)
    assert np.isfinite(orbit.x).all()
    np.testing.assert_array_equal(orbit.x[:, 1], iterate(rule, starts[1], 30).x)


def test_where_only_the_shifted_gradient_vanishes_gsam_ssam_and_usam_stay_and_looksam_does_not() -> None:
    """x = (-0.5, 0) of the valley is hallucinated at rho = 1.5, to the last digit; its gradient is 0.375."""
    l = Landscape("(x^2-1)^2/4", ((-2, 2),))
    x = np.array([0.5])
    g = l.gradient(x)
    assert g[0] == -0.375
    for rule in (gsam(l, 0.1, 1.5, 0.4), ssam(l, 0.1, 1.5), vasso(l, 0.1, 1.5, 0.4), usam(l, 0.1, 4.0)):
        seen, _ = rule.step(x, rule.start(x), 0)
        assert seen.s[0] == 0.0 and seen.g[0] == -0.375
        np.testing.assert_array_equal(seen.x_next, x)
    for rule in (lesam(l, 0.1, 1.5, 1.0), lesam(l, 0.1, 9.0, 1.5 * 0.375)):  # held by its cap; by its budget
        seen, _ = rule.step(x, None, 0)
        np.testing.assert_allclose([seen.s[0], seen.x_next[0]], [0.0, 0.5], atol=1e-11)
    seen, _ = wsam(l, 0.1, 1.5, 0.75).step(x, None, 0)
    assert seen.x_next[0] == 0.5 + 0.1 * (1.0 - 3.0) * 0.375  # uphill: it does not stay
    look = looksam(l, 0.1, 1.5, 0.7, 3)
    orbit = iterate(look, x, 2)
    assert orbit.x[1, 0] == 0.5  # the step of SAM
    assert orbit.x[2, 0] == 0.5 + 0.1 * 0.375  # v = 0: a step of gradient descent


def test_asam_without_an_offset_looks_nowhere_where_each_variable_or_its_slope_is_zero() -> None:
    seen, _ = asam(BOWL.landscape, 0.1, 1.0, offset=0.0).step(np.array([0.0, 0.0]), None, 0)
    np.testing.assert_array_equal(seen.x_plus, [0.0, 0.0])
    l = Landscape("x + y^2", ((-1, 1), (-1, 1)))
    seen, _ = asam(l, 0.1, 1.0, offset=0.0).step(np.array([0.0, 0.0]), None, 0)
    np.testing.assert_array_equal(seen.x_plus, [0.0, 0.0])  # T g = 0 though g = (1, 0)
    np.testing.assert_array_equal(seen.x_next, [-0.1, 0.0])


# --- memory, purity ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_runs_may_leave_a_batch_while_it_goes_on(name: str) -> None:
    l = HIMMELBLAU.landscape
    rule = RECIPES[name].build(l, ETA, RHO, STEPS, {"warm": 12} if name == "warm" else {})
    whole = iterate(rule, STARTS, STEPS).x
    x, memory, stays = STARTS, rule.start(STARTS), np.arange(len(STARTS))
    for k in range(STEPS):
        if k in (7, 20):
            mask = np.arange(len(x)) != 1
            x, memory, stays = x[mask], take(memory, mask), stays[mask]
        seen, memory = rule.step(x, memory, k)
        x = seen.x_next
    assert len(x) == 2
    np.testing.assert_array_equal(x, whole[-1][stays])


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_memory_gives_the_same_step(name: str) -> None:
    rule = RECIPES[name].build(HIMMELBLAU.landscape, ETA, RHO, STEPS, {"warm": 2} if name == "warm" else {})
    x, memory = STARTS.copy(), rule.start(STARTS)
    for k in range(7):
        kept = pickle.dumps((x, memory))
        first, after = rule.step(x, memory, k)
        second, again = rule.step(x, memory, k)
        assert pickle.dumps((x, memory)) == kept
        np.testing.assert_array_equal(first.x_next, second.x_next)
        assert pickle.dumps(after) == pickle.dumps(again)
        x, memory = first.x_next, after
    pickle.dumps(iterate(rule, STARTS, 3))


@pytest.mark.parametrize("name", RECIPES)
def test_a_steady_rule_is_one_map_of_the_point_alone(name: str) -> None:
    rule = RECIPES[name].build(HIMMELBLAU.landscape, ETA, RHO, 30, {"warm": 12} if name == "warm" else {})
    assert (rule.steady_from == np.inf) == (name in ("momentum", "noise", "looksam", "vasso"))
    if rule.steady_from < np.inf:
        k, memory = int(rule.steady_from), rule.start(STARTS)
        first = rule.step(STARTS, memory, k)[0].x_next
        for later in (k + 1, k + 17):
            np.testing.assert_array_equal(rule.step(STARTS, memory, later)[0].x_next, first)


# --- noise -----------------------------------------------------------------------------------------------


def test_noise_is_the_same_in_both_gradients_of_a_step_and_is_not_in_what_is_recorded() -> None:
    l, sigma, seed = HIMMELBLAU.landscape, 0.3, 5
    rule = noisy(lambda objective: sam(objective, ETA, RHO), l, sigma, seed)
    orbit = iterate(rule, STARTS, STEPS)
    for i, start in enumerate(STARTS):
        x, keys = start, keys_of(start, seed)
        for k in range(STEPS):
            np.testing.assert_allclose(orbit.x[k, i], x, atol=1e-9)
            xi = normal(keys, k, 2)
            g = HIMMELBLAU.gradient(x) + sigma * xi
            x = x - ETA * (HIMMELBLAU.gradient(x + RHO * g / norm(g)) + sigma * xi)
    np.testing.assert_allclose(orbit.gradient_norms, np.linalg.norm(HIMMELBLAU.gradient(orbit.x), axis=-1), rtol=1e-9)
    np.testing.assert_allclose(orbit.f, l.value(orbit.x), rtol=1e-12)


def test_noise_depends_on_seed_start_and_step_and_on_nothing_else() -> None:
    keys = keys_of(STARTS, 1)
    assert len(np.unique(np.concatenate([keys, keys_of(STARTS, 2), keys_of(STARTS + 1e-15, 1)]))) == 12
    np.testing.assert_array_equal(keys[::-1], keys_of(STARTS[::-1], 1))
    np.testing.assert_array_equal(keys[2], keys_of(STARTS[2], 1))
    np.testing.assert_array_equal(keys_of(np.array([-0.0, 0.0]), 0), keys_of(np.array([0.0, -0.0]), 0))
    np.testing.assert_array_equal(keys_of(np.asfortranarray(STARTS), 1), keys)
    draws = np.stack([normal(keys, k, 2) for k in range(50)])
    assert len(np.unique(draws)) == draws.size


def test_noise_is_standard_normal_and_independent() -> None:
    """20,000 numbers; each of the tests would fail by chance once in a thousand seeds."""
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 10), np.linspace(-1, 1, 10)), axis=-1).reshape(-1, 2)
    draws = np.stack([normal(keys_of(grid, 0), k, 2) for k in range(100)])  # steps, starts, variables
    assert kstest(draws.ravel(), "norm").pvalue > 1e-3
    limit = 3.3 / np.sqrt(10_000)
    for a, b in (
        (draws[..., 0], draws[..., 1]),
        (draws[1:], draws[:-1]),
        (draws[:, 1:], draws[:, :-1]),
        (draws[:, 10:], draws[:, :-10]),
    ):
        assert abs(np.mean(a * b)) < limit


# --- verdicts ---------------------------------------------------------------------------------------------

CURVED = Landscape("(x^2-1)^2/4", ((-2, 2),))


def test_usam_stops_at_a_hallucinated_point_of_sam_with_the_radius_that_it_looks() -> None:
    """x = 0.8 has g = -0.288, and 0.8 + 6.25 g is the minimizer at -1: the same point as SAM's at rho = 1.8."""
    orbit = iterate(usam(CURVED, 0.05, 6.25), [0.85], 3000)
    v = verdict(CURVED, orbit)
    assert (v.outcome, v.kind) == ("hallucinated", "minimizer")
    np.testing.assert_allclose([v.point, v.target], [[0.8], [-1.0]], atol=1e-8)  # type: ignore[list-item]
    assert "a distance 1.8 uphill" in v.sentence and "of its own" in v.sentence
    # USAM's own map, not SAM's, whose S' is f''(-1): S' = f''(-1) (1 + 6.25 f''(0.8)) = 2 (1 + 6.25 * 0.92).
    assert v.step_limit == pytest.approx(2.0 / 13.5, rel=1e-6)


def test_lesam_stops_where_its_budget_leads_to_a_minimizer() -> None:
    orbit = iterate(lesam(CURVED, 0.05, 5.0, 0.45), [0.6], 3000)
    v = verdict(CURVED, orbit)
    assert (v.outcome, v.kind) == ("hallucinated", "minimizer") and "of its own" in v.sentence
    assert v.point is not None and v.target is not None
    x = float(v.point[0])
    np.testing.assert_allclose(v.target, [-1.0], atol=1e-8)
    assert x + 1.0 == pytest.approx(0.45 / (x - x**3), rel=1e-9)  # as far as sigma/|f'(x)|, and f'(x) = x^3 - x


@pytest.mark.parametrize("gamma", [0.6, 0.75, 0.9])
def test_wsam_comes_to_rest_where_neither_gradient_vanishes(gamma: float) -> None:
    """Its step vanishes where S = (2 - 1/gamma) g; that is no hallucinated point of SAM, and not said to be one."""
    l = Landscape("x^4/4 - 1.4x^3/3 - 1.2x^2/2", ((-2, 3),))
    v = verdict(l, iterate(wsam(l, 0.01, 1.0, gamma), [0.1], 4000))
    assert v.outcome == "stalled" and v.kind is None and v.target is None
    assert v.shifted_norm == pytest.approx((2.0 - 1.0 / gamma) * v.gradient_norm, rel=1e-6)
    assert "came to rest" in v.sentence and "neither gradient is 0" in v.sentence
    assert v.step < 4000


def test_asam_is_certified_with_its_own_look_ahead() -> None:
    l = HIMMELBLAU.landscape
    found = 0
    for start in np.random.default_rng(0).uniform(-6, 6, (20, 2)):
        v = verdict(l, iterate(asam(l, 0.02, 3.0), start, 3000))
        if v.outcome != "hallucinated":
            continue
        found += 1
        g = HIMMELBLAU.gradient(v.point)
        t = np.abs(v.point) + 0.01
        target = v.point + 3.0 * t**2 * g / norm(t * g)
        np.testing.assert_allclose(v.target, target, atol=1e-9)
        assert norm(HIMMELBLAU.gradient(target)) < 1e-7 < norm(g)
        assert "of its own" in v.sentence
    assert found >= 3


@pytest.mark.parametrize("name", ["momentum", "vasso", "gsam", "ssam", "noise"])
def test_what_looks_as_sam_does_is_certified_at_sams_points(name: str) -> None:
    case = VALLEY
    for start in ((0.3, 0.4), (1.2, -0.5)):
        options = {"sigma": 0.001} if name == "noise" else {}
        v = verdict(case.landscape, iterate(RECIPES[name].build(case.landscape, 0.02, 1.5, 3000, options), start, 3000))
        if v.outcome == "hallucinated":
            np.testing.assert_allclose(np.abs(v.point), [0.5, 0.0], atol=1e-8)  # type: ignore[arg-type]
            assert v.kind == "minimizer" and np.isnan(v.step_limit)
        else:
            assert v.outcome in ("reached", "cycling", "trapped")


def test_looksam_is_not_said_to_hallucinate_where_its_steps_in_between_go_on() -> None:
    for entry in CATALOGUE.values():
        l = entry.landscape
        low, high = np.array(l.domain).T
        starts = np.random.default_rng(1).uniform(low, high, (12, l.dim))
        outcomes = basins(looksam(l, entry.eta, entry.rho, 0.7, 5), starts, 400).outcomes  # type: ignore[union-attr]
        assert not np.isin(outcomes, ["hallucinated", "stalled"]).any()


@pytest.mark.parametrize("name", ["usam", "ssam"])
def test_what_fades_with_the_gradient_reaches_a_minimizer(name: str) -> None:
    v = verdict(BOWL.landscape, iterate(RECIPES[name].build(BOWL.landscape, 0.1, 0.1, 2000), (1.0, 1.5), 2000))
    assert (v.outcome, v.kind) == ("reached", "minimizer")


def test_noise_around_a_minimizer_is_told_from_a_run_under_way() -> None:
    l = BOWL.landscape
    for rho in (0.0, 0.3):
        rule = noisy(lambda objective, rho=rho: sam(objective, 0.05, rho), l, 0.2, 3)
        for start in STARTS:
            v = verdict(l, iterate(rule, start, 1500))
            assert v.outcome == "bouncing", v.sentence
            np.testing.assert_allclose(v.point, [0.0, 0.0], atol=1e-9)  # type: ignore[arg-type]
        assert verdict(l, iterate(rule, STARTS[0], 25)).outcome == "still moving"


def test_noise_around_a_hallucinated_point_is_told_from_a_run_under_way() -> None:
    l, sigma = VALLEY.landscape, 0.05
    rule = noisy(lambda objective: sam(objective, 0.02, 1.5), l, sigma, 7)
    for start in ((0.3, 0.4), (1.2, -0.5), (-1.6, 1.0)):
        v = verdict(l, iterate(rule, start, 2000))
        assert (v.outcome, v.kind) == ("hallucinated", "minimizer") and v.approaching
        np.testing.assert_allclose(np.abs(v.point), [0.5, 0.0], atol=1e-9)  # type: ignore[arg-type]
        assert "stays close to" in v.sentence
        assert verdict(l, iterate(rule, start, 25)).outcome == "still moving"


def test_noise_wanders_as_far_as_the_linear_map_says() -> None:
    """5 standard deviations, beside 200,000 steps of the map."""
    rng, steps, sigma, eta = np.random.default_rng(0), 200_000, 0.3, 0.1
    m, gain = np.array([[1.0, 0.8], [-0.5, 2.0]]), np.array([[1.0, 0.0], [-2.0, 0.5]])
    for matrix, b in ((m, gain), (np.diag([0.5, 3.0]), np.eye(2))):
        kicks = eta * sigma * rng.normal(size=(steps, 2)) @ b.T
        x, square = np.zeros(2), 0.0
        for kick in kicks:
            x = x - eta * (matrix @ x) - kick
            square += x @ x
        far = around_hallucinated(matrix[None], b[None], np.array([eta]), sigma)[0]
        assert far == pytest.approx(5.0 * np.sqrt(square / steps), rel=0.03)
    bowl = around_minimizers(matrix[None], np.array([eta]), sigma, np.zeros(1))[0]
    assert bowl == pytest.approx(far, rel=1e-12)
    assert around_minimizers(-matrix[None], np.array([eta]), sigma, np.zeros(1))[0] == 0.0
    assert around_hallucinated(-matrix[None], b[None], np.array([eta]), sigma)[0] == 0.0


def test_momentum_that_only_passes_a_saddle_has_not_stopped_there() -> None:
    """Heavy ball down a ridge: it crosses the saddle at full speed, and the run is cut where g is nearly 0."""
    l = Landscape("x^3/3 - x", ((-4, 4),))  # a maximizer at -1, a minimizer at 1
    rule = RECIPES["momentum"].build(l, 0.01, 0.0, 1000)
    orbit = iterate(rule, [3.0], 200)
    k = int(np.argmin(np.abs(orbit.x[:, 0] - 1.0)[:60]))
    v = verdict(l, iterate(rule, [3.0], k))
    assert orbit.gradient_norms[k] < 0.3 and v.outcome == "still moving"


# --- the list of rules, and a fact ------------------------------------------------------------------------


def test_every_recipe_says_what_it_is() -> None:
    assert len({recipe.label for recipe in RECIPES.values()}) == len(RECIPES) == 15
    for recipe in RECIPES.values():
        assert recipe.source and recipe.equation.count("{") == recipe.equation.count("}")
        for knob in recipe.knobs:
            assert knob.low <= knob.default <= knob.high and knob.says.endswith(".")
            for limit in (knob.low, knob.high):
                recipe.build(FLAT, 0.1, 1.0, 10, {knob.name: limit})


def test_options_out_of_range_are_misuse() -> None:
    with pytest.raises(ValueError, match="theta must be a number from 0.001 to 1, got 2"):
        RECIPES["vasso"].build(FLAT, 0.1, 1.0, 10, {"theta": 2.0})
    with pytest.raises(ValueError, match="k must be a whole number from 1 to 1000, got 2.5"):
        RECIPES["looksam"].build(FLAT, 0.1, 1.0, 10, {"k": 2.5})
    with pytest.raises(ValueError, match="SAM has no option 'beta'"):
        RECIPES["sam"].build(FLAT, 0.1, 1.0, 10, {"beta": 0.5})
    for make, words in (
        (lambda: gsam(FLAT, 0.1, 1.0, 1.5), "alpha must be from 0 to 1, got 1.5"),
        (lambda: vasso(FLAT, 0.1, 1.0, 0.0), "theta must be > 0, got 0; use 1 for SAM"),
        (lambda: looksam(FLAT, 0.1, 1.0, 0.5, 0), "period must be >= 1, got 0; use 1 for SAM"),
        (lambda: wsam(FLAT, 0.1, 1.0, 1.0), "gamma must be from 0 to below 1, got 1"),
        (lambda: wsam(FLAT, 0.1, -1.0, 0.0), "rho must be a finite number >= 0"),
        (lambda: lesam(FLAT, 0.1, 1.0, -0.1), "sigma must be a finite number >= 0, got -0.1; use 0 for gradient"),
        (lambda: lesam(FLAT, 0.1, 1.0, 0.1, 0.0), "epsilon must be > 0, got 0"),
        (lambda: noisy(lambda l: gd(l, 0.1), FLAT, -1.0, 0), "sigma must be a finite number >= 0, got -1.0"),
        (lambda: noisy(lambda l: gd(l, 0.1), FLAT, 1.0, -1), "seed must be >= 0, got -1"),
        (lambda: usam(FLAT, 0.1, -1.0), "rho must be a finite number >= 0"),
        (lambda: RECIPES["momentum"].make(FLAT, 0.1, 1.0, 10, {"beta": 1.0}), "beta must be from 0 to below 1, got 1"),
    ):
        with pytest.raises(ValueError, match=words):
            make()


def test_decaying_the_radius_often_ends_on_a_saddle_or_maximizer_that_gradient_descent_then_leaves() -> None:
    """200 starts over the catalogue."""
    rng, stopped, left, starts, steps = np.random.default_rng(0), 0, 0, 0, 800
    for part, entry in zip(np.array_split(np.arange(200), len(CATALOGUE)), CATALOGUE.values(), strict=True):
        l = entry.landscape
        low, high = np.array(l.domain).T
        x0 = rng.uniform(low, high, (len(part), l.dim))
        starts += len(x0)
        rule = RECIPES["linear"].build(l, entry.eta, entry.rho, steps)
        found = basins(rule, x0, steps)
        assert found is not None
        on = found.outcomes == "stopped"
        if not on.any():
            continue
        assert np.isin(found.kinds[on], ["saddle", "maximizer", "degenerate"]).all()
        end = iterate(rule, x0, steps).x[-1][on]
        after = iterate(gd(l, entry.eta), end, 3000).x[-1]
        stopped += int(np.isin(found.kinds[on], ["saddle", "maximizer"]).sum())
        left += int((np.linalg.norm(after - found.ends[on], axis=-1) > 0.05 * l.diagonal).sum())
    assert starts == 200
    assert stopped >= 1
    assert left > 0.5 * stopped
