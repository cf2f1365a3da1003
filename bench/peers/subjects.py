"""What runs the programs: native code, toyvm's engines, and the peers that are installed, each as a command.

Every command goes on with a scale and a number of repeats, or `each`, as `bench/programs/main.c` takes them.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from peers.native import native
from peers.programs import OPTIMIZATION, SOURCES, CannotBuild, Program, compile_riscv, run_compiler
from toyvm.techniques import ENGINES

HERE = Path(__file__).resolve().parent
NATIVE, INTERPRETER, RECOMPILER = "native", "toyvm interpreter", "toyvm recompiler"
_RISCV = "riscv64-unknown-elf-gcc"
_LEFT_OUT = ("reference",)  # a specification to be read: a thousand times slower
_WASM_LINKERS = ("wasm-ld", "wasm-ld-14", "wasm-ld-15", "wasm-ld-16", "wasm-ld-17", "wasm-ld-18", "wasm-ld-19")

Words = list[str]


@dataclass(frozen=True)
class Subject:
    """One way to run programs. `command` makes what it needs in a folder and returns the words before the scale."""

    name: str
    command: Callable[[Program, Path], Words]
    missing: str | None  # why it cannot be measured here
    warms_up: float = 0.0  # seconds that an engine which compiles in the background runs before a time may count


def all_subjects() -> list[Subject]:
    """Native code first, then toyvm's engines, then the peers, whether they are here or not."""
    return [
        Subject(NATIVE, lambda program, folder: [str(native(program, folder))], _without("gcc")),
        *(_toyvm(engine) for engine in ENGINES if engine not in _LEFT_OUT),
        Subject("qemu-user", _qemu, _without("qemu-riscv64") or _without(_RISCV)),
        Subject("unicorn", _unicorn, _without_module("unicorn") or _without(_RISCV)),
        Subject("wasmtime", _wasmtime, _without_module("wasmtime") or _without_wasm()),
    ]


def _toyvm(engine: str) -> Subject:
    """An engine on bare hardware, paging on."""

    def command(program: Program, folder: Path) -> Words:
        # -P: what is installed, and not a checkout without its core that this may have been called from.
        return [sys.executable, "-P", "-m", "toyvm", "run", "--engine", engine, str(compile_riscv(program, folder))]

    missing = _without(_RISCV)
    if engine == "recompiler":
        return Subject(RECOMPILER, command, missing or _without_module("llvmlite"), 1.5)
    return Subject(f"toyvm {engine}", command, missing)


def _qemu(program: Program, folder: Path) -> Words:
    return ["qemu-riscv64", str(compile_riscv(program, folder))]


def _unicorn(program: Program, folder: Path) -> Words:
    return [sys.executable, str(HERE / "in_unicorn.py"), str(compile_riscv(program, folder))]


def _wasmtime(program: Program, folder: Path) -> Words:
    return [sys.executable, str(HERE / "in_wasmtime.py"), str(_compile_wasm(program, folder))]


@cache
def _compile_wasm(program: Program, folder: Path) -> Path:
    """The program alone, without a library, for WebAssembly."""
    out = folder / f"{program.name}.wasm"
    flags = [OPTIMIZATION, "-std=gnu11", "-nostdlib", "-Wl,--no-entry", "-Wl,--export=program", f"-I{SOURCES}"]
    sources = [str(program.source), str(HERE / "wasm_memory.c")]
    return run_compiler([*_wasm_compiler(), *flags, *sources, "-o", str(out)], out)


def _wasm_compiler() -> Words:
    linker = next((found for name in _WASM_LINKERS if (found := shutil.which(name))), None)
    if shutil.which("clang") and linker:
        return ["clang", "--target=wasm32", f"-fuse-ld={linker}"]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding"]
    raise CannotBuild("neither clang with wasm-ld nor ziglang is installed")


def _without_wasm() -> str | None:
    try:
        _wasm_compiler()
    except CannotBuild as error:
        return str(error)
    return None


def _without(tool: str) -> str | None:
    return None if shutil.which(tool) else f"{tool} is not installed"


def _without_module(name: str) -> str | None:
    return None if importlib.util.find_spec(name) else f"the Python package {name} is not installed"
