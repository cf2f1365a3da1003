"""The paravirtual interface: every hypercall, error, shared structure and start-up fact, declared once.

The shape is Xen's on x86-64 (SOSP 2003; public/xen.h): page tables are the guest's own and hold host frame numbers; the guest
kernel and its user programs both run in the host's user mode, so an address space has two roots.
"""

from __future__ import annotations

from dataclasses import dataclass

from toyvm.isa.control import ALL_BITS, CONTROL_REGISTERS
from toyvm.isa.traps import INTERRUPT_BIT, INTERRUPTS

VERSION = (1, 0)


@dataclass(frozen=True, slots=True)
class Hypercall:
    """One hypercall: `hcall number`, arguments in a0..a5 as `arguments` names them, result in a0.

    Those in OFFERED are there for an unmodified kernel, too, where the host offers it hypercalls. One that is `control` says
    itself where its guest goes on; the others end behind their instruction.
    """

    name: str
    number: int
    arguments: tuple[str, ...]
    result: str
    description: str
    in_multicall: bool = True
    control: bool = False


@dataclass(frozen=True, slots=True)
class HypercallError:
    """One error: a0 is `-code`."""

    name: str
    code: int
    description: str


# fmt: off
HYPERCALLS: tuple[Hypercall, ...] = (
    Hypercall("version",        0, ("what",), "what 0: major << 16 | minor; 1: a bit for each hypercall by number",
              "which interface this is; the null hypercall of measurements"),
    Hypercall("set_trap_table", 1, ("table", "count"), "0",
              "handlers by cause, as `count` trap-table records; replaces the whole table; a cause without a record of its own "
              "takes the one whose cause is all ones", False),
    Hypercall("iret",           2, (), "none: every register is left as it is",
              "return from a trap: pc = epc, ie = pie, mode = pmode of the shared page; the root follows the mode", False, control=True),
    Hypercall("mmu_update",     3, ("list", "count", "done"), "0",
              "write page-table entries, as `count` mmu records in order; stops at the first that is refused. `done`, unless 0, "
              "is the address of 8 bytes that receive how many were written"),
    Hypercall("update_va",      4, ("address", "entry", "flush"), "0",
              "write the level-0 entry that maps `address` under the current kernel root, then forget its translation if `flush` is 1"),
    Hypercall("pin_table",      5, ("frame", "level"), "0",
              "validate the host frame as a table of that level (0, 1, or 2 for a root) and keep it one"),
    Hypercall("unpin_table",    6, ("frame",), "0",
              "let a pinned table go; it is an ordinary page again once no table points to it"),
    Hypercall("set_roots",      7, ("kernel", "user"), "0",
              "switch address space: the frames of the root used in kernel mode and of the one used in user mode; user -1: none, "
              "until another call names one, and an iret to user mode before that ends the guest (fault, bad page table). A call "
              "that is refused leaves both roots as they were"),
    Hypercall("flush",          8, ("address",), "0", "forget the translation of one page, or of all if the address is -1"),
    Hypercall("set_timer",      9, ("deadline",), "0",
              "timecmp = deadline: the timer is pending while time >= deadline; all ones: never"),
    Hypercall("yield",         10, (), "0", "give up the rest of the slice; pending interrupts are delivered first"),
    Hypercall("block",         11, (), "0",
              "wait until ipend & imask of the shared page is not 0, whatever ie says, as wfi does; a wait that nothing can end is idle", False, control=True),
    Hypercall("shutdown",      12, ("code",), "does not return", "stop the guest with an exit code", False, control=True),
    Hypercall("console_write", 13, ("address", "length"), "bytes written", "write to the guest's console"),
    Hypercall("console_read",  14, ("address", "length"), "bytes read; 0: none is there yet; EOF error: the input has ended",
              "take what the console has, at most `length` bytes"),
    Hypercall("multicall",     15, ("list", "count", "done"), "0",
              "make `count` hypercalls, as multicall records in order, storing each result in its record; stops after the first that "
              "fails. `done` as in mmu_update, counting calls that succeeded. Not all calls may be inside one", False),
    Hypercall("event_alloc_unbound",    16, ("domain",), "the port", "an event channel that this domain, and no other, may bind to"),
    Hypercall("event_bind_interdomain", 17, ("domain", "port"), "the own port",
              "bind a new event channel to an unbound one of that domain, which must have been made for the caller"),
    Hypercall("event_bind_virq",        18, ("virq",), "the port",
              "an event channel that a virtual interrupt rises on: whenever it becomes pending, or is raised anew"),
    Hypercall("event_send",             19, ("port",), "0", "set the pending bit of the channel's other end"),
    Hypercall("event_close",            20, ("port",), "0",
              "free the channel and its pending bit; its other end is unbound again"),
    Hypercall("event_status",           21, ("port", "address"), "0", "what the channel is, as a channel record at the address"),
    Hypercall("grant_access",           22, ("domain", "frame", "flags"), "the reference",
              "let a domain map one of the caller's host frames; flags 1: writable, which no table may be"),
    Hypercall("grant_end",              23, ("reference",), "0", "take a grant back; refused while it is mapped"),
    Hypercall("grant_map",              24, ("domain", "reference", "address", "flags"), "0",
              "write the level-0 entry that maps `address` under the current kernel root, which must not be valid yet, so that it "
              "maps the frame granted: readable, with flags 1 writable. Writing over the entry, or letting go of its table, unmaps too"),
    Hypercall("grant_unmap",            25, ("address",), "0", "clear the entry that grant_map wrote, and forget its translation"),
    Hypercall("domains",                26, ("list", "count"), "how many domains there are",
              "the guests on this host, as at most `count` domain records in the order of their ids"),
    Hypercall("ring_setup",             27, ("ring", "address"), "0",
              "use the page at that guest-physical address as ring 0, the console's, or 1, the disk's, and write its header; all "
              "ones: no page. The page can be no table meanwhile. Refused while requests are under way"),
    Hypercall("doorbell",               28, ("ring",), "0",
              "look at the ring: take the requests that are there, move what the console's ring has and wants. Acknowledges the "
              "disk ring's interrupt, which as an event needs none"),
    Hypercall("decrease_reservation",   29, ("list", "count", "done"), "0",
              "give the frames of `count` pages, as reservation records, back to the host: frames that nothing maps, and that are "
              "neither tables, rings nor granted. `done` as in mmu_update"),
    Hypercall("increase_reservation",   30, ("list", "count", "done"), "0",
              "get a frame full of zeros for each of `count` pages that have none; each one's number is written into its record. No "
              "more than target pages in all. `done` as in mmu_update"),
    Hypercall("time",                   31, ("which",), "the time",
              "0: virtual, the ticks of this guest; 1: real, those of the host; 2: wall, clock_base + real"),
)
OFFERED: frozenset[str] = frozenset(
    ("version", "yield", "block", "shutdown", "console_write", "console_read", "multicall", "ring_setup", "doorbell")
)

