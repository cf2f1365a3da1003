"""What all tests share: Hypothesis without deadlines, and whether one may be skipped."""

import os
import signal
from collections.abc import Generator, Iterator

import pluggy
import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is kept in the user's own cache, nor taken from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


# Where all that tests need is installed, none is skipped: TOYVM_NO_SKIPS=1 makes a skip a failure. What may be skipped
# even there, by its reason, is what depends on the machine's hardware: nothing yet.
NO_SKIPS = os.environ.get("TOYVM_NO_SKIPS", "0") not in ("", "0")
ALLOWED_SKIPS: frozenset[str] = frozenset()


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
