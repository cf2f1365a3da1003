"""Macros and repetitions: statements that are read more than once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint, did_you_mean
from toyvm.asm.directives.directive import Directive, Handler, limited, operands_of
from toyvm.asm.frames import Frame, diagnose
from toyvm.asm.operands import STRING
from toyvm.asm.pseudo import MNEMONICS
from toyvm.asm.sections import Origin
from toyvm.asm.source import Numbered, Spend, split_statements
from toyvm.limits import MAXIMUM_COLUMNS

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler

_NAME = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)
_PARAMETER = re.compile(
    r"""[\s,]*([A-Za-z_$][\w$]*)\s*(?::\s*(\w*))?(?:\s*=\s*("(?:\\.|[^"\\])*"|[^,\s]*))?""", re.ASCII
)
_NAMED = re.compile(r"([A-Za-z_$][\w$]*)\s*=(?!=)\s*", re.ASCII)
_HOLE = re.compile(r"\\(@|\(\)|[A-Za-z_$][\w$]*)", re.ASCII)
_LABELS = r"\s*(?:[\w.$]+[ \t]*:\s*)*"
MAXIMUM_REPEAT = 1 << 32
MAXIMUM_PARAMETERS = 256


class ExitMacro(Exception):
    """`.exitm`: the rest of the innermost expansion is not read."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    default: str = ""
    is_required: bool = False
    takes_rest: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """Statements with holes: `pieces` alternate between text and the name of what goes into the hole after it."""

    numbers: tuple[int, ...]
    pieces: tuple[str, ...]

    @classmethod
    def compile(cls, statements: list[Numbered], names: set[str]) -> Body:
        text = "\n".join(statement for _, statement in statements)
        pieces, position = [], 0
        for match in _HOLE.finditer(text):
            if match[1] in names or match[1] in ("@", "()"):
                pieces += [text[position : match.start()], match[1]]
                position = match.end()
        return cls(tuple(number for number, _ in statements), (*pieces, text[position:]))

    def filled(self, values: dict[str, str], spend: Spend) -> Iterator[Numbered]:
        """The statements with every hole filled. Raises Complaint if there are too many, or one is too long."""
        texts = [values[piece] if index & 1 else piece for index, piece in enumerate(self.pieces)]
        size = sum(map(len, texts))
        spend(1 + len(self.numbers), size)
        if not self.numbers:
            return iter(())
        lines = "".join(texts).split("\n")
        if size > MAXIMUM_COLUMNS and len(longest := max(lines, key=len)) > MAXIMUM_COLUMNS:
            raise Complaint(f"this makes a line of {len(longest)} characters; the limit is {MAXIMUM_COLUMNS}")
        statements = zip(self.numbers, lines, strict=True)
        if any(";" in value for value in values.values()):
            return (piece for number, text in statements for piece in split_statements(number, text, spend))
        return statements


@dataclass(frozen=True, slots=True)
class Macro:
    name: str
    parameters: tuple[Parameter, ...]
    body: Body
    origin: Origin

    def expand(self, assembler: Assembler, text: str) -> None:
        """Read the body with the arguments in place."""
        values = self._arguments(text)
        assembler.spend(len(values), 0)  # taking them apart takes its time, whatever the body makes of them
        values["@"], values["()"] = str(assembler.expansions), ""
        assembler.expansions += 1
        outer, home = assembler.frame, self.origin.frame
        what = f"in expansion of macro '{self.name}'"
        number = assembler.number
        frame = outer.inner(home.source, self.body.filled(values, assembler.spend), number, what, home.file_number)
        # What a macro makes belongs to the line that calls it.
        frame.place = outer.place_of(number)
        with suppress(ExitMacro):  # the conditions that are open are the frame's own, and go with it
            assembler.read(frame)

    def _arguments(self, text: str) -> dict[str, str]:
        values: dict[str, str] = {}
        given = Arguments(text)
        position, names = 0, {parameter.name for parameter in self.parameters}
        while given.has_more():
            if (name := given.keyword()) is not None:
                if name not in names:
                    message = f"macro '{self.name}' has no parameter '{name}'"
                    raise given.complaint(message, did_you_mean(name, names))
                values[name] = given.take()
                position = -1
            elif position < 0:
                raise given.complaint("an argument without a name cannot follow those that have one")
            elif position >= len(self.parameters):
                raise given.complaint(f"too many arguments: macro '{self.name}' takes {len(self.parameters)}")
            else:
                parameter = self.parameters[position]
                values[parameter.name] = given.rest() if parameter.takes_rest else given.take()
                position += 1
            given.skip_comma()
        return self._with_defaults({name: value for name, value in values.items() if value}, len(text))

    def _with_defaults(self, values: dict[str, str], end: int) -> dict[str, str]:
        for parameter in self.parameters:
            if parameter.is_required and parameter.name not in values:
                place = (0, end, 1) if end else (None,)
                raise Complaint(f"macro '{self.name}' needs its argument '{parameter.name}'", *place)
            values.setdefault(parameter.name, parameter.default)
        return values


# The pieces that blanks are judged by: strings, which hold theirs, characters that make words, and others.
_PIECE = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])')|([\w.$]+)|(\s+)|(.)""", re.ASCII | re.DOTALL)


