"""What is wrong at a token that the grammar cannot take, and what to write: one function a mistake."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from . import names
from .faults import FormulaError, fault, quoted
from .tokens import Token
from .tree import FUNCTIONS

_LONGEST_ARGUMENT = 24  # repeated in a suggestion; a longer one becomes "..."


def missing(tokens: Sequence[Token], i: int) -> FormulaError:
    """Return the error where a number, a name or a bracket should begin and something else stands."""
    token, before = tokens[i], tokens[i - 1] if i > 0 else None
    if token.kind == ",":
        return comma(tokens, i)
    if token.kind == "superscript":
        return fault("the exponent", token.start, " has nothing to raise; write x before it")
    if token.kind == ")" and (before is None or before.kind != "operator"):
        return fault("the bracket ')'", token.start, " closes nothing; delete it")
    if token.kind == "operator":
        return _misplaced_sign(token, before)
    if before is None:
        return fault("the formula is empty", 0, "; write one, such as x^2 + y^2")
    return fault(_sign(before), before.start, " has nothing after it; write a number, a name or a bracket")


def _misplaced_sign(sign: Token, before: Token | None) -> FormulaError:
    if before is not None and before.text == sign.text == "/" and before.end == sign.start:
        return fault("'//'", before.start, " is not part of a formula; write one / for a division")
    problem = " has nothing before it" if before is None else f" cannot follow {_sign(before)}"
    return fault(_sign(sign), sign.start, f"{problem}; write a number, a name or a bracket before it")


def comma(tokens: Sequence[Token], i: int) -> FormulaError:
    """Return the error at a comma that separates no arguments."""
    decimal = _decimal(tokens, i)
    if decimal is not None:
        return fault("the comma", tokens[i].start, f" is no decimal point; write {decimal}")
    return fault("the comma", tokens[i].start, " is not part of a formula; type one expression without it")


def number_after(tokens: Sequence[Token], i: int) -> FormulaError:
    """Return the error at a number that follows a factor without a sign between them."""
    number, before = tokens[i].text, tokens[i - 1]
    if before.kind == "number":
        is_number = re.fullmatch(r"[0-9]+\.?[0-9]*", before.text + number) is not None
        other = f" or {before.text}{number}" if is_number else ""
        rest = f" follows another; did you mean {before.text}*{number}{other}?"
    elif before.kind == "name":
        rest = f" has no sign before it; did you mean {before.text}*{number} or {before.text}^{number}?"
    else:
        rest = " has no sign before it; write * for a product or ^ for a power"
    return fault(f"the number {quoted(number)}", tokens[i].start, rest)


def number_out_of_range(token: Token, value: float) -> FormulaError:
    """Return the error at a literal that a float cannot hold."""
    rest = " is too small; write 0" if value == 0 else " is too large; write one below 1e308"
    return fault(f"the number {quoted(token.text)}", token.start, rest)


def second_exponent(token: Token) -> FormulaError:
    """Return the error at an exponent that follows a raised one."""
    return fault("the second exponent", token.start, " needs brackets; write (x^2)^3 or x^(2^3)")


def unclosed(opening: Token) -> FormulaError:
    """Return the error at a bracket without a partner."""
    return fault("the bracket '('", opening.start, " is never closed; add ')'")


def unopened(closing: Token) -> FormulaError:
    """Return the error at a closing bracket without a partner."""
    return fault("the bracket ')'", closing.start, " was never opened; delete it, or add '(' before it")


def empty_brackets(tokens: Sequence[Token], i: int) -> FormulaError:
    """Return the error at "()", with or without a function before it."""
    name = tokens[i - 1].text if i > 0 else ""
    if name in FUNCTIONS:
        return fault(quoted(name), tokens[i - 1].start, f" has no argument; write {name}(x)")
    return fault("the brackets", tokens[i].start, " are empty; write an expression in them")


def too_many_arguments(text: str, tokens: Sequence[Token], i: int, at: int) -> FormulaError:
    """Return the error at the function at token i, whose first argument ends with a comma at token `at`."""
    name = tokens[i].text
    first = _source(text, tokens[i + 1].end, tokens[at])
    second = _source(text, tokens[at].end, _closing(tokens, i + 1))
    decimal = _decimal(tokens, at)
    if decimal is not None:
        remedy = f"write {decimal} for a decimal number"
    elif name == "log":
        remedy = f"write log({first})/log({second}) for the logarithm to the base {second}"
    else:
        remedy = f"write {name}({first})"
    return fault(quoted(name), tokens[i].start, f" takes one argument; {remedy}")


def unknown_function(text: str, tokens: Sequence[Token], i: int, known: Collection[str]) -> FormulaError:
    """Return the error at a name before a bracket that is neither a function nor a variable."""
    name = tokens[i].text
    argument = _source(text, tokens[i + 1].end, _closing(tokens, i + 1))
    remedy = names.for_call(name, argument, known)
    return fault(f"unknown function {quoted(name)}", tokens[i].start, f"; {remedy}")


def bare_function(text: str, tokens: Sequence[Token], i: int) -> FormulaError:
    """Return the error at a function, or another spelling of one, that no bracket follows."""
    typed = tokens[i].text
    name = names.renamed(typed) or typed
    exponent, j = _exponent(tokens, i + 1)
    argument = _next_argument(text, tokens, j)
    if name == "exp" and exponent and tokens[j].kind not in ("number", "name", "("):
        argument, exponent = exponent, ""
    if exponent == "-1" and f"a{name}" in FUNCTIONS:
        name, exponent = f"a{name}", ""
    meant = f"{name}({argument})" + (f"^{exponent}" if exponent else "")
    return fault(quoted(typed), tokens[i].start, f" needs its argument in brackets; did you mean {meant}?")


def unknown_name(token: Token, meant: str) -> FormulaError:
    """Return the error at a name that was meant to be something else."""
    return fault(f"unknown name {quoted(token.text)}", token.start, f"; did you mean {meant}?")


def reserved_name(token: Token) -> FormulaError:
    """Return the error at a keyword of Python."""
    other = "lam" if token.text == "lambda" else f"{token.text.lower()}_1"
    rest = f" is a reserved word and cannot name a parameter; choose another name, such as {other}"
    return fault(quoted(token.text), token.start, rest)


def long_name(token: Token, limit: int) -> FormulaError:
    """Return the error at a name above the limit."""
    rest = f" is longer than {limit} characters; write a shorter one"
    return fault(f"the name {quoted(token.text)}", token.start, rest)


def too_many_parameters(token: Token, limit: int) -> FormulaError:
    """Return the error at the first parameter above the limit."""
    rest = f" is one too many; at most {limit} are read: write a number for it"
    return fault(f"the parameter {quoted(token.text)}", token.start, rest)


def too_deep(token: Token, limit: int) -> FormulaError:
    """Return the error at the first token nested too deep."""
    rest = f"; at most {limit} brackets, functions, signs and exponents may enclose another: simplify it"
    return fault("the formula is nested too deep", token.start, rest)


def too_many_operations(position: int, limit: int) -> FormulaError:
    """Return the error at the first sum or product above the limit."""
    return fault("the formula goes on", position, f" after {limit} sums and products; shorten it")


def no_variable(parameters: Mapping[str, int]) -> FormulaError:
    """Return the error of a formula without x and y; `parameters` maps their names to their positions."""
    for name, position in parameters.items():
        product = names.split_off_variables(name)
        if product is not None:
            return fault(f"unknown name {quoted(name)}", position, f"; did you mean {product}?")
    for name, position in parameters.items():
        subject = f"the formula has neither x nor y; if {quoted(name)}"
        return fault(subject, position, " is the variable, write x for it")
    return fault("the formula that begins", 0, " has neither x nor y; add one of them, as in x^2")


# ---- what stands around a token


def _sign(token: Token) -> str:
    return quoted("**" if token.text == "^" and token.end - token.start == 2 else token.text)


def _decimal(tokens: Sequence[Token], i: int) -> str | None:
    """Return the number that a decimal comma at token i was meant to write."""
    comma, after = tokens[i], tokens[i + 1]
    if after.kind != "number" or after.start != comma.end or not after.text[0].isdigit():
        return None
    before = tokens[i - 1] if i > 0 else None
    if before is None or before.kind in ("operator", "("):
        return f"0.{after.text}"
    is_whole = before.kind == "number" and before.text.isdecimal() and before.end == comma.start
    return f"{before.text}.{after.text}" if is_whole else None


def _closing(tokens: Sequence[Token], i: int) -> Token | None:
    """Return the partner of the bracket at token i."""
    depth = 0
    for token in tokens[i:]:
        depth += (token.kind == "(") - (token.kind == ")")
        if depth == 0:
            return token
    return None


def _source(text: str, start: int, end: Token | None) -> str:
    """Return what was typed from `start` up to a token, or "..." where that is empty, long or without end."""
    typed = " ".join(text[start : end.start].split()) if end is not None else ""
    return typed if 0 < len(typed) <= _LONGEST_ARGUMENT else "..."


def _exponent(tokens: Sequence[Token], i: int) -> tuple[str, int]:
    """Return the exponent that begins at token i, "" where none does, and the index behind it."""
    if tokens[i].kind == "superscript":
        return tokens[i].text, i + 1
    if tokens[i].text != "^":
        return "", i
    sign = "-" if tokens[i + 1].text == "-" else ""
    at = i + 1 + len(sign)
    return (sign + tokens[at].text, at + 1) if tokens[at].kind in ("number", "name") else ("", i)


def _next_argument(text: str, tokens: Sequence[Token], i: int) -> str:
    """Return what begins at token i and was meant as a function's argument: (x + 1), x, 2x; else just x."""
    if tokens[i].kind == "(":
        return _source(text, tokens[i].end, _closing(tokens, i))
    last = i + 1 if tokens[i].kind == "number" and tokens[i + 1].kind == "name" else i
    if tokens[last].kind in ("number", "name") and tokens[last].text not in FUNCTIONS:
        return text[tokens[i].start : tokens[last].end]
    return "x"
