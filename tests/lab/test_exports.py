"""Exports: the same figures in each format, whole files, and what is not there said as nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from support.commands import call
from support.made_up_lab import made_up

from toyvm.lab.exports import csv_bytes, latex_bytes, markdown_bytes, parquet_bytes, rows
from toyvm.lab.results import cell_records
from toyvm.report.records import machine_record

Capture = pytest.CaptureFixture[str]
MACHINE = {"cpu": "a_cpu & 100%", "system": "Linux", "python": "3", "toyvm": "0.1", "commit": "0123456789ab"}
KEYS = {
    *("workload", "technique", "engine", "hardware", "repetitions", "ns", "ns_interval", "ratio", "ratio_interval"),
    *("instructions", "exits", "exits_by_reason", "operands", "account", "outliers", "samples"),
}


def test_a_record_has_the_keys_that_the_documents_say() -> None:
    records = cell_records(made_up())
    assert all(record.keys() == KEYS for record in records)
    assert json.loads(json.dumps(records)) == records
    text = (Path(__file__).parents[2] / "toyvm" / "docs" / "lab.md").read_text()
    said = set(re.findall(r"`([a-z_]+)`", text[text.index("## Files of results") :]))
    assert said >= KEYS


def test_figures_of_a_record_belong_together() -> None:
    records = {
        (each["workload"], each["technique"]): each for each in cell_records(made_up()) if each["engine"][0] == "i"
    }
    bare, rewrite = records["callret", "bare"], records["callret", "rewrite+adaptive"]
    assert (bare["ns"], bare["ns_interval"], bare["ratio"], bare["ratio_interval"]) == (
        pytest.approx(11),
        pytest.approx([10, 12.5]),
        1.0,
        [1.0, 1.0],
    )
    assert rewrite["ratio"] == pytest.approx(51 / 11)
    assert rewrite["ratio_interval"] == pytest.approx([50 / 12.5, 52 / 10])
    assert rewrite["samples"] == pytest.approx([52, 50, 51])
    account = records["syscall", "rewrite+adaptive"]["account"]
    parts = account["direct"] + sum(account["exits_by_reason"].values()) + account["unexplained"]
    assert parts == pytest.approx(records["syscall", "rewrite+adaptive"]["ns"])
    assert "spin" not in account["exits_by_reason"], "it has no price"


def test_each_row_has_every_column_and_says_where_it_comes_from() -> None:
    found = rows(made_up(), MACHINE)
    assert len({tuple(row) for row in found}) == 1
    assert len(found) == len(cell_records(made_up()))
    assert all(row["commit"] == "0123456789ab" and row["cpu"] == "a_cpu & 100%" for row in found)
    bare = found[0]
    assert (bare["exits:exception"], bare["ns:exception"]) == (0.0, None), "no exits are known, no cost is not"


def test_csv_has_the_rows_and_every_sample() -> None:
    text = csv_bytes(made_up(), MACHINE).decode()
    read = list(csv.DictReader(io.StringIO(text)))
    expected = rows(made_up(), MACHINE)
    assert len(read) == len(expected)
    for line, row in zip(read, expected, strict=True):
        assert [float(sample) for sample in line["samples"].split()] == row["samples"]
        others = {key: "" if value is None else str(value) for key, value in row.items() if key != "samples"}
        assert {key: value for key, value in line.items() if key != "samples"} == others


def test_parquet_has_the_same_rows_with_their_types() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(parquet_bytes(made_up(), MACHINE)))
    assert table.to_pylist() == rows(made_up(), MACHINE)
    assert json.loads(table.schema.metadata[b"toyvm"]) == {"schema": 1, "machine": MACHINE}


def test_a_figure_that_no_cell_has_is_a_column_of_numbers() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    made = made_up()
    made.costs.clear()
    schema = parquet.read_table(io.BytesIO(parquet_bytes(made, MACHINE))).schema
    assert {str(schema.field(name).type) for name in ("exits", "instructions", "direct_ns", "ratio")} == {"double"}


def test_parquet_without_pyarrow_is_one_clear_line_before_anything_is_measured(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    done = call(capfd, "lab", "crwrite", "--parquet", str(tmp_path / "a.parquet"))
    assert (done.code, done.errors) == (2, "toyvm: --parquet needs pyarrow: pip install 'toyvm[lab]'\n")
    assert not list(tmp_path.iterdir())


def test_markdown_is_the_matrix_with_its_source() -> None:
    lines = markdown_bytes(made_up(), MACHINE).decode().splitlines()
    assert lines[0] == "| workload | rewrite+adaptive | assist+shadow | assist |"
    assert lines[1] == "| :-- | --: | --: | --: |"
    assert lines[2] == "| callret | 4.64 ± 0.60 | 1.02 ± 0.11 | - |"
    assert lines[3].startswith("| syscall | 16.4 ± ")
    assert "fails" in lines[3]
    assert lines[4].startswith("| forkwait | 250000000 ns ± 0% | 150 ns ")
    assert lines[-1].endswith("Measured by toyvm 0.1 (0123456789ab) on a_cpu & 100%, Linux.")


def test_latex_escapes_what_means_something_there() -> None:
    text = latex_bytes(made_up(), MACHINE).decode()
    assert r"on a\_cpu \& 100\%, Linux." in text
    assert r"callret & 4.64 $\pm$ 0.60 & 1.02 $\pm$ 0.11 & - \\" in text
    assert r"250000000 ns $\pm$ 0\% &" in text
    assert text.count("{") == text.count("}")
    assert not re.search(r"(?<!\\)[%#_~^]", text)


def test_the_command_writes_each_file_whole(capfd: Capture, tmp_path: Path) -> None:
    files = {name: tmp_path / f"out.{name}" for name in ("json", "csv", "markdown", "latex")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    done = call(capfd, "lab", "crwrite", "--technique", "bare,para", "--quick", "--repeats", "1", *words)
    assert (done.code, done.errors) == (0, "")
    assert sorted(tmp_path.iterdir()) == sorted(files.values())
    record = json.loads(files["json"].read_text())
    assert (record["schema"], record["interrupted"], len(record["cells"])) == (1, False, 2)
    assert record["machine"] == machine_record()
    assert record["configuration"]["technique"] == "bare,para"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--fail-on-change",), 2, "--fail-on-change wants something to compare with; add --baseline FILE"),
        (("--baseline", "no.json"), 101, "no.json: No such file or directory"),
        (("--baseline", "bad.json"), 101, "bad.json: not what `toyvm lab --json` writes"),
        (("--json", "a", "--csv", "a"), 2, "--csv a: --json writes that file"),
        (("--latex", "no/a"), 101, "no/a: No such file or directory"),
        (("--baseline", "bad.json", "--json", "bad.json"), 2, "would overwrite a file it is made from"),
        (("--precision", "0"), 2, "--precision 0: it takes a share from 0.01% to 100%, as 2% or 0.02"),
        (("--precision", "much"), 2, "--precision much: it takes a share"),
        (("--precision", "nan%"), 2, "--precision nan%: it takes a share"),
        (("--precision", "2%", "--repeats", "5"), 2, "--repeats 5: a precision takes 6 repetitions or more"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{}")
    done = call(capfd, "lab", "crwrite", "--technique", "bare", *words)
    assert (done.code, done.errors.count("\n")) == (code, 1)
    assert message in done.errors


def test_a_change_since_the_baseline_ends_the_command_with_1_if_asked(capfd: Capture, tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    words = ("lab", "crwrite", "--technique", "bare", "--quick", "--repeats", "1")
    assert call(capfd, *words, "--json", str(file)).code == 0
    same = call(capfd, *words, "--baseline", str(file), "--fail-on-change")
    assert (same.code, same.errors) == (0, "")
    assert "none has changed beyond noise" in " ".join(same.output.split())
    record = json.loads(file.read_text())
    record["cells"][0]["instructions"] += 1
    file.write_text(json.dumps(record))
    other = call(capfd, *words, "--baseline", str(file), "--fail-on-change")
    assert other.code == 1
    assert "crwrite on bare: instructions 4 -> 3 (-25%)" in other.output
    assert call(capfd, *words, "--baseline", str(file)).code == 0
