"""Comparing: several subjects run one program, and have to be in the same state at every checkpoint.

A subject is held to the first one. Where a difference is found it is narrowed down to the first instruction after which
it can be seen, and the reference is asked whether the specification leaves open what happened there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import Any

from toyvm.arguments import check_integer
from toyvm.asm.disassembler import disassemble_word
from toyvm.errors import UsageError
from toyvm.image import Image, Location
from toyvm.isa.control import MODE
from toyvm.isa.machine import Level
from toyvm.isa.paging import PTE_X
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.reference.cpu import INSTRUCTION_SIZE
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing.programs import Program
from toyvm.testing.states import State, differences, observe, run
from toyvm.testing.subjects import SUBJECTS, Factory

TRACE = 12  # instructions shown up to a difference
LINES = 20  # of a difference
JUDGED = 2_000_000  # instructions that the reference is run for to judge a difference
_OTHER_COUNT = 4  # so many times the first one's instructions another build may take
_SLACK = 1_000_000  # and so many more


@dataclass(frozen=True, slots=True)
class Contender:
    """What is compared: a name, and a factory of machines for a program.

    `by_output`: its instructions are other ones than the first contender's, those of another build or with hypercalls,
    so that it is equal if it prints the same and ends in the same way.
    """

    name: str
    make: Factory
    program: Program
    by_output: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A contender is not as the first one: after which count of instructions, in what, and the way there."""

    name: str
    instructions: int
    lines: tuple[str, ...]  # what, as this one has it, and not as the first one
    way: tuple[str, ...] = ()  # the first one's last instructions, up to the one after which
    left_open: str | None = None  # what the specification leaves open, and was done before
    judged: str | None = None  # whom the reference agrees with


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison came to: the differences, empty if all are equal."""

    names: tuple[str, ...]  # who was compared, the first one first
    instructions: int  # that the first one was followed for
    checkpoints: int
    stop: str  # how it ended there
    output: int  # bytes that it had printed
    by_output: tuple[str, ...] = ()  # who was compared by output alone
    unfinished: tuple[str, ...] = ()  # who could not be, as the first one did not end
    differences: tuple[Difference, ...] = ()
    left_open: str | None = None  # what the first one, the reference, did that the specification leaves open

    @property
    def equal(self) -> bool:
        """Does nothing differ but what the specification leaves open?"""
        return all(difference.left_open for difference in self.differences)


def differ(first: Contender, other: Contender, checkpoints: Iterable[int]) -> bool:
    """Is their state another one at any of the counts? Quickly: neither where it begins is looked for, nor why.

    What the first one does that the specification leaves open counts where it is not the reference.
    """
    return how_they_differ(first, other, checkpoints) is not None


@interrupts_raised()
def how_they_differ(first: Contender, other: Contender, checkpoints: Iterable[int]) -> str | None:
    """As `differ`: None if they do not, else "state", or which exception ended the other one's run, and where."""
    with first.make(first.program) as base, other.make(other.program) as machine:
        for point in sorted(set(checkpoints)):
            expected = observe(base, point)
            if isinstance(base, ReferenceMachine) and base.unspecified is not None:
                return None
            found = observe(machine, point, forgiving=True)
            if differences(expected, found):
                return found.raised or "state"
            if expected.stop != "limit":
                return None
    return None


def random_checkpoints(random: Random, last: int, count: int = 16) -> list[int]:
    """Random counts of instructions up to `last`, some of them neighbours, and `last` itself."""
    counts = {random.randrange(1, last + 1) for _ in range(count)} if last > 0 else set()
    near = {min(one + 1, last) for one in counts if random.random() < 0.3}
    return sorted(counts | near | {last})


@interrupts_raised()
def end_of(contender: Contender, limit: int) -> int:
    """The count at which to look at it last, `limit` at most: one more than it retires, as it may end by a trap."""
    with contender.make(contender.program) as machine:
        run(machine, limit)
        return min(check_integer(machine.retired, f"{type(machine).__name__}.retired") + 1, limit)


