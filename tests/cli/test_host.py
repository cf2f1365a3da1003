"""`toyvm host`: the file, its errors, commands, the table, the live screen, reports and exit codes."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commands import ROOT, call, spawn

from toyvm.cli.host.console import KEPT, KeptOutput, TypedInput
from toyvm.cli.host.table import Row, show_bytes, show_count, table
from toyvm.errors import BadFileError
from toyvm.host.accounts import GuestAccount
from toyvm.host.host_file import read_host_file
from toyvm.host.host_keys import CONSOLE, GUEST_KEYS, HOST_KEYS
from toyvm.isa.machine import Level

Capture = pytest.CaptureFixture[str]
LOOP = "_start: addi a0, a0, 1\n j _start\n"
ECHO = """
_start:
    la   t0, handler
    crw  tvec, t0
1:  in   a0, 1
    bltz a0, 2f
    out  0, a0
    j    1b
2:  li   t0, -2                 # the input has ended
    beq  a0, t0, 3f
    li   t0, 2
    crw  imask, t0
    wfi
    j    1b
3:  li   a0, 0
    out  8, a0
handler:
    j    handler
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loop.s").write_text(LOOP)
    (tmp_path / "three.s").write_text("_start: li a0, 3\n out 8, a0\n")
    (tmp_path / "zero.s").write_text("_start: li t0, 'x'\n out 0, t0\n li a0, 0\n out 8, a0\n")
    return tmp_path


def written(folder: Path, *guests: str, host: str = "") -> Path:
    path = folder / "hosts.toml"
    text = f"[host]\n{host}\n" + "".join(f"[[guest]]\nmemory = '64K'\n{guest}\n" for guest in guests)
    path.write_text(text)
    return path


