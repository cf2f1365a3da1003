"""What a person sees of toyvm's objects at a prompt: short, and complete on tab."""

from __future__ import annotations

import pydoc

import pytest

from toyvm import Guest, Host, Machine, assemble_text, load_program
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.registers import ABI_NAMES


@pytest.mark.parametrize("engine", ["interpreter", "reference"])
def test_registers_complete_on_tab_by_name(engine: str) -> None:
    with Machine("64K", engine=engine) as machine:
        assert {*ABI_NAMES, "pc"} <= {*dir(machine.registers)}
        assert {register.name for register in CONTROL_REGISTERS} <= {*dir(machine.control)}


def test_what_is_shown_is_a_line() -> None:
    kernel = load_program("kernel")
    assembly = assemble_text("_start: nop")
    size = sum(segment.size for segment in kernel.segments)
    assert repr(kernel) == f"<Image of {size} bytes, {len(kernel.symbols)} symbols, entry {kernel.entry:#x}>"
    with Machine("64K") as machine, Host() as host, host.guest(memory="64K") as guest:
        machine.load(assembly)
        shown = [kernel, *kernel.segments, assembly, machine, host, guest, machine.memory, machine.run(1)]
        memory = machine.memory
        assert repr(memory) == "<Memory of 65536 bytes>"
        assert max(len(repr(one)) for one in shown) < 200
    assert repr(memory) == "<Memory: this machine is closed>"


@pytest.mark.parametrize("cls", [Machine, Guest])
def test_help_names_registers_control_and_memory(cls: type) -> None:
    text = pydoc.plain(pydoc.render_doc(cls))
    assert all(f"`{name}`" in text for name in ("registers", "control", "memory"))
