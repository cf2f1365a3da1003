"""Run a guest: an image, a source file, or a shipped guest by name (hello, kernel, workloads/compute, ...).

The guest's console is standard input and output; the command ends with the guest's exit code, or 99 where that is
above.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from toyvm.cli.container import is_inside, shell_disk
from toyvm.cli.import_riscv import add_start_options, import_with_notes, start_options
from toyvm.cli.options import (
    Options,
    add_source_options,
    add_technique_options,
    parse_count,
    parse_defines,
    parse_number,
    parse_seconds,
    variant_of,
)
from toyvm.cli.power_cut import add_power_cut_options, check_power_cut_options, cut_power
from toyvm.cli.program_files import ProgramFiles, add_files_options, check_files_options, system_for
from toyvm.cli.saying import say
from toyvm.errors import MAXIMUM_GUEST_EXIT_CODE, UsageError
from toyvm.files.boundary import boundary, open_file
from toyvm.isa.machine import MAXIMUM_MEMORY, MINIMUM_MEMORY
from toyvm.launch import check_choices
from toyvm.machine.outcome import EXIT_CODES, Outcome, Stop
from toyvm.techniques import CONTAINER, ENGINES, facts_of

if TYPE_CHECKING:
    from toyvm.host.guest import Guest
    from toyvm.image import Image
    from toyvm.machine.computer import Computer
    from toyvm.machine.console import InputSource
    from toyvm.machine.disk import Disk
    from toyvm.recompiler.options import Recompiling


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_program(parser)
    parser.add_argument("--list", action=_ListGuests, nargs=0, help="name the shipped guests, a line each, and end")
    how = parser.add_argument_group("how it runs")
    add_technique_options(how, with_container=True)
    add_machine_options(how, ENGINES)
    devices = add_run_options(parser)
    add_files_options(devices)
    devices.add_argument(
        "--replay", metavar="FILE", help="input from what an earlier --record wrote, at the same instructions"
    )
    add_power_cut_options(parser.add_argument_group("when its power is cut"))
    left = parser.add_argument_group("what it leaves")
    left.add_argument("--report", metavar="FILE", help="write how the run ended there, as JSON")
    left.add_argument(
        "--tlb",
        metavar="ExW",
        help="count in the report what a TLB of E entries in sets of W ways would miss, and the steps of the walks, as "
        "64x4; slower, else nothing changes",
    )
    left.add_argument("--record", metavar="FILE", help="write what a terminal or pipe brought, and when, as JSON")


class _ListGuests(argparse.Action):
    """Names what comes with toyvm, and ends the command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from toyvm.cli.width import output_width
        from toyvm.lab.text import wrapped
        from toyvm.programs import shipped_guests
        from toyvm.shipped.headers import read_header

        guests = shipped_guests()
        longest = max(map(len, guests))
        for name, path in guests.items():
            line = f"{name:<{longest}}  {read_header(path).title}"
            print("\n".join(wrapped(line, output_width(), " " * (longest + 2))))
        parser.exit()


def add_program(parser: argparse.ArgumentParser) -> None:
    """What to run."""
    parser.usage = f"{parser.prog} [OPTION...] PROGRAM [-- ARGUMENT...]"
    parser.add_argument(
        "program", metavar="PROGRAM", help="an image, a source (.s), a shipped guest's name, or a static RISC-V program"
    )
    parser.add_argument(
        "words", nargs="*", default=[], metavar="ARGUMENT", help="for a RISC-V program's main; after a --"
    )


def add_machine_options(parser: Options, engines: Sequence[str]) -> None:
    parser.add_argument(
        "--engine", default="interpreter", metavar="E", help=f"of {', '.join(engines)}; interpreter unless said"
    )
    parser.add_argument(
        "--code-cache",
        metavar="DIR",
        help="where the recompiler keeps code from run to run, or none; ~/.cache/toyvm/code unless said",
    )
    parser.add_argument(
        "--hardware", metavar="L", help="hardware level: classic, hybrid, strict (unless said) or assist"
    )
    parser.add_argument(
        "--memory", default="16M", metavar="SIZE", help="the guest's memory: bytes, or 64K, 16M, 1G; 16M unless said"
    )


