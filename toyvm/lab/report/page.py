"""The report's page: one file of HTML that holds all it shows, and asks no network for anything."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from toyvm.errors import UsageError
from toyvm.lab.report.drawing import check_matplotlib
from toyvm.lab.report.sections import Report, summary


def check_libraries(option: str) -> None:
    """Raises UsageError where something is not installed that a page takes."""
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise UsageError(f"{option} needs jinja2: pip install 'toyvm[lab]'") from None
    check_matplotlib(option)


def page_bytes(report: Report) -> bytes:
    """The page of these sections."""
    from jinja2 import Environment, StrictUndefined

    folder = files(__package__)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    machine: Mapping[str, Any] = report.figures.record["machine"]
    text = environment.from_string(folder.joinpath("page.html").read_text(encoding="utf-8")).render(
        style=folder.joinpath("page.css").read_text(encoding="utf-8"),
        machine=machine,
        summary=summary(report.figures),
        sections=report.sections,
        svgs=report.svgs,
    )
    return text.encode()
