"""The account's arithmetic, on made-up cells and prices: what is counted where, what is left, what is said of it."""

from __future__ import annotations

import pytest

from toyvm.exits import EXIT_REASONS
from toyvm.isa.declare import Class
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.lab.breakdown import Account, Entry, account_of
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import NANOS, Costs, Nano, Pricing, direct_instructions, explained, measure_costs, retires
from toyvm.lab.subjects import Sample, Subject

TRAP, BARE = Subject("trap"), Subject("bare")


def cell(subject: Subject, nanoseconds: float, instructions: int, exits: dict[str, int] | None = None) -> Cell:
    """Of ten operations beyond the baseline; exits and instructions are an operation's."""
    more = {reason: 10 * count for reason, count in (exits or {}).items()}
    samples = Sample(1, 0, {}, 0.0), Sample(11, 10 * instructions, more, 10 * nanoseconds * 1e-9)
    return Cell("any", subject, [Repetition(*samples)])


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


def priced(made_up: dict[str | None, Cell], monkeypatch: pytest.MonkeyPatch) -> Costs:
    """What the prices of these reasons come to, one after the other, if that is what is measured for each."""

    def fill(cells: list[Cell], *arguments: object) -> list[Cell]:
        reason = cells[0].workload.removeprefix("exit ")
        cells[0].repetitions = made_up[None if reason == "direct execution" else reason].repetitions
        return cells

    monkeypatch.setattr("toyvm.lab.nanobenchmarks.measure_cells", fill)
    monkeypatch.setattr(Nano, "task", lambda nano, technique: None)
    pricing = Pricing(TRAP, 0.1, 1, lambda text: None)
    for reason in made_up:
        pricing.price(next(nano for nano in NANOS if nano.reason == reason))
    assert pricing.costs is not None
    return pricing.costs


def test_a_price_is_what_direct_execution_and_the_prices_before_it_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = {
        None: cell(TRAP, 24.0, 12),
        "wfi": cell(TRAP, 103.0, 4, {"wfi": 1}),
        "trace": cell(TRAP, 238.0, 10, {"trace": 2, "wfi": 1}),
        "tlbi": cell(TRAP, 5.0, 4, {"tlbi": 1}),
    }
    slower = cell(TRAP, 258.0, 10, {"trace": 2, "wfi": 1})
    made_up["trace"].repetitions += slower.repetitions + cell(TRAP, 228.0, 10).repetitions
    costs = priced(made_up, monkeypatch)
    assert costs.instruction == pytest.approx(2.0)
    # What is emulated is not executed directly too: three of wfi's, nine of the trace's. No price is below 0.
    assert costs.exits == pytest.approx({"wfi": 97.0, "trace": (238.0 - 18.0 - 97.0) / 2, "tlbi": 0.0})
    assert costs.doubts == pytest.approx({"wfi": 0.0, "trace": 15.0 / 2, "tlbi": 0.0})


def test_what_hardly_exits_any_more_has_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    rare = Cell("any", TRAP, [Repetition(Sample(1, 0, {}, 0.0), Sample(11, 100, {"wfi": 5}, 1e-6))])
    costs = priced({None: cell(TRAP, 24.0, 12), "wfi": rare}, monkeypatch)
    assert costs.exits == {}


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


def test_what_bare_takes_beyond_its_instructions_is_the_hardware_s_but_for_what_exits() -> None:
    costs, native = Costs(1.0, {"in": 20.0}), Costs(0.5, {"in": 4.0, "eret": 1.0})
    measured = cell(TRAP, 90.0, 30, {"in": 2, "trace": 1})
    account = account_of(measured, costs, cell(BARE, 75.0, 30), native)
    assert account.hardware == pytest.approx(75.0 - 15.0 - 8.0)
    assert account.beyond is None, "it is not said again"
    assert account.unexplained == pytest.approx(90.0 - 28.0 - 40.0 - 52.0)
    assert account_of(measured, costs, cell(BARE, 20.0, 30), native).hardware == 0.0
    assert account_of(measured, costs, cell(BARE, 75.0, 50), native).hardware == 0.0, "it runs something else"
    asked = Cell("any", Subject("para"), cell(TRAP, 90.0, 30, {"hypercall": 2}).repetitions)
    asked.operands = {"hypercall": {"iret": 1.0}}
    assert account_of(asked, costs, cell(BARE, 75.0, 30), native).hardware == pytest.approx(60.0 - 2.0)


def test_prices_of_the_bare_machine_are_of_what_exits_under_trap(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(cells: list[Cell], *arguments: object) -> list[Cell]:
        cells[0].repetitions = cell(BARE, 6.0 if cells[0].workload == "direct execution" else 31.0, 12).repetitions
        return cells

    monkeypatch.setattr("toyvm.lab.nanobenchmarks.measure_cells", fill)
    costs = measure_costs(BARE, ["in clock", "trace", "hypercall iret"], 0.1, 1, lambda text: None)
    assert costs is not None
    assert costs.instruction == pytest.approx(0.5)
    assert costs.exits["in clock"] == pytest.approx(25.0)
    assert {"syscall", "eret", "wfi"} <= costs.exits.keys()
    assert not {"trace", "shadow_page_fault"} & costs.exits.keys()


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


def test_all_that_is_known_is_said() -> None:
    reason = account(40.0, TRACE, beyond=15.0).reason
    assert reason is not None
    assert "bare, too, takes 15 ns" in reason
    assert reason.endswith("trace costs by how much of the shadow stood on the entry that is stored")


def test_what_has_no_price_is_not_said_to_be_dearest() -> None:
    reason = account(-30.0, Entry("spin", 3.0, None)).reason
    assert reason is not None
    assert reason.endswith("; code and tables that are touched for the first time")