def add_run_options(parser: argparse.ArgumentParser) -> Options:
    """What every run of a guest takes, whatever it is for; the result is the group of its devices."""
    add_limits(parser.add_argument_group("when it is stopped"))
    devices = parser.add_argument_group("its devices")
    _add_device_options(devices)
    add_source_options(parser.add_argument_group("for a source"))
    add_start_options(parser.add_argument_group("for a RISC-V program"))
    return devices


def add_limits(parser: Options) -> None:
    parser.add_argument("--max-instructions", metavar="N", help="after so many instructions, as 5000000 or 5e6")
    parser.add_argument("--timeout", metavar="SECONDS", help="after so much wall time")


def _add_device_options(parser: Options) -> None:
    parser.add_argument("--input", metavar="FILE", help="the console's input, in place of standard input")
    parser.add_argument("--disk", metavar="FILE", help="a disk of 512-byte sectors; replaced at the end if written to")
    parser.add_argument("--disk-latency", metavar="TICKS", help="from a command to its completion; 1000 unless said")
    parser.add_argument(
        "--disk-cache",
        metavar="C",
        help="on, unless said: a power cut may take what was not flushed; or off",
    )
    parser.add_argument("--read-only", action="store_true", help="the disk may not be written")
    parser.add_argument("--clock", metavar="NS", help="wall clock at time 0, in nanoseconds since the Unix epoch")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.programs import is_system

    inside = is_inside(arguments)
    if inside:
        arguments.technique = "bare"
    arguments.technique = variant_of(arguments).name
    arguments.hardware = check_choices(arguments.technique, arguments.engine, arguments.hardware)
    if arguments.replay is not None and arguments.input is not None:
        raise UsageError("--replay and --input both say what the input is; give one of them")
    check_files_options(arguments)
    has_files = arguments.files is not None
    on_system = has_files or is_system(arguments.program)
    _check_disk_options(arguments, on_system)
    check_power_cut_options(arguments)
    check_engine_options(arguments)
    _check_outputs(arguments)
    _check_tlb(arguments)
    limits = limits_of(arguments)
    image = system_for(arguments) if has_files else _image(arguments)
    with _recorded(arguments, on_system) as source:
        files = ProgramFiles(arguments, is_at_terminal=source.live, is_inside=inside) if has_files else None
        made = files.disk if files is not None else shell_disk() if inside else None
        disk = _disk(arguments, on_system, made)
        code = _execute_with(arguments, image, source, limits, disk, CONTAINER if inside else arguments.technique)
    if files is not None and arguments.write_back:
        files.bring_home()
    return code


def _execute_with(
    arguments: argparse.Namespace,
    image: Image,
    source: InputSource,
    limits: tuple[int | None, float | None],
    disk: Disk | None,
    technique: str,
) -> int:
    """Run it, and tell how it ended, in a report as the technique that was asked for."""
    output = cast("BinaryIO", sys.stdout.buffer)
    with computer_for(arguments, source, output, disk) as computer:
        computer.load(image)
        cut_at = parse_count(arguments.power_cut, "--power-cut")
        outcome = run_with_keys(computer, source, limits, cut_at)
        cut = None
        if disk is not None and outcome.stop is Stop.LIMIT and computer.retired == cut_at:
            cut = cut_power(arguments, computer, disk)
        elif not _was_left(source):
            explain(computer, outcome)  # whatever becomes of the files
            if cut_at is not None:
                say(f"the power was not cut: the run had ended, after {outcome.instructions} instructions")
        if arguments.report:
            _write_report(arguments, technique, computer, outcome, cut)
        if arguments.record:
            _write_record(arguments.record, source, computer)
    return exit_code_of(outcome)


def _was_left(source: InputSource) -> bool:
    """Has the user gone, and needs not be told why the guest was stopped?"""
    from toyvm.cli.terminal import TerminalInput

    return isinstance(source, TerminalInput) and source.was_left


def _check_disk_options(arguments: argparse.Namespace, has_own: bool) -> None:
    """Raise UsageError for what is said of a disk that is not there, or makes no sense; what is run may have one."""
    if arguments.disk_cache not in (None, "on", "off"):
        raise UsageError(f"--disk-cache {arguments.disk_cache}: it takes on or off")
    if arguments.disk is None and not has_own:
        for option in ("--read-only", "--disk-latency", "--disk-cache"):
            if getattr(arguments, option.removeprefix("--").replace("-", "_")):
                raise UsageError(f"{option} says something about a disk, and there is none; add --disk FILE")


