"""The CPU: registers, the way to memory, traps, interrupts and time. What each instruction does is in `meaning`."""

from __future__ import annotations

from functools import lru_cache

from toyvm.isa import coding
from toyvm.isa.control import ALL_BITS, BY_NUMBER, INFO_FIELDS, Concern
from toyvm.isa.declare import Class, Instruction
from toyvm.isa.machine import VERSION, Level
from toyvm.isa.traps import BY_NAME as CAUSES
from toyvm.isa.traps import INTERRUPTS, Cause
from toyvm.reference import meaning
from toyvm.reference.control import ControlRegisters
from toyvm.reference.devices import Devices
from toyvm.reference.memory import Memory
from toyvm.reference.mmu import Mmu
from toyvm.reference.paging import Access
from toyvm.reference.stops import Halt, Stop
from toyvm.reference.traps import Trap
from toyvm.reference.words import sign_extend, u64

TIMER_BIT = 1 << CAUSES["timer"].number
INFO_MEMORY = INFO_FIELDS[2].mask
INSTRUCTION_SIZE = 4

_decode = lru_cache(maxsize=1 << 16)(coding.decode)


class Cpu:
    """One T64 CPU with its memory and devices."""

    def __init__(self, memory: Memory, devices: Devices, level: Level) -> None:
        self.memory = memory
        self.devices = devices
        self.level = level
        self.x = [0] * 32
        self.pc = 0
        self.control = ControlRegisters()
        self.retired = 0
        self.skipped = 0  # ticks
        self.mmu = Mmu(memory, self.control)
        self.traps: dict[str, int] = {}  # how often each cause was entered
        self.executed: dict[str, int] = {}  # how often each instruction retired
        self._fresh = False  # nothing has retired since the last trap
        self._next_pc = 0
        self._word = 0  # the instruction under way

    # One step.

    def step(self) -> None:
        """Take an interrupt, or execute one instruction. Raises Halt where the machine stops."""
        interrupt = self._interrupt()
        if interrupt is not None:
            self._enter_trap(interrupt, tval=0)
            return
        try:
            row = self._execute()
        except Trap as trap:
            self._take_exception(trap)
            return
        self._retire(row)

    def _execute(self) -> Instruction:
        self._word = self._fetch()
        decoded = _decode(self._word)
        if decoded is None:
            raise self.illegal()
        if self.control.user_mode and self._traps_in_user_mode(decoded.instruction):
            raise Trap("privileged_instruction", self._word)
        self._next_pc = u64(self.pc + INSTRUCTION_SIZE)
        meaning.MEANING[decoded.instruction.mnemonic](self, *decoded.values)
        return decoded.instruction

    def _retire(self, row: Instruction) -> None:
        self.pc = self._next_pc
        self.retired += 1
        self._fresh = False
        self.executed[row.mnemonic] = self.executed.get(row.mnemonic, 0) + 1
        if row.mnemonic == "wfi":
            self._wait()
        self.devices.advance(self.time)
        if self.devices.exit_code is not None:
            raise Halt(Stop.EXIT, f"switched off with exit code {self.devices.exit_code}")

    def _traps_in_user_mode(self, row: Instruction) -> bool:
        if row.cls is Class.CRITICAL and self.level is Level.HYBRID:
            return row.mnemonic != "setst"
        if row.cls is Class.CRITICAL:
            return self.level is not Level.CLASSIC
        return row.cls is Class.PRIVILEGED

    # Traps and interrupts.

    def _interrupt(self) -> Cause | None:
        """The interrupt to take now: the first of the declared order."""
        if not self.control.interrupts_enabled:
            return None
        wanted = self.pending & self.control["imask"]
        return next((cause for cause in INTERRUPTS if wanted >> cause.number & 1), None)

    def _take_exception(self, trap: Trap) -> None:
        if self._fresh:
            raise Halt(
                Stop.FAULT,
                f"double fault: {trap.cause.name} at pc {self.pc:#x} (tval {trap.tval:#x}), before anything had "
                f"retired since the trap with cause {self.control['cause']:#x} at {self.control['epc']:#x}",
                trap,
            )
        self._enter_trap(trap.cause, trap.tval)

    def _enter_trap(self, cause: Cause, tval: int) -> None:
        self.control["epc"] = self.pc
        self.control["cause"] = cause.code
        self.control["tval"] = tval
        self.control.enter_kernel()
        self.pc = self.control["tvec"]
        self._fresh = True
        self.traps[cause.name] = self.traps.get(cause.name, 0) + 1

    def illegal(self) -> Trap:
        """The trap for what the word under way asks."""
        return Trap("illegal_instruction", self._word)

    # Time.

    @property
    def time(self) -> int:
        return u64(self.retired + self.skipped)

    @property
    def pending(self) -> int:
        """What `ipend` reads."""
        return TIMER_BIT * (self.time >= self.control["timecmp"]) | self.devices.pending

    def _wait(self) -> None:
        """The end of a retired wfi: let time skip to the next event that imask lets in."""
        self.devices.advance(self.time)
        if self.pending & self.control["imask"]:
            return
        ticks = self._ticks_to_event()
        if ticks is None:
            raise Halt(Stop.IDLE, f"wfi at {u64(self.pc - INSTRUCTION_SIZE):#x}: nothing can end it")
        self.skipped += ticks

    def _ticks_to_event(self) -> int | None:
        mask, timecmp = self.control["imask"], self.control["timecmp"]
        timer = timecmp - self.time if mask & TIMER_BIT and timecmp != ALL_BITS else None
        device = self.devices.ticks_to_event(mask, self.time)
        return min((ticks for ticks in (timer, device) if ticks is not None), default=None)

    # Memory.

    def _fetch(self) -> int:
        if self.pc % INSTRUCTION_SIZE:
            raise Trap("fetch_misaligned", self.pc)
        word = self.memory.load(self.mmu.translate(self.pc, Access.FETCH), INSTRUCTION_SIZE)
        self.mmu.accessed(self.pc, Access.FETCH)
        return word

    def place(self, rs1: int, imm: int) -> int:
        """The address that a load or store names. One of the kernel's may find a monitor in the window there."""
        address = u64(self.x[rs1] + imm)
        if rs1 and not self.control.user_mode:
            self.mmu.watch_window(address)
        return address

    def load(self, address: int, size: int) -> int:
        """The unsigned value of `size` bytes."""
        if address % size:
            raise Trap("load_misaligned", address)
        value = self.memory.load(self.mmu.translate(address, Access.LOAD), size)
        self.mmu.accessed(address, Access.LOAD)
        return value

    def store(self, address: int, size: int, value: int) -> None:
        if address % size:
            raise Trap("store_misaligned", address)
        self.memory.store(self.mmu.translate(address, Access.STORE), size, value)
        self.mmu.accessed(address, Access.STORE)

    # What instructions do, in words shared by several.

    def write(self, rd: int, value: int) -> None:
        """Set a register to the low 64 bits of `value`; x0 stays 0."""
        if rd:
            self.x[rd] = u64(value)

    def load_extended(self, rd: int, address: int, size: int) -> None:
        self.write(rd, sign_extend(self.load(address, size), 8 * size))

    def jump(self, target: int) -> None:
        """A taken branch or jal. One to itself that nothing can interrupt ends the machine."""
        if target == self.pc and not self.control.interrupts_enabled:
            raise Halt(Stop.FAULT, f"stuck: jump to itself at {self.pc:#x} with interrupts off")
        self._next_pc = target

    def jump_register(self, rd: int, target: int) -> None:
        target &= ~1
        if target & 2:
            raise Trap("fetch_misaligned", target)
        self.write(rd, self.pc + INSTRUCTION_SIZE)
        self._next_pc = target

    def return_from_trap(self) -> None:
        self.control.leave_kernel()
        self._next_pc = self.control["epc"]

    def forget_page(self, register: int) -> None:
        """tlbi: of the page in a register, of all if it is x0."""
        if register == 0:
            self.mmu.forget_all()
        else:
            self.mmu.forget_page(self.x[register])

    def set_interrupts(self, value: int) -> None:
        """setst; dropped where user mode gets as far as this."""
        if not self.control.user_mode:
            self.control.interrupts_enabled = bool(value & 1)

    # Control registers and ports by number.

    def read_control(self, number: int) -> int:
        register = BY_NUMBER.get(number)
        if register is None:
            raise self.illegal()
        computed = {"time": self.time, "ipend": self.pending, "info": VERSION | self.memory.size & INFO_MEMORY}
        return computed[register.name] if register.name in computed else self.control[register.name]

    def write_control(self, number: int, value: int) -> None:
        register = BY_NUMBER.get(number)
        if register is None or not register.writable or value & ~register.writable:
            raise self.illegal()
        self.control[register.name] = value
        if register.concerns is Concern.TRANSLATIONS:
            self.mmu.forget_all()

    def exchange_control(self, rd: int, number: int, value: int) -> None:
        old = self.read_control(number)
        self.write_control(number, value)
        self.write(rd, old)

    def read_port(self, rd: int, port: int) -> None:
        if not self.devices.readable(port):
            raise self.illegal()
        self.write(rd, self.devices.read(port, self.time))

    def write_port(self, port: int, value: int) -> None:
        if not self.devices.writable(port):
            raise self.illegal()
        self.devices.write(port, value, after=u64(self.time + 1))

    def trap(self, cause: str) -> None:
        raise Trap(cause, 0)

    def hypercall(self) -> None:
        """The bare machine has no monitor to ask."""
        raise self.illegal()
