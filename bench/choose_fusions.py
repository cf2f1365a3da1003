"""Choose the groups of instructions that native/fusions.txt lists, by what the training programs execute.

    python bench/choose_fusions.py            profile them, choose, and write the list

Greedy: of all groups that occur, the one that saves most is taken, until there are LIMIT or none saves FLOOR. Savings
are estimated host instructions an instruction, summed over the programs *without the one that gains most*: what helps a
single program alone is not taken, for it says nothing about others. What is taken then gets its variants: groups differ
in whether results are carried between them, which says more about neighbours than about what a group is worth. None of
the reported programs is looked at.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from operator import mul
from pathlib import Path
from typing import NamedTuple

from toyvm.isa.paging import PAGE_SIZE

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "native" / "builder"), str(ROOT / "bench")]

from fusion import ANY, CARRIED, COMMUTATIVE, GROUP_MAX, NOWHERE, SAME, Body, Group, Member, bodies  # noqa: E402
from peers.programs import Program, compile_riscv, programs_of  # noqa: E402

from toyvm import Machine  # noqa: E402
from toyvm.importer import Options, import_file  # noqa: E402
from toyvm.isa import decode  # noqa: E402
from toyvm.isa.registers import ABI_NAMES  # noqa: E402

LIMIT = 700  # groups: compilers take time that grows with the square of it
FLOOR = 0.001
AT_ONCE = 12  # groups taken before the programs are divided into groups anew, if none has the mnemonics of another
WINDOWS = (1_000_000, 3_000_000, 6_000_000)  # instructions retired where a stretch is looked at
STRETCH = 30_000

# In host instructions, at 50 ps each: fitted to how long programs took with seven other lists. What is read from a
# register costs most, for it was written there a moment ago.
DISPATCH, SOURCE, LOOK = 3.0, 8.5, 1.5


class Instruction(NamedTuple):
    mnemonic: str  # '' for what cannot be fused
    rd: int = 0
    rs1: int = 0
    rs2: int = 0
    takes: bool = False  # what the one before it computes, as its rs1
    gives: bool = False  # what it computes to the next one so

    @property
    def operands(self) -> tuple[int, ...]:
        fields = {"A": self.rs1, "B": self.rs2, "V": self.rd}
        return tuple(fields[name] for name in bodies()[self.mnemonic].operands)

    @property
    def result(self) -> int | None:
        return self.rd if bodies()[self.mnemonic].writes else None


class Site(NamedTuple):
    """An address of a program: its instruction, how often it was executed, and how often the next one followed."""

    instruction: Instruction
    count: int
    followed: int
    target: int = -1  # of a branch or jal within its page


Profile = dict[int, Site]


# What is executed.


def profile(program: Program, folder: Path) -> Profile:
    image = import_file(compile_riscv(program, folder), Options(arguments=(str(program.scale), "1"))).image
    counts: Counter[int] = Counter()
    followed: Counter[int] = Counter()
    with Machine(memory="16M", output=None) as machine:
        machine.load(image)
        for window in WINDOWS:
            machine.run(until=window)
            for _ in range(STRETCH):
                pc = machine.pc
                counts[pc] += 1
                if machine.step().stop != "limit":
                    break
                followed[pc] += machine.pc == pc + 4
        sites = {pc: site_at(machine, pc, counts[pc], followed[pc]) for pc in sorted(counts)}
    return as_predecoded(sites)


def site_at(machine: Machine, pc: int, count: int, followed: int) -> Site:
    word = machine.instruction_at(pc)
    found = decode(word) if word is not None else None
    if word is None or found is None or found.instruction.mnemonic not in bodies():
        return Site(Instruction(""), count, followed)
    mnemonic, target = found.instruction.mnemonic, -1
    if bodies()[mnemonic].form in ("BRANCH", "JAL"):
        target = pc + 4 * found.values[-1]
        if target // PAGE_SIZE != pc // PAGE_SIZE or target == pc:
            return Site(Instruction(""), count, followed)  # leaves its page, or is a spin
    return Site(Instruction(mnemonic, word >> 7 & 31, word >> 12 & 31, word >> 17 & 31), count, followed, target)


def as_predecoded(sites: Profile) -> Profile:
    """As engine/code/predecode.c has them: operands in order, and results carried to the next instruction."""
    ordered = {pc: site._replace(instruction=in_order(sites, pc)) for pc, site in sites.items()}
    joined = {site.target for site in sites.values()}
    taking = {pc for pc in ordered if pc not in joined and is_carried(ordered, pc)}
    return {
        pc: site._replace(instruction=site.instruction._replace(takes=pc in taking, gives=pc + 4 in taking))
        for pc, site in ordered.items()
    }


def computed_before(sites: Profile, pc: int) -> int | None:
    """The register that the instruction before pc computes, in its page."""
    before = sites[pc - 4].instruction if pc % PAGE_SIZE and pc - 4 in sites else Instruction("")
    if not before.mnemonic or not before.result or bodies()[before.mnemonic].ends_group:
        return None
    return before.result


def is_carried(sites: Profile, pc: int) -> bool:
    instruction = sites[pc].instruction
    takes_rs1 = bool(instruction.mnemonic) and "A" in bodies()[instruction.mnemonic].operands
    return takes_rs1 and instruction.rs1 == computed_before(sites, pc)


def in_order(sites: Profile, pc: int) -> Instruction:
    """The instruction so that rs1 is what the one before it computes, if that may be."""
    instruction, computed = sites[pc].instruction, computed_before(sites, pc)
    other = "rs2" if "B" in bodies().get(instruction.mnemonic, Body("", "")).operands else "rd"
    if instruction.mnemonic in COMMUTATIVE and computed is not None and getattr(instruction, other) == computed:
        return instruction._replace(**{other: instruction.rs1, "rs1": computed})
    return instruction


# Groups: what an instruction sequence can be run as, and what that costs.


@cache
def producers(sequence: tuple[Instruction, ...]) -> tuple[tuple[int | None, ...], ...]:
    """For each operand of each instruction, the member that it is the result of."""
    last: dict[int, int] = {}
    found = []
    for n, instruction in enumerate(sequence):
        found.append(tuple(last.get(register) if register else None for register in instruction.operands))
        if instruction.result:
            last[instruction.result] = n
    return tuple(found)


@cache
def base_of(sequence: tuple[Instruction, ...], n: int) -> int | None:
    """The first member that accesses memory in the same way as member n, from the same base."""
    if bodies()[sequence[n].mnemonic].form not in ("LOAD", "STORE"):
        return None
    accesses = [(bodies()[one.mnemonic].form, one.rs1, *producers(sequence)[k][:1]) for k, one in enumerate(sequence)]
    first = accesses.index(accesses[n])
    return first if first < n else None


@cache
def groups_of(sequence: tuple[Instruction, ...]) -> tuple[Group, ...]:
    """What the sequence could run as, for any registers: with its own flow of values, from the one that saves most to
    the one that runs every sequence of these instructions. Each also for where nothing is carried to the first one.

    Groups for certain registers save more by this model and were slower on programs that mix them with others: a host
    forwards stores to loads at fixed addresses by guess, and guesses wrong where others write there by index.
    """
    forms = (_member_of, _member_that_stores, _any_member)
    alike = (sequence, (sequence[0]._replace(takes=False), *sequence[1:]))
    return tuple(dict.fromkeys(tuple(form(some, n) for n in range(len(some))) for form in forms for some in alike))


def _member_of(sequence: tuple[Instruction, ...], n: int) -> Member:
    sources = []
    for register, producer in zip(sequence[n].operands, producers(sequence)[n], strict=True):
        name = ABI_NAMES[register]
        sources.append(f"#{producer}" if producer is not None else name if register == 0 else ANY)
    if (base := base_of(sequence, n)) is not None:
        sources[0] = f"^{base}"
    if n == 0 and sequence[0].takes and "A" in (operands := bodies()[sequence[0].mnemonic].operands):
        sources[operands.index("A")] = CARRIED
    return Member(sequence[n].mnemonic, tuple(sources), _result(sequence, n, tuple(sources)))


def _result(sequence: tuple[Instruction, ...], n: int, sources: tuple[str, ...]) -> str:
    register = sequence[n].result
    if register is None:
        return ""
    if register and any(later.result == register for later in sequence[n + 1 :]):
        return NOWHERE
    same = register and bodies()[sequence[n].mnemonic].operands[:1] == "A" and sequence[n].rs1 == register
    gives = n == len(sequence) - 1 and sequence[n].gives
    in_place = sources[:1] == (CARRIED,) or (sources[:1] == (ANY,) and not gives)
    return SAME if same and in_place else ANY


def _member_that_stores(sequence: tuple[Instruction, ...], n: int) -> Member:
    """Every result goes to its register, whether it is overwritten or not."""
    member = _member_of(sequence, n)
    sources = tuple(source if source[0] in "#^@" else ANY for source in member.sources)
    return replace(member, sources=sources, result=ANY if member.result else "")


def _any_member(sequence: tuple[Instruction, ...], n: int) -> Member:
    return alone(sequence[n])[0]


@cache
def runs(group: Group, sequence: tuple[Instruction, ...]) -> bool:
    """May the group run the sequence? As engine/code/fusion.c has it."""
    for n, (member, instruction) in enumerate(zip(group, sequence, strict=True)):
        if member.mnemonic != instruction.mnemonic:
            return False
        operands = zip(member.sources, instruction.operands, producers(sequence)[n], strict=True)
        for wanted, register, producer in operands:
            if wanted.startswith("#"):
                if producer != int(wanted[1:]):
                    return False
            elif wanted.startswith("^"):
                if base_of(sequence, n) != int(wanted[1:]):
                    return False
            elif wanted == CARRIED:
                if not sequence[0].takes:
                    return False
            elif (producer is not None and group[producer].result == NOWHERE) or wanted not in (
                ANY,
                ABI_NAMES[register],
            ):
                return False
        if not _takes_result(member, sequence, n):
            return False
    return True


def _takes_result(member: Member, sequence: tuple[Instruction, ...], n: int) -> bool:
    register = sequence[n].result
    match member.result:
        case "-" | "":
            return True
        case "=":
            last = n == len(sequence) - 1
            if last and member.is_in_place and sequence[n].gives:
                return False  # it would not be carried
            return bool(register) and register == sequence[n].rs1
        case _:
            return bool(register) and any(later.result == register for later in sequence[n + 1 :])


@cache
def cost(group: Group, reach: tuple[float, ...] = (1.0,) * GROUP_MAX) -> float:
    """`reach`: how often each member is come to, for each time that the group is; branches lead away."""
    return reach[0] * DISPATCH + sum(map(mul, map(_member_cost, group), reach))


def _member_cost(member: Member) -> float:
    forms = {"LOAD": 10.0, "STORE": 9.0, "BRANCH": 6.0, "JAL": 7.0, "JALR": 12.0}
    sources = SOURCE * member.sources.count(ANY)
    again = any(source.startswith("^") for source in member.sources)
    results = {"": 0.0, NOWHERE: 0.0, ANY: 2.0, SAME: 1.0}
    return forms.get(member.body.form, 1.0) - LOOK * again + sources + results[member.result]


@cache
def alone(instruction: Instruction) -> Group:
    """The instruction's own handler, which is always there."""
    body = bodies()[instruction.mnemonic]
    return (Member(instruction.mnemonic, (ANY,) * len(body.operands), ANY if body.writes else ""),)


