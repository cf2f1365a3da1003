"""What cannot be imported is refused: a file in one clear line, foreign instructions in one list."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.riscv_elf import DATA, EXIT, NOTYPE, TEXT, File, Name, Piece, R, W, X, call, program, words
from support.rv64 import Operation

from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.image import Image
from toyvm.importer import Options, import_program
from toyvm.importer.program import read_program
from toyvm.isa.machine import MAXIMUM_MEMORY
from toyvm.programs import load_program

CODE = Piece(".text", TEXT, words(*call(EXIT, 0)), R | X)
GOOD = File([CODE], (Name("_start", TEXT), Name("$x", TEXT, kind=NOTYPE)))


def patched(offset: int, form: str, value: int, data: bytes | None = None) -> bytes:
    """A good file with a member of its header changed."""
    out = bytearray(data or GOOD.build())
    struct.pack_into(form, out, offset, value)
    return bytes(out)


def compressed(data: bytes) -> bytes:
    """The same, said to have compressed instructions."""
    return patched(48, "<I", 1, data)


def complaint(data: bytes) -> str:
    with pytest.raises(BadFileError) as caught:
        import_program(data, "prog.elf")
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file has 0 bytes"),
        (b"#!/bin/sh\n" * 10, "not an ELF file"),
        (GOOD.build()[:100], "beyond the file's end"),
        (GOOD.build()[:-70], "beyond the file's end"),
        (patched(4, "<B", 1), "for 32-bit"),
        (patched(5, "<B", 2), "big-endian"),
        (replace(GOOD, machine=62).build(), "x86-64"),
        (replace(GOOD, type=1).build(), "a relocatable object file, not yet linked, for RISC-V (link it)"),
        (replace(GOOD, type=3).build(), "link with -static -no-pie"),
        (replace(GOOD, programs=[(3, R)]).build(), "wants a dynamic linker: link with -static"),
        (replace(GOOD, entry=0x5000).build(), "entry point 0x5000 lies in no executable segment"),
        (replace(GOOD, entry=TEXT + 2).build(), "entry point 0x10002 is not a multiple of 4"),
        (patched(40, "<Q", 0, patched(60, "<H", 0)), "no section headers"),
        (replace(GOOD, pieces=[CODE, Piece(".data", TEXT + 4, b"1234", R | W)]).build(), "lies inside that of 0x10000"),
        (replace(GOOD, pieces=[CODE, Piece(".bss", 0x2000, b"", R | W, 8)]).build(), "which is the supervisor's"),
        (replace(GOOD, pieces=[CODE, Piece(".bss", 1 << 31, b"", R | W, 8)]).build(), "-Ttext-segment=0x10000"),
        (replace(GOOD, pieces=[CODE, Piece(".bss", 1 << 62, b"", R | W, 8)]).build(), "ends beyond any memory"),
        (
            replace(GOOD, pieces=[CODE, Piece(".bss", DATA, b"", R | W, MAXIMUM_MEMORY)]).build(),
            "ends beyond any memory",
        ),
        (replace(GOOD, pieces=[CODE, Piece(".data", DATA, b"x", R | W, 1 << 63)]).build(), "ends beyond any memory"),
        (replace(GOOD, pieces=[Piece(".text", TEXT, CODE.data, R)]).build(), "lies in no executable segment"),
        (replace(GOOD, pieces=[CODE, CODE]).build(), "lies inside that of 0x10000"),
        (b"", "prog.elf: "),
    ],
)
def test_a_file_that_is_no_such_program_is_refused_in_one_line(data: bytes, message: str) -> None:
    said = complaint(data)
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (replace(GOOD, machine=62).build(), "a statically linked program for x86-64"),
        (replace(GOOD, machine=62, type=3).build(), "a shared object, or a position-independent program, for x86-64"),
        (replace(GOOD, machine=62, programs=[(3, R)]).build(), "a dynamically linked program for x86-64"),
        (replace(GOOD, type=3, programs=[(3, R)]).build(), "a dynamically linked program for RISC-V"),
        (replace(GOOD, machine=183, type=1).build(), "a relocatable object file, not yet linked, for AArch64"),
        (replace(GOOD, machine=0x9999, type=4).build(), "a core dump for machine 0x9999"),
        (patched(4, "<B", 1), "a statically linked program for 32-bit RISC-V"),
        (patched(5, "<B", 2, patched(16, "<I", 0xF3000200)), "a statically linked program for big-endian"),
        (patched(4, "<B", 9), "no ELF file of any known kind"),
    ],
)
def test_a_file_for_another_machine_is_called_what_it_is_wherever_it_is_given(
    tmp_path: Path, data: bytes, kind: str
) -> None:
    path = tmp_path / "prog"
    path.write_bytes(data)
    assert f"the file is {kind}" in complaint(data)
    with pytest.raises(BadFileError, match=f"the file is {kind}"):
        load_program(path)


FOREIGN = [
    (0x00000001, "compressed instruction (C)", "-march=rv64im"),  # c.nop
    (0x100522AF, "atomic instruction (A)", "-march=rv64im"),  # lr.w
    (0x02A5F553, "floating-point instruction (F, D)", "-mabi=lp64"),
    (0x00052507, "floating-point instruction (F, D)", "-mabi=lp64"),  # flw
    (0x02057507, "vector instruction (V)", "-march=rv64im"),
    (0x00B50557, "vector instruction (V)", "-march=rv64im"),
    (0x20B52533, "another extension", "-march=rv64im"),  # sh1add
    (0xC0102573, "counter read", "clock_gettime"),  # rdtime
    (0x00102573, "control and status register", "a user program needs none"),  # frflags
    (0x30200073, "privileged instruction", "make system calls"),  # mret
    (0x0000001F, "longer than 32 bits", "-march=rv64im"),
]


@pytest.mark.parametrize(("word", "kind", "advice"), FOREIGN)
def test_a_foreign_instruction_is_refused_with_its_place_and_what_avoids_it(word: int, kind: str, advice: str) -> None:
    said = complaint(compressed(program(0x00000013, word, *call(EXIT, 0))))
    assert f"0x10004 _start+0x4: {kind}" in said or (kind in said and "0x10004 _start+0x4" in said)
    assert advice in said


def test_all_foreign_instructions_are_in_one_list() -> None:
    said = complaint(compressed(program(*(word for word, _, _ in FOREIGN), *call(EXIT, 0))))
    for _, kind, advice in FOREIGN:
        assert kind in said
        assert advice in said


def test_a_long_list_begins_with_what_to_do_and_counts_what_it_leaves_out() -> None:
    foreign = [word for _ in range(500) for word in (0x02A5F553, 0x02A5F553, 0x100522AF)]
    lines = complaint(program(*foreign, *call(EXIT, 0))).splitlines()
    assert lines[0] == "prog.elf: not RV64IM in 1500 places:"
    assert "compile with -march=rv64im -mabi=lp64" in lines[1]
    assert [line.split()[0][:7] for line in lines[2:22:2]] == [f"{0x10000 + 12 * n:#x}" for n in range(10)]
    assert lines[22:] == ["    and 1470 more"]


def test_a_list_that_fits_leaves_nothing_out() -> None:
    pairs = [word for _ in range(10) for word in (0x02A5F553, 0x100522AF)]
    assert complaint(program(*pairs, *call(EXIT, 0))).splitlines()[-1].startswith("    0x1004c ")


def test_foreign_instructions_of_one_kind_at_one_place_are_counted() -> None:
    said = complaint(program(*[0x02A5F553] * 5, *call(EXIT, 0)))
    assert "0x10000..0x10014 _start: floating-point instruction (F, D), 5 times" in said


def test_a_jump_between_instructions_is_refused() -> None:
    assert "jump to half an instruction" in complaint(program(Operation("beq", imm=6), *call(EXIT, 0)))


def test_an_instruction_behind_a_compressed_one_is_told_so() -> None:
    code = struct.pack("<HIH", 0x0001, 0x00000013, 0x0001) + CODE.data
    said = complaint(compressed(File([Piece(".text", TEXT, code, R | X)], GOOD.names).build()))
    assert "0x10002 _start+0x2: instruction at half a word, behind a compressed one" in said
    assert "3 places" in said


def test_a_compressed_program_that_begins_at_half_a_word_is_told_how_to_compile_it() -> None:
    code = struct.pack("<HH", 0x0001, 0x0001) + CODE.data
    file = File([Piece(".text", TEXT, code, R | X)], GOOD.names, entry=TEXT + 2)
    said = complaint(compressed(file.build()))
    assert "compressed instruction (C), 2 times" in said
    assert said.count("-march=rv64im -mabi=lp64") == 1
    whole = replace(file, pieces=[Piece(".text", TEXT, words(0x13) + CODE.data, R | X)])
    assert complaint(compressed(whole.build())) == "prog.elf: the entry point 0x10002 is not a multiple of 4"


def test_kinds_that_the_same_flags_avoid_share_their_advice() -> None:
    said = complaint(program(0x100522AF, 0x02A5F553, *call(EXIT, 0)))
    assert said.count("compile with -march=rv64im -mabi=lp64") == 1
    assert "atomic instruction (A); floating-point instruction (F, D): compile with" in said


def test_data_that_nothing_marks_is_refused_as_no_instruction() -> None:
    said = complaint(File([Piece(".text", TEXT, CODE.data + b"hell, hi", R | X)], GOOD.names).build())
    assert "no instruction, 2 times" in said
    assert "data among the code" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(stack=100), "a stack of 100 bytes: it takes 16384.."),
        (Options(("a" * (1 << 20),)), "at most half of the stack"),
        (Options(("a\0b",)), "has a zero byte in it"),
    ],
)
def test_options_that_cannot_be_taken_are_refused(options: Options, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        import_program(GOOD.build(), "prog.elf", options)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_to_a_file_does_worse_than_a_refusal(damage: list[tuple[int, int]]) -> None:
    lines = {".debug_line": bytes(range(200))}
    data = bytearray(replace(GOOD, others=lines).build())
    for place, value in damage:
        data[place % len(data)] = value
    with suppress(ToyvmError):
        image = import_program(bytes(data), "prog.elf").image
        assert Image.from_bytes(image.to_bytes()).to_bytes() == image.to_bytes()


def test_a_segment_may_end_where_the_largest_memory_ends() -> None:
    most = MAXIMUM_MEMORY - DATA
    pieces = [CODE, Piece(".bss", DATA, b"", R | W, most)]
    assert read_program(replace(GOOD, pieces=pieces).build(), "prog.elf").end == MAXIMUM_MEMORY
    pieces[1] = replace(pieces[1], size=most + 1)
    assert "ends beyond any memory, 0x1000000000;" in complaint(replace(GOOD, pieces=pieces).build())


HEADERS_END = 64 + 2 * 56


@pytest.mark.parametrize(
    ("offset", "size", "headers"),
    [
        (0, HEADERS_END, (0x20040, 2)),
        (0, HEADERS_END - 1, None),
        (64, HEADERS_END - 64, (0x20000, 2)),
        (64, HEADERS_END - 65, None),
        (65, HEADERS_END - 65, None),
        (0, HEADERS_END + 1, (0x20040, 2)),
    ],
)
def test_a_program_finds_its_headers_where_a_segment_holds_all_of_them(
    offset: int, size: int, headers: tuple[int, int] | None
) -> None:
    data = bytearray(replace(GOOD, programs=[(1, R)]).build())
    struct.pack_into("<IIQQQQQQ", data, 64, 1, R, offset, 0x20000, 0x20000, size, size, 4096)
    assert read_program(bytes(data), "prog.elf").headers == headers
