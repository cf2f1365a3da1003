"""Imported programs run: the same on every technique, with their arguments, symbols and lines."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from support.riscv_elf import (
    A0,
    A1,
    A2,
    A7,
    DATA,
    ECALL,
    EXIT,
    READ,
    SP,
    WRITE,
    File,
    Name,
    Piece,
    R,
    W,
    X,
    call,
    greeting,
    li,
    program,
    words,
)
from support.riscv_elf import TEXT as TEXT_ADDRESS
from support.rv64 import Operation

from toyvm.errors import BadFileError
from toyvm.image import PF_R, PF_W, PF_X, Image, Segment
from toyvm.importer import Options, import_program
from toyvm.importer.faults import advice_on_program
from toyvm.importer.layout import (
    GAP,
    MEMORY_END,
    MINIMUM_STACK,
    SUPERVISOR_END,
    TABLES,
    Range,
    Stack,
    program_block,
    ranges_in,
    ranges_of,
)
from toyvm.importer.linking import import_bare_program
from toyvm.isa.paging import PAGE_SIZE, PTE_R, PTE_W, PTE_X
from toyvm.launch import launched
from toyvm.machine.bare import Machine
from toyvm.machine.outcome import Outcome
from toyvm.recompiler.options import Recompiling
from toyvm.reference.machine import ReferenceMachine
from toyvm.techniques import BY_NAME, NAMES, Build

MEMORY = 16 << 20
LIMIT = 5_000_000
FULL = [name for name in NAMES if BY_NAME[name].build is Build.PLAIN]
TEXT = b"hello from RISC-V\n"


def run(image: Image, technique: str = "bare", input: bytes = b"", memory: int = MEMORY) -> tuple[Outcome, bytes]:
    with launched(technique, memory, input=input) as computer:
        computer.load(image)
        return computer.run(LIMIT), computer.output


def image_of(*code: int | Operation, data: bytes = b"", arguments: Sequence[str] = (), stack: int = 1 << 16) -> Image:
    return import_program(program(*code, data=data), "prog.elf", Options(arguments, {}, stack)).image


def test_an_image_survives_its_file() -> None:
    image = image_of(*greeting(TEXT, 3), data=TEXT)
    assert Image.from_bytes(image.to_bytes()).to_bytes() == image.to_bytes()


@pytest.mark.parametrize("technique", NAMES)
def test_one_image_runs_on_every_technique(technique: str) -> None:
    outcome, output = run(image_of(*greeting(TEXT, 3), data=TEXT), technique)
    assert (outcome.exit_code, output) == (3, TEXT), outcome


# Write what argv[1], at the stack's begin + 16, points to: 5 bytes.
SECOND_ARGUMENT = [
    *li(A0, 1),
    Operation("ld", A1, SP, imm=16),
    *li(A2, 5),
    *li(A7, WRITE),
    ECALL,
    Operation("ld", A0, SP),  # argc
    *li(A7, EXIT),
    ECALL,
]


@pytest.mark.parametrize("technique", NAMES)
def test_arguments_stand_on_the_stack(technique: str) -> None:
    outcome, output = run(image_of(*SECOND_ARGUMENT, arguments=("first", "second")), technique)
    assert (outcome.exit_code, output) == (3, b"first")


ECHO = [*call(READ, 0, DATA, 64), Operation("addi", A2, A0), *call(WRITE, 1, DATA), *call(EXIT, 0)]


@pytest.mark.parametrize("technique", NAMES)
def test_input_comes_by_lines(technique: str) -> None:
    _, output = run(image_of(*ECHO, data=bytes(64)), technique, b"one\ntwo\n")
    assert output == b"one\n"


@pytest.mark.parametrize("technique", NAMES)
def test_a_fault_ends_the_program_and_the_host_says_where(technique: str) -> None:
    image = image_of(Operation("sd", 0, 0, 0, 8))
    outcome, output = run(image, technique)
    assert output == b"program ended: store page fault at 0x10000 about 0x8\n"
    assert outcome.stop == "fault"
    assert "the guest cannot go on: its program was ended: store page fault at _start, pc 0x10000" in outcome.report
    assert "--stack" not in outcome.report


FAULTS = {
    "deep": (
        [Operation("addi", SP, SP, imm=-1024), Operation("sd", 0, SP), Operation("jal", imm=-8)],
        "--stack SIZE",
    ),
    "wide": (
        [Operation("lui", SP, imm=0xFFFF0), Operation("sb", 0, SP)],
        "the stack is used up: it has 65536 bytes",
    ),
    "over the program": ([Operation("lui", SP, imm=0x10), Operation("sb", 0, SP)], "the stack is used up"),
    "trampoline": ([Operation("jalr", 0, SP)], "a trampoline"),
    "written": (
        [Operation("lui", A0, imm=DATA >> 12), Operation("jalr", 0, A0)],
        "what a program writes cannot be run",
    ),
}


@pytest.mark.parametrize("technique", ["bare", "para", "rewrite"])
@pytest.mark.parametrize("name", FAULTS)
def test_what_the_stack_tells_of_a_fault_is_said(technique: str, name: str) -> None:
    operations, advice = FAULTS[name]
    outcome, _ = run(image_of(*operations, data=bytes(8)), technique)
    assert outcome.stop == "fault"
    assert advice in outcome.detail
    assert advice in outcome.report.splitlines()[1]


def test_a_null_pointer_is_not_blamed_on_the_stack() -> None:
    sound = advice_on_program("load_page_fault", 8, 0x30000, (Range(0x20000, 0x40000, PTE_R | PTE_W),))
    in_the_heap = advice_on_program("load_page_fault", 8, 0x50000, (Range(0x20000, 0x40000, PTE_R | PTE_W),))
    empty = advice_on_program("load_page_fault", 8, 0x40000, (Range(0x20000, 0x40000, PTE_R | PTE_W),))
    assert (sound, in_the_heap, empty) == ("", "", "")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (0x1FFFF, ""),
        (0x20000, "jumped into its stack"),
        (0x3FFFF, "jumped into its stack"),
        (0x40000, "a place that it can write"),
        (MEMORY_END - 1, "a place that it can write"),
        (MEMORY_END, ""),
        (0xFFFF, ""),
        (0x10000, "a place that it can write"),
        (0x10FFF, "a place that it can write"),
        (0x11000, ""),
    ],
)
def test_a_jump_is_told_by_whose_pages_it_leads_into_to_the_byte(address: int, said: str) -> None:
    ranges = (Range(0x10000, 0x11000, PTE_R | PTE_W), Range(0x20000, 0x40000, PTE_R | PTE_W))
    advice = advice_on_program("fetch_page_fault", address, 0x30000, ranges)
    assert said in advice
    assert bool(advice) == bool(said)


@pytest.mark.parametrize(
    ("address", "blamed"), [(0x1FFF8, True), (0, True), (2**64 - 8, True), (0x40000, False), (2**63, False)]
)
def test_an_access_beyond_a_stack_that_is_used_up_is_not_blamed_on_it(address: int, blamed: bool) -> None:
    advice = advice_on_program("store_page_fault", address, 0x18000, (Range(0x20000, 0x40000, PTE_R | PTE_W),))
    assert ("the stack is used up" in advice) == blamed


def test_only_a_program_block_says_where_a_stack_is() -> None:
    block = program_block(0x10000, 0x30000, 0x40000, [Range(0x10000, 0x11000, PTE_R), Range(0x20000, 0x40000, PTE_R)])
    assert ranges_in(block + bytes(4096)) == (Range(0x10000, 0x11000, PTE_R), Range(0x20000, 0x40000, PTE_R))
    for other in (b"", bytes(4096), block[:39], block[:8] + bytes(4096), block[:32] + b"\xff" * 4096):
        assert ranges_in(other) is None


def test_symbols_keep_their_names_and_addresses() -> None:
    image = image_of(*greeting(TEXT, 0), data=TEXT)
    assert image.address_of("_start") == 0x10000
    assert str(image.locate(0x10004)) == "_start+0x4"


def test_data_among_the_code_is_left_as_it_is() -> None:
    jump_over = Operation("jal", imm=12)
    names = (Name("$x", 0x10000, kind=0), Name("$d", 0x10004, kind=0), Name("$x", 0x1000C, kind=0))
    data = program(jump_over, 0x12345678, 0x00000013, *call(EXIT, 5), names=names)
    imported = import_program(data, "prog.elf")
    segment = next(each for each in imported.image.segments if each.address == 0x10000)
    assert segment.data[4:12] == bytes.fromhex("7856341213000000")
    assert imported.translation.data_words == 2
    assert imported.notes == ()
    assert run(imported.image)[0].exit_code == 5


def test_an_object_among_the_code_is_data() -> None:
    names = (Name("$x", 0x10000, kind=0), Name("table", 0x10004, size=8, kind=1))
    data = program(Operation("jal", imm=12), 0xFFFFFFFF, 0x12345678, *call(EXIT, 5), names=names)
    imported = import_program(data, "prog.elf")
    assert imported.translation.data_words == 2
    assert run(imported.image)[0].exit_code == 5


@pytest.mark.parametrize("size", [4, 8, 12, 16])
def test_an_object_is_data_to_its_end_whatever_begins_within_it(size: int) -> None:
    """It reaches over what the mapping symbols call data, into what they call code again."""
    marks = (Name("$x", 0x10000, kind=0), Name("$d", 0x10008, kind=0), Name("$x", 0x1000C, kind=0))
    names = (*marks, Name("table", 0x10014 - size, size=size, kind=1))
    nop = Operation("addi", imm=0)
    code = [Operation("jal", imm=20), *([nop] * (4 - size // 4)), *([0xFFFFFFFF] * (size // 4))]
    imported = import_program(program(*code, *call(EXIT, 5), names=names), "prog.elf")
    assert imported.translation.data_words == len({2, *range(5 - size // 4, 5)})
    assert run(imported.image)[0].exit_code == 5


def test_code_goes_on_at_the_next_word_behind_an_object_of_odd_size() -> None:
    names = (Name("$x", 0x10000, kind=0), Name("text", 0x10004, size=5, kind=1))
    data = program(Operation("jal", imm=12), 0x6C6C6548, 0x0000006F, *call(EXIT, 5), names=names)
    assert run(import_program(data, "prog.elf").image)[0].exit_code == 5


def test_a_size_for_each_thread_is_in_no_segment() -> None:
    """As .tbss, which a linker gives an address that something else has."""
    names = (Name("_start", TEXT_ADDRESS), Name("$x", TEXT_ADDRESS, kind=0))
    piece = Piece(".text", TEXT_ADDRESS, words(*call(EXIT, 5)), R | X)
    data = bytearray(File([piece], names, others={".tbss": bytes(64)}).build())
    (headers,) = struct.unpack_from("<Q", data, 40)
    no_contents, flags, address = 8, 0x403, 0x7000_0000  # written, allocated, for threads
    struct.pack_into("<IQQ", data, headers + 2 * 64 + 4, no_contents, flags, address)
    imported = import_program(bytes(data), "prog.elf")
    assert ".tbss" not in {section.name for section in imported.image.sections}
    assert run(imported.image)[0].exit_code == 5


def test_code_without_mapping_symbols_is_said_to_be_taken_for_code() -> None:
    imported = import_program(program(*call(EXIT, 5), names=()), "prog.elf")
    assert imported.notes == ("section '.text' has no mapping symbols: all of it but objects is taken for code",)


def test_too_little_memory_is_said() -> None:
    outcome, output = run(image_of(*call(EXIT, 0), stack=1 << 16), memory=204 << 10)
    assert (outcome.exit_code, output) == (98, b"supervisor: too little memory\n")


def program_up_to(end: int) -> bytes:
    """A program that exits with 3, with room that ends there."""
    room = Piece(".bss", end - PAGE_SIZE, b"", R | W, PAGE_SIZE)
    return File([Piece(".text", TEXT_ADDRESS, words(*call(EXIT, 3)), R | X), room]).build()


@pytest.mark.parametrize("technique", ["bare", "rewrite", "assist"])
def test_a_program_and_its_stack_can_use_memory_up_to_the_page_tables_and_no_more(technique: str) -> None:
    end = TABLES - GAP - MINIMUM_STACK
    image = import_program(program_up_to(end), "prog.elf", Options(stack=MINIMUM_STACK)).image
    assert run(image, technique, memory=MEMORY_END)[0].exit_code == 3
    with pytest.raises(
        BadFileError, match=f"ends at {TABLES + PAGE_SIZE:#x}; the two can use memory up to {TABLES:#x}"
    ):
        import_program(program_up_to(end + PAGE_SIZE), "prog.elf", Options(stack=MINIMUM_STACK))


def test_a_program_without_a_stack_can_use_memory_up_to_its_end_and_no_more() -> None:
    assert import_bare_program(program_up_to(MEMORY_END), "prog.elf").image.segments[-1].address < MEMORY_END
    with pytest.raises(BadFileError, match=f"ends at {MEMORY_END + 8:#x}"):
        import_bare_program(program_up_to(MEMORY_END + 8), "prog.elf")


def test_a_program_begins_behind_the_supervisor_at_the_earliest() -> None:
    code = words(*call(EXIT, 3))
    first = File([Piece(".text", SUPERVISOR_END, code, R | X)], entry=SUPERVISOR_END)
    assert run(import_program(first.build(), "prog.elf").image)[0].exit_code == 3
    before = File([Piece(".text", SUPERVISOR_END - 4, code, R | X)], entry=SUPERVISOR_END)
    with pytest.raises(BadFileError, match=f"the segment at {SUPERVISOR_END - 4:#x} lies below {SUPERVISOR_END:#x}"):
        import_program(before.build(), "prog.elf")


def test_every_full_virtualization_leaves_the_same_state_at_the_same_count() -> None:
    image = image_of(*greeting(TEXT, 3), data=TEXT)
    reference = ReferenceMachine(MEMORY)
    reference.load(image)
    reference.run(LIMIT)
    expected = (reference.retired, reference.state_hash())
    assert reference.unspecified is None
    for technique in FULL:
        with launched(technique, MEMORY) as computer:
            computer.load(image)
            computer.run(LIMIT)
            assert (computer.retired, computer.state_hash()) == expected, technique


def test_the_recompiler_runs_a_program_to_the_same_end() -> None:
    pytest.importorskip("llvmlite", reason="the recompiler is not installed")
    loop = [*li(5, 20000), Operation("addi", 5, 5, imm=-1), Operation("bne", 0, 5, 0, -4), *greeting(TEXT, 3)]
    image = image_of(*loop, data=TEXT)
    ends = []
    for engine in ("interpreter", Recompiling(threshold=50, waiting=True)):
        with Machine(MEMORY, engine=engine) as machine:
            machine.load(image)
            machine.run(LIMIT)
            ends.append((machine.output, machine.retired, machine.state_hash()))
    assert ends[0] == ends[1]


def test_a_page_that_segments_share_has_the_rights_of_all_of_them_whatever_their_order() -> None:
    code, data = Segment(0x10000, b"c" * 0x1100, 0x1100, PF_R | PF_X), Segment(0x11800, b"d", 0x1000, PF_R | PF_W)
    for segments in ((code, data), (data, code)):
        *found, stack = ranges_of("program", segments, Stack(0x40000, 0x44000))
        assert [(one.begin, one.end, one.rights) for one in found] == [
            (0x10000, 0x11000, PTE_R | PTE_X),
            (0x11000, 0x12000, PTE_R | PTE_W | PTE_X),
            (0x12000, 0x13000, PTE_R | PTE_W),
        ]
        assert stack == (0x40000, 0x44000, PTE_R | PTE_W)
