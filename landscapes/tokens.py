"""Text -> tokens. Every character is one of the few below, or an error that says what to write instead."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .faults import FormulaError, character, fault, is_visible, quoted
from .tree import CONSTANTS, FUNCTIONS

Kind: TypeAlias = Literal["number", "name", "operator", "superscript", "(", ")", ",", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: `text` is its ASCII spelling, `start` and `end` its place in the text as typed."""

    kind: Kind
    text: str
    start: int
    end: int


# Hyphens and the en dash come from word processors. The em dash does not count: there it replaces "--".
_MINUS = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{MINUS SIGN}"
_TIMES = "\N{MIDDLE DOT}\N{MULTIPLICATION SIGN}\N{BULLET}\N{ASTERISK OPERATOR}\N{BULLET OPERATOR}\N{DOT OPERATOR}"
_DIVIDED = "\N{DIVISION SIGN}\N{FRACTION SLASH}\N{DIVISION SLASH}"
_OPERATORS = {
    **{sign: sign for sign in "+-*/^"},
    **dict.fromkeys(_MINUS, "-"),
    **dict.fromkeys(_TIMES, "*"),
    **dict.fromkeys(_DIVIDED, "/"),
    "**": "^",
}
_PI = "\N{GREEK SMALL LETTER PI}"
_SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"  # 0 to 9
_SUPERSCRIPT_MINUS = "\N{SUPERSCRIPT MINUS}"
_TO_ASCII = str.maketrans(_SUPERSCRIPTS + _SUPERSCRIPT_MINUS + _MINUS, "0123456789-" + "-" * len(_MINUS))

_TOKEN = re.compile(
    rf"""
    (?P<number>      (?: [0-9]+ \.? [0-9]* | \. [0-9]+ ) (?: [eE] [-+{_MINUS}]? [0-9]+ )? )
  | (?P<name>        [A-Za-z] [A-Za-z0-9_]* | {_PI} )
  | (?P<superscript> {_SUPERSCRIPT_MINUS}? [{_SUPERSCRIPTS}]+ )
  | (?P<operator>    \*\* | [-+*/^{_MINUS}{_TIMES}{_DIVIDED}] )
  | (?P<bracket>     [(),] )
    """,
    re.VERBOSE,
)