ERRORS: tuple[HypercallError, ...] = (
    HypercallError("perm",   1,  "the frame is not the guest's own, or the entry would give it more than it may have"),
    HypercallError("fault", 14,  "an address in the arguments is not mapped, not allowed, or not 8-byte aligned where records are"),
    HypercallError("busy",  16,  "the frame is in use as something else: mapped writable, or a table of another level"),
    HypercallError("inval", 22,  "an argument has no meaning: a bad level, a reserved bit, an entry outside a table"),
    HypercallError("toobig", 7,  "a list is longer than the limit"),
    HypercallError("nosys", 38,  "no such hypercall, or not inside a multicall"),
    HypercallError("eof",   61,  "the console's input has ended"),
    HypercallError("noent",  2,  "no such domain, channel, grant or mapping of one"),
    HypercallError("nomem", 12,  "no room: no port, reference or place for a mapping is free"),
    HypercallError("io",     5,  "the disk cannot do it: there is none, it ends before, or it is read-only"),
    HypercallError("notconn", 107, "the channel has no other end"),
)
# fmt: on

MAXIMUM_RECORDS = 4096  # in one trap table, update list or multicall
MAXIMUM_CONSOLE_BYTES = 1 << 20
# Units of work that a monitor does for its guest before others have their turn, and of what it may then still do at a stretch. A
# unit is the look at one entry of a page table; a record, a call of a multicall, a page, and an entry where there are grant maps
# cost about as much as so many.
WORK_LIMIT, WORK_PIECE = 1 << 18, 1 << 18
WORK_RECORD, WORK_CALL, WORK_PAGE, WORK_GRANT_MAPS = 8, 16, 64, 16
TRAP_ANY = ALL_BITS  # the cause of the record that serves every cause without one of its own


