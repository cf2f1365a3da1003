"""Counting what a port changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.guest_runs import GUESTS

from toyvm.errors import BadFileError
from toyvm.shipped.porting import PortedLines, count_ported_lines


def _count(tmp_path: Path, source: str, **others: str) -> PortedLines:
    for name, text in others.items():
        (tmp_path / f"{name}.inc").write_text(text)
    (tmp_path / "main.s").write_text(source)
    return count_ported_lines([tmp_path / "main.s"])


def test_lines_of_conditional_blocks_are_changed_ones(tmp_path: Path) -> None:
    source = "nop\n.ifdef PARAVIRT\n hcall 0\n# comment\n.else\n wfi\n wfi\n.endif\n\nnop # twice\n"
    assert _count(tmp_path, source) == PortedLines(plain=2, paravirtual=1, total=5)


def test_inner_conditions_of_other_symbols_leave_the_outer_in_force(tmp_path: Path) -> None:
    source = ".ifndef PARAVIRT\n.if 1\n wfi\n.else\n nop\n.endif\n.endif\n.ifdef OTHER\n nop\n.endif\n"
    assert _count(tmp_path, source) == PortedLines(plain=2, paravirtual=0, total=3)


COMMON = '.include "a.inc"\n'
PARAVIRTUAL, PLAIN = f".ifdef PARAVIRT\n{COMMON}.endif\n", f".ifndef PARAVIRT\n{COMMON}.endif\n"


@pytest.mark.parametrize("places", [PARAVIRTUAL + COMMON, COMMON + PARAVIRTUAL])
def test_an_include_counts_once_and_as_common_where_one_place_is(tmp_path: Path, places: str) -> None:
    source = places + '.include "t64.inc"\n'
    assert _count(tmp_path, source, a="nop\nnop\n") == PortedLines(plain=0, paravirtual=1, total=5)


@pytest.mark.parametrize("places", [PARAVIRTUAL + PLAIN, PLAIN + PARAVIRTUAL])
def test_what_each_build_includes_at_a_place_of_its_own_is_common_with_all_that_it_includes(
    tmp_path: Path, places: str
) -> None:
    counted = _count(tmp_path, places, a='nop\n.include "b.inc"\n', b="nop\nnop\n")
    assert counted == PortedLines(plain=1, paravirtual=1, total=6)


@pytest.mark.parametrize("order", [("b", "c"), ("c", "b")])
def test_an_include_is_common_wherever_in_the_tree_one_place_of_it_is(tmp_path: Path, order: tuple[str, ...]) -> None:
    source = "".join(f'.include "{name}.inc"\n' for name in order)
    assert _count(tmp_path, source, a="nop\n", b=PARAVIRTUAL, c=COMMON) == PortedLines(plain=0, paravirtual=1, total=5)


def test_what_one_build_alone_includes_is_its_own_with_all_that_it_includes(tmp_path: Path) -> None:
    counted = _count(tmp_path, PARAVIRTUAL + PARAVIRTUAL, a='nop\n.include "b.inc"\n', b="nop\n")
    assert counted == PortedLines(plain=0, paravirtual=5, total=5)


def test_files_that_include_one_another_are_counted_once(tmp_path: Path) -> None:
    assert _count(tmp_path, COMMON, a='.include "b.inc"\n', b=COMMON).total == 3


@pytest.mark.parametrize("source", [".endif\n", ".else\n", ".ifdef PARAVIRT\n", '.include "absent.inc"\n'])
def test_what_does_not_pair_or_exist_is_a_bad_file(tmp_path: Path, source: str) -> None:
    with pytest.raises(BadFileError):
        _count(tmp_path, source)


def test_the_kernel_itself_is_the_same_on_both() -> None:
    """All that differs is in the platform layer and the address spaces: the kernel's own files have no condition."""
    for path in GUESTS.glob("kernel/**/*.[si]*"):
        assert "PARAVIRT" not in path.read_text(), path


def test_the_port_of_the_kernel_changes_less_than_a_quarter() -> None:
    count = count_ported_lines([GUESTS / "kernel" / "kernel.s"], [GUESTS / "include", GUESTS])
    assert 0 < count.changed < count.total / 4
