"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from toyvm.errors import UsageError
from toyvm.numerals import read_number
from toyvm.techniques import CONTAINER, NAMES, Option, Variant, parse_variant

_NAME = re.compile(r"[A-Za-z_.$][\w.$]*", re.ASCII)


# A parser, or a group of its options under a heading.
Options = argparse._ActionsContainer


def add_source_options(parser: Options) -> None:
    """-D and -I, as the assembler takes them."""
    parser.add_argument(
        "-D", dest="defines", action="append", default=[], metavar="NAME[=VALUE]", help="define a symbol, 1 unless said"
    )
    parser.add_argument(
        "-I", dest="include", action="append", default=[], metavar="DIR", help="look for included files there too"
    )


_WAYS = (
    ("--shadow", ("cached", "flush"), Option.FLUSH, "shadow tables: cached by root, or filled anew after each switch"),
    (
        "--rewriting",
        ("static", "adaptive"),
        Option.ADAPTIVE,
        "rewrite sensitive instructions alone, or what faults often too",
    ),
    ("--nested", ("on", "off"), Option.SHADOW, "hardware assistance with nested paging, or with shadow tables"),
)


def add_technique_options(parser: Options, *, with_container: bool = False) -> None:
    """--technique, and each of its options under a name of its own."""
    metavar, names = "T", ", ".join(NAMES)
    if with_container:
        metavar, names = "TECHNIQUE", f"{names}, or, for programs of the operating system, {CONTAINER}"
    parser.add_argument("--technique", default="bare", metavar=metavar, help=f"of {names}; bare unless said")
    add_options_of_techniques(parser, tuple(Option))


def add_options_of_techniques(parser: Options, offered: Sequence[Option]) -> None:
    """An option for each of these; the others are taken, so as to be refused in words, but not shown."""
    for flag, (usual, other), option, what in _WAYS:
        text = f"{what}; {usual} unless said" if option in offered else argparse.SUPPRESS
        parser.add_argument(flag, choices=(usual, other), help=text)
    parser.add_argument("--hypercalls", action="store_true", help="offer hypercalls to an unmodified kernel")


def variant_of(arguments: argparse.Namespace) -> Variant:
    """The technique with its options, as the command line has them. Raises UsageError."""
    options = [option for flag, (_, other), option, _ in _WAYS if getattr(arguments, flag[2:]) == other]
    if arguments.hypercalls:
        options.append(Option.HYPERCALLS)
    variant = parse_variant(arguments.technique)
    for flag, _, option, _ in _WAYS:
        if getattr(arguments, flag[2:]) is not None and option not in variant.facts.options:
            raise UsageError(f"{flag} means nothing on technique {variant.facts.name}")
    return parse_variant("+".join((variant.name, *options)))


def parse_defines(texts: Sequence[str]) -> dict[str, int]:
    """Symbols and values of -D options. Raises UsageError."""
    defines = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not _NAME.fullmatch(name):
            raise UsageError(f"-D {text}: {name!r} is no symbol's name")
        defines[name] = parse_number(value, f"-D {name}") if equals else 1
    return defines


def parse_number(text: str, what: str) -> int:
    """A whole number. Raises UsageError."""
    try:
        return read_number(text)
    except ValueError as error:
        raise UsageError(f"{what}: {error}") from None


def parse_count(text: str | None, what: str) -> int | None:
    """A count: a whole number, 0 or more. Raises UsageError."""
    if text is None:
        return None
    value = parse_number(text, what)
    if value < 0:
        raise UsageError(f"{what} {value}: it is a count, 0 or more")
    return value


def parse_seconds(text: str | None, what: str) -> float | None:
    """A number of seconds, more than 0. Raises UsageError."""
    if text is None:
        return None
    try:
        value = float(text) if text.isascii() else float("none")
    except ValueError:
        raise UsageError(f"{what}: {text!r} is no number of seconds") from None
    if not 0 < value < float("inf"):
        raise UsageError(f"{what} {text}: it takes a number of seconds above 0")
    return value


def parse_choices(text: str | None, known: Sequence[str], what: str) -> list[str]:
    """A list separated by commas; all of `known` if there is none. Raises UsageError."""
    if text is None:
        return list(known)
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"{what} {name}: there are {', '.join(known)}")
    if not names:
        raise UsageError(f"{what}: name at least one of {', '.join(known)}")
    return list(dict.fromkeys(names))
