"""What compilers write: it assembles as it is, links with hand-written sources, and does what the C program says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.assembling import bytes_of, complaint, complaints, values_of, words_of

from toyvm import Machine
from toyvm.asm import assemble, assemble_text
from toyvm.asm.source import Source
from toyvm.errors import AssemblyError
from toyvm.image import Image, Symbol

GCC, CLANG = "riscv64-unknown-elf-gcc", "clang"
START = """
.globl _start
_start: li sp, 0x40000
    call main
    out 8, a0
.globl memcpy
memcpy: mv t0, a0
1:  beqz a2, 2f
    lbu t1, 0(a1)
    sb t1, 0(t0)
    addi t0, t0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 1b
2:  ret
"""
PROGRAM = r"""
typedef unsigned long size_t;
extern int missing(int) __attribute__((weak));
__attribute__((weak)) int hook(int x) { return x + 1; }
int twice(int) __attribute__((weak, alias("hook")));
static const char *const names[] = {"one", "two", "three", "one"};
static int s1 = 4, counter;
static int a0[9] = {0, 1, 2, 3};
int *t0 = &s1;
int shared;
const char text[] = "abc\001\002 \"q\" \\ tab\t";
struct big { char room[4000]; long last; } here, there = {{0}, 9};
__attribute__((section(".mine"), used)) static int own = 5;
__attribute__((visibility("hidden"))) int hidden(void) { return 1; }
static long choose(int x) {
    switch (x) {
    case 0: return 3; case 1: return 8; case 2: return 9; case 3: return 100; case 4: return 44; case 5: return 12;
    case 6: return counter; default: return -1;
    }
}
int sp(int x) { return x ? sp(x - 1) * 3 + 1 : 0; }
int main(void) {
    long sum = 0;
    volatile int k = 0;
    for (int i = -1; i < 8; i++) sum += choose(i + k);
    for (int i = 0; i < 4; i++) sum += names[i][1 + k];
    if (missing) sum += missing(1);
    here = there;
    sum += here.last + hook(3) + twice(4) + a0[2 + k] + *t0 + own + hidden() + sp(3) + sizeof text + text[3];
    shared = (int)sum;
    return (int)((unsigned)shared % 97 + (sum * 7 / (k + 3)) % 2);
}
"""
OPTIONS = ("-O0", "-O2", "-O2 -g", "-Os -ffunction-sections -fdata-sections -gdwarf-4", "-O2 -mcmodel=medany -g3")
FOR_GCC = ("-O2 -fpic", "-O2 -fexceptions -fverbose-asm", "-O2 -flto -ffat-lto-objects", "-O1 -fcommon")


def run(*sources: Source) -> int | None:
    with Machine("1M") as machine:
        machine.load(assemble(list(sources)).image)
        return machine.run(max_instructions=1_000_000).exit_code


def compiled(folder: Path, compiler: str, options: str, program: str = PROGRAM) -> Source:
    (folder / "program.c").write_text(program)
    target = ["--target=riscv64-unknown-elf", "-mno-relax"] if compiler == CLANG else []
    command = [compiler, *target, "-march=rv64im", "-mabi=lp64", "-ffreestanding", "-S", *options.split()]
    subprocess.run([*command, "program.c", "-o", "program.s"], cwd=folder, check=True)
    return Source.read(folder / "program.s")


@pytest.mark.skipif(shutil.which(GCC) is None, reason=f"{GCC} is not installed")
@pytest.mark.parametrize("options", OPTIONS + FOR_GCC)
def test_what_gcc_writes_assembles_and_runs(options: str, tmp_path: Path) -> None:
    assert run(Source("start.s", START), compiled(tmp_path, GCC, options)) == 96


@pytest.mark.skipif(shutil.which(CLANG) is None, reason=f"{CLANG} is not installed")
@pytest.mark.parametrize("options", OPTIONS)
def test_what_clang_writes_assembles_and_runs(options: str, tmp_path: Path) -> None:
    assert run(Source("start.s", START), compiled(tmp_path, CLANG, options)) == 96


COMPILED = """
    .file "x.c"
    .option nopic
    .attribute arch, "rv64i2p1_m2p0"
    .text
    .section .text.startup,"ax",@progbits
    .align 2
    .globl main
    .hidden main
    .type main, @function
