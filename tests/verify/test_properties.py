"""Each property finds what it is there to find: a fault is planted, and the file of what failed shows it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from toyvm import Machine
from toyvm.asm.disassembler import disassemble_word
from toyvm.errors import ToyvmError
from toyvm.files import replacing
from toyvm.host.exit_events import ExitEvent
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.scheduler import HostStop
from toyvm.image import reader
from toyvm.image.model import Contents
from toyvm.isa.paging import PAGE_SIZE
from toyvm.machine.outcome import Outcome, Stop
from toyvm.testing.programs import Program, random_program
from toyvm.testing.subjects import SUBJECTS, Factory
from toyvm.verify import trying
from toyvm.verify.accounts import Account
from toyvm.verify.command_line import call, folder_with
from toyvm.verify.faults import failing_allocation
from toyvm.verify.properties import CLASSES, find_property, malformed
from toyvm.verify.regressions import try_again, write_regression
from toyvm.verify.trying import Goal, try_cases
from toyvm.verify.worlds.core import Core
from toyvm.verify.worlds.domains import REFUSED
from toyvm.verify.worlds.world import Result

A_FEW = {
    **{"engines": 4, "monitors": 10, "recompiled": 8, "coders": 40, "cut": 10, "neighbours": 8, "runaways": 8},
    **{"callers": 300, "exits": 80, "worlds": 3, "escapes": 10, "malformed": 60, "failures": 2},
}


class Forgetful:
    """A machine that has lost a bit of t3 whenever it has executed a hundred instructions and stands still."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine

    def run(self, until: int | None = None) -> Any:
        outcome = self._machine.run(until=until)
        if self._machine.retired > 100:
            self._machine.x[28] ^= 1
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)


class Overrunning(Forgetful):
    """A machine that goes one instruction too far."""

    def run(self, until: int | None = None) -> Any:
        return self._machine.run(until=None if until is None else until + 1)


def spoilt(make: Factory, how: type[Forgetful]) -> Factory:
    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        with make(program) as machine:
            yield how(machine)

    return subject


def spoil_subjects(begin: tuple[str, ...], how: type[Forgetful] = Forgetful) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        for name in SUBJECTS:
            if name.startswith(begin):
                monkeypatch.setitem(SUBJECTS, name, spoilt(SUBJECTS[name], how))

    return plant


def spoil_disassembly(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(word: int, address: int) -> str:
        return disassemble_word(word, address).replace("add ", "sub ").replace("addi ", "xori ")

    monkeypatch.setattr("toyvm.verify.properties.coders.disassemble_word", spoilt)


def spoil_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    run, run_alone = Host.run, Guest.run

    def spoilt(host: Host, *words: Any, **options: Any) -> HostStop:
        stop = run(host, *words, **options)
        host.guests[0].x[28] ^= 1
        return stop

    def spoilt_alone(guest: Guest, *words: Any, **options: Any) -> Outcome:
        outcome = run_alone(guest, *words, **options)
        guest.host.guests[0].x[28] ^= 1
        return outcome

    monkeypatch.setattr(Host, "run", spoilt)
    monkeypatch.setattr(Guest, "run", spoilt_alone)


def spoil_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest that has lost a bit of t3 where it stands still."""
    run = Guest.run

    def spoilt(guest: Guest, *words: Any, **options: Any) -> Outcome:
        outcome = run(guest, *words, **options)
        guest.x[28] ^= outcome.stop is Stop.LIMIT and guest.retired > 100
        return outcome

    monkeypatch.setattr(Guest, "run", spoilt)


def spoil_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exits that are an instruction of another register's."""
    word = ExitEvent.word.fget
    assert word is not None
    monkeypatch.setattr(ExitEvent, "word", property(lambda event: word(event) ^ (bool(word(event)) << 12)))


def spoil_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor that says of what it forbids that it was done."""
    expand = Core.expand

    def spoilt(core: Core, path: Sequence[int]) -> list[Result]:
        results = expand(core, path)
        return [result._replace(a0=0) if result.a0 == REFUSED["perm"] else result for result in results]

    monkeypatch.setattr(Core, "expand", spoilt)


def leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a domain that has run for a while find what its neighbour has."""
    run = Guest.run

    def leaking(guest: Guest, *words: Any, **options: Any) -> Outcome:
        outcome = run(guest, *words, **options)
        if guest.name == "attacker" and guest.retired > 20:
            guest.x[28] = int.from_bytes(guest.host.guests[0].read(8 * PAGE_SIZE, 8), "little")
        return outcome

    monkeypatch.setattr(Guest, "run", leaking)


def spoil_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    read = reader.read

    def spoilt(data: bytes, name: str) -> Contents:
        assert name != malformed.FILE or data[:64] == malformed.bases()["image"][:64]
        return read(data, name)

    monkeypatch.setattr(reader, "read", spoilt)


def ignore_full_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    write_all = replacing.write_all

    def spoilt(descriptor: int, data: bytes) -> None:
        with suppress(OSError):
            write_all(descriptor, data)

    monkeypatch.setattr(replacing, "write_all", spoilt)


PLANTED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "engines": spoil_subjects(("interpreter",)),
    "monitors": spoil_subjects(("rewrite+adaptive",)),
    "recompiled": spoil_subjects(("hot", "recompiled ")),
    "coders": spoil_disassembly,
    "cut": spoil_subjects(("restored",)),
    "neighbours": spoil_hosts,
    "runaways": spoil_subjects(("interpreter",), Overrunning),
    "worlds": spoil_worlds,
    "callers": spoil_turns,
    "exits": spoil_words,
    "escapes": leak,
    "malformed": spoil_reader,
    "failures": ignore_full_disks,
}


