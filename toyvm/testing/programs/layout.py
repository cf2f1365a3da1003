"""Where everything of a random program stands, and which registers mean something to it."""

from __future__ import annotations

from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.registers import REGISTERS

SMALL_MEMORY = 64 * PAGE_SIZE
LARGE_MEMORY = 6 << 20  # superpages of it can start at more places than 0

# Physical addresses; the tables map them to themselves, and once more from PHYSMAP on for the kernel.
BOOT = 0x1000
HANDLER = 0x2000
ROOT = 0x3000
MIDDLE = 0x4000  # table of level 1
LEAVES = 0x5000  # table of level 0 for the first 2 MiB, the identity
ALIASES = 0x6000  # table of level 0 for the second 2 MiB
OTHER_ROOT = 0x7000
OTHER_MIDDLE = 0x8000
OTHER_LEAVES = 0x9000
OTHER_ALIASES = 0xA000
INITIAL = 0xB000  # what boot loads the registers with
CODE = 0xC000  # four pages
CODE_PAGES = 4
DATA = 0x10000
DATA_PAGES = 6

# Virtual addresses.
ALIAS = 2 << 20
SUPERPAGE = 4 << 20
RECURSIVE = 8 << 20
PHYSMAP = 1 << 30
GIGAPAGE = 2 << 30
HIGH = (1 << 64) - (1 << 30)  # the last entry of the root: the lowest GiB once more, sign-extended

_x = REGISTERS
TRAP_COUNT = _x["gp"]
ROUNDS = _x["s9"]
LOOP = _x["s10"]
RECOVERY = _x["s11"]  # where the handler goes on after a jump into nothing
CALL_NUMBER = _x["a7"]
HANDLER_SCRATCH = (_x["t3"], _x["t4"], _x["t5"], _x["t6"])
POINTERS = (_x["s2"], _x["s3"], _x["s4"], _x["s5"], _x["s6"], _x["s7"])
VALUES = (_x["zero"], _x["a0"], _x["a1"], _x["a2"], _x["a3"], _x["a4"], _x["a5"], _x["t0"], _x["t1"], _x["ra"])
READABLE = VALUES + POINTERS + (_x["sp"], TRAP_COUNT)
WORK = (_x["s0"], _x["s1"])  # for gadgets that need a register of their own

# What a7 asks of the handler.
CALL_NOTHING, CALL_OTHER_MODE, CALL_OTHER_ENABLE, CALL_EXIT = 0, 1, 2, 93
