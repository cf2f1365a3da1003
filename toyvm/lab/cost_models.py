"""Cost models: TOML that says what an instruction, what the hardware does by itself, and each exit cost, in cycles.

title = "Mine"
source = "my own measurements"
instruction = 1                                # each that is executed directly
walk-step = { cycles = 20, mark = "n" }        # with --tlb: an entry of a page table read

[native]                                       # beside their instructions, where they do not exit
in = 3_000                                     # a device's latency
syscall = 242

[software]                                     # an exit of trap, rewrite and para
default = 900

[assist]                                       # an exit of one technique, before what [software] says
default = 2_000
"in clock" = 5_000

A price that is a number counts as assumed; one that is quoted has a mark of MARKS_OF_PRICES.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toyvm.arguments import nearest, short
from toyvm.errors import BadFileError, UsageError
from toyvm.exits import BY_NAME as EXITS
from toyvm.files.boundary import shown
from toyvm.files.toml import read_toml
from toyvm.hypercalls import HYPERCALLS
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.instructions import INSTRUCTIONS
from toyvm.isa.ports import PORTS
from toyvm.lab.published import MARKS
from toyvm.limits import MAXIMUM_COST_MODEL_BYTES
from toyvm.techniques import WITHOUT_MONITOR

MEASURED = "measured"
ASSUMED = "a"
MARKS_OF_PRICES = {**MARKS, ASSUMED: "assumed, not published"}
MAXIMUM_CYCLES = 1_000_000_000
_NATIVE, _SOFTWARE, _DEFAULT = "native", "software", "default"
_IN_SOFTWARE = ("trap", "rewrite", "para")
_TABLES = (_NATIVE, _SOFTWARE, *_IN_SOFTWARE, "assist")
_TEXTS, _PRICES = ("title", "source"), ("instruction", "walk-step")
_MOST_TEXT = 200  # characters of a title or a source
# What the hardware does by itself where it does not exit.
EVENTS = (*(row.mnemonic for row in INSTRUCTIONS if row.mnemonic in EXITS), "exception", "guest_page_fault")
# What may follow the mnemonic, where a price is about one register, port or hypercall.
_NAMED = {
    **dict.fromkeys(("crr", "crw", "crx"), tuple(row.name for row in CONTROL_REGISTERS)),
    **dict.fromkeys(("in", "out"), tuple(row.name for row in PORTS)),
    "hypercall": tuple(row.name for row in HYPERCALLS),
}


@dataclass(frozen=True, slots=True)
class Price:
    """Cycles of one thing, and how sure they are."""

    cycles: float
    mark: str

    def __str__(self) -> str:
        return f"{self.cycles:,.10g} {self.mark}"


@dataclass(frozen=True, slots=True)
class CostModel:
    """What things cost on one processor; `tables` are those of the file."""

    name: str
    title: str
    source: str
    instruction: Price
    walk_step: Price | None
    tables: Mapping[str, Mapping[str, Price]]

    @property
    def knows_native(self) -> bool:
        """Does it say what the hardware takes by itself? Otherwise a multiple of the bare machine would say nothing."""
        return bool(self.tables.get(_NATIVE))

    def check_instruction(self) -> None:
        """Raises UsageError where an instruction costs nothing, so that there may be nothing to compare with."""
        if not self.instruction.cycles:
            raise UsageError(f"cost model {self.name}: an instruction of 0 cycles; a sweep compares, and takes more")

    def covers(self, technique: str) -> bool:
        """Has it prices for the exits of a technique, by its name without options? Or does nothing exit there?"""
        return technique in WITHOUT_MONITOR or any(self.tables.get(name) for name in _tables_for(technique))

    def native(self, event: str) -> Price | None:
        """What the hardware takes for it beside the instruction; None: nothing."""
        return _row(self.tables.get(_NATIVE, {}), event)

    def exit(self, technique: str, reason: str) -> Price | None:
        """An exit for that reason, under a technique by its name without options; None: the model has no price."""
        tables = [self.tables.get(name, {}) for name in _tables_for(technique)]
        found = (_row(table, reason) for table in tables)
        defaults = (table.get(_DEFAULT) for table in tables)
        return next((price for price in (*found, *defaults) if price is not None), None)

    @property
    def priced(self) -> str:
        """All of its prices, table by table, each with its mark."""
        walk_step = f"; a step of a walk {self.walk_step}" if self.walk_step else ""
        tables = (
            f"; {table}: {', '.join(f'{reason} {price}' for reason, price in rows.items())}"
            for table, rows in self.tables.items()
        )
        return f"an instruction {self.instruction}{walk_step}{''.join(tables)}"

    @property
    def marks(self) -> str:
        """What the marks of its prices mean."""
        prices = [self.instruction, *(price for rows in self.tables.values() for price in rows.values())]
        used = {price.mark for price in (*prices, self.walk_step) if price is not None}
        return "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS_OF_PRICES.items() if mark in used)


def _tables_for(technique: str) -> tuple[str, ...]:
    return (technique, _SOFTWARE) if technique in _IN_SOFTWARE else (technique,)


def _row(table: Mapping[str, Price], reason: str) -> Price | None:
    return table.get(reason) or table.get(reason.partition(" ")[0])


def shipped_models() -> dict[str, Path]:
    """Those that come with toyvm, by name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "models").glob("*.toml"))}


