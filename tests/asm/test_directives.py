"""Directives: data, room, sections, symbols."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.assembling import bytes_of, complaint, words_of

from toyvm.asm import assemble, assemble_text
from toyvm.asm.directives.table import TABLE
from toyvm.asm.values import describe
from toyvm.errors import AssemblyError
from toyvm.isa.coding import encode
from toyvm.isa.instructions import BY_MNEMONIC
from toyvm.isa.paging import PAGE_SIZE

NOP = encode(BY_MNEMONIC["addi"], (0, 0, 0))

DATA = {
    ".byte 1, -1, 255": "01ffff",
    ".half 0x1234, -2": "3412feff",
    ".short 1": "0100",
    ".word 0x12345678": "78563412",
    ".long -1": "ffffffff",
    ".dword 0x1122334455667788": "8877665544332211",
    ".quad 0xffffffffffffffff": "ff" * 8,
    '.ascii "ab", "c"': "616263",
    '.asciz "a"': "6100",
    '.string "a", "b"': "61006200",
    r'.ascii "\n\t\\\"\x41\101\0"': "0a095c22414100",
    '.ascii "é # ; /* // , "': "é # ; /* // , ".encode().hex(),
    ".zero 3": "000000",
    ".skip 2, 0xaa": "aaaa",
    ".space 1, -1": "ff",
    ".fill 2, 2, 0x1234": "34123412",
    ".fill 3": "000000",
    ".byte 1; .balign 4, 7; .byte 2": "0107070702",
    ".byte 1; .p2align 3, 0, 2; .byte 2": "0102",
    ".byte 1; .align 1; .byte 2": "010002",
    ".byte 1; .org 3, 9; .byte 2": "01090902",
    ".byte 'a, ';', ' '": "",
    ".byte 'a', ';', ' ', ','": "613b202c",
    "x = 3; .byte x; x = x + 1; .byte x": "0304",
    ".set y, later; .byte y; .equ later, 5": "05",
}


@pytest.mark.parametrize("text", [text for text in DATA if DATA[text]])
def test_data_is(text: str) -> None:
    assert bytes_of(f".data; {text}; .text; nop", ".data").hex() == DATA[text]


@given(st.sampled_from([(".byte", 1), (".half", 2), (".word", 4), (".dword", 8)]), st.data())
def test_numbers_fit_signed_or_unsigned_and_no_further(row: tuple[str, int], data: st.DataObject) -> None:
    name, size = row
    low, high = -(1 << (8 * size - 1)), (1 << 8 * size) - 1
    value = data.draw(st.integers(low, high))
    assert bytes_of(f"{name} {value}") == (value & high).to_bytes(size, "little")
    if size < 8:
        assert (
            f"takes {low}..{high}"
            in complaint(f"nop\n{name} {data.draw(st.sampled_from([low - 1, high + 1]))}").message
        )


@pytest.mark.parametrize(("name", "size"), [(".byte", 1), (".half", 2), (".word", 4), (".dword", 8)])
@pytest.mark.parametrize("form", ["{name} {value}", "{name} later\n.equ later, {value}", ".fill 1, {size}, {value}"])
def test_a_negative_number_may_be_as_64_bits_have_it(form: str, name: str, size: int) -> None:
    least = -(1 << (8 * size - 1))
    for value in (-1, least, least + 1):
        as_words = form.format(name=name, size=size, value=(1 << 64) + value)
        assert bytes_of(f".data\n{as_words}\n.text\nnop", ".data") == value.to_bytes(size, "little", signed=True)
    if size < 8:
        beyond = form.format(name=name, size=size, value=(1 << 64) + least - 1)
        assert "does not fit" in complaint(f"nop\n{beyond}").message


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_any_text_can_be_in_a_string(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert bytes_of(f'.data\n.ascii "<{escaped}>"\n.text\nnop', ".data").decode() == f"<{text}>"


def test_code_is_aligned_with_instructions_that_do_nothing() -> None:
    assert words_of("ret\n.align 4\nret")[1:4] == [NOP] * 3


def test_sections_follow_one_another_in_the_known_order() -> None:
    image = assemble_text(".section .other\n.byte 1\n.bss\n.zero 4\n.data\n.byte 1\n.rodata\n.byte 1\n.text\nnop").image
    assert [section.name for section in image.sections] == [".text", ".rodata", ".data", ".bss", ".other"]


def test_sections_of_different_rights_share_no_page() -> None:
    image = assemble_text("nop\n.rodata\n.byte 1\n.data\n.byte 1\n.bss\n.zero 9").image
    pages = [{address // PAGE_SIZE for address in (s.address, s.address + s.size - 1)} for s in image.segments]
    code = image.segments[0]
    assert (code.flags, len(code.data), code.size) == (5, 4, 4)
    assert len(set.union(*pages)) == sum(len(page) for page in pages) == 3


def test_bss_takes_no_room_in_the_file() -> None:
    image = assemble_text("nop\n.bss\nbig: .zero 1 << 30").image
    assert image.segments[-1].size == 1 << 30
    assert len(image.to_bytes()) < 20_000


def test_bss_holds_nothing_but_zeros() -> None:
    assert "only zeros" in complaint("nop\n.bss\n.byte 0, 1").message


def test_an_instruction_cannot_stand_in_bss() -> None:
    assert "no contents" in complaint("nop\n.bss\nnop").message


def test_previous_and_pushed_sections_come_back() -> None:
    text = "nop\n.data\n.byte 1\n.previous\nnop\n.pushsection .data\n.byte 2\n.popsection\nnop"
    assert (len(words_of(text)), bytes_of(text, ".data")) == (3, b"\1\2")


@pytest.mark.parametrize("pushes", [1, 2, 3])
def test_after_popsection_previous_means_what_it_did_before_pushsection(pushes: int) -> None:
    within = ".pushsection .rodata\n.byte 9\n.section .other\n" * pushes + ".popsection\n" * pushes
    text = f"nop\n.data\n.byte 1\n.text\n{within}nop\n.previous\n.byte 2\n.previous\nnop"
    assert (len(words_of(text)), bytes_of(text, ".data"), bytes_of(text, ".rodata")) == (3, b"\1\2", b"\t" * pushes)


def test_an_address_can_be_given_to_a_section() -> None:
    image = assemble_text("nop\n.data\n.address 0x80000\nx: .dword x").image
    assert image.address_of("x") == 0x80000


def test_sections_cannot_lie_inside_one_another() -> None:
    assert "lies inside" in complaint("nop\n.data\n.address 0x1000\n.byte 1").message


@pytest.mark.parametrize("size", [0, 1, (1 << 64) - 1])
@pytest.mark.parametrize("form", ["{}", "later\n.equ later, {}"])
def test_a_size_is_any_number_of_64_bits(size: int, form: str) -> None:
    (symbol,) = (one for one in assemble_text(f"f: nop\n.size f, {form.format(size)}").image.symbols if one.name == "f")
    assert symbol.size == size


@pytest.mark.parametrize("size", [-1, 1 << 64])
@pytest.mark.parametrize("form", ["{}", "later\n.equ later, {}", "f - f + {}"])
def test_what_is_no_number_of_bytes_is_no_size(size: int, form: str) -> None:
    text = f"f: nop\n.size f, {form.format(size)}".replace(str(1 << 64), "1 << 64")
    assert complaint(text).message == f"size {size} is not a number of bytes"


def test_size_gives_a_symbol_its_size() -> None:
    image = assemble_text("f: nop\nnop\n.size f, . - f\n.globl f").image
    assert [(symbol.name, symbol.size, symbol.is_global) for symbol in image.symbols] == [("f", 8, True)]


def test_common_symbols_have_room_in_bss() -> None:
    image = assemble_text("nop\n.comm x, 16, 8\n.lcomm y, 4").image
    assert image.address_of("y") == image.address_of("x") + 16


def test_a_file_can_be_included_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(bytes(range(10)))
    (tmp_path / "a.s").write_text('nop\n.data\n.incbin "blob"\n.incbin "blob", 2, 3\n')
    image = assemble([tmp_path / "a.s"]).image
    assert image.segments[1].data == bytes(range(10)) + b"\2\3\4"


def test_execution_starts_where_it_is_said() -> None:
    assert assemble_text("nop\n_start: nop").image.entry == 0x1004
    assert assemble_text("nop\nnop").image.entry == 0x1000
    assert assemble_text("nop\nx: nop\n.entry x").image.entry == 0x1004
    assert assemble_text("_start: nop\ny: nop", entry="y").image.entry == 0x1004


@pytest.mark.parametrize("directive", TABLE, ids=lambda directive: directive.name)
def test_every_directive_is_described_for_the_manual(directive: object) -> None:
    assert len(directive.description) > 3  # type: ignore[attr-defined]


# How many operands each takes, at least and at most; None: any number.
OPERANDS = {
    **dict.fromkeys((".text", ".rodata", ".data", ".bss", ".popsection", ".previous", ".exitm", ".endif"), (0, 0)),
    **dict.fromkeys((".section", ".pushsection"), (1, 6)),
    **dict.fromkeys((".align", ".p2align", ".balign", ".fill", ".incbin"), (1, 3)),
    **dict.fromkeys((".org", ".zero", ".skip", ".space"), (1, 2)),
    **dict.fromkeys((".address", ".purgem", ".include", ".print"), (1, 1)),
    **dict.fromkeys((".error", ".warning"), (0, 1)),
    **dict.fromkeys((".equ", ".set", ".equiv", ".size", ".type"), (2, 2)),
    **dict.fromkeys((".comm", ".lcomm"), (2, 3)),
    **dict.fromkeys((".if", ".ifne", ".ifeq", ".ifgt", ".ifge", ".iflt", ".ifle"), (1, 1)),
    **dict.fromkeys((".ifc", ".ifnc", ".ifeqs", ".ifnes"), (2, 2)),
    **dict.fromkeys((".byte", ".half", ".word", ".dword", ".uleb128", ".sleb128", ".ascii", ".asciz"), (1, None)),
    **dict.fromkeys((".globl", ".weak", ".local", ".extern"), (1, None)),
}


@pytest.mark.parametrize("name", OPERANDS)
def test_a_directive_takes_so_many_operands_and_no_others(name: str) -> None:
    low, high = OPERANDS[name]

    def said(count: int) -> list[str]:
        text = f"nop\n.data\n{name} {', '.join(['1'] * count)}\n{'.endif' if name.startswith('.if') else ''}"
        try:
            assemble_text(text)
        except AssemblyError as error:
            return [each.message.partition(";")[0] for each in error.diagnostics]
        return []

    if low:
        assert f"too few operands: {low - 1}" in said(low - 1)
    if high is not None:
        assert f"too many operands: {high + 1}" in said(high + 1)
    for count in {low, low + 3 if high is None else high}:
        assert "operands:" not in " ".join(said(count))


ABSURD = {
    ".zero 1 << 60": "0..",
    ".zero -1": "0..",
    ".skip 100000000": "67108864",
    ".fill 1 << 30, 8": "67108864",
    ".org 4\nnop\n.org 2": "cannot go back",
    ".org 1 << 40": "bytes are too many",
    ".align 63": "0..30",
    ".balign 3": "power of two",
    ".rept 1 << 40\nnop\n.endr": "out of range",
    ".rept 1 << 31\nnop\n.endr": "2000000 statements",
    ".irp x, 1\n.rept 2000000\nnop\n.endr\n.endr": "2000000 statements",
    ".bss\n.zero 1 << 40": "0..",
    ".bss\n.zero 60 << 30\n.zero 60 << 30": "bytes are too many",
}


@pytest.mark.parametrize("text", ABSURD)
def test_an_absurd_size_is_refused_at_once(text: str) -> None:
    assert ABSURD[text] in complaint(f"nop\n{text}").message


@pytest.mark.parametrize("before", [".if 0", ".if 1", ".if 0; .elseif 1", ".if 0; .elseif 0"])
@pytest.mark.parametrize("second", [".else", ".elseif 1"])
def test_nothing_but_the_end_comes_after_else(before: str, second: str) -> None:
    """Whichever part is taken."""
    text = f"{before}; nop; .else; nop; {second}; nop; .endif"
    assert f"{second.split()[0]} after .else" in complaint(text).message


@pytest.mark.parametrize("align", [".balign 16", ".p2align 4", ".align 4"])
@pytest.mark.parametrize("before", [4, 8, 12])
def test_padding_is_left_out_where_it_would_take_more_than_the_most(align: str, before: int) -> None:
    needed = 16 - before
    for most in (needed - 1, needed, needed + 1):
        size = len(bytes_of(f"nop; .data; .zero {before}; {align}, 0, {most}; .byte 1", ".data"))
        assert size == (16 if needed <= most else before) + 1


IN_BSS = {
    ".byte 0, 0": 2,
    ".dword 0": 8,
    ".skip 3, 0": 3,
    ".fill 2, 2, 0": 4,
    ".fill 3, 2": 6,
    '.asciz ""': 1,
    ".uleb128 0": 1,
}


@pytest.mark.parametrize("text", IN_BSS)
def test_zeros_take_room_where_there_are_no_contents(text: str) -> None:
    image = assemble_text(f"nop\n.bss\n{text}\nend: .skip 1").image
    section = next(section for section in image.sections if section.name == ".bss")
    assert (image.address_of("end") - section.address, section.has_contents) == (IN_BSS[text], False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".byte 0, 1", "only zeros can stand there"),
        (".half 0x100", "only zeros can stand there"),
        ('.ascii "a"', "only zeros can stand there"),
        (".uleb128 1", "only zeros can stand there"),
        (".skip 2, 7", "it can only be filled with zeros"),
        (".fill 2, 2, 0x100", "it can only be filled with zeros"),
        (".fill 2, 2, 1", "it can only be filled with zeros"),
        (".zero 1\n.align 2, 5", "it can only be filled with zeros"),
    ],
)
def test_nothing_but_zeros_stands_where_there_are_no_contents(text: str, message: str) -> None:
    assert complaint(f"nop\n.bss\n{text}").message == f"section .bss has no contents: {message}"


def test_a_repetition_over_values_names_its_parameter() -> None:
    for directive in (".irp", ".irpc"):
        with pytest.raises(AssemblyError) as caught:
            assemble_text(f"nop\n{directive} 5\nnop\n.endr")
        (found,) = caught.value.diagnostics
        assert found.message == f"expected a parameter's name; write '{directive} name, ...'"


def test_a_string_that_is_missing_is_said_to_be() -> None:
    assert complaint('nop\n.data\n.ascii "a",').message == "expected a string"
    assert complaint("nop\n.data\n.ascii a").message.startswith('expected a string in double quotes, not "a" (macro')
    assert complaint('nop\n.data\n.ascii "a').message.startswith("unterminated string")


def test_a_size_that_has_no_value_is_one_complaint_about_it() -> None:
    found = complaint("f: nop\n.size f, 1 / 0")
    assert (found.line, found.message) == (2, "division by zero: 1 / 0")
    found = complaint("f: nop\n.size f, nowhere")
    assert (found.line, found.column, found.message) == (2, 10, "undefined symbol 'nowhere'")
    found = complaint("f: nop\n.size f, 0 - 1")
    assert (found.line, found.column, found.message) == (2, 10, "size -1 is not a number of bytes")


def test_what_is_printed_leads_no_terminal() -> None:
    assert assemble_text('nop\n.print "\\x1b[1mbold\\n\\tnext"').messages == ("\\x1b[1mbold\n\tnext",)


def test_a_sign_in_quotes_is_a_character() -> None:
    assert bytes_of(".byte '(', '-', '+', '~', '!', ')'") == b"(-+~!)"


def test_signs_before_an_address_are_worked_out_once_it_is_known() -> None:
    image = assemble_text("nop\n.data\n.dword +f, -f, ~f\nf: .byte 0").image
    values = [int.from_bytes(image.segments[1].data[at : at + 8], "little") for at in (0, 8, 16)]
    assert values == [0x2018, (1 << 64) - 0x2018, (1 << 64) - 0x2019]


def test_a_condition_that_has_no_value_takes_no_part() -> None:
    text = '.if 0\n.elseif nowhere\n.error "taken"\n.elseif 1\n.endif\n.if nowhere\n.error "taken"\n.endif'
    with pytest.raises(AssemblyError) as caught:
        assemble_text(f"nop\n{text}")
    assert [each.line for each in caught.value.diagnostics] == [3, 7]


def test_a_section_s_name_may_stand_in_quotes() -> None:
    image = assemble_text('nop\n.section "name"\na: .byte 1\n.text\n.section name\n.byte 2').image
    assert [section.name for section in image.sections] == [".text", "name"]
    assert image.segments[1].data == b"\1\2"


def test_a_symbol_is_given_another_value_unless_it_must_be_new() -> None:
    for directive in (".equ", ".set"):
        assert bytes_of(f"{directive} x, 1; .byte x; {directive} x, 2; .byte x") == b"\1\2"
    assert complaint("nop\n.equiv x, 1\n.equiv x, 2").message == "symbol 'x' is already defined"
    assert bytes_of(".globl x; .equiv x, 1; .byte x") == b"\1"


@pytest.mark.parametrize(("text", "column"), [(".equ", 1), (".equ x", 7), (".equ x, 1, 2", 12), (".purgem a, b", 12)])
def test_a_wrong_number_of_operands_is_shown_where_one_is_missing_or_too_many(text: str, column: int) -> None:
    assert complaint(f"nop\n{text}").column == column


def test_a_place_to_go_on_at_is_an_offset_or_an_address_in_the_section() -> None:
    for target in ("8", ". + 4", "f + 8", "f + 2 * 4"):
        assert bytes_of(f"f: nop; .org {target}; nop").hex() == "10000000" + "00000000" + "10000000"
    assert bytes_of("nop; f: nop; .org f + 4; nop") == bytes.fromhex("10000000") * 3
    found = complaint("f: nop\n.data\n.org f")
    assert (found.column, found.message) == (6, "the target lies in section .text, not in .data")
    found = complaint("nop\n.org later\nlater: nop")
    assert (found.column, found.message) == (6, "symbol 'later' is not known yet; define it before this line")


@pytest.mark.parametrize("at", ["1", "2", "3"])
def test_code_goes_on_at_a_multiple_of_4_after_the_complaint_that_it_did_not(at: str) -> None:
    found = complaint(f"nop\n.byte {', '.join('0' * int(at))}\nf: nop\nnop\nnop")
    assert (
        found.message == f"instruction at offset {4 + int(at):#x} of .text, not a multiple of 4; put .align 2 before it"
    )


def test_an_instruction_stands_in_no_section_without_contents() -> None:
    for text in ("nop", "addi a0, a0, f", "x: nop", "li a0, 'a'"):
        found = complaint(f"f: nop\n.bss\n{text}")
        assert found.message == "section .bss has no contents: an instruction cannot stand there"


def test_a_size_is_a_number_of_bytes_of_64_bits() -> None:
    image = assemble_text(f"f: nop\n.size f, {(1 << 64) - 1}\ng: nop\n.size g, 0").image
    assert [symbol.size for symbol in image.symbols] == [(1 << 64) - 1, 0]
    found = complaint("f: nop\n.size f, 2 * (1 << 63)")
    assert found.message == f"size {1 << 64} is not a number of bytes"


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("directive", "low", "high"),
    [(".uleb128", 0, (1 << 64) - 1), (".sleb128", -(1 << 63), (1 << 63) - 1)],
)
def test_numbers_in_groups_fit_64_bits_and_no_further(directive: str, low: int, high: int, late: bool) -> None:
    form = f"{directive} late\n.equ late, {{}}" if late else f"{directive} {{}}"
    for value in (low, high):
        assert bytes_of(f"nop\n.data\n{form.format(value)}", ".data")
    for value, written in ((low - 1, f"{low} - 1"), (high + 1, f"{high} + 1")):
        assert complaint(f"nop\n.data\n{form.format(written)}").message == (
            f"value {describe(value)} does not fit; {directive} takes {low}..{high}"
        )


@pytest.mark.parametrize(
    ("operands", "made"),
    [("", 10), (", 2", 8), (", 10", 0), (", 2, 8", 8), (", , 3", 3), (", 11", "skip 11"), (", 2, 9", "count 9")],
)
def test_of_a_file_no_more_is_taken_than_it_has(tmp_path: Path, operands: str, made: int | str) -> None:
    (tmp_path / "blob").write_bytes(bytes(range(1, 11)))
    (tmp_path / "a.s").write_text(f'nop\n.data\n.incbin "blob"{operands}\n.byte 0')
    if isinstance(made, str):
        with pytest.raises(AssemblyError, match=f"{made} is out of range; it can be 0.."):
            assemble([tmp_path / "a.s"])
    else:
        assert len(assemble([tmp_path / "a.s"]).image.segments[1].data) == made + 1


def test_an_entry_is_one_symbol_or_address() -> None:
    assert complaint("nop\n.entry").message == "expected a symbol or an address"
    assert complaint("nop\n.entry 1, 2").message == "too many operands: 2; write '.entry address'"
    assert assemble_text("nop\n.entry 0x1004\nnop").image.entry == 0x1004


def test_a_section_is_gone_on_with_by_its_name_alone() -> None:
    image = assemble_text('nop\n.section x, "ax"\nnop\n.data\n.section x\nnop\n.section x, "ax"\nnop').image
    assert next(section.size for section in image.sections if section.name == "x") == 12
    found = complaint('nop\n.section x, "ax"\n.section x, "aw"')
    assert found.message == "section x is there already, with other flags or another type"


@pytest.mark.parametrize("text", [".equ , 5", ".set , 5", ".globl a, , b"])
def test_a_symbol_s_name_that_is_missing_is_not_said_to_be_a_wrong_one(text: str) -> None:
    assert complaint(f"nop\n{text}").message == "expected a symbol's name"


@pytest.mark.parametrize(
    ("text", "column"), [(".fill x", 7), (".fill 1, x", 10), (".fill 1, 2, x", 13), (".skip 1, x", 10)]
)
def test_a_number_that_is_not_known_yet_is_shown_at_its_operand(text: str, column: int) -> None:
    found = complaint(f"nop\n.data\n{text}\n.equ x, 1")
    assert (found.line, found.column) == (3, column)
