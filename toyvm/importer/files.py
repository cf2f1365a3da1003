"""RISC-V programs in files."""

from __future__ import annotations

import os

from toyvm.errors import BadFileError
from toyvm.importer.linking import Imported, Options, import_program

MAXIMUM_PROGRAM_BYTES = 512 * 1024 * 1024


def import_file(path: str | os.PathLike[str], options: Options | None = None) -> Imported:
    """As `import_program`, of a file. Raises BadFileError for one that cannot be read, too."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAXIMUM_PROGRAM_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadFileError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAXIMUM_PROGRAM_BYTES:
        raise BadFileError(f"{name}: has more than {MAXIMUM_PROGRAM_BYTES} bytes")
    return import_program(data, name, options)
