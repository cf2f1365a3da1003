"""`python -m toyvm`: the same as the `toyvm` command."""

from toyvm.cli import entry_point

entry_point()
