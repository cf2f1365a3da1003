"""Whatever sources are linked: a model of where each byte goes says what the image is, symbols and lines included."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from toyvm.asm import Source, assemble
from toyvm.errors import AssemblyError
from toyvm.image import PF_R, PF_W, PF_X, Image
from toyvm.isa.paging import PAGE_SIZE

# In the order in which they are laid out: the known ones, then others as they come.
KNOWN = {".text": "ax", ".rodata": "a", ".data": "aw", ".bss": "aw"}
OTHERS = {"more.code": "ax", "z$": "aw", "_a": "a", ".bss.late": "aw"}
RIGHTS = {"ax": PF_R | PF_X, "a": PF_R, "aw": PF_R | PF_W}
WITHOUT_CONTENTS = (".bss", ".bss.late")


@dataclass
class Label:
    """One, with the data behind it."""

    name: str
    section: str
    offset: int  # in the source's part
    line: int
    data: bytes
    refers: str | None = None  # to a symbol, whose address is the data, with `more`
    more: int = 0
    binding: str = ""  # or globl, weak
    size: int | None = None


@dataclass
class Written:
    """A source, and what it says."""

    name: str
    lines: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)  # of its parts, in the order of their first lines
    alignments: dict[str, int] = field(default_factory=dict)


def write(random: Random, name: str, names: list[str]) -> Written:
    """Labels in sections, again and again, each with data of its own and an alignment before it."""
    made = Written(name, ["nop"], sizes={".text": 4}, alignments={".text": 4})
    for number in range(random.randint(1, 12)):
        section = random.choice([*KNOWN, *KNOWN, *OTHERS])
        flags = {**KNOWN, **OTHERS}[section]
        kind = ", @nobits" if section in WITHOUT_CONTENTS else ""
        made.lines.append(section if section in KNOWN else f'.section {section}, "{flags}"{kind}')
        made.sizes.setdefault(section, 0)
        made.alignments.setdefault(section, 4 if flags == "ax" else 1)
        align = random.choice([4, 8, 64] if flags == "ax" else [1, 2, 8, 16, 4096])
        made.alignments[section] = max(made.alignments[section], align)
        made.sizes[section] += -made.sizes[section] % align
        made.lines.append(f".balign {align}")
        label = Label(f"l{number}", section, made.sizes[section], len(made.lines) + 2, b"")
        if random.random() < 0.5 and names:
            label.name = names.pop(random.randrange(len(names)))
            label.binding = random.choice(["", "globl", "weak"])
        made.lines.append(f"{label.name}:")
        if section in WITHOUT_CONTENTS:
            label.data = bytes(random.randint(1, 50))
            made.lines.append(f".space {len(label.data)}")
        elif flags == "ax":
            label.data = random.randbytes(4 * random.randint(1, 3))
            made.lines.append(".word " + ", ".join(str(word) for word in memoryview(label.data).cast("I")))
        elif random.random() < 0.5 and made.labels:
            label.refers, label.more = random.choice(made.labels).name, random.choice([0, 5, -1])
            label.data = bytes(8)
            made.lines.append(f".dword {label.refers} + {label.more}")
        else:
            label.data = random.randbytes(random.randint(1, 9))
            made.lines.append(".byte " + ", ".join(map(str, label.data)))
        made.sizes[section] += len(label.data)
        made.labels.append(label)
        if label.binding:
            made.lines.append(f".{label.binding} {label.name}")
        if random.random() < 0.3:
            label.size = random.choice([0, 1, len(label.data)])
            made.lines.append(f".size {label.name}, {label.size}")
    return made


def sources(random: Random) -> list[Written]:
    """Some that have names in common, of which one at most is a strong one; others refer to them."""
    made = [write(random, f"{name}.s", ["f", "g", "longer_name", "h"]) for name in "abcd"[: random.randint(1, 4)]]
    strong: set[str] = set()
    for source in made:
        for label in source.labels:
            if label.binding == "globl" and label.name in strong:
                label.binding = "weak"
                source.lines = [
                    line.replace(".globl", ".weak") if line.endswith(f" {label.name}") else line
                    for line in source.lines
                ]
            elif label.binding == "globl":
                strong.add(label.name)
    return made


def places(made: list[Written], base: int) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, str], int]]:
    """Address and size of each section, and the address of each source's part of one."""
    there = list(dict.fromkeys(section for source in made for section in source.sizes))
    order = [section for section in (*KNOWN, *(one for one in there if one not in KNOWN)) if section in there]
    sections: dict[str, tuple[int, int]] = {}
    parts: dict[tuple[str, str], int] = {}
    position, before = base, None
    for section in order:
        flags = {**KNOWN, **OTHERS}[section]
        if before is not None:
            goes_on = {**KNOWN, **OTHERS}[before] == flags
            if not goes_on or (before in WITHOUT_CONTENTS and section not in WITHOUT_CONTENTS):
                position += -position % PAGE_SIZE
        mine = [source for source in made if section in source.sizes]
        position += -position % max(source.alignments[section] for source in mine)
        start = position
        for source in mine:
            position += -position % source.alignments[section]
            parts[source.name, section] = position
            position += source.sizes[section]
        sections[section] = (start, position - start)
        before = section if position > start else before
    return sections, parts


