"""A bare machine through the binding alone, and small programs by mnemonic: what the tests of the native core share."""

from __future__ import annotations

from toyvm.isa import BY_MNEMONIC, encode
from toyvm.isa.control import ALL_BITS as NOWHERE
from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.ports import BY_NAME as PORTS
from toyvm.native import ffi, lib

MEMORY = 1 << 17
ENTRY = 0x1000


def word(mnemonic: str, *values: int | str) -> int:
    """One instruction; control registers and ports may be named, targets are in words."""
    names = {**{name: row.number for name, row in CONTROL.items()}, **{name: row.number for name, row in PORTS.items()}}
    return encode(BY_MNEMONIC[mnemonic], tuple(names[v] if isinstance(v, str) else v for v in values))


class Core:
    """One native machine with a program at ENTRY."""

    def __init__(self, *program: int, latency: int = 50, memory: int = MEMORY) -> None:
        config = ffi.new("t64_config *", {"memory": memory, "clock_base": 7, "disk_latency": latency, "level": 2})
        self.vm = ffi.gc(lib.t64_machine_new(config), lib.t64_vm_free)
        self.state = lib.t64_vm_state(self.vm)
        self.write(ENTRY, b"".join(word.to_bytes(4, "little") for word in program))
        lib.t64_vm_boot(self.vm, ENTRY)

    def run(self, until: int = NOWHERE) -> int:
        return lib.t64_vm_run(self.vm, until)

    def write(self, address: int, data: bytes) -> None:
        assert lib.t64_vm_write(self.vm, address, data, len(data)) == lib.T64_OK

    def read(self, address: int, size: int) -> bytes:
        buffer = ffi.new("uint8_t[]", size)
        assert lib.t64_vm_read(self.vm, address, buffer, size) == lib.T64_OK
        return bytes(ffi.buffer(buffer))

    def cr(self, name: str) -> int:
        value = ffi.new("uint64_t *")
        assert lib.t64_vm_cr(self.vm, CONTROL[name].number, value) == lib.T64_OK
        return value[0]

    def set_cr(self, name: str, value: int) -> None:
        assert lib.t64_vm_set_cr(self.vm, CONTROL[name].number, value) == lib.T64_OK

    def output(self) -> bytes:
        buffer = ffi.new("uint8_t[]", 1 << 15)
        return bytes(ffi.buffer(buffer)[0 : lib.t64_vm_output(self.vm, buffer, 1 << 15)])

    def input(self, data: bytes, *, end: bool = False) -> int:
        taken = lib.t64_vm_input(self.vm, data, len(data))
        if end:
            lib.t64_vm_input_end(self.vm)
        return taken

    def attach(self, disk: bytearray, *, writable: bool = True) -> None:
        self.disk = ffi.from_buffer("uint8_t[]", disk, require_writable=True)
        assert lib.t64_vm_disk(self.vm, self.disk, len(disk) // 512, writable) == lib.T64_OK

    def save(self) -> bytes:
        size = lib.t64_vm_save_size(self.vm, True)
        buffer = ffi.new("uint8_t[]", size)
        assert lib.t64_vm_save(self.vm, buffer, size, True) == lib.T64_OK
        return bytes(ffi.buffer(buffer))

    def load(self, snapshot: bytes) -> int:
        return lib.t64_vm_load(self.vm, snapshot, len(snapshot), False)
