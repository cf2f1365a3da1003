"""What a program starts with: its stack to the word, as the System V ABI has it, its pages, and where both may lie."""

from __future__ import annotations

import struct
from itertools import pairwise
from random import Random

import pytest

from toyvm.errors import BadFileError, UsageError
from toyvm.image import PF_R, PF_W, PF_X, Segment
from toyvm.importer.arguments import Start, initial_stack
from toyvm.importer.layout import (
    GAP,
    MAXIMUM_RANGES,
    MEMORY_END,
    SUPERVISOR_END,
    TABLES,
    Range,
    Stack,
    check_place,
    check_stack,
    place_stack,
    program_block,
    ranges_in,
    ranges_of,
)
from toyvm.isa.paging import PAGE_SIZE, PTE_R, PTE_W, PTE_X

STACK = Stack(0x100000, 0x110000)
WORDS = ["", " ", "a,b=c", "päd", "x" * 300, "\udcff", "-", "two words", "'\"\\\n"]
# Tags of the auxiliary vector, with what each has to say; the rest are addresses.
AUXILIARY = {6: PAGE_SIZE, 16: 1 << 8 | 1 << 12, 17: 100, 11: 0, 12: 0, 13: 0, 14: 0, 23: 0}
PHDR, PHENT, PHNUM, ENTRY, RANDOM = 3, 4, 5, 9, 25


def text_at(contents: bytes, place: int) -> str:
    return contents[place : contents.index(b"\0", place)].decode(errors="surrogateescape")


