"""Diagnoses: where a guest stopped and why, for people. Names, source lines, registers and the trap's own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from toyvm.isa.control import ALL_BITS, CONTROL_REGISTERS, IE, MODE, PIE, PMODE
from toyvm.isa.registers import ABI_NAMES
from toyvm.isa.traps import BY_CODE, BY_NAME
from toyvm.machine.outcome import Fault, Outcome, Stop, Trapped
from toyvm.native import lib

if TYPE_CHECKING:
    from toyvm.image import Image, Location
    from toyvm.importer.layout import Range
    from toyvm.machine.computer import Computer

DOUBLE, STUCK, NO_HANDLER = "double fault", "stuck", "no handler"
KINDS = {
    lib.T64_FAULT_DOUBLE: DOUBLE,
    lib.T64_FAULT_STUCK: STUCK,
    lib.T64_FAULT_NO_HANDLER: NO_HANDLER,
    lib.T64_FAULT_BAD_PAGE_TABLE: "bad page table",
}
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
    @property
    def hypercalls(self) -> dict[str, int]: ...
    @property
    def memory_size(self) -> int: ...
    @property
    def image(self) -> Image | None: ...
    def state_words(self) -> tuple[int, ...]: ...
    def pages(self) -> Iterator[tuple[int, bytes]]: ...
    def translate(self, address: int) -> int | None: ...
    def read(self, address: int, size: int) -> bytes: ...
    def locate(self, address: int) -> Location | None: ...
    def disassemble(self, address: int, word: int | None = None) -> str | None: ...
    def instruction_at(self, address: int) -> int | None: ...


def conclude(computer: Computer, stop: Stop, seconds: float) -> Outcome:
    """The outcome of a native run that has just stopped, whatever state the guest has left behind."""
    info = computer.stop_info
    exit_code = int(info.exit_code) if stop is Stop.EXIT else None
    fault = None
    try:
        if stop is Stop.FAULT:
            fault = fault_of(computer, KINDS[info.fault], int(info.cause), int(info.pc), int(info.tval))
        return outcome_of(computer, stop, seconds, exit_code, fault)
    except Exception as error:  # it must not end more than this guest: neighbours go on
        fault = _bare_fault(computer) if stop is Stop.FAULT else None
        detail = f"the guest stopped ({stop}) at {computer.pc:#x}; describing it failed: {error!r}"
        return Outcome(stop, computer.retired, seconds, detail, exit_code, fault, detail if fault else "")


def _bare_fault(computer: Computer) -> Fault:
    """What the core says of a fault, with nothing looked up in the guest."""
    info = computer.stop_info
    pc = int(info.pc)
    return Fault(KINDS.get(info.fault, f"fault {info.fault}"), None, pc, int(info.tval), None, f"{pc:#x}")


def outcome_of(
    computer: Inspectable, stop: Stop, seconds: float, exit_code: int | None, fault: Fault | None
) -> Outcome:
    """The outcome of any engine's run, in words too."""
    detail = detail_of(computer, stop, exit_code, fault)
    report = describe(computer, stop, fault) if fault else ""
    return Outcome(stop, computer.retired, seconds, detail, exit_code, fault, report)


def fault_of(computer: Inspectable, kind: str, cause: int, pc: int, tval: int) -> Fault:
    """A fault, and what it began with: at a double fault the trap registers still tell of the trap before."""
    trapped = _trapped(computer, cause, pc, tval)
    control = _control(computer)
    first = _trapped(computer, control["cause"], control["epc"], control["tval"]) if kind == DOUBLE else None
    return Fault(kind, *trapped, first)


def _trapped(computer: Inspectable, code: int, pc: int, tval: int) -> Trapped:
    cause = BY_CODE.get(code)
    name = cause.name if cause else None
    return Trapped(name, pc, tval, computer.disassemble(pc), place(computer, pc))


def _control(computer: Inspectable) -> dict[str, int]:
    values = computer.state_words()[len(ABI_NAMES) + 1 :]
    return dict(zip((register.name for register in CONTROL_REGISTERS), values, strict=True))


# One line for people.


def detail_of(computer: Inspectable, stop: Stop, exit_code: int | None, fault: Fault | None) -> str:
    """Why the run ended."""
    if fault is not None:
        return "; ".join(filter(None, (_fault_sentence(computer, fault), _advice(computer, fault))))
    if stop is Stop.EXIT:
        return f"the guest switched itself off with exit code {exit_code}"
    where = _where(computer, _focus(computer, stop))
    if stop is Stop.IDLE:
        from toyvm.machine.waits import why_endless

        return f"the guest waits at {where}, for what can never come: {why_endless(_control(computer))}"
    return {
        Stop.LIMIT: f"the limit on instructions stopped the guest at {where}",
        Stop.TIMEOUT: f"the time limit stopped the guest at {where}",
        Stop.INTERRUPTED: f"interrupted at {where}",
    }[stop]


def _fault_sentence(computer: Inspectable, fault: Fault) -> str:
    """The guest cannot go on: why, after what, and where."""
    from toyvm.machine.code_end import is_empty

    origin = fault.origin
    where = _where(computer, origin.pc)
    if is_empty(computer):
        return f"the guest cannot go on: nothing is loaded: memory is all zeros, at {where}"
    if fault.kind == STUCK:
        return (
            f"the guest cannot go on: stuck at {where}: it jumps to itself with interrupts off, which nothing can end"
        )
    if fault.kind not in (DOUBLE, NO_HANDLER):
        return f"the guest cannot go on: {fault.kind} at {where}: its page tables cannot be used"
    what = f"{_words(computer, origin)} at {where}{_about(origin)}"
    return f"the guest cannot go on: {_why_not_handled(computer, fault)}: {what}"


