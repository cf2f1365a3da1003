"""Macros, repetitions and conditionals."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.assembling import bytes_of, complaint, complaints, values_of, words_of

from toyvm.errors import Diagnostic


def data(text: str, **options: object) -> list[int]:
    return list(bytes_of(f".data\n{text}\n.text\nnop", ".data", **options))


EXPANSIONS = {
    ".macro m a\n.byte \\a\n.endm\nm 1\nm 2": [1, 2],
    ".macro m a, b=7\n.byte \\a, \\b\n.endm\nm 1\nm 1, 2\nm b=3, a=4": [1, 7, 1, 2, 4, 3],
    ".macro m a b:req\n.byte \\a - \\b\n.endm\nm 5, 2": [3],
    ".macro m first, rest:vararg\n.byte \\first\n.byte \\rest\n.endm\nm 1, 2, 3": [1, 2, 3],
    ".macro m\n.byte \\@\n.endm\nm\nm": [0, 1],
    '.macro m a\n.ascii "\\a"\n.endm\nm "x, y"': list(b"x, y"),
    ".macro m a\nx\\a\\()y = \\a\n.byte x\\a\\()y\n.endm\nm 4": [4],
    ".macro outer a\n.macro inner b\n.byte \\a, \\b\n.endm\n.endm\nouter 1\ninner 2": [1, 2],
    ".macro m n\n.if \\n\n.byte \\n\nm \\n - 1\n.endif\n.endm\nm 3": [3, 2, 1],
    ".macro m a\n.byte 1\n.if \\a\n.exitm\n.endif\n.byte 2\n.endm\nm 1\nm 0": [1, 1, 2],
    ".macro m a\n.byte \\a; .byte \\a + 1\n.endm\nm 1": [1, 2],
    ".macro nop\n.byte 9\n.endm\nnop\n.purgem nop": [9],
    ".rept 3\n.byte 5\n.endr": [5, 5, 5],
    ".rept 2; .byte 1; .endr; .byte 2": [1, 1, 2],
    ".rept 2\n.rept 2\n.byte 1\n.endr\n.byte 2\n.endr": [1, 1, 2, 1, 1, 2],
    ".irp x, 1, 2, 3\n.byte \\x\n.endr": [1, 2, 3],
    ".irpc x, 123\n.byte \\x\n.endr": [1, 2, 3],
    "n = 0\n.rept 3\n.byte n\nn = n + 1\n.endr": [0, 1, 2],
    ".rept 0\n.byte 1\n.endr\n.byte 2": [2],
    ".if 0\n.byte 1\n.elseif 1\n.byte 2\n.elseif 1\n.byte 3\n.else\n.byte 4\n.endif": [2],
    ".if 0\n.if 1\n.byte 1\n.else\n.byte 2\n.endif\n.else\n.byte 3\n.endif": [3],
    ".if 1\n.byte 1\n.else\n.nonsense \" ' (\n.endif": [1],
    "x = 1\n.ifdef x\n.byte 1\n.endif\n.ifndef x\n.byte 2\n.endif\n.ifdef y\n.byte 3\n.endif": [1],
    ".ifeq 0\n.byte 1\n.endif\n.ifgt 1\n.byte 2\n.endif\n.iflt 1\n.byte 3\n.endif\n.ifle 0\n.byte 4\n.endif": [1, 2, 4],
    ".macro m a\n.ifb \\a\n.byte 0\n.else\n.byte 1\n.endif\n.endm\nm\nm 5": [0, 1],
    ".macro m a\n.ifc \\a, yes\n.byte 1\n.else\n.byte 0\n.endif\n.endm\nm yes\nm no": [1, 0],
    '.ifeqs "a", "a"\n.byte 1\n.endif\n.ifnes "a", "a"\n.byte 2\n.endif': [1],
    "/* a\n .byte 1 */ .byte 2 // .byte 3\n.byte 4 # 5\n": [2, 4],
}


@pytest.mark.parametrize("text", EXPANSIONS)
def test_what_is_read_is(text: str) -> None:
    assert data(text) == EXPANSIONS[text]


def test_what_stands_behind_the_end_is_not_read() -> None:
    assert values_of("1\n.end\n.dword 2") == [1]


def test_defines_can_be_asked_for() -> None:
    text = ".ifdef DEBUG\n.byte DEBUG\n.else\n.byte 0\n.endif"
    assert data(text, defines={"DEBUG": 3}) + data(text) == [3, 0]


def test_numeric_labels_mean_the_nearest_in_their_direction() -> None:
    assert values_of("1f\n1: .dword 1b, 1f\n1: .dword 1b") == [0x1008, 0x1008, 0x1018, 0x1018]


def test_a_mistake_in_a_macro_says_how_it_came_there() -> None:
    text = ".macro inner x\n  add a0, \\x, a9\n.endm\n.macro outer\n  inner a1\n.endm\n\nouter"
    found = complaint(text)
    assert found == Diagnostic(
        *("t.s", 2, 15, "expected a register, not 'a9'", "  add a0, a1, a9", 2),
        (
            "t.s:5: note: in expansion of macro 'inner'",
            "t.s:8: note: in expansion of macro 'outer'",
        ),
    )


MISTAKES = {
    ".macro m\nnop": (1, "unterminated .macro"),
    ".rept 2\nnop": (1, "unterminated .rept"),
    ".irp x, 1\nnop": (1, "unterminated .irp"),
    "nop\n.if 1\nnop": (2, "unterminated conditional"),
    "nop\n.if 0\nnop": (2, "unterminated conditional"),
    "nop\n.endif": (2, ".endif without .if"),
    "nop\n.else": (2, ".else without .if"),
    "nop\n.if 1\n.else\n.else\n.endif": (4, ".else after .else"),
    "nop\n.endm": (2, ".endm without .macro"),
    "nop\n.endr": (2, ".endr without .rept"),
    "nop\n.exitm": (2, ".exitm outside a macro"),
    "nop\n.macro m a, a\n.endm": (2, "two parameters 'a'"),
    "nop\n.macro m a:rex\n.endm": (2, "cannot read the parameter"),
    "nop\n.macro m a:vararg, b\n.endm": (2, "must be the last"),
    "nop\n.macro m\n.endm\n.macro m\n.endm": (4, "already defined"),
    "nop\n.macro m a\n.endm\nm 1, 2": (4, "takes 1"),
    "nop\n.macro m a:req\n.endm\nm": (4, "needs its argument 'a'"),
    "nop\n.macro m\nm\n.endm\nm": (3, "more than 100 deep"),
    "nop\n.macro m\nm\nm\n.endm\nm": (3, "more than 100 deep"),
    "nop\n.if later\n.endif\nlater = 1": (2, "not known yet"),
    "nop\n.rept later\n.endr\nlater = 1": (2, "not known yet"),
    "nop\n/* no end": (2, "unterminated comment"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_said_once_and_where_it_begins(text: str) -> None:
    line, message = MISTAKES[text]
    found = complaints(text)
    assert (found[0].line, message in found[0].message) == (line, True)
    assert len(found) == (1 if text[0] == "n" else len(found))


def test_conditionals_left_open_inside_one_another_are_one_complaint() -> None:
    found = complaints("nop\n" + ".if 1\n" * 300)
    assert [(one.line, one.notes) for one in found] == [(301, ("    and 299 more around it",))]


# A macro of three parameters a, b and c: what a call gives them.
CALLS = {
    "m 1 2": "1|2|",
    "m 1, 2 3": "1|2|3",
    "m \t1\t2": "1|2|",
    "m 1 -2": "1-2||",
    "m 1 - 2": "1-2||",
    "m -1 -2": "-1-2||",
    "m ~1 2": "~1|2|",
    "m 1 ~2": "1~2||",
    "m 1 << 2 3": "1<<2|3|",
    "m 1 + 2, 3": "1+2|3|",
    "m (1 + 2) 3": "(1+2)3||",
    "m 1 (2)": "1(2)||",
    "m (1, 2)": "(1|2)|",
    "m a(b c) d": "a(b c)d||",
    "m [1 2] 3": "[1 2]3||",
    "m {1 2}": "{1|2}|",
    "m ) (": ")(||",
    "m a, (b, c": "a|(b|c",
    "m 8(sp) 3": "8(sp)3||",
    "m %lo(a + 2)(sp) x": "%lo(a+2)(sp)x||",
    "m $a . b_1": "$a|.|b_1",
    "m a:b c": "a:b|c|",
    "m a!b": "a!b||",
    "m x @y": "x@y||",
    "m a / b c": "a/b|c|",
    "m 1b 2f": "1b|2f|",
    "m 1,,3": "1||3",
    "m ,2": "|2|",
    "m 1  ,2": "1|2|",
    "m 1,2,3,": "1|2|3",
    "m a=1 b=2": "1|2|",
    "m b = 2": "|2|",
    "m c=3,a= 1": "1||3",
    "m 1 b=2": "1|2|",
    'm a="x y" b=z': "x y|z|",
    'm "x y" z': "x y|z|",
    'm "a,b",c': "a,b|c|",
    'm "a""b"': "a|b|",
    'm "a" "b" "c"': "a|b|c",
    'm a "b"': "a|b|",
    'm "b" (1)': "b|(1)|",
    'm "a"b': "a|b|",
    'm "" x': "|x|",
    r'm "x \"q\" y" z': 'x "q" y|z|',
    r'm "x\\" y': "x\\|y|",
}
DEFINITION = '.macro m a b c\n.ascii "\\a|\\b|\\c\\n"\n.endm\n'


@pytest.mark.parametrize("call", CALLS)
def test_arguments_are_parted_by_commas_or_by_blanks_between_words(call: str) -> None:
    assert bytes(data(DEFINITION + call)).decode() == CALLS[call] + "\n"


SURPLUS = {
    "m 1 2 3 4": "too many arguments: macro 'm' takes 3",
    "m 1, 2, 3, 4": "too many arguments: macro 'm' takes 3",
    "m d=4": "macro 'm' has no parameter 'd'",
    "m a=1 2": "an argument without a name cannot follow those that have one",
}
COLUMNS = {"m 1 2 3 4": 9, "m 1, 2, 3, 4": 12, "m d=4": 3, "m a=1 2": 7}


@pytest.mark.parametrize("call", SURPLUS)
def test_arguments_that_no_parameter_takes_are_refused_where_they_stand(call: str) -> None:
    found = complaint(DEFINITION + call)
    assert (found.message, found.column) == (SURPLUS[call], COLUMNS[call])


AS = "riscv64-unknown-elf-as"
needs_as = pytest.mark.skipif(shutil.which(AS) is None, reason=f"{AS} is not installed")


def gnu(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "t.s").write_text(text)
    command = [AS, "-march=rv64im", "t.s", "-o", "t.o"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@needs_as
def test_gnu_as_gives_parameters_the_same_arguments(tmp_path: Path) -> None:
    calls = [call for call in CALLS if call != 'm "a""b"']  # where it is of two minds itself
    assert gnu(DEFINITION + ".data\n" + "\n".join(calls) + "\n", tmp_path).returncode == 0
    copy = ["riscv64-unknown-elf-objcopy", "-O", "binary", "-j", ".data", "t.o", "t.bin"]
    subprocess.run(copy, cwd=tmp_path, check=True)
    assert (tmp_path / "t.bin").read_text().splitlines() == [CALLS[call] for call in calls]


@needs_as
@pytest.mark.parametrize("call", SURPLUS)
def test_gnu_as_refuses_the_same_arguments(call: str, tmp_path: Path) -> None:
    assert gnu(f"{DEFINITION}.data\n{call}\n", tmp_path).returncode != 0


def test_a_repetition_takes_values_parted_by_blanks() -> None:
    assert data('.irp x 1 2, 3 "4"\n.byte \\x\n.endr') == [1, 2, 3, 4]


def test_a_default_is_used_for_an_argument_that_is_empty() -> None:
    assert data(".macro m a=5 b=6\n.byte \\a, \\b\n.endm\nm ,7\nm 8,\nm") == [5, 7, 8, 6, 5, 6]


def test_leaving_a_macro_leaves_the_conditions_that_it_opened() -> None:
    macro = ".macro m\n.if 1\n.if 2\naddi t0, t0, 1\n.exitm\n.endif\n.endif\n.endm\n"
    assert len(words_of(f"{macro} m; m; .if 1; m; .endif; nop")) == 4
    assert "without .if" in complaint(f"{macro} m; .endif").message


def test_a_condition_around_a_macro_s_call_outlives_its_exit() -> None:
    macro = ".macro m\n.exitm\n.endm\n"
    assert len(words_of(f"{macro} .if 0; nop; .else; m; nop; nop; .endif; nop")) == 3


@pytest.mark.parametrize("given", ["nop; nop, ret", "ret, nop; nop"])
def test_statements_in_one_of_several_arguments_are_as_many_as_they_are(given: str) -> None:
    first, _, second = (part.strip() for part in given.partition(","))
    text = f'.macro m a, b\n\\a\n\\b\n.endm\nm "{first}", "{second}"'
    assert words_of(text) == words_of(f"{first}\n{second}")
