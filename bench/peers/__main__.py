"""`python bench/peers`: see `peers.command`."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from peers.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