MISTAKES = [
    ("", "no guests; each is a table [[guest]]"),
    ("[[guest]]\n", "guest 1: no program"),
    ("[[guest]\n", "not TOML: "),
    ("[hosts]\n", "no table 'hosts'; did you mean host?"),
    ("host = 3\n[[guest]]\nprogram = 'hello'\n", "host is no table; write [host]"),
    ("guest = 3\n", "no guests"),
    ("[guest]\nprogram = 'hello'\n", "guest is one table; write [[guest]]"),
    ("memory = '64M'\n[[guest]]\n", "no table 'memory'; memory is a key of [host] and of [[guest]]"),
    ("slices = 7\n[[guest]]\n", "no table 'slices'; did you mean slice, a key of [host]?"),
    ("xyzzy = 7\n[[guest]]\n", "no table 'xyzzy'\n"),
    ("[host]\nshare = 5\n[[guest]]\nprogram = 'hello'\n", "host: no key 'share'; share is a key of [[guest]]"),
    ("[[guest]]\nslice = 5\n", "guest 1: no key 'slice'; slice is a key of [host]"),
    ("[[guest]]\nmax_instructions = 5\n", "guest 1: no key 'max_instructions'; did you mean max-instructions?"),
    ("[[guest]]\nhardwares = 'x'\n", "guest 1: no key 'hardwares'; did you mean hardware, a key of [host]?"),
    (
        "[host]\nmemory = '64K'\n[[guest]]\nprogram = 'hello'\n",
        "hosts.toml: host: host memory of 65536 bytes is",
    ),
    ("[host]\nslice = 0\n[[guest]]\nprogram = 'hello'\n", "host: slice: value of 0 is out of range; it takes 1.."),
    (
        "[host]\nengine = 'jit'\n[[guest]]\nprogram = 'hello'\n",
        "host: engine: 'jit'; there are interpreter, recompiler",
    ),
    (
        "[host]\nhardware = 'classic'\n[[guest]]\nprogram = 'hello'\n",
        "hardware classic: guest guest1 is of technique trap",
    ),
    ("[host]\nmemory = '2M'\n[[guest]]\nprogram = 'hello'\nmemory = '16M'\n", "guest guest1: the host has"),
    ("[[guest]]\nprogram = 3\n", "guest 1: program: 3; it takes a string"),
    ("[[guest]]\nprogram = 'nothing'\n", "guest guest1: nothing: neither a file nor a shipped guest"),
    ("[[guest]]\nprogram = 'hello'\nshares = 1\n", "guest 1: no key 'shares'; did you mean share?"),
    ("[[guest]]\nname = 'web'\nprogram = 'hello'\nshare = 0\n", "guest 1 (web): share: share of 0 is out of range"),
    ("[[guest]]\nprogram = 'hello'\nshare = 'x'\n", "guest 1: share: 'x'; it takes a whole number"),
    ("[[guest]]\nprogram = 'hello'\ncap = true\n", "guest 1: cap: True; it takes a whole number"),
    ("[[guest]]\nprogram = 'hello'\ncap = 101\n", "guest 1: cap: cap of 101% is out of range; it takes 1..100%"),
    ("[[guest]]\nprogram = 'hello'\nmemory = '5'\n", "guest 1: memory: value of 5 bytes is out of range"),
    ("[[guest]]\nprogram = 'hello'\nmemory = 'x'\n", "guest 1: memory: size 'x' is no size"),
    ("[[guest]]\nprogram = 'hello'\nmemory = 70000\n", "guest 1: memory: 70000 bytes; it takes a multiple of 4096"),
    (
        "[[guest]]\nprogram = 'hello'\ntechnique = 'bare'\n",
        "guest 1: technique: 'bare'; guests of a host have a monitor",
    ),
    ("[[guest]]\nprogram = 'hello'\ntechnique = 'trap+x'\n", "guest 1: technique: technique trap has no option 'x'"),
    ("[[guest]]\nprogram = 'hello'\nname = ''\n", "guest 1 (): name: ''; it takes up to 32 letters"),
    ("[[guest]]\nprogram = 'hello'\nname = 'all'\n", "name: 'all'; commands mean every guest by it"),
    ("[[guest]]\nprogram = 'hello'\npaused = 1\n", "guest 1: paused: 1; it takes true or false"),
    ("[[guest]]\nprogram = 'hello'\nread-only = true\n", "guest 1: read-only says something about a disk"),
    ("[[guest]]\nprogram = 'hello'\ndisk = 'no.img'\n", "no.img: No such file"),
    ("[[guest]]\nprogram = 'hello'\ninput = 'no.txt'\n", "no.txt: No such file"),
    ("[[guest]]\nprogram = 'hello'\noutput = 'no/out'\n", "no/"),
    ("[[guest]]\nprogram = 'hello'\ndefines = {X = 'y'}\n", "guest 1: defines: X = 'y'; it takes a whole number"),
    ("[[guest]]\nprogram = 'hello'\ncopies = 2\noutput = 'o'\n", "guest 1: output: 2 copies cannot write one file"),
    ("[[guest]]\nprogram = 'hello'\noutput = 'o'\n" * 2, "o: guests guest1 and guest2 would write it"),
    ("[[guest]]\nprogram = 'hello'\nname = 'a'\n" * 2, "two guests are called 'a'"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_each_mistake_in_a_file_is_one_line_that_says_where(
    capfd: Capture, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "hosts.toml"
    path.write_text(text)
    done = call(capfd, "host", str(path))
    assert done.code == 101
    assert message in done.errors
    assert done.errors.count("\n") == 1
    assert done.output == ""


def test_a_file_that_cannot_be_read_is_said(capfd: Capture, tmp_path: Path) -> None:
    assert call(capfd, "host", str(tmp_path)).errors.endswith("is a directory\n")
    assert "No such file" in call(capfd, "host", str(tmp_path / "no.toml")).errors
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    assert "is not text" in call(capfd, "host", str(tmp_path / "b")).errors


def test_every_key_reaches_its_guest(tmp_path: Path) -> None:
    path = tmp_path / "hosts.toml"
    path.write_text(
        "[host]\nslice = 7\nmemory = '8M'\n[[guest]]\nname = 'a'\nprogram = 'hello'\ntechnique = 'assist'\n"
        "memory = '1M'\n"
        "share = 5\ncap = 9\nmax-instructions = 11\npaused = true\ninput = 'console'\noutput = 'out'\ndisk = 'disk'\n"
        "read-only = true\ndisk-latency = 12\nclock = 13\ndefines = {X = 1}\n"
    )
    plan = read_host_file(path)
    assert (plan.slice, plan.memory, plan.hardware) == (7, 8 << 20, Level.ASSIST)
    (guest,) = plan.guests
    assert (guest.name, guest.technique, guest.memory, guest.share, guest.cap) == ("a", "assist", 1 << 20, 5, 9)
    assert (guest.max_instructions, guest.paused, guest.input, guest.read_only) == (11, True, CONSOLE, True)
    assert (guest.output, guest.disk) == (str(tmp_path / "out"), str(tmp_path / "disk"))
    assert (guest.disk_latency, guest.clock, guest.defines) == (12, 13, {"X": 1})
    path.write_text("[[guest]]\nname = 'a'\nprogram = 'hello'\ncopies = 3\n")
    assert [guest.name for guest in read_host_file(path).guests] == ["a-1", "a-2", "a-3"]
    with pytest.raises(BadFileError):
        read_host_file(tmp_path / "none")


def test_every_key_stands_in_help_readme_and_example(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    help_text = call(capfd, "host", "--help").output
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "guests/side_by_side.toml")]
    for heading, keys in (("[host]", HOST_KEYS), ("[[guest]]", GUEST_KEYS)):
        listing = help_text[help_text.index(f"{heading}, ") :].split("\n\n")[0]
        assert re.findall(r"^  ([a-z-]+)  +\S", listing, re.MULTILINE) == list(keys)
        for text in texts:
            told = {
                key
                for part in re.split(r"^(?=\[)", text.replace("\n```", "\n[end]\n"), flags=re.MULTILINE)
                if part.startswith(heading)
                for key in re.findall(r"^(?:# )?([a-z-]+) = ", part, re.MULTILINE)
            }
            assert told == set(keys)


def test_a_capped_guest_begins_with_nothing_saved_up(capfd: Capture, folder: Path) -> None:
    report = folder / "r.json"
    path = written(folder, "program = 'zero.s'\ncap = 20", host="slice = 1000")
    assert call(capfd, "host", str(path), "--report", str(report)).code == 0
    assert json.loads(report.read_text())["host"]["idle"] == 5 * 1000


def test_the_shipped_example_runs_to_its_end() -> None:
    done = spawn("host", "side_by_side")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0].split()[:3] == ["name", "technique", "state"]
    assert [line.split()[0] for line in lines[1:9]] == [
        *("shell", "ported", "number"),
        *(f"crowd-{n}" for n in range(1, 6)),
    ]
    assert all(" exit 0 " in line for line in lines[1:9])
    assert "\x1b" not in done.stdout.decode()
    assert max(map(len, lines)) <= 118


def test_the_exit_code_is_that_of_the_first_guest_that_did_not_end_well(capfd: Capture, folder: Path) -> None:
    zero, three, loop = (f"program = '{name}.s'" for name in ("zero", "three", "loop"))
    assert call(capfd, "host", str(written(folder, zero, zero))).code == 0
    assert call(capfd, "host", str(written(folder, zero, three, loop + "\nmax-instructions = 500"))).code == 3
    assert call(capfd, "host", str(written(folder, loop + "\nmax-instructions = 500", three))).code == 103
    assert call(capfd, "host", str(written(folder, zero, zero + "\npaused = true"))).code == 104
    done = call(capfd, "host", str(written(folder, loop, zero)), "--max-instructions", "1e5")
    assert done.code == 103
    assert "guest guest1: ready when the run ended" in done.errors


def test_output_goes_to_its_file_and_disks_are_written_back(capfd: Capture, folder: Path) -> None:
    (folder / "disk.img").write_bytes(bytes(1024))
    path = written(folder, "program = 'zero.s'\noutput = 'out'\ndisk = 'disk.img'")
    assert call(capfd, "host", str(path)).code == 0
    assert (folder / "out").read_bytes() == b"x"


def test_commands_are_done_at_their_time(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'a'\nprogram = 'loop.s'", "name = 'b'\nprogram = 'loop.s'", host="slice = 1000")
    (folder / "commands").write_text(
        "# two that loop\nat 10000 pause a\nat 20000 resume a\nshare b 300\n\nat 60000 stop b\nat 1e5 stop all\n"
    )
    report = folder / "report.json"
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"), "--report", str(report))
    assert done.code == 0, done.errors
    record = json.loads(report.read_text())
    a, b = record["guests"]
    assert a["instructions"] + b["instructions"] == record["host"]["clock"] == 100_000
    assert abs(b["instructions"] - (5_000 + 10_000 + 30_000)) <= 2_000
    assert a["condition"] == b["condition"] == "stopped"


def test_a_command_for_all_is_for_those_that_have_not_ended(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'ends'\nprogram = 'zero.s'", "name = 'goes'\nprogram = 'loop.s'")
    commands = folder / "commands"
    commands.write_text("at 5000 pause all\nat 6000 resume all\nat 20000 stop all\n")
    done = call(capfd, "host", str(path), "--commands", str(commands))
    assert (done.code, done.errors) == (0, "")
    commands.write_text("at 5000 pause ends\nat 20000 stop all\n")
    done = call(capfd, "host", str(path), "--commands", str(commands))
    assert done.code == 2
    assert "has ended" in done.errors


def test_commands_stand_in_the_order_of_their_time_whatever_stands_between(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'one'\nprogram = 'loop.s'")
    commands = folder / "commands"
    commands.write_text("at 500 pause one\nresume one\n\n# later\nat 100 stop one\n")
    done = call(capfd, "host", str(path), "--commands", str(commands))
    assert (done.code, done.errors.count("\n")) == (101, 1)
    assert "commands:5: at 100 comes after at 500" in done.errors


@pytest.mark.parametrize("time", [0, 1, 5000])
def test_commands_for_one_time_are_done_in_the_order_in_which_they_stand(
    capfd: Capture, folder: Path, time: int
) -> None:
    path = written(folder, "name = 'one'\nprogram = 'loop.s'\ninput = 'console'", host="slice = 1000")
    commands, report = folder / "commands", folder / "report.json"
    commands.write_text(f"at {time} share one 7\nat {time} share one 9\npause one\nat {time} stop one\n")
    done = call(capfd, "host", str(path), "--commands", str(commands), "--report", str(report))
    assert (done.code, done.errors) == (0, "")
    record = json.loads(report.read_text())
    assert (record["host"]["clock"], record["guests"][0]["share"]) == (time, 9)


def test_a_paused_guest_begins_when_it_is_resumed(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'one'\nprogram = 'three.s'\npaused = true", "name = 'two'\nprogram = 'zero.s'")
    done = call(capfd, "host", str(path))
    assert done.code == 104
    assert "guest one: paused when the run ended" in done.errors
    (folder / "commands").write_text("at 100 resume one\n")
    assert call(capfd, "host", str(path), "--commands", str(folder / "commands")).code == 3


@pytest.mark.parametrize("codes", [(0, 3, 9), (9, 3, 0), (3, 0, 9), (0, 0, 9)])
def test_the_first_guest_in_the_file_that_did_not_end_with_0_gives_the_exit_code(
    capfd: Capture, folder: Path, codes: tuple[int, ...]
) -> None:
    for code in codes:
        (folder / f"{code}.s").write_text(f"_start: li a0, {code}\n out 8, a0\n")
    path = written(folder, *(f"name = 'g{n}'\nprogram = '{code}.s'" for n, code in enumerate(codes)))
    assert call(capfd, "host", str(path)).code == next(code for code in codes if code)


def test_lines_are_sent_to_a_console_and_its_output_shown(capfd: Capture, folder: Path) -> None:
    (folder / "echo.s").write_text(ECHO)
    path = written(folder, "name = 'e'\nprogram = 'echo.s'\ninput = 'console'")
    (folder / "commands").write_text("send e one two\nat 2000 send e three\nat 4000 end e\nat 100000 show e\n")
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"))
    assert done.code == 0, done.errors
    assert done.output.startswith("one two\nthree\n")


def test_commands_may_come_from_standard_input(folder: Path) -> None:
    path = written(folder, "name = 'a'\nprogram = 'loop.s'")
    done = spawn("host", str(path), "--commands", "-", input=b"at 1000 stop a\n")
    assert done.returncode == 0, done.stderr
    assert spawn("host", str(path), "--commands", "-", input=b"at 1000 quit\n").returncode == 130


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("paus a", ":1: no command 'paus'; did you mean pause?"),
        ("pause", ":1: pause takes a guest's name, or all"),
        ("pause b", ":1: no guest 'b'"),
        ("pause a b", ":1: pause a: 'b' is too much"),
        ("share a", ":1: share a takes a share"),
        ("share a x", ":1: share: 'x' is no number"),
        ("cap a 0", ":1: cap of 0%"),
        ("at 5", ":1: at takes a count of ticks, and a command"),
        ("at x stop a", ":1: at: 'x' is no number"),
        ("at 7 stop a\nat 5 stop a", ":2: at 5 comes after at 7"),
        ("send a x", "guest a has no console to type at"),
    ],
)
def test_each_mistake_in_a_command_is_one_line_that_says_where(
    capfd: Capture, folder: Path, line: str, message: str
) -> None:
    path = written(folder, "name = 'a'\nprogram = 'zero.s'")
    (folder / "commands").write_text(line + "\n")
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"))
    assert done.code in (2, 101)
    assert message in done.errors
    assert done.errors.count("\n") == 1


def test_a_report_holds_what_each_guest_came_to_and_the_host_s_account(capfd: Capture, folder: Path) -> None:
    path, report = written(folder, "name = 'z'\nprogram = 'zero.s'", "program = 'three.s'"), folder / "r.json"
    assert call(capfd, "host", str(path), "--report", str(report)).code == 3
    record = json.loads(report.read_text())
    assert record["stop"] == "done"
    assert [(guest["name"], guest["stop"], guest["exit_code"]) for guest in record["guests"]] == [
        ("z", "exit", 0),
        ("guest2", "exit", 3),
    ]
    alone = folder / "alone.json"
    call(capfd, "run", str(folder / "zero.s"), "--technique", "trap", "--memory", "64K", "--report", str(alone))
    ours, theirs = record["guests"][0], json.loads(alone.read_text())
    assert [ours[key] for key in ("state", "instructions", "exit_code")] == [
        theirs[key] for key in ("state", "instructions", "exit_code")
    ]
    assert {"clock", "idle", "seconds", "seconds_monitor", "memory_monitor", "memory_free"} <= record["host"].keys()
    assert call(capfd, "host", str(path), "--report", str(path)).code == 2, "it would overwrite its own file"


# The live screen.


class Terminal:
    """`toyvm host` on a terminal of its own."""

    def __init__(self, *words: str, columns: int = 80, rows: int = 24) -> None:
        import fcntl
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "toyvm", "host", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)),
        )
        os.close(slave)
        self.seen = ""

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, pattern: str) -> None:
        """Read until what came since the last call matches."""
        deadline, self.seen = time.monotonic() + 60, ""
        while not re.search(pattern, self.seen):
            assert time.monotonic() < deadline, f"{pattern} never came; there was {self.seen[-2000:]!r}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._master, 65536).decode("utf-8", "replace")
                except OSError:
                    break

    def end(self) -> int:
        code = self.process.wait(60)
        os.close(self._master)
        return code


