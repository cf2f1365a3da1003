"""Fused handlers: each runs a group of instructions after one dispatch, made from their one-line bodies in handlers.h.

fusions.txt names the groups, one a line. A member is a mnemonic, after a dot where each register operand comes from,
and after > where the result goes:

    lw.-  add.a5,#0>~  bne.#1,zero

    operand  -     any register             result  -     any register (and so if there is no >)
             @     what the instruction before      a5    this register
                   it computes, in a host register
             a5    this register
             #0    the result of that               =     the register of rs1
                   member, forwarded                ~     nowhere: a later member overwrites it
             ^0    the base of that member, whose
                   look into the TLB serves again

A group of one is an instruction with certain registers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toyvm.isa import INSTRUCTIONS
from toyvm.isa.registers import ABI_NAMES

NATIVE = Path(__file__).resolve().parent.parent
GROUP_MAX = 4

COMMUTATIVE = ("add", "addw", "and", "or", "xor", "mul", "mulw", "mulh", "mulhu", "beq", "bne")

ANY, SAME, NOWHERE, CARRIED = "-", "=", "~", "@"
_FIELDS = {"A": "RS1", "B": "RS2", "V": "RD"}

_NUMBERS = {row.mnemonic: n for n, row in enumerate(INSTRUCTIONS)}
_REGISTERS = {name: n for n, name in enumerate(ABI_NAMES)}


@dataclass(frozen=True)
class Body:
    """A line of handlers.h: what an instruction does, in terms of its operands A, B and V."""

    form: str
    text: str
    type: str = ""  # of memory accesses

    @property
    def operands(self) -> str:
        """The register operands, in the order in which fusions.txt tells their sources."""
        if self.form in ("LOAD", "STORE"):
            return "A" if self.form == "LOAD" else "AV"
        if self.form == "BRANCH":
            return "VA"
        return "".join(name for name in "AB" if re.search(rf"\b{name}\b", self.text))

    @property
    def writes(self) -> bool:
        return self.form in ("PLAIN", "LOAD", "JAL", "JALR")

    @property
    def ends_group(self) -> bool:
        return self.form in ("JAL", "JALR")


@cache
def bodies() -> dict[str, Body]:
    """What can be fused, by mnemonic."""
    lines = re.findall(
        r"^(PLAIN|LOAD|STORE|BRANCH)\((\w+), (.*)\)$",
        (NATIVE / "src" / "engine" / "interpreter" / "handlers.h").read_text(),
        re.M,
    )
    found = {}
    for form, mnemonic, text in lines:
        kind, _, value = text.partition(", ") if form in ("LOAD", "STORE") else ("", "", text)
        found[mnemonic] = Body(form, value, kind)
    return found | {"jal": Body("JAL", ""), "jalr": Body("JALR", "A + IMM")}


@dataclass(frozen=True)
class Member:
    """One instruction of a group: its sources by operand, and where its result goes ('' without one)."""

    mnemonic: str
    sources: tuple[str, ...]
    result: str

    @property
    def body(self) -> Body:
        return bodies()[self.mnemonic]

    @property
    def is_in_place(self) -> bool:
        """Is its result computed where its operand is, and so in no host register?"""
        return self.result == SAME and self.sources[0] == ANY

    def __str__(self) -> str:
        sources = f".{','.join(self.sources)}" if self.sources else ""
        return self.mnemonic + sources + (f">{self.result}" if self.result not in ("", ANY) else "")


Group = tuple[Member, ...]


def parse_group(line: str) -> Group:
    members = []
    for text in line.split():
        head, _, result = text.partition(">")
        mnemonic, _, sources = head.partition(".")
        writes = mnemonic in bodies() and bodies()[mnemonic].writes
        members.append(
            Member(mnemonic, tuple(sources.split(",")) if sources else (), result or (ANY if writes else ""))
        )
    return tuple(members)


@cache
def groups() -> tuple[Group, ...]:
    """Those of fusions.txt, by their first two members, in the order in which they are tried: long ones first, then
    those that save most."""
    lines = (line.partition(";")[0].strip() for line in (NATIVE / "fusions.txt").read_text().splitlines())
    found = [parse_group(line) for line in lines if line]
    for group in found:
        _check(group)
    assert len(set(found)) == len(found), "fusions.txt: a group stands there twice"
    return tuple(
        sorted(found, key=lambda group: (_beginning(group), -len(group), -_savings(group), list(map(str, group))))
    )


def _beginning(group: Group) -> list[int]:
    """The numbers of the first two mnemonics; a single one stands behind all pairs."""
    return [_NUMBERS[member.mnemonic] for member in group[:2]] + [len(_NUMBERS)] * (len(group) == 1)


def _check(group: Group) -> None:
    where = f"fusions.txt: {' '.join(map(str, group))}"
    assert 1 <= len(group) <= GROUP_MAX, f"{where}: 1 to {GROUP_MAX} members"
    for n, member in enumerate(group):
        assert member.mnemonic in bodies(), f"{where}: {member.mnemonic} cannot be fused"
        last = n == len(group) - 1
        assert len(member.sources) == len(member.body.operands), f"{where}: {member} has {member.body.operands}"
        assert last or not member.body.ends_group, f"{where}: {member} must come last"
        for source in member.sources:
            if source.startswith("#"):
                producer = group[int(source[1:])]
                assert producer in group[:n], f"{where}: {member}"
                assert producer.body.writes, f"{where}: {member}"
            elif source == CARRIED:
                assert n == 0, f"{where}: {member}"
                assert member.sources.count(CARRIED) == 1, f"{where}: {member}"
                assert member.sources.index(CARRIED) == member.body.operands.index("A"), f"{where}: {member}"
            elif source.startswith("^"):
                assert source is member.sources[0], f"{where}: {member}"
                assert member.body.form in ("LOAD", "STORE"), f"{where}: {member}"
                assert member.body.form in [other.body.form for other in group[int(source[1:]) : n][:1]], (
                    f"{where}: {member}"
                )
            else:
                assert source == ANY or source in _REGISTERS, f"{where}: {source}"
        assert (member.result != "") == member.body.writes, f"{where}: {member}"
        assert member.result != NOWHERE or not last, f"{where}: {member}"
        assert member.result != SAME or (member.body.operands[0] == "A" and member.sources[0] in (ANY, CARRIED)), (
            f"{where}: {member}"
        )


def _savings(group: Group) -> int:
    """By what bench/choose_fusions.py measured: a register that need not be read counts most."""
    results = {NOWHERE: 2, ANY: 0, "": 0}
    return sum(results.get(member.result, 1) + 6 * sum(source != ANY for source in member.sources) for member in group)


# The C text of a handler.


def _is_packed(member: Member) -> bool:
    """Does it need its rs1, and rs2 or the immediate too? Those are loaded at once."""
    loaded = [name for name, source in zip(member.body.operands, member.sources, strict=True) if source == ANY]
    takes_immediate = member.body.form in ("LOAD", "STORE") or "IMM" in member.body.text  # branches: only if taken
    return "A" in loaded and member.body.form != "BRANCH" and ("B" in loaded or takes_immediate)


def _place(group: Group, n: int, name: str) -> str:
    """The register that operand `name` (A, B or V) of member n stands in."""
    member = group[n]
    source = member.sources[member.body.operands.index(name)]
    if source in _REGISTERS:
        return f"x[{_REGISTERS[source]}]"
    numbers = {"A": f"ip[{n}].rs1", "B": f"(u32)ip[{n}].imm", "V": f"ip[{n}].rd"}
    if _is_packed(member):
        numbers |= {"A": f"RS1_IN({n})", "B": f"RS2_IN({n})"}
    return f"x[{numbers[name]}]"


def _operand(group: Group, n: int, name: str) -> str:
    source = group[n].sources[group[n].body.operands.index(name)]
    if source.startswith("#"):
        return f"r{source[1:]}"
    if source == CARRIED:
        return "carried"
    return "(u64)0" if source == "zero" else _place(group, n, name)


def _immediate(group: Group, n: int) -> str:
    return f"IMM_IN({n})" if _is_packed(group[n]) else f"IMM_OF({n})"


def _value(group: Group, n: int) -> str:
    """The text of a member's body with its operands in place."""
    replace = {name: _operand(group, n, name) for name in group[n].body.operands}
    replace |= {"IMM": _immediate(group, n), "PC": f"PC_OF({n})", "loaded": f"loaded{n}"}
    return re.sub(r"\b[A-Za-z]+\b", lambda word: replace.get(word[0], word[0]), group[n].body.text)


