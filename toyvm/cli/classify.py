"""Classify the instruction set as Popek and Goldberg do, by what the machine does and nothing else.

Each instruction is tried with a choice of operands in pairs of states, and found privileged, control-sensitive,
mode-sensitive, location-sensitive, or innocuous, which no trial can prove. What was found is held to what is declared,
and to the three theorems: whether a monitor can be built, on which hardware, and what stands in the way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.errors import ExitCode, UsageError
from toyvm.isa.machine import Level

if TYPE_CHECKING:
    from toyvm.testing.classify import Claim, Finding, Theorem, Witness

    Findings = Mapping[Level, Sequence[Finding]]

_COLUMN = 9  # of a level


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hardware", metavar="L", help=f"on hardware of this level alone: {', '.join(Level)}; all unless said"
    )
    parser.add_argument(
        "--witness", metavar="MNEMONIC", help="print programs that show it of this instruction, one for each claim"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="write the witnesses there, a file each, of all instructions unless said"
    )


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.arguments import unknown_name
    from toyvm.files.replacing import check_folder
    from toyvm.isa.instructions import BY_MNEMONIC
    from toyvm.lab.progress import Progress
    from toyvm.machine.config import parse_level
    from toyvm.testing.classify import classify, contradictions

    levels = list(Level) if arguments.hardware is None else [parse_level(arguments.hardware)]
    wanted = arguments.witness
    if wanted is not None and wanted not in BY_MNEMONIC:
        raise UsageError(unknown_name("instruction", wanted, BY_MNEMONIC))
    if arguments.output is not None:
        check_folder(arguments.output)
    rows = tuple(BY_MNEMONIC.values()) if wanted is None else (BY_MNEMONIC[wanted],)
    found: dict[Level, list[Finding]] = {level: [] for level in levels}
    with Progress(sys.stderr) as progress:
        for level in levels:
            for finding in classify(level, rows):
                found[level].append(finding)
                progress.show(f"{level} hardware: {finding.mnemonic}, {len(found[level])} of {len(rows)}")
    witnesses = dict(_witnesses(found))
    if arguments.output is not None:
        _write(Path(arguments.output), witnesses)
    if wanted is not None:
        print(
            "\n".join(witnesses.values())
            or f"{wanted}: nothing was shown of it; it is innocuous as far as it was tried"
        )
    elif arguments.output is None:
        print("\n".join(_page(found)))
    wrong = [
        f"{finding.mnemonic}, on {level} hardware: {what}"
        for level, findings in found.items()
        for finding in findings
        for what in contradictions(level, finding)
    ]
    print("".join(f"{line}\n" for line in wrong), end="")
    return ExitCode.CLAIM_FAILED if wrong else ExitCode.OK


def _witnesses(found: Findings) -> Iterator[tuple[str, str]]:
    """Name and text of a program for each claim, which says on which hardware it shows it."""
    shown: dict[tuple[str, Claim], tuple[Witness, list[Level]]] = {}
    for level, findings in found.items():
        for finding in findings:
            for claim, witness in finding.witnesses.items():
                shown.setdefault((finding.mnemonic, claim), (witness, []))[1].append(level)
    for (mnemonic, claim), (witness, levels) in shown.items():
        name = f"{mnemonic}-{claim.words.replace(' ', '-')}.s"
        run = f"toyvm run {name} --hardware {levels[0]}"
        where = "hardware of every level" if len(levels) == len(Level) else f"{', '.join(levels)} hardware"
        yield name, f"{witness.source()}# So it is on {where}: `echo x | {run}` exits with {witness.exit_code}.\n"


def _write(directory: Path, witnesses: Mapping[str, str]) -> None:
    from toyvm.files.replacing import make_folder, replace_file

    make_folder(directory)
    for name, text in witnesses.items():
        replace_file(directory / name, text.encode())
    print(f"{len(witnesses)} witnesses in {directory}", file=sys.stderr)


def _page(found: Findings) -> Iterator[str]:
    """What each instruction is, a column for each level; then what each theorem comes to."""
    from toyvm.testing.classify import Claim, theorems

    kinds = [claim for claim in Claim if not claim.user]
    yield f"{', '.join(f'{claim.letter} {claim.words}' for claim in kinds)}; c, l in user mode, too"
    yield ""
    rows = list(zip(*found.values(), strict=True))  # an instruction, on hardware of each level
    shown = [row for row in rows if any(finding.witnesses for finding in row)]
    width = max(len(row[0].mnemonic) for row in shown)
    column = max(len(row[0].declared.value) for row in rows)
    yield f"{'':<{width}}  {'declared':<{column}}  {''.join(f'{level:<{_COLUMN}}' for level in found)}".rstrip()
    for row in shown:
        cells = "".join(f"{_letters(finding):<{_COLUMN}}" for finding in row)
        yield f"{row[0].mnemonic:<{width}}  {row[0].declared.value:<{column}}  {cells}".rstrip()
    yield f"and {len(rows) - len(shown)} instructions of which nothing was shown: they are innocuous"
    for of_levels in zip(*(theorems(findings) for findings in found.values()), strict=True):
        yield ""
        yield from _verdicts(dict(zip(found, of_levels, strict=True)))


def _letters(finding: Finding) -> str:
    return "".join(claim.letter for claim in finding.witnesses) or "-"


def _verdicts(of_levels: Mapping[Level, Theorem]) -> Iterator[str]:
    """A theorem, and for each level whether it applies, or what stands in the way."""
    from toyvm.cli.width import output_width
    from toyvm.lab.text import wrapped

    theorem = next(iter(of_levels.values()))
    yield from wrapped(f"Theorem {theorem.number}: {theorem.promises}, if {theorem.condition}.", output_width(), "  ")
    for level, one in of_levels.items():
        verdict = "applies" if one.applies else f"does not apply: {', '.join(one.obstacles)}"
        yield f"  {level:<8} {verdict}"
