"""The areas that there are obligations of, in the order in which they are decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from toyvm.arguments import unknown_name
from toyvm.proof import classes, coding, fused, instructions, walks
from toyvm.proof.obligations import Obligation
from toyvm.proof.sources import Sources

# A name, what there is to be proven, and who says it.
AREAS: dict[str, tuple[str, Callable[[Sources], Iterator[Obligation]]]] = {
    "lemmas": ("what other obligations rest on", instructions.lemma_obligations),
    "instructions": ("interpreter and recompiler do what the reference does", instructions.obligations),
    "coding": ("decoders and encoders agree, and are inverses", coding.obligations),
    "walk": ("the page walk in C finds what the reference finds", walks.obligations),
    "classes": ("each instruction is of the class that it is declared of", classes.obligations),
    "fused": ("fused groups do what their members do in turn", fused.obligations),
}
_LOOKED_AT = 50  # claims of an area, that say what all of it reads


def files_read(root: Path) -> dict[str, frozenset[str]]:
    """By area: the files of a checkout that its claims read, as some claims from all over it do."""
    read = {}
    for area, (_, make) in AREAS.items():
        sources = Sources(root)
        obligations = list(make(sources))
        for obligation in obligations[:: -(-len(obligations) // _LOOKED_AT)]:
            next(obligation.questions(False), None)
        read[area] = sources.read()
    return read


def obligations_of(sources: Sources, names: Sequence[str] = ()) -> list[Obligation]:
    """All of them, or those of an area, an instruction, or a name. Raises UsageError for what is none of these."""
    found = [one for _, make in AREAS.values() for one in make(sources)]
    known = {one for obligation in found for one in (obligation.area, obligation.subject, obligation.name)}
    for name in names:
        if name not in known:
            raise unknown_name("area, instruction or claim", name, sorted(known))
    wanted = set(names)
    return [one for one in found if not wanted or wanted & {one.area, one.subject, one.name}]
