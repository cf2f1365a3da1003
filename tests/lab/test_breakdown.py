"""The account's arithmetic, on made-up cells and prices: what is counted where, what is left, what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product

import pytest

from toyvm.exits import EXIT_REASONS
from toyvm.isa.declare import Class
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.lab.breakdown import Account, Entry, account_of
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.nanobenchmarks import (
    HANDED_ON,
    NANOS,
    UNFORESEEN,
    Costs,
    Pricing,
    Trial,
    direct_instructions,
    direct_nanoseconds,
    explained,
    find_edges,
    find_native,
    retires,
    seen,
    solved,
)
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.table import account_lines
from toyvm.machine.computer import ACCESSES, LOOKS

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


def test_what_the_interpreter_takes_beneath_a_recompiler_is_measured_on_the_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(self: Subject, task: object, operations: int, watched: bool = False) -> Sample:
        instructions = 12 * operations
        return Sample(
            operations, instructions, {}, instructions * {"interpreter": 2e-9, "recompiler": 5e-10}[self.engine]
        )

    monkeypatch.setattr(Subject, "run", run)
    pricing = Pricing(Subject("bare", "recompiler"), 0.001)
    pricing.begin([], lambda text: None)
    assert pricing.costs is not None
    assert pricing.costs.interpreted == pytest.approx(2.0)
    assert pricing.costs.instruction == pytest.approx(0.5)


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


def watched(measured: Cell, laps: Mapping[str, tuple[int, float]], slowness: float = 1.0) -> Cell:
    """With an operation's laps of each kind, seen in a run that took so many times as long."""
    sample = replace(
        measured.repetitions[0].sample,
        cpu_seconds=measured.repetitions[0].sample.cpu_seconds * slowness,
        laps={kind: 10 * number for kind, (number, _) in laps.items()},
        lap_nanoseconds={kind: 10 * spent * slowness for kind, (_, spent) in laps.items()},
    )
    measured.watched = Repetition(measured.repetitions[0].baseline, sample)
    return measured


@pytest.mark.parametrize("slowness", [1.0, 0.5, 3.0])
def test_laps_are_a_part_of_the_time_however_fast_the_run_was_that_they_were_seen_in(slowness: float) -> None:
    measured = watched(cell(TRAP, 100.0, 10), {ACCESSES: (2, 30.0)}, slowness)
    assert measured.laps[ACCESSES].number == 2
    assert measured.laps[ACCESSES].nanoseconds == pytest.approx(30.0)
    assert cell(TRAP, 100.0, 10).laps == {}


def test_what_lies_around_a_lap_is_what_laps_leave_of_nanobenchmarks() -> None:
    made_up = {
        "walks": watched(cell(TRAP, 60.0, 10, work={"walks": 2}), {ACCESSES: (2, 34.0)}),
        UNFORESEEN: watched(cell(TRAP, 62.0, 10, work={"walks": 1}), {ACCESSES: (1, 20.0)}),
        "wfi": watched(cell(TRAP, 103.0, 4, {"wfi": 1}), {"wfi": (1, 80.0), ACCESSES: (1, 2.0)}),
        "trace": watched(cell(TRAP, 238.0, 10, {"trace": 2}), {"trace": (2, 190.0)}),
        "setst": watched(cell(TRAP, 59.0, 4, {"setst": 1}), {"setst": (1, 40.0)}),
        "tlbi": watched(cell(TRAP, 250.0, 4, {"tlbi": 1}), {"tlbi": (1, 40.0)}),
        "syscall": watched(cell(TRAP, 100.0, 11, {"syscall": 1, "eret": 1}), {"syscall": (1, 20.0), "eret": (1, 11.0)}),
    }
    costs = Costs(2.0, {})
    trials = [trial(reason, measured) for reason, measured in made_up.items()]
    find_edges(trials, costs)
    assert costs.edges[ACCESSES] == pytest.approx((60.0 - 20.0 - 34.0) / 2)
    assert costs.edges[UNFORESEEN] == pytest.approx(62.0 - 20.0 - 20.0 - 3.0), "beyond what is around each"
    assert costs.edges[LOOKS] == pytest.approx((238.0 - 20.0 - 190.0) / 2), "the median, of several exits"
    assert (costs.edges["setst"], costs.edges["tlbi"]) == pytest.approx((13.0, 28.0)), "twice the median at most"
    assert "syscall" not in costs.edges
    assert costs.edges[HANDED_ON] == pytest.approx(100.0 - 20.0 - 20.0 - 11.0 - 2 * 14.0), "beyond that of each exit"
    assert seen(made_up["wfi"], {}, costs) == pytest.approx(6.0 + 80.0 + 2.0 + 3.0 + 14.0)


