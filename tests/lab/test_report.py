"""The report: a page that holds all it shows, plots for a paper, and a bundle that another repeats."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from support.browser import BROWSER, DARK
from support.commands import call
from support.made_up_report import MACHINE, record

from toyvm.lab.report import elsewhere
from toyvm.lab.report.figures import Figures
from toyvm.lab.report.page import page_bytes
from toyvm.lab.report.sections import Report, make_report

Capture = pytest.CaptureFixture[str]
MAXIMUM_BYTES = 1_500_000

needs_browser = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")


@pytest.fixture(scope="module", autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """matplotlib notes there which letters there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        yield


@pytest.fixture(scope="module")
def report() -> Report:
    return make_report(record())


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return page_bytes(report).decode()


class Elements(HTMLParser):
    """What stands in a page: its elements with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for one, attributes in self.found if one == tag]


def test_a_page_asks_no_network_for_anything(page: str) -> None:
    elements = Elements(page)
    addresses = [
        value for _, one in elements.found for key, value in one.items() if key in ("href", "src", "xlink:href")
    ]
    assert addresses
    assert all(value is not None and value.startswith(("#", "data:")) for value in addresses)
    assert not elements.named("script")
    assert not re.search(r"@import|url\((?!#)", page)


def test_each_plot_has_its_numbers_as_a_table_and_as_a_download(report: Report, page: str) -> None:
    drawn = {name for section in report.sections for part in section.parts for name in part.drawings}
    assert drawn == report.svgs.keys()
    tables = [part.table for section in report.sections for part in section.parts]
    links = {one["download"]: one["href"] for one in Elements(page).named("a") if "download" in one}
    assert links.keys() == {f"{table.name}.csv" for table in tables}
    for table in tables:
        address = links[f"{table.name}.csv"] or ""
        assert unquote(address.partition(",")[2]) == table.csv
        assert all(len(row) == len(table.head) for row in table.rows)
    assert page.count("<table>") == len(tables)


def test_a_page_shows_what_the_record_has(report: Report, page: str) -> None:
    names = ("matrix", "times", "accounts", "literature", "models", "tlb", "working-set", "sweep", "isolation")
    assert tuple(section.name for section in report.sections) == (*names, "density", "porting", "method")
    table = report.sections[0].parts[0].table
    row = next(row for row in table.rows if row[0] == "callret")
    assert row[table.head.index("rewrite+adaptive")] == pytest.approx(51 / 11)
    assert "failed: guest ended with 7" in page
    assert "a &lt;cpu&gt; &amp; 100%" in page
    assert "<cpu>" not in page


def test_steps_of_walks_are_drawn_in_both_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, dict[str, dict[Any, float]]] = {}
    monkeypatch.setattr("toyvm.lab.report.plots.dots", lambda _, name, rows, steps, *rest: drawn.update({name: steps}))
    monkeypatch.setattr("toyvm.lab.report.plots.by_number", lambda _, name, curves, *rest: drawn.update({name: curves}))
    figures = Figures(record())
    sections = [*elsewhere.tlb(figures, {}), *elsewhere.working_set(figures, {})]
    assert drawn["tlb"] == {"bare": {"syscall": 1.0}, "rewrite": {"syscall": 1.0}, "assist": {"syscall": 9.0}}
    assert drawn["working-set"] == {
        "one dimension": {16.0: 0.0, 128.0: 3.0},
        "two dimensions": {16.0: 0.0, 128.0: 3.0 + 8 * 3.0},
    }
    assert sections[1].parts[0].table.rows[1][:3] == [128.0, 3.0, 27.0]


def test_names_of_elements_are_their_own_and_what_is_referred_to_is_there(page: str) -> None:
    elements = Elements(page)
    names = [one["id"] for _, one in elements.found if "id" in one]
    assert len(names) == len(set(names))
    inside = [
        value[1:]
        for _, one in elements.found
        for key, value in one.items()
        if "href" in key and value and value[0] == "#"
    ]
    described = [name for _, one in elements.found for name in (one.get("aria-labelledby") or "").split()]
    assert {*inside, *described} <= set(names)


def test_plots_are_read_out_and_reached_by_keyboard(page: str) -> None:
    elements = Elements(page)
    drawings = [one for one in elements.named("div") if one.get("class") == "drawing"]
    assert drawings
    assert all(one["role"] == "img" and one["tabindex"] == "0" and one["aria-label"] for one in drawings)
    assert all(one["scope"] in ("col", "row") for one in elements.named("th"))
    assert len(elements.named("caption")) == len(elements.named("table"))
    assert elements.named("html")[0]["lang"] == "en"


def test_plots_of_a_page_take_all_their_colours_from_it(report: Report) -> None:
    for name, svg in report.svgs.items():
        assert not re.findall(r"#[0-9a-fA-F]{6}", svg.inline), name


def test_a_page_of_every_workload_and_technique_is_small() -> None:
    whole = record()
    cells = [cell for cell in whole["cells"] if cell["account"]]
    whole["cells"] = [
        {**cells[0], "workload": f"{block}workload{row}", "technique": f"technique+{column}", "ratio": 1.5 + row,
         "ratio_interval": [1.2 + row, 1.7 + row]}
        for block in ("", "os/") for row in range(12) for column in range(12)
    ]  # fmt: skip
    model = whole["cost_models"][1]
    model["cells"] = [
        {**model["cells"][0], **{key: cell[key] for key in ("workload", "technique")}} for cell in whole["cells"]
    ]
    whole["cost_models"] = [{**model, "name": f"model{place}"} for place in range(4)]
    assert len(page_bytes(make_report(whole))) < MAXIMUM_BYTES


def browser(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *options]
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=environment)


@needs_browser
def test_a_browser_opens_it_without_complaint_and_prints_it(page: str, tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    place.write_text(page)
    shown = browser(tmp_path, "--dump-dom", place.as_uri())
    assert "CONSOLE" not in shown.stderr
    assert shown.stdout.count("<table>") == page.count("<table>")
    browser(tmp_path, f"--print-to-pdf={tmp_path / 'report.pdf'}", place.as_uri())
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@needs_browser
def test_a_browser_shows_it_light_and_dark_as_its_system_is(page: str, tmp_path: Path) -> None:
    from matplotlib.image import imread

    place = tmp_path / "report.html"
    place.write_text(page)
    corners = []
    for options in ((), (DARK,)):
        browser(tmp_path, *options, "--window-size=500,800", f"--screenshot={tmp_path / 'shot.png'}", place.as_uri())
        corners.append(float(imread(tmp_path / "shot.png")[2, 2, :3].mean()))
    assert corners[0] > 0.9
    assert corners[1] < 0.2


def test_a_page_and_plots_are_made_of_saved_results(tmp_path: Path, capsys: Capture) -> None:
    whole = record()
    beside = {"machine": MACHINE, "isolation": whole.pop("isolation")}
    (tmp_path / "now.json").write_text(json.dumps(whole))
    (tmp_path / "beside.json").write_text(json.dumps(beside))
    given = [str(tmp_path / name) for name in ("now.json", "beside.json")]
    wanted = ["--html", str(tmp_path / "page.html"), "--svg", str(tmp_path / "plots")]
    assert call(capsys, "lab", "report", *given, *wanted).code == 0
    assert 'id="isolation"' in (tmp_path / "page.html").read_text()
    plots = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {"matrix.svg", "time-syscall.svg", "isolation.svg", "sweep-crossings.svg"} <= plots
    matrix = (tmp_path / "plots" / "matrix.svg").read_text()
    assert "<text" not in matrix, "letters are outlines there"
    assert re.search(r"<dc:source>.*by toyvm .*</dc:source>", matrix), "a figure says where it is from"


def test_what_is_no_result_is_refused(tmp_path: Path, capsys: Capture) -> None:
    for text, said in (("[]", "not what `toyvm lab --json` writes"), ('{"schema": 0, "cells": []}', "schema 0")):
        (tmp_path / "odd.json").write_text(text)
        done = call(capsys, "lab", "report", str(tmp_path / "odd.json"), "--html", str(tmp_path / "p"))
        assert done.code == 101
        assert said in done.errors
        assert done.errors.count("\n") == 1


def test_a_missing_library_is_one_line(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jinja2", "matplotlib.figure"):
        with monkeypatch.context() as patch:
            patch.setitem(__import__("sys").modules, name, None)
            done = call(capsys, "lab", "syscall", "--html", str(tmp_path / "page.html"))
        assert done.code == 2
        assert done.errors == f"toyvm: --html needs {name.partition('.')[0]}: pip install 'toyvm[lab]'\n"
