"""Accounts of a host: what each guest and the monitor have had of CPU and memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toyvm.isa.paging import PAGE_SIZE
from toyvm.native import ffi, lib

if TYPE_CHECKING:
    from toyvm.host.guest import Guest
    from toyvm.host.host import Host


@dataclass(frozen=True, slots=True)
class GuestAccount:
    """One guest. What the monitor did for it, its exits, is in its `seconds`, as Xen has it; its tables are apart."""

    name: str
    technique: str
    condition: str
    share: int
    cap: int  # percent of the host
    share_got: float  # of the host's ticks while it was there, 0..1
    instructions: int
    seconds: float  # CPU time in the host's runs, exits included
    exits: int
    memory: int  # bytes that it has, without what its balloon has given back
    memory_used: int  # of them in pages that were touched
    memory_monitor: int  # bytes of host memory for the monitor's tables of it


@dataclass(frozen=True, slots=True)
class HostAccount:
    """The host, and the monitor: its memory is its tables', its time what the runs took beside the guests."""

    clock: int  # ticks: instructions of all guests, and those that caps left unused
    idle: int  # of them, the latter
    seconds: float  # CPU time of the runs
    seconds_monitor: float  # of it: schedule, consoles and all else that is not on a guest's account
    memory: int  # bytes
    memory_free: int  # that no guest has been promised
    memory_used: int  # in pages that were touched
    memory_monitor: int  # for the monitor's tables
    guests: tuple[GuestAccount, ...]


def account_of(host: Host) -> HostAccount:
    """The account as it is now. Pages count as touched once anybody has read or written them."""
    frames = host.memory_size // PAGE_SIZE
    touched = ffi.new("uint8_t[]", frames)
    known = lib.t64_host_touched(host.native, touched, frames) == lib.T64_OK
    guests = tuple(_account_of_guest(guest, touched, frames) for guest in host.guests)
    schedule, seconds = host.sharing.schedule, host.sharing.seconds
    return HostAccount(
        clock=schedule.clock,
        idle=schedule.idle,
        seconds=seconds,
        seconds_monitor=max(0.0, seconds - host.sharing.seconds_of_guests),
        memory=host.memory_size,
        memory_free=host.frames_free * PAGE_SIZE,
        memory_used=bytes(touched).count(1) * PAGE_SIZE if known else 0,
        memory_monitor=host.frames_monitor * PAGE_SIZE,
        guests=guests,
    )


def _account_of_guest(guest: Guest, touched: object, frames: int) -> GuestAccount:
    return GuestAccount(
        name=guest.name,
        technique=guest.technique,
        condition=str(guest.condition),
        share=guest.share,
        cap=guest.cap,
        share_got=guest.seat.share_got,
        instructions=guest.retired,
        seconds=guest.runner.seconds,
        exits=sum(guest.exits.values()),
        memory=guest.reservation * PAGE_SIZE,
        memory_used=int(lib.t64_guest_frames_touched(guest.vm, touched, frames)) * PAGE_SIZE,
        memory_monitor=int(lib.t64_guest_frames_monitor(guest.vm)) * PAGE_SIZE,
    )
