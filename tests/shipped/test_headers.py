"""Guests' headers: read as written, and refused where they make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.guest_runs import BEHAVIOURS, WORKLOADS

from toyvm.errors import BadFileError
from toyvm.shipped.headers import parse_header, read_header
from toyvm.techniques import NAMES


def test_keys_are_read_up_to_the_first_line_that_is_no_comment() -> None:
    header = parse_header("# A title: not a key.\n# exit: 0x2a\n#\n# build: paravirt\n\n# stop: idle\n", "x")
    assert header.number("exit") == 42
    assert header.techniques == ("para",)
    assert "stop" not in header.values


def test_escapes_of_text_are_resolved() -> None:
    assert parse_header("# output: a\\n\\x00\\xff\n", "x").text("output") == b"a\n\x00\xff"


def test_a_missing_technique_has_its_reason() -> None:
    header = parse_header("# build: paravirt\n# missing bare: nobody to ask\n", "x")
    assert header.why_missing("bare") == "nobody to ask"
    assert header.why_missing("trap") == "x does not exist on trap"
    assert header.why_missing("para") is None
    assert parse_header("# build: plain\n# missing paravirt: no ports\n", "x").why_missing("para") == "no ports"


@pytest.mark.parametrize("source", ["# build: magic\n", "# exit: many\n", "# output: \\x\n", "# output: \u20ac\n"])
def test_nonsense_is_a_bad_file(source: str) -> None:
    with pytest.raises(BadFileError):
        _read_all(source)


def _read_all(source: str) -> None:
    header = parse_header(source, "x")
    header.number("exit")
    header.text("output")


def test_an_unreadable_file_is_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(BadFileError):
        read_header(tmp_path / "absent.s")
    (tmp_path / "binary.s").write_bytes(b"\xff\xfe")
    with pytest.raises(BadFileError):
        read_header(tmp_path / "binary.s")


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda path: path.stem)
def test_a_workload_says_what_it_measures_and_why_it_is_missing(path: Path) -> None:
    header = read_header(path)
    assert {"workload", "operation", "exit"} <= set(header.values)
    for technique in set(NAMES) - set(header.techniques):
        assert "does not exist" not in (header.why_missing(technique) or "")


@pytest.mark.parametrize("path", BEHAVIOURS, ids=lambda path: path.stem)
def test_a_behaviour_guest_says_how_it_ends(path: Path) -> None:
    assert {"exit", "stop"} & set(read_header(path).values)
