"""Techniques: the ways to execute a guest's kernel that there are, and the options of each, declared once."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from toyvm.arguments import check_text
from toyvm.errors import UsageError
from toyvm.isa.machine import Level


class Build(StrEnum):
    """Which build of a source a technique takes."""

    PLAIN = "plain"  # the unmodified guest
    PARAVIRT = "paravirt"  # assembled with -D PARAVIRT: ported to the paravirtual interface


class Option(StrEnum):
    """What can be done in another way under a technique."""

    FLUSH = "flush"  # shadow tables are filled anew after each switch of address space
    ADAPTIVE = "adaptive"  # rewriting: sites that fault often are rewritten too
    SHADOW = "shadow"  # hardware assistance without nested paging
    HYPERCALLS = "hypercalls"  # hcall is offered to an unmodified kernel


class TechniqueFacts(NamedTuple):
    """One technique: the build it runs, the hardware levels it is offered on, its options, and what it is."""

    name: str
    build: Build
    levels: tuple[Level, ...]
    options: tuple[Option, ...]
    description: str

    @property
    def needs_guest_mode(self) -> bool:
        """Can it not so much as begin on hardware of another level?"""
        return self.levels == (Level.ASSIST,)


_STRICT = (Level.STRICT, Level.ASSIST)  # in host mode the same

# On the levels left out of a full virtualization its guests can tell: there no theorem of Popek and Goldberg applies.
TECHNIQUES: tuple[TechniqueFacts, ...] = (
    TechniqueFacts("bare", Build.PLAIN, tuple(Level), (), "the guest owns the machine"),
    TechniqueFacts(
        "trap", Build.PLAIN, _STRICT, (Option.FLUSH, Option.HYPERCALLS), "what is privileged traps, and is emulated"
    ),
    TechniqueFacts(
        "rewrite",
        Build.PLAIN,
        tuple(Level),
        (Option.FLUSH, Option.ADAPTIVE, Option.HYPERCALLS),
        "what is sensitive is replaced in the monitor's copy of the code",
    ),
    TechniqueFacts("hybrid", Build.PLAIN, (Level.HYBRID, *_STRICT), (), "the kernel is interpreted, user mode runs"),
    TechniqueFacts("para", Build.PARAVIRT, _STRICT, (), "the kernel is ported, and asks by hypercalls"),
    TechniqueFacts("assist", Build.PLAIN, (Level.ASSIST,), (Option.SHADOW, Option.HYPERCALLS), "it runs in guest mode"),
)
OFFERING = tuple(f"{facts.name}+{Option.HYPERCALLS}" for facts in TECHNIQUES if Option.HYPERCALLS in facts.options)
# What the lab compares unless it is told otherwise.
COMPARED: tuple[str, ...] = (
    *("bare", "trap", "hybrid", "rewrite", "rewrite+adaptive", "para", "assist", "assist+shadow"),
    *OFFERING,
)
LIKE_OWN = "trap"  # whose builds, hardware levels and prices a monitor in Python has
CONTAINER, UNDIVIDED = "container", "undivided"
# Ways to run a program of the guest operating system on the bare machine; nothing else can be run so.
SYSTEM_TECHNIQUES: tuple[TechniqueFacts, ...] = (
    TechniqueFacts(
        UNDIVIDED, Build.PLAIN, tuple(Level), (), "of the operating system's programs, its kernel without contexts"
    ),
    TechniqueFacts(
        CONTAINER, Build.PLAIN, tuple(Level), (), "of the operating system's programs, in a context of their own"
    ),
)
# What executes instructions, beneath every technique; the guests of a host have the native ones alone.
NATIVE_ENGINES = ("interpreter", "recompiler")
ENGINES: tuple[str, ...] = (*NATIVE_ENGINES, "reference")

BY_NAME: dict[str, TechniqueFacts] = {technique.name: technique for technique in TECHNIQUES}
NAMES: tuple[str, ...] = tuple(BY_NAME)
SYSTEM_NAMES: tuple[str, ...] = tuple(technique.name for technique in SYSTEM_TECHNIQUES)
WITHOUT_MONITOR = ("bare", *SYSTEM_NAMES)  # there nothing exits


class Variant(NamedTuple):
    """A technique with some of its options, written `technique+option+...`."""

    facts: TechniqueFacts
    options: frozenset[Option] = frozenset()

    @property
    def name(self) -> str:
        return "+".join((self.facts.name, *(option for option in Option if option in self.options)))

    @property
    def level(self) -> Level:
        """The hardware level that it is run on unless another one is asked for."""
        return Level.STRICT if Level.STRICT in self.facts.levels else self.facts.levels[-1]


def parse_variant(text: str) -> Variant:
    """The variant of that name that any guest can be run on. Raises UsageError, saying what there is."""
    variant = parse_any(text)
    if variant.facts in SYSTEM_TECHNIQUES:
        raise UsageError(
            f"technique {variant.facts.name} is for programs of the operating system; for any guest there are "
            f"{', '.join(NAMES)}"
        )
    return variant


def parse_any(text: str) -> Variant:
    """The variant of that name, those for the operating system's programs among them. Raises UsageError."""
    name, *options = check_text(text, "technique").split("+")
    facts = next((each for each in (*TECHNIQUES, *SYSTEM_TECHNIQUES) if each.name == name), None)
    if facts is None:
        raise UsageError(f"no technique {name!r}; there are {', '.join((*NAMES, *SYSTEM_NAMES))}")
    for option in options:
        if option not in facts.options:
            there_are = f"there are {', '.join(facts.options)}" if facts.options else "it has none"
            raise UsageError(f"technique {name} has no option {option!r}; {there_are}")
    return Variant(facts, frozenset(Option(option) for option in options))


def facts_of(variant: str) -> TechniqueFacts:
    """What is declared of the technique that a variant is of. Raises UsageError."""
    return parse_any(variant).facts
