"""Wrong monitors: the example of one in Python, each with a mistake as people make them."""

from __future__ import annotations

from dataclasses import replace

from toyvm.isa.control import BY_NAME, BY_NUMBER, IE, PIE, PMODE
from toyvm.isa.declare import IMM15 as CR
from toyvm.isa.declare import RD
from toyvm.isa.paging import PAGE_SIZE
from toyvm.monitor import PRIVILEGED, Access, Effect, Exit, Monitor, Space
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
from toyvm.testing import Program, differs, left_open, random_program

SEEDS = 5_000


class Interpreting(TrapAndEmulate):
    """As the example, with what is to be forgotten said apart."""

    def interpret(self, exit: Exit) -> None:
        effect = self.emulate(exit.word)
        if effect.cause is not None:
            self.vcpu.trap(effect.cause, effect.tval)
        else:
            self.forget(exit, effect)

    def forget(self, exit: Exit, effect: Effect) -> None:
        if effect.flushes:
            self.shadow.flush()
        elif effect.page is not None:
            self.shadow.flush_page(effect.page)


class NeverFlushes(Interpreting):
    """Where all is to be forgotten nothing is."""

    def forget(self, exit: Exit, effect: Effect) -> None:
        if not effect.flushes:
            super().forget(exit, effect)


class NeverFlushesPages(Interpreting):
    """tlbi of one page is ignored."""

    def forget(self, exit: Exit, effect: Effect) -> None:
        if effect.page is None:
            super().forget(exit, effect)


class FlushesTheNextPage(Interpreting):
    def forget(self, exit: Exit, effect: Effect) -> None:
        page = None if effect.page is None else (effect.page + PAGE_SIZE) % (1 << 64)
        super().forget(exit, replace(effect, page=page))


class FlushesForTlbiAlone(Interpreting):
    """A new root forgets nothing."""

    def forget(self, exit: Exit, effect: Effect) -> None:
        if exit.reason == "tlbi":
            super().forget(exit, effect)


class CountsTwice(TrapAndEmulate):
    """The time that a kernel reads is an instruction ahead."""

    def interpret(self, exit: Exit) -> None:
        super().interpret(exit)
        if exit.reason == "crr" and CR.extract(exit.word) == BY_NAME["time"].number and (rd := RD.extract(exit.word)):
            self.vcpu.registers[rd] += 1


class ExchangesTwice(TrapAndEmulate):
    """crx gives the new value, not the old one."""

    def interpret(self, exit: Exit) -> None:
        pc = self.guest.pc
        super().interpret(exit)
        if exit.reason == "crx" and self.guest.pc == pc + 4 and (rd := RD.extract(exit.word)):
            name = BY_NUMBER[CR.extract(exit.word)].name
            self.vcpu.registers[rd] = self.vcpu.control[name]


class ForgetsTval(TrapAndEmulate):
    """A trap of the guest's own comes without what it is about."""

    def handle(self, exit: Exit) -> None:
        is_own = not (exit.is_interrupt or exit.is_spin or exit.access is not None)
        if is_own and not (exit.cause == PRIVILEGED and not self.vcpu.user_mode):
            self.vcpu.trap(exit.cause)
        else:
            super().handle(exit)


class SkipsWhatTrapped(TrapAndEmulate):
    """epc is the instruction behind the user's privileged one."""

    def handle(self, exit: Exit) -> None:
        if exit.cause == PRIVILEGED and self.vcpu.user_mode:
            self.guest.pc += 4
        super().handle(exit)


class NeverMarks(TrapAndEmulate):
    """A and D of the guest's entries stay clear."""

    def allocate(self, exit: Exit, access: Access) -> None:
        found = self.walk(exit.tval, access, mark=False)
        if found.cause is not None or found.hpa is None:
            self.vcpu.trap(found.cause or exit.cause, exit.tval)
        else:
            self.shadow.map(exit.tval, found.hpa, found.rights, self.space)


class MissesDirty(TrapAndEmulate):
    """A page that may be written is mapped so at once, and D stays clear."""

    def allocate(self, exit: Exit, access: Access) -> None:
        found = self.walk(exit.tval, access)
        if found.cause is not None or found.hpa is None:
            self.vcpu.trap(found.cause or exit.cause, exit.tval)
            return
        writable = self.walk(exit.tval, Access.STORE, mark=False).cause is None
        rights = found.rights + "w" * (writable and "w" not in found.rights)
        self.shadow.map(exit.tval, found.hpa, rights, self.space)


