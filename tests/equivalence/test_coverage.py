"""Random programs reach what they are for: every instruction and cause, and page-table bits under every access."""

from __future__ import annotations

import pytest
from support.program_coverage import Coverage, measure

pytestmark = pytest.mark.slow

PROGRAMS = 300
# Rarer than so few programs show.
RARE = {("fetch", True, "reserved", True), ("load", True, "reserved", True), ("store", True, "reserved", True)}


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return measure(PROGRAMS)


def test_programs_are_long_and_trap_often(coverage: Coverage) -> None:
    print(coverage.report())
    assert coverage.median_retired >= 200
    assert coverage.median_traps >= 5


def test_every_instruction_that_can_retire_does(coverage: Coverage) -> None:
    assert not coverage.instructions_missed


def test_every_cause_is_entered(coverage: Coverage) -> None:
    assert not coverage.causes_missed


def test_every_access_meets_every_bit_set_and_clear(coverage: Coverage) -> None:
    assert coverage.bits_missed() <= RARE


def test_few_programs_depend_on_what_is_unspecified(coverage: Coverage) -> None:
    assert coverage.unspecified < PROGRAMS // 10
