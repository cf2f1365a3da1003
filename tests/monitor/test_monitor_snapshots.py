"""A guest's snapshot goes on as the guest would have, on this host and on another."""

from __future__ import annotations

import pytest
from guest_runs import GUESTS, image_of

from toyvm.asm import assemble_text
from toyvm.errors import BadFileError, UsageError
from toyvm.host import Guest, Host

KERNEL = GUESTS / "kernel.s"
MEMORY = 4 << 20
TECHNIQUES = pytest.mark.parametrize("technique", ["trap", "hybrid", "rewrite", "para", "assist", "assist+shadow"])
HALFWAY = 600_000  # instructions


def started(host: Host, technique: str) -> Guest:
    guest = host.guest(technique, MEMORY)
    guest.load(image_of(KERNEL, technique))
    return guest


def end_of(guest: Guest) -> tuple[object, ...]:
    """All that the end of a run shows but the output, of which a restored guest has only the rest."""
    outcome = guest.run()
    return outcome.stop, outcome.exit_code, guest.retired, guest.time, guest.state_hash()


@TECHNIQUES
def test_a_snapshot_goes_on_as_the_guest_did(technique: str) -> None:
    with Host(level="assist") as host, started(host, technique) as guest:
        guest.run(HALFWAY)
        snapshot, output = guest.save(), guest.output
        first, rest = end_of(guest), guest.output[len(output) :]
        guest.restore(snapshot)
        assert (guest.retired, end_of(guest)) == (HALFWAY, first)
        assert guest.output.endswith(rest)


@TECHNIQUES
@pytest.mark.parametrize("count", [0, 1, 5_000, 123_457, 900_001])
def test_a_snapshot_goes_on_on_another_host(technique: str, count: int) -> None:
    with (
        Host(level="assist") as host,
        started(host, technique) as guest,
        Host(level="assist") as other,
        started(other, technique) as copy,
    ):
        guest.run(until=count)
        copy.run(until=30_000)
        copy.restore(guest.save())
        assert end_of(copy) == end_of(guest)


def test_a_paravirtual_guest_gets_its_own_frames_back_on_a_host_where_it_had_others() -> None:
    with Host(level="assist") as host, started(host, "para") as guest, Host(level="assist") as other:
        first = other.guest("trap", 1 << 20)
        copy = started(other, "para")
        first.close()
        frames = [guest.host_frame(page) for page in range(MEMORY >> 12)]
        assert frames != [copy.host_frame(page) for page in range(MEMORY >> 12)]
        guest.run(HALFWAY)
        free = other.frames_free
        copy.restore(guest.save())
        assert frames == [copy.host_frame(page) for page in range(MEMORY >> 12)]
        assert other.frames_free == free
        assert end_of(copy) == end_of(guest)


def test_a_paravirtual_snapshot_is_refused_where_its_frames_are_another_guest_s() -> None:
    with Host(level="assist") as host, started(host, "para") as guest, Host(level="assist") as other:
        other.guest("trap", 1 << 20)
        copy = started(other, "para")
        before = copy.save()
        with pytest.raises(BadFileError, match="belong to others on this host now"):
            copy.restore(guest.save())
        assert copy.save() == before
        assert end_of(copy)[1] == 0


def test_a_paravirtual_image_that_leaves_its_monitor_no_room_is_called_so() -> None:
    image = assemble_text("_start: jal zero, _start\n.data\n.zero 0xfaff0\n.dword 1\n", "large.s").image
    with (
        Host(level="assist") as host,
        host.guest("para", 1 << 20) as guest,
        pytest.raises(UsageError, match="starting the image: the image leaves too little of the guest's memory"),
    ):
        guest.load(image)


@TECHNIQUES
def test_a_snapshot_of_the_other_technique_is_refused(technique: str) -> None:
    with Host(level="assist") as host, started(host, "trap") as trap, started(host, "para") as para:
        source, target = (para, trap) if technique == "trap" else (trap, para)
        with pytest.raises(BadFileError):
            target.restore(source.save())


@TECHNIQUES
def test_a_damaged_snapshot_is_refused(technique: str) -> None:
    with Host(level="assist") as host, started(host, technique) as guest:
        guest.run(HALFWAY)
        snapshot = bytearray(guest.save())
        for at in range(0, len(snapshot), len(snapshot) // 50):
            snapshot[at] ^= 0x10
            with pytest.raises(BadFileError):
                guest.restore(bytes(snapshot))
            snapshot[at] ^= 0x10
        guest.restore(bytes(snapshot))
        assert end_of(guest)[1] == 0