class FetchesWhatLoads(TrapAndEmulate):
    """What may be read is taken for something to execute."""

    def allocate(self, exit: Exit, access: Access) -> None:
        found = self.walk(exit.tval, Access.LOAD if access is Access.FETCH else access)
        if found.cause is not None or found.hpa is None:
            self.vcpu.trap(exit.cause, exit.tval)
        else:
            self.shadow.map(exit.tval, found.hpa, "".join(sorted({*found.rights, "x"})), self.space)


class SharesOneSpace(TrapAndEmulate):
    """What the kernel has mapped for itself its users reach."""

    @property
    def space(self) -> Space:
        return Space.KERNEL


class SetsNoAlarm(TrapAndEmulate):
    def enter(self) -> None:
        cause = self.vcpu.pending_interrupt() if self.vcpu.interrupts_enabled else None
        if cause is not None:
            self.vcpu.trap(cause)
        self.run_in(self.space, None)


class WakesLate(TrapAndEmulate):
    """The alarm comes an instruction after the interrupt was due."""

    def enter(self) -> None:
        cause = self.vcpu.pending_interrupt() if self.vcpu.interrupts_enabled else None
        if cause is not None:
            self.vcpu.trap(cause)
        alarm = self.vcpu.next_event() if self.vcpu.interrupts_enabled else None
        self.run_in(self.space, None if alarm is None else (alarm + 1) % (1 << 64))


class InterruptsAtAnyTime(TrapAndEmulate):
    """An interrupt is delivered with interrupts off, too."""

    def enter(self) -> None:
        cause = self.vcpu.pending_interrupt()
        if cause is not None and not self.vcpu.interrupts_enabled:
            self.vcpu.trap(cause)
        super().enter()


class DeliversOnExitsAlone(TrapAndEmulate):
    """The window is missed in which setst has let interrupts in: they come with the next exit."""

    missed = False

    def enter(self) -> None:
        cause = self.vcpu.pending_interrupt() if self.vcpu.interrupts_enabled else None
        if cause is not None and self.missed:
            self.vcpu.trap(cause)
        self.missed = cause is not None and not self.missed
        alarm = self.vcpu.next_event() if self.vcpu.interrupts_enabled and not self.missed else None
        self.run_in(self.space, alarm)


class LosesPie(TrapAndEmulate):
    """A trap forgets that interrupts were on."""

    def handle(self, exit: Exit) -> None:
        super().handle(exit)
        if exit.reason == "syscall":
            self.vcpu.control.status &= ~PIE


class LosesPmode(TrapAndEmulate):
    """After a system call the kernel returns to itself."""

    def handle(self, exit: Exit) -> None:
        super().handle(exit)
        if exit.reason == "syscall":
            self.vcpu.control.status &= ~PMODE


class ReturnsWithInterruptsOff(TrapAndEmulate):
    def interpret(self, exit: Exit) -> None:
        super().interpret(exit)
        if exit.reason == "eret" and self.vcpu.interrupts_enabled:
            self.vcpu.control.status &= ~IE


class CutsTimecmp(TrapAndEmulate):
    """timecmp is taken for 32 bits."""

    def interpret(self, exit: Exit) -> None:
        before = self.vcpu.control.timecmp
        super().interpret(exit)
        if self.vcpu.control.timecmp != before:
            self.vcpu.control.timecmp &= 0xFFFFFFFF


class ObeysUsers(TrapAndEmulate):
    """A user's privileged instruction is executed."""

    def handle(self, exit: Exit) -> None:
        if exit.cause == PRIVILEGED:
            self.interpret(exit)
        else:
            super().handle(exit)


WRONG = (
    NeverFlushes,
    NeverFlushesPages,
    FlushesTheNextPage,
    FlushesForTlbiAlone,
    CountsTwice,
    ExchangesTwice,
    ForgetsTval,
    SkipsWhatTrapped,
    NeverMarks,
    MissesDirty,
    FetchesWhatLoads,
    SharesOneSpace,
    SetsNoAlarm,
    WakesLate,
    InterruptsAtAnyTime,
    DeliversOnExitsAlone,
    LosesPie,
    LosesPmode,
    ReturnsWithInterruptsOff,
    CutsTimecmp,
    ObeysUsers,
)


def first_found(monitor: type[Monitor]) -> tuple[int, Program]:
    """Seed and program of the first random one for which a monitor is wrong, and the specification says that it is."""
    for seed in range(SEEDS):
        program = random_program(seed, leaving_open=True)
        if differs(program, "interpreter", monitor) and left_open(program) is None:
            return seed, program
    raise AssertionError(f"none of {SEEDS} programs shows what is wrong with {monitor.__name__}")
