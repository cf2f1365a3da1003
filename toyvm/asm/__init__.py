"""The assembler and linker of the T64: GNU-like sources become one image."""

from toyvm.asm.api import Assembly, assemble, assemble_text
from toyvm.asm.source import Source

__all__ = ["Assembly", "Source", "assemble", "assemble_text"]
