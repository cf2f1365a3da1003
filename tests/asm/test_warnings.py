"""Warnings of what can only trap, and errors that say what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from support.assembling import complaint, words_of

from toyvm import Machine
from toyvm.asm import assemble_text
from toyvm.asm.diagnostics import MAXIMUM_COMPARED, did_you_mean
from toyvm.asm.doubts import doubt
from toyvm.cli import main
from toyvm.image import PF_R, PF_W, PF_X, Image, Segment
from toyvm.isa.coding import decode
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.declare import Group
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.ports import PORTS
from toyvm.testing import strategies

WARNED = {
    "crw time, a0": "control register time can only be read",
    "crw 8, a0": "control register time can only be read",
    "crx a1, info, a0": "control register info can only be read",
    "crr a0, 12": "there is no control register 12",
    "crw 16, a0": "there is no control register 16",
    "crr a0, -1": "there is no control register -1",
    "in a0, 0x77": "there is no port 0x77",
    "in a0, 8": "port power can only be written",
    "out 1, a0": "port console_in can only be read",
    "out later, a0\n.equ later, 0x99": "there is no port 0x99",
    "crw later, a0\n.equ later, 9": "control register ipend can only be read",
    "ld a0, 4(zero)": "address 4 is not a multiple of 8",
    "sh a0, -1(x0)": "address -1 is not a multiple of 2",
    "lw a0, later(zero)\n.equ later, 6": "address 6 is not a multiple of 4",
    "jr 2(zero)": "target 2 is not a multiple of 4",
    "jalr a0, 7(zero)": "target 6 is not a multiple of 4",
}
SILENT = (
    *(f"crr a0, {register.name}" for register in CONTROL_REGISTERS),
    *(f"crw {register.name}, a0" for register in CONTROL_REGISTERS if register.writable),
    *(f"in a0, {port.number}" for port in PORTS if port.read),
    *(f"out {port.number}, a0" for port in PORTS if port.write),
    *(
        "ld a0, 4(a1)",
        "lb a0, 1(zero)",
        "ld a0, 8(zero)",
        "jr 5(zero)",
        "jr 2(a0)",
        "sh a0, 2(zero)",
        ".word 0",
        "unimp",
    ),
)


@pytest.mark.parametrize("text", WARNED)
def test_what_can_only_trap_is_a_warning(text: str) -> None:
    (message,) = assemble_text(f"nop\n {text}", "t.s").messages
    assert message.split("\n")[0].endswith(f": warning: this can only trap: {WARNED[text]}")
    assert message.startswith("t.s:2:")


@pytest.mark.parametrize("text", SILENT)
def test_what_can_do_something_is_none(text: str) -> None:
    assert assemble_text(text).messages == ()


@given(strategies.words())
def test_what_is_warned_of_traps_on_the_machine(word: int) -> None:
    if doubt(word) is None:
        return
    with Machine("1M") as machine:
        machine.load(Image(0x1000, (Segment(0x1000, word.to_bytes(4, "little"), 4, PF_R | PF_W | PF_X),)))
        outcome = machine.run(max_instructions=1)
        assert (outcome.instructions, outcome.fault is not None) == (0, True)


@pytest.mark.parametrize("address", [1, 2, 4, 8])
@pytest.mark.parametrize("mnemonic", [row.mnemonic for row in INSTRUCTIONS if row.group is Group.MEMORY])
def test_every_load_and_store_that_traps_at_an_address_is_warned_of(mnemonic: str, address: int) -> None:
    (word,) = words_of(f"{mnemonic} a0, {address}(zero)")
    with Machine("1M") as machine:
        machine.load(Image(0x1000, (Segment(0x1000, word.to_bytes(4, "little"), 4, PF_R | PF_W | PF_X),)))
        assert (doubt(word) is not None) == (machine.run(max_instructions=1).fault is not None)


@pytest.mark.parametrize("number", range(32))
@pytest.mark.parametrize("form", ["crr a0, {}", "crw {}, a1", "crx a0, {}, a1", "in a0, {}", "out {}, a1"])
def test_every_control_register_and_port_that_traps_is_warned_of(form: str, number: int) -> None:
    (word,) = words_of(form.format(number))
    with Machine("1M", disk=bytearray(512)) as machine:
        machine.load(Image(0x1000, (Segment(0x1000, word.to_bytes(4, "little"), 4, PF_R | PF_W | PF_X),)))
        assert (doubt(word) is not None) == (machine.run(max_instructions=1).fault is not None)


@pytest.mark.parametrize("text", [text for text in WARNED if "\n" not in text])
def test_each_of_these_traps_on_the_machine(text: str) -> None:
    decoded = decode(words_of(text)[0])
    assert decoded is not None
    test_what_is_warned_of_traps_on_the_machine.hypothesis.inner_test(words_of(text)[0])
    assert doubt(words_of(text)[0]) is not None


def test_a_warning_points_at_its_operand_and_is_given_once() -> None:
    text = ".macro m\ncrw time, a0\n.endm\n.rept 5\n out 0x77, a0\n.endr\nm\n"
    first, second = (message.split("\n") for message in assemble_text(text, "t.s").messages)
    assert first == [
        "t.s:5:6: warning: this can only trap: there is no port 0x77",
        "     out 0x77, a0",
        "         ^~~~",
    ]
    assert second[-1] == "t.s:7: note: in expansion of macro 'm'"


def test_a_warning_is_printed_and_the_image_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, image = tmp_path / "w.s", tmp_path / "w.img"
    source.write_text("li a0, 7\nout 8, a0\nin a0, 0x77\n")
    assert main(["asm", str(source), "-o", str(image)]) == 0
    assert image.exists()
    assert f"{source}:3:8: warning: this can only trap" in capsys.readouterr().err
    assert main(["run", str(source)]) == 7
    assert f"{source}:3:8: warning: this can only trap" in capsys.readouterr().err


MEANT = {
    "ld a0, a1": ("not register 'a1'", "the address in it is written 0(a1)"),
    "sd a0, a1": ("not register 'a1'", "the address in it is written 0(a1)"),
    "sd a0, a1, t0": ("", "the address in it is written 0(a1)"),
    "addi a0 a0 1": ("too few operands: 1", "commas part them: addi a0, a0, 1"),
    "add a0, a1 a2": ("too few operands: 2", "commas part them: add a0, a1, a2"),
    "beq a0 a1 x": ("too few operands: 1", "commas part them: beq a0, a1, x"),
    "mv a0 a1": ("too few operands: 1", "commas part them: mv a0, a1"),
    "mret": ("unknown instruction", "RISC-V's mret is, on the T64, eret"),
    "sret": ("unknown instruction", "RISC-V's sret is, on the T64, eret"),
    "csrr a0, mcause": ("unknown instruction", "RISC-V's csrr is, on the T64, crr rd, cr"),
    "csrw mtvec, a0": ("unknown instruction", "RISC-V's csrw is, on the T64, crw cr, rs"),
    "csrrs a0, mstatus, a1": ("unknown instruction", "control registers are read by crr, written by crw"),
    "csrsi mstatus, 8": ("unknown instruction", "control registers are read by crr, written by crw"),
    "sfence.vma": ("unknown instruction", "RISC-V's sfence.vma is, on the T64, tlbi rs"),
    "rdcycle a0": ("unknown instruction", "crr rd, time"),
    "lr.w a0, (a1)": ("unknown instruction", "no atomic instruction"),
    "amoadd.w.aq a0, a1, (a2)": ("unknown instruction", "no atomic instruction"),
    "fadd.d fa0, fa1, fa2": ("unknown instruction", "there is no floating point"),
    "fld fa0, 0(a0)": ("unknown instruction", "there is no floating point"),
    "c.addi a0, 1": ("unknown instruction", "no compressed instructions"),
    "vsetvli a0, a1, e8": ("unknown instruction", "there are no vectors"),
    "adi a0, a0, 1": ("unknown instruction", "did you mean 'addi'?"),
}


@pytest.mark.parametrize("text", MEANT)
def test_an_error_says_what_was_meant(text: str) -> None:
    message, note = MEANT[text]
    found = complaint(f"nop\n{text}")
    assert message in found.message
    assert note in "".join(found.notes)


@pytest.mark.parametrize("word", ["wfi", "ecall", "ebreak", "fence.i", "fence rw, rw"])
def test_other_privileged_words_of_riscv_are_taken_as_they_are(word: str) -> None:
    assert decode(words_of(word)[0]) is not None


@pytest.mark.parametrize(("text", "value", "column"), [("crw late, a0", "8", 5), ("in a0, late", "0x77", 8)])
def test_a_warning_of_a_value_that_comes_late_points_at_the_same_operand(text: str, value: str, column: int) -> None:
    now = assemble_text(f"nop\n{text.replace('late', value)}", "t.s").messages
    then = assemble_text(f"nop\n{text}\n.equ late, {value}", "t.s").messages
    assert [each.split(": warning")[0] for each in (*now, *then)] == [f"t.s:2:{column}"] * 2


@pytest.mark.parametrize(("length", "meant"), [(MAXIMUM_COMPARED, True), (MAXIMUM_COMPARED + 1, False)])
def test_a_name_is_suggested_unless_it_is_very_long(length: int, meant: bool) -> None:
    name = "n" * length
    assert did_you_mean(name[1:-1] + "x", [name]) == ((f"    did you mean '{name}'?",) if meant else ())
    assert did_you_mean(name[:-1] + "x", ["n" * MAXIMUM_COMPARED]) == (
        (f"    did you mean '{'n' * MAXIMUM_COMPARED}'?",) if meant else ()
    )
