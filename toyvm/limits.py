"""Limits: the most that is read of a file, and made of what it holds. The table in toyvm/docs/security.md says them."""

from __future__ import annotations

# Bytes of a file.
MAXIMUM_SOURCE_BYTES = 64 << 20
MAXIMUM_SHOWN_SOURCE_BYTES = 16 << 20  # of all that a line table names
MAXIMUM_IMAGE_BYTES = 512 << 20
MAXIMUM_PROGRAM_BYTES = 512 << 20  # of a RISC-V program
MAXIMUM_HOST_FILE_BYTES = 256 << 10
MAXIMUM_COST_MODEL_BYTES = 64 << 10
MAXIMUM_COMMANDS_BYTES = 1 << 20  # of a host
MAXIMUM_REPLAY_BYTES = 256 << 20
MAXIMUM_RESULTS_BYTES = 256 << 20  # of the lab
MAXIMUM_CODE_BYTES = 64 << 20  # of compiled code, in all that one directory keeps
MAXIMUM_DISK_BYTES = 1 << 40
MAXIMUM_DISK_DATA_BYTES = 4 << 30  # of a disk, besides its holes

MAXIMUM_READ_BYTES = 1 << 30  # of memory, by one call of the Python API

# What is made of sources, in one run of the assembler.
MAXIMUM_STATEMENTS = 2_000_000
STATEMENTS_OF_A_NAME = 3  # that a symbol counts for, and each part of a value that only linking works out
STATEMENTS_OF_AN_INCLUDE = 100  # that an include counts for, besides its own
MAXIMUM_CHARACTERS = 128 << 20  # of sources, of includes each time, and of what macros and repetitions make
CHARACTERS_OF_A_WIDE_ONE = 4  # that each character of a source counts for, unless all of them are ASCII
MAXIMUM_COLUMNS = 1 << 16  # of a line, as written or as made
MAXIMUM_CONTENTS_BYTES = 64 << 20  # that the image file holds
MAXIMUM_MESSAGES = 1000  # of warnings and prints

# What is made of an image or a RISC-V program.
MAXIMUM_NAME_BYTES = 1 << 16
MAXIMUM_NAMES_BYTES = 64 << 20  # of all of its names together, however many of them share one text
MAXIMUM_SYMBOLS = 1 << 20
MAXIMUM_LINES = 1 << 22  # rows of the line table
MAXIMUM_FILES = 1 << 16  # that the line table names
MAXIMUM_CODE_TO_TRANSLATE = 16 << 20  # bytes of a RISC-V program
MAXIMUM_DEBUG_BYTES = 64 << 20  # of its line programs
MAXIMUM_DEBUG_NAMES = 1 << 20  # of directories and files that these list

# What is made of a record of input.
MAXIMUM_REPLAY_RECORDS = 1 << 20

# What is made of a host file.
MAXIMUM_GUESTS = 10_000
MAXIMUM_KEY_PARTS = 32  # of a key with dots

PATIENCE_SECONDS = 60  # for all that a pipe, a device or a terminal gives
