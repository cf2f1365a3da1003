"""The sources of the native core in a checkout: is the core that is there built from them?

Times lie: a checkout gives old contents new ones, and copying new contents old ones. So contents decide, by a hash
that is compiled into the core; they are read only where an inode was changed after the core was built, or checked last.
"""

from __future__ import annotations

import _imp
import os
from collections.abc import Iterator
from contextlib import suppress

from toyvm.errors import ToyvmError

_TREES = ("native/src", "native/include", "native/builder", "toyvm/isa")
_SUFFIXES = (".c", ".h", ".py")
_FLAGS = tuple(f"native/{compiler}{of}.flags" for compiler in ("gcc", "clang") for of in ("", ".monitor"))
_OTHERS = (*_FLAGS, "native/fusions.txt", "toyvm/exits.py", "toyvm/hypercalls.py")
_KEY = 0x7436_3463_6F72_6501  # any number
_BUILD_SECONDS = 120  # that may pass between reading the sources and the core's last change


class StaleCoreError(ToyvmError, ImportError):
    """The extension module was built from other sources than those beside it."""


def is_checkout(root: str) -> bool:
    return os.path.isdir(os.path.join(root, "native/src"))


def source_paths(root: str) -> Iterator[str]:
    """Every file that the core is made from."""
    folders = [os.path.join(root, tree) for tree in _TREES]
    while folders:
        with os.scandir(folders.pop()) as entries:  # not os.walk, which takes longer: each start looks
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith(_SUFFIXES):
                    yield entry.path
    yield from (os.path.join(root, name) for name in _OTHERS)


def fingerprint(root: str) -> int:
    """A hash of names and contents, of 64 bits."""
    parts = []
    for path in sorted(source_paths(root)):
        with open(path, "rb", buffering=0) as file:
            parts += [os.path.relpath(path, root).encode(), file.read()]
    return int.from_bytes(_imp.source_hash(_KEY, b"\0".join(parts)), "little")


def check_core(root: str, core: str, built_from: int | None) -> None:
    """Raise StaleCoreError if the core, a file, is built from other sources than those in the checkout."""
    checked = os.stat(core).st_mtime - _BUILD_SECONDS
    if built_from is not None and all(os.stat(path).st_ctime < checked for path in source_paths(root)):
        return
    if built_from != fingerprint(root):
        raise StaleCoreError(
            f"the native core {core} was built from other sources than those in {root}; build it again: "
            f"`pip install -e {root}`"
        )
    with suppress(OSError):
        os.utime(core)  # the next time need not read them
