"""What all tests share: Hypothesis without deadlines, an order, places of their own, and whether one may be skipped."""

import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pluggy
import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["toyvm.testing.pytest_plugin"]  # as installed; a checkout that is older may not know it

# Nothing in a test depends on wall-clock speed; the machine may be busy.
settings.register_profile("toyvm", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("toyvm")


def heed_signals() -> None:
    """What nohup or a background job has this process ignore, tests send to others, who would inherit that.

    A handler that does nothing ignores it here as before, and is the default again in what is executed.
    """
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGINT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


heed_signals()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reverse", action="store_true", help="run the tests in reverse order: none depends on another")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes seconds, or is one of many of a kind")
    config.addinivalue_line("markers", "quick: the part of the suite that takes two minutes: all that is not slow")


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.get_closest_marker("slow") is None:
        item.add_marker("quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("reverse"):
        items.reverse()


# Where all that tests need is installed, none is skipped: TOYVM_NO_SKIPS=1 makes a skip a failure. What may be skipped
# even there, by its reason, is what depends on the machine's hardware: nothing yet.
NO_SKIPS = os.environ.get("TOYVM_NO_SKIPS", "0") not in ("", "0")
ALLOWED_SKIPS: frozenset[str] = frozenset()


@pytest.fixture(scope="session", autouse=True)
def own_places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is kept in the user's own cache, nor taken from there; home, temporary folder and checkout stay clean."""
    cache, home, temporary = (tmp_path_factory.mktemp(name) for name in ("cache", "home", "temporary"))
    there = files_of(request.config.rootpath)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("HOME", str(home))
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", None)  # so that it is looked up anew
        yield
    left = [*home.iterdir(), *temporary.iterdir()]
    if NO_SKIPS:  # elsewhere somebody may be writing
        left += files_of(request.config.rootpath) - there
    assert not left, f"the tests have left behind {', '.join(sorted(map(str, left)))}"


def files_of(checkout: Path) -> set[Path]:
    """What stands in it and is not ignored by git; nothing where it is no checkout."""
    ignored = checkout / ".gitignore"
    patterns = [".git", *(line.strip("/") for line in ignored.read_text().split())] if ignored.exists() else ["*"]
    found: set[Path] = set()
    folders = [checkout]
    while folders:
        paths = [path for path in folders.pop().iterdir() if not any(map(path.relative_to(checkout).match, patterns))]
        found.update(paths)
        folders += [path for path in paths if path.is_dir() and not path.is_symlink()]
    return found


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Generator[None, pluggy.Result[pytest.TestReport], None]:
    _refuse_skip((yield).get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Generator[None, pluggy.Result[pytest.CollectReport], None]:
    _refuse_skip((yield).get_result())


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (NO_SKIPS and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if reason.removeprefix("Skipped: ") not in ALLOWED_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"skipped, where TOYVM_NO_SKIPS has every test run: {reason}"
