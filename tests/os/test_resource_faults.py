"""Counters of contexts: usertests, and the kernel's own /proc/selfcheck, find a kernel in which one is miscounted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from support.guest_runs import GUESTS
from support.os_runs import KERNEL
from support.os_shell import session

from toyvm.asm import assemble


class Fault(NamedTuple):
    """What stands in a file of the kernel's, what in its place, and the case that is not as it should be then."""

    file: str
    right: str
    wrong: str
    case: str


FAULTS = {
    "a pipe is not given back": Fault(
        "pipes.inc", "    uncharges numpipe, 1, t0, t1\n    uncharges kmem", "    uncharges kmem", "pipe1"
    ),
    "a page is paid for by nobody": Fault("frames.inc", "    uncharges physpages, 1, t1, t2\n", "", "cowtest"),
    "a file counts twice": Fault(
        "files.inc", "    addi t2, t2, -1\n    bltz t2, 4f", "    addi t2, t2, -2\n    bltz t2, 4f", "edge_numfile"
    ),
    "a region's pages stay": Fault(
        "regions.inc", "    sub  t0, t0, a1\n    sd   t0, PROC_PRIVATE(a0)", "    sd   t0, PROC_PRIVATE(a0)", "mmaptest"
    ),
    "a block is not given back": Fault(
        "shortening.inc", "    call quota_block_gone\n", "    li   a0, 0\n", "diskshare"
    ),
    "what is dropped stays counted": Fault("log.inc", "    call quota_undo\n", "", "diskfull"),
    "a file does not change hands": Fault("unified.inc", "    call quota_moves\n", "    li   a0, 0\n", "diskunified"),
    "a datagram is not given back": Fault("datagrams.inc", "    call datagram_paid\n.endif", ".endif", "datagrams"),
    "the limit is one too high": Fault(
        "resources.inc", "    bgtu s4, t0, 5f\n", "    addi t1, s4, -1\n    bgtu t1, t0, 5f\n", "edge_numfile"
    ),
    "what is taken counts in the context alone": Fault(
        "resources.inc", "31: call resource_charge\n", "31: li   a0, 0\n", "chargenested"
    ),
    "a barrier does nothing": Fault(
        "resources.inc", "    beqz t0, 9f                 # ACTION_DENY\n", "    beqz t0, 8f\n", "edge_numpipe"
    ),
    "somebody else ends": Fault("faults.inc", "    call process_largest\n", "    call process_youngest\n", "memoryout"),
    "skipped time fills no bucket": Fault(
        "tokens.inc",
        "    divu t1, t1, t3             # intervals\n",
        "    divu t1, t1, t3\n    snez t1, t1\n",
        "bucketfills",
    ),
    "a minimum is nothing": Fault(
        "tokens.inc", "2:  ld   t1, CONTEXT_MINIMUM(t2)\n", "2:  li   t1, 0\n", "bucketminimum"
    ),
    "idle time is everybody's": Fault(
        "tokens.inc", "    beqz t1, 3f                 # TOKENS_HARD\n", "", "buckethard"
    ),
    "what is within counts not for who is around": Fault(
        "tokens.inc", "3:  beq  t1, t2, 4f\n", "3:  j    4f\n", "fairnested"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_miscount_is_found(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    room = tmp_path / "os" / "kernel"
    room.mkdir(parents=True)
    text = (GUESTS / "os" / "kernel" / fault.file).read_text()
    assert text.count(fault.right) == 1
    (room / fault.file).write_text(text.replace(fault.right, fault.wrong))
    kernel = assemble([KERNEL], include=[tmp_path, GUESTS, GUESTS / "include"]).image
    end = session(f"usertests {fault.case}\nshutdown $?\n", kernel=kernel)
    assert end.exit_code == 1, end.output
