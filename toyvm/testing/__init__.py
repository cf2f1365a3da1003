"""For tests of virtual machines: random programs, what runs them, comparing, shrinking, keeping; `docs/testing.md`.

Hypothesis strategies are in toyvm.testing.strategies, which needs Hypothesis: `pip install toyvm[testing]`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toyvm.testing.checking import NotEqual, assert_equal, compare, differs, explain, smallest
    from toyvm.testing.comparing import Difference, Verdict
    from toyvm.testing.engine import Engine
    from toyvm.testing.listing import assembly_of
    from toyvm.testing.programs import FOLLOWED, Program, Segment, left_open, random_computation, random_program
    from toyvm.testing.regressions import Regression, load, replay, save
    from toyvm.testing.shrinking import shrunk
    from toyvm.testing.subjects import Subject, subject_of

# Public names, by the module that defines each; imported when first used, as a plugin of pytest is there in every run.
_HOMES = {
    "checking": ("NotEqual", "assert_equal", "compare", "differs", "explain", "smallest"),
    "comparing": ("Difference", "Verdict"),
    "engine": ("Engine",),
    "listing": ("assembly_of",),
    "programs": ("FOLLOWED", "Program", "Segment", "left_open", "random_computation", "random_program"),
    "regressions": ("Regression", "load", "replay", "save"),
    "shrinking": ("shrunk",),
    "subjects": ("Subject", "subject_of"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "FOLLOWED",
    "Difference",
    "Engine",
    "NotEqual",
    "Program",
    "Regression",
    "Segment",
    "Subject",
    "Verdict",
    "assembly_of",
    "assert_equal",
    "compare",
    "differs",
    "explain",
    "left_open",
    "load",
    "random_computation",
    "random_program",
    "replay",
    "save",
    "shrunk",
    "smallest",
    "subject_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
