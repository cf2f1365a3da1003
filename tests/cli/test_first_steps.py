"""What a newcomer meets: the greeting, the lists of what there is, single entries of the manual, the documents."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import ROOT, call

from toyvm.cli import COMMANDS
from toyvm.isa import CONTROL_REGISTERS, EXCEPTIONS, INSTRUCTIONS, PORTS
from toyvm.programs import shipped_guests

Capture = pytest.CaptureFixture[str]
PAGES = {path.stem: path for path in (ROOT / "toyvm" / "docs").glob("*.md")}


def test_toyvm_alone_greets_and_names_commands_that_there_are(capfd: Capture) -> None:
    done = call(capfd)
    assert (done.code, done.errors) == (0, "")
    steps = re.findall(r"^  toyvm (\S+)", done.output, re.MULTILINE)
    assert len(steps) > 5
    assert set(steps) <= {*COMMANDS, "--help"}
    assert max(map(len, done.output.splitlines())) <= 100


@pytest.mark.parametrize("words", [("run", "hello"), ("isa", "crw"), ("docs",)])
def test_what_it_names_works(capfd: Capture, words: tuple[str, ...]) -> None:
    assert f"toyvm {' '.join(words)} " in call(capfd).output
    assert call(capfd, *words).code == 0


def test_the_shipped_guests_are_named_each_with_what_it_is(capfd: Capture) -> None:
    done = call(capfd, "run", "--list")
    assert done.code == 0
    lines = [line for line in done.output.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == list(shipped_guests())
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--nosuch",), "no option '--nosuch' (there are -h, --help, --version)"),
        (("--vers", "hello"), "no option '--vers'; did you mean --version?"),
        (("nosuch",), "no command 'nosuch' (there are run, new, host,"),
        (("runn", "hello"), "no command 'runn'; did you mean run?"),
    ],
)
def test_a_first_word_that_is_none_is_told(capfd: Capture, words: tuple[str, ...], says: str) -> None:
    done = call(capfd, *words)
    assert (done.code, done.output, done.errors.count("\n")) == (2, "", 1)
    assert done.errors.startswith(f"toyvm: {says}")


# The manual, entry by entry.


@pytest.mark.parametrize(
    "word",
    [
        *(row.mnemonic for row in INSTRUCTIONS),
        *(row.name for row in (*CONTROL_REGISTERS, *EXCEPTIONS, *PORTS)),
        *("x5", "yield", "multicall", "shadow_page_fault", ".rept", "li", "Paging", "7", "inval"),
    ],
)
def test_every_word_has_its_entry(capfd: Capture, word: str) -> None:
    done = call(capfd, "isa", word)
    assert (done.code, done.errors) == (0, "")
    assert re.match(r"\d+\. .*\n=+\n", done.output)
    assert word.isdecimal() or word.casefold() in done.output.casefold()
    assert len(done.output) < 20_000


def test_an_entry_is_what_it_is_in_the_whole(capfd: Capture) -> None:
    entry, whole = call(capfd, "isa", "setst").output, call(capfd, "isa").output
    row = next(line for line in entry.splitlines() if line.startswith("setst"))
    assert " ".join(row.split()) in " ".join(whole.split())


def test_the_manual_begins_with_title_and_contents(capfd: Capture) -> None:
    manual = call(capfd, "isa").output
    titles = re.findall(r"^(\d+\. .*)\n=+$", manual, re.MULTILINE)
    assert manual.startswith("The T64\n=======\n\n   1. Registers\n")
    assert re.findall(r"^ *(\d+\. .*)$", manual[: manual.index("\n\n1. ")], re.MULTILINE) == titles


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("isa", "pagign"), "did you mean paging?"),
        (("isa", "addd"), "did you mean add"),
        (("isa", "crw", "--format", "json"), "--format goes with the whole manual"),
        (("docs", "desing"), "did you mean design?"),
        (("docs", "--search", "zyxwv"), "no line of "),
        (("docs", "--search", " "), "takes a word"),
    ],
)
def test_what_is_not_there_is_one_line(capfd: Capture, words: tuple[str, ...], message: str) -> None:
    done = call(capfd, *words)
    assert (done.code, done.output, done.errors.count("\n")) == (2, "", 1)
    assert message in done.errors


# The documents.


def test_every_page_is_listed_with_its_title_and_shown(capfd: Capture) -> None:
    listed = dict(line.split(maxsplit=1) for line in call(capfd, "docs").output.splitlines())
    assert set(listed) == set(PAGES)
    for name, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {listed[name]}\n")
        assert call(capfd, "docs", name).output == text


def test_pages_are_searched_for_lines_with_all_words(capfd: Capture) -> None:
    found = call(capfd, "docs", "--search", "GOLDBERG popek").output.splitlines()
    assert found
    for line in found:
        name, number, text = line.split(":", 2)
        assert PAGES[name].read_text(encoding="utf-8").splitlines()[int(number) - 1].strip() == text.strip()
        assert "popek" in text.casefold()


def test_links_between_pages_lead_somewhere() -> None:
    for path in PAGES.values():
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(([^)#]+)\)", prose):
            assert target.startswith("http") or (path.parent / target).exists(), f"{path.name}: {target}"


def test_on_a_terminal_a_page_goes_through_the_pager(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path}/paged\n")
    pager.chmod(0o755)
    controller, terminal = pty.openpty()
    environment = {**os.environ, "PAGER": str(pager), "TERM": "xterm"}
    command = [sys.executable, "-m", "toyvm", "docs", "design"]
    subprocess.run(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment, check=True, timeout=60)
    os.close(controller)
    os.close(terminal)
    first = (tmp_path / "paged").read_text().splitlines()[0]
    assert re.sub(r"\x1b\[[0-9;]*m", "", first).strip() == "toyvm: the design"
