"""Techniques: the ways to execute a guest's kernel that there are, declared once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from toyvm.isa.machine import Level


class Build(StrEnum):
    """Which build of a source a technique takes."""

    PLAIN = "plain"  # the unmodified guest
    PARAVIRT = "paravirt"  # assembled with -D PARAVIRT: ported to the paravirtual interface


@dataclass(frozen=True, slots=True)
class TechniqueFacts:
    """One technique: the build it runs, the hardware levels it is offered on, and what it is."""

    name: str
    build: Build
    levels: tuple[Level, ...]
    description: str


# On the levels left out of a full virtualization its guests can tell: there no theorem of Popek and Goldberg applies.
TECHNIQUES: tuple[TechniqueFacts, ...] = (
    TechniqueFacts("bare", Build.PLAIN, (Level.CLASSIC, Level.HYBRID, Level.STRICT), "the guest owns the machine"),
    TechniqueFacts("trap", Build.PLAIN, (Level.STRICT,), "what is privileged traps, and is emulated"),
    TechniqueFacts("hybrid", Build.PLAIN, (Level.HYBRID, Level.STRICT), "the kernel is interpreted, user mode runs"),
    TechniqueFacts("para", Build.PARAVIRT, (Level.STRICT,), "the kernel is ported, and asks by hypercalls"),
)
LATER = ("rewrite", "assist", "container")

BY_NAME: dict[str, TechniqueFacts] = {technique.name: technique for technique in TECHNIQUES}
NAMES: tuple[str, ...] = tuple(BY_NAME)
