"""Each bound of a computer at its edge: the last value that is taken, and the first that is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from toyvm import Guest, Host, Machine, UsageError, assemble_text
from toyvm.image import Image
from toyvm.isa.paging import PAGE_SIZE
from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.machine.outcome import Stop
from toyvm.testing.programs.assembly import op, to_bytes
from toyvm.testing.techniques import EVERY

SIZE = 64 << 10
COUNTING = assemble_text("_start: addi a0, a0, 1\nhere: j _start\n", "counting.s").image


@pytest.fixture(params=["interpreter", "reference", "trap"])
def computer(request: pytest.FixtureRequest) -> Iterator[Computer]:
    if request.param == "trap":
        with Host("4M") as host:
            yield host.guest("trap", SIZE)
    else:
        with Machine(SIZE, engine=request.param) as machine:
            yield machine


def filling(last: int) -> Image:
    """An image whose memory ends there: a byte, and the rest of its segment empty."""
    return assemble_text(
        f'_start: nop\n .section .all, "aw"\n .address 0x2000\n .byte 7\n .space {last - 0x2001}\n'
    ).image


def test_an_image_may_fill_memory_to_its_last_byte(computer: Computer) -> None:
    computer.load(filling(SIZE))
    with pytest.raises(UsageError, match=r"memory up to 0x10001, and there are 0x10000 bytes; give it 1M or more"):
        computer.load(filling(SIZE + 1))


@pytest.mark.parametrize(("end", "megabytes"), [(1 << 20, 1), ((1 << 20) + 1, 2), (2 << 20, 2)])
def test_a_refused_image_says_how_many_megabytes_would_do(computer: Computer, end: int, megabytes: int) -> None:
    with pytest.raises(UsageError, match=f"give it {megabytes}M or more"):
        computer.load(filling(end))


@pytest.mark.parametrize("data", [1, 100, PAGE_SIZE - 1, PAGE_SIZE])
@pytest.mark.parametrize("size", [1, PAGE_SIZE, 2 * PAGE_SIZE + 5])
def test_what_a_segment_leaves_empty_is_zero_and_what_lies_beside_it_is_left(
    computer: Computer, data: int, size: int
) -> None:
    text = (
        f'_start: nop\n .section .d, "aw"\n .address 0x3010\n .fill {data}, 1, 0x55\n .bss\n .address {0x3010 + data}\n'
    )
    image = assemble_text(text + f" .space {size}\n").image
    computer.write(0x2000, b"\xaa" * (SIZE - 0x2000))
    computer.load(image)
    begin, end = 0x3010, 0x3010 + data + size
    assert computer.read(0x2000, begin - 0x2000) == b"\xaa" * (begin - 0x2000)
    assert computer.read(begin, data + size) == b"\x55" * data + bytes(size)
    assert computer.read(end, SIZE - end) == b"\xaa" * (SIZE - end)


def test_memory_ends_where_it_ends(computer: Computer) -> None:
    computer.write(SIZE - 1, b"x")
    assert computer.read(SIZE - 1, 1) == b"x"
    assert computer.read(SIZE, 0) == b""
    for address, size in ((SIZE, 1), (SIZE - 1, 2), (-1, 1), (0, -1), (SIZE + 1, 0)):
        with pytest.raises(UsageError, match=r"lie outside memory; it ends at 0x10000"):
            computer.read(address, size)
    with pytest.raises(UsageError, match="lie outside"):
        computer.write(SIZE - 1, b"xy")


def test_an_instruction_is_a_whole_word_of_memory(computer: Computer) -> None:
    computer.load(COUNTING)
    computer.memory.set_word(SIZE - 4, 0x1234)
    assert computer.instruction_at(SIZE - 4) == 0x1234
    assert [computer.instruction_at(address) for address in (SIZE, SIZE - 3, SIZE - 2, SIZE - 1)] == [None] * 4
    assert computer.disassemble(SIZE) is None


@pytest.mark.parametrize(("bits", "name"), [(8, "byte"), (16, "half"), (32, "word"), (64, "dword")])
def test_a_number_takes_all_that_its_size_can_hold_signed_or_not(computer: Computer, bits: int, name: str) -> None:
    write, read = getattr(computer.memory, f"set_{name}"), getattr(computer.memory, name)
    for value in (0, 1, -1, (1 << bits) - 1, -(1 << (bits - 1))):
        write(0x2000, value)
        assert read(0x2000) == value % (1 << bits)
    for value in (1 << bits, -(1 << (bits - 1)) - 1):
        with pytest.raises(UsageError, match=f"does not fit {bits // 8} bytes"):
            write(0x2000, value)


def test_a_byte_of_memory_is_0_to_255(computer: Computer) -> None:
    for value in (0, 255):
        computer.memory[5] = value
        assert computer.memory[5] == value
    for value in (-1, 256):
        with pytest.raises(UsageError, match="byte of"):
            computer.memory[5] = value


def test_a_slice_of_memory_may_be_empty_and_whole_but_not_backwards(computer: Computer) -> None:
    computer.memory[0:4] = b"abcd"
    assert (computer.memory[2:2], computer.memory[:4], len(computer.memory[:])) == (b"", b"abcd", SIZE)
    assert computer.memory[0:4:1] == b"abcd"
    assert computer.memory[SIZE - 2 :] == bytes(2)
    for part, message in ((slice(3, 2), "ends before it starts"), (slice(0, 4, 2), "no slices with step 2")):
        with pytest.raises(UsageError, match=message):
            computer.memory[part]
    with pytest.raises(UsageError, match="3 bytes do not fit a slice of 4"):
        computer.memory[0:4] = b"abc"


def test_a_run_ends_at_the_earlier_of_its_two_limits(computer: Computer) -> None:
    computer.load(COUNTING)
    for more, until, retired in (
        (5, None, 5),
        (None, 9, 9),
        (2, 100, 11),
        (100, 13, 13),
        (0, None, 13),
        (None, 13, 13),
    ):
        outcome = computer.run(more, until=until)
        assert (outcome.stop, computer.retired, outcome.instructions) == (Stop.LIMIT, retired, retired)
    computer.run(until=3)
    assert computer.retired == 13, "that has passed"
    for more, until in ((-1, None), (None, -1)):
        with pytest.raises(UsageError, match=r"of -1; it is a count, 0 or more"):
            computer.run(more, until=until)


def test_a_run_to_an_address_takes_one_step_at_least_and_stops_there(computer: Computer) -> None:
    computer.load(COUNTING)
    for where, most, retired in (("here", None, 1), ("here", None, 3), (0x1000, None, 4), ("here", 1, 5), (0, 7, 12)):
        assert computer.run_to(where, most).stop is Stop.LIMIT
        assert computer.retired == retired
    computer.run_to("here", 0)
    assert computer.retired == 12
    assert computer.run_to(0, timeout=0.0).stop is Stop.TIMEOUT


def test_no_timeout_is_no_limit_and_none_at_all_ends_a_run_at_once(computer: Computer) -> None:
    computer.load(COUNTING)
    outcome = computer.run(timeout=0)
    assert (outcome.stop, computer.retired) == (Stop.TIMEOUT, 0)


@pytest.mark.parametrize("view", ["registers", "control"])
def test_a_name_of_python_s_own_is_none_of_a_register(computer: Computer, view: str) -> None:
    """So that whoever asks whether it is there, as consoles and `copy` do, is told no."""
    assert not hasattr(getattr(computer, view), "_repr_html_")


def test_registers_of_general_use_are_a_list_of_32(computer: Computer) -> None:
    computer.x[31] = 7
    assert (len(computer.x), [*computer.x][31], computer.registers["t6"]) == (32, 7, 7)
    for number in (32, -1):
        with pytest.raises((UsageError, IndexError)):
            computer.x[number]


# Of a host and its guests.


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Host("4M") as host:
        yield host.guest("para", SIZE)


def test_the_modes_of_a_root_are_two(guest: Guest) -> None:
    assert (guest.root(0), guest.root(1)) == (None, None)
    for mode in (-1, 2):
        with pytest.raises(UsageError, match="mode of"):
            guest.root(mode)


def test_a_page_of_a_guest_has_a_frame_and_the_page_behind_the_last_has_none(guest: Guest) -> None:
    pages = SIZE // PAGE_SIZE
    assert len({guest.host_frame(page) for page in range(pages)}) == pages
    guest.write(SIZE - PAGE_SIZE, b"last")
    assert guest.host.read(guest.host_frame(pages - 1) * PAGE_SIZE, 4) == b"last"
    for page in (-1, pages):
        with pytest.raises(UsageError, match="outside memory"):
            guest.host_frame(page)


def test_a_balloon_s_target_is_from_none_to_all_pages(guest: Guest) -> None:
    pages = SIZE // PAGE_SIZE
    for target in (0, pages):
        guest.balloon_target = target
        assert guest.balloon_target == target
    for target in (-1, pages + 1):
        with pytest.raises(UsageError, match=f"guest guest1 has at most {pages}"):
            guest.balloon_target = target


def test_host_memory_ends_where_it_ends(guest: Guest) -> None:
    host, end = guest.host, guest.host.memory_size
    assert (end, len(host.read(end - 1, 1)), host.read(end, 0)) == (4 << 20, 1, b"")
    for address, size in ((end, 1), (end - 1, 2), (-1, 1), (0, -1)):
        with pytest.raises(UsageError, match="lie outside host memory"):
            host.read(address, size)


def test_time_passes_by_0_to_2_to_the_63_less_1_ticks(guest: Guest) -> None:
    host = guest.host
    host.pass_time(0)
    host.pass_time(5)
    assert host.real_time == 5
    for ticks in (-1, 1 << 63):
        with pytest.raises(UsageError, match="cannot pass"):
            host.pass_time(ticks)
    host.pass_time((1 << 63) - 6)
    assert host.real_time == (1 << 63) - 1


def test_a_guest_s_limit_may_be_0_and_ends_it_there(guest: Guest) -> None:
    host = guest.host
    guest.close()
    for limit in (0, 1, 1000):
        limited = host.guest("trap", SIZE, limit=limit)
        limited.load(COUNTING)
        host.run()
        assert limited.outcome is not None
        assert (limited.outcome.stop, limited.retired) == (Stop.LIMIT, limit)
    with pytest.raises(UsageError, match="limit of -1"):
        host.guest("trap", SIZE, limit=-1)


@pytest.mark.parametrize("technique", EVERY)
@pytest.mark.parametrize(
    ("before", "size"), [(4, 8), (8, 16), (PAGE_SIZE - 4, PAGE_SIZE), (PAGE_SIZE + 8, 2 * PAGE_SIZE)]
)
def test_what_is_written_over_a_page_s_end_is_executed_on_both_sides(technique: str, before: int, size: int) -> None:
    """All of it counts, though the pages of a guest lie apart."""
    end = 3 * PAGE_SIZE

    def counting(step: int) -> bytes:
        return to_bytes([*(op("addi", register, register, step) for register in (5, 6, 7)), op("jal", 0, -3)])

    with launched(technique, SIZE) as computer:
        computer.write(end - 8, counting(1))
        computer.load(Image(end - 8, ()))
        computer.run(40)
        changed = bytearray(computer.read(end - 2 * PAGE_SIZE, 4 * PAGE_SIZE))
        changed[2 * PAGE_SIZE - 8 : 2 * PAGE_SIZE + 8] = counting(100)
        at = 2 * PAGE_SIZE - before
        computer.write(end - before, bytes(changed[at : at + size]))
        computer.run(40)
        assert [computer.x[n] for n in (5, 6, 7)] == [10 + (1000 if before >= 8 else 10), 1010, 1010]
