"""What C and LLVM IR mean to proofs is what a compiler makes of them; and what is undefined is noted."""

from __future__ import annotations

import ctypes
import shlex
import subprocess
import sysconfig
from collections.abc import Callable

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st
from llvmlite import binding

from toyvm.proof.abstraction import exactly
from toyvm.proof.c_meaning import Code
from toyvm.proof.c_text import CFile
from toyvm.proof.c_values import U64, Int
from toyvm.proof.c_world import World
from toyvm.proof.llvm_meaning import Run
from toyvm.proof.memory import memory_before
from toyvm.proof.symbols import Path as Way
from toyvm.proof.symbols import Term, bits, explore

C = """
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long u64;
typedef signed char i8; typedef short i16; typedef int i32; typedef long i64;
struct pair { u32 first; u64 second; };
enum { THREE = 3, FOUR };
static const u8 table[8] = {[1] = 10, [THREE] = 30, 40};
static struct pair pair_of(u64 a, u64 b) { return (struct pair){.second = a, .first = (u32)b}; }
u64 promoted(u64 a, u64 b) { return (u8)a - (u16)b; }
u64 mixed(u64 a, u64 b) { return (i32)a < (u32)b; }
u64 widened(u64 a, u64 b) { return (i8)a + (u64)(u32)b; }
u64 shifted(u64 a, u64 b) { return (u64)((i16)a >> (b & 15)) ^ (a << (b & 63)); }
u64 chosen(u64 a, u64 b) { return a & 1 ? (i32)a : (u32)b; }
u64 logical(u64 a, u64 b) { return (a && b) + 2 * (a || !b) + 4 * !(a > b); }
u64 divided(u64 a, u64 b) { return b ? (i32)(i8)a / (i32)((b & 7) + 1) : a % 10; }
u64 looked_up(u64 a, u64 b) { return table[a & 7] * (u32)FOUR + (u8)~b; }
u64 wide(u64 a, u64 b) { return (u64)(((__int128)(i64)a * (i64)b) >> 64); }
u64 structured(u64 a, u64 b) { struct pair p = pair_of(a, b); p.second += p.first; return p.second; }
u64 switched(u64 a, u64 b) { switch ((u32)a & 3) { case 0: return b; case THREE: b++; default: return b + 1; } }
u64 looped(u64 a, u64 b) { u64 n = 0; for (u32 i = 0; i < 4; i++) n = n * 3 + (a >> i & b); return n; }
"""
FUNCTIONS = [line.split("(")[0].split()[1] for line in C.splitlines() if line.startswith("u64 ")]
WORD = st.one_of(st.integers(0, (1 << 64) - 1), st.sampled_from([0, 1, 0x7F, 0x80, (1 << 31) - 1, 1 << 31, 1 << 63]))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "c.c").write_text(C)
    compiler = shlex.split(sysconfig.get_config_var("CC"))
    command = [*compiler, "-O1", "-shared", "-fPIC", "-o", str(folder / "c.so"), str(folder / "c.c")]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(folder / "c.so"))


@pytest.fixture(scope="module")
def parsed() -> CFile:
    return CFile(C)


def ways(file: CFile, name: str, a: Term, b: Term) -> list[Way[Term]]:
    def run() -> Term:
        value = Code(file, World(memory_before(True))).call(name, Int(a, U64), Int(b, U64))
        assert isinstance(value, Int)
        return value.term

    return list(explore(run))


def number(term: Term) -> int:
    (exact,) = exactly([term])
    return int(z3.simplify(exact).as_long())


@pytest.mark.parametrize("name", FUNCTIONS)
@given(a=WORD, b=WORD)
def test_c_means_what_the_compiler_makes_of_it(parsed: CFile, compiled: ctypes.CDLL, name: str, a: int, b: int) -> None:
    function = compiled[name]
    function.restype, function.argtypes = ctypes.c_uint64, [ctypes.c_uint64] * 2
    (way,) = ways(parsed, name, bits(a, 64), bits(b, 64))
    assert number(way.result) == function(a, b)
    assert not way.undefined


