"""Native code, of middling luck: where it happens to lie within a cache line can change its speed by a factor of two.

So each program is linked at several places, and the one that is the second fastest counts, for all that is measured.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from peers.processes import session
from peers.programs import Program, compile_native

PLACES = (0, 16, 32, 48)  # bytes in front of it; gcc aligns functions to 16
RUNS = 5  # of each
SECONDS = 0.01  # of one


def native(program: Program, folder: Path) -> Path:
    """The program for this machine. Raises CannotBuild, and Failed if it does not run."""
    return _placed(program, folder)[0]


def scale_for(program: Program, folder: Path, seconds: float) -> int:
    """The scale at which a run takes about so long on this machine; the work of every program grows with its scale."""
    return max(1, round(seconds / _placed(program, folder)[1]))


@cache
def _placed(program: Program, folder: Path) -> tuple[Path, float]:
    """The program where it counts, and the seconds that it takes for each unit of scale."""
    built = [compile_native(program, folder, place) for place in PLACES]
    timed = sorted((_seconds(path, program), path) for path in built)
    return timed[1][1], timed[1][0]


def _seconds(path: Path, program: Program) -> float:
    """CPU time of a short run for each unit of scale, the least of several."""
    scale = max(1, round(program.scale * SECONDS / program.seconds))
    with session([str(path), str(scale), "each"]) as living:
        return min(living.repeat()[1].cpu for _ in range(RUNS)) / scale
