"""The general registers: 32 of 64 bits, x0 reads as zero, ABI names numbered as in the RISC-V psABI."""

from __future__ import annotations

REGISTER_COUNT = 32

ABI_NAMES: tuple[str, ...] = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2"),
    *("s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5"),
    *("a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7"),
    *("s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"),
)

# Every spelling an assembler takes: x0..x31, the ABI names, and fp for s0.
REGISTERS: dict[str, int] = {
    **{f"x{number}": number for number in range(REGISTER_COUNT)},
    **{name: number for number, name in enumerate(ABI_NAMES)},
    "fp": 8,
}
