"""RISC-V programs in files."""

from __future__ import annotations

import os

from toyvm.arguments import check_path
from toyvm.files.boundary import boundary, read_file
from toyvm.importer.linking import Imported, Options, import_program
from toyvm.limits import MAXIMUM_PROGRAM_BYTES


def import_file(path: str | os.PathLike[str], options: Options | None = None) -> Imported:
    """As `import_program`, of a file. Raises BadFileError for one that cannot be read, too."""
    data = read_file(check_path(path, "program"), MAXIMUM_PROGRAM_BYTES)
    with boundary(path):
        return import_program(data, os.fspath(path), options)
