"""Hypercalls offered to an unmodified kernel: those that version names, to its kernel, by guest-physical addresses."""

from __future__ import annotations

import pytest
from support.hypercalls import CODE, HANDLER, MEMORY, asker, error, words

from toyvm.hypercalls import BY_NAME, OFFERED, VERSION
from toyvm.isa.control import INFO_FIELDS
from toyvm.testing.programs.assembly import op, to_bytes
from toyvm.testing.techniques import FULL, OFFERING

BUFFER = 0x8000
HYPERCALLS = next(field.mask for field in INFO_FIELDS if field.name == "hypercalls")


@pytest.mark.parametrize("technique", OFFERING)
def test_what_is_offered_is_what_version_says(technique: str) -> None:
    with asker(technique=technique) as ask:
        assert ask("version", 0) == VERSION[0] << 16 | VERSION[1]
        assert ask("version", 1) == sum(1 << BY_NAME[name].number for name in OFFERED)
        assert ask.guest.cr("info") & HYPERCALLS
        for call in BY_NAME.values():
            if call.name not in OFFERED:
                assert ask(call.name) == error("nosys"), call.name
        assert ask(len(BY_NAME)) == error("nosys")
        assert ask.guest.exits["hypercall"] == len(BY_NAME) - len(OFFERED) + 3
        assert ask.guest.hypercalls["version"] == 2
        assert ask.guest.hypercalls["none"] == 1
        assert sum(ask.guest.hypercalls.values()) == ask.guest.exits["hypercall"]


@pytest.mark.parametrize("technique", FULL)
def test_nothing_is_offered_where_it_was_not_asked_for(technique: str) -> None:
    with asker(technique=technique) as ask:
        ask.guest.set_cr("tvec", HANDLER)
        ask.run(CODE)
        assert (ask.guest.pc, ask.guest.cr("cause"), ask.guest.exits.get("hypercall")) == (HANDLER + 4, 4, None)


@pytest.mark.parametrize("technique", OFFERING)
def test_users_of_an_unmodified_kernel_make_no_hypercalls(technique: str) -> None:
    with asker(technique=technique) as ask:
        ask.guest.set_cr("tvec", HANDLER)
        ask.guest.set_cr("epc", CODE)
        ask.guest.set_cr("status", 1 << 24)
        ask.guest.write(0x5000, to_bytes([op("eret")]))
        ask.run(0x5000, count=2)
        assert (ask.guest.pc, ask.guest.cr("cause")) == (HANDLER + 4, 4)


@pytest.mark.parametrize("technique", OFFERING)
def test_addresses_are_guest_physical_under_full_virtualization(technique: str) -> None:
    with asker(technique=technique, input=b"typed") as ask:
        ask.guest.write(BUFFER, b"hello, world")
        assert ask("console_write", BUFFER, 12) == 12
        assert ask.guest.output == b"hello, world"
        assert ask("console_write", MEMORY - 4, 8) == error("fault")
        assert ask("console_read", MEMORY - 4, 8) == error("fault")
        assert ask("console_read", BUFFER, 3) == 3
        assert ask.guest.read(BUFFER, 3) == b"typ"
        number = BY_NAME["console_write"].number
        ask.guest.write(0x5000, words(number, 0, BUFFER, 3, 0, 0, 0, 0))
        assert ask("multicall", 0x5000, 1, 0) == 0
        assert ask.guest.output.endswith(b"typ")


@pytest.mark.parametrize("technique", OFFERING)
def test_an_unmodified_kernel_waits_and_stops_by_hypercall(technique: str) -> None:
    with asker(technique=technique) as ask:
        ask.guest.set_cr("timecmp", ask.guest.time + 700)
        ask.guest.set_cr("imask", 1)
        assert ask("block") == 0
        assert ask.guest.time == 700
        outcome = ask.run(CODE + 4 * BY_NAME["shutdown"].number, 9)
        assert (outcome.stop, outcome.exit_code) == ("exit", 9)


@pytest.mark.parametrize("technique", ["para", *OFFERING])
@pytest.mark.parametrize("number", [0, 7, 0x80000, 0xFFFFF])
def test_an_hcall_with_bits_where_it_has_none_is_no_instruction(technique: str, number: int) -> None:
    for bit in range(7, 12):
        with asker(technique=technique) as ask:
            ask.guest.write(CODE, (number << 12 | 1 << bit | op("hcall", 0)).to_bytes(4, "little"))
            fault = ask.run(CODE).fault
            assert fault is not None
            assert fault.origin.cause == "illegal_instruction"
            assert not ask.guest.hypercalls