@dataclass(frozen=True, slots=True)
class Record:
    """A structure of 8-byte little-endian members in guest memory, 8-byte aligned."""

    name: str
    members: tuple[tuple[str, str], ...]
    description: str

    @property
    def size(self) -> int:
        return 8 * len(self.members)

    def offset(self, member: str) -> int:
        return 8 * [name for name, _ in self.members].index(member)


RECORDS: tuple[Record, ...] = (
    Record(
        "trap",
        (
            ("cause", "a value of `cause`, or all ones"),
            ("handler", "its address"),
            ("flags", "bit 0: leave ie as it is"),
        ),
        "an entry of the trap table",
    ),
    Record(
        "mmu",
        (("entry", "host-physical address of the entry"), ("value", "what to write")),
        "one update of a page-table entry",
    ),
    Record(
        "multicall",
        (("number", "of the hypercall"), ("result", "written by the monitor"), *((f"a{n}", "") for n in range(6))),
        "one call of a multicall",
    ),
    Record(
        "start",
        (
            ("magic", "START_MAGIC"),
            ("version", "major << 16 | minor"),
            ("pages", "pseudo-physical pages the guest has"),
            ("free_end", "address where the guest's free memory ends and what the monitor built begins"),
            ("shared_frame", "host frame of the shared page"),
            (
                "root_frame",
                "host frame of the first kernel root; slot 0 of it maps memory, address = pseudo-physical address",
            ),
            ("frames", "address of the table of host frame numbers, 8 bytes for each pseudo-physical page"),
            ("clock_base", "wall time at time 0, nanoseconds since the Unix epoch"),
            ("domain", "the guest's own id"),
        ),
        "start information; a0 holds its address at boot",
    ),
    Record(
        "channel",
        (
            ("state", "0 free, 1 unbound, 2 bound to another domain's, 3 bound to a virtual interrupt"),
            ("domain", "unbound: who may bind; bound: whose the other end is"),
            ("port", "of the other end, or the number of the virtual interrupt"),
        ),
        "what event_status tells of a channel",
    ),
    Record(
        "domain",
        (
            ("id", "never used again on this host; 0 is none's"),
            ("state", "0 not started, 1 started, 2 ended by itself, 3 ended by a fault"),
            ("pages", "that it has now"),
        ),
        "a domain, as the list of domains has it",
    ),
    Record(
        "reservation",
        (("page", "pseudo-physical"), ("frame", "of the host, written by increase_reservation")),
        "a page given back or got again",
    ),
    Record(
        "disk_ring",
        (
            ("req_prod", "requests written: the guest's"),
            (
                "req_event",
                "a doorbell is needed when req_prod passes this, that is reaches it from below: the monitor's",
            ),
            ("rsp_prod", "responses written: the monitor's"),
            ("rsp_event", "an interrupt comes when rsp_prod, which grows by one, becomes this: the guest's"),
        ),
        "the header of the disk's ring; the counts start at 0 and do not wrap; number n is in slot n modulo their number",
    ),
    Record(
        "disk_request",
        (
            ("id", "comes back in the response"),
            ("operation", "DISK_READ, DISK_WRITE, or DISK_FLUSH, for which the members behind it mean nothing"),
            ("sector", "the first one"),
            ("count", "of sectors, at least 1"),
            ("address", "guest-physical, a multiple of 8, of all their bytes"),
        ),
        "a request to the disk, in a slot",
    ),
    Record(
        "disk_response",
        (("id", "of its request"), ("status", "0, or a negated error: inval, io, fault")),
        "the answer, in the slot that the next request in turn had",
    ),
    Record(
        "console_ring",
        (
            ("in_cons", "bytes of input read: the guest's"),
            ("in_prod", "bytes of input written: the monitor's"),
            ("in_wanted", "input is taken up to this count, but no further than behind a line feed: the guest's"),
            ("in_ended", "1 once the input's end has been met: the monitor's"),
            ("out_cons", "bytes of output taken: the monitor's"),
            ("out_prod", "bytes of output written: the guest's"),
        ),
        "the header of the console's ring; byte n is at n modulo the size of its part",
    ),
)
START_MAGIC = 0x5436_3453_5441_5254

