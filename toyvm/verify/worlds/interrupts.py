"""The world of interrupts: a kernel with the timer, its mask, waits, and the ways into and out of user mode."""

from __future__ import annotations

from typing import NamedTuple

from toyvm.asm import assemble_text
from toyvm.isa.control import ALL_BITS, IE, PIE, PMODE
from toyvm.verify.worlds.unmodified import UnmodifiedWorld
from toyvm.verify.worlds.world import Action, What

_SOURCE = """
.globl _start
_start:
    la   t0, handler
    crw  tvec, t0
    nop
handler:                        # what came, as far as the action goes on
    crr  a4, cause
    crr  a5, ipend
    getst a6
    nop
    nop
    nop
write_timecmp:
    crw  timecmp, a0
    nop
    nop
write_imask:
    crw  imask, a0
    nop
    nop
exchange_imask:
    crx  a1, imask, a0
    nop
write_status:
    crw  status, a0
    nop
    nop
enable:
    setst a0
    nop
    nop
disable:
    setst zero
    nop
return:                         # to a1
    crw  epc, a1
    eret
look:
    crr  a0, ipend
    getst a1
    crr  a2, time
wait:
    wfi
    nop
call:
    syscall
wrong:
    .word 0
spin:
    j    spin
pass:
    nop
    nop
    nop
    nop
calm:                           # as at the beginning
    crw  status, zero
    crw  imask, zero
    crw  timecmp, a0
    crw  epc, zero
    crw  cause, zero
    crw  tval, zero
"""


class _Move(NamedTuple):
    """An action: a label of the program, so many instructions, and values or labels for a0 and a1."""

    name: str
    label: str
    limit: int
    arguments: tuple[int | str, ...] = ()


MOVES: tuple[_Move, ...] = (
    *(_Move(f"timer at {at}", "write_timecmp", 2, (at,)) for at in (0, 1, 2, 3, 5)),
    _Move("timer off", "write_timecmp", 2, (ALL_BITS,)),
    _Move("let in", "write_imask", 2, (1,)),
    _Move("mask", "write_imask", 2, (0,)),
    _Move("exchange the mask", "exchange_imask", 1, (1,)),
    _Move("status IE", "write_status", 2, (IE,)),
    _Move("status PIE PMODE", "write_status", 1, (PIE | PMODE,)),
    _Move("status PIE", "write_status", 1, (PIE,)),
    _Move("enable", "enable", 3, (1,)),
    _Move("enable, and no more", "enable", 1, (1,)),
    _Move("disable", "disable", 1),
    _Move("return to passing", "return", 4, (0, "pass")),
    _Move("return to a call", "return", 3, (0, "call")),
    _Move("return to a mask", "return", 3, (0, "write_imask")),
    _Move("look", "look", 3),
    _Move("wait", "wait", 2),
    _Move("call", "call", 1),
    _Move("wrong", "wrong", 2),
    _Move("spin", "spin", 4),
    _Move("pass 1", "pass", 1),
    _Move("pass 3", "pass", 3),
)
BEGINNINGS: tuple[tuple[str, ...], ...] = (
    (),
    ("let in", "status PIE PMODE", "return to passing"),
    ("timer at 5", "let in"),
)


class InterruptsWorld(UnmodifiedWorld):
    """Each action takes some ticks; the timer comes at its very count, wherever that is."""

    def __init__(self) -> None:
        image = assemble_text(_SOURCE, "interrupts").image

        def value(one: int | str) -> int:
            return one if isinstance(one, int) else image.address_of(one)

        actions = [
            Action(move.name, value(move.label), tuple(value(one) for one in move.arguments), limit=move.limit)
            for move in MOVES
        ]
        actions.append(Action("reload", 0, what=What.IS_RELOADED))
        start, call = Action("start", image.entry, limit=3), actions[self._number("call")]
        calm = Action("calm", value("calm"), (ALL_BITS,), limit=6)
        specified = [action for action in actions if action.name not in ("spin", "reload")]
        warming = [start, *(one for action in specified for one in (action, call, calm))]
        segments = {segment.address: segment.data for segment in image.segments}
        super().__init__(segments, image.entry, actions, warming)

    @staticmethod
    def _number(name: str) -> int:
        return [move.name for move in MOVES].index(name)
