"""Several sources, includes, and files that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from toyvm.asm import Source, assemble, assemble_text
from toyvm.asm.linking.listing import BYTES_IN_ROW, MAXIMUM_ROWS
from toyvm.asm.t64inc import constants, virtual_include
from toyvm.errors import AssemblyError, BadFileError, Diagnostic, UsageError
from toyvm.image import PF_R, PF_W, PF_X
from toyvm.image.file import MAXIMUM_SEGMENTS
from toyvm.isa.control import CONTROL_REGISTERS, PTBR_FIELDS, STATUS_FIELDS
from toyvm.isa.paging import PAGE_SIZE, PTE_FIELDS
from toyvm.isa.ports import PORTS
from toyvm.paths import guests_directory


def linked(*texts: str, **options: object) -> Diagnostic | dict[str, int]:
    """The global symbols of sources a.s, b.s...; or the one complaint about them."""
    sources = [Source(f"{name}.s", text) for name, text in zip("abcd", texts, strict=False)]
    try:
        image = assemble(sources, **options).image  # type: ignore[arg-type]
    except AssemblyError as error:
        (found,) = error.diagnostics
        return found
    return {symbol.name: symbol.address for symbol in image.symbols if symbol.is_global}


def test_sources_see_one_anothers_global_symbols() -> None:
    found = linked(".globl _start\n_start: call f", ".globl f\nf: ret\nlocal: ret")
    assert found == {"_start": 0x1000, "f": 0x1004}


def test_global_numbers_are_shared_too() -> None:
    assert linked("nop\n.globl x\nx = y + 1", ".globl y\ny = z * 2\nz = 4") == {"x": 9, "y": 8}


def test_local_symbols_of_two_sources_may_have_one_name() -> None:
    assert linked("l: j l", "l: j l") == {}


def test_each_part_of_a_section_has_its_own_alignment() -> None:
    found = linked("nop\n.data\n.byte 1", "nop\n.data\n.balign 16\n.globl x\nx: .byte 2")
    assert found == {"x": 0x2010}


@pytest.mark.parametrize("first", [1, 4, 64])
def test_a_section_begins_as_the_strictest_of_its_parts_is_aligned(first: int) -> None:
    parts = [f'nop\n.section b, "ax"\n.balign {align}\nnop' for align in (first, 32, 8)]
    image = assemble([Source(f"{name}.s", text) for name, text in zip("abc", parts, strict=True)]).image
    (section,) = (section for section in image.sections if section.name == "b")
    assert section.address % max(first, 32) == 0


def test_a_symbol_defined_twice_is_shown_with_both_places() -> None:
    found = linked(".globl f\nf: nop", "nop\n.globl f\nf: nop")
    assert isinstance(found, Diagnostic)
    assert str(found).split("\n") == [
        *("b.s:3:1: error: global symbol 'f' is already defined", "    f: nop", "    ^"),
        "    first defined at a.s:2",
    ]


def test_a_symbol_that_another_source_keeps_to_itself_is_pointed_out() -> None:
    found = linked("call hidden", "hidden: ret")
    assert isinstance(found, Diagnostic)
    assert found.notes == ("    b.s defines it, but not as .globl",)


def test_a_misspelled_symbol_of_another_source_is_suggested() -> None:
    found = linked("call primt", ".globl print\nprint: ret")
    assert isinstance(found, Diagnostic)
    assert found.notes == ("    did you mean 'print'?",)


def test_a_constant_of_the_declarations_names_its_include() -> None:
    found = linked("crr a0, CR_STATUS")
    assert isinstance(found, Diagnostic)
    assert found.notes == ('    it is declared in t64.inc: .include "t64.inc"',)


def test_a_misspelled_control_register_is_suggested() -> None:
    found = linked("crr a0, staus")
    assert isinstance(found, Diagnostic)
    assert found.notes == ("    did you mean 'status'?",)


@pytest.mark.parametrize(
    ("statement", "constants"),
    [
        ("out power, a0", "PORT_POWER"),
        ("out Powr, a0", "PORT_POWER"),
        ("in a0, console", "PORT_CONSOLE_IN or PORT_CONSOLE_STAT"),
        ("out console, a0", "PORT_CONSOLE_OUT"),
    ],
)
def test_a_port_s_name_names_its_constant_and_the_include(statement: str, constants: str) -> None:
    found = linked(statement)
    assert isinstance(found, Diagnostic)
    assert found.notes == (f'    the port is {constants}, declared in t64.inc: .include "t64.inc"',)
    found = linked(f'.include "t64.inc"\n{statement}')
    assert isinstance(found, Diagnostic)
    assert found.notes == (f"    the port is {constants}",)


def test_a_global_symbol_must_be_somewhere() -> None:
    found = linked("nop\n.globl nowhere")
    assert isinstance(found, Diagnostic)
    assert (found.line, found.column) == (2, 8)


def test_sections_of_one_name_must_agree() -> None:
    found = linked('nop\n.section .x, "a"\n.byte 1', '.section .x, "aw"\n.byte 1')
    assert isinstance(found, Diagnostic)
    assert "other flags" in found.message


def test_an_entry_point_must_be_there() -> None:
    for options, text in (({"entry": "main"}, "nop"), ({}, ".data\n.byte 1"), ({}, "")):
        found = linked(text, **options)
        assert isinstance(found, Diagnostic)
        assert "entry point" in found.message


def test_an_entry_point_must_be_code() -> None:
    found = linked("nop\n.data\n_start: .dword 1")
    assert isinstance(found, Diagnostic)
    assert "no executable segment" in found.message


def test_the_virtual_include_declares_every_control_register_and_port() -> None:
    declared = constants()
    assert all(declared[f"CR_{register.name.upper()}"] == register.number for register in CONTROL_REGISTERS)
    assert all(declared[f"PORT_{port.name.upper()}"] == port.number for port in PORTS)
    assert (declared["STATUS_IE"], declared["CAUSE_TIMER"], declared["IRQ_TIMER"]) == (1, 1 << 63, 1)


def test_no_constant_is_declared_twice() -> None:
    lines = [line for line in virtual_include().lines if line.startswith(".equ")]
    assert len(lines) == len({line.split(",")[0] for line in lines}) == len(constants())


def test_includes_are_looked_for_beside_then_in_directories_then_among_the_shipped(tmp_path: Path) -> None:
    for directory in ("", "one", "two"):
        (tmp_path / directory).mkdir(exist_ok=True)
    (tmp_path / "two" / "x.inc").write_text("x = 2\n")
    source = tmp_path / "a.s"
    source.write_text('.include "x.inc"\n.dword x\n.globl x\n')
    directories = [tmp_path / "one", tmp_path / "two"]
    assert assemble([source], include=directories).image.address_of("x") == 2
    (tmp_path / "one" / "x.inc").write_text("x = 1\n")
    assert assemble([source], include=directories).image.address_of("x") == 1
    (tmp_path / "x.inc").write_text("x = 0\n")
    assert assemble([source], include=directories).image.address_of("x") == 0


def test_shipped_includes_are_found_from_anywhere(tmp_path: Path) -> None:
    name = min(path.name for path in (guests_directory() / "include").glob("platform.inc"))
    (tmp_path / "a.s").write_text(f'nop\n.include "{name}"\n')
    image = assemble([tmp_path / "a.s"]).image
    assert all(not Path(file).is_absolute() or file.startswith(str(tmp_path)) for file in image.lines.files)


def test_a_mistake_in_an_include_says_who_includes_it(tmp_path: Path) -> None:
    (tmp_path / "x.inc").write_text("\n  addi a0\n")
    (tmp_path / "a.s").write_text('nop\n.include "x.inc"\n')
    with pytest.raises(AssemblyError) as caught:
        assemble([tmp_path / "a.s"])
    (found,) = caught.value.diagnostics
    assert (found.file, found.line) == (str(tmp_path / "x.inc"), 2)
    assert found.notes == (f"{tmp_path / 'a.s'}:2: note: included from here",)


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text('nop\n.include "a.s"\n')
    with pytest.raises(AssemblyError, match="nested more than 100 deep"):
        assemble([tmp_path / "a.s"])


def test_a_missing_include_is_one_error_at_its_place() -> None:
    found = linked('nop\n.include "nowhere.inc"')
    assert isinstance(found, Diagnostic)
    assert (found.line, found.column, found.message) == (2, 10, "include file 'nowhere.inc' is not there")


def test_sources_that_cannot_be_read_are_bad_files(tmp_path: Path) -> None:
    reasons = {
        "missing.s": "No such file",
        "": "is a directory",
        "nul\0.s": "null",
        "\udce9.s": "its name is not UTF-8",
    }
    for name, reason in reasons.items():
        with pytest.raises(BadFileError, match=reason):
            assemble([tmp_path / name])


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"nop\n  \xff", "2:3: error: byte 0xff is not UTF-8"), (b"nop\nnop \0", "2:5: error: byte 0x00")],
)
def test_a_source_that_is_no_text_is_refused_at_its_first_bad_byte(tmp_path: Path, data: bytes, place: str) -> None:
    (tmp_path / "a.s").write_bytes(data)
    with pytest.raises(AssemblyError, match=f"a.s:{place}"):
        assemble([tmp_path / "a.s"])


def test_text_given_as_such_may_not_hold_what_no_file_can() -> None:
    for text in ("nop\0", "nop # \ud800"):
        with pytest.raises(AssemblyError, match="is no part of a text"):
            assemble_text(text)


def test_carriage_returns_end_lines_too() -> None:
    assert len(assemble_text("nop\r\nnop # x\r\n").image.segments[0].data) == 8


@pytest.mark.parametrize(
    "options", [{"defines": {"a b": 1}}, {"defines": {"sp": 1}}, {"defines": {"x": 1 << 65}}, {"base": -1}]
)
def test_arguments_that_mean_nothing_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        assemble_text("nop", **options)  # type: ignore[arg-type]


def test_every_error_of_a_run_is_reported() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble([Source("a.s", "nop q\n.byte 300\nj far\nfoo"), Source("b.s", "bar")])
    places = {(found.file, found.line) for found in caught.value.diagnostics}
    assert places == {("a.s", 1), ("a.s", 2), ("a.s", 3), ("a.s", 4), ("b.s", 1)}


def test_a_flood_of_errors_is_cut_off() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble_text("bad\n" * 5000)
    assert len(caught.value.diagnostics) == 101
    assert "too many errors" in caught.value.diagnostics[-1].message


def test_warnings_and_prints_are_messages() -> None:
    messages = assemble_text('nop\n.warning "w"\n.print "p"', "t.s").messages
    assert (messages[0].split("\n")[0], messages[1]) == ("t.s:2:1: warning: w", "p")


def test_errors_leave_warnings_and_prints_to_be_read() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble_text('.print "p"\n.error "e"\n.warning "w"', "t.s")
    lines = [line for line in str(caught.value).split("\n") if not line.startswith(" ")]
    assert lines == ["p", "t.s:3:1: warning: w", "t.s:2:1: error: e", "1 error"]


@pytest.mark.parametrize("sections", [MAXIMUM_SEGMENTS, MAXIMUM_SEGMENTS + 1])
def test_an_image_has_so_many_segments_and_what_is_one_more_leaves_prints_to_be_read(sections: int) -> None:
    text = '.print "p"\n' + "".join(f'.section s{n}, "a{"w" * (n % 2)}"\n.byte 1\n' for n in range(sections - 1))
    if sections == MAXIMUM_SEGMENTS:
        assert len(assemble_text(text + ".text\nnop").image.segments) == sections
        return
    with pytest.raises(AssemblyError) as caught:
        assemble_text(text + ".text\nnop", "t.s")
    message = f"there are {sections} segments; an image has at most {MAXIMUM_SEGMENTS}"
    assert str(caught.value) == f"p\nt.s:1:1: error: {message}\n1 error"


def test_a_listing_shows_addresses_words_and_lines() -> None:
    listing = assemble_text("x = 1\nf: li a0, 0x12345\n# rest\n ret\n.data\n.byte 1", "t.s").listing().split("\n")
    rows = {line.split()[-1]: line.split() for line in listing if line}
    assert any(line.split()[:4] == ["1000", "00012520", "068aa512", "2"] for line in listing)
    assert rows["ret"][:3] == ["1008", "0000103e", "4"]
    assert ["1000", "local", "f", "t.s"] in [line.split() for line in listing]


@pytest.mark.parametrize("directive", [".include", ".incbin"])
def test_no_name_is_that_of_no_file_though_the_folder_it_would_be_in_is_there(directive: str) -> None:
    found = linked(f'nop\n{directive} ""')
    assert isinstance(found, Diagnostic)
    assert (found.line, found.column - len(directive), found.message) == (2, 2, "the name of a file is empty")


@pytest.mark.parametrize("directive", [".include", ".incbin"])
def test_a_name_of_any_bytes_is_that_of_a_file_that_is_not_there(directive: str) -> None:
    found = linked(f'nop\n{directive} "\\xff"')
    assert isinstance(found, Diagnostic)
    assert "is not there" in found.message


def test_a_line_that_makes_no_bytes_has_no_address_in_a_listing() -> None:
    listing = assemble_text("_start: nop\n.zero 0\n nop", "t.s").listing().splitlines()
    assert [line.split()[0] for line in listing[1:4]] == ["1000", "2", "1004"]


@pytest.mark.parametrize("more", [-1, 0, 1, 2, 100])
def test_a_line_that_makes_many_bytes_has_so_many_rows_and_says_how_many_more_there_are(more: int) -> None:
    rows = MAXIMUM_ROWS + more
    listing = assemble_text(f"nop\n.data\n.skip {BYTES_IN_ROW * rows}, 1", "t.s").listing()
    assert listing.count(" 01010101 01010101") == min(rows, MAXIMUM_ROWS)
    assert ("rows more" in listing) == (more > 0)
    assert (f"  {more} rows more" in listing) == (more > 0)


@pytest.mark.parametrize("section", [".rodata", ".data", ".bss", '.section .x, "aw"', '.section .note, "", @progbits'])
def test_a_listing_passes_over_an_empty_section(section: str) -> None:
    listing = assemble_text(f"_start: nop\n{section}\n", "t.s").listing()
    assert section in listing
    assert "4 bytes  .text" in listing


def test_errors_come_in_the_order_of_lines_whenever_they_were_found() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble([Source("b.s", '.word late\n.error "early"\n.word later'), Source("a.s", "nop\n.word no, none")])
    places = [(each.file, each.line, each.column) for each in caught.value.diagnostics]
    assert places == [("b.s", 1, 7), ("b.s", 2, 1), ("b.s", 3, 7), ("a.s", 2, 7), ("a.s", 2, 11)]


def test_symbols_that_others_see_come_behind_the_local_ones() -> None:
    symbols = assemble_text(".globl b\na: nop\nb: nop\nc: nop\n.globl d\nd: nop\ne: nop").image.symbols
    assert [symbol.name for symbol in symbols] == ["a", "c", "e", "b", "d"]


def test_an_image_has_a_section_for_what_is_loaded_and_not_empty() -> None:
    image = assemble_text("nop\n.data\n.section .comment\n.byte 1\n.bss\nx: .skip 0\n.rodata\n.byte 1").image
    assert [section.name for section in image.sections] == [".text", ".rodata"]
    assert next(symbol for symbol in image.symbols if symbol.name == "x").section == ""


def test_contents_behind_room_without_any_begin_a_segment_of_their_own() -> None:
    sections = [("a", "nobits", ".skip 8"), ("b", "nobits", ".skip 8"), ("c", "progbits", ".byte 1")]
    text = "".join(
        f'.section .{name}, "aw", @{kind}\n.address {0x4000 + 8 * number}\n{what}\n'
        for number, (name, kind, what) in enumerate(sections)
    )
    segments = assemble_text(f"nop\n{text}").image.segments[1:]
    assert [(each.address, each.size, each.data) for each in segments] == [(0x4000, 16, b""), (0x4010, 1, b"\1")]


@pytest.mark.parametrize(
    ("text", "column"), [("f: nop", 1), ("   f: nop", 4), ('g: f: .ascii ""', 4), ("  g:   f:", 8), ("\tf:", 2)]
)
def test_a_label_that_is_there_already_is_shown_where_it_stands(text: str, column: int) -> None:
    found = linked(f"f: nop\n{text}")
    assert isinstance(found, Diagnostic)
    assert (found.line, found.column, found.width) == (2, column, 1)


def test_segments_and_lines_come_in_the_order_of_addresses_whatever_that_of_sections() -> None:
    text = "".join(
        f'.section .s{address:x}, "aw"\n.address {address}\n.byte {number}\n'
        for number, address in enumerate((0x9000, 0x5000, 0x5800, 0x7000))
    )
    image = assemble_text(f"_start: nop\n{text}", "t.s").image
    held = [(each.address, each.data[:1] + each.data[-1:]) for each in image.segments]
    assert held == [(0x1000, b"\x10\0"), (0x5000, b"\1\2"), (0x7000, b"\3\3"), (0x9000, b"\0\0")]
    lines = [image.locate(address).line for address in (0x1000, 0x5000, 0x5800, 0x7000, 0x9000)]
    assert lines == [1, 7, 10, 13, 4]


def test_an_entry_point_that_is_nowhere_is_a_complaint_about_the_first_source() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble([Source("a.s", "_start: nop"), Source("b.s", "also: nop")], entry="alos")
    (found,) = caught.value.diagnostics
    assert str(found) == "a.s:1:1: error: the entry point 'alos' is not defined\n    did you mean 'also'?"
    with pytest.raises(AssemblyError) as caught:
        assemble([Source("a.s", ".data\n.byte 1"), Source("b.s", "")])
    assert str(caught.value.diagnostics[0]) == (
        "a.s:1:1: error: there is no entry point: no symbol _start, and nothing in .text"
    )


def test_an_empty_section_overlaps_nothing() -> None:
    image = assemble_text('nop\nnop\n.section e, "aw"\n.address 0x1004\nx:').image
    assert [(each.address, each.size) for each in image.segments] == [(0x1000, 8)]


def test_an_address_that_is_nowhere_is_one_complaint_though_two_instructions_make_it() -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble_text("a: auipc a0, %pcrel_hi(nowhere)\nb: auipc a1, %pcrel_hi(a)\naddi a1, a1, %pcrel_lo(b)", "t.s")
    assert [(each.line, each.message) for each in caught.value.diagnostics] == [(1, "undefined symbol 'nowhere'")]


def test_an_image_that_cannot_be_entered_is_a_complaint_about_the_source() -> None:
    found = linked("nop\n.entry 0x5000")
    assert isinstance(found, Diagnostic)
    assert str(found) == f"{found.file}:1:1: error: the entry point 0x5000 lies in no executable segment"
    assert found.file.endswith(".s")


def test_a_segment_has_the_rights_of_its_sections() -> None:
    text = 'nop\n.rodata\n.byte 1\n.data\n.byte 1\n.section all, "awx"\n.balign 4\nnop\n.bss\n.skip 1'
    flags = {each.address: each.flags for each in assemble_text(text).image.segments}
    assert list(flags.values()) == [PF_R | PF_X, PF_R, PF_R | PF_W, PF_R | PF_W | PF_X]


def test_a_field_of_one_bit_is_its_mask_and_has_no_shift() -> None:
    names = constants()
    for owner, fields in (("STATUS", STATUS_FIELDS), ("PTBR", PTBR_FIELDS), ("PTE", PTE_FIELDS)):
        for field in fields:
            name = f"{owner}_{field.name}".upper()
            assert names[name] == field.mask
            assert names.get(f"{name}_SHIFT") == (field.low if field.high > field.low else None)


@pytest.mark.parametrize(("gap", "segments"), [(0, 1), (PAGE_SIZE - 1, 1), (PAGE_SIZE, 2)])
def test_sections_of_the_same_rights_share_a_segment_unless_a_page_lies_between(gap: int, segments: int) -> None:
    text = f'nop\n.section a, "aw"\n.address 0x4000\n.skip 8, 1\n.section b, "aw"\n.address {0x4008 + gap}\n.byte 2'
    held = assemble_text(text).image.segments[1:]
    assert [each.address for each in held] == [0x4000, 0x4008 + gap][:segments]
    assert b"".join(each.data for each in held) == bytes([1] * 8) + bytes(gap if segments == 1 else 0) + b"\2"
