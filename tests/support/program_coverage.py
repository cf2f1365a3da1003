"""Coverage: what a set of random programs did, in counts and as a report.

`python tests/support/program_coverage.py [COUNT]` prints it for the programs of the seeds 0..COUNT-1.
"""

from __future__ import annotations

import sys
from collections import Counter
from statistics import median

from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.paging import PTE_FIELDS, PTE_RESERVED
from toyvm.isa.traps import CAUSES
from toyvm.reference import ReferenceMachine
from toyvm.reference.mmu import Use
from toyvm.testing.programs import random_program

# Entry bits that the hardware looks at one by one; reserved and software bits count as one each.
_BITS = {field.name: field.mask for field in PTE_FIELDS if field.name != "frame"} | {"reserved": PTE_RESERVED}
_ACCESSES = tuple((access, user) for access in ("fetch", "load", "store") for user in (False, True))
LIMIT = 2000  # retired instructions a program
# These trap or leave the machine: they never retire on bare hardware.
NEVER_RETIRE = {"syscall", "break", "hcall"}


class Coverage:
    """Adds up runs of the reference."""

    def __init__(self) -> None:
        self.retired: list[int] = []
        self.trap_counts: list[int] = []
        self.stops: Counter[str] = Counter()
        self.executed: Counter[str] = Counter()
        self.traps: Counter[str] = Counter()
        self.uses: Counter[Use] = Counter()
        self.unspecified = 0

    def add(self, machine: ReferenceMachine, stop: str) -> None:
        if machine.unspecified is not None:
            self.unspecified += 1
            return
        self.retired.append(machine.retired)
        self.trap_counts.append(sum(machine.traps.values()))
        self.stops[stop] += 1
        self.executed.update(machine.executed)
        self.traps.update(machine.traps)
        self.uses.update(machine.uses)

    @property
    def median_retired(self) -> float:
        return median(self.retired)

    @property
    def median_traps(self) -> float:
        return median(self.trap_counts)

    @property
    def instructions_missed(self) -> set[str]:
        return {row.mnemonic for row in INSTRUCTIONS} - self.executed.keys() - NEVER_RETIRE

    @property
    def causes_missed(self) -> set[str]:
        return {cause.name for cause in CAUSES} - self.traps.keys()

    def bit_counts(self, bit: int, value: bool) -> Counter[tuple[str, bool, str]]:
        """How often an access, by kind, mode and outcome, met an entry with this bit set or clear."""
        counts: Counter[tuple[str, bool, str]] = Counter()
        for use, count in self.uses.items():
            if use.entry is not None and bool(use.entry & bit) is value:
                counts[use.access, use.user, use.outcome] += count
        return counts

    def bits_missed(self) -> set[tuple[str, bool, str, bool]]:
        """(access, user mode, bit, its value) that no access met."""
        return {
            (access, user, name, value)
            for name, bit in _BITS.items()
            for value in (False, True)
            for access, user in _ACCESSES
            if not any(count for (a, u, _), count in self.bit_counts(bit, value).items() if (a, u) == (access, user))
        }

    def report(self) -> str:
        """All of it, for people."""
        lines = [
            f"{len(self.retired)} programs, {self.unspecified} more left out as unspecified: in the median "
            f"{self.median_retired:.0f} retired instructions and {self.median_traps:.0f} traps",
            "ended by " + _counts(self.stops),
            "traps: " + _counts(self.traps),
            "instructions: " + _counts(self.executed),
            f"never seen: {', '.join(sorted(self.instructions_missed | self.causes_missed)) or 'nothing'}",
            "page-table bits x accesses, bit clear/set, done+faulted:",
            *self._table(),
        ]
        return "\n".join(lines)

    def _table(self) -> list[str]:
        heads = [f"{access} {'user' if user else 'kernel'}" for access, user in _ACCESSES]
        lines = ["  bit        " + "".join(f"{head:>24}" for head in heads)]
        for name, bit in _BITS.items():
            for value in (False, True):
                counts = self.bit_counts(bit, value)
                cells = [_cell(counts, access, user) for access, user in _ACCESSES]
                lines.append(f"  {name:9}{int(value)}  " + "".join(f"{cell:>24}" for cell in cells))
        return lines


def _cell(counts: Counter[tuple[str, bool, str]], access: str, user: bool) -> str:
    faults = counts[access, user, "page_fault"] + counts[access, user, "access_fault"]
    return f"{counts[access, user, 'done']}+{faults}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def measure(count: int) -> Coverage:
    """Run the programs of the seeds 0..count-1."""
    coverage = Coverage()
    for seed in range(count):
        program = random_program(seed, leaving_open=True)
        machine = ReferenceMachine(
            program.memory,
            program.level,
            None if program.disk is None else bytearray(program.disk),
            program.disk_latency,
            program.disk_writable,
            input=program.input,
        )
        machine.load(program)
        coverage.add(machine, machine.run(LIMIT))
    return coverage


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000).report())
