"""Mutations: edits that spoil what was good, each a place, how many bytes go there, and what comes instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from toyvm.isa.control import ALL_BITS

Edit = Sequence[int | str]  # place, bytes that go, and those that come, as digits
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, (1 << 63) - 1, 1 << 63, ALL_BITS)
_WIDTHS = (1, 2, 4, 8)
_LONG = 64  # bytes of a part that goes or is repeated
_EVERYTHING = 1 << 30
_PIECES = tuple(
    piece.encode()
    for piece in (
        *("\n", " ", "\0", "\x7f", '"', "'", "\\", "#", ",", ":", "=", "-1", "0x", "1e9", "(", ")", "[", "]", "{", "}"),
        *(
            "%",
            "\xe9",
            "\u2028",
            "99999999999999999999",
            "18446744073709551615",
            "nan",
            "true",
            "null",
            "1.5",
            "[[",
            "...",
        ),
    )
)


def edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    """What becomes of them, one edit after another."""
    spoilt = bytearray(data)
    for place, gone, come in edits:
        at = int(place) % (len(spoilt) + 1)
        spoilt[at : at + int(gone)] = bytes.fromhex(str(come))
    return bytes(spoilt)


def some_edits(random: Random, data: bytes, is_text: bool) -> list[Edit]:
    """A few of them, for a text mostly such as leave it one."""
    most = random.choice((1, 1, 2, 5, 20))
    return [_text_edit(random, data) if is_text and random.random() < 0.8 else _edit(random, data) for _ in range(most)]


def _edit(random: Random, data: bytes) -> Edit:
    at = random.randrange(len(data) + 1)
    kind = random.randrange(8)
    if kind == 0:
        return [at, _EVERYTHING, ""]
    if kind == 1:
        return [at, random.randrange(1, _LONG), ""]
    if kind == 2:
        return [at, 0, data[at : at + random.randrange(1, _LONG)].hex()]
    if kind == 3 and data:
        return [at, 1, bytes([data[at % len(data)] ^ 1 << random.randrange(8)]).hex()]
    width = random.choice(_WIDTHS)
    at -= at % random.choice((1, width))
    value = random.choice((random.choice(_EDGES), random.randrange(len(data) + 9), random.getrandbits(8 * width)))
    return [at, width, (value % (1 << 8 * width)).to_bytes(width, "little").hex()]


def _text_edit(random: Random, data: bytes) -> Edit:
    """A word goes, comes twice, or becomes another word; a line goes or comes elsewhere."""
    words, lines = _spans(data, b" ,()=\n\t"), _spans(data, b"\n")
    at, size = random.choice(random.choice((words, words, lines)))
    other, other_size = random.choice(random.choice((words, lines)))
    come = random.choice((b"", data[other : other + other_size], data[at : at + size] * 2, random.choice(_PIECES)))
    return [at, random.choice((size, size, 0)), come.hex()]


def _spans(data: bytes, separators: bytes) -> list[tuple[int, int]]:
    """Place and length of what stands between them."""
    spans, start = [], 0
    for at, letter in enumerate(data):
        if letter in separators:
            spans.append((start, at - start))
            start = at + 1
    return [*((at, size) for at, size in spans if size), (start, len(data) - start)]
