"""The command line: `toyvm COMMAND ...`. One module a command, imported when it is asked for."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn, cast

from toyvm.arguments import unknown_name
from toyvm.cli.help import Help
from toyvm.cli.saying import say
from toyvm.errors import AssemblyError, BadFileError, ExitCode, ToyvmError
from toyvm.machine.ctrl_c import RememberedInterrupt
from toyvm.printable import printable

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

# Command, and the line that help prints for it. Its module has `add_arguments(parser)` and `execute(arguments) -> int`.
COMMANDS = {
    "run": "run an image, a source or a shipped guest",
    "new": "begin a program of your own: a small start that runs at once",
    "host": "run many guests side by side, as a file describes them",
    "import": "make an image of a static RISC-V program",
    "asm": "assemble and link sources into an image",
    "dis": "disassemble an image",
    "rewritten": "show what a rewriting monitor makes of a guest's code",
    "disk": "make, look into, check and mend a disk of `toyvm run os`",
    "ctx": "administer the contexts (containers) of such a disk",
    "compare": "run a guest on several techniques, and find where they differ",
    "prove": "prove that the engines agree on instructions, for all inputs",
    "classify": "say which instructions are sensitive, and which theorems apply",
    "verify": "try the claims of toyvm, each by cases without end",
    "lab": "time the workloads on each technique and compare",
    "isa": "print the manual of the T64, or one entry of it",
    "docs": "show the documents, a topic each",
    "completion": "print what has a shell complete these words",
}
# Where a command's module has another name.
MODULES = {"host": "host.command", "import": "import_riscv"}
# What a newcomer may try, and what that shows.
_FIRST_STEPS = (
    ("toyvm run hello", "a first guest"),
    ("toyvm run kernel --technique trap", "a kernel with processes, under a monitor"),
    ("toyvm run os", "a small Unix: a shell, files, and some forty programs"),
    ("toyvm lab --quick", "what each technique costs, in about half a minute"),
    ("toyvm host town", "several guests on one host, to watch for some minutes"),
    ("toyvm isa crw", "one entry of the machine's manual"),
    ("toyvm docs", "what there is to read"),
    ("toyvm --help", "all commands"),
)
_EPILOG = """\
`toyvm COMMAND --help` says more.

exit codes:
  0-99  the guest's own
  1     what was to be checked does not hold
  2     a word that makes no sense
  100   a source that does not assemble
  101   a bad file
  102   the guest cannot go on
  103   a limit stopped the guest
  104   the guest waits for what can never come
  120   an internal error
  130   interrupted