# Event channels: a bit of event_pending and event_mask each, by port; port 0 is none. While a pending one is not masked, the
# interrupt `event` is pending, which like all others imask lets in. The guest clears pending bits and changes masks by stores;
# the monitor looks at them at its next entry. An interrupt that is bound still is one: imask says whether it comes by itself.
EVENT_PORTS = 64
EVENT_INTERRUPT = 3
EVENT_CAUSE = 1 << INTERRUPT_BIT | EVENT_INTERRUPT
# A virtual interrupt of its own says that the target of the guest's memory was changed.
VIRTUAL_INTERRUPTS: dict[str, int] = {**{cause.name: cause.number for cause in INTERRUPTS}, "balloon": 4}

GRANTS = 128  # references of one domain
GRANT_MAPS = 64  # mappings of others' frames in one domain
GRANT_WRITABLE = 1

# Rings, after Xen's io/ring.h: a page of the guest's with a header, then 32 slots, or two rings of bytes. The monitor keeps
# counts of its own and copies each request once: what it finds in the page later is never taken for what it checked.
RINGS: dict[str, int] = {"console": 0, "disk": 1}
RING_DATA = 64  # where the slots begin, or the bytes of input
DISK_SLOTS, DISK_SLOT_SIZE = 32, 64
DISK_READ, DISK_WRITE, DISK_FLUSH = 1, 2, 3
DISK_SECTORS_MAXIMUM = 128  # in one request
CONSOLE_IN_SIZE, CONSOLE_OUT_SIZE = 1024, 2048
CONSOLE_OUT = RING_DATA + CONSOLE_IN_SIZE  # where the bytes of output begin

# The shared page stands in the monitors' window, where `imm(zero)` reaches it, under every root while it is the kernel's.
# It begins with the control registers, at 8 * number: status.ie there is the virtual interrupt flag (byte 0 of it: masking
# interrupts is one `sb`), epc, cause, tval and status describe the last trap and are what iret returns to, ipend is what
# is pending, imask what the guest lets in, scratch its own. time is that of the last entry into the guest. The monitor reads
# status, epc and imask, trusting none of them, and never reads the rest.
SHARED_PAGE_ADDRESS = (1 << 64) - 0x4000
SHARED_CONTROL: dict[str, int] = {register.name: 8 * register.number for register in CONTROL_REGISTERS}

SHARED_MORE: dict[str, tuple[int, str]] = {
    "event_pending": (0x100, "events that have come, a bit for each port"),
    "event_mask": (0x108, "events that raise no interrupt, a bit for each port"),
    "pages": (0x110, "that the guest has now, as of the last entry"),
    "target": (0x118, "how many pages the host wants it to have: increase_reservation goes no further"),
    "real_time": (0x120, "ticks of the host, as of the last entry that looked at events"),
    "wall_time": (0x128, "clock_base + real_time"),
}

# The guest's tables: an entry may map only frames of its own; one in use as a table is never mapped writable; slot 511 of a
# root belongs to the monitor; level-1 and level-2 leaves are refused. Reserved bits are refused, as are U, A and D in pointers.
MONITOR_ROOT_SLOT = 511


