"""The console's ring in shared memory: of a paravirtual guest, and of one offered hypercalls."""

from __future__ import annotations

import pytest
from support.hypercalls import ALL_ONES, CODE, Asker, asker, error, offset

from toyvm.hypercalls import (
    BY_NAME,
    CONSOLE_IN_SIZE,
    CONSOLE_OUT,
    CONSOLE_OUT_SIZE,
    RING_DATA,
    RINGS,
)
from toyvm.native import lib
from toyvm.testing.techniques import OFFERING

RING = 0x6000
CONSOLE = RINGS["console"]
BOTH = ["para", *OFFERING]


class Terminal:
    """The guest's side of the console's ring."""

    def __init__(self, ask: Asker) -> None:
        self.ask, self.written = ask, 0
        assert ask("ring_setup", CONSOLE, RING) == 0

    def header(self, member: str) -> int:
        return self.ask.read(RING + offset("console_ring", member))

    def set_header(self, member: str, value: int) -> None:
        self.ask.write(RING + offset("console_ring", member), value)

    def put(self, text: bytes) -> None:
        for byte in text:
            self.ask.guest.write(RING + CONSOLE_OUT + self.written % CONSOLE_OUT_SIZE, bytes([byte]))
            self.written += 1
        self.set_header("out_prod", self.written)

    def take(self) -> bytes:
        first, end = self.header("in_cons"), self.header("in_prod")
        places = (RING + RING_DATA + n % CONSOLE_IN_SIZE for n in range(first, end))
        text = b"".join(self.ask.guest.read(place, 1) for place in places)
        self.set_header("in_cons", end)
        return text


@pytest.mark.parametrize("technique", BOTH)
def test_bytes_go_out_through_the_ring(technique: str) -> None:
    with asker(technique=technique) as ask:
        terminal, said = Terminal(ask), b""
        for n in range(12):
            text = bytes(range(256)) * (n % 8)
            terminal.put(text)
            assert ask("doorbell", CONSOLE) == 0
            assert terminal.header("out_cons") == terminal.written
            said += text
        assert ask.guest.output == said


@pytest.mark.parametrize("technique", BOTH)
def test_input_comes_a_line_at_a_time_and_then_ends(technique: str) -> None:
    data = b"one\ntwo\n" + b"x" * 3000 + b"\nlast"
    with asker(technique=technique, input=data) as ask:
        terminal, got = Terminal(ask), []
        while not terminal.header("in_ended"):
            terminal.set_header("in_wanted", terminal.header("in_cons") + CONSOLE_IN_SIZE)
            assert ask("doorbell", CONSOLE) == 0
            got.append(terminal.take())
        assert b"".join(got) == data
        assert got[:2] == [b"one\n", b"two\n"]
        assert [len(part) for part in got[2:]] == [1024, 1024, 953, 4]


@pytest.mark.parametrize("technique", BOTH)
def test_a_ring_may_be_full_both_ways(technique: str) -> None:
    """And stay so: nothing more comes in until the guest has taken what is there."""
    text, data = bytes(n * 7 % 256 for n in range(CONSOLE_OUT_SIZE)), bytes(b"y" * (2 * CONSOLE_IN_SIZE))
    with asker(technique=technique, input=data) as ask:
        terminal = Terminal(ask)
        for place in range(2):
            terminal.put(text)
            for wanted in (CONSOLE_IN_SIZE, CONSOLE_IN_SIZE, 0):  # which is less than there is
                terminal.set_header("in_wanted", terminal.header("in_cons") + wanted)
                assert ask("doorbell", CONSOLE) == 0
                assert terminal.header("in_prod") == (place + 1) * CONSOLE_IN_SIZE
            assert ask.guest.output == text * (place + 1)
            assert terminal.take() == data[:CONSOLE_IN_SIZE]
        terminal.set_header("in_wanted", terminal.header("in_cons") + 1)
        assert (ask("doorbell", CONSOLE), terminal.header("in_ended")) == (0, 1)


def test_no_byte_is_lost_where_the_host_must_take_some_first() -> None:
    text, stops = bytes(n * 7 % 251 for n in range(CONSOLE_OUT_SIZE)), 0
    with asker() as ask:
        terminal = Terminal(ask)
        for _ in range(40):
            terminal.put(text)
            ask.guest.pc, ask.guest.x[10] = CODE + 4 * BY_NAME["doorbell"].number, CONSOLE
            if lib.t64_vm_run(ask.guest.vm, ask.guest.retired + 1) == lib.T64_STOP_OUTPUT:
                stops += 1
                assert terminal.header("out_cons") < terminal.written
                ask.guest.run(1)
            assert terminal.header("out_cons") == terminal.written
        assert ask("version", 0) > 0  # the host takes the rest
        assert ask.guest.output == text * 40
        assert stops > 1


def test_input_is_not_asked_for_unless_it_is_wanted() -> None:
    class Never:
        live = False

        def fetch(self, size: int, wait: float) -> bytes | None:
            raise AssertionError("nobody asked")

    with asker(input=Never()) as ask:
        terminal = Terminal(ask)
        terminal.put(b"hello")
        assert ask("doorbell", CONSOLE) == 0
        assert ask.guest.output == b"hello"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("out_prod", CONSOLE_OUT_SIZE + 1),
        ("out_prod", ALL_ONES),
        ("in_wanted", CONSOLE_IN_SIZE + 1),
        ("in_wanted", ALL_ONES),
        ("in_cons", 1),
    ],
)
def test_counts_of_the_console_that_cannot_be_are_refused(member: str, value: int) -> None:
    with asker(input=b"never read") as ask:
        terminal = Terminal(ask)
        terminal.set_header(member, value)
        assert ask("doorbell", CONSOLE) == error("inval")
        assert ask.guest.output == b""


@pytest.mark.parametrize(
    ("read", "result"), [(0, 0), (1, error("inval")), (-CONSOLE_IN_SIZE, 0), (-CONSOLE_IN_SIZE - 1, error("inval"))]
)
def test_no_more_is_unread_than_was_written_nor_than_there_is_room_for(read: int, result: int) -> None:
    """Though nothing is wanted behind that."""
    with asker(input=bytes(3 * CONSOLE_IN_SIZE)) as ask:
        terminal = Terminal(ask)
        for count in (CONSOLE_IN_SIZE, 2 * CONSOLE_IN_SIZE):
            terminal.set_header("in_wanted", count)
            assert ask("doorbell", CONSOLE) == 0
            terminal.set_header("in_cons", count)
        for member in ("in_cons", "in_wanted"):
            terminal.set_header(member, terminal.header("in_prod") + read)
        assert ask("doorbell", CONSOLE) == result
