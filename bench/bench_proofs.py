"""Proofs: CPU time of all claims but those about fused groups, here and in the solvers beside it."""

from __future__ import annotations

import resource

from toyvm.paths import PACKAGE
from toyvm.proof.areas import obligations_of
from toyvm.proof.obligations import decide_obligation
from toyvm.proof.solving import Verdict
from toyvm.proof.sources import Sources

MOST_SECONDS = 300  # fused groups apart
LIMIT = 60.0


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def test_all_instructions_are_proven_within_five_minutes() -> None:
    begun = cpu_seconds()
    obligations = obligations_of(Sources(PACKAGE.parent), ["lemmas", "instructions", "coding", "walk", "classes"])
    results = [decide_obligation(obligation, LIMIT) for obligation in obligations]
    seconds = cpu_seconds() - begun
    print(f"\n{len(results)} claims in {seconds:.0f} s of CPU")
    assert [result.obligation.name for result in results if result.verdict is not Verdict.PROVEN] == []
    assert seconds < MOST_SECONDS