@interrupts_raised()
def compare_all(
    contenders: Sequence[Contender],
    checkpoints: Iterable[int],
    *,
    image: Image | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Verdict:
    """Hold each contender but the first one to that at every checkpoint, counts of retired instructions in order.

    A contender that differs is followed no further. `image` gives places their names. Raises UsageError for no
    checkpoint.
    """
    first, *others = contenders
    points = sorted(set(checkpoints))
    if not points or points[0] < 0:
        raise UsageError("there has to be a checkpoint, a number of instructions from 0 on")
    with ExitStack() as stack:
        base = stack.enter_context(first.make(first.program))
        followed = {
            other.name: (other, stack.enter_context(other.make(other.program)))
            for other in others
            if not other.by_output
        }
        passed: list[int] = []
        found: list[Difference] = []
        for number, point in enumerate(points, 1):
            progress(f"checkpoint {number} of {len(points)}, instruction {point}")
            expected = observe(base, point)
            left_open = base.unspecified if isinstance(base, ReferenceMachine) else None
            if left_open is not None:
                left_open = f"{left_open}, {_place_of_open(first, image)}"
                break
            for name, (other, machine) in list(followed.items()):
                if differences(expected, observe(machine, point, forgiving=True)):
                    found.append(_narrowed(first, other, passed, point, image))
                    del followed[name]
            passed.append(point)
            if expected.stop != "limit":
                break
        by_output = [other for other in others if other.by_output]
        ended = expected.stop != "limit" and left_open is None
        if ended:
            for other in by_output:
                progress(f"{other.name}, by its output")
                found += _by_output(other, expected)
        names = tuple(other.name for other in by_output)
        return Verdict(
            tuple(one.name for one in contenders),
            int(base.retired),
            len(passed),
            expected.stop,
            len(expected.output),
            names if ended else (),
            () if ended else names,
            tuple(found),
            left_open,
        )


def _by_output(other: Contender, expected: State) -> Iterator[Difference]:
    """What another build, or one with hypercalls, has to have in common with the first one: how it ends and prints."""
    with other.make(other.program) as machine:
        outcome = machine.run(until=_OTHER_COUNT * expected.retired + _SLACK)
        pairs = (
            ("stop", expected.stop, str(outcome.stop)),
            ("exit code", expected.exit_code, outcome.exit_code),
            ("output", expected.output, machine.output),
        )
        if lines := tuple(f"{what}: {another!r}, not {one!r}" for what, one, another in pairs if one != another):
            yield Difference(other.name, int(machine.retired), lines)


def _narrowed(first: Contender, other: Contender, passed: Sequence[int], bad: int, image: Image | None) -> Difference:
    """The first count after which the two differ, run over the checkpoints that they have passed."""
    good = passed[-1] if passed else 0
    low, high = good, bad
    while high - low > 1:
        middle = (low + high) // 2
        if _differ_at(first, other, [*passed, middle]):
            high = middle
        else:
            low = middle
    if high == low or not (lines := _differ_at(first, other, [*passed, high])):
        lines = _differ_at(first, other, [*passed, bad])
        high = bad
    way = _way(first, passed, high, image)
    left_open, judged = _judged(first, other, [*passed, high], image)
    return Difference(other.name, high, tuple(lines[:LINES]), way, left_open, judged)


def _differ_at(first: Contender, other: Contender, points: Sequence[int]) -> list[str]:
    """How they differ at the last of the counts, having been stopped at each."""
    return differences(_state_at(first, points), _state_at(other, points, forgiving=True))


def _state_at(contender: Contender, points: Sequence[int], *, forgiving: bool = False) -> State:
    with contender.make(contender.program) as machine:
        for point in points[:-1]:
            run(machine, point)
        return observe(machine, points[-1], forgiving=forgiving)


def _way(first: Contender, passed: Sequence[int], bad: int, image: Image | None) -> tuple[str, ...]:
    """The last instructions of the first one up to a count, each as it is about to be executed.

    Where a trap comes instead it is the first one of the handler that retires.
    """
    with first.make(first.program) as machine:
        for point in passed:
            if point < bad - TRACE:
                run(machine, point)
        lines = []
        run(machine, max(0, bad - TRACE))
        for count in range(machine.retired, bad):
            lines.append(f"{count:>10}  {place_of(machine, machine.pc, image)}")
            pc, epc = machine.pc, machine.cr("epc")
            run(machine, count + 1)
            handler = machine.cr("tvec")
            if machine.cr("epc") == pc and (epc != pc or machine.pc == handler + INSTRUCTION_SIZE):
                lines.append(f"{'trap to':>10}  {place_of(machine, handler, image)}")
            if machine.retired <= count:  # it has come to its end, perhaps long before
                break
        return tuple(lines)


def place_of(machine: Any, pc: int, image: Image | None = None) -> str:
    """An address of code, in what mode the machine is, and the instruction there."""
    status = machine.cr("status")
    mode = "user" if status & MODE else "kernel"
    word = machine.instruction_at(pc)
    text = "(cannot be fetched)" if word is None else disassemble_word(word, pc)
    return f"{mode:<6} {pc:#x}: {text:<32} {_name_of(machine, pc, image)}".rstrip()


def _name_of(machine: Any, pc: int, image: Image | None) -> str:
    """Source line and symbol, of the address or else of the physical one that it leads to."""
    if image is None:
        return ""
    rights = PTE_X if isinstance(machine, ReferenceMachine) else "x"
    for address in (pc, machine.translate(pc, rights)):
        location = Location() if address is None else image.locate(address)
        if location != Location():
            return str(location)
    return ""


def _judged(
    first: Contender, other: Contender, points: Sequence[int], image: Image | None
) -> tuple[str | None, str | None]:
    """What the specification leaves open up to the last count; else whom the reference agrees with."""
    if points[-1] > JUDGED:
        return None, None
    right: dict[Level, State] = {}
    for level, contender in {one.program.level: one for one in (other, first)}.items():
        with SUBJECTS["reference"](contender.program) as reference:
            for point in points[:-1]:
                reference.run(until=point)
            right[level] = observe(reference, points[-1])
            reason = reference.unspecified
        if reason is not None:
            return f"{reason}, {_place_of_open(contender, image)}", None
    if first.make is SUBJECTS["reference"] and len(right) == 1:
        return None, None
    agreeing = [
        one.name
        for one in (first, other)
        if not differences(right[one.program.level], _state_at(one, points, forgiving=True))
    ]
    if len(agreeing) > 1:
        return None, f"the reference agrees with both: hardware of levels {', '.join(sorted(right))} differs there"
    return None, f"the reference agrees with {agreeing[0]}" if agreeing else "the reference agrees with neither"


def _place_of_open(first: Contender, image: Image | None) -> str:
    """Where the reference does first what the specification leaves open, which it is known to do."""
    make = SUBJECTS["reference"]
    with make(first.program) as reference:
        while reference.unspecified is None:
            reference.run(until=reference.retired + 1)
        before = reference.retired - 1
    with make(first.program) as reference:
        reference.run(until=before)
        return f"after {before} instructions, at {place_of(reference, reference.pc, image)}"


def said(verdict: Verdict) -> Iterator[str]:
    """What a comparison came to, a line for each way of being equal, and for what was not compared."""
    differing = {difference.name for difference in verdict.differences}
    first = verdict.names[0]
    for_output = {*verdict.by_output, *verdict.unfinished}
    by_state = [name for name in verdict.names if name not in differing | for_output]
    where = f"{verdict.instructions} instructions, {_counted(verdict.checkpoints, 'checkpoint')}"
    if len(by_state) > 1:
        yield f"equal in every state: {', '.join(by_state)} ({where}, {verdict.stop}, {verdict.output} bytes of output)"
    if same := [name for name in verdict.by_output if name not in differing]:
        yield f"equal in output and exit code alone, as other instructions are executed: {', '.join(same)}"
    if verdict.unfinished:
        yield f"not compared, as {first} had not ended: {', '.join(verdict.unfinished)}"
    if verdict.left_open is not None:
        yield f"followed no further, as the specification leaves it open: {verdict.left_open}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def explained(difference: Difference, first: str) -> Iterator[str]:
    """A difference in lines: after how many instructions, in what, and the way there."""
    if difference.left_open is not None:
        yield f"{difference.name} differs from {first}, as the specification leaves open: {difference.left_open}"
        return
    yield f"{difference.name} differs from {first} after {difference.instructions} instructions:"
    yield from (f"  {line}" for line in difference.lines)
    if difference.way:
        yield f"last instructions of {first}, each after so many:"
        yield from (f"  {line}" for line in difference.way)
    if difference.judged is not None:
        yield difference.judged
