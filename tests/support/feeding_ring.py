"""A disk's ring that feeds itself: its requests read further ones, and their count, from the disk into its own page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from struct import pack

from toyvm.asm import assemble_text
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.hypercalls import DISK_READ, DISK_SLOT_SIZE, DISK_SLOTS, DISK_WRITE, RING_DATA
from toyvm.image import Image
from toyvm.isa.ports import SECTOR_SIZE as SECTOR
from toyvm.techniques import parse_variant

RING, ANSWERED = 0x10000, 0x10010
LATENCY = 1000
_ROUND = 33  # requests after which all is as it was, but for the slots: one more than there are
_FIRST, _SECOND, _BOOT, _KEPT, _DRAWN, _ONES = 0, 128, 300, 310, 311, 312  # sectors

# On a wait of 2**20 ticks some thousand requests are done; nobody is to be told of them.
_SOURCE = """
.include "t64.inc"
_start:
    li a0, RING_DISK
    li a1, 0x10000
    hcall HC_RING_SETUP
    li t0, 0x10000
    li t1, 16
    sd t1, 0(t0)            # req_prod: the template is there
    li t1, -1
    sd t1, 24(t0)           # rsp_event: never
    li a0, RING_DISK
    hcall HC_DOORBELL
    li a0, {ticks}
    li t0, 1
    {wait}
    li a0, 0
    hcall HC_SHUTDOWN
"""
_WAITS = {
    "wfi": "crw timecmp, a0\n crw imask, t0\n wfi",
    "block": "crw timecmp, a0\n li t0, 5\n crw imask, t0\n hcall HC_BLOCK",
    "block for the timer": "crw timecmp, a0\n crw imask, t0\n hcall HC_BLOCK",
    "para": "hcall HC_SET_TIMER\n li t1, SHARED_PAGE\n sd t0, 0x50(t1)\n hcall HC_BLOCK",
    "para disk": "hcall HC_SET_TIMER\n li t1, SHARED_PAGE\n li t0, 5\n sd t0, 0x50(t1)\n hcall HC_BLOCK",
}
WAITS = [
    *(("trap", "wfi"), ("trap", "block"), ("rewrite", "wfi")),
    *(("trap", "block for the timer"), ("assist", "block"), ("para", "para"), ("para", "para disk")),
]


def _request(operation: int, sector: int, count: int, address: int) -> bytes:
    return pack("<8Q", 7, operation, sector, count, address, 0, 0, 0)


def _numbered(number: int) -> bytes:
    """Request `number`: refills the slots, and raises req_prod to what req_event is, which is far ahead of it."""
    turn, place = divmod(number, _ROUND)
    slots = RING + RING_DATA
    if place == 0:
        return _request(DISK_WRITE, _KEPT, 1, RING + 8 - 504)
    if place in (1, 17):
        return _request(DISK_READ, (_FIRST if place == 1 else _SECOND) + 4 * (turn % DISK_SLOTS), 4, slots)
    if place == 18:
        return _request(DISK_READ, _KEPT, 1, RING - 504)
    if place > 18:
        return _request(DISK_READ, 0, 0, 0)  # refused, and answered
    return [
        _request(DISK_READ, _ONES, 1, RING - 504),
        _request(DISK_WRITE, _DRAWN, 1, RING + 8 - 504),
        _request(DISK_READ, _DRAWN, 1, RING - 504),
    ][(place - 2) % 3]


def _slots(first: int, count: int) -> bytes:
    slots = [bytes(DISK_SLOT_SIZE)] * DISK_SLOTS
    for number in range(first, first + count):
        slots[number % DISK_SLOTS] = _numbered(number)
    return b"".join(slots)


@cache
def _disk() -> bytes:
    disk = bytearray(320 * SECTOR)
    for turn in range(DISK_SLOTS):
        middle = _ROUND * turn + 16
        for at, slots in ((_FIRST, _slots(middle, 5)), (_SECOND, _slots(middle + 5, 28))):
            disk[(at + 4 * turn) * SECTOR : (at + 4 * turn + 4) * SECTOR] = slots
    disk[_ONES * SECTOR : (_ONES + 1) * SECTOR] = b"\xee" * SECTOR
    return bytes(disk)


@cache
def _image(wait: str, ticks: int) -> Image:
    return assemble_text(_SOURCE.format(wait=_WAITS[wait], ticks=ticks), "feeding.s").image


def feeding_guest(host: Host, technique: str, wait: str, ticks: int, name: str | None = None, **options: int) -> Guest:
    """A guest whose ring feeds itself while it waits for so many ticks."""
    variant = technique if technique == "para" else f"{technique}+hypercalls"
    guest = host.guest(variant, "1M", disk=bytearray(_disk()), disk_latency=LATENCY, name=name, **options)
    guest.write(RING + RING_DATA, _slots(0, 16))
    guest.load(_image(wait, ticks))
    return guest


@contextmanager
def feeding(technique: str, wait: str, ticks: int) -> Iterator[tuple[Host, Guest]]:
    with Host("8M", level=parse_variant(technique).level) as host:
        yield host, feeding_guest(host, technique, wait, ticks)


def answered(guest: Guest) -> int:
    """Requests that were done."""
    return int.from_bytes(guest.read(ANSWERED, 8), "little")
