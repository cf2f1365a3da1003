"""C programs, compiled for RV64IM with picolibc: on every technique as on Linux. Skipped without the compiler."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from support.compiling import build, needs_compiler

from toyvm.importer import Options, import_file
from toyvm.launch import launched
from toyvm.recompiler.options import Recompiling
from toyvm.techniques import NAMES

ORACLE = "qemu-riscv64"
FINDER = "riscv64-unknown-elf-addr2line"
HERE = Path(__file__).parent
BENCH = HERE.parent.parent / "bench" / "programs"
LIBRARY = HERE / "programs" / "library.c"
MEASURED = [BENCH / name for name in ("fib.c", "sha256.c", "mix.c", "training/words.c")]
INPUT = b"first line\nsecond\nthird without an end"
WORDS, ENVIRONMENT = ("one", "two words", ""), {"TOYVM_TEST": "set"}
MEMORY = 16 << 20
LIMIT = 200_000_000

pytestmark = needs_compiler
needs_oracle = pytest.mark.skipif(shutil.which(ORACLE) is None, reason=f"{ORACLE} is not installed")


@cache
def compiled(folder: Path, *sources: Path) -> Path:
    flags = ["-O2", "-g", f"-I{BENCH}", *map(str, sources[1:])]
    return build(folder / f"{sources[0].stem}.elf", sources[0], flags)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


def run(
    program: Path, technique: str, words: tuple[str, ...], engine: str | Recompiling = "interpreter"
) -> tuple[int | None, bytes]:
    image = import_file(program, Options(words, ENVIRONMENT)).image
    with launched(technique, MEMORY, engine=engine, input=INPUT) as computer:
        computer.load(image)
        outcome = computer.run(LIMIT)
        assert engine == "interpreter" or computer.recompilation["retired"] > outcome.instructions / 4
        return outcome.exit_code, computer.output


@cache
def on_linux(program: Path, *words: str) -> tuple[int, bytes]:
    environment = [option for name, value in ENVIRONMENT.items() for option in ("-E", f"{name}={value}")]
    done = subprocess.run([ORACLE, *environment, program, *words], input=INPUT, capture_output=True, check=False)
    return done.returncode, done.stdout


@needs_oracle
@pytest.mark.parametrize("technique", NAMES)
def test_a_program_does_with_the_library_what_it_does_on_linux(folder: Path, technique: str) -> None:
    program = compiled(folder, LIBRARY)
    assert run(program, technique, WORDS) == on_linux(program, *WORDS)


@pytest.mark.slow
@needs_oracle
@pytest.mark.parametrize("technique", ["bare", "trap", "rewrite", "para", "assist"])
def test_a_recompiled_program_does_so_too(folder: Path, technique: str) -> None:
    pytest.importorskip("llvmlite")
    program = compiled(folder, LIBRARY)
    engine = Recompiling(threshold=20, waiting=True, limit=200)
    assert run(program, technique, WORDS, engine) == on_linux(program, *WORDS)


@needs_oracle
@pytest.mark.parametrize("source", MEASURED, ids=lambda path: path.stem)
def test_a_measured_program_gives_the_result_it_gives_on_linux(folder: Path, source: Path) -> None:
    program = compiled(folder, source, BENCH / "main.c")
    assert run(program, "bare", ("2", "1")) == on_linux(program, "2", "1")


def test_main_is_found_in_its_source(folder: Path) -> None:
    image = import_file(compiled(folder, LIBRARY)).image
    location = image.locate(image.address_of("main"))
    line = next(n for n, text in enumerate(LIBRARY.read_text().splitlines(), 1) if text.startswith("int main("))
    assert (Path(location.file or "").name, location.symbol) == ("library.c", "main")
    assert location.line in (line, line + 1)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which(FINDER) is None, reason=f"{FINDER} is not installed")
def test_every_line_is_the_one_that_the_binary_utilities_find(folder: Path) -> None:
    program = compiled(folder, LIBRARY)
    image = import_file(program).image
    start = image.address_of("__toyvm_start")
    addresses = range(start, start + 4000, 4)
    command = [FINDER, "-s", "-e", program, *(f"{address:#x}" for address in addresses)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    theirs = [text.split(" ")[0].rpartition(":")[2].replace("?", "0") for text in said]
    assert [str(image.locate(address).line or 0) for address in addresses] == theirs
