"""Regions are judged: one whose entering spares too little is left alone, and its place remembered as useless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.lockstep import MEMORY, hold, put

from toyvm.machine import run_loop as runner
from toyvm.machine.bare import Machine
from toyvm.native import ffi
from toyvm.recompiler.options import Recompiling
from toyvm.recompiler.translator import Translator
from toyvm.recompiler.worker import Account

THRESHOLD = 3
TO_JUDGE = 2 * THRESHOLD  # so often a region is entered before it is judged
TO_FORGIVE = 1 << 26  # instructions, until what was lost may be asked for again
ANSWER = Translator.answer
OPTIONS = Recompiling(threshold=THRESHOLD, waiting=True, shortest=1)

# A function, which is what is compiled, another one, which is not, and what calls both.
FUNCTION, OTHER, LOOP = 0x1000, 0x1800, 0x4000
CALLERS = 0x2000, 0x2800, 0x3000  # the calls of each are counted only until they have asked
CALLING = "1: {before}; jal ra, . + {function} - 4; jal ra, . + {other} - 8; j 1b"
SHORT, LONG = 4, 30  # less and more than entering costs, in instructions
SOME = 30_000  # instructions: many calls, also before the limit is so near that it is interpreted up to there


def function(length: int) -> str:
    """So many instructions, and one that compiled code leaves to the interpreter."""
    return f".rept {length}; addi t0, t0, 1; .endr; crr t1, time; ret"


class Judged:
    """Twins as in `twins`, and what stands between the recompiling one and its translator."""

    def __init__(self, one: Machine, other: Machine) -> None:
        self._twins = one, other
        self.asked: list[int] = []
        self.instead: dict[int, Any] = {}  # offers, by the place that is asked for
        self._requests: dict[int, Any] = {}  # the latest
        self._offers: dict[int, Any] = {}
        self._translators: list[Translator] = []

    def answer(self, translator: Translator, request: Any) -> Any:
        """There is only code for the function and the loop."""
        place = int(request.gva)
        self.asked.append(place)
        if place in self.instead:
            return self.instead[place]
        if place not in (FUNCTION, LOOP):
            return None
        self._requests[place] = ffi.new("t64_request *", request[0])
        self._offers[place] = ANSWER(translator, request)
        return self._offers[place]

    def same_code(self, place: int) -> Any:
        """What was offered for the place, once more."""
        return self._offers[place]

    def other_code(self, place: int) -> Any:
        """The same instructions, compiled for another region."""
        self._translators.append(Translator(OPTIONS, Account()))
        return ANSWER(self._translators[-1], self._requests[place])

    def close(self) -> None:
        for translator in self._translators:
            translator.close()

    def put(self, address: int, text: str) -> None:
        for machine in self._twins:
            put(machine, address, text)

    def put_callers(self, before: str = "nop") -> None:
        self.put(OTHER, "ret")
        for at in CALLERS:
            self.put(at, CALLING.format(before=before, function=FUNCTION - at, other=OTHER - at))

    def set(self, register: int, value: int) -> None:
        for machine in self._twins:
            machine.x[register] = value

    def run(self, pc: int, instructions: int) -> dict[str, int]:
        """Run on from there, alike; how the books of the recompiling twin changed."""
        one, other = self._twins
        before = self.counts()
        for machine in self._twins:
            machine.pc = pc
        until = one.retired + instructions
        hold(one, other, until)
        return {name: value - before[name] for name, value in self.counts().items()}

    def counts(self) -> dict[str, int]:
        recompiler = self._twins[1]._recompiler
        assert recompiler is not None
        assert recompiler.failure is None
        return recompiler.counts()


def twins(monkeypatch: pytest.MonkeyPatch, options: Recompiling) -> Iterator[Judged]:
    # Near the end of a slice no region is entered, and the clock ends slices: here nothing must depend on that.
    monkeypatch.setattr(runner, "SLICE_SECONDS", 1e9)
    with Machine(MEMORY) as one, Machine(MEMORY, engine=options) as other:
        judged = Judged(one, other)
        monkeypatch.setattr(Translator, "answer", lambda self, request: judged.answer(self, request))
        yield judged
    judged.close()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judged]:
    yield from twins(monkeypatch, OPTIONS)


def call_until_judged(judged: Judged) -> None:
    """From the first caller; the function is useless then."""
    judged.put(FUNCTION, function(SHORT))
    judged.put_callers()
    assert judged.run(CALLERS[0], SOME)["entered"] == TO_JUDGE


def let_pass(judged: Judged, instructions: int) -> None:
    """Enough of them for the core to look, and maybe to forgive."""
    judged.put(LOOP, "1: addi t2, t2, 1; mul t3, t2, t2; add t4, t4, t3; j 1b")
    judged.run(LOOP, instructions)


def test_a_region_that_leaves_at_once_is_entered_no_more(judged: Judged) -> None:
    call_until_judged(judged)
    assert judged.run(CALLERS[0], SOME)["entered"] == 0


def test_one_that_spares_more_than_entering_takes_stays(judged: Judged) -> None:
    judged.put(FUNCTION, function(LONG))
    judged.put_callers()
    for _ in range(3):
        assert judged.run(CALLERS[0], SOME)["entered"] > SOME // (LONG + 7) // 2


def test_each_judgement_is_about_what_ran_since_the_last_one(judged: Judged) -> None:
    """A loop in the function goes round often at first, and then no more."""
    judged.put(FUNCTION, "mv t0, s0; 1: addi t0, t0, -1; bnez t0, 1b; crr t1, time; ret")
    judged.put_callers()
    judged.set(8, 50)
    assert judged.run(CALLERS[0], SOME)["entered"] > 100
    judged.set(8, 1)
    judged.run(CALLERS[0], SOME // 3)  # not enough to lose what was spared before
    assert judged.run(CALLERS[0], SOME)["entered"] == 0


@pytest.mark.parametrize(("before", "stays"), [("nop", True), ("tlbi s1", False)])
def test_finding_what_is_accessed_anew_each_time_counts_against_a_region(
    judged: Judged, before: str, stays: bool
) -> None:
    """It would pay but for that: some page's translation is forgotten, and so all that regions know of pages."""
    judged.set(9, 0x9000)
    judged.put(FUNCTION, f"ld t2, 0x600(zero); {function(16)}")
    judged.put_callers(before)
    judged.run(CALLERS[0], SOME)
    assert (judged.run(CALLERS[0], SOME)["entered"] > 100) is stays


