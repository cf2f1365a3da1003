"""Print the manual of the T64: all that an assembler, an emulator or a kernel has to know.

With a WORD, what it has about that: an instruction, register, cause, port, hypercall or exit, or a chapter by number or
title.
"""

from __future__ import annotations

import argparse
import sys

from toyvm.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", nargs="?", metavar="WORD", help="what to look up; the whole manual unless said")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="text unless said")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.width import output_width
    from toyvm.manual import entry, render

    if arguments.word is not None and arguments.format != "text":
        raise UsageError("a word is looked up as text; --format goes with the whole manual")
    text = render(arguments.format, output_width()) if arguments.word is None else entry(arguments.word, output_width())
    sys.stdout.write(text)
    return 0
