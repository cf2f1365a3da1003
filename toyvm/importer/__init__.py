"""Importing: static RV64IM programs, re-encoded word for word and joined with a supervisor, as images."""

from toyvm.importer.files import import_file
from toyvm.importer.linking import Imported, Options, import_bare_program, import_program

__all__ = ["Imported", "Options", "import_bare_program", "import_file", "import_program"]