"""

_OPTIONS = ("-h", "--help", "--version")  # that stand where a command does
FILES = ("FILE", "DIR", "PROGRAM", "HOST", "SOURCE", "IMAGE", "ELF")  # what help calls the name of one
_SWITCH_SECONDS = 0.0005  # until a thread that compiles lets in the one that runs the guest


def entry_point() -> NoReturn:
    """The whole process of one command."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    RememberedInterrupt.install()
    try:
        code = main()
    except KeyboardInterrupt:  # once more, while the first was told
        code = int(ExitCode.INTERRUPTED)
    if code == ExitCode.INTERRUPTED or "toyvm.recompiler.translator" in sys.modules:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody listens, or it is closed
                stream.flush()
        # A compiler at work cannot be interrupted, and taking LLVM down takes 12 ms. And where Ctrl-C has come while
        # a dataclass was made, Python would end itself by the signal.
        os._exit(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit code. No exception escapes but the SystemExit of help and usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        _check_streams()
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _complain("interrupted", ExitCode.INTERRUPTED)
    except AssemblyError as error:
        return _complain(str(error), error.exit_code, prefix="")
    except ToyvmError as error:
        return _complain(str(error), error.exit_code)
    except BrokenPipeError:
        _drop_output()
        return _complain("standard output was closed before everything was written", ExitCode.BAD_FILE)
    except OSError as error:
        _drop_output()
        what = f"{error.filename}: " if error.filename else "writing output: "
        return _complain(f"{what}{error.strerror or error}", ExitCode.BAD_FILE)
    except MemoryError:
        return _complain("this takes more memory than there is", ExitCode.BAD_FILE)
    except Exception as error:
        if os.environ.get("TOYVM_DEBUG"):
            raise
        return _complain(
            f"internal error, please report it: {type(error).__name__}: {error} (TOYVM_DEBUG=1 shows where)",
            ExitCode.INTERNAL,
        )


def _check_streams() -> None:
    """Python has None for a stream that was closed before it began. Complaints may go nowhere, answers may not."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open as long as the process)
    if sys.stdout is None:
        raise BadFileError("standard output is closed; give it somewhere to go, /dev/null perhaps")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as errors are printed: a letter that it has not is no error


def _dispatch(words: list[str]) -> int:
    if words and words[0] in COMMANDS:
        return int(module_of(words[0]).execute(_parse(words)))
    if not words:
        print(_greeting())
        return ExitCode.OK
    if words[0] not in _OPTIONS:
        kind, known = ("option", _OPTIONS) if words[0].startswith("-") else ("command", tuple(COMMANDS))
        raise unknown_name(kind, words[0], known, are_listed=True)
    _top_parser().parse_args(words[:1])
    raise AssertionError("the top parser ends in help or version")


def module_of(command: str) -> ModuleType:
    """A command's module, imported."""
    return import_module(f"toyvm.cli.{MODULES.get(command, command)}")


def verbs_of(command: str) -> Mapping[str, str]:
    """The verbs of a command that is a group of several, and a line about each; empty for others."""
    return cast("Mapping[str, str]", getattr(module_of(command), "VERBS", {}))


def every_command() -> list[tuple[str, ...]]:
    """The words of each command that has options of its own: `run`, `disk create`."""
    words: list[tuple[str, ...]] = []
    for command in COMMANDS:
        words += [(command, verb) for verb in verbs_of(command)] or [(command,)]
    return words


def _parse(words: list[str]) -> argparse.Namespace:
    """A command's words. Of a group the first one is a verb."""
    command, *rest = words
    verbs = verbs_of(command)
    if not verbs:
        parser = parser_of(command)
        takes_rest = any(action.nargs == argparse.REMAINDER for action in parser._actions)
        return parser.parse_args(rest) if takes_rest else parser.parse_intermixed_args(rest)
    if rest and rest[0] in verbs:
        return parser_of(command, rest[0]).parse_intermixed_args(rest[1:], argparse.Namespace(verb=rest[0]))
    group = Parser(
        prog=f"toyvm {command}",
        usage=f"toyvm {command} VERB ...",
        description=f"{module_of(command).__doc__}\n\nverbs:\n{_listing(verbs)}",
        epilog=f"`toyvm {command} VERB --help` says more.",
        formatter_class=Help,
        allow_abbrev=False,
    )
    group.add_argument("verb", metavar="VERB", choices=list(verbs), help=argparse.SUPPRESS)
    group.parse_args(rest)
    raise AssertionError("a group's parser always ends in help or an error")


def _greeting() -> str:
    width = max(len(command) for command, _ in _FIRST_STEPS)
    steps = "\n".join(f"  {command:<{width}}  {what}" for command, what in _FIRST_STEPS)
    return (
        f"toyvm: a virtualization laboratory. One small computer, and every way there is to share it.\n\nTry\n{steps}"
    )


def parser_of(command: str, *verb: str) -> Parser:
    """The parser of a command's words, or of a verb's; its module's docstring, or the verb's line, the description."""
    module = module_of(command)
    description = module.__doc__
    if verb:
        line = verbs_of(command)[verb[0]]
        description = f"{line[0].upper()}{line[1:]}."
    prog = " ".join(("toyvm", command, *verb))
    parser = Parser(prog=prog, description=description, formatter_class=Help, allow_abbrev=False)
    module.add_arguments(parser, *verb)
    for action in parser._actions:
        if action.metavar in FILES:
            action.type = _file_name
    return parser


def _file_name(text: str) -> str:
    if not text:  # a path of no name would be that of the current directory
        raise argparse.ArgumentTypeError("the name of a file is empty")
    return text


def _top_parser() -> Parser:
    from toyvm import __version__

    parser = Parser(
        prog="toyvm",
        usage="toyvm COMMAND ...",
        description=f"toyvm: a virtualization laboratory.\n\ncommands:\n{_listing(COMMANDS)}",
        epilog=_EPILOG,
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"toyvm {__version__}")
    return parser


def _listing(lines: Mapping[str, str]) -> str:
    width = max(map(len, lines))
    return "\n".join(f"  {name:<{width}}  {line}" for name, line in lines.items())


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, as everywhere, and whose help is an answer like others."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        (file or sys.stderr).write(message)  # argparse would drop what cannot be written, and say nothing
        sys.stdout.flush()

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(ExitCode.USAGE, printable(f"{self.prog}: {message}; see `{self.prog} --help`") + "\n")


def _complain(message: str, code: int, prefix: str = "toyvm: ") -> int:
    say(message, prefix)
    return int(code)


def _drop_output() -> None:
    """Send what is still buffered nowhere, or the interpreter would complain about it once more as it ends."""
    with suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