# Dividing programs into groups, and choosing.


class Chosen:
    """The groups taken so far."""

    def __init__(self) -> None:
        self.savings: dict[Group, float] = {}
        self._by_mnemonics: dict[tuple[str, ...], list[Group]] = defaultdict(list)

    def take(self, group: Group, savings: float) -> None:
        if group in self.savings:
            return
        self.savings[group] = savings
        those = self._by_mnemonics[tuple(member.mnemonic for member in group)]
        those.append(group)
        those.sort(key=cost)

    def best(self, sequence: tuple[Instruction, ...]) -> Group:
        """The longest group that begins with the sequence's first instruction; of those the cheapest."""
        for length in range(len(sequence), 0, -1):
            part = sequence[:length]
            for group in self._by_mnemonics.get(tuple(i.mnemonic for i in part), ()):
                if runs(group, part):
                    return group
        return alone(sequence[0])


def sequence_at(sites: Profile, pc: int, longest: int) -> tuple[Instruction, ...]:
    """What can be fused here, and is executed."""
    found: list[Instruction] = []
    for at in range(pc, min(pc + 4 * longest, (pc | 4095) + 1), 4):
        if at not in sites or not sites[at].instruction.mnemonic:
            break
        found.append(sites[at].instruction)
        if bodies()[found[-1].mnemonic].ends_group:
            break
    return tuple(found)


