"""Print the manual of the T64: all that an assembler, an emulator or a kernel has to know."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="text unless said")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.width import output_width
    from toyvm.manual import render

    sys.stdout.write(render(arguments.format, output_width()))
    return 0
