"""Run the guests that a host file describes, side by side, and show them live.

On a terminal the guests stand in a table that is drawn in place, and keys pause, resume, stop and attach to them; ?
shows all keys. In a pipe only the last table is printed. --commands does the same from a file, each command when the
host's clock (an instruction of any guest is a tick) has come to its time, or no guest can go on before:

    at 500000 pause web
    send web a line for its console
    at 2e6 resume web

Commands: pause, resume, stop, end and show with a guest's name or all; share, cap, balloon and send with a name and a
value; quit.

The exit code is 0 if every guest ended with 0 or was stopped by command; else it is that of the first guest in the file
that did not, as `toyvm run` would give it (104 for one that is left paused, 101 for one whose files failed it, which
ends no other), 103 where a limit ended the run, and 130 after quit or Ctrl-C. A command that comes too late for its
guest makes it 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, BinaryIO, cast

from toyvm.cli.options import parse_count, parse_seconds
from toyvm.cli.saying import say
from toyvm.errors import BadFileError, ExitCode, UsageError
from toyvm.files.boundary import boundary, open_file, read_text, shown
from toyvm.host.host_file import GuestPlan, HostPlan, find_host_file, read_host_file
from toyvm.host.host_keys import CONSOLE, help_on_keys
from toyvm.limits import MAXIMUM_COMMANDS_BYTES

if TYPE_CHECKING:
    from toyvm.cli.host.console import KeptOutput, TypedInput
    from toyvm.cli.host.control import Command, Control
    from toyvm.cli.host.result import Result
    from toyvm.host.host import Host
    from toyvm.host.scheduler import HostStop
    from toyvm.image import Image
    from toyvm.machine.console import Input

_EPILOG = """\
The file is TOML. Names of files in it are taken from where it lies.

    [[guest]]
    name = "web"
    program = "kernel"
    share = 300

{keys}

In the table, got is the part of the host's ticks that a guest had in its own life, from when it was made until it
ended; memory is what it has touched, of what it has, and monitor what the monitor's tables of it take.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG.format(keys=help_on_keys())
    parser.add_argument("file", metavar="HOST", help="a host file (TOML), or a shipped one: town, side_by_side")
    parser.add_argument("--commands", metavar="FILE", help="do these; - is standard input")
    parser.add_argument("--max-instructions", metavar="N", help="stop after so many of all guests together")
    parser.add_argument("--timeout", metavar="SECONDS", help="stop after so much wall time")
    parser.add_argument("--report", metavar="FILE", help="write what the host and each guest came to, as JSON")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.host.result import Result

    path = find_host_file(arguments.file)
    plan = read_host_file(path)
    _check_outputs(arguments, plan)
    ticks = parse_count(arguments.max_instructions, "--max-instructions")
    seconds = parse_seconds(arguments.timeout, "--timeout")
    with _host(plan, path) as control:
        commands = _commands(arguments.commands, plan, path, control)
        deadline = inf if seconds is None else monotonic() + seconds
        with _interruptible(control):
            _empty_outputs(control, plan)
            stop = _run(control, commands, ticks, deadline, live=_is_live(arguments))
            _wait_for_readers(control, stop, deadline)
            result = Result(control, plan, stop, with_records=bool(arguments.report))
            control.close_guests()
            code = _tell(result, arguments.report) or result.exit_code()
        if control.quitting:
            return ExitCode.INTERRUPTED
        return code or (ExitCode.USAGE if control.refused else ExitCode.OK)


def _check_outputs(arguments: argparse.Namespace, plan: HostPlan) -> None:
    from toyvm.cli.outputs import check_kept, check_outputs

    report = {"--report": arguments.report}
    outputs = {**report, **{f"output of {guest.name}": guest.output for guest in plan.guests}}
    disks = {f"disk of {guest.name}": guest.disk for guest in plan.guests if not guest.read_only}
    check_outputs(outputs)
    check_kept({**outputs, **disks}, (find_host_file(arguments.file), arguments.commands))
    files = [path for guest in plan.guests for path in (guest.program, guest.input, guest.disk)]
    check_kept(report, files)


# Making the host.