def test_keys_act_on_the_guest_that_is_chosen(folder: Path) -> None:
    (folder / "echo.s").write_text(ECHO)
    path = written(
        folder,
        "name = 'looper'\nprogram = 'loop.s'",
        "name = 'echoer'\nprogram = 'echo.s'\ninput = 'console'",
    )
    terminal = Terminal(str(path))
    try:
        terminal.until(r"> looper +trap +ready")
        terminal.until(r"got: of the ticks in its own life")
        terminal.press("p")
        terminal.until(r"> looper +trap +paused")
        terminal.press("p+")
        terminal.until(r"> looper +trap +ready +200")
        terminal.press(":share looper 7\r")
        terminal.until(r"> looper +trap +ready +7 ")
        terminal.press(":share looper x\r")
        terminal.until(r"'x' is no number")
        terminal.press("j")
        terminal.until(r"> echoer +trap +waiting")
        terminal.press("a")
        terminal.until(r"-- echoer: what you type goes to it; Ctrl-\] goes back --")
        terminal.press("hello\r")
        terminal.until("hello")
        terminal.press("\x1d")
        terminal.until(r"> echoer +trap +waiting")
        terminal.press("ks")
        terminal.until(r"> looper +trap +stopped")
        terminal.press(":end echoer\r")
        terminal.until(r"2 guests: 1 stopped, 1 ended")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()


