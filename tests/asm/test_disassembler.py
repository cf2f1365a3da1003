"""The disassembler: what it prints assembles back to what it read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toyvm.asm import assemble, assemble_text, disassembler
from toyvm.asm.disassembler import disassemble_image, disassemble_word, disassembly
from toyvm.image import PF_R, PF_W, PF_X, Image, Section, Segment, Symbol
from toyvm.isa.coding import decode
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.paths import guests_directory
from toyvm.shipped.headers import read_header
from toyvm.techniques import Build
from toyvm.testing import strategies

GUESTS = guests_directory()
PROGRAMS = sorted([*GUESTS.glob("*.s"), *(GUESTS / "workloads").glob("*.s")])


def assembled(text: str, address: int) -> int:
    return int.from_bytes(assemble_text(f".address {address:#x}\n{text}").image.segments[0].data[:4], "little")


_PLACES = st.one_of(st.integers(0, 1 << 20), st.integers((1 << 62) - (1 << 20), (1 << 62) - 2)).map(lambda n: n * 4)


@given(strategies.words(), _PLACES)
def test_a_word_assembles_back_at_any_address(word: int, address: int) -> None:
    assert assembled(disassemble_word(word, address), address) == word


@given(strategies.illegal_words(), _PLACES)
def test_a_word_that_is_no_instruction_is_data(word: int, address: int) -> None:
    text = disassemble_word(word, address)
    assert text.startswith(".word")
    assert assembled(text, address) == word


@pytest.mark.parametrize("row", INSTRUCTIONS, ids=lambda row: row.mnemonic)
@settings(max_examples=20)
@given(data=st.data())
def test_every_instruction_is_written_so_that_it_assembles_back(row: object, data: st.DataObject) -> None:
    word = data.draw(strategies.words([row]))  # type: ignore[list-item]
    assert assembled(disassemble_word(word, 0x4000), 0x4000) == word


def test_control_registers_are_named() -> None:
    word = assembled("crr a0, 0", 0x1000)
    assert disassemble_word(word, 0x1000) == "crr a0, status"


def test_targets_are_named_where_they_have_a_name() -> None:
    names = {0x1008: "loop"}
    word = assembled("beq a0, a1, 0x1008", 0x1000)
    assert disassemble_word(word, 0x1000, names.get) == "beq a0, a1, loop"
    assert disassemble_word(word, 0x2000, names.get) == "beq a0, a1, 0x2008"


BUILDS = [
    pytest.param(path, build, id=f"{path.stem}-{build}")
    for path in PROGRAMS
    for build in Build
    if read_header(path).values.get("build", build) == build
]


@pytest.mark.parametrize(("path", "build"), BUILDS)
def test_every_shipped_guest_comes_back(path: Path, build: Build) -> None:
    image = assemble([path], defines={"PARAVIRT": 1} if build is Build.PARAVIRT else {}).image
    again = assemble_text(disassemble_image(image)).image
    assert (again.segments, again.entry, again.sections) == (image.segments, image.entry, image.sections)


@given(st.data())
def test_any_image_comes_back(data: st.DataObject) -> None:
    image = data.draw(images())
    again = assemble_text(disassemble_image(image)).image
    assert memory(again) == memory(image)
    assert again.entry == image.entry


def memory(image: Image) -> dict[int, tuple[int, int]]:
    """Every byte with the rights of its segment."""
    return {
        segment.address + offset: (segment.data[offset] if offset < len(segment.data) else 0, segment.flags)
        for segment in image.segments
        for offset in range(segment.size)
    }


@st.composite
def images(draw: st.DrawFn) -> Image:
    """Images that no assembler of ours made: odd addresses, symbols anywhere, names that are no names."""
    words = draw(st.lists(st.one_of(strategies.words(), strategies.illegal_words()), min_size=1, max_size=12))
    code = b"".join(word.to_bytes(4, "little") for word in words) + draw(st.binary(max_size=3))
    start = 4 * draw(st.integers(0, 3000))
    segments = [Segment(start, code, len(code) + draw(st.integers(0, 40)), PF_R | PF_X)]
    data = draw(st.binary(max_size=60))
    after = segments[0].address + segments[0].size + draw(st.integers(0, 5000))
    segments.append(
        Segment(after, data, len(data) + draw(st.integers(1, 60)), draw(st.sampled_from([PF_R, PF_R | PF_W])))
    )
    names = st.sampled_from(["f", "g", "loop", "a0", "1f", "sp", ".", "status", "b c", "é", "nop", ".word", "x"])
    places = st.integers(max(0, start - 8), after + segments[1].size + 8)
    symbols = draw(
        st.lists(st.builds(Symbol, names, places, st.booleans(), st.sampled_from(["", ".text"]), st.integers(0, 9)))
    )
    sections = [Section(".text", start, draw(st.integers(1, len(code))), 6)] if draw(st.booleans()) else []
    return Image(
        start + 4 * draw(st.integers(0, len(words) - 1)), tuple(segments), tuple(symbols), sections=tuple(sections)
    )


def test_lines_of_the_sources_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.s").write_text("f:\n  li a0, 5  # five\n  ret\n")
    text = disassemble_image(assemble(["a.s"]).image)
    assert "# a.s:2: li a0, 5  # five" in text
    assert "f:" in text.split("\n")


def test_the_disassembly_of_a_word_decodes_first() -> None:
    assert decode(0) is None
    assert disassemble_word(0, 0) == ".word 0x00000000"


class Watched(bytes):
    """Bytes that count how many were copied out of them, and out of what was copied."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        if isinstance(part, int):
            return part
        Watched.copied += len(part)
        return Watched(part)


