"""Regressions: programs that something failed with once, each a source that assembles, runs and says how to compare it.

Its first lines are comments, `# toyvm: KEY VALUE`: `memory` in bytes, `level`, `input` (a literal of Python's bytes),
`disk` in sectors, `latency` in ticks, `read-only`, `sector N HEX` for one that is not all zero; `subjects`, the first
being what others are held to, and `checkpoints`, counts of instructions. Other comments say what was found.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from inspect import getfile
from os.path import relpath
from pathlib import Path

from toyvm.arguments import check_list, check_pages, check_path, check_text, check_within, short
from toyvm.asm import Source, assemble
from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import StrPath, read_regular, read_text, shown
from toyvm.files.replacing import make_folder, replace_file
from toyvm.image import PF_X, Image
from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import MAXIMUM_MEMORY, MINIMUM_MEMORY
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.limits import MAXIMUM_DISK_DATA_BYTES
from toyvm.machine.config import check_latency, parse_level
from toyvm.numerals import read_number
from toyvm.own_classes import is_installed
from toyvm.testing.checking import Named, compare, points_of
from toyvm.testing.comparing import Verdict
from toyvm.testing.listing import assembly_of
from toyvm.testing.programs import Program, Segment
from toyvm.testing.programs.program import Given, as_program
from toyvm.testing.programs.specified import FOLLOWED
from toyvm.testing.subjects import Subject, subject_of

_MARK = "# toyvm: "
_IS_SOURCE = "a regression is a source"
_EXECUTE = 4  # of a section's flags, as ELF has them


@dataclass(frozen=True, slots=True)
class Regression:
    """A program that something failed with: who differed, by the names of subjects, and where it was looked."""

    program: Program
    subjects: tuple[str, ...] = ()
    checkpoints: tuple[int, ...] = (FOLLOWED,)


def save(
    program: Given,
    folder: StrPath,
    *,
    subjects: Sequence[Named] = (),
    checkpoints: Iterable[int] = (FOLLOWED,),
    why: str = "",
    name: str | None = None,
) -> Path:
    """Write a regression into a folder, which is made if there is none, and return its path.

    `subjects` are whom `compare` was given. A class is named by its module where that is installed, else by its file,
    as seen from the folder; `replay` finds it again unless it stands in another one, or in a function.

    `why`, lines for people, stands below its head. Without a name it has one made of its program: the same one has
    the same, and is written once. Raises BadFileError.
    """
    program, place = as_program(program), Path(check_path(folder, "folder"))
    names = tuple(_name_of(one, place) for one in check_list(subjects, "subjects", "a list of subjects"))
    text = source_of(Regression(program, names, points_of(checkpoints)), check_text(why, "why"))
    if name is not None:
        check_text(name, "name")
    make_folder(place)
    path = place / f"{name or 'failed-' + sha256(assembly_of(program).encode()).hexdigest()[:10]}.s"
    replace_file(path, text.encode())
    return path


def source_of(regression: Regression, why: str = "") -> str:
    """What the file of a regression has."""
    head = [*(f"toyvm: {line}" for line in _facts(regression)), _how_to_run(regression), *why.splitlines()]
    return assembly_of(regression.program, head)


def _how_to_run(regression: Regression) -> str:
    """It may go on for ever, and what devices it has, `toyvm run` is to be told by files."""
    size = f"--memory {regression.program.memory // 1024}K --hardware {regression.program.level}"
    return f"to run it: toyvm run {size} --max-instructions {max(regression.checkpoints)} FILE"


def _name_of(it: Named, folder: Path) -> str:
    if isinstance(it, str):
        return it
    if isinstance(it, Subject):
        return it.name
    if not isinstance(it, type):
        return subject_of(it).name
    try:
        file = Path(getfile(it)).absolute()
    except (TypeError, OSError):  # typed at a prompt
        return it.__qualname__
    place = it.__module__ if is_installed(file) else relpath(file, folder.absolute())
    return f"{place}:{it.__qualname__}"


def is_regression(path: StrPath) -> bool:
    """Does the file begin as `save` has them begin? Raises BadFileError for one that cannot be read."""
    return read_regular(path, len(_MARK)) == _MARK.encode()


def load(path: StrPath) -> Regression:
    """What a file holds. Raises BadFileError for one whose head says something else, and AssemblyError."""
    return _read(path)[0]


def _read(path: StrPath) -> tuple[Regression, Image]:
    text = read_text(check_path(path, "path"), MAXIMUM_DISK_DATA_BYTES, _IS_SOURCE)
    image = assemble([Source(str(path), text)]).image
    regression = Regression(Program(tuple(_segments(image)), image.entry))
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#"):
            break
        if line.startswith(_MARK):
            regression = _told(regression, line.removeprefix(_MARK), f"{shown(path)}:{number}")
    return regression, image


def _segments(image: Image) -> Iterator[Segment]:
    """A segment for each section, as they were: the image's own have what is between as well."""
    for section in image.sections:
        whole = next((one for one in image.segments if one.address <= section.address < one.address + one.size), None)
        if whole is not None and section.has_contents:
            at = section.address - whole.address
            flags = whole.flags if section.flags & _EXECUTE else whole.flags & ~PF_X
            yield Segment(section.address, whole.data[at : at + section.size], flags, section.name)


