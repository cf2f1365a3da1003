"""The ported kernel uses what its interface offers: events for interrupts, rings for devices, grants for neighbours."""

from __future__ import annotations

from support.guest_runs import GUESTS, TESTS, image_of
from support.hypercalls import Asker, asker_on, error

from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.hypercalls import GRANT_WRITABLE
from toyvm.isa.paging import PAGE_SIZE

KERNEL = GUESTS / "kernel" / "kernel.s"
STORY = (TESTS / "guests" / "kernel_output.txt").read_bytes()
MAGIC = int.from_bytes(b"KERNSTAT", "little")
THERE = 11 * PAGE_SIZE  # where a neighbour maps the status page
STATUS = dict(zip(("magic", "of", "uptime", "processes", "neighbours"), range(THERE, THERE + 40, 8), strict=True))


def kernel_on(host: Host) -> Guest:
    guest = host.guest("para", "16M")
    guest.load(image_of(KERNEL, "para"))
    return guest


def own_status(guest: Guest, name: str) -> int:
    page = _dword(guest, image_of(KERNEL, "para").address_of("status_page"))
    return _dword(guest, page + STATUS[name] - THERE)


def _dword(guest: Guest, address: int) -> int:
    return int.from_bytes(guest.read(address, 8), "little")


def make_room(ask: Asker) -> None:
    ask.set_handler()
    assert ask("update_va", THERE, 0, 1) == 0


def test_timer_and_console_come_over_event_channels() -> None:
    with Host("64M") as host, host.guest("para", "16M", input=b"a line\n") as guest:
        guest.load(image_of(KERNEL, "para"))
        outcome = guest.run()
        assert (outcome.stop, outcome.exit_code) == ("exit", 0)
        assert guest.hypercalls["event_bind_virq"] == 2
        assert b"echo: a line\n" in guest.output
        assert b"kernel: processes were preempted\n" in guest.output


def test_console_and_disk_have_a_ring_each_and_no_port_is_used() -> None:
    disk = bytearray(b"T64LABELof the ring\n".ljust(512, b"\0"))
    with Host("64M") as host, host.guest("para", "16M", disk=disk) as guest:
        guest.load(image_of(KERNEL, "para"))
        assert guest.run().exit_code == 0
        assert b"kernel: the disk says of the ring\n" in guest.output
        assert guest.hypercalls["ring_setup"] == 2
        assert not {"in", "out"} & guest.exits.keys()


def test_a_neighbour_reads_the_kernel_s_status_as_it_changes() -> None:
    with Host("64M") as host:
        kernel, neighbour = kernel_on(host), asker_on(host)
        kernel.run(100_000)
        make_room(neighbour)
        assert neighbour("grant_map", 1, 0, THERE, 0) == 0
        assert neighbour.load(STATUS["magic"]) == MAGIC
        assert (neighbour.load(STATUS["of"]), neighbour.load(STATUS["neighbours"])) == (1, 1)
        early = [neighbour.load(STATUS[name]) or 0 for name in ("uptime", "processes")]
        assert kernel.run().exit_code == 0
        late = [neighbour.load(STATUS[name]) or 0 for name in ("uptime", "processes")]
        assert 0 < early[0] < late[0] <= kernel.time
        assert 0 < early[1] < late[1]
        assert kernel.output == STORY


def test_a_neighbour_can_only_read_it() -> None:
    with Host("64M") as host:
        kernel, neighbour = kernel_on(host), asker_on(host)
        kernel.run(100_000)
        make_room(neighbour)
        assert neighbour("grant_map", 1, 0, THERE, GRANT_WRITABLE) == error("perm")
        assert neighbour("grant_map", 1, 0, THERE, 0) == 0
        assert not neighbour.store(STATUS["processes"], 0)
        assert own_status(kernel, "processes") > 0


def test_kernels_on_one_host_greet_one_another_and_not_the_unmodified() -> None:
    with Host("128M") as host:
        kernels = [kernel_on(host) for _ in range(3)]
        host.guest("trap", "1M").pause()
        host.run()
        assert [kernel.output for kernel in kernels] == [STORY] * 3
        assert [own_status(kernel, "of") for kernel in kernels] == [1, 2, 3]
        assert [own_status(kernel, "neighbours") for kernel in kernels] == [2, 2, 2]


def test_a_kernel_alone_grants_nothing() -> None:
    with Host("64M") as host, kernel_on(host) as kernel:
        kernel.run(100_000)
        assert own_status(kernel, "neighbours") == 0