def test_without_laps_nothing_is_known_of_what_lies_around_them() -> None:
    costs = Costs(2.0, {})
    find_edges([trial("wfi", cell(TRAP, 103.0, 4, {"wfi": 1}))], costs)
    assert costs.edges == {}


def test_an_event_of_the_bare_machine_is_what_its_laps_leave() -> None:
    costs = Costs(1.0, {}, edges={ACCESSES: 3.0})
    find_native(
        [trial("tlbi", watched(cell(BARE, 40.0, 4, {"tlbi": 1}), {LOOKS: (1, 15.0), ACCESSES: (2, 8.0)}))], costs
    )
    assert costs.edges["tlbi"] == pytest.approx(40.0 - 3.0 - 15.0 - 8.0 - 6.0)  # one instruction was emulated


COSTS = Costs(1.0, {"in clock": 10.0, "in disk_data": 30.0}, edges={ACCESSES: 2.0, LOOKS: 5.0, UNFORESEEN: 7.0})
HOSTS = Costs(1.0, {}, edges={ACCESSES: 2.0, "in clock": 4.0, "syscall": 6.0})


def test_an_account_of_laps_has_what_each_exit_takes_here_and_all_accesses() -> None:
    measured = cell(TRAP, 250.0, 24, {"in": 4}, {"walks": 3})
    measured.operands = {"in": {"clock": 0.5, "disk_data": 0.5}}
    watched(measured, {"in": (4, 120.0), ACCESSES: (3, 60.0), LOOKS: (1, 9.0)})
    bare = watched(cell(BARE, 40.0, 24), {ACCESSES: (1, 8.0)})
    account = account_of(measured, COSTS, bare, HOSTS, {"in clock": 2.0, "in disk_data": 2.0})
    shares = {entry.reason: entry.here for entry in account.entries}
    assert shares == pytest.approx({"in clock": 120.0 / 8 + 5.0, "in disk_data": 120.0 * 3 / 8 + 5.0}), (
        "as their prices"
    )
    assert {entry.reason: (entry.count, entry.each) for entry in account.work} == {
        ACCESSES: (3.0, pytest.approx(22.0)),
        LOOKS: (1.0, pytest.approx(14.0)),
    }
    assert account.hardware == pytest.approx(40.0 - 24.0 - 8.0 - 2.0 - 2 * 4.0)
    assert account.direct == pytest.approx(20.0)
    assert account.unexplained == pytest.approx(250.0 - 20.0 - account.hardware - 120.0 - 4 * 5.0 - 66.0 - 14.0)


@pytest.mark.parametrize(
    ("instructions", "share"), [(100, 0.0), (500, 0.0), (2828, 0.5), (16_000, 1.0), (100_000, 1.0)]
)
def test_what_the_host_cannot_foresee_is_charged_the_more_the_longer_an_operation(
    instructions: int, share: float
) -> None:
    measured = watched(cell(TRAP, 9e5, instructions, {"in": 4}), {"in": (4, 120.0), ACCESSES: (9, 60.0)})
    bare = watched(cell(BARE, 8e5, instructions), {ACCESSES: (3, 30.0)})
    account = account_of(measured, COSTS, bare, HOSTS, {})
    found = {entry.reason: entry for entry in account.work}.get(UNFORESEEN)
    if share == 0.0:
        assert found is None
    else:
        assert found is not None
        assert found.count == pytest.approx(share * 10, rel=0.01)  # three are in the bare machine's own time
        assert found.each == 7.0


