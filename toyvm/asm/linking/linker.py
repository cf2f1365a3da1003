"""The linker: units become one image. Lays sections out, gives every symbol its number, fills every hole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from toyvm.asm.diagnostics import Complaint, Log, closest, did_you_mean
from toyvm.asm.doubts import doubt
from toyvm.asm.encoding import WordHole, address_in, not_a_number
from toyvm.asm.expressions import Name, Node, PcrelHigh
from toyvm.asm.frames import diagnose, diagnose_text, diagnose_word
from toyvm.asm.linking.placement import Output, place
from toyvm.asm.operands import take_apart
from toyvm.asm.sections import NumericLabel, Origin, Symbol, Unit, check_chain
from toyvm.asm.t64inc import NAME as VIRTUAL_INCLUDE
from toyvm.asm.t64inc import constants
from toyvm.asm.values import NotKnown, Relative, Value
from toyvm.errors import Diagnostic
from toyvm.isa.control import BY_NAME as CONTROL_BY_NAME
from toyvm.isa.declare import Group, Instruction, Operand
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.isa.ports import BY_NAME as PORT_BY_NAME
from toyvm.isa.ports import PORTS
from toyvm.isa.registers import REGISTERS

ENTRY = "_start"
_STRONG = (2, 0)  # the rank of a symbol that can be defined only once


@dataclass
class Linked:
    """What linking has decided."""

    outputs: list[Output]
    entry: int
    globals: dict[str, tuple[Unit, Symbol]] = field(default_factory=dict)
    numbers: dict[Unit, Numbers] = field(default_factory=dict)
    sizes: dict[tuple[Unit, str], int] = field(default_factory=dict)
    undefined: set[str] = field(default_factory=set)  # names that are used and defined nowhere


class Numbers:
    """One unit's symbols as numbers: the scope of expressions when every address is known."""

    def __init__(self, unit: Unit, shared: dict[str, tuple[Unit, Symbol]], of_unit: Callable[[Unit], Numbers]) -> None:
        self.unit = unit
        self._shared = shared
        self._of_unit = of_unit
        self._evaluating: list[str] = []
        self._highs: dict[int, int] | None = None
        self.known = {
            name: symbol.value if isinstance(symbol.value, int) else _address(symbol.value)
            for name, symbol in unit.symbols.items()
            if isinstance(symbol.value, int | Relative) and not self._yields(symbol)
        }

    def _yields(self, symbol: Symbol) -> bool:
        """Is another source's symbol of that name the one that is meant, here too?"""
        return symbol.is_shared and symbol.value is not None and self._shared[symbol.name][1] is not symbol

    def symbol(self, name: str) -> int:
        value = self.known.get(name)
        if value is None:
            value = self.known[name] = self._look_up(name)
        return value

    def _look_up(self, name: str) -> int:
        symbol = self.unit.symbols.get(name)
        if symbol is None or symbol.value is None or self._yields(symbol):
            found = self._shared.get(name)
            if found is not None and found[0] is not self.unit:
                return self._of_unit(found[0]).symbol(name)
            if symbol is not None and symbol.is_weak:
                return 0
            if name in self.unit.sections:
                return self.unit.sections[name].address  # where this source's part of it begins
            raise NotKnown(f"undefined symbol '{name}'", name)
        check_chain(name, self._evaluating)
        assert isinstance(symbol.value, Node)
        self._evaluating.append(name)
        try:
            return self.evaluate(symbol.value, _address(symbol.here))
        finally:
            self._evaluating.pop()

    def evaluate(self, node: Node, here: int) -> int:
        value = node.evaluate(_Place(self, here))
        assert isinstance(value, int)
        return value

    def pcrel_high_at(self, address: int) -> int:
        if self._highs is None:
            self._highs = dict(self._distances())
        if address not in self._highs:
            raise Complaint(f"there is no auipc with %pcrel_hi at {address:#x}, where this %pcrel_lo points")
        return self._highs[address]

    def _distances(self) -> list[tuple[int, int]]:
        """Address and distance of every `%pcrel_hi` of the unit that has one."""
        found = []
        for section in self.unit.sections.values():
            for fixup in section.fixups:
                if isinstance(fixup.node, PcrelHigh):
                    here = section.address + fixup.offset
                    try:
                        found.append((here, fixup.node.distance(_Place(self, here))))
                    except (NotKnown, Complaint):
                        continue  # said where the %pcrel_hi itself is filled in
        return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A unit's numbers, as seen from one address."""

    numbers: Numbers
    address: int

    def here(self) -> Value:
        return self.address

    def symbol(self, name: str) -> Value:
        return self.numbers.symbol(name)

    def place_of(self, label: NumericLabel) -> Value:
        if label.place is None:
            raise NotKnown(f"there is no label '{label.number}:' after this line", f"{label.number}f")
        return _address(label.place)

    def pcrel_high_at(self, address: int) -> int:
        return self.numbers.pcrel_high_at(address)


def _address(value: Value) -> int:
    return value if isinstance(value, int) else value.section.address + value.offset