@dataclass(frozen=True, slots=True)
class Constant:
    """A number of the interface, by the name that t64.inc and the manual give it."""

    name: str
    value: int
    description: str


# fmt: off
CONSTANTS: tuple[Constant, ...] = (
    Constant("HC_INTERFACE",          VERSION[0] << 16 | VERSION[1], "the interface's version, as version(0) returns it"),
    Constant("MAXIMUM_RECORDS",       MAXIMUM_RECORDS,               "records in one trap table, update list or multicall"),
    Constant("MAXIMUM_CONSOLE_BYTES", MAXIMUM_CONSOLE_BYTES,         "bytes in one console call"),
    Constant("TRAP_ANY",              TRAP_ANY,                      "the cause of the trap record that serves every cause without one of its own"),
    Constant("START_MAGIC",           START_MAGIC,                   "how the start information begins"),
    Constant("MONITOR_ROOT_SLOT",     MONITOR_ROOT_SLOT,             "the slot of each root that belongs to the monitor"),
    Constant("SHARED_PAGE",           SHARED_PAGE_ADDRESS,           "address of the shared page while the guest's kernel runs"),
    Constant("CAUSE_EVENT",           EVENT_CAUSE,                   "the cause of the interrupt that event channels raise"),
    Constant("IRQ_EVENT",             1 << EVENT_INTERRUPT,          "its bit of ipend and imask"),
    Constant("EVENT_PORTS",           EVENT_PORTS,                   "ports of a domain, with port 0, which is none"),
    Constant("GRANTS",                GRANTS,                        "frames that a domain grants at a time"),
    Constant("GRANT_MAPS",            GRANT_MAPS,                    "maps of others' frames that a domain has"),
    Constant("GRANT_WRITABLE",        GRANT_WRITABLE,                "flag of grant_access and grant_map"),
    *(Constant(f"VIRQ_{name.upper()}", number,                       f"the virtual interrupt {name}") for name, number in VIRTUAL_INTERRUPTS.items()),
    *(Constant(f"RING_{name.upper()}", number,                       f"the {name}'s ring, in ring_setup and doorbell") for name, number in RINGS.items()),
    Constant("RING_DATA",             RING_DATA,                     "offset in a ring's page of the slots, or of the bytes of input"),
    Constant("DISK_SLOTS",            DISK_SLOTS,                    "slots of the disk's ring"),
    Constant("DISK_SLOT_SIZE",        DISK_SLOT_SIZE,                "bytes of a slot"),
    Constant("DISK_READ",             DISK_READ,                     "operation of a disk request: from the disk into memory"),
    Constant("DISK_WRITE",            DISK_WRITE,                    "operation of a disk request: from memory to the disk"),
    Constant("DISK_FLUSH",            DISK_FLUSH,                    "operation of a disk request: what was written before is to last"),
    Constant("DISK_SECTORS_MAXIMUM",  DISK_SECTORS_MAXIMUM,          "sectors of one request"),
    Constant("CONSOLE_IN_SIZE",       CONSOLE_IN_SIZE,               "bytes for input in the console's ring"),
    Constant("CONSOLE_OUT_SIZE",      CONSOLE_OUT_SIZE,              "bytes for output"),
    Constant("CONSOLE_OUT",           CONSOLE_OUT,                   "offset in the page of the bytes of output"),
)
# fmt: on

BY_NAME: dict[str, Hypercall] = {call.name: call for call in HYPERCALLS}

assert [call.number for call in HYPERCALLS] == list(range(len(HYPERCALLS))), "hypercalls are numbered without gaps"
assert len(BY_NAME) == len(HYPERCALLS), "a hypercall is declared twice"
assert set(BY_NAME) >= OFFERED, "a call is offered that does not exist"
assert EVENT_INTERRUPT not in VIRTUAL_INTERRUPTS.values(), "events have an interrupt of their own"
assert min(at for at, _ in SHARED_MORE.values()) > max(SHARED_CONTROL.values()), "members of the shared page overlap"
assert len({error.code for error in ERRORS}) == len(ERRORS), "an error code is declared twice"
