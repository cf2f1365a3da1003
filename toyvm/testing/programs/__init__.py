"""Random programs: small kernels with everything that makes a T64 hard to get right, drawn gadget by gadget."""

from toyvm.testing.programs.program import Program, Segment, random_program
from toyvm.testing.programs.source import RandomSource, Source

__all__ = ["Program", "RandomSource", "Segment", "Source", "random_program"]
