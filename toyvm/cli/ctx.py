"""Administer the contexts (containers) of a disk of the operating system's from outside.

It is booted, `ctx VERB ...` is run there, and it is shut down; what that prints is printed, and the command ends with
its status. `toyvm docs containers` says what there is; `toyvm ctx FILE help` names the verbs.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import BinaryIO, cast

from toyvm.cli.disk import opened
from toyvm.cli.options import add_technique_options, variant_of
from toyvm.cli.run import (
    add_limits,
    add_machine_options,
    check_engine_options,
    computer_for,
    exit_code_of,
    explain,
    limits_of,
    run_with_keys,
)
from toyvm.errors import BadFileError, UsageError
from toyvm.launch import check_choices
from toyvm.machine.console import BytesInput, InputSource
from toyvm.machine.outcome import Stop
from toyvm.techniques import ENGINES

VERBS_INSIDE = (
    *("create", "start", "stop", "restart", "suspend", "resume", "enter", "exec", "list", "stats", "set", "show"),
    *("console", "clone", "destroy", "checkpoint", "restore", "boot", "help"),
)
_PROGRAM = "/bin/ctx"
_MARK = b"toyvm ctx: it begins\n"  # what is printed before it is the system's, not the verb's
_MAXIMUM_LINE = 1000  # bytes that can be typed
_INTERACTIVE = ("enter", "exec")  # these read what is typed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"{parser.prog} [OPTION...] FILE VERB [ARGUMENT...]"
    parser.add_argument("file", metavar="FILE", help="the disk's file")
    parser.add_argument("words", metavar="VERB", nargs=argparse.REMAINDER, help="what ctx is to do, and its arguments")
    how = parser.add_argument_group("how it runs")
    add_technique_options(how)
    add_machine_options(how, ENGINES)
    add_limits(parser.add_argument_group("when it is stopped"))
    parser.set_defaults(disk_latency=None, clock=None, tlb=None)


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.machine.disk import open_disk
    from toyvm.programs import load_program

    arguments.technique = variant_of(arguments).name
    arguments.hardware = check_choices(arguments.technique, arguments.engine, arguments.hardware)
    check_engine_options(arguments)
    limits = limits_of(arguments)
    keys = _keys(arguments.words)
    line = _line(arguments.words, is_at_terminal=keys.live)
    _check_disk(arguments.file)
    output = _BehindMark(cast("BinaryIO", sys.stdout.buffer))
    disk = open_disk(arguments.file, writable=True)
    with computer_for(arguments, _TypedFirst(line, keys), cast("BinaryIO", output), disk) as computer:
        computer.load(load_program("os", arguments.technique))
        outcome = run_with_keys(computer, keys, limits, None)
        if outcome.stop is Stop.EXIT and not output.has_begun:
            raise BadFileError(f"{arguments.file}: the system on it ended before {_PROGRAM} was run")
        explain(computer, outcome)
    return exit_code_of(outcome)


def _line(words: list[str], *, is_at_terminal: bool) -> bytes:
    """What is typed into the system's shell. Raises UsageError for what cannot be."""
    verb = words[0] if words else ""
    if verb not in VERBS_INSIDE:
        told = f"no verb {verb!r}" if words else "it takes a verb"
        raise UsageError(f"ctx: {told} behind the disk's file; there are {', '.join(VERBS_INSIDE)}")
    for word in words:
        if not word.isprintable():
            raise UsageError(f"{word!r}: has what cannot be typed into a line")
    quiet = "" if is_at_terminal else "stty -echo; "
    begin = "echo " + shlex.quote(_MARK.decode().rstrip())
    line = f"{quiet}{begin}; {shlex.join(['ctx', *words])}; shutdown $?\n".encode()
    if len(line) > _MAXIMUM_LINE:
        raise UsageError(f"words of {len(line)} bytes; a line of the system's shell takes {_MAXIMUM_LINE}")
    return line


def _keys(words: list[str]) -> InputSource:
    """What the verb reads: standard input where it is one that reads, and else nothing."""
    from toyvm.cli.terminal import standard_input

    return standard_input(has_all_keys=True) if words[:1] and words[0] in _INTERACTIVE else BytesInput(b"")


def _check_disk(file: str) -> None:
    """Raises BadFileError unless the system on that disk can be asked."""
    from toyvm.filesystem.volume import NoSuchPathError

    with opened(file) as volume:
        try:
            volume.find(_PROGRAM)
        except NoSuchPathError:
            raise BadFileError(f"{file}: has no {_PROGRAM}; toyvm disk create makes disks that have") from None


class _TypedFirst:
    """A source before which a line was typed."""

    def __init__(self, line: bytes, source: InputSource) -> None:
        self.live = source.live
        self._line = line
        self._source = source

    def fetch(self, size: int, wait: float) -> bytes | None:
        if not self._line:
            return self._source.fetch(size, wait)
        part, self._line = self._line[:size], self._line[size:]
        return part


class _BehindMark:
    """Output from behind the first line that is the mark on."""

    def __init__(self, stream: BinaryIO) -> None:
        self.has_begun = False
        self._stream = stream
        self._kept = b"\n"

    def write(self, data: bytes) -> None:
        if self.has_begun:
            self._stream.write(data)
            return
        self._kept += data
        _, mark, rest = self._kept.partition(b"\n" + _MARK)
        self.has_begun = bool(mark)
        self._stream.write(rest)
        self._kept = self._kept[-len(_MARK) - 1 :]

    def flush(self) -> None:
        self._stream.flush()
