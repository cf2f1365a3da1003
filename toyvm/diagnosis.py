"""Diagnoses: where a guest stopped and why, for people. Names, source lines, registers and the trap's own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from toyvm.isa.control import CONTROL_REGISTERS, IE, MODE, PIE, PMODE
from toyvm.isa.registers import ABI_NAMES
from toyvm.isa.traps import BY_CODE
from toyvm.native import lib
from toyvm.outcome import Fault, Outcome, Stop

if TYPE_CHECKING:
    from toyvm.computer import Computer
    from toyvm.image import Location

KINDS = {
    lib.T64_FAULT_DOUBLE: ("double fault", "an exception came before anything had retired since the trap before it"),
    lib.T64_FAULT_STUCK: ("stuck", "it jumps to itself with interrupts off, so nothing can ever end that"),
    lib.T64_FAULT_NO_HANDLER: ("no handler", "its trap table names no handler for this cause"),
    lib.T64_FAULT_BAD_PAGE_TABLE: ("bad page table", "its page tables cannot be used"),
}
_END_OF_ADDRESSES = 1 << 64
_REGISTERS_A_ROW = 4
_CODE_BEFORE, _CODE_AFTER = 3, 2  # instructions shown around pc


class Inspectable(Protocol):
    """What a diagnosis looks at: any computer, on any engine."""

    @property
    def pc(self) -> int: ...
    @property
    def retired(self) -> int: ...
    @property
    def exits(self) -> dict[str, int]: ...
    def state_words(self) -> tuple[int, ...]: ...
    def locate(self, address: int) -> Location | None: ...
    def disassemble(self, address: int, word: int | None = None) -> str | None: ...
    def instruction_at(self, address: int) -> int | None: ...


def conclude(computer: Computer, stop: Stop, seconds: float) -> Outcome:
    """The outcome of a native run that has just stopped, whatever state the guest has left behind."""
    exit_code = int(computer.stop_info.exit_code) if stop is Stop.EXIT else None
    try:
        fault = _fault(computer) if stop is Stop.FAULT else None
        detail = detail_of(computer, stop, exit_code, fault)
        report = describe(computer, detail, fault) if fault else ""
    except Exception as error:  # it must not end more than this guest: neighbours go on
        fault = _bare_fault(computer) if stop is Stop.FAULT else None
        detail = f"the guest stopped ({stop}) at {computer.pc:#x}; describing it failed: {error!r}"
        report = detail if fault else ""
    return Outcome(stop, computer.retired, seconds, detail, exit_code, fault, report)


def _bare_fault(computer: Computer) -> Fault:
    """What the core says of a fault, with nothing looked up in the guest."""
    info = computer.stop_info
    kind, _ = KINDS.get(info.fault, (f"fault {info.fault}", ""))
    pc = int(info.pc)
    return Fault(kind, None, pc, int(info.tval), None, f"{pc:#x}")


def _fault(computer: Computer) -> Fault:
    info = computer.stop_info
    kind, _ = KINDS[info.fault]
    cause = BY_CODE.get(int(info.cause))
    pc = int(info.pc)
    return Fault(kind, cause.name if cause else None, pc, int(info.tval), computer.disassemble(pc), place(computer, pc))


def detail_of(computer: Inspectable, stop: Stop, exit_code: int | None, fault: Fault | None) -> str:
    """One line for people on why the run ended."""
    if fault is not None:
        return fault_sentence(fault)
    if stop is Stop.EXIT:
        return f"the guest switched itself off with exit code {exit_code}"
    where = f"at {place(computer, computer.pc)}"
    return {
        Stop.IDLE: f"the guest waits {where} for what can never come",
        Stop.LIMIT: f"the limit on instructions stopped the guest {where}",
        Stop.TIMEOUT: f"the time limit stopped the guest {where}",
        Stop.INTERRUPTED: f"interrupted {where}",
    }[stop]


def fault_sentence(fault: Fault) -> str:
    """One line: the guest cannot go on, where and why."""
    why = dict(KINDS.values()).get(fault.kind, "")
    cause = f", {fault.cause} ({fault.address:#x})" if fault.cause and fault.kind != "stuck" else ""
    return f"the guest cannot go on at {fault.location}: {fault.kind}{cause}: {why}"


def place(computer: Inspectable, address: int) -> str:
    """An address with the source line and symbol it belongs to."""
    location = computer.locate(address)
    known = location is not None and (location.symbol is not None or location.file is not None)
    return f"{address:#x} {location}" if known else f"{address:#x}"


def describe(computer: Inspectable, headline: str, fault: Fault | None = None) -> str:
    """The whole report on a stopped guest: headline, code around pc, trap state, registers, exits."""
    pc = fault.pc if fault else computer.pc
    words = computer.state_words()
    control = dict(zip((register.name for register in CONTROL_REGISTERS), words[len(ABI_NAMES) + 1 :], strict=True))
    blocks = [
        [headline, f"  after {computer.retired} instructions"],
        list(_code(computer, pc, control["epc"])),
        list(_last_trap(computer, control)),
        list(_registers(words)),
        list(_controls(control)),
        list(_exits(computer)),
    ]
    return "\n".join(line for block in blocks for line in block)


def _code(computer: Inspectable, pc: int, before: int) -> Iterator[str]:
    """The code around pc, or, where there is none, around the instruction that trapped before."""
    if computer.instruction_at(pc) is None and computer.instruction_at(before) is not None:
        yield f"  code around {before:#x}, for at {pc:#x} nothing can be fetched"
        pc = before
    else:
        yield "  code"
    for address in range(pc - 4 * _CODE_BEFORE, pc + 4 * _CODE_AFTER + 4, 4):
        word = computer.instruction_at(address) if 0 <= address < _END_OF_ADDRESSES else None
        mark = "->" if address == pc else "  "
        if word is not None:
            yield f"  {mark} {address:#010x}  {word:08x}  {computer.disassemble(address, word)}"
        elif address == pc:
            yield f"  {mark} {address:#010x}  nothing can be fetched here"


def _last_trap(computer: Inspectable, control: dict[str, int]) -> Iterator[str]:
    cause = BY_CODE.get(control["cause"])
    if cause is None:
        return
    mode = "user" if control["status"] & PMODE else "kernel"
    interrupts = "on" if control["status"] & PIE else "off"
    yield f"  last trap: {cause.name}: {cause.description}"
    origin = place(computer, control["epc"])
    yield f"    from {origin}, in {mode} mode, interrupts {interrupts}, tval {control['tval']:#x}"


def _registers(words: tuple[int, ...]) -> Iterator[str]:
    yield "  registers"
    named = [f"{name:>4} {value:016x}" for name, value in zip(ABI_NAMES, words, strict=False)]
    for start in range(0, len(named), _REGISTERS_A_ROW):
        yield "  " + "  ".join(named[start : start + _REGISTERS_A_ROW])


def _controls(control: dict[str, int]) -> Iterator[str]:
    mode = "user" if control["status"] & MODE else "kernel"
    yield f"  control registers ({mode} mode, interrupts {'on' if control['status'] & IE else 'off'})"
    named = [f"{name:>7} {value:016x}" for name, value in control.items()]
    for start in range(0, len(named), _REGISTERS_A_ROW):
        yield "  " + "  ".join(named[start : start + _REGISTERS_A_ROW])


def _exits(computer: Inspectable) -> Iterator[str]:
    if computer.exits:
        counts = sorted(computer.exits.items(), key=lambda item: -item[1])
        yield "  exits: " + ", ".join(f"{name} {count}" for name, count in counts)
