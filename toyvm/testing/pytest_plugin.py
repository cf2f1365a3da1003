"""A plugin of pytest: what subjects differ for is made small, kept beside the test, and compared again in later runs.

A test that fails with toyvm.testing.NotEqual leaves a `.s` file in the folder `regressions` beside its own; each such
file is a test of its own from then on. The ini option `toyvm_regressions` names another folder.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from toyvm.testing.checking import NotEqual

OPTION = "toyvm_regressions"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(OPTION, "folder beside a test's file for what it has found (toyvm)", default="regressions")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RegressionFile | None:
    is_kept = file_path.suffix == ".s" and file_path.parent.name == parent.config.getini(OPTION)
    if not is_kept:
        return None
    from toyvm.testing.regressions import is_regression

    return RegressionFile.from_parent(parent, path=file_path) if is_regression(file_path) else None


class RegressionFile(pytest.File):
    """A file that a failure was kept in."""

    def collect(self) -> Iterator[RegressionItem]:
        yield RegressionItem.from_parent(self, name="replay")


class StillDiffers(AssertionError):
    """A regression: what was found once is found again."""


class RegressionItem(pytest.Item):
    """Its subjects are compared again."""

    def runtest(self) -> None:
        from toyvm.errors import UsageError
        from toyvm.testing.checking import explain
        from toyvm.testing.regressions import replay

        try:
            verdict = replay(self.path)
        except UsageError as error:
            pytest.skip(f"it cannot be compared again: {error}")
        if not verdict.equal:
            raise StillDiffers(explain(verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, StillDiffers):
            return f"{self.path}:\n{excinfo.value}"
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"regression {self.path.name}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.excinfo is not None and report.failed:
        for failure in _failures(call.excinfo.value):
            report.sections.append(("toyvm", _kept(failure, item)))
    return report


def _failures(error: BaseException) -> Iterator[NotEqual]:
    """The differences that an exception is, or is made of. Nothing is imported for a test that compared nothing."""
    checking = sys.modules.get("toyvm.testing.checking")
    if checking is None:
        return
    if isinstance(error, checking.NotEqual):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _failures(inner)


def _kept(failure: NotEqual, item: pytest.Item) -> str:
    """Make it small and keep it; what there is to say about that."""
    from toyvm.errors import UsageError
    from toyvm.testing.checking import compare, explain, smallest
    from toyvm.testing.pieces import count_instructions
    from toyvm.testing.regressions import save

    program, points = failure.program, failure.checkpoints
    try:
        program = smallest(program, *failure.subjects, checkpoints=points)
    except UsageError as error:
        why = f"{error}\n{failure}"
    else:
        why = explain(compare(program, *failure.subjects, checkpoints=points))
    folder = item.path.parent / item.config.getini(OPTION)
    path = save(program, folder, subjects=failure.subjects, checkpoints=points, why=f"found by {item.nodeid}\n{why}")
    return f"{count_instructions(program)} instructions are enough; kept as {path}\n\n{path.read_text()}"