class Arguments:
    """The text of a call's arguments, as GNU as takes it apart: with commas, or blanks between words or strings.

    Other blanks mean nothing: `1 -2` is one argument, as is what brackets hold, but for its commas.
    """

    def __init__(self, text: str) -> None:
        self._text, self._original = _without_blanks(text), text
        self._position = self._at = 0  # `_at` is where the argument at hand begins

    def has_more(self) -> bool:
        self._skip_blank()
        self._at = self._position
        return self._position < len(self._text)

    def keyword(self) -> str | None:
        """The name of an argument that is given by name, which is passed over."""
        match = _NAMED.match(self._text, self._position)
        if match is None:
            return None
        self._position = match.end()
        return match[1]

    def take(self) -> str:
        """One argument; a string loses its quotes."""
        self._skip_blank()
        text, start = self._text, self._position
        if text[start : start + 1] == '"':
            match = STRING.match(text, start)
            self._position = len(text) if match is None else match.end()
            return text[start + 1 :] if match is None else match[1]
        self._position = _end_of_argument(text, start)
        return text[start : self._position]

    def rest(self) -> str:
        """All that is left, as it is."""
        start, self._position = self._position, len(self._text)
        return self._text[start:]

    def skip_comma(self) -> None:
        self._skip_blank()
        if self._text.startswith(",", self._position):
            self._position += 1

    def complaint(self, message: str, notes: tuple[str, ...] = ()) -> Complaint:
        """About the argument at hand."""
        before = len("".join(self._text[: self._at].split()))
        places = [place for place, character in enumerate(self._original) if not character.isspace()]
        return Complaint(message, 0, places[before] if before < len(places) else len(self._original), 1, notes)

    def _skip_blank(self) -> None:
        if self._text.startswith(" ", self._position):
            self._position += 1


def _without_blanks(text: str) -> str:
    """The text with one blank where blanks part words and strings, and none elsewhere."""
    out: list[str] = []
    parts = False  # does what comes before stand for itself?
    blank = False
    for match in _PIECE.finditer(text):
        if match[3]:
            blank = True
            continue
        stands = bool((match[1] and match[1][0] == '"') or match[2])
        if blank and parts and stands:
            out.append(" ")
        out.append(match[0])
        parts, blank = stands, False
    return "".join(out)


def _end_of_argument(text: str, position: int) -> int:
    closers: list[str] = []
    for match in _PIECE.finditer(text, position):
        piece = match[0]
        if piece == "," or (piece == " " and not closers):
            return match.start()
        if piece in _CLOSERS:
            closers.append(_CLOSERS[piece])
        elif closers and piece == closers[-1]:
            closers.pop()
    return len(text)


_CLOSERS = {"(": ")", "[": "]"}


def values_of(text: str) -> list[str]:
    """The values of `.irp`."""
    given = Arguments(text)
    values = []
    while given.has_more():
        values.append(given.take())
        given.skip_comma()
    return values or [""]


def _unquoted(argument: str) -> str:
    """A string without its quotes."""
    return argument[1:-1] if len(argument) > 1 and argument[0] == argument[-1] == '"' else argument


def collect(assembler: Assembler, openers: str, closers: str, what: str) -> list[Numbered] | None:
    """The statements up to the closing directive; None, with a complaint, if there is none."""
    mark = re.compile(rf"{_LABELS}\.(?:({openers})|({closers}))(?![\w.$])", re.ASCII)
    body: list[Numbered] = []
    depth, origin = 0, assembler.origin()
    for number, text in assembler.frame.rest:
        match = mark.match(text) if "." in text else None
        if match is not None:
            if match[2] and depth == 0:
                return body
            depth += 1 if match[1] else -1
        body.append((number, text))
    assembler.log.add(diagnose(origin, Complaint(f"unterminated {what}: it has no .{closers.split('|')[0]}")))
    return None


def _macro(assembler: Assembler, text: str) -> None:
    origin = assembler.origin()
    statements = collect(assembler, "macro", "endm|endmacro", ".macro")
    if statements is None:
        return
    name = _NAME.match(text)
    if name is None:
        raise Complaint("expected a macro's name")
    parameters = _parameters(text, name.end())
    old = assembler.macros.get(name[0])
    if old is not None:
        where = f"    first defined at {old.origin.frame.source.name}:{old.origin.number}"
        raise Complaint(f"macro '{name[0]}' is already defined", 0, 0, name.end(), (where,))
    if name[0] in MNEMONICS:
        assembler.override()
    body = Body.compile(statements, {parameter.name for parameter in parameters})
    assembler.macros[name[0]] = Macro(name[0], parameters, body, origin)


