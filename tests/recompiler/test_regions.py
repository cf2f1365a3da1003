"""Regions and groups: what is compiled together, where time is looked at, and which accesses share a look-up."""

from __future__ import annotations

from array import array

import pytest
from support.assembling import words_of

from toyvm.isa.paging import PAGE_SIZE
from toyvm.recompiler.groups import Group, find_groups
from toyvm.recompiler.loops import Course, find_courses
from toyvm.recompiler.region import PAGES_MAX, Block, Region, discover, read_step, skip_system
from toyvm.recompiler.request import WORDS, CodePage, Snapshot

BASE = 0x1000


def snapshot(
    text: str, executed: int = -1, gva: int = BASE, jumps: dict[int, tuple[int, ...]] | None = None
) -> Snapshot:
    words = words_of(text)
    page = CodePage(BASE, 1, executed & ((1 << WORDS) - 1), array("I", words + [0] * (WORDS - len(words))))
    return Snapshot(gva, True, False, {BASE: page}, jumps or {})


def region(text: str, limit: int = 100, **options: object) -> Region:
    found = discover(snapshot(text, **options), limit, executed_only=True)  # type: ignore[arg-type]
    assert found is not None
    return found


def groups(text: str) -> list[Group]:
    shown = snapshot(text)
    steps = [read_step(shown, BASE + 4 * n, False) for n in range(len(words_of(text)))]
    assert all(steps)
    return find_groups(Block(BASE, [step for step in steps if step]), ())


def members(text: str) -> list[list[int]]:
    return [list(group.members) for group in groups(text)]


def test_a_region_holds_what_can_be_reached_and_was_executed() -> None:
    text = "1: beqz t0, 2f; addi t1, t1, 1; j 1b; 2: addi t1, t1, 2; ret"
    assert sorted(region(text).blocks) == [0x1000, 0x1004, 0x100C]
    assert sorted(region(text, executed=0b00111).blocks) == [0x1000, 0x1004]


def test_it_ends_at_what_is_left_to_the_interpreter() -> None:
    assert region("addi t1, t1, 1; crr t0, time; addi t1, t1, 2").size == 1
    assert region("addi t1, t1, 1; syscall").size == 1
    assert region("addi t1, t1, 1; 1: j 1b").size == 1
    assert discover(snapshot("eret"), 10, executed_only=False) is None


def test_a_request_at_system_instructions_is_one_for_what_follows() -> None:
    assert skip_system(snapshot("crr t0, time; syscall; addi t1, t1, 1")).gva == BASE + 8
    assert skip_system(snapshot("eret; addi t1, t1, 1")).gva == BASE


def test_a_region_is_never_larger_than_its_limit() -> None:
    assert region("addi t1, t1, 1;" * 50, limit=20).size == 20


def test_each_cycle_has_a_head_and_needs_what_its_longest_way_takes() -> None:
    found = region("1: addi t0, t0, 1; beqz t1, 2f; addi t0, t0, 1; addi t0, t0, 1; 2: bnez t0, 1b; ret")
    assert found.heads == {BASE}
    assert found.needs[BASE] == 6


def test_a_return_leads_behind_the_calls_of_the_region() -> None:
    found = region("jal ra, 1f; jal ra, 1f; ret; 1: addi t0, t0, 1; ret")
    assert found.returns[BASE + 16] == [BASE + 4, BASE + 8]
    assert set(found.blocks[BASE + 12].successors) == {BASE + 4, BASE + 8}


def test_a_return_leads_nowhere_else() -> None:
    """Two functions, one of which goes on in the other: it returns to where that was called from, and to no other."""
    text = "jal ra, 1f; jal ra, 2f; ret; 1: addi t0, t0, 1; ret; 2: addi t0, t0, 2; beqz t0, 1b; ret"
    found = region(text)
    assert found.returns == {BASE + 8: [], BASE + 16: [BASE + 4, BASE + 8], BASE + 28: [BASE + 8]}


def test_a_function_that_calls_itself_returns_to_itself() -> None:
    found = region("beqz t0, 1f; addi t0, t0, -1; jal ra, . - 8; addi t1, t1, 1; 1: ret")
    assert found.returns == {BASE + 16: [BASE + 12]}


def test_jumps_that_were_seen_stay_in_the_region() -> None:
    text = "jalr zero, 0(t1); addi t1, t1, 1; ret"
    assert region(text).size == 1
    assert region(text, jumps={BASE: (BASE + 4, BASE + 6, 0x9000)}).jumps == {BASE: [BASE + 4]}


def test_accesses_from_one_base_are_a_group() -> None:
    assert members("ld t0, 0(sp); ld t1, 8(sp); ld t2, 0(s0)") == [[0, 1]]
    assert members("addi sp, sp, -32; sd ra, 24(sp); addi s0, sp, 16; sd a0, 0(s0)") == [[1, 3]]


