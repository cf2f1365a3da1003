"""toyvm verify --planted: two faults, one in C and one in Python, are built in and looked for, layer by layer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.commands import ROOT, call

from toyvm.errors import ToyvmError
from toyvm.isa.paging import PTE_D
from toyvm.verify import layers, planted
from toyvm.verify.layers import PYTEST_CODES, Came, Layer, Plant, layers_for, nearest_tests, suite_for
from toyvm.verify.planted import Trial, chosen, parts_of, read_plants, work
from toyvm.verify.properties import CLASSES
from toyvm.verify.properties.recompiled import Recompiled

Capture = pytest.CaptureFixture[str]
# Ends with 1 where a pointer with D set is followed.
WALK = f"""
from toyvm import Machine
with Machine(memory="64K") as machine:
    for table, entry in ((0x2000, 0x3000 | 1 | {PTE_D}), (0x3000, 0x4000 | 1), (0x4000, 0x5000 | 0xF)):
        machine.write(table, entry.to_bytes(8, "little"))
    machine.set_cr("ptbr", 0x2000 | 1)
    raise SystemExit(machine.translate(0) is not None)
"""
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
LAYERS = (
    Layer("cheapest", 1, ()),
    Layer("proof", 1, (("-c", "raise SystemExit(2)"),)),
    Layer("small worlds", 5, (("-c", WALK),)),
    Layer("random", 0.02, (("-c", "import time; time.sleep(100)"),)),
    Layer("unit", 5, ((*PYTEST, "-m", "none"), (*PYTEST, "tests/host/test_stride.py")), PYTEST_CODES),
)


@pytest.mark.slow
def test_each_fault_is_found_by_the_first_layer_that_can(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planted, "layers_for", lambda _: LAYERS)
    words = ("verify", "--planted", "share-idle-ticks", "walk-marked-pointer", "--ledger", "ledger", "--json", "found")
    done = call(capsys, *words)
    assert (done.code, done.errors) == (0, "")
    assert done.output.splitlines()[-1] == "2 of 2 found: small worlds 1, unit 1"
    found = {one["name"]: Trial.of_record(one) for one in json.loads(Path("found").read_text())["plants"]}
    looks = {name: [(look.layer, look.came) for look in trial.looks] for name, trial in found.items()}
    assert looks["walk-marked-pointer"] == [
        ("cheapest", Came.ELSEWHERE),
        ("proof", Came.MISSING),
        ("small worlds", Came.FOUND),
    ]
    assert looks["share-idle-ticks"] == [
        ("cheapest", Came.ELSEWHERE),
        ("proof", Came.MISSING),
        ("small worlds", Came.NOTHING),
        ("random", Came.TIME_UP),
        ("unit", Came.FOUND),
    ]
    assert "tests/host/test_stride.py::" in found["share-idle-ticks"].looks[-1].by
    monkeypatch.setattr(planted, "layers_for", None)  # what the ledger has is not looked for again
    assert call(capsys, *words).output == done.output


def test_faults_are_named_by_themselves_and_by_their_area() -> None:
    plants = read_plants()
    named = chosen(plants, ["flushes", "walk-marked-pointer"])
    assert {plant.area for plant in named} == {"flushes", "MMU"}
    assert len(named) == 1 + sum(plant.area == "flushes" for plant in plants.values())
    assert chosen(plants, []) == list(plants.values())


def test_tests_near_a_fault_come_first_and_none_is_left_out() -> None:
    everywhere = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    plants = read_plants()
    for plant in plants.values():
        nearest, others = suite_for(plant)
        left_out = everywhere - {*nearest, *others}
        assert len(nearest) + len(others) + len(left_out) == len(everywhere)
        assert {name.split("/")[1] for name in left_out} == {
            "architecture",
            "cli",
            "native",
            "planted",
            "proof",
            "verify",
        }
        assert len(left_out) <= 20
    assert "tests/monitor/test_grants.py" in suite_for(plants["frames-of-orphans"])[0][:6]
    assert "tests/asm/test_linking.py" in suite_for(plants["linker-alignment"])[0][:6]
    near = "tests/host/test_stride.py::test_a_cap_is_reached_and_what_it_leaves_is_idle_or_the_others"
    assert near in nearest_tests(plants["share-idle-ticks"])


def looking(plant: Plant) -> dict[str, set[str]]:
    """The words that each layer's commands have."""
    return {layer.name: {word for command in layer.commands for word in command} for layer in layers_for(plant)}