def test_each_property_has_its_planted_fault() -> None:
    assert PLANTED.keys() == A_FEW.keys() == CLASSES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
def test_some_cases_hold(name: str) -> None:
    account = try_cases(find_property(name), Goal(0, cases=A_FEW[name]))
    assert account.failures == []
    assert len(account.left_open) < account.cases


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_its_file_shows_it_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "SHRINKING_SECONDS", 1.0)
    monkeypatch.setattr(trying, "MOST_SHRUNK", 1)
    monkeypatch.setattr(trying, "MOST_FAILURES", 2)
    with pytest.MonkeyPatch.context() as planted:
        PLANTED[name](planted)
        account = try_cases(find_property(name), Goal(0, cases=10 * A_FEW[name]))
        assert account.failures
        path = write_regression(tmp_path, name, Account.of_record(account.record()).failures[0])
        assert path is not None
        assert try_again(path).wrong is not None
    assert try_again(path).wrong is None


def test_what_is_not_spoilt_is_taken() -> None:
    """Else what is spoilt would be refused for another reason than that."""
    refused = {"import file -o out", "run file --max-instructions 3000 --memory 1M --technique para"}
    for base, commands in malformed.COMMANDS_OF.items():
        data = malformed.bases()[base]
        with folder_with({malformed.FILE + suffix: data for suffix in ("", ".json", ".toml")}):
            for words in commands:
                done = call(words.split())
                assert done.code in (0, 97, 103) or words in refused, (words, done)


def test_a_spoilt_snapshot_is_sealed_as_the_core_seals_it() -> None:
    with SUBJECTS["trap"](random_program(Random(5))) as machine:
        machine.run(until=100)
        snapshot = machine.save()
    assert malformed.sealed(snapshot) == snapshot
    assert malformed.sealed(snapshot[:32] + bytes(8) + snapshot[40:]) == snapshot


def test_every_request_of_the_core_s_for_memory_is_counted_and_one_refused() -> None:
    with failing_allocation(None) as faults, Machine("64K"):
        pass
    assert faults.count > 0
    for number in range(1, faults.count + 1):
        with failing_allocation(number) as fault, pytest.raises(ToyvmError, match="no memory"):
            Machine("64K")
        assert fault.failed in ("malloc", "calloc", "mmap")


def test_memory_that_is_not_given_back_is_told() -> None:
    stack = ExitStack()
    with pytest.raises(AssertionError, match="pieces of memory were not given back"), failing_allocation(None):
        stack.enter_context(Machine("64K"))
    stack.close()


def test_what_a_command_finds_is_the_same_each_time() -> None:
    for _ in range(2):
        with folder_with({"file": b"contents"}) as folder:
            assert (folder / "file").stat().st_mtime_ns == 0
            assert call(["run", "hello"]) == (0, "Hello from the T64!\n")
