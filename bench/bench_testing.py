"""Testing: what comparing costs, and how small and how soon a mistake in a monitor is shown.

`toyvm compare kernel` on all techniques stays below 5 s of CPU. Each of the wrong monitors of tests/support is found by
a random program; shrinking that takes less than 60 s of CPU in the median, and leaves at most 12 instructions in the
median: not only beyond the preamble that all programs have, boot and trap handler, but with what is left of that.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median
from time import process_time

from support.wrong_monitors import WRONG, first_found

from toyvm.testing import smallest
from toyvm.testing.pieces import Pieces

SECONDS_OF_COMPARING, SECONDS_OF_SHRINKING, INSTRUCTIONS = 5.0, 60.0, 12
PREAMBLE = ("boot", "handler")


def test_comparing_the_kernel_on_all_techniques() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "toyvm", "compare", "kernel"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"\ntoyvm compare kernel, all techniques: {seconds:.2f} s of CPU")
    assert seconds < SECONDS_OF_COMPARING


def test_a_mistake_in_a_monitor_is_found_and_made_small() -> None:
    rows = [found(monitor) for monitor in WRONG]
    print(f"\n{'monitor':<26}{'seed':>6}{'found in':>10}{'shrunk in':>11}{'instructions':>14}{'of the preamble':>17}")
    for name, seed, finding, shrinking, instructions, preamble in rows:
        print(f"{name:<26}{seed:>6}{finding:>8.1f} s{shrinking:>9.1f} s{instructions:>14}{preamble:>17}")
    seconds, sizes = [row[3] for row in rows], [row[4] for row in rows]
    print(f"of {len(rows)} mistakes: shrunk in {median(seconds):.1f} s, at most {max(seconds):.1f} s, ", end="")
    print(f"to {median(sizes)} instructions, at most {max(sizes)}, preamble and all")
    assert median(seconds) < SECONDS_OF_SHRINKING
    assert median(sizes) <= INSTRUCTIONS


def found(monitor: type) -> tuple[str, int, float, float, int, int]:
    """Name, seed, seconds of CPU to find and to shrink, instructions, and how many of them are of the preamble."""
    start = process_time()
    seed, program = first_found(monitor)
    between = process_time()
    small = Pieces.of(smallest(program, monitor))
    end = process_time()
    preamble = sum(len(piece.rows) for piece in small.code if piece.name in PREAMBLE)
    return monitor.__name__, seed, between - start, end - between, small.instructions, preamble
