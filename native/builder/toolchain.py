"""What a build takes from the host: a C compiler and Python's headers; what is missing, and how one gets it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence

_COMPILER = "install gcc (Debian, Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc), or name another in CC"
_HEADERS = (
    "install them (Debian, Ubuntu: apt install python3-dev; Fedora: dnf install python3-devel; "
    f"those of Python {sys.version_info.major}.{sys.version_info.minor})"
)


def check_toolchain() -> None:
    """End the process with one line, unless what the core includes compiles."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC"))
    if complaint := what_is_missing(compiler, sysconfig.get_path("include")):
        raise SystemExit(f"toyvm cannot be built: {complaint}")


def what_is_missing(compiler: Sequence[str], headers: str) -> str | None:
    """What this command, with Python's headers in that folder, lacks to compile an extension; None: nothing."""
    if said := _complaint(compiler, "stdint.h"):
        return f"there is no C compiler ({said}); {_COMPILER}"
    if said := _complaint([*compiler, f"-I{headers}"], "Python.h"):
        return f"Python's headers are not in {headers} ({said}); {_HEADERS}"
    return None


def _complaint(compiler: Sequence[str], header: str) -> str | None:
    """What it says first of a program that includes the header, if it does not compile it."""
    try:
        done = subprocess.run(
            [*compiler, "-fsyntax-only", "-x", "c", "-"],
            input=f"#include <{header}>\n",
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        return f"{compiler[0]}: {error.strerror}"
    return None if done.returncode == 0 else next(iter(done.stderr.splitlines()), f"{compiler[0]} fails")
