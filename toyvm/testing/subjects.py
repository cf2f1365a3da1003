"""Everything that claims to be a T64: each a factory that sets a machine up for a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from toyvm.arguments import check_callable, wrong
from toyvm.errors import UsageError
from toyvm.isa.machine import Level
from toyvm.launch import check_choices, launched
from toyvm.machine.config import parse_level
from toyvm.own_classes import find_class, is_own, telling_the_line
from toyvm.recompiler.options import Recompiling, check_llvm, default_directory
from toyvm.reference import ReferenceMachine
from toyvm.techniques import ENGINES, LIKE_OWN, Build, Option, parse_variant
from toyvm.testing.engine import Engine
from toyvm.testing.programs import Program
from toyvm.testing.techniques import VARIANTS

if TYPE_CHECKING:
    from toyvm.image import Image
    from toyvm.machine.computer import Computer
    from toyvm.monitor.monitor import Monitor

Factory = Callable[[Program], AbstractContextManager[Any]]


def _of_engine(engine: type[Engine | ReferenceMachine]) -> Factory:
    """A factory of bare machines of this class."""

    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        with telling_the_line(engine.__name__):
            machine = engine(memory=program.memory, level=program.level, **program.devices())
            machine.load(program)
        yield machine

    return subject


class Stepping(ReferenceMachine):
    """The reference, stopped after every single instruction."""

    def run(self, until: int | None = None) -> Any:
        stop = super().run(min(self.retired + 1, until if until is not None else 1 << 64))
        while stop == "limit" and self.retired != until:
            stop = super().run(self.retired + 1)
        return stop


def _eager() -> Recompiling:
    """Everything is compiled before it first runs, and the same way every time."""
    return Recompiling(threshold=1, eager=True, waiting=True, limit=100, shortest=1, cache=default_directory())


def _hot() -> Recompiling:
    """What is run a few times is compiled, as in earnest, and the same way every time."""
    return Recompiling(threshold=3, waiting=True, shortest=1, cache=default_directory())


def level_for(technique: str, level: Level) -> Level:
    """The hardware level for a program of `level` under a technique: assist is as strict, with guest mode besides."""
    return Level.ASSIST if level is Level.STRICT and technique.startswith("assist") else level


def _load(computer: Computer, program: Program) -> None:
    computer.load(cast("Image", program))  # as far as loading goes it is one
    computer.image = None  # it has no symbols


def _launched(technique: str, engine: Callable[[], str | Recompiling] = lambda: "interpreter") -> Factory:
    """A factory of machines, or of guests on a host of their own."""

    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        level = level_for(technique, program.level)
        with launched(technique, program.memory, engine=engine(), level=level, **program.devices()) as computer:
            _load(computer, program)
            yield computer

    return subject


class Restored:
    """A machine that before every run is saved, thrown away, and restored in a new one. Its input has to be empty."""

    def __init__(self, make: Callable[[], Any], stack: ExitStack) -> None:
        self._make = make
        self._stack = stack
        self._machine = stack.enter_context(make())

    def run(self, until: int | None = None) -> Any:
        snapshot, output = self._machine.save(), self._machine.output
        self._machine = self._stack.enter_context(self._make())
        self._machine.run(until=5)  # something else to forget
        self._machine.restore(snapshot)
        self._machine.sink.kept = bytearray(output)
        return self._machine.run(until=until)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)


def _restored(make: Factory) -> Factory:
    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        with ExitStack() as stack:
            yield Restored(lambda: make(program), stack)

    return subject


def _observed(make: Factory) -> Factory:
    """Every exit is shown to someone in Python before it is handled."""

    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        with make(program) as guest:
            guest.observe(lambda event: None)
            yield guest

    return subject


@contextmanager
def intercepted_assist(program: Program) -> Iterator[Any]:
    """Everything exits that can; traps and interrupts are delivered by injection."""
    from toyvm.isa.guest_mode import INTERCEPTS

    with SUBJECTS["assist"](program) as guest:
        guest.intercept(row.name for row in INTERCEPTS)
        yield guest


def _monitored(monitor: type[Monitor]) -> Factory:
    """A factory of guests whose monitor is of this class."""

    @contextmanager
    def subject(program: Program) -> Iterator[Any]:
        from toyvm.host.host import Host, host_memory_for

        with Host(memory=host_memory_for(program.memory), level=program.level) as host:
            with telling_the_line(monitor.__name__):
                guest = host.guest(memory=program.memory, monitor=monitor, **program.devices())
            _load(guest, program)
            yield guest

    return subject


@contextmanager
def python_trap(program: Program) -> Iterator[Any]:
    """The monitor that is shipped as the example of one in Python."""
    from toyvm.monitor.trap_and_emulate import TrapAndEmulate

    with _monitored(TrapAndEmulate)(program) as guest:
        yield guest


SUBJECTS: dict[str, Factory] = {
    "reference": _of_engine(ReferenceMachine),
    "stepping": _of_engine(Stepping),
    "interpreter": _launched("bare"),
    "restored interpreter": _restored(_launched("bare")),
    "recompiler": _launched("bare", _eager),
    "hot": _launched("bare", _hot),
    "restored hot": _restored(_launched("bare", _hot)),
    "intercepted assist": intercepted_assist,
    "python trap": python_trap,
}
for _name in VARIANTS:
    SUBJECTS[_name] = _launched(_name)
    SUBJECTS[f"observed {_name}"] = _observed(SUBJECTS[_name])
    SUBJECTS[f"restored {_name}"] = _restored(SUBJECTS[_name])
    SUBJECTS[f"recompiled {_name}"] = _launched(_name, _eager)
    SUBJECTS[f"hot {_name}"] = _launched(_name, _hot)
    SUBJECTS[f"restored hot {_name}"] = _restored(SUBJECTS[f"hot {_name}"])


class Subject(NamedTuple):
    """What claims to be a T64: a name, a factory of machines that are set up for a program, the technique whose build
    it takes, and what it has the guest execute.

    Guests of one kind execute the same instructions: all that are unmodified do, and those of one technique.
    """

    name: str
    make: Factory
    technique: str = "bare"
    kind: str = Build.PLAIN
    level: Level | None = None  # of its hardware, if it is not the program's


def judge_of(alone: Subject) -> str:
    """Whom a subject alone is held to: the reference, on hardware of the same level."""
    return "reference" if alone.level is None else f"reference@{alone.level}"


def subject_of(it: Subject | type | str) -> Subject:
    """A subject, by a name that `subject_named` takes or one of SUBJECTS; or of a class of monitors or engines.

    Raises UsageError and BadFileError.
    """
    if isinstance(it, Subject):
        check_callable(it.make, f"factory of subject {it.name}")
        return it
    if isinstance(it, str):
        return Subject(it, SUBJECTS[it]) if it in SUBJECTS else subject_named(it)
    return _subject_of_class(it, getattr(it, "__name__", ""))


def _subject_of_class(it: type, name: str) -> Subject:
    from toyvm.monitor.monitor import Monitor

    if isinstance(it, type) and issubclass(it, Monitor):
        return Subject(name, _monitored(it), LIKE_OWN)
    if isinstance(it, type) and issubclass(it, (Engine, ReferenceMachine)):
        return Subject(name, _of_engine(it))
    raise wrong(
        "subject", it, "a Subject, a name, or a class derived from toyvm.monitor.Monitor or toyvm.testing.Engine"
    )


def _own(name: str) -> Subject:
    from toyvm.monitor.monitor import Monitor

    return _subject_of_class(find_class(name, "subject", (Monitor, Engine, ReferenceMachine)), name)


def subject_named(name: str) -> Subject:
    """`TECHNIQUE[+OPTION...][/ENGINE]`, or an engine alone, which is that of the bare machine; or a class of monitors
    or engines in Python, MODULE:CLASS or FILE.py:CLASS; each with `@LEVEL` for hardware of its own.

    Raises UsageError for another name, saying what there is, and BadFileError for a module that cannot be imported.
    """
    before, at, level = name.rpartition("@")
    if at and not is_own(level):
        found = subject_named(before)
        return found._replace(name=name, level=check_choices(found.technique, "interpreter", parse_level(level), name))
    if is_own(name):
        return _own(name)
    technique, slash, engine = name.partition("/")
    if not slash:
        technique, engine = ("bare", name) if name in ENGINES else (name, "interpreter")
    variant = parse_variant(technique)
    if engine not in ENGINES:
        raise UsageError(f"{name}: no engine {engine!r}; there are {', '.join(ENGINES)}")
    if engine == "reference":
        if variant.facts.name != "bare":
            raise UsageError(f"{name}: the reference runs the bare machine only")
        return Subject(name, SUBJECTS["reference"])
    if engine == "recompiler":
        check_llvm()
    is_plain = variant.facts.build is Build.PLAIN and Option.HYPERCALLS not in variant.options
    kind = Build.PLAIN if is_plain else variant.name
    return Subject(name, _launched(variant.name, _ENGINES[engine]), variant.name, kind)


def _waiting() -> Recompiling:
    """What is hot is compiled, as in earnest, but the same way every time."""
    return Recompiling(waiting=True, cache=default_directory())


_ENGINES: dict[str, Callable[[], str | Recompiling]] = {"interpreter": lambda: "interpreter", "recompiler": _waiting}
