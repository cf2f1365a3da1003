"""A modelled TLB: what it counts, of which sizes there are, and that it changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import call
from support.guest_runs import WORKLOADS, image_of

from toyvm import Host, Machine, UsageError, assemble_text
from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.machine.tlb import TlbCounts, tlb_shape
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.testing.techniques import VARIANTS

ENGINES = ("interpreter", "reference")
PAGES = {path.stem: path for path in WORKLOADS}
# Tables at 0x8000: pages 0 to 511 by 4 KiB leaves, and from 1 GiB on by leaves of 2 MiB.
PAGED = """
.include "t64.inc"
.globl _start
_start:
    li   t0, 0x8000
    li   t1, 0x9000 | PTE_V
    sd   t1, 0(t0)
    li   t1, 0xb000 | PTE_V
    sd   t1, 8(t0)
    li   t0, 0x9000
    li   t1, 0xa000 | PTE_V
    sd   t1, 0(t0)
    li   t0, 0xa000
    li   t1, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
    li   t2, 512
1:  sd   t1, 0(t0)
    addi t0, t0, 8
    li   t3, 4096
    add  t1, t1, t3
    addi t2, t2, -1
    bnez t2, 1b
    li   t0, 0xb000
    li   t1, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D
    sd   t1, 0(t0)
    li   t0, 0x8001
    crw  CR_PTBR, t0
    li   s0, 10
2:
BODY
    addi s0, s0, -1
    bnez s0, 2b
    li   t0, 0
    out  PORT_POWER, t0
