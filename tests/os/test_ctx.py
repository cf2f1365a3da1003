"""The tools of contexts: what each line prints, and what a power cut leaves of what was under way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.os_shell import output_of, session

SESSIONS = {
    name: ("\n".join(line[2:] for line in script.splitlines()), output)
    for name, script, output in re.findall(
        r"^== (.*)\n((?:\$ .*\n)+)((?:.*\n)*?)(?=\n== |\Z)",
        (Path(__file__).parent / "ctx.txt").read_text(encoding="utf-8"),
        re.M,
    )
}

SIZES = re.compile(r"((?:stopped|running|suspended) +[\d-]+)( +\d+| +-){3}")  # they change with the shipped programs


@pytest.mark.parametrize("name", SESSIONS)
def test_ctx(name: str) -> None:
    script, expected = SESSIONS[name]
    assert SIZES.sub(rf"\1{'*':>8}{'*':>8}{'*':>8}", output_of(script)) == expected


def test_who_is_left_inside_reads_nothing_that_is_typed_outside() -> None:
    """Though it has the console as its standard input from who ran it there."""
    typed = b"ctx exec web '(sleep 0.01; cat > /tmp/stolen) &'\nsleep 0.02\necho mine\nwc -c /ctx/web/root/tmp/stolen\n"
    output = session("ctx create web; ctx start web\n", input=typed).output
    shown = [line for line in output.splitlines() if " # " not in line]
    assert shown[-2:] == ["mine", "       0 /ctx/web/root/tmp/stolen"]


def test_a_shell_inside_has_the_console_until_it_ends() -> None:
    typed = b"ctx enter web\npwd; echo $HOME $$ $PPID\nsleep 0.01 | cat\nexit 4\necho outside $?\n"
    output = session("ctx create web; ctx start web\n", input=typed).output
    shown = [line for line in output.splitlines() if " # " not in line]
    assert shown[-3:] == ["/root", "/root 4", "outside 4"]