def check_engine_options(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what is said of an engine that is not asked for."""
    if arguments.code_cache is not None and arguments.engine != "recompiler":
        raise UsageError("--code-cache says something about the recompiler; add --engine recompiler")


def _check_tlb(arguments: argparse.Namespace) -> None:
    """Raise UsageError for a size that no modelled TLB has, or for one whose counts nobody would see."""
    if arguments.tlb is not None:
        from toyvm.machine.tlb import tlb_shape

        tlb_shape(arguments.tlb, "--tlb")
        if arguments.report is None:
            raise UsageError("--tlb counts for the report, and there is none; add --report FILE")


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse before the run what could not be written after it, or would overwrite what the run is made from."""
    outputs = {"--report": arguments.report, "--record": arguments.record}
    if any(path is not None for path in outputs.values()):
        from toyvm.cli.outputs import check_kept, check_outputs

        check_outputs(outputs)
        check_kept(outputs, (arguments.program, arguments.input, arguments.replay, arguments.disk))


def limits_of(arguments: argparse.Namespace) -> tuple[int | None, float | None]:
    return (
        parse_count(arguments.max_instructions, "--max-instructions"),
        parse_seconds(arguments.timeout, "--timeout"),
    )


def _image(arguments: argparse.Namespace) -> Image:
    from toyvm.programs import find_program, is_riscv_program, is_source, load_program

    defines = parse_defines(arguments.defines)
    program = find_program(arguments.program)
    if is_riscv_program(program) and not defines:
        return import_with_notes(program, start_options(arguments)).image
    if is_source(program) and any(is_source(Path(word)) for word in arguments.words):
        together = " ".join((arguments.program, *arguments.words))
        raise UsageError(f"run takes one source; for several: toyvm asm {together} -o all.img, then toyvm run all.img")
    if arguments.words or arguments.env or arguments.stack:
        raise UsageError(f"{program}: arguments, --env and --stack go with a RISC-V program; this is none")
    options = {"defines": defines, "include": arguments.include}
    return load_program(arguments.program, arguments.technique, **options, listen=_warn)


def _warn(message: str) -> None:
    say(message, prefix="")


@contextmanager
def _input(arguments: argparse.Namespace, has_all_keys: bool = False) -> Iterator[InputSource]:
    """The console's input, open as long as the run needs it; a terminal's keys may all be the guest's."""
    from toyvm.cli.terminal import standard_input
    from toyvm.machine.console import DescriptorInput

    if arguments.replay is not None:
        from toyvm.report.records import read_replay

        yield read_replay(Path(arguments.replay))
    elif arguments.input is not None:
        with boundary(arguments.input):
            descriptor = open_file(arguments.input)
        try:
            yield DescriptorInput(descriptor)
        finally:
            os.close(descriptor)
    else:
        yield standard_input(has_all_keys)


@contextmanager
def _recorded(arguments: argparse.Namespace, has_all_keys: bool) -> Iterator[InputSource]:
    """The console's input, kept where it has to be recorded and no terminal's, whose log the computer keeps."""
    from toyvm.machine.console import RecordedStream

    with _input(arguments, has_all_keys) as source:
        yield RecordedStream(source) if arguments.record and not source.live else source


@contextmanager
def quiet_guest(arguments: argparse.Namespace) -> Iterator[tuple[Guest, Outcome]]:
    """A guest that has run as the options say, without a terminal and with its output dropped, and how it ended."""
    from toyvm.host.guest import Guest
    from toyvm.machine.console import BytesInput
    from toyvm.programs import is_system

    arguments.hardware = check_choices(arguments.technique, arguments.engine, arguments.hardware)
    on_system = is_system(arguments.program)
    _check_disk_options(arguments, on_system)
    check_engine_options(arguments)
    image, limits = _image(arguments), limits_of(arguments)
    given = _input(arguments) if arguments.input is not None else nullcontext(BytesInput(b""))
    with given as source, computer_for(arguments, source, None, _disk(arguments, on_system)) as computer:
        assert isinstance(computer, Guest), "a technique that has a monitor"
        computer.load(image)
        yield computer, computer.run(*limits)


def _disk(arguments: argparse.Namespace, on_system: bool, made: bytearray | None = None) -> Disk | None:
    """The disk that is named or made; for the operating system the shipped one, changes to which stay in memory."""
    from toyvm.machine.disk import open_disk

    source = arguments.disk if made is None else made
    if source is None and on_system:
        from toyvm.shipped.system_disk import shipped_disk

        source = shipped_disk()
    return open_disk(source, not arguments.read_only, arguments.disk_cache != "off")


def computer_for(
    arguments: argparse.Namespace, source: InputSource, output: BinaryIO | None, disk: Disk | None
) -> AbstractContextManager[Computer]:
    """The computer that the options ask for."""
    from toyvm.arguments import check_pages
    from toyvm.launch import launched

    memory = check_pages(arguments.memory, MINIMUM_MEMORY, MAXIMUM_MEMORY, "--memory")
    options: dict[str, Any] = {"input": source, "output": output, "disk": disk, "tlb": arguments.tlb}
    if arguments.disk_latency is not None:
        options["disk_latency"] = parse_number(arguments.disk_latency, "--disk-latency")
    if arguments.clock is not None:
        options["clock_base"] = parse_number(arguments.clock, "--clock")
    return launched(arguments.technique, memory, engine=_engine(arguments), level=arguments.hardware, **options)


def _engine(arguments: argparse.Namespace) -> str | Recompiling:
    """The engine, with its options where it has any."""
    if arguments.engine != "recompiler" or arguments.code_cache is None:
        return str(arguments.engine)
    from toyvm.recompiler.options import Recompiling

    return Recompiling(cache=None if arguments.code_cache == "none" else Path(arguments.code_cache))


def run_with_keys(
    computer: Computer, source: InputSource, limits: tuple[int | None, float | None], until: int | None
) -> Outcome:
    from toyvm.cli.terminal import keys_unbuffered

    with keys_unbuffered(source):
        return computer.run(*limits, until=until)


def explain(computer: Computer, outcome: Outcome) -> None:
    """Say on standard error why a guest that did not end by itself was ended, and where."""
    code = outcome.exit_code
    if outcome.stop is Stop.EXIT and code is not None and code > MAXIMUM_GUEST_EXIT_CODE:
        say(
            f"the guest's exit code is {code}; the command ends with {MAXIMUM_GUEST_EXIT_CODE}, as what is above that "
            "says why a guest did not end by itself"
        )
    elif outcome.stop is not Stop.EXIT:
        from toyvm.machine.diagnosis import describe

        say(outcome.report or describe(computer, outcome.stop))


def exit_code_of(outcome: Outcome) -> int:
    """What the command ends with: the guest's own code, at most 99, or that of why it was stopped."""
    if outcome.stop is Stop.EXIT:
        return min(outcome.exit_code or 0, MAXIMUM_GUEST_EXIT_CODE)
    return int(EXIT_CODES[outcome.stop])


def _write_report(
    arguments: argparse.Namespace, technique: str, computer: Computer, outcome: Outcome, cut: dict[str, Any] | None
) -> None:
    from toyvm.report.records import run_report, write_json

    names = (
        "program",
        "engine",
        "hardware",
        "memory",
        "max_instructions",
        "timeout",
        "disk",
        "files",
        "input",
        "tlb",
    )
    configuration = {"technique": technique} | {name: getattr(arguments, name) for name in names}
    configuration["defines"] = parse_defines(arguments.defines)
    configuration |= {"arguments": arguments.words, "environment": arguments.env, "stack": arguments.stack}
    record = run_report(computer, outcome, configuration)
    if computer.tlb is not None:
        record["tlb"] = computer.tlb.record()
    if cut is not None:
        record["power_cut"] = cut
    if facts_of(arguments.technique).name == "rewrite":
        from dataclasses import asdict

        from toyvm.host.rewriting import counts_of

        record["rewriting"] = asdict(counts_of(cast("Guest", computer)))
    write_json(Path(arguments.report), record)


def _write_record(path: str, source: InputSource, computer: Computer) -> None:
    from toyvm.machine.console import RecordedStream
    from toyvm.report.records import input_log_record, write_json

    log = source.log if isinstance(source, RecordedStream) else getattr(computer, "input_log", [])
    write_json(Path(path), input_log_record(log, source.live))
