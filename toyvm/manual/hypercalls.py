"""The manual's chapter on the paravirtual interface."""

from __future__ import annotations

from toyvm import hypercalls
from toyvm.manual.document import Block, Chapter, Points, Table

_RULES = (
    "hcall n makes call n: arguments in a0..a5, the result in a0, an error as the negative of its code. It retires "
    "as one instruction, and leaves every register but a0 as it was. Only the guest's kernel may make it; in the "
    "guest's user mode it is an illegal instruction.",
    "info.hypercalls says that a monitor takes hypercalls; crr of info is the one privileged instruction that it "
    "emulates.",
    "The guest kernel and its user programs both run in the host's user mode, so an address space has two roots: "
    "kernel and user.",
    "Page tables are the guest's own and hold host frame numbers. A frame in use as a table is never mapped "
    "writable, and an entry maps only the guest's own frames. A leaf needs U set to be of any use, in the kernel's "
    "tables too: one without it is taken, and every access through it is a page fault.",
    f"Slot {hypercalls.MONITOR_ROOT_SLOT} of a root belongs to the monitor. Leaves at levels 1 and 2 are refused, and "
    "so are reserved bits, and U, A and D in an entry that points to a table.",
    "A trap enters the handler of its cause in kernel mode with interrupts off; status, epc, cause and tval are in "
    "the shared page.",
    "Records are 8-byte members, little-endian, 8-byte aligned.",
    f"A list has at most {hypercalls.MAXIMUM_RECORDS} records, a console call at most "
    f"{hypercalls.MAXIMUM_CONSOLE_BYTES} bytes.",
)


_SHARING = (
    f"Event channels have the ports 1 to {hypercalls.EVENT_PORTS - 1}. While one is pending that event_mask lets "
    f"through, the interrupt {hypercalls.EVENT_INTERRUPT} is pending, whose cause is {hypercalls.EVENT_CAUSE:#x}; "
    "imask lets it in as any other. The guest clears pending bits and changes masks by stores, which the monitor "
    "looks at when it enters the guest next: yield has it look at once.",
    "Virtual interrupts are numbered as in ipend: "
    + ", ".join(f"{number} {name}" for name, number in hypercalls.VIRTUAL_INTERRUPTS.items())
    + ".",
    f"A domain grants at most {hypercalls.GRANTS} frames at a time and has at most {hypercalls.GRANT_MAPS} maps of "
    "others' frames. An entry that maps a foreign frame is written by grant_map alone. A frame that is a table is "
    "never mapped writable, and one that others map writable never becomes a table. A domain that ends lets go of "
    "its maps; its own frames stay as they are for those who map them.",
    "A page that was given back is a hole: it reads as zeros for the host and its devices, and cannot be written. "
    "The shared page tells the target that the host sets, and the virtual interrupt balloon that it was changed.",
    "Virtual time counts this guest's ticks; real time those that all guests of the host have retired, whatever each "
    "of them skipped; wall time is clock_base + real time. All are functions of what ran: runs repeat.",
    "Going back to a snapshot closes what ties a domain to others, as they have not gone back with it: its channels "
    "to them are free, its grants too, and where it mapped frames of theirs its entries are not valid. While others "
    "map its frames it cannot go back.",
)


_RINGS = (
    f"A ring is a page of the guest's. The console's has a header, {hypercalls.CONSOLE_IN_SIZE} bytes for input from "
    f"{hypercalls.RING_DATA} on and {hypercalls.CONSOLE_OUT_SIZE} for output from {hypercalls.CONSOLE_OUT} on; the "
    f"disk's a header and, from {hypercalls.RING_DATA} on, {hypercalls.DISK_SLOTS} slots of "
    f"{hypercalls.DISK_SLOT_SIZE} bytes. Operations of the disk: {hypercalls.DISK_READ} read, {hypercalls.DISK_WRITE} "
    f"write, {hypercalls.DISK_FLUSH} flush; at most {hypercalls.DISK_SECTORS_MAXIMUM} sectors a request.",
    "Each member of a header is written by one side only. The monitor keeps counts of its own, copies a request "
    "once, and checks addresses when it moves the data: into a page that is a table then it moves nothing.",
    "A count passes an event's number when it becomes that number: after writing requests the guest rings if "
    "req_event is one of the numbers that req_prod took on, from its old value, itself left out, up to its new one. "
    "Set before looking at the ring once more, rsp_event so misses nothing.",
    "The disk does one request after another, each in its latency, and then looks at the ring by itself; the "
    "interrupt disk comes when rsp_prod passes rsp_event. Output leaves, and input comes, at a doorbell.",
    "A flush is of all requests before it. Each sector of a request is a write of its own, which a power cut may take "
    "away and leave the others.",
)
_OFFERED = (
    "Where a host was asked to offer hypercalls to an unmodified kernel, info.hypercalls is set there, too, and the "
    "kernel has " + ", ".join(row.name for row in hypercalls.HYPERCALLS if row.name in hypercalls.OFFERED) + ".",
    "Addresses are guest-physical for it. It has no shared page and no events: block waits as wfi does, and the disk "
    "ring's interrupt is the disk's.",
)


