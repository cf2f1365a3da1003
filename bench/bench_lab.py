"""The lab as an instrument: what `toyvm lab --quick` takes, how large its page is, and how many accounts close.

`pytest bench/bench_lab.py` prints a line for each; a goal that is missed fails. CPU time is the process's own: on a
machine that is otherwise quiet it is the time that one waits.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pairs import hold

from toyvm.lab.breakdown import CLOSED

SECONDS = 40.0  # of CPU time, for all workloads on all techniques
PAGE_BYTES = 1_500_000
# So many of a hundred accounts close within a tenth, and the others say why; what is left is mostly translations that
# are made anew after an exit, which have no price, and work that a hypercall does by its list.
CLOSING = 45


@pytest.fixture(scope="module", name="results")
def results_of_quick(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder: Path = tmp_path_factory.mktemp("lab")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-P", "-m", "toyvm", "lab", "--quick", "--json", str(folder / "quick.json")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "file": folder / "quick.json", **json.loads((folder / "quick.json").read_text())}


def test_quick_takes_less_than_forty_seconds(results: Mapping[str, Any]) -> None:
    line = (
        f"toyvm lab --quick: {len(results['cells'])} cells in {results['seconds']:.1f} s of CPU time, at most {SECONDS}"
    )
    print(f"\n{line}")
    hold(results["seconds"] <= SECONDS, line)


def test_the_page_is_small(results: Mapping[str, Any], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = [sys.executable, "-P", "-m", "toyvm", "lab", "report", str(results["file"]), "--html", str(page)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    line = f"its page: {page.stat().st_size:,} bytes, at most {PAGE_BYTES:,}"
    print(f"\n{line}")
    hold(page.stat().st_size <= PAGE_BYTES, line)


def test_accounts_close_or_say_why(results: Mapping[str, Any]) -> None:
    found = [(cell, cell["account"]) for cell in results["cells"] if cell["account"]]
    left = [(cell, account) for cell, account in found if abs(account["unexplained"]) > CLOSED * cell["ns"]]
    share = 100 * (1 - len(left) / len(found))
    worst = sorted(left, key=lambda pair: -abs(pair[1]["unexplained"]) / pair[0]["ns"])[:5]
    widest = "; ".join(
        f"{cell['workload']} on {cell['technique']} {account['unexplained'] / cell['ns']:.0%}"
        for cell, account in worst
    )
    line = f"accounts: {share:.0f}% of {len(found)} close within {CLOSED:.0%}, at least {CLOSING}%; widest: {widest}"
    print(f"\n{line}")
    hold(share >= CLOSING and all(account["why"] for _, account in left), line)
