"""What help says of `run` without an option: to say it changes nothing, and another value what the option is about."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.commands import call

from toyvm.cli import parser_of
from toyvm.isa.machine import DEFAULT_CLOCK_BASE
from toyvm.launch import launched
from toyvm.report.records import machine_record

Capture = pytest.CaptureFixture[str]

# Asks for all that options say: its results stand in registers, so in the state.
ASKS = """
.include "t64.inc"
_start:
    li   s0, N
    crr  s1, info
    in   s2, PORT_CLOCK
    in   s3, PORT_DISK_SECTORS
    li   t0, 2
    out  PORT_DISK_COMMAND, t0
    li   s4, 0
1:  addi s4, s4, 1
    in   t1, PORT_DISK_STATUS
    andi t2, t1, 1
    bnez t2, 1b
    srli s5, t1, 1
    in   s6, PORT_CONSOLE_IN
    out  PORT_POWER, zero
"""
# Option, what it is unless said, and another value.
OPTIONS = {
    "--technique": ("bare", "trap"),
    "--engine": ("interpreter", "reference"),
    "--hardware": ("strict", "assist"),
    "--memory": ("16M", "8M"),
    "--disk-latency": ("1000", "1100"),
    "--disk-cache": ("on", "off"),
    "--clock": (str(DEFAULT_CLOCK_BASE), str(DEFAULT_CLOCK_BASE + 1)),
    "-D": ("N=1", "N=2"),
    "--input": ("/dev/null", "letter"),
    "--max-instructions": ("100000000000", "20"),
    "--timeout": ("100000", None),
    "--read-only": (None, ""),
}
# What the guest cannot tell: only that the record of what was asked for is another one.
UNSEEN = ("--technique", "--engine", "--hardware", "--disk-cache")
CHANGES = {
    "--memory": ("s1", lambda value, other: other == value - (8 << 20 >> 12) or other != value),
    "--disk-latency": ("s4", lambda value, other: other > value),
    "--clock": ("s2", lambda value, other: other == value + 1),
    "-D": ("s0", lambda value, other: (value, other) == (1, 2)),
    "--input": ("s6", lambda value, other: (value, other) == ((1 << 64) - 2, ord("x"))),
    "--read-only": ("s5", lambda value, other: other == value | 2),
    "--max-instructions": ("s6", lambda value, other: other == 0),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "asks.s").write_text(ASKS)
    (tmp_path / "disk").write_bytes(bytes(1024))
    (tmp_path / "letter").write_text("x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report_of(capfd: Capture, *words: str) -> dict[str, Any]:
    (Path("disk")).write_bytes(bytes(1024))
    call(capfd, "run", "asks.s", "--disk", "disk", *words, "--report", "r.json")
    record: dict[str, Any] = json.loads(Path("r.json").read_text())
    del record["seconds"]
    return record


def registers_with(*, memory: int = 16 << 20, until: int | None = None, **options: Any) -> dict[str, int]:
    """The registers at the end, without the command."""
    from toyvm.programs import load_program

    defines = {"N": options.pop("defines", 1)}
    with launched("bare", memory, disk=bytearray(1024), **options) as computer:
        computer.load(load_program("asks.s", "bare", defines=defines))
        computer.run(until)
        return computer.registers.as_dict()


@pytest.mark.parametrize("option", [option for option, (usual, _) in OPTIONS.items() if usual and option != "-D"])
def test_to_say_what_holds_anyway_changes_nothing(capfd: Capture, folder: Path, option: str) -> None:
    usual, _ = OPTIONS[option]
    without, said = report_of(capfd, "-D", "N"), report_of(capfd, *given(option, usual))
    for name in ("input", "timeout", "max_instructions"):  # which say nothing where nothing was said
        without["configuration"][name] = said["configuration"][name]
    assert said == without


def given(option: str, value: str | None) -> tuple[str, ...]:
    words = () if option == "-D" else ("-D", "N")
    return (*words, option, value) if value else (*words, option)


def test_a_symbol_without_a_value_is_1(capfd: Capture, folder: Path) -> None:
    assert report_of(capfd, "-D", "N") == report_of(capfd, "-D", "N=1")


@pytest.mark.parametrize("option", [option for option, (_, other) in OPTIONS.items() if other is not None])
def test_another_value_changes_what_the_option_is_about(capfd: Capture, folder: Path, option: str) -> None:
    _, other = OPTIONS[option]
    without, said = report_of(capfd, "-D", "N=1"), report_of(capfd, *given(option, other))
    name = option.removeprefix("--").replace("-", "_")
    if option not in ("-D", "--clock", "--disk-latency", "--disk-cache", "--read-only"):
        assert said["configuration"][name] != without["configuration"][name]
        assert str(said["configuration"][name]) == other
    assert (said["state"] == without["state"]) == (option in UNSEEN)
    assert said["machine"] == without["machine"] == machine_record()
    assert set(said) == set(without)


def test_what_each_option_is_about_is_what_the_machine_has(folder: Path) -> None:
    usual = registers_with()
    changed = {
        "--memory": registers_with(memory=8 << 20),
        "--disk-latency": registers_with(disk_latency=1100),
        "--clock": registers_with(clock_base=DEFAULT_CLOCK_BASE + 1),
        "-D": registers_with(defines=2),
        "--input": registers_with(input=b"x"),
        "--read-only": registers_with(disk_writable=False),
        "--max-instructions": registers_with(until=20),
    }
    assert changed.keys() == CHANGES.keys()
    for option, found in changed.items():
        name, holds = CHANGES[option]
        assert holds(usual[name], found[name]), (option, usual[name], found[name])
    assert usual["s2"] >= DEFAULT_CLOCK_BASE
    assert usual["s3"] == 2


def test_the_report_is_that_of_the_machine_that_was_asked_for(capfd: Capture, folder: Path) -> None:
    words = ("--memory", "2M", "--clock", "77", "--disk-latency", "50", "--input", "letter", "-D", "N=9", "--read-only")
    record = report_of(capfd, *words, "--technique", "trap+flush", "--timeout", "1000", "--max-instructions", "1e6")
    from toyvm.programs import load_program

    options: dict[str, Any] = {"input": b"x", "disk": bytearray(1024), "disk_writable": False, "disk_latency": 50}
    with launched("trap+flush", 2 << 20, clock_base=77, **options) as computer:
        computer.load(load_program("asks.s", "trap", defines={"N": 9}))
        outcome = computer.run()
        assert record == {
            **{"stop": "exit", "exit_code": 0, "instructions": computer.retired, "exits": computer.exits},
            **{"hypercalls": computer.hypercalls, "state": computer.state_hash(), "detail": outcome.detail},
            "configuration": {
                **{"technique": "trap+flush", "program": "asks.s", "engine": "interpreter", "hardware": "strict"},
                **{"memory": "2M", "max_instructions": "1e6", "timeout": "1000", "disk": "disk", "files": None},
                **{"input": "letter", "tlb": None, "defines": {"N": 9}, "arguments": [], "environment": []},
                "stack": None,
            },
            "machine": machine_record(),
        }


def test_what_help_says_holds_unless_said_is_what_is_tried_here() -> None:
    for action in parser_of("run")._actions:
        found = re.search(r"([^\s,]+),? \(?unless said", action.help or "")
        option = next((one for one in action.option_strings if one in OPTIONS), None)
        if found is not None and option is not None:
            usual = OPTIONS[option][0] or ""
            assert found[1] == usual.partition("=")[2] or found[1] == usual
