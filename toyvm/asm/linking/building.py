"""From linked units to an image: segments, symbols and the line table."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise

from toyvm.asm.linking.linker import Linked
from toyvm.asm.linking.placement import Output
from toyvm.asm.sections import LINE_BITS, Rights, Unit
from toyvm.asm.source import Source
from toyvm.asm.values import Relative
from toyvm.image import PF_R, PF_W, PF_X, Image, LineTable, Section, Segment, Symbol
from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.printable import printable

LOCAL_PREFIX = ".L"  # labels that are of no interest outside their source
_LINE_MASK = (1 << LINE_BITS) - 1


def build(units: Sequence[Unit], linked: Linked, files: Sequence[Source]) -> Image:
    loaded = [output for output in linked.outputs if output.is_loaded and output.size]
    sections = tuple(
        Section(each.name, each.address, each.size, int(each.rights), each.kind.has_contents) for each in loaded
    )
    names = {section.name for section in sections}
    # ELF wants the local ones first.
    symbols = sorted((each for unit in units for each in _symbols(unit, linked, names)), key=lambda one: one.is_global)
    return Image(linked.entry, tuple(_segments(loaded)), tuple(symbols), _lines(loaded, files), sections)


def _segments(outputs: list[Output]) -> Iterable[Segment]:
    """Neighbours with the same rights become one segment."""
    run: list[Output] = []
    for output in sorted(outputs, key=lambda each: each.address):
        if run:
            before = run[-1]
            follows = before.kind.has_contents or not output.kind.has_contents
            gap = output.address - (before.address + before.size)
            if before.rights != output.rights or not follows or gap >= PAGE_SIZE:
                yield _segment(run)
                run = []
        run.append(output)
    if run:
        yield _segment(run)


def _segment(run: list[Output]) -> Segment:
    start, end = run[0].address, run[-1].address + run[-1].size
    data = bytearray()
    for output in run:
        if output.kind.has_contents:
            data += bytes(output.address - start - len(data)) + output.contents()
    rights = run[0].rights
    flags = PF_R | (PF_W if rights & Rights.WRITE else 0) | (PF_X if rights & Rights.EXECUTE else 0)
    return Segment(start, bytes(data), end - start, flags)


def _symbols(unit: Unit, linked: Linked, sections: set[str]) -> Iterable[Symbol]:
    """The symbols of a unit that a user may ask for: every place, and the numbers that are global."""
    numbers = linked.numbers[unit]
    for symbol in unit.symbols.values():
        if symbol.value is None or symbol.name.startswith(LOCAL_PREFIX):
            continue
        is_global = symbol.is_shared and linked.globals[symbol.name][1] is symbol
        if isinstance(symbol.value, Relative):  # this source's own, which may have yielded to another source's
            section, value = symbol.value.section.name, symbol.value.section.address + symbol.value.offset
        elif is_global:
            section, value = "", numbers.symbol(symbol.name)
        else:
            continue
        size = 0 if symbol.size is None else linked.sizes.get((unit, symbol.name), 0)
        where = section if section in sections else ""
        yield Symbol(symbol.name, value & ALL_BITS, is_global, where, size, is_global and symbol.is_weak)


def _lines(outputs: list[Output], files: Sequence[Source]) -> LineTable:
    """The rows of all sections by address; a row for the same line as the one before says nothing new."""
    addresses, places = array("Q"), array("Q")
    for (address, place), (following, _) in pairwise(chain(_rows(outputs), [(-1, 0)])):
        # Of several rows for one address the last counts: those before it made no bytes.
        if address != following and not (places and places[-1] == place):
            addresses.append(address)
            places.append(place)
    numbers = sorted({place >> LINE_BITS for place in places})
    names = {number: index for index, number in enumerate(numbers)}
    return LineTable(
        tuple(printable(files[number].name) for number in numbers),
        tuple(addresses),
        tuple(names[place >> LINE_BITS] for place in places),
        tuple(place & _LINE_MASK for place in places),
    )


def _rows(outputs: list[Output]) -> Iterator[tuple[int, int]]:
    """Address and place of every row, addresses ascending, and where each part ends."""
    for output in sorted(outputs, key=lambda each: each.address):
        for part in output.parts:
            yield from zip(map(part.address.__add__, part.row_offsets), part.row_places, strict=True)
            yield part.address + part.size, 0