def reach_at(sites: Profile, pc: int, longest: int) -> tuple[float, ...]:
    """How often each instruction of `sequence_at` is come to, and what is behind them, each time that it is entered."""
    reach = [1.0]
    for at in range(pc, pc + 4 * len(sequence_at(sites, pc, longest)), 4):
        reach.append(reach[-1] * sites[at].followed / sites[at].count)
    return tuple(reach)


def divide(sites: Profile, chosen: Chosen) -> Iterator[tuple[int, Group, float]]:
    """Each place that is dispatched to: its address, the group that runs there, and how often."""
    entered: dict[int, float] = defaultdict(float)
    for pc in sorted(sites):
        before = sites.get(pc - 4)
        entered[pc] += sites[pc].count - (before.followed if before else 0)
        sequence = sequence_at(sites, pc, GROUP_MAX)
        if entered[pc] <= 0 or not sequence:
            if entered[pc] > 0:
                entered[pc + 4] += entered[pc] * sites[pc].followed / sites[pc].count
            continue
        group = chosen.best(sequence)
        yield pc, group, entered[pc]
        entered[pc + 4 * len(group)] += entered[pc] * reach_at(sites, pc, GROUP_MAX)[len(group)]


def division_cost(sequence: tuple[Instruction, ...], reach: tuple[float, ...], chosen: Chosen) -> float:
    total = 0.0
    while sequence:
        group = chosen.best(sequence[:GROUP_MAX])
        total += cost(group, reach[: len(group)])
        sequence, reach = sequence[len(group) :], reach[len(group) :]
    return total


