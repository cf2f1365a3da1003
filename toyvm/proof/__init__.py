"""Proving that the interpreter, the reference and the recompiler mean the same by an instruction, for all inputs.

The three are read as they stand: C by a parser, Python by running it on symbolic integers, IR as the emitter writes it.
Solvers are asked whether an input is left on which they differ (docs/proofs.md).
"""
