"""Malformed input: whatever a file or a command line holds, what comes of it is documented."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from random import Random

from toyvm.errors import BadFileError, ExitCode
from toyvm.filesystem.layout import DIRECTORY, ROOT_INODE, Inode
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.volume import new_volume
from toyvm.image import PF_R, PF_X, Image, Section, Segment
from toyvm.isa.control import ALL_BITS
from toyvm.paths import PACKAGE, guests_directory
from toyvm.programs import load_program
from toyvm.techniques import NAMES
from toyvm.testing.programs import random_program
from toyvm.testing.states import differences, observe
from toyvm.testing.subjects import SUBJECTS
from toyvm.testing.techniques import VARIANTS
from toyvm.verify.claim import Property, Record, Violation
from toyvm.verify.command_line import Done, call, folder_with
from toyvm.verify.mutations import edited, some_edits
from toyvm.verify.programs import by_pages, program_of, program_record
from toyvm.verify.properties.coders import Coders

FILE = "file"  # the spoilt one
_STEPS = "3000"  # instructions
_DISK_BYTES = 64 << 10
_MACHINE_AT, _RISCV = 18, 243  # where an ELF file says of which machine it is, and one of them
_RISCV_BASE = 0x10000
_ENDS = {*range(100), ExitCode.ASSEMBLY, ExitCode.BAD_FILE, ExitCode.GUEST_FAULT, ExitCode.LIMIT, ExitCode.IDLE}
_ENDS |= {ExitCode.INTERRUPTED}  # of results that were
_HOST = b"""\
[host]
memory = "16M"
hardware = "assist"
slice = 1_000
commands = "at 500 pause one\\nat 900 resume one"

[[guest]]
name = "one"
program = "hello"
technique = "rewrite+adaptive"
memory = "1M"
share = 300
cap = 50
max-instructions = 2_000
clock = 5

[[guest]]
name = "two"
program = "workloads/compute"
copies = 2
technique = "assist"
memory = "512K"
defines = { N = 5 }
"""
_SOURCE = b"""\
.equ N, 3
.macro twice reg, by=1
    addi \\reg, \\reg, \\by * 2
.endm
.text
.globl _start
_start:
    la   a1, data
    li   a2, 0x123456789abcdef
1:  twice a0
    twice a0, by=N
    lw   t0, 4(a1)
    .if N > 2
    beqz t0, 1b
    .else
    j    1f
    .endif
1:  crr  t1, status
    in   t2, 1
    .rept 3
    nop
    .endr
    li   a0, 0
    out  8, a0
.data
.align 3
data: .dword _start + 8, . - data
    .word 1, 2, 3
    .asciz "text\\n"
    .zero 16
.bss
    .space 100
