"""Print a script that has a shell complete the words of toyvm: commands, options, the names that there are, files.

For the shell that runs, and with a line in its start file for every one:

    bash  eval "$(toyvm completion bash)"  in ~/.bashrc
    zsh   eval "$(toyvm completion zsh)"   in ~/.zshrc, after compinit
    fish  toyvm completion fish | source   in ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping, Sequence

from toyvm.cli import COMMANDS, FILES, module_of, verbs_of
from toyvm.errors import ExitCode, UsageError

_SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=_SHELLS, help=f"of {', '.join(_SHELLS)}")


def execute(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        raise UsageError("completion needs shtab: pip install shtab") from None

    script = shtab.complete(_whole_parser(), arguments.shell)
    if arguments.shell == "zsh":
        script = re.sub(r'^  "\(\*\):*', '  "*:', script, flags=re.MULTILINE)  # of many, shtab has zsh take one and end
    print(script)
    return ExitCode.OK


def _whole_parser() -> argparse.ArgumentParser:
    """All commands in one parser, each action with what may stand there: to be looked at, not to parse with."""
    parser = argparse.ArgumentParser(prog="toyvm")
    parser.add_argument("--version", action="version", help="print the version")
    commands = parser.add_subparsers()
    for name, line in COMMANDS.items():
        command = commands.add_parser(name, help=line, description=line)
        verbs = verbs_of(name)
        if not verbs:
            module_of(name).add_arguments(command)
            _offer_all(command, name)
            continue
        group = command.add_subparsers()
        for verb, text in verbs.items():
            under = group.add_parser(verb, help=text, description=text)
            module_of(name).add_arguments(under, verb)
            _offer_all(under, name)
    return parser


def _offer_all(parser: argparse.ArgumentParser, command: str) -> None:
    names = names_by_metavar(command)
    for action in parser._actions:
        _offer(action, names)


def names_by_metavar(command: str) -> dict[str, Sequence[str]]:
    """The names that there are, by what the help of a command calls them."""
    from toyvm.cli.ctx import VERBS_INSIDE
    from toyvm.cli.docs import pages
    from toyvm.cli.new import KINDS
    from toyvm.cli.studies import STUDIES
    from toyvm.host.host_file import shipped_host_files
    from toyvm.isa.instructions import BY_MNEMONIC
    from toyvm.isa.machine import Level
    from toyvm.lab.cost_models import MEASURED, shipped_models
    from toyvm.lab.workloads import find_workloads
    from toyvm.manual.chapters import chapters
    from toyvm.manual.lookup import entries
    from toyvm.programs import shipped_guests
    from toyvm.techniques import CONTAINER, ENGINES, NATIVE_ENGINES, SYSTEM_NAMES, TECHNIQUES
    from toyvm.verify.properties import CLASSES

    techniques = [
        name for facts in TECHNIQUES for name in (facts.name, *(f"{facts.name}+{it}" for it in facts.options))
    ]
    engines = NATIVE_ENGINES if command == "rewritten" else ENGINES
    return {
        "C": ("on", "off"),
        "PROGRAM": list(shipped_guests()),
        "HOST": list(shipped_host_files()),
        "T": techniques,
        "TECHNIQUE": [*techniques, CONTAINER],
        "T,...": [*techniques, *SYSTEM_NAMES],
        "E": engines,
        "E,...": engines,
        "M,...": [MEASURED, *shipped_models()],
        "SUBJECT": [*techniques, *ENGINES],
        "L": list(Level),
        "MNEMONIC": list(BY_MNEMONIC),
        "KIND": list(KINDS),
        "WORKLOAD": [*(workload.name for workload in find_workloads()), *STUDIES],
        "PROPERTY": list(CLASSES),
        "TOPIC": list(pages()),
        "VERB": VERBS_INSIDE,
        "WORD": sorted(entries(chapters())),
    }


_NAMES_AND_FILES = ("PROGRAM", "HOST", "PROPERTY")


def _offer(action: argparse.Action, names: Mapping[str, Sequence[str]]) -> None:
    """Tell shtab what to complete there, if anything."""
    import shtab

    kind = str(action.metavar)
    if kind in _NAMES_AND_FILES:
        action.complete = _names_and_files(f"_toyvm_{kind.lower()}_or_file", names[kind])  # type: ignore[attr-defined]
    elif kind in FILES:
        action.complete = shtab.DIRECTORY if kind == "DIR" else shtab.FILE  # type: ignore[attr-defined]
    elif kind == "ARGUMENT":
        action.help = argparse.SUPPRESS  # any word may stand there; zsh would say so, and complete no option
    elif kind in names:
        action.choices = names[kind]


def _names_and_files(function: str, names: Sequence[str]) -> dict[str, str | dict[str, str]]:
    """How each shell completes a name or a file; shtab knows by `_file` in the function's name that there are files."""
    words = shlex.join(names)
    return {
        "bash": function,
        "zsh": function,
        "fish": f"({function})",
        "preamble": {
            "bash": f'{function}() {{\n  compgen -W "{words}" -f -- "$1"\n}}',
            "zsh": f"{function}() {{\n  _alternative 'names:name:({words})' 'files:file:_files'\n}}",
            "fish": f"function {function}\n  printf '%s\\n' {words}\n  __fish_complete_path (commandline -ct)\nend",
        },
    }
