"""Runs a program in unicorn, with the few system calls that it makes: `in_unicorn.py PROGRAM.elf WORDS...`."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import unicorn
from unicorn import riscv_const as riscv

MEMORY, PAGE = 16 << 20, 4096
WRITABLE = 2  # PF_W of a segment
READ, WRITE, EXIT_GROUP, GETPID, BRK = 63, 64, 94, 172, 214
ENOSYS = 38


class Machine:
    """The CPU, 16 MiB of memory from 0 on, and what the program has allocated."""

    def __init__(self, program: bytes, words: list[str]) -> None:
        self.cpu = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV64)
        self.cpu.mem_map(0, MEMORY, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self.entry = struct.unpack_from("<Q", program, 24)[0]
        self.heap = self._load(program)
        self.cpu.reg_write(riscv.UC_RISCV_REG_SP, self._arguments(words))
        self.cpu.hook_add(unicorn.UC_HOOK_INTR, self._on_trap)
        self.code = 0

    def run(self) -> int:
        self.cpu.emu_start(self.entry, MEMORY)
        return self.code

    def _load(self, program: bytes) -> int:
        """Place the segments; the heap begins behind them."""
        table, count, end = struct.unpack_from("<Q", program, 32)[0], struct.unpack_from("<H", program, 56)[0], 0
        for place in range(table, table + 56 * count, 56):
            kind, flags, offset, address, _, size, memory = struct.unpack_from("<IIQQQQQ", program, place)
            if kind == 1:
                self.cpu.mem_write(address, program[offset : offset + size])
                end = max(end, address + memory)
                if not flags & WRITABLE:  # stores elsewhere are quicker when code may not be stored to
                    pages = address & ~(PAGE - 1), -(-(memory + address % PAGE) // PAGE) * PAGE
                    self.cpu.mem_protect(*pages, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        return (end + 0xFFFF) & ~0xFFFF

    def _arguments(self, words: list[str]) -> int:
        places, at = [], MEMORY - 4096
        for word in words:
            self.cpu.mem_write(at, word.encode() + b"\0")
            places.append(at)
            at += len(word) + 1
        stack = [len(words), *places, 0, 0, 0, 0]
        pointer = MEMORY - 8192
        self.cpu.mem_write(pointer, struct.pack(f"<{len(stack)}Q", *stack))
        return pointer

    def _on_trap(self, cpu: unicorn.Uc, number: int, _: object) -> None:
        call, first, second, third = (
            cpu.reg_read(register)
            for register in (riscv.UC_RISCV_REG_A7, *(riscv.UC_RISCV_REG_A0 + n for n in range(3)))
        )
        result = -ENOSYS
        if call == WRITE:
            result = os.write(first, cpu.mem_read(second, third))
        elif call == READ:
            data = os.read(first, third)
            cpu.mem_write(second, data)
            result = len(data)
        elif call == GETPID:
            result = 1
        elif call == BRK:
            self.heap = first or self.heap
            result = self.heap
        elif call == EXIT_GROUP:
            self.code = first
            cpu.emu_stop()
        cpu.reg_write(riscv.UC_RISCV_REG_A0, result)


if __name__ == "__main__":
    sys.exit(Machine(Path(sys.argv[1]).read_bytes(), sys.argv[1:]).run())