UNDEFINED = {
    "i32 a_sum = (i32)a + 1; return (u64)a_sum;": (1 << 31) - 1,
    "return a << b;": 0,
    "return 5 / (i32)a;": 0,
    "return (u64)((i64)0 - (i64)a);": 1 << 63,
    "return (u64)((i32)a * 2);": 1 << 30,
}


@pytest.mark.parametrize("body", UNDEFINED)
def test_what_c_leaves_undefined_is_noted(body: str) -> None:
    file = CFile(f"typedef unsigned long u64; typedef int i32; typedef long i64; u64 f(u64 a, u64 b) {{ {body} }}")
    assert [way.undefined for way in ways(file, "f", bits(4, 64), bits(5, 64))] == [()]
    (way,) = ways(file, "f", bits(UNDEFINED[body], 64), bits(64, 64))
    assert way.undefined


IR = (
    ("add i64 %a, %b", "sub i64 %v1, 7", "mul i64 %v2, %b"),
    ("and i64 %b, 63", "shl i64 %a, %v1", "lshr i64 %v2, %v1", "ashr i64 %v3, 3"),
    ("trunc i64 %a to i32", "sext i32 %v1 to i64", "zext i32 %v1 to i64", "xor i64 %v2, %v3"),
    ("icmp slt i64 %a, %b", "icmp ule i64 %a, 9", "and i1 %v1, %v2", "select i1 %v3, i64 %a, i64 -5"),
    ("or i64 %b, 1", "udiv i64 %a, %v1", "srem i64 %a, 12", "or i64 %v2, %v3"),
    ("call i64 @llvm.fshr.i64(i64 %a, i64 %b, i64 3)", "call i64 @llvm.usub.sat.i64(i64 %v1, i64 %b)"),
    ("call i64 @llvm.umin.i64(i64 %a, i64 %b)", "call i64 @llvm.umax.i64(i64 %v1, i64 77)"),
)
_HEAD = "".join(f"declare i64 @llvm.{name}.i64(i64, i64{more})\n" for name, more in
                (("fshr", ", i64"), ("umin", ""), ("umax", ""), ("usub.sat", "")))  # fmt: skip


def function_of(lines: tuple[str, ...]) -> str:
    body = "".join(f"  %v{n} = {line}\n" for n, line in enumerate(lines, 1))
    return f"define i64 @f(i64 %a, i64 %b) nounwind {{\nenter:\n{body}  ret i64 %v{len(lines)}\n}}\n"


@pytest.fixture(scope="module")
def llvm() -> Callable[[str], binding.ExecutionEngine]:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()

    def engine(text: str) -> binding.ExecutionEngine:
        machine = binding.Target.from_default_triple().create_target_machine()
        made = binding.create_mcjit_compiler(binding.parse_assembly(text), machine)
        made.finalize_object()
        return made

    return engine


@pytest.mark.parametrize("lines", IR, ids=lambda lines: lines[0].split()[0])
def test_ir_means_what_llvm_makes_of_it(llvm: Callable[[str], binding.ExecutionEngine], lines: tuple[str, ...]) -> None:
    text = function_of(lines)
    engine = llvm(_HEAD + text)
    function = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(engine.get_function_address("f"))

    @given(a=WORD, b=WORD)
    def agrees(a: int, b: int) -> None:
        run = Run(text, {"%a": bits(a, 64), "%b": bits(b, 64)}, None)  # type: ignore[arg-type]
        (way,) = explore(run.result)
        assert number(way.result) == function(a, b)
        assert not way.undefined

    agrees()


POISON = {
    "shl i64 %a, %b": (1, 64),
    "udiv i64 %a, %b": (1, 0),
    "sdiv i64 %a, %b": (1 << 63, (1 << 64) - 1),
    "add nsw i64 %a, %b": ((1 << 63) - 1, 1),
    "sub nuw i64 %a, %b": (0, 1),
    "lshr exact i64 %a, %b": (1, 1),
}


@pytest.mark.parametrize("line", POISON)
def test_what_llvm_leaves_undefined_is_noted(line: str) -> None:
    def undefined(a: int, b: int) -> bool:
        run = Run(function_of((line,)), {"%a": bits(a, 64), "%b": bits(b, 64)}, None)  # type: ignore[arg-type]
        return any(way.undefined for way in explore(run.result))

    assert undefined(*POISON[line])
    assert not undefined(8, 2)