@pytest.mark.parametrize("way", ["q", "\x03", signal.SIGTERM])
def test_the_screen_is_given_back_whatever_ends_it(folder: Path, way: str | int) -> None:
    terminal = Terminal(str(written(folder, "name = 'looper'\nprogram = 'loop.s'")))
    try:
        terminal.until(r"> looper +trap +ready")
        if isinstance(way, str):
            terminal.press(way)
        else:
            terminal.process.send_signal(way)
        terminal.until(re.escape("\x1b[?25h\x1b[?1049l"))
        assert terminal.end() == (130 if isinstance(way, str) else 128 + way)
    finally:
        terminal.process.kill()


# The table.


def row(**changes: object) -> Row:
    facts = {
        "name": "a-guest-with-a-long-name",
        "technique": "rewrite+adaptive",
        "condition": "ready",
        "share": 1_000_000,
        "cap": 100,
        "share_got": 1.0,
        "instructions": 123_456_789_012_345,
        "seconds": 12_345.678,
        "exits": 999_999_999,
        "memory": 1 << 40,
        "memory_used": (1 << 30) - 1,
        "memory_monitor": 123_456_789,
        **changes,
    }
    return Row(GuestAccount(**facts), "exit 99", 1e9, "the last line of its output, which is long" * 9)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 200])