def _store(group: Group, n: int) -> str:
    result = group[n].result
    if result == SAME:
        return f"{_place(group, n, 'A')} = r{n};"
    place = f"x[{_REGISTERS[result]}]" if result in _REGISTERS else f"x[ip[{n}].rd]"
    return f"{place} = r{n};"


def _unstored(group: Group, n: int) -> str:
    """Store what is in host registers alone, before member n runs by itself. In order: a member before it may have
    overwritten a result that was not stored."""
    first = next((m for m in range(n) if group[m].result == NOWHERE), n)
    return " ".join(_store(group, m) for m in range(first, n) if group[m].result)


def _result(group: Group, n: int, value: str) -> Iterator[str]:
    yield f"u64 r{n} = {value};"
    if group[n].result != NOWHERE:
        yield _store(group, n)


def _probe(group: Group, n: int, table: str) -> Iterator[str]:
    """The host's address as host<n>: by a look into the TLB, or by the entry that an earlier member found."""
    type_, source = group[n].body.type, group[n].sources[0]
    again = source.startswith("^")
    first = int(source[1:]) if again else n
    if not again:
        yield f"u64 base{n} = {_operand(group, n, 'A')};"
    yield f"u64 gva{n} = base{first} + {_immediate(group, n)};"
    if not again:
        yield f"const struct tlb_data *entry{n} = &tlb->{table}[tlb_slot(gva{n})];"
    yield f"if (T64_UNLIKELY(entry{first}->tag != tlb_key(gva{n}, sizeof({type_})))) {{"
    yield f"    {_unstored(group, n)} ALONE({n});"
    yield "}"
    if not again:
        yield f"u64 addend{n} = entry{n}->addend;"
    yield f"u8 *host{n} = (u8 *)(uintptr_t)(addend{first} + gva{n});"


