"""Translations that the engine remembers are forgotten at a switch of the root, however many there are."""

from __future__ import annotations

import pytest
from support.cores import ENTRY, Core, word

from toyvm.isa.paging import PAGE_SIZE, PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from toyvm.native import lib

LARGE = 2 << 20
ALL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
OWN = 0xA000  # the table with the program's page, which both spaces have
ROOTS, MIDDLES = (0x8000, 0xD000), (0x9000, 0xE000)
TABLES = ((0xB000, 0xC000), (0xF000, 0x10000))  # of data, and of code
DATA, CODE = (0x11000, 0x12000), (0x13000, 0x14000)
# Each page of data is counted in, each of code called; then the other space is switched to.
TURNS = (
    word("jalr", 1, 0, 29),
    word("ld", 6, 8, 5),
    word("addi", 6, 6, 1),
    word("sd", 6, 8, 5),
    word("add", 5, 5, 7),
    word("add", 29, 29, 7),
    word("addi", 28, 28, -1),
    word("bne", 28, 0, -7),
    word("xor", 9, 9, 19),
    word("crw", "ptbr", 9),
    word("addi", 5, 20, 0),
    word("addi", 29, 21, 0),
    word("addi", 28, 22, 0),
    word("jal", 0, -13),
)


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)


def core_in_two_spaces(pages: int) -> Core:
    """In both there are so many pages of data and of code, which are one frame each."""
    core = Core(*TURNS)
    core.write(OWN + ENTRY // PAGE_SIZE * 8, words(ENTRY | ALL))
    for space in range(2):
        core.write(ROOTS[space], words(MIDDLES[space] | PTE_V))
        core.write(MIDDLES[space], words(OWN | PTE_V, *(table | PTE_V for table in TABLES[space])))
        for table, frame in zip(TABLES[space], (DATA[space], CODE[space]), strict=True):
            core.write(table, words(*[frame | ALL] * pages))
        code = (word("addi", 18, 18, 1 + space), word("jalr", 0, 0, 1))
        core.write(CODE[space], b"".join(each.to_bytes(4, "little") for each in code))
    x, at = core.state.x, (LARGE, 2 * LARGE)
    x[5], x[29], x[28], x[7] = *at, pages, PAGE_SIZE
    x[20], x[21], x[22] = *at, pages
    x[9], x[19] = ROOTS[0] | 1, ROOTS[0] ^ ROOTS[1]
    core.set_cr("ptbr", ROOTS[0] | 1)
    return core


@pytest.mark.parametrize("pages", [1, 2, 20, 21, 22, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 512])
def test_what_one_space_translated_is_nothing_to_the_other_one(pages: int) -> None:
    core = core_in_two_spaces(pages)
    assert core.run(4 * (10 * pages + 6)) == lib.T64_STOP_LIMIT
    assert [core.read(frame + 8, 8) for frame in DATA] == [words(2 * pages)] * 2
    assert core.state.x[18] == pages * (1 + 2 + 1 + 2)
