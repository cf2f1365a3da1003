"""Waits that nothing can end: why none of what could end them will come, in words."""

from __future__ import annotations

from collections.abc import Mapping

from toyvm.hypercalls import EVENT_INTERRUPT
from toyvm.isa.control import ALL_BITS
from toyvm.isa.traps import INTERRUPTS

_BITS = {cause.name: 1 << cause.number for cause in INTERRUPTS} | {"event": 1 << EVENT_INTERRUPT}
# Of each interrupt that imask lets in and that has not come.
_ABSENT = {
    "timer": "timecmp is all ones",
    "console": "input is at its end",
    "disk": "no disk command is under way",
    "event": "no event is to come",
}


def why_endless(control: Mapping[str, int]) -> str:
    """Why an idle guest with these control registers waits in vain."""
    imask = control["imask"]
    absent = ", ".join(_ABSENT[name] for name, bit in _BITS.items() if imask & bit)
    masked = _masked(control)
    if masked:
        masked += f", but imask is {imask:#x}" if imask else ", but imask is 0"
    if absent or masked:
        return "; ".join(filter(None, (absent, masked)))
    return f"imask {imask:#x} lets in nothing that there is" if imask else "imask is 0"


def _masked(control: Mapping[str, int]) -> str:
    """What would have ended the wait, or would still, if imask let it in."""
    imask, pending, timecmp = control["imask"], control["ipend"], control["timecmp"]
    if timecmp != ALL_BITS and not imask & _BITS["timer"]:
        return f"timecmp is {timecmp}"
    if pending & ~imask & _BITS["disk"]:
        return "a disk command is done"
    # The end of input is there nearly always: it is worth a word only where nothing else is.
    return "input or its end waits" if pending & _BITS["console"] and not imask else ""
