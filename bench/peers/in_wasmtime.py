"""Runs a program in wasmtime, as `main.c` does: `in_wasmtime.py PROGRAM.wasm SCALE REPEATS`, or `each`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import wasmtime


def load(path: str) -> Callable[[int], int]:
    """The program, compiled, as a function of its scale."""
    store = wasmtime.Store(wasmtime.Engine())
    module = wasmtime.Module(store.engine, Path(path).read_bytes())
    program = wasmtime.Instance(store, module, []).exports(store)["program"]
    return lambda scale: program(store, scale) & (1 << 64) - 1


def main(path: str, scale: int, repeats: str) -> None:
    program = load(path)
    if repeats == "each":
        print("ready", flush=True)
        for _ in sys.stdin:
            print(f"{program(scale):016x}", flush=True)
        return
    result = 0
    for _ in range(int(repeats)):
        result = program(scale)
    print(f"{result:016x}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
