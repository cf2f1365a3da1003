"""Published figures that the lab prints beside its own. They are never mixed with measured ones in a column."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SOURCE = "Adams and Agesen, ASPLOS 2006: Pentium 4 at 3.8 GHz"
# How sure a figure is; printed with every use.
MARKS = {"p": "read in the paper", "n": "read in a note that quotes the paper", "r": "recalled, not checked"}


class Role(StrEnum):
    """What they compared, and what came after."""

    NATIVE = "native"
    SOFTWARE = "software"
    HARDWARE = "hardware"
    LATER = "later"


# Which of our techniques plays the part, the first that is measured; and what they call it.
PLAYED_BY: dict[Role, tuple[str, ...]] = {
    Role.NATIVE: ("bare",),
    Role.SOFTWARE: ("rewrite+adaptive", "rewrite"),
    Role.HARDWARE: ("assist+shadow",),
    Role.LATER: ("assist",),
}
MEANING: dict[Role, str] = {
    Role.NATIVE: "no monitor",
    Role.SOFTWARE: "their VMM with adaptive binary translation",
    Role.HARDWARE: "their VMM on the VT-x of 2006, which had no nested paging",
    Role.LATER: "hardware with nested paging, which they had not",
}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A figure as it is quoted, with its mark; `text` where they give it in words."""

    value: float
    mark: str
    text: str = ""
    is_about: bool = False

    def __str__(self) -> str:
        return f"{'~' if self.is_about else ''}{self.text or f'{self.value:,.0f}'} {self.mark}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of their table: their name for the workload; cycles an operation, of forkwait seconds in all."""

    workload: str
    their_name: str
    native: Quoted
    software: Quoted
    hardware: Quoted

    def of(self, role: Role) -> Quoted | None:
        return {Role.NATIVE: self.native, Role.SOFTWARE: self.software, Role.HARDWARE: self.hardware}.get(role)


