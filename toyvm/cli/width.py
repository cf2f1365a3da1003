"""The width of what a command prints: the terminal's where there is one, else one that reports and pages take."""

from __future__ import annotations

import os
import sys

NARROWEST = 80  # columns; the lab's blocks and the manual's tables take as many
IN_A_PIPE = 118
HELP_NARROWEST, HELP_USUAL, HELP_WIDEST = 40, 80, 100


def output_width() -> int:
    """Columns that standard output has."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return IN_A_PIPE
    return max(columns, NARROWEST) if columns else IN_A_PIPE


def help_width() -> int:
    """Columns for help: what COLUMNS says, else the terminal's, as far as text can be read in so many."""
    said = os.environ.get("COLUMNS", "")
    try:
        columns = int(said) if said.isdecimal() else os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return min(max(columns, HELP_NARROWEST), HELP_WIDEST) if columns else HELP_USUAL