def replay(path: StrPath, *subjects: Named) -> Verdict:
    """Compare again what a file holds: other subjects, if there are any, else its own by their names.

    Raises as `load` does, and UsageError.
    """
    regression, image = _read(path)
    if not subjects:
        subjects = tuple(_found(name, path) for name in regression.subjects)
    return compare(regression.program, *subjects, checkpoints=regression.checkpoints, image=image)


def _found(name: str, path: StrPath) -> Subject:
    """A subject by its name; a file's is seen from the regression's folder. Raises UsageError, with the line."""
    file, mark, wanted = name.rpartition(":")
    try:
        found = subject_of(f"{Path(path).parent / file}{mark}{wanted}" if file.endswith(".py") else name)
    except UsageError as error:
        raise UsageError(f"{place_of(path, 'subjects')}: {error}") from None
    return found._replace(name=wanted)


def place_of(path: StrPath, key: str) -> str:
    """Which line of a regression's head says that, as FILE:LINE."""
    lines = read_text(path, MAXIMUM_DISK_DATA_BYTES, _IS_SOURCE).splitlines()
    number = max(number for number, line in enumerate(lines, 1) if line.startswith(f"{_MARK}{key} "))
    return f"{shown(path)}:{number}"


def _facts(regression: Regression) -> Iterator[str]:
    program = regression.program
    yield f"memory {program.memory:#x}"
    yield f"level {program.level}"
    if program.input:
        yield f"input {program.input!r}"
    yield from _disk_facts(program)
    if regression.subjects:
        yield f"subjects {', '.join(regression.subjects)}"
    yield f"checkpoints {', '.join(map(str, regression.checkpoints))}"


def _disk_facts(program: Program) -> Iterator[str]:
    if program.disk_latency != Program(()).disk_latency:
        yield f"latency {program.disk_latency}"
    if not program.disk_writable:
        yield "read-only"
    if program.disk is None:
        return
    yield f"disk {len(program.disk) // SECTOR_SIZE}"
    for start in range(0, len(program.disk), SECTOR_SIZE):
        sector = program.disk[start : start + SECTOR_SIZE]
        if any(sector):
            yield f"sector {start // SECTOR_SIZE} {sector.hex()}"


def _told(regression: Regression, fact: str, place: str) -> Regression:
    """What is known after one more line of a head."""
    key, _, value = fact.partition(" ")
    try:
        return _FACTS[key](regression, value.strip())
    except KeyError:
        raise BadFileError(f"{place}: no key {key!r}; there are {', '.join(_FACTS)}") from None
    except (ValueError, UsageError) as error:
        raise BadFileError(f"{place}: {key}: {error}") from None


def _in_program(**readers: Callable[[str], object]) -> Callable[[Regression, str], Regression]:
    def told(regression: Regression, value: str) -> Regression:
        changes = {name: reader(value) for name, reader in readers.items()}
        return replace(regression, program=replace(regression.program, **changes))  # type: ignore[arg-type]

    return told


def _input(text: str) -> bytes:
    try:
        value = literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: nested too deeply
        value = None
    if not isinstance(value, bytes):
        raise ValueError(f"{short(text)} is no literal of bytes, as b'abc'")
    return value


def _memory(text: str) -> int:
    return check_pages(read_number(text), MINIMUM_MEMORY, MAXIMUM_MEMORY)


def _disk(text: str) -> bytes:
    """All zero."""
    most = MAXIMUM_DISK_DATA_BYTES // SECTOR_SIZE
    return bytes(SECTOR_SIZE * check_within(read_number(text), 1, most, "value", " sectors"))


def _checkpoint(text: str) -> int:
    return check_within(read_number(text), 0, ALL_BITS, "value")


def _sector(regression: Regression, value: str) -> Regression:
    number, _, data = value.partition(" ")
    disk, start = bytearray(regression.program.disk or b""), read_number(number) * SECTOR_SIZE
    if not 0 <= start < len(disk):
        raise ValueError(f"there is no sector {number}; `disk` says before how many there are")
    contents = bytes.fromhex(data)
    check_within(len(contents), 0, SECTOR_SIZE, "value", " bytes")
    disk[start : start + SECTOR_SIZE] = contents.ljust(SECTOR_SIZE, b"\0")
    return replace(regression, program=replace(regression.program, disk=bytes(disk)))


_FACTS: dict[str, Callable[[Regression, str], Regression]] = {
    "memory": _in_program(memory=_memory),
    "level": _in_program(level=parse_level),
    "input": _in_program(input=_input),
    "disk": _in_program(disk=_disk),
    "latency": _in_program(disk_latency=lambda text: check_latency(read_number(text))),
    "read-only": _in_program(disk_writable=lambda text: False),
    "sector": _sector,
    "subjects": lambda known, text: replace(known, subjects=tuple(one.strip() for one in text.split(","))),
    "checkpoints": lambda known, text: replace(known, checkpoints=tuple(map(_checkpoint, text.split(",")))),
}
