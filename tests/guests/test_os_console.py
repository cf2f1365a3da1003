"""The operating system's console: lines are edited as keys are pressed, and keys send signals."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.os_shell import session

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
READ = "stty -echo\ncat > /tmp/read\ncat /tmp/read\nshutdown\n"


def read_lines(keys: str) -> list[str]:
    """What a program reads of lines that are typed with these keys, unseen."""
    output = session(READ, input=keys.encode("latin-1") + b"\x04").output
    return output.splitlines()


# Keys before Enter, and the line that they make.
EDITED = {
    "letters": ("abc", "abc"),
    "backspace": ("abx\x7fc\x7f\x7f\x7f\x7fd", "d"),
    "left and right": (f"ad{LEFT}bc{RIGHT}e{RIGHT}{RIGHT}f", "abcdef"),
    "home and end": (f"bc{HOME}a{END}d", "abcd"),
    "the letters for these": ("bc\x01a\x05d", "abcd"),
    "the other codes for these": ("bc\x1b[1~a\x1b[4~d", "abcd"),
    "delete": (f"axb{LEFT}{LEFT}{DELETE}{END}{DELETE}c", "abc"),
    "the whole line": ("abc\x15d", "d"),
    "the rest": (f"abcd{LEFT}{LEFT}\x0b", "ab"),
    "a word": ("ab cd  \x17e", "ab e"),
    "words, and no more": ("ab\x17\x17c", "c"),
    "by words": ("ab cd ef\x1b[1;5D\x1b[1;5Dx\x1b[1;5Cy", "ab xcdy ef"),
    "by words with Alt": ("ab cd ef\x1bb\x1bbx\x1bfy", "ab xcdy ef"),
    "a word behind": ("ab cd ef\x01\x1bd\x1bdx", "x ef"),
    "letters of more bytes than one": (f"äöü{LEFT}{LEFT}\x7fx{DELETE}", "xü"),
    "keys that mean nothing": ("a\x0e\x1b[Zb\x1bxc\x1b[1;2P\x1b[15~\x1b[200;3~d", "abcd"),
    "the window's size": ("ab\x1b[8;30;100tc", "abc"),
    "the line before": (f"one\n{UP}", "one"),
    "two lines before": (f"one\ntwo\n{UP}{UP}", "one"),
    "and back": (f"one\ntwo\n{UP}{UP}{DOWN}", "two"),
    "behind the last": (f"one\n{UP}{DOWN}x", "x"),
    "an earlier line changed": (f"one\n{UP}{LEFT}x", "onxe"),
}


@pytest.mark.parametrize("name", EDITED)
def test_a_line_is_edited(name: str) -> None:
    keys, line = EDITED[name]
    history = "stty echo\ncat > /tmp/read\nstty -echo\ncat /tmp/read\nshutdown\n"  # unseen lines are not kept
    output = session(history, input=keys.encode() + b"\n\x04").output
    assert output.splitlines()[-1].encode("latin-1").decode() == line


class Model:
    """The editor of lines, in a few words."""

    def __init__(self) -> None:
        self.text, self.cursor = "", 0

    def press(self, key: str) -> None:
        before, behind = self.text[: self.cursor], self.text[self.cursor :]
        if key in (LEFT, RIGHT):
            self.cursor = max(0, self.cursor - 1) if key == LEFT else min(len(self.text), self.cursor + 1)
        elif key in (HOME, "\x01"):
            self.cursor = 0
        elif key in (END, "\x05"):
            self.cursor = len(self.text)
        elif key == "\x7f":
            before = before[:-1]
        elif key == DELETE:
            behind = behind[1:]
        elif key == "\x15":
            before = behind = ""
        elif key == "\x0b":
            behind = ""
        elif key == "\x17":
            stripped = before.rstrip(" ")
            before = stripped[: stripped.rfind(" ") + 1]
        else:
            before += key
        if key in ("\x7f", "\x15", "\x17") or (len(key) == 1 and key >= " "):
            self.cursor = len(before)
        if key not in (LEFT, RIGHT, HOME, END, "\x01", "\x05"):
            self.text = before + behind


KEYS = st.sampled_from(["a", "b", "c", " ", LEFT, RIGHT, HOME, END, DELETE, "\x7f", "\x15", "\x0b", "\x17", "\x01"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(KEYS, max_size=20), min_size=20, max_size=20))
def test_any_keys_make_the_line_that_a_model_makes(lines: list[list[str]]) -> None:
    expected = []
    for keys in lines:
        model = Model()
        for key in keys:
            model.press(key)
        expected.append(model.text)
    assert read_lines("".join("".join(keys) + "\n" for keys in lines)) == expected


def test_what_is_typed_is_shown_with_its_corrections() -> None:
    keys = f"ac{LEFT}b{END}d\x7f{HOME}x{DELETE}"
    output = session("cat > /dev/null\nshutdown\n", input=keys.encode() + b"\n\x04").output
    assert on_screen(output) == "xbc"


def on_screen(output: str) -> str:
    """What a terminal shows of a line, after all that was written to it."""
    line, column = [" "] * 80, 0
    for letter in output.removesuffix("\n"):
        if letter == "\b":
            column -= 1
        else:
            line[column] = letter
            column += 1
    return "".join(line).rstrip()


WIDTH = 20
PROMPT = "prompt: "


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(KEYS, st.just("a long word ")), max_size=60))
def test_a_line_that_fills_rows_is_shown_as_a_model_has_it(keys: list[str]) -> None:
    pyte = pytest.importorskip("pyte")
    model = Model()
    for key in keys:
        for part in [key] if key.startswith("\x1b") else key:
            model.press(part)
    typed = f"\x1b[8;10;{WIDTH}t{''.join(keys)}\n\x04"
    output = session(f"echo -n '{PROMPT}'\ncat > /dev/null\nshutdown\n", input=typed.encode()).output
    screen = pyte.Screen(WIDTH, 60)
    pyte.Stream(screen).feed(output.replace("\n", "\r\n"))
    shown = PROMPT + model.text
    rows = [shown[start : start + WIDTH].rstrip() for start in range(0, len(shown), WIDTH)]
    assert [row.rstrip() for row in screen.display] == rows + [""] * (60 - len(rows))


def test_a_long_line_is_edited_where_it_stands_on_the_terminal() -> None:
    from support.terminal import Terminal

    with Terminal([sys.executable, "-m", "toyvm", "run", "os"], columns=60) as terminal:
        terminal.shows("/ #")
        terminal.press("\x0cecho " + "x" * 100 + HOME + "y")
        terminal.until(lambda: terminal.rows[:2] == ["/ # yecho " + "x" * 50, "x" * 50])
        terminal.until(lambda: terminal.cursor == (0, 5))
        terminal.resize(40, 24)
        terminal.press("\x0c")
        terminal.until(lambda: terminal.rows[:3] == ["/ # yecho " + "x" * 30, "x" * 40, "x" * 30])
        terminal.until(lambda: terminal.cursor == (0, 5))


def test_a_longer_line_than_there_is_room_for_keeps_its_beginning() -> None:
    assert read_lines("x" * 3000 + "\n") == ["x" * 1023]


def test_more_than_the_ring_holds_is_all_read() -> None:
    lines = [f"line {number}" for number in range(2000)]
    assert read_lines("".join(f"{line}\n" for line in lines)) == lines


def test_the_end_of_a_line_that_is_not_empty_is_a_line_without_its_end() -> None:
    assert read_lines("ab\x04cd\n") == ["abcd"]


def test_carriage_returns_end_lines() -> None:
    assert read_lines("a\rb\r") == ["a", "b"]


@pytest.mark.parametrize(("key", "shown"), [("\x03", "^C"), ("\x1c", "^\\")])
def test_a_key_ends_what_runs_in_front(key: str, shown: str) -> None:
    """All of the input is there from the start: such a key is seen first, and drops what came before it."""
    output = session("stty echo\nsleep 1\necho not this\nshutdown\n", input=f"lost{key}".encode()).output
    assert shown in output
    assert "lost" not in output


def test_raw_bytes_are_given_as_they_come() -> None:
    """Though they were there before anybody had said that they are to be."""
    output = session("stty -echo raw\nhead -n 1 | hexdump\nstty -raw\nshutdown\n", input=b"a\x7f\x15\x03\r\n").output
    assert output.startswith("00000000  61 7f 15 03 0d 0a ")


# Completion: what stands on the line, keys, and the line that they make.
COMPLETED = {
    "a file": ("cat /etc/pas\t", "cat /etc/passwd "),
    "a directory": ("ls /et\tp\t", "ls /etc/passwd "),
    "a command": ("hexd\t", "hexdump "),
    "a command behind a pipe": ("ls | hexd\t", "ls | hexdump "),
    "what is common": ("ls /dir/f\t", "ls /dir/file"),
    "in the working directory": ("cat et\tg\t", "cat etc/group "),
    "nothing": ("cat /nosuch/x\t", "cat /nosuch/x"),
    "no such name": ("cat /etc/x\t", "cat /etc/x"),
    "within a line": (f"x /etc/pas y{LEFT}{LEFT}\t", "x /etc/passwd  y"),
    "a hidden name": ("ls /dir/.h\t", "ls /dir/.hidden "),
}


@pytest.mark.parametrize("name", COMPLETED)
def test_a_name_is_completed(name: str) -> None:
    keys, line = COMPLETED[name]
    before = "mkdir /dir\necho > /dir/file1\necho > /dir/file2\necho > /dir/.hidden\n"
    assert session(before + READ, input=keys.encode() + b"\n\x04").output == f"{line}\n"


def test_names_are_listed_in_whole_on_the_windows_rows() -> None:
    before = "cd /tmp\ntouch f1 f22 f333 f4444 f55555\necho -n '> '\ncat\nshutdown\n"
    output = session(before, input=b"\x1b[8;24;16tcat f\t\x15\n\x04").output
    assert output.split("\n")[1:4] == ["f1  f22  f333  ", "f4444  f55555  ", "> cat f" + "\b" * 5 + " " * 5 + "\b" * 5]


def test_names_that_could_be_meant_are_listed_and_the_line_shown_again() -> None:
    before = "mkdir /dir\necho > /dir/file1\necho > /dir/file2\ncd /dir\necho -n 'prompt: '\ncat\nshutdown\n"
    output = session(before, input=b"cat f\t\t1\n\x04").output
    assert output == "prompt: cat file\nfile1  file2  \nprompt: cat file1\ncat file1\n"