_WORK = (
    "What its monitor does for a guest is counted in units: 1 for an entry of a page table that is validated, let go "
    f"or looked through ({hypercalls.WORK_GRANT_MAPS} while the guest maps others' frames), {hypercalls.WORK_RECORD} "
    f"for a record of a list, {hypercalls.WORK_CALL} for a call of a multicall, {hypercalls.WORK_PAGE} for a page "
    "moved or cleared, and for a request of the disk's ring.",
    f"One exit costs its host at most {hypercalls.WORK_LIMIT + hypercalls.WORK_PIECE} units, some milliseconds: from "
    f"{hypercalls.WORK_LIMIT} on the monitor stops at the next whole table, record, call or request. What is left, of "
    "a hypercall or of what a wait has let come due on the ring, it does later: others have their turn before, and "
    "limits, caps and timeouts are looked at. On a host it takes the rest of the guest's turn.",
    "The guest cannot tell. Until it is through, the instruction has not retired, time stands still, and no interrupt "
    "comes. A snapshot holds how far it got; tables that were being validated are begun with anew.",
)


def hypercall_chapter() -> Chapter:
    errors = tuple((error.name, str(-error.code), error.description) for error in hypercalls.ERRORS)
    blocks: list[Block] = [Points(_RULES), _calls(), "Errors:", Table(("error", "a0", "meaning"), errors)]
    for record in hypercalls.RECORDS:
        members = tuple((name, f"{record.offset(name):#x}", meaning) for name, meaning in record.members)
        blocks.append(f"Record {record.name}, {record.size} bytes: {record.description}.")
        blocks.append(Table(("member", "offset", "meaning"), members))
    blocks += [
        f"START_MAGIC is {hypercalls.START_MAGIC:#x}; the cause that serves every cause without a record is all ones.",
        f"The shared page stands at {hypercalls.SHARED_PAGE_ADDRESS:#x} while the guest's kernel runs. It begins with "
        "the control registers, 8 bytes each, at 8 times their number; byte 0 of status is the virtual interrupt flag. "
        "The monitor reads status, epc and imask and trusts none of them; time is that of the last entry into the "
        "guest:",
        Table(
            ("register", "offset"), tuple((name, f"{offset:#x}") for name, offset in hypercalls.SHARED_CONTROL.items())
        ),
        "Behind them stand:",
        Table(
            ("member", "offset", "meaning"),
            tuple((name, f"{offset:#x}", meaning) for name, (offset, meaning) in hypercalls.SHARED_MORE.items()),
        ),
        Points(_SHARING + _RINGS + _OFFERED + _WORK),
        "Constants of the interface, by their names in t64.inc:",
        Table(
            ("name", "value", "meaning"),
            tuple((row.name, f"{row.value:#x}", row.description) for row in hypercalls.CONSTANTS),
        ),
    ]
    return Chapter(f"The paravirtual interface, version {'.'.join(map(str, hypercalls.VERSION))}", tuple(blocks))


def _calls() -> Table:
    rows = []
    for call in hypercalls.HYPERCALLS:
        result, meaning = call.result, call.description
        if len(result) > 16:
            result, meaning = "see there", f"{meaning}. Result: {result}"
        written = f"{call.name}({', '.join(call.arguments)})"
        rows.append((str(call.number), written, "yes" if call.in_multicall else "no", result, meaning))
    return Table(("n", "call", "in multicall", "result", "meaning"), tuple(rows))
