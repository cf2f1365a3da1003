"""Images and programs that make much of few bytes: each is refused, or read, in bounded time and memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.commands import call
from support.riscv_elf import DATA, EXIT, OBJECT, TEXT, File, Name, Piece, R, W, X
from support.riscv_elf import call as system_call
from support.riscv_elf import words as riscv_words

from toyvm import BadFileError, Machine, assemble_text
from toyvm.image import PF_R, Image, LineTable, Segment, Symbol, elf
from toyvm.image.file import ElfFile
from toyvm.importer import import_program
from toyvm.importer.code import code_runs
from toyvm.importer.dwarf_lines import DamagedLines, DebugSections, read_lines
from toyvm.importer.program import read_program

PROGRAM = assemble_text("_start: nop\n").image
ENDING = riscv_words(*system_call(EXIT, 0))


def with_symbols(names: list[str]) -> bytes:
    symbols = tuple(Symbol(name, 0x1000, False, PROGRAM.sections[0].name, 0) for name in names)
    return PROGRAM._replace(symbols=symbols).to_bytes()


def test_many_symbols_of_one_long_name_are_refused() -> None:
    with pytest.raises(BadFileError, match="names have more than 67108864 bytes together"):
        Image.from_bytes(with_symbols(["x" * 60_000] * 1200))
    assert len(Image.from_bytes(with_symbols(["x" * 60_000] * 1000)).symbols) == 1000


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadFileError, match="the symbol's name has more than 65536 bytes"):
        Image.from_bytes(with_symbols(["x" * 65_537]))
    assert len(Image.from_bytes(with_symbols(["x" * 65_536])).symbols[0].name) == 65_536


def damaged(data: bytes, sections: dict[int, int]) -> bytes:
    """The image with other sizes of sections, by their types."""
    out = bytearray(data)
    header = elf.HEADER.unpack(data, 0)
    for number in range(header["shnum"]):
        place = header["shoff"] + number * elf.SECTION_HEADER.size
        kind = elf.SECTION_HEADER.unpack(data, place)["type"]
        if kind in sections:
            out[place + 32 : place + 40] = sections[kind].to_bytes(8, "little")
    return bytes(out)


@pytest.mark.parametrize(("second", "is_sound"), [(0x1000, True), (0x1001, True), (0xFFF, False)])
def test_rows_of_lines_ascend_and_two_may_stand_at_one_address(second: int, is_sound: bool) -> None:
    lines = LineTable(("a.s",), (0x1000, second), (0, 0), (1, 2))
    data = PROGRAM._replace(lines=lines).to_bytes()
    if is_sound:
        assert Image.from_bytes(data).lines == lines
        return
    with pytest.raises(BadFileError, match="addresses do not ascend"):
        Image.from_bytes(data)


def with_segment_at(address: int) -> Image:
    return PROGRAM._replace(segments=(*PROGRAM.segments, Segment(address, b"", 4096, PF_R)))


@pytest.mark.parametrize("below", [0, 1, 4096])
def test_a_segment_may_end_where_addresses_do(below: int) -> None:
    top = (1 << 64) - 4096 - below
    assert Image.from_bytes(with_segment_at(top).to_bytes()).segments[-1].address == top


def test_a_segment_may_not_end_beyond_addresses() -> None:
    data = with_segment_at((1 << 64) - 4096).to_bytes()
    size = elf.HEADER.size + len(PROGRAM.segments) * elf.PROGRAM_HEADER.size + 40
    with pytest.raises(BadFileError, match="is larger than any memory"):
        Image.from_bytes(data[:size] + (4097).to_bytes(8, "little") + data[size + 8 :])


def test_more_symbols_than_the_limit_are_refused_before_they_are_made() -> None:
    size = elf.SYMBOL.size * ((1 << 20) + 2)
    with pytest.raises(BadFileError, match="there are 1048577 symbols; the limit is 1048576"):
        Image.from_bytes(damaged(with_symbols(["a"]), {elf.SHT_SYMTAB: size}) + bytes(size))


@pytest.mark.parametrize("count", [2, 3])
def test_as_many_symbols_as_an_image_may_have_come_back(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table's first entry is none."""
    data = with_symbols(["a", "b", "c"][:count])
    monkeypatch.setattr("toyvm.image.file.MAXIMUM_SYMBOLS", 2)
    with pytest.raises(BadFileError, match="there are 3 symbols; the limit is 2") if count > 2 else nullcontext():
        assert len(Image.from_bytes(data).symbols) == 2


