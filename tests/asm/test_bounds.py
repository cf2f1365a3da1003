"""Bounds on what a source makes: however little it says, one error soon, with the place and the limit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.assembling import complaint, complaints

from toyvm.asm import api, assemble, assemble_text, assembler, session
from toyvm.asm.assembler import Assembler
from toyvm.asm.diagnostics import MAXIMUM_REPEATED
from toyvm.asm.session import Session
from toyvm.asm.source import Source
from toyvm.errors import AssemblyError, Diagnostic
from toyvm.limits import MAXIMUM_COLUMNS, MAXIMUM_MESSAGES, STATEMENTS_OF_A_NAME

LONG = f"characters; the limit is {MAXIMUM_COLUMNS}"
STATEMENTS, CHARACTERS, BYTES = "20000 statements", "1000000 characters", "an image can hold 100000"


@pytest.fixture(autouse=True)
def lower_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need not wait for the real ones."""
    monkeypatch.setattr(session, "MAXIMUM_STATEMENTS", 20_000)
    monkeypatch.setattr(session, "MAXIMUM_CHARACTERS", 1_000_000)
    monkeypatch.setattr(session, "MAXIMUM_CONTENTS_BYTES", 100_000)


X = "x" * 4000
BOMBS = {
    '.macro m a\nm "\\a\\a"\n.endm\nm x': LONG,
    ".macro m a:vararg\nm \\a, \\a\n.endm\nm 1": LONG,
    '.macro m a\n.irp x "\\a\\a"\nm \\x\n.endr\n.endm\nm x': LONG,
    f'.macro m a\n.rept 1000\n.ascii "\\a"\n.endr\n.endm\nm "{X}"': CHARACTERS,
    f'.macro m\n.ascii "{X}"\n.endm\n.rept 100\nm\n.endr': BYTES,
    ".rept 10000\n.rept 10000\nnop\n.endr\n.endr": STATEMENTS,
    ".rept 1000\n.dword " + "1," * 30000 + "1\n.endr": CHARACTERS,
    ".rept 20\n.dword " + "1," * 8191 + "1\n.endr": BYTES,
    ".irp x" + ",a" * 200 + "\n.irp y" + ",b" * 200 + "\n.endr\n.endr": STATEMENTS,
    ".macro n " + ", ".join(f"p{n}" for n in range(200)) + "\n.endm\n.rept 200\nn" + " 1" * 200 + "\n.endr": STATEMENTS,
    ".rept 20\n.byte " + "x," * 8191 + "x\n.endr\nx: nop": STATEMENTS,
    f'.rept 100\n.ascii "{X}"\n.endr': BYTES,
    ".rept 2000\n.dword " + "+".join(["x"] * 120) + "\n.endr\nx: nop": STATEMENTS,
    ("nop;" * 16000 + "\n") * 2: CHARACTERS,
    ".macro m " + " ".join(f"a{n}" for n in range(300)) + "\n.endm": "256 parameters",
    '.section .x, "aw"\n.byte 1\n.zero 60_000\n.section .y, "aw"\n.zero 60_000': BYTES,
}


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_what_makes_too_much_is_one_error_with_its_limit(text: str) -> None:
    assert BOMBS[text] in complaint(f"nop\n{text}").message


def test_names_cost_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAXIMUM_STATEMENTS", 1000)
    for text in (".globl " + ",".join(f"a_{n}" for n in range(1001)), "".join(f"a_{n}:" for n in range(1001))):
        assert "more than 1000 statements" in complaint(text).message


def test_symbols_and_values_that_wait_cost_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAXIMUM_STATEMENTS", 1000)
    many = 1000 // STATEMENTS_OF_A_NAME + 1
    for text in ("\n".join(f"a_{n}:" for n in range(many)), f".rept {many - 10}\nj x\n.endr\nx:"):
        assert "more than 1000 statements" in complaint(text).message


def test_numeric_labels_are_forgotten_and_what_they_decide_does_not_wait() -> None:
    """A source of as many statements as may be, each with such a label, takes no more memory than without."""
    (unit,) = assemble_text(".rept 9000\n1: j 1b\n.endr\n1: j 1f\n1: nop").units
    assert unit.symbols == {}
    assert [fixup.text for fixup in unit.sections[".text"].fixups] == ["1: j 1f"]


def test_statements_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembler, "_MAXIMUM_CODES", 10)
    text = "\n".join(f"addi a0, a0, {n}" for n in range(25))
    words = assemble_text(f"{text}\n{text}").image.segments[0].data
    assert words[:100] == words[100:]


def test_an_error_of_too_much_stands_where_it_is_made() -> None:
    found = complaint(f'nop\n.macro m a\nm "\\a\\a"\n.endm\nnop\nm {"x" * 5000}')
    assert (found.line, found.message) == (3, f"this makes a line of 80004 {LONG}")
    assert found.notes[-1] == "t.s:6: note: in expansion of macro 'm'"


def tree(folder: Path, depth: int) -> Path:
    """Files of two lines that include the next one twice."""
    for number in range(depth):
        (folder / f"{number}.s").write_text(f'.include "{number + 1}.s"\n' * 2)
    (folder / f"{depth}.s").write_text("")
    return folder / "0.s"


def test_a_tree_of_includes_comes_to_an_end(tmp_path: Path) -> None:
    found = errors_of([tree(tmp_path, 40)])
    assert STATEMENTS in found[0].message
    assert len(found) == 1
    assert found[0].source_line.startswith(".include")