def test_a_table_is_as_wide_as_there_is_room(width: int) -> None:
    lines = table([row(), row(name="b")], width, "b")
    assert max(map(len, lines)) <= width
    assert lines[2].startswith("> b")
    assert ("last line" in lines[0]) == (width == 200 or "the last" in lines[1])


def test_figures_fit_their_columns() -> None:
    for value in (0, 9, 999, 1_000, 99_999, 999_999, 10**9, 5 * 10**14):
        assert len(show_count(value)) <= 6
        assert len(show_bytes(value)) <= 6
    assert (show_count(1_234_567), show_bytes(16 << 20), show_bytes(1_500_000)) == ("1.2M", "16M", "1.4M")


def test_the_end_of_what_is_typed_comes_once_and_after_all_of_it() -> None:
    typed = TypedInput()
    assert typed.fetch(10, 0) is None
    typed.type(b"abc")
    typed.end()
    typed.type(b"de")
    assert [typed.fetch(4, 0) for _ in range(5)] == [b"abcd", b"e", b"", None, None]


def test_of_a_guest_s_output_the_end_is_kept_and_all_of_it_passed_on() -> None:
    file, heard = io.BytesIO(), []
    output = KeptOutput(file)
    output.listener = heard.append
    parts = [bytes([n % 256]) * 1000 for n in range(100)]
    for part in parts:
        assert output.write(part) == 1000
    assert output.kept == b"".join(parts)[-KEPT:]
    assert file.getvalue() == b"".join(heard) == b"".join(parts)