def test_segments_that_share_the_file_are_refused() -> None:
    segments = tuple(Segment(0x100000 * n, bytes(0x1000), 0x1000, 5) for n in range(1, 100))
    data = bytearray(PROGRAM._replace(segments=segments, entry=0x100000, sections=(), symbols=()).to_bytes())
    for number in range(99):
        place = elf.HEADER.size + number * elf.PROGRAM_HEADER.size
        data[place + 8 : place + 16] = (0).to_bytes(8, "little")
        data[place + 32 : place + 40] = (0x80000).to_bytes(8, "little") if number else (0x1000).to_bytes(8, "little")
        data[place + 40 : place + 48] = (0x80000).to_bytes(8, "little")
    data += bytes(0x80000)
    with pytest.raises(BadFileError, match="the segments up to here hold 0x101000 bytes; the file has"):
        Image.from_bytes(bytes(data))


@pytest.mark.parametrize(("member", "at"), [("files", 8), ("names_size", 12), ("rows", 16)])
def test_a_line_table_beyond_its_limits_is_refused(member: str, at: int) -> None:
    files, names, rows = (1 << 16) + 1, (64 << 20) + 1, (1 << 22) + 1
    sizes = {"files": (b"\0" * files, 0), "names_size": (b"x" * (names - 1) + b"\0", 0), "rows": (b"", rows)}
    text, count = sizes[member]
    body = text + bytes(16 * count)
    header = elf.LINES_HEADER.pack(
        magic=elf.LINES_MAGIC,
        version=elf.LINES_VERSION,
        files=text.count(b"\0"),
        names_size=len(text),
        rows=count,
        crc=crc32(body),
    )
    data = PROGRAM._replace(lines=LineTable(("a",), (0x1000,), (0,), (1,))).to_bytes()
    place = data.index(elf.LINES_MAGIC)
    patched = bytearray(data)
    fields = elf.HEADER.unpack(data, 0)
    for number in range(fields["shnum"]):
        entry = fields["shoff"] + number * elf.SECTION_HEADER.size
        if elf.SECTION_HEADER.unpack(data, entry)["offset"] == place:
            patched[entry + 24 : entry + 32] = len(data).to_bytes(8, "little")
            patched[entry + 32 : entry + 40] = (len(header) + len(body)).to_bytes(8, "little")
    with pytest.raises(BadFileError, match=f"the line table says {member} of "):
        Image.from_bytes(bytes(patched) + header + body)