"""
_COMMANDS = b"at 10 pause shell\nat 2e1 resume shell\nat 30 share ported 5\nat 50 cap number 20\nat 90 stop number\n"
_SNAPSHOT_HEADER, _SIZE_AT = 40, 24
_FNV, _SEED = 0x100000001B3, 0xCBF29CE484222325


class Malformed(Property):
    name = "malformed"
    claim = "Whatever a file or a command line holds ends in a documented error, with no traceback, crash or hang."
    at_once = 1500

    def make(self, random: Random) -> Record:
        if random.random() < 0.1:
            return _some_snapshot(random)
        if random.random() < 0.15:
            return {"words": _some_words(random), "base": "image", "edits": []}
        base = random.choice(list(COMMANDS_OF))
        data = bases()[base]
        return {
            "base": base,
            "edits": some_edits(random, data, base not in _BINARY),
            "words": random.choice(COMMANDS_OF[base]).split(),
        }

    def check(self, case: Record) -> None:
        if "snapshot" in case:
            _check_snapshot(case)
            return
        data = edited(bases()[case["base"]], case["edits"])
        with folder_with({FILE + suffix: data for suffix in ("", ".json", ".toml")}):
            _expect_documented(case["words"], call(case["words"]))
            if case["words"][:2] == ["disk", "repair"]:
                _expect_repaired(call(["disk", "check", FILE]))

    def smaller(self, case: Record) -> Iterable[Record]:
        for number in range(len(case["edits"])):
            yield {**case, "edits": [*case["edits"][:number], *case["edits"][number + 1 :]]}


def _expect_documented(words: list[str], done: Done) -> None:
    said = f"toyvm {' '.join(words)}: exit code {done.code}\n{done.output}"
    if done.code not in _ENDS or "Traceback" in done.output or "internal error" in done.output:
        raise Violation(said)
    if done.code in (ExitCode.USAGE, ExitCode.BAD_FILE) and not done.output.strip():
        raise Violation(f"{said}nothing is said")


def _expect_repaired(done: Done) -> None:
    """A disk that was repaired has no fault, unless it is none at all."""
    if done.code not in (0, ExitCode.BAD_FILE) or (done.code and "fault" in done.output):
        raise Violation(f"after a repair `disk check` ends with {done.code}:\n{done.output}")


# What is spoilt, and what is done with it.

COMMANDS_OF: dict[str, list[str]] = {
    "image": [
        *(f"run {FILE} --max-instructions {_STEPS} --memory 1M --technique {name}" for name in NAMES),
        *(f"dis {FILE}", f"rewritten {FILE} --max-instructions {_STEPS} --memory 1M"),
        *(f"compare {FILE} bare trap --max-instructions {_STEPS} --memory 1M", f"import {FILE} -o out"),
    ],
    "riscv": [f"import {FILE} -o out", f"run {FILE} --max-instructions {_STEPS}"],
    "source": [f"asm {FILE} -o out --listing listing", f"asm {FILE} -o out -D PARAVIRT"],
    "guest": [f"asm {FILE} -o out --listing listing"],
    "host": [f"host {FILE} --max-instructions {_STEPS}"],
    "commands": [f"host side_by_side --commands {FILE} --max-instructions {_STEPS}"],
    "disk": [
        *(f"disk check {FILE}", f"disk list -r {FILE}", f"disk get {FILE} / out", f"disk repair {FILE}"),
        *(f"disk put {FILE} {FILE} /copy", f"disk remove {FILE} /a"),
        f"run os --disk {FILE} --max-instructions 200000",
    ],
    "record": [f"run hello --replay {FILE} --max-instructions {_STEPS}"],
    "results": [f"verify merge {FILE} {FILE}"],
    "regression": [f"verify {FILE}.json"],
    "model": [f"lab --sweep --cost-model {FILE}.toml"],
}
_BINARY = ("image", "riscv", "disk")


@cache
def bases() -> dict[str, bytes]:
    """Good files, by what they are."""
    image = load_program("hello", "bare").to_bytes()
    disk = bytearray(_DISK_BYTES)
    volume = new_volume(disk)
    directory = volume.new_directory(ROOT_INODE, Inode(mode=DIRECTORY | 0o755), b"a")
    add_file(volume, directory, "b", b"contents" * 300, 0o644)
    add_file(volume, ROOT_INODE, "c", b"more", 0o755)
    volume.close()
    record = {"live": True, "input": [{"instructions": 5, "data": "6869"}, {"instructions": 90, "data": "0a"}]}
    account = {"property": "engines", "seed": 0, "cases": 3, "seconds": 1.5, "left_open": [1], "failures": []}
    results = {"schema": 1, "interrupted": False, "machines": [{"commit": None}], "accounts": [account]}
    regression = Coders().text({"kind": "log", "sequence": 3, "blocks": [5, 6], "fill": 7}, 5, "nothing")
    model = PACKAGE / "lab" / "models" / "pentium4-vtx.toml"
    return {
        "image": image,
        "riscv": _riscv_program(),
        "source": (guests_directory() / "workloads" / "crwrite.s").read_bytes(),
        "guest": _SOURCE,
        "host": _HOST,
        "commands": _COMMANDS,
        "disk": bytes(disk),
        "record": json.dumps(record).encode(),
        "results": json.dumps(results).encode(),
        "regression": regression.encode(),
        "model": model.read_bytes(),
    }


def _riscv_program() -> bytes:
    """An ELF file of another machine's: it ends with code 0 at once."""
    words = (0x0000_0513, 0x05D0_0893, 0x0000_0073)  # li a0, 0; li a7, 93; ecall
    data = b"".join(word.to_bytes(4, "little") for word in words)
    text = Segment(_RISCV_BASE, data, len(data), PF_R | PF_X)
    image = Image(_RISCV_BASE, (text,), sections=(Section(".text", _RISCV_BASE, len(data), 6),)).to_bytes()
    return image[:_MACHINE_AT] + _RISCV.to_bytes(2, "little") + image[_MACHINE_AT + 2 :]


