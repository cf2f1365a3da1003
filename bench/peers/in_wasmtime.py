"""Runs a program in wasmtime: `in_wasmtime.py PROGRAM.wasm SCALE REPEATS`."""

from __future__ import annotations

import sys
from pathlib import Path

import wasmtime


def main(path: str, scale: int, repeats: int) -> None:
    store = wasmtime.Store(wasmtime.Engine())
    module = wasmtime.Module(store.engine, Path(path).read_bytes())
    program = wasmtime.Instance(store, module, []).exports(store)["program"]
    result = 0
    for _ in range(repeats):
        result = program(store, scale)
    print(f"{result & (1 << 64) - 1:016x}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
