"""Text -> checked tree: the only way by which typed text enters the program.

    sum     = product { ("+" | "-") product }
    product = signed { ("*" | "/") signed | power }      two factors side by side: a product like any other
    signed  = { "+" | "-" } power
    power   = atom [ superscript ] [ "^" signed ]        right-associative, and above the sign before it
    atom    = number | name | function "(" sum ")" | "(" sum ")"

`**` is `^`; see `tokens` for the other characters that are read. A number is never the second of two factors
side by side: in `x 2`, `2 3`, `(x+1)2` a sign or an exponent was lost more often than a product meant. `2e3` is
2000, `2e` is 2*e, `2e+x` is 2*e + x. A name before a bracket is a function, apart from x and y.
"""

from __future__ import annotations

import keyword
import math
from functools import lru_cache

from . import mistakes, names
from .faults import fault
from .tokens import Token, tokenize
from .tree import (
    CONSTANTS,
    FUNCTIONS,
    VARIABLES,
    Binary,
    Call,
    Constant,
    Formula,
    Negate,
    Node,
    Number,
    Parameter,
    Variable,
)

MAX_LENGTH = 300  # characters
MAX_NESTING = 50  # brackets, functions, signs and exponents around one symbol
MAX_OPERATIONS = 150  # sums and products; with MAX_NESTING it bounds the height of the tree
MAX_NAME = 12  # characters of a parameter
MAX_PARAMETERS = 8


def parse(text: str) -> Formula:
    """Return the checked formula of a text.

    Args:
        text: as typed, at most MAX_LENGTH characters.

    Raises:
        FormulaError: the text is not a formula; says what is wrong, at which column, and what to write.
    """
    if not isinstance(text, str):
        raise TypeError(f"a formula is a text, such as 'x^2', got {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        rest = f"; at most {MAX_LENGTH} characters are read and it has {len(text)}: shorten it"
        raise fault("the formula is too long", MAX_LENGTH, rest)
    return _parse(text)


@lru_cache(maxsize=512)
def _parse(text: str) -> Formula:
    return _Parser(text).formula()


class _Parser:
    """One pass over the tokens of a text; a method for every line of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._i = 0
        self._nesting = 0
        self._operations = 0
        self._variables: set[str] = set()
        self._parameters: dict[str, int] = {}  # name -> position of its first appearance
        pairs = zip(self._tokens, self._tokens[1:], strict=False)
        bare = {token.text for token, after in pairs if token.kind == "name" and after.kind != "("}
        self._known = bare.difference(FUNCTIONS)

    def formula(self) -> Formula:
        tree = self._sum()
        if self._token.kind == ")":
            raise mistakes.unopened(self._token)
        if self._token.kind == ",":
            raise mistakes.comma(self._tokens, self._i)
        if not self._variables:
            raise mistakes.no_variable(self._parameters)
        return Formula(self._text, tree, 2 if "y" in self._variables else 1, tuple(self._parameters))

    def _sum(self) -> Node:
        left = self._product()
        while self._at("+-"):
            sign = self._advance()
            left = self._joined(sign.text, sign.start, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._signed()
        while True:
            if self._at("*/"):
                sign = self._advance()
                left = self._joined(sign.text, sign.start, left, self._signed())
            elif self._token.kind in ("name", "("):
                start = self._token.start
                left = self._joined("*", start, left, self._power())
            elif self._token.kind == "number":
                raise mistakes.number_after(self._tokens, self._i)
            else:
                return left

    def _signed(self) -> Node:
        if not self._at("+-"):
            return self._power()
        sign = self._enter()
        argument = self._signed()
        self._leave()
        return Negate(argument) if sign.text == "-" else argument

    def _power(self) -> Node:
        base = self._atom()
        if self._token.kind == "superscript":
            base = Binary("^", base, _superscript(self._advance()))
            if self._token.kind == "superscript" or self._at("^"):
                raise mistakes.second_exponent(self._token)
        if not self._at("^"):
            return base
        self._enter()
        exponent = self._signed()
        self._leave()
        return Binary("^", base, exponent)

    def _atom(self) -> Node:
        token = self._token
        if token.kind == "number":
            return _number(self._advance())
        if token.kind == "name":
            before_bracket = self._tokens[self._i + 1].kind == "("
            return self._call() if before_bracket and token.text not in VARIABLES else self._name()
        if token.kind == "(":
            return self._bracket()
        raise mistakes.missing(self._tokens, self._i)

    def _call(self) -> Node:
        at = self._i
        if self._token.text not in FUNCTIONS:
            raise mistakes.unknown_function(self._text, self._tokens, at, self._known)
        function = self._advance().text
        argument = self._bracket(function_at=at)
        return Call(function, argument)

    def _bracket(self, function_at: int | None = None) -> Node:
        if self._tokens[self._i + 1].kind == ")":
            raise mistakes.empty_brackets(self._tokens, self._i)
        opening = self._enter()
        inner = self._sum()
        if self._token.kind == "," and function_at is not None:
            raise mistakes.too_many_arguments(self._text, self._tokens, function_at, self._i)
        if self._token.kind == ",":
            raise mistakes.comma(self._tokens, self._i)
        if self._token.kind == "end":
            raise mistakes.unclosed(opening)
        self._advance()
        self._leave()
        return inner

    def _name(self) -> Node:
        name = self._token.text
        if name in VARIABLES:
            self._variables.add(name)
            node: Node = Variable(name)
        elif name in CONSTANTS:
            node = Constant(name)
        else:
            self._check_parameter()
            self._parameters.setdefault(name, self._token.start)
            node = Parameter(name)
        self._advance()
        return node

    def _check_parameter(self) -> None:
        token, after = self._token, self._tokens[self._i + 1]
        has_argument = after.kind in ("name", "number")
        if token.text in FUNCTIONS or (has_argument and names.renamed(token.text) is not None):
            raise mistakes.bare_function(self._text, self._tokens, self._i)
        if keyword.iskeyword(token.text):
            raise mistakes.reserved_name(token)
        meant = names.for_name(token.text, self._known)
        if meant is not None:
            raise mistakes.unknown_name(token, meant)
        if len(token.text) > MAX_NAME:
            raise mistakes.long_name(token, MAX_NAME)
        if token.text not in self._parameters and len(self._parameters) == MAX_PARAMETERS:
            raise mistakes.too_many_parameters(token, MAX_PARAMETERS)

    @property
    def _token(self) -> Token:
        return self._tokens[self._i]

    def _at(self, signs: str) -> bool:
        return self._token.kind == "operator" and self._token.text in signs

    def _advance(self) -> Token:
        token = self._token
        self._i += 1
        return token

    def _enter(self) -> Token:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise mistakes.too_deep(self._token, MAX_NESTING)
        return self._advance()

    def _leave(self) -> None:
        self._nesting -= 1

    def _joined(self, operator: str, position: int, left: Node, right: Node) -> Node:
        self._operations += 1
        if self._operations > MAX_OPERATIONS:
            raise mistakes.too_many_operations(position, MAX_OPERATIONS)
        return Binary(operator, left, right)


def _number(token: Token) -> Number:
    value = float(token.text)
    underflowed = value == 0 and any(digit in "123456789" for digit in token.text.lower().split("e")[0])
    if math.isinf(value) or underflowed:
        raise mistakes.number_out_of_range(token, value)
    return Number(value, token.text)


def _superscript(token: Token) -> Node:
    digits = token.text.removeprefix("-")
    number = _number(Token("number", digits, token.start, token.end))
    return Negate(number) if token.text.startswith("-") else number
