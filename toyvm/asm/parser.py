"""Parsing of expressions, with the precedences of GNU as."""

from __future__ import annotations

import re
from functools import lru_cache

from toyvm.asm.diagnostics import Complaint
from toyvm.asm.expressions import (
    Binary,
    Here,
    High,
    Low,
    Name,
    Node,
    Number,
    PairLow,
    Part,
    PcrelHigh,
    PcrelLow,
    Unary,
    UnboundLabel,
)
from toyvm.numerals import MAXIMUM_DIGITS, read_number

# Loosest first; operators of one row have the same precedence and group to the left. So GNU as does it (op_rank in its
# expr.c): unlike in C, `|` and `&` bind tighter than `+`.
PRECEDENCE: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("==", "!=", "<>", "<", "<=", ">", ">="),
    ("+", "-"),
    ("|", "&", "^", "!"),
    ("*", "/", "%", "<<", ">>"),
)
LEVEL: dict[str, int] = {sign: level for level, row in enumerate(PRECEDENCE) for sign in row}
PARTS: dict[str, type[Part]] = {
    "%hi": High,
    "%lo": Low,
    "%pcrel_hi": PcrelHigh,
    "%pcrel_lo": PcrelLow,
    "%pair_lo": PairLow,  # written by pseudo-instructions only
}
_OTHER_PARTS = {
    "got": "no table of addresses here; compile without -fpic",
    "tprel": "no thread-local storage here",
    "tls": "no thread-local storage here",
}
_OTHER_PART = re.compile(rf"%({'|'.join(_OTHER_PARTS)})\w*", re.ASCII)
ESCAPES = {"n": 10, "t": 9, "r": 13, "b": 8, "f": 12, "v": 11, "a": 7, "e": 27, "\\": 92, '"': 34, "'": 39}
MAXIMUM_DEPTH = 64
MAXIMUM_OPERATORS = 128  # of an expression, but those on plain numbers
MAXIMUM_LABEL_DIGITS = 9

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<local>\d+[bf](?![\w.$]))
  | (?P<number>[0-9]\w*(?![.$]))
  | (?P<name>[A-Za-z_.$][\w.$]*)(?:@plt(?!\w))?
  | (?P<character>'(?:\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)|[^\\'])')
  | (?P<part>%(?:hi|lo|pcrel_hi|pcrel_lo|pair_lo)(?=\s*\())
  | (?P<sign><<|>>|<=|>=|<>|==|!=|&&|\|\||[-+*/%&|^~!<>()])
  | (?P<end>$)
    )""",
    re.VERBOSE | re.ASCII,
)


_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w.$]*|\.[\w.$]+", re.ASCII).fullmatch


@lru_cache(maxsize=1 << 14)
def parse(text: str) -> Node:
    """The tree of an expression. Raises Complaint with the column of what is wrong."""
    if _PLAIN_NAME(text):
        return Name(0, text)  # the common case, without tokens
    parser = _Parser(text)
    node = parser.expression(0, 0)
    if parser.kind != "end":
        raise parser.complaint(f"unexpected '{parser.token}' after the expression")
    return node


class _Parser:
    """One pass over the tokens of `text`; `token` is the one at hand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.operators = 0  # that could not be worked out at once
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            raise self._bad_character()
        assert match.lastgroup is not None
        self.kind = match.lastgroup
        self.token = match[self.kind]
        self.offset = match.start(self.kind)
        self.position = match.end()

    def _bad_character(self) -> Complaint:
        rest = self.text[self.position :]
        offset = self.position + len(rest) - len(rest.lstrip())
        word = re.match(r"[\w.$]+|.", self.text[offset:])
        token = word[0] if word else ""
        if token[0].isdigit():
            return Complaint(f"'{token}' is not a number", None, offset, len(token))
        if token == '"':
            return Complaint("a string cannot stand in an expression", None, offset, 1)
        if token == "'":
            return Complaint("unterminated or empty character constant", None, offset, 1)
        return Complaint(f"unexpected character {token[0]!r}", None, offset, 1)

    def complaint(self, message: str) -> Complaint:
        return Complaint(message, None, self.offset, max(1, len(self.token)))

    def expression(self, level: int, depth: int) -> Node:
        """Operands joined by operators of this level of precedence or a tighter one."""
        node = self.operand(depth)
        while self.kind == "sign" and LEVEL.get(self.token, -1) >= level:
            sign, offset = self.token, self.offset
            self.advance()
            node = _folded(Binary(offset, sign, node, self.expression(LEVEL[sign] + 1, depth)))
            self.operators += isinstance(node, Binary)
            if self.operators > MAXIMUM_OPERATORS:
                raise Complaint(f"the expression has more than {MAXIMUM_OPERATORS} operators", None, offset, len(sign))
        return node

    def operand(self, depth: int) -> Node:
        if depth > MAXIMUM_DEPTH:
            raise self.complaint(f"the expression is nested more than {MAXIMUM_DEPTH} deep")
        kind, token, offset = self.kind, self.token, self.offset
        if kind == "sign" and token in "-+~!":
            self.advance()
            return _folded(Unary(offset, token, self.operand(depth + 1)))
        if kind == "sign" and token == "(":
            return self._parenthesis(depth)
        if kind == "part":
            self.advance()
            return PARTS[token](offset, self._parenthesis(depth))
        if match := _OTHER_PART.match(self.text, offset):
            raise Complaint(f"{match[0]}: there is {_OTHER_PARTS[match[1]]}", None, offset, len(match[0]))
        if kind in ("sign", "end"):
            raise self.complaint(f"expected an expression, not '{token}'" if token else "expected an expression")
        self.advance()
        return self._atom(kind, token, offset)

    def _parenthesis(self, depth: int) -> Node:
        opened = self.offset
        self.advance()
        node = self.expression(0, depth + 1)
        if self.kind != "sign" or self.token != ")":
            raise Complaint("this '(' is not closed", None, opened, 1)
        self.advance()
        return node

    def _atom(self, kind: str, token: str, offset: int) -> Node:
        if kind == "number":
            return Number(offset, number(token, offset))
        if kind == "character":
            return Number(offset, character(token[1:-1]))
        if kind == "local":
            return UnboundLabel(offset, label_number(token[:-1], offset), token[-1] == "f")
        return Here(offset) if token == "." else Name(offset, token)


