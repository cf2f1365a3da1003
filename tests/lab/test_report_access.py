"""The report for all: what a screen reader is told, by keyboard, at any width, and how well its colours differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from support.browser import BROWSER, DARK, Tab, browsing
from support.made_up_report import record

from toyvm.lab.report import plots
from toyvm.lab.report.drawing import FASTER, INK, MUTED, PAPER, REST, SLOWER, VARIABLES
from toyvm.lab.report.page import page_bytes
from toyvm.lab.report.sections import make_report

pytestmark = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")

NAMED = ("image", "img", "link", "figure", "table", "region", "radio", "navigation", "heading")
CONTRASTS = """
(() => {
  const colour = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const found = colour(getComputedStyle(element).backgroundColor);
      if (found.length < 4 || found[3]) return found;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType == 3 && node.data.trim())) continue;
    const style = getComputedStyle(element), inside = element.closest("svg");
    const one = light(colour(inside ? style.fill : style.color)), other = light(behind(element));
    found[element.tagName] = Math.min(found[element.tagName] || 21,
      (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", str(folder))
        (folder / "report.html").write_bytes(page_bytes(make_report(record())))
    return (folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def tab(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browsing(tmp_path_factory.mktemp("home"), address) as opened:
        yield opened


@pytest.fixture(scope="module")
def nodes(tab: Tab) -> list[Mapping[str, Any]]:
    return list(tab.nodes())


def test_the_page_has_each_landmark_once(nodes: list[Mapping[str, Any]]) -> None:
    roles = [node["role"] for node in nodes]
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert roles.count(landmark) == 1


def test_headings_are_in_order(nodes: list[Mapping[str, Any]]) -> None:
    levels = [node["level"] for node in nodes if node["role"] == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_whatever_is_announced_has_a_name(nodes: list[Mapping[str, Any]]) -> None:
    found = [node for node in nodes if node["role"] in NAMED]
    assert {node["role"] for node in found} >= {"image", "link", "figure", "table"}
    assert [node for node in found if not node["name"]] == []


def test_tables_have_heads_for_columns_and_rows_and_a_caption(tab: Tab) -> None:
    wrong = """[...document.querySelectorAll("table")].filter(table => !table.caption ||
      [...table.tHead.rows[0].cells].some(cell => cell.scope != "col" || !cell.textContent.trim()) ||
      [...table.tBodies[0].rows].some(row => row.cells[0].scope != "row")).map(table => table.caption?.textContent)"""
    assert tab.value(wrong) == []


def test_the_keyboard_goes_through_the_page_in_its_order_from_the_skip_link_on(tab: Tab) -> None:
    assert tab.value("[...document.querySelectorAll('[tabindex]')].filter(it => it.tabIndex > 0).length") == 0
    reached = []
    for _ in range(8):
        for kind in ("rawKeyDown", "keyUp"):
            tab.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(tab.value("document.activeElement.textContent.trim() || document.activeElement.id"))
    assert reached[:2] == ["Skip to the results", "theme-auto"]
    assert "The matrix" in reached


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_is_wider_than_the_window_but_what_scrolls_by_itself(tab: Tab, width: int) -> None:
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 700)
    assert tab.value("document.documentElement.scrollWidth") <= width
    cut = """[...document.querySelectorAll("body *")].filter(it => !it.closest(".scroll, .drawing, .skip") &&
      it.getBoundingClientRect().right > innerWidth + 1).map(it => it.tagName)"""
    assert tab.value(cut) == []


@pytest.mark.parametrize("options", [(), (DARK,)], ids=["light", "dark"])
def test_text_differs_enough_from_what_is_behind_it(
    address: str, tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...]
) -> None:
    with browsing(tmp_path_factory.mktemp("home"), address, *options) as tab:
        contrasts = tab.value(CONTRASTS)
    assert {"P", "TD", "TH", "A", "text", "FIGCAPTION"} <= contrasts.keys()
    assert {tag: ratio for tag, ratio in contrasts.items() if ratio < 4.5} == {}


def themes() -> dict[str, tuple[str, str]]:
    """Each variable's two colours."""
    style = files("toyvm.lab.report").joinpath("page.css").read_text(encoding="utf-8")
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((\S+), (\S+)\)", style)}


def shares(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted(
        sum(
            weight * (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
            for weight, share in zip((0.2126, 0.7152, 0.0722), colour, strict=True)
        )
        for colour in (one, other)
    )
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_shapes_differ_enough_from_the_page_and_numbers_from_their_squares(theme: int) -> None:
    colours = {plain: shares(themes()[variable][theme]) for plain, variable in VARIABLES.items()}
    for shape in (FASTER, SLOWER, MUTED, INK):
        assert contrast(colours[shape], colours[PAPER]) >= 3
    assert contrast(colours[REST], colours[PAPER]) >= 2.5, "what joins two marks says nothing by itself"
    for side in (FASTER, SLOWER):
        blended = [
            plots.STRONGEST * share + (1 - plots.STRONGEST) * behind
            for share, behind in zip(colours[side], colours[PAPER], strict=True)
        ]
        assert contrast(colours[INK], tuple(blended)) >= 4.5