# Words of a command line.

_COMMANDS_TRIED = (
    "run",
    "asm",
    "dis",
    "rewritten",
    "import",
    "compare",
    "isa",
    "docs",
    "disk",
    "new",
    "host",
    "verify",
)
_PLAIN_WORDS = (
    *(
        "hello",
        FILE,
        "kernel",
        "bare",
        "trap",
        "trap+flush",
        "assist",
        "para",
        "recompiler",
        "reference",
        "crw",
        "list",
    ),
    *("check", "create", "get", "put", "--", "-", "", ".", "/dev/null", "1", "0", "-1", "1e3", "16M", "99999999999T"),
    *("0x10", "strict", "merge", "coders", "\u00e9", "nul\0", "--help", "--technique", "--memory", "--seed", "-o"),
    *("-D", "N=5", "N=", "=", "--hardware", "--engine", "--input", "--disk", "--report", "--json", "--list"),
)
_ALWAYS = {
    "run": ["--max-instructions", _STEPS],
    "rewritten": ["--max-instructions", _STEPS],
    "compare": ["--max-instructions", _STEPS],
    "host": ["--max-instructions", _STEPS],
    "verify": ["coders", "--cases", "1"],
}


def _some_words(random: Random) -> list[str]:
    """A command and words that may mean something to it, or to another one."""
    command = random.choice(_COMMANDS_TRIED)
    words = [random.choice(_PLAIN_WORDS) for _ in range(random.randrange(6))]
    return [command, *words[:1], *_ALWAYS.get(command, []), *words[1:]]


# Snapshots.


def _some_snapshot(random: Random) -> Record:
    """A snapshot of a program's that is spoilt, mostly with a checksum that is right again."""
    program = by_pages(random_program(random))
    subject, count = random.choice(("interpreter", *VARIANTS)), random.randrange(600)
    with SUBJECTS[subject](program) as machine:
        machine.run(until=count)
        snapshot = machine.save()
    return {
        "snapshot": snapshot.hex(),
        "program": program_record(program),
        "subject": subject,
        "edits": some_edits(random, snapshot, is_text=False),
        "sealed": random.random() < 0.9,
    }


def _check_snapshot(case: Record) -> None:
    """One that is refused leaves the machine as it is; one that is taken is a state that it can go on from."""
    data = edited(bytes.fromhex(case["snapshot"]), case["edits"])
    if case["sealed"]:
        data = sealed(data)
    with SUBJECTS[case["subject"]](program_of(case["program"])) as machine:
        machine.run(until=50)
        before = observe(machine, machine.retired)
        try:
            machine.restore(data)
        except BadFileError:
            if lines := differences(before, observe(machine, machine.retired)):
                raise Violation("\n".join(["a snapshot that is refused has changed:", *lines])) from None
        else:
            machine.run(max_instructions=500)
            machine.save()


def sealed(data: bytes) -> bytes:
    """With the size and the checksum that are right."""
    if len(data) < _SNAPSHOT_HEADER:
        return data
    total, rest = _SEED, data[_SNAPSHOT_HEADER:]
    for at in range(0, len(rest), 8):
        total = (total ^ int.from_bytes(rest[at : at + 8], "little")) * _FNV & ALL_BITS
        total ^= total >> 29
    size, seal = len(data).to_bytes(8, "little"), total.to_bytes(8, "little")
    return data[:_SIZE_AT] + size + seal + rest
