"""Host files: which of their files guests may share, and what they have that is not said."""

from __future__ import annotations

from pathlib import Path

import pytest

from toyvm.errors import BadFileError
from toyvm.host.host import Host
from toyvm.host.host_file import HostPlan, read_host_file

WRITES = {"output": "output = '{}'", "disk": "disk = '{}'"}
READS = {"input": "input = '{}'", "program": "program = '{}'", "disk": "disk = '{}'\nread-only = true"}


def plan_of(folder: Path, *guests: str) -> HostPlan:
    path = folder / "hosts.toml"
    tables = (guest if "program" in guest else f"program = 'hello'\n{guest}" for guest in guests)
    path.write_text("".join(f"[[guest]]\nmemory = '1M'\n{table}\n" for table in tables))
    return read_host_file(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(bytes(512))
    (tmp_path / "link").symlink_to("file")
    return tmp_path


@pytest.mark.parametrize("name", ["file", "link"])
@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("writes", WRITES)
def test_no_guest_writes_what_another_reads_by_whatever_name(folder: Path, writes: str, reads: str, name: str) -> None:
    with pytest.raises(BadFileError, match=f"{name}: guest guest2 would write what guest1 reads"):
        plan_of(folder, READS[reads].format(name), WRITES[writes].format("file"))


@pytest.mark.parametrize("name", ["file", "link", "new"])
@pytest.mark.parametrize("second", WRITES)
@pytest.mark.parametrize("first", WRITES)
def test_no_two_guests_write_one_file(folder: Path, first: str, second: str, name: str) -> None:
    other = "new" if name == "new" else "file"
    with pytest.raises(BadFileError, match=f"{name}: guests guest1 and guest2 would write it"):
        plan_of(folder, WRITES[first].format(other), WRITES[second].format(name))


@pytest.mark.parametrize("reads", READS)
def test_any_number_of_guests_read_one_file(folder: Path, reads: str) -> None:
    assert len(plan_of(folder, *[READS[reads].format("file")] * 3).guests) == 3


@pytest.mark.parametrize("key", ["read-only = true", "disk-latency = 5"])
def test_what_is_said_of_a_disk_takes_one(folder: Path, key: str) -> None:
    with pytest.raises(BadFileError, match="says something about a disk, and there is none; add disk"):
        plan_of(folder, key)
    assert plan_of(folder, f"{key}\ndisk = 'file'").guests


@pytest.mark.parametrize(("key", "what"), [("output = 'new'", "output"), ("disk = 'file'", "disk")])
def test_copies_of_a_guest_write_no_file(folder: Path, key: str, what: str) -> None:
    with pytest.raises(BadFileError, match=f"{what}: 2 copies cannot write one file"):
        plan_of(folder, f"copies = 2\n{key}")
    assert len(plan_of(folder, "copies = 2\ndisk = 'file'\nread-only = true").guests) == 2


@pytest.mark.parametrize("technique", ["trap", "rewrite", "assist+shadow", "para"])
def test_a_host_whose_memory_is_not_said_has_room_for_its_guests(folder: Path, technique: str) -> None:
    plan = plan_of(folder, f"copies = 40\ntechnique = '{technique}'")
    with Host(plan.memory, level=plan.hardware) as host:
        guests = [host.guest(guest.technique, guest.memory) for guest in plan.guests]
        assert len(guests) == 40
