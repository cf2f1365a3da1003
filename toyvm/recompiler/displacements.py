"""Values: what registers hold along a block, as a distance from something that is the same all the time."""

from __future__ import annotations

from toyvm.recompiler.arithmetic import STORE
from toyvm.recompiler.region import BRANCHES, Step

Root = object  # a register as the block found it, what a step computed, or ABSOLUTE
ABSOLUTE = "absolute"


class Values:
    """Follows the steps of a block in turn."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[Root, int]] = {0: (ABSOLUTE, 0)}

    def of(self, register: int) -> tuple[Root, int]:
        return self._values.get(register, (register, 0))

    def address(self, step: Step) -> tuple[Root, int]:
        """Of a load or a store."""
        root, distance = self.of(step.values[2])
        return root, distance + step.values[1]

    def follow(self, index: int, step: Step) -> None:
        """What the step leaves in its register."""
        if step.mnemonic in STORE or step.mnemonic in BRANCHES or not step.values or step.values[0] == 0:
            return
        rd = step.values[0]
        if step.mnemonic == "addi":
            root, distance = self.of(step.values[1])
            self._values[rd] = root, distance + step.values[2]
        elif step.mnemonic == "lui":
            self._values[rd] = ABSOLUTE, step.values[1] << 12
        elif step.mnemonic == "auipc":
            self._values[rd] = ABSOLUTE, step.pc + (step.values[1] << 12)
        else:
            self._values[rd] = ("step", index), 0