@pytest.mark.parametrize("seed", range(20))
def test_a_stack_has_arguments_environment_and_vector_as_a_program_looks_for_them(seed: int) -> None:
    random = Random(seed)
    arguments = tuple(random.choices(WORDS, k=random.randrange(6)))
    environment = {f"N{number}": random.choice(WORDS) for number in range(random.randrange(5))}
    headers = random.choice([None, (0x20040, 7)])
    pointer, contents = initial_stack(Start(arguments, environment, 0x20100, headers), STACK)
    assert pointer % 16 == 0
    assert pointer + len(contents) == STACK.end
    words = iter(struct.unpack(f"<{len(contents) // 8}Q", contents[: len(contents) // 8 * 8]))
    assert next(words) == len(arguments)
    places = [next(words) - pointer for _ in arguments]
    assert [text_at(contents, place) for place in places] == list(arguments)
    assert next(words) == 0
    more = [next(words) - pointer for _ in environment]
    assert [text_at(contents, place) for place in more] == [f"{name}={value}" for name, value in environment.items()]
    assert next(words) == 0
    vector = {}
    while (tag := next(words)) != 0:
        assert tag not in vector
        vector[tag] = next(words)
    assert next(words) == 0
    random_bytes = vector.pop(RANDOM)
    assert pointer < random_bytes <= STACK.end - 16
    assert len(set(contents[random_bytes - pointer :][:16])) == 16
    expected = {**AUXILIARY, ENTRY: 0x20100}
    if headers is not None:
        expected |= {PHDR: headers[0], PHENT: 56, PHNUM: headers[1]}
    assert vector == expected
    texts = [(place, place + len(contents[place : contents.index(b"\0", place) + 1])) for place in places + more]
    texts.append((random_bytes - pointer, random_bytes - pointer + 16))
    for one, other in pairwise(sorted(texts)):
        assert one[1] <= other[0], "no two share a byte"


def test_arguments_may_take_half_of_the_stack_and_no_more() -> None:
    half = (STACK.end - STACK.begin) // 2

    def stack_with(size: int) -> int:
        return initial_stack(Start(("x" * size,), {}, 0, None), STACK)[0]

    most = max(size for size in range(half - 600, half) if _fits(stack_with, size))
    assert stack_with(most) == STACK.begin + half
    with pytest.raises(UsageError, match=f"take {half + 16} bytes; at most half of the stack is theirs, {half}"):
        stack_with(most + 1)
    for start in (Start(("a\0b",), {}, 0, None), Start((), {"N": "a\0b"}, 0, None)):
        with pytest.raises(UsageError, match="has a zero byte in it"):
            initial_stack(start, STACK)


def _fits(stack_with: object, size: int) -> bool:
    try:
        stack_with(size)  # type: ignore[operator]
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("seed", range(30))
def test_pages_are_those_of_the_segments_with_the_rights_of_all_that_share_them(seed: int) -> None:
    random = Random(seed)
    segments = [
        Segment(
            SUPERVISOR_END + random.randrange(40) * 0x400,
            b"",
            random.choice([1, 0x400, PAGE_SIZE, 3 * PAGE_SIZE + 5]),
            random.choice([0, PF_R, PF_W, PF_R | PF_X, PF_R | PF_W, PF_R | PF_W | PF_X]),
        )
        for _ in range(random.randrange(8))
    ]
    expected: dict[int, int] = {}
    for segment in segments:
        for address in range(segment.address, segment.address + segment.size):
            if address in (segment.address, segment.address + segment.size - 1) or address % PAGE_SIZE == 0:
                expected[address // PAGE_SIZE] = expected.get(address // PAGE_SIZE, 0) | segment.flags
    *found, last = ranges_of("x", segments, STACK)
    assert last == Range(STACK.begin, STACK.end, PTE_R | PTE_W)
    rights = {}
    for one in found:
        assert one.begin % PAGE_SIZE == one.end % PAGE_SIZE == 0
        for page in range(one.begin // PAGE_SIZE, one.end // PAGE_SIZE):
            assert page not in rights
            rights[page] = one.rights
    bits = {PF_R: PTE_R, PF_W: PTE_W, PF_X: PTE_X}
    assert rights == {
        page: sum(right for flag, right in bits.items() if flags & flag) for page, flags in expected.items() if flags
    }
    assert found == sorted(found)
    for one, other in pairwise(found):
        assert one.end < other.begin or one.rights != other.rights, "neighbours of the same rights are one range"
    ranges = (*found, last)
    block = program_block(1, 2, 3, ranges)
    assert ranges_in(block) == ranges
    assert ranges_in(block + b"1234567") == ranges
    assert ranges_in(b"\0" + block[1:]) is None
    for size in (0, 8, 32, 39):
        assert ranges_in(block[:size]) is None


@pytest.mark.parametrize("more", [0, 1])
def test_there_are_as_many_ranges_as_the_block_has_room_for(more: int) -> None:
    count = MAXIMUM_RANGES - 1 + more
    segments = [Segment(SUPERVISOR_END + number * 2 * PAGE_SIZE, b"", 1, PF_R) for number in range(count)]
    if more:
        with pytest.raises(BadFileError, match=f"make {count} ranges of pages; the limit is {MAXIMUM_RANGES - 1}"):
            ranges_of("x", segments, STACK)
    else:
        found = ranges_of("x", segments, STACK)
        assert len(found) == count + 1
        assert ranges_in(program_block(1, 2, 3, found)) == found


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        (SUPERVISOR_END, SUPERVISOR_END, None),
        (SUPERVISOR_END - 1, SUPERVISOR_END, f"lies below {SUPERVISOR_END:#x}"),
        (MEMORY_END - 1, MEMORY_END, None),
        (
            MEMORY_END - 1,
            MEMORY_END + 1,
            f"ends at {MEMORY_END + 1:#x}; a program can use memory up to {MEMORY_END:#x}",
        ),
    ],
)
def test_a_segment_lies_between_the_supervisor_and_the_end_of_memory(begin: int, end: int, message: str | None) -> None:
    segments = [Segment(SUPERVISOR_END, b"", 4, PF_R), Segment(begin, b"", end - begin, PF_R)]
    if message is None:
        check_place("x", segments)
    else:
        with pytest.raises(BadFileError, match=f"^x: the segment at {begin:#x} {message}"):
            check_place("x", segments)


@pytest.mark.parametrize("end", [SUPERVISOR_END, SUPERVISOR_END + 1, SUPERVISOR_END + PAGE_SIZE - 1])
@pytest.mark.parametrize("size", [1, PAGE_SIZE, PAGE_SIZE + 1])
def test_a_stack_lies_in_whole_pages_behind_the_program_with_a_gap_between(end: int, size: int) -> None:
    stack = place_stack(end, size)
    assert stack.begin % PAGE_SIZE == stack.end % PAGE_SIZE == 0
    assert 0 <= stack.begin - GAP - end < PAGE_SIZE
    assert 0 <= stack.end - stack.begin - size < PAGE_SIZE
    check_stack("x", Stack(TABLES - size, TABLES))
    with pytest.raises(BadFileError, match=f"^x: its stack, {size} bytes behind the program, ends at {TABLES + 1:#x}"):
        check_stack("x", Stack(TABLES + 1 - size, TABLES + 1))
