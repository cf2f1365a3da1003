"""What nobody has any more is freed, closed or not; what nobody closed is warned of, as files are."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toyvm.asm import assemble_text
from toyvm.errors import UsageError
from toyvm.host.guest import Guest
from toyvm.host.host import Host
from toyvm.isa.ports import SECTOR_SIZE as SECTOR
from toyvm.machine.bare import Machine
from toyvm.machine.disk import Disk
from toyvm.monitor import Monitor
from toyvm.recompiler.options import Recompiling
from toyvm.techniques import NATIVE_ENGINES

HOT = Recompiling(threshold=2, waiting=True)
COUNTS = assemble_text("_start: addi a0, a0, 1\n j _start\n", "counts.s").image
# Sector 0 begins with a 7 then.
WRITES = """
_start:
    li   t0, 7
    out  0x1c, t0
    out  0x19, zero
    li   t0, 2
    out  0x1a, t0
1:  in   t0, 0x1b
    andi t0, t0, 2
    beqz t0, 1b
    out  8, zero
"""


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """What a test does not collect is freed by itself or not at all."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(bytes(SECTOR))
    return path


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def recompilers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "toyvm recompiler"]


def guest_of(host: Host) -> Guest:
    guest = host.guest("trap", "64K")
    guest.load(COUNTS)
    return guest


# Closed.


def test_a_closed_machine_is_freed_at_once() -> None:
    with Machine("64K") as machine:
        machine.load(COUNTS)
        machine.run(10)
    gone = weakref.ref(machine)
    del machine
    assert gone() is None


@pytest.mark.parametrize("has_run", [False, True])
def test_a_closed_guest_is_freed_at_once(has_run: bool) -> None:
    with Host("16M") as host:
        guest = guest_of(host)
        guest.observe(lambda event: None)
        if has_run:
            host.run(1_000)
        guest.pause()
        guest.close()
        gone = weakref.ref(guest)
        del guest
        assert gone() is None


def test_a_closed_host_is_freed_at_once() -> None:
    with Host("16M") as host:
        guest_of(host)
        host.run(1_000)
    gone = weakref.ref(host)
    del host
    assert gone() is None


SOME = {
    **{"load": (COUNTS,), "read": (0, 1), "write": (0, b"x"), "translate": (0,), "read_control": (1,)},
    **{"write_control": (1, 0), "cr": ("tvec",), "set_cr": ("tvec", 0), "run_to": (0,), "instruction_at": (0,)},
    **{"disassemble": (0,), "restore": (b"",), "observe": (print,), "unobserve": (print,), "root": (0,)},
    **{"host_frame": (0,), "pass_time": (1,), "post": (print,)},
}
# What is no matter of its state, or is the same after.
FREE = {"close", "closed", "interrupt", "address_of", "locate", "clock", "guests", "gate"}


def use(owner: Any, name: str) -> None:
    """A property's value, or what a method gives, all of it."""
    list(getattr(owner, name)(*SOME.get(name, ())))


@pytest.mark.parametrize("kind", [Machine, Guest, Host])
def test_a_closed_owner_refuses_all_that_is_asked_of_it_and_can_be_shown(kind: type) -> None:
    with Host("16M") as host, Machine("64K") as machine:
        guest = guest_of(host)
    owner = {Machine: machine, Guest: guest, Host: host}[kind]
    for name in dir(kind):
        if name.startswith("_") or name in FREE:
            continue
        with pytest.raises(UsageError, match="is closed"):
            use(owner, name)
    owner.close()
    owner.interrupt()
    assert repr(owner).endswith(", closed>")


# Not made.


def half_made(kind: type, *arguments: Any, **options: Any) -> Any:
    """What is there of an object whose construction has failed."""

    class Half(kind):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            with pytest.raises(UsageError):
                super().__init__(*arguments, **options)

    return Half(*arguments, **options)


