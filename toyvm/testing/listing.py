"""Programs as assembly: what assembles to the same memory and entry, for people to read and run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toyvm.arguments import check_list
from toyvm.asm.disassembler import disassemble_word
from toyvm.testing.pieces import Code, Datum, Pieces
from toyvm.testing.programs.program import Given, as_program

_COLUMN = 40
_GAP = 4096  # bytes of zeros that a section of data may hold between others


def assembly_of(program: Given, head: Sequence[str] = ()) -> str:
    """The source of a program, after lines of comment; what it says of no device, `head` may."""
    program = as_program(program)
    pieces = Pieces.of(program)
    starts = sorted(one.address for one in pieces.code)
    sections = [*(_code(one, number) for number, one in enumerate(pieces.code)), *_data(pieces.data, starts)]
    lines = [*(f"# {line}".rstrip() for line in check_list(head, "head", "lines")), f".entry {program.entry:#x}"]
    return "\n".join(lines) + "\n" + "".join("\n" + "\n".join(section) + "\n" for section in sections)


def _code(piece: Code, number: int) -> Iterator[str]:
    inside = {row.target for row in piece.rows if row.target is not None and row.target < len(piece.rows)}
    targets = {piece.address + 4 * target for target in inside}
    yield f'.section {piece.name or f"code{number}"}, "awx", @progbits'
    yield f".address {piece.address:#x}"
    for row in piece.rows:
        address = piece.address + 4 * row.place
        if address in targets:
            yield f"{_label(address)}:"
        text = disassemble_word(row.word, address, lambda at: _label(at) if at in targets else None)
        yield f"    {text:<{_COLUMN}}# {address:x}: {row.word:08x}"


def _label(address: int) -> str:
    return f"at_{address:x}"


def _data(data: Sequence[Datum], starts: Sequence[int]) -> Iterator[Iterator[str]]:
    """Sections of what is close together, with no code between."""
    together: list[Datum] = []
    for one in sorted(data):
        if together and not _belongs(together[-1], one, starts):
            yield _datum_lines(together)
            together = []
        together.append(one)
    if together:
        yield _datum_lines(together)


def _belongs(last: Datum, one: Datum, starts: Sequence[int]) -> bool:
    is_between = any(last.address < start <= one.address for start in starts)
    return not is_between and one.address - last.address <= _GAP


def _datum_lines(together: Sequence[Datum]) -> Iterator[str]:
    at = together[0].address
    yield f'.section data_{at:x}, "aw", @progbits'
    yield f".address {at:#x}"
    for address, data in together:
        if address > at:
            yield f"    .zero {address - at}"
        is_whole = len(data) == 8
        text = f".dword {int.from_bytes(data, 'little'):#x}" if is_whole else ".byte " + ", ".join(map(str, data))
        yield f"    {text:<{_COLUMN}}# {address:x}"
        at = address + len(data)