main:
.LFB0:
    .file 1 "x.c"
    .loc 1 1 1
    .cfi_startproc
    .cfi_def_cfa_offset 16
    .cfi_offset 1, -8
    lui a5,%hi(.LANCHOR0)
    lw a0,%lo(.LANCHOR0)(a5)
    tail f@plt
    .cfi_endproc
.LFE0:
    .size main, .-main
    .section .rodata.str1.8,"aMS",@progbits,1
    .string "text"
    .section .data.rel.ro,"awG",@progbits,group,comdat
    .dword s1
    .local common
    .comm common,4,4
    .section .sdata,"aw"
    .set .LANCHOR0,. + 0
    .type s1, @object
    .size s1, 4
s1: .word 7
    .section .init_array,"aw",@init_array
    .section .debug_info,"",@progbits
    .uleb128 .LFE0-.LFB0
    .sleb128 -129
    .uleb128 later
    .4byte .debug_info
    .section .note.GNU-stack,"",@progbits
    .ident "GCC"
    .addrsig
    .addrsig_sym main
    .weak f
later = 300
    .text
f: out 8, a0
"""


def test_each_thing_that_compilers_write_is_taken() -> None:
    with Machine("1M") as machine:
        machine.load(assemble_text(COMPILED, entry="main").image)
        assert machine.run(max_instructions=100).exit_code == 7


def symbols_of(*texts: str) -> dict[str, Symbol]:
    """The symbols that win, of several sources' ones of each name."""
    image = assemble([Source(f"{number}.s", text) for number, text in enumerate(texts)]).image
    return {symbol.name: symbol for symbol in sorted(image.symbols, key=lambda symbol: symbol.is_global)}


USE = "nop\n.data\n.dword x\n"
WEAK = "nop\n.weak x\n.data\nx: .dword 1\n"
STRONG = ".globl x\nx = 0x22\n"


def data_of(*texts: str) -> bytes:
    image = assemble([Source(f"{number}.s", text) for number, text in enumerate(texts)]).image
    return b"".join(segment.data for segment in image.segments[1:])


@pytest.mark.parametrize(
    "texts", [(USE, WEAK, STRONG), (USE, STRONG, WEAK), (WEAK + USE, STRONG), (STRONG, WEAK + USE)]
)
def test_a_weak_symbol_yields_to_a_strong_one_in_every_source(texts: tuple[str, ...]) -> None:
    assert (0x22).to_bytes(8, "little") in data_of(*texts)
    assert not symbols_of(*texts)["x"].is_weak


def test_the_first_of_weak_symbols_is_taken() -> None:
    texts = ("nop\n.weak x\nx = 1", "nop\n.weak x\nx = 2")
    assert symbols_of(*texts)["x"].address == 1
    assert symbols_of(*texts)["x"].is_weak


def test_a_weak_symbol_that_is_nowhere_is_zero() -> None:
    assert values_of("x\n.weak x") == [0]
    assert words_of(".weak x\nla a0, x")[1] & 0xFFF00000 == 0


def test_a_symbol_that_yields_keeps_its_own_size_and_place() -> None:
    image = assemble(
        [Source("a.s", ".weak x\nnop\nx: nop\nnop\n.size x, . - x"), Source("b.s", ".globl x\nx: ret")]
    ).image
    assert {(each.address, each.is_global, each.size) for each in image.symbols if each.name == "x"} == {
        (0x1004, False, 8),
        (0x100C, True, 0),
    }


def test_of_common_symbols_the_largest_is_taken_and_a_strong_one_before_it() -> None:
    small, large = "nop\n.comm x, 4, 4", "nop\n.comm y, 8\n.comm x, 64, 8"
    assert symbols_of(small, large)["x"] == symbols_of(small, large)["x"]
    size = sum(section.size for section in assemble([Source("a", small), Source("b", large)]).image.sections)
    assert symbols_of(small, large)["x"].address == symbols_of(large, small)["x"].address + 8
    assert size >= 72
    assert symbols_of(small, large, ".globl x\nx = 5")["x"].address == 5


