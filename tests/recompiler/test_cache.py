"""Compiled code is kept from run to run, checked, bounded, and never needed."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from support.lockstep import HOT, agree, put

from toyvm.limits import MAXIMUM_CODE_BYTES
from toyvm.machine.bare import Machine
from toyvm.recompiler.cache import Cache
from toyvm.recompiler.code import CompiledCode, Place, Run
from toyvm.recompiler.code_files import CodeFiles, parse, serialized
from toyvm.recompiler.options import Recompiling, default_directory
from toyvm.recompiler.request import WORDS, CodePage, Snapshot
from toyvm.recompiler.worker import Account

LOOP = "1: addi t0, t0, 1; mul t1, t0, t0; bnez t0, 1b"
CODE = CompiledCode(True, (Run(0x1000, (1, 2, 3)), Run(0x2000, (4,))), ((0x1000, 7),), (0x1004,), 5, b"object")


def run(options: Recompiling, text: str = LOOP, at: int = 0x1000) -> Account:
    """Run a loop for a while; what its recompiler did."""
    with Machine(0x80000, engine=options) as machine:
        put(machine, at, text)
        machine.pc = at
        machine.run(until=5000)
        assert machine._recompiler is not None
        account = machine._recompiler.account
        expected = machine.state_words()
    with Machine(0x80000) as machine:
        put(machine, at, text)
        machine.pc = at
        machine.run(until=5000)
        assert machine.state_words() == expected
    return account


@pytest.fixture
def kept(tmp_path: Path) -> Recompiling:
    return HOT._replace(cache=tmp_path / "a" / "code")


def test_a_second_run_compiles_nothing(kept: Recompiling) -> None:
    first, second = run(kept), run(kept)
    assert (first.compiled > 0, first.found) == (True, 0)
    assert (second.compiled, second.found) == (0, first.compiled)


def test_no_directory_keeps_nothing(kept: Recompiling, tmp_path: Path) -> None:
    run(kept._replace(cache=None))
    assert not list(tmp_path.iterdir())


def test_other_words_at_the_same_address_are_compiled_anew(kept: Recompiling) -> None:
    run(kept)
    assert run(kept, LOOP.replace("mul t1", "mulh t1")).compiled > 0


def test_words_far_behind_the_entry_count_too(kept: Recompiling) -> None:
    text = "1: addi t0, t0, 1; .rept 30; mul t1, t0, t0; .endr; {}; bnez t0, 1b"
    run(kept, text.format("add t2, t2, t1"))
    assert run(kept, text.format("sub t2, t2, t1")).compiled > 0


def test_the_same_words_at_another_address_are_compiled_anew(kept: Recompiling) -> None:
    run(kept)
    assert run(kept, at=0x3000).compiled > 0


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip(data: bytes) -> bytes:
    return data[:-50] + bytes([data[-50] ^ 1]) + data[-49:]


def _nothing(data: bytes) -> bytes:
    return b""


def _foreign(data: bytes) -> bytes:
    return b"\x7fELF" + data


def _other_host(data: bytes) -> bytes:
    return serialized("another compiler", CODE)


def _other_code(data: bytes) -> bytes:
    identity = data[data.index(b'"identity": "') + 13 : data.index(b'", "user"')].decode()
    return serialized(identity, CODE)


@pytest.mark.parametrize("damage", [_cut, _flip, _nothing, _foreign, _other_host, _other_code])
def test_a_damaged_or_foreign_file_is_ignored_and_replaced(kept: Recompiling, damage: Callable[[bytes], bytes]) -> None:
    run(kept)
    assert kept.cache is not None
    for path in kept.cache.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    assert run(kept).compiled > 0
    assert run(kept).compiled == 0


def test_a_directory_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    assert run(HOT._replace(cache=tmp_path / "file" / "code")).compiled > 0


def test_code_that_is_kept_anew_takes_the_room_of_what_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    from toyvm.recompiler import cache

    def shown(gva: int) -> Snapshot:
        return Snapshot(gva, True, False, {0x1000: CodePage(0x1000, 1, 0, array("I", range(WORDS)))}, {})

    def code(gva: int) -> CompiledCode:
        first = (gva - 0x1000) // 4
        return CompiledCode(True, (Run(gva, (first, first + 1)),), ((gva, 2),), (), 0, bytes(1000))

    monkeypatch.setattr(cache, "MEMORY_LIMIT", 2500)
    kept = cache.Cache(None, "x")
    for gva in (0x1000, 0x1100, 0x1100, 0x1100, 0x1100):
        kept.keep(shown(gva), code(gva))
    assert [kept.find(shown(gva)) for gva in (0x1000, 0x1100)] == [code(0x1000), code(0x1100)]
    kept.keep(shown(0x1200), code(0x1200))  # there is no room for three: that which was used longest ago goes
    assert [kept.find(shown(gva)) is None for gva in (0x1000, 0x1100, 0x1200)] == [True, False, False]


def test_what_is_written_reads_back() -> None:
    assert parse("x", serialized("x", CODE)) == CODE


@pytest.mark.parametrize("identity", ["y", ""])
def test_code_for_another_host_does_not_read_back(identity: str) -> None:
    with pytest.raises(ValueError, match="compiled for something else"):
        parse(identity, serialized("x", CODE))


def test_the_default_directory_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "toyvm" / "code"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_directory() == tmp_path / "home" / ".cache" / "toyvm" / "code"


def test_too_little_room_drops_what_was_compiled_and_goes_on() -> None:
    def setup(machine: Machine) -> None:
        put(machine, 0x1000, "1: jal ra, . + 0x1000; jal ra, . + 0x1ffc; jal ra, . + 0x2ff8; j 1b")
        for page in (0x2000, 0x3000, 0x4000):
            put(machine, page, "li t1, 9; 1: addi t1, t1, -1; add t0, t0, t1; bnez t1, 1b; ret")

    counts = agree(setup, [1000, 5000, 20_000], HOT._replace(room=2500))
    assert counts["dropped"] > 0


def ours(directory: Path, number: int, size: int) -> Path:
    """A file as the cache names them, written at that second."""
    path = directory / f"{number:064x}.t64code"
    with path.open("wb") as file:
        file.truncate(size)
    os.utime(path, (number, number))
    return path


def test_a_full_directory_loses_its_oldest_files_and_none_that_is_not_its_own(tmp_path: Path) -> None:
    theirs = [tmp_path / "photo.jpg", tmp_path / "notes.t64code", tmp_path / f"{'x' * 64}.t64code"]
    for path in theirs:
        path.write_bytes(b"mine")
        os.utime(path, (0, 0))
    (tmp_path / "directory").mkdir()
    (tmp_path / f"{1:064x}.t64code").symlink_to("photo.jpg")
    (tmp_path / f"{0:064x}.t64code").mkdir()
    files = [ours(tmp_path, number, MAXIMUM_CODE_BYTES // 4) for number in range(2, 8)]
    CodeFiles(tmp_path, "x").tidy()
    assert [path.exists() for path in files] == [False, False, True, True, True, True]
    assert all(path.exists() for path in [*theirs, tmp_path / "directory", tmp_path / f"{1:064x}.t64code"])


def test_what_is_not_the_caches_does_not_count(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAXIMUM_CODE_BYTES * 2)
    kept = ours(tmp_path, 1, 1000)
    CodeFiles(tmp_path, "x").tidy()
    assert kept.exists()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _deep(path: Path) -> None:
    text = b"[" * 100_000
    body = len(text).to_bytes(8, "little") + text
    path.write_bytes(b"toyvm compiled code 1\n" + hashlib.sha256(body).digest() + body)


def _no_object(path: Path) -> None:
    body = (2).to_bytes(8, "little") + b"[]"
    path.write_bytes(b"toyvm compiled code 1\n" + hashlib.sha256(body).digest() + body)


def _for_everybody(path: Path) -> None:
    path.chmod(0o666)


@pytest.mark.parametrize("damage", [_pipe, _loop, _deep, _no_object, _for_everybody])
def test_an_odd_file_of_the_caches_name_counts_as_not_there(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    files = CodeFiles(tmp_path, "x")
    place = Place(True, 0x1000, (1, 2, 3))
    files.write(place, CODE)
    assert files.read(place) == CODE
    (path,) = tmp_path.iterdir()
    damage(path)
    assert files.read(place) is None


def test_code_that_another_user_wrote_counts_as_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, place = CodeFiles(tmp_path, "x"), Place(True, 0x1000, (1, 2, 3))
    files.write(place, CODE)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert files.read(place) is None


def test_code_is_written_in_place_of_a_link_and_not_where_that_leads(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("kept")
    files, place = CodeFiles(tmp_path / "code", "x"), Place(True, 0x1000, (1, 2, 3))
    files.write(place, CODE)
    (path,) = (tmp_path / "code").iterdir()
    path.unlink()
    path.symlink_to(mine)
    files.write(place, CODE)
    assert (mine.read_text(), files.read(place)) == ("kept", CODE)


@pytest.mark.parametrize("name", ["nul\0", "x" * 300, "loop", "file"])
def test_a_directory_that_cannot_be_is_done_without(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / name, "x")
    cache._unwritten[Place(True, 0x1000, (1,))] = CODE
    cache.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]
