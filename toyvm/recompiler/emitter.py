"""The emitter: a region as the text of one LLVM function.

    i64 region(ptr x, ptr cpu, i64 left, ptr region, ptr sites, i64 entry)

Guest registers are stack slots, which LLVM turns into values. They are read from `x` at the entry and written back at
the one place where the function is left, whatever leads there. `left` counts down by blocks; it is compared where a
cycle closes. Each access, or group of them, is a site: where it may go without asking stands in `sites`. The layout of
`region` and `sites` is that of the core's recompiler.h; its regions.c asserts the offsets used here.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from toyvm.isa.control import ALL_BITS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.recompiler.arithmetic import BRANCH, IMMEDIATE, LOAD, REGISTER, STORE
from toyvm.recompiler.groups import Group, find_groups
from toyvm.recompiler.llvm_text import Lines
from toyvm.recompiler.loops import Course, find_courses
from toyvm.recompiler.region import Block, Region, Step, is_return, target_of
from toyvm.recompiler.sites import LOADS, STORES, Sites, what_of

VERSION = 6  # of what is emitted: code of another one is not used
PC_OFFSET = 33 * 8
REGION_JUMPED_FROM, REGION_PRESENT = 24, 32  # behind its three functions
STUCK = 1 << 63
ROUNDS_MAX = 1 << 32  # of a loop that are checked ahead


class Emitter(Lines):
    """Writes one region."""

    def __init__(self, region: Region, name: str, ungrouped: Container[int] = ()) -> None:
        """`ungrouped`: addresses where grouping accesses has failed too often."""
        super().__init__()
        self._region = region
        self._name = name
        self._pages = {page: number for number, page in enumerate(region.pages)}
        self._read, self._written = _registers(region)
        self._ungrouped = ungrouped
        self._sites = Sites(self)
        self.grouped: list[int] = []  # addresses where a group begins
        self._groups: dict[int, Group] = {}  # of the block under way, by member
        self._hosts: dict[int, str] = {}  # by first member: its address in the host
        self._numbers: dict[int, int] = {}  # of its sites, by the index of their first step
        self._ahead: dict[int, str] = {}  # by first step: the addend of a site that has been checked ahead
        self._again = ""  # where the block under way goes on if it leads to itself
        self._block: Block
        self._index = 0  # of the step under way, in its block

    @property
    def sites(self) -> int:
        """How many places access memory."""
        return self._sites.total

    def text(self) -> str:
        self._enter()
        for block in self._region.blocks.values():
            self._emit_block(block)
        self._leave()
        parameters = "ptr noalias %x, ptr %cpu, i64 %budget, ptr %region, ptr %sites, i64 %entry"
        return self.module(f"i64 @{self._name}({parameters}) nounwind")

    def read(self, register: int) -> str:
        return self.value(f"load i64, ptr %r{register}") if register else "0"

    def write(self, register: int, value: str) -> None:
        if register:
            self.line(f"store i64 {value}, ptr %r{register}")

    # The frame around the blocks.

    def _enter(self) -> None:
        self.label("enter")
        for register in sorted(self._read | self._written):
            self.line(f"%r{register} = alloca i64")
            place = self.value(f"getelementptr i8, ptr %x, i64 {register * 8}")
            self.write(register, self.value(f"load i64, ptr {place}"))
        for name in ("x", "cpu", "region"):
            self.line(f"%{name}.kept = alloca ptr")
            self.line(f"store volatile ptr %{name}, ptr %{name}.kept")
        self.line("%pc = alloca i64")
        self.line("%left = alloca i64")
        self.line("store i64 %budget, ptr %left")
        entries = self._region.entries
        cases = " ".join(f"i64 {n}, label %{_block_name(pc)}" for n, pc in enumerate(entries[1:], 1))
        self.line(f"switch i64 %entry, label %{_block_name(entries[0])} [{cases}]")

    def _leave(self) -> None:
        self.label("leave")
        x = self._kept("x")
        for register in sorted(self._written):
            place = self.value(f"getelementptr i8, ptr {x}, i64 {register * 8}")
            self.line(f"store i64 {self.read(register)}, ptr {place}")
        place = self.value(f"getelementptr i8, ptr {x}, i64 {PC_OFFSET}")
        self.line(f"store i64 {self.value('load i64, ptr %pc')}, ptr {place}")
        self.line(f"ret i64 {self.value('load i64, ptr %left')}")

    def _kept(self, name: str) -> str:
        """A parameter that is needed out of the way: kept in memory, it takes no register from the guest's."""
        return self.value(f"load volatile ptr, ptr %{name}.kept")

    def _leave_to(self, pc: str) -> None:
        """`left` is right already."""
        self.line(f"store i64 {pc}, ptr %pc")
        self.line("br label %leave")

    def _leave_stuck(self, label: str) -> None:
        """The interpreter has to execute the step under way: none of the block's later ones has been."""
        self.label(label)
        left = self.value("load i64, ptr %left")
        if behind := len(self._block.steps) - self._index:
            left = self.value(f"add i64 {left}, {behind}")
        self.line(f"store i64 {self.value(f'or i64 {left}, {-STUCK}')}, ptr %left")
        self._leave_to(_signed(self._block.steps[self._index].pc))

    # Blocks.

    def _emit_block(self, block: Block) -> None:
        self._block = block
        groups = find_groups(block, self._ungrouped)
        self.grouped += [block.steps[group.first].pc for group in groups]
        self._groups = {index: group for group in groups for index in group.members}
        self._numbers, self._ahead, self._again = {}, {}, _block_name(block.start)
        courses = find_courses(block, self._groups)
        if courses:
            self._again = self.new_label()
        self.label(_block_name(block.start))
        if block.start in self._region.heads:
            self._look(str(self._region.needs[block.start]))
        self._emit_steps()
        if courses:
            self._emit_ahead(courses)

    def _emit_steps(self) -> None:
        left, steps = self.value("load i64, ptr %left"), self._block.steps
        self.line(f"store i64 {self.value(f'sub i64 {left}, {len(steps)}')}, ptr %left")
        for self._index, step in enumerate(steps):
            _EMIT[step.mnemonic](self, step)
        if self._block.last.mnemonic not in _ENDS:
            self._go(self._block.end)

    def _emit_ahead(self, courses: dict[int, Course]) -> None:
        """The loop for as many rounds as its courses allow; a round of the other one is between two times of that."""
        start, need = _block_name(self._block.start), self._region.needs[self._block.start]
        self.label(self._again)
        left, rounds = self.value("load i64, ptr %left"), str(ROUNDS_MAX)
        for index, course in courses.items():
            rounds = self._rounds(rounds, course, self._numbers[index])
            self._ahead[index] = self._sites.addend(self._numbers[index])
        used = self.value(f"mul i64 {self.value(f'sub i64 {rounds}, 1')}, {len(self._block.steps)}")
        floor = self.value(f"call i64 @llvm.usub.sat.i64(i64 {left}, i64 {used})")
        floor = self.value(f"call i64 @llvm.umax.i64(i64 {floor}, i64 {need})")
        self._again, inside = self.new_label(), self.new_label()
        self.line(f"br i1 {self.value(f'icmp eq i64 {rounds}, 0')}, label %{start}, label %{self._again}")
        self.label(self._again)
        left = self.value("load i64, ptr %left")
        self.likely(self.value(f"icmp uge i64 {left}, {floor}"), inside, start)
        self.label(inside)
        self._emit_steps()

    def _rounds(self, most: str, course: Course, site: int) -> str:
        """How many rounds the course stays where its site may access; at most so many."""
        gva = _signed(course.distance)
        if course.register is not None:
            gva = self.value(f"add i64 {self.read(course.register)}, {gva}")
        distance, count = self._sites.distance(gva, course.size, site), self._sites.count(site)
        if course.stride:
            way = self.value(f"sub i64 {count}, {distance}") if course.stride > 0 else distance
            way = self.value(f"sub i64 {way}, 1") if course.stride > 0 else way
            safe = self.value(f"udiv i64 {way}, {abs(course.stride) // course.size}")
            most = self.value(f"call i64 @llvm.umin.i64(i64 {most}, i64 {self.value(f'add i64 {safe}, 1')})")
        return self.value(f"select i1 {self.value(f'icmp ult i64 {distance}, {count}')}, i64 {most}, i64 0")

    def _look(self, need: str) -> None:
        """At the head of a cycle: leave unless there is enough left to come to the next head."""
        left = self.value("load i64, ptr %left")
        enough = self.value(f"icmp uge i64 {left}, {need}")
        inside, outside = self.new_label(), self.new_label()
        self.likely(enough, inside, outside)
        self.label(outside)
        self._leave_to(_signed(self._block.start))
        self.label(inside)

    def _go(self, pc: int) -> None:
        """Go on at a known address: in the region, if it has that and fetching there finds what was compiled."""
        if pc not in self._region.blocks:
            self._leave_to(_signed(pc))
        elif pc == self._block.start:
            self.line(f"br label %{self._again}")
        elif pc // PAGE_SIZE == self._block.start // PAGE_SIZE:
            self.line(f"br label %{_block_name(pc)}")
        else:
            self._cross(pc)

    def _cross(self, pc: int) -> None:
        number = self._pages[pc & -PAGE_SIZE]
        place = self.value(f"getelementptr i8, ptr {self._kept('region')}, i64 {REGION_PRESENT + number}")
        present = self.value(f"icmp ne i8 {self.value(f'load i8, ptr {place}')}, 0")
        unsure, outside = self.new_label(), self.new_label()
        self.likely(present, _block_name(pc), unsure)
        self.label(unsure)
        arguments = f"ptr {self._kept('cpu')}, ptr {self._kept('region')}, i64 {number}"
        self.likely(self.value(f"call preserve_mostcc i1 @cross({arguments})"), _block_name(pc), outside)
        self.label(outside)
        self._leave_to(_signed(pc))

    # Instructions.

    def register_alu(self, step: Step) -> None:
        rd, rs1, rs2 = step.values
        if rd:
            self.write(rd, REGISTER[step.mnemonic](self, self.read(rs1), self.read(rs2)))

    def immediate_alu(self, step: Step) -> None:
        rd, rs1, immediate = step.values
        if rd:
            self.write(rd, IMMEDIATE[step.mnemonic](self, self.read(rs1), str(immediate)))

    def lui(self, step: Step) -> None:
        self.write(step.values[0], str(step.values[1] << 12))

    def auipc(self, step: Step) -> None:
        self.write(step.values[0], _signed(step.pc + (step.values[1] << 12)))

    def nothing(self, step: Step) -> None:
        """fence and fencei: one CPU, coherent fetch."""

    def load(self, step: Step) -> None:
        rd, offset, base = step.values
        size, signed = LOAD[step.mnemonic]
        group = self._groups.get(self._index)
        host = self._grouped(group, step) if group else self._reached(self._address(base, offset), size, size, LOADS)
        loaded = self.value(f"load i{size * 8}, ptr {self._pointer(host)}, align {size}")
        if size < 8:
            extend = "sext" if signed else "zext"
            loaded = self.value(f"{extend} i{size * 8} {loaded} to i64")
        self.write(rd, loaded)

    def store(self, step: Step) -> None:
        rv, offset, base = step.values
        size = STORE[step.mnemonic]
        group = self._groups.get(self._index)
        if group:
            self._put(self.read(rv), self._grouped(group, step), size)
        else:
            self._store_alone(self._address(base, offset), self.read(rv), size)

    def _pointer(self, host: str) -> str:
        return self.value(f"inttoptr i64 {host} to ptr")

    def _put(self, stored: str, host: str, size: int) -> None:
        narrow = stored if size == 8 else self.value(f"trunc i64 {stored} to i{size * 8}")
        self.line(f"store i{size * 8} {narrow}, ptr {self._pointer(host)}, align {size}")

    def _grouped(self, group: Group, step: Step) -> str:
        """The host's address of a member's bytes."""
        if self._index == group.first:
            _, offset, base = step.values
            self._hosts[group.first] = self._look_up(group, self._address(base, offset))
        distance = group.members[self._index]
        host = self._hosts[group.first]
        return self.value(f"add i64 {host}, {distance}") if distance else host

    def _look_up(self, group: Group, gva: str) -> str:
        """For all members at once: the host's address of the first one, at `gva`."""
        start = self.value(f"add i64 {gva}, {group.low}") if group.low else gva
        host = self._reached(start, group.size, group.high - group.low, group.stores * STORES | group.loads * LOADS)
        return self.value(f"add i64 {host}, {-group.low}") if group.low else host

    def _reached(self, gva: str, size: int, span: int, uses: int) -> str:
        """The host's address of `span` bytes at `gva`, the largest access of which is of `size`."""
        if self._index in self._ahead:
            return self.value(f"add i64 {self._ahead[self._index]}, {gva}")
        site = self._site()
        found, missed, stuck = (self.new_label() for _ in range(3))
        self.likely(self._sites.is_reached(gva, size, site), found, missed)
        self.label(missed)
        arguments = (
            f"ptr {self._kept('cpu')}, ptr {self._kept('region')}, i64 {gva}, i64 {what_of(site, size, span, uses)}"
        )
        self.likely(self.value(f"call preserve_mostcc i1 @reach({arguments})"), found, stuck)
        self._leave_stuck(stuck)
        self.label(found)
        return self.value(f"add i64 {self._sites.addend(site)}, {gva}")

    def _store_alone(self, gva: str, stored: str, size: int) -> None:
        if self._index in self._ahead:
            self._put(stored, self.value(f"add i64 {self._ahead[self._index]}, {gva}"), size)
            return
        site = self._site()
        found, missed, stuck, done = (self.new_label() for _ in range(4))
        self.likely(self._sites.is_reached(gva, size, site), found, missed)
        self.label(missed)
        what = f"i64 {gva}, i64 {what_of(site, size, size, STORES)}, i64 {stored}"
        arguments = f"ptr {self._kept('cpu')}, ptr {self._kept('region')}, {what}"
        self.likely(self.value(f"call preserve_mostcc i1 @store({arguments})"), done, stuck)
        self._leave_stuck(stuck)
        self.label(found)
        self._put(stored, self.value(f"add i64 {self._sites.addend(site)}, {gva}"), size)
        self.line(f"br label %{done}")
        self.label(done)

    def _address(self, base: int, offset: int) -> str:
        address = self.read(base)
        return self.value(f"add i64 {address}, {offset}") if offset else address

    def _site(self) -> int:
        """The number of the one that begins at the step under way: the same wherever that is emitted."""
        if self._index not in self._numbers:
            self._numbers[self._index] = self._sites.new()
        return self._numbers[self._index]

    # Control.

    def branch(self, step: Step) -> None:
        rv, rs1, _ = step.values
        taken = self.value(f"icmp {BRANCH[step.mnemonic]} i64 {self.read(rv)}, {self.read(rs1)}")
        yes, no = self.new_label(), self.new_label()
        self.line(f"br i1 {taken}, label %{yes}, label %{no}")
        self.label(yes)
        self._go(target_of(step))
        self.label(no)
        self._go(self._block.end)

    def jal(self, step: Step) -> None:
        self.write(step.values[0], _signed(self._block.end))
        self._go(target_of(step))

    def jalr(self, step: Step) -> None:
        """To where it is known to lead, by comparing; a target that is found is aligned. Else out of the region."""
        rd, offset, base = step.values
        target = self._address(base, offset)
        known = self._region.returns[step.pc] if is_return(step) else self._region.jumps[step.pc]
        elsewhere, good, stuck = self.new_label(), self.new_label(), self.new_label()
        labels = {pc: self.new_label() for pc in known}
        cases = " ".join(f"i64 {_signed(pc)}, label %{label}" for pc, label in labels.items())
        self.line(f"switch i64 {target}, label %{elsewhere} [{cases}]")
        for pc, label in labels.items():
            self.label(label)
            self.write(rd, _signed(self._block.end))
            self._go(pc)
        self.label(elsewhere)
        aligned = self.value(f"icmp eq i64 {self.value(f'and i64 {target}, 2')}, 0")
        self.likely(aligned, good, stuck)
        self._leave_stuck(stuck)
        self.label(good)
        self.write(rd, _signed(self._block.end))
        place = self.value(f"getelementptr i8, ptr {self._kept('region')}, i64 {REGION_JUMPED_FROM}")
        self.line(f"store i64 {_signed(step.pc)}, ptr {place}")
        self._leave_to(self.value(f"and i64 {target}, -2"))


