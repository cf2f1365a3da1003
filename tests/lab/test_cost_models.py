"""Cost models: what a file may say, and what exact counts come to under one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from support.commands import call

from toyvm.errors import BadFileError, UsageError
from toyvm.lab.cost_models import (
    MARKS_OF_PRICES,
    CostModel,
    Price,
    find_model,
    model_of_record,
    read_model,
    shipped_models,
)
from toyvm.lab.experiment import Experiment
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.modelled import cost_of, model_lines, modelled, native_events
from toyvm.lab.nanobenchmarks import Costs
from toyvm.lab.subjects import Sample, Subject
from toyvm.lab.workloads import find_workloads

Capture = pytest.CaptureFixture[str]
OWN = """
title = "Mine"
instruction = 2
[native]
in = 100
syscall = { cycles = 30, mark = "n" }
[software]
default = 1_000
[rewrite]
in = 50
"in clock" = 60
[assist]
default = 400
"""


def model_of(text: str, folder: Path) -> CostModel:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read_model(path)


def cell(technique: str, instructions: int, exits: dict[str, int], workload: str = "portio") -> Cell:
    """One with so many of each an operation."""
    more = {reason: 10 * count for reason, count in exits.items()}
    return Cell(
        workload,
        Subject(technique),
        [Repetition(Sample(1, 0, {}, 0.0), Sample(11, 10 * instructions, more, 1e-6))],
    )


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_has_its_source_and_marks_that_are_explained(name: str) -> None:
    model = find_model(name)
    assert model is not None
    assert model.source != "its own"
    prices = [price for rows in model.tables.values() for price in rows.values()]
    assert {price.mark for price in prices} <= set(MARKS_OF_PRICES)
    assert all(f"{price.mark} {MARKS_OF_PRICES[price.mark]}" in model.marks for price in prices)


def test_the_first_hardware_assistance_costs_its_way_in_and_its_way_out() -> None:
    model = find_model("pentium4-vtx")
    assert model is not None
    assert str(model.exit("assist", "wfi")) == "4,340 n"


def test_a_price_is_the_named_ones_then_the_reasons_then_the_techniques_then_that_of_all_software(
    tmp_path: Path,
) -> None:
    model = model_of(OWN, tmp_path)
    named = [model.exit("rewrite", reason) for reason in ("in clock", "in disk_data", "eret")]
    assert [price.cycles for price in named if price] == [60, 50, 1000]
    assert model.exit("trap", "in clock") == model.exit("para", "hypercall iret") == model.exit("rewrite", "eret")
    assert model.exit("assist", "in clock") is not None
    assert model.exit("hybrid", "syscall") is None


def test_no_default_goes_before_a_price_of_that_very_exit(tmp_path: Path) -> None:
    text = (
        'title = "Mine"\ninstruction = 2\n[software]\ndefault = 9\nwfi = 700\nin = 50\n[trap]\ndefault = 300\nin = 60\n'
    )
    model = model_of(text, tmp_path)
    prices = [model.exit(technique, reason) for technique in ("trap", "para") for reason in ("wfi", "in clock", "eret")]
    assert [price.cycles for price in prices if price] == [700, 60, 300, 700, 50, 9]


def test_an_exit_costs_its_price_instead_of_its_instruction(tmp_path: Path) -> None:
    model = model_of(OWN, tmp_path)
    assert cost_of(cell("rewrite", 3, {"in": 1}), model, {}) == (2 * 2 + 50, ())


def test_what_does_not_exit_costs_what_the_hardware_takes_for_it(tmp_path: Path) -> None:
    model = model_of(OWN, tmp_path)
    events = {"in clock": 1.0, "syscall": 1.0}
    assert cost_of(cell("bare", 3, {}), model, events)[0] == 2 * 2 + 100 + 30  # a syscall does not retire
    assert cost_of(cell("assist", 3, {"in": 1}), model, {"in": 1.0, "syscall": 1.0})[0] == 2 * 2 + 400 + 30


def test_what_a_model_has_no_price_for_is_named_and_the_figure_is_a_bound(tmp_path: Path) -> None:
    model = model_of("instruction = 1\n[rewrite]\nin = 5\n[native]\nin = 5", tmp_path)
    experiment = Experiment(find_workloads(["portio"]), [Subject("rewrite"), Subject("assist")])
    experiment.cells["portio", Subject("rewrite")] = cell("rewrite", 3, {"in": 1, "trace": 1})
    experiment.cells["portio", Subject("assist")] = cell("assist", 3, {"in": 1})
    text = "\n".join(model_lines(experiment, model, 118))
    assert ">7" in text
    assert ">: without what has no price: trace (rewrite)." in text
    assert "It says nothing of assist." in text


def test_prices_measured_here_give_what_the_account_explains() -> None:
    experiment = Experiment(find_workloads(["portio"]), [Subject("bare"), Subject("trap")])
    experiment.cells["portio", Subject("bare")] = cell("bare", 3, {})
    experiment.cells["portio", Subject("trap")] = cell("trap", 3, {"in": 1})
    experiment.costs[Subject("trap")] = Costs(0.5, {"in": 20.0})
    assert [(each.cost, each.unit) for each in modelled(experiment, None)] == [(1.5, "ns"), (21.0, "ns")]


def test_where_nothing_exits_the_price_of_an_instruction_is_enough() -> None:
    experiment = Experiment(find_workloads(["portio"]), [Subject("trap"), Subject("assist"), Subject("rewrite")])
    for technique, exits in (("trap", {"in": 1}), ("assist", {}), ("rewrite", {"in": 1})):
        experiment.cells["portio", Subject(technique)] = cell(technique, 3, exits)
    experiment.costs[Subject("trap")] = Costs(0.5, {"in": 20.0})
    costs = {each.technique: each.cost for each in modelled(experiment, None)}
    assert costs == {"trap": 21.0, "assist": 1.5}  # what an exit costs where none was measured nobody knows


def test_the_hardware_meets_by_itself_what_traps_under_a_monitor() -> None:
    events = {name: native_events(find_workloads([name])[0]) for name in ("portio", "syscall", "hypercall")}
    assert events["portio"] == {"in clock": 1.0}
    assert events["syscall"]["syscall"] == events["syscall"]["eret"] == 1.0
    assert events["hypercall"] == {}  # a paravirtual guest has a monitor


def test_a_context_costs_what_the_bare_machine_takes_for_what_is_done_there(tmp_path: Path) -> None:
    subjects = [Subject("bare"), Subject("container")]
    experiment = Experiment(find_workloads(["os/syscall"]), subjects)
    for subject in subjects:
        experiment.cells["os/syscall", subject] = cell(subject.technique, 71, {}, "os/syscall")
    costs = {each.technique: each.cost for each in modelled(experiment, model_of(OWN, tmp_path))}
    assert costs == {"bare": 2 * 71 + 30, "container": 2 * 71 + 30}


def test_the_lab_prints_models_in_tables_of_their_own_and_writes_them(tmp_path: Path, capsys: Capture) -> None:
    own, written = tmp_path / "own.toml", tmp_path / "lab.json"
    own.write_text(OWN, encoding="utf-8")
    options = ["--technique", "bare,rewrite", "--quick", "--repeats", "1"]
    done = call(capsys, "lab", "portio", *options, "--cost-model", f"{own},measured", "--json", str(written))
    printed = done.output
    assert done.code == 0
    assert "Cost model own: Mine (its own)" in printed
    assert "Marks: n read in a note that quotes the paper; a assumed, not published." in " ".join(printed.split())
    assert "Cost model measured" in printed
    first = json.loads(written.read_text(encoding="utf-8"))["cost_models"][0]
    costs = {each["technique"]: each["cost"] for each in first["cells"]}
    assert costs == {"bare": 2 * 2 + 100, "rewrite": 2 * 2 + 60}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "no instruction; it takes the cycles of one that is executed directly"),
        ("instruction = -1", "instruction: -1; it takes 0..1000000000 cycles"),
        ("instruction = nan", "instruction: nan; it takes 0..1000000000 cycles"),
        ("instruction = 2_000_000_000", "instruction: 2000000000; it takes 0..1000000000 cycles"),
        ("instruction = true", 'instruction: True; it takes a number of cycles, or { cycles = N, mark = "n" }'),
        ("instruction = []", 'instruction: []; it takes a number of cycles, or { cycles = N, mark = "n" }'),
        ("instruction = { mark = 'n' }", "instruction: no cycles"),
        ("instruction = { cycles = 1, mark = 'x' }", "instruction: mark: 'x'; there are p, n, r, a"),
        ("instruction = { cycle = 1 }", "instruction: no key 'cycle'; did you mean cycles?"),
        ("instruction = 1\ntitle = 3", "title: 3; it takes one line of up to 200 characters"),
        ("instructions = 1", "no key 'instructions'; did you mean instruction?"),
        ("instruction = 1\nassist = 3", "assist is no table; write [assist]"),
        ("instruction = 1\n[hybrid]\neret = 1", "no key 'hybrid'; there are "),
        ("instruction = 1\n[assist]\nsyscal = 1", "assist: no exit 'syscal'; did you mean syscall?"),
        ("instruction = 1\n[native]\ntrace = 1", "native: no exit 'trace'; there are syscall, crr"),
        ("instruction = 1\n[assist]\n'in clok' = 1", "assist: in clok: no name for in 'clok'; did you mean clock?"),
        ("instruction = 1\n[assist]\n'wfi clock' = 1", "assist: wfi clock: no name for wfi 'clock'"),
        ("instruction = 1\n[assist]\nwfi = 'x'", "assist: wfi: 'x'; it takes a number of cycles"),
        ("instruction = ", "not TOML: "),
        (f"instruction = {'9' * 5000}", "a number has too many digits"),
        (f"{'a.' * 40}b = 1", "a key has 32 parts or more"),
        ("#" * (65 << 10), "has 66560 bytes; the limit is 65536"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_key_value_and_limit(text: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(BadFileError) as caught:
        model_of(text, tmp_path)
    assert f"own.toml: {error}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cycles", [0, 0.5, 1_000_000_000])
@pytest.mark.parametrize("mark", [None, *MARKS_OF_PRICES])
@pytest.mark.parametrize("text", ["", "x" * 200, "one, 'two'"])
def test_a_model_is_what_its_file_says_up_to_the_limits_and_comes_back_from_its_record(
    text: str, mark: str | None, cycles: float, tmp_path: Path
) -> None:
    price = f"{cycles}" if mark is None else f'{{ cycles = {cycles}, mark = "{mark}" }}'
    tables = ("native", "software", "trap", "rewrite", "para", "assist")
    lines = [f'title = "{text}"', f'source = "{text}"', f"instruction = {price}", f"walk-step = {price}"]
    lines += [f"[{table}]\nin = {price}\n'in clock' = {price}" for table in tables]
    model = model_of("\n".join(lines), tmp_path)
    expected = Price(float(cycles), mark or "a")
    assert (model.name, model.title, model.source) == ("own", text or "own", text or "its own")
    assert (model.instruction, model.walk_step) == (expected, expected)
    assert model.tables == {table: {"in": expected, "in clock": expected} for table in tables}
    assert model_of_record(json.loads(json.dumps(asdict(model)))) == model
    assert model.priced.count(str(expected)) == 2 + 2 * len(tables)
    assert model.marks == f"{expected.mark} {MARKS_OF_PRICES[expected.mark]}"


@pytest.mark.parametrize("key", ["title", "source"])
@pytest.mark.parametrize("text", ["x" * 201, "a\\nb", "a\\u001bb"])
def test_a_text_that_is_long_or_of_several_lines_is_refused(key: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match=f"own.toml: {key}: .*; it takes one line of up to 200 characters"):
        model_of(f'{key} = "{text}"\ninstruction = 1', tmp_path)


@pytest.mark.parametrize("place", ["instruction", "walk-step", "in", "default"])
@pytest.mark.parametrize("cycles", ["-0.1", "1000000000.1", "inf", "-inf", "nan", "true", "'1'"])
def test_a_price_that_is_none_is_refused_wherever_it_stands(place: str, cycles: str, tmp_path: Path) -> None:
    head = "" if place == "instruction" else "instruction = 1\n"
    table = "[trap]\n" if place in ("in", "default") else ""
    said = f"trap: {place}" if table else place
    with pytest.raises(BadFileError, match=f"own.toml: {said}: .*; it takes "):
        model_of(f"{head}{table}{place} = {cycles}", tmp_path)
    with pytest.raises(BadFileError, match=f"own.toml: {said}: cycles: .*; it takes "):
        model_of(f"{head}{table}{place} = {{ cycles = {cycles} }}", tmp_path)


def test_a_model_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cost model 'core'; did you mean core2"):
        find_model("core")
    with pytest.raises(BadFileError, match=r"none\.toml: No such file"):
        find_model(str(tmp_path / "none.toml"))


def test_a_bad_model_ends_the_lab_before_anything_is_measured(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "own.toml"
    path.write_text("instruction = 0x", encoding="utf-8")
    done = call(capsys, "lab", "--cost-model", str(path))
    assert done.code == 101
    assert "own.toml: not TOML" in done.errors
    assert call(capsys, "lab", "--cost-model", "").code == 2
