"""The other commands: asm, dis, isa, and what they say to mistakes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import call, spawn

import toyvm
from toyvm.asm.t64inc import constants
from toyvm.cli import COMMANDS
from toyvm.exits import EXIT_REASONS
from toyvm.hypercalls import ERRORS, HYPERCALLS
from toyvm.isa import CAUSES, CONTROL_REGISTERS, INSTRUCTIONS, PORTS
from toyvm.isa.machine import TIME, TRAPS
from toyvm.isa.paging import PTE_FIELDS, RULES
from toyvm.isa.ports import CONSOLE_RULES, DISK_RULES
from toyvm.manual.chapters import chapters
from toyvm.manual.document import as_text

Capture = pytest.CaptureFixture[str]
SOURCE = "_start: li a0, 1\n la t0, data\n ld t1, 0(t0)\n out 8, a0\n.data\ndata: .dword 5\n"


def test_disassembly_assembles_back_to_the_same_image(capfd: Capture, tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text(SOURCE)
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert call(capfd, "asm", str(tmp_path / "a.s"), "-o", one, "--listing", str(tmp_path / "list")).code == 0
    listing = call(capfd, "dis", one).output
    (tmp_path / "b.s").write_text(listing)
    assert call(capfd, "asm", str(tmp_path / "b.s"), "-o", two).code == 0
    from toyvm import Image

    segments = [[(part.address, part.data) for part in Image.load(path).segments] for path in (one, two)]
    assert segments[0] == segments[1]
    assert "li a0, 1" in (tmp_path / "list").read_text()


def test_sources_with_errors_leave_no_image(capfd: Capture, tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text("bogus\n")
    assert call(capfd, "asm", str(tmp_path / "a.s"), "-o", str(tmp_path / "image")).code == 100
    assert os.listdir(tmp_path) == ["a.s"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("asm", "/nowhere.s", "-o", "/tmp/x"), 101),
        (("asm", "/", "-o", "/tmp/x"), 101),
        (("asm",), 2),
        (("dis", "/nowhere"), 101),
        (("dis", "/"), 101),
        (("dis", "/dev/null"), 101),
        (("isa", "--format", "pdf"), 2),
        (("frobnicate",), 2),
    ],
)
def test_a_mistake_gets_one_line_and_its_code(capfd: Capture, words: tuple[str, ...], code: int) -> None:
    done = call(capfd, *words)
    assert done.code == code
    assert done.errors.count("\n") == 1
    assert done.output == ""


def test_an_image_that_cannot_be_written_is_said_so(capfd: Capture, tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text(SOURCE)
    for place in (tmp_path / "missing" / "image", tmp_path):
        done = call(capfd, "asm", str(tmp_path / "a.s"), "-o", str(place))
        assert (done.code, done.errors.count("\n")) == (101, 1)


@pytest.mark.parametrize("words", [("--help",), *[(command, "--help") for command in COMMANDS]])
def test_help_is_there(capfd: Capture, words: tuple[str, ...]) -> None:
    done = call(capfd, *words)
    assert done.code == 0
    assert "usage: toyvm" in done.output


def test_the_version_is_printed(capfd: Capture) -> None:
    assert call(capfd, "--version").output.startswith("toyvm ")


FACTS = [
    *(row.mnemonic for row in INSTRUCTIONS),
    *(row.description for row in INSTRUCTIONS),
    *(register.description for register in CONTROL_REGISTERS),
    *(cause.name for cause in CAUSES),
    *(port.name for port in PORTS),
    *(call.name for call in HYPERCALLS),
    *(error.description for error in ERRORS),
    *(field.description for field in PTE_FIELDS),
    *(reason.name for reason in EXIT_REASONS),
    *RULES,
    *TRAPS,
    *TIME,
    *CONSOLE_RULES,
    *DISK_RULES,
]


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_the_manual_has_every_declared_fact(capfd: Capture, format: str) -> None:
    manual = " ".join(call(capfd, "isa", "--format", format).output.replace("\\", "").split())
    missing = [fact for fact in FACTS if " ".join(fact.split()) not in manual]
    # A cell that wraps is broken by the columns before it; its words are there all the same.
    assert [fact for fact in missing if not all(word in manual for word in fact.split())] == []


def test_the_manual_as_json_decodes_every_instruction(capfd: Capture) -> None:
    manual = json.loads(call(capfd, "isa", "--format", "json").output)
    assert [row["mnemonic"] for row in manual["instructions"]] == [row.mnemonic for row in INSTRUCTIONS]
    for row in manual["instructions"]:
        bits = [field for field in row["pattern"].split() if set(field) <= {"0", "1"}]
        assert row["match"] & ~row["mask"] == 0
        assert bits, row


def test_no_sentence_stands_in_the_manual_s_text_alone(capfd: Capture) -> None:
    """Programs that read the JSON find what people read, in the same order."""
    data = json.loads(call(capfd, "isa", "--format", "json").output)
    text = as_text(chapters(), 120)
    strings = "\n".join(_strings(data["chapters"]))
    assert [chapter["title"] for chapter in data["chapters"]] == [chapter.title for chapter in chapters()]
    assert sorted(set(re.findall(r"\w+", text)) - set(re.findall(r"\w+", strings))) == []


def test_a_rule_stands_in_the_manual_s_json_once(capfd: Capture) -> None:
    data = json.loads(call(capfd, "isa", "--format", "json").output)
    points = [
        point for chapter in data.pop("chapters") for block in chapter["blocks"] for point in block.get("points", ())
    ]
    assert len(points) == len(set(points)) > 100
    assert set(points) & set(_strings(data)) == set()


def _strings(data: object) -> Iterator[str]:
    if isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _strings(part)
    else:
        yield str(data)


def test_the_manual_s_constants_are_those_that_guests_include(capfd: Capture) -> None:
    data = json.loads(call(capfd, "isa", "--format", "json").output)
    rows = {row["name"]: row["value"] for row in data["hypercalls"]["constants"]}
    assert rows["DISK_SLOTS"] == 32
    assert rows.items() <= constants().items()


def test_a_reader_that_goes_away_is_one_line_and_101() -> None:
    import subprocess
    import sys

    from support.commands import ROOT

    command = [sys.executable, "-m", "toyvm", "isa"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 101
        assert process.stderr.read().count(b"\n") == 1


def test_an_internal_error_is_one_line_and_120(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(format: str, width: int) -> str:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("toyvm.manual.render", fail)
    monkeypatch.delenv("TOYVM_DEBUG", raising=False)
    done = call(capfd, "isa")
    assert (done.code, done.errors.count("\n")) == (120, 1)
    assert "ZeroDivisionError: oops" in done.errors
    monkeypatch.setenv("TOYVM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        call(capfd, "isa")


def test_the_module_runs_as_the_command_does() -> None:
    assert spawn("--version").stdout.startswith(b"toyvm ")


def test_importing_toyvm_costs_next_to_nothing() -> None:
    import subprocess
    import sys

    script = "import sys; import toyvm; print(sorted(name for name in sys.modules if name.startswith('toyvm')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['toyvm']"


def test_a_found_line_comes_with_its_page_and_number_and_without_its_indent(capfd: Capture) -> None:
    done = call(capfd, "docs", "map", "--search", "toyvm")
    page = (Path(toyvm.__file__).parent / "docs" / "map.md").read_text(encoding="utf-8").splitlines()
    found = [f"map:{number}: {line.strip()}" for number, line in enumerate(page, 1) if "toyvm" in line.lower()]
    assert found
    assert done.output.splitlines() == found
    assert any(line.startswith(" ") and "toyvm" in line.lower() for line in page), "a page with indented lines"


def test_pages_are_listed_with_their_titles_in_a_column(capfd: Capture) -> None:
    lines = call(capfd, "docs").output.splitlines()
    longest = max(len(line.split()[0]) for line in lines)
    assert all(line[longest : longest + 2] == "  " and line[longest + 2] != " " for line in lines)
    assert lines[0] == f"{'running':<{longest}}  Running guests"
