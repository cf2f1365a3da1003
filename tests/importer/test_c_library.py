"""picolibc's system half: it gives way to a program's names, takes any dialect, and has what programs call."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import ROOT
from support.compiling import CPLUSPLUS, PROGRAMS, build, needs_compiler, run_here, run_program

from toyvm.errors import BadFileError, UsageError
from toyvm.importer.library import COMPILER, compiler_flags, library_for
from toyvm.paths import guests_directory

pytestmark = [pytest.mark.slow, needs_compiler]

OWN_NAMES = """
int times(int a) { return a * 2; }
int kill(int a) { return a + 1; }
int open(int a) { return a + 2; }
int read(int a) { return a + 4; }
int write(int a) { return a + 8; }
int close(int a) { return a + 16; }
int lseek(int a) { return a + 32; }
int raise_count, environ_count, sleep, flush, get, put, result, status;
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int main(void)
{
    int c = getchar();
    printf("%c %d\\n", c, times(1) + kill(0) + open(0) + read(0) + write(0) + close(0) + lseek(0));
    printf("%d %d\\n", clock() != (clock_t)-1, fopen("a", "r") == NULL);
    free(malloc(100000));
    abort();
}
"""


def test_a_program_may_have_functions_of_the_librarys_names(tmp_path: Path) -> None:
    program = build(tmp_path / "own", OWN_NAMES, ["-O2", "-std=c11", "-fno-builtin"])
    assert run_program(program, b"x") == (134, "x 65\n1 1\nprogram ended: signal 6\n")


@pytest.mark.parametrize("dialect", ["-ansi", "-std=c89", "-std=c99", "-std=c11", "-std=gnu17"])
def test_a_program_may_be_in_any_dialect_with_any_warning(tmp_path: Path, dialect: str) -> None:
    source = '#include <stdio.h>\nint main(void) { puts("hi"); return 0; }\n'
    flags = [dialect, "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    assert run_program(build(tmp_path / "plain", source, flags)) == (0, "hi\n")


@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os -std=c++11"])
@pytest.mark.parametrize("library", [COMPILER, CPLUSPLUS])
def test_a_program_may_be_in_cplusplus(tmp_path: Path, level: str, library: str) -> None:
    source = """
        #include <stdio.h>
        struct Shape { virtual ~Shape() {} virtual int area() const = 0; };
        struct Square : Shape {
            int side;
            Square(int side) : side(side) {}
            int area() const override { return side * side; }
        };
        template <typename Number> Number most(Number a, Number b) { return a < b ? b : a; }
        static int count() { static Square made(7); return made.area(); }
        struct Announced { Announced() { puts("come"); } ~Announced() { puts("gone"); } } announced;
        int main() {
            Shape *shape = new Square(5);
            int *several = new int[3]();
            printf("%d %d %d %d %.1f\\n", shape->area(), several[2], count(), most(1, 2), most(1.5, 0.5));
            delete shape;
            delete[] several;
        }
    """
    flags = [*level.split(), "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti"]
    program = build(tmp_path / "shapes", source, flags, CPLUSPLUS, library)
    assert run_program(program) == (0, "come\n25 0 49 2 1.5\ngone\n")


def test_the_flags_compile_and_link_apart(tmp_path: Path) -> None:
    (tmp_path / "part.c").write_text("int part(void) { return 7; }")
    (tmp_path / "main.c").write_text("int part(void); int main(void) { return part(); }")
    for name in ("part", "main"):
        command = [COMPILER, *compiler_flags(), "-c", f"{name}.c", "-o", f"{name}.o"]
        subprocess.run(command, check=True, cwd=tmp_path)
    subprocess.run([COMPILER, "main.o", "part.o", *compiler_flags(), "-o", "whole", "-lc"], check=True, cwd=tmp_path)
    assert run_program(tmp_path / "whole") == (7, "")


@pytest.mark.parametrize("name", ["system", "streams"])
def test_what_a_program_calls_is_there(tmp_path: Path, name: str) -> None:
    program = build(tmp_path / name, PROGRAMS / f"{name}.c", ["-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"])
    code, output = run_program(program, b"abcdefghijklmnop\nq\nlast")
    assert output == (PROGRAMS / f"{name}.txt").read_text()
    assert code == (3 if name == "streams" else 0)


@pytest.mark.parametrize("name", ["atomics", "printing", "reading", "scanning"])
def test_what_c_settles_is_as_this_machines_own_library_has_it(tmp_path: Path, name: str) -> None:
    source = PROGRAMS / f"{name}.c"
    given = b"1,2\n 3,4 abc def\nlast"
    assert run_program(build(tmp_path / name, source, ["-O2", "-w"]), given) == run_here(
        tmp_path / "here", source, given
    )


def test_a_long_double_keeps_all_its_digits(tmp_path: Path) -> None:
    source = """
        #include <stdio.h>
        #include <stdlib.h>
        int main(void) {
            printf("%.40Lf\\n%.36Lg\\n", strtold("0.1", NULL), strtold("1e4931", NULL));
            printf("%La %La\\n", strtold("0x1.23456789abcdef0123456789abcdp-3", NULL), strtold("-6e-4966", NULL));
            printf("%Lg %Lg\\n", strtold("1e5000", NULL), strtold("3e-4966", NULL));
        }
    """
    assert run_program(build(tmp_path / "long", source)) == (
        0,
        "0.1000000000000000000000000000000000048148\n9.99999999999999999999999999999999981e+4930\n"
        "0x1.23456789abcdef0123456789abcdp-3 -0x0.0000000000000000000000000001p-16382\ninf 0\n",
    )


# How it is made and kept, whatever code it has: compilers that do not optimize make it in a third of the time.


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (COMPILER, CPLUSPLUS):
        hasty = tmp_path / "hasty" / name
        hasty.parent.mkdir(exist_ok=True)
        hasty.write_text(f'#!/bin/sh\nexec {shutil.which(name)} "$@" -O0\n')
        hasty.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'hasty'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "toyvm" / "picolibc"


def test_it_is_made_once(empty_cache: Path) -> None:
    library = library_for(COMPILER)
    before = {path: path.stat().st_mtime_ns for path in library.rglob("*")}
    assert library_for(COMPILER) == library
    assert {path: path.stat().st_mtime_ns for path in library.rglob("*")} == before
    assert [path.name for path in empty_cache.iterdir()] == [library.name]


def test_several_that_make_it_at_once_leave_one(empty_cache: Path) -> None:
    command = [sys.executable, "-m", "toyvm", "import", "--flags"]
    makers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {maker.communicate()[0] for maker in makers}
    assert [maker.returncode for maker in makers] == [0, 0, 0]
    assert len(said) == 1
    assert [path.name for path in empty_cache.iterdir()] == [library_for(COMPILER).name]


def test_a_compiler_of_another_age_gets_its_own(empty_cache: Path, tmp_path: Path) -> None:
    compiler = tmp_path / "my-gcc"
    compiler.write_text(f'#!/bin/sh\nexec {COMPILER} "$@"\n')
    compiler.chmod(0o755)
    first = library_for(str(compiler))
    os.utime(compiler, (1, 1))
    assert library_for(str(compiler)) not in (first, library_for(COMPILER))
    assert len(list(empty_cache.iterdir())) == 3


def test_other_sources_are_compiled_anew(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = library_for(COMPILER)
    guests = tmp_path / "guests"
    shutil.copytree(guests_directory() / "picolibc", guests / "picolibc")
    monkeypatch.setattr("toyvm.importer.library.guests_directory", lambda: guests)
    assert library_for(COMPILER) == first
    with (guests / "picolibc" / "library" / "memory.c").open("a") as source:
        source.write("int __toyvm_more(void) { return 1; }\n")
    assert b"__toyvm_more" in (library_for(COMPILER) / "toyvm.o").read_bytes()
    assert b"__toyvm_more" not in (first / "toyvm.o").read_bytes()


def test_it_is_c_whatever_language_its_compiler_takes_sources_for(empty_cache: Path) -> None:
    made, also = (library_for(compiler) for compiler in (COMPILER, CPLUSPLUS))
    names = [
        subprocess.run(["nm", "-g", library / "toyvm.o"], check=True, capture_output=True).stdout
        for library in (made, also)
    ]
    assert made != also
    assert names[0] == names[1]


def test_a_compiler_that_cannot_make_it_leaves_nothing(empty_cache: Path, tmp_path: Path) -> None:
    compiler = tmp_path / "bad-gcc"
    said = "(echo a note; echo oh: error: no; echo an error later) >&2"
    compiler.write_text(f'#!/bin/sh\ncase "$*" in *print*) exec {COMPILER} "$@";; esac\n{said}\nexit 3\n')
    compiler.chmod(0o755)
    with pytest.raises(BadFileError, match=r"ended with 3: oh: error: no$"):
        compiler_flags(str(compiler))
    assert list(empty_cache.iterdir()) == []


def test_a_compiler_without_picolibc_is_refused(empty_cache: Path) -> None:
    with pytest.raises(UsageError, match="gcc has no picolibc"):
        compiler_flags("gcc")
    with pytest.raises(UsageError, match="no-gcc is not installed"):
        compiler_flags("no-gcc")
