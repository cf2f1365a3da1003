"""Host files for tests, and the small guests that they name."""

from __future__ import annotations

from pathlib import Path

LOOP = "_start: addi a0, a0, 1\n j _start\n"
ECHO = """
_start:
    la   t0, handler
    crw  tvec, t0
1:  in   a0, 1
    bltz a0, 2f
    out  0, a0
    j    1b
2:  li   t0, -2                 # the input has ended
    beq  a0, t0, 3f
    li   t0, 2
    crw  imask, t0
    wfi
    j    1b
3:  li   a0, 0
    out  8, a0
handler:
    j    handler
"""


def programs_in(folder: Path) -> Path:
    """The folder, with guests that loop and that end with 3 and with 0 in it."""
    (folder / "loop.s").write_text(LOOP)
    (folder / "three.s").write_text("_start: li a0, 3\n out 8, a0\n")
    (folder / "zero.s").write_text("_start: li t0, 'x'\n out 0, t0\n li a0, 0\n out 8, a0\n")
    return folder


def written(folder: Path, *guests: str, host: str = "") -> Path:
    path = folder / "hosts.toml"
    text = f"[host]\n{host}\n" + "".join(f"[[guest]]\nmemory = '64K'\n{guest}\n" for guest in guests)
    path.write_text(text)
    return path
