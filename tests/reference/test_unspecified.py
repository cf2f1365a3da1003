"""The reference notices what the specification leaves open, and nothing else."""

from __future__ import annotations

import pytest

from toyvm.isa.paging import PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from toyvm.reference import ReferenceMachine
from toyvm.testing.programs.assembly import li, op, to_bytes

ROOT, MIDDLE, LEAVES, CODE, PAGE = 0x8000, 0x9000, 0xA000, 0x1000, 0x6000
SLOT = LEAVES + 8 * 6
RWX, AD = PTE_R | PTE_W | PTE_X, PTE_A | PTE_D
A0, A1, A2 = 10, 11, 12

LOAD, STORE = op("ld", 0, 0, A1), op("sd", 0, 0, A1)
USE = [*li(A1, PAGE), LOAD]
FORGET = [op("tlbi", A1)]


def edit(entry: int) -> list[int]:
    return [*li(A2, SLOT), *li(A0, entry), op("sd", A0, 0, A2)]


def run(words: list[int], flags: int = RWX | AD) -> str | None:
    """Run with pages 0-15 mapped to themselves, and PAGE with these flags; what was unspecified?"""
    machine = ReferenceMachine(memory=1 << 16)
    entries = {ROOT: MIDDLE | PTE_V, ROOT + 8 * 511: MIDDLE | PTE_V, MIDDLE: LEAVES | PTE_V}
    entries |= {LEAVES + 8 * page: page << 12 | PTE_V | RWX | AD for page in range(16)}
    entries[SLOT] = PAGE | PTE_V | flags
    for address, entry in entries.items():
        machine.write(address, entry.to_bytes(8, "little"))
    machine.write(CODE, to_bytes([*words, op("out", 8, 0)]))
    machine.set_cr("ptbr", ROOT | 1)
    machine.pc = CODE
    machine.run(1000)
    return machine.unspecified


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (0, "revoked"),
        (PAGE | PTE_V | PTE_X | AD, "revoked"),
        (0x7000 | PTE_V | RWX | AD, "moved"),
        (PAGE | PTE_V | RWX, "cleared"),
    ],
)
def test_a_use_of_a_stale_translation_is_noticed(entry: int, reason: str) -> None:
    assert reason in (run([*USE, *edit(entry), LOAD]) or "")


@pytest.mark.parametrize("entry", [0, PAGE | PTE_V | PTE_X | AD, 0x7000 | PTE_V | RWX | AD, PAGE | PTE_V | RWX])
@pytest.mark.parametrize(
    "forget", [FORGET, [op("tlbi", 0)], [op("crr", A0, 6), op("crw", 6, A0)], [op("crr", A0, 6), op("crx", 0, 6, A0)]]
)
def test_after_forgetting_all_is_specified(entry: int, forget: list[int]) -> None:
    assert run([*USE, *edit(entry), *forget, LOAD]) is None


def test_a_page_that_was_not_used_is_not_cached() -> None:
    assert run([*li(A1, PAGE), *edit(0), LOAD]) is None


def test_a_fault_is_not_cached() -> None:
    assert run([*USE, *edit(PAGE | PTE_V | PTE_R), LOAD], flags=PTE_X) is None


def test_a_store_with_d_clear_is_not_cached_by_a_load() -> None:
    assert run([*USE, *edit(PAGE | PTE_V | PTE_R | PTE_A), STORE], flags=RWX) is None


def test_a_whole_entry_may_be_cached_by_one_access() -> None:
    assert "store" in (run([*USE, *edit(PAGE | PTE_V | PTE_R | AD), STORE]) or "")


def test_forgetting_another_page_forgets_nothing_of_this() -> None:
    assert run([*USE, *edit(0), *li(A2, PAGE + 4096), op("tlbi", A2), LOAD]) is not None


# A superpage that maps memory from 0 on, above the pages; what is used of it is revoked.
LARGE, LARGE_SLOT = 5 << 21, MIDDLE + 8 * 5
LARGE_USE = [
    *li(A2, LARGE_SLOT),
    *li(A0, PTE_V | RWX | AD),
    op("sd", A0, 0, A2),
    *li(A1, LARGE + PAGE),
    LOAD,
    op("sd", 0, 0, A2),
]


@pytest.mark.parametrize(("forgotten", "specified"), [(LARGE, True), (LARGE + (1 << 21) - 1, True), (LARGE - 1, False)])
def test_forgetting_any_address_of_a_superpage_forgets_it_whole(forgotten: int, specified: bool) -> None:
    reason = run([*LARGE_USE, *li(A2, forgotten), op("tlbi", A2), LOAD])
    assert (reason is None) == specified


def test_probe_never_uses_a_cached_translation() -> None:
    assert run([*USE, *edit(0), op("probe", A0, A1, 0)]) is None


def test_an_address_in_the_unmapped_window_is_an_ordinary_fault() -> None:
    assert run([op("ld", A0, -8, 0)]) is None


@pytest.mark.parametrize(("base", "noticed"), [(-0x10000, True), (-0x4000, True), (-8, True), (-0x10008, False)])
@pytest.mark.parametrize("use", [LOAD, STORE])
def test_a_kernel_that_reaches_for_the_window_by_a_register_is_noticed(use: int, base: int, noticed: bool) -> None:
    assert ("window" in (run([*li(A1, base), use]) or "")) == noticed


def test_mapping_the_window_is_noticed_where_it_is_used() -> None:
    window = [*li(A2, MIDDLE + 8 * 511), *li(A0, PTE_V | RWX | AD), op("sd", A0, 0, A2), op("ld", A0, -8, 0)]
    # 2 MiB that are longer than RAM: the top of it is an access fault still.
    assert run(window) is None
    table = [*li(A2, MIDDLE + 8 * 511), *li(A0, LEAVES | PTE_V), op("sd", A0, 0, A2)]
    leaf = [*li(A2, LEAVES + 8 * 511), *li(A0, PAGE | PTE_V | RWX | AD), op("sd", A0, 0, A2), op("ld", A0, -8, 0)]
    assert "window" in (run([*table, *leaf]) or "")
