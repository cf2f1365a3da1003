"""Make an image of a static RV64IM program: its instructions re-encoded in place, with a supervisor that serves it.

`riscv64-unknown-elf-gcc -O2 -g $(toyvm import --flags) program.c -o program.elf` makes such a program with picolibc.
`toyvm run` takes one as it is. What there is to say about it is printed on standard error. An exit code of 100 or more
becomes 99.

The flags go with every call of that compiler, or of its g++; `-c`, `-std=`, `-ansi`, `-Werror` may stand beside them.
Start-up, streams and system calls are compiled for them once, into the user's cache (XDG_CACHE_HOME, or ~/.cache); a
function of a program's own with such a name, `open` or `times`, goes before theirs.

C++ takes -fno-exceptions -fno-rtti besides, as there is no libstdc++ here: classes, templates, virtual functions,
globals with constructors, new and delete are there, the headers of C++ are those that the toolchain has.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.options import Options
from toyvm.cli.saying import say
from toyvm.errors import UsageError

if TYPE_CHECKING:
    from toyvm.importer import Imported
    from toyvm.importer import Options as StartOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("program", metavar="ELF", help="a static program for RV64IM")
    parser.add_argument("words", nargs="*", default=[], metavar="ARGUMENT", help="what main finds in argv, after a --")
    parser.add_argument("-o", dest="output", required=True, metavar="IMAGE", help="the image to write")
    add_start_options(parser)
    parser.add_argument(
        "--program", dest="alone", action="store_true", help="leave the supervisor out: for a disk of `toyvm run os`"
    )
    parser.add_argument(
        "--flags",
        nargs="?",
        metavar="COMPILER",
        action=_PrintFlags,
        help="print what this gcc or g++ makes such programs with, and end; riscv64-unknown-elf-gcc unless said",
    )


def add_start_options(parser: Options) -> None:
    """How an imported program starts."""
    parser.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="into the environment of a RISC-V program"
    )
    parser.add_argument("--stack", metavar="SIZE", help="the stack of a RISC-V program; 1M unless said")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.outputs import check_kept, check_outputs
    from toyvm.files.replacing import replace_file

    outputs = {"-o": arguments.output}
    check_outputs(outputs)
    check_kept(outputs, (arguments.program,))
    start = start_options(arguments)
    if arguments.alone:
        if arguments.words or arguments.env or arguments.stack is not None:
            raise UsageError("--program: arguments, environment and stack are given by who executes it")
        imported = alone_with_notes(Path(arguments.program))
    else:
        imported = import_with_notes(Path(arguments.program), start)
    replace_file(Path(arguments.output), imported.image.to_bytes())
    return 0


def start_options(arguments: argparse.Namespace) -> StartOptions:
    """The program's arguments, environment and stack. Raises UsageError."""
    from toyvm.arguments import parse_size
    from toyvm.importer import Options as StartOptions

    environment = {}
    for text in arguments.env:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--env {text}: it takes NAME=VALUE")
        environment[name] = value
    given = {} if arguments.stack is None else {"stack": parse_size(arguments.stack, "--stack")}
    return StartOptions(tuple(arguments.words), environment, **given)


def import_with_notes(path: Path, options: StartOptions) -> Imported:
    """Import a file, and say on standard error what there is to say about it."""
    from toyvm.importer import import_file

    imported = import_file(path, options)
    for note in imported.notes:
        say(f"{path}: {note}")
    return imported


def alone_with_notes(path: Path) -> Imported:
    """As `import_with_notes`, without a supervisor."""
    from toyvm.files.boundary import boundary, read_file
    from toyvm.importer import import_bare_program
    from toyvm.limits import MAXIMUM_PROGRAM_BYTES

    data = read_file(path, MAXIMUM_PROGRAM_BYTES)
    with boundary(path):
        imported = import_bare_program(data, str(path))
    for note in imported.notes:
        say(f"{path}: {note}")
    return imported


class _PrintFlags(argparse.Action):
    """Prints the compiler's flags as a shell takes them."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        *_: Any,
    ) -> None:
        from shlex import join

        from toyvm.importer.library import COMPILER, compiler_flags

        print(join(compiler_flags(str(values or COMPILER))))
        parser.exit()
