"""What all tests share: Hypothesis without deadlines, and the helpers in tests/support."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

# Nothing in a test depends on wall-clock speed; the machine may be busy.
settings.register_profile("toyvm", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("toyvm")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is kept in the user's own cache, nor taken from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
