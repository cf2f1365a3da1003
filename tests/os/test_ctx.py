"""The tools of contexts: what each line prints, and what a power cut leaves of what was under way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.os_shell import output_of

SESSIONS = {
    name: ("\n".join(line[2:] for line in script.splitlines()), output)
    for name, script, output in re.findall(
        r"^== (.*)\n((?:\$ .*\n)+)((?:.*\n)*?)(?=\n== |\Z)",
        (Path(__file__).parent / "ctx.txt").read_text(encoding="utf-8"),
        re.M,
    )
}


@pytest.mark.parametrize("name", SESSIONS)
def test_ctx(name: str) -> None:
    script, expected = SESSIONS[name]
    assert output_of(script) == expected
