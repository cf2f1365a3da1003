"""Run a guest on several subjects, and say whether they do the same: the state is compared at counts of instructions.

A SUBJECT is a technique with its options, as trap+flush, on the interpreter or, as trap/recompiler, on another engine;
or an engine, on which the machine is bare; or a class of monitors or engines in Python, MODULE:CLASS or FILE.py:CLASS
(`toyvm docs testing`); each on other hardware with @LEVEL, as rewrite@classic. The others are held to the first one,
a single one to the reference, at some 80,000 instructions a second. Without any, every technique is held to the bare
machine; a regression that a test has kept says itself who, where, and on what machine. Under para, and where hypercalls
are offered, other instructions are executed: of those the output and the exit code are compared. Where two differ, the
first instruction after which they do is looked for, and the reference is asked whether that is left open.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from toyvm.cli.options import add_source_options, parse_count, parse_defines, parse_number
from toyvm.errors import ExitCode, UsageError
from toyvm.isa.machine import Level
from toyvm.launch import check_choices

if TYPE_CHECKING:
    from toyvm.image import Image
    from toyvm.testing.comparing import Contender
    from toyvm.testing.programs import Program
    from toyvm.testing.subjects import Subject

_LIMIT = 100_000_000  # instructions
_CHECKPOINTS = 16
_MEMORY = "16M"
_MOST_CHECKPOINTS = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("program", metavar="PROGRAM", help="an image, a source (.s) or a shipped guest's name")
    parser.add_argument(
        "subjects",
        nargs="*",
        metavar="SUBJECT",
        help="what runs it; the first is what others are held to, the reference what one alone is",
    )
    where = parser.add_argument_group("where they are compared")
    where.add_argument("--at", metavar="N,...", help="after these counts of instructions, and nowhere else")
    where.add_argument(
        "--checkpoints", metavar="N", help=f"at so many random counts, and at the end; {_CHECKPOINTS} unless said"
    )
    where.add_argument("--seed", metavar="S", help="which random counts; 0 unless said")
    where.add_argument("--max-instructions", metavar="N", help="no further than this; 1e8 unless said")
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--hardware", metavar="L", help=f"hardware level: {', '.join(Level)}; strict unless said")
    machine.add_argument("--memory", metavar="SIZE", help=f"bytes, or 64K, 16M; {_MEMORY} unless said")
    machine.add_argument("--input", metavar="FILE", help="the console's input; nothing unless said")
    machine.add_argument("--disk", metavar="FILE", help="a disk, which stays as it is")
    machine.add_argument("--disk-latency", metavar="TICKS", help="from a command to its completion; 1000 unless said")
    add_source_options(parser.add_argument_group("for a source"))


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.width import output_width
    from toyvm.lab.progress import Progress
    from toyvm.lab.text import wrapped
    from toyvm.printable import printable
    from toyvm.testing.comparing import compare_all, explained, said

    regression = _regression(arguments)
    if regression is not None:
        from toyvm.testing.regressions import replay

        verdict = replay(regression, *_distinct(arguments.subjects))
    else:
        contenders, image = _contenders(arguments)
        points = _checkpoints(arguments, contenders[0])
        with Progress(sys.stderr) as progress:
            verdict = compare_all(contenders, points, image=image, progress=progress.show)
    for line in said(verdict):
        print("\n".join(wrapped(printable(line), output_width(), "  ")))
    for difference in verdict.differences:
        print(printable("\n".join(explained(difference, verdict.names[0])), keep="\n"))
    return ExitCode.OK if verdict.equal else ExitCode.CLAIM_FAILED


_SAID = ("at", "checkpoints", "seed", "max_instructions", "hardware", "memory", "input", "disk", "disk_latency")


def _regression(arguments: argparse.Namespace) -> Path | None:
    """The file of a regression, which says itself where it is compared and on what machine. Raises UsageError."""
    from toyvm.programs import find_program, is_source
    from toyvm.testing.regressions import is_regression

    path = find_program(arguments.program)
    if not is_source(path) or not is_regression(path):
        return None
    for name in _SAID:
        if getattr(arguments, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{arguments.program}: a regression says itself where it is compared, and {option} does too"
            )
    return path


def _contenders(arguments: argparse.Namespace) -> tuple[list[Contender], Image]:
    """Who is compared, the first one first, and the image that names places."""
    from toyvm.programs import load_program
    from toyvm.testing.comparing import Contender

    subjects, defines = _subjects(arguments), parse_defines(arguments.defines)
    images = {
        subject.technique: load_program(
            arguments.program, subject.technique, defines=defines, include=arguments.include
        )
        for subject in subjects
    }
    if not arguments.subjects:
        subjects = [subject for subject in subjects if _is_built_for(subject, images)]
    if len(subjects) < 2:
        alone = subjects[0].name if subjects else "nothing"
        raise UsageError(f"{arguments.program}: {alone} runs it of what is compared unless said; name two subjects")
    machine = _machine(arguments)
    contenders = []
    for one in subjects:
        image = images[one.technique]
        level = one.level or check_choices(one.technique, "interpreter", arguments.hardware)
        program = replace(machine, segments=image.segments, entry=image.entry, level=level)
        contenders.append(Contender(one.name, one.make, program, one.kind != subjects[0].kind))
    return contenders, images[subjects[0].technique]


def _subjects(arguments: argparse.Namespace) -> list[Subject]:
    from toyvm.machine.config import parse_level
    from toyvm.techniques import COMPARED
    from toyvm.testing.subjects import subject_named

    names = _distinct(arguments.subjects)
    if arguments.hardware is not None:
        parse_level(arguments.hardware)
    if not names:
        return [subject_named(name) for name in COMPARED if _exists(arguments, name)]
    subjects = [subject_named(name) for name in names]
    for subject in subjects:
        if subject.level is None:
            check_choices(subject.technique, "interpreter", arguments.hardware)
    return subjects


def _distinct(names: Sequence[str]) -> list[str]:
    """Each subject once; before a single one what it is held to. Raises UsageError where that is itself."""
    from toyvm.testing.subjects import judge_of, subject_named

    once = list(dict.fromkeys(names))
    if len(once) == 1:
        once = [judge_of(subject_named(once[0])), *once]
        if once[0] == once[1]:
            raise UsageError(f"{once[0]} alone is equal to itself; name two subjects, or none for all techniques")
    return once


def _exists(arguments: argparse.Namespace, technique: str) -> bool:
    """Has the guest a build for it, and is there the technique on this hardware?"""
    from toyvm.programs import find_program, is_source
    from toyvm.shipped.headers import read_header
    from toyvm.shipped.prebuilt import is_shipped
    from toyvm.techniques import Build, facts_of

    path, facts = find_program(arguments.program), facts_of(technique)
    if arguments.hardware is not None and arguments.hardware not in facts.levels:
        return False
    if is_source(path):
        return not is_shipped(path) or read_header(path).why_missing(technique) is None
    return facts.build is Build.PLAIN  # an image was built already


def _is_built_for(subject: Subject, images: Mapping[str, Image]) -> bool:
    """Is it the plain build that it takes, or has the source one for it that is another?"""
    from toyvm.techniques import Build, facts_of

    plain = next((image for name, image in images.items() if facts_of(name).build is Build.PLAIN), None)
    built = images[subject.technique]
    return facts_of(subject.technique).build is Build.PLAIN or plain is None or built.segments != plain.segments


def _machine(arguments: argparse.Namespace) -> Program:
    """The machine that every image is to have, without one."""
    from toyvm.arguments import check_pages
    from toyvm.files.boundary import read_file
    from toyvm.isa.machine import DEFAULT_DISK_LATENCY, MAXIMUM_MEMORY, MINIMUM_MEMORY
    from toyvm.limits import MAXIMUM_DISK_DATA_BYTES
    from toyvm.programs import is_system
    from toyvm.shipped.system_disk import shipped_disk
    from toyvm.testing.programs import Program

    disk: bytes | None = None
    if arguments.disk is not None:
        disk = read_file(arguments.disk, MAXIMUM_DISK_DATA_BYTES)
    elif is_system(arguments.program):
        disk = bytes(shipped_disk())
    latency = arguments.disk_latency
    return Program(
        segments=(),
        memory=check_pages(arguments.memory or _MEMORY, MINIMUM_MEMORY, MAXIMUM_MEMORY, "--memory"),
        input=b"" if arguments.input is None else read_file(arguments.input, MAXIMUM_DISK_DATA_BYTES),
        disk=disk,
        disk_latency=DEFAULT_DISK_LATENCY if latency is None else parse_number(latency, "--disk-latency"),
    )


def _checkpoints(arguments: argparse.Namespace, first: Contender) -> list[int]:
    """Where states are compared: at the counts that are given, or at random ones up to the end of the first one."""
    from toyvm.testing.comparing import end_of, random_checkpoints

    limit = parse_count(arguments.max_instructions, "--max-instructions")
    if arguments.at is not None:
        for name in ("checkpoints", "seed", "max_instructions"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--at says where; --{name.replace('_', '-')} is for random counts")
        return [parse_count(text, "--at") or 0 for text in arguments.at.split(",")]
    count = _CHECKPOINTS if arguments.checkpoints is None else parse_count(arguments.checkpoints, "--checkpoints") or 0
    if count > _MOST_CHECKPOINTS:
        raise UsageError(f"--checkpoints {count}: {_MOST_CHECKPOINTS} is the most")
    seed = 0 if arguments.seed is None else parse_number(arguments.seed, "--seed")
    return random_checkpoints(Random(seed), end_of(first, _LIMIT if limit is None else limit), count)
