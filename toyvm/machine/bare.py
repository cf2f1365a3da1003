"""The bare machine: the T64 itself, with nobody between it and its kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from toyvm.errors import ToyvmError
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, DEFAULT_MEMORY, Level
from toyvm.machine.computer import Computer
from toyvm.machine.config import native_config
from toyvm.machine.console import Input, open_input
from toyvm.machine.disk import open_disk
from toyvm.machine.gate import MACHINE_IN_USE, Gate, one_thread_at_a_time
from toyvm.machine.holding import Holding
from toyvm.machine.tlb import TlbShape, tlb_shape
from toyvm.native import ffi, lib

if TYPE_CHECKING:
    from toyvm.machine.disk import DiskSource
    from toyvm.recompiler.options import Recompiling


@one_thread_at_a_time()
class Machine(Computer):
    """A T64 of its own: CPU, memory, console, disk, power and clock.

    `registers` has the general ones and pc (`machine.registers.a0`), `control` the control registers
    (`machine.control.tvec`), `memory` what is at guest-physical addresses (`machine.memory[0x1000:0x1010]`,
    `machine.memory.dword("counter")`); all may be read and written between runs. `load` an image, `run` it, and `close`
    the machine in the end, as `with` does.
    """

    _noun = "machine"

    def __new__(  # type: ignore[misc]  # of the reference it makes a machine in Python, with the same handles
        cls,
        memory: int | str = DEFAULT_MEMORY,
        *,
        engine: str | Recompiling = "interpreter",
        level: Level | str = Level.STRICT,
        **options: Any,
    ) -> Computer:
        if engine != "reference":
            return super().__new__(cls)
        return _reference(memory, level, **options)

    def __init__(
        self,
        memory: int | str = DEFAULT_MEMORY,
        *,
        level: Level | str = Level.STRICT,
        input: Input = None,
        output: BinaryIO | None = None,
        disk: DiskSource = None,
        disk_writable: bool = True,
        disk_cache: bool = True,
        disk_latency: int = DEFAULT_DISK_LATENCY,
        clock_base: int = DEFAULT_CLOCK_BASE,
        tlb: str | TlbShape | None = None,
        engine: str | Recompiling = "interpreter",
    ) -> None:
        """Switch a machine on.

        `memory`: bytes, or a text like "16M". `input`: bytes, a binary file object or an input source. `output`: a
        binary file object; None keeps it in `output`. `disk`: a file, written back at `close`, a bytearray, changed
        in place, or a medium of a power cut, which is copied. Without a `disk_cache` each write lasts once it is
        complete. `disk_latency` in ticks, `clock_base` in nanoseconds since the Unix epoch. `tlb`: the size of a
        modelled TLB, as "64x4": entries and ways; its counts are in `tlb`. `engine`: "interpreter",
        "recompiler" or the latter's options, or "reference", which gives a Computer of another class. Raises UsageError
        and BadFileError.
        """
        recompiling = None
        if engine != "interpreter":
            from toyvm.recompiler.options import recompiling_of

            recompiling = recompiling_of(engine)
        config = native_config(memory, level, clock_base, disk_latency)
        shape = None if tlb is None else tlb_shape(tlb)
        opened = open_disk(disk, disk_writable, disk_cache)
        vm = lib.t64_machine_new(config)
        if vm == ffi.NULL:
            raise ToyvmError(f"the host has no memory for a machine of {config.memory} bytes")
        gate = Gate(MACHINE_IN_USE)
        super().__init__(Holding(vm, lib.t64_vm_free, gate), gate, input, output, opened)
        self._holding.watch(self, self._noun)
        if shape is not None:
            self._model_tlb(shape)
        if recompiling is not None:
            from toyvm.recompiler.worker import Recompiler

            try:
                attach = lib.t64_machine_recompile
                self._holding.recompiler = Recompiler(lambda options: attach(vm, options), recompiling)
            except BaseException:
                self.close()
                raise


def _reference(
    memory: int | str,
    level: Level | str,
    input: Input = None,
    output: BinaryIO | None = None,
    disk: DiskSource = None,
    disk_writable: bool = True,
    disk_cache: bool = True,
    disk_latency: int = DEFAULT_DISK_LATENCY,
    clock_base: int = DEFAULT_CLOCK_BASE,
    tlb: str | TlbShape | None = None,
) -> Computer:
    from toyvm.machine.reference_engine import ReferenceEngine

    config, source = native_config(memory, level, clock_base, disk_latency), open_input(input)
    shape = None if tlb is None else tlb_shape(tlb)
    machine = ReferenceEngine(
        int(config.memory),
        level=level,
        input=source,
        output=output,
        disk=open_disk(disk, disk_writable, disk_cache),
        disk_latency=disk_latency,
        clock_base=clock_base,
    )
    if shape is not None:
        machine._model_tlb(shape)
    return machine
