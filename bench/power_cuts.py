"""Cut power in the operating system's file system, as often as said: media recovered, checked and held to a model.

    python bench/power_cuts.py [MEDIA] [JOBS]

Every workload of one call, every one of two, then random ones of three and more, until so many media (1,000,000 unless
said) were judged. Ends with 1 if one of them was neither old nor new.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import chain
from os import cpu_count
from pathlib import Path
from random import Random
from time import monotonic

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.power_cuts import STEPS, power_cuts

Counts = tuple[int, int, list[str]]


def names_of_workloads() -> Iterator[tuple[str, ...]]:
    yield from ((name,) for name in STEPS)
    yield from ((first, second) for first in STEPS for second in STEPS)
    random = Random(13)
    while True:
        yield tuple(random.choices(list(STEPS), k=random.randrange(3, 6)))


def judge(names: tuple[str, ...]) -> Counts:
    """Media, recoveries, and what is wrong."""
    with power_cuts() as cuts:
        wrong = cuts.run(tuple(STEPS[name] for name in names))
        return cuts.media, cuts.recoveries, [f"{', '.join(names)}: {what}" for what in wrong]


def main(wanted: int = 1_000_000, jobs: int = cpu_count() or 1) -> int:
    begin, workloads, media, recoveries, wrong = monotonic(), 0, 0, 0, []
    source = names_of_workloads()
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[Counts]] = set()
        while media < wanted:
            running |= {pool.submit(judge, next(source)) for _ in range(2 * jobs - len(running))}
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for counts in (future.result() for future in done):
                workloads, media, recoveries = workloads + 1, media + counts[0], recoveries + counts[1]
                wrong += counts[2]
            print(f"\r{media:,} media of {workloads:,} workloads, {len(wrong)} wrong", end="", flush=True)
        for future in running:
            future.cancel()
    print(f"\n{media:,} media of {workloads:,} workloads, {recoveries:,} recoveries, {monotonic() - begin:.0f} s")
    print(*chain(wrong), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