def test_two_strong_symbols_are_still_refused() -> None:
    with pytest.raises(AssemblyError, match="already defined"):
        assemble([Source("a.s", STRONG), Source("b.s", WEAK), Source("c.s", STRONG)])


def test_an_image_keeps_weak_symbols_and_its_disassembly_too() -> None:
    from toyvm.asm.disassembler import disassemble_image

    image = assemble_text("nop\n.weak x\nx: nop").image
    (symbol,) = Image.from_bytes(image.to_bytes()).symbols
    assert (symbol.is_weak, symbol.is_global) == (True, True)
    assert assemble_text(disassemble_image(image)).image.symbols == image.symbols


@pytest.mark.parametrize("name", ["a0", "sp", "zero", "x5"])
def test_a_compilers_variable_may_have_a_registers_name(name: str) -> None:
    text = f"la t1, {name}\ncall {name}\nlui t0, %hi({name})\n.globl {name}\n{name}: nop\n.dword {name}"
    assert bytes_of(text)[-8:] == (0x1010).to_bytes(8, "little")


@pytest.mark.parametrize("text", [".dword a0", "j a0", "beq a0, a1, a2", "la a0, a1", "addi a0, a0, a1"])
def test_a_register_where_a_symbol_belongs_is_called_one(text: str) -> None:
    assert "not register 'a" in complaints(text)[0].message


LEB = {
    ".uleb128 0, 127, 128, 624485": "00 7f 80 01 e5 8e 26",
    ".sleb128 0, -1, 63, 64, -64, -65, -123456": "00 7f 3f c0 00 40 bf 7f c0 bb 78",
    ".uleb128 (1 << 64) - 1": "ff ff ff ff ff ff ff ff ff 01",
    ".sleb128 -(1 << 63)": "80 80 80 80 80 80 80 80 80 7f",
    "a: .uleb128 b - a\nb:": "8a 80 80 80 80 80 80 80 80 00",
    ".sleb128 n\nn = -2": "fe ff ff ff ff ff ff ff ff 7f",
}


@pytest.mark.parametrize("text", LEB)
def test_numbers_in_groups_of_seven_bits(text: str) -> None:
    assert bytes_of(f"nop\n.data\n{text}", ".data") == bytes.fromhex(LEB[text])


@pytest.mark.parametrize("text", [".uleb128 -1", ".uleb128 1 << 64", ".sleb128 1 << 63", ".uleb128 x\nx = -1"])
def test_numbers_that_do_not_fit_their_groups_are_refused(text: str) -> None:
    assert "does not fit; ." in complaint(f"nop\n.data\n{text}").message


WITHOUT = {
    "lui a5, %tprel_hi(x)": "%tprel_hi: there is no thread-local storage here",
    "auipc a5, %got_pcrel_hi(x)": "%got_pcrel_hi: there is no table of addresses here; compile without -fpic",
    '.section .tbss, "awT", @nobits\n.zero 4': "section flag 'T': there is no thread-local storage here",
}


@pytest.mark.parametrize("text", WITHOUT)
def test_what_compilers_write_and_is_not_here_is_named(text: str) -> None:
    assert complaint(f"nop\n{text}").message == WITHOUT[text]


REFUSED = (
    '.section .x, "q"\n.word y\ny: nop\nnop\n.text',
    '.bss\n.section .bss, "ax"\n.word 5\nnop',
    '.pushsection .x, "aT", @nobits\n.word 5\n.popsection\nnop',
    ".section 5\nnop\nj 1f\n1:",
    '.section .tbss, "awT", @nobits\n.word 5\n.align 3\n.dword 1',
)


@pytest.mark.parametrize("text", REFUSED)
def test_a_refused_section_makes_one_complaint_alone(text: str) -> None:
    assert len(complaints(f"nop\n{text}")) == 1


def test_a_function_that_is_nowhere_is_one_complaint_where_it_is_called() -> None:
    found = complaint(".globl __muldf3\nnop\ncall __muldf3")
    assert (found.line, found.message) == (3, "undefined symbol '__muldf3'")
    assert complaint(".globl f\nnop").message == "symbol 'f' is declared global but defined nowhere"