@pytest.mark.parametrize(
    ("kind", "arguments", "options"),
    [
        (Machine, (1,), {}),
        (Machine, ("64K",), {"input": 3}),
        (Machine, ("64K",), {"engine": "no"}),
        (Host, (1,), {}),
        (Host, ("16M",), {"engine": "no"}),
    ],
)
def test_a_computer_or_host_that_could_not_be_made_is_closed(
    kind: type, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    half = half_made(kind, *arguments, **options)
    assert repr(half) == "<Half, closed>" if kind is Machine else "<Host, closed>"
    half.close()
    with pytest.raises(UsageError, match="is closed"), half:
        half.run()


def test_a_disk_that_could_not_be_made_is_closed() -> None:
    for contents in ("no", bytearray(7)):
        half = half_made(Disk, contents, True)
        half.close()
        with pytest.raises(UsageError, match="is closed"):
            half.sectors  # noqa: B018


def test_a_guest_whose_monitor_is_being_made_has_no_place_yet_and_may_be_closed() -> None:
    def close(guest: Any) -> Any:
        assert repr(guest) == "<Guest guest1 of technique python:close>"
        with pytest.raises(UsageError, match="is being made"):
            guest.pause()
        guest.close()
        return Monitor(guest)

    with Host("16M") as host:
        with pytest.raises(UsageError, match="is closed"):
            host.guest(memory="64K", monitor=close)
        assert host.guests == ()
        guest_of(host)


# Not closed.


def test_a_machine_that_nobody_closes_is_freed_with_a_warning_when_it_is_garbage() -> None:
    machine = Machine("64K")
    machine.load(COUNTS)
    machine.run(10)
    gone = weakref.ref(machine)
    with pytest.warns(ResourceWarning, match="^unclosed machine$"):
        del machine
    assert gone() is None


def test_a_view_keeps_its_machine() -> None:
    registers = Machine("64K").registers
    assert registers.a0 == 0
    with pytest.warns(ResourceWarning, match="^unclosed machine$"):
        del registers


def test_a_host_that_nobody_closes_is_freed_with_its_guests_and_one_warning() -> None:
    host = Host("16M")
    guests = [guest_of(host) for _ in range(3)]
    host.run(1_000)
    gone = [weakref.ref(thing) for thing in (host, *guests)]
    del host, guests
    with pytest.warns(ResourceWarning, match="^unclosed host$") as warned:
        gc.collect()
    assert len(warned) == 1
    assert [ref() for ref in gone] == [None] * 4


@pytest.mark.parametrize("make", [lambda: Machine("64K", engine=HOT), lambda: Host("16M", engine=HOT)])
def test_a_recompiler_ends_with_its_owner_and_closes_its_pipes(make: Callable[[], Machine | Host]) -> None:
    for left_over in recompilers():  # an earlier test's, that compiles to its end
        left_over.join(60)
    before = descriptors()
    owner = make()
    (thread,) = recompilers()
    if isinstance(owner, Machine):
        owner.load(COUNTS)
        owner.run(100_000)
        assert owner.recompilation["installed"] > 0
    with pytest.warns(ResourceWarning, match="unclosed"):
        del owner
    thread.join(60)
    assert not recompilers()
    assert descriptors() == before


def test_garbage_that_its_own_recompiler_collects_is_freed() -> None:
    """The collector may run in any thread, in that one too."""
    holder = [Machine("64K", engine=Recompiling(threshold=2))]
    recompiler, has_run, found = holder[0]._recompiler, threading.Event(), []
    assert recompiler is not None
    answer, thread = recompiler._answer, recompiler._thread

    def collect_and_answer() -> object:
        assert has_run.wait(60)
        with pytest.warns(ResourceWarning, match="unclosed machine"):
            holder.clear()
        found.append(threading.current_thread())
        return answer()

    recompiler._answer = collect_and_answer  # type: ignore[method-assign]
    holder[0].load(COUNTS)
    holder[0].run(10_000)
    has_run.set()
    thread.join(60)
    assert found == [thread]
    assert not thread.is_alive()


def test_what_a_guest_wrote_to_its_disk_is_not_lost_where_nobody_closes_it(file: Path) -> None:
    machine = Machine("64K", disk=file)
    machine.load(assemble_text(WRITES, "writes.s").image)
    machine.run().check()
    with pytest.warns(ResourceWarning, match="unclosed machine; what was written to its disk goes back .* only now"):
        del machine
    assert file.read_bytes()[:1] == b"\7"
    Disk.open(file).close()  # others may have it


def test_a_warning_that_is_an_error_frees_and_saves_all_the_same(file: Path) -> None:
    done = python(f"""
import gc, warnings
from toyvm import Host, assemble_text
host = Host("16M")
guest = host.guest("trap", "64K", disk={str(file)!r})
guest.load(assemble_text({WRITES!r}).image)
guest.run().check()
warnings.simplefilter("error")
del host, guest
gc.collect()
assert open({str(file)!r}, "rb").read(1) == b"\\7"
""")
    assert done.returncode == 0
    assert "ResourceWarning: unclosed host; what was written" in done.stderr


# The end of the process.


def python(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("engine", NATIVE_ENGINES)
def test_a_process_that_ends_saves_what_guests_wrote(file: Path, engine: str) -> None:
    program = f"""
from toyvm import Machine, assemble_text
machine = Machine("64K", disk={str(file)!r}, engine={engine!r})
machine.load(assemble_text({WRITES!r}).image)
machine.run().check()
"""
    done = python(program, "-W", "default")
    assert done.returncode == 0
    assert file.read_bytes()[:1] == b"\7"
    assert done.stderr.count("ResourceWarning: unclosed machine; what was written to its disk") == 1


def test_what_a_thread_still_runs_when_the_process_ends_is_left_alone() -> None:
    program = """
import threading, time
from toyvm import Machine, assemble_text
class Started:
    live = True
    def fetch(self, size, wait):
        started.set()
started = threading.Event()
machine = Machine("64K", input=Started())
machine.load(assemble_text("_start: addi a0, a0, 1\\n j _start\\n").image)
threading.Thread(target=machine.run, daemon=True).start()
started.wait()
"""
    done = python(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_closes_a_machine_after_the_process_has_ended_it_finds_it_closed() -> None:
    program = """
import atexit
def late():
    assert machine.closed
    machine.close()
    print("late")
atexit.register(late)
from toyvm import Machine
machine = Machine("64K")
"""
    done = python(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "late\n", "")


def test_a_child_process_does_not_save_what_its_parent_has(file: Path) -> None:
    program = f"""
import fcntl, os, sys
from pathlib import Path
from toyvm import Machine, assemble_text
file = Path({str(file)!r})
machine = Machine("64K", disk=file)
machine.load(assemble_text({WRITES!r}).image)
machine.run().check()
child = os.fork()
if not child:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
assert file.read_bytes()[:1] == b"\\0"
with file.open() as other:
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        machine.close()
assert file.read_bytes()[:1] == b"\\7"
"""
    done = python(program, "-W", "error")
    assert (done.returncode, done.stderr) == (0, "")
