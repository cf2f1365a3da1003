"""The manual's chapter on the assembly language."""

from __future__ import annotations

from typing import Any

from toyvm.manual.document import Chapter


def assembly_chapter() -> Chapter:
    return Chapter("Assembly language", ())


def assembly_data() -> dict[str, Any]:
    return {}