def savings(sites: Profile, chosen: Chosen) -> dict[Group, float]:
    """What each further group would save, an instruction of this program."""
    total = sum(site.count for site in sites.values())
    found: dict[Group, float] = defaultdict(float)
    for pc, _, times in divide(sites, chosen):
        sequence, reach = sequence_at(sites, pc, 2 * GROUP_MAX - 1), reach_at(sites, pc, 2 * GROUP_MAX - 1)
        before = division_cost(sequence, reach, chosen)
        for length in range(1, min(len(sequence), GROUP_MAX) + 1):
            after = division_cost(sequence[length:], reach[length:], chosen)
            for candidate in groups_of(sequence[:length]):
                if (saved := before - after - cost(candidate, reach[:length])) > 0:
                    found[candidate] += saved * times / total
    return found


def choose(profiles: dict[str, Profile]) -> Chosen:
    chosen = Chosen()
    while len(chosen.savings) < LIMIT:
        by_group: dict[Group, list[float]] = defaultdict(list)
        for sites in profiles.values():
            for group, saved in savings(sites, chosen).items():
                by_group[group].append(saved)
        scores = {group: sum(some) - max(some) for group, some in by_group.items() if group not in chosen.savings}
        best = sorted(scores, key=lambda group: (-scores[group], str(group)))
        if not best or scores[best[0]] < FLOOR:
            break
        taken: set[tuple[str, ...]] = set()
        for group in best:
            mnemonics = tuple(member.mnemonic for member in group)
            if mnemonics in taken or scores[group] < 0.7 * scores[best[0]]:
                continue
            taken.add(mnemonics)
            chosen.take(group, scores[group])
            if len(taken) == AT_ONCE or len(chosen.savings) == LIMIT:
                break
    return chosen


def take_variants(profiles: dict[str, Profile], chosen: Chosen) -> None:
    """For what was taken, the variant that carries its result on instead of computing it in place, and, wherever a
    program has it, the one whose first operand was carried."""
    for group in list(chosen.savings):
        if group[-1].is_in_place and len(group) > 1:
            chosen.take((*group[:-1], replace(group[-1], result=ANY)), 0.0)
    found = dict.fromkeys(
        taking_first_operand(group)
        for sites in profiles.values()
        for pc, group, _ in divide(sites, chosen)
        if sites[pc].instruction.takes
    )
    for group in found:
        chosen.take(group, 0.0)


def taking_first_operand(group: Group) -> Group:
    first = group[0]
    sources = [
        CARRIED if (name, source) == ("A", ANY) else source
        for name, source in zip(first.body.operands, first.sources, strict=True)
    ]
    return (replace(first, sources=tuple(sources)), *group[1:])


def summary(sites: Profile, chosen: Chosen) -> str:
    total = sum(site.count for site in sites.values())
    places = list(divide(sites, chosen))
    dispatches = sum(times for *_, times in places) / total
    after = sum(cost(group, reach_at(sites, pc, len(group))) * times for pc, group, times in places) / total
    fusible = [site for site in sites.values() if site.instruction.mnemonic]
    before = sum(cost(alone(site.instruction)) * site.count for site in fusible) / total
    return f"{dispatches:.2f} dispatches, {after:.1f} of {before:.1f} operations an instruction"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        profiles = {program.name: profile(program, Path(folder)) for program in programs_of("training")}
    chosen = choose(profiles)
    take_variants(profiles, chosen)
    for name, sites in profiles.items():
        print(f"{name:12} {summary(sites, chosen)}")
    rows = [f"{' '.join(map(str, group))} ; {saved:.4f}" for group, saved in chosen.savings.items()]
    head = (
        "; Written by bench/choose_fusions.py: the groups that are fused, as native/fusion.py explains, and what each\n"
        f"; was estimated to save when taken: {LIMIT} at most, none below {FLOOR}; from {len(profiles)} programs;\n"
        "; then their variants.\n"
    )
    (ROOT / "native" / "fusions.txt").write_text(head + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
