"""What the assembler's tests share: the words or bytes of a text, and the complaints about one."""

from __future__ import annotations

from typing import Any

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import AssemblyError, Diagnostic


def bytes_of(text: str, section: str = ".text", **options: Any) -> bytes:
    """What a section of the image holds."""
    image = assemble_text(text, **options).image
    (found,) = (each for each in image.sections if each.name == section)
    (data,) = (
        segment.data[found.address - segment.address :][: found.size]
        for segment in image.segments
        if segment.address <= found.address < segment.address + segment.size
    )
    return data


def words_of(text: str, **options: Any) -> list[int]:
    """The instruction words of .text."""
    data = bytes_of(text, **options)
    return [int.from_bytes(data[offset : offset + 4], "little") for offset in range(0, len(data), 4)]


def values_of(expressions: str, **options: Any) -> list[int]:
    """What a list of expressions is worth, as signed numbers of 64 bits."""
    data = bytes_of(f".dword {expressions}", **options)
    return [int.from_bytes(data[offset : offset + 8], "little", signed=True) for offset in range(0, len(data), 8)]


def complaints(text: str, **options: Any) -> tuple[Diagnostic, ...]:
    """Every complaint about a text that does not assemble."""
    with pytest.raises(AssemblyError) as caught:
        assemble_text(text, "t.s", **options)
    return caught.value.diagnostics


def complaint(text: str, **options: Any) -> Diagnostic:
    """The only complaint about a text."""
    (found,) = complaints(text, **options)
    return found