"""


def run(body: str, tlb: str, engine: str = "interpreter", technique: str = "bare", memory: int = 2 << 20) -> TlbCounts:
    """What it counts where the body is done ten times, paging on."""
    image = assemble_text(PAGED.replace("BODY", body), "paged.s").image
    with launched(technique, memory, engine=engine, tlb=tlb) as computer:
        computer.load(image)
        assert computer.run(100_000).ok
        return counts(computer)


def counts(computer: Computer) -> TlbCounts:
    assert computer.tlb is not None
    return computer.tlb


def loads_of(pages: list[int]) -> str:
    return "\n".join(f"    li t0, {page << 12}\n    ld t1, 0(t0)" for page in pages)


@pytest.mark.parametrize("engine", ENGINES)
def test_as_many_pages_as_a_set_has_ways_stay_and_one_more_drives_out_each(engine: str) -> None:
    # Of 16 sets; the code is in another one than these pages.
    kept = run(loads_of([18, 34, 50, 66]), "64x4", engine)
    assert (kept.fetch_misses, kept.load_misses, kept.loads) == (1, 4, 40)
    lost = run(loads_of([18, 34, 50, 66, 82]), "64x4", engine)
    assert (lost.fetch_misses, lost.load_misses) == (1, 50)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_code_s_page_is_used_by_each_instruction(engine: str) -> None:
    assert run(loads_of([16, 32, 48]), "4x4", engine).misses == 4
    assert run(loads_of([16, 32]), "1x1", engine).load_misses == 20


@pytest.mark.parametrize("engine", ENGINES)
def test_a_large_leaf_takes_one_entry_and_a_shorter_walk(engine: str) -> None:
    found = run("    li t0, 0x40000000\n    ld t1, 0(t0)\n    li t0, 0x40100000\n    ld t1, 0(t0)", "64x4", engine)
    assert (found.load_misses, found.walk_steps) == (1, 3 + 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("flush", "misses"),
    [
        ("    tlbi t0", 10),
        ("    li t2, 0x50000\n    tlbi t2", 1),
        ("    tlbi zero", 10),
        ("    li t2, 0x8001\n    crw CR_PTBR, t2", 10),
        ("    crw CR_SCRATCH, t0", 1),
    ],
)
def test_translations_are_forgotten_as_the_guest_has_it(flush: str, misses: int, engine: str) -> None:
    assert run(f"{loads_of([16])}\n{flush}", "64x4", engine).load_misses == misses


@pytest.mark.parametrize("engine", ENGINES)
def test_a_store_that_first_sets_d_walks_again(engine: str) -> None:
    clear = "    li t2, 0xa000 + 16 * 8\n    ld t3, 0(t2)\n    andi t3, t3, ~PTE_D\n    sd t3, 0(t2)\n    tlbi zero\n"
    found = run(f"{clear}{loads_of([16])}\n    sd t1, 0(t0)", "64x4", engine)
    assert found.load_misses == 10 + 10  # of the entry's own page, too
    assert found.store_misses == 10  # and the store of the entry is into a page with D


def test_an_access_counts_when_paging_translates_it() -> None:
    found = run("    nop", "64x4")
    assert (found.loads, found.stores, found.misses, found.walk_steps) == (0, 0, 1, 3)


@pytest.mark.parametrize("technique", VARIANTS)
def test_every_virtualization_counts_as_the_bare_machine(technique: str) -> None:
    bare, found = (run(loads_of([17, 33, 49, 65, 81]), "16x4", technique=name) for name in ("bare", technique))
    assert (found.misses, found.walk_steps, found.loads) == (bare.misses, bare.walk_steps, bare.loads)


def test_a_walk_in_two_dimensions_reads_nested_tables_for_each_entry_and_for_what_it_came_to() -> None:
    # Less than 2 MiB: nested tables of all three levels.
    found = run(loads_of([17, 33]), "64x4", technique="assist", memory=1 << 20)
    assert found.walk_steps == 3 * found.misses
    assert found.steps == (4 * 4 - 1) * found.misses
    shadowed = run(loads_of([17, 33]), "64x4", technique="assist+shadow", memory=1 << 20)
    assert (shadowed.walk_steps, shadowed.nested_steps) == (found.walk_steps, 0)


@pytest.mark.parametrize("name", ["forkwait", "pagefault", "ptupdate", "diskcopy"])
def test_a_workload_misses_alike_under_every_full_virtualization(name: str) -> None:
    """Often enough that rewriting adapts to it."""
    expected = None
    for technique in ("bare", *VARIANTS):
        disk = bytearray(64 * 512) if name == "diskcopy" else None
        with launched(technique, 8 << 20, tlb="16x2", disk=disk) as computer:
            computer.load(image_of(PAGES[name], technique))
            computer.memory.set_dword("operations", 300)
            assert computer.run().ok
            found = counts(computer).record() | {"nested_steps": 0}
        expected = expected or found
        assert found == expected, technique


def test_a_paravirtual_guest_s_tables_are_walked_as_the_hardware_does() -> None:
    with launched("para", 8 << 20, tlb="16x2") as computer:
        computer.load(image_of(PAGES["switch"], "para"))
        computer.memory.set_dword("operations", 50)
        assert computer.run().ok
        found = counts(computer)
        assert found.fetch_misses >= 2 * 50  # each switch forgets all
        assert found.walk_steps == 3 * found.misses


def test_it_changes_nothing_and_does_not_hang_on_where_runs_end() -> None:
    states, found = [], []
    for tlb, step in ((None, 1 << 30), ("8x2", 1 << 30), ("8x2", 7)):
        with Machine("8M", tlb=tlb) as machine:
            machine.load(image_of(PAGES["forkwait"], "bare"))
            machine.memory.set_dword("operations", 3)
            while machine.run(step).stop == "limit":
                pass
            states.append((machine.retired, machine.state_hash()))
            found.append(machine.tlb)
    assert len(set(states)) == 1
    assert found[0] is None
    assert found[1] == found[2]


def test_guests_of_one_host_have_each_their_own() -> None:
    with Host("64M") as host:
        guests = [host.guest("trap", "8M", tlb=tlb) for tlb in ("16x2", None, "16x2")]
        for guest in guests:
            guest.load(image_of(PAGES["switch"], "trap"))
            guest.memory.set_dword("operations", 40)
        host.run()
        first, none, last = (guest.tlb for guest in guests)
        assert first == last
        assert none is None
        assert first is not None
        assert first.misses > 0
        with pytest.raises(UsageError, match="of your own"):
            host.guest(memory="8M", monitor=TrapAndEmulate, tlb="16x2")


def test_a_restored_machine_begins_with_an_empty_one() -> None:
    with Machine("8M", tlb="16x2") as machine:
        machine.load(image_of(PAGES["forkwait"], "bare"))
        machine.run(20_000)
        snapshot, before = machine.save(), counts(machine)
        machine.restore(snapshot)
        assert counts(machine) == before
        machine.run(1)
        assert counts(machine).fetch_misses == before.fetch_misses + 1


@pytest.mark.parametrize(
    ("tlb", "error"),
    [
        ("64", "tlb of '64'; it takes entries and ways, as 64x4"),
        ("x", "tlb of 'x'; it takes entries and ways"),
        ("-4x4", "tlb: entries of -4 is out of range; it takes 1..65536"),
        ("65537x1", "tlb: entries of 65537 is out of range; it takes 1..65536"),
        ("128x128", "tlb: ways of 128 is out of range; it takes 1..64"),
        ("2x4", "tlb: ways of 4 is out of range; it takes 1..2"),
        ("48x4", "tlb of 48x4: 12 sets; it takes a power of two of them"),
        ("10x4", "tlb of 10x4: 2.5 sets; it takes a power of two of them"),
        (64, r"tlb of 64 \(int\); it takes a string"),
    ],
)
def test_a_size_that_there_is_not_is_refused(tlb: Any, error: str) -> None:
    for engine in ENGINES:
        with pytest.raises(UsageError, match=error.replace("+", r"\+")):
            Machine("1M", tlb=tlb, engine=engine)


def test_a_shape_is_written_as_it_is_read() -> None:
    assert str(tlb_shape("1536x12")) == "1536x12"


def test_the_report_has_the_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    done = call(capsys, "run", "workloads/syscall", "--tlb", "64x4", "--report", str(report), "--technique", "assist")
    assert done.code == 0
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written["tlb"]["shape"] == written["configuration"]["tlb"] == "64x4"
    assert written["tlb"]["nested_steps"] > written["tlb"]["walk_steps"] > 0
    assert call(capsys, "run", "hello", "--tlb", "64x4").code == 2
    assert call(capsys, "run", "hello", "--tlb", "64x5", "--report", str(report)).code == 2
