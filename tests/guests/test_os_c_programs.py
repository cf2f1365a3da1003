"""The operating system's programs in C: what they print, and what they make of keys. Skipped without the compiler."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.compiling import needs_compiler
from support.os_c_programs import output_of
from support.os_runs import PROGRAMS

from toyvm.importer.library import COMPILER, compiler_flags
from toyvm.importer.system_programs import c_programs, sources

pytestmark = needs_compiler

# By name: a script, and what it prints.
SCRIPTS = {
    name: ("\n".join(line[2:] for line in script.splitlines()), output)
    for name, script, output in re.findall(
        r"^== (.*)\n((?:\$ .*\n)+)((?:.*\n)*?)(?=\n== |\Z)", (PROGRAMS / "c_programs.txt").read_text("utf-8"), re.M
    )
}
UP, DOWN, RIGHT, LEFT, HOME, END = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F"
SAVE, QUIT, FIND, CUT, PUT, ERASE = "\x13", "\x11", "\x06", "\x0b", "\x19", "\x7f"
BEFORE = "echo 'one\ntwo\nthree' > /tmp/f"

# By name: a script, the keys for it, and what it prints on the usual screen.
KEYS = {
    "edit types into a new file": ("edit /tmp/f; cat /tmp/f", f"hello\rworld{SAVE}{QUIT}", "hello\nworld\n"),
    "edit moves, joins, breaks": (
        f"{BEFORE}; edit /tmp/f; cat /tmp/f",
        f"{DOWN}{ERASE}{END}{DOWN}{HOME}{RIGHT}{RIGHT}\r{UP}{LEFT}x{SAVE}{QUIT}",
        "onetwox\nth\nree\n",
    ),
    "edit cuts and puts back": (
        f"{BEFORE}; edit /tmp/f; cat /tmp/f",
        f"{CUT}{DOWN}{DOWN}{PUT}{SAVE}{QUIT}",
        "two\none\nthree\n",
    ),
    "edit finds": (f"{BEFORE}; edit /tmp/f; cat /tmp/f", f"{FIND}ree\r.{SAVE}{QUIT}", "one\ntwo\nth.ree\n"),
    "edit asks before it leaves": (f"{BEFORE}; edit /tmp/f; cat /tmp/f", f"x{QUIT}y\r", "one\ntwo\nthree\n"),
    "edit keeps what was typed": (
        "edit /tmp/f; cat /tmp/f.save",
        "lost?",
        "edit: the input has ended; /tmp/f.save has the text\nlost?\n",
    ),
    "hexed changes bytes": (
        f"{BEFORE}; hexed /tmp/f; cat /tmp/f",
        f"4f{DOWN}/74\r54\tW{RIGHT}\t/74\r{RIGHT}58uu{SAVE}{QUIT}",
        "One\nTWo\nthree\n",
    ),
    "life goes on": ("life", "xxxxxq", "13 alive\n"),
    "life goes step by step": ("life", "   q", "8 alive\n"),
    "basic is typed": ("basic", '10 INPUT "name? "; N$\n20 PRINT "hi "; N$\nRUN\nme\nBYE\n', "> > > name? hi me\n> "),
    "basic says what is wrong": (
        "basic",
        "10 GOTO 20\nRUN\nPRINT 1/0\nBYE\n",
        "> > there is no such line in line 10\n> a division by zero\n> ",
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_program_prints(name: str) -> None:
    script, expected = SCRIPTS[name]
    assert output_of(script) == expected


@pytest.mark.parametrize("technique", ["trap", "para"])
def test_all_print_the_same_on_other_techniques(technique: str) -> None:
    apart = "\n".join(f"(cd /; {script}\n)\nrm -rf /tmp/*" for script, _ in SCRIPTS.values())
    assert output_of(apart, technique) == output_of(apart)


def on_the_usual_screen(output: str) -> str:
    return output.rpartition("\x1b[?1049l")[2]


@pytest.mark.parametrize("name", KEYS)
def test_keys_make(name: str) -> None:
    script, keys, expected = KEYS[name]
    output = on_the_usual_screen(output_of(f"stty -echo\n{script}", keys=keys.encode()))
    assert output == expected


@pytest.mark.parametrize("technique", ["trap", "para"])
def test_keys_make_the_same_on_other_techniques(technique: str) -> None:
    for script, keys, _ in KEYS.values():
        assert output_of(f"stty -echo\n{script}", technique, keys.encode()) == output_of(
            f"stty -echo\n{script}", keys=keys.encode()
        )


def _way_to_food(seed: int) -> str:
    """Keys that lead the snake to the first thing to eat, and out."""
    values = []
    while len(values) < 2:
        seed = (seed * 1103515245 + 12345) % 2**32
        values.append(seed // 65536 % (18, 39)[len(values)])
    row, column = values[0] - 9, values[1] - 7
    assert row
    assert column > 0
    return "d" * column + ("s" if row > 0 else "w") * abs(row) + "q"


def test_the_editor_says_why_it_could_not_save() -> None:
    keys = f"hello{SAVE}{QUIT}y\r"
    output = output_of("stty -echo\ncat /dev/zero > /tmp/big 2> /dev/null\nedit /tmp/f; ls /tmp", keys=keys.encode())
    assert "/tmp/f: No space left on device" in output
    assert on_the_usual_screen(output) == "big\n"


def test_editors_are_as_large_as_the_window(tmp_path: Path) -> None:
    from support.terminal import Terminal

    toyvm = [sys.executable, "-m", "toyvm"]
    disk = str(tmp_path / "disk")
    subprocess.run([*toyvm, "disk", "create", disk, "--size", "4M"], check=True, capture_output=True)
    with Terminal([*toyvm, "run", "os", "--disk", disk], columns=100, rows=30) as terminal:
        terminal.shows("/ #")
        terminal.press("edit /etc/passwd\r")
        terminal.until(lambda: terminal.rows[28] == "~" and terminal.rows[29].startswith(" /etc/passwd  1/2  Ctrl"))
        terminal.resize(60, 12)
        terminal.until(lambda: terminal.rows[10] == "~" and terminal.rows[11].startswith(" /etc/passwd  1/2"))
        terminal.press(f"{QUIT}hexed /etc/passwd\r")  # with more to say than there is room for
        terminal.until(lambda: terminal.rows[0].startswith("00000000  72") and "0 of 76" in terminal.rows[11])


def test_a_snake_grows_with_what_it_eats() -> None:
    output = output_of("stty -echo\nsnake -s 6", keys=_way_to_food(6).encode())
    assert on_the_usual_screen(output) == "score 1\n"


def test_every_one_has_a_head_that_says_what_it_is() -> None:
    for name, source in sources().items():
        assert re.match(rf"/\* {name}\b.*: ", source.read_text("utf-8")), source
    assert len(sources()) >= 12


def test_they_are_compiled_without_a_warning(tmp_path: Path) -> None:
    flags = [COMPILER, *compiler_flags(), "-O2", "-Wall", "-Wextra", "-Werror", "-c"]
    done = subprocess.run([*flags, *map(str, sources().values())], cwd=tmp_path, capture_output=True, check=False)
    assert done.stderr == b""


def test_they_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = c_programs()
    monkeypatch.setattr("toyvm.importer.system_programs.said", None)
    assert c_programs() == before