def test_a_layer_looks_where_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    read = {
        "lemmas": {"toyvm/reference/words.py"},
        "instructions": {"toyvm/reference/words.py", "native/src/dispatch.h"},
    }
    monkeypatch.setattr(layers, "_read_by_proofs", lambda: read)
    plants = read_plants()
    lab = looking(plants["lab-whole-periods"])
    assert (lab["proof"], lab["small worlds"]) == (set(), set())
    assert lab["random"] & set(CLASSES) == {"malformed", "failures"}
    assert lab["unit"]
    core = looking(plants["frames-of-orphans"])
    assert core["proof"] == set()
    assert "worlds" in core["small worlds"]
    assert core["random"] & set(CLASSES) == {name for name in CLASSES if name != "worlds"}
    proof = looking(Plant("any", "any", "it is wrong", "toyvm/reference/words.py"))["proof"]
    assert {"lemmas", "instructions"} <= proof
    proof = looking(Plant("any", "any", "it is wrong", "native/src/dispatch.h"))["proof"]
    assert "lemmas" not in proof
    assert "instructions" in proof


def test_properties_that_cannot_be_tried_here_keep_the_others_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = read_plants()["frames-of-orphans"]

    def drawn() -> set[str]:
        return looking(plant)["random"] & set(CLASSES)

    monkeypatch.setattr(layers, "_read_by_proofs", dict)
    monkeypatch.setattr(Recompiled, "missing", lambda _: None)
    assert drawn() == set(CLASSES) - {"worlds"}
    monkeypatch.setattr(Recompiled, "missing", lambda _: "the recompiler is not here")
    assert drawn() == set(CLASSES) - {"worlds", "recompiled"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no-such-fault",), "no-such-fault"),
        (("--cases", "5"), "--planted looks for faults, and --cases means nothing there"),
        (("--steps", "5"), "--planted looks for faults, and --steps means nothing there"),
        (("--seed", "5"), "--planted looks for faults, and --seed means nothing there"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys: Capture, words: tuple[str, ...], said: str) -> None:
    done = call(capsys, "verify", "--planted", *words)
    assert done.code == 2
    assert said in done.errors


def test_it_takes_a_clone(capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(planted, "ROOT", tmp_path)
    done = call(capsys, "verify", "--planted")
    assert done.code == 2
    assert done.errors.count("\n") == 1
    assert "takes a clone of toyvm" in done.errors


def test_it_takes_a_compiler(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CC", "no-such-compiler -O2")
    done = call(capsys, "verify", "--planted")
    assert done.code == 2
    assert done.errors.count("\n") == 1
    assert "there is no compiler 'no-such-compiler'" in done.errors


def find_nothing(task: planted.Record) -> planted.Record:
    return Trial(Plant(**task["plant"]), (planted.Look("unit", Came.NOTHING, 61.0),)).record()


def test_what_nothing_finds_is_said_with_its_sentence(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted, "work", find_nothing)
    done = call(capsys, "verify", "--planted", "walk-marked-pointer")
    assert done.code == 1
    assert done.output.splitlines() == [
        "walk-marked-pointer  NOT FOUND (unit 1:01): a pointer to a table with D set is followed",
        "0 of 1 found",
    ]


def find_nothing_or_fail(task: planted.Record) -> planted.Record:
    if task["plant"]["name"] == os.environ["FAILING"]:
        raise ToyvmError("planting it: no space left")
    return find_nothing(task)


def test_what_was_tried_is_printed_whatever_ends_it(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = list(read_plants())[:2]
    monkeypatch.setattr(planted, "work", find_nothing_or_fail)
    monkeypatch.setenv("FAILING", second)
    done = call(capsys, "verify", "--planted", first, "--json", "/dev/full")
    assert (done.code, done.errors) == (101, "toyvm: /dev/full: No space left on device\n")
    assert done.output.splitlines()[-1] == "0 of 1 found"
    done = call(capsys, "verify", "--planted", first, second)
    assert done.errors == "toyvm: planting it: no space left\n"
    assert done.output.splitlines()[-1] == "0 of 1 found"


def test_what_the_shipped_guests_cannot_be_assembled_with_is_found_by_building(tmp_path: Path) -> None:
    (part,) = parts_of(chosen(read_plants(), ["asm-upper-half"]), 0.1, tmp_path)
    (look,) = Trial.of_record(work(part.task)).looks
    assert (look.layer, look.came) == ("build", Came.FOUND)
    assert "does not fit" in look.by


def test_what_a_proof_refutes_is_what_has_found_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refutes = "print('refuted: slt: interpreter: its result'); print('2 claims in 1 s'); raise SystemExit(1)"
    monkeypatch.setattr(planted, "layers_for", lambda _: (Layer("proof", 1, (("-c", refutes),)),))
    (part,) = parts_of(chosen(read_plants(), ["lab-whole-periods"]), 1, tmp_path)
    (look,) = Trial.of_record(work(part.task)).looks
    assert (look.came, look.by) == (Came.FOUND, "refuted: slt: interpreter: its result")
