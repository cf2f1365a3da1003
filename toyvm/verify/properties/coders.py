"""Coders are inverses: what is written is read back, and what was read is written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from toyvm.asm.api import assemble_text
from toyvm.asm.disassembler import disassemble_image, disassemble_word
from toyvm.filesystem.layout import BLOCK_SIZE, pack_log, unpack_log
from toyvm.image import PF_R, PF_W, PF_X, Image, Section, Segment, Symbol
from toyvm.isa.coding import decode, encode
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.testing.programs import RandomSource, random_program
from toyvm.testing.programs.values import illegal_word, word_of
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import VARIANTS
from toyvm.verify.claim import Property, Record, Violation
from toyvm.verify.programs import LIMIT, by_pages, program_of, program_record

_WORDS = 40
_RIGHTS = (PF_R, PF_R | PF_W, PF_R | PF_X, PF_R | PF_W | PF_X)
_NAMES = ("f", "g", "loop", "a0", "1f", "sp", ".", "status", "b c", "\xe9", "nop", ".word", "x", 'q"', "\\", "$t")


class Coders(Property):
    name = "coders"
    claim = "Coders and decoders of words, assembly, images, snapshots and logs are each other's inverses."
    at_once = 4000

    def make(self, random: Random) -> Record:
        kind = random.choice(list(_KINDS))
        return {"kind": kind, **_KINDS[kind][0](random)}

    def check(self, case: Record) -> None:
        _KINDS[case["kind"]][1](case)

    def smaller(self, case: Record) -> Iterable[Record]:
        """Without one of whatever there are several of, but for the first one."""
        for key, value in case.items():
            if isinstance(value, list):
                yield from ({**case, key: value[:number] + value[number + 1 :]} for number in range(1, len(value)))


def _some_words(random: Random) -> Record:
    source = RandomSource(random)
    words = [
        illegal_word(source) if random.random() < 0.3 else word_of(source, random.choice(INSTRUCTIONS))
        for _ in range(random.randrange(1, _WORDS))
    ]
    address = random.choice((4 * random.randrange(1 << 20), (1 << 64) - 4 * random.randrange(1 << 20, 1 << 21)))
    return {"address": address, "words": [*words, random.getrandbits(32)]}


def _check_words(case: Record) -> None:
    """A word is decoded to what it is encoded from; its text is assembled to it again, wherever it stands."""
    address, words = case["address"], case["words"]
    for word in words:
        decoded = decode(word)
        if decoded is not None and encode(decoded.instruction, decoded.values) != word:
            raise Violation(f"{word:#010x} is decoded to {decoded}, which is encoded otherwise")
    lines = [disassemble_word(word, address + 4 * place) for place, word in enumerate(words)]
    image = assemble_text("\n".join([f".address {address:#x}", *lines])).image
    data = image.segments[0].data
    found = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    for place, (word, other) in enumerate(zip(words, found, strict=True)):
        if word != other:
            raise Violation(f"{word:#010x} at {address + 4 * place:#x}: {lines[place]} is assembled to {other:#010x}")


def _some_image(random: Random) -> Record:
    segments: list[list[Any]] = []
    at = PAGE_SIZE * random.randrange(4)
    for number in range(random.randrange(1, 4)):
        at += random.choice((0, 4, random.randrange(PAGE_SIZE))) // 4 * 4
        data = random.randbytes(4 * random.randrange(1, 40) + random.choice((0, 0, 1, 2, 3)))
        size = len(data) + random.choice((0, 0, random.randrange(60)))
        segments.append([at, data.hex(), size, random.choice(_RIGHTS[2 if number == 0 else 0 :])])
        at += -(-size // 4) * 4
    first = segments[0]
    symbols = [_symbol(random, first[0], at) for _ in range(random.randrange(6))]
    symbols.sort(key=lambda symbol: bool(symbol[2]))  # those that are not global come first in a file
    return {"entry": first[0], "segments": segments, "symbols": symbols}


def _symbol(random: Random, start: int, end: int) -> list[Any]:
    is_weak = random.random() < 0.2
    is_global = is_weak or random.random() < 0.5
    place = random.choice((start, random.randrange(end + 8)))
    return [random.choice(_NAMES), place, is_global, random.choice(("", ".text")), random.randrange(9), is_weak]


def _check_image(case: Record) -> None:
    """An image is what its file is read as, and its disassembly is assembled to the same memory."""
    segments = tuple(Segment(at, bytes.fromhex(data), size, flags) for at, data, size, flags in case["segments"])
    text = segments[0]
    sections = (Section(".text", text.address, len(text.data), 6),)
    image = Image(case["entry"], segments, tuple(Symbol(*one) for one in case["symbols"]), sections=sections)
    data = image.to_bytes()
    again = Image.from_bytes(data)
    if again.to_bytes() != data:
        raise Violation("an image's file is written otherwise after it was read")
    for name in ("entry", "segments", "symbols", "sections"):
        if getattr(again, name) != getattr(image, name):
            raise Violation(f"{name} of an image: {getattr(image, name)} is read as {getattr(again, name)}")
    assembled = assemble_text(disassemble_image(image)).image
    before, after = _memory(image), _memory(assembled)
    between = {after[address][0] for address in after.keys() - before.keys()}  # segments of the same rights are joined
    if assembled.entry != image.entry or not before.items() <= after.items() or between - {0}:
        raise Violation(f"the disassembly is assembled to another image:\n{disassemble_image(image)}")


def _memory(image: Image) -> dict[int, tuple[int, int]]:
    """Every byte with the rights of its segment."""
    return {
        segment.address + offset: (segment.data[offset] if offset < len(segment.data) else 0, segment.flags)
        for segment in image.segments
        for offset in range(segment.size)
    }


def _some_log(random: Random) -> Record:
    blocks = random.sample(range(1, 1 << 20), random.randrange(1, 12))
    return {"sequence": random.getrandbits(32), "blocks": blocks, "fill": random.getrandbits(63)}


def _check_log(case: Record) -> None:
    """What a log has is read from it; cut off anywhere it has nothing."""
    chance = Random(case["fill"])
    blocks = {number: chance.randbytes(BLOCK_SIZE) for number in case["blocks"]}
    log = pack_log(case["sequence"], blocks)
    if unpack_log(log) != blocks:
        raise Violation(f"a log of {len(blocks)} blocks is read as another one")
    spoilt = bytearray(log)
    spoilt[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
    if unpack_log(spoilt):
        raise Violation("a log is taken with a bit flipped")


def _some_snapshot(random: Random) -> Record:
    program = program_record(random_program(random, leaving_open=True))
    return {"program": program, "subject": random.choice(("interpreter", *VARIANTS)), "count": random.randrange(LIMIT)}


def _check_snapshot(case: Record) -> None:
    """What a snapshot is loaded to is saved as that snapshot."""
    program, make = by_pages(program_of(case["program"])), SUBJECTS[case["subject"]]
    with make(program) as machine, make(program) as other:
        machine.run(until=case["count"])
        snapshot = machine.save()
        other.restore(snapshot)
        if other.save() != snapshot:
            raise Violation(f"{case['subject']}: a snapshot after {case['count']} instructions is saved as another one")


_Kind = tuple[Callable[[Random], Record], Callable[[Record], None]]
_KINDS: dict[str, _Kind] = {
    "words": (_some_words, _check_words),
    "image": (_some_image, _check_image),
    "log": (_some_log, _check_log),
    "snapshot": (_some_snapshot, _check_snapshot),
}