def test_where_one_of_both_was_not_watched_an_account_is_of_prices() -> None:
    laps = {"in": (2, 50.0)}
    for here, there in ((False, True), (True, False)):
        measured, bare = cell(TRAP, 90.0, 30, {"in": 2}), cell(BARE, 40.0, 30)
        account = account_of(
            watched(measured, laps) if here else measured, COSTS, watched(bare, {}) if there else bare, HOSTS, {}
        )
        assert [entry.here for entry in account.entries] == [None]


def test_where_nobody_knows_what_lies_around_laps_an_account_is_of_prices() -> None:
    measured, bare = watched(cell(TRAP, 90.0, 30, {"in": 2}), {"in": (2, 50.0)}), watched(cell(BARE, 40.0, 30), {})
    for costs, native in ((replace(COSTS, edges={}), HOSTS), (COSTS, replace(HOSTS, edges={}))):
        account = account_of(measured, costs, bare, native, {})
        assert [entry.here for entry in account.entries] == [None]
        assert account.instructions == 0.0


@pytest.mark.parametrize(("total", "word"), [(200.0, "come between"), (100.0, "foresees more")])
def test_what_laps_leave_is_said_by_instruction(total: float, word: str) -> None:
    measured = watched(cell(TRAP, total, 24, {"in": 4}), {"in": (4, 120.0)})
    bare = watched(cell(BARE, 30.0, 24), {})
    reason = account_of(measured, COSTS, bare, HOSTS, {}).reason or ""
    assert word in reason
    assert "its instructions take" in reason


def test_an_exit_that_is_handed_to_the_guest_s_kernel_takes_more_around_its_lap() -> None:
    measured = watched(cell(TRAP, 200.0, 24, {"syscall": 2, "eret": 2}), {"syscall": (2, 40.0), "eret": (2, 60.0)})
    bare = watched(cell(BARE, 40.0, 24), {})
    costs = replace(COSTS, edges={**COSTS.edges, HANDED_ON: 9.0})
    account = account_of(measured, costs, bare, HOSTS, {})
    each = {entry.reason: entry.each for entry in account.entries}
    assert each == pytest.approx({"syscall": 20.0 + 5.0 + 9.0, "eret": 30.0 + 5.0})


def test_what_is_done_natively_is_what_this_build_does() -> None:
    """Another build, whose disk asks by hypercalls, may do less of it."""
    bare = watched(cell(BARE, 100.0, 24), {})
    guest = Subject("assist+hypercalls")
    costs = Costs(1.0, {}, edges={"setst": 8.0})
    for own, expected in ((None, 4.0), ({"setst": 1.0}, 1.0)):
        measured = watched(cell(guest, 200.0, 24, {"wfi": 1}), {"wfi": (1, 30.0)})
        account = account_of(measured, COSTS, bare, costs, {"setst": 4.0}, own)
        assert account.hardware == pytest.approx((100.0 - 24.0 - 4 * 8.0) + expected * 8.0)


def test_what_lies_around_laps_is_printed_with_the_costs() -> None:
    measured, bare = watched(cell(TRAP, 90.0, 30, {"in": 2}), {"in": (2, 50.0)}), watched(cell(BARE, 40.0, 30), {})
    account = account_of(measured, COSTS, bare, HOSTS, {})
    printed = " ".join("\n".join(account_lines(TRAP, [account], COSTS, 120)).split())
    assert "of an access 2, of an exit 5, of one that is handed to the guest's kernel 0 more" in printed
    assert "cannot foresee it 7 more" in printed


def test_nothing_is_said_of_a_stopwatch_where_accounts_are_of_prices() -> None:
    account = account_of(cell(TRAP, 90.0, 30, {"in": 2}), COSTS, cell(BARE, 40.0, 30), HOSTS, {})
    assert "stopwatch" not in "\n".join(account_lines(TRAP, [account], COSTS, 120))