def owner(made: list[Written], name: str) -> tuple[Written, Label] | None:
    """Whose label all sources mean: the strong one, else the first weak one."""
    found = [(source, label) for source in made for label in source.labels if label.name == name and label.binding]
    return next((one for one in found if one[1].binding == "globl"), next(iter(found), None))


def at(image: Image, address: int, size: int) -> bytes:
    """What memory holds once the image is loaded."""
    segment = next(one for one in image.segments if one.address <= address < one.address + one.size)
    whole = segment.data + bytes(segment.size - len(segment.data))
    return whole[address - segment.address : address - segment.address + size]


@pytest.mark.parametrize("base", [0, 0x1000, 0x1040, 1 << 40])
@pytest.mark.parametrize("seed", range(15))
def test_every_byte_symbol_and_line_is_where_a_model_has_it(seed: int, base: int) -> None:
    random = Random(seed)
    made = sources(random)
    image = assemble([Source(source.name, "\n".join(source.lines)) for source in made], base=base).image
    sections, parts = places(made, base)
    assert {one.name: (one.address, one.size) for one in image.sections} == {
        name: where for name, where in sections.items() if where[1]
    }
    for one in image.sections:
        flags = {**KNOWN, **OTHERS}[one.name]
        assert one.flags == {"a": 2, "aw": 3, "ax": 6}[flags], "as ELF has them"
        (segment,) = (each for each in image.segments if each.address <= one.address < each.address + each.size)
        assert segment.flags == RIGHTS[flags]
        assert one.address + one.size <= segment.address + segment.size
        assert one.has_contents == (one.name not in WITHOUT_CONTENTS)
    assert image.entry == parts["a.s", ".text"]
    assert Image.from_bytes(image.to_bytes()) == image
    symbols: list[tuple[object, ...]] = []
    for source in made:
        for label in source.labels:
            address = parts[source.name, label.section] + label.offset
            assert image.lines.find(address) == (source.name, label.line)
            data = label.data
            if label.refers is not None:
                meant = owner(made, label.refers)
                own = next(one for one in source.labels if one.name == label.refers)
                theirs, target = (source, own) if not own.binding or meant is None else meant
                value = parts[theirs.name, target.section] + target.offset + label.more
                data = (value & ((1 << 64) - 1)).to_bytes(8, "little")
            assert at(image, address, len(data)) == data, label
            is_global = bool(label.binding) and owner(made, label.name) == (source, label)  # else it has yielded
            rest = label.section, label.size or 0, is_global and label.binding == "weak"
            symbols.append((label.name, address, is_global, *rest))
    assert sorted(map(tuple, image.symbols)) == sorted(symbols)


@pytest.mark.parametrize("there", ["", "f: nop", ".globl f\nf: nop", ".weak f\nf: nop", ".globl f\nf = 77"])
@pytest.mark.parametrize("used", ["", ".dword f", "li a0, 1\n .dword f + 1, f", "g = f + 2\n.globl g"])
@pytest.mark.parametrize("declared", ["", ".globl f", ".weak f", ".globl f\n.weak f"])
def test_a_name_means_what_another_source_shows_else_nothing_and_where_it_is_weak_0(
    declared: str, used: str, there: str
) -> None:
    sources = [Source("a.s", f"_start: nop\n{declared}\n{used}\n"), Source("b.s", f"nop\n{there}\n")]
    is_shown, is_weak = "." in there, ".weak" in declared
    complaint = None
    if not is_shown and not is_weak:
        complaint = "undefined symbol 'f'" if used else "symbol 'f' is declared global but defined nowhere"
        complaint = complaint if used or declared else None
    if complaint is not None:
        with pytest.raises(AssemblyError) as raised:
            assemble(sources)
        for found in raised.value.diagnostics:
            assert (found.file, found.message) == ("a.s", complaint)
            assert found.notes == (("    b.s defines it, but not as .globl",) if there and used else ())
        assert len(raised.value.diagnostics) == (used.count("f", 1) if ".dword" in used else 1)
        return
    image = assemble(sources).image
    value = 0 if not is_shown else 77 if "77" in there else image.entry + (len(text_of(image)) - 4)
    if ".dword f" in used:
        at_word = text_of(image)[4 if used.startswith(".dword") else 8 :]
        numbers = [int.from_bytes(at_word[start : start + 8], "little") for start in (0, 8)]
        assert numbers[:1] == [value] if used == ".dword f" else numbers == [value + 1, value]
    elif used:
        assert image.address_of("g") == value + 2


def text_of(image: Image) -> bytes:
    (section,) = (one for one in image.sections if one.name == ".text")
    return at(image, section.address, section.size)
