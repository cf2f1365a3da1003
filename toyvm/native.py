"""The native core: the one module that binds the extension `toyvm._core`, made from native/include/toyvm.h.

`lib` has the functions and enumerators of the header, `ffi` makes and reads its structures. Calls release the GIL.
`ERRORS` has words for what the core's functions return instead of T64_OK.
"""

from __future__ import annotations

from typing import Any

from toyvm.core_sources import check_core, is_checkout
from toyvm.errors import ToyvmError
from toyvm.isa.control import ALL_BITS
from toyvm.paths import PACKAGE


class NativeCoreMissingError(ToyvmError, ImportError):
    """The extension module was not built, or was built for another system."""


try:
    from toyvm import _core
except ImportError as error:
    raise NativeCoreMissingError(
        f"the native core toyvm._core cannot be loaded ({error}); build it with `pip install -e .` in the checkout"
    ) from None

ffi: Any = _core.ffi
lib: Any = _core.lib
NOWHERE = ALL_BITS  # T64_NOWHERE: what the core says for an address or a page that there is not
_ROOT = str(PACKAGE.parent)

if is_checkout(_ROOT):
    check_core(_ROOT, _core.__file__, getattr(lib, "T64_SOURCES", None))

ERRORS: dict[int, str] = {
    lib.T64_ERROR_RANGE: "an address or size lies outside the memory",
    lib.T64_ERROR_MEMORY: "the host has no memory left",
    lib.T64_ERROR_VALUE: "that cannot be done here, or not with such a value",
    lib.T64_ERROR_SNAPSHOT: "the snapshot is damaged, or comes from a computer of another configuration",
    lib.T64_ERROR_BUSY: "another domain maps frames of this guest",
    lib.T64_ERROR_FRAMES: "frames that the guest had belong to others on this host now, or are not there",
    lib.T64_ERROR_HOLE: "the guest has given a page there back to its host",
    lib.T64_ERROR_DISK: "the snapshot is without what the disk held; give it a disk",
    lib.T64_ERROR_ROOM: "the image leaves too little of the guest's memory for the tables that its monitor puts there",
}


def names_of(tag: str, prefix: str) -> dict[int, str]:
    """The numbers of an enum of the header, with their names behind the prefix in small letters."""
    return {number: name.removeprefix(prefix).lower() for number, name in ffi.typeof(f"enum {tag}").elements.items()}


__all__ = ["ERRORS", "NOWHERE", "NativeCoreMissingError", "ffi", "lib", "names_of"]
