"""A made-up record of the lab for its report, with something in each section."""

from __future__ import annotations

from typing import Any

from support.made_up_lab import made_up
from toyvm.lab.cost_models import find_model
from toyvm.lab.exit_sweep import sweep, sweep_record
from toyvm.lab.experiment import whole_record
from toyvm.lab.findings import finding_sentences
from toyvm.lab.modelled import model_records
from toyvm.lab.rankings import order_records
from toyvm.lab.report.saved import as_saved
from toyvm.lab.results import SCHEMA, cell_records

MACHINE = {"cpu": "a <cpu> & 100%", "system": "Linux", "python": "3", "toyvm": "0.1", "commit": "0123456789ab"}


def walked(steps: float, nested: float) -> dict[str, float]:
    return {"accesses": 1.0, "misses": 1.0, "walk_steps": steps, "nested_steps": nested}


def record() -> dict[str, Any]:
    experiment, model = made_up(), find_model("pentium4-vtx")
    assert model is not None
    rates = [
        {"way": way, "neighbour": neighbour, "requests": requests, "lost": lost, "why": "" if requests else "too slow"}
        for way in ("trap", "none")
        for neighbour, requests, lost in (("behaving", 80.0, 0.0), ("cpu", 40.0, 0.5), ("memory", None, None))
    ]
    whole = {
        "schema": SCHEMA,
        "interrupted": False,
        "cells": cell_records(experiment),
        **whole_record(experiment, MACHINE, {"quick": True, "workloads": ["callret", "syscall"]}),
        "orders": order_records(experiment),
        "findings": finding_sentences(experiment),
        "cost_models": model_records(experiment, [None, model]),
        "sweep": sweep_record(model, sweep(model)),
        "tlb": {
            "shape": "64x4",
            "cells": [
                {
                    "workload": "syscall",
                    "technique": technique,
                    "accesses": 3.0,
                    "misses": misses,
                    "walk_steps": 2 * misses,
                    "nested_steps": nested,
                }
                for technique, misses, nested in (("bare", 0.5, 0.0), ("rewrite", 0.5, 0.0), ("assist", 0.5, 8.0))
            ],
        },
        "working_set": {
            "workload": "workingset",
            "tlb": "64x4",
            "model": {"name": "pentium4-vtx"},
            "sizes": [
                {
                    "pages": pages,
                    "shadowed": walked(steps, 0.0),
                    "nested": walked(steps, 8 * steps),
                    "shadowed_cycles": None,
                    "nested_cycles": 20.5,
                }
                for pages, steps in ((16, 0.0), (128, 3.0))
            ],
        },
        "isolation": {"requests": 20, "limits": "", "rates": rates},
        "density": [
            {"way": "trap", "systems": systems, "rate": rate, "start": 1000.0, "exits": 2.5, "pages": 100, "why": ""}
            | {"pages_more": None}
            for systems, rate in ((1, 80.0), (8, 40.0))
        ],
    }
    return dict(as_saved(whole))
