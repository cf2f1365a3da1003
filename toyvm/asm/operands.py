"""The text of a statement taken apart: labels, first word, operands, and the column of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toyvm.asm.diagnostics import Complaint

IDENTIFIER = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)

# The common statement, in one go: a label, a word, operands without quotes and slashes, a comment. Possessive where it
# can be, so that no line takes more than linear time to be refused.
STATEMENT = re.compile(
    r"""\s*+(?:([A-Za-z_.$][\w.$]*+|[0-9]++)[ \t]*+:)?\s*+
    (?:([A-Za-z_.$][\w.$]*+)(?:\s++([^#/"'\s=:](?:[^#/"']*[^#/"'\s])?))?)?
    \s*+(?:(?:\#|//).*)?$""",
    re.VERBOSE | re.ASCII,
)
_LABEL = re.compile(r"\s*([A-Za-z_.$][\w.$]*|[0-9]+)[ \t]*:", re.ASCII)
_WORD = re.compile(r"\s*([A-Za-z_.$][\w.$]*)", re.ASCII)
_CODE = re.compile(r"""(?:[^#"'/]|"(?:\\.|[^"\\])*"|'(?:\\(?:x[0-9a-fA-F]+|[0-7]+|.)|[^'\\])'|/(?!/)|'(?=\w))*""")
_OPERAND = re.compile(r"""(?:[^,"'(]|"(?:\\.|[^"\\])*"|'(?:\\(?:x[0-9a-fA-F]+|[0-7]+|.)|[^'\\])'|'|\([^()"']*\)|\()*""")


@dataclass(frozen=True, slots=True)
class Parts:
    """A statement in parts. `column` is where the operands begin, from 0, `word_column` where the first word does."""

    labels: tuple[tuple[str, int], ...]
    word: str
    word_column: int
    operands: str
    column: int


def take_apart(text: str) -> Parts:
    """Any statement in parts. Raises Complaint, with the column as offset, if there is none in it."""
    code = _without_comment(text)
    position, labels = 0, []
    while match := _LABEL.match(code, position):
        labels.append((match[1], match.start(1)))
        position = match.end()
    match = _WORD.match(code, position)
    if match is None:
        rest = code[position:]
        if rest.strip():
            column = position + len(rest) - len(rest.lstrip())
            raise Complaint(f"expected an instruction, a directive or a label, not {code[column]!r}", None, column, 1)
        return Parts(tuple(labels), "", position, "", position)
    rest = code[match.end() :]
    column = match.end() + len(rest) - len(rest.lstrip())
    return Parts(tuple(labels), match[1], match.start(1), rest.strip(), column)


def _without_comment(text: str) -> str:
    match = _CODE.match(text)
    assert match is not None
    end = match.end()
    if text[end : end + 1] == '"':
        raise Complaint("unterminated string", None, end, len(text) - end)
    if text[end : end + 1] == "'":
        raise Complaint("unterminated character constant", None, end, 1)
    return text[:end]


def split(operands: str) -> list[str]:
    """Operands between commas, those in strings, parentheses and character constants excepted; blanks are kept."""
    if not operands:
        return []
    if '"' not in operands and "'" not in operands and "(" not in operands:
        return operands.split(",")
    found, position = [], 0
    while True:
        match = _OPERAND.match(operands, position)
        assert match is not None
        found.append(match[0])
        position = match.end() + 1
        if match.end() >= len(operands):
            return found


def column_of(operands: str, index: int) -> tuple[int, int]:
    """Column, from 0, and width of the operand `index`; the place where it would stand if there are not so many."""
    position = 0
    pieces = split(operands)
    for number, piece in enumerate(pieces):
        if number == index:
            lead = len(piece) - len(piece.lstrip())
            return position + lead, max(1, len(piece.strip()))
        position += len(piece) + 1
    return len(operands), 1


STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)


def string_bytes(operand: str, index: int, escapes: dict[str, int]) -> bytes:
    """The bytes of a string literal: UTF-8, with C's escapes."""
    text = operand.strip()
    match = STRING.fullmatch(text)
    if match is None:
        hint = "" if text[:1] == '"' else " (macro arguments lose their quotes)"
        raise Complaint(
            f'expected a string in double quotes, not "{text}"{hint}' if text else "expected a string", index
        )
    out, position, body = bytearray(), 0, match[1]
    for escape in _ESCAPE.finditer(body):
        out += body[position : escape.start()].encode()
        out.append(_escaped(escape[1], index, escape.start() + 1, escapes))
        position = escape.end()
    return bytes(out + body[position:].encode())


def _escaped(escape: str, index: int, offset: int, escapes: dict[str, int]) -> int:
    if escape[0] == "x" and len(escape) > 1:
        return int(escape[1:], 16)
    if escape[0] in "01234567":
        return int(escape, 8) & 0xFF
    if escape not in escapes:
        raise Complaint(f"unknown escape '\\{escape}'", index, offset, 1 + len(escape))
    return escapes[escape]
