"""Techniques and their options by name."""

from __future__ import annotations

import pytest

from toyvm.errors import UsageError
from toyvm.host.guest import Guest
from toyvm.isa.machine import Level
from toyvm.launch import launched
from toyvm.machine.bare import Machine
from toyvm.machine.reference_engine import ReferenceEngine
from toyvm.techniques import COMPARED, TECHNIQUES, Build, Variant, facts_of, parse_variant

VARIANTS = [Variant(facts, frozenset(facts.options[:count])) for facts in TECHNIQUES for count in range(len(Level))]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variants_name_says_it_all(variant: Variant) -> None:
    assert parse_variant(variant.name) == variant
    assert facts_of(variant.name) is variant.facts
    assert variant.level in variant.facts.levels


def test_what_the_lab_compares_exists_in_each_build() -> None:
    assert {facts_of(name).build for name in COMPARED} == set(Build)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no technique ''; there are bare, trap"),
        ("magic", "no technique 'magic'; there are bare, trap"),
        ("container", "is for programs of the operating system; for any guest there are bare, trap"),
        ("bare+flush", "technique bare has no option 'flush'; it has none"),
        ("trap+", "technique trap has no option ''"),
        ("trap+magic", "technique trap has no option 'magic'"),
    ],
)
def test_what_is_not_a_variant_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("+", r"\+")):
        parse_variant(text)


@pytest.mark.parametrize("name", [variant.name for variant in VARIANTS])
def test_a_variants_computer_is_a_machine_or_a_guest_of_its_own_host_on_its_usual_level(name: str) -> None:
    with launched(name, 1 << 20, input=b"x") as computer:
        assert computer.memory_size == 1 << 20
        if name == "bare":
            assert isinstance(computer, Machine)
            return
        assert isinstance(computer, Guest)
        assert (computer.technique, computer.host.level) == (name, parse_variant(name).level)
    assert repr(computer.host) == "<Host, closed>"


def test_the_reference_is_launched_bare_alone() -> None:
    with launched("bare", 1 << 20, engine="reference") as computer:
        assert isinstance(computer, ReferenceEngine)
    with pytest.raises(UsageError, match="the reference runs a machine alone"), launched("trap", engine="reference"):
        pass
