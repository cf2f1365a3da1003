"""`python -m toyvm`: the same as the `toyvm` command."""

import sys

from toyvm.cli import main

sys.exit(main())
