"""The account's arithmetic, on made-up cells and prices: what is counted where, what is left, what is said of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest

from toyvm.exits import EXIT_REASONS
from toyvm.isa.declare import Class
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.lab.breakdown import Account, Entry, account_of
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import (
    NANOS,
    UNFORESEEN,
    Costs,
    Pricing,
    Trial,
    direct_instructions,
    direct_nanoseconds,
    explained,
    retires,
    solved,
)
from toyvm.lab.subjects import Sample, Subject

TRAP, BARE = Subject("trap"), Subject("bare")


def cell(
    subject: Subject,
    nanoseconds: float,
    instructions: int,
    exits: dict[str, int] | None = None,
    work: dict[str, int] | None = None,
) -> Cell:
    """Of ten operations beyond the baseline; exits, work and instructions are an operation's."""
    more, worked = ({name: 10 * count for name, count in (counts or {}).items()} for counts in (exits, work))
    sample = Sample(11, 10 * instructions, more, 10 * nanoseconds * 1e-9, work=worked)
    return Cell("any", subject, [Repetition(Sample(1, 0, {}, 0.0), sample)])


def test_each_register_is_counted_at_its_own_price() -> None:
    measured = cell(TRAP, 300.0, 20, {"crw": 4, "trace": 1})
    measured.operands = {"crw": {"ptbr": 0.25, "timecmp": 0.75}}
    account = account_of(measured, Costs(1.0, {"crw ptbr": 100.0, "crw timecmp": 30.0, "trace": 50.0, "crw": 1000.0}))
    assert account.entries == (
        Entry("crw ptbr", 1.0, 100.0),
        Entry("crw timecmp", 3.0, 30.0),
        Entry("trace", 1.0, 50.0),
    )
    assert account.direct == pytest.approx(16.0)  # four were emulated
    assert account.unexplained == pytest.approx(300.0 - 16.0 - 100.0 - 90.0 - 50.0)


def test_what_is_emulated_served_or_spun_is_not_executed_directly() -> None:
    sensitive = {row.mnemonic for row in INSTRUCTIONS if row.cls in (Class.PRIVILEGED, Class.CRITICAL)}
    assert {reason.name for reason in EXIT_REASONS if retires(reason.name)} == sensitive | {"hypercall", "spin"}
    measured = cell(TRAP, 90.0, 30, {"spin": 2, "in": 3, "exception": 5})
    assert direct_instructions(measured) == pytest.approx(25.0)
    assert explained(measured, measured.priced_exits, Costs(2.0, {"spin": 7.0})) == pytest.approx(64.0)


def trial(reason: str | None, measured: Cell) -> Trial:
    """Of the nanobenchmark for that, as if so much was measured."""
    nano = next(nano for nano in NANOS if nano.reason == reason)
    return Trial(nano, measured, nano.task("trap"), 1, measured.priced_exits)


def priced(made_up: dict[str | None, Cell]) -> Costs:
    """What the prices of these come to, if that is what is measured for each."""
    costs = solved([trial(reason, measured) for reason, measured in made_up.items()])
    assert costs is not None
    return costs


def test_a_price_is_what_direct_execution_and_the_prices_before_it_leave() -> None:
    made_up = {
        None: cell(TRAP, 24.0, 12),
        "wfi": cell(TRAP, 103.0, 4, {"wfi": 1}),
        "trace": cell(TRAP, 238.0, 10, {"trace": 2, "wfi": 1}),
        "tlbi": cell(TRAP, 5.0, 4, {"tlbi": 1}),
    }
    slower = cell(TRAP, 258.0, 10, {"trace": 2, "wfi": 1})
    made_up["trace"].repetitions += slower.repetitions + cell(TRAP, 228.0, 10).repetitions
    costs = priced(made_up)
    assert costs.instruction == pytest.approx(2.0)
    # What is emulated is not executed directly too: three of wfi's, nine of the trace's. No price is below 0.
    assert costs.exits == pytest.approx({"wfi": 97.0, "trace": (238.0 - 18.0 - 97.0) / 2, "tlbi": 0.0})
    assert costs.doubts == pytest.approx({"wfi": 0.0, "trace": 15.0 / 2, "tlbi": 0.0})


def test_work_has_its_price_and_is_in_that_of_no_exit() -> None:
    costs = priced(
        {
            "trace": cell(TRAP, 238.0, 10, {"trace": 2}, {"walks": 2}),
            "walks": cell(TRAP, 60.0, 10, work={"walks": 2}),
            UNFORESEEN: cell(TRAP, 55.0, 10, work={"walks": 1}),
            None: cell(TRAP, 24.0, 12),
        }
    )
    assert costs.work == pytest.approx({"walks": 20.0, UNFORESEEN: 15.0}), "in whatever order they were measured"
    assert costs.exits == pytest.approx({"trace": (238.0 - 20.0 - 40.0) / 2})