def link(units: Sequence[Unit], base: int, entry: str | None, log: Log) -> Linked:
    """Link; what is wrong goes to the log."""
    outputs = place(units, base, log)
    linked = Linked(outputs, 0, _globals(units, log))
    for unit in units:
        linked.numbers[unit] = Numbers(unit, linked.globals, linked.numbers.__getitem__)
    for unit in units:
        _definitions(unit, linked, units, log)
        _fill(unit, linked, units, log)
        _sizes(unit, linked, units, log)
    for unit in units:
        _declarations(unit, linked, log)
    linked.entry = _entry(units, linked, entry, log)
    return linked


def _globals(units: Sequence[Unit], log: Log) -> dict[str, tuple[Unit, Symbol]]:
    found: dict[str, tuple[Unit, Symbol]] = {}
    for unit in units:
        for symbol in unit.symbols.values():
            if not symbol.is_shared or symbol.value is None:
                continue  # its own affair, or declared here and defined elsewhere
            first = found.get(symbol.name)
            if first is not None and symbol.rank == first[1].rank == _STRONG:
                _complain_twice(symbol, first, log)
            elif first is None or symbol.rank > first[1].rank:
                found[symbol.name] = (unit, symbol)
    return found


def _complain_twice(symbol: Symbol, first: tuple[Unit, Symbol], log: Log) -> None:
    origin = first[1].origin
    where = f"{origin.frame.source.name}:{origin.number}" if origin else first[0].name
    notes = (f"    first defined at {where}",)
    assert symbol.origin is not None, "a symbol becomes global by a directive, which is its origin at the least"
    column = max(0, symbol.origin.text.find(symbol.name))
    complaint = Complaint(f"global symbol '{symbol.name}' is already defined", None, column, len(symbol.name), notes)
    log.add(diagnose_text(symbol.origin, complaint))


def _fill(unit: Unit, linked: Linked, units: Sequence[Unit], log: Log) -> None:
    """Fill the holes of one unit, the common case first: a plain symbol that is known."""
    numbers = linked.numbers[unit]
    known = numbers.known
    for section in unit.sections.values():
        data, address = section.data, section.address
        for fixup in section.fixups:
            node, offset, hole = fixup.node, fixup.offset, fixup.hole
            try:
                value = known.get(node.name) if type(node) is Name else None
                if value is None:
                    value = numbers.evaluate(node, address + offset)
                filled = data[offset : offset + hole.size] = hole.fill(value, address + offset)
                if type(hole) is WordHole and (found := doubt(int.from_bytes(filled, "little"))) is not None:
                    log.warn(diagnose_word(fixup.origin, found.message, found.operand))
            except Complaint as complaint:
                log.add(diagnose(fixup.origin, hole.blame(complaint)))
            except NotKnown as error:
                names = CONTROL_BY_NAME if isinstance(hole, WordHole) and hole.operand is Operand.CR else ()
                missing = undefined(error, unit, linked, units, names)
                if isinstance(hole, WordHole) and hole.operand is Operand.PORT:
                    missing.notes = _port_meant(error.name, hole.row, unit) or missing.notes
                missing.notes = missing.notes or _address_meant(error.name, fixup.origin)
                log.add(diagnose(fixup.origin, hole.blame(missing)))


def _address_meant(name: str, origin: Origin) -> tuple[str, ...]:
    """For a register where a load or store has its address."""
    row = BY_MNEMONIC.get(take_apart(origin.text).word)
    is_access = row is not None and row.group is Group.MEMORY
    return address_in(name) if name in REGISTERS and is_access else ()


def _port_meant(name: str, row: Instruction, unit: Unit) -> tuple[str, ...]:
    """For the name of a port or device where a port's constant stands: which of them the instruction can reach."""
    if name in constants():
        return ()
    word = name.lower().removeprefix("port_")
    ports = [port for port in PORTS if word in (port.name, port.device)]
    if not ports and (meant := closest(word, PORT_BY_NAME)) is not None:
        ports = [PORT_BY_NAME[meant]]
    reached = [port for port in ports if (port.read if row.mnemonic == "in" else port.write) is not None]
    names = [f"PORT_{port.name}".upper() for port in reached or ports]
    if not names:
        return ()
    where = "" if _defines(unit, names[0]) else f', declared in {VIRTUAL_INCLUDE}: .include "{VIRTUAL_INCLUDE}"'
    return (f"    the port is {' or '.join(names)}{where}",)