def _member(group: Group, n: int) -> Iterator[str]:
    body = group[n].body
    if _is_packed(group[n]):
        yield f"PACKED({n});"
    match body.form:
        case "PLAIN":
            yield from _result(group, n, _value(group, n))
        case "LOAD":
            yield from _probe(group, n, "load")
            yield f"{body.type} loaded{n};"
            yield f"memcpy(&loaded{n}, host{n}, sizeof loaded{n});"
            yield from _result(group, n, _value(group, n))
        case "STORE":
            yield from _probe(group, n, "store")
            yield f"{body.type} stored{n} = ({body.type}){_operand(group, n, 'V')};"
            yield f"memcpy(host{n}, &stored{n}, sizeof stored{n});"
        case "BRANCH":
            yield f"if ({_value(group, n)}) {{"
            yield f"    {_unstored(group, n)} TAKE({n});"
            yield "}"
        case "JAL":
            yield from _result(group, n, f"PC_OF({n}) + 4")
            yield f"TAKE({n});"
        case "JALR":
            yield f"u64 target{n} = {_value(group, n)};"
            if _unstored(group, n):
                yield f"if (T64_UNLIKELY(target{n} & 2)) {{ {_unstored(group, n)} ALONE({n}); }}"
            yield f"JUMP({n}, target{n});"


def handlers() -> Iterator[str]:
    """fused.inc: included by the fast build of dispatch.h."""
    for number, group in enumerate(groups()):
        yield f"fused_{number}: {{ /* {' '.join(map(str, group))} */"
        for n in range(len(group)):
            yield from (f"    {line}" for line in _member(group, n))
        if _carries(group):
            yield f"    carried = r{len(group) - 1};"
        yield "}" if group[-1].body.form in ("JAL", "JALR") else f"}} SKIP({len(group)});"


def _carries(group: Group) -> bool:
    """Does the next group find the last result in `carried`? (native/src/engine/code/fusion.c: member_carries)"""
    last = group[-1]
    return last.body.writes and not last.body.ends_group and not last.is_in_place


# What predecode matches code against.


def _kind(mnemonic: str) -> str:
    return f"INSN_{mnemonic.upper()}"


def _code(token: str) -> str:
    """A source or result in C."""
    names = {
        ANY: "ANY_REGISTER",
        SAME: "SAME_REGISTER",
        NOWHERE: "NO_REGISTER",
        "": "NO_REGISTER",
        CARRIED: "CARRIED_RESULT",
    }
    if token.startswith("#"):
        return f"RESULT_OF + {token[1:]}"
    if token.startswith("^"):
        return f"BASE_OF + {token[1:]}"
    return names[token] if token in names else str(_REGISTERS[token])


def _row(member: Member) -> str:
    sources = ", ".join(map(_code, member.sources)) or "ANY_REGISTER"
    return f"{{{_kind(member.mnemonic)}, {_code(member.result)}, {{{sources}}}}}"


def tables() -> Iterable[str]:
    """fusions.h: the groups, by the kind of their first member, as predecode looks for them."""
    yield f"enum {{ GROUP_MAX = {GROUP_MAX}, FUSION_COUNT = {len(groups())} }};"
    yield ""
    yield "/* X(number, label of the handler). */"
    yield "#define T64_FUSED(X) \\"
    yield from (f"    X({number}, fused_{number}) \\" for number in range(len(groups())))
    yield ""
    yield "/* By kind: its register operands, and what it does in a group. */"
    yield "#define T64_FUSIBLE \\"
    for mnemonic, body in bodies().items():
        fields = ", ".join(f"OPERAND_{_FIELDS[name]}" for name in body.operands) or "OPERAND_NONE"
        flags = (True, body.writes, body.ends_group, mnemonic in COMMUTATIVE)
        yield f"    [{_kind(mnemonic)}] = {{{{{fields}}}, {', '.join(map(_c, flags))}}}, \\"
    yield ""
    yield "#define T64_FUSIONS \\"
    for group in groups():
        members = ", ".join(map(_row, group))
        yield f"    {{{len(group)}, {{{members}}}}}, \\"
    yield ""


def _c(flag: bool) -> str:
    return str(flag).lower()
