"""The native core: the one module that binds the extension `toyvm._core`, made from native/include/toyvm.h.

`lib` has the functions and enumerators of the header, `ffi` makes and reads its structures. Calls release the GIL.
"""

from __future__ import annotations

from typing import Any

from toyvm.errors import ToyvmError


class NativeCoreMissingError(ToyvmError, ImportError):
    """The extension module was not built, or was built for another system."""


try:
    from toyvm import _core  # type: ignore[attr-defined, unused-ignore]
except ImportError as error:
    raise NativeCoreMissingError(
        f"the native core toyvm._core cannot be loaded ({error}); build it with `pip install -e .` in the checkout"
    ) from None

_module: Any = _core
ffi: Any = _module.ffi
lib: Any = _module.lib

__all__ = ["NativeCoreMissingError", "ffi", "lib"]