def test_under_the_recompiler_what_is_not_compiled_costs_what_the_interpreter_takes() -> None:
    compiled = Repetition(Sample(1, 0, {}, 0.0), Sample(11, 300, {"in": 20}, 1e-6, recompiled=200))
    measured = Cell("any", Subject("trap", "recompiler"), [compiled])
    assert direct_nanoseconds(measured, Costs(0.5, {}, interpreted=2.0)) == pytest.approx(20 * 0.5 + 8 * 2.0)
    assert direct_nanoseconds(measured, Costs(0.5, {})) == pytest.approx(28 * 0.5)
    pricing = Pricing(Subject("bare", "recompiler"), 0.001)
    pricing.begin([], lambda text: None)
    assert pricing.costs is not None
    assert pricing.costs.interpreted is not None
    assert pricing.costs.interpreted > pricing.costs.instruction > 0


def test_what_hardly_exits_any_more_has_no_price() -> None:
    rare = Cell("any", TRAP, [Repetition(Sample(1, 0, {}, 0.0), Sample(11, 100, {"wfi": 4}, 1e-6))])
    assert priced({None: cell(TRAP, 24.0, 12), "wfi": rare}).exits == {}


def test_without_direct_execution_there_are_no_prices() -> None:
    assert solved([trial("wfi", cell(TRAP, 103.0, 4, {"wfi": 1}))]) is None


def test_the_parts_of_an_account_sum_up_to_the_total() -> None:
    account = account_of(cell(TRAP, 90.0, 30, {"in": 2, "probe": 1}), Costs(0.5, {"in": 20.0}))
    parts = account.direct + sum(entry.nanoseconds for entry in account.entries) + account.unexplained
    assert parts == pytest.approx(account.total) == pytest.approx(90.0)


def test_what_bare_takes_beyond_its_instructions_counts_where_it_runs_much_the_same() -> None:
    costs = Costs(1.0, {"in": 20.0})
    measured = cell(TRAP, 90.0, 30, {"in": 2})
    assert account_of(measured, costs, cell(BARE, 75.0, 30)).beyond == pytest.approx(45.0)
    assert account_of(measured, costs, cell(BARE, 75.0, 31)).beyond == pytest.approx(44.0)  # a port of it
    assert account_of(measured, costs, cell(BARE, 75.0, 50)).beyond is None  # something else
    assert account_of(measured, costs).beyond is None


NATIVE = Costs(0.5, {"in": 4.0, "eret": 1.0, "syscall": 6.0}, work={"walks": 3.0})


def hardware(measured: Cell, bare: Cell, events: dict[str, float] | None = None) -> float:
    return account_of(measured, Costs(1.0, {"in": 20.0}), bare, NATIVE, events).hardware


def test_what_bare_takes_beyond_its_instructions_is_the_hardware_s_but_for_what_is_priced() -> None:
    measured = cell(TRAP, 90.0, 30, {"in": 2, "trace": 1})
    account = account_of(measured, Costs(1.0, {"in": 20.0}), cell(BARE, 75.0, 30, work={"walks": 5}), NATIVE)
    assert account.hardware == pytest.approx(75.0 - 15.0 - 8.0 - 15.0)
    assert account.beyond is None, "it is not said again"
    assert account.unexplained == pytest.approx(90.0 - 28.0 - 40.0 - 37.0)
    assert hardware(measured, cell(BARE, 20.0, 30)) == pytest.approx(-3.0), "its instructions are cheaper"


def test_of_a_shorter_program_the_hardware_does_less() -> None:
    assert hardware(cell(TRAP, 90.0, 15), cell(BARE, 75.0, 30)) == pytest.approx(60.0 / 2)
    asked = Cell("any", Subject("para"), cell(TRAP, 90.0, 30, {"hypercall": 2}).repetitions)
    asked.operands = {"hypercall": {"iret": 1.0}}
    assert hardware(asked, cell(BARE, 75.0, 30)) == pytest.approx(60.0 - 2.0)


@pytest.mark.parametrize(
    ("technique", "natively"),
    [("trap", 0.0), ("para", 0.0), ("rewrite", 0.0), ("hybrid", 1.0 + 8.0), ("assist", 1.0 + 6.0)],
)
def test_what_a_guest_need_not_leave_to_its_monitor_is_done_natively(technique: str, natively: float) -> None:
    there = Cell(
        "any", Subject(technique), cell(TRAP, 90.0, 30, {"syscall": 1} if technique == "hybrid" else {}).repetitions
    )
    events = {"in": 2.0, "eret": 1.0, "syscall": 1.0}
    assert hardware(there, cell(BARE, 75.0, 30), events) == pytest.approx(75.0 - 15.0 - 15.0 + natively)


def test_work_is_a_part_of_its_own() -> None:
    measured = cell(TRAP, 90.0, 30, {"in": 2}, {"walks": 3, "words": 7})
    costs = Costs(1.0, {"in": 10.0}, {"walks": 0.5}, {"walks": 5.0, UNFORESEEN: 2.0})
    account = account_of(measured, costs)
    assert account.work == (Entry("walks", 3.0, 5.0, 0.5), Entry("words", 7.0, None))
    assert account.unexplained == pytest.approx(90.0 - 28.0 - 20.0 - 15.0)
    assert account.unforeseen == pytest.approx(6.0)