def _parameters(text: str, position: int) -> tuple[Parameter, ...]:
    parameters: list[Parameter] = []
    while text[position:].strip(" \t,"):
        match = _PARAMETER.match(text, position)
        if match is None or match[2] not in (None, "req", "vararg"):
            raise Complaint(
                f"cannot read the parameter at '{text[position:].strip()}'; write name, name:req or name=default", 0
            )
        if any(parameter.name == match[1] for parameter in parameters):
            raise Complaint(f"there are two parameters '{match[1]}'", 0)
        if parameters and parameters[-1].takes_rest:
            raise Complaint(f"parameter '{parameters[-1].name}' takes the rest, so it must be the last one", 0)
        default = _unquoted(match[3] or "")
        if len(parameters) == MAXIMUM_PARAMETERS:
            raise Complaint(f"a macro has at most {MAXIMUM_PARAMETERS} parameters", 0)
        parameters.append(Parameter(match[1], default, match[2] == "req", match[2] == "vararg"))
        position = match.end()
    return tuple(parameters)


def _exit_macro(assembler: Assembler, text: str) -> None:
    operands_of(text, 0, 0, ".exitm")
    if not _in_macro(assembler.frame):
        raise Complaint(".exitm outside a macro")
    raise ExitMacro


def _in_macro(frame: Frame | None) -> bool:
    while frame is not None:
        if frame.what.startswith("in expansion"):
            return True
        frame = frame.parent
    return False


def _forget(assembler: Assembler, text: str) -> None:
    (name,) = operands_of(text, 1, 1, ".purgem name")
    if assembler.macros.pop(name, None) is None:
        raise Complaint(f"there is no macro '{name}'", 0, notes=did_you_mean(name, assembler.macros))


def _repeat(assembler: Assembler, text: str) -> None:
    origin = assembler.origin()
    body = collect(assembler, "rept|irp|irpc", "endr", ".rept")
    assembler.number, assembler.text = origin.number, origin.text
    (operand,) = operands_of(text, 1, 1, ".rept count")
    count = limited(assembler, operand, 0, "repeat count", 0, MAXIMUM_REPEAT)
    if not body:
        return
    assembler.spend(count * len(body), count * sum(len(text) for _, text in body))
    for _ in range(count):
        _read_inner(assembler, iter(body))


def _read_inner(assembler: Assembler, statements: Iterator[Numbered], what: str = "") -> None:
    frame = assembler.frame
    assembler.read(frame.inner(frame.source, statements, assembler.number, what, frame.file_number))


def _for_each(directive: str, by_character: bool) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        origin = assembler.origin()
        body = collect(assembler, "rept|irp|irpc", "endr", directive)
        assembler.number, assembler.text = origin.number, origin.text
        name = _NAME.match(text)
        if name is None:
            raise Complaint(f"expected a parameter's name; write '{directive} name, ...'")
        rest = text[name.end() :].strip()
        rest = rest[1:].strip() if rest.startswith(",") else rest
        values = list(_unquoted(rest)) if by_character else values_of(rest)
        assembler.spend(len(values), 0)
        if not body:
            return
        compiled = Body.compile(body, {name[0]})
        for value in values:
            filled = {name[0]: value, "@": str(assembler.expansions), "()": ""}
            _read_inner(
                assembler, compiled.filled(filled, assembler.spend), f"in {directive} with {name[0]} = '{value}'"
            )

    return handle


def _stray(directive: str, opener: str) -> Handler:
    def handle(assembler: Assembler, text: str) -> None:
        raise Complaint(f"{directive} without {opener}")

    return handle


MACROS: tuple[Directive, ...] = (
    Directive(
        ".macro",
        "name parameters",
        _macro,
        "define a macro, to .endm: \\parameter and \\@ are replaced; p=default, p:req, p:vararg",
    ),
    Directive(".endm", "", _stray(".endm", ".macro"), "the end of a macro"),
    Directive(".endmacro", "", _stray(".endmacro", ".macro"), "the same as .endm"),
    Directive(".exitm", "", _exit_macro, "leave the macro"),
    Directive(".purgem", "name", _forget, "forget a macro"),
    Directive(".rept", "count", _repeat, "repeat what follows, to .endr"),
    Directive(
        ".irp", "name, value, ...", _for_each(".irp", False), "repeat, to .endr, with \\name replaced by each value"
    ),
    Directive(
        ".irpc",
        "name, characters",
        _for_each(".irpc", True),
        "repeat, to .endr, with \\name replaced by each character",
    ),
    Directive(".endr", "", _stray(".endr", ".rept"), "the end of .rept, .irp and .irpc"),
)
