"""The translator compiles nothing twice: what it has is found by each of its entries, and grown where it can be."""

from __future__ import annotations

from typing import Any

import pytest
from support.assembling import words_of

from toyvm.native import ffi
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.translator import GROWTHS_MAX, LARGE, Translator
from toyvm.recompiler.worker import Account

BASE = 0x1000
LOOP = "addi t0, t0, 1; 1: addi t1, t1, 1; addi t2, t2, 1; bnez t0, 1b; ret"
WAY = "addi t0, t0, 1; " * 12


class Asking:
    """A translator, and the core that asks it about one page of code."""

    def __init__(self, text: str, **options: Any) -> None:
        self.account = Account()
        self._translator = Translator(Recompiling(**options), self.account)
        self._request = ffi.new("t64_request *")
        self._request.page_count = 1
        page = self._request.pages[0]
        page.gva = page.frame = BASE
        for n, word in enumerate(words_of(text)):
            page.words[n] = word
            page.marked[n // 64] |= 1 << n % 64

    def ask(self, gva: int, *jumps: tuple[int, int], stuck: bool = False) -> list[int] | None:
        """The entries of what is offered for a place, and with jumps that were seen; None: nothing."""
        self._request.gva, self._request.stuck, self._request.jump_count = gva, stuck, len(jumps)
        for n, (source, target) in enumerate(jumps):
            self._request.jumps[n].source, self._request.jumps[n].target = source, target
        offer = self._translator.answer(self._request)
        return None if offer is None else [int(offer.entries[n]) for n in range(offer.entry_count)]


def test_code_is_found_by_every_entry() -> None:
    core = Asking(LOOP)
    assert core.ask(BASE) == core.ask(BASE + 4) == [BASE, BASE + 4]
    assert (core.account.compiled, core.account.found) == (1, 1)


def test_other_words_are_compiled_although_there_is_code_at_that_place() -> None:
    core = Asking(LOOP)
    core.ask(BASE)
    core._request.pages[0].words[1] = words_of("addi t1, t1, 2")[0]
    assert core.ask(BASE + 4)
    assert core.account.compiled == 2


def test_what_leads_into_a_region_ends_where_that_begins() -> None:
    core = Asking(f"{WAY}; {LOOP}")
    loop = BASE + 4 * 12
    assert core.ask(loop) == [loop, loop + 4]
    assert core.ask(loop + 8) is None  # two instructions from the next entry
    assert core.ask(BASE) == [BASE, loop + 4]  # the loop is short: once more, as part of what leads to it


def test_a_large_region_is_no_part_of_another_one() -> None:
    core = Asking(f"{WAY}; {LOOP.replace('addi t2, t2, 1', 'addi t2, t2, 1; ' * LARGE)}")
    loop = BASE + 4 * 12
    assert core.ask(loop) == [loop, loop + 4]
    assert core.ask(BASE) == [BASE]
    assert core.account.instructions == 12 + LARGE + 4


def test_a_region_is_grown_by_a_jump_that_was_not_seen_before() -> None:
    core = Asking(f"1: addi t0, t0, 1; beqz t2, 2f; jalr zero, 0(t1); 2: {WAY}; j 1b")
    jump, midst = BASE + 8, BASE + 4 * 4
    assert core.ask(BASE) == [BASE]
    assert core.ask(midst) == [midst]  # no jump leads there: it ends where the region begins
    assert core.ask(midst + 4, (jump, midst + 4)) == [BASE, midst + 4]


def test_a_region_is_grown_so_often_and_no_more() -> None:
    """Each time another jump leads into it; after that what begins there ends where the region begins."""
    core = Asking(f"1: addi t0, t0, 1; beqz t2, 2f; jalr zero, 0(t1); 2: {WAY}; j 1b")
    jump, first = BASE + 8, BASE + 4 * 4
    assert core.ask(BASE) == [BASE]
    seen = []
    for n in range(GROWTHS_MAX):
        seen.append((jump, first + 4 * n))
        found = core.ask(first + 4 * n, *seen)
        assert found is not None
        assert found[0] == BASE
        assert first + 4 * n in found
    last = first + 4 * GROWTHS_MAX
    assert core.ask(last, *seen, (jump, last)) in (None, [last])


def test_after_everything_was_dropped_there_is_room_again() -> None:
    core = Asking(f"{LOOP}; .balign 512; {LOOP}", room=1)
    for _ in range(2):
        for place in (BASE, BASE + 512):
            core._translator._options = core._translator._options._replace(room=1)
            assert core.ask(place) == []
            core._translator._options = core._translator._options._replace(room=1 << 20)
            assert core.ask(place) == [place, place + 4]
    assert core.account.dropped == 4
    assert core.account.compiled == 2  # the cache has the rest
    assert core.ask(BASE) == [BASE, BASE + 4]
    assert len(core._translator._compiler._loaded) == 2  # nothing that may run is unloaded


def test_room_is_for_what_is_loaded_and_each_drop_empties_it() -> None:
    core = Asking(f"{LOOP}; .balign 512; {LOOP}; .balign 512; {LOOP}")
    assert core.ask(BASE)
    size = core._translator._loaded_bytes
    core._translator._options = core._translator._options._replace(room=2 * size + size // 2)
    answers = [core.ask(BASE + 512 * (n % 3)) for n in range(1, 13)]
    # Two fit. What comes third drops all, and is asked for again.
    assert [bool(answer) for answer in answers[:4]] == [True, False, True, True]
    assert core._translator._loaded_bytes <= 2 * size + size // 2


def test_a_group_that_often_gets_stuck_is_parted_once() -> None:
    core = Asking("1: addi t2, t2, 1; ld t0, 0(s0); ld t1, 8(s0); bnez t0, 1b; ret")
    assert core.ask(BASE) == [BASE]
    assert core.ask(BASE + 4, stuck=True) == [BASE]
    assert core.account.compiled == 2
    assert core.ask(BASE + 4, stuck=True) is None
    assert core.account.compiled == 2


@pytest.mark.parametrize(("shortest", "offered"), [(12, True), (13, True), (14, False)])
def test_code_that_is_too_short_to_be_entered_is_left_alone(shortest: int, offered: bool) -> None:
    core = Asking(f"{WAY}; ret", shortest=shortest)
    assert (core.ask(BASE) is not None) is offered
    assert ("_compiler" in vars(core._translator)) is offered  # LLVM is not even loaded for it
