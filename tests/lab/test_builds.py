"""Builds of the lab's programs are made once for all techniques that take them."""

from __future__ import annotations

import pytest

from toyvm import load_program
from toyvm.lab.builds import assembled_build, shipped_build
from toyvm.techniques import COMPARED


def test_techniques_that_take_the_same_build_share_it() -> None:
    source = '.include "platform.inc"\n_start: platform_begin\n power_off\n'
    for build in (lambda name: shipped_build("hello", name), lambda name: assembled_build(source, "a", name)):
        images = {name: build(name) for name in COMPARED}
        plain = {id(image) for name, image in images.items() if name != "para"}
        assert len(plain) == 1
        assert id(images["para"]) not in plain
        assert images["para"] != images["bare"]


@pytest.mark.parametrize("technique", ["bare", "trap+hypercalls", "para"])
def test_a_build_is_what_its_technique_would_load(technique: str) -> None:
    assert shipped_build("kernel", technique) == load_program("kernel", technique)