@pytest.mark.parametrize("flags", [PF_R, PF_R | PF_X])
def test_a_disassembly_copies_what_it_shows_and_not_all_that_follows_each_time(flags: int) -> None:
    data = Watched(bytes(range(1, 129)) * 64)
    Watched.copied = 0
    segments = (Segment(0x1000, b"\x10\0\0\0", 4, PF_R | PF_X), Segment(0x2000, data, len(data), flags))
    assert disassemble_image(Image(0x1000, segments)).count("\n") > 1000
    assert Watched.copied <= 2 * len(data)


def test_a_disassembly_looks_at_each_section_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    is_part = disassembler._is_part
    monkeypatch.setattr(
        disassembler, "_is_part", lambda section, segment: seen.append(section.name) or is_part(section, segment)
    )
    places = [0x1000 + 0x100 * n for n in range(50)]
    segments = tuple(Segment(place, b"\x10\0\0\0" * 2, 8, PF_R | PF_X) for place in places)
    sections = tuple(Section(f".s{place:x}", place, 4, 6) for place in places)
    text = disassemble_image(Image(0x1000, segments, sections=sections))
    assert sorted(seen) == sorted(section.name for section in sections)
    assert [text.count(f".section .part{n}, ") for n in (0, 49, 50)] == [1, 1, 0]


def test_a_disassembly_begins_before_it_is_at_its_end() -> None:
    segments = (Segment(0x1000, b"\x10\0\0\0" * (1 << 22), 1 << 24, PF_R | PF_X),)
    lines = list(islice(disassembly(Image(0x1000, segments)), 6))
    assert lines[-1].split("#")[0].strip() == "li zero, 0"


@pytest.mark.parametrize("has_contents", [True, False])
def test_a_section_that_says_otherwise_than_its_segment_is_no_section(has_contents: bool) -> None:
    segments = (Segment(0x1000, b"\x10\0\0\0" * 2, 16, PF_R | PF_X),)
    section = Section(".odd", 0x1004, 8, 6, has_contents)
    image = Image(0x1000, segments, sections=(section,))
    assert memory(assemble_text(disassemble_image(image)).image) == memory(image)


def test_room_in_an_executable_section_is_broken_at_labels() -> None:
    text = '_start: nop\n.section .room, "ax", @nobits\na: .skip 8\nb: .skip 12\nc:'
    lines = [line.strip() for line in disassembly(assemble_text(text).image)]
    assert [line for line in lines if line in ("a:", "b:", "c:") or line.startswith(".zero")] == [
        "a:",
        ".zero 8",
        "b:",
        ".zero 12",
        "c:",
    ]


def test_of_several_names_for_a_place_a_global_one_is_the_target_s() -> None:
    text = ".globl z_global\n_start: j a_local\nnop\na_local:\nz_global: nop"
    lines = [line.split("#")[0].strip() for line in disassembly(assemble_text(text).image)]
    assert "j z_global" in lines


def test_the_name_of_a_target_leads_no_terminal() -> None:
    word = assembled("jal 0x1008", 0x1000)
    assert disassemble_word(word, 0x1000, {0x1008: "\x1b[1m"}.get) == "jal ra, \\x1b[1m"


def test_data_is_broken_at_labels_in_whatever_order_symbols_come() -> None:
    data = Segment(0x2000, bytes(range(1, 9)), 8, PF_R | PF_W)
    code = Segment(0x1000, bytes.fromhex("10000000"), 4, PF_R | PF_X)
    sections = (Section(".text", 0x1000, 4, 6, True), Section(".data", 0x2000, 8, 3, True))
    for order in (1, -1):
        symbols = [
            Symbol(name, 0x2000 + at, False, ".data", 0) for name, at in (("a", 0), ("b", 3), ("c", 5), ("d", 8))
        ]
        image = Image(0x1000, (code, data), tuple(symbols[::order]), sections=sections)
        lines = [line.split("#")[0].strip() for line in disassembly(image)]
        at = lines.index("a:")
        assert [line for line in lines[at:] if line and not line.startswith(".globl")] == [
            *("a:", ".byte 0x01, 0x02, 0x03", "b:", ".byte 0x04, 0x05", "c:", ".byte 0x06, 0x07, 0x08", "d:"),
        ]


def test_bytes_are_shown_as_letters_where_they_are_some() -> None:
    image = assemble_text("nop\n.data\n.byte 31, 32, 33, 126, 127, 128, 0x41, 0").image
    assert next(line for line in disassembly(image) if ".byte" in line).endswith(": . !~..A.")
