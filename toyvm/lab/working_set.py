"""The sweep over working sets: what a walk in two dimensions costs once a TLB does not hold the pages in use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

from toyvm.arguments import check_integer
from toyvm.isa.paging import PAGE_SIZE
from toyvm.lab.cost_models import MARKS_OF_PRICES, CostModel, model_of_record
from toyvm.lab.published import NESTED_PAGING
from toyvm.lab.results import check_numbers
from toyvm.lab.study import Point, Record, Study
from toyvm.lab.subjects import Subject
from toyvm.lab.text import number, ratio_text, wrapped
from toyvm.lab.tlb_misses import Misses, misses_of
from toyvm.lab.workloads import KernelWorkload, find_workloads
from toyvm.machine.tlb import TlbShape, tlb_shape
from toyvm.techniques import parse_variant

WORKLOAD, PARAMETER = "workingset", "pages"
MOST_PAGES = 448  # as the workload has it
_PARTS = (1 / 4, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 1, 17 / 16, 9 / 8, 5 / 4, 3 / 2, 2, 4)  # of the TLB's entries
SHADOWED, NESTED = "assist+shadow", "assist"
_COUNTED = 20_000  # loads, in whole rounds, after the first one


@dataclass(frozen=True, slots=True)
class Size:
    """A working set of so many pages: what one load from it takes."""

    pages: int
    instructions: float
    shadowed: Misses
    nested: Misses

    def cycles(self, misses: Misses, model: CostModel) -> float:
        """Of a load, where the model has a price for the steps."""
        step = model.walk_step.cycles if model.walk_step is not None else 0.0
        return self.instructions * model.instruction.cycles + misses.steps * step


@dataclass
class WorkingSets(Study):
    """The sweep for a TLB, at a model's prices; counts are the same for each."""

    shape: TlbShape
    model: CostModel
    results: dict[Point, Record] = field(default_factory=dict)

    name: ClassVar[str] = "working-set"
    key: ClassVar[str] = "sweep"

    def __post_init__(self) -> None:
        """Raises UsageError for a model that has no ratios."""
        self.model.check_instruction()

    @property
    def points(self) -> Sequence[Point]:
        return [(str(self.shape), pages) for pages in sizes_for(self.shape)]

    @staticmethod
    def count(point: Point) -> Record:
        shape, pages = point
        return asdict(size_of(int(pages), tlb_shape(str(shape))))

    @staticmethod
    def check(result: Record) -> None:
        size = _size(result)
        check_numbers(check_integer(size.pages, "pages"), size.instructions)
        for misses in (size.shadowed, size.nested):
            check_numbers(*asdict(misses).values())

    def settings(self) -> Record:
        return {"tlb": str(self.shape), "model": asdict(self.model)}

    @classmethod
    def of_settings(cls, record: Record) -> Self:
        return cls(tlb_shape(record["tlb"]), model_of_record(record["model"]))

    @property
    def sizes(self) -> list[Size]:
        return [_size(self.results[point]) for point in self.points]

    def lines(self, width: int) -> Iterator[str]:
        return working_set_lines(self.shape, self.model, self.sizes, width)

    def record(self) -> dict[str, Any]:
        return working_set_record(self.shape, self.model, self.sizes)


def _size(result: Record) -> Size:
    return Size(**{**result, "shadowed": Misses(**result["shadowed"]), "nested": Misses(**result["nested"])})


def sizes_for(shape: TlbShape) -> list[int]:
    """Numbers of pages, most of them about as many as there are entries."""
    sizes = {min(MOST_PAGES, max(1, int(part * shape.entries))) for part in _PARTS}
    return sorted(sizes | {MOST_PAGES})


def size_of(pages: int, shape: TlbShape) -> Size:
    """So many pages, their exact counts."""
    workload = find_workloads([WORKLOAD])[0]
    assert isinstance(workload, KernelWorkload), "a parameter is a dword of its image"
    loads = pages * (1 + max(1, _COUNTED // pages))
    found = {}
    for technique in (SHADOWED, NESTED):
        subject = Subject(technique, level=parse_variant(technique).level)
        # The first round fills TLB and tables, and is taken off.
        task = replace(workload.task_with(technique, PARAMETER, pages), period=pages, baseline=pages)
        found[technique] = misses_of(subject, task, shape, loads)
    whole, first = (subject.run(task, operations).instructions for operations in (loads, pages))
    return Size(pages, (whole - first) / (loads - pages), found[SHADOWED], found[NESTED])


def working_set_record(shape: TlbShape, model: CostModel, sizes: list[Size]) -> dict[str, Any]:
    """The same for `--json`."""
    cells = [
        {
            **asdict(size),
            "shadowed_cycles": size.cycles(size.shadowed, model),
            "nested_cycles": size.cycles(size.nested, model),
        }
        for size in sizes
    ]
    return {"workload": WORKLOAD, "tlb": str(shape), "model": asdict(model), "sizes": cells}


def working_set_lines(shape: TlbShape, model: CostModel, sizes: list[Size], width: int) -> Iterator[str]:
    """The table, what it comes to, and what is published."""
    yield from wrapped(
        f"What walks in two dimensions cost: a load of {WORKLOAD} from the next of so many pages in turn, with a "
        f"modelled TLB of {shape.entries} entries in sets of {shape.ways}; steps are entries of page tables read. "
        f"Exact counts, at the prices of {model.name}: an instruction {model.instruction}, a step "
        f"{model.walk_step or 'none'}. No time was measured.",
        width,
    )
    yield ""
    yield f"{'':>5} {'':>6} {'':>7} | {'shadow tables':^16} | {'nested paging':^16} |"
    columns = f"{'steps':>7} {'cycles':>8}"
    yield f"{'pages':>5} {'KiB':>6} {'misses':>7} | {columns} | {columns} | nested/shadow"
    for size in sizes:
        shadowed, nested = (size.cycles(misses, model) for misses in (size.shadowed, size.nested))
        yield (
            f"{size.pages:>5} {size.pages * PAGE_SIZE >> 10:>6} {number(size.nested.misses):>7} | "
            f"{number(size.shadowed.steps):>7} {number(shadowed):>8} | {number(size.nested.steps):>7} "
            f"{number(nested):>8} | {ratio_text(nested / shadowed):>13}"
        )
    yield ""
    yield from wrapped(_finding(model, sizes), width)
    yield from wrapped(f"{NESTED_PAGING}.", width)
    marks = "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS_OF_PRICES.items())
    yield from wrapped(f"Marks: {marks}.", width)


def _finding(model: CostModel, sizes: list[Size]) -> str:
    last = sizes[-1]
    if not last.nested.misses:
        return f"The TLB holds even {last.pages} pages: nobody walks."
    more = last.cycles(last.nested, model) / last.cycles(last.shadowed, model) - 1
    return (
        f"With {last.pages} pages {100 * last.nested.misses:.3g} of 100 loads miss, and a miss takes "
        f"{number(last.nested.steps / last.nested.misses)} steps instead of "
        f"{number(last.shadowed.steps / last.shadowed.misses)}: {more:.0%} more cycles. What shadow tables cost where "
        "the guest changes its own is in no figure here."
    )
