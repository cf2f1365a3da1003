"""The rooms of toyvm: imports lead downward from storey to storey, rooms of one storey leave one another alone, and
nothing runs in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from support.commands import ROOT

PACKAGE = ROOT / "toyvm"

# From the top. A room is a folder of toyvm, or a module in its hall. Whatever stands in toyvm is in here once.
STOREYS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("verify",),
    ("lab", "manual", "proof", "report", "testing"),
    ("launch", "monitor", "parts"),
    ("host",),
    ("machine",),
    ("own_classes", "programs", "recompiler"),
    ("importer",),
    ("shipped",),
    ("asm", "reference", "native"),
    ("image", "core_sources", "filesystem"),
    ("commit",),
    ("files", "paths"),
    ("hypercalls", "exits", "techniques"),
    ("arguments",),
    ("isa",),
    ("errors",),
    ("limits", "numerals", "printable"),
)
STOREY_OF = {room: storey for storey, rooms in enumerate(STOREYS) for room in rooms}


def module_of(path: Path) -> str:
    """The dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    return module.split(".")[1]


def type_only(tree: ast.Module) -> set[ast.AST]:
    """What stands under `if TYPE_CHECKING:`."""
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    return {node for block in blocks for statement in block.body for node in ast.walk(statement)}


def imports_of(module: str, *, at_run_time: bool = False) -> Iterator[str]:
    """Every module of ours that this one imports, wherever in the file; those for types alone if asked for."""
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    for_types = type_only(tree) if at_run_time else set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in SOURCES else node.module or "" for name in inner]
        else:
            continue
        yield from (name for name in names if name in SOURCES and name not in ("toyvm", module))


MODULES = [module for module in SOURCES if module != "toyvm"]


def test_whatever_stands_in_toyvm_has_one_place() -> None:
    assert sorted(room for storey in STOREYS for room in storey) == sorted({room_of(module) for module in MODULES})


@pytest.mark.parametrize("module", MODULES)
def test_imports_lead_downward(module: str) -> None:
    """For types as well: a circle of names is a circle to who reads it."""
    room = room_of(module)
    others = {room_of(name) for name in imports_of(module)} - {room}
    assert not {other for other in others if STOREY_OF[other] <= STOREY_OF[room]}


def test_nothing_runs_in_a_circle() -> None:
    graph = {module: set(imports_of(module, at_run_time=True)) for module in MODULES}
    assert sum(map(len, graph.values())) > 500
    TopologicalSorter(graph).prepare()


def test_importing_toyvm_imports_nothing_else_of_ours() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    at_import = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {node.module for node in at_import if isinstance(node, ast.ImportFrom)}
    assert modules == {"__future__", "importlib", "typing"}
