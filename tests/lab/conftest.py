"""What the lab's tests share: their quick runs take milliseconds, as counts are the same however long a run is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from toyvm.lab.experiment import QUICK


@pytest.fixture(scope="module", autouse=True)
def short_runs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toyvm.lab.experiment.QUICK", replace(QUICK, seconds=2e-3, nano_seconds=1e-3))
        yield