def test_prices_of_the_bare_machine_are_of_what_exits_under_trap(monkeypatch: pytest.MonkeyPatch) -> None:
    first = cell(BARE, 6.0, 12).repetitions
    later = cell(BARE, 31.0, 12).repetitions
    monkeypatch.setattr("toyvm.lab.nanobenchmarks.calibrate", lambda *arguments: 11)
    pricing = Pricing(BARE, 0.1)
    monkeypatch.setattr(
        "toyvm.lab.nanobenchmarks.repeat",
        lambda subject, task, *arguments: (first if task == NANOS[0].task("bare") else later)[0],
    )
    pricing.begin(["in clock", "trace", "hypercall iret"], lambda text: None)
    costs = pricing.costs
    assert costs is not None
    assert costs.instruction == pytest.approx(0.5)
    assert costs.exits["in clock"] == pytest.approx(25.0)
    assert {"syscall", "eret", "wfi"} <= costs.exits.keys()
    assert not {"trace", "shadow_page_fault"} & costs.exits.keys()
    assert costs.work["host_pages"] > 0


def account(left: float, *entries: Entry, doubt: float = 0.0, beyond: float | None = None) -> Account:
    """One of 100 ns in which so many are left."""
    spent = sum(entry.nanoseconds for entry in entries)
    return Account("any", "trap", 100.0, 100.0 - left - spent, entries, doubt, beyond)


TRACE = Entry("trace", 2.0, 10.0, doubt=4.0)


@pytest.mark.parametrize("left", [0.0, 10.0, -10.0])
def test_an_account_that_closes_within_a_tenth_says_nothing(left: float) -> None:
    assert account(left, TRACE).reason is None


@pytest.mark.parametrize(
    ("made_up", "said"),
    [
        (account(12.0, TRACE, doubt=4.0), "repetitions of it and of its prices differ by 12 ns"),
        (account(-12.0, TRACE, doubt=4.0), "repetitions of it and of its prices differ by 12 ns"),
        (account(20.0, Entry("spin", 3.0, None)), "no program isolates the price of spin 3x"),
        (
            account(20.0, TRACE, beyond=15.0),
            "bare, too, takes 15 ns more than its instructions, in devices, traps,",
        ),
        (account(20.0, TRACE, beyond=1.0), "trace costs by how much of the shadow stood on the entry that is stored"),
        (account(20.0, TRACE, Entry("spin", 0.01, None)), "trace costs by how much of the shadow stood on the entry"),
        (account(20.0, Entry("tlbi", 1.0, 9.0)), "tlbi costs by what surrounds it"),
        (
            account(30.0, TRACE, Entry("hypercall multicall", 2.0, 1.0)),
            "hypercall multicall costs by the calls in its list",
        ),
        (account(-30.0, TRACE), "what is dear alone is cheaper in a row"),
        (account(20.0), "code and tables that are touched for the first time"),
    ],
)
def test_an_account_that_does_not_close_says_why(made_up: Account, said: str) -> None:
    assert made_up.reason is not None
    assert made_up.reason.startswith(said)


def test_walks_that_the_host_cannot_foresee_are_a_reason_if_they_are_enough_of_one() -> None:
    walked = (Entry("walks", 2.0, 10.0), Entry("fetch_walks", 1.0, 10.0))
    enough = Account("any", "trap", 100.0, 20.0, (TRACE,), work=walked, unforeseen=20.0)
    assert enough.unexplained == pytest.approx(30.0)
    assert (enough.reason or "").startswith(
        "3 walks of page tables take up to 20 ns more where the host cannot foresee"
    )
    too_few = replace(enough, unforeseen=19.0).reason or ""
    assert "3 walks" in too_few
    assert "trace costs by" in too_few


@pytest.mark.parametrize("left", [-60.0, -11.0, 11.0, 30.0, 60.0])
def test_whatever_is_in_it_an_account_closes_or_says_why(left: float) -> None:
    exits = (TRACE, Entry("spin", 3.0, None), Entry("spin", 0.001, None), Entry("hypercall multicall", 2.0, 1.0))
    for count, beyond, unforeseen in product(range(len(exits) + 1), (None, 0.0, 5.0, 50.0), (0.0, 5.0, 50.0)):
        for entries in combinations(exits, count):
            assert replace(account(left, *entries, beyond=beyond), unforeseen=unforeseen).reason


def test_all_that_is_known_is_said() -> None:
    reason = account(40.0, TRACE, beyond=15.0).reason
    assert reason is not None
    assert "bare, too, takes 15 ns" in reason
    assert reason.endswith("trace costs by how much of the shadow stood on the entry that is stored")


def test_what_has_no_price_is_not_said_to_be_dearest() -> None:
    reason = account(-30.0, Entry("spin", 3.0, None)).reason
    assert reason is not None
    assert reason.endswith("; code and tables that are touched for the first time")
