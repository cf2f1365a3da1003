"""Run a guest with its code rewritten, and print what was: each original beside its replacement, and what that saved.

The options are those of `toyvm run` that make sense for it. The guest's input is empty unless --input names a file, and
what it prints is dropped. Where its end does not depend on the technique, the exits of `trap` are counted too, by a run
of their own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from toyvm.cli import run
from toyvm.cli.options import add_options_of_techniques, variant_of
from toyvm.errors import ExitCode, UsageError
from toyvm.isa.machine import Level
from toyvm.machine.outcome import Stop
from toyvm.printable import printable
from toyvm.techniques import BY_NAME, NATIVE_ENGINES

if TYPE_CHECKING:
    from toyvm.host.guest import Guest
    from toyvm.host.rewriting import RewrittenWord

_REFUSED = ("report", "tlb", "record", "replay", "files", "power-cut", "power-cut-media", "power-cut-seed")
_REFUSED_FLAG = "write-back"
_TECHNIQUE = BY_NAME["rewrite"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    run.add_program(parser)
    how = parser.add_argument_group("how it runs")
    add_options_of_techniques(how, _TECHNIQUE.options)
    run.add_machine_options(how, NATIVE_ENGINES)
    run.add_run_options(parser)
    # Those of toyvm run that mean nothing here are refused by a word of ours.
    parser.add_argument("--technique", default=_TECHNIQUE.name, help=argparse.SUPPRESS)
    for name in _REFUSED:
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument(f"--{_REFUSED_FLAG}", action="store_true", help=argparse.SUPPRESS)


def execute(arguments: argparse.Namespace) -> int:
    for name in (*_REFUSED, _REFUSED_FLAG):
        if getattr(arguments, name.replace("-", "_")):
            raise UsageError(f"--{name} goes with toyvm run")
    variant = variant_of(arguments)
    if variant.facts.name != "rewrite":
        raise UsageError(f"technique {variant.facts.name} rewrites nothing; it has to be rewrite")
    arguments.technique = variant.name
    with run.quiet_guest(arguments) as (guest, outcome):
        print("\n".join([*_words(guest), *_counts(guest)]), flush=True)
        if outcome.stop is Stop.INTERRUPTED:
            run.explain(guest, outcome)
            return ExitCode.INTERRUPTED
        exits, level = guest.exits, guest.host.level
    print("\n".join(_avoided(arguments, exits, level)))
    return ExitCode.OK


def _words(guest: Guest) -> Iterator[str]:
    from toyvm.host.rewriting import words_of

    shown = ""
    for word in words_of(guest):
        location = guest.image.locate(word.address) if guest.image else None
        place = f"{printable(os.path.basename(location.file))}:{location.line}" if location and location.file else ""
        heading = f"{'user' if word.user else 'kernel'} code, page {word.address & ~0xFFF:#x}"
        if heading != shown:
            yield f"{heading}:"
            shown = heading
        yield f"  {word.address:#8x}  {_both(word):<72}  {word.kind:<8}  {place}".rstrip()


def _both(word: RewrittenWord) -> str:
    from toyvm.asm.disassembler import disassemble_word

    original = disassemble_word(word.original, word.address)
    site = word.site
    replacement = disassemble_word(word.replacement, word.address) if site is None else f"monitor call {site}"
    return f"{original:<34} -> {replacement}"


def _counts(guest: Guest) -> Iterator[str]:
    from toyvm.host.rewriting import counts_of

    counts = counts_of(guest)
    yield (
        f"{counts.sites} sites on {counts.pages} pages: {counts.in_place} in place, {counts.calls} calls, "
        f"{counts.adapted} adapted; {counts.copied} copies made, {counts.dropped} dropped, "
        f"{counts.stepped} instructions stepped"
    )


def _avoided(arguments: argparse.Namespace, exits: dict[str, int], level: Level) -> Iterator[str]:
    """The same run under trap, where that is equivalent."""
    if level not in BY_NAME["trap"].levels:
        yield f"exits: {sum(exits.values())}; under trap it could not run on {level} hardware"
        return
    arguments.technique = "trap"
    with run.quiet_guest(arguments) as (guest, outcome):
        trapped = guest.exits
    if outcome.stop is Stop.INTERRUPTED:
        raise KeyboardInterrupt
    avoided = sum(trapped.values()) - sum(exits.values())
    yield f"exits: {sum(exits.values())}, and {sum(trapped.values())} under trap: {avoided} avoided"
    for reason in sorted({*exits, *trapped}):
        yield f"  {reason:<18} {exits.get(reason, 0):>12} {trapped.get(reason, 0):>12}"
