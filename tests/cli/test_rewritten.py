"""`toyvm rewritten`: each original beside its replacement, and the exits that were avoided."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call

from toyvm.host.guest import Guest
from toyvm.image import Image

Capture = pytest.CaptureFixture[str]
SOURCE = """
_start:
    crr  a0, scratch
    crw  scratch, a0
    crx  a0, scratch, zero
    getst a1
    setst zero
    li   a0, 0
    out  8, a0
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    file = tmp_path / "guest.s"
    file.write_text(SOURCE)
    return str(file)


def test_each_original_stands_beside_its_replacement(capfd: Capture, source: str) -> None:
    done = call(capfd, "rewritten", source)
    assert done.code == 0
    rows = [line for line in done.output.splitlines() if " -> " in line]
    shown = [" ".join(row.split()) for row in rows]
    assert [row.split(" ", 1)[1] for row in shown] == [
        "crr a0, scratch -> ld a0, -16344(zero) in place guest.s:3",
        "crw scratch, a0 -> sd a0, -16344(zero) in place guest.s:4",
        "crx a0, scratch, zero -> monitor call 0 call guest.s:5",
        "getst a1 -> ld a1, -16384(zero) in place guest.s:6",
        "setst zero -> sb zero, -16384(zero) in place guest.s:7",
        "out 8, a0 -> monitor call 1 call guest.s:9",
    ]
    counts = "6 sites on 1 pages: 4 in place, 2 calls, 0 adapted; 1 copies made, 0 dropped, 0 instructions stepped"
    assert counts in " ".join(done.output.split())


def test_the_exits_of_trap_are_counted_beside(capfd: Capture, source: str) -> None:
    lines = call(capfd, "rewritten", source).output.splitlines()
    counts = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ") and "->" not in line}
    assert (counts["crr"], counts["crw"], counts["getst"], counts["setst"]) == (["0", "1"],) * 4
    assert (counts["crx"], counts["out"]) == (["1", "1"],) * 2


def test_on_classic_hardware_there_is_no_trap_to_compare_with(capfd: Capture, source: str) -> None:
    done = call(capfd, "rewritten", source, "--hardware", "classic")
    assert (done.code, "under trap it could not run on classic hardware" in done.output) == (0, True)


def test_a_store_into_a_traced_table_is_adapted(capfd: Capture) -> None:
    output = call(capfd, "rewritten", "workloads/ptupdate", "--rewriting", "adaptive").output
    adapted = [line for line in output.splitlines() if " adapted " in line and "->" in line]
    assert len(adapted) == 1
    assert "sd s2, 0(s3)" in adapted[0]


def test_ctrl_c_prints_what_was_rewritten_until_then_and_where_it_was(
    capfd: Capture, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Guest.load

    def load_and_interrupt(guest: Guest, image: Image) -> None:
        load(guest, image)
        guest.observe(lambda event: guest.interrupt(), "crx")

    monkeypatch.setattr(Guest, "load", load_and_interrupt)
    done = call(capfd, "rewritten", source)
    assert done.code == 130
    assert "4 in place, 2 calls" in done.output
    assert done.errors.startswith(f"toyvm: interrupted at {source}:5")
    assert "  -> " in done.errors


def test_the_report_has_the_counts(capfd: Capture, source: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert call(capfd, "run", source, "--technique", "rewrite", "--report", str(report)).code == 0
    assert json.loads(report.read_text())["rewriting"]["in_place"] == 4


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--technique", "trap"), 2, "technique trap rewrites nothing"),
        (("--technique", "bare"), 2, "technique bare rewrites nothing"),
        (("--shadow", "odd"), 2, "invalid choice"),
        (("--report", "r.json"), 2, "--report goes with toyvm run"),
        (("--tlb", "64x4"), 2, "--tlb goes with toyvm run"),
        (("--hardware", "odd"), 2, "--hardware odd"),
        (("--input", "/nowhere"), 101, "/nowhere"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    capfd: Capture, source: str, words: tuple[str, ...], code: int, message: str
) -> None:
    done = call(capfd, "rewritten", source, *words)
    assert done.code == code
    assert message in done.errors
    assert "Traceback" not in done.errors
