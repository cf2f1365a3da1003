"""The operating system's shell and programs: what each line prints, on every technique."""

from __future__ import annotations

import re

import pytest
from support.os_runs import PROGRAMS
from support.os_shell import output_of, session

from toyvm.filesystem.check import check
from toyvm.filesystem.volume import Volume
from toyvm.techniques import NAMES

# By name: a script, and what it prints.
LINES = {
    name: ("\n".join(line[2:] for line in script.splitlines()), output)
    for name, script, output in re.findall(
        r"^== (.*)\n((?:\$ .*\n)+)((?:.*\n)*?)(?=\n== |\Z)", (PROGRAMS / "shell.txt").read_text(encoding="utf-8"), re.M
    )
}


@pytest.mark.parametrize("name", LINES)
def test_the_shell_does(name: str) -> None:
    script, expected = LINES[name]
    assert output_of(script) == expected


@pytest.mark.parametrize("technique", NAMES)
def test_every_line_prints_the_same_on_every_technique(technique: str) -> None:
    apart = "\n".join(f"(cd /; {script}\n)\nrm -rf /tmp/* /tmp/.a /d" for script, _ in LINES.values())
    assert output_of(apart, technique) == output_of(apart)


def test_the_status_of_shutdown_is_the_commands() -> None:
    assert session("shutdown 42\n").exit_code == 42


def test_the_machine_ends_with_the_last_status_where_the_input_has_ended() -> None:
    assert session("", input=b"sh -c 'exit 9'\n").exit_code == 9


def test_a_shell_that_ends_is_followed_by_another() -> None:
    done = session("", input=b"exit 5\necho again\n")
    assert "again\n" in done.output
    assert done.exit_code == 0


def test_a_system_without_a_shell_that_runs_is_switched_off_with_a_word() -> None:
    done = session("rm /bin/sh\n", input=b"echo unread\n")
    assert done.output.endswith("no such file or directory\ninit: no shell runs here\n")
    assert done.exit_code == 127


def test_the_disk_is_clean_after_all_of_it() -> None:
    apart = "\n".join(f"({script}\n)" for script, _ in LINES.values())
    disk = session(f"{apart}\nshutdown\n").disk
    assert check(Volume(bytearray(disk))) == []
