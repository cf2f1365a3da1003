"""Listings, to the letter."""

from __future__ import annotations

from toyvm.asm import Source, assemble, assemble_text

SOURCE = """\
x = 3
_start: nop
    li a0, 0x12345
 .if 0
 nop
 .endif
 ret
.data
value:\t.byte 1, 2, 3
 .align 3
 .zero 20
.comment_ = 1
.comm room, 8
 .bss
 .skip 5
.globl _start
"""
LISTING = """\
t.s:
                                        1  x = 3
            1000  00000010              2  _start: nop
            1004  00012520 068aa512     3      li a0, 0x12345
                                        4   .if 0
                                        5   nop
                                        6   .endif
            100c  0000103e              7   ret
                                        8  .data
            2000  010203                9  value:\t.byte 1, 2, 3
            2003  0000000000           10   .align 3
            2008  00000000 00000000    11   .zero 20
            2010  00000000 00000000
            2018  00000000
                                       12  .comment_ = 1
                                       13  .comm room, 8
                                       14   .bss
            2028                       15   .skip 5
                                       16  .globl _start

Sections:
            1000          16 bytes  .text
            2000          28 bytes  .data
            2020          13 bytes  .bss

Symbols:
            1000  global  _start  t.s
            2000  local   value  t.s
            2020  global  room  t.s
"""


def test_a_listing_has_a_row_each_line_then_sections_then_symbols_by_address() -> None:
    assert assemble_text(SOURCE, "t.s").listing() == LISTING


def test_each_file_that_made_something_is_listed_in_the_order_it_was_read() -> None:
    sources = [Source("b.s", "_start: nop\nlast: nop"), Source("none.s", "x = 1"), Source("a.s", "nop\nfirst: nop")]
    files, _, rest = assemble(sources).listing().partition("Sections:")
    assert [line for line in files.split("\n") if line.endswith(":") and " " not in line] == ["b.s:", "a.s:"]
    symbols = [line.split() for line in rest.partition("Symbols:\n")[2].split("\n") if line]
    assert symbols == [
        *(["1000", "local", "_start", "b.s"], ["1004", "local", "last", "b.s"], ["100c", "local", "first", "a.s"]),
    ]
