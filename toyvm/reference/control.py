"""Control registers: those that hold a value. What is computed (time, ipend, info) the CPU adds."""

from __future__ import annotations

from toyvm.isa.control import CONTROL_REGISTERS, IE, MODE, PIE, PMODE


class ControlRegisters:
    """The writable control registers by name, and the fields of `status`."""

    def __init__(self) -> None:
        self._values = {register.name: register.reset for register in CONTROL_REGISTERS if register.writable}

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def __setitem__(self, name: str, value: int) -> None:
        assert name in self._values
        self._values[name] = value

    @property
    def interrupts_enabled(self) -> bool:
        return bool(self._values["status"] & IE)

    @interrupts_enabled.setter
    def interrupts_enabled(self, enabled: bool) -> None:
        self._values["status"] = self._values["status"] & ~IE | IE * enabled

    @property
    def user_mode(self) -> bool:
        return bool(self._values["status"] & MODE)

    def enter_kernel(self) -> None:
        """As a trap does: ie to pie, mode to pmode, ie off, kernel mode."""
        self._values["status"] = PIE * self.interrupts_enabled | PMODE * self.user_mode

    def leave_kernel(self) -> None:
        """As eret does: ie from pie, mode from pmode, those two unchanged."""
        status = self._values["status"]
        kept = status & (PIE | PMODE)
        self._values["status"] = kept | IE * bool(status & PIE) | MODE * bool(status & PMODE)
