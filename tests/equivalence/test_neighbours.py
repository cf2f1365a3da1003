"""Guests of one host that run in turns are each what they are alone: no program reaches its neighbour."""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from typing import Any

import pytest

from toyvm.host.host import Host
from toyvm.testing.programs import Program, random_program
from toyvm.testing.states import differences, observe
from toyvm.testing.subjects import SUBJECTS

GUESTS = 3
TURNS = (40, 90, 91, 200, 450, 700, 1000)  # retired instructions of each


def settle(host: Host, technique: str, program: Program) -> Any:
    guest = host.guest(technique, memory=program.memory, **program.devices())
    guest.load(program)
    guest.image = None
    return guest


NEIGHBOURS = [
    ("trap", "trap+flush", "trap"),
    ("assist", "trap", "assist+shadow"),
    ("rewrite", "trap", "rewrite+adaptive"),
    ("hybrid", "rewrite", "assist"),
    # What two of a technique share on a host: an engine that carries them in turns, tables of their own.
    ("hybrid", "hybrid", "assist"),
    ("assist", "assist+shadow", "assist+shadow"),
]


@pytest.mark.slow
@pytest.mark.parametrize("techniques", NEIGHBOURS, ids="-".join)
@pytest.mark.parametrize("seed", range(12))
def test_neighbours_are_as_if_alone(seed: int, techniques: tuple[str, ...]) -> None:
    random = Random(seed)
    programs = [random_program(random) for _ in range(GUESTS)]
    with ExitStack() as stack:
        host = stack.enter_context(Host(memory="64M", level="assist"))
        alone = [stack.enter_context(SUBJECTS["reference"](program)) for program in programs]
        together = [settle(host, *pair) for pair in zip(techniques, programs, strict=True)]
        for until in TURNS:
            for reference, guest in zip(alone, together, strict=True):
                assert not differences(observe(reference, until), observe(guest, until))
