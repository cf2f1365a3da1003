"""Bundles: results with what they were made from, in one archive, so that another can repeat and cite them.

A bundle is a zip archive: results.json (as `--json` writes it), plan.json (what was measured, and how thoroughly),
files/ (the user's programs, monitors and hosts, and what those name), versions.json (of toyvm, Python, the libraries
and the machine), SHA256SUMS and README.txt.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, read_file, shown
from toyvm.lab.changes import check_comparable
from toyvm.lab.named_files import named_files
from toyvm.lab.plan import Plan
from toyvm.lab.results import results_in
from toyvm.lab.text import version_text
from toyvm.limits import MAXIMUM_RESULTS_BYTES
from toyvm.own_classes import column_of
from toyvm.programs import find_program, shipped_guests

RESULTS, PLAN, VERSIONS, SUMS, READ_ME, FILES = (
    *("results.json", "plan.json", "versions.json", "SHA256SUMS", "README.txt"),
    "files",
)
_LIBRARIES = ("cffi", "llvmlite", "rich")
_DATE = (1980, 1, 1, 0, 0, 0)  # the same results make the same archive
_MAXIMUM_FILES = 1000


def check_bundled(plan: Plan) -> None:
    """Raises UsageError for what a bundle could not take elsewhere, and BadFileError for a file that is not there."""
    named = named_files(plan)
    named.check_relative()
    size = 0
    for path in named.files:
        with boundary(path):
            size += path.stat().st_size
    if len(named.files) > _MAXIMUM_FILES // 2 or size > MAXIMUM_RESULTS_BYTES // 2:
        raise UsageError(
            f"--bundle: {len(named.files)} files of {size >> 20} MiB; it takes {_MAXIMUM_FILES // 2} of "
            f"{MAXIMUM_RESULTS_BYTES >> 21} MiB together"
        )


def bundle_bytes(plan: Plan, record: Mapping[str, Any]) -> bytes:
    """The archive. Raises BadFileError where a file of the plan cannot be read any more."""
    named = named_files(plan)
    folders = [Path(folder) for folder in plan.include]
    places = _places(named.files, [*folders, *named.monitors.values()])
    guests = {path: name for name, path in shipped_guests().items()}
    packed = replace(
        plan,
        programs=tuple(
            places[named.programs[word]] if word in named.programs else guests.get(find_program(word), word)
            for word in plan.programs
        ),
        techniques=tuple(
            f"{places[named.monitors[word]]}/{column_of(word)}" if word in named.monitors else word
            for word in plan.techniques
        ),
        hosts=tuple(places[named.hosts[word]] if word in named.hosts else word for word in plan.hosts),
        include=tuple(places[folder] for folder in folders),
    )
    contents = {
        RESULTS: _json(record),
        PLAN: _json(packed.record()),
        VERSIONS: _json({**record["machine"], "libraries": _versions()}),
        READ_ME: _read_me(record["machine"]).encode(),
        **{places[path]: read_file(path, MAXIMUM_RESULTS_BYTES) for path in named.files},
    }
    sums = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in contents.items())
    return _archive({**contents, SUMS: sums.encode()})


def _places(paths: Sequence[Path], folders: Sequence[Path]) -> dict[Path, str]:
    """Where each stands in the archive: as they stand to one another outside."""
    if not paths:
        return dict.fromkeys(folders, FILES)
    whole = {path: os.path.abspath(path) for path in (*paths, *folders)}
    common = os.path.commonpath([*(os.path.dirname(whole[path]) for path in paths), *(whole[one] for one in folders)])
    return {path: (Path(FILES) / os.path.relpath(there, common)).as_posix() for path, there in whole.items()}


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _read_me(machine: Mapping[str, Any]) -> str:
    return (
        f"Results of {version_text(machine)}, measured on {machine['cpu']}, {machine['system']},\n"
        f"Python {machine['python']}. To cite them, name that version and commit, and the SHA-256 of {RESULTS} that\n"
        f"{SUMS} has.\n\n"
        "To repeat them with that toyvm, and see what differs beyond noise:\n\n"
        "    toyvm lab --repeat BUNDLE.zip\n\n"
        "To see them as a page:\n\n"
        f"    toyvm lab report {RESULTS} --html report.html\n\n"
        f"{PLAN} says what was measured, {FILES}/ has what toyvm does not ship.\n"
    )


def _json(record: object) -> bytes:
    return (json.dumps(record, indent=1) + "\n").encode()


def _archive(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(ZipInfo(name, _DATE), data, ZIP_DEFLATED)
    return buffer.getvalue()


@dataclass(frozen=True)
class Bundle:
    """What an archive holds: the plan, whose files lie in a folder now, and the results."""

    plan: Plan
    record: Mapping[str, Any]


def read_bundle(path: Path, folder: Path) -> Bundle:
    """Unpack one into a folder. Raises BadFileError."""
    data = read_file(path, MAXIMUM_RESULTS_BYTES)
    with boundary(path, "not a bundle that `toyvm lab --bundle` wrote"):
        try:
            contents = _contents(path, data)
        except BadZipFile as error:
            raise ValueError(str(error)) from None
        for line in contents[SUMS].decode().splitlines():
            expected, _, name = line.partition("  ")
            if sha256(contents[name]).hexdigest() != expected:
                raise BadFileError(f"{shown(path)}: {shown(name)} is not as it was packed")
        for name, part in contents.items():
            place = folder / name
            if not place.resolve().is_relative_to(folder.resolve()):
                raise BadFileError(f"{shown(path)}: {shown(name)} would lie outside of the bundle")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(part)
        with results_in(contents[RESULTS], path) as record:
            check_comparable(record, path)
        return Bundle(_unpacked(_plan(path, contents[PLAN]), folder), record)


def _plan(path: Path, text: bytes) -> Plan:
    """What the archive says was measured. Raises BadFileError for what could not be."""
    try:
        plan = Plan.of_record(json.loads(text))
        plan.check()
    except UsageError as error:
        raise BadFileError(f"{shown(path)}: {PLAN}: {error}") from None
    return plan


def _contents(path: Path, data: bytes) -> dict[str, bytes]:
    """Every file in the archive, which is no larger than results may be. Raises BadZipFile."""
    with ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > _MAXIMUM_FILES or sum(part.file_size for part in parts) > MAXIMUM_RESULTS_BYTES:
            raise BadFileError(
                f"{shown(path)}: a bundle has up to {_MAXIMUM_FILES} files and {MAXIMUM_RESULTS_BYTES >> 20} MiB"
            )
        return {part.filename: archive.read(part) for part in parts}


def _unpacked(plan: Plan, folder: Path) -> Plan:
    def placed(name: str) -> str:
        return str(folder / name) if name.split("/")[0] == FILES else name

    return replace(
        plan,
        programs=tuple(map(placed, plan.programs)),
        techniques=tuple(map(placed, plan.techniques)),
        hosts=tuple(map(placed, plan.hosts)),
        include=tuple(map(placed, plan.include)),
    )
