"""Begin a program of your own: write NAME.s, NAME.py or NAME.c, a small start that runs at once and says how.

NAME may have a directory before it. What is there already is never overwritten.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import NamedTuple

from toyvm.errors import BadFileError, ExitCode, UsageError
from toyvm.files.boundary import boundary, shown


class Kind(NamedTuple):
    """One kind of start: what it is, the file's suffix, and what to type next."""

    what: str
    suffix: str
    next: str


KINDS = {
    "hello": Kind("a greeting, and the power off", ".s", "toyvm run {file}"),
    "workload": Kind("a workload that the lab times by the operation", ".s", "toyvm lab {file} syscall --quick"),
    "kernel": Kind("a kernel with a user program and system calls", ".s", "toyvm run {file} --technique trap"),
    "para": Kind("one source for bare hardware and for hypercalls", ".s", "toyvm run {file} --technique para"),
    "monitor": Kind("a monitor in Python", ".py", "python {file}"),
    "c": Kind(
        "a C program, compiled for RISC-V",
        ".c",
        "riscv64-unknown-elf-gcc -O2 $(toyvm import --flags) {file} -o {stem}.elf && toyvm run {stem}.elf",
    ),
}
_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is to be called: letters, digits, - and _")
    kinds = "; ".join(f"{name}: {kind.what}" for name, kind in KINDS.items())
    parser.add_argument(
        "--kind", default="hello", choices=list(KINDS), metavar="KIND", help=f"{kinds}; hello unless said"
    )


def execute(arguments: argparse.Namespace) -> int:
    kind = KINDS[arguments.kind]
    path = _path(arguments.name, kind.suffix)
    write_start(path, arguments.kind)
    print(f"{shown(path)}: {kind.what}; next:\n  {kind.next.format(file=path, stem=path.with_suffix(''))}")
    return ExitCode.OK


def _path(name: str, suffix: str) -> Path:
    """The file of that name. Raises UsageError for what would not do as one everywhere."""
    folder, stem = os.path.split(name.removesuffix(suffix))
    if not _NAME.fullmatch(stem):
        raise UsageError(
            f"{shown(name)}: {stem!r} will not do as a name; it takes a letter, then up to 63 letters, digits, - and _"
        )
    return Path(folder, stem + suffix)


def write_start(path: Path, kind: str) -> None:
    """The start of that kind, under its name, in a new file. Raises BadFileError where there is one."""
    from toyvm.paths import guests_directory

    template = guests_directory() / "new" / f"{kind}{path.suffix}"
    text = template.read_text(encoding="utf-8").replace("NAME", path.stem)
    with boundary(path):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise BadFileError(f"{shown(path)}: is there already; remove it, or choose another name") from None
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
