"""Different machines run in different threads at once: nothing in the core is shared, and the GIL is free meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from support.cores import Core, word

from toyvm.native import lib

COUNT = 2_000_000


def counting_core() -> Core:
    return Core(word("addi", 5, 5, 3), word("sd", 5, 0x2000, 0), word("ld", 6, 0x2000, 0), word("jal", 0, -3))


def test_machines_in_threads_do_what_they_do_alone() -> None:
    alone = counting_core()
    alone.run(COUNT)
    cores = [counting_core() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda core: core.run(COUNT), cores)) == [lib.T64_STOP_LIMIT] * 4
    assert all(core.save() == alone.save() for core in cores)


def test_python_runs_on_while_a_machine_does() -> None:
    core, started = counting_core(), threading.Event()

    def run() -> None:
        started.set()
        core.run(20 * COUNT)

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    while core.state.x[5] < 1000 and thread.is_alive():
        pass  # only comes to an end before the run does if this thread is let in
    thread.join()
    assert core.state.retired == 20 * COUNT
