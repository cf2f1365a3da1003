"""`toyvm host`: the file, its errors, commands, reports and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.commands import ROOT, call, spawn
from support.host_files import ECHO, programs_in, written

from toyvm.errors import BadFileError
from toyvm.host.host_file import read_host_file
from toyvm.host.host_keys import CONSOLE, GUEST_KEYS, HOST_KEYS
from toyvm.isa.machine import Level

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return programs_in(tmp_path)


MISTAKES = [
    ("", "no guests; each is a table [[guest]]"),
    ("[[guest]]\n", "guest 1: no program"),
    ("[[guest]\n", "not TOML: "),
    ("[host]\nslice = " + "9" * 5000, ": a number has too many digits\n"),
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
    ("[[guest]]\nprogram = ''\n", "guest 1: program: ''; the name of a file is empty"),
    ("[[guest]]\nprogram = 'hello'\ndisk = ''\n", "guest 1: disk: ''; the name of a file is empty"),
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
        "guest 1: technique: 'bare'; that has no monitor, and a host's guests have one",
    ),
    ("[[guest]]\nprogram = 'hello'\ntechnique = 'trap+x'\n", "guest 1: technique: technique trap has no option 'x'"),
    ("[[guest]]\nprogram = 'hello'\nname = ''\n", "guest 1 (): name: ''; it takes up to 32 letters"),
    ("[[guest]]\nprogram = 'hello'\nname = 'all'\n", "name: 'all' is no guest's name: commands mean every guest by it"),
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
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("toyvm/docs/hosts.md", "guests/side_by_side.toml")]
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


def test_the_town_comes_to_its_end_where_nobody_types() -> None:
    done = spawn("host", "town")
    assert done.returncode == 102
    assert done.stderr.decode().startswith("toyvm: guest lemming: the guest cannot go on: ")
    assert b"toyvm: " not in done.stderr[1:]
    states = {line[2:14].strip(): line[26:34].strip() for line in done.stdout.decode().splitlines()[1:13]}
    assert states.pop("lemming") == "fault"
    assert set(states.values()) == {"exit 0"}
    assert {"shell", "ported", "clock", "big", "small", "capped", "left", "right", "visitor", "tourists-2"} < set(
        states
    )


def test_commands_may_stand_in_the_host_file_and_others_go_before(capfd: Capture, folder: Path) -> None:
    host = "slice = 1000\ncommands = 'at 5000 stop a'"
    path, report = written(folder, "name = 'a'\nprogram = 'loop.s'", host=host), folder / "r.json"
    assert call(capfd, "host", str(path), "--report", str(report)).code == 0
    assert json.loads(report.read_text())["host"]["clock"] == 5000
    (folder / "commands").write_text("at 7000 stop a")
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"), "--report", str(report))
    assert (done.code, json.loads(report.read_text())["host"]["clock"]) == (0, 7000)


def test_the_input_of_a_guest_to_which_no_command_types_ends_at_once(capfd: Capture, folder: Path) -> None:
    (folder / "echo.s").write_text(ECHO)
    guests = [f"name = '{name}'\nprogram = 'echo.s'\ninput = 'console'" for name in "ab"]
    path, report = written(folder, *guests, "name = 'c'\nprogram = 'loop.s'", host="slice = 1000"), folder / "r.json"
    commands = folder / "commands"
    for line, ended in (("at 40000 send a x", "b"), ("at 40000 pause all", "ab")):
        commands.write_text(f"{line}\nat 90000 stop all\n")
        done = call(capfd, "host", str(path), "--commands", str(commands), "--report", str(report))
        assert done.code == 0
        instructions = {guest["name"]: guest["instructions"] for guest in json.loads(report.read_text())["guests"]}
        assert {name for name in "ab" if instructions[name] < 20} == set(ended)


def test_a_balloon_has_the_size_that_is_said(capfd: Capture, folder: Path) -> None:
    path = folder / "hosts.toml"
    path.write_text("[[guest]]\nname = 'p'\nprogram = 'kernel'\ntechnique = 'para'\nmemory = '2M'\n")
    (folder / "commands").write_text("at 200000 balloon p 1M\n")
    report = folder / "r.json"
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"), "--report", str(report))
    assert (done.code, done.errors) == (0, "")
    (line,) = (line for line in done.output.splitlines() if line.startswith("  p "))
    assert "    1M " in line, "of what it has, and not of what it had"
    (folder / "commands").write_text("at 200000 balloon p 3M\n")
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"))
    assert (done.code, done.errors) == (2, "toyvm: balloon: a target of 768 pages; guest p has at most 512\n")


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


def test_a_line_of_commands_ends_where_lines_end_and_nowhere_else(capfd: Capture, folder: Path) -> None:
    (folder / "echo.s").write_text(ECHO)
    path = written(folder, "name = 'e'\nprogram = 'echo.s'\ninput = 'console'")
    (folder / "commands").write_text("send e a\u2028b\x0cc\nend e\nat 1e5 show e\n")
    done = call(capfd, "host", str(path), "--commands", str(folder / "commands"))
    assert (done.code, done.errors) == (0, "")
    assert done.output.startswith("a\u2028b\x0cc\n")


@pytest.mark.parametrize("key", ["output", "disk"])
@pytest.mark.parametrize("name", ["hosts.toml", "commands"])
def test_no_guest_writes_what_the_host_is_made_from(capfd: Capture, folder: Path, key: str, name: str) -> None:
    path, commands = written(folder, f"program = 'zero.s'\n{key} = '{name}'"), folder / "commands"
    commands.write_bytes(b"# " + bytes(510))
    before = path.read_bytes(), commands.read_bytes()
    done = call(capfd, "host", str(path), "--commands", str(commands))
    assert done.code == 2
    assert f"{key} of guest1 {folder / name}: that would overwrite a file it is made from" in done.errors
    assert (path.read_bytes(), commands.read_bytes()) == before


def test_a_command_for_all_is_for_those_that_have_not_ended(capfd: Capture, folder: Path) -> None:
    path = written(folder, "name = 'ends'\nprogram = 'zero.s'", "name = 'goes'\nprogram = 'loop.s'")
    commands = folder / "commands"
    commands.write_text("at 5000 pause all\nat 6000 resume all\nat 20000 stop all\n")
    done = call(capfd, "host", str(path), "--commands", str(commands))
    assert (done.code, done.errors) == (0, "")
    commands.write_text("at 5000 show all\nat 20000 stop all\n")
    assert call(capfd, "host", str(path), "--commands", str(commands)).output.startswith("x  name")
    alone = written(folder, "name = 'ends'\nprogram = 'zero.s'")
    commands.write_text("at 5000 pause all\n")
    assert call(capfd, "host", str(alone), "--commands", str(commands)).code == 0
    path = written(folder, "name = 'ends'\nprogram = 'zero.s'", "name = 'goes'\nprogram = 'loop.s'")
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
        ("pause a b", ":1: pause a: 'b' has no meaning here"),
        ("share a", ":1: share a: a share has to follow"),
        ("share a x", ":1: share: 'x' is no whole number"),
        ("cap a 0", ":1: cap of 0%"),
        ("at 5", ":1: at takes a count of ticks, and a command"),
        ("at 5 at 6 stop a", ":1: at stands once in a command"),
        ("at x stop a", ":1: at: 'x' is no whole number"),
        ("at 7 stop a\nat 5 stop a", ":2: at 5 comes after at 7"),
        ("send a x", "guest a has no console to type at"),
        ("balloon a", ":1: balloon a: a size has to follow"),
        ("balloon a 7", ":1: balloon of 7 bytes; it takes a multiple of 4096"),
        ("balloon a 64K", "a guest of technique trap has no balloon; para has one"),
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


def test_an_exit_code_that_counts_as_99_is_said_to(capfd: Capture, folder: Path) -> None:
    (folder / "high.s").write_text("li a0, 150\nout 8, a0\n")
    done = call(capfd, "host", str(written(folder, "name = 'h'\nprogram = 'high.s'")))
    assert done.code == 99
    assert done.errors == ("toyvm: guest h: the guest switched itself off with exit code 150, which counts as 99\n")
    assert "\n1 guest: 1 ended; " in done.output


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
