"""Assemble and link sources into one image."""

from __future__ import annotations

import argparse
from pathlib import Path

from toyvm.cli.options import add_source_options, parse_defines
from toyvm.cli.saying import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a source file")
    parser.add_argument("-o", dest="output", required=True, metavar="IMAGE", help="the image to write")
    add_source_options(parser)
    parser.add_argument("--listing", metavar="FILE", help="write addresses, words and source lines there")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.asm import assemble
    from toyvm.cli.outputs import check_kept, check_outputs
    from toyvm.files.replacing import replace_file

    outputs = {"-o": arguments.output, "--listing": arguments.listing}
    check_outputs(outputs)
    assembly = assemble(arguments.sources, defines=parse_defines(arguments.defines), include=arguments.include)
    for message in assembly.messages:
        say(message, prefix="")
    check_kept(outputs, assembly.inputs)
    # Both files or none: the listing is made before anything is written.
    listing = assembly.listing() if arguments.listing else None
    replace_file(Path(arguments.output), assembly.image.to_bytes())
    if listing is not None:
        replace_file(Path(arguments.listing), listing.encode())
    return 0
