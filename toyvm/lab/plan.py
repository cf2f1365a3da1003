"""Plans: what an experiment is made from, in words that another process or machine can make it from again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from toyvm.arguments import check_integer, check_pages
from toyvm.asm.api import check_defines
from toyvm.commit import commit
from toyvm.errors import UsageError
from toyvm.files.boundary import read_file
from toyvm.isa.machine import DEFAULT_MEMORY, MAXIMUM_MEMORY, MINIMUM_MEMORY, Level
from toyvm.lab.experiment import BASE, FULL, Effort, Experiment, subjects_for
from toyvm.lab.named_files import named_files
from toyvm.lab.own_host import shared_subjects
from toyvm.lab.own_program import Building, own_programs
from toyvm.lab.results import check_words
from toyvm.lab.workloads import find_workloads
from toyvm.launch import check_choices, check_engine
from toyvm.limits import MAXIMUM_IMAGE_BYTES
from toyvm.own_classes import is_own
from toyvm.techniques import LIKE_OWN, NAMES, SYSTEM_NAMES

_KEY_LENGTH = 12
_LISTS = ("workloads", "programs", "techniques", "engines", "hosts", "include")


@dataclass(frozen=True)
class Plan:
    """What is measured on what, and how thoroughly."""

    workloads: tuple[str, ...] = ()  # shipped ones; neither these nor programs: all of them
    programs: tuple[str, ...] = ()  # the user's
    techniques: tuple[str, ...] = ("bare",)
    engines: tuple[str, ...] = ("interpreter",)
    hardware: str | None = None
    hosts: tuple[str, ...] = ()
    memory: int = DEFAULT_MEMORY
    defines: Mapping[str, int] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    effort: Effort = FULL

    def check(self) -> None:
        """Raises UsageError for words that nothing can be measured by, be they a user's or of a file."""
        for engine in self.engines:
            check_engine(engine)
        if self.hardware is not None and self.hardware not in tuple(Level):
            raise UsageError(f"--hardware {self.hardware}: there are {', '.join(Level)}")
        for name in self.techniques:
            like = LIKE_OWN if is_own(name) else BASE if name in SYSTEM_NAMES else name
            check_choices(like, "interpreter", self.hardware)
        if not self.techniques or not self.engines:
            raise UsageError(f"--technique: name at least one of {', '.join(NAMES)}; and an engine")
        if self.engines == ("reference",) and BASE not in self.techniques:
            raise UsageError("the reference runs the bare machine only")
        find_workloads(self.workloads)
        check_pages(self.memory, MINIMUM_MEMORY, MAXIMUM_MEMORY, "--memory")
        check_defines(self.defines)
        self.effort.check()

    def experiment(self, code_cache: Path, listen: Callable[[str], None] | None = None) -> Experiment:
        """All of it, with nothing measured. Raises UsageError and BadFileError."""
        building = Building(self.memory, self.defines, self.include, listen)
        shipped = [workload.name for workload in find_workloads()]
        named = find_workloads(self.workloads) if self.workloads or not self.programs else []
        subjects = subjects_for(self.techniques, self.engines, self.hardware, code_cache)
        subjects += shared_subjects(self.hosts, self.techniques, code_cache)
        workloads = [*own_programs(self.programs, shipped, building), *named]
        return Experiment(workloads, subjects, is_quick=self.effort.keeps_baseline)

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "defines": dict(self.defines)}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Plan:
        """Raises UsageError, LookupError and TypeError for what is none; `check` says whether it can be measured."""
        lists: dict[str, Any] = {key: tuple(check_words(record[key], key)) for key in _LISTS}
        memory = check_integer(record["memory"], "--memory")
        return cls(**{**record, **lists, "memory": memory, "effort": Effort(**record["effort"])})

    def key(self) -> str:
        """The same where the plan, toyvm, and the files that the plan names are, and what those name."""
        files = named_files(self).files
        contents = [sha256(read_file(path, MAXIMUM_IMAGE_BYTES)).hexdigest() for path in files]
        text = json.dumps([self.record(), commit(), contents], sort_keys=True)
        return sha256(text.encode()).hexdigest()[:_KEY_LENGTH]
