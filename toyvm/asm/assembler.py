"""The assembler: one source becomes one unit, in one pass over its statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toyvm.asm.diagnostics import Complaint, EndOfSource, GiveUp, did_you_mean
from toyvm.asm.directives.table import DIRECTIVES
from toyvm.asm.doubts import Doubt, doubt
from toyvm.asm.encoding import Code, Constant, Hole, Result, WordHole
from toyvm.asm.expressions import BoundLabel, Node
from toyvm.asm.foreign import foreign
from toyvm.asm.frames import Condition, Frame, diagnose, diagnose_text, diagnose_word
from toyvm.asm.operands import IDENTIFIER, STATEMENT, take_apart
from toyvm.asm.parser import label_number, parse
from toyvm.asm.pseudo import MNEMONICS, constant_code, late_constant_code
from toyvm.asm.sections import (
    LINE_BITS,
    MAXIMUM_SIZE,
    Fixup,
    NumericLabel,
    Origin,
    Section,
    Symbol,
    Unit,
    check_chain,
)
from toyvm.asm.session import Session
from toyvm.asm.source import Numbered, Source
from toyvm.asm.values import NotKnown, Relative, Value, describe
from toyvm.errors import AssemblyError
from toyvm.isa.registers import REGISTERS
from toyvm.limits import STATEMENTS_OF_A_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toyvm.asm.directives.macros import Macro

_MAXIMUM_CODES = 1 << 17  # statements that are remembered
_PLACEHOLDER = bytes(4)  # stands for an instruction that is wrong, so that what follows keeps its place


class Assembler:
    """Reads one source into a unit. It is the scope of early expressions, and what directives act upon."""

    def __init__(self, session: Session, source: Source, defines: dict[str, int]) -> None:
        self.session = session
        self.log = session.log
        self.unit = Unit(source.name)
        self.section = self.unit.section(".text")
        self.previous_section = self.section
        self.section_stack: list[tuple[Section, Section]] = []
        self.macros: dict[str, Macro] = {}
        self.expansions = 0  # what \@ counts
        self._passed: dict[int, NumericLabel] = {}  # what `1b` means here
        self._awaited: dict[int, NumericLabel] = {}  # what `1f` means, where something has said it
        self._evaluating: list[str] = []  # symbols whose definitions are being followed
        self._followed: dict[str, Value] = {}  # what those are worth that have been, in the same evaluation
        self._overridden = False  # a macro has an instruction's name: remembered statements no longer count
        self.frame = Frame(source, iter(()), session.file_number(source))
        self.number = 1
        self.text = ""
        for name, value in defines.items():
            self.unit.symbols[name] = Symbol(name, value)

    def run(self) -> Unit:
        """Read the source to its end. Complaints go to the log."""
        source = self.frame.source
        try:
            self.frame.rest = source.statements(self.spend)
            self.read(self.frame)
        except Complaint as complaint:
            self.complain(complaint)
        except AssemblyError as error:
            for diagnostic in error.diagnostics:
                self.log.add(diagnostic)
        except EndOfSource:
            pass
        return self.unit

    def read(self, frame: Frame) -> None:
        """Read every statement of a frame, then go back to the one that opened it."""
        outer, number, text = self.frame, self.number, self.text
        self.frame = frame
        try:
            self._statements(frame, frame.rest)
            if frame.conditions:
                self._unterminated(frame.conditions)
        except Complaint as complaint:  # what a run may make was used up
            self.complain(complaint)
        finally:
            self.frame, self.number, self.text = outer, number, text

    def _unterminated(self, conditions: list[Condition]) -> None:
        """One complaint, about the innermost: the `.endif` that is missing is most often its own."""
        more = len(conditions) - 1
        notes = (f"    and {more} more around it",) if more else ()
        complaint = Complaint("unterminated conditional: it has no .endif", notes=notes)
        self.log.add(diagnose(conditions[-1].origin, complaint))

    def _statements(self, frame: Frame, rest: Iterator[Numbered]) -> None:
        """The loop that has to be fast: most statements are instructions, and a good part of them is known already."""
        codes = self.session.codes
        match, encoders, macros = STATEMENT.match, MNEMONICS, self.macros
        base, fixed = frame.file_number << LINE_BITS, frame.place
        for self.number, text in rest:
            self.text = text
            code = codes.get(text)
            if code is None:
                found = match(text)
                if found is None:
                    self._unusual(text)
                    continue
                label, word, operands = found.groups()
                if label is not None:
                    self.define_label(label)
                if word is None:
                    continue
                encoder = encoders.get(word)
                if encoder is None or word in macros:
                    self._other(word, operands or "")
                    continue
                try:
                    code = _compact(encoder(operands or ""))
                except Complaint as complaint:
                    self.complain(complaint)
                    code = _PLACEHOLDER
                else:
                    if label is None and not self._overridden:
                        if len(codes) == _MAXIMUM_CODES:
                            codes.clear()
                        codes[text] = code
            section = self.section
            data = section.data
            offset = len(data)
            if offset & 3 or not section.kind.has_contents:
                self._misplaced(section)
                continue
            section.row_offsets.append(offset)
            section.row_places.append(base | self.number if fixed is None else fixed)
            if type(code) is bytes:
                data += code
            else:
                self._emit(section, code)

    def _unusual(self, text: str) -> None:
        """A statement with strings, character constants, several labels or an assignment: taken apart with care."""
        try:
            parts = take_apart(text)
        except Complaint as complaint:
            self.log.add(diagnose_text(self.origin(), complaint))
            return
        if len(parts.labels) > 1:
            self.spend(len(parts.labels), 0)
        for label, column in parts.labels:
            self.define_label(label, column)
        if not parts.word:
            return
        if parts.operands.startswith("=") and not parts.operands.startswith("=="):
            self._assign(parts.word, parts.operands)
        elif parts.word in MNEMONICS and parts.word not in self.macros:
            self._instruction(parts.word, parts.operands)
        else:
            self._other(parts.word, parts.operands)

    def _assign(self, name: str, operands: str) -> None:
        try:
            self.set_symbol(name, parse(operands[1:]))
        except Complaint as complaint:
            if complaint.operand is None and complaint.width:
                complaint.operand, complaint.offset = 0, complaint.offset + 1
            self.complain(complaint)

    def _instruction(self, word: str, operands: str) -> None:
        try:
            code = _compact(MNEMONICS[word](operands))
        except Complaint as complaint:
            self.complain(complaint)
            code = _PLACEHOLDER
        section = self.section
        if section.size & 3 or not section.kind.has_contents:
            self._misplaced(section)
            return
        self.mark()
        self._emit(section, code)

    def _misplaced(self, section: Section) -> None:
        """Complain of an instruction where none can stand; once, as what follows is aligned again."""
        if not section.kind.has_contents:
            self.complain(Complaint(f"section {section.name} has no contents: an instruction cannot stand there"))
            return
        place = f"offset {section.size:#x} of {section.name}"
        self.complain(Complaint(f"instruction at {place}, not a multiple of 4; put .align 2 before it"))
        section.data += bytes(-section.size % 4)

    def _other(self, word: str, operands: str) -> None:
        """A macro, a directive, or a mistake."""
        try:
            macro = self.macros.get(word)
            directive = DIRECTIVES.get(word)
            if macro is not None:
                macro.expand(self, operands)
            elif directive is not None:
                directive.handle(self, operands)
            else:
                raise self._unknown(word)
        except Complaint as complaint:
            self.complain(complaint)

    def _unknown(self, word: str) -> Complaint:
        if word.startswith("."):
            return Complaint(f"unknown directive '{word}'", notes=did_you_mean(word, DIRECTIVES))
        notes = foreign(word) or did_you_mean(word, [*MNEMONICS, *self.macros])
        return Complaint(f"unknown instruction or macro '{word}'", notes=notes)

    # Emitting.

    def _emit(self, section: Section, code: bytes | Result | Doubtful) -> None:
        if type(code) is bytes:
            section.data += code
        elif type(code) is WordHole:
            self.put(section, code, code.node)
        elif type(code) is Doubtful:
            section.data += code.data
            self.warn(code.doubt)
        elif type(code) is Constant:
            self._emit(section, self._constant(code))
        else:
            assert isinstance(code, list)
            for one in code:
                self._emit(section, one.to_bytes(4, "little") if isinstance(one, int) else one)

    def put(self, section: Section, hole: Hole, node: Node) -> None:
        """Fill a hole at the end of the section now if its value is known, otherwise when linking."""
        offset = len(section.data)
        try:
            node = node.bind(self)
            data = self._filled(section, hole, node)
        except NotKnown:
            data = None
        except Complaint as complaint:
            self.complain(hole.blame(complaint))
            section.data += bytes(hole.size)
            return
        if data is None:
            self.spend(STATEMENTS_OF_A_NAME * node.weight(), 0)
            section.fixups.append(Fixup(offset, hole, node, self.frame, self.number, self.text))
            data = bytes(hole.size)
        elif type(hole) is WordHole and (found := doubt(int.from_bytes(data, "little"))) is not None:
            self.warn(found)
        section.data += data

    def _filled(self, section: Section, hole: Hole, node: Node) -> bytes | None:
        """The bytes of a hole at the end of the section, if they are known here. Raises NotKnown, Complaint."""
        if not isinstance(hole, WordHole) or hole.operand.scale == 1:
            value = node.evaluate(self)
            return hole.fill(value, 0) if isinstance(value, int) else None
        # The distance to a target waits for addresses, and for other sources' symbols; but not one within the section.
        place = node.label.place if isinstance(node, BoundLabel) else None
        if place is None or place.section is not section:
            return None
        try:
            return hole.fill(place.offset, len(section.data))
        except Complaint:
            return None  # linking says what is wrong, with the addresses

    def _constant(self, constant: Constant) -> list[Code]:
        """`li` of an expression: short if its value is known here, in the fixed form if not."""
        try:
            node = constant.node.bind(self)
            value = node.evaluate(self)
            if isinstance(value, int):
                return constant_code(constant.rd, value, constant.index)
        except NotKnown:
            pass
        except Complaint as complaint:
            self.complain(_of_operand(complaint, constant.index))
            return [0]
        return late_constant_code(constant)

    def mark(self) -> None:
        """Record that what follows at the end of the section comes from this statement."""
        self.section.row_offsets.append(self.section.size)
        self.section.row_places.append(self.frame.place_of(self.number))

    def reserve(self, count: int, operand: int = 0) -> None:
        """Account for `count` more bytes of the section. Raises Complaint if they do not fit."""
        section = self.section
        if section.kind.has_contents:
            self.session.reserve(count, operand)
        elif section.reserved + count > MAXIMUM_SIZE:
            raise Complaint(f"{describe(count)} bytes are too many; a section can have {MAXIMUM_SIZE}", operand)

    def extend(self, data: bytes, operand: int = 0) -> None:
        """Add bytes to the section; where it has no contents they must be zero."""
        self.reserve(len(data), operand)
        self.mark()
        if self.section.kind.has_contents:
            self.section.data += data
        elif any(data):
            raise Complaint(f"section {self.section.name} has no contents: only zeros can stand there", operand)
        else:
            self.section.reserved += len(data)

    def add(self, data: bytes) -> None:
        """Add bytes that are accounted for to a section with contents."""
        self.mark()
        self.section.data += data

    # Symbols.

    def define_label(self, name: str, column: int | None = None) -> None:
        try:
            if name[0].isdigit():
                self._pass(name)
            else:
                self._define(name)
        except Complaint as complaint:
            if complaint.is_fatal:
                raise
            complaint.offset = len(self.text) - len(self.text.lstrip()) if column is None else column
            complaint.width = len(name)
            self.log.add(diagnose_text(self.origin(), complaint))

    def _define(self, name: str) -> None:
        symbol = self.unit.symbols.get(name)
        if symbol is None:
            self._check_name(name)
            symbol = self.named(name)
        elif symbol.value is not None:
            raise self._redefined(symbol)
        symbol.value = self.section.here()
        symbol.origin = Origin(self.frame, self.number, self.text)
        symbol.is_label = True

    def _pass(self, digits: str) -> None:
        """A numeric label: it is the one that was awaited, and nothing but what speaks of it need remember it."""
        number = label_number(digits, 0)
        label = self._passed[number] = self._awaited.pop(number, NumericLabel(number))
        label.place = self.section.here()

    def named(self, name: str) -> Symbol:
        """The symbol of that name; a new one is accounted for."""
        symbol = self.unit.symbols.get(name)
        if symbol is None:
            self.spend(STATEMENTS_OF_A_NAME, 0)
            symbol = self.unit.symbols[name] = Symbol(name)
        return symbol

    def _redefined(self, symbol: Symbol) -> Complaint:
        origin = symbol.origin
        where = "on the command line" if origin is None else f"at {origin.frame.source.name}:{origin.number}"
        return Complaint(f"symbol '{symbol.name}' is already defined", notes=(f"    first defined {where}",))

    def _check_name(self, name: str) -> None:
        if name in REGISTERS:
            raise Complaint(f"'{name}' is a register and cannot be a symbol")
        if name == ".":
            raise Complaint("'.' cannot be a label")

    def set_symbol(self, name: str, node: Node, operand: int | None = None) -> None:
        """`.equ`: later uses see this value. Raises Complaint if the name cannot take it."""
        if not IDENTIFIER.fullmatch(name):
            raise Complaint(f"'{name}' is not a symbol's name" if name else "expected a symbol's name", operand)
        self._check_name(name)
        symbol = self.named(name)
        if symbol.is_label:
            raise self._redefined(symbol)
        node = node.bind(self)
        try:
            value: Value | Node = node.evaluate(self)
        except NotKnown:
            self.spend(node.weight(), 0)
            value, symbol.here = node, self.section.here()
        symbol.value, symbol.origin = value, self.origin()

    # The scope of expressions that are evaluated where they stand.

    def here(self) -> Value:
        return self.section.here()

    def symbol(self, name: str) -> Value:
        symbol = self.unit.symbols.get(name)
        if symbol is None or symbol.value is None:
            raise NotKnown(f"symbol '{name}' is not known yet; define it before this line", name)
        if not isinstance(symbol.value, Node):
            return symbol.value
        if not self._evaluating:
            self._followed = {}
        elif name in self._followed:
            return self._followed[name]
        check_chain(name, self._evaluating)
        self._evaluating.append(name)
        try:
            value = self._followed[name] = symbol.value.evaluate(_At(self, symbol.here))
            return value
        finally:
            self._evaluating.pop()

    def pcrel_high_at(self, address: int) -> int:
        raise NotKnown("the distance is not known before linking")

    def numeric_label(self, number: int, forward: bool) -> NumericLabel:
        if forward:
            return self._awaited.setdefault(number, NumericLabel(number))
        if number not in self._passed:
            raise Complaint(f"there is no label '{number}:' before this line")
        return self._passed[number]

    def place_of(self, label: NumericLabel) -> Value:
        if label.place is None:
            name = f"{label.number}f"
            raise NotKnown(f"label '{name}' is not known yet", name)
        return label.place

    def number_now(self, node: Node, operand: int) -> int:
        """The value of an expression that must be known here. Raises Complaint."""
        try:
            value = node.bind(self).evaluate(self)
        except Complaint as complaint:
            raise _of_operand(complaint, operand) from None
        except NotKnown as error:
            similar = did_you_mean(error.name, self.unit.symbols) if error.name else ()
            raise Complaint(error.message, operand, error.offset, len(error.name), similar) from None
        if isinstance(value, Relative):
            raise Complaint("an address is not known before linking; a number is wanted here", operand)
        return value

    # Frames and complaints.

    def origin(self) -> Origin:
        return Origin(self.frame, self.number, self.text)

    def complain(self, complaint: Complaint) -> None:
        self.log.add(diagnose(self.origin(), complaint))
        if complaint.is_fatal:
            raise GiveUp

    def warn(self, found: Doubt) -> None:
        self.log.warn(diagnose_word(self.origin(), found.message, found.operand))

    def spend(self, statements: int, characters: int) -> None:
        """Account for what is read or made. Raises Complaint when it is too much."""
        self.session.spend(statements, characters)

    def override(self) -> None:
        """A macro takes the name of an instruction: from here on every statement is looked at again."""
        self._overridden = True
        self.session.codes.clear()


@dataclass(frozen=True, slots=True)
class _At:
    """The scope of a symbol's definition: the same names, another place."""

    scope: Assembler
    place: Value

    def here(self) -> Value:
        return self.place

    def symbol(self, name: str) -> Value:
        return self.scope.symbol(name)

    def place_of(self, label: NumericLabel) -> Value:
        return self.scope.place_of(label)

    def pcrel_high_at(self, address: int) -> int:
        return self.scope.pcrel_high_at(address)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A word that can only trap."""

    data: bytes
    doubt: Doubt


Compact = bytes | WordHole | Constant | list[Code] | Doubtful


def _compact(result: Result) -> Compact:
    """The quickest form to emit again."""
    if isinstance(result, int):
        data, found = result.to_bytes(4, "little"), doubt(result) if result else None
        return data if found is None else Doubtful(data, found)
    if isinstance(result, list):
        words = [code.to_bytes(4, "little") for code in result if isinstance(code, int)]
        return b"".join(words) if len(words) == len(result) else result
    return result


def _of_operand(complaint: Complaint, operand: int) -> Complaint:
    if complaint.operand is None:
        complaint.operand = operand
    return complaint
