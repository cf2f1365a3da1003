"""Certificates: what was proven, of which sources, by which solvers, in what time, and what was not, as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from toyvm.errors import BadFileError
from toyvm.files.boundary import StrPath, boundary, read_file, shown
from toyvm.files.replacing import replace_file
from toyvm.proof.extras import versions
from toyvm.proof.obligations import Result
from toyvm.proof.solving import Verdict
from toyvm.proof.sources import Sources

MAGIC, VERSION = "toyvm-certificate", 1
_LIMIT = 16 << 20  # bytes

# What no obligation says anything of, whatever becomes of those that there are.
NOT_PROVEN = (
    "that gcc or clang compiles the interpreter as the C standard and gcc's manual have it",
    "that LLVM optimizes and compiles the IR as its language reference has it",
    "that Python executes the reference as Python's own manual has it, and that what reads C, IR and Python here does",
    "the solvers themselves: z3, bitwuzla",
    "that soft TLBs and sites know only what a walk would find: it is assumed where memory is accessed",
    "what the exact and the watched build of the dispatch loop do beyond the fast one",
    "jumps to themselves, the look for another page's code, delivery of traps and interrupts, privileged instructions",
    "that fusion.c tests of registers what groups are proven under",
    "walks through frames of a monitor's or in two dimensions, caches of translations, and who stores a walk's marks",
    "of classes: what devices do at their ports and what time brings, marks of accesses, and that traps are the same; "
    "of the instructions that are not innocuous the reference's meaning alone",
    "regions of more than one instruction: groups of accesses, loops that are checked ahead, crossing pages",
    "registers in IR beyond each way in which they can be the same or x0: the emitter knows them by their names alone",
)


def write_certificate(path: StrPath, sources: Sources, results: Sequence[Result], seconds: float) -> None:
    """Raises BadFileError where it cannot be written."""
    record: dict[str, Any] = {
        "magic": MAGIC,
        "version": VERSION,
        "sources": sources.digest(),
        "solvers": versions(),
        "seconds": round(seconds, 3),
        "obligations": [_row(result) for result in results],
        "not proven": list(NOT_PROVEN),
    }
    record["checksum"] = _checksum(record)
    replace_file(path, (json.dumps(record, indent=1) + "\n").encode())


def read_certificate(path: StrPath) -> dict[str, Any]:
    """What a certificate says. Raises BadFileError where it is none, of another version, or not as it was written."""
    with boundary(path, "is no certificate"):
        record = json.loads(read_file(path, _LIMIT))
        magic, version, checksum = record["magic"], record["version"], record["checksum"]
        rows = [str(row["verdict"]) for row in record["obligations"]]
    if magic != MAGIC:
        raise BadFileError(f"{shown(path)}: is no certificate")
    if version != VERSION:
        raise BadFileError(f"{shown(path)}: is of version {version}; this toyvm reads version {VERSION}")
    if checksum != _checksum(record) or not rows:
        raise BadFileError(f"{shown(path)}: is not as it was written: its checksum is another one")
    assert isinstance(record, dict)
    return record


def _row(result: Result) -> dict[str, Any]:
    obligation = result.obligation
    row: dict[str, Any] = {
        "name": obligation.name,
        "area": obligation.area,
        "claim": obligation.claim,
        "verdict": result.verdict.value,
        "questions": result.questions,
        "solvers": list(result.solvers),
        "seconds": round(result.seconds, 3),
    }
    if not result.values:
        return row
    return {**row, "input" if result.verdict is Verdict.REFUTED else "witness": dict(result.values)}


def _checksum(record: dict[str, Any]) -> str:
    """SHA-256 of all else, written the one way in which it can be."""
    rest = {key: value for key, value in record.items() if key != "checksum"}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
