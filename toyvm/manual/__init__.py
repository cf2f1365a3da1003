"""The manual of the T64, made from the declarations: as text, markdown or JSON."""

from __future__ import annotations

import json


def render(format: str, width: int = 118) -> str:
    """The whole manual as `text` of `width` columns, `markdown` or `json`."""
    if format == "json":
        from toyvm.manual.data import manual_data

        return json.dumps(manual_data(), indent=1) + "\n"
    from toyvm.manual.chapters import chapters
    from toyvm.manual.document import RENDERERS

    return RENDERERS[format](chapters(), width)