@contextmanager
def _host(plan: HostPlan, path: Path) -> Iterator[Control]:
    """The host with its guests, loaded; files open as long as it is there."""
    from toyvm.cli.host.control import Control
    from toyvm.host.host import Host

    images: dict[object, Image] = {}
    try:
        made = Host(plan.memory, level=plan.hardware, engine=plan.engine, slice=plan.slice)
    except UsageError as error:
        raise BadFileError(f"{path}: host: {error}") from None
    with ExitStack() as files, made as host:
        control = Control(host, _show)
        for guest in plan.guests:
            try:
                _add(control, guest, images, files)
            except (UsageError, BadFileError) as error:
                raise BadFileError(f"{path}: guest {guest.name}: {error}") from None
        yield control


def _add(control: Control, plan: GuestPlan, images: dict[object, Image], files: ExitStack) -> None:
    from toyvm.programs import load_program

    key = (plan.program, plan.variant.facts.build, tuple(plan.defines.items()))
    if key not in images:
        images[key] = load_program(plan.program, plan.technique, defines=plan.defines)
    control.outputs[plan.name] = output = _output(control, plan, files)
    guest = control.host.guest(
        plan.technique,
        plan.memory,
        input=_input(control, plan, files),
        output=cast("BinaryIO", output),
        disk=_disk(plan),
        disk_writable=not plan.read_only,
        disk_latency=plan.disk_latency,
        clock_base=plan.clock,
        name=plan.name,
        share=plan.share,
        cap=plan.cap,
        limit=plan.max_instructions,
    )
    control.guests[plan.name] = guest
    guest.load(images[key])
    if plan.paused:
        guest.pause()


def _disk(plan: GuestPlan) -> str | bytearray | None:
    """The file that is named; for the operating system the shipped one, changes to which stay in memory."""
    from toyvm.programs import is_system

    if plan.disk is not None or not is_system(plan.program):
        return plan.disk
    from toyvm.shipped.system_disk import shipped_disk

    return shipped_disk()


def _output(control: Control, plan: GuestPlan, files: ExitStack) -> KeptOutput:
    from toyvm.cli.host.console import KeptOutput

    if plan.output is None:
        return KeptOutput()
    fail = _failing(control, plan.name, plan.output)
    with boundary(plan.output):
        return KeptOutput(files.enter_context(open(plan.output, "wb", buffering=0, opener=_open_output)), fail)


def _open_output(path: str, flags: int) -> int:
    """Not emptied yet. A pipe that nobody reads is refused, and one that is full not waited for."""
    return os.open(path, flags & ~os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY, 0o666)


def _input(control: Control, plan: GuestPlan, files: ExitStack) -> Input:
    from toyvm.cli.host.console import FileInput, TypedInput

    if plan.input is None:
        return None
    if plan.input == CONSOLE:
        from toyvm.programs import is_system

        control.inputs[plan.name] = TypedInput(has_all_keys=is_system(plan.program))
        return control.inputs[plan.name]
    with boundary(plan.input):
        descriptor = open_file(plan.input)
    files.callback(os.close, descriptor)
    return FileInput(descriptor, _failing(control, plan.name, plan.input))


def _failing(control: Control, name: str, path: str) -> Callable[[OSError], None]:
    """What to call when a guest's file fails in the middle of its run."""
    return lambda error: control.fail(name, f"{shown(path)}: {error.strerror or error}")


# Running it.


def _empty_outputs(control: Control, plan: HostPlan) -> None:
    """Not before all of the host is there: a mistake in its file costs nobody a file."""
    for guest in plan.guests:
        if guest.output is not None:
            with boundary(guest.output):
                control.outputs[guest.name].empty()


@contextmanager
def _interruptible(control: Control) -> Iterator[None]:
    """Ctrl-C ends the run, wherever in it, and leaves everything whole."""
    from toyvm.machine.ctrl_c import interrupts_given_to

    def quit() -> None:
        control.quitting = True
        control.host.interrupt()

    with interrupts_given_to(quit):
        yield


def _is_live(arguments: argparse.Namespace) -> bool:
    """Is there a terminal to draw on, and nobody else to command? It has no limits then but its user."""
    given = (arguments.commands, arguments.max_instructions, arguments.timeout)
    try:
        foreground = os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        return sys.stdout.isatty() and foreground and all(option is None for option in given)
    except (OSError, ValueError, AttributeError):
        return False


