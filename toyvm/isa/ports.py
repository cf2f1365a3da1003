"""Ports: the devices as `in` and `out` reach them."""

from __future__ import annotations

from typing import NamedTuple

SECTOR_SIZE = 512
DISK_CACHE_WRITES = 1024  # that a power cut may undo


class Port(NamedTuple):
    """One port. `in` from a port without `read`, or `out` to one without `write`, is an illegal instruction."""

    name: str
    number: int
    device: str
    read: str | None
    write: str | None


# fmt: off
PORTS: tuple[Port, ...] = (
    Port("console_out",  0x00, "console", None, "write byte [7:0]"),
    Port("console_in",   0x01, "console", "take the next byte: 0..255; -1 none is there yet; -2 the input has ended", None),
    Port("console_stat", 0x02, "console", "bit 0: a byte waits; bit 1: the input has ended and every byte was taken", None),
    Port("power",        0x08, "power",   None, "stop the machine; the value is the exit code, unsigned 64 bits"),
    Port("clock",        0x10, "clock",   "wall clock: nanoseconds since the Unix epoch, the configured base plus `time` (1 ns a tick), modulo 2**64", None),
    Port("disk_sectors", 0x18, "disk",    "number of 512-byte sectors; 0 without a disk", None),
    Port("disk_sector",  0x19, "disk",    "the sector number last written; 0 after reset", "choose a sector"),
    Port("disk_command", 0x1A, "disk",    None, "start: 1 read the sector into the buffer, 2 write the buffer to the sector, 3 flush; "
                                                "data moves at completion, and the buffer's position returns to 0 both now and then"),
    Port("disk_status",  0x1B, "disk",    "bit 0: busy; bit 1: completed, interrupt pending; bit 2: the last command failed",
                                          "acknowledge: clears bits 1 and 2; the value is ignored"),
    Port("disk_data",    0x1C, "disk",    "the buffer's next 8 bytes, little-endian; the position moves on, from 64 back to 0",
                                          "store 8 bytes into the buffer; the position moves on, from 64 back to 0"),
)
# fmt: on

CONSOLE_RULES: tuple[str, ...] = (
    "The bytes of a file or pipe, and their end, are there from count 0 on; a terminal's are there once they have arrived.",
    "Once the end has been read, every further reading gives -2 again and no interrupt is pending any more.",
    "in with x0 as rd takes the byte, as it has the effect of any port, and drops it.",
)
DISK_RULES: tuple[str, ...] = (
    "A command completes a configured number of ticks after the `out` retired: at the first instruction boundary with "
    "time >= start + latency, where start is `time` after that `out`.",
    "A command other than 1, 2 and 3, a sector that does not exist, or a write to a read-only disk fails: it completes "
    "with bit 2 set and moves no data. The sector is looked at when the command starts, and not at all for a flush, which "
    "fails only without a disk.",
    "A command given while another is busy is ignored and sets bit 2 at once; the busy one goes on.",
    "Data written to the buffer while a read is busy is overwritten when it completes.",
    "Bits 1 and 2 of the status stay until they are acknowledged: neither a further command nor one that succeeds clears them. "
    "Acknowledging while a command is busy clears both and leaves the command alone.",
    "What is written is in the disk's write cache first, where reading finds it. A flush that completes has put all of it on the "
    "medium. At most "
    f"{DISK_CACHE_WRITES} writes, of one sector each, wait for that: a further one puts the oldest on the medium.",
    "When the power is cut each sector has what the medium holds of it, or what any one of the waiting writes has put into it, "
    "whatever becomes of others: they have reached the medium in any order and in any subset, each whole. A command under way has "
    "done nothing.",
    "Only a power cut loses writes. A machine that stops by itself, by the power port too, puts all of them on the medium.",
    "A disk without a write cache puts each write on the medium when it completes. A flush takes its time there, too.",
    "Without a disk every command fails in its time, as one for a sector that does not exist.",
)

BY_NAME: dict[str, Port] = {port.name: port for port in PORTS}
BY_NUMBER: dict[int, Port] = {port.number: port for port in PORTS}

assert len(BY_NAME) == len(BY_NUMBER) == len(PORTS), "a port is declared twice"