def undefined(
    error: NotKnown, unit: Unit, linked: Linked, units: Sequence[Unit], also: Iterable[str] = ()
) -> Complaint:
    """What to say of a symbol that is nowhere: a label behind `1f`, a constant of t64.inc, a name not global."""
    name = error.name
    linked.undefined.add(name)
    if name in REGISTERS:
        return Complaint(not_a_number(name), None, error.offset, len(name))
    if name[:1].isdigit():
        return Complaint(error.message, None, error.offset, len(name))
    notes: tuple[str, ...] = ()
    elsewhere = next((other for other in units if other is not unit and _defines(other, name)), None)
    if elsewhere is not None:
        notes = (f"    {elsewhere.name} defines it, but not as .globl",)
    elif name in constants():
        notes = (f'    it is declared in {VIRTUAL_INCLUDE}: .include "{VIRTUAL_INCLUDE}"',)
    else:
        symbols = unit.symbols.values()
        own = (symbol.name for symbol in symbols if symbol.value is not None)
        notes = did_you_mean(name, chain(also, own, linked.globals))
    return Complaint(error.message, None, error.offset, len(name), notes)


def _defines(unit: Unit, name: str) -> bool:
    symbol = unit.symbols.get(name)
    return symbol is not None and symbol.value is not None


def _entry(units: Sequence[Unit], linked: Linked, name: str | None, log: Log) -> int:
    """Where execution starts: the name given, `.entry`, `_start`, or the start of .text, whichever there is first."""
    declared = next(((unit, *unit.entry) for unit in units if unit.entry is not None), None)
    if name is None and declared is not None:
        unit, node, origin = declared
        return _number(unit, node, 0, (origin, 0), linked, units, log)
    wanted = name or ENTRY
    if wanted in linked.globals:
        return linked.numbers[linked.globals[wanted][0]].symbol(wanted)
    owner = next((unit for unit in units if _defines(unit, wanted)), None)  # for itself alone
    if owner is not None:
        return linked.numbers[owner].symbol(wanted)
    if name is not None:
        known = [symbol for unit in units for symbol in unit.symbols]
        log.add(
            Diagnostic(units[0].name, 1, 1, f"the entry point '{name}' is not defined", notes=did_you_mean(name, known))
        )
    text = next((output for output in linked.outputs if output.name == ".text" and output.size), None)
    if text is None and log.diagnostics:
        return 0  # what is wrong may well be why it is missing
    if text is None:
        log.add(Diagnostic(units[0].name, 1, 1, f"there is no entry point: no symbol {ENTRY}, and nothing in .text"))
        return 0
    return text.address


def _number(
    unit: Unit, node: Node, here: int, where: tuple[Origin, int], linked: Linked, units: Sequence[Unit], log: Log
) -> int:
    """The value of an expression; 0, with a complaint about an operand of a statement, if it has none."""
    origin, operand = where
    try:
        return linked.numbers[unit].evaluate(node, here)
    except NotKnown as error:
        log.add(_diagnose_operand(origin, operand, undefined(error, unit, linked, units)))
    except Complaint as complaint:
        log.add(_diagnose_operand(origin, operand, complaint))
    return 0


def _diagnose_operand(origin: Origin, operand: int, complaint: Complaint) -> Diagnostic:
    """A complaint about an operand of a directive; of an assignment, about what stands behind the sign."""
    complaint.operand = operand
    parts = take_apart(origin.text)
    if parts.operands.startswith("="):
        expression = parts.operands[1:]
        complaint.operand = 0
        complaint.offset += 1
        if not complaint.width:  # about all of it
            complaint.offset += len(expression) - len(expression.lstrip())
            complaint.width = len(expression.strip())
    return diagnose(origin, complaint)


def _sizes(unit: Unit, linked: Linked, units: Sequence[Unit], log: Log) -> None:
    """The sizes that `.size` gives."""
    for symbol in unit.symbols.values():
        if symbol.size is not None and symbol.size_origin is not None:
            here = _address(symbol.size_here)
            size = _number(unit, symbol.size, here, (symbol.size_origin, 1), linked, units, log)
            if 0 <= size < 1 << 64:
                linked.sizes[unit, symbol.name] = size
            else:
                log.add(diagnose(symbol.size_origin, Complaint(f"size {size} is not a number of bytes", 1)))


def _definitions(unit: Unit, linked: Linked, units: Sequence[Unit], log: Log) -> None:
    """Symbols given by expressions are worked out even if nothing uses them, so that mistakes in them show."""
    for symbol in unit.symbols.values():
        if isinstance(symbol.value, Node) and symbol.origin is not None:
            here = _address(symbol.here)
            value = _number(unit, symbol.value, here, (symbol.origin, 1), linked, units, log)
            if linked.globals.get(symbol.name, (unit, symbol))[1] is symbol or not symbol.is_shared:
                linked.numbers[unit].known.setdefault(symbol.name, value)


def _declarations(unit: Unit, linked: Linked, log: Log) -> None:
    """What is declared for all, and neither defined anywhere nor complained of where it is used."""
    for symbol in unit.symbols.values():
        is_needed = symbol.is_global and not symbol.is_weak
        is_missing = symbol.value is None and symbol.name not in linked.globals and symbol.name not in linked.undefined
        if is_needed and is_missing and symbol.origin:
            column = max(0, symbol.origin.text.find(symbol.name))
            message = f"symbol '{symbol.name}' is declared global but defined nowhere"
            log.add(diagnose_text(symbol.origin, Complaint(message, None, column, len(symbol.name))))
