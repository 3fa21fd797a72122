"""Rules as straight-line programs: which can be traced, for how long, and that their loops are the rules' own runs."""

import math
from dataclasses import fields

import numpy as np
import pytest

from dynamics import (
    RECIPES,
    Orbit,
    Rule,
    gd,
    gsam,
    iterate,
    looksam,
    momentum,
    noisy,
    sam,
    scheduled,
    vasso,
    warm_start,
)
from dynamics.programs import in_javascript, program
from dynamics.rules import linear_decay
from landscapes import CATALOGUE, Landscape
from landscapes.traced import Named, Trace, Untraceable
from random_formulas import random_landscapes

L = CATALOGUE["himmelblau"].landscape
STEADY = ("sam", "momentum", "usam", "asam", "gsam", "vasso", "ssam")


def until(rule: Rule, k: int = 0) -> float | None:
    found = program(rule, rule.start(np.zeros(rule.objective.dim)), k)
    return None if found is None else found.until


def text(rule: Rule) -> str:
    found = program(rule, None, 0)
    assert found
    return found.python


@pytest.mark.parametrize("key", STEADY)
def test_a_rule_that_is_the_same_at_every_step_is_one_program(key: str) -> None:
    assert until(RECIPES[key].build(L, 0.02, 1.0, 500)) == math.inf


def test_a_warm_start_is_one_program_after_another() -> None:
    rule = warm_start(gd(L, 0.02), sam(L, 0.02, 1.0), 300)
    assert [until(rule, k) for k in (0, 299, 300, 301)] == [300, 300, None, math.inf]
    assert until(warm_start(gd(L, 0.02), rule, 40), 41) == 340


def test_a_schedule_is_a_program_once_its_radius_stays() -> None:
    rule = scheduled(lambda rho: sam(L, 0.02, rho), linear_decay(1.0, 100), 100, "falling")
    assert [until(rule, k) for k in (0, 99, 100)] == [None, None, math.inf]


def test_what_branches_or_throws_dice_is_no_program() -> None:
    assert until(looksam(L, 0.02, 1.0, 0.7, 5)) is None
    assert until(noisy(lambda l: sam(l, 0.02, 1.0), L, 0.1, 0)) is None
    assert until(gd(Landscape.of(lambda x: (x**2).sum(-1), L.domain), 0.1)) is None


def rules(l: Landscape) -> list[Rule]:
    plain, ahead = gd(l, 0.05), sam(l, 0.05, 0.7)
    return [plain, ahead, gsam(l, 0.05, 0.7, 0.4), vasso(l, 0.05, 0.7, 0.3), momentum(momentum(ahead, 0.5), 0.9)]


def test_programs_take_the_rules_own_steps_on_random_formulas() -> None:
    """A batch takes the rule's steps on arrays; a start alone goes by the program, through NaN and infinity too."""
    rng = np.random.default_rng(21)
    left = 0
    for l in random_landscapes(80, seed=22):
        starts = rng.uniform(-3.0, 3.0, (2, l.dim))
        starts[1] = rng.choice([0.0, 1.0], l.dim)
        for rule in [*rules(l), warm_start(*rules(l)[:2], steps=50)]:
            among = iterate(rule, starts, 120)
            for i in (0, 1):
                assert_same(iterate(rule, starts[i], 120), among, i, f"{rule.name} on {l.formula} from {starts[i]}")
        left += int(np.isnan(among.x[-1]).any())
    assert left > 10  # so that leaving is tested


@pytest.mark.parametrize("warm", [0, 1, 31, 250, 256, 300])
def test_a_run_may_change_its_program_anywhere(warm: int) -> None:
    rule = warm_start(gd(L, 0.02), momentum(sam(L, 0.02, 1.0), 0.5), warm)
    starts = np.array([[4.5, 1.0], [0.3, -2.0]])
    among = iterate(rule, starts, 600)
    assert_same(iterate(rule, starts[0], 600), among, 0, str(warm))
    np.testing.assert_array_equal(iterate(rule, starts[0], 600, keep="scalars").x, among.x[-256:, 0])


def assert_same(alone: Orbit, among: Orbit, i: int, what: str) -> None:
    of_points = (f.name for f in fields(Orbit) if f.name not in ("name", "k", "eta", "rho", "start", "traits"))
    for name in of_points:
        np.testing.assert_array_equal(getattr(alone, name), getattr(among, name)[:, i], f"{name}, {what}", strict=True)
    np.testing.assert_array_equal(alone.eta, among.eta)
    np.testing.assert_array_equal(alone.rho, among.rho)


def test_a_run_is_reported_and_stopped_every_few_hundred_steps() -> None:
    reported: list[int] = []
    rule = sam(L, 0.02, 1.0)
    orbit = iterate(rule, (4.5, 1.0), 3000, report=lambda k, x: reported.append(k), stop=lambda: len(reported) == 3)
    assert (np.diff([-1, *reported]) <= 256).all()
    assert orbit.steps == reported[-1]


def test_the_text_is_the_same_for_every_radius_and_step_size() -> None:
    assert text(sam(L, 0.02, 1.0)) == text(sam(L, 0.3, 2.5))


def test_a_named_number_is_never_silently_a_constant() -> None:
    rho = Named("rho", 1.0)
    product = rho * Trace().variables("x")
    assert product.trace.lines.lines == {"t0": ("*", "rho", "x")}
    for wrong in (lambda: rho * 2.0, lambda: 1.0 - rho, lambda: -rho, lambda: rho / 3):
        with pytest.raises(Untraceable, match="rho"):
            wrong()
    assert in_javascript(lambda l, eta, rho: sam(l, eta, 2.0 * rho), L) is None


@pytest.mark.parametrize("ask", [float, bool, int, list, lambda x: np.asarray(x), lambda x: np.linalg.norm(x)])
def test_the_value_of_a_traced_array_is_not_known(ask: object) -> None:
    with pytest.raises(Untraceable):
        ask(Trace().variables("x", "y"))  # type: ignore[operator]


def test_no_typed_character_is_in_a_program() -> None:
    plain = Landscape("a*x + b*x^2", ((-1, 1),), {"a": 1.0, "b": 1.0})
    odd = Landscape("constructor*x + eval*x^2", ((-1, 1),), {"constructor": 1.0, "eval": 1.0})
    assert in_javascript(sam, odd) == in_javascript(sam, plain)
    assert text(sam(odd, 0.1, 1.0)) == text(sam(plain, 0.1, 1.0))
