"""Where code ends: execution that ran past it, and memory in which there never was any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toyvm.isa.coding import decode
from toyvm.machine.outcome import Trapped

if TYPE_CHECKING:
    from toyvm.image import Image
    from toyvm.machine.diagnosis import Inspectable

_FETCH = ("fetch_page_fault", "fetch_access_fault")
_NEVER_GOES_ON = ("eret",)
_JUMPS = ("jal", "jalr")  # whose first operand, the link, is x0 where nothing comes back


def is_empty(computer: Inspectable) -> bool:
    """Has nothing been loaded, and is there nothing in memory that was put there by hand?"""
    return computer.image is None and next(computer.pages(), None) is None


def end_run_past(computer: Inspectable, origin: Trapped) -> str | None:
    """What ended at `origin`, behind an instruction that leads there; None unless execution ran past it.

    There is a zero word, which is no instruction, or nothing that can be fetched. One within a section is its author's.
    """
    word = computer.instruction_at(origin.pc)
    ends = word == 0 if origin.cause == "illegal_instruction" else origin.cause in _FETCH and word is None
    before = computer.instruction_at(origin.pc - 4) if ends and origin.pc >= 4 else None
    if before is None or not _goes_on(before):
        return None
    if computer.image is None:
        return "the code"
    return _ended(computer.image, {origin.pc, (computer.translate(origin.pc - 4) or 0) + 4})


def _goes_on(word: int) -> bool:
    """Is it an instruction that can lead to the one behind it?"""
    decoded = decode(word)
    if decoded is None or decoded.instruction.mnemonic in _NEVER_GOES_ON:
        return False
    return decoded.instruction.mnemonic not in _JUMPS or decoded.values[0] != 0


def _ended(image: Image, places: set[int]) -> str | None:
    """The section, or where the image names none the segment's code, that ends at one of these addresses."""
    for section in image.sections:
        if section.address + section.size in places:
            return section.name
    if any(segment.address + len(segment.data) in places for segment in image.segments):
        return "the code"
    return None
