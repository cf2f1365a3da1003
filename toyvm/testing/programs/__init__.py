"""Random programs: small kernels with everything that makes a T64 hard to get right, drawn gadget by gadget."""

from toyvm.testing.programs.drawing import random_computation, random_program
from toyvm.testing.programs.program import Program, Segment
from toyvm.testing.programs.source import RandomSource, Source
from toyvm.testing.programs.specified import FOLLOWED, left_open

__all__ = [
    "FOLLOWED",
    "Program",
    "RandomSource",
    "Segment",
    "Source",
    "left_open",
    "random_computation",
    "random_program",
]