def _why_not_handled(computer: Inspectable, fault: Fault) -> str:
    if _ranges_of_program(computer) is not None:
        return "its program was ended"
    if fault.kind == NO_HANDLER:
        return "no handler (its trap table has none for this)"
    if fault.pc == _control(computer)["tvec"] == 0:
        return "no handler (tvec is 0)"
    failed = Trapped(fault.cause, fault.pc, fault.address, fault.instruction, fault.location)
    where = _where(computer, fault.pc)
    return f"double fault: its handler at {where}, begins with a fault ({_words(computer, failed)}{_about(failed)})"


def _words(computer: Inspectable, trapped: Trapped) -> str:
    if trapped.cause is None:
        return "a trap"
    cause = BY_NAME[trapped.cause]
    if cause.is_interrupt:
        return f"the {cause.name}'s interrupt"
    words = cause.name.replace("_", " ")
    if not _tells_the_word(trapped):
        return words
    return f"{words} ({computer.disassemble(trapped.pc, trapped.tval & 0xFFFFFFFF)})"


def _about(trapped: Trapped) -> str:
    """The address that it was about, if that is another than its own."""
    silent = trapped.cause is None or _tells_the_word(trapped) or BY_NAME[trapped.cause].tval == "0"
    return "" if silent or trapped.tval == trapped.pc else f", address {trapped.tval:#x}"


def _tells_the_word(trapped: Trapped) -> bool:
    """Is `tval` the instruction itself?"""
    return trapped.cause is not None and "word" in BY_NAME[trapped.cause].tval


def _ranges_of_program(computer: Inspectable) -> tuple[Range, ...] | None:
    """The pages of the imported program that the guest runs; None: it runs none."""
    from toyvm.importer.layout import PROGRAM, SUPERVISOR_END, ranges_in

    if computer.memory_size < SUPERVISOR_END:
        return None
    return ranges_in(computer.read(PROGRAM, SUPERVISOR_END - PROGRAM))


def _advice(computer: Inspectable, fault: Fault) -> str:
    if (ranges := _ranges_of_program(computer)) is not None:
        from toyvm.importer.faults import advice_on_program

        stack_pointer = computer.state_words()[ABI_NAMES.index("sp")]
        return advice_on_program(fault.origin.cause, fault.origin.tval, stack_pointer, ranges)
    from toyvm.machine.advice import advice_on
    from toyvm.techniques import BY_NAME as TECHNIQUES
    from toyvm.techniques import parse_variant

    technique = getattr(computer, "technique", "bare")
    is_known = technique.partition("+")[0] in TECHNIQUES  # and no monitor of somebody's own
    advice = advice_on(fault, parse_variant(technique), computer.hypercalls) if is_known else ""
    return advice or _advice_on_end(computer, fault.origin)


def _advice_on_end(computer: Inspectable, origin: Trapped) -> str:
    from toyvm.machine.code_end import end_run_past

    ended = end_run_past(computer, origin)
    if ended is None:
        return ""
    last = place(computer, origin.pc - 4)
    return f"execution ran past the end of {ended}, after {last}: a jump or the power-off is missing"


def place(computer: Inspectable, address: int) -> str:
    """The source line and symbol of an address, or itself where neither is known."""
    return str(computer.locate(address)) if _is_known(computer, address) else f"{address:#x}"


def _where(computer: Inspectable, pc: int) -> str:
    """As `place`, and pc."""
    return f"{place(computer, pc)}, pc {pc:#x}" if _is_known(computer, pc) else f"pc {pc:#x}"


def _is_known(computer: Inspectable, address: int) -> bool:
    location = computer.locate(address)
    return location is not None and (location.symbol is not None or location.file is not None)


def _focus(computer: Inspectable, stop: Stop) -> int:
    """The instruction to look at: that at pc, but the one that waits, which has retired."""
    before = (computer.pc - 4) & ALL_BITS
    waits = stop is Stop.IDLE and (computer.disassemble(before) or "").startswith(("wfi", "hcall"))
    return before if waits else computer.pc


# The whole report.


def describe(computer: Inspectable, stop: Stop, fault: Fault | None = None) -> str:
    """The whole report on a stopped guest: headline, code around where it stopped, trap state, registers, exits."""
    control = _control(computer)
    advice = _advice(computer, fault) if fault else ""
    # A handler that is there, but got nowhere.
    handler = fault.pc if fault and fault.kind == DOUBLE and fault.instruction is not None else 0
    exits = sorted(computer.exits.items(), key=lambda item: -item[1])
    blocks = [
        [_fault_sentence(computer, fault) if fault else detail_of(computer, stop, None, None)],
        [f"  {advice}"] if advice else [],
        [f"  after {computer.retired} instructions"],
        ["  code", *_code(computer, fault.origin.pc if fault else _focus(computer, stop))],
        ["  its handler", *_code(computer, handler)] if handler else [],
        list(_last_trap(computer, control)),
        list(_registers(computer.state_words())),
        list(_controls(control)),
        ["  exits: " + ", ".join(f"{name} {count}" for name, count in exits)] if exits else [],
    ]
    return "\n".join(line for block in blocks for line in block)


def _code(computer: Inspectable, pc: int) -> Iterator[str]:
    for address in range(pc - 4 * _CODE_BEFORE, pc + 4 * _CODE_AFTER + 4, 4):
        word = computer.instruction_at(address) if 0 <= address <= ALL_BITS else None
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
    origin = _where(computer, control["epc"])
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
