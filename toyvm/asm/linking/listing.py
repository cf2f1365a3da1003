"""Listings: addresses and bytes beside the source lines they come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from toyvm.asm.linking.linker import Linked
from toyvm.asm.linking.placement import Output
from toyvm.asm.sections import LINE_BITS, Section, Unit
from toyvm.asm.source import Source
from toyvm.printable import printable

BYTES_IN_ROW = 8
MAXIMUM_ROWS = 64  # of bytes for one source line
_WIDTH = 2 * BYTES_IN_ROW + 1  # hexadecimal digits, and the blank between two words

Piece = tuple[int, bytes]  # address and what stands there


def listing(units: Sequence[Unit], linked: Linked, files: Sequence[Source]) -> str:
    lines: list[str] = []
    pieces = _pieces(linked.outputs)
    shown = {place >> LINE_BITS for place in pieces}
    for number, source in enumerate(files):
        if number in shown:
            lines += [f"{printable(source.name)}:", *_file(number, source, pieces), ""]
    lines += ["Sections:", *_sections(linked.outputs), "", "Symbols:", *_symbols(units, linked)]
    return "\n".join(lines) + "\n"


def _pieces(outputs: Sequence[Output]) -> dict[int, list[Piece]]:
    """What each source line made, by its place."""
    found: dict[int, list[Piece]] = defaultdict(list)
    for output in outputs:
        for part in output.parts:
            for place, piece in _part(part):
                found[place].append(piece)
    return found


def _part(part: Section) -> Iterator[tuple[int, Piece]]:
    ends = chain(part.row_offsets[1:], [part.size])
    for offset, place, end in zip(part.row_offsets, part.row_places, ends, strict=False):
        if end > offset:
            yield place, (part.address + offset, bytes(part.data[offset:end]))


def _file(number: int, source: Source, pieces: dict[int, list[Piece]]) -> Iterator[str]:
    for line_number, text in enumerate(source.lines, 1):
        rows = [row for piece in pieces.get(number << LINE_BITS | line_number, ()) for row in _rows(*piece)]
        if len(rows) > MAXIMUM_ROWS:
            rows = [*rows[:MAXIMUM_ROWS], f"{'...':>16}  {len(rows) - MAXIMUM_ROWS} rows more"]
        first, shown = rows[0] if rows else "", printable(text, keep="\t")
        yield f"{first:<{18 + _WIDTH}} {line_number:5}  {shown}".rstrip()
        yield from rows[1:]


def _rows(address: int, data: bytes) -> Iterator[str]:
    """Bytes in memory's order, but instructions and other words in fours as numbers."""
    if not data:
        yield f"{address:16x}  "
    for offset in range(0, len(data), BYTES_IN_ROW):
        chunk = data[offset : offset + BYTES_IN_ROW]
        if len(data) % 4:
            shown = chunk.hex()
        else:
            shown = " ".join(f"{int.from_bytes(chunk[i : i + 4], 'little'):08x}" for i in range(0, len(chunk), 4))
        yield f"{address + offset:16x}  {shown}"


def _sections(outputs: Sequence[Output]) -> Iterator[str]:
    for output in outputs:
        if output.size:
            yield f"{output.address:16x}  {output.size:10} bytes  {output.name}"


def _symbols(units: Sequence[Unit], linked: Linked) -> Iterator[str]:
    rows = []
    for unit in units:
        for symbol in unit.symbols.values():
            if symbol.is_label:
                scope = "global" if symbol.is_global else "local"
                rows.append((linked.numbers[unit].symbol(symbol.name), symbol.name, scope, unit.name))
    for address, name, scope, where in sorted(rows):
        yield f"{address:16x}  {scope:6}  {name}  {printable(where)}"
