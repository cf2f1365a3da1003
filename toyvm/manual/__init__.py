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


def entry(word: str, width: int = 118) -> str:
    """What the manual has about a word, an instruction say, or a chapter, as text. Raises UsageError."""
    from toyvm.manual.chapters import chapters
    from toyvm.manual.document import numbered_text
    from toyvm.manual.lookup import look_up

    return numbered_text(look_up(word, chapters()), width)
