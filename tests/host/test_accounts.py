"""What guests and monitor cost, and who is charged for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.guest_runs import GUESTS, image_of

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.host.scheduler import HostStop
from toyvm.host.stride import Client
from toyvm.isa.paging import PAGE_SIZE

MANY = 1_000
MEMORY = 1 << 20
IDLE = assemble_text("_start: wfi\n", "idle.s").image


def resident() -> int:
    """Bytes of memory behind this process."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system does not say how much memory a process has")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) << 10


def numbered(host: Host, number: int, technique: str = "trap") -> Guest:
    """A kernel whose echo program is told a number of its own."""
    guest = host.guest(technique, MEMORY, input=b"guest %d\n" % number)
    guest.load(image_of(GUESTS / "kernel" / "kernel.s", technique))
    return guest


def test_what_is_touched_is_in_use_and_nothing_else() -> None:
    with Host("64M") as host, host.guest("trap", "16M") as guest, host.guest("para", "16M") as other:
        guest.load(IDLE)
        before = host.account().guests[0].memory_used
        assert before <= 4 * PAGE_SIZE
        guest.write(5 * PAGE_SIZE, b"1" * 3 * PAGE_SIZE)
        account = host.account()
        assert account.guests[0].memory_used == before + 3 * PAGE_SIZE
        assert account.guests[1].memory_used == 0
        assert account.guests[0].memory == other.memory_size == 16 << 20
        assert account.memory_free == host.frames_free * PAGE_SIZE


def test_pages_that_guests_touch_are_on_the_host_s_account_as_on_theirs() -> None:
    with Host("16M") as host:
        empty = host.account()
        assert (empty.memory, empty.guests) == (16 << 20, ())
        one, other = host.guest("trap", "1M"), host.guest("para", "2M")
        made = host.account()
        assert made.memory_free == empty.memory_free - (3 << 20) - (made.memory_monitor - empty.memory_monitor)
        for guest, pages in ((one, 3), (other, 5), (one, 4)):
            first = max((page for page, _ in guest.pages()), default=0) + 1
            before = host.account()
            guest.write(first * PAGE_SIZE, b"1" * pages * PAGE_SIZE)
            after = host.account()
            assert after.memory_used - before.memory_used == pages * PAGE_SIZE
            used = [sum(each.memory_used for each in account.guests) for account in (before, after)]
            assert used[1] - used[0] == pages * PAGE_SIZE
            assert after.memory_free == before.memory_free
        one.close()
        assert host.account().memory_free >= made.memory_free + (1 << 20)


@pytest.mark.parametrize("techniques", [("trap", "para", "hybrid")])
def test_the_monitor_s_frames_are_on_the_account_of_the_guest_they_serve(techniques: tuple[str, ...]) -> None:
    with Host("64M", slice=10_000) as host:
        guests = [host.guest(technique, "2M") for technique in techniques]
        for guest, technique in zip(guests, techniques, strict=True):
            guest.load(image_of(GUESTS / "kernel" / "kernel.s", technique))
        host.run()
        account = host.account()
        parts = [guest.memory_monitor for guest in account.guests]
        assert all(parts)
        assert sum(parts) == account.memory_monitor == host.frames_monitor * PAGE_SIZE
        guests[1].close()
        account = host.account()
        assert sum(guest.memory_monitor for guest in account.guests) == account.memory_monitor == parts[0] + parts[2]


def test_the_accounts_of_time_and_instructions_add_up() -> None:
    with Host("64M", slice=10_000) as host:
        for number in range(3):
            numbered(host, number)
        host.run()
        account = host.account()
        assert account.clock == sum(guest.instructions for guest in account.guests)
        assert account.idle == 0
        guests = sum(guest.seconds for guest in account.guests)
        assert account.seconds == pytest.approx(guests + account.seconds_monitor)
        assert all(
            guest.exits == sum(other.exits.values()) for guest, other in zip(account.guests, host.guests, strict=True)
        )
        assert sum(guest.share_got for guest in account.guests) > 0.9


def test_each_guest_s_account_is_what_was_asked_for_and_what_it_says_of_itself() -> None:
    """Whatever it is up to; no two of them have a figure in common."""
    wanted = {
        "a": {"technique": "trap", "memory": 1 << 20, "share": 7, "cap": 100},
        "b": {"technique": "trap+flush", "memory": 2 << 20, "share": 300, "cap": 40},
        "c": {"technique": "para", "memory": 3 << 20, "share": 1, "cap": 99},
        "d": {"technique": "hybrid", "memory": 4 << 20, "share": 50, "cap": 5},
    }
    with Host("64M", slice=1_000) as host:
        for name, facts in wanted.items():
            numbered(host, len(host.guests), str(facts["technique"])).close()
            guest = host.guest(name=name, input=b"x\n", **facts)  # type: ignore[arg-type]
            guest.load(image_of(GUESTS / "kernel" / "kernel.s", str(facts["technique"])))
        host.guests[3].pause()
        host.run(40_000)
        host.guests[1].stop()
        host.run(40_000)
        account = host.account()
        assert (account.clock, account.idle) == (80_000, 80_000 - sum(each.ran for each in clients(host)))
        for found, guest in zip(account.guests, host.guests, strict=True):
            facts = wanted[found.name]
            assert {name: getattr(found, name) for name in facts} == facts
            assert (found.condition, found.instructions) == (str(guest.condition), guest.retired)
            assert found.exits == sum(guest.exits.values())
            there = 40_000 if found.name == "b" else 80_000
            assert found.share_got == pytest.approx(guest.seat.client.ran / there)
            assert found.seconds == guest.runner.seconds
        assert [each.condition for each in account.guests] == ["ready", "stopped", "ready", "paused"]
        assert account.seconds_monitor == pytest.approx(account.seconds - sum(each.seconds for each in account.guests))


def clients(host: Host) -> list[Client]:
    return [guest.seat.client for guest in host.guests]


@pytest.mark.slow
def test_a_thousand_guests_boot_the_kernel_each_with_its_own_output() -> None:
    """And what each costs beyond its memory in use stays below a MiB."""
    with Host(MANY * (MEMORY + (256 << 10)), slice=400_000) as host:
        before = resident()
        kinds = ("trap", "para", "hybrid", "trap+flush")
        guests = [numbered(host, number, kinds[number % len(kinds)]) for number in range(MANY)]
        assert host.run() is HostStop.DONE
        cost = resident() - before
        used = sum(guest.memory_used for guest in host.account().guests)
        assert [guest.outcome.exit_code for guest in guests if guest.outcome] == [0] * MANY
        for number, guest in enumerate(guests):
            assert b"echo: guest %d\n" % number in guest.output
        assert (cost - used) / MANY < 1 << 20
