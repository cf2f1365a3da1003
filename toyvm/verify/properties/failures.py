"""Failures of the system's: every request for memory and every call for files fails once, and all stays whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

from toyvm.asm.api import assemble_text
from toyvm.errors import ExitCode, ToyvmError
from toyvm.filesystem.layout import ROOT_INODE
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.volume import new_volume
from toyvm.testing.programs import Program, random_program
from toyvm.testing.states import State, differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import VARIANTS
from toyvm.verify.claim import Property, Record, Violation
from toyvm.verify.command_line import Done, call, folder_with
from toyvm.verify.faults import failing_allocation, failing_file_call
from toyvm.verify.programs import LIMIT, by_pages, program_of, program_record

_DISK_BYTES = 64 << 10
_ERRORS = (ExitCode.USAGE, ExitCode.BAD_FILE)
# Asks for the disk's first sector, changes and writes it, prints a line, and ends.
_GUEST = b"""\
_start:
    li   t0, 'x'
    out  0, t0
    li   t0, '\\n'
    out  0, t0
    out  0x1c, t0
    out  0x19, zero
    li   t0, 2
    out  0x1a, t0
1:  in   t0, 0x1b
    andi t1, t0, 2
    beqz t1, 1b
    li   a0, 0
    out  8, a0
"""
_HOST = b'[[guest]]\nprogram = "guest.s"\nmemory = "1M"\ndisk = "disk"\n'
# Commands, and the files that each writes: the only ones that may change.
_COMMANDS: dict[str, tuple[str, ...]] = {
    "asm guest.s -o image --listing listing": ("image", "listing"),
    "run guest.s --disk disk --report report --memory 1M": ("disk", "report"),
    "run guest.s --disk disk --technique trap --record record --memory 1M": ("disk", "record"),
    "host host.toml --report report": ("disk", "report"),
    "disk put disk guest.s /copy": ("disk",),
    "disk remove disk /a": ("disk",),
    "disk repair disk": ("disk",),
    "disk get disk /a copied": ("copied",),
    "disk list -r disk": (),
    "dis image.elf": (),
}
_REPORTS = ("report", "record")  # have times in them


class Failures(Property):
    name = "failures"
    claim = "Any request for memory and any call for files may fail: files stay whole, and no memory is lost."
    at_once = 60

    def make(self, random: Random) -> Record:
        if random.random() < 0.3:
            return {"command": random.choice(list(_COMMANDS))}
        subject = random.choice(("interpreter", *VARIANTS))
        counts = sorted(random.randrange(LIMIT) for _ in range(3))
        return {"subject": subject, "program": program_record(random_program(random)), "counts": counts}

    def check(self, case: Record) -> None:
        if "command" in case:
            _check_files(case["command"])
        else:
            _check_memory(case["subject"], by_pages(program_of(case["program"])), case["counts"])


def _check_memory(subject: str, program: Program, counts: list[int]) -> None:
    """Every allocation of a run fails once, with a snapshot taken and gone back to."""
    with failing_allocation(None) as faults:
        expected = _run(subject, program, counts)
    for number in range(1, faults.count + 1):
        found = None
        try:
            with failing_allocation(number) as fault:
                found = _run(subject, program, counts)
        except ToyvmError:
            continue  # that it could not be done was said
        except AssertionError as error:
            raise Violation(f"{subject}: {fault.failed} failed, request {number} of {faults.count}: {error}") from None
        if lines := differences(expected, found):
            raise Violation(
                "\n".join([f"{subject}: {fault.failed} failed, request {number} of {faults.count}:", *lines])
            )


def _run(subject: str, program: Program, counts: list[int]) -> State:
    first, second, last = counts
    with SUBJECTS[subject](program) as machine:
        machine.run(until=first)
        snapshot = machine.save()
        machine.run(until=second)
        before = observe(machine, machine.retired)
        try:
            machine.restore(snapshot)
        except ToyvmError:
            assert not differences(before, observe(machine, machine.retired)), "a restore that failed has changed it"
            machine.restore(snapshot)
        machine.run(until=second)
        return observe(machine, last)


def _check_files(command: str) -> None:
    """Every call for files that a command makes fails once."""
    before = _files()
    with folder_with(before) as folder:
        done, faults = _called(command, None)
        after = _contents(folder)
    if done.code:
        raise Violation(f"toyvm {command}: nothing failed; exit code {done.code}\n{done.output}")
    for number in range(1, faults + 1):
        with folder_with(before) as folder:
            failed, _ = _called(command, number)
            found = _contents(folder)
        what = f"toyvm {command}: call {number} of {faults} failed; exit code {failed.code}\n{failed.output}"
        if failed.code not in (ExitCode.OK, *_ERRORS) or "Traceback" in failed.output:
            raise Violation(what)
        for name in sorted(found.keys() | before.keys()):
            _check_file(name, command, before, after, found, f"{what}{name}")


def _check_file(
    name: str,
    command: str,
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    found: Mapping[str, bytes],
    what: str,
) -> None:
    """It is as it was, or as it is to be."""
    if found.get(name) == before.get(name):
        return
    if name not in _COMMANDS[command]:
        raise Violation(f"{what} was changed, or left behind")
    if found.get(name) != after.get(name) and not (name in _REPORTS and found.get(name, b"").endswith(b"}\n")):
        raise Violation(f"{what} is neither the old file nor the new one")


def _called(command: str, number: int | None) -> tuple[Done, int]:
    with failing_file_call(number) as faults:
        return call(command.split()), faults.count


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _files() -> dict[str, bytes]:
    disk = bytearray(_DISK_BYTES)
    volume = new_volume(disk)
    add_file(volume, ROOT_INODE, "a", b"contents" * 300, 0o644)
    volume.close()
    image = assemble_text(_GUEST.decode(), "guest.s").image.to_bytes()
    return {"guest.s": _GUEST, "host.toml": _HOST, "disk": bytes(disk), "image.elf": image, "listing": b"old\n"}
