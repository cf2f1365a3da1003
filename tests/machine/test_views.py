"""Views of a computer's state against a list, a dictionary and a row of bytes, whatever is read and written."""

from __future__ import annotations

from random import Random

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.isa.registers import ABI_NAMES
from toyvm.machine.bare import Machine

SIZE = 64 << 10
NUMBERS = [0, 1, -1, 5, (1 << 63) - 1, -(1 << 63), 1 << 63, (1 << 64) - 1, 0x1234_5678_9ABC_DEF0]
TOO_LARGE = [1 << 64, -(1 << 63) - 1]
WIDTHS = {"byte": 1, "half": 2, "word": 4, "dword": 8}


@pytest.mark.parametrize("seed", range(6))
def test_registers_are_a_list_of_numbers_by_any_of_their_names(seed: int) -> None:
    random = Random(seed)
    with Machine(SIZE) as machine:
        model, registers = [0] * 32, machine.registers
        for _ in range(150):
            number, value = random.randrange(32), random.choice(NUMBERS)
            name = random.choice([number, f"x{number}", ABI_NAMES[number]])
            if number == 0 and value:
                with pytest.raises(UsageError, match="is always 0"):
                    registers[name] = value
            elif random.random() < 0.5 or not isinstance(name, str):
                registers[name] = value
                model[number] = value & ((1 << 64) - 1)
            else:
                setattr(registers, name, value)
                model[number] = value & ((1 << 64) - 1)
            assert [registers[one] for one in range(32)] == list(machine.x) == model
            assert [registers[f"x{one}"] for one in range(32)] == [machine.x[one] for one in range(32)] == model
            assert registers.as_dict() == {**dict(zip(ABI_NAMES, model, strict=True)), "pc": machine.pc}
            assert [getattr(registers, one) for one in registers] == model
        for value in TOO_LARGE:
            with pytest.raises(UsageError, match=f"register a0 cannot hold {value:#x}; it has 64 bits"):
                registers.a0 = value
        for key in (32, -1, "x32", "y", "X1"):
            with pytest.raises(UsageError):
                registers[key]
        registers.pc = 0x4000
        assert (machine.pc, registers["pc"], len(registers)) == (0x4000, 0x4000, 32)


@pytest.mark.parametrize("seed", range(6))
def test_memory_is_a_row_of_bytes_by_number_slice_and_symbol(seed: int) -> None:
    random = Random(seed)
    with Machine(SIZE) as machine:
        machine.load(assemble_text("_start: nop\n.data\n.globl there\nthere: .dword 5\n", "a.s").image)
        memory, model = machine.memory, bytearray(bytes(machine.memory))
        there = machine.address_of("there")
        assert len(memory) == len(model) == SIZE
        for _ in range(200):
            name = random.choice(list(WIDTHS))
            size, place = WIDTHS[name], random.choice([0, 1, there, SIZE - 8, random.randrange(SIZE - 8)])
            where = "there" if place == there else place
            value = random.choice([0, 1, -1, (1 << 8 * size) - 1, -(1 << 8 * size - 1), 1 << 8 * size - 1])
            getattr(memory, f"set_{name}")(where, value)
            model[place : place + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
            assert getattr(memory, name)(where) == value & ((1 << 8 * size) - 1)
            start, length = random.randrange(SIZE - 300), random.choice([0, 1, 7, 300])
            data = random.randbytes(length)
            memory[start : start + length] = random.choice([data, bytearray(data), memoryview(data)])
            model[start : start + length] = data
            memory[place] = random.randrange(256)
            model[place] = memory[place]
            for key in (slice(start, start + length), slice(None, place), slice(place, None), place):
                assert memory[key] == (model[key] if isinstance(key, int) else bytes(model[key]))
        assert bytes(memory) == bytes(model)
        pages = {start // 4096: bytes(model[start : start + 4096]) for start in range(0, SIZE, 4096)}
        assert dict(machine.pages()) == {number: page for number, page in pages.items() if any(page)}
        assert dict(machine.pages(5)) == {number: page for number, page in machine.pages() if number >= 5}


@pytest.mark.parametrize("name", WIDTHS)
def test_a_number_fits_its_bytes_and_a_place_its_memory(name: str) -> None:
    size = WIDTHS[name]
    with Machine(SIZE) as machine:
        memory = machine.memory
        for value in (1 << 8 * size, -(1 << 8 * size - 1) - 1):
            with pytest.raises(UsageError, match=f"{value:#x} does not fit {size} bytes"):
                getattr(memory, f"set_{name}")(0, value)
        getattr(memory, f"set_{name}")(SIZE - size, 1)
        for place in (SIZE - size + 1, SIZE, -1):
            with pytest.raises(UsageError, match=f"outside memory; it ends at {SIZE:#x}"):
                getattr(memory, name)(place)
            with pytest.raises(UsageError, match="outside memory"):
                getattr(memory, f"set_{name}")(place, 0)


def test_a_slice_is_never_cut_to_what_is_there_and_keeps_its_size() -> None:
    with Machine(SIZE) as machine:
        memory = machine.memory
        assert (memory[SIZE:SIZE], memory[5:5], memory[:0]) == (b"", b"", b"")
        for key in (slice(SIZE - 1, SIZE + 1), slice(-4, None), SIZE, -1):
            with pytest.raises(UsageError, match="outside memory"):
                memory[key]
        with pytest.raises(UsageError, match="the slice 0x5:0x4 ends before it starts"):
            memory[5:4]
        with pytest.raises(UsageError, match="no slices with step 2"):
            memory[0:8:2]
        for data, size in ((b"123", 2), (b"", 1), (b"1", 0)):
            with pytest.raises(UsageError, match=f"{len(data)} bytes do not fit a slice of {size}"):
                memory[0:size] = data
        for value in (256, -1):
            with pytest.raises(UsageError, match=f"byte of {value} is out of range; it takes 0..255"):
                memory[0] = value
        assert not any(bytes(memory))
