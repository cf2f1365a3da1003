"""The small kernel: the same story on every technique, told by its output, and the same machine under `trap`."""

from __future__ import annotations

import pytest
from support.guest_runs import GUESTS, TESTS, image_of, run_guest

from toyvm.isa.ports import SECTOR_SIZE
from toyvm.launch import launched
from toyvm.testing.techniques import EVERY, FULL

KERNEL = GUESTS / "kernel" / "kernel.s"
STORY = (TESTS / "guests" / "kernel_output.txt").read_bytes()
INPUT = b"to be, or\nnot to be"


@pytest.mark.parametrize("technique", EVERY)
def test_the_kernel_tells_its_story(technique: str) -> None:
    run = run_guest(KERNEL, technique)
    assert (run.stop, run.exit_code) == ("exit", 0), run
    assert run.output == STORY


@pytest.mark.parametrize("technique", EVERY)
def test_lines_of_input_are_echoed(technique: str) -> None:
    output = run_guest(KERNEL, technique, input=INPUT).output
    assert b"echo: to be, or\nnot to be\necho: not to be\n" in output


@pytest.mark.parametrize("technique", EVERY)
@pytest.mark.parametrize("megabytes", [2, 64])
def test_the_story_does_not_depend_on_the_memory(technique: str, megabytes: int) -> None:
    run = run_guest(KERNEL, technique, memory=megabytes << 20)
    announcement, rest = run.output.split(b"\n", 1)
    assert announcement == b"kernel: %d KiB of memory" % (megabytes << 10)
    assert rest == STORY.split(b"\n", 1)[1]


class Typist:
    """A terminal whose user types a line whenever the machine waits, then ends the input."""

    live = True

    def __init__(self, *lines: bytes) -> None:
        self._lines = list(lines)

    def fetch(self, size: int, wait: float) -> bytes | None:
        if not wait:
            return None
        return self._lines.pop(0) if self._lines else b""


@pytest.mark.parametrize("technique", EVERY)
def test_a_read_waits_for_the_terminal(technique: str) -> None:
    run = run_guest(KERNEL, technique, input=Typist(b"one\n", b"tw", b"o\nthree\n"))
    assert (run.stop, run.exit_code) == ("exit", 0), run
    assert run.output.count(b"echo: ") >= 4, run.output


class Correspondent(Typist):
    """One who begins to type when the kernel has no other process left."""

    def __init__(self, *lines: bytes) -> None:
        super().__init__(*lines)
        self.seen = b""

    def write(self, data: bytes) -> None:
        self.seen += data

    def flush(self) -> None:
        pass

    def fetch(self, size: int, wait: float) -> bytes | None:
        return super().fetch(size, wait) if b"illegal instruction at 0x4000004c" in self.seen else None


@pytest.mark.parametrize("technique", EVERY)
def test_a_line_that_is_typed_is_shown_letter_by_letter_and_can_be_corrected(technique: str) -> None:
    person = Correspondent(b"\x7f", b"h", b"x", b"\x7f", b"i", b"\n", b"whole\n")
    with launched(technique, input=person, output=person) as machine:
        machine.load(image_of(KERNEL, technique))
        assert machine.run(timeout=60).exit_code == 0
    assert b"\nhx\b \bi\necho: hi\necho: whole\necho: the input has ended\n" in person.seen


@pytest.mark.parametrize("technique", FULL)
def test_a_monitor_leaves_the_state_and_count_of_bare(technique: str) -> None:
    bare, guest = run_guest(KERNEL, "bare", input=INPUT), run_guest(KERNEL, technique, input=INPUT)
    assert (guest.instructions, guest.state) == (bare.instructions, bare.state)


@pytest.mark.parametrize("technique", EVERY)
def test_pages_come_back_even_when_memory_is_short(technique: str) -> None:
    run = run_guest(KERNEL, technique, memory=320 << 10)
    assert run.stop == "exit", run
    assert b"panic" not in run.output
    assert run.output.endswith(b"kernel: every page came back\n")


@pytest.mark.parametrize("technique", EVERY)
def test_a_kernel_without_room_for_init_says_so(technique: str) -> None:
    run = run_guest(KERNEL, technique, memory=132 << 10)
    assert (run.stop, run.exit_code) == ("exit", 98), run
    assert run.output == b"kernel: 132 KiB of memory\nkernel: too little memory\n"


@pytest.mark.slow
def test_bare_begins_as_the_reference_does() -> None:
    bare, reference = (run_guest(KERNEL, name, limit=100_000) for name in ("bare", "reference"))
    assert bare.stop == reference.stop == "limit"
    assert (bare.instructions, bare.state, bare.output) == (reference.instructions, reference.state, reference.output)


def output_with_disk(technique: str, disk: bytes) -> bytes:
    with launched(technique, 2 << 20, disk=bytearray(disk)) as machine:
        machine.load(image_of(KERNEL, technique))
        outcome = machine.run()
        assert (outcome.stop, outcome.exit_code) == ("exit", 0), outcome
        return machine.output


def sector(text: bytes) -> bytes:
    return text.ljust(SECTOR_SIZE, b"\0")


WHOLE = b"x" * (SECTOR_SIZE - 8)


@pytest.mark.parametrize("driver", ["bare", "para", "trap+hypercalls"])
@pytest.mark.parametrize(
    ("disk", "line"),
    [
        (sector(b"T64LABELmy disk"), b"kernel: the disk says my disk\n"),
        (sector(b"T64LABELmy disk\nand more") * 3, b"kernel: the disk says my disk\n"),
        (b"T64LABEL" + WHOLE + sector(b"behind it"), b"kernel: the disk says " + WHOLE + b"\n"),
        (sector(b"T64LABEL"), b"kernel: the disk says \n"),
        (sector(b"T64LABElno magic"), b""),
    ],
    ids=["alone", "line", "full", "empty", "none"],
)
def test_the_label_of_a_disk_is_a_line_of_the_story(driver: str, disk: bytes, line: bytes) -> None:
    rest = STORY.split(b"\n", 1)[1]
    assert output_with_disk(driver, disk) == b"kernel: 2048 KiB of memory\n" + line + rest


@pytest.mark.parametrize("technique", EVERY)
def test_the_label_of_a_disk_is_read_on_every_technique(technique: str) -> None:
    assert b"kernel: the disk says my disk\n" in output_with_disk(technique, sector(b"T64LABELmy disk"))
