"""The native core as cffi binds it: what toyvm.h declares is known where it runs, not to a type checker."""

from typing import Any

ffi: Any
lib: Any