def _folded(node: Unary | Binary) -> Node:
    """An operation on plain numbers is its result."""
    if isinstance(node, Unary):
        return Number(node.offset, node.apply(node.of.value)) if isinstance(node.of, Number) else node
    if isinstance(node.left, Number) and isinstance(node.right, Number):
        return Number(node.left.offset, node.apply(node.left.value, node.right.value))
    return node


def label_number(digits: str, offset: int) -> int:
    if len(digits) > MAXIMUM_LABEL_DIGITS:
        raise Complaint(f"a numeric label has at most {MAXIMUM_LABEL_DIGITS} digits", None, offset, len(digits))
    return int(digits)


def number(token: str, offset: int) -> int:
    """The value of a numeric constant."""
    try:
        value = read_number(token)
    except ValueError:
        is_octal = token[0] == "0" and token.isdigit()
        what = "is not a number in base 8" if is_octal else "is not a number"
        what = "has too many digits" if len(token) > MAXIMUM_DIGITS else what
        raise Complaint(f"'{token[:MAXIMUM_DIGITS]}' {what}", None, offset, len(token)) from None
    if value >> 64:
        raise Complaint(f"{token} does not fit in 64 bits", None, offset, len(token))
    return value


def character(body: str) -> int:
    """The code of a character constant, of what stands between the quotes."""
    if body[0] != "\\" or len(body) == 1:
        return ord(body)
    if body[1] == "x" and len(body) > 2:
        return int(body[2:], 16)
    if body[1] in "01234567":
        return int(body[1:], 8) & 0xFF
    if body[1] not in ESCAPES:
        raise Complaint(f"unknown escape '{body}'")
    return ESCAPES[body[1]]
