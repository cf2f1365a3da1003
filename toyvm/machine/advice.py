"""Advice on a fault: what to do where a guest was built for another technique than the one that runs it."""

from __future__ import annotations

from collections.abc import Mapping

from toyvm.hypercalls import OFFERED
from toyvm.isa.coding import decode
from toyvm.machine.outcome import Fault
from toyvm.techniques import TECHNIQUES, Build, Option, Variant

_PLAIN = [facts.name for facts in TECHNIQUES if facts.build is Build.PLAIN]
_PORTED = [facts.name for facts in TECHNIQUES if facts.build is Build.PARAVIRT]
_OTHERS = "none"  # as `Computer.hypercalls` calls numbers that there are not


def advice_on(fault: Fault, variant: Variant, hypercalls: Mapping[str, int]) -> str:
    """What to do about a fault under `variant`, by the exception that began it; "" where nothing is known."""
    cause, word = fault.origin.cause, fault.origin.tval
    if variant.facts.build is Build.PARAVIRT:
        return _advice_to_plain(variant.facts.name) if cause == "privileged_instruction" else ""
    run_ported = f"a paravirtual guest runs with --technique {' or '.join(_PORTED)}"
    decoded = decode(word) if cause == "illegal_instruction" and word < 1 << 32 else None
    if decoded is not None and decoded.instruction.mnemonic == "hcall":
        none = f"{variant.name} has no hypercalls: {run_ported}; the plain build is the one without -D PARAVIRT"
        return none + ("; --hypercalls offers a few" if Option.HYPERCALLS in variant.facts.options else "")
    missing = [name for name in hypercalls if name not in OFFERED and name != _OTHERS]
    return f"{variant.name} has no hypercall {missing[0]}: {run_ported}" if missing else ""


def _advice_to_plain(technique: str) -> str:
    return (
        f"under {technique} a kernel has no privileged instructions: a plain one runs with --technique "
        f"{', '.join(_PLAIN[:-1])} or {_PLAIN[-1]}; the ported build is made with -D PARAVIRT, as toyvm run makes it"
    )
