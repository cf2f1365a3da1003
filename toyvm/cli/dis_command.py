"""Disassemble an image, with symbols and source lines. The output assembles back to the same words."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="an image that `toyvm asm` wrote")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.disasm import disassemble_image
    from toyvm.shipped import read_image

    sys.stdout.write(disassemble_image(read_image(Path(arguments.image))))
    return 0
