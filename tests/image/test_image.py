"""Images: ELF files out and in, symbols and lines, and every kind of damage refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.asm import Source, assemble, assemble_text
from toyvm.errors import BadFileError, UsageError
from toyvm.image import PF_R, PF_X, Image, LineTable, Location, Segment, Symbol, elf

SOURCES = (
    Source(
        "a.s",
        ".globl _start, shared\n_start: nop\n  call f\nloop: j loop\n.data\nshared: .dword 1, 2\n.size shared, 16",
    ),
    Source("b.s", ".globl f\nf:\n  nop\n  ret\n.rodata\n.byte 1\n.bss\nroom: .zero 5000\n.globl N\nN = 7"),
)


@cache
def sample() -> Image:
    return assemble(SOURCES).image


@cache
def sample_bytes() -> bytes:
    return sample().to_bytes()


def test_an_image_comes_back_from_its_file(tmp_path: Path) -> None:
    sample().save(tmp_path / "image")
    assert Image.load(tmp_path / "image") == sample()


@given(
    st.text("abcdefgh_.", min_size=1, max_size=8), st.integers(0, 1 << 40), st.binary(max_size=100), st.integers(0, 99)
)
def test_any_segment_comes_back(name: str, page: int, data: bytes, room: int) -> None:
    address = page << 2
    segments = (Segment(address, b"code" + data, 4 + len(data) + room, PF_R | PF_X),)
    image = Image(address, segments, lines=LineTable((name,), (address,), (0,), (5,)))
    assert Image.from_bytes(image.to_bytes()) == image


def test_readelf_reads_it_without_warnings(tmp_path: Path) -> None:
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("there is no readelf here")
    sample().save(tmp_path / "image")
    done = subprocess.run([readelf, "-hlS", "-s", tmp_path / "image"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert all(name in done.stdout for name in (".text", ".rodata", ".data", ".bss", ".t64.lines", "shared", "_start"))
    assert "warning" not in done.stdout.lower()


def test_local_symbols_stand_before_global_ones_as_elf_wants_them() -> None:
    image = assemble_text(
        ".globl _start, last\nfirst: nop\n_start: nop\nmiddle: nop\nlast: nop\nend: nop\n", "o.s"
    ).image
    data = image.to_bytes()
    header = elf.HEADER.unpack(data, 0)
    sections = [
        elf.SECTION_HEADER.unpack(data, header["shoff"] + n * elf.SECTION_HEADER.size) for n in range(header["shnum"])
    ]
    (table,) = (section for section in sections if section["type"] == elf.SHT_SYMTAB)
    places = range(table["offset"], table["offset"] + table["size"], elf.SYMBOL.size)
    bindings = [elf.SYMBOL.unpack(data, place)["info"] >> 4 for place in places]
    assert bindings == [elf.STB_LOCAL] * table["info"] + [elf.STB_GLOBAL] * 2


def test_symbols_have_addresses() -> None:
    assert sample().address_of("_start") == sample().entry == 0x1000
    assert sample().address_of("N") == 7
    assert next(symbol.size for symbol in sample().symbols if symbol.name == "shared") == 16


def test_a_symbol_that_is_not_there_is_answered_with_one_that_is() -> None:
    with pytest.raises(UsageError, match="did you mean 'shared'"):
        sample().address_of("sharde")


def test_addresses_have_a_symbol_and_a_line() -> None:
    f = sample().address_of("f")
    assert sample().locate(f + 4) == Location("f", 4, "b.s", 4)
    assert [str(sample().locate(place)) for place in (f, f + 4)] == ["b.s:3 (f)", "b.s:4 (f+0x4)"]
    assert sample().locate(sample().address_of("shared") + 9) == Location("shared", 9, "a.s", 6)


@pytest.mark.parametrize(
    ("names", "told"),
    [("ab", "a"), ("ba", "b"), ("aB", "B"), ("Ba", "B"), ("AB", "A"), ("BA", "B"), ("abCD", "C"), ("1ab", "a")],
)
def test_of_several_symbols_of_one_address_the_global_one_is_told_and_then_the_first(names: str, told: str) -> None:
    """Capital letters are global; digits no places, but numbers."""
    symbols = [Symbol(name, 0x1000, name.isupper(), "" if name.isdigit() else ".text", 0) for name in names]
    image = assemble_text("nop", "t.s").image._replace(symbols=tuple(symbols))
    assert (image.locate(0x1000).symbol, image.symbol_at(0x1000)) == (told, told)


def test_nothing_is_known_of_addresses_outside() -> None:
    assert [sample().locate(address) for address in (0, 0xFFF, 1 << 63)] == [Location()] * 3
    assert str(Location()) == "unknown place"


def test_code_of_a_macro_belongs_to_the_line_that_calls_it() -> None:
    image = assemble_text(".macro m\nnop\nnop\n.endm\nm\nnop\nm", "t.s").image
    assert [image.locate(0x1000 + 4 * place).line for place in range(5)] == [5, 5, 6, 7, 7]


@pytest.mark.parametrize("length", [0, 3, 63, 64, 100, 5000])
def test_a_file_cut_short_is_refused(length: int) -> None:
    with pytest.raises(BadFileError, match=r"^x: offset 0x"):
        Image.from_bytes(sample_bytes()[:length], "x")


DAMAGE = {
    0: (b"\x7fELG", "not an ELF file"),
    4: (b"\1", "ELF class is 0x1; a T64 image has 0x2"),
    5: (b"\2", "byte order is 0x2"),
    16: (b"\3", "file type is 0x3"),
    18: (b"\xf3\0", "machine is 0xf3; a T64 image has 0x5436"),
    24: (b"\2", "not a multiple of 4"),
    27: (b"\1", "lies in no executable segment"),
    54: (b"\0", "size of a program header is 0; it must be 56"),
    56: (b"\0\0", "nothing to load"),
    58: (b"\0", "size of a section header is 0"),
    60: (b"\xff\xff", "the limit is"),
    62: (b"\x77", "the section names are in section 119"),
    64: (b"\2", "only type 1, LOAD"),
    64 + 8: (b"\xff\xff\xff", "beyond the file's end"),
    64 + 16: (b"\1", "is not the physical address"),
    64 + 32: (b"\xff\xff", "more than its"),
    64 + 47: (b"\xff", "larger than any memory"),
    64 + 5: (b"\1", "segment flags"),
    64 + 56 + 17: (b"\x10\0\0\0\0\0\0\0\x10", "lies inside that of"),
}


@pytest.mark.parametrize("offset", DAMAGE)
def test_what_is_wrong_is_said_with_its_value(offset: int) -> None:
    new, message = DAMAGE[offset]
    data = sample_bytes()
    with pytest.raises(BadFileError, match=r"^x: offset 0x[^\n]*$") as caught:
        Image.from_bytes(data[:offset] + new + data[offset + len(new) :], "x")
    assert message in str(caught.value)


def test_a_damaged_line_table_is_refused() -> None:
    data = bytearray(sample_bytes())
    data[data.index(elf.LINES_MAGIC) + 30] ^= 1
    with pytest.raises(BadFileError, match="checksum"):
        Image.from_bytes(bytes(data))


def read_or_refused(data: bytes) -> Image | str:
    try:
        return Image.from_bytes(data, "x")
    except BadFileError as error:
        return str(error)


@given(st.data())
def test_any_damage_gives_a_valid_image_or_one_clear_line(data: st.DataObject) -> None:
    damaged = bytearray(sample_bytes())
    # Headers and tables are where damage can do something; code may be anything.
    headers = int.from_bytes(damaged[40:48], "little")
    tables = damaged.index(elf.LINES_MAGIC) - 400
    places = st.one_of(
        st.integers(0, 64 + 4 * 56), st.integers(headers, len(damaged) - 1), st.integers(tables, headers)
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(places)
        damaged[place] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])))
    length = data.draw(st.one_of(st.just(len(damaged)), st.integers(0, len(damaged))))
    found = read_or_refused(bytes(damaged[:length]))
    if isinstance(found, Image):
        assert found.complaint() is None
    else:
        assert re.fullmatch(r"x: offset 0x.*", found)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BadFileError, match=r"^x: offset"):
        Image.from_bytes(data, "x")


def test_a_file_that_cannot_be_read_or_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="is a directory"):
        Image.load(tmp_path)
    with pytest.raises(BadFileError, match="image: No such file or directory"):
        sample().save(tmp_path / "missing" / "image")
    assert list(tmp_path.iterdir()) == []


def test_a_section_s_alignment_is_one_that_its_address_has() -> None:
    parts = (f'.section s{address}, "aw"\n.address {address}\n.byte 1\n' for address in (0x4004, 0x8008))
    data = assemble_text(f"nop\n{''.join(parts)}").image.to_bytes()
    header = elf.HEADER.unpack(data, 0)
    places = range(header["shoff"], len(data), elf.SECTION_HEADER.size)
    rows = [elf.SECTION_HEADER.unpack(data, place) for place in places[: header["shnum"]]]
    assert {row["addr"]: row["addralign"] for row in rows if row["addr"]} == {0x1000: 16, 0x4004: 4, 0x8008: 8}
