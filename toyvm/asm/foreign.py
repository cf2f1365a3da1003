"""RISC-V's instructions that the T64 has not: what to write in their place."""

from __future__ import annotations

import re

_INSTEAD = {
    **dict.fromkeys(("mret", "sret", "uret"), "eret"),
    "csrr": "crr rd, cr",
    "csrw": "crw cr, rs",
    "csrrw": "crx rd, cr, rs",
    "sfence.vma": "tlbi rs",
    "scall": "syscall",
    "sbreak": "break",
    **dict.fromkeys(("rdtime", "rdcycle", "rdinstret"), "crr rd, time"),
    "lga": "la rd, address",
}
_ABSENT = (
    (r"csr[rwsci]+", "control registers are read by crr, written by crw and swapped by crx, with registers alone"),
    (r"(lr|sc|amo\w+)\.[wd].*", "there is one CPU, and no atomic instruction: load, change and store"),
    (r"f\w+\.[sdqwlux.]+|f[ls][wdq]", "there is no floating point"),
    (r"c\..*", "there are no compressed instructions"),
    (r"v(set|le|se|l|s|add|mv)\w*\..*|vset\w+", "there are no vectors"),
    (r"la\.tls\..*", "there is no thread-local storage"),
)


def foreign(word: str) -> tuple[str, ...]:
    """A note for an instruction of RISC-V's, or none."""
    if word in _INSTEAD:
        return (f"    RISC-V's {word} is, on the T64, {_INSTEAD[word]}",)
    return next(((f"    on the T64 {why}",) for form, why in _ABSENT if re.fullmatch(form, word)), ())
