"""Plans: what an experiment is made from, in words that another process or machine can make it from again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from toyvm.commit import commit
from toyvm.isa.machine import DEFAULT_MEMORY
from toyvm.lab.experiment import FULL, Effort, Experiment, subjects_for
from toyvm.lab.own_host import shared_subjects
from toyvm.lab.own_program import Building, own_programs
from toyvm.lab.workloads import find_workloads

_KEY_LENGTH = 12


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

    def experiment(self, code_cache: Path, listen: Callable[[str], None] | None = None) -> Experiment:
        """All of it, with nothing measured. Raises UsageError and BadFileError."""
        building = Building(self.memory, self.defines, self.include, listen)
        shipped = [workload.name for workload in find_workloads()]
        named = find_workloads(self.workloads) if self.workloads or not self.programs else []
        subjects = subjects_for(self.techniques, self.engines, self.hardware, code_cache)
        subjects += shared_subjects(self.hosts, self.techniques, code_cache)
        return Experiment([*own_programs(self.programs, shipped, building), *named], subjects)

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "defines": dict(self.defines)}

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Plan:
        values: dict[str, Any] = {key: tuple(it) if isinstance(it, list) else it for key, it in record.items()}
        return cls(**{**values, "effort": Effort(**record["effort"])})

    def key(self) -> str:
        """The same where the plan, toyvm, and the files that the plan names are."""
        files = [*self.programs, *self.hosts, *(name.rpartition(":")[0] for name in self.techniques)]
        contents = {name: sha256(Path(name).read_bytes()).hexdigest() for name in files if Path(name).is_file()}
        text = json.dumps([self.record(), commit(), contents], sort_keys=True)
        return sha256(text.encode()).hexdigest()[:_KEY_LENGTH]