def test_a_base_that_was_computed_anew_is_another_one() -> None:
    assert members("ld t0, 0(s0); add s0, s0, t1; ld t1, 8(s0)") == []


def test_accesses_far_apart_are_no_group() -> None:
    assert members("ld t0, 0(s0); ld t1, 2000(s0)") == []


def test_what_one_alignment_does_not_imply_is_no_group() -> None:
    assert members("lw t0, 4(s0); ld t1, 8(s0)") == [[0, 1]]
    assert members("lw t0, 2(s0); ld t1, 8(s0)") == []
    (group,) = groups("lb t0, 5(s0); ld t1, 8(s0)")
    assert (group.low, group.high, group.size) == (-5, 11, 8)


def test_a_store_joins_loads_only_if_nothing_between_can_leave() -> None:
    assert members("ld t0, 0(s0); addi t0, t0, 1; sd t0, 8(s0)") == [[0, 2]]
    assert members("ld t0, 0(s0); ld t1, 0(s1); sd t0, 8(s0)") == []
    assert members("sd t0, 8(s0); ld t1, 0(s1); ld t0, 0(s0)") == [[0, 2]]


def courses(text: str) -> dict[int, Course]:
    shown = snapshot(text)
    steps = [step for n in range(len(words_of(text))) if (step := read_step(shown, BASE + 4 * n, False))]
    block = Block(BASE, steps)
    return find_courses(block, {index: group for group in find_groups(block, ()) for index in group.members})


@pytest.mark.parametrize(
    ("access", "size", "strides"),
    [
        ("ld t2, 24(t0)", 8, [0, 8, -8, 16, 4096]),
        ("sd t2, 24(t0)", 8, [0, 8, -8, 16, 4096]),
        ("lw t2, 24(t0)", 4, [0, 4, -4, 12]),
        ("sh t2, 24(t0)", 2, [0, 2, -6]),
        ("lbu t2, 24(t0)", 1, [0, 1, -3, 7]),
    ],
)
def test_an_access_has_a_course_if_it_moves_by_whole_accesses(access: str, size: int, strides: list[int]) -> None:
    for stride in range(-20, 20):
        found = courses(f"1: {access}; addi t0, t0, {stride}; bnez t1, 1b")
        assert (0 in found) is (stride % size == 0), stride
    for stride in strides:
        assert courses(f"1: {access}; addi t0, t0, {stride}; bnez t1, 1b") == {0: Course(5, 24, stride, size)}


def test_the_largest_access_of_a_group_says_by_how_much_it_may_move() -> None:
    text = "1: lw t2, 4(t0); ld t3, 8(t0); addi t0, t0, {}; bnez t1, 1b"
    assert courses(text.format(8)) == {0: Course(5, 0, 8, 8)}
    assert courses(text.format(4)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "1: ld t0, 0(t0); bnez t1, 1b",  # from where the last one led
        "1: ld t2, 0(t0); mv t0, t3; bnez t1, 1b",  # from elsewhere
        "1: ld t2, 0(t0); slli t0, t0, 1; bnez t1, 1b",
        "1: addi t1, t1, 1; 2: ld t2, 0(t0); bnez t1, 2b",  # the block is no loop
        "1: ld t2, 0(t0); j 1b",
        "1: ld t2, 0(t0); .rept 63; addi t1, t1, 1; .endr; bnez t1, 1b",  # too long
    ],
)
def test_what_moves_otherwise_has_no_course(text: str) -> None:
    assert courses(text) == {}


def test_the_longest_loop_that_has_courses() -> None:
    assert courses("1: ld t2, 0(t0); .rept 62; addi t1, t1, 1; .endr; bnez t1, 1b") == {0: Course(5, 0, 0, 8)}


def test_what_does_not_depend_on_a_register_stays() -> None:
    assert courses("1: auipc t0, 1; ld t2, 8(t0); bnez t1, 1b") == {1: Course(None, BASE + 4096 + 8, 0, 8)}
    assert courses("1: ld t2, 0x700(zero); bnez t1, 1b") == {0: Course(None, 0x700, 0, 8)}


def test_a_region_has_no_more_pages_than_an_offer_has_room_for() -> None:
    """A chain of jumps from page to page."""
    words = words_of("jal zero, . + 4096")
    pages = {}
    for number in range(PAGES_MAX + 4):
        gva = BASE + PAGE_SIZE * number
        pages[gva] = CodePage(gva, 1 + number, -1 & ((1 << WORDS) - 1), array("I", words + [0] * (WORDS - 1)))
    found = discover(Snapshot(BASE, True, False, pages, {}), 100, executed_only=True)
    assert found is not None
    assert found.pages == [BASE + PAGE_SIZE * number for number in range(PAGES_MAX)]