def _commands(source: str | None, plan: HostPlan, path: Path, control: Control) -> list[Command]:
    if source is None:
        return control.parse_all(plan.commands.split("\n"), f"{shown(path)}: commands")
    text = _typed() if source == "-" else read_text(source, MAXIMUM_COMMANDS_BYTES, "commands are lines")
    return control.parse_all(text.split("\n"), "standard input" if source == "-" else shown(source))


def _typed() -> str:
    """All of standard input, which may take the time that its user takes."""
    with boundary("standard input", "is not text; commands are lines"):
        data = b"" if sys.stdin is None else sys.stdin.buffer.read(MAXIMUM_COMMANDS_BYTES + 1)
        if len(data) > MAXIMUM_COMMANDS_BYTES:
            raise BadFileError(f"standard input: has more than {MAXIMUM_COMMANDS_BYTES} bytes, which is the limit")
        return data.decode("utf-8")


def _run(control: Control, commands: list[Command], ticks: int | None, deadline: float, *, live: bool) -> HostStop:
    if live:
        from toyvm.cli.host.screen import Screen

        return Screen(control, commands).run()
    return _run_commands(control, commands, ticks, deadline)


def _run_commands(control: Control, commands: list[Command], ticks: int | None, deadline: float) -> HostStop:
    """Run from command to command, and then to the end; nobody types to a guest after the last one that does."""
    from toyvm.host.scheduler import HostStop

    ending = _ending_inputs(control, commands)
    for number, command in enumerate(commands):
        _end_inputs(ending[number])
        at = control.host.clock if command.at is None else command.at
        stop = _run_to(control.host, at if ticks is None else min(at, ticks), deadline, waits=False)
        if stop in (HostStop.INTERRUPTED, HostStop.TIMEOUT):
            return stop
        if ticks is not None and at > ticks and stop is HostStop.LIMIT:
            return stop
        _do(control, command)
        if control.quitting:
            return HostStop.INTERRUPTED
    _end_inputs(control.inputs.values())
    return _run_to(control.host, ticks, deadline, waits=True)


def _ending_inputs(control: Control, commands: list[Command]) -> dict[int, list[TypedInput]]:
    """The inputs that end before each command, by its number: neither it nor one behind it types there."""
    from toyvm.cli.host.control import EVERY

    last = {command.guest: number for number, command in enumerate(commands) if command.verb == "send"}
    ending: dict[int, list[TypedInput]] = defaultdict(list)
    for name, typed in control.inputs.items():
        ending[1 + max(last.get(name, -1), last.get(EVERY, -1))].append(typed)
    return ending


def _end_inputs(inputs: Iterable[TypedInput]) -> None:
    for typed in inputs:
        typed.end()


def _do(control: Control, command: Command) -> None:
    """What a guest is past, or cannot be shown of it, is said, and the others go on."""
    try:
        control.do(command)
    except UsageError as error:
        control.refused = True
        say(f"{command.verb}: {error}")
    except OSError as error:
        say(f"{command.verb}: standard output: {error.strerror or error}")


def _run_to(host: Host, clock: int | None, deadline: float, *, waits: bool) -> HostStop:
    left = max(0.0, deadline - monotonic())
    return host.run(None if clock is None else max(0, clock - host.clock), left, wait_for_input=waits)


# What came of it.


def _wait_for_readers(control: Control, stop: HostStop, deadline: float) -> None:
    """Whoever reads a guest's output through a pipe gets all of it, if the guests ended by themselves."""
    from toyvm.host.scheduler import HostStop
    from toyvm.machine.console import POLL_SECONDS

    waits = stop not in (HostStop.INTERRUPTED, HostStop.TIMEOUT)
    while any(output.unsent for output in control.outputs.values()):
        if control.quitting or not waits or monotonic() >= deadline:
            break
        sleep(POLL_SECONDS / 10)
    for name, output in control.outputs.items():
        if output.unsent:
            control.problems.setdefault(name, f"the last {output.unsent} bytes of its output were not read")


def _tell(result: Result, report: str | None) -> int:
    """All of it, whatever fails of it. The exit code of what did."""
    code = 0
    if report:
        try:
            result.write_report(Path(report))
        except BadFileError as error:
            say(str(error))
            code = int(error.exit_code)
    try:
        result.print_table()
    finally:
        result.explain()
    return code


def _show(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