def find_model(name: str) -> CostModel | None:
    """A shipped model by its name, or the one that a file describes; None: the prices measured here.

    Raises UsageError for a name that is not there, and BadFileError with file, key, value and limit.
    """
    if name == MEASURED:
        return None
    shipped = shipped_models()
    if name in shipped:
        return read_model(shipped[name])
    if not name.endswith(".toml"):
        known = (MEASURED, *shipped)
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageError(f"no cost model {short(name)}{hint} (there are {', '.join(known)}, and FILE.toml)")
    return read_model(Path(name))


def read_model(path: Path) -> CostModel:
    """The model that a file describes. Raises BadFileError with file, key, value and limit."""
    document = read_toml(path, MAXIMUM_COST_MODEL_BYTES, "a cost model is TOML")
    try:
        return _model(path.stem, document)
    except UsageError as error:
        raise BadFileError(f"{shown(path)}: {shown(str(error))}") from None


def model_of_record(record: Mapping[str, Any]) -> CostModel:
    """The model that was made a record of. Raises UsageError, LookupError and TypeError for what is none."""
    walk_step = {} if record["walk_step"] is None else {"walk-step": record["walk_step"]}
    texts = {key: record[key] for key in _TEXTS}
    document = {**texts, "instruction": record["instruction"], **walk_step, **record["tables"]}
    return _model(_text("name", record["name"]), document)


def _model(name: str, document: dict[str, Any]) -> CostModel:
    _check_known(document, (*_TEXTS, *_PRICES, *_TABLES), "key")
    title, source = (_text(key, document.get(key, "")) for key in _TEXTS)
    if "instruction" not in document:
        raise UsageError("no instruction; it takes the cycles of one that is executed directly")
    return CostModel(
        name,
        title or name,
        source or "its own",
        _price("instruction", document["instruction"]),
        _price("walk-step", document["walk-step"]) if "walk-step" in document else None,
        {table: _prices(table, document[table]) for table in _TABLES if table in document},
    )


def _check_known(names: Iterable[str], known: Iterable[str], what: str, place: str = "") -> None:
    known = list(known)
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near}?" if near else f"; there are {', '.join(known)}"
            raise UsageError(f"{place}no {what} {short(name)}{hint}")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MOST_TEXT or not (value.isprintable()):
        raise UsageError(f"{key}: {short(value)}; it takes one line of up to {_MOST_TEXT} characters")
    return value


def _prices(table: str, rows: Any) -> dict[str, Price]:
    if not isinstance(rows, dict):
        raise UsageError(f"{table} is no table; write [{table}]")
    reasons = EVENTS if table == _NATIVE else (_DEFAULT, *EXITS)
    for reason in rows:
        mnemonic, _, name = reason.partition(" ")
        _check_known([mnemonic], reasons, "exit", f"{table}: {reason}: " if name else f"{table}: ")
        if name:
            _check_known([name], _NAMED.get(mnemonic, ()), f"name for {mnemonic}", f"{table}: {reason}: ")
    return {reason: _price(f"{table}: {reason}", row) for reason, row in rows.items()}


def _price(place: str, value: Any) -> Price:
    if not isinstance(value, dict):
        return Price(_cycles(place, value), ASSUMED)
    _check_known(value, ("cycles", "mark"), "key", f"{place}: ")
    mark = value.get("mark", ASSUMED)
    if not isinstance(mark, str) or mark not in MARKS_OF_PRICES:
        raise UsageError(f"{place}: mark: {short(mark)}; there are {', '.join(MARKS_OF_PRICES)}")
    if "cycles" not in value:
        raise UsageError(f"{place}: no cycles")
    return Price(_cycles(f"{place}: cycles", value["cycles"]), mark)


def _cycles(place: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f'{place}: {short(value)}; it takes a number of cycles, or {{ cycles = N, mark = "n" }}')
    if not math.isfinite(value) or not 0 <= value <= MAXIMUM_CYCLES:
        raise UsageError(f"{place}: {short(value)}; it takes 0..{MAXIMUM_CYCLES} cycles")
    return float(value)