# "About 2,000 more" than native, "as native" and "about native" are written as the sums that they are.
FIGURES = (
    Figure("syscall", "syscall", Quoted(242, "r"), Quoted(2242, "n", is_about=True), Quoted(242, "n", is_about=True)),
    Figure("crwrite", "cr8wr", Quoted(140, "n", is_about=True), Quoted(35, "n"), Quoted(140, "n", is_about=True)),
    Figure("portio", "in", Quoted(3209, "n"), Quoted(214, "n", is_about=True), Quoted(15826, "n")),
    Figure("callret", "call/ret", Quoted(11, "n"), Quoted(51, "n"), Quoted(11, "n")),
    Figure("exception", "divzero", Quoted(889, "n"), Quoted(3223, "n"), Quoted(1014, "n")),
    Figure("pagefault", "pgfault", Quoted(1093, "n"), Quoted(3927, "n"), Quoted(11242, "n")),
    Figure("ptupdate", "ptemod", Quoted(1, "n"), Quoted(391, "n"), Quoted(12733, "n")),
    Figure(
        "forkwait", "forkwait", Quoted(6.0, "n", "6.0 s"), Quoted(36.9, "n", "36.9 s"), Quoted(106.4, "n", "106.4 s")
    ),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Why two of them may stand in another order here than there."""

    workload: str
    pair: tuple[Role, Role]
    reason: str


_N, _S, _H = Role.NATIVE, Role.SOFTWARE, Role.HARDWARE
_CHEAP_SWITCH = (
    "entering and leaving guest mode took them some 4,300 cycles and takes a few dozen instructions here, so what "
    "counts is how many exits there are and what each has to do"
)
_UNTRACED = "a table that nobody has walked is not traced, and a store into it then costs what it does natively"

DIFFERENCES = (
    Difference(
        "crwrite",
        (_N, _S),
        "their write of CR8 was slow by itself and became a store in memory; a control register of this machine is "
        "memory too, so replacing it gains nothing",
    ),
    Difference(
        "crwrite",
        (_S, _H),
        "theirs turned a slow register into memory; here the register itself is as quick, and it is the guest's own in "
        "guest mode",
    ),
    Difference(
        "portio",
        (_N, _S),
        "their native read went out to a slow chip and their monitor answered from memory; this machine's device "
        "answers from memory too, so the monitor's way to it comes on top",
    ),
    Difference("portio", (_N, _H), "their native read went out to a slow chip; here nothing hides what an exit costs"),
    Difference("portio", (_S, _H), f"both go to the monitor: {_CHEAP_SWITCH}"),
    Difference(
        "callret",
        (_N, _S),
        "their translated code stood elsewhere, so each return had to be looked up; ours replaces instructions in "
        "place and leaves calls and returns alone",
    ),
    Difference(
        "callret", (_S, _H), "ours leaves calls and returns alone, so it has nothing to lose against guest mode"
    ),
    Difference(
        "pagefault",
        (_S, _H),
        f"both exit to fill a shadow table, and the rewritten kernel is entered and left by the monitor too: "
        f"{_CHEAP_SWITCH}",
    ),
    Difference("ptupdate", (_N, _S), _UNTRACED),
    Difference("ptupdate", (_N, _H), _UNTRACED),
    Difference(
        "ptupdate",
        (_S, _H),
        f"their traced store was translated into a call without an exit, or else exited: {_CHEAP_SWITCH}",
    ),
    Difference(
        "forkwait",
        (_S, _H),
        f"it is faults, table updates and switches of space, which exit on both, and system calls, which exit on one: "
        f"{_CHEAP_SWITCH}",
    ),
    Difference("forkwait", (_N, _S), "copying pages and clearing tables outweighs what the monitor adds"),
    Difference("forkwait", (_N, _H), "copying pages and clearing tables outweighs what the exits add"),
)
NESTED_PAGING = (
    "Published of nested paging against shadow tables: up to +48% (EPT) and +42% (RVI), micro-benchmarks +600% and "
    "+500%, some loads slower (p)"
)
XEN_PORTED = "Xen's Linux port changed 2,995 lines, 1.36% (Barham et al., SOSP 2003; p)"

assert len({(each.workload, each.pair) for each in DIFFERENCES}) == len(DIFFERENCES), "a difference is explained twice"

# What the well-behaved of two systems lost, in per cent, beside one that misbehaves, by ours of the same kind.
ISOLATION_SOURCE = "the Isolation Benchmark Suite (Matthews and others, ExpCS 2007): a web server's lost requests"
ISOLATION_SYSTEMS = ("VMware", "Xen", "OpenVZ")
ISOLATION: dict[str, tuple[str, ...]] = {
    "memory": ("0 p", "0.03 p", "0 p"),
    "fork": ("0 p", "0.04 p", "0.01 p"),
    "cpu": ("0 p", "0.01 p", "0 p"),
    "disk": ("0 p", "1.67 p", "2.52 p"),
    "messages": ("0 p", "0 p", "21.3 p"),  # theirs: a network, sending
}
XEN_DENSITY = (
    "128 domains of Xen lose 7.5% at a slice of 5 ms, and almost nothing at 50 ms (Barham et al., SOSP 2003; p)"
)
VENDOR_CONTAINERS = "That OpenVZ costs 1 to 3% is its vendor's claim"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table of theirs: a figure for each of its systems, equally sure, and our workload of the kind."""

    their_name: str
    figures: tuple[float, ...]
    mark: str
    workload: str | None = None

    def times_native(self, place: int) -> float:
        """The figure of the system at that place, as a multiple of the first one's."""
        return self.figures[place] / self.figures[0]


@dataclass(frozen=True, slots=True)
class Compared:
    """A table of theirs, its systems beginning with the native one, and which of our techniques plays which of them."""

    name: str
    source: str
    systems: tuple[str, ...]
    played_by: dict[str, str]
    rows: tuple[Row, ...]


XEN_LMBENCH = Compared(
    "xen",
    "Barham and others, Xen, SOSP 2003: lmbench, us",
    ("Linux", "Xen", "VMware", "UML"),
    {"Xen": "para", "VMware": "rewrite"},
    (
        Row("null call", (0.45, 0.46, 0.73, 24.7), "r", "os/syscall"),
        Row("signal", (2.49, 1.75, 4.63, 46.0), "r"),
        Row("fork", (110, 198, 874, 21_000), "r", "os/forkwait"),
        Row("exec", (530, 768, 2300, 33_000), "r", "os/shell"),
        Row("ctx 2p/0K", (0.77, 1.97, 18.1, 15.5), "r", "os/switch"),
        Row("ctx 16p/64K", (37.6, 39.4, 72.2, 52.0), "r"),
        Row("mmap", (68, 139, 620, 1400), "r"),
        Row("prot fault", (1.06, 1.40, 7.53, 21.8), "r"),
        Row("page fault", (1.42, 2.73, 12.4, 26.3), "r", "os/pagefault"),
        Row("kernel build, s", (263, 271, 334, 535), "n"),
    ),
)
CONTAINERS = Compared(
    "containers",
    "Soltesz and others, containers, EuroSys 2007: us",
    ("Linux", "VServer", "Xen"),
    {"VServer": "container", "Xen": "para"},
    (
        Row("fork", (86.5, 86.9, 271.9), "r", "os/forkwait"),
        Row("exec", (300, 302, 735), "r", "os/shell"),
        Row("page fault", (1.03, 1.03, 3.21), "r", "os/pagefault"),
    ),
)
