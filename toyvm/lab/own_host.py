"""Hosts that a user brings: what a workload takes as one guest of a host file, beside the others.

It runs in place of the first guest: on its technique, with its share and cap, by turns with its neighbours. Its memory
is what it has on the other subjects. Its time is the CPU time of its own turns, exits included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import read_file, shown
from toyvm.host.host_file import GuestPlan, HostPlan, find_host_file, read_host_file
from toyvm.host.host_keys import CONSOLE
from toyvm.lab import subjects
from toyvm.lab.subjects import DISCARDED, Sample, Subject, WorkloadFailed
from toyvm.lab.tasks import GUEST_MEMORY, Load
from toyvm.limits import MAXIMUM_IMAGE_BYTES
from toyvm.machine.ctrl_c import interrupts_raised

if TYPE_CHECKING:
    from toyvm.host.guest import Guest
    from toyvm.host.host import Host
    from toyvm.image import Image

_PIECE = 2_000_000  # ticks, until the guest is looked at


@dataclass(frozen=True, slots=True)
class SharedSubject(Subject):
    """The first guest of a host that others share."""

    plan: HostPlan | None = field(default=None, compare=False)
    images: dict[str, Image] = field(default_factory=dict, compare=False)  # of the neighbours, by name

    is_alone: ClassVar[bool] = False

    def _sample(self, load: Load, operations: int, watched: bool) -> Sample:
        with self.computer(load) as guest:
            guest.load(load.image)
            deadline = monotonic() + subjects.TIMEOUT
            while guest.outcome is None:
                with interrupts_raised():
                    stop = guest.host.run(_PIECE, max(0.0, deadline - monotonic()), wait_for_input=False)
                if stop != "limit" and guest.outcome is None:
                    raise WorkloadFailed.at(self.label, operations, f"its host's run ended: {stop}")
            outcome = guest.outcome
            if outcome.exit_code != load.exit_code:
                raise WorkloadFailed.at(self.label, operations, outcome.detail)
            counts = outcome.instructions, guest.exits, guest.runner.seconds, guest.hypercalls
            return Sample(operations, *counts, operands=guest.operands)

    @contextmanager
    def computer(self, load: Load) -> Iterator[Guest]:
        """The first guest, empty, on its host with the others."""
        from toyvm.host.host import Host

        assert self.plan is not None, "it comes of a host file"
        first, *others = self.plan.guests
        memory, engine = self.plan.memory + 2 * load.memory, self.measured_engine()
        with Host(memory, level=self.plan.hardware, engine=engine, slice=self.plan.slice) as host:
            devices = {"input": load.input, "disk": load.disk, "disk_cache": False}
            guest = _guest(host, first, **devices, memory=load.memory)
            for plan in others:
                neighbour = _guest(host, plan, **_devices(plan), memory=plan.memory, limit=plan.max_instructions)
                neighbour.load(self.images[plan.name])
                if plan.paused:
                    neighbour.pause()
            yield guest


def _guest(host: Host, plan: GuestPlan, **options: Any) -> Guest:
    return host.guest(plan.technique, name=plan.name, share=plan.share, cap=plan.cap, output=DISCARDED, **options)


def _devices(plan: GuestPlan) -> dict[str, Any]:
    """Those of a neighbour. What it writes to its disk is gone with the run."""
    from toyvm.programs import is_system
    from toyvm.shipped.system_disk import shipped_disk

    devices: dict[str, Any] = {"disk_latency": plan.disk_latency, "clock_base": plan.clock}
    if plan.input is not None and plan.input != CONSOLE:
        devices["input"] = read_file(plan.input, MAXIMUM_IMAGE_BYTES)
    if plan.disk is not None:
        devices["disk"] = bytearray(read_file(plan.disk, MAXIMUM_IMAGE_BYTES))
    elif is_system(plan.program):
        devices["disk"] = bytearray(shipped_disk())
    return devices | {"disk_writable": not plan.read_only}


def shared_subjects(names: Sequence[str], taken: Sequence[str], code_cache: Path | None = None) -> list[SharedSubject]:
    """Of each host file, or shipped host, its first guest. Raises BadFileError and UsageError."""
    from toyvm.programs import load_program

    found: dict[str, SharedSubject] = {}
    for name in names:
        path = find_host_file(name)
        if path.stem in taken or path.stem in found:
            raise UsageError(f"--host {name}: {path.stem} is the name of another column; rename the file")
        plan = read_host_file(path)
        first, *others = plan.guests
        try:
            images = {it.name: load_program(it.program, it.technique, defines=it.defines) for it in others}
            column = path.stem, plan.engine, plan.hardware, code_cache
            subject = SharedSubject(*column, like=first.technique, plan=plan, images=images)
            with subject.computer(Load(next(iter(images.values()), load_program("hello")), memory=GUEST_MEMORY)):
                found[path.stem] = subject
        except UsageError as error:
            raise BadFileError(f"{shown(path)}: {error}") from None
    return list(found.values())
