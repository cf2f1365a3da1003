"""Builds of the lab's programs, each read or assembled once for all techniques that take it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.programs import defines_for, load_program
from toyvm.techniques import Build, facts_of

if TYPE_CHECKING:
    from toyvm.image import Image

BUILT_FOR = {Build.PLAIN: "bare", Build.PARAVIRT: "para"}  # a technique for each build, of all that take it


def shipped_build(program: Path | str, technique: str) -> Image:
    """The image of a shipped program as a technique takes it. Raises AssemblyError, and UsageError if there is none."""
    return _loaded(program, BUILT_FOR[facts_of(technique).build])


def assembled_build(text: str, name: str, technique: str) -> Image:
    """The same of a source's text. Raises AssemblyError."""
    return _assembled(text, name, BUILT_FOR[facts_of(technique).build])


@cache
def _loaded(program: Path | str, technique: str) -> Image:
    return load_program(program, technique)


@cache
def _assembled(text: str, name: str, technique: str) -> Image:
    from toyvm.asm import assemble_text

    return assemble_text(text, name, defines=defines_for(technique)).image
