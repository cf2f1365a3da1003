"""Every directive, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toyvm.asm.diagnostics import Complaint, EndOfSource
from toyvm.asm.directives.conditionals import CONDITIONALS
from toyvm.asm.directives.data import DATA
from toyvm.asm.directives.directive import Directive, operands_of
from toyvm.asm.directives.layout import LAYOUT
from toyvm.asm.directives.macros import MACROS
from toyvm.asm.directives.naming import NAMING
from toyvm.asm.frames import diagnose
from toyvm.asm.operands import string_bytes
from toyvm.asm.parser import ESCAPES
from toyvm.asm.search import display_name, find_include
from toyvm.asm.source import Source
from toyvm.asm.t64inc import NAME as VIRTUAL_INCLUDE
from toyvm.asm.t64inc import virtual_include
from toyvm.errors import AssemblyError, BadFileError
from toyvm.limits import STATEMENTS_OF_AN_INCLUDE
from toyvm.printable import printable

if TYPE_CHECKING:
    from toyvm.asm.assembler import Assembler


def _include(assembler: Assembler, text: str) -> None:
    (operand,) = operands_of(text, 1, 1, '.include "file"')
    source = _included(assembler, string_bytes(operand, 0, ESCAPES).decode(errors="replace"))
    frame = assembler.frame
    number = assembler.session.file_number(source)
    assembler.spend(STATEMENTS_OF_AN_INCLUDE, 0)
    try:
        inner = frame.inner(source, source.statements(assembler.spend), assembler.number, "included from here", number)
    except AssemblyError as error:
        _pass_on(assembler, error)
        return
    assembler.read(inner)


def _included(assembler: Assembler, name: str) -> Source:
    if name == VIRTUAL_INCLUDE:
        return virtual_include()
    path = find_include(name, assembler.frame.source, assembler.session.include)
    if path is None:
        raise Complaint(f"include file '{name}' is not there", 0)
    try:
        return assembler.session.read(path, display_name(path, assembler.frame.source))
    except BadFileError as error:
        raise Complaint(str(error), 0) from None
    except AssemblyError as error:
        _pass_on(assembler, error)
        return Source(name, "")


def _pass_on(assembler: Assembler, error: AssemblyError) -> None:
    for diagnostic in error.diagnostics:
        assembler.log.add(diagnostic)


def _message(text: str, directive: str) -> str:
    (operand,) = operands_of(text, 1, 1, f'{directive} "text"')
    return string_bytes(operand, 0, ESCAPES).decode(errors="replace")


def _error(assembler: Assembler, text: str) -> None:
    raise Complaint(_message(text, ".error") if text else ".error")


def _err(assembler: Assembler, text: str) -> None:
    raise Complaint(".err")


def _warning(assembler: Assembler, text: str) -> None:
    complaint = Complaint(_message(text, ".warning") if text else ".warning")
    assembler.log.say(diagnose(assembler.origin(), complaint).text("warning"))


def _print(assembler: Assembler, text: str) -> None:
    assembler.log.say(printable(_message(text, ".print"), keep="\n\t"))


def _end(assembler: Assembler, text: str) -> None:
    raise EndOfSource


def _nothing(assembler: Assembler, text: str) -> None:
    """What other assemblers' sources and compilers' output say, and means nothing here."""


# What compilers say of a function's frame, for debuggers.
_CFI = (
    *("sections", "startproc", "endproc", "personality", "lsda", "signal_frame", "return_column", "escape"),
    *("def_cfa", "def_cfa_register", "def_cfa_offset", "adjust_cfa_offset", "offset", "rel_offset", "val_offset"),
    *("register", "restore", "undefined", "same_value", "remember_state", "restore_state", "window_save"),
)

OTHER: tuple[Directive, ...] = (
    Directive(
        ".include", '"file"', _include, "read another file here; t64.inc declares the T64's and the monitors' constants"
    ),
    Directive(".error", '"text"', _error, "complain, as the assembler does"),
    Directive(".err", "", _err, "complain"),
    Directive(".warning", '"text"', _warning, "warn"),
    Directive(".print", '"text"', _print, "print a line"),
    Directive(".end", "", _end, "the source ends here"),
    *(
        Directive(name, "...", _nothing, "accepted, and without meaning here")
        for name in (
            *(".file", ".ident", ".option", ".attribute", ".loc", ".addrsig", ".addrsig_sym"),
            *(".hidden", ".protected", ".internal", ".variant_cc", ".symver"),
            *(f".cfi_{name}" for name in _CFI),
        )
    ),
)

TABLE: tuple[Directive, ...] = (*LAYOUT, *DATA, *NAMING, *MACROS, *CONDITIONALS, *OTHER)
DIRECTIVES: dict[str, Directive] = {directive.name: directive for directive in TABLE}

assert len(DIRECTIVES) == len(TABLE), "a directive is declared twice"