def test_a_great_loss_is_judged_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    threshold = 0xFFFF
    for judged in twins(monkeypatch, OPTIONS._replace(threshold=threshold)):
        judged.put(FUNCTION, function(1))
        judged.put_callers()
        entered = judged.run(CALLERS[0], 800_000)["entered"]
        assert 0 < entered < threshold // 2
        assert judged.run(CALLERS[0], SOME)["entered"] == 0


def test_a_region_without_entries_is_dropped_when_the_next_one_comes(judged: Judged) -> None:
    call_until_judged(judged)
    assert judged.counts()["live"] == 1
    judged.put(LOOP, "1: addi t2, t2, 1; j 1b")
    books = judged.run(LOOP, SOME)
    assert (books["installed"], books["dropped"], books["live"]) == (1, 1, 0)


def test_what_was_lost_is_asked_for_again_after_a_while(judged: Judged) -> None:
    """Its words changed. Each time another caller, whose calls are counted."""
    judged.put(FUNCTION, function(LONG))
    judged.put_callers()
    judged.run(CALLERS[0], SOME)
    judged.put(FUNCTION, function(LONG + 1))
    assert judged.counts()["live"] == 0
    let_pass(judged, TO_FORGIVE // 4)
    judged.run(CALLERS[1], SOME)
    assert judged.asked.count(FUNCTION) == 1
    let_pass(judged, 2 * TO_FORGIVE)
    assert judged.run(CALLERS[2], SOME)["entered"] > 100
    assert judged.asked.count(FUNCTION) == 2


def test_an_answer_without_code_drops_all_that_there_is(judged: Judged) -> None:
    judged.put(FUNCTION, function(LONG))
    judged.put_callers()
    assert judged.run(CALLERS[0], SOME)["entered"] > 100
    live = judged.counts()["live"]
    judged.instead[LOOP] = ffi.new("t64_offer *")
    judged.put(LOOP, "1: addi t2, t2, 1; j 1b")
    assert judged.run(LOOP, SOME)["dropped"] == live > 0
    assert judged.counts()["live"] == 0
    assert judged.run(CALLERS[0], SOME)["entered"] == 0
    del judged.instead[LOOP]
    let_pass(judged, 2 * TO_FORGIVE)
    assert judged.run(CALLERS[1], SOME)["entered"] > 100


def test_where_nothing_is_lost_nothing_is_asked_for_again(judged: Judged) -> None:
    """What was lost before, and asked for again, is not lost for ever."""
    judged.put(FUNCTION, function(LONG))
    judged.put_callers()
    judged.run(CALLERS[0], SOME)
    judged.put(FUNCTION, function(LONG + 1))
    let_pass(judged, TO_FORGIVE)  # its loop is written once: that is a loss, too
    for caller in CALLERS[1:]:
        judged.run(LOOP, TO_FORGIVE)
        judged.run(caller, SOME)
        assert (judged.asked.count(FUNCTION), judged.asked.count(OTHER)) == (2, 2)


def test_a_useless_place_is_not_asked_for_again_even_then(judged: Judged) -> None:
    call_until_judged(judged)
    let_pass(judged, TO_FORGIVE // 4)
    judged.run(CALLERS[1], SOME)
    assert (judged.asked.count(FUNCTION), judged.asked.count(OTHER)) == (1, 1)
    let_pass(judged, 2 * TO_FORGIVE)
    judged.run(CALLERS[2], SOME)
    assert (judged.asked.count(FUNCTION), judged.asked.count(OTHER)) == (1, 2)


@pytest.mark.parametrize(("code", "tries"), [(Judged.same_code, 0), (Judged.other_code, TO_JUDGE)])
def test_at_a_useless_place_only_the_code_of_another_region_is_tried(
    judged: Judged, code: Callable[[Judged, int], Any], tries: int
) -> None:
    """It comes as part of what answers another request."""
    call_until_judged(judged)
    judged.instead[LOOP] = code(judged, FUNCTION)
    judged.put(LOOP, "1: addi t2, t2, 1; j 1b")
    assert judged.run(LOOP, SOME)["installed"] == 1
    assert judged.counts()["live"] == (tries > 0)  # what has no entries is dropped
    assert judged.run(CALLERS[1], SOME)["entered"] == tries
    assert judged.run(CALLERS[2], SOME)["entered"] == 0


def test_where_another_region_was_tried_is_useless_no_more(judged: Judged) -> None:
    call_until_judged(judged)
    judged.instead[LOOP] = judged.other_code(FUNCTION)
    let_pass(judged, SOME)
    judged.put(FUNCTION, f"nop; {function(LONG)}")  # which drops it before it is judged
    let_pass(judged, 2 * TO_FORGIVE)
    assert judged.run(CALLERS[1], SOME)["entered"] > 100
    assert judged.asked.count(FUNCTION) == 2


@pytest.mark.parametrize("length", [1, SHORT, 11, 12, LONG])
def test_state_is_exact_before_and_after_a_judgement(judged: Judged, length: int) -> None:
    judged.put(FUNCTION, function(length))
    judged.put_callers()
    for n in range(60):
        judged.run(CALLERS[n % 3], 1100 + 7 * n)
    assert judged.counts()["entered"] >= TO_JUDGE
