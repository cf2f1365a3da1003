"""Disassemble an image, with symbols and source lines. The output assembles back to the same words.

The text of source lines is shown of files beneath the current directory and of the shipped guests, and beneath the
directories that --source names.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toyvm.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="an image that `toyvm asm` wrote")
    parser.add_argument(
        "--source", action="append", default=[], metavar="DIR", help="show the text of sources beneath it, too"
    )


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.asm.disassembler import disassembly
    from toyvm.programs import read_image

    image = read_image(_image(arguments.image))
    sys.stdout.writelines(f"{line}\n" for line in disassembly(image, [Path(name) for name in arguments.source]))
    return 0


def _image(name: str) -> Path:
    """The path of an image. Raises UsageError for what has to become one first."""
    from toyvm.programs import is_riscv_program, is_source

    path = Path(name)
    if is_source(path):
        image = path.with_suffix(".img").name
        raise UsageError(f"{path} is a source; dis takes an image: toyvm asm {path} -o {image}, then toyvm dis {image}")
    if is_riscv_program(path):
        image = f"{path.name}.img"
        raise UsageError(
            f"{path} is a RISC-V program; dis takes an image: toyvm import {path} -o {image}, then toyvm dis {image}"
        )
    return path
