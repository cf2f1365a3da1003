"""RAM: bytes from physical address 0 on."""

from __future__ import annotations

from collections.abc import Iterator

from toyvm.errors import UsageError
from toyvm.isa.machine import MAXIMUM_MEMORY, MINIMUM_MEMORY
from toyvm.isa.paging import PAGE_SIZE

_ZERO_PAGE = bytes(PAGE_SIZE)


class Memory:
    """The one door to the machine's RAM. The machine asks `holds` first; a host's mistake raises UsageError."""

    def __init__(self, size: int) -> None:
        if size % PAGE_SIZE or not MINIMUM_MEMORY <= size <= MAXIMUM_MEMORY:
            raise UsageError(
                f"memory of {size} bytes; it takes a multiple of {PAGE_SIZE} from {MINIMUM_MEMORY} to {MAXIMUM_MEMORY}"
            )
        self.size = size
        self._ram = bytearray(size)

    def holds(self, address: int) -> bool:
        """Is there RAM at this physical address? (Aligned accesses do not cross the end.)"""
        return address < self.size

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self._ram[address : address + size], "little")

    def store(self, address: int, size: int, value: int) -> None:
        self._ram[address : address + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def read(self, address: int, size: int) -> bytes:
        """A copy of any range, for the host."""
        self._check(address, size)
        return bytes(self._ram[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        """Fill any range, for the host."""
        self._check(address, len(data))
        self._ram[address : address + len(data)] = data

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Number and contents of every page that is not all zero."""
        view = memoryview(self._ram)
        for start in range(0, self.size, PAGE_SIZE):
            page = view[start : start + PAGE_SIZE]
            if page != _ZERO_PAGE:
                yield start // PAGE_SIZE, bytes(page)

    def _check(self, address: int, size: int) -> None:
        if address < 0 or size < 0 or address + size > self.size:
            raise UsageError(f"{size} bytes at {address:#x} do not lie within the memory of {self.size:#x} bytes")
