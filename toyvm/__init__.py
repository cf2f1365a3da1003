"""toyvm: a virtualization laboratory."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toyvm.asm import Assembly, assemble, assemble_text
    from toyvm.errors import AssemblyError, BadFileError, ToyvmError, UsageError
    from toyvm.host.exit_events import ExitEvent
    from toyvm.host.guest import Guest
    from toyvm.host.host import Host
    from toyvm.image import Image
    from toyvm.isa.machine import Level
    from toyvm.machine.bare import Machine
    from toyvm.machine.outcome import GuestFault, GuestStopped, Outcome, Stop
    from toyvm.machine.power_cut import Medium, PowerCut
    from toyvm.programs import load_program

__version__ = "0.1.0"

# Public names, by the module that defines each. They are imported when first used, so that `import toyvm` costs
# nothing.
_HOMES = {
    "toyvm.asm": ("Assembly", "assemble", "assemble_text"),
    "toyvm.errors": ("AssemblyError", "BadFileError", "ToyvmError", "UsageError"),
    "toyvm.host.exit_events": ("ExitEvent",),
    "toyvm.host.guest": ("Guest",),
    "toyvm.host.host": ("Host",),
    "toyvm.image": ("Image",),
    "toyvm.isa.machine": ("Level",),
    "toyvm.machine.bare": ("Machine",),
    "toyvm.machine.outcome": ("GuestFault", "GuestStopped", "Outcome", "Stop"),
    "toyvm.machine.power_cut": ("Medium", "PowerCut"),
    "toyvm.programs": ("load_program",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Assembly",
    "AssemblyError",
    "BadFileError",
    "ExitEvent",
    "Guest",
    "GuestFault",
    "GuestStopped",
    "Host",
    "Image",
    "Level",
    "Machine",
    "Medium",
    "Outcome",
    "PowerCut",
    "Stop",
    "ToyvmError",
    "UsageError",
    "assemble",
    "assemble_text",
    "load_program",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'toyvm' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
