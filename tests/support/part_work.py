"""Work in parts as tests have it done in other processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from toyvm.errors import UsageError


def square(task: Mapping[str, Any]) -> dict[str, Any]:
    return {"square": task["number"] ** 2}


def dying_once(task: Mapping[str, Any]) -> dict[str, Any]:
    """The first process that gets this part dies."""
    mark = Path(task["folder"]) / str(task["number"])
    if task["dies"] and not mark.exists():
        mark.touch()
        os._exit(1)
    return square(task)


def dying(task: Mapping[str, Any]) -> dict[str, Any]:
    os._exit(1)


def refusing(task: Mapping[str, Any]) -> dict[str, Any]:
    raise UsageError(f"{task['number']}: it takes none")


def threads() -> Executor:
    return ThreadPoolExecutor(2)


def number() -> int:
    return 5
