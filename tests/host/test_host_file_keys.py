"""Every key of a host file: the least and the most that it takes, and one less and one more; and what holds without."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from support.commands import call

from toyvm.errors import BadFileError
from toyvm.host.host import Host
from toyvm.host.host_file import GuestPlan, read_host_file
from toyvm.host.host_keys import GUEST_KEYS, HOST_KEYS, MAXIMUM_NAME, help_on_keys
from toyvm.host.stride import DEFAULT_SHARE, DEFAULT_SLICE, MAXIMUM_SHARE, MAXIMUM_SLICE
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, DEFAULT_MEMORY, MAXIMUM_MEMORY, MINIMUM_MEMORY
from toyvm.isa.machine import Level as HardwareLevel
from toyvm.limits import MAXIMUM_GUESTS
from toyvm.report.records import machine_record
from toyvm.techniques import NATIVE_ENGINES, TECHNIQUES

ALL_BITS = (1 << 64) - 1  # of which TOML has half: a number there has 63 and a sign
LARGEST = (1 << 63) - 1
PAGE = 4096
LONG = "n" * MAXIMUM_NAME
# Of each key values that are taken, and such that are not: other types, and what lies beyond its ends.
HOST: dict[str, tuple[list[Any], list[Any]]] = {
    "memory": ([MINIMUM_MEMORY, MAXIMUM_MEMORY, "64M"], [MINIMUM_MEMORY - PAGE, MAXIMUM_MEMORY + PAGE, PAGE + 1, True]),
    "hardware": (["strict", "assist"], ["", "Strict", "loose", 1]),
    "engine": (list(NATIVE_ENGINES), ["reference", "", 1]),
    "commands": (["", "quit\n"], [1, ["quit"]]),
    "slice": ([1, MAXIMUM_SLICE], [0, MAXIMUM_SLICE + 1, -1, 1.5, "1", True]),
}
GUEST: dict[str, tuple[list[Any], list[Any]]] = {
    "name": (["a", "-", "Z_9.", "ä", LONG], ["", LONG + "n", "a b", "a,b", "a/b", "all", "a\n", 1]),
    "program": (["hello", "there is none"], ["", "a\0b", 1]),
    "technique": (["trap", "trap+flush", "rewrite+adaptive"], ["bare", "", "trap+", "TRAP", 1]),
    "memory": ([MINIMUM_MEMORY, MAXIMUM_MEMORY, "64K"], [MINIMUM_MEMORY - PAGE, MAXIMUM_MEMORY + PAGE, PAGE + 1, 1.5]),
    "share": ([1, MAXIMUM_SHARE], [0, MAXIMUM_SHARE + 1, -1, 1.0, "1", True]),
    "cap": ([1, 100], [0, 101, -1, 50.0, "50%", True]),
    "max-instructions": ([0, 1, LARGEST], [-1, 1.0, True]),
    "paused": ([True, False], [1, "true"]),
    "copies": ([1, MAXIMUM_GUESTS], [0, MAXIMUM_GUESTS + 1, -1, True]),
    "input": (["console", "a file"], ["", "a\0b", 1]),
    "output": (["console", "a file"], ["", "a\0b", 1]),
    "disk": (["a file"], ["", "a\0b", 1]),
    "read-only": ([True, False], [1, "true"]),
    "disk-latency": ([0, 1, 1 << 62], [-1, (1 << 62) + 1, 1.0, True]),
    "clock": ([0, 1, LARGEST], [-1, 1.0, True]),
    "defines": ([{}, {"N": 0, "M": -1}], [[], {"N": True}, {"N": "1"}, {"N": 1.0}]),
}


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)  # of texts, numbers, truths and lists it is TOML, too


def written(folder: Path, host: dict[str, Any], guest: dict[str, Any]) -> Path:
    path = folder / "hosts.toml"
    lines = ["[host]", *(f"{key} = {toml(value)}" for key, value in host.items())]
    lines += ["[[guest]]", *(f"{key} = {toml(value)}" for key, value in guest.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_each_key_has_its_edges_here() -> None:
    assert (HOST.keys(), GUEST.keys()) == (HOST_KEYS.keys(), GUEST_KEYS.keys())


def host_with(key: str, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return {key: value}, {"program": "hello", "technique": "assist" if value == "assist" else "trap"}


def guest_with(key: str, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    disk = {"disk": "d"} if key in ("read-only", "disk-latency") else {}
    return {}, {"program": "hello", **disk, key: value}


CASES = [(host_with, "host: ", key, *HOST[key]) for key in HOST]
CASES += [(guest_with, "guest 1", key, *GUEST[key]) for key in GUEST]
for_each_key = pytest.mark.parametrize(
    ("make", "place", "key", "taken", "refused"), CASES, ids=[f"{case[1]} {case[2]}" for case in CASES]
)


@for_each_key
def test_a_key_takes_what_lies_at_its_ends_and_refuses_what_lies_beyond(
    tmp_path: Path, make: Any, place: str, key: str, taken: list[Any], refused: list[Any]
) -> None:
    for value in taken:
        plan = read_host_file(written(tmp_path, *make(key, value)))
        held = getattr(plan if place == "host: " else plan.guests[0], key.replace("-", "_"), None)
        if key == "copies":
            assert [guest.name for guest in plan.guests] == [f"guest1-{number}" for number in range(1, value + 1)]
        elif key == "memory":
            assert held == {"64M": 64 << 20, "64K": 64 << 10}.get(value, value)
        elif key in ("output", "disk") or (key == "input" and value != "console"):
            assert held == str(tmp_path / value)
        else:
            assert held == value
    for value in refused:
        path = written(tmp_path, *make(key, value))
        with pytest.raises(BadFileError, match=f"^{re.escape(str(path))}: {place}.*{key}: "):
            read_host_file(path)


def test_what_is_not_said_is_what_help_says_of_it_and_what_a_host_has_by_itself(tmp_path: Path) -> None:
    path = written(tmp_path, {}, {"program": "hello"})
    plan = read_host_file(path)
    (guest,) = plan.guests
    assert (plan.hardware, plan.engine, plan.slice, plan.commands) == (HardwareLevel.STRICT, "interpreter", 100_000, "")
    assert guest == GuestPlan("guest1", "hello")
    assert [getattr(guest, one.name) for one in fields(guest)][2:] == [
        *("trap", DEFAULT_MEMORY, DEFAULT_SHARE, 100, None, False, None, None, None, False, DEFAULT_DISK_LATENCY),
        *(DEFAULT_CLOCK_BASE, {}),
    ]
    said = {line.split()[0]: line for line in help_on_keys().splitlines() if line.startswith("  ")}
    for key, words in {
        **{"engine": "interpreter unless said", "slice": f"{DEFAULT_SLICE} unless said"},
        **{"technique": "trap unless said", "share": f"{DEFAULT_SHARE} unless said", "cap": "100, no cap, unless said"},
        **{"disk-latency": f"{DEFAULT_DISK_LATENCY} unless said", "input": "none unless said"},
    }.items():
        assert words in said[key]
    with Host() as host, host.guest() as made:
        assert (host.level, host.sharing.schedule.slice) == (plan.hardware, plan.slice)
        assert (made.technique, made.memory_size, made.share, made.cap) == ("trap", guest.memory, 100, 100)
        assert made.seat.limit == ALL_BITS
    second = tmp_path / "second.toml"
    second.write_text("[[guest]]\nprogram = 'a'\n[[guest]]\nprogram = 'b'\n")
    one, other = read_host_file(second).guests
    assert one.defines is not other.defines, "what is done to one guest's is not done to another's"


@pytest.mark.parametrize("technique", [facts.name for facts in TECHNIQUES if facts.name != "bare"])
def test_hardware_that_is_not_said_is_the_least_that_suits_every_guest(tmp_path: Path, technique: str) -> None:
    path = tmp_path / "hosts.toml"
    path.write_text(f"[[guest]]\nprogram = 'hello'\n[[guest]]\nprogram = 'hello'\ntechnique = '{technique}'\n")
    needs = "assist" if technique.startswith("assist") else "strict"
    assert read_host_file(path).hardware == needs
    for level in HardwareLevel:
        suits = all(level in guest.variant.facts.levels for guest in read_host_file(path).guests)
        named = tmp_path / "named.toml"
        named.write_text(f"[host]\nhardware = '{level}'\n{path.read_text()}")
        if suits:
            assert read_host_file(named).hardware == level
        else:
            with pytest.raises(BadFileError, match=f"hardware {level}: guest guest[12] is of technique"):
                read_host_file(named)


LOOPS = "_start: addi a0, a0, 1\n crr t0, scratch\n j _start\n"
ENDS = "_start: out 0, a0\n li a0, 7\n out 8, a0\n"


def test_each_figure_of_a_report_is_that_of_a_host_made_by_hand(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, source in (("loops", LOOPS), ("ends", ENDS)):
        (tmp_path / f"{name}.s").write_text(source)
    guests: list[dict[str, Any]] = [
        {"name": "a", "program": "loops.s", "memory": 64 << 10, "share": 300, "max-instructions": 5_000},
        {"name": "b", "program": "ends.s", "memory": 128 << 10, "technique": "trap+flush", "cap": 60, "clock": 5},
        {"name": "c", "program": "loops.s", "memory": 256 << 10, "technique": "hybrid", "cap": 99, "defines": {"N": 4}},
        {"name": "d", "program": "loops.s", "memory": 64 << 10, "paused": True},
    ]
    path, report = tmp_path / "hosts.toml", tmp_path / "r.json"
    tables = ("\n".join(f"{key} = {toml(value)}" for key, value in guest.items()) for guest in guests)
    path.write_text("[host]\nmemory = '4M'\nslice = 500\n" + "".join(f"[[guest]]\n{table}\n" for table in tables))
    done = call(capfd, "host", str(path), "--report", str(report), "--max-instructions", "20000")
    record = json.loads(report.read_text())
    assert (done.code, record["stop"], record["machine"]) == (103, "limit", machine_record())
    from toyvm.asm import assemble_text

    with Host("4M", slice=500) as host:
        for table in guests:
            options = {key: value for key, value in table.items() if key in ("name", "technique", "memory")}
            more = {"share": table.get("share", 100), "cap": table.get("cap", 100)}
            guest = host.guest(**options, **more, limit=table.get("max-instructions"))
            guest.load(assemble_text(LOOPS if table["program"] == "loops.s" else ENDS, table["program"]).image)
            if "paused" in table:
                guest.pause()
        host.run(20_000)
        account = host.account()
        facts = {name: getattr(account, name) for name in ("clock", "idle", "memory", "memory_free", "memory_used")}
        facts |= {"memory_monitor": account.memory_monitor, "hardware": "strict", "engine": "interpreter", "slice": 500}
        assert {name: record["host"][name] for name in facts} == facts
        assert record["host"].keys() - facts.keys() == {"seconds", "seconds_monitor"}
        for found, guest, table, mine in zip(record["guests"], host.guests, guests, account.guests, strict=True):
            outcome = guest.outcome
            expected = {
                "stop": None if outcome is None else str(outcome.stop),
                "exit_code": None if outcome is None else outcome.exit_code,
                "exits": guest.exits,
                "state": guest.state_hash(),
                "problem": None,
                "condition": mine.condition,
                "technique": table.get("technique", "trap"),
                **{"share": table.get("share", 100), "cap": table.get("cap", 100), "memory": table["memory"]},
                "instructions": guest.retired,
                **{key: getattr(mine, key) for key in ("share_got", "memory_used", "memory_monitor")},
                "name": table["name"],
            }
            assert {key: found[key] for key in expected} == expected
            assert (found["detail"] is None) == (outcome is None)
            assert found.keys() - expected.keys() == {"detail", "configuration", "seconds"}
            asked = {key.replace("-", "_"): value for key, value in table.items()}
            asked["program"] = str(tmp_path / table["program"])
            defaults = GuestPlan("", "")
            assert found["configuration"] == {
                one.name: asked.get(one.name, getattr(defaults, one.name)) for one in fields(GuestPlan)
            }
    assert [guest["condition"] for guest in record["guests"]] == ["ended", "ended", "ready", "paused"]
