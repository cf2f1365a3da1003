"""Wrong arguments: what comes in where something else is expected is a UsageError with value and expectation."""

from __future__ import annotations

import copy
import io
import math
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm import Guest, Host, Image, Machine, ToyvmError, UsageError, assemble, assemble_text, load_program
from toyvm.arguments import parse_size, show_size
from toyvm.machine.computer import Computer

IMAGE = assemble_text("_start: nop\nagain: j _start\n").image


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Host() as host, host.guest("trap", "1M") as guest:
        guest.load(IMAGE)
        yield guest


MISTAKES: list[tuple[Callable[[Any], object], str]] = [
    (lambda g: Machine(input=5), "input of 5 (int); it takes bytes, a binary file object"),  # type: ignore[arg-type]
    (lambda g: Machine(input=io.StringIO("x")), "it takes bytes, a binary file object"),  # type: ignore[arg-type]
    (lambda g: Machine(output=5), "output of 5 (int); it takes a binary file object"),  # type: ignore[arg-type]
    (lambda g: Machine(disk=5), "disk of 5 (int); it takes a path"),  # type: ignore[arg-type]
    (lambda g: Machine(1.5), "memory of 1.5 (float); it takes an integer"),  # type: ignore[arg-type]
    (lambda g: Machine(disk_latency="x"), "disk latency of 'x' (str)"),  # type: ignore[arg-type]
    (lambda g: Machine(clock_base=None), "clock base of None"),  # type: ignore[arg-type]
    (lambda g: Machine(level=5), "no hardware level 5"),  # type: ignore[arg-type]
    (lambda g: g.host.guest(5), "technique of 5 (int); it takes a string"),
    (lambda g: load_program(5), "program of 5 (int); it takes a path"),  # type: ignore[arg-type]
    (lambda g: load_program(""), "program '': the name of a file is empty"),
    (lambda g: Machine(disk=""), "disk '': the name of a file is empty"),
    (lambda g: assemble([""]), "source '': the name of a file is empty"),
    (lambda g: Image.load(""), "path '': the name of a file is empty"),
    (lambda g: IMAGE.save(""), "path '': the name of a file is empty"),
    (lambda g: load_program("hello", defines=5), "defines of 5 (int)"),  # type: ignore[arg-type]
    (lambda g: load_program("hello", include="dir"), "include of 'dir' (str); it takes a list"),
    (lambda g: assemble(5), "sources of 5 (int); it takes a list of sources"),  # type: ignore[arg-type]
    (lambda g: assemble("guest.s"), "sources of 'guest.s' (str); it takes a list"),
    (lambda g: assemble([5]), "source of 5 (int); it takes a path"),  # type: ignore[list-item]
    (lambda g: assemble_text(5), "source of 5 (int); it takes a string"),  # type: ignore[arg-type]
    (lambda g: assemble_text("nop", base="x"), "base address of 'x'"),  # type: ignore[arg-type]
    (lambda g: assemble_text("nop", entry=5), "entry of 5"),  # type: ignore[arg-type]
    (lambda g: assemble_text("nop", defines={5: 1}), "name of a symbol of 5"),  # type: ignore[dict-item]
    (lambda g: Image.from_bytes("x"), "image of 'x' (str); it takes bytes"),  # type: ignore[arg-type]
    (lambda g: Image.load(5), "path of 5"),  # type: ignore[arg-type]
    (lambda g: IMAGE.address_of(5), "symbol of 5"),  # type: ignore[arg-type]
    (lambda g: IMAGE.locate("x"), "address of 'x'"),  # type: ignore[arg-type]
    (lambda g: g.load(5), "image of 5 (int); it takes an Image"),
    (lambda g: g.observe(print, 5), "reasons of 5 (int); it takes names of exit reasons"),
    (lambda g: g.observe(print, [5]), "exit reason of 5 (int); it takes a string"),
    (lambda g: g.observe(5), "observer of 5 (int); it takes something to call"),
    (lambda g: g.locate("x"), "address of 'x' (str); it takes an integer"),
    (lambda g: g.disassemble("x"), "address of 'x' (str)"),
    (lambda g: g.disassemble(0, "x"), "word of 'x' (str)"),
    (lambda g: g.disassemble(0, 1 << 40), "word of 1099511627776 is out of range"),
    (lambda g: g.instruction_at(-4), "address of -0x4; it takes 0.."),
    (lambda g: g.translate(1 << 64), "address of 0x10000000000000000; it takes 0.."),
    (lambda g: g.translate(0, 5), "rights of 5 (int)"),
    (lambda g: g.read(0.5, 4), "address of 0.5 (float); it takes an integer"),
    (lambda g: g.write(0, "text"), "data of 'text' (str); it takes bytes"),
    (lambda g: g.memory.__setitem__(slice(0, 4), [1, 2, 3, 4]), "slice of memory of [1, 2, 3, 4] (list); it takes"),
    (lambda g: g.memory.__setitem__(0, 300), "byte of 300 is out of range"),
    (lambda g: g.memory.__setitem__(0, b"ab"), "byte of b'ab' (bytes); it takes an integer"),
    (lambda g: g.memory["x"], "address of 'x' (str)"),
    (lambda g: g.memory["x":4], "address of 'x' (str)"),
    (lambda g: g.memory.set_word(0, "x"), "number of 'x' (str)"),
    (lambda g: g.registers[1.5], "register of 1.5 (float)"),
    (lambda g: g.registers.__setitem__("a0", "x"), "register a0 of 'x' (str); it takes an integer"),
    (lambda g: g.control[5], "control register of 5 (int); it takes a string"),
    (lambda g: g.read_control(999), "no control register 999"),
    (lambda g: g.run("x"), "max_instructions of 'x' (str)"),
    (lambda g: g.run(until=1.5), "until of 1.5 (float)"),
    (lambda g: g.run(timeout="x"), "timeout of 'x' (str); it takes a number of seconds"),
    (lambda g: g.run(timeout=math.nan), "timeout of nan; it takes a number of seconds, 0 or more"),
    (lambda g: g.run(timeout=-1), "timeout of -1; it takes a number of seconds, 0 or more"),
    (lambda g: g.run_to(None), "address or symbol of None"),
    (lambda g: g.step(None), "count of None"),
    (lambda g: g.restore(5), "snapshot of 5 (int); it takes bytes"),
    (lambda g: g.root(2), "mode of 2 is out of range"),
    (lambda g: g.host_frame("x"), "page of 'x'"),
    (lambda g: g.host.read("x", 1), "address of 'x'"),
    (copy.copy, "a guest is not copied"),
    (copy.deepcopy, "a guest is not copied"),
    (pickle.dumps, "a guest is not copied or pickled; save() and restore() carry its state"),
    (lambda g: copy.copy(g.host), "a host is not copied"),
]