def errors_of(sources: Sequence[Path | Source]) -> tuple[Diagnostic, ...]:
    with pytest.raises(AssemblyError) as caught:
        assemble(sources)
    return caught.value.diagnostics


@pytest.mark.parametrize("directive", [".include", ".incbin"])
def test_a_pipe_is_not_waited_for_however_often_it_is_included(directive: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.s").write_text(f'.rept 500\n{directive} "pipe"\n.endr\n')
    (found,) = errors_of([tmp_path / "a.s"])
    assert found.line == 2
    assert found.message.endswith("pipe: is a device or pipe, and has to be a regular file")


def test_includes_and_binaries_that_are_read_again_cost_again(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    os.truncate(tmp_path / "b", 400_000)
    (tmp_path / "a.s").write_text('.rept 1000\n.incbin "b", 0, 0\n.endr\n')
    assert CHARACTERS in errors_of([tmp_path / "a.s"])[0].message
    (tmp_path / "i.s").write_text("# " + "x" * 60000 + "\n")
    (tmp_path / "a.s").write_text('.rept 10000\n.include "i.s"\n.endr\n')
    assert CHARACTERS in errors_of([tmp_path / "a.s"])[0].message


def test_the_bytes_of_all_sources_count_together() -> None:
    sources = [Source(f"{number}.s", "nop\n.data\n.zero 60_000\n") for number in range(2)]
    (found,) = errors_of(sources)
    assert (found.file, found.line) == ("1.s", 3)


def test_bytes_that_alignment_makes_count_too() -> None:
    sources = [Source(f"{number}.s", "nop\n.data\n.balign 1 << 30\n.byte 1\n") for number in range(3)]
    assert "alignment makes the sections" in errors_of(sources)[0].message


SECTIONS = "\n".join(f'.section q{n}, "aw"\n.address {n << 16}\nq{n}:\n.byte 1' for n in range(1, 12))


@pytest.mark.parametrize("what", ["SECTIONS", "SEGMENTS"])
def test_an_image_has_no_more_of_anything_than_its_reader_takes(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, f"MAXIMUM_{what}", 10)
    assert "an image has at most" in complaint(f"{SECTIONS}\n.text\nnop").message


def test_characters_that_take_more_memory_cost_more() -> None:
    text = "nop\n" + f"# {'x' * 60_000}\n" * 10
    assert assemble_text(text).image
    found = complaint(f"{text}# é\n")
    assert (found.line, CHARACTERS in found.message) == (1, True)


def test_messages_are_cut_off() -> None:
    messages = assemble_text('nop\n.rept 2000\n.print "x"\n.endr').messages
    assert len(messages) == MAXIMUM_MESSAGES + 1
    assert "the rest is not shown" in messages[-1]


def test_an_error_that_a_repetition_makes_again_and_again_ends_the_run() -> None:
    found = complaints(f".rept {MAXIMUM_REPEATED + 2}\nbad\n.endr\nworse")
    assert [one.line for one in found] == [2]


def test_symbols_that_name_one_another_twice_are_worked_out_once_each() -> None:
    chain = "\n".join(f"a_{n} = a_{n + 1} + a_{n + 1}" for n in range(30))
    text = f"{chain}\na_30 = 1\n.if a_0 == 1 << 30\n.dword a_0\n.endif\nnop"
    assert int.from_bytes(assemble_text(text).image.segments[0].data[:8], "little") == 1 << 30


def test_a_symbol_of_a_chain_that_changes_is_worked_out_anew() -> None:
    text = "a_0 = a_1 + a_1\na_1 = 1\n.byte a_0\na_1 = 2\n.byte a_0\n.balign 4\nnop"
    assert assemble_text(text).image.segments[0].data[:2] == bytes([2, 4])


def test_an_include_costs_more_than_its_lines(tmp_path: Path) -> None:
    (tmp_path / "i.s").write_text("")
    (tmp_path / "a.s").write_text('.rept 250\n.include "i.s"\n.endr\n')
    assert STATEMENTS in errors_of([tmp_path / "a.s"])[0].message
    (tmp_path / "a.s").write_text('nop\n.rept 150\n.include "i.s"\n.endr\n')
    assert assemble([tmp_path / "a.s"]).image


LIMITS = {
    "MAXIMUM_STATEMENTS": ("nop\nnop\n.rept 3\nnop\n.endr\nnop", "sources, macros and repetitions make more than"),
    "MAXIMUM_CHARACTERS": ("nop\n# a comment\n", "sources, macros and repetitions make more than"),
    "MAXIMUM_CONTENTS_BYTES": (
        ".data\n.skip 17, 1\n.byte 1, 2, 3\n.text\nnop",
        "bytes are too many; an image can hold",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_the_most_there_may_be_and_not_one_less(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, message = LIMITS[name]
    session = Session()
    Assembler(session, Source("t.s", text), {}).run()
    used = {
        "MAXIMUM_STATEMENTS": session.statements,
        "MAXIMUM_CHARACTERS": session.characters,
        "MAXIMUM_CONTENTS_BYTES": session.contents,
    }[name]
    assert used > 1
    monkeypatch.setattr(f"toyvm.asm.session.{name}", used)
    assemble_text(text)
    monkeypatch.setattr(f"toyvm.asm.session.{name}", used - 1)
    with pytest.raises(AssemblyError, match=message):
        assemble_text(text)
