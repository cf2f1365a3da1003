"""A certificate says what was proven of which sources, and cannot be changed unnoticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import ROOT
from support.proving import decide_named

from toyvm.errors import BadFileError
from toyvm.proof.certificate import NOT_PROVEN, read_certificate, write_certificate
from toyvm.proof.sources import Sources


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    sources = Sources(ROOT)
    path = tmp_path / "proof.json"
    write_certificate(path, sources, [decide_named(sources, "xor: interpreter")], 1.0)
    return path


def test_it_says_what_by_whom_and_what_not(certificate: Path) -> None:
    record = read_certificate(certificate)
    (row,) = record["obligations"]
    assert (row["name"], row["verdict"], row["solvers"]) == ("xor: interpreter", "proven", ["z3"])
    assert record["sources"] == Sources(ROOT).digest()
    assert set(record["solvers"]) == {"z3-solver", "bitwuzla", "pycparser"}
    assert record["not proven"] == list(NOT_PROVEN)


def test_a_change_is_noticed(certificate: Path) -> None:
    certificate.write_text(certificate.read_text().replace('"xor: interpreter"', '"mul: interpreter"'))
    with pytest.raises(BadFileError, match="not as it was written"):
        read_certificate(certificate)


@pytest.mark.parametrize(
    ("changed", "says"), [({"magic": "x"}, "is no certificate"), ({"version": 9}, "version 9"), ({"magic": None}, "no")]
)
def test_what_is_none_is_refused(certificate: Path, changed: dict[str, object], says: str) -> None:
    certificate.write_text(json.dumps({**json.loads(certificate.read_text()), **changed}))
    with pytest.raises(BadFileError, match=says):
        read_certificate(certificate)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"magic": "toyvm-certificate"}', "[" * 100_000])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(BadFileError):
        read_certificate(path)