@pytest.mark.parametrize(("use", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_wrong_argument_is_refused_with_its_value_and_what_is_expected(
    guest: Guest, use: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        use(guest)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


ODD_VALUES = (None, -1, 0, 1.5, math.nan, 1 << 64, "x", b"x", [], [1], {}, object(), slice(1), IMAGE)
# They take nothing, are the run loop's, or might run for ever.
SKIPPED = {"close", "interrupt", "on_exit", "run", "run_to", "run_to_disk_write", "step"}


def callables(guest: Guest) -> Iterator[tuple[str, Callable[..., object]]]:
    """Every public method of a guest, its views and its host, and the public functions."""
    views = (guest.registers, guest.control, guest.memory, guest.x)
    for thing in (guest, guest.host, *views, IMAGE):
        inherited = dir(tuple) if isinstance(thing, tuple) else ()  # where Python itself answers
        for name in set(dir(type(thing))).difference(inherited):
            is_item = name in ("__getitem__", "__setitem__")
            if (is_item or not name.startswith("_")) and callable(getattr(type(thing), name)) and name not in SKIPPED:
                yield f"{type(thing).__name__}.{name}", getattr(thing, name)
    yield from {"assemble": assemble, "assemble_text": assemble_text, "load_program": load_program}.items()
    yield "Machine", lambda value: Machine(value).close()
    for name in ("level", "input", "output", "disk", "disk_latency", "clock_base"):
        yield f"Machine({name})", making_with(name)


def making_with(name: str) -> Callable[[Any], None]:
    return lambda value: Machine("1M", **{name: value}).close()


def test_no_odd_argument_of_anything_public_is_an_exception_of_another_kind(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = []
    for name, call in callables(guest):
        for value in ODD_VALUES:
            for arguments in ((value,), (value, value), (0, value)):
                try:
                    call(*arguments)
                except ToyvmError:
                    pass
                except TypeError as error:
                    if "positional argument" not in str(error):
                        wrong.append((name, arguments, error))
                except Exception as error:
                    wrong.append((name, arguments, error))
    assert wrong == []


@pytest.mark.parametrize("name", ["input", "output", "disk"])
def test_a_guest_that_cannot_be_made_leaves_its_memory_to_others(name: str) -> None:
    with Host() as host:
        before = host.frames_free
        with pytest.raises(UsageError):
            host.guest("trap", "1M", **{name: 5})
        assert host.frames_free == before


def test_a_register_that_is_not_there_is_no_attribute(guest: Guest) -> None:
    assert not hasattr(guest.registers, "nope")
    assert not hasattr(guest.control, "nope")
    assert hasattr(guest.registers, "a0")


def properties(kind: type[Computer]) -> list[tuple[type[Computer], str]]:
    """All of a computer that is a property."""
    return [
        (kind, name)
        for name in dir(kind)
        if isinstance(getattr(kind, name), property) and not name.startswith("_") and name != "closed"
    ]


@pytest.mark.parametrize(("kind", "name"), properties(Machine) + properties(Guest))
def test_every_property_of_a_closed_computer_is_refused(kind: type[Computer], name: str) -> None:
    with Host() as host:
        computer: Computer = Machine("1M", disk=bytearray(512)) if kind is Machine else host.guest("trap", "1M")
        computer.close()
        with pytest.raises(UsageError, match="is closed"):
            getattr(computer, name)


def test_every_view_of_a_closed_computer_is_refused() -> None:
    with Machine("1M") as machine:
        registers, control, memory, general = machine.registers, machine.control, machine.memory, machine.x
    uses: list[Callable[[], object]] = [
        registers.as_dict,
        control.as_dict,
        lambda: memory[0],
        lambda: len(memory),
        lambda: list(general),
        lambda: registers.__setitem__("a0", 1),
    ]
    for use in uses:
        with pytest.raises(UsageError, match="is closed"):
            use()
    assert {repr(view) for view in (registers, control)} == {
        "<Registers: this machine is closed>",
        "<ControlRegisters: this machine is closed>",
    }


@given(st.integers(0, 1 << 50))
def test_a_size_that_is_shown_reads_back(size: int) -> None:
    assert parse_size(show_size(size)) == size


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0"), (513, "513"), (1024, "1K"), (1536, "1536"), (3 << 19, "1536K"), (16 << 20, "16M"), (1 << 40, "1T")],
)
def test_a_size_is_shown_in_the_largest_unit_that_it_is_a_multiple_of(size: int, shown: str) -> None:
    assert show_size(size) == shown