_EMIT: dict[str, Callable[[Emitter, Step], None]] = {
    **dict.fromkeys(REGISTER, Emitter.register_alu),
    **dict.fromkeys(IMMEDIATE, Emitter.immediate_alu),
    **dict.fromkeys(LOAD, Emitter.load),
    **dict.fromkeys(STORE, Emitter.store),
    **dict.fromkeys(BRANCH, Emitter.branch),
    "lui": Emitter.lui,
    "auipc": Emitter.auipc,
    "jal": Emitter.jal,
    "jalr": Emitter.jalr,
    "fence": Emitter.nothing,
    "fencei": Emitter.nothing,
}
_ENDS = frozenset((*BRANCH, "jal", "jalr"))


def _signed(value: int) -> str:
    """A 64-bit word as LLVM writes one."""
    value &= ALL_BITS
    return str(value - (value >> 63 << 64))


def _block_name(pc: int) -> str:
    return f"b{pc:x}"


def _registers(region: Region) -> tuple[set[int], set[int]]:
    """Those that the region may read, and those that it may write; x0 is neither."""
    from toyvm.isa.declare import Operand
    from toyvm.isa.instructions import BY_MNEMONIC

    read: set[int] = set()
    written: set[int] = set()
    for block in region.blocks.values():
        for step in block.steps:
            for operand, value in zip(BY_MNEMONIC[step.mnemonic].operands, step.values, strict=True):
                if operand is Operand.RD:
                    written.add(value)
                elif operand.is_register:
                    read.add(value)
    return read - {0}, written - {0}
