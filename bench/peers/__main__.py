"""Engines against native code on the same C programs: `python bench/peers`, with --help for more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from programs import SETS, CannotBuild, compile_native, compile_riscv, programs_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", dest="which", choices=list(SETS), default="reported", help="which programs; reported")
    parser.add_argument(
        "--build", metavar="DIR", type=Path, help="only compile them, natively and for RV64IM, to there"
    )
    arguments = parser.parse_args()
    arguments.build.mkdir(parents=True, exist_ok=True)
    try:
        for program in programs_of(arguments.which):
            native, riscv = compile_native(program, arguments.build), compile_riscv(program, arguments.build)
            print(f"{native} {program.scale} 1   or   toyvm run {riscv} {program.scale} 1")
    except CannotBuild as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
