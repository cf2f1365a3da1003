"""A guest that writes to its disk: the word to the first 8 bytes of sector 1, and out with the status's failure."""

from __future__ import annotations

from toyvm import assemble_text

WORD = (0x1122334455667788).to_bytes(8, "little")
WRITING = assemble_text("""
_start:
    ld   t0, word
    out  0x1c, t0
    li   t0, 1
    out  0x19, t0
    li   t0, 2
    out  0x1a, t0
1:  in   t0, 0x1b
    andi t1, t0, 2
    beqz t1, 1b
    srli a0, t0, 2
    out  8, a0
.balign 8
word: .dword 0x1122334455667788
""").image
