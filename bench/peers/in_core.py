"""Prints what the C core takes for one machine beyond its RAM, once it has executed more code than it keeps decoded."""

from __future__ import annotations

import ctypes

from toyvm.isa import BY_MNEMONIC, encode
from toyvm.isa.machine import Level
from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi, lib

MEMORY, PAGES = 16 << 20, 1024


_FIELDS = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class Info(ctypes.Structure):
    """What glibc's allocator says of itself."""

    _fields_ = [(name, ctypes.c_size_t) for name in _FIELDS]


def given_out() -> int:
    """Bytes that the C library has given out. A machine's RAM is not among them: that is mapped."""
    allocator = ctypes.CDLL(None).mallinfo2
    allocator.restype = Info
    info = allocator()
    return info.uordblks + info.hblkhd


def main() -> None:
    jump = encode(BY_MNEMONIC["jal"], (0, PAGE_SIZE // 4))
    last = encode(BY_MNEMONIC["jal"], (0, 0))
    config = ffi.new("t64_config *", {"memory": MEMORY, "disk_latency": 50, "level": list(Level).index(Level.STRICT)})
    before = given_out()
    vm = lib.t64_machine_new(config)
    for page in range(1, PAGES + 1):
        lib.t64_vm_write(vm, page * PAGE_SIZE, (last if page == PAGES else jump).to_bytes(4, "little"), 4)
    lib.t64_vm_boot(vm, PAGE_SIZE)
    stop = lib.t64_vm_run(vm, 2 * PAGES)
    print(given_out() - before)
    assert stop == lib.T64_STOP_FAULT, "it ends in a jump to itself"
    lib.t64_vm_free(vm)


if __name__ == "__main__":
    main()
