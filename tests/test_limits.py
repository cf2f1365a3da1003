"""The documents say every limit as it is."""

from __future__ import annotations

import re

from support.commands import ROOT

from toyvm import limits

_UNITS = {"": 1, " KiB": 1 << 10, " MiB": 1 << 20, " GiB": 1 << 30}


def test_the_documents_say_every_limit() -> None:
    text = (ROOT / "toyvm" / "docs" / "security.md").read_text(encoding="utf-8")
    section = text[text.index("## Limits") :]
    said = {
        int(number.replace(",", "")) * _UNITS[unit] for number, unit in re.findall(r"(\d[\d,]*)( [KMG]iB|)", section)
    }
    unsaid = {"MAXIMUM_SHOWN_SOURCE_BYTES", "MAXIMUM_KEY_PARTS"}
    values = {name: value for name, value in vars(limits).items() if name.isupper() and name not in unsaid}
    assert {name for name, value in values.items() if value not in said} == set()
