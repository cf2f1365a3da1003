"""Completion: what a shell, with the script that toyvm prints for it, makes of a word that is begun."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from support.commands import Done, call

from toyvm.cli import FILES, every_command, parser_of
from toyvm.cli.completion import names_by_metavar

Capture = pytest.CaptureFixture[str]
Completing = Callable[[str], set[str]]
SECONDS = 60
# What is no name that there is and no file, by what help calls it.
FREE = {
    "ARGUMENT",
    "COMPILER",
    "ExW",
    "I/N",
    "MODULE:CALL",
    "N",
    "N,...",
    "NAME",
    "P",
    "NAME=VALUE",
    "NAME[=VALUE]",
    "NS",
    "PATH",
    "S",
    "SECONDS",
    "SIZE",
    "TEXT",
    "TICKS",
    "WORDS",
}

# Words, the last one begun, and what it may become.
CASES = [
    ("ru", {"run"}),
    ("re", {"rewritten"}),
    ("--v", {"--version"}),
    ("run ker", {"kernel"}),
    ("disk cr", {"create"}),
    ("disk create --b", {"--bare"}),
    ("disk check prog", {"program.s"}),
    ("run workloads/cr", {"workloads/crwrite"}),
    ("run prog", {"program.s"}),
    ("run kernel --tech", {"--technique"}),
    ("run kernel --technique tr", {"trap", "trap+flush", "trap+hypercalls"}),
    ("run --technique trap ker", {"kernel"}),
    ("run kernel --engine r", {"recompiler", "reference"}),
    ("run kernel --hardware c", {"classic"}),
    ("run kernel --read-only --shadow f", {"flush"}),
    ("run kernel --disk prog", {"program.s"}),
    ("rewritten kernel --engine r", {"recompiler"}),
    ("lab crwrite cal", {"callret"}),
    ("lab --technique x", set()),
    ("host side", {"side_by_side"}),
    ("asm -o program.image prog", {"program.s"}),
    ("docs gl", {"glossary"}),
    ("isa tlb", {"tlbi"}),
    ("isa --format j", {"json"}),
    ("completion z", {"zsh"}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.s").write_text("")
    return tmp_path


def script(capfd: Capture, shell: str) -> str:
    if which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = call(capfd, "completion", shell)
    assert (done.code, done.errors) == (0, "")
    return done.output


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS
    )
    return done.stdout


def test_bash_completes(capfd: Capture, folder: Path) -> None:
    lines = [script(capfd, "bash"), "compopt() { :; }"]  # which is refused where nothing is typed
    for words, _ in CASES:
        lines.append(f"COMP_WORDS=(toyvm {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _shtab_toyvm")
        lines.append('echo "${COMPREPLY[@]}"')
    found = run(["bash", "--norc", "-c", "\n".join(lines)], folder).splitlines()
    assert [(words, set(line.split())) for (words, _), line in zip(CASES, found, strict=True)] == CASES


def test_fish_completes(capfd: Capture, folder: Path) -> None:
    lines = [script(capfd, "fish")]
    for words, _ in CASES:
        lines.append(f"echo (complete -C {shlex.quote(f'toyvm {words}')} | cut -f 1)")
    found = run(["fish", "--no-config", "-c", "\n".join(lines)], folder).splitlines()
    assert [(words, set(line.split())) for (words, _), line in zip(CASES, found, strict=True)] == CASES


def test_zsh_completes(capfd: Capture, folder: Path) -> None:
    """It does only where one types: so a tab after each word, and a toyvm that tells what it is called with."""
    (folder / "script").write_text(script(capfd, "zsh"))
    single = [(words, next(iter(becomes))) for words, becomes in CASES if len(becomes) == 1]
    typed = "".join(f"toyvm {words}\t\n" for words, _ in single)
    (folder / ".zshrc").write_text(
        'PS1=; autoload -U compinit; compinit -u -d dump\neval "$(<script)"\ntoyvm() { print -r -- "[$*]" >>told; }\n'
    )
    environment = {"ZDOTDIR": str(folder), "HOME": str(folder), "TERM": "dumb", "PATH": os.environ["PATH"]}
    controller, terminal = pty.openpty()
    shell = subprocess.Popen(
        ["zsh", "-i"],
        cwd=folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    os.write(controller, (typed + "exit\n").encode())
    drain(controller)
    assert shell.wait(SECONDS) == 0
    told = (folder / "told").read_text().splitlines()
    assert told == [f"[{' '.join([*words.split()[:-1], becomes])}]" for words, becomes in single]


def drain(controller: int) -> None:
    """Read what is written there until nobody is left who could."""
    try:
        while os.read(controller, 4096):
            pass
    except OSError:
        os.close(controller)


def test_each_value_that_an_option_takes_is_a_name_a_file_or_free() -> None:
    for command in every_command():
        actions = parser_of(*command)._actions
        taken = {str(action.metavar) for action in actions if action.metavar and not action.choices}
        assert taken <= {*names_by_metavar(command[0]), *FILES, *FREE}


def test_an_unknown_shell_is_one_line(capfd: Capture) -> None:
    done = call(capfd, "completion", "tcsh")
    assert (done.code, done.output, done.errors.count("\n")) == (2, "", 1)
    assert re.search("bash.*zsh.*fish", done.errors)


def test_without_shtab_it_says_what_to_install(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert call(capfd, "completion", "bash") == Done(2, "", "toyvm: completion needs shtab: pip install shtab\n")
