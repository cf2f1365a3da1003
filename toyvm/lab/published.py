"""Published figures that the lab prints beside its own. They are never mixed with measured ones in a column."""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "Adams and Agesen, ASPLOS 2006: Pentium 4 at 3.8 GHz, cycles an operation"
# How sure a figure is; printed with every use.
MARKS = {"p": "read in the paper", "n": "read in a note that quotes the paper", "r": "recalled, not checked"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of their table: their name for the workload, and cycles as they are quoted, each with its mark."""

    workload: str
    their_name: str
    native: str
    software: str  # a software VMM, by binary translation
    hardware: str  # a hardware VMM: VT-x without nested paging


FIGURES = (
    Figure("syscall", "syscall", "242 r", "about 2,000 more n", "as native n"),
    Figure("crwrite", "cr8wr", "about 140 n", "35 n", "about native n"),
    Figure("portio", "in", "3,209 n", "about 214 n", "15,826 n"),
    Figure("callret", "call/ret", "11 n", "51 n", "11 n"),
    Figure("exception", "divzero", "889 n", "3,223 n", "1,014 n"),
    Figure("pagefault", "pgfault", "1,093 n", "3,927 n", "11,242 n"),
    Figure("ptupdate", "ptemod", "1 n", "391 (adaptive) n", "12,733 n"),
)
XEN_PORTED = "Xen's Linux port changed 2,995 lines, 1.36% (Barham et al., SOSP 2003; p)"
