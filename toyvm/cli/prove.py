"""Prove that interpreter, recompiler and reference mean the same by an instruction, for all inputs.

The sources of a checkout are read as they stand: the interpreter's C, the reference's Python, and the IR that the
recompiler writes. Solvers look for an input on which they differ. NAME picks what is proven: an area, a mnemonic, or
one claim by its name; all that there is unless said. What is refuted is printed with the input, as a program that runs.
`toyvm docs proofs` says what is proven and what is not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from toyvm.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from toyvm.proof.obligations import Obligation, Result
    from toyvm.proof.sources import Sources

_LIMIT = 60.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="an area, a mnemonic or a claim; all unless said")
    parser.add_argument("--list", action="store_true", help="print the claims, and prove nothing")
    parser.add_argument("--first", action="store_true", help="end with the first claim that is refuted")
    parser.add_argument(
        "--limit", metavar="SECONDS", help=f"for a question that both solvers are asked; {_LIMIT:g} unless said"
    )
    parser.add_argument(
        "--certificate", metavar="FILE", help="write what was proven, of which sources, and what was not"
    )
    parser.add_argument("--check", metavar="FILE", help="say whether a certificate is whole and about these sources")
    parser.add_argument(
        "--sources", metavar="DIR", help="the checkout whose sources are meant; toyvm's own unless said"
    )


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.options import parse_seconds
    from toyvm.cli.outputs import check_outputs
    from toyvm.proof.extras import check_extras

    proving = (arguments.names, arguments.list, arguments.first, arguments.certificate is not None)
    if arguments.check is not None and any(proving):
        raise UsageError("--check looks at a certificate, and proves nothing: it goes with --sources alone")
    check_extras()
    limit = parse_seconds(arguments.limit, "--limit")
    check_outputs({"--certificate": arguments.certificate})
    sources = _sources(arguments.sources)
    if arguments.check is not None:
        return _check(arguments.check, sources)
    from toyvm.proof.areas import obligations_of

    with sources.reading("claims"):
        obligations = obligations_of(sources, arguments.names)
    if arguments.list:
        print("\n".join(f"{one.name}: {one.claim}" for one in obligations))
        return ExitCode.OK
    return _prove(obligations, sources, _LIMIT if limit is None else limit, arguments)


def _sources(name: str | None) -> Sources:
    from toyvm.paths import PACKAGE
    from toyvm.proof.sources import Sources

    return Sources(PACKAGE.parent if name is None else Path(name).resolve())


def _check(certificate: str, sources: Sources) -> int:
    from toyvm.printable import printable
    from toyvm.proof.certificate import read_certificate
    from toyvm.proof.solving import Verdict

    record = read_certificate(certificate)
    rows = record["obligations"]
    proven = sum(row["verdict"] == Verdict.PROVEN.value for row in rows)
    same = record["sources"] == sources.digest()
    about = "these sources" if same else "other sources than these"
    print(printable(f"{certificate}: {proven} of {len(rows)} claims proven, about {about}"))
    return ExitCode.OK if same and proven == len(rows) else ExitCode.CLAIM_FAILED


def _prove(obligations: Sequence[Obligation], sources: Sources, limit: float, arguments: argparse.Namespace) -> int:
    from toyvm.lab.progress import Progress
    from toyvm.proof.certificate import write_certificate
    from toyvm.proof.obligations import decide_obligation
    from toyvm.proof.solving import Verdict

    begun, results = monotonic(), []
    with Progress(sys.stderr) as progress:
        for number, obligation in enumerate(obligations, 1):
            progress.show(f"{number} of {len(obligations)}: {obligation.name}")
            with sources.reading(obligation.name):
                results.append(decide_obligation(obligation, limit))
            if arguments.first and results[-1].verdict is Verdict.REFUTED:
                break
    seconds = monotonic() - begun
    try:
        if arguments.certificate is not None:  # before anybody can close what is printed to
            write_certificate(arguments.certificate, sources, results, seconds)
    finally:
        for line in _page(results, limit, seconds):
            print(line)
    verdicts = {result.verdict for result in results}
    if Verdict.REFUTED in verdicts:
        return ExitCode.CLAIM_FAILED
    return ExitCode.LIMIT if Verdict.UNDECIDED in verdicts else ExitCode.OK


def _page(results: Sequence[Result], limit: float, seconds: float) -> Iterator[str]:
    from toyvm.cli.width import output_width
    from toyvm.lab.text import wrapped
    from toyvm.proof.areas import AREAS
    from toyvm.proof.certificate import NOT_PROVEN
    from toyvm.proof.extras import versions
    from toyvm.proof.solving import Verdict
    from toyvm.proof.witness import witness_of

    for area, (what, _) in AREAS.items():
        of_area = [result for result in results if result.obligation.area == area]
        if of_area:
            proven = sum(result.verdict is Verdict.PROVEN for result in of_area)
            yield f"{area}: {proven} of {len(of_area)} claims proven: {what}"
    for result in results:
        one = result.obligation
        if result.verdict is Verdict.UNDECIDED:
            yield from wrapped(
                f"not proven within {limit:g} s a question: {one.name}: {one.claim}", output_width(), "  "
            )
        elif result.verdict is Verdict.REFUTED:
            yield from wrapped(f"refuted: {one.name}: {one.claim}", output_width(), "  ")
            if one.operands is not None:
                yield witness_of(one.subject, one.claim, result.values)
            elif result.values:
                yield "  with " + ", ".join(f"{name} = {value:#x}" for name, value in result.values.items())
    yield from wrapped(f"Not proven by any of this: {'; '.join(NOT_PROVEN)}.", output_width(), "  ")
    solvers = ", ".join(f"{name} {version}" for name, version in versions().items())
    yield f"{len(results)} claims in {seconds:.0f} s, with {solvers}"
