"""Views of a computer's state: registers and control registers by name, memory by slice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from toyvm.arguments import check_bytes, check_integer, check_text, check_within, unknown_name
from toyvm.errors import UsageError
from toyvm.isa.control import ALL_BITS
from toyvm.isa.control import BY_NAME as CONTROL
from toyvm.isa.registers import ABI_NAMES, REGISTERS

if TYPE_CHECKING:
    from toyvm.machine.computer import Computer


def _unsigned(value: int, name: str) -> int:
    """`value` as 64 bits; negative numbers are two's complement."""
    value = check_integer(value, name)
    if not -(1 << 63) <= value <= ALL_BITS:
        raise UsageError(f"{name} cannot hold {value:#x}; it has 64 bits")
    return value & ALL_BITS


class Registers:
    """Registers and pc, to read and write: `registers.a0`, `registers["x10"]`, `registers[10]`, `registers.pc`."""

    __slots__ = ("_computer",)
    _computer: Computer

    def __init__(self, computer: Computer) -> None:
        object.__setattr__(self, "_computer", computer)

    def __getitem__(self, key: str | int) -> int:
        state = self._computer.native_state
        return int(state.pc if key == "pc" else state.x[_register_number(key)])

    def __setitem__(self, key: str | int, value: int) -> None:
        state = self._computer.native_state
        bits = _unsigned(value, f"register {key}")
        if key == "pc":
            state.pc = bits
        elif number := _register_number(key):
            state.x[number] = bits
        elif bits:
            raise UsageError(f"register {key} is always 0; it cannot hold {bits:#x}")

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: int) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *ABI_NAMES, "pc"]

    def __iter__(self) -> Iterator[str]:
        return iter(ABI_NAMES)

    def __len__(self) -> int:
        return len(ABI_NAMES)

    def as_dict(self) -> dict[str, int]:
        """Every general register by ABI name, and pc."""
        return {name: self[name] for name in (*ABI_NAMES, "pc")}

    def __repr__(self) -> str:
        return _shown("Registers", self.as_dict)


def _shown(name: str, as_dict: Callable[[], dict[str, int]]) -> str:
    """For a debugger or a log, which must not fail on a closed computer, or on one that another thread uses."""
    try:
        return f"{name}(" + ", ".join(f"{key}={value:#x}" for key, value in as_dict().items()) + ")"
    except UsageError as error:
        return f"<{name}: {error}>"


def _register_number(key: str | int) -> int:
    if not isinstance(key, str):
        key = check_integer(key, "register")
        if not 0 <= key < len(ABI_NAMES):
            raise UsageError(f"no register {key}; they are 0..{len(ABI_NAMES) - 1}")
        return key
    if key not in REGISTERS:
        raise unknown_name("register", key, REGISTERS)
    return REGISTERS[key]


class ControlRegisters:
    """Control registers as the kernel reads and writes them: `control.tvec`, `control["ptbr"]`."""

    __slots__ = ("_computer",)
    _computer: Computer

    def __init__(self, computer: Computer) -> None:
        object.__setattr__(self, "_computer", computer)

    def __getitem__(self, name: str) -> int:
        return self._computer.read_control(_control_number(name))

    def __setitem__(self, name: str, value: int) -> None:
        number = _control_number(name)
        self._computer.write_control(number, _unsigned(value, f"control register {name}"))

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: int) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *CONTROL]

    def __iter__(self) -> Iterator[str]:
        return iter(CONTROL)

    def __len__(self) -> int:
        return len(CONTROL)

    def as_dict(self) -> dict[str, int]:
        return {name: self[name] for name in CONTROL}

    def __repr__(self) -> str:
        return _shown("ControlRegisters", self.as_dict)


def _control_number(name: str) -> int:
    if check_text(name, "control register") not in CONTROL:
        raise unknown_name("control register", name, CONTROL)
    return CONTROL[name].number


class Memory:
    """Guest-physical memory: `memory[0x1000:0x1010]` is bytes, `memory[0x1000]` one byte; both may be assigned.

    `byte`, `half`, `word` and `dword` read little-endian numbers at an address or at a symbol of the loaded image, and
    their `set_` forms write them. A range outside memory is a UsageError that says value and limit.
    """

    __slots__ = ("_computer",)

    def __init__(self, computer: Computer) -> None:
        self._computer = computer

    def __repr__(self) -> str:
        try:
            return f"<Memory of {len(self)} bytes>"
        except UsageError as error:
            return f"<Memory: {error}>"

    def __len__(self) -> int:
        return self._computer.memory_size

    def __getitem__(self, key: int | slice) -> Any:
        address, size = self._range(key)
        data = self._computer.read(address, size)
        return data if isinstance(key, slice) else data[0]

    def __setitem__(self, key: int | slice, value: bytes | int) -> None:
        address, size = self._range(key)
        if not isinstance(key, slice):
            value = bytes([check_within(check_integer(value, "byte"), 0, 255, "byte")])
        data = check_bytes(value, "slice of memory")
        if len(data) != size:
            raise UsageError(f"{len(data)} bytes do not fit a slice of {size}; memory has a fixed size")
        self._computer.write(address, data)

    def __bytes__(self) -> bytes:
        return self._computer.read(0, len(self))

    def _range(self, key: int | slice) -> tuple[int, int]:
        """Address and size of a key; unlike a list, memory never cuts a slice to what is there."""
        if not isinstance(key, slice):
            return check_integer(key, "address"), 1
        if key.step not in (None, 1):
            raise UsageError(f"memory has no slices with step {key.step}")
        start = 0 if key.start is None else check_integer(key.start, "address")
        stop = len(self) if key.stop is None else check_integer(key.stop, "address")
        if start > stop:
            raise UsageError(f"the slice {start:#x}:{stop:#x} ends before it starts")
        return start, stop - start

    def byte(self, where: int | str) -> int:
        return self._number(where, 1)

    def half(self, where: int | str) -> int:
        return self._number(where, 2)

    def word(self, where: int | str) -> int:
        return self._number(where, 4)

    def dword(self, where: int | str) -> int:
        return self._number(where, 8)

    def set_byte(self, where: int | str, value: int) -> None:
        self._set_number(where, 1, value)

    def set_half(self, where: int | str, value: int) -> None:
        self._set_number(where, 2, value)

    def set_word(self, where: int | str, value: int) -> None:
        self._set_number(where, 4, value)

    def set_dword(self, where: int | str, value: int) -> None:
        self._set_number(where, 8, value)

    def _number(self, where: int | str, size: int) -> int:
        return int.from_bytes(self._computer.read(self._computer.address_of(where), size), "little")

    def _set_number(self, where: int | str, size: int, value: int) -> None:
        value = check_integer(value, "number")
        if not -(1 << (8 * size - 1)) <= value < 1 << (8 * size):
            raise UsageError(f"{value:#x} does not fit {size} bytes")
        bits = value & ((1 << (8 * size)) - 1)
        self._computer.write(self._computer.address_of(where), bits.to_bytes(size, "little"))


class GeneralRegisterList:
    """The general registers as a list of 32 numbers, for code that is written against the reference."""

    __slots__ = ("_computer",)

    def __init__(self, computer: Computer) -> None:
        self._computer = computer

    def __len__(self) -> int:
        return len(ABI_NAMES)

    def __getitem__(self, number: int) -> int:
        return int(self._computer.native_state.x[_register_number(number)])

    def __setitem__(self, number: int, value: int) -> None:
        self._computer.registers[number] = value

    def __iter__(self) -> Iterator[int]:
        return iter(self._computer.native_state.x[0:32])
