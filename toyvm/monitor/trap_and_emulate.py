"""Trap and emulate, in Python: Popek and Goldberg's virtual machine monitor (CACM 17(7), 1974) on toyvm.monitor.

The guest's kernel runs in user mode, so whatever is privileged traps, and is done to the vCPU instead. Page tables are
shadowed: built page by page as the guest faults, from its own tables, and forgotten when it asks for that. What it does
is what the technique `trap` does in C, exactly; only slower.

    host.guest(monitor=TrapAndEmulate)
"""

from __future__ import annotations

from toyvm.monitor import PRIVILEGED, Access, Exit, Monitor, Space


class TrapAndEmulate(Monitor):
    """A dispatcher, an allocator and an interpreter; `handle` is the dispatcher."""

    def handle(self, exit: Exit) -> None:
        if exit.is_interrupt:
            return  # the alarm: what is due is delivered on the way back in
        if exit.is_spin:
            self.spin()
        elif exit.cause == PRIVILEGED and not self.vcpu.user_mode:
            self.interpret(exit)
        elif exit.access is not None:
            self.allocate(exit, exit.access)
        else:
            self.vcpu.trap(exit.cause, exit.tval)  # its own affair: its kernel gets it

    def interpret(self, exit: Exit) -> None:
        """The kernel's privileged instruction, on the vCPU."""
        effect = self.emulate(exit.word)
        if effect.cause is not None:
            self.vcpu.trap(effect.cause, effect.tval)
        elif effect.flushes:
            self.shadow.flush()
        elif effect.page is not None:
            self.shadow.flush_page(effect.page)

    def allocate(self, exit: Exit, access: Access) -> None:
        """A page fault: the guest's own, or one that only says that the shadow lacks the page."""
        found = self.walk(exit.tval, access)
        if found.cause is not None or found.hpa is None:
            self.vcpu.trap(found.cause or exit.cause, exit.tval)
        else:
            self.shadow.map(exit.tval, found.hpa, found.rights, self.space)

    @property
    def space(self) -> Space:
        """What the kernel maps for itself, its users must not reach."""
        return Space.USER if self.vcpu.user_mode else Space.KERNEL

    def enter(self) -> None:
        cause = self.vcpu.pending_interrupt() if self.vcpu.interrupts_enabled else None
        if cause is not None:
            self.vcpu.trap(cause)
        alarm = self.vcpu.next_event() if self.vcpu.interrupts_enabled else None
        self.run_in(self.space, alarm)
