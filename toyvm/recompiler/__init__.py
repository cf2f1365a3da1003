"""The recompiler: hot guest code becomes host code, by LLVM, while the interpreter goes on.

The native core counts jumps and asks (its recompiler.h); here a thread (`worker`) finds what belongs together
(`region`), writes it as LLVM IR (`emitter`), has it compiled (`compiler`) and offers the result. Nothing here changes
what a program does.
"""
