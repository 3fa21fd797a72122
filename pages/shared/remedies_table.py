"""How each rule of the race ended: in a table, with equations and sources."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from dynamics.recipes import Recipe
from dynamics.sentences import number, place
from figures.palette import RULES, SYMBOLS
from pages.shared.analysis import Question, Run
from pages.shared.legend import mark
from pages.shared.remedies import SAM_ALONE, Remedy, fine
from pages.shared.remedies_words import has_own, ranked, short

_GD: Final = r"x \leftarrow x - \eta\,g"
_STYLE: Final = """
<style>
.ended { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
.ended :is(th, td) { padding: 0.35rem 0.6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid rgba(128, 128, 128, 0.3); }
.ended th[scope=row] { font-weight: 600; min-width: 15rem; }
.ended th > span { display: flex; gap: 0.4rem; }
.ended summary { cursor: pointer; }
.ended details[open] summary { font-weight: 600; }
.ended .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
@media (max-width: 700px) {
  .ended thead { display: none; }
  .ended :is(tbody, tr, th, td) { display: block; border: 0; padding: 0.1rem 0; }
  .ended tr { padding: 0.6rem 0; border-bottom: 1px solid rgba(128, 128, 128, 0.3); }
  .ended td.number { text-align: left; white-space: normal; }
  .ended td[data-name]::before { content: attr(data-name) ": "; opacity: 0.8; }
}
</style>
"""
_NUMBERS: Final = ("Where", "f at the end", "From step", "|∇f| there")
_WORDS: Final = (
    (r"\\text\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1"), (r"\\tfrac12", "½"), (r"\\l?r?Vert\s*", "|"), (r"\\quad", " "),
    (r"\\[,! ]", " "), (r"\\leftarrow", "←"), (r"\\cdot", "·"), (r"\\cos", "cos"), (r"\\perp", "⊥"), (r"_⊥", "⊥"),
    (r"\^\+", "⁺"), (r"\^2", "²"), (r"_t", "ₜ"), (r"\\rho", "ρ"), (r"\\eta", "η"), (r"\\alpha", "α"), (r"\\beta", "β"),
    (r"\\theta", "θ"), (r"\\gamma", "γ"), (r"\\min", "min"), (r"\\sigma", "σ"), (r"\\xi", "ξ"), (r"\\pi", "π"),
    (r"-", "−"), (r"\s+", " "), (r"\| ?([gsTdv])", r"|\1"),
)  # fmt: skip


def in_words(equation: str) -> str:
    """Write a recipe's equation, in LaTeX, in plain characters."""
    for pattern, by in _WORDS:
        equation = re.sub(pattern, by, equation)
    return equation.strip()


def equation(name: str, remedies: Sequence[Remedy]) -> str:
    """Return the equation of a run's rule, by the run's name."""
    if name == "GD":
        return _GD
    return next(r.recipe.equation for r in (SAM_ALONE, *remedies) if r.label == name)


def show_table(q: Question, runs: Sequence[Run]) -> None:
    """Say of each run how it ended, where, from which step on, and whether that is a true minimizer, the best first."""
    rows = "".join(_row(q, run) for run in ranked(runs))
    heads = (("", "Rule"), ("", "How it ended"), *(("number", name) for name in _NUMBERS), ("", "True minimizer"))
    head = "".join(f'<th scope="col" class="{kind}">{html.escape(name)}</th>' for kind, name in heads)
    st.html(f'{_STYLE}<table class="ended"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')
    said = [
        "Sorted: first what ends at a true minimizer, then by f at the end. A click on how it ended says it in full."
    ]
    if any(has_own(run) for run in runs):
        said.append(
            "“Of its own”: such a rule looks ahead in another way than SAM, so the points at which its own look-ahead "
            "meets a zero gradient are others than SAM's hallucinated points."
        )
    st.caption(" ".join(said))


def _row(q: Question, run: Run) -> str:
    v, name = run.verdict, run.orbit.name
    shape = mark(RULES[name], SYMBOLS[name])
    numbers = (_where(q, run), number(float(run.orbit.f[-1])), f"{v.step:,}", number(v.gradient_norm))
    whole = f"<details><summary>{html.escape(short(v, has_own(run)))}</summary>{html.escape(v.sentence)}</details>"
    cells = [*(("number", *pair) for pair in zip(_NUMBERS, numbers, strict=True))]
    cells.append(("", "True minimizer", "yes" if fine(run) else "no"))
    columns = f"<td>{whole}</td>" + "".join(
        f'<td class="{kind}" data-name="{html.escape(title)}">{html.escape(value)}</td>' for kind, title, value in cells
    )
    words = f"<span>{shape}<span>{html.escape(name)}</span></span>"
    return f'<tr data-rule="{html.escape(name)}"><th scope="row">{words}</th>{columns}</tr>'


def _where(q: Question, run: Run) -> str:
    x = run.verdict.point
    return "" if x is None or not np.isfinite(x).all() else place(x, q.landscape.diagonal)


def table_csv(q: Question, runs: Sequence[Run], remedies: Sequence[Remedy]) -> bytes:
    """Write the table as CSV, with all digits."""
    rows = []
    for run in runs:
        v = run.verdict
        x = np.full(q.landscape.dim, np.nan) if v.point is None else v.point
        rows.append({
            "rule": run.orbit.name, "equation": in_words(equation(run.orbit.name, remedies)), "outcome": v.outcome,
            "kind": v.kind or "", "verdict": v.sentence, **dict(zip("xy", x, strict=False)), "step": v.step,
            "gradient_norm": v.gradient_norm, "at_true_minimizer": fine(run),
        })  # fmt: skip
    return pd.DataFrame(rows).to_csv(index=False).encode()


def show_sources(remedies: Sequence[Remedy]) -> None:
    """Show the equation of every remedy in the race, and where it comes from."""
    with st.expander("Equations and sources"):
        st.caption("g is the gradient at x, s the one at the look-ahead point x⁺; T is the number of steps.")
        for remedy in (SAM_ALONE, *remedies):
            _show_recipe(remedy.recipe)


def _show_recipe(recipe: Recipe) -> None:
    st.markdown(f"**{recipe.label}** ({recipe.source})")
    st.latex(recipe.equation)
