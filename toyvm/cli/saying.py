"""What commands say on standard error: whatever it quotes, no terminal is led by it."""

from __future__ import annotations

import sys
from contextlib import suppress

from toyvm.printable import printable


def say(text: str, prefix: str = "toyvm: ") -> None:
    """Print a complaint or a note. Nothing happens where nobody listens."""
    with suppress(OSError):
        print(printable(f"{prefix}{text}", keep="\n\t"), file=sys.stderr, flush=True)
