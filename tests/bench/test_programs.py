"""The programs of bench/peers: what engines are tuned on is none of what is reported."""

from __future__ import annotations

from peers.programs import SETS, SOURCES

FRAME = {"main"}


def test_the_sets_have_no_program_in_common() -> None:
    assert not set(SETS["reported"]) & set(SETS["training"])


def test_every_program_that_is_there_is_in_its_set() -> None:
    assert {path.stem for path in SOURCES.glob("*.c")} == set(SETS["reported"]) | FRAME
    assert {path.stem for path in SOURCES.glob("training/*.c")} == set(SETS["training"])
