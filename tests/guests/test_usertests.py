"""usertests, the operating system's own: all cases are as they should be, in the same words everywhere."""

from __future__ import annotations

import re
from functools import cache

import pytest
from support.os_shell import session

from toyvm.filesystem.check import check
from toyvm.filesystem.volume import Volume
from toyvm.testing.techniques import EVERY


@cache
def _told(technique: str, engine: str = "interpreter") -> tuple[str, int, bytes]:
    """What they said, but for ids: how many processes there are in a time depends on what a call takes."""
    end = session("usertests\nshutdown $?\n", technique, engine=engine)
    return re.sub(r"process \d+", "process", end.output), end.exit_code, end.disk


@pytest.mark.parametrize("engine", ["interpreter", "recompiler"])
@pytest.mark.parametrize("technique", EVERY)
def test_every_case_is_as_it_should_be(technique: str, engine: str) -> None:
    output, status, disk = _told(technique, engine)
    assert status == 0, output
    assert output == _told("bare")[0]
    assert check(Volume(bytearray(disk))) == []


IN_A_CONTEXT = """
ctx create box
ctx set box --capabilities default,sys_admin,sys_nice,sys_time --save
ctx start box
ctx exec box usertests
shutdown $?
"""


@pytest.mark.parametrize("technique", ["bare", "para"])
def test_every_case_is_as_it_should_be_in_a_context_too(technique: str) -> None:
    end = session(IN_A_CONTEXT, technique, engine="recompiler", disk_bytes=4 << 20)
    assert end.exit_code == 0, end.output
    assert check(Volume(bytearray(end.disk))) == []


def test_the_cases_are_named_once() -> None:
    names = session("usertests -l\nshutdown\n").output.split()
    assert len(names) == len(set(names)) > 74
