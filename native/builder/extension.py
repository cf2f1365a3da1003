"""The extension module toyvm._core: the C core, and cffi's wrapper of its one public header."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from cffi import FFI
from setuptools import Extension
from setuptools.command.build_ext import build_ext

from toyvm.core_sources import fingerprint

NATIVE = Path("native")  # relative to the root, where setuptools runs: absolute paths would end up in the objects
MODULE = "toyvm._core"
WRAPPER = NATIVE / "generated" / "_core.c"

# Only Python's entry point is visible outside. Debug information, which Python's own flags ask for, would be three
# quarters of the file, with the path that it was built at.
COMPILE_FLAGS = ["-std=c11", "-O2", "-g0", "-fvisibility=hidden", "-fno-strict-aliasing", "-Wall", "-Wextra", "-Werror"]
# A threaded interpreter needs an indirect jump for each instruction, which both compilers would fold into few. A
# cache line of its own for each handler gains 6% on the compute workload. And where gcc stores two words of the state
# at once, a load of one of them soon after has to wait: that took 3 ns of a trap. The monitor has no such loop: there
# lines of their own cost, as nops are executed where control falls into a label: without them an exit takes 0.8 ns
# less.
FLAGS_OF = {name: (ROOT / "native" / f"{name}.flags").read_text().split() for name in ("gcc", "clang")}
MONITOR = str(NATIVE / "src" / "monitor")
MONITOR_FLAGS_OF = {name: (ROOT / "native" / f"{name}.monitor.flags").read_text().split() for name in FLAGS_OF}

# cffi's own text is not ours to mend.
_WRAPPER_HEAD = """#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wcast-function-type"
#pragma GCC diagnostic ignored "-Wsign-compare"
"""


def core_sources() -> list[str]:
    """Every C file of the core: a new one is only added to its directory."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "native" / "src").rglob("*.c"))


def core_headers() -> list[str]:
    folders = (ROOT / "native" / name for name in ("src", "include", "generated"))
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in folder.rglob("*.[hi]*"))


def include_folders() -> list[str]:
    return [str(NATIVE / name) for name in ("include", "generated", "src")]


def write_wrapper() -> None:
    """Write cffi's C source, if it changed."""
    ffi = FFI()
    ffi.cdef((ROOT / "native" / "include" / "toyvm.h").read_text() + "\n#define T64_SOURCES ...\n")
    sources = f"#define T64_SOURCES UINT64_C({fingerprint(str(ROOT)):#x})\n"
    ffi.set_source(MODULE, f'#include <stdint.h>\n#include "toyvm.h"\n{sources}', py_limited_api=True)
    path = ROOT / WRAPPER
    draft = path.with_suffix(".draft")
    ffi.emit_c_code(str(draft))
    text = _WRAPPER_HEAD + draft.read_text()
    draft.unlink()
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def is_clang(compiler: list[str]) -> bool:
    """Is this command clang, whatever its name? One that cannot be asked is left for the build itself to report."""
    try:
        return b"clang" in subprocess.run([*compiler, "--version"], capture_output=True, check=False).stdout
    except OSError:
        return False


class BuildCore(build_ext):
    """Builds with what suits the compiler in use, and leaves the core in the checkout as well."""

    def run(self) -> None:
        super().run()
        if not self.inplace:
            self.copy_extensions_to_source()  # a Python started in the checkout has its toyvm before an installed one

    def build_extension(self, ext: Extension) -> None:
        name = "clang" if is_clang(self.compiler.compiler_so[:1]) else "gcc"
        ext.extra_compile_args = [*ext.extra_compile_args, *FLAGS_OF[name]]
        compile_one = self.compiler._compile

        def compile(
            object: str, source: str, suffix: str, first: list[str], last: list[str], macros: list[str]
        ) -> None:
            more = MONITOR_FLAGS_OF[name] if source.startswith(MONITOR) else []
            compile_one(object, source, suffix, first, [*last, *more], macros)

        self.compiler._compile = compile
        super().build_extension(ext)


def extension() -> Extension:
    return Extension(
        MODULE,
        sources=[str(WRAPPER), *core_sources()],
        depends=core_headers(),
        include_dirs=include_folders(),
        extra_compile_args=[*COMPILE_FLAGS, *os.environ.get("TOYVM_CFLAGS", "").split()],
        py_limited_api=True,
        define_macros=[("Py_LIMITED_API", "0x030b0000")],
    )
