"""Classify the instruction set as Popek and Goldberg do, by what the machine does and nothing else.

Each instruction is tried with a choice of operands in pairs of states, and found privileged, control-sensitive,
mode-sensitive, location-sensitive, or innocuous, which no trial can prove. What was found is held to what is declared,
and to the three theorems: whether a monitor can be built, on which hardware, and what stands in the way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from toyvm.errors import ExitCode, UsageError
from toyvm.isa.machine import Level

if TYPE_CHECKING:
    from toyvm.testing.classify import Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hardware", metavar="L", help=f"hardware level: {', '.join(Level)}; strict unless said", default=Level.STRICT
    )
    parser.add_argument(
        "--witness", metavar="MNEMONIC", help="print programs that show it of this instruction, one for each claim"
    )


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.arguments import unknown_name
    from toyvm.isa.instructions import BY_MNEMONIC
    from toyvm.lab.progress import Progress
    from toyvm.machine.config import parse_level
    from toyvm.testing.classify import classify, contradictions

    level, wanted = parse_level(arguments.hardware), arguments.witness
    if wanted is not None and wanted not in BY_MNEMONIC:
        raise UsageError(unknown_name("instruction", wanted, BY_MNEMONIC))
    rows = tuple(BY_MNEMONIC.values()) if wanted is None else (BY_MNEMONIC[wanted],)
    findings = []
    with Progress(sys.stderr) as progress:
        for number, finding in enumerate(classify(level, rows), 1):
            progress.show(f"{finding.mnemonic}, {number} of {len(rows)}")
            findings.append(finding)
    print("\n".join(_page(level, findings) if wanted is None else _witnesses(findings[0])))
    return ExitCode.CLAIM_FAILED if any(contradictions(level, finding) for finding in findings) else ExitCode.OK


def _witnesses(finding: Finding) -> Iterator[str]:
    if not finding.witnesses:
        yield f"# {finding.mnemonic}: nothing was shown of it; it is innocuous as far as it was tried."
    for witness in finding.witnesses.values():
        yield witness.source()


def _page(level: Level, findings: Sequence[Finding]) -> Iterator[str]:
    from toyvm.cli.width import output_width
    from toyvm.lab.text import wrapped
    from toyvm.testing.classify import contradictions, theorems

    yield f"On {level} hardware"
    shown = [finding for finding in findings if finding.witnesses]
    width = max(len(finding.mnemonic) for finding in shown)
    declared = max(len(finding.declared.value) for finding in shown)
    for finding in shown:
        yield f"  {finding.mnemonic:<{width}}  declared {finding.declared.value:<{declared}}  {finding.words}"
    yield f"  and {len(findings) - len(shown)} instructions of which nothing was shown: they are innocuous"
    for theorem in theorems(findings):
        if theorem.applies:
            verdict = f"applies, as {theorem.condition}: {theorem.promises}"
        else:
            verdict = f"does not apply: {theorem.condition}, but not {', '.join(theorem.obstacles)}"
        yield from wrapped(f"Theorem {theorem.number} {verdict}.", output_width(), "  ")
    for finding in findings:
        yield from (f"{finding.mnemonic}: {what}" for what in contradictions(level, finding))