def tokenize(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text, an "end" token last.

    Raises:
        FormulaError: at the first character that has no place in a formula.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is not None:
            tokens.append(_token(match))
            position = match.end()
        elif unicodedata.category(text[position]) == "Zs":
            position += 1
        else:
            raise _stray(text, position)
    tokens.append(Token("end", "", len(text), len(text)))
    return tuple(tokens)


def _token(match: re.Match[str]) -> Token:
    typed = match[0]
    kind: Kind
    if match.lastgroup == "operator":
        kind, spelling = "operator", _OPERATORS[typed]
    elif match.lastgroup == "name":
        kind, spelling = "name", "pi" if typed == _PI else typed
    elif match.lastgroup == "number":
        kind, spelling = "number", typed.translate(_TO_ASCII)
    elif match.lastgroup == "superscript":
        kind, spelling = "superscript", typed.translate(_TO_ASCII)
    else:
        kind, spelling = ("(", typed) if typed == "(" else (")", typed) if typed == ")" else (",", typed)
    return Token(kind, spelling, match.start(), match.end())


# ---- characters that have no place in a formula

_NO_TEXT = "leave the quotation marks out"
_NO_COMPARISON = "write one expression, without a comparison"
_ROUND = "write round brackets ( )"
_REMEDIES = {
    **dict.fromkeys("[]{}\N{LEFT CEILING}\N{RIGHT CEILING}\N{LEFT FLOOR}\N{RIGHT FLOOR}", _ROUND),
    **dict.fromkeys("'\"`\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", _NO_TEXT),
    **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{PRIME}", _NO_TEXT),
    **dict.fromkeys("<>\N{LESS-THAN OR EQUAL TO}\N{GREATER-THAN OR EQUAL TO}", _NO_COMPARISON),
    "\N{NOT EQUAL TO}": _NO_COMPARISON,
    "!": "write a factorial as its value, 6 for 3!",
    "%": "write 0.05 for 5%; there is no remainder",
    "\\": "write without LaTeX commands, such as sin(x) or x/2",
    "$": "leave it out",
    ":": "write / for a division",
    ";": "write one formula, and a point in decimal numbers",
    "\N{SQUARE ROOT}": "write sqrt(x) for the square root",
    "\N{CUBE ROOT}": "write x^(1/3) for the cube root",
    "\N{INFINITY}": "write a finite number",
    "\N{DEGREE SIGN}": "angles are in radians; write x*pi/180 for x degrees",
    "\N{PLUS-MINUS SIGN}": "write + or -",
    "\N{EM DASH}": "write - or --",
}
# Cyrillic letters that look Latin, as a keyboard in the wrong layout types them.
_CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0410\u0415\u041e\u0420\u0421\u0425"
_LOOKALIKES = dict(zip(_CYRILLIC, "aeopcyxiAEOPCX", strict=True))
_FOREIGN = " is not part of a formula"


def _stray(text: str, position: int) -> FormulaError:
    """Return the error at a character that starts no token."""
    c = text[position]
    if c == "=" or text.startswith(":=", position):
        return _equals_sign(text, text.index("=", position))
    if c == "|":
        return _bar(text, position)
    if re.match(r"\[[01]\]", text[position:]) and text[position - 1 : position] == "x":
        return fault("'['", position, f"{_FOREIGN}; write x for x[0] and y for x[1]")
    if c == ":" and re.fullmatch(r"\s*lambda\s[\w\s,]*", text[:position]):
        return fault("':'", position, f"{_FOREIGN}; type only the expression after it")
    if c in "._":
        return _dot_or_underscore(text, position)
    if c == "!" and text[position + 1 : position + 2] == "=":
        return fault("'!='", position, f"{_FOREIGN}; {_NO_COMPARISON}")
    if c in _REMEDIES:
        return fault(character(c), position, f"{_FOREIGN}; {_REMEDIES[c]}")
    if c == "\t":
        return fault("a tab", position, f"{_FOREIGN}; write a space")
    if c in "\n\r\v\f\x85\u2028\u2029":
        return fault("a line break", position, f"{_FOREIGN}; write it on one line")
    category = unicodedata.category(c)
    if category == "Cc":
        return fault(f"the control character {character(c)}", position, f"{_FOREIGN}; delete it")
    if not is_visible(c) and category not in ("Lo", "Nd"):
        return fault(f"the hidden character {character(c)}", position, f"{_FOREIGN}; delete it")
    return fault(character(c), position, f"{_FOREIGN}; {_spelled_in_ascii(c)}")


def _equals_sign(text: str, position: int) -> FormulaError:
    if text[position + 1 : position + 2] == "=":
        return fault("'=='", position, f"{_FOREIGN}; {_NO_COMPARISON}")
    is_definition = re.fullmatch(r"\s*[A-Za-z]\w*\s*(\([\w\s,]*\))?\s*:?", text[:position]) is not None
    if is_definition and text[position + 1 :].strip():
        return fault("'='", position, f"{_FOREIGN}; type only the right-hand side")
    return fault("'='", position, f"{_FOREIGN}; type one expression, without an equals sign")


def _bar(text: str, position: int) -> FormulaError:
    inside = re.match(r"\|([A-Za-z0-9 +*/^().-]{1,20})\|", text[position:])
    argument = inside[1].strip() if inside is not None else "x"
    return fault("'|'", position, f"{_FOREIGN}; write abs({argument or 'x'})")


def _dot_or_underscore(text: str, position: int) -> FormulaError:
    if text[position] == "_":
        if text[position - 1 : position].isdecimal():
            return fault("'_'", position, " does not belong into a number; write the digits without it")
        return fault("'_'", position, " starts no name; names start with a letter, such as a_1")
    module = re.search(r"[A-Za-z]\w*$", text[:position])
    attribute = re.match(r"[A-Za-z]\w*", text[position + 1 :])
    if module is not None and attribute is not None:
        name = attribute[0]
        if name in FUNCTIONS or name in CONSTANTS:
            return fault("'.'", position, f"{_FOREIGN}; write {name} without {quoted(module[0] + '.')}")
        return fault("'.'", position, f"{_FOREIGN}; write * for a product")
    return fault("'.'", position, " has no digit beside it; write 0.5 for a number and * for a product")


def _spelled_in_ascii(c: str) -> str:
    """Return what to type in place of a visible character outside ASCII, or of a letter of another script."""
    if c in _LOOKALIKES:
        return f"it only looks like '{_LOOKALIKES[c]}'; type the Latin letter"
    decomposition = unicodedata.decomposition(c)
    if decomposition.startswith("<super>"):
        return "write exponents with ^, such as x^n"
    if decomposition.startswith("<sub>"):
        return "write subscripts with _, such as a_1"
    digit = unicodedata.decimal(c, None)
    if digit is not None:
        return f"write {digit}"
    folded = unicodedata.normalize("NFKC", c).replace("\N{FRACTION SLASH}", "/")
    if re.fullmatch(r"[0-9]+/[0-9]+", folded):
        return f"write ({folded})"
    if re.fullmatch(r"[A-Za-z0-9(),^/*+-]", folded) or folded in FUNCTIONS:
        return f"write {folded}"
    greek = re.match(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)", unicodedata.name(folded[0], ""))
    if greek is not None:
        return f"write {_greek_name(greek[2].lower(), capital=greek[1] == 'CAPITAL')}"
    if unicodedata.category(c).startswith("L"):
        return "names consist of the letters a to z, digits and _"
    return "the signs are + - * / ^ and round brackets"


def _greek_name(name: str, capital: bool) -> str:
    if name == "lamda":  # Unicode's spelling; the usual one is a keyword
        return "Lambda" if capital else "lam"
    return name.capitalize() if capital else name