def test_the_assembler_makes_no_image_that_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in (("SYMBOLS", 1), ("LINES", 1), ("NAMES_BYTES", 3), ("FILES", 0)):
        with monkeypatch.context() as patch:
            patch.setattr(f"toyvm.image.model.MAXIMUM_{name}", limit)
            with pytest.raises(Exception, match=rf"there are \d+ .*; the limit is {limit}\n"):
                assemble_text("_start: nop\nb: nop\nc: nop\n")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(0, 5)), max_size=6),
    st.integers(0, 40),
    st.integers(1, 5),
    st.booleans(),
)
def test_the_segment_around_a_section_is_the_one_that_a_search_of_all_finds(
    parts: list[tuple[int, int, int]], start: int, size: int, has_contents: bool
) -> None:
    segments, place = [], 0
    for gap, room, stored in parts:
        segments.append(Segment(place + gap, bytes(min(stored, room)), room, 7))
        place += gap + room
    ends = [one.address + (len(one.data) if has_contents else one.size) for one in segments]
    around = [one for one, end in zip(segments, ends, strict=True) if one.address <= start < start + size <= end]
    found = ElfFile(b"", "x").segment_around(segments, start, start + size, has_contents)
    assert found == (around[0] if around else None)


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_what_a_reader_has_no_room_for_is_a_bad_file(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    PROGRAM.save(tmp_path / "image")
    monkeypatch.setattr("toyvm.image.reader.read", fail)
    monkeypatch.setattr("toyvm.importer.files.import_program", fail)
    for words in (("dis",), ("import", "-o", str(tmp_path / "out"))):
        done = call(capfd, *words, str(tmp_path / "image"))
        assert (done.code, done.errors.count("\n")) == (101, 1), done.errors


# RISC-V programs.


def test_code_is_what_marks_and_objects_leave_of_a_section() -> None:
    names = [
        *(Name("$x", TEXT), Name("$d", TEXT + 16), Name("$x", TEXT + 24)),
        *(Name("outer", TEXT + 4, 0, 8, OBJECT), Name("inner", TEXT + 8, 0, 2, OBJECT)),
        *(Name("over", TEXT + 20, 0, 8, OBJECT), Name("last", TEXT + 60, 0, 100, OBJECT)),
    ]
    marks = [name if name.name[0] != "$" else Name(name.name, name.address, 0, 0, 0) for name in names]
    program = read_program(File([Piece(".text", TEXT, bytes(64), R | X)], marks).build(), "x")
    found = [(start - TEXT, end - TEXT) for start, end in code_runs(program)]
    assert found == [(0, 4), (12, 16), (28, 60)]


def test_more_code_than_can_be_translated_in_a_minute_is_refused() -> None:
    with pytest.raises(BadFileError, match="has 16777220 bytes of code; the limit is 16777216"):
        import_program(File([Piece(".text", TEXT, bytes((16 << 20) + 4), R | X)]).build(), "x")


def test_sections_that_share_code_are_refused_before_it_is_looked_at() -> None:
    text = Piece(".text", TEXT, ENDING, R | X)
    data = bytearray(File([text, Piece(".more", DATA, ENDING, R | X)]).build())
    header = elf.HEADER.unpack(bytes(data), 0)
    place = header["shoff"] + 2 * elf.SECTION_HEADER.size
    data[place + 16 : place + 24] = (TEXT + 4).to_bytes(8, "little")
    data[place + 32 : place + 40] = (4).to_bytes(8, "little")
    with pytest.raises(BadFileError, match="two executable sections share the code at 0x10004"):
        import_program(bytes(data), "x")


def lines_of(program: bytes, files: bytes = b"a.c\0\0\0\0\0") -> bytes:
    """A line program of version 4."""
    header = bytes([4, 1, 1, 0xFB, 14, 13]) + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + b"\0" + files
    body = (4).to_bytes(2, "little") + len(header).to_bytes(4, "little") + header + program
    return len(body).to_bytes(4, "little") + body


def test_line_programs_make_no_more_rows_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.importer.dwarf_lines.MAXIMUM_LINES", 100)
    start = bytes([0, 9, 2]) + TEXT.to_bytes(8, "little")
    end = bytes([0, 1, 1])
    assert read_lines(DebugSections(lines_of(start + bytes([32]) * 99 + end), b"", b"")).files == ("a.c",)
    with pytest.raises(DamagedLines, match="there are more than 100 rows"):
        read_lines(DebugSections(lines_of(start + bytes([32]) * 100 + end), b"", b""))


def test_line_programs_share_no_name_without_end() -> None:
    directory = b"d" * 60_000 + b"\0\0" + b"f\0\1\0\0" * 1200 + b"\0"
    header = bytes([4, 1, 1, 0xFB, 14, 13]) + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + directory
    body = (4).to_bytes(2, "little") + len(header).to_bytes(4, "little") + header
    with pytest.raises(DamagedLines, match="the names have more than 67108864 bytes"):
        read_lines(DebugSections(len(body).to_bytes(4, "little") + body, b"", b""))


def file_table_5(columns: bytes, count: bytes, rest: bytes = b"") -> bytes:
    """A line program of version 5 with no directories."""
    tables = b"\0\0" + columns + count + rest
    header = bytes([1, 1, 1, 0xFB, 14, 13]) + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + tables
    body = b"\5\0\x08\0" + len(header).to_bytes(4, "little") + header + bytes(1000)
    return len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize(
    "data",
    [
        file_table_5(b"\0", b"\xe9\x07"),  # 1001 files that take no byte
        file_table_5(b"\1\1\x0b", b"\xe9\x07"),  # of one byte
        file_table_5(b"\2\1\x08\1\x08", b"\xf4\x03"),  # 500 with two names
        lines_of(b"", b"f\0\0\0\0" * 1001 + b"\0"),
    ],
)
def test_line_programs_list_no_names_without_end(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toyvm.importer.dwarf_lines.MAXIMUM_DEBUG_NAMES", 1000)
    with pytest.raises(DamagedLines, match="they list more than 1000 directories and files"):
        read_lines(DebugSections(data, b"", b""))


def test_a_line_program_sets_no_address_of_more_than_eight_bytes() -> None:
    address = b"\0\x0a\2" + bytes(8) + b"\1"
    with pytest.raises(DamagedLines, match="an address of 9 bytes; it may have 8"):
        read_lines(DebugSections(lines_of(address), b"", b""))


def test_what_cannot_be_translated_is_looked_up_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    count, locate = 0, Image.locate

    def counted(self: Image, address: int) -> object:
        nonlocal count
        count += 1
        return locate(self, address)

    monkeypatch.setattr(Image, "locate", counted)
    with pytest.raises(BadFileError, match="not RV64IM in 1000 places"):
        import_program(File([Piece(".text", TEXT, b"\xff" * 4000, R | X)]).build(), "x")
    assert 1000 <= count <= 1020


class Uniterable(tuple[Segment, ...]):
    """Segments that were looked through once, as they were put in order, and may not be again."""

    left = 1

    def __iter__(self) -> Iterator[Segment]:
        self.left -= 1
        assert self.left >= 0, "looked through again"
        return super().__iter__()


def test_an_address_is_located_without_a_look_at_every_segment() -> None:
    segments = Uniterable(Segment(0x1000 * n, b"\x10\0\0\0", 0x10, 5) for n in (3, 1, 2))
    image = PROGRAM._replace(segments=segments, symbols=(Symbol("f", 0x2000, False, ".text", 0),))
    names = {address: str(image.locate(address)) for address in (0xFFF, 0x1FFF, 0x2000, 0x200F, 0x2010, 0x3000)}
    assert [address for address, name in names.items() if "f" in name] == [0x2000, 0x200F]


def test_what_is_within_the_limits_runs() -> None:
    with Machine("1M") as machine:
        machine.load(Image.from_bytes(with_symbols(["a", "b"])))
    assert import_program(File([Piece(".text", TEXT, ENDING, R | X), Piece(".data", DATA, b"x", R | W)]).build(), "x")


def test_room_of_a_segment_costs_what_was_written_there() -> None:
    """A page at a time this one would take a minute."""
    image = PROGRAM._replace(segments=(PROGRAM.segments[0]._replace(size=60 << 30),), sections=())
    with Machine("64G") as machine:
        machine.write(59 << 30, b"old")
        machine.write(61 << 30, b"kept")
        machine.write(0x800, b"kept")
        machine.load(image)
        assert machine.read(59 << 30, 3) == bytes(3)
        assert machine.read(61 << 30, 4) == machine.read(0x800, 4) == b"kept"
